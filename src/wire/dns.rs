//! DNS answers, as far as addresses go. RFC 1035 4, RFC 3596.

mod question;

pub use question::Question;

use crate::base::{Layer, Limit, Reader, WireError};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An answer to a question for addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name asked for, without the final dot.
    pub name: String,
    /// Response code: 0 no error, 3 no such name. RFC 1035 4.1.1.
    pub rcode: u8,
    /// Addresses in the answer section, whatever alias they belong to.
    pub addresses: Vec<IpAddr>,
}

impl Answer {
    /// Reads a message; `None` when it is a question, or does not ask for addresses.
    pub fn parse(message: &[u8]) -> Result<Option<Answer>, WireError> {
        let mut reader = Reader::new(Layer::Dns, message);
        reader.u16("id")?;
        let flags = reader.u16("flags")?;
        let (questions, answers) = (reader.u16("question count")?, reader.u16("answer count")?);
        reader.u32("other counts")?;
        if flags & RESPONSE == 0 || questions != 1 {
            return Ok(None);
        }
        let name = name(message, &mut reader)?;
        let kind = reader.u16("question type")?;
        reader.u16("question class")?;
        if kind != A && kind != AAAA {
            return Ok(None);
        }
        let mut addresses = Vec::new();
        for _ in 0..answers.min(MAX_ANSWERS) {
            skip_name(&mut reader)?;
            let kind = reader.u16("record type")?;
            reader.u16("record class")?;
            reader.u32("time to live")?;
            let length = usize::from(reader.u16("record length")?);
            let data = reader.take("record data", length)?;
            match kind {
                A => addresses.extend(data.first_chunk::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets)))),
                AAAA => addresses.extend(data.first_chunk::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets)))),
                _ => {}
            }
        }
        Ok(Some(Answer { name, rcode: (flags & 0x000f) as u8, addresses }))
    }
}

/// The name at the reader's place. RFC 1035 4.1.4: a pointer leads to an earlier place of the message.
fn name<'a>(message: &'a [u8], reader: &mut Reader<'a>) -> Result<String, WireError> {
    let mut text = String::new();
    let mut elsewhere: Option<Reader<'a>> = None;
    for _ in 0..MAX_LABELS {
        let at = elsewhere.as_mut().unwrap_or(reader);
        let length = at.u8("label length")?;
        match length {
            0 => return Ok(text),
            0xc0.. => {
                let place = usize::from(length & 0x3f) << 8 | usize::from(at.u8("label pointer")?);
                elsewhere = Some(Reader::new(Layer::Dns, message.get(place..).unwrap_or_default()));
            }
            _ => {
                let label = at.take("label", usize::from(length))?;
                if !text.is_empty() {
                    text.push('.');
                }
                text.extend(label.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte).to_ascii_lowercase() } else { '?' }));
            }
        }
    }
    Err(reader.error("labels of a name", usize::from(MAX_LABELS), usize::from(MAX_LABELS) + 1, Limit::Spec("RFC 1035 3.1".into())))
}

fn skip_name(reader: &mut Reader<'_>) -> Result<(), WireError> {
    loop {
        match reader.u8("label length")? {
            0 => return Ok(()),
            0xc0.. => {
                reader.u8("label pointer")?;
                return Ok(());
            }
            length => {
                reader.take("label", usize::from(length))?;
            }
        }
    }
}

/// RFC 1035 4.1.1: QR.
const RESPONSE: u16 = 0x8000;
/// RFC 1035 3.2.2.
const A: u16 = 1;
/// RFC 3596 2.1.
const AAAA: u16 = 28;
/// RFC 1035 3.1: 255 bytes hold no more labels than this.
const MAX_LABELS: u8 = 128;
/// Ours: more records than that are not looked at.
const MAX_ANSWERS: u16 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    const REPLY: &str = "1234 8180 0001 0002 0000 0000 03 76706e 07 6578616d706c65 04 74657374 00 0001 0001 \
        c00c 0005 0001 0000003c 0007 04 6e6f6465 c010 c02e 0001 0001 0000003c 0004 c0000201";

    #[test]
    fn addresses_are_found_behind_an_alias() {
        let answer = Answer::parse(&unhex(REPLY).expect("hexadecimal")).expect("well formed").expect("an answer");
        assert_eq!((answer.name.as_str(), answer.rcode), ("vpn.example.test", 0));
        assert_eq!(answer.addresses, ["192.0.2.1".parse::<IpAddr>().expect("an address")]);
    }

    #[test]
    fn cuts_circles_and_questions_are_no_answers() {
        let bytes = unhex(REPLY).expect("hexadecimal");
        for end in 0..bytes.len() {
            assert!(Answer::parse(&bytes[..end]).is_err(), "cut at {end}");
        }
        let mut circle = bytes[..12].to_vec();
        circle.extend([0xc0, 12, 0, 1, 0, 1]);
        assert_eq!(Answer::parse(&circle).expect_err("points at itself").what, "labels of a name");
        let mut question = bytes.clone();
        question[2] = 0x01;
        assert_eq!(Answer::parse(&question), Ok(None));
    }
}
