//! Crypto binding: Call Connected right and wrong. MS-SSTP 2.2.7, 2.2.11, 3.2.5.2, 3.3.5.2.3.

use super::{ABORT_BINDING, ABORT_CONNECTED, ABORTED, BOUND, ENDED, must};
use crate::base::Layer::{Binding, Ncp, Sstp};
use crate::crypto::binding::HashProtocol;
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::{Expect, View};
use crate::proto::plan::{BindingKey, Method};
use crate::transcript::What;
use crate::wire::sstp::Attribute;

/// Before the login the message is out of turn as well, and nothing says which of the two is looked at first. MS-SSTP 2.2.8, 3.3.5.2.3.
const ABORT_EARLY: Expect = Expect::Any(&[ABORT_CONNECTED, Expect::Status("sstp.call-abort", None, &[5])]);
const MITM: &str = "This is what keeps a man in the middle out.";

const EAP_TLS: &[Method] = &[Method::EapTls];

pub(super) const ROWS: &[Row] = &[
    must("binding/3.3.5.2.3/sha-256", "3.3.5.2.3", &["S-125", "S-006"])
        .at(Binding)
        .binds_with(Some(HashProtocol::Sha256), BindingKey::Right)
        .only_if(Expect::Is("SHA-256 offered", |view| offers(view, 2)), "the server does not offer SHA-256")
        .says("a right SHA-256 binding is taken")
        .expects(BOUND)
        .why("Every call of a modern client needs it.")
        .proved("binding.other-certificate"),
    must("binding/3.3.5.2.3/sha-1", "3.3.5.2.3", &["S-126"])
        .at(Binding)
        .binds_with(Some(HashProtocol::Sha1), BindingKey::Right)
        .only_if(Expect::Is("SHA-1 offered", |view| offers(view, 1)), "the server does not offer SHA-1")
        .says("a right SHA-1 binding is taken where SHA-1 was offered")
        .expects(BOUND)
        .why("What is offered must work.")
        .proved("binding.other-certificate"),
    must("binding/3.3.5.2.3/nonce", "3.3.5.2.3", &["S-127"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 flip crypto-binding.nonce.0"])
        .says("another nonce under a right MAC is refused: Abort, attribute 3, status 4")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("An old Call Connected must not be good for a new call.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/nonce-last-bit", "3.3.5.2.3", &["S-127"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 flip crypto-binding.nonce.255"])
        .says("the last bit of the nonce counts as well")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("A comparison may stop too early.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/nonce-zero", "3.3.5.2.3", &["S-127"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 set crypto-binding.nonce=hex:0000000000000000000000000000000000000000000000000000000000000000"])
        .says("a nonce of zeros is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("A server that never stored its nonce compares with zeros.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/certificate-hash", "3.3.5.2.3", &["S-128", "S-147"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 flip crypto-binding.cert-hash.0"])
        .says("the hash of another certificate under a right MAC is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/certificate-hash-last-bit", "3.3.5.2.3", &["S-128"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 flip crypto-binding.cert-hash.255"])
        .binds_with(Some(HashProtocol::Sha256), BindingKey::Right)
        .says("the last bit of the certificate hash counts as well")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("A comparison may stop at 20 bytes.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/certificate-hash-zero", "3.3.5.2.3", &["S-128"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 set crypto-binding.cert-hash=hex:0000000000000000000000000000000000000000000000000000000000000000"])
        .says("a certificate hash of zeros is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("A server without its certificate at hand compares with zeros.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/mac", "3.3.5.2.3", &["S-129"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 flip crypto-binding.compound-mac.0"])
        .says("a wrong MAC is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/mac-last-bit", "3.3.5.2.3", &["S-129"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 flip crypto-binding.compound-mac.255"])
        .binds_with(Some(HashProtocol::Sha256), BindingKey::Right)
        .says("the last bit of the MAC counts as well")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("A comparison may stop at 20 bytes.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/mac-zero", "3.3.5.2.3", &["S-129"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 set crypto-binding.compound-mac=hex:0000000000000000000000000000000000000000000000000000000000000000"])
        .says("a MAC of zeros is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/all-zero", "3.3.5.2.3", &["S-129", "S-131"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 instead 10 01 00 70 00 04 00 01 00 03 00 68 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"])
        .says("a binding of zeros throughout is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/hash-not-offered", "3.3.5.2.3", &["S-130"])
        .at(Binding)
        .lab("sstp.only-sha256")
        .binds_with(Some(HashProtocol::Sha1), BindingKey::Right)
        .only_if(Expect::Is("SHA-256 alone offered", offers_only_sha256), "the server offers SHA-1 too")
        .says("a hash that was not offered is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("Otherwise the weaker hash can be forced.")
        .proved("binding.mutant-unchecked"),
    must("binding/2.2.7/hash-0", "2.2.7", &["S-131"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 set crypto-binding.hash-protocol=0"])
        .says("hash protocol 0 is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("No hash is no proof.")
        .proved("binding.mutant-unchecked"),
    must("binding/2.2.7/hash-3", "2.2.7", &["S-132"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 set crypto-binding.hash-protocol=3"])
        .says("hash protocol 3 is refused: it is a value, not a mask")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("Two receivers would read it in two ways.")
        .proved("binding.mutant-unchecked"),
    must("binding/2.2.7/hash-4", "2.2.7", &["S-133"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 set crypto-binding.hash-protocol=4"])
        .says("hash protocol 4 is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("It is not defined.")
        .proved("binding.mutant-unchecked"),
    must("binding/2.2.7/hash-255", "2.2.7", &["S-133"])
        .at(Binding)
        .edits(&["sstp.call-connected-unsealed#1 set crypto-binding.hash-protocol=255"])
        .says("hash protocol 255 is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("It is not defined.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/no-attribute", "3.3.5.2.3", &["S-134"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 08 00 04 00 00"])
        .says("Call Connected without Crypto Binding: Abort, attribute 2, status 9, or 5 for a message before its time")
        .expects(ABORT_EARLY)
        .or(ENDED)
        .why(MITM)
        .proved("sstp.mutant-abort-status"),
    must("binding/3.3.5.2.3/no-attribute-after-login", "3.3.5.2.3", &["S-134"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 instead 10 01 00 08 00 04 00 00"])
        .says("Call Connected without Crypto Binding is refused after the login too")
        .expects(ABORT_CONNECTED)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/attribute-too-short", "3.3.5.2.3", &["S-135"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 splice 108..112 \"\"", "sstp.call-connected#1 set length=108", "sstp.call-connected#1 splice 10..12 00 64"])
        .says("Crypto Binding of 100 bytes: Abort; attribute 2, status 9 is meant, and the texts differ")
        .expects(ABORTED)
        .or(ENDED)
        .why("The rest of the MAC is not optional.")
        .proved("sstp.mutant-no-abort"),
    must("binding/2.2.11/too-long", "2.2.11", &["S-136"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 splice 112..112 00 00 00 00", "sstp.call-connected#1 set length=116"])
        .says("Call Connected of 116 bytes is refused")
        .expects(ABORTED)
        .or(ENDED)
        .why("The MAC does not cover what follows.")
        .proved("sstp.mutant-ignores"),
    must("binding/3.3.5.2.3/status-info", "3.3.5.2.3", &["S-137"])
        .at(Sstp)
        .edits(&["sstp.call-disconnect#1 instead 10 01 00 14 00 04 00 01 00 02 00 0c 00 00 00 02 00 00 00 05"])
        .says("Call Connected with a Status Info: Abort, attribute 2, status 9, or 5 for a message before its time")
        .expects(ABORT_EARLY)
        .or(ENDED)
        .why("Success reports no failure.")
        .proved("sstp.mutant-abort-status"),
    must("binding/2.2.11/second-attribute", "2.2.11", &["S-138"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 splice 112..112 00 7f 00 06 00 01", "sstp.call-connected#1 set length=118", "sstp.call-connected#1 set num-attributes=2"])
        .says("a second attribute in Call Connected is refused")
        .expects(ABORTED)
        .or(ENDED)
        .why("The MAC does not cover it.")
        .proved("sstp.mutant-ignores"),
    must("binding/3.3.5.2.3/before-login", "3.3.5.2.3", &["S-139"])
        .at(Ncp)
        .methods(&[Method::MsChapV2])
        .edits(&["chap.response#1 before 10 01 00 70 00 04 00 01 00 03 00 68 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "sstp.call-connected#* drop"])
        .says("Call Connected before the login cannot succeed, whether it is looked at now or after the login")
        .expects(Expect::All(&[ABORTED, Expect::Never("ipcp.configure-ack"), Expect::Never("sstp.echo-*")]))
        .or(Expect::All(&[ENDED, Expect::Never("sstp.echo-*")]))
        .why("Whoever skips the login must not get in.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.2.5.2.2/zero-key-where-there-is-one", "3.2.5.2.2", &["S-140"])
        .at(Binding)
        .methods(&[Method::MsChapV2])
        .binds_with(None, BindingKey::Zero)
        .says("a MAC under a zero key is refused when the login made keys")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.2.5.2.2/pap", "3.2.5.2.2", &["S-141"])
        .at(Binding)
        .methods(&[Method::Pap])
        .says("after PAP the key is zero")
        .expects(BOUND)
        .why("PAP makes no keys.")
        .proved("binding.other-certificate"),
    must("binding/3.2.5.2.2/chap-md5", "3.2.5.2.2", &["S-142"])
        .at(Binding)
        .methods(&[Method::ChapMd5])
        .says("after CHAP-MD5 the key is zero")
        .expects(BOUND)
        .why("CHAP-MD5 makes no keys.")
        .proved("binding.other-certificate"),
    must("binding/3.2.5.2.2/eap-md5", "3.2.5.2.2", &["S-142"])
        .at(Binding)
        .methods(&[Method::EapMd5])
        .says("after EAP-MD5 the key is zero")
        .expects(BOUND)
        .why("EAP-MD5 makes no keys.")
        .proved("binding.other-certificate"),
    must("binding/3.2.5.2.2/mschapv2", "3.2.5.2.2", &["S-143"])
        .at(Binding)
        .methods(&[Method::MsChapV2])
        .says("the key of MS-CHAPv2 is send key, then receive key of the client")
        .expects(BOUND)
        .why("Every Windows client does so.")
        .proved("binding.no-mppe-keys"),
    must("binding/3.2.5.2.2/mschapv2-swapped", "3.2.5.2.2", &["S-143"])
        .at(Binding)
        .methods(&[Method::MsChapV2])
        .binds_with(None, BindingKey::Swapped)
        .says("the halves of the key in the wrong order are refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why("Client and server must mean the same key.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.2.5.2.2/eap-mschapv2", "3.2.5.2.2", &["S-145"])
        .at(Binding)
        .methods(&[Method::EapMsChapV2])
        .says("the key of EAP-MSCHAPv2 is the start of its MSK")
        .expects(BOUND)
        .why("Windows offers it by default.")
        .proved("binding.no-mppe-keys-eap"),
    must("binding/3.2.5.2.2/eap-mschapv2-zero", "3.2.5.2.2", &["S-145"])
        .at(Binding)
        .methods(&[Method::EapMsChapV2])
        .binds_with(None, BindingKey::Zero)
        .says("a MAC under a zero key is refused after EAP-MSCHAPv2")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.2.5.2.2/eap-tls", "3.2.5.2.2", &["S-144"])
        .at(Binding)
        .methods(EAP_TLS)
        .says("the key of EAP-TLS is the first 32 bytes of its MSK")
        .expects(BOUND)
        .why("Companies log in with certificates.")
        .proved("binding.no-mppe-keys"),
    must("binding/3.2.5.2.2/eap-tls-zero", "3.2.5.2.2", &["S-144"])
        .at(Binding)
        .methods(EAP_TLS)
        .binds_with(None, BindingKey::Zero)
        .says("a MAC under a zero key is refused after EAP-TLS")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/replay", "3.3.5.2.3", &["S-146"])
        .at(Binding)
        .times(2)
        .replays("sstp.call-connected")
        .says("the Call Connected of another call of the same user is refused")
        .expects(ABORT_BINDING)
        .or(ENDED)
        .why(MITM)
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/twice", "3.3.5.2.3", &["S-148"])
        .at(Ncp)
        .edits(&["sstp.call-connected#1 repeat 2"])
        .says("a second Call Connected: Abort, status 5")
        .expects(super::ABORT_5)
        .or(ENDED)
        .why("The call is connected already.")
        .proved("sstp.mutant-abort-status"),
    must("binding/3.3.5.2.3/no-ppp-after-a-failure", "3.3.5.2.3", &["S-149"])
        .at(Ncp)
        .edits(&["sstp.call-connected#1 flip crypto-binding.compound-mac.0", "sstp.call-abort#* drop"])
        .says("after a failed binding no PPP is answered")
        .expects(Expect::All(&[ABORTED, Expect::Never("ipcp.configure-nak"), Expect::Never("ipcp.configure-ack")]))
        .or(ENDED)
        .why("The tunnel must not carry a byte.")
        .proved("binding.mutant-unchecked"),
    must("binding/3.3.5.2.3/closes-after-a-failure", "3.3.5.2.3", &["S-150"])
        .at(Binding)
        .edits(&["sstp.call-connected#1 flip crypto-binding.compound-mac.0", "sstp.call-abort#* drop"])
        .says("after a failed binding the server closes within 3 s when nothing answers its Abort")
        .expects(Expect::Gap("sstp.call-abort", "closed", 0, 4500))
        .or(ENDED)
        .why("The session slot is needed.")
        .proved("teardown.mutant-keeps-open"),
];

fn offered(view: &View<'_>) -> Option<u8> {
    view.always().find_map(|event| match &event.what {
        What::Sstp(message) => message.attributes.iter().find_map(|attribute| match attribute {
            Attribute::CryptoBindingRequest { hash_mask, .. } => Some(*hash_mask),
            _ => None,
        }),
        _ => None,
    })
}

fn offers(view: &View<'_>, bit: u8) -> Result<(), String> {
    // Where the call never came to an Ack nothing can be said about what it offers.
    match offered(view) {
        Some(mask) if mask & bit == 0 => Err(format!("the hash bitmask is 0x{mask:02x}")),
        _ => Ok(()),
    }
}

fn offers_only_sha256(view: &View<'_>) -> Result<(), String> {
    match offered(view) {
        Some(mask) if mask & 1 != 0 => Err(format!("the hash bitmask is 0x{mask:02x}")),
        _ => Ok(()),
    }
}
