use super::*;
use crate::base::{Layer, Micros, Side};
use crate::transcript::tap::{Answer, ClientHello, Confidence, Inference};
use crate::transcript::trial::{Arm, Ending, Saw, Trial};
use crate::transcript::{Event, Transcript, What};
use crate::wire::http::{CONTENT_LENGTH, Head};
use std::collections::HashSet;

fn facts(events: Vec<(Option<Side>, Layer, What)>) -> Facts {
    let events = events.into_iter().map(|(by, layer, what)| Event::new(Micros(1), by, layer, what)).collect();
    Facts::of(&Transcript { events, ..Transcript::default() })
}

fn row(visibility: &Visibility, id: &str) -> Row {
    visibility.rows.iter().find(|row| row.id == id).cloned().expect("a technique")
}

fn inferred(is_sstp: Answer, confidence: Confidence) -> (Option<Side>, Layer, What) {
    let inference = Inference { is_sstp, confidence, stage: None, because: vec!["sizes".into()], records: 20 };
    (None, Layer::Tls, What::Inferred(Box::new(inference)))
}

#[test]
fn ids_are_unique_and_every_technique_has_a_source() {
    let ids: HashSet<&str> = TECHNIQUES.iter().map(|it| it.id).collect();
    assert_eq!(ids.len(), TECHNIQUES.len());
    assert!(TECHNIQUES.iter().all(|it| !it.source.is_empty() && !it.title.ends_with('.')));
}

#[test]
fn an_accepted_call_is_recognised_by_its_sizes_and_one_that_is_not_sstp_by_nothing() {
    let sized = of(&facts(vec![inferred(Answer::Yes, Confidence::High)]));
    assert_eq!((sized.grade, sized.score), (Grade::RecognisableBySizes, 80));
    for (answer, confidence) in [(Answer::No, Confidence::High), (Answer::Unsure, Confidence::Low)] {
        let plain = of(&facts(vec![inferred(answer, confidence)]));
        assert_eq!((plain.grade, row(&plain, "record-sizes").score), (Grade::GenericTls, 0));
    }
}

#[test]
fn a_proxy_is_told_and_a_prober_is_answered() {
    let request = What::ProxyRequest { proxy: "p:1".into(), target: "v:443".into(), with_credentials: false, says_sstp: true };
    assert_eq!(of(&facts(vec![(Some(Side::Client), Layer::Proxy, request)])).grade, Grade::Named);
    let answer = Head::response(200, "OK", &[("Content-Length", CONTENT_LENGTH), ("Server", "Microsoft-HTTPAPI/2.0")]);
    let probed = of(&facts(vec![(Some(Side::Server), Layer::Http, What::Http(answer))]));
    assert_eq!((probed.grade, row(&probed, "active-probe").score, row(&probed, "banner").score), (Grade::ConfirmedByAsking, 100, 35));
    let refused = Head::response(404, "Not Found", &[("Content-Length", "0")]);
    let refused = of(&facts(vec![(Some(Side::Server), Layer::Http, What::Http(refused))]));
    assert!(matches!(row(&refused, "active-probe").sight, Sight::No(_)));
}

#[test]
fn the_clear_parts_of_the_hello_are_weighed_one_by_one() {
    let hello =
        ClientHello { sni: Some("vpn.example.test".into()), ja3: "aa35acccd6b1166fadf958d3b4fb43ce".into(), ..ClientHello::default() };
    let seen = of(&facts(vec![(Some(Side::Client), Layer::Tls, What::ClientHello(Box::new(hello)))]));
    for (id, score) in [("no-alpn", 10), ("client-hello", 35), ("server-name", 35), ("no-server-name", 0), ("old-tls", 0)] {
        assert_eq!(row(&seen, id).score, score, "{id}");
    }
    assert_eq!(seen.grade, Grade::GenericTls);
    let hello = ClientHello { alpn: vec!["http/1.1".into()], sni: Some("www.example.test".into()), ..ClientHello::default() };
    let seen = of(&facts(vec![(Some(Side::Client), Layer::Tls, What::ClientHello(Box::new(hello)))]));
    assert!(seen.rows.iter().all(|row| row.score == 0), "{seen:?}");
}

#[test]
fn a_service_is_looked_at_from_every_side_and_its_findings_have_ids() {
    let answer = Head::response(200, "OK", &[("Content-Length", CONTENT_LENGTH), ("Server", "Microsoft-HTTPAPI/2.0")]);
    let call = facts(vec![(Some(Side::Server), Layer::Http, What::Http(answer))]);
    let packets = facts(vec![inferred(Answer::Yes, Confidence::High)]);
    let trial = |(arm, status): (Arm, u16)| Trial {
        arm,
        round: 1,
        at: Micros(0),
        took: Micros(0),
        reached: Some(Layer::Http),
        ending: Ending::Answered,
        saw: Saw { head: Some(Head::response(status, "", &[])), ..Saw::default() },
    };
    let like = |statuses: [u16; 6]| -> Vec<Trial> {
        [Arm::Sstp, Arm::OtherPath, Arm::PostMax, Arm::GetPath, Arm::Get, Arm::OddMethod].into_iter().zip(statuses).map(trial).collect()
    };
    let seen = of_service(&call, Some(&packets), &like([200, 404, 403, 404, 202, 501]));
    assert_eq!((seen.grade, seen.score), (Grade::RecognisableBySizes, 100));
    assert_eq!(row(&seen, "echo-rhythm").score, 0, "48 bytes are no echo");
    assert!(row(&seen, "odd-requests").sight.says().ends_with("as SoftEther 4.44 answers"), "{seen:?}");
    let ids: Vec<&str> = seen.rows.iter().map(|row| row.finding).filter(|id| !id.is_empty()).collect();
    assert_eq!(ids, ["VIS-PROBEABLE", "VIS-SIZE-SIGNATURE"]);
    let other = of_service(&call, None, &like([200, 200, 200, 200, 200, 200]));
    assert!(!row(&other, "odd-requests").sight.says().contains("answers"));
    assert_eq!(other.grade, Grade::ConfirmedByAsking, "no packets, no sizes");
    assert!(matches!(row(&of_service(&call, None, &like([404, 404, 404, 404, 404, 404])), "odd-requests").sight, Sight::Unknown(_)));
}

#[test]
fn without_anything_seen_nothing_is_claimed() {
    let nothing = of(&facts(Vec::new()));
    assert_eq!((nothing.grade, nothing.score), (Grade::GenericTls, 0));
    assert!(matches!(row(&nothing, "record-sizes").sight, Sight::Unknown(_)));
    assert_eq!(of_service(&facts(Vec::new()), None, &[]).grade, Grade::Unseen, "no TLS came up");
}
