//! The mutators, one row each.

mod eap;
mod fields;
mod http;
mod inserted;
mod kinds;
mod order;
mod server;

use super::spot::Spot;
use crate::base::hex;
use crate::proto::Rng;
use crate::wire::ppp::{self, Frame};
use crate::wire::{control, sstp};

/// One mutator.
#[derive(Clone, Copy)]
pub struct Mutator {
    /// Kebab case; never renamed.
    pub id: &'static str,
    /// What family it belongs to.
    pub family: &'static str,
    /// What it does, for a person.
    pub title: &'static str,
    /// What it makes of one message.
    pub makes: fn(&Spot, &mut Rng) -> Vec<Change>,
    /// What it puts in at one state: before the message, or behind it.
    pub puts: fn(&str) -> Vec<Change>,
    /// It waits for timers, which is done over sockets only when it is asked for.
    pub slow: bool,
}

/// What a mutator makes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is special about it, part of the id.
    pub name: String,
    /// Operations of the edit language on the message, or whole lines for others.
    pub lines: Vec<String>,
    /// Bytes to put in, for those that are put in at a state.
    pub bytes: Vec<u8>,
}

/// Every mutator.
pub fn all() -> impl Iterator<Item = &'static Mutator> {
    [fields::ROWS, kinds::ROWS, order::ROWS, http::ROWS, inserted::ROWS, server::ROWS, eap::ROWS].into_iter().flatten()
}

fn nothing(_: &Spot, _: &mut Rng) -> Vec<Change> {
    Vec::new()
}

fn no_bytes(_: &str) -> Vec<Change> {
    Vec::new()
}

const fn row(id: &'static str, family: &'static str, title: &'static str, makes: fn(&Spot, &mut Rng) -> Vec<Change>) -> Mutator {
    Mutator { id, family, title, makes, puts: no_bytes, slow: false }
}

const fn put(id: &'static str, family: &'static str, title: &'static str, puts: fn(&str) -> Vec<Change>) -> Mutator {
    Mutator { id, family, title, makes: nothing, puts, slow: false }
}

fn change(name: impl Into<String>, lines: &[String]) -> Change {
    Change { name: name.into(), lines: lines.to_vec(), bytes: Vec::new() }
}

fn bytes(name: impl Into<String>, bytes: Vec<u8>) -> Change {
    Change { name: name.into(), lines: Vec::new(), bytes }
}

fn one(name: impl Into<String>, line: impl Into<String>) -> Change {
    change(name, &[line.into()])
}

/// A PPP packet in its frame in an SSTP packet.
fn frame(protocol: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xff, 0x03];
    frame.extend(protocol.to_be_bytes());
    frame.extend(packet);
    sstp::emit_data(&frame)
}

fn lcp(code: u8, id: u8, data: &[u8]) -> Vec<u8> {
    sstp::emit_data(&Frame::lcp(control::Packet::new(code, id, data)).emit())
}

fn packet(protocol: u16, code: u8, id: u8, data: &[u8]) -> Vec<u8> {
    frame(protocol, &control::Packet::new(code, id, data).emit())
}

/// A control message with these attributes, each with its header.
fn message(kind: u16, attributes: &[&[u8]]) -> Vec<u8> {
    let mut body = kind.to_be_bytes().to_vec();
    body.extend(u16::try_from(attributes.len()).unwrap_or(u16::MAX).to_be_bytes());
    attributes.iter().for_each(|attribute| body.extend(*attribute));
    let mut packet = sstp::emit_data(&body);
    if let Some(flags) = packet.get_mut(1) {
        *flags = 1;
    }
    packet
}

/// LCP is open in this state, for certain.
fn lcp_is_open(place: &str) -> bool {
    matches!(place, "before-login" | "in-login" | "after-login" | "after-connected" | "ipcp" | "connected")
}

/// The call is up, and what does it no harm leaves it so.
fn is_connected(place: &str) -> bool {
    matches!(place, "after-connected" | "connected")
}

fn instead(bytes: &[u8]) -> String {
    format!("instead {}", hex(bytes))
}

const LCP: u16 = ppp::LCP;
const PROTOCOL: &[u8] = &[0, 1, 0, 6, 0, 1];
