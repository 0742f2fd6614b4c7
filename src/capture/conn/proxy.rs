//! CONNECT to a forward proxy, read in passing. MS-SSTP 4.5, RFC 9110 9.3.6.

use super::Log;
use crate::base::{Layer, Micros, Side, WireError};
use crate::transcript::proxy::Step;
use crate::transcript::tap::Flow;
use crate::transcript::{How, Reason, What};
use crate::wire::http::{Head, Parsed};
use std::net::SocketAddr;

/// The leg to a proxy, until the tunnel is given.
pub struct Proxy {
    at: SocketAddr,
    request: Vec<u8>,
    reply: Vec<u8>,
    /// CONNECT was read and is not yet answered; since when.
    asked: Option<Micros>,
    /// The refusal of the last request; the client may ask again, with credentials.
    refused: Option<String>,
    /// What came could not be read, or the connection ended.
    done: bool,
    given: bool,
    /// Bytes are missing.
    holed: bool,
}

impl Proxy {
    /// A leg to the proxy at that address.
    pub fn new(at: SocketAddr) -> Proxy {
        Proxy { at, request: Vec::new(), reply: Vec::new(), asked: None, refused: None, done: false, given: false, holed: false }
    }

    /// Takes bytes; once the tunnel is given, what came behind the answer's head.
    pub fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8], log: &mut Log<'_>) -> Option<Vec<u8>> {
        match (self.done, from) {
            (true, _) => None,
            (false, Side::Client) => {
                self.request(at, bytes, log);
                None
            }
            (false, Side::Server) => self.reply(at, bytes, log),
        }
    }

    /// Bytes of one side are missing: what was asked or answered may be among them.
    pub fn gap(&mut self) {
        self.holed = true;
        self.request.clear();
        self.reply.clear();
    }

    fn request(&mut self, at: Micros, bytes: &[u8], log: &mut Log<'_>) {
        // Behind a CONNECT that waits for its answer nothing may come; a client that cannot wait is read when it is given.
        if self.asked.is_some() {
            return;
        }
        self.request.extend_from_slice(bytes);
        match Head::parse_request(Layer::Proxy, &self.request) {
            Ok(Parsed::Partial) => {}
            Ok(Parsed::Whole(head, _)) => {
                let target = head.request_line().map_or(String::new(), |line| line.1.to_string());
                if self.refused.is_none() {
                    log.began(Layer::Proxy);
                }
                log.proxy = Some(super::authority(self.at));
                log.asked_of_proxy = host_and_port(&target);
                log.says_sstp |= head.header(SSTP_VERSION).is_some();
                let with_credentials = head.header("proxy-authorization").is_some();
                let proxy = super::authority(self.at);
                let what = What::ProxyRequest { proxy, target, with_credentials, says_sstp: head.header(SSTP_VERSION).is_some() };
                if let Some((scheme, _)) = head.header("proxy-authorization").and_then(|value| value.split_once(' ')) {
                    let step = Step::Shown { scheme: scheme.chars().filter(|c| c.is_ascii_alphanumeric()).take(SCHEME).collect() };
                    log.note(Some(Side::Client), Layer::Proxy, What::Proxy(Box::new(step)));
                }
                log.note(Some(Side::Client), Layer::Proxy, what);
                (self.asked, self.refused) = (Some(at), None);
                self.request.clear();
                self.reply.clear();
            }
            Err(error) => self.unreadable(error, &self.request.clone(), Side::Client, log),
        }
    }

    fn reply(&mut self, _: Micros, bytes: &[u8], log: &mut Log<'_>) -> Option<Vec<u8>> {
        // The body of a refusal.
        self.asked?;
        if self.holed && self.reply.is_empty() && matches!(bytes, [20..=23, 3, 0..=4, ..]) {
            // TLS comes back, so the answer that is missing gave the tunnel.
            self.given = true;
            log.up(Layer::Proxy);
            return Some(bytes.to_vec());
        }
        self.reply.extend_from_slice(bytes);
        match Head::parse_response(Layer::Proxy, &self.reply) {
            Ok(Parsed::Partial) => None,
            Ok(Parsed::Whole(head, len)) => {
                let start = head.start.clone();
                let given = head.status.is_some_and(|status| (200..300).contains(&status));
                let interim = head.status.is_some_and(|status| (100..200).contains(&status));
                let raw = self.reply.get(..len).unwrap_or_default().to_vec();
                log.note_raw(None, Layer::Proxy, What::ProxyReply(head), &raw);
                let rest = self.reply.get(len..).unwrap_or_default().to_vec();
                self.reply.clear();
                if given {
                    self.given = true;
                    log.up(Layer::Proxy);
                    return Some(rest);
                }
                if !interim {
                    (self.asked, self.refused) = (None, Some(start));
                }
                None
            }
            Err(error) => {
                let raw = self.reply.clone();
                self.unreadable(error, &raw, Side::Server, log);
                None
            }
        }
    }

    fn unreadable(&mut self, error: WireError, raw: &[u8], by: Side, log: &mut Log<'_>) {
        let says = error.to_string();
        log.note_raw(Some(by), Layer::Proxy, What::Undecoded(error), raw.get(..raw.len().min(SHOWN)).unwrap_or_default());
        log.down(Layer::Proxy, if self.holed { missing(&says) } else { Reason::Violated(says) });
        self.done = true;
    }

    /// One side ended the connection.
    pub fn closed(&mut self, at: Micros, from: Side, how: How, log: &mut Log<'_>) {
        let left = || Reason::ClientLeft("the client closed the connection before the proxy had answered".into());
        let reason = match (&self.refused, from) {
            (Some(refusal), _) => Reason::Refused(refusal.clone()),
            (None, Side::Server) => Reason::Closed(how),
            (None, Side::Client) => self.silence(at).unwrap_or_else(left),
        };
        if !self.done {
            let answered = self.refused.is_some();
            log.down(Layer::Proxy, if self.holed && !answered { missing(&reason.to_string()) } else { reason });
        }
        log.note(Some(from), Layer::Proxy, What::Closed(how));
        self.done = true;
    }

    /// Nothing more will come.
    pub fn end(&mut self, at: Micros, _: &Flow, log: &mut Log<'_>) {
        if self.done || self.given {
            return;
        }
        let reason = match &self.refused {
            Some(refusal) => Reason::Refused(refusal.clone()),
            None => self.silence(at).unwrap_or_else(|| Reason::Unseen("the capture ends before the proxy's answer".into())),
        };
        log.down(Layer::Proxy, reason);
    }

    /// The proxy has owed its answer for so long that it means something.
    fn silence(&self, at: Micros) -> Option<Reason> {
        let after = at - self.asked?;
        (after >= PATIENCE).then(|| Reason::TimedOut { waiting_for: "answer to CONNECT".into(), after })
    }
}

/// The capture does not show why.
fn missing(says: &str) -> Reason {
    Reason::Unseen(format!("the capture has lost bytes that may say why: {says}"))
}

fn host_and_port(target: &str) -> Option<(String, u16)> {
    let (host, port) = target.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_string(), port.parse().ok()?))
}

/// MS-SSTP 4.5: the header that an SSTP client puts into CONNECT.
const SSTP_VERSION: &str = "SSTPVERSION";
/// Ours: silence of the proxy means something after so long, 3 s.
const PATIENCE: Micros = Micros(3_000_000);
/// Ours: characters kept of the name of a scheme.
const SCHEME: usize = 20;
/// Ours: so many bytes of what cannot be read are kept.
const SHOWN: usize = 256;
