//! Who hung up, and how; a tap sees the leave-taking of both ends. MS-SSTP 3.1.5.

use super::check::{Check, Evidence, Fix, Look, Need, Severity};
use super::ending::{Farewell, first_by, tunnel_stood};
use crate::base::{Layer, Micros, Side, SpecRef};
use crate::transcript::facts::Facts;
use crate::wire::sstp::MessageType;

pub(super) const TAP_END: &[Check] = &[
    Check {
        id: "TEAR-CLIENT-CUT",
        layer: Layer::Teardown,
        severity: Severity::Warn,
        title: "The client left without a word",
        means: "It closed or reset the connection of a tunnel that stood, without Call Disconnect: the program or pppd was killed or crashed, the \
                computer slept or shut down, or the network changed. The server may hold the session open for a while and refuse the next dial.",
        fix: Fix {
            admin: "Let the server drop dead sessions soon; look for the end of the client's process.",
            user: "Disconnect before you shut down.",
        },
        spec: &[SpecRef::sstp("3.1.4"), SpecRef::sstp("2.2.14")],
        needs: Need::Tap,
        look: Look::One(client_cut),
        ..Check::ROW
    },
    Check {
        id: "TEAR-CLIENT-ABORT",
        layer: Layer::Teardown,
        severity: Severity::Warn,
        title: "The client aborted a call that stood",
        means: "It sent Call Abort instead of Call Disconnect: something in the stream was wrong for it, or it is its way to hang up.",
        fix: Fix { admin: "Look at what the server sent just before.", user: "Update the client." },
        spec: &[SpecRef::sstp("3.1.5.2"), SpecRef::sstp("2.2.13")],
        needs: Need::Tap,
        look: Look::One(client_aborted),
        ..Check::ROW
    },
    Check {
        id: "TEAR-CLIENT-NO-ACK",
        layer: Layer::Teardown,
        severity: Severity::Note,
        title: "The client does not acknowledge Call Disconnect",
        means: "The server took leave and got no Call Disconnect Ack. It waits for it, up to five seconds.",
        fix: Fix { admin: "", user: "Update the client." },
        spec: &[SpecRef::sstp("2.2.15"), SpecRef::sstp("3.1.2.2")],
        needs: Need::Tap,
        whole: true,
        look: Look::One(client_does_not_acknowledge),
        ..Check::ROW
    },
    Check {
        id: "TEAR-ABORT-NO-FLUSH",
        layer: Layer::Teardown,
        severity: Severity::Note,
        title: "A reset comes right behind the last message",
        means: "One end sent Call Abort or Call Disconnect and reset the connection at once. The other may lose the message before it reads it, and then \
                knows no reason.",
        fix: Fix {
            admin: "Let the server wait before it closes (MS-SSTP: 1 s after an Abort, 5 s after a Disconnect).",
            user: "Update the client.",
        },
        spec: &[SpecRef::sstp("3.1.2.1"), SpecRef::sstp("3.1.2.2")],
        needs: Need::Tap,
        look: Look::One(reset_behind_message),
        ..Check::ROW
    },
    Check {
        id: "TEAR-WHO-LEFT",
        layer: Layer::Teardown,
        severity: Severity::Note,
        title: "The client hung up first",
        means: "It took leave before the server did, in the way that the evidence names: the call ended as the user or the client's computer wished.",
        fix: Fix { admin: "Nothing needs to be done.", user: "" },
        spec: &[SpecRef::sstp("3.1.5")],
        needs: Need::Tap,
        look: Look::One(who_left),
        ..Check::ROW
    },
];

fn client_cut(facts: &Facts) -> Option<Evidence> {
    let left = first_by(facts, Side::Client).filter(|leave| matches!(leave.how, Farewell::Close(_)) && tunnel_stood(facts))?;
    Some(Evidence::at(left.event, format!("{left}, without Call Disconnect or LCP Terminate-Request")))
}

fn client_aborted(facts: &Facts) -> Option<Evidence> {
    let left = first_by(facts, Side::Client).filter(|leave| leave.how == Farewell::Abort && tunnel_stood(facts))?;
    let message = facts.messages(Side::Client, MessageType::CallAbort).next()?;
    Some(Evidence::at(left.event, format!("{left} with {}", super::sstp::status_of(&message.it))))
}

fn client_does_not_acknowledge(facts: &Facts) -> Option<Evidence> {
    let all = &facts.leaves;
    let theirs = all.iter().find(|leave| leave.by == Side::Server && matches!(leave.how, Farewell::Disconnect(_)))?;
    let acked = facts.messages(Side::Client, MessageType::CallDisconnectAck).next().is_some();
    // Both may take leave at once: then each has said what there is to say.
    let crossed = all.iter().any(|leave| leave.by == Side::Client && matches!(leave.how, Farewell::Disconnect(_)));
    (!acked && !crossed).then(|| Evidence::at(theirs.event, theirs.to_string()))
}

fn reset_behind_message(facts: &Facts) -> Option<Evidence> {
    let flow = facts.flow.as_ref()?;
    let end = flow.it.ends.first().filter(|end| end.reset)?;
    let wait = end.at - flow.it.from(end.by).last_data?;
    let word = facts.leaves.iter().find(|leave| leave.by == end.by && matches!(leave.how, Farewell::Abort | Farewell::Disconnect(_)))?;
    let says = format!("{word}, and the reset {wait} after the last record of the {}", end.by);
    (wait <= AT_ONCE && end.at >= word.at).then(|| Evidence::of([word.event, flow.event], says))?
}

/// Where a finding names the one who left, it is not said twice; a server that leaves first has rows of its own.
fn who_left(facts: &Facts) -> Option<Evidence> {
    let left =
        first_by(facts, Side::Client).filter(|_| tunnel_stood(facts) && client_cut(facts).is_none() && client_aborted(facts).is_none())?;
    Some(Evidence::at(left.event, left.to_string()))
}

/// Ours: a reset so soon after a message can overtake it.
const AT_ONCE: Micros = Micros(50_000);
