//! The certificate chain and the judgements on it.

use super::super::text::{cut, day, list, rfc3339};
use super::Learned;
use crate::crypto::chain::ChainVerdict;
use crate::transcript::{CLIENT, Facts, Issuer, Revocation};
use crate::wire::cert::Cert;

pub(super) fn cert(facts: &Facts, learned: &mut Learned) {
    if let Some(leaf) = facts.leaf() {
        let trusting = facts.trust.iter().find(|seen| seen.it.1.is_trusted()).map(|seen| seen.it.0.as_str());
        let trust = match trusting {
            Some(CLIENT) => ", unverified",
            Some(_) => ", trusted",
            None => "",
        };
        learned.short = format!("{} until {}{trust}", cut(leaf.title(), TITLE), day(leaf.not_after));
    }
    if learned.brief {
        return;
    }
    for seen in &facts.trust {
        learned.add(format_args!("trust by {}", seen.it.0), judgement(&seen.it.1));
    }
    for (index, cert) in facts.chain.iter().enumerate() {
        let who = if index == 0 { "leaf".to_string() } else { format!("certificate {}", index + 1) };
        describe(learned, &who, cert);
    }
    for seen in &facts.issuers {
        learned.add(format!("issuer of {}", seen.it.of), format!("from {} in {}: {}", seen.it.url, seen.it.took, fetched(&seen.it)));
    }
    for seen in &facts.revocation {
        let took = if seen.it.url.is_some() { format!(" ({})", seen.it.took) } else { String::new() };
        learned.add(format!("revocation of {}", seen.it.title), format!("{}: {}{took}", means(&seen.it), seen.it.standing));
    }
    for (index, why) in &facts.bad_certs {
        learned.add(format_args!("certificate {} not readable", index + 1), why);
    }
}

fn judgement(verdict: &ChainVerdict) -> String {
    let who = |cert: Option<usize>| match cert {
        None => String::new(),
        Some(0) => "leaf ".to_string(),
        Some(index) => format!("certificate {} ", index + 1),
    };
    let problems: Vec<_> = verdict.problems.iter().map(|problem| format!("{}{}", who(problem.cert), problem.says)).collect();
    let problems = problems.join("; ");
    match (verdict.is_trusted(), problems.is_empty()) {
        (true, true) => format!("yes, up to {}", verdict.anchor.as_deref().unwrap_or("a root")),
        (true, false) => format!("yes, up to {}; but {problems}", verdict.anchor.as_deref().unwrap_or("a root")),
        (false, _) => format!("no: {problems}"),
    }
}

/// What came of the fetch of an issuer.
pub(in crate::report) fn fetched(issuer: &Issuer) -> String {
    match (&issuer.failure, &issuer.root) {
        (Some(why), _) => why.clone(),
        (None, Some(root)) => format!("fetched; with it the chain leads to {root}"),
        (None, None) => "fetched; the chain does not lead to a trusted root with it either".into(),
    }
}

/// `CRL http://...`, `stapled OCSP`.
pub(in crate::report) fn means(look: &Revocation) -> String {
    look.url.as_ref().map_or_else(|| look.means.name().to_string(), |url| format!("{} {url}", look.means.name()))
}

fn describe(learned: &mut Learned, who: &str, cert: &Cert) {
    let names = list(cert.dns_names.iter().cloned().chain(cert.ip_addresses.iter().map(ToString::to_string)));
    let rows = [
        ("subject", cert.subject.clone()),
        ("issuer", cert.issuer.clone()),
        ("names", if names.is_empty() { "none".into() } else { names }),
        ("valid", format!("{} to {} ({} days)", rfc3339(cert.not_before), rfc3339(cert.not_after), cert.days())),
        ("key", cert.key.clone()),
        ("signature", cert.signature.clone()),
        ("serial", cert.serial.clone()),
        ("CRL", list(&cert.crl_urls)),
        ("OCSP", list(&cert.ocsp_urls)),
        ("issuer at", list(&cert.ca_issuers_urls)),
        ("SHA-1", cert.sha1.clone()),
        ("SHA-256", cert.sha256.clone()),
    ];
    for (name, value) in rows.into_iter().filter(|row| !row.1.is_empty()) {
        learned.add(format_args!("{who} {name}"), value);
    }
}

/// Columns for the name of the leaf in the ladder.
const TITLE: usize = 20;
