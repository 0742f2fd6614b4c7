//! The request that opens a call, and the answers to it. MS-SSTP 3.2.4.1, 4.1.

use super::looks::{self, Seen};
use super::{derived, interop, must, rfc, should};
use crate::base::Layer::{Http, Lcp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Base, Case, Level, Row};
use crate::jobs::conformance::expect::{Expect, View, shown};
use crate::transcript::What;
use crate::wire::http;

const TIME: u64 = 9;

pub(super) const ROWS: &[Row] = &[
    must("http/3.2.4.1/method", "3.2.4.1", &["C-020"])
        .at(Http)
        .says("the method is SSTP_DUPLEX_POST")
        .expects(Expect::Is("SSTP_DUPLEX_POST", |view| line(view, 0, http::METHOD)))
        .why("Servers tell SSTP from other traffic by it.")
        .proved("client.get"),
    must("http/3.2.4.1/uri", "3.2.4.1", &["C-021"])
        .at(Http)
        .says("the URI is that of the specification, letter by letter")
        .expects(Expect::Is("the URI of MS-SSTP", |view| line(view, 1, http::PATH)))
        .why("Some servers compare with case.")
        .proved("client.root"),
    must("http/3.2.4.1/tenantid-alone", "3.2.4.1", &["C-022"])
        .at(Http)
        .says("the only query variable is tenantid")
        .expects(Expect::Is("no query, or tenantid alone", |view| {
            let query = looks::request(view)?.request_line().and_then(|line| line.1.split_once('?')).map(|pair| pair.1);
            looks::must(query.is_none_or(|query| query.starts_with("tenantid=") && !query.contains('&')), || format!("the query {}", shown(query)))
        }))
        .why("A server may refuse what it does not know.")
        .proved("client.query"),
    must("http/3.2.4.1/version", "3.2.4.1", &["C-023"])
        .at(Http)
        .says("the version is HTTP/1.1")
        .expects(Expect::Is("HTTP/1.1", |view| line(view, 2, "HTTP/1.1")))
        .why("Proxies close an HTTP/1.0 connection after the answer.")
        .proved("client.http-1.0"),
    must("http/3.2.4.1/content-length", "3.2.4.1", &["C-024"])
        .at(Http)
        .says("Content-Length is 18446744073709551615")
        .expects(Expect::Is("Content-Length 18446744073709551615", |view| {
            let length = looks::request(view)?.header("Content-Length");
            looks::must(length == Some(http::CONTENT_LENGTH), || format!("Content-Length {}", shown(length)))
        }))
        .why("Whatever stands between must not end the body.")
        .proved("client.bare"),
    must("http/4.1/host", "4.1", &["C-025"])
        .at(Http)
        .says("there is one Host header, and it is not empty")
        .expects(Expect::Is("one Host", |view| {
            let head = looks::request(view)?;
            let hosts: Vec<&str> = head.all("Host").collect();
            looks::must(hosts.len() == 1 && hosts.iter().all(|host| !host.trim().is_empty()), || format!("Host {hosts:?}"))
        }))
        .why("HTTP/1.1 wants it, and a front end chooses by it.")
        .proved("client.bare"),
    should("http/3.2.4.1/correlation-id", "3.2.4.1", &["C-026"])
        .at(Http)
        .says("SSTPCORRELATIONID is there")
        .expects(Expect::Is("SSTPCORRELATIONID", |view| correlation(view).map(drop)))
        .why("Logs of both ends are put together by it.")
        .proved("client.bare"),
    should("http/3.2.4.1/correlation-id-form", "3.2.4.1", &["C-027"])
        .at(Http)
        .says("its value is a GUID in braces")
        .expects(Expect::Is("a GUID in braces", |view| {
            let id = correlation(view)?;
            looks::must(is_guid(id), || id.to_string())
        }))
        .why("A server that parses it may refuse the request.")
        .proved("client.cookie"),
    should("http/3.2.4.1/correlation-id-is-fresh", "3.2.4.1", &["C-028"])
        .at(Http)
        .times(2)
        .says("every attempt has another one")
        .expects(Expect::Is("two values", |view| {
            let heads = view.always().filter_map(|event| if let What::Http(head) = &event.what { Some(head) } else { None });
            let ids: Vec<Option<&str>> = heads.map(|head| head.header("SSTPCORRELATIONID")).collect();
            let said = || ids.iter().copied().map(shown).collect::<Vec<_>>().join(" and ");
            looks::must(ids.len() == 2 && ids.first() != ids.last(), || format!("SSTPCORRELATIONID {}", said()))
        }))
        .why("Otherwise logs mix two attempts up.")
        .proved("client.fixed-id"),
    derived("http/3.2.4.1/no-cookie", "3.2.4.1", &["C-029"])
        .at(Http)
        .says("there is no Cookie unless authentication is bypassed")
        .expects(Expect::Is("no Cookie", |view| {
            let cookie = looks::request(view)?.header("Cookie");
            looks::must(cookie.is_none(), || "a Cookie came".into())
        }))
        .why("It is a credential.")
        .proved("client.cookie"),
    derived("http/4.1/nothing-before-the-answer", "4.1", &["C-030", "C-060"])
        .at(Http)
        .within(TIME)
        .edits(&["http.response#1 hold 10s"])
        .says("no byte follows the request before it is answered")
        .expects(Expect::Is("silence behind the request", |view| {
            let count = view.always().filter(|event| !matches!(event.what, What::Http(_))).count();
            looks::must(count == 0, || "more than the request came".into())
        }))
        .why("Nobody has said yet that SSTP is spoken here.")
        .proved("client.eager"),
    derived("http/4.1/no-answer", "4.1", &["C-031"])
        .at(Http)
        .within(75)
        .edits(&["http.response#1 drop"])
        .says("without an answer the client gives up after 60 s")
        .expects(Expect::Within("closed", 50_000, 72_000))
        .or(Expect::Sends("closed"))
        .why("The user waits.")
        .proved("client.no-timers"),
    derived("http/4.1/200-in-the-wrong-place", "4.1", &["C-032"])
        .at(Http)
        .edits(&[r#"http.response#1 splice 9..15 "404 200 OK""#])
        .says("a 404 whose reason says 200 is a 404")
        .expects(REFUSED)
        .why("The status is a number in its place.")
        .proved("client.takes-any-status"),
    derived("http/4.1/no-http", "4.1", &["C-032"])
        .at(Http)
        .edits(&[r#"http.response#1 instead "SSH-2.0-OpenSSH_9.2\r\n\r\n""#])
        .says("an answer that is not HTTP ends the attempt")
        .expects(REFUSED)
        .why("Somebody else listens there.")
        .proved("client.keeps-open"),
    interop("http/4.1/old-version-200", "4.1", &["C-037"])
        .at(Sstp)
        .edits(&[r#"http.response#1 splice 0..8 "HTTP/1.0""#])
        .says("a 200 of HTTP/1.0 is taken or ends the attempt, but does not hang")
        .expects(TAKEN_OR_LEFT)
        .why("Windows refuses it; other clients take it.")
        .proved("client.keeps-open"),
    interop("http/4.1/content-length-0", "4.1", &["C-037"])
        .at(Sstp)
        .edits(&[r#"http.response#1 instead "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n""#])
        .says("a 200 with Content-Length 0 is taken or ends the attempt")
        .expects(TAKEN_OR_LEFT)
        .why("It says that no body follows.")
        .proved("client.keeps-open"),
    interop("http/4.1/no-content-length", "4.1", &["C-037"])
        .at(Sstp)
        .edits(&[r#"http.response#1 instead "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n""#])
        .says("a 200 without Content-Length is taken or ends the attempt")
        .expects(TAKEN_OR_LEFT)
        .why("Implementations differ.")
        .proved("client.keeps-open"),
    interop("http/4.1/chunked", "4.1", &["C-037"])
        .at(Sstp)
        .edits(&[r#"http.response#1 instead "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n""#])
        .says("a chunked 200 is taken or ends the attempt")
        .expects(TAKEN_OR_LEFT)
        .why("What follows would have to be unwrapped.")
        .proved("client.keeps-open"),
    derived("http/3.1.7.2/every-byte-alone", "3.1.7.2", &["C-035"])
        .at(Sstp)
        .edits(&["http.response#1 shred"])
        .says("an answer that comes byte by byte is an answer")
        .expects(super::REQUEST)
        .why("TLS keeps no borders.")
        .proved("client.one-read"),
    rfc(Level::Interop, "http/15.2/100-continue", 9110, "15.2", &["C-036"])
        .at(Sstp)
        .edits(&[r#"http.response#1 before "HTTP/1.1 100 Continue\r\n\r\n""#])
        .says("a 100 Continue before the 200 is passed over")
        .expects(super::REQUEST)
        .why("Proxies send it.")
        .proved("client.takes-first-answer"),
    rfc(Level::Interop, "http/5/endless-headers", 6585, "5", &["C-038"])
        .at(Http)
        .within(20)
        .edits(&[
            r#"http.response#1 instead "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n""#,
            r#"http.response#1 before "HTTP/1.1 200 OK\r\n""#,
            "http.response#1 repeat 20000",
        ])
        .says("headers without an end are given up")
        .expects(Expect::Sends("closed"))
        .why("Memory is not endless.")
        .proved("client.keeps-open"),
    derived("http/4.1/interleaved-abort", "3.1.7.2", &["C-014"])
        .at(Sstp)
        .edits(&["http.response#1 splice 9999..9999 10 01 00 14 00 05 00 01 00 02 00 0c 00 00 00 02 00 00 00 05"])
        .says("an Abort in one record with the 200 is heeded")
        .expects(super::ENDED)
        .why("The bytes behind the head belong to SSTP.")
        .proved("client.ignores"),
    must("sstp/2.2.9/request-follows-the-200", "2.2.9", &["C-060"])
        .at(Lcp)
        .says("Call Connect Request is the first message, behind the 200")
        .expects(Expect::Is("Call Connect Request first", |view| {
            let first = view.always().find(|event| !matches!(event.what, What::Http(_))).ok_or("nothing behind the request")?;
            let name = crate::jobs::conformance::expect::name(first).unwrap_or_default();
            looks::must(name == "sstp.call-connect-request", || name)
        }))
        .why("The call begins with it.")
        .proved("client.lcp-early"),
];

/// Closed, and no Call Connect Request at any time.
pub(super) const REFUSED: Expect = Expect::All(&[Expect::Sends("closed"), Expect::Never("sstp.call-connect-request")]);
const TAKEN_OR_LEFT: Expect = Expect::Any(&[super::REQUEST, Expect::Sends("closed")]);

/// A part of the request line is that.
fn line(view: &View<'_>, place: usize, wanted: &str) -> Seen {
    let head = looks::request(view)?;
    let (method, target, version) = head.request_line().ok_or_else(|| format!("request line {:?}", head.start))?;
    let path = target.split('?').next().unwrap_or_default();
    let part = [method, path, version].get(place).copied().unwrap_or_default();
    looks::must(part == wanted, || part.to_string())
}

fn correlation<'a>(view: &View<'a>) -> Result<&'a str, String> {
    looks::request(view)?.header("SSTPCORRELATIONID").ok_or_else(|| "no SSTPCORRELATIONID".to_string())
}

/// MS-DTYP 2.3.4.3.
fn is_guid(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else { return false };
    let groups: Vec<&str> = inner.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && inner.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Statuses that are not 200, and how they are called.
const STATUSES: [(u16, &str); 14] = [
    (201, "Created"),
    (202, "Accepted"),
    (204, "No Content"),
    (206, "Partial Content"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (307, "Temporary Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (407, "Proxy Authentication Required"),
    (500, "Internal Server Error"),
    (503, "Service Unavailable"),
];

/// Heads that say 200 in another dress: name, title, and the whole head.
const DRESSES: [(&str, &str, &str); 9] = [
    ("empty-reason", "without a reason phrase", r"HTTP/1.1 200 \r\nContent-Length: 18446744073709551615\r\n\r\n"),
    ("no-reason", "without even the space before the reason phrase", r"HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n\r\n"),
    ("other-reason", "with another reason phrase", r"HTTP/1.1 200 Connection established\r\nContent-Length: 18446744073709551615\r\n\r\n"),
    ("no-server", "without Server and Date", r"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n"),
    (
        "lower-case",
        "with header names in small letters",
        r"HTTP/1.1 200 OK\r\nserver: x\r\ndate: y\r\ncontent-length: 18446744073709551615\r\n\r\n",
    ),
    (
        "upper-case",
        "with header names in capitals",
        r"HTTP/1.1 200 OK\r\nSERVER: x\r\nDATE: y\r\nCONTENT-LENGTH: 18446744073709551615\r\n\r\n",
    ),
    (
        "other-order",
        "with Content-Length behind other headers",
        r"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: 2\r\nServer: x\r\nContent-Length: 18446744073709551615\r\n\r\n",
    ),
    ("no-space", "without a space behind the colon", r"HTTP/1.1 200 OK\r\nContent-Length:18446744073709551615\r\n\r\n"),
    (
        "more-space",
        "with spaces around a value",
        r"HTTP/1.1 200 OK\r\nContent-Length:   18446744073709551615  \r\nServer: x\r\nDate: y\r\n\r\n",
    ),
];

/// Statuses, and heads in other dress.
pub(super) fn cases() -> Vec<Case> {
    let refused = STATUSES.iter().map(|(status, reason)| Case {
        id: format!("http/4.1/status-{status}").into(),
        title: format!("an answer with status {status} ends the attempt").into(),
        why: "Behind it is no SSTP server.".into(),
        spec: SpecRef::sstp("4.1"),
        level: Level::Derived,
        covers: vec!["C-032"],
        edits: vec![format!(r#"http.response#1 splice 9..15 "{status} {reason}""#).into()],
        proved_by: "client.takes-any-status",
        base: Base { expect: REFUSED, ..Base::new(Side::Client, Http) },
    });
    let taken = DRESSES.iter().map(|(name, title, head)| Case {
        id: format!("http/4.1/200-{name}").into(),
        title: format!("a 200 {title} is a 200").into(),
        why: "HTTP leaves that open.".into(),
        spec: SpecRef::rfc(9112, "4"),
        level: Level::Derived,
        covers: vec![if name.contains("reason") || *name == "no-server" { "C-033" } else { "C-034" }],
        edits: vec![format!(r#"http.response#1 instead "{head}""#).into()],
        proved_by: "client.minds-http",
        base: Base { expect: super::REQUEST, ..Base::new(Side::Client, Sstp) },
    });
    refused.chain(taken).collect()
}
