//! What each technique looks at.

use super::Sight;
use crate::base::Side;
use crate::diag::product;
use crate::transcript::facts::Facts;
use crate::transcript::tap::{Answer, Confidence};
use crate::transcript::trial::{Arm, Trial};
use crate::wire::http::{CONTENT_LENGTH, METHOD};
use crate::wire::sstp::MessageType;
use crate::wire::tls::{TLS12, TLS13};

fn yes(says: impl Into<String>) -> Sight {
    Sight::Yes(says.into())
}

fn no(says: impl Into<String>) -> Sight {
    Sight::No(says.into())
}

fn unknown(says: &str) -> Sight {
    Sight::Unknown(says.into())
}

pub(super) fn connect_header(facts: &Facts) -> Sight {
    match &facts.proxy_request {
        Some(seen) if seen.it.says_sstp => yes(format!("CONNECT {} with SSTPVERSION through {}", seen.it.target, seen.it.proxy)),
        Some(_) => no("CONNECT without SSTPVERSION, or another kind of proxy"),
        None => no("no proxy on the way"),
    }
}

/// TLS was not there, or a tap could not have seen the request without keys: what is seen in the clear counts, not what we opened.
pub(super) fn http_request(facts: &Facts) -> Sight {
    let request = facts.requests.iter().find(|seen| seen.it.start.starts_with(METHOD));
    let tls = facts.secured.is_some() || facts.unsecured.is_some() || !facts.client_hellos.is_empty() || !facts.server_hellos.is_empty();
    match request {
        Some(seen) if !tls => yes(format!("in the clear: {}", seen.it.start)),
        _ if tls => no("TLS is around it; a box that opens TLS reads everything"),
        _ => unknown("no request was seen"),
    }
}

pub(super) fn active_probe(facts: &Facts) -> Sight {
    let answer = facts.responses.iter().find(|seen| seen.by == Some(Side::Server) || facts.tapped());
    match answer {
        Some(seen) if seen.it.status == Some(200) && seen.it.header("Content-Length") == Some(CONTENT_LENGTH) => {
            yes("200 with Content-Length 2^64-1 before any login: whoever asks is told")
        }
        Some(seen) => no(format!("answered with {}", seen.it.start)),
        None if facts.inference.as_ref().is_some_and(|seen| seen.it.is_sstp == Answer::Yes) => {
            unknown("not opened here; a server that served this call answers a prober in the same way, as far as is known")
        }
        None => unknown("no answer to the request was seen"),
    }
}

/// A capture has only the requests of its call.
pub(super) fn not_asked(_: &Facts) -> Sight {
    unknown("no other requests were made; `path --visibility` makes them")
}

/// What requests that no SSTP client makes were answered with, and whose way that is.
pub(super) fn odd_requests(answers: &[Trial]) -> Sight {
    let status = |arm: Arm| answers.iter().find(|trial| trial.arm == arm).and_then(|trial| trial.saw.status());
    let asked = [Arm::OtherPath, Arm::PostMax, Arm::GetPath, Arm::Get, Arm::OddMethod];
    let said: Vec<String> = asked.into_iter().filter_map(|arm| Some(format!("{}: {}", arm.sends(), status(arm)?))).collect();
    if status(Arm::Sstp) != Some(200) || said.is_empty() {
        return unknown("the request of SSTP was not taken, or nothing else was asked");
    }
    let as_seen =
        |row: &&(&str, [&[u16]; 5])| asked.into_iter().zip(row.1).all(|(arm, any)| status(arm).is_some_and(|one| any.contains(&one)));
    let product = HABITS.iter().find(as_seen).map_or(String::new(), |row| format!("; as {} answers", row.0));
    yes(format!("{}{product}", said.join(", ")))
}

/// Whose habits are known: another path, POST, GET of the path, GET /, an unknown method.
const HABITS: &[(&str, [&[u16]; 5])] = &[
    ("SoftEther 4.44", [&[404], &[403], &[404], &[202, 403], &[501]]),
    ("accel-ppp", [&[404, 301], &[501], &[404, 301], &[404, 301], &[501]]),
];

pub(super) fn record_sizes(facts: &Facts) -> Sight {
    if let Some(seen) = &facts.inference {
        let it = &seen.it;
        return match (it.is_sstp, it.confidence) {
            (Answer::Yes, Confidence::High | Confidence::Medium) => yes(it.because.join("; ")),
            (Answer::No, _) => no(it.because.join("; ")),
            _ => unknown(&it.because.join("; ")),
        };
    }
    let asked = facts.messages(Side::Client, MessageType::CallConnectRequest).next().is_some();
    let acked = facts.messages(Side::Server, MessageType::CallConnectAck).next().is_some();
    let suite = facts.secured.as_ref().map(|seen| seen.it.cipher.as_str()).unwrap_or_default();
    match (asked && acked, suite.contains("GCM") || suite.contains("CHACHA") || suite.contains("CCM")) {
        (true, true) => yes(format!("{suite} shows every size exactly, and those of the call are fixed: 14 bytes, then 48")),
        (true, false) if !suite.is_empty() => unknown("the suite shows sizes to the block only; a capture tells how much that leaves"),
        (false, _) if facts.secured.is_some() => no("the call did not get as far as the messages of fixed size"),
        _ => unknown("no records were seen; a capture shows them"),
    }
}

pub(super) fn echo_rhythm(facts: &Facts) -> Sight {
    for side in [Side::Client, Side::Server] {
        let times: Vec<u64> = facts.messages(side, MessageType::EchoRequest).map(|seen| seen.at.0).collect();
        let pauses: Vec<u64> = times.windows(2).filter_map(|pair| pair.last()?.checked_sub(*pair.first()?)).collect();
        let (Some(least), Some(most)) = (pauses.iter().min(), pauses.iter().max()) else { continue };
        if pauses.len() >= 2 && *most <= least.saturating_add(least / 4) {
            return yes(format!("{} echoes of the {side}, {:.1} s apart", times.len(), *least as f64 / 1e6));
        }
    }
    match facts.ended.0 {
        0..60_000_000 => unknown("the call was too short to tell"),
        _ => no("no regular echoes"),
    }
}

pub(super) fn banner(facts: &Facts) -> Sight {
    let Some(head) = facts.responses.first().map(|seen| &seen.it) else { return unknown("no answer was seen in the clear") };
    let product = product::of(facts).map(|row| row.0.name());
    match (head.header("Server"), product) {
        (Some(banner), Some(product)) => yes(format!("{}; Server: {banner}; behaves as {product}", head.start)),
        (Some(banner), None) => yes(format!("{}; Server: {banner}", head.start)),
        (None, Some(product)) => yes(format!("{}; behaves as {product}", head.start)),
        (None, None) => no(format!("{}, no Server header", head.start)),
    }
}

pub(super) fn certificate(facts: &Facts) -> Sight {
    let Some(leaf) = facts.leaf() else { return unknown("no certificate was seen") };
    let names = leaf.common_name.iter().chain(&leaf.dns_names);
    let telling = names.filter(|name| tells(name)).map(|name| format!("it names {name}")).take(1);
    let own = leaf.self_issued().then(|| "it is self-signed".to_string());
    let long = (leaf.days() > LONG_DAYS).then(|| format!("it is valid for {} days", leaf.days()));
    let all: Vec<String> = telling.chain(own).chain(long).collect();
    let hidden = version(facts).is_some_and(|version| version >= TLS13);
    match (all.is_empty(), hidden) {
        (true, _) => no("nothing in it tells of a VPN"),
        (false, true) => no(format!("TLS 1.3 hides it from whoever only watches; a prober sees: {}", all.join(", "))),
        (false, false) => yes(all.join(", ")),
    }
}

pub(super) fn client_hello(facts: &Facts) -> Sight {
    let Some(hello) = facts.client_hellos.first().map(|seen| &seen.it) else { return unknown("the ClientHello is seen in a capture only") };
    match KNOWN_CLIENTS.iter().find(|row| row.0 == hello.ja3 || row.0 == hello.ja4) {
        Some((_, client)) => yes(format!("that of {client}")),
        None => no(format!("JA3 {}, JA4 {}: none of those that are known here", hello.ja3, hello.ja4)),
    }
}

pub(super) fn server_name(facts: &Facts) -> Sight {
    match sni(facts) {
        Some(Some(name)) if tells(&name) => yes(name),
        Some(Some(name)) => no(name),
        Some(None) => no("no SNI was sent"),
        None => unknown("the ClientHello was not seen"),
    }
}

pub(super) fn no_alpn(facts: &Facts) -> Sight {
    match facts.client_hellos.first() {
        Some(seen) if seen.it.alpn.is_empty() => yes("no ALPN"),
        Some(seen) => no(seen.it.alpn.join(", ")),
        None => unknown("the ClientHello is seen in a capture only"),
    }
}

pub(super) fn no_server_name(facts: &Facts) -> Sight {
    match sni(facts) {
        Some(None) => yes("no SNI"),
        Some(Some(name)) => no(name),
        None => unknown("the ClientHello was not seen"),
    }
}

pub(super) fn old_tls(facts: &Facts) -> Sight {
    match version(facts) {
        Some(version) if version < TLS12 => yes(format!("version {version:#06x}")),
        Some(_) => no("TLS 1.2 or 1.3"),
        None => unknown("no TLS was seen"),
    }
}

pub(super) fn long_life(facts: &Facts) -> Sight {
    let both = match &facts.flow {
        Some(seen) => seen.it.from_client.bytes > 0 && seen.it.from_server.bytes > 0,
        None => facts.secured.is_some(),
    };
    let seconds = facts.ended.0 / 1_000_000;
    match both && seconds > 60 {
        true => yes(format!("{seconds} s")),
        false => no(format!("{seconds} s")),
    }
}

fn version(facts: &Facts) -> Option<u16> {
    let live = facts.secured.as_ref().map(|seen| match seen.it.version.as_str() {
        "TLS 1.3" => TLS13,
        "TLS 1.2" => TLS12,
        _ => 0x0301,
    });
    facts.server_hellos.last().map(|seen| seen.it.version).or(live)
}

/// The name in SNI, or none; nothing when no ClientHello was seen.
fn sni(facts: &Facts) -> Option<Option<String>> {
    let tapped = facts.client_hellos.first().map(|seen| seen.it.sni.clone());
    tapped.or_else(|| facts.secured.as_ref().map(|seen| seen.it.sni.clone()))
}

/// The name has a part by which VPNs go.
fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.split(['.', '-', '_', ' ', '*']).any(|part| TELLING.contains(&part)) || TELLING_ENDS.iter().any(|end| name.ends_with(end))
}

/// Parts of names by which VPNs go.
const TELLING: &[&str] = &["vpn", "sstp", "ras", "remote", "softether", "vpngate", "aovpn", "tunnel"];
/// Dynamic names of SoftEther.
const TELLING_ENDS: &[&str] = &[".softether.net", ".vpnazure.net", ".opengw.net"];
/// Clients whose fingerprints are known, by JA3 or JA4.
const KNOWN_CLIENTS: &[(&str, &str)] = &[
    (
        "aa35acccd6b1166fadf958d3b4fb43ce",
        "sstp-client 1.0.18 with OpenSSL 3.0 and an address as target, shared with other programs on OpenSSL",
    ),
    ("t13d880900_fcb5b95cb75a_b0d3b4ac2a14", "SoftEther's own client"),
];
/// Baseline Requirements 6.3.2: public certificates live 398 days at most; those that live longer are private ones.
const LONG_DAYS: i64 = 398;
