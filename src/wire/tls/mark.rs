//! Random numbers of test hellos, which tell them from those of calls: whoever reads a capture of a probe knows its scan.

/// The random number of a test hello, apart for every place in a scan: SplitMix64 (Steele, Lea, Flood 2014) over the seed.
pub fn random(seed: u64, place: usize) -> [u8; 32] {
    let mut state = seed ^ (place as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
    let mut bytes = [0; 32];
    for chunk in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(STEP);
        chunk.copy_from_slice(&mixed(state).to_be_bytes());
    }
    bytes
}

/// Whether a random number is that of a test hello: its four parts follow from each other. A call has one in 2^192.
pub fn is_test(random: &[u8; 32]) -> bool {
    let parts = random.chunks_exact(8).map(|part| part.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)));
    let mut states = parts.map(unmixed);
    let Some(mut state) = states.next() else { return false };
    states.all(|next| {
        state = state.wrapping_add(STEP);
        next == state
    })
}

fn mixed(state: u64) -> u64 {
    let mut mixed = state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// What `mixed` made this of: its three steps undone, with the inverses of the factors modulo 2^64.
fn unmixed(mixed: u64) -> u64 {
    let mut state = mixed ^ mixed >> 31 ^ mixed >> 62;
    state = state.wrapping_mul(0x3196_42b2_d24d_8ec3);
    state = state ^ state >> 27 ^ state >> 54;
    state = state.wrapping_mul(0x96de_1b17_3f11_9089);
    state ^ state >> 30 ^ state >> 60
}

/// The golden ratio, as SplitMix64 steps.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_is_undone() {
        for state in [0, 1, STEP, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(unmixed(mixed(state)), state);
        }
    }

    #[test]
    fn test_hellos_are_told_from_calls() {
        for (seed, place) in [(0, 0), (1, 0), (7, 0x1003), (u64::MAX, 0x0304)] {
            let mut number = random(seed, place);
            assert!(is_test(&number), "{seed} {place}");
            number[31] ^= 1;
            assert!(!is_test(&number));
        }
        assert!(!is_test(&[0; 32]) && !is_test(&[7; 32]) && !is_test(b"sstp-diag lab, an old TLS server"));
        assert_ne!(random(7, 0), random(7, 1));
        assert_ne!(random(7, 0), random(8, 0));
    }
}
