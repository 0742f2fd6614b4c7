//! Order, overlap, loss and where a stream begins.

use super::*;
use Side::{Client, Server};

#[test]
fn out_of_order_is_put_in_order_across_the_wrap_around() {
    let text: String = (0..600).map(|n| format!("{n:010}")).collect();
    let piece = |n: u32| server(n * 1_000, 0, &text.as_bytes()[n as usize * 1_000..][..1_000]);
    let seen = run(opened([0, 2, 3, 1, 5, 4].map(piece)));
    assert_eq!(seen.text(Server), text);
    let down = &seen.flow().from_server;
    assert_eq!((down.bytes, down.gaps, down.retransmissions), (6_000, 0, 0));
    // The round trip of the handshake is 20 ms; piece 1 comes 20 ms after piece 2, piece 4 comes 10 ms after piece 5.
    assert_eq!((down.out_of_order, down.recovered), (2, 0));
}

#[test]
fn a_hole_filled_after_a_round_trip_was_lost_before_the_tap() {
    let seen = run(opened([client(3, 0, b"def"), client(0, 0, b"abc").at(500 * MS)]));
    assert_eq!(seen.text(Client), "abcdef");
    let up = &seen.flow().from_client;
    assert_eq!((up.out_of_order, up.recovered, up.gaps), (0, 1, 0));
}

#[test]
fn overlap_the_first_byte_wins_and_a_contradiction_is_counted() {
    let seen = run(opened([
        client(0, 0, b"abcdef"),
        client(3, 0, b"defGHI"),
        client(0, 0, b"abcXef"),
        client(12, 0, b"mno"),
        client(10, 0, b"klMNOp"),
        client(9, 0, b"j"),
    ]));
    assert_eq!(seen.text(Client), "abcdefGHIjklmnop");
    let up = &seen.flow().from_client;
    assert_eq!((up.conflicts, up.retransmissions), (2, 1), "the altered repetition, and MN against mn");
}

#[test]
fn a_contradiction_is_found_wherever_the_later_segment_begins() {
    let said: Vec<u8> = (0..3000_u32).map(|n| b'a' + (n * 7 / 3 % 26) as u8).collect();
    let lay = |other: (u32, Vec<u8>)| {
        let parts = said.chunks(1000).enumerate().map(|(n, part)| client(1000 * n as u32, 0, part));
        let parts: Vec<_> = parts.chain([client(other.0, 0, &other.1).at(20 * MS)]).collect();
        let seen = run(opened(parts));
        assert!(seen.text(Client).len() >= 3000);
        (seen.flow().from_client.conflicts, seen.flow().from_client.retransmissions)
    };
    for (from, to) in [(300_usize, 310_usize), (999, 1001), (1500, 2700), (2998, 3000), (2500, 3000)] {
        assert_eq!(lay((from as u32, said[from..to].to_vec())), (0, 1), "{from}..{to}");
        let mut other = said[from..to].to_vec();
        *other.last_mut().expect("none is empty") ^= 1;
        assert_eq!(lay((from as u32, other.clone())), (1, 1), "{from}..{to}");
        other.extend_from_slice(b"and what is new");
        if to == 3000 {
            assert_eq!(lay((from as u32, other)), (1, 0), "{from}..{to} and on");
        }
    }
}

#[test]
fn other_bytes_in_a_segment_that_looks_like_a_copy_contradict() {
    let seen = run(opened([client(0, 0, b"the first sixteen, then A"), client(0, 0, b"the first sixteen, then B").at(20 * MS)]));
    let up = &seen.flow().from_client;
    assert_eq!((up.copies, up.conflicts), (0, 1));
    let seen = run(opened([client(0, 0, b"the first sixteen, then A"), client(0, 0, b"the first sixteen, then A").at(20 * MS)]));
    let up = &seen.flow().from_client;
    assert_eq!((up.copies, up.conflicts), (1, 0));
}

#[test]
fn an_injected_segment_and_the_real_one_contradict_each_other_whatever_their_lengths() {
    let seen = run(opened([server(0, 0, b"HTTP/1.1 302 Moved"), server(0, 0, b"\x16\x03\x03 a ServerHello, longer than that")]));
    assert_eq!(seen.flow().from_server.conflicts, 1);
    assert!(seen.text(Server).starts_with("HTTP/1.1 302 Moved"), "{}", seen.text(Server));
}

#[test]
fn what_was_acknowledged_and_never_seen_is_a_gap() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"abc"), client(6, 0, b"ghi"), server(0, 9, b"")]) {
        play.play(&seg);
    }
    assert_eq!(play.told().len(), 1, "it may still come: {:?}", play.told());
    play.play(&server(0, 9, b"x").at(300 * MS));
    assert_eq!(play.told()[1..3], [Told::Gap(Client, 3), Told::Bytes(Client, b"ghi".to_vec())]);
    let seen = play.finish();
    let up = &seen.flow().from_client;
    assert_eq!((up.gaps, up.gap_bytes, up.bytes, up.unacknowledged), (1, 3, 6, 0));
}

#[test]
fn an_acknowledgement_that_lies_before_its_data_in_the_capture_is_no_gap() {
    let seen = run(opened([server(0, 5, b""), client(0, 0, b"hello").at(21 * MS), server(0, 5, b"ok")]));
    assert_eq!((seen.text(Client).as_str(), seen.flow().from_client.gaps), ("hello", 0));
}

#[test]
fn a_hole_nobody_acknowledged_waits_for_its_retransmission() {
    let mut segs = opened([client(3, 0, b"def")]);
    segs.extend((0..100).map(|n| server(n, 0, b"x")));
    segs.push(client(0, 100, b"abc").at(60_000 * MS));
    assert_eq!(run(segs).text(Client), "abcdef");
}

#[test]
fn only_one_direction_was_captured() {
    let up =
        run([handshake()[0].clone(), client(0, 0, b"ab"), client(2, 3_000, b"cd").at(1_000 * MS), client(4, 3_000, b"ef").at(2_000 * MS)]);
    assert_eq!(up.text(Client), "abcdef");
    assert_eq!(up.told.iter().filter(|told| **told == Told::Gap(Server, 3_000)).count(), 1);
    assert_eq!(up.flow().opening, tap::Opening::Syn);
    let mut segs = vec![server(0, 0, b"ab"), server(4, 0, b"ef")];
    segs.push(server(6, 0, b"gh").at(4_000 * MS));
    let down = run(segs);
    assert_eq!(down.told[1], Told::Gap(Server, 2), "nobody can acknowledge it, so it waits 3 s");
    assert_eq!((down.text(Server).as_str(), down.flow().from_server.unacknowledged), ("ab..efgh", 8));
}

#[test]
fn the_snap_length_cuts_the_end_of_each_payload() {
    let cut = |seq, text: &[u8], cut| client(seq, 0, text).with(|s| s.cut = cut);
    let seen = run(opened([cut(0, b"ab", 3), cut(10, b"kl", 0), cut(5, b"fg", 3)]));
    assert_eq!(seen.text(Client), "ab...fg...kl");
    let up = &seen.flow().from_client;
    assert_eq!((up.bytes, up.cut_bytes, up.gaps, up.largest), (6, 6, 0, 5));
}

#[test]
fn an_offloaded_segment_may_be_longer_than_any_ip_packet() {
    let big = vec![b'z'; 200_000];
    let seen = run(opened([server(0, 0, &big), server(200_000, 0, b"!")]));
    assert_eq!((seen.text(Server).len(), seen.flow().from_server.largest), (200_001, 200_000));
}

#[test]
fn the_capture_began_in_the_middle() {
    let seen = run([server(500, 90, b"data"), client(90, 504, b"more"), client(94, 504, b"!")]);
    let first = seen.log.firsts[0];
    assert_eq!((first.certain, first.server.port()), (false, 443), "443 is the server, whoever sent first");
    assert_eq!((seen.text(Client).as_str(), seen.text(Server).as_str()), ("more!", "data"));
    assert_eq!((seen.flow().opening, seen.flow().over), (tap::Opening::Midstream, tap::Over::CaptureEnded));
    let guessed = |client, server| {
        let ports = |s: &mut Seg| (s.client, s.server) = (client, server);
        run([client_at(0).with(ports)]).log.firsts[0].server.port()
    };
    assert_eq!((guessed(8_443, 50_000), guessed(443, 80), guessed(50_000, 50_000)), (8_443, 443, 50_000));
}

fn client_at(seq: u32) -> Seg {
    client(seq, 0, b"x")
}

#[test]
fn it_began_in_the_middle_with_a_keep_alive() {
    for garbage in [&b""[..], b"\0"] {
        let seen = run([client(99, 50, garbage), server(50, 100, b""), client(100, 50, b"data"), server(50, 104, b"ok").at(900 * MS)]);
        let up = &seen.flow().from_client;
        assert_eq!(up.gaps, 0, "{:?}", seen.told);
        assert!(seen.text(Client).ends_with("data"), "{:?}", seen.told);
    }
}

#[test]
fn syn_ack_first_syn_ack_missing_and_syn_behind_its_answer() {
    let [syn, answer, third] = handshake().try_into().expect("three segments");
    let data = client(0, 0, b"abc");
    let opening = |segs: Vec<Seg>| {
        let seen = run(segs);
        assert_eq!((seen.text(Client).as_str(), seen.log.firsts[0].client.port()), ("abc", 50_000));
        assert!(seen.log.firsts[0].certain);
        (seen.flow().opening, seen.flow().syn_rtt.is_some(), seen.flow().from_client.syn_retransmissions)
    };
    assert_eq!(opening(vec![answer.clone(), third.clone(), data.clone()]), (tap::Opening::SynAck, false, 0));
    assert_eq!(opening(vec![syn.clone(), third.clone(), data.clone()]), (tap::Opening::Syn, false, 0));
    assert_eq!(opening(vec![answer, syn, third, data]), (tap::Opening::Complete, false, 0));
}

#[test]
fn data_lost_right_behind_a_missing_syn_ack_is_missed() {
    let [syn, _, third] = handshake().try_into().expect("three segments");
    let seen = run([syn, third, server(5, 0, b"fgh"), client(0, 8, b"x"), client(1, 8, b"y").at(900 * MS)]);
    assert_eq!(seen.text(Server), ".....fgh");
}

#[test]
fn data_in_the_syn() {
    let [syn, answer, third] = handshake().try_into().expect("three segments");
    let seen = run([syn.with(|s| s.payload = b"early".to_vec()), answer.with(|s| s.ack += 5), third, client(5, 0, b" late")]);
    assert_eq!((seen.text(Client).as_str(), seen.flow().from_client.gaps), ("early late", 0));
}

#[test]
fn a_segment_far_outside_the_window_is_left_out() {
    let mut segs = opened([server(0, 0, b""), client(0, 0, b"abc"), client(500_000_000, 0, b"bogus")]);
    segs.extend([client(3, 0, b"def"), server(0, 6, b"").at(900 * MS)]);
    let seen = run(segs);
    let up = &seen.flow().from_client;
    assert_eq!((seen.text(Client).as_str(), up.outside, up.gaps), ("abcdef", 1, 0));
}

#[test]
fn an_acknowledgement_that_cannot_be_true_loses_nothing_but_two_of_them_are_believed() {
    let bogus = server(0, 900_000_000, b"");
    let seen = run(opened([client(0, 0, b"abc"), bogus.clone(), client(3, 0, b"def").at(900 * MS), server(0, 6, b"")]));
    assert_eq!((seen.text(Client).as_str(), seen.flow().from_client.gaps), ("abcdef", 0));
    let far = run(opened([client(0, 0, b"abc"), bogus, server(0, 900_000_010, b"x"), server(1, 900_000_010, b"y").at(900 * MS)]));
    assert_eq!(far.told[2], Told::Gap(Client, 900_000_007), "the capture stood still for a while");
}

#[test]
fn a_lost_fin_is_no_gap_of_one_byte() {
    let seen = run(opened([client(0, 0, b"abc"), server(0, 4, b""), server(0, 4, b"x").at(900 * MS), server(1, 4, b"y").at(2_000 * MS)]));
    assert_eq!((seen.text(Client).as_str(), seen.flow().from_client.gaps), ("abc", 0));
}

#[test]
fn times_of_a_capture_that_goes_backwards_do_not() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"a").at(500 * MS), client(1, 0, b"b").at(200 * MS), client(2, 0, b"c").at(600 * MS)]) {
        play.play(&seg);
    }
    let seen = play.finish();
    assert_eq!(seen.log.told.iter().map(|(_, at, _)| *at).collect::<Vec<_>>(), [500_000, 500_000, 600_000]);
}

#[test]
fn what_follows_a_hole_keeps_the_time_at_which_it_came() {
    let lost = [client(0, 0, b"ab"), client(4, 0, b"ef"), client(6, 1, b"gh"), server(0, 8, b"x")];
    let seen = run(opened(lost.into_iter().chain([server(1, 8, b"y").at(4000 * MS)])));
    let at = |wanted: Told| seen.log.told.iter().find(|row| row.2 == wanted).map(|row| row.1);
    let before = at(Told::Bytes(Client, b"ab".to_vec())).expect("told");
    assert_eq!(at(Told::Gap(Client, 2)), at(Told::Bytes(Client, b"ef".to_vec())));
    assert!(at(Told::Bytes(Client, b"ef".to_vec())).is_some_and(|at| at - before < 100_000), "{:?}", seen.log.told);
    assert_eq!(seen.text(Server), "xy");
}
