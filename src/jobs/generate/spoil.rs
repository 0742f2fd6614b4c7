//! Spoils sound captures: one row for every way in which captures are hard to read. What is said on the connections stays
//! the same, unless the row says that packets are missing.

mod read;
mod rows;
mod segment;

pub use read::packets;
pub use rows::ROWS;

use crate::capture::write::{LINKS, Link, Packets};
use std::io;

/// A packet from its IP header on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// What was captured of it.
    pub bytes: Vec<u8>,
    /// How long it was.
    pub len: usize,
}

/// Changes a stream of packets.
pub trait Spoil {
    /// Takes a packet and gives those that stand in its place.
    fn take(&mut self, packet: Packet, out: &mut Vec<Packet>);
    /// Gives what it still holds.
    fn end(&mut self, out: &mut Vec<Packet>) {
        let _ = out;
    }
}

/// A way to spoil.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does; N is the number behind the equals sign.
    pub does: &'static str,
    /// N, unless it is given.
    pub number: u64,
    /// Makes it, from N and a seed.
    pub make: fn(u64, u64) -> Box<dyn Spoil>,
}

/// What is done to a capture, in order, and the link layer that it gets.
#[derive(Clone, Debug)]
pub struct How {
    steps: Vec<(Row, u64)>,
    /// What stands in front of the IP header.
    pub link: Link,
}

impl Default for How {
    fn default() -> How {
        How { steps: Vec::new(), link: Link::ETHERNET }
    }
}

impl How {
    /// Reads `name`, `name=N` or the name of a link layer, each once or several times.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<How, String> {
        let mut how = How::default();
        for text in texts.iter().map(AsRef::as_ref) {
            let (name, number) = text.split_once('=').map_or((text, None), |(name, number)| (name, Some(number)));
            match (ROWS.iter().find(|row| row.name == name), Link::named(name), number) {
                (Some(row), _, None) => how.steps.push((*row, row.number)),
                (Some(row), _, Some(number)) => {
                    let number =
                        number.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{number:?} is not a number of 1 or more"))?;
                    how.steps.push((*row, number));
                }
                (None, Some(link), None) => how.link = link,
                _ => return Err(format!("{text:?} is no way to spoil; there are {}", names().join(", "))),
            }
        }
        Ok(how)
    }

    /// Takes packets, spoils them and hands them on.
    pub fn in_front_of<P: Packets>(&self, next: P, seed: u64) -> Spoiled<P> {
        let chain = self.steps.iter().zip(seed..).map(|((row, number), seed)| (row.make)(*number, seed)).collect();
        Spoiled { chain, next }
    }
}

/// A line for every way to spoil and for every link layer.
pub fn list() -> String {
    let rows = ROWS.iter().map(|row| format!("{:<18}{} [N = {}]\n", row.name, row.does, row.number));
    rows.chain(LINKS.iter().map(|link| format!("{:<18}{}\n", link.name, link.does))).collect()
}

/// All names.
pub fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.name).chain(LINKS.iter().map(|link| link.name)).collect()
}

/// Packets are spoilt on their way.
pub struct Spoiled<P> {
    chain: Vec<Box<dyn Spoil>>,
    next: P,
}

impl<P: Packets> Spoiled<P> {
    /// Hands on what is still held, and gives back who took it.
    pub fn finish(mut self) -> io::Result<P> {
        for place in 0..self.chain.len() {
            let mut left = Vec::new();
            if let Some(spoil) = self.chain.get_mut(place) {
                spoil.end(&mut left);
            }
            self.pass(left, place + 1)?;
        }
        Ok(self.next)
    }

    fn pass(&mut self, mut packets: Vec<Packet>, from: usize) -> io::Result<()> {
        for spoil in self.chain.iter_mut().skip(from) {
            let mut changed = Vec::with_capacity(packets.len());
            packets.into_iter().for_each(|packet| spoil.take(packet, &mut changed));
            packets = changed;
        }
        packets.into_iter().try_for_each(|packet| self.next.cut_packet(packet.at, &packet.bytes, packet.len))
    }
}

impl<P: Packets> Packets for Spoiled<P> {
    fn cut_packet(&mut self, at: i64, ip: &[u8], len: usize) -> io::Result<()> {
        match self.chain.is_empty() {
            true => self.next.cut_packet(at, ip, len),
            false => self.pass(vec![Packet { at, bytes: ip.to_vec(), len }], 0),
        }
    }

    fn secrets(&mut self, lines: &[u8]) -> io::Result<()> {
        self.next.secrets(lines)
    }
}

#[cfg(test)]
mod tests;
