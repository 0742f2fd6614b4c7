//! Ways of a recorded server that are its own: read from what it did and did not say.

use super::speaks;
use crate::base::Side;
use crate::jobs::replay::course::{Course, by_the_clock};
use crate::jobs::replay::message::{Lane, Said};
use crate::jobs::replay::script::{Script, Step};
use crate::proto::last_words::LastWords;
use crate::wire::control;
use crate::wire::ncp::IP_ADDRESS;
use crate::wire::ppp::{self, IPCP};
use std::time::Duration;

/// The client's Call Disconnect crossed the server's, which ended the connection and never acknowledged it.
pub fn closes_on_crossing(script: &Script) -> bool {
    let place =
        |by: Side, name: &str| script.steps.iter().position(|step| step.said().is_some_and(|said| said.by == by && said.name == name));
    let left = place(Side::Server, DISCONNECT).zip(place(Side::Client, DISCONNECT)).filter(|(ours, theirs)| ours < theirs);
    let closes = |from: usize| script.steps.iter().skip(from).any(|step| matches!(step, Step::Closes { by: Side::Server, .. }));
    left.is_some_and(|(_, theirs)| closes(theirs)) && place(Side::Server, "sstp.call-disconnect-ack").is_none()
}

/// How long it took the server to reject the address of a request, where it has said nothing else in IPCP.
pub fn refuses_addresses(script: &Script) -> Option<Duration> {
    let says =
        |by: Side| script.says(by).filter_map(|said| said.control().filter(|row| row.0 == IPCP).map(|(_, packet)| (said.at, packet)));
    if says(Side::Server).any(|(_, packet)| packet.code != control::CONFIGURE_REJECT) {
        return None;
    }
    let of_address = |packet: &control::Packet| {
        packet.options(ppp::layer_of(IPCP)).is_ok_and(|options| options.iter().any(|option| option.kind == IP_ADDRESS))
    };
    let (answered, reject) = says(Side::Server).find(|(_, packet)| of_address(packet))?;
    let (asked, _) = says(Side::Client).find(|(_, packet)| packet.code == control::CONFIGURE_REQUEST && packet.id == reject.id)?;
    Some((answered - asked).duration())
}

/// What the server said before it fell silent: nobody has ended the call or the connection, and behind the server's last answer the
/// client says what this server would answer. Keep-alives of the server go on for as long as its path does, and do not count.
pub fn last_words(script: &Script) -> LastWords {
    let answers = |said: &Said| said.by == Side::Server && !by_the_clock(said);
    let last = script.steps.iter().rposition(|step| step.said().is_some_and(answers));
    let Some(last) = last.filter(|_| !script.ends() && script.cut.is_none()) else { return LastWords::default() };
    let mut behind = script.steps.iter().skip(last).filter_map(Step::said).filter(|said| said.by == Side::Client);
    if !behind.any(|said| is_answered(script, said)) {
        return LastWords::default();
    }
    LastWords::of(Course::of(script, Side::Client).theirs.into_values().flatten().map(|expected| expected.said.name))
}

/// The server of this recording answers such a message of the client.
fn is_answered(script: &Script, said: &Said) -> bool {
    match said.lane {
        // It has answered one before.
        Lane::Echo(_) | Lane::Data => {
            said.wants_an_echo() && script.says(Side::Server).any(|answer| answer.answers_keep_alive() == Some(said.name.as_str()))
        }
        Lane::Asks(protocol) => speaks(script, protocol) && said.control().is_some_and(|row| ASKS.contains(&row.1.code)),
        Lane::Call => ["sstp.call-connect-request", DISCONNECT].contains(&said.name.as_str()),
        Lane::Http | Lane::Auth => true,
        Lane::Answers(_) | Lane::Bytes => false,
    }
}

/// Either end's Call Disconnect. MS-SSTP 2.2.13.
const DISCONNECT: &str = "sstp.call-disconnect";
/// Packets of a control protocol that want an answer. RFC 1661 5.
const ASKS: [u8; 2] = [control::CONFIGURE_REQUEST, control::TERMINATE_REQUEST];
