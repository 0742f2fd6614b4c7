use super::*;
use crate::base::{Bytes, hex};
use crate::transcript::witness::{Halves, Heard, Request, Stream, Wire};
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
    Wire { began_unix_us: 0, client, server, failed: None, mark: None, asked: None, up: stream(up), down: stream(down) }
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
fn sums_of_records_tell_what_is_missing_behind_what_was_kept() {
    let records = [(22, 500, 1), (23, 9000, 1), (23, 9000, 2), (23, 19, 3)];
    let of = |whole: usize, total: u64| Stream {
        total,
        sha256: format!("{total}"),
        first: Bytes::from(&text(4096)[..]),
        records: records[..whole].to_vec(),
        sums: (0..whole).map(|n| format!("sum {n}")).collect(),
        ended: None,
    };
    let all = 500 + 18_000 + 19 + 20;
    assert_eq!(compare(&of(4, all), &of(3, all - 24)), Change::Lost { at: all - 24, bytes: 24 });
    assert_eq!(compare(&of(4, all), &of(2, 12_000)), Change::Lost { at: 12_000, bytes: all - 12_000 });
    let mut changed = of(4, all);
    (changed.sums[2], changed.sums[3], changed.sha256) = ("other".into(), "other".into(), "other".into());
    assert_eq!(compare(&of(4, all), &changed), Change::Later { kept: 9510, sent: all, got: all });
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
    assert_eq!(ids(&[reset], &[knows]), ["WITNESS-SERVER-RESET", "WITNESS-CLEAN"], "the server's own reset is none that was forged");
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
fn a_front_that_resets_its_own_connection_forges_nothing() {
    let mut ours = wire(1, &[hello(1, "vpn.test"), text(100)].concat(), &text(50));
    let mut theirs = wire(9, &[hello(9, "vpn.test"), text(77)].concat(), &text(44));
    (ours.mark, theirs.mark) = (Some("run-1".into()), Some("run-1".into()));
    ours.down.ended = Some((true, 5000));
    let record = Record { leaf_sha256: "aa".into(), wires: vec![theirs] };
    let told = judge(&Ours { wires: vec![ours], leaf_sha256: Some("aa".into()), requests: Vec::new() }, &record);
    assert_eq!(told.findings.iter().map(|told| told.id).collect::<Vec<_>>(), ["WITNESS-TLS-OPENED"]);
}

#[test]
fn a_request_that_was_rewritten_is_shown_line_by_line_without_the_proof() {
    let head = |text: &str| Bytes::from(text.as_bytes());
    let request = |heard: &str, echoed| Request {
        mark: "run-1".into(),
        head: head("POST /witness/mark/{r} HTTP/1.1\r\nHost: a\r\nX-Witness-Proof: 00ff\r\n\r\n"),
        body_sha256: "cc".into(),
        heard: Some(Heard { head: head(heard), body_len: 3, body_sha256: "cc".into(), body_us: 0 }),
        echoed: Some(echoed),
        halves: None,
    };
    let same = request("POST /witness/mark/{r} HTTP/1.1\r\nHost: a\r\nX-Witness-Proof: 00ff\r\n\r\n", true);
    assert!(compare::rewritten(&same).is_empty());
    let escaped = request("POST /witness/mark/%7Br%7D HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: b\r\nx-witness-proof: 00ff\r\n\r\n", false);
    let says: Vec<String> = compare::rewritten(&escaped).into_iter().map(|row| row.1).collect();
    assert_eq!(says.len(), 4, "{says:?}");
    assert!(says.iter().any(|line| line.contains("%7Br%7D")) && says.iter().all(|line| !line.contains("00ff")), "{says:?}");
}

/// What halves that arrived so long after each other mean, at the server and here, in ms.
fn of_halves(times: &[(u64, u64)]) -> Vec<&'static str> {
    let request = |(up, down): &(u64, u64)| Request {
        mark: "run-1".into(),
        heard: Some(Heard { body_us: up * 1000, ..Heard::default() }),
        halves: Some(Halves { pause_us: 700_000, answer_us: Some(down * 1000) }),
        ..Request::default()
    };
    let ours = Ours { requests: times.iter().map(request).collect(), ..Ours::default() };
    judge(&ours, &Record::default()).findings.iter().map(|told| told.id).collect()
}

#[test]
fn bodies_that_are_held_back_show_by_their_halves() {
    assert!(of_halves(&[(700, 700)]).is_empty());
    assert_eq!(of_halves(&[(2, 701), (1, 700)]), ["WITNESS-REQUEST-HELD"]);
    assert_eq!(of_halves(&[(700, 0), (700, 1)]), ["WITNESS-ANSWER-HELD"]);
    // One loss that made the first half late is no proxy.
    assert!(of_halves(&[(20, 700), (695, 700)]).is_empty());
}

#[test]
fn a_call_that_the_server_was_not_asked_for_was_answered_by_somebody_else() {
    let (sent, down) = ([hello(1, "vpn.test"), text(100)].concat(), text(50));
    let marked = |mark: &str, asked: Option<&str>| {
        let mut one = wire(1, &sent, &down);
        (one.mark, one.asked) = (Some(mark.into()), asked.map(Into::into));
        one
    };
    let with = |asked: &str| {
        let ours = Ours {
            wires: vec![marked("run-1", None), marked("run", None)],
            leaf_sha256: Some("aa".into()),
            requests: vec![Request { mark: "run-1".into(), ..Request::default() }],
        };
        let wires =
            vec![marked("run-1", Some("POST /witness/mark/run-1 HTTP/1.1")), marked("run", Some(asked).filter(|asked| !asked.is_empty()))];
        judge(&ours, &Record { leaf_sha256: "aa".into(), wires }).findings.iter().map(|told| told.id).collect::<Vec<_>>()
    };
    assert_eq!(with("SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1"), ["WITNESS-CLEAN"]);
    assert_eq!(with("SSTP_DUPLEX_POST /sra_%7BBA195980-CD49-458b-9E23-C84EE0ADCD75%7D/ HTTP/1.1"), ["WITNESS-REQUEST-REWRITTEN"]);
    assert_eq!(with(""), ["WITNESS-REQUEST-SWALLOWED"]);
}

#[test]
fn a_record_that_was_held_back_is_told_and_changes_nothing() {
    let bytes = [hello(1, "vpn.test"), text(100)].concat();
    let (mut ours, mut theirs) = (wire(1, &bytes, &text(50)), wire(1, &bytes, &text(50)));
    ours.up.records = vec![(22, 500, 0), (23, 100, 10_000), (23, 90, 20_000)];
    theirs.up.records = vec![(22, 500, 90), (23, 100, 10_050), (23, 90, 3_020_000)];
    let record = |theirs: &Wire| Record { leaf_sha256: "aa".into(), wires: vec![theirs.clone()] };
    let told = judge(&Ours { wires: vec![ours.clone()], leaf_sha256: Some("aa".into()), requests: Vec::new() }, &record(&theirs));
    assert!(told.is_clean() && told.finding("WITNESS-RECORDS-LATE").expect("it is late").evidence[0].contains("record 3 from the client"));
    // A clock that is an hour off tells nothing.
    theirs.up.records.iter_mut().for_each(|row| row.2 += 3_600_000_000);
    theirs.up.records[2].2 -= 2_900_000;
    let told = judge(&Ours { wires: vec![ours], leaf_sha256: Some("aa".into()), requests: Vec::new() }, &record(&theirs));
    assert!(told.finding("WITNESS-RECORDS-LATE").is_none());
}

#[test]
fn ids_are_unique() {
    let ids: HashSet<&str> = FINDINGS.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), FINDINGS.len());
}

#[test]
fn what_differs_is_said_as_a_person_says_it() {
    let evidence = |sent: &[u8], got: &[u8], id: &str| {
        let record = Record { leaf_sha256: "aa".into(), wires: vec![wire(7, got, b"")] };
        let ours = Ours { wires: vec![wire(7, sent, b"")], leaf_sha256: Some("aa".into()), requests: Vec::new() };
        judge(&ours, &record).finding(id).expect("it is told").evidence.join("; ")
    };
    // A rewritten name, the random being the same.
    let named = evidence(&hello(7, "vpn.lab.example"), &hello(7, "www.lab.example"), "WITNESS-SNI-CHANGED");
    assert!(named.contains("\"vpn.lab.example\" was sent, \"www.lab.example\" arrived") && !named.contains("Some"), "{named}");
    // Another hello of the same kind: its JA4 tells nothing.
    let alike = evidence(&hello(7, "vpn.lab.example"), &hello(8, "vpn.lab.example"), "WITNESS-TLS-OPENED");
    assert!(alike.contains("its random") && !alike.contains("JA4 sent"), "{alike}");
    let other = evidence(&hello(7, "vpn.lab.example"), &hello(8, "www.lab.example"), "WITNESS-TLS-OPENED");
    assert!(other.contains("\"www.lab.example\""), "{other}");
}
