use super::*;
use std::io::Write;

/// One packet of a test: seconds, microseconds, bytes.
type Given = (u32, u32, &'static [u8]);

const PACKETS: [Given; 3] = [(1_700_000_000, 1, b"first"), (1_700_000_000, 999_999, b"second!"), (1_700_000_001, 0, b"x")];

/// What is read: time, link layer, bytes, original length.
type Got = (i64, u32, Vec<u8>, u32);

fn word(big: bool, word: u32) -> [u8; 4] {
    if big { word.to_be_bytes() } else { word.to_le_bytes() }
}

fn half(big: bool, half: u16) -> [u8; 2] {
    if big { half.to_be_bytes() } else { half.to_le_bytes() }
}

fn pcap_header(big: bool, magic: u32, link: u32) -> Vec<u8> {
    let halves = [half(big, 2), half(big, 4)].concat();
    [&word(big, magic)[..], &halves, &[0; 8], &word(big, 65_535), &word(big, link)].concat()
}

fn record(big: bool, sec: u32, frac: u32, data: &[u8]) -> Vec<u8> {
    let len = data.len() as u32;
    [&word(big, sec)[..], &word(big, frac), &word(big, len), &word(big, len), data].concat()
}

fn pcap(big: bool) -> Vec<u8> {
    let mut file = pcap_header(big, 0xa1b2_c3d4, 1);
    for (sec, micros, data) in PACKETS {
        file.extend(record(big, sec, micros, data));
    }
    file
}

fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let len = word(big, 12 + padded as u32);
    [&word(big, kind)[..], &len, body, &vec![0; padded - body.len()], &len].concat()
}

fn section(big: bool) -> Vec<u8> {
    let body = [&word(big, 0x1a2b_3c4d)[..], &half(big, 1), &half(big, 0), &[0xff; 8]].concat();
    block(big, 0x0a0d_0d0a, &body)
}

fn interface(big: bool, link: u16, options: &[u8]) -> Vec<u8> {
    block(big, 1, &[&half(big, link)[..], &[0, 0], &word(big, 0), options].concat())
}

fn enhanced(big: bool, interface: u32, stamp: u64, data: &[u8]) -> Vec<u8> {
    let len = word(big, data.len() as u32);
    let stamp = [word(big, (stamp >> 32) as u32), word(big, stamp as u32)].concat();
    block(big, 6, &[&word(big, interface)[..], &stamp, &len, &len, data].concat())
}

fn pcapng(big: bool) -> Vec<u8> {
    let mut file = [section(big), interface(big, 1, &[])].concat();
    for (sec, micros, data) in PACKETS {
        file.extend(enhanced(big, 0, u64::from(sec) * 1_000_000 + u64::from(micros), data));
    }
    file
}

fn expected() -> Vec<Got> {
    let got = |(sec, micros, data): &Given| (i64::from(*sec) * 1_000_000 + i64::from(*micros), 1, data.to_vec(), data.len() as u32);
    PACKETS.iter().map(got).collect()
}

fn open(file: &[u8]) -> Result<Reader, CaptureError> {
    Reader::from_read("test", Box::new(std::io::Cursor::new(file.to_vec())))
}

/// All packets, all secrets, all damage.
fn drain(mut reader: Reader) -> (Vec<Got>, Vec<Vec<u8>>, Vec<Damage>) {
    let (mut packets, mut secrets) = (Vec::new(), Vec::new());
    while let Some(item) = reader.next() {
        match item {
            Item::Packet(packet) => packets.push((packet.at, packet.link, packet.data.to_vec(), packet.original_len)),
            Item::Secrets(text) => secrets.push(text.to_vec()),
            Item::Silent(_) => {}
        }
    }
    (packets, secrets, reader.damages().to_vec())
}

fn read(file: &[u8]) -> (Vec<Got>, Vec<Damage>) {
    let (packets, _, damages) = drain(open(file).expect("a capture"));
    (packets, damages)
}

#[test]
fn every_kind_of_file_reads_the_same() {
    for big in [false, true] {
        assert_eq!(read(&pcap(big)), (expected(), vec![]));
        assert_eq!(read(&pcapng(big)), (expected(), vec![]));
        let mut nanoseconds = pcap_header(big, 0xa1b2_3c4d, 1);
        let mut modified = pcap_header(big, 0xa1b2_cd34, 1);
        for (sec, micros, data) in PACKETS {
            nanoseconds.extend(record(big, sec, micros * 1000 + 999, data));
            let mut usual = record(big, sec, micros, data);
            usual.splice(16..16, [7, 0, 0, 0, 8, 0, 4, 0]);
            modified.extend(usual);
        }
        assert_eq!(read(&nanoseconds), (expected(), vec![]));
        assert_eq!(read(&modified), (expected(), vec![]));
    }
}

#[test]
fn upper_half_of_the_link_type_is_not_the_link_type() {
    let file = [pcap_header(false, 0xa1b2_c3d4, 0x2400_0071), record(false, 1, 2, b"x")].concat();
    assert_eq!(read(&file).0, [(1_000_002, 113, b"x".to_vec(), 1)]);
}

#[test]
fn compressed_files_read_the_same() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let file = pcapng(false);
    assert_eq!(read(&gzip(&file)), (expected(), vec![]));
    let padded = [gzip(&file), vec![0; 700]].concat();
    assert_eq!(read(&padded), (expected(), vec![]));
    let two_members = [gzip(&file[..50]), gzip(&file[50..])].concat();
    assert_eq!(read(&two_members), (expected(), vec![]));
    // `pcap(false)` in two frames (cut at byte 50) with a skippable frame before each.
    let zstd = include_bytes!("../../../fixtures/capture/two-frames.pcap.zst");
    assert_eq!(read(zstd), (expected(), vec![]));
    let (packets, damages) = read(&zstd[..zstd.len() - 12]);
    assert!(packets.len() < 3 && matches!(damages[0].harm, Harm::Unreadable(_)), "{damages:?}");
    let whole = gzip(&pcap(true));
    let (packets, damages) = read(&whole[..whole.len() - 12]);
    assert!(matches!(damages[0].harm, Harm::Unreadable(_)), "{damages:?}");
    assert_eq!(packets[..], expected()[..packets.len()]);
    // Damage takes nothing of what stands before it: 300 zeros in the middle of what was packed.
    let much = [pcap(true), vec![0; 1]].concat();
    let rows: Vec<u8> = (0..40_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    let mut packed = gzip(&[&much[..], &rows[..]].concat());
    let middle = packed.len() / 2;
    packed[middle..middle + 300].fill(0);
    let mut unpacked = Vec::new();
    let harm = super::unpack::unpack(Box::new(std::io::Cursor::new(packed))).expect("it begins well").read_to_end(&mut unpacked);
    assert_eq!(harm.expect_err("it is damaged").to_string(), "the compressed data is damaged");
    assert!(unpacked.len() > much.len() + rows.len() / 2 - 4096, "{} bytes came out", unpacked.len());
    let once_too_often = open(&gzip(&whole)).unwrap_err().to_string();
    assert_eq!(once_too_often, "test: looks like a gzip file in a gzip file; unpack it once");
}

#[test]
fn each_section_has_its_own_order_and_interfaces() {
    let nano = [9, 0, 1, 0, 9, 0, 0, 0];
    let nano_big = [0, 9, 0, 1, 9, 0, 0, 0];
    let file = [
        section(false),
        interface(false, 1, &[]),
        interface(false, 101, &nano),
        enhanced(false, 1, 5_000_000_123, b"nano"),
        enhanced(false, 0, 6_000_000, b"micro"),
        section(true),
        interface(true, 276, &nano_big),
        enhanced(true, 0, 7_000_000_000, b"big"),
        enhanced(true, 1, 8_000_000, b"whose?"),
    ]
    .concat();
    let (packets, damages) = read(&file);
    let brief: Vec<_> = packets.iter().map(|(at, link, data, _)| (*at, *link, data.as_slice())).collect();
    assert_eq!(brief, [(5_000_000, 101, &b"nano"[..]), (6_000_000, 1, b"micro"), (7_000_000, 276, b"big")]);
    assert_eq!(damages.len(), 1);
    assert_eq!((damages[0].packet, &damages[0].harm), (4, &Harm::UnknownInterface(1)));
}

#[test]
fn simple_and_obsolete_packets_and_secrets_are_read() {
    let snap_4 = block(false, 1, &[1, 0, 0, 0, 4, 0, 0, 0]);
    let simple = block(false, 3, &[9, 0, 0, 0, b'a', b'b', b'c', b'd']);
    let obsolete_body = [&[0, 0, 0xff, 0xff][..], &[0, 0, 0, 0], &[64, 66, 15, 0], &[2, 0, 0, 0], &[3, 0, 0, 0], b"ef"].concat();
    let line = b"CLIENT_RANDOM aa bb\n";
    let tls = block(false, 10, &[b"KSLT", &[20, 0, 0, 0][..], line].concat());
    let wireguard = block(false, 10, &[b"LKGW", &[4, 0, 0, 0][..], b"none"].concat());
    let file = [section(false), snap_4, tls, wireguard, block(false, 2, &obsolete_body), simple, block(false, 5, &[0; 12])].concat();
    let (packets, secrets, damages) = drain(open(&file).unwrap());
    assert_eq!(packets, [(1_000_000, 1, b"ef".to_vec(), 3), (1_000_000, 1, b"abcd".to_vec(), 9)]);
    assert_eq!((secrets, damages), (vec![line.to_vec()], vec![]));
}

#[test]
fn large_secrets_are_read_and_larger_packets_are_not() {
    let text = vec![b'#'; 5 * 1024 * 1024];
    let body = [b"KSLT", &word(false, text.len() as u32)[..], &text].concat();
    let huge = enhanced(false, 0, 1, &text);
    let file = [section(false), interface(false, 1, &[]), block(false, 10, &body), huge, enhanced(false, 0, 2, b"x")].concat();
    let (packets, secrets, damages) = drain(open(&file).unwrap());
    assert_eq!(secrets[0].len(), text.len());
    assert_eq!(packets, [(2, 1, b"x".to_vec(), 1)]);
    assert!(matches!(damages[0].harm, Harm::Skipped { bytes, .. } if bytes > 5 * 1024 * 1024), "{damages:?}");
}

#[test]
fn a_file_cut_anywhere_keeps_what_lies_before() {
    for file in [pcap(false), pcap(true), pcapng(false), pcapng(true)] {
        for len in 0..file.len() {
            let Ok(reader) = open(&file[..len]) else {
                assert!(len < 24, "cut at {len}");
                continue;
            };
            let (packets, _, damages) = drain(reader);
            assert_eq!(packets[..], expected()[..packets.len()], "cut at {len}");
            assert!(packets.len() < 3 && damages.len() < 2, "cut at {len}");
            for damage in &damages {
                assert_eq!(damage.packet as usize, packets.len());
                assert!(matches!(damage.harm, Harm::Truncated { missing } if missing > 0), "cut at {len}: {damage}");
            }
        }
    }
}

#[test]
fn what_lies_behind_garbage_is_found_again() {
    let garbage: Vec<u8> = (0..997u32).map(|n| ((n * 7919) >> 3) as u8).collect();
    let cases: [(Vec<u8>, Vec<u8>); 2] = [(pcap_header(true, 0xa1b2_c3d4, 1), Vec::new()), (section(true), interface(true, 1, &[]))];
    for (front, second) in cases {
        let packet = |n: u32| {
            let data = vec![n as u8; 60 + n as usize];
            if second.is_empty() { record(true, 1000 + n, n, &data) } else { enhanced(true, 0, u64::from(n), &data) }
        };
        for harm in [garbage.clone(), vec![0; 4096], garbage[..1].to_vec()] {
            let mut file = [front.clone(), second.clone()].concat();
            (0..10).for_each(|n| file.extend(packet(n)));
            let at = file.len() as u64;
            file.extend(&harm);
            (10..30).for_each(|n| file.extend(packet(n)));
            let (packets, damages) = read(&file);
            let sizes: Vec<_> = packets.iter().map(|packet| packet.2.len()).collect();
            assert_eq!(sizes, (60..90).collect::<Vec<_>>(), "{damages:?}");
            assert_eq!(damages.len(), 1, "{damages:?}");
            assert_eq!((damages[0].packet, damages[0].offset), (10, at));
            assert!(matches!(damages[0].harm, Harm::Skipped { bytes, .. } if bytes == harm.len() as u64), "{damages:?}");
        }
    }
}

#[test]
fn a_wrong_length_costs_one_packet() {
    let mut file = pcap_header(false, 0xa1b2_c3d4, 1);
    (0..10).for_each(|n| file.extend(record(false, 1000 + n, n, &[n as u8; 60])));
    for wrong in [61u32, 3_000_000, 5_000_000, u32::MAX] {
        let mut damaged = file.clone();
        let third = 24 + 2 * 76;
        damaged[third + 8..third + 12].copy_from_slice(&wrong.to_le_bytes());
        let (packets, damages) = read(&damaged);
        let seconds: Vec<_> = packets.iter().map(|packet| packet.0 / 1_000_000).collect();
        assert_eq!(seconds, [1000, 1001, 1003, 1004, 1005, 1006, 1007, 1008, 1009], "{wrong}: {damages:?}");
        assert_eq!((damages.len(), damages[0].packet, damages[0].offset), (1, 2, third as u64));
    }
}

#[test]
fn a_writer_with_habits_is_not_damaged() {
    let mut file = pcap_header(false, 0xa1b2_c3d4, 1);
    for n in 0..4 {
        file.extend(record(false, 1000, 1_000_000 + n, &[1; 60]));
    }
    let (packets, damages) = read(&file);
    assert_eq!((packets.len(), packets[3].0, damages), (4, 1_001_000_003, vec![]));
}

#[test]
fn what_is_no_capture_is_named() {
    let says = |bytes: &[u8]| open(bytes).unwrap_err().to_string();
    assert_eq!(says(b""), "test: is empty; a pcap or pcapng capture was expected");
    assert!(says(b"tcpdump: listening on eth0\n").starts_with("test: looks like text; a pcap or pcapng"));
    assert!(says(b"PK\x03\x04............").contains("zip archive; unpack it first"));
    assert!(says(b"\x01\x02\x03\x04\x05\x06\x07\x08\x09").contains("it begins with 0102030405060708"));
    let mut old = pcap(false);
    old[4] = 1;
    assert!(says(&old).contains("a pcap file of version 1.4"));
    let mut new = pcapng(false);
    new[12] = 9;
    assert!(says(&new).contains("a pcapng file of major version 9"));
    let etl = Reader::from_read("Trace.ETL", Box::new(&[0, 0, 1, 0, 0, 0][..])).unwrap_err().to_string();
    assert_eq!(etl, "Trace.ETL: looks like a Windows trace (ETL); convert it with pktmon etl2pcap or etl2pcapng");
    assert!(matches!(Reader::open(vec![]), Err(CaptureError::NothingToRead)));
    let missing = Reader::open(vec![Source::Path("no/such/file".into())]).unwrap_err();
    assert!(matches!(missing, CaptureError::Unreadable { .. }));
}

/// Gives one piece a call, and notes how far it was asked.
struct Dribble {
    pieces: Vec<Vec<u8>>,
    given: std::rc::Rc<std::cell::Cell<usize>>,
}

impl Read for Dribble {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.pieces.is_empty() {
            return Ok(0);
        }
        let piece = self.pieces.remove(0);
        out[..piece.len()].copy_from_slice(&piece);
        self.given.set(self.given.get() + 1);
        Ok(piece.len())
    }
}

#[test]
fn a_packet_comes_out_before_more_is_asked_for() {
    for (file, first) in [(pcap(false), 24), (pcapng(false), 48)] {
        let sizes: Vec<usize> = PACKETS.iter().map(|given| given.2.len()).collect();
        let frame = |len: usize| if first == 24 { 16 + len } else { 32 + len.next_multiple_of(4) };
        let mut pieces = vec![file[..4].to_vec(), file[4..first].to_vec()];
        let mut at = first;
        for len in sizes {
            pieces.push(file[at..at + frame(len)].to_vec());
            at += frame(len);
        }
        let given = std::rc::Rc::new(std::cell::Cell::new(0));
        let mut reader = Reader::from_read("pipe", Box::new(Dribble { pieces, given: given.clone() })).unwrap();
        for n in 0..3 {
            assert!(matches!(reader.next(), Some(Item::Packet(packet)) if packet.number == n + 1));
            assert_eq!(given.get() as u64, 3 + n, "no further read than the packet needs");
        }
        assert!(reader.next().is_none());
    }
}

#[test]
fn files_of_a_ring_are_read_in_their_order() {
    let folder = std::env::temp_dir().join(format!("sstp-diag-ring-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        Source::Path(path)
    };
    let late = write("a", &[pcap_header(false, 0xa1b2_c3d4, 1), record(false, 30, 0, b"late")].concat());
    let early = write("b", &[section(true), interface(true, 1, &[]), enhanced(true, 0, 10_000_000, b"early")].concat());
    let empty = write("c", b"");
    let mut reader = Reader::open(vec![late, empty, early]).unwrap();
    let mut order = Vec::new();
    while let Some(Item::Packet(packet)) = reader.next() {
        order.push((packet.number, packet.data.to_vec()));
    }
    assert_eq!(order, [(1, b"early".to_vec()), (2, b"late".to_vec())]);
    assert_eq!(reader.damages().iter().map(|damage| &damage.harm).collect::<Vec<_>>(), [&Harm::Empty]);
    assert_eq!((reader.counts().files, reader.counts().packets, reader.counts().bytes), (2, 2, 9));
    std::fs::remove_dir_all(&folder).unwrap();
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    /// Every second block claims 16 MiB, which are there. With a buffer that is moved for each, this takes minutes.
    #[test]
    fn blocks_that_claim_to_be_large_do_not_move_the_buffer_each() {
        let claim = [&word(false, 10)[..], &word(false, 16 * 1024 * 1024), &[0; 4]].concat();
        let pair = [claim, enhanced(false, 0, 1, b"")].concat();
        let count = 1024 * 1024 / pair.len();
        let tail = block(false, 0xbad, &vec![0; 1024 * 1024]).repeat(16);
        let (packets, damages) = read(&[section(false), interface(false, 1, &[]), pair.repeat(count), tail].concat());
        assert_eq!((packets.len(), damages.len()), (count, Reader::MAX_DAMAGES));
    }

    /// However the bytes lie: it ends, and no more is handed out than there was.
    fn survives(bytes: &[u8]) {
        let Ok(mut reader) = open(bytes) else { return };
        let mut handed = 0;
        while let Some(item) = reader.next() {
            handed += match item {
                Item::Packet(packet) => packet.data.len(),
                Item::Secrets(text) => text.len(),
                Item::Silent(_) => 0,
            };
        }
        assert!(handed <= bytes.len());
        assert!(reader.damages().len() <= Reader::MAX_DAMAGES);
    }

    fn long(ng: bool) -> Vec<u8> {
        let mut file = if ng { [section(false), interface(false, 1, &[])].concat() } else { pcap_header(false, 0xa1b2_c3d4, 1) };
        for n in 0..20u32 {
            let data = vec![n as u8; 40 + n as usize];
            file.extend(if ng { enhanced(false, 0, u64::from(n), &data) } else { record(false, 1_700_000_000, n, &data) });
        }
        file
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>, front in 0..3usize) {
            let front = [pcap_header(false, 0xa1b2_c3d4, 1), [section(true), interface(true, 1, &[])].concat(), Vec::new()][front].clone();
            survives(&[front, bytes].concat());
        }

        #[test]
        fn any_spoilt_file_is_survived(ng: bool, spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
            let mut file = long(ng);
            for (place, byte) in spoils {
                let place = place.index(file.len());
                file[place] = byte;
            }
            survives(&file);
        }

        #[test]
        fn a_hole_costs_only_what_it_touches(ng: bool, from in 60..900usize, len in 1..200usize) {
            let mut file = long(ng);
            file.drain(from..from + len);
            let (packets, damages) = read(&file);
            prop_assert!(packets.len() >= 20 - 2 - len / 56 - 1, "{} {:?}", packets.len(), damages);
        }
    }
}
