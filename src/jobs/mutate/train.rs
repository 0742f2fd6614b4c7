//! Variants one behind the other in one session that stays open, with an LCP Echo-Request behind every few of them: when that is
//! answered they are through, and all that they owed must have come.

use super::cars::{Spared, car};
use super::referee::Open;
use crate::base::{Micros, Side};
use crate::jobs::replay::Player;
use crate::proto::{Input, Machine, Output};
use crate::wire::control::{self, Packet};
use crate::wire::ppp::Frame;
use crate::wire::sstp::{self, Header};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a train came to.
#[derive(Clone, Debug, Default)]
pub struct Journey {
    /// Cars that are through, counted from the first.
    pub through: u64,
    /// The call came up.
    pub up: bool,
    /// Cars that were under way when something went wrong, by number.
    pub suspects: Vec<u64>,
    /// What went wrong.
    pub why: String,
    /// The longest that an answer took.
    pub slowest: Duration,
}

/// A journey under way.
pub type Journeying = Arc<Mutex<Journey>>;

enum At {
    Climbs,
    /// What was still on its way comes first; an LCP Echo-Request of our own marks the end of it.
    Settles,
    Runs,
    Leaves,
}

/// The machine of a train.
pub struct Train {
    player: Player,
    journey: Journeying,
    at: At,
    open: Open,
    seed: u64,
    next: u64,
    end: u64,
    /// The first of the cars that are under way.
    first: u64,
    /// The Call Disconnect that the player would send.
    leave: Vec<u8>,
    /// What came while it settles.
    came: Vec<u8>,
    now: Micros,
    sent: Micros,
    over: bool,
    said_close: bool,
    /// Cars that are not sent.
    spared: Spared,
}

impl Train {
    /// A train of the cars from `cars.0` to before `cars.1`, drawn by this player.
    pub fn new(player: Player, seed: u64, cars: (u64, u64), now: Micros, journey: Journeying) -> Train {
        Train {
            player,
            journey,
            at: At::Climbs,
            open: Open::new(now),
            seed,
            next: cars.0,
            end: cars.1,
            first: cars.0,
            leave: Vec::new(),
            came: Vec::new(),
            now,
            sent: now,
            over: false,
            said_close: false,
            spared: Spared::default(),
        }
    }

    /// The same train without some cars.
    pub fn without(self, spared: Spared) -> Train {
        Train { spared, ..self }
    }

    fn on_journey<T>(&self, change: impl FnOnce(&mut Journey) -> T) -> T {
        change(&mut self.journey.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next cars in one write.
    fn depart(&mut self) -> Option<Vec<u8>> {
        let slowest = self.open.forget();
        let through = self.next - self.first;
        self.on_journey(|journey| {
            journey.through += through;
            journey.slowest = journey.slowest.max(slowest);
        });
        self.first = self.next;
        let last = self.end.min(self.next + AT_ONCE);
        if self.next >= last {
            return None;
        }
        let mut bytes: Vec<u8> =
            (self.next..last).filter(|number| !self.spared.has(self.seed, *number)).flat_map(|number| car(self.seed, number)).collect();
        // Every server answers this one; SoftEther answers no Echo Request of SSTP.
        bytes.extend(mark(control::ECHO_REQUEST));
        (self.next, self.sent) = (last, self.now);
        self.open.sends(self.now, &bytes);
        Some(bytes)
    }

    fn troubled(&mut self) {
        let suspects: Vec<u64> = (self.first..self.next).collect();
        let why = self.open.trouble();
        self.on_journey(|journey| (journey.suspects, journey.why) = (suspects, why));
        self.over = true;
    }

    fn climb(&mut self) -> Option<Output> {
        match self.player.poll() {
            Output::Send(bytes) if is_leave(&bytes) => {
                (self.leave, self.at, self.sent) = (bytes, At::Settles, self.now);
                Some(Output::Send(mark(control::ECHO_REQUEST)))
            }
            Output::Event(_) => None,
            Output::Close | Output::Done => {
                self.over = true;
                None
            }
            output => Some(output),
        }
    }

    /// The mark came back: everything before it has.
    fn settle(&mut self, bytes: &[u8]) {
        self.came.extend_from_slice(bytes);
        let reply = mark(control::ECHO_REPLY);
        // The magic number in it is the server's.
        let head = reply.get(..MARK_HEAD).unwrap_or_default();
        if self.came.windows(head.len()).any(|window| window == head) {
            self.at = At::Runs;
            self.open = Open::new(self.now);
            self.on_journey(|journey| journey.up = true);
        }
    }

    fn run(&mut self) -> Option<Output> {
        match () {
            () if self.open.is_troubled() || self.now.since(self.sent) > LATE => {
                self.troubled();
                None
            }
            () if self.open.is_settled() => match self.depart() {
                Some(bytes) => Some(Output::Send(bytes)),
                None => {
                    self.at = At::Leaves;
                    Some(Output::Send(std::mem::take(&mut self.leave)))
                }
            },
            () => Some(Output::Wait(self.sent + LATE + Duration::from_millis(1))),
        }
    }
}

/// An LCP Echo-Request that no recording has, or the reply to it.
fn mark(code: u8) -> Vec<u8> {
    sstp::emit_data(&Frame::lcp(Packet::new(code, MARK, [0; 8])).emit())
}

fn is_leave(bytes: &[u8]) -> bool {
    Header::parse(bytes).is_some_and(|header| header.control) && bytes.get(4..6) == Some(&[0, 6])
}

impl Machine for Train {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.now = self.now.max(now);
        match (&self.at, input) {
            (At::Climbs, input) => self.player.handle(now, input),
            (At::Settles, Input::Bytes { from: Side::Server, bytes }) => self.settle(bytes),
            (At::Settles, Input::Closed { .. } | Input::Leave) => self.over = true,
            (At::Runs, Input::Bytes { from: Side::Server, bytes }) => self.open.hears(self.now, bytes),
            (At::Runs, Input::Closed { .. }) => self.troubled(),
            (At::Runs, Input::Leave) => self.at = At::Leaves,
            (At::Leaves, Input::Bytes { .. } | Input::Closed { .. } | Input::Leave) => self.over = true,
            (_, Input::Tick | Input::Bytes { .. }) => {}
        }
    }

    fn poll(&mut self) -> Output {
        loop {
            if self.said_close {
                return Output::Done;
            }
            if self.over {
                self.said_close = true;
                return Output::Close;
            }
            let output = match self.at {
                At::Climbs => self.climb(),
                At::Settles if self.now.since(self.sent) > LATE => {
                    self.over = true;
                    None
                }
                At::Settles => Some(Output::Wait(self.sent + LATE + Duration::from_millis(1))),
                At::Runs => self.run(),
                At::Leaves if !self.leave.is_empty() => Some(Output::Send(std::mem::take(&mut self.leave))),
                At::Leaves if self.now.since(self.sent) > LATE => {
                    self.over = true;
                    None
                }
                At::Leaves => Some(Output::Wait(self.sent + LATE + Duration::from_millis(1))),
            };
            if let Some(output) = output {
                return output;
            }
        }
    }
}

/// Ours: the identifier of the mark.
const MARK: u8 = 0x3e;
/// SSTP header, FF 03, protocol, code, identifier and length.
const MARK_HEAD: usize = 12;
/// Ours: cars under way at a time.
const AT_ONCE: u64 = 64;
/// Ours: an answer that takes longer makes the cars suspect; each is then looked at alone.
const LATE: Duration = Duration::from_secs(8);
