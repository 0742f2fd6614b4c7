//! One hello on a connection of its own, and what came back.

use super::shares::Shares;
use crate::base::Bytes;
use crate::crypto::tls13_flight::SealedFlight;
use crate::live::route::{NoWay, Route};
use crate::live::tap::Tap;
use crate::transcript::{ConnectFailure, How, Reason, ScanAnswer};
use crate::wire::tls::suite::Suite;
use crate::wire::tls::{Choice, ClientHello, Exchange, Flight, Until};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// What came back.
#[derive(Debug)]
pub(in crate::live) struct Heard {
    /// In short.
    pub answer: ScanAnswer,
    /// The ServerHello.
    pub choice: Option<Choice>,
    /// The certificates, DER, leaf first, where they came in clear or could be opened.
    pub certs: Option<Vec<Bytes>>,
    /// The server's part of the key exchange up to TLS 1.2.
    pub exchange: Exchange,
    /// Protocol chosen by ALPN.
    pub alpn: Option<Vec<u8>>,
    /// The server asks for a client certificate; nothing where it cannot be seen.
    pub asks_for_certificate: Option<bool>,
}

impl Heard {
    /// Version and suite, when the server took the hello.
    pub fn accepted(&self) -> Option<(u16, u16)> {
        match self.answer {
            ScanAnswer::Accepted { version, cipher, .. } => Some((version, cipher)),
            _ => None,
        }
    }

    /// No word of TLS came: that may be a refusal, or a server that has had enough of us.
    pub fn is_odd(&self) -> bool {
        matches!(self.answer, ScanAnswer::Closed(_) | ScanAnswer::Silence)
    }

    fn nothing(answer: ScanAnswer) -> Heard {
        Heard { answer, choice: None, certs: None, exchange: Exchange::default(), alpn: None, asks_for_certificate: None }
    }
}

/// Sends the hello and reads the answer; `shares` are the keys behind those that the hello offers.
pub(super) async fn ask(route: &Route, hello: &ClientHello, shares: Shares, until: Until, within: Duration) -> Heard {
    ask_behind(route, b"", hello, shares, until, within).await
}

/// The same, with a line in clear in front of the hello.
pub(super) async fn ask_behind(route: &Route, line: &[u8], hello: &ClientHello, shares: Shares, until: Until, within: Duration) -> Heard {
    let began = Instant::now();
    let mut tap = match route.open(within).await {
        Ok(tap) => tap,
        Err(no_way) => return Heard::nothing(no_answer(&no_way)),
    };
    if !line.is_empty() && tap.write_all(line).await.is_err() {
        return Heard::nothing(ScanAnswer::Closed(How::Reset));
    }
    converse(&mut tap, hello, shares, until, within.saturating_sub(began.elapsed())).await
}

/// The same on a connection that is there.
pub(in crate::live) async fn converse(tap: &mut Tap, hello: &ClientHello, shares: Shares, until: Until, within: Duration) -> Heard {
    let began = Instant::now();
    let left = || within.saturating_sub(began.elapsed());
    let mut flight = Flight::until(until);
    let end = timeout(left(), read_flight(tap, hello, &mut flight)).await.unwrap_or(End::Silence);
    let mut heard = of(flight, end);
    if let Some((sealed, rest)) = heard.1.take().and_then(|flight| opened(hello, shares, heard.0.choice.as_ref()?, &flight)) {
        let sealed = timeout(left(), read_sealed(tap, sealed, rest)).await.ok();
        if let Some(sealed) = sealed {
            heard.0.asks_for_certificate = sealed.certs.is_some().then_some(sealed.asks_for_certificate);
            if let ScanAnswer::Accepted { asks_for_certificate, .. } = &mut heard.0.answer {
                *asks_for_certificate = sealed.asks_for_certificate;
            }
            (heard.0.certs, heard.0.alpn, heard.0.exchange.scheme) = (sealed.certs, sealed.alpn, sealed.scheme);
        }
    }
    heard.0
}

/// What a flight says, and the flight itself for what is sealed in it.
fn of(flight: Flight, end: End) -> (Heard, Option<Flight>) {
    let exchange = flight.exchange.unwrap_or_default();
    let answer = match (&flight.hello, flight.alert, end) {
        (Some(choice), ..) => ScanAnswer::Accepted {
            version: choice.version,
            cipher: choice.suite,
            group: choice.group.or(exchange.group),
            bits: exchange.bits,
            asks_for_certificate: flight.asks_for_certificate,
        },
        (None, Some(alert), _) => ScanAnswer::Alert(alert.description),
        (None, None, End::Closed(how)) => ScanAnswer::Closed(how),
        (None, None, End::Silence) => ScanAnswer::Silence,
        (None, None, End::Learned | End::NotTls) => ScanAnswer::NotTls,
    };
    let heard = Heard {
        answer,
        choice: flight.hello.clone(),
        certs: flight.certs.clone(),
        exchange,
        alpn: flight.hello.as_ref().and_then(|choice| choice.alpn.clone()),
        asks_for_certificate: flight.certs.is_some().then_some(flight.asks_for_certificate),
    };
    (heard, Some(flight))
}

/// What opens the encrypted part of a flight, and the bytes of it that came already.
fn opened(hello: &ClientHello, shares: Shares, choice: &Choice, flight: &Flight) -> Option<(SealedFlight, Vec<u8>)> {
    let secret = shares.agree(choice.group?, &choice.key_share)?;
    let sealed = SealedFlight::new(&hello.message(), &flight.hello_message, Suite::of(choice.suite)?, &secret)?;
    Some((sealed, flight.rest().to_vec()))
}

async fn read_sealed(tap: &mut Tap, mut sealed: SealedFlight, rest: Vec<u8>) -> SealedFlight {
    let mut over = sealed.push(&rest);
    let mut chunk = vec![0; CHUNK];
    let mut total = 0;
    while !over && total < MOST {
        match tap.read(&mut chunk).await {
            Ok(0) | Err(_) => over = true,
            Ok(n) => {
                total += n;
                over = sealed.push(chunk.get(..n).unwrap_or_default());
            }
        }
    }
    sealed
}

/// A connection that could not be made is reported as what its TCP end looked like.
fn no_answer(no_way: &NoWay) -> ScanAnswer {
    match no_way {
        NoWay::Tcp(ConnectFailure::TimedOut, _) | NoWay::Proxy(Reason::TimedOut { .. }) => ScanAnswer::Silence,
        NoWay::Tcp(..) => ScanAnswer::Closed(How::Reset),
        NoWay::Proxy(Reason::Closed(how)) => ScanAnswer::Closed(*how),
        NoWay::Proxy(_) => ScanAnswer::Closed(How::Fin),
    }
}

enum End {
    Learned,
    Closed(How),
    Silence,
    NotTls,
}

async fn read_flight(tap: &mut Tap, hello: &ClientHello, flight: &mut Flight) -> End {
    if tap.write_all(&hello.emit()).await.is_err() {
        return End::Closed(How::Reset);
    }
    let mut chunk = vec![0; CHUNK];
    loop {
        match tap.read(&mut chunk).await {
            Ok(0) => return End::Closed(How::Fin),
            Err(_) => return End::Closed(How::Reset),
            Ok(n) => match flight.push(chunk.get(..n).unwrap_or_default()) {
                Ok(true) => return End::Learned,
                Ok(false) => {}
                Err(_) => return End::NotTls,
            },
        }
    }
}

/// Ours: read so many bytes at a time.
const CHUNK: usize = 4096;
/// Ours: more of an encrypted flight is not read, in bytes.
const MOST: usize = 128 * 1024;
