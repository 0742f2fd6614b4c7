//! Arbitrary bytes at every parser and at both ends of a session: no panic, bounded output, an end.

use proptest::prelude::*;
use sstp_diag::base::{Layer, Micros, Secret, Side};
use sstp_diag::proto::plan::{Account, CertHashes, ClientConfig, Credentials, Mind, Plan, ServerConfig};
use sstp_diag::proto::{Input, Output, Session};
use sstp_diag::transcript::{Facts, Head, How, Transcript};
use sstp_diag::wire::{cert, control, eap, http, inner, layout, ppp, sstp};

fn client() -> Plan {
    let mut config = ClientConfig::new("vpn.example.test", CertHashes::default());
    config.credentials = Some(Credentials { user: "alice".into(), password: Secret::new("Passw0rd!".into()) });
    Plan { mind: Mind::Client(config), edits: Vec::new(), toxics: Vec::new(), seed: 3 }
}

fn server() -> Plan {
    let account = Account { name: "alice".into(), password: Secret::new("Passw0rd!".into()), error: None };
    let config = ServerConfig { accounts: vec![account], ..ServerConfig::default() };
    Plan { mind: Mind::Server(config), edits: Vec::new(), toxics: Vec::new(), seed: 4 }
}

/// A piece of peer traffic: raw bytes, or a well-framed packet around arbitrary contents, which gets further.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    let protocols = prop_oneof![
        Just(ppp::LCP),
        Just(ppp::PAP),
        Just(ppp::CHAP),
        Just(ppp::EAP),
        Just(ppp::IPCP),
        Just(ppp::IPV6CP),
        Just(ppp::IPV4),
        any::<u16>()
    ];
    let control = (1u8..14, any::<u8>(), bytes.clone());
    prop_oneof![
        1 => bytes.clone(),
        2 => (0u16..12, any::<u8>(), bytes.clone()).prop_map(|(kind, count, body)| {
            let mut packet = vec![0x10, 1, 0, 0];
            packet.extend(kind.to_be_bytes());
            packet.extend([0, count % 4]);
            packet.extend(body);
            let length = u16::try_from(packet.len()).unwrap_or(0);
            packet[2..4].copy_from_slice(&length.to_be_bytes());
            packet
        }),
        4 => (protocols, control).prop_map(|(protocol, (code, id, data))| {
            let mut frame = vec![0xff, 0x03];
            frame.extend(protocol.to_be_bytes());
            frame.extend(control::Packet::new(code, id, data).emit());
            sstp::emit_data(&frame)
        }),
    ]
}

/// What opens the way for the pieces behind it: an honest answer to the request and to Call Connect Request.
fn opening(to: Side) -> Vec<u8> {
    match to {
        Side::Client => {
            let mut bytes = http::Head::response(200, "OK", &[("Content-Length", http::CONTENT_LENGTH)]).emit();
            let offer = sstp::Attribute::CryptoBindingRequest { hash_mask: 3, nonce: vec![1; 32].into() };
            bytes.extend(sstp::Message::with(sstp::MessageType::CallConnectAck, offer).emit());
            bytes
        }
        Side::Server => {
            let mut bytes = http::Head::sstp_request("vpn.example.test", "{}").emit();
            bytes.extend(sstp::Message::with(sstp::MessageType::CallConnectRequest, sstp::Attribute::EncapsulatedProtocol(1)).emit());
            bytes
        }
    }
}

/// Feeds a session until it is done; returns the number of outputs and the client's transcript.
fn feed(plan: Plan, to: Side, honest: bool, pieces: &[Vec<u8>]) -> (usize, Transcript) {
    let mut session = Session::new(plan, Micros::ZERO);
    let mut transcript = Transcript { head: Head::default(), events: Vec::new() };
    let (mut outputs, mut now) = (0, Micros::ZERO);
    let start = honest.then(|| opening(to));
    let mut incoming = start.iter().chain(pieces);
    loop {
        match session.poll() {
            Output::Done => return (outputs, transcript),
            Output::Event(event) => transcript.events.push(*event),
            Output::Wait(due) => match incoming.next() {
                Some(bytes) => session.handle(now, Input::Bytes { from: to.other(), bytes }),
                None if due == Micros::MAX || now.0 > 3_600_000_000 => {
                    session.handle(now, Input::Closed { from: to.other(), how: How::Fin })
                }
                None => {
                    now = due.max(now);
                    session.handle(now, Input::Tick);
                }
            },
            Output::Send(_) | Output::Close => {}
        }
        outputs += 1;
        assert!(outputs < 20_000, "the session comes to an end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_parser_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = sstp::Message::parse(&bytes);
        let _ = ppp::Frame::parse(&bytes).map(|frame| frame.emit());
        let _ = control::Packet::parse(Layer::Lcp, &bytes).map(|packet| packet.options(Layer::Lcp));
        let _ = eap::MsChapV2::parse(&bytes).map(|inner| inner.emit());
        let _ = http::Head::parse_response(Layer::Http, &bytes);
        let _ = http::Head::parse_request(Layer::Http, &bytes);
        let _ = inner::Echo::parse(&bytes);
        let _ = cert::Cert::parse(&bytes);
        let fields = layout::fields(&bytes);
        prop_assert!(fields.iter().all(|field| field.byte_range().end <= bytes.len()));
    }

    #[test]
    fn what_a_parser_reads_it_writes_back(bytes in piece()) {
        if let Ok(message) = sstp::Message::parse(&bytes) {
            prop_assert_eq!(sstp::Message::parse(&message.emit()), Ok(message));
        }
        if let Some(Ok(frame)) = bytes.get(4..).map(ppp::Frame::parse) {
            prop_assert_eq!(ppp::Frame::parse(&frame.emit()), Ok(frame));
        }
    }

    #[test]
    fn a_framer_holds_no_more_than_one_packet(pieces in proptest::collection::vec(piece(), 0..20)) {
        let mut framer = sstp::Framer::default();
        for bytes in &pieces {
            framer.push(bytes);
            while let Ok(Some(_)) = framer.next_packet() {}
            if framer.next_packet().is_err() {
                return Ok(());
            }
            prop_assert!(framer.pending() <= sstp::MAX_PACKET);
        }
    }

    #[test]
    fn a_client_survives_its_server(pieces in proptest::collection::vec(piece(), 0..40), honest: bool) {
        let (_, transcript) = feed(client(), Side::Client, honest, &pieces);
        let facts = Facts::of(&transcript);
        prop_assert!(facts.stop.is_some(), "random bytes never look like a whole call");
        prop_assert!(transcript.events.len() < 3_000);
    }

    #[test]
    fn a_server_survives_its_client(pieces in proptest::collection::vec(piece(), 0..40), honest: bool) {
        feed(server(), Side::Server, honest, &pieces);
    }

    #[test]
    fn a_transcript_goes_to_text_and_back(pieces in proptest::collection::vec(piece(), 0..20)) {
        let (_, transcript) = feed(client(), Side::Client, true, &pieces);
        let mut text = Vec::new();
        transcript.write_jsonl(&mut text).expect("memory does not fail");
        prop_assert_eq!(Transcript::read_jsonl(&mut text.as_slice()).expect("our own text"), transcript);
    }
}
