//! One small file over plain HTTP: a revocation list, an OCSP answer, an issuer. Bounded in size, time and redirects.
//! Nothing is noted here, and nothing is fetched unless the user asked for it.

use super::dial::connect_quietly;
use super::dns::{self, Resolver};
use super::proxy::{self, Asking, Kind, ProxyConfig};
use super::wiretap::{Ear, Wired};
use crate::base::Layer;
use crate::proto::proxy_login::{Course, Next, Scheme};
use crate::transcript::ConnectFailure;
use crate::transcript::proxy::Header;
use crate::wire::http::{Head, Parsed};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// `http://host[:port]/path`.
    pub url: String,
    /// Body and content type of a POST; a GET otherwise.
    pub post: Option<(&'static str, Vec<u8>)>,
    /// More bytes than so many are refused.
    pub most: usize,
}

/// The way there.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// How names are resolved.
    pub resolver: Resolver,
    /// The forward proxy that is asked in place of the server. Windows goes through that of WinHTTP.
    pub proxy: Option<ProxyConfig>,
}

/// Fetches; the error says what went wrong, for a person.
pub async fn fetch(wanted: &Wanted, way: &Way, within: Duration) -> Result<Vec<u8>, String> {
    match timeout(within, following(wanted, way, within)).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", (within.as_secs_f32() * 100.0).round() / 100.0)),
    }
}

async fn following(wanted: &Wanted, way: &Way, within: Duration) -> Result<Vec<u8>, String> {
    let mut url = wanted.url.clone();
    let mut course = Course::new(way.proxy.as_ref().and_then(|proxy| proxy.credentials.as_ref()));
    let mut login = zeroize::Zeroizing::new(String::new());
    for _ in 0..=MOST_REDIRECTS {
        match once(&url, wanted, way, within, &login).await? {
            Answer::Body(body) => return Ok(body),
            Answer::Elsewhere(next) => url = next,
            Answer::Login(head) => login = logged_in(&mut course, &head, wanted, &url)?,
        }
    }
    Err(format!("more than {MOST_REDIRECTS} redirects"))
}

/// The login that a proxy asks for in answer to a request for `url`.
fn logged_in(course: &mut Course<'_>, head: &Head, wanted: &Wanted, url: &str) -> Result<zeroize::Zeroizing<String>, String> {
    let method = if wanted.post.is_some() { "POST" } else { "GET" };
    let chance = proxy::chance().ok_or("the system gives no random numbers")?;
    match course.challenged(head, method, url, chance) {
        Next::Again { scheme: Scheme::Ntlm, .. } => Err("the proxy wants NTLM, which we do for tunnels only".into()),
        Next::Again { line, .. } => Ok(line),
        Next::GiveUp(_) => Err(format!("the answer through the proxy is {}", head.start)),
    }
}

enum Answer {
    Body(Vec<u8>),
    Elsewhere(String),
    /// The proxy wants credentials.
    Login(Head),
}

async fn once(url: &str, wanted: &Wanted, way: &Way, within: Duration, login: &str) -> Result<Answer, String> {
    let place = Place::of(url).ok_or_else(|| format!("{url:?} is no address of the form http://host/path"))?;
    let mut tcp = connect(&place, way, within).await?;
    let proxied = way.proxy.as_ref().is_some_and(|proxy| proxy.kind == Kind::Http);
    tcp.write_all(&request(&place, wanted, proxied, login)).await.map_err(|error| format!("the request could not be sent: {error}"))?;
    let (head, mut body) = head(&mut tcp).await?;
    match (head.status, head.header("location")) {
        (Some(200), _) => {}
        (Some(301 | 302 | 303 | 307 | 308), Some(next)) => return Ok(Answer::Elsewhere(absolute(&place, next))),
        (Some(407), _) if proxied => return Ok(Answer::Login(head)),
        _ if proxied => return Err(format!("the answer through the proxy is {}", head.start)),
        _ => return Err(format!("the answer is {}", head.start)),
    }
    let chunked = head.header("transfer-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    let length = head.header("content-length").and_then(|length| length.trim().parse::<usize>().ok()).filter(|_| !chunked);
    if length.is_some_and(|length| length > wanted.most) {
        return Err(too_long(wanted.most));
    }
    // Chunk headers are counted too: twice the limit is room for them.
    let enough = if chunked { wanted.most.saturating_mul(2) } else { wanted.most };
    read_on(&mut tcp, &mut body, length, enough, chunked).await?;
    let body = if chunked { unchunked(&body).ok_or("the chunks of the answer cannot be read")? } else { body };
    match (body.len(), length) {
        (got, Some(length)) if got < length => Err(format!("the answer ends after {got} of {length} bytes")),
        (got, _) if got > wanted.most => Err(too_long(wanted.most)),
        _ => Ok(Answer::Body(body)),
    }
}

fn too_long(most: usize) -> String {
    format!("the answer is longer than {most} bytes")
}

async fn connect(place: &Place, way: &Way, within: Duration) -> Result<Wired, String> {
    let (host, port) = way.proxy.as_ref().map_or((&place.host, place.port), |proxy| (&proxy.host, proxy.port));
    let addresses = dns::look_up(host, &way.resolver, within).await.map_err(|says| format!("{host}: {says}"))?;
    let mut last = String::new();
    for address in addresses.into_iter().take(MOST_ADDRESSES) {
        let to = SocketAddr::new(address, port);
        match connect_quietly(to, within / 2, &Ear::default()).await {
            Ok(tcp) => return through(tcp, place, way, within).await,
            Err(error) => last = format!("no connection to {to}: {}", in_words(&error)),
        }
    }
    Err(last)
}

/// Through a SOCKS proxy there is a tunnel first.
async fn through(mut tcp: Wired, place: &Place, way: &Way, within: Duration) -> Result<Wired, String> {
    if let Some(proxy) = way.proxy.as_ref().filter(|proxy| proxy.kind == Kind::Socks5) {
        let host = if place.host.contains(':') { format!("[{}]", place.host) } else { place.host.clone() };
        let asking = Asking { proxy, target: &format!("{host}:{}", place.port), header: Header::None, within };
        proxy::open(&mut tcp, &asking, |_| {}).await.map_err(|trouble| trouble.reason.to_string())?;
    }
    Ok(tcp)
}

fn in_words(error: &std::io::Error) -> String {
    match super::dial::classify(error) {
        ConnectFailure::Refused => "refused".into(),
        ConnectFailure::TimedOut => "no answer".into(),
        ConnectFailure::Reset => "reset".into(),
        ConnectFailure::Unreachable => "the network does not lead there".into(),
        ConnectFailure::Other => error.to_string(),
    }
}

/// To a proxy the whole address is said. RFC 9112 3.2.2.
fn request(place: &Place, wanted: &Wanted, proxied: bool, login: &str) -> zeroize::Zeroizing<Vec<u8>> {
    let (method, body) = wanted.post.as_ref().map_or(("GET", None), |post| ("POST", Some(post)));
    let Place { authority, path, .. } = place;
    let target = if proxied { format!("http://{authority}{path}") } else { path.clone() };
    let mut text = zeroize::Zeroizing::new(format!(
        "{method} {target} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: sstp-diag/{}\r\n",
        env!("CARGO_PKG_VERSION")
    ));
    text.push_str(login);
    if let Some((kind, body)) = body {
        *text += &format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
    }
    *text += "Accept: */*\r\nConnection: close\r\n\r\n";
    zeroize::Zeroizing::new([text.as_bytes(), body.map_or(&[][..], |(_, body)| body)].concat())
}

/// The head of the answer, and what came behind it.
async fn head(tcp: &mut Wired) -> Result<(Head, Vec<u8>), String> {
    let mut got = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let n = tcp.read(&mut chunk).await.map_err(|error| format!("the connection broke: {error}"))?;
        got.extend(chunk.get(..n).unwrap_or_default());
        match Head::parse_response(Layer::Cert, &got) {
            Ok(Parsed::Whole(head, len)) => return Ok((head, got.split_off(len))),
            Ok(Parsed::Partial) if n > 0 => {}
            Ok(Parsed::Partial) => return Err("the connection was closed without an answer".into()),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Reads until the length is there, the last chunk came, or the peer closes.
async fn read_on(tcp: &mut Wired, body: &mut Vec<u8>, length: Option<usize>, enough: usize, chunked: bool) -> Result<(), String> {
    let mut chunk = vec![0; 16 * 1024];
    while length.is_none_or(|length| body.len() < length) && !(chunked && body.ends_with(LAST_CHUNK) && unchunked(body).is_some()) {
        match tcp.read(&mut chunk).await {
            Ok(0) => return Ok(()),
            Ok(n) => body.extend(chunk.get(..n).unwrap_or_default()),
            Err(error) => return Err(format!("the connection broke: {error}")),
        }
        if body.len() > enough {
            return Err(too_long(enough));
        }
    }
    Ok(())
}

/// A body in chunks, put together; nothing when it is not whole. RFC 9112 7.1.
pub fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
        let line = std::str::from_utf8(bytes.get(..end)?).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let start = end + 2;
        body.extend(bytes.get(start..start.checked_add(size)?)?);
        bytes = bytes.get(start + size..)?.strip_prefix(b"\r\n")?;
    }
}

/// Where a URL points to.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// As it stands in the URL: for the Host header.
    authority: String,
    host: String,
    port: u16,
    path: String,
}

impl Place {
    /// Nothing for other schemes, users, and what could not stand in a request line.
    fn of(url: &str) -> Option<Place> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => v6.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':')))?,
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(HTTP), |port| port.parse().ok())?;
        let sane = !host.is_empty() && !url.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii() || c == '@');
        let http = scheme.eq_ignore_ascii_case("http");
        (http && sane).then(|| Place { authority: authority.into(), host: host.into(), port, path })
    }
}

/// RFC 9110 10.2.2: a Location may be relative.
fn absolute(from: &Place, location: &str) -> String {
    match (location.contains("://"), location.starts_with('/')) {
        (true, _) => location.to_string(),
        (false, true) => format!("http://{}{location}", from.authority),
        (false, false) => {
            let folder = from.path.rfind('/').and_then(|end| from.path.get(..=end)).unwrap_or("/");
            format!("http://{}{folder}{location}", from.authority)
        }
    }
}

/// RFC 9110 4.2.1: the port of `http`.
const HTTP: u16 = 80;
/// Ours: so many redirects are followed.
const MOST_REDIRECTS: usize = 3;
/// Ours: so many addresses of a name are tried, one after the other.
const MOST_ADDRESSES: usize = 3;
/// RFC 9112 7.1: the last chunk without trailers.
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

#[cfg(test)]
mod tests;
