//! Which proxy to go through: `--proxy`, else `HTTPS_PROXY` unless `NO_PROXY` excepts the server.

use super::args::{Target, WayArgs};
use super::exit::Trouble;
use super::password;
use crate::base::Secret;
use crate::live::proxy::ProxyConfig;
use std::net::IpAddr;

/// Reads `--proxy`. A password is refused: arguments can be read by every user of the machine.
pub fn from_argument(text: &str) -> Result<ProxyConfig, String> {
    let hint = "a password must not stand in the URL, where others can read it; use --proxy-password-file or SSTP_DIAG_PROXY_PASSWORD";
    let rest = text.split_once("://").map_or(text, |parts| parts.1);
    if rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
        return Err(hint.into());
    }
    ProxyConfig::parse(text).map_err(|error| error.to_string())
}

/// The proxy for `target`, its password filled in.
pub fn choose(way: &WayArgs, target: &Target) -> Result<Option<ProxyConfig>, Trouble> {
    let mut proxy = match &way.proxy {
        Some(url) => Some(from_argument(url).map_err(|error| Trouble::Usage(format!("--proxy: {error}")))?),
        None if way.no_proxy => None,
        None => from_environment(target)?,
    };
    if let Some(credentials) = proxy.as_mut().and_then(|proxy| proxy.credentials.as_mut()) {
        let empty = credentials.password.expose().is_empty();
        if let Some(given) = password::of_proxy(way.proxy_password_file.as_deref(), &credentials.user, empty)? {
            credentials.password = given;
        }
    } else if way.proxy_password_file.is_some() {
        return Err(Trouble::Usage("--proxy-password-file needs a proxy with a user: --proxy http://user@host:port".into()));
    }
    Ok(proxy)
}

fn from_environment(target: &Target) -> Result<Option<ProxyConfig>, Trouble> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let Some((name, url)) = ["https_proxy", "HTTPS_PROXY"].into_iter().find_map(|name| Some((name, set(name)?))) else {
        return Ok(None);
    };
    let except = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
    if excepted(&except, &target.host, target.port) {
        return Ok(None);
    }
    let unusable = |error| Trouble::Usage(format!("the environment variable {name}: {error}; --no-proxy passes it over"));
    ProxyConfig::parse(&url).map(Some).map_err(unusable)
}

/// Whether `NO_PROXY` names the host: `*`, a name or a domain above it, an address, a network, each with or without a port.
fn excepted(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let (name, only) = match entry.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse::<u16>().ok()),
            _ => (entry.as_str(), None),
        };
        only.is_none_or(|only| only == port) && names(name.trim_start_matches('[').trim_end_matches(']'), &host)
    })
}

fn names(entry: &str, host: &str) -> bool {
    let domain = entry.trim_start_matches("*.").trim_start_matches('.');
    match (host.parse::<IpAddr>(), entry.split_once('/')) {
        _ if entry == "*" => true,
        (Ok(address), Some((network, bits))) => within(address, network, bits).unwrap_or(false),
        (Ok(address), None) => entry.parse() == Ok(address),
        (Err(_), _) => host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.') && !domain.is_empty()),
    }
}

fn within(address: IpAddr, network: &str, bits: &str) -> Option<bool> {
    let bits: u32 = bits.parse().ok()?;
    match (address, network.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let shift = 32 - bits;
            Some(address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift))
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let shift = 128 - bits;
            Some(address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift))
        }
        _ => None,
    }
}

/// A secret that is there but empty is none.
pub fn not_empty(secret: Secret<String>) -> Option<Secret<String>> {
    (!secret.expose().is_empty()).then_some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_argument_is_refused_and_not_repeated() {
        let error = from_argument("http://alice:s3cret@proxy.test:3128").expect_err("a password");
        assert!(error.contains("--proxy-password-file") && !error.contains("s3cret"), "{error}");
        let proxy = from_argument("http://alice@proxy.test:3128").expect("a user is fine");
        assert_eq!(proxy.credentials.map(|credentials| credentials.user).as_deref(), Some("alice"));
        assert!(from_argument("https://proxy.test").is_err() && from_argument("socks5://proxy.test").is_ok());
    }

    #[test]
    fn exceptions_are_names_domains_addresses_networks_and_ports() {
        let rows = [
            ("*", "vpn.example.test", true),
            ("example.test", "vpn.example.test", true),
            (".example.test", "vpn.example.test", true),
            ("*.example.test", "vpn.example.test", true),
            ("ample.test", "vpn.example.test", false),
            ("localhost, vpn.example.test:443", "VPN.example.test.", true),
            ("vpn.example.test:8443", "vpn.example.test", false),
            ("192.0.2.0/24", "192.0.2.7", true),
            ("192.0.3.0/24", "192.0.2.7", false),
            ("0.0.0.0/0", "192.0.2.7", true),
            ("[2001:db8::7]:443", "2001:db8::7", true),
            ("2001:db8::/32", "2001:db8::7", true),
            ("", "vpn.example.test", false),
            (".", "vpn.example.test", false),
        ];
        for (list, host, expected) in rows {
            assert_eq!(excepted(list, host, 443), expected, "{list} {host}");
        }
    }
}
