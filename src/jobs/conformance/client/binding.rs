//! Call Connected: when it comes, and what it proves. MS-SSTP 2.2.7, 2.2.11, 3.2.5.2, 3.2.7.1.

use super::looks::{self, blames, connected, part};
use super::{ABORT, BOUND, derived, must};
use crate::base::Layer::{Auth, Binding, Data};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level, Row};
use crate::jobs::conformance::expect::{Expect, name};
use crate::proto::flaw;
use crate::proto::plan::Method;
use crate::wire::sstp::CALL_CONNECTED_LEN;

const MITM: &str = "This is what keeps a man in the middle out.";
const MSCHAP: &[Method] = &[Method::MsChapV2];
const SHA1: (Expect, &str) = (Expect::Is("hash protocol 1", |view| hash_is(view, 1)), "the client does not use SHA-1");

/// It may come in one segment with the response, and so before the stimulus.
const NOT_CONNECTED: Expect = Expect::Is("no sstp.call-connected at any time", |view| {
    match view.always().any(|event| name(event).as_deref() == Some("sstp.call-connected")) {
        true => Err("sstp.call-connected came".to_string()),
        false => Ok(()),
    }
});

pub(super) const ROWS: &[Row] = &[
    must("binding/3.2.7.1/at-once", "3.2.7.1", &["C-085"])
        .at(Binding)
        .methods(MSCHAP)
        .edits(&["ipcp.*#* drop", "ipv6cp.*#* drop"])
        .says("Call Connected follows the login within 2 s, whatever becomes of addresses")
        .expects(Expect::Within("sstp.call-connected", 0, 2000))
        .why("The server's timer runs.")
        .proved("client.no-connected"),
    must("binding/3.2.7.1/not-before-success", "3.2.7.1", &["C-086"])
        .at(Auth)
        .methods(MSCHAP)
        .within(5)
        .edits(&["chap.success#* drop"])
        .says("no Call Connected before the login has succeeded")
        .expects(NOT_CONNECTED)
        .why("There is no key yet.")
        .proved("client.binds-early"),
    derived("binding/3.2.7.1/once", "3.2.7.1", &["C-087"])
        .at(Data)
        .within(10)
        .says("Call Connected comes once")
        .expects(Expect::Count("sstp.call-connected", 1))
        .why("A second one ends the call.")
        .proved("client.two-connected"),
    must("binding/2.2.11/layout", "2.2.11", &["C-088"])
        .at(Binding)
        .says("Call Connected is 112 bytes with one Crypto Binding of 104")
        .expects(Expect::Is("10 01 00 70 00 04 00 01 00 03 00 68", |view| {
            let bytes = connected(view)?;
            let right = bytes.len() == CALL_CONNECTED_LEN && bytes.starts_with(&[0x10, 1, 0, 0x70, 0, 4, 0, 1, 0, 3, 0, 0x68]);
            looks::must(right, || format!("{} bytes: {}", bytes.len(), crate::base::hex(bytes.get(..12).unwrap_or(bytes))))
        }))
        .why("The MAC covers just that.")
        .proved("client.connected-long"),
    must("binding/2.2.7/reserved1-sent", "2.2.7", &["C-089"])
        .at(Binding)
        .says("Reserved1 is zero")
        .expects(Expect::Is("bytes 12 to 14 zero", |view| {
            let reserved = part(connected(view)?, 12, 15)?;
            looks::must(reserved == [0; 3], || crate::base::hex(reserved))
        }))
        .why("A later version may use it.")
        .proved("client.connected-reserved"),
    must("binding/2.2.7/hash-protocol", "2.2.7", &["C-090"])
        .at(Binding)
        .says("the hash protocol is 1 or 2")
        .expects(Expect::Is("hash protocol 1 or 2", |view| {
            let hash = part(connected(view)?, 15, 16)?;
            looks::must(matches!(hash, [1 | 2]), || crate::base::hex(hash))
        }))
        .why("It is a value, not a mask.")
        .proved("client.connected-hash"),
    must("binding/2.2.7/nonce", "2.2.7", &["C-091"])
        .at(Binding)
        .says("the nonce is that of the Ack")
        .expects(Expect::Is("the nonce of the Ack", nonce_is_ours))
        .why("An old Call Connected must not be good for a new call.")
        .proved("client.connected-nonce"),
    must("binding/2.2.7/nonce-zero", "2.2.7", &["C-091"])
        .at(Binding)
        .edits(&[
            "sstp.call-connect-ack#1 set crypto-binding-request.nonce=hex:0000000000000000000000000000000000000000000000000000000000000000",
        ])
        .says("a nonce of zeros comes back")
        .expects(Expect::Is("the nonce of the Ack", nonce_is_ours))
        .why("It is a nonce like any other.")
        .proved("client.connected-nonce"),
    must("binding/2.2.7/nonce-ones", "2.2.7", &["C-091"])
        .at(Binding)
        .edits(&[
            "sstp.call-connect-ack#1 set crypto-binding-request.nonce=hex:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ])
        .says("a nonce of ones comes back")
        .expects(Expect::Is("the nonce of the Ack", nonce_is_ours))
        .why("It is a nonce like any other.")
        .proved("client.connected-nonce"),
    must("binding/2.2.7/certificate-hash", "2.2.7", &["C-092"])
        .at(Binding)
        .says("the certificate hash is that of the leaf which the server shows")
        .expects(Expect::Is("the hash of our leaf", |view| blames(view, flaw::CERT_HASH_WRONG)))
        .why(MITM)
        .proved("client.connected-cert"),
    must("binding/2.2.7/certificate-hash-sha-1", "2.2.7", &["C-092"])
        .at(Binding)
        .with(|server| server.hash_mask = 1)
        .only_if(SHA1.0, SHA1.1)
        .says("with SHA-1 the certificate hash is the SHA-1 of the leaf")
        .expects(Expect::Is("the hash of our leaf", |view| blames(view, flaw::CERT_HASH_WRONG)))
        .why(MITM)
        .proved("client.connected-cert"),
    must("binding/2.2.7/padding", "2.2.7", &["C-093"])
        .at(Binding)
        .with(|server| server.hash_mask = 1)
        .only_if(SHA1.0, SHA1.1)
        .says("with SHA-1 the rest of both fields is zero")
        .expects(Expect::Is("bytes 68 to 79 and 100 to 111 zero", |view| {
            let (hash, mac) = (part(connected(view)?, 68, 80)?, part(connected(view)?, 100, 112)?);
            looks::must(hash == [0; 12] && mac == [0; 12], || format!("{} and {}", crate::base::hex(hash), crate::base::hex(mac)))
        }))
        .why("The MAC covers it.")
        .proved("client.padding"),
    must("binding/3.2.5.2/mac", "3.2.5.2.1", &["C-094", "C-095"])
        .at(Binding)
        .methods(MSCHAP)
        .says("the compound MAC is right after MS-CHAPv2")
        .expects(BOUND)
        .why(MITM)
        .proved("client.connected-mac"),
    must("binding/3.2.5.2/mac-sha-1", "3.2.5.2.1", &["C-094", "C-095"])
        .at(Binding)
        .methods(MSCHAP)
        .with(|server| server.hash_mask = 1)
        .only_if(SHA1.0, SHA1.1)
        .says("the compound MAC is right with SHA-1")
        .expects(BOUND)
        .why(MITM)
        .proved("client.connected-mac"),
    must("binding/3.2.5.2.2/halves", "3.2.5.2.2", &["C-096"])
        .at(Binding)
        .methods(MSCHAP)
        .says("the key of MS-CHAPv2 is send key, then receive key")
        .expects(Expect::Is("the halves in their order", |view| blames(view, flaw::KEY_SWAPPED)))
        .why("Both ends must mean the same key.")
        .proved("client.swapped-key"),
    must("binding/3.2.5.2.2/zero-key-after-pap", "3.2.5.2.2", &["C-097"])
        .at(Binding)
        .methods(&[Method::Pap])
        .says("after PAP the key is zero")
        .expects(BOUND)
        .why("PAP makes no keys.")
        .proved("client.connected-mac"),
    must("binding/3.2.5.2.2/zero-key-after-chap-md5", "3.2.5.2.2", &["C-098"])
        .at(Binding)
        .methods(&[Method::ChapMd5])
        .says("after CHAP-MD5 the key is zero")
        .expects(BOUND)
        .why("CHAP-MD5 makes no keys.")
        .proved("client.connected-mac"),
    must("binding/3.2.5.2.2/zero-key-after-eap-md5", "3.2.5.2.2", &["C-098"])
        .at(Binding)
        .methods(&[Method::EapMd5])
        .says("after EAP-MD5 the key is zero")
        .expects(BOUND)
        .why("EAP-MD5 makes no keys.")
        .proved("client.connected-mac"),
    must("binding/3.2.5.2.2/key-of-eap-mschapv2", "3.2.5.2.2", &["C-100"])
        .at(Binding)
        .methods(&[Method::EapMsChapV2])
        .says("the key of EAP-MSCHAPv2 is the start of its MSK")
        .expects(BOUND)
        .why("Windows offers it by default.")
        .proved("client.zero-key"),
    derived("binding/3.2.5.2/no-zero-key", "3.2.5.2", &["C-102"])
        .at(Binding)
        .methods(MSCHAP)
        .says("where the login made keys the MAC is not under zeros")
        .expects(Expect::Is("no MAC under zeros", |view| blames(view, flaw::ZERO_KEY)))
        .why(MITM)
        .proved("client.zero-key"),
];

fn hash_is(view: &crate::jobs::conformance::expect::View<'_>, wanted: u8) -> looks::Seen {
    // Where the call never came so far nothing can be said about the hash.
    let Ok(bytes) = connected(view) else { return Ok(()) };
    let hash = part(bytes, 15, 16)?;
    looks::must(hash == [wanted], || format!("hash protocol {}", crate::base::hex(hash)))
}

fn nonce_is_ours(view: &crate::jobs::conformance::expect::View<'_>) -> looks::Seen {
    let sent = part(&looks::ours(view, "sstp.call-connect-ack")?.raw, 16, 48)?;
    let came = part(connected(view)?, 16, 48)?;
    looks::must(sent == came, || crate::base::hex(came))
}

/// Call Connected came with that hash.
const WITH_SHA256: Expect = Expect::Is("hash protocol 2", |view| connected(view).and_then(|_| hash_is(view, 2)));
const WITH_SHA1: Expect = Expect::Is("hash protocol 1", |view| connected(view).and_then(|_| hash_is(view, 1)));

/// Bitmask of the Ack, the expectation, how it is said, the proof, what it covers, the policy.
type Mask = (u8, Expect, &'static str, &'static str, &'static str, fn(&mut crate::proto::plan::ServerConfig));

const MASKS: [Mask; 12] = [
    (0x03, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is chosen", "client.sha1", "C-070", |server| server.hash_mask = 0x03),
    (0x02, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is used", "client.sha1", "C-070", |server| server.hash_mask = 0x02),
    (0x06, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is used", "client.minds-hash-bits", "C-069", |server| server.hash_mask = 0x06),
    (0x07, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is used", "client.minds-hash-bits", "C-069", |server| server.hash_mask = 0x07),
    (0x82, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is used", "client.minds-hash-bits", "C-069", |server| server.hash_mask = 0x82),
    (0x83, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is used", "client.sha1", "C-069", |server| server.hash_mask = 0x83),
    (0xfe, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is used", "client.minds-hash-bits", "C-069", |server| server.hash_mask = 0xfe),
    (0xff, Expect::All(&[BOUND, WITH_SHA256]), "SHA-256 is used", "client.minds-hash-bits", "C-069", |server| server.hash_mask = 0xff),
    (0x01, OLD, "SHA-1 is used, or Abort", "client.sha256-always", "C-071", |server| server.hash_mask = 0x01),
    (0x05, OLD, "SHA-1 is used, or Abort", "client.sha256-always", "C-071", |server| server.hash_mask = 0x05),
    (0x81, OLD, "SHA-1 is used, or Abort", "client.sha256-always", "C-071", |server| server.hash_mask = 0x81),
    (0xfd, OLD, "SHA-1 is used, or Abort", "client.sha256-always", "C-071", |server| server.hash_mask = 0xfd),
];

/// A client need not know SHA-1 any more.
const OLD: Expect = Expect::Any(&[Expect::All(&[BOUND, WITH_SHA1]), Expect::All(&[ABORT, Expect::Never("sstp.call-connected")])]);

/// What the client makes of every kind of bitmask.
pub(super) fn cases() -> Vec<Case> {
    let case = |(mask, expect, says, proved_by, covers, policy): &Mask| Case {
        id: format!("binding/3.2.5.3.2/bitmask-{mask}").into(),
        title: format!("of an Ack with bitmask 0x{mask:02x} {says}").into(),
        why: "The strongest hash in common counts, and bits that nobody knows yet do not.".into(),
        spec: SpecRef::sstp("3.2.5.3.2"),
        level: if *covers == "C-070" { Level::Must } else { Level::Derived },
        covers: vec![covers],
        edits: Vec::new(),
        proved_by,
        base: Base { expect: *expect, policy: *policy, ..Base::new(Side::Client, Binding) },
    };
    MASKS.iter().map(case).collect()
}
