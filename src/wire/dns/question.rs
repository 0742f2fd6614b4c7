//! Questions for addresses, and answers as a resolver writes them. RFC 1035 4.1.

use super::{A, AAAA, RESPONSE, name};
use crate::base::{Layer, Reader, WireError};
use std::net::IpAddr;

/// A question for the addresses of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The id that the answer repeats.
    pub id: u16,
    /// The name, without the final dot.
    pub name: String,
    /// IPv6 addresses are wanted.
    pub v6: bool,
}

impl Question {
    /// The message; recursion is wanted.
    pub fn emit(&self) -> Vec<u8> {
        let mut message = self.id.to_be_bytes().to_vec();
        message.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
        self.push(&mut message);
        message
    }

    /// The answer: a response code (0 no error, 3 no such name) and addresses, of which those of the other family are left out.
    pub fn answer(&self, rcode: u8, addresses: &[IpAddr]) -> Vec<u8> {
        let fit: Vec<&IpAddr> = addresses.iter().filter(|address| address.is_ipv6() == self.v6).collect();
        let count = u16::try_from(fit.len()).unwrap_or(0);
        let mut message = self.id.to_be_bytes().to_vec();
        message.extend([0x81, 0x80 | (rcode & 0x0f), 0, 1]);
        message.extend(count.to_be_bytes());
        message.extend([0, 0, 0, 0]);
        self.push(&mut message);
        for address in fit {
            // RFC 1035 4.1.4: the name is the one at byte 12.
            message.extend([0xc0, 0x0c]);
            message.extend(self.kind().to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 60]);
            match address {
                IpAddr::V4(v4) => message.extend([&[0, 4], &v4.octets()[..]].concat()),
                IpAddr::V6(v6) => message.extend([&[0, 16], &v6.octets()[..]].concat()),
            }
        }
        message
    }

    /// Reads a question; `None` when it is an answer or asks for something else.
    pub fn parse(message: &[u8]) -> Result<Option<Question>, WireError> {
        let mut reader = Reader::new(Layer::Dns, message);
        let (id, flags, questions) = (reader.u16("id")?, reader.u16("flags")?, reader.u16("question count")?);
        reader.take("other counts", 6)?;
        if flags & RESPONSE != 0 || questions != 1 {
            return Ok(None);
        }
        let name = name(message, &mut reader)?;
        let kind = reader.u16("question type")?;
        Ok((kind == A || kind == AAAA).then_some(Question { id, name, v6: kind == AAAA }))
    }

    fn kind(&self) -> u16 {
        if self.v6 { AAAA } else { A }
    }

    /// Name, type and class.
    fn push(&self, message: &mut Vec<u8>) {
        for label in self.name.split('.').filter(|label| !label.is_empty()) {
            // RFC 1035 2.3.4: 63 bytes at most.
            let label = label.as_bytes().get(..label.len().min(63)).unwrap_or_default();
            message.push(label.len() as u8);
            message.extend(label);
        }
        message.push(0);
        message.extend(self.kind().to_be_bytes());
        message.extend([0, 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Answer;
    use super::*;

    #[test]
    fn a_question_is_answered_in_words_that_are_understood() {
        let question = Question { id: 0x1234, name: "vpn.lab.example".into(), v6: false };
        let bytes = question.emit();
        assert_eq!(bytes[12..29], *b"\x03vpn\x03lab\x07example\x00");
        assert_eq!(Question::parse(&bytes), Ok(Some(question.clone())));
        let addresses = ["192.0.2.7".parse().expect("v4"), "2001:db8::7".parse().expect("v6")];
        let answer = Answer::parse(&question.answer(0, &addresses)).expect("well formed").expect("an answer");
        assert_eq!((answer.name.as_str(), answer.rcode, answer.addresses), ("vpn.lab.example", 0, vec![addresses[0]]));
        let none = Answer::parse(&question.answer(3, &[])).expect("well formed").expect("an answer");
        assert_eq!((none.rcode, none.addresses.len()), (3, 0));
        assert_eq!(Question::parse(&question.answer(3, &[])), Ok(None), "an answer is no question");
        assert!(Question::parse(&bytes[..20]).is_err());
    }
}
