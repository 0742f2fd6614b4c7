//! EAP-MD5, which no Windows uses for a VPN: what works with it works for other clients only. Catalogue 3.3.

use super::auth::{Proof, proof, proposed_types, requested_types};
use super::auth_refused::is_refused;
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{endings_and, stop};
use crate::base::{Layer, Side, SpecRef};
use crate::proto::plan::Method;
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{MatrixRow, Stand};
use crate::wire::{eap, ppp};

pub(super) const AUTH_MD5: &[Check] = &[
    Check {
        id: "AUTH-EAP-MD5-ONLY",
        title: "The server takes EAP-MD5 only, which no Windows has",
        means: "It asks for EAP type 4 and takes nothing else. Windows has had no EAP-MD5 for VPN connections since Vista and leaves with a Nak. The \
                method yields no keys either, so that crypto binding proves nothing to the clients that have it.",
        fix: Fix {
            admin: "Permit MS-CHAPv2, EAP-MSCHAPv2, PEAP or EAP-TLS, and switch EAP-MD5 off (FreeRADIUS: default_eap_type in the eap module, \
                    where md5 is the value that it comes with).",
            user: "",
        },
        windows: &[Windows::Ras(812), Windows::Ras(850)],
        explains: MD5_ONLY,
        look: Look::One(md5_only),
        ..ROW
    },
    Check {
        id: "AUTH-EAP-MD5-USED",
        severity: Severity::Warn,
        title: "The login was made with EAP-MD5, which no Windows has",
        means: "That this login works says nothing of Windows, which answers the request with a Nak and gets in only if the server then takes \
                another method. The method yields no keys, so that crypto binding proves nothing.",
        fix: Fix { admin: "Permit MS-CHAPv2, EAP-MSCHAPv2, PEAP or EAP-TLS before EAP-MD5, or in its place.", user: "" },
        look: Look::One(md5_used),
        ..ROW
    },
];

const ROW: Check = Check {
    layer: Layer::Auth,
    needs: Need::Began(Layer::Lcp),
    spec: &[SpecRef::rfc(3748, "5.4"), SpecRef::rfc(3748, "5.3.1"), SpecRef::sstp("3.2.5.2")],
    ..Check::ROW
};

fn md5_only(facts: &Facts) -> Option<Evidence> {
    alone_in_the_matrix(facts).or_else(|| refused_by_a_nak(facts))
}

/// The server was asked for every method, and takes this one of them.
fn alone_in_the_matrix(facts: &Facts) -> Option<Evidence> {
    let is_md5 = |row: &MatrixRow| row.method == Method::EapMd5.name();
    let (md5, rest): (Vec<_>, Vec<&Seen<MatrixRow>>) = facts.matrix.iter().partition(|seen| is_md5(&seen.it));
    let alone =
        md5.iter().any(|seen| seen.it.stand.is_taken()) && !rest.is_empty() && rest.iter().all(|seen| seen.it.stand == Stand::Refused);
    let refused: Vec<&str> = rest.iter().map(|seen| seen.it.method.as_str()).collect();
    let says = format!("asked for each method, the server takes eap-md5 and refuses {}", refused.join(", "));
    alone.then(|| Evidence::of(facts.matrix.iter().map(|seen| seen.event), says))?
}

/// A client named every other method in its Naks, and that was the end. Of a method that it did not name nothing is known.
fn refused_by_a_nak(facts: &Facts) -> Option<Evidence> {
    let stop = stop(facts).filter(|stop| stop.layer <= Layer::Auth && !facts.reached(Layer::Auth) && !is_refused(facts))?;
    let last = facts.ppp.iter().rfind(|seen| seen.by == Some(Side::Client) && seen.it.protocol == ppp::EAP)?;
    let proposed = proposed_types(facts);
    let naked = last.it.name() == "eap.response-nak"
        && requested_types(facts) == [eap::MD5]
        && OF_WINDOWS.iter().all(|kind| proposed.contains(kind));
    let says = format!("the server offers EAP-MD5 and no other method, the client asks for all that Windows has, then {}", stop.reason);
    naked.then(|| Evidence::of([last.event, stop.event], says))?
}

/// A tap tells it with a row that counts MD5 in CHAP too.
fn md5_used(facts: &Facts) -> Option<Evidence> {
    let ours = !facts.tapped() && facts.reached(Layer::Auth) && proof(facts) == Some(Proof::Keyless("EAP-MD5"));
    let response = facts.frames(Side::Client, "eap.response-md5").last().filter(|_| ours && md5_only(facts).is_none())?;
    let taken = |row: &&MatrixRow| row.stand.is_taken() && row.method != Method::EapMd5.name();
    let others: Vec<&str> = facts.matrix.iter().map(|seen| &seen.it).filter(taken).map(|row| row.method.as_str()).collect();
    let hint = if others.is_empty() { String::new() } else { format!("when asked, the server takes {}", others.join(", ")) };
    Some(Evidence::at(response.event, "the server asks for EAP-MD5 first").and(&hint))
}

/// The EAP types that Windows has for a VPN: EAP-MSCHAPv2, PEAP, EAP-TLS.
const OF_WINDOWS: [u8; 3] = [eap::MSCHAPV2, eap::PEAP, eap::TLS];

/// What is seen where the one method of the server is refused, or where it was asked for every other.
const MD5_ONLY: &[&str] = endings_and![
    "LCP-AUTH-NO-COMMON",
    "LCP-PROTOCOL-REJECT",
    "LCP-FAILED",
    "AUTH-EAP-METHOD-MISMATCH",
    "AUTH-EAP-NAK-LOOP",
    "AUTH-EAP-FAILURE",
    "AUTH-SILENT",
    "AUTH-RADIUS-TIMEOUT",
    "AUTH-TERMINATED",
    "AUTH-FAILED",
];
