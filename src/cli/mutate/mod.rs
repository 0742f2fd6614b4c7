//! `mutate`: from the arguments to the report.

mod calls;
mod corpus;
mod guests;
mod honest;
mod inward;
mod keep;
mod page;
mod rails;

use super::args::{Budget, Form, MutateArgs, Target as Named};
use super::exit::{Exit, Trouble};
use super::output::{self, print};
use super::replay::{made_up, source, tunnel};
use super::{eap, lab as cli_lab, password, probe};
use crate::base::{Secret, Side};
use crate::jobs::lab::{self, Lab, LabConfig};
use crate::jobs::mutate::hunt::Target as _;
use crate::jobs::mutate::run::{self, Pace, Remote};
use crate::jobs::mutate::variant::{self, Variant};
use crate::jobs::mutate::{Hunt, Patience, arena, guests as jobs_guests};
use crate::jobs::probe::ProbeConfig;
use crate::jobs::replay::{Said, Script, Step, like};
use crate::live::clock::Clock;
use crate::live::runtime::{self, Ended};
use crate::live::wiretap::Ear;
use crate::proto::edit::Edit;
use crate::proto::plan::{Credentials, Method};
use crate::report::mutate::{Page, Several};
use calls::Call;
use keep::Progress;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// Does what the arguments ask for.
pub fn run(args: &MutateArgs) -> Result<Exit, Trouble> {
    sensible(args)?;
    source::one_reader(args.input.as_deref(), &args.login.account)?;
    let live = args.input.is_none() && args.lab_session && !args.peer.to.is_empty() && !args.what.dry_run;
    if live {
        keep::folder(args)?;
        return dialled(args, None);
    }
    let script = script(args)?;
    let variants = chosen(args, &script)?;
    if args.what.dry_run {
        return dry_run(args, &variants);
    }
    keep::folder(args)?;
    if args.peer.own {
        return inward::run(args, &script);
    }
    if let Some(at) = args.client.listen {
        return guests::run(args, at, &script, &variants);
    }
    if args.peer.to.len() < 2 {
        comes_up(&script)?;
    }
    dialled(args, Some((script, variants)))
}

/// A recording in which the call neither comes up nor is left in order goes through nowhere.
fn comes_up(script: &Script) -> Result<(), Trouble> {
    let goes_on = |said: &Said| said.name == "sstp.call-connected" || said.name == "sstp.call-disconnect";
    if script.says(Side::Client).any(goes_on) {
        return Ok(());
    }
    let last = script.steps.iter().rev().find_map(Step::said).map_or("nothing", |said| said.name.as_str());
    Err(Trouble::Ours(format!(
        "the recording ends before the call is up (its last message is {last}), and nothing can be said about spoilt calls where an honest one does not go through"
    )))
}

/// What would be ignored is refused.
fn sensible(args: &MutateArgs) -> Result<(), Trouble> {
    let wrong = |says: &str| Err(Trouble::Usage(says.into()));
    match () {
        () if args.what.in_session && args.what.dry_run => {
            wrong("--dry-run lists variants with a call each; those of --in-session are made up on the way")
        }
        () if args.peer.own && args.what.only.is_some() => wrong("--only is a variant of a call; --self spoils messages, which have no id"),
        () if args.peer.own && (args.what.dry_run || args.what.in_session || !args.what.select.is_empty()) => {
            wrong("--dry-run, --select and --in-session are for calls; --self spoils messages")
        }
        () if args.peer.own && (args.pace.resume.is_some() || args.pace.rate.is_some() || args.pace.concurrency.is_some()) => {
            wrong("--resume, --rate and --concurrency are for calls; --self takes every core, and --corpus keeps what it finds")
        }
        () if args.peer.own && (args.watch.pid.is_some() || args.watch.restart_cmd.is_some()) => {
            wrong("--pid and --restart-cmd are for a server; --self runs in this process")
        }
        () if args.watch.pid.is_some_and(|pid| run::memory_of(pid).is_none()) => {
            wrong("--pid: there is no such process on this machine, or its memory cannot be read")
        }
        () => Ok(()),
    }
}

/// Against servers. Without a script: to each what an honest call with it has.
fn dialled(args: &MutateArgs, given: Option<(Script, Vec<Variant>)>) -> Result<Exit, Trouble> {
    if args.peer.to.is_empty() && !args.peer.lab {
        return Err(Trouble::Usage("against whom? --to TARGET, --listen ADDR:PORT, --lab or --self; --dry-run sends nothing".into()));
    }
    let targets = targets(args, given.as_ref().map(|given| &given.0))?;
    rails::all(args, &targets)?;
    if args.peer.to.len() > 1 && (args.watch.pid.is_some() || args.pace.resume.is_some() || args.what.in_session) {
        return Err(Trouble::Usage("--pid, --resume and --in-session are for one target".into()));
    }
    let ended = runtime::run(|stop| async move {
        let mut calls = Vec::new();
        for config in &targets {
            calls.push(match &given {
                Some((script, variants)) => Call::given(script.clone(), variants.clone()),
                None => calls::made(args, config, &stop).await?,
            });
        }
        hunt(args, calls, targets, stop).await
    })?;
    match ended {
        Ended::Through(exit) => exit,
        Ended::Interrupted(exit) => exit.map(|_| Exit::Interrupted),
        Ended::Abandoned => Ok(Exit::Interrupted),
    }
}

fn script(args: &MutateArgs) -> Result<Script, Trouble> {
    match &args.input {
        Some(path) => source::read(path, None, &args.keys).map(|script| {
            let from = source::name(&script, Some(path));
            without_secrets(Script { from, ..script })
        }),
        None if args.client.listen.is_some() => jobs_guests::script().map_err(|error| Trouble::Ours(error.to_string())),
        None if args.lab_session || args.peer.lab || args.peer.own || args.what.dry_run => {
            arena::login_script(args.auth.unwrap_or(Method::MsChapV2)).map_err(|error| Trouble::Ours(error.to_string()))
        }
        None => Err(Trouble::Usage("what is spoilt? FILE, or --lab-session for an honest call as the lab knows it".into())),
    }
}

/// What is spoilt, reported and kept shows no secret of the recording: what a login takes is made anew when it is sent.
fn without_secrets(script: Script) -> Script {
    let mut script = variant::to_its_end(script);
    script.scrub();
    script
}

fn chosen(args: &MutateArgs, script: &Script) -> Result<Vec<Variant>, Trouble> {
    let variants = picked(args, script);
    there_are(args, &variants)?;
    Ok(variants)
}

/// The variants of a call that the arguments choose.
fn picked(args: &MutateArgs, script: &Script) -> Vec<Variant> {
    let mut variants = listed(args, script);
    let Some(id) = &args.what.only else {
        variants.retain(|variant| args.what.slow || !variant.slow);
        return variants;
    };
    variants.retain(|variant| variant.id == *id);
    if let Some(number) = id.strip_prefix("open/").and_then(|number| number.parse().ok()) {
        variants.push(run::loose(args.what.seed, number));
    }
    variants.extend(Some(run::honest()).filter(|honest| honest.id == *id));
    variants
}

fn there_are(args: &MutateArgs, variants: &[Variant]) -> Result<(), Trouble> {
    match (&args.what.only, variants.is_empty()) {
        (_, false) => Ok(()),
        (Some(id), true) => {
            let says = format!("there is no variant {id:?} of this call under --seed {}; --dry-run lists them", args.what.seed);
            Err(Trouble::Usage(says))
        }
        (None, true) => Err(Trouble::Usage("--select leaves no variant; --dry-run lists them".into())),
    }
}

/// The variants of the side that is played, as far as --select wants them.
fn listed(args: &MutateArgs, script: &Script) -> Vec<Variant> {
    let by = if args.client.listen.is_some() { Side::Server } else { Side::Client };
    let mut variants = variant::all(script, by, args.what.seed);
    if !args.what.select.is_empty() {
        variants.retain(|variant| args.what.select.iter().any(|prefix| variant.id.starts_with(prefix)));
    }
    variants
}

fn dry_run(args: &MutateArgs, variants: &[Variant]) -> Result<Exit, Trouble> {
    let most = match args.pace.budget {
        Some(Budget::Cases(cases)) => usize::try_from(cases).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    let mut text = String::new();
    for variant in variants.iter().take(most) {
        text += &match args.output {
            Form::Table => format!("{}  {}\n", variant.id, variant.line()),
            Form::Json => {
                let row =
                    serde_json::json!({ "id": variant.id, "state": variant.place, "family": variant.family, "edits": variant.line() });
                format!("{row}\n")
            }
        };
    }
    print(text.as_bytes())?;
    Ok(Exit::Works)
}

/// What is dialled; with `--lab` the lab fills in the rest.
fn targets(args: &MutateArgs, script: Option<&Script>) -> Result<Vec<ProbeConfig>, Trouble> {
    let nobody = [String::new()];
    let names = if args.peer.lab { &nobody[..] } else { &args.peer.to };
    names.iter().map(|name| target(args, script, name)).collect()
}

fn target(args: &MutateArgs, script: Option<&Script>, name: &str) -> Result<ProbeConfig, Trouble> {
    let named = match name {
        "" => Named { host: String::new(), port: 0 },
        name => Named::parse(name).map_err(Trouble::Usage)?,
    };
    let roots = super::trust::roots(&args.roots)?;
    let mut config = probe::dialling(&args.way, roots, args.peer.lab, &named)?;
    let given = password::given(&args.login.account)?;
    let (user, password) = lab::USERS[0];
    let alice = || Credentials { user: user.into(), password: Secret::new(password.into()) };
    config.credentials = given;
    match script.filter(|_| args.input.is_some()) {
        Some(script) => {
            if args.peer.lab {
                config.credentials = Some(made_up(config.credentials.take(), script));
            }
            tunnel::login(&args.eap, script, args.peer.lab, "", &mut config)?;
        }
        None => {
            tunnel::given(&args.eap, &mut config)?;
            if args.auth == Some(Method::EapTls) && config.eap.identity.is_none() && !args.peer.lab {
                return Err(Trouble::Usage("--auth eap-tls logs in with a certificate: give --cert and --key".into()));
            }
            config.methods = args.auth.map(|method| vec![method]);
            let named = || config.eap.identity.as_ref().and_then(eap::name_of);
            let owner = named().map(|user| Credentials { user, password: Secret::new(String::new()) });
            config.credentials = config.credentials.take().or(owner).or_else(|| Some(alice()));
        }
    }
    config.seed = args.what.seed;
    Ok(config)
}

async fn hunt(args: &MutateArgs, mut calls: Vec<Call>, mut targets: Vec<ProbeConfig>, stop: Receiver<bool>) -> Result<Exit, Trouble> {
    let lab = match calls.first() {
        Some(call) if args.peer.lab => Some(start_lab(args, &call.script, &mut targets).await?),
        _ => None,
    };
    // Where one of them cannot be compared, the others need not be sent anything.
    let mut ready = Vec::new();
    for (config, call) in targets.iter().zip(&mut calls) {
        ready.push(calls::ready(args, call, config, &stop).await?);
    }
    let alone = calls::in_common(args, &mut calls)?;
    let (mut reactions, mut pages) = (Vec::new(), Vec::new());
    let (mut worst, mut trouble) = (Exit::Works, None);
    for (target, call) in ready.into_iter().zip(&calls) {
        let (page, seen, kept) = one_target(args, call, target, &stop).await?;
        trouble = trouble.or(kept.err());
        worst = if exit(&page) == Exit::Works { worst } else { exit(&page) };
        reactions.push(seen);
        match args.output {
            Form::Json if targets.len() > 1 => pages.push(page),
            _ => show(args, &page)?,
        }
        if *stop.borrow() {
            break;
        }
    }
    if let Some(first) = calls.first().filter(|_| targets.len() > 1) {
        let names = targets.iter().map(|config| config.target.authority()).collect();
        let grid = (reactions.len() == targets.len()).then(|| page::grid(names, alone, &first.variants, &reactions));
        show_several(args, Several { pages, grid })?;
    }
    if let Some(lab) = lab {
        lab.stop().await;
    }
    // What was found is told, whether it could be kept or not.
    trouble.map_or(Ok(worst), Err)
}

/// With a recording it is configured like the recorded server, and whoever logged in there has an account.
async fn start_lab(args: &MutateArgs, script: &Script, targets: &mut [ProbeConfig]) -> Result<Lab, Trouble> {
    let bugs = cli_lab::bugs(&args.peer.bug)?;
    let mut server = None;
    for config in targets.iter().filter(|_| args.input.is_some()) {
        server = config.credentials.as_ref().map(|credentials| like::lasting(script, credentials));
    }
    let methods = args.auth.map(|method| vec![method]);
    let lab = Lab::start(LabConfig { bugs, server, methods, seed: args.what.seed, ..LabConfig::default() }).await?;
    for config in targets {
        cli_lab::dial(config, lab.dial(), &args.way, args.roots.without_files())?;
    }
    Ok(lab)
}

type Reactions = Vec<(String, String)>;

/// What a target came to, and whether all of it could be written down.
type Told = (Page, Reactions, Result<(), Trouble>);

/// A target that has served an honest call.
type Ready = (Rc<Remote>, Rc<Hunt>);

async fn ready_target(args: &MutateArgs, call: &Call, config: &ProbeConfig, stop: &Receiver<bool>) -> Result<Ready, Trouble> {
    let clock = Clock::start();
    let patience = if args.what.slow || call.variants.iter().any(|variant| variant.slow) { SLOW } else { Patience::REAL };
    let mut remote = Remote::new(config.clone(), &call.script, clock, stop.clone(), patience);
    (remote.pid, remote.restart_cmd) = (args.watch.pid, args.watch.restart_cmd.clone());
    let (remote, hunt) = (Rc::new(remote), Rc::new(Hunt::new(args.watch.confirm, SLOW_ANSWER)));
    let target = config.target.authority();
    let who = match args.peer.bug.as_slice() {
        [] => format!("an honest call with {target}"),
        bugs => format!("an honest call with the lab, which has the defect {},", bugs.join(", ")),
    };
    let limits = if args.peer.lab || rails::is_here(args, config) { honest::HERE } else { honest::ELSEWHERE };
    let limit = |attempt: usize| {
        remote.honest_limit.set(limits.get(attempt).copied());
        // The last shows whether an honest call is closed when it is over.
        remote.lingers.set(attempt + 1 == limits.len());
    };
    let alive = honest::alive(&hunt, &*remote, &who, limit).await;
    remote.honest_limit.set(None);
    remote.lingers.set(false);
    alive.map_err(|why| if *stop.borrow() { Trouble::Interrupted } else { why })?;
    Ok((remote, hunt))
}

async fn one_target(args: &MutateArgs, call: &Call, (remote, hunt): Ready, stop: &Receiver<bool>) -> Result<Told, Trouble> {
    let (config, script, variants) = (&remote.config, &call.script, &call.variants);
    let against = match args.peer.lab {
        true if args.input.is_some() => "the lab, configured like the recorded server".into(),
        true => "the lab".into(),
        false => config.target.authority(),
    };
    let in_place_of = args.input.as_ref().filter(|_| call.in_place).map(|path| path.display().to_string());
    let to = (!args.peer.lab).then(|| page::To { target: against.clone(), in_place_of });
    let mut progress = Progress::open(args, &against, to, variants)?;
    let from = progress.stand();
    let pace = pace(args, rails::is_here(args, config) || args.peer.lab, variants.len());
    let mut reactions = Vec::new();
    let stand = run::all(remote.clone(), hunt.clone(), variants, pace, from, &mut |hunt, stand, reaction| {
        reactions.extend(reaction.map(|(id, reaction)| (id.to_string(), reaction.to_string())));
        progress.tell(hunt, stand);
    })
    .await;
    if !remote.is_stopping() && !hunt.counts().dead {
        hunt.check_life(&*remote).await;
    }
    let mut page = page::of(script, &progress, &hunt, &stand);
    (page.in_all, page.interrupted) = (remote.clock.now().duration().as_secs_f64(), *stop.borrow());
    page.not_restarted = remote.not_restarted().or_else(|| hunt.counts().not_back.then(|| NOT_BACK.into()));
    page.left_out = page::left_out(args, script, variants, &stand);
    let one = &remote.at_one_address();
    let mut record = async |edits: &[Edit], path: &Path, stop: &Receiver<bool>| keep::record(one, script, edits, path, stop).await;
    let kept = keep::findings(args, script, &hunt, &mut page, &mut record, stop).await;
    let kept = kept.and(progress.end(&stand, &page.findings));
    Ok((page, reactions, kept))
}

fn exit(page: &Page) -> Exit {
    match () {
        () if page.interrupted => Exit::Interrupted,
        () if page.findings.is_empty() => Exit::Works,
        () => Exit::Fails,
    }
}

fn pace(args: &MutateArgs, here: bool, variants: usize) -> Pace {
    let (cases, time) = match args.pace.budget {
        Some(Budget::Cases(cases)) => (Some(cases), None),
        Some(Budget::Time(time)) => (None, Some(time)),
        None if args.what.in_session => (Some(IN_SESSION), None),
        None => (Some(variants as u64), None),
    };
    let only = args.what.only.is_some() || !args.what.select.is_empty();
    Pace {
        // What was chosen is all that is wanted.
        cases: if only { cases.map(|cases| cases.min(variants as u64)).or(Some(variants as u64)) } else { cases },
        time,
        rate: args.pace.rate.or((!here).then_some(RATE)),
        // Memory that grows is of one variant only when nothing else is under way.
        concurrency: if args.watch.pid.is_some() { 1 } else { args.pace.concurrency.unwrap_or(if here { HERE } else { 1 }).into() },
        in_session: args.what.in_session,
    }
}

fn show(args: &MutateArgs, page: &Page) -> Result<(), Trouble> {
    let mut text = Vec::new();
    let style = output::looks(args.look.color, args.look.width, false);
    match args.output {
        Form::Table => page.table(style.width, &mut text)?,
        Form::Json => page.json(&mut text)?,
    }
    print(&text)?;
    Ok(())
}

/// What stands behind the pages of several targets, or, as JSON, all of it in one document.
fn show_several(args: &MutateArgs, several: Several) -> Result<(), Trouble> {
    let mut text = Vec::new();
    match args.output {
        Form::Table => {
            let width = output::looks(args.look.color, args.look.width, false).width;
            several.grid.iter().try_for_each(|grid| grid.table(width, &mut text))?;
        }
        Form::Json => several.json(&mut text)?,
    }
    print(&text)?;
    Ok(())
}

/// A config whose traffic is heard.
fn heard(config: &ProbeConfig, ear: Ear) -> ProbeConfig {
    use crate::live::keylog::KeyLogs;
    let keylog = KeyLogs::open(None, None).map(|keylog| std::sync::Arc::new(keylog.heard_by(ear.clone())));
    ProbeConfig { keylog: keylog.unwrap_or_else(|_| config.keylog.clone()), ear, ..config.clone() }
}

/// Of the command that starts a target.
const NOT_BACK: &str = "does not bring it back: started again three times, it served no honest call";
/// Ours: with timers in play everything is waited for.
const SLOW: Patience = Patience {
    quiet: Duration::from_millis(1_500),
    answer: Duration::from_secs(20),
    close: Duration::from_millis(3_000),
    ..Patience::REAL
};
/// Ours: an answer over sockets that takes longer is slow.
const SLOW_ANSWER: Duration = Duration::from_millis(1_500);
/// Ours: connections at a time to this machine; many of them only wait for what must not come.
const HERE: u16 = 64;
/// Ours: connections a second to a machine that is not this one.
const RATE: f64 = 20.0;
/// Ours: variants of a run in one session, where no budget is given.
const IN_SESSION: u64 = 100_000;
