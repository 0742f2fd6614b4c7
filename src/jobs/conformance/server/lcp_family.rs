//! Every option type, option length and code of LCP and IPCP that a client may send. RFC 1661 5, 6; RFC 1332.

use crate::base::Layer::{self, Ncp, Sstp};
use crate::base::{Side, SpecRef, hex};
use crate::jobs::conformance::case::{Base, Case, Level};
use crate::jobs::conformance::expect::Expect;
use crate::wire::ppp::{self, Protocol};
use crate::wire::sstp::emit_data;

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

/// What the cases of a family have in common.
struct Rule {
    spec: SpecRef,
    covers: &'static str,
    until: Layer,
    proved_by: &'static str,
}

fn case((id, title): (String, String), rule: &Rule, bytes: &str, expect: Expect) -> Case {
    let hook = if rule.until == Ncp { "ipcp.configure-request" } else { "sstp.call-disconnect" };
    let mut edits = vec![format!("{hook}#1 instead {bytes}").into()];
    if rule.until == Ncp {
        edits.extend(["ipcp.configure-request#2 drop", "ipcp.configure-request#3 drop", "ipcp.configure-ack#* drop"].map(Into::into));
    }
    Case {
        id: id.into(),
        title: title.into(),
        why: "A newer client must come to terms with this server.".into(),
        spec: rule.spec,
        level: Level::Must,
        covers: vec![rule.covers],
        edits,
        proved_by: rule.proved_by,
        base: Base { expect, ..Base::new(Side::Server, rule.until) },
    }
}

fn unknown_option(protocol: Protocol, kind: u8) -> Case {
    let bytes = packet(protocol, 1, 0xa0, &[kind, 4, 0xab, 0xcd]);
    let spec = SpecRef::rfc(1661, "5.4");
    if protocol == ppp::LCP {
        let words = (format!("lcp/5.4/option-{kind}"), format!("LCP option {kind} is rejected"));
        let rule = Rule { spec, covers: "S-180", until: Sstp, proved_by: "lcp.mutant-no-reject" };
        return case(words, &rule, &bytes, Expect::Sends("lcp.configure-reject"));
    }
    let words = (format!("ncp/5.4/option-{kind}"), format!("IPCP option {kind} is rejected"));
    let rule = Rule { spec, covers: "S-250", until: Ncp, proved_by: "ncp.mutant-no-reject" };
    case(words, &rule, &bytes, Expect::Sends("ipcp.configure-reject"))
}

fn unknown_code(protocol: Protocol, code: u8) -> Case {
    let bytes = packet(protocol, code, 0xa1, &[1, 2, 3, 4]);
    let spec = SpecRef::rfc(1661, "5.6");
    if protocol == ppp::LCP {
        let words = (format!("lcp/5.6/code-{code}"), format!("LCP code {code} draws Code-Reject"));
        let rule = Rule { spec, covers: "S-195", until: Sstp, proved_by: "lcp.mutant-no-code-reject" };
        return case(words, &rule, &bytes, Expect::Sends("lcp.code-reject"));
    }
    let words = (format!("ncp/5.6/code-{code}"), format!("IPCP code {code} draws Code-Reject"));
    let rule = Rule { spec, covers: "S-251", until: Ncp, proved_by: "ncp.mutant-no-code-reject" };
    case(words, &rule, &bytes, Expect::Sends("ipcp.code-reject"))
}

/// The good request behind it shows that the server lives and reads on.
fn bad_length(kind: u8, length: u8, value: &[u8]) -> Case {
    let mut option = vec![kind, length];
    option.extend(value);
    let bytes = packet(ppp::LCP, 1, 0xa2, &option) + &packet(ppp::LCP, 1, 0xa3, &[1, 4, 5, 0x78]);
    let expect = super::lcp::ALIVE;
    let words = (format!("lcp/6/option-{kind}-length-{length}"), format!("LCP option {kind} of length {length} does no harm"));
    let rule = Rule { spec: SpecRef::rfc(1661, "6"), covers: "S-193", until: Sstp, proved_by: "lcp.mutant-bad-option-ends" };
    case(words, &rule, &bytes, expect)
}

fn mru_is_answered(mru: u16) -> Case {
    let [high, low] = mru.to_be_bytes();
    let expect = Expect::Any(&[Expect::Sends("lcp.configure-ack"), Expect::Sends("lcp.configure-nak")]);
    let bytes = packet(ppp::LCP, 1, 0xa4, &[1, 4, high, low]);
    let words = (format!("lcp/6.1/mru-{mru}"), format!("an MRU of {mru} is acknowledged or naked, not rejected"));
    let rule = Rule { spec: SpecRef::rfc(1661, "6.1"), covers: "S-177", until: Sstp, proved_by: "lcp.mutant-rejects-all" };
    case(words, &rule, &bytes, expect)
}
