//! Traffic before and after the network is up. MS-SSTP 3.3.5.2.3, 3.3.7; RFC 1332.

use super::{derived, must, rfc, should};
use crate::base::Layer::{Auth, Data, Ncp};
use crate::base::{Side, SpecRef, hex};
use crate::jobs::conformance::case::{Base, Case, Level, Row};
use crate::jobs::conformance::expect::{Expect, View};
use crate::proto::quirk::Quirk;
use crate::transcript::{Event, What};
use crate::wire::ppp;
use crate::wire::sstp::emit_data;

const PING: &str = "sstp.call-disconnect#1 instead 10 00 00 24 ff 03 00 21 45 00 00 1c 00 01 00 00 40 01 f6 d4 c0 00 02 0a c0 00 02 01 08 00 f7 fd 00 01 00 01";
const PING_FOR_IPCP: &str = "ipcp.configure-request#1 instead 10 00 00 24 ff 03 00 21 45 00 00 1c 00 01 00 00 40 01 f6 d4 c0 00 02 0a c0 00 02 01 08 00 f7 fd 00 01 00 01";

const ANSWERS_LARGE_PINGS: (Expect, &str) = (Expect::Sends("ipv4.packet"), "the server answers no ping of 1500 bytes");

const TAKES_OUR_MRU: (Expect, &str) = (
    Expect::All(&[
        Expect::Is("lcp.configure-ack with MRU 576", |view| {
            let acks = |event: &&Event| event.raw.get(8) == Some(&2) && event.raw.windows(4).any(|option| option == [1, 4, 2, 0x40]);
            let lcp = view.always().filter(|event| matches!(&event.what, What::Ppp(frame) if frame.protocol == ppp::LCP));
            if lcp.into_iter().any(|event| acks(&event)) { Ok(()) } else { Err("no Ack of MRU 576".into()) }
        }),
        ANSWERS_LARGE_PINGS.0,
    ]),
    "the server does not take the MRU, or answers no ping of 1500 bytes",
);

pub(super) const ROWS: &[Row] = &[
    rfc(Level::Derived, "data/6.1/our-mru", 1661, "6.1", &["S-210"])
        .at(Data)
        .quirks(&[Quirk::SmallMru, Quirk::LargePackets])
        .only_if(TAKES_OUR_MRU.0, TAKES_OUR_MRU.1)
        .says("no packet is larger than the MRU that the client asked for")
        .expects(Expect::Is("packets of 576 bytes at most", |view| fit(view, 576)))
        .why("A client need not have room for more.")
        .proved("data.mutant-large"),
    should("data/3.1.5.2/default-mtu", "3.1.5.2", &["S-266"])
        .at(Data)
        .quirks(&[Quirk::LargePackets])
        .only_if(ANSWERS_LARGE_PINGS.0, ANSWERS_LARGE_PINGS.1)
        .says("the MTU towards the client is 1400")
        .expects(Expect::Is("packets of 1400 bytes at most", |view| fit(view, 1400)))
        .why("More is cut up again on the way to the client.")
        .proved("data.mutant-large"),
    should("data/3.3.5.2.3/carries-traffic", "3.3.5.2.3", &["S-263"])
        .at(Data)
        .says("traffic flows once the call is connected and IPCP is open")
        .expects(Expect::Sends("ipv4.packet"))
        .why("That is what the tunnel is for.")
        .proved("teardown.dead-tunnel"),
    must("data/3.3.7.2/none-before-connected", "3.3.7.2", &["S-261"])
        .at(Auth)
        .within(5)
        .edits(&[PING])
        .says("packets before Call Connected are dropped, and not fatal; none comes back")
        .expects(Expect::All(&[Expect::Never("sstp.call-abort"), Expect::Never("closed"), Expect::Never("ipv4.packet"), Expect::Never("ipv6.packet")]))
        .why("Nobody has proved yet that the tunnel is whole.")
        .proved("data.mutant-early-ends"),
    must("data/3.3.5.2.3/none-to-an-unbound-client", "3.3.5.2.3", &["S-260", "S-261"])
        .at(Data)
        .within(10)
        .edits(&["sstp.call-connected#1 drop", "sstp.echo-request#* drop"])
        .says("as long as Call Connected is withheld no network packet comes, whatever IPCP came to")
        .expects(Expect::All(&[Expect::Never("ipv4.packet"), Expect::Never("ipv6.packet")]))
        .why("Nobody has proved yet that the tunnel ends where it should.")
        .proved("data.mutant-unbound"),
    must("data/2/none-before-ipcp", "3.3.7.2", &["S-252"])
        .at(Ncp)
        .within(5)
        .edits(&[PING_FOR_IPCP, "ipcp.configure-request#2 drop", "ipcp.configure-request#3 drop", "ipcp.configure-ack#* drop"])
        .says("packets before IPCP is open are not fatal")
        .expects(Expect::All(&[Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .why("RFC 1332 2.")
        .proved("data.mutant-early-ends"),
    must("auth/3.3.7.1/ppp-before-connected", "3.3.7.1", &["S-262"])
        .at(Auth)
        .says("authentication works before Call Connected")
        .expects(Expect::Up(Auth))
        .why("Call Connected needs its keys.")
        .proved("auth.mutant-no-accounts"),
    derived("data/3.1.5.2/short-ip", "3.1.5.2", &["S-268"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0a ff 03 00 21 45 00 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00"])
        .says("a broken IP packet does not end the call")
        .expects(super::ALIVE)
        .why("What is inside is not SSTP's business.")
        .proved("data.mutant-strange-ip-ends"),
    derived("data/3.1.5.2/spoofed-source", "3.1.5.2", &["S-268"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 24 ff 03 00 21 45 00 00 1c 00 01 00 00 40 01 7c d7 cb 00 71 07 c0 00 02 01 08 00 f7 fd 00 01 00 01 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00"])
        .says("a packet from another address does not end the call")
        .expects(super::ALIVE)
        .why("Policy drops packets, not calls.")
        .proved("data.mutant-strange-ip-ends"),
];

/// Id, size of the IP packet, where it is required, how binding that is, what it covers, how it is said.
type Size = (&'static str, usize, SpecRef, Level, &'static [&'static str], &'static str);

/// IP packets of a size, by name: the largest that fits into an SSTP packet, and what every PPP end must take.
const SIZES: [Size; 3] = [
    (
        "data/2.2.1/the-largest-packet",
        4087,
        SpecRef::sstp("2.2.1"),
        Level::Derived,
        &["S-080"],
        "a data packet of 4095 bytes is cut out of the stream rightly",
    ),
    (
        "data/6.1/frame-of-1500",
        1500,
        SpecRef::rfc(1661, "6.1"),
        Level::Must,
        &["S-209"],
        "a frame of 1500 bytes is taken, whatever was negotiated",
    ),
    (
        "data/3.1.5.2/frame-of-1400",
        1400,
        SpecRef::sstp("3.1.5.2"),
        Level::Derived,
        &["S-265"],
        "a frame of 1400 bytes, as large as any MRU in use, does no harm",
    ),
];

/// Large packets; what is answered is the LCP Echo-Request behind them.
pub(super) fn cases() -> Vec<Case> {
    let case = |(id, size, spec, level, covers, says): &Size| Case {
        id: (*id).into(),
        title: (*says).into(),
        why: "A stream that is out of step after a large packet ends the call at the first download.".into(),
        spec: *spec,
        level: *level,
        covers: covers.to_vec(),
        edits: vec![format!("sstp.call-disconnect#1 instead {}10000010ff03c0210921000800000000", hex(&large(*size))).into()],
        proved_by: "data.mutant-full-ends",
        base: Base { expect: super::ALIVE, ..Base::new(Side::Server, Ncp) },
    };
    SIZES.iter().map(case).collect()
}

/// Whether the IP packets of the server are no longer than that.
fn fit(view: &View<'_>, most: usize) -> Result<(), String> {
    let ip = view.always().filter(|event| matches!(&event.what, What::Ppp(frame) if frame.protocol == ppp::IPV4));
    let longest = ip.map(|event| event.raw.len().saturating_sub(FRAMED)).max().unwrap_or_default();
    if longest <= most { Ok(()) } else { Err(format!("an IP packet of {longest} bytes")) }
}

/// SSTP header, FF 03 and protocol in front of an IP packet, bytes.
const FRAMED: usize = 8;

/// A data packet that holds an ICMP Echo Request of so many bytes, IP header included, between addresses for documentation.
fn large(size: usize) -> Vec<u8> {
    let [high, low] = u16::try_from(size).unwrap_or(u16::MAX).to_be_bytes();
    let mut ip = vec![0x45, 0, high, low, 0, 1, 0, 0, 0x40, 1, 0, 0, 192, 0, 2, 10, 192, 0, 2, 1];
    let sum = checksum(&ip).to_be_bytes();
    ip.splice(10..12, sum);
    let mut icmp = vec![8, 0, 0, 0, 0, 1, 0, 1];
    icmp.resize(size.saturating_sub(ip.len()), 0x61);
    let sum = checksum(&icmp).to_be_bytes();
    icmp.splice(2..4, sum);
    emit_data(&[vec![0xff, 3, 0, 0x21], ip, icmp].concat())
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair.first().copied().unwrap_or(0)) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}
