//! What a server sends, held against the formats over a whole call. MS-SSTP 2.2.1 to 2.2.8.

use super::{derived, must};
use crate::base::Layer::{Data, Lcp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::{Expect, View};
use crate::transcript::What;
use crate::wire::{layout, ppp};

/// A Nak, readable or not.
const A_NAK: Expect = Expect::Any(&[Expect::Sends("sstp.call-connect-nak"), Expect::Sends("undecoded")]);
const NO_NAK: &str = "no Nak came";

pub(super) const ROWS: &[Row] = &[
    must("sstp/2.2.1/sends-version", "2.2.1", &["S-053"])
        .at(Lcp)
        .says("every packet of the server has version 1.0")
        .expects(Expect::Is("byte 0 is 0x10", |view| {
            let unread = view.always().find(|event| matches!(event.what, What::Undecoded(_)) && event.raw.first() != Some(&0x10));
            unread.map_or(Ok(()), |event| Err(format!("a packet begins {}", crate::base::hex(event.raw.get(..1).unwrap_or_default()))))?;
            every(view, |raw| raw.first() == Some(&0x10))
        }))
        .why("A client drops anything else.")
        .proved("teardown.mutant-ack-version"),
    must("sstp/2.2.1/sends-no-reserved-bits", "2.2.1", &["S-054"])
        .at(Lcp)
        .says("the server leaves reserved bits of the header zero")
        .expects(Expect::Is("byte 1 is 0 or 1", |view| every(view, |raw| raw.get(1).is_some_and(|byte| *byte <= 1))))
        .why("A later version may use them.")
        .proved("sstp.reserved-bits"),
    must("sstp/2.2.2/sends-c-bit", "2.2.2", &["S-055"])
        .at(Lcp)
        .says("C is 1 on control messages and 0 on data")
        .expects(Expect::All(&[Expect::Sends("sstp.call-connect-ack"), Expect::Sends("lcp.configure-request"), Expect::Never("undecoded")]))
        .why("It alone tells the two apart.")
        .proved("sstp.mutant-c-bit"),
    must("sstp/2.2.1/sends-no-r-bits", "2.2.1", &["S-056"])
        .at(Lcp)
        .says("the R bits of the length are zero")
        .expects(Expect::Is("byte 2 is 0x0f at most", |view| every(view, |raw| raw.get(2).is_some_and(|byte| *byte <= 0x0f))))
        .why("A later version may use them.")
        .proved("sstp.mutant-r-bits"),
    must("sstp/2.2.1/sends-true-lengths", "2.2.1", &["S-057", "S-213"])
        .at(Lcp)
        .says("the stream of the server can be cut into packets to its end")
        .expects(Expect::All(&[Expect::Sends("sstp.call-connect-ack"), Expect::Never("undecoded")]))
        .why("One wrong length loses the stream.")
        .proved("teardown.mutant-ack-length"),
    must("sstp/2.2.2/sends-known-types", "2.2.2", &["S-059"])
        .at(Lcp)
        .says("message types are 1 to 9")
        .expects(Expect::Is("types 1 to 9", |view| {
            let unknown = view.always().find_map(|event| match &event.what {
                What::Sstp(message) if !(1..=9).contains(&message.kind.number()) => Some(message.kind.number()),
                _ => None,
            });
            unknown.map_or(Ok(()), |number| Err(format!("type {number}")))
        }))
        .why("A client aborts on others.")
        .proved("teardown.mutant-ack-type"),
    must("sstp/2.2.4/sends-no-reserved-attribute-bits", "2.2.4", &["S-060", "S-062"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"])
        .says("reserved fields of the Nak are zero")
        .judges(A_NAK, NO_NAK)
        .expects(Expect::All(&[Expect::Sends("sstp.call-connect-nak"), Expect::Is("reserved fields zero", reserved_are_zero)]))
        .why("A later version may use them.")
        .proved("sstp.mutant-nak-reserved"),
    must("sstp/2.2.4/sends-true-attribute-lengths", "2.2.4", &["S-061"])
        .edits(&["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"])
        .says("the lengths of attributes cover header and value")
        .judges(A_NAK, NO_NAK)
        .expects(Expect::All(&[Expect::Sends("sstp.call-connect-nak"), Expect::Never("undecoded")]))
        .why("A client that walks them loses its way.")
        .proved("sstp.mutant-nak-length"),
    must("sstp/2.2.6/ack-reserved-fields", "2.2.6", &["S-060"])
        .says("reserved fields of the Ack are zero")
        .expects(Expect::All(&[Expect::Sends("sstp.call-connect-ack"), Expect::Is("reserved fields zero", reserved_are_zero)]))
        .why("A later version may use them.")
        .proved("sstp.mutant-reserved1"),
    derived("data/2.2.1/no-packet-over-4095", "2.2.1", &["S-058"])
        .at(Data)
        .says("no packet of a whole call is longer than 4095 bytes")
        .expects(Expect::All(&[
            Expect::Up(Data),
            Expect::Never("undecoded"),
            Expect::Is("4095 bytes at most", |view| every(view, |raw| raw.len() <= 4095)),
        ]))
        .why("The length has twelve bits.")
        .proved("ncp.mutant-silent"),
    derived("lcp/6.6/lcp-bears-ff-03", "2.2.3", &["S-211"])
        .at(Lcp)
        .says("LCP of the server bears FF 03 and a whole protocol field")
        .expects(Expect::All(&[
            Expect::Sends("lcp.configure-request"),
            Expect::Is("FF 03 C0 21", |view| frames(view, ppp::LCP, |raw| raw.get(4..8) == Some(&[0xff, 3, 0xc0, 0x21]))),
        ]))
        .why("RFC 1661 6.6: LCP is never compressed.")
        .proved("lcp.mutant-compressed"),
    derived("lcp/6.5/no-compression-unasked", "2.2.3", &["S-212", "S-264"])
        .at(Data)
        .says("without PFC and ACFC every frame bears FF 03 and two bytes of protocol")
        .expects(Expect::All(&[
            Expect::Sends("ipcp.configure-request"),
            Expect::Is("FF 03 on every frame", |view| {
                every(view, |raw| raw.get(1) != Some(&0) || raw.len() < 8 || raw.get(4..6) == Some(&[0xff, 3]))
            }),
        ]))
        .why("We did not ask for compression.")
        .proved("ncp.mutant-compressed"),
    derived("lcp/5.8/one-frame-to-a-packet", "2.2.3", &["S-213", "S-264"])
        .at(Lcp)
        .says("a data packet holds one PPP frame")
        .expects(Expect::All(&[
            Expect::Sends("lcp.configure-request"),
            Expect::Is("the length of LCP fills the packet", |view| {
                frames(view, ppp::LCP, |raw| {
                    let length = raw.get(10..12).map_or(0, |pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
                    length + 8 == raw.len()
                })
            }),
        ]))
        .why("There is no HDLC to tell them apart.")
        .proved("lcp.mutant-padding"),
];

fn every(view: &View<'_>, right: fn(&[u8]) -> bool) -> Result<(), String> {
    let mut packets = view.packets().peekable();
    if packets.peek().is_none() {
        return Err("no packet came".to_string());
    }
    let wrong = packets.find(|raw| !right(raw));
    wrong.map_or(Ok(()), |raw| Err(format!("a packet begins {}", crate::base::hex(raw.get(..raw.len().min(12)).unwrap_or_default()))))
}

fn frames(view: &View<'_>, protocol: ppp::Protocol, right: fn(&[u8]) -> bool) -> Result<(), String> {
    let of = |what: &What| matches!(what, What::Ppp(frame) if frame.protocol == protocol);
    let wrong = view.always().find(|event| of(&event.what) && !right(&event.raw));
    wrong.map_or(Ok(()), |event| Err(crate::base::hex(&event.raw)))
}

fn reserved_are_zero(view: &View<'_>) -> Result<(), String> {
    for raw in view.packets().filter(|raw| raw.get(1).is_some_and(|flags| flags & 1 == 1)) {
        for field in layout::fields(raw) {
            if let (Some(must), Some(value)) = (field.must, field.read(raw))
                && must != value
            {
                return Err(format!("{} is {value}", field.name));
            }
        }
    }
    Ok(())
}
