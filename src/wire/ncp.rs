//! What the options of LCP, IPCP, IPv6CP and CCP are called and how their values read.

use super::chap::Algorithm;
use super::control::Opt;
use super::ppp::{self, Protocol};
use crate::base::hex;
use serde::{Deserialize, Serialize};

/// LCP Maximum-Receive-Unit, RFC 1661 section 6.1.
pub const MRU: u8 = 1;
/// LCP Async-Control-Character-Map, RFC 1662 section 7.1.
pub const ACCM: u8 = 2;
/// LCP Authentication-Protocol, RFC 1661 section 6.2.
pub const AUTH_PROTOCOL: u8 = 3;
/// LCP Magic-Number, RFC 1661 section 6.4.
pub const MAGIC: u8 = 5;
/// IPCP IP-Compression-Protocol, RFC 1332 section 3.2.
pub const IP_COMPRESSION: u8 = 2;
/// IPCP IP-Address, RFC 1332 section 3.3.
pub const IP_ADDRESS: u8 = 3;
/// IPCP Primary DNS Server, RFC 1877 section 1.1.
pub const PRIMARY_DNS: u8 = 129;
/// IPCP Primary NBNS (WINS) Server, RFC 1877 section 1.2.
pub const PRIMARY_NBNS: u8 = 130;
/// IPCP Secondary DNS Server, RFC 1877 section 1.3.
pub const SECONDARY_DNS: u8 = 131;
/// IPCP Secondary NBNS (WINS) Server, RFC 1877 section 1.4.
pub const SECONDARY_NBNS: u8 = 132;
/// IPv6CP Interface-Identifier, RFC 5072 section 4.1.
pub const INTERFACE_ID: u8 = 1;

/// How the value of an option reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No value: the option is a yes.
    Flag,
    /// A decimal number of two bytes.
    Number,
    /// Hexadecimal.
    Hex,
    /// A PPP authentication protocol and its algorithm.
    Auth,
    /// An IPv4 address.
    Ipv4,
}

/// Protocol, type, name, form, and whether the value helps a person.
pub const OPTIONS: [(Protocol, u8, &str, Form); 21] = [
    (ppp::LCP, MRU, "mru", Form::Number),
    (ppp::LCP, ACCM, "accm", Form::Hex),
    (ppp::LCP, AUTH_PROTOCOL, "authentication-protocol", Form::Auth),
    (ppp::LCP, 4, "quality-protocol", Form::Hex),
    (ppp::LCP, MAGIC, "magic-number", Form::Hex),
    (ppp::LCP, 7, "protocol-field-compression", Form::Flag),
    (ppp::LCP, 8, "address-and-control-field-compression", Form::Flag),
    (ppp::LCP, 13, "callback", Form::Hex),
    (ppp::LCP, 17, "mrru", Form::Number),
    (ppp::LCP, 18, "short-sequence-numbers", Form::Flag),
    (ppp::LCP, 19, "endpoint-discriminator", Form::Hex),
    (ppp::IPCP, 1, "ip-addresses", Form::Hex),
    (ppp::IPCP, IP_COMPRESSION, "ip-compression-protocol", Form::Hex),
    (ppp::IPCP, IP_ADDRESS, "ip-address", Form::Ipv4),
    (ppp::IPCP, PRIMARY_DNS, "primary-dns", Form::Ipv4),
    (ppp::IPCP, PRIMARY_NBNS, "primary-nbns", Form::Ipv4),
    (ppp::IPCP, SECONDARY_DNS, "secondary-dns", Form::Ipv4),
    (ppp::IPCP, SECONDARY_NBNS, "secondary-nbns", Form::Ipv4),
    (ppp::IPV6CP, INTERFACE_ID, "interface-identifier", Form::Hex),
    (ppp::IPV6CP, 2, "ipv6-compression-protocol", Form::Hex),
    (ppp::CCP, 18, "mppe", Form::Hex),
];

/// Name of an option; `option` for one we do not know.
pub fn option_name(protocol: Protocol, kind: u8) -> &'static str {
    OPTIONS.iter().find(|row| row.0 == protocol && row.1 == kind).map_or("option", |row| row.2)
}

/// An option as a person reads it, such as `mru 4091` or `authentication-protocol MS-CHAPv2`.
pub fn describe(protocol: Protocol, option: &Opt) -> String {
    let row = OPTIONS.iter().find(|row| row.0 == protocol && row.1 == option.kind);
    let Some((_, _, name, form)) = row else { return format!("option {} {}", option.kind, hex(&option.value)) };
    let value = match form {
        Form::Flag if option.value.is_empty() => return (*name).to_string(),
        Form::Number => option.u16().map(|number| number.to_string()),
        Form::Ipv4 => option.ipv4().map(|address| address.to_string()),
        Form::Auth => AuthMethod::from_option(&option.value).map(|method| method.to_string()),
        Form::Hex | Form::Flag => None,
    };
    format!("{name} {}", value.unwrap_or_else(|| hex(&option.value)))
}

/// An authentication protocol as LCP option 3 names it. RFC 1661 section 6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMethod {
    /// C223 81, RFC 2759.
    MsChapV2,
    /// C227, RFC 3748.
    Eap,
    /// C223 05, RFC 1994.
    ChapMd5,
    /// C023, RFC 1334.
    Pap,
    /// C223 80, RFC 2433.
    MsChapV1,
    /// CHAP with another algorithm.
    Chap(u8),
    /// Another protocol.
    Other(Protocol),
}

impl AuthMethod {
    /// The methods we ask a server about, strongest first.
    pub const CANDIDATES: [AuthMethod; 5] =
        [AuthMethod::Eap, AuthMethod::MsChapV2, AuthMethod::ChapMd5, AuthMethod::MsChapV1, AuthMethod::Pap];

    /// Reads the value of LCP option 3; `None` when it is too short.
    pub fn from_option(value: &[u8]) -> Option<AuthMethod> {
        let protocol = u16::from_be_bytes([*value.first()?, *value.get(1)?]);
        Some(match (protocol, value.get(2)) {
            (ppp::PAP, _) => AuthMethod::Pap,
            (ppp::EAP, _) => AuthMethod::Eap,
            (ppp::CHAP, Some(&algorithm)) => match Algorithm::from_number(algorithm) {
                Algorithm::Md5 => AuthMethod::ChapMd5,
                Algorithm::MsChapV1 => AuthMethod::MsChapV1,
                Algorithm::MsChapV2 => AuthMethod::MsChapV2,
                Algorithm::Unknown(number) => AuthMethod::Chap(number),
            },
            (other, _) => AuthMethod::Other(other),
        })
    }

    /// The value of LCP option 3.
    pub fn option_value(self) -> Vec<u8> {
        let chap = |algorithm| vec![0xc2, 0x23, algorithm];
        match self {
            AuthMethod::Pap => vec![0xc0, 0x23],
            AuthMethod::Eap => vec![0xc2, 0x27],
            AuthMethod::ChapMd5 => chap(0x05),
            AuthMethod::MsChapV1 => chap(0x80),
            AuthMethod::MsChapV2 => chap(0x81),
            AuthMethod::Chap(number) => chap(number),
            AuthMethod::Other(protocol) => protocol.to_be_bytes().to_vec(),
        }
    }
}

impl std::fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AuthMethod::MsChapV2 => f.pad("MS-CHAPv2"),
            AuthMethod::Eap => f.pad("EAP"),
            AuthMethod::ChapMd5 => f.pad("CHAP-MD5"),
            AuthMethod::Pap => f.pad("PAP"),
            AuthMethod::MsChapV1 => f.pad("MS-CHAPv1"),
            AuthMethod::Chap(number) => write!(f, "CHAP algorithm 0x{number:02x}"),
            AuthMethod::Other(protocol) => write!(f, "protocol 0x{protocol:04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_like_a_person_would_say_them() {
        assert_eq!(describe(ppp::LCP, &Opt::new(1, [0x0f, 0xfb])), "mru 4091");
        assert_eq!(describe(ppp::LCP, &Opt::new(3, [0xc2, 0x23, 0x81])), "authentication-protocol MS-CHAPv2");
        assert_eq!(describe(ppp::LCP, &Opt::new(7, [])), "protocol-field-compression");
        assert_eq!(describe(ppp::IPCP, &Opt::new(129, [10, 0, 0, 53])), "primary-dns 10.0.0.53");
        assert_eq!(describe(ppp::LCP, &Opt::new(99, [1])), "option 99 01");
        assert_eq!(describe(ppp::LCP, &Opt::new(1, [1])), "mru 01", "a wrong length still shows its bytes");
    }

    #[test]
    fn methods_go_to_an_option_and_back() {
        for method in AuthMethod::CANDIDATES.into_iter().chain([AuthMethod::Chap(6), AuthMethod::Other(0xc281)]) {
            assert_eq!(AuthMethod::from_option(&method.option_value()), Some(method));
        }
        assert_eq!(AuthMethod::from_option(&[0xc2]), None);
    }
}
