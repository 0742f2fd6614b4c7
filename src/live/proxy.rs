//! A tunnel through a forward proxy: HTTP CONNECT (MS-SSTP 4.5, RFC 9110 9.3.6) with a login, or SOCKS5 (RFC 1928).

mod connect;
pub mod find;
pub mod policy;
mod socks;

pub use crate::proto::proxy_login::ProxyCredentials;

use super::clock::Clock;
use super::notes::{Notes, timed_out};
use super::tap::Tap;
use super::wiretap::Wired;
use crate::base::{Bytes, Layer, Secret, Side, WireError};
use crate::proto::proxy_login::Chance;
use crate::transcript::proxy::{Header, Step};
use crate::transcript::{How, Reason, What};
use crate::wire::http::Head;
use std::time::Duration;

/// A proxy as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyConfig {
    /// What is spoken with it.
    pub kind: Kind,
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Who we are to it.
    pub credentials: Option<ProxyCredentials>,
}

/// What is spoken with the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP: CONNECT.
    Http,
    /// SOCKS version 5.
    Socks5,
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
    /// Reads `http://[user[:password]@]host[:port][/]` or the same with `socks5://` or `socks5h://`; user and password may be
    /// percent-encoded, the scheme `http://` may be left out.
    pub fn parse(text: &str) -> Result<ProxyConfig, NotAProxy> {
        let fail = |expected| NotAProxy { expected };
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("http", text.trim()));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => Kind::Http,
            "socks5" | "socks5h" => Kind::Socks5,
            _ => return Err(fail("the scheme http:// or socks5://")),
        };
        let rest = rest.trim_end_matches('/');
        let (user_info, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        let default = if kind == Kind::Http { HTTP } else { SOCKS };
        let (host, port) = host_and_port(place, default).ok_or(fail("http://[user@]host:port or socks5://[user@]host:port"))?;
        let credentials = user_info.map(|info| {
            let (user, password) = info.split_once(':').unwrap_or((info, ""));
            ProxyCredentials { user: percent_decoded(user), password: Secret::new(percent_decoded(password)) }
        });
        Ok(ProxyConfig { kind, host, port, credentials })
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Asks the proxy for `target` (`host:port`) and notes what is said; the tunnel, or nothing after a `Down` was noted.
pub async fn tunnel(tcp: impl Into<Wired>, proxy: &ProxyConfig, target: &str, within: Duration, notes: &mut Notes<'_>) -> Option<Tap> {
    let mut tcp = tcp.into();
    notes.began(Layer::Proxy);
    let asking = Asking { proxy, target, header: Header::Sstp, within };
    let mut status = None;
    let heard = |said: Said| match said {
        Said::Request { with_credentials } => {
            let (proxy, target, says_sstp) = (proxy.authority(), target.to_string(), asking.proxy.kind == Kind::Http);
            let request = What::ProxyRequest { proxy, target, with_credentials, says_sstp };
            notes.note(Some(Side::Client), Layer::Proxy, request);
        }
        Said::Reply(reply) => {
            status = reply.head.status;
            notes.note_raw(None, Layer::Proxy, What::ProxyReply(reply.head), reply.raw);
        }
        Said::Step(step) => notes.note(None, Layer::Proxy, What::Proxy(Box::new(step))),
    };
    match open(&mut tcp, &asking, heard).await {
        Ok(ahead) => {
            notes.up(Layer::Proxy);
            Some(Tap::new(tcp, ahead))
        }
        Err(trouble) => {
            if let Some(error) = trouble.undecoded {
                notes.note_raw(None, Layer::Proxy, What::Undecoded(error), trouble.raw);
            }
            if matches!(status, Some(403 | 405)) {
                contrast(&tcp, &asking, notes).await;
            }
            notes.down(Layer::Proxy, trouble.reason);
            None
        }
    }
}

/// Finds out what the refusal depends on.
async fn contrast(tcp: &Wired, asking: &Asking<'_>, notes: &mut Notes<'_>) {
    let Ok(to) = tcp.socket().peer_addr() else { return };
    let policy = policy::Policy { proxy: asking.proxy, to, within: asking.within.min(CONTRAST), ear: tcp.ear() };
    for contrast in policy.contrasts(asking.target).await {
        notes.note(None, Layer::Proxy, What::Proxy(Box::new(Step::Contrast(contrast))));
    }
}

/// What a proxy is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The proxy.
    pub proxy: &'a ProxyConfig,
    /// `host:port`
    pub target: &'a str,
    /// What CONNECT bears besides the usual headers.
    pub header: Header,
    /// How long everything may take.
    pub within: Duration,
}

/// What happens while a tunnel is asked for.
#[derive(Debug)]
pub enum Said {
    /// We ask.
    Request {
        /// Credentials are shown.
        with_credentials: bool,
    },
    /// An HTTP proxy answers.
    Reply(HeardHead),
    /// Anything else.
    Step(Step),
}

/// The head of an answer.
#[derive(Debug)]
pub struct HeardHead {
    /// As it was read.
    pub head: Head,
    /// Its bytes.
    pub raw: Bytes,
}

/// Why there is no tunnel.
#[derive(Debug)]
pub struct Trouble {
    /// The reason.
    pub reason: Reason,
    /// What could not be read.
    pub undecoded: Option<WireError>,
    /// The first bytes that came.
    pub raw: Bytes,
}

impl Trouble {
    fn of(reason: Reason) -> Trouble {
        Trouble { reason, undecoded: None, raw: Bytes::default() }
    }

    fn refused(says: &str) -> Trouble {
        Trouble::of(Reason::Refused(says.into()))
    }

    fn closed(how: How) -> Trouble {
        Trouble::of(Reason::Closed(how))
    }

    fn with(self, got: &[u8]) -> Trouble {
        Trouble { raw: Bytes::from(&got[..got.len().min(SHOWN)]), ..self }
    }
}

fn broken(_: &std::io::Error) -> Trouble {
    Trouble::closed(How::Reset)
}

/// Asks for the tunnel on a connection to the proxy and hands back what came right behind the last answer. `tcp` may be another
/// connection to the same address afterwards: a proxy may close after it asked for credentials.
pub async fn open(tcp: &mut Wired, asking: &Asking<'_>, mut heard: impl FnMut(Said)) -> Result<Vec<u8>, Trouble> {
    let exchange = async {
        match asking.proxy.kind {
            Kind::Http => connect::exchange(tcp, asking, &mut heard).await,
            Kind::Socks5 => socks::exchange(tcp, asking, &mut heard).await,
        }
    };
    match tokio::time::timeout(asking.within, exchange).await {
        Ok(result) => result,
        Err(_) => Err(Trouble::of(timed_out("answer of the proxy to CONNECT", asking.within))),
    }
}

/// What a login depends on besides the challenge; nothing when the system gives no random numbers.
pub(super) fn chance() -> Option<Chance> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).ok().map(|()| Chance { random, unix_ms: Clock::start().unix_ms() })
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`; `default` is the port where none is named.
fn host_and_port(place: &str, default: u16) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(default), |port| port.parse().ok().filter(|port| *port != 0))?;
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
const HTTP: u16 = 80;
/// RFC 1928 3: the port of SOCKS.
const SOCKS: u16 = 1080;
/// Ours: an answer that is only compared may take so long.
const CONTRAST: Duration = Duration::from_secs(5);
/// Ours: so many bytes of an answer that cannot be read are kept.
const SHOWN: usize = 256;

#[cfg(test)]
mod tests;
