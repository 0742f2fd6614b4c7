//! Writes the network packets inside tunnels as a pcapng of raw IP, an interface for every connection.

use crate::base::Side;
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// Inner packets on their way into a file.
pub struct Export<W: Write> {
    writer: PcapNgWriter<W>,
    /// Number of the connection, and its interface.
    interfaces: FxHashMap<u64, u32>,
    packets: u64,
}

impl<W: Write> Export<W> {
    /// Begins the file.
    pub fn new(out: W) -> io::Result<Export<W>> {
        let writer = PcapNgWriter::new(out).map_err(io::Error::other)?;
        Ok(Export { writer, interfaces: FxHashMap::default(), packets: 0 })
    }

    /// Writes a packet of the connection of that number between these ends; the time is in microseconds since 1970-01-01 UTC.
    pub fn packet(&mut self, number: u64, ends: (SocketAddr, SocketAddr), unix_us: i64, from: Side, packet: &[u8]) -> io::Result<()> {
        let interface_id = match self.interfaces.get(&number) {
            Some(id) => *id,
            None => self.interface(number, ends)?,
        };
        let flags = match from {
            Side::Client => OUTBOUND,
            Side::Server => INBOUND,
        };
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: Duration::from_micros(u64::try_from(unix_us).unwrap_or(0)),
            original_len: u32::try_from(packet.len()).unwrap_or(u32::MAX),
            data: Cow::Borrowed(packet),
            options: vec![EnhancedPacketOption::Flags(flags)],
        };
        self.packets += 1;
        self.writer.write_pcapng_block(block).map(|_| ()).map_err(io::Error::other)
    }

    /// Packets written.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<W> {
        let mut out = self.writer.into_inner();
        out.flush()?;
        Ok(out)
    }

    fn interface(&mut self, number: u64, (client, server): (SocketAddr, SocketAddr)) -> io::Result<u32> {
        let id = u32::try_from(self.interfaces.len()).map_err(io::Error::other)?;
        let name = format!("sstp {number}");
        let description = format!("inside the SSTP connection {number}, {client} to {server}");
        let options = [InterfaceDescriptionOption::IfName(name.into()), InterfaceDescriptionOption::IfDescription(description.into())];
        let block = InterfaceDescriptionBlock { linktype: DataLink::RAW, snaplen: 0, options: options.into() };
        self.writer.write_pcapng_block(block).map_err(io::Error::other)?;
        self.interfaces.insert(number, id);
        Ok(id)
    }
}

/// draft-ietf-opsawg-pcapng 4.3.1: received, seen from the client.
const INBOUND: u32 = 1;
/// draft-ietf-opsawg-pcapng 4.3.1: sent, seen from the client.
const OUTBOUND: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_file::pcapng::{Block, PcapNgReader};

    #[test]
    fn what_goes_in_comes_out_with_its_time_and_its_interface() {
        let ends = ("192.0.2.1:50000".parse().expect("an address"), "203.0.113.7:443".parse().expect("an address"));
        let mut export = Export::new(Vec::new()).expect("a Vec takes everything");
        let packets = [(7, 1_700_000_000_000_001, Side::Client, &b"\x45one"[..]), (9, 1_700_000_000_000_002, Side::Server, b"\x60two")];
        for (number, at, from, packet) in packets {
            export.packet(number, ends, at, from, packet).expect("a Vec takes everything");
        }
        export.packet(7, ends, 5, Side::Server, b"\x45three").expect("a Vec takes everything");
        assert_eq!(export.packets(), 3);
        let file = export.finish().expect("a Vec takes everything");
        let mut reader = PcapNgReader::new(&file[..]).expect("pcapng");
        let (mut interfaces, mut seen) = (Vec::new(), Vec::new());
        while let Some(block) = reader.next_block() {
            match block.expect("well formed").0 {
                Block::InterfaceDescription(interface) => interfaces.push(interface.linktype),
                Block::EnhancedPacket(packet) => seen.push((packet.interface_id, packet.timestamp.as_micros(), packet.data.to_vec())),
                _ => {}
            }
        }
        assert_eq!(interfaces, [DataLink::RAW, DataLink::RAW]);
        let wanted = [
            (0, 1_700_000_000_000_001, b"\x45one".to_vec()),
            (1, 1_700_000_000_000_002, b"\x60two".to_vec()),
            (0, 5, b"\x45three".to_vec()),
        ];
        assert_eq!(seen, wanted);
    }
}
