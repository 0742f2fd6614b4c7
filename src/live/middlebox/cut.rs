//! Where TLS records begin in a stream, and how SSTP shows in their lengths.

use crate::base::Side;
use crate::wire::tls::record::{APPLICATION_DATA, HEADER_LEN, Header};

/// Cuts a stream into records; only the headers are kept.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    header: Vec<u8>,
    /// Bytes of the present record still to come.
    left: usize,
    /// It is no TLS.
    lost: bool,
}

impl Cutter {
    /// Lengths of the encrypted records that begin in these bytes.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<usize> {
        let mut lengths = Vec::new();
        while !bytes.is_empty() && !self.lost {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let take = HEADER_LEN.saturating_sub(self.header.len()).min(bytes.len());
            self.header.extend_from_slice(bytes.get(..take).unwrap_or_default());
            bytes = bytes.get(take..).unwrap_or_default();
            match Header::parse(&self.header) {
                Ok(Some(header)) => {
                    if header.kind == APPLICATION_DATA {
                        lengths.push(header.len);
                    }
                    self.left = header.len;
                    self.header.clear();
                }
                Ok(None) => {}
                Err(_) => self.lost = true,
            }
        }
        lengths
    }
}

/// Looks for a Call Connect Request with its Ack behind it: 14 bytes, then 48, whatever the suite adds to both.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    request: Option<usize>,
    /// What the suite adds, since the pair was found.
    overhead: Option<usize>,
}

impl Sizes {
    /// Takes a record; whether the pair was seen by now.
    pub fn push(&mut self, from: Side, len: usize) -> bool {
        match from {
            Side::Client => self.request = Some(len).filter(|len| OVERHEADS.contains(&len.saturating_sub(REQUEST))),
            Side::Server => {
                let request = self.request.take().filter(|request| len == request + ACK - REQUEST);
                self.overhead = self.overhead.or(request.map(|request| request - REQUEST));
            }
        }
        self.overhead.is_some()
    }

    /// A record of this length from the client is as long as a Call Connected.
    pub fn is_login(&self, len: usize) -> bool {
        self.overhead.is_some_and(|overhead| len == CONNECTED + overhead)
    }
}

/// MS-SSTP 2.2.9: bytes of a Call Connect Request.
const REQUEST: usize = 14;
/// MS-SSTP 2.2.10: bytes of a Call Connect Ack.
const ACK: usize = 48;
/// MS-SSTP 2.2.11: bytes of a Call Connected.
const CONNECTED: usize = 112;
/// What AEAD suites add: ChaCha20 of TLS 1.2, TLS 1.3, AES-GCM of TLS 1.2. RFC 8446 5.2, RFC 5288 3, RFC 7905 2.
const OVERHEADS: [usize; 3] = [16, 17, 24];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_however_the_stream_is_cut() {
        let record = |kind: u8, len: usize| [&[kind, 3, 3, (len >> 8) as u8, len as u8][..], &vec![0; len]].concat();
        let stream = [record(22, 100), record(23, 31), record(23, 600)].concat();
        for step in [1, 3, 7, 1000] {
            let mut cutter = Cutter::default();
            let lengths: Vec<usize> = stream.chunks(step).flat_map(|chunk| cutter.push(chunk)).collect();
            assert_eq!(lengths, [31, 600], "in steps of {step}");
        }
        assert_eq!(Cutter::default().push(b"GET / HTTP/1.1\r\n\r\n"), [0; 0]);
    }

    #[test]
    fn the_pair_is_known_in_every_suite_and_nothing_else_is() {
        for overhead in OVERHEADS {
            let mut sizes = Sizes::default();
            assert!(!sizes.push(Side::Client, 195 + overhead) && !sizes.push(Side::Server, 125 + overhead));
            assert!(!sizes.push(Side::Client, 14 + overhead));
            assert!(!sizes.is_login(112 + overhead));
            assert!(sizes.push(Side::Server, 48 + overhead));
            assert!(sizes.is_login(112 + overhead) && !sizes.is_login(113 + overhead));
        }
        let mut sizes = Sizes::default();
        assert!(!sizes.push(Side::Client, 7 + 17) && !sizes.push(Side::Client, 7 + 17) && !sizes.push(Side::Server, 48 + 17));
    }
}
