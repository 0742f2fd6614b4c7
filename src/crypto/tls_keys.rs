//! Key schedules of TLS: the PRF up to TLS 1.2 (RFC 2246 5, RFC 5246 5), the extended master secret (RFC 7627 4), and
//! traffic keys of TLS 1.3 (RFC 8446 7).

use crate::wire::tls::suite::{Mac, Prf};
use crate::wire::tls::{TLS12, suite::Suite};
use aws_lc_rs::{digest, hmac};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

/// Bytes that are wiped when dropped.
pub type Bytes = Zeroizing<Vec<u8>>;

/// The PRF of a version: MD5 and SHA-1 together before TLS 1.2, the suite's hash from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrfKind {
    /// RFC 2246 5.
    Md5Sha1,
    /// RFC 5246 5.
    Hash(Prf),
}

impl PrfKind {
    /// What a version and suite use.
    pub fn of(version: u16, suite: &Suite) -> PrfKind {
        if version < TLS12 { PrfKind::Md5Sha1 } else { PrfKind::Hash(suite.prf) }
    }

    /// The hash of handshake messages. RFC 7627 3, RFC 5246 7.4.9.
    pub fn session_hash(self, messages: &[u8]) -> Vec<u8> {
        match self {
            PrfKind::Md5Sha1 => [&Md5::digest(messages)[..], digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, messages).as_ref()].concat(),
            PrfKind::Hash(Prf::Sha256) => digest::digest(&digest::SHA256, messages).as_ref().to_vec(),
            PrfKind::Hash(Prf::Sha384) => digest::digest(&digest::SHA384, messages).as_ref().to_vec(),
        }
    }
}

/// `len` bytes of the PRF. RFC 5246 5, RFC 2246 5.
pub fn prf(kind: PrfKind, secret: &[u8], label: &str, seed: &[&[u8]], len: usize) -> Bytes {
    let seed = [label.as_bytes(), &seed.concat()].concat();
    match kind {
        PrfKind::Hash(Prf::Sha256) => p_hash(Mac::HmacSha256, secret, &seed, len),
        PrfKind::Hash(Prf::Sha384) => p_hash(Mac::HmacSha384, secret, &seed, len),
        PrfKind::Md5Sha1 => {
            // RFC 2246 5: the halves share a byte where the length is odd.
            let half = secret.len().div_ceil(2);
            let (first, second) = (secret.get(..half).unwrap_or_default(), secret.get(secret.len() - half..).unwrap_or_default());
            let mut out = p_hash(Mac::HmacMd5, first, &seed, len);
            out.iter_mut().zip(p_hash(Mac::HmacSha1, second, &seed, len).iter()).for_each(|(a, b)| *a ^= b);
            out
        }
    }
}

/// P_hash. RFC 5246 5.
fn p_hash(mac: Mac, secret: &[u8], seed: &[u8], len: usize) -> Bytes {
    let key = MacKey::new(mac, secret);
    let mut out = Zeroizing::new(Vec::with_capacity(len + mac.len()));
    let mut a = key.sign(&[seed]);
    while out.len() < len && !mac.is_empty() {
        out.extend_from_slice(key.sign(&[a.as_ref(), seed]).as_ref());
        a = key.sign(&[a.as_ref()]);
    }
    out.truncate(len);
    out
}

/// The master secret, 48 bytes. RFC 5246 8.1.
pub fn master_secret(kind: PrfKind, premaster: &[u8], client_random: &[u8; 32], server_random: &[u8; 32]) -> Bytes {
    prf(kind, premaster, "master secret", &[client_random, server_random], MASTER_LEN)
}

/// The extended master secret, 48 bytes. RFC 7627 4.
pub fn extended_master_secret(kind: PrfKind, premaster: &[u8], session_hash: &[u8]) -> Bytes {
    prf(kind, premaster, "extended master secret", &[session_hash], MASTER_LEN)
}

/// One direction's part of the key block. RFC 5246 6.3.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Key of the MAC.
    pub mac: Bytes,
    /// Key of the cipher.
    pub key: Bytes,
    /// Fixed part of the nonce, or the first IV.
    pub iv: Bytes,
}

/// The keys of client and server. RFC 5246 6.3; TLS 1.1 and later take no IV for CBC from it.
pub fn key_block(version: u16, suite: &Suite, master: &[u8], client_random: &[u8; 32], server_random: &[u8; 32]) -> [Keys; 2] {
    let lens = [suite.mac.len(), suite.cipher.key_len(), suite.cipher.fixed_iv_len()];
    let total = 2 * lens.iter().sum::<usize>();
    let block = prf(PrfKind::of(version, suite), master, "key expansion", &[server_random, client_random], total);
    let mut rest: &[u8] = &block;
    let mut keys = [Keys::default(), Keys::default()];
    for (part, len) in lens.into_iter().enumerate() {
        for keys in &mut keys {
            let (now, later) = rest.split_at_checked(len).unwrap_or_default();
            let slot = [&mut keys.mac, &mut keys.key, &mut keys.iv].into_iter().nth(part);
            slot.into_iter().for_each(|slot| *slot = Zeroizing::new(now.to_vec()));
            rest = later;
        }
    }
    keys
}

/// HKDF-Extract. RFC 5869 2.2.
pub fn extract(hash: Prf, salt: &[u8], secret: &[u8]) -> Bytes {
    Zeroizing::new(MacKey::new(hash_mac(hash), salt).sign(&[secret]).as_ref().to_vec())
}

/// HKDF-Expand-Label. RFC 8446 7.1.
pub fn expand_label(hash: Prf, secret: &[u8], label: &str, context: &[u8], len: usize) -> Bytes {
    expand(&MacKey::new(hash_mac(hash), secret), label, context, len)
}

fn expand(key: &MacKey, label: &str, context: &[u8], len: usize) -> Bytes {
    let label = [b"tls13 ", label.as_bytes()].concat();
    let mut info = (len as u16).to_be_bytes().to_vec();
    info.push(label.len() as u8);
    info.extend(label);
    info.push(context.len() as u8);
    info.extend(context);
    // Room for the last block as it is before the cut: what grows leaves a copy of the secret behind.
    let mut out = Zeroizing::new(Vec::with_capacity(len + LONGEST_HASH));
    let mut block = Tag::of(&[]);
    // RFC 5869 2.3: the counter has one byte.
    for counter in 1..=u8::MAX {
        if out.len() >= len {
            break;
        }
        block = key.sign(&[block.as_ref(), &info, &[counter]]);
        out.extend_from_slice(block.as_ref());
    }
    out.truncate(len);
    out
}

/// Key and IV of a traffic secret. RFC 8446 7.3.
pub fn traffic_keys(suite: &Suite, secret: &[u8]) -> (Bytes, Bytes) {
    let secret = MacKey::new(hash_mac(suite.prf), secret);
    (expand(&secret, "key", &[], suite.cipher.key_len()), expand(&secret, "iv", &[], IV_LEN))
}

/// The traffic secret after a KeyUpdate. RFC 8446 7.2.
pub fn next_secret(hash: Prf, secret: &[u8]) -> Bytes {
    expand_label(hash, secret, "traffic upd", &[], hash.len())
}

fn hash_mac(hash: Prf) -> Mac {
    match hash {
        Prf::Sha256 => Mac::HmacSha256,
        Prf::Sha384 => Mac::HmacSha384,
    }
}

/// A key of one of the HMACs of TLS. RFC 2104.
#[derive(Clone)]
pub struct MacKey(Inner);

#[derive(Clone)]
enum Inner {
    Md5 { inner: Md5, outer: Md5 },
    Other(Box<hmac::Key>),
}

/// An HMAC's value.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    bytes: [u8; 48],
    len: usize,
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Tag {
    fn of(value: &[u8]) -> Tag {
        let mut tag = Tag { bytes: [0; 48], len: value.len().min(48) };
        tag.bytes.iter_mut().zip(value).for_each(|(slot, byte)| *slot = *byte);
        tag
    }
}

impl MacKey {
    /// A key; where there is no MAC, SHA-256 stands in and its value is never asked for.
    pub fn new(mac: Mac, key: &[u8]) -> MacKey {
        MacKey(match mac {
            Mac::HmacMd5 => hmac_md5_key(key),
            Mac::HmacSha1 => other(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key),
            Mac::HmacSha384 => other(hmac::HMAC_SHA384, key),
            Mac::HmacSha256 | Mac::NoMac => other(hmac::HMAC_SHA256, key),
        })
    }

    /// The HMAC of the parts, one behind the other.
    pub fn sign(&self, parts: &[&[u8]]) -> Tag {
        match &self.0 {
            Inner::Md5 { inner, outer } => {
                let mut inner = inner.clone();
                parts.iter().for_each(|part| inner.update(part));
                Tag::of(&outer.clone().chain_update(inner.finalize()).finalize())
            }
            Inner::Other(key) => {
                let mut context = hmac::Context::with_key(key);
                parts.iter().for_each(|part| context.update(part));
                Tag::of(context.sign().as_ref())
            }
        }
    }
}

fn other(algorithm: hmac::Algorithm, key: &[u8]) -> Inner {
    Inner::Other(Box::new(hmac::Key::new(algorithm, key)))
}

/// RFC 2104 2, with MD5's block of 64 bytes.
fn hmac_md5_key(key: &[u8]) -> Inner {
    let digest = Md5::digest(key);
    let key = if key.len() > 64 { &digest[..] } else { key };
    let pad = |byte: u8| {
        let mut block = Zeroizing::new([byte; 64]);
        block.iter_mut().zip(key).for_each(|(slot, byte)| *slot ^= byte);
        Md5::new_with_prefix(&block[..])
    };
    Inner::Md5 { inner: pad(0x36), outer: pad(0x5c) }
}

/// RFC 5246 8.1, bytes.
const MASTER_LEN: usize = 48;
/// SHA-384, the longest hash of TLS 1.3, bytes.
const LONGEST_HASH: usize = 48;
/// RFC 8446 5.3, bytes.
const IV_LEN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{hex, unhex};

    fn bytes(text: &str) -> Vec<u8> {
        unhex(text).expect("hexadecimal")
    }

    /// The vectors that the TLS working group exchanged for TLS 1.2 (mail archive, "P_SHA256" and "P_SHA384" test vectors).
    #[test]
    fn the_prf_of_tls_1_2_gives_the_known_vectors() {
        let out = prf(
            PrfKind::Hash(Prf::Sha256),
            &bytes("9bbe436ba940f017b17652849a71db35"),
            "test label",
            &[&bytes("a0ba9f936cda311827a6f796ffd5198c")],
            100,
        );
        let expected = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564b\
                        ab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66";
        assert_eq!(hex(&out), expected);
        let out = prf(
            PrfKind::Hash(Prf::Sha384),
            &bytes("b80b733d6ceefcdc71566ea48e5567df"),
            "test label",
            &[&bytes("cd665cf6a8447dd6ff8b27555edb7465")],
            148,
        );
        assert!(hex(&out).starts_with(
            "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700"
        ));
    }

    /// RFC 2202 2, cases 1 and 6: HMAC-MD5 with a short key and with one longer than a block.
    #[test]
    fn hmac_md5_of_rfc_2202() {
        assert_eq!(hex(MacKey::new(Mac::HmacMd5, &[0x0b; 16]).sign(&[b"Hi ", b"There"]).as_ref()), "9294727a3638bb1c13f48ef8158bfc9d");
        let long = MacKey::new(Mac::HmacMd5, &[0xaa; 80]).sign(&[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex(long.as_ref()), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }

    /// RFC 8448 3: the server's handshake traffic secret, and the client's application secret.
    #[test]
    fn the_traffic_keys_of_rfc_8448() {
        let suite = Suite::of(0x1301).expect("AES-128-GCM");
        let secret = bytes("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let (key, iv) = traffic_keys(suite, &secret);
        assert_eq!((hex(&key), hex(&iv)), ("3fce516009c21727d0f2e4e86ee403bc".into(), "5d313eb2671276ee13000b30".into()));
        let secret = bytes("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
        let (key, iv) = traffic_keys(suite, &secret);
        assert_eq!((hex(&key), hex(&iv)), ("17422dda596ed5d9acd890e3c63f5051".into(), "5b78923dee08579033e523d9".into()));
    }

    #[test]
    fn key_update_changes_the_secret_and_keeps_its_length() {
        for hash in [Prf::Sha256, Prf::Sha384] {
            let secret = vec![7; hash.len()];
            let next = next_secret(hash, &secret);
            assert_eq!(next.len(), secret.len());
            assert_eq!(next, expand_label(hash, &secret, "traffic upd", b"", hash.len()));
            assert_ne!(next_secret(hash, &next), next);
        }
    }

    #[test]
    fn the_key_block_is_cut_in_the_order_of_rfc_5246_6_3() {
        let suite = Suite::of(0x002f).expect("AES-128-CBC with SHA-1");
        let (client, server) = ([1; 32], [2; 32]);
        let block = prf(PrfKind::Md5Sha1, &[3; 48], "key expansion", &[&server, &client], 104);
        let [from_client, from_server] = key_block(crate::wire::tls::TLS10, suite, &[3; 48], &client, &server);
        let cut = [&from_client.mac, &from_server.mac, &from_client.key, &from_server.key, &from_client.iv, &from_server.iv];
        assert_eq!(cut.map(|part| part.to_vec()).concat(), block.to_vec());
        assert_eq!(cut.map(|part| part.len()), [20, 20, 16, 16, 16, 16]);
    }
}
