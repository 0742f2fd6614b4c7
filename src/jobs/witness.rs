//! Some connections to a witness, and what both ends saw of them. `diag::witness` judges it.

use super::probe::climb::{Base, below};
use super::probe::{self, Beside, ProbeConfig};
use crate::base::{Bytes, Layer, Secret, hex};
use crate::live::Notes;
use crate::live::clock::Clock;
use crate::live::fetch::unchunked;
use crate::live::wiretap::Ear;
use crate::live::witness::{PATH, PROOF, Tape, Token, hello_random, sha256};
use crate::proto::plan::Credentials;
use crate::transcript::Event;
use crate::transcript::witness::{Heard, Ours, Record, Request};
use crate::wire::http::{Head, Parsed};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// What both ends saw.
#[derive(Clone, Debug)]
pub struct Sides {
    /// Our end.
    pub ours: Ours,
    /// The witness's; or why it did not give it.
    pub theirs: Result<Record, String>,
}

/// Makes two requests and one SSTP call as far as the Call Connect Ack, then asks the witness what arrived. Four connections for a name
/// with one address; where TLS fails, those more that a probe makes to find out why. The way, the roots and the times are those of `config`.
pub async fn run(config: &ProbeConfig, token: &Token) -> Sides {
    let tape = Arc::new(Tape::default());
    let mut config = ProbeConfig { ear: Ear::new(tape.clone()), credentials: Some(nobody()), matrix: None, scan: None, ..config.clone() };
    config.asked.until = Layer::Sstp;
    let run = run_id();
    let mut ours = Ours::default();
    for number in 1..=MARKED {
        let mark = format!("{run}-{number}");
        let (request, leaf) = marked(&config, token, &tape, &mark).await;
        ours.leaf_sha256 = ours.leaf_sha256.or(leaf);
        ours.requests.push(request);
    }
    let (_stop, stopped) = watch::channel(false);
    probe::run(&config, &Clock::start(), &mut Vec::new(), stopped).await;
    // What was said last is still on its way.
    tokio::time::sleep(SETTLING).await;
    ours.wires = tape.wires();
    let theirs = record(&config, token, &run, &ours).await;
    Sides { ours, theirs }
}

/// Asks the witness for a run once more, perhaps by another way.
pub async fn record(config: &ProbeConfig, token: &Token, run: &str, ours: &Ours) -> Result<Record, String> {
    let hellos: Vec<String> = ours.wires.iter().filter_map(|wire| hello_random(&wire.up.first)).map(hex).collect();
    let path = format!("{PATH}record/{run}?hello={}", hellos.join(","));
    let said = ask(config, token, "GET", &path, &[], |_| {}).await?;
    serde_json::from_slice(&said.body).map_err(|error| format!("the record of the witness cannot be read: {error}"))
}

/// The run of some connections.
pub fn run_of(ours: &Ours) -> Option<&str> {
    ours.requests.first()?.mark.rsplit_once('-').map(|parts| parts.0)
}

/// What was asked and what was answered.
struct Said {
    head: Vec<u8>,
    leaf_sha256: String,
    body: Vec<u8>,
}

/// A request with a mark, which the witness echoes.
async fn marked(config: &ProbeConfig, token: &Token, tape: &Tape, mark: &str) -> (Request, Option<String>) {
    let body = pattern();
    // Braces, as the path of SSTP has them: proxies that escape them are seen.
    let path = format!("{PATH}mark/{mark}");
    let sent = std::cell::RefCell::new(Vec::new());
    let said = ask(config, token, "POST", &path, &body, |(local, head)| {
        if let Some(local) = local {
            tape.mark(local, mark);
        }
        *sent.borrow_mut() = head;
    })
    .await;
    let mut request =
        Request { mark: mark.into(), head: Bytes::from(sent.take().as_slice()), body_sha256: sha256(&body), heard: None, echoed: None };
    let Ok(said) = said else { return (request, None) };
    request.head = Bytes::from(said.head.as_slice());
    let mut parts = said.body.splitn(2, |byte| *byte == b'\n');
    request.heard = parts.next().and_then(|first| serde_json::from_slice::<Heard>(first).ok());
    request.echoed = parts.next().map(|echo| echo == body);
    (request, Some(said.leaf_sha256))
}

/// One request on a connection of its own; `opened` hears our address and the head before it is sent.
async fn ask(
    config: &ProbeConfig,
    token: &Token,
    method: &str,
    path: &str,
    body: &[u8],
    opened: impl FnOnce((Option<std::net::SocketAddr>, Vec<u8>)),
) -> Result<Said, String> {
    let clock = Clock::start();
    let (mut events, mut way): (Vec<Event>, _) = (Vec::new(), None);
    let base = below(config, &mut Notes::new(&clock, &mut events), &mut Beside::default(), &mut way).await;
    let Some(Base { mut secure, .. }) = base else { return Err(reason(&events)) };
    let proof = token.proof(format!("{method} {path}").as_bytes());
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nSSTPCORRELATIONID: {{WITNESS}}\r\n{PROOF}: {proof}\r\nContent-Length: {}\r\n\r\n",
        config.target.name(),
        body.len()
    );
    let leaf_sha256 = sha256(secure.leaf());
    opened((secure.stream.get_ref().0.local(), head.clone().into_bytes()));
    let exchange = async {
        let sent = secure.stream.write_all(&[head.as_bytes(), body].concat()).await;
        sent.map_err(|error| format!("the request could not be sent: {error}"))?;
        secure.stream.flush().await.map_err(|error| format!("the request could not be sent: {error}"))?;
        answer(&mut secure.stream).await
    };
    let answered = tokio::time::timeout(config.timers.of(Layer::Http), exchange).await;
    let (response, said) = answered.unwrap_or_else(|_| Err("the witness does not answer in time".into()))?;
    secure.close().await;
    let proven = response.header(PROOF).is_some_and(|shown| token.proves(&[path.as_bytes(), b"\n", &said].concat(), shown));
    let shown = response.header(PROOF).is_some();
    match response.status {
        // What a mark is answered with is compared; a record must be whole.
        Some(200) if proven || shown && path.contains("/mark/") => Ok(Said { head: head.into_bytes(), leaf_sha256, body: said }),
        Some(200) if shown => Err(UNPROVEN.into()),
        _ => Err(format!("no witness answers: {}; is `lab --witness` there, with the same token?", response.start)),
    }
}

/// Head and body of the answer, which ends with the connection or with its length.
async fn answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Result<(Head, Vec<u8>), String> {
    let mut got = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let n = stream.read(&mut chunk).await.unwrap_or(0);
        got.extend(chunk.get(..n).unwrap_or_default());
        match Head::parse_response(Layer::Http, &got) {
            Ok(Parsed::Whole(head, len)) => {
                let body = got.get(len..).unwrap_or_default();
                let length = head.header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
                let chunked = head.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"));
                let whole = if chunked { unchunked(body) } else { length.and_then(|length| body.get(..length)).map(<[u8]>::to_vec) };
                match whole {
                    Some(body) => return Ok((head, body)),
                    None if n == 0 => return Ok((head, body.to_vec())),
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
fn pattern() -> Vec<u8> {
    let mut state = 0x2545_f491u32;
    let next = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    });
    next.take(BODY).collect()
}

/// Nobody logs in, and no method is learned on further connections.
fn nobody() -> Credentials {
    Credentials { user: "witness".into(), password: Secret::default() }
}

fn run_id() -> String {
    let mut bytes = [0; 16];
    // Without random numbers there is no TLS either.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    format!("{{{}}}", hex(&bytes))
}

/// Ours: marked requests in one run.
const MARKED: usize = 2;
/// Ours: bytes of the body that is echoed: several records, one of the largest size.
const BODY: usize = 40_000;
/// Ours: bytes of an answer at most; a record of 64 connections has 5 MB.
const MOST_ANSWER: usize = 16 << 20;
/// Ours: what is said last has so long to arrive at both ends.
const SETTLING: Duration = Duration::from_millis(200);
const UNPROVEN: &str = "the record does not bear the witness's proof: somebody changed it on the way";

#[cfg(test)]
mod tests;
