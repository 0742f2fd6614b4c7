//! Judges and shows one session after the other, on a thread of its own, while the next is being read.

use super::exit::Trouble;
use super::known::Known;
use super::probe::judged;
use super::sheets::{Save, Sheets};
use crate::diag::gate::Gate;
use crate::diag::join::Join;
use crate::jobs::weigh::Scales;
use crate::report::Report;
use crate::report::sessions::{End, Ends, Filter, Kind, Looks, Session};
use crate::transcript::tap::Proof;
use crate::transcript::{Facts, Transcript};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Where a transcript comes from.
pub enum Origin {
    /// A file of transcripts.
    Saved,
    /// A capture: what the connection is, its ends, and its first and last packet.
    Captured(Kind, Ends, (u64, u64)),
}

/// Something to do.
pub enum Task {
    /// A session is to be judged and shown: its number, where it comes from, the file where there are several.
    Judge(Box<(u64, Origin, Option<String>, Transcript)>),
    /// A line is to be printed in between.
    Print(String),
}

/// What judges.
pub struct Bench {
    /// The certificates.
    pub scales: Scales,
    /// What the findings count for.
    pub gate: Option<Gate>,
    /// Logs of the same time.
    pub logs: Option<Join>,
}

/// What a clerk works with, and what came of it.
pub struct Clerk {
    bench: Bench,
    known: Known,
    looks: Looks,
    /// Everything that sessions are written to.
    pub sheets: Sheets,
    save: Option<Save>,
    /// Numbers and facts of the sessions that are compared with each other.
    pub numbers: Vec<u64>,
    /// As many as `numbers`.
    pub facts: Vec<Facts>,
    /// There were more sessions than are compared.
    pub too_many: bool,
    /// Sessions shown.
    pub shown: u64,
    /// Sessions that the filter left out.
    pub left_out: u64,
    /// A failing finding stands.
    pub failing: bool,
    /// A session failed, and no finding says why.
    unexplained: bool,
    /// A login was held against the password given.
    pub proved: bool,
    /// What kept the clerk from going on.
    pub trouble: Option<Trouble>,
    mood: Arc<Mood>,
}

/// What the one who brings the work is to know.
#[derive(Default)]
struct Mood {
    stuck: AtomicBool,
    unheard: AtomicBool,
}

/// A clerk at work.
pub struct Post {
    tasks: SyncSender<Task>,
    thread: JoinHandle<Clerk>,
    mood: Arc<Mood>,
}

impl Clerk {
    /// A clerk with everything at hand.
    pub fn new(bench: Bench, looks: Looks, sheets: Sheets, save: Option<Save>) -> Clerk {
        Clerk {
            bench,
            known: Known::default(),
            looks,
            sheets,
            save,
            numbers: Vec::new(),
            facts: Vec::new(),
            too_many: false,
            shown: 0,
            left_out: 0,
            failing: false,
            unexplained: false,
            proved: false,
            trouble: None,
            mood: Arc::default(),
        }
    }

    /// Puts the clerk to work.
    pub fn start(self) -> Result<Post, Trouble> {
        let (tasks, todo) = sync_channel(WAITING);
        let mood = self.mood.clone();
        let thread = std::thread::Builder::new().name("clerk".into()).spawn(move || self.work(&todo))?;
        Ok(Post { tasks, thread, mood })
    }

    fn work(mut self, todo: &Receiver<Task>) -> Clerk {
        for task in todo {
            if self.trouble.is_some() {
                continue;
            }
            match task {
                Task::Judge(session) => {
                    let (number, origin, file, transcript) = *session;
                    self.trouble = self.judge(number, origin, file, transcript).err();
                }
                Task::Print(line) => self.trouble = self.sheets.print(&line).err(),
            }
            self.mood.stuck.store(self.trouble.is_some(), Ordering::Relaxed);
            self.mood.unheard.store(!self.sheets.is_heard(), Ordering::Relaxed);
        }
        self
    }

    fn judge(&mut self, number: u64, origin: Origin, file: Option<String>, mut transcript: Transcript) -> Result<(), Trouble> {
        self.bench.scales.weigh(&mut transcript);
        if !self.looks.with_secrets {
            transcript.scrub();
        }
        let report = judged(transcript, &mut |der| self.known.parse(der), !self.sheets.wants_all());
        let mut session = session(number, origin, file, report);
        if !is_wanted(&session, &self.looks.filter) {
            self.left_out += 1;
            return Ok(());
        }
        if let Some(gate) = &mut self.bench.gate {
            session.report.gated(gate);
            self.unexplained |= session.report.unexplained();
        }
        if let Some(logs) = &mut self.bench.logs {
            session.join(logs);
        }
        self.failing |= session.report.failed() && session.report.ours().is_none();
        self.shown += 1;
        self.proved |= session.report.facts.proofs.iter().any(|seen| seen.it.0 == Proof::Response);
        self.sheets.session(&mut session)?;
        if let Some(save) = &mut self.save {
            save.transcript(&session.report.transcript, self.looks.with_secrets)?;
        }
        if self.facts.len() < COMPARED {
            self.numbers.push(number);
            self.facts.push(session.report.facts);
        } else {
            self.too_many = true;
        }
        Ok(())
    }
}

impl Clerk {
    /// What the gate makes of it all, and what became of the logs.
    pub fn close(&mut self, end: &mut End) {
        if let Some(gate) = &mut self.bench.gate {
            end.across.iter_mut().for_each(|finding| gate.across(finding));
            end.gate = Some(gate.summary(self.unexplained));
        }
        end.logs = self.bench.logs.as_ref().map(Join::uses).unwrap_or_default();
    }
}

impl Post {
    /// Brings something to do; waits while too much lies there.
    pub fn bring(&self, task: Task) {
        // A clerk who is gone tells why when his work is taken over.
        let _ = self.tasks.send(task);
    }

    /// The clerk cannot go on.
    pub fn is_stuck(&self) -> bool {
        self.mood.stuck.load(Ordering::Relaxed)
    }

    /// Nobody reads what the clerk shows.
    pub fn is_unheard(&self) -> bool {
        self.mood.unheard.load(Ordering::Relaxed)
    }

    /// Waits until all is done.
    pub fn done(self) -> Result<Clerk, Trouble> {
        drop(self.tasks);
        self.thread.join().map_err(|_| Trouble::Ours("the judgement of a session broke off; please report this".into()))
    }
}

fn session(number: u64, origin: Origin, file: Option<String>, report: Report) -> Session {
    match origin {
        Origin::Saved => Session::saved(number, file, report),
        Origin::Captured(kind, ends, packets) => Session { number, kind, ends, packets: Some(packets), file, report },
    }
}

/// A session is of interest when one of its events fits; for addresses alone its own ends are enough.
fn is_wanted(session: &Session, filter: &Filter) -> bool {
    let by_ends = filter.is_of_addresses() && filter.takes_ends(&session.ends);
    by_ends || session.report.transcript.events.iter().any(|event| filter.takes(&session.ends, event))
}

/// Ours: so many sessions may wait to be judged.
const WAITING: usize = 16;
/// Ours: so many sessions are compared with each other.
pub const COMPARED: usize = 256;
