//! What can be proved offline. Nothing here puts a password, a hash of one, a key or an expected value into words.

use super::WatchConfig;
use super::auth::Keys;
use super::notes::Pen;
use crate::base::{Layer, Secret, Side};
use crate::crypto::binding::{self, HashProtocol};
use crate::crypto::{chap_md5, mppe, mschapv2};
use crate::proto::plan::CertHashes;
use crate::transcript::What;
use crate::transcript::tap::Proof;
use crate::wire::chap::MsChapV2Response;
use crate::wire::eap;
use crate::wire::sstp::{Attribute, Message};

/// An MS-CHAPv2 exchange computed again.
pub(super) struct Exchange {
    /// The client's response is the right one.
    pub holds: bool,
    pub says: String,
    /// What the server must answer with.
    pub authenticator_response: String,
    /// The key of crypto binding.
    pub hlak: Secret<[u8; 32]>,
}

impl Exchange {
    pub fn new(hash: Secret<[u8; 16]>, challenge: [u8; 16], response: &MsChapV2Response, user: &str) -> Exchange {
        let hash = hash.expose();
        let (theirs, name) = (&response.nt_response, mschapv2::user_without_domain(user));
        let holds = mschapv2::nt_response(&challenge, &response.peer_challenge, name, hash) == *theirs;
        let says = if holds {
            format!("the response of {user:?} is right for the password given")
        } else {
            format!("the response of {user:?} does not fit the password given")
        };
        Exchange {
            holds,
            says,
            authenticator_response: mschapv2::authenticator_response(hash, theirs, &response.peer_challenge, &challenge, name),
            hlak: Secret::new(mppe::hlak(&mschapv2::hash_nt_password_hash(hash), theirs)),
        }
    }
}

/// The NT hash to check this user with.
pub(super) fn nt_hash(config: &WatchConfig, user: &str) -> Option<Secret<[u8; 16]>> {
    let password = config.credentials.as_ref().filter(|credentials| same_user(&credentials.user, user));
    let hash = || password.map(|credentials| Secret::new(mschapv2::nt_password_hash(credentials.password.expose())));
    config.nt_hash.clone().filter(|_| config.credentials.is_none() || password.is_some()).or_else(hash)
}

fn password<'a>(config: &'a WatchConfig, user: &str) -> Option<&'a str> {
    config.credentials.as_ref().filter(|credentials| same_user(&credentials.user, user)).map(|it| it.password.expose().as_str())
}

/// The credentials are for this user: the same name, a domain and the case left aside; no name is everyone.
fn same_user(given: &str, seen: &str) -> bool {
    let bare = |name: &str| mschapv2::user_without_domain(name).split('@').next().unwrap_or_default().to_lowercase();
    given.is_empty() || bare(given) == bare(seen)
}

/// The password of a PAP request. RFC 1334 2.2.1.
pub(super) fn pap(config: &WatchConfig, user: &str, sent: &[u8]) -> Option<(bool, String)> {
    let holds = password(config, user)?.as_bytes() == sent;
    let fits = if holds { "is" } else { "is not" };
    Some((holds, format!("the password that {user:?} sent with PAP {fits} the one given")))
}

/// A response of CHAP-MD5 or EAP-MD5. RFC 1994 4.1.
pub(super) fn md5(config: &WatchConfig, user: &str, id: u8, challenge: &[u8], value: &[u8]) -> Option<(bool, String)> {
    let holds = chap_md5::verify(id, password(config, user)?, challenge, value);
    let fits = if holds { "is right for" } else { "does not fit" };
    Some((holds, format!("the response of {user:?} {fits} the password given")))
}

/// What of crypto binding can be proved, with the keys of the login where they are known, when Call Connected is seen. MS-SSTP 3.3.5.2.3.
pub(super) fn binding(
    pen: &mut Pen<'_>,
    packet: &[u8],
    message: &Message,
    offer: Option<&(u8, Vec<u8>)>,
    cert: Option<&CertHashes>,
    keys: Option<&Keys>,
) {
    let Some((value, nonce, cert_hash)) = message.attributes.iter().find_map(|attribute| match attribute {
        Attribute::CryptoBinding { hash_protocol, nonce, cert_hash, .. } => Some((*hash_protocol, nonce, cert_hash)),
        _ => None,
    }) else {
        return;
    };
    let mut tell = |of, (holds, says): (bool, String)| pen.note(Some(Side::Client), Layer::Binding, What::Proof { of, holds, says });
    if let Some((_, offered)) = offer {
        tell(Proof::Nonce, same(offered == &nonce.0, "the nonce", "that of Call Connect Ack"));
    }
    let Some(hash) = HashProtocol::from_value(value) else { return };
    if let Some(cert) = cert {
        let seen: &[u8] = if hash == HashProtocol::Sha1 { &cert.sha1 } else { &cert.sha256 };
        let what = format!("the {} certificate hash {}", hash.name(), crate::base::hex(cert_hash));
        tell(
            Proof::CertHash,
            same(seen == &cert_hash[..], &what, &format!("that of the certificate in the capture ({})", crate::base::hex(seen))),
        );
    }
    if let Some(told) = keys.and_then(|keys| compound_mac(hash, packet, keys)) {
        tell(Proof::CompoundMac, told);
    }
    if let Some((mask, offered)) = offer {
        if mask & value == 0 {
            let says = || format!("Call Connected uses hash {value}, Call Connect Ack offers 0x{mask:02x}");
            pen.violation(Side::Client, Layer::Binding, "MS-SSTP 3.2.5.3.2", "hash not offered", says);
        }
        if offered != &nonce.0 {
            let says = || "Call Connected does not carry the nonce of Call Connect Ack".into();
            pen.violation(Side::Client, Layer::Binding, "MS-SSTP 2.2.7", "nonce", says);
        }
    }
}

fn same(holds: bool, what: &str, other: &str) -> (bool, String) {
    (holds, format!("{what} {} {other}", if holds { "is" } else { "is not" }))
}

/// The compound MAC under the key of the login, or under 32 zero bytes where that is the key or the login's is not known.
fn compound_mac(hash: HashProtocol, packet: &[u8], keys: &Keys) -> Option<(bool, String)> {
    let zero = binding::verify(hash, &NO_KEY, packet).ok()?;
    let title = hash.name();
    match keys {
        Keys::MsChapV2 { hlak: Some(hlak), .. } => {
            let holds = binding::verify(hash, hlak.expose(), packet).ok()?;
            let why = binding::explain_mismatch(hash, hlak.expose(), packet).unwrap_or("no known mistake gives it");
            Some(match holds {
                true => (true, format!("the {title} compound MAC is right under the keys of MS-CHAPv2")),
                false => (false, format!("the {title} compound MAC is wrong under the keys of MS-CHAPv2: {why}")),
            })
        }
        Keys::MsChapV2 { within_eap, hlak: None } if zero => {
            let method = if *within_eap { "EAP-MSCHAPv2" } else { "MS-CHAPv2" };
            Some((false, format!("the {title} compound MAC was made with 32 zero bytes, although {method} yields a key")))
        }
        Keys::Eap(kind) if zero => {
            let method = eap::type_title(*kind);
            Some((false, format!("the {title} compound MAC was made with 32 zero bytes, although the login was {method}")))
        }
        Keys::MsChapV2 { .. } | Keys::Eap(_) => None,
        Keys::Zero(_) | Keys::None => {
            let method = if let Keys::Zero(method) = keys { method } else { "no login" };
            let why = binding::explain_mismatch(hash, &NO_KEY, packet).unwrap_or("no known mistake gives it");
            Some(match zero {
                true => (true, format!("the {title} compound MAC is right under 32 zero bytes, the key of {method}")),
                false => (false, format!("the {title} compound MAC is wrong under 32 zero bytes, the key of {method}: {why}")),
            })
        }
    }
}

/// MS-SSTP 3.2.5.2.2: the key of methods that yield none.
const NO_KEY: [u8; 32] = [0; 32];
