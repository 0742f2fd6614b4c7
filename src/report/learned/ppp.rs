//! LCP, authentication, IPCP and IPv6CP, and traffic in the tunnel.

use super::super::text::{list, lossy};
use super::net::trip;
use super::{Learned, inner};
use crate::base::{Layer, Micros, Side};
use crate::transcript::{Facts, Inner};
use crate::wire::ppp::{Body, Frame};
use crate::wire::{chap, control, eap, ncp, pap, ppp};
use std::net::IpAddr;

pub(super) fn lcp(facts: &Facts, learned: &mut Learned) {
    methods(facts, learned);
    options(facts, ppp::LCP, Layer::Lcp, learned);
    if learned.short.is_empty() {
        let wants = asked_by(facts, Side::Server, ppp::LCP, Layer::Lcp);
        learned.short = if wants.is_empty() { String::new() } else { format!("server: {}", list(shorter(&wants))) };
    }
}

/// The server's stand on authentication methods, learned by asking.
fn methods(facts: &Facts, learned: &mut Learned) {
    let of = |wanted: bool| list(facts.methods.iter().filter(|seen| seen.it.1 == wanted).map(|seen| seen.it.0));
    let (accepted, refused) = (of(true), of(false));
    let value = match (accepted.is_empty(), refused.is_empty()) {
        (true, true) => return,
        (false, true) => format!("{accepted} accepted"),
        (true, false) => format!("{refused} refused"),
        (false, false) => format!("{accepted} accepted; {refused} refused"),
    };
    learned.short = if accepted.is_empty() { value.clone() } else { format!("accepts {accepted}") };
    learned.add("methods", value);
}

/// The last options that each side asked for, and what the other side refused of them.
fn options(facts: &Facts, protocol: ppp::Protocol, layer: Layer, learned: &mut Learned) {
    if learned.brief {
        return;
    }
    let name = ppp::protocol_name(protocol);
    for side in [Side::Server, Side::Client] {
        let asked = asked_by(facts, side, protocol, layer);
        if !asked.is_empty() {
            learned.add(format_args!("{side} asks ({name})"), list(asked));
        }
        for (code, word) in [(control::CONFIGURE_NAK, "would rather have"), (control::CONFIGURE_REJECT, "rejects")] {
            let said = packets(facts, side, protocol).filter(|packet| packet.code == code);
            for packet in said {
                learned.add(format_args!("{side} {word} ({name})"), list(described(packet, protocol, layer)));
            }
        }
    }
}

fn asked_by(facts: &Facts, side: Side, protocol: ppp::Protocol, layer: Layer) -> Vec<String> {
    let last = packets(facts, side, protocol).filter(|packet| packet.code == control::CONFIGURE_REQUEST).last();
    last.map(|packet| described(packet, protocol, layer)).unwrap_or_default()
}

pub(in crate::report) fn described(packet: &control::Packet, protocol: ppp::Protocol, layer: Layer) -> Vec<String> {
    packet.options(layer).unwrap_or_default().iter().map(|option| ncp::describe(protocol, option)).collect()
}

fn packets(facts: &Facts, side: Side, protocol: ppp::Protocol) -> impl Iterator<Item = &control::Packet> {
    facts.ppp.iter().filter(move |seen| seen.by == Some(side) && seen.it.protocol == protocol).filter_map(|seen| packet_of(&seen.it))
}

pub(in crate::report) fn packet_of(frame: &Frame) -> Option<&control::Packet> {
    match &frame.body {
        Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => Some(packet),
        _ => None,
    }
}

/// Option names as a ladder has room for them; those nobody asks about are left out.
fn shorter(options: &[String]) -> impl Iterator<Item = String> {
    let dull = ["magic-number", "protocol-field", "address-and-control", "accm"];
    options
        .iter()
        .filter(move |option| !dull.iter().any(|word| option.starts_with(word)))
        .map(|option| option.replace("authentication-protocol ", "").replace("mru", "MRU"))
}

pub(super) fn auth(facts: &Facts, learned: &mut Learned) {
    let settled = facts.ppp.iter().filter_map(|seen| method_of(&seen.it)).next_back();
    let unsettled = unsettled(facts);
    let comma = if unsettled.is_some() { "," } else { "" };
    let method = unsettled.or(settled);
    let user = super::super::sessions::user(facts);
    if let (Some(user), Some(method)) = (&user, &method) {
        learned.short = format!("{method}{}{comma} as {user}", inner_version(facts));
    }
    if learned.brief {
        return;
    }
    learned.add_some("method", method);
    inner::add(facts, learned);
    learned.add_some("user", user);
    for seen in facts.ppp.iter().filter(|seen| ppp::layer_of(seen.it.protocol) == Layer::Auth) {
        learned.add(format_args!("{} {}", seen.by.map_or("a peer's", Side::name), seen.it.name()), said(&seen.it));
    }
}

/// What the server offered and the client asked for in its stead, where the last word on the method was such a Nak. RFC 3748 5.3.1.
fn unsettled(facts: &Facts) -> Option<String> {
    let mut offered = None;
    let mut open = None;
    for seen in &facts.ppp {
        match &seen.it.body {
            Body::Eap(packet) if packet.code == RESPONSE && packet.kind == Some(eap::NAK) => open = offered.clone().zip(Some(packet)),
            _ => {
                let method = method_of(&seen.it);
                // Who asks for the same again after a Nak has not given way.
                open = open.filter(|open: &(String, _)| method.as_ref().is_none_or(|method| *method == open.0));
                offered = method.or(offered);
            }
        }
    }
    let (offered, nak) = open?;
    let wanted: Vec<String> = nak.data.iter().filter(|kind| **kind != 0).map(|kind| eap::type_title(*kind)).collect();
    let wanted = if wanted.is_empty() { "nothing else".into() } else { wanted.join(" or ") };
    Some(format!("{offered} offered, {wanted} asked for"))
}

/// ` over TLS 1.3`, where the method carries TLS.
fn inner_version(facts: &Facts) -> String {
    let version = |inner: &Inner| if let Inner::Agreed { version, .. } = inner { Some(format!(" over {version}")) } else { None };
    facts.inner.iter().find_map(|seen| version(&seen.it)).unwrap_or_default()
}

/// The method that a frame belongs to.
fn method_of(frame: &Frame) -> Option<String> {
    match &frame.body {
        Body::Pap(_) => Some("PAP".into()),
        Body::Chap(chap::Packet { body: chap::Body::Response { value, .. }, .. }) => {
            Some(if value.len() == MS_CHAP_V2_RESPONSE { "MS-CHAPv2" } else { "CHAP-MD5" }.into())
        }
        Body::Eap(eap::Packet { kind: Some(kind), .. }) if *kind > eap::NAK => Some(eap::type_title(*kind)),
        _ => None,
    }
}

/// What an authentication message says to a person; never a password, challenge or response.
pub(in crate::report) fn said(frame: &Frame) -> String {
    match &frame.body {
        Body::Pap(packet) => match &packet.body {
            pap::Body::AuthenticateAck { message } | pap::Body::AuthenticateNak { message } => quoted(&lossy(message)),
            _ => format!("id {}", packet.id),
        },
        Body::Chap(packet) => said_by_chap(&packet.body).unwrap_or_else(|| format!("id {}", packet.id)),
        Body::Eap(packet) => {
            let inner = (packet.kind == Some(eap::MSCHAPV2)).then(|| eap::MsChapV2::parse(&packet.data).ok()).flatten();
            let text = inner.and_then(|inner| said_by_chap(&inner.body));
            let asked_for = || packet.kind.map_or_else(String::new, |kind| format!(", {}", eap::type_title(kind)));
            text.unwrap_or_else(|| format!("id {}{}", packet.id, asked_for()))
        }
        _ => String::new(),
    }
}

fn said_by_chap(body: &chap::Body) -> Option<String> {
    match body {
        chap::Body::Failure { message } => Some(quoted(&without_challenge(&lossy(message)))),
        chap::Body::Success { message } => {
            // RFC 2759 section 5: S= proves that the server knows the password; it is no text for a person.
            let text = lossy(message);
            let words = text.split_once("M=").map_or("", |parts| parts.1);
            Some(if text.starts_with("S=") { format!("with its proof (S=) {}", quoted(words)) } else { quoted(&text) })
        }
        _ => None,
    }
}

/// The text of an MS-CHAPv2 Failure without its `C=`.
fn without_challenge(text: &str) -> String {
    let (head, message) = text.split_once("M=").map_or((text, None), |parts| (parts.0, Some(parts.1)));
    let head: Vec<_> = head.split_ascii_whitespace().filter(|part| !part.starts_with("C=")).collect();
    message.map_or_else(|| head.join(" "), |message| format!("{} M={message}", head.join(" ")))
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "without a text".into() } else { format!("\"{text}\"") }
}

pub(super) fn ncp(facts: &Facts, learned: &mut Learned) {
    let given = &facts.given;
    if let Some(address) = given.address {
        learned.short = format!("{address}{}", first_of("DNS", &given.dns));
    }
    learned.add_some("address", given.address);
    learned.add_some("gateway", given.gateway);
    learned.add_list("DNS", &given.dns);
    learned.add_list("WINS", &given.nbns);
    learned.add_some("IPv6 interface identifier", given.interface_id.as_ref());
    for protocol in [ppp::IPCP, ppp::IPV6CP, ppp::CCP] {
        options(facts, protocol, Layer::Ncp, learned);
    }
}

/// `, DNS 192.0.2.53 +1`
fn first_of(name: &str, addresses: &[IpAddr]) -> String {
    match addresses {
        [] => format!(", no {name}"),
        [one] => format!(", {name} {one}"),
        [first, rest @ ..] => format!(", {name} {first} +{}", rest.len()),
    }
}

pub(super) fn data(facts: &Facts, learned: &mut Learned) {
    let answered: Vec<Micros> = facts.pings.iter().filter_map(|seen| seen.it).collect();
    if !facts.pings.is_empty() {
        learned.short = format!("{} of {} pings answered", answered.len(), facts.pings.len());
        learned.add("pings", list(facts.pings.iter().map(|seen| trip(seen.it))));
    }
    if let Some(middle) = median(answered) {
        learned.short += &format!(", median {middle}");
    }
    for (title, of_server) in [("SSTP echoes", false), ("SSTP echoes of the server", true)] {
        let mut echoes = facts.echoes.iter().filter(|seen| (seen.by == Some(Side::Server)) == of_server).peekable();
        if echoes.peek().is_some() {
            learned.add(title, list(echoes.map(|seen| trip(seen.it))));
        }
    }
}

fn median(mut times: Vec<Micros>) -> Option<Micros> {
    times.sort();
    times.get(times.len() / 2).copied()
}

/// RFC 3748 4.1.
const RESPONSE: u8 = 2;
/// RFC 2759 section 4: an MS-CHAPv2 response is 49 bytes.
const MS_CHAP_V2_RESPONSE: usize = 49;
