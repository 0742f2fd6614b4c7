//! From the length of a record to the length of what is in it.

use crate::wire::tls::suite::{Cipher, Mac, Suite};
use crate::wire::tls::{TLS10, TLS11, TLS13};

/// The length of a plaintext in bytes: between two bounds, which are one number with AEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) low: u32,
    pub(super) high: u32,
}

impl Plain {
    pub(super) fn exact(len: u32) -> Plain {
        Plain { low: len, high: len }
    }

    /// It may be that long.
    pub(super) fn has(self, len: u32) -> bool {
        (self.low..=self.high).contains(&len)
    }

    /// It may be as long as one of these.
    pub(super) fn meets(self, low: u32, high: u32) -> bool {
        self.low <= high && low <= self.high
    }

    /// So many bytes more.
    pub(super) fn more(self, low: u32, high: u32) -> Plain {
        Plain { low: self.low.saturating_add(low), high: self.high.saturating_add(high) }
    }

    pub(super) fn plus(self, other: Plain) -> Plain {
        self.more(other.low, other.high)
    }
}

/// How a suite turns plaintext into a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// So many bytes more. TLS 1.3 also hides the content type.
    Exact { overhead: usize, tls13: bool },
    /// Blocks, with a MAC before or behind the encryption.
    Cbc { block: usize, mac: usize, explicit: bool },
}

impl Mode {
    /// What a version and suite do; nothing where it is unknown.
    pub(super) fn of(version: u16, suite: u16) -> Option<Mode> {
        let suite = Suite::of(suite)?;
        let exact = |overhead| Some(Mode::Exact { overhead, tls13: version >= TLS13 });
        match (suite.cipher, suite.cipher.tag_len(), suite.cipher.block_len()) {
            // RFC 8446 5.2: content type and tag.
            (_, Some(tag), _) if version >= TLS13 => exact(1 + tag),
            // RFC 7905 2: the nonce is not sent.
            (Cipher::ChaCha20Poly1305, Some(tag), _) => exact(tag),
            // RFC 5288 3, RFC 6655 3: eight bytes of nonce.
            (_, Some(tag), _) => exact(8 + tag),
            (_, _, Some(block)) if version >= TLS10 => Some(Mode::Cbc { block, mac: suite.mac.len(), explicit: version >= TLS11 }),
            (Cipher::Rc4 | Cipher::Null, ..) if suite.mac != Mac::NoMac => exact(suite.mac.len()),
            _ => None,
        }
    }

    /// The plaintext of a record of this length. With CBC the padding is taken to be the shortest.
    pub(super) fn plain(self, len: usize) -> Plain {
        match self {
            Mode::Exact { overhead, .. } => Plain::exact(len.saturating_sub(overhead) as u32),
            Mode::Cbc { block, mac, explicit } => {
                let body = len.saturating_sub(if explicit { block } else { 0 });
                // RFC 7366 3: with encrypt-then-MAC the MAC stands behind the blocks. Where it is as long as whole blocks,
                // both orders give the same lengths.
                let high = body.saturating_sub(mac + 1);
                let before = body.is_multiple_of(block);
                let low = if before { (body + 1).saturating_sub(mac + block + 1) } else { body.saturating_sub(mac + block) };
                Plain { low: low as u32, high: high.max(low) as u32 }
            }
        }
    }

    pub(super) fn is_exact(self) -> bool {
        matches!(self, Mode::Exact { .. })
    }

    /// TLS 1.0 with CBC: a message may be split behind its first byte against chosen plaintext.
    pub(super) fn splits(self) -> bool {
        matches!(self, Mode::Cbc { explicit: false, .. })
    }

    /// TLS 1.3: the client's record is no Finished, but one of a certificate before it. RFC 8446 4.4: a Finished is 36 or 52
    /// bytes; an empty Certificate, which goes before it where the client has none, is 8.
    pub(super) fn may_be_certificate(self, len: usize) -> bool {
        let plain = self.plain(len);
        !plain.has(36) && !plain.has(52) && (plain.has(8) || plain.low > 520)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::TLS12;

    /// Measured: the request of 195 bytes, Call Connect Request, Call Connect Ack, Call Connected.
    #[test]
    fn measured_records_have_the_sizes_of_their_messages() {
        let rows: [(u16, u16, [usize; 4]); 7] = [
            (TLS13, 0x1302, [212, 31, 65, 129]),
            (TLS12, 0xc030, [219, 38, 72, 136]),
            (TLS12, 0xcca8, [211, 30, 64, 128]),
            (TLS12, 0xc014, [240, 64, 96, 160]),
            (TLS12, 0xc027, [256, 64, 112, 176]),
            (TLS12, 0xc028, [272, 80, 128, 192]),
            // SHA-1 with encrypt-then-MAC.
            (TLS12, 0xc013, [16 + 208 + 20, 52, 100, 164]),
        ];
        for (version, suite, records) in rows {
            let mode = Mode::of(version, suite).expect("known");
            for (record, message) in records.into_iter().zip([195, 14, 48, 112]) {
                let plain = mode.plain(record);
                assert!(plain.has(message), "{suite:04x}: {record} is {plain:?}, not {message}");
                assert!(plain.high - plain.low < 16 && (mode.is_exact() == (plain.low == plain.high)), "{suite:04x}: {plain:?}");
            }
        }
    }

    /// Every length of a plaintext is among those of its record.
    #[test]
    fn no_length_is_left_out() {
        for (version, suite) in [(TLS10, 0x002f), (TLS12, 0x002f), (TLS12, 0xc028), (TLS12, 0x000a), (TLS12, 0x003c)] {
            let mode = Mode::of(version, suite).expect("known");
            let Mode::Cbc { block, mac, explicit } = mode else { panic!("CBC") };
            let iv = if explicit { block } else { 0 };
            for len in 0..600usize {
                let mac_then_encrypt = iv + block * (len + mac + 1).div_ceil(block);
                let encrypt_then_mac = iv + block * (len + 1).div_ceil(block) + mac;
                for record in [mac_then_encrypt, encrypt_then_mac] {
                    assert!(mode.plain(record).has(len as u32), "{suite:04x}: {len} in {record}: {:?}", mode.plain(record));
                }
            }
        }
    }
}
