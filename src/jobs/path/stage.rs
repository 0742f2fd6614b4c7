//! One layer after the other: every arm once, then what differs again beside its control.

use super::addresses;
use super::arms;
use super::crew::{Brought, Crew, OUTWAITED};
use super::experiments::{ALL, Experiment};
use super::{PathConfig, STAGES, hops, idle, many, residual, segments, unasked};
use crate::base::{Layer, Micros};
use crate::jobs::probe::climb;
use crate::jobs::witness;
use crate::live::dns;
use crate::live::proxy::Kind;
use crate::live::route::Route;
use crate::live::wiretap::towards;
use crate::proto::plan::Timers;
use crate::transcript::trial::{Arm, BULK_ECHO, Ending, PATIENT, Saw, Trial};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Everything that makes sense.
pub(super) async fn all(crew: &Arc<Crew>) {
    for layer in STAGES {
        prepare(crew, layer).await;
        let tried = async {
            if possible(crew, layer) {
                contrasts(crew, layer).await;
                wait_longer(crew, layer).await;
                if layer == Layer::Tls && many::look_alone(crew, layer).await {
                    contrasts(crew, layer).await;
                }
            }
        };
        if layer == Layer::Data {
            // A login takes some servers seconds in which nothing else goes on.
            tokio::join!(tried, login(crew));
        } else {
            tried.await;
        }
        if crew.is_sent_away() {
            return;
        }
        match layer {
            Layer::Tcp => addresses::look(crew).await,
            Layer::Tls => {
                // What ends connections before a hello tells nothing of hellos, wherever it is.
                if !unasked::ended(crew).await {
                    residual::look(crew).await;
                    hops::walk(crew).await;
                }
                segments::sweep(crew, Arm::TlsSegment).await;
            }
            Layer::Sstp => pages_beside(crew).await,
            Layer::Data => {
                segments::sweep(crew, Arm::EchoSegment).await;
                idle::search(crew).await;
            }
            _ => {}
        }
    }
    if let Some(meeting) = &crew.config.witness {
        let mut probe = crew.config.probe.clone();
        // What is late must not look lost.
        probe.timers = Timers { layer: crew.patience().max(LATE), ..Timers::default() };
        crew.testify(witness::run(&probe, meeting).await);
    }
}

/// Where every call meets with silence one is waited for longer. If it comes through, whoever answers is slow and cuts nothing: the
/// layer is tried again, and everything behind it, with that patience.
async fn wait_longer(crew: &Arc<Crew>, layer: Layer) {
    let Some((_, arm)) = EVERY_CALL.into_iter().find(|row| row.0 == layer) else { return };
    let trials = crew.of(arm);
    let silent = !trials.is_empty() && trials.iter().all(|trial| trial.ending == Ending::Silence && trial.reached.is_some());
    let usual = crew.patience();
    // Where short segments come through nobody is slow.
    let lost = layer == Layer::Data && crew.passed(Arm::EchoShortSegments);
    if !silent || lost || usual > crew.config.patience {
        return;
    }
    crew.wait_for(usual * LONGER);
    if crew.one(PATIENT, arm, None).await.passed() {
        let arms: Vec<Arm> = ALL.iter().filter(|row| row.layer == layer).flat_map(Experiment::arms).collect();
        crew.forget(&arms, |ending| *ending == Ending::Silence, "it was not waited for long enough");
        contrasts(crew, layer).await;
    } else {
        crew.wait_for(usual);
    }
}

/// Where calls come no further than HTTP and nobody says why: whether pages, one behind the other on one connection, come further. Whoever
/// counts bytes or packets stops them as well; a front that does not pass on what a call says does not.
async fn pages_beside(crew: &Arc<Crew>) {
    let calls = crew.of(Arm::Call);
    let mute = |trial: &Trial| trial.ending == Ending::Silence || trial.passed() && trial.reached == Some(Layer::Sstp);
    if calls.is_empty() || crew.config.gentle || !calls.iter().all(mute) {
        return;
    }
    for round in 1..=crew.config.rounds {
        crew.one(round, Arm::BulkPlain, None).await;
    }
}

/// What the server says to requests that an SSTP client makes, and to others: one of each, once.
pub(super) async fn answers_only(crew: &Arc<Crew>) {
    prepare(crew, Layer::Tcp).await;
    let arms = [Arm::Sstp, Arm::OtherPath, Arm::PostMax, Arm::GetPath, Arm::Get, Arm::OddMethod, Arm::LengthZero];
    if crew.ground().route.is_some() {
        crew.round(1, arms.into_iter().map(|arm| (arm, None)).collect()).await;
    }
}

/// A login, and another one when it failed.
async fn login(crew: &Arc<Crew>) {
    for round in 1..=2 {
        if possible(crew, Layer::Sstp) && makes_sense(crew, Arm::Login) && !crew.passed(Arm::Login) && !crew.is_sent_away() {
            let _place = crew.place().await;
            let at = crew.clock.now();
            let Brought { reached, ending, saw } = arms::login(crew).await;
            crew.note(Trial { arm: Arm::Login, round, at, took: crew.clock.now() - at, reached, ending, saw });
        }
    }
}

/// What the values of an arm are: one trial for each.
pub(super) fn values(arm: Arm, config: &PathConfig) -> Vec<Option<u64>> {
    let port = |port: &u16| Some(u64::from(*port));
    match arm {
        Arm::DnsResolver => (0..config.resolvers.len() as u64).map(Some).collect(),
        Arm::TcpOtherPort => config.other_ports.iter().map(port).collect(),
        Arm::ConnectOtherPort => vec![Some(HTTPS)],
        Arm::HelloFromPort => ports(config.probe.seed).map(Some).collect(),
        _ => vec![None],
    }
}

/// Four neighbours, even and odd, so that what goes by the port shows.
fn ports(seed: u64) -> impl Iterator<Item = u64> {
    let first = FIRST_PORT + seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % PORTS;
    first..first + 4
}

/// The arms of a layer, as long as something differs.
async fn contrasts(crew: &Arc<Crew>, layer: Layer) {
    let config = &crew.config;
    let mut open: Vec<&Experiment> = ALL.iter().filter(|row| row.layer == layer).collect();
    open.retain(|row| !matches!(row.id, "time.idle" | "sstp.login" | "data.mtu" | "tls.address" | "tls.unasked"));
    let mut round = 1;
    while !open.is_empty() && !crew.is_sent_away() {
        let mut wanted: Vec<(Arm, Option<u64>)> = Vec::new();
        for arm in open.iter().flat_map(|row| row.run(config)).filter(|arm| makes_sense(crew, *arm)) {
            let new: Vec<_> = values(arm, config).into_iter().map(|value| (arm, value)).filter(|pair| !wanted.contains(pair)).collect();
            wanted.extend(new);
        }
        // Whoever counts connections must not be met while others are open.
        let (alone, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|pair| matches!(pair.0, Arm::Together | Arm::InARow));
        crew.round(round, wanted).await;
        if !alone.is_empty() {
            crew.round(round, alone).await;
            let refused = crew.of(Arm::InARow).iter().any(|trial| trial.round == round && !trial.passed());
            tokio::time::sleep(if refused && layer == Layer::Tcp { FORGOTTEN } else { SETTLES }).await;
        }
        open.retain(|row| {
            // Where nothing differs chance has nothing to deceive with.
            let most = if differs(crew, row, round) { row.rounds(config) } else { config.rounds };
            round < most && unsettled(crew, row, round)
        });
        round += 1;
    }
}

/// Control and treatments of that round are not all alike, or the control itself failed.
fn unsettled(crew: &Crew, row: &Experiment, round: u16) -> bool {
    let sound = |arm: Arm| {
        let trials = crew.of(arm).into_iter().filter(|trial| trial.round == round);
        trials.map(|trial| sound(&trial)).collect::<Vec<_>>()
    };
    let control = sound(row.control);
    let treatments: Vec<bool> = row.treatments.iter().flat_map(|arm| sound(*arm)).collect();
    control.contains(&false) || treatments.contains(&false) || odd_rates(crew, row, round)
}

/// The arms of that round did not all end alike.
fn differs(crew: &Crew, row: &Experiment, round: u16) -> bool {
    let told = |trial: &Trial| trial.round == round && !matches!(trial.ending, Ending::Ours(_));
    let passed: Vec<bool> = row.arms().flat_map(|arm| crew.of(arm)).filter(told).map(|trial| trial.passed()).collect();
    passed.iter().any(|one| Some(one) != passed.first()) || odd_rates(crew, row, round)
}

/// Both came through, and one was much slower than the other, or both were slow: that has to be seen again.
fn odd_rates(crew: &Crew, row: &Experiment, round: u16) -> bool {
    let rate = |arm: Arm| {
        let seconds = |trial: &Trial| trial.saw.within.map(|within| within.duration().as_secs_f64().max(1e-6));
        // A server that gives few pages in one connection is no measure.
        let told = crew.of(arm).into_iter().filter(|trial| !matches!(trial.ending, Ending::Ours(_)));
        let rates = told.filter_map(|trial| Some(trial.saw.bytes? as f64 / seconds(&trial)?));
        rates.fold(0.0, f64::max)
    };
    let (tunnel, down, up) = (rate(Arm::Bulk), rate(Arm::BulkPlain).min(QUICK), rate(Arm::BulkUp));
    // A tunnel goes both ways, and may have to share one.
    let room = if up > 0.0 && down > 0.0 { down * up / (down + up) } else { down / 2.0 };
    let others = rate(Arm::BulkSplit).max(room);
    // A server that is as slow with short answers is slow by itself.
    let beats = [Arm::Bulk, Arm::BulkSplit].into_iter().flat_map(|arm| crew.of(arm)).filter_map(|trial| trial.saw.beat);
    let beat = beats.min().unwrap_or_default().duration().as_secs_f64();
    let by_bytes = BULK_ECHO as f64 / tunnel.max(1.0) > beat * SLOWER;
    // What could not be measured is not slow.
    row.id == "data.bulk" && tunnel > 0.0 && (tunnel < others / 2.0 || round < crew.config.rounds && tunnel < SLOW && by_bytes)
}

/// It came through as a sound way lets it.
fn sound(trial: &Trial) -> bool {
    let status = trial.saw.status();
    match trial.arm {
        Arm::Sstp => trial.passed() && status == Some(200),
        Arm::DnsRandom => !trial.passed(),
        // Refused by a server that has nothing there.
        Arm::PlainHttp | Arm::TcpOtherPort | Arm::ConnectOtherPort => true,
        // Not every server gives its page more than once, or answers echoes fast enough to be a measure.
        Arm::BulkPlain | Arm::BulkUp | Arm::Bulk | Arm::BulkSplit => trial.passed() || matches!(trial.ending, Ending::Ours(_)),
        // A server that does not know the version says so.
        Arm::Hello12 | Arm::Hello13 => !trial.ending.is_wordless(),
        // A call that stands and in which nobody answers is looked at again.
        Arm::Call | Arm::CallSplit => trial.passed() && trial.reached == Some(Layer::Lcp),
        _ => trial.passed(),
    }
}

/// The arm has what it needs.
fn makes_sense(crew: &Crew, arm: Arm) -> bool {
    let (config, ground) = (&crew.config, crew.ground());
    match arm {
        Arm::TcpControl | Arm::TlsControl | Arm::HelloToControl => ground.control.is_some(),
        Arm::ConnectControl => config.control.is_some(),
        Arm::TcpOtherFamily => ground.other_family.is_some(),
        Arm::TlsElsewhere => !ground.elsewhere.is_empty(),
        Arm::ConnectLogin => config.probe.proxy.as_ref().is_some_and(|proxy| proxy.credentials.is_some()),
        // SOCKS knows no headers.
        Arm::ConnectPlain | Arm::ConnectOddHeader => config.probe.proxy.as_ref().is_some_and(|proxy| proxy.kind == Kind::Http),
        Arm::ConnectOtherPort => u64::from(config.probe.target.port) != HTTPS,
        Arm::HelloNameless | Arm::HelloOtherName | Arm::HelloOtherCase => config.probe.target.name().parse::<IpAddr>().is_err(),
        // A password goes only to a server whose certificate verifies.
        Arm::Login => {
            config.probe.credentials.is_some()
                && crew.of(Arm::Tls).iter().any(|trial| trial.saw.cert.as_ref().is_some_and(|cert| cert.trusted))
        }
        // A proxy's tunnel leaves no way to set the segments behind it.
        Arm::TlsShort | Arm::EchoShortSegments | Arm::HelloFromPort => config.probe.proxy.is_none(),
        Arm::InARow => config.probe.proxy.is_none() && !crew.is_counted(),
        // Whoever counts is not met again where it is known, or where it asked for less.
        Arm::Together => !crew.is_counted(),
        // What the server's pace hid twice is not looked for again.
        Arm::Bulk | Arm::BulkSplit => {
            let told = [Arm::Bulk, Arm::BulkSplit].map(|arm| crew.of(arm));
            let told = told.map(|trials| trials.into_iter().filter(|trial| trial.round < OUTWAITED).collect::<Vec<_>>());
            let hidden = |trial: &Trial| matches!(trial.ending, Ending::Ours(_));
            !told.iter().all(|trials| trials.len() >= 2 && trials.iter().all(hidden))
        }
        _ => true,
    }
}

/// The layer below let something through.
fn possible(crew: &Crew, layer: Layer) -> bool {
    let proxied = crew.config.probe.proxy.is_some();
    let named = crew.config.probe.target.host.parse::<IpAddr>().is_err();
    match layer {
        Layer::Dns => !proxied && named && (crew.config.system_resolver.is_some() || !overridden(crew)),
        Layer::Tcp => crew.ground().route.is_some(),
        Layer::Proxy => proxied && crew.passed(Arm::Tcp),
        Layer::Tls if proxied => crew.passed(Arm::Connect) || crew.passed(Arm::ConnectLogin),
        Layer::Tls => crew.passed(Arm::Tcp),
        Layer::Http => crew.passed(Arm::Tls),
        Layer::Sstp => crew.of(Arm::Sstp).iter().any(|trial| trial.saw.status() == Some(200)),
        Layer::Data => {
            [Arm::Call, Arm::CallSplit].into_iter().any(|arm| crew.of(arm).iter().any(|trial| trial.reached == Some(Layer::Lcp)))
        }
        _ => false,
    }
}

fn overridden(crew: &Crew) -> bool {
    let host = &crew.config.probe.target.host;
    crew.config.probe.target.connect.is_some() || crew.config.probe.resolver.overrides.iter().any(|row| row.host.eq_ignore_ascii_case(host))
}

/// Finds the ways that the layer needs.
async fn prepare(crew: &Arc<Crew>, layer: Layer) {
    if layer != Layer::Tcp {
        return;
    }
    let config = &crew.config;
    let Some((host, port)) = climb::first_hop(&config.probe) else { return };
    let mut addresses = answers(crew, |trial| trial.arm == Arm::DnsSystem);
    if addresses.is_empty() {
        addresses = dns::look_up(&host, &config.probe.resolver, crew.patience()).await.unwrap_or_default();
    }
    let others: Vec<IpAddr> =
        answers(crew, |trial| trial.arm == Arm::DnsResolver).into_iter().filter(|address| !addresses.contains(address)).collect();
    let first = addresses.first().or(others.first()).copied();
    let control = control(crew).await;
    if let Some(proxy) = config.probe.proxy.as_ref().filter(|_| first.is_none()) {
        nameless(crew, Arm::Tcp, format!("the name of the proxy, {}, has no address", proxy.host));
    }
    if let Some((host, _)) = config.control.as_ref().filter(|_| control.is_none()) {
        nameless(crew, Arm::TcpControl, format!("the name of the control server, {host}, has no address"));
    }
    first.iter().for_each(|address| crew.sniff(SocketAddr::new(*address, port)));
    crew.found(|ground| {
        ground.route = first.map(|address| climb::route(&config.probe, SocketAddr::new(address, port)));
        ground.other_family = addresses
            .iter()
            .find(|address| first.is_some_and(|first| first.is_ipv4() != address.is_ipv4()))
            .map(|address| SocketAddr::new(*address, port));
        let at = |address: &&IpAddr| first.as_ref() != Some(*address);
        let all = |list: &[IpAddr]| list.iter().filter(at).map(|address| SocketAddr::new(*address, port)).collect::<Vec<_>>();
        (ground.further, ground.elsewhere) = (all(&addresses), all(&others));
        ground.control = control;
        let at = ground.route.iter().map(|route| route.to);
        ground.ours = at.filter_map(|to| towards(to).ok()).map(|ours| ours.ip()).collect();
    });
}

/// Writes down that there was nobody to connect to.
fn nameless(crew: &Crew, arm: Arm, says: String) {
    let saw = Saw { says: Some(says), ..Saw::default() };
    crew.note(Trial { arm, round: 1, at: crew.clock.now(), took: Micros::ZERO, reached: None, ending: Ending::NoSuchName, saw });
}

fn answers(crew: &Crew, of: impl Fn(&Trial) -> bool) -> Vec<IpAddr> {
    let trials = [Arm::DnsSystem, Arm::DnsResolver].into_iter().flat_map(|arm| crew.of(arm));
    let mut all = Vec::new();
    for address in trials.filter(|trial| of(trial)).flat_map(|trial| trial.saw.addresses) {
        if crew.config.probe.resolver.family.allows(&address) && !all.contains(&address) {
            all.push(address);
        }
    }
    all
}

async fn control(crew: &Crew) -> Option<Route> {
    let config = &crew.config;
    let (host, port) = config.control.clone()?;
    let ear = config.probe.ear.clone();
    if let Some(proxy) = &config.probe.proxy {
        let found = dns::look_up(&proxy.host, &config.probe.resolver, crew.patience()).await.ok()?;
        return Some(Route {
            to: SocketAddr::new(*found.first()?, proxy.port),
            proxy: Some((proxy.clone(), format!("{host}:{port}"))),
            ear,
        });
    }
    let to = match config.control_at {
        Some(at) => at,
        None => SocketAddr::new(*dns::look_up(&host, &config.probe.resolver, crew.patience()).await.ok()?.first()?, port),
    };
    Some(Route { to, proxy: None, ear })
}

/// What every call does at a layer; it is waited for longer before its silence counts.
const EVERY_CALL: [(Layer, Arm); 5] =
    [(Layer::Proxy, Arm::Connect), (Layer::Tls, Arm::Tls), (Layer::Http, Arm::Sstp), (Layer::Sstp, Arm::Call), (Layer::Data, Arm::Echo)];
/// Ours: a record that is held up for less is waited for.
const LATE: Duration = Duration::from_secs(4);
/// Ours: so many times as long; on the network 20 s.
pub(super) const LONGER: u32 = 4;
/// Ours: whoever counts new connections has forgotten some after so long.
const FORGOTTEN: Duration = Duration::from_secs(2);
/// Ours: connections that were closed are gone everywhere after so long.
const SETTLES: Duration = Duration::from_millis(60);
/// The port of HTTPS, which proxies allow.
const HTTPS: u64 = 443;
/// Ours: a long echo in a series takes so many times as long as a short one, where it goes by bytes.
const SLOWER: f64 = 2.5;
/// Ours: bytes in a second below which a line is looked at again.
const SLOW: f64 = 200_000.0;
/// Ours: bytes in a second above which pages and echoes differ for other reasons than the way.
const QUICK: f64 = 500_000.0;
/// Ours: from here on ports are chosen; the range of ephemeral ports of Linux begins at 32768.
const FIRST_PORT: u64 = 20_000;
/// Ours: so many of them.
const PORTS: u64 = 10_000;
