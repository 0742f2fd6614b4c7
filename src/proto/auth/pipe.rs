//! TLS messages cut into EAP packets and put together again. RFC 5216 2.1.5.

use crate::wire::eap::Tunnel;

/// What a fragment came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// More is to come: an empty packet asks for it.
    Part,
    /// Nothing was in it: the other end has taken our last fragment, or has nothing to say.
    Empty,
    /// A whole TLS message or several.
    Whole(Vec<u8>),
}

/// Both directions of one EAP method that carries TLS.
#[derive(Debug)]
pub(super) struct Pipe {
    version: u8,
    limit: usize,
    incoming: Vec<u8>,
    expected: Option<u32>,
    outgoing: Vec<u8>,
    sent: usize,
}

impl Pipe {
    /// A pipe whose packets bear this version of the method and at most `limit` bytes of TLS.
    pub fn new(version: u8, limit: usize) -> Pipe {
        Pipe { version, limit: limit.max(MIN_FRAGMENT), incoming: Vec::new(), expected: None, outgoing: Vec::new(), sent: 0 }
    }

    /// A fragment came.
    pub fn receive(&mut self, tunnel: &Tunnel) -> Result<Received, String> {
        if self.incoming.is_empty() {
            self.expected = tunnel.length;
        }
        self.incoming.extend(tunnel.data.iter());
        if self.incoming.len() > MAX_MESSAGE || tunnel.length.is_some_and(|length| length as usize > MAX_MESSAGE) {
            return Err(format!("a TLS message of more than {MAX_MESSAGE} bytes within EAP"));
        }
        if tunnel.more {
            return Ok(Received::Part);
        }
        let whole = std::mem::take(&mut self.incoming);
        match self.expected.take() {
            _ if whole.is_empty() => Ok(Received::Empty),
            Some(length) if length as usize != whole.len() => {
                Err(format!("the fragments hold {} bytes of a TLS message that was announced with {length}: one is missing", whole.len()))
            }
            _ => Ok(Received::Whole(whole)),
        }
    }

    /// Bytes to send, by and by.
    pub fn queue(&mut self, bytes: Vec<u8>) {
        (self.outgoing, self.sent) = (bytes, 0);
    }

    /// Everything queued was handed out.
    pub fn is_drained(&self) -> bool {
        self.sent >= self.outgoing.len()
    }

    /// The next packet's data: a fragment, or nothing but flags.
    pub fn next(&mut self) -> Vec<u8> {
        let left = self.outgoing.get(self.sent..).unwrap_or_default();
        let data = left.get(..self.limit.min(left.len())).unwrap_or_default().to_vec();
        let (first, more) = (self.sent == 0, data.len() < left.len());
        self.sent += data.len();
        // RFC 5216 2.1.5: the first of several fragments tells the length of the whole.
        let length = (first && more).then_some(self.outgoing.len() as u32);
        Tunnel { start: false, more, version: self.version, length, data: data.into() }.emit()
    }

    /// The data of a packet with flags only.
    pub fn empty(&self) -> Vec<u8> {
        vec![self.version]
    }
}

/// Ours: a handshake with long chains has some 10 KiB; RFC 5216 2.1.5 leaves the bound to the implementation.
const MAX_MESSAGE: usize = 64 * 1024;
/// Ours: smaller fragments would take hundreds of round trips.
const MIN_FRAGMENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::eap::{self, Packet};

    fn read(data: &[u8]) -> Tunnel {
        Packet::request(1, eap::TLS, data).tunnel().expect("a type with TLS").expect("readable")
    }

    #[test]
    fn what_is_cut_at_one_end_is_put_together_at_the_other() {
        let bytes: Vec<u8> = (0..2500u32).map(|n| n as u8).collect();
        let (mut from, mut to) = (Pipe::new(0, 1000), Pipe::new(0, 1000));
        from.queue(bytes.clone());
        let first = from.next();
        assert_eq!((first.len(), first[0], read(&first).length), (1005, 0xc0, Some(2500)));
        assert_eq!(to.receive(&read(&first)), Ok(Received::Part));
        assert_eq!(to.receive(&read(&from.next())), Ok(Received::Part));
        assert!(!from.is_drained());
        assert_eq!(to.receive(&read(&from.next())), Ok(Received::Whole(bytes)));
        assert!(from.is_drained());
        assert_eq!(to.receive(&read(&from.next())), Ok(Received::Empty));
    }

    #[test]
    fn a_missing_fragment_and_an_endless_message_are_refused() {
        let mut from = Pipe::new(0, 1000);
        from.queue(vec![1; 2500]);
        let mut to = Pipe::new(0, 1000);
        to.receive(&read(&from.next())).expect("the first");
        from.next();
        assert!(to.receive(&read(&from.next())).unwrap_err().contains("one is missing"));
        let mut to = Pipe::new(0, 1000);
        let part = Tunnel { start: false, more: true, version: 0, length: None, data: vec![0; 4000].into() };
        assert!((0..17).any(|_| to.receive(&part).is_err()));
        let huge = Tunnel { length: Some(u32::MAX), ..part };
        assert!(Pipe::new(0, 1000).receive(&huge).is_err());
    }
}
