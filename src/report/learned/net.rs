//! DNS, TCP, proxy and TLS.

use super::super::text::{count, list};
use super::Learned;
use crate::base::Micros;
use crate::diag::codes;
use crate::transcript::facts::Attempt;
use crate::transcript::proxy::{Greeting, Step};
use crate::transcript::{ConnectFailure, DnsFailure, Facts, ScanAnswer, TlsFailure, Transcript, What};
use crate::wire::socks;
use crate::wire::tls::message::scheme_name;
use crate::wire::tls::suite::Suite;

pub(super) fn dns(facts: &Facts, learned: &mut Learned) {
    for seen in &facts.resolved {
        let (name, addresses) = &seen.it;
        learned.short = format!("{}: {}", count(addresses.len(), "address", "addresses"), list(addresses));
        learned.add(name, list(addresses));
    }
    if let Some(seen) = &facts.unresolved {
        learned.add(&seen.it.0, no_address(seen.it.1));
    }
}

fn no_address(failure: DnsFailure) -> &'static str {
    match failure {
        DnsFailure::NxDomain => "the name does not exist",
        DnsFailure::NoData => "the name has no address of the wanted family",
        DnsFailure::TryAgain => "the resolver could not answer for the moment",
        DnsFailure::TimedOut => "the resolver did not answer in time",
        DnsFailure::Other => "the resolver failed",
    }
}

pub(super) fn tcp(facts: &Facts, learned: &mut Learned) {
    let failed = facts.attempts.iter().filter(|seen| seen.it.failure.is_some()).count();
    if let Some(to) = facts.chosen.or_else(|| facts.attempts.last().map(|seen| seen.it.to)) {
        learned.short = to.to_string();
    }
    if failed > 0 && facts.chosen.is_some() {
        learned.short += &format!("; {failed} of {} tried failed", facts.attempts.len());
    }
    learned.add_some("chosen", facts.chosen);
    for seen in &facts.attempts {
        learned.add(seen.it.to.to_string(), outcome(&seen.it));
    }
    for other in &facts.other_leaves {
        let same = facts.leaf().is_some_and(|leaf| leaf.sha256 == other.it.sha256);
        let word = if same { "the same certificate" } else { "another certificate" };
        learned.add(other.it.from.to_string(), format_args!("{word}, SHA-256 {}", other.it.sha256));
    }
}

/// `connected in 12.3 ms`.
fn outcome(attempt: &Attempt) -> String {
    match attempt.failure {
        None => format!("connected in {}", attempt.took),
        Some(failure) => format!("{} after {}", no_connection(failure), attempt.took),
    }
}

pub(in crate::report) fn no_connection(failure: ConnectFailure) -> &'static str {
    match failure {
        ConnectFailure::Refused => "refused",
        ConnectFailure::TimedOut => "no answer",
        ConnectFailure::Reset => "reset",
        ConnectFailure::Unreachable => "unreachable",
        ConnectFailure::Other => "failed",
    }
}

pub(super) fn proxy(transcript: &Transcript, facts: &Facts, learned: &mut Learned) {
    learned.add_some("proxy", facts.asked.proxy.as_ref());
    for event in &transcript.events {
        if let What::ProxyRequest { target, with_credentials, .. } = &event.what {
            let with = if *with_credentials { "with" } else { "without" };
            learned.add("request", format_args!("CONNECT {target} {with} credentials"));
        }
    }
    for seen in &facts.proxy_steps {
        learned.add("step", proxy_step(&seen.it));
    }
    if let Some(seen) = &facts.proxy_reply {
        let status = seen.it.status.map_or_else(|| seen.it.start.clone(), |status| status.to_string());
        learned.short = format!("{}: {status}", facts.asked.proxy.as_deref().unwrap_or("proxy"));
        learned.add("status", &seen.it.start);
        learned.all.extend(seen.it.headers.iter().cloned());
    }
}

/// A step at a proxy in words.
pub(in crate::report) fn proxy_step(step: &Step) -> String {
    match step {
        Step::Sought { from, says, .. } => format!("PAC script {from}: {says}"),
        Step::Shown { scheme } => format!("credentials shown by {scheme}"),
        Step::NotShown { says } => format!("credentials not shown: {says}"),
        Step::Socks { to: Greeting::Methods, code } => format!("SOCKS5 login method {code:#04x}"),
        Step::Socks { to: Greeting::Login, code } => format!("SOCKS5 login: {}", if *code == 0 { "taken" } else { "refused" }),
        Step::Socks { to: Greeting::Connect, code } => format!("SOCKS5 reply {code}: {}", socks::means(*code)),
        Step::Contrast(it) => format!("CONNECT {} {}: {}", it.target, it.header.means(), it.says),
    }
}

pub(super) fn tls(facts: &Facts, learned: &mut Learned) {
    if let Some(secured) = facts.secured.as_ref().map(|seen| &seen.it) {
        let parts = [Some(&secured.version), Some(&secured.cipher), secured.group.as_ref()];
        learned.short = list(parts.into_iter().flatten());
        learned.add("version", &secured.version);
        learned.add("cipher", &secured.cipher);
        learned.add_some("group", secured.group.as_ref());
        learned.add("alpn", secured.alpn.as_deref().unwrap_or("none"));
        learned.add("sni", secured.sni.as_deref().unwrap_or("none"));
        learned.add("client certificate", if secured.client_cert_requested { "asked for" } else { "not asked for" });
        let stapled = secured.ocsp_stapled.map_or("none".to_string(), |bytes| format!("{bytes} bytes"));
        learned.add("stapled OCSP answer", stapled);
        learned.add_some("handshake signed with", secured.signed_with.map(scheme_name).as_ref());
    }
    if let Some(seen) = &facts.unsecured {
        learned.add("failure", format_args!("{}: {}", no_tls(seen.it.0), seen.it.1));
    }
    for seen in &facts.alerts {
        let by = seen.by.map_or("alert".to_string(), |side| format!("alert from the {side}"));
        learned.add(by, alert(seen.it));
    }
    for seen in &facts.scans {
        learned.add(format_args!("offered {}", version(seen.it.0)), answer(&seen.it.1));
    }
}

fn no_tls(failure: TlsFailure) -> String {
    match failure {
        TlsFailure::Alert(number) => format!("alert {}", alert(number)),
        TlsFailure::PlainHttp => "plain HTTP".into(),
        TlsFailure::NotTls => "no TLS".into(),
        TlsFailure::NoCertificate => "no certificate".into(),
        TlsFailure::Unsupported => "a version or cipher suite that we do not speak".into(),
        TlsFailure::Reset => "reset".into(),
        TlsFailure::Closed => "closed".into(),
        TlsFailure::TimedOut => "no answer in time".into(),
        TlsFailure::Other => "refused".into(),
    }
}

/// `70 protocol_version`.
pub(in crate::report) fn alert(number: u8) -> String {
    let row = codes::by_number(u32::from(number)).find(|code| code.family == codes::Family::TlsAlert);
    row.map_or_else(|| number.to_string(), codes::Code::shown)
}

/// `TLS 1.0` for 0x0301.
pub(in crate::report) fn version(number: u16) -> String {
    match number {
        0x0300 => "SSL 3.0".into(),
        0x0301..=0x0304 => format!("TLS 1.{}", number - 0x0301),
        _ => format!("version 0x{number:04x}"),
    }
}

fn answer(answer: &ScanAnswer) -> String {
    match answer {
        ScanAnswer::Accepted { version: chosen, cipher, .. } => {
            format!("accepted as {} with {}", version(*chosen), Suite::name_of(*cipher))
        }
        ScanAnswer::Alert(number) => format!("alert {}", alert(*number)),
        ScanAnswer::Closed(how) => how.to_string(),
        ScanAnswer::Silence => "silence".into(),
        ScanAnswer::NotTls => "no TLS".into(),
    }
}

/// A round trip, or that there was none.
pub(in crate::report) fn trip(rtt: Option<Micros>) -> String {
    rtt.map_or_else(|| "no answer".to_string(), |rtt| rtt.to_string())
}
