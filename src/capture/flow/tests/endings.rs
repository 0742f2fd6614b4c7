//! FIN, reset, and the next connection with the same ports.

use super::*;
use Side::{Client, Server};

/// By whom, whether a reset, in sequence, followed.
fn ends(flow: &tap::Flow) -> Vec<(Side, bool, bool, bool)> {
    flow.ends.iter().map(|end| (end.by, end.reset, end.in_sequence, end.followed)).collect()
}

#[test]
fn a_fin_is_told_after_the_bytes_before_it() {
    let seen = run(opened([client(3, 0, b"def").flags(FIN | ACK), client(0, 0, b"abc")]));
    assert_eq!(seen.text(Client), "abcdef");
    assert_eq!(seen.told.last(), Some(&Told::End(Client, false)));
    assert_eq!(ends(seen.flow()), [(Client, false, false, false)]);
}

#[test]
fn half_close_the_other_side_goes_on() {
    let mut segs = opened([client(0, 0, b"get").flags(FIN | ACK), server(0, 4, b"one"), client(4, 3, b""), server(3, 4, b"two")]);
    segs.extend([client(4, 6, b""), server(6, 4, b"").flags(FIN | ACK)]);
    let seen = run(segs);
    assert_eq!(seen.told[1], Told::End(Client, false));
    assert_eq!((seen.text(Server).as_str(), seen.flow().over), ("onetwo", tap::Over::Closed));
    assert_eq!(ends(seen.flow()), [(Client, false, true, false), (Server, false, true, false)]);
    assert_eq!((seen.flow().from_client.unacknowledged, seen.flow().from_client.gaps), (0, 0), "the FIN's number is no byte");
}

#[test]
fn both_close_at_once_and_a_fin_is_sent_again() {
    let fin = [client(0, 0, b"").flags(FIN | ACK), server(0, 0, b"").flags(FIN | ACK)];
    let seen = run(opened([fin[0].clone(), fin[1].clone(), fin[0].clone().at(900 * MS), server(1, 1, b"")]));
    assert_eq!(seen.told, [Told::End(Client, false), Told::End(Server, false)]);
    assert_eq!((seen.flow().ends.len(), seen.flow().from_client.retransmissions), (2, 1));
}

#[test]
fn both_open_at_once() {
    let syn = |from, seq, ack, flags| seg(from, seq, ack, b"").flags(flags);
    let mut segs = vec![syn(Client, C, 0, SYN), syn(Server, S, 0, SYN)];
    segs.extend([syn(Client, C, S.wrapping_add(1), SYN | ACK), syn(Server, S, C + 1, SYN | ACK), client(0, 0, b"a"), server(0, 1, b"b")]);
    let seen = run(segs);
    assert_eq!((seen.text(Client).as_str(), seen.text(Server).as_str()), ("a", "b"));
    assert_eq!((seen.flow().opening, seen.flow().from_client.syn_retransmissions), (tap::Opening::Complete, 0));
}

#[test]
fn refused() {
    let seen = run([handshake()[0].clone(), seg(Server, 0, C + 1, b"").flags(RST | ACK).with(|s| s.window = 0)]);
    assert_eq!(seen.told, [Told::End(Server, true)]);
    assert_eq!((seen.flow().opening, seen.flow().over), (tap::Opening::Syn, tap::Over::Closed));
    assert_eq!(ends(seen.flow()), [(Server, true, true, false)]);
    assert_eq!(seen.flow().from_server.ttl, (0, 0), "a reset's TTL is its own matter");
}

#[test]
fn a_reset_in_sequence_ends_the_stream() {
    let seen = run(opened([client(0, 0, b"abc"), server(0, 3, b"").flags(RST).with(|s| s.ttl = 200)]));
    assert_eq!(seen.told.last(), Some(&Told::End(Server, true)));
    assert_eq!(seen.flow().over, tap::Over::Closed);
    let end = &seen.flow().ends[0];
    assert_eq!((end.at, end.ttl, end.in_sequence, end.followed), (Micros(40_000), 200, true, false));
}

#[test]
fn an_injected_reset_is_followed_by_what_the_endpoint_still_sends() {
    let mut segs = opened([server(0, 0, b"one"), client(0, 3, b"")]);
    segs.extend([server(3, 0, b"").flags(RST), server(3, 0, b"two"), server(6, 0, b"").flags(FIN | ACK)]);
    let seen = run(segs);
    assert_eq!(seen.text(Server), "onetwo");
    assert_eq!(ends(seen.flow()), [(Server, true, true, true), (Server, false, true, false)]);
    let told: Vec<_> = seen.told.iter().filter(|told| matches!(told, Told::End(..))).collect();
    assert_eq!(told, [&Told::End(Server, false)], "the reset was not the server's");
    assert_eq!(seen.flow().over, tap::Over::CaptureEnded, "the client has not closed");
}

#[test]
fn a_reset_is_told_before_the_end_that_answers_it_and_with_its_own_time() {
    let reset = server(3, 3, b"").flags(RST | ACK);
    for answer in [client(3, 3, b"").flags(FIN | ACK), client(3, 3, b"").flags(RST | ACK)] {
        let is_reset = answer.flags & RST != 0;
        let seen = run(opened([client(0, 0, b"abc"), server(0, 3, b"xyz"), reset.clone(), answer]));
        let ends: Vec<_> = seen.told.iter().filter(|told| matches!(told, Told::End(..))).collect();
        assert_eq!(ends, [&Told::End(Server, true), &Told::End(Client, is_reset)]);
        let at = |wanted: &Told| seen.log.told.iter().find(|row| row.2 == *wanted).map(|row| row.1);
        assert_eq!(at(&Told::End(Server, true)), Some(seen.flow().ends[0].at.0));
    }
}

#[test]
fn a_reset_out_of_the_window_is_noted_and_ends_nothing() {
    let seen = run(opened([client(0, 0, b"abc"), server(0, 3, b""), server(900_000_000, 3, b"").flags(RST), server(0, 3, b"x")]));
    assert!(!seen.told.contains(&Told::End(Server, true)));
    assert_eq!(ends(seen.flow()), [(Server, true, false, true)]);
    assert_eq!((seen.text(Server).as_str(), seen.flow().over), ("x", tap::Over::CaptureEnded));
}

#[test]
fn a_reset_behind_bytes_that_are_still_on_their_way_waits_for_them() {
    let seen = run(opened([server(3, 0, b"").flags(RST), server(0, 0, b"abc")]));
    assert_eq!(seen.text(Server), "abc");
    let lost = run(opened([server(0, 0, b"abc"), server(9, 0, b"").flags(RST)]));
    assert_eq!(lost.told, [Told::Bytes(Server, b"abc".to_vec()), Told::End(Server, true)], "a reset proves no bytes");
}

#[test]
fn a_fin_proves_the_bytes_before_it() {
    let seen = run(opened([client(0, 0, b"abc"), client(5, 0, b"").flags(FIN | ACK)]));
    assert_eq!(seen.told, [Told::Bytes(Client, b"abc".to_vec()), Told::Gap(Client, 2), Told::End(Client, false)]);
}

#[test]
fn more_ends_than_anybody_needs_are_not_kept() {
    let mut segs = opened([client(0, 0, b"abc")]);
    segs.extend((0..100).map(|n| server(n, 3, b"").flags(RST)));
    assert_eq!(run(segs).flow().ends.len(), tap::Flow::MAX_ENDS);
}

/// A later connection with the same ports: its numbers lie elsewhere.
pub(super) fn again(mut seg: Seg) -> Seg {
    let (own, other) = (777_000, 123_456);
    seg.seq = seg.seq.wrapping_add(own);
    seg.ack = seg.ack.wrapping_add(other);
    if seg.from == Server {
        (seg.seq, seg.ack) = (seg.seq.wrapping_sub(own).wrapping_add(other), seg.ack.wrapping_sub(other).wrapping_add(own));
    }
    seg
}

#[test]
fn ports_used_again_after_the_end() {
    let mut segs = opened([client(0, 0, b"old").flags(FIN | ACK), server(0, 4, b"").flags(FIN | ACK), client(4, 1, b"")]);
    segs.extend(opened([client(0, 0, b"new")]).into_iter().map(again));
    let seen = run(segs);
    let flows: Vec<_> = seen.log.flows.iter().map(|(n, flow)| (*n, flow.over, flow.opening, flow.from_client.bytes)).collect();
    use tap::{Opening::Complete, Over};
    assert_eq!(flows, [(0, Over::Reused, Complete, 3), (1, Over::CaptureEnded, Complete, 3)]);
    assert_eq!(seen.log.firsts[1].began, EPOCH + 60 * MS);
}

#[test]
fn ports_used_again_by_a_client_that_forgot_the_old_connection() {
    let mut segs = opened([client(0, 0, b"old")]);
    let next: Vec<Seg> = opened([client(0, 0, b"new")]).into_iter().map(again).collect();
    segs.extend([next[0].clone(), next[0].clone()]);
    segs.extend(next[1..].iter().cloned());
    let seen = run(segs);
    let flows: Vec<_> = seen.log.flows.iter().map(|(n, flow)| (*n, flow.over, flow.opening)).collect();
    use tap::{Opening::Complete, Over};
    assert_eq!(flows, [(0, Over::Reused, Complete), (1, Over::CaptureEnded, Complete)]);
    let (first, flow) = (seen.log.firsts[1], &seen.log.flows[1].1);
    assert_eq!((first.began, first.packet, first.certain), (EPOCH + 40 * MS, 5, true), "it began with the SYN in doubt");
    assert_eq!((flow.from_client.mss, flow.syn_rtt, flow.from_client.bytes), (Some(1460), Some(Micros(20_000)), 3));
}

#[test]
fn an_injected_syn_does_not_end_a_connection() {
    let seen = run(opened([client(0, 0, b"abc"), again(handshake()[0].clone()), server(0, 3, b""), client(3, 0, b"def")]));
    assert_eq!((seen.text(Client).as_str(), seen.flow().opening), ("abcdef", tap::Opening::Complete));
}

#[test]
fn an_unanswered_attempt_and_the_next_one_are_two() {
    let syn = handshake()[0].clone();
    let seen = run([syn.clone(), syn.clone().at(1_000 * MS), again(syn).at(3_000 * MS)]);
    let flows: Vec<_> = seen.log.flows.iter().map(|(_, flow)| (flow.over, flow.from_client.syn_retransmissions)).collect();
    assert_eq!(flows, [(tap::Over::Reused, 1), (tap::Over::CaptureEnded, 0)]);
}
