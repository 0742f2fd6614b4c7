//! A login that carries TLS inside EAP. No recording has what its ends keep to themselves, so our own end of EAP speaks in place of
//! the recorded one; what it comes to is held against the recording.

use super::super::course::Ahead;
use super::super::message::{Lane, Said};
use super::super::outcome::Kind;
use super::Player;
use crate::base::Micros;
use crate::proto::Rng;
use crate::proto::auth::{Authenticator, Decision, EapClient, EapServer, Outcome, Peer};
use crate::proto::plan::{Account, Credentials, Method, ServerConfig};
use crate::wire::eap::Packet;
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::{Body, Frame};
use crate::wire::sstp;

/// Our own end of EAP.
#[derive(Debug)]
pub struct Login {
    end: End,
    rng: Rng,
}

#[derive(Debug)]
enum End {
    Client(Box<Peer>),
    /// `open`: it has come to no decision yet.
    Server {
        authenticator: Box<Authenticator>,
        open: bool,
    },
}

/// Where a course leaves the login to our own end, as the server plays it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Place of the request for the identity in the recording: the last message before our own end takes over.
    pub step: usize,
    /// The recorded server welcomed the client; `None`: the recording ends before that.
    pub welcome: Option<bool>,
}

impl Login {
    /// The client's end, for this method.
    pub fn new(method: Method, credentials: Credentials, eap: EapClient, seed: u64) -> Login {
        let peer = Peer::new(AuthMethod::Eap, vec![method], credentials, eap);
        Login { end: End::Client(Box::new(peer)), rng: Rng::new(seed) }
    }

    /// The server's end, for this method; the password is needed inside PEAP only.
    pub fn serving(method: Method, credentials: Option<Credentials>, eap: EapServer, seed: u64) -> Login {
        let account = |given: Credentials| Account { name: given.user, password: given.password, error: None };
        let accounts = credentials.map(account).into_iter().collect();
        let config = ServerConfig { methods: vec![method], accounts, eap: Some(eap), ..ServerConfig::default() };
        let mut rng = Rng::new(seed);
        let authenticator = Box::new(Authenticator::new(config, AuthMethod::Eap, &mut rng));
        Login { end: End::Server { authenticator, open: true }, rng }
    }
}

impl Player {
    /// Hands a message of the login to our own end, where there is one; says whether that was all there is to do with it.
    pub(super) fn logs_in_with(&mut self, said: &Said) -> bool {
        let Some(mut login) = self.login.take() else { return false };
        let frame = said.frame().filter(|frame| matches!(frame.body, Body::Eap(_)));
        let Some(frame) = frame else {
            self.login = Some(login);
            return false;
        };
        let all = match &mut login.end {
            End::Client(peer) => {
                let (answers, outcome) = peer.receive(&frame, &mut login.rng);
                self.say_in_login(answers);
                self.client_is_told(&frame, outcome)
            }
            End::Server { authenticator, open } => {
                let (requests, decision) = authenticator.receive(&frame);
                *open &= decision == Decision::Pending;
                self.server_decides(requests, decision);
                true
            }
        };
        self.login = Some(login);
        all
    }

    /// What an edit has moved before this message of the login.
    fn say_what_overtakes(&mut self, name: &str) {
        self.ahead.iter_mut().filter(|one| one.name == name).for_each(|one| one.nth = one.nth.saturating_sub(1));
        let (due, rest): (Vec<Ahead>, Vec<Ahead>) = std::mem::take(&mut self.ahead).into_iter().partition(|one| one.nth == 0);
        self.ahead = rest;
        for Ahead { turn, line, .. } in due {
            self.on_outcome(|outcome| outcome.edited.push(line));
            self.utter(&turn);
        }
    }

    fn say_in_login(&mut self, frames: Vec<Frame>) {
        for frame in frames {
            self.say_what_overtakes(&frame.name());
            let passed = self.door.pass(self.now, &frame.name(), sstp::emit_data(&frame.emit()));
            let sent = passed.bytes.map(|bytes| Said::new(self.now, self.course.side, bytes));
            sent.iter().for_each(|said| self.note(said));
            self.on_outcome(|outcome| {
                outcome.edited.extend(passed.edits);
                outcome.said += 1;
            });
            (self.over, self.hung_up) = (self.over || passed.close, self.hung_up || passed.close);
        }
        self.since = self.now;
    }

    fn client_is_told(&mut self, frame: &Frame, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Success { hlak } => self.moment.proves(hlak),
            // What the server says of it is compared; what our own end minds, nobody else tells.
            Outcome::Failed(reason) if !is_result(&frame.body) => {
                self.fail(None, Kind::Login { says: reason.to_string() });
                return true;
            }
            _ => {}
        }
        let result = is_result(&frame.body);
        if !result {
            self.on_outcome(|outcome| outcome.passed_over += 1);
        }
        !result
    }

    /// The recording says how the login ends, whatever our own end thinks of it; where a client that was welcome does not prove itself,
    /// that is told.
    fn server_decides(&mut self, mut requests: Vec<Frame>, decision: Decision) {
        self.on_outcome(|outcome| outcome.passed_over += 1);
        let welcome = self.course.gap.and_then(|gap| gap.welcome);
        if let (Some(recorded), Some(Frame { body: Body::Eap(packet), .. })) = (welcome, requests.last_mut())
            && is_result_code(packet.code)
        {
            *packet = Packet::result(packet.id, recorded && packet.code == SUCCESS);
        }
        self.say_in_login(requests);
        match decision {
            Decision::Accepted(hlak) => self.moment.proves(hlak),
            Decision::Refused if welcome == Some(true) => {
                let says = "the client was welcome in the recording, and did not prove itself now".to_string();
                self.fail(None, Kind::Login { says });
            }
            Decision::Refused | Decision::Pending => {}
        }
    }

    /// The request for the identity went out: what answers it bears its identifier.
    pub(super) fn identity_is_asked(&mut self, step: usize, sent: &Said) {
        let asked = sent.frame().filter(|_| self.course.gap.is_some_and(|gap| gap.step == step));
        if let (Some(Frame { body: Body::Eap(packet), .. }), Some(Login { end: End::Server { authenticator, .. }, .. })) =
            (asked, &mut self.login)
        {
            authenticator.count_from(packet.id);
        }
    }

    /// When to give up waiting for the client's part of a login that our own end makes, if `step` comes after it and it still goes on.
    pub(super) fn waits_for_login(&self, step: usize) -> Option<Micros> {
        let comes_later = self.course.gap.is_some_and(|gap| step > gap.step);
        let open = matches!(self.login, Some(Login { end: End::Server { open: true, .. }, .. }));
        (open && comes_later).then(|| self.since + self.manner.patience)
    }
}

/// EAP Success or Failure. RFC 3748 4.2.
fn is_result(body: &Body) -> bool {
    matches!(body, Body::Eap(packet) if is_result_code(packet.code))
}

fn is_result_code(code: u8) -> bool {
    matches!(code, SUCCESS | FAILURE)
}

/// Whether a recorded message is part of a login that is made anew as a whole.
pub fn is_replaced(said: &Said) -> bool {
    said.lane == Lane::Auth && said.frame().is_some_and(|frame| matches!(frame.body, Body::Eap(_)) && !is_result(&frame.body))
}

/// How the recorded server ended the login.
pub fn welcome(said: &Said) -> Option<bool> {
    match said.frame()?.body {
        Body::Eap(packet) if is_result_code(packet.code) => Some(packet.code == SUCCESS),
        _ => None,
    }
}

/// RFC 3748 4.2.
const SUCCESS: u8 = 3;
const FAILURE: u8 = 4;
