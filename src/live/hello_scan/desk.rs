//! Where the hellos of a survey queue: so many at once, so long in all, so many altogether.

use super::ask::{Heard, ask};
use super::shares::Shares;
use crate::live::route::Route;
use crate::wire::tls::{ClientHello, TLS13, Until};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// Shared by everything that asks in one survey.
pub(super) struct Desk {
    route: Route,
    each: Duration,
    until: Instant,
    seats: Semaphore,
    connections: AtomicU32,
    odd: AtomicU32,
    late: AtomicBool,
}

impl Desk {
    pub fn new(route: Route, at_once: usize, each: Duration, all: Duration) -> Desk {
        Desk {
            route,
            each,
            until: Instant::now() + all,
            seats: Semaphore::new(at_once.max(1)),
            connections: AtomicU32::new(0),
            odd: AtomicU32::new(0),
            late: AtomicBool::new(false),
        }
    }

    /// Asks without key shares. Nothing when time or connections are used up.
    pub async fn ask(&self, hello: &ClientHello, until: Until) -> Option<Heard> {
        self.ask_with(hello.clone(), false, until).await
    }

    /// Asks with key shares of our own where TLS 1.3 is offered.
    pub async fn ask_widely(&self, hello: ClientHello, until: Until) -> Option<Heard> {
        self.ask_with(hello, true, until).await
    }

    async fn ask_with(&self, mut hello: ClientHello, with_shares: bool, until: Until) -> Option<Heard> {
        let heard = timeout_at(self.until, async {
            let _seat = self.seats.acquire().await.ok()?;
            if self.connections.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                return None;
            }
            let shares = if with_shares && hello.versions.contains(&TLS13) { Shares::new() } else { Shares::default() };
            if with_shares {
                hello.key_shares = shares.offered();
            }
            Some(ask(&self.route, &hello, shares, until, self.each).await)
        });
        let heard = heard.await.ok().flatten();
        match &heard {
            None => self.late.store(true, Ordering::Relaxed),
            Some(heard) if heard.is_odd() => drop(self.odd.fetch_add(1, Ordering::Relaxed)),
            Some(_) => {}
        }
        heard
    }

    /// Connections tried so far.
    pub fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed).min(MOST_CONNECTIONS)
    }

    /// Some hello was met with no word of TLS.
    pub fn was_odd(&self) -> bool {
        self.odd.load(Ordering::Relaxed) > 0
    }

    /// Some hello was not sent because time or connections were used up.
    pub fn was_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }
}

/// Ours: a survey makes no more connections, whatever the server answers.
const MOST_CONNECTIONS: u32 = 600;
