//! The TCP options that a tap looks at. RFC 9293 3.1, RFC 7323, RFC 2018.

/// What a SYN announces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) mss: Option<u16>,
    pub(super) scale: Option<u8>,
    pub(super) sack_permitted: bool,
}

impl Announced {
    /// Reads as far as the options can be read.
    pub(super) fn parse(options: &[u8]) -> Announced {
        let mut announced = Announced::default();
        for option in (Options { rest: options }) {
            match option {
                [2, 4, high, low] => announced.mss = Some(u16::from_be_bytes([*high, *low])),
                [3, 3, shift] => announced.scale = Some(*shift),
                [4, 2] => announced.sack_permitted = true,
                _ => {}
            }
        }
        announced
    }
}

/// There are SACK blocks.
pub(super) fn has_sack(options: &[u8]) -> bool {
    // NOP, NOP, timestamps and nothing else: RFC 7323 appendix A. Nearly every segment looks like this.
    if options.is_empty() || (options.len() == 12 && options.starts_with(&[1, 1, 8, 10])) {
        return false;
    }
    Options { rest: options }.any(|option| option.first() == Some(&5) && option.len() >= 10)
}

/// Options with kind and length in front; padding is left out.
struct Options<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        while let [1, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let [kind, len, ..] = self.rest else { return None };
        if *kind == 0 || *len < 2 {
            return None;
        }
        let (option, rest) = self.rest.split_at_checked(usize::from(*len))?;
        self.rest = rest;
        Some(option)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_of_linux_and_what_is_damaged() {
        let syn = [2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7];
        assert_eq!(Announced::parse(&syn), Announced { mss: Some(1460), scale: Some(7), sack_permitted: true });
        assert_eq!(Announced::parse(&syn[..19]), Announced { mss: Some(1460), scale: None, sack_permitted: true });
        assert_eq!(Announced::parse(&[2, 0, 2, 4, 5, 180]), Announced::default(), "a length of 0 ends it");
    }

    #[test]
    fn sack_blocks_are_seen_beside_timestamps() {
        let stamps = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
        let block = [1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2];
        assert!(!has_sack(&stamps) && !has_sack(&[]) && !has_sack(&[5, 10, 0]));
        assert!(has_sack(&block) && has_sack(&[stamps, block].concat()));
    }
}
