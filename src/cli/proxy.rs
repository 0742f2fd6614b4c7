//! Which proxy to go through: `--proxy`, what a script names, else `HTTPS_PROXY` or `ALL_PROXY` unless `NO_PROXY` excepts the server.

use super::args::{Target, WayArgs};
use super::exit::Trouble;
use super::password;
use crate::base::Secret;
use crate::live::proxy::find::{Pac, Source, search_domains};
use crate::live::proxy::{ProxyConfig, ProxyCredentials};
use crate::proto::pac::MOST_BYTES;
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
        None if way.no_proxy || scripted(way) => None,
        None => from_environment(target)?,
    };
    if let (Some(proxy), Some(user)) = (&mut proxy, &way.proxy_user) {
        proxy.credentials = Some(ProxyCredentials { user: user.clone(), password: Secret::default() });
    }
    if let Some(credentials) = proxy.as_mut().and_then(|proxy| proxy.credentials.as_mut()) {
        let empty = credentials.password.expose().is_empty();
        if let Some(given) = password::of_proxy(way.proxy_password_file.as_deref(), &credentials.user, empty)? {
            credentials.password = given;
        }
    } else if way.proxy_password_file.is_some() && way.proxy_user.is_none() {
        return Err(Trouble::Usage(
            "--proxy-password-file needs a proxy with a user: --proxy http://user@host:port, or --proxy-user".into(),
        ));
    } else if way.proxy_user.is_some() && !scripted(way) {
        return Err(Trouble::Usage("--proxy-user needs a proxy: --proxy, --pac, --wpad or HTTPS_PROXY".into()));
    }
    Ok(proxy)
}

/// A script names the proxy.
fn scripted(way: &WayArgs) -> bool {
    way.pac.is_some() || way.wpad.is_some()
}

/// For commands that make many connections, where the way must be certain.
pub fn no_script(way: &WayArgs) -> Result<(), Trouble> {
    match scripted(way) {
        true => Err(Trouble::Usage("--pac and --wpad are for probe and path; give the proxy that the script names with --proxy".into())),
        false => Ok(()),
    }
}

/// The script of `--pac` or `--wpad`, and who we are to the proxy that it names.
pub fn script(way: &WayArgs) -> Result<Option<Pac>, Trouble> {
    let source = match (&way.pac, way.wpad.as_deref()) {
        (Some(url), _) if url.contains("://") => Source::Url(url.clone()),
        (Some(file), _) => {
            let path = std::path::Path::new(file);
            let trouble = |error| Trouble::file("read the proxy script", path, &error);
            let bytes = std::fs::File::open(path).and_then(|file| {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::Read::take(file, MOST_BYTES as u64 + 1), &mut bytes).map(|_| bytes)
            });
            Source::Text(file.clone(), String::from_utf8_lossy(&bytes.map_err(trouble)?).into_owned())
        }
        (None, Some("")) => Source::Wpad(search_domains(&std::fs::read_to_string(RESOLV_CONF).unwrap_or_default())),
        (None, Some(domain)) => Source::Wpad(vec![domain.to_string()]),
        (None, None) => return Ok(None),
    };
    let credentials = match &way.proxy_user {
        Some(user) => {
            let password = password::of_proxy(way.proxy_password_file.as_deref(), user, true)?.unwrap_or_default();
            Some(ProxyCredentials { user: user.clone(), password })
        }
        None => None,
    };
    Ok(Some(Pac { source, credentials }))
}

fn from_environment(target: &Target) -> Result<Option<ProxyConfig>, Trouble> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let Some((name, url)) = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].into_iter().find_map(|name| Some((name, set(name)?)))
    else {
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

/// resolv.conf(5).
const RESOLV_CONF: &str = "/etc/resolv.conf";

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
