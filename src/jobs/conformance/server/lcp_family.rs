//! Every option type, option length and code of LCP and IPCP that a client may send. RFC 1661 5, 6; RFC 1332.

use crate::base::Layer::{self, Ncp, Sstp};
use crate::base::{Side, SpecRef, hex};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::wire::ppp::{self, Protocol};
use crate::wire::sstp::emit_data;
use std::time::Duration;

/// Unknown LCP options.
const LCP_OPTIONS: [u8; 24] = [0, 6, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 127, 128, 200, 253, 255];
/// LCP options whose length cannot be: type, length, and the bytes there.
const LCP_LENGTHS: [(u8, u8, &[u8]); 10] = [
    (1, 0, &[1, 1]),
    (1, 1, &[1, 1]),
    (1, 5, &[5, 0x78]),
    (1, 255, &[5, 0x78]),
    (5, 0, &[1, 2, 3, 4]),
    (5, 1, &[1, 2, 3, 4]),
    (5, 7, &[1, 2, 3, 4]),
    (5, 255, &[1, 2, 3, 4]),
    (2, 1, &[0, 0, 0, 0]),
    (2, 200, &[0, 0, 0, 0]),
];
/// LCP codes that are not defined.
const LCP_CODES: [u8; 10] = [0x00, 0x0e, 0x0f, 0x10, 0x21, 0x40, 0x7f, 0x80, 0xc0, 0xff];
/// IPCP codes that are not defined.
const IPCP_CODES: [u8; 10] = [0, 8, 10, 11, 12, 13, 14, 0x20, 0x80, 0xff];
/// Unknown IPCP options.
const IPCP_OPTIONS: [u8; 8] = [0x05, 0x06, 0x10, 0x80, 0x85, 0x90, 0xfe, 0xff];
/// Values of MRU.
const MRUS: [u16; 6] = [128, 576, 1280, 1400, 1500, 4091];

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = LCP_OPTIONS.iter().map(|kind| unknown_option(ppp::LCP, *kind)).collect();
    cases.extend(IPCP_OPTIONS.iter().map(|kind| unknown_option(ppp::IPCP, *kind)));
    cases.extend(LCP_CODES.iter().map(|code| unknown_code(ppp::LCP, *code)));
    cases.extend(IPCP_CODES.iter().map(|code| unknown_code(ppp::IPCP, *code)));
    cases.extend(LCP_LENGTHS.iter().map(|(kind, length, value)| bad_length(*kind, *length, value)));
    cases.extend(MRUS.iter().map(|mru| mru_is_answered(*mru)));
    cases
}

fn packet(protocol: Protocol, code: u8, id: u8, data: &[u8]) -> String {
    let mut frame = vec![0xff, 3];
    frame.extend(protocol.to_be_bytes());
    frame.extend([code, id, 0, u8::try_from(data.len() + 4).unwrap_or(u8::MAX)]);
    frame.extend(data);
    hex(&emit_data(&frame))
}

fn case(
    id: String,
    title: String,
    spec: SpecRef,
    covers: &'static str,
    until: Layer,
    bytes: &str,
    expect: Expect,
    proved_by: &'static str,
) -> Case {
    let hook = if until == Ncp { "ipcp.configure-request" } else { "sstp.call-disconnect" };
    let mut edits = vec![format!("{hook}#1 instead {bytes}").into()];
    if until == Ncp {
        edits.extend(["ipcp.configure-request#2 drop", "ipcp.configure-request#3 drop", "ipcp.configure-ack#* drop"].map(Into::into));
    }
    Case {
        id: id.into(),
        title: title.into(),
        why: "A newer client must come to terms with this server.".into(),
        spec,
        level: Level::Must,
        covers: vec![covers],
        edits,
        proved_by,
        base: Base { expect, ..Base::new(Side::Server, until) },
    }
}

fn unknown_option(protocol: Protocol, kind: u8) -> Case {
    let bytes = packet(protocol, 1, 0xa0, &[kind, 4, 0xab, 0xcd]);
    let spec = SpecRef::rfc(1661, "5.4");
    if protocol == ppp::LCP {
        let expect = Expect::Sends("lcp.configure-reject");
        let id = format!("lcp/5.4/option-{kind}");
        return case(id, format!("LCP option {kind} is rejected"), spec, "S-180", Sstp, &bytes, expect, "lcp.mutant-no-replies");
    }
    let id = format!("ncp/5.4/option-{kind}");
    case(
        id,
        format!("IPCP option {kind} is rejected"),
        spec,
        "S-250",
        Ncp,
        &bytes,
        Expect::Sends("ipcp.configure-reject"),
        "ncp.mutant-silent",
    )
}

fn unknown_code(protocol: Protocol, code: u8) -> Case {
    let bytes = packet(protocol, code, 0xa1, &[1, 2, 3, 4]);
    let spec = SpecRef::rfc(1661, "5.6");
    if protocol == ppp::LCP {
        let (id, expect) = (format!("lcp/5.6/code-{code}"), Expect::Sends("lcp.code-reject"));
        return case(id, format!("LCP code {code} draws Code-Reject"), spec, "S-195", Sstp, &bytes, expect, "lcp.mutant-no-code-reject");
    }
    let (id, expect) = (format!("ncp/5.6/code-{code}"), Expect::Sends("ipcp.code-reject"));
    case(id, format!("IPCP code {code} draws Code-Reject"), spec, "S-251", Ncp, &bytes, expect, "ncp.mutant-silent")
}

/// The good request behind it shows that the server lives and reads on.
fn bad_length(kind: u8, length: u8, value: &[u8]) -> Case {
    let mut option = vec![kind, length];
    option.extend(value);
    let bytes = packet(ppp::LCP, 1, 0xa2, &option) + &packet(ppp::LCP, 1, 0xa3, &[1, 4, 5, 0x78]);
    let expect = Expect::All(&[Expect::Sends("lcp.configure-ack"), Expect::Never("sstp.call-abort"), Expect::Never("closed")]);
    let id = format!("lcp/6/option-{kind}-length-{length}");
    let title = format!("LCP option {kind} of length {length} does no harm");
    let mut case = case(id, title, SpecRef::rfc(1661, "6"), "S-193", Sstp, &bytes, expect, "lcp.mutant-no-replies");
    case.base.within = Duration::from_secs(3);
    case
}

fn mru_is_answered(mru: u16) -> Case {
    let [high, low] = mru.to_be_bytes();
    let expect = Expect::Any(&[Expect::Sends("lcp.configure-ack"), Expect::Sends("lcp.configure-nak")]);
    let bytes = packet(ppp::LCP, 1, 0xa4, &[1, 4, high, low]);
    let title = format!("an MRU of {mru} is acknowledged or naked, not rejected");
    case(format!("lcp/6.1/mru-{mru}"), title, SpecRef::rfc(1661, "6.1"), "S-177", Sstp, &bytes, expect, "lcp.mutant-no-replies")
}
