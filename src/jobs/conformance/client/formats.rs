//! What every packet of the client must look like, whatever it says. MS-SSTP 2.2.

use super::looks::{self, every, every_control, every_frame};
use super::{WATCHED, derived, must, rfc, should};
use crate::base::Layer::{Data, Lcp, Ncp, Sstp};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::{Expect, shown};
use crate::transcript::What;
use crate::wire::sstp::{HEADER_LEN, Header, Message, MessageType, VERSION};
use crate::wire::{layout, ppp};

const PATIENCE: u64 = 4;

pub(super) const ROWS: &[Row] = &[
    must("sstp/2.2.9/request-layout", "2.2.9", &["C-061", "C-062"])
        .at(Sstp)
        .says("Call Connect Request is 14 bytes, and asks for PPP")
        .expects(Expect::Is("10 01 00 0E 00 01 00 01 00 01 00 06 00 01", |view| {
            let raw = &looks::first(view, "sstp.call-connect-request")?.raw;
            looks::must(raw.0 == [0x10, 1, 0, 14, 0, 1, 0, 1, 0, 1, 0, 6, 0, 1], || crate::base::hex(raw))
        }))
        .why("A server may compare it byte by byte.")
        .proved("client.protocol"),
    must("sstp/2.2.1/version-sent", "2.2.1", &["C-039"])
        .at(Ncp)
        .says("the version of every packet is 0x10")
        .expects(Expect::Is("version 0x10 throughout", |view| {
            let sstp = view.always().filter(|event| matches!(event.what, What::Sstp(_) | What::Ppp(_) | What::Undecoded(_)));
            let other = sstp
                .filter(|event| event.layer > crate::base::Layer::Http)
                .find_map(|event| event.raw.first().filter(|version| **version != VERSION));
            other.map_or(Ok(()), |version| Err(format!("version 0x{version:02x}")))
        }))
        .why("Another version is another protocol.")
        .proved("client.late-version"),
    must("sstp/2.2.1/reserved-sent", "2.2.1", &["C-040"])
        .at(Data)
        .within(PATIENCE)
        .edits(WATCHED)
        .says("the reserved bits of every header are zero")
        .expects(Expect::Is("reserved bits 0 throughout", |view| {
            every(view, |packet| packet.get(1).filter(|flags| **flags & 0xfe != 0).map(|flags| format!("second byte 0x{flags:02x}")))
        }))
        .why("A later version may use them.")
        .proved("client.reserved"),
    must("sstp/2.2.1/r-sent", "2.2.1", &["C-041"])
        .at(Data)
        .within(PATIENCE)
        .edits(WATCHED)
        .says("the R bits of every header are zero")
        .expects(Expect::Is("R bits 0 throughout", |view| {
            every(view, |packet| packet.get(2).filter(|high| **high & 0xf0 != 0).map(|high| format!("third byte 0x{high:02x}")))
        }))
        .why("A server may take them for the length.")
        .proved("client.r-bits"),
    must("sstp/2.2.2/c-bit-sent", "2.2.2", &["C-042"])
        .at(Ncp)
        .says("the C bit tells control from data")
        .expects(Expect::Is("known messages with C, known protocols without", |view| {
            readable(view)?;
            every(view, |packet| {
                let control = Header::parse(packet)?.control;
                let kind = Message::parse(packet).map(|message| message.kind);
                let protocol = ppp::Frame::split(packet.get(HEADER_LEN..)?).map(|pair| ppp::protocol_name(pair.0));
                let known =
                    if control { !matches!(kind, Ok(MessageType::Unknown(_)) | Err(_)) } else { !matches!(protocol, Ok("ppp") | Err(_)) };
                (!known).then(|| format!("C = {} before {}", u8::from(control), crate::base::hex(packet.get(4..8).unwrap_or_default())))
            })
        }))
        .why("The server decides by it who reads the packet.")
        .proved("client.c-bit"),
    must("sstp/2.2.1/length-sent", "2.2.1", &["C-043"])
        .at(Ncp)
        .says("the length of every packet is its length")
        .expects(Expect::Is("a stream that can be cut to its end", readable))
        .why("The stream has no other borders.")
        .proved("client.length"),
    must("sstp/2.2.4/attributes-sent", "2.2.4", &["C-044"])
        .at(Ncp)
        .says("the reserved bits of attributes are zero, and their lengths right")
        .expects(Expect::Is("attributes without reserved bits", |view| {
            every_control(view, |packet| {
                let wrong = layout::broken(packet).into_iter().find(|field| field.name.contains('.'));
                wrong.map(|field| format!("{} is not zero", field.name))
            })
        }))
        .why("A later version may use them.")
        .proved("client.attribute-reserved"),
    must("sstp/2.2.2/attribute-count-sent", "2.2.2", &["C-045"])
        .at(Ncp)
        .says("the number of attributes is that of the attributes")
        .expects(Expect::Is("as many attributes as announced", readable))
        .why("A server that walks them runs past the end.")
        .proved("client.count"),
    rfc(Level::Derived, "lcp/2/one-frame-per-packet", 1661, "2", &["C-046"])
        .at(Data)
        .within(PATIENCE)
        .edits(WATCHED)
        .says("a data packet holds one PPP frame")
        .expects(Expect::Is("one PPP frame in each data packet", |view| {
            every_frame(view, |protocol, information| {
                let length = information.get(2..4).and_then(|pair| pair.try_into().ok()).map(u16::from_be_bytes)?;
                let behind = information.get(usize::from(length)..)?;
                (protocol >= 0x8000 && behind.starts_with(&[0xff, 0x03])).then(|| "a second frame behind the first".to_string())
            })
        }))
        .why("The second would be lost as padding.")
        .proved("client.two-frames"),
    rfc(Level::Derived, "lcp/6.6/uncompressed-lcp", 1661, "6.6", &["C-136"])
        .at(Lcp)
        .says("LCP comes with FF 03 and a protocol of two bytes")
        .expects(Expect::Is("FF 03 C0 21 before LCP", |view| {
            every(view, |packet| {
                let frame = packet.get(HEADER_LEN..).filter(|_| !Header::parse(packet).is_some_and(|header| header.control))?;
                let lcp = ppp::Frame::split(frame).is_ok_and(|pair| pair.0 == ppp::LCP);
                (lcp && !frame.starts_with(&[0xff, 0x03, 0xc0, 0x21])).then(|| crate::base::hex(frame.get(..4).unwrap_or(frame)))
            })
        }))
        .why("Compression is not agreed on yet, and a server may insist.")
        .proved("client.lcp-compressed"),
    should("lcp/3.1.5.2/mru-fits", "3.1.5.2", &["C-138"])
        .at(Lcp)
        .says("an MRU that is asked for is not above 4091")
        .expects(Expect::Is("MRU of 4091 at most", |view| {
            let packet = looks::packet(looks::first(view, "lcp.configure-request")?).ok_or("no packet")?;
            let mru = looks::options(packet).iter().find(|option| option.kind == 1).and_then(|option| option.u16());
            looks::must(mru.is_none_or(|mru| mru <= 4091), || format!("MRU {}", shown(mru)))
        }))
        .why("A larger frame does not fit into an SSTP packet.")
        .proved("client.lcp-large-mru"),
    must("data/3.2.7.1/none-before-connected-sent", "3.2.7.1", &["C-165"])
        .at(Data)
        .within(PATIENCE)
        .edits(WATCHED)
        .says("no network packet is sent before Call Connected")
        .expects(Expect::Is("Call Connected before the first IP packet", |view| {
            let place = |wanted: fn(&What) -> bool| view.always().position(|event| wanted(&event.what));
            let data = place(|what| matches!(what, What::Ppp(frame) if frame.protocol < 0x8000));
            let connected = place(|what| matches!(what, What::Sstp(message) if message.kind == MessageType::CallConnected));
            looks::must(data.is_none_or(|data| connected.is_some_and(|connected| connected < data)), || "an IP packet came first".into())
        }))
        .why("The server drops it.")
        .proved("client.early-data"),
    rfc(Level::Derived, "data/3.6/none-before-ipcp-sent", 1661, "3.6", &["C-167"])
        .at(Data)
        .within(PATIENCE)
        .edits(WATCHED)
        .says("no IPv4 packet is sent before IPCP is open")
        .expects(Expect::Is("IPCP open before the first IPv4 packet", |view| {
            let packet = looks::all(view, view.peer, "ipv4.packet").next();
            let open = view.events.iter().position(|event| event.layer == crate::base::Layer::Ncp && event.what == What::Up);
            looks::must(packet.is_none_or(|(place, _)| open.is_some_and(|open| open < place)), || "an IPv4 packet came first".into())
        }))
        .why("There is no address yet.")
        .proved("client.early-ipv4"),
    derived("data/2.2.3/no-hdlc", "2.2.3", &["C-169"])
        .at(Data)
        .within(PATIENCE)
        .edits(WATCHED)
        .says("frames have neither flags nor escapes nor a check sequence")
        .expects(Expect::Is("frames as long as what they carry says", |view| {
            every_frame(view, |protocol, information| {
                let says = match (protocol, information.first()) {
                    (ppp::IPV4, _) => information.get(2..4),
                    (0x8000.., Some(1..=11)) => information.get(2..4),
                    _ => None,
                };
                let length = usize::from(u16::from_be_bytes(says?.try_into().ok()?));
                let extra = information.len().checked_sub(length)?;
                (extra == 2 || information.first() == Some(&0x7e)).then(|| format!("{extra} bytes behind the packet"))
            })
        }))
        .why("SSTP keeps the borders; the octets of a modem line would be data.")
        .proved("client.fcs"),
    should("data/3.1.5.2/mtu", "3.1.5.2", &["C-170"])
        .at(Data)
        .within(PATIENCE)
        .edits(WATCHED)
        .only_if(Expect::Is("an IP packet", looks::carries), "the client sent no IP packet")
        .says("network packets are not longer than 1400 bytes")
        .expects(Expect::Is("packets of 1400 bytes at most", |view| longest(view, 1400)))
        .why("With the headers around it a larger one is cut in two.")
        .proved("client.large-packets"),
    rfc(Level::Derived, "data/6.1/mru-is-honoured", 1661, "6.1", &["C-168"])
        .at(Data)
        .within(PATIENCE)
        .with(|server| server.own_mru = 600)
        .edits(WATCHED)
        .only_if(Expect::Is("an IP packet", looks::carries), "the client sent no IP packet")
        .says("no frame is longer than the MRU that the server offers")
        .expects(Expect::Is("packets of 600 bytes at most", |view| longest(view, 600)))
        .why("The server may have no room for it.")
        .proved("client.large-packets"),
];

/// Nothing came that cannot be read.
fn readable(view: &crate::jobs::conformance::expect::View<'_>) -> looks::Seen {
    let broken = view.always().find_map(|event| if let What::Undecoded(error) = &event.what { Some(error.to_string()) } else { None });
    broken.map_or(Ok(()), Err)
}

fn longest(view: &crate::jobs::conformance::expect::View<'_>, most: usize) -> looks::Seen {
    every_frame(view, |protocol, information| {
        (protocol < 0x8000 && information.len() > most).then(|| format!("a packet of {} bytes", information.len()))
    })
}
