//! What the predicates of several layers share.

use super::check::{Check, Evidence, Severity};
use super::codes::{self, Family};
use crate::base::{Layer, Side};
use crate::transcript::facts::{Facts, Seen, Stop};
use crate::transcript::{How, Reason};
use crate::wire::{control, http, ppp, sstp};

/// Ids that only say how the peer ended a call, whatever its reason was, and the ids given: every cause met above SSTP
/// explains the former.
macro_rules! endings_and {
    ($($id:literal),* $(,)?) => {
        &[
            "SSTP-ABORT-STATUS7",
            "SSTP-ABORT-NO-STATUS",
            "SSTP-ABORT-STATUS",
            "SSTP-RETRY-EXCEEDED",
            "SSTP-NEGOTIATION-TIMEOUT",
            "SSTP-UNEXPECTED-MESSAGE",
            "SSTP-VERSION",
            "SSTP-DESYNC",
            "LCP-TERMINATED-BY-PEER",
            "TEAR-REMOTE",
            $($id,)*
        ]
    };
}
pub(super) use endings_and;

/// What every cause met above SSTP explains.
pub(super) const ENDINGS: &[&str] = endings_and![];

/// The same without a stream that fell apart and without the server's timer: what fits no other check
/// does not explain these.
pub(super) const BARE_ENDINGS: &[&str] = &[
    "SSTP-ABORT-STATUS7",
    "SSTP-ABORT-NO-STATUS",
    "SSTP-ABORT-STATUS",
    "SSTP-RETRY-EXCEEDED",
    "SSTP-UNEXPECTED-MESSAGE",
    "LCP-TERMINATED-BY-PEER",
    "TEAR-REMOTE",
];

/// What silence explains: the server's timer ends in it too.
pub(super) const SILENT_ENDINGS: &[&str] = &[
    "SSTP-ABORT-STATUS7",
    "SSTP-ABORT-NO-STATUS",
    "SSTP-ABORT-STATUS",
    "SSTP-RETRY-EXCEEDED",
    "SSTP-UNEXPECTED-MESSAGE",
    "SSTP-NEGOTIATION-TIMEOUT",
    "LCP-TERMINATED-BY-PEER",
    "TEAR-REMOTE",
];

/// The ways in which a server aborts, its timer left aside.
pub(super) const ABORTED: &[&str] =
    &["SSTP-ABORT-STATUS7", "SSTP-ABORT-NO-STATUS", "SSTP-ABORT-STATUS", "SSTP-RETRY-EXCEEDED", "SSTP-UNEXPECTED-MESSAGE"];

/// What a stream that fell apart leads to.
pub(super) const BROKEN_STREAM: &[&str] = &[
    "SSTP-UNEXPECTED-MESSAGE",
    "LCP-TERMINATED-BY-PEER",
    "LCP-NO-RESPONSE",
    "LCP-NO-ACK",
    "LCP-NO-REQUEST",
    "LCP-FAILED",
    "AUTH-SILENT",
    "AUTH-RADIUS-TIMEOUT",
    "AUTH-FAILED",
    "BIND-CLOSED",
    "BIND-FAILED",
    "IPCP-NO-ADDRESS",
    "IPCP-FAILED",
    "DATA-FAILED",
    "TEAR-REMOTE",
];

/// The stop, unless it was our own machine's fault or the time given to the probe: neither says anything of the peer.
pub(super) fn stop(facts: &Facts) -> Option<&Stop> {
    facts.stop.as_ref().filter(|stop| !matches!(stop.reason, Reason::Ours(_) | Reason::TimeUp { .. }))
}

/// The stop at one layer, as [`stop`] has it.
pub(super) fn stop_at(facts: &Facts, layer: Layer) -> Option<&Stop> {
    stop(facts).filter(|stop| stop.layer == layer)
}

/// The stop at one of several layers, as [`stop`] has it.
pub(super) fn stop_within(facts: &Facts, layers: std::ops::RangeInclusive<Layer>) -> Option<&Stop> {
    stop(facts).filter(|stop| layers.contains(&stop.layer))
}

/// What the layer said when it went down.
pub(super) fn reason_of(stop: &Stop) -> Evidence {
    Evidence::at(stop.event, stop.reason.to_string())
}

/// The stop at `layer`, when nothing came in time.
pub(super) fn timed_out(facts: &Facts, layer: Layer) -> Option<&Stop> {
    stop_at(facts, layer).filter(|stop| matches!(stop.reason, Reason::TimedOut { .. }))
}

/// The stop at `layer`, when the peer closed or reset the connection.
pub(super) fn closed(facts: &Facts, layer: Layer) -> Option<(&Stop, How)> {
    let stop = stop_at(facts, layer)?;
    match stop.reason {
        Reason::Closed(how) => Some((stop, how)),
        _ => None,
    }
}

/// The stop at the layer of the check `own`, when no other failing row of that layer, nor one that explains `own`, hits.
pub(super) fn unnamed(facts: &Facts, layer: Layer, own: &str) -> Option<Evidence> {
    let stop = stop_at(facts, layer)?;
    let names_it = |check: &&Check| check.id != own && (check.layer == layer || check.explains.contains(&own));
    let mut rows = super::all().filter(|check| check.severity == Severity::Fail).filter(names_it);
    (!rows.any(|check| check.hits(facts).is_some())).then(|| reason_of(stop))
}

/// Bytes of one layer that could not be read, as the last thing before the stop.
pub(super) fn undecoded(facts: &Facts, layer: Layer) -> Option<&Seen<crate::base::WireError>> {
    facts.undecoded.iter().rfind(|seen| seen.it.layer == layer)
}

/// An alert as number and name.
pub(super) fn alert(description: u8) -> String {
    let row = codes::all().find(|code| code.family == Family::TlsAlert && code.number == u32::from(description));
    row.map_or_else(|| format!("{description} (unknown)"), codes::Code::shown)
}

/// An SSTP status as number and name.
pub(super) fn status(number: u32) -> String {
    let row = codes::all().find(|code| code.family == Family::SstpStatus && code.number == number);
    row.map_or_else(|| format!("0x{number:02X} (unknown)"), codes::Code::shown)
}

/// A RAS number with its name.
pub(super) fn ras(number: u32) -> String {
    u16::try_from(number).ok().and_then(codes::ras).map_or_else(|| number.to_string(), codes::Code::shown)
}

/// The server's Call Abort, unless it only answers one of ours (MS-SSTP 3.1.5.2: an Abort is answered by an Abort), or comes
/// after its own Call Disconnect or after the stop.
pub(super) fn server_abort(facts: &Facts) -> Option<&Seen<sstp::Message>> {
    let theirs = facts.messages(Side::Server, sstp::MessageType::CallAbort).next()?;
    let ours = facts.messages(Side::Client, sstp::MessageType::CallAbort).next().map(|seen| seen.event);
    let left = facts.messages(Side::Server, sstp::MessageType::CallDisconnect).next().map(|seen| seen.event);
    let stop = facts.stop.as_ref().map(|stop| stop.event);
    [ours, left, stop].into_iter().flatten().all(|other| theirs.event < other).then_some(theirs)
}

/// The control packet inside a frame, of whichever protocol.
pub(super) fn packet(frame: &ppp::Frame) -> Option<&control::Packet> {
    match &frame.body {
        ppp::Body::Lcp(packet) | ppp::Body::Ipcp(packet) | ppp::Body::Ipv6cp(packet) | ppp::Body::Ccp(packet) => Some(packet),
        _ => None,
    }
}

/// The options of a Configure frame; none when they cannot be read.
pub(super) fn options(frame: &ppp::Frame) -> Vec<control::Opt> {
    packet(frame).and_then(|packet| packet.options(ppp::layer_of(frame.protocol)).ok()).unwrap_or_default()
}

/// The server's Protocol-Reject of one protocol. RFC 1661 5.7: the rejected protocol comes first.
pub(super) fn protocol_reject(facts: &Facts, protocol: ppp::Protocol) -> Option<usize> {
    let rejects = facts.frames(Side::Server, "lcp.protocol-reject");
    let names = |frame: &ppp::Frame| packet(frame).is_some_and(|packet| packet.data.starts_with(&protocol.to_be_bytes()));
    rejects.filter(|seen| names(&seen.it)).map(|seen| seen.event).next()
}

/// The server's LCP Terminate-Request, and what it says.
pub(super) fn terminate(facts: &Facts) -> Option<(usize, String)> {
    let seen = facts.frames(Side::Server, "lcp.terminate-request").next()?;
    let data = packet(&seen.it).map_or(&[][..], |packet| &packet.data);
    Some((seen.event, terminate_words(data)))
}

/// What the data of a Terminate-Request says: the RAS number of the Windows PPP engine, text, or bytes.
/// Catalogue 3.5: 4 varying bytes, `00 3C CD 74`, then the RAS number in network order.
fn terminate_words(data: &[u8]) -> String {
    let marked = data.windows(8).find_map(|window| window.strip_prefix(&TERMINATE_MARK));
    if let Some(number) = marked.and_then(|rest| rest.first_chunk::<4>()) {
        return format!("RAS error {} (in the data {})", ras(u32::from_be_bytes(*number)), crate::base::hex(data));
    }
    match std::str::from_utf8(data).map(|text| text.trim_matches(['\0', ' '])) {
        Ok("") => "no reason given".into(),
        Ok(text) if !text.contains(char::is_control) => format!("reason given: {text:?}"),
        _ => format!("data {}", crate::base::hex(data)),
    }
}

/// Text of the peer as it is shown: control characters made visible.
pub(super) fn text(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes).trim_end_matches('\0'))
}

/// The server's last answer over HTTP.
pub(super) fn answer(facts: &Facts) -> Option<&Seen<http::Head>> {
    facts.responses.last()
}

/// Seconds since 1970 as a date a person reads.
pub(super) fn date(unix: i64) -> String {
    let Ok(moment) = time::OffsetDateTime::from_unix_timestamp(unix) else { return format!("{unix} s after 1970") };
    format!("{} {:02}:{:02} UTC", moment.date(), moment.hour(), moment.minute())
}

/// Catalogue 3.5: marks the data of a Terminate-Request that carries a RAS number.
const TERMINATE_MARK: [u8; 4] = [0x00, 0x3c, 0xcd, 0x74];
