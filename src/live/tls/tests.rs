use super::*;
use crate::live::clock::Clock;
use crate::transcript::Event;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

fn settings(name: &str) -> Settings {
    Settings { server_name: name.into(), keylog: Arc::default(), alpn: Vec::new() }
}

/// A listener whose only client is handled by `serve`, and a tap connected to it.
async fn pair<F: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> (Tap, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let to = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (peer, _) = listener.accept().await.expect("a client");
        serve(peer).await;
    });
    (Tap::new(TcpStream::connect(to).await.expect("listening"), Vec::new()), to)
}

async fn noted(tap: Tap, to: SocketAddr, within: Duration) -> (Result<Secure, TlsFailure>, Vec<What>) {
    let (clock, mut events) = (Clock::start(), Vec::<Event>::new());
    let result = secure(tap, &settings("vpn.example.test"), Some(to), within, &mut Notes::new(&clock, &mut events)).await;
    (result, events.into_iter().map(|event| event.what).collect())
}

fn acceptor(versions: &[&'static rustls::SupportedProtocolVersion]) -> (TlsAcceptor, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["other.example.test".to_string()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("PKCS#8");
    let der = made.cert.der().to_vec();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions of the provider")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key)
        .expect("the key fits");
    (TlsAcceptor::from(Arc::new(config)), der)
}

#[tokio::test(flavor = "current_thread")]
async fn an_untrusted_server_is_recorded_and_the_handshake_comes_through() {
    for (version, title) in [(&rustls::version::TLS13, "TLS 1.3"), (&rustls::version::TLS12, "TLS 1.2")] {
        let (acceptor, der) = acceptor(&[version]);
        let (tap, to) = pair(|peer| async move { drop(acceptor.accept(peer).await) }).await;
        let (result, whats) = noted(tap, to, Duration::from_secs(5)).await;
        let secure = result.expect("a handshake");
        assert_eq!((secure.leaf(), &secure.signature), (&der[..], &Signature::Good));
        let secured = &secure.secured;
        assert_eq!((secured.version.as_str(), secured.group.as_deref()), (title, Some("X25519")));
        assert!(secured.cipher.starts_with("TLS_") && secured.cipher.contains("_GCM_SHA"), "{}", secured.cipher);
        assert_eq!(secured.sni.as_deref(), Some("vpn.example.test"));
        let expected = matches!(whats[..], [What::Began, What::Secured(_), What::Chain { aside: false, .. }, What::Up]);
        assert!(expected, "{whats:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn plain_http_silence_an_alert_and_a_close_are_told_apart() {
    let (tap, to) = pair(|mut peer| async move {
        let _ = peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = tokio::io::copy(&mut peer, &mut tokio::io::sink()).await;
    })
    .await;
    let (result, whats) = noted(tap, to, Duration::from_secs(5)).await;
    assert_eq!(result.err(), Some(TlsFailure::PlainHttp));
    assert!(matches!(&whats[1], What::Unsecured { says, .. } if says.contains("HTTP/1.1 400")), "{whats:?}");
    let (tap, to) = pair(|mut peer| async move { drop(tokio::io::copy(&mut peer, &mut tokio::io::sink()).await) }).await;
    let (result, whats) = noted(tap, to, Duration::from_millis(50)).await;
    assert_eq!(result.err(), Some(TlsFailure::TimedOut));
    assert!(matches!(&whats[2], What::Down(Reason::TimedOut { .. })));
    let (tap, to) = pair(|mut peer| async move { drop(peer.write_all(&[21, 3, 3, 0, 2, 2, 70]).await) }).await;
    let (result, whats) = noted(tap, to, Duration::from_secs(5)).await;
    assert_eq!(result.err(), Some(TlsFailure::Alert(70)));
    assert!(matches!(whats[..], [What::Began, What::Alert { description: 70 }, What::Unsecured { .. }, What::Down(Reason::Refused(_))]));
    let (tap, to) = pair(|mut peer| async move {
        let mut hello = [0; 2048];
        let _ = tokio::io::AsyncReadExt::read(&mut peer, &mut hello).await;
    })
    .await;
    let (result, whats) = noted(tap, to, Duration::from_secs(5)).await;
    assert_eq!(result.err(), Some(TlsFailure::Closed), "{whats:?}");
}

#[test]
fn only_dns_names_go_out_as_sni() {
    assert_eq!(server_name("vpn.example.test.").1.as_deref(), Some("vpn.example.test"));
    assert_eq!(server_name("192.0.2.1").1, None);
    assert_eq!(server_name("[2001:db8::1]").1, None);
    assert_eq!(server_name("not a name").1, None);
}
