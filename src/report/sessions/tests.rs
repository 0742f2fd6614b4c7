//! Sessions as a tap would hand them over, in every view. The calls are those of the in-memory pair.

use super::*;
use crate::base::{Layer, Micros, Secret, Side};
use crate::diag::{self, Evidence, Finding, Severity};
use crate::proto::pair;
use crate::proto::plan::{Account, CertHashes, ClientConfig, Credentials, Method, Mind, Plan, ServerConfig};
use crate::report::text::is_harmful;
use crate::transcript::tap::{Answer, ClientHello, Confidence, Inference, Opening, Over, Traffic};
use crate::transcript::{Asked, Head, Opaqueness, Secured, Target, Transcript};
use std::time::Duration;

const CLIENT: Option<Side> = Some(Side::Client);
const SERVER: Option<Side> = Some(Side::Server);

/// What a tap at the client's switch writes down of a call with this password.
fn call(password: &str, method: Method) -> Transcript {
    let cert = CertHashes { sha1: [1; 20], sha256: [2; 32] };
    let mut client = ClientConfig::new("vpn.example.test", cert);
    client.credentials = Some(Credentials { user: "alice".into(), password: Secret::new(password.into()) });
    client.methods = vec![method];
    let account = Account { name: "alice".into(), password: Secret::new("Passw0rd!".into()), error: None };
    let server = ServerConfig { accounts: vec![account], methods: vec![method], cert, ..ServerConfig::default() };
    let plan = |mind, seed| Plan { mind, edits: Vec::new(), toxics: Vec::new(), seed };
    let run = pair::run(plan(Mind::Client(client), 1), plan(Mind::Server(server), 2), Duration::from_secs(300));
    let told = run.client.into_iter().filter(|event| !matches!(event.what, What::Ping { .. } | What::Echo { .. } | What::Method { .. }));
    tapped(lower().into_iter().chain(told).chain(totals()).collect())
}

fn tapped(events: Vec<Event>) -> Transcript {
    let target = Target { host: "vpn.example.test".into(), port: 443, ..Target::default() };
    let asked = Asked { credentials: true, ..Asked::default() };
    let source = Source::Capture { connection: 3, first_packet: 12 };
    let head = Head { version: "0.1.0".into(), began_unix_ms: 1_700_000_000_123, target, asked, source, ..Head::default() };
    let clocked = events.into_iter().enumerate().map(|(n, event)| Event { at: Micros(1_500 * n as u64), ..event });
    Transcript { head, events: clocked.collect() }
}

fn lower() -> Vec<Event> {
    let hello = ClientHello {
        versions: vec![0x0304, 0x0303],
        sni: Some("vpn.example.test".into()),
        ja3: "0123456789abcdef0123456789abcdef".into(),
        ja4: "t13d1516h0_8daaf6152771_b186095e22b6".into(),
        ..ClientHello::default()
    };
    let secured =
        Secured { version: "TLS 1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into(), sni: hello.sni.clone(), ..Secured::default() };
    let (to, from) = (server(), client());
    vec![
        Event::new(Micros(0), CLIENT, Layer::Tcp, What::Began),
        Event::new(Micros(0), CLIENT, Layer::Tcp, What::Connected { to, from, took: Micros(12_300) }),
        Event::new(Micros(0), None, Layer::Tcp, What::Up),
        Event::new(Micros(0), CLIENT, Layer::Tls, What::Began),
        Event::new(Micros(0), CLIENT, Layer::Tls, What::ClientHello(Box::new(hello))),
        Event::new(Micros(0), SERVER, Layer::Tls, What::Secured(secured)),
        Event::new(Micros(0), None, Layer::Tls, What::Up),
    ]
}

fn totals() -> Vec<Event> {
    let kinds = vec![("icmp".to_string(), 3, 252)];
    let traffic = |packets| What::Traffic(Box::new(Traffic { packets, bytes: 84 * packets, kinds: kinds.clone(), ..Traffic::default() }));
    let sent = |segments, retransmissions| Direction { segments, bytes: 5_210 * segments, retransmissions, ..Direction::default() };
    let flow = Flow {
        client: client(),
        server: server(),
        opening: Opening::Complete,
        syn_rtt: Some(Micros(12_300)),
        from_client: sent(43, 2),
        from_server: sent(40, 0),
        ends: Vec::new(),
        icmp: Vec::new(),
        over: Over::Closed,
        ended: Micros(0),
    };
    vec![
        Event::new(Micros(0), CLIENT, Layer::Data, traffic(3)),
        Event::new(Micros(0), SERVER, Layer::Data, traffic(3)),
        Event::new(Micros(0), None, Layer::Tcp, What::Flow(Box::new(flow))),
    ]
}

fn client() -> SocketAddr {
    "192.0.2.200:50123".parse().expect("an address")
}

fn server() -> SocketAddr {
    "203.0.113.7:443".parse().expect("an address")
}

fn session(number: u64, mut transcript: Transcript) -> Session {
    transcript.scrub();
    let facts = Facts::of(&transcript);
    let judgement = diag::judge(&facts, diag::all());
    let ends = Ends { client: Some(client()), server: Some(server()) };
    let report = Report::new(transcript, facts, judgement);
    Session { number, kind: Kind::Sstp, ends, packets: Some((12, 97)), file: None, report }
}

fn honest() -> Session {
    session(3, call("Passw0rd!", Method::MsChapV2))
}

fn refused() -> Session {
    session(4, call("wrong", Method::MsChapV2))
}

/// A connection that nobody has the key of.
fn sealed() -> Session {
    let inference = Inference {
        is_sstp: Answer::Yes,
        confidence: Confidence::High,
        stage: Some(Layer::Ncp),
        because: vec!["a first record of 214 bytes".into()],
        records: 40,
    };
    let mut events = lower();
    events.push(Event::new(Micros(0), CLIENT, Layer::Http, What::Opaque { bytes: 12_345, because: Opaqueness::NoKey }));
    events.push(Event::new(Micros(0), None, Layer::Tls, What::Inferred(Box::new(inference))));
    events.extend(totals().pop());
    Session { kind: Kind::LikelySstp, ..session(5, tapped(events)) }
}

fn looks(shape: Shape, width: usize, filter: &[&str]) -> Looks {
    let terms = filter.iter().map(|term| filter::Term::parse(term).expect("a condition")).collect();
    Looks { shape, filter: Filter { terms }, style: Style { width, ..Style::default() }, ..Looks::default() }
}

fn shown(format: &str, looks: &Looks, sessions: &[Session], end: &End) -> String {
    let mut view = view(format, looks);
    let mut out = Vec::new();
    for session in sessions {
        let mut session = session.clone();
        session.report.style = looks.style.clone();
        view.session(&session, &mut out).expect("a Vec takes everything");
    }
    view.end(end, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("UTF-8")
}

fn end() -> End {
    let capture = Capture {
        packets: 1_234,
        bytes: 567_890,
        first_unix_ms: Some(1_700_000_000_000),
        last_unix_ms: Some(1_700_000_009_500),
        tcp_connections: 7,
        sstp: 2,
        other: 5,
        ..Capture::default()
    };
    End { files: vec!["call.pcapng".into()], capture: Some(capture), shown: 2, ..End::default() }
}

/// A snapshot of both calls in one shape; no line is wider than it may be.
fn both(shape: Shape, width: usize, filter: &[&str]) -> String {
    let text = shown("table", &looks(shape, width, filter), &[honest(), refused()], &end());
    let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > width).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    text
}

#[test]
fn blocks_tell_who_when_how_far_and_why() {
    insta::assert_snapshot!("blocks_80", both(Shape::Block, 80, &[]));
    insta::assert_snapshot!("blocks_40", both(Shape::Block, 40, &[]));
}

#[test]
fn findings_are_the_judgement_alone() {
    insta::assert_snapshot!("findings_80", both(Shape::Findings, 80, &[]));
    insta::assert_snapshot!("findings_40", both(Shape::Findings, 40, &[]));
}

#[test]
fn a_listing_has_a_line_for_every_message() {
    insta::assert_snapshot!("listing_80", both(Shape::Listing, 80, &[]));
    insta::assert_snapshot!("listing_40", both(Shape::Listing, 40, &["layer=auth"]));
    let all = shown("table", &looks(Shape::Listing, usize::MAX, &["type=ipcp.*"]), &[honest()], &end());
    assert!(all.contains("ip-address 192.0.2.10, primary-dns 192.0.2.53") && !all.contains('…'), "{all}");
}

#[test]
fn a_sequence_stands_between_two_lifelines() {
    insta::assert_snapshot!("sequence_80", both(Shape::Sequence, 80, &[]));
    insta::assert_snapshot!("sequence_40", both(Shape::Sequence, 40, &["layer!=ncp"]));
}

#[test]
fn a_hex_dump_names_its_fields() {
    insta::assert_snapshot!("hex_80", both(Shape::Hex, 80, &["type=chap.*"]));
    insta::assert_snapshot!("hex_40", both(Shape::Hex, 40, &["type=sstp.call-connect-*"]));
    let http = shown("table", &looks(Shape::Hex, 80, &["type=http.response"]), &[honest()], &end());
    assert!(http.contains("  0000  48 54 54 50 2f 31 2e 31  HTTP/1.1\n"), "{http}");
}

#[test]
fn a_broken_rule_is_named_in_the_dump() {
    let mut session = honest();
    let ack = session.report.transcript.events.iter_mut().find(|event| words::name(event) == "sstp.call-connect-ack").expect("it came");
    ack.raw.0[1] |= 0x80;
    let text = shown("table", &looks(Shape::Hex, 80, &["type=sstp.call-connect-ack"]), &[session], &end());
    assert!(text.contains("  0001  81                       reserved 0x40 (must be 0x0, MS-SSTP 2.2.1), c\n"), "{text}");
}

#[test]
fn after_ten_sessions_they_become_short() {
    let many: Vec<_> = (1..=12).map(|number| Session { number, ..refused() }).collect();
    let text = shown("table", &looks(Shape::Block, 80, &[]), &many, &end());
    let eleventh = text.split_once("#11 ").expect("it is there").1;
    assert!(
        text.split_once("#10 ").expect("it is there").1.starts_with(&"192.0.2.200:50123"[..1]) && text.contains("From here on shorter")
    );
    assert_eq!(text.matches("Layer           State").count(), 10);
    insta::assert_snapshot!(eleventh);
}

#[test]
fn a_sealed_connection_is_told_apart_from_a_working_one() {
    let text = shown("table", &looks(Shape::Block, 80, &[]), &[sealed()], &end());
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains(
            "Not opened, there is no key: the connection to vpn.example.test:443 looks like SSTP up to IP configuration (high confidence)."
        ),
        "{text}"
    );
    assert!(!text.contains("Works"), "{text}");
}

#[test]
fn no_secret_is_in_any_view() {
    let password = session(1, call("Passw0rd!", Method::Pap));
    let responses: Vec<Session> =
        [Method::MsChapV2, Method::ChapMd5, Method::EapMsChapV2, Method::EapMd5].map(|method| session(2, call("Passw0rd!", method))).into();
    let hex = |transcript: &Transcript| -> Vec<String> {
        let of = |event: &Event| scrub_ranges(event).iter().map(|range| crate::base::hex(&event.raw[range.clone()])).collect::<Vec<_>>();
        transcript.events.iter().flat_map(of).collect()
    };
    let secrets: Vec<String> = [Method::MsChapV2, Method::ChapMd5, Method::EapMsChapV2, Method::EapMd5, Method::Pap]
        .iter()
        .flat_map(|method| hex(&call("Passw0rd!", *method)))
        .collect();
    assert!(secrets.len() >= 7, "{secrets:?}");
    let sessions: Vec<Session> = std::iter::once(password).chain(responses).collect();
    for (format, shape) in views() {
        let looks = Looks { style: Style { verbose: true, width: 120, ..Style::default() }, ..looks(shape, 120, &[]) };
        let text = shown(format, &looks, &sessions, &end());
        let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(!text.contains("Passw0rd!"), "{format} {shape:?}");
        for secret in &secrets {
            // An interface identifier of 8 bytes may well come out of the same seed.
            let at = squeezed.find(&secret[..20.min(secret.len())]);
            let around = at.map(|at| &squeezed[at.saturating_sub(200)..at + 40]);
            assert_eq!(around, None, "{format} {shape:?}: {secret}");
        }
    }
}

fn scrub_ranges(event: &Event) -> Vec<std::ops::Range<usize>> {
    crate::transcript::scrub::secrets(event)
}

fn views() -> [(&'static str, Shape); 9] {
    let shapes = [Shape::Block, Shape::Findings, Shape::Listing, Shape::Hex, Shape::Sequence];
    let [a, b, c, d, e] = shapes.map(|shape| ("table", shape));
    [a, b, c, d, e, ("json", Shape::Block), ("ndjson", Shape::Block), ("junit", Shape::Block), ("html", Shape::Block)]
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let evil = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\r\nWorks: fine";
    let mut transcript = call("wrong", Method::MsChapV2);
    transcript.head.target.host = evil.into();
    for event in &mut transcript.events {
        match &mut event.what {
            What::Http(head) => {
                head.start += evil;
                head.headers.push((evil.into(), evil.into()));
            }
            What::ClientHello(hello) => hello.sni = Some(evil.into()),
            What::Secured(secured) => secured.sni = Some(evil.into()),
            What::Ppp(Frame { body: Body::Chap(chap::Packet { body: chap::Body::Response { name, .. }, .. }), .. }) => {
                *name = evil.as_bytes().into()
            }
            What::Ppp(Frame { body: Body::Chap(chap::Packet { body: chap::Body::Failure { message }, .. }), .. }) => {
                *message = evil.as_bytes().into()
            }
            _ => {}
        }
    }
    let session = Session { file: Some(evil.into()), ..session(1, transcript) };
    let damages = vec![Damage { file: evil.into(), place: "packet 1".into(), says: evil.into() }];
    let mut end = End { damages, files: vec![evil.into()], ..end() };
    end.capture.get_or_insert_default().key_lines_bad.push(evil.into());
    for (format, shape) in views() {
        let looks = Looks { style: Style { verbose: true, ..Style::default() }, ..looks(shape, 80, &[]) };
        let text = shown(format, &looks, std::slice::from_ref(&session), &end);
        assert_eq!(text.chars().find(|c| is_harmful(*c) && *c != '\n'), None, "{format} {shape:?}: {text}");
        assert!(!text.lines().any(|line| line.starts_with("Works: fine")), "{format} {shape:?}");
    }
}

/// The schema of a report, known to that of a decode.
fn validator() -> jsonschema::Validator {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let report = jsonschema::Resource::from_contents(read(include_str!("../../../docs/report.schema.json"))).expect("a schema");
    let schema = read(include_str!("../../../docs/decode.schema.json"));
    jsonschema::options().with_resource("urn:sstp-diag:report:1", report).build(&schema).expect("a schema")
}

#[test]
fn json_is_what_the_schema_says() {
    let validator = validator();
    let finding =
        Finding { severity: Severity::Warn, ..Finding::new(diag::by_id("AUTH-MSCHAP-691").expect("a check"), Evidence::at(1, "seen")) };
    let damages = vec![Damage { file: "a".into(), place: "packet 3, byte 4".into(), says: "cut".into() }];
    let unread = vec![Unread { file: "b".into(), says: "cannot read b".into() }];
    let full = End { across: vec![finding], damages, unread, ..end() };
    for (sessions, end) in [(vec![honest(), refused(), sealed()], full), (Vec::new(), End::default())] {
        let text = shown("json", &looks(Shape::Block, 80, &[]), &sessions, &end);
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(value["sessions"].as_array().map(Vec::len), Some(sessions.len()));
        value["surprise"] = 1.into();
        assert!(!validator.is_valid(&value), "the schema lets nothing slip in");
    }
}

#[test]
fn lines_of_json_tell_the_same_as_the_document() {
    let sessions = [honest(), refused()];
    let document: serde_json::Value = serde_json::from_str(&shown("json", &looks(Shape::Block, 80, &[]), &sessions, &end())).expect("JSON");
    let text = shown("ndjson", &looks(Shape::Block, 80, &[]), &sessions, &end());
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let count = |kind: &str, session: u64| lines.iter().filter(|line| line["type"] == kind && line["session"] == session).count();
    for (index, number) in [3, 4].into_iter().enumerate() {
        let told = &document["sessions"][index];
        for (kind, list) in [("message", "messages"), ("layer", "layers"), ("finding", "findings"), ("certificate", "certificates")] {
            assert_eq!(count(kind, number), told[list].as_array().map_or(0, Vec::len), "{kind} {number}");
        }
        assert_eq!((count("session", number), count("verdict", number)), (1, 1));
    }
    let ends = [lines.first(), lines.last()].map(|line| line.and_then(|line| line["type"].as_str()));
    assert_eq!(ends, [Some("head"), Some("summary")]);
    let fields = &document["sessions"][0]["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .find(|m| m["name"] == "sstp.call-connect-ack")
        .expect("it came")["fields"];
    assert_eq!(fields["crypto-binding-request.hash-protocol-bitmask"], 3);
}

#[test]
fn junit_has_a_suite_for_every_session_and_one_for_what_is_wrong_with_the_capture() {
    let damages = vec![Damage { file: "a".into(), place: "packet 3, byte 4".into(), says: "cut".into() }];
    let text = shown("junit", &looks(Shape::Block, 80, &[]), &[honest(), refused()], &End { damages, ..end() });
    assert_eq!(text.matches("<testsuite ").count(), 3, "{text}");
    assert!(
        text.contains("#4 192.0.2.200:50123 -&gt; 203.0.113.7:443 vpn.example.test, user alice") && text.contains("errors=\"1\""),
        "{text}"
    );
}

#[test]
fn a_file_that_could_not_be_read_is_told_of_in_every_report() {
    let unread = vec![Unread { file: "nosuch.pcapng".into(), says: "cannot read nosuch.pcapng: no such file".into() }];
    let end = End { unread, ..end() };
    for (format, shape) in views() {
        let text = shown(format, &looks(shape, 80, &[]), &[honest()], &end);
        assert!(text.contains("nosuch.pcapng"), "{format} {shape:?}: {text}");
    }
    let junit = shown("junit", &looks(Shape::Findings, 80, &[]), &[honest()], &end);
    assert!(
        junit.contains("<testsuite name=\"capture\"") && junit.contains("errors=\"1\"") && junit.contains("<error message="),
        "{junit}"
    );
    let json: serde_json::Value = serde_json::from_str(&shown("json", &looks(Shape::Findings, 80, &[]), &[honest()], &end)).expect("JSON");
    assert_eq!((&json["unread"][0]["file"], validator().is_valid(&json)), (&"nosuch.pcapng".into(), true));
    let lines = shown("ndjson", &looks(Shape::Findings, 80, &[]), &[honest()], &end);
    let summary: serde_json::Value = serde_json::from_str(lines.lines().last().expect("a line")).expect("JSON");
    assert_eq!(summary["unread"], json["unread"]);
}

#[test]
fn a_capture_without_sstp_says_what_was_there_and_what_to_do() {
    let said = |capture: Capture| End { capture: Some(capture), ..End::default() }.text(400);
    let some = Capture { packets: 10, bytes: 100, tcp_connections: 2, other: 2, ..Capture::default() };
    assert!(said(Capture::default()).contains("there is no packet in it"));
    assert!(said(Capture { tcp_connections: 0, ..some.clone() }).contains("tcp port 443"));
    let radio = Capture { tcp_connections: 0, undecodable_links: vec![(127, 10)], ..some.clone() };
    assert!(said(radio.clone()).contains("10 packets of link type 127") && said(radio).contains("link layer is not understood"));
    assert!(said(Capture { other: 0, attempts: 2, ..some.clone() }).contains("--server HOST"));
    assert!(said(some.clone()).contains("--keylog"));
    assert!(!said(Capture { sstp: 1, ..some.clone() }).contains("No SSTP"));
    assert!(said(Capture { likely: 1, sessions_without_key: 1, ..some }).contains("No key: 1 connection"));
}

#[test]
fn a_page_has_an_article_for_each_call_and_is_whole() {
    let refusal = session(2, call("wrong", Method::MsChapV2));
    let page = shown("html", &looks(Shape::Block, 80, &[]), &[session(1, call("Passw0rd!", Method::MsChapV2)), refusal], &end());
    crate::report::html::tests::is_whole(&page);
    assert_eq!((page.matches("<article ").count(), page.matches("sstp.call-connect-request").count()), (2, 2), "{page}");
    for anchor in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(page.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor}");
    }
    assert_eq!(page.matches("href=\"#").count(), 2, "an overview of both");
    let ids: Vec<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len(), "{ids:?}");
    let nothing = shown("html", &looks(Shape::Block, 80, &[]), &[], &End::default());
    crate::report::html::tests::is_whole(&nothing);
}
