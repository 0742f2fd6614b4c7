//! A stream has no borders: messages cut at every byte, cut short at every byte, and put together. MS-SSTP 3.1.7.2.

use super::{ACKED, BOUND, ENDED, MALFORMED, REFUSED};
use crate::base::Layer::{self, Binding, Http, Lcp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use std::borrow::Cow;
use std::ops::RangeInclusive;

const LEAVE: Expect = Expect::Sends("sstp.call-disconnect-ack");
/// The one in two pieces, and the plain one before it.
const ECHO: Expect = Expect::Count("sstp.echo-response", 2);

/// Message, layer to climb to, layer of the id, where it is cut, what must come, the proof, covered requirements.
type Cut = (&'static str, Layer, &'static str, RangeInclusive<usize>, Expect, &'static str, &'static str);

const CUTS: [Cut; 6] = [
    ("http.request", Http, "http", 1..=150, Expect::Http(200, 200), "http.mutant-one-read", "S-011"),
    ("sstp.call-connect-request", Sstp, "sstp", 1..=13, ACKED, "sstp.mutant-one-read", "S-009"),
    ("sstp.call-disconnect", Sstp, "teardown", 1..=19, LEAVE, "teardown.no-ack", "S-009"),
    ("sstp.call-connected", Binding, "binding", 1..=111, BOUND, "binding.silent", "S-009"),
    ("sstp.echo-request", Binding, "data", 1..=7, ECHO, "data.mutant-one-echo", "S-009"),
    ("lcp.configure-request", Lcp, "lcp", 1..=21, Expect::Up(Lcp), "lcp.mutant-no-ack", "S-009"),
];

/// A message that is cut short, its length field told the truth: name, bytes, from and to which length.
const SHORT: [(&str, &str, usize, usize, bool); 3] = [
    ("call-connect-request", "1001000e00010001000100060001", 8, 13, true),
    ("call-disconnect", "10010014000600010002000c0000000000000000", 9, 19, false),
    ("call-abort", "10010014000500010002000c0000000200000005", 9, 19, false),
];

pub(super) fn cases() -> Vec<Case> {
    let cuts = CUTS.iter().flat_map(|cut| cut.3.clone().map(|at| split(cut, at)));
    let short = SHORT.iter().flat_map(|row| (row.2..=row.3).filter_map(|length| truncated(row, length)));
    cuts.chain(short).chain((9..WHOLE_CONNECTED).map(connected)).collect()
}

fn split(cut: &Cut, at: usize) -> Case {
    let (message, until, layer, _, expect, proved_by, covers) = cut.clone();
    let name = message.replace('.', "-");
    let mut edits: Vec<Cow<'static, str>> = vec![format!("{message}#1 split {at}").into()];
    let echo = message == "sstp.echo-request";
    if echo {
        edits.extend(super::PLAIN_ECHO_FIRST.map(Cow::from));
    }
    Case {
        id: format!("{layer}/3.1.7.2/{name}-split-{at}").into(),
        title: format!("{} in two writes, cut after {at} bytes, is one message", message.replace(['.', '-'], " ")).into(),
        why: "TLS keeps no borders.".into(),
        spec: SpecRef::sstp("3.1.7.2"),
        level: Level::Derived,
        covers: vec![covers],
        edits,
        proved_by,
        base: Base { expect, only_if: echo.then_some(super::ANSWERS_ECHOES), ..Base::new(Side::Server, until) },
    }
}

/// Call Connected that ends early, its length field told the truth.
fn connected(length: usize) -> Case {
    Case {
        id: format!("binding/2.2/call-connected-truncated-{length}").into(),
        title: format!("call connected that ends after {length} bytes is malformed").into(),
        why: "What is not there must not be read.".into(),
        spec: SpecRef::sstp("2.2"),
        level: Level::Must,
        covers: vec!["S-075", "S-078"],
        edits: vec![
            format!("sstp.call-connected#1 splice {length}..9999 \"\"").into(),
            format!("sstp.call-connected#1 set length={length}").into(),
        ],
        proved_by: "sstp.mutant-ignores",
        base: Base { expect: ENDED, ..Base::new(Side::Server, Binding) },
    }
}

/// MS-SSTP 2.2.11: bytes of a Call Connected.
const WHOLE_CONNECTED: usize = 112;

fn truncated(row: &(&str, &str, usize, usize, bool), length: usize) -> Option<Case> {
    let (name, bytes, _, _, request) = *row;
    let whole = crate::base::unhex(bytes)?;
    let mut cut = whole.get(..length)?.to_vec();
    *cut.get_mut(3)? = u8::try_from(length).ok()?;
    let (message, expect) = if request { ("sstp.call-connect-request", MALFORMED) } else { ("sstp.call-disconnect", ENDED) };
    let spelled = name.replace('-', " ");
    Some(Case {
        id: format!("{}/2.2/{name}-truncated-{length}", if request { "sstp" } else { "teardown" }).into(),
        title: format!("{spelled} that ends after {length} bytes is malformed").into(),
        why: "What is not there must not be read.".into(),
        spec: SpecRef::sstp("2.2"),
        level: Level::Must,
        covers: vec!["S-075", "S-078"],
        edits: vec![format!("{message}#1 instead {}", crate::base::hex(&cut)).into()],
        proved_by: "sstp.mutant-ignores",
        base: Base { expect, otherwise: request.then_some(REFUSED), ..Base::new(Side::Server, Sstp) },
    })
}
