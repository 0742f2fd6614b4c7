//! Mutators for what only one kind of message has: attributes, a login.

use super::{Change, Mutator, PROTOCOL, change, instead, message, one, row};
use crate::jobs::mutate::spot::Spot;
use crate::proto::Rng;

pub(super) const ROWS: &[Mutator] = &[
    row("attributes", "attributes", "attributes of a Call Connect Request: none, twice, unknown, in another order, hundreds", attributes),
    row("nak-loop", "loops", "bad Call Connect Requests, one after the other", nak_loop),
    row("status", "attributes", "Call Disconnect and Call Abort without and with odd attributes", status),
    row("login", "login", "a response that is cut, empty, or to another challenge", login),
];

fn attributes(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "sstp.call-connect-request" {
        return Vec::new();
    }
    let unknown: &[u8] = &[0, 0x7f, 0, 6, 0, 1];
    let empty: &[u8] = &[0, 0x7f, 0, 4];
    let status: &[u8] = &[0, 2, 0, 12, 0, 0, 0, 1, 0, 0, 0, 5];
    let binding: Vec<u8> = [&[0, 4, 0, 40, 0, 0, 0, 3][..], &[0; 32]].concat();
    let sealed: Vec<u8> = [&[0, 3, 0, 104, 0, 0, 0, 2][..], &[0; 96]].concat();
    let long: Vec<u8> = [&[0, 1, 0, 84][..], &[0xaa; 80]].concat();
    let rows: [(&str, Vec<&[u8]>); 14] = [
        ("none", vec![]),
        ("twice", vec![PROTOCOL, PROTOCOL]),
        ("twice-apart", vec![PROTOCOL, unknown, PROTOCOL]),
        ("unknown-behind", vec![PROTOCOL, unknown]),
        ("unknown-first", vec![unknown, PROTOCOL]),
        ("unknown-alone", vec![unknown]),
        ("unknown-empty", vec![PROTOCOL, empty]),
        ("status", vec![PROTOCOL, status]),
        ("binding-request", vec![PROTOCOL, &binding]),
        ("binding", vec![PROTOCOL, &sealed]),
        ("empty-value", vec![&[0, 1, 0, 4]]),
        ("long-value", vec![&long]),
        ("hundred", vec![PROTOCOL; 100]),
        ("six-hundred-unknown", vec![unknown; 600]),
    ];
    let mut changes: Vec<Change> = rows.iter().map(|(name, list)| one(*name, instead(&message(1, list)))).collect();
    // The same before a sound one, which must be taken still.
    changes.extend(
        rows.iter().take(11).map(|(name, list)| one(format!("{name}-first"), format!("before {}", crate::base::hex(&message(1, list))))),
    );
    changes
}

fn nak_loop(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "sstp.call-connect-request" {
        return Vec::new();
    }
    let times = |n: u32| change(format!("{n}"), &["set encapsulated-protocol.protocol-id=2".into(), format!("repeat {n}")]);
    [2, 3, 4, 5, 8, 20, 60].map(times).to_vec()
}

fn status(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "sstp.call-disconnect" {
        return Vec::new();
    }
    let status: &[u8] = &[0, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0];
    let value: &[u8] = &[0, 2, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    let lists: [(&str, Vec<&[u8]>); 5] =
        [("bare", vec![]), ("status", vec![status]), ("value", vec![value]), ("twice", vec![status, status]), ("protocol", vec![PROTOCOL])];
    let make = |(name, kind): (&str, u16)| {
        lists.iter().map(|(what, list)| one(format!("{name}-{what}"), instead(&message(kind, list)))).collect::<Vec<_>>()
    };
    [("disconnect", 6), ("abort", 5)].into_iter().flat_map(make).collect()
}

fn login(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    match spot.name.as_str() {
        "chap.response" => response(spot),
        "pap.authenticate-request" => {
            [("empty", "set password-length=0"), ("name-too-long", "set peer-id-length=255")].map(|(name, line)| one(name, line)).to_vec()
        }
        _ => Vec::new(),
    }
}

/// FF 03 C2 23, code, identifier, two bytes of length, size, value, name.
fn response(spot: &Spot) -> Vec<Change> {
    let size = usize::from(spot.raw.get(12).copied().unwrap_or_default());
    let cut = |keep: usize| {
        let gone = size - keep;
        let lines = [
            format!("splice {}..{}", 13 + keep, 13 + size),
            format!("set value-size={keep}"),
            format!("set packet-length={}", spot.raw.len() - 8 - gone),
            format!("set length={}", spot.raw.len() - gone),
        ];
        change(format!("value-{keep}"), &lines)
    };
    let mut changes: Vec<Change> = [0, 1, 8, 16, size.saturating_sub(1)].into_iter().filter(|keep| *keep < size).map(cut).collect();
    let id = spot.raw.get(9).copied().unwrap_or_default();
    changes.extend(
        [id.wrapping_add(1), id.wrapping_sub(1), id ^ 0x80].map(|id| one(format!("identifier-{id}"), format!("set identifier={id}"))),
    );
    changes.push(one("value-zeros", format!("splice 13..{} {}", 13 + size, "00".repeat(size))));
    changes.push(one("value-ones", format!("splice 13..{} {}", 13 + size, "ff".repeat(size))));
    changes.push(one("no-name", format!("splice {}..9999", 13 + size)));
    changes
}
