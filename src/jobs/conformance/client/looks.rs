//! What it takes a function to see in the events of a client case.

use crate::base::Side;
use crate::jobs::conformance::expect::{View, name};
use crate::transcript::{Event, What};
use crate::wire::control::{Opt, Packet};
use crate::wire::ppp::{Body, Frame};
use crate::wire::sstp::{HEADER_LEN, Header};
use crate::wire::{http, ppp};

/// What an expectation says when it does not hold.
pub(super) type Seen = Result<(), String>;

/// It holds, or this was seen instead.
pub(super) fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Seen {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// The head of the client's request.
pub(super) fn request<'a>(view: &View<'a>) -> Result<&'a http::Head, String> {
    let head = view.always().find_map(|event| if let What::Http(head) = &event.what { Some(head) } else { None });
    head.ok_or_else(|| "no HTTP request".to_string())
}

/// Every message of that name from that side, in order, with its place among the events.
pub(super) fn all<'a>(view: &View<'a>, by: Side, wanted: &'static str) -> impl Iterator<Item = (usize, &'a Event)> + use<'a> {
    let named = move |(_, event): &(usize, &Event)| event.by == Some(by) && name(event).as_deref() == Some(wanted);
    view.events.iter().enumerate().filter(named)
}

/// The client's first message of that name.
pub(super) fn first<'a>(view: &View<'a>, wanted: &'static str) -> Result<&'a Event, String> {
    all(view, view.peer, wanted).next().map(|pair| pair.1).ok_or_else(|| format!("no {wanted}"))
}

/// Our first message of that name, as it went out.
pub(super) fn ours<'a>(view: &View<'a>, wanted: &'static str) -> Result<&'a Event, String> {
    all(view, view.peer.other(), wanted).next().map(|pair| pair.1).ok_or_else(|| format!("our {wanted} never went out"))
}

/// The frame in an event.
pub(super) fn frame(event: &Event) -> Option<&Frame> {
    if let What::Ppp(frame) = &event.what { Some(frame) } else { None }
}

/// The packet of LCP, IPCP, IPv6CP or CCP in an event.
pub(super) fn packet(event: &Event) -> Option<&Packet> {
    match &frame(event)?.body {
        Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => Some(packet),
        _ => None,
    }
}

/// What our own packet carried when it went out, edits included.
pub(super) fn went_out(event: &Event) -> Option<Packet> {
    let frame = Frame::parse(event.raw.get(HEADER_LEN..)?).ok()?;
    match frame.body {
        Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => Some(packet),
        _ => None,
    }
}

/// The options of a configure packet.
pub(super) fn options(packet: &Packet) -> Vec<Opt> {
    packet.options(crate::base::Layer::Lcp).unwrap_or_default()
}

/// The information of a PPP frame as it came: what follows FF 03 and the protocol.
pub(super) fn information(event: &Event) -> &[u8] {
    let frame = event.raw.get(HEADER_LEN..).unwrap_or_default();
    Frame::split(frame).map(|pair| pair.1).unwrap_or_default()
}

/// Every whole packet that the client sent, held against a rule.
pub(super) fn every(view: &View<'_>, rule: impl Fn(&[u8]) -> Option<String>) -> Seen {
    match view.packets().find_map(&rule) {
        None => Ok(()),
        Some(wrong) => Err(wrong),
    }
}

/// Every control message that the client sent, held against a rule.
pub(super) fn every_control(view: &View<'_>, rule: impl Fn(&[u8]) -> Option<String>) -> Seen {
    every(view, |packet| if Header::parse(packet).is_some_and(|header| header.control) { rule(packet) } else { None })
}

/// Every PPP frame that the client sent, held against a rule: protocol number and information.
pub(super) fn every_frame(view: &View<'_>, rule: impl Fn(u16, &[u8]) -> Option<String>) -> Seen {
    every(view, |packet| {
        if Header::parse(packet).is_none_or(|header| header.control) {
            return None;
        }
        let (protocol, information) = Frame::split(packet.get(HEADER_LEN..)?).ok()?;
        rule(protocol, information)
    })
}

/// A network packet came from the client.
pub(super) fn carries(view: &View<'_>) -> Seen {
    let data = |event: &Event| frame(event).is_some_and(|frame| matches!(frame.protocol, ppp::IPV4 | ppp::IPV6));
    must(view.always().any(data), || "no IP packet".into())
}

/// What our server found wrong with Call Connected.
pub(super) fn blames(view: &View<'_>, flaw: &str) -> Seen {
    all(view, view.peer, "sstp.call-connected").next().ok_or("no sstp.call-connected")?;
    let wrong = view.events.iter().find_map(|event| match &event.what {
        What::Down(reason) => Some(reason.to_string()).filter(|says| says.contains(flaw)),
        _ => None,
    });
    wrong.map_or(Ok(()), Err)
}

/// The bytes of the client's Call Connected.
pub(super) fn connected<'a>(view: &View<'a>) -> Result<&'a [u8], String> {
    first(view, "sstp.call-connected").map(|event| event.raw.0.as_slice())
}

/// Those bytes of it.
pub(super) fn part(bytes: &[u8], from: usize, to: usize) -> Result<&[u8], String> {
    bytes.get(from..to).ok_or_else(|| format!("only {} bytes", bytes.len()))
}
