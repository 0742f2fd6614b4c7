//! What the time stamps of an interface mean. draft-ietf-opsawg-pcapng 4.2.

/// Options of an interface: draft-ietf-opsawg-pcapng 4.2.
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// How to make microseconds of a time stamp. Every resolution has a meaning, even one that pcap-file refuses, such as 2^-127 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    unit: Unit,
    /// Seconds to add.
    offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many microseconds each.
    Long(u64),
    /// So many to a microsecond; 0 where it is more than fit in 64 bits.
    Short(u64),
    /// 2^-n seconds each.
    Binary(u32),
}

impl Clock {
    /// From the options of an interface. Damaged ones end the list.
    pub(super) fn of(mut options: &[u8], big: bool) -> Clock {
        let mut clock = Clock { unit: Unit::Long(1), offset: 0 };
        while let Some((head, rest)) = options.split_first_chunk::<4>() {
            let [a, b, c, d] = *head;
            let half = |two| if big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) };
            let (code, len) = (half([a, b]), usize::from(half([c, d])));
            let Some(value) = rest.get(..len) else { break };
            match (code, value) {
                (0, _) => break,
                (IF_TSRESOL, [resolution, ..]) => clock.unit = Unit::of(*resolution),
                (IF_TSOFFSET, value) => {
                    if let Some(eight) = value.first_chunk::<8>() {
                        clock.offset = if big { i64::from_be_bytes(*eight) } else { i64::from_le_bytes(*eight) };
                    }
                }
                _ => {}
            }
            options = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        }
        clock
    }

    /// Microseconds since 1970-01-01 UTC; as far as 64 bits go.
    pub(super) fn micros(&self, stamp: u64) -> i64 {
        let micros = match self.unit {
            Unit::Long(micros) => stamp.saturating_mul(micros),
            Unit::Short(per_micro) => stamp.checked_div(per_micro).unwrap_or(0),
            Unit::Binary(bits) => {
                let scaled = u128::from(stamp) * 1_000_000;
                u64::try_from(scaled.checked_shr(bits).unwrap_or(0)).unwrap_or(u64::MAX)
            }
        };
        let offset = self.offset.saturating_mul(1_000_000);
        i64::try_from(micros).unwrap_or(i64::MAX).saturating_add(offset)
    }
}

impl Unit {
    fn of(resolution: u8) -> Unit {
        let power = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            return Unit::Binary(power);
        }
        match power {
            0..=6 => Unit::Long(10u64.pow(6 - power)),
            _ => Unit::Short(10u64.checked_pow(power - 6).unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(options: &[u8]) -> Clock {
        Clock::of(options, false)
    }

    #[test]
    fn every_resolution_has_a_meaning() {
        let at = |resolution: u8, stamp: u64| clock(&[9, 0, 1, 0, resolution, 0, 0, 0]).micros(stamp);
        assert_eq!(at(6, 1_234_567), 1_234_567);
        assert_eq!(at(9, 1_234_567_890), 1_234_567);
        assert_eq!(at(3, 1_234), 1_234_000);
        assert_eq!(at(0, 2), 2_000_000);
        assert_eq!(at(0x80 | 10, 1536), 1_500_000);
        assert_eq!(at(0x80 | 32, 1 << 31), 500_000);
        assert_eq!(at(0xff, u64::MAX), 0);
        assert_eq!(at(0x7f, u64::MAX), 0);
        assert_eq!(at(0, u64::MAX), i64::MAX);
    }

    #[test]
    fn options_are_read_up_to_their_damage() {
        let name_then_nano_then_offset =
            [2, 0, 3, 0, b'e', b't', b'h', 0, 9, 0, 1, 0, 9, 0, 0, 0, 14, 0, 8, 0, 255, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(clock(&name_then_nano_then_offset).micros(3_000_000_000), 2_000_000);
        assert_eq!(clock(&name_then_nano_then_offset[..20]).micros(3_000_000_000), 3_000_000);
        assert_eq!(clock(&[9, 0, 255, 255, 9]), clock(&[]));
        assert_eq!(clock(&[0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0]), clock(&[]));
    }
}
