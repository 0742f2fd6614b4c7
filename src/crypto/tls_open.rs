//! Opens the records of one direction of a TLS connection, for a tap that has the keys: all AEAD suites, CBC with MAC
//! before or behind the encryption, RC4, and suites without encryption. RFC 2246 6.2.3 to RFC 8446 5.2.
//!
//! What does not open leaves the opener as it was, so that another sequence number can be tried; only RC4's stream goes
//! on, as it must for the record after.

mod aead;
mod mac;

use super::tls_keys::{Keys, traffic_keys};
use crate::wire::tls::record::{APPLICATION_DATA, Header};
use crate::wire::tls::suite::{Cipher, Suite};
use crate::wire::tls::{TLS10, TLS12, TLS13};
use aead::Aead;
use mac::Maced;

/// Opens the records of one direction.
pub struct Opener {
    way: Way,
    seq: u64,
}

// An AEAD's key is a pointer, the others hold key schedules; they are few and boxed.
enum Way {
    Aead13(Aead),
    Aead12(Aead),
    Maced(Box<Maced>),
}

/// The plaintext of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Content type; in TLS 1.3 the inner one.
    pub kind: u8,
    /// Length of the plaintext in bytes.
    pub len: usize,
}

impl Opener {
    /// For a traffic secret of TLS 1.3; nothing where the suite is not one that this program opens. RFC 8446 5.2.
    pub fn tls13(suite: &Suite, secret: &[u8]) -> Option<Opener> {
        let (key, iv) = traffic_keys(suite, secret);
        Some(Opener { way: Way::Aead13(Aead::new(suite.cipher, &key, &iv)?), seq: 0 })
    }

    /// For one direction's part of the key block, TLS 1.0 to 1.2; nothing where the suite is not one that this program
    /// opens.
    pub fn tls12(version: u16, suite: &Suite, keys: &Keys, encrypt_then_mac: bool) -> Option<Opener> {
        if !(TLS10..TLS13).contains(&version) {
            return None;
        }
        let way = match suite.cipher.tag_len() {
            Some(_) if version < TLS12 => return None,
            Some(_) => Way::Aead12(Aead::new(suite.cipher, &keys.key, &keys.iv)?),
            None if suite.cipher == Cipher::Other => return None,
            None => Way::Maced(Box::new(Maced::new(version, suite, keys, encrypt_then_mac)?)),
        };
        Some(Opener { way, seq: 0 })
    }

    /// Opens a record into `out`, which has room for [`MAX_BODY`](crate::wire::tls::record::MAX_BODY) bytes; nothing where
    /// the record is not what the keys and the sequence number make of it.
    pub fn open(&mut self, header: Header, body: &[u8], out: &mut [u8]) -> Option<Opened> {
        let opened = match &mut self.way {
            Way::Aead13(aead) => {
                if header.kind != APPLICATION_DATA {
                    return None;
                }
                let len = aead.open(&aead.counted_nonce(self.seq), &header.emit(), body, out)?;
                inner(out.get(..len)?)?
            }
            Way::Aead12(aead) => {
                let (nonce, body) = aead.explicit_nonce(self.seq, body)?;
                let len = body.len().checked_sub(aead.tag_len())?;
                let len = aead.open(&nonce, &associated(self.seq, header, len), body, out)?;
                Opened { kind: header.kind, len }
            }
            Way::Maced(maced) => Opened { kind: header.kind, len: maced.open(self.seq, header, body, out)? },
        };
        self.seq = self.seq.wrapping_add(1);
        Some(opened)
    }

    /// A record went by that was not opened.
    pub fn pass_over(&mut self, body: &[u8]) {
        self.seq = self.seq.wrapping_add(1);
        if let Way::Maced(maced) = &mut self.way {
            maced.pass_over(body);
        }
    }

    /// The sequence number of the next record.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Goes on with another sequence number.
    pub fn set_seq(&mut self, seq: u64) {
        self.seq = seq;
    }

    /// A record can be opened without those before it, given its sequence number.
    pub fn can_skip(&self) -> bool {
        match &self.way {
            Way::Aead13(_) | Way::Aead12(_) => true,
            Way::Maced(maced) => maced.can_skip(),
        }
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// TLSInnerPlaintext: content, its type, and zeros. RFC 8446 5.2.
fn inner(plain: &[u8]) -> Option<Opened> {
    let len = plain.iter().rposition(|byte| *byte != 0)?;
    Some(Opened { kind: *plain.get(len)?, len })
}

/// What is authenticated beside the plaintext up to TLS 1.2: number, type, version and length. RFC 5246 6.2.3.3.
fn associated(seq: u64, header: Header, len: usize) -> [u8; 13] {
    let [a, b, c, d, e, f, g, h] = seq.to_be_bytes();
    let [kind, major, minor, high, low] = Header { len, ..header }.emit();
    [a, b, c, d, e, f, g, h, kind, major, minor, high, low]
}

#[cfg(test)]
mod tests;
