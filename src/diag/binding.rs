//! Crypto binding. MS-SSTP 3.3.5.2.3 gives one answer, (3, 4), to every fault, so a client sees that the binding failed but
//! not which part: what can be told apart is said in catalogue 3.7.

use super::auth::{Proof, proof};
use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::ending;
use super::look::{BARE_ENDINGS, SILENT_ENDINGS, closed, endings_and, protocol_reject, reason_of, server_abort, stop_within, unnamed};
use super::sstp::{hash_mask, status_of};
use crate::base::{Layer, Side, SpecRef, hex};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{How, tap::Proof as Proved};
use crate::wire::ppp;
use crate::wire::sstp::{Attribute, Message, MessageType};

pub(super) const BINDING: &[Check] = &[
    Check {
        id: "BIND-NONCE",
        layer: Layer::Binding,
        title: "The nonce was not sent back as it came",
        means: "Call Connected carries another nonce than Call Connect Ack: a defect of the client, or something alters the stream.",
        fix: Fix { admin: "Update the end that is at fault.", user: "Update the client." },
        verified: true,
        spec: &[SpecRef::sstp("2.2.7"), SpecRef::sstp("3.3.5.2.3")],
        needs: Need::Began(Layer::Sstp),
        explains: AFTER_BINDING,
        look: Look::One(nonce_refused),
        ..Check::ROW
    },
    Check {
        id: "BIND-HASH-PROTOCOL",
        layer: Layer::Binding,
        title: "The binding uses a hash that the server did not offer",
        means: "Call Connected names a hash protocol outside the bitmask of Call Connect Ack.",
        fix: Fix { admin: "Allow SHA-256 on the server.", user: "Update the client." },
        verified: true,
        spec: &[SpecRef::sstp("2.2.6"), SpecRef::sstp("2.2.7")],
        needs: Need::Began(Layer::Sstp),
        explains: AFTER_BINDING,
        whole: true,
        look: Look::One(hash_refused),
        ..Check::ROW
    },
    Check {
        id: "BIND-REFUSED",
        layer: Layer::Binding,
        title: "The server refuses the crypto binding",
        means: "Login is done, then the server ends the call because the binding does not fit. Most often the server has another certificate on \
                record than clients see (TLS ends at a load balancer, or a renewal was not entered); otherwise it lacks the keys of the login \
                (RADIUS returned no MPPE keys).",
        fix: Fix {
            admin: "Compare the hashes in the evidence with SHA256CertificateHash and SHA1CertificateHash of RRAS (restart SstpSvc after a change; \
                    RasSstp event 32 tells that they are not those of HTTP.sys, event 24 that IPv4 and IPv6 differ), then check that RADIUS \
                    returns MS-MPPE keys.",
            user: "Try another network: if it works there, this one intercepts TLS.",
        },
        windows: &[Windows::Event(6)],
        verified: true,
        spec: &[SpecRef::sstp("3.3.5.2.3"), SpecRef::sstp("3.2.5.2")],
        needs: Need::Began(Layer::Sstp),
        explains: AFTER_REFUSAL,
        look: Look::One(binding_refused),
        ..Check::ROW
    },
    Check {
        id: "BIND-CERTHASH-LB",
        layer: Layer::Binding,
        title: "The server has another certificate on record",
        means: "The certificate hash of Call Connected is not the one the server expects. Most often TLS ends at a load balancer whose \
                certificate is not the one the SSTP server has on record, or it was renewed there only.",
        fix: Fix {
            admin: "On RRAS set SHA256CertificateHash (and SHA1CertificateHash) to the certificate that clients see, and restart SstpSvc; do so \
                    at every renewal. RasSstp event 32 tells that the hash is not that of HTTP.sys, event 24 that IPv4 and IPv6 differ.",
            user: "Try another network: if it works there, this one intercepts TLS.",
        },
        windows: &[Windows::Event(6)],
        verified: true,
        spec: &[SpecRef::sstp("3.3.5.2.3"), SpecRef::sstp("3.2.5.2")],
        needs: Need::Began(Layer::Sstp),
        explains: AFTER_REFUSAL,
        look: Look::One(other_certificate_on_record),
        ..Check::ROW
    },
    Check {
        id: "BIND-CMAC-INVALID",
        layer: Layer::Binding,
        title: "The keys of the login may be the matter",
        means: "The server may hold other keys than the client, so that the compound MAC does not fit. From the client this looks the same as a \
                wrong certificate hash.",
        fix: Fix { admin: "Check that RADIUS returns MPPE keys; update client and server software.", user: "Update the client." },
        verified: true,
        spec: &[SpecRef::sstp("3.2.5.2")],
        needs: Need::Began(Layer::Sstp),
        explains: AFTER_WRONG_MAC,
        look: Look::One(mac_wrong),
        ..Check::ROW
    },
    Check {
        id: "BIND-RADIUS-NO-MPPE",
        layer: Layer::Binding,
        title: "RADIUS may not return the keys",
        means: "Without MS-MPPE keys in Access-Accept the server computes with zeros and refuses every honest client.",
        fix: Fix { admin: "Add MS-MPPE-Send-Key and MS-MPPE-Recv-Key to the RADIUS answer.", user: "" },
        verified: true,
        spec: &[SpecRef::sstp("3.2.5.2"), SpecRef::rfc(2548, "2.4")],
        needs: Need::Began(Layer::Sstp),
        explains: &["BIND-FAILED"],
        look: Look::One(keys_may_differ),
        ..Check::ROW
    },
    Check {
        id: "BIND-HLAK-ZERO-EAPMSCHAP",
        layer: Layer::Binding,
        title: "The server may expect no key with EAP-MSCHAPv2",
        means: "Windows may give no key with this method, and some servers expect just that; this client gives the key.",
        fix: Fix { admin: "Use plain MS-CHAPv2, or update the server.", user: "" },
        verified: true,
        spec: &[SpecRef::sstp("3.2.5.2")],
        needs: Need::Began(Layer::Sstp),
        explains: &["BIND-FAILED"],
        look: Look::One(eap_key_may_be_zero),
        ..Check::ROW
    },
    Check {
        id: "BIND-CLOSED",
        layer: Layer::Binding,
        title: "The server closes right after Call Connected",
        means: "It ends the connection without Call Abort: the binding is the likeliest reason, a full address pool another.",
        fix: Fix { admin: "Read the server's log line of this moment; check the certificate hash first.", user: "" },
        spec: &[SpecRef::sstp("3.3.5.2.3")],
        needs: Need::Began(Layer::Binding),
        explains: SILENT_ENDINGS,
        look: Look::One(closed_after_connected),
        ..Check::ROW
    },
    Check {
        id: "BIND-SHA1-ONLY",
        layer: Layer::Binding,
        severity: Severity::Warn,
        title: "The server offers SHA-1 only for crypto binding",
        means: "It works, but SHA-1 is outdated, and clients that insist on SHA-256 will refuse.",
        fix: Fix { admin: "Configure the SHA-256 hash of the certificate on the server, or update it.", user: "" },
        spec: &[SpecRef::sstp("2.2.6")],
        needs: Need::Began(Layer::Sstp),
        look: Look::One(sha1_only),
        ..Check::ROW
    },
    Check {
        id: "BIND-FAILED",
        layer: Layer::Binding,
        title: "The call ended at the crypto binding",
        means: "It ended around Call Connected, in a way that fits no other check.",
        fix: Fix { admin: "Read the server's log line of this moment.", user: "" },
        spec: &[SpecRef::sstp("3.2.5.2")],
        needs: Need::Began(Layer::Binding),
        explains: BARE_ENDINGS,
        look: Look::One(failed_otherwise),
        ..Check::ROW
    },
];

fn nonce_refused(facts: &Facts) -> Option<Evidence> {
    nonce_differs(facts).filter(|_| !ending::tunnel_stood(facts))
}

fn hash_refused(facts: &Facts) -> Option<Evidence> {
    hash_not_offered(facts).filter(|_| !ending::tunnel_stood(facts))
}

pub(super) fn nonce_differs(facts: &Facts) -> Option<Evidence> {
    let (connected, ours) = sent(facts)?;
    let ack = facts.messages(Side::Server, MessageType::CallConnectAck).next()?;
    let theirs = ack.it.attributes.iter().find_map(|attribute| match attribute {
        Attribute::CryptoBindingRequest { nonce, .. } => Some(nonce),
        _ => None,
    })?;
    let says = || format!("Ack: {}, Connected: {}", hex(theirs), hex(ours.nonce));
    (ours.nonce != &theirs[..]).then(|| Evidence::of([ack.event, connected.event], says()))?
}

pub(super) fn hash_not_offered(facts: &Facts) -> Option<Evidence> {
    let (connected, ours) = sent(facts)?;
    let (ack, mask) = hash_mask(facts)?;
    let says = || format!("the server offers 0x{mask:02X}, Call Connected uses {}", ours.hash_protocol);
    (ours.hash_protocol & mask == 0).then(|| Evidence::of([ack, connected.event], says()))?
}

fn binding_refused(facts: &Facts) -> Option<Evidence> {
    let evidence = refusal(facts).filter(|_| told_apart(facts).is_none() && wrong_mac(facts).is_none())?;
    let doubt = refused(facts).map_or("", |abort| pool_doubt(&abort.it));
    let unclear = "the client cannot tell whether it was the certificate hash or the keys of the login";
    let right = "certificate hash and compound MAC are right by the capture, so the server has another certificate or other keys";
    let evidence = evidence.and(if holds(facts, Proved::CompoundMac) == Some(true) { right } else { unclear }).and(doubt);
    Some(evidence.and(&as_seen(facts)))
}

fn other_certificate_on_record(facts: &Facts) -> Option<Evidence> {
    Some(refusal(facts)?.and(&told_apart(facts)?).and(&as_seen(facts)))
}

/// Both hashes of the certificate that the client saw: the server compares with one of them.
fn as_seen(facts: &Facts) -> String {
    facts.leaf().map_or(String::new(), |leaf| format!("the certificate as seen here has SHA-1 {} and SHA-256 {}", leaf.sha1, leaf.sha256))
}

/// The Abort after Call Connected, with what was sent.
fn refusal(facts: &Facts) -> Option<Evidence> {
    let abort = refused(facts).filter(|_| nonce_differs(facts).is_none() && hash_not_offered(facts).is_none())?;
    let (connected, ours) = sent(facts)?;
    let says = format!("Call Abort with {} after Call Connected, whose certificate hash was {}", status_of(&abort.it), hex(ours.cert_hash));
    Evidence::of([connected.event, abort.event], says)
}

/// Proved from a capture and the password, or possible.
fn mac_wrong(facts: &Facts) -> Option<Evidence> {
    let proved = || {
        let (event, says) = wrong_mac(facts)?;
        Evidence::of([event, refused(facts)?.event], says)
    };
    proved().or_else(|| keys_may_differ(facts))
}

/// The compound MAC that the client sent is wrong for the password given, and the password is the one that the client used.
pub(super) fn wrong_mac(facts: &Facts) -> Option<(usize, String)> {
    // Under a password that is not the client's nothing is held against the MAC but the key of zeros.
    let differs = holds(facts, Proved::Nonce) == Some(false);
    let seen = facts.proofs.iter().find(|seen| seen.it.0 == Proved::CompoundMac && !seen.it.1 && !differs)?;
    Some((seen.event, seen.it.2.clone()))
}

/// Whether something holds that was checked offline; nothing where it was not.
pub(super) fn holds(facts: &Facts, of: Proved) -> Option<bool> {
    facts.proofs.iter().rfind(|seen| seen.it.0 == of).map(|seen| seen.it.1)
}

fn keys_may_differ(facts: &Facts) -> Option<Evidence> {
    let abort = refused(facts).filter(|_| binding_refused(facts).is_some() && other_leaf(facts).is_none())?;
    let keyed = !matches!(proof(facts)?, Proof::Keyless(_));
    keyed.then(|| Evidence::at(abort.event, "a login with PAP tells: its key is known, so a refusal then can only be the certificate hash"))
}

fn eap_key_may_be_zero(facts: &Facts) -> Option<Evidence> {
    let evidence = keys_may_differ(facts)?;
    (proof(facts)? == Proof::EapMsChapV2).then_some(Evidence { says: "the login was EAP-MSCHAPv2".into(), ..evidence })
}

fn closed_after_connected(facts: &Facts) -> Option<Evidence> {
    let (stop, _) = closed(facts, Layer::Binding).filter(|(_, how)| *how != How::Ours)?;
    let (connected, _) = sent(facts).filter(|_| server_abort(facts).is_none())?;
    let evidence = reason_of(stop);
    Some(Evidence { events: vec![connected.event, stop.event], ..evidence })
}

fn sha1_only(facts: &Facts) -> Option<Evidence> {
    let (event, mask) = hash_mask(facts)?;
    (mask & SHA1_AND_SHA256 == SHA1).then(|| Evidence::at(event, format!("the hash bitmask of Call Connect Ack is 0x{mask:02X}")))
}

fn failed_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Binding, "BIND-FAILED")
}

/// What Call Connected carried.
struct Sent<'a> {
    hash_protocol: u8,
    nonce: &'a [u8],
    cert_hash: &'a [u8],
}

fn sent(facts: &Facts) -> Option<(&Seen<Message>, Sent<'_>)> {
    let connected = facts.messages(Side::Client, MessageType::CallConnected).next()?;
    connected.it.attributes.iter().find_map(|attribute| match attribute {
        Attribute::CryptoBinding { hash_protocol, nonce, cert_hash, .. } => {
            Some((connected, Sent { hash_protocol: *hash_protocol, nonce, cert_hash }))
        }
        _ => None,
    })
}

/// The server's Abort after Call Connected and before IP was up, unless its status names another matter.
fn refused(facts: &Facts) -> Option<&Seen<Message>> {
    let stop = stop_within(facts, Layer::Binding..=Layer::Ncp)?;
    let connected = facts.messages(Side::Client, MessageType::CallConnected).next()?;
    let abort = server_abort(facts).filter(|abort| abort.event > connected.event)?;
    // Once IPCP was spoken, only the status that means the binding speaks for it.
    let spoke_ipcp = facts.ppp.iter().any(|seen| seen.by == Some(Side::Server) && seen.it.protocol == ppp::IPCP);
    let ip_matter = stop.layer == Layer::Ncp && (spoke_ipcp || protocol_reject(facts, ppp::IPCP).is_some());
    match abort.it.status_info() {
        Some(BINDING_WRONG) => Some(abort),
        Some((_, status)) if OTHER_MATTERS.contains(&status) => None,
        _ => (!ip_matter).then_some(abort),
    }
}

/// What shows that the certificate hash is the matter and not the keys.
fn told_apart(facts: &Facts) -> Option<String> {
    match proof(facts) {
        Some(Proof::Keyless(method)) => {
            Some(format!("with {method} the key is 32 zero bytes, so only the certificate hash or the nonce can be wrong"))
        }
        _ => other_leaf(facts),
    }
}

/// Another address shows another leaf: the server may have that one on record.
fn other_leaf(facts: &Facts) -> Option<String> {
    let leaf = facts.leaf()?;
    let other = facts.other_leaves.iter().find(|seen| seen.it.sha256 != leaf.sha256)?;
    Some(format!("{} shows another certificate (SHA-256 {}), which speaks for the hash", other.it.from, other.it.sha256))
}

fn pool_doubt(abort: &Message) -> &'static str {
    if abort.status_info().is_none() { "an Abort without status may also mean that no address is left" } else { "" }
}

/// What follows from a refused binding, or is another view of it.
const AFTER_REFUSAL: &[&str] = endings_and![
    "BIND-CMAC-INVALID",
    "BIND-RADIUS-NO-MPPE",
    "BIND-HLAK-ZERO-EAPMSCHAP",
    "BIND-FAILED",
    "IPCP-PROTOCOL-REJECTED",
    "IPCP-ADDRESS-REJECTED",
    "IPCP-NAK-LOOP",
    "IPCP-POOL-EXHAUSTED",
    "IPCP-NO-ADDRESS",
    "IPCP-FAILED",
];

/// What else is seen when the compound MAC is wrong.
const AFTER_WRONG_MAC: &[&str] = endings_and!["BIND-FAILED", "BIND-CLOSED", "BIND-CLIENT-LEFT", "IPCP-NO-ADDRESS", "IPCP-FAILED"];

/// What the server does once it has refused the binding.
const AFTER_BINDING: &[&str] = endings_and!["BIND-FAILED", "BIND-CLOSED", "IPCP-NO-ADDRESS", "IPCP-FAILED"];

/// MS-SSTP 3.3.5.2.3: attribute and status for a nonce, hash or MAC that does not fit.
const BINDING_WRONG: (u8, u32) = (3, 4);
/// MS-SSTP 2.2.8: unaccepted frame, retry count exceeded and negotiation timeout are not about the binding.
const OTHER_MATTERS: [u32; 3] = [5, 6, 8];
/// MS-SSTP 2.2.6: bits of the hash bitmask.
const SHA1: u8 = 1;
const SHA1_AND_SHA256: u8 = 3;
