//! One variant to one client: an honest server speaks with it, its door spoils, and whatever passes is written down. When the call is
//! up, an Echo Request marks the end of what the client owes so far; then the call is left.

use super::ride::{Patience, Riding, answers_what_was_put_in, leaves};
use super::{Ride, World};
use crate::base::{Layer, Micros, Side};
use crate::proto::door::Door;
use crate::proto::edit::Edit;
use crate::proto::plan::{Account, CertHashes, Credentials, Mind, Plan, ServerConfig, Timers};
use crate::proto::{Input, Machine, Output, Session};
use crate::transcript::What;
use crate::wire::http;
use crate::wire::sstp::{Framer, Message, MessageType};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Our end of a call with a client: the honest server with these edits.
pub fn plan(server: ServerConfig, cert: CertHashes, credentials: &Credentials, edits: &[Edit], seed: u64) -> Plan {
    let Credentials { user, password } = credentials;
    let account = Account { name: user.clone(), password: password.clone(), error: None };
    let mut server = ServerConfig { cert, accounts: vec![account], ..server };
    // The host has a patience of its own; until then our end never gives up.
    server.timers = Timers { negotiation: NEVER, hello: NEVER, max_configure: u32::MAX, ..Timers::default() };
    (server.nak_limit, server.lets_leave, server.leaves_at) = (u32::MAX, true, None);
    Plan { mind: Mind::Server(server), edits: edits.to_vec(), toxics: Vec::new(), seed }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Climbs,
    /// The Echo Request is sent.
    Asked,
    Leaves,
}

/// The machine of a ride with a client.
pub struct Host {
    session: Session,
    /// Spoils what the session does not say by itself.
    door: Door,
    ride: Riding,
    world: Arc<World>,
    patience: Patience,
    now: Micros,
    last: Micros,
    at: At,
    bound: bool,
    network: bool,
    /// The session has nothing more to say.
    left: bool,
    /// The client has ended the call.
    ended: Option<Micros>,
    /// The variant was carried out.
    reached: bool,
    head: Option<Vec<u8>>,
    framer: Framer,
    over: bool,
    said_close: bool,
}

impl Host {
    /// A host for the next client. `plan`: see [`plan`].
    pub fn new(plan: Plan, world: Arc<World>, patience: Patience, now: Micros, ride: Riding) -> Host {
        {
            let mut ride = ride.lock().unwrap_or_else(PoisonError::into_inner);
            (ride.began, ride.by) = (now, Side::Server);
        }
        let door = Door::new(plan.edits.iter().filter(|edit| edit.message == ECHO).cloned().collect());
        // What is not spoilt is reached from the start.
        let reached = plan.edits.is_empty();
        Host {
            session: Session::new(plan, now),
            door,
            ride,
            world,
            patience,
            now,
            last: now,
            at: At::Climbs,
            bound: false,
            network: false,
            left: false,
            ended: None,
            reached,
            head: Some(Vec::new()),
            framer: Framer::default(),
            over: false,
            said_close: false,
        }
    }

    fn on_ride<T>(&self, change: impl FnOnce(&mut Ride) -> T) -> T {
        change(&mut self.ride.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn pass(&mut self, by: Side, bytes: &[u8]) {
        let at = self.now;
        self.last = at;
        self.on_ride(|ride| ride.pass(at, by, bytes));
    }

    fn edited(&mut self, line: String) {
        self.reached = true;
        self.on_ride(|ride| ride.edited.push(line));
    }

    /// What came, as far as it is for the session: answers to what was put in between are not.
    fn came(&mut self, bytes: &[u8]) {
        match self.head.take() {
            None => self.framer.push(bytes),
            Some(mut head) => {
                head.extend_from_slice(bytes);
                let Ok(http::Parsed::Whole(_, len)) = http::Head::parse_request(Layer::Http, &head) else {
                    self.hand_on(bytes);
                    self.head = Some(head);
                    return;
                };
                self.framer.push(head.get(len..).unwrap_or_default());
                let known = head.len() - bytes.len();
                let rest = head.get(known..len).unwrap_or_default().to_vec();
                self.hand_on(&rest);
            }
        }
        while let Ok(Some(packet)) = self.framer.next_packet() {
            let packet = packet.to_vec();
            if leaves(&packet) {
                self.ended.get_or_insert(self.now);
            }
            if packet.get(4..6) == Some(&ECHO_RESPONSE) && self.at == At::Asked {
                self.leave();
            }
            if !answers_what_was_put_in(&packet) {
                self.hand_on(&packet);
            }
        }
    }

    fn hand_on(&mut self, bytes: &[u8]) {
        if !self.left && !bytes.is_empty() {
            self.session.handle(self.now, Input::Bytes { from: Side::Client, bytes });
        }
    }

    /// The call is ended in order.
    fn leave(&mut self) {
        self.at = At::Leaves;
        self.last = self.now;
        if !self.left {
            self.session.handle(self.now, Input::Leave);
        }
    }

    fn ask(&mut self) {
        self.at = At::Asked;
        self.last = self.now;
        let passed = self.door.pass(self.now, ECHO, Message::bare(MessageType::EchoRequest).emit());
        passed.edits.into_iter().for_each(|line| self.edited(line));
    }

    fn deadline(&self) -> Micros {
        match (self.ended, self.at) {
            (Some(ended), _) => ended + self.patience.close,
            // All that an honest call has is up: nothing else comes.
            (None, At::Climbs) if self.bound && self.network => self.last,
            (None, At::Climbs) if self.bound || self.reached => self.last + self.patience.quiet,
            (None, At::Climbs) => self.last + self.patience.answer,
            (None, _) => self.last + self.patience.quiet,
        }
    }

    /// Nothing moves: what is next?
    fn look(&mut self) -> Option<Micros> {
        let deadline = self.deadline();
        if self.now < deadline {
            return Some(deadline);
        }
        let patient = self.last + self.patience.answer;
        let owes = self.ended.is_none()
            && self.now < patient
            && self.on_ride(|ride| Ride { over: self.now, ..ride.clone() }).verdict(&self.world).owed;
        match self.at {
            _ if owes && !(self.at == At::Climbs && self.bound && self.network) => return Some(patient),
            At::Climbs if self.bound && self.ended.is_none() && !self.left => self.ask(),
            At::Asked if self.ended.is_none() && !self.left => self.leave(),
            _ => self.over = true,
        }
        None
    }

    fn session_says(&mut self) -> Option<Output> {
        if self.left {
            return None;
        }
        loop {
            match self.session.poll() {
                Output::Send(bytes) => {
                    self.pass(Side::Server, &bytes);
                    return Some(Output::Send(bytes));
                }
                Output::Event(event) => match event.what {
                    What::Edited { edit } => self.edited(edit),
                    What::Up => {
                        self.bound |= event.layer == Layer::Binding;
                        self.network |= event.layer == Layer::Ncp;
                    }
                    _ => {}
                },
                Output::Close | Output::Done => {
                    self.left = true;
                    return None;
                }
                Output::Wait(due) => return Some(Output::Wait(due)),
            }
        }
    }
}

impl Machine for Host {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.now = self.now.max(now);
        match input {
            Input::Bytes { from: Side::Client, bytes } if !self.over => {
                self.pass(Side::Client, bytes);
                self.came(bytes);
            }
            Input::Closed { from, how } => {
                let at = self.now;
                if from == Side::Client && !self.over {
                    self.on_ride(|ride| ride.closed = ride.closed.or(Some((at, how))));
                }
                self.over = true;
            }
            Input::Leave => self.over = true,
            Input::Tick if !self.left => self.session.handle(now, Input::Tick),
            Input::Tick | Input::Bytes { .. } => {}
        }
    }

    fn poll(&mut self) -> Output {
        loop {
            if self.said_close {
                return Output::Done;
            }
            if self.over {
                self.said_close = true;
                let at = self.now;
                self.on_ride(|ride| ride.over = at);
                return Output::Close;
            }
            let due = match self.session_says() {
                Some(Output::Wait(due)) => due,
                Some(output) => return output,
                None => Micros::MAX,
            };
            if let Some(bytes) = self.door.ready(self.now) {
                self.pass(Side::Server, &bytes);
                return Output::Send(bytes);
            }
            let held = self.door.due().unwrap_or(Micros::MAX);
            if let Some(deadline) = self.look() {
                return Output::Wait(deadline.min(due).min(held));
            }
        }
    }
}

/// The name of what the host says by itself.
const ECHO: &str = "sstp.echo-request";
/// MS-SSTP 2.2.16.
const ECHO_RESPONSE: [u8; 2] = [0, 9];
/// The host decides when it is over.
const NEVER: Duration = Duration::from_secs(86_400);

/// What a client answers with a mark of ours is no part of the call.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::mutate::guests;

    #[test]
    fn an_honest_client_goes_through_and_is_asked_once() {
        let arena = guests::Memory::new(None, 7);
        let ride = arena.ride(&[], 1);
        let verdict = ride.verdict(&arena.world);
        assert_eq!((verdict.faults.len(), verdict.reaction.as_str()), (0, "goes on"), "{:?}", verdict.faults);
        let echoes = ride.passed.iter().filter(|one| one.by == Side::Server && one.bytes.get(4..6) == Some(&[0, 8])).count();
        assert_eq!(echoes, 1);
    }
}
