//! TCP reassembly. RFC 9293.

use super::segment::{IcmpError, Segment};
use crate::base::{Micros, Side};
use crate::transcript::tap;
use std::net::SocketAddr;

/// The first segment seen of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// Time of the first packet, microseconds since 1970-01-01 UTC; all times of the connection count from here.
    pub began: i64,
    /// Number of the first packet.
    pub packet: u64,
    /// The end that dialled, as far as can be told.
    pub client: SocketAddr,
    /// The end that answered.
    pub server: SocketAddr,
    /// A SYN was seen, so that the sides are certain.
    pub certain: bool,
}

/// Who takes the streams of one connection. Times never go backwards.
pub trait Stream {
    /// The next bytes of one side, in order, each once.
    fn bytes(&mut self, at: Micros, from: Side, bytes: &[u8]);
    /// So many bytes of one side are missing from the capture for good.
    fn gap(&mut self, at: Micros, from: Side, bytes: u64);
    /// One side ended its stream, after all its bytes: FIN, or RST.
    fn end(&mut self, at: Micros, from: Side, reset: bool);
    /// The packet that is being read; called before the other calls that it causes.
    fn packet(&mut self, number: u64) {
        let _ = number;
    }
    /// Nothing more will come.
    fn over(self, flow: tap::Flow);
}

/// Who makes a [`Stream`] for a new connection.
pub trait Open {
    /// What takes the streams.
    type Stream: Stream;
    /// A connection was seen for the first time.
    fn open(&mut self, first: &First) -> Self::Stream;
}

/// All connections of a capture.
#[derive(Debug)]
pub struct Table<O: Open> {
    open: O,
}

impl<O: Open> Table<O> {
    /// An empty table.
    pub fn new(open: O) -> Table<O> {
        Table { open }
    }

    /// Takes a segment.
    pub fn segment(&mut self, segment: &Segment<'_>) {
        let _ = segment;
    }

    /// Takes an ICMP error.
    pub fn icmp(&mut self, error: &IcmpError) {
        let _ = error;
    }

    /// The capture ended: every connection is over.
    pub fn finish(self) -> O {
        self.open
    }
}
