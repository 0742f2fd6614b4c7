//! What was read in all, as plain values, and the words about it.

use super::super::text::{count, evidence, grouped, hanging, harmless, list, rfc3339_ms};
use crate::diag::gate::{GateSummary, Ruling};
use crate::diag::join::LogUse;
use crate::diag::{Finding, Severity};
use crate::report::sentence::ruling;

/// Totals of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// Packets.
    pub packets: u64,
    /// Bytes of the packets as captured.
    pub bytes: u64,
    /// First packet, milliseconds since 1970-01-01 UTC.
    pub first_unix_ms: Option<i64>,
    /// Last packet.
    pub last_unix_ms: Option<i64>,
    /// Packets older than one before them.
    pub backwards: u64,
    /// TCP connections.
    pub tcp_connections: u64,
    /// Of these SSTP.
    pub sstp: u64,
    /// Likely SSTP.
    pub likely: u64,
    /// Failed before it could be told.
    pub attempts: u64,
    /// Anything else.
    pub other: u64,
    /// Link types that are not understood, and how many packets had them.
    pub undecodable_links: Vec<(u32, u64)>,
    /// Lines of key logs that cannot be read.
    pub key_lines_bad: Vec<String>,
    /// Likely sessions without a key.
    pub sessions_without_key: u64,
    /// Sessions that were given up because there was too much at once.
    pub given_up: u64,
}

impl Capture {
    /// There are packets, and none of them has a link layer that is read.
    pub fn is_unreadable(&self) -> bool {
        self.packets > 0 && self.undecodable_links.iter().map(|(_, packets)| packets).sum::<u64>() >= self.packets
    }
}

/// A place where a file cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// Where: `packet 12, byte 3456` or `line 3`.
    pub place: String,
    /// What is wrong.
    pub says: String,
}

/// A file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The file.
    pub file: String,
    /// Why, as a whole sentence.
    pub says: String,
}

/// What stands at the end of everything.
#[derive(Clone, Default)]
pub struct End {
    /// Files read.
    pub files: Vec<String>,
    /// Totals, where captures were read.
    pub capture: Option<Capture>,
    /// Where files are damaged.
    pub damages: Vec<Damage>,
    /// Files that could not be read, beside those that were.
    pub unread: Vec<Unread>,
    /// Sessions shown.
    pub shown: u64,
    /// Sessions that the arguments left out.
    pub left_out: u64,
    /// Attempts that are not shown.
    pub attempts_not_shown: u64,
    /// Findings over several connections.
    pub across: Vec<Finding>,
    /// Several connections were looked at together only up to this number.
    pub across_most: Option<usize>,
    /// What became of the logs.
    pub logs: Vec<LogUse>,
    /// What a gate makes of it all, where one was asked for.
    pub gate: Option<GateSummary>,
    /// The user whose password was given and of whom no login was seen.
    pub no_login_of: Option<String>,
    /// Secrets are shown.
    pub with_secrets: bool,
    /// The user stopped it.
    pub interrupted: bool,
}

impl End {
    /// Findings over several connections, what was read, what is damaged, what was not found and what to do about it.
    pub fn text(&self, width: usize) -> String {
        let mut lines = Vec::new();
        for finding in &self.across {
            let check = finding.check;
            let word = match finding.severity {
                Severity::Fail => "Across connections",
                Severity::Warn => "Across connections, a warning",
                Severity::Note => "Across connections, a note",
            };
            lines.push(format!("{word}: {} - {}: {}", check.id, check.title, evidence(&harmless(&finding.evidence.says))));
            if finding.severity > Severity::Note && !check.fix.admin.is_empty() {
                lines.push(format!("  -> {}", check.fix.admin));
            }
            if finding.ruling != Ruling::plain(finding.severity) {
                lines.push(format!("  (it {})", ruling(&finding.ruling)));
            }
        }
        if let Some(capture) = &self.capture {
            lines.push(totals(capture));
            lines.extend(troubles(capture));
        } else if !self.files.is_empty() {
            lines.push(format!(
                "Read {} from {}.",
                count(self.shown + self.left_out, "transcript", "transcripts"),
                harmless(&list(&self.files))
            ));
        }
        lines.extend(self.unread.iter().map(not_read));
        lines.extend(self.damages.iter().map(damaged));
        lines.extend(self.logs.iter().flat_map(log));
        lines.extend(self.remarks());
        lines.extend(self.gate.iter().flat_map(GateSummary::lines).map(|line| harmless(&line)));
        lines.iter().map(|line| hanging(line, width, 2) + "\n").collect()
    }

    fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.left_out > 0 {
            lines.push(format!("Not shown, as the arguments want it: {}.", count(self.left_out, "session", "sessions")));
        }
        if self.attempts_not_shown > 0 {
            let number = count(self.attempts_not_shown, "connection", "connections");
            lines.push(format!("Not shown: {number} that failed before SSTP could be told, to other servers (--server HOST shows them)."));
        }
        if let Some(capture) = &self.capture
            && capture.sstp + capture.likely == 0
        {
            lines.push(nothing(capture, self.shown));
        }
        if let Some(user) = &self.no_login_of {
            let user = if user.is_empty() { "anybody".to_string() } else { harmless(user) };
            lines.push(format!("The password given proved nothing: no login of {user} that it could be held against was seen."));
        }
        if let Some(most) = self.across_most {
            lines.push(format!("Only the first {most} sessions were compared with each other."));
        }
        if self.with_secrets {
            lines.push("Passwords, responses and other secrets are shown, as --with-secrets asked for.".into());
        }
        lines
    }
}

/// How much of a log belongs to the calls shown, and what failed besides.
fn log(log: &LogUse) -> Vec<String> {
    let zone = match log.zone {
        Some(zone) => format!(", its clock taken for UTC{:+03}:{:02}", zone / 60, zone.abs() % 60),
        None => String::new(),
    };
    let (file, of) = (harmless(&log.file), count(log.lines, "line", "lines"));
    if log.lines == 0 {
        return vec![format!("Log {file}, read as {}: nothing in it tells of an SSTP call.", log.format.name())];
    }
    let mut lines =
        vec![format!("Log {file}, read as {}: {} of {of} that tell of calls belong to those above{zone}.", log.format.name(), log.used)];
    for line in log.left.iter().take(LEFT) {
        let at = line.at.as_deref().map_or(String::new(), |at| format!(", {}", harmless(at)));
        lines.push(format!("  not seen above: {}{at}: {}", line.named(), harmless(&line.says)));
    }
    if log.left.len() > LEFT {
        lines.push(format!(
            "  and {}; `sstp-diag explain --log {file}` shows them.",
            count(log.left.len() - LEFT, "more failure", "more failures")
        ));
    }
    lines
}

/// Ours: more failures of other calls are counted only.
const LEFT: usize = 5;

fn totals(capture: &Capture) -> String {
    let time = match (capture.first_unix_ms, capture.last_unix_ms) {
        (Some(first), Some(last)) => format!(", {} to {}", rfc3339_ms(first), rfc3339_ms(last)),
        _ => String::new(),
    };
    let kinds = [
        (capture.sstp, "SSTP"),
        (capture.likely, "likely SSTP"),
        (capture.attempts, "failed before it could be told"),
        (capture.other, "other"),
    ];
    let kinds = list(kinds.into_iter().filter(|kind| kind.0 > 0).map(|(number, name)| format!("{} {name}", grouped(number))));
    let kinds = if kinds.is_empty() { kinds } else { format!(" ({kinds})") };
    let packets = count(capture.packets, "packet", "packets");
    let connections = count(capture.tcp_connections, "TCP connection", "TCP connections");
    format!("Read {packets}, {}{time}; {connections}{kinds}.", count(capture.bytes, "byte", "bytes"))
}

fn troubles(capture: &Capture) -> Vec<String> {
    let mut lines = Vec::new();
    if capture.backwards > 0 {
        let number = count(capture.backwards, "packet is", "packets are");
        lines.push(format!(
            "Not in the order of time: {number} older than one before; sort the file first (reordercap) for a sound judgement."
        ));
    }
    for (link, packets) in &capture.undecodable_links {
        lines.push(format!("Not understood: {} of link type {link}.", count(*packets, "packet", "packets")));
    }
    if capture.sessions_without_key > 0 {
        let number = count(capture.sessions_without_key, "connection", "connections");
        lines.push(format!(
            "No key: {number} that may be SSTP could not be opened; give --keylog FILE (or --rsa-key FILE for RSA key exchange)."
        ));
    }
    if capture.given_up > 0 {
        let number = count(capture.given_up, "call was", "calls were");
        lines.push(format!(
            "Too much at once: {number} given up before the end; split the capture by address or port (editcap, tcpdump -r)."
        ));
    }
    if let [first, rest @ ..] = capture.key_lines_bad.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
        lines.push(format!("Key log: a line that cannot be read: {}{more}.", harmless(first)));
    }
    lines
}

/// No SSTP: what was there instead, and what to do.
fn nothing(capture: &Capture, shown: u64) -> String {
    let what = match () {
        () if capture.packets == 0 => {
            "there is no packet in it; was the capture stopped before anything happened, or its filter too narrow?"
        }
        () if capture.tcp_connections == 0 && !capture.undecodable_links.is_empty() => {
            "its link layer is not understood; capture on an Ethernet or `any` interface"
        }
        () if capture.tcp_connections == 0 => "there is no TCP in it; capture with a filter such as `tcp port 443`, while the client dials",
        () if shown > 0 => "what is shown failed before it could be told what it was to become",
        () if capture.attempts > 0 && capture.other == 0 => {
            "connections were tried and failed before it could be told; name the server with --server HOST to have it judged as one"
        }
        () => {
            "there are TCP connections, but none with an SSTP call that could be seen; if they are encrypted give the keys (--keylog), \
             and check that the capture holds the client's dial from its beginning"
        }
    };
    format!("No SSTP connection in this capture: {what}.").replace("?.", "?")
}

/// One file that could not be read.
pub(super) fn not_read(unread: &Unread) -> String {
    format!("Not read: {}.", harmless(&unread.says))
}

/// One damaged place.
pub(super) fn damaged(damage: &Damage) -> String {
    format!("Damaged: {} at {}: {}; what could be read is shown.", harmless(&damage.file), damage.place, harmless(&damage.says))
}
