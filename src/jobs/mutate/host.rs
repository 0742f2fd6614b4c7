//! One variant to one client: an honest server speaks with it, its door spoils, and whatever passes is written down. When the call is
//! up, an Echo Request marks the end of what the client owes so far; then the call is left.

use super::World;
use super::ride::{Patience, Riding, answers_what_was_put_in, leaves};
use super::seat::{Piece, Seat};
use crate::base::{Layer, Micros, Side};
use crate::proto::door::Door;
use crate::proto::edit::Edit;
use crate::proto::plan::{Account, CertHashes, Credentials, Mind, Plan, ServerConfig, Timers};
use crate::proto::{Input, Machine, Output, Session};
use crate::transcript::What;
use crate::wire::sstp::{Message, MessageType};
use std::sync::Arc;
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
    seat: Seat,
    at: At,
    bound: bool,
    network: bool,
    /// The session has nothing more to say.
    left: bool,
    /// The client has ended the call.
    ended: Option<Micros>,
    /// The variant was carried out.
    reached: bool,
    over: bool,
    said_close: bool,
}

impl Host {
    /// A host for the next client. `plan`: see [`plan`].
    pub fn new(plan: Plan, world: Arc<World>, patience: Patience, now: Micros, ride: Riding) -> Host {
        let seat = Seat::new(ride, world, patience, Side::Server, now);
        let door = Door::new(plan.edits.iter().filter(|edit| edit.message == ECHO).cloned().collect());
        // What is not spoilt is reached from the start.
        let reached = plan.edits.is_empty();
        Host {
            session: Session::new(plan, now),
            door,
            seat,
            at: At::Climbs,
            bound: false,
            network: false,
            left: false,
            ended: None,
            reached,
            over: false,
            said_close: false,
        }
    }

    fn edited(&mut self, line: String) {
        self.reached = true;
        self.seat.on_ride(|ride| ride.edited.push(line));
    }

    /// What came, as far as it is for the session: answers to what was put in between are not.
    fn came(&mut self, bytes: &[u8]) {
        for piece in self.seat.came(bytes) {
            match piece {
                Piece::Head(bytes) => self.hand_on(&bytes),
                Piece::Spoken(_) => {}
                Piece::Packet(packet) => self.packet(&packet),
            }
        }
    }

    fn packet(&mut self, packet: &[u8]) {
        if leaves(packet) {
            self.ended.get_or_insert(self.seat.now);
        }
        if packet.get(4..6) == Some(&ECHO_RESPONSE) && self.at == At::Asked {
            self.leave();
        }
        if !answers_what_was_put_in(packet) {
            self.hand_on(packet);
        }
    }

    fn hand_on(&mut self, bytes: &[u8]) {
        if !self.left && !bytes.is_empty() {
            self.session.handle(self.seat.now, Input::Bytes { from: Side::Client, bytes });
        }
    }

    /// The call is ended in order.
    fn leave(&mut self) {
        self.at = At::Leaves;
        self.seat.last = self.seat.now;
        if !self.left {
            self.session.handle(self.seat.now, Input::Leave);
        }
    }

    fn ask(&mut self) {
        self.at = At::Asked;
        self.seat.last = self.seat.now;
        let passed = self.door.pass(self.seat.now, ECHO, Message::bare(MessageType::EchoRequest).emit());
        passed.edits.into_iter().for_each(|line| self.edited(line));
    }

    fn deadline(&self) -> Micros {
        let (last, patience) = (self.seat.last, self.seat.patience);
        match (self.ended, self.at) {
            (Some(ended), _) => ended + patience.close,
            // All that an honest call has is up: nothing else comes.
            (None, At::Climbs) if self.bound && self.network => last,
            (None, At::Climbs) if self.bound || self.reached => last + patience.quiet,
            (None, At::Climbs) => last + patience.answer,
            (None, _) => last + patience.quiet,
        }
    }

    /// Nothing moves: what is next?
    fn look(&mut self) -> Option<Micros> {
        let deadline = self.deadline();
        if self.seat.now < deadline {
            return Some(deadline);
        }
        let is_up = self.at == At::Climbs && self.bound && self.network;
        let owed = if self.ended.is_none() && !is_up { self.seat.owed() } else { None };
        match self.at {
            _ if owed.is_some() => return owed,
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
                    self.seat.sent(&bytes);
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
        self.seat.now = self.seat.now.max(now);
        match input {
            Input::Bytes { from: Side::Client, bytes } if !self.over => self.came(bytes),
            Input::Closed { from, how } => {
                self.seat.closed(from, how, self.over);
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
                self.seat.over();
                return Output::Close;
            }
            let due = match self.session_says() {
                Some(Output::Wait(due)) => due,
                Some(output) => return output,
                None => Micros::MAX,
            };
            if let Some(bytes) = self.door.ready(self.seat.now) {
                self.seat.sent(&bytes);
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
