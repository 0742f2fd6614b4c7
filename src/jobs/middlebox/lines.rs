//! Boxes that look at packets, bytes and time; and lines that are merely bad.

use super::{Kind, Lie, Makes, Paper, Unit, counted, kind, millis};
use crate::base::Side;
use crate::live::middlebox::names::Trouble;
use crate::live::middlebox::{Act, HttpRule, Rule};

pub(super) const KINDS: &[Kind] = &[
    kind("clean", "passes everything", Makes::Rules(|_| Vec::new()), &[]),
    counted(
        "lossy",
        "an honest line that loses a packet in 20, which comes again later",
        Makes::Rules(|ms| vec![Rule::Loss(20, millis(ms))]),
        (250, Unit::Millis),
        &[],
    ),
    counted(
        "latency",
        "holds everything back, and hurts nobody",
        Makes::Rules(|ms| vec![Rule::Delay(millis(ms))]),
        (40, Unit::Millis),
        &[],
    ),
    kind(
        "syn-refused",
        "answers connections to the server with RST",
        Makes::RulesForTarget(|_| vec![Rule::Refuses]),
        &["TCP-REFUSED-HERE"],
    ),
    kind("syn-dropped", "drops connections to the server", Makes::RulesForTarget(|_| vec![Rule::DropsSyn]), &["TCP-FILTERED", "IP-FILTER"]),
    kind("all-dropped", "drops connections to everybody", Makes::Rules(|_| vec![Rule::DropsSyn]), &["NET-NO-WAY-OUT", "TCP-FILTERED"]),
    kind(
        "reset-at-once",
        "lets the server's connections be made and resets them at once",
        Makes::RulesForTarget(|_| vec![Rule::Meets(Act::Reset)]),
        &["TLS-DPI-BLOCK", "IP-FILTER"],
    ),
    kind(
        "by-source-port",
        "resets connections from odd ports, as one bad path among several",
        Makes::Rules(|_| vec![Rule::SourcePort(|port| port % 2 == 1, Act::Reset)]),
        &["PATH-ECMP-INCONSISTENT"],
    ),
    counted(
        "at-once",
        "resets connections beyond so many at the same time",
        Makes::Rules(|most| vec![Rule::AtOnce(most as usize, Act::Reset)]),
        (9, Unit::Connections),
        &["PATH-CONNECTION-LIMIT"],
    ),
    counted(
        "every-other",
        "resets one connection in so many, whatever is said on it",
        Makes::Rules(|nth| vec![Rule::Every(nth as usize, Act::Reset)]),
        (2, Unit::Connections),
        &["PATH-ERRATIC"],
    ),
    counted(
        "now-and-then",
        "resets one connection in so many, here and there",
        Makes::Rules(|nth| vec![Rule::Every(nth as usize, Act::Reset)]),
        (6, Unit::Connections),
        &["PATH-ERRATIC"],
    ),
    counted(
        "mtu-blackhole",
        "loses packets with more payload than that",
        Makes::Rules(|most| vec![Rule::PacketsOver(most as usize)]),
        (1160, Unit::Bytes),
        &["TCP-PMTU-BLACKHOLE"],
    ),
    counted(
        "mtu-blackhole-up",
        "loses packets with more payload than that, of the client only",
        Makes::Rules(|most| vec![Rule::PacketsOverFrom(Side::Client, most as usize)]),
        (1160, Unit::Bytes),
        &["TCP-PMTU-BLACKHOLE"],
    ),
    kind(
        "login-drop",
        "drops connections at the record with which a login ends",
        Makes::Rules(|_| vec![Rule::SstpLogin(Act::Silence)]),
        &["PATH-UNEXPLAINED"],
    ),
    kind(
        "login-reset",
        "resets connections at the record with which a login ends",
        Makes::Rules(|_| vec![Rule::SstpLogin(Act::Reset)]),
        &["PATH-UNEXPLAINED"],
    ),
    counted(
        "record-count",
        "drops connections on which the client said more records than that",
        Makes::Rules(|most| vec![Rule::RecordsFrom(Side::Client, most, Act::Silence)]),
        (20, Unit::Records),
        &["PATH-UNEXPLAINED"],
    ),
    counted(
        "record-size",
        "stops connections with a longer TLS record",
        Makes::Rules(|most| vec![Rule::RecordsOver(most as usize, Act::Silence)]),
        (1380, Unit::Bytes),
        &["DATA-RECORD-SIZE-FILTER"],
    ),
    kind(
        "sstp-sizes-reset",
        "resets connections whose first records have the lengths of SSTP",
        Makes::Rules(|_| vec![Rule::SstpSizes(Act::Reset)]),
        &["DPI-SSTP-SIZE-FILTER"],
    ),
    kind(
        "sstp-sizes-drop",
        "drops connections whose first records have the lengths of SSTP",
        Makes::Rules(|_| vec![Rule::SstpSizes(Act::Silence)]),
        &["DPI-SSTP-SIZE-FILTER"],
    ),
    counted(
        "idle-drop",
        "forgets quiet connections",
        Makes::Rules(|ms| vec![Rule::Idle(millis(ms), Act::Silence)]),
        (20_000, Unit::Millis),
        &["TEAR-IDLE-MIDDLEBOX"],
    ),
    counted(
        "idle-reset",
        "resets quiet connections",
        Makes::Rules(|ms| vec![Rule::Idle(millis(ms), Act::Reset)]),
        (20_000, Unit::Millis),
        &["TEAR-IDLE-MIDDLEBOX"],
    ),
    counted(
        "idle-close",
        "closes quiet connections",
        Makes::Rules(|ms| vec![Rule::Idle(millis(ms), Act::Close)]),
        (20_000, Unit::Millis),
        &["TEAR-IDLE-MIDDLEBOX"],
    ),
    counted(
        "lifetime",
        "resets every connection at that age",
        Makes::Rules(|ms| vec![Rule::Lifetime(millis(ms), Act::Reset)]),
        (30_000, Unit::Millis),
        &["TEAR-LIFETIME-CAP"],
    ),
    counted(
        "byte-cap",
        "freezes connections behind so many bytes from the server",
        Makes::Rules(|most| vec![Rule::BytesFrom(Side::Server, most, Act::Silence)]),
        (64_000, Unit::Bytes),
        &["DATA-BYTE-CAP"],
    ),
    counted(
        "byte-cap-up",
        "resets connections behind so many bytes from the client",
        Makes::Rules(|most| vec![Rule::BytesFrom(Side::Client, most, Act::Reset)]),
        (64_000, Unit::Bytes),
        &["DATA-BYTE-CAP"],
    ),
    counted(
        "byte-cap-small",
        "loses what the client says behind so many bytes, of which it needs more",
        Makes::Rules(|most| vec![Rule::LosesFrom(Side::Client, most)]),
        (4_500, Unit::Bytes),
        &["DATA-BYTE-CAP"],
    ),
    counted(
        "throttle-sstp",
        "slows connections down that look like SSTP",
        Makes::Rules(|rate| vec![Rule::RateOfSstp(rate)]),
        (60_000, Unit::Rate),
        &["DATA-THROTTLED"],
    ),
    counted(
        "throttle-tunnels",
        "slows connections down that carry as much up as down",
        Makes::Rules(|rate| vec![Rule::RateOfTunnels(rate)]),
        (60_000, Unit::Rate),
        &["DATA-THROTTLED"],
    ),
    counted(
        "shape",
        "slows every connection down",
        Makes::Rules(|rate| vec![Rule::Rate(rate)]),
        (100_000, Unit::Rate),
        &["DATA-RATE-LIMITED"],
    ),
    kind("dns-elsewhere", "gives another address for the name", Makes::Names(Lie::Elsewhere), &["DNS-TAMPERED"]),
    kind(
        "address-dead",
        "does nothing; the name has two addresses, and nobody is at the first one",
        Makes::Names(Lie::DeadFirst),
        &["TCP-ADDRESS-DEAD"],
    ),
    kind("dns-nxdomain", "says that the name does not exist", Makes::Names(Lie::NoSuchName), &["DNS-TAMPERED"]),
    kind("dns-everything", "gives one address for every name", Makes::Names(Lie::Everything), &["DNS-CAPTIVE-HIJACK"]),
    kind(
        "dns-rewrites",
        "gives an address of its own for names that do not exist, and hurts nobody else",
        Makes::Names(Lie::Rewrites),
        &[],
    ),
    kind(
        "dns-servfail",
        "says SERVFAIL to every question about a name",
        Makes::Names(Lie::Fails(Trouble::Code(2))),
        &["DNS-RESOLVER-FAILS"],
    ),
    kind("dns-refused", "refuses every question about a name", Makes::Names(Lie::Fails(Trouble::Code(5))), &["DNS-RESOLVER-FAILS"]),
    kind("dns-garbage", "answers questions about names with garbage", Makes::Names(Lie::Fails(Trouble::Garbage)), &["DNS-RESOLVER-FAILS"]),
    kind("dns-silent", "answers no question about a name", Makes::Names(Lie::Fails(Trouble::Silence)), &["DNS-RESOLVER-FAILS"]),
    kind(
        "portal-redirect",
        "resets TLS, and leads plain HTTP to a login page",
        Makes::Portal(Paper::Foreign, |_| vec![Rule::Meets(Act::Reset)], |_| vec![Rule::Meets(Act::Says(REDIRECT))]),
        &["PROXY-CAPTIVE-PORTAL"],
    ),
    kind(
        "portal-page",
        "drops TLS, and answers plain HTTP with a login page",
        Makes::Portal(Paper::Foreign, |_| vec![Rule::Meets(Act::Silence)], |_| vec![Rule::Meets(Act::Says(PAGE))]),
        &["PROXY-CAPTIVE-PORTAL"],
    ),
    kind(
        "portal-in-tls",
        "leads to a login page in TLS as well, with a certificate of its own",
        Makes::Portal(Paper::Foreign, |_| vec![Rule::Inspects(&[HttpRule::Answers(REDIRECT)])], |_| vec![Rule::Meets(Act::Says(REDIRECT))]),
        &["PROXY-CAPTIVE-PORTAL"],
    ),
];

/// A portal's answer. RFC 8910 leaves the way of old portals, which is this.
const REDIRECT: &str = "HTTP/1.1 302 Found\r\nLocation: http://portal.lab.example/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 69\r\nConnection: close\r\n\r\n\
    <html><title>Guest network</title><body>Log in to go on</body></html>";
