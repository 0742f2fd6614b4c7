//! SOCKS version 5, RFC 1928, with the login by user and password of RFC 1929.

use crate::base::{Layer, Limit, Reader, WireError};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// No login. RFC 1928 3.
pub const NO_LOGIN: u8 = 0x00;
/// GSSAPI. RFC 1928 3.
pub const GSSAPI: u8 = 0x01;
/// User and password. RFC 1929.
pub const PASSWORD: u8 = 0x02;
/// None of the methods that were offered. RFC 1928 3.
pub const NONE: u8 = 0xff;

/// The client's first message: the methods it can do. RFC 1928 3.
pub fn greeting(methods: &[u8]) -> Vec<u8> {
    let methods = methods.get(..methods.len().min(255)).unwrap_or_default();
    [&[VERSION, methods.len() as u8], methods].concat()
}

/// User and password; nothing when one of them is empty or longer than 255 bytes. RFC 1929 2.
pub fn login(user: &str, password: &str) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let part = |text: &str| u8::try_from(text.len()).ok().filter(|len| *len > 0);
    let (user_len, password_len) = (part(user)?, part(password)?);
    let parts = [&[LOGIN_VERSION, user_len], user.as_bytes(), &[password_len], password.as_bytes()];
    Some(zeroize::Zeroizing::new(parts.concat()))
}

/// Where a connection is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address.
    Address(IpAddr, u16),
    /// A name, which the proxy resolves.
    Name(String, u16),
}

impl Place {
    /// Of host, an IPv6 address without brackets, and port.
    pub fn of(host: &str, port: u16) -> Place {
        host.parse().map_or_else(|_| Place::Name(host.into(), port), |address| Place::Address(address, port))
    }

    /// CONNECT to here; nothing for a name that is too long. RFC 1928 4.
    pub fn connect(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![VERSION, CONNECT, 0];
        let port = match self {
            Place::Address(IpAddr::V4(address), port) => (bytes.push(1), bytes.extend(address.octets()), port).2,
            Place::Address(IpAddr::V6(address), port) => (bytes.push(4), bytes.extend(address.octets()), port).2,
            Place::Name(name, port) => {
                let len = u8::try_from(name.len()).ok().filter(|len| *len > 0)?;
                bytes.extend([3, len]);
                bytes.extend(name.as_bytes());
                port
            }
        };
        bytes.extend(port.to_be_bytes());
        Some(bytes)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Address(IpAddr::V6(address), port) => write!(f, "[{address}]:{port}"),
            Place::Address(address, port) => write!(f, "{address}:{port}"),
            Place::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

/// What is in the buffer: a message and its length, or too little yet.
pub type Read<T> = Result<Option<(T, usize)>, WireError>;

/// The methods of a client's first message. RFC 1928 3.
pub fn read_greeting(bytes: &[u8]) -> Read<Vec<u8>> {
    let mut reader = versioned(bytes, VERSION)?;
    Ok(whole(&mut reader, |reader| {
        let len = usize::from(reader.u8("number of methods")?);
        reader.take("methods", len).map(<[u8]>::to_vec)
    }))
}

/// The method that the proxy chose. RFC 1928 3.
pub fn read_choice(bytes: &[u8]) -> Read<u8> {
    let mut reader = versioned(bytes, VERSION)?;
    Ok(whole(&mut reader, |reader| reader.u8("method")))
}

/// User and password of a client. RFC 1929 2.
pub fn read_login(bytes: &[u8]) -> Read<(String, String)> {
    let mut reader = versioned(bytes, LOGIN_VERSION)?;
    Ok(whole(&mut reader, |reader| {
        let user = text(reader)?;
        Ok((user, text(reader)?))
    }))
}

/// The proxy's word about them; 0 is yes. RFC 1929 2. Some proxies say version 5 here, and are understood.
pub fn read_verdict(bytes: &[u8]) -> Read<u8> {
    let mut reader = versioned(bytes, LOGIN_VERSION).or_else(|_| versioned(bytes, VERSION))?;
    Ok(whole(&mut reader, |reader| reader.u8("status")))
}

/// Where a client wants to go; a command other than CONNECT is an error. RFC 1928 4.
pub fn read_connect(bytes: &[u8]) -> Read<Place> {
    let mut reader = versioned(bytes, VERSION)?;
    if let Some(command) = bytes.get(1).filter(|command| **command != CONNECT) {
        return Err(reader.error(&format!("SOCKS command {command}"), 0, 0, Limit::Spec("RFC 1928 4".into())));
    }
    placed(&mut reader)
}

/// The proxy's answer and the address it gives with it. RFC 1928 6.
pub fn read_reply(bytes: &[u8]) -> Read<(u8, Place)> {
    let mut reader = versioned(bytes, VERSION)?;
    let code = bytes.get(1).copied().unwrap_or_default();
    Ok(placed(&mut reader)?.map(|(place, len)| ((code, place), len)))
}

/// An answer of the proxy that names no address. RFC 1928 6.
pub fn reply(code: u8) -> [u8; 10] {
    [VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

/// What an answer means. RFC 1928 6.
pub fn means(code: u8) -> &'static str {
    match code {
        0 => "succeeded",
        1 => "general failure",
        2 => "not allowed by the rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unassigned",
    }
}

fn versioned(bytes: &[u8], version: u8) -> Result<Reader<'_>, WireError> {
    let mut reader = Reader::new(Layer::Proxy, bytes);
    match reader.u8("version") {
        Ok(first) if first != version => {
            Err(reader.error(&format!("SOCKS answer beginning with {first:#04x}"), 0, 0, Limit::Spec("RFC 1928".into())))
        }
        _ => Ok(reader),
    }
}

/// The message, unless bytes of it are still to come.
fn whole<'a, T>(reader: &mut Reader<'a>, read: impl FnOnce(&mut Reader<'a>) -> Result<T, WireError>) -> Option<(T, usize)> {
    let it = read(reader).ok()?;
    Some((it, reader.at()))
}

/// Command or reply, reserved byte, address and port. RFC 1928 4 and 6.
fn placed(reader: &mut Reader<'_>) -> Read<Place> {
    let kind = whole(reader, |reader| reader.take("command", 2).and_then(|_| reader.u8("address type")));
    let Some((kind, _)) = kind else { return Ok(None) };
    if ![1, 3, 4].contains(&kind) {
        return Err(reader.error(&format!("SOCKS address type {kind}"), 0, 0, Limit::Spec("RFC 1928 5".into())));
    }
    Ok(whole(reader, |reader| {
        let name = match kind {
            1 => Ok(IpAddr::V4(Ipv4Addr::from(reader.array::<4>("address")?))),
            4 => Ok(IpAddr::V6(Ipv6Addr::from(reader.array::<16>("address")?))),
            _ => Err(text(reader)?),
        };
        let port = reader.u16("port")?;
        Ok(match name {
            Ok(address) => Place::Address(address, port),
            Err(name) => Place::Name(name, port),
        })
    }))
}

fn text(reader: &mut Reader<'_>) -> Result<String, WireError> {
    let len = usize::from(reader.u8("length")?);
    reader.take("text", len).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// RFC 1928 3.
const VERSION: u8 = 5;
/// RFC 1929 2.
const LOGIN_VERSION: u8 = 1;
/// RFC 1928 4.
const CONNECT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_end_says_the_other_reads_once_it_is_whole() {
        assert_eq!(greeting(&[NO_LOGIN, PASSWORD]), [5, 2, 0, 2]);
        assert_eq!(read_greeting(&[5, 2, 0, 2, 9]), Ok(Some((vec![0, 2], 4))));
        let login = login("al", "pw").expect("short");
        assert_eq!(*login, [1, 2, b'a', b'l', 2, b'p', b'w']);
        assert_eq!(read_login(&login), Ok(Some((("al".into(), "pw".into()), 7))));
        let place = Place::of("vpn.example.test", 443);
        let bytes = place.connect().expect("short");
        assert_eq!(bytes[..5], [5, 1, 0, 3, 16]);
        for cut in 0..bytes.len() {
            assert_eq!(read_connect(&bytes[..cut]), Ok(None), "{cut}");
        }
        assert_eq!(read_connect(&bytes), Ok(Some((place, bytes.len()))));
        let six = Place::of("2001:db8::1", 8443);
        assert_eq!((six.to_string(), six.connect().map(|bytes| bytes.len())), ("[2001:db8::1]:8443".into(), Some(22)));
    }

    #[test]
    fn answers_are_read_with_their_code_and_nonsense_is_refused() {
        assert_eq!(read_reply(&reply(2)), Ok(Some(((2, Place::of("0.0.0.0", 0)), 10))));
        assert_eq!((read_choice(&[5, 0xff]), read_choice(&[5]), read_choice(&[])), (Ok(Some((0xff, 2))), Ok(None), Ok(None)));
        assert_eq!((read_verdict(&[1, 0]), read_verdict(&[5, 1])), (Ok(Some((0, 2))), Ok(Some((1, 2)))));
        assert!(read_choice(b"HTTP/1.1 400").expect_err("HTTP").what.contains("0x48"));
        assert!(read_reply(&[5, 0, 0, 9, 0]).is_err() && read_connect(&[5, 2, 0, 1]).is_err());
        assert!(Place::Name("x".repeat(256), 1).connect().is_none() && super::login("", "x").is_none());
    }
}
