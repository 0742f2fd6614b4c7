//! What others can see of the call, or could see if they open TLS.

use super::auth::proof;
use super::binding::holds;
use super::check::{Check, Evidence, Fix, Look, Need, Severity};
use super::look::sstp_request;
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::proxy::Step;
use crate::transcript::tap::{Answer, Confidence, Proof};
use crate::wire::ppp::{self, Frame};
use crate::wire::{chap, eap};

pub(super) const TAP_EXPOSURE: &[Check] = &[
    Check {
        id: "VIS-CLEARTEXT-TELL",
        layer: Layer::Proxy,
        severity: Severity::Note,
        title: "The proxy is told in the clear that this is SSTP",
        means: "CONNECT bears the header SSTPVERSION, as MS-SSTP has it. Everyone between client and proxy can read it, and the proxy can filter by it.",
        fix: Fix { admin: "Nothing needs to be done; the protocol is specified so.", user: "" },
        spec: &[SpecRef::sstp("4.5")],
        needs: Need::Tap,
        look: Look::One(told_in_clear),
        ..Check::ROW
    },
    Check {
        id: "PROXY-PASSWORD-CLEAR",
        layer: Layer::Proxy,
        severity: Severity::Warn,
        title: "The password for the proxy travels in the clear",
        means: "Basic credentials stand in Proxy-Authorization, outside of TLS. Whoever sees these packets has them.",
        fix: Fix {
            admin: "Exempt the VPN server from proxy authentication, and let users change this password.",
            user: "Change this password if others can see this network.",
        },
        spec: &[SpecRef::rfc(7617, "4"), SpecRef::rfc(9110, "11.7.2")],
        needs: Need::Tap,
        look: Look::One(proxy_password),
        ..Check::ROW
    },
    Check {
        id: "VIS-SIZE-SIGNATURE",
        layer: Layer::Tls,
        severity: Severity::Note,
        title: "Sizes alone show that this is SSTP, and how far it got",
        means: "An observer without keys can recognise the call by the sizes and directions of its records. The contents stay protected. The stage in \
                the evidence is an inference.",
        fix: Fix { admin: "Nothing needs to be done; for a full judgement give a key log.", user: "" },
        spec: &[SpecRef::rfc(8446, "5.4")],
        needs: Need::Tap,
        look: Look::One(recognised_by_size),
        ..Check::ROW
    },
    Check {
        id: "VIS-NO-TLS",
        layer: Layer::Http,
        severity: Severity::Note,
        title: "The call is in the clear here",
        means: "SSTP was seen without TLS: between a balancer that ends TLS and the server behind it that is meant so; anywhere else it is not.",
        fix: Fix { admin: "Keep this leg inside a network that you trust.", user: "" },
        spec: &[SpecRef::sstp("3.3.3")],
        needs: Need::Tap,
        look: Look::One(no_tls),
        ..Check::ROW
    },
    Check {
        id: "AUTH-CHAP-MD5-USED",
        layer: Layer::Auth,
        severity: Severity::Warn,
        title: "The login used MD5-Challenge",
        means: "Whoever opens TLS can guess the password offline, and crypto binding has no key, so opening TLS goes unnoticed.",
        fix: Fix { admin: "Enable MS-CHAPv2 or EAP and switch CHAP-MD5 off.", user: "" },
        spec: &[SpecRef::rfc(1994, "6"), SpecRef::sstp("3.2.5.2")],
        needs: Need::Tap,
        look: Look::One(md5_used),
        ..Check::ROW
    },
    Check {
        id: "AUTH-MSCHAP-EXPOSED",
        layer: Layer::Auth,
        severity: Severity::Note,
        title: "Challenge and response lie open to whoever opened TLS",
        means: "MS-CHAPv2 is only as strong as the TLS around it: its response gives the password's hash to anyone who tries all 2^56 DES keys. Here the \
                TLS was not proved to end at the server.",
        fix: Fix {
            admin: "Let clients check the certificate, or use EAP-TLS or PEAP.",
            user: "Change the password if this network is not trusted.",
        },
        spec: &[SpecRef::rfc(2759, "8")],
        needs: Need::Tap,
        look: Look::One(response_exposed),
        ..Check::ROW
    },
];

fn told_in_clear(facts: &Facts) -> Option<Evidence> {
    let seen = facts.proxy_request.as_ref().filter(|seen| seen.it.says_sstp)?;
    Some(Evidence::at(seen.event, format!("CONNECT {} with SSTPVERSION", seen.it.target)))
}

fn proxy_password(facts: &Facts) -> Option<Evidence> {
    let seen = facts.proxy_request.as_ref().filter(|seen| seen.it.with_credentials)?;
    // Digest and NTLM do not show the password. Transcripts of former versions do not name the scheme.
    let named: Vec<&String> =
        facts.proxy_steps.iter().filter_map(|seen| if let Step::Shown { scheme } = &seen.it { Some(scheme) } else { None }).collect();
    if !named.is_empty() && !named.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic")) {
        return None;
    }
    Some(Evidence::at(seen.event, format!("CONNECT {} through {} with Basic credentials", seen.it.target, seen.it.proxy)))
}

fn recognised_by_size(facts: &Facts) -> Option<Evidence> {
    let seen = facts.inference.as_ref().filter(|seen| seen.it.is_sstp == Answer::Yes && seen.it.confidence >= Confidence::Medium)?;
    let stage = seen.it.stage.map_or("no stage".into(), |stage| stage.title().to_string());
    let says = format!("{} records; reached by inference: {stage}; {}", seen.it.records, seen.it.because.join("; "));
    Some(Evidence::at(seen.event, says))
}

fn no_tls(facts: &Facts) -> Option<Evidence> {
    let request =
        sstp_request(facts).filter(|_| facts.client_hellos.is_empty() && facts.server_hellos.is_empty() && facts.secured.is_none())?;
    Some(Evidence::at(request.event, request.it.start.clone()))
}

fn md5_used(facts: &Facts) -> Option<Evidence> {
    let md5 = |frame: &Frame| match &frame.body {
        ppp::Body::Chap(chap::Packet { body: chap::Body::Response { value, .. }, .. }) => value.len() == MD5_LEN,
        ppp::Body::Eap(packet) => packet.code == 2 && packet.kind == Some(eap::MD5),
        _ => false,
    };
    let seen = facts.ppp.iter().find(|seen| seen.by == Some(Side::Client) && md5(&seen.it))?;
    Some(Evidence::at(seen.event, format!("{} from the client", seen.it.name())))
}

fn response_exposed(facts: &Facts) -> Option<Evidence> {
    use super::auth::Proof::{EapMsChapV2, MsChapV2};
    let response = super::auth::proofs(facts).last().filter(|_| matches!(proof(facts), Some(MsChapV2 | EapMsChapV2)))?;
    let of = |seen: &Seen<Frame>, why: &str| Evidence::at(seen.event, why);
    if holds(facts, Proof::CertHash) == Some(false) {
        return Some(of(response, "the client saw another certificate than the one in this capture"));
    }
    let unchecked = super::by_id("CERT-NAME-NOT-CHECKED").is_some_and(|check| check.hits(facts).is_some());
    if unchecked {
        return Some(of(response, "the client did not look at the name on the certificate"));
    }
    no_tls(facts).map(|_| of(response, "there is no TLS on this leg"))
}

/// RFC 1994 4.1: bytes of an MD5 response.
const MD5_LEN: usize = 16;
