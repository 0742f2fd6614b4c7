//! Hand-made transcripts for the tests of this floor: a call is written down as a chain of small steps.

mod tap;

pub use tap::leaf;

use super::{Finding, Judgement, Severity, all, judge};
use crate::base::{Bytes, Layer, Micros, Side};
use crate::crypto::chain::{ChainVerdict, Problem, Rule};
use crate::transcript::{
    Asked, ConnectFailure, DnsFailure, Event, Facts, Head, How, Reason, Secured, Target, TlsFailure, Transcript, What,
};
use crate::wire::control::{self, Opt, Packet};
use crate::wire::ncp::{self, AuthMethod};
use crate::wire::ppp::{self, Body, Frame};
use crate::wire::sstp::{Attribute, Message, MessageType};
use crate::wire::{chap, eap, http};

/// 2026-01-15 12:00 UTC.
pub const NOW: i64 = 1_768_478_400;

/// A transcript in the making; every step happens 10 ms after the one before.
#[derive(Clone, Default)]
pub struct Story(pub Transcript);

impl Story {
    pub fn new() -> Story {
        let target = Target { host: "vpn.example.test".into(), port: 443, ..Target::default() };
        let head = Head { began_unix_ms: NOW * 1000, target, asked: Asked { credentials: true, ..Asked::default() }, ..Head::default() };
        Story(Transcript { head, events: Vec::new() })
    }

    pub fn asked(mut self, change: impl Fn(&mut Asked)) -> Story {
        change(&mut self.0.head.asked);
        self
    }

    pub fn target(mut self, host: &str, port: u16) -> Story {
        (self.0.head.target.host, self.0.head.target.port) = (host.into(), port);
        self
    }

    pub fn wait(mut self, micros: u64) -> Story {
        let at = self.now() + Micros(micros).duration();
        self.0.events.push(Event::new(at, None, Layer::Dns, What::Gap { bytes: 0 }));
        self
    }

    pub fn now(&self) -> Micros {
        self.0.events.last().map_or(Micros::ZERO, |event| event.at)
    }

    pub fn note(mut self, by: Option<Side>, layer: Layer, what: What) -> Story {
        let at = self.now() + Micros(10_000).duration();
        self.0.events.push(Event::new(at, by, layer, what));
        self
    }

    pub fn began(self, layer: Layer) -> Story {
        self.note(Some(Side::Client), layer, What::Began)
    }

    pub fn up(self, layer: Layer) -> Story {
        self.note(None, layer, What::Up)
    }

    pub fn down(self, layer: Layer, reason: Reason) -> Story {
        self.note(None, layer, What::Down(reason))
    }

    pub fn silence(self, layer: Layer, waiting_for: &str) -> Story {
        self.down(layer, Reason::TimedOut { waiting_for: waiting_for.into(), after: Micros(10_000_000) })
    }

    pub fn closed(self, layer: Layer, how: How) -> Story {
        self.down(layer, Reason::Closed(how)).note(Some(Side::Server), layer, What::Closed(how))
    }

    pub fn unresolved(self, failure: DnsFailure) -> Story {
        let name = self.0.head.target.host.clone();
        let what = What::Unresolved { name, failure, says: "no".into() };
        self.began(Layer::Dns).note(None, Layer::Dns, what).down(Layer::Dns, Reason::Refused("no".into()))
    }

    pub fn resolved(self, addresses: &[&str]) -> Story {
        let name = self.0.head.target.host.clone();
        let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        self.began(Layer::Dns).note(None, Layer::Dns, What::Resolved { name, addresses }).up(Layer::Dns)
    }

    pub fn connected(self, to: &str) -> Story {
        let from = "192.0.2.200:50000".parse().expect("an address");
        self.note(None, Layer::Tcp, What::Connected { to: to.parse().expect("an address"), from, took: Micros(5_000) })
    }

    pub fn not_connected(self, to: &str, failure: ConnectFailure) -> Story {
        let to = to.parse().expect("an address");
        self.note(None, Layer::Tcp, What::NotConnected { to, failure, says: "no".into(), took: Micros(9_000) })
    }

    pub fn chosen(self, to: &str) -> Story {
        self.note(None, Layer::Tcp, What::Chosen { to: to.parse().expect("an address") }).up(Layer::Tcp)
    }

    /// Name and TCP.
    pub fn tcp(self) -> Story {
        self.resolved(&["192.0.2.1"]).began(Layer::Tcp).connected("192.0.2.1:443").chosen("192.0.2.1:443")
    }

    pub fn unsecured(self, failure: TlsFailure) -> Story {
        let reason = match failure {
            TlsFailure::Reset => Reason::Closed(How::Reset),
            TlsFailure::TimedOut => Reason::TimedOut { waiting_for: "TLS handshake".into(), after: Micros(10_000_000) },
            _ => Reason::Refused("handshake".into()),
        };
        let what = What::Unsecured { failure, says: "handshake".into() };
        self.began(Layer::Tls).note(Some(Side::Server), Layer::Tls, what).down(Layer::Tls, reason)
    }

    pub fn secured(self, change: impl Fn(&mut Secured)) -> Story {
        let mut secured = Secured { version: "TLS 1.3".into(), ..Secured::default() };
        change(&mut secured);
        self.began(Layer::Tls).note(Some(Side::Server), Layer::Tls, What::Secured(secured)).up(Layer::Tls)
    }

    /// The chain as sent; what is no certificate is noted as such.
    pub fn chain(self, ders: &[Vec<u8>]) -> Story {
        let certs = ders.iter().map(|der| Bytes(der.clone())).collect();
        self.note(Some(Side::Server), Layer::Tls, What::Chain { from: None, certs, aside: false })
    }

    pub fn trust(self, source: &str, rules: &[Rule]) -> Story {
        let problems = rules.iter().map(|rule| Problem { rule: *rule, cert: Some(0), says: format!("is bad ({rule:?})") }).collect();
        let verdict = ChainVerdict { path: vec![0], anchor: None, problems };
        self.note(None, Layer::Cert, What::Trust { source: source.into(), verdict })
    }

    /// Up to TLS with a certificate that is trusted.
    pub fn tls(self) -> Story {
        self.tcp().secured(|_| ()).began(Layer::Cert).trust("system", &[]).up(Layer::Cert)
    }

    /// Up to TLS with a certificate that is not, and on.
    pub fn tls_with(self, rules: &[Rule]) -> Story {
        let story = self.tcp().secured(|_| ()).began(Layer::Cert).trust("system", rules);
        match rules.iter().any(|rule| rule.trust_breaking()) {
            true => story.down(Layer::Cert, Reason::Untrusted("bad".into())),
            false => story.up(Layer::Cert),
        }
    }

    pub fn requested(self) -> Story {
        self.began(Layer::Http).note(Some(Side::Client), Layer::Http, What::Http(http::Head::sstp_request("vpn.example.test", "{}")))
    }

    /// The request and an answer; the layer goes up with 200 only.
    pub fn answered(self, status: u16, headers: &[(&str, &str)]) -> Story {
        let head = http::Head::response(status, "-", headers);
        let story = self.requested().note(Some(Side::Server), Layer::Http, What::Http(head));
        if status == 200 { story.up(Layer::Http) } else { story.down(Layer::Http, Reason::Refused(format!("HTTP/1.1 {status}"))) }
    }

    /// Up to HTTP.
    pub fn http(self) -> Story {
        self.answered(200, &[("Content-Length", http::CONTENT_LENGTH), ("Server", "test")])
    }

    pub fn sstp(self, by: Side, message: Message) -> Story {
        self.note(Some(by), Layer::Sstp, What::Sstp(message))
    }

    /// HTTP and Call Connect Request.
    pub fn called(self) -> Story {
        let request = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(1));
        self.http().began(Layer::Sstp).sstp(Side::Client, request)
    }

    pub fn ack(self, hash_mask: u8) -> Story {
        let binding = Attribute::CryptoBindingRequest { hash_mask, nonce: vec![7; 32].into() };
        self.sstp(Side::Server, Message::with(MessageType::CallConnectAck, binding)).up(Layer::Sstp)
    }

    /// Up to SSTP.
    pub fn sstp_up(self) -> Story {
        self.called().ack(3)
    }

    pub fn ppp(self, by: Side, protocol: ppp::Protocol, body: Body) -> Story {
        self.note(Some(by), ppp::layer_of(protocol), What::Ppp(Frame { protocol, body }))
    }

    pub fn lcp(self, by: Side, code: u8, options: &[Opt]) -> Story {
        self.ppp(by, ppp::LCP, Body::Lcp(Packet::with_options(code, 1, options)))
    }

    pub fn lcp_data(self, by: Side, code: u8, data: &[u8]) -> Story {
        self.ppp(by, ppp::LCP, Body::Lcp(Packet::new(code, 1, data)))
    }

    /// Up to LCP with one method agreed on.
    pub fn lcp_up(self, method: AuthMethod) -> Story {
        let asks = [Opt::new(ncp::AUTH_PROTOCOL, method.option_value()), Opt::new(ncp::MAGIC, [1, 2, 3, 4])];
        let ours = [Opt::new(ncp::MAGIC, [9, 9, 9, 9])];
        let story = self.began(Layer::Lcp).lcp(Side::Client, control::CONFIGURE_REQUEST, &ours);
        let story = story.lcp(Side::Server, control::CONFIGURE_REQUEST, &asks).lcp(Side::Client, control::CONFIGURE_ACK, &asks);
        story.lcp(Side::Server, control::CONFIGURE_ACK, &ours).up(Layer::Lcp)
    }

    pub fn chap(self, by: Side, body: chap::Body) -> Story {
        self.ppp(by, ppp::CHAP, Body::Chap(chap::Packet { id: 1, body }))
    }

    pub fn eap(self, by: Side, packet: eap::Packet) -> Story {
        self.ppp(by, ppp::EAP, Body::Eap(packet))
    }

    /// Challenge and response of CHAP; 49 bytes are MS-CHAPv2.
    pub fn responded(self, len: usize) -> Story {
        let challenge = chap::Body::Challenge { value: vec![5; 16].into(), name: Bytes::default() };
        let response = chap::Body::Response { value: vec![6; len].into(), name: b"alice".to_vec().into() };
        self.began(Layer::Auth).chap(Side::Server, challenge).chap(Side::Client, response)
    }

    pub fn refused(self, text: &str) -> Story {
        let failure = chap::Body::Failure { message: text.as_bytes().into() };
        self.chap(Side::Server, failure).down(Layer::Auth, Reason::Refused(text.into()))
    }

    /// Up to LCP, or through MS-CHAPv2, and Call Connected.
    pub fn bound(self, response_len: usize) -> Story {
        let success = chap::Body::Success { message: b"S=0 M=ok".to_vec().into() };
        let story = self.lcp_up(AuthMethod::MsChapV2).responded(response_len).chap(Side::Server, success).up(Layer::Auth);
        let binding = Attribute::CryptoBinding {
            hash_protocol: 2,
            nonce: vec![7; 32].into(),
            cert_hash: vec![1; 32].into(),
            compound_mac: vec![2; 32].into(),
        };
        story.began(Layer::Binding).sstp(Side::Client, Message::with(MessageType::CallConnected, binding))
    }

    pub fn ncp(self, by: Side, protocol: ppp::Protocol, code: u8, options: &[Opt]) -> Story {
        let packet = Packet::with_options(code, 1, options);
        self.ppp(by, protocol, if protocol == ppp::IPCP { Body::Ipcp(packet) } else { Body::Ipv6cp(packet) })
    }

    /// Addresses given, of both families.
    pub fn ncp_up(self) -> Story {
        let ours = [Opt::new(ncp::IP_ADDRESS, [192, 0, 2, 10]), Opt::new(ncp::PRIMARY_DNS, [192, 0, 2, 53])];
        let theirs = [Opt::new(ncp::IP_ADDRESS, [192, 0, 2, 1])];
        let six = [Opt::new(ncp::INTERFACE_ID, [1; 8])];
        let story = self.up(Layer::Binding).began(Layer::Ncp);
        let story = story.ncp(Side::Client, ppp::IPCP, control::CONFIGURE_REQUEST, &ours);
        let story = story.ncp(Side::Server, ppp::IPCP, control::CONFIGURE_ACK, &ours);
        let story = story.ncp(Side::Client, ppp::IPCP, control::CONFIGURE_ACK, &theirs);
        let story = story.ncp(Side::Client, ppp::IPV6CP, control::CONFIGURE_REQUEST, &six);
        story.ncp(Side::Server, ppp::IPV6CP, control::CONFIGURE_ACK, &six).up(Layer::Ncp)
    }

    pub fn data(self, ping: Option<u64>, echo: Option<u64>) -> Story {
        let to = "192.0.2.1".parse().expect("an address");
        let story = self.began(Layer::Data).note(None, Layer::Data, What::Ping { to, rtt: ping.map(Micros) });
        story.note(None, Layer::Sstp, What::Echo { rtt: echo.map(Micros) }).up(Layer::Data)
    }

    pub fn disconnected(self, how: How) -> Story {
        let story = self.began(Layer::Teardown).sstp(Side::Client, Message::status(MessageType::CallDisconnect, 0, 0));
        let story = story.sstp(Side::Server, Message::bare(MessageType::CallDisconnectAck)).up(Layer::Teardown);
        story.note(Some(Side::Server), Layer::Teardown, What::Closed(how))
    }

    /// Everything works.
    pub fn clean() -> Story {
        Story::new().tls().sstp_up().bound(49).ncp_up().data(Some(900), Some(300)).disconnected(How::CloseNotify)
    }

    pub fn facts(&self) -> Facts {
        Facts::of(&self.0)
    }

    pub fn judged(&self) -> Judgement {
        judge(&self.facts(), all())
    }

    /// Ids of the findings of a severity, in their order.
    pub fn ids(&self, severity: Severity) -> Vec<&'static str> {
        let of = |finding: &&Finding| finding.severity == severity;
        self.judged().findings.iter().filter(of).map(|finding| finding.check.id).collect()
    }

    /// The one failing finding; its evidence.
    #[track_caller]
    pub fn fails_with(&self, id: &str) -> String {
        assert_eq!(self.ids(Severity::Fail), [id]);
        let judgement = self.judged();
        let cause = judgement.cause().expect("a failing finding is a cause");
        assert_eq!(cause.check.id, id);
        assert!(cause.evidence.events.iter().all(|event| *event < self.0.events.len()) && !cause.evidence.events.is_empty());
        cause.evidence.says.clone()
    }
}
