//! Mutators of EAP: another body under the identifier of now, which whoever speaks must be able to read to refuse it.

use super::{Change, Mutator, change, row};
use crate::base::{Field, hex};
use crate::jobs::mutate::spot::Spot;
use crate::proto::Rng;
use crate::wire::eap;

pub(super) const ROWS: &[Mutator] = &[
    row("eap-body", "login", "an EAP packet with another body under its identifier: types, Naks, notifications, nothing", bodies),
    row("eap-tls", "login", "TLS within EAP: flags, announced lengths, fragments, acknowledgements, alerts, records that lie", tunnels),
    row("eap-endless", "login", "fragments of TLS within EAP that never end", endless),
];

/// EAP begins with a code, an identifier and a length of two bytes. RFC 3748 4.
const HEADER: usize = 4;

/// Where the EAP packet begins and its type lies.
fn places(spot: &Spot) -> Option<(usize, usize)> {
    let fields = spot.fields();
    let at = |name: &str| fields.iter().find(|field| field.name == name).map(Field::byte_range);
    Some((at("code")?.start, at("type")?.start)).filter(|_| spot.is("eap.re"))
}

/// Lines that put this in place of the type and what is behind it, with lengths that fit. `each`: the message's name in front of them.
fn with_body((begins, kind): (usize, usize), body: &[u8], each: &str) -> Vec<String> {
    vec![
        format!("{each}splice {kind}..9999 {}", hex(body)).trim_end().to_string(),
        format!("{each}set packet-length={}", HEADER + body.len()),
        format!("{each}set length={}", begins + HEADER + body.len()),
    ]
}

fn made(spot: &Spot, rows: &[(&str, Vec<u8>)]) -> Vec<Change> {
    let Some(places) = places(spot) else { return Vec::new() };
    rows.iter().map(|(name, body)| change(*name, &with_body(places, body, ""))).collect()
}

/// The type of a message that carries TLS; one of another method gets it in its place.
fn tunnel_of(spot: &Spot) -> Option<u8> {
    let kind = spot.raw.get(places(spot)?.1).copied()?;
    match kind {
        eap::TLS | eap::TTLS | eap::PEAP | eap::FAST => Some(kind),
        eap::IDENTITY | eap::NOTIFICATION | eap::NAK => None,
        _ => Some(eap::TLS),
    }
}

fn bodies(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let long = |kind: u8, count: usize| [&[kind][..], &vec![b'a'; count]].concat();
    let other = if tunnel_of(spot) == Some(eap::PEAP) { eap::TLS } else { eap::PEAP };
    let expanded = [254, 0, 0, 0, 0, 0, 0];
    made(
        spot,
        &[
            ("no-type", Vec::new()),
            ("type-0", vec![0]),
            ("type-255", vec![255, 1, 2, 3, 4]),
            ("identity-of-another", [&[eap::IDENTITY][..], b"mallory"].concat()),
            ("identity-empty", vec![eap::IDENTITY]),
            ("identity-zeros", vec![eap::IDENTITY, 0, 0, 0, 0]),
            ("identity-long", long(eap::IDENTITY, 1_300)),
            ("identity-largest", long(eap::IDENTITY, 4_050)),
            ("notification", vec![eap::NOTIFICATION]),
            ("nak-bare", vec![eap::NAK]),
            ("nak-nothing", vec![eap::NAK, 0]),
            ("nak-same", vec![eap::NAK, spot.raw.get(places(spot).unwrap_or_default().1).copied().unwrap_or_default()]),
            ("nak-all", vec![eap::NAK, eap::MD5, eap::GTC, eap::TLS, eap::TTLS, eap::PEAP, eap::MSCHAPV2, eap::FAST]),
            ("nak-long", long(eap::NAK, 1_300)),
            ("expanded", [&expanded[..], &[1]].concat()),
            ("expanded-nak", [&expanded[..], &[3, 254, 0, 0, 0, 0, 0, 0, 26]].concat()),
            ("expanded-cut", expanded[..4].to_vec()),
            ("other-tls", vec![other, 0]),
            ("md5", [&[eap::MD5, 16][..], &[7; 16]].concat()),
            ("md5-size", vec![eap::MD5, 255, 1]),
            ("mschapv2-success", vec![eap::MSCHAPV2, 3]),
            ("mschapv2-cut", vec![eap::MSCHAPV2, 2, 1, 0]),
            ("extensions", vec![eap::EXTENSIONS, 0x80, 3, 0, 2, 0, 1]),
        ],
    )
}

/// A record of TLS that is none: a handshake of zeros.
fn record(says: u16, has: usize) -> Vec<u8> {
    [&[0x16, 3, 1][..], &says.to_be_bytes(), &vec![0; has]].concat()
}

fn tunnels(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let Some(kind) = tunnel_of(spot) else { return Vec::new() };
    let plain = |flags: u8, data: &[u8]| [&[kind, flags][..], data].concat();
    let announced = |flags: u8, length: u32, data: &[u8]| plain(flags | LENGTH, &[&length.to_be_bytes()[..], data].concat());
    let hundred = record(95, 95);
    made(
        spot,
        &[
            ("bare", vec![kind]),
            ("empty", plain(0, &[])),
            ("start", plain(START, &[])),
            ("start-with-data", plain(START, &hundred)),
            ("all-flags", plain(0xff, &[0, 0, 0, 100])),
            ("version-7", plain(7, &hundred)),
            ("length-cut", plain(LENGTH, &[0, 0])),
            ("length-0", announced(0, 0, &[])),
            ("length-0-of-100", announced(0, 0, &hundred)),
            ("length-99-of-100", announced(0, 99, &hundred)),
            ("length-101-of-100", announced(0, 101, &hundred)),
            ("length-65537", announced(0, 65_537, &hundred)),
            ("length-2147483648", announced(0, 1 << 31, &hundred)),
            ("length-4294967295", announced(0, u32::MAX, &hundred)),
            ("more", plain(MORE, &hundred)),
            ("more-empty", plain(MORE, &[])),
            ("more-length-100-of-100", announced(MORE, 100, &hundred)),
            ("more-length-0", announced(MORE, 0, &hundred)),
            ("more-length-4294967295", announced(MORE, u32::MAX, &hundred)),
            ("alert-fatal", plain(0, &[0x15, 3, 3, 0, 2, 2, 40])),
            ("alert-close", plain(0, &[0x15, 3, 3, 0, 2, 1, 0])),
            ("alert-twenty", plain(0, &[0x15, 3, 3, 0, 2, 1, 90].repeat(20))),
            ("application-data", plain(0, &[0x17, 3, 3, 0, 4, 1, 2, 3, 4])),
            ("cipher-changed", plain(0, &[0x14, 3, 3, 0, 1, 1])),
            ("cipher-changed-forty-times", plain(0, &[0x14, 3, 3, 0, 1, 1].repeat(40))),
            ("record-empty", plain(0, &record(0, 0))),
            ("record-cut", plain(0, &record(16_384, 8))),
            ("record-of-65535", plain(0, &record(65_535, 100))),
            ("record-type-255", plain(0, &[0xff, 3, 3, 0, 1, 0])),
            ("hello-of-16777215", plain(0, &[0x16, 3, 1, 0, 8, 1, 0xff, 0xff, 0xff, 3, 3, 0, 0])),
            ("hello-empty", plain(0, &[0x16, 3, 1, 0, 4, 1, 0, 0, 0])),
            ("sslv2", plain(0, &[0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10])),
            ("nonsense-1300", plain(0, &[0x5a; 1_300])),
        ],
    )
}

/// From the first that carries TLS on every one: the other end acknowledges each, and so the next is sent.
fn endless(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    let Some((kind, places)) = tunnel_of(spot).zip(places(spot)).filter(|_| spot.nth == 1) else { return Vec::new() };
    let each = format!("{}#* ", spot.name);
    let rows = [
        ("large", [&[kind, MORE][..], &record(16_384, 1_000)].concat()),
        ("small", vec![kind, MORE, 0x16]),
        ("empty", vec![kind, MORE]),
        ("announced", [&[kind, MORE | LENGTH][..], &65_536u32.to_be_bytes(), &record(16_384, 1_000)].concat()),
    ];
    rows.iter().map(|(name, body)| change(*name, &with_body(places, body, &each))).collect()
}

const LENGTH: u8 = eap::Tunnel::LENGTH;
const MORE: u8 = eap::Tunnel::MORE;
const START: u8 = eap::Tunnel::START;
