//! A stream has no borders: messages cut at every byte, cut short at every byte, and put together. MS-SSTP 3.1.7.2.

use super::{ABORT, BOUND, ENDED, GOES_ON, LINKED, REQUEST};
use crate::base::Layer::{self, Auth, Binding, Data, Lcp, Ncp, Sstp};
use crate::base::{Side, SpecRef, hex};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::proto::plan::{Method, ServerConfig};
use std::ops::RangeInclusive;

/// What is cut in two, and what must come all the same.
struct Cut {
    /// As it stands in ids.
    name: &'static str,
    /// The message that is cut.
    message: &'static str,
    /// What goes out in its place, if anything.
    instead: &'static str,
    until: Layer,
    layer: &'static str,
    /// Where: bytes of the first piece.
    at: RangeInclusive<usize>,
    expect: Expect,
    policy: fn(&mut ServerConfig),
    covers: &'static str,
}

const fn cut(message: &'static str, until: Layer, layer: &'static str, at: RangeInclusive<usize>, expect: Expect) -> Cut {
    Cut { name: message, message, instead: "", until, layer, at, expect, policy: |_| {}, covers: "C-013" }
}

/// Put in place of Call Disconnect.
const fn instead(
    name: &'static str,
    instead: &'static str,
    until: Layer,
    layer: &'static str,
    at: RangeInclusive<usize>,
    expect: Expect,
) -> Cut {
    Cut { name, instead, ..cut("sstp.call-disconnect", until, layer, at, expect) }
}

/// Every message of a server, at every byte.
const CUTS: [Cut; 11] = [
    Cut { covers: "C-035", ..cut("http.response", Sstp, "http", 1..=HEAD, REQUEST) },
    cut("sstp.call-connect-ack", Lcp, "sstp", 1..=47, GOES_ON),
    Cut { policy: |server| server.naks_first = 1, ..cut("sstp.call-connect-nak", Lcp, "sstp", 1..=21, Expect::Any(&[REQUEST, ABORT])) },
    cut("lcp.configure-request", Lcp, "lcp", 1..=26, Expect::Within("lcp.configure-ack", 0, 2000)),
    cut("chap.challenge", Auth, "auth", 1..=28, Expect::Within("chap.response", 0, 2000)),
    cut("chap.success", Binding, "auth", 1..=63, BOUND),
    cut("ipcp.configure-request", Ncp, "ncp", 1..=17, Expect::Within("ipcp.configure-ack", 0, 2000)),
    instead("sstp.echo-request", "1001000800080000", Binding, "data", 1..=7, Expect::Sends("sstp.echo-response")),
    // The Echo Request behind it shows that the call lives.
    instead("sstp.echo-response", "10010008000900001001000800080000", Binding, "data", 1..=7, Expect::Sends("sstp.echo-response")),
    cut("sstp.call-disconnect", Sstp, "teardown", 1..=19, Expect::Sends("sstp.call-disconnect-ack")),
    instead("sstp.call-abort", "10010014000500010002000c0000000200000005", Sstp, "teardown", 1..=19, ABORT),
];

/// Bytes of the lab's answer, but for the last; a test holds it against the answer.
const HEAD: usize = 79;

/// A message that is cut short, its length field told the truth: name, bytes, from and to which length.
const SHORT: [(&str, &str, usize, usize); 4] = [
    ("call-connect-ack", "1001003000020001000400280000000300000000000000000000000000000000000000000000000000000000000000aa", 8, 47),
    ("call-connect-nak", "10010016000300010002000e00000001000000040001", 9, 21),
    ("call-disconnect", "10010014000600010002000c0000000000000000", 9, 19),
    ("call-abort", "10010014000500010002000c0000000200000005", 9, 19),
];

pub(super) fn cases() -> Vec<Case> {
    let cuts = CUTS.iter().flat_map(|cut| cut.at.clone().map(|at| split(cut, at)));
    let short = SHORT.iter().flat_map(|row| (row.2..=row.3).filter_map(|length| truncated(row, length)));
    cuts.chain(short).chain((1..PING.len()).map(ipv4)).chain(JOINED.iter().map(joined)).collect()
}

fn split(cut: &Cut, at: usize) -> Case {
    let chap = cut.message.starts_with("chap.");
    let first = (!cut.instead.is_empty()).then(|| format!("{}#1 instead {}", cut.message, cut.instead));
    let abort = cut.name.ends_with("call-abort").then(|| "sstp.call-abort#* drop".to_string());
    Case {
        id: format!("{}/3.1.7.2/{}-to-client-split-{at}", cut.layer, cut.name.replace('.', "-")).into(),
        title: format!("{} in two writes, cut after {at} bytes, is one message", cut.name.replace(['.', '-'], " ")).into(),
        why: "TLS keeps no borders.".into(),
        spec: SpecRef::sstp("3.1.7.2"),
        level: Level::Derived,
        covers: vec![cut.covers],
        edits: first.into_iter().chain([format!("{}#1 split {at}", cut.message)]).chain(abort).map(Into::into).collect(),
        proved_by: "client.one-read",
        base: Base {
            expect: cut.expect,
            methods: chap.then_some(&[Method::MsChapV2]),
            policy: cut.policy,
            ..Base::new(Side::Client, cut.until)
        },
    }
}

fn truncated(row: &(&str, &str, usize, usize), length: usize) -> Option<Case> {
    let (name, bytes, ..) = *row;
    let whole = crate::base::unhex(bytes)?;
    let mut cut = whole.get(..length)?.to_vec();
    *cut.get_mut(3)? = u8::try_from(length).ok()?;
    let setup = name.starts_with("call-connect-");
    let carrier = if setup { "sstp.call-connect-ack" } else { "sstp.call-disconnect" };
    Some(Case {
        id: format!("{}/3.2.5.3.1/{name}-to-client-truncated-{length}", if setup { "sstp" } else { "teardown" }).into(),
        title: format!("{} that ends after {length} bytes is malformed", name.replace('-', " ")).into(),
        why: "What is not there must not be read.".into(),
        spec: SpecRef::sstp("3.2.5.3.1"),
        level: Level::Must,
        covers: vec!["C-056"],
        edits: vec![format!("{carrier}#1 instead {}", hex(&cut)).into(), "sstp.call-abort#* drop".into()],
        proved_by: "client.takes-everything",
        base: Base { expect: ABORT, otherwise: Some(ENDED), ..Base::new(Side::Client, if setup { Lcp } else { Sstp }) },
    })
}

/// Messages that come in one write with what stands before or behind them: name, title, layer, edits, what must come.
type Joined = (&'static str, &'static str, Layer, &'static [&'static str], Expect);

const JOINED: [Joined; 6] = [
    (
        "ack-behind-dropped-ppp",
        "an Ack in one record behind an LCP packet that is too early begins the call",
        Lcp,
        &["sstp.call-connect-ack#1 splice 0..0 10 00 00 10 ff 03 c0 21 01 33 00 08 01 04 05 78", "sstp.call-abort#* drop"],
        LINKED,
    ),
    (
        "disconnect-behind-the-ack",
        "Disconnect in one record behind the Ack is acknowledged",
        Data,
        &["sstp.call-connect-ack#1 splice 9999..9999 10 01 00 08 00 06 00 00", "sstp.call-abort#* drop"],
        Expect::Sends("sstp.call-disconnect-ack"),
    ),
    (
        "challenge-behind-an-echo",
        "a challenge in one record behind an LCP Echo-Request is answered",
        Auth,
        &["chap.challenge#1 splice 0..0 10 00 00 10 ff 03 c0 21 09 21 00 08 00 00 00 00"],
        Expect::Within("chap.response", 0, 2000),
    ),
    (
        "ipcp-behind-data",
        "IPCP in one record behind an IPv4 packet is answered",
        Ncp,
        &["ipcp.configure-request#1 splice 0..0 10 00 00 0a ff 03 00 21 45 00"],
        Expect::Within("ipcp.configure-ack", 0, 2000),
    ),
    (
        "echo-behind-ipv4",
        "an Echo Request in one record behind three IPv4 packets is answered",
        Ncp,
        &[
            "sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00",
            "sstp.call-disconnect#1 splice 0..0 10000024ff0300214500001c000100004001f6d4c0000201c000020a0800f7fd00010001",
            "sstp.call-disconnect#1 splice 0..0 10000024ff0300214500001c000100004001f6d4c0000201c000020a0800f7fd00010001",
            "sstp.call-disconnect#1 splice 0..0 10000024ff0300214500001c000100004001f6d4c0000201c000020a0800f7fd00010001",
        ],
        Expect::Sends("sstp.echo-response"),
    ),
    (
        "echo-ahead-of-ipv4",
        "of two Echo Requests in one record with an IPv4 packet between them both are answered",
        Ncp,
        &[
            "sstp.call-disconnect#1 instead 10 01 00 08 00 08 00 00",
            "sstp.call-disconnect#1 splice 0..0 10000024ff0300214500001c000100004001f6d4c0000201c000020a0800f7fd00010001",
            "sstp.call-disconnect#1 splice 0..0 10 01 00 08 00 08 00 00",
        ],
        Expect::Count("sstp.echo-response", 2),
    ),
];

/// An IPv4 packet in two writes; the Echo Request behind it, in a write of its own, shows that the client is in step.
fn ipv4(at: usize) -> Case {
    Case {
        id: format!("data/3.1.7.2/ipv4-packet-to-client-split-{at}").into(),
        title: format!("an IPv4 packet in two writes, cut after {at} bytes, is one packet").into(),
        why: "TLS keeps no borders, and most of what goes through a tunnel is IPv4.".into(),
        spec: SpecRef::sstp("3.1.7.2"),
        level: Level::Derived,
        covers: vec!["C-013", "C-171"],
        edits: vec![
            "sstp.call-disconnect#1 instead 1001000800080000".into(),
            format!("sstp.call-disconnect#1 splice 0..0 {}", hex(&PING)).into(),
            format!("sstp.call-disconnect#1 split {at}").into(),
            format!("sstp.call-disconnect#1 split {}", PING.len()).into(),
        ],
        proved_by: "client.one-read",
        base: Base { expect: Expect::Sends("sstp.echo-response"), ..Base::new(Side::Client, Ncp) },
    }
}

/// A data packet with an ICMP Echo Request from 192.0.2.1 to 192.0.2.10. RFC 792.
const PING: [u8; 36] = [
    0x10, 0, 0, 0x24, 0xff, 3, 0, 0x21, 0x45, 0, 0, 0x1c, 0, 1, 0, 0, 0x40, 1, 0xf6, 0xd4, 0xc0, 0, 2, 1, 0xc0, 0, 2, 0x0a, 8, 0, 0xf7,
    0xfd, 0, 1, 0, 1,
];

fn joined((name, title, until, edits, expect): &Joined) -> Case {
    Case {
        id: format!("sstp/3.1.7.2/{name}").into(),
        title: (*title).into(),
        why: "TLS keeps no borders.".into(),
        spec: SpecRef::sstp("3.1.7.2"),
        level: Level::Derived,
        covers: vec!["C-013"],
        edits: edits.iter().map(|line| (*line).into()).collect(),
        proved_by: "client.one-packet",
        base: Base { expect: *expect, methods: (*until == Auth).then_some(&[Method::MsChapV2]), ..Base::new(Side::Client, *until) },
    }
}
