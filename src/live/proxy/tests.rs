use super::*;
use crate::base::{base64, unbase64};
use crate::transcript::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const WANTS_BASIC: &[u8] =
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n\r\n";

#[test]
fn a_proxy_is_read_with_and_without_user_port_and_scheme() {
    let proxy = ProxyConfig::parse("http://alice%40corp:p%3Aw@proxy.example.test:3128/").expect("a proxy");
    let credentials = proxy.credentials.clone().expect("a user");
    assert_eq!((proxy.authority().as_str(), credentials.user.as_str()), ("proxy.example.test:3128", "alice@corp"));
    assert_eq!(credentials.password.expose(), "p:w");
    assert_eq!(ProxyConfig::parse("[::1]:8080").expect("a proxy").authority(), "[::1]:8080");
    assert_eq!(ProxyConfig::parse("http://proxy").expect("a proxy").port, 80);
    let socks = ProxyConfig::parse("SOCKS5h://alice@proxy.test").expect("a proxy");
    assert_eq!((socks.kind, socks.port, proxy.kind), (Kind::Socks5, 1080, Kind::Http));
    assert_eq!(ProxyConfig::parse("https://proxy:3128").expect_err("TLS to the proxy").expected, "the scheme http:// or socks5://");
    for text in ["", "http://", "http://:3128", "proxy:port", "proxy:0", "a b:1", "http://[::1]x"] {
        assert!(ProxyConfig::parse(text).is_err(), "{text}");
    }
}

#[test]
fn base64_is_that_of_rfc_4648_and_is_read_again() {
    let cases =
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")];
    for (plain, coded) in cases {
        assert_eq!(base64(plain.as_bytes()), coded);
        assert_eq!((unbase64(coded), unbase64(coded.trim_end_matches('='))), (Some(plain.into()), Some(plain.into())));
    }
    assert_eq!((unbase64("A"), unbase64("A-==")), (None, None));
}

/// Runs a tunnel against a proxy that answers `answer` and hands back the request it got, the events and whether it opened.
async fn against(answers: &'static [&'static [u8]], user: &str) -> (String, Vec<Event>, Option<Tap>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    let proxy = ProxyConfig::parse(&format!("http://{user}127.0.0.1:{port}")).expect("a proxy");
    let server = tokio::spawn(async move {
        let mut got = Vec::new();
        for answer in answers {
            let (mut peer, _) = listener.accept().await.expect("a client");
            got.clear();
            while !got.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                peer.read_exact(&mut byte).await.expect("a whole head");
                got.extend(byte);
            }
            let _ = peer.write_all(answer).await;
        }
        String::from_utf8(got).expect("ASCII")
    });
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.expect("listening");
    let (clock, mut events) = (Clock::start(), Vec::new());
    let opened = tunnel(tcp, &proxy, "vpn.example.test:443", Duration::from_secs(5), &mut Notes::new(&clock, &mut events)).await;
    (server.await.expect("no panic"), events, opened)
}

#[tokio::test(flavor = "current_thread")]
async fn connect_is_sent_as_specified_and_bytes_behind_the_answer_are_kept() {
    let (request, events, opened) = against(&[WANTS_BASIC, b"HTTP/1.1 200 Connection established\r\n\r\n\x16\x03"], "alice:pw@").await;
    assert!(
        request.starts_with("CONNECT vpn.example.test:443 HTTP/1.1\r\nHost: vpn.example.test:443\r\nSSTPVERSION: 1.0\r\n"),
        "{request}"
    );
    assert!(request.contains("Proxy-Authorization: Basic YWxpY2U6cHc=\r\n"), "{request}");
    let mut two = [0; 2];
    opened.expect("a tunnel").read_exact(&mut two).await.expect("put in front again");
    assert_eq!(two, [0x16, 3]);
    assert!(matches!(&events[1].what, What::ProxyRequest { with_credentials: false, .. }), "nothing is shown unasked");
    assert!(matches!(&events[3].what, What::Proxy(step) if **step == Step::Shown { scheme: "Basic".into() }));
    assert!(matches!(&events[4].what, What::ProxyRequest { with_credentials: true, .. }));
    assert!(!format!("{events:?}").contains("YWxpY2U6cHc"), "credentials must not be in an event");
}

#[tokio::test(flavor = "current_thread")]
async fn a_407_is_a_refusal_and_garbage_is_a_violation() {
    let (request, events, opened) = against(&[WANTS_BASIC], "").await;
    assert!(opened.is_none() && !request.contains("Proxy-Authorization"));
    assert!(matches!(&events[2].what, What::ProxyReply(head) if head.status == Some(407)));
    assert!(matches!(&events[3].what, What::Down(Reason::Refused(says)) if says.contains("407")));
    let (_, events, opened) = against(&[b"SSH-2.0-OpenSSH_9.2\r\n"], "").await;
    assert!(opened.is_none());
    assert!(matches!(&events[2].what, What::Undecoded(_)) && &*events[2].raw == b"SSH-2.0-OpenSSH_9.2\r\n");
    assert!(matches!(&events[3].what, What::Down(Reason::Violated(_))));
    let (_, events, _) = against(&[b"HTTP/1.1 200 OK\r\n"], "").await;
    assert!(matches!(&events[2].what, What::Down(Reason::Closed(How::Fin))));
}
