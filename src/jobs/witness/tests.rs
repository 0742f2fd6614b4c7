use super::*;
use crate::base::Secret;
use crate::jobs::lab::{Lab, LabConfig};
use crate::live::dns::Override;
use crate::live::keylog::KeyLogs;
use crate::live::tls::{Settings, secure};
use crate::live::witness::Witness;
use crate::proto::plan::Timers;
use crate::transcript::Target;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What a middlebox does to the connections of a run.
#[derive(Clone, Copy, PartialEq)]
enum Meddling {
    Honest,
    /// Flips a bit of this byte from the client.
    FlipUp(usize),
    /// And from the server.
    FlipDown(usize),
    /// Rewrites the name in the ClientHello.
    Rename,
    /// Swallows everything from the client behind so many bytes.
    CutUp(usize),
    /// Puts bytes into the stream from the server at this place.
    InjectDown(usize),
    /// Resets the client in the server's name after so many bytes from it.
    Reset(usize),
    /// Ends TLS, with a certificate of its own.
    Opens,
}

async fn middlebox(kind: Meddling, upstream: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let at = listener.local_addr().expect("bound");
    tokio::task::spawn_local(async move {
        loop {
            let Ok((client, _)) = listener.accept().await else { return };
            tokio::task::spawn_local(async move {
                match kind {
                    Meddling::Opens => opened(client, upstream).await,
                    kind => meddle(kind, client, upstream).await,
                }
            });
        }
    });
    at
}

async fn meddle(kind: Meddling, mut client: TcpStream, upstream: SocketAddr) {
    let mut server = TcpStream::connect(upstream).await.expect("the lab listens");
    let (mut up, mut down, mut a, mut b) = (0, 0, vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut a) => {
                let Some(n) = read.ok().filter(|n| *n > 0) else { return };
                let mut bytes = a[..n].to_vec();
                match kind {
                    Meddling::FlipUp(at) if (up..up + n).contains(&at) => bytes[at - up] ^= 1,
                    Meddling::Rename => {
                        if let Some(at) = bytes.windows(7).position(|window| window == b"vpn.lab") {
                            bytes[at + 2] = b'x';
                        }
                    }
                    Meddling::CutUp(most) => bytes.truncate(most.saturating_sub(up)),
                    Meddling::Reset(after) if up + n >= after => {
                        reset_when_dropped(&client);
                        return;
                    }
                    _ => {}
                }
                up += n;
                if server.write_all(&bytes).await.is_err() { return }
            }
            read = server.read(&mut b) => {
                let Some(n) = read.ok().filter(|n| *n > 0) else { return };
                let mut bytes = b[..n].to_vec();
                match kind {
                    Meddling::FlipDown(at) if (down..down + n).contains(&at) => bytes[at - down] ^= 1,
                    Meddling::InjectDown(at) if (down..down + n).contains(&at) => drop(bytes.splice(at - down..at - down, *b"injected by a box")),
                    _ => {}
                }
                down += n;
                if client.write_all(&bytes).await.is_err() { return }
            }
        }
    }
}

/// The socket is reset when it is dropped.
fn reset_when_dropped(client: &TcpStream) {
    use crate::live::toxic::Resettable;
    client.reset_on_drop();
}

async fn opened(client: TcpStream, upstream: SocketAddr) {
    let own = rcgen::generate_simple_self_signed(vec!["vpn.lab.example".into()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).expect("a key");
    let Ok(mut client) = TlsAcceptor::from(Arc::new(config)).accept(client).await else { return };
    let server = TcpStream::connect(upstream).await.expect("the lab listens");
    let settings = Settings { server_name: "vpn.lab.example".into(), keylog: Arc::new(KeyLogs::default()), alpn: Vec::new() };
    let (clock, mut events): (_, Vec<Event>) = (Clock::start(), Vec::new());
    let tap = crate::live::tap::Tap::new(server, Vec::new());
    let onward = secure(tap, &settings, None, Duration::from_secs(3), &mut Notes::new(&clock, &mut events)).await;
    if let Ok(mut onward) = onward {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut onward.stream).await;
    }
}

fn token(text: &str) -> Token {
    Token::new(Secret::new(text.into())).expect("long enough")
}

/// A run against a witness behind such a box.
async fn against(kind: Meddling, asked_with: &str) -> Sides {
    tokio::task::LocalSet::new().run_until(alone(kind, asked_with)).await
}

async fn alone(kind: Meddling, asked_with: &str) -> Sides {
    let witness = Witness::new(token("the token of the lab"), &[]);
    let lab = Lab::start(LabConfig { witness: Some(witness), ..LabConfig::default() }).await.expect("the lab starts");
    let at = middlebox(kind, lab.addresses()[0]).await;
    let mut config = ProbeConfig::new(Target { host: "vpn.lab.example".into(), port: at.port(), ..Target::default() });
    config.resolver.overrides = vec![Override { host: "vpn.lab.example".into(), addresses: vec![at.ip()] }];
    config.timers = Timers { layer: Duration::from_millis(1500), ..Timers::default() };
    let meeting = Meeting { token: token(asked_with), by: None };
    let mut sides = run(&config, &meeting).await;
    if kind != Meddling::Honest {
        // The record is asked for by another way.
        config.target.port = lab.addresses()[0].port();
        let run = run_of(&sides.ours).expect("a run").to_string();
        sides.theirs = record(&config, &token(asked_with), &run, &sides.ours).await;
    }
    lab.stop().await;
    sides
}

/// What the judgement needs, without the judge's floor: pairs of ours and theirs by the random of the ClientHello or the mark.
fn totals(sides: &Sides) -> Vec<((u64, u64), (u64, u64))> {
    let theirs = sides.theirs.as_ref().expect("a record");
    let same = |a: &crate::transcript::witness::Wire, b: &crate::transcript::witness::Wire| {
        hello_random(&a.up.first).is_some() && hello_random(&a.up.first) == hello_random(&b.up.first)
    };
    let pairs = sides.ours.wires.iter().filter_map(|our| Some((our, theirs.wires.iter().find(|their| same(our, their))?)));
    pairs.map(|(our, their)| ((our.up.total, their.up.total), (their.down.total, our.down.total))).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn on_an_honest_path_both_ends_saw_the_same() {
    let sides = against(Meddling::Honest, "the token of the lab").await;
    let theirs = sides.theirs.clone().expect("a record");
    assert_eq!(sides.ours.leaf_sha256.as_ref(), Some(&theirs.leaf_sha256));
    assert_eq!((sides.ours.wires.len(), totals(&sides).len()), (4, 4));
    for (up, down) in totals(&sides) {
        // Who closes first does not read the other's farewell.
        assert!(up.0.abs_diff(up.1) <= 64 && down.0.abs_diff(down.1) <= 64 && up.0 > 300, "{up:?} {down:?}");
    }
    for our in &sides.ours.wires {
        let their = theirs.wires.iter().find(|their| hello_random(&their.up.first) == hello_random(&our.up.first)).expect("the same");
        let kept = our.down.first.len().min(their.down.first.len());
        assert_eq!((&our.down.first[..kept], &their.mark), (&their.down.first[..kept], &our.mark));
        assert!(their.up.records.len() > 2 && their.up.records[0].0 == 22, "{:?}", their.up.records);
    }
    for request in &sides.ours.requests {
        let heard = request.heard.as_ref().expect("an answer");
        assert_eq!((&heard.head, &heard.body_sha256, request.echoed), (&request.head, &request.body_sha256, Some(true)));
    }
    let halves: Vec<&Request> = sides.ours.requests.iter().filter(|request| request.halves.is_some()).collect();
    assert!(halves.len() == 1 && in_time(halves[0]), "{halves:?}");
    let asked: Vec<&str> = theirs.wires.iter().filter_map(|wire| wire.asked.as_deref()).collect();
    assert!(asked.iter().any(|line| line.starts_with("SSTP_DUPLEX_POST /sra_{")) && asked.len() == 4, "{asked:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn whoever_does_not_know_the_token_is_told_nothing() {
    let sides = against(Meddling::Honest, "another token, also long").await;
    assert!(sides.theirs.expect_err("no record").contains("no witness answers"));
    assert!(sides.ours.requests.iter().all(|request| request.heard.is_none()));
    assert!(Token::new(Secret::new("short".into())).is_none());
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_box_does_stands_in_the_difference() {
    let (flip, cut, inject, reset) = tokio::join!(
        against(Meddling::FlipUp(20_000), TOKEN),
        against(Meddling::CutUp(9_000), TOKEN),
        against(Meddling::InjectDown(9_000), TOKEN),
        against(Meddling::Reset(30_000), TOKEN)
    );
    let flipped = flip.ours.wires.iter().filter(|wire| wire.up.total > 20_000).count();
    assert!(flipped >= 2 && totals(&flip).len() >= 3);
    assert!(totals(&cut).iter().any(|(up, _)| up.1 == 9_000 && up.0 > 9_000), "{:?}", totals(&cut));
    let injected = |bytes: &[u8]| bytes.windows(8).any(|window| window == b"injected");
    assert!(inject.ours.wires.iter().any(|wire| injected(&wire.down.first)));
    assert!(!inject.theirs.as_ref().expect("a record").wires.iter().any(|wire| injected(&wire.down.first)));
    let marked = &reset.ours.wires[0];
    assert_eq!(marked.down.ended.map(|end| end.0), Some(true), "{marked:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_renamed_hello_and_opened_tls_are_seen() {
    let (renamed, opened, down) =
        tokio::join!(against(Meddling::Rename, TOKEN), against(Meddling::Opens, TOKEN), against(Meddling::FlipDown(30_000), TOKEN));
    let theirs = renamed.theirs.as_ref().expect("a record");
    let named = |name: &[u8]| theirs.wires.iter().filter(|wire| wire.up.first.windows(name.len()).any(|window| window == name)).count();
    assert!(named(b"vpx.lab.example") >= 3 && totals(&renamed).len() >= 3, "{}", theirs.wires.len());
    let theirs = opened.theirs.as_ref().expect("a record");
    assert_ne!(opened.ours.leaf_sha256.as_ref(), Some(&theirs.leaf_sha256));
    let marked = theirs.wires.iter().filter(|wire| wire.mark.is_some()).count();
    assert!(marked >= 3 && totals(&opened).is_empty(), "{marked} marked, {:?}", totals(&opened));
    assert!(down.theirs.is_ok());
}

const TOKEN: &str = "the token of the lab";
