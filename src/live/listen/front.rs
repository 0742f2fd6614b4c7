//! What answers at an address: an SSTP server in TLS, or something else.

use super::also::{self, Also, Grudge};
use super::old_tls::{self, Script};
use super::{Door, Identity, Kept, Record, Serve};
use crate::base::{Layer, Micros, Side};
use crate::live::clock::Clock;
use crate::live::drive;
use crate::live::toxic::{Poisoned, Resettable};
use crate::live::wiretap::Wired;
use crate::live::witness::Usher;
use crate::proto::plan::Mind;
use crate::proto::site::Site;
use crate::proto::{Machine, Session};
use crate::transcript::{Event, Head, Secured, Sink, Target, TlsFailure, What};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

/// What answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// An SSTP server in TLS.
    Tls,
    /// Plain HTTP: 400 to anything.
    PlainHttp,
    /// This fatal alert in answer to a ClientHello.
    Alert(u8),
    /// The banner of another protocol.
    Garbage,
    /// It accepts and says nothing.
    Silent,
    /// FIN at once.
    CloseOnAccept,
    /// RST at once.
    ResetOnAccept,
    /// FIN after the ClientHello.
    CloseAfterHello,
    /// RST after the ClientHello.
    ResetAfterHello,
    /// One version of TLS and few cipher suites, up to the server's first flight.
    Script(Script),
    /// It hangs up on whoever does not begin with a line of the PROXY protocol; behind one it answers a hello with TLS 1.2.
    WantsProxyLine,
    /// It listens, but its queue is full: SYNs are dropped and connects time out.
    FullBacklog,
    /// Nobody listens: connects are refused.
    NoListener,
}

#[derive(Debug)]
pub(super) struct Service {
    door: Door,
    tls: Arc<ServerConfig>,
    tls_without_sni: Option<Arc<ServerConfig>>,
    served: AtomicU64,
    grudge: Grudge,
}

impl Serve for Service {
    async fn serve(self: Arc<Self>, stream: Wired, peer: SocketAddr, kept: Kept, stop: watch::Receiver<bool>) {
        match self.door.front {
            Front::Tls => self.call(stream, peer, kept, stop).await,
            _ => self.perform(stream).await,
        }
    }
}

impl Service {
    pub fn new(door: Door) -> io::Result<Service> {
        let config = |identity| tls_config(&door, identity).map(Arc::new).map_err(io::Error::other);
        let tls = config(&door.identity)?;
        let tls_without_sni = door.identity_without_sni.as_ref().map(config).transpose()?;
        Ok(Service { door, tls, tls_without_sni, served: AtomicU64::new(0), grudge: Grudge::default() })
    }

    /// What it was made from.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Plays what is no TLS to its end.
    pub async fn perform(&self, stream: Wired) {
        let _ = tokio::time::timeout(SCRIPT_TIME, self.play(stream)).await;
    }

    /// One SSTP call.
    async fn call(&self, stream: Wired, peer: SocketAddr, kept: Kept, mut stop: watch::Receiver<bool>) {
        let clock = Clock::start();
        let number = self.served.fetch_add(1, Ordering::Relaxed);
        let mut plan = self.door.every_second.as_ref().filter(|_| number % 2 == 1).unwrap_or(&self.door.plan).clone();
        plan.seed = plan.seed.wrapping_add(number);
        if let Mind::Server(server) = &mut plan.mind {
            server.date = Some(clock.http_date());
        }
        let mut sink = begin(&kept, &clock, peer, stream.socket().local_addr().unwrap_or(self.door.at), plan.seed);
        let Some(stream) = self.before_tls(stream).await else { return };
        let poisoned = Poisoned::new(stream, &plan.toxics);
        let shaken = tokio::time::timeout(HANDSHAKE_TIME, self.handshake(poisoned)).await;
        match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(mut stream) => {
                let secured = What::Secured(agreed(&stream));
                sink.event(&Event::new(clock.now(), None, Layer::Tls, secured));
                stream.get_mut().0.add(&self.door.toxics_above_tls);
                let machine: Box<dyn Machine + Send> = match &self.door.maker {
                    Some(maker) => (maker.0)(clock.now()),
                    None => Box::new(Session::new(plan, clock.now())),
                };
                let machine = if self.door.page { Box::new(Site::new(machine)) } else { machine };
                let machine: Box<dyn Machine + Send> = match &self.door.witness {
                    Some(witness) => Box::new(Usher::new(machine, witness.clone(), peer)),
                    None => machine,
                };
                drive::run(stream, machine, Side::Server, &clock, &mut sink, &mut stop).await;
            }
            Err(error) => {
                self.grudge.bear();
                let what = What::Unsecured { failure: failure(&error), says: error.to_string() };
                sink.event(&Event::new(clock.now(), Some(Side::Client), Layer::Tls, what));
            }
        }
    }

    /// The connection, unless it is over before a handshake.
    async fn before_tls(&self, mut stream: Wired) -> Option<Wired> {
        match self.door.also {
            Some(Also::BearsGrudges) if self.grudge.is_borne() => return None,
            Some(Also::BearsGrudges) => {}
            Some(also) => {
                let first = also::first(&stream).await;
                if let Some(words) = also.answer(&first, &self.door.identity.chain) {
                    say_and_close(&mut stream, &words).await;
                    return None;
                }
            }
            None => {}
        }
        Some(stream)
    }

    async fn handshake(&self, stream: Poisoned<Wired>) -> io::Result<TlsStream<Poisoned<Wired>>> {
        self.answer(LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?).await
    }

    /// The rest of a handshake whose ClientHello was read.
    pub async fn answer(&self, mut start: StartHandshake<Poisoned<Wired>>) -> io::Result<TlsStream<Poisoned<Wired>>> {
        let named = start.client_hello().server_name().map(str::to_string);
        match &self.door.sni_required {
            Some(required) if named.as_ref() != Some(required) => {
                say_and_close(&mut start.io, &unrecognized_name()).await;
                Err(io::Error::other(format!("the client asked for {named:?}, not for {required:?}")))
            }
            _ => match start
                .into_stream(self.tls_without_sni.as_ref().filter(|_| named.is_none()).unwrap_or(&self.tls).clone())
                .into_fallible()
                .await
            {
                Ok(stream) => Ok(stream),
                Err((error, mut stream)) => {
                    say_and_close(&mut stream, b"").await;
                    Err(error)
                }
            },
        }
    }

    /// Everything that is not an SSTP server.
    async fn play(&self, mut stream: Wired) {
        match self.door.front {
            Front::CloseOnAccept => return say_and_close(&mut stream, b"").await,
            Front::ResetOnAccept => return stream.reset_on_drop(),
            Front::Silent => return drain(&mut stream).await,
            _ => {}
        }
        if self.door.front == Front::WantsProxyLine && !proxy_line(&mut stream).await.unwrap_or(false) {
            return say_and_close(&mut stream, b"").await;
        }
        let hello = record(&mut stream).await.unwrap_or_default();
        match self.door.front {
            Front::PlainHttp => say_and_close(&mut stream, BAD_REQUEST).await,
            Front::Garbage => say_and_close(&mut stream, BANNER).await,
            Front::Alert(description) => say_and_close(&mut stream, &old_tls::alert(description)).await,
            Front::CloseAfterHello => say_and_close(&mut stream, b"").await,
            Front::ResetAfterHello => stream.reset_on_drop(),
            Front::Script(script) => self.play_old(stream, script, &hello).await,
            Front::WantsProxyLine => self.play_old(stream, Script::OLD_SUITES, &hello).await,
            _ => {}
        }
    }

    /// A server that knows one version and few cipher suites.
    async fn play_old(&self, mut stream: Wired, script: Script, hello: &[u8]) {
        let answer = old_tls::answer(script, hello, &self.door.identity.chain);
        if answer.is_empty() {
            return;
        }
        let _ = stream.write_all(&answer).await;
        drain(&mut stream).await;
    }
}

fn begin(kept: &Kept, clock: &Clock, from: SocketAddr, to: SocketAddr, seed: u64) -> Record {
    let version = env!("CARGO_PKG_VERSION").to_string();
    let target = Target { host: to.ip().to_string(), port: to.port(), ..Target::default() };
    let mut record = kept.open(Head { version, began_unix_ms: clock.began_unix_ms(), target, seed, ..Head::default() });
    let connected = What::Connected { to, from, took: Micros::ZERO };
    record.event(&Event::new(clock.now(), Some(Side::Client), Layer::Tcp, connected));
    record
}

pub(in crate::live) fn tls_config(door: &Door, who: &Identity) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let chain = who.chain.iter().cloned().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(who.key.expose().clone()));
    // Not with_single_cert(): it would look whether the chain makes sense.
    let mut identity = CertifiedKey::new(chain, provider.key_provider.load_private_key(key)?);
    identity.ocsp = who.ocsp.clone();
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match &door.client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(ca.root.clone()))?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if ca.insists { verifier } else { verifier.allow_unauthenticated() };
            let verifier = verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    // Tickets would be counted by toxics that count from the end of the handshake; SSTP clients do not resume.
    config.send_tls13_tickets = 0;
    config.key_log = Arc::new(door.ear.clone());
    if let Some(Also::Alpn(name)) = door.also {
        config.alpn_protocols = vec![name.as_bytes().to_vec()];
    }
    Ok(config)
}

pub(super) fn agreed(stream: &TlsStream<Poisoned<Wired>>) -> Secured {
    let tls = stream.get_ref().1;
    Secured {
        version: tls.protocol_version().and_then(|version| version.as_str()).unwrap_or_default().replace("TLSv", "TLS ").replace('_', "."),
        cipher: tls.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1)).unwrap_or_default(),
        group: tls.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
        alpn: tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        sni: tls.server_name().map(str::to_string),
        ..Secured::default()
    }
}

/// Which kind of no the client gave in the handshake.
pub(super) fn failure(error: &io::Error) -> TlsFailure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(description)) => TlsFailure::Alert(u8::from(*description)),
        Some(rustls::Error::InvalidMessage(_)) => TlsFailure::NotTls,
        Some(rustls::Error::PeerIncompatible(_)) => TlsFailure::Unsupported,
        _ => match error.kind() {
            io::ErrorKind::TimedOut => TlsFailure::TimedOut,
            io::ErrorKind::UnexpectedEof => TlsFailure::Closed,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => TlsFailure::Reset,
            _ => TlsFailure::Other,
        },
    }
}

/// Reads a line of the PROXY protocol, version 1; whether it is one.
async fn proxy_line(stream: &mut Wired) -> io::Result<bool> {
    let mut line = Vec::new();
    while line.len() < PROXY_LINE_MOST && !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await?);
        if !PROXY_WORD.starts_with(&line) && !line.starts_with(PROXY_WORD) {
            return Ok(false);
        }
    }
    Ok(line.ends_with(b"\r\n"))
}

/// The body of one TLS record, or as much as came of something else.
async fn record(stream: &mut Wired) -> io::Result<Vec<u8>> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let mut body = Vec::new();
    if header[0] == HANDSHAKE_RECORD {
        let len = u64::from(u16::from_be_bytes([header[3], header[4]]));
        stream.take(len).read_to_end(&mut body).await?;
    }
    Ok(body)
}

/// Writes, sends FIN, and reads on until the peer closes too, so that no RST overtakes the words.
pub(in crate::live) async fn say_and_close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, words: &[u8]) {
    let _ = stream.write_all(words).await;
    let _ = stream.flush().await;
    let _ = stream.shutdown().await;
    drain(stream).await;
}

/// The alert for a name that nobody here has.
pub(super) fn unrecognized_name() -> Vec<u8> {
    old_tls::alert(UNRECOGNIZED_NAME)
}

/// Reads and forgets until the peer closes, or for [`SCRIPT_TIME`].
pub(in crate::live) async fn drain<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut buffer = [0; 2048];
    let all = async { while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {} };
    let _ = tokio::time::timeout(SCRIPT_TIME, all).await;
}

/// Ours: no script takes longer.
const SCRIPT_TIME: Duration = Duration::from_secs(120);
/// Ours: a handshake may take so long.
pub(super) const HANDSHAKE_TIME: Duration = Duration::from_secs(30);
/// PROXY protocol 2.1: how version 1 begins, and the longest line in bytes.
const PROXY_WORD: &[u8] = b"PROXY ";
const PROXY_LINE_MOST: usize = 107;
/// RFC 8446 5.1.
const HANDSHAKE_RECORD: u8 = 22;
/// RFC 6066 3.
const UNRECOGNIZED_NAME: u8 = 112;
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nServer: sstp-diag-lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
