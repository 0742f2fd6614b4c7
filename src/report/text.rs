//! Words for people: escaping what peers wrote, dates, numbers.

use std::fmt::Write;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Text from a peer made harmless: control characters, terminal escapes and characters that turn the direction of
/// text are written as `\u{..}`, so that they are seen and do nothing.
pub fn harmless(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_string();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A control character, or one that reorders or hides the text around it.
pub fn is_harmful(c: char) -> bool {
    let hides = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || hides || matches!(c, '\u{61c}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Bytes that should be text.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_string()
}

/// `text` cut to `width` characters, the cut marked.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short + "…"
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub fn rfc3339_ms(unix_ms: i64) -> String {
    let nanos = i128::from(unix_ms) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{unix_ms} ms"))
}

/// Seconds since 1970 as RFC 3339 in UTC.
pub fn rfc3339(unix: i64) -> String {
    rfc3339_ms(unix.saturating_mul(1000))
}

/// The day of a moment, `2026-11-22`.
pub fn day(unix: i64) -> String {
    rfc3339(unix).split('T').next().unwrap_or_default().to_string()
}

/// What a peer said, cut to a length that a person reads.
pub fn peer(text: &str) -> String {
    cut(text, PEER)
}

/// Evidence in which nothing that a peer said is longer than that: what stands between quotation marks. Of what stands between
/// semicolons more is left, since most of it is our own words.
pub fn evidence(text: &str) -> String {
    let plain = |part: &str| part.split("; ").map(|part| cut(part, PART)).collect::<Vec<_>>().join("; ");
    let parts = text.split('"').enumerate().map(|(n, part)| if n % 2 == 1 { peer(part) } else { plain(part) });
    cut(&parts.collect::<Vec<_>>().join("\""), EVIDENCE)
}

/// `text` in lines of at most `width` columns, all but the first set in by `indent`. Words are not cut, so that hashes
/// can be copied, unless they are longer than a line.
pub fn hanging(text: &str, width: usize, indent: usize) -> String {
    let start = text.len() - text.trim_start().len();
    let words = text.get(start..).unwrap_or_default();
    let plain = words.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !words.contains("  ") && !words.ends_with(' ');
    if plain && text.len() <= width && text.bytes().take(start).all(|byte| byte == b' ') {
        return text.to_string();
    }
    let room = width.saturating_sub(indent.max(start)).max(1);
    let mut lines = " ".repeat(start);
    let mut column = start;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (n, piece) in letters.chunks(room).enumerate() {
            let gap = usize::from(n == 0 && column > start && !lines.ends_with(' '));
            if n > 0 || column > start && column + gap + piece.len() > width {
                lines += "\n";
                lines += &" ".repeat(indent);
                column = indent;
            } else if gap > 0 {
                lines.push(' ');
                column += 1;
            }
            lines.extend(piece);
            column += piece.len();
        }
    }
    lines
}

/// `1 address`, `2 addresses`, `12,345 bytes`.
pub fn count<N: TryInto<u64>>(number: N, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// A number with commas between thousands from 10,000 on.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let head = digits.len() % 3;
    let comma = |n: usize| n > 0 && n % 3 == head;
    digits
        .chars()
        .enumerate()
        .fold(String::new(), |text, (n, digit)| if comma(n) { text + "," } else { text } + digit.encode_utf8(&mut [0; 4]))
}

/// `text` in a table's or listing's column: cut or filled to `width`.
pub fn fitted(text: &str, width: usize) -> String {
    format!("{:width$}", cut(text, width))
}

/// Items one after the other, commas between.
pub fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Ours: longer text of a peer is cut in what people read.
const PEER: usize = 200;
/// Ours: a longer part of evidence is cut in what people read.
const PART: usize = 400;
/// Ours: longer evidence is cut in what people read; JSON has all of it.
const EVIDENCE: usize = 1_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(harmless("a\x1b[2J\r\nb\u{9b}1m\u{202e}ü"), "a\\u{1b}[2J\\u{d}\\u{a}b\\u{9b}1m\\u{202e}ü");
        assert_eq!(harmless("Server: nginx"), "Server: nginx");
    }

    #[test]
    fn dates_are_utc_and_never_panic() {
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(day(1_700_000_000), "2023-11-14");
        assert_eq!(rfc3339_ms(i64::MAX), "9223372036854775807 ms");
    }

    #[test]
    fn lines_hang_and_words_stay_whole() {
        assert_eq!(hanging("  name: one two", 15, 4), "  name: one two");
        assert_eq!(hanging("  name:  one two ", 40, 4), "  name: one two");
        assert_eq!(hanging("  name: one two three", 15, 4), "  name: one two\n    three");
        assert_eq!(hanging("  nonce: 0123456789abcdef", 20, 4), "  nonce:\n    0123456789abcdef");
        assert_eq!(hanging("  nonce: 0123456789abcdef", 15, 4), "  nonce:\n    0123456789a\n    bcdef");
    }

    #[test]
    fn long_numbers_have_commas() {
        let rows = [
            (0, "0"),
            (9_999, "9999"),
            (10_000, "10,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (number, text) in rows {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((count(1_usize, "byte", "bytes"), count(12_345_u64, "byte", "bytes")), ("1 byte".into(), "12,345 bytes".into()));
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(cut("abc def", 5), "abc…");
        assert_eq!(cut("abc", 3), "abc");
        let long = format!("the server said \"{}\" and left", "x".repeat(300));
        assert_eq!(evidence(&format!("HTTP/1.1 403 Forbidden; Server: {}; more", "x".repeat(300))).chars().count(), 24 + 308 + 6);
        assert_eq!(evidence(&format!("HTTP/1.1 403 Forbidden; Server: {}; more", "x".repeat(500))).chars().count(), 24 + 400 + 6);
        assert_eq!(evidence(&long), format!("the server said \"{}…\" and left", "x".repeat(199)));
    }
}
