//! How fast records are opened, next to the bare AEAD: `cargo test --release --lib -- --ignored --nocapture tls::tests::speed`.

use super::*;
use crate::crypto::tls_keys::traffic_keys;
use crate::wire::tls::suite::Suite;
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Counts what comes out, and keeps nothing.
struct Count(u64);

impl Sees for Count {
    fn event(&mut self, _: Event) {}
    fn plain(&mut self, _: Micros, _: Side, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }
    fn lost(&mut self, _: Micros, _: Side, _: u64) {}
    fn record(&mut self, _: Micros, _: Side, _: u8, _: usize) {}
}

/// Records of the server behind the handshake of a fixture, sealed under its secret from this number on.
fn sealed(secret: &[u8], first: u64, plain: usize, count: u64) -> Vec<u8> {
    let (key, iv) = traffic_keys(Suite::of(0x1301).expect("AES-128-GCM"), secret);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("16 bytes"));
    let mut stream = Vec::new();
    for seq in first..first + count {
        let mut nonce: [u8; 12] = iv[..].try_into().expect("12 bytes");
        nonce[4..].iter_mut().zip(seq.to_be_bytes()).for_each(|(slot, byte)| *slot ^= byte);
        let mut body = vec![0x5a; plain];
        body.push(APPLICATION_DATA);
        let header = Header { kind: APPLICATION_DATA, version: TLS12, len: plain + 17 }.emit();
        let tag = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&header[..]), &mut body).expect("short");
        stream.extend(header);
        stream.extend(body);
        stream.extend(tag.as_ref());
    }
    stream
}

/// CPU time of this process so far, seconds; other threads of the test run idle meanwhile.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// The best rate of several rounds, GB/s of plaintext.
fn best(bytes: u64, mut round: impl FnMut()) -> f64 {
    let mut rates = [0.0f64; 5];
    for rate in &mut rates {
        let before = cpu();
        round();
        *rate = bytes as f64 / (cpu() - before) / 1e9;
    }
    rates.into_iter().fold(0.0, f64::max)
}

/// Both work through the same stream, longer than the caches, from its start to its end.
#[test]
#[ignore = "a measurement, of use in a release build"]
fn records_are_opened_about_as_fast_as_the_aead_goes() {
    let (log, flows) = fixture("tls13-aes128gcm");
    let store = keys(&log);
    let random = flows[0][0].1[11..43].try_into().expect("a client random");
    let secret = store.borrow().find(&random, super::super::super::keylog::Label::ServerTraffic).expect("logged");
    for (plain, piece) in [(16384usize, usize::MAX), (16384, 1448), (1400, usize::MAX), (1400, 1448), (100, usize::MAX)] {
        let count = (256 << 20) / plain as u64;
        let bytes = count * plain as u64;
        let (mut tls, mut sink) = (Tls::new(store.clone()), Count(0));
        let shaken = flows[0].iter().take(3);
        shaken.for_each(|(side, bytes)| tls.bytes(Micros(1), *side, bytes, &mut sink));
        assert!(tls.is_secured());
        let mut seq = tls.server_seq();
        let stream = sealed(&secret, seq, plain, count);
        let ours = best(bytes, || {
            tls.set_server_seq(seq);
            for piece in stream.chunks(piece.min(256 * 1024)) {
                tls.bytes(Micros(2), Side::Server, piece, &mut sink);
            }
        });
        assert_eq!(sink.0, 5 * bytes);
        let (key, iv) = traffic_keys(Suite::of(0x1301).expect("AES-128-GCM"), &secret);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("16 bytes"));
        let mut out = vec![0; plain + 1];
        let bare = best(bytes, || {
            let start = seq;
            for record in stream.chunks_exact(plain + 22) {
                let mut nonce: [u8; 12] = iv[..].try_into().expect("12 bytes");
                nonce[4..].iter_mut().zip(seq.to_be_bytes()).for_each(|(slot, byte)| *slot ^= byte);
                let (header, body) = record.split_at(5);
                let (body, tag) = body.split_at(plain + 1);
                key.open_separate_gather(Nonce::assume_unique_for_key(nonce), Aad::from(header), body, tag, &mut out).expect("opens");
                seq += 1;
            }
            seq = start;
        });
        let in_pieces = if piece == usize::MAX { "whole" } else { "in pieces of 1448" };
        println!("{plain} B {in_pieces}: {ours:.2} GB/s, bare AEAD {bare:.2} GB/s");
    }
}
