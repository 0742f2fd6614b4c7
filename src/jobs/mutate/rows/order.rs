//! Mutators of order and time: dropped, repeated, early, in pieces, together, late.

use super::{Change, Mutator, change, lcp, message, one, row};
use crate::base::hex;
use crate::jobs::mutate::spot::Spot;
use crate::proto::Rng;

pub(super) const ROWS: &[Mutator] = &[
    row("early", "order", "a message before an earlier one", early),
    row("repeat", "order", "a message twice, and many times", repeat),
    row("split", "splitting", "a message in two writes, or byte by byte", split),
    row("together", "coalescing", "two messages in one write", together),
    row("race", "races", "Call Abort against Call Connected, a storm of Call Disconnects, both in one write", race),
    Mutator { slow: true, ..row("drop", "order", "a message is left out", drop) },
    Mutator { slow: true, ..row("late", "timers", "a message after the timers have run out", late) },
];

fn early(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.is("http.") {
        return Vec::new();
    }
    let line = |other: &String| match spot.live {
        false => format!("early {other}"),
        // Who lives has not made it yet: what was recorded goes first, and it comes in its turn too.
        true => format!("{other} before {}", hex(&spot.raw)),
    };
    spot.before.iter().map(|other| one(other.clone(), line(other))).collect()
}

fn drop(_: &Spot, _: &mut Rng) -> Vec<Change> {
    vec![one("it", "drop")]
}

fn repeat(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let times: &[u32] = if spot.is("http.") { &[2] } else { &[2, 3, 50] };
    times.iter().map(|n| one(format!("{n}"), format!("repeat {n}"))).collect()
}

fn split(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let len = spot.raw.len();
    let mut places: Vec<usize> = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, len / 2, len.saturating_sub(2), len.saturating_sub(1)]
        .into_iter()
        .filter(|at| (1..len).contains(at))
        .collect();
    places.sort_unstable();
    places.dedup();
    let mut changes: Vec<Change> = places.into_iter().map(|at| one(spot.place_at(at), format!("split {at}"))).collect();
    changes.push(one("bytes", "shred"));
    changes
}

fn together(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let echo = lcp(9, 0xa8, &[0, 0, 0, 0, 1, 2, 3, 4]);
    let request = lcp(1, 0xa9, &[]);
    let with = |name: &str, bytes: &[u8]| one(name, format!("splice 9999..9999 {}", hex(bytes)));
    match spot.name.as_str() {
        "http.request" => {
            vec![with("connect-request", &message(1, &[super::PROTOCOL])), with("http", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
        }
        "sstp.call-connect-request" => vec![with("lcp-request", &request), with("connect-request", &message(1, &[super::PROTOCOL]))],
        "sstp.call-connected" => {
            vec![with("echo-request", &message(8, &[])), with("lcp-echo", &echo), with("two-echo-requests", &message(8, &[]).repeat(2))]
        }
        _ if spot.logs_in() || spot.is("ipcp.") => vec![with("lcp-echo", &echo)],
        _ => Vec::new(),
    }
}

fn race(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let (abort, leave) = (message(5, &[]), message(6, &[]));
    let behind = |name: &str, bytes: Vec<u8>| one(name, format!("splice 9999..9999 {}", hex(&bytes)));
    let before = |name: &str, bytes: Vec<u8>| one(name, format!("before {}", hex(&bytes)));
    match spot.name.as_str() {
        "sstp.call-connect-request" => vec![behind("abort-behind", abort), behind("disconnect-behind", leave)],
        "sstp.call-connected" => vec![
            before("abort-first", abort.clone()),
            behind("abort-behind", abort.clone()),
            before("disconnect-first", leave.clone()),
            behind("disconnect-behind", leave.clone()),
            behind("disconnect-and-abort", [leave.clone(), abort].concat()),
            behind("disconnect-storm", leave.repeat(50)),
        ],
        "sstp.call-disconnect" => vec![
            one("storm", "repeat 200"),
            behind("abort-behind", abort.clone()),
            before("abort-first", abort.clone()),
            change("abort-and-disconnect", &[format!("instead {}", hex(&[abort, leave].concat()))]),
            one("close", "close"),
        ],
        _ => Vec::new(),
    }
}

fn late(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let mut changes = vec![one("70s", "hold 70s")];
    match spot.name.as_str() {
        "sstp.call-connected" => {
            let (login, call) = ("hold 40s", "hold 40s");
            changes.extend(
                spot.before
                    .iter()
                    .rev()
                    .find(|other| other.starts_with("chap.") || other.starts_with("pap."))
                    .map(|other| change("40s-twice", &[format!("{other} {login}"), call.into()])),
            );
        }
        "sstp.call-disconnect" => changes.extend([one("100s", "hold 100s"), one("200s", "hold 200s")]),
        _ => {}
    }
    changes
}
