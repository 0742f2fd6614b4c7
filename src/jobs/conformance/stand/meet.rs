//! The stand without cases: any machine of ours meets the client that is started, or that is brought by hand.

use super::led::GREETING;
use super::{Stand, Subject, Taken, honest, last_line};
use crate::base::{Micros, Side};
use crate::jobs::conformance::case::Case;
use crate::live::clock::Clock;
use crate::live::listen::{Booth, Caller, Counter};
use crate::live::wiretap::Ear;
use crate::live::{LiveError, drive};
use crate::proto::Machine;
use crate::proto::auth::EapServer;
use crate::proto::plan::{CertHashes, Toxic};
use crate::transcript::Event;
use std::net::SocketAddr;
use tokio::sync::watch;

/// Where clients are met.
pub struct Place {
    counter: Counter,
    /// Hashes of the leaf that is shown.
    pub cert: CertHashes,
    /// EAP-TLS and PEAP of our end.
    pub eap: EapServer,
    /// A client that is brought by hand finds one address for all of its calls.
    booth: Option<Booth>,
    case: Case,
}

impl Place {
    /// Where somebody who brings a client leads it to.
    pub fn address(&self) -> Option<SocketAddr> {
        self.booth.as_ref().map(Booth::address)
    }
}

/// What a meeting came to.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// Why nobody spoke with us; nothing where somebody did.
    pub absent: Option<String>,
    /// The exit code of a client that ended by itself; 128 and the signal that killed it.
    pub code: Option<i32>,
}

impl Stand {
    /// Sets up a place; what goes through it is told to `ear`.
    pub fn place(&self, ear: Ear) -> Result<Place, LiveError> {
        let mut scene = self.stage.scene(None, ear)?;
        if !self.config.hold.is_zero() {
            scene.door.plan.toxics.push(Toxic::Delay(self.config.hold));
        }
        let booth = match self.config.subject {
            Subject::Hand(_) => Some(Booth::open(self.config.at)?),
            _ => None,
        };
        let (cert, eap) = (scene.cert, self.stage.eap().clone());
        Ok(Place { counter: Counter::new(scene.door)?, cert, eap, booth, case: honest(true) })
    }

    /// Starts the client and lets the machine speak with it.
    pub async fn meet<M: Machine>(
        &self,
        place: &Place,
        clock: &Clock,
        halted: &mut watch::Receiver<bool>,
        make: impl FnOnce(Micros) -> M,
    ) -> Result<Met, LiveError> {
        let taken = Taken::port(self, None);
        let own = match place.booth {
            Some(_) => None,
            None => Some(Booth::open(SocketAddr::new(self.config.at.ip(), taken.port))?),
        };
        let Some(booth) = place.booth.as_ref().or(own.as_ref()) else { return Ok(Met::default()) };
        let mut running = self.config.subject.start(self, &place.case, booth.address().port(), clock)?;
        let caller = tokio::select! {
            caller = called(booth) => caller,
            _ = running.ended() => None,
            () = self.patience() => None,
            _ = halted.wait_for(|halted| *halted) => None,
        };
        let mut events: Vec<Event> = Vec::new();
        let stream = match caller {
            Some(caller) => place.counter.receive(caller, clock, &mut events).await,
            None => None,
        };
        let spoke = stream.is_some();
        if let Some(stream) = stream {
            drive::run(stream, make(clock.now()), Side::Server, clock, &mut events, halted).await;
        }
        let code = match &own {
            // Whoever looks at the server once more when the call is over is not kept waiting.
            Some(booth) => tokio::select! {
                code = running.end() => code,
                () = turned_away(booth) => None,
            },
            None => running.end().await,
        };
        let said = self.said(&running);
        let last = last_line(&said).map(|line| format!("; it said: {line}")).unwrap_or_default();
        Ok(Met { absent: (!spoke).then(|| format!("the client did not come through TLS{last}")), code })
    }
}

/// The next call; who only asks what the server speaks makes none.
async fn called(booth: &Booth) -> Option<Caller> {
    loop {
        let caller = booth.caller().await.ok()?;
        if !matches!(tokio::time::timeout(GREETING, caller.is_test()).await, Ok(true)) {
            return Some(caller);
        }
    }
}

/// Closes what comes, for ever.
async fn turned_away(booth: &Booth) {
    loop {
        if booth.caller().await.is_err() {
            tokio::time::sleep(GREETING).await;
        }
    }
}
