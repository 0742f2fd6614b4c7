//! Some connections to a witness, and what both ends saw of them. `diag::witness` judges it.

use super::probe::ProbeConfig;
use super::probe::climb::{Reached, host_header, reach, settings};
use crate::base::{Bytes, Layer, Micros, hex};
use crate::live::Notes;
use crate::live::clock::Clock;
use crate::live::fetch::unchunked;
use crate::live::tls::{self, Secure};
use crate::live::wiretap::Ear;
use crate::live::witness::{PATH, PAUSE, PROOF, Tape, Token, hello_random, sha256};
use crate::transcript::witness::{Halves, Heard, Ours, Record, Request, Sides};
use crate::transcript::{Event, Target};
use crate::wire::http::{Head, Parsed};
use crate::wire::sstp::{self, Attribute, Message, MessageType};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How the witness is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// What both ends know.
    pub token: Token,
    /// Where its record is asked for, `host:port`; nothing: by the way that is measured.
    pub by: Option<String>,
}

/// Makes requests and one SSTP call as far as the Call Connect Ack, then asks the witness what arrived: [`MOST`] connections at most for a
/// name with one address. The way and the times are those of `config`.
pub async fn run(config: &ProbeConfig, meeting: &Meeting) -> Sides {
    let tape = Arc::new(Tape::default());
    let measured = ProbeConfig { ear: Ear::new(tape.clone()), ..config.clone() };
    let run = run_id();
    let mut ours = Ours::default();
    for number in 1..=MARKED {
        marked(&measured, &meeting.token, &tape, format!("{run}-{number}"), false, &mut ours).await;
    }
    for number in 1..=HALVES {
        marked(&measured, &meeting.token, &tape, format!("{run}-{}", MARKED + number), true, &mut ours).await;
        // What came as it was said needs no second look.
        if ours.requests.last().is_some_and(in_time) {
            break;
        }
    }
    call(&measured, &run, &tape).await;
    // What was said last is still on its way.
    tokio::time::sleep(SETTLING).await;
    ours.wires = tape.wires();
    let theirs = match &meeting.by {
        Some(at) => record(&beside(config, at), &meeting.token, &run, &ours).await,
        None => record(config, &meeting.token, &run, &ours).await,
    };
    Sides { ours, theirs }
}

/// Both halves came apart from each other at both ends.
fn in_time(request: &Request) -> bool {
    let apart = |time: Option<u64>| time.is_some_and(|time| time * 2 > Micros::from(PAUSE).0);
    apart(request.heard.as_ref().map(|heard| heard.body_us)) && apart(request.halves.and_then(|halves| halves.answer_us))
}

/// The same server by another way.
fn beside(config: &ProbeConfig, at: &str) -> ProbeConfig {
    let target = Target { connect: Some(at.to_string()), ..config.target.clone() };
    ProbeConfig { target, proxy: None, pac: None, ..config.clone() }
}

/// An SSTP call as far as the Call Connect Ack; its correlation id is the run.
async fn call(config: &ProbeConfig, run: &str, tape: &Tape) {
    let Ok(mut secure) = opened(config).await else { return };
    if let Some(local) = secure.stream.get_ref().0.local() {
        tape.mark(local, run);
    }
    let request = Head::sstp_request(&host_header(&config.target), run);
    let connect = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(sstp::ENCAPSULATED_PPP)).emit();
    let exchange = async {
        secure.stream.write_all(&request.emit()).await?;
        secure.stream.flush().await?;
        let mut chunk = [0; 2048];
        if secure.stream.read(&mut chunk).await? > 0 {
            secure.stream.write_all(&connect).await?;
            secure.stream.flush().await?;
            // Whatever the answer is, the witness has it.
            let _answer = secure.stream.read(&mut chunk).await?;
        }
        std::io::Result::Ok(())
    };
    // However it ends, both ends know it.
    let _ = tokio::time::timeout(config.timers.of(Layer::Sstp), exchange).await;
    parted(secure).await;
}

/// close_notify and FIN, and everything that still comes until the other end closes too: our system would answer it with a reset,
/// and it would look lost.
async fn parted(mut secure: Secure) {
    let farewell = async {
        secure.stream.shutdown().await?;
        let mut chunk = [0; 2048];
        while secure.stream.read(&mut chunk).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(PARTING, farewell).await;
}

/// TLS to the witness.
async fn opened(config: &ProbeConfig) -> Result<Secure, String> {
    let clock = Clock::start();
    let mut events: Vec<Event> = Vec::new();
    let reached = reach(config, &mut Notes::new(&clock, &mut events)).await;
    let Some(Reached { tap, .. }) = reached else { return Err(reason(&events)) };
    let secure = tls::handshake(tap, &settings(config), config.timers.of(Layer::Tls)).await;
    secure.map_err(|failure| format!("no connection to the witness: tls: {}", failure.says))
}

/// Asks the witness for a run once more, perhaps by another way.
pub async fn record(config: &ProbeConfig, token: &Token, run: &str, ours: &Ours) -> Result<Record, String> {
    let hellos: Vec<String> = ours.wires.iter().filter_map(|wire| hello_random(&wire.up.first)).map(hex).collect();
    let path = format!("{PATH}record/{run}?hello={}", hellos.join(","));
    let asking = Asking { method: "GET", path: &path, body: &[], pause: Duration::ZERO };
    let said = ask(config, token, &asking, |_| {}).await?;
    serde_json::from_slice(&said.body).map_err(|error| format!("the record of the witness cannot be read: {error}"))
}

/// The run of some connections.
pub fn run_of(ours: &Ours) -> Option<&str> {
    ours.requests.first()?.mark.rsplit_once('-').map(|parts| parts.0)
}

/// What was asked and what was answered.
struct Said {
    leaf_sha256: String,
    body: Vec<u8>,
    /// From the first bytes to the last.
    took_us: u64,
}

/// A request with a mark, which the witness echoes; `halves`: in two parts.
async fn marked(config: &ProbeConfig, token: &Token, tape: &Tape, mark: String, halves: bool, ours: &mut Ours) {
    let body = pattern(if halves { HALVED } else { BODY });
    // Braces, as the path of SSTP has them: proxies that escape them are seen.
    let path = format!("{PATH}{}/{mark}", if halves { "halves" } else { "mark" });
    let sent = std::cell::RefCell::new(Vec::new());
    let pause = if halves { PAUSE } else { Duration::ZERO };
    let said = ask(config, token, &Asking { method: "POST", path: &path, body: &body, pause }, |(local, head)| {
        if let Some(local) = local {
            tape.mark(local, &mark);
        }
        *sent.borrow_mut() = head;
    })
    .await;
    let pause_us = Micros::from(pause).0;
    let mut request =
        Request { mark: mark.clone(), head: Bytes::from(sent.take().as_slice()), body_sha256: sha256(&body), ..Request::default() };
    request.halves = halves.then_some(Halves { pause_us, answer_us: None });
    if let Ok(said) = said {
        let mut parts = said.body.splitn(2, |byte| *byte == b'\n');
        request.heard = parts.next().and_then(|first| serde_json::from_slice::<Heard>(first).ok());
        request.echoed = parts.next().map(|echo| echo == body);
        request.halves = halves.then_some(Halves { pause_us, answer_us: Some(said.took_us) });
        ours.leaf_sha256 = ours.leaf_sha256.take().or(Some(said.leaf_sha256));
    }
    ours.requests.push(request);
}

/// A request.
struct Asking<'a> {
    method: &'a str,
    path: &'a str,
    body: &'a [u8],
    /// Between the halves of the body; nothing: in one go.
    pause: Duration,
}

/// One request on a connection of its own; `made` hears our address and the head before it is sent.
async fn ask(
    config: &ProbeConfig,
    token: &Token,
    asking: &Asking<'_>,
    made: impl FnOnce((Option<SocketAddr>, Vec<u8>)),
) -> Result<Said, String> {
    let Asking { method, path, body, pause } = *asking;
    let mut secure = opened(config).await?;
    let proof = token.proof(format!("{method} {path}").as_bytes());
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nSSTPCORRELATIONID: {{WITNESS}}\r\n{PROOF}: {proof}\r\nContent-Length: {}\r\n\r\n",
        config.target.name(),
        body.len()
    );
    let leaf_sha256 = sha256(secure.leaf());
    made((secure.stream.get_ref().0.local(), head.clone().into_bytes()));
    let exchange = async {
        let (one, two) = body.split_at(if pause.is_zero() { body.len() } else { body.len() / 2 });
        send(&mut secure, &[head.as_bytes(), one].concat()).await?;
        if !two.is_empty() {
            tokio::time::sleep(pause).await;
            send(&mut secure, two).await?;
        }
        answer(&mut secure.stream).await
    };
    let within = config.timers.of(Layer::Http) + pause * 2;
    let answered = tokio::time::timeout(within, exchange).await;
    let (response, said, took_us) = answered.unwrap_or_else(|_| Err("the witness does not answer in time".into()))?;
    parted(secure).await;
    let proven = response.header(PROOF).is_some_and(|shown| token.proves(&[path.as_bytes(), b"\n", &said].concat(), shown));
    let shown = response.header(PROOF).is_some();
    match response.status {
        // What a mark is answered with is compared; a record must be whole.
        Some(200) if proven || shown && method == "POST" => Ok(Said { leaf_sha256, body: said, took_us }),
        Some(200) if shown => Err(UNPROVEN.into()),
        _ => Err(format!("no witness answers: {}; is `lab --witness` there, with the same token?", response.start)),
    }
}

async fn send(secure: &mut Secure, bytes: &[u8]) -> Result<(), String> {
    let sent = async {
        secure.stream.write_all(bytes).await?;
        secure.stream.flush().await
    };
    sent.await.map_err(|error| format!("the request could not be sent: {error}"))
}

/// Head and body of the answer, which ends with the connection or with its length, and how long it took from its first bytes on.
async fn answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Result<(Head, Vec<u8>, u64), String> {
    let mut got = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    let (clock, mut began) = (Clock::start(), None);
    loop {
        let n = stream.read(&mut chunk).await.unwrap_or(0);
        let now = clock.now();
        let took = (now - *began.get_or_insert(now)).0;
        got.extend(chunk.get(..n).unwrap_or_default());
        match Head::parse_response(Layer::Http, &got) {
            Ok(Parsed::Whole(head, len)) => {
                let body = got.get(len..).unwrap_or_default();
                let length = head.header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
                let chunked = head.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
                let whole = if chunked { unchunked(body) } else { length.and_then(|length| body.get(..length)).map(<[u8]>::to_vec) };
                match whole {
                    Some(body) => return Ok((head, body, took)),
                    None if n == 0 => return Ok((head, body.to_vec(), took)),
                    None => {}
                }
            }
            Ok(Parsed::Partial) if n > 0 => {}
            Ok(Parsed::Partial) => return Err("the connection was closed without an answer".into()),
            Err(error) => return Err(error.to_string()),
        }
        if got.len() > MOST_ANSWER {
            return Err(format!("the answer is longer than {MOST_ANSWER} bytes"));
        }
    }
}

fn reason(events: &[Event]) -> String {
    let down = events.iter().rev().find_map(|event| match &event.what {
        crate::transcript::What::Down(reason) => Some(format!("{}: {reason}", event.layer)),
        _ => None,
    });
    format!("no connection to the witness: {}", down.unwrap_or_else(|| "no reason was seen".into()))
}

/// Bytes that repeat nowhere, so that what is lost or doubled has a place.
fn pattern(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491u32;
    let next = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    });
    next.take(len).collect()
}

/// A GUID, MS-DTYP 2.3.4.3.
fn run_id() -> String {
    let mut bytes = [0; 16];
    // Without random numbers there is no TLS either.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let part = |from: u32, bits: u32| (number >> from) & ((1 << bits) - 1);
    format!("{{{:08X}-{:04X}-{:04X}-{:04X}-{:012X}}}", part(96, 32), part(80, 16), part(64, 16), part(48, 16), part(0, 48))
}

/// Connections of one run at most.
pub const MOST: usize = MARKED + HALVES + 2;
/// Ours: marked requests in one run.
const MARKED: usize = 2;
/// Ours: requests in halves, where the first does not arrive so.
const HALVES: usize = 2;
/// Ours: bytes of such a body.
const HALVED: usize = 2_000;
/// Ours: bytes of the body that is echoed: several records, one of the largest size.
const BODY: usize = 40_000;
/// Ours: bytes of an answer at most; a record of 64 connections has 5 MB.
const MOST_ANSWER: usize = 16 << 20;
/// Ours: the other end has so long to close as well; longer than any round trip.
const PARTING: Duration = Duration::from_secs(2);
/// Ours: what is said last has so long to arrive at both ends.
const SETTLING: Duration = Duration::from_millis(200);
const UNPROVEN: &str = "the record does not bear the witness's proof: somebody changed it on the way";

#[cfg(test)]
mod tests;
