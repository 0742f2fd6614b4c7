//! What becomes of every connection that was read: chosen, judged, shown, saved.

use super::args::{JudgedArgs, Numbers};
use super::clerk::{Bench, COMPARED, Clerk, Origin, Post, Task};
use super::exit::{Exit, Trouble};
use super::output::complain;
use super::sheets::{Save, Sheets};
use crate::base::{Micros, Side};
use crate::capture::export::Export;
use crate::capture::read::{Connection, Kind, Listener, Seen, ServerFilter, Summary};
use crate::diag::{self, Check, Evidence, Finding, Look, Severity};
use crate::report::sessions::{self, Capture, Damage, End, Ends, Looks, Unread};
use crate::transcript::{Event, Facts, Transcript, scrub};
use std::collections::HashSet;
use std::fs::File;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes what is read.
pub struct Desk {
    choice: Choice,
    looks: Looks,
    clerk: Post,
    export: Option<(PathBuf, Export<BufWriter<File>>)>,
    /// Messages are printed as they come.
    live: bool,
    /// Nobody waits for the rest when the reader of standard output has gone away.
    endless: bool,
    halt: Arc<AtomicBool>,
    /// Attempts of which it cannot yet be told whether they are of interest.
    held: Vec<Connection>,
    sstp_servers: HashSet<SocketAddr>,
    end: End,
    /// Number of the last saved transcript.
    saved: u64,
    file: Option<String>,
    trouble: Option<Trouble>,
}

/// Which connections are of interest.
pub struct Choice {
    sessions: Vec<Numbers>,
    servers: Vec<ServerFilter>,
}

/// What a desk writes besides what it shows.
#[derive(Default)]
pub struct Files {
    /// Transcripts.
    pub save: Option<Save>,
    /// Packets inside the tunnels.
    pub export: Option<(PathBuf, Export<BufWriter<File>>)>,
}

impl Choice {
    /// What the arguments choose.
    pub fn of(args: &JudgedArgs) -> Choice {
        Choice { sessions: args.session.clone(), servers: args.server.clone() }
    }

    fn takes(&self, number: u64) -> bool {
        self.sessions.is_empty() || self.sessions.iter().any(|numbers| numbers.has(number))
    }

    fn names(&self, server: SocketAddr, transcript: &Transcript) -> bool {
        let host = |filter: &ServerFilter| {
            filter.host == server.ip().to_string() || filter.host.eq_ignore_ascii_case(transcript.head.target.name())
        };
        self.servers.iter().any(|filter| host(filter) && filter.port.is_none_or(|port| port == server.port()))
    }
}

impl Desk {
    /// A desk with nothing on it.
    pub fn new(choice: Choice, bench: Bench, looks: Looks, sheets: Sheets, files: Files) -> Result<Desk, Trouble> {
        let (live, with_secrets) = (looks.listed, looks.with_secrets);
        Ok(Desk {
            choice,
            clerk: Clerk::new(bench, looks.clone(), sheets, files.save).start()?,
            looks,
            export: files.export,
            live,
            endless: false,
            halt: Arc::default(),
            held: Vec::new(),
            sstp_servers: HashSet::new(),
            end: End { with_secrets, ..End::default() },
            saved: 0,
            file: None,
            trouble: None,
        })
    }

    /// What ends the reading when it becomes true.
    pub fn halt(&self) -> Arc<AtomicBool> {
        self.halt.clone()
    }

    /// What is read has no end of its own.
    pub fn endless(&mut self) {
        self.endless = true;
    }

    /// Logins of this user can be held against a password; the empty name is everybody.
    pub fn proves(&mut self, user: Option<String>) {
        self.end.no_login_of = user;
    }

    /// What comes next is from this file; its name is shown where there are several.
    pub fn file(&mut self, name: &str, shown: bool) {
        self.file = shown.then(|| name.to_string());
        self.end.files.push(name.to_string());
    }

    /// A place where a file of transcripts cannot be read on.
    pub fn damaged(&mut self, damage: Damage) {
        self.end.damages.push(damage);
    }

    /// A file that cannot be read; the others are.
    pub fn unread(&mut self, unread: Unread) {
        self.end.files.retain(|file| *file != unread.file);
        self.end.unread.push(unread);
    }

    /// A saved transcript.
    pub fn saved(&mut self, transcript: Transcript) {
        self.saved += 1;
        self.take(self.saved, Origin::Saved, transcript);
    }

    /// A capture is through: what was held back is decided on.
    pub fn captured(&mut self, summary: Summary) {
        for connection in std::mem::take(&mut self.held) {
            if self.may_be_of_interest(&connection) {
                self.connection(connection);
            } else {
                self.end.attempts_not_shown += 1;
            }
        }
        self.sstp_servers.clear();
        let damages = summary.damages.iter().map(|damage| Damage {
            file: damage.file.clone(),
            place: format!("packet {}, byte {}", damage.packet, damage.offset),
            says: damage.says.clone(),
        });
        let no_key_logs = summary.no_key_logs.iter().map(|file| Damage {
            file: file.clone(),
            place: "every line".into(),
            says: "no TLS secret is in it; a line of a key log is LABEL CLIENT_RANDOM SECRET, as SSLKEYLOGFILE makes them".into(),
        });
        self.end.damages.extend(damages.chain(no_key_logs));
        self.end.damages.dedup();
        add(self.end.capture.get_or_insert_default(), summary);
    }

    /// An attempt at a server that speaks SSTP, or in a capture in which nothing else does.
    fn may_be_of_interest(&self, attempt: &Connection) -> bool {
        self.sstp_servers.is_empty() || self.sstp_servers.contains(&attempt.seen.server)
    }

    /// Everything is read: shows what is left to show, and says how it ended.
    pub fn finish(mut self, interrupted: bool) -> Result<Exit, Trouble> {
        let mut clerk = self.clerk.done()?;
        if let Some(trouble) = self.trouble.take().or(clerk.trouble.take()) {
            return Err(trouble);
        }
        if let Some((path, export)) = self.export.take() {
            export.finish().map_err(|error| Trouble::file("write", &path, &error))?;
        }
        self.end.shown = clerk.shown;
        self.end.no_login_of = self.end.no_login_of.take().filter(|_| !clerk.proved);
        self.end.left_out += clerk.left_out;
        self.end.across_most = clerk.too_many.then_some(COMPARED);
        self.end.across = across(&clerk.numbers, &clerk.facts, diag::all());
        clerk.close(&mut self.end);
        self.end.interrupted = interrupted;
        clerk.sheets.end(&self.end)?;
        let plain = || clerk.failing || self.end.across.iter().any(|finding| finding.severity == Severity::Fail);
        let failing = self.end.gate.as_ref().map_or_else(plain, |gate| !gate.passed);
        Ok(match () {
            () if interrupted => Exit::Interrupted,
            () if failing => Exit::Fails,
            () if !self.end.damages.is_empty() => Exit::Damaged,
            () if self.end.capture.as_ref().is_some_and(Capture::is_unreadable) => {
                complain("no packet of this capture has a link layer that is read here; capture on Ethernet, or at an end of the call");
                Exit::CouldNotRun
            }
            () if self.end.shown == 0 && self.end.left_out > 0 && !self.choice.sessions.is_empty() => {
                complain("there is no session of that number; without --session all are shown");
                Exit::CouldNotRun
            }
            () => Exit::Works,
        })
    }

    fn connection(&mut self, Connection { seen, kind, transcript, last_packet }: Connection) {
        let ends = Ends { client: Some(seen.client), server: Some(seen.server) };
        let kind = match kind {
            Kind::Sstp => sessions::Kind::Sstp,
            Kind::LikelySstp => sessions::Kind::LikelySstp,
            Kind::Attempt | Kind::Other => sessions::Kind::Attempt,
        };
        self.take(seen.number, Origin::Captured(kind, ends, (seen.first_packet, last_packet)), transcript);
    }

    fn take(&mut self, number: u64, origin: Origin, transcript: Transcript) {
        if self.choice.takes(number) {
            self.clerk.bring(Task::Judge(Box::new((number, origin, self.file.clone(), transcript))));
        } else {
            self.end.left_out += 1;
        }
    }
}

impl Listener for Desk {
    fn event(&mut self, connection: &Seen, event: &Event) {
        if !self.live || !self.choice.takes(connection.number) || self.trouble.is_some() {
            return;
        }
        let ends = Ends { client: Some(connection.client), server: Some(connection.server) };
        let mut event = event.clone();
        if !self.looks.with_secrets {
            scrub::scrub(&mut event);
        }
        if let Some(line) = sessions::listing_line(connection.number, &ends, &event, &self.looks) {
            self.clerk.bring(Task::Print(line + "\n"));
        }
    }

    fn inner(&mut self, connection: &Seen, at: Micros, from: Side, packet: &[u8]) {
        let Some((path, export)) = &mut self.export else { return };
        if self.trouble.is_some() || !self.choice.takes(connection.number) {
            return;
        }
        let unix = connection.began_unix_us.saturating_add_unsigned(at.0);
        let written = export.packet(connection.number, (connection.client, connection.server), unix, from, packet);
        self.trouble = written.map_err(|error| Trouble::file("write", path, &error)).err();
    }

    fn over(&mut self, connection: Connection) {
        let server = connection.seen.server;
        match connection.kind {
            Kind::Other => {}
            Kind::Sstp | Kind::LikelySstp => {
                if self.sstp_servers.len() < HELD {
                    self.sstp_servers.insert(server);
                }
                self.connection(connection);
            }
            Kind::Attempt if self.sstp_servers.contains(&server) || self.choice.names(server, &connection.transcript) => {
                self.connection(connection);
            }
            Kind::Attempt if self.held.len() < HELD => self.held.push(connection),
            Kind::Attempt => self.end.attempts_not_shown += 1,
        }
    }

    fn silent(&mut self) {
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held).into_iter().partition(|held| self.may_be_of_interest(held));
        self.held = later;
        now.into_iter().for_each(|connection| self.connection(connection));
    }

    fn stop(&self) -> bool {
        self.halt.load(Ordering::Relaxed) || self.trouble.is_some() || self.clerk.is_stuck() || self.endless && self.clerk.is_unheard()
    }
}

/// What checks over several connections find: one finding a check, with the sessions that it concerns.
fn across(numbers: &[u64], facts: &[Facts], checks: impl Iterator<Item = &'static Check>) -> Vec<Finding> {
    let checks = checks.filter(|check| matches!(check.look, Look::Across(_)) && facts.len() > 1);
    let of = |check: &'static Check| {
        let mut hits = numbers.iter().zip(facts).filter_map(|(number, own)| {
            // What shows in a session alone stands in its own report.
            let alone = check.hits(own).is_some();
            Some((number, check.hits_among(own, facts).filter(|_| !alone)?))
        });
        let (first, evidence) = hits.next()?;
        let others: Vec<String> = hits.map(|(number, _)| format!("#{number}")).collect();
        let others = match others.as_slice() {
            [] => String::new(),
            few if few.len() <= NAMED => format!("; so in {}", few.join(", ")),
            many => format!("; so in {} and {} more", many.get(..NAMED).unwrap_or_default().join(", "), many.len() - NAMED),
        };
        let evidence = Evidence { says: format!("#{first}: {}{others}", evidence.says), events: evidence.events };
        Some(Finding::new(check, evidence))
    };
    checks.filter_map(of).collect()
}

/// Adds the totals of a further capture.
fn add(capture: &mut Capture, summary: Summary) {
    let ms = |unix_us: i64| unix_us.div_euclid(1000);
    let earlier = |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).min();
    capture.packets += summary.packets;
    capture.bytes += summary.bytes;
    capture.first_unix_ms = earlier(capture.first_unix_ms, summary.first_unix_us.map(ms));
    capture.last_unix_ms = capture.last_unix_ms.max(summary.last_unix_us.map(ms));
    capture.backwards += summary.backwards;
    capture.tcp_connections += summary.tcp_connections;
    capture.sstp += summary.sstp;
    capture.likely += summary.likely;
    capture.attempts += summary.attempts;
    capture.other += summary.other;
    capture.sessions_without_key += summary.sessions_without_key;
    capture.given_up += summary.given_up;
    capture.undecodable_links.extend(summary.undecodable_links);
    capture.key_lines_bad.extend(summary.key_lines_bad);
    capture.key_lines_bad.dedup();
}

/// Ours: so many attempts are held back until it can be told whether they are of interest.
const HELD: usize = 500;
/// Ours: more sessions than this are counted and not named.
const NAMED: usize = 10;

#[cfg(test)]
mod tests;
