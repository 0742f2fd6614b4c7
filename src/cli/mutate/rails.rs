//! Spoilt calls are for this machine, or for one whose owner is said to want them.

use super::super::args::{MutateArgs, Target as Named};
use super::super::exit::Trouble;
use super::super::sense;
use crate::jobs::probe::ProbeConfig;
use std::net::IpAddr;

/// Refuses every target that is neither.
pub fn all(args: &MutateArgs, targets: &[ProbeConfig]) -> Result<(), Trouble> {
    if args.peer.lab {
        return Ok(());
    }
    let named = |host: &str| args.peer.i_am_authorised.iter().any(|named| named.eq_ignore_ascii_case(host));
    for config in targets {
        if let Some(host) = hosts(args, config).iter().find(|host| !is_here(host) && !named(host)) {
            return Err(Trouble::Usage(format!(
                "{host} is not this machine, and spoilt calls may bring a server down. Where its owner wants that, add --i-am-authorised {host}"
            )));
        }
    }
    Ok(())
}

/// Where the target leads.
fn hosts(args: &MutateArgs, config: &ProbeConfig) -> Vec<String> {
    let connect = sense::connect(&args.way, config.target.port).and_then(|place| Named::parse(&place).ok()).map(|place| place.host);
    // A name that is resolved elsewhere is not this machine, whatever it is called.
    let resolved = config.resolver.overrides.iter().filter(|row| row.host.eq_ignore_ascii_case(&config.target.host));
    let elsewhere = resolved.flat_map(|row| row.addresses.iter().map(ToString::to_string));
    let first = connect.unwrap_or_else(|| config.target.host.clone());
    let proxied = config.proxy.as_ref().map(|_| config.target.host.clone());
    std::iter::once(first).chain(proxied).chain(elsewhere).collect()
}

/// Whether it is this machine.
pub fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
