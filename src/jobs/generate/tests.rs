use super::*;
use crate::capture::write::{Link, Pcapng};

#[derive(Default)]
struct Counted {
    packets: u64,
    last: i64,
    keys: Vec<u8>,
    shape: Vec<usize>,
}

impl Packets for Counted {
    fn cut_packet(&mut self, at: i64, ip: &[u8], _: usize) -> io::Result<()> {
        assert!(at >= self.last, "time goes forward");
        self.last = at;
        self.packets += 1;
        self.shape.push(ip.len());
        Ok(())
    }

    fn secrets(&mut self, lines: &[u8]) -> io::Result<()> {
        self.keys.extend_from_slice(lines);
        Ok(())
    }
}

fn sessions(count: u64, suite: Suite) -> Sessions {
    Sessions { count, suite, shape: Shape::ETHERNET, record: 4096, key_update: false, seed: 1 }
}

#[test]
fn every_call_is_complete_and_has_keys_of_its_own() {
    let mut out = Counted::default();
    let sent = sessions(20, Suite::USUAL).write(&mut out).expect("memory");
    // Request, Ack, Connected, Echo Request and Response, Disconnect and its Ack.
    assert_eq!((sent.calls, sent.control), (20, 20 * 7));
    assert!(sent.data >= 20 * 16, "{sent:?}");
    let keys = String::from_utf8(out.keys).expect("ASCII");
    assert_eq!(keys.lines().filter(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")).count(), 20);
}

#[test]
fn every_suite_carries_a_call_and_keys_change_in_tls_13() {
    for suite in SUITES {
        let mut out = Counted::default();
        let one = Sessions { key_update: suite.updates_keys(), ..sessions(1, suite) };
        assert_eq!(one.write(&mut out).expect("memory").control, 7, "{}", suite.name);
        assert!(!out.keys.is_empty());
    }
}

#[test]
fn cut_at_every_byte_it_is_the_same_call() {
    let mut out = Counted::default();
    let sound = sessions(1, Suite::USUAL).write(&mut Counted::default()).expect("memory");
    let cut = Sessions { record: 1, shape: Shape { segment: 1, ..Shape::ETHERNET }, ..sessions(1, Suite::USUAL) };
    assert_eq!(cut.write(&mut out).expect("memory"), sound);
    assert!(out.shape.iter().all(|len| *len <= 60 + 1), "one byte a segment");
}

fn bulk() -> Bulk {
    Bulk { packets: 3000, size: 1000, suite: Suite::USUAL, shape: Shape::ETHERNET, coalesce: false, record: 16_384, key_update: 0, seed: 3 }
}

#[test]
fn bulk_is_carried_in_whole_segments_with_acknowledgements() {
    for bulk in [
        bulk(),
        Bulk { coalesce: true, ..bulk() },
        Bulk { shape: Shape::LARGEST, suite: SUITES[5], ..bulk() },
        Bulk { key_update: 500, ..bulk() },
        Bulk { size: 40, ..bulk() },
        Bulk { size: 4087, packets: 200, ..bulk() },
    ] {
        let mut out = Counted::default();
        let sent = bulk.write(&mut out).expect("memory");
        assert_eq!(sent.control, 7);
        assert!(sent.data > bulk.packets);
        let largest = out.shape.iter().max().copied().unwrap_or_default();
        assert_eq!(largest > 2000, bulk.shape == Shape::LARGEST, "{largest}");
        let acks = out.shape.iter().filter(|len| **len == 52).count();
        assert!(acks * 4 > out.shape.len(), "{acks} of {}", out.shape.len());
    }
}

#[test]
fn plain_traffic_has_no_sstp_in_it_and_is_as_long_as_asked_for() {
    let mut file = Pcapng::new(Vec::new(), Link::ETHERNET, "").expect("memory");
    let flows = Plain { bytes: 3_000_000, shape: Shape::ETHERNET, seed: 1 }.write(&mut file).expect("memory");
    let bytes = file.finish().expect("memory");
    assert!(flows >= 50, "{flows}");
    assert!((3_000_000..4_500_000).contains(&bytes.len()), "{}", bytes.len());
    assert!(!bytes.windows(4).any(|four| four == b"SSTP"));
}

#[test]
fn the_same_seed_gives_the_same_sizes_above_tls() {
    let once = |seed| {
        let mut out = Counted::default();
        Bulk { seed, ..bulk() }.write(&mut out).expect("memory");
        (out.packets, out.last)
    };
    // The server's flight varies by a few bytes, which is not a segment.
    assert_eq!(once(3), once(3));
    assert_ne!(once(3), once(4));
}
