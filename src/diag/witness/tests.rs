use super::*;
use crate::base::{Bytes, hex};
use crate::transcript::witness::{Heard, Request, Stream, Wire};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashSet;

fn stream(bytes: &[u8]) -> Stream {
    let sha256 = hex(digest(&SHA256, bytes).as_ref());
    Stream { total: bytes.len() as u64, sha256, first: Bytes::from(&bytes[..bytes.len().min(4096)]), ..Stream::default() }
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 131 % 251) as u8).collect()
}

/// A ClientHello of our own with that name.
fn hello(random: u8, name: &str) -> Vec<u8> {
    crate::wire::tls::hello::ClientHello::wide(0x0303, [random; 32], Some(name.into())).emit()
}

fn wire(port: u16, up: &[u8], down: &[u8]) -> Wire {
    let (client, server) = (([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 443).into());
    Wire { began_unix_us: 0, client, server, failed: None, mark: None, up: stream(up), down: stream(down) }
}

fn ids(ours: &[Wire], theirs: &[Wire]) -> Vec<&'static str> {
    let record = Record { leaf_sha256: "aa".into(), wires: theirs.to_vec() };
    let ours = Ours { wires: ours.to_vec(), leaf_sha256: Some("aa".into()), requests: Vec::new() };
    judge(&ours, &record).findings.iter().map(|told| told.id).collect()
}

#[test]
fn every_change_of_a_stream_is_named_with_its_place() {
    let sent = text(3000);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut got = sent.clone();
        change(&mut got);
        compare(&stream(&sent), &stream(&got))
    };
    assert_eq!(with(&|_| {}), Change::Same { bytes: 3000 });
    assert!(matches!(with(&|got| got[100] ^= 1), Change::Changed { at: 100, bytes: 1, .. }));
    assert!(matches!(with(&|got| got[2999] ^= 1), Change::Changed { at: 2999, bytes: 1, .. }));
    assert!(matches!(with(&|got| drop(got.splice(7..7, [250; 5]))), Change::Injected { at: 7, bytes: 5, .. }));
    assert!(matches!(with(&|got| got.extend([1, 2, 3])), Change::Injected { at: 3000, bytes: 3, .. }));
    assert!(matches!(with(&|got| drop(got.drain(50..60))), Change::Lost { at: 50, bytes: 10 }));
    assert_eq!(with(&|got| got.truncate(1000)), Change::Lost { at: 1000, bytes: 2000 });
    assert_eq!(with(&Vec::clear), Change::Lost { at: 0, bytes: 3000 });
    assert!(matches!(compare(&stream(&[1; 40]), &stream(&[2; 40])), Change::Changed { at: 0, bytes: 40, .. }));
}

#[test]
fn what_differs_behind_what_was_kept_is_said_so() {
    let (sent, mut got) = (text(6000), text(6000));
    got[5000] ^= 1;
    assert_eq!(compare(&stream(&sent), &stream(&got)), Change::Later { kept: 4096, sent: 6000, got: 6000 });
    assert_eq!(compare(&stream(&sent), &stream(&sent[..4500])), Change::Later { kept: 4096, sent: 6000, got: 4500 });
}

#[test]
fn connections_are_paired_whatever_translates_their_addresses() {
    let (a, b) = ([hello(1, "a.test"), text(100)].concat(), [hello(2, "a.test"), text(90)].concat());
    let ours = [wire(1, &a, &text(50)), wire(2, &b, &text(60))];
    let theirs = [wire(71, &b, &text(60)), wire(72, &a, &text(50)), wire(73, b"scan", b"")];
    assert_eq!(ids(&ours, &theirs), ["WITNESS-CLEAN"]);
    assert_eq!(ids(&ours, &theirs[..1]), ["WITNESS-NOT-ARRIVED"]);
    assert_eq!(ids(&ours, &[]), ["WITNESS-NOT-ARRIVED"]);
}

#[test]
fn a_changed_name_a_forged_reset_and_lost_bytes_are_told_apart() {
    let sent = [hello(1, "vpn.test"), text(100)].concat();
    let down = text(50);
    let renamed = [hello(1, "vpx.test"), text(100)].concat();
    let named = ids(&[wire(1, &sent, &down)], &[wire(1, &renamed, &down)]);
    assert_eq!(named, ["WITNESS-SNI-CHANGED", "WITNESS-BYTES-CHANGED"]);
    let mut reset = wire(1, &sent, &down);
    reset.down.ended = Some((true, 5000));
    let mut knows = wire(1, &sent, &down);
    assert_eq!(ids(std::slice::from_ref(&reset), std::slice::from_ref(&knows)), ["WITNESS-RESET-FORGED"]);
    knows.down.ended = Some((true, 4000));
    assert_eq!(ids(&[reset], &[knows]), ["WITNESS-CLEAN"], "the server's own reset is none that was forged");
    assert_eq!(ids(&[wire(1, &sent, &down)], &[wire(1, &sent[..200], &down)]), ["WITNESS-BYTES-LOST"]);
    assert_eq!(ids(&[wire(1, &sent, &down)], &[wire(1, &sent, &down[..10])]), ["WITNESS-BYTES-INJECTED"]);
}

#[test]
fn a_farewell_that_nobody_waited_for_is_no_loss() {
    let sent = [hello(1, "vpn.test"), text(100)].concat();
    let heard = &sent[..sent.len() - 24];
    let ours = wire(1, &sent, &text(50));
    let mut theirs = wire(1, heard, &text(50));
    assert_eq!(ids(std::slice::from_ref(&ours), std::slice::from_ref(&theirs)), ["WITNESS-BYTES-LOST"]);
    theirs.down.ended = Some((false, 9));
    assert_eq!(ids(std::slice::from_ref(&ours), std::slice::from_ref(&theirs)), ["WITNESS-CLEAN"]);
    theirs.down.ended = Some((true, 9));
    assert!(ids(&[ours], &[theirs]).contains(&"WITNESS-BYTES-LOST"));
}

#[test]
fn whoever_ends_tls_on_the_way_is_told_once() {
    let mut ours = wire(1, &[hello(1, "vpn.test"), text(100)].concat(), &text(50));
    let mut theirs = wire(9, &[hello(9, "vpn.test"), text(77)].concat(), &text(44));
    (ours.mark, theirs.mark) = (Some("run-1".into()), Some("run-1".into()));
    let record = Record { leaf_sha256: "bb".into(), wires: vec![theirs] };
    let told = judge(&Ours { wires: vec![ours], leaf_sha256: Some("aa".into()), requests: Vec::new() }, &record);
    assert_eq!(told.findings.iter().map(|told| told.id).collect::<Vec<_>>(), ["WITNESS-TLS-OPENED"]);
    assert_eq!((told.finding("WITNESS-TLS-OPENED").map(|told| told.evidence.len()), told.is_clean()), (Some(2), false));
}

#[test]
fn a_request_that_was_rewritten_is_shown_line_by_line_without_the_proof() {
    let head = |text: &str| Bytes::from(text.as_bytes());
    let request = |heard: &str, echoed| Request {
        mark: "run-1".into(),
        head: head("POST /witness/mark/{r} HTTP/1.1\r\nHost: a\r\nX-Witness-Proof: 00ff\r\n\r\n"),
        body_sha256: "cc".into(),
        heard: Some(Heard { head: head(heard), body_len: 3, body_sha256: "cc".into() }),
        echoed: Some(echoed),
    };
    let same = request("POST /witness/mark/{r} HTTP/1.1\r\nHost: a\r\nX-Witness-Proof: 00ff\r\n\r\n", true);
    assert!(compare::rewritten(&same).is_empty());
    let escaped = request("POST /witness/mark/%7Br%7D HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: b\r\nx-witness-proof: 00ff\r\n\r\n", false);
    let says: Vec<String> = compare::rewritten(&escaped).into_iter().map(|row| row.1).collect();
    assert_eq!(says.len(), 4, "{says:?}");
    assert!(says.iter().any(|line| line.contains("%7Br%7D")) && says.iter().all(|line| !line.contains("00ff")), "{says:?}");
}

#[test]
fn ids_are_unique() {
    let ids: HashSet<&str> = FINDINGS.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), FINDINGS.len());
}
