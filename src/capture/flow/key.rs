//! What names a connection: both addresses and ports, the same for either direction.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The two ends of a connection, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    low: [u64; 2],
    high: [u64; 2],
    ports: u32,
    v6: bool,
}

impl Key {
    /// The key of a segment, and whether its sender is the lower end.
    pub(super) fn of(from: SocketAddr, to: SocketAddr) -> (Key, bool) {
        let v6 = from.is_ipv6() || to.is_ipv6();
        let (a, b) = ((bits(from.ip(), v6), from.port()), (bits(to.ip(), v6), to.port()));
        let lower = a <= b;
        let (low, high) = if lower { (a, b) } else { (b, a) };
        (Key { low: words(low.0), high: words(high.0), ports: u32::from(low.1) << 16 | u32::from(high.1), v6 }, lower)
    }

    /// The lower end, or the higher.
    pub(super) fn end(&self, lower: bool) -> SocketAddr {
        let [a, b, c, d] = self.ports.to_be_bytes();
        let ([top, bottom], port) = if lower { (self.low, [a, b]) } else { (self.high, [c, d]) };
        SocketAddr::new(address(u128::from(top) << 64 | u128::from(bottom), self.v6), u16::from_be_bytes(port))
    }
}

fn bits(ip: IpAddr, v6: bool) -> u128 {
    match ip {
        IpAddr::V4(ip) if v6 => u128::from(ip.to_ipv6_mapped()),
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

/// Two words need half the alignment of one `u128`, and there are many keys.
fn words(bits: u128) -> [u64; 2] {
    [(bits >> 64) as u64, bits as u64]
}

fn address(bits: u128, v6: bool) -> IpAddr {
    match u32::try_from(bits) {
        Ok(bits) if !v6 => IpAddr::V4(Ipv4Addr::from(bits)),
        _ => IpAddr::V6(Ipv6Addr::from(bits)),
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.v6 {
            self.low.iter().chain(&self.high).for_each(|word| state.write_u64(*word));
        } else {
            state.write_u64(self.low[1] << 32 ^ self.high[1]);
        }
        state.write_u64(u64::from(self.ports));
    }
}

/// Makes [`Fold`]s. The seed is drawn once, so that nobody can craft a capture whose connections all fall into one place.
#[derive(Clone, Debug)]
pub(super) struct Seed {
    state: u64,
    factor: u64,
}

impl Seed {
    /// A fresh seed. It decides where keys lie, never what is found or in which order it is handed out.
    pub(super) fn new() -> Seed {
        let random = RandomState::new();
        Seed { state: random.hash_one(1), factor: random.hash_one(2) | 1 }
    }
}

impl BuildHasher for Seed {
    type Hasher = Fold;
    fn build_hasher(&self) -> Fold {
        Fold { state: self.state, factor: self.factor }
    }
}

/// A hash of one multiplication per word: both halves of the product, folded.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    state: u64,
    factor: u64,
}

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = product as u64 ^ (product >> 64) as u64;
        self.factor = self.factor.rotate_left(23);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn both_directions_have_one_key_that_gives_the_ends_back() {
        for (a, b) in [
            ("10.0.0.1:40000", "10.0.0.2:443"),
            ("10.0.0.1:443", "10.0.0.1:444"),
            ("[2001:db8::1]:5", "[2001:db8::2]:4"),
            ("[::1]:5", "[::1]:4"),
        ] {
            let (there, lower) = Key::of(addr(a), addr(b));
            let (back, other) = Key::of(addr(b), addr(a));
            assert_eq!(there, back);
            assert_ne!(lower, other);
            assert_eq!((there.end(lower), there.end(!lower)), (addr(a), addr(b)));
        }
        let (v4, _) = Key::of(addr("0.0.0.1:1"), addr("0.0.0.2:2"));
        let (v6, _) = Key::of(addr("[::1]:1"), addr("[::2]:2"));
        assert_ne!(v4, v6, "the same bits in both families are two connections");
    }

    #[test]
    fn neighbouring_keys_spread() {
        let seed = Seed::new();
        let hashes: std::collections::BTreeSet<u64> = (0..10_000_u16)
            .map(|port| seed.hash_one(Key::of(SocketAddr::from(([10, 0, 0, 1], port)), addr("10.0.0.2:443")).0) >> 40)
            .collect();
        assert!(hashes.len() > 9_900, "{} of 10,000 differ in the top 24 bits", hashes.len());
    }
}
