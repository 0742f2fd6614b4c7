//! Every number a user can quote from a failed SSTP dial: what it is called, what it means and what it points to.
//!
//! One row per number, from chapter 2 and sections 3.1 and 3.3 of the failure catalogue. The same number may stand in
//! two families (691 is a RAS error and an MS-CHAPv2 code), so a look-up by number can find several rows.

mod alerts;
mod events;
mod ras;
mod ras_list;
mod security;
mod sstp;
mod win32;

use std::collections::HashMap;
use std::sync::LazyLock;

/// Where a number comes from; it decides how the number is written and wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Remote access errors, 600 to 878.
    Ras,
    /// System errors, DNS ones included.
    Win32,
    /// Socket and resolver errors.
    Winsock,
    /// WinHTTP errors, and the WinINet ones of the same range.
    WinHttp,
    /// HTTP statuses that Windows wraps as an HRESULT; the number is the status.
    HttpStatus,
    /// Schannel and SSPI.
    Schannel,
    /// CryptoAPI and certificate chain policy.
    CryptoApi,
    /// The EAP host of Windows.
    EapHost,
    /// Status and sub-status of a failed logon in the Security log of the server.
    NtStatus,
    /// Alert descriptions of TLS.
    TlsAlert,
    /// Windows event ids.
    Event,
    /// Reason codes in NPS event 6273.
    NpsReason,
    /// Verify results of OpenSSL.
    OpenSsl,
    /// Errors of the TLS code of OpenSSL; the number is the packed one of OpenSSL 3.
    OpenSslError,
    /// The status of an SSTP Status Info attribute. MS-SSTP 2.2.8.
    SstpStatus,
    /// The E= code of an MS-CHAPv2 failure.
    MsChap,
}

impl Family {
    /// The name shown to users.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Ras => "RAS",
            Family::Win32 => "Win32",
            Family::Winsock => "Winsock",
            Family::WinHttp => "WinHTTP",
            Family::HttpStatus => "HTTP status",
            Family::Schannel => "Schannel",
            Family::CryptoApi => "CryptoAPI",
            Family::EapHost => "EAP host",
            Family::NtStatus => "NTSTATUS",
            Family::TlsAlert => "TLS alert",
            Family::Event => "Windows event",
            Family::NpsReason => "NPS reason",
            Family::OpenSsl => "OpenSSL verify",
            Family::OpenSslError => "OpenSSL error",
            Family::SstpStatus => "SSTP status",
            Family::MsChap => "MS-CHAPv2",
        }
    }

    /// Where people meet its numbers. Catalogue 2.1 and the heads of its sections.
    pub const fn seen(self) -> &'static str {
        match self {
            Family::Ras => "the Windows dial dialog, rasdial, and RasClient event 20227 (Application log of the PC)",
            Family::Win32 | Family::Winsock => "RasClient event 20227 and RasSstp events on the PC, as an HRESULT or as a signed number",
            Family::WinHttp => "RasClient event 20227 on the PC, browsers and WinHTTP traces",
            Family::HttpStatus => "the data of RasSstp event 4 (as a plain status), proxy and front-end logs",
            Family::Schannel => "RasClient event 20227, Schannel traces, the Azure VPN client",
            Family::CryptoApi => "RasClient event 20227 as a signed number, certutil, the CAPI2 log",
            Family::EapHost => "RasClient event 20227 and the EapHost log of the PC",
            Family::NtStatus => "status and sub-status of a failed logon (Security log of the RADIUS server or domain controller)",
            Family::TlsAlert => "Schannel events 36887 and 36888, OpenSSL errors, captures",
            Family::Event => "the Windows event logs",
            Family::NpsReason => "event 6273 in the Security log of the NPS server, field Reason Code",
            Family::OpenSsl => "openssl s_client, sstpc and other Linux clients",
            Family::OpenSslError => "lines of the form error:0A000086:SSL routines::... of openssl, curl, sstpc and other Linux programs",
            Family::SstpStatus => "the Status Info attribute of a Call Connect Nak, Call Abort or Call Disconnect; logs of Linux peers",
            Family::MsChap => "the message of a CHAP Failure or EAP-MSCHAPv2 failure, E=...; pppd logs",
        }
    }

    /// Numbers of the family are plain ones, not whole 32-bit words.
    pub const fn is_plain(self) -> bool {
        !matches!(self, Family::Schannel | Family::CryptoApi | Family::EapHost | Family::NtStatus | Family::OpenSslError)
    }
}

/// What the likely cause of a code rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// A source ties the code to the cause; the key stands in the source index of the failure catalogue.
    Read(&'static str),
    /// The cause follows from the plain meaning of the code only: shown as "unverified for SSTP".
    Inferred,
}

/// One number of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Where the number comes from.
    pub family: Family,
    /// The number as the family writes it: plain for RAS, Win32 and the like, the whole word for HRESULTs and NTSTATUS.
    pub number: u32,
    /// The symbolic name, or source and number where there is none. Unique in its family.
    pub name: &'static str,
    /// The meaning in plain words.
    pub means: &'static str,
    /// The likely cause in an SSTP dial.
    pub cause: &'static str,
    /// What the cause rests on.
    pub basis: Basis,
    /// Ids of the failure catalogue's rows to look at first.
    pub checks: &'static [&'static str],
}

impl Code {
    /// The HRESULT in which Windows wraps the number, or which it already is.
    pub const fn hresult(&self) -> Option<u32> {
        match self.family {
            Family::Ras | Family::Win32 | Family::Winsock | Family::WinHttp => Some(FACILITY_WIN32 | self.number),
            Family::HttpStatus => Some(FACILITY_HTTP | self.number),
            Family::Schannel | Family::CryptoApi | Family::EapHost => Some(self.number),
            _ => None,
        }
    }

    /// The 32-bit word as the signed decimal that event 20227 prints. NTSTATUS has one too, though it is no HRESULT.
    pub const fn signed(&self) -> Option<i32> {
        match (self.family, self.hresult()) {
            (Family::NtStatus, _) => Some(self.number.cast_signed()),
            (_, Some(word)) => Some(word.cast_signed()),
            (_, None) => None,
        }
    }

    /// Number and name as users meet them: `0x800B0101 (-2146762495) CERT_E_EXPIRED`, `691 ERROR_AUTHENTICATION_FAILURE`.
    pub fn shown(&self) -> String {
        let Code { family, number, name, .. } = *self;
        match family {
            Family::HttpStatus | Family::Schannel | Family::CryptoApi | Family::EapHost | Family::NtStatus => {
                let word = self.hresult().unwrap_or(number);
                format!("0x{word:08X} ({}) {name}", word.cast_signed())
            }
            Family::OpenSslError => format!("{number:08X} {name}"),
            Family::SstpStatus => format!("0x{number:02X} {name}"),
            Family::Event | Family::NpsReason => name.to_owned(),
            _ => format!("{number} {name}"),
        }
    }
}

/// Every row, family after family.
pub fn all() -> impl Iterator<Item = &'static Code> {
    TABLES.iter().copied().flatten()
}

/// The row of this name, in any mix of capitals. Of two families with the name the earlier one in [`Family`] wins.
pub fn by_name(name: &str) -> Option<&'static Code> {
    all_by_name(name).next()
}

/// All rows of this name, in any mix of capitals.
pub fn all_by_name(name: &str) -> impl Iterator<Item = &'static Code> {
    let name = name.to_ascii_lowercase();
    // Samba writes NT_STATUS_LOGON_FAILURE.
    let bare = name.strip_prefix("nt_").filter(|rest| rest.starts_with("status_")).unwrap_or(&name);
    // Python writes CERTIFICATE_VERIFY_FAILED.
    let rows = BY_NAME.get(bare).or_else(|| BY_NAME.get(&format!("ssl_r_{bare}")));
    rows.into_iter().flatten().copied()
}

/// All rows with this number, be it plain or an HRESULT.
pub fn by_number(number: u32) -> impl Iterator<Item = &'static Code> {
    BY_NUMBER.get(&number).into_iter().flatten().copied()
}

/// Rows by name in small letters, in the order of [`Family`].
static BY_NAME: LazyLock<HashMap<String, Vec<&'static Code>>> = LazyLock::new(|| {
    let mut rows: HashMap<String, Vec<&'static Code>> = HashMap::new();
    all().for_each(|code| rows.entry(code.name.to_ascii_lowercase()).or_default().push(code));
    rows
});

/// Rows by their number and by their HRESULT, in the order of [`Family`].
static BY_NUMBER: LazyLock<HashMap<u32, Vec<&'static Code>>> = LazyLock::new(|| {
    let mut rows: HashMap<u32, Vec<&'static Code>> = HashMap::new();
    for code in all() {
        let word = code.hresult().filter(|word| *word != code.number);
        [Some(code.number), word].into_iter().flatten().for_each(|number| rows.entry(number).or_default().push(code));
    }
    rows
});

/// The RAS error of this number.
pub fn ras(number: u16) -> Option<&'static Code> {
    let mut rows = ras::RAS.iter().chain(ras_list::RAS_LIST);
    rows.find(|code| code.number == u32::from(number))
}

/// The row of a packed error of OpenSSL's TLS code: `0A000086` of OpenSSL 3, `1416F086` of the versions before. An alert
/// is reason 1000 and its number, and leads to the row of the alert.
pub fn openssl(word: u32) -> Option<&'static Code> {
    let reason = match word {
        _ if is_openssl_3(word) => word & 0x7F_FFFF,
        _ if word >> 24 == OPENSSL_SSL => word & 0xFFF,
        _ => return None,
    };
    match reason.checked_sub(OPENSSL_ALERTS) {
        Some(alert) => by_number(alert).find(|code| code.family == Family::TlsAlert),
        None => alerts::OPENSSL_ERRORS.iter().find(|code| code.number & 0x7F_FFFF == reason),
    }
}

/// The word is a packed error of the TLS code of OpenSSL 3.
pub const fn is_openssl_3(word: u32) -> bool {
    word >> 23 == OPENSSL_SSL
}

const fn row(
    family: Family,
    number: u32,
    name: &'static str,
    means: &'static str,
    cause: &'static str,
    basis: Basis,
    checks: &'static [&'static str],
) -> Code {
    Code { family, number, name, means, cause, basis, checks }
}

/// All tables, in the order of [`Family`].
const TABLES: [&[Code]; 17] = [
    ras::RAS,
    ras_list::RAS_LIST,
    win32::WIN32,
    win32::WINSOCK,
    win32::WINHTTP,
    win32::HTTP_STATUS,
    security::SCHANNEL,
    security::CRYPTO_API,
    security::EAP_HOST,
    security::NT_STATUS,
    alerts::TLS_ALERTS,
    events::EVENTS,
    events::NPS_REASONS,
    alerts::OPENSSL,
    alerts::OPENSSL_ERRORS,
    sstp::SSTP_STATUS,
    sstp::MS_CHAP,
];

/// HRESULT with facility 7, into which RAS, Win32, Winsock and WinHTTP numbers are put. Catalogue 2.1.
const FACILITY_WIN32: u32 = 0x8007_0000;

/// HRESULT with facility 25, into which HTTP statuses are put. Catalogue 2.1.
const FACILITY_HTTP: u32 = 0x8019_0000;

/// The error of OpenSSL beside which the result of the verification tells more.
pub const VERIFY_FAILED: &str = "SSL_R_CERTIFICATE_VERIFY_FAILED";

/// The library number of TLS in packed errors of OpenSSL (err.h, ERR_LIB_SSL).
const OPENSSL_SSL: u32 = 20;

/// What OpenSSL adds to the number of a received alert (ssl.h, SSL_AD_REASON_OFFSET).
const OPENSSL_ALERTS: u32 = 1000;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Family::*;
    use super::*;

    fn named(name: &str) -> &'static Code {
        by_name(name).unwrap_or_else(|| panic!("no code {name}"))
    }

    #[test]
    fn a_family_has_the_rows_of_the_catalogue() {
        let counts = [
            (Ras, 279),       // 2.3: 600 to 877 without a gap, 137 of them in detail in 2.2; and 878
            (Win32, 54),      // 2.4; 86 of winerror.h; 13801, 13806 and 13868, which tell of IKE
            (Winsock, 20),    // 2.5
            (WinHttp, 41),    // 2.6
            (HttpStatus, 19), // 2.7
            (Schannel, 39),   // 2.8; 0x80090351, 52 and 55 of winerror.h
            (CryptoApi, 45),  // 2.9
            (EapHost, 33),    // 2.10; 0x40420110 of eaphosterror.h
            (NtStatus, 14),   // 2.11
            (TlsAlert, 31),   // 2.12
            (Event, 54),      // 2.13: 32 lines, several ids on some; 12 more of the same sources
            (NpsReason, 82),  // 2.14: 27 lines, ranges written out without 114; 0 to 10, 20 and 21 from Microsoft's list
            (OpenSsl, 94),    // 2.15: 14 lines; all of x509_vfy.h of OpenSSL 3.0
            (OpenSslError, 17),
            (SstpStatus, 12), // 3.1
            (MsChap, 6),      // 3.3
        ];
        for (family, count) in counts {
            assert_eq!(all().filter(|code| code.family == family).count(), count, "{}", family.name());
        }
        assert_eq!(all().count(), counts.iter().map(|(_, count)| count).sum::<usize>());
        assert_eq!(ras::RAS.len(), 138);
        assert!((600..=878).all(|number| ras(number).is_some()));
        assert!(ras(599).is_none() && ras(879).is_none());
    }

    #[test]
    fn a_table_is_one_family_in_the_order_of_its_numbers() {
        for table in TABLES {
            assert!(table.windows(2).all(|two| two[0].family == two[1].family));
            for two in table.windows(2) {
                assert!(two[0].number < two[1].number, "{} before {}", two[0].shown(), two[1].shown());
            }
        }
    }

    #[test]
    fn numbers_and_names_are_unique_in_a_family() {
        let (mut numbers, mut names) = (HashSet::new(), HashSet::new());
        for code in all() {
            assert!(numbers.insert((code.family, code.number)), "twice: {}", code.shown());
            assert!(names.insert((code.family, code.name)), "twice: {}", code.shown());
        }
    }

    #[test]
    fn a_row_says_something_in_every_column() {
        for code in all() {
            for text in [code.name, code.means, code.cause] {
                assert!(!text.is_empty() && text.trim() == text, "{}", code.shown());
                assert!(!text.contains(['`', '*', '|']) && !text.ends_with('.'), "{text}");
            }
            assert!(!code.family.seen().is_empty());
            if let Basis::Read(key) = code.basis {
                assert!(key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-') && !key.is_empty(), "{key}");
            }
        }
    }

    #[test]
    fn checks_are_ids_of_a_layer() {
        let layers = ["DNS", "TCP", "PROXY", "TLS", "CERT", "HTTP", "SSTP", "LCP", "AUTH", "BIND", "IPCP", "CCP", "DATA", "TEAR"];
        for id in all().flat_map(|code| code.checks) {
            let (layer, words) = id.split_once('-').expect("an id has a layer and words");
            assert!(layers.contains(&layer), "{id}");
            assert!(words.split('-').all(|word| !word.is_empty()), "{id}");
            assert!(words.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'), "{id}");
        }
    }

    #[test]
    fn words_are_those_the_catalogue_prints() {
        let printed: [(&str, u32, i32); 12] = [
            ("ERROR_AUTHENTICATION_FAILURE", 0x8007_02B3, -2147024205),
            ("ERROR_VPN_TIMEOUT", 0x8007_0329, -2147024087),
            ("ERROR_CONNECTION_REFUSED", 0x8007_04C9, -2147023671),
            ("DNS_ERROR_RCODE_NAME_ERROR", 0x8007_232B, -2147015893),
            ("WSAECONNRESET", 0x8007_2746, -2147014842),
            ("ERROR_WINHTTP_SECURE_FAILURE", 0x8007_2F8F, -2147012721),
            ("HTTP_E_STATUS_PROXY_AUTH_REQ", 0x8019_0197, -2145844841),
            ("SEC_E_ILLEGAL_MESSAGE", 0x8009_0326, -2146893018),
            ("SEC_I_RENEGOTIATE", 0x0009_0321, 590625),
            ("CRYPT_E_REVOCATION_OFFLINE", 0x8009_2013, -2146885613),
            ("CERT_E_EXPIRED", 0x800B_0101, -2146762495),
            ("EAP_E_SERVER_ROOT_CERT_NOT_FOUND", 0x8042_0400, -2143157248),
        ];
        for (name, hresult, signed) in printed {
            assert_eq!((named(name).hresult(), named(name).signed()), (Some(hresult), Some(signed)), "{name}");
        }
        // An NTSTATUS is a signed word too, but no HRESULT; the rest is neither.
        let locked = named("STATUS_ACCOUNT_LOCKED_OUT");
        assert_eq!((locked.hresult(), locked.signed()), (None, Some(-1073741260)));
        let alert = named("handshake_failure");
        assert_eq!((alert.hresult(), alert.signed()), (None, None));
    }

    #[test]
    fn packed_errors_of_openssl_are_unpacked() {
        let named = |word| openssl(word).map(|code| code.name);
        assert_eq!(
            (named(0x0A00_0086), named(0x1416_F086)),
            (Some("SSL_R_CERTIFICATE_VERIFY_FAILED"), Some("SSL_R_CERTIFICATE_VERIFY_FAILED"))
        );
        assert_eq!((named(0x0A00_0418), named(0x1409_4410)), (Some("unknown_ca"), Some("handshake_failure")));
        assert_eq!((named(0x0A00_0001), named(0x8009_2013)), (None, None));
    }

    #[test]
    fn a_number_is_found_in_each_of_its_forms() {
        let found = |number| by_number(number).map(|code| (code.family, code.name)).collect::<Vec<_>>();
        assert_eq!(found(2148204801), [(CryptoApi, "CERT_E_EXPIRED")]);
        assert_eq!(found((-2146762495i32).cast_unsigned()), [(CryptoApi, "CERT_E_EXPIRED")]);
        assert_eq!(found(691), [(Ras, "ERROR_AUTHENTICATION_FAILURE"), (MsChap, "ERROR_AUTHENTICATION_FAILURE")]);
        assert_eq!(found(0x8007_02B3), [(Ras, "ERROR_AUTHENTICATION_FAILURE")]);
        assert_eq!(found(404), [(HttpStatus, "HTTP_E_STATUS_NOT_FOUND")]);
        assert_eq!(found(112), [(TlsAlert, "unrecognized_name"), (NpsReason, "NPS reason 112")]);
        assert_eq!(found(599), []);
    }

    #[test]
    fn a_code_is_shown_as_users_meet_it() {
        let shown = [
            ("CERT_E_EXPIRED", "0x800B0101 (-2146762495) CERT_E_EXPIRED"),
            ("error_authentication_failure", "691 ERROR_AUTHENTICATION_FAILURE"),
            ("WSAECONNRESET", "10054 WSAECONNRESET"),
            ("HTTP_E_STATUS_NOT_FOUND", "0x80190194 (-2145844844) HTTP_E_STATUS_NOT_FOUND"),
            ("STATUS_ACCOUNT_LOCKED_OUT", "0xC0000234 (-1073741260) STATUS_ACCOUNT_LOCKED_OUT"),
            ("protocol_version", "70 protocol_version"),
            ("RasSstp event 4", "RasSstp event 4"),
            ("NPS reason 48", "NPS reason 48"),
            ("ATTRIB_STATUS_INVALID_FRAME_RECEIVED", "0x07 ATTRIB_STATUS_INVALID_FRAME_RECEIVED"),
        ];
        for (name, text) in shown {
            assert_eq!(named(name).shown(), text);
        }
    }
}
