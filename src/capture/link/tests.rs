use super::*;
use crate::base::unhex;
use crate::transcript::tap::IcmpSays;

/// 10.0.0.1:50000 to 10.0.0.2:443, ACK and PSH, one option block of 4 bytes, "hello".
const TCP: &str = "c350 01bb 00000064 000000c8 60 18 0102 0000 0000 01010101 68656c6c6f";
const FROM_4: &str = "10.0.0.1:50000";
const TO_4: &str = "10.0.0.2:443";
const FROM_6: &str = "[2001:db8::1]:50000";
const TO_6: &str = "[2001:db8::2]:443";

fn bytes(text: &str) -> Vec<u8> {
    unhex(text).expect("hexadecimal digits")
}

/// An IPv4 packet around a payload; `fragment` is the word of flags and offset.
fn v4(protocol: u8, id: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = (20 + payload.len()) as u16;
    let mut packet = bytes("4500 0000 0000 0000 40 00 0000 0a000001 0a000002");
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet[4..6].copy_from_slice(&id.to_be_bytes());
    packet[6..8].copy_from_slice(&fragment.to_be_bytes());
    packet[9] = protocol;
    [packet, payload.to_vec()].concat()
}

fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = bytes("60000000 0000 00 3f 20010db8000000000000000000000001 20010db8000000000000000000000002");
    packet[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
    packet[6] = next;
    [packet, payload.to_vec()].concat()
}

fn tcp4() -> Vec<u8> {
    v4(6, 0x1234, 0x4000, &bytes(TCP))
}

fn packet(link: u32, data: &[u8]) -> Packet<'_> {
    Packet { number: 7, at: 1_000_000, link, data, original_len: data.len() as u32 }
}

/// Ends, payload and what was cut.
type Brief = (String, String, Vec<u8>, u32);

fn brief(found: &Found<'_>) -> Option<Brief> {
    match found {
        Found::Tcp(s) => Some((s.from.to_string(), s.to.to_string(), s.payload.to_vec(), s.cut)),
        _ => None,
    }
}

fn read(link: u32, data: &[u8]) -> Option<Brief> {
    brief(&Links::default().read(&packet(link, data)))
}

fn hello(from: &str, to: &str) -> Option<Brief> {
    Some((from.into(), to.into(), b"hello".to_vec(), 0))
}

fn ethernet(tags: &str, payload: &[u8]) -> Vec<u8> {
    [bytes("020000000001 020000000002"), bytes(tags), payload.to_vec()].concat()
}

#[test]
fn every_field_of_a_segment_is_its_own() {
    let data = tcp4();
    let mut links = Links::default();
    let Found::Tcp(segment) = links.read(&packet(101, &data)) else { panic!("a segment") };
    assert_eq!((segment.at, segment.packet, segment.ttl, segment.ip_id), (1_000_000, 7, 64, 0x1234));
    assert_eq!((segment.seq, segment.ack, segment.flags, segment.window), (100, 200, 0x18, 0x102));
    assert_eq!((segment.options, segment.payload, segment.cut), (&[1, 1, 1, 1][..], &b"hello"[..], 0));
    assert_eq!((segment.from.to_string(), segment.to.to_string()), (FROM_4.to_string(), TO_4.to_string()));
    assert_eq!(links.counts().tcp, 1);
}

#[test]
fn every_link_layer_leads_to_the_segment() {
    let (four, six) = (tcp4(), v6(6, &bytes(TCP)));
    let front = |text: &str, packet: &[u8]| [bytes(text), packet.to_vec()].concat();
    let cases: [(&str, u32, Vec<u8>, bool); 26] = [
        ("Ethernet", 1, ethernet("0800", &four), false),
        ("Ethernet", 1, ethernet("86dd", &six), true),
        ("VLAN", 1, ethernet("8100 0064 0800", &four), false),
        ("QinQ", 1, ethernet("88a8 0064 8100 00c8 86dd", &six), true),
        ("old QinQ, four tags", 1, ethernet("9100 0001 9200 0002 8100 0003 8100 0004 0800", &four), false),
        ("PPPoE", 1, ethernet("8864 11 00 0001 0043 0021", &four), false),
        ("PPPoE in a VLAN", 1, ethernet("8100 0007 8864 11 00 0001 0043 0057", &six), true),
        ("MPLS", 1, ethernet("8847 00064 1ff", &four), false),
        ("MPLS, two labels in a VLAN", 1, ethernet("8100 0007 8848 00064 040 000c8 1ff", &six), true),
        ("SNAP", 1, ethernet("0049 aaaa03 000000 0800", &four), false),
        ("cooked", 113, front("0000 0001 0006 020000000001 0000 0800", &four), false),
        ("cooked, VLAN", 113, front("0000 0001 0006 020000000001 0000 8100 0001 86dd", &six), true),
        ("cooked 2", 276, front("86dd 0000 00000002 0001 00 06 0200000000010000", &six), true),
        ("raw", 101, four.clone(), false),
        ("raw", 101, six.clone(), true),
        ("raw BSD", 12, four.clone(), false),
        ("raw OpenBSD", 14, six.clone(), true),
        ("IPv4", 228, four.clone(), false),
        ("IPv6", 229, six.clone(), true),
        ("null, little", 0, front("02000000", &four), false),
        ("null, big, macOS", 0, front("0000001e", &six), true),
        ("loop", 108, front("00000002", &four), false),
        ("null, Windows", 0, front("17000000", &six), true),
        ("PPP", 9, front("21", &four), false),
        ("PPP in HDLC", 50, front("ff03 0057", &six), true),
        ("PPPoE alone", 51, front("11 00 0001 0043 0021", &four), false),
    ];
    for (name, link, data, six) in cases {
        let expected = if six { hello(FROM_6, TO_6) } else { hello(FROM_4, TO_4) };
        assert_eq!(read(link, &data), expected, "{name}");
        // Whatever the layer, cut anywhere it is bad or something else, never a wrong segment.
        for len in 0..data.len() - 9 {
            assert_eq!(read(link, &data[..len]), None, "{name} cut at {len}");
        }
    }
}

#[test]
fn padding_is_trimmed_and_what_is_missing_is_told() {
    let padded = [ethernet("0800", &tcp4()), vec![0; 6]].concat();
    assert_eq!(read(1, &padded), hello(FROM_4, TO_4));
    let whole = ethernet("0800", &tcp4());
    let cut = Packet { data: &whole[..whole.len() - 3], ..packet(1, &whole) };
    let told = brief(&Links::default().read(&cut)).unwrap();
    assert_eq!((told.2, told.3), (b"he".to_vec(), 3));
    let in_options = Packet { data: &whole[..whole.len() - 7], ..packet(1, &whole) };
    let mut links = Links::default();
    let Found::Tcp(segment) = links.read(&in_options) else { panic!("a segment") };
    assert_eq!((segment.options, segment.payload, segment.cut), (&[1, 1][..], &b""[..], 5));
    let six = v6(6, &bytes(TCP));
    let cut = Packet { data: &six[..six.len() - 1], ..packet(101, &six) };
    assert_eq!(brief(&Links::default().read(&cut)).map(|told| told.3), Some(1));
}

#[test]
fn segments_before_offload_have_no_length() {
    let mut four = tcp4();
    four[2..4].fill(0);
    assert_eq!(read(101, &four), hello(FROM_4, TO_4));
    let mut six = v6(6, &bytes(TCP));
    six[4..6].fill(0);
    assert_eq!(read(101, &six), hello(FROM_6, TO_6));
    let cut = Packet { original_len: 70_000, ..packet(101, &six) };
    assert_eq!(brief(&Links::default().read(&cut)).map(|told| told.3), Some(70_000 - six.len() as u32));
}

#[test]
fn what_cannot_be_is_counted_with_its_reason() {
    let mut low = tcp4();
    low[32] = 0x40;
    let mut high = tcp4();
    high[32] = 0xf0;
    let mut header = tcp4();
    header[0] = 0x44;
    let mut total = tcp4();
    total[3] = 19;
    let cases: [(&[u8], &str); 5] = [
        (&low, "a TCP data offset below 5"),
        (&high, "a TCP data offset beyond the packet"),
        (&header, "an IPv4 header of an impossible version or length"),
        (&total, "an IPv4 total length that ends inside the header"),
        (&[0; 60], "a raw packet of neither IP version"),
    ];
    let mut links = Links::default();
    for (data, expected) in cases {
        assert!(matches!(links.read(&packet(101, data)), Found::Bad(why) if why == expected), "{expected}");
    }
    assert!(matches!(links.read(&packet(105, &[0; 60])), Found::Unsupported(105)));
    assert!(matches!(links.read(&packet(1, &ethernet("0806", &[0; 46]))), Found::Other));
    assert_eq!((links.counts().bad.len(), links.counts().unsupported.get(&105), links.counts().other), (5, Some(&1), 1));
}

#[test]
fn options_of_ipv4_are_stepped_over() {
    let mut data = tcp4();
    data[0] = 0x46;
    data[3] += 4;
    data.splice(20..20, [0x94, 4, 0, 0]);
    assert_eq!(read(101, &data), hello(FROM_4, TO_4));
}

#[test]
fn a_chain_of_ipv6_headers_is_walked() {
    let hop_by_hop = bytes("3c 00 0104 00000000");
    let destination = bytes("2b 00 0104 00000000");
    let routing = bytes("33 00 04 00 00000000");
    let authentication = bytes("2c 04 0000 00000001 00000001 000000000000000000000000");
    let whole_fragment = bytes("06 00 0000 00000009");
    let chain = [hop_by_hop, destination, routing, authentication, whole_fragment, bytes(TCP)].concat();
    assert_eq!(read(101, &v6(0, &chain)), hello(FROM_6, TO_6));
    assert_eq!(read(101, &v6(59, &bytes(TCP))), None);
    let endless = bytes("3c 00 0104 00000000").repeat(20);
    let endless = v6(60, &endless);
    assert!(matches!(Links::default().read(&packet(101, &endless)), Found::Bad("more IPv6 extension headers than make sense")));
}

#[test]
fn udp_and_its_length() {
    let mut links = Links::default();
    let data = v4(17, 1, 0, &bytes("0035 c000 000b 0000 616263 ffff"));
    let Found::Udp { from, to, payload } = links.read(&packet(101, &data)) else { panic!("UDP") };
    assert_eq!((from.to_string(), to.to_string(), payload), ("10.0.0.1:53".into(), "10.0.0.2:49152".into(), &b"abc"[..]));
}

#[test]
fn icmp_errors_say_whose_segment_they_are_about() {
    let quoted4 = &tcp4()[..28];
    let quoted6 = &v6(6, &bytes(TCP))[..48];
    let error = |protocol: u8, head: &str, quoted: &[u8]| {
        let payload = [bytes(head), quoted.to_vec()].concat();
        let data = if protocol == 1 { v4(1, 1, 0, &payload) } else { v6(58, &payload) };
        match Links::default().read(&packet(101, &data)) {
            Found::Icmp(error) => Some((error.quoted_from.to_string(), error.quoted_to.port(), error.says)),
            _ => None,
        }
    };
    let about4 = |says| Some((FROM_4.to_string(), 443, says));
    let about6 = |says| Some((FROM_6.to_string(), 443, says));
    assert_eq!(error(1, "03 04 0000 0000 0578", quoted4), about4(IcmpSays::TooBig { mtu: 1400 }));
    assert_eq!(error(1, "03 0d 0000 0000 0000", quoted4), about4(IcmpSays::Unreachable { code: 13 }));
    assert_eq!(error(1, "0b 00 0000 0000 0000", quoted4), about4(IcmpSays::TimeExceeded));
    assert_eq!(error(1, "08 00 0000 0000 0000", quoted4), None);
    assert_eq!(error(58, "02 00 0000 00000500", quoted6), about6(IcmpSays::TooBig { mtu: 1280 }));
    assert_eq!(error(58, "01 04 0000 00000000", quoted6), about6(IcmpSays::Unreachable { code: 4 }));
    assert_eq!(error(58, "03 00 0000 00000000", quoted6), about6(IcmpSays::TimeExceeded));
    assert_eq!(error(58, "80 00 0000 00000000", quoted6), None);
    assert_eq!(error(1, "03 04 0000 0000 0578", &v4(17, 1, 0, &[0; 8])), None, "about UDP");
    assert_eq!(error(1, "03 04 0000 0000 0578", &[0x45; 10]), None, "no header");
}

/// A segment of 20 + 40 bytes in three fragments of an IPv4 datagram.
fn fragments(id: u16, payload: &[u8]) -> [Vec<u8>; 3] {
    let segment = [bytes("c350 01bb 00000064 000000c8 50 18 0102 0000 0000"), payload.to_vec()].concat();
    [v4(6, id, 0x2000, &segment[..24]), v4(6, id, 0x2003, &segment[24..40]), v4(6, id, 5, &segment[40..])]
}

fn feed(links: &mut Links, data: &[u8]) -> Option<Vec<u8>> {
    brief(&links.read(&packet(101, data))).map(|told| told.2)
}

#[test]
fn fragments_are_put_together_in_any_order() {
    let payload: Vec<u8> = (0..40).collect();
    let parts = fragments(9, &payload);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut links = Links::default();
        assert_eq!(feed(&mut links, &parts[order[0]]), None);
        assert_eq!(feed(&mut links, &parts[order[1]]), None);
        assert_eq!(feed(&mut links, &parts[order[1]]), None, "twice");
        assert_eq!(feed(&mut links, &parts[order[2]]), Some(payload.clone()), "{order:?}");
        assert_eq!((links.counts().reassembled, links.counts().conflicts), (1, 0));
    }
}

#[test]
fn fragments_of_two_datagrams_do_not_mix() {
    let (a, b) = (fragments(1, &[0xaa; 40]), fragments(2, &[0xbb; 40]));
    let mut links = Links::default();
    for part in [&a[0], &b[0], &b[2], &a[2]] {
        assert_eq!(feed(&mut links, part), None);
    }
    assert_eq!(feed(&mut links, &b[1]), Some(vec![0xbb; 40]));
    assert_eq!(feed(&mut links, &a[1]), Some(vec![0xaa; 40]));
}

#[test]
fn the_first_byte_wins() {
    let payload: Vec<u8> = (0..40).collect();
    let parts = fragments(9, &payload);
    let mut links = Links::default();
    feed(&mut links, &parts[1]);
    // Reaches over the middle one on both sides: only its first 24 and last 8 bytes are news.
    let over = [parts[0][20..].to_vec(), vec![0xee; 16], parts[2][20..28].to_vec()].concat();
    assert_eq!(feed(&mut links, &v4(6, 9, 0x2000, &over)), None);
    assert_eq!(feed(&mut links, &parts[2]), Some(payload));
    assert_eq!(links.counts().conflicts, 1);
}

#[test]
fn ipv6_fragments_may_hold_extension_headers() {
    let whole = [bytes("06 00 0104 00000000"), bytes("c350 01bb 00000064 000000c8 50 18 0102 0000 0000"), vec![7; 20]].concat();
    let head = |offset_and_more: u16| [&[60, 0][..], &offset_and_more.to_be_bytes(), &[0, 0, 0, 5]].concat();
    let mut links = Links::default();
    assert_eq!(feed(&mut links, &v6(44, &[head(24), whole[24..].to_vec()].concat())), None);
    assert_eq!(feed(&mut links, &v6(44, &[head(1), whole[..24].to_vec()].concat())), Some(vec![7; 20]));
}

#[test]
fn fragments_cost_bounded_memory_and_time() {
    let mut links = Links::default();
    for id in 0..1000u16 {
        // The last fragment alone, at the far end: the most that one can make us keep.
        assert_eq!(feed(&mut links, &v4(6, id, 8180, &[0; 60])), None);
    }
    assert_eq!((links.counts().fragments, links.counts().abandoned), (1000, 1000 - 64));
    assert!(links.defrag.open.len() <= 64);
    let late = v4(6, 1, 0x2000, &[0; 8]);
    links.read(&Packet { at: 100_000_000, ..packet(101, &late) });
    assert_eq!((links.defrag.open.len(), links.counts().abandoned), (1, 1000));
    let long = v4(6, 1, 8191, &[0; 60]);
    assert!(matches!(links.read(&packet(101, &long)), Found::Bad("a fragment that reaches beyond the longest datagram")));
    let odd = v4(6, 1, 0x2000, &[0; 9]);
    assert!(matches!(links.read(&packet(101, &odd)), Found::Bad("a fragment of odd length that is not the last")));
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    const LINKS: [u32; 12] = [0, 1, 9, 12, 50, 51, 101, 108, 113, 228, 229, 276];

    /// It ends, and a segment is part of what came.
    fn survives(links: &mut Links, link: u32, data: &[u8], original_len: u32) {
        if let Found::Tcp(segment) = links.read(&Packet { original_len, ..packet(link, data) }) {
            assert!(segment.options.len() <= 40 && segment.payload.len() <= 65_535.max(data.len()));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(packets in prop::collection::vec((0..12usize, any::<Vec<u8>>(), any::<u32>()), 1..20)) {
            let mut links = Links::default();
            for (link, data, original_len) in &packets {
                survives(&mut links, LINKS[*link], data, *original_len);
            }
        }

        #[test]
        fn spoilt_packets_are_survived(spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
            let mut links = Links::default();
            let parts = fragments(9, &[1; 40]);
            let chain = v6(0, &[bytes("3c 00 0104 00000000"), bytes("2c 00 0104 00000000"), bytes("06 00 0001 00000009"), bytes(TCP)].concat());
            for good in [&parts[0], &parts[2], &parts[1], &chain, &tcp4()] {
                let mut data = ethernet(if good[0] == 0x45 { "0800" } else { "86dd" }, good);
                for (place, byte) in &spoils {
                    let place = place.index(data.len());
                    data[place] = *byte;
                }
                survives(&mut links, 1, &data, data.len() as u32);
            }
        }

        #[test]
        fn fragments_cut_anywhere_make_the_same_segment(cuts in prop::collection::btree_set(1..25usize, 0..10), shuffle in any::<u64>()) {
            let payload: Vec<u8> = (0..180).collect();
            let segment = [bytes("c350 01bb 00000064 000000c8 50 18 0102 0000 0000"), payload.clone()].concat();
            let mut edges = vec![0];
            edges.extend(cuts.iter().map(|cut| cut * 8));
            edges.push(segment.len());
            let mut parts: Vec<Vec<u8>> = edges.windows(2).map(|pair| {
                let more = if pair[1] == segment.len() { 0 } else { 0x2000 };
                v4(6, 3, more | (pair[0] / 8) as u16, &segment[pair[0]..pair[1]])
            }).collect();
            let turn = shuffle as usize % parts.len();
            parts.rotate_left(turn);
            if shuffle % 2 == 0 { parts.reverse() }
            let mut links = Links::default();
            let found: Vec<_> = parts.iter().filter_map(|part| feed(&mut links, part)).collect();
            prop_assert_eq!(found, vec![payload]);
        }
    }
}
