//! TCP connections to every address of a name at once.

use super::notes::{Notes, timed_out};
use super::wiretap::{Ear, Wired};
use crate::base::{Layer, Micros, Side};
use crate::transcript::{ConnectFailure, How, Reason, What};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Where the call goes on, and the other addresses that connected too.
#[derive(Debug)]
pub struct Dialled {
    /// The connection.
    pub stream: Wired,
    /// Its peer.
    pub to: SocketAddr,
    /// Connections to the other addresses, in the resolver's order.
    pub others: Vec<(SocketAddr, Wired)>,
}

/// Connects to all `addresses`, notes each attempt, and chooses the first in the resolver's order that connected.
pub async fn dial(addresses: &[SocketAddr], within: Duration, ear: &Ear, notes: &mut Notes<'_>) -> Option<Dialled> {
    notes.began(Layer::Tcp);
    let (mut made, mut failed) = (Vec::new(), Vec::new());
    let mut race = Race::new(addresses, within, ear);
    while let Some((place, to, attempt)) = race.next().await {
        note_attempt(to, &attempt, notes);
        match attempt.result {
            Ok(stream) => made.push((place, to, stream)),
            Err(error) => failed.push((place, error)),
        }
    }
    for to in race.open {
        note_attempt(to.1, &Attempt { took: race.began.elapsed(), result: Err(ErrorKind::TimedOut.into()) }, notes);
    }
    failed.sort_by_key(|row| row.0);
    choose(made, notes).or_else(|| {
        notes.down(Layer::Tcp, reason(failed.into_iter().map(|row| row.1).collect(), within));
        None
    })
}

/// One TCP connection with Nagle's algorithm off; nothing is noted.
pub async fn connect_quietly(to: SocketAddr, within: Duration, ear: &Ear) -> io::Result<Wired> {
    connect(to, within, ear).await.result
}

/// What kind of no an error of connect() is.
pub fn classify(error: &io::Error) -> ConnectFailure {
    match error.kind() {
        ErrorKind::ConnectionRefused => ConnectFailure::Refused,
        ErrorKind::TimedOut => ConnectFailure::TimedOut,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => ConnectFailure::Reset,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable => {
            ConnectFailure::Unreachable
        }
        _ => ConnectFailure::Other,
    }
}

struct Attempt {
    took: Duration,
    result: io::Result<Wired>,
}

async fn connect(to: SocketAddr, within: Duration, ear: &Ear) -> Attempt {
    let began = Instant::now();
    let result = match timeout(within, ear.connect(to)).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::from(ErrorKind::TimedOut)),
    };
    let took = began.elapsed();
    let result = result.and_then(|stream| stream.socket().set_nodelay(true).map(|()| stream));
    Attempt { took, result }
}

/// Attempts under way, a few at a time.
struct Race<'a> {
    queue: std::iter::Enumerate<std::iter::Copied<std::slice::Iter<'a, SocketAddr>>>,
    under_way: JoinSet<(usize, SocketAddr, Attempt)>,
    open: Vec<(usize, SocketAddr)>,
    within: Duration,
    ear: &'a Ear,
    began: Instant,
    patience: Option<tokio::time::Instant>,
}

impl<'a> Race<'a> {
    fn new(addresses: &'a [SocketAddr], within: Duration, ear: &'a Ear) -> Race<'a> {
        let queue = addresses.iter().copied().enumerate();
        let mut race = Race { queue, under_way: JoinSet::new(), open: Vec::new(), within, ear, began: Instant::now(), patience: None };
        (0..AT_ONCE).for_each(|_| race.start_one());
        race
    }

    fn start_one(&mut self) {
        if let Some((place, to)) = self.queue.next() {
            let (within, ear) = (self.within, self.ear.clone());
            self.open.push((place, to));
            self.under_way.spawn(async move { (place, to, connect(to, within, &ear).await) });
        }
    }

    /// The next attempt that ended; nothing when all have, or when one connected and the others had their time after it.
    async fn next(&mut self) -> Option<(usize, SocketAddr, Attempt)> {
        let joined = match self.patience {
            None => self.under_way.join_next().await,
            Some(until) => tokio::time::timeout_at(until, self.under_way.join_next()).await.ok().flatten(),
        };
        let (place, to, attempt) = joined?.ok()?;
        self.open.retain(|row| row.0 != place);
        if attempt.result.is_ok() {
            self.patience.get_or_insert(tokio::time::Instant::now() + STRAGGLERS);
        }
        self.start_one();
        Some((place, to, attempt))
    }
}

fn note_attempt(to: SocketAddr, attempt: &Attempt, notes: &mut Notes<'_>) {
    let took = Micros::from(attempt.took);
    let what = match &attempt.result {
        Ok(stream) => match stream.socket().local_addr() {
            Ok(from) => What::Connected { to, from, took },
            Err(error) => What::NotConnected { to, failure: classify(&error), says: error.to_string(), took },
        },
        Err(error) => What::NotConnected { to, failure: classify(error), says: error.to_string(), took },
    };
    notes.note(Some(Side::Client), Layer::Tcp, what);
}

fn choose(mut made: Vec<(usize, SocketAddr, Wired)>, notes: &mut Notes<'_>) -> Option<Dialled> {
    made.sort_by_key(|row| row.0);
    let mut made = made.into_iter().map(|(_, to, stream)| (to, stream));
    let (to, stream) = made.next()?;
    notes.note(Some(Side::Client), Layer::Tcp, What::Chosen { to });
    notes.up(Layer::Tcp);
    Some(Dialled { stream, to, others: made.collect() })
}

/// One reason for all attempts: a refusal says more than a silence.
fn reason(errors: Vec<io::Error>, within: Duration) -> Reason {
    let best = errors.into_iter().min_by_key(|error| match classify(error) {
        ConnectFailure::Refused => 0,
        ConnectFailure::Reset => 1,
        ConnectFailure::Unreachable => 2,
        ConnectFailure::Other => 3,
        ConnectFailure::TimedOut => 4,
    });
    match best.map(|error| (classify(&error), error.to_string())) {
        None | Some((ConnectFailure::TimedOut, _)) => timed_out("TCP connection", within),
        Some((ConnectFailure::Reset, _)) => Reason::Closed(How::Reset),
        Some((_, says)) => Reason::Refused(says),
    }
}

/// Ours: so many attempts at once.
const AT_ONCE: usize = 8;
/// Ours: once an address connected the others have so long to do so too: one lost SYN (RFC 6298 2: 1 s) and a round trip.
const STRAGGLERS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock::Clock;
    use crate::transcript::Event;
    use tokio::net::TcpListener;

    async fn free_port() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        (listener, address)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_first_in_order_that_connects_is_chosen_and_the_others_are_kept() {
        let (_a, first) = free_port().await;
        let (_b, second) = free_port().await;
        let (closed, refused) = free_port().await;
        drop(closed);
        let (clock, mut events) = (Clock::start(), Vec::<Event>::new());
        let dialled = dial(&[refused, first, second], Duration::from_secs(5), &Ear::default(), &mut Notes::new(&clock, &mut events)).await;
        let dialled = dialled.expect("two listen");
        assert_eq!((dialled.to, dialled.others.len(), dialled.others[0].0), (first, 1, second));
        assert!(dialled.stream.socket().nodelay().expect("a socket"));
        let refusals = events
            .iter()
            .filter(|event| matches!(&event.what, What::NotConnected { to, failure: ConnectFailure::Refused, .. } if *to == refused));
        assert_eq!(refusals.count(), 1);
        assert!(matches!(events.last().map(|event| &event.what), Some(What::Up)));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn when_nobody_listens_the_layer_is_down_with_the_refusal() {
        let (closed, refused) = free_port().await;
        drop(closed);
        let (clock, mut events) = (Clock::start(), Vec::<Event>::new());
        assert!(dial(&[refused], Duration::from_secs(5), &Ear::default(), &mut Notes::new(&clock, &mut events)).await.is_none());
        assert!(matches!(events.last().map(|event| &event.what), Some(What::Down(Reason::Refused(_)))));
    }

    #[test]
    fn a_refusal_says_more_than_a_silence() {
        let errors = |kinds: &[ErrorKind]| kinds.iter().map(|kind| io::Error::from(*kind)).collect();
        let within = Duration::from_secs(1);
        assert!(matches!(reason(errors(&[ErrorKind::TimedOut, ErrorKind::ConnectionRefused]), within), Reason::Refused(_)));
        assert!(matches!(reason(errors(&[ErrorKind::TimedOut]), within), Reason::TimedOut { .. }));
        assert_eq!(reason(errors(&[ErrorKind::ConnectionReset]), within), Reason::Closed(How::Reset));
    }
}
