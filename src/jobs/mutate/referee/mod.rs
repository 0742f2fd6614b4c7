//! What a target may answer to what was really sent, from the state tables: every message of ours makes it owe an answer,
//! or forbids one, or must or may end the call. What it did is counted against that. The referee does not know what was spoilt.
//! Where the target is a server, `client` has what we sent and `server` what came; where it is a client, `host` and `guest`.

mod client;
mod eap;
mod guest;
mod host;
mod open;
mod rules;
mod server;
mod verdict;

pub use open::Open;

use super::fault::{Fault, Kind};
use super::ride::Ride;
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::jobs::replay::proof::Proof;
use crate::proto::plan::{CertHashes, Credentials};
use crate::wire::control::Packet;
use crate::wire::http;
use crate::wire::sstp::Framer;
use std::time::Duration;

/// What the referee knows beside what was said.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Who logs in.
    pub credentials: Option<Credentials>,
    /// The leaf that the server shows.
    pub leaf: Option<CertHashes>,
    /// How long an answer may take before it is missed.
    pub patience: Duration,
    /// The target is a client, and we are its server.
    pub judges_client: bool,
    /// Our own end makes the login, which has TLS inside EAP.
    pub tunnelled: bool,
}

/// Something that passed, as our end saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// When.
    pub at: Micros,
    /// Who sent it.
    pub by: Side,
    /// One write, or one read.
    pub bytes: Vec<u8>,
}

/// Where the server stands, as the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Head,
    Request,
    Acked,
    Up,
    /// Our end has left, or nothing can be read any more.
    Left,
}

/// What the server owes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Status200,
    Ack,
    Nak,
    EchoResponse,
    DisconnectAck,
    Abort,
    Success,
    CodeReject,
    TerminateAck(u8),
    EchoReply(u8, Vec<u8>),
    /// Ack, Nak or Reject in this protocol with this identifier, to a request with these options.
    Configure(u16, u8, Vec<u8>),
    /// Of a client: Call Connect Request.
    Request,
    /// Of a client: the first LCP Configure-Request.
    Ppp,
    /// Of a client: a login, to the challenge of this identifier.
    Login(u8),
    /// Of a client: Call Connected.
    Connected,
}

#[derive(Clone, Debug)]
struct Owed {
    answer: Answer,
    at: Micros,
    spec: SpecRef,
    says: &'static str,
    /// It may come and need not.
    optional: bool,
    met: Option<Micros>,
}

/// The server must end the call.
#[derive(Clone, Debug)]
struct MustEnd {
    at: Micros,
    /// With Call Abort; without, closing is enough.
    aborts: bool,
    why: String,
    spec: SpecRef,
}

/// How the server ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Abort,
    Disconnect,
    Refused(u16),
    Closed,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    head: Option<Vec<u8>>,
    framer: Framer,
    lost: bool,
}

impl Stream {
    fn new() -> Stream {
        Stream { head: Some(Vec::new()), ..Stream::default() }
    }
}

/// LCP as it can be seen from outside.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    our_request: Option<u8>,
    their_request: Option<u8>,
    ours_acked: bool,
    theirs_acked: bool,
    wants_auth: bool,
    /// As a server we have asked for EAP last.
    asks_eap: bool,
    /// We have refused what the server asks for: it may leave, until it lets us in.
    refuses: bool,
    requests: u32,
    /// Configure-Requests of the server since the last that was answered.
    unanswered: u32,
}

/// Reads one connection and counts.
#[derive(Debug)]
pub struct Referee<'a> {
    world: &'a World,
    key: Option<[u8; 32]>,
    now: Micros,
    client: Stream,
    server: Stream,
    phase: Phase,
    /// When the phase began.
    since: Micros,
    last_sent: Micros,
    /// The longest silence of ours in a call that was up.
    silence: Duration,
    owed: Vec<Owed>,
    must_end: Option<MustEnd>,
    may_end: bool,
    eap: eap::Login,
    /// Whoever plays the honest part hears what comes.
    followed: bool,
    disturbed: bool,
    ended: Option<(Micros, Ending)>,
    faults: Vec<Fault>,
    mask: u8,
    nonces: Vec<Vec<u8>>,
    /// Identifier and value of the latest CHAP Challenge.
    challenge: Option<(u8, Vec<u8>)>,
    acked: bool,
    naks: u32,
    known: bool,
    /// When the first Call Disconnect Ack came, due or not.
    let_go: Option<Micros>,
    link: Link,
    /// All that was sent, for what quotes it.
    sent: Vec<u8>,
    slowest: Duration,
    /// The login as a server of ours sees it.
    proof: Proof,
    /// Responses that a client gave, and Call Connect Requests that it sent.
    logins: u32,
    requests: u32,
    /// Options of the target's latest LCP Configure-Request.
    their_options: Vec<u8>,
    /// The latest Configure-Request of a client in every network protocol.
    asked: Vec<(u16, Packet)>,
    /// Nothing can be said about what comes any more.
    blind: bool,
    up: bool,
    /// The client has hung up in a call that was up.
    left: bool,
}

/// What the referee came to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What the server did wrong.
    pub faults: Vec<Fault>,
    /// What the server did, in one word or two.
    pub reaction: String,
    /// That was seen, and is not the want of something.
    pub seen: bool,
    /// Something is owed and has not come yet.
    pub owed: bool,
    /// The call is over, as far as the target is concerned.
    pub ended: bool,
    /// The call came up.
    pub up: bool,
    /// A client has hung up in a call that was up, for reasons of its own.
    pub left: bool,
    /// Nonces of Call Connect Acks.
    pub nonces: Vec<Vec<u8>>,
    /// The longest that an answer took.
    pub slowest: Duration,
}

/// Judges what passed on one connection.
pub fn judge(world: &World, ride: &Ride) -> Verdict {
    let mut referee = Referee::new(world, ride.key);
    (referee.since, referee.last_sent, referee.now) = (ride.began, ride.began, ride.began);
    for (nth, one) in ride.passed.iter().enumerate() {
        (referee.now, referee.followed) = (one.at, ride.given_up.is_none_or(|given_up| nth < given_up));
        match (one.by, world.judges_client) {
            (Side::Client, false) => referee.client_bytes(&one.bytes),
            (Side::Server, false) => referee.server_bytes(&one.bytes),
            (Side::Client, true) => referee.guest_bytes(&one.bytes),
            (Side::Server, true) => referee.host_bytes(&one.bytes),
        }
    }
    // Nothing is owed to who has closed the connection.
    referee.may_end |= ride.hung_up;
    referee.disturbed |= ride.hung_up;
    if let Some((when, _)) = ride.closed {
        referee.now = when;
        referee.ends(Ending::Closed);
    }
    referee.now = ride.over;
    referee.verdict(ride.closed.is_some())
}

impl<'a> Referee<'a> {
    fn new(world: &'a World, key: Option<[u8; 32]>) -> Referee<'a> {
        Referee {
            world,
            key,
            now: Micros::ZERO,
            client: Stream::new(),
            server: Stream::new(),
            phase: Phase::Head,
            since: Micros::ZERO,
            last_sent: Micros::ZERO,
            silence: Duration::ZERO,
            owed: Vec::new(),
            must_end: None,
            may_end: false,
            eap: eap::Login::default(),
            followed: true,
            disturbed: false,
            ended: None,
            faults: Vec::new(),
            mask: 0,
            nonces: Vec::new(),
            challenge: None,
            acked: false,
            naks: 0,
            known: false,
            let_go: None,
            link: Link::default(),
            sent: Vec::new(),
            slowest: Duration::ZERO,
            proof: Proof::new(world.credentials.clone()),
            logins: 0,
            requests: 0,
            their_options: Vec::new(),
            asked: Vec::new(),
            blind: false,
            up: false,
            left: false,
        }
    }

    fn fault(&mut self, kind: Kind, says: impl Into<String>, spec: SpecRef) {
        // What is answered behind something that must end the call shows that this was passed over.
        let fault = match &self.must_end {
            Some(must) if kind == Kind::Accepted => Fault { kind, says: format!("{} is passed over", must.why), spec: must.spec },
            _ => Fault { kind, says: says.into(), spec },
        };
        if !self.blind && self.faults.len() < MOST_FAULTS && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn owe(&mut self, answer: Answer, says: &'static str, spec: SpecRef) {
        let optional = self.may_end && answer == Answer::Ack;
        self.owed.push(Owed { answer, at: self.now, spec, says, optional, met: None });
    }

    fn may_come(&mut self, answer: Answer, spec: SpecRef) {
        self.owed.push(Owed { answer, at: self.now, spec, says: "", optional: true, met: None });
    }

    fn must_end(&mut self, aborts: bool, why: impl Into<String>, spec: SpecRef) {
        let at = self.now;
        self.must_end.get_or_insert(MustEnd { at, aborts, why: why.into(), spec });
        self.enter(Phase::Left);
    }

    fn enter(&mut self, phase: Phase) {
        (self.phase, self.since) = (phase, self.now);
        self.up |= phase == Phase::Up;
    }

    /// The first answer of that kind that is owed and has not come.
    fn meet(&mut self, is: impl Fn(&Answer) -> bool) -> bool {
        let now = self.now;
        let Some(owed) = self.owed.iter_mut().find(|owed| owed.met.is_none() && is(&owed.answer)) else { return false };
        owed.met = Some(now);
        let took = (now - owed.at).duration();
        self.slowest = self.slowest.max(took);
        true
    }

    /// Something that was sent lets the target end the call, or what is not through yet does.
    fn may_leave(&self) -> bool {
        self.may_end || self.eap.in_doubt || self.link.refuses
    }

    fn ends(&mut self, how: Ending) {
        if self.ended.is_none() {
            self.ended = Some((self.now, how));
        }
    }
}

/// Feeds one side's bytes: the head first, then packets.
enum Unit {
    Head(Box<http::Head>),
    NoHead,
    Packet(Vec<u8>),
    Undelineated,
}

impl Stream {
    fn push(&mut self, by: Side, bytes: &[u8]) -> Vec<Unit> {
        let mut units = Vec::new();
        if self.lost {
            return units;
        }
        match self.head.take() {
            None => self.framer.push(bytes),
            Some(mut head) => {
                head.extend_from_slice(bytes);
                let parsed = match by {
                    Side::Client => http::Head::parse_request(Layer::Http, &head),
                    Side::Server => http::Head::parse_response(Layer::Http, &head),
                };
                match parsed {
                    Ok(http::Parsed::Partial) => {
                        self.head = Some(head);
                        return units;
                    }
                    Ok(http::Parsed::Whole(read, len)) => {
                        self.framer.push(head.get(len..).unwrap_or_default());
                        let refuses = read.status.is_some_and(|status| status != 200);
                        units.push(Unit::Head(Box::new(read)));
                        if refuses {
                            // What follows is the body of the refusal.
                            self.lost = true;
                            return units;
                        }
                    }
                    Err(_) => {
                        self.lost = true;
                        return vec![Unit::NoHead];
                    }
                }
            }
        }
        loop {
            match self.framer.next_packet() {
                Ok(Some(packet)) => units.push(Unit::Packet(packet.to_vec())),
                Ok(None) => return units,
                Err(_) => {
                    self.lost = true;
                    units.push(Unit::Undelineated);
                    return units;
                }
            }
        }
    }
}

/// MS-SSTP 3.1.2.3, 3.3.2.1: every timer of a call is 60 s or shorter.
const TIMER: Duration = Duration::from_secs(59);
/// RFC 1661 4.6: ten requests, one every 3 s; ours: a server with shorter timers is no wrong one.
const LINK_TIMER: Duration = Duration::from_secs(15);
/// RFC 1661 4.6: ten requests, one every 3 s; a little less.
const GIVES_UP: Duration = Duration::from_secs(25);
/// Ours: a timer may be so late.
const SLACK: Duration = Duration::from_secs(16);
/// MS-SSTP 3.1.2.2: whoever has sent Call Disconnect Ack closes after 1 s; ours: 4 s more.
const LETS_GO: Duration = Duration::from_secs(5);
/// Ours: faults noted of one connection.
const MOST_FAULTS: usize = 8;

#[cfg(test)]
mod tests;
