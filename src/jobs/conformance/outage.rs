//! A target that goes away while cases run: which verdicts are void then, and which case may have done it.

use super::expect::{self, name};
use super::run::Done;
use super::verdict::{Grade, Verdict};
use crate::base::{Layer, Micros, Side};
use crate::transcript::{Event, How, Reason, What};
use std::time::Duration;

/// A case that is through, and what is to be known of it besides.
pub(super) struct Ran {
    /// Its place among the cases.
    pub place: usize,
    /// What it came to.
    pub done: Done,
    /// All its connections came up.
    pub connected: bool,
    /// When it was through.
    pub ended: Micros,
    /// What its connections show of whether the target lives.
    pub lives: Vec<Life>,
}

impl Ran {
    /// When it was begun.
    pub fn began(&self) -> Micros {
        Micros(self.ended.0.saturating_sub(self.done.took.0))
    }

    /// The peer ended its last connection unasked.
    pub fn was_cut(&self) -> bool {
        self.lives.last().is_some_and(|life| life.end == End::Cut { unprovoked: true })
    }
}

/// One connection: how long it was there, and who ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    /// When it was made or asked for.
    pub from: Micros,
    /// When it was over.
    pub to: Micros,
    /// How it ended.
    pub end: End,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We ended it, or it was still there.
    Ours,
    /// The peer ended it.
    Cut {
        /// Without close_notify, and not right after something that we said: as when a process is killed.
        unprovoked: bool,
    },
    /// It never came about.
    Refused,
}

impl Life {
    /// The connections of an attempt that took place between `began` and `ended`.
    pub fn of(events: &[Event], peer: Side, began: Micros, ended: Micros) -> Vec<Life> {
        let (mut lives, mut open, mut said) = (Vec::new(), None, Micros::ZERO);
        for event in events {
            let at = event.at;
            match &event.what {
                What::Began if event.layer == Layer::Dns || event.layer == Layer::Tcp && open.is_none() => {
                    lives.extend(open.take().map(|from| Life { from, to: at, end: End::Ours }));
                    open = Some(at);
                }
                What::Down(_) if event.layer == Layer::Tcp => {
                    lives.push(Life { from: open.take().unwrap_or(began), to: at, end: End::Refused });
                }
                // In the middle of the handshake, or later.
                What::Down(Reason::Closed(how)) if event.layer == Layer::Tls => {
                    let end = End::Cut { unprovoked: *how != How::CloseNotify };
                    lives.extend(open.take().map(|from| Life { from, to: at, end }));
                }
                What::Closed(how) if event.by == Some(peer) && *how != How::Ours => {
                    let end = End::Cut { unprovoked: *how != How::CloseNotify && at.since(said) > ANSWERS };
                    lives.extend(open.take().map(|from| Life { from, to: at, end }));
                }
                _ if event.by == Some(peer.other()) && name(event).is_some() => said = at,
                _ => {}
            }
        }
        lives.extend(open.map(|from| Life { from, to: ended, end: End::Ours }));
        lives
    }
}

/// When the target was away, however shortly, as all connections of a run together show it: from and to. It was not while any
/// connection lived on, whatever became of the others.
pub(super) fn falls(lives: &[Life]) -> Vec<(Micros, Micros)> {
    let lived_on = |at: Micros| lives.iter().any(|life| life.from + MOMENT < at && at + LATE < life.to);
    let cut = |life: &&Life| matches!(life.end, End::Cut { .. });
    let near = |one: Micros, other: Micros| one.since(other).max(other.since(one)) <= MOMENT;
    let mut falls: Vec<(Micros, Micros)> = Vec::new();
    for refused in lives.iter().filter(|life| life.end == End::Refused && !lived_on(life.to)) {
        let before = lives.iter().filter(cut).map(|life| life.to).filter(|at| *at <= refused.to && refused.to.since(*at) < AWAY);
        let from = before.filter(|at| !lived_on(*at)).min().unwrap_or(refused.from);
        falls.push((from, refused.to));
    }
    let alone = |life: &Life| life.end == End::Cut { unprovoked: true };
    for one in lives.iter().filter(|life| alone(life) && !lived_on(life.to)) {
        let with = lives.iter().filter(|life| alone(life) && near(life.to, one.to)).count();
        if with >= TOGETHER {
            falls.push((one.to, one.to));
        }
    }
    let back = |at: Micros| Micros(at.0.saturating_sub(Micros::from(MOMENT).0));
    falls.into_iter().map(|(from, to)| (back(from), to + MOMENT)).collect()
}

/// Takes out what was under way in one of these times.
pub(super) fn fallen(results: &mut Vec<Ran>, falls: &[(Micros, Micros)]) -> Vec<Ran> {
    results.extract_if(.., |ran| falls.iter().any(|fall| ran.began() <= fall.1 && ran.ended >= fall.0)).collect()
}

/// The target went away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// The case that was the last to say something to it before.
    pub after: String,
    /// How that showed.
    pub why: String,
    /// The cases that were under way, likeliest first: their verdicts are void.
    pub under_way: Vec<String>,
}

impl Gone {
    /// From the cases that were under way when it went, and those that were not even through.
    pub(super) fn of(void: &[Ran], cut_off: &[&str], why: String) -> Gone {
        let fell = void.iter().filter_map(|ran| closed(&ran.done)).min();
        let mut suspects: Vec<(bool, Micros, &str)> = void
            .iter()
            .map(|ran| {
                let said = last_said(&ran.done);
                let before = said.is_some_and(|said| fell.is_none_or(|fell| said <= fell));
                (before && ran.connected, said.unwrap_or_default(), ran.done.case.id.as_ref())
            })
            .collect();
        suspects.sort_by_key(|suspect| std::cmp::Reverse((suspect.0, suspect.1)));
        let under_way: Vec<String> = suspects.iter().map(|row| row.2).chain(cut_off.iter().copied()).map(String::from).collect();
        Gone { after: under_way.first().cloned().unwrap_or_else(|| "none".into()), why, under_way }
    }
}

/// When the target was last seen to take a new connection before `until`; `asked` is when an honest call was begun that came about.
pub(super) fn last_alive(results: &[Ran], asked: Micros, until: Micros) -> Micros {
    let answers = |done: &Done| {
        let peer = done.case.base.tests;
        let first = |event: &&Event| event.by == Some(peer) && matches!(event.what, What::Http(_));
        done.events.iter().find(first).map(|event| event.at)
    };
    results.iter().filter_map(|ran| answers(&ran.done)).filter(|at| *at < until).max().unwrap_or_default().max(asked)
}

/// Takes out what was not through when the target was last seen alive, and was begun before it was seen to be away or found it so.
pub(super) fn void(results: &mut Vec<Ran>, alive: Micros, away: Micros) -> Vec<Ran> {
    results.extract_if(.., |ran| ran.ended > alive && (ran.began() <= away || !ran.connected)).collect()
}

/// The peer closed the connection, or it never came about.
pub(super) fn lost(done: &Done) -> bool {
    closed(done).is_some() || done.verdict.grade == Grade::Inconclusive
}

/// A case that brings its target down is no pass, whatever it waits for.
pub(super) fn fell(why: &str) -> Verdict {
    Verdict::new(Grade::Fail, format!("the target took no honest call right after it: {why}"))
}

fn last_said(done: &Done) -> Option<Micros> {
    let ours = |event: &&Event| event.by == Some(done.case.base.tests.other()) && name(event).is_some();
    done.events.iter().rev().find(ours).map(|event| event.at)
}

fn closed(done: &Done) -> Option<Micros> {
    let theirs = |event: &&Event| event.by == Some(done.case.base.tests) && expect::name(event).as_deref() == Some("closed");
    done.events.iter().find(theirs).map(|event| event.at)
}

/// Ours: what is seen of one moment on several connections is seen within this.
const MOMENT: Duration = Duration::from_millis(150);
/// Ours: the end of a connection is noticed so late at most on a machine that has much to do.
const LATE: Duration = Duration::from_millis(500);
/// Ours: a connection that is closed sooner after something that we said is closed because of it.
const ANSWERS: Duration = Duration::from_millis(200);
/// Ours: between a cut and a refusal that belong together.
const AWAY: Duration = Duration::from_secs(2);
/// Ours: so many connections do not end by themselves at one moment, and all others with them.
const TOGETHER: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Micros {
        Micros(ms * 1000)
    }

    fn life(from: u64, to: u64, end: End) -> Life {
        Life { from: ms(from), to: ms(to), end }
    }

    const CUT: End = End::Cut { unprovoked: true };
    const ANSWERED: End = End::Cut { unprovoked: false };

    #[test]
    fn all_connections_cut_at_once_are_an_outage_and_one_that_lives_on_shows_that_there_is_none() {
        let mut lives = vec![life(0, 5000, CUT), life(100, 5010, CUT), life(4000, 5020, CUT), life(5100, 9000, End::Ours)];
        assert!(falls(&lives).iter().all(|fall| *fall >= (ms(4850), ms(5150)) && fall.1 <= ms(5170)) && falls(&lives).len() == 3);
        lives.push(life(3000, 8000, End::Ours));
        assert_eq!(falls(&lives), []);
        // Answers are no outage, and neither are two timers.
        assert_eq!(falls(&[life(0, 5000, ANSWERED), life(0, 5000, ANSWERED), life(0, 5001, ANSWERED)]), []);
        assert_eq!(falls(&[life(0, 5000, CUT), life(0, 5000, CUT)]), []);
    }

    #[test]
    fn a_refusal_takes_in_what_was_cut_before_it() {
        let refused = life(5200, 5201, End::Refused);
        assert_eq!(falls(&[life(0, 5000, ANSWERED), refused]), [(ms(4850), ms(5351))]);
        assert_eq!(falls(&[life(0, 5000, ANSWERED), life(0, 9000, End::Ours), refused]), [], "it is full");
        assert_eq!(falls(&[life(0, 1000, CUT), refused]), [(ms(5050), ms(5351))], "that was long before");
    }
}
