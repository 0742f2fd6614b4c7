use super::*;

fn packet(ttl: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 0, 0x12, 0x34, 0, 0, ttl, 6, 0, 0, 10, 77, 2, 2, 10, 77, 1, 2];
    bytes.extend([0x01, 0xbb, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0x40, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

#[test]
fn data_behind_a_reset_with_another_time_to_live_is_noticed() {
    let mut heard = Heard::default();
    for (ttl, flags, payload) in [(62, 0x12, &b""[..]), (255, 0x14, b""), (62, 0x18, b"data")] {
        heard.take(&segment(&packet(ttl, flags, payload)).expect("a segment"));
    }
    let reset = heard.talks[&0x9c40].reset.clone().expect("a reset");
    assert_eq!((reset.ttl, reset.peer_ttl, reset.data_after, reset.ack, reset.ip_id), (255, Some(62), true, true, 0x1234));
    heard.take(&segment(&packet(62, 0x12, b"")).expect("a segment"));
    assert!(heard.talks[&0x9c40].reset.is_none(), "the port was used again");
    assert_eq!(heard.over.len(), 1, "and what was seen of the first connection is kept");
    assert_eq!(reset.from, "10.77.2.2:443".parse().expect("an address"));
}

#[test]
fn time_exceeded_names_the_router_and_our_port() {
    let mut ours = packet(1, 0x18, b"hello");
    ours.copy_within(12..16, 16);
    ours[12..16].copy_from_slice(&[10, 77, 1, 2]);
    ours[20..22].copy_from_slice(&40000u16.to_be_bytes());
    let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 10, 77, 1, 1, 10, 77, 1, 2];
    bytes.extend([11, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(&ours[..28]);
    let (router, to) = (Ipv4Addr::new(10, 77, 1, 1), Ipv4Addr::new(10, 77, 2, 2));
    let read = complaint(&bytes).expect("an error");
    assert_eq!(read, Complaint { kind: TIME_EXCEEDED, code: 0, router, to, port: 40000 });
    let mut heard = Heard::default();
    heard.complain(&read);
    assert_eq!(heard.talks[&40000].router, Some(router));
    bytes[20..22].copy_from_slice(&[UNREACHABLE, FRAGMENTATION_NEEDED]);
    heard.complain(&complaint(&bytes).expect("an error"));
    assert!(heard.rejecters.is_empty(), "that a packet is too long rejects nobody");
    bytes[21] = 13;
    heard.complain(&complaint(&bytes).expect("an error"));
    heard.complain(&complaint(&bytes).expect("an error"));
    assert_eq!(heard.rejecters, [router]);
    for end in 0..bytes.len() - 8 {
        let _ = complaint(&bytes[..end]);
        let _ = segment(&bytes[..end]);
    }
}
