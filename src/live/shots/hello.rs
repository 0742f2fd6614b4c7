//! Hand-made ClientHellos of several shapes.

use super::{Knobs, Opened, open};
use crate::base::{Layer, Micros};
use crate::live::route::Route;
use crate::live::tap::Tap;
use crate::live::toxic::Resettable;
use crate::transcript::trial::{Ending, Saw};
use crate::wire::tls::clients::Client;
use crate::wire::tls::{ClientHello, Flight, TLS12, TLS13, Until};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a hello looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// TLS 1.2 and 1.3, no ALPN: what SSTP clients with a library of today send.
    Plain,
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
    /// ALPN http/1.1.
    Alpn,
    /// Windows 11.
    Windows,
    /// What browsers offer: GREASE (RFC 8701), h2, few suites.
    Browser,
}

/// The hello of a shape.
pub fn hello_bytes(shape: Shape, name: Option<&str>, random: [u8; 32]) -> Vec<u8> {
    let server_name = name.filter(|name| name.parse::<std::net::IpAddr>().is_err()).map(str::to_string);
    let plain = ClientHello {
        versions: vec![TLS13, TLS12],
        random,
        suites: PLAIN.to_vec(),
        server_name: server_name.clone(),
        groups: GROUPS.to_vec(),
        signature_schemes: SCHEMES.to_vec(),
        asks: true,
        ..ClientHello::default()
    };
    let hello = match shape {
        Shape::Plain => plain,
        Shape::Tls12 => ClientHello { versions: vec![TLS12], ..plain },
        Shape::Tls13 => ClientHello { versions: vec![TLS13], ..plain },
        Shape::Alpn => ClientHello { alpn: vec![b"http/1.1".to_vec()], ..plain },
        Shape::Windows => Client::of("windows-11-21h2").map_or(plain, |client| client.hello(random, server_name)),
        Shape::Browser => ClientHello {
            versions: vec![0x2a2a, TLS13, TLS12],
            suites: [&[0x3a3a], BROWSER].concat(),
            groups: [&[0x1a1a], GROUPS].concat(),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            ..plain
        },
    };
    // GREASE among the versions must not become the version of the record.
    let mut bytes = hello.emit();
    if shape == Shape::Browser
        && let Some(version) = bytes.get_mut(9..11)
    {
        version.copy_from_slice(&TLS12.to_be_bytes());
    }
    bytes
}

/// How a hello is sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// In two segments.
    pub split: bool,
    /// From a port of ours.
    pub port: Option<u16>,
}

/// Sends a hello and reads up to the ServerHello.
pub async fn hello(route: &Route, bytes: &[u8], manner: Manner, within: Duration) -> (Option<Layer>, Ending, Saw) {
    let Manner { split, port } = manner;
    let knobs = Knobs { port, ..Knobs::default() };
    let Opened { mut tap, connect } = match open(route, knobs, within).await {
        Ok(opened) => opened,
        Err(missed) => return (missed.reached, missed.ending, missed.saw),
    };
    if port.is_some() {
        tap.reset_on_drop();
    }
    let mut saw = Saw { to: Some(route.to), connect: Some(connect), port: tap.local().map(|at| at.port()), ..Saw::default() };
    let began = Instant::now();
    let mut flight = Flight::until(Until::Hello);
    let ending = match tokio::time::timeout(within, exchange(&mut tap, bytes, split, &mut flight)).await {
        Ok(ending) => ending,
        Err(_) => Ending::Silence,
    };
    saw.first = Some(Micros::from(began.elapsed()));
    if let Some(choice) = &flight.hello {
        saw.version = Some(choice.version);
        saw.alpn = choice.alpn.as_ref().map(|name| String::from_utf8_lossy(name).into_owned());
    }
    if ending == Ending::NotTls {
        saw.body = Some(String::from_utf8_lossy(&tap.seen().first()).into_owned());
    }
    let below = if route.proxy.is_some() { Layer::Proxy } else { Layer::Tcp };
    (Some(if ending == Ending::Answered { Layer::Tls } else { below }), ending, saw)
}

pub(super) async fn exchange(tap: &mut Tap, bytes: &[u8], split: bool, flight: &mut Flight) -> Ending {
    let (one, two) = bytes.split_at(if split { bytes.len().min(SPLIT_AT) } else { bytes.len() });
    if tap.write_all(one).await.is_err() {
        return Ending::Reset;
    }
    if !two.is_empty() {
        // Nagle's algorithm is off: the pause makes it two segments.
        tokio::time::sleep(BETWEEN).await;
        if tap.write_all(two).await.is_err() {
            return Ending::Reset;
        }
    }
    let mut chunk = vec![0; 4096];
    loop {
        match tap.read(&mut chunk).await {
            Ok(0) => return Ending::Closed,
            Err(_) => return Ending::Reset,
            Ok(n) => match flight.push(chunk.get(..n).unwrap_or_default()) {
                Ok(false) => {}
                Ok(true) => return flight.alert.map_or(Ending::Answered, |alert| Ending::Alert(alert.description)),
                Err(_) => return Ending::NotTls,
            },
        }
    }
}

/// Suites of a library of today: TLS 1.3, then ECDHE with AES-GCM and ChaCha20. RFC 8446 B.4, RFC 5289, RFC 7905.
const PLAIN: &[u16] = &[0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc02b, 0xc02f, 0x00ff];
/// Suites as browsers list them.
const BROWSER: &[u16] =
    &[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035];
/// X25519, P-256, P-384.
const GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018];
/// ECDSA, RSA-PSS, PKCS#1 with SHA-2.
const SCHEMES: &[u16] = &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
/// Ours: the first segment of a split hello, in bytes: its header, the random and a little more.
const SPLIT_AT: usize = 64;
/// Ours: time between the segments of a split hello.
const BETWEEN: Duration = Duration::from_millis(20);
