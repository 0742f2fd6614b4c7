//! What the predicates of several layers share.

use super::check::{Check, Evidence, Severity};
use super::codes::{self, Family};
use crate::base::{Layer, Micros, Side};
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

/// The stop, unless it was our own machine's fault, the time given to the probe or the end of the capture: none of them
/// says anything of the peer.
pub(super) fn stop(facts: &Facts) -> Option<&Stop> {
    facts.stop.as_ref().filter(|stop| !matches!(stop.reason, Reason::Ours(_) | Reason::TimeUp { .. } | Reason::Unseen(_)))
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

/// The stop at `layer`, when nothing came in time: a tap sees it in a client that leaves after it waited in vain.
pub(super) fn timed_out(facts: &Facts, layer: Layer) -> Option<&Stop> {
    stop_at(facts, layer).filter(|stop| match stop.reason {
        Reason::TimedOut { .. } => true,
        Reason::ClientLeft(_) => layer < Layer::Data && waited_in_vain(facts, stop),
        _ => false,
    })
}

/// The client asked, and left when no answer had come for a while.
fn waited_in_vain(facts: &Facts, stop: &Stop) -> bool {
    let answered = words(facts, Side::Server).filter(|word| word.0 < stop.event).max().map(|word| word.0);
    let open = words(facts, Side::Client).filter(|word| word.0 < stop.event && answered.is_none_or(|event| word.0 > event));
    open.min().is_some_and(|(_, asked)| stop.at - asked >= PATIENCE)
}

/// Everything that one side was seen to say before bulk data: event and time, in no order.
pub(super) fn words(facts: &Facts, side: Side) -> impl Iterator<Item = (usize, Micros)> {
    fn of<T>(seen: &Seen<T>) -> (usize, Micros) {
        (seen.event, seen.at)
    }
    let (asks, answers) = match side {
        Side::Client => (&facts.requests[..], &[][..]),
        Side::Server => (&[][..], &facts.responses[..]),
    };
    let http = asks.iter().chain(answers).map(of);
    let hellos: (&[_], &[_]) = match side {
        Side::Client => (&facts.client_hellos, &[]),
        Side::Server => (&[], &facts.server_hellos),
    };
    let tls = hellos.0.iter().map(of).chain(hellos.1.iter().map(of));
    let sstp = facts.sstp.iter().filter(move |seen| seen.by == Some(side)).map(of);
    let ppp = facts.ppp.iter().filter(move |seen| seen.by == Some(side)).map(of);
    http.chain(tls).chain(sstp).chain(ppp)
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
/// A client that left of itself is no failure of the layer: rows of their own say so.
pub(super) fn unnamed(facts: &Facts, layer: Layer, own: &str) -> Option<Evidence> {
    let stop = stop_at(facts, layer).filter(|stop| !matches!(stop.reason, Reason::ClientLeft(_)))?;
    (!named(facts, layer, own)).then(|| reason_of(stop))
}

/// The client left while the layer was in work, and no failing row of that layer, nor one that explains `own`, says why.
pub(super) fn gave_up<'a>(facts: &'a Facts, layer: Layer, own: &str) -> Option<&'a Stop> {
    let stop = stop_at(facts, layer).filter(|stop| matches!(stop.reason, Reason::ClientLeft(_)))?;
    (!named(facts, layer, own)).then_some(stop)
}

fn named(facts: &Facts, layer: Layer, own: &str) -> bool {
    let names_it = |check: &&Check| check.id != own && (check.layer == layer || check.explains.contains(&own));
    super::all().filter(|check| check.severity == Severity::Fail).filter(names_it).any(|check| check.hits(facts).is_some())
}

/// Bytes of one layer that the server sent and nobody can read, as the last thing before the stop.
pub(super) fn undecoded(facts: &Facts, layer: Layer) -> Option<&Seen<crate::base::WireError>> {
    facts.undecoded.iter().rfind(|seen| seen.it.layer == layer && seen.by != Some(Side::Client))
}

/// An alert as number and name.
pub(super) fn alert(description: u8) -> String {
    let row = codes::by_number(u32::from(description)).find(|code| code.family == Family::TlsAlert);
    row.map_or_else(|| format!("{description} (unknown)"), codes::Code::shown)
}

/// An SSTP status as number and name.
pub(super) fn status(number: u32) -> String {
    let row = codes::by_number(number).find(|code| code.family == Family::SstpStatus);
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

/// The server's last answer over HTTP. A tap may see a connection that never asked for SSTP; its answers are not judged.
pub(super) fn answer(facts: &Facts) -> Option<&Seen<http::Head>> {
    facts.responses.last().filter(|_| !facts.tapped() || facts.requests.is_empty() || sstp_request(facts).is_some())
}

/// The request with the method of SSTP. MS-SSTP 3.2.4.1.
pub(super) fn sstp_request(facts: &Facts) -> Option<&Seen<http::Head>> {
    facts.requests.iter().find(|seen| seen.it.request_line().is_some_and(|line| line.0 == http::METHOD))
}

/// Whose clock and machine the facts are from.
pub(super) fn observer(facts: &Facts) -> &'static str {
    if facts.tapped() { "the capture" } else { "this computer" }
}

/// Seconds since 1970 as a date a person reads.
pub(super) fn date(unix: i64) -> String {
    let Ok(moment) = time::OffsetDateTime::from_unix_timestamp(unix) else { return format!("{unix} s after 1970") };
    format!("{} {:02}:{:02} UTC", moment.date(), moment.hour(), moment.minute())
}

/// Ours: a client that leaves after so long without an answer left because of it.
const PATIENCE: Micros = Micros(5_000_000);
/// Catalogue 3.5: marks the data of a Terminate-Request that carries a RAS number.
const TERMINATE_MARK: [u8; 4] = [0x00, 0x3c, 0xcd, 0x74];
