//! Segments that the tap recorded before what they answer.

use super::*;
use Side::{Client, Server};
use proptest::prelude::*;

/// Who said what, in the order in which it was told.
fn order(seen: &Seen) -> Vec<(Side, String)> {
    let mut order: Vec<(Side, String)> = Vec::new();
    for told in &seen.told {
        match told {
            Told::Bytes(side, bytes) => order.push((*side, String::from_utf8(bytes.clone()).expect("ASCII"))),
            Told::Gap(side, bytes) => order.push((*side, format!("gap {bytes}"))),
            Told::End(side, reset) => order.push((*side, if *reset { "reset".into() } else { "end".into() })),
        }
    }
    order
}

fn said(rows: &[(Side, &str)]) -> Vec<(Side, String)> {
    rows.iter().map(|(side, text)| (*side, text.to_string())).collect()
}

#[test]
fn an_answer_waits_for_its_question() {
    let seen = run(opened([server(0, 3, b"yes"), client(0, 0, b"may"), client(3, 3, b"thanks")]));
    assert_eq!(order(&seen), said(&[(Client, "may"), (Server, "yes"), (Client, "thanks")]));
    assert_eq!((seen.flow().from_client.gaps, seen.flow().from_server.gaps), (0, 0));
}

#[test]
fn of_two_answers_out_of_order_each_comes_behind_its_own_question() {
    // The client asks a, then c, which answers b; the server says b to a, d to c. Recorded: a, d, c, b.
    let seen = run(opened([client(0, 0, b"a"), server(1, 2, b"d"), client(1, 1, b"c"), server(0, 1, b"b"), client(2, 2, b"e")]));
    assert_eq!(order(&seen), said(&[(Client, "a"), (Server, "b"), (Client, "c"), (Server, "d"), (Client, "e")]));
}

#[test]
fn the_end_of_an_answer_and_a_reset_wait_too() {
    for (flags, end) in [(FIN | ACK, "end"), (RST | ACK, "reset")] {
        let seen = run(opened([client(0, 0, b"x"), client(1, 3, b"").flags(flags), server(0, 1, b"yes")]));
        assert_eq!(order(&seen), said(&[(Client, "x"), (Server, "yes"), (Client, end)]));
    }
}

#[test]
fn a_question_that_never_comes_is_a_gap_before_the_answer() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"abc"), server(0, 6, b"yes"), server(3, 6, b"and")]) {
        play.play(&seg);
    }
    assert_eq!(play.told(), [Told::Bytes(Client, b"abc".into())], "it may still come");
    play.play(&server(6, 6, b"so on").at(400 * MS));
    let wanted = said(&[(Client, "abc"), (Client, "gap 3"), (Server, "yes"), (Server, "and"), (Server, "so on")]);
    assert_eq!(order(&play.finish()), wanted);
}

#[test]
fn what_waits_at_the_end_of_the_capture_is_told_behind_the_gap() {
    let seen = run(opened([client(0, 0, b"abc"), server(0, 6, b"yes")]));
    assert_eq!(order(&seen), said(&[(Client, "abc"), (Client, "gap 3"), (Server, "yes")]));
}

#[test]
fn where_one_side_was_never_recorded_nothing_is_lost_and_soon_nothing_waits() {
    // Not even the SYN-ACK of the server is there.
    let mut play = Play::new(Limits::default());
    handshake().iter().filter(|seg| seg.from == Client).for_each(|seg| {
        play.play(seg);
    });
    for n in 0..20 {
        play.play(&client(n, n * 9, b"a").at(100 * MS * i64::from(n + 1)));
    }
    let said = |play: &Play| play.told().iter().filter(|told| matches!(told, Told::Bytes(..))).count();
    assert_eq!(said(&play), 20, "the first ones waited, and the last do not: {:?}", play.told());
    assert_eq!(play.finish().text(Client), "a".repeat(20));
}

#[test]
fn when_one_tap_is_ahead_of_the_other_every_answer_still_comes_behind_its_question() {
    let call = || {
        let mut segs = handshake();
        for n in 0..6_u32 {
            segs.push(client(n, n, b"q"));
            segs.push(server(n, n + 1, b"a"));
        }
        segs.into_iter().enumerate().map(|(n, seg)| seg.at(2 * MS * n as i64)).collect::<Vec<_>>()
    };
    let wanted = order(&run(call()));
    for late in [Client, Server] {
        for skew in [3, 10, 50, 150] {
            let mut segs = call();
            segs.iter_mut().filter(|seg| seg.from == late).for_each(|seg| seg.at += skew * MS);
            segs.sort_by_key(|seg| seg.at);
            let seen = run(segs);
            assert_eq!(order(&seen), wanted, "{late:?} {skew} ms late");
            assert_eq!((seen.flow().from_client.gaps, seen.flow().from_server.gaps), (0, 0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn jitter_over_both_directions_changes_no_order(delays in prop::collection::vec(0_i64..5_000, 40)) {
        let mut segs = handshake();
        for n in 0..12_u32 {
            segs.push(client(n, n, b"q"));
            segs.push(server(n, n + 1, b"a"));
        }
        let clean = segs.iter().enumerate().map(|(n, seg)| seg.clone().at(MS * n as i64)).collect::<Vec<_>>();
        let wanted = order(&run(clean.clone()));
        // A connection that begins with an answer is one whose beginning was not captured: the handshake comes in order.
        let delays = delays.into_iter().enumerate().map(|(n, delay)| if n < 3 { delay / 10 } else { delay });
        let mut late: Vec<Seg> = clean.into_iter().zip(delays).map(|(seg, delay)| { let at = seg.at + delay; seg.at(at) }).collect();
        late.sort_by_key(|seg| seg.at);
        prop_assert_eq!(order(&run(late)), wanted);
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut play = Play::new(Limits { held: 20_000, ..Limits::default() });
    for seg in opened([client(0, 0, b"a")]) {
        play.play(&seg);
    }
    for n in 0..200_u32 {
        // All of one moment, so that patience is not what ends it.
        play.play(&server(n * 1_000, 50, &[b'x'; 1_000]).at(40 * MS));
        assert!(play.table.held <= 22_000, "{}", play.table.held);
    }
    assert!(play.told().len() > 150);
    let down = play.finish().flow().from_server.clone();
    assert_eq!((down.bytes, down.gaps), (200_000, 0));
}
