//! Many connections, long silences, little memory.

use super::endings::again;
use super::*;
use Side::Client;

fn port(port: u16) -> impl Fn(Seg) -> Seg {
    move |seg| seg.with(|s| s.client = port)
}

fn reasons(seen: &Seen) -> Vec<(usize, tap::Over)> {
    seen.log.flows.iter().map(|(n, flow)| (*n, flow.over)).collect()
}

#[test]
fn a_closed_connection_is_handed_over_a_little_later() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"abc").flags(FIN | ACK), server(0, 4, b"").flags(FIN | ACK)]) {
        play.play(&seg);
    }
    let other = port(50_001)(client(0, 0, b"x"));
    play.play(&other.clone().at(1_500 * MS));
    assert_eq!(play.over(), 0);
    play.play(&server(0, 4, b"").flags(FIN | ACK).at(1_600 * MS));
    play.play(&other.clone().at(3_000 * MS));
    assert_eq!(play.over(), 0, "what came late counts");
    play.play(&other.at(6_000 * MS));
    assert_eq!(play.over(), 1);
    let seen = play.finish();
    assert_eq!((seen.log.flows[0].1.from_server.retransmissions, seen.log.flows[0].1.over), (1, tap::Over::Closed));
}

#[test]
fn a_connection_whose_both_ends_are_acknowledged_is_handed_over_at_once_and_stays_for_what_comes_late() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"abc").flags(FIN | ACK), server(0, 4, b"").flags(FIN | ACK), client(4, 1, b"")]) {
        play.play(&seg);
    }
    let other = port(50_001)(client(0, 0, b"x"));
    play.play(&other.clone().at(200 * MS));
    assert_eq!(play.over(), 0);
    play.play(&other.clone().at(400 * MS));
    assert_eq!((play.over(), play.table.len()), (1, 2));
    play.play(&server(0, 4, b"").flags(FIN | ACK).at(500 * MS)).play(&client(4, 1, b"").flags(RST));
    assert_eq!((play.over(), play.table.len()), (1, 2), "what comes late opens no other connection");
    play.play(&again(handshake()[0].clone()));
    assert_eq!((play.over(), play.table.len()), (1, 2), "the ports are used again");
    play.play(&other.at(9_000 * MS));
    let seen = play.finish();
    assert_eq!(seen.log.firsts.len(), 3, "what came late did not keep the old connection");
    assert_eq!(reasons(&seen)[0], (0, tap::Over::Closed));
    assert_eq!((seen.log.flows.len(), seen.log.flows[0].1.from_server.retransmissions), (3, 0));
}

#[test]
fn ports_used_again_long_after_an_orderly_end_are_another_connection_even_without_a_syn() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"abc").flags(FIN | ACK), server(0, 4, b"").flags(FIN | ACK), client(4, 1, b"")]) {
        play.play(&seg);
    }
    for late in 0..5 {
        play.play(&again(client(0, 0, b"new")).at((50_000 + late) * MS));
    }
    let seen = play.finish();
    assert_eq!((seen.log.firsts.len(), reasons(&seen)[0]), (2, (0, tap::Over::Closed)));
}

#[test]
fn a_pause_of_the_whole_capture_expires_nothing_that_comes_after_it() {
    for minutes in [3, 600] {
        let mut play = Play::new(Limits::default());
        for seg in opened([client(0, 0, b"abc").flags(FIN | ACK), server(0, 4, b"").flags(FIN | ACK), client(4, 1, b"")]) {
            play.play(&seg);
        }
        for (place, seg) in handshake().into_iter().map(port(50_001)).enumerate() {
            play.play(&seg.at((minutes * 60_000 + place as i64) * MS));
        }
        assert_eq!((play.over(), play.table.len()), (1, 1), "{minutes} minutes");
        let seen = play.finish();
        assert_eq!(seen.log.flows[1].1.opening, tap::Opening::Complete);
    }
}

#[test]
fn silence_is_borne_longer_where_there_was_data() {
    let mut play = Play::new(Limits::default());
    play.play(&port(1_001)(handshake()[0].clone()));
    for seg in opened([client(0, 0, b"call")]) {
        play.play(&port(1_002)(seg));
    }
    let tick = |minutes: i64| port(1_003)(client(minutes as u32, 0, b"x")).at(minutes * 60_000 * MS);
    (0..3).for_each(|minute| {
        play.play(&tick(minute));
    });
    assert_eq!(play.over(), 0);
    play.play(&tick(3));
    assert_eq!(play.over(), 1, "a SYN without an answer is borne for two minutes");
    (4..119).for_each(|minute| {
        play.play(&tick(minute));
    });
    assert_eq!(play.over(), 1);
    (119..122).for_each(|minute| {
        play.play(&tick(minute));
    });
    assert_eq!(reasons(&play.finish())[..2], [(0, tap::Over::Idle), (1, tap::Over::Idle)]);
}

#[test]
fn one_packet_with_a_wild_time_does_not_expire_the_others() {
    let mut play = Play::new(Limits::default());
    for seg in opened([client(0, 0, b"call")]) {
        play.play(&seg);
    }
    play.play(&port(1_001)(client(0, 0, b"x")).at(1_000_000_000 * MS));
    play.play(&client(4, 0, b"more").at(50 * MS));
    assert_eq!((play.over(), play.table.len()), (0, 2));
}

#[test]
fn the_table_is_bounded_and_the_one_silent_for_longest_goes() {
    let limits = Limits { connections: 3, ..Limits::default() };
    let mut play = Play::new(limits);
    for n in 0..3 {
        play.play(&port(n)(client(0, 0, b"x").at(i64::from(n) * 2_000 * MS)));
    }
    play.play(&port(0)(client(1, 0, b"y").at(3_000 * MS)));
    play.play(&port(7)(client(0, 0, b"z").at(9_000 * MS)));
    assert_eq!(play.table.len(), 3);
    let seen = play.finish();
    assert_eq!(reasons(&seen)[0], (1, tap::Over::Evicted));
    assert_eq!(seen.log.flows.len(), 4);
}

#[test]
fn when_memory_is_short_the_one_silent_for_longest_goes_and_the_last_one_stays() {
    let mut play = Play::new(Limits::default());
    for n in 0..3 {
        play.play(&port(n)(client(0, 0, b"x").at(i64::from(n) * 2_000 * MS)));
    }
    play.ears.1.set(true);
    play.play(&port(0)(client(1, 0, b"y").at(9_000 * MS)));
    assert_eq!((play.table.len(), play.over()), (3, 1), "what was given up is still known, so that nothing of it opens another");
    play.ears.1.set(true);
    play.play(&port(0)(client(2, 0, b"z").at(9_100 * MS)));
    for _ in 0..2 {
        play.ears.1.set(true);
        play.play(&port(0)(client(2, 0, b"z").at(9_100 * MS)));
    }
    assert_eq!((play.table.len(), play.over()), (3, 2), "the one that is in use stays");
    play.play(&port(1)(client(1, 0, b"and on").at(9_200 * MS)));
    let seen = play.finish();
    assert_eq!((seen.log.flows.len(), &reasons(&seen)[..2]), (3, &[(1, tap::Over::Evicted), (2, tap::Over::Evicted)][..]));
}

#[test]
fn when_the_input_is_silent_what_is_closed_is_handed_over() {
    let closing = || opened([client(0, 0, b"abc").flags(FIN | ACK), server(0, 4, b"").flags(FIN | ACK), client(4, 1, b"")]);
    let mut play = Play::new(Limits::default());
    closing().iter().for_each(|seg| {
        play.play(seg);
    });
    for seg in opened([client(0, 0, b"x"), server(0, 1, b"").flags(RST | ACK)]) {
        play.play(&port(50_001)(seg));
    }
    play.play(&port(50_002)(client(0, 0, b"open")));
    play.table.silence(Duration::from_millis(200));
    assert_eq!(play.over(), 0);
    play.table.silence(Duration::from_millis(300));
    assert_eq!(play.over(), 1, "what was closed in order");
    play.table.silence(Duration::from_secs(3));
    assert_eq!((play.over(), play.table.len()), (2, 1), "what was reset");
}

#[test]
fn bytes_ahead_of_a_hole_are_bounded_in_one_direction() {
    let limits = Limits { held: 10_000, ..Limits::default() };
    let mut play = Play::new(limits);
    for seg in opened((1..=11).map(|n| client(n * 1_000, 0, &[b'x'; 1_000]))) {
        play.play(&seg);
        assert!(play.table.held <= 10_000);
    }
    assert_eq!(play.told()[0], Told::Gap(Client, 1_000));
    assert_eq!(play.table.held, 0, "all that waited was handed out");
    play.finish();
}

#[test]
fn bytes_ahead_of_holes_are_bounded_in_all() {
    let limits = Limits { held_in_all: 30_000, ..Limits::default() };
    let mut play = Play::new(limits);
    for n in 0..200_u16 {
        for seg in opened([client(10, 0, &vec![b'x'; 100 + usize::from(n)]), client(5_000, 0, b"y")]) {
            play.play(&port(n + 1)(seg));
        }
        assert!(play.table.held <= 30_000, "{}", play.table.held);
    }
    assert!(play.told().len() > 100);
    let seen = play.finish();
    assert_eq!(seen.log.flows.len(), 200);
    assert!(seen.log.flows.iter().all(|(_, flow)| flow.from_client.gaps == 2));
}

#[test]
fn a_connection_is_small() {
    let size = std::mem::size_of::<connection::Connection<()>>();
    assert!(size <= 400, "{size} bytes");
}
