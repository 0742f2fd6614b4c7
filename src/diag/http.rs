//! The SSTP request over HTTP and its answer. MS-SSTP 3.2.4.1.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::look::{answer, closed, reason_of, stop_at, stop_within, timed_out, undecoded, unnamed};
use crate::base::{Layer, Limit, SpecRef, WireError};
use crate::transcript::facts::{Facts, Seen};
use crate::transcript::{How, Reason};
use crate::wire::http::{CONTENT_LENGTH, Head};

pub(super) const HTTP: &[Check] = &[
    Check {
        id: "HTTP-VERSION-NOT-11",
        layer: Layer::Http,
        title: "The answer is not HTTP/1.1",
        means: "An old proxy or front end answers with another HTTP version, which Windows does not accept.",
        fix: Fix { admin: "Set the proxy or front end to HTTP/1.1, or pass TCP through.", user: "" },
        windows: &[Windows::Event(3)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(other_version),
        ..Check::ROW
    },
    Check {
        id: "HTTP-CHUNKED-REWRITE",
        layer: Layer::Http,
        title: "A proxy rewrites the answer into chunks",
        means: "SSTP needs a stream without end; the answer comes with Transfer-Encoding: chunked instead of its length.",
        fix: Fix { admin: "Pass TCP through instead of proxying HTTP.", user: "" },
        windows: &[Windows::Event(2), Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9112, "7.1")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(chunked),
        ..Check::ROW
    },
    Check {
        id: "HTTP-200-NOT-SSTP",
        layer: Layer::Http,
        title: "An ordinary web server answers",
        means: "It says 200 to any request, but not with the length that an SSTP server announces, and speaks no SSTP afterwards.",
        fix: Fix { admin: "Point the name, or the path on the front end, at the SSTP server.", user: "Check the server name." },
        windows: &[Windows::Event(2), Windows::Event(5)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(web_server),
        ..Check::ROW
    },
    Check {
        id: "HTTP-404",
        layer: Layer::Http,
        title: "The server does not know the SSTP address",
        means: "404: the SSTP service is not running or not published there, or the front end expects another host name.",
        fix: Fix {
            admin: "Enable SSTP on the server; route the sra_ URI to it; with accel-ppp check host-name.",
            user: "Check the server name.",
        },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(not_found),
        ..Check::ROW
    },
    Check {
        id: "HTTP-400-CONTENT-LENGTH",
        layer: Layer::Http,
        title: "A web proxy refuses the length of the SSTP request",
        means: "SSTP announces 2^64-1 bytes, as its rules want. Proxies that read the length as a signed number, such as nginx, refuse it, \
                so the request never reaches the SSTP server.",
        fix: Fix { admin: "Pass TCP through to the SSTP server (nginx: stream) instead of proxying HTTP.", user: "" },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9110, "8.6")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(length_refused),
        ..Check::ROW
    },
    Check {
        id: "HTTP-METHOD-REFUSED",
        layer: Layer::Http,
        title: "The front end does not allow the method SSTP_DUPLEX_POST",
        means: "A filter lets only known HTTP methods pass.",
        fix: Fix { admin: "Allow the method, or pass TCP through.", user: "" },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9110, "15.5.6")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(method_refused),
        ..Check::ROW
    },
    Check {
        id: "HTTP-WAF-BLOCK",
        layer: Layer::Http,
        title: "A web application firewall blocks the request",
        means: "It takes the method, the braces in the address or the huge length for an attack.",
        fix: Fix { admin: "Exempt the SSTP URI from the rules, or pass TCP through.", user: "" },
        windows: &[Windows::Event(4)],
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(firewall),
        ..Check::ROW
    },
    Check {
        id: "HTTP-401-403",
        layer: Layer::Http,
        title: "A web login or an access list stands in front of SSTP",
        means: "The front end demands authentication or forbids the address before SSTP can begin.",
        fix: Fix { admin: "Take pre-authentication and access rules off the SSTP path.", user: "" },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9110, "15.5.2")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(forbidden),
        ..Check::ROW
    },
    Check {
        id: "HTTP-REDIRECT",
        layer: Layer::Http,
        title: "The server redirects to another address",
        means: "SSTP clients do not follow redirects. A redirect rule, an upgrade rule or a portal stands in the way.",
        fix: Fix { admin: "Exempt the SSTP URI from redirects.", user: "" },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9110, "15.4")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(redirected),
        ..Check::ROW
    },
    Check {
        id: "HTTP-SERVICE-INIT",
        layer: Layer::Http,
        title: "HTTP.sys runs, but the SSTP service behind it does not",
        means: "Windows answers 503 itself: the service could not start its listener, or another service reserved its address.",
        fix: Fix {
            admin: "Look for RasSstp events 8, 9, 10, 17, 20 and 22 on the server, mend the cause and restart the service; \
                    check the reservation with `netsh http show urlacl`.",
            user: "",
        },
        windows: &[Windows::Event(8), Windows::Event(17), Windows::Event(20), Windows::Event(22)],
        verified: true,
        spec: &[SpecRef::sstp("3.3.3")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(service_down),
        ..Check::ROW
    },
    Check {
        id: "HTTP-OFFLOAD-CONFIG",
        layer: Layer::Http,
        title: "The front end cannot talk to the SSTP server behind it",
        means: "TLS in front works, then the front end reports its back end: it is down, or one side expects TLS and the other plain HTTP.",
        fix: Fix {
            admin: "Check the health of the pool. If TLS ends at the balancer, configure SSTP TLS offload on RRAS so that its listener expects plain HTTP.",
            user: "Try again later.",
        },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.3.3"), SpecRef::rfc(9110, "15.6")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(back_end_down),
        ..Check::ROW
    },
    Check {
        id: "HTTP-SERVER-ERROR",
        layer: Layer::Http,
        title: "The server reports an error of its own",
        means: "A 5xx status other than those of a front end without a back end.",
        fix: Fix { admin: "Look the request up in the log of the server or front end.", user: "Try again later." },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(9110, "15.6")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(server_error),
        ..Check::ROW
    },
    Check {
        id: "HTTP-SILENT-CLOSE",
        layer: Layer::Http,
        title: "The server closes instead of answering the request",
        means: "Some SSTP servers close without a word on a request they do not like; a front end without a back end does the same.",
        fix: Fix { admin: "Read the server's log; let it send HTTP errors while you search (accel-ppp: http-error=allow).", user: "" },
        windows: &[Windows::Event(2), Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        look: Look::One(closed_silently),
        ..Check::ROW
    },
    Check {
        id: "HTTP-ENDLESS-HEAD",
        layer: Layer::Http,
        title: "The head of the answer never ends",
        means: "The server sends header lines without end. A client can only hang up.",
        fix: Fix { admin: "Check which program owns the port.", user: "" },
        spec: &[SpecRef::rfc(9112, "2.2")],
        needs: Need::Began(Layer::Http),
        look: Look::One(endless_head),
        ..Check::ROW
    },
    Check {
        id: "HTTP-NOT-HTTP",
        layer: Layer::Http,
        title: "The answer is not HTTP",
        means: "Another service speaks inside TLS on this port.",
        fix: Fix { admin: "Check which program owns the port.", user: "Check name and port in the profile." },
        spec: &[SpecRef::rfc(9112, "4")],
        needs: Need::Began(Layer::Http),
        look: Look::One(not_http),
        ..Check::ROW
    },
    Check {
        id: "HTTP-NO-RESPONSE",
        layer: Layer::Http,
        title: "The server does not answer the SSTP request",
        means: "TLS works, then nothing comes: a proxy waits for the whole endless request, or the service behind is stuck.",
        fix: Fix { admin: "Switch request buffering off on the proxy; check the back end.", user: "Try again later." },
        windows: &[Windows::Event(2)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        look: Look::One(silent),
        ..Check::ROW
    },
    Check {
        id: "HTTP-HEADER-CASE",
        layer: Layer::Http,
        severity: Severity::Note,
        title: "The header names of the answer are in lower case",
        means: "A proxy in HTTP mode stands in between and rewrites them. Correct clients do not mind.",
        fix: Fix { admin: "Nothing needs to be done; passing TCP through avoids it.", user: "" },
        verified: true,
        spec: &[SpecRef::rfc(9110, "5.1")],
        needs: Need::Began(Layer::Http),
        look: Look::One(lower_case_names),
        ..Check::ROW
    },
    Check {
        id: "HTTP-LENGTH-UNUSUAL",
        layer: Layer::Http,
        severity: Severity::Note,
        title: "The answer does not announce the length SSTP prescribes",
        means: "The call goes on, but a strict client or proxy may cut it after the announced length.",
        fix: Fix { admin: "Update the server, or pass TCP through.", user: "" },
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        look: Look::One(other_length),
        ..Check::ROW
    },
    Check {
        id: "HTTP-UNEXPECTED-STATUS",
        layer: Layer::Http,
        title: "The server does not open an SSTP stream",
        means: "The answer to the SSTP request fits no other check.",
        fix: Fix { admin: "Look the request up in the log of the server or front end.", user: "" },
        windows: &[Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1")],
        needs: Need::Began(Layer::Http),
        explains: SSTP_SILENCE,
        look: Look::One(refused_otherwise),
        ..Check::ROW
    },
];

fn other_version(facts: &Facts) -> Option<Evidence> {
    answered(facts, |status| status == 200).filter(|seen| seen.it.minor != 1).map(line)
}

fn chunked(facts: &Facts) -> Option<Evidence> {
    let seen = unopened(facts).filter(|seen| has_chunks(&seen.it))?;
    Some(line(seen).and("its length is replaced by Transfer-Encoding: chunked"))
}

fn web_server(facts: &Facts) -> Option<Evidence> {
    let seen = unopened(facts).filter(|seen| !has_chunks(&seen.it) && !has_sstp_length(&seen.it))?;
    Some(line(seen).and(&length(&seen.it)))
}

fn not_found(facts: &Facts) -> Option<Evidence> {
    answered(facts, |status| matches!(status, 404 | 410)).map(line)
}

fn length_refused(facts: &Facts) -> Option<Evidence> {
    let seen = answered(facts, |status| matches!(status, 400 | 413))?;
    let doubt = if server(&seen.it).contains("nginx") { "" } else { "the length is the likeliest reason; the server does not say" };
    Some(line(seen).and(doubt))
}

fn method_refused(facts: &Facts) -> Option<Evidence> {
    answered(facts, |status| matches!(status, 405 | 501)).map(line)
}

fn firewall(facts: &Facts) -> Option<Evidence> {
    let seen = answered(facts, |status| matches!(status, 403 | 406))?;
    let marker = firewall_marker(&seen.it);
    (seen.it.status == Some(406) || marker.is_some()).then(|| line(seen).and(&marker.unwrap_or_default()))
}

fn forbidden(facts: &Facts) -> Option<Evidence> {
    let seen = answered(facts, |status| matches!(status, 401 | 403)).filter(|_| firewall(facts).is_none())?;
    let challenge = seen.it.header("www-authenticate").map(|value| format!("it wants {value}"));
    Some(line(seen).and(&challenge.unwrap_or_default()))
}

fn redirected(facts: &Facts) -> Option<Evidence> {
    let seen = answered(facts, |status| (300..400).contains(&status))?;
    let to = seen.it.header("location").map(|place| format!("it leads to {place}"));
    Some(line(seen).and(&to.unwrap_or_default()))
}

fn service_down(facts: &Facts) -> Option<Evidence> {
    answered(facts, |status| status == 503).filter(|seen| is_http_sys(&seen.it)).map(line)
}

fn back_end_down(facts: &Facts) -> Option<Evidence> {
    answered(facts, |status| matches!(status, 502..=504)).filter(|_| service_down(facts).is_none()).map(line)
}

fn server_error(facts: &Facts) -> Option<Evidence> {
    answered(facts, |status| status >= 500 && !matches!(status, 501..=504)).map(line)
}

fn closed_silently(facts: &Facts) -> Option<Evidence> {
    let (stop, _) = closed(facts, Layer::Http).filter(|(_, how)| *how != How::Ours && answer(facts).is_none())?;
    undecoded(facts, Layer::Http).is_none().then(|| reason_of(stop))
}

fn endless_head(facts: &Facts) -> Option<Evidence> {
    let endless = |error: &WireError| matches!(error.limit, Limit::Ours(_)) || error.what.contains(TOO_MANY_HEADERS);
    let seen = undecoded(facts, Layer::Http).filter(|seen| endless(&seen.it))?;
    let stop = stop_at(facts, Layer::Http)?;
    Evidence::of([seen.event, stop.event], format!("after {} bytes the head had no end", seen.it.have))
}

fn not_http(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Http).filter(|_| answer(facts).is_none() && endless_head(facts).is_none())?;
    match undecoded(facts, Layer::Http) {
        Some(seen) => Evidence::of([seen.event, stop.event], seen.it.what.clone()),
        None => matches!(stop.reason, Reason::Violated(_)).then(|| reason_of(stop)),
    }
}

fn silent(facts: &Facts) -> Option<Evidence> {
    timed_out(facts, Layer::Http).filter(|_| answer(facts).is_none() && undecoded(facts, Layer::Http).is_none()).map(reason_of)
}

fn lower_case_names(facts: &Facts) -> Option<Evidence> {
    let seen = answer(facts)?;
    let names: Vec<&str> = seen.it.headers.iter().map(|row| row.0.as_str()).collect();
    let lower = !names.is_empty() && names.iter().all(|name| !name.contains(|c: char| c.is_ascii_uppercase()));
    lower.then(|| Evidence::at(seen.event, format!("headers {}", names.join(", "))))
}

fn other_length(facts: &Facts) -> Option<Evidence> {
    let seen = answered(facts, |status| status == 200).filter(|seen| !has_sstp_length(&seen.it) && unopened(facts).is_none())?;
    Some(line(seen).and(&length(&seen.it)))
}

fn refused_otherwise(facts: &Facts) -> Option<Evidence> {
    let fallback = unnamed(facts, Layer::Http, "HTTP-UNEXPECTED-STATUS")?;
    let Some(seen) = answer(facts) else { return Some(fallback) };
    Some(line(seen).and(&fallback.says))
}

fn answered(facts: &Facts, status: impl Fn(u16) -> bool) -> Option<&Seen<Head>> {
    answer(facts).filter(|seen| seen.it.status.is_some_and(status))
}

/// A 200 in HTTP/1.1 after which no SSTP call came about.
fn unopened(facts: &Facts) -> Option<&Seen<Head>> {
    stop_within(facts, Layer::Http..=Layer::Sstp)?;
    let spoke = facts.sstp.iter().any(|seen| seen.by == Some(crate::base::Side::Server));
    answered(facts, |status| status == 200).filter(|seen| !spoke && seen.it.minor == 1)
}

/// Status line and banner.
fn line(seen: &Seen<Head>) -> Evidence {
    let banner = seen.it.header("server").map(|server| format!("Server: {server}"));
    Evidence::at(seen.event, seen.it.start.clone()).and(&banner.unwrap_or_default())
}

fn has_chunks(head: &Head) -> bool {
    head.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
}

fn has_sstp_length(head: &Head) -> bool {
    head.header("content-length").is_some_and(|value| value.trim() == CONTENT_LENGTH)
}

fn length(head: &Head) -> String {
    let value = head.header("content-length").map_or("no Content-Length".into(), |value| format!("Content-Length {value}"));
    format!("{value} instead of {CONTENT_LENGTH}")
}

fn server(head: &Head) -> String {
    head.header("server").unwrap_or_default().to_ascii_lowercase()
}

/// SoftEther sends the banner too, but no 503.
fn is_http_sys(head: &Head) -> bool {
    server(head).contains("microsoft-httpapi")
}

/// The header by which a web application firewall gives itself away.
fn firewall_marker(head: &Head) -> Option<String> {
    let header = FIREWALL_HEADERS.iter().find_map(|name| Some(format!("{name}: {}", head.header(name)?)));
    let banner = || FIREWALL_BANNERS.iter().any(|name| server(head).contains(name)).then(|| "the banner is that of a firewall".into());
    header.or_else(banner)
}

/// What no SSTP server says after an answer that opened no SSTP stream.
const SSTP_SILENCE: &[&str] = &["SSTP-NO-ACK", "SSTP-CLOSE-AFTER-REQUEST", "SSTP-VERSION", "SSTP-DESYNC", "SSTP-CALL-FAILED"];

/// How `httparse` says that it ran out of room for header lines.
const TOO_MANY_HEADERS: &str = "too many headers";

/// Headers that web application firewalls add to their block pages.
const FIREWALL_HEADERS: &[&str] = &["cf-ray", "cf-mitigated", "x-sucuri-id", "x-iinfo", "x-waf-event-info"];
/// Parts of the banners of such firewalls, in lower case.
const FIREWALL_BANNERS: &[&str] = &["cloudflare", "akamaighost", "sucuri", "imperva", "mod_security", "bigip"];
