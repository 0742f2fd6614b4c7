//! From what came of playing to what is reported.

use crate::base::{Micros, Side};
use crate::jobs::replay::bound;
use crate::jobs::replay::compare;
use crate::jobs::replay::course::{Course, by_the_clock};
use crate::jobs::replay::moment::Moment;
use crate::jobs::replay::outcome::Row as Heard;
use crate::jobs::replay::{self, Kind, Lane, Outcome, Pattern, Said, Script, Step};
use crate::proto::door;
use crate::proto::edit::{Edit, Operation};
use crate::report::replay::{Divergence, End, Mark, NotApplied, Row, Rule, Substituted};
use crate::report::sessions::words;
use crate::transcript::{Event, How, scrub};
use std::collections::HashMap;

/// What one end came to.
pub fn end(course: &Course, against: &str, outcome: &Outcome, took: Micros) -> End {
    let names = names(&course.steps);
    let first = outcome.first();
    let rest = outcome.divergences.iter().filter(|other| first.is_none_or(|first| !std::ptr::eq(first, *other)));
    let place = |step: Option<usize>| step.and_then(|step| names.get(&step).cloned());
    let divergence = |divergence: &replay::Divergence| Divergence {
        kind: divergence.kind.name().into(),
        place: place(divergence.step),
        says: divergence.kind.to_string(),
        fields: match &divergence.kind {
            Kind::Fields { parts, .. } => parts.iter().map(|part| (part.field.clone(), part.recorded.clone(), part.live.clone())).collect(),
            _ => Vec::new(),
        },
    };
    End {
        side: course.side.name().into(),
        against: against.into(),
        equal: outcome.is_equal(),
        interrupted: outcome.interrupted,
        no_connection: None,
        said: outcome.said,
        heard: outcome.heard,
        passed_over: outcome.passed_over,
        repeated: outcome.repeated,
        flooded: outcome.flooded,
        took,
        divergences: first.into_iter().chain(rest).map(divergence).collect(),
        more: outcome.more,
        substituted: outcome.substituted.iter().map(substituted).collect(),
        edited: course.moved.iter().chain(&outcome.edited).cloned().collect(),
        not_applied: not_applied(course, outcome),
        ignores_nothing: ignores_nothing(course, outcome),
        ladder: ladder(course, outcome),
    }
}

fn not_applied(course: &Course, outcome: &Outcome) -> Vec<NotApplied> {
    let missed = course.edits.iter().filter(|edit| !outcome.edited.contains(&edit.line) && !course.moved.contains(&edit.line));
    missed.map(|edit| NotApplied { edit: edit.line.clone(), why: why_not(course, outcome, edit) }).collect()
}

/// Why an edit was not applied.
fn why_not(course: &Course, outcome: &Outcome, edit: &Edit) -> String {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    let meant = course.ours.iter().find(|turn| {
        let nth = counts.entry(&turn.said.name).and_modify(|nth| *nth += 1).or_insert(1);
        // What is not finished yet has a name of its own.
        [turn.said.name.clone(), format!("{}-unsealed", turn.said.name)].iter().any(|name| edit.matches(name, *nth))
    });
    let Some(turn) = meant else { return format!("the {} sends no such message", course.side.name()) };
    if let Operation::Early(name, nth) = &edit.operation {
        return format!("{name}#{nth} does not come before it");
    }
    match door::miss(&turn.said.raw, &edit.operation) {
        Some(miss) => miss.to_string(),
        None if !outcome.rows.iter().any(|row| row.step == Some(turn.step)) => "the run ended before this message".into(),
        None => "there was nothing to do it with".into(),
    }
}

/// Patterns that had nothing to pass over, neither in the recording nor in what came.
fn ignores_nothing(course: &Course, outcome: &Outcome) -> Vec<String> {
    let peer = || course.steps.iter().filter_map(Step::said).filter(|said| said.by != course.side);
    let is_recorded = |pattern: &Pattern| match pattern.field {
        None => peer().any(|said| pattern.takes(&said.name)),
        Some(_) => peer().any(|said| compare::fields(said).iter().any(|field| pattern.takes_field(&said.name, field))),
    };
    let idle = course.ignore.iter().enumerate().filter(|(place, pattern)| !outcome.ignored.contains(place) && !is_recorded(pattern));
    idle.map(|(_, pattern)| pattern.to_string()).collect()
}

/// `name#nth` of every step that is a message; each side counts for itself.
fn names(steps: &[Step]) -> HashMap<usize, String> {
    let mut counts: HashMap<(Side, &str), u32> = HashMap::new();
    let said = steps.iter().enumerate().filter_map(|(place, step)| step.said().map(|said| (place, said)));
    let named = said.map(|(place, said)| {
        let nth = counts.entry((said.by, said.name.as_str())).and_modify(|nth| *nth += 1).or_insert(1);
        (place, format!("{}#{nth}", said.name))
    });
    named.collect()
}

fn substituted(row: &replay::Substituted) -> Substituted {
    Substituted {
        rule: row.row.into(),
        field: format!("{} {}", row.message, row.field),
        recorded: row.recorded.clone(),
        sent: row.sent.clone(),
    }
}

/// What would be made anew of what one side says, without playing it.
pub fn rules(script: &Script, side: Side) -> Vec<Rule> {
    let names = names(&script.steps);
    let mut rules: Vec<Rule> = Vec::new();
    for (place, said) in script.steps.iter().enumerate().filter_map(|(place, step)| Some((place, step.said()?))) {
        if said.by != side || said.answers_keep_alive().is_some() {
            continue;
        }
        for (field, row) in fields(said).into_iter().filter_map(|field| bound::of(&said.name, &field).map(|row| (field, row))) {
            if !Moment::may_change(said, &field, row) {
                continue;
            }
            let field = format!("{} {field}", names.get(&place).map_or(said.name.as_str(), String::as_str));
            match rules.iter_mut().find(|rule| rule.id == row.id) {
                Some(rule) => rule.places.push(field),
                None => rules.push(Rule { id: row.id.into(), made: row.made.into(), spec: row.spec.to_string(), places: vec![field] }),
            }
        }
    }
    rules
}

fn fields(said: &Said) -> Vec<String> {
    match crate::jobs::replay::message::head(&said.raw, said.by) {
        Some(head) => head.headers.iter().map(|header| header.0.to_ascii_lowercase()).collect(),
        None if said.lane == Lane::Data => vec!["addresses".into()],
        None => crate::wire::layout::fields(&said.raw).into_iter().map(|field| field.name).collect(),
    }
}

/// Recorded and live messages in one order.
fn ladder(course: &Course, outcome: &Outcome) -> Vec<Row> {
    let mut live: HashMap<usize, &Heard> = HashMap::new();
    // What the recording does not have stands behind the step that was reached when it came.
    let mut extras: HashMap<Option<usize>, Vec<&Heard>> = HashMap::new();
    let mut reached = None;
    for row in &outcome.rows {
        match row.step {
            Some(step) => {
                live.insert(step, row);
                reached = reached.max(Some(step));
            }
            None => extras.entry(reached).or_default().push(row),
        }
    }
    let extra = |place: Option<usize>| {
        let rows = extras.get(&place).map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|row| Row {
            from_client: client(row.live.as_ref()),
            recorded: None,
            live: row.live.as_ref().map(says),
            mark: Mark::Extra,
        })
    };
    let mut rows: Vec<Row> = extra(None).collect();
    for (place, step) in course.steps.iter().enumerate() {
        rows.push(row(course, step, live.get(&place).copied(), outcome));
        rows.extend(extra(Some(place)));
    }
    rows
}

fn row(course: &Course, step: &Step, live: Option<&Heard>, outcome: &Outcome) -> Row {
    let said = match step {
        Step::Says(said) => said,
        Step::Closes { by, how, .. } => {
            let words = format!("close ({})", ending(*how));
            return Row { from_client: *by == Side::Client, recorded: Some(words), live: None, mark: Mark::PassedOver };
        }
    };
    let by_clock = said.by != course.side && by_the_clock(said);
    let reflex = said.answers_keep_alive().is_some() && live.is_none();
    let ignored = course.ignore.iter().any(|pattern| pattern.takes(&said.name));
    let compared = !by_clock && !reflex && !ignored && is_awaited(course, said);
    let mark = match live {
        Some(row) if row.parts.is_empty() && row.live.as_ref().is_none_or(|live| live.name == said.name) => Mark::Equal,
        Some(_) => Mark::Different,
        None if !compared || outcome.is_equal() => Mark::PassedOver,
        None => Mark::Missing,
    };
    Row { from_client: said.by == Side::Client, recorded: Some(says(said)), live: live.and_then(|row| row.live.as_ref()).map(says), mark }
}

/// A repetition, or what was still on its way at the end, is not awaited.
fn is_awaited(course: &Course, said: &Said) -> bool {
    let ours = || course.ours.iter().any(|turn| turn.said.at == said.at && turn.said.raw == said.raw);
    let theirs = || {
        course
            .theirs
            .get(&said.lane)
            .is_some_and(|list| list.iter().any(|expected| expected.said.at == said.at && expected.said.raw == said.raw))
    };
    if said.by == course.side { ours() } else { theirs() }
}

fn client(said: Option<&Said>) -> bool {
    said.is_some_and(|said| said.by == Side::Client)
}

fn says(said: &Said) -> String {
    let Some((layer, what)) = said.what() else { return format!("{} ({} bytes)", said.name, said.raw.len()) };
    let mut event = Event::new(said.at, Some(said.by), layer, what);
    scrub::scrub(&mut event);
    let words = words::of(&event);
    if words.says.is_empty() { words.name } else { format!("{}  {}", words.name, words.says) }
}

fn ending(how: How) -> &'static str {
    match how {
        How::CloseNotify => "close_notify",
        How::Fin => "FIN",
        How::Reset => "RST",
        How::Ours => "in order",
    }
}
