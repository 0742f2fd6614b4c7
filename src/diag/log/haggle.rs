//! Haggling over the method of login in a log of pppd, which takes several lines: one end demands a method, the other answers with Configure-Nak or
//! Configure-Reject. RFC 1661 5.3, 5.4; the lines are those of its option `debug`.

use super::{LogFormat, LogLine, phrase};

/// What is open between the ends.
#[derive(Default)]
pub struct Haggle {
    /// The last refusal: who sent it, the line, its number.
    open: Option<(&'static str, String, u64)>,
    /// How many refusals there were without an agreement.
    refusals: u32,
}

impl Haggle {
    /// Takes the next line; what it settles: that nothing came of the haggling.
    pub fn note(&mut self, format: LogFormat, text: &str, line: u64) -> Option<LogLine> {
        if !matches!(format, LogFormat::Sstpc | LogFormat::Plain) {
            return None;
        }
        let lower = text.to_lowercase();
        let Some((way, rest)) = WAYS.iter().find_map(|way| Some((*way, lower.split_once(way)?.1))) else {
            let ended = ENDS.iter().any(|end| lower.contains(end));
            return if ended { self.in_vain() } else { None };
        };
        let refuses = rest.starts_with("confnak") || rest.starts_with("confrej");
        if refuses && rest.contains("<auth ") {
            self.open = Some((way, text.to_string(), line));
            self.refusals += 1;
        } else if rest.starts_with("confack") && self.open.as_ref().is_some_and(|open| open.0 == way) {
            *self = Haggle::default();
        }
        None
    }

    /// At the end of the log: what was refused again and again was not agreed on.
    pub fn finish(mut self) -> Option<LogLine> {
        if self.refusals >= TELLING { self.in_vain() } else { None }
    }

    fn in_vain(&mut self) -> Option<LogLine> {
        let (_, text, line) = std::mem::take(self).open?;
        Some(phrase::no_common_method(&text, line))
    }
}

/// Who refuses: this end or the other.
const WAYS: [&str; 2] = ["sent [lcp ", "rcvd [lcp "];
/// What pppd says when the link goes down.
const ENDS: [&str; 4] = ["lcp terminated by peer", "connection terminated", "modem hangup", "lcp: timeout sending config-requests"];
/// Ours: of a log that just stops, so many refusals say that there was no agreement. RFC 1661 4.6 gives up after five.
const TELLING: u32 = 3;
