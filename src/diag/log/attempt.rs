//! To which attempt to connect a line belongs, as far as the log form shows it: a run of sstpc, a connection of SoftEther, a
//! session of accel-ppp, a correlation id of Windows.

use super::LogFormat;
use std::collections::{BTreeSet, HashMap};

/// Tells attempts apart while a log is read. Attempts are numbered from 1 as they are met.
#[derive(Default)]
pub struct Attempts {
    /// What names an attempt in later lines: a process, a connection, a session, two ends.
    known: HashMap<String, u64>,
    /// How many there were so far.
    count: u64,
    /// The one that a line without a name of its own belongs to.
    current: Option<u64>,
    /// The processes of the current attempt; of accel-ppp the session.
    client: Option<String>,
    daemon: Option<String>,
    failed: Failed,
}

impl Attempts {
    /// The attempt of the next record.
    pub fn of(&mut self, format: LogFormat, text: &str) -> Option<u64> {
        if self.known.len() > MOST_NAMES {
            self.known.clear();
        }
        match format {
            LogFormat::WindowsXml | LogFormat::WindowsCsv | LogFormat::WindowsText => correlation(text).map(|id| self.named(id)),
            LogFormat::Sstpc | LogFormat::Plain => self.of_processes(text),
            LogFormat::SoftEther => self.of_softether(text),
            LogFormat::AccelPpp => self.of_accel(text),
        }
    }

    /// Takes note that something failed in it.
    pub fn fails(&mut self, attempt: Option<u64>) {
        if let Some(attempt) = attempt {
            self.failed.add(attempt);
        }
    }

    /// In how many attempts something failed; nothing when no failing line told its attempt.
    pub fn failed(&self) -> Option<u64> {
        Some(self.failed.count).filter(|count| *count > 0)
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn named(&mut self, name: String) -> u64 {
        if let Some(attempt) = self.known.get(&name) {
            return *attempt;
        }
        let attempt = self.next();
        self.known.insert(name, attempt);
        attempt
    }

    /// A run is one process of sstpc and one of pppd, whichever of them starts the other.
    fn of_processes(&mut self, text: &str) -> Option<u64> {
        let (client, daemon) = (process(text, "sstpc["), process(text, "pppd["));
        let Some(name) = client.clone().or_else(|| daemon.clone()) else {
            if self.current.is_none() && text.contains("sstpc:") {
                self.current = Some(self.next());
            }
            return self.current;
        };
        let last = if client.is_some() { &self.client } else { &self.daemon };
        if let Some(known) = self.known.get(&name).filter(|known| Some(**known) != self.current) {
            // A late line of an earlier run; or pppd, told to persist, has started sstpc again.
            return if client.is_none() && last.is_none() { self.current } else { Some(*known) };
        }
        if last.as_ref().is_some_and(|last| *last != name) || self.current.is_none() {
            (self.client, self.daemon) = (None, None);
            self.current = Some(self.next());
        }
        let current = self.current?;
        self.known.insert(name.clone(), current);
        *(if client.is_some() { &mut self.client } else { &mut self.daemon }) = Some(name);
        Some(current)
    }

    /// A call has two connections, a PPP session and a session of the hub; the ends are those of the client.
    fn of_softether(&mut self, text: &str) -> Option<u64> {
        let lower = text.to_lowercase();
        let connection = between(&lower, "\"cid-", "\"");
        let session = between(&lower, "\"sid-", "\"").filter(|name| !name.contains("securenat") && !name.contains("localbridge"));
        let ends = client_ends(&lower);
        if lower.contains("on the tcp listener (port ") && !lower.contains("(port 0)") {
            ends.as_ref().and_then(|ends| self.known.remove(ends));
        }
        if lower.contains("), connection \"cid-") {
            // Numbers begin again when the server does.
            connection.as_ref().and_then(|name| self.known.remove(name));
        }
        let names: Vec<String> = [ends, connection, session].into_iter().flatten().collect();
        let attempt = match names.iter().find_map(|name| self.known.get(name)) {
            Some(known) => *known,
            None if names.is_empty() => return None,
            None => self.next(),
        };
        self.known.extend(names.into_iter().map(|name| (name, attempt)));
        Some(attempt)
    }

    /// Until PPP begins a connection has no name; then it has that of its interface, which serves again later.
    fn of_accel(&mut self, text: &str) -> Option<u64> {
        if text.contains("new connection from") {
            self.client = None;
            self.current = Some(self.next());
            return self.current;
        }
        let Some(session) = session(text) else { return self.current };
        let again = text.contains("connect: ") && text.contains("<--> sstp(");
        if let Some(known) = self.known.get(&session).filter(|_| !again) {
            return Some(*known);
        }
        let free = self.current.filter(|_| self.client.is_none());
        let attempt = free.unwrap_or_else(|| self.next());
        self.client = Some(session.clone());
        self.known.insert(session, attempt);
        Some(attempt)
    }
}

/// How many attempts had a failure; of those that were met last it is known which.
#[derive(Default)]
struct Failed {
    recent: BTreeSet<u64>,
    count: u64,
}

impl Failed {
    fn add(&mut self, attempt: u64) {
        self.count += u64::from(self.recent.insert(attempt));
        if self.recent.len() > MOST_NAMES {
            self.recent.pop_first();
        }
    }
}

/// `sstpc[4711]`.
fn process(text: &str, name: &str) -> Option<String> {
    let rest = text.get(text.find(name)? + name.len()..)?;
    let number = rest.split_once(']')?.0;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| format!("{name}{number}]"))
}

fn between(text: &str, from: &str, to: &str) -> Option<String> {
    let rest = text.get(text.find(from)?..)?;
    let name = rest.get(from.len()..)?.split_once(to)?.0;
    (name.len() <= LONGEST).then(|| format!("{from}{name}"))
}

/// Address and port of the client, in a line in small letters.
fn client_ends(lower: &str) -> Option<String> {
    if let Some(ends) = between(lower, "ppp session [", "]") {
        return ends.rsplit_once('[').map(|pair| pair.1.to_string());
    }
    let value = |name: &str| {
        let rest = lower.get(lower.find(name)? + name.len()..)?.trim_start_matches([':', ' ', '"']);
        rest.split([',', ')', '"', ' ']).next().filter(|value| !value.is_empty() && value.len() <= LONGEST)
    };
    Some(format!("{}:{}", value("ip address")?, value("port number")?))
}

/// `ppp0:` or `sstp0:` in front of what a session of accel-ppp says, or the interface behind `connect:`.
fn session(text: &str) -> Option<String> {
    let mut words = text.split_whitespace().map(|word| word.split(':').next().unwrap_or_default());
    let name = words.find(|word| {
        let digits = word.strip_prefix("ppp").or_else(|| word.strip_prefix("sstp")).unwrap_or_default();
        !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    name.map(str::to_string)
}

/// The GUID in braces that is no attribute of XML: CoId of RasClient, the correlation id of RemoteAccess.
fn correlation(text: &str) -> Option<String> {
    let braces = text
        .match_indices('{')
        .filter(|(at, _)| !text.get(..*at).is_some_and(|before| before.ends_with(['\'', '"', '='])) || co_id(text, *at));
    let mut ids = braces.filter_map(|(at, _)| {
        let id = text.get(at + 1..)?.split_once('}')?.0;
        (id.len() == GUID && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())).then(|| id.to_ascii_uppercase())
    });
    ids.next()
}

/// `CoId=` stands in front.
fn co_id(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.get(before.len().saturating_sub(5)..).is_some_and(|word| word.eq_ignore_ascii_case("coid=")))
}

/// Ours: of so many names it is known to which attempt they belong.
const MOST_NAMES: usize = 20_000;
/// Ours: no name of a connection or a session is longer.
const LONGEST: usize = 128;
/// `5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F`.
const GUID: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(format: LogFormat, lines: &[&str]) -> Vec<Option<u64>> {
        let mut attempts = Attempts::default();
        lines.iter().map(|line| attempts.of(format, line)).collect()
    }

    #[test]
    fn runs_of_sstpc_are_told_apart_whichever_process_comes_first() {
        let lines = [
            "Jan 1 host pppd[10]: Plugin loaded",
            "Jan 1 host sstpc[11]: Resolved vpn",
            "Jan 1 host pppd[10]: CHAP authentication failed",
            "**Error: PPPd terminated, (0)",
            "Jan 1 host sstpc[21]: Resolved vpn",
            "Jan 1 host pppd[10]: Exit.",
            "Jan 1 host pppd[22]: Using interface ppp0",
            "Jan 1 host sstpc[11]: late",
            "Jan 1 host pppd[30]: Plugin loaded",
            "Jan 1 host sstpc[31]: Resolved vpn",
        ];
        assert_eq!(told(LogFormat::Sstpc, &lines), [1, 1, 1, 1, 2, 2, 2, 1, 3, 3].map(Some));
    }

    #[test]
    fn a_client_without_a_number_is_of_the_run_of_its_pppd() {
        let lines = ["x", "nm[901]: sstpc: SSL_connect error", "nm[900]: y", "pppd[31]: LCP: timeout", "pppd[32]: Plugin loaded"];
        assert_eq!(told(LogFormat::Plain, &lines), [None, Some(1), Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn a_call_of_softether_is_one_attempt_through_all_its_names() {
        let lines = [
            "On the TCP Listener (Port 443), a Client (IP address 192.0.2.1, Host name \"x\", Port number 401) has connected.",
            "For the client (IP address: 192.0.2.1, host name: \"x\", port number: 401), connection \"CID-7\" has been created.",
            "SSTP PPP Session [192.0.2.1:401]: A new PPP session (Upper protocol: SSTP) is started.",
            "For the client (IP address: 192.0.2.1, host name: \"x\", port number: 401), connection \"CID-8\" has been created.",
            "[HUB \"D\"] Connection \"CID-8\": The new session \"SID-A-[SSTP]-1\" has been created. (IP address: 192.0.2.1, Port number: 401)",
            "[HUB \"D\"] Session \"SID-SECURENAT-1\": The DHCP server allocated, for host \"SID-A-[SSTP]-1\"",
            "[HUB \"D\"] Session \"SID-A-[SSTP]-1\": The session has been terminated.",
            "On the TCP Listener (Port 443), a Client (IP address 192.0.2.1, Host name \"x\", Port number 401) has connected.",
            "Connection \"CID-9\" terminated by the cause \"x\" (code 8).",
            "Virtual Hub has been created.",
        ];
        assert_eq!(
            told(LogFormat::SoftEther, &lines),
            [Some(1), Some(1), Some(1), Some(1), Some(1), None, Some(1), Some(2), Some(3), None]
        );
    }

    #[test]
    fn sessions_of_accel_ppp_use_an_interface_again() {
        let lines = [
            "[x]:  info: sstp: new connection from 192.0.2.1:401",
            "[x]:  info: connect: ppp0 <--> sstp(192.0.2.1:401)",
            "[x]:  info: ppp0:bob: authentication failed",
            "[x]:  info: sstp: new connection from 192.0.2.1:402",
            "[x]: error: sstp: SSL error",
            "[x]:  info: connect: ppp0 <--> sstp(192.0.2.1:402)",
            "[x]:  info: ppp0:bob: disconnected",
            "[x]:  info: ppp7:amy: disconnected",
        ];
        assert_eq!(told(LogFormat::AccelPpp, &lines), [1, 1, 1, 2, 2, 2, 2, 3].map(Some));
    }

    #[test]
    fn the_correlation_of_windows_is_no_id_of_its_provider() {
        let xml =
            "<Provider Name='RasClient' Guid='{11111111-2222-3333-4444-555555555555}'/><Data>{5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F}</Data>";
        assert_eq!(correlation(xml).as_deref(), Some("5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F"));
        let text = "CoId={5f1e3c7a-2b60-4d1f-9c6e-7a1b0c2d3e4f}: The user alice";
        assert_eq!(correlation(text).as_deref(), Some("5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F"));
        assert_eq!(correlation("{1A2B} {NA}"), None);
    }
}
