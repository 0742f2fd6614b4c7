//! What sort of file it is that was given where text is wanted, and what to do with it.

/// What the bytes are when they are no text, with what would be right; nothing for text of any encoding.
pub fn not_text(bytes: &[u8]) -> Option<String> {
    let known = MAGIC.iter().find(|row| bytes.starts_with(row.0)).map(|row| row.1.to_string());
    known.or_else(|| is_rubbish(bytes).then(|| "not text".to_string()))
}

/// Many bytes of the beginning are control characters that no text has. Zeros tell nothing: UTF-16 has them, and so have logs
/// of machines that lost their power.
fn is_rubbish(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
    let control = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B | 0);
    head.iter().filter(control).count() * 20 > head.len()
}

/// How files begin that are given by mistake, and what they are.
const MAGIC: &[(&[u8], &str)] = &[
    (b"ElfFile\0", "a binary event log; make text of it first, on Windows: wevtutil qe FILE.evtx /lf:true /f:xml > events.xml"),
    (b"\xD4\xC3\xB2\xA1", CAPTURE),
    (b"\xA1\xB2\xC3\xD4", CAPTURE),
    (b"\x4D\x3C\xB2\xA1", CAPTURE),
    (b"\xA1\xB2\x3C\x4D", CAPTURE),
    (b"\x0A\x0D\x0D\x0A", CAPTURE),
    (b"\x89PNG", PICTURE),
    (b"\xFF\xD8\xFF", PICTURE),
    (b"GIF8", PICTURE),
    (b"\x1F\x8B", PACKED),
    (b"PK\x03\x04", PACKED),
    (b"\x28\xB5\x2F\xFD", PACKED),
    (b"%PDF", "a PDF; copy its text"),
];

const CAPTURE: &str = "a capture; sstp-diag diagnose FILE reads it, and with -o json=REPORT makes a report of it";
const PICTURE: &str = "a picture; type the number or the sentence that it shows";
const PACKED: &str = "packed; unpack it first";

/// Ours: so many bytes tell.
const HEAD: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_every_encoding_is_text_and_rubbish_is_not() {
        let text = "Fehler 691: die Verbindung wurde verweigert\r\n\tGr\u{fc}\u{df}e \u{1b}[31m\r\n";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let ansi: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect();
        for bytes in [text.as_bytes(), &wide, &[b"\xFF\xFE", &wide[..]].concat(), &ansi, b"", b"691"] {
            assert_eq!(not_text(bytes), None, "{bytes:?}");
        }
        let rubbish: Vec<u8> = (0..5000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (bytes, says) in
            [(&rubbish[..], "not text"), (b"\x89PNG\r\n", "picture"), (b"ElfFile\0", "wevtutil"), (b"\x0A\x0D\x0D\x0A", "diagnose")]
        {
            assert!(not_text(bytes).is_some_and(|advice| advice.contains(says)), "{says}");
        }
    }
}
