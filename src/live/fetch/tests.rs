use super::*;
use crate::live::listen::{Listener, Page, PageAnswer, Pages};
use tokio::net::TcpListener;

fn place(host: &str, port: u16, path: &str) -> Option<Place> {
    let authority = if port == HTTP { host.to_string() } else { format!("{host}:{port}") };
    Some(Place { authority, host: host.into(), port, path: path.into() })
}

#[test]
fn only_plain_http_is_understood() {
    assert_eq!(Place::of("http://crl.example.com/a/b.crl?x=1#y"), place("crl.example.com", 80, "/a/b.crl?x=1"));
    assert_eq!(Place::of("HTTP://192.0.2.1:8080"), place("192.0.2.1", 8080, "/"));
    assert_eq!(Place::of("http://[2001:db8::1]:81/x").map(|place| (place.host, place.port)), Some(("2001:db8::1".into(), 81)));
    for url in
        ["https://a/b", "ldap:///CN=a", "http://", "http://u@h/", "http://h:x/", "http://h/a b", "http://h/a\r\nX: y", "file:///etc/passwd"]
    {
        assert_eq!(Place::of(url), None, "{url}");
    }
}

#[test]
fn redirects_are_followed_wherever_they_point() {
    let from = place("h", 81, "/a/b").expect("a place");
    assert_eq!(absolute(&from, "http://other/c"), "http://other/c");
    assert_eq!(absolute(&from, "/c"), "http://h:81/c");
    assert_eq!(absolute(&from, "c"), "http://h:81/a/c");
}

#[test]
fn chunks_are_put_together_and_damage_is_noticed() {
    assert_eq!(unchunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), Some(b"abcde".to_vec()));
    assert_eq!(unchunked(b"0\r\n\r\n"), Some(Vec::new()));
    for bytes in [&b"3\r\nab"[..], b"x\r\n", b"ffffffffffffffff\r\na\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b""] {
        assert_eq!(unchunked(bytes), None);
    }
}

async fn got(url: String, most: usize) -> Result<Vec<u8>, String> {
    fetch(&Wanted { url, post: None, most }, &Way::default(), Duration::from_millis(500)).await
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_server_may_do_is_bounded() {
    let pages = Pages::default();
    let page = |path: &str, answer| Page { path: path.into(), answer };
    let _ = pages.set(vec![
        page("/a", PageAnswer::Body(vec![7; 100])),
        page("/moved", PageAnswer::Elsewhere("/a")),
        page("/loop", PageAnswer::Elsewhere("/loop")),
        page("/silent", PageAnswer::Silent),
    ]);
    let web = Listener::web("127.0.0.1:0".parse().expect("an address"), pages).expect("loopback");
    let url = |path: &str| format!("http://{}{path}", web.address());
    assert_eq!(got(url("/a"), 100).await, Ok(vec![7; 100]));
    assert_eq!(got(url("/moved"), 100).await, Ok(vec![7; 100]));
    let rows =
        [("/a", 99, "longer than 99 bytes"), ("/none", 9, "404 Not Found"), ("/loop", 9, "3 redirects"), ("/silent", 9, "within 0.5 s")];
    for (path, most, why) in rows {
        let says = got(url(path), most).await.expect_err(path);
        assert!(says.contains(why), "{path}: {says}");
    }
}

/// A server that sends these bytes to whoever connects, and closes.
async fn sending(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let at = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.expect("a client");
        let _ = peer.read(&mut [0; 1024]).await;
        let _ = peer.write_all(bytes).await;
        let _ = peer.shutdown().await;
        let _ = peer.read(&mut [0; 1024]).await;
    });
    format!("http://{at}/")
}

#[tokio::test(flavor = "current_thread")]
async fn bodies_end_by_length_by_chunks_or_by_the_end_of_the_connection() {
    let url = sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").await;
    assert_eq!(got(url, 10).await, Ok(b"abc".to_vec()));
    assert_eq!(got(sending(b"HTTP/1.0 200 OK\r\n\r\nabc").await, 10).await, Ok(b"abc".to_vec()));
    let short = got(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").await, 10).await;
    assert_eq!(short, Err("the answer ends after 3 of 9 bytes".into()));
    assert!(got(sending(b"HTTP/1.1 200 OK\r\n\r\nabcdefghijk").await, 10).await.expect_err("too long").contains("longer than 10"));
    assert!(got(sending(b"SSH-2.0-x\r\n\r\n").await, 10).await.is_err());
    assert!(got(sending(b"").await, 10).await.expect_err("nothing").contains("without an answer"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_proxy_is_asked_with_the_whole_address_and_shown_our_credentials_when_it_asks() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let at = listener.local_addr().expect("bound");
    let proxy = ProxyConfig::parse(&format!("http://a:b@{at}")).expect("a proxy");
    let way = Way { proxy: Some(proxy), ..Way::default() };
    let wants = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        for answer in [wants, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", wants, wants] {
            let (mut tcp, _) = listener.accept().await.expect("a client");
            let mut got = vec![0; 4096];
            let n = tcp.read(&mut got).await.expect("a request");
            heard.push(String::from_utf8_lossy(&got[..n]).into_owned());
            tcp.write_all(answer.as_bytes()).await.expect("open");
        }
        heard
    });
    let wanted = |post| Wanted { url: "http://crl.example.test/a.crl?x=1".into(), post, most: 9 };
    assert_eq!(fetch(&wanted(None), &way, Duration::from_secs(5)).await, Ok(b"abc".to_vec()), "the name is for the proxy to resolve");
    let refused = fetch(&wanted(Some(("application/ocsp-request", vec![1, 2]))), &way, Duration::from_secs(5)).await;
    assert_eq!(refused, Err("the answer through the proxy is HTTP/1.1 407 Proxy Authentication Required".into()));
    let heard = heard.await.expect("no panic");
    assert!(heard[0].starts_with("GET http://crl.example.test/a.crl?x=1 HTTP/1.1\r\nHost: crl.example.test\r\n"), "{}", heard[0]);
    let shown: Vec<bool> = heard.iter().map(|head| head.contains("Proxy-Authorization: Basic YTpi\r\n")).collect();
    assert_eq!(shown, [false, true, false, true], "{heard:?}");
    assert!(heard[1].contains("GET ") && heard[3].starts_with("POST http://crl.example.test/a.crl?x=1 "), "{heard:?}");
    assert!(heard[3].ends_with("\r\n\r\n\u{1}\u{2}"), "{}", heard[3]);
}
