use super::*;
use etherparse::{NetSlice, SlicedPacket, TransportSlice};

#[derive(Default)]
struct Kept(Vec<Vec<u8>>);

impl Packets for Kept {
    fn cut_packet(&mut self, _: i64, ip: &[u8], _: usize) -> io::Result<()> {
        self.0.push(ip.to_vec());
        Ok(())
    }

    fn secrets(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// `C` or `S`, flags, sequence number and acknowledgement relative to the first ones, payload length; checksums are
/// checked on the way.
fn read(packets: &[Vec<u8>]) -> Vec<(char, String, u32, u32, usize)> {
    let mut first: [Option<u32>; 2] = [None, None];
    let mut rows = Vec::new();
    for packet in packets {
        let sliced = SlicedPacket::from_ip(packet).expect("a packet");
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("TCP") };
        let header = tcp.to_header();
        let sum = match sliced.net.expect("IP") {
            NetSlice::Ipv4(ip) => {
                let ip = ip.header().to_header();
                assert_eq!(ip.header_checksum, ip.calc_header_checksum());
                header.calc_checksum_ipv4(&ip, tcp.payload())
            }
            NetSlice::Ipv6(ip) => header.calc_checksum_ipv6(&ip.header().to_header(), tcp.payload()),
            NetSlice::Arp(_) => panic!("IP"),
        };
        assert_eq!(sum, Ok(header.checksum));
        let me = usize::from(header.source_port == 443);
        let base = *first[me].get_or_insert(header.sequence_number);
        let theirs = first[1 - me].unwrap_or(header.acknowledgment_number);
        let flags: String = [('S', header.syn), ('F', header.fin), ('R', header.rst), ('P', header.psh), ('A', header.ack)]
            .iter()
            .filter(|f| f.1)
            .map(|f| f.0)
            .collect();
        let ack = if header.ack { header.acknowledgment_number.wrapping_sub(theirs) } else { 0 };
        rows.push((['C', 'S'][me], flags, header.sequence_number.wrapping_sub(base), ack, tcp.payload().len()));
    }
    rows
}

fn wire(client: &str, server: &str, segment: usize) -> Wire {
    let shape = Shape { segment, ..Shape::OFFLOADED };
    Wire::new(client.parse().expect("an address"), server.parse().expect("an address"), 1, shape)
}

fn row(who: char, flags: &str, seq: u32, ack: u32, len: usize) -> (char, String, u32, u32, usize) {
    (who, flags.into(), seq, ack, len)
}

#[test]
fn a_call_is_a_sound_tcp_connection_in_both_families() {
    for (client, server) in [("192.0.2.1:50000", "192.0.2.2:443"), ("[2001:db8::1]:50000", "[2001:db8::2]:443")] {
        let (mut wire, mut out) = (wire(client, server, 4), Kept::default());
        wire.syn(1, &mut out).expect("memory");
        wire.accepted(2, &mut out).expect("memory");
        wire.bytes(3, Side::Client, b"abcdef", &mut out).expect("memory");
        wire.bytes(4, Side::Server, b"xy", &mut out).expect("memory");
        wire.end(5, Side::Client, false, &mut out).expect("memory");
        wire.end(5, Side::Client, false, &mut out).expect("memory");
        wire.end(6, Side::Server, false, &mut out).expect("memory");
        let expected = [
            row('C', "S", 0, 0, 0),
            row('S', "SA", 0, 1, 0),
            row('C', "A", 1, 1, 0),
            row('C', "A", 1, 1, 4),
            row('S', "A", 1, 5, 0),
            row('C', "PA", 5, 1, 2),
            row('S', "A", 1, 7, 0),
            row('S', "PA", 1, 7, 2),
            row('C', "A", 7, 3, 0),
            row('C', "FA", 7, 3, 0),
            row('S', "A", 3, 8, 0),
            row('S', "FA", 3, 8, 0),
            row('C', "A", 8, 4, 0),
        ];
        assert_eq!(read(&out.0), expected, "{client}");
    }
}

#[test]
fn a_refusal_answers_the_syn_silence_repeats_it_and_a_reset_is_the_last_word() {
    let (mut refused, mut out) = (wire("192.0.2.1:50000", "192.0.2.2:443", 9), Kept::default());
    refused.syn(1, &mut out).expect("memory");
    refused.refused(2, &mut out).expect("memory");
    assert_eq!(read(&out.0), [row('C', "S", 0, 0, 0), row('S', "RA", 0, 1, 0)]);
    let (mut silent, mut out) = (wire("192.0.2.1:50000", "192.0.2.2:443", 9), Kept::default());
    silent.syn(1, &mut out).expect("memory");
    silent.unanswered(900_000, &mut out).expect("memory");
    silent.unanswered(5_000_001, &mut out).expect("memory");
    assert_eq!(read(&out.0), [row('C', "S", 0, 0, 0), row('C', "S", 0, 0, 0)]);
    let (mut reset, mut out) = (wire("[::ffff:192.0.2.1]:50000", "192.0.2.2:443", 9), Kept::default());
    reset.syn(1, &mut out).expect("memory");
    reset.accepted(1, &mut out).expect("memory");
    reset.end(2, Side::Server, true, &mut out).expect("memory");
    reset.bytes(3, Side::Client, b"abc", &mut out).expect("memory");
    reset.end(4, Side::Client, false, &mut out).expect("memory");
    assert_eq!(read(&out.0)[3..], [row('S', "RA", 1, 1, 0)]);
}

#[test]
fn segments_are_never_longer_than_ip_can_say() {
    let (mut wire, mut out) = (wire("192.0.2.1:50000", "192.0.2.2:443", usize::MAX), Kept::default());
    wire.bytes(1, Side::Client, &vec![7; 100_000], &mut out).expect("memory");
    let lens: Vec<usize> = read(&out.0).iter().map(|row| row.4).filter(|len| *len > 0).collect();
    assert_eq!(lens, [LARGEST_SEGMENT, 100_000 - LARGEST_SEGMENT]);
}
