//! Lines of text logs: the phrases by which the lines of Linux clients and servers are known.

mod accel;
mod softether;
mod sstpc;

use super::event::checks as causes_of;
use super::{LogFormat, LogLine, Marks, Outcome, Tells};
use crate::base::Layer;
use crate::diag::codes::{self, Code, Family};
use crate::diag::words::codes_in;

/// A phrase of a program, and what it means.
pub struct Phrase {
    /// Who writes it.
    source: &'static str,
    /// Every one of these is in the line; small letters.
    has: &'static [&'static str],
    /// Success, failure or neither.
    outcome: Outcome,
    /// What it means.
    says: &'static str,
    /// The causes, likeliest first.
    checks: &'static [&'static str],
    /// The family of the last number in the line, where it is a code.
    number: Option<Family>,
    /// The highest layer that it shows to have come up.
    shows: Option<Layer>,
    /// How much it says about the cause.
    tells: Tells,
    /// What stands behind this in the line is told too, up to the end of the line.
    reason: Option<&'static str>,
}

const fn fail(source: &'static str, has: &'static [&'static str], says: &'static str, checks: &'static [&'static str]) -> Phrase {
    Phrase { source, has, outcome: Outcome::Failure, says, checks, number: None, shows: None, tells: Tells::Cause, reason: None }
}

const fn good(source: &'static str, has: &'static [&'static str], says: &'static str) -> Phrase {
    Phrase {
        source,
        has,
        outcome: Outcome::Success,
        says,
        checks: &[],
        number: None,
        shows: Some(Layer::Ncp),
        tells: Tells::Cause,
        reason: None,
    }
}

const fn note(source: &'static str, has: &'static [&'static str], says: &'static str) -> Phrase {
    Phrase { source, has, outcome: Outcome::Note, says, checks: &[], number: None, shows: None, tells: Tells::Cause, reason: None }
}

/// What a line says; nothing when it says nothing about a call.
pub fn line(format: LogFormat, text: &str, line: u64) -> Option<LogLine> {
    let lower = text.to_lowercase();
    let phrase = tables(format).iter().copied().flatten().find(|phrase| phrase.has.iter().all(|part| lower.contains(part)));
    match phrase {
        Some(phrase) => Some(phrase.line(text, line)),
        None => coded(text, line),
    }
}

/// That the two ends agreed on no method of login; `text` is the last line of their haggling.
pub fn no_common_method(text: &str, line: u64) -> LogLine {
    sstpc::NO_COMMON_METHOD.line(text, line)
}

impl Phrase {
    fn line(&self, text: &str, line: u64) -> LogLine {
        let numbered = self.number.and_then(|family| last_number(text, family));
        let mut codes: Vec<&'static Code> = numbered.into_iter().collect();
        if self.outcome == Outcome::Failure {
            told_codes(text).into_iter().for_each(|code| {
                if !codes.contains(&code) {
                    codes.push(code)
                }
            });
        }
        let mut checks = if self.outcome == Outcome::Failure { causes_of(&codes) } else { Vec::new() };
        for id in self.checks {
            if !checks.contains(id) {
                checks.push(id);
            }
        }
        LogLine {
            line,
            at: stamp(text),
            source: self.source,
            event: None,
            outcome: self.outcome,
            says: with_codes(&self.told(text), &codes),
            quoted: quoted(text),
            codes,
            checks,
            shows: self.shows,
            times: 1,
            marks: Marks::default(),
            attempt: None,
            tells: self.tells,
        }
    }

    /// What it means, with the reason that stands in the line.
    fn told(&self, text: &str) -> String {
        let reason = self.reason.and_then(|mark| text.split_once(mark)).map(|pair| quoted(pair.1.trim().trim_end_matches('.')));
        match reason.filter(|reason| !reason.is_empty()) {
            Some(reason) => format!("{}: {reason}", self.says),
            None => self.says.to_string(),
        }
    }

    /// The same, and beside another failure it says what that came to.
    const fn end(self) -> Phrase {
        Phrase { tells: Tells::End, ..self }
    }

    /// The same, and all that it says of the cause stands behind this mark, in words that are not known.
    const fn reason(self, mark: &'static str) -> Phrase {
        Phrase { tells: Tells::Failure, reason: Some(mark), ..self }
    }

    /// The same, and it shows that this layer came up.
    const fn shows(self, layer: Layer) -> Phrase {
        Phrase { shows: Some(layer), ..self }
    }
}

/// A line that no phrase knows but that names codes. It is not quoted: nobody knows what else stands in it.
fn coded(text: &str, line: u64) -> Option<LogLine> {
    let codes = told_codes(text);
    let first = codes.first()?;
    let outcome = if codes.iter().all(|code| code.family == Family::Event) { Outcome::Note } else { Outcome::Failure };
    let checks = if outcome == Outcome::Failure { causes_of(&codes) } else { Vec::new() };
    let says = with_codes(&format!("A line with a code of the family {}", first.family.name()), &codes);
    let (at, quoted, marks) = (stamp(text), String::new(), Marks::default());
    Some(LogLine {
        line,
        at,
        source: "log",
        event: None,
        outcome,
        says,
        quoted,
        codes,
        checks,
        shows: None,
        times: 1,
        marks,
        attempt: None,
        tells: Tells::Cause,
    })
}

/// The codes in a line that are meant as such. Lines of other programs are full of numbers: process ids, exit statuses, codes of their own.
fn told_codes(text: &str) -> Vec<&'static Code> {
    let lower = text.to_lowercase();
    let speaks = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    // SoftEther's own numbers stand so.
    let foreign = lower.contains("(code ");
    let of_the_trade = speaks(TRADE) && !foreign;
    let of_sstp = speaks(&["sstp", "attrib"]) && !speaks(&["exit", "script"]);
    let is_process = |number: u32| lower.contains(&format!("{number}#"));
    let meant = |code: &&'static Code| match code.family {
        _ if code.number == 0 => false,
        Family::HttpStatus => code.number != HTTP_OK && speaks(&["http"]),
        Family::Ras => !foreign && !is_process(code.number),
        Family::MsChap | Family::OpenSsl => true,
        Family::NpsReason => of_the_trade || speaks(&["reason code", "reason-code"]),
        Family::SstpStatus => of_sstp || lower.contains(&code.name.to_lowercase()),
        family if family.is_plain() => of_the_trade && !is_process(code.number) || lower.contains(&code.name.to_lowercase()),
        _ => true,
    };
    codes_in(text).into_iter().filter(meant).collect()
}

fn with_codes(says: &str, codes: &[&'static Code]) -> String {
    let codes: Vec<String> = codes.iter().map(|code| format!("{} ({})", code.shown(), code.means)).collect();
    if codes.is_empty() { says.to_string() } else { format!("{says}: {}", codes.join("; ")) }
}

/// The row of a family for the last number in the line.
fn last_number(text: &str, family: Family) -> Option<&'static Code> {
    let number: u32 = text.rsplit(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?.parse().ok()?;
    codes::all().find(|code| code.family == family && code.number == number)
}

fn tables(format: LogFormat) -> &'static [&'static [Phrase]] {
    match format {
        LogFormat::Sstpc => &[sstpc::SSTPC, sstpc::PPPD],
        LogFormat::SoftEther => &[softether::SOFTETHER],
        LogFormat::AccelPpp => &[accel::ACCEL_PPP],
        _ => &[sstpc::SSTPC, sstpc::PPPD, softether::SOFTETHER, accel::ACCEL_PPP],
    }
}

/// The time at the beginning of a line: `2024-03-01 09:15:22.123`, the same with a `T` or in brackets, or `Mar  1 09:15:22`.
fn stamp(text: &str) -> Option<String> {
    let text = text.trim_start().trim_start_matches(['[', '*']);
    let bytes = text.as_bytes();
    let fits = |pattern: &str| bytes.len() >= pattern.len() && pattern.bytes().zip(bytes).all(|(want, have)| fits(want, *have));
    let length = match () {
        () if fits("0000-00-00 00:00:00") || fits("0000-00-00T00:00:00") => {
            let rest = text.get(19..).unwrap_or_default();
            19 + rest.find(|c: char| !(c.is_ascii_digit() || ".:+-Z".contains(c))).unwrap_or(rest.len()).min(14)
        }
        () if fits("Aaa _0 00:00:00") => 15,
        () => return None,
    };
    text.get(..length).map(|stamp| stamp.trim_end_matches(':').to_string())
}

/// `0` a digit, `_` a digit or a space, `A` and `a` letters, anything else itself.
fn fits(want: u8, have: u8) -> bool {
    match want {
        b'0' => have.is_ascii_digit(),
        b'_' => have.is_ascii_digit() || have == b' ',
        b'A' => have.is_ascii_uppercase(),
        b'a' => have.is_ascii_lowercase(),
        want => want == have,
    }
}

/// The beginning of the line, up to what may be a secret.
fn quoted(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let end = SECRETS.iter().filter_map(|word| lower.find(word)).min().unwrap_or(text.len());
    let mut quoted: String = text.get(..end).unwrap_or_default().trim().chars().take(QUOTED).collect();
    if quoted.len() < text.trim().len() {
        quoted.push('…');
    }
    quoted
}

/// RFC 9110 15.3.1.
const HTTP_OK: u32 = 200;
/// Words of lines that are about a call.
const TRADE: &[&str] = &[
    "sstp", "ppp", "vpn", "ras", "pptp", "tunnel", "tls", "ssl", "chap", "eap", "radius", "nps", "certif", "verify", "alert", "logon",
    "connect",
];
/// Words behind which a secret may stand.
const SECRETS: &[&str] = &["password=", "password:", "passwd", "secret", "psk"];
/// Ours: more of a line is not quoted.
const QUOTED: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::cause::Cause;

    #[test]
    fn phrases_are_small_and_their_causes_exist() {
        for phrase in tables(LogFormat::Plain).iter().copied().flatten() {
            assert!(!phrase.has.is_empty() && phrase.has.iter().all(|part| part.to_lowercase() == *part), "{:?}", phrase.has);
            assert!(phrase.checks.iter().all(|id| Cause::by_id(id).is_some_and(|cause| cause.id() == *id)), "{:?}", phrase.checks);
            assert!(!phrase.says.ends_with('.'), "{}", phrase.says);
        }
    }

    #[test]
    fn times_are_read_from_the_beginning_of_a_line() {
        let stamps = [
            ("Nov 22 18:22:33 sstpc[30177]: Connected", Some("Nov 22 18:22:33")),
            ("Nov  2 18:22:33 host sstpc[30177]: Connected", Some("Nov  2 18:22:33")),
            ("2021-06-26 05:00:14.818 On the TCP Listener", Some("2021-06-26 05:00:14.818")),
            ("[2019-12-09 17:51:42]: error: : sstp", Some("2019-12-09 17:51:42")),
            ("2024-03-01T09:15:22.123456+01:00 host pppd[1]: x", Some("2024-03-01T09:15:22.123456+01:00")),
            ("691 is no time", None),
        ];
        for (line, at) in stamps {
            assert_eq!(stamp(line).as_deref(), at, "{line}");
        }
    }

    #[test]
    fn numbers_of_other_programs_are_no_codes() {
        let failures = |format, text| super::line(format, text, 1).filter(|line| line.outcome == Outcome::Failure).map(|line| line.says);
        for text in [
            "EXT4-fs error 5 on sda",
            "2026/11/26 11:00:00 [error] 812#812: *691 open() \"/x\" failed",
            "pppd[80]: Script /etc/ppp/ip-up finished (pid 80), status = 0x0",
            "pppd[80]: Script /etc/ppp/ip-down finished (pid 81), status = 0x1",
            "systemd[1]: sstpc.service: Main process exited, code=exited, status=4/NOPERMISSION",
            "# exit status 0",
        ] {
            assert_eq!(failures(LogFormat::Plain, text), None, "{text}");
        }
        let scan = "Connection \"CID-9\" terminated by the cause \"A client which is non-SoftEther VPN software has connected to the port.\" (code 5).";
        assert_eq!(failures(LogFormat::SoftEther, scan), None);
        let real = ["rasdial: error 691", "sstp: Call Abort, status 4", "Verify error 10 of the certificate", "0x800B0101"];
        assert!(real.iter().all(|text| failures(LogFormat::Plain, text).is_some()), "{real:?}");
    }

    #[test]
    fn the_reason_of_a_verification_comes_before_the_fact_that_it_failed() {
        let line = super::line(LogFormat::Plain, "SSL error: certificate verify failed: certificate has expired", 1).expect("a line");
        assert_eq!(line.checks.first(), Some(&"CERT-EXPIRED"), "{line:?}");
        let line = super::line(LogFormat::AccelPpp, "error: sstp: SSL error:0A000412:SSL routines::sslv3 alert bad certificate", 1);
        assert!(
            line.is_some_and(|line| line.checks.first() == Some(&"CERT-CLIENT-SAYS-BAD") || line.checks.contains(&"CERT-CLIENT-SAYS-BAD"))
        );
    }

    /// Lines as the sources of accel-ppp (ctrl/sstp/sstp.c) and sstp-client 1.0 write them.
    #[test]
    fn lines_of_accel_ppp_and_sstpc_point_to_what_they_mean() {
        let accel = [
            ("error: sstp: proxy: no header found", "TCP-PROXYPROTO-MISMATCH"),
            ("error: sstp: proxy2: invalid header", "TCP-PROXYPROTO-MISMATCH"),
            (
                "warn: sstp: no IP address range defined in section [client-ip-range], incoming sstp connections will be rejected",
                "TCP-SOURCE-NOT-ALLOWED",
            ),
            ("info: ppp0: sstp: recv [SSL <no SNI>]", "TLS-SNI-ALERT"),
            ("info: ppp0: send [HTTP <HTTP/1.1 404 Not Found>]", "HTTP-404"),
            ("error: ppp0: sstp: nak limit reached", "SSTP-NAK"),
            ("warn: ppp1:amy: ppp: no free IPv4 address", "IPCP-POOL-EXHAUSTED"),
            ("error: ppp0: sstp: allocate pty: No space left on device", "HTTP-NO-FREE-PORTS"),
            ("error: ppp0: sstp: ppp: set pty line discipline: Invalid argument", "LCP-NO-RESPONSE"),
            ("error: sstp: accept failed: Too many open files", "TCP-ACCEPT-NO-DATA"),
            ("emerg: sstp: failed to bind socket: Address already in use", "TCP-PORT-CONFLICT"),
            ("error: sstp: ssl-keyfile error: error:0B080074:x509 certificate routines::key values mismatch", "CERT-SERVER-MISSING"),
        ];
        let sstpc = [
            ("sstpc[1]: Connect NAK Message", "SSTP-NAK"),
            ("sstpc[1]: Unrecognized SSTP message", "SSTP-DESYNC"),
            ("sstpc[1]: Could not get status info attribute", "SSTP-ABORT-NO-STATUS"),
            ("**Error: Connection was aborted, Reason was not known, (-1)", "TEAR-ECHO-LOST"),
            ("**Error: Could not complete connect to the client, (-1)", "TCP-FILTERED"),
            ("sstpc[1]: Could not set default verify location", "CERT-LINUX-TRUSTSTORE"),
            ("sstpc[1]: Could not create a new task for pppd", "LCP-NO-PPP-DEVICE"),
        ];
        let rows = accel.map(|row| (LogFormat::AccelPpp, row)).into_iter().chain(sstpc.map(|row| (LogFormat::Sstpc, row)));
        for (format, (text, first)) in rows {
            let line = super::line(format, text, 1).unwrap_or_else(|| panic!("{text} means nothing"));
            assert_eq!((line.outcome, line.checks.first()), (Outcome::Failure, Some(&first)), "{text}: {:?}", line.checks);
        }
        let orderly = "info: ppp0: send [HTTP <HTTP/1.1 200 OK>]";
        assert!(
            super::line(LogFormat::AccelPpp, orderly, 1)
                .is_some_and(|line| line.outcome == Outcome::Note && line.shows == Some(Layer::Http))
        );
    }

    #[test]
    fn what_may_be_a_secret_is_not_quoted() {
        let line = "Nov 22 18:22:33 pppd[1]: sent [PAP AuthReq id=0x1 user=\"alice\" password=\"hunter2\"] PAP authentication failed";
        assert!(!quoted(line).contains("hunter2"));
        let read = super::line(LogFormat::Sstpc, line, 1).expect("a line");
        assert!(!format!("{read:?}").contains("hunter2"));
    }
}
