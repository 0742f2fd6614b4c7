use super::segment::{Direction, Seen};
use super::*;
use crate::capture::wire::Shape;
use crate::jobs::generate::{Sessions, Suite};
use std::collections::{BTreeMap, HashMap};

#[derive(Default)]
struct Kept(Vec<Packet>);

impl Packets for Kept {
    fn cut_packet(&mut self, at: i64, ip: &[u8], len: usize) -> io::Result<()> {
        self.0.push(Packet { at, bytes: ip.to_vec(), len });
        Ok(())
    }

    fn secrets(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

fn calls() -> Vec<Packet> {
    let mut out = Kept::default();
    let sessions = Sessions {
        count: 3,
        suite: Suite::USUAL,
        shape: Shape { segment: 200, ..Shape::ETHERNET },
        record: 4096,
        key_update: false,
        seed: 1,
    };
    sessions.write(&mut out).expect("memory");
    out.0
}

fn spoilt(packets: &[Packet], how: &[&str]) -> Vec<Packet> {
    let mut chain = How::parse(how).expect("rows").in_front_of(Kept::default(), 7);
    packets.iter().for_each(|packet| chain.cut_packet(packet.at, &packet.bytes, packet.len).expect("memory"));
    chain.finish().expect("memory").0
}

/// The bytes of every direction, as who takes the first byte for every place sees them, from the SYN on.
fn streams(packets: &[Packet]) -> BTreeMap<Direction, Vec<u8>> {
    let (mut first, mut bytes) = (HashMap::new(), BTreeMap::<Direction, BTreeMap<u32, u8>>::new());
    for seen in packets.iter().filter_map(|packet| Seen::of(&packet.bytes)) {
        let base = *first.entry(seen.direction).or_insert(seen.seq);
        for (place, byte) in seen.payload.iter().enumerate() {
            let at = seen.seq.wrapping_add(place as u32).wrapping_sub(base);
            bytes.entry(seen.direction).or_default().entry(at).or_insert(*byte);
        }
    }
    bytes.into_iter().map(|(direction, bytes)| (direction, bytes.into_values().collect())).collect()
}

#[test]
fn what_is_said_stays_the_same_and_every_row_does_something() {
    let packets = calls();
    let sound = streams(&packets);
    assert_eq!(sound.len(), 6, "three calls");
    for how in ["reorder", "overlap", "overlap-conflict", "duplicate", "split=7", "split", "segment64k", "wraparound", "wraparound=1"] {
        let spoilt = spoilt(&packets, &[how]);
        assert_ne!(spoilt, packets, "{how}");
        assert_eq!(streams(&spoilt), sound, "{how}");
    }
    let all = spoilt(&packets, &["split=50", "reorder", "overlap", "duplicate", "wraparound=3000", "overlap-conflict"]);
    assert_eq!(streams(&all), sound);
}

#[test]
fn rows_that_take_packets_away_take_what_they_say() {
    let packets = calls();
    let data = |packets: &[Packet]| packets.iter().filter(|packet| Seen::of(&packet.bytes).is_some_and(|seen| seen.is_data())).count();
    let lossy = spoilt(&packets, &["lossy=10"]);
    let (before, after) = (data(&packets), data(&lossy));
    assert_eq!(packets.len() - lossy.len(), before - after);
    assert!((before / 20..before / 5).contains(&(before - after)), "{before} {after}");
    assert_eq!(packets.len() - spoilt(&packets, &["midstream=5"]).len(), 15);
    assert_eq!(spoilt(&packets, &["early=9"]), packets[..9]);
    let snapped = spoilt(&packets, &["snaplen=60"]);
    assert!(snapped.iter().zip(&packets).all(|(cut, whole)| cut.bytes == whole.bytes[..whole.bytes.len().min(60)] && cut.len == whole.len));
}

#[test]
fn fragments_put_together_are_the_packet() {
    let packets = calls();
    let pieces = spoilt(&packets, &["fragment=64"]);
    assert!(pieces.len() > packets.len());
    let mut whole: HashMap<u16, Vec<u8>> = HashMap::new();
    for packet in &pieces {
        let (header, payload) = etherparse::Ipv4Header::from_slice(&packet.bytes).expect("IPv4");
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        if header.is_fragmenting_payload() {
            let so_far = whole.entry(header.identification).or_default();
            assert_eq!(so_far.len(), usize::from(header.fragment_offset.byte_offset()));
            so_far.extend_from_slice(payload);
        }
    }
    let long: Vec<&[u8]> = packets.iter().map(|packet| &packet.bytes[20..]).filter(|payload| payload.len() > 64).collect();
    assert_eq!(whole.len(), long.len());
    assert!(whole.values().all(|payload| long.contains(&payload.as_slice())));
}

#[test]
fn wrapped_numbers_do_wrap_and_large_segments_are_large() {
    let packets = calls();
    let wrapped = spoilt(&packets, &["wraparound=500"]);
    let seqs: Vec<u32> = wrapped.iter().filter_map(|packet| Some(Seen::of(&packet.bytes)?.seq)).collect();
    assert_eq!(seqs[0], 0u32.wrapping_sub(500));
    assert!(seqs.iter().any(|seq| *seq < 10_000));
    let largest = |packets: &[Packet]| packets.iter().filter_map(|packet| Some(Seen::of(&packet.bytes)?.payload.len())).max();
    assert_eq!(largest(&packets), Some(200));
    assert!(largest(&spoilt(&packets, &["segment64k"])) > Some(1000));
}

#[test]
fn a_wrong_row_is_told_with_the_right_ones() {
    assert!(How::parse(&["reoder"]).expect_err("no such row").contains("reorder, overlap"));
    assert!(How::parse(&["split=0"]).expect_err("nothing in it").contains("1 or more"));
    assert!(How::parse(&["vlan=3"]).is_err());
    assert_eq!(How::parse(&["vlan"]).map(|how| how.link.number), Ok(1));
}
