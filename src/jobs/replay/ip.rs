//! Other addresses in an IPv4 packet, with every checksum over them mended. RFC 791 3.1, RFC 1624.

/// The packet with its addresses replaced by what `now` gives for them; `None` when it is no IPv4 packet or nothing changes.
pub fn readdressed(packet: &[u8], now: impl Fn([u8; 4]) -> Option<[u8; 4]>) -> Option<Vec<u8>> {
    let head = usize::from(packet.first().filter(|byte| *byte >> 4 == 4)? & 0x0f) * 4;
    if head < LEAST_HEAD || packet.len() < head {
        return None;
    }
    let mut out = packet.to_vec();
    let first_fragment = packet.get(6..8)?.iter().zip([0x1f, 0xff]).all(|(byte, mask)| byte & mask == 0);
    let sum_at = match packet.get(9)? {
        6 => Some(head + 16),
        // RFC 768: zero is no checksum.
        17 if packet.get(head + 6..head + 8) != Some(&[0, 0]) => Some(head + 6),
        _ => None,
    };
    for at in [SOURCE, DESTINATION] {
        let old: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        let Some(new) = now(old) else { continue };
        out.get_mut(at..at + 4)?.copy_from_slice(&new);
        mend(&mut out, CHECKSUM, old, new);
        sum_at.filter(|_| first_fragment).into_iter().for_each(|place| mend(&mut out, place, old, new));
    }
    (out != packet).then_some(out)
}

/// RFC 1624 3, equation 3: HC' = ~(~HC + ~m + m').
fn mend(packet: &mut [u8], at: usize, old: [u8; 4], new: [u8; 4]) {
    let Some(field) = packet.get_mut(at..at + 2) else { return };
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair[1]);
    let mut sum = !word(field) & 0xffff;
    for (old, new) in old.chunks_exact(2).zip(new.chunks_exact(2)) {
        sum += (!word(old) & 0xffff) + word(new);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    field.copy_from_slice(&(!(sum as u16)).to_be_bytes());
}

/// RFC 791 3.1: a header without options, bytes.
const LEAST_HEAD: usize = 20;
/// RFC 791 3.1: where the header checksum lies.
const CHECKSUM: usize = 10;
/// RFC 791 3.1: where the source address lies.
const SOURCE: usize = 12;
/// RFC 791 3.1: where the destination address lies.
const DESTINATION: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::inner::Echo;
    use etherparse::{PacketBuilder, SlicedPacket, TransportSlice};

    fn swap(old: [u8; 4]) -> Option<[u8; 4]> {
        match old {
            [10, 0, 0, 2] => Some([192, 0, 2, 10]),
            [10, 0, 0, 1] => Some([255, 255, 0, 1]),
            _ => None,
        }
    }

    #[test]
    fn the_result_is_what_one_would_have_built() {
        let ping = |from: [u8; 4], to: [u8; 4]| {
            Echo { from: from.into(), to: to.into(), request: true, id: 7, seq: 9, data: vec![1, 2, 3] }.emit()
        };
        assert_eq!(readdressed(&ping([10, 0, 0, 2], [10, 0, 0, 1]), swap), Some(ping([192, 0, 2, 10], [255, 255, 0, 1])));
        assert_eq!(readdressed(&ping([10, 0, 0, 7], [10, 0, 0, 8]), swap), None, "nothing is known of them");
        let udp = |from: [u8; 4], to: [u8; 4]| {
            let mut out = Vec::new();
            PacketBuilder::ipv4(from, to, 64).udp(53, 5353).write(&mut out, b"hello").expect("memory");
            out
        };
        let changed = readdressed(&udp([10, 0, 0, 1], [10, 0, 0, 2]), swap).expect("changed");
        assert_eq!(changed, udp([255, 255, 0, 1], [192, 0, 2, 10]));
        let tcp = |from: [u8; 4], to: [u8; 4]| {
            let mut out = Vec::new();
            PacketBuilder::ipv4(from, to, 64).tcp(80, 81, 5, 6).write(&mut out, b"x").expect("memory");
            out
        };
        let changed = readdressed(&tcp([10, 0, 0, 2], [9, 9, 9, 9]), swap).expect("changed");
        assert_eq!(changed, tcp([192, 0, 2, 10], [9, 9, 9, 9]));
        assert!(matches!(SlicedPacket::from_ip(&changed).expect("IPv4").transport, Some(TransportSlice::Tcp(_))));
    }

    #[test]
    fn what_is_cut_or_lies_about_its_head_is_left_alone() {
        let ping = Echo { from: [10, 0, 0, 2].into(), to: [10, 0, 0, 1].into(), request: true, id: 7, seq: 9, data: Vec::new() }.emit();
        for len in 0..20 {
            assert_eq!(readdressed(&ping[..len], swap), None, "{len}");
        }
        assert_eq!(readdressed(&[0x4f; 30], swap), None);
        assert_eq!(readdressed(&[0x41; 30], swap), None);
        assert_eq!(readdressed(&[0x60; 60], swap), None);
    }
}
