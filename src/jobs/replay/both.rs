//! Both sides of a recording played against each other in memory: whether a script is sound, without any network.

use super::course::Course;
use super::moment::{Moment, Present};
use super::outcome::Outcome;
use super::pace::Timing;
use super::player::{Manner, Player, Shared};
use super::script::Script;
use crate::base::{Micros, Side};
use crate::proto::edit::Edit;
use crate::proto::plan::Plan;
use crate::proto::{Session, pair};
use crate::transcript::Event;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What came of both sides, and what happened as the client saw it.
#[derive(Clone, Debug, Default)]
pub struct Both {
    /// The client's side.
    pub client: Outcome,
    /// The server's side.
    pub server: Outcome,
    /// Events as the client saw them; times are pretended.
    pub events: Vec<Event>,
}

/// The course of one side, with the edits of what it says itself; those of what nobody or either of them says are `edited`'s.
pub fn course(script: &Script, side: Side, edited: Side) -> Course {
    let mut course = Course::of(script, side);
    let says = |by: Side, edit: &Edit| script.says(by).any(|said| edit.matches(&said.name, edit.nth.unwrap_or(1)));
    let owner = |edit: &Edit| if says(edited.other(), edit) && !says(edited, edit) { edited.other() } else { edited };
    course.edits.retain(|edit| owner(edit) == side);
    course
}

/// Plays the client's side against the server's; whose edits of the script are whose, [`course`] tells.
pub fn run(script: &Script, present: &Present, timing: Timing, verbatim: bool, edited: Side) -> Both {
    let (client, of_client) = player(script, Side::Client, present, timing, verbatim, edited);
    let (server, of_server) = player(script, Side::Server, present, timing, verbatim, edited);
    let run = pair::run_machines(Box::new(client), Box::new(server), LONGEST, &mut |_, _, _| {});
    let take = |shared: &Shared| shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Both { client: take(&of_client), server: take(&of_server), events: run.client }
}

/// Plays the client's side against another server in memory.
pub fn against(script: &Script, present: &Present, timing: Timing, server: Plan) -> Outcome {
    let (client, of_client) = player(script, Side::Client, present, timing, false, Side::Client);
    pair::run_machines(Box::new(client), Box::new(Session::new(server, Micros::ZERO)), LONGEST, &mut |_, _, _| {});
    of_client.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn player(script: &Script, side: Side, present: &Present, timing: Timing, verbatim: bool, edited: Side) -> (Player, Shared) {
    let course = course(script, side, edited);
    // Two ends draw different numbers.
    let seed = present.seed ^ if side == Side::Server { 0x5353_5450 } else { 0 };
    let moment = Moment::new(side, Present { seed, ..present.clone() }, course.leaf, verbatim);
    let shared = Shared::default();
    let manner = Manner { timing, patience: PATIENCE, gate: None, notes: true };
    (Player::new(Arc::new(course), manner, moment, shared.clone(), Micros::ZERO), shared)
}

/// Ours: in memory waiting costs nothing.
const PATIENCE: Duration = Duration::from_secs(120);
/// Ours: pretended time in all.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);
