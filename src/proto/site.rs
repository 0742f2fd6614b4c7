//! A server with a page at `/`, as most have one beside SSTP: `GET /` is answered here, as often as it is asked on a connection; and so is
//! a request for something that is not there.

use super::{Input, Machine, Output};
use crate::base::{Layer, Micros};
use crate::wire::http::{Head, Parsed};
use std::collections::VecDeque;

/// The server, and the page in front of it.
pub struct Site {
    server: Box<dyn Machine + Send>,
    held: Vec<u8>,
    passed: bool,
    outputs: VecDeque<Output>,
}

impl Site {
    /// Stands in front of `server`.
    pub fn new(server: Box<dyn Machine + Send>) -> Site {
        Site { server, held: Vec::new(), passed: false, outputs: VecDeque::new() }
    }

    /// Takes whole requests for the page off what is held; false when something else is there.
    fn answer(&mut self) -> bool {
        loop {
            let begins = [ASKED, NOT_THERE].into_iter().any(|line| self.held.starts_with(line) || line.starts_with(&self.held));
            let size = if self.held.starts_with(NOT_THERE) { WORD.len() } else { PAGE };
            if !begins || self.held.len() > MOST_HELD {
                return false;
            }
            match Head::parse_request(Layer::Http, &self.held) {
                // RFC 9112 3.2: the server itself refuses what has no host, or two.
                Ok(Parsed::Whole(head, len)) if head.all("Host").count() == 1 && head.header("content-length").is_none() => {
                    self.held.drain(..len.min(self.held.len()));
                    let length = size.to_string();
                    let mut page = Head::response(404, "Not Found", &[("Content-Type", "text/html"), ("Content-Length", &length)]).emit();
                    match size {
                        PAGE => page.resize(page.len() + PAGE, b' '),
                        _ => page.extend_from_slice(WORD),
                    }
                    self.outputs.push_back(Output::Send(page));
                    if head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                        self.outputs.extend([Output::Close, Output::Done]);
                    }
                }
                Ok(Parsed::Partial) => return true,
                _ => return false,
            }
        }
    }
}

impl Machine for Site {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        match input {
            Input::Bytes { from, bytes } if !self.passed => {
                self.held.extend_from_slice(bytes);
                if !self.answer() {
                    self.passed = true;
                    self.server.handle(now, Input::Bytes { from, bytes: &std::mem::take(&mut self.held) });
                }
            }
            input => self.server.handle(now, input),
        }
    }

    fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| self.server.poll())
    }
}

/// What is answered here.
const ASKED: &[u8] = b"GET / HTTP/1.1\r\n";
/// What is not there, and told in a word.
const NOT_THERE: &[u8] = b"GET /sstp-diag HTTP/1.1\r\n";
const WORD: &[u8] = b"not here";
/// Ours: bytes of the page, about as many as SoftEther's has.
const PAGE: usize = 2000;
/// Ours: bytes held until a request is whole.
const MOST_HELD: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Side;

    #[derive(Default)]
    struct Deaf(Vec<u8>);

    impl Machine for Deaf {
        fn handle(&mut self, _: Micros, input: Input<'_>) {
            if let Input::Bytes { bytes, .. } = input {
                self.0.extend_from_slice(bytes);
            }
        }

        fn poll(&mut self) -> Output {
            if self.0.is_empty() { Output::Wait(Micros(1)) } else { Output::Send(std::mem::take(&mut self.0)) }
        }
    }

    fn said(pieces: &[&[u8]]) -> Vec<Output> {
        let mut site = Site::new(Box::new(Deaf::default()));
        for bytes in pieces {
            site.handle(Micros(0), Input::Bytes { from: Side::Client, bytes });
        }
        std::iter::from_fn(|| Some(site.poll()).filter(|output| !matches!(output, Output::Wait(_)))).collect()
    }

    #[test]
    fn the_page_is_given_again_and_again_and_everything_else_is_the_servers() {
        let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let twice = said(&[&get[..3], &get[3..], get]);
        assert_eq!(twice.len(), 2, "{twice:?}");
        assert!(
            twice.iter().all(|output| matches!(output, Output::Send(bytes) if bytes.starts_with(b"HTTP/1.1 404 ") && bytes.len() > PAGE))
        );
        for other in [&b"SSTP_DUPLEX_POST / HTTP/1.1\r\n\r\n"[..], b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"] {
            assert_eq!(said(&[other]), [Output::Send(other.to_vec())]);
            let both = said(&[get, other]);
            assert_eq!(both.last(), Some(&Output::Send(other.to_vec())));
        }
        let missing = b"GET /sstp-diag HTTP/1.1\r\nHost: a\r\n\r\n";
        let short = said(&[missing, &missing[..20], &missing[20..], get]);
        assert!(
            matches!(short.as_slice(), [Output::Send(one), Output::Send(two), Output::Send(page)]
            if one.ends_with(b"\r\n\r\nnot here") && one == two && page.len() > PAGE),
            "{short:?}"
        );
        let closing = said(&[b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]);
        assert_eq!(closing[1..], [Output::Close, Output::Done]);
    }
}
