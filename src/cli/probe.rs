//! `probe`: from the arguments to the report.

use super::args::{ExtentArgs, LayerTime, LoginArgs, ProbeArgs, ScanArgs, Target as Named, WayArgs};
use super::bundle::Bundle;
use super::exit::{Exit, Trouble};
use super::output::{Outputs, complain};
use super::screen::Screen;
use super::sheets::Save;
use super::{eap, gate, lab, password, pcap, proxy, sense, trust};
use crate::base::Layer;
use crate::diag;
use crate::jobs::probe::{self, ProbeConfig};
use crate::live::clock::Clock;
use crate::live::dns::{Family, Resolver};
use crate::live::hello_scan::Limits;
use crate::live::keylog::KeyLogs;
use crate::live::lookup::Wish;
use crate::live::proxy::ProxyConfig;
use crate::live::runtime::{self, Ended};
use crate::live::trust::Trust;
use crate::live::wiretap::Ear;
use crate::proto::plan::{Method, Timers};
use crate::report::Report;
use crate::transcript::facts::Parse;
use crate::transcript::{Asked, Facts, Head, Target, Transcript};
use crate::wire::cert::Cert;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// Probes and reports.
pub fn run(args: &ProbeArgs) -> Result<Exit, Trouble> {
    let named = sense::target(args)?;
    // The former report is read before a new one may take its place.
    let mut gate = gate::of(&args.gate)?;
    let mut outputs = Outputs::open(&args.shown)?;
    let mut save = args.save.as_deref().map(Save::open).transpose()?;
    let pcap = pcap::open(args.pcap.as_deref(), "a probe")?;
    let config = config(args, &named, pcap::ear(pcap.as_ref()))?;
    let mut bundle = args.trust.fix_chain.as_deref().map(|path| Bundle::open(path, outputs.stdout)).transpose()?;
    let mut screen = None;
    let ended = runtime::run(|stop| climb(args, config, &outputs, &mut screen, bundle.as_mut(), stop))?;
    let shown = screen.map(Screen::finish);
    let (transcript, interrupted) = match ended {
        Ended::Through(transcript) => (transcript?, false),
        Ended::Interrupted(transcript) => (transcript?, true),
        Ended::Abandoned => (shown.as_ref().map(|shown| shown.1.clone()).unwrap_or_default(), true),
    };
    pcap::finish(pcap, args.pcap.as_deref());
    outputs.style.shown = shown.map(|shown| shown.0).unwrap_or_default();
    if let Some(save) = &mut save {
        save.transcript(&transcript, false)?;
    }
    let mut report = judged(transcript, &mut Cert::parse, false);
    if let Some(gate) = &mut gate {
        report.gated(gate);
    }
    let summary = gate.map(|gate| gate.summary(report.unexplained()));
    let report = Report { interrupted: interrupted || report.interrupted, gate: summary, ..report };
    outputs.write(&report)?;
    if let Some(bundle) = &mut bundle {
        bundle.write()?;
        complain(bundle.says());
    }
    if interrupted {
        complain("interrupted; this is what is known");
    }
    Ok(exit(&report, interrupted))
}

async fn climb(
    args: &ProbeArgs,
    mut config: ProbeConfig,
    outputs: &Outputs,
    screen: &mut Option<Screen>,
    bundle: Option<&mut Bundle>,
    stop: Receiver<bool>,
) -> Result<Transcript, Trouble> {
    let lab = if args.lab.lab { Some(lab::start(args, &mut config).await?) } else { None };
    let clock = Clock::start();
    let screen = screen.insert(Screen::new(outputs, head(&config, &clock)));
    config.as_windows_10 = true;
    let transcript = probe::run(&config, &clock, screen, stop).await;
    if let Some(lab) = lab {
        lab.stop().await;
    }
    if let Some(bundle) = bundle {
        bundle.fill(&Facts::of(&transcript), &config);
    }
    Ok(transcript)
}

/// Everything that the arguments say; with `--lab` the lab fills in the rest.
fn config(args: &ProbeArgs, named: &Named, ear: Ear) -> Result<ProbeConfig, Trouble> {
    let mut config = basis(&args.login, &args.way, trust::roots(&args.trust.roots)?, args.lab.lab, named)?;
    let keylog = KeyLogs::open(args.trust.keylog.as_deref(), std::env::var_os("SSLKEYLOGFILE").as_deref())?;
    (config.keylog, config.ear) = (Arc::new(keylog.heard_by(ear.clone())), ear);
    config.pac = if args.lab.lab { None } else { proxy::script(&args.way)? };
    config.asked = Asked { until: args.extent.until, strict: args.trust.strict, ..Asked::default() };
    config.matrix = args.login.auth_matrix.then(|| args.login.account.user.clone().unwrap_or_else(|| NOBODY.into()));
    config.wish = Wish {
        issuers: args.trust.aia || args.trust.fix_chain.is_some(),
        revocation: args.trust.revocation,
        nameless: args.trust.compare_sni,
    };
    config.timers = timers(&args.extent);
    config.scan = limits(&args.scan);
    // What is saved can be played again, pings too.
    config.packets = args.save.is_some();
    config.seed = args.extent.seed.unwrap_or(config.seed);
    config.total = args.extent.timeout.unwrap_or(config.total);
    Ok(config)
}

/// What every job that dials has in common: who, which way, whom to trust.
pub fn basis(login: &LoginArgs, way: &WayArgs, roots: Trust, lab: bool, named: &Named) -> Result<ProbeConfig, Trouble> {
    let mut config = ProbeConfig { methods: methods(login), eap: eap::client(login)?, ..dialling(way, roots, lab, named)? };
    config.credentials = password::credentials(login, config.eap.identity.as_ref())?;
    Ok(config)
}

/// Which way, and whom to trust; nobody logs in.
pub fn dialling(way: &WayArgs, roots: Trust, lab: bool, named: &Named) -> Result<ProbeConfig, Trouble> {
    let target = Target {
        host: named.host.clone(),
        port: named.port,
        server_name: way.server_name.clone(),
        connect: sense::connect(way, named.port),
    };
    Ok(ProbeConfig {
        trust: Arc::new(roots),
        proxy: if lab { None } else { proxy::choose(way, named)? },
        resolver: resolver(way),
        seed: random()?,
        ..ProbeConfig::new(target)
    })
}

/// With a client certificate EAP-TLS is meant, unless a method is named.
fn methods(login: &LoginArgs) -> Option<Vec<Method>> {
    match (login.auth.as_slice(), &login.cert) {
        ([], None) => None,
        ([], Some(_)) => Some(vec![Method::EapTls]),
        (named, _) => Some(named.to_vec()),
    }
}

fn resolver(way: &WayArgs) -> Resolver {
    let family = match (way.v4, way.v6) {
        (true, _) => Family::V4,
        (_, true) => Family::V6,
        _ => Family::Any,
    };
    Resolver { family, overrides: way.resolve.clone() }
}

fn timers(extent: &ExtentArgs) -> Timers {
    let mut timers = Timers::default();
    let says = |row: &LayerTime| row.layer.is_none_or(|layer| layer == Layer::Auth);
    timers.layers.extend((!extent.layer_timeout.iter().any(says)).then_some((Layer::Auth, LOGIN_WAITS)));
    for row in &extent.layer_timeout {
        match row.layer {
            // The first row for a layer counts in `Timers`, the last argument on a command line.
            Some(layer) => timers.layers.insert(0, (layer, row.time)),
            None => timers.layer = row.time,
        }
    }
    timers
}

/// Ours: a login may wait for RADIUS (three tries of 10 s) or a second factor; a client of Windows waits up to 60 s (MS-SSTP 3.2.2.1).
const LOGIN_WAITS: Duration = Duration::from_secs(40);

fn limits(scan: &ScanArgs) -> Option<Limits> {
    let usual = Limits::default();
    let at_once = scan.scan_parallel.map_or(usual.at_once, usize::from);
    scan.scan.then(|| Limits { at_once, all: scan.scan_timeout.unwrap_or(usual.all) })
}

/// Eight bytes of the system's.
pub fn random() -> Result<u64, Trouble> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Trouble::Ours("the system gives no random numbers".into()))?;
    Ok(u64::from_be_bytes(bytes))
}

/// What the run is about, for the rows that are shown before it is over.
fn head(config: &ProbeConfig, clock: &Clock) -> Head {
    let asked = Asked {
        credentials: config.credentials.is_some(),
        user: config.credentials.as_ref().map(|credentials| credentials.user.clone()),
        proxy: config.proxy.as_ref().map(ProxyConfig::authority),
        ..config.asked.clone()
    };
    Head {
        version: crate::report::VERSION.to_string(),
        began_unix_ms: clock.began_unix_ms(),
        target: config.target.clone(),
        asked,
        seed: config.seed,
        ..Head::default()
    }
}

/// A transcript, judged; certificates are read by `parse`; when `brief`, the report has of what was learned only the few words of each layer.
pub fn judged(transcript: Transcript, parse: Parse<'_>, brief: bool) -> Report {
    let facts = Facts::with(&transcript, parse);
    let judgement = diag::judge(&facts, diag::all());
    Report::to_depth(transcript, facts, judgement, brief)
}

fn exit(report: &Report, interrupted: bool) -> Exit {
    match () {
        () if interrupted => Exit::Interrupted,
        () if report.ours().is_some() => Exit::CouldNotRun,
        () if !report.passed() => Exit::Fails,
        () => Exit::Works,
    }
}

/// Ours: the name given within EAP when none is; it says who asks.
const NOBODY: &str = "sstp-diag";
