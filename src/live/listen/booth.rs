//! An address at which callers are received one by one, by whoever holds it and knows what to say to them.

use super::front::{self, Service};
use super::{BACKLOG, Door, Front, bind, cannot, started};
use crate::base::{Layer, Micros, Reader, Side};
use crate::live::LiveError;
use crate::live::clock::Clock;
use crate::live::toxic::Poisoned;
use crate::live::wiretap::{Ear, Wired};
use crate::transcript::{Event, How, Sink, TlsFailure, What, tap};
use crate::wire::tls::{Offer, mark, record};
use rustls::server::Acceptor;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

/// An address that listens.
#[derive(Debug)]
pub struct Booth {
    listener: TcpListener,
    address: SocketAddr,
}

/// Somebody who connected.
#[derive(Debug)]
pub struct Caller {
    stream: TcpStream,
    /// From where.
    pub from: SocketAddr,
    to: SocketAddr,
}

/// A caller whose ClientHello was read.
pub struct Greeted {
    start: StartHandshake<Poisoned<Wired>>,
    from: SocketAddr,
    to: SocketAddr,
    /// The name that it asked for.
    pub sni: Option<String>,
}

/// The plaintext of a caller.
pub type Call = TlsStream<Poisoned<Wired>>;

/// What callers meet below SSTP: TLS under some certificate, or something else.
#[derive(Debug)]
pub struct Counter(Service);

impl Booth {
    /// Listens; port 0 takes any. Needs a tokio runtime.
    pub fn open(at: SocketAddr) -> Result<Booth, LiveError> {
        let opened = bind(at).and_then(|socket| started(socket.listen(BACKLOG)?));
        let (listener, address) = opened.map_err(|source| cannot("listen on", at, source))?;
        Ok(Booth { listener, address })
    }

    /// Where it listens, the port filled in.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next one who connects.
    pub async fn caller(&self) -> io::Result<Caller> {
        let (stream, from) = self.listener.accept().await?;
        let _ = stream.set_nodelay(true);
        Ok(Caller { stream, from, to: self.address })
    }
}

impl Caller {
    /// What the ClientHello offers, as far as it can be read; it stays to be read again.
    async fn offer(&self) -> Option<tap::ClientHello> {
        self.hello().await.map(|offer| tap::ClientHello::from(&offer))
    }

    /// It only asks what the server speaks, as a scan of this program does: no call comes of it.
    pub async fn is_test(&self) -> bool {
        self.hello().await.is_some_and(|offer| mark::is_test(&offer.random))
    }

    async fn hello(&self) -> Option<Offer> {
        let mut bytes = vec![0; HELLO_LONGEST];
        for _ in 0..HELLO_LOOKS {
            let n = self.stream.peek(&mut bytes).await.ok().filter(|n| *n > 0)?;
            let have = bytes.get(..n).unwrap_or_default();
            let header = record::Header::parse(have).ok()?;
            if let Some(body) = header.and_then(|header| have.get(record::HEADER_LEN..)?.get(..header.len)) {
                let message = body.strip_prefix(&[CLIENT_HELLO])?.get(LENGTH_LEN..)?;
                return Offer::parse(&mut Reader::new(Layer::Tls, message)).ok();
            }
            // What has come is there to be looked at again at once: nothing says when more comes.
            tokio::time::sleep(HELLO_PAUSE).await;
        }
        None
    }

    /// Reads the ClientHello.
    pub async fn greet(self, ear: &Ear) -> io::Result<Greeted> {
        let Caller { stream, from, to } = self;
        let stream = Poisoned::new(ear.accepted(stream, from), &[]);
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let sni = start.client_hello().server_name().map(str::to_string);
        Ok(Greeted { start, from, to, sni })
    }
}

impl Greeted {
    /// Turns it away: there is nobody of that name. RFC 6066 3.
    pub async fn is_unknown(mut self) {
        front::say_and_close(&mut self.start.io, &front::unrecognized_name()).await;
    }
}

impl Counter {
    /// A counter of that door; its address and its plan's mind play no part.
    pub fn new(door: Door) -> Result<Counter, LiveError> {
        let at = door.at;
        Service::new(door).map(Counter).map_err(|source| cannot("make a TLS server for", at, source))
    }

    /// Callers meet TLS.
    pub fn speaks_tls(&self) -> bool {
        self.0.door().front == Front::Tls
    }

    /// Takes a caller as far as plaintext; what happened on the way, and why it went no further, is noted.
    pub async fn receive(&self, caller: Caller, clock: &Clock, sink: &mut dyn Sink) -> Option<Call> {
        connected(caller.from, caller.to, clock, sink);
        let ear = &self.0.door().ear;
        if !self.speaks_tls() {
            let stream = ear.accepted(caller.stream, caller.from);
            self.0.perform(stream).await;
            note(Side::Client, What::Closed(How::Fin), clock, sink);
            return None;
        }
        let greeted = tokio::time::timeout(super::front::HANDSHAKE_TIME, async {
            if let Some(offer) = caller.offer().await {
                note(Side::Client, What::ClientHello(Box::new(offer)), clock, sink);
            }
            caller.greet(ear).await
        });
        let greeted = greeted.await;
        match greeted.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(greeted) => self.shake(greeted, clock, sink).await,
            Err(error) => failed(&error, clock, sink),
        }
    }

    /// The same for a caller whose ClientHello was read.
    pub async fn receive_greeted(&self, greeted: Greeted, clock: &Clock, sink: &mut dyn Sink) -> Option<Call> {
        connected(greeted.from, greeted.to, clock, sink);
        self.shake(greeted, clock, sink).await
    }

    async fn shake(&self, mut greeted: Greeted, clock: &Clock, sink: &mut dyn Sink) -> Option<Call> {
        greeted.start.io.add(&self.0.door().plan.toxics);
        let shaken = tokio::time::timeout(super::front::HANDSHAKE_TIME, self.0.answer(greeted.start)).await;
        match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(mut stream) => {
                sink.event(&Event::new(clock.now(), None, Layer::Tls, What::Secured(super::front::agreed(&stream))));
                stream.get_mut().0.add(&self.0.door().toxics_above_tls);
                Some(stream)
            }
            Err(error) => failed(&error, clock, sink),
        }
    }
}

fn note(by: Side, what: What, clock: &Clock, sink: &mut dyn Sink) {
    sink.event(&Event::new(clock.now(), Some(by), Layer::Tls, what));
}

fn connected(from: SocketAddr, to: SocketAddr, clock: &Clock, sink: &mut dyn Sink) {
    let what = What::Connected { to, from, took: Micros::ZERO };
    sink.event(&Event::new(clock.now(), Some(Side::Client), Layer::Tcp, what));
}

/// The caller would not come through TLS, or could not.
fn failed<T>(error: &io::Error, clock: &Clock, sink: &mut dyn Sink) -> Option<T> {
    let failure = super::front::failure(error);
    if let TlsFailure::Alert(description) = failure {
        note(Side::Client, What::Alert { description }, clock, sink);
    }
    note(Side::Client, What::Unsecured { failure, says: error.to_string() }, clock, sink);
    if matches!(failure, TlsFailure::Alert(_) | TlsFailure::Closed | TlsFailure::Reset) {
        let how = if failure == TlsFailure::Reset { How::Reset } else { How::Fin };
        note(Side::Client, What::Closed(how), clock, sink);
    }
    None
}

/// RFC 8446 4: the type of a ClientHello.
const CLIENT_HELLO: u8 = 1;
/// RFC 8446 4: bytes of a handshake message's length.
const LENGTH_LEN: usize = 3;
/// Ours: a longer ClientHello is not looked into; that of a browser with a post-quantum share has 1,800 bytes.
const HELLO_LONGEST: usize = 16 * 1024;
/// Ours: how often it is looked whether the rest has come.
const HELLO_LOOKS: u32 = 100;
/// Ours: between two looks.
const HELLO_PAUSE: Duration = Duration::from_millis(5);
