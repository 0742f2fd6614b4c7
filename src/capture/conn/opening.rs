//! How a TCP connection began, and what it means when nothing followed.

use super::Log;
use crate::base::{Layer, Micros, Side};
use crate::capture::flow::First;
use crate::transcript::tap::{Direction, Flow, IcmpSays, Opening, Over};
use crate::transcript::{ConnectFailure, How, Reason, What};

/// Notes that TCP is up, as far as it was seen: the first payload proves it, whenever the capture began.
pub fn note(first: &First, opened: Option<(Micros, Option<Micros>)>, now: Micros, log: &mut Log<'_>) {
    log.began(Layer::Tcp);
    let Some((at, rtt)) = opened else {
        // Without a SYN-ACK only what follows can tell; a late start has none.
        if !first.certain {
            log.up(Layer::Tcp);
        }
        return log.now(now);
    };
    log.now(at);
    let took = rtt.unwrap_or(at);
    log.note(None, Layer::Tcp, What::Connected { to: first.server, from: first.client, took });
    log.note(Some(Side::Client), Layer::Tcp, What::Chosen { to: first.server });
    log.up(Layer::Tcp);
    log.now(now);
}

/// Whether a connection without a byte of payload says nothing: it was opened, and closed or left.
pub fn is_nothing(flow: &Flow) -> bool {
    let reset = flow.ends.iter().any(|end| end.reset && end.by == Side::Server);
    match flow.opening {
        Opening::Midstream => true,
        Opening::Syn => false,
        Opening::SynAck | Opening::Complete => !reset,
    }
}

/// Notes why nothing came of it.
pub fn end(flow: &Flow, log: &mut Log<'_>) {
    let reset = flow.ends.iter().find(|end| end.reset && end.by == Side::Server);
    let unreachable = flow.icmp.iter().find(|icmp| matches!(icmp.says, IcmpSays::Unreachable { .. }));
    let took = flow.ended;
    let (failure, says, reason) = match (flow.opening, reset, unreachable) {
        (Opening::Midstream, ..) => return,
        (Opening::Syn, Some(_), _) => {
            (ConnectFailure::Refused, "the server answers the SYN with a reset".into(), Reason::Refused("connection refused (RST)".into()))
        }
        (Opening::Syn, None, Some(icmp)) => {
            let says = format!("{} says that it is unreachable ({})", icmp.from, words(icmp.says));
            (ConnectFailure::Unreachable, says.clone(), Reason::Refused(says))
        }
        (Opening::Syn, None, None) => silence(flow),
        // Something was said, and the capture does not have it.
        (_, Some(_), _) if [&flow.from_client, &flow.from_server].iter().any(|side| side.gaps + side.cut_bytes > 0) => {
            return log.down(Layer::Tcp, Reason::Unseen("the capture has nothing of what was said".into()));
        }
        (_, Some(_), _) => (ConnectFailure::Reset, "reset as soon as it was made".into(), Reason::Closed(How::Reset)),
        (_, None, _) => return,
    };
    log.note(None, Layer::Tcp, What::NotConnected { to: flow.server, failure, says, took });
    log.down(Layer::Tcp, reason);
}

fn silence(flow: &Flow) -> (ConnectFailure, String, Reason) {
    let syns = flow.from_client.syn_retransmissions + 1;
    let says = format!("{} within {}, no answer", count(syns, "SYN"), waited(&flow.from_client, flow));
    // One SYN just before the end of the capture tells nothing: the answer may have come a moment later.
    let reason = match syns == 1 && flow.over == Over::CaptureEnded && flow.ended < PATIENCE {
        true => Reason::Unseen("the capture ends before the SYN could be answered".into()),
        false => Reason::TimedOut { waiting_for: "SYN-ACK".into(), after: waited(&flow.from_client, flow) },
    };
    (ConnectFailure::TimedOut, says, reason)
}

/// From the first SYN to the last.
fn waited(client: &Direction, flow: &Flow) -> Micros {
    client.last.unwrap_or(flow.ended) - client.first.unwrap_or_default()
}

fn count(n: u32, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn words(says: IcmpSays) -> String {
    match says {
        IcmpSays::Unreachable { code } => format!("ICMP unreachable, code {code}"),
        IcmpSays::TooBig { mtu } => format!("ICMP too big, MTU {mtu}"),
        IcmpSays::TimeExceeded => "ICMP time exceeded".into(),
    }
}

/// Ours: so long a SYN may wait for its answer before silence means anything, 3 s.
const PATIENCE: Micros = Micros(3_000_000);
