//! The layers in their order, from the name to the session.

use super::recorder::Recorder;
use super::{Beside, ProbeConfig, learn, matrix};
use crate::base::{Bytes, Layer, Side};
use crate::live::clock::Clock;
use crate::live::dial::Dialled;
use crate::live::fetch::Way;
use crate::live::lookup::{self, About};
use crate::live::route::Route;
use crate::live::tap::Tap;
use crate::live::tls::{Secure, Settings, Signature};
use crate::live::wiretap::Wired;
use crate::live::{Notes, dial, dns, drive, hello_scan, proxy, tls, trust};
use crate::proto::Session;
use crate::proto::auth::EapClient;
use crate::proto::plan::{CertHashes, ClientConfig, Mind, Plan};
use crate::transcript::{Reason, Sink, Target, What};
use crate::wire::cert::Cert;
use crate::wire::ncp::AuthMethod;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;

/// Where the session stands on.
pub(in crate::jobs) struct Base {
    pub secure: Secure,
    pub route: Route,
    pub trusted: bool,
}

/// A connection on which nothing was said yet.
pub(in crate::jobs) struct Reached {
    pub tap: Tap,
    pub route: Route,
    /// Connections to other addresses that came about meanwhile.
    pub others: Vec<(SocketAddr, Wired)>,
}

/// Everything that was asked for; returns early, with the session's leave taken in order, when `halted` becomes true.
pub(super) async fn all(
    config: &ProbeConfig,
    clock: &Clock,
    record: &mut Recorder<'_>,
    beside: &mut Beside,
    halted: &mut watch::Receiver<bool>,
) {
    let (mut way, mut left) = (None, Unasked::Nobody);
    call(config, clock, record, beside, halted, (&mut way, &mut left)).await;
    if let Some(route) = way.as_ref() {
        let mut notes = Notes::new(clock, record);
        tokio::select! {
            biased;
            _ = halted.wait_for(|halted| *halted) => {}
            () = ask_as_windows(left, config, route, &mut notes) => {}
        }
    }
    // The survey comes when the call is over: a server that serves one connection at a time, or counts them, is not kept from it.
    if let (Some(limits), Some(route)) = (config.scan, way) {
        let mut notes = Notes::new(clock, record);
        tokio::select! {
            biased;
            _ = halted.wait_for(|halted| *halted) => {}
            () = hello_scan::survey(&route, config.target.name(), config.seed, config.timers.of(Layer::Tls), limits, &mut notes) => {}
        }
    }
}

/// Of which Windows the handshake told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unasked {
    /// Of none: each has the version and the suite.
    Nobody,
    /// Of Windows 10, which has neither TLS 1.3 nor ChaCha20.
    Windows10,
    /// Of any: it perhaps cannot use the key.
    Everyone,
}

async fn ask_as_windows(left: Unasked, config: &ProbeConfig, route: &Route, notes: &mut Notes<'_>) {
    let (name, within) = (config.target.name(), config.timers.of(Layer::Tls));
    match left {
        Unasked::Nobody => {}
        // The survey asks as every client.
        Unasked::Windows10 if config.scan.is_some() || !config.as_windows_10 => {}
        Unasked::Windows10 => hello_scan::as_windows_10(route, name, config.seed, within, notes).await,
        Unasked::Everyone => hello_scan::as_windows(route, name, config.seed, within, notes).await,
    }
}

/// The call itself; `way` becomes the way to the server once it is known, `left` of which Windows it told nothing.
async fn call(
    config: &ProbeConfig,
    clock: &Clock,
    record: &mut Recorder<'_>,
    beside: &mut Beside,
    halted: &mut watch::Receiver<bool>,
    (way, left): (&mut Option<Route>, &mut Unasked),
) {
    let mut notes = Notes::new(clock, record);
    let base = tokio::select! {
        biased;
        _ = halted.wait_for(|halted| *halted) => return,
        base = below(config, &mut notes, beside, way) => base,
    };
    let Some(mut base) = base else { return };
    *left = match is_odd_key(base.secure.leaf()) {
        true => Unasked::Everyone,
        false if hello_scan::is_beyond_windows_10(&base.secure.secured) => Unasked::Windows10,
        false => Unasked::Nobody,
    };
    if config.asked.until < Layer::Http || config.asked.strict && !base.trusted {
        if let Some(description) = base.secure.refused_late().await {
            let mut notes = Notes::new(clock, record);
            notes.note(Some(Side::Server), Layer::Tls, What::Alert { description });
            notes.down(Layer::Tls, Reason::Refused(format!("alert {description} after the handshake")));
        }
        return base.secure.close().await;
    }
    let proven = base.trusted && base.secure.signature == Signature::Good;
    let client = client(config, base.secure.leaf(), proven, AuthMethod::CANDIDATES.to_vec(), clock);
    session(base.secure, client, config.seed, clock, record, halted).await;
    if config.credentials.is_none() {
        learn::rest(config, &base.route, clock, record, halted).await;
    }
    // A login with a method that no Windows has says nothing of Windows: then the others are asked for unbidden.
    let unbidden = config.credentials.as_ref().filter(|_| record.logged_in_with_md5()).map(|credentials| &credentials.user);
    if let Some(user) = config.matrix.as_ref().or(unbidden) {
        matrix::ask(config, user, &base.route, clock, record, halted).await;
    }
}

/// From the name to the certificate; nothing when a layer failed or no more was asked for.
pub(in crate::jobs) async fn below(
    config: &ProbeConfig,
    notes: &mut Notes<'_>,
    beside: &mut Beside,
    way: &mut Option<Route>,
) -> Option<Base> {
    let Reached { tap, route, others } = reach(config, notes).await?;
    if config.asked.until < Layer::Tls {
        return None;
    }
    *way = Some(route.clone());
    if route.proxy.is_none() {
        beside.asides.start(others, &settings(config), config.timers.of(Layer::Tls));
    }
    secure(config, tap, route, notes, beside).await
}

/// From the name to the connection, through the proxy if there is one.
pub(in crate::jobs) async fn reach(config: &ProbeConfig, notes: &mut Notes<'_>) -> Option<Reached> {
    let until = config.asked.until;
    let Some((host, port)) = first_hop(config) else {
        let says = format!("{:?} is no host:port to connect to", config.target.connect.as_deref().unwrap_or_default());
        notes.began(Layer::Dns);
        notes.down(Layer::Dns, Reason::Ours(says));
        return None;
    };
    let found = dns::resolve(&host, &config.resolver, config.timers.of(Layer::Dns), notes).await?;
    if until < Layer::Tcp {
        return None;
    }
    let addresses: Vec<SocketAddr> = found.into_iter().map(|address| SocketAddr::new(address, port)).collect();
    let dialled = dial::dial(&addresses, config.timers.of(Layer::Tcp), &config.ear, notes).await?;
    if until < Layer::Proxy {
        return None;
    }
    let route = route(config, dialled.to);
    let Dialled { stream, others, .. } = dialled;
    let tap = match &route.proxy {
        Some((proxy, target)) => proxy::tunnel(stream, proxy, target, config.timers.of(Layer::Proxy), notes).await?,
        None => Tap::new(stream, Vec::new()),
    };
    Some(Reached { tap, route, others })
}

async fn secure(config: &ProbeConfig, tap: Tap, route: Route, notes: &mut Notes<'_>, beside: &mut Beside) -> Option<Base> {
    let within = config.timers.of(Layer::Tls);
    let began = notes.clock.now();
    match tls::secure(tap, &settings(config), route.server(), within, notes).await {
        Ok(secure) => {
            let trusted = trust::weigh(&secure.certs, &secure.signature, &config.trust, config.target.name(), notes);
            look_up(config, &secure.certs, &secure.ocsp, notes, beside);
            if config.wish.nameless && secure.secured.sni.is_some() {
                beside.asides.start_nameless(route.clone(), &settings(config), within);
            }
            Some(Base { secure, route, trusted })
        }
        Err(failure) if hello_scan::may_help(failure) => {
            let left = within.saturating_sub((notes.clock.now() - began).duration()).max(SCAN_AT_LEAST);
            let certs = hello_scan::scan(&route, config.target.name(), config.seed, left, notes).await;
            if !certs.is_empty() {
                trust::weigh_aside(&certs, &config.trust, config.target.name(), notes);
                look_up(config, &certs, &[], notes, beside);
            }
            None
        }
        Err(_) => None,
    }
}

/// A key that our TLS library can use and Windows perhaps not.
fn is_odd_key(leaf: &[u8]) -> bool {
    Cert::parse(leaf).is_ok_and(|cert| cert.key_algorithm != "RSA" && !["EC P-256", "EC P-384"].contains(&cert.key.as_str()))
}

/// Judges the OCSP answer of the handshake, and begins to fetch what was wished for.
fn look_up(config: &ProbeConfig, certs: &[Bytes], staple: &[u8], notes: &mut Notes<'_>, beside: &mut Beside) {
    let about = About {
        certs: certs.to_vec(),
        name: config.target.name().to_string(),
        trust: config.trust.clone(),
        way: Way { resolver: config.resolver.clone(), proxy: config.proxy.clone() },
        unix: notes.clock.unix_ms().div_euclid(1000),
        within: config.timers.of(Layer::Cert),
    };
    if !staple.is_empty() {
        lookup::note_staple(staple, &about, notes);
    }
    beside.lookups.start(config.wish, about);
}

/// One session above TLS.
pub(in crate::jobs) async fn session(
    secure: Secure,
    client: ClientConfig,
    seed: u64,
    clock: &Clock,
    sink: &mut dyn Sink,
    halted: &mut watch::Receiver<bool>,
) {
    let plan = Plan { mind: Mind::Client(client), edits: Vec::new(), toxics: Vec::new(), seed };
    let session = Session::new(plan, clock.now());
    drive::run(secure.stream, session, Side::Client, clock, sink, halted).await;
}

/// The client that a session plays; `proven`: whoever answered holds the key of a trusted certificate.
pub(in crate::jobs) fn client(config: &ProbeConfig, leaf: &[u8], proven: bool, learn: Vec<AuthMethod>, clock: &Clock) -> ClientConfig {
    ClientConfig {
        credentials: config.credentials.clone(),
        methods: config.methods(proven),
        eap: eap(config, clock),
        learn,
        until: config.asked.until,
        timers: config.timers.clone(),
        pings: config.pings,
        stays: config.stays,
        echoes: config.echoes,
        packets: config.packets,
        ..ClientConfig::new(host_header(&config.target), CertHashes::of(leaf))
    }
}

/// What EAP methods with TLS need, at this time.
pub(in crate::jobs) fn eap(config: &ProbeConfig, clock: &Clock) -> EapClient {
    let trust = config.eap.trust.clone().unwrap_or_else(|| config.trust.clone());
    EapClient { trust: Some(trust), now_unix: clock.unix_ms().div_euclid(1000), ..config.eap.clone() }
}

pub(in crate::jobs) fn settings(config: &ProbeConfig) -> Settings {
    Settings { server_name: config.target.name().to_string(), keylog: config.keylog.clone(), alpn: Vec::new() }
}

/// RFC 9110 7.2: the port is left out when it is that of the scheme.
pub(in crate::jobs) fn host_header(target: &Target) -> String {
    let name = target.name();
    let name = if name.contains(':') && !name.starts_with('[') { format!("[{name}]") } else { name.to_string() };
    if target.port == HTTPS { name } else { format!("{name}:{}", target.port) }
}

/// Host and port that TCP goes to: the proxy, or what `connect` names, or the target. Nothing when `connect` makes no sense.
pub(in crate::jobs) fn first_hop(config: &ProbeConfig) -> Option<(String, u16)> {
    let server = server(&config.target)?;
    Some(config.proxy.as_ref().map_or(server, |proxy| (proxy.host.clone(), proxy.port)))
}

pub(in crate::jobs) fn server(target: &Target) -> Option<(String, u16)> {
    match &target.connect {
        None => Some((target.host.clone(), target.port)),
        Some(connect) => host_and_port(connect, target.port),
    }
}

pub(in crate::jobs) fn route(config: &ProbeConfig, to: SocketAddr) -> Route {
    let target = server(&config.target).map(|(host, port)| Target { host, port, ..Target::default() }.authority());
    Route { to, proxy: config.proxy.clone().zip(target), ear: config.ear.clone() }
}

/// `host`, `host:port`, `[v6]:port`, `[v6]` or `v6`.
fn host_and_port(text: &str, default: u16) -> Option<(String, u16)> {
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Some((text.to_string(), default));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':').or((!rest.is_empty()).then_some(rest))))?,
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(default), |port| port.parse().ok().filter(|port| *port != 0))?;
    (!host.is_empty()).then(|| (host.to_string(), port))
}

/// RFC 9110 4.2.2.
const HTTPS: u16 = 443;
/// Ours: hellos of old versions have at least so long, even when the handshake used up its time.
const SCAN_AT_LEAST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_connect_is_read_in_all_its_forms() {
        let read = |text| host_and_port(text, 443);
        assert_eq!(read("192.0.2.1:8443"), Some(("192.0.2.1".into(), 8443)));
        assert_eq!(read("node1"), Some(("node1".into(), 443)));
        assert_eq!(read("[2001:db8::1]:8443"), Some(("2001:db8::1".into(), 8443)));
        assert_eq!(read("[2001:db8::1]"), Some(("2001:db8::1".into(), 443)));
        assert_eq!(read("2001:db8::1"), Some(("2001:db8::1".into(), 443)));
        for text in ["", ":443", "node1:0", "node1:x", "[2001:db8::1", "[2001:db8::1]443x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_host_header_bears_the_server_name_and_an_unusual_port() {
        let target = Target { host: "192.0.2.1".into(), port: 8443, server_name: Some("vpn.example.test".into()), connect: None };
        assert_eq!(host_header(&target), "vpn.example.test:8443");
        assert_eq!(host_header(&Target { host: "2001:db8::1".into(), port: 443, ..Target::default() }), "[2001:db8::1]");
    }

    #[test]
    fn a_proxy_is_dialled_in_place_of_the_server_and_asked_for_the_node() {
        let target = Target { host: "vpn.example.test".into(), port: 443, connect: Some("node1:8443".into()), ..Target::default() };
        let proxy = proxy::ProxyConfig::parse("http://proxy.test:3128").expect("a proxy");
        let config = ProbeConfig { proxy: Some(proxy), ..ProbeConfig::new(target) };
        assert_eq!(first_hop(&config), Some(("proxy.test".into(), 3128)));
        let route = route(&config, "192.0.2.9:3128".parse().expect("an address"));
        assert_eq!(route.proxy.expect("through it").1, "node1:8443");
    }
}
