//! What a client of a known kind gets from a server, by the answer to its hello.

use super::look;
use crate::base::Layer;
use crate::transcript::scan::Posed;
use crate::transcript::{Facts, ScanAnswer};
use crate::wire::tls::clients::{Client, Kind};
use crate::wire::tls::message::group_name;
use crate::wire::tls::suite::Suite;

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake goes on.
    Shares {
        /// Version chosen.
        version: u16,
        /// Suite chosen, IANA number.
        cipher: u16,
        /// Key exchange group.
        group: Option<u16>,
        /// Length in bits of the prime of Diffie-Hellman.
        bits: Option<u16>,
    },
    /// It ends, and why.
    Nothing(String),
    /// The server's answer tells nothing: silence, or a connection that was closed.
    Untold(&'static str),
}

/// The client behind an answer, and what it gets.
pub fn outcome(posed: &Posed) -> Option<(&'static Client, Outcome)> {
    let client = Client::of(&posed.client)?;
    let outcome = match posed.answer {
        ScanAnswer::Accepted { bits: Some(bits), .. } if bits < client.least_dh_bits => {
            Outcome::Nothing(format!("the prime has {bits} bits, and it wants {}", client.least_dh_bits))
        }
        ScanAnswer::Accepted { version, .. } if !client.versions.contains(&version) => {
            Outcome::Nothing(format!("the server answers with {}", super::tls::name(version)))
        }
        // RFC 8446 4.1.3, 4.2.8: a client leaves over what it did not offer.
        ScanAnswer::Accepted { cipher, .. } if !client.suites.contains(&cipher) => {
            Outcome::Nothing(format!("the server picks {}, which it did not offer", Suite::name_of(cipher)))
        }
        ScanAnswer::Accepted { group: Some(group), .. } if !client.groups.contains(&group) => {
            Outcome::Nothing(format!("the server picks the group {}, which it did not offer", group_name(group)))
        }
        ScanAnswer::Accepted { version, cipher, group, bits, .. } => Outcome::Shares { version, cipher, group, bits },
        ScanAnswer::Alert(number) => Outcome::Nothing(format!("alert {}", look::alert(number))),
        ScanAnswer::NotTls => Outcome::Untold("no TLS came back"),
        ScanAnswer::Closed(_) => Outcome::Untold("the connection was closed"),
        ScanAnswer::Silence => Outcome::Untold("no answer"),
    };
    Some((client, outcome))
}

/// The handshake of our own TLS library failed, and every current Windows would go on: what stops this program stops no user.
/// Not told where the server wants a certificate, which no Windows shows.
pub fn spared(facts: &Facts) -> bool {
    let current = windows(facts).filter(|row| row.0.kind == Kind::CurrentWindows).map(|row| row.1);
    let wants_one = facts.survey.posed.iter().any(|seen| matches!(seen.it.answer, ScanAnswer::Accepted { asks_for_certificate: true, .. }));
    let mut outcomes = current.peekable();
    let asked = facts.stopped_at(Layer::Tls).is_some() && outcomes.peek().is_some() && !wants_one;
    asked && outcomes.all(|outcome| matches!(outcome, Outcome::Shares { .. }))
}

/// Which Windows would go on after a handshake that failed here, and which not; empty where none was asked about.
pub fn windows_in_words(facts: &Facts) -> String {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for (client, outcome) in windows(facts) {
        match outcome {
            Outcome::Shares { version, .. } => on.push((super::tls::name(version), client.title)),
            Outcome::Nothing(why) => off.push((why, client.title)),
            Outcome::Untold(_) => {}
        }
    }
    let on = grouped(&on).into_iter().map(|(version, titles)| format!("{titles} would go on, with {version}"));
    let off = grouped(&off).into_iter().map(|(why, titles)| format!("{titles} would not: {why}"));
    on.chain(off).collect::<Vec<_>>().join("; ")
}

/// Some client that was asked about got an answer other than a refusal.
pub fn answers_a_client(facts: &Facts) -> bool {
    facts.survey.posed.iter().any(|seen| matches!(seen.it.answer, ScanAnswer::Accepted { .. }))
}

/// Titles with the same words, in the order in which the words come first.
fn grouped<'a>(rows: &[(String, &'a str)]) -> Vec<(String, String)> {
    let mut groups: Vec<(String, Vec<&'a str>)> = Vec::new();
    for (words, title) in rows {
        match groups.iter_mut().find(|group| group.0 == *words) {
            Some(group) => group.1.push(title),
            None => groups.push((words.clone(), vec![title])),
        }
    }
    groups.into_iter().map(|(words, titles)| (words, named(&titles))).collect()
}

/// `Windows 8.1, 10 22H2, 11 24H2`: servers that offer the same as a client are left out.
fn named(titles: &[&str]) -> String {
    let short = titles.iter().filter_map(|title| title.split(", ").next()?.strip_prefix("Windows "));
    format!("Windows {}", short.collect::<Vec<_>>().join(", "))
}

/// Every Windows that was asked about, and what it gets.
fn windows(facts: &Facts) -> impl Iterator<Item = (&'static Client, Outcome)> {
    facts.survey.posed.iter().filter_map(|seen| outcome(&seen.it)).filter(|row| row.0.kind != Kind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::clients::CLIENTS;

    fn of(client: &str, answer: ScanAnswer) -> Outcome {
        outcome(&Posed { client: client.into(), answer }).expect("a known client").1
    }

    #[test]
    fn every_windows_has_a_short_name() {
        let titles: Vec<&str> = CLIENTS.iter().filter(|client| client.kind != Kind::Other).map(|client| client.title).collect();
        assert_eq!(named(&titles), "Windows 7, 8.1, 10 1607, 10 1809, 10 22H2, 11 21H2, 11 24H2, Server 2025");
    }

    #[test]
    fn a_short_prime_or_an_old_version_is_as_good_as_a_refusal() {
        let dhe =
            |bits| ScanAnswer::Accepted { version: 0x0303, cipher: 0x009e, group: None, bits: Some(bits), asks_for_certificate: false };
        assert!(matches!(of("windows-10-1607", dhe(1024)), Outcome::Shares { .. }));
        assert_eq!(of("windows-10-1607", dhe(512)), Outcome::Nothing("the prime has 512 bits, and it wants 1024".into()));
        assert!(matches!(of("openssl-3-default", dhe(1024)), Outcome::Nothing(_)));
        let old = ScanAnswer::Accepted { version: 0x0301, cipher: 0x002f, group: None, bits: None, asks_for_certificate: false };
        assert_eq!(of("windows-11-24h2", old), Outcome::Nothing("the server answers with TLS 1.0".into()));
        assert_eq!(of("windows-7", ScanAnswer::Alert(70)), Outcome::Nothing("alert 70 protocol_version".into()));
        assert_eq!(outcome(&Posed { client: "none".into(), answer: ScanAnswer::Silence }), None);
    }
}
