//! Where to: `host`, `host:port`, `[v6]:port`, `v6` or `https://host:port/`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The server as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address; an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// MS-SSTP 1.9: the port of HTTPS.
const DEFAULT_PORT: u16 = 443;

impl Target {
    /// Reads a target; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Target, String> {
        Target::with_default(text, DEFAULT_PORT)
    }

    /// Reads a place to connect to; its port is 0 when the text has none.
    pub fn place(text: &str) -> Result<Target, String> {
        Target::with_default(text, 0)
    }

    fn with_default(text: &str, default: u16) -> Result<Target, String> {
        let text = text.trim();
        let place = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => without_path(rest)?,
            Some((scheme, _)) => return Err(format!("SSTP runs over https://, not {scheme}://")),
            None => text,
        };
        if place.contains('@') {
            return Err("a user before the host is not understood; use --user".into());
        }
        if place.parse::<Ipv6Addr>().is_ok() {
            return Ok(Target { host: place.to_string(), port: default });
        }
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => bracketed(rest)?,
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(default), port_of)?;
        Ok(Target { host: host_of(host)?, port })
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

/// The authority of a URL. Nothing but a bare slash may follow: the path of SSTP is fixed.
fn without_path(rest: &str) -> Result<&str, String> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match path {
        "" | "/" => Ok(authority),
        other => Err(format!("the path of SSTP is fixed, so {other:?} cannot be asked for")),
    }
}

fn bracketed(rest: &str) -> Result<(&str, Option<&str>), String> {
    let (host, rest) = rest.split_once(']').ok_or("the bracket is not closed")?;
    host.parse::<Ipv6Addr>().map_err(|_| format!("{host:?} is not an IPv6 address"))?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(format!("{rest:?} after the bracket is not understood; a port is written [address]:port")),
    }
}

fn port_of(text: &str) -> Result<u16, String> {
    if text.contains(':') {
        return Err("too many colons; an IPv6 address with a port is written [address]:port".into());
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.then(|| text.parse().ok()).flatten().filter(|port| *port != 0);
    port.ok_or_else(|| format!("{text:?} is not a port (1 to 65535)"))
}

/// The name as DNS, SNI and certificates have it: with A-labels, as Windows makes them. UTS 46; RFC 5891 4.4.
pub fn in_ascii(text: &str) -> Result<String, String> {
    let ascii = match text.is_ascii() {
        true => text.to_string(),
        false => idna::domain_to_ascii(text).map_err(|_| format!("{text:?} is no name of DNS: it has no form in A-labels (xn--...)"))?,
    };
    fits_dns(&ascii).map(|()| ascii)
}

/// Whether DNS can hold a name of A-labels. RFC 1035 2.3.4.
fn fits_dns(name: &str) -> Result<(), String> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let wrong = match () {
        () if bare.split('.').any(str::is_empty) => "a label is empty".to_string(),
        () if bare.split('.').any(|label| label.len() > LONGEST_LABEL) => format!("a label has more than {LONGEST_LABEL} characters"),
        () if bare.len() > LONGEST_NAME => format!("it has more than {LONGEST_NAME} characters"),
        () => return Ok(()),
    };
    Err(format!("{name:?} is no name of DNS: {wrong}"))
}

/// RFC 1035 2.3.4.
const LONGEST_LABEL: usize = 63;
/// RFC 1035 2.3.4: 255 bytes on the wire are 253 characters.
pub const LONGEST_NAME: usize = 253;

fn host_of(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a host is missing".into());
    }
    let cannot = |c: char| c.is_whitespace() || c.is_control() || "/\\?#@[]%,;'\"<>|&".contains(c);
    let whole = |text: &str| text.chars().find(|c| cannot(*c)).map_or(Ok(()), |wrong| Err(format!("{wrong:?} cannot stand in a host")));
    whole(text)?;
    // A character that turns into a separator (a full-width slash) is seen behind the translation.
    let ascii = in_ascii(text)?;
    let text = ascii.as_str();
    whole(text)?;
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numeric && text.parse::<Ipv4Addr>().is_err() {
        return Err(format!("{text:?} is not an IPv4 address"));
    }
    Ok(text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_target_is_understood() {
        let longest = [&"x".repeat(63), &"x".repeat(63), &"x".repeat(63), &"x".repeat(61)].map(String::as_str).join(".");
        let rows = [
            ("vpn.example.test", "vpn.example.test", 443),
            ("vpn.example.test:8443", "vpn.example.test", 8443),
            ("vpn.example.test.", "vpn.example.test.", 443),
            (&longest, &longest, 443),
            ("vpn_1", "vpn_1", 443),
            ("192.0.2.7", "192.0.2.7", 443),
            ("192.0.2.7:444", "192.0.2.7", 444),
            ("2001:db8::7", "2001:db8::7", 443),
            ("[2001:db8::7]", "2001:db8::7", 443),
            ("[2001:db8::7]:444", "2001:db8::7", 444),
            ("https://vpn.example.test", "vpn.example.test", 443),
            ("https://vpn.example.test/", "vpn.example.test", 443),
            ("HTTPS://vpn.example.test:8443/", "vpn.example.test", 8443),
            ("https://[2001:db8::7]:444/", "2001:db8::7", 444),
            (" vpn.example.test ", "vpn.example.test", 443),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", 443),
            ("b\u{fc}cher.example", "xn--bcher-kva.example", 443),
            ("B\u{dc}CHER.example:8443", "xn--bcher-kva.example", 8443),
            ("https://stra\u{df}e.example/", "xn--strae-oqa.example", 443),
            ("vpn\u{3002}\u{4f8b}\u{3048}.example", "vpn.xn--r8jz45g.example", 443),
            ("\u{ff11}92.0.2.7", "192.0.2.7", 443),
        ];
        for (text, host, port) in rows {
            assert_eq!(Target::parse(text), Ok(Target { host: host.into(), port }), "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused_with_a_reason() {
        let rows = [
            ("", "a host is missing"),
            (":443", "a host is missing"),
            ("https://", "a host is missing"),
            ("http://vpn.example.test", "not http://"),
            ("sstp://vpn.example.test", "not sstp://"),
            ("vpn.example.test:", "is not a port"),
            ("vpn.example.test:0", "is not a port"),
            ("vpn.example.test:65536", "is not a port"),
            ("vpn.example.test:+443", "is not a port"),
            ("vpn.example.test:https", "is not a port"),
            ("2001:db8::7:x", "[address]:port"),
            ("[2001:db8::7", "not closed"),
            ("[vpn]:443", "not an IPv6 address"),
            ("[2001:db8::7]443", "after the bracket"),
            ("https://vpn.example.test/sra_x/", "path of SSTP is fixed"),
            ("https://user:secret@vpn.example.test/", "use --user"),
            ("user@vpn.example.test", "use --user"),
            ("user:secret@vpn.example.test:443", "use --user"),
            ("vpn example", "' ' cannot stand"),
            ("vpn\x1b[2J", "'\\u{1b}' cannot stand"),
            ("b\u{fc}\u{fffd}cher.example", "xn--"),
            ("b\u{fc}cher\u{ff0f}x.example", "'/' cannot stand"),
            ("xn--\u{fc}.example", "xn--"),
            ("256.1.1.1", "not an IPv4 address"),
            ("b\u{fc}cher..example", "a label is empty"),
            (".b\u{fc}cher.example", "a label is empty"),
            ("vpn..example.test", "a label is empty"),
            (".", "a label is empty"),
            (&"\u{fc}".repeat(70), "more than 63 characters"),
            (&format!("{}.example.test", "x".repeat(64)), "more than 63 characters"),
            (&["x".repeat(63).as_str(); 4].join("."), "more than 253 characters"),
        ];
        for (text, reason) in rows {
            let error = Target::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("secret"));
        }
    }
}
