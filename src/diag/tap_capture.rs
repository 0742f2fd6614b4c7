//! What the capture itself cannot show: findings above it are limited.

use super::check::{Check, Evidence, Fix, Look, Need, Severity};
use super::ending;
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::Facts;
use crate::transcript::tap::{Answer, Opening, Over};
use crate::transcript::{Opaqueness, Reason};

pub(super) const TAP_CAPTURE: &[Check] = &[
    Check {
        id: "CAP-ONE-DIRECTION",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "The capture shows one direction only",
        means: "Packets of one end are missing altogether: asymmetric routes, or a mirror port that copies one way. Nothing of the other end can be \
                judged.",
        fix: Fix { admin: "Capture at one of the ends, or mirror both directions.", user: "" },
        spec: &[SpecRef::rfc(9293, "3.3.1")],
        needs: Need::Tap,
        look: Look::One(one_direction),
        ..Check::ROW
    },
    Check {
        id: "CAP-GAPS",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "The capture has lost packets",
        means: "Bytes that the ends acknowledged are not in the capture. What stood there is unknown, and TLS cannot always be read on.",
        fix: Fix { admin: "Capture with a larger buffer (tcpdump -B), a filter on the port, or to a faster disk.", user: "" },
        spec: &[SpecRef::rfc(9293, "3.4")],
        needs: Need::Tap,
        look: Look::One(packets_missing),
        ..Check::ROW
    },
    Check {
        id: "CAP-CUT",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        title: "The capture cuts packets off",
        means: "Packets are longer than the snap length, and their ends are lost. Records cut so cannot be opened.",
        fix: Fix { admin: "Capture with a snap length of 262144 (tcpdump -s 0).", user: "" },
        spec: &[SpecRef::rfc(9293, "3.4")],
        needs: Need::Tap,
        look: Look::One(packets_cut),
        ..Check::ROW
    },
    Check {
        id: "CAP-MIDSTREAM",
        layer: Layer::Tcp,
        severity: Severity::Note,
        title: "The capture began in the middle of the connection",
        means: "The beginning is not in it: TLS cannot be opened even with keys, and the dial cannot be judged.",
        fix: Fix { admin: "Start the capture before the client dials.", user: "" },
        spec: &[SpecRef::rfc(9293, "3.5")],
        needs: Need::Tap,
        look: Look::One(began_late),
        ..Check::ROW
    },
    Check {
        id: "CAP-NO-KEY",
        layer: Layer::Tls,
        severity: Severity::Note,
        title: "There is no key for this connection",
        means: "What is inside TLS cannot be read, so the layers above are not judged; sizes and times alone speak.",
        fix: Fix {
            admin: "Give a key log of a client or server that can write one (SSLKEYLOGFILE; schannel cannot), or probe the server with \
                    `sstp-diag probe --pcap`.",
            user: "",
        },
        spec: &[SpecRef::rfc(8446, "7.1")],
        needs: Need::Tap,
        look: Look::One(no_key),
        ..Check::ROW
    },
    Check {
        id: "CAP-WRONG-KEY",
        layer: Layer::Tls,
        severity: Severity::Warn,
        title: "The key does not open this connection",
        means: "There is a secret for it in the key log, but the records do not open: the log is of another run, or it is damaged.",
        fix: Fix { admin: "Use the key log that was written together with this capture.", user: "" },
        spec: &[SpecRef::rfc(8446, "5.2")],
        needs: Need::Tap,
        look: Look::One(wrong_key),
        ..Check::ROW
    },
    Check {
        id: "CAP-UNSUPPORTED",
        layer: Layer::Tls,
        severity: Severity::Note,
        title: "The cipher suite of this connection is not one that can be opened here",
        means: "The layers above TLS are not judged.",
        fix: Fix { admin: "Allow an AES-GCM or ChaCha20 suite for the capture.", user: "" },
        spec: &[SpecRef::rfc(8446, "B.4")],
        needs: Need::Tap,
        look: Look::One(unsupported),
        ..Check::ROW
    },
    Check {
        id: "CAP-NOT-SSTP",
        layer: Layer::Http,
        severity: Severity::Note,
        title: "This connection does not look like SSTP",
        means: "No request with the method of SSTP was seen, or sizes and directions speak against it.",
        fix: Fix { admin: "Choose the right connection, or start the capture before the client dials.", user: "" },
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Tap,
        look: Look::One(not_sstp),
        ..Check::ROW
    },
    Check {
        id: "CAP-NOT-DECIDABLE",
        layer: Layer::Teardown,
        severity: Severity::Note,
        title: "The capture does not show how the call ended",
        means: "It ends, or loses its trace, while the call was in work: that is no failure of the call. The evidence says how far it was.",
        fix: Fix { admin: "Let the capture run until the call is over.", user: "" },
        needs: Need::Tap,
        look: Look::One(end_unseen),
        ..Check::ROW
    },
];

fn one_direction(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref()?;
    let only = |side: &Side| seen.it.from(*side).bytes > 0 && seen.it.from(side.other()).segments == 0;
    let side = [Side::Client, Side::Server].into_iter().find(only)?;
    let says = format!("{} segments of the {side}, none of the {}", seen.it.from(side).segments, side.other());
    Some(Evidence::at(seen.event, says))
}

fn packets_missing(facts: &Facts) -> Option<Evidence> {
    let of_flow = || {
        let seen = facts.flow.as_ref().filter(|_| one_direction(facts).is_none())?;
        let (gaps, bytes) = [Side::Client, Side::Server]
            .map(|side| (seen.it.from(side).gaps, seen.it.from(side).gap_bytes))
            .into_iter()
            .fold((0u64, 0u64), |sum, it| (sum.0.saturating_add(it.0), sum.1.saturating_add(it.1)));
        (gaps > 0).then(|| Evidence::at(seen.event, holes(gaps, bytes)))
    };
    let of_events = || {
        let gaps: Vec<_> = facts.gaps.iter().filter(|seen| seen.by.is_some()).collect();
        let bytes = gaps.iter().fold(0u64, |sum, seen| sum.saturating_add(seen.it));
        Evidence::of(gaps.iter().map(|seen| seen.event).take(EVENTS), holes(gaps.len() as u64, bytes))
    };
    if facts.flow.is_some() { of_flow() } else { of_events() }
}

fn holes(gaps: u64, bytes: u64) -> String {
    let s = |n: u64| if n == 1 { "" } else { "s" };
    format!("{gaps} hole{}, {bytes} byte{}", s(gaps), s(bytes))
}

fn packets_cut(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref()?;
    let bytes = seen.it.from_client.cut_bytes.saturating_add(seen.it.from_server.cut_bytes);
    (bytes > 0).then(|| Evidence::at(seen.event, format!("{bytes} bytes are beyond the snap length")))
}

fn began_late(facts: &Facts) -> Option<Evidence> {
    let seen = facts.flow.as_ref().filter(|seen| seen.it.opening == Opening::Midstream)?;
    Some(Evidence::at(seen.event, "the opening of the TCP connection is not in the capture"))
}

fn no_key(facts: &Facts) -> Option<Evidence> {
    opaque(facts, Opaqueness::NoKey)
}

fn wrong_key(facts: &Facts) -> Option<Evidence> {
    opaque(facts, Opaqueness::WrongKey)
}

fn unsupported(facts: &Facts) -> Option<Evidence> {
    opaque(facts, Opaqueness::Unsupported)
}

fn opaque(facts: &Facts, because: Opaqueness) -> Option<Evidence> {
    let found = || facts.opaque.iter().filter(|seen| seen.it.1 == because);
    let bytes = found().fold(0u64, |sum, seen| sum.saturating_add(seen.it.0));
    Evidence::of(found().map(|seen| seen.event).take(EVENTS), format!("{bytes} bytes inside TLS stay closed"))
}

fn not_sstp(facts: &Facts) -> Option<Evidence> {
    if !facts.sstp.is_empty() {
        return None;
    }
    if let Some(first) = facts.requests.first() {
        let other = super::look::sstp_request(facts).is_none();
        return other.then(|| Evidence::at(first.event, format!("the request is {:?}", first.it.start)));
    }
    let seen = facts.inference.as_ref().filter(|seen| seen.it.is_sstp == Answer::No)?;
    Some(Evidence::at(seen.event, seen.it.because.join("; ")))
}

fn end_unseen(facts: &Facts) -> Option<Evidence> {
    if let Some(stop) = facts.stop.as_ref() {
        let unseen = matches!(stop.reason, Reason::Unseen(_));
        return unseen.then(|| Evidence::at(stop.event, format!("{}, during {}", stop.reason, stop.layer.title())));
    }
    // A tunnel that stands when the capture ends has not stopped at all.
    let stands = ending::tunnel_stood(facts) && ending::first(facts).is_none() && super::tap_tcp::lost(facts).is_none();
    let seen = facts.flow.as_ref().filter(|seen| stands && seen.it.over != Over::Closed)?;
    Some(Evidence::at(seen.event, "the tunnel stands and is in use when the capture ends"))
}

/// Ours: a finding rests on so many events at most.
const EVENTS: usize = 8;
