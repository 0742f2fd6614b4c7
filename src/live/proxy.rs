//! HTTP CONNECT through a forward proxy, without credentials or with Basic ones. MS-SSTP 4.5, RFC 9110 9.3.6.

use super::notes::{Notes, timed_out};
use super::tap::Tap;
use super::wiretap::Wired;
use crate::base::{Bytes, Layer, Secret, Side, WireError, base64};
use crate::transcript::{How, Reason, What};
use crate::wire::http::{Head, Parsed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A proxy as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// For Basic authentication, RFC 7617.
    pub credentials: Option<ProxyCredentials>,
}

/// Who we are to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyCredentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret<String>,
}

/// Why a text names no proxy that can be used; the text itself may hold a password and is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAProxy {
    /// What was expected.
    pub expected: &'static str,
}

impl std::fmt::Display for NotAProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a proxy: expected {}", self.expected)
    }
}

impl std::error::Error for NotAProxy {}

impl ProxyConfig {
    /// Reads `http://[user[:password]@]host[:port][/]`; user and password may be percent-encoded, the scheme may be left out.
    pub fn parse(text: &str) -> Result<ProxyConfig, NotAProxy> {
        let fail = |expected| NotAProxy { expected };
        let rest = match text.trim().split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return Err(fail("the scheme http://")),
            None => text.trim(),
        };
        let rest = rest.trim_end_matches('/');
        let (user_info, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        let (host, port) = host_and_port(place).ok_or(fail("http://[user@]host:port"))?;
        let credentials = user_info.map(|info| {
            let (user, password) = info.split_once(':').unwrap_or((info, ""));
            ProxyCredentials { user: percent_decoded(user), password: Secret::new(percent_decoded(password)) }
        });
        Ok(ProxyConfig { host, port, credentials })
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Asks the proxy for `target` (`host:port`) and notes both heads; the tunnel, or nothing after a `Down` was noted.
pub async fn tunnel(tcp: impl Into<Wired>, proxy: &ProxyConfig, target: &str, within: Duration, notes: &mut Notes<'_>) -> Option<Tap> {
    let mut tcp = tcp.into();
    notes.began(Layer::Proxy);
    let with_credentials = proxy.credentials.is_some();
    let request = What::ProxyRequest { proxy: proxy.authority(), target: target.to_string(), with_credentials, says_sstp: true };
    notes.note(Some(Side::Client), Layer::Proxy, request);
    match exchange(&mut tcp, proxy, target, within).await {
        Ok(reply) => {
            notes.note_raw(None, Layer::Proxy, What::ProxyReply(reply.head.clone()), reply.raw.clone());
            if let Some(says) = reply.refusal() {
                notes.down(Layer::Proxy, Reason::Refused(says));
                return None;
            }
            notes.up(Layer::Proxy);
            Some(Tap::new(tcp, reply.ahead))
        }
        Err(trouble) => {
            if let Some(error) = trouble.undecoded {
                notes.note_raw(None, Layer::Proxy, What::Undecoded(error), trouble.raw);
            }
            notes.down(Layer::Proxy, trouble.reason);
            None
        }
    }
}

/// The proxy's answer and what came right behind it.
#[derive(Debug)]
pub struct Reply {
    /// Its head.
    pub head: Head,
    /// The bytes of the head.
    pub raw: Bytes,
    /// Bytes behind the head.
    pub ahead: Vec<u8>,
}

impl Reply {
    /// The status line when the tunnel was not given. RFC 9110 9.3.6: any 2xx gives it.
    pub fn refusal(&self) -> Option<String> {
        let given = self.head.status.is_some_and(|status| (200..300).contains(&status));
        (!given).then(|| self.head.start.clone())
    }
}

/// Why there is no answer to look at.
#[derive(Debug)]
pub struct Trouble {
    /// The reason.
    pub reason: Reason,
    /// What could not be read.
    pub undecoded: Option<WireError>,
    /// The first bytes that came.
    pub raw: Bytes,
}

/// Sends CONNECT and reads the head of the answer; nothing is noted.
pub async fn exchange(tcp: &mut Wired, proxy: &ProxyConfig, target: &str, within: Duration) -> Result<Reply, Trouble> {
    let mut got = Vec::new();
    let answer = tokio::time::timeout(within, async {
        tcp.write_all(&request(proxy, target)).await.map_err(|_| Stop::Closed(How::Reset))?;
        read_head(tcp, &mut got).await
    });
    let stop = match answer.await {
        Ok(Ok((head, len))) => return Ok(Reply { head, raw: Bytes::from(&got[..len]), ahead: got.split_off(len) }),
        Ok(Err(stop)) => stop,
        Err(_) => Stop::Silent,
    };
    got.truncate(SHOWN);
    let (reason, undecoded) = match stop {
        Stop::Closed(how) => (Reason::Closed(how), None),
        Stop::Silent => (timed_out("answer of the proxy to CONNECT", within), None),
        Stop::Undecoded(error) => (Reason::Violated(error.what.clone()), Some(error)),
    };
    Err(Trouble { reason, undecoded, raw: got.into() })
}

enum Stop {
    Closed(How),
    Silent,
    Undecoded(WireError),
}

async fn read_head(tcp: &mut Wired, got: &mut Vec<u8>) -> Result<(Head, usize), Stop> {
    let mut chunk = [0; 2048];
    loop {
        match tcp.read(&mut chunk).await {
            Ok(0) => return Err(Stop::Closed(How::Fin)),
            Err(_) => return Err(Stop::Closed(How::Reset)),
            Ok(n) => got.extend(&chunk[..n]),
        }
        match Head::parse_response(Layer::Proxy, got) {
            Ok(Parsed::Whole(head, len)) => return Ok((head, len)),
            Ok(Parsed::Partial) => {}
            Err(error) => return Err(Stop::Undecoded(error)),
        }
    }
}

/// MS-SSTP 4.5: CONNECT with `SSTPVERSION: 1.0`.
fn request(proxy: &ProxyConfig, target: &str) -> zeroize::Zeroizing<Vec<u8>> {
    let mut text = zeroize::Zeroizing::new(format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nSSTPVERSION: 1.0\r\nUser-Agent: sstp-diag/{}\r\n",
        env!("CARGO_PKG_VERSION")
    ));
    text.push_str(&authorization(proxy));
    *text += "\r\n";
    zeroize::Zeroizing::new(text.as_bytes().to_vec())
}

/// The header line that shows our credentials, with its line end; nothing without any. RFC 7617 2.
pub(super) fn authorization(proxy: &ProxyConfig) -> zeroize::Zeroizing<String> {
    let mut line = zeroize::Zeroizing::new(String::new());
    if let Some(credentials) = &proxy.credentials {
        let pair = zeroize::Zeroizing::new(format!("{}:{}", credentials.user, credentials.password.expose()));
        *line += "Proxy-Authorization: Basic ";
        *line += &base64(pair.as_bytes());
        *line += "\r\n";
    }
    line
}

fn host_and_port(place: &str) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(DEFAULT_PORT), |port| port.parse().ok().filter(|port| *port != 0))?;
    let sane = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#".contains(c));
    sane.then(|| (host.to_string(), port))
}

/// RFC 3986 2.1; a stray per cent sign stands for itself.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let coded = tail.get(..2).filter(|_| first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match coded.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &tail[2..]),
            None => (bytes.push(first), rest = tail),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// RFC 9110 4.2.1: the port of `http`.
const DEFAULT_PORT: u16 = 80;
/// Ours: so many bytes of an answer that cannot be read are kept.
const SHOWN: usize = 256;

#[cfg(test)]
mod tests;
