//! Connections on which no call comes about: a ClientHello of our own, other bytes in its place, or a handshake that is broken off.

use super::hello_scan::Shares;
use super::hello_scan::ask::{Heard, converse};
use super::notes::Notes;
use super::tap::Tap;
use super::tls;
use super::toxic::Resettable;
use crate::base::{Layer, Limit, Reader, Side};
use crate::transcript::scan::Traits;
use crate::transcript::{How, What};
use crate::wire::http::{Head, Parsed};
use crate::wire::tls::record::{self, Alert};
use crate::wire::tls::{ClientHello, TLS13, Until};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How a handshake is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// FIN before a byte was said.
    AtOnce,
    /// FIN in the middle of the ClientHello.
    HalfHello,
    /// RST in the middle of the ClientHello.
    HalfHelloReset,
    /// RST when the server has answered the ClientHello.
    Answered,
    /// A fatal alert when the server has answered the ClientHello.
    Alert,
    /// A record that is no TLS.
    Garbage,
}

/// Says this hello, with key shares where TLS 1.3 is offered, and notes the answer: in short, the chain, and what else it tells.
pub async fn greet(mut tap: Tap, mut hello: ClientHello, within: Duration, notes: &mut Notes<'_>) {
    let shares = if hello.versions.contains(&TLS13) { Shares::new() } else { Shares::default() };
    hello.key_shares = shares.offered();
    let offered = hello.versions.iter().copied().max().unwrap_or_default();
    let heard = converse(&mut tap, &hello, shares, Until::Done, within).await;
    let traits = traits(&heard);
    notes.note(Some(Side::Server), Layer::Tls, What::Scanned { offered, answer: heard.answer });
    if let Some(certs) = heard.certs.filter(|certs| !certs.is_empty()) {
        notes.note(Some(Side::Server), Layer::Tls, What::Chain { from: tap.peer(), certs, aside: true });
    }
    if let Some(traits) = traits {
        notes.note(Some(Side::Server), Layer::Tls, What::Traits(Box::new(traits)));
    }
}

fn traits(heard: &Heard) -> Option<Traits> {
    let choice = heard.choice.as_ref()?;
    let old = choice.version < TLS13;
    Some(Traits {
        secure_renegotiation: old.then(|| choice.renegotiates_securely()),
        compression: old.then_some(choice.compression != 0),
        alpn: heard.alpn.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
        ..Traits::default()
    })
}

/// Says these bytes in place of a ClientHello, and notes what comes back until the end of the connection.
pub async fn say(mut tap: Tap, bytes: &[u8], within: Duration, notes: &mut Notes<'_>) {
    let mut heard = Vec::new();
    let end = timeout(within, speak(&mut tap, bytes, &mut heard)).await.ok();
    if !heard.is_empty() {
        notes.note_raw(Some(Side::Server), Layer::Tls, read(&heard), heard.as_slice().into());
    }
    if let Some(how) = end {
        notes.note(Some(Side::Server), Layer::Tls, What::Closed(how));
    }
}

async fn speak(tap: &mut Tap, bytes: &[u8], heard: &mut Vec<u8>) -> How {
    if tap.write_all(bytes).await.is_err() {
        return How::Reset;
    }
    let mut chunk = [0; 1024];
    loop {
        match tap.read(&mut chunk).await {
            Ok(0) => return How::Fin,
            Err(_) => return How::Reset,
            Ok(n) if heard.len() < MOST => heard.extend_from_slice(chunk.get(..n).unwrap_or_default()),
            Ok(_) => {}
        }
    }
}

/// What a server says that was not met with TLS: HTTP, an alert, or whatever it is.
fn read(bytes: &[u8]) -> What {
    if let Ok(Parsed::Whole(head, _)) = Head::parse_response(Layer::Tls, bytes) {
        return What::Http(head);
    }
    match record::Header::parse(bytes) {
        Ok(Some(header)) if header.kind == record::ALERT => {
            let body = bytes.get(record::HEADER_LEN..).unwrap_or_default();
            match Alert::parse(body.get(..header.len.min(body.len())).unwrap_or_default()) {
                Ok(alert) => What::Alert { description: alert.description },
                Err(error) => What::Undecoded(error),
            }
        }
        _ => What::Undecoded(Reader::new(Layer::Tls, bytes).error("answer", 0, bytes.len(), Limit::Spec("RFC 8446 5.1".into()))),
    }
}

/// Begins a handshake with this hello and breaks it off.
pub async fn abort(mut tap: Tap, hello: &ClientHello, how: Abort, within: Duration, notes: &mut Notes<'_>) {
    let hello = hello.emit();
    let half = hello.get(..hello.len() / 2).unwrap_or_default();
    let first = match how {
        Abort::AtOnce => &[],
        Abort::HalfHello | Abort::HalfHelloReset => half,
        Abort::Answered | Abort::Alert => &hello,
        Abort::Garbage => GARBAGE,
    };
    // A server that has hung up already has had its abort.
    let _ = tap.write_all(first).await;
    if matches!(how, Abort::Answered | Abort::Alert) {
        let _ = timeout(within, tap.read(&mut [0; 1024])).await;
    }
    if how == Abort::Alert {
        let _ = tap.write_all(&INTERNAL_ERROR).await;
    }
    if matches!(how, Abort::HalfHelloReset | Abort::Answered) {
        tap.reset_on_drop();
        drop(tap);
        tokio::time::sleep(BREATH).await;
        return notes.note(Some(Side::Client), Layer::Tls, What::Closed(How::Reset));
    }
    let _ = timeout(within.min(tls::CLOSING), tap.shutdown()).await;
    tokio::time::sleep(BREATH).await;
    notes.note(Some(Side::Client), Layer::Tls, What::Closed(How::Fin));
}

/// Ours: the harm that an abort does may take a moment.
const BREATH: Duration = Duration::from_millis(50);
/// Ours: more of an answer is not kept, in bytes.
const MOST: usize = 16 * 1024;
/// A record of a type that there is none of.
const GARBAGE: &[u8] = &[0x99, 9, 9, 0, 4, 1, 2, 3, 4];
/// A fatal alert with internal_error. RFC 8446 6.2.
const INTERNAL_ERROR: [u8; 7] = [21, 3, 3, 0, 2, 2, 80];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock::Clock;
    use crate::transcript::{Event, Transcript};
    use tokio::net::{TcpListener, TcpStream};

    async fn answered(bytes: &'static [u8]) -> Vec<Event> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("listening");
        let (mut server, _) = listener.accept().await.expect("a client");
        server.write_all(bytes).await.expect("open");
        drop(server);
        let (clock, mut transcript) = (Clock::start(), Transcript::default());
        say(Tap::new(client, Vec::new()), b"", Duration::from_secs(5), &mut Notes::new(&clock, &mut transcript)).await;
        transcript.events
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_said_to_other_bytes_is_told_apart() {
        let whats = |events: Vec<Event>| events.into_iter().map(|event| event.what).collect::<Vec<_>>();
        let alert = whats(answered(&[21, 3, 1, 0, 2, 2, 70]).await);
        assert_eq!(alert, [What::Alert { description: 70 }, What::Closed(How::Fin)]);
        let http = whats(answered(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        assert!(matches!(&http[..], [What::Http(head), What::Closed(_)] if head.status == Some(400)), "{http:?}");
        let other = whats(answered(b"SSH-2.0-x\r\n").await);
        assert!(matches!(&other[..], [What::Undecoded(_), What::Closed(_)]), "{other:?}");
        assert_eq!(whats(answered(b"").await), [What::Closed(How::Fin)]);
    }
}
