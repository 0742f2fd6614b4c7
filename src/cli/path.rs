//! `path`: what on the way to a server breaks SSTP.

use super::args::{PathArgs, PathOutput, Target as Named};
use super::exit::{Exit, Trouble};
use super::output::{complain, looks, print};
use super::{exposure, lab, probe, proxy, reference, sense, trust};
use crate::diag::path;
use crate::jobs::lab::{LabConfig, pki};
use crate::jobs::middlebox::{CONTROL, Chosen, Street};
use crate::jobs::path::{self as job, PathConfig, experiments};
use crate::jobs::witness::Meeting;
use crate::live::clock::Clock;
use crate::live::dns::Override;
use crate::live::resolvers;
use crate::live::runtime::{self, Ended};
use crate::live::witness::Witness;
use crate::proto::plan::Credentials;
use crate::report::path::{PathReport, Tried, json, line, render};
use crate::transcript::trial::Trail;
use std::fs::{self, File};
use std::io::{IsTerminal, Write, stderr};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use tokio::sync::watch::Receiver;

/// Investigates and reports.
pub fn run(args: &PathArgs) -> Result<Exit, Trouble> {
    let named = target(args)?;
    let mut files = files(&args.output)?;
    let config = config(args, &named)?;
    if args.visibility {
        return exposure::run(args, config, &mut files);
    }
    if args.pace.dry_run {
        print(planned(args, config)?.as_bytes())?;
        return Ok(Exit::Works);
    }
    let ended = runtime::run(|stop| investigated(args, config, stop))?;
    let (trail, interrupted) = match ended {
        Ended::Through(trail) => (trail?, false),
        Ended::Interrupted(trail) => (trail?, true),
        Ended::Abandoned => return Ok(Exit::Interrupted),
    };
    let verdict = path::judge(&trail);
    let report = PathReport { trail, verdict, tried: tried() };
    let style = looks(super::args::Colour::Never, args.width, args.verbose);
    let text = |as_json: bool| match as_json {
        true => format!("{:#}\n", json(&report)),
        false => render(&report, style.width, args.verbose),
    };
    let on_stdout = args.output.iter().find(|output| output.file.is_none()).is_some_and(|output| output.json);
    print(text(on_stdout).as_bytes())?;
    for (as_json, path, file) in &mut files {
        let written = file.write_all(text(*as_json).as_bytes()).and_then(|()| file.flush());
        written.map_err(|error| Trouble::file("write", path, &error))?;
    }
    Ok(match () {
        () if interrupted => Exit::Interrupted,
        () if report.verdict.fails() || report.verdict.stops_calls() => Exit::Fails,
        () if report.verdict.undecided.is_some() || told_nothing(&report.trail) => Exit::CouldNotRun,
        () => Exit::Works,
    })
}

/// A witness was asked for, and nothing could be compared.
fn told_nothing(trail: &Trail) -> bool {
    trail.witness.as_ref().is_some_and(|sides| sides.theirs.is_err())
}

/// What would be done; the lab is built for that, because it has servers of its own.
fn planned(args: &PathArgs, mut config: PathConfig) -> Result<String, Trouble> {
    if !args.lab {
        return Ok(plan(&config));
    }
    let ended = runtime::run(|_| async move {
        let street = rehearsal(args, &mut config).await?;
        street.stop().await;
        Ok::<_, Trouble>(plan(&config))
    })?;
    match ended {
        Ended::Through(text) | Ended::Interrupted(text) => text,
        Ended::Abandoned => Ok(String::new()),
    }
}

/// What the lab has of its own, and nobody can name beside it.
fn of_the_labs_own(args: &PathArgs) -> Option<&'static str> {
    let (way, compared) = (&args.way, &args.compared);
    let given = [
        ("--proxy", way.proxy.is_some()),
        ("--pac", way.pac.is_some()),
        ("--wpad", way.wpad.is_some()),
        ("--proxy-user", way.proxy_user.is_some()),
        ("--control", compared.control.is_some()),
        ("--resolver", !compared.resolver.is_empty()),
        ("--witness-at", compared.witness_at.is_some()),
    ];
    given.into_iter().find(|row| row.1).map(|row| row.0)
}

fn target(args: &PathArgs) -> Result<Named, Trouble> {
    if let Some(option) = of_the_labs_own(args).filter(|_| args.lab) {
        return Err(Trouble::Usage(format!(
            "{option} has no effect with --lab, which has proxies, resolvers and a control server of its own"
        )));
    }
    if args.lab {
        return Ok(Named { host: pki::NAME.into(), port: 0 });
    }
    let missing = || Trouble::Usage("TARGET is missing; without a server at hand try `sstp-diag path --lab`".into());
    Named::parse(args.server.target.as_deref().ok_or_else(missing)?).map_err(Trouble::Usage)
}

pub(super) type Written = (bool, PathBuf, File);

fn files(outputs: &[PathOutput]) -> Result<Vec<Written>, Trouble> {
    let paths: Vec<PathBuf> = outputs.iter().filter_map(|output| output.file.clone()).collect();
    sense::written(paths.iter().map(PathBuf::as_path), &[])?;
    let opened = outputs.iter().filter_map(|output| Some((output.json, output.file.clone()?))).map(|(json, path)| {
        let file = File::create(&path).map_err(|error| Trouble::file("create", &path, &error))?;
        Ok((json, path, file))
    });
    opened.collect()
}

/// Everything that the arguments say; the lab fills in the rest.
fn config(args: &PathArgs, named: &Named) -> Result<PathConfig, Trouble> {
    let roots = trust::roots(&args.roots)?;
    let mut config = PathConfig::new(probe::basis(&args.login, &args.way, roots, args.lab, named)?);
    if args.lab || on_loopback(&config) {
        config = config.hurried();
    }
    if let Some(control) = &args.compared.control {
        let port = if control.port == 0 { HTTPS } else { control.port };
        let target = &config.probe.target;
        if control.host.eq_ignore_ascii_case(&target.host) && port == target.port {
            return Err(Trouble::Usage("--control is the target itself; a control is another server, which works from here".into()));
        }
        config.control = Some((control.host.clone(), port));
    }
    config.resolvers = match args.compared.resolver.as_slice() {
        [] => resolvers::of_system(),
        named => named.iter().map(|address| SocketAddr::new(*address, DNS)).collect(),
    };
    config.resolvers.truncate(MOST_RESOLVERS);
    if !args.compared.port.is_empty() {
        config.other_ports = args.compared.port.clone();
    }
    if let Some(path) = &args.compared.reference {
        let text = fs::read_to_string(path).map_err(|error| Trouble::file("read", path, &error))?;
        let source = path.display().to_string();
        let (reference, of) = reference::read(&text, &source).map_err(Trouble::Usage)?;
        let (reference, differs) = reference::fitting(reference, &of, &config.probe.target).map_err(Trouble::Usage)?;
        differs.iter().for_each(|says| complain(says));
        config.reference = Some(crate::transcript::trial::Reference { same_network: args.compared.earlier, ..reference });
    }
    if let Some(pin) = &args.compared.pin {
        let known = config.reference.take().unwrap_or_default();
        let source = if known.source.is_empty() { "--pin".into() } else { format!("--pin and {}", known.source) };
        config.reference = Some(crate::transcript::trial::Reference { sha256: Some(pin.clone()), pinned: true, source, ..known });
    }
    config.witness = witness(args)?;
    config.probe.pac = if args.lab { None } else { proxy::script(&args.way)? };
    (config.gentle, config.rounds, config.max_idle, config.bulk) = (args.pace.gentle, args.pace.rounds, args.pace.max_idle, args.pace.bulk);
    config.patience = args.pace.patience.unwrap_or(config.patience);
    config.pace = args.pace.pace.unwrap_or(config.pace);
    config.hops = config.hops.map(|_| args.pace.hops);
    config.total = args.pace.timeout.unwrap_or(config.total.max(args.pace.max_idle.unwrap_or_default() * IDLE_ROUNDS + config.total));
    Ok(config)
}

/// The server is on this machine, whatever its name is.
fn on_loopback(config: &PathConfig) -> bool {
    let probe = &config.probe;
    let loopback = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    let (connect, over) = (probe.target.connect.as_deref(), probe.resolver.overrides.iter());
    let host = connect.map_or(probe.target.host.as_str(), |place| place.rsplit_once(':').map_or(place, |pair| pair.0));
    let given = over.filter(|row| row.host.eq_ignore_ascii_case(host)).flat_map(|row| &row.addresses).collect::<Vec<_>>();
    if given.is_empty() { loopback(host) } else { given.iter().all(|address| address.is_loopback()) }
}

/// The witness that the arguments name; that of the lab has a token of its own.
fn witness(args: &PathArgs) -> Result<Option<Meeting>, Trouble> {
    let Some(text) = &args.compared.witness else { return Ok(None) };
    if args.lab {
        let random = format!("{:016x}{:016x}", probe::random()?, probe::random()?);
        return Ok(Some(Meeting { token: lab::token(&random)?, by: None }));
    }
    if text.is_empty() {
        return Err(Trouble::Usage(
            "a token is missing: --witness TOKEN or --witness @FILE, as `lab --witness` on the server has it".into(),
        ));
    }
    let at = |at: &Named| Named { port: if at.port == 0 { HTTPS } else { at.port }, ..at.clone() }.authority();
    Ok(Some(Meeting { token: lab::token(text)?, by: args.compared.witness_at.as_ref().map(at) }))
}

/// What will be done at most.
pub(super) fn plan(config: &PathConfig) -> String {
    let mut text = format!(
        "At most {} connections in {} s, {} at a time; nothing goes to anybody but the server{}{}.\n",
        config.most_connections(),
        config.total.as_secs_f64(),
        config.most_at_once(),
        others(config),
        if config.resolvers.is_empty() { "" } else { " and the resolvers" }
    );
    for row in experiments::ALL.iter().filter(|row| !(row.active && config.gentle)) {
        let treatments: Vec<&str> = row.treatments.iter().map(|arm| arm.sends()).collect();
        text += &format!("  {:15} {}: {} | {}\n", row.id, row.varies, row.control.sends(), treatments.join(" | "));
    }
    text
}

/// Whom the user names beside the server.
fn others(config: &PathConfig) -> String {
    let proxy = config.probe.proxy.as_ref().map(|proxy| format!("the proxy {}", proxy.authority()));
    let script = config.probe.pac.as_ref().map(|_| "where the proxy script is and the proxy that it names".to_string());
    let control = config.control.as_ref().map(|control| format!("the control server {}", control.0));
    let by = config.witness.as_ref().and_then(|witness| witness.by.as_ref()).map(|by| format!("the witness at {by}"));
    proxy.into_iter().chain(script).chain(control).chain(by).map(|one| format!(", {one}")).collect()
}

fn tried() -> Vec<Tried> {
    let row = |row: &experiments::Experiment| Tried {
        id: row.id,
        varies: row.varies,
        control: row.control,
        treatments: row.treatments,
        means: row.means,
        many: row.many,
    };
    experiments::ALL.iter().map(row).collect()
}

async fn investigated(args: &PathArgs, mut config: PathConfig, stop: Receiver<bool>) -> Result<Trail, Trouble> {
    let street = match args.lab {
        true => Some(rehearsal(args, &mut config).await?),
        false => None,
    };
    let bound = plan(&config);
    complain(bound.lines().next().unwrap_or_default());
    let shows = stderr().is_terminal() && args.verbose;
    let tell = move |trial: &crate::transcript::trial::Trial| {
        if shows {
            complain(&line(trial, LINE));
        }
    };
    let trail = job::run(config, Clock::start(), tell, stop).await;
    if let Some(street) = street {
        street.stop().await;
    }
    Ok(trail)
}

/// Builds the lab with its middlebox, and turns the investigation towards it.
pub(super) async fn rehearsal(args: &PathArgs, config: &mut PathConfig) -> Result<Street, Trouble> {
    let chosen = match args.middlebox {
        Some(chosen) => chosen,
        None => Chosen::parse("clean").map_err(Trouble::Ours)?,
    };
    let witness = config.witness.as_ref().map(|meeting| Witness::new(meeting.token.clone(), &[]));
    let street = Street::build(chosen, LabConfig { seed: config.probe.seed, witness, ..LabConfig::default() }).await?;
    if let Some(meeting) = &mut config.witness {
        meeting.by = street.lab.addresses().first().map(ToString::to_string);
    }
    let dial = street.lab.dial();
    lab::dial(&mut config.probe, dial, &args.way, Some(&args.roots.trust))?;
    config.probe.target.port = street.target.port();
    let over = [(pki::NAME, street.target), (CONTROL, street.control)];
    config.probe.resolver.overrides = over.iter().map(|(host, at)| Override { host: (*host).into(), addresses: vec![at.ip()] }).collect();
    if let Some(url) = &street.proxy {
        config.probe.proxy = Some(super::proxy::from_argument(url).map_err(Trouble::Ours)?);
    }
    let pair = dial.user.clone().zip(dial.password.clone());
    config.probe.credentials = config.probe.credentials.take().or(pair.map(|(user, password)| Credentials { user, password }));
    config.control = Some((CONTROL.into(), street.control.port()));
    (config.control_at, config.plain_at) = (Some(street.control), Some(street.plain));
    let [first, second] = street.resolvers;
    (config.system_resolver, config.resolvers) = (Some(first), vec![second]);
    config.reference = config.reference.take().or_else(|| Some(street.reference()));
    config.middlebox = Some(chosen.kind.id.into());
    Ok(street)
}

/// RFC 9110 4.2.2.
const HTTPS: u16 = 443;
/// RFC 1035 4.2.
const DNS: u16 = 53;
/// Ours: more resolvers are not asked.
const MOST_RESOLVERS: usize = 4;
/// The search for an idle timer takes so many times its bound at most.
const IDLE_ROUNDS: u32 = 3;
/// Ours: a line of progress is so long.
const LINE: usize = 78;
