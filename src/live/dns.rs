//! Name resolution as the operating system does it, with overrides and a choice of family.

use super::notes::{Notes, timed_out};
use crate::base::Layer;
use crate::transcript::{DnsFailure, Reason, What};
use std::net::IpAddr;
use std::time::Duration;

/// Which IP family may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Either.
    #[default]
    Any,
    /// IPv4 only (`-4`).
    V4,
    /// IPv6 only (`-6`).
    V6,
}

impl Family {
    /// Whether an address is of the family.
    pub fn allows(self, address: &IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Family::Any => "IP",
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }
}

/// Addresses given by the user for a name, in place of what the resolver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The name.
    pub host: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

impl Override {
    /// Reads `HOST:ADDR[,ADDR]`; IPv6 addresses may be in brackets. `None` when it is anything else.
    pub fn parse(text: &str) -> Option<Override> {
        let (host, addresses) = text.split_once(':')?;
        let address = |text: &str| text.trim().trim_start_matches('[').trim_end_matches(']').parse().ok();
        let addresses: Vec<IpAddr> = addresses.split(',').map(address).collect::<Option<_>>()?;
        (!host.is_empty()).then(|| Override { host: host.to_string(), addresses })
    }
}

/// How names are resolved.
#[derive(Clone, Debug, Default)]
pub struct Resolver {
    /// Family.
    pub family: Family,
    /// Overrides, the first one for a name counts.
    pub overrides: Vec<Override>,
}

/// The addresses of `host`, or nothing after a `Down` was noted. An address literal resolves to itself without a resolver.
pub async fn resolve(host: &str, resolver: &Resolver, within: Duration, notes: &mut Notes<'_>) -> Option<Vec<IpAddr>> {
    notes.began(Layer::Dns);
    match found(host, resolver, within).await {
        Ok(addresses) => {
            notes.note(None, Layer::Dns, What::Resolved { name: host.to_string(), addresses: addresses.clone() });
            notes.up(Layer::Dns);
            Some(addresses)
        }
        Err((failure, says)) => {
            notes.note(None, Layer::Dns, What::Unresolved { name: host.to_string(), failure, says: says.clone() });
            notes.down(
                Layer::Dns,
                match failure {
                    DnsFailure::TimedOut => timed_out("answer of the resolver", within),
                    _ => Reason::Refused(says),
                },
            );
            None
        }
    }
}

/// The addresses of `host`; nothing is noted. The error is for a person.
pub async fn look_up(host: &str, resolver: &Resolver, within: Duration) -> Result<Vec<IpAddr>, String> {
    found(host, resolver, within).await.map_err(|(_, says)| says)
}

async fn found(host: &str, resolver: &Resolver, within: Duration) -> Result<Vec<IpAddr>, (DnsFailure, String)> {
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let found = match (literal, resolver.overrides.iter().find(|row| row.host.eq_ignore_ascii_case(host))) {
        (Some(address), _) => vec![address],
        (None, Some(row)) => row.addresses.clone(),
        (None, None) => ask_system(host, within).await?,
    };
    of_family(found, resolver.family)
}

async fn ask_system(host: &str, within: Duration) -> Result<Vec<IpAddr>, (DnsFailure, String)> {
    match tokio::time::timeout(within, tokio::net::lookup_host((host, 0))).await {
        Err(_) => Err((DnsFailure::TimedOut, "the resolver gave no answer in time".into())),
        Ok(Err(error)) => Err((classify(&error.to_string()), error.to_string())),
        Ok(Ok(found)) => {
            let mut addresses = Vec::new();
            for address in found.map(|found| found.ip()) {
                if !addresses.contains(&address) && addresses.len() < MAX_ADDRESSES {
                    addresses.push(address);
                }
            }
            Ok(addresses)
        }
    }
}

fn of_family(found: Vec<IpAddr>, family: Family) -> Result<Vec<IpAddr>, (DnsFailure, String)> {
    let (fit, other): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(|address| family.allows(address));
    if !fit.is_empty() {
        return Ok(fit);
    }
    let others: Vec<String> = other.iter().map(IpAddr::to_string).collect();
    let says = match others.is_empty() {
        true => "the name has no address".to_string(),
        false => format!("no {} address, only {}", family.name(), others.join(", ")),
    };
    Err((DnsFailure::NoData, says))
}

/// Which kind of no the words of getaddrinfo mean: glibc, musl, macOS and Windows each have their own.
pub fn classify(says: &str) -> DnsFailure {
    WORDS.iter().find(|row| says.contains(row.0)).map_or(DnsFailure::Other, |row| row.1)
}

/// Words of getaddrinfo (`gai_strerror`, `FormatMessage`) and what they mean; the first row that fits counts.
const WORDS: &[(&str, DnsFailure)] = &[
    ("No address associated with", DnsFailure::NoData),
    ("Name has no usable address", DnsFailure::NoData),
    ("no data of the requested type", DnsFailure::NoData),
    ("Address family for hostname not supported", DnsFailure::NoData),
    ("Temporary failure in name resolution", DnsFailure::TryAgain),
    ("Non-recoverable failure in name resolution", DnsFailure::TryAgain),
    ("Non-recoverable error", DnsFailure::TryAgain),
    ("Try again", DnsFailure::TryAgain),
    ("temporary error during hostname resolution", DnsFailure::TryAgain),
    ("Name or service not known", DnsFailure::NxDomain),
    ("Name does not resolve", DnsFailure::NxDomain),
    ("nodename nor servname provided", DnsFailure::NxDomain),
    ("No such host is known", DnsFailure::NxDomain),
];

/// Ours: more addresses of one name are left out.
const MAX_ADDRESSES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock::Clock;
    use crate::transcript::Event;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
    }

    fn resolved(host: &str, resolver: &Resolver) -> (Option<Vec<IpAddr>>, Vec<Event>) {
        let (clock, mut events) = (Clock::start(), Vec::new());
        let found = block_on(resolve(host, resolver, Duration::from_secs(5), &mut Notes::new(&clock, &mut events)));
        (found, events)
    }

    #[test]
    fn an_override_reads_like_the_one_of_curl() {
        let row = Override::parse("vpn.example.test:192.0.2.1,[2001:db8::1]").expect("two addresses");
        assert_eq!(row.host, "vpn.example.test");
        assert_eq!(row.addresses, ["192.0.2.1".parse::<IpAddr>().expect("v4"), "2001:db8::1".parse().expect("v6")]);
        assert_eq!(Override::parse("vpn.example.test:nowhere"), None);
        assert_eq!(Override::parse("vpn.example.test"), None);
        assert_eq!(Override::parse(":192.0.2.1"), None);
    }

    #[test]
    fn a_literal_is_its_own_address_and_an_override_is_noted() {
        let (found, events) = resolved("[::1]", &Resolver::default());
        assert_eq!((found, events.len()), (Some(vec!["::1".parse().expect("v6")]), 3));
        let overrides = vec![Override::parse("VPN.example.test:192.0.2.1").expect("one")];
        let (found, events) = resolved("vpn.example.test", &Resolver { overrides, ..Resolver::default() });
        assert_eq!(found.map(|found| found.len()), Some(1));
        let whats: Vec<&What> = events.iter().map(|event| &event.what).collect();
        assert!(matches!(whats[..], [What::Began, What::Resolved { .. }, What::Up]), "{whats:?}");
    }

    #[test]
    fn a_name_without_an_address_of_the_family_is_no_data() {
        let overrides = vec![Override::parse("vpn.example.test:192.0.2.1").expect("one")];
        let (found, events) = resolved("vpn.example.test", &Resolver { overrides, family: Family::V6 });
        assert_eq!(found, None);
        assert!(matches!(&events[1].what, What::Unresolved { failure: DnsFailure::NoData, says, .. } if says.contains("192.0.2.1")));
        assert!(matches!(&events[2].what, What::Down(Reason::Refused(_))));
    }

    #[test]
    fn the_words_of_four_systems_are_understood() {
        let classify = |says: &str| classify(&format!("failed to lookup address information: {says}"));
        assert_eq!(classify("Name or service not known"), DnsFailure::NxDomain);
        assert_eq!(classify("No address associated with hostname"), DnsFailure::NoData);
        assert_eq!(classify("Temporary failure in name resolution"), DnsFailure::TryAgain);
        assert_eq!(classify("Name does not resolve"), DnsFailure::NxDomain);
        assert_eq!(classify("nodename nor servname provided, or not known"), DnsFailure::NxDomain);
        assert_eq!(classify("No such host is known. (os error 11001)"), DnsFailure::NxDomain);
        assert_eq!(classify("System error"), DnsFailure::Other);
    }
}
