//! The way through a forward proxy. MS-SSTP 4.5.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{closed, reason_of, stop_at, stop_within, timed_out, undecoded, unnamed};
use crate::base::{Layer, SpecRef};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{How, Reason};
use crate::wire::http::Head;

pub(super) const PROXY: &[Check] = &[
    Check {
        id: "PROXY-UNREACHABLE",
        layer: Layer::Proxy,
        title: "The proxy cannot be reached",
        means: "A proxy is configured but its name or its address does not answer on this network.",
        fix: Fix { admin: "Deploy a PAC file that falls back to DIRECT.", user: "Remove the manually set proxy." },
        windows: &[Windows::Hresult(0x8007_2EFD)],
        look: Look::One(proxy_unreachable),
        ..Check::ROW
    },
    Check {
        id: "PROXY-AUTH-REQUIRED",
        layer: Layer::Proxy,
        title: "The proxy wants credentials",
        means: "The proxy answers CONNECT with 407. The SSTP client of Windows cannot authenticate to proxies.",
        fix: Fix {
            admin: "Exempt the VPN host from proxy authentication, or allow it to be reached directly.",
            user: "Use a network without the proxy.",
        },
        windows: &[Windows::Event(23), Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("4.5"), SpecRef::rfc(9110, "15.5.8")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(credentials_wanted),
        ..Check::ROW
    },
    Check {
        id: "PROXY-AUTH-SCHEME",
        layer: Layer::Proxy,
        title: "The proxy wants a login that no SSTP client can give",
        means: "It offers schemes such as Negotiate or NTLM only. The client of Windows knows none, those for Linux and Android only Basic.",
        fix: Fix { admin: "Exempt the VPN host, or offer Basic over a trusted path.", user: "" },
        verified: true,
        spec: &[SpecRef::rfc(9110, "11.7.1")],
        needs: Need::Began(Layer::Proxy),
        explains: &["PROXY-AUTH-REQUIRED"],
        look: Look::One(basic_missing),
        ..Check::ROW
    },
    Check {
        id: "PROXY-407-NO-CHALLENGE",
        layer: Layer::Proxy,
        title: "The proxy wants credentials but does not say how",
        means: "The 407 has no Proxy-Authenticate header, against the HTTP rules. Some clients crash over it.",
        fix: Fix { admin: "Mend the proxy's 407, or exempt the VPN host.", user: "Use another network." },
        verified: true,
        spec: &[SpecRef::rfc(9110, "15.5.8")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(challenge_missing),
        ..Check::ROW
    },
    Check {
        id: "PROXY-PORT-NOT-ALLOWED",
        layer: Layer::Proxy,
        severity: Severity::Note,
        title: "It may be the port that the proxy does not allow",
        means: "Most proxies allow CONNECT to port 443 only, and this server is on another one. One refusal does not tell.",
        fix: Fix { admin: "Move SSTP to port 443, or allow the port on the proxy.", user: "Use a network without the proxy." },
        windows: &[Windows::Event(4)],
        spec: &[SpecRef::sstp("4.5"), SpecRef::rfc(9110, "9.3.6")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(port_denied),
        ..Check::ROW
    },
    Check {
        id: "PROXY-CONNECT-DENIED",
        layer: Layer::Proxy,
        title: "The proxy denies the VPN server",
        means: "The proxy's policy forbids the host or its category.",
        fix: Fix { admin: "Put the VPN host on the proxy's allow list.", user: "Ask the owner of this network." },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("4.5")],
        needs: Need::Began(Layer::Proxy),
        explains: &["PROXY-PORT-NOT-ALLOWED"],
        look: Look::One(host_denied),
        ..Check::ROW
    },
    Check {
        id: "PROXY-UPSTREAM-FAIL",
        layer: Layer::Proxy,
        title: "The proxy cannot reach the VPN server",
        means: "The proxy could not resolve or connect to the server.",
        fix: Fix {
            admin: "Check the proxy's DNS and its way out.",
            user: "Open the server's address in a browser through the same proxy and compare.",
        },
        windows: &[Windows::Hresult(0x8007_04D4)],
        spec: &[SpecRef::rfc(9110, "15.6")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(upstream_failed),
        ..Check::ROW
    },
    Check {
        id: "PROXY-CAPTIVE-PORTAL",
        layer: Layer::Proxy,
        title: "The network wants a login first",
        means: "The answer to CONNECT leads to another page, as guest networks do until one has logged in.",
        fix: Fix { admin: "", user: "Open a browser, log in to the network's portal, then dial." },
        spec: &[SpecRef::rfc(6585, "6")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(login_wanted),
        ..Check::ROW
    },
    Check {
        id: "PROXY-NOT-HTTP",
        layer: Layer::Proxy,
        title: "The proxy's answer is not HTTP",
        means: "What listens at the proxy's address does not answer as an HTTP proxy does.",
        fix: Fix { admin: "Check address and port of the proxy.", user: "Check the proxy setting." },
        spec: &[SpecRef::rfc(9112, "4")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(not_http),
        ..Check::ROW
    },
    Check {
        id: "PROXY-NO-RESPONSE",
        layer: Layer::Proxy,
        title: "The proxy does not answer",
        means: "The proxy took the connection, but nothing came in answer to CONNECT.",
        fix: Fix { admin: "Check the proxy's load, and whether it can reach the VPN server.", user: "Try without the proxy." },
        spec: &[SpecRef::sstp("4.5")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(silent),
        ..Check::ROW
    },
    Check {
        id: "PROXY-CLOSED",
        layer: Layer::Proxy,
        title: "The proxy closes the connection without an answer",
        means: "The proxy ended the connection instead of answering CONNECT.",
        fix: Fix { admin: "Look for the refusal in the proxy's log.", user: "Try without the proxy." },
        spec: &[SpecRef::sstp("4.5")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(closed_silently),
        ..Check::ROW
    },
    Check {
        id: "PROXY-UNEXPECTED-STATUS",
        layer: Layer::Proxy,
        title: "The proxy does not give a tunnel",
        means: "The proxy answered CONNECT with something that fits no other check.",
        fix: Fix { admin: "Look the request up in the proxy's log.", user: "Try without the proxy." },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("4.5"), SpecRef::rfc(9110, "9.3.6")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(refused_otherwise),
        ..Check::ROW
    },
];

/// With a proxy, resolving and connecting is all about the proxy.
fn proxy_unreachable(facts: &Facts) -> Option<Evidence> {
    let proxy = facts.asked.proxy.as_ref()?;
    let stop = stop_within(facts, Layer::Dns..=Layer::Tcp)?;
    Some(Evidence::at(stop.event, format!("proxy {proxy}: {}", stop.reason)))
}

fn credentials_wanted(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[407])?;
    let schemes = schemes(&reply.it);
    (!schemes.is_empty()).then(|| line(reply).and(&format!("it accepts {}", schemes.join(", "))))
}

fn basic_missing(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[407])?;
    let schemes = schemes(&reply.it);
    let missing = !schemes.is_empty() && !schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    missing.then(|| Evidence::at(reply.event, format!("it accepts {}", schemes.join(", "))))
}

fn challenge_missing(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[407])?;
    schemes(&reply.it).is_empty().then(|| line(reply).and("there is no Proxy-Authenticate header"))
}

fn port_denied(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[403, 405]).filter(|_| facts.target.port != 443)?;
    Some(Evidence::at(reply.event, format!("the port asked for is {}", facts.target.port)))
}

fn host_denied(facts: &Facts) -> Option<Evidence> {
    replied(facts, &[403, 405]).map(line)
}

fn upstream_failed(facts: &Facts) -> Option<Evidence> {
    replied(facts, &[502, 503, 504]).map(line)
}

fn login_wanted(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[301, 302, 303, 307, 308, 511])?;
    let to = reply.it.header("location").map(|place| format!("it leads to {place}"));
    Some(line(reply).and(&to.unwrap_or_default()))
}

fn not_http(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Proxy).filter(|stop| matches!(stop.reason, Reason::Violated(_)))?;
    Evidence::of(undecoded(facts, Layer::Proxy).map(|seen| seen.event).into_iter().chain([stop.event]), stop.reason.to_string())
}

fn silent(facts: &Facts) -> Option<Evidence> {
    timed_out(facts, Layer::Proxy).map(reason_of)
}

fn closed_silently(facts: &Facts) -> Option<Evidence> {
    closed(facts, Layer::Proxy).filter(|(_, how)| *how != How::Ours && facts.proxy_reply.is_none()).map(|(stop, _)| reason_of(stop))
}

fn refused_otherwise(facts: &Facts) -> Option<Evidence> {
    unnamed(facts, Layer::Proxy, "PROXY-UNEXPECTED-STATUS")
}

fn replied<'a>(facts: &'a Facts, statuses: &[u16]) -> Option<&'a Seen<Head>> {
    facts.proxy_reply.as_ref().filter(|seen| seen.it.status.is_some_and(|status| statuses.contains(&status)))
}

fn line(reply: &Seen<Head>) -> Evidence {
    Evidence::at(reply.event, format!("answer to CONNECT: {}", reply.it.start))
}

/// The first word of each challenge: the authentication scheme. RFC 9110 11.1.
fn schemes(head: &Head) -> Vec<String> {
    head.all("proxy-authenticate").filter_map(|value| value.split_ascii_whitespace().next()).map(str::to_string).collect()
}
