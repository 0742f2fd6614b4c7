use super::*;
use crate::transcript::How;
use crate::wire::sstp::{Attribute, Message, MessageType};

const OPENS: &[u8] =
    b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n";

fn request() -> Vec<u8> {
    Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(1)).emit()
}

fn ack(byte: u8) -> Vec<u8> {
    Message::with(MessageType::CallConnectAck, Attribute::CryptoBindingRequest { hash_mask: 3, nonce: vec![byte; 32].into() }).emit()
}

fn bare(kind: MessageType) -> Vec<u8> {
    Message::bare(kind).emit()
}

/// What was said by whom, one second after the other, and whether the server closed in the end.
fn judged(said: &[(Side, &[u8])], closed: bool) -> Verdict {
    let passed: Vec<Passed> =
        said.iter().enumerate().map(|(at, (by, bytes))| Passed { at: Micros(at as u64 * 1_000), by: *by, bytes: bytes.to_vec() }).collect();
    let over = Micros(passed.len() as u64 * 1_000);
    let ride = Ride { passed, closed: closed.then_some((over, How::CloseNotify)), over, ..Ride::default() };
    judge(&World { patience: Duration::from_secs(10), ..World::default() }, &ride)
}

fn kinds(verdict: &Verdict) -> Vec<Kind> {
    verdict.faults.iter().map(|fault| fault.kind).collect()
}

use Side::{Client as C, Server as S};

#[test]
fn what_is_owed_is_missed_and_what_is_not_is_noticed() {
    let sound = judged(&[(C, OPENS), (S, OK), (C, &request()), (S, &ack(1))], false);
    assert_eq!((kinds(&sound), sound.owed, sound.nonces.len()), (vec![], false, 1));
    let missing = judged(&[(C, OPENS), (S, OK), (C, &request())], false);
    assert_eq!((kinds(&missing), missing.owed, missing.reaction.as_str()), (vec![Kind::Hang], true, "silent"));
    let twice = judged(&[(C, OPENS), (S, OK), (C, &request()), (S, &ack(1)), (S, &ack(2))], false);
    assert_eq!(kinds(&twice), [Kind::Accepted]);
    let same = judged(&[(C, OPENS), (S, OK), (C, &request()), (S, &ack(1)), (S, &ack(1))], false);
    assert_eq!(kinds(&same), [Kind::Accepted, Kind::Leak]);
    let unasked = judged(&[(C, OPENS), (S, OK), (S, &ack(1))], false);
    assert_eq!(kinds(&unasked), [Kind::Accepted]);
}

#[test]
fn a_message_out_of_turn_ends_the_call_with_abort() {
    let echo = bare(MessageType::EchoRequest);
    let start: [(Side, &[u8]); 2] = [(C, OPENS), (S, OK)];
    let with = |rest: &[(Side, &[u8])], closed| judged(&[&start[..], &[(C, &echo)], rest].concat(), closed);
    let abort = bare(MessageType::CallAbort);
    assert_eq!(kinds(&with(&[(S, &abort)], true)), []);
    assert_eq!(kinds(&with(&[], true)), [Kind::Wrong], "closed without a word");
    assert_eq!(kinds(&with(&[], false)), [Kind::Hang]);
    let response = bare(MessageType::EchoResponse);
    let taken = with(&[(S, &response)], false);
    assert_eq!(kinds(&taken), [Kind::Accepted, Kind::Hang]);
    assert!(taken.faults[0].says.contains("is passed over"), "{:?}", taken.faults);
}

#[test]
fn a_sound_call_must_not_be_ended_and_reserved_bits_change_nothing() {
    let mut odd = request();
    (odd[1], odd[2], odd[8]) = (0xff, 0xf0, 0xff);
    let abort = bare(MessageType::CallAbort);
    let ended = judged(&[(C, OPENS), (S, OK), (C, &odd), (S, &ack(1)), (S, &abort)], true);
    assert_eq!(kinds(&ended), [Kind::Wrong]);
    assert_eq!(kinds(&judged(&[(C, OPENS), (S, OK), (C, &odd), (S, &ack(1))], false)), []);
    assert_eq!(kinds(&judged(&[(C, OPENS), (S, OK), (C, &odd), (S, &abort)], true)), [Kind::Wrong]);
}

#[test]
fn a_bad_request_is_answered_by_nak_or_ended_and_never_by_ack() {
    let bad = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(2)).emit();
    let nak = Message::with(MessageType::CallConnectNak, Attribute::StatusInfo { about: 1, status: 4, value: vec![0, 2].into() }).emit();
    let with = |answer: &[u8], closed| kinds(&judged(&[(C, OPENS), (S, OK), (C, &bad), (S, answer)], closed));
    assert_eq!(with(&nak, false), []);
    assert_eq!(with(&bare(MessageType::CallAbort), true), []);
    assert_eq!(with(&ack(1), false), [Kind::Accepted, Kind::Hang]);
    let good = judged(&[(C, OPENS), (S, OK), (C, &request()), (S, &nak)], false);
    assert_eq!(kinds(&good), [Kind::Wrong, Kind::Hang]);
}

#[test]
fn a_call_that_is_up_stays_so_under_what_the_tables_let_it() {
    let stays = |bytes: &[u8]| {
        let mut open = Open::new(Micros::ZERO);
        open.sends(Micros::ZERO, bytes);
        open.stays()
    };
    assert!(stays(&bare(MessageType::EchoRequest)) && stays(&[0x10, 0, 0, 4]) && stays(&[0x10, 0, 0, 6, 0xff, 3]));
    for kind in [MessageType::CallAbort, MessageType::CallDisconnect, MessageType::CallConnected, MessageType::Unknown(77)] {
        assert!(!stays(&bare(kind)), "{kind:?}");
    }
    assert!(!stays(&[0x20, 0, 0, 4]) && !stays(&[0x10, 0, 0, 9, 1]), "another version, and half a packet");
    let mut open = Open::new(Micros::ZERO);
    open.sends(Micros::ZERO, &bare(MessageType::EchoRequest));
    assert!(!open.is_settled());
    open.hears(Micros(5), &bare(MessageType::EchoResponse));
    assert!(open.is_settled() && !open.is_troubled());
    open.hears(Micros(6), &bare(MessageType::EchoResponse));
    assert!(open.is_troubled());
}

#[test]
fn what_is_no_request_yet_may_be_waited_for_or_ended() {
    let end = |head: &[u8], closed| kinds(&judged(&[(C, head)], closed));
    let lines: &[u8] = b"\r\n\r\n\r\n\r\n";
    assert_eq!((end(lines, true), end(lines, false)), (vec![], vec![]), "empty lines");
    let hello: &[u8] = &[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0];
    let hello = &hello.iter().map(|byte| if *byte == b'\n' { 0 } else { *byte }).collect::<Vec<u8>>();
    assert_eq!((end(hello, true), end(hello, false)), (vec![], vec![]), "no line has ended");
    assert_eq!((end(b"\x16\x03 nonsense\r\n\r\n", true), end(b"\x16\x03 nonsense\r\n\r\n", false)), (vec![], vec![Kind::Hang]));
    // One empty line is to be passed over.
    assert_eq!(end(&[b"\r\n", OPENS].concat(), true), [Kind::Wrong]);
}

#[test]
fn who_has_hung_up_is_owed_nothing() {
    let at = |n: u64| Micros(n * 1_000);
    let passed = vec![Passed { at: at(0), by: C, bytes: OPENS.to_vec() }];
    let ride = |hung_up, closed| {
        let ride = Ride { passed: passed.clone(), hung_up, closed, over: at(20_000), ..Ride::default() };
        judge(&World { patience: Duration::from_secs(10), ..World::default() }, &ride)
    };
    assert_eq!(kinds(&ride(false, None)), [Kind::Hang]);
    assert_eq!(kinds(&ride(true, None)), []);
    assert_eq!(kinds(&ride(true, Some((at(5), How::CloseNotify)))), []);
}
