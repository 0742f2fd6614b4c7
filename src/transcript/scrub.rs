//! Takes passwords, and whatever lets one be guessed, out of what happened: [`Field::secret`](crate::base::Field::secret)
//! of SSTP packets, and the header lines of HTTP that carry credentials. Lengths stay, so that a scrubbed transcript is
//! judged like the one it was made from.

use super::{Event, Inner, Transcript, What};
use crate::base::{Layer, hex};
use crate::wire::ppp::{self, Frame};
use crate::wire::{http, layout, sstp};
use std::ops::Range;

/// Ours: what stands in place of every secret byte.
pub const MASK: u8 = b'*';

impl Transcript {
    /// Takes the secrets out of every event.
    pub fn scrub(&mut self) {
        self.events.iter_mut().for_each(scrub);
        self.head.with_secrets = false;
    }
}

/// Takes the secrets out of one event: out of its bytes, and out of what was read from them.
pub fn scrub(event: &mut Event) {
    let ranges = secrets(event);
    // What was read from bytes without secrets has none either.
    let clean = ranges.is_empty() && is_packet(&event.raw);
    for range in ranges {
        event.raw.0.get_mut(range).unwrap_or_default().fill(MASK);
    }
    match &mut event.what {
        What::Ppp(_) if clean => {}
        What::Ppp(frame) => *frame = scrubbed_frame(frame),
        What::Http(head) | What::ProxyReply(head) => scrub_head(head),
        What::Inner(inner) => scrub_inner(inner),
        _ => {}
    }
}

/// Where secrets lie in the bytes of an event.
pub fn secrets(event: &Event) -> Vec<Range<usize>> {
    match event.what {
        What::Http(_) | What::ProxyReply(_) => in_head(&event.raw),
        What::Undecoded(_) | What::Opaque { .. } if event.layer <= Layer::Http => in_head(&event.raw),
        _ if event.layer <= Layer::Http => Vec::new(),
        _ if !is_packet(&event.raw) => behind_auth(&event.raw, 0).into_iter().collect(),
        // Bytes that cannot be read may hold a password anywhere.
        What::Undecoded(_) => behind_auth(&event.raw, PPP_CONTROL_HEADER).into_iter().collect(),
        _ => layout::secrets(&event.raw).into_iter().map(|field| field.byte_range()).collect(),
    }
}

fn is_packet(raw: &[u8]) -> bool {
    sstp::Header::parse(raw).is_some_and(|header| header.length == raw.len())
}

/// Everything that follows the number of an authentication protocol and `beyond` bytes more.
fn behind_auth(raw: &[u8], beyond: usize) -> Option<Range<usize>> {
    let numbers = [ppp::PAP, ppp::CHAP, ppp::EAP].map(u16::to_be_bytes);
    let at = raw.windows(2).position(|pair| numbers.iter().any(|number| number == pair))?;
    Some((at + 2 + beyond).min(raw.len())..raw.len())
}

/// The frame as it reads when its secret fields are masked.
fn scrubbed_frame(frame: &Frame) -> Frame {
    let mut packet = sstp::emit_data(&frame.emit());
    let secret = layout::secrets(&packet);
    if secret.is_empty() {
        return frame.clone();
    }
    for field in secret {
        packet.get_mut(field.byte_range()).unwrap_or_default().fill(MASK);
    }
    let masked = packet.get(sstp::HEADER_LEN..).unwrap_or_default();
    Frame::parse(masked).unwrap_or_else(|_| Frame { protocol: frame.protocol, body: ppp::Body::Other(Vec::new().into()) })
}

/// A login inside PEAP has the same secrets as one outside.
fn scrub_inner(inner: &mut Inner) {
    if let Inner::Packet(packet) = inner {
        let frame = scrubbed_frame(&Frame { protocol: ppp::EAP, body: ppp::Body::Eap(packet.clone()) });
        match frame.body {
            ppp::Body::Eap(masked) => *packet = masked,
            _ => packet.data.0.fill(MASK),
        }
    }
}

fn scrub_head(head: &mut http::Head) {
    for (name, value) in &mut head.headers {
        if is_secret(name.as_bytes()) {
            let shown = scheme(value.as_bytes());
            let masked: String = value.chars().enumerate().map(|(n, c)| if n < shown { c } else { char::from(MASK) }).collect();
            *value = masked;
        }
    }
}

/// The values of header lines that carry credentials.
fn in_head(raw: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        if let Some(colon) = text.iter().position(|byte| *byte == b':')
            && let Some((name, value)) = text.split_at_checked(colon + 1)
            && is_secret(name.strip_suffix(b":").unwrap_or(name))
        {
            let blanks = value.len() - value.trim_ascii_start().len();
            found.push(at + colon + 1 + blanks + scheme(value.trim_ascii_start())..at + text.len());
        }
        at += line.len();
    }
    found
}

/// RFC 9110 11.6.2, RFC 6265: header lines whose value lets someone else in.
fn is_secret(name: &[u8]) -> bool {
    [&b"proxy-authorization"[..], b"authorization", b"cookie", b"set-cookie"].iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Length of the scheme (`Basic `) in front of credentials; a cookie has none.
fn scheme(value: &[u8]) -> usize {
    let word = value.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if value.get(word) == Some(&b' ') { word + 1 } else { 0 }
}

/// Bytes that a person may see: hexadecimal, or asterisks where they are secret.
pub fn shown(bytes: &[u8], secret: bool) -> String {
    if secret { "*".repeat(bytes.len() * 2) } else { hex(bytes) }
}

/// RFC 1661 5: code, identifier and length.
const PPP_CONTROL_HEADER: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Bytes, Limit, Micros, Side, WireError, unhex};

    fn event(layer: Layer, what: What, raw: &[u8]) -> Event {
        Event { at: Micros::ZERO, by: Some(Side::Client), layer, what, raw: raw.into() }
    }

    fn packet(frame: &[u8]) -> Vec<u8> {
        sstp::emit_data(&[&[0xff, 3], frame].concat())
    }

    /// Code, identifier, length and data.
    fn control(protocol: u16, code: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len() + 4).expect("short").to_be_bytes();
        [&protocol.to_be_bytes()[..], &[code, 1], &length, data].concat()
    }

    fn scrubbed_json(mut event: Event) -> String {
        scrub(&mut event);
        serde_json::to_string(&event).expect("JSON")
    }

    /// Every packet that carries a secret: protocol, code and data with the secret written `5ec2e7` again and again.
    fn carriers() -> Vec<Vec<u8>> {
        let secret = unhex(&"5ec2e7".repeat(8)).expect("24 bytes");
        let response = [&secret[..16], &[0; 8], &secret, &[0], b"alice"].concat();
        let sized = |value: &[u8]| [&[u8::try_from(value.len()).expect("short")], value].concat();
        let mschapv2 = [&[49], &response[..]].concat();
        let pap = [&sized(b"alice")[..], &sized(&secret)].concat();
        let in_eap = |kind: u8, data: &[u8]| control(ppp::EAP, 2, &[&[kind], data].concat());
        let opcode = |code: u8, data: &[u8]| in_eap(26, &control(0, code, data)[2..]);
        let frames = [
            control(ppp::PAP, 1, &pap),
            control(ppp::CHAP, 2, &sized(&secret[..16])),
            control(ppp::CHAP, 2, &mschapv2),
            control(ppp::CHAP, 7, &secret),
            in_eap(4, &sized(&secret[..16])),
            in_eap(5, &secret),
            in_eap(6, &secret),
            opcode(2, &mschapv2),
            opcode(7, &secret),
            control(ppp::LCP, 8, &control(ppp::PAP, 1, &pap)),
        ];
        frames.iter().map(|frame| packet(frame)).collect()
    }

    #[test]
    fn no_secret_of_any_layout_is_left_in_bytes_or_in_words() {
        for raw in carriers() {
            let frame = Frame::parse(&raw[4..]).expect("well formed");
            let name = frame.name();
            let before = event(Layer::Auth, What::Ppp(frame.clone()), &raw);
            assert!(serde_json::to_string(&before).expect("JSON").contains("5ec2e75ec2e7"), "{name}: the test knows what to look for");
            let json = scrubbed_json(before.clone());
            assert!(!json.contains("5ec2e7"), "{name}: {json}");
            let mut scrubbed = before;
            scrub(&mut scrubbed);
            assert_eq!(scrubbed.raw.len(), raw.len(), "{name}: lengths stay");
            let What::Ppp(after) = &scrubbed.what else { panic!("still PPP") };
            assert_eq!((after.name(), after.emit().len()), (name, frame.emit().len()));
            assert_eq!(Ok(after.clone()), Frame::parse(&scrubbed.raw[4..]), "bytes and words agree");
            let twice = scrubbed.clone();
            scrub(&mut scrubbed);
            assert_eq!(scrubbed, twice);
        }
    }

    #[test]
    fn what_cannot_be_read_gives_nothing_away_either() {
        let error = WireError { layer: Layer::Auth, what: "password".into(), at: 0, need: 9, have: 1, limit: Limit::Input };
        for raw in carriers() {
            for cut in 9..raw.len() {
                for layer in [Layer::Sstp, Layer::Lcp, Layer::Auth] {
                    let json = scrubbed_json(event(layer, What::Undecoded(error.clone()), &raw[..cut]));
                    assert!(!json.contains("5ec2e7"), "{layer} {cut}: {json}");
                }
            }
        }
    }

    #[test]
    fn credentials_in_http_are_masked_and_the_scheme_is_told() {
        let raw = b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\nproxy-authorization:  Basic czNjcmV0\r\nCookie: s3cret=1\r\nX: y\r\n\r\n";
        let http::Parsed::Whole(head, _) = http::Head::parse_request(Layer::Proxy, raw).expect("a head") else { panic!("whole") };
        let mut seen = event(Layer::Proxy, What::Http(head), raw);
        scrub(&mut seen);
        let text = String::from_utf8(seen.raw.0.clone()).expect("text");
        assert!(text.contains("proxy-authorization:  Basic ********\r\nCookie: ********\r\nX: y"), "{text}");
        let What::Http(head) = &seen.what else { panic!("still HTTP") };
        assert_eq!((head.header("proxy-authorization"), head.header("cookie")), (Some("Basic ********"), Some("********")));
    }

    #[test]
    fn what_is_no_secret_stays() {
        let raw = packet(&control(ppp::CHAP, 3, b"S=00 M=Welcome"));
        let seen = event(Layer::Auth, What::Ppp(Frame::parse(&raw[4..]).expect("well formed")), &raw);
        let mut same = seen.clone();
        scrub(&mut same);
        assert_eq!(same, seen);
        assert_eq!(shown(&[1, 2], true), "****");
        assert_eq!(shown(&Bytes(vec![1, 2]), false), "0102");
    }
}
