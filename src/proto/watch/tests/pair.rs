//! A watcher between the two sessions of the in-memory pair: it must tell what they tell.

use super::*;
use crate::proto::auth::tests::ends;
use crate::proto::edit::Edit;
use crate::proto::pair::{Passing, Run, run_tapped};
use crate::proto::plan::{Account, ClientConfig, Method, Mind, Plan, ServerConfig};
use std::time::Duration;

const CERT: CertHashes = CertHashes { sha1: [1; 20], sha256: [2; 32] };

fn client(password: Option<&str>, methods: &[Method]) -> Plan {
    let mut config = ClientConfig::new("vpn.lab.example", CERT);
    config.credentials = password.map(|password| Credentials { user: "alice".into(), password: Secret::new(password.into()) });
    config.methods = methods.to_vec();
    config.eap = ends().0;
    Plan { mind: Mind::Client(config), edits: Vec::new(), toxics: Vec::new(), seed: 1 }
}

fn server(change: impl Fn(&mut ServerConfig), edits: &[&str]) -> Plan {
    let account = Account { name: "alice".into(), password: Secret::new("Passw0rd!".into()), error: None };
    let mut config = ServerConfig { accounts: vec![account], cert: CERT, ..ServerConfig::default() };
    change(&mut config);
    let edits = edits.iter().map(|line| Edit::parse(line).expect("an edit")).collect();
    Plan { mind: Mind::Server(config), edits, toxics: Vec::new(), seed: 2 }
}

type Taped = Vec<(Micros, Side, Wire)>;

fn tape(client: Plan, server: Plan) -> (Run, Taped) {
    let mut wire = Vec::new();
    let run = run_tapped(client, server, Duration::from_secs(300), &mut |at, side, what| {
        wire.push((
            at,
            side,
            match what {
                Passing::Bytes(bytes) => Wire::Bytes(bytes.to_vec()),
                Passing::Closed(how) => Wire::Closed(how),
            },
        ));
    });
    assert!(run.ended, "both ends come to an end");
    (run, wire)
}

fn honest() -> (Run, Taped) {
    tape(client(Some("Passw0rd!"), &[Method::MsChapV2]), server(|_| {}, &[]))
}

fn watched(wire: &Taped) -> (Watch, Told) {
    let end = wire.last().map_or(Micros::ZERO, |row| row.0);
    watch(credentials("Passw0rd!"), Some(CERT), wire, end)
}

/// What the watcher told of one side begins with what the other end read.
fn assert_same(run: &Run, told: &Told, case: &str) {
    for (by, read) in [(Side::Server, &run.client), (Side::Client, &run.server)] {
        let (read, seen) = (said(read, by), said(&told.events, by));
        // A watcher keeps room for either side, a session for both together.
        assert!(seen.len() >= read.len().min(1_000), "{case}: {by} {} of {}", seen.len(), read.len());
        for (read, seen) in read.iter().zip(&seen).take(1_000 - 8) {
            assert_eq!(read, seen, "{case}: {by}");
        }
    }
}

fn live(run: &Run) -> Facts {
    let asked = Asked { credentials: true, ..Asked::default() };
    Facts::of(&Transcript { head: Head { asked, ..Head::default() }, events: run.client.clone() })
}

#[test]
fn an_honest_call_is_told_as_its_ends_tell_it_with_every_method_and_hash() {
    for (method, name) in Method::ALL {
        for mask in [1, 2] {
            let with_eap = |server: &mut ServerConfig| (server.hash_mask, server.eap) = (mask, Some(ends().1));
            let (run, wire) = tape(client(Some("Passw0rd!"), &[method]), server(with_eap, &[]));
            let (watch, told) = watched(&wire);
            assert_same(&run, &told, name);
            let (live, seen) = (live(&run), facts(&watch, &told));
            assert_eq!(said(&told.events, Side::Server).len(), said(&run.client, Side::Server).len(), "{name}");
            let rungs = |facts: &Facts| facts.layers.iter().skip(5).map(|entry| entry.state).collect::<Vec<_>>();
            assert_eq!(rungs(&live), rungs(&seen), "{name}");
            assert_eq!((live.stop, live.methods.len(), live.given), (seen.stop, seen.methods.len(), seen.given), "{name}");
            assert_eq!((seen.pings.len(), seen.echoes.len()), (live.pings.len(), live.echoes.len()), "{name}");
            assert!(seen.proofs.iter().all(|proof| proof.it.1), "{name} {:?}", seen.proofs);
            assert_eq!(violations(&told), [], "{name}");
            assert!(watch.authenticated() && watch.user() == Some("alice") && watch.host() == Some("vpn.lab.example"), "{name}");
        }
    }
}

#[test]
fn a_fault_is_told_as_the_client_tells_it_and_stops_the_call_at_the_same_place() {
    type Row<'a> = (&'a str, &'a dyn Fn(&mut ServerConfig), &'a [&'a str]);
    let keys = |server: &mut ServerConfig| server.has_keys = false;
    let cert = |server: &mut ServerConfig| server.cert.sha256 = [9; 32];
    let rows: [Row<'_>; 22] = [
        ("Passw0rd!", &|_| {}, &["http.response#1 splice 9..12 \"503\""]),
        ("Passw0rd!", &|_| {}, &["http.response#1 drop"]),
        ("Passw0rd!", &|_| {}, &["http.response#1 instead \"SSH-2.0-OpenSSH\""]),
        ("Passw0rd!", &|_| {}, &["sstp.call-connect-ack#1 set version=0x20"]),
        ("Passw0rd!", &|_| {}, &["sstp.call-connect-ack#1 drop"]),
        ("Passw0rd!", &|_| {}, &["sstp.call-connect-ack#1 repeat 2"]),
        ("Passw0rd!", &|_| {}, &["sstp.call-connect-ack#1 drop crypto-binding-request"]),
        ("Passw0rd!", &|_| {}, &["sstp.call-connect-ack#1 set crypto-binding-request.hash-protocol-bitmask=4"]),
        ("Passw0rd!", &|server| server.encapsulates = 2, &[]),
        ("Passw0rd!", &|_| {}, &["lcp.*#* drop"]),
        ("Passw0rd!", &|_| {}, &["lcp.configure-request#1 repeat 5000"]),
        ("Passw0rd!", &|server| server.methods = vec![Method::Pap], &[]),
        ("nope", &|_| {}, &[]),
        ("nope", &|server| server.retry_allowed = true, &[]),
        ("Passw0rd!", &|server| server.knows_password = false, &[]),
        ("Passw0rd!", &|_| {}, &["chap.success#* drop"]),
        ("Passw0rd!", &|_| {}, &["chap.challenge#* drop"]),
        ("Passw0rd!", &keys, &[]),
        ("Passw0rd!", &cert, &[]),
        ("Passw0rd!", &|server| server.client_address = None, &[]),
        ("Passw0rd!", &|server| server.address = None, &[]),
        ("Passw0rd!", &|_| {}, &["sstp.call-disconnect-ack#* drop"]),
    ];
    let mut differ = Vec::new();
    for (password, change, edits) in rows {
        let (run, wire) = tape(client(Some(password), &[Method::MsChapV2]), server(change, edits));
        let (watch, told) = watched(&wire);
        assert_same(&run, &told, &format!("{edits:?}"));
        let (live, seen) = (live(&run), facts(&watch, &told));
        let end = |facts: &Facts| facts.stop.as_ref().map(|stop| (stop.layer, stop.reason.clone()));
        let kind = |facts: &Facts| end(facts).map(|(layer, reason)| (layer, std::mem::discriminant(&reason)));
        if kind(&live) != kind(&seen) {
            differ.push(format!("{password} {edits:?}\n   live {:?}\n   seen {:?}", end(&live), end(&seen)));
        }
        let steps = |facts: &Facts| facts.missteps.iter().map(|seen| (seen.by, seen.it.clone())).collect::<Vec<_>>();
        assert_eq!(steps(&live), steps(&seen), "{edits:?}");
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn the_plaintext_may_be_cut_anywhere_and_glued_together() {
    let (_, wire) = honest();
    let (_, whole) = watched(&wire);
    for size in [1, 2, 3, 5, 7, 13, 64] {
        let pieces = wire.iter().flat_map(|(at, side, what)| match what {
            Wire::Bytes(bytes) => bytes.chunks(size).map(|piece| (*at, *side, Wire::Bytes(piece.to_vec()))).collect(),
            other => vec![(*at, *side, other.clone())],
        });
        let (_, told) = watched(&pieces.collect());
        assert_eq!(told.events, whole.events, "pieces of {size}");
        assert_eq!(told.inner, whole.inner);
    }
    let mut glued: Taped = Vec::new();
    for (at, side, what) in wire {
        match (glued.last_mut(), &what) {
            (Some((_, last, Wire::Bytes(all))), Wire::Bytes(bytes)) if *last == side => all.extend_from_slice(bytes),
            _ => glued.push((at, side, what)),
        }
    }
    let (_, told) = watched(&glued);
    for side in [Side::Client, Side::Server] {
        assert_eq!(said(&told.events, side), said(&whole.events, side), "several packets at once");
    }
}

/// The stream of one side at every single place cut in two.
#[test]
fn every_single_cut_gives_the_same_events() {
    let (_, wire) = honest();
    let (_, whole) = watched(&wire);
    for (index, row) in wire.iter().enumerate() {
        let Wire::Bytes(bytes) = &row.2 else { continue };
        for at in 1..bytes.len() {
            let mut cut = wire.clone();
            cut[index].2 = Wire::Bytes(bytes[..at].to_vec());
            cut.insert(index + 1, (row.0, row.1, Wire::Bytes(bytes[at..].to_vec())));
            assert_eq!(watched(&cut).1.events, whole.events, "write {index} cut at {at}");
        }
    }
}

#[test]
fn frames_without_ff_03_and_with_short_protocols_are_the_same_call() {
    let (_, wire) = honest();
    let (_, whole) = watched(&wire);
    let bare = |bytes: &[u8]| match bytes {
        [0x10, 0x00, _, low, 0xff, 0x03, 0x00, rest @ ..] => [&[0x10, 0, 0, low - 3][..], rest].concat(),
        [0x10, 0x00, _, low, 0xff, 0x03, rest @ ..] => [&[0x10, 0, 0, low - 2][..], rest].concat(),
        other => other.to_vec(),
    };
    let short = wire.iter().map(|(at, side, what)| match what {
        Wire::Bytes(bytes) if bytes.len() < 256 => (*at, *side, Wire::Bytes(bare(bytes))),
        other => (*at, *side, other.clone()),
    });
    let (_, told) = watched(&short.collect());
    assert_eq!(ladder(&told.events), ladder(&whole.events));
    let frames = |told: &Told| said(&told.events, Side::Server).into_iter().map(|row| row.0).collect::<Vec<_>>();
    assert_eq!(frames(&told), frames(&whole));
    assert_eq!(told.inner, whole.inner);
}

#[test]
fn a_call_without_a_password_is_left_in_order() {
    let (run, wire) = tape(client(None, &[]), server(|_| {}, &[]));
    let (watch, told) = watched(&wire);
    let (live, seen) = (live(&run), facts(&watch, &told));
    assert_eq!((seen.stop.as_ref(), watch.tried_auth()), (None, false), "{:?}", ladder(&told.events));
    assert!(seen.reached(Layer::Lcp) && seen.reached(Layer::Teardown));
    let methods = |facts: &Facts| facts.methods.iter().map(|seen| seen.it).collect::<Vec<_>>();
    assert_eq!(methods(&live), methods(&seen));
}

#[test]
fn bulk_packets_become_events_only_when_asked_for() {
    let (_, wire) = honest();
    let end = wire.last().map_or(Micros::ZERO, |row| row.0);
    let (_, few) = watched(&wire);
    let (_, all) = watch(WatchConfig { packets: true, ..credentials("Passw0rd!") }, Some(CERT), &wire, end);
    assert_eq!(all.events.len(), few.events.len() + few.inner.len());
    assert_eq!(all.inner, few.inner);
}
