//! A box that ends TLS itself, with a certificate of its own, and looks at the HTTP in it.

use super::write;
use crate::base::Layer;
use crate::live::keylog::KeyLogs;
use crate::live::listen::{Door, drain, say_and_close, tls_config};
use crate::live::tap::Tap;
use crate::live::tls::{self, Settings};
use crate::wire::http::{Head, Parsed};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// One thing that a box does about HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpRule {
    /// It answers this to more requests than so many in a second.
    TooMany(u32, &'static str),
    /// It answers everything with this.
    Answers(&'static str),
    /// It answers methods other than these with this.
    Methods(&'static [&'static str], &'static str),
    /// It answers this when the target holds that.
    Targets(&'static str, &'static str),
    /// It answers this to a length that does not fit into 63 bits.
    Lengths(&'static str),
    /// It says nothing to a length that does not fit into 63 bits.
    LosesLengths,
    /// It waits for the end of the request.
    BuffersRequest,
    /// It waits for the end of the response.
    BuffersResponse,
    /// It sends the response in chunks.
    Chunks,
    /// It escapes braces in the target.
    Escapes,
    /// It writes the names of headers in lower case.
    LowerCase,
    /// It says HTTP/1.0 to the client.
    SaysHttp10,
    /// It takes this header away from the response.
    Strips(&'static str),
    /// It puts the headers of the request into another order.
    Reorders,
    /// It passes on nothing behind the head of the request.
    Swallows,
    /// It hands an answer back only so many milliseconds after it came.
    Late(u64),
}

/// The parts that a box needs for it.
pub(super) struct Inspector {
    acceptor: TlsAcceptor,
    rules: &'static [HttpRule],
    /// Requests since then.
    counted: Mutex<(Instant, u32)>,
}

impl Inspector {
    pub fn new(rules: &'static [HttpRule], door: &Door) -> Result<Inspector, rustls::Error> {
        Ok(Inspector {
            acceptor: TlsAcceptor::from(Arc::new(tls_config(door, &door.identity)?)),
            rules,
            counted: Mutex::new((Instant::now(), 0)),
        })
    }

    /// Speaks TLS with both ends and HTTP between them.
    pub async fn between(&self, client: Tap, upstream: SocketAddr, name: &str) {
        let Ok(Ok(mut client)) = tokio::time::timeout(SHAKING, self.acceptor.accept(client)).await else { return };
        let Ok(tcp) = TcpStream::connect(upstream).await else { return };
        let _ = tcp.set_nodelay(true);
        let settings = Settings { server_name: name.to_string(), keylog: Arc::new(KeyLogs::default()), alpn: Vec::new() };
        let Ok(server) = tls::handshake(Tap::new(tcp, Vec::new()), &settings, SHAKING).await else { return };
        self.http(&mut client, server.stream).await;
    }

    async fn http<C, S>(&self, client: &mut C, mut server: S)
    where
        C: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some((head, mut body)) = read_head(client, Head::parse_request).await else { return };
        if let Some(answer) = self.too_many().or_else(|| self.rules.iter().find_map(|rule| own_answer(*rule, &head))) {
            return say_and_close(client, answer.as_bytes()).await;
        }
        if self.has(HttpRule::LosesLengths) && length(&head).is_some_and(|length| length > i64::MAX as u64) {
            return drain(client).await;
        }
        if self.has(HttpRule::BuffersRequest) && !whole(client, &head, &mut body).await {
            return drain(client).await;
        }
        let head = self.rules.iter().fold(head, |head, rule| passed_on(*rule, head));
        // A request that has no body has nothing to be swallowed.
        let deaf = self.has(HttpRule::Swallows) && length(&head).is_some_and(|length| length > 0);
        if !write(&mut server, &if deaf { head.emit() } else { [head.emit(), body].concat() }).await {
            return;
        }
        // What is still to come of the request is passed on meanwhile.
        let Some((answer, rest)) = answered(client, &mut server, self.has(HttpRule::BuffersResponse), deaf).await else {
            return drain(client).await;
        };
        for rule in self.rules {
            if let HttpRule::Late(millis) = rule {
                tokio::time::sleep(Duration::from_millis(*millis)).await;
            }
        }
        let chunks = self.has(HttpRule::Chunks) && length(&answer).is_some_and(|length| length > 0);
        let answer = self.rules.iter().fold(answer, |answer, rule| handed_back(*rule, answer, chunks));
        let rest = if chunks && !rest.is_empty() { chunk(&rest) } else { rest };
        if write(client, &[answer.emit(), rest].concat()).await {
            both_ways(client, &mut server, chunks, deaf).await;
        }
    }

    fn too_many(&self) -> Option<&'static str> {
        let (most, text) = self.rules.iter().find_map(|rule| match rule {
            HttpRule::TooMany(most, text) => Some((*most, *text)),
            _ => None,
        })?;
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0.elapsed() >= SECOND {
            *counted = (Instant::now(), 0);
        }
        counted.1 += 1;
        (counted.1 > most).then_some(text)
    }

    fn has(&self, rule: HttpRule) -> bool {
        self.rules.contains(&rule)
    }
}

/// What the box says in place of the server.
fn own_answer(rule: HttpRule, head: &Head) -> Option<&'static str> {
    let (method, target, _) = head.request_line()?;
    match rule {
        HttpRule::Answers(text) => Some(text),
        HttpRule::Methods(known, text) if !known.contains(&method) => Some(text),
        HttpRule::Targets(part, text) if target.contains(part) => Some(text),
        HttpRule::Lengths(text) if length(head).is_some_and(|length| length > i64::MAX as u64) => Some(text),
        _ => None,
    }
}

fn passed_on(rule: HttpRule, mut head: Head) -> Head {
    match rule {
        HttpRule::Escapes => head.start = head.start.replace('{', "%7B").replace('}', "%7D"),
        HttpRule::LowerCase => head.headers.iter_mut().for_each(|row| row.0.make_ascii_lowercase()),
        HttpRule::Reorders => head.headers.reverse(),
        _ => {}
    }
    head
}

fn handed_back(rule: HttpRule, mut head: Head, chunks: bool) -> Head {
    match rule {
        HttpRule::LowerCase => head.headers.iter_mut().for_each(|row| row.0.make_ascii_lowercase()),
        HttpRule::SaysHttp10 => head.start = head.start.replacen("HTTP/1.1", "HTTP/1.0", 1),
        HttpRule::Strips(name) => head.headers.retain(|row| !row.0.eq_ignore_ascii_case(name)),
        HttpRule::Chunks if chunks => {
            head.headers.retain(|row| !row.0.eq_ignore_ascii_case("content-length"));
            head.headers.push(("Transfer-Encoding".into(), "chunked".into()));
        }
        _ => {}
    }
    head
}

/// Content-Length, where there is one that can be read.
fn length(head: &Head) -> Option<u64> {
    head.header("content-length")?.trim().parse().ok()
}

/// Reads a body to its end, as much of it as a box would keep; false when it does not end.
async fn whole<S: AsyncRead + Unpin>(from: &mut S, head: &Head, body: &mut Vec<u8>) -> bool {
    let chunked = head.header("transfer-encoding").is_some();
    let mut left = length(head).unwrap_or(0).saturating_sub(body.len() as u64);
    if left == 0 && !chunked {
        return true;
    }
    let mut buffer = [0; 2048];
    let reads = async {
        while left > 0 || chunked {
            match from.read(&mut buffer).await {
                Ok(n) if n > 0 => {
                    left = left.saturating_sub(n as u64);
                    body.extend(buffer.get(..n).unwrap_or_default().iter().take(MOST_KEPT.saturating_sub(body.len())));
                }
                _ => return false,
            }
        }
        true
    };
    tokio::time::timeout(WAITS, reads).await.unwrap_or(false)
}

/// The head of an answer, or `all` of it, while what the client says is passed on, unless the box is `deaf`; nothing when there is none, or it has no end.
async fn answered<C, S>(client: &mut C, server: &mut S, all: bool, deaf: bool) -> Option<(Head, Vec<u8>)>
where
    C: AsyncRead + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from, mut to) = tokio::io::split(server);
    let answer = async {
        let (head, mut body) = read_head(&mut from, Head::parse_response).await?;
        (!all || whole(&mut from, &head, &mut body).await).then_some((head, body))
    };
    let up = async {
        let mut buffer = [0; 2048];
        while let Ok(n) = client.read(&mut buffer).await {
            if n == 0 || !deaf && !write(&mut to, buffer.get(..n).unwrap_or_default()).await {
                return;
            }
        }
    };
    tokio::select! {
        answer = answer => answer,
        () = up => None,
    }
}

async fn read_head<S: AsyncRead + Unpin>(
    from: &mut S,
    parse: fn(Layer, &[u8]) -> Result<Parsed, crate::base::WireError>,
) -> Option<(Head, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        match parse(Layer::Http, &bytes).ok()? {
            Parsed::Whole(head, len) => return Some((head, bytes.split_off(len))),
            Parsed::Partial => {}
        }
        match tokio::time::timeout(WAITS, from.read(&mut buffer)).await {
            Ok(Ok(n)) if n > 0 => bytes.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            _ => return None,
        }
    }
}

/// Passes on what follows, that of the server in chunks if need be and that of the client unless the box is `deaf`, until one end is done.
async fn both_ways<C, S>(client: &mut C, server: &mut S, chunks: bool, deaf: bool)
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let passed = tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(n) if n > 0 => deaf || write(server, up.get(..n).unwrap_or_default()).await,
                _ => false,
            },
            read = server.read(&mut down) => match read {
                Ok(n) if n > 0 => {
                    let bytes = down.get(..n).unwrap_or_default();
                    let framed = if chunks { chunk(bytes) } else { bytes.to_vec() };
                    write(client, &framed).await
                }
                _ => false,
            },
        };
        if !passed {
            let _ = tokio::time::timeout(SHAKING, tokio::io::AsyncWriteExt::shutdown(client)).await;
            return;
        }
    }
}

/// RFC 9112 7.1.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Ours: a handshake may take so long.
const SHAKING: Duration = Duration::from_secs(10);
/// What requests are counted in.
const SECOND: Duration = Duration::from_secs(1);
/// Ours: bytes of a body that are kept.
const MOST_KEPT: usize = 1 << 20;
/// Ours: so long a body is waited for, and then the client is left waiting.
const WAITS: Duration = Duration::from_secs(120);
