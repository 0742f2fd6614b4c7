use super::*;
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Writes down what it hears: `C`/`S` for the side, bytes as text.
#[derive(Debug, Default)]
struct Diary(Mutex<Vec<String>>, Mutex<Vec<(SocketAddr, SocketAddr)>>);

impl Diary {
    fn note(&self, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    fn all(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).join(" ")
    }

    fn ends(&self) -> (SocketAddr, SocketAddr) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)[0]
    }
}

fn letter(side: Side) -> char {
    if side == Side::Client { 'C' } else { 'S' }
}

impl Wiretap for Diary {
    fn dialled(&self, _: i64, client: SocketAddr, server: SocketAddr) -> u64 {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push((client, server));
        self.note("syn".into());
        7
    }
    fn opened(&self, _: i64, wire: u64) {
        self.note(format!("open{wire}"));
    }
    fn failed(&self, _: i64, _: u64, how: ConnectFailure) {
        self.note(format!("{how:?}"));
    }
    fn bytes(&self, _: i64, _: u64, from: Side, bytes: &[u8]) {
        self.note(format!("{}:{}", letter(from), String::from_utf8_lossy(bytes)));
    }
    fn ended(&self, _: i64, _: u64, from: Side, reset: bool) {
        self.note(format!("{}-{}", letter(from), if reset { "rst" } else { "fin" }));
    }
    fn gone(&self, _: u64) {
        self.note("gone".into());
    }
    fn key(&self, line: &str) {
        self.note(line.into());
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let at = listener.local_addr().expect("bound");
    (listener, at)
}

#[tokio::test(flavor = "current_thread")]
async fn both_ends_hear_the_same_call_and_who_ended_it() {
    let (listener, at) = listener().await;
    let (near, far) = (Arc::new(Diary::default()), Arc::new(Diary::default()));
    let ear = Ear::new(near.clone());
    let (client, accepted) = tokio::join!(ear.connect(at), listener.accept());
    let (mut client, (server, peer)) = (client.expect("listening"), accepted.expect("a client"));
    assert_eq!(near.ends(), (client.socket().local_addr().expect("connected"), at));
    let mut server = Ear::new(far.clone()).accepted(server, peer);
    client.write_all(b"hi").await.expect("open");
    let mut two = [0; 2];
    server.read_exact(&mut two).await.expect("two bytes");
    server.write_all(b"ho").await.expect("open");
    client.read_exact(&mut two).await.expect("two bytes");
    client.shutdown().await.expect("open");
    assert_eq!(server.read(&mut two).await.expect("a FIN"), 0);
    drop(server);
    assert_eq!(client.read(&mut two).await.expect("a FIN"), 0);
    drop(client);
    assert_eq!(near.all(), "syn open7 C:hi S:ho C-fin S-fin gone");
    assert_eq!(far.all(), "syn open7 C:hi S:ho C-fin S-fin gone");
    assert_eq!(near.ends(), far.ends());
}

#[tokio::test(flavor = "current_thread")]
async fn resets_are_told_whoever_sends_them() {
    let (listener, at) = listener().await;
    let (near, far) = (Arc::new(Diary::default()), Arc::new(Diary::default()));
    let ear = Ear::new(near.clone());
    let (client, accepted) = tokio::join!(ear.connect(at), listener.accept());
    let (mut client, (server, peer)) = (client.expect("listening"), accepted.expect("a client"));
    let server = Ear::new(far.clone()).accepted(server, peer);
    server.reset_on_drop();
    drop(server);
    assert!(client.read_u8().await.is_err(), "a reset");
    drop(client);
    assert!(near.all().starts_with("syn open7 S-rst"), "{}", near.all());
    assert_eq!(far.all(), "syn open7 S-rst gone");
}

#[tokio::test(flavor = "current_thread")]
async fn a_refused_attempt_has_a_port_too() {
    let (closed, at) = listener().await;
    drop(closed);
    let diary = Arc::new(Diary::default());
    Ear::new(diary.clone()).connect(at).await.expect_err("nobody listens");
    assert_eq!(diary.all(), "syn Refused gone");
    assert!(diary.ends().0.ip().is_loopback() && diary.ends().0.port() > 0);
}

#[test]
fn keys_are_heard_in_the_nss_format() {
    use rustls::KeyLog;
    let diary = Arc::new(Diary::default());
    Ear::new(diary.clone()).log("CLIENT_RANDOM", &[1], &[0xab]);
    assert_eq!(diary.all(), "CLIENT_RANDOM 01 ab\n");
    assert!(!Ear::default().will_log("CLIENT_RANDOM"));
}
