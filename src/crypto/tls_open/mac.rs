//! Suites with an HMAC beside the cipher: CBC, RC4, and no encryption. RFC 5246 6.2.3.1 and 6.2.3.2, RFC 7366.

use super::associated;
use crate::crypto::tls_keys::{Keys, MacKey};
use crate::wire::tls::TLS11;
use crate::wire::tls::record::Header;
use crate::wire::tls::suite::{Cipher, Suite};
use aes::cipher::{Array, BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit};
use aes::{Aes128, Aes256};
use des::{Des, TdesEde3};
use rc4::{KeyInit, Rc4, StreamCipher};

/// A cipher with an HMAC.
pub(super) struct Maced {
    cipher: Kind,
    mac: MacKey,
    mac_len: usize,
    encrypt_then_mac: bool,
    /// Up to TLS 1.0: the last block of the record before. Later versions carry an IV in every record.
    chained: Option<Vec<u8>>,
    /// RC4's stream went on by a record that did not open.
    moved: bool,
}

enum Kind {
    Aes128(Aes128),
    Aes256(Aes256),
    TripleDes(TdesEde3),
    Des(Des),
    Rc4(Rc4),
    Null,
}

impl Maced {
    pub(super) fn new(version: u16, suite: &Suite, keys: &Keys, encrypt_then_mac: bool) -> Option<Maced> {
        let cipher = match suite.cipher {
            Cipher::Aes128Cbc => Kind::Aes128(Aes128::new_from_slice(&keys.key).ok()?),
            Cipher::Aes256Cbc => Kind::Aes256(Aes256::new_from_slice(&keys.key).ok()?),
            Cipher::TripleDesCbc => Kind::TripleDes(TdesEde3::new_from_slice(&keys.key).ok()?),
            Cipher::DesCbc => Kind::Des(Des::new_from_slice(&keys.key).ok()?),
            Cipher::Rc4 => Kind::Rc4(Rc4::new_from_slice(&keys.key).ok()?),
            Cipher::Null => Kind::Null,
            _ => return None,
        };
        let block = suite.cipher.block_len();
        Some(Maced {
            cipher,
            mac: MacKey::new(suite.mac, &keys.mac),
            mac_len: suite.mac.len(),
            // RFC 7366 3: of no effect on stream ciphers.
            encrypt_then_mac: encrypt_then_mac && block.is_some(),
            chained: block.filter(|_| version < TLS11).map(|_| keys.iv.to_vec()),
            moved: false,
        })
    }

    /// A record into `out`; the length of the plaintext.
    pub(super) fn open(&mut self, seq: u64, header: Header, body: &[u8], out: &mut [u8]) -> Option<usize> {
        if let Kind::Rc4(cipher) = &mut self.cipher {
            let plain = out.get_mut(..body.len())?;
            plain.copy_from_slice(body);
            cipher.apply_keystream(plain);
            let opened = self.authentic(seq, header, plain);
            self.moved = opened.is_none();
            return opened;
        }
        if let Kind::Null = self.cipher {
            out.get_mut(..body.len())?.copy_from_slice(body);
            return self.authentic(seq, header, body);
        }
        let sealed = if self.encrypt_then_mac { self.outer(seq, header, body)? } else { body };
        let len = self.unchain(sealed, out)?;
        let plain = out.get(..len)?;
        let len = match self.encrypt_then_mac {
            true => unpadded(plain)?,
            false => self.authentic(seq, header, plain.get(..unpadded(plain)?)?)?,
        };
        self.keep_block(sealed);
        Some(len)
    }

    /// A record went by that was not opened.
    pub(super) fn pass_over(&mut self, body: &[u8]) {
        if let Kind::Rc4(cipher) = &mut self.cipher
            && !std::mem::take(&mut self.moved)
        {
            cipher.apply_keystream(&mut body.to_vec());
        }
        let end = if self.encrypt_then_mac { body.len().saturating_sub(self.mac_len) } else { body.len() };
        self.keep_block(body.get(..end).unwrap_or_default());
    }

    pub(super) fn can_skip(&self) -> bool {
        !matches!(self.cipher, Kind::Rc4(_))
    }

    fn keep_block(&mut self, sealed: &[u8]) {
        if let Some(block) = &mut self.chained {
            let last = sealed.get(sealed.len().saturating_sub(block.len())..).unwrap_or_default();
            *block = last.to_vec();
        }
    }

    /// Plaintext with the MAC behind it; its length without. RFC 5246 6.2.3.1.
    fn authentic(&self, seq: u64, header: Header, plain: &[u8]) -> Option<usize> {
        let len = plain.len().checked_sub(self.mac_len)?;
        let (data, mac) = plain.split_at_checked(len)?;
        (self.mac.sign(&[&associated(seq, header, len), data]).as_ref() == mac).then_some(len)
    }

    /// Ciphertext with the MAC behind it; the ciphertext. RFC 7366 3.
    fn outer<'a>(&self, seq: u64, header: Header, body: &'a [u8]) -> Option<&'a [u8]> {
        let len = self.authentic(seq, header, body)?;
        body.get(..len)
    }

    /// CBC into `out`; the length with padding.
    fn unchain(&self, sealed: &[u8], out: &mut [u8]) -> Option<usize> {
        let chained = self.chained.as_deref();
        match &self.cipher {
            Kind::Aes128(key) => cbc(key, chained, sealed, out),
            Kind::Aes256(key) => cbc(key, chained, sealed, out),
            Kind::TripleDes(key) => cbc(key, chained, sealed, out),
            Kind::Des(key) => cbc(key, chained, sealed, out),
            Kind::Rc4(_) | Kind::Null => None,
        }
    }
}

/// CBC with the IV given, or with the one at the start of the record. RFC 5246 6.2.3.2.
fn cbc<K: BlockCipherDecrypt>(key: &K, iv: Option<&[u8]>, sealed: &[u8], out: &mut [u8]) -> Option<usize> {
    let (iv, sealed) = match iv {
        Some(iv) => (iv, sealed),
        None => sealed.split_at_checked(K::block_size())?,
    };
    let (blocks, rest) = Array::slice_as_chunks(sealed);
    let out = Array::slice_as_chunks_mut(out.get_mut(..sealed.len())?).0;
    if blocks.is_empty() || !rest.is_empty() {
        return None;
    }
    cbc::Decryptor::inner_iv_slice_init(key, iv).ok()?.decrypt_blocks_b2b(blocks, out).ok()?;
    Some(sealed.len())
}

/// The length without padding; nothing where the padding is wrong. RFC 5246 6.2.3.2.
fn unpadded(plain: &[u8]) -> Option<usize> {
    let (pad, _) = plain.split_last()?;
    let len = plain.len().checked_sub(usize::from(*pad) + 1)?;
    plain.get(len..)?.iter().all(|byte| byte == pad).then_some(len)
}
