//! `--listen`: clients that come to us are sent spoilt variants of what a server says.

use super::super::args::MutateArgs;
use super::super::exit::{Exit, Trouble};
use super::super::output::complain;
use super::super::{eap, password, pcap, sense};
use super::keep::{self, Progress};
use super::{exit, honest, pace, page, show};
use crate::base::Secret;
use crate::jobs::conformance::client::mutants;
use crate::jobs::conformance::stand::{By, Stand, StandConfig, Subject};
use crate::jobs::lab;
use crate::jobs::mutate::guests::{self, Guests};
use crate::jobs::mutate::hunt::Target;
use crate::jobs::mutate::run;
use crate::jobs::mutate::{Hunt, Variant};
use crate::jobs::replay::{Course, Script};
use crate::live::clock::Clock;
use crate::live::runtime::{self, Ended};
use crate::live::wiretap::Ear;
use crate::proto::edit::Edit;
use crate::proto::plan::{Credentials, ServerConfig};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::task::LocalSet;

/// Does what the arguments ask for.
pub fn run(args: &MutateArgs, at: SocketAddr, script: &Script, variants: &[Variant]) -> Result<Exit, Trouble> {
    for (given, flag) in [
        (args.what.in_session, "--in-session"),
        (args.watch.restart_cmd.is_some(), "--restart-cmd"),
        (!args.peer.i_am_authorised.is_empty(), "--i-am-authorised"),
    ] {
        if given {
            return Err(Trouble::Usage(format!("{flag} is for a server; a client comes by itself, or is started for every call")));
        }
    }
    let subject = subject(args, at)?;
    let ended = runtime::run(|stop| async { LocalSet::new().run_until(hunt(args, at, subject, script, variants, stop)).await })?;
    match ended {
        Ended::Through(exit) => exit,
        Ended::Interrupted(exit) => exit.map(|_| Exit::Interrupted),
        Ended::Abandoned => Ok(Exit::Interrupted),
    }
}

fn subject(args: &MutateArgs, at: SocketAddr) -> Result<Subject, Trouble> {
    let who = &args.client;
    if let Some(command) = &who.exec {
        return Ok(Subject::Exec(command.clone()));
    }
    if let Some(program) = &who.exec_sstpc {
        return Ok(Subject::Sstpc { program: program.clone() });
    }
    if who.built_in {
        let unknown = |id: &String| Trouble::Usage(format!("there is no defect {id:?} of the built-in client; docs/clients.md lists them"));
        let mutant = who.fault.as_ref().map(|id| mutants::find(id).ok_or_else(|| unknown(id))).transpose()?;
        return Ok(Subject::BuiltIn(mutant));
    }
    match at.port() {
        0 => Err(Trouble::Usage("a client that is brought by hand needs a port that it can be told: --listen ADDR:PORT".into())),
        _ => Ok(Subject::Hand(By::Port)),
    }
}

fn credentials(args: &MutateArgs) -> Result<Credentials, Trouble> {
    let given = password::given(&args.login.account)?;
    let (user, password) = lab::USERS[0];
    Ok(given.unwrap_or_else(|| Credentials { user: user.into(), password: Secret::new(password.into()) }))
}

fn stand(args: &MutateArgs, at: SocketAddr, subject: Subject, script: &Script) -> Result<Stand, Trouble> {
    let host = match &args.client.host {
        Some(host) => host.clone(),
        None if at.ip().is_loopback() => "localhost".into(),
        None if at.ip().is_unspecified() => {
            return Err(Trouble::Usage(format!("what do clients dial at {}? say --host NAME", at.ip())));
        }
        None => at.ip().to_string(),
    };
    // sstp-client 1.0.18 hangs when a flight of the server is there before it looks.
    let hold = if matches!(subject, Subject::Sstpc { .. }) { SSTPC_HOLD } else { Duration::ZERO };
    let (_, login) = Course::of_client(script);
    let client_roots = args.eap.eap_ca.as_deref().map(eap::roots).transpose()?.unwrap_or_default();
    let config = StandConfig { at, host, credentials: credentials(args)?, hold, subject, login, client_roots };
    Ok(Stand::set(config, &[])?)
}

fn wait_at(
    args: &MutateArgs,
    at: SocketAddr,
    subject: Subject,
    script: &Script,
    stop: &Receiver<bool>,
    ear: Ear,
) -> Result<Guests, Trouble> {
    let credentials = credentials(args)?;
    let server = if args.input.is_some() { guests::like(script, &credentials) } else { ServerConfig::default() };
    let stand = stand(args, at, subject, script)?;
    let mut guests = Guests::at(stand, (server, credentials), args.what.seed, (Clock::start(), stop.clone()), ear)?;
    guests.pid = args.watch.pid;
    Ok(guests)
}

async fn hunt(
    args: &MutateArgs,
    at: SocketAddr,
    subject: Subject,
    script: &Script,
    variants: &[Variant],
    stop: Receiver<bool>,
) -> Result<Exit, Trouble> {
    let by_hand = matches!(subject, Subject::Hand(_));
    let name = subject.name().to_string();
    let mut guests = wait_at(args, at, subject.clone(), script, &stop, Ear::default())?;
    if args.what.slow || variants.iter().any(|variant| variant.slow) {
        guests.patience = super::SLOW;
    }
    told(args, &guests)?;
    let (guests, hunt) = (Rc::new(guests), Rc::new(Hunt::new(args.watch.confirm, super::SLOW_ANSWER)));
    honest::alive(&hunt, &*guests, &format!("an honest call of {name}"), |_| {}).await?;
    let mut progress = Progress::open(args, &name, None, variants)?;
    let mut pace = pace(args, sense::is_here(&at.ip().to_string()), variants.len());
    // One is brought by hand; of those that are started each is a process of its own.
    pace.concurrency = if by_hand { 1 } else { args.pace.concurrency.unwrap_or(CLIENTS).into() };
    if args.watch.pid.is_some() {
        pace.concurrency = 1;
    }
    let from = progress.stand();
    let stand = run::listed(guests.clone(), hunt.clone(), variants, pace, from, &mut |hunt, stand, _| progress.tell(hunt, stand)).await;
    let mut page = page::of(script, &progress, &hunt, &stand);
    (page.in_all, page.interrupted) = (guests.clock.now().duration().as_secs_f64(), *stop.borrow());
    page.left_out = page::left_out(args, script, variants, &stand);
    // The address must be free before the findings are recorded there.
    if let Some(guests) = Rc::into_inner(guests) {
        guests.strike().await;
    }
    let mut record =
        async |edits: &[Edit], path: &Path, stop: &Receiver<bool>| record(args, at, subject.clone(), script, stop, edits, path).await;
    let kept = keep::findings(args, script, &hunt, &mut page, &mut record, &stop).await;
    let kept = kept.and(progress.end(&stand, &page.findings));
    // What was found is told, whether it could be kept or not.
    show(args, &page)?;
    kept.map(|()| exit(&page))
}

async fn record(
    args: &MutateArgs,
    at: SocketAddr,
    subject: Subject,
    script: &Script,
    stop: &Receiver<bool>,
    edits: &[Edit],
    path: &Path,
) -> Result<(), Trouble> {
    let pcap = pcap::open(Some(path), "a spoilt call")?;
    let guests = wait_at(args, at, subject, script, stop, pcap::ear(pcap.as_ref()))?;
    let _ = guests.ride(edits).await;
    guests.strike().await;
    pcap::finish(pcap, Some(path));
    Ok(())
}

/// Where to lead a client that is brought by hand.
fn told(args: &MutateArgs, guests: &Guests) -> Result<(), Trouble> {
    if let Some(path) = &args.client.ca_out {
        std::fs::copy(guests.stand().ca(), path).map_err(|error| Trouble::file("write", path, &error))?;
    }
    if let Some(at) = guests.address() {
        complain(&format!("waiting at {at}: connect the client, again for every variant"));
    }
    Ok(())
}

/// Ours: writes to sstp-client are held back so long.
const SSTPC_HOLD: Duration = Duration::from_millis(25);
/// Ours: clients that are started at a time.
const CLIENTS: u16 = 4;
