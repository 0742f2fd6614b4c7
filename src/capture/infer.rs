//! What can be told of a TLS flow without keys: is it SSTP, and how far did it get?
//!
//! Four fixed sizes follow each other in every call: the HTTP request, its response, Call Connect Request with 14 bytes,
//! Call Connect Ack with 48; later comes Call Connected with 112. TLS hides what records say, not how long they are.

mod signs;
mod sizes;

use crate::base::{Layer, Micros, Side};
use crate::transcript::tap::{self, Answer, Confidence, Inference};
use crate::wire::tls::record::{ALERT, APPLICATION_DATA};
use crate::wire::tls::{TLS12, TLS13};
use signs::{Signs, Tail};
use sizes::{Mode, Plain};

/// A record of application data, or a run of them.
#[derive(Clone, Copy, Debug)]
struct Record {
    from: Side,
    plain: Plain,
}

/// Collects the records of one TLS connection: the first ones, and figures of the rest.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    mode: Option<Mode>,
    version: Option<u16>,
    alpn_offered: Vec<String>,
    alpn_chosen: Option<String>,
    /// The first records.
    records: Vec<Record>,
    /// The same, those of one side that follow each other put together.
    runs: Vec<Record>,
    total: u64,
    tail: Tail,
    /// There was a record before the ServerHello, or bytes are missing before a verdict was possible.
    headless: bool,
    hole: bool,
    seen: bool,
    /// TLS 1.3: the client has sent its Finished.
    client_finished: bool,
    last: Micros,
}

impl Observer {
    /// Takes a record's header: content type and length of its body.
    pub fn record(&mut self, at: Micros, from: Side, kind: u8, len: usize) {
        self.seen = true;
        if kind == ALERT && self.total > 0 {
            self.tail.alert = true;
        }
        if kind != APPLICATION_DATA {
            return;
        }
        let at_once = at - self.last <= AT_ONCE;
        self.last = at;
        let Some(version) = self.version else {
            // RFC 8446 4.2.10: early data comes before the ServerHello; SSTP has none.
            self.headless = true;
            self.total += 1;
            return;
        };
        let Some(mode) = self.mode else {
            self.total += 1;
            return;
        };
        if version >= TLS13 && !self.client_finished {
            // The server's flight, then the client's Finished, are application data by their header.
            self.client_finished = from == Side::Client && !mode.may_be_certificate(len);
            return;
        }
        self.total += 1;
        let plain = mode.plain(len);
        if version >= TLS13 && plain == Plain::exact(ALERT_LEN) {
            self.tail.alert = true;
            return;
        }
        self.join(from, plain);
        if self.records.len() < KEPT {
            self.keep(Record { from, plain }, at_once);
        } else {
            self.tail.record(from, plain);
        }
    }

    fn join(&mut self, from: Side, plain: Plain) {
        let full = self.runs.len() >= KEPT;
        match self.runs.last_mut().filter(|last| last.from == from) {
            Some(last) => last.plain = last.plain.plus(plain),
            None if full => {}
            None => self.runs.push(Record { from, plain }),
        }
    }

    /// TLS 1.0 with CBC: some stacks send the first byte of every message, or none, in a record of its own.
    fn keep(&mut self, record: Record, at_once: bool) {
        if self.mode.is_some_and(Mode::splits)
            && let Some(last) = self.records.last_mut()
            && last.from == record.from
            && last.plain.has(1)
            && at_once
        {
            *last = Record { plain: record.plain.more(0, 1), ..record };
            return;
        }
        self.records.push(record);
    }

    /// What the hellos agreed on.
    pub fn hello(&mut self, hello: &tap::ServerHello) {
        self.seen = true;
        if hello.retry || self.version.is_some() {
            return;
        }
        self.version = Some(hello.version);
        self.mode = Mode::of(hello.version, hello.suite);
        self.alpn_chosen = hello.alpn.clone();
    }

    /// What the client offered.
    pub fn client_hello(&mut self, hello: &tap::ClientHello) {
        self.seen = true;
        if self.alpn_offered.is_empty() {
            self.alpn_offered = hello.alpn.clone();
        }
    }

    /// Bytes are missing.
    pub fn gap(&mut self, _from: Side) {
        self.hole |= self.records.len() < KEPT;
    }

    /// What it all tells; nothing where there was no TLS.
    pub fn verdict(&self) -> Option<Inference> {
        self.seen.then(|| {
            let (is_sstp, confidence, stage, because) = self.judge();
            Inference { is_sstp, confidence, stage, because, records: self.total }
        })
    }

    fn judge(&self) -> (Answer, Confidence, Option<Layer>, Vec<String>) {
        let unsure = |stage, because: &str| (Answer::Unsure, Confidence::Low, stage, vec![because.to_string()]);
        if self.headless || self.version.is_none() && self.total > 0 {
            return unsure(None, "the beginning of the connection is missing: sizes cannot be laid against a call's");
        }
        if self.total == 0 {
            return unsure(Some(Layer::Tls), "no application data was sent");
        }
        if self.mode.is_none() {
            return unsure(None, "the record sizes of this cipher suite are unknown");
        }
        if self.speaks("h2") {
            let says = "ALPN names h2; SSTP needs HTTP/1.1".to_string();
            return (Answer::No, Confidence::High, None, vec![says]);
        }
        let exact = self.mode.is_some_and(Mode::is_exact);
        let cut = Signs::of(&self.runs, &self.tail);
        match Signs::of(&self.records, &self.tail) {
            Some(signs) if signs.accepted => self.call(&signs, exact),
            signs => match cut.filter(|cut| cut.accepted && exact) {
                Some(cut) => self.call_in_pieces(&cut),
                None => self.no_call(signs.as_ref(), exact),
            },
        }
    }

    /// Request, response, Call Connect Request and Call Connect Ack are there.
    fn call(&self, signs: &Signs, exact: bool) -> (Answer, Confidence, Option<Layer>, Vec<String>) {
        let mut because = signs.words.clone();
        let others = signs.small_talk || self.alpn_fits() || signs.echoes > 0 || signs.bulk;
        if self.alpn_fits() {
            because.push("no ALPN, or http/1.1 only, as SSTP clients do".to_string());
        }
        let (answer, confidence) = match (exact && !signs.coalesced, signs.binding, others) {
            (true, true, true) => (Answer::Yes, Confidence::High),
            (true, ..) => (Answer::Yes, Confidence::Medium),
            // With CBC a Call Connect Ack with something behind it could be any of five sizes of block: docs/detector.md.
            (false, true, _) if exact || signs.small_talk && !signs.coalesced => (Answer::Yes, Confidence::Medium),
            (false, ..) => (Answer::Unsure, Confidence::Low),
        };
        if !exact {
            because.push("CBC shows sizes only to the block: other protocols may look alike".to_string());
        }
        (answer, confidence, Some(signs.stage), because)
    }

    /// The same, but a side cuts its messages into several records.
    fn call_in_pieces(&self, signs: &Signs) -> (Answer, Confidence, Option<Layer>, Vec<String>) {
        let mut because = vec!["messages are cut into several records; put together, the sizes are those of a call".to_string()];
        because.extend(signs.words.iter().cloned());
        let (answer, confidence) = if signs.binding { (Answer::Yes, Confidence::Medium) } else { (Answer::Unsure, Confidence::Low) };
        (answer, confidence, Some(signs.stage), because)
    }

    /// The sizes of a call are not there.
    fn no_call(&self, signs: Option<&Signs>, exact: bool) -> (Answer, Confidence, Option<Layer>, Vec<String>) {
        if self.hole {
            let says = "bytes are missing where a call would have begun".to_string();
            return (Answer::Unsure, Confidence::Low, None, vec![says]);
        }
        if let Some(signs) = signs.filter(|signs| signs.refused) {
            let mut because = signs.words.clone();
            because.push("one request, one answer: it may be a call that was refused, or anything else".to_string());
            return (Answer::Unsure, Confidence::Low, Some(Layer::Http), because);
        }
        if exact && signs::has_bare_pair(&self.records) {
            let says = "14 bytes of the client were answered with 48, but no request of a call came before".to_string();
            return (Answer::Unsure, Confidence::Low, Some(Layer::Sstp), vec![says]);
        }
        let (confidence, says) = match signs {
            None => (Confidence::High, "the client did not begin with a request as long as that of a call"),
            Some(_) => (Confidence::Medium, "a request may be that of a call, but what follows is not 14 and 48 bytes"),
        };
        (Answer::No, confidence, None, vec![says.to_string()])
    }

    fn speaks(&self, protocol: &str) -> bool {
        match &self.alpn_chosen {
            Some(chosen) => chosen == protocol,
            // Up to TLS 1.2 the choice is in the clear, so that there was none.
            None => self.version > Some(TLS12) && self.alpn_offered.first().is_some_and(|first| first == protocol),
        }
    }

    fn alpn_fits(&self) -> bool {
        self.alpn_offered.iter().all(|name| name == "http/1.1")
    }
}

/// Ours: so many first records are kept.
const KEPT: usize = 80;
/// RFC 8446 6, plaintext bytes of an alert.
const ALERT_LEN: u32 = 2;
/// Ours: records of one write come so close together, microseconds.
const AT_ONCE: Micros = Micros(1_000);

#[cfg(test)]
mod tests;
