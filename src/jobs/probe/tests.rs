use super::*;
use crate::base::{Layer, Side};
use crate::live::dns::Override;
use crate::live::drive;
use crate::live::trust::Store;
use crate::proto::Session;
use crate::proto::edit::Edit;
use crate::proto::plan::{Mind, Plan, ServerConfig};
use crate::transcript::{Event, Reason, ScanAnswer, TlsFailure, What};
use crate::wire::ncp::AuthMethod;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A TLS server for `vpn.example.test` on every address of loopback asked for, and its certificate.
fn server() -> (TlsAcceptor, Vec<u8>) {
    server_of(|_| (), rustls::DEFAULT_VERSIONS)
}

/// A change of what the TLS library can do.
type Change = fn(&mut rustls::crypto::CryptoProvider);

/// The same with these versions, and with such a change.
fn server_of(change: Change, versions: &[&'static rustls::SupportedProtocolVersion]) -> (TlsAcceptor, Vec<u8>) {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    change(&mut provider);
    let mut params = rcgen::CertificateParams::new(vec!["vpn.example.test".into()]).expect("a name");
    params.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let der = certificate.der().to_vec();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS#8");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .expect("versions of the provider")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)
        .expect("the key fits");
    (TlsAcceptor::from(Arc::new(config)), der)
}

/// Serves every client of the listener until the runtime ends.
fn serve<F: Future<Output = ()> + Send + 'static>(listener: TcpListener, each: impl Fn(TcpStream) -> F + Send + 'static) {
    tokio::spawn(async move {
        while let Ok((peer, _)) = listener.accept().await {
            tokio::spawn(each(peer));
        }
    });
}

fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor) {
    serve(listener, move |peer| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut tls) = acceptor.accept(peer).await {
                let _ = tls.read_to_end(&mut Vec::new()).await;
            }
        }
    });
}

async fn silent(mut peer: TcpStream) {
    let _ = tokio::io::copy(&mut peer, &mut tokio::io::sink()).await;
}

async fn listener(address: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(address).await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

fn config(port: u16, addresses: &str, until: Layer) -> ProbeConfig {
    let mut config = ProbeConfig::new(Target { host: "vpn.example.test".into(), port, ..Target::default() });
    config.resolver.overrides = vec![Override::parse(&format!("vpn.example.test:{addresses}")).expect("addresses")];
    config.trust = Arc::new(Trust::of(Store::Mozilla, "test", &[]));
    config.asked.until = until;
    config
}

async fn probed(config: &ProbeConfig) -> Vec<Event> {
    let (_stop, stopped) = watch::channel(false);
    let mut heard = Vec::new();
    let transcript = run(config, &Clock::start(), &mut heard, stopped).await;
    assert_eq!(transcript.events, heard, "the sink hears everything, in order");
    transcript.events
}

fn ladder(events: &[Event]) -> Vec<(Layer, bool)> {
    let settled = |event: &Event| match event.what {
        What::Up => Some((event.layer, true)),
        What::Down(_) => Some((event.layer, false)),
        _ => None,
    };
    events.iter().filter_map(settled).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn until_tls_looks_at_the_certificate_and_at_every_other_address() {
    let (acceptor, der) = server();
    let (first, at) = listener("127.0.0.1:0").await;
    let (second, _) = listener(&format!("127.0.0.2:{}", at.port())).await;
    serve_tls(first, acceptor.clone());
    serve_tls(second, acceptor);
    let mut config = config(at.port(), "127.0.0.1,127.0.0.2", Layer::Tls);
    let events = probed(&config).await;
    let below = [(Layer::Dns, true), (Layer::Tcp, true), (Layer::Tls, true)];
    assert_eq!(ladder(&events), [&below[..], &[(Layer::Cert, false)]].concat(), "a self-signed leaf is not trusted");
    let asides: Vec<&What> =
        events.iter().map(|event| &event.what).filter(|what| matches!(what, What::Chain { aside: true, .. })).collect();
    assert!(matches!(asides[..], [What::Chain { from: Some(from), .. }] if from.ip().to_string() == "127.0.0.2"), "{asides:?}");
    config.trust = Arc::new(Trust::of(Store::Mozilla, "test", &[der]));
    assert_eq!(ladder(&probed(&config).await), [&below[..], &[(Layer::Cert, true)]].concat());
}

#[tokio::test(flavor = "current_thread")]
async fn a_stop_and_the_end_of_the_time_keep_what_was_gathered() {
    let (silent_one, at) = listener("127.0.0.1:0").await;
    serve(silent_one, silent);
    let mut config = config(at.port(), "127.0.0.1", Layer::Teardown);
    config.total = Duration::from_millis(30);
    let events = probed(&config).await;
    assert_eq!(ladder(&events), [(Layer::Dns, true), (Layer::Tcp, true), (Layer::Tls, false)]);
    let last = events.last().map(|event| &event.what);
    assert!(matches!(last, Some(What::Down(Reason::TimeUp { .. }))), "{last:?}");
    config.total = Duration::from_secs(60);
    let (stop, stopped) = watch::channel(false);
    stop.send(true).expect("heard");
    let transcript = run(&config, &Clock::start(), &mut Vec::new(), stopped).await;
    let last = transcript.events.last().map(|event| &event.what);
    assert!(last.is_none_or(|what| *what == What::Down(Reason::Ours("interrupted".into()))), "{last:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_server_that_refuses_the_version_is_asked_for_older_ones() {
    let (old, at) = listener("127.0.0.1:0").await;
    serve(old, |mut peer| async move {
        let _ = peer.read(&mut [0; 4096]).await;
        let _ = peer.write_all(&[21, 3, 1, 0, 2, 2, 70]).await;
    });
    let events = probed(&config(at.port(), "127.0.0.1", Layer::Teardown)).await;
    assert_eq!(ladder(&events), [(Layer::Dns, true), (Layer::Tcp, true), (Layer::Tls, false)]);
    assert!(events.iter().any(|event| matches!(event.what, What::Unsecured { failure: TlsFailure::Alert(70), .. })));
    let scans = events.iter().filter(|event| matches!(event.what, What::Scanned { answer: ScanAnswer::Alert(70), .. }));
    assert_eq!(scans.count(), 5);
}

#[tokio::test(flavor = "current_thread")]
async fn strict_stops_at_an_untrusted_certificate() {
    let (first, at) = listener("127.0.0.1:0").await;
    serve_tls(first, server().0);
    let mut config = config(at.port(), "127.0.0.1", Layer::Teardown);
    config.asked.strict = true;
    let events = probed(&config).await;
    assert_eq!(events.last().map(|event| event.layer), Some(Layer::Cert));
}

/// An SSTP server that gives up after the client's second Nak: in place of its third Configure-Request it terminates.
async fn impatient(acceptor: TlsAcceptor, peer: TcpStream) {
    let Ok(tls) = acceptor.accept(peer).await else { return };
    let edit = Edit::parse("lcp.configure-request#3 instead 10 00 00 0c ff 03 c0 21 05 07 00 04").expect("an edit");
    let plan = Plan { mind: Mind::Server(ServerConfig::default()), edits: vec![edit], toxics: Vec::new(), seed: 1 };
    let clock = Clock::start();
    let (_stop, mut stopped) = watch::channel(false);
    drive::run(tls, Session::new(plan, clock.now()), Side::Server, &clock, &mut Vec::new(), &mut stopped).await;
}

#[tokio::test(flavor = "current_thread")]
async fn methods_that_the_server_did_not_stay_for_are_asked_on_further_connections() {
    let (acceptor, _) = server();
    let (listener, at) = listener("127.0.0.1:0").await;
    serve(listener, move |peer| impatient(acceptor.clone(), peer));
    let events = probed(&config(at.port(), "127.0.0.1", Layer::Teardown)).await;
    let mut known: Vec<_> =
        events.iter().filter_map(|event| if let What::Method { method, .. } = event.what { Some(method) } else { None }).collect();
    let asked = known.len();
    known.sort();
    known.dedup();
    let mut all = AuthMethod::CANDIDATES.to_vec();
    all.sort();
    assert_eq!(known, all);
    let requests = events.iter().filter(|event| matches!(event.what, What::Http(ref head) if head.status.is_none()));
    assert_eq!(requests.count(), 1, "only the first connection is in the ladder, {asked} methods told");
}

#[test]
fn pap_needs_a_trusted_certificate_or_to_be_asked_for_by_name() {
    let mut config = ProbeConfig::new(Target::default());
    assert!(!config.methods(false).contains(&Method::Pap));
    assert_eq!(config.methods(true).last(), Some(&Method::Pap));
    config.methods = Some(vec![Method::Pap]);
    assert_eq!(config.methods(false), [Method::Pap]);
}

#[tokio::test]
async fn a_server_that_has_nothing_for_windows_10_fails_without_a_survey_too() {
    use crate::diag::{Severity, all, judge};
    use crate::transcript::Facts;
    const NEW: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
    const OLD: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
    let chacha: Change = |provider| provider.cipher_suites.retain(|suite| format!("{:?}", suite.suite()).contains("CHACHA20"));
    let rows: [(&str, Change, &[_], usize, bool); 5] = [
        ("TLS 1.3 alone", |_| (), NEW, 1, true),
        ("ChaCha20 in TLS 1.3 alone", chacha, NEW, 1, true),
        ("ChaCha20 in TLS 1.2 alone", chacha, OLD, 1, true),
        ("both", |_| (), rustls::DEFAULT_VERSIONS, 1, false),
        ("TLS 1.2", |_| (), OLD, 0, false),
    ];
    for (name, change, versions, asked, fails) in rows {
        let (acceptor, der) = server_of(change, versions);
        let (listener, address) = listener("127.0.0.1:0").await;
        serve_tls(listener, acceptor);
        let mut config = config(address.port(), "127.0.0.1", Layer::Cert);
        config.trust = Arc::new(Trust::of(Store::Mozilla, "test", &[der]));
        config.as_windows_10 = true;
        let (_stop, stopped) = watch::channel(false);
        let transcript = run(&config, &Clock::start(), &mut Vec::new(), stopped).await;
        let posed: Vec<&str> = transcript
            .events
            .iter()
            .filter_map(|event| if let What::Posed(it) = &event.what { Some(it.client.as_str()) } else { None })
            .collect();
        assert_eq!((posed.len(), posed.iter().all(|client| *client == "windows-10-22h2")), (asked, true), "{name}: {posed:?}");
        let judgement = judge(&Facts::of(&transcript), all());
        let failing: Vec<&str> = judgement.findings.iter().filter(|it| it.severity == Severity::Fail).map(|it| it.check.id).collect();
        assert_eq!(failing, if fails { &["TLS-WINDOWS-SHARES-NOTHING"][..] } else { &[] }, "{name}");
    }
}
