//! Reports of hand-made transcripts: how they look, and that they are what their formats demand.

use super::*;
use crate::base::{Bytes, Layer, Micros, Side, SpecRef};
use crate::crypto::chain::ChainVerdict;
use crate::diag::{Check, Evidence, Fix, Look, Need, Severity, Windows, judge};
use crate::transcript::{Asked, Event, Facts, Head, How, Reason, Secured, Target, Transcript, What};
use crate::wire::chap;
use crate::wire::control::{self, Opt, Packet};
use crate::wire::http;
use crate::wire::ncp::AuthMethod;
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{Attribute, Message, MessageType};

const CLIENT: Option<Side> = Some(Side::Client);
const SERVER: Option<Side> = Some(Side::Server);

/// A transcript that grows by a millisecond an event.
pub(in crate::report) struct Story(pub Transcript);

impl Story {
    fn new() -> Story {
        let target = Target { host: "vpn.example.test".into(), port: 443, ..Target::default() };
        let asked = Asked { credentials: true, user: Some("EXAMPLE\\alice".into()), ..Asked::default() };
        let head = Head { version: "0.1.0".into(), began_unix_ms: 1_700_000_000_000, target, asked, seed: 1, ..Head::default() };
        Story(Transcript { head, events: Vec::new() })
    }

    fn tell(mut self, layer: Layer, events: impl IntoIterator<Item = (Option<Side>, What)>) -> Story {
        let now = |story: &Story| Micros(1_000 * story.0.events.len() as u64);
        for (by, what) in [(None, What::Began)].into_iter().chain(events) {
            self.0.events.push(Event::new(now(&self), by, layer, what));
        }
        self
    }

    /// DNS to SSTP.
    fn opened(self) -> Story {
        let to = "203.0.113.7:443".parse().expect("an address");
        let from = "192.0.2.200:50000".parse().expect("an address");
        let name = || "vpn.example.test".to_string();
        let secured =
            Secured { version: "TLS 1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into(), sni: Some(name()), ..Secured::default() };
        let secured = Secured { group: Some("X25519".into()), ..secured };
        let verdict = ChainVerdict { anchor: Some("Example Root".into()), ..ChainVerdict::default() };
        let chain = What::Chain { from: None, certs: vec![leaf()], aside: false };
        let response = http::Head::response(200, "", &[("Content-Length", http::CONTENT_LENGTH), ("Server", "Microsoft-HTTPAPI/2.0")]);
        let request = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(1));
        let offer = Attribute::CryptoBindingRequest { hash_mask: 3, nonce: Bytes(vec![7; 32]) };
        self.tell(Layer::Dns, [(None, What::Resolved { name: name(), addresses: vec![to_ip(to)] }), (None, What::Up)])
            .tell(Layer::Tcp, [(None, What::Connected { to, from, took: Micros(12_300) }), (None, What::Chosen { to }), (None, What::Up)])
            .tell(Layer::Tls, [(None, What::Secured(secured)), (None, What::Up)])
            .tell(Layer::Cert, [(SERVER, chain), (None, What::Trust { source: "system".into(), verdict }), (None, What::Up)])
            .tell(Layer::Http, [(SERVER, What::Http(response)), (None, What::Up)])
            .tell(
                Layer::Sstp,
                [(CLIENT, What::Sstp(request)), (SERVER, What::Sstp(Message::with(MessageType::CallConnectAck, offer))), (None, What::Up)],
            )
    }

    fn linked(self) -> Story {
        let options = [Opt::new(1, [0x0f, 0xfb]), Opt::new(3, [0xc2, 0x23, 0x81]), Opt::new(5, [1, 2, 3, 4])];
        let request = Frame::lcp(Packet::with_options(control::CONFIGURE_REQUEST, 1, &options));
        self.tell(Layer::Lcp, [(SERVER, What::Ppp(request)), (None, What::Up)])
    }

    fn proved(self) -> Story {
        self.tell(Layer::Auth, [(CLIENT, response()), (SERVER, success()), (None, What::Up)])
    }

    /// Crypto binding to teardown.
    fn finished(self) -> Story {
        let binding = Attribute::CryptoBinding {
            hash_protocol: 2,
            nonce: Bytes(vec![7; 32]),
            cert_hash: Bytes(vec![1; 32]),
            compound_mac: Bytes(vec![2; 32]),
        };
        let address = |kind, last| Opt::new(kind, [192, 0, 2, last]);
        let ack = |options: &[Opt]| What::Ppp(ipcp(Packet::with_options(control::CONFIGURE_ACK, 1, options)));
        let to = "192.0.2.1".parse().expect("an address");
        let ping = |rtt| What::Ping { to, rtt };
        let bare = |kind| What::Sstp(Message::bare(kind));
        self.tell(Layer::Binding, [(CLIENT, What::Sstp(Message::with(MessageType::CallConnected, binding))), (None, What::Up)])
            .tell(Layer::Ncp, [(CLIENT, ack(&[address(3, 1)])), (SERVER, ack(&[address(3, 10), address(129, 53)])), (None, What::Up)])
            .tell(Layer::Data, [(None, ping(Some(Micros(900)))), (None, ping(None)), (None, ping(Some(Micros(1_100)))), (None, What::Up)])
            .tell(
                Layer::Teardown,
                [
                    (CLIENT, bare(MessageType::CallDisconnect)),
                    (SERVER, bare(MessageType::CallDisconnectAck)),
                    (SERVER, What::Closed(How::CloseNotify)),
                    (None, What::Up),
                ],
            )
    }

    pub(in crate::report) fn report(self) -> Report {
        let facts = Facts::of(&self.0);
        let judgement = judge(&facts, CHECKS.iter());
        Report::new(self.0, facts, judgement)
    }
}

fn to_ip(to: std::net::SocketAddr) -> std::net::IpAddr {
    to.ip()
}

fn ipcp(packet: Packet) -> Frame {
    Frame { protocol: ppp::IPCP, body: Body::Ipcp(packet) }
}

fn chap(body: chap::Body) -> What {
    What::Ppp(Frame { protocol: ppp::CHAP, body: Body::Chap(chap::Packet { id: 1, body }) })
}

fn response() -> What {
    chap(chap::Body::Response { value: Bytes(vec![9; 49]), name: b"EXAMPLE\\alice"[..].into() })
}

fn success() -> What {
    chap(chap::Body::Success { message: b"S=0123456789ABCDEF0123456789ABCDEF01234567 M=Welcome"[..].into() })
}

fn failure(text: &[u8]) -> What {
    chap(chap::Body::Failure { message: text.into() })
}

/// A certificate made once for these tests.
fn leaf() -> Bytes {
    include_bytes!("tests/leaf.der")[..].into()
}

pub(in crate::report) fn good() -> Story {
    Story::new().opened().linked().proved().finished()
}

pub(in crate::report) fn wrong_password(text: &[u8]) -> Story {
    let refused = What::Down(Reason::Refused("MS-CHAPv2 Failure E=691".into()));
    let teardown = [(CLIENT, What::Sstp(Message::bare(MessageType::CallDisconnect))), (None, What::Up)];
    let auth = [(CLIENT, response()), (SERVER, failure(text)), (None, refused)];
    Story::new().opened().linked().tell(Layer::Auth, auth).tell(Layer::Teardown, teardown)
}

fn without_credentials() -> Story {
    let mut story = Story::new();
    story.0.head.asked = Asked::default();
    let method = |method, accepted| (None, What::Method { method, accepted });
    let methods = [method(AuthMethod::Eap, false), method(AuthMethod::MsChapV2, true), method(AuthMethod::Pap, true), (None, What::Up)];
    story.opened().tell(Layer::Lcp, methods)
}

/// Stopped by our own machine.
fn ours() -> Story {
    Story::new().tell(Layer::Dns, [(None, What::Down(Reason::Ours("no socket: too many open files".into())))])
}

/// Stopped by the user.
fn interrupted() -> Story {
    Story::new().opened().tell(Layer::Lcp, [(None, What::Down(Reason::Ours("interrupted".into())))])
}

const CHECKS: &[Check] = &[
    Check {
        id: "AUTH-MSCHAP-691",
        layer: Layer::Auth,
        severity: Severity::Fail,
        title: "Wrong user name or password",
        means: "The server refused the name or the password. The server cannot tell which of the two is wrong, and an account that is locked looks the same.",
        fix: Fix {
            admin: "Look up the refusal in the log of the server or its RADIUS.",
            user: "Type the password again; try DOMAIN\\user and user@domain.",
        },
        windows: &[Windows::Ras(691), Windows::Event(4), Windows::Hresult(0x800B_0101)],
        verified: true,
        spec: &[SpecRef::rfc(2759, "6")],
        needs: Need::Began(Layer::Auth),
        spares: None,
        harmless: None,
        whole: false,
        explains: &["TEAR-UNACKED"],
        look: Look::One(|facts| {
            let stop = facts.stopped_at(Layer::Auth)?;
            let said = facts.frames(Side::Server, "chap.failure").next()?;
            let Body::Chap(packet) = &said.it.body else { return None };
            let chap::Body::Failure { message } = &packet.body else { return None };
            Some(Evidence { says: format!("the server said {}", text::lossy(message)), events: vec![said.event, stop.event] })
        }),
    },
    Check {
        id: "TEAR-UNACKED",
        layer: Layer::Teardown,
        severity: Severity::Warn,
        title: "Call Disconnect is not acknowledged",
        means: "The server closed without Call Disconnect Ack.",
        fix: Fix { admin: "Nothing to mend here.", user: "" },
        windows: &[],
        verified: false,
        spec: &[SpecRef::sstp("3.1.5.2.4")],
        needs: Need::Began(Layer::Teardown),
        spares: None,
        harmless: None,
        explains: &[],
        whole: false,
        look: Look::One(|facts| {
            let asked = facts.messages(Side::Client, MessageType::CallDisconnect).next()?;
            let acked = facts.messages(Side::Server, MessageType::CallDisconnectAck).next().is_some();
            (!acked).then(|| Evidence::at(asked.event, "no Call Disconnect Ack came"))
        }),
    },
    Check {
        id: "HTTP-BANNER",
        layer: Layer::Http,
        severity: Severity::Note,
        title: "The server names itself",
        means: "The Server header is there.",
        fix: Fix { admin: "", user: "" },
        windows: &[],
        verified: false,
        spec: &[],
        needs: Need::Began(Layer::Http),
        spares: None,
        harmless: None,
        explains: &[],
        whole: false,
        look: Look::One(|facts| {
            let response = facts.responses.first()?;
            Some(Evidence::at(response.event, response.it.header("server")?.to_string()))
        }),
    },
];

pub(in crate::report) fn rendered(name: &str, report: &Report) -> String {
    let mut out = Vec::new();
    (format(name).expect("a format").render)(report, &mut out).expect("a Vec takes everything");
    String::from_utf8(out).expect("UTF-8")
}

fn styled(report: Report, change: impl FnOnce(&mut Style)) -> Report {
    let mut style = Style::default();
    change(&mut style);
    report.styled(style)
}

#[test]
fn a_good_report_is_a_green_ladder() {
    let report = good().report();
    assert_eq!((report.verdict(), report.reached(), report.stopped_at()), (Standing::Ok, Some(Layer::Teardown), None));
    let text = rendered("table", &report);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_failed_report_names_one_cause_and_puts_consequences_beneath_it() {
    let report = wrong_password(b"E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=Access denied").report();
    assert_eq!((report.verdict(), report.reached(), report.stopped_at()), (Standing::Fail, Some(Layer::Lcp), Some(Layer::Auth)));
    let text = rendered("table", &report);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn without_credentials_the_methods_are_told_and_authentication_is_not_tried() {
    insta::assert_snapshot!(rendered("table", &without_credentials().report()));
}

#[test]
fn everything_learned_is_shown_when_asked_for() {
    insta::assert_snapshot!(rendered("table", &styled(good().report(), |style| (style.verbose, style.width) = (true, 100))));
}

#[test]
fn colour_only_when_told_and_only_on_states() {
    let plain = rendered("table", &good().report());
    let coloured = rendered("table", &styled(good().report(), |style| style.colour = true));
    assert!(!plain.contains('\x1b') && coloured.contains("\x1b[32m✓ ok\x1b[0m"));
    let stripped = ["\x1b[32m", "\x1b[1;31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"].iter().fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(stripped, plain);
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let hostile = "E=691 M=\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\r\nVerdict: fine".as_bytes();
    for name in FORMATS.iter().map(|format| format.name) {
        let mut story = wrong_password(hostile);
        story.0.head.target.host = "evil\x1b[2J.test".into();
        let report = styled(story.report(), |style| style.verbose = true);
        let text = rendered(name, &report);
        let raw = text.chars().find(|c| text::is_harmful(*c) && *c != '\n');
        assert_eq!(raw, None, "{name}: {text}");
        assert!(!text.lines().any(|line| line.starts_with("Verdict: fine")), "{name}");
    }
}

#[test]
fn layers_shown_already_are_not_repeated_unless_they_changed() {
    let mut progress = progress::Progress::new(good().0.head);
    let rows: Vec<_> = good().0.events.iter().flat_map(|event| progress.event(event)).collect();
    let layers: Vec<_> = rows.iter().map(|row| row.layer).collect();
    assert_eq!(layers, Layer::ALL, "each once, in order, the proxy as not tried");
    let mut report = good().report();
    report.style.shown = rows;
    assert_eq!(report.unseen_layers().count(), 0);
    report.layers[3].standing = Standing::Warn;
    assert_eq!(report.unseen_layers().map(|row| row.layer).collect::<Vec<_>>(), [report.layers[3].layer]);
}

#[test]
fn json_is_what_the_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for story in [good(), wrong_password(b"E=691"), without_credentials(), ours(), interrupted()] {
        let value: serde_json::Value = serde_json::from_str(&rendered("json", &story.report())).expect("JSON");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let mut value: serde_json::Value = serde_json::from_str(&rendered("json", &good().report())).expect("JSON");
    value["surprise"] = 1.into();
    assert!(!validator.is_valid(&value), "the schema lets nothing slip in");
}

#[test]
fn json_puts_the_cause_first_and_says_what_windows_shows() {
    let value: serde_json::Value = serde_json::from_str(&rendered("json", &wrong_password(b"E=691").report())).expect("JSON");
    let first = &value["findings"][0];
    assert_eq!((&first["id"], &first["cause"], &first["because_of"]), (&"AUTH-MSCHAP-691".into(), &true.into(), &serde_json::Value::Null));
    let expired =
        serde_json::json!({ "kind": "hresult", "code": "0x800B0101", "signed": -2146762495, "name": "CERT_E_EXPIRED", "verified": true });
    assert_eq!(first["windows"][2], expired);
    assert_eq!(value["findings"][1]["because_of"], "AUTH-MSCHAP-691");
    assert_eq!((&value["verdict"], &value["stopped_at"], &value["reached"]), (&"fail".into(), &"auth".into(), &"lcp".into()));
}

#[test]
fn every_line_of_ndjson_is_an_object_with_a_type() {
    let text = rendered("ndjson", &wrong_password(b"E=691").report());
    let kinds: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["type"].as_str().expect("a type").to_string())
        .collect();
    assert_eq!((kinds.first().map(String::as_str), kinds.last().map(String::as_str)), (Some("head"), Some("summary")));
    assert_eq!(kinds.iter().filter(|kind| *kind == "layer").count(), Layer::ALL.len());
    assert_eq!(kinds.iter().filter(|kind| *kind == "finding").count(), 3);
}

#[test]
fn junit_tells_failure_from_error_from_skipped() {
    let text = rendered("junit", &wrong_password(b"E=691").report());
    insta::assert_snapshot!(text);
    let text = rendered("junit", &ours().report());
    assert!(text.contains("errors=\"1\"") && text.contains("failures=\"0\""), "{text}");
}

#[test]
fn leaving_out_of_order_is_as_bad_as_the_findings_say() {
    let mut story = good();
    let after_data = story.0.events.iter().position(|event| event.layer == Layer::Teardown).expect("it leaves");
    story.0.events.truncate(after_data);
    let disconnect = What::Sstp(Message::bare(MessageType::CallDisconnect));
    let report = story.tell(Layer::Teardown, [(CLIENT, disconnect), (None, What::Down(Reason::Closed(How::Fin)))]).report();
    assert_eq!((report.verdict(), report.stopped_at(), report.failed()), (Standing::Warn, None, false));
    assert!(sentence::verdict(&report).starts_with("Works, with 1 warning: "));
}

#[test]
fn our_own_trouble_is_not_blamed_on_the_server() {
    let report = ours().report();
    assert_eq!(report.ours(), Some("no socket: too many open files"));
    assert!(rendered("table", &report).starts_with("Could not be tested: no socket: too many open files.\n"));
}

#[test]
fn a_layer_that_the_user_stopped_has_not_failed() {
    let report = || interrupted().report();
    assert_eq!((report().verdict(), report().stopped_at(), report().ours()), (Standing::Interrupted, Some(Layer::Lcp), None));
    let table = rendered("table", &styled(report(), |style| style.colour = true));
    assert!(table.contains("\x1b[33m~ interrupted\x1b[0m") && !table.contains("fail") && !table.contains("\x1b[1;31m"), "{table}");
    let json: serde_json::Value = serde_json::from_str(&rendered("json", &report())).expect("JSON");
    assert_eq!((&json["verdict"], &json["layers"][7]["state"]), (&"interrupted".into(), &"interrupted".into()));
    assert!(rendered("junit", &report()).contains("failures=\"0\""));
}

#[test]
fn a_code_is_shown_in_hexadecimal_in_signed_decimal_and_by_name() {
    assert_eq!(sentence::code_in_full(Windows::Hresult(0x8007_04C9)), "0x800704C9 (-2147023671) ERROR_CONNECTION_REFUSED");
    assert_eq!(sentence::code_in_full(Windows::Ras(691)), "691 ERROR_AUTHENTICATION_FAILURE (0x800702B3, -2147024205)");
}

#[test]
fn the_headline_tells_where_the_call_stopped() {
    let text = sentence::verdict(&wrong_password(b"E=691").report());
    assert!(text.starts_with("Fails at authentication: wrong user name or password (AUTH-MSCHAP-691)."), "{text}");
}

#[test]
fn leaving_after_a_failure_is_no_teardown() {
    let mut story = wrong_password(b"E=691");
    assert!(matches!(story.0.events.pop().map(|event| event.what), Some(What::Up)));
    let report = story.report();
    let row = report.layers.last().expect("teardown");
    assert_eq!((row.layer, row.standing, row.learned.len(), row.short.as_str()), (Layer::Teardown, Standing::NotReached, 0, ""));
}

#[test]
fn passwords_and_challenges_are_not_learned() {
    let text = rendered("json", &wrong_password(b"E=691 R=0 C=00112233445566778899AABBCCDDEEFF V=3 M=no").report());
    let learned: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(!learned["layers"].to_string().contains("00112233445566778899AABBCCDDEEFF"));
}
