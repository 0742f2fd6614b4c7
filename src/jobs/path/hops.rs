//! Where on the way a hello is cut: hellos that go so many hops, with the name and without it.

use super::arms;
use super::crew::Crew;
use crate::transcript::trial::{Arm, Ending, Hop};
use std::sync::Arc;

/// Walks away from here hop by hop, as long as a cut hello is of interest and somebody may be there.
pub(super) async fn walk(crew: &Arc<Crew>) {
    let (Some(most), ground) = (crew.config.hops, crew.ground()) else { return };
    let speaks = |ending: &Ending| matches!(ending, Ending::Reset | Ending::Closed | Ending::Alert(_) | Ending::NotTls);
    let cut = crew.of(Arm::HelloNamed).iter().any(|trial| speaks(&trial.ending));
    let loopback = ground.route.as_ref().is_none_or(|route| route.to.ip().is_loopback());
    if crew.config.gentle || !cut || loopback || crew.config.probe.proxy.is_some() {
        return;
    }
    for ttl in 1..=most {
        let named = arms::hello(crew, &ground, Arm::HelloNamed, None, Some(ttl.into())).await;
        let other = arms::hello(crew, &ground, Arm::HelloNameless, None, Some(ttl.into())).await;
        let over = speaks(&named.ending) && speaks(&other.ending) || other.ending == Ending::Answered;
        let router = |port: Option<u16>| port.and_then(|port| crew.router(port));
        crew.hop(Hop { ttl, named: true, ending: named.ending, router: router(named.saw.port) });
        crew.hop(Hop { ttl, named: false, ending: other.ending, router: router(other.saw.port) });
        if over {
            return;
        }
    }
}
