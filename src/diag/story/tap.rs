//! Steps of a call as a tap between the two ends sees it.

use super::{NOW, Story};
use crate::base::{Layer, Micros, Side};
use crate::transcript::tap::{
    Answer, ClientHello, Confidence, Direction, End, Flow, Inference, Opening, Over, Proof, ServerHello, Traffic,
};
use crate::transcript::{How, Opaqueness, Reason, Source, What};
use crate::wire::sstp::{Message, MessageType};

impl Story {
    /// A connection of a capture, up to TCP.
    pub fn captured() -> Story {
        let mut story = Story::new();
        story.0.head.source = Source::Capture { connection: 1, first_packet: 1 };
        story.began(Layer::Tcp).connected("192.0.2.1:443").chosen("192.0.2.1:443")
    }

    /// Hellos with the version and suite that the server chose.
    pub fn hellos(self, version: u16, suite: u16) -> Story {
        let client = ClientHello {
            versions: vec![0x0304, 0x0303],
            suites: vec![0x1301, suite],
            sni: Some("vpn.example.test".into()),
            ..ClientHello::default()
        };
        let server = ServerHello { version, suite, ..ServerHello::default() };
        let story = self.began(Layer::Tls).note(Some(Side::Client), Layer::Tls, What::ClientHello(Box::new(client)));
        story.note(Some(Side::Server), Layer::Tls, What::ServerHello(Box::new(server)))
    }

    /// A captured call with its handshake and a certificate that fits.
    pub fn captured_tls() -> Story {
        Story::captured().hellos(0x0304, 0x1301).chain(&[leaf("gw.example.test", 100, 300)]).secured(|_| ())
    }

    /// Up to SSTP.
    pub fn captured_call() -> Story {
        Story::captured_tls().called().ack(3)
    }

    /// Up to a tunnel that is in use.
    pub fn captured_tunnel() -> Story {
        let story = Story::captured_call().bound(49);
        let story = story.proof(Proof::Response, true).proof(Proof::Nonce, true).proof(Proof::CertHash, true);
        story.proof(Proof::CompoundMac, true).ncp_up().began(Layer::Data).up(Layer::Data)
    }

    /// A captured call in which everything works.
    pub fn captured_clean() -> Story {
        let story = Story::captured_tunnel().traffic(Side::Client, 20, 0).traffic(Side::Server, 20, 0).disconnected(How::CloseNotify);
        story.note(Some(Side::Client), Layer::Teardown, What::Closed(How::CloseNotify)).flow(|_| ())
    }

    pub fn proof(self, of: Proof, holds: bool) -> Story {
        let says = format!("{of:?} {}", if holds { "is right" } else { "is wrong" });
        self.note(None, Layer::Binding, What::Proof { of, holds, says })
    }

    pub fn violation(self, by: Side, rule: &str, says: &str) -> Story {
        self.note(Some(by), Layer::Sstp, What::Violation { rule: rule.into(), says: says.into() })
    }

    pub fn alert(self, by: Side, description: u8) -> Story {
        self.note(Some(by), Layer::Tls, What::Alert { description })
    }

    /// The client leaves while `layer` is in work.
    pub fn left(self, layer: Layer) -> Story {
        self.down(layer, Reason::ClientLeft("the client closed the connection".into())).hung_up(Side::Client, How::Fin)
    }

    pub fn hung_up(self, by: Side, how: How) -> Story {
        self.note(Some(by), Layer::Teardown, What::Closed(how))
    }

    pub fn unseen(self, layer: Layer) -> Story {
        self.down(layer, Reason::Unseen("the capture ended".into()))
    }

    pub fn opaque(self, because: Opaqueness) -> Story {
        self.note(Some(Side::Server), Layer::Tls, What::Opaque { bytes: 4000, because })
    }

    pub fn inferred(self, is_sstp: Answer, stage: Option<Layer>) -> Story {
        let because = vec!["record sizes of an SSTP dial".to_string()];
        let inference = Inference { is_sstp, confidence: Confidence::High, stage, because, records: 30 };
        self.note(None, Layer::Tls, What::Inferred(Box::new(inference)))
    }

    pub fn traffic(self, by: Side, packets: u64, inner_retransmissions: u64) -> Story {
        let at = Some(self.now());
        let kinds = vec![("udp".to_string(), packets, packets * 100)];
        let traffic = Traffic { packets, bytes: packets * 100, kinds, first: at, last: at, inner_retransmissions };
        self.note(Some(by), Layer::Data, What::Traffic(Box::new(traffic)))
    }

    /// An Echo Request of one side, answered or not.
    pub fn echo(self, by: Side, answered: bool) -> Story {
        self.note(Some(by), Layer::Sstp, What::Echo { rtt: answered.then_some(Micros(900)) })
    }

    pub fn leaves(self, by: Side, kind: MessageType) -> Story {
        self.sstp(by, Message::status(kind, 0, 0))
    }

    /// What the tap saw of TCP: a connection that is healthy but for the change.
    pub fn flow(self, change: impl Fn(&mut Flow)) -> Story {
        let now = self.now();
        let side = |ttl: u8| Direction {
            segments: 60,
            bytes: 6000,
            largest: 1400,
            mss: Some(1460),
            ttl: (ttl, ttl),
            first: Some(Micros::ZERO),
            last: Some(now),
            last_data: Some(now),
            ..Direction::default()
        };
        let mut flow = Flow {
            client: "198.51.100.7:50000".parse().expect("an address"),
            server: "192.0.2.1:443".parse().expect("an address"),
            opening: Opening::Complete,
            syn_rtt: Some(Micros(20_000)),
            from_client: side(128),
            from_server: side(54),
            ends: Vec::new(),
            icmp: Vec::new(),
            over: Over::Closed,
            ended: now,
        };
        change(&mut flow);
        self.note(None, Layer::Tcp, What::Flow(Box::new(flow)))
    }

    /// A reset of one side as the flow's first end, now.
    pub fn reset(self, by: Side, ttl: u8, change: impl Fn(&mut Flow)) -> Story {
        let at = self.now();
        let end = End { at, by, reset: true, ttl, ip_id: 0, window: 0, in_sequence: true, followed: false };
        self.flow(|flow| {
            flow.ends.push(end.clone());
            change(flow);
        })
    }

    /// One side repeats a segment in vain, and nothing came from the other for so long.
    pub fn in_vain(self, by: Side, len: u32, silence: u64) -> Story {
        self.flow(|flow| {
            let (mine, theirs) = match by {
                Side::Client => (&mut flow.from_client, &mut flow.from_server),
                Side::Server => (&mut flow.from_server, &mut flow.from_client),
            };
            (mine.most_retransmitted, mine.most_retransmitted_len) = (6, len);
            (mine.retransmissions, mine.unacknowledged) = (6, u64::from(len));
            let heard = mine.last.expect("it has a last") - Micros(silence);
            (theirs.last, theirs.last_data) = (Some(heard), Some(heard));
        })
    }

    pub fn connect(mut self, with_credentials: bool, says_sstp: bool) -> Story {
        let (proxy, target) = ("192.0.2.9:3128".to_string(), "vpn.example.test:443".to_string());
        self.0.head.asked.proxy = Some(proxy.clone());
        let what = What::ProxyRequest { proxy, target, with_credentials, says_sstp };
        self.began(Layer::Proxy).note(Some(Side::Client), Layer::Proxy, what)
    }
}

/// A certificate for one name, that has been valid for so many days and is for so many more.
pub fn leaf(name: &str, days_before: i64, days_after: i64) -> Vec<u8> {
    let at = |days: i64| time::OffsetDateTime::from_unix_timestamp(NOW + days * 86_400).expect("in range");
    let names = vec![name.to_string(), "vpn.example.test".to_string()];
    let names = if name == "gw.example.test" { names } else { vec![name.to_string()] };
    let mut params = rcgen::CertificateParams::new(names).expect("a name");
    (params.not_before, params.not_after) = (at(-days_before), at(days_after));
    let key = rcgen::KeyPair::generate().expect("a key");
    params.self_signed(&key).expect("a certificate").der().to_vec()
}
