use super::flight::{MAX_FLIGHT, MAX_MESSAGE};
use super::record::{HEADER_LEN, Header};
use super::*;
use crate::base::hex;
use crate::base::{Layer, Limit, Reader, WireError};
use crate::wire::cert::Cert;
use proptest::prelude::*;

/// Capture expired-cert-tls12, frame 6: ServerHello, Certificate (two), ServerKeyExchange, ServerHelloDone.
const FIRST_FLIGHT: &[u8] = include_bytes!("fixtures/first-flight-tls12.bin");
/// Capture tls10-only-refused, frame 5.
const ALERT_70: &[u8] = &[0x15, 3, 3, 0, 2, 2, 0x46];

fn read(bytes: &[u8], piece: usize) -> (Flight, Result<bool, WireError>) {
    let mut flight = Flight::default();
    let mut last = Ok(false);
    for piece in bytes.chunks(piece) {
        last = flight.push(piece);
        if last != Ok(false) {
            break;
        }
    }
    (flight, last)
}

#[test]
fn a_captured_first_flight_gives_version_cipher_and_chain_in_pieces_of_any_size() {
    for piece in [1, 7, 1448, 65_536] {
        let (flight, last) = read(FIRST_FLIGHT, piece);
        assert_eq!((last, flight.alert), (Ok(true), None));
        let choice = flight.hello.expect("a choice");
        assert_eq!((choice.version, choice.suite), (TLS12, 0xc030));
        let certs = flight.certs.expect("a chain");
        let leaf = Cert::parse(&certs[0]).expect("a certificate");
        assert!(leaf.subject.contains("vpn.example.test"), "{}", leaf.subject);
    }
}

/// The same handshake bytes in records of a few bytes each, as RFC 5246 6.2.1 allows.
#[test]
fn a_message_over_many_records_is_put_together() {
    let mut handshake = Vec::new();
    let mut rest = FIRST_FLIGHT;
    while let Ok(Some(Header { len, .. })) = Header::parse(rest) {
        handshake.extend(&rest[HEADER_LEN..HEADER_LEN + len]);
        rest = &rest[HEADER_LEN + len..];
    }
    let records: Vec<u8> = handshake.chunks(100).flat_map(|body| [&[22, 3, 3, 0, body.len() as u8], body].concat()).collect();
    let (flight, last) = read(&records, 1000);
    assert_eq!((last, flight.certs), (Ok(true), read(FIRST_FLIGHT, 65_536).0.certs));
}

#[test]
fn an_alert_ends_the_flight_and_a_warning_does_not() {
    let (flight, last) = read(ALERT_70, 3);
    assert_eq!((last, flight.alert), (Ok(true), Some(Alert { level: 2, description: 70 })));
    // RFC 6066 3: unrecognized_name may come as a warning before the ServerHello.
    let (flight, last) = read(&[&[0x15, 3, 1, 0, 2, 1, 112], FIRST_FLIGHT].concat(), 4);
    assert_eq!((last, flight.alert, flight.hello.is_some()), (Ok(true), None, true));
}

#[test]
fn the_version_of_tls_1_3_stands_in_an_extension() {
    let mut hello = vec![22, 3, 3, 0, 50, 2, 0, 0, 46, 3, 3];
    hello.extend([9; 32]);
    hello.extend([0, 0x13, 0x02, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
    let (flight, last) = read(&hello, 5);
    let choice = flight.hello.expect("a choice");
    assert_eq!((last, choice.version, choice.suite, choice.is_retry()), (Ok(true), TLS13, 0x1302, false));
}

#[test]
fn what_is_no_tls_and_what_is_too_long_is_refused_with_its_limit() {
    assert_eq!(read(b"HTTP/1.1 400", 1).1.expect_err("H is no record type").have, usize::from(b'H'));
    assert_eq!(read(&[22, 0x50, 0, 0, 0], 5).1.expect_err("not version 3").what, "record version");
    assert_eq!(read(&[22, 3, 1, 0xff, 0xff], 5).1.expect_err("over 2^14 + 2048").have, 0xffff);
    assert_eq!(read(&[22, 3, 1, 0, 4, 11, 0xff, 0xff, 0xff], 9).1.expect_err("16 MiB").limit, Limit::Ours(MAX_MESSAGE));
    let empty_records: Vec<u8> = [22, 3, 1, 0, 0].repeat(MAX_FLIGHT / 5 + 1);
    assert_eq!(read(&empty_records, 4096).1.expect_err("endless").limit, Limit::Ours(MAX_FLIGHT));
    let mut short = vec![22, 3, 1, 0, 9, 11, 0, 0, 5, 0, 0, 2, 0, 0];
    assert_eq!(read(&short, 99).1.expect_err("list of 2, then 2 more needed").what, "certificate length");
    short[13] = 1;
    assert!(read(&short, 99).1.is_err());
}

#[test]
fn a_hello_is_laid_out_as_specified() {
    let hello = ClientHello {
        versions: vec![TLS12],
        random: [0xaa; 32],
        suites: vec![0xc02f, 0x00ff],
        server_name: Some("a.test".into()),
        groups: vec![0x0017],
        signature_schemes: vec![0x0401],
        ..ClientHello::default()
    };
    let expected = [
        "1603010056",
        "01000052",
        "0303",
        &"aa".repeat(32),
        "00",
        "0004c02f00ff",
        "0100",
        "0025",
        "0000000b0009000006612e74657374",
        "000a000400020017",
        "000b00020100",
        "000d000400020401",
    ];
    assert_eq!(hex(&hello.emit()), expected.concat());
}

#[test]
fn ssl_3_has_no_extensions_and_tls_1_0_no_signature_schemes() {
    let ssl = ClientHello::wide(SSL30, [0; 32], Some("a.test".into())).emit();
    assert_eq!((&ssl[..3], &ssl[9..11], &ssl[ssl.len() - 2..]), (&[22, 3, 0][..], &[3, 0][..], &[1, 0][..]));
    let tls = ClientHello::wide(TLS10, [0; 32], None).emit();
    assert!(ClientHello::wide(TLS12, [0; 32], None).emit().len() > tls.len() + 40);
    assert_eq!(usize::from(u16::from_be_bytes([tls[3], tls[4]])), tls.len() - 5);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic_or_keep_more_than_its_bound(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        piece in 1usize..300,
        cut in 0usize..2200,
        flip in 0usize..2200,
    ) {
        let _ = read(&bytes, piece);
        let _ = read(&[&[22, 3, 1], &bytes[..]].concat(), piece);
        let mut damaged = FIRST_FLIGHT[..cut.min(FIRST_FLIGHT.len())].to_vec();
        if let Some(byte) = damaged.get_mut(flip) {
            *byte ^= 0x55;
        }
        let (flight, _) = read(&damaged, piece);
        let mut whole = Flight::until(Until::Done);
        damaged.chunks(piece).for_each(|bytes| drop(whole.push(bytes)));
        prop_assert!(whole.held() <= MAX_FLIGHT);
        prop_assert!(flight.held() <= MAX_FLIGHT);
    }
}

#[test]
fn a_flight_read_to_its_end_tells_the_key_exchange() {
    let mut flight = Flight::until(Until::Done);
    assert_eq!(flight.push(FIRST_FLIGHT), Ok(true));
    let exchange = flight.exchange.expect("ECDHE");
    assert_eq!((exchange.group, exchange.bits), (Some(0x001d), None));
    assert!(exchange.scheme.is_some_and(|scheme| [0x0804, 0x0401].contains(&scheme)), "{exchange:?}");
    assert!(!flight.asks_for_certificate);
}

#[test]
fn the_prime_of_diffie_hellman_is_measured_in_bits() {
    let suite = suite::Suite::of(0x009e).expect("DHE");
    let body = [&[0, 3, 0, 0x02, 0xff][..], &[0, 1, 2], &[0, 1, 9], &[4, 1, 0, 0]].concat();
    let read = |version| Exchange::parse(&mut Reader::new(Layer::Tls, &body), version, suite).expect("an exchange");
    assert_eq!(read(TLS12), Exchange { group: None, bits: Some(10), scheme: Some(0x0401) });
    assert_eq!(read(TLS11).scheme, None);
    assert!(Exchange::parse(&mut Reader::new(Layer::Tls, &body[..6]), TLS12, suite).is_err());
}
