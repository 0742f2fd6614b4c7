//! What is counted of a connection's health.

use super::*;

#[test]
fn repetitions_and_the_one_repeated_most() {
    let mut segs = opened([client(0, 0, b"first"), client(5, 0, b"second")]);
    segs.push(client(0, 0, b"first").at(300 * MS));
    segs.extend([400, 800, 1_600].map(|at| client(5, 0, b"second").at(at * MS)));
    let seen = run(segs);
    let up = &seen.flow().from_client;
    assert_eq!((up.retransmissions, up.retransmitted_bytes, up.bytes), (4, 5 + 3 * 6, 11));
    assert_eq!((up.most_retransmitted, up.most_retransmitted_len), (3, 6));
    assert_eq!((up.spurious_retransmissions, up.conflicts, up.unacknowledged), (0, 0, 11));
}

#[test]
fn a_repetition_of_what_was_acknowledged_is_spurious() {
    let seen = run(opened([client(0, 0, b"first"), server(0, 5, b""), client(0, 0, b"first")]));
    let up = &seen.flow().from_client;
    assert_eq!((up.retransmissions, up.spurious_retransmissions, up.keep_alives), (1, 1, 0));
}

#[test]
fn the_path_dies_and_the_client_repeats_into_the_void() {
    let mut segs = opened([client(0, 0, b"echo"), server(0, 4, b"")]);
    segs.extend((0..7).map(|n| client(4, 0, b"answer").at(1_000 * MS + ((200 * MS) << n))));
    let seen = run(segs);
    let up = &seen.flow().from_client;
    assert_eq!((up.retransmissions, up.most_retransmitted, up.unacknowledged), (6, 6, 6));
    assert_eq!((seen.flow().from_server.last, up.last), (Some(Micros(40_000)), Some(Micros(13_800_000))));
}

#[test]
fn syns_without_an_answer() {
    let syn = handshake()[0].clone();
    let seen = run((0..7).map(|n| syn.clone().at(n * 1_000 * MS)));
    let flow = seen.flow();
    assert_eq!((flow.opening, flow.from_client.syn_retransmissions, flow.from_client.retransmissions), (tap::Opening::Syn, 6, 0));
    assert_eq!((flow.from_client.segments, flow.from_server.segments, flow.syn_rtt), (7, 0, None));
    assert_eq!(flow.from_server.first, None);
}

#[test]
fn a_syn_ack_sent_again() {
    let [syn, answer, third] = handshake().try_into().expect("three segments");
    let seen = run([syn, answer.clone(), answer.at(1_000 * MS), third, client(0, 0, b"x")]);
    assert_eq!((seen.flow().from_server.syn_retransmissions, seen.flow().syn_rtt), (1, Some(Micros(10_000))));
}

#[test]
fn keep_alives_of_one_byte_and_of_none_are_no_repetitions() {
    let mut segs = opened([client(0, 0, b"data"), server(0, 4, b"")]);
    segs.extend([client(3, 0, b"\0").at(10_000 * MS), server(0, 4, b""), client(3, 0, b"").at(20_000 * MS), server(0, 4, b"")]);
    let seen = run(segs);
    let (up, down) = (&seen.flow().from_client, &seen.flow().from_server);
    assert_eq!((up.keep_alives, up.retransmissions, up.window_probes, up.conflicts), (2, 0, 0, 0));
    assert_eq!(down.duplicate_acks, 0, "nothing was outstanding");
}

#[test]
fn a_repeated_single_byte_that_nobody_acknowledged_is_a_repetition() {
    let seen = run(opened([client(0, 0, b"x"), client(0, 0, b"x").at(300 * MS)]));
    assert_eq!((seen.flow().from_client.retransmissions, seen.flow().from_client.keep_alives), (1, 0));
}

#[test]
fn the_window_closes_for_a_while_and_is_probed() {
    let closed = |at: i64| server(0, 4, b"").with(|s| s.window = 0).at(at * MS);
    let mut segs = opened([client(0, 0, b"data"), closed(100)]);
    segs.extend([client(3, 0, b"").at(300 * MS), closed(301), client(3, 0, b"").at(700 * MS), closed(701)]);
    segs.extend([server(0, 4, b"").at(1_100 * MS), closed(2_000), server(0, 4, b"x").at(2_500 * MS)]);
    let seen = run(segs);
    let (up, down) = (&seen.flow().from_client, &seen.flow().from_server);
    assert_eq!((down.zero_windows, down.zero_window_time), (2, Micros(1_500_000)));
    assert_eq!((up.window_probes, up.keep_alives, up.retransmissions), (2, 0, 0));
}

#[test]
fn a_window_still_closed_at_the_end_counts_up_to_the_end() {
    let seen = run(opened([server(0, 0, b"").with(|s| s.window = 0).at(100 * MS), client(0, 0, b"").at(400 * MS)]));
    assert_eq!(seen.flow().from_server.zero_window_time, Micros(300_000));
}

#[test]
fn duplicate_acknowledgements_and_sack_blocks() {
    let sack = |s: &mut Seg| s.options = vec![1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2];
    let mut segs = opened([client(0, 0, b"abc"), client(3, 0, b"def"), client(6, 0, b"ghi"), server(0, 3, b"")]);
    segs.extend([server(0, 3, b"").with(sack), server(0, 3, b"").with(sack), client(3, 0, b"def"), server(0, 9, b""), server(0, 9, b"")]);
    segs.push(server(0, 9, b"").with(|s| s.window = 900));
    let seen = run(segs);
    let (up, down) = (&seen.flow().from_client, &seen.flow().from_server);
    assert_eq!((down.duplicate_acks, down.sacks), (2, 2), "with nothing outstanding it is no duplicate");
    assert_eq!((up.retransmissions, up.unacknowledged), (1, 0));
}

#[test]
fn a_packet_captured_twice_counts_once() {
    let twice = |seg: Seg| [seg.clone(), seg.with(|s| s.ttl -= 1)];
    let mut play = Play::new(Limits::default());
    let mut segs = opened([client(0, 0, b"abc"), server(0, 3, b"x").with(|s| s.ip_id = 7), client(3, 1, b"").with(|s| s.ip_id = 8)]);
    segs.push(client(3, 1, b"").flags(FIN | ACK));
    for (n, seg) in segs.into_iter().flat_map(twice).enumerate() {
        play.play(&seg.at(n as i64 / 2 * 10 * MS + n as i64 % 2 * 40));
    }
    let seen = play.finish();
    let (up, down) = (&seen.flow().from_client, &seen.flow().from_server);
    assert_eq!((up.copies, up.segments, up.retransmissions, up.syn_retransmissions, up.ttl), (5, 5, 0, 0, (64, 64)));
    assert_eq!((down.copies, down.segments, down.duplicate_acks), (2, 2, 0));
    assert_eq!(seen.flow().ends.len(), 1);
}

#[test]
fn the_same_again_after_a_millisecond_is_a_repetition() {
    let seen = run(opened([client(0, 0, b"abc").at(100 * MS), client(0, 0, b"abc").at(101 * MS + 1)]));
    assert_eq!((seen.flow().from_client.copies, seen.flow().from_client.retransmissions), (0, 1));
}

#[test]
fn icmp_errors_are_kept_with_the_side_they_are_about() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"abc")]) {
        play.play(&seg);
    }
    let router = [10, 9, 9, 9].into();
    let (c, s) = (SocketAddr::from(([10, 0, 0, 1], 50_000)), SocketAddr::from(([10, 0, 0, 2], 443)));
    let error = |from, to| IcmpError {
        at: EPOCH + 50 * MS,
        from: router,
        quoted_from: from,
        quoted_to: to,
        says: tap::IcmpSays::TooBig { mtu: 1_400 },
    };
    play.table.icmp(&error(s, c));
    play.table.icmp(&error(c, SocketAddr::from(([10, 0, 0, 2], 444))));
    (0..20).for_each(|_| play.table.icmp(&error(c, s)));
    let seen = play.finish();
    let icmp = &seen.flow().icmp;
    assert_eq!(icmp[0], tap::Icmp { at: Micros(50_000), from: router, about: Side::Server, says: tap::IcmpSays::TooBig { mtu: 1_400 } });
    assert_eq!((icmp.len(), icmp[1].about, seen.flow().ended), (tap::Flow::MAX_ENDS, Side::Client, Micros(30_000)));
}
