//! One end that plays a course: a machine like a session, which says what was recorded when what it answers has come.

mod again;
mod hears;
mod keeps;
mod login;
mod room;

pub use login::{Gap, Login, is_replaced, welcome};
use room::Room;

use super::asked::Asked;
use super::course::{Ahead, Course, Turn};
use super::message::{Lane, Said};
use super::moment::{Moment, Substituted};
use super::outcome::{Divergence, Kind, Outcome};
use super::pace::{Gate, Timing};
use crate::base::{Layer, Micros, Side};
use crate::proto::door::Door;
use crate::proto::{Input, Machine, Output};
use crate::transcript::Event;
use crate::wire::http;
use crate::wire::sstp::Framer;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a course is played.
#[derive(Clone)]
pub struct Manner {
    /// When the next message is due.
    pub timing: Timing,
    /// How long a message of the peer is waited for, beyond the time that it took in the recording.
    pub patience: Duration,
    /// Who lets the next message go; `None`: nobody is asked.
    pub gate: Option<Arc<dyn Gate>>,
    /// Everything is noted; otherwise only what differs, as under load.
    pub notes: bool,
}

/// What a player came to, shared with whoever started it.
pub type Shared = Arc<Mutex<Outcome>>;

/// One end that plays a course.
pub struct Player {
    course: Arc<Course>,
    manner: Manner,
    moment: Moment,
    door: Door,
    shared: Shared,
    now: Micros,
    /// The next of our turns.
    next: usize,
    /// How many messages came of each exchange, and the latest of it.
    came: BTreeMap<Lane, usize>,
    latest: BTreeMap<Lane, Said>,
    /// How often the latest came again.
    again: BTreeMap<Lane, usize>,
    /// When we said last what answers an exchange of the peer's.
    answered: BTreeMap<Lane, Micros>,
    /// What of the peer's requests was answered.
    asked: Asked,
    /// Since when nothing moved, and the place in the recording that was reached.
    since: Micros,
    reached: Micros,
    /// Keep-alives of the peer that are not answered yet.
    unanswered: Vec<Said>,
    /// How often each of the course's reflexes was given.
    given: Vec<usize>,
    head: Option<Vec<u8>>,
    framer: Framer,
    /// What comes cannot be cut into messages any more, or is the body behind an HTTP error.
    deaf: bool,
    out: VecDeque<Output>,
    over: bool,
    /// An edit closes the connection.
    hung_up: bool,
    peer_closed: bool,
    said_close: bool,
    /// A login with TLS inside EAP, which is made anew as a whole.
    login: Option<Login>,
    /// What is said before a message of that login: so many of that name have yet to come.
    ahead: Vec<Ahead>,
    /// For what the peer says, as far as it is noted.
    room: Room,
}

impl Player {
    /// A player that begins at `now`.
    pub fn new(course: Arc<Course>, manner: Manner, moment: Moment, shared: Shared, now: Micros) -> Player {
        let reached = course.steps.first().map_or(Micros::ZERO, super::script::Step::at);
        let room = Room::beside(&course);
        Player {
            door: Door::new(course.edits.clone()),
            ahead: course.ahead.clone(),
            course,
            manner,
            moment,
            shared,
            now,
            next: 0,
            came: BTreeMap::new(),
            latest: BTreeMap::new(),
            again: BTreeMap::new(),
            answered: BTreeMap::new(),
            asked: Asked::default(),
            since: now,
            reached,
            unanswered: Vec::new(),
            given: Vec::new(),
            head: Some(Vec::new()),
            framer: Framer::default(),
            deaf: false,
            out: VecDeque::new(),
            over: false,
            hung_up: false,
            peer_closed: false,
            said_close: false,
            login: None,
            room,
        }
    }

    /// The same player, which makes this login anew as a whole. The course is one [`Course::without_login`].
    pub fn with_login(self, login: Option<Login>) -> Player {
        Player { login, ..self }
    }

    /// The key for crypto binding that the login has left. MS-SSTP 3.2.5.2.2.
    pub fn key(&self) -> Option<[u8; 32]> {
        self.moment.key()
    }

    /// Something is held back until its time has come.
    pub fn holds(&self) -> bool {
        self.door.due().is_some()
    }

    /// An edit has closed the connection.
    pub fn has_hung_up(&self) -> bool {
        self.hung_up
    }

    fn peer(&self) -> Side {
        self.course.side.other()
    }

    fn on_outcome<T>(&self, change: impl FnOnce(&mut Outcome) -> T) -> T {
        change(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn diverged(&self, step: Option<usize>, kind: Kind) {
        let at = self.now;
        self.on_outcome(|outcome| outcome.diverged(Divergence { step, at, kind }));
    }

    /// The session cannot go on as it was recorded.
    fn fail(&mut self, step: Option<usize>, kind: Kind) {
        self.diverged(step, kind);
        self.door.clear();
        self.over = true;
    }

    fn moved(&mut self, step: usize) {
        self.since = self.now;
        self.reached = self.course.steps.get(step).map_or(self.reached, super::script::Step::at);
    }

    fn note(&mut self, said: &Said) {
        if self.manner.notes && self.has_room(said) {
            let (layer, what) = said.what().unwrap_or_else(|| super::script::unread(said.raw.len()));
            let event = Event { at: self.now, by: Some(said.by), layer, what, raw: said.raw.clone().into() };
            self.out.push_back(Output::Event(Box::new(event)));
        }
    }

    fn say(&mut self, turn: &Turn) {
        self.utter(turn);
        self.next += 1;
        self.moved(turn.step);
        self.answer();
    }

    fn utter(&mut self, turn: &Turn) {
        let (door, mut applied) = (&mut self.door, Vec::new());
        let made = self.moment.outgoing(&turn.said, &mut |name, bytes| {
            let (bytes, edits) = door.draft(name, bytes);
            applied.extend(edits);
            bytes
        });
        let substituted = if self.manner.notes { Moment::substituted(&turn.said, &made) } else { Vec::new() };
        let passed = self.door.pass(self.now, &turn.said.name, made);
        applied.extend(passed.edits);
        let sent = passed.bytes.map(|bytes| Said::new(self.now, self.course.side, bytes));
        sent.iter().for_each(|said| self.note(said));
        sent.iter().for_each(|said| self.identity_is_asked(turn.step, said));
        self.tell_sent(turn, sent, substituted, applied);
        self.asked.said(&turn.said);
        self.answers(&turn.said);
        (self.over, self.hung_up) = (self.over || passed.close, self.hung_up || passed.close);
    }

    fn tell_sent(&mut self, turn: &Turn, sent: Option<Said>, substituted: Vec<Substituted>, edits: Vec<String>) {
        let notes = self.manner.notes;
        self.on_outcome(|outcome| {
            outcome.edited.extend(edits);
            outcome.said += 1;
            if notes {
                outcome.substituted.extend(substituted);
                outcome.row(Some(turn.step), sent, Vec::new());
            }
        });
    }

    /// Says what is due. When there is nothing to do: when to look again.
    fn advance(&mut self) -> Option<Micros> {
        let course = self.course.clone();
        let Some(turn) = course.ours.get(self.next) else { return self.end() };
        if let Some(wait) = self.lacks(&turn.needs) {
            return wait;
        }
        if let Some(deadline) = self.waits_for_login(turn.step) {
            if self.now < deadline {
                return Some(deadline);
            }
            self.fail(None, Kind::Login { says: "the client does not go on with it".into() });
            return None;
        }
        let hurries = turn.step < course.since;
        let due = self.since + if hurries { Duration::ZERO } else { self.manner.timing.wait(turn.said.at - self.reached) };
        if due > self.now {
            return Some(due);
        }
        if self.manner.gate.as_ref().is_some_and(|gate| !gate.opens(self.next, &turn.said)) {
            return Some(self.now + GATE_LOOKS);
        }
        self.say(turn);
        None
    }

    /// When to look again because a message has yet to come; `Some(None)` when it was waited for long enough.
    fn lacks(&mut self, needs: &[(Lane, usize)]) -> Option<Option<Micros>> {
        let course = self.course.clone();
        loop {
            let missing = course.missing(needs, &self.came)?;
            let patience = self.manner.patience + (missing.said.at - self.reached).duration().min(LONGEST_SILENCE);
            let need_not_come = missing.ignored && missing.step >= course.since;
            let deadline = self.since + if need_not_come { patience.min(UNCOMPARED) } else { patience };
            if self.now < deadline {
                return Some(Some(deadline));
            }
            if !need_not_come {
                self.fail(Some(missing.step), Kind::Missing { message: missing.said.name.clone(), after: patience });
                return Some(None);
            }
            *self.came.entry(missing.said.lane).or_default() += 1;
        }
    }

    /// Everything was said.
    fn end(&mut self) -> Option<Micros> {
        if let Some(wait) = self.lacks(&self.course.all()) {
            return wait;
        }
        let wait = match (self.course.peer_closes && !self.course.open_end, self.course.settles) {
            _ if self.peer_closed => Duration::ZERO,
            (true, _) => self.manner.patience,
            (false, true) => SETTLES.min(self.manner.patience),
            (false, false) => Duration::ZERO,
        };
        // The recording may have been silent before it ended.
        let silence = if self.peer_closed { Duration::ZERO } else { self.manner.timing.wait(self.course.ends_at - self.reached) };
        let pings = if self.pings_are_due() && !self.peer_closed { UNCOMPARED.min(self.manner.patience) } else { Duration::ZERO };
        let due = self.since + wait.max(silence).max(pings);
        if due > self.now {
            return Some(due);
        }
        if self.course.peer_closes && !self.course.open_end && !self.peer_closed {
            self.diverged(None, Kind::StaysOpen { after: wait });
        }
        self.over = true;
        self.on_outcome(|outcome| outcome.through = true);
        None
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.deaf {
            return;
        }
        match self.head.take() {
            None => self.framer.push(bytes),
            Some(mut head) => {
                head.extend_from_slice(bytes);
                let parsed = match self.peer() {
                    Side::Server => http::Head::parse_response(Layer::Http, &head),
                    Side::Client => http::Head::parse_request(Layer::Http, &head),
                };
                match parsed {
                    Ok(http::Parsed::Partial) => {
                        self.head = Some(head);
                        return;
                    }
                    Ok(http::Parsed::Whole(read, len)) => {
                        self.deaf = read.status.is_some_and(|status| status != 200);
                        self.framer.push(head.get(len..).unwrap_or_default());
                        head.truncate(len);
                        self.heard(head);
                    }
                    Err(_) => return self.unreadable(&head),
                }
            }
        }
        while !self.over && !self.deaf {
            match self.framer.next_packet() {
                Ok(Some(packet)) => {
                    let packet = packet.to_vec();
                    self.heard(packet);
                }
                Ok(None) => return,
                Err(_) => {
                    let rest = self.framer.rest().to_vec();
                    return self.unreadable(&rest);
                }
            }
        }
    }

    fn unreadable(&mut self, bytes: &[u8]) {
        self.deaf = true;
        self.heard(bytes.get(..bytes.len().min(SHOWN)).unwrap_or_default().to_vec());
    }
}

impl Machine for Player {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.now = self.now.max(now);
        match input {
            _ if self.over => {}
            Input::Bytes { from, bytes } if from == self.peer() => self.bytes(bytes),
            Input::Closed { from, how } if from == self.peer() => self.closed(how),
            Input::Closed { .. } => self.over = true,
            Input::Leave => {
                self.on_outcome(|outcome| outcome.interrupted = true);
                self.leave();
                self.over = true;
            }
            Input::Bytes { .. } | Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Output {
        loop {
            if let Some(output) = self.out.pop_front() {
                return output;
            }
            if self.said_close {
                return Output::Done;
            }
            if let Some(bytes) = self.door.ready(self.now) {
                return Output::Send(bytes);
            }
            if self.over && (self.door.due().is_none() || self.peer_closed) {
                if let Some(event) = self.room.left_out(self.now) {
                    return Output::Event(Box::new(event));
                }
                self.said_close = true;
                self.on_outcome(|outcome| outcome.ended = true);
                return Output::Close;
            }
            let held = self.door.due();
            let due = if self.over { Some(Micros::MAX) } else { self.advance() };
            if let Some(due) = due {
                return Output::Wait(held.map_or(due, |held| held.min(due)));
            }
        }
    }
}

/// Ours: what is not compared is waited for this long, since it may carry what the next message needs.
const UNCOMPARED: Duration = Duration::from_secs(2);
/// Ours: whoever lets messages go is asked so often.
const GATE_LOOKS: Duration = Duration::from_millis(50);
/// Ours: a peer that has more to say than was recorded says it soon.
const SETTLES: Duration = Duration::from_millis(300);
/// Ours: no timer of SSTP or PPP keeps an end silent for longer.
const LONGEST_SILENCE: Duration = Duration::from_secs(600);
/// Ours: bytes kept of what cannot be read.
const SHOWN: usize = 256;
