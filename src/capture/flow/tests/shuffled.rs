//! Random streams, cut, shuffled, repeated, dropped; and segments that make no sense.

use super::*;
use proptest::prelude::*;

/// A segment of one side: where its bytes begin, and how many.
type Piece = (Side, usize, usize);

fn stream(len: usize, salt: u8) -> Vec<u8> {
    (0..len).map(|n| (n as u8).wrapping_mul(31).wrapping_add((n >> 8) as u8) ^ salt).collect()
}

/// Cuts a stream at the given sizes, over and over.
fn pieces(side: Side, len: usize, sizes: &[usize]) -> Vec<Piece> {
    let mut from = 0;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if from >= len {
            return pieces;
        }
        pieces.push((side, from, (*size).min(len - from)));
        from += size;
    }
    pieces
}

/// Swaps neighbours up to 8 apart, and repeats some a little later, with other borders.
fn spoil(
    mut pieces: Vec<Piece>,
    moves: &[(prop::sample::Index, usize)],
    again: &[(prop::sample::Index, usize, usize)],
    lens: [usize; 2],
) -> Vec<Piece> {
    for (at, by) in moves.iter().filter(|_| !pieces.is_empty()).map(|(at, by)| (at.index(pieces.len()), *by)).collect::<Vec<_>>() {
        let other = (at + by).min(pieces.len() - 1);
        pieces.swap(at, other);
    }
    for (at, back, more) in again {
        let (side, from, len) = pieces[at.index(pieces.len())];
        let whole = lens[usize::from(side == Side::Server)];
        let from = from.saturating_sub(*back);
        pieces.push((side, from, (len + back + more).min(whole - from)));
        let last = pieces.len() - 1;
        pieces.swap(last, at.index(last + 1));
    }
    pieces
}

/// Plays pieces with given initial sequence numbers.
fn play(pieces: &[Piece], data: [&[u8]; 2], isn: [u32; 2], close: bool) -> Seen {
    let start = |side| isn[usize::from(side == Side::Server)].wrapping_add(1);
    let mut play = Play::new(Limits::default());
    play.play(&seg(Side::Client, isn[0], 0, b"").flags(SYN));
    play.play(&seg(Side::Server, isn[1], start(Side::Client), b"").flags(SYN | ACK));
    for (side, from, len) in pieces {
        let bytes = &data[usize::from(*side == Side::Server)][*from..from + len];
        play.play(&seg(*side, start(*side).wrapping_add(*from as u32), start(side.other()), bytes));
    }
    for side in [Side::Client, Side::Server].into_iter().filter(|_| close) {
        let end = start(side).wrapping_add(data[usize::from(side == Side::Server)].len() as u32);
        play.play(&seg(side, end, start(side.other()), b"").flags(FIN | ACK));
    }
    play.finish()
}

fn all(seen: &Seen, side: Side) -> Vec<u8> {
    let bytes = seen.told.iter().filter_map(|told| match told {
        Told::Bytes(from, bytes) if *from == side => Some(bytes.clone()),
        _ => None,
    });
    bytes.flatten().collect()
}

/// Every byte lies where it lay in the stream, and what is not there is in a gap.
fn assert_places(seen: &Seen, side: Side, data: &[u8], until: usize) {
    let mut at = 0;
    for told in &seen.told {
        match told {
            Told::Bytes(from, bytes) if *from == side => {
                assert_eq!(&data[at..at + bytes.len()], &bytes[..]);
                at += bytes.len();
            }
            Told::Gap(from, n) if *from == side => at += *n as usize,
            _ => {}
        }
    }
    assert_eq!(at, until);
    let direction = seen.flow().from(side);
    assert_eq!(direction.bytes + direction.gap_bytes, until as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn shuffled_repeated_and_overlapping_streams_come_out_whole(
        lens in [0_usize..20_000, 1..20_000], sizes in prop::collection::vec(1_usize..3_000, 1..8),
        isn in (any::<u32>(), 0_u32..20_000),
        moves in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..8), 0..60),
        again in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..2_000, 0_usize..2_000), 0..30),
    ) {
        let data = [stream(lens[0], 0), stream(lens[1], 99)];
        let mut cut = pieces(Side::Client, lens[0], &sizes);
        cut.extend(pieces(Side::Server, lens[1], &sizes));
        let seen = play(&spoil(cut, &moves, &again, lens), [&data[0], &data[1]], [isn.0, u32::MAX - isn.1], true);
        for (n, side) in [Side::Client, Side::Server].into_iter().enumerate() {
            prop_assert!(all(&seen, side) == data[n]);
            let direction = seen.flow().from(side);
            prop_assert_eq!((direction.gaps, direction.conflicts, direction.outside), (0, 0, 0));
            prop_assert!(seen.told.contains(&Told::End(side, false)));
        }
    }

    #[test]
    fn what_was_dropped_is_in_gaps_of_the_right_size_at_the_right_place(
        len in 1_usize..30_000, sizes in prop::collection::vec(1_usize..3_000, 1..8), isn in [any::<u32>(), any::<u32>()],
        moves in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..8), 0..20),
        drops in prop::collection::vec(any::<prop::sample::Index>(), 0..20), close in any::<bool>(),
    ) {
        let data = stream(len, 7);
        let mut cut = spoil(pieces(Side::Client, len, &sizes), &moves, &[], [len, 0]);
        for drop in &drops {
            let _ = (!cut.is_empty()).then(|| cut.remove(drop.index(cut.len())));
        }
        let seen = play(&cut, [&data, b""], isn, close);
        let last = cut.iter().map(|(_, from, len)| from + len).max().unwrap_or(0);
        assert_places(&seen, Side::Client, &data, if close { len } else { last });
    }

    #[test]
    fn segments_that_make_no_sense_do_no_harm(
        segs in prop::collection::vec(
            (any::<bool>(), prop::sample::select(vec![0_u32, 1, 999, 1_000, 1_001, 1_002, 2_000, 1 << 31, u32::MAX]), any::<u32>(), 0_u32..3,
             prop::sample::select(vec![0_u32, 1, 1_000, 1_001, 5_000, 1 << 31]), any::<u8>(), any::<u16>(), 0_usize..60),
            0..200),
        times in prop::collection::vec(prop_oneof![0_i64..10_000_000, any::<i64>()], 200),
        options in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let limits = Limits { connections: 2, held: 2_000, held_in_all: 3_000, ..Limits::default() };
        let mut table = Table::with_limits(Ears::default(), limits);
        for (n, (up, base, noise, noisy, ack, flags, window, len)) in segs.into_iter().enumerate() {
            let payload = vec![n as u8; len];
            let ends = [SocketAddr::from(([1, 1, 1, 1], n as u16 % 3)), SocketAddr::from(([1, 1, 1, 2], 443))];
            let seq = if noisy == 0 { base.wrapping_add(noise) } else { base };
            let segment = Segment {
                at: times[n], packet: n as u64, from: ends[usize::from(up)], to: ends[usize::from(!up)], ttl: 1, ip_id: window, seq, ack, flags,
                window, options: &options, payload: &payload, cut: u32::from(window == 7) * u32::MAX,
            };
            table.segment(&segment);
            prop_assert!(table.len() <= 2 && table.held <= 3_000);
        }
        let log = table.finish().0.take();
        prop_assert_eq!(log.firsts.len(), log.flows.len());
        for (number, _) in log.firsts.iter().enumerate() {
            let times: Vec<u64> = log.told.iter().filter(|(n, ..)| *n == number).map(|(_, at, _)| *at).collect();
            prop_assert!(times.is_sorted());
        }
    }
}
