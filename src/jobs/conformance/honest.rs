//! Honest calls before, between and after the cases: whether the target lives, and lets us in.

use super::caller::{Reach, connection, no_connection};
use super::case::{Base, Case, Level, Row};
use super::expect::Expect;
use super::run::{Peer, SuiteConfig};
use super::verdict::{self, Grade};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::jobs::probe::ProbeConfig;
use crate::live::clock::Clock;
use crate::transcript::{Event, Reason, What};
use crate::wire::chap;
use std::time::Duration;

/// Whether an honest call comes about, with a login where cases need one; asked twice.
pub(super) async fn lives(config: &SuiteConfig, clock: &Clock) -> Result<(), String> {
    let began = clock.now();
    match first_look(config, clock).await {
        Ok(()) => Ok(()),
        Err(why) => second_look(config, clock, began, why).await,
    }
}

/// Whether the first honest call comes about; what happened in it otherwise. A login that is refused is not tried twice: accounts are
/// locked for less.
pub(super) async fn begins(config: &SuiteConfig, clock: &Clock, events: &mut Vec<Event>) -> Result<(), String> {
    let Peer::Server(probe) = &config.peer else { return lives(config, clock).await };
    let began = clock.now();
    match Box::pin(answers(probe, &config.cases, clock, events)).await {
        Err(why) if why.starts_with(LOGIN_REFUSED) => Err(why),
        Err(_) if clock.now().since(began) <= SECOND_LOOK_UNTIL => {
            tokio::time::sleep(SECOND_LOOK).await;
            events.clear();
            Box::pin(answers(probe, &config.cases, clock, events)).await
        }
        through => through,
    }
}

/// Asks once more after an honest call, begun then, that came to nothing. Who was silent for long is not asked a second time.
pub(super) async fn second_look(config: &SuiteConfig, clock: &Clock, began: Micros, why: String) -> Result<(), String> {
    tokio::time::sleep(SECOND_LOOK).await;
    if clock.now().since(began) > SECOND_LOOK_UNTIL + SECOND_LOOK {
        return Err(why);
    }
    first_look(config, clock).await
}

/// Whether an honest call comes about at once.
pub(super) async fn first_look(config: &SuiteConfig, clock: &Clock) -> Result<(), String> {
    match &config.peer {
        Peer::Server(probe) => Box::pin(answers(probe, &config.cases, clock, &mut Vec::new())).await,
        Peer::Client(stand) => Box::pin(stand.lives(&config.cases, clock)).await,
    }
}

/// Waits for a target that went away; why it is given up, when it does not come back.
pub(super) async fn comes_back(config: &SuiteConfig, clock: &Clock) -> Option<String> {
    let mut why = String::new();
    for _ in 0..LOOKS_FOR_IT {
        tokio::time::sleep(SECOND_LOOK).await;
        match first_look(config, clock).await {
            Ok(()) => return None,
            Err(says) => why = says,
        }
    }
    Some(why)
}

/// Whether a server answers an honest call.
async fn answers(probe: &ProbeConfig, cases: &[Case], clock: &Clock, events: &mut Vec<Event>) -> Result<(), String> {
    let logs_in = probe.credentials.is_some() && cases.iter().any(Case::needs_account);
    let case = honest(logs_in);
    let connected = connection(probe, &case, clock, events).await.0 == Reach::Tls;
    let verdict = if connected { verdict::judge(&case, events) } else { no_connection(events) };
    let refused = events.iter().find_map(|event| match &event.what {
        What::Down(Reason::Refused(says)) if event.layer == Layer::Auth => Some(says),
        _ => None,
    });
    match verdict.grade {
        Grade::Pass => Ok(()),
        _ if refused.is_some() => {
            let says = refused.map_or_else(String::new, |says| code(says));
            Err(format!("{LOGIN_REFUSED}: {says}; check --user and --password-file"))
        }
        _ if connected && let Some(says) = verdict::short_of(&case, events) => Err(format!("the honest call {says}")),
        _ if connected && logs_in => Err(format!("the login of an honest call: {}", verdict.actual)),
        _ => Err(verdict.actual),
    }
}

/// The number in a Failure of MS-CHAPv2, RFC 2759 6, or else the server's words.
fn code(says: &str) -> String {
    chap::MsChapFailure::parse(says.as_bytes()).error.map_or_else(|| says.to_string(), |error| error.to_string())
}

/// The honest call that shows that a server lives: as far as its login, or as Call Connect Ack.
pub fn honest(logs_in: bool) -> Case {
    if logs_in { login() } else { sane() }
}

/// An honest call as far as its login.
fn login() -> Case {
    const LOGIN: Row =
        Row::new(Side::Server, Level::Must, "auth/0/login", SpecRef::sstp("3.3.7.1"), &[]).at(Layer::Auth).expects(Expect::Up(Layer::Auth));
    Case::from(&LOGIN)
}

/// An honest call as far as Call Connect Ack.
fn sane() -> Case {
    const SANE: Row =
        Row::new(Side::Server, Level::Must, "sstp/0/sane", SpecRef::sstp("3.3.5.2.2"), &[]).expects(Expect::Sends("sstp.call-connect-ack"));
    let case = Case::from(&SANE);
    Case { base: Base { until: Layer::Sstp, ..case.base }, ..case }
}

/// How it is said that the login of an honest call was refused.
const LOGIN_REFUSED: &str = "the honest call was refused";
/// Ours: between two honest calls of which the first was not answered.
pub(super) const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Ours: so many seconds a target that went away has to come back.
const LOOKS_FOR_IT: u32 = 10;
/// Ours: when the first one took longer than this there is no second one.
const SECOND_LOOK_UNTIL: Duration = Duration::from_secs(12);
