//! A script as one of its sides plays it: what is said when, and what must have been heard before.

use super::asked::{Asked, acknowledges};
use super::bound::BY_THE_CLOCK;
use super::like;
use super::message::{Lane, Said};
use super::pattern::Pattern;
use super::player::{Gap, is_replaced, welcome};
use super::script::{Script, Step};
use crate::base::{Micros, Side};
use crate::proto::edit::{Edit, Operation};
use crate::proto::plan::{CertHashes, Method};
use std::collections::{BTreeMap, HashSet};

/// A script as one of its sides plays it.
#[derive(Clone, Debug)]
pub struct Course {
    /// Who plays.
    pub side: Side,
    /// What is said, in order.
    pub ours: Vec<Turn>,
    /// What the peer must say, exchange by exchange.
    pub theirs: BTreeMap<Lane, Vec<Expected>>,
    /// How keep-alives of the peer are answered, where the recording answers any.
    pub reflexes: Vec<Reflex>,
    /// The peer ends the connection, after everything that it says.
    pub peer_closes: bool,
    /// The recording ends before the call does.
    pub open_end: bool,
    /// The peer may have something to say when all that was recorded is through: it is listened to for a while.
    pub settles: bool,
    /// Changes to what is said.
    pub edits: Vec<Edit>,
    /// The lines of those that have moved a message.
    pub moved: Vec<String>,
    /// What is not compared.
    pub ignore: Vec<Pattern>,
    /// Steps before this one are played at once, and not compared.
    pub since: usize,
    /// When the recording ends.
    pub ends_at: Micros,
    /// The leaf that the recorded server showed.
    pub leaf: Option<CertHashes>,
    /// Where our own end makes the login in place of the recorded server's; see [`Course::without_login`].
    pub gap: Option<Gap>,
    /// Our own end makes the login in place of the recorded client's; see [`Course::without_login`].
    pub logs_in: bool,
    /// What an edit says before a message of that login.
    pub ahead: Vec<Ahead>,
    /// Everything in the order in which it was recorded, for the ladder.
    pub steps: Vec<Step>,
}

/// One message to say.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Its place in the recording.
    pub step: usize,
    /// As recorded.
    pub said: Said,
    /// How many messages of each exchange must have come before; exchanges without any are not named.
    pub needs: Vec<(Lane, usize)>,
}

/// A turn that is said before a message of a login that our own end makes.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The name of that message.
    pub name: String,
    /// Which of that name.
    pub nth: u32,
    /// What is said before it.
    pub turn: Turn,
    /// The line of the edit.
    pub line: String,
}

/// How one kind of keep-alive is answered.
#[derive(Clone, Debug)]
pub struct Reflex {
    /// The name of the keep-alive; `ipv4.packet` is a ping.
    pub request: &'static str,
    /// The first recorded answer, and its place: before it none is given.
    pub answer: Said,
    /// Place of that answer in the recording.
    pub step: usize,
    /// How often it is given at most: a ping is answered as often as in the recording, a keep-alive whenever it comes.
    pub most: usize,
}

/// One message that the peer must say.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its place in the recording.
    pub step: usize,
    /// As recorded.
    pub said: Said,
    /// As it was sent again, each time.
    pub again: Vec<Said>,
    /// Whether it comes, and what is in it, is not compared. It is taken in all the same: what follows may answer it.
    pub ignored: bool,
}

impl Course {
    /// The course of the side that plays.
    pub fn of(script: &Script, side: Side) -> Course {
        let mut course = Course {
            side,
            ours: Vec::new(),
            theirs: BTreeMap::new(),
            reflexes: Vec::new(),
            peer_closes: false,
            open_end: script.cut.is_some(),
            settles: false,
            edits: script.edits.clone(),
            moved: Vec::new(),
            ignore: script.ignore.clone(),
            since: script.since,
            ends_at: script.steps.last().map_or(Micros::ZERO, Step::at),
            leaf: script.leaf,
            gap: None,
            logs_in: false,
            ahead: Vec::new(),
            steps: script.steps.clone(),
        };
        let (mut closed, mut asked, mut again) = (None, Asked::default(), HashSet::new());
        for (step, done) in script.steps.iter().enumerate() {
            match done {
                Step::Closes { by, .. } => closed = closed.or(Some(*by)),
                // What was still on its way when somebody closed may come or not.
                Step::Says(said) if said.by != side && closed.is_none() => course.expect(step, said, &mut asked, &mut again),
                Step::Says(said) if said.by == side && closed != Some(side) => {
                    asked.said(said);
                    // An Ack that was sent once more is sent when its request comes once more.
                    if !(acknowledges(said) && again.remove(&said.lane)) {
                        course.say(step, said);
                    }
                }
                Step::Says(_) => {}
            }
        }
        course.peer_closes = closed == Some(side.other());
        for edit in &script.edits {
            if course.early(edit) {
                course.moved.push(edit.line.clone());
            }
        }
        let last = script.steps.iter().rev().find_map(Step::said);
        course.settles = closed.is_none() && !course.open_end && last.is_none_or(|said| said.name != "sstp.call-disconnect-ack");
        course
    }

    /// The course of the client, whose login our own end makes where it has TLS inside EAP: by this method.
    pub fn of_client(script: &Script) -> (Course, Option<Method>) {
        let course = Course::of(script, Side::Client);
        match course.is_tunnelled() {
            true => (course.without_login(), Some(like::eap_method(script))),
            false => (course, None),
        }
    }

    /// `asked`: what this side has answered; `again`: exchanges in which it has to acknowledge once more.
    fn expect(&mut self, step: usize, said: &Said, asked: &mut Asked, again: &mut HashSet<Lane>) {
        if by_the_clock(said) {
            return;
        }
        let ignored = step < self.since || self.ignore.iter().any(|pattern| pattern.takes(&said.name));
        let list = self.theirs.entry(said.lane).or_default();
        let latest = |last: &&mut Expected| said.repeats(last.again.last().unwrap_or(&last.said), asked.is_done(said.lane));
        if let Some(last) = list.last_mut().filter(latest) {
            again.extend(asked.acknowledged(said.lane).map(Lane::Answers));
            return last.again.push(said.clone());
        }
        asked.heard(said);
        list.push(Expected { step, said: said.clone(), again: Vec::new(), ignored });
    }

    fn say(&mut self, step: usize, said: &Said) {
        if let Some(request) = said.answers_keep_alive() {
            let is_ping = said.lane == Lane::Data;
            match self.reflexes.iter_mut().find(|reflex| reflex.request == request) {
                Some(reflex) => reflex.most = reflex.most.saturating_add(1),
                None => self.reflexes.push(Reflex { request, answer: said.clone(), step, most: if is_ping { 1 } else { usize::MAX } }),
            }
            return;
        }
        // Nothing waits for the answer to a keep-alive.
        let waits = |row: &(&Lane, &Vec<Expected>)| !row.1.is_empty() && !matches!(row.0, Lane::Echo(_));
        let needs = self.theirs.iter().filter(waits).map(|(lane, list)| (*lane, list.len())).collect();
        self.ours.push(Turn { step, said: said.clone(), needs });
    }

    /// Moves what an edit wants early; says whether it did. What stood before it need not have come any more.
    pub fn early(&mut self, edit: &Edit) -> bool {
        let Operation::Early(name, nth) = &edit.operation else { return false };
        let find = |name: &str, nth: u32| {
            let mut places = self.ours.iter().enumerate().filter(|(_, turn)| turn.said.name == name).map(|(at, _)| at);
            places.nth(usize::try_from(nth).ok()?.checked_sub(1)?)
        };
        let from = find(&edit.message, edit.nth.unwrap_or(1));
        if let Some(from) = from.filter(|_| self.logs_in && name.starts_with(EAP)) {
            let turn = self.ours.remove(from);
            self.ahead.push(Ahead { name: name.clone(), nth: *nth, turn, line: edit.line.clone() });
            return true;
        }
        let Some((from, to)) = from.zip(find(name, *nth)).filter(|(from, to)| from > to) else { return false };
        let needs = self.ours.get(to).map(|turn| turn.needs.clone()).unwrap_or_default();
        let mut turn = self.ours.remove(from);
        turn.needs = needs;
        self.ours.insert(to, turn);
        true
    }

    /// The login carries TLS inside EAP, which only its ends can make.
    pub fn is_tunnelled(&self) -> bool {
        self.ours.iter().any(|turn| turn.said.is_tunnelled())
    }

    /// The same course without the messages of EAP: our own end makes the login. The client compares its result with the recorded one;
    /// the server asks for the identity as it did in the recording, and says its result by itself.
    pub fn without_login(mut self) -> Course {
        let kept = match self.side {
            Side::Client => None,
            Side::Server => self.ours.iter().find(|turn| is_replaced(&turn.said)).map(|turn| turn.step),
        };
        self.logs_in = self.side == Side::Client;
        self.gap = kept.map(|step| Gap { step, welcome: self.ours.iter().find_map(|turn| welcome(&turn.said)) });
        let goes = |turn: &Turn| is_replaced(&turn.said) || kept.is_some() && welcome(&turn.said).is_some();
        self.ours.retain(|turn| Some(turn.step) == kept || !goes(turn));
        let Some(list) = self.theirs.get_mut(&Lane::Auth) else { return self };
        let gone: Vec<bool> = list.iter().map(|expected| is_replaced(&expected.said)).collect();
        let mut places = gone.iter();
        list.retain(|_| places.next().is_some_and(|gone| !gone));
        for need in self.ours.iter_mut().flat_map(|turn| &mut turn.needs).filter(|need| need.0 == Lane::Auth) {
            need.1 -= gone.iter().take(need.1).filter(|gone| **gone).count();
        }
        self.ours.iter_mut().for_each(|turn| turn.needs.retain(|need| need.1 > 0));
        self
    }

    /// The first message that must have come and has not, when so many came of each exchange.
    pub fn missing(&self, needs: &[(Lane, usize)], came: &BTreeMap<Lane, usize>) -> Option<&Expected> {
        let lacking = needs.iter().filter_map(|(lane, need)| {
            let came = came.get(lane).copied().unwrap_or_default();
            self.theirs.get(lane)?.get(came).filter(|_| came < *need)
        });
        lacking.min_by_key(|expected| expected.step)
    }

    /// Everything that the peer must say.
    pub fn all(&self) -> Vec<(Lane, usize)> {
        self.theirs.iter().map(|(lane, list)| (*lane, list.len())).collect()
    }
}

/// It comes when its time has come, and not because something was said.
pub fn by_the_clock(said: &Said) -> bool {
    BY_THE_CLOCK.iter().any(|row| row.0 == said.name) && said.echo().is_none_or(|echo| echo.request)
}

/// How edits name the messages of a login that our own end makes.
const EAP: &str = "eap.";
