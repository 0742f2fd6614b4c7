//! Reading bytes with a place and a reason when they run out.

use super::Layer;
use serde::{Deserialize, Serialize};

/// Bytes as they were on the wire; hexadecimal when serialised.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Bytes(bytes.to_vec())
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text).map(Bytes).ok_or_else(|| serde::de::Error::custom("an even number of hexadecimal digits was expected"))
    }
}

/// Lower-case hexadecimal without separators.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' - 10 + value });
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
    text
}

/// Base64 with padding, on one line. RFC 4648 4.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes.chunks(3).fold(String::new(), |mut text, chunk| {
        let group = chunk.iter().enumerate().fold(0u32, |group, (i, byte)| group | u32::from(*byte) << (16 - 8 * i));
        for place in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
        text
    })
}

/// The bytes of Base64, with or without padding. `None` when it is anything else. RFC 4648 4.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.trim_end_matches('=').bytes().map(digit).collect::<Option<_>>()?;
    let whole = digits.chunks(4).map(|chunk| {
        let group = chunk.iter().enumerate().fold(0u32, |group, (i, value)| group | u32::from(*value) << (18 - 6 * i));
        (group.to_be_bytes(), chunk.len())
    });
    (digits.len() % 4 != 1).then(|| whole.flat_map(|([_, bytes @ ..], len)| bytes.into_iter().take(len - 1)).collect())
}

/// The bytes of hexadecimal text; white space and colons between bytes are passed over. `None` when it is anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().filter(|c| !c.is_whitespace() && *c != ':').map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// What set the limit that a reader ran into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// The bytes at hand end there.
    Input,
    /// A length field of that name says so.
    Field(String),
    /// The specification allows no other value.
    Spec(String),
    /// A bound of our own against unbounded memory, in bytes.
    Ours(usize),
}

/// Bytes that cannot be read as what they claim to be: what, where, how much was needed, how much was there, and who
/// set the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireError {
    /// The layer that was being read.
    pub layer: Layer,
    /// What was being read.
    pub what: String,
    /// Offset in bytes from the start of the message.
    pub at: usize,
    /// Bytes (or the value) needed there; with `have` zero as well where it is not a matter of amounts.
    pub need: usize,
    /// Bytes (or the value) found there.
    pub have: usize,
    /// Who set the limit.
    pub limit: Limit,
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)?;
        if (self.need, self.have) != (0, 0) {
            write!(f, ": need {}, have {}", self.need, self.have)?;
        }
        match &self.limit {
            Limit::Input => write!(f, " (the bytes end there)"),
            Limit::Field(name) => write!(f, " (set by the {name} field)"),
            Limit::Spec(section) => write!(f, " ({section})"),
            Limit::Ours(bound) => write!(f, " (bound of {bound} bytes)"),
        }
    }
}

impl std::error::Error for WireError {}

/// A cursor over bytes that says what it was reading when they run out.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    layer: Layer,
    bytes: &'a [u8],
    at: usize,
    base: usize,
    limit: Limit,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` as part of `layer`.
    pub fn new(layer: Layer, bytes: &'a [u8]) -> Self {
        Reader { layer, bytes, at: 0, base: 0, limit: Limit::Input }
    }

    /// Offset of the next byte, from the start of the outermost message.
    pub fn at(&self) -> usize {
        self.base + self.at
    }

    /// Bytes left.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// No bytes left.
    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// An error at the present place.
    pub fn error(&self, what: &str, need: usize, have: usize, limit: Limit) -> WireError {
        WireError { layer: self.layer, what: what.to_string(), at: self.at(), need, have, limit }
    }

    /// The next `n` bytes.
    pub fn take(&mut self, what: &str, n: usize) -> Result<&'a [u8], WireError> {
        let bytes =
            self.bytes.get(self.at..).and_then(|rest| rest.get(..n)).ok_or_else(|| self.error(what, n, self.left(), self.limit.clone()))?;
        self.at += n;
        Ok(bytes)
    }

    /// All bytes left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        rest
    }

    /// A reader over the next `n` bytes, a limit set by `field`.
    pub fn sub(&mut self, what: &str, n: usize, field: &str) -> Result<Reader<'a>, WireError> {
        let base = self.at();
        let bytes = self.take(what, n)?;
        Ok(Reader { layer: self.layer, bytes, at: 0, base, limit: Limit::Field(field.to_string()) })
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(what, N)?);
        Ok(array)
    }

    /// One byte.
    pub fn u8(&mut self, what: &str) -> Result<u8, WireError> {
        Ok(u8::from_be_bytes(self.array(what)?))
    }

    /// Two bytes, big-endian.
    pub fn u16(&mut self, what: &str) -> Result<u16, WireError> {
        Ok(u16::from_be_bytes(self.array(what)?))
    }

    /// Three bytes, big-endian.
    pub fn u24(&mut self, what: &str) -> Result<u32, WireError> {
        let [a, b, c] = self.array(what)?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, big-endian.
    pub fn u32(&mut self, what: &str) -> Result<u32, WireError> {
        Ok(u32::from_be_bytes(self.array(what)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_says_what_was_missing_and_who_set_the_limit() {
        let mut reader = Reader::new(Layer::Sstp, &[0, 2, 0, 12, 1]);
        assert_eq!(reader.u32("header"), Ok(0x0002_000c));
        let error = reader.u16("status").expect_err("one byte is left");
        assert_eq!((error.at, error.need, error.have, error.limit), (4, 2, 1, Limit::Input));
        let mut reader = Reader::new(Layer::Lcp, &[1, 2, 3, 4]);
        reader.u8("type").expect("there is one");
        let mut inner = reader.sub("value", 2, "length").expect("two bytes");
        let error = inner.u24("value").expect_err("only two");
        assert_eq!((error.at, error.limit), (1, Limit::Field("length".into())));
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(unhex("10 01:00 0e"), Some(vec![0x10, 1, 0, 14]));
        assert_eq!(unhex("1"), None);
        assert_eq!(unhex("zz"), None);
        assert_eq!(hex(&[0xab, 0]), "ab00");
    }
}
