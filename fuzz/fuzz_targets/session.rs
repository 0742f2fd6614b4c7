#![no_main]
//! Both ends of a session on arbitrary peer bytes. The first byte chooses the end and whether the call is opened
//! honestly first; the next one is the size of the pieces.

use libfuzzer_sys::fuzz_target;
#[cfg(feature = "rows")]
use libfuzzer_sys::{fuzz_mutator, fuzzer_mutate};
use sstp_diag::base::{Micros, Secret, Side};
#[cfg(feature = "rows")]
use sstp_diag::jobs::mutate::spoil;
use sstp_diag::proto::plan::{Account, CertHashes, ClientConfig, Credentials, Mind, Plan, ServerConfig};
use sstp_diag::proto::{Input, Output, Session};
use sstp_diag::transcript::{Facts, Head, How, Transcript};
use sstp_diag::wire::{http, sstp};

fn plan(to: Side) -> Plan {
    let mind = match to {
        Side::Client => {
            let mut config = ClientConfig::new("fuzz.example", CertHashes::default());
            config.credentials = Some(Credentials { user: "alice".into(), password: Secret::new("Passw0rd!".into()) });
            Mind::Client(config)
        }
        Side::Server => {
            let account = Account { name: "alice".into(), password: Secret::new("Passw0rd!".into()), error: None };
            Mind::Server(ServerConfig { accounts: vec![account], ..ServerConfig::default() })
        }
    };
    Plan { mind, edits: Vec::new(), toxics: Vec::new(), seed: 1 }
}

fn opening(to: Side) -> Vec<u8> {
    let (head, message) = match to {
        Side::Client => (
            http::Head::response(200, "OK", &[("Content-Length", http::CONTENT_LENGTH)]),
            sstp::Message::with(
                sstp::MessageType::CallConnectAck,
                sstp::Attribute::CryptoBindingRequest { hash_mask: 3, nonce: vec![1; 32].into() },
            ),
        ),
        Side::Server => (
            http::Head::sstp_request("fuzz.example", "{}"),
            sstp::Message::with(sstp::MessageType::CallConnectRequest, sstp::Attribute::EncapsulatedProtocol(1)),
        ),
    };
    [head.emit(), message.emit()].concat()
}

fuzz_target!(|bytes: &[u8]| {
    let [mode, size, bytes @ ..] = bytes else { return };
    let to = if mode & 1 == 0 { Side::Client } else { Side::Server };
    let stream = if mode & 2 == 0 { [&opening(to), bytes].concat() } else { bytes.to_vec() };
    let mut pieces = stream.chunks(usize::from(*size).max(1));
    let mut session = Session::new(plan(to), Micros::ZERO);
    let mut transcript = Transcript { head: Head::default(), events: Vec::new() };
    let (mut now, mut outputs) = (Micros::ZERO, 0u32);
    loop {
        match session.poll() {
            Output::Done => break,
            Output::Event(event) => transcript.events.push(*event),
            Output::Send(_) | Output::Close => {}
            Output::Wait(due) => match pieces.next() {
                Some(bytes) => session.handle(now, Input::Bytes { from: to.other(), bytes }),
                None if due == Micros::MAX || now.0 > 600_000_000 => {
                    session.handle(now, Input::Closed { from: to.other(), how: How::Fin });
                }
                None => {
                    now = due.max(now);
                    session.handle(now, Input::Tick);
                }
            },
        }
        outputs += 1;
        assert!(outputs < 200_000, "the session comes to an end");
    }
    let _ = Facts::of(&transcript);
});

// As often as libFuzzer's own changes: those of our mutators' rows, behind the two bytes that choose.
#[cfg(feature = "rows")]
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let spoilt = match &data[..size] {
        [mode, _, stream @ ..] if seed & 2 == 0 => {
            let by = if mode & 1 == 0 { Side::Server } else { Side::Client };
            spoil::stream(stream, by, seed.into(), max_size.saturating_sub(2))
        }
        _ => None,
    };
    match spoilt {
        Some(spoilt) => {
            let end = spoilt.bytes.len() + 2;
            data[2..end].copy_from_slice(&spoilt.bytes);
            end
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});
