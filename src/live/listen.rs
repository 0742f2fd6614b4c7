//! The sockets of the lab: doors that speak SSTP, doors that speak something else, a forward proxy; and booths where callers are
//! received one by one.

mod also;
mod booth;
mod connect;
mod front;
mod old_tls;
mod socks;
mod web;

pub use also::Also;
pub use booth::{Booth, Call, Caller, Counter, Greeted};
pub use connect::{ProxyAnswer, ProxyPolicy};
pub use front::Front;
pub use old_tls::Script;
pub use socks::SocksMode;
pub use web::{Page, PageAnswer, Pages};

pub(super) use front::{drain, say_and_close, tls_config};

use super::LiveError;
use super::wiretap::{Ear, Wired};
use super::witness::Witness;
use crate::base::{Micros, Secret};
use crate::proto::Machine;
use crate::proto::plan::{Mind, Plan, ServerConfig, Toxic};
use crate::transcript::{Event, Head, Sink, Transcript, What};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Who the server is in TLS.
#[derive(Clone, Debug)]
pub struct Identity {
    /// DER, in the order in which the certificates are sent.
    pub chain: Vec<Vec<u8>>,
    /// The leaf's private key, PKCS#8.
    pub key: Secret<Vec<u8>>,
    /// The OCSP answer that goes with them, if any. RFC 6066 8.
    pub ocsp: Option<Vec<u8>>,
}

/// Whether so many ports from there on can be listened at; which cannot, and why.
pub fn are_free(first: SocketAddr, ports: usize) -> Result<(), String> {
    for port in (first.port()..=u16::MAX).take(ports) {
        let at = SocketAddr::new(first.ip(), port);
        std::net::TcpListener::bind(at).map_err(|error| format!("cannot listen at {at}: {error}"))?;
    }
    Ok(())
}

/// One address to listen on and what is met there.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where; port 0 takes any.
    pub at: SocketAddr,
    /// What answers.
    pub front: Front,
    /// Who it is.
    pub identity: Identity,
    /// A client certificate from this CA is asked for.
    pub client_ca: Option<ClientCa>,
    /// Who it is to clients that send no SNI.
    pub identity_without_sni: Option<Identity>,
    /// Any other or no SNI is answered with alert 112.
    pub sni_required: Option<String>,
    /// What it does for clients that are not as they should be.
    pub also: Option<Also>,
    /// The server behind [`Front::Tls`]; its toxics count from the first byte of the connection.
    pub plan: Plan,
    /// What every second call is played by in its place, the second the first of them.
    pub every_second: Option<Plan>,
    /// What plays the server in place of a session.
    pub maker: Option<Maker>,
    /// More toxics, which count from the end of the handshake.
    pub toxics_above_tls: Vec<Toxic>,
    /// Who hears what is said.
    pub ear: Ear,
    /// Who answers whoever asks what arrived.
    pub witness: Option<Witness>,
    /// There is a page at `/` too.
    pub page: bool,
}

/// Makes the machine that plays the server of a new connection, which begins at that time.
#[derive(Clone)]
pub struct Maker(pub Arc<dyn Fn(Micros) -> Box<dyn Machine + Send> + Send + Sync>);

impl std::fmt::Debug for Maker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Maker")
    }
}

/// From whom a client certificate must be.
#[derive(Clone, Debug)]
pub struct ClientCa {
    /// The CA, DER.
    pub root: Vec<u8>,
    /// Without a certificate the handshake fails.
    pub insists: bool,
}

/// Something that listens until it is stopped or dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    kept: Kept,
    task: Option<JoinHandle<()>>,
    /// Sockets that only have to exist.
    _held: Vec<Held>,
}

#[derive(Debug)]
enum Held {
    Bound(#[allow(dead_code, reason = "it only has to stay open")] TcpSocket),
    Listening(#[allow(dead_code, reason = "it only has to stay open")] TcpListener),
    Filler(#[allow(dead_code, reason = "it only has to stay open")] TcpStream),
}

impl Listener {
    /// Opens a door. Needs a tokio runtime.
    pub async fn open(door: Door) -> Result<Listener, LiveError> {
        let (at, ear) = (door.at, door.ear.clone());
        match door.front {
            Front::NoListener => Listener::closed(at).map_err(|source| cannot("bind", at, source)),
            Front::FullBacklog => Listener::full(at).await.map_err(|source| cannot("fill the backlog of", at, source)),
            _ => {
                let service = front::Service::new(door).map_err(|source| cannot("make a TLS server for", at, source))?;
                Listener::serving(at, Arc::new(service), ear)
            }
        }
    }

    /// Opens a forward proxy that tunnels to `upstream` whatever it is asked for.
    pub fn proxy(at: SocketAddr, policy: ProxyPolicy, upstream: SocketAddr, ear: Ear) -> Result<Listener, LiveError> {
        Listener::serving(at, Arc::new(connect::Service { policy, upstream, asked: AtomicU32::new(0) }), ear)
    }

    /// Opens a SOCKS5 proxy that tunnels to `upstream` whatever it is asked for.
    pub fn socks(at: SocketAddr, mode: SocksMode, upstream: SocketAddr, ear: Ear) -> Result<Listener, LiveError> {
        Listener::serving(at, Arc::new(socks::Service { mode, upstream }), ear)
    }

    /// Opens a web server that hands out these pages.
    pub fn web(at: SocketAddr, pages: Pages) -> Result<Listener, LiveError> {
        Listener::serving(at, Arc::new(web::Service { pages }), Ear::default())
    }

    /// An address that refuses connections and that nobody else can take meanwhile.
    pub fn nobody(at: SocketAddr) -> Result<Listener, LiveError> {
        Listener::closed(at).map_err(|source| cannot("bind", at, source))
    }

    /// Where it listens, the port filled in.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happened so far on the latest connections, [`KEPT`] at most.
    pub fn transcripts(&self) -> Vec<Transcript> {
        self.kept.all()
    }

    /// Sessions leave in order, then everything is closed.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }

    pub(super) fn serving<S: Serve>(at: SocketAddr, service: Arc<S>, ear: Ear) -> Result<Listener, LiveError> {
        let (listener, address) =
            bind(at).and_then(|socket| started(socket.listen(BACKLOG)?)).map_err(|error| cannot("listen on", at, error))?;
        let (stop, stopped) = watch::channel(false);
        let kept = Kept::default();
        let task = tokio::spawn(accept(listener, service, ear, kept.clone(), stopped));
        Ok(Listener { address, stop, kept, task: Some(task), _held: Vec::new() })
    }

    fn holding(address: SocketAddr, held: Vec<Held>) -> Listener {
        Listener { address, stop: watch::channel(false).0, kept: Kept::default(), task: None, _held: held }
    }

    /// Bound but not listening: a SYN is answered with RST.
    fn closed(at: SocketAddr) -> io::Result<Listener> {
        let socket = TcpSocket::new_v4_or_v6(at)?;
        socket.bind(at)?;
        Ok(Listener::holding(socket.local_addr()?, vec![Held::Bound(socket)]))
    }

    /// Connections are made until the queue of those not yet accepted is full; then SYNs are dropped.
    async fn full(at: SocketAddr) -> io::Result<Listener> {
        let (listener, address) = started(bind(at)?.listen(0)?)?;
        let mut held = vec![Held::Listening(listener)];
        while held.len() <= MOST_FILLERS {
            match tokio::time::timeout(FILLER_TIME, TcpStream::connect(address)).await {
                Ok(filler) => held.push(Held::Filler(filler?)),
                Err(_) => return Ok(Listener::holding(address, held)),
            }
        }
        Err(io::Error::other("the queue does not fill"))
    }
}

/// A door with nobody behind it.
pub(super) fn stub(at: SocketAddr, front: Front) -> Door {
    let identity = Identity { chain: Vec::new(), key: Secret::new(Vec::new()), ocsp: None };
    let mind = Mind::Server(ServerConfig::default());
    let plan = Plan { mind, edits: Vec::new(), toxics: Vec::new(), seed: 0 };
    Door {
        at,
        front,
        identity,
        client_ca: None,
        identity_without_sni: None,
        sni_required: None,
        also: None,
        witness: None,
        page: false,
        plan,
        every_second: None,
        maker: None,
        toxics_above_tls: Vec::new(),
        ear: Ear::default(),
    }
}

/// What is done with one connection.
pub(super) trait Serve: Send + Sync + 'static {
    /// Serves it to its end.
    fn serve(self: Arc<Self>, stream: Wired, peer: SocketAddr, kept: Kept, stop: watch::Receiver<bool>) -> impl Future<Output = ()> + Send;
}

async fn accept<S: Serve>(listener: TcpListener, service: Arc<S>, ear: Ear, kept: Kept, stop: watch::Receiver<bool>) {
    let mut stopping = stop.clone();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = told_to_stop(&mut stopping) => break,
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept(), if tasks.len() < AT_ONCE => match accepted {
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    let stream = ear.accepted(stream, peer);
                    tasks.spawn(service.clone().serve(stream, peer, kept.clone(), stop.clone()));
                }
                // Out of descriptors, most likely: it passes.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Returns when the handle says so or is gone.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The transcripts of the latest connections, those under way included.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Arc<Mutex<VecDeque<Record>>>);

impl Kept {
    fn all(&self) -> Vec<Transcript> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Record::transcript).collect()
    }

    /// The record of a new connection; the oldest one makes room.
    fn open(&self, head: Head) -> Record {
        let record = Record::default();
        record.change(|bounded| bounded.transcript.head = head);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.pop_front();
        }
        all.push_back(record.clone());
        record
    }
}

/// The transcript of one connection, which stops growing at [`MOST_EVENTS`].
#[derive(Clone, Debug, Default)]
pub(super) struct Record(Arc<Mutex<Bounded>>);

#[derive(Debug, Default)]
struct Bounded {
    transcript: Transcript,
    omitted: u64,
}

impl Record {
    fn change<T>(&self, change: impl FnOnce(&mut Bounded) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn transcript(&self) -> Transcript {
        let (mut transcript, omitted) = self.change(|bounded| (bounded.transcript.clone(), bounded.omitted));
        if let Some(last) = transcript.events.last().filter(|_| omitted > 0) {
            let what = What::Omitted { count: omitted };
            transcript.events.push(Event::new(last.at, None, last.layer, what));
        }
        transcript
    }
}

impl Sink for Record {
    fn event(&mut self, event: &Event) {
        self.change(|bounded| match bounded.transcript.events.len() < MOST_EVENTS {
            true => bounded.transcript.event(event),
            false => bounded.omitted += 1,
        });
    }
}

trait NewSocket: Sized {
    fn new_v4_or_v6(at: SocketAddr) -> io::Result<Self>;
}

impl NewSocket for TcpSocket {
    fn new_v4_or_v6(at: SocketAddr) -> io::Result<TcpSocket> {
        if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
    }
}

fn bind(at: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4_or_v6(at)?;
    // A lab on a fixed port is started again at once; the old connections are still in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    Ok(socket)
}

fn started(listener: TcpListener) -> io::Result<(TcpListener, SocketAddr)> {
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn cannot(doing: &'static str, to: SocketAddr, source: io::Error) -> LiveError {
    LiveError { doing, to: to.to_string(), source }
}

/// Ours: connections served at a time.
const AT_ONCE: usize = 64;
/// Ours: transcripts kept.
pub const KEPT: usize = 64;
/// Ours: events kept of one connection.
const MOST_EVENTS: usize = 10_000;
/// Ours: connections waiting to be accepted.
const BACKLOG: u32 = 64;
/// Ours: pause after a failed accept().
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Ours: sessions have so long to leave in order.
const GRACE: Duration = Duration::from_secs(1);
/// Ours: a loopback connection that takes longer found the queue full. Linux sends the SYN again after 1 s.
const FILLER_TIME: Duration = Duration::from_millis(300);
/// Ours: a queue asked to be 0 long that takes more is no such queue.
const MOST_FILLERS: usize = 64;

#[cfg(test)]
mod tests;
