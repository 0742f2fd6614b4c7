//! Spoilt calls are for this machine, or for one whose owner is said to want them.

use super::super::args::MutateArgs;
use super::super::exit::Trouble;
use super::super::sense;
use crate::jobs::probe::ProbeConfig;

/// Refuses every target that is neither.
pub fn all(args: &MutateArgs, targets: &[ProbeConfig]) -> Result<(), Trouble> {
    if args.peer.lab {
        return Ok(());
    }
    let named = |host: &str| args.peer.i_am_authorised.iter().any(|named| named.eq_ignore_ascii_case(host));
    for config in targets {
        if let Some(host) = sense::leads_to(&args.way, config).iter().find(|host| !sense::is_here(host) && !named(host)) {
            return Err(Trouble::Usage(format!(
                "{host} is not this machine, and spoilt calls may bring a server down. Where its owner wants that, add --i-am-authorised {host}"
            )));
        }
    }
    Ok(())
}

/// Everything that calls to it reach is this machine.
pub fn is_here(args: &MutateArgs, config: &ProbeConfig) -> bool {
    sense::leads_to(&args.way, config).iter().all(|host| sense::is_here(host))
}
