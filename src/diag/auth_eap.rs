//! What went wrong inside EAP methods that carry TLS: certificates of either side, the tunnel, the login in it. Catalogue 3.4.

use super::auth::EAP_MISMATCH;
use super::auth_eap_packets::{acknowledged_without_flags, eap_kind, handshake_stalled};
use super::auth_refused::{eap_failure, failure_inside, is_refused};
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{ENDINGS, SILENT_ENDINGS, alert, reason_of, stop, stop_at};
use crate::base::{Layer, Side, SpecRef};
use crate::crypto::chain::Rule;
use crate::transcript::facts::{Facts, Seen, Stop};
use crate::transcript::{Inner, Reason};
use crate::wire::{eap, ppp};

pub(super) const AUTH_EAP: &[Check] = &[
    Check {
        id: "AUTH-EAP-SERVERROOT-MISSING",
        title: "The client does not trust the certificate of the EAP (RADIUS) server",
        means: "The handshake within EAP showed a chain that ends at no trusted root. The client stopped there, before a password or a certificate \
                went out; Windows does the same.",
        fix: Fix {
            admin: "Give the EAP server a certificate whose root the clients have and whose intermediates it sends (NPS: the certificate that the \
                    network policy names; FreeRADIUS: certificate_file with the chain in it; RouterOS: radius and user-manager use that of \
                    the RADIUS server; SoftEther and accel-ppp only pass EAP on), and name that root in the profile.",
            user: "Have the root certificate installed; do not accept a prompt with an unknown name.",
        },
        windows: &[Windows::Ras(864), Windows::Hresult(0x8042_0400)],
        verified: true,
        spec: &[SpecRef::rfc(5216, "5.3")],
        look: Look::One(server_root_missing),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-SERVERNAME",
        title: "The certificate of the EAP (RADIUS) server bears another name",
        means: "The name that the client expects does not stand in the certificate. Windows compares it with the names in the profile, in newer \
                versions case by case.",
        fix: Fix {
            admin: "Write the names into the profile as they stand in the certificate, or issue the certificate for the name.",
            user: "Import the VPN profile again.",
        },
        windows: &[Windows::Ras(853), Windows::Ras(857)],
        spec: &[SpecRef::rfc(5216, "5.2")],
        look: Look::One(server_name_differs),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-SERVERCERT",
        title: "The certificate of the EAP (RADIUS) server is invalid",
        means: "It has expired, is not valid yet, is not for servers, or breaks another rule; the evidence says which. The client stopped there.",
        fix: Fix {
            admin: "Renew the certificate of the RADIUS server and select it again (NPS: network policy, Constraints, Authentication Methods).",
            user: "Check the clock of the PC.",
        },
        windows: &[Windows::Ras(858), Windows::Ras(857)],
        spec: &[SpecRef::rfc(5216, "5.3")],
        look: Look::One(server_certificate_invalid),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-USERCERT-EXPIRED",
        title: "The client certificate has expired",
        means: "The EAP server refused it with the TLS alert 45, or the certificate sent is past its end.",
        fix: Fix { admin: "Renew the certificates of the users.", user: "Renew the certificate; check the clock of the PC." },
        windows: &[Windows::Ras(854)],
        spec: &[SpecRef::rfc(5216, "2.1.3"), SpecRef::rfc(8446, "6.2")],
        look: Look::One(|facts| refused_by(facts, &[45])),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-USERCERT-REVOKED",
        title: "The client certificate is revoked",
        means: "The EAP server refused it with the TLS alert 44. NPS says the same of a CRL that it cannot reach (reasons 256 to 259).",
        fix: Fix { admin: "Issue it anew, or make the CRL reachable for the RADIUS server.", user: "Call the helpdesk." },
        windows: &[Windows::Ras(855)],
        spec: &[SpecRef::rfc(5216, "2.1.3"), SpecRef::rfc(8446, "6.2")],
        look: Look::One(|facts| refused_by(facts, &[44])),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-USERCERT-INVALID",
        title: "The EAP server does not accept the client certificate",
        means: "It refused with a TLS alert about the certificate: its issuer is not trusted there, its purpose is wrong, or it maps to no account.",
        fix: Fix {
            admin: "Let the RADIUS server trust the issuing CA (NPS: the NTAuth store; FreeRADIUS: ca_file), check that the certificate is for \
                    client authentication and how it is mapped.",
            user: "Use the certificate that was issued for the VPN.",
        },
        windows: &[Windows::Ras(853)],
        verified: true,
        spec: &[SpecRef::rfc(5216, "2.1.3"), SpecRef::rfc(8446, "6.2")],
        look: Look::One(|facts| refused_by(facts, &ABOUT_THE_CERTIFICATE)),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-TLS-ALERT",
        title: "The EAP server ends the TLS handshake with an alert",
        means: "The alert is not about the client certificate; version, cipher suites or signatures do not fit, or the server failed.",
        fix: Fix {
            admin: "Look the alert up (`sstp-diag explain`), compare the TLS versions of both ends, and read the RADIUS log.",
            user: "Update the client.",
        },
        windows: &[Windows::Ras(691), Windows::Ras(853)],
        spec: &[SpecRef::rfc(5216, "2.1.3")],
        look: Look::One(other_alert),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-CERT-NO-ACCOUNT",
        title: "The client certificate was sent, and the user is refused without a word",
        means: "EAP Failure followed without a TLS alert: no account belongs to the certificate, the account is locked or disabled, a policy \
                forbids the dial-in, or the server refuses the certificate itself and does not say so (FreeRADIUS). EAP-TLS has no number.",
        fix: Fix {
            admin: "Check the mapping of the name in the certificate to an account, and the reason code in NPS event 6273 (8: no such account, 16: \
                    mapping, 34: disabled, 36: locked, 65: no dial-in right).",
            user: "Call the helpdesk.",
        },
        windows: &[Windows::Ras(691), Windows::Ras(812)],
        spec: &[SpecRef::rfc(5216, "2.1.1")],
        look: Look::One(certificate_without_account),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-STALLED",
        title: "The EAP handshake stands still: its long packets may get lost",
        means: "The method began, and in the midst of its TLS handshake the server fell silent. The usual reason is that RADIUS packets with \
                certificates in them are too long for a path that drops fragments of UDP.",
        fix: Fix {
            admin: "Let the RADIUS server make smaller EAP fragments (NPS: Framed-MTU 1344 in the network policy; FreeRADIUS: fragment_size) and let \
                    UDP fragments pass between VPN server and RADIUS.",
            user: "",
        },
        windows: &[Windows::Ras(718), Windows::Ras(691)],
        spec: &[SpecRef::rfc(5216, "2.1.5"), SpecRef::rfc(3579, "2.4")],
        explains: SILENT_ENDINGS,
        look: Look::One(handshake_stalled),
        ..ROW
    },
    Check {
        id: "AUTH-PEAP-VERSION",
        title: "The server goes on with another version of PEAP",
        means: "Windows speaks version 0 only. The server began with another one and did not come down.",
        fix: Fix {
            admin: "Switch PEAP version 0 on (FreeRADIUS: it is the only one; others: use_tunneled_reply and version settings).",
            user: "",
        },
        windows: &[Windows::Ras(691)],
        spec: &[],
        look: Look::One(peap_version_differs),
        ..ROW
    },
    Check {
        id: "AUTH-PEAP-CRYPTOBINDING",
        title: "The cryptobinding of the PEAP server is wrong",
        means: "Tunnel and login do not have the same other end: the login was passed on by somebody in between, or the server has a defect.",
        fix: Fix {
            admin: "Look for interception; update the RADIUS server (NPS reasons 301 and 302).",
            user: "Report it: it may be an impostor.",
        },
        windows: &[Windows::Ras(823)],
        look: Look::One(cryptobinding_wrong),
        ..ROW
    },
    Check {
        id: "AUTH-PEAP-INNER-METHOD",
        title: "The server wants another method inside PEAP",
        means: "It asked for a method inside the tunnel that the client does not have, and took no other. Windows has EAP-MSCHAPv2 and certificates.",
        fix: Fix {
            admin: "Use EAP-MSCHAPv2 inside PEAP (NPS: edit the EAP types of Protected EAP; FreeRADIUS: default_eap_type in the peap section).",
            user: "Import the VPN profile again.",
        },
        windows: &[Windows::Ras(812), Windows::Ras(850)],
        spec: &[SpecRef::rfc(3748, "5.3.1")],
        look: Look::One(inner_method_differs),
        ..ROW
    },
    Check {
        id: "AUTH-PEAP-REFUSED",
        title: "The login inside PEAP is refused without a number",
        means: "The response to the challenge was sent, and the result inside PEAP is failure: name or password wrong, account locked or disabled, or \
                no dial-in right. No number came with it that would tell which.",
        fix: Fix {
            admin: "Check the account and read the RADIUS log; FreeRADIUS passes the number on with send_error = yes in its mschapv2 section.",
            user: "Type name and password again, try the other form of the name (DOMAIN\\user or user@domain).",
        },
        windows: &[Windows::Ras(691)],
        look: Look::One(refused_inside),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-NAK-LOOP",
        title: "The server asks again and again for an EAP method that was refused",
        means: "A Nak is not heeded: the server has one method only and does not end the login.",
        fix: Fix { admin: "Permit a method that the clients have; update the server.", user: "Import the VPN profile again." },
        windows: &[Windows::Ras(812), Windows::Ras(718)],
        spec: &[SpecRef::rfc(3748, "5.3.1")],
        explains: EAP_MISMATCH,
        look: Look::One(asked_again_and_again),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-BROKEN",
        title: "The EAP method breaks its own rules",
        means: "A fragment is missing, the method ends before its time, or what it carries is no TLS; the evidence says which.",
        fix: Fix { admin: "Update the RADIUS server and the VPN server that passes its packets on.", user: "Try again." },
        windows: &[Windows::Ras(691)],
        spec: &[SpecRef::rfc(5216, "2.1.5"), SpecRef::rfc(9190, "2.5")],
        look: Look::One(method_broken),
        ..ROW
    },
    Check {
        id: "AUTH-EAPTLS-NO-CERT",
        title: "The client has no certificate to log in with",
        means: "The server began EAP-TLS, and the client left without a word of TLS: it has no suitable certificate with its key.",
        fix: Fix { admin: "Enrol certificates for the users.", user: "Have a client certificate installed (certmgr.msc, store Personal)." },
        windows: &[Windows::Ras(798)],
        verified: true,
        spec: &[SpecRef::rfc(5216, "2.1.1")],
        needs: Need::Tap,
        look: Look::One(left_at_eap_tls),
        ..ROW
    },
    Check {
        id: "AUTH-PEAP-CRYPTOBINDING-ABSENT",
        severity: Severity::Warn,
        title: "The PEAP server sends no cryptobinding",
        means: "Clients whose profile has \"Disconnect if server does not present cryptobinding TLV\" do not get in; for others nobody proves that \
                tunnel and login belong together.",
        fix: Fix { admin: "Switch cryptobinding on, or update the RADIUS server.", user: "" },
        windows: &[Windows::Ras(824)],
        explains: &[],
        look: Look::One(cryptobinding_absent),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-NAME-UNCHECKED",
        severity: Severity::Note,
        title: "Any name was accepted on the EAP server's certificate",
        means: "No name was asked for: whoever has a certificate of the trusted roots can pose as the EAP server. A Windows profile without \
                server names asks the user instead.",
        fix: Fix { admin: "Name the RADIUS servers in the profile (and here with --eap-server-name).", user: "" },
        spec: &[SpecRef::rfc(5216, "5.2")],
        explains: &[],
        look: Look::One(name_unchecked),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-ACK-NO-FLAGS",
        severity: Severity::Note,
        title: "The EAP server acknowledges fragments without the octet of flags",
        means: "RFC 5216 has flags in every packet of EAP-TLS; the request with which this server asks for the next fragment ends behind its type, as \
                SoftEther's does. It can mean nothing else and is taken for what it is; a client that goes by the letter would stop.",
        fix: Fix {
            admin: "Nothing, as long as the clients log in. Otherwise let them send less: a certificate with a short key, without its issuers.",
            user: "",
        },
        spec: &[SpecRef::rfc(5216, "2.1.5"), SpecRef::rfc(5216, "3.1")],
        explains: &[],
        look: Look::One(acknowledged_without_flags),
        ..ROW
    },
    Check {
        id: "AUTH-SLOW",
        severity: Severity::Note,
        title: "The login took long",
        means: "The server waited before it said yes: a second factor was confirmed, or the first RADIUS server did not answer (tries of 3 to 10 s \
                each are usual).",
        fix: Fix { admin: "Check the order and reach of the RADIUS servers; raise the time-outs where a second factor is used.", user: "" },
        explains: &[],
        look: Look::One(accepted_late),
        ..ROW
    },
];

const ROW: Check = Check { layer: Layer::Auth, needs: Need::Began(Layer::Auth), explains: ENDINGS, ..Check::ROW };

/// A failing row of this file tells why.
pub(super) fn names_it(facts: &Facts) -> bool {
    AUTH_EAP.iter().any(|check| check.severity == Severity::Fail && check.hits(facts).is_some())
}

/// The client's refusal of the server's certificate, with the rule that it rests on.
fn server_refused(facts: &Facts) -> Option<(Evidence, Option<Rule>)> {
    let stop = stop_at(facts, Layer::Auth).filter(|stop| matches!(stop.reason, Reason::Untrusted(_)))?;
    let verdicts = facts.inner.iter().filter_map(|seen| match &seen.it {
        Inner::Trust { verdict, .. } => Some((seen.event, verdict)),
        _ => None,
    });
    // Of several sources the one that reaches a root tells what is wrong.
    let told = verdicts.max_by_key(|row| (row.1.anchor.is_some(), std::cmp::Reverse(row.0)));
    let rule = told.and_then(|row| row.1.in_the_way()).map(|problem| problem.rule);
    let events = told.map(|row| row.0).into_iter().chain([stop.event]);
    Some((Evidence::of(events, stop.reason.to_string())?, rule))
}

fn server_root_missing(facts: &Facts) -> Option<Evidence> {
    server_refused(facts).filter(|row| row.1.is_none_or(|rule| ROOT.contains(&rule))).map(|row| row.0)
}

fn server_name_differs(facts: &Facts) -> Option<Evidence> {
    server_refused(facts).filter(|row| row.1.is_some_and(|rule| NAME.contains(&rule))).map(|row| row.0)
}

fn server_certificate_invalid(facts: &Facts) -> Option<Evidence> {
    server_refused(facts).filter(|row| row.1.is_some_and(|rule| !ROOT.contains(&rule) && !NAME.contains(&rule))).map(|row| row.0)
}

/// The server's last alert within EAP.
fn inner_alert(facts: &Facts) -> Option<(usize, u8)> {
    stop(facts).filter(|_| !facts.reached(Layer::Auth))?;
    facts.inner.iter().rev().find_map(|seen| match seen.it {
        Inner::Alert { description } if seen.by == Some(Side::Server) => Some((seen.event, description)),
        _ => None,
    })
}

fn refused_by(facts: &Facts, alerts: &[u8]) -> Option<Evidence> {
    let (event, description) = inner_alert(facts).filter(|row| alerts.contains(&row.1))?;
    Some(Evidence::at(event, format!("the EAP server sent the TLS alert {}", alert(description))).and(sent(facts)))
}

fn sent(facts: &Facts) -> &'static str {
    let asked = facts.inner.iter().find_map(|seen| if let Inner::ClientCertificate { sent } = seen.it { Some(sent) } else { None });
    match asked {
        Some(0) => "it had asked for a certificate, and the client has none",
        Some(_) => "after the client certificate",
        None => "it had not asked for a certificate",
    }
}

fn other_alert(facts: &Facts) -> Option<Evidence> {
    let (_, description) = inner_alert(facts)?;
    let named = [44, 45].contains(&description) || ABOUT_THE_CERTIFICATE.contains(&description);
    if named { None } else { refused_by(facts, &[description]) }
}

fn certificate_without_account(facts: &Facts) -> Option<Evidence> {
    let event = eap_failure(facts).filter(|_| inner_alert(facts).is_none() && server_refused(facts).is_none())?;
    let sent = facts.inner.iter().find(|seen| matches!(seen.it, Inner::ClientCertificate { sent: 1.. }))?;
    let bare = !facts.inner.iter().any(|seen| matches!(seen.it, Inner::Packet(_)));
    // With TLS 1.2 the server's Finished comes after it has judged the certificate; with TLS 1.3 the client is through before.
    let through = |inner: &Inner| matches!(inner, Inner::Agreed { version, .. } if version == "TLS 1.2");
    let accepted = facts.inner.iter().any(|seen| through(&seen.it));
    let says = if accepted { "the server took the certificate and finished the handshake" } else { "the certificate went out" };
    bare.then(|| Evidence::of([sent.event, event], format!("{says}, then EAP Failure")))?
}

/// What the method violated, as our end says it.
fn violated(facts: &Facts) -> Option<(&Stop, &str)> {
    let stop = stop_at(facts, Layer::Auth)?;
    facts.ppp.iter().any(|seen| eap_kind(seen).is_some()).then_some(())?;
    match &stop.reason {
        Reason::Violated(says) if OUR_WORDS.iter().any(|words| says.starts_with(words)) => Some((stop, says)),
        _ => None,
    }
}

fn peap_version_differs(facts: &Facts) -> Option<Evidence> {
    violated(facts).filter(|row| row.1.contains("goes on with version")).map(|row| reason_of(row.0)).or_else(|| left_at_peap_version(facts))
}

/// As a tap sees it: the client left when the server's PEAP went on with another version than it had answered with.
fn left_at_peap_version(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Auth).filter(|stop| matches!(stop.reason, Reason::ClientLeft(_)))?;
    let version = |seen: &Seen<ppp::Frame>| match &seen.it.body {
        ppp::Body::Eap(packet) if packet.kind == Some(eap::PEAP) => packet.data.first().map(|flags| flags & PEAP_VERSION),
        _ => None,
    };
    let of = |side| facts.ppp.iter().filter(move |seen| seen.by == Some(side)).filter_map(|seen| Some((seen.event, version(seen)?)));
    let (ours, answered) = of(Side::Client).next()?;
    let (theirs, goes_on) = of(Side::Server).find(|row| row.0 > ours && row.1 != answered)?;
    let says =
        format!("the client answered with version {answered} of PEAP, the server went on with version {goes_on}, and the client left");
    Evidence::of([ours, theirs, stop.event], says)
}

fn cryptobinding_wrong(facts: &Facts) -> Option<Evidence> {
    let seen = facts.inner.iter().find(|seen| matches!(seen.it, Inner::Result { binding: Some(false), .. }))?;
    Some(Evidence::at(seen.event, "the compound MAC of the server does not fit the keys of the tunnel and of the login inside"))
}

fn inner_method_differs(facts: &Facts) -> Option<Evidence> {
    let failure = eap_failure(facts).filter(|_| failure_inside(facts).is_none())?;
    let naks = |seen: &&Seen<Inner>| matches!(&seen.it, Inner::Packet(packet) if packet.kind == Some(eap::NAK));
    let nak = facts.inner.iter().filter(|seen| seen.by == Some(Side::Client)).rfind(naks)?;
    let asked = facts.inner.iter().rfind(|seen| seen.event < nak.event && seen.by == Some(Side::Server));
    let kind = asked.and_then(|seen| if let Inner::Packet(packet) = &seen.it { packet.kind } else { None });
    let title = kind.map_or("a method".into(), eap::type_title);
    Evidence::of([nak.event, failure], format!("the server asks for {title} inside PEAP, the client refuses it, EAP Failure follows"))
}

fn refused_inside(facts: &Facts) -> Option<Evidence> {
    let failure = eap_failure(facts).filter(|_| failure_inside(facts).is_none())?;
    let result = facts.inner.iter().find(|seen| matches!(seen.it, Inner::Result { success: false, .. }))?;
    let responded = |seen: &&Seen<Inner>| matches!(&seen.it, Inner::Packet(packet) if packet.kind == Some(eap::MSCHAPV2));
    let response = facts.inner.iter().filter(|seen| seen.by == Some(Side::Client)).rfind(responded)?;
    Evidence::of([response.event, result.event, failure], "the result inside PEAP is failure, right after the response to the challenge")
}

pub(super) fn asked_again_and_again(facts: &Facts) -> Option<Evidence> {
    stop_at(facts, Layer::Auth)?;
    let naks: Vec<_> = facts.frames(Side::Client, "eap.response-nak").map(|seen| seen.event).collect();
    let answered = facts.frames(Side::Server, "eap.failure").next().is_some();
    let says = format!("{} Naks of the client, and the server asks again", naks.len());
    (naks.len() >= LOOP && !answered && !is_refused(facts)).then(|| Evidence::of(naks, says))?
}

fn method_broken(facts: &Facts) -> Option<Evidence> {
    let (stop, says) = violated(facts)?;
    let named = says.contains("goes on with version") || cryptobinding_wrong(facts).is_some();
    (!named).then(|| reason_of(stop))
}

fn left_at_eap_tls(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Auth).filter(|stop| matches!(stop.reason, Reason::ClientLeft(_)))?;
    let start = facts.frames(Side::Server, "eap.request-tls").last()?;
    let answered = facts.ppp.iter().any(|seen| seen.event > start.event && seen.by == Some(Side::Client) && seen.it.protocol == ppp::EAP);
    let began = facts.frames(Side::Client, "eap.response-tls").next().is_some();
    (!answered && !began).then(|| Evidence { says: "EAP-TLS Start, and the client leaves".into(), events: vec![start.event, stop.event] })
}

fn cryptobinding_absent(facts: &Facts) -> Option<Evidence> {
    let seen = facts.inner.iter().find(|seen| matches!(seen.it, Inner::Result { success: true, binding: None }))?;
    Some(Evidence::at(seen.event, "the server's result inside PEAP came without a cryptobinding TLV"))
}

fn name_unchecked(facts: &Facts) -> Option<Evidence> {
    let trusted = |inner: &Inner| matches!(inner, Inner::Trust { name: None, verdict, .. } if verdict.is_trusted());
    let seen = facts.inner.iter().find(|seen| trusted(&seen.it))?;
    Some(Evidence::at(seen.event, "no name was asked for"))
}

fn accepted_late(facts: &Facts) -> Option<Evidence> {
    let up = facts.layer(Layer::Auth).filter(|_| facts.reached(Layer::Auth))?;
    let event = up.event?;
    let waited = super::auth::longest_wait(facts, event)?;
    (waited.0 >= SLOW_US).then(|| Evidence::at(event, format!("the answer to a response came after {waited}")))
}

/// The chain ends nowhere.
const ROOT: [Rule; 3] = [Rule::UntrustedRoot, Rule::SelfSigned, Rule::MissingIntermediate];
/// The name is another one.
const NAME: [Rule; 3] = [Rule::NameMismatch, Rule::WildcardDepth, Rule::IpNotInSan];
/// RFC 8446 6.2: bad_certificate, unsupported_certificate, certificate_unknown, unknown_ca, access_denied, certificate_required.
const ABOUT_THE_CERTIFICATE: [u8; 6] = [42, 43, 46, 48, 49, 116];
/// MS-PEAP 2.2.1: the bits of the flags that hold the version.
const PEAP_VERSION: u8 = 0x03;
/// How our own end begins to say what a method breaks.
const OUR_WORDS: [&str; 8] = [
    "more than 150 packets of one EAP method",
    "EAP-TLS: ",
    "PEAP: ",
    "TLS within EAP: ",
    "EAP Success ",
    "what comes through the PEAP",
    "an EAP-TLV packet",
    "the cryptobinding",
];
/// Ours: so many Naks without another offer are a loop.
const LOOP: usize = 3;
/// Ours: an ordinary look-up takes far less; 5 s is the first try of most RADIUS clients. Microseconds.
const SLOW_US: u64 = 5_000_000;
