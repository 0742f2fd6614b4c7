//! Decides about the first request on a connection: one for the witness is answered here, everything else is the server's.

use super::{MOST_BODY, PATH, PAUSE, PROOF, Witness, sha256};
use crate::base::{Bytes, Layer, Micros, unhex};
use crate::proto::{Input, Machine, Output};
use crate::transcript::witness::Heard;
use crate::wire::http::{Head, METHOD, Parsed};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// A server with a witness in front of it.
pub struct Usher {
    server: Box<dyn Machine + Send>,
    witness: Witness,
    peer: SocketAddr,
    held: Vec<u8>,
    /// When the head was there.
    head_at: Option<Micros>,
    stage: Stage,
}

enum Stage {
    /// The head of the first request is not whole yet, or its body.
    Waiting,
    /// The server goes on.
    Passed,
    /// The witness has answered; until then it stays to read how the caller ends.
    Answered(VecDeque<Output>, Micros),
    /// It has said the first half of its answer, and says the second at that time.
    Half(VecDeque<Output>, Micros, Vec<u8>),
}

/// An answer; a second part comes later.
struct Said {
    first: Vec<u8>,
    second: Vec<u8>,
}

impl Usher {
    /// Stands in front of `server` for the caller `peer`.
    pub fn new(server: Box<dyn Machine + Send>, witness: Witness, peer: SocketAddr) -> Usher {
        Usher { server, witness, peer, held: Vec::new(), head_at: None, stage: Stage::Waiting }
    }

    fn mark(&self, mark: &str) {
        self.witness.mark(self.peer, &mark.chars().take(MARK).collect::<String>());
    }

    /// What to say to the request that is there: nothing while more of it must come, `Err` when it is not for the witness.
    fn answer(&mut self, now: Micros) -> Result<Option<Said>, ()> {
        let line = self.held.get(..self.held.len().min(LINE)).unwrap_or_default();
        if let Some(end) = line.iter().position(|byte| *byte == b'\r') {
            self.witness.asked(self.peer, &String::from_utf8_lossy(line.get(..end).unwrap_or_default()));
        }
        let (head, len) = match Head::parse_request(Layer::Http, &self.held) {
            Ok(Parsed::Whole(head, len)) => (head, len),
            Ok(Parsed::Partial) if BEGINNINGS.iter().any(|beginning| self.held.starts_with(beginning)) => return Ok(None),
            _ => return Err(()),
        };
        let head_at = *self.head_at.get_or_insert(now);
        let (method, path, _) = head.request_line().ok_or(())?;
        if let Some(call) = head.header("SSTPCORRELATIONID").filter(|_| method == METHOD) {
            self.mark(call);
        }
        // Proxies on the way escape braces; what arrived is told in the answer.
        let path = &path.replace("%7B", "{").replace("%7D", "}").replace("%7b", "{").replace("%7d", "}");
        // Whoever does not know the token is not told that there is a witness.
        let proof = head.header(PROOF).filter(|_| path.starts_with(PATH)).ok_or(())?;
        if !self.witness.token.proves(format!("{method} {path}").as_bytes(), proof) {
            return Err(());
        }
        let length: usize = head.header("content-length").map_or(Some(0), |length| length.trim().parse().ok()).ok_or(())?;
        if length > MOST_BODY {
            return Err(());
        }
        let Some(body) = self.held.get(len..len + length) else { return Ok(None) };
        let said = match (method, path.strip_prefix(PATH).unwrap_or_default().split_once('/')) {
            ("POST", Some(("mark" | "halves", mark))) => {
                self.mark(mark);
                let heard = Heard {
                    head: Bytes::from(self.held.get(..len).unwrap_or_default()),
                    body_len: body.len() as u64,
                    body_sha256: sha256(body),
                    body_us: now.0.saturating_sub(head_at.0),
                };
                let mut said = serde_json::to_vec(&heard).map_err(|_| ())?;
                said.push(b'\n');
                said.extend(body);
                said
            }
            ("GET", Some(("record", asked))) => {
                let (run, hellos) = asked.split_once("?hello=").unwrap_or((asked, ""));
                let hellos: Vec<Vec<u8>> = hellos.split(',').filter_map(unhex).filter(|one| one.len() == 32).collect();
                serde_json::to_vec(&self.witness.record(run, &hellos, self.peer.ip())).map_err(|_| ())?
            }
            _ => return Err(()),
        };
        let proof = self.witness.token.proof(&[path.as_bytes(), b"\n", &said].concat());
        let length = said.len().to_string();
        let headers = [("Content-Length", length.as_str()), ("Connection", "close"), (PROOF, proof.as_str())];
        let mut first = [Head::response(200, "OK", &headers).emit(), said].concat();
        let halves = path.strip_prefix(PATH).is_some_and(|rest| rest.starts_with("halves/"));
        let second = if halves { first.split_off(first.len() - body.len() / 2) } else { Vec::new() };
        Ok(Some(Said { first, second }))
    }
}

impl Machine for Usher {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        match (&mut self.stage, input) {
            (Stage::Answered(outputs, _), Input::Closed { .. } | Input::Leave) => outputs.extend([Output::Close, Output::Done]),
            (Stage::Answered(outputs, until), Input::Tick) if now >= *until => outputs.extend([Output::Close, Output::Done]),
            (Stage::Answered(..), _) => {}
            (Stage::Half(outputs, at, second), Input::Tick) if now >= *at => {
                outputs.push_back(Output::Send(std::mem::take(second)));
                self.stage = Stage::Answered(std::mem::take(outputs), Micros(now.0.saturating_add(STAYING.0)));
            }
            (Stage::Half(outputs, ..), Input::Closed { .. } | Input::Leave) => outputs.extend([Output::Close, Output::Done]),
            (Stage::Half(..), _) => {}
            (Stage::Passed, input) => self.server.handle(now, input),
            (Stage::Waiting, Input::Bytes { from, bytes }) => {
                self.held.extend_from_slice(bytes);
                match self.answer(now) {
                    Ok(Some(Said { first, second })) => {
                        let (outputs, after) = (VecDeque::from([Output::Send(first)]), |time| Micros(now.0.saturating_add(time)));
                        self.stage = match second.is_empty() {
                            true => Stage::Answered(outputs, after(STAYING.0)),
                            false => Stage::Half(outputs, after(Micros::from(PAUSE).0), second),
                        };
                    }
                    Ok(None) if self.held.len() <= MOST_HELD => {}
                    _ => {
                        self.stage = Stage::Passed;
                        self.server.handle(now, Input::Bytes { from, bytes: &std::mem::take(&mut self.held) });
                    }
                }
            }
            (Stage::Waiting, input) => self.server.handle(now, input),
        }
    }

    fn poll(&mut self) -> Output {
        match &mut self.stage {
            Stage::Answered(outputs, until) | Stage::Half(outputs, until, _) => outputs.pop_front().unwrap_or(Output::Wait(*until)),
            _ => self.server.poll(),
        }
    }
}

/// Requests whose heads are waited for.
const BEGINNINGS: [&[u8]; 3] = [b"GET /", b"POST /", b"SSTP_"];
/// Ours: the caller has so long to close, 10 s.
const STAYING: Micros = Micros(10_000_000);
/// Ours: characters of a mark.
const MARK: usize = 64;
/// Ours: a longer first line is not kept.
const LINE: usize = 120;
/// Ours: bytes held until a request is whole.
const MOST_HELD: usize = MOST_BODY + 16 * 1024;
