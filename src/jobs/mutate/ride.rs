//! One variant on one connection: a player plays the script, spoilt, and whatever passes is written down until it is clear what
//! the server does.

use super::referee::{self, Passed, Verdict, World};
use super::seat::{Piece, Seat};
use crate::base::{Micros, Side};
use crate::jobs::replay::outcome::Kind;
use crate::jobs::replay::player::Shared;
use crate::jobs::replay::{Player, Said};
use crate::proto::{Input, Machine, Output};
use crate::transcript::How;
use crate::wire::control;
use crate::wire::sstp::{self, Header, MessageType};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Nothing is owed and nothing moves: so long.
    pub quiet: Duration,
    /// Something is owed, or the place to spoil is not reached yet.
    pub answer: Duration,
    /// The call is over: so long for the connection to be closed.
    pub close: Duration,
    /// The same, where it is looked whether the server closes it.
    pub let_go: Duration,
}

impl Patience {
    /// In memory waiting costs nothing, so every timer is seen.
    pub const PRETENDED: Patience = Patience {
        quiet: Duration::from_secs(150),
        answer: Duration::from_secs(150),
        close: Duration::from_secs(30),
        let_go: Duration::from_secs(30),
    };
    /// Over sockets what must not come is waited for shortly, and what must come for long.
    pub const REAL: Patience = Patience {
        quiet: Duration::from_millis(300),
        answer: Duration::from_secs(8),
        close: Duration::ZERO,
        let_go: Duration::from_millis(5_500),
    };
}

/// What passed on one connection.
#[derive(Clone, Debug)]
pub struct Ride {
    /// Who spoils; the other side is the target.
    pub by: Side,
    /// When it began.
    pub began: Micros,
    /// Writes and reads, in order.
    pub passed: Vec<Passed>,
    /// When and how the server closed.
    pub closed: Option<(Micros, How)>,
    /// We have closed in the middle of the call.
    pub hung_up: bool,
    /// When it was clear.
    pub over: Micros,
    /// What the login left for crypto binding.
    pub key: Option<[u8; 32]>,
    /// The lines that were carried out.
    pub edited: Vec<String>,
    /// Whoever plays the honest part has given up before this one of what passed.
    pub given_up: Option<usize>,
    /// How a login of EAP has ended that is not through.
    pub no_login: Option<String>,
    /// Why there was no connection.
    pub no_connection: Option<String>,
    /// How a client that was started has died of it.
    pub died: Option<String>,
    /// It was left after so long, while something was still waited for.
    pub left_after: Option<Duration>,
}

impl Default for Ride {
    fn default() -> Ride {
        Ride {
            by: Side::Client,
            began: Micros::ZERO,
            passed: Vec::new(),
            closed: None,
            hung_up: false,
            over: Micros::ZERO,
            key: None,
            edited: Vec::new(),
            given_up: None,
            no_login: None,
            no_connection: None,
            died: None,
            left_after: None,
        }
    }
}

impl Ride {
    /// Notes a write or a read, as far as there is room.
    pub fn pass(&mut self, at: Micros, by: Side, bytes: &[u8]) {
        let held: usize = if self.passed.len().is_multiple_of(64) { self.passed.iter().map(|one| one.bytes.len()).sum() } else { 0 };
        if held < MOST_BYTES && self.passed.len() < MOST_PASSED {
            self.passed.push(Passed { at, by, bytes: bytes.to_vec() });
        }
    }

    /// What the referee says to it.
    pub fn verdict(&self, world: &World) -> Verdict {
        referee::judge(world, self)
    }

    /// The target speaks: a server has answered the HTTP request with 200, a client has asked.
    pub fn is_answered(&self) -> bool {
        self.passed.iter().find(|one| one.by != self.by).is_some_and(|one| {
            let begins: &[u8] = if self.by == Side::Client { b"HTTP/1.1 200" } else { b"SSTP_DUPLEX_POST " };
            one.bytes.starts_with(begins)
        })
    }

    /// The name of what the target said last; `None`: it said nothing.
    pub fn last_heard(&self) -> Option<String> {
        let last = self.passed.iter().rfind(|one| one.by != self.by)?;
        let (mut raw, mut framer) = (last.bytes.clone(), sstp::Framer::default());
        // One read may have several packets.
        framer.push(&last.bytes);
        while let Ok(Some(packet)) = framer.next_packet() {
            raw = packet.to_vec();
        }
        Some(Said::new(last.at, last.by, raw).name)
    }

    /// All that was sent.
    pub fn sent(&self) -> Vec<u8> {
        self.passed.iter().filter(|one| one.by == self.by).flat_map(|one| one.bytes.iter().copied()).collect()
    }
}

/// A ride under way, shared with whoever started it.
pub type Riding = Arc<Mutex<Ride>>;

/// The machine of a ride.
pub struct Rider {
    player: Player,
    outcome: Shared,
    seat: Seat,
    /// The player has nothing more to say.
    left: bool,
    /// The server has ended the call.
    ended: Option<Micros>,
    /// The Call Disconnect of an honest call. One that is sent otherwise is looked at until the server closes.
    goodbye: Option<Vec<u8>>,
    /// It is looked whether the server closes when it has let us go.
    lingers: bool,
    /// The server has let us go.
    let_go: bool,
    /// The login has failed.
    is_refused: bool,
    /// The variant changes the script itself, so it is reached from the start.
    reached: bool,
    knows_naks: bool,
    over: bool,
    said_close: bool,
}

impl Rider {
    /// A rider on this player. `reached`: nothing has to come before the variant counts; `naks`: the recording has Naks; it begins `now`.
    pub fn new(
        player: Player,
        outcome: Shared,
        world: Arc<World>,
        patience: Patience,
        (reached, naks, now): (bool, bool, Micros),
        ride: Riding,
    ) -> Rider {
        let seat = Seat::new(ride, world, patience, Side::Client, now);
        Rider {
            player,
            outcome,
            seat,
            left: false,
            ended: None,
            goodbye: None,
            lingers: false,
            let_go: false,
            is_refused: false,
            reached,
            knows_naks: naks,
            over: false,
            said_close: false,
        }
    }

    /// The same rider, who looks whether the server closes behind every Call Disconnect but this one; with `None` behind any.
    pub fn lingering(self, goodbye: Option<Vec<u8>>) -> Rider {
        Rider { lingers: goodbye.is_none(), goodbye, ..self }
    }

    fn says(&mut self, bytes: &[u8]) {
        let Some(goodbye) = &self.goodbye else { return };
        let mut framer = sstp::Framer::default();
        framer.push(bytes);
        while let Ok(Some(packet)) = framer.next_packet() {
            self.lingers |= kind_of(packet) == Some(MessageType::CallDisconnect) && packet != goodbye.as_slice();
        }
    }

    /// What came, as far as it is for the player: answers to what was put in between are not.
    fn came(&mut self, bytes: &[u8]) {
        for piece in self.seat.came(bytes) {
            match piece {
                Piece::Head(bytes) => self.hand_on(&bytes),
                Piece::Spoken(Some(200)) => {}
                Piece::Spoken(_) => self.ended = Some(self.seat.now),
                Piece::Packet(packet) if self.is_for_the_player(&packet) => self.hand_on(&packet),
                Piece::Packet(_) => {}
            }
        }
    }

    fn hand_on(&mut self, bytes: &[u8]) {
        self.player.handle(self.seat.now, Input::Bytes { from: Side::Server, bytes });
    }

    fn is_for_the_player(&mut self, packet: &[u8]) -> bool {
        self.let_go |= kind_of(packet) == Some(MessageType::CallDisconnectAck);
        if leaves(packet) {
            self.ended.get_or_insert(self.seat.now);
        }
        (self.knows_naks || !is_nak(packet)) && !answers_what_was_put_in(packet)
    }

    fn deadline(&self) -> Micros {
        let (last, patience) = (self.seat.last, self.seat.patience);
        match self.ended {
            Some(ended) if self.lingers && self.let_go => ended + patience.let_go,
            Some(ended) => ended + patience.close,
            // Behind a login that fails no place is reached any more.
            None if self.reached || self.is_refused => last + patience.quiet,
            None => last + patience.answer,
        }
    }

    /// Nothing moves: is it over?
    fn look(&mut self) -> Option<Micros> {
        let deadline = self.deadline();
        if self.seat.now < deadline {
            return Some(deadline);
        }
        let owed = if self.ended.is_none() { self.seat.owed() } else { None };
        self.over = owed.is_none();
        owed
    }

    fn note_progress(&mut self) {
        let (edited, no_login) = {
            let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
            (outcome.edited.clone(), outcome.divergences.iter().map(|row| &row.kind).find(|kind| ends_login(kind)).map(ToString::to_string))
        };
        self.reached |= !edited.is_empty();
        self.is_refused |= no_login.is_some();
        let key = self.player.key();
        self.seat.on_ride(|ride| (ride.edited, ride.key, ride.no_login) = (edited, key, no_login));
    }
}

impl Machine for Rider {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.seat.now = self.seat.now.max(now);
        match input {
            Input::Bytes { from: Side::Server, bytes } if !self.over => self.came(bytes),
            Input::Closed { from, how } => {
                self.seat.closed(from, how, self.over);
                self.over = true;
            }
            Input::Leave => self.over = true,
            Input::Tick => self.player.handle(now, Input::Tick),
            Input::Bytes { .. } => {}
        }
    }

    fn poll(&mut self) -> Output {
        loop {
            if self.said_close {
                return Output::Done;
            }
            if self.over {
                self.said_close = true;
                self.note_progress();
                self.seat.over();
                return Output::Close;
            }
            if self.left {
                match self.look() {
                    Some(due) => return Output::Wait(due),
                    None => continue,
                }
            }
            match self.player.poll() {
                Output::Send(bytes) => {
                    self.seat.sent(&bytes);
                    self.says(&bytes);
                    self.note_progress();
                    return Output::Send(bytes);
                }
                Output::Event(_) => {}
                Output::Close | Output::Done if self.player.has_hung_up() && !self.left => {
                    (self.left, self.seat.last) = (true, self.seat.now);
                    self.note_progress();
                    self.seat.on_ride(|ride| ride.hung_up = true);
                    return Output::Close;
                }
                Output::Close | Output::Done => {
                    self.left = true;
                    self.note_progress();
                    self.seat.on_ride(|ride| ride.given_up = ride.given_up.or(Some(ride.passed.len())));
                }
                Output::Wait(due) if self.player.holds() => return Output::Wait(due),
                Output::Wait(due) => {
                    if let Some(deadline) = self.look() {
                        return Output::Wait(due.min(deadline));
                    }
                }
            }
        }
    }
}

/// The call was given up in a login of EAP.
fn ends_login(kind: &Kind) -> bool {
    match kind {
        Kind::Login { .. } => true,
        Kind::Other { came, .. } => came.starts_with("eap."),
        _ => false,
    }
}

fn kind_of(packet: &[u8]) -> Option<MessageType> {
    Header::parse(packet).filter(|header| header.control)?;
    let kind = packet.get(4..6).and_then(|bytes| bytes.first_chunk::<2>())?;
    Some(MessageType::from_number(u16::from_be_bytes(*kind)))
}

/// The peer ends the call, or lets us go.
pub(super) fn leaves(packet: &[u8]) -> bool {
    matches!(kind_of(packet), Some(MessageType::CallAbort | MessageType::CallDisconnect | MessageType::CallDisconnectAck))
}

fn is_nak(packet: &[u8]) -> bool {
    kind_of(packet) == Some(MessageType::CallConnectNak)
}

/// An answer to a PPP packet that a variant has put in between: whoever plays the honest part has not asked for it.
pub(super) fn answers_what_was_put_in(packet: &[u8]) -> bool {
    if kind_of(packet).is_some() {
        return false;
    }
    match packet.get(sstp::HEADER_LEN..sstp::HEADER_LEN + 6) {
        Some([0xff, 0x03, 0xc0, 0x21, control::CODE_REJECT | control::PROTOCOL_REJECT, _]) => true,
        Some([0xff, 0x03, 0xc0 | 0x80, _, 2..=4 | 6 | 10, id]) => *id >= FIRST_OWN_ID,
        _ => false,
    }
}

/// Identifiers from here on are those of packets that a variant puts in between.
pub const FIRST_OWN_ID: u8 = 0xa0;
/// Ours: writes and reads that are kept.
const MOST_PASSED: usize = 4_000;
/// Ours: bytes that are kept, about.
const MOST_BYTES: usize = 4 << 20;
