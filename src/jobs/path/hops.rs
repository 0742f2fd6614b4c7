//! Where on the way something is cut: SYNs and hellos that go so many hops, and what the routers there say.

use super::crew::Crew;
use super::{arms, residual};
use crate::live::route::Route;
use crate::live::shots::{self, Shape};
use crate::transcript::trial::{Arm, Ending, Feeler, Hop};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Walks away from here hop by hop, where something is cut without a word, or by a word that may not be the server's.
pub(super) async fn walk(crew: &Arc<Crew>) {
    let (Some(most), Some(route)) = (crew.config.hops, crew.ground().route) else { return };
    let near = route.to.ip().is_loopback() || !route.to.is_ipv4();
    if crew.config.gentle || near || crew.config.probe.proxy.is_some() {
        return;
    }
    let feelers: &[Feeler] = match (never(crew, Arm::Tcp), never(crew, Arm::HelloNamed)) {
        (true, _) => &[Feeler::Syn, Feeler::SynOtherPort],
        // Without a name there is nothing to hold it against but a SYN.
        (false, true) => &[Feeler::Syn, Feeler::Named, Feeler::Nameless],
        (false, false) => return,
    };
    let mut behind = 0;
    for ttl in 1..=most {
        crew.wait_a_little().await;
        let mut seen = Vec::new();
        for feeler in feelers {
            seen.push(step(crew, &route, *feeler, ttl).await);
        }
        seen.iter().cloned().for_each(|hop| crew.hop(hop));
        behind += u8::from(cut(&seen));
        if behind >= BEHIND || seen.iter().any(|hop| hop.sent == Feeler::Syn && arrived(&hop.ending)) {
            return;
        }
    }
}

/// Nothing of that arm came through, and not for the server's own reasons.
pub(super) fn never(crew: &Crew, arm: Arm) -> bool {
    let trials: Vec<_> = crew.of(arm).into_iter().filter(|trial| trial.round < residual::FIRST_ROUND).collect();
    let wordless = |ending: &Ending| ending.is_wordless() || matches!(ending, Ending::Refused | Ending::NotTls | Ending::Unreachable);
    !trials.is_empty() && trials.iter().all(|trial| wordless(&trial.ending))
}

/// What was cut is not seen any more at this hop.
fn cut(seen: &[Hop]) -> bool {
    let of = |feeler: Feeler| seen.iter().find(|hop| hop.sent == feeler);
    let gone = |hop: &Hop| hop.router.is_none() && hop.ending != Ending::Answered;
    match (of(Feeler::Syn), of(Feeler::Named)) {
        (Some(syn), Some(named)) => gone(named) && !gone(syn) || named.ending != Ending::Silence,
        (Some(syn), None) => gone(syn),
        _ => false,
    }
}

/// The server, or somebody in its name, spoke.
fn arrived(ending: &Ending) -> bool {
    matches!(ending, Ending::Answered | Ending::Refused | Ending::Reset)
}

async fn step(crew: &Crew, route: &Route, sent: Feeler, ttl: u8) -> Hop {
    let within = crew.patience().min(WAITS);
    let (ending, port) = match sent {
        Feeler::Syn => shots::syn_so_far(route.to, ttl, within).await,
        Feeler::SynOtherPort => {
            let other = crew.config.other_ports.iter().copied().find(|port| *port != route.to.port()).unwrap_or(OTHER);
            shots::syn_so_far((route.to.ip(), other).into(), ttl, within).await
        }
        _ => {
            let name = (sent == Feeler::Named).then(|| crew.config.probe.target.name().trim_end_matches('.'));
            let bytes = shots::hello_bytes(Shape::Plain, name, arms::random(crew));
            shots::hello_so_far(route, &bytes, ttl, within, |port| crew.router(port).is_some()).await
        }
    };
    Hop { ttl, sent, router: router(crew, port, &ending).await, ending }
}

/// Who said time exceeded; it is waited for where the kernel heard somebody say it.
async fn router(crew: &Crew, port: Option<u16>, ending: &Ending) -> Option<IpAddr> {
    let port = port?;
    for _ in 0..LATE {
        let said = crew.router(port);
        if said.is_some() || *ending != Ending::Unreachable || !crew.hears() {
            return said;
        }
        tokio::time::sleep(SOON).await;
    }
    None
}

/// Ours: a port that nobody named; the discard service, RFC 863.
const OTHER: u16 = 9;
/// Connections for one hop at most.
pub(super) const MOST: usize = 3;
/// Ours: so many hops behind the one at which it was cut are tried too, so that one lost packet deceives nobody.
const BEHIND: u8 = 2;
/// Ours: routers that say anything say it within this time.
const WAITS: Duration = Duration::from_millis(1200);
/// Ours: times that a router is asked after.
const LATE: u32 = 10;
/// Ours: pause between them.
const SOON: Duration = Duration::from_millis(10);
