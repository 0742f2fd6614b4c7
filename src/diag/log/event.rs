//! What a Windows event says about a call.

use super::{LogLine, Marks, Outcome, Tells};
use crate::base::Layer;
use crate::diag::cause;
use crate::diag::codes::{self, Code, Family};
use crate::diag::words::codes_in;

/// An event, whatever file it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WinEvent {
    /// The source, `RasClient` or `Microsoft-Windows-RasSstp`.
    pub provider: String,
    /// The event id.
    pub id: u32,
    /// Its time as the file writes it.
    pub at: Option<String>,
    /// Names and values; a value may have no name.
    pub data: Vec<(String, String)>,
    /// The message in words, where the file has it.
    pub message: String,
}

impl WinEvent {
    /// Takes a value, unless there are too many.
    pub fn datum(&mut self, name: &str, value: &str) {
        if self.data.len() < MOST_DATA {
            self.data.push((name.to_string(), value.trim().to_string()));
        }
    }

    /// What it says; nothing when it has nothing to do with SSTP.
    pub fn line(&self, line: u64) -> Option<LogLine> {
        let source = self.source()?;
        let row = codes::by_name(&format!("{source} event {}", self.id));
        let own = self.own_codes(source);
        if row.is_none() && own.is_empty() {
            return None;
        }
        let outcome = self.outcome(source, &own);
        // An event of success has numbers in it too (ports, seconds): they are no errors.
        let own = if outcome == Outcome::Success { Vec::new() } else { own };
        let says = says(self.id, row, &own);
        let codes: Vec<&'static Code> = own.into_iter().chain(row).collect();
        // The row of a failed login guesses; the reason that the event gives does not.
        let guesses = self.id == LOGIN_FAILED && codes.iter().any(|code| code.family == Family::NpsReason && !code.checks.is_empty());
        let telling: Vec<&'static Code> = codes.iter().copied().filter(|code| !guesses || code.family != Family::Event).collect();
        let checks = if outcome == Outcome::Failure { checks(&telling) } else { Vec::new() };
        let at = self.at.as_deref().map(|at| at.chars().take(LONGEST_TIME).collect());
        let shows = self.shows(source, outcome);
        let (quoted, marks) = (String::new(), Marks::default());
        Some(LogLine {
            line,
            at,
            source,
            event: Some(self.id),
            outcome,
            says,
            quoted,
            codes,
            checks,
            shows,
            times: 1,
            marks,
            attempt: None,
            tells: Tells::Cause,
        })
    }

    fn source(&self) -> Option<&'static str> {
        let provider = self.provider.to_lowercase();
        let (_, source) = SOURCES.iter().find(|row| provider.contains(row.0))?;
        // One source writes the events of logons and those of NPS.
        if *source == "Security" && (6272..=6280).contains(&self.id) {
            return Some("NPS");
        }
        (*source != "Security" || self.id == 4625).then_some(*source)
    }

    /// The codes in data and message, the most telling first.
    fn own_codes(&self, source: &str) -> Vec<&'static Code> {
        let mut own: Vec<&'static Code> = Vec::new();
        let labelled = self.data.iter().map(|(name, value)| codes_in(&self.labelled(source, name, value)));
        for code in labelled.chain([codes_in(&self.message)]).flatten() {
            if code.family != Family::Event && !own.contains(&code) {
                own.push(code);
            }
        }
        if own.is_empty() && source == "RasClient" && ENDS_WITH_CODE.contains(&self.id) {
            own = codes_in(&format!("error {}", self.last_number()));
        }
        own.sort_by_key(|code| TOO_GENERAL.contains(&code.name));
        own
    }

    /// The last number of the message, in whatever language it is.
    fn last_number(&self) -> &str {
        let number = |c: char| c.is_ascii_digit() || c == '-';
        self.message.rsplit(|c| !number(c)).find(|part| part.contains(|c: char| c.is_ascii_digit())).unwrap_or_default()
    }

    /// The value with the words in front of it that tell what its number is.
    fn labelled(&self, source: &str, name: &str, value: &str) -> String {
        match (name, source) {
            ("ReasonCode", _) => format!("NPS reason {value}"),
            ("AlertDesc", _) => format!("alert {value}"),
            (_, "RemoteAccess") if self.id == LOGIN_FAILED && value.starts_with("0x") => format!("NPS reason {value}"),
            (_, "RasSstp") if self.id == HTTP_REFUSED => format!("HTTP {value}"),
            (_, "RasClient" | "RasSstp" | "RemoteAccess") if is_number(value) => format!("error {value}"),
            (_, "Schannel") if is_number(value) && name.is_empty() => format!("alert {value}"),
            _ => value.to_string(),
        }
    }

    /// The highest layer that an event of success shows to have come up.
    fn shows(&self, source: &str, outcome: Outcome) -> Option<Layer> {
        let layer = if source == "NPS" { Layer::Auth } else { Layer::Ncp };
        (outcome == Outcome::Success).then_some(layer)
    }

    fn outcome(&self, source: &str, own: &[&Code]) -> Outcome {
        match (source, self.id) {
            ("RasClient", 20221..=20224) | ("RemoteAccess", 20272 | 20275) => Outcome::Note,
            ("RasClient", 20225) | ("RemoteAccess", 20250 | 20274) | ("NPS", 6272 | 6278) => Outcome::Success,
            ("RasClient", 20226) if own.is_empty() || own.iter().any(|code| code.name == "ERROR_USER_DISCONNECTION") => Outcome::Note,
            _ => Outcome::Failure,
        }
    }
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let hex = digits.strip_prefix("0x").is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hex || !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The topic of the event and what its codes mean.
fn says(id: u32, row: Option<&Code>, own: &[&'static Code]) -> String {
    let topic = row.map_or_else(|| format!("Event {id}"), |row| row.means.split("; logged by").next().unwrap_or(row.means).to_string());
    let codes: Vec<String> = own.iter().map(|code| format!("{} ({})", code.shown(), code.means)).collect();
    if codes.is_empty() { topic } else { format!("{topic}: {}", codes.join("; ")) }
}

/// The causes of the codes, each once; an event's own row adds those that its codes do not name.
pub fn checks(codes: &[&'static Code]) -> Vec<&'static str> {
    let mut checks = Vec::new();
    // That a certificate does not verify is said beside the reason why.
    let reason = codes.iter().any(|code| code.family == Family::OpenSsl);
    let telling = codes.iter().filter(|code| !reason || code.name != codes::VERIFY_FAILED);
    for id in telling.flat_map(|code| cause::of_code(code)).map(cause::Cause::id) {
        if !checks.contains(&id) && checks.len() < MOST_CAUSES {
            checks.push(id);
        }
    }
    checks
}

/// Part of a provider's name in small letters, and the source as the code table writes it.
const SOURCES: &[(&str, &str)] = &[
    ("rassstp", "RasSstp"),
    ("rasclient", "RasClient"),
    ("remoteaccess", "RemoteAccess"),
    ("schannel", "Schannel"),
    ("security-auditing", "Security"),
    ("nps", "NPS"),
    ("ias", "NPS"),
];

/// Codes that stand beside a more telling one.
const TOO_GENERAL: &[&str] = &["STATUS_LOGON_FAILURE"];
/// RasClient events whose message ends with the error number.
const ENDS_WITH_CODE: [u32; 3] = [20220, 20226, 20227];
/// RemoteAccess event 20271: behind the reason in words stands its number, as NPS counts reasons: 0x10 is a wrong password.
const LOGIN_FAILED: u32 = 20271;
/// RasSstp event 4 has an HTTP status in its data. Catalogue 2.13.
const HTTP_REFUSED: u32 = 4;
/// Ours: events of these sources have at most a few dozen values.
const MOST_DATA: usize = 64;
/// Ours: the causes behind these are too unlikely to be named for one line.
const MOST_CAUSES: usize = 6;
/// Ours: no time is longer.
const LONGEST_TIME: usize = 40;
