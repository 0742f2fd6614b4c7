//! The referee of a session that stays open while variants go through it.

use super::{Phase, Referee, World};
use crate::base::Micros;
use std::sync::LazyLock;

/// Nothing of it is asked for in a call that is up.
static WORLD: LazyLock<World> = LazyLock::new(World::default);

/// A call that is up, LCP open, the client known.
#[derive(Debug)]
pub struct Open(Referee<'static>);

impl Open {
    /// A call that came up at that time.
    pub fn new(now: Micros) -> Open {
        let mut referee = Referee::new(&WORLD, None);
        (referee.phase, referee.acked, referee.known) = (Phase::Up, true, true);
        (referee.link.ours_acked, referee.link.theirs_acked) = (true, true);
        (referee.client.head, referee.server.head) = (None, None);
        (referee.now, referee.since, referee.last_sent) = (now, now, now);
        Open(referee)
    }

    /// We sent this.
    pub fn sends(&mut self, now: Micros, bytes: &[u8]) {
        self.0.now = now;
        self.0.client_bytes(bytes);
    }

    /// The server sent this.
    pub fn hears(&mut self, now: Micros, bytes: &[u8]) {
        self.0.now = now;
        self.0.server_bytes(bytes);
    }

    /// Whether the tables leave the call up and sound behind all that was sent.
    pub fn stays(&self) -> bool {
        let referee = &self.0;
        referee.phase == Phase::Up && !referee.may_leave() && !referee.disturbed && referee.must_end.is_none() && self.is_whole()
    }

    /// No packet is only half sent.
    fn is_whole(&self) -> bool {
        self.0.client.framer.pending() == 0 && !self.0.client.lost
    }

    /// Everything that is owed has come.
    pub fn is_settled(&self) -> bool {
        self.0.owed.iter().all(|owed| owed.optional || owed.met.is_some())
    }

    /// Something is not as it should be.
    pub fn is_troubled(&self) -> bool {
        !self.0.faults.is_empty() || self.0.ended.is_some()
    }

    /// What is not as it should be, in words.
    pub fn trouble(&self) -> String {
        let faults = self.0.faults.iter().map(|fault| fault.says.clone());
        let missing =
            self.0.owed.iter().filter(|owed| !owed.optional && owed.met.is_none()).map(|owed| format!("{} is not answered", owed.says));
        faults.chain(missing).next().unwrap_or_else(|| "the call was ended".into())
    }

    /// What was settled is forgotten; says how long the slowest answer took.
    pub fn forget(&mut self) -> std::time::Duration {
        self.0.owed.clear();
        self.0.sent.clear();
        std::mem::take(&mut self.0.slowest)
    }
}
