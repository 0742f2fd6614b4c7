//! Where a machine of a ride sits: what passes is written down, what comes is cut into messages, and what is still owed is asked of
//! the referee. The same for a rider, who meets servers, and a host, who meets clients.

use super::referee::World;
use super::ride::{Patience, Ride, Riding};
use crate::base::{Layer, Micros, Side};
use crate::wire::http;
use crate::wire::sstp::Framer;
use std::sync::{Arc, PoisonError};

/// The seat of whoever rides.
pub(super) struct Seat {
    ride: Riding,
    world: Arc<World>,
    pub patience: Patience,
    pub now: Micros,
    /// When something passed last.
    pub last: Micros,
    /// Who spoils.
    by: Side,
    head: Option<Vec<u8>>,
    /// What comes is no HTTP, and so nothing behind it is SSTP.
    lost: bool,
    framer: Framer,
}

/// A part of what came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes of the HTTP head, or of what is none.
    Head(Vec<u8>),
    /// The head is whole; a response has a status.
    Spoken(Option<u16>),
    /// A whole SSTP packet.
    Packet(Vec<u8>),
}

impl Seat {
    /// A seat on a ride that begins `now`.
    pub fn new(ride: Riding, world: Arc<World>, patience: Patience, by: Side, now: Micros) -> Seat {
        let seat = Seat { ride, world, patience, now, last: now, by, head: Some(Vec::new()), lost: false, framer: Framer::default() };
        seat.on_ride(|ride| (ride.began, ride.by) = (now, by));
        seat
    }

    /// Changes what is written down.
    pub fn on_ride<T>(&self, change: impl FnOnce(&mut Ride) -> T) -> T {
        change(&mut self.ride.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down what is sent.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.pass(self.by, bytes);
    }

    /// Writes down what came, and cuts it.
    pub fn came(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.pass(self.by.other(), bytes);
        let mut pieces = Vec::new();
        match self.head.take() {
            None if self.lost => return vec![Piece::Head(bytes.to_vec())],
            None => self.framer.push(bytes),
            Some(mut head) => {
                let known = head.len();
                head.extend_from_slice(bytes);
                let parsed = match self.by {
                    Side::Client => http::Head::parse_response(Layer::Http, &head),
                    Side::Server => http::Head::parse_request(Layer::Http, &head),
                };
                let Ok(http::Parsed::Whole(read, len)) = parsed else {
                    self.lost = parsed.is_err();
                    self.head = Some(head).filter(|_| !self.lost);
                    return vec![Piece::Head(bytes.to_vec())];
                };
                self.framer.push(head.get(len..).unwrap_or_default());
                pieces.extend([Piece::Head(head.get(known..len).unwrap_or_default().to_vec()), Piece::Spoken(read.status)]);
            }
        }
        while let Ok(Some(packet)) = self.framer.next_packet() {
            pieces.push(Piece::Packet(packet.to_vec()));
        }
        pieces
    }

    /// The target has closed; once it is `over` it only answers our own closing.
    pub fn closed(&self, from: Side, how: crate::transcript::How, over: bool) {
        let at = self.now;
        if from != self.by && !over {
            self.on_ride(|ride| ride.closed = ride.closed.or(Some((at, how))));
        }
    }

    /// It is clear what the target does.
    pub fn over(&self) {
        let at = self.now;
        self.on_ride(|ride| ride.over = at);
    }

    /// Until when is waited for what is owed; `None`: nothing is, or it was waited for long enough.
    pub fn owed(&self) -> Option<Micros> {
        let patient = self.last + self.patience.answer;
        let owes = || self.on_ride(|ride| Ride { over: self.now, ..ride.clone() }).verdict(&self.world).owed;
        (self.now < patient && owes()).then_some(patient)
    }

    fn pass(&mut self, by: Side, bytes: &[u8]) {
        let at = self.now;
        self.last = at;
        self.on_ride(|ride| ride.pass(at, by, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACK: [u8; 8] = [0x10, 1, 0, 8, 0, 7, 0, 0];

    fn cut(by: Side, pieces: &[&[u8]]) -> Vec<Piece> {
        let mut seat = Seat::new(Riding::default(), Arc::default(), Patience::REAL, by, Micros::ZERO);
        pieces.iter().flat_map(|bytes| seat.came(bytes)).collect()
    }

    /// Every byte is handed on once, wherever it is cut.
    #[test]
    fn a_head_that_comes_in_pieces_is_handed_on_once() {
        let request = http::Head::sstp_request("a", "{}").emit();
        let answer = http::Head::response(200, "OK", &[("Content-Length", http::CONTENT_LENGTH)]).emit();
        for (by, head, status) in [(Side::Server, request, None), (Side::Client, answer, Some(200))] {
            let whole = [head.as_slice(), &ACK].concat();
            for at in 1..whole.len() {
                let (one, two) = whole.split_at(at);
                let (mut bytes, mut rest) = (Vec::new(), Vec::new());
                for piece in cut(by, &[one, two]) {
                    match piece {
                        Piece::Head(part) => bytes.extend(part),
                        other => rest.push(other),
                    }
                }
                assert_eq!((&bytes, rest), (&head, vec![Piece::Spoken(status), Piece::Packet(ACK.to_vec())]), "{at}");
            }
        }
    }

    #[test]
    fn what_is_no_head_is_handed_on_as_it_is() {
        assert_eq!(cut(Side::Client, &[b"SSH-2.0", b"\r\n"]), [Piece::Head(b"SSH-2.0".to_vec()), Piece::Head(b"\r\n".to_vec())]);
    }
}
