//! Where the first address of the name is dead, the others are tried, once each: further ones of the same answer, and those that other
//! resolvers give.

use super::crew::Crew;
use crate::transcript::trial::Arm;
use std::sync::Arc;

/// Looks for an address that is alive.
pub(super) async fn look(crew: &Arc<Crew>) {
    if crew.config.probe.proxy.is_some() || crew.of(Arm::Tcp).is_empty() || crew.passed(Arm::Tcp) {
        return;
    }
    let ground = crew.ground();
    // Whether a family works is tried by itself.
    let family = |at: &usize| ground.further.get(*at) != ground.other_family.as_ref();
    let further = (0..ground.further.len()).filter(family).map(|place| (Arm::TlsOtherAddress, place));
    let all = further.chain((0..ground.elsewhere.len()).map(|place| (Arm::TlsElsewhere, place)));
    crew.round(1, all.take(MOST).map(|(arm, place)| (arm, Some(place as u64))).collect()).await;
}

/// Ours: names of services have hundreds of addresses.
pub(super) const MOST: usize = 6;
