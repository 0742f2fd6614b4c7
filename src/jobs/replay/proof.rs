//! The login: proofs made and looked at anew, and the key that they leave for crypto binding. RFC 1994, 2759, 3748; MS-SSTP 3.2.5.2.

use crate::base::{Bytes, Side};
use crate::crypto::{chap_md5, mppe, mschapv2};
use crate::proto::Rng;
use crate::proto::plan::Credentials;
use crate::wire::chap::MsChapV2Response;
use crate::wire::eap::MsChapV2 as EapMsChapV2;
use crate::wire::ppp::{Body, Frame};
use crate::wire::{chap, eap, pap};

/// What the login has come to.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    credentials: Option<Credentials>,
    /// The server's challenge as it stands now.
    challenge: Vec<u8>,
    /// What the server must answer to the response, `S=...`. RFC 2759 8.7.
    expected: Option<String>,
    /// The key for crypto binding; `None` before the login, or when it cannot be known. MS-SSTP 3.2.5.2.2.
    pub hlak: Option<[u8; 32]>,
}

impl Proof {
    /// Nothing has been proved; without credentials nothing can be.
    pub fn new(credentials: Option<Credentials>) -> Proof {
        Proof { credentials, ..Proof::default() }
    }

    /// The user, if the login is made anew.
    pub fn user(&self) -> Option<&str> {
        self.credentials.as_ref().map(|credentials| credentials.user.as_str())
    }

    /// The server's challenge was seen.
    pub fn challenged(&mut self, frame: &Frame) {
        match &frame.body {
            Body::Chap(chap::Packet { body: chap::Body::Challenge { value, .. }, .. }) => self.challenge = value.0.clone(),
            Body::Eap(packet) if packet.code == REQUEST => match eap_chap(packet) {
                Some(EapMsChapV2 { body: chap::Body::Challenge { value, .. }, .. }) => self.challenge = value.0,
                _ if packet.kind == Some(eap::MD5) => self.challenge = sized(&packet.data).0.to_vec(),
                _ => {}
            },
            _ => {}
        }
    }

    /// A message of the login with what it must prove now; identifiers are already those of now.
    pub fn made(&mut self, frame: Frame, by: Side, rng: &mut Rng) -> Frame {
        let body = match (frame.body, by) {
            (Body::Pap(packet), Side::Client) => Body::Pap(self.pap(packet)),
            (Body::Chap(packet), _) => {
                let body = self.chap(packet.id, packet.body, by, rng);
                Body::Chap(chap::Packet { id: packet.id, body })
            }
            (Body::Eap(packet), _) => Body::Eap(self.eap(packet, by, rng)),
            (other, _) => other,
        };
        let frame = Frame { protocol: frame.protocol, body };
        if by == Side::Server {
            self.challenged(&frame);
        }
        frame
    }

    fn pap(&mut self, packet: pap::Packet) -> pap::Packet {
        match (&packet.body, &self.credentials) {
            (pap::Body::AuthenticateRequest { .. }, Some(credentials)) => {
                // MS-SSTP 3.2.5.2.4: no key.
                self.hlak = Some([0; 32]);
                let peer_id = credentials.user.clone().into_bytes().into();
                let password = credentials.password.expose().clone().into_bytes().into();
                pap::Packet { id: packet.id, body: pap::Body::AuthenticateRequest { peer_id, password } }
            }
            _ => packet,
        }
    }

    fn chap(&mut self, id: u8, body: chap::Body, by: Side, rng: &mut Rng) -> chap::Body {
        match (body, by) {
            (chap::Body::Challenge { value, name }, Side::Server) => chap::Body::Challenge { value: random(value.len(), rng), name },
            (chap::Body::Response { value, name }, Side::Client) => match self.response(id, &value, rng) {
                Some((value, name)) => chap::Body::Response { value, name },
                None => chap::Body::Response { value, name },
            },
            (chap::Body::Success { message }, Side::Server) => chap::Body::Success { message: self.with_proof(message) },
            (other, _) => other,
        }
    }

    /// The response in the form that was recorded: 49 bytes of MS-CHAPv2 or 16 of MD5. Nothing without a password.
    fn response(&mut self, id: u8, recorded: &[u8], rng: &mut Rng) -> Option<(Bytes, Bytes)> {
        let credentials = self.credentials.clone()?;
        let name = credentials.user.clone().into_bytes().into();
        if recorded.len() == MD5_LEN {
            self.hlak = Some([0; 32]);
            return Some((chap_md5::response(id, credentials.password.expose(), &self.challenge).to_vec().into(), name));
        }
        let flags = MsChapV2Response::parse(recorded).ok()?.flags;
        let challenge: [u8; 16] = self.challenge.as_slice().try_into().ok()?;
        let peer_challenge = rng.bytes();
        let user = mschapv2::user_without_domain(&credentials.user);
        let nt_response = mschapv2::generate_nt_response(&challenge, &peer_challenge, user, credentials.password.expose());
        self.proved(&MsChapV2Response { peer_challenge, nt_response, flags }, &challenge, user, &credentials);
        Some((MsChapV2Response { peer_challenge, nt_response, flags }.emit().into(), name))
    }

    fn proved(&mut self, response: &MsChapV2Response, challenge: &[u8; 16], user: &str, credentials: &Credentials) {
        let hash = mschapv2::nt_password_hash(credentials.password.expose());
        self.expected = Some(mschapv2::authenticator_response(&hash, &response.nt_response, &response.peer_challenge, challenge, user));
        self.hlak = Some(mppe::hlak(&mschapv2::hash_nt_password_hash(&hash), &response.nt_response));
    }

    /// The text of Success with `S=` as it must be now.
    fn with_proof(&self, message: Bytes) -> Bytes {
        match (&self.expected, proof_range(&message)) {
            (Some(expected), Some(range)) => {
                let mut text = message.0;
                text.splice(range, expected.bytes());
                text.into()
            }
            _ => message,
        }
    }

    fn eap(&mut self, packet: eap::Packet, by: Side, rng: &mut Rng) -> eap::Packet {
        let data = match (packet.code, packet.kind, by) {
            (RESPONSE, Some(eap::IDENTITY), Side::Client) => self.user().map(|user| user.as_bytes().to_vec()),
            (RESPONSE, Some(eap::MD5), Side::Client) => self.eap_md5(&packet, rng),
            (REQUEST, Some(eap::MD5), Side::Server) => {
                let (value, name) = sized(&packet.data);
                Some([&[value.len() as u8][..], &random(value.len(), rng), name].concat())
            }
            (REQUEST | RESPONSE, Some(eap::MSCHAPV2), _) => eap_chap(&packet).map(|inner| {
                let body = if inner.bare { inner.body } else { self.chap(inner.id, inner.body, by, rng) };
                EapMsChapV2 { body, ..inner }.emit()
            }),
            _ => None,
        };
        eap::Packet { data: data.map_or(packet.data, Bytes), ..packet }
    }

    /// RFC 3748 5.4: the name is optional.
    fn eap_md5(&mut self, packet: &eap::Packet, rng: &mut Rng) -> Option<Vec<u8>> {
        let (value, name) = sized(&packet.data);
        let (value, user) = self.response(packet.id, value, rng)?;
        Some([&[value.len() as u8][..], &value, if name.is_empty() { &[] } else { &user }].concat())
    }

    /// What the client proves: `None` when it cannot be looked at.
    pub fn is_proved_by(&mut self, frame: &Frame) -> Option<bool> {
        let (id, value, name) = match &frame.body {
            Body::Pap(pap::Packet { body: pap::Body::AuthenticateRequest { password, .. }, .. }) => {
                self.hlak = Some([0; 32]);
                return Some(self.credentials.as_ref()?.password.expose().as_bytes() == password.0.as_slice());
            }
            Body::Chap(chap::Packet { id, body: chap::Body::Response { value, name } }) => (*id, value.0.clone(), name.0.clone()),
            Body::Eap(packet) if packet.code == RESPONSE => match eap_chap(packet) {
                Some(EapMsChapV2 { id, body: chap::Body::Response { value, name }, .. }) => (id, value.0, name.0),
                _ if packet.kind == Some(eap::MD5) => (packet.id, sized(&packet.data).0.to_vec(), Vec::new()),
                _ => return None,
            },
            _ => return None,
        };
        let credentials = self.credentials.clone()?;
        if value.len() == MD5_LEN {
            self.hlak = Some([0; 32]);
            return Some(chap_md5::verify(id, credentials.password.expose(), &self.challenge, &value));
        }
        let response = MsChapV2Response::parse(&value).ok()?;
        let challenge: [u8; 16] = self.challenge.as_slice().try_into().ok()?;
        let name = String::from_utf8_lossy(&name);
        let user = mschapv2::user_without_domain(&name);
        let right = mschapv2::generate_nt_response(&challenge, &response.peer_challenge, user, credentials.password.expose());
        self.proved(&response, &challenge, user, &credentials);
        Some(right == response.nt_response)
    }

    /// The server's text proves that it knows the password; `None` when it says nothing of it, or it cannot be looked at.
    pub fn is_server_proved_by(&self, text: &[u8]) -> Option<bool> {
        proof_range(text)?;
        Some(mschapv2::verify_authenticator_response(self.expected.as_deref()?, text))
    }
}

/// Where `S=` and its 40 digits stand. RFC 2759 5.
pub fn proof_range(text: &[u8]) -> Option<std::ops::Range<usize>> {
    let at = text.windows(2).position(|pair| pair == b"S=")?;
    let end = at + 2 + PROOF_DIGITS;
    text.get(at + 2..end)?.iter().all(u8::is_ascii_hexdigit).then_some(at..end)
}

/// What EAP-MSCHAPv2 carries.
pub fn eap_chap(packet: &eap::Packet) -> Option<EapMsChapV2> {
    (packet.kind == Some(eap::MSCHAPV2)).then(|| EapMsChapV2::parse(&packet.data).ok()).flatten()
}

/// A value behind its length, and what follows.
fn sized(data: &[u8]) -> (&[u8], &[u8]) {
    let Some((&len, rest)) = data.split_first() else { return (&[], &[]) };
    rest.split_at_checked(usize::from(len)).unwrap_or((&[], &[]))
}

fn random(len: usize, rng: &mut Rng) -> Bytes {
    std::iter::from_fn(|| Some(rng.bytes::<1>()[0])).take(len).collect::<Vec<u8>>().into()
}

/// RFC 3748 4.
const REQUEST: u8 = 1;
/// RFC 3748 4.
const RESPONSE: u8 = 2;
/// RFC 1994 4.1 with MD5: bytes of a response.
const MD5_LEN: usize = 16;
/// RFC 2759 5: digits behind `S=`.
const PROOF_DIGITS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::wire::ppp;

    fn alice(password: &str) -> Proof {
        Proof::new(Some(Credentials { user: "LAB\\alice".into(), password: Secret::new(password.into()) }))
    }

    fn chap_of(id: u8, body: chap::Body) -> Frame {
        Frame { protocol: ppp::CHAP, body: Body::Chap(chap::Packet { id, body }) }
    }

    fn eap_of(code: u8, kind: u8, data: Vec<u8>) -> Frame {
        Frame { protocol: ppp::EAP, body: Body::Eap(eap::Packet { code, id: 9, kind: Some(kind), data: data.into() }) }
    }

    /// Plays both ends of one login: challenge, response, result, all recorded with other values.
    fn played(messages: [Frame; 3], client: &mut Proof, server: &mut Proof) -> (Option<bool>, Frame) {
        let mut rng = Rng::new(7);
        let [challenge, response, success] = messages;
        let challenge = server.made(challenge, Side::Server, &mut rng);
        client.challenged(&challenge);
        let response = client.made(response, Side::Client, &mut rng);
        let right = server.is_proved_by(&response);
        (right, server.made(success, Side::Server, &mut rng))
    }

    #[test]
    fn mschapv2_is_proved_anew_in_both_directions_and_leaves_the_same_key() {
        let recorded = || {
            [
                chap_of(1, chap::Body::Challenge { value: vec![1; 16].into(), name: Bytes::default() }),
                chap_of(1, chap::Body::Response { value: vec![2; 49].into(), name: b"mallory"[..].into() }),
                chap_of(1, chap::Body::Success { message: format!("S={} M=Hi", "0".repeat(40)).into_bytes().into() }),
            ]
        };
        let (mut client, mut server) = (alice("pw"), alice("pw"));
        let (right, success) = played(recorded(), &mut client, &mut server);
        let Body::Chap(chap::Packet { body: chap::Body::Success { message }, .. }) = success.body else { panic!("still a Success") };
        assert_eq!((right, client.is_server_proved_by(&message)), (Some(true), Some(true)));
        assert!(message.ends_with(b" M=Hi") && client.hlak.is_some_and(|key| key != [0; 32]) && client.hlak == server.hlak);
        let (right, success) = played(recorded(), &mut alice("pw"), &mut alice("other"));
        let Body::Chap(chap::Packet { body: chap::Body::Success { message }, .. }) = success.body else { panic!("still a Success") };
        assert_eq!((right, client.is_server_proved_by(&message)), (Some(false), Some(false)));
    }

    #[test]
    fn md5_and_what_eap_carries_are_proved_anew() {
        let md5 = [
            chap_of(3, chap::Body::Challenge { value: vec![1; 24].into(), name: b"nas"[..].into() }),
            chap_of(3, chap::Body::Response { value: vec![2; 16].into(), name: b"mallory"[..].into() }),
            chap_of(3, chap::Body::Success { message: Bytes::default() }),
        ];
        let mut client = alice("pw");
        assert_eq!((played(md5, &mut client, &mut alice("pw")).0, client.hlak), (Some(true), Some([0; 32])));
        let inside = |body| EapMsChapV2 { id: 4, body, bare: false }.emit();
        let mschapv2 = [
            eap_of(1, eap::MSCHAPV2, inside(chap::Body::Challenge { value: vec![1; 16].into(), name: Bytes::default() })),
            eap_of(2, eap::MSCHAPV2, inside(chap::Body::Response { value: vec![2; 49].into(), name: Bytes::default() })),
            eap_of(1, eap::MSCHAPV2, inside(chap::Body::Success { message: format!("S={}", "0".repeat(40)).into_bytes().into() })),
        ];
        assert_eq!(played(mschapv2, &mut alice("pw"), &mut alice("pw")).0, Some(true));
        let md5 = [
            eap_of(1, eap::MD5, [&[16][..], &[1; 16]].concat()),
            eap_of(2, eap::MD5, [&[16][..], &[2; 16]].concat()),
            eap_of(2, eap::IDENTITY, b"mallory".to_vec()),
        ];
        assert_eq!(played(md5, &mut alice("pw"), &mut alice("pw")).0, Some(true));
        let identity = alice("pw").made(eap_of(2, eap::IDENTITY, b"mallory".to_vec()), Side::Client, &mut Rng::new(1));
        assert!(matches!(identity.body, Body::Eap(packet) if packet.data.0 == b"LAB\\alice"));
    }

    #[test]
    fn without_a_password_nothing_is_changed_and_nothing_is_judged() {
        let response = chap_of(1, chap::Body::Response { value: vec![2; 49].into(), name: b"mallory"[..].into() });
        let mut nobody = Proof::new(None);
        assert_eq!(nobody.made(response.clone(), Side::Client, &mut Rng::new(1)), response);
        assert_eq!((nobody.is_proved_by(&response), nobody.hlak), (None, None));
        assert_eq!(proof_range(b"S=12"), None);
        assert_eq!(sized(&[9, 1]), (&[][..], &[][..]));
    }
}
