//! The way through a forward proxy. MS-SSTP 4.5.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{closed, reason_of, stop_at, stop_within, timed_out, undecoded, unnamed};
use crate::base::{Layer, SpecRef};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::proxy::{Contrast, Greeting, Header, Step};
use crate::transcript::{How, Reason};
use crate::wire::challenge::Challenge;
use crate::wire::http::Head;
use crate::wire::socks;

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
        id: "PROXY-CREDENTIALS-REFUSED",
        layer: Layer::Proxy,
        title: "The proxy does not take the credentials",
        means: "User and password were shown in the way the proxy asked for, and it asks again. The SSTP client of Windows could not even show \
                them.",
        fix: Fix {
            admin: "Look the login up in the proxy's log.",
            user: "Check user and password; for NTLM write the user as DOMAIN\\user.",
        },
        windows: &[Windows::Event(23)],
        verified: true,
        spec: &[SpecRef::rfc(9110, "15.5.8"), SpecRef::rfc(1929, "2")],
        needs: Need::Began(Layer::Proxy),
        explains: &["PROXY-AUTH-REQUIRED", "PROXY-AUTH-SCHEME"],
        look: Look::One(credentials_refused),
        ..Check::ROW
    },
    Check {
        id: "PROXY-LOGIN-NOT-WINDOWS",
        layer: Layer::Proxy,
        severity: Severity::Warn,
        title: "The proxy takes a login that the SSTP client of Windows cannot give",
        means: "With our credentials the proxy gives the tunnel. The SSTP client of Windows never shows any: it logs event 23 and gives up.",
        fix: Fix {
            admin: "Exempt the VPN host from proxy authentication, or allow it to be reached directly.",
            user: "Use another SSTP client, or a network without the proxy.",
        },
        windows: &[Windows::Event(23)],
        verified: true,
        spec: &[SpecRef::sstp("4.5"), SpecRef::rfc(9110, "15.5.8")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(login_taken),
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
        id: "PROXY-SSTPVERSION-FILTER",
        layer: Layer::Proxy,
        title: "The proxy recognises SSTP by its header and refuses it",
        means: "CONNECT with the header SSTPVERSION, which every SSTP client must send, is refused. Without it, and with another unknown header, it \
                is not. That is a rule that somebody made.",
        fix: Fix { admin: "Remove the rule if SSTP is permitted.", user: "Ask the owner of the proxy for approval." },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("4.5")],
        needs: Need::Began(Layer::Proxy),
        explains: &["PROXY-CONNECT-DENIED"],
        look: Look::One(header_filtered),
        ..Check::ROW
    },
    Check {
        id: "PROXY-PORT-NOT-ALLOWED",
        layer: Layer::Proxy,
        title: "The proxy does not allow the port",
        means: "CONNECT to port 443 of the same host is not refused, to the server's port it is. Most proxies allow CONNECT to port 443 only.",
        fix: Fix { admin: "Move SSTP to port 443, or allow the port on the proxy.", user: "Use a network without the proxy." },
        windows: &[Windows::Event(4)],
        spec: &[SpecRef::sstp("4.5"), SpecRef::rfc(9110, "9.3.6")],
        verified: true,
        needs: Need::Began(Layer::Proxy),
        explains: &["PROXY-CONNECT-DENIED"],
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
        id: "PROXY-SOCKS-LOGIN",
        layer: Layer::Proxy,
        title: "The SOCKS proxy wants a login that we cannot give",
        means: "Of the login methods that were offered it takes none: it wants user and password, GSSAPI, or is not open to this machine.",
        fix: Fix { admin: "Allow this machine, or give the user an account.", user: "Name the user with --proxy-user." },
        spec: &[SpecRef::rfc(1928, "3")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(socks_login),
        ..Check::ROW
    },
    Check {
        id: "PROXY-SOCKS-REFUSED",
        layer: Layer::Proxy,
        title: "The SOCKS proxy does not give the tunnel",
        means: "Its reply to CONNECT bears a code that says why: its rules, or that it cannot reach the server.",
        fix: Fix {
            admin: "Allow the server in the proxy's rules; check its DNS and its way out.",
            user: "Use a network without the proxy.",
        },
        spec: &[SpecRef::rfc(1928, "6")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(socks_refused),
        ..Check::ROW
    },
    Check {
        id: "PROXY-SOCKS-NOT-WINDOWS",
        layer: Layer::Proxy,
        severity: Severity::Warn,
        title: "The way leads through a SOCKS proxy, which the SSTP client of Windows cannot use",
        means: "It knows HTTP proxies only, and would try to reach the server directly.",
        fix: Fix { admin: "Offer an HTTP proxy with CONNECT, or a direct way to the VPN host.", user: "" },
        spec: &[SpecRef::sstp("4.5"), SpecRef::rfc(1928, "3")],
        needs: Need::Began(Layer::Proxy),
        look: Look::One(through_socks),
        ..Check::ROW
    },
    Check {
        id: "PROXY-PAC-FAIL",
        layer: Layer::Proxy,
        severity: Severity::Warn,
        title: "The proxy script gives no answer",
        means: "The PAC script cannot be fetched, is wrong, or names no proxy that can be used. Programs then go straight to the server, or nowhere.",
        fix: Fix { admin: "Mend the script or where it is served from.", user: "Switch automatic proxy detection off." },
        windows: &[Windows::Hresult(0x8007_2F86), Windows::Hresult(0x8007_2F87)],
        spec: &[SpecRef::sstp("4.5")],
        needs: Need::Nothing,
        look: Look::One(script_failed),
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

/// The 407 that ended the call; one that was answered and led on is none.
fn credentials_wanted(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[407])?;
    let schemes = schemes(&reply.it);
    (!schemes.is_empty()).then(|| line(reply).and(&format!("it accepts {}", schemes.join(", "))))
}

fn credentials_refused(facts: &Facts) -> Option<Evidence> {
    if let Some((seen, _)) = socks(facts, Greeting::Login).filter(|(_, code)| *code != 0) {
        return Some(Evidence::at(seen, "the SOCKS proxy does not take user and password".to_string()));
    }
    let reply = replied(facts, &[407])?;
    // A challenge that cannot be answered says nothing about the credentials.
    if facts.proxy_steps.iter().any(|seen| matches!(seen.it, Step::NotShown { .. })) {
        return None;
    }
    let shown = facts.proxy_steps.iter().rev().find_map(|seen| match &seen.it {
        Step::Shown { scheme } => Some((seen.event, scheme)),
        _ => None,
    })?;
    Evidence::of([shown.0, reply.event], format!("shown by {}; answer: {}", shown.1, reply.it.start))
}

fn login_taken(facts: &Facts) -> Option<Evidence> {
    let challenge = facts.proxy_challenge.as_ref().filter(|_| facts.reached(Layer::Proxy))?;
    Some(Evidence::at(
        challenge.event,
        format!("before the tunnel: {}; it accepts {}", challenge.it.start, schemes(&challenge.it).join(", ")),
    ))
}

/// A login that is neither Basic nor one that was shown.
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

fn header_filtered(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[403, 405])?;
    let lets = |header| contrasts(facts).find(|(_, it)| it.header == header && !it.forbidden() && it.status.is_some());
    let (bare, other) = (lets(Header::None)?, lets(Header::Other)?);
    let says = format!("{} with SSTPVERSION, {} without, {} with another header", reply.it.start, bare.1.says, other.1.says);
    Evidence::of([reply.event, bare.0, other.0], says)
}

fn port_denied(facts: &Facts) -> Option<Evidence> {
    let reply = replied(facts, &[403, 405])?;
    let asked = facts.proxy_request.as_ref().map(|seen| seen.it.target.as_str()).unwrap_or_default();
    let other = contrasts(facts).find(|(_, it)| it.target != asked && it.status.is_some() && !it.forbidden())?;
    Evidence::of([reply.event, other.0], format!("{asked}: {}; {}: {}", reply.it.start, other.1.target, other.1.says))
}

fn host_denied(facts: &Facts) -> Option<Evidence> {
    let tried: Vec<String> = contrasts(facts).map(|(_, it)| format!("{} {}: {}", it.target, it.header.means(), it.says)).collect();
    replied(facts, &[403, 405]).map(|reply| line(reply).and(&tried.join("; ")))
}

fn contrasts(facts: &Facts) -> impl Iterator<Item = (usize, &Contrast)> {
    facts.proxy_steps.iter().filter_map(|seen| match &seen.it {
        Step::Contrast(it) => Some((seen.event, it)),
        _ => None,
    })
}

/// The event and the code of a SOCKS proxy's answer to this.
fn socks(facts: &Facts, greeting: Greeting) -> Option<(usize, u8)> {
    facts.proxy_steps.iter().find_map(|seen| match &seen.it {
        Step::Socks { to, code } if *to == greeting => Some((seen.event, *code)),
        _ => None,
    })
}

fn socks_login(facts: &Facts) -> Option<Evidence> {
    let (event, method) = socks(facts, Greeting::Methods)?;
    stop_at(facts, Layer::Proxy)?;
    let usable = method == socks::NO_LOGIN || socks::PASSWORD == method;
    (!usable).then(|| Evidence::at(event, format!("login method in its answer: {method:#04x}")))
}

fn socks_refused(facts: &Facts) -> Option<Evidence> {
    let (event, code) = socks(facts, Greeting::Connect).filter(|row| row.1 != 0)?;
    Some(Evidence::at(event, format!("reply {code}: {}", socks::means(code))))
}

fn through_socks(facts: &Facts) -> Option<Evidence> {
    let (event, _) = socks(facts, Greeting::Connect).filter(|row| row.1 == 0)?;
    Some(Evidence::at(event, "SOCKS5 gave the tunnel".to_string()))
}

fn script_failed(facts: &Facts) -> Option<Evidence> {
    facts.proxy_steps.iter().find_map(|seen| match &seen.it {
        Step::Sought { from, says, found: false } => Some(Evidence::at(seen.event, format!("{from}: {says}"))),
        _ => None,
    })
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

/// The schemes that a 407 offers. RFC 9110 11.6.1.
fn schemes(head: &Head) -> Vec<String> {
    Challenge::of_proxy(head).into_iter().map(|challenge| challenge.scheme).collect()
}
