//! One field of a message, located by bit.

use super::SpecRef;

/// One field of a message as it lies in the bytes: read by the hex listing, the edits, the reserved-bit checks and
/// the scrubber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Kebab-case name; nested fields are joined by dots (`crypto-binding.nonce`).
    pub name: String,
    /// First bit, counted from the first bit of the message (most significant bit of its first byte is 0).
    pub first_bit: usize,
    /// Width in bits.
    pub bits: usize,
    /// The only value allowed on send, where there is one (reserved fields: 0).
    pub must: Option<u64>,
    /// Holds a password, a key or a hash of one; never printed or saved unless asked for by name.
    pub secret: bool,
    /// Where the field is specified.
    pub spec: SpecRef,
}

impl Field {
    /// The bytes that the field touches.
    pub fn byte_range(&self) -> std::ops::Range<usize> {
        self.first_bit / 8..(self.first_bit + self.bits).div_ceil(8)
    }

    /// The value of a field of up to 64 bits, most significant bit first; `None` when it is wider or outside `bytes`.
    pub fn read(&self, bytes: &[u8]) -> Option<u64> {
        Field::read_bits(self.first_bit, self.bits, bytes)
    }

    /// The value of so many bits from `first` on, as [`Field::read`] gives it.
    pub fn read_bits(first: usize, bits: usize, bytes: &[u8]) -> Option<u64> {
        if bits > 64 {
            return None;
        }
        (first..first + bits).try_fold(0u64, |value, bit| {
            let byte = *bytes.get(bit / 8)?;
            Some(value << 1 | u64::from(byte >> (7 - bit % 8) & 1))
        })
    }

    /// Writes the low `bits` of `value` into the field; bits outside `bytes` are left out.
    pub fn write(&self, bytes: &mut [u8], value: u64) {
        for i in 0..self.bits.min(64) {
            let bit = self.first_bit + self.bits - 1 - i;
            if let Some(byte) = bytes.get_mut(bit / 8) {
                let mask = 1u8 << (7 - bit % 8);
                if value >> i & 1 == 1 { *byte |= mask } else { *byte &= !mask }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twelve_bit_length_is_read_and_written_without_touching_its_neighbour() {
        let length = Field { name: "length".into(), first_bit: 20, bits: 12, must: None, secret: false, spec: SpecRef::sstp("2.2.1") };
        let mut bytes = [0x10, 0x01, 0xf0, 0x0e];
        assert_eq!(length.read(&bytes), Some(0x00e));
        length.write(&mut bytes, 0xabc);
        assert_eq!(bytes, [0x10, 0x01, 0xfa, 0xbc]);
        assert_eq!(length.byte_range(), 2..4);
        assert_eq!(length.read(&bytes[..3]), None);
    }
}
