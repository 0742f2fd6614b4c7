//! Characters out of bytes: UTF-8, and UTF-16 in both orders when a byte order mark or the zeros in it say so.

/// Decodes a stream piece by piece. What is no character becomes U+FFFD.
#[derive(Default)]
pub struct Decoder {
    encoding: Option<Encoding>,
    /// Bytes of a character that was cut by the end of a piece; at most 3.
    rest: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

impl Decoder {
    /// Appends the characters of the next piece to `text`.
    pub fn decode(&mut self, bytes: &[u8], text: &mut String) {
        self.rest.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.rest);
        let (encoding, skipped) = match self.encoding {
            Some(encoding) => (encoding, 0),
            None if bytes.len() < 4 => {
                self.rest = bytes;
                return;
            }
            None => sniff(&bytes),
        };
        self.encoding = Some(encoding);
        let bytes = bytes.get(skipped..).unwrap_or_default();
        let used = match encoding {
            Encoding::Utf8 => utf8(bytes, text),
            Encoding::Utf16(order) => utf16(bytes, order, text),
        };
        self.rest = bytes.get(used..).unwrap_or_default().to_vec();
    }

    /// Appends what is left when no more bytes come.
    pub fn finish(&mut self, text: &mut String) {
        let bytes = std::mem::take(&mut self.rest);
        if self.encoding.is_none() {
            let (encoding, skipped) = sniff(&bytes);
            self.encoding = Some(encoding);
            self.decode(bytes.get(skipped..).unwrap_or_default(), text);
        } else if !bytes.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        if !self.rest.is_empty() {
            self.rest.clear();
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// The encoding, and the length of the byte order mark.
fn sniff(bytes: &[u8]) -> (Encoding, usize) {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16(u16::from_le_bytes), 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16(u16::from_be_bytes), 2),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => (Encoding::Utf16(u16::from_le_bytes), 0),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => (Encoding::Utf16(u16::from_be_bytes), 0),
        _ => (Encoding::Utf8, 0),
    }
}

/// Appends whole characters; returns how many bytes they took.
fn utf8(bytes: &[u8], text: &mut String) -> usize {
    let mut used = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        used += chunk.valid().len();
        let bad = chunk.invalid();
        let at_the_end = used + bad.len() == bytes.len();
        let may_go_on = bad.first().is_some_and(|first| bad.len() < length(*first));
        if bad.is_empty() || at_the_end && may_go_on {
            continue;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        used += bad.len();
    }
    used
}

/// How many bytes a character has that begins so. RFC 3629 3.
fn length(first: u8) -> usize {
    match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    }
}

/// Appends whole characters; returns how many bytes they took.
fn utf16(bytes: &[u8], order: fn([u8; 2]) -> u16, text: &mut String) -> usize {
    let mut units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| order(*pair)).collect();
    // The first half of a surrogate pair waits for the second.
    if units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
        units.pop();
    }
    text.extend(char::decode_utf16(units.iter().copied()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    units.len() * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], piece: usize) -> String {
        let (mut decoder, mut text) = (Decoder::default(), String::new());
        bytes.chunks(piece).for_each(|piece| decoder.decode(piece, &mut text));
        decoder.finish(&mut text);
        text
    }

    #[test]
    fn every_encoding_is_read_however_it_is_cut() {
        let text = "Fehler 691: Grüße 🔑 aus Łódź\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for piece in [1, 2, 3, 5, 1000] {
            assert_eq!(decoded(text.as_bytes(), piece), text);
            assert_eq!(decoded(&[b"\xEF\xBB\xBF", text.as_bytes()].concat(), piece), text);
            assert_eq!(decoded(&[b"\xFF\xFE", &le[..]].concat(), piece), text);
            assert_eq!(decoded(&[b"\xFE\xFF", &be[..]].concat(), piece), text);
            assert_eq!(decoded(&le, piece), text);
            assert_eq!(decoded(&be, piece), text);
        }
    }

    #[test]
    fn what_is_no_character_is_marked() {
        assert_eq!(decoded(b"a\xFFb", 1), "a\u{fffd}b");
        assert_eq!(decoded(b"abc\xE2\x82", 2), "abc\u{fffd}");
        assert_eq!(decoded(b"\xFF\xFEa\0\x00\xD8", 3), "a\u{fffd}");
        assert_eq!(decoded(b"x", 1), "x");
        assert_eq!(decoded(b"", 1), "");
    }
}
