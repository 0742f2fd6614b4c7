//! What can be proved offline, from a capture and a password: the login and the crypto binding. MS-SSTP 3.2.5.2.

use super::auth::proof;
use super::auth_refused::{proof_is_false, said_no, went_on};
use super::binding::{hash_not_offered, nonce_differs, wrong_mac};
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::ending::tunnel_stood;
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::Facts;
use crate::transcript::tap::Proof;
use crate::wire::sstp::MessageType;

pub(super) const TAP_PROOF: &[Check] = &[
    Check {
        id: "AUTH-PASSWORD-DIFFERS",
        layer: Layer::Auth,
        severity: Severity::Note,
        title: "The client used another password than the one given here",
        means: "The response in the capture does not come from the password that this program was given: one of the two is mistyped, or an old one is \
                stored in the client.",
        fix: Fix { admin: "Check which password the account has.", user: "Type the password again in the profile; delete the stored one." },
        windows: &[Windows::Ras(691)],
        spec: &[SpecRef::rfc(2759, "8.1"), SpecRef::rfc(1994, "4.1")],
        needs: Need::Tap,
        look: Look::One(other_password),
        ..Check::ROW
    },
    Check {
        id: "AUTH-RESPONSE-RIGHT",
        layer: Layer::Auth,
        severity: Severity::Note,
        title: "The response is right for the password given here",
        means: "The client did its part, and the server refuses all the same: the server has another password on record, looks the user up elsewhere, \
                or the account is locked or not allowed to dial in.",
        fix: Fix {
            admin: "Read the reason in the RADIUS log or NPS event 6273; check the account, its domain and its dial-in right.",
            user: "",
        },
        windows: &[Windows::Ras(691)],
        spec: &[SpecRef::rfc(2759, "8.1")],
        needs: Need::Tap,
        look: Look::One(refused_though_right),
        ..Check::ROW
    },
    Check {
        id: "AUTH-SERVER-PROOF-IGNORED",
        layer: Layer::Auth,
        severity: Severity::Warn,
        title: "The client goes on although the server's proof is wrong",
        means: "The server's S= does not come from the password, and the client did not mind: it cannot tell an impostor from the server. Windows \
                would end the call with 778.",
        fix: Fix { admin: "Let RADIUS return MS-CHAP2-Success unchanged; find out who answers.", user: "Use a client that checks it." },
        windows: &[Windows::Ras(778)],
        spec: &[SpecRef::rfc(2759, "8.8")],
        needs: Need::Tap,
        look: Look::One(proof_ignored),
        ..Check::ROW
    },
    Check {
        id: "BIND-TLS-INSPECTION",
        layer: Layer::Binding,
        title: "The client saw another certificate than this capture",
        means: "The certificate hash in Call Connected is not that of the certificate seen here. Captured beside the server or behind a balancer: TLS \
                is opened and made anew on the way to the client (inspection, offload). Captured beside the client: the client is defective.",
        fix: Fix {
            admin: "Find who ends TLS for the client: exempt the VPN name from inspection. With an offloading balancer enter its certificate's hash on \
                    RRAS (SHA256CertificateHash).",
            user: "Do not log in on this network; use another one.",
        },
        windows: &[Windows::Event(6)],
        spec: &[SpecRef::sstp("2.2.7"), SpecRef::sstp("3.2.5.2")],
        needs: Need::Tap,
        explains: INSPECTED,
        look: Look::One(other_certificate),
        ..Check::ROW
    },
    Check {
        id: "BIND-NOT-VERIFIED",
        layer: Layer::Binding,
        severity: Severity::Warn,
        title: "The server goes on although the crypto binding is wrong",
        means: "It does not check nonce, hash and MAC as it must. Clients connect, but nobody would notice a man in the middle. SoftEther never looks.",
        fix: Fix { admin: "Use a server that checks the binding (RRAS, accel-ppp), or update this one.", user: "" },
        spec: &[SpecRef::sstp("3.3.5.2.3")],
        needs: Need::Tap,
        look: Look::One(binding_not_checked),
        ..Check::ROW
    },
    Check {
        id: "BIND-MAC-WRONG",
        layer: Layer::Binding,
        severity: Severity::Warn,
        title: "The compound MAC does not come from the keys of the login",
        means: "Computed from the password given here, the client's compound MAC is wrong. Servers that check it refuse this client. Where it fits 32 \
                zero bytes, the client had no keys: sstpc without its pppd plugin, or EAP-MSCHAPv2 on some Windows.",
        fix: Fix {
            admin: "Linux: load sstp-pppd-plugin.so, it hands the MPPE keys to sstpc. Otherwise update the client.",
            user: "Update the client.",
        },
        spec: &[SpecRef::sstp("3.2.5.2"), SpecRef::rfc(3079, "3")],
        needs: Need::Tap,
        look: Look::One(mac_differs),
        ..Check::ROW
    },
    Check {
        id: "BIND-OUT-OF-ORDER",
        layer: Layer::Binding,
        severity: Severity::Note,
        title: "Call Connected came before the result of the login",
        means: "The client sent it before the server had said yes. Usually harmless: accel-ppp waits with the check until the keys are there.",
        fix: Fix { admin: "Nothing needs to be done unless the server refuses such calls.", user: "Update the client." },
        spec: &[SpecRef::sstp("3.2.5.2")],
        needs: Need::Tap,
        look: Look::One(connected_early),
        ..Check::ROW
    },
];

fn other_password(facts: &Facts) -> Option<Evidence> {
    let seen = facts.proofs.iter().find(|seen| seen.it.0 == Proof::Response && !seen.it.1)?;
    Some(Evidence::at(seen.event, seen.it.2.clone()))
}

fn refused_though_right(facts: &Facts) -> Option<Evidence> {
    let seen = facts.proofs.iter().rfind(|seen| seen.it.0 == Proof::Response && seen.it.1).filter(|_| said_no(facts))?;
    Some(Evidence::at(seen.event, seen.it.2.clone()))
}

fn proof_ignored(facts: &Facts) -> Option<Evidence> {
    proof_is_false(facts).filter(|_| went_on(facts))
}

fn other_certificate(facts: &Facts) -> Option<Evidence> {
    let seen = facts.proofs.iter().find(|seen| seen.it.0 == Proof::CertHash && !seen.it.1)?;
    let issuer = facts.leaf().map(|leaf| format!("the certificate in the capture is {}", super::tap_cert::shown(leaf)));
    Some(Evidence::at(seen.event, seen.it.2.clone()).and(&issuer.unwrap_or_default()))
}

fn binding_not_checked(facts: &Facts) -> Option<Evidence> {
    if !tunnel_stood(facts) {
        return None;
    }
    let differs = |of: Proof, what: &str| {
        let seen = facts.proofs.iter().find(|seen| seen.it.0 == of && !seen.it.1)?;
        Some((seen.event, what.to_string()))
    };
    let proved = || differs(Proof::Nonce, "the nonce").map(|row| (vec![row.0], row.1));
    let nonce = nonce_differs(facts).map(|evidence| (evidence.events, "the nonce".to_string())).or_else(proved);
    let hash = hash_not_offered(facts).map(|evidence| (evidence.events, "the hash protocol".to_string()));
    let cert = differs(Proof::CertHash, "the certificate hash").map(|row| (vec![row.0], row.1));
    let mac = wrong_mac(facts).map(|row| (vec![row.0], "the compound MAC".to_string()));
    let wrong: Vec<(Vec<usize>, String)> = [nonce, hash, cert, mac].into_iter().flatten().collect();
    let what: Vec<&str> = wrong.iter().map(|row| row.1.as_str()).collect();
    let verb = if what.len() == 1 { "is" } else { "are" };
    Evidence::of(wrong.iter().flat_map(|row| row.0.clone()), format!("{} {verb} wrong, and the tunnel came up", what.join(" and ")))
}

fn mac_differs(facts: &Facts) -> Option<Evidence> {
    let (event, says) = wrong_mac(facts).filter(|_| tunnel_stood(facts))?;
    let method = proof(facts).map(|proof| match proof {
        super::auth::Proof::Keyless(method) => format!("the login was {method}, which gives no keys"),
        super::auth::Proof::MsChapV2 => "the login was MS-CHAPv2".into(),
        super::auth::Proof::EapMsChapV2 => "the login was EAP-MSCHAPv2".into(),
        super::auth::Proof::Tunnel => "the login was within TLS within EAP".into(),
    });
    Some(Evidence::at(event, says).and(&method.unwrap_or_default()))
}

fn connected_early(facts: &Facts) -> Option<Evidence> {
    let connected = facts.messages(Side::Client, MessageType::CallConnected).next()?;
    let result = facts.ppp.iter().find(|seen| seen.by == Some(Side::Server) && RESULTS.contains(&seen.it.name().as_str()))?;
    let early = connected.event < result.event;
    early.then(|| Evidence::of([connected.event, result.event], format!("{} came after Call Connected", result.it.name())))?
}

/// What else is seen when TLS does not end where the capture is.
const INSPECTED: &[&str] = super::look::endings_and![
    "BIND-REFUSED",
    "BIND-CERTHASH-LB",
    "BIND-CMAC-INVALID",
    "BIND-RADIUS-NO-MPPE",
    "BIND-HLAK-ZERO-EAPMSCHAP",
    "BIND-CLOSED",
    "BIND-FAILED",
    "BIND-CLIENT-LEFT",
    "IPCP-NO-ADDRESS",
    "IPCP-POOL-EXHAUSTED",
    "IPCP-FAILED",
    "IPCP-CLIENT-LEFT"
];

/// How a login ends with yes.
const RESULTS: [&str; 3] = ["chap.success", "pap.authenticate-ack", "eap.success"];
