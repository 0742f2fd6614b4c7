//! What an EAP method that carries TLS showed to its ends.

use super::super::text::{day, list};
use super::{Learned, ppp};
use crate::base::Side;
use crate::crypto::chain::Rule;
use crate::transcript::{Facts, Inner};
use crate::wire::cert::Cert;
use crate::wire::{eap, ppp as wire};

/// Adds it, in the order in which it was seen.
pub(super) fn add(facts: &Facts, learned: &mut Learned) {
    for seen in &facts.inner {
        let side = seen.by.map_or("end", Side::name);
        match &seen.it {
            Inner::Agreed { version, cipher } => learned.add("TLS within EAP", format!("{version}, {cipher}")),
            Inner::Chain { certs } => {
                for (index, cert) in certs.iter().filter_map(|der| Cert::parse(der).ok()).enumerate() {
                    learned.add(format!("EAP server certificate {}", index + 1), certificate(&cert));
                }
            }
            Inner::Trust { source, name, verdict } => {
                let name = name.as_ref().map_or("any name".into(), |name| format!("the name {name}"));
                let broken = verdict.problems.iter().filter(|problem| problem.rule.trust_breaking());
                let problems = broken.chain(verdict.problem(Rule::UncheckedSignature)).map(|problem| &problem.says);
                let says = if verdict.is_proven() { "yes".into() } else { format!("no: {}", list(problems)) };
                learned.add(format!("EAP server trusted by {source}"), format!("{says} ({name})"));
            }
            Inner::ClientCertificate { sent } => learned.add("EAP server asks for a certificate", format!("{sent} sent")),
            Inner::Alert { description } => learned.add(format!("{side} alert within EAP"), super::net::alert(*description)),
            Inner::Packet(packet) => learned.add(format!("{side} inside PEAP: {}", packet.name()), said(packet)),
            Inner::Result { success, binding } => learned.add("result inside PEAP", result(*success, *binding)),
        }
    }
}

fn certificate(cert: &Cert) -> String {
    let names = if cert.dns_names.is_empty() { String::new() } else { format!(", names {}", list(&cert.dns_names)) };
    format!("{}, from {}{names}, until {}", cert.title(), cert.issuer, day(cert.not_after))
}

fn said(packet: &eap::Packet) -> String {
    ppp::said(&wire::Frame { protocol: wire::EAP, body: wire::Body::Eap(packet.clone()) })
}

fn result(success: bool, binding: Option<bool>) -> String {
    let says = if success { "success" } else { "failure" };
    let bound = match binding {
        None => "without cryptobinding",
        Some(true) => "with the right cryptobinding",
        Some(false) => "with a wrong cryptobinding",
    };
    format!("{says}, {bound}")
}
