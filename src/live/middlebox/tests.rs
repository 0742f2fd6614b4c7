use super::*;
use crate::base::Side;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// An echo server behind a box with these rules, and a connection through it.
async fn through(rules: Vec<Rule>) -> (TcpStream, Listener) {
    let server = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let upstream = server.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = server.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    let scheme = Scheme { upstream, rules, name: "vpn.lab.example".into(), who: None };
    let listener = open(([127, 0, 0, 1], 0).into(), scheme).await.expect("a box");
    (TcpStream::connect(listener.address()).await.expect("it listens"), listener)
}

async fn echoed(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<usize> {
    stream.write_all(bytes).await?;
    let mut back = vec![0; bytes.len()];
    tokio::time::timeout(Duration::from_millis(400), stream.read(&mut back)).await.unwrap_or(Ok(usize::MAX))
}

#[tokio::test(flavor = "current_thread")]
async fn a_box_without_rules_passes_everything_and_the_end_too() {
    let (mut stream, _kept) = through(Vec::new()).await;
    assert_eq!(echoed(&mut stream, b"hello").await.expect("open"), 5);
    stream.shutdown().await.expect("open");
    assert_eq!(stream.read(&mut [0; 8]).await.expect("FIN"), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn bytes_are_counted_and_a_connection_that_was_idle_is_forgotten() {
    let (mut stream, _kept) = through(vec![Rule::BytesFrom(Side::Client, 8, Act::Reset)]).await;
    assert_eq!(echoed(&mut stream, b"12345678").await.expect("within"), 8);
    assert!(echoed(&mut stream, b"9").await.is_err(), "reset");
    let (mut stream, _kept) = through(vec![Rule::Idle(Duration::from_millis(50), Act::Close)]).await;
    assert_eq!(stream.read(&mut [0; 8]).await.expect("FIN"), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn long_packets_vanish_unless_the_client_asks_for_short_segments() {
    let (mut stream, listener) = through(vec![Rule::PacketsOver(1200)]).await;
    assert_eq!(echoed(&mut stream, &[7; 1000]).await.expect("short"), 1000);
    assert_eq!(echoed(&mut stream, &[7; 3000]).await.expect("silence"), usize::MAX);
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket2::SockRef::from(&socket).set_tcp_mss(1000).expect("an option");
    let mut stream = socket.connect(listener.address()).await.expect("it listens");
    assert!(echoed(&mut stream, &[7; 3000]).await.expect("it comes through") <= 3000);
}

#[tokio::test(flavor = "current_thread")]
async fn a_hello_is_read_across_segments_and_acted_on() {
    use crate::wire::tls::ClientHello;
    let on = |offer: &Offer, name: &str| offer.server_name.as_deref() == Some(name);
    let rule = |reassembles| vec![Rule::Hello(Hello { on, reassembles, act: Act::Alert(40) })];
    let hello = |name: &str| ClientHello::wide(TLS12, [7; 32], Some(name.into())).emit();
    for (reassembles, name, answer) in [(true, "vpn.lab.example", 21), (true, "www.example.com", 22), (false, "vpn.lab.example", 22)] {
        let (mut stream, _kept) = through(rule(reassembles)).await;
        let _ = stream.set_nodelay(true);
        let bytes = hello(name);
        let (one, two) = bytes.split_at(bytes.len() / 2);
        stream.write_all(one).await.expect("open");
        stream.flush().await.expect("open");
        tokio::time::sleep(Duration::from_millis(30)).await;
        stream.write_all(two).await.expect("open");
        let mut first = [0; 1];
        stream.read_exact(&mut first).await.expect("an answer");
        assert_eq!(first[0], answer, "{reassembles} {name}: an alert is 21, the echo 22");
    }
}
