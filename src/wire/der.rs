//! DER element by element, over the parser's own reader: what OCSP and PKCS #7 need and the parser does not know. X.690.

use x509_parser::asn1_rs::{Any, Class, FromDer};

/// One element.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    /// Tag number.
    pub tag: u32,
    /// The tag is of the context, not universal.
    pub context: bool,
    /// Header and content.
    pub raw: &'a [u8],
    /// The content.
    pub content: &'a [u8],
}

impl<'a> Element<'a> {
    /// What lies inside, read as elements.
    pub fn inside(&self) -> Elements<'a> {
        Elements(self.content)
    }

    /// A bit string without its count of unused bits, which is zero in keys and signatures. X.690 8.6.2.
    pub fn bits(&self) -> Option<&'a [u8]> {
        self.content.strip_prefix(&[0])
    }
}

/// Elements one behind the other.
#[derive(Clone, Debug)]
pub struct Elements<'a>(pub &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element, whatever it is; nothing at the end or where there is no DER.
    pub fn any(&mut self) -> Option<Element<'a>> {
        let (rest, any) = Any::from_der(self.0).ok()?;
        let raw = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        let context = match any.class() {
            Class::Universal => false,
            Class::ContextSpecific => true,
            _ => return None,
        };
        Some(Element { tag: any.tag().0, context, raw, content: any.data })
    }

    /// The next element, which has to be of this universal tag.
    pub fn of(&mut self, tag: u32) -> Option<Element<'a>> {
        self.any().filter(|element| !element.context && element.tag == tag)
    }

    /// The next element if it has this tag of the context; it stays where it is otherwise.
    pub fn optional(&mut self, tag: u32) -> Option<Element<'a>> {
        let mut ahead = self.clone();
        let found = ahead.any().filter(|element| element.context && element.tag == tag)?;
        *self = ahead;
        Some(found)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        self.any()
    }
}

/// One element as bytes; `tag` is the whole identifier octet. X.690 8.1.
pub fn emit(tag: u8, content: &[u8]) -> Vec<u8> {
    let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let header = match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => vec![tag, short],
        // A usize has at most eight bytes, which fit in the low bits.
        _ => [vec![tag, 0x80 | length.len() as u8], length].concat(),
    };
    [header.as_slice(), content].concat()
}

/// X.690 8.3.
pub const INTEGER: u32 = 2;
/// X.690 8.6.
pub const BIT_STRING: u32 = 3;
/// X.690 8.7.
pub const OCTET_STRING: u32 = 4;
/// X.690 8.19.
pub const OID: u32 = 6;
/// X.690 8.4.
pub const ENUMERATED: u32 = 10;
/// X.690 8.9.
pub const SEQUENCE: u32 = 16;
/// X.690 8.11.
pub const SET: u32 = 17;
/// X.680 46.
pub const GENERALIZED_TIME: u32 = 24;
/// The identifier octet of a SEQUENCE. X.690 8.9.1.
pub const SEQUENCE_OCTET: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hex;

    #[test]
    fn lengths_of_every_size_are_written() {
        for (length, header) in [(0, "3000"), (0x7f, "307f"), (0x80, "308180"), (0x100, "30820100"), (0x10000, "3083010000")] {
            assert_eq!(hex(&emit(SEQUENCE_OCTET, &vec![0; length])[..header.len() / 2]), header);
        }
    }

    #[test]
    fn elements_are_read_in_order_and_optional_ones_stay_where_they_are() {
        let bytes = [0x30, 0x06, 0x02, 0x01, 0x07, 0xa1, 0x01, 0x05, 0x0a, 0x01, 0x06];
        let mut outer = Elements(&bytes);
        let mut inner = outer.of(SEQUENCE).expect("a sequence").inside();
        assert_eq!(inner.of(INTEGER).map(|element| element.content), Some(&[7][..]));
        assert!(inner.optional(0).is_none());
        assert_eq!(inner.optional(1).map(|element| element.raw), Some(&[0xa1, 0x01, 0x05][..]));
        assert!(inner.any().is_none());
        assert!(outer.clone().of(INTEGER).is_none());
        assert_eq!(outer.of(ENUMERATED).map(|element| element.content), Some(&[6][..]));
        assert!(Elements(&[0x30, 0x05, 0x02]).any().is_none());
    }
}
