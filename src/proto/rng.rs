//! Random numbers from a seed, so that a session can be run again byte for byte.

/// SplitMix64: small, and the same for ever.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator that begins at `seed`.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let random = self.next_u64().to_be_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
        bytes
    }

    /// A GUID in the string form of MS-DTYP 2.3.4.3, braces included.
    pub fn guid(&mut self) -> String {
        let b: [u8; 16] = self.bytes();
        let hex = |range: std::ops::Range<usize>| crate::base::hex(&b[range]).to_ascii_uppercase();
        format!("{{{}-{}-{}-{}-{}}}", hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_guid_of_the_right_form() {
        let guid = Rng::new(7).guid();
        assert_eq!(guid, Rng::new(7).guid());
        let groups: Vec<usize> = guid.trim_matches(|c| c == '{' || c == '}').split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_ne!(guid, Rng::new(8).guid());
    }
}
