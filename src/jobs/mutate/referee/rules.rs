//! Whether a message of a client is as MS-SSTP and the RFCs want it.

use crate::crypto::binding::{self, HashProtocol};
use crate::crypto::{chap_md5, mschapv2};
use crate::proto::plan::{CertHashes, Credentials};
use crate::wire::chap::MsChapV2Response;
use crate::wire::http;
use crate::wire::sstp::{Attribute, ENCAPSULATED_PPP, Message};

/// How a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// It must be taken.
    Sound,
    /// The specification leaves it open.
    Open,
    /// It must not be taken, for this reason.
    Wrong(&'static str),
}

/// MS-SSTP 3.3.5.1, RFC 9112 3.
pub(super) fn request(head: &http::Head) -> Request {
    let (method, target, version) = head.request_line().unwrap_or_default();
    let path = target.split_once('?').map_or(target, |pair| pair.0);
    match () {
        () if version != "HTTP/1.1" => Request::Wrong("an HTTP version that is not 1.1"),
        () if head.all("Host").count() != 1 => Request::Wrong("a request without one Host"),
        () if method != http::METHOD => Request::Wrong("another HTTP method"),
        () if path != http::PATH => Request::Wrong("another path"),
        () if target != path || head.header("Content-Length") != Some(http::CONTENT_LENGTH) || head.headers.len() > USUAL => Request::Open,
        // RFC 9112 3, RFC 6585 5: a head that is longer than the server likes may be refused.
        () if head.emit().len() > LONG => Request::Open,
        () => Request::Sound,
    }
}

/// MS-SSTP 3.3.5.2.2.
pub(super) fn connect_request(message: &Message) -> Request {
    let count = |id: u8| message.attributes.iter().filter(|attribute| attribute.id() == id).count();
    let mut open = false;
    for attribute in &message.attributes {
        match attribute {
            Attribute::EncapsulatedProtocol(ENCAPSULATED_PPP) => {}
            Attribute::EncapsulatedProtocol(_) => return Request::Wrong("a protocol that is not PPP"),
            Attribute::StatusInfo { status: 0, .. } => open = true,
            Attribute::StatusInfo { .. } => return Request::Wrong("a Status Info in a request"),
            Attribute::Other { id: 1, .. } => return Request::Wrong("an Encapsulated Protocol ID of a wrong length"),
            Attribute::Other { id: 2, .. } => open = true,
            _ => return Request::Wrong("an attribute that does not belong in a request"),
        }
    }
    match count(1) {
        0 => Request::Wrong("a request without its attribute"),
        1 if open => Request::Open,
        1 => Request::Sound,
        _ => Request::Wrong("an attribute that comes twice"),
    }
}

/// An answer that looks like those of the servers at hand.
pub(super) fn plain(head: &http::Head) -> bool {
    head.header("Content-Length") == Some(http::CONTENT_LENGTH)
        && head.header("Transfer-Encoding").is_none()
        && head.headers.len() <= USUAL
        && head.emit().len() <= LONG
}

/// Nothing but one Status Info.
pub(super) fn only_status(message: &Message) -> bool {
    matches!(message.attributes.as_slice(), [Attribute::StatusInfo { .. }])
}

/// What is wrong with a Call Connected. MS-SSTP 3.3.5.2.3.
pub(super) fn connected(
    message: &Message,
    packet: &[u8],
    mask: u8,
    nonce: Option<&[u8]>,
    leaf: Option<&CertHashes>,
    key: Option<&[u8; 32]>,
) -> Option<&'static str> {
    let [Attribute::CryptoBinding { hash_protocol, nonce: sent, cert_hash, .. }] = message.attributes.as_slice() else {
        return Some("other attributes than its own");
    };
    let Some(hash) = HashProtocol::from_value(*hash_protocol).filter(|hash| hash.value() & mask != 0) else {
        return Some("a hash protocol that was not offered");
    };
    if nonce != Some(sent.0.as_slice()) {
        return Some("another nonce");
    }
    let right = leaf.map(|leaf| match hash {
        HashProtocol::Sha1 => leaf.sha1.to_vec(),
        HashProtocol::Sha256 => leaf.sha256.to_vec(),
    });
    if right.is_some_and(|right| right != cert_hash.0) {
        return Some("another certificate hash");
    }
    match key {
        None => Some("no login before it"),
        Some(key) if binding::verify(hash, key, packet).unwrap_or(false) => None,
        Some(_) => Some("a wrong compound MAC"),
    }
}

/// Whether a CHAP response proves the password; `None`: that cannot be said.
pub(super) fn chap(credentials: Option<&Credentials>, id: u8, challenge: &[u8], value: &[u8], name: &[u8]) -> Option<bool> {
    let credentials = credentials?;
    let (user, password) = (credentials.user.as_str(), credentials.password.expose());
    if name != user.as_bytes() {
        // Another form of the same name may be the same account.
        return if name.starts_with(user.as_bytes()) || user.as_bytes().starts_with(name) { None } else { Some(false) };
    }
    let Ok(challenge) = <[u8; 16]>::try_from(challenge) else { return Some(chap_md5::verify(id, password, challenge, value)) };
    match MsChapV2Response::parse(value) {
        Ok(response) if value.len() == MSCHAPV2 => {
            let hash = mschapv2::nt_password_hash(password);
            let bare = mschapv2::user_without_domain(user);
            let right = mschapv2::nt_response(&challenge, &response.peer_challenge, bare, &hash) == response.nt_response;
            // The reserved bytes must be zero, and what becomes of others is left open. RFC 2759 4.
            let reserved = value.get(16..24).is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0)) || value.last() != Some(&0);
            if right && reserved { None } else { Some(right) }
        }
        _ => Some(chap_md5::verify(id, password, &challenge, value)),
    }
}

/// Whether a PAP request has the password.
pub(super) fn pap(credentials: Option<&Credentials>, name: &[u8], password: &[u8]) -> Option<bool> {
    let credentials = credentials?;
    match password == credentials.password.expose().as_bytes() {
        true if name == credentials.user.as_bytes() => Some(true),
        true => None,
        false => Some(false),
    }
}

/// An IPv4 address that a host may have. RFC 1122 3.2.1.3.
pub(super) fn address(value: &[u8]) -> bool {
    let Ok(bytes) = <[u8; 4]>::try_from(value) else { return false };
    !matches!(bytes[0], 0 | 127 | 224..)
}

/// MS-SSTP 2.2.6: SHA-1 and SHA-256.
pub(super) const HASHES: u8 = 3;
/// Ours: more header lines than the peers at hand send may be refused.
const USUAL: usize = 12;
/// RFC 9112 3: a request line of 8,000 bytes at least is to be read.
const LONG: usize = 8_000;
/// RFC 2759 4: a response, bytes.
const MSCHAPV2: usize = 49;

/// Empty lines in front of a request. RFC 9112 2.2.
pub fn empty_lines(head: &[u8]) -> usize {
    head.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n').count()
}
