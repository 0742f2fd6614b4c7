use super::*;
use crate::base::Reader;
use crate::live::clock::Clock;
use crate::transcript::scan::{Order, Survey};
use crate::transcript::{Event, Facts, ScanAnswer, Transcript};
use crate::wire::tls::Offer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Every Windows there is a row for.
const WINDOWS: [&str; 8] = [
    "windows-7",
    "windows-8.1",
    "windows-10-1607",
    "windows-10-1809",
    "windows-10-22h2",
    "windows-11-21h2",
    "windows-11-24h2",
    "windows-server-2025",
];

/// A server that answers a hello of TLS 1.0 with a ServerHello and every other with alert 70.
async fn tls10_only(listener: TcpListener) {
    for _ in 0..VERSIONS.len() + WINDOWS.len() {
        let (mut peer, _) = listener.accept().await.expect("a client");
        let mut hello = [0; 11];
        peer.read_exact(&mut hello).await.expect("a hello");
        let mut server_hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
        server_hello.extend([7; 32]);
        server_hello.extend([0, 0, 0x2f, 0]);
        server_hello.extend([22, 3, 1, 0, 4, 14, 0, 0, 0]);
        let answer = if hello[9..11] == [3, 1] { &server_hello[..] } else { &[21, 3, 1, 0, 2, 2, 70] };
        peer.write_all(answer).await.expect("open");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_server_of_tls_1_0_only_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let route = Route { to: listener.local_addr().expect("bound"), proxy: None, ear: Default::default() };
    let server = tokio::spawn(tls10_only(listener));
    let (clock, mut events) = (Clock::start(), Vec::<Event>::new());
    scan(&route, "vpn.example.test", 1, Duration::from_secs(5), &mut Notes::new(&clock, &mut events)).await;
    server.await.expect("no panic");
    let whats: Vec<What> = events.into_iter().map(|event| event.what).collect();
    let scanned = |offered, answer| What::Scanned { offered, answer };
    let taken = || ScanAnswer::Accepted { version: TLS10, cipher: 0x002f, group: None, bits: None, asks_for_certificate: false };
    // This server looks at the version field alone.
    let posed = |client: &str| {
        let answer = if client == "windows-7" { taken() } else { ScanAnswer::Alert(70) };
        What::Posed(Box::new(Posed { client: client.into(), answer }))
    };
    assert_eq!(
        whats,
        [
            scanned(SSL30, ScanAnswer::Alert(70)),
            scanned(TLS10, ScanAnswer::Accepted { version: TLS10, cipher: 0x002f, group: None, bits: None, asks_for_certificate: false }),
            scanned(TLS11, ScanAnswer::Alert(70)),
            scanned(TLS12, ScanAnswer::Alert(70)),
            scanned(TLS13, ScanAnswer::Alert(70)),
        ]
        .into_iter()
        .chain(WINDOWS.map(posed))
        .collect::<Vec<_>>()
    );
}

/// A server of TLS 1.2 with two suites and an order of its own, which serves so many connections and no more.
async fn two_suites(listener: TcpListener, limit: usize) {
    for count in 1.. {
        let Ok((mut peer, _)) = listener.accept().await else { return };
        if count > limit {
            continue;
        }
        tokio::spawn(async move {
            let mut header = [0; 5];
            let _ = peer.read_exact(&mut header).await;
            let mut message = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            let _ = peer.read_exact(&mut message).await;
            let offer = Offer::parse(&mut Reader::new(Layer::Tls, &message[4..])).expect("our hello");
            let picked = [0x009d, 0x002f].into_iter().find(|suite| offer.suites.contains(suite));
            let answer = match picked.filter(|_| offer.versions().contains(&TLS12)) {
                None => vec![21, 3, 3, 0, 2, 2, if offer.versions().contains(&TLS12) { 40 } else { 70 }],
                Some(suite) => {
                    let hello = [&[2, 0, 0, 38, 3, 3][..], &[7; 32], &[0], &u16::to_be_bytes(suite), &[0]].concat();
                    [&[22, 3, 3, 0, 46][..], &hello, &[14, 0, 0, 0]].concat()
                }
            };
            let _ = peer.write_all(&answer).await;
            let _ = peer.read(&mut [0; 16]).await;
        });
    }
}

async fn surveyed(listener: TcpListener, limits: Limits, each: Duration) -> Survey {
    let route = Route { to: listener.local_addr().expect("bound"), proxy: None, ear: Default::default() };
    drop(listener);
    let clock = Clock::start();
    let mut transcript = Transcript::default();
    survey(&route, "vpn.example.test", 1, each, limits, &mut Notes::new(&clock, &mut transcript)).await;
    Facts::of(&transcript).survey
}

async fn with_two_suites(limit: usize, limits: Limits) -> Survey {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let std = listener.into_std().expect("a socket");
    let served = TcpListener::from_std(std.try_clone().expect("the same socket")).expect("loopback");
    let server = tokio::spawn(two_suites(served, limit));
    let survey = surveyed(TcpListener::from_std(std).expect("loopback"), limits, Duration::from_secs(2)).await;
    server.abort();
    survey
}

#[tokio::test(flavor = "current_thread")]
async fn a_survey_finds_suites_order_traits_and_what_clients_get() {
    let survey = with_two_suites(usize::MAX, Limits { at_once: 2, ..Limits::default() }).await;
    assert!(survey.whole(), "{:?}", survey.effort);
    let versions: Vec<_> = survey.versions.iter().map(|seen| (seen.it.version, seen.it.accepted(), seen.it.whole)).collect();
    assert_eq!(versions, [(SSL30, false, true), (TLS10, false, true), (TLS11, false, true), (TLS12, true, true), (TLS13, false, true)]);
    let twelve = &survey.versions[3].it;
    let suites: Vec<u16> = twelve.suites.iter().map(|suite| suite.cipher).collect();
    assert_eq!((suites, twelve.order, twelve.groups.len()), (vec![0x009d, 0x002f], Order::Server, 0));
    let traits = survey.traits.as_ref().expect("ServerHellos").it.clone();
    assert_eq!((traits.secure_renegotiation, traits.session_tickets, traits.alpn.as_deref()), (Some(false), Some(false), Some("none")));
    assert_eq!((traits.fallback_refused, traits.compression), (None, Some(false)), "there is no second version to fall back to");
    let of = |id: &str| survey.posed.iter().find(|seen| seen.it.client == id).map(|seen| seen.it.answer.clone());
    assert!(matches!(of("windows-10-22h2"), Some(ScanAnswer::Accepted { version: TLS12, cipher: 0x009d, .. })));
    assert_eq!(of("windows-7"), Some(ScanAnswer::Alert(70)));
}

#[tokio::test(flavor = "current_thread")]
async fn a_server_that_has_had_enough_is_told_from_one_that_refuses() {
    let survey = with_two_suites(6, Limits { at_once: 1, ..Limits::default() }).await;
    let effort = survey.effort.as_ref().expect("an end").it.clone();
    let cut = effort.cut.expect("not whole");
    assert!(cut.starts_with("the server stopped answering within "), "{cut}");
    let twelve = &survey.versions[3].it;
    assert!(twelve.accepted() && !twelve.whole, "{twelve:?}");
    let none = with_two_suites(0, Limits { at_once: 1, ..Limits::default() }).await;
    assert_eq!(none.effort.expect("an end").it.cut.as_deref(), Some("no hello was answered with TLS"));
    let refusals = with_two_suites(2, Limits { at_once: 1, ..Limits::default() }).await;
    let cut = refusals.effort.expect("an end").it.cut;
    assert_eq!(cut.as_deref(), Some("some hellos were met with no word of TLS, and none was taken"));
    assert!(
        refusals.versions.iter().all(|seen| seen.it.whole == matches!(seen.it.answer, ScanAnswer::Alert(_))),
        "{:?}",
        refusals.versions
    );
}

#[tokio::test(flavor = "current_thread")]
async fn silence_ends_a_survey_early_and_time_ends_it_too() {
    for (all, says) in [(5_000, "no hello was answered with TLS"), (50, "the time for it was up (50.0 ms)")] {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let std = silent.into_std().expect("a socket");
        let held = std.try_clone().expect("the same socket");
        let limits = Limits { all: Duration::from_millis(all), ..Limits::default() };
        let survey = surveyed(TcpListener::from_std(std).expect("loopback"), limits, Duration::from_millis(200)).await;
        drop(held);
        let effort = survey.effort.as_ref().expect("an end").it.clone();
        assert_eq!(effort.cut.as_deref(), Some(says));
        assert!(effort.connections <= 8 && effort.took.duration() < Duration::from_millis(2_000) && survey.posed.is_empty());
    }
}

/// A server of TLS 1.2 whose certificate is on P-256: it goes on only with clients that offer that curve, and takes the group they like best.
async fn ec_certificate(listener: TcpListener) {
    while let Ok((mut peer, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut header = [0; 5];
            let _ = peer.read_exact(&mut header).await;
            let mut message = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            let _ = peer.read_exact(&mut message).await;
            let offer = Offer::parse(&mut Reader::new(Layer::Tls, &message[4..])).expect("our hello");
            let fits = offer.versions().contains(&TLS12) && offer.suites.contains(&0xc02b) && offer.groups.contains(&0x17);
            let answer = match offer.groups.iter().find(|group| [0x1d, 0x17, 0x18].contains(*group)).filter(|_| fits) {
                None => vec![21, 3, 3, 0, 2, 2, if offer.versions().contains(&TLS12) { 40 } else { 70 }],
                Some(group) => {
                    let hello = [&[2, 0, 0, 38, 3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
                    let exchange = [&[12, 0, 0, 10, 3][..], &group.to_be_bytes(), &[1, 4, 4, 3, 0, 1, 9]].concat();
                    [&[22, 3, 3, 0, 60][..], &hello, &exchange, &[14, 0, 0, 0]].concat()
                }
            };
            let _ = peer.write_all(&answer).await;
            let _ = peer.read(&mut [0; 16]).await;
        });
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_curve_of_the_certificate_stays_while_other_groups_are_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let std = listener.into_std().expect("a socket");
    let served = TcpListener::from_std(std.try_clone().expect("the same socket")).expect("loopback");
    let server = tokio::spawn(ec_certificate(served));
    let survey = surveyed(TcpListener::from_std(std).expect("loopback"), Limits::default(), Duration::from_secs(2)).await;
    server.abort();
    let mut groups = survey.versions.iter().find(|seen| seen.it.version == TLS12).expect("accepted").it.groups.clone();
    groups.sort();
    assert_eq!(groups, [0x17, 0x18, 0x1d]);
}
