//! The rows, then what they make, in the order of the rows.

use super::segment::{Direction, Seen, changed};
use super::{Packet, Row, Spoil};
use crate::proto::Rng;
use std::collections::HashMap;

/// Every way to spoil. Link layers stand in [`LINKS`](crate::capture::write::LINKS).
pub const ROWS: [Row; 13] = [
    Row {
        name: "reorder",
        does: "one data segment in N comes up to three packets late, and at most 50 ms",
        number: 8,
        make: |n, seed| Box::new(Reorder { n, rng: Rng::new(seed), late: Vec::new() }),
    },
    Row {
        name: "overlap",
        does: "one data segment in N begins with up to 16 bytes that came before",
        number: 4,
        make: |n, seed| Box::new(Overlap { n, rng: Rng::new(seed), tails: HashMap::new() }),
    },
    Row {
        name: "overlap-conflict",
        does: "one data segment in N comes again with other bytes",
        number: 4,
        make: |n, seed| Box::new(Conflict(n, Rng::new(seed))),
    },
    Row { name: "duplicate", does: "one packet in N comes twice", number: 4, make: |n, seed| Box::new(Duplicate(n, Rng::new(seed))) },
    Row {
        name: "lossy",
        does: "one data segment in N is missing for good",
        number: 50,
        make: |n, seed| Box::new(Lossy(n, Rng::new(seed))),
    },
    Row {
        name: "without",
        does: "the data segment number N of the whole capture is missing for good",
        number: 1,
        make: |n, _| Box::new(Without(n)),
    },
    Row {
        name: "midstream",
        does: "the first N packets of every connection are missing",
        number: 3,
        make: |n, _| Box::new(Midstream(n, HashMap::new())),
    },
    Row {
        name: "split",
        does: "segments hold N bytes at most",
        number: 1,
        make: |n, _| Box::new(Split(usize::try_from(n).unwrap_or(usize::MAX))),
    },
    Row {
        name: "segment64k",
        does: "segments that follow one another become one of up to N bytes",
        number: 65_000,
        make: |n, _| Box::new(Merge(usize::try_from(n).unwrap_or(usize::MAX), HashMap::new())),
    },
    Row {
        name: "wraparound",
        does: "sequence numbers wrap around N bytes behind the SYN",
        number: 1000,
        make: |n, _| Box::new(Wrap(n as u32, HashMap::new())),
    },
    Row {
        name: "fragment",
        does: "IPv4 packets are cut into fragments with N bytes of payload at most",
        number: 552,
        make: |n, _| Box::new(Fragment(n, 0)),
    },
    Row {
        name: "snaplen",
        does: "N bytes of every packet are captured at most",
        number: 96,
        make: |n, _| Box::new(Snap(usize::try_from(n).unwrap_or(usize::MAX))),
    },
    Row { name: "early", does: "the capture ends after N packets", number: 20, make: |n, _| Box::new(Early(n)) },
];

/// How late a tap brings a packet at most, microseconds.
const LATE: i64 = 50_000;

struct Reorder {
    n: u64,
    rng: Rng,
    late: Vec<(u64, Packet)>,
}

impl Spoil for Reorder {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let now = packet.at;
        // A tap does not sit on a packet for long.
        out.extend(self.late.extract_if(.., |row| now - row.1.at > LATE).map(|row| row.1));
        match Seen::of(&packet.bytes).is_some_and(|seen| seen.is_data()) && self.rng.next_u64().is_multiple_of(self.n) {
            true => self.late.push((2 + self.rng.next_u64() % 3, packet)),
            false => out.push(packet),
        }
        self.late.iter_mut().for_each(|row| row.0 -= 1);
        let due = self.late.extract_if(.., |row| row.0 == 0);
        out.extend(due.map(|(_, packet)| Packet { at: now, ..packet }));
    }

    fn end(&mut self, out: &mut Vec<Packet>) {
        out.extend(self.late.drain(..).map(|row| row.1));
    }
}

struct Overlap {
    n: u64,
    rng: Rng,
    /// The last bytes of every direction, and the sequence number behind them.
    tails: HashMap<Direction, (u32, Vec<u8>)>,
}

impl Spoil for Overlap {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let Some(seen) = Seen::of(&packet.bytes).filter(Seen::is_data) else { return out.push(packet) };
        let keep = seen.payload.len().saturating_sub(TAIL);
        let tail = (seen.next(), seen.payload.get(keep..).unwrap_or_default().to_vec());
        let before = self.tails.insert(seen.direction, tail).filter(|(next, _)| *next == seen.seq);
        match before.filter(|_| self.rng.next_u64().is_multiple_of(self.n)) {
            Some((_, mut bytes)) => {
                let seq = seen.seq.wrapping_sub(bytes.len() as u32);
                bytes.extend_from_slice(seen.payload);
                out.push(changed(&packet, &bytes, |tcp| tcp.sequence_number = seq));
            }
            None => out.push(packet),
        }
    }
}

struct Conflict(u64, Rng);

impl Spoil for Conflict {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let seen = Seen::of(&packet.bytes).filter(Seen::is_data);
        let other = seen.filter(|_| self.1.next_u64().is_multiple_of(self.0)).map(|seen| {
            let bytes: Vec<u8> = seen.payload.iter().map(|byte| !byte).collect();
            changed(&packet, &bytes, |_| {})
        });
        out.push(packet);
        out.extend(other);
    }
}

struct Duplicate(u64, Rng);

impl Spoil for Duplicate {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        if self.1.next_u64().is_multiple_of(self.0) {
            out.push(packet.clone());
        }
        out.push(packet);
    }
}

struct Lossy(u64, Rng);

impl Spoil for Lossy {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let data = Seen::of(&packet.bytes).is_some_and(|seen| seen.is_data());
        if !(data && self.1.next_u64().is_multiple_of(self.0)) {
            out.push(packet);
        }
    }
}

/// Packets seen so far of every connection, named by its lower end first.
/// How many data segments it is to the one that is left out; 0 behind it.
struct Without(u64);

impl Spoil for Without {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        if self.0 > 0 && Seen::of(&packet.bytes).is_some_and(|seen| seen.is_data()) {
            self.0 -= 1;
            if self.0 == 0 {
                return;
            }
        }
        out.push(packet);
    }
}

struct Midstream(u64, HashMap<Direction, u64>);

impl Spoil for Midstream {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let Some(seen) = Seen::of(&packet.bytes) else { return out.push(packet) };
        let (a, b) = seen.direction;
        let count = self.1.entry((a.min(b), a.max(b))).or_default();
        *count += 1;
        if *count > self.0 {
            out.push(packet);
        }
    }
}

struct Split(usize);

impl Spoil for Split {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let Some(seen) = Seen::of(&packet.bytes).filter(|seen| seen.payload.len() > self.0) else { return out.push(packet) };
        let pieces = seen.payload.chunks(self.0);
        let last = pieces.len() - 1;
        for (place, piece) in pieces.enumerate() {
            let seq = seen.seq.wrapping_add((place * self.0) as u32);
            out.push(changed(&packet, piece, |tcp| {
                tcp.sequence_number = seq;
                tcp.fin &= place == last;
                tcp.psh &= place == last;
            }));
        }
    }
}

/// The size, and the segment of every connection that still grows.
struct Merge(usize, HashMap<Direction, Growing>);

struct Growing {
    segment: Packet,
    /// The acknowledgement of it, which is not needed when the segment grows on.
    ack: Option<Packet>,
}

impl Growing {
    fn release(self, at: i64, out: &mut Vec<Packet>) {
        out.extend([Some(self.segment), self.ack].into_iter().flatten().map(|packet| Packet { at, ..packet }));
    }

    /// The segment and what follows it as one, if it does and there is room.
    fn grown(&self, seen: &Seen<'_>, most: usize) -> Option<Packet> {
        let before = Seen::of(&self.segment.bytes)?;
        let follows = seen.is_data() && before.direction == seen.direction && before.next() == seen.seq;
        let bytes = (follows && before.payload.len() + seen.payload.len() <= most).then(|| [before.payload, seen.payload].concat())?;
        let ack = seen.ack;
        Some(changed(&self.segment, &bytes, |tcp| tcp.acknowledgment_number = ack.unwrap_or(tcp.acknowledgment_number)))
    }

    fn is_acknowledged_by(&self, seen: &Seen<'_>) -> bool {
        let Some(before) = Seen::of(&self.segment.bytes) else { return false };
        seen.payload.is_empty() && !seen.marks && before.direction == (seen.direction.1, seen.direction.0)
    }
}

impl Spoil for Merge {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let Some(seen) = Seen::of(&packet.bytes) else { return out.push(packet) };
        let (a, b) = seen.direction;
        let connection = (a.min(b), a.max(b));
        if let Some(mut growing) = self.1.remove(&connection) {
            if let Some(segment) = growing.grown(&seen, self.0.min(LARGEST)) {
                self.1.insert(connection, Growing { segment, ack: None });
                return;
            }
            if growing.is_acknowledged_by(&seen) {
                growing.ack = Some(packet);
                self.1.insert(connection, growing);
                return;
            }
            growing.release(packet.at, out);
        }
        match seen.is_data() {
            true => drop(self.1.insert(connection, Growing { segment: packet, ack: None })),
            false => out.push(packet),
        }
    }

    fn end(&mut self, out: &mut Vec<Packet>) {
        let mut left: Vec<Growing> = self.1.drain().map(|row| row.1).collect();
        left.sort_by_key(|growing| growing.segment.at);
        let last = left.last().map_or(0, |growing| growing.segment.at);
        left.into_iter().for_each(|growing| growing.release(last, out));
    }
}

/// How far from the wrap, and what is added to the sequence numbers of every direction.
struct Wrap(u32, HashMap<Direction, u32>);

impl Spoil for Wrap {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let Some(seen) = Seen::of(&packet.bytes) else { return out.push(packet) };
        let back = (seen.direction.1, seen.direction.0);
        let first = 0u32.wrapping_sub(self.0);
        if seen.syn {
            self.1.insert(seen.direction, first.wrapping_sub(seen.seq));
        }
        let add = *self.1.entry(seen.direction).or_insert_with(|| first.wrapping_sub(seen.seq));
        let add_ack = seen.ack.map(|ack| *self.1.entry(back).or_insert_with(|| first.wrapping_sub(ack)));
        out.push(changed(&packet, seen.payload, |tcp| {
            tcp.sequence_number = tcp.sequence_number.wrapping_add(add);
            tcp.acknowledgment_number = tcp.acknowledgment_number.wrapping_add(add_ack.unwrap_or(0));
            without_sack(tcp);
        }));
    }
}

/// SACK blocks would have to be moved too; NOPs stand in their place. RFC 2018 3.
fn without_sack(tcp: &mut etherparse::TcpHeader) {
    let mut options = tcp.options.as_slice().to_vec();
    let mut at = 0;
    while let Some(kind) = options.get(at).copied() {
        let len = if kind <= 1 { 1 } else { options.get(at + 1).map_or(1, |len| usize::from(*len).max(1)) };
        if kind == 5 {
            options.iter_mut().skip(at).take(len).for_each(|byte| *byte = 1);
        }
        at += len;
    }
    // As long as before.
    let _ = tcp.set_options_raw(&options);
}

/// Payload of a fragment, and the identification of the next packet. RFC 791 3.2.
struct Fragment(u64, u16);

impl Spoil for Fragment {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        let piece = usize::try_from(self.0).unwrap_or(usize::MAX).max(8) / 8 * 8;
        let Ok((header, payload)) = etherparse::Ipv4Header::from_slice(&packet.bytes) else { return out.push(packet) };
        if payload.len() <= piece || header.is_fragmenting_payload() || packet.len != packet.bytes.len() {
            return out.push(packet);
        }
        self.1 = self.1.wrapping_add(1);
        let pieces = payload.chunks(piece);
        let last = pieces.len() - 1;
        for (place, piece_bytes) in pieces.enumerate() {
            let mut header = header.clone();
            header.identification = self.1;
            header.dont_fragment = false;
            header.more_fragments = place < last;
            // 65,535 bytes have 8,191 units of 8 at most.
            let Ok(offset) = etherparse::IpFragOffset::try_new((place * piece / 8) as u16) else { continue };
            header.fragment_offset = offset;
            if header.set_payload_len(piece_bytes.len()).is_err() {
                continue;
            }
            header.header_checksum = header.calc_header_checksum();
            let bytes = [&header.to_bytes(), piece_bytes].concat();
            out.push(Packet { at: packet.at, len: bytes.len(), bytes });
        }
    }
}

struct Snap(usize);

impl Spoil for Snap {
    fn take(&mut self, mut packet: Packet, out: &mut Vec<Packet>) {
        packet.bytes.truncate(self.0);
        out.push(packet);
    }
}

struct Early(u64);

impl Spoil for Early {
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>) {
        if self.0 > 0 {
            self.0 -= 1;
            out.push(packet);
        }
    }
}

/// Ours: bytes that an overlapping segment repeats.
const TAIL: usize = 16;
/// The 16-bit length of IPv4 less headers of 20 and 60 bytes.
const LARGEST: usize = 65_455;
