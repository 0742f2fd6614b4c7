//! What the families of servers and of clients have in common: how messages are spoken of, what ignoring is when a call is over,
//! and the shapes that a message with attributes must not have.

use super::expect::Expect;
use crate::base::hex;

/// Only the Abort that came before.
const IGNORED_AFTER_ABORT: Expect = Expect::All(&[Expect::Count("sstp.*", 1), Expect::Count("sstp.call-abort", 1)]);
/// Only the Ack that came before.
const IGNORED_AFTER_ACK: Expect = Expect::All(&[Expect::Count("sstp.*", 1), Expect::Count("sstp.call-disconnect-ack", 1)]);
/// For what only the tested end sends: the specification has no rule for it, so that a second Abort is as good.
const IGNORED_OR_ABORTED_TWICE: Expect =
    Expect::Any(&[IGNORED_AFTER_ABORT, Expect::All(&[Expect::Count("sstp.*", 2), Expect::Count("sstp.call-abort", 2)])]);
/// The same behind an Ack.
const IGNORED_OR_ABORTED: Expect = Expect::Any(&[
    IGNORED_AFTER_ACK,
    Expect::All(&[Expect::Count("sstp.*", 2), Expect::Count("sstp.call-disconnect-ack", 1), Expect::Count("sstp.call-abort", 1)]),
]);

/// What is seen of an end that ignores a message after that answer of its own.
pub fn ignored(answer: &str, wrong_way: bool) -> Expect {
    match answer {
        "sstp.call-abort" if wrong_way => IGNORED_OR_ABORTED_TWICE,
        "sstp.call-abort" => IGNORED_AFTER_ABORT,
        _ if wrong_way => IGNORED_OR_ABORTED,
        _ => IGNORED_AFTER_ACK,
    }
}

/// `call-abort` as people write it.
pub fn spoken(name: &str) -> String {
    if let Some(number) = name.strip_prefix("type-") {
        return format!("a message of type {number}");
    }
    let bare = name.strip_prefix("bare-");
    let capital = |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>();
    let words: Vec<String> = bare.unwrap_or(name).split('-').map(capital).collect();
    format!("{}{}", words.join(" "), if bare.is_some() { " without a status" } else { "" })
}

/// From the attributes of a sound message, and one that it must not have: how many are announced, and what stands behind the header.
type Make = fn(&[u8], &[u8]) -> Option<(u16, Vec<u8>)>;

/// What is wrong with the attributes of a message, or behind them.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// As it stands in ids.
    pub id: &'static str,
    /// As it is said.
    pub says: &'static str,
    /// A message in this shape can be read: what is wrong is which attributes it has.
    pub readable: bool,
    make: Make,
}

impl Shape {
    /// The message in this shape, its length field told the truth; `None` where a sound message has no attribute to spoil.
    pub fn of(&self, whole: &[u8], foreign: &[u8]) -> Option<String> {
        let (head, attributes) = whole.split_at_checked(HEAD)?;
        let (count, rest) = (self.make)(attributes, foreign)?;
        let mut message = head.to_vec();
        let length = u16::try_from(HEAD + rest.len()).ok().filter(|length| *length <= LONGEST)?;
        message.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
        message.get_mut(6..8)?.copy_from_slice(&count.to_be_bytes());
        message.extend(rest);
        Some(hex(&message))
    }
}

/// Every shape. MS-SSTP 2.2.2, 2.2.4.
pub const SHAPES: [Shape; 8] = [
    Shape {
        id: "unknown-attribute-behind",
        says: "an attribute of an unknown type behind its own",
        readable: true,
        make: |own, _| behind(own, &UNKNOWN),
    },
    Shape {
        id: "unknown-attribute-alone",
        says: "an attribute of an unknown type and no other",
        readable: true,
        make: |_, _| Some((1, UNKNOWN.to_vec())),
    },
    Shape { id: "foreign-attribute", says: "an attribute that belongs to another message", readable: true, make: behind },
    Shape { id: "attribute-twice", says: "its attribute twice", readable: true, make: |own, _| present(own).map(|own| (2, own.repeat(2))) },
    Shape { id: "attribute-missing", says: "an attribute announced and none there", readable: false, make: |_, _| Some((1, Vec::new())) },
    Shape {
        id: "attribute-uncounted",
        says: "an attribute there and none announced",
        readable: false,
        make: |own, _| Some((0, present(own).unwrap_or(&UNKNOWN).to_vec())),
    },
    Shape {
        id: "one-byte-more",
        says: "one byte behind its end",
        readable: false,
        make: |own, _| Some((announced(own), [own, &[0]].concat())),
    },
    Shape {
        id: "longest",
        says: "zeros behind its end up to the longest packet",
        readable: false,
        make: |own, _| Some((announced(own), [own, &vec![0; usize::from(LONGEST) - HEAD - own.len()]].concat())),
    },
];

fn present(own: &[u8]) -> Option<&[u8]> {
    (!own.is_empty()).then_some(own)
}

fn announced(own: &[u8]) -> u16 {
    u16::from(!own.is_empty())
}

fn behind(own: &[u8], other: &[u8]) -> Option<(u16, Vec<u8>)> {
    Some((announced(own) + 1, [own, other].concat()))
}

/// MS-SSTP 2.2.2: bytes before the attributes.
const HEAD: usize = 8;
/// MS-SSTP 2.2.1: the length has twelve bits.
const LONGEST: u16 = 4095;
/// An attribute of type 0x7f with four bytes.
const UNKNOWN: [u8; 8] = [0, 0x7f, 0, 8, 0xde, 0xad, 0xbe, 0xef];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_tell_the_truth_about_the_length() {
        let request = crate::base::unhex("1001000e00010001000100060001").expect("hexadecimal");
        let of = |id: &str, whole: &[u8]| SHAPES.iter().find(|shape| shape.id == id).and_then(|shape| shape.of(whole, &[]));
        assert_eq!(of("attribute-twice", &request).as_deref(), Some("1001001400010002000100060001000100060001"));
        assert_eq!(of("one-byte-more", &request).as_deref(), Some("1001000f0001000100010006000100"));
        assert_eq!(of("attribute-missing", &request).as_deref(), Some("1001000800010001"));
        assert_eq!(of("longest", &request).map(|text| text.len()), Some(2 * 4095));
        assert_eq!(of("attribute-twice", &request[..8]), None);
    }

    #[test]
    fn messages_are_spoken_of_as_people_write_them() {
        assert_eq!(spoken("bare-call-abort"), "Call Abort without a status");
        assert_eq!(spoken("type-10"), "a message of type 10");
    }
}
