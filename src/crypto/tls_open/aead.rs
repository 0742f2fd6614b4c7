//! Authenticated encryption: AES-GCM, ChaCha20-Poly1305 and AES-CCM.

use crate::wire::tls::suite::Cipher;
use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ccm::aead::inout::InOutBuf;
use ccm::aead::{AeadInOut, Tag};
use ccm::consts::{U8, U12, U16};
use ccm::{Ccm, KeyInit};

/// A key of an AEAD suite with the fixed part of its nonce.
pub(super) struct Aead {
    key: Key,
    iv: [u8; NONCE_LEN],
    /// Bytes of the nonce that stand in every record.
    explicit: usize,
    tag: usize,
}

enum Key {
    AwsLc(LessSafeKey),
    Ccm128(Box<Ccm<Aes128, U16, U12>>),
    Ccm256(Box<Ccm<Aes256, U16, U12>>),
    Ccm128Short(Box<Ccm<Aes128, U8, U12>>),
    Ccm256Short(Box<Ccm<Aes256, U8, U12>>),
}

impl Aead {
    pub(super) fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Option<Aead> {
        let aws = |algorithm| Some(Key::AwsLc(LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?)));
        let made = match cipher {
            Cipher::Aes128Gcm => aws(&AES_128_GCM)?,
            Cipher::Aes256Gcm => aws(&AES_256_GCM)?,
            Cipher::ChaCha20Poly1305 => aws(&CHACHA20_POLY1305)?,
            Cipher::Aes128Ccm => Key::Ccm128(Box::new(Ccm::new_from_slice(key).ok()?)),
            Cipher::Aes256Ccm => Key::Ccm256(Box::new(Ccm::new_from_slice(key).ok()?)),
            Cipher::Aes128Ccm8 => Key::Ccm128Short(Box::new(Ccm::new_from_slice(key).ok()?)),
            Cipher::Aes256Ccm8 => Key::Ccm256Short(Box::new(Ccm::new_from_slice(key).ok()?)),
            _ => return None,
        };
        let mut whole = [0; NONCE_LEN];
        whole.get_mut(..iv.len())?.copy_from_slice(iv);
        Some(Aead { key: made, iv: whole, explicit: NONCE_LEN - iv.len(), tag: cipher.tag_len()? })
    }

    pub(super) fn tag_len(&self) -> usize {
        self.tag
    }

    /// The IV with the sequence number in it. RFC 8446 5.3, RFC 7905 2.
    pub(super) fn counted_nonce(&self, seq: u64) -> [u8; NONCE_LEN] {
        let mut nonce = self.iv;
        nonce.iter_mut().skip(NONCE_LEN - 8).zip(seq.to_be_bytes()).for_each(|(slot, byte)| *slot ^= byte);
        nonce
    }

    /// The nonce of a record up to TLS 1.2, and the record without its part of it. RFC 5288 3, RFC 6655 3, RFC 7905 2.
    pub(super) fn explicit_nonce<'a>(&self, seq: u64, body: &'a [u8]) -> Option<([u8; NONCE_LEN], &'a [u8])> {
        if self.explicit == 0 {
            return Some((self.counted_nonce(seq), body));
        }
        let (part, body) = body.split_at_checked(self.explicit)?;
        let mut nonce = self.iv;
        nonce.iter_mut().skip(NONCE_LEN - self.explicit).zip(part).for_each(|(slot, byte)| *slot = *byte);
        Some((nonce, body))
    }

    /// Ciphertext and tag into `out`; the length of the plaintext.
    pub(super) fn open(&self, nonce: &[u8; NONCE_LEN], associated: &[u8], body: &[u8], out: &mut [u8]) -> Option<usize> {
        let len = body.len().checked_sub(self.tag)?;
        let (cipher, tag) = body.split_at_checked(len)?;
        let out = out.get_mut(..len)?;
        match &self.key {
            Key::AwsLc(key) => {
                key.open_separate_gather(Nonce::assume_unique_for_key(*nonce), Aad::from(associated), cipher, tag, out).ok()?
            }
            Key::Ccm128(key) => ccm_open(&**key, nonce, associated, cipher, tag, out)?,
            Key::Ccm256(key) => ccm_open(&**key, nonce, associated, cipher, tag, out)?,
            Key::Ccm128Short(key) => ccm_open(&**key, nonce, associated, cipher, tag, out)?,
            Key::Ccm256Short(key) => ccm_open(&**key, nonce, associated, cipher, tag, out)?,
        }
        Some(len)
    }
}

fn ccm_open<K: AeadInOut<NonceSize = U12>>(
    key: &K,
    nonce: &[u8; NONCE_LEN],
    associated: &[u8],
    cipher: &[u8],
    tag: &[u8],
    out: &mut [u8],
) -> Option<()> {
    let tag: &Tag<K> = tag.try_into().ok()?;
    let both = InOutBuf::new(cipher, out).ok()?;
    key.decrypt_inout_detached(nonce.into(), associated, both, tag).ok()
}

/// All AEADs of TLS have nonces of 12 bytes.
const NONCE_LEN: usize = 12;
