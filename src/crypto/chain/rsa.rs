//! RSA signatures that the library leaves aside although they are valid: any salt of RSASSA-PSS, SHA-1 and SHA-224, short and
//! very long keys. Only what is public goes in, so that time tells nobody anything. RFC 8017 8.

use aws_lc_rs::digest::{self, Algorithm, digest};
use x509_parser::num_bigint::BigUint;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::AlgorithmIdentifier;

/// Whether the key (RSAPublicKey, DER) made the signature; nothing for other algorithms, and for keys out of all proportion.
pub(super) fn verify(key: &[u8], algorithm: &AlgorithmIdentifier<'_>, message: &[u8], signature: &[u8]) -> Option<bool> {
    let scheme = Scheme::of(algorithm)?;
    let (_, key) = RSAPublicKey::from_der(key).ok()?;
    let modulus = BigUint::from_bytes_be(key.modulus);
    let exponent = BigUint::from_bytes_be(key.exponent);
    if !(LEAST_BITS..=MOST_BITS).contains(&modulus.bits()) || exponent.bits() > MOST_EXPONENT_BITS || !modulus.bit(0) {
        return None;
    }
    let number = BigUint::from_bytes_be(signature);
    let len = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    if number >= modulus || signature.len() != len {
        return Some(false);
    }
    let bits = usize::try_from(modulus.bits()).ok()?;
    let opened = number.modpow(&exponent, &modulus);
    Some(match scheme {
        Scheme::Pkcs1(hash) => padded(&opened, len) == hash.pkcs1(message, len),
        Scheme::Pss { hash, mask, salt } => pss(&opened, bits, (hash, mask, salt), message).unwrap_or(false),
    })
}

/// How the hash is wrapped.
enum Scheme {
    /// RSASSA-PKCS1-v1_5, RFC 8017 8.2.
    Pkcs1(&'static Hash),
    /// RSASSA-PSS, RFC 8017 8.1, with the length of the salt in bytes.
    Pss { hash: &'static Hash, mask: &'static Hash, salt: usize },
}

impl Scheme {
    fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Scheme> {
        let oid = algorithm.algorithm.to_id_string();
        if oid != RSASSA_PSS {
            return HASHES.iter().find(|hash| hash.pkcs1_oids.contains(&oid.as_str())).map(Scheme::Pkcs1);
        }
        let parameters = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
        let mask = parameters.mask_gen_algorithm().ok().filter(|mask| mask.mgf.to_id_string() == MGF1)?;
        let (hash, mask) = (Hash::of(parameters.hash_algorithm_oid())?, Hash::of(&mask.hash)?);
        let salt = usize::try_from(parameters.salt_length()).ok()?;
        (parameters.trailer_field() == 1).then_some(Scheme::Pss { hash, mask, salt })
    }
}

/// A hash function, and what it is called where.
struct Hash {
    oid: &'static str,
    pkcs1_oids: &'static [&'static str],
    algorithm: &'static Algorithm,
    /// The DER of DigestInfo up to the hash. RFC 8017 9.2, note 1.
    prefix: &'static [u8],
}

impl Hash {
    fn of(oid: &Oid<'_>) -> Option<&'static Hash> {
        let oid = oid.to_id_string();
        HASHES.iter().find(|hash| hash.oid == oid)
    }

    fn over(&self, bytes: &[u8]) -> Vec<u8> {
        digest(self.algorithm, bytes).as_ref().to_vec()
    }

    /// RFC 8017 9.2; nothing where the key is too short for it.
    fn pkcs1(&self, message: &[u8], len: usize) -> Option<Vec<u8>> {
        let info = [self.prefix, &self.over(message)].concat();
        let filling = len.checked_sub(info.len() + 3).filter(|filling| *filling >= LEAST_FILLING)?;
        Some([&[0, 1][..], &vec![0xff; filling], &[0], &info].concat())
    }

    /// RFC 8017 B.2.1.
    fn mask(&self, seed: &[u8], len: usize) -> Vec<u8> {
        let block = |counter: u32| self.over(&[seed, &counter.to_be_bytes()].concat());
        (0..).flat_map(block).take(len).collect()
    }
}

/// The number in so many bytes; nothing where it takes more.
fn padded(number: &BigUint, len: usize) -> Option<Vec<u8>> {
    let bytes = number.to_bytes_be();
    let zeros = len.checked_sub(bytes.len())?;
    Some([vec![0; zeros], bytes].concat())
}

/// RFC 8017 9.1.2; nothing and `false` both say that the signature is wrong.
fn pss(opened: &BigUint, bits: usize, (hash, mask, salt): (&Hash, &Hash, usize), message: &[u8]) -> Option<bool> {
    let bits = bits.checked_sub(1)?;
    let encoded = padded(opened, bits.div_ceil(8))?;
    let (last, rest) = encoded.split_last()?;
    let split = rest.len().checked_sub(hash.algorithm.output_len())?;
    let (masked, seen) = rest.split_at_checked(split)?;
    let zeros = split.checked_sub(salt.checked_add(1)?)?;
    let mut data: Vec<u8> = masked.iter().zip(mask.mask(seen, split)).map(|(byte, mask)| byte ^ mask).collect();
    let unused = 0xff_u8.checked_shr(u32::try_from(encoded.len() * 8 - bits).ok()?)?;
    if *last != PSS_TRAILER || masked.first()? & !unused != 0 {
        return None;
    }
    *data.first_mut()? &= unused;
    let (filling, salt) = data.split_at_checked(zeros)?;
    let (one, salt) = salt.split_first()?;
    let expected = hash.over(&[&[0; 8][..], &hash.over(message), salt].concat());
    Some(filling.iter().all(|byte| *byte == 0) && *one == 1 && expected == seen)
}

const HASHES: [Hash; 5] = [
    Hash {
        oid: "1.3.14.3.2.26",
        // The second is the old OIW name.
        pkcs1_oids: &["1.2.840.113549.1.1.5", "1.3.14.3.2.29"],
        algorithm: &digest::SHA1_FOR_LEGACY_USE_ONLY,
        prefix: &[0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 20],
    },
    Hash {
        oid: "2.16.840.1.101.3.4.2.4",
        pkcs1_oids: &["1.2.840.113549.1.1.14"],
        algorithm: &digest::SHA224,
        prefix: &[0x30, 0x2d, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4, 5, 0, 4, 28],
    },
    Hash {
        oid: "2.16.840.1.101.3.4.2.1",
        pkcs1_oids: &["1.2.840.113549.1.1.11"],
        algorithm: &digest::SHA256,
        prefix: &[0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32],
    },
    Hash {
        oid: "2.16.840.1.101.3.4.2.2",
        pkcs1_oids: &["1.2.840.113549.1.1.12"],
        algorithm: &digest::SHA384,
        prefix: &[0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 48],
    },
    Hash {
        oid: "2.16.840.1.101.3.4.2.3",
        pkcs1_oids: &["1.2.840.113549.1.1.13"],
        algorithm: &digest::SHA512,
        prefix: &[0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 64],
    },
];

/// RFC 4055 1.2.
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
/// RFC 4055 2.2.
const MGF1: &str = "1.2.840.113549.1.1.8";
/// RFC 8017 9.1.1: the last byte.
const PSS_TRAILER: u8 = 0xbc;
/// RFC 8017 9.2: bytes of filling at least.
const LEAST_FILLING: usize = 8;
/// Ours: shorter keys prove nothing at all, in bits.
const LEAST_BITS: u64 = 384;
/// Ours: longer keys are only there to keep us busy, in bits.
const MOST_BITS: u64 = 16_384;
/// Ours: as most libraries, exponents of no more bits than so many.
const MOST_EXPONENT_BITS: u64 = 33;
