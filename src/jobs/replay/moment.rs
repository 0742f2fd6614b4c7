//! The present of a session that is played: what is made anew in what we send, and what the peer's messages teach.

use super::bound::{self, Kind};
use super::compare::{self, Part};
use super::ip;
use super::message::{self, Lane, Said};
use super::proof::Proof;
use super::values::{Class, Values};
use crate::base::{Field, Side};
use crate::crypto::binding::{self, HashProtocol};
use crate::proto::Rng;
use crate::proto::plan::{CertHashes, Credentials};
use crate::wire::inner::Echo;
use crate::wire::ppp::{self, Body, Protocol};
use crate::wire::{control, layout, sstp};
use std::collections::HashMap;

/// What is known before the first message.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// The value of the Host header.
    pub host: String,
    /// The value of the Date header; empty: as recorded.
    pub date: String,
    /// The leaf that the server shows now; `None`: it is not known, as between two ends in memory.
    pub leaf: Option<CertHashes>,
    /// Who logs in.
    pub credentials: Option<Credentials>,
    /// Random values come from it.
    pub seed: u64,
}

/// A field that was sent otherwise than recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substituted {
    /// The id of its row.
    pub row: &'static str,
    /// The message.
    pub message: String,
    /// The field.
    pub field: String,
    /// As recorded; asterisks for a secret.
    pub recorded: String,
    /// As sent.
    pub sent: String,
}

/// The present of one session.
#[derive(Clone, Debug)]
pub struct Moment {
    side: Side,
    present: Present,
    recorded_leaf: Option<CertHashes>,
    values: Values,
    /// The peer's latest request in each protocol, options as recorded and as they came.
    requests: HashMap<Protocol, (Vec<u8>, Vec<u8>)>,
    proof: Proof,
    rng: Rng,
    verbatim: bool,
    /// The target has another name than the recorded one.
    is_elsewhere: bool,
}

impl Moment {
    /// The moment of whoever plays `side`. `verbatim`: what was recorded is sent as it was.
    pub fn new(side: Side, present: Present, recorded_leaf: Option<CertHashes>, verbatim: bool) -> Moment {
        let (proof, rng) = (Proof::new(present.credentials.clone()), Rng::new(present.seed));
        Moment {
            side,
            present,
            recorded_leaf,
            values: Values::default(),
            requests: HashMap::new(),
            proof,
            rng,
            verbatim,
            is_elsewhere: false,
        }
    }

    /// The key for crypto binding that the login has left.
    pub fn key(&self) -> Option<[u8; 32]> {
        self.proof.hlak
    }

    /// A login of another kind has left this key.
    pub fn proves(&mut self, hlak: [u8; 32]) {
        self.proof.hlak = Some(hlak);
    }

    /// The bytes to send in place of those recorded. `draft` may change a message before its compound MAC is made.
    pub fn outgoing(&mut self, said: &Said, draft: &mut dyn FnMut(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        if self.verbatim {
            return said.raw.clone();
        }
        if said.lane == Lane::Http {
            return self.http(said);
        }
        self.draw_magic(said);
        let mut raw = self.acknowledged(said, self.quoted_as(said, true, &self.values)).unwrap_or_else(|raw| raw);
        if said.lane == Lane::Auth {
            raw = self.login(raw);
        }
        if said.name == "sstp.call-connected" {
            raw = draft(UNSEALED, raw);
            self.seal(said, &mut raw);
        }
        raw
    }

    /// The answer to a keep-alive, in the form of one that was recorded.
    pub fn reflex(&self, template: &Said, request: &Said) -> Vec<u8> {
        if let Some(echo) = request.echo() {
            let reply = Echo { from: echo.to, to: echo.from, request: false, ..echo };
            return sstp::emit_data(&ppp::Frame { protocol: ppp::IPV4, body: Body::Other(reply.emit().into()) }.emit());
        }
        let mut raw = self.quoted_as(template, true, &self.values);
        let reply = Said { raw: raw.clone(), ..template.clone() };
        if let (Some((_, request)), Some((_, reply))) = (request.control(), reply.control()) {
            // RFC 1661 5.8: the identifier and what follows the magic number are those of the request.
            let magic = reply.data.iter().take(MAGIC_LEN).copied();
            let data: Vec<u8> = magic.chain(request.data.iter().skip(MAGIC_LEN).copied()).collect();
            let packet = crate::wire::control::Packet::new(reply.code, request.id, data);
            raw = sstp::emit_data(&ppp::Frame::lcp(packet).emit());
        }
        raw
    }

    /// RFC 1661 5.2: an Ack repeats the options of the request. Where the recorded one did, so does this.
    fn acknowledged(&self, said: &Said, raw: Vec<u8>) -> Result<Vec<u8>, Vec<u8>> {
        let Some((protocol, packet)) = said.control().filter(|(_, packet)| packet.code == control::CONFIGURE_ACK) else { return Err(raw) };
        let Some((recorded, live)) = self.requests.get(&protocol).filter(|row| row.0 == packet.data.0) else { return Err(raw) };
        let now = Said { raw: raw.clone(), ..said.clone() };
        let Some((_, packet)) = now.control().filter(|_| recorded != live) else { return Err(raw) };
        let packet = control::Packet { data: live.clone().into(), ..packet };
        let head = raw.len().saturating_sub(packet_len(&now));
        let frame = [raw.get(sstp::HEADER_LEN..head).unwrap_or_default(), &packet.emit()].concat();
        Ok(sstp::emit_data(&frame))
    }

    /// Takes the peer's message in, and says in what it differs from the one recorded.
    pub fn incoming(&mut self, recorded: &Said, live: &Said) -> Vec<Part> {
        self.learn(recorded, live);
        let expected = Said { raw: self.quoted_as(recorded, false, &self.values), ..recorded.clone() };
        let mut parts = compare::differences(&expected, live, &|message, field| self.is_free(live, message, field));
        parts.extend(self.disproved(live));
        parts
    }

    /// What differs between a recorded message of ours and its bytes as sent, by row.
    pub fn substituted(said: &Said, sent: &[u8]) -> Vec<Substituted> {
        let live = Said { raw: sent.to_vec(), ..said.clone() };
        let row = |field: &str| bound::of(&said.name, field).map_or("", |row| row.id);
        let parts = compare::changes(said, &live);
        let one = |part: Part| Substituted {
            row: row(&part.field),
            message: said.name.clone(),
            field: part.field,
            recorded: part.recorded,
            sent: part.live,
        };
        parts.into_iter().map(one).collect()
    }

    /// Whether the field of a message of ours is made anew at all: what asks has an identifier of its own.
    pub fn may_change(said: &Said, field: &str, row: &bound::Bound) -> bool {
        match row.kind {
            Kind::Identifier if field != "ms-chapv2-id" => asked(said).is_some_and(|asked| !asked.2),
            Kind::Quoted | Kind::Acknowledged => false,
            Kind::ResultText => compare::result_text(said).is_some_and(|text| super::proof::proof_range(&text).is_some()),
            Kind::Option => {
                let range = layout::fields(&said.raw).iter().find(|other| other.name == field).map(Field::byte_range);
                range.and_then(|range| said.raw.get(range)).is_some_and(|value| !is_zero(value))
            }
            _ => true,
        }
    }

    fn http(&mut self, said: &Said) -> Vec<u8> {
        let Some(head) = message::head(&said.raw, said.by) else { return said.raw.clone() };
        let mut raw = said.raw.clone();
        // From the last to the first, so that places stay right.
        for (name, value) in head.headers.iter().rev() {
            let new = match bound::of(&said.name, &name.to_ascii_lowercase()).map(|row| row.kind) {
                Some(Kind::Host) if !self.present.host.is_empty() => {
                    self.is_elsewhere |= self.present.host != *value;
                    self.present.host.clone()
                }
                Some(Kind::Correlation) => redrawn(value, &mut self.rng),
                Some(Kind::Date) if !self.present.date.is_empty() => self.present.date.clone(),
                _ => continue,
            };
            if let Some(range) = compare::header_range(&raw, name, value) {
                raw.splice(range, new.bytes());
            }
        }
        raw
    }

    /// Draws the magic number of a request of ours.
    fn draw_magic(&mut self, said: &Said) {
        if said.name != CONFIGURE_REQUEST {
            return;
        }
        for field in options(&said.raw, &said.name).filter(|field| base_name(&field.name) == "magic-number") {
            let recorded = said.raw.get(field.byte_range()).unwrap_or_default();
            let class = Class::Option(self.side, ppp::LCP, "magic-number".into());
            if !is_zero(recorded) && recorded.len() == MAGIC_LEN && self.values.now(&class, recorded).is_none() {
                let mut fresh: [u8; MAGIC_LEN] = self.rng.bytes();
                fresh[0] |= 1;
                self.values.learn(class, recorded, &fresh);
            }
        }
    }

    /// What was recorded, with every value that recurs as it stands now.
    fn quoted_as(&self, said: &Said, ours: bool, values: &Values) -> Vec<u8> {
        let mut raw = said.raw.clone();
        if said.lane == Lane::Data {
            return self.readdressed(said).unwrap_or(raw);
        }
        for field in layout::fields(&said.raw) {
            let Some(row) = bound::of(&said.name, &field.name) else { continue };
            let range = field.byte_range();
            let recorded = said.raw.get(range.clone()).unwrap_or_default();
            let class = match row.kind {
                Kind::Nonce if said.name == "sstp.call-connected" => Class::Nonce,
                Kind::Identifier if field.name == "ms-chapv2-id" => Class::MsId,
                Kind::Identifier => match asked(said) {
                    Some((asker, protocol, false)) if asker != self.side => Class::Identifier(asker, protocol),
                    _ => continue,
                },
                Kind::Option => match option_of(said) {
                    Some((owner, protocol)) => Class::Option(owner, protocol, base_name(&field.name).to_string()),
                    None => continue,
                },
                Kind::EchoMagic => {
                    let magic = recorded.get(..MAGIC_LEN).unwrap_or_default();
                    let class = Class::Option(said.by, ppp::LCP, "magic-number".into());
                    if let Some(now) = values.now(&class, magic).filter(|now| now.len() == magic.len()) {
                        raw.get_mut(range.start..range.start + MAGIC_LEN).unwrap_or_default().copy_from_slice(now);
                    }
                    continue;
                }
                Kind::CertHash if !ours || self.is_recorded_leaf(said) => {
                    self.put_cert_hash(said, &mut raw);
                    continue;
                }
                _ => continue,
            };
            if let Some(now) = values.now(&class, recorded).filter(|now| now.len() == range.len()) {
                raw.get_mut(range).unwrap_or_default().copy_from_slice(now);
            }
        }
        raw
    }

    /// Whether the recorded client sent the right hash; a wrong one stays wrong.
    fn is_recorded_leaf(&self, said: &Said) -> bool {
        let Some((hash, range)) = cert_hash(said) else { return false };
        let recorded = said.raw.get(range).unwrap_or_default();
        self.recorded_leaf.is_none_or(|leaf| recorded.starts_with(hash_of(&leaf, hash)))
    }

    fn put_cert_hash(&self, said: &Said, raw: &mut [u8]) {
        let (Some((hash, range)), Some(leaf)) = (cert_hash(said), &self.present.leaf) else { return };
        let new = hash_of(leaf, hash);
        if let Some(place) = raw.get_mut(range.start..range.start + new.len()) {
            place.copy_from_slice(new);
        }
    }

    /// The compound MAC under the key of now. Where the recorded one was made with the zero key, so is this.
    fn seal(&self, said: &Said, raw: &mut Vec<u8>) {
        let Some((hash, _)) = cert_hash(said) else { return };
        let zero = [0; 32];
        let with_zero = binding::verify(hash, &zero, &said.raw).unwrap_or(false);
        let key = if with_zero { zero } else { self.proof.hlak.unwrap_or(zero) };
        if let Ok(mac) = binding::compound_mac(hash, &key, raw) {
            *raw = binding::sealed(std::mem::take(raw), &mac);
        }
    }

    /// The proof of the login made anew. A message that would not be written again as it was recorded stays as it is.
    fn login(&mut self, raw: Vec<u8>) -> Vec<u8> {
        let Ok(frame) = ppp::Frame::parse(raw.get(sstp::HEADER_LEN..).unwrap_or_default()) else { return raw };
        if sstp::emit_data(&frame.emit()) != raw {
            return raw;
        }
        sstp::emit_data(&self.proof.made(frame, self.side, &mut self.rng).emit())
    }

    fn readdressed(&self, said: &Said) -> Option<Vec<u8>> {
        let frame = said.frame().filter(|frame| frame.protocol == ppp::IPV4)?;
        let Body::Other(packet) = frame.body else { return None };
        let packet = ip::readdressed(&packet, |old| self.address_now(old))?;
        Some(sstp::emit_data(&ppp::Frame { protocol: ppp::IPV4, body: Body::Other(packet.into()) }.emit()))
    }

    /// An address that one end was given stands for what that end has now, before it stands for a name server.
    fn address_now(&self, recorded: [u8; 4]) -> Option<[u8; 4]> {
        const NAMES: [&str; 5] = ["ip-address", "primary-dns", "secondary-dns", "primary-nbns", "secondary-nbns"];
        let classes =
            NAMES.iter().flat_map(|name| [Side::Client, Side::Server].map(|side| Class::Option(side, ppp::IPCP, name.to_string())));
        let mut found = classes.filter_map(|class| self.values.now(&class, &recorded)?.try_into().ok());
        found.next()
    }

    /// What the peer's message teaches about values that recur.
    fn learn(&mut self, recorded: &Said, live: &Said) {
        if let (Some((protocol, old)), Some((_, new))) = (recorded.control(), live.control())
            && old.code == control::CONFIGURE_REQUEST
        {
            self.requests.insert(protocol, (old.data.0, new.data.0));
        }
        if recorded.lane == Lane::Auth
            && let Some(frame) = live.frame()
            && self.side == Side::Client
        {
            self.proof.challenged(&frame);
        }
        let now = layout::fields(&live.raw);
        for field in layout::fields(&recorded.raw) {
            let Some(other) = now.iter().find(|other| other.name == field.name && other.bits == field.bits) else { continue };
            let (Some(old), Some(new)) = (recorded.raw.get(field.byte_range()), live.raw.get(other.byte_range())) else { continue };
            let class = match bound::of(&recorded.name, &field.name).map(|row| row.kind) {
                Some(Kind::Nonce) if recorded.name == "sstp.call-connect-ack" => Class::Nonce,
                Some(Kind::Identifier) if field.name == "ms-chapv2-id" => Class::MsId,
                Some(Kind::Identifier) => match asked(recorded) {
                    Some((asker, protocol, true)) => Class::Identifier(asker, protocol),
                    _ => continue,
                },
                Some(Kind::Option) if proposes(recorded) && !is_zero(old) && !is_zero(new) => match option_of(recorded) {
                    Some((owner, protocol)) => Class::Option(owner, protocol, base_name(&field.name).to_string()),
                    None => continue,
                },
                _ => continue,
            };
            self.values.learn(class, old, new);
        }
    }

    /// The field is the peer's to choose: it is not held against the recording.
    fn is_free(&self, live: &Said, message: &str, field: &str) -> bool {
        // A page that says what is wrong may name the host.
        if self.is_elsewhere && message == "http.response" && field == "content-length" {
            return message::head(&live.raw, live.by).is_some_and(|head| head.status != Some(200));
        }
        let Some(row) = bound::of(message, field) else { return false };
        match row.kind {
            Kind::Host | Kind::Correlation | Kind::Date | Kind::Quoted | Kind::Challenge | Kind::Response | Kind::Password => true,
            Kind::Nonce => live.by == Side::Server,
            Kind::CertHash => self.present.leaf.is_none(),
            Kind::CompoundMac => true,
            Kind::Identifier => field == "ms-chapv2-id" || asked(live).is_some_and(|asked| asked.2),
            // What was not proposed is never free, so that 0.0.0.0 in place of an address shows.
            Kind::Option => false,
            Kind::EchoMagic | Kind::ResultText | Kind::Packet | Kind::Acknowledged => false,
            Kind::Name => self.proof.user().is_some(),
        }
    }

    /// Proofs of the peer that do not hold.
    fn disproved(&mut self, live: &Said) -> Option<Part> {
        let part = |field: &str, live: &str| Some(Part { field: field.into(), recorded: "holds".into(), live: live.into() });
        match (live.lane, self.side) {
            (Lane::Auth, Side::Server) => match self.proof.is_proved_by(&live.frame()?) {
                Some(false) => part("proof", "does not prove the password"),
                _ => None,
            },
            (Lane::Auth, Side::Client) => match self.proof.is_server_proved_by(&compare::result_text(live)?) {
                Some(false) => part("proof (S=)", "does not prove that the server knows the password"),
                _ => None,
            },
            (Lane::Call, Side::Server) if live.name == "sstp.call-connected" => {
                let (hash, _) = cert_hash(live)?;
                let key = self.proof.hlak?;
                let zero = binding::verify(hash, &[0; 32], &live.raw).unwrap_or(false);
                let holds = zero || binding::verify(hash, &key, &live.raw).unwrap_or(false);
                if holds { None } else { part("crypto-binding.compound-mac", "does not verify under the key of the login") }
            }
            _ => None,
        }
    }
}

/// Bytes of the control packet in a message.
fn packet_len(said: &Said) -> usize {
    said.control().map_or(0, |(_, packet)| packet.emit().len())
}

/// Who asked what a packet asks or answers, in which protocol, and whether it is the question.
fn asked(said: &Said) -> Option<(Side, Protocol, bool)> {
    let frame = said.frame()?;
    let (by, other, protocol) = (said.by, said.by.other(), frame.protocol);
    Some(match (&frame.body, said.lane) {
        (_, Lane::Asks(_)) => (by, protocol, true),
        (_, Lane::Answers(_)) => (other, protocol, false),
        (Body::Chap(packet), _) => match packet.body.code() {
            1 => (by, protocol, true),
            2 => (other, protocol, false),
            _ => (by, protocol, false),
        },
        (Body::Eap(packet), _) => match packet.code {
            1 => (by, protocol, true),
            2 => (other, protocol, false),
            _ => (by, protocol, false),
        },
        (Body::Pap(packet), _) if packet.name() == "authenticate-request" => (by, protocol, true),
        (Body::Pap(_), _) => (other, protocol, false),
        _ => return None,
    })
}

/// Whose options a Configure packet is about.
fn option_of(said: &Said) -> Option<(Side, Protocol)> {
    let (protocol, packet) = said.control()?;
    match packet.code {
        1 => Some((said.by, protocol)),
        2..=4 => Some((said.by.other(), protocol)),
        _ => None,
    }
}

/// A Configure-Request proposes for its sender, a Configure-Nak for the other end.
fn proposes(said: &Said) -> bool {
    said.control().is_some_and(|(_, packet)| matches!(packet.code, 1 | 3))
}

fn options<'a>(raw: &'a [u8], message: &'a str) -> impl Iterator<Item = Field> + 'a {
    layout::fields(raw).into_iter().filter(move |field| bound::of(message, &field.name).is_some_and(|row| row.kind == Kind::Option))
}

/// `primary-dns#2` is a primary-dns.
fn base_name(field: &str) -> &str {
    field.split_once('#').map_or(field, |pair| pair.0)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// The hash protocol of a Call Connected, and where its certificate hash lies.
fn cert_hash(said: &Said) -> Option<(HashProtocol, std::ops::Range<usize>)> {
    let fields = layout::fields(&said.raw);
    let of = |name: &str| fields.iter().find(|field| field.name == name);
    let hash = HashProtocol::from_value(u8::try_from(of("crypto-binding.hash-protocol")?.read(&said.raw)?).ok()?)?;
    Some((hash, of("crypto-binding.cert-hash")?.byte_range()))
}

fn hash_of(leaf: &CertHashes, hash: HashProtocol) -> &[u8] {
    match hash {
        HashProtocol::Sha1 => &leaf.sha1,
        HashProtocol::Sha256 => &leaf.sha256,
    }
}

/// Random hexadecimal digits in the place of those recorded: a client that writes its id in a form of its own goes on doing so.
fn redrawn(text: &str, rng: &mut Rng) -> String {
    let mut draw = |c: char| match c {
        '0'..='9' | 'a'..='f' | 'A'..='F' => {
            let digit = char::from_digit((rng.next_u64() % 16) as u32, 16).unwrap_or('0');
            if c.is_ascii_lowercase() { digit } else { digit.to_ascii_uppercase() }
        }
        other => other,
    };
    text.chars().map(&mut draw).collect()
}

/// How edits name a Call Connected that has no compound MAC yet.
pub const UNSEALED: &str = "sstp.call-connected-unsealed";
/// The only message that proposes a magic number.
const CONFIGURE_REQUEST: &str = "lcp.configure-request";
/// RFC 1661 6.4: bytes of a magic number.
const MAGIC_LEN: usize = 4;
