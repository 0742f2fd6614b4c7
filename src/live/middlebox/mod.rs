//! A box between a client and a server, in this process: it passes a connection on, and does to it what firewalls, proxies and bad
//! lines do.

mod cut;
mod inside;
pub mod names;
mod relay;
mod rule;

pub use inside::HttpRule;
pub use rule::{Act, Hello, Rule};

use super::LiveError;
use super::listen::{Door, Front, Identity, Kept, Listener, Serve, drain, say_and_close, stub};
use super::tap::Tap;
use super::toxic::Resettable;
use super::wiretap::{Ear, Wired};
use crate::base::{Layer, Reader};
use crate::wire::tls::record::{HANDSHAKE, HEADER_LEN, Header};
use crate::wire::tls::{Offer, TLS12};
use inside::Inspector;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// What box is wanted.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// Where it passes connections on to.
    pub upstream: SocketAddr,
    /// What it does, in this order.
    pub rules: Vec<Rule>,
    /// The name that its rules are about.
    pub name: String,
    /// Who it is where it ends TLS itself.
    pub who: Option<Identity>,
}

/// Opens a box. Needs a tokio runtime.
pub async fn open(at: SocketAddr, scheme: Scheme) -> Result<Listener, LiveError> {
    for rule in &scheme.rules {
        match rule {
            Rule::Refuses => return Listener::nobody(at),
            Rule::DropsSyn => return Listener::open(stub(at, Front::FullBacklog)).await,
            _ => {}
        }
    }
    let inspects = scheme.rules.iter().find_map(|rule| match rule {
        Rule::Inspects(rules) => Some(*rules),
        _ => None,
    });
    let inspector = match (inspects, &scheme.who) {
        (Some(rules), Some(who)) => Some(Inspector::new(rules, &door(at, who)).map_err(|error| cannot(at, error))?),
        _ => None,
    };
    let service = Middlebox {
        scheme,
        inspector,
        open: AtomicUsize::new(0),
        met: AtomicUsize::new(0),
        latest: Mutex::default(),
        shut: Mutex::new(None),
    };
    Listener::serving(at, Arc::new(service), Ear::default())
}

fn door(at: SocketAddr, who: &Identity) -> Door {
    Door { identity: who.clone(), ..stub(at, Front::Tls) }
}

fn cannot(at: SocketAddr, error: rustls::Error) -> LiveError {
    LiveError { doing: "make a TLS server for", to: at.to_string(), source: std::io::Error::other(error) }
}

struct Middlebox {
    scheme: Scheme,
    inspector: Option<Inspector>,
    /// Connections that are open.
    open: AtomicUsize,
    /// Connections that came.
    met: AtomicUsize,
    /// When the latest ones came, where somebody counts them.
    latest: Mutex<VecDeque<Instant>>,
    /// Until when everything is turned away.
    shut: Mutex<Option<Instant>>,
}

impl Serve for Middlebox {
    async fn serve(self: Arc<Self>, stream: Wired, peer: SocketAddr, _: Kept, mut stop: watch::Receiver<bool>) {
        let _slot = Slot::take(&self.open);
        tokio::select! {
            () = self.meet(stream, peer) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

/// Counts a connection as long as it lives.
struct Slot<'a>(&'a AtomicUsize);

impl<'a> Slot<'a> {
    fn take(count: &'a AtomicUsize) -> Slot<'a> {
        count.fetch_add(1, Ordering::Relaxed);
        Slot(count)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Middlebox {
    async fn meet(&self, mut client: Wired, peer: SocketAddr) {
        if let Some(act) = self.at_the_door(peer) {
            return perform(act, client, &[]).await;
        }
        let (first, ahead) = self.first_words(&mut client).await;
        if let Some(act) = self.about_hello(first.as_ref(), &ahead) {
            self.shut_for_a_while();
            return perform(act, client, &ahead).await;
        }
        match (&self.inspector, first) {
            (Some(inspector), Some(hello)) => {
                let name = hello.server_name.unwrap_or_else(|| self.scheme.name.clone());
                inspector.between(Tap::new(client, ahead), self.scheme.upstream, &name).await;
            }
            _ => {
                let Ok(server) = TcpStream::connect(self.scheme.upstream).await else {
                    return perform(Act::Reset, client, &[]).await;
                };
                let _ = server.set_nodelay(true);
                relay::run(client, server, ahead, &self.scheme.rules).await;
            }
        }
    }

    /// What is done before a word is said.
    fn at_the_door(&self, peer: SocketAddr) -> Option<Act> {
        let met = self.met.fetch_add(1, Ordering::Relaxed);
        if self.shut.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until) {
            return Some(Act::Silence);
        }
        self.scheme.rules.iter().find_map(|rule| match rule {
            Rule::Meets(act) => Some(*act),
            Rule::AtOnce(most, act) if self.open.load(Ordering::Relaxed) > *most => Some(*act),
            Rule::PerTime(most, time, act) if self.came_within(*time) > *most => Some(*act),
            Rule::Every(nth, act) if met % nth.max(&1) == nth - 1 => Some(*act),
            Rule::SourcePort(belongs, act) if belongs(peer.port()) => Some(*act),
            _ => None,
        })
    }

    /// Connections that came within such a time, with this one.
    fn came_within(&self, time: Duration) -> usize {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.push_back(Instant::now());
        latest.retain(|came| came.elapsed() < time);
        latest.len()
    }

    /// The ClientHello, if anybody here wants to know, and all that was read.
    async fn first_words(&self, client: &mut Wired) -> (Option<Offer>, Vec<u8>) {
        let mut ahead = Vec::new();
        let wants = |rule: &Rule| matches!(rule, Rule::Hello(_) | Rule::HelloOver(..) | Rule::SplitHello(_) | Rule::Inspects(_));
        if !self.scheme.rules.iter().any(wants) {
            return (None, ahead);
        }
        let reads = async {
            let mut chunk = [0; 4096];
            while let Ok(n) = client.read(&mut chunk).await {
                ahead.extend_from_slice(chunk.get(..n).unwrap_or_default());
                if n == 0 || offer(&ahead).is_some() || ahead.first() != Some(&HANDSHAKE) {
                    break;
                }
                let first_only =
                    |rule: &Rule| matches!(rule, Rule::SplitHello(_)) || matches!(rule, Rule::Hello(hello) if !hello.reassembles);
                if self.scheme.rules.iter().any(first_only) {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(FIRST_WORDS, reads).await;
        (offer(&ahead), ahead)
    }

    fn about_hello(&self, hello: Option<&Offer>, ahead: &[u8]) -> Option<Act> {
        let Some(hello) = hello else {
            let split = |rule: &Rule| match rule {
                Rule::SplitHello(act) if ahead.first() == Some(&HANDSHAKE) => Some(*act),
                _ => None,
            };
            return self.scheme.rules.iter().find_map(split);
        };
        self.scheme.rules.iter().find_map(|rule| match rule {
            Rule::Hello(row) if (row.on)(hello, &self.scheme.name) && ahead.len() > HEADER_LEN => Some(row.act),
            Rule::HelloOver(most, act) if ahead.len() > *most => Some(*act),
            _ => None,
        })
    }

    fn shut_for_a_while(&self) {
        let residual = self.scheme.rules.iter().find_map(|rule| match rule {
            Rule::Residual(time) => Some(*time),
            _ => None,
        });
        if let Some(time) = residual {
            *self.shut.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + time);
        }
    }
}

/// Does it to a client that said these words.
async fn perform(act: Act, mut client: Wired, words: &[u8]) {
    match act {
        Act::Reset => {
            client.reset_on_drop();
        }
        Act::Silence => drain(&mut client).await,
        Act::Close => say_and_close(&mut client, b"").await,
        Act::Alert(description) => {
            let [major, minor] = TLS12.to_be_bytes();
            say_and_close(&mut client, &[21, major, minor, 0, 2, 2, description]).await;
        }
        Act::Says(text) => {
            if words.is_empty() {
                // Who asks speaks first.
                let mut some = [0; 1024];
                let _ = tokio::time::timeout(FIRST_WORDS, client.read(&mut some)).await;
            }
            say_and_close(&mut client, text.as_bytes()).await;
        }
    }
}

/// The ClientHello at the start of a stream, when all of its record is there.
fn offer(bytes: &[u8]) -> Option<Offer> {
    let Header { kind, len, .. } = Header::parse(bytes).ok()??;
    let body = bytes.get(HEADER_LEN..HEADER_LEN + len).filter(|_| kind == HANDSHAKE)?;
    let mut reader = Reader::new(Layer::Tls, body);
    let client_hello = reader.u8("handshake type").ok()? == 1;
    reader.u24("handshake length").ok()?;
    Offer::parse(&mut reader).ok().filter(|_| client_hello)
}

/// Writes all of it, or says that it could not.
async fn write<S: tokio::io::AsyncWrite + Unpin>(to: &mut S, bytes: &[u8]) -> bool {
    let all = async {
        to.write_all(bytes).await?;
        to.flush().await
    };
    matches!(tokio::time::timeout(WRITE_TIME, all).await, Ok(Ok(())))
}

/// Ours: who has not said a word after so long is passed on as it is.
const FIRST_WORDS: Duration = Duration::from_secs(10);
/// Ours: a peer that takes so long to read is given up.
const WRITE_TIME: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
