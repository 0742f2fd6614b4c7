use super::*;
use crate::live::trust::Store;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, KeyPair};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// 2026-11-01.
const NOW: i64 = 1_793_491_200;

/// A certificate of `name` with that key, by the issuer of another name, whose own certificate is to be had at the address.
fn made(name: &str, key: &KeyPair, issuer: (&str, &KeyPair), url: &str) -> Bytes {
    let params = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let mut certificate = params(name);
    // AuthorityInfoAccess with one caIssuers address, lengths below 128. RFC 5280 4.2.2.1.
    let uri = [&[0x86, url.len() as u8][..], url.as_bytes()].concat();
    let access = [&[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2][..], &uri].concat();
    let inner = [&[0x30, access.len() as u8][..], &access].concat();
    let content = [&[0x30, inner.len() as u8][..], &inner].concat();
    certificate.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)];
    let der = certificate.signed_by(key, &rcgen::Issuer::new(params(issuer.0), issuer.1)).expect("rcgen makes it");
    Bytes(der.der().to_vec())
}

fn about(certs: Vec<Bytes>, within: Duration) -> About {
    let trust = Arc::new(Trust::of(Store::Mozilla, "test", &[]));
    About { certs, name: "vpn.example.test".into(), trust, way: Way::default(), unix: NOW, within }
}

async fn issuers(wish: Wish, about: &About) -> Vec<Issuer> {
    let (tell, mut found) = mpsc::unbounded_channel();
    look_up(wish, about, &tell).await;
    drop(tell);
    let mut issuers = Vec::new();
    while let Some(what) = found.recv().await {
        issuers.extend(if let What::Issuer(issuer) = what { Some(*issuer) } else { None });
    }
    issuers
}

const ISSUERS: Wish = Wish { issuers: true, revocation: false, nameless: false };

#[tokio::test]
async fn that_nothing_answered_is_told_though_the_time_is_up_then() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/issuer", silent.local_addr().expect("its address"));
    let (leaf, ca) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
    let about = about(vec![made("Leaf", &leaf, ("CA", &ca), &url)], Duration::from_millis(60));
    // What judges the chain with all of Mozilla's roots takes a while the first time.
    for _ in 0..8 {
        let issuers = issuers(ISSUERS, &about).await;
        assert_eq!(issuers.len(), 1);
        assert!(issuers[0].failure.as_ref().is_some_and(|says| says.starts_with("no answer within 0.0")), "{:?}", issuers[0].failure);
    }
}

#[tokio::test]
async fn issuers_that_issued_each_other_are_fetched_once_each() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("its address");
    let keys: Vec<KeyPair> = (0..3).map(|_| KeyPair::generate().expect("a key")).collect();
    let url = |name: &str| format!("http://{at}/{name}");
    let leaf = made("Leaf", &keys[0], ("A", &keys[1]), &url("a"));
    let pages = [made("A", &keys[1], ("B", &keys[2]), &url("b")), made("B", &keys[2], ("A", &keys[1]), &url("a"))];
    let asked = Arc::new(AtomicUsize::new(0));
    let (seen, sent) = (asked.clone(), pages.clone());
    let server = tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let got = tcp.read(&mut request).await.unwrap_or_default();
            seen.fetch_add(1, Ordering::Relaxed);
            let page = if request[..got].starts_with(b"GET /a") { &sent[0] } else { &sent[1] };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.len());
            let _ = tcp.write_all(&[head.as_bytes(), page].concat()).await;
        }
    });
    for (served, expected) in [(vec![leaf.clone()], 2), (vec![leaf, pages[0].clone(), pages[1].clone()], 0)] {
        asked.store(0, Ordering::Relaxed);
        let issuers = issuers(ISSUERS, &about(served, Duration::from_secs(5))).await;
        assert_eq!((issuers.len(), asked.load(Ordering::Relaxed)), (expected, expected));
        assert!(issuers.iter().all(|issuer| issuer.cert.is_some()));
    }
    server.abort();
}
