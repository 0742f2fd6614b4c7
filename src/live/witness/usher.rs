//! Decides about the first request on a connection: one for the witness is answered here, everything else is the server's.

use super::{MOST_BODY, PATH, PROOF, Witness, sha256};
use crate::base::{Bytes, Layer, Micros, unhex};
use crate::proto::{Input, Machine, Output};
use crate::transcript::witness::Heard;
use crate::wire::http::{Head, Parsed};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// A server with a witness in front of it.
pub struct Usher {
    server: Box<dyn Machine + Send>,
    witness: Witness,
    peer: SocketAddr,
    held: Vec<u8>,
    stage: Stage,
}

enum Stage {
    /// The head of the first request is not whole yet, or its body.
    Waiting,
    /// The server goes on.
    Passed,
    /// The witness has answered; until then it stays to read how the caller ends.
    Answered(VecDeque<Output>, Micros),
}

impl Usher {
    /// Stands in front of `server` for the caller `peer`.
    pub fn new(server: Box<dyn Machine + Send>, witness: Witness, peer: SocketAddr) -> Usher {
        Usher { server, witness, peer, held: Vec::new(), stage: Stage::Waiting }
    }

    /// What to say to the request that is there: nothing while more of it must come, `Err` when it is not for the witness.
    fn answer(&self) -> Result<Option<Vec<u8>>, ()> {
        let (head, len) = match Head::parse_request(Layer::Http, &self.held) {
            Ok(Parsed::Whole(head, len)) => (head, len),
            Ok(Parsed::Partial) if self.held.starts_with(b"GET /") || self.held.starts_with(b"POST /") => return Ok(None),
            _ => return Err(()),
        };
        let (method, path, _) = head.request_line().ok_or(())?;
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
            ("POST", Some(("mark", mark))) => {
                self.witness.mark(self.peer, &mark.chars().take(MARK).collect::<String>());
                let heard = Heard {
                    head: Bytes::from(self.held.get(..len).unwrap_or_default()),
                    body_len: body.len() as u64,
                    body_sha256: sha256(body),
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
        Ok(Some([Head::response(200, "OK", &headers).emit(), said].concat()))
    }
}

impl Machine for Usher {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        match (&mut self.stage, input) {
            (Stage::Answered(outputs, _), Input::Closed { .. } | Input::Leave) => outputs.extend([Output::Close, Output::Done]),
            (Stage::Answered(outputs, until), Input::Tick) if now >= *until => outputs.extend([Output::Close, Output::Done]),
            (Stage::Answered(..), _) => {}
            (Stage::Passed, input) => self.server.handle(now, input),
            (Stage::Waiting, Input::Bytes { from, bytes }) => {
                self.held.extend_from_slice(bytes);
                match self.answer() {
                    Ok(Some(said)) => {
                        let until = Micros(now.0.saturating_add(STAYING.0));
                        self.stage = Stage::Answered(VecDeque::from([Output::Send(said)]), until);
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
            Stage::Answered(outputs, until) => outputs.pop_front().unwrap_or(Output::Wait(*until)),
            _ => self.server.poll(),
        }
    }
}

/// Ours: the caller has so long to close, 10 s.
const STAYING: Micros = Micros(10_000_000);
/// Ours: characters of a mark.
const MARK: usize = 64;
/// Ours: bytes held until a request is whole.
const MOST_HELD: usize = MOST_BODY + 16 * 1024;
