//! The request that opens the call, and its answer. MS-SSTP 3.2.4.1, 4.1; RFC 9110, RFC 9112.

use super::auth::asks_for_a_login;
use super::tls::NAMELESS;
use super::{ACKED, derived, must, rfc, should};
use crate::base::Layer::{Http, Lcp, Sstp};
use crate::base::{Side, SpecRef};
use crate::jobs::conformance::case::{Below, Level, Row};
use crate::jobs::conformance::expect::{Expect, View};
use crate::transcript::What;
use crate::wire::http::{CONTENT_LENGTH, Head};

const OK: Expect = Expect::Http(200, 200);
/// An error, or the connection is closed without an answer.
const NO: Expect = Expect::Any(&[Expect::Http(400, 599), Expect::All(&[Expect::Sends("closed"), Expect::Never("http.response")])]);

pub(super) const ROWS: &[Row] = &[
    must("http/4.1/opens-the-call", "4.1", &["S-018", "S-019", "S-024"])
        .at(Http)
        .says("the standard request is answered with 200, before any byte of a body")
        .expects(OK)
        .why("Without the 200 nothing else can happen.")
        .proved("http.mutant-503"),
    derived("http/4.1/status-line-is-1-1", "4.1", &["S-020"])
        .at(Http)
        .says("the status line says HTTP/1.1")
        .expects(Expect::Is("the status line begins with HTTP/1.1", version_1_1))
        .why("A client that checks the version refuses anything else.")
        .proved("http.mutant-version"),
    derived("http/4.1/content-length", "4.1", &["S-021"])
        .at(Http)
        .says("the 200 bears Content-Length 18446744073709551615, once")
        .expects(Expect::Is("Content-Length 18446744073709551615, once", endless))
        .why("Proxies and clients keep the connection open by it.")
        .proved("http.mutant-length"),
    derived("http/4.1/no-transfer-coding", "4.1", &["S-022"])
        .at(Sstp)
        .says("the 200 has no transfer coding and SSTP follows it bare")
        .expects(Expect::All(&[Expect::Is("no Transfer-Encoding", not_chunked), ACKED]))
        .why("A chunk header in the stream is taken for an SSTP packet.")
        .proved("http.mutant-chunked"),
    derived("http/4.1/nothing-before-the-request", "4.1", &["S-023"])
        .edits(&["sstp.call-connect-request#1 hold 5s"])
        .at(Sstp)
        .within(4)
        .says("nothing of SSTP comes before the client's Call Connect Request")
        .expects(Expect::All(&[Expect::Is("nothing but the HTTP answer before the request", quiet_until_asked)]))
        .why("A client that hears a message before its request ends the call.")
        .proved("http.mutant-early-echo"),
    should("http/4.1/answers-in-time", "4.1", &["S-025"])
        .at(Http)
        .says("the answer comes within 5 s")
        .expects(Expect::Is("an answer within 5 s", in_five_seconds))
        .why("A client waits 60 s, a user does not.")
        .proved("http.mutant-late"),
    derived("http/4.1/method-get", "4.1", &["S-026"])
        .at(Http)
        .edits(&["http.request#1 splice 0..16 \"GET\""])
        .says("GET on the SSTP URI is refused")
        .expects(NO)
        .why("Only SSTP_DUPLEX_POST opens a call.")
        .proved("http.mutant-takes-all"),
    derived("http/4.1/method-post", "4.1", &["S-026"])
        .at(Http)
        .edits(&["http.request#1 splice 0..16 \"POST\""])
        .says("POST on the SSTP URI is refused")
        .expects(NO)
        .why("Only SSTP_DUPLEX_POST opens a call.")
        .proved("http.mutant-takes-all"),
    derived("http/4.1/method-put", "4.1", &["S-026"])
        .at(Http)
        .edits(&["http.request#1 splice 0..16 \"PUT\""])
        .says("PUT on the SSTP URI is refused")
        .expects(NO)
        .why("Only SSTP_DUPLEX_POST opens a call.")
        .proved("http.mutant-takes-all"),
    derived("http/4.1/method-connect", "4.1", &["S-026"])
        .at(Http)
        .edits(&["http.request#1 splice 0..16 \"CONNECT\""])
        .says("CONNECT on the SSTP URI is refused")
        .expects(NO)
        .why("A VPN server is no proxy.")
        .proved("http.mutant-takes-all"),
    derived("http/9.1/method-lower-case", "4.1", &["S-027"])
        .at(Http)
        .edits(&["http.request#1 splice 0..16 \"sstp_duplex_post\""])
        .says("the method is case-sensitive")
        .expects(NO)
        .why("RFC 9110 9.1.")
        .proved("http.mutant-takes-all"),
    derived("http/4.1/version-1-0", "4.1", &["S-028"])
        .at(Http)
        .edits(&["http.request#1 splice 62..70 \"HTTP/1.0\""])
        .says("HTTP/1.0 is refused")
        .expects(NO)
        .why("The endless body needs HTTP/1.1.")
        .proved("http.mutant-takes-all"),
    derived("http/4.1/version-1-2", "4.1", &["S-028"])
        .at(Http)
        .edits(&["http.request#1 splice 62..70 \"HTTP/1.2\""])
        .says("HTTP/1.2 is refused")
        .expects(NO)
        .why("The endless body needs HTTP/1.1.")
        .proved("http.mutant-takes-all"),
    derived("http/4.1/version-2-0", "4.1", &["S-028"])
        .at(Http)
        .edits(&["http.request#1 splice 62..70 \"HTTP/2.0\""])
        .says("HTTP/2.0 in a request line is refused")
        .expects(NO)
        .why("HTTP/2 has no request line at all.")
        .proved("http.mutant-takes-all"),
    derived("http/3.2.4.1/uri-root", "3.2.4.1", &["S-029"])
        .at(Http)
        .edits(&["http.request#1 splice 17..61 \"/\""])
        .says("SSTP is not served at /")
        .expects(NO)
        .why("The same server may serve other things.")
        .proved("http.mutant-takes-all"),
    derived("http/3.2.4.1/uri-prefix", "3.2.4.1", &["S-029"])
        .at(Http)
        .edits(&["http.request#1 splice 17..61 \"/sra_\""])
        .says("SSTP is not served at a prefix of its URI")
        .expects(NO)
        .why("The same server may serve other things.")
        .proved("http.mutant-takes-all"),
    derived("http/3.2.4.1/uri-other-guid", "3.2.4.1", &["S-029"])
        .at(Http)
        .edits(&["http.request#1 splice 23..59 \"00000000-0000-0000-0000-000000000000\""])
        .says("SSTP is not served at another GUID")
        .expects(NO)
        .why("The same server may serve other things.")
        .proved("http.mutant-takes-all"),
    derived("http/4.1/error-is-the-last", "4.1", &["S-031"])
        .at(Http)
        .edits(&["http.request#1 splice 17..61 \"/\""])
        .says("an error ends the connection")
        .judges(Expect::Http(400, 599), "the request drew no HTTP error")
        .expects(Expect::Sends("closed"))
        .why("A client must not reuse a connection that may be half SSTP.")
        .proved("teardown.mutant-keeps-open"),
    should("http/3.2.4.1/tenantid", "3.2.4.1", &["S-032"])
        .at(Http)
        .edits(&["http.request#1 splice 61..61 \"?tenantid=abc\""])
        .says("an unknown tenantid is ignored")
        .expects(OK)
        .why("Windows appends one where it is configured.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::May, "http/4.2.3/path-in-another-case", 9110, "4.2.3", &["S-030"])
        .at(Http)
        .edits(&["http.request#1 splice 40..41 \"B\""])
        .says("a path that differs in a letter's case is another path")
        .expects(Expect::Http(400, 599))
        .why("Which servers compare without case is told by it.")
        .proved("http.mutant-takes-all"),
    Row::new(Side::Server, Level::May, "http/3.2.4.1/unknown-query", SpecRef::sstp("3.2.4.1"), &["S-033"])
        .at(Http)
        .edits(&["http.request#1 splice 61..61 \"?x=1\""])
        .says("a query that no specification knows is passed over")
        .expects(OK)
        .why("Which servers refuse it is told by it.")
        .proved("http.mutant-unusual-refused"),
    derived("http/3.2.4.1/no-correlation-id", "3.2.4.1", &["S-034"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nContent-Length: 18446744073709551615\\r\\n\\r\\n\""])
        .says("SSTPCORRELATIONID may be left out")
        .expects(OK)
        .why("It serves logs only.")
        .proved("http.mutant-unusual-refused"),
    derived("http/3.2.4.1/bad-correlation-id", "3.2.4.1", &["S-035"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nSSTPCORRELATIONID: x\\r\\nContent-Length: 18446744073709551615\\r\\n\\r\\n\""])
        .says("an SSTPCORRELATIONID that is no GUID does no harm")
        .expects(OK)
        .why("It serves logs only.")
        .proved("http.mutant-unusual-refused"),
    derived("http/3.2.4.1/two-correlation-ids", "3.2.4.1", &["S-035"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nSSTPCORRELATIONID: {0F1A2D58-D4A3-E300-0FAD-3CE4906E07B7}\\r\\nSSTPCORRELATIONID: {0F1A2D58-D4A3-E300-0FAD-3CE4906E07B8}\\r\\nContent-Length: 18446744073709551615\\r\\n\\r\\n\""])
        .says("two SSTPCORRELATIONIDs do no harm")
        .expects(OK)
        .why("It serves logs only.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::Derived, "http/5.1/header-names-upper-case", 9110, "5.1", &["S-037"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHOST: vpn.lab.example\\r\\nCONTENT-LENGTH: 18446744073709551615\\r\\n\\r\\n\""])
        .says("header names are case-insensitive: upper")
        .expects(OK)
        .why("Proxies change the case.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::Derived, "http/5.1/header-names-lower-case", 9110, "5.1", &["S-037"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nhost: vpn.lab.example\\r\\ncontent-length: 18446744073709551615\\r\\n\\r\\n\""])
        .says("header names are case-insensitive: lower")
        .expects(OK)
        .why("haproxy writes them in lower case.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::Derived, "http/5.3/header-order", 9110, "5.3", &["S-038"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nX-Test: 1\\r\\nContent-Length: 18446744073709551615\\r\\nVia: 1.1 proxy\\r\\nHost: vpn.lab.example\\r\\n\\r\\n\""])
        .says("the order of headers is free and unknown ones are ignored")
        .expects(OK)
        .why("Proxies add and reorder.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::Derived, "http/5/no-white-space", 9112, "5", &["S-039"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost:vpn.lab.example\\r\\nContent-Length:18446744073709551615\\r\\n\\r\\n\""])
        .says("white space before a header value may be left out")
        .expects(OK)
        .why("RFC 9112 5 calls it optional.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::Derived, "http/5/much-white-space", 9112, "5", &["S-039"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost:   vpn.lab.example  \\r\\nContent-Length:   18446744073709551615  \\r\\n\\r\\n\""])
        .says("much white space around a header value does no harm")
        .expects(OK)
        .why("RFC 9112 5 calls it optional.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::Must, "http/3.2/no-host", 9112, "3.2", &["S-040"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nContent-Length: 18446744073709551615\\r\\n\\r\\n\""])
        .says("a request without Host gets 400")
        .expects(Expect::Http(400, 400))
        .or(NO)
        .why("RFC 9112 3.2 demands it of every server.")
        .proved("http.mutant-takes-all"),
    derived("http/3.3.7.2/cookie", "3.3.7.2", &["S-042"])
        .at(Lcp)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nCookie: a=b\\r\\nContent-Length: 18446744073709551615\\r\\n\\r\\n\""])
        .says("a cookie does not open or close a door: the login is asked for as without it")
        .expects(Expect::All(&[ACKED, Expect::Is("a method of authentication is asked for", asks_for_a_login)]))
        .why("Bypassing authentication must be configured.")
        .proved("http.mutant-cookie-opens"),
    derived("http/4.1/no-http-after-the-200", "4.1", &["S-046"])
        .at(Sstp)
        .edits(&[r#"sstp.call-connect-request#1 instead "GET / HTTP/1.1\r\n\r\n""#])
        .says("HTTP after the 200 is taken for SSTP of another version")
        .expects(Expect::All(&[Expect::Any(&[Expect::Sends("sstp.call-abort"), Expect::Sends("closed")]), Expect::Never("undecoded")]))
        .why("An HTTP answer in the tunnel would be read as SSTP.")
        .proved("teardown.mutant-keeps-open"),
    rfc(Level::Interop, "http/6.6.1/date", 9110, "6.6.1", &["S-048"])
        .at(Http)
        .says("the 200 has a Date")
        .expects(Expect::Is("a Date header", |view| match head(view)?.header("Date") {
            Some(_) => Ok(()),
            None => Err("no Date".into()),
        }))
        .why("Who reads logs compares clocks by it.")
        .proved("http.mutant-takes-all"),
    rfc(Level::Interop, "http/5/endless-head", 6585, "5", &["S-050"])
        .at(Http)
        .edits(&[
            r#"http.request#1 instead "one more word of a line that does not want to come to its end, ""#,
            r#"http.request#1 before "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: vpn.lab.example\r\nX-Filler: ""#,
            "http.request#1 repeat 1100",
        ])
        .says("a head that does not end within 64 KiB is refused or dropped")
        .expects(NO)
        .why("What is collected without bound fills the memory.")
        .proved("http.mutant-endless-head"),
    rfc(Level::Interop, "http/3.2/address-as-host", 9112, "3.2", &["S-015"])
        .at(Http)
        .below(Below::Asks(|settings| settings.server_name = NAMELESS.into()), "the ClientHello has no SNI")
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: 192.0.2.77\\r\\nContent-Length: 18446744073709551615\\r\\nSSTPCORRELATIONID: {0F1A2D58-D4A3-E300-0FAD-3CE4906E07B7}\\r\\n\\r\\n\""])
        .says("a client that dials the address is served")
        .expects(OK)
        .why("It has no name to send.")
        .proved("http.mutant-unusual-refused"),
    rfc(Level::Interop, "http/3/garbage", 9112, "3", &["S-049"])
        .at(Http)
        .edits(&[r#"http.request#1 instead "complete nonsense\r\n\r\n""#])
        .says("garbage in place of a request is refused at once")
        .expects(NO)
        .why("Scanners send it all day.")
        .proved("http.mutant-takes-all"),
    rfc(Level::May, "http/5/content-length-zero", 9112, "6.2", &["S-041"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nContent-Length: 0\\r\\n\\r\\n\""])
        .says("a request with Content-Length 0 is answered, with 200 or an error")
        .expects(Expect::Http(200, 599))
        .why("Silence tells a client nothing.")
        .proved("http.mutant-other-length"),
    rfc(Level::May, "http/5/content-length-small", 9112, "6.2", &["S-041"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nContent-Length: 100\\r\\n\\r\\n\""])
        .says("a request with Content-Length 100 is answered, with 200 or an error, or the connection is closed")
        .expects(Expect::Any(&[Expect::Http(200, 599), Expect::Sends("closed")]))
        .why("Silence tells a client nothing.")
        .proved("http.mutant-other-length"),
    rfc(Level::May, "http/5/content-length-none", 9112, "6.2", &["S-041"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\n\\r\\n\""])
        .says("a request without Content-Length is answered, with 200 or an error, or the connection is closed")
        .expects(Expect::Any(&[Expect::Http(200, 599), Expect::Sends("closed")]))
        .why("Silence tells a client nothing.")
        .proved("http.mutant-other-length"),
    rfc(Level::May, "http/5/content-length-negative", 9112, "6.2", &["S-041"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nContent-Length: -1\\r\\n\\r\\n\""])
        .says("a request with Content-Length -1 is answered, with 200 or an error, or the connection is closed")
        .expects(Expect::Any(&[Expect::Http(200, 599), Expect::Sends("closed")]))
        .why("Silence tells a client nothing.")
        .proved("http.mutant-other-length"),
    rfc(Level::May, "http/5/content-length-too-large", 9112, "6.2", &["S-041"])
        .at(Http)
        .edits(&["http.request#1 instead \"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\\r\\nHost: vpn.lab.example\\r\\nContent-Length: 18446744073709551616\\r\\n\\r\\n\""])
        .says("a request with Content-Length 2^64 is answered, with 200 or an error, or the connection is closed")
        .expects(Expect::Any(&[Expect::Http(200, 599), Expect::Sends("closed")]))
        .why("Silence tells a client nothing.")
        .proved("http.mutant-other-length"),
    Row::new(Side::Server, Level::Interop, "http/4.1/pipelined", SpecRef::sstp("4.1"), &["S-052"])
        .at(Sstp)
        .edits(&[r#"http.request#1 splice 9999..9999 10 01 00 0e 00 01 00 01 00 01 00 06 00 01"#, "sstp.call-connect-request#1 drop"])
        .says("SSTP in the same read as the request is not lost")
        .expects(ACKED)
        .why("A client on a slow line may send both at once.")
        .proved("http.mutant-behind-head"),
];

fn head<'a>(view: &View<'a>) -> Result<&'a Head, String> {
    let found = view.always().find_map(|event| if let What::Http(head) = &event.what { Some(head) } else { None });
    found.ok_or_else(|| "no HTTP answer".to_string())
}

fn version_1_1(view: &View<'_>) -> Result<(), String> {
    let head = head(view)?;
    if head.start.starts_with("HTTP/1.1 ") { Ok(()) } else { Err(head.start.chars().take(60).collect()) }
}

fn endless(view: &View<'_>) -> Result<(), String> {
    let values: Vec<&str> =
        head(view)?.headers.iter().filter(|row| row.0.eq_ignore_ascii_case("Content-Length")).map(|row| row.1.as_str()).collect();
    if values == [CONTENT_LENGTH] { Ok(()) } else { Err(format!("Content-Length {values:?}")) }
}

fn not_chunked(view: &View<'_>) -> Result<(), String> {
    match head(view)?.header("Transfer-Encoding") {
        None => Ok(()),
        Some(coding) => Err(format!("Transfer-Encoding {coding}")),
    }
}

fn quiet_until_asked(view: &View<'_>) -> Result<(), String> {
    let early = view.always().find(|event| !matches!(event.what, What::Http(_)));
    match early.and_then(crate::jobs::conformance::expect::name) {
        None => Ok(()),
        Some(name) => Err(format!("{name} came first")),
    }
}

fn in_five_seconds(view: &View<'_>) -> Result<(), String> {
    let sent = view.events.iter().find(|event| event.by == Some(view.peer.other()) && matches!(event.what, What::Http(_)));
    let came = view.always().find(|event| matches!(event.what, What::Http(_))).ok_or("no HTTP answer")?;
    let took = came.at - sent.map_or(came.at, |event| event.at);
    if took.0 <= 5_000_000 { Ok(()) } else { Err(format!("the answer took {took}")) }
}
