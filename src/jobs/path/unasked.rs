//! Connections on which nothing is said, where every hello is cut: what ends them too is no answer to a hello.

use super::arms::nowhere;
use super::crew::{Brought, Crew, Ground};
use super::hops;
use crate::base::Layer;
use crate::live::shots::{self, Knobs};
use crate::transcript::trial::{Arm, Ending, Saw, Trial};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// Whether connections end without a hello, where hellos are reset or closed. If so, it is looked whether they still do when there were
/// none for a while: whoever counts them has forgotten them then.
pub(super) async fn ended(crew: &Arc<Crew>) -> bool {
    if crew.config.probe.proxy.is_some() || !hops::never(crew, Arm::HelloNamed) || !crew.of(Arm::HelloNamed).iter().any(cut) {
        return false;
    }
    for round in 1..=TURNS {
        if !cut(&crew.one(round, Arm::NoHello, None).await) {
            return false;
        }
    }
    for (round, parts) in (FIRST_ROUND..).zip(PAUSES) {
        tokio::time::sleep(crew.config.residual * parts / 100).await;
        if crew.one(round, Arm::NoHello, None).await.passed() && crew.one(round, Arm::HelloNamed, None).await.passed() {
            break;
        }
    }
    true
}

/// Somebody ended it, and did not say why.
fn cut(trial: &Trial) -> bool {
    // A reset right behind the SYN-ACK may come before the connection can be used.
    matches!(trial.ending, Ending::Reset | Ending::Closed)
}

/// A connection on which nothing is said; it is what was wanted if nobody ends it in twice the time in which hellos were cut.
pub(super) async fn silent(crew: &Crew, ground: &Ground) -> Brought {
    let Some(route) = &ground.route else { return nowhere() };
    let slowest = crew.of(Arm::HelloNamed).iter().filter(|trial| cut(trial)).map(|trial| trial.took.duration()).max();
    let within = (slowest.unwrap_or_default() * 2).max(LEAST).min(crew.patience() * 2);
    let (mut stream, connect) = match shots::tcp(route.to, Knobs::default(), &route.ear, crew.patience()).await {
        Ok(made) => made,
        Err(missed) => return missed.into(),
    };
    let mut some = [0; 64];
    let ending = match timeout(within, stream.read(&mut some)).await {
        Err(_) => Ending::Answered,
        Ok(Ok(0)) => Ending::Closed,
        Ok(Ok(_)) => Ending::NotTls,
        Ok(Err(_)) => Ending::Reset,
    };
    Brought { reached: Some(Layer::Tcp), ending, saw: Saw { to: Some(route.to), connect: Some(connect), ..Saw::default() } }
}

/// Rounds behind a pause have numbers from here on.
const FIRST_ROUND: u16 = 2000;
/// Ours: connections on which nothing is said; the first one that lives is enough.
const TURNS: u16 = 3;
/// Ours: pauses, in hundredths of the time for which a block is waited for to end.
const PAUSES: [u32; 2] = [40, 105];
/// Connections at most.
pub(super) const MOST: usize = TURNS as usize + PAUSES.len() * 2;
/// Ours: who ends connections without a word does it in less time.
const LEAST: Duration = Duration::from_millis(1200);
