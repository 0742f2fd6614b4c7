//! `replay`: from the arguments to the report.

mod many;
mod page;
pub(super) mod source;
mod steps;
pub(super) mod tunnel;

use super::args::{Form, ReplayArgs, Target as Named};
use super::exit::{Exit, Trouble};
use super::output::{self, complain, print};
use super::sheets::Save;
use super::{password, pcap, probe};
use crate::base::{Layer, Micros, Secret, Side};
use crate::jobs::lab::{self, Fault, Lab, LabConfig};
use crate::jobs::probe as jobs_probe;
use crate::jobs::replay::listen::{self, ListenConfig, Serves};
use crate::jobs::replay::run::{self, Played, ReplayConfig};
use crate::jobs::replay::{Course, Manner, Present, Script, Timing, both, like, seen};
use crate::live::clock::Clock;
use crate::live::keylog::KeyLogs;
use crate::live::listen::Identity;
use crate::live::runtime::{self, Ended};
use crate::live::wiretap::Ear;
use crate::proto::plan::{Credentials, Method};
use crate::report::Style;
use crate::report::replay::{self as report, End, Page};
use crate::transcript::{Asked, Event, Head, Target, Transcript};
use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// Does what the arguments ask for.
pub fn run(args: &ReplayArgs) -> Result<Exit, Trouble> {
    // Not for clap: to it --both, which excludes --lab, would answer the want of --lab.
    if !args.part.fault.is_empty() && !args.peer.lab {
        return Err(Trouble::Usage("--fault is for --lab".into()));
    }
    in_memory_only(args)?;
    source::one_reader(args.input.as_deref(), &args.login.account)?;
    if args.result.save.is_some() && args.load.count > 1 {
        return Err(Trouble::Usage("--save is for one session; --pcap writes the packets of many".into()));
    }
    for id in &args.part.fault {
        plays_with(id)?;
    }
    let script = source::script(args)?;
    if let Some(path) = &args.result.export_script {
        export(&script, path, args.result.with_secrets)?;
    }
    let style = output::looks(args.result.look.color, args.result.look.width, args.result.verbose);
    match &args.peer {
        peer if peer.both => in_memory(args, &script, &style),
        peer if peer.lab || peer.to.is_some() => dialled(args, &script, &style),
        peer if peer.listen.is_some() => listening(args, &script, &style),
        _ if args.result.explain => explain(args, &script, &style),
        _ if args.result.export_script.is_some() => Ok(Exit::Works),
        _ => Err(Trouble::Usage("against whom? --to TARGET, --listen ADDR:PORT, --lab or --both; --explain plays nothing".into())),
    }
}

/// In memory nothing is waited for, and it is done once.
fn in_memory_only(args: &ReplayArgs) -> Result<(), Trouble> {
    let wrong = |says: &str| Err(Trouble::Usage(format!("{says}: with --both time is pretended, and it is played once")));
    match () {
        () if !args.peer.both => Ok(()),
        () if args.how.timing != Timing::Asap => wrong("--timing is for a peer over the network"),
        () if args.load.count > 1 => wrong("--count is for a peer over the network"),
        () if args.how.patience.is_some() => wrong("--patience is for a peer over the network"),
        () => Ok(()),
    }
}

/// A fault that changes what a client does, or how it gets there, is none of the server: the client is the recorded one.
fn plays_with(id: &str) -> Result<(), Trouble> {
    super::lab::known(&[id.to_string()])?;
    match lab::fault::find(id).is_some_and(Fault::is_in_the_client) {
        true => Err(Trouble::Usage(format!(
            "{id} lies in what the client does, and here that is the recorded one; --edit changes what it says, --user who logs in"
        ))),
        false => Ok(()),
    }
}

/// Writes a script for its owner alone; without its secrets, unless they are asked for: they are made anew when it is played.
pub(super) fn export(script: &Script, path: &Path, with_secrets: bool) -> Result<(), Trouble> {
    let mut script = script.clone();
    if !with_secrets {
        script.scrub();
    }
    let text = script.text();
    if path == Path::new("-") {
        return print(text.as_bytes());
    }
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| {
        // One that was there before has a mode of its own.
        if file.metadata()?.is_file() {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        file.write_all(text.as_bytes())
    });
    written.map_err(|error| Trouble::file("write", path, &error))
}

fn explain(args: &ReplayArgs, script: &Script, style: &Style) -> Result<Exit, Trouble> {
    let mut text = String::new();
    for side in [Side::Client, Side::Server] {
        let rows = page::rules(script, side);
        if args.result.output == Form::Json {
            text += &format!("{}\n", serde_json::json!({ "side": side.name(), "made_anew": rows }));
            continue;
        }
        text += if text.is_empty() { "" } else { "\n" };
        text += &report::rules(side.name(), &rows, style.width);
    }
    print(text.as_bytes())?;
    Ok(Exit::Works)
}

fn in_memory(args: &ReplayArgs, script: &Script, style: &Style) -> Result<Exit, Trouble> {
    let credentials = made_up(given(args)?, script);
    let host = "vpn.example.test".to_string();
    let present = Present { host, credentials: Some(credentials), seed: seed(args)?, ..Present::default() };
    let both = both::run(script, &present, Timing::Asap, args.how.verbatim, Side::Client);
    let clock = Clock::start();
    let asked = Asked { credentials: true, user: present.credentials.as_ref().map(|one| one.user.clone()), ..Asked::default() };
    let target = Target { host: present.host.clone(), port: HTTPS, ..Target::default() };
    let head = Head { began_unix_ms: clock.began_unix_ms(), target, asked, seed: present.seed, ..Head::default() };
    save(args, seen(&both.events, present.credentials.as_ref()), head)?;
    let took = both.events.last().map_or(Micros::ZERO, |event| event.at);
    let of = |side: Side, against: &str, outcome| page::end(&both::course(script, side, Side::Client), against, outcome, took);
    let ends = vec![of(Side::Client, "the recorded server", &both.client), of(Side::Server, "the recorded client", &both.server)];
    report_on(args, script, ends, style)
}

fn report_on(args: &ReplayArgs, script: &Script, ends: Vec<End>, style: &Style) -> Result<Exit, Trouble> {
    let exit = match () {
        () if ends.iter().any(|end| end.interrupted) => Exit::Interrupted,
        () if ends.iter().any(|end| end.no_connection.is_some()) || ends.is_empty() => Exit::CouldNotRun,
        () if ends.iter().any(|end| !end.equal) => Exit::Fails,
        // A test that did not do what it says has shown nothing.
        () if ends.iter().any(|end| !end.not_applied.is_empty()) => Exit::CouldNotRun,
        () => Exit::Works,
    };
    let page = Page {
        recording: source::name(script, args.input.as_deref()),
        cut: script.cut.clone(),
        not_compared: args.part.fault.iter().filter_map(|id| below_http(id)).collect(),
        ignores_nothing: idle(&ends),
        ends,
    };
    let mut text = Vec::new();
    match args.result.output {
        Form::Table => report::table(&page, style, args.result.explain, &mut text)?,
        Form::Json => report::json(&page, &mut text)?,
    }
    print(&text)?;
    Ok(exit)
}

/// What is said of a fault that a replay does not see, or only where it keeps the connection from coming about.
fn below_http(id: &str) -> Option<String> {
    let fault = lab::fault::find(id).filter(|fault| fault.layer < Layer::Http)?;
    Some(format!("{} lies below HTTP ({}), where nothing is replayed: `sstp-diag probe` looks at it", fault.id, fault.layer.title()))
}

/// Patterns that had nothing at any end; of an end without a connection nobody knows.
fn idle(ends: &[End]) -> Vec<String> {
    let mut played = ends.iter().filter(|end| end.no_connection.is_none());
    let first = played.next().map(|end| end.ignores_nothing.clone()).unwrap_or_default();
    let rest: Vec<&End> = played.collect();
    first.into_iter().filter(|pattern| rest.iter().all(|end| end.ignores_nothing.contains(pattern))).collect()
}

fn dialled(args: &ReplayArgs, script: &Script, style: &Style) -> Result<Exit, Trouble> {
    let pcap = pcap::open(args.result.pcap.as_deref(), "a replay")?;
    let mut config = config(args, script, pcap::ear(pcap.as_ref()))?;
    if args.load.count > 1 {
        many::authorised(args, &config.probe)?;
    }
    let clock = Clock::start();
    let ended = runtime::run(|stop| async {
        let lab = if args.peer.lab { Some(start_lab(args, script, &mut config).await?) } else { None };
        let result = match args.load.count {
            1 => once(args, script, &config, style, &clock, stop).await,
            _ => many::run(args, &config, &clock, stop).await,
        };
        if let Some(lab) = lab {
            lab.stop().await;
        }
        result
    })?;
    pcap::finish(pcap, args.result.pcap.as_deref());
    match ended {
        Ended::Through(result) => result,
        Ended::Interrupted(result) => result.map(|_| Exit::Interrupted),
        Ended::Abandoned => Ok(Exit::Interrupted),
    }
}

async fn once(
    args: &ReplayArgs,
    script: &Script,
    config: &ReplayConfig,
    style: &Style,
    clock: &Clock,
    mut stop: Receiver<bool>,
) -> Result<Exit, Trouble> {
    let (mut events, began) = (Vec::new(), clock.now());
    let played = run::once(config, config.probe.seed, clock, &mut events, &mut stop).await;
    save(args, seen(&events, config.probe.credentials.as_ref()), jobs_probe::head(&config.probe, clock))?;
    let against = if args.peer.lab { "the lab, configured like the recorded server".into() } else { config.probe.target.authority() };
    let end = match played {
        Played { outcome: Some(outcome), .. } => page::end(&config.course, &against, &outcome, clock.now() - began),
        Played { no_connection, .. } => {
            End { side: Side::Client.name().into(), against, no_connection: Some(no_connection.unwrap_or_default()), ..End::default() }
        }
    };
    report_on(args, script, vec![end], style)
}

fn save(args: &ReplayArgs, events: Vec<Event>, head: Head) -> Result<(), Trouble> {
    let Some(path) = &args.result.save else { return Ok(()) };
    let head = Head { version: crate::report::VERSION.to_string(), ..head };
    Save::open(path)?.transcript(&Transcript { head, events }, false)
}

/// Everything that the arguments say about a server that is dialled; with `--lab` the lab fills in the rest.
fn config(args: &ReplayArgs, script: &Script, ear: Ear) -> Result<ReplayConfig, Trouble> {
    let named = match &args.peer.to {
        Some(text) => Named::parse(text).map_err(Trouble::Usage)?,
        None => Named { host: String::new(), port: 0 },
    };
    let course = Course::of(script, Side::Client);
    if course.ours.is_empty() {
        return Err(Trouble::Ours("the client says nothing in this part of the recording".into()));
    }
    let roots = super::trust::roots(&args.roots)?;
    super::proxy::no_script(&args.way)?;
    let mut probe = probe::dialling(&args.way, roots, args.peer.lab, &named)?;
    probe.credentials = given(args)?;
    if args.peer.lab {
        probe.credentials = Some(made_up(probe.credentials.take(), script));
    }
    let login = match args.how.verbatim {
        true => None,
        false => tunnel::login(&args.eap, script, args.peer.lab, OTHERWISE, &mut probe)?,
    };
    let course = if login.is_some() { course.without_login() } else { course };
    playable(args, &course, probe.credentials.is_some())?;
    if let Some(patience) = args.how.patience {
        // A server that is silent below SSTP is waited for no longer.
        probe.timers.layer = probe.timers.layer.min(patience);
    }
    let keylog = KeyLogs::open(None, std::env::var_os("SSLKEYLOGFILE").as_deref())?;
    (probe.keylog, probe.ear) = (Arc::new(keylog.heard_by(ear.clone())), ear);
    probe.seed = seed(args)?;
    Ok(ReplayConfig { probe, course: Arc::new(course), manner: manner(args)?, verbatim: args.how.verbatim, login })
}

/// What our own end of EAP serves to clients, where the recorded server's login has TLS inside.
fn serves(args: &ReplayArgs, course: &Course, script: &Script) -> Result<Option<Serves>, Trouble> {
    if args.how.verbatim || !course.is_tunnelled() {
        return Ok(None);
    }
    let method = like::eap_method(script);
    let client_roots = args.eap.eap_ca.as_deref().map(super::eap::roots).transpose()?.unwrap_or_default();
    match method {
        Method::EapTls if client_roots.is_empty() => Err(Trouble::Usage(
            "the recorded client logs in with a certificate (EAP-TLS): name the roots for it with --eap-ca, end before it with --until lcp, or send what was recorded with --verbatim"
                .into(),
        )),
        Method::Peap if given(args)?.is_none() => Err(Trouble::Usage(
            "the recorded client logs in inside TLS (PEAP): give --user and --password-file, end before it with --until lcp, or send what was recorded with --verbatim".into(),
        )),
        _ => Ok(Some(Serves { method, client_roots })),
    }
}

/// A login can only be made anew by who has the password.
fn playable(args: &ReplayArgs, course: &Course, has_password: bool) -> Result<(), Trouble> {
    if args.how.verbatim {
        return Ok(());
    }
    let logs_in = |name: &str| name == "chap.response" || name == "pap.authenticate-request" || name.starts_with("eap.response-m");
    match course.ours.iter().find(|turn| logs_in(&turn.said.name)) {
        Some(turn) if !has_password => Err(Trouble::Usage(format!(
            "the recording logs in ({}): give --user and --password-file, end before it with --until lcp, or send what was recorded with --verbatim",
            turn.said.name
        ))),
        _ => Ok(()),
    }
}

fn manner(args: &ReplayArgs) -> Result<Manner, Trouble> {
    let step = args.how.timing == Timing::Step;
    if step && args.load.count > 1 {
        return Err(Trouble::Usage("--timing step is for one session".into()));
    }
    let gate = if step { Some(Arc::new(steps::Enter::listen()?) as Arc<dyn crate::jobs::replay::Gate>) } else { None };
    Ok(Manner { timing: args.how.timing, patience: args.how.patience.unwrap_or(PATIENCE), gate, notes: args.load.count == 1 })
}

async fn start_lab(args: &ReplayArgs, script: &Script, config: &mut ReplayConfig) -> Result<Lab, Trouble> {
    super::lab::known(&args.part.fault)?;
    let credentials = config.probe.credentials.clone().unwrap_or_else(|| made_up(None, script));
    let server = Some(like::server(script, &credentials));
    let lab = Lab::start(LabConfig { faults: args.part.fault.clone(), server, seed: config.probe.seed, ..LabConfig::default() }).await?;
    super::lab::dial(&mut config.probe, lab.dial(), &args.way, args.roots.without_files())?;
    Ok(lab)
}

fn listening(args: &ReplayArgs, script: &Script, style: &Style) -> Result<Exit, Trouble> {
    let pcap = pcap::open(args.result.pcap.as_deref(), "a replay")?;
    let course = Course::of(script, Side::Server);
    let login = serves(args, &course, script)?;
    let course = Arc::new(if login.is_some() { course.without_login() } else { course });
    playable(args, &course, true)?;
    let proves = |turn: &crate::jobs::replay::course::Turn| turn.said.name == "chap.success" || turn.said.name == "eap.request-mschapv2";
    if !args.how.verbatim && given(args)?.is_none() && course.ours.iter().any(proves) {
        return Err(Trouble::Usage(
            "the recorded server proves that it knows the password: give --user and --password-file, end before it with --until lcp, or send what was recorded with --verbatim"
                .into(),
        ));
    }
    let ear = pcap::ear(pcap.as_ref());
    let config = ListenConfig {
        hold: Duration::from_millis(args.how.hold.unwrap_or(0)),
        at: args.peer.listen.ok_or_else(|| Trouble::Usage("--listen".into()))?,
        identity: identity(args)?,
        names: names(args, script),
        course: course.clone(),
        manner: Manner { notes: true, ..manner(args)? },
        verbatim: args.how.verbatim,
        credentials: given(args)?,
        login,
        count: args.load.count,
        seed: seed(args)?,
        ear,
    };
    let clock = Clock::start();
    let mut trouble = None;
    let mut tell = |listening: &listen::Listening| trouble = told(args, listening).err();
    let ended = runtime::run(|stop| listen::serve(config, &clock, stop, &mut tell))?;
    pcap::finish(pcap, args.result.pcap.as_deref());
    let (sessions, interrupted) = match ended {
        Ended::Through(sessions) => (sessions?, false),
        Ended::Interrupted(sessions) => (sessions?, true),
        Ended::Abandoned => return Ok(Exit::Interrupted),
    };
    trouble.map_or(Ok(()), Err)?;
    let took = clock.now();
    let ends = sessions.iter().map(|outcome| page::end(&course, "a client", outcome, took)).collect();
    let exit = report_on(args, script, ends, style)?;
    Ok(if interrupted { Exit::Interrupted } else { exit })
}

/// What the certificate that is made names: what the recorded client dialled, and --server-name.
fn names(args: &ReplayArgs, script: &Script) -> Vec<String> {
    args.way.server_name.clone().into_iter().chain(script.host()).collect()
}

fn told(args: &ReplayArgs, listening: &listen::Listening) -> Result<(), Trouble> {
    if let (Some(path), Some(root)) = (&args.how.ca_out, &listening.root_pem) {
        std::fs::write(path, root).map_err(|error| Trouble::file("write", path, &error))?;
    }
    complain(&format!("listening on {}", listening.at));
    Ok(())
}

fn identity(args: &ReplayArgs) -> Result<Option<Identity>, Trouble> {
    let Some(cert) = &args.how.server_cert else { return Ok(None) };
    let found = super::eap::identity(cert, args.how.server_key.as_deref())?;
    Ok(Some(Identity { chain: found.chain.clone(), key: Secret::new(found.key.expose().clone()), ocsp: None }))
}

fn given(args: &ReplayArgs) -> Result<Option<Credentials>, Trouble> {
    password::given(&args.login.account)
}

/// Where we are both ends, any password will do.
pub(super) fn made_up(given: Option<Credentials>, script: &Script) -> Credentials {
    let (user, password) = lab::USERS[0];
    given.unwrap_or_else(|| Credentials { user: like::user(script).unwrap_or_else(|| user.into()), password: Secret::new(password.into()) })
}

fn seed(args: &ReplayArgs) -> Result<u64, Trouble> {
    args.how.seed.map_or_else(probe::random, Ok)
}

/// What can be done about a login that nobody can make.
const OTHERWISE: &str = ", end before it with --until lcp, or send what was recorded with --verbatim";
/// RFC 9110 4.2.2.
const HTTPS: u16 = 443;
/// Ours: a message is waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);
