//! Mutators that walk the fields of a message, as the codec's layout has them.

use super::{Change, Mutator, change, one, row};
use crate::base::Field;
use crate::jobs::mutate::spot::Spot;
use crate::proto::Rng;

pub(super) const ROWS: &[Mutator] = &[
    row("boundary", "boundary values", "a number at the edges of its width", boundary),
    row("length", "length lies", "a length or a count that is not what follows", length),
    row("reserved", "reserved bits", "bits that must be zero on send", reserved),
    row("type", "type confusion", "another version, type, code, identifier of an attribute or option", kind),
    row("wide", "boundary values", "a field wider than a number: zeros, ones, one bit", wide),
    row("cut", "truncation", "the message ends early, its lengths say so or not", cut),
    row("nested", "nested lengths", "a length inside that does not fit the one outside", nested),
    row("binding", "crypto binding", "a field of Call Connected under a right compound MAC", sealed),
    row("havoc", "random", "one to three random changes", havoc),
];

fn last_name(field: &Field) -> &str {
    field.name.rsplit('.').next().unwrap_or_default()
}

fn is_length(field: &Field) -> bool {
    let name = last_name(field);
    name.ends_with("length") || matches!(name, "num-attributes" | "value-size")
}

fn is_type(field: &Field) -> bool {
    matches!(last_name(field), "message-type" | "code" | "id" | "type" | "protocol" | "c" | "version" | "address" | "control" | "opcode")
}

/// How the field of a message is set: options of PPP in a copy that goes first, so that the call can go on.
fn set(spot: &Spot, field: &Field, value: u64) -> Vec<Change> {
    set_as(spot, field, value, &value.to_string())
}

/// The same, with another word for the value in the name.
fn set_as(spot: &Spot, field: &Field, value: u64, word: &str) -> Vec<Change> {
    let line = format!("set {}={value}", field.name);
    let name = format!("{}={word}", field.name);
    match spot.negotiates() {
        true => vec![one(name, format!("extra {line}"))],
        false => vec![one(name, line)],
    }
}

/// What a call draws for itself: a name with its number in it would be another one in every call.
fn is_drawn(field: &Field) -> bool {
    matches!(last_name(field), "magic-number" | "interface-identifier")
}

/// The largest number that it holds.
fn edge_of(field: &Field) -> u64 {
    if field.bits >= 64 { u64::MAX } else { (1u64 << field.bits) - 1 }
}

fn values(spot: &Spot, field: &Field, wanted: &[u64]) -> Vec<Change> {
    let max = edge_of(field);
    let now = field.read(&spot.raw).unwrap_or_default();
    let mut list: Vec<u64> = wanted.iter().map(|value| (*value).min(max)).filter(|value| *value != now).collect();
    list.sort_unstable();
    list.dedup();
    list.into_iter().flat_map(|value| set(spot, field, value)).collect()
}

fn numbers<'a>(spot: &'a Spot, is: impl Fn(&Field) -> bool + 'a) -> impl Iterator<Item = Field> + 'a {
    spot.fields().into_iter().filter(move |field| field.bits <= 64 && is(field))
}

fn boundary(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    numbers(spot, |field| field.must.is_none() && !is_length(field) && !is_type(field))
        .flat_map(|field| {
            let now = field.read(&spot.raw).unwrap_or_default();
            let half = 1u64 << (field.bits.max(1) - 1);
            let edges = [0, 1, 2, half - 1, half, u64::MAX - 1, u64::MAX];
            let (above, below) = (now.saturating_add(1), now.saturating_sub(1));
            if is_drawn(&field) && now != edge_of(&field) {
                let mut changes = values(spot, &field, &edges);
                changes.extend(set_as(spot, &field, above, "recorded+1"));
                changes.extend(set_as(spot, &field, below, "recorded-1"));
                return changes;
            }
            values(spot, &field, &[&edges[..], &[above, below]].concat())
        })
        .collect()
}

fn length(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    numbers(spot, is_length)
        .flat_map(|field| {
            let now = field.read(&spot.raw).unwrap_or_default();
            let near = [now.saturating_sub(2), now.saturating_sub(1), now + 1, now + 2, now + 4];
            let fixed = [0, 1, 2, 3, 4, 5, 8, 0xff, 0x100, 0xffe, u64::MAX];
            if spot.has_tls() {
                let word = |value: u64| format!("recorded{:+}", i128::from(value) - i128::from(now));
                let mut changes = values(spot, &field, &fixed);
                changes.extend(near.iter().flat_map(|value| set_as(spot, &field, *value, &word(*value))));
                return changes;
            }
            values(spot, &field, &[&fixed[..], &near].concat())
        })
        .collect()
}

fn reserved(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let sealed = spot.name == "sstp.call-connected";
    numbers(spot, |field| field.must.is_some())
        .flat_map(|field| {
            let mut changes = values(spot, &field, &[1, 1 << (field.bits.max(1) - 1), u64::MAX]);
            // Under the MAC, so that nothing but the bits is wrong.
            for line in changes.iter_mut().filter(|_| sealed).flat_map(|change| change.lines.iter_mut()) {
                *line = format!("sstp.call-connected-unsealed#{} {line}", spot.nth);
            }
            changes
        })
        .collect()
}

fn kind(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    numbers(spot, is_type)
        .flat_map(|field| {
            let list: &[u64] = match last_name(&field) {
                "message-type" => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x100, 0x8001, 0xffff],
                "version" => &[0, 1, 0x0f, 0x11, 0x1f, 0x20, 0xff],
                "protocol" => &[0, 0x21, 0x57, 0x8021, 0x80fd, 0xc021, 0xc023, 0xc223, 0xc227, 0xffff],
                "code" | "opcode" => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 0x80, 0xff],
                _ => &[0, 1, 2, 3, 4, 5, 7, 0x7f, 0x80, 0xff],
            };
            values(spot, &field, list)
        })
        .collect()
}

fn wide(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let fields = spot.fields().into_iter().filter(|field| field.bits > 64);
    let make = |field: Field| {
        let bytes = field.bits / 8;
        let extra = if spot.negotiates() { "extra " } else { "" };
        let last = if spot.has_tls() { "last".into() } else { (field.bits - 1).to_string() };
        let name = field.name;
        vec![
            one(format!("{name}=zeros"), format!("{extra}set {name}=hex:{}", "00".repeat(bytes))),
            one(format!("{name}=ones"), format!("{extra}set {name}=hex:{}", "ff".repeat(bytes))),
            one(format!("{name}.0"), format!("{extra}flip {name}.0")),
            one(format!("{name}.{last}"), format!("{extra}flip {name}.{}", field.bits - 1)),
        ]
    };
    fields.flat_map(make).collect()
}

fn cut(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let len = spot.raw.len();
    if spot.is("http.") || len < 5 {
        return Vec::new();
    }
    let mut places: Vec<usize> = (1..len.min(16)).chain([len / 2, len - 2, len - 1]).filter(|at| (1..len).contains(at)).collect();
    places.sort_unstable();
    places.dedup();
    let mut changes = Vec::new();
    for at in places {
        if !spot.negotiates() {
            changes.push(one(spot.place_at(at), format!("splice {at}..9999")));
        }
        if at >= 4 {
            let lines = [format!("splice {at}..9999"), format!("set length={at}")];
            changes.push(change(format!("{}-mended", spot.place_at(at)), &lines));
        }
    }
    changes
}

fn nested(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let lengths: Vec<Field> = numbers(spot, |field| is_length(field) && field.name != "length" && field.name != "packet-length").collect();
    let outer = spot.raw.len();
    let pair = |field: &Field| {
        let now = field.read(&spot.raw).unwrap_or_default();
        let line = |inner: u64, outer: usize| {
            let lines = [format!("set {}={inner}", field.name), format!("set length={outer}")];
            change(format!("{}={inner},length={outer}", field.name), &lines)
        };
        vec![line(now + 1, outer), line(now + 4, outer), line(now.saturating_sub(1), outer.saturating_sub(1)), line(0, outer)]
    };
    if spot.negotiates() || spot.is("http.") { Vec::new() } else { lengths.iter().flat_map(pair).collect() }
}

fn sealed(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "sstp.call-connected" {
        return Vec::new();
    }
    let line = |text: &str| one(text.replace(' ', "-"), format!("sstp.call-connected-unsealed#{} {text}", spot.nth));
    let mut changes: Vec<Change> = [
        "flip crypto-binding.nonce.0",
        "flip crypto-binding.nonce.255",
        "flip crypto-binding.cert-hash.0",
        "flip crypto-binding.cert-hash.159",
        "set crypto-binding.hash-protocol=0",
        "set crypto-binding.hash-protocol=3",
        "set crypto-binding.hash-protocol=4",
        "set crypto-binding.hash-protocol=130",
        "set crypto-binding.reserved1=16777215",
    ]
    .map(line)
    .to_vec();
    let zero = "00".repeat(32);
    for field in ["nonce", "cert-hash"] {
        let text = format!("sstp.call-connected-unsealed#{} set crypto-binding.{field}=hex:{zero}", spot.nth);
        changes.push(one(format!("{field}-zeros"), text));
    }
    // An attribute more than belongs there; the MAC is that of the message without it.
    changes.push(change(
        "second-attribute",
        &["splice 112..112 00 01 00 06 00 01".into(), "set length=118".into(), "set num-attributes=2".into()],
    ));
    changes.push(change("no-attribute", &["splice 8..112".into(), "set length=8".into(), "set num-attributes=0".into()]));
    changes
}

fn havoc(spot: &Spot, rng: &mut Rng) -> Vec<Change> {
    (0..HAVOC).map(|nth| one_havoc(spot, rng, nth)).collect()
}

fn one_havoc(spot: &Spot, rng: &mut Rng, nth: usize) -> Change {
    let mut random = |below: usize| usize::try_from(rng.next_u64() % below.max(1) as u64).unwrap_or_default();
    let extra = if spot.negotiates() { "extra " } else { "" };
    let count = if extra.is_empty() { 1 + random(3) } else { 1 };
    let lines: Vec<String> = (0..count)
        .map(|_| {
            let (at, byte) = (random(spot.raw.len()), random(256));
            match random(4) {
                0 => format!("{extra}splice {at}..{at} {byte:02x}"),
                1 => format!("{extra}splice {at}..{}", at + 1 + random(4)),
                2 => format!("{extra}splice {at}..{} {byte:02x}{:02x}", at + 2, random(256)),
                _ => format!("{extra}splice {at}..{} {byte:02x}", at + 1),
            }
        })
        .collect();
    change(format!("{nth}"), &lines)
}

/// Ours: random variants of every message.
const HAVOC: usize = 40;
