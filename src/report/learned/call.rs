//! HTTP, SSTP, crypto binding and teardown.

use super::super::text::list;
use super::Learned;
use crate::base::{Side, hex};
use crate::crypto::binding::HashProtocol;
use crate::diag::codes;
use crate::transcript::facts::Seen;
use crate::transcript::{Facts, State};
use crate::wire::sstp::{Attribute, ENCAPSULATED_PPP, Message, MessageType};

pub(super) fn http(facts: &Facts, learned: &mut Learned) {
    if let Some(response) = facts.responses.first().map(|seen| &seen.it) {
        let server = response.header("server").map_or(String::new(), |server| format!(", {server}"));
        learned.short = format!("{}{server}", response.start.trim_end());
    }
    for response in &facts.responses {
        learned.add("status", &response.it.start);
        learned.all.extend(response.it.headers.iter().cloned());
    }
    for request in &facts.requests {
        learned.add("request", &request.it.start);
    }
}

pub(super) fn sstp(facts: &Facts, learned: &mut Learned) {
    let opening = [MessageType::CallConnectRequest, MessageType::CallConnectAck, MessageType::CallConnectNak, MessageType::CallAbort];
    for seen in facts.sstp.iter().filter(|seen| opening.contains(&seen.it.kind)) {
        if let Some(mask) = ack_mask(&seen.it) {
            learned.short = format!("Call Connect Ack, hashes {}", hashes(mask));
        }
        message(learned, seen);
    }
}

fn ack_mask(message: &Message) -> Option<u8> {
    message.attributes.iter().find_map(|attribute| match attribute {
        Attribute::CryptoBindingRequest { hash_mask, .. } => Some(*hash_mask),
        _ => None,
    })
}

/// The fields of one message, `server call-connect-ack nonce` and so on.
fn message(learned: &mut Learned, seen: &Seen<Message>) {
    if learned.brief {
        return;
    }
    let who = format!("{} {}", seen.by.map_or("a peer's", Side::name), seen.it.kind.name());
    if seen.it.attributes.is_empty() {
        learned.add(&who, "no attributes");
    }
    for attribute in &seen.it.attributes {
        match attribute {
            Attribute::EncapsulatedProtocol(protocol) => {
                let name = if *protocol == ENCAPSULATED_PPP { " (PPP)" } else { "" };
                learned.add(format_args!("{who} encapsulated protocol"), format_args!("0x{protocol:04x}{name}"));
            }
            Attribute::StatusInfo { about, status, value } => {
                let value = if value.is_empty() { String::new() } else { format!(", value {}", hex(value)) };
                let about = Attribute::name_of(*about);
                learned.add(format_args!("{who} status"), format_args!("{} about {about}{value}", status_name(*status)));
            }
            Attribute::CryptoBindingRequest { hash_mask, nonce } => {
                learned.add(format_args!("{who} hash bitmask"), format_args!("0x{hash_mask:02x} ({})", hashes(*hash_mask)));
                learned.add(format_args!("{who} nonce"), hex(nonce));
            }
            Attribute::CryptoBinding { hash_protocol, nonce, cert_hash, .. } => {
                learned.add(format_args!("{who} hash"), hash_name(*hash_protocol));
                learned.add(format_args!("{who} certificate hash"), hex(cert_hash));
                learned.add(format_args!("{who} nonce"), hex(nonce));
            }
            Attribute::Other { id, value } => learned.add(format!("{who} attribute 0x{id:02x}"), hex(value)),
        }
    }
}

/// `0x04 ATTRIB_STATUS_VALUE_NOT_SUPPORTED`.
pub(in crate::report) fn status_name(status: u32) -> String {
    let row = codes::by_number(status).find(|code| code.family == codes::Family::SstpStatus);
    row.map_or_else(|| format!("0x{status:08x}"), codes::Code::shown)
}

pub(in crate::report) fn hashes(mask: u8) -> String {
    let names = list([(1, "SHA-1"), (2, "SHA-256")].into_iter().filter(|row| mask & row.0 != 0).map(|row| row.1));
    if names.is_empty() { "none that is known".into() } else { names }
}

pub(in crate::report) fn hash_name(value: u8) -> String {
    HashProtocol::from_value(value).map_or_else(|| format!("unknown hash {value}"), |hash| hash.name().to_string())
}

pub(super) fn binding(facts: &Facts, learned: &mut Learned) {
    for seen in facts.messages(Side::Client, MessageType::CallConnected) {
        let hash = seen.it.attributes.iter().find_map(|attribute| match attribute {
            Attribute::CryptoBinding { hash_protocol, .. } => Some(hash_name(*hash_protocol)),
            _ => None,
        });
        let result = match facts.layer(crate::base::Layer::Binding).map(|entry| entry.state) {
            Some(State::Up) => "not objected to by the server",
            Some(State::Down) if facts.messages(Side::Server, MessageType::CallAbort).next().is_some() => "refused",
            _ => "sent",
        };
        learned.short = format!("{}, {result}", hash.unwrap_or_else(|| "no hash".into()));
        learned.add("result", result);
        message(learned, seen);
    }
    if let (Some(leaf), false) = (facts.leaf(), learned.all.is_empty()) {
        learned.add("certificate as seen here, SHA-1 (SHA1CertificateHash)", &leaf.sha1);
        learned.add("certificate as seen here, SHA-256 (SHA256CertificateHash)", &leaf.sha256);
    }
}

pub(super) fn teardown(facts: &Facts, learned: &mut Learned) {
    let closing = [MessageType::CallDisconnect, MessageType::CallDisconnectAck, MessageType::CallAbort];
    let ours = facts.messages(Side::Client, MessageType::CallDisconnect).next();
    let theirs = facts.messages(Side::Server, MessageType::CallDisconnect).next();
    let acked = facts.sstp.iter().find(|seen| seen.it.kind == MessageType::CallDisconnectAck);
    let who = if ours.is_some() { "Call Disconnect" } else { "the server's Call Disconnect" };
    match (ours.or(theirs), acked) {
        (Some(asked), Some(ack)) => learned.short = format!("{who} acknowledged after {}", ack.at - asked.at),
        (Some(_), None) => learned.short = format!("{who} not acknowledged"),
        (None, _) => {}
    }
    for seen in facts.sstp.iter().filter(|seen| closing.contains(&seen.it.kind)) {
        message(learned, seen);
    }
    learned.add_some("end of the connection", facts.closed.as_ref().map(|seen| seen.it));
    if learned.short.is_empty() {
        learned.short = facts.closed.as_ref().map_or_else(String::new, |seen| seen.it.to_string());
    }
}
