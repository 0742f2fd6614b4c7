//! What only a tap learns: TCP's health, hellos, traffic, proofs, and inferences without keys.

use super::super::text::{count, grouped, list};
use super::{Learned, net};
use crate::base::{Layer, Side};
use crate::transcript::facts::Seen;
use crate::transcript::tap::{Answer, Confidence, Direction, Icmp, IcmpSays, Inference, Opening, Over, Proof, Traffic};
use crate::transcript::{Facts, How};

/// Adds what a tap saw of the layer.
pub(super) fn add(facts: &Facts, layer: Layer, learned: &mut Learned) {
    match layer {
        Layer::Tcp => tcp(facts, learned),
        Layer::Tls => tls(facts, learned),
        Layer::Binding => proofs(facts, &[Proof::CertHash, Proof::Nonce, Proof::CompoundMac], learned),
        Layer::Auth => proofs(facts, &[Proof::Response, Proof::AuthenticatorResponse], learned),
        Layer::Data => data(facts, learned),
        Layer::Teardown => closes(facts, learned),
        _ => {}
    }
}

fn tcp(facts: &Facts, learned: &mut Learned) {
    let Some(flow) = facts.flow.as_ref().map(|seen| &seen.it) else { return };
    if learned.short.is_empty() {
        learned.short = flow.server.to_string();
    }
    if let Some(rtt) = flow.syn_rtt {
        learned.short += &format!(", SYN answered in {rtt}");
    }
    if learned.brief {
        return;
    }
    learned.add("opening", opening(flow.opening));
    learned.add_some("SYN to SYN-ACK", flow.syn_rtt);
    for side in [Side::Client, Side::Server] {
        learned.add(format_args!("{side} sent"), direction(flow.from(side)));
    }
    for end in &flow.ends {
        let what = if end.reset { "RST" } else { "FIN" };
        learned.add(format_args!("{} {what}", end.by), format_args!("at {}, TTL {}", end.at, end.ttl));
    }
    for icmp in &flow.icmp {
        learned.add(format_args!("ICMP from {}", icmp.from), icmp_says(icmp));
    }
    learned.add("trace ended", over(flow.over));
}

fn opening(opening: Opening) -> &'static str {
    match opening {
        Opening::Syn => "SYN only",
        Opening::SynAck => "SYN and SYN-ACK",
        Opening::Complete => "complete",
        Opening::Midstream => "not seen, the capture began later",
    }
}

fn over(over: Over) -> &'static str {
    match over {
        Over::Closed => "the connection was closed",
        Over::CaptureEnded => "the capture ended",
        Over::Idle => "nothing came for too long",
        Over::Reused => "a new connection took the same ports",
        Over::Evicted => "too many connections at once",
    }
}

/// `43 segments, 5,210 bytes, 2 retransmissions`; what is zero is left out.
pub(in crate::report) fn direction(direction: &Direction) -> String {
    let first = [count(direction.segments, "segment", "segments"), count(direction.bytes, "byte", "bytes")];
    let more = [
        (direction.retransmissions + u64::from(direction.syn_retransmissions), "retransmission", "retransmissions"),
        (direction.out_of_order, "segment out of order", "segments out of order"),
        (direction.duplicate_acks, "duplicate ACK", "duplicate ACKs"),
        (direction.keep_alives, "keep-alive", "keep-alives"),
        (direction.zero_windows, "zero window", "zero windows"),
        (direction.gaps, "gap", "gaps"),
        (direction.gap_bytes, "byte missing", "bytes missing"),
        (direction.cut_bytes, "byte cut off", "bytes cut off"),
        (direction.conflicts, "contradicting segment", "contradicting segments"),
        (direction.unacknowledged, "byte not acknowledged", "bytes not acknowledged"),
    ];
    let more = more.into_iter().filter(|row| row.0 > 0).map(|(number, one, many)| count(number, one, many));
    list(first.into_iter().chain(more))
}

fn icmp_says(icmp: &Icmp) -> String {
    let says = match icmp.says {
        IcmpSays::TooBig { mtu } => format!("too big, next hop MTU {mtu}"),
        IcmpSays::Unreachable { code } => format!("unreachable, code {code}"),
        IcmpSays::TimeExceeded => "time exceeded".into(),
    };
    format!("{says} (about the {}, at {})", icmp.about, icmp.at)
}

fn tls(facts: &Facts, learned: &mut Learned) {
    if learned.brief {
        return;
    }
    for Seen { it: hello, .. } in &facts.client_hellos {
        learned.add("client offers", list(hello.versions.iter().map(|number| net::version(*number))));
        learned.add_some("client SNI", hello.sni.as_ref());
        learned.add_list("client ALPN", &hello.alpn);
        learned.add("JA4", &hello.ja4);
        learned.add("JA3", &hello.ja3);
        if hello.resumes {
            learned.add("client resumes", "a session id, ticket or PSK was sent");
        }
    }
    for Seen { it: hello, .. } in &facts.server_hellos {
        let kind = if hello.retry { "server asks again" } else { "server chose" };
        learned.add(kind, format_args!("{}, suite 0x{:04x}", net::version(hello.version), hello.suite));
        learned.add("JA4S", &hello.ja4s);
        learned.add("JA3S", &hello.ja3s);
        if hello.resumed {
            learned.add("session", "resumed, no certificate follows");
        }
    }
    if let Some(inference) = facts.inference.as_ref().map(|seen| &seen.it) {
        learned.add("without keys", inferred(inference));
        learned.add_list("signs", &inference.because);
    }
}

/// `looks like SSTP (likely), up to the layer auth`.
pub(in crate::report) fn inferred(inference: &Inference) -> String {
    let sure = match inference.confidence {
        Confidence::Low => "low confidence",
        Confidence::Medium => "medium confidence",
        Confidence::High => "high confidence",
    };
    match (inference.is_sstp, inference.stage) {
        (Answer::Yes, Some(stage)) => format!("looks like SSTP up to {} ({sure})", super::super::sentence::stage(stage)),
        (Answer::Yes, None) => format!("looks like SSTP ({sure})"),
        (Answer::No, _) => format!("does not look like SSTP ({sure})"),
        (Answer::Unsure, _) => "may or may not be SSTP".into(),
    }
}

fn proofs(facts: &Facts, wanted: &[Proof], learned: &mut Learned) {
    for Seen { it: (of, holds, says), .. } in facts.proofs.iter().filter(|seen| wanted.contains(&seen.it.0)) {
        let word = if *holds { "holds" } else { "does not hold" };
        learned.add(proof(*of), format_args!("{word}: {says}"));
    }
    let held = facts.proofs.iter().filter(|seen| wanted.contains(&seen.it.0) && seen.it.1).map(|seen| proof(seen.it.0));
    let failed = facts.proofs.iter().filter(|seen| wanted.contains(&seen.it.0) && !seen.it.1).map(|seen| proof(seen.it.0));
    let (held, failed) = (list(held), list(failed));
    let parts = [(held, "verified"), (failed, "WRONG")].into_iter().filter(|part| !part.0.is_empty());
    let words: Vec<_> = parts.map(|(names, word)| format!("{names} {word}")).collect();
    if !words.is_empty() {
        let comma = if learned.short.is_empty() { "" } else { "; " };
        learned.short += &format!("{comma}{}", words.join("; "));
    }
}

/// What was proved, in words.
pub(in crate::report) fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::CertHash => "certificate hash",
        Proof::Nonce => "nonce",
        Proof::CompoundMac => "compound MAC",
        Proof::Response => "response",
        Proof::AuthenticatorResponse => "server's proof",
    }
}

fn data(facts: &Facts, learned: &mut Learned) {
    let both: Vec<_> = facts.traffic.iter().filter_map(|seen| Some((seen.by?, &seen.it))).collect();
    if !learned.brief {
        both.iter().for_each(|(side, traffic)| learned.add(format_args!("{side} sent"), carried(traffic)));
    }
    if learned.short.is_empty() && !both.is_empty() {
        let part =
            |(side, traffic): &(Side, &Traffic)| format!("{side} {} packets, {} bytes", grouped(traffic.packets), grouped(traffic.bytes));
        learned.short = both.iter().map(part).collect::<Vec<_>>().join("; ");
    }
}

/// `12 packets, 1,008 bytes (icmp 6, tcp 6)`.
pub(in crate::report) fn carried(traffic: &Traffic) -> String {
    let kinds = list(traffic.kinds.iter().map(|(name, packets, _)| format!("{name} {}", grouped(*packets))));
    let kinds = if kinds.is_empty() { kinds } else { format!(" ({kinds})") };
    format!("{}, {}{kinds}", count(traffic.packets, "packet", "packets"), count(traffic.bytes, "byte", "bytes"))
}

/// Who ended the connection, in a tap's words: neither end is `we`.
fn closes(facts: &Facts, learned: &mut Learned) {
    if !facts.tapped() {
        return;
    }
    learned.all.retain(|row| row.0 != "end of the connection");
    if let Some(first) = facts.closes.first() {
        let words = closed(first);
        let own_words = first.it.to_string();
        if learned.short.is_empty() || learned.short == own_words {
            learned.short = words;
        }
    }
    if !learned.brief {
        facts.closes.iter().for_each(|seen| learned.add("end of the connection", closed(seen)));
    }
}

/// `the server closed the connection (FIN)`.
fn closed(seen: &Seen<How>) -> String {
    let who = seen.by.map_or("an end".to_string(), |side| format!("the {side}"));
    format!("{who} {}", ending(seen.it))
}

/// How an end ended the connection, as a tap sees it.
pub(in crate::report) fn ending(how: How) -> &'static str {
    match how {
        How::CloseNotify => "closed the connection (close_notify)",
        How::Fin => "closed the connection (FIN without close_notify)",
        How::Reset => "reset the connection (RST)",
        How::Ours => "closed the connection",
    }
}
