//! Hand-made ClientHellos, and what is said to them.

use super::{Knobs, Opened, open};
use crate::base::{Layer, Micros};
use crate::live::route::Route;
use crate::live::tap::Tap;
use crate::live::toxic::Resettable;
use crate::transcript::trial::{Ending, Saw};
use crate::wire::tls::{Flight, Until};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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
        // The server wants another hello first; nothing of its own flight was sent.
        saw.says = choice.is_retry().then(|| RETRY.to_string());
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

/// RFC 8446 4.1.4.
const RETRY: &str = "HelloRetryRequest";
/// Ours: the first segment of a split hello, in bytes: its header, the random and a little more.
const SPLIT_AT: usize = 64;
/// Ours: time between the segments of a split hello.
const BETWEEN: Duration = Duration::from_millis(20);
