use super::*;
use crate::live::wiretap::Ear;
use crate::proto::plan::{Mind, ServerConfig};
use crate::transcript::TlsFailure;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::Ipv4Addr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

const HELLO: [u8; 9] = [22, 3, 1, 0, 4, 1, 0, 0, 0];

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn door(front: Front) -> Door {
    let made = rcgen::generate_simple_self_signed(vec!["lab.example".to_string()]).expect("a certificate");
    let identity = Identity { chain: vec![made.cert.der().to_vec()], key: Secret::new(made.signing_key.serialize_der()), ocsp: None };
    let plan = Plan { mind: Mind::Server(ServerConfig::default()), edits: Vec::new(), toxics: Vec::new(), seed: 1 };
    Door {
        witness: None,
        page: false,
        at: loopback(),
        front,
        identity,
        client_ca: None,
        identity_without_sni: None,
        also: None,
        sni_required: None,
        plan,
        every_second: None,
        maker: None,
        toxics_above_tls: Vec::new(),
        ear: Ear::default(),
    }
}

/// What comes back for a ClientHello, and how it ended.
async fn ask(front: Front) -> (Vec<u8>, Option<io::ErrorKind>) {
    let listener = Listener::open(door(front)).await.expect("loopback");
    let mut stream = TcpStream::connect(listener.address()).await.expect("listening");
    let _ = stream.write_all(&HELLO).await;
    let mut all = Vec::new();
    let end = stream.read_to_end(&mut all).await.err().map(|error| error.kind());
    (all, end)
}

async fn shake(door: Door, name: &str) -> (Listener, io::Result<tokio_rustls::client::TlsStream<TcpStream>>) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(door.identity.chain[0].clone())).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = Listener::open(door).await.expect("loopback");
    let stream = TcpStream::connect(listener.address()).await.expect("listening");
    let name = ServerName::try_from(name.to_string()).expect("a name");
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    (listener, shaken)
}

fn alert(error: &io::Error) -> Option<u8> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(description) => Some(u8::from(*description)),
        _ => None,
    }
}

#[tokio::test]
async fn each_script_is_met_as_it_is_named() {
    assert!(ask(Front::PlainHttp).await.0.starts_with(b"HTTP/1.1 400"));
    assert!(ask(Front::Garbage).await.0.starts_with(b"SSH-2.0"));
    assert_eq!(ask(Front::Alert(40)).await, (vec![21, 3, 1, 0, 2, 2, 40], None));
    assert_eq!(ask(Front::CloseOnAccept).await, (Vec::new(), None));
    assert_eq!(ask(Front::CloseAfterHello).await, (Vec::new(), None));
    assert_eq!(ask(Front::ResetOnAccept).await, (Vec::new(), Some(io::ErrorKind::ConnectionReset)));
    assert_eq!(ask(Front::ResetAfterHello).await, (Vec::new(), Some(io::ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn a_silent_door_stays_open_and_silent() {
    let listener = Listener::open(door(Front::Silent)).await.expect("loopback");
    let mut stream = TcpStream::connect(listener.address()).await.expect("listening");
    stream.write_all(&HELLO).await.expect("open");
    assert!(tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await.is_err());
}

#[tokio::test]
async fn nobody_refuses_and_a_full_queue_drops() {
    let nobody = Listener::open(door(Front::NoListener)).await.expect("loopback");
    let refused = TcpStream::connect(nobody.address()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    let full = Listener::open(door(Front::FullBacklog)).await.expect("loopback");
    assert!(tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(full.address())).await.is_err());
}

#[tokio::test]
async fn another_name_is_answered_with_alert_112() {
    let required = || Door { sni_required: Some("lab.example".into()), ..door(Front::Tls) };
    let (_listener, right) = shake(required(), "lab.example").await;
    assert!(right.is_ok());
    let (_listener, wrong) = shake(required(), "other.example").await;
    assert_eq!(alert(&wrong.expect_err("refused")), Some(112));
    let (_listener, without) = shake(required(), "127.0.0.1").await;
    assert_eq!(alert(&without.expect_err("refused")), Some(112));
}

#[tokio::test]
async fn a_client_without_a_certificate_is_told_so_and_the_transcript_says_why() {
    let plain = door(Front::Tls);
    let (listener, shaken) =
        shake(Door { client_ca: Some(ClientCa { root: plain.identity.chain[0].clone(), insists: true }), ..plain }, "lab.example").await;
    let mut stream = shaken.expect("in TLS 1.3 the client hears of it later");
    stream.write_all(b"SSTP_DUPLEX_POST").await.expect("open");
    assert_eq!(alert(&stream.read_u8().await.expect_err("refused")), Some(116));
    drop(stream);
    while listener.transcripts()[0].events.len() < 2 {
        tokio::task::yield_now().await;
    }
    let transcript = listener.transcripts().remove(0);
    assert!(matches!(transcript.events[1].what, What::Unsecured { failure: TlsFailure::Other, .. }), "{transcript:?}");
    listener.stop().await;
}

#[tokio::test]
async fn the_proxy_tunnels_or_says_its_line() {
    let upstream = Listener::open(door(Front::Garbage)).await.expect("loopback");
    let request = b"CONNECT lab.example:443 HTTP/1.1\r\nHost: lab.example:443\r\n\r\n";
    let policies: [(ProxyPolicy, &[u8]); 3] = [
        (|_| ProxyAnswer::Tunnel, b"HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0"),
        (|_| ProxyAnswer::Reply("HTTP/1.1 403 No\r\n\r\n"), b"HTTP/1.1 403 No\r\n\r\n"),
        (|_| ProxyAnswer::Close, b""),
    ];
    for (policy, answer) in policies {
        let proxy = Listener::proxy(loopback(), policy, upstream.address(), Ear::default()).expect("loopback");
        let mut stream = TcpStream::connect(proxy.address()).await.expect("listening");
        stream.write_all(&[&request[..], &HELLO[..]].concat()).await.expect("open");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.expect("closed in order");
        assert!(all.starts_with(answer) && all.is_empty() == answer.is_empty(), "{:?}", String::from_utf8_lossy(&all));
    }
}

#[test]
fn a_transcript_stops_growing_and_says_so() {
    let mut sink = Record::default();
    let event = Event::new(crate::base::Micros::ZERO, None, crate::base::Layer::Http, What::Began);
    (0..MOST_EVENTS + 5).for_each(|_| sink.event(&event));
    let events = sink.transcript().events;
    assert_eq!((events.len(), &events[MOST_EVENTS].what), (MOST_EVENTS + 1, &What::Omitted { count: 5 }));
}
