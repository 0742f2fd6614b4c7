//! Captures made hard on purpose, out of generated calls: what survives must read as if nothing had happened, what is lost
//! must be said, and nothing may panic.

use proptest::prelude::*;
use sstp_diag::base::Side;
use sstp_diag::capture::file::Reader;
use sstp_diag::capture::read::{Connection, Kind, Listener, Options, Summary, read_from};
use sstp_diag::capture::wire::Shape;
use sstp_diag::capture::write::{Packets, Pcapng};
use sstp_diag::jobs::generate::spoil::{self, How};
use sstp_diag::jobs::generate::{SUITES, Sent, Sessions, Suite};
use sstp_diag::transcript::{Transcript, What};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

/// A file in memory that outlives its writer.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn sessions(suite: Suite, shape: Shape, record: usize, key_update: bool) -> Sessions {
    Sessions { count: 2, suite, shape, record, key_update, seed: 5 }
}

/// A capture of these calls, spoilt.
fn capture(sessions: &Sessions, how: &[&str]) -> (Vec<u8>, Sent) {
    let memory = Memory::default();
    let how = How::parse(how).expect("rows");
    let file = Pcapng::new(memory.clone(), how.link, "test").expect("memory");
    let mut chain = how.in_front_of(file, 7);
    let sent = sessions.write(&mut chain as &mut dyn Packets).expect("memory");
    chain.finish().expect("memory").finish().expect("memory");
    let bytes = memory.0.lock().expect("one thread").clone();
    (bytes, sent)
}

#[derive(Default)]
struct Kept(Vec<Connection>);

impl Listener for Kept {
    fn over(&mut self, connection: Connection) {
        self.0.push(connection);
    }
}

fn decoded(bytes: Vec<u8>) -> (Vec<Connection>, Summary) {
    let mut kept = Kept::default();
    let mut options = Options::default();
    options.watch.packets = true;
    let reader = Reader::from_read("test", Box::new(Cursor::new(bytes))).expect("a capture");
    let summary = read_from(reader, &options, &mut kept).expect("it is read");
    (kept.0, summary)
}

/// The messages of each side, in order: bytes of SSTP packets as they were on the wire.
fn messages(transcript: &Transcript) -> BTreeMap<Side, Vec<Vec<u8>>> {
    let mut all = BTreeMap::<Side, Vec<Vec<u8>>>::new();
    for event in &transcript.events {
        if let (Some(by), What::Sstp(_) | What::Ppp(_)) = (event.by, &event.what) {
            all.entry(by).or_default().push(event.raw.0.clone());
        }
    }
    all
}

fn counted(connections: &[Connection]) -> (u64, u64) {
    let of = |wanted: fn(&What) -> bool| {
        connections.iter().flat_map(|one| &one.transcript.events).filter(|event| wanted(&event.what)).count() as u64
    };
    (of(|what| matches!(what, What::Sstp(_))), of(|what| matches!(what, What::Ppp(_))))
}

#[test]
fn what_loses_nothing_reads_as_the_unspoilt_capture_does() {
    let small = Shape { segment: 200, ..Shape::ETHERNET };
    let calls = sessions(Suite::USUAL, small, 4096, false);
    let harmless = [
        "reorder",
        "overlap",
        "duplicate",
        "split=7",
        "segment64k",
        "wraparound",
        "fragment",
        "raw",
        "ethernet",
        "vlan",
        "qinq",
        "sll",
        "sll2",
        "null",
        "loop",
        "pppoe",
    ];
    for name in harmless {
        assert!(spoil::names().contains(&name.split('=').next().expect("a name")), "{name} is a row");
        let (bytes, sent) = capture(&calls, &[name]);
        let (connections, summary) = decoded(bytes);
        assert!(summary.damages.is_empty(), "{name}: {summary:?}");
        assert_eq!(connections.iter().filter(|one| one.kind == Kind::Sstp).count(), 2, "{name}");
        assert_eq!(counted(&connections), (sent.control, sent.data), "{name}: every packet is read");
        for one in &connections {
            let gaps = one.transcript.events.iter().filter(|event| matches!(event.what, What::Gap { .. } | What::Undecoded(_))).count();
            assert_eq!(gaps, 0, "{name}");
        }
    }
}

#[test]
fn every_suite_key_update_record_size_and_cut_reads_the_same() {
    let mut shapes = vec![(Shape::ETHERNET, 16_384), (Shape { segment: 1, ..Shape::ETHERNET }, 16_384), (Shape::OFFLOADED, 16_384)];
    shapes.extend((1..40).step_by(6).map(|record| (Shape::ETHERNET, record)));
    for (shape, record) in shapes {
        let (bytes, sent) = capture(&sessions(Suite::USUAL, shape, record, false), &[]);
        assert_eq!(counted(&decoded(bytes).0), (sent.control, sent.data), "records of {record}, segments of {}", shape.segment);
    }
    for suite in SUITES {
        for key_update in [false, suite.updates_keys()] {
            let (bytes, sent) = capture(&sessions(suite, Shape::ETHERNET, 16_384, key_update), &[]);
            assert_eq!(counted(&decoded(bytes).0), (sent.control, sent.data), "{}, key update {key_update}", suite.name);
        }
    }
}

#[test]
fn a_contradicting_overlap_is_noticed_and_the_first_byte_wins() {
    let calls = sessions(Suite::USUAL, Shape { segment: 200, ..Shape::ETHERNET }, 4096, false);
    let (bytes, sent) = capture(&calls, &["overlap-conflict"]);
    let (connections, _) = decoded(bytes);
    assert_eq!(counted(&connections), (sent.control, sent.data));
    let conflicts = |one: &Connection| {
        one.transcript
            .events
            .iter()
            .any(|event| matches!(&event.what, What::Flow(flow) if flow.from_client.conflicts + flow.from_server.conflicts > 0))
    };
    assert!(connections.iter().any(conflicts), "a conflict is counted");
}

#[test]
fn what_is_lost_is_said_and_what_follows_is_read_again() {
    let calls = sessions(Suite::USUAL, Shape { segment: 200, ..Shape::ETHERNET }, 4096, false);
    let whole: u64 = counted(&decoded(capture(&calls, &[]).0).0).0;
    for how in ["lossy", "snaplen=120", "midstream"] {
        let (connections, _) = decoded(capture(&calls, &[how]).0);
        assert!(!connections.is_empty(), "{how}: the calls are seen");
        let told = |what: &What| match what {
            What::Gap { .. } | What::Opaque { .. } => true,
            What::Flow(flow) => {
                flow.opening == sstp_diag::transcript::tap::Opening::Midstream
                    || [&flow.from_client, &flow.from_server].iter().any(|way| way.gaps + way.cut_bytes > 0)
            }
            _ => false,
        };
        assert!(connections.iter().flat_map(|one| &one.transcript.events).any(|event| told(&event.what)), "{how}: it is said");
        assert!(counted(&connections).0 <= whole, "{how}");
    }
}

#[test]
fn the_messages_of_a_reordered_call_are_those_of_the_sound_one() {
    // One file is made once and spoilt afterwards, so that keys and nonces are the same.
    let (bytes, _) = capture(&sessions(Suite::USUAL, Shape { segment: 300, ..Shape::ETHERNET }, 4096, false), &[]);
    let (sound, _) = decoded(bytes.clone());
    let gz = {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(&bytes).expect("memory");
        out.finish().expect("memory")
    };
    let (unpacked, _) = decoded(gz);
    assert_eq!(sound.len(), unpacked.len());
    for (a, b) in sound.iter().zip(&unpacked) {
        assert_eq!(messages(&a.transcript), messages(&b.transcript));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_bytes_anywhere_never_panic(at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60), end in any::<prop::sample::Index>(), cut in any::<bool>()) {
        let mut bytes = include_bytes!("../captures/softether-ok-tls12.pcapng").to_vec();
        for (place, byte) in at {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(reader) = Reader::from_read("spoilt", Box::new(Cursor::new(bytes))) {
            let mut kept = Kept::default();
            let _ = read_from(reader, &Options::default(), &mut kept);
            for one in kept.0 {
                let facts = sstp_diag::transcript::Facts::of(&one.transcript);
                let _ = sstp_diag::diag::judge(&facts, sstp_diag::diag::all());
            }
        }
    }
}
