//! Both ends of the EAP methods that carry TLS, against each other.

use super::*;
use crate::base::{Secret, Side};
use crate::crypto::chain::Anchor;
use crate::proto::Rng;
use crate::proto::plan::{Account, Credentials, Method, ServerConfig};
use crate::transcript::{Inner, Reason};
use crate::wire::ncp::AuthMethod;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use std::slice;
use std::sync::Arc;

/// 2026-11-01.
const NOW: i64 = 1_793_491_200;

struct Pki {
    root: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Pki {
    fn new(name: &str) -> Pki {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Pki { root, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str, usage: ExtendedKeyUsagePurpose, until: i32) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        params.extended_key_usages = vec![usage];
        (params.not_before, params.not_after) = (rcgen::date_time_ymd(2025, 1, 1), rcgen::date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![cert.der().to_vec()], key: Secret::new(key.serialize_der()) }
    }
}

/// A client and a server that trust each other, for calls through the whole of `proto`.
pub(in crate::proto) fn ends() -> (EapClient, EapServer) {
    static ENDS: std::sync::OnceLock<(EapClient, EapServer)> = std::sync::OnceLock::new();
    let make = || {
        let Scene { client, server, .. } = scene(Method::Peap);
        (client, server.eap.expect("set"))
    };
    ENDS.get_or_init(make).clone()
}

struct Scene {
    client: EapClient,
    server: ServerConfig,
    methods: Vec<Method>,
    password: &'static str,
}

fn roots(root: &[u8]) -> Option<Arc<dyn Roots>> {
    Some(Arc::new(vec![("test".to_string(), vec![Anchor::from_root(root).unwrap()])]))
}

fn scene(method: Method) -> Scene {
    let pki = Pki::new("Root");
    let identity = pki.issue("radius.example.test", ExtendedKeyUsagePurpose::ServerAuth, 2030);
    let eap = EapServer::new(&identity, slice::from_ref(&pki.root), None, Arc::new(Now(NOW))).unwrap();
    let account = Account { name: "alice".into(), password: Secret::new("Passw0rd!".into()), error: None };
    let client = EapClient {
        identity: Some(pki.issue("alice.example.test", ExtendedKeyUsagePurpose::ClientAuth, 2030)),
        trust: roots(&pki.root),
        server_name: Some("radius.example.test".into()),
        now_unix: NOW,
        ..EapClient::default()
    };
    let server = ServerConfig { methods: vec![method], accounts: vec![account], eap: Some(eap), ..ServerConfig::default() };
    Scene { client, server, methods: vec![method], password: "Passw0rd!" }
}

struct Played {
    client: Option<Outcome>,
    server: Option<Decision>,
    seen: Vec<(Option<Side>, Inner)>,
    frames: usize,
}

impl Scene {
    fn eap(&mut self) -> &mut EapServer {
        self.server.eap.as_mut().unwrap()
    }

    fn play(self) -> Played {
        let mut rng = Rng::new(7);
        let credentials = Credentials { user: "alice".into(), password: Secret::new(self.password.into()) };
        let mut peer = Peer::new(AuthMethod::Eap, self.methods, credentials, self.client);
        let mut server = Authenticator::new(self.server, AuthMethod::Eap, &mut Rng::new(8));
        let mut played = Played { client: None, server: None, seen: Vec::new(), frames: 0 };
        let mut to_client = server.start();
        for _ in 0..200 {
            let mut to_server = Vec::new();
            for frame in to_client.drain(..) {
                let (frames, outcome) = peer.receive(&frame, &mut rng);
                played.seen.extend(peer.take_seen());
                to_server.extend(frames);
                if outcome != Outcome::Pending {
                    played.client.get_or_insert(outcome);
                }
            }
            played.frames += to_server.len();
            for frame in to_server {
                let (frames, decision) = server.receive(&frame);
                to_client.extend(frames);
                if decision != Decision::Pending {
                    played.server.get_or_insert(decision);
                }
            }
            if to_client.is_empty() {
                break;
            }
        }
        played
    }

    /// Both ends come to the same key, which is not zero.
    fn works(self) -> Played {
        let played = self.play();
        let Some(Outcome::Success { hlak }) = played.client else { panic!("{:?} {:?}", played.client, played.seen) };
        assert_eq!(played.server, Some(Decision::Accepted(hlak)));
        assert_ne!(hlak, [0; 32]);
        played
    }

    fn fails(self) -> (Reason, Played) {
        let played = self.play();
        match &played.client {
            Some(Outcome::Failed(reason)) => (reason.clone(), played),
            other => panic!("{other:?} {:?}", played.seen),
        }
    }
}

fn agreed(played: &Played) -> String {
    let of = |inner: &Inner| if let Inner::Agreed { version, .. } = inner { Some(version.clone()) } else { None };
    played.seen.iter().find_map(|row| of(&row.1)).unwrap_or_default()
}

#[test]
fn eap_tls_and_peap_yield_the_same_key_at_both_ends_in_every_version_and_size_of_fragment() {
    for method in [Method::EapTls, Method::Peap] {
        for (versions, name) in [(Versions::Tls12, "TLS 1.2"), (Versions::Tls13, "TLS 1.3"), (Versions::Both, "TLS 1.3")] {
            for size in [64, 300, 1398] {
                let mut scene = scene(method);
                (scene.client.versions, scene.client.fragment, scene.eap().fragment) = (versions, size, size);
                let played = scene.works();
                assert_eq!(agreed(&played), name, "{method:?}");
                assert!(played.frames < 60 && (size > 64 || played.frames > 10), "{} packets of {size} bytes", played.frames);
            }
        }
    }
}

#[test]
fn an_acknowledgement_without_flags_counts_while_a_fragment_is_open_and_at_no_other_time() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let mut scene = scene(Method::EapTls);
        (scene.client.versions, scene.client.fragment) = (versions, 100);
        scene.eap().bare_acks = true;
        assert!(scene.works().frames > 5);
    }
    let (client, _) = ends();
    let mut peer = Peer::new(AuthMethod::Eap, vec![Method::EapTls], credentials(), EapClient { fragment: 64, ..client });
    let mut rng = Rng::new(7);
    let mut ask = |id, data: &[u8]| peer.receive(&eap_frame(crate::wire::eap::Packet::request(id, crate::wire::eap::TLS, data)), &mut rng);
    assert_eq!(ask(1, &[0x20]).1, Outcome::Pending, "Start");
    // The ClientHello takes several fragments of 64 bytes.
    let mut id = 2;
    while let (frames, Outcome::Pending) = ask(id, &[]) {
        let ppp::Body::Eap(packet) = &frames[0].body else { panic!("{frames:?}") };
        let more = packet.tunnel().unwrap().unwrap().more;
        id += 1;
        if !more {
            break;
        }
    }
    assert!(id > 4, "several were asked for");
    let Outcome::Failed(Reason::Violated(says)) = ask(id, &[]).1 else { panic!("nothing is open any more") };
    assert!(says.starts_with("EAP-TLS: "), "{says}");
}

fn credentials() -> Credentials {
    Credentials { user: "alice".into(), password: Secret::new("Passw0rd!".into()) }
}

#[test]
fn peap_binds_the_login_to_the_tunnel_where_the_server_asks_for_it() {
    let bound = |played: &Played| {
        played.seen.iter().find_map(|row| if let Inner::Result { success, binding } = row.1 { Some((success, binding)) } else { None })
    };
    assert_eq!(bound(&scene(Method::Peap).works()), Some((true, Some(true))));
    let mut without = scene(Method::Peap);
    without.eap().cryptobinding = Cryptobinding::Absent;
    assert_eq!(bound(&without.works()), Some((true, None)));
    let mut wrong = scene(Method::Peap);
    wrong.eap().cryptobinding = Cryptobinding::Wrong;
    let (reason, played) = wrong.fails();
    assert!(matches!(reason, Reason::Violated(says) if says.contains("cryptobinding")));
    assert_eq!(bound(&played), Some((true, Some(false))));
    assert_eq!(played.server, Some(Decision::Refused));
}

#[test]
fn a_server_that_is_not_trusted_gets_no_password_and_no_certificate() {
    let strange = |scene: &mut Scene, until, name: &str, own: bool| {
        let pki = Pki::new(if own { "Root" } else { "Other" });
        let identity = pki.issue(name, ExtendedKeyUsagePurpose::ServerAuth, until);
        let root = pki.root.clone();
        scene.server.eap = Some(EapServer::new(&identity, slice::from_ref(&root), None, Arc::new(Now(NOW))).unwrap());
        if own {
            scene.client.trust = roots(&root);
        }
    };
    for method in [Method::EapTls, Method::Peap] {
        for (until, name, own, word) in [
            (2026, "radius.example.test", true, "ended"),
            (2030, "other.example.test", true, "other.example.test"),
            (2030, "radius.example.test", false, "issued by"),
        ] {
            for versions in [Versions::Tls12, Versions::Tls13] {
                let mut scene = scene(method);
                scene.client.versions = versions;
                strange(&mut scene, until, name, own);
                let (reason, played) = scene.fails();
                assert!(matches!(&reason, Reason::Untrusted(says) if says.contains(word)), "{method:?} {word}: {reason:?}");
                assert_eq!(played.server, Some(Decision::Refused), "the alert reaches the server");
                let passed = |inner: &Inner| matches!(inner, Inner::Packet(_) | Inner::Agreed { .. });
                assert!(!played.seen.iter().any(|row| passed(&row.1)), "{:?}", played.seen);
            }
        }
    }
    let mut any_name = scene(Method::Peap);
    any_name.client.server_name = None;
    any_name.works();
    let mut nobody = scene(Method::Peap);
    nobody.client.trust = None;
    assert!(matches!(nobody.fails().0, Reason::Untrusted(_)));
}

#[test]
fn a_client_certificate_that_is_refused_is_told_by_the_alert() {
    let cases = [
        (Some(rustls::CertificateError::Expired), 45),
        (Some(rustls::CertificateError::Revoked), 44),
        (Some(rustls::CertificateError::UnknownIssuer), 48),
    ];
    for versions in [Versions::Tls12, Versions::Tls13] {
        for (refuses, alert) in cases.clone() {
            let mut scene = scene(Method::EapTls);
            let pki = Pki::new("Root");
            let identity = pki.issue("radius.example.test", ExtendedKeyUsagePurpose::ServerAuth, 2030);
            scene.server.eap = Some(EapServer::new(&identity, slice::from_ref(&pki.root), refuses, Arc::new(Now(NOW))).unwrap());
            scene.client.trust = roots(&pki.root);
            scene.client.versions = versions;
            let (reason, played) = scene.fails();
            assert!(played.seen.contains(&(Some(Side::Server), Inner::Alert { description: alert })), "{:?}", played.seen);
            assert_eq!(reason, Reason::Refused(format!("EAP Failure (TLS alert {alert} of the EAP server)")));
        }
        let mut without = scene(Method::EapTls);
        (without.client.identity, without.client.versions) = (None, versions);
        let (_, played) = without.fails();
        assert!(played.seen.contains(&(Some(Side::Server), Inner::ClientCertificate { sent: 0 })));
        assert_eq!(played.server, Some(Decision::Refused));
    }
    let mut unknown = scene(Method::EapTls);
    unknown.eap().knows_certificate = false;
    assert_eq!(unknown.fails().0, Reason::Refused("EAP Failure".into()));
}

/// A present that can be put forward.
#[derive(Debug)]
struct Going(std::sync::atomic::AtomicI64);

impl rustls::time_provider::TimeProvider for Going {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        Now(self.0.load(std::sync::atomic::Ordering::Relaxed)).current_time()
    }
}

#[test]
fn a_server_left_running_judges_client_certificates_by_the_present() {
    let pki = Pki::new("Root");
    let identity = pki.issue("radius.example.test", ExtendedKeyUsagePurpose::ServerAuth, 2090);
    let time = Arc::new(Going(NOW.into()));
    let eap = EapServer::new(&identity, slice::from_ref(&pki.root), None, time.clone()).unwrap();
    let login = || {
        let mut scene = scene(Method::EapTls);
        scene.server.eap = Some(eap.clone());
        scene.client.trust = roots(&pki.root);
        scene.client.identity = Some(pki.issue("alice.example.test", ExtendedKeyUsagePurpose::ClientAuth, 2030));
        scene
    };
    login().works();
    // 2031-01-01.
    time.0.store(1_924_992_000, std::sync::atomic::Ordering::Relaxed);
    let (reason, _) = login().fails();
    assert_eq!(reason, Reason::Refused("EAP Failure (TLS alert 45 of the EAP server)".into()));
}

#[test]
fn a_wrong_password_inside_peap_is_a_number_as_outside() {
    let mut scene = scene(Method::Peap);
    scene.password = "letmein";
    let (reason, _) = scene.fails();
    assert!(matches!(&reason, Reason::Refused(says) if says.starts_with("E=691")), "{reason:?}");
}

#[test]
fn an_inner_method_that_nobody_has_and_a_version_that_nobody_speaks_are_refused() {
    let mut gtc = scene(Method::Peap);
    gtc.eap().inner_type = Some(crate::wire::eap::GTC);
    let (reason, played) = gtc.fails();
    assert_eq!(reason, Reason::Refused("EAP Failure (the server says failure inside PEAP)".into()));
    let nak = |inner: &Inner| matches!(inner, Inner::Packet(packet) if packet.name() == "response-nak");
    assert!(played.seen.iter().any(|row| row.0 == Some(Side::Client) && nak(&row.1)));
    let mut one = scene(Method::Peap);
    one.eap().peap_version = 1;
    assert!(matches!(one.fails().0, Reason::Violated(says) if says.contains("version 1")));
}

#[test]
fn the_outer_identity_of_peap_hides_the_name_and_eap_tls_is_asked_for_by_nak() {
    let mut scene = scene(Method::Peap);
    scene.client.anonymous = Some("anonymous@example.test".into());
    scene.works();
    let mut both = self::scene(Method::EapTls);
    both.server.methods = vec![Method::EapMsChapV2, Method::Peap, Method::EapTls];
    both.works();
}

/// Packets of a method with TLS, made of noise and of pieces of a true handshake.
fn noise(rng: &mut Rng, code: u8, id: u8, pieces: &[Vec<u8>]) -> crate::wire::ppp::Frame {
    let kind = [13, 25, 26, 33, 1][rng.next_u64() as usize % 5];
    let mut data = pieces.get(rng.next_u64() as usize % (pieces.len() * 2)).cloned().unwrap_or_else(|| rng.bytes::<64>().to_vec());
    match rng.next_u64() % 4 {
        0 => data.truncate(rng.next_u64() as usize % (data.len() + 1)),
        1 => data.iter_mut().step_by(7).for_each(|byte| *byte ^= 0x55),
        2 => data.splice(0..0, [0xe0, 0xff, 0xff, 0xff, 0xff]).for_each(drop),
        _ => {}
    }
    eap_frame(crate::wire::eap::Packet { code, id, kind: Some(kind), data: data.into() })
}

#[test]
fn noise_from_the_other_end_ends_in_words_and_not_in_a_panic() {
    let pieces = |frames: &[crate::wire::ppp::Frame]| -> Vec<Vec<u8>> {
        let data = |frame: &crate::wire::ppp::Frame| match &frame.body {
            crate::wire::ppp::Body::Eap(packet) => packet.data.to_vec(),
            _ => Vec::new(),
        };
        frames.iter().map(data).collect()
    };
    let mut rng = Rng::new(99);
    for round in 0..60 {
        let scene = scene(if round % 2 == 0 { Method::EapTls } else { Method::Peap });
        let credentials = Credentials { user: "alice".into(), password: Secret::new("Passw0rd!".into()) };
        let mut peer = Peer::new(AuthMethod::Eap, scene.methods.clone(), credentials, scene.client.clone());
        let mut server = Authenticator::new(scene.server.clone(), AuthMethod::Eap, &mut Rng::new(round));
        let mut heard = server.start();
        // Up to the server's first flight: nothing is proved yet.
        for _ in 0..2 {
            let said: Vec<_> = heard.iter().flat_map(|frame| peer.receive(frame, &mut rng).0).collect();
            heard = said.iter().flat_map(|frame| server.receive(frame).0).collect();
        }
        let mut over = None;
        for step in 0..200u8 {
            let (_, outcome) = peer.receive(&noise(&mut rng, 1, step, &[pieces(&heard), vec![vec![0x20]]].concat()), &mut rng);
            assert!(!matches!(outcome, Outcome::Success { .. }));
            over = over.or((outcome != Outcome::Pending).then_some(step));
            let decision = server.receive(&noise(&mut rng, 2, step.wrapping_add(4), &[pieces(&heard), vec![vec![0]]].concat())).1;
            assert!(!matches!(decision, Decision::Accepted(_)));
        }
        assert!(over.is_some(), "a method of noise comes to an end");
    }
}

#[test]
fn a_late_response_to_the_challenge_before_is_not_taken_for_one_to_the_new_challenge() {
    let late = chap_frame(1, chap::Body::Response { value: vec![7; 49].into(), name: b"alice"[..].into() });
    let server = || Authenticator::new(ServerConfig::default(), AuthMethod::MsChapV2, &mut Rng::new(1));
    assert_eq!(server().receive(&late).1, Decision::Refused);
    let mut second = server();
    second.count_from(2);
    assert_eq!(second.receive(&late), (Vec::new(), Decision::Pending));
}

/// RFC 1994 4.1: a challenge may come at any time, also while the result of an earlier response is under way.
#[test]
fn a_success_on_its_way_to_an_earlier_response_is_believed_and_any_other_is_not() {
    use crate::crypto::mschapv2;
    use crate::wire::chap::{self, MsChapV2Response};
    use crate::wire::ppp::Body;
    let credentials = || Credentials { user: "alice".into(), password: Secret::new("secret".into()) };
    let challenge = |id, value: [u8; 16]| {
        let body = chap::Body::Challenge { value: value.to_vec().into(), name: Default::default() };
        chap_frame(id, body)
    };
    let answered = |success: Option<([u8; 16], bool)>| {
        let mut peer = Peer::new(AuthMethod::MsChapV2, vec![Method::MsChapV2], credentials(), EapClient::default());
        let mut rng = Rng::new(1);
        let mut responses = Vec::new();
        for (id, value) in [(1, [7; 16]), (2, [8; 16])] {
            let (frames, _) = peer.receive(&challenge(id, value), &mut rng);
            let Some(Body::Chap(chap::Packet { body: chap::Body::Response { value, .. }, .. })) = frames.first().map(|frame| &frame.body)
            else {
                panic!("{frames:?}")
            };
            responses.push(MsChapV2Response::parse(value).expect("a response"));
        }
        let (value, first) = success.unwrap_or(([9; 16], true));
        let response = &responses[usize::from(!first)];
        let hash = mschapv2::nt_password_hash("secret");
        let proof = mschapv2::authenticator_response(&hash, &response.nt_response, &response.peer_challenge, &value, "alice");
        let message = proof.into_bytes().into();
        peer.receive(&chap_frame(1, chap::Body::Success { message }), &mut rng).1
    };
    let (early, late, wrong) = (answered(Some(([7; 16], true))), answered(Some(([8; 16], false))), answered(None));
    assert!(matches!((&early, &late), (Outcome::Success { hlak: a }, Outcome::Success { hlak: b }) if a != b), "{early:?} {late:?}");
    assert!(matches!(wrong, Outcome::Failed(_)));
}
