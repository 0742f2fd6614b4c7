//! An event in one line: a name that filters know, and the most telling of its fields.

use super::super::learned::{call, cert, net, no_connection, opaque, ppp as said, tapped};
use super::super::text::{count, harmless, list, lossy};
use super::inner;
use crate::base::{Layer, hex};
use crate::transcript::tap::{ClientHello, ServerHello};
use crate::transcript::{Event, Secured, What};
use crate::wire::cert::Cert;
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{Attribute, ENCAPSULATED_PPP, Message};
use crate::wire::{control, http, ncp};

/// An event in words. Both parts are safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// `layer.what`, such as `lcp.configure-request` or `tls.up`.
    pub name: String,
    /// The most telling fields; may be empty.
    pub says: String,
}

/// The words of one event.
pub fn of(event: &Event) -> Words {
    let (name, says) = parts(event.layer, &event.what);
    Words { name, says: harmless(&says) }
}

/// The name alone.
pub fn name(event: &Event) -> String {
    match &event.what {
        What::Sstp(message) => format!("sstp.{}", message.kind.name()),
        What::Ppp(frame) => frame.name(),
        _ => parts(event.layer, &event.what).0,
    }
}

/// It is something that an end said, not a remark of ours.
pub fn is_message(event: &Event) -> bool {
    let said = matches!(
        event.what,
        What::Sstp(_) | What::Ppp(_) | What::Http(_) | What::ProxyReply(_) | What::ProxyRequest { .. } | What::Alert { .. }
    );
    said || matches!(event.what, What::ClientHello(_) | What::ServerHello(_) | What::Chain { aside: false, .. } | What::Closed(_))
}

fn parts(layer: Layer, what: &What) -> (String, String) {
    let (word, says) = match what {
        What::Sstp(message) => return (format!("sstp.{}", message.kind.name()), attributes(message)),
        What::Ppp(frame) => return (frame.name(), framed(frame)),
        What::Began => ("began", String::new()),
        What::Up => ("up", String::new()),
        What::Down(reason) => ("down", reason.to_string()),
        What::Resolved { name, addresses } => ("resolved", format!("{name}: {}", list(addresses))),
        What::Unresolved { name, says, .. } => ("unresolved", format!("{name}: {says}")),
        What::Connected { to, took, .. } => ("connected", format!("{to} in {took}")),
        What::NotConnected { to, failure, took, .. } => ("not-connected", format!("{to}: {} after {took}", no_connection(*failure))),
        What::Chosen { to } => ("chosen", to.to_string()),
        What::ProxyRequest { target, with_credentials, .. } => {
            ("connect", format!("CONNECT {target} {} credentials", if *with_credentials { "with" } else { "without" }))
        }
        What::ProxyReply(head) => ("reply", head.start.clone()),
        What::Proxy(step) => ("proxy", net::proxy_step(step)),
        What::Secured(secured) => ("secured", secured_words(secured)),
        What::Unsecured { says, .. } => ("unsecured", says.clone()),
        What::Alert { description } => ("alert", net::alert(*description)),
        What::Scanned { offered, .. } => ("scanned", format!("offered {}", net::version(*offered))),
        What::ScannedBehindLine { .. } => ("scanned", "behind a line of the PROXY protocol".into()),
        What::VersionScanned(it) => ("version-scanned", net::version(it.version)),
        What::Posed(it) => ("posed", it.client.clone()),
        What::ScanEnded(it) => ("scan-ended", count(it.connections, "connection", "connections")),
        What::Chain { certs, aside: false, .. } => ("certificate", chain(certs)),
        What::Chain { certs, from, .. } => {
            ("other-certificate", format!("from {}: {}", from.map_or("elsewhere".into(), |from| from.to_string()), chain(certs)))
        }
        What::Trust { source, verdict } => ("trust", trust(source, verdict)),
        What::OtherTrust { from, source, verdict } => ("other-trust", format!("of {from} {}", trust(source, verdict))),
        What::Nameless(look) => ("without-sni", look.failure.clone().unwrap_or_else(|| chain(&look.certs))),
        What::Issuer(issuer) => ("issuer", format!("of {} from {}: {}", issuer.of, issuer.url, cert::fetched(issuer))),
        What::Revocation(look) => ("revocation", format!("of {}, {}: {}", look.title, cert::means(look), look.standing)),
        What::Http(head) => return http_words(layer, head),
        What::Method { method, accepted } => ("method", format!("{method} {}", if *accepted { "accepted" } else { "refused" })),
        other => remark(other),
    };
    (format!("{layer}.{word}"), says)
}

/// What a watcher or a probe remarked.
fn remark(what: &What) -> (&'static str, String) {
    match what {
        What::Misstep { message, state, allowed } => ("misstep", format!("{message} in state {state}; allowed: {}", list(allowed))),
        What::Undecoded(error) => ("undecoded", error.to_string()),
        What::Gap { bytes } => ("gap", format!("{} missing from the capture", count(*bytes, "byte", "bytes"))),
        What::Opaque { bytes, because } => ("opaque", opaque(*bytes, *because)),
        What::Ping { to, rtt } => ("ping", format!("{to}: {}", net::trip(*rtt))),
        What::Echo { rtt } => ("echo", net::trip(*rtt)),
        What::Omitted { count: number } => ("omitted", count(*number, "message like the one before", "messages like the ones before")),
        What::Edited { edit } => ("edited", edit.clone()),
        What::Closed(how) => ("closed", tapped::ending(*how).to_string()),
        What::Flow(flow) => {
            let both = [("client", &flow.from_client), ("server", &flow.from_server)];
            ("flow", both.map(|(side, sent)| format!("{side} {}", tapped::direction(sent))).join("; "))
        }
        What::ClientHello(hello) => ("client-hello", client_hello(hello)),
        What::ServerHello(hello) => ("server-hello", server_hello(hello)),
        What::Traffic(traffic) => ("traffic", tapped::carried(traffic)),
        What::Proof { of, holds, says } => {
            ("proof", format!("{} {}: {says}", tapped::proof(*of), if *holds { "holds" } else { "does not hold" }))
        }
        What::Inferred(inference) => ("inferred", format!("{}; {}", tapped::inferred(inference), list(&inference.because))),
        What::Matrix(row) => ("method", format!("{} {}: {}", row.method, row.stand.name(), row.says)),
        What::Inner(_) => ("within-eap", String::new()),
        What::Violation { rule, says } => ("violation", format!("{rule}: {says}")),
        // Everything else was named by the caller.
        _ => ("event", String::new()),
    }
}

fn http_words(layer: Layer, head: &http::Head) -> (String, String) {
    if head.status.is_some() {
        let server = head.header("server").map_or(String::new(), |server| format!(", Server: {server}"));
        return (format!("{layer}.response"), format!("{}{server}", head.start.trim_end()));
    }
    let host = head.header("host").map_or(String::new(), |host| format!(", Host: {host}"));
    (format!("{layer}.request"), format!("{}{host}", head.start))
}

fn secured_words(secured: &Secured) -> String {
    let parts = [Some(&secured.version), Some(&secured.cipher), secured.group.as_ref()];
    let sni = secured.sni.as_ref().map(|sni| format!("SNI {sni}"));
    list(parts.into_iter().flatten().chain(sni.as_ref()))
}

fn client_hello(hello: &ClientHello) -> String {
    let sni = hello.sni.as_deref().map_or("no SNI".into(), |sni| format!("SNI {sni}"));
    let alpn = if hello.alpn.is_empty() { String::new() } else { format!(", ALPN {}", list(&hello.alpn)) };
    format!("{sni}{alpn}, {}, JA4 {}", list(hello.versions.iter().map(|number| net::version(*number))), hello.ja4)
}

fn server_hello(hello: &ServerHello) -> String {
    let marks = [(hello.retry, ", asks again"), (hello.resumed, ", resumed")];
    let marks: String = marks.into_iter().filter(|mark| mark.0).map(|mark| mark.1).collect();
    format!("{}, suite 0x{:04x}{marks}, JA4S {}", net::version(hello.version), hello.suite, hello.ja4s)
}

fn chain(certs: &[crate::base::Bytes]) -> String {
    let names = certs.iter().map(|der| Cert::parse(der).map_or_else(|_| "not readable".to_string(), |cert| cert.title().to_string()));
    format!("{}: {}", count(certs.len(), "certificate", "certificates"), list(names))
}

fn trust(source: &str, verdict: &crate::crypto::chain::ChainVerdict) -> String {
    let problem = verdict.problems.iter().find(|problem| problem.rule.trust_breaking());
    let says = problem.map_or_else(|| "trusted".to_string(), |problem| format!("not trusted: {}", problem.says));
    format!("by {source}: {says}")
}

/// The attributes of an SSTP message.
fn attributes(message: &Message) -> String {
    message.attributes.iter().map(attribute).collect::<Vec<_>>().join("; ")
}

fn attribute(attribute: &Attribute) -> String {
    match attribute {
        Attribute::EncapsulatedProtocol(ENCAPSULATED_PPP) => "protocol PPP".into(),
        Attribute::EncapsulatedProtocol(other) => format!("protocol 0x{other:04x}"),
        Attribute::StatusInfo { about, status, value } => {
            let value = if value.is_empty() { String::new() } else { format!(", value {}", hex(value)) };
            let about = if *about == 0 { String::new() } else { format!(" about {}", Attribute::name_of(*about)) };
            format!("status {}{about}{value}", call::status_name(*status))
        }
        Attribute::CryptoBindingRequest { hash_mask, nonce } => format!("hashes {}, nonce {}", call::hashes(*hash_mask), start(nonce)),
        Attribute::CryptoBinding { hash_protocol, nonce, cert_hash, compound_mac } => {
            let hash = call::hash_name(*hash_protocol);
            format!("{hash}, nonce {}, certificate {}, MAC {}", start(nonce), start(cert_hash), start(compound_mac))
        }
        Attribute::Other { id, value } => format!("attribute 0x{id:02x} {}", start(value)),
    }
}

/// The first bytes of a long value; the hex dump has all of it.
fn start(bytes: &[u8]) -> String {
    let dots = if bytes.len() > SHOWN { "…" } else { "" };
    hex(bytes.get(..SHOWN).unwrap_or(bytes)) + dots
}

fn framed(frame: &Frame) -> String {
    match &frame.body {
        Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => negotiated(frame.protocol, packet),
        Body::Other(bytes) if matches!(frame.protocol, ppp::IPV4 | ppp::IPV6) => inner::line(bytes),
        Body::Other(bytes) => format!("protocol 0x{:04x}, {}", frame.protocol, count(bytes.len(), "byte", "bytes")),
        Body::Pap(_) | Body::Chap(_) | Body::Eap(_) => match super::user_in(frame) {
            Some(user) => format!("{}, user {user}", said::said(frame)),
            None => said::said(frame),
        },
    }
}

fn negotiated(protocol: ppp::Protocol, packet: &control::Packet) -> String {
    let id = format!("id {}", packet.id);
    match packet.code {
        control::CONFIGURE_REQUEST..=control::CONFIGURE_REJECT => match packet.options(ppp::layer_of(protocol)) {
            Ok(options) if options.is_empty() => format!("{id}, no options"),
            Ok(options) => format!("{id}, {}", list(options.iter().map(|option| ncp::describe(protocol, option)))),
            Err(error) => format!("{id}, options that cannot be read: {error}"),
        },
        control::PROTOCOL_REJECT => match packet.data.first_chunk::<2>() {
            Some(number) => format!("{id}, protocol 0x{}", hex(number)),
            None => id,
        },
        control::TERMINATE_REQUEST | control::TERMINATE_ACK if !packet.data.is_empty() => format!("{id}, \"{}\"", lossy(&packet.data)),
        _ => id,
    }
}

/// Ours: bytes of a long value that a line has room for.
const SHOWN: usize = 8;
