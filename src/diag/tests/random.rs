//! Whatever a server does, a call that stops has one cause.

use super::super::Severity;
use super::super::story::Story;
use crate::base::{Bytes, Layer, Limit, Micros, Side, WireError};
use crate::transcript::{How, Reason, ScanAnswer, TlsFailure, What};
use crate::wire::control::{self, Opt};
use crate::wire::ncp::{self, AuthMethod};
use crate::wire::sstp::{Message, MessageType};
use crate::wire::{chap, eap, pap, ppp};
use std::ops::RangeInclusive;

/// Whatever a server does between SSTP and data, the stop has one failing finding, and all others stand beneath it.
#[test]
fn however_a_server_behaves_the_stop_has_one_cause() {
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut pick = |from: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits") % from
    };
    for _ in 0..1500 {
        let layer = [Layer::Sstp, Layer::Lcp, Layer::Auth, Layer::Binding, Layer::Ncp, Layer::Data][pick(6)];
        let steps: Vec<&Step> = STEPS.iter().filter(|step| step.0.contains(&layer)).collect();
        let story = (0..pick(9)).fold(climbed(layer), |story, _| (steps[pick(steps.len())].1)(story, layer));
        let reasons = [
            Reason::TimedOut { waiting_for: "something".into(), after: Micros(1) },
            Reason::Refused("no".into()),
            Reason::Closed(How::Reset),
            Reason::Violated("nonsense".into()),
            Reason::Unwilling("we would not".into()),
        ];
        let story = story.down(layer, reasons[pick(reasons.len())].clone());
        let fails = story.ids(Severity::Fail);
        let told: Vec<_> = story.0.events.iter().map(|event| format!("{:?} {:?}", event.by, event.what)).collect();
        assert_eq!(fails.len(), 1, "{layer}: {fails:?}\n{}", told.join("\n"));
    }
}

/// A call that climbed as far as it gets before `layer`, and began there.
fn climbed(layer: Layer) -> Story {
    let story = Story::new().tls();
    match layer {
        Layer::Sstp => story.called(),
        Layer::Lcp => story.sstp_up().began(Layer::Lcp),
        Layer::Auth => story.sstp_up().lcp_up(AuthMethod::MsChapV2).began(Layer::Auth),
        Layer::Binding => story.sstp_up().bound(49),
        Layer::Ncp => story.sstp_up().bound(49).up(Layer::Binding).began(Layer::Ncp),
        _ => story.sstp_up().bound(49).ncp_up().began(Layer::Data),
    }
}

/// The layers at whose stop a step can have happened, and the step.
type Step = (RangeInclusive<Layer>, fn(Story, Layer) -> Story);

const STEPS: &[Step] = &[
    (Layer::Sstp..=Layer::Data, |story, _| story.sstp(Side::Server, Message::status(MessageType::CallAbort, 2, 7))),
    (Layer::Sstp..=Layer::Data, |story, _| story.sstp(Side::Server, Message::bare(MessageType::CallAbort))),
    (Layer::Sstp..=Layer::Data, |story, _| story.sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4))),
    (Layer::Sstp..=Layer::Data, |story, _| story.sstp(Side::Server, Message::status(MessageType::CallAbort, 2, 8))),
    (Layer::Sstp..=Layer::Data, |story, _| story.sstp(Side::Server, Message::status(MessageType::CallDisconnect, 0, 0))),
    (Layer::Sstp..=Layer::Sstp, |story, _| story.sstp(Side::Server, Message::status(MessageType::CallConnectNak, 1, 4))),
    (Layer::Lcp..=Layer::Data, |story, _| story.lcp_data(Side::Server, control::TERMINATE_REQUEST, b"bye")),
    (Layer::Sstp..=Layer::Data, |story, layer| story.note(Some(Side::Server), layer, misstep())),
    (Layer::Lcp..=Layer::Data, |story, layer| story.note(Some(Side::Server), layer, undecoded(layer))),
    (Layer::Sstp..=Layer::Data, |story, _| story.note(Some(Side::Server), Layer::Sstp, undecoded(Layer::Sstp))),
    (Layer::Lcp..=Layer::Data, |story, layer| story.note(Some(Side::Server), layer, What::Omitted { count: 100 })),
    (Layer::Lcp..=Layer::Lcp, |story, _| story.lcp(Side::Client, control::CONFIGURE_REQUEST, &[Opt::new(ncp::MAGIC, [9; 4])])),
    (Layer::Lcp..=Layer::Lcp, |story, _| story.lcp(Side::Server, control::CONFIGURE_REQUEST, &[Opt::new(ncp::MAGIC, [9; 4])])),
    (Layer::Lcp..=Layer::Lcp, |story, _| {
        story.lcp(Side::Server, control::CONFIGURE_REQUEST, &[Opt::new(ncp::AUTH_PROTOCOL, AuthMethod::Pap.option_value())])
    }),
    (Layer::Lcp..=Layer::Lcp, |story, _| {
        story.lcp(Side::Server, control::CONFIGURE_REQUEST, &[Opt::new(ncp::AUTH_PROTOCOL, AuthMethod::Eap.option_value())])
    }),
    (Layer::Lcp..=Layer::Lcp, |story, _| {
        story.lcp(Side::Client, control::CONFIGURE_NAK, &[Opt::new(ncp::AUTH_PROTOCOL, AuthMethod::MsChapV2.option_value())])
    }),
    (Layer::Lcp..=Layer::Lcp, |story, _| {
        (0..5).fold(story, |story, _| story.lcp(Side::Server, control::CONFIGURE_NAK, &[Opt::new(ncp::MAGIC, [1; 4])]))
    }),
    (Layer::Lcp..=Layer::Lcp, |story, _| {
        (0..5).fold(story, |story, _| story.lcp(Side::Server, control::CONFIGURE_NAK, &[Opt::new(ncp::AUTH_PROTOCOL, [0xc2, 0x27])]))
    }),
    (Layer::Lcp..=Layer::Lcp, |story, _| story.lcp(Side::Server, control::CONFIGURE_ACK, &[Opt::new(ncp::MAGIC, [9; 4])])),
    (Layer::Lcp..=Layer::Auth, |story, _| story.lcp_data(Side::Server, control::PROTOCOL_REJECT, &[0xc2, 0x23])),
    (Layer::Ncp..=Layer::Ncp, |story, _| story.lcp_data(Side::Server, control::PROTOCOL_REJECT, &[0x80, 0x21])),
    (Layer::Auth..=Layer::Auth, |story, _| story.chap(Side::Server, chap::Body::Failure { message: b"E=691 R=0".to_vec().into() })),
    (Layer::Auth..=Layer::Auth, |story, _| story.chap(Side::Server, chap::Body::Failure { message: b"no".to_vec().into() })),
    (Layer::Auth..=Layer::Auth, |story, _| {
        story.chap(Side::Client, chap::Body::Response { value: vec![1; 49].into(), name: b"alice".to_vec().into() })
    }),
    (Layer::Auth..=Layer::Auth, |story, _| story.eap(Side::Client, eap::Packet::response(1, eap::IDENTITY, *b"alice"))),
    (Layer::Auth..=Layer::Auth, |story, _| story.eap(Side::Server, eap::Packet::request(1, eap::PEAP, *b""))),
    (Layer::Auth..=Layer::Auth, |story, _| story.eap(Side::Client, eap::Packet::response(1, eap::NAK, [26]))),
    (Layer::Auth..=Layer::Auth, |story, _| story.eap(Side::Server, eap::Packet::result(1, false))),
    (Layer::Auth..=Layer::Auth, |story, _| {
        story.ppp(
            Side::Server,
            ppp::PAP,
            ppp::Body::Pap(pap::Packet { id: 1, body: pap::Body::AuthenticateNak { message: Bytes::default() } }),
        )
    }),
    (Layer::Ncp..=Layer::Ncp, |story, _| {
        story.ncp(Side::Client, ppp::IPCP, control::CONFIGURE_REQUEST, &[Opt::new(ncp::IP_ADDRESS, [0; 4])])
    }),
    (Layer::Ncp..=Layer::Ncp, |story, _| {
        story.ncp(Side::Server, ppp::IPCP, control::CONFIGURE_REJECT, &[Opt::new(ncp::IP_ADDRESS, [0; 4])])
    }),
    (Layer::Ncp..=Layer::Ncp, |story, _| {
        (0..5)
            .fold(story, |story, _| story.ncp(Side::Server, ppp::IPCP, control::CONFIGURE_NAK, &[Opt::new(ncp::IP_ADDRESS, [10, 0, 0, 1])]))
    }),
    (Layer::Ncp..=Layer::Ncp, |story, _| story.ncp(Side::Server, ppp::IPCP, control::TERMINATE_REQUEST, &[])),
];

fn misstep() -> What {
    What::Misstep { message: "echo-request".into(), state: "ClientCallConnected".into(), allowed: vec!["call-abort".into()] }
}

fn undecoded(layer: Layer) -> What {
    What::Undecoded(WireError { layer, what: "length".into(), at: 0, need: 4, have: 3, limit: Limit::Input })
}

#[test]
fn however_a_handshake_fails_it_has_one_cause() {
    let alerts = [10, 40, 42, 47, 50, 70, 71, 80, 86, 112, 116, 120, 255].map(TlsFailure::Alert);
    let others = [
        TlsFailure::PlainHttp,
        TlsFailure::NotTls,
        TlsFailure::Unsupported,
        TlsFailure::Reset,
        TlsFailure::Closed,
        TlsFailure::TimedOut,
        TlsFailure::Other,
    ];
    let accepted = |version| ScanAnswer::Accepted { version, cipher: 0xc013, group: None, bits: None, asks_for_certificate: false };
    let scans =
        [vec![], vec![accepted(0x0301)], vec![accepted(0x0303)], vec![accepted(0x0304), accepted(0x0302)], vec![ScanAnswer::Silence]];
    for failure in alerts.into_iter().chain(others) {
        for answers in &scans {
            let scanned =
                |story: Story, answer: &ScanAnswer| story.note(None, Layer::Tls, What::Scanned { offered: 0x0303, answer: answer.clone() });
            let story = answers.iter().fold(Story::new().tcp().unsecured(failure), scanned);
            let fails = story.ids(Severity::Fail);
            assert_eq!(fails.len(), 1, "{failure:?} {answers:?}: {fails:?}");
        }
    }
}

#[test]
fn every_status_has_one_cause() {
    for status in (100..600).filter(|status| *status != 200) {
        for headers in [&[][..], &[("Server", "Microsoft-HTTPAPI/2.0")], &[("Server", "cloudflare"), ("CF-RAY", "1")]] {
            let fails = Story::new().tls().answered(status, headers).ids(Severity::Fail);
            assert_eq!(fails.len(), 1, "{status} {headers:?}: {fails:?}");
        }
    }
}
