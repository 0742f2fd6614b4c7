//! What SSTP clients offer by default, so that a server can be asked in their words. A row says who read or measured it.

use super::{ClientHello, TLS10, TLS11, TLS12, TLS13};

/// A client, or several that offer the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Never renamed.
    pub id: &'static str,
    /// For a person.
    pub title: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Versions, newest first.
    pub versions: &'static [u16],
    /// Cipher suites, best first; those that a version does not know are left out by the server.
    pub suites: &'static [u16],
    /// Groups, best first.
    pub groups: &'static [u16],
    /// Signature schemes, best first; they rule out kinds of certificates.
    pub schemes: &'static [u16],
    /// A shorter prime of Diffie-Hellman is refused, in bits.
    pub least_dh_bits: u16,
    /// It sends the server's name.
    pub sni: bool,
    /// Where that was read or measured.
    pub source: &'static str,
    /// All of the row was read there or measured; otherwise a part is a guess, which `source` names.
    pub verified: bool,
}

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Windows that gets updates.
    CurrentWindows,
    /// A Windows whose support has ended, or a server, which dials seldom.
    OlderWindows,
    /// Anything else.
    Other,
}

impl Client {
    /// The client of that id.
    pub fn of(id: &str) -> Option<&'static Client> {
        CLIENTS.iter().find(|client| client.id == id)
    }

    /// Its hello, without key shares: the server names the group that it wants.
    pub fn hello(&self, random: [u8; 32], server_name: Option<String>) -> ClientHello {
        ClientHello {
            versions: self.versions.to_vec(),
            random,
            suites: [self.suites, &[super::hello::EMPTY_RENEGOTIATION_INFO]].concat(),
            server_name: server_name.filter(|_| self.sni),
            groups: self.groups.to_vec(),
            signature_schemes: self.schemes.to_vec(),
            asks: true,
            ..ClientHello::default()
        }
    }
}

/// Every client. `TLS Cipher Suites in Windows ...` and the others are pages of Microsoft's documentation of Schannel.
pub const CLIENTS: &[Client] = &[
    Client {
        id: "windows-7",
        title: "Windows 7, Server 2008 R2",
        kind: Kind::OlderWindows,
        versions: &[TLS10],
        suites: &[0xc014, 0xc013, 0x0039, 0x0033, 0x0035, 0x002f, 0xc00a, 0xc009, 0x0038, 0x0032, 0x000a, 0x0013, 0x0005, 0x0004],
        groups: P256_P384,
        schemes: SCHEMES_OLD,
        least_dh_bits: 1024,
        sni: true,
        source: "TLS Cipher Suites in Windows 7; Protocols in TLS/SSL: TLS 1.1 and 1.2 are off",
        verified: true,
    },
    Client {
        id: "windows-8.1",
        title: "Windows 8.1, Server 2012 R2",
        suites: WINDOWS_8_1,
        groups: P256_P384,
        schemes: SCHEMES_OLD,
        source: "TLS Cipher Suites in Windows 8.1; Protocols in TLS/SSL; signature schemes are a guess",
        verified: false,
        ..WINDOWS_10
    },
    Client {
        id: "windows-10-1607",
        title: "Windows 10 1607, Server 2016",
        suites: WINDOWS_10_1607,
        source: "TLS Cipher Suites in Windows 10 v1607; TLS Elliptic Curves in Windows 10 version 1607 and later",
        ..WINDOWS_10
    },
    Client {
        id: "windows-10-1809",
        title: "Windows 10 1809, Server 2019",
        suites: WINDOWS_10_1809,
        source: "TLS Cipher Suites in Windows 10 v1809; TLS Elliptic Curves in Windows 10 version 1607 and later",
        ..WINDOWS_10
    },
    Client {
        id: "windows-10-22h2",
        title: "Windows 10 22H2",
        kind: Kind::CurrentWindows,
        suites: WINDOWS_10_22H2,
        source: "TLS Cipher Suites in Windows 10 v22H2, down to TLS_RSA_WITH_AES_128_GCM_SHA256; the four suites after it are a guess",
        verified: false,
        ..WINDOWS_10
    },
    Client {
        id: "windows-11-21h2",
        title: "Windows 11 21H2, Server 2022",
        kind: Kind::CurrentWindows,
        versions: &[TLS13, TLS12, TLS11, TLS10],
        suites: WINDOWS_11,
        source: "TLS Cipher Suites in Windows 11; TLS Cipher Suites in Windows Server 2022; its versions are a guess",
        verified: false,
        ..WINDOWS_10
    },
    Client {
        id: "windows-11-24h2",
        title: "Windows 11 24H2",
        kind: Kind::CurrentWindows,
        versions: &[TLS13, TLS12],
        suites: WINDOWS_11_22H2,
        source: "TLS Cipher Suites in Windows 11 v22H2 and later, the beginning; deprecated features: TLS 1.0 and 1.1 are off",
        verified: false,
        ..WINDOWS_10
    },
    Client {
        id: "windows-server-2025",
        title: "Windows Server 2025",
        versions: &[TLS13, TLS12],
        suites: WINDOWS_11,
        source: "TLS Cipher Suites in Windows Server 2022 and later; deprecated features: TLS 1.0 and 1.1 are off",
        ..WINDOWS_10
    },
    Client {
        id: "sstp-client-openssl-3",
        title: "sstp-client 1.0.18 with OpenSSL 3.0, NetworkManager-sstp",
        kind: Kind::Other,
        versions: &[TLS12],
        suites: SSTPC,
        groups: &[0x001d, 0x0017, 0x001e, 0x0019, 0x0018],
        schemes: SCHEMES_OPENSSL,
        least_dh_bits: 2048,
        sni: false,
        source: "measured: its hello to SoftEther, Debian, security level 2",
        verified: true,
    },
    Client {
        id: "openssl-3-default",
        title: "Linux client with OpenSSL 3 as it comes",
        kind: Kind::Other,
        versions: &[TLS13, TLS12],
        suites: OPENSSL,
        groups: &[0x001d, 0x0017, 0x001e, 0x0019, 0x0018, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104],
        schemes: SCHEMES_OPENSSL,
        least_dh_bits: 2048,
        sni: true,
        source: "measured: openssl s_client 3.0.22, Debian; it takes TLS 1.0 and 1.1 with RSA key exchange only, so they are left out here",
        verified: true,
    },
    Client {
        id: "openssl-1.1-default",
        title: "Linux client with OpenSSL 1.1 as it comes",
        kind: Kind::Other,
        versions: &[TLS13, TLS12, TLS11, TLS10],
        suites: OPENSSL,
        groups: &[0x001d, 0x0017, 0x001e, 0x0019, 0x0018],
        schemes: SCHEMES_OPENSSL,
        least_dh_bits: 1024,
        sni: true,
        source: "the list of OpenSSL 3.0, taken for that of 1.1.1 too: a guess",
        verified: false,
    },
    Client {
        id: "routeros-7",
        title: "RouterOS 7",
        kind: Kind::Other,
        versions: &[TLS12, TLS11, TLS10],
        suites: &[0xc030, 0xc014, 0x009d, 0x0035],
        groups: &[0x0017, 0x0018, 0x0019],
        schemes: SCHEMES_OLD,
        least_dh_bits: 1024,
        sni: false,
        source: "its properties ciphers (aes256-sha, aes256-gcm-sha384), pfs and add-sni; what is sent for them is a guess",
        verified: false,
    },
];

/// What the later rows of Windows have in common.
const WINDOWS_10: Client = Client {
    id: "",
    title: "",
    kind: Kind::OlderWindows,
    versions: &[TLS12, TLS11, TLS10],
    suites: &[],
    groups: &[0x001d, 0x0017, 0x0018],
    schemes: SCHEMES_WINDOWS,
    least_dh_bits: 1024,
    sni: true,
    source: "",
    verified: true,
};

const P256_P384: &[u16] = &[0x0017, 0x0018];
/// The order of the registry's `SSL\00010003` list: RSA-PSS, PKCS#1, ECDSA, DSA. There is no EdDSA in it.
const SCHEMES_WINDOWS: &[u16] = &[0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0201, 0x0403, 0x0503, 0x0203, 0x0202, 0x0601, 0x0603];
const SCHEMES_OLD: &[u16] = &[0x0401, 0x0501, 0x0201, 0x0403, 0x0503, 0x0203, 0x0202, 0x0601, 0x0603];
const SCHEMES_OPENSSL: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0302,
    0x0402, 0x0502, 0x0602,
];
const WINDOWS_8_1: &[u16] = &[
    0xc028, 0xc027, 0xc014, 0xc013, 0x009f, 0x009e, 0x0039, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0xc02c, 0xc02b, 0xc024,
    0xc023, 0xc00a, 0xc009, 0x006a, 0x0040, 0x0038, 0x0032, 0x000a, 0x0013, 0x0005, 0x0004,
];
const WINDOWS_10_1607: &[u16] = &[
    0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009f, 0x009e, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x0039, 0x0033, 0x009d,
    0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a, 0x006a, 0x0040, 0x0038, 0x0032, 0x0013, 0x0005, 0x0004,
];
const WINDOWS_10_1809: &[u16] = &[
    0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009f, 0x009e, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x009d, 0x009c, 0x003d,
    0x003c, 0x0035, 0x002f, 0x000a,
];
const WINDOWS_10_22H2: &[u16] = &[
    0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035,
    0x002f,
];
const WINDOWS_11: &[u16] = &[
    0x1302, 0x1301, 0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009f, 0x009e, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x009d,
    0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a,
];
const WINDOWS_11_22H2: &[u16] = &[
    0x1302, 0x1301, 0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a, 0xc009, 0xc014, 0xc013, 0x009d, 0x009c, 0x003d,
    0x003c, 0x0035, 0x002f,
];
const SSTPC: &[u16] = &[
    0xcca9, 0xcca8, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0x009e, 0x009f, 0xc023, 0xc027, 0xc009, 0xc028, 0xc013, 0xc024, 0xc00a, 0xc014, 0x0067,
    0x0033, 0x006b, 0x0039, 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035,
];
const OPENSSL: &[u16] = &[
    0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028, 0x006b, 0xc023, 0xc027,
    0x0067, 0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::suite::Suite;
    use std::collections::HashSet;

    #[test]
    fn rows_are_told_apart_and_name_their_source() {
        let ids: HashSet<&str> = CLIENTS.iter().map(|client| client.id).collect();
        assert_eq!(ids.len(), CLIENTS.len());
        for client in CLIENTS {
            assert!(!client.title.is_empty() && !client.source.is_empty(), "{}", client.id);
            assert_eq!(client.verified, !client.source.contains("guess") && !client.source.contains("beginning"), "{}", client.id);
            assert!(client.versions.is_sorted_by(|a, b| a > b), "{}", client.id);
            assert!(client.suites.iter().all(|suite| Suite::of(*suite).is_some()), "{}", client.id);
            let once: HashSet<&u16> = client.suites.iter().collect();
            assert_eq!(once.len(), client.suites.len(), "{}", client.id);
            let newest = client.suites.iter().any(|suite| suite >> 8 == 0x13);
            assert_eq!(newest, client.versions.contains(&TLS13), "{}", client.id);
        }
    }

    /// Schannel has no EdDSA, no X448 and no P-521 by default; that is what the rows are for.
    #[test]
    fn no_windows_offers_what_schannel_lacks() {
        for client in CLIENTS.iter().filter(|client| client.kind != Kind::Other) {
            assert!(!client.schemes.iter().any(|scheme| [0x0807, 0x0808].contains(scheme)), "{}", client.id);
            assert!(!client.groups.iter().any(|group| [0x001e, 0x0019].contains(group)), "{}", client.id);
            let names: Vec<String> = client.suites.iter().map(|suite| Suite::name_of(*suite)).collect();
            assert!(!names.iter().any(|name| name.contains("CHACHA20") || name.contains("CCM")), "{}", client.id);
        }
    }
}
