//! Honest calls before the spoilt ones: where none goes through, nothing can be said about spoilt ones.

use super::super::exit::Trouble;
use super::super::output::complain;
use crate::base::{Layer, Side};
use crate::jobs::mutate::run::Live;
use crate::jobs::mutate::{Hunt, Ride, World};
use crate::jobs::probe::{self as jobs_probe, ProbeConfig};
use crate::jobs::replay::Script;
use crate::live::clock::Clock;
use crate::proto::plan::Method;
use crate::transcript::{Event, Transcript, What};
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// An honest call of our own client, which finds out how the server wants it: what is spoilt then.
pub async fn call(config: &ProbeConfig, stop: &Receiver<bool>) -> Result<Script, Trouble> {
    let methods = config.methods.clone().unwrap_or_else(|| METHODS.to_vec());
    let config = ProbeConfig { methods: Some(methods), pings: 1, ..config.clone() };
    let target = config.target.authority();
    let (clock, mut events) = (Clock::start(), Vec::<Event>::new());
    let transcript = {
        let mut run = std::pin::pin!(jobs_probe::run(&config, &clock, &mut events, stop.clone()));
        match tokio::time::timeout(HERE[0], &mut run).await {
            Ok(transcript) => transcript,
            Err(_) => {
                complain(&format!("an honest call with {target}, which is made first, is not through after {} s", HERE[0].as_secs()));
                run.await
            }
        }
    };
    let script = Script::of(&transcript, &format!("an honest call with {target}")).map_err(|error| {
        let why = stopped(&transcript, |layer| layer < Layer::Http).map_or(error.to_string(), |why| no_connection(&why));
        Trouble::Ours(format!("an honest call with {target} does not go through: {why}"))
    })?;
    let connected = script.says(Side::Client).any(|said| said.name == "sstp.call-connected");
    match connected {
        true => Ok(super::without_secrets(script)),
        false => {
            let heard =
                script.says(Side::Server).last().map_or("nothing came".into(), |said| format!("the last that came was {}", said.name));
            let why = stopped(&transcript, |layer| layer >= Layer::Http).map(|why| format!(" ({why})")).unwrap_or_default();
            Err(Trouble::Ours(format!(
                "an honest call with {target} does not go through, so nothing can be said about spoilt ones: {heard}{why}; `sstp-diag probe {target}` says more"
            )))
        }
    }
}

/// Where and why a call stopped in these layers.
fn stopped(transcript: &Transcript, layers: impl Fn(Layer) -> bool) -> Option<String> {
    transcript.events.iter().find_map(|event| match &event.what {
        What::Down(reason) if layers(event.layer) => Some(format!("{}: {reason}", event.layer.title())),
        _ => None,
    })
}

/// Of a target.
fn no_connection(why: &str) -> String {
    format!("it takes no connection ({why})")
}

/// Makes honest calls, and learns what they show already; where none goes through, the first is told at once, and the last is the
/// error. `who`: whose call it is; `limit` is told which attempt begins.
pub async fn alive<T: Live>(hunt: &Hunt, target: &T, who: &str, limit: impl Fn(usize)) -> Result<(), Trouble> {
    let (mut through, mut last) = (false, String::new());
    for attempt in 0..CALLS {
        limit(attempt);
        let stuck = hunt.learn(target).await;
        if target.is_stopping() {
            return Err(Trouble::Interrupted);
        }
        through |= stuck.is_none();
        let Some(ride) = stuck else { continue };
        last = why(&ride, &target.world());
        // A machine under load may be slow once.
        if attempt == 0 {
            complain(&format!("{who} does not go through: {last}; it is made again"));
        }
    }
    let says = || format!("{who} does not go through, so nothing can be said about spoilt ones: {last}");
    through.then_some(()).ok_or_else(|| Trouble::Ours(says()))
}

/// What an honest call came to that does not go through.
fn why(ride: &Ride, world: &World) -> String {
    if let Some(why) = &ride.no_connection {
        return if world.judges_client { why.clone() } else { no_connection(why) };
    }
    let verdict = ride.verdict(world);
    let first = verdict.faults.first().map(|fault| format!("; {} ({})", fault.says, fault.spec)).unwrap_or_default();
    if let Some(why) = &ride.no_login {
        return format!("{why}{first}");
    }
    let heard = || ride.last_heard().map_or("nothing came".into(), |name| format!("the last that came was {name}"));
    match ride.left_after {
        Some(after) => format!("it was not over after {} s, and {}{first}", after.as_secs(), heard()),
        // Who was let go was not in a call for that.
        None if !verdict.up && verdict.reaction == "goes on" => format!("it did not come up, and {}{first}", heard()),
        None => format!("it came to {}{first}", verdict.reaction),
    }
}

/// Where none is named: those whose messages are no TLS of their own.
const METHODS: [Method; 5] = [Method::MsChapV2, Method::EapMsChapV2, Method::ChapMd5, Method::EapMd5, Method::Pap];
/// Ours: so many honest calls.
const CALLS: usize = 3;
/// Ours: how long each may take with this machine, where one takes less than a second.
pub const HERE: [Duration; CALLS] = [Duration::from_secs(3), Duration::from_secs(5), Duration::from_secs(8)];
/// Ours: with another machine, which may ask others who logs in. What the first is not through by is told.
pub const ELSEWHERE: [Duration; CALLS] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(30)];
