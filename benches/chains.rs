//! How many chains a core judges in a second of processor time: three certificates each, read from DER, judged for a name and a moment with
//! the roots of Mozilla and the chain's own. The program remembers which signatures of CAs were good, and those of no leaf. So
//! two figures: the first round, in which every chain is new (two signatures to check: the CA above is one for all), and the rounds
//! after it, in which the CAs are known and the signature of every leaf is checked again.
//!
//!     cargo bench --bench chains

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SignatureAlgorithm,
};
use sstp_diag::crypto::chain::{Anchor, judge};
use sstp_diag::wire::cert::Cert;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const HOST: &str = "vpn.example.com";
/// Chains of a kind.
const CHAINS: usize = 200;
/// Time of a measurement.
const FOR: Duration = Duration::from_secs(3);

struct Chain {
    ders: Vec<Vec<u8>>,
    anchors: Vec<Anchor>,
}

fn main() {
    let rows: [(&str, &'static SignatureAlgorithm, &'static SignatureAlgorithm); 3] = [
        ("RSA 2048 CAs, P-256 leaf", &rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256),
        ("P-256 throughout", &rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256),
        ("P-384 CAs, P-256 leaf", &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ECDSA_P256_SHA256),
    ];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    println!("three certificates a chain (leaf, two CAs), {} roots trusted, one core", known().len() + 1);
    for (name, ca, leaf) in rows {
        let chains = chains(ca, leaf);
        for (which, (reading, judging)) in ["all new", "CAs known"].into_iter().zip(cost(&chains, now)) {
            let rate = 1.0 / (reading + judging);
            println!("{name}, {which}: {rate:.0} chains/s ({:.0} us to read, {:.0} us to judge)", reading * 1e6, judging * 1e6);
        }
    }
}

/// Seconds of processor time for one chain, reading and judging: in the first round, and in those after it.
fn cost(chains: &[Chain], now: i64) -> [(f64, f64); 2] {
    let first = rounds(chains, now, Duration::ZERO);
    [first, rounds(chains, now, FOR)]
}

/// The same over as many whole rounds as begin within a time, one at least.
fn rounds(chains: &[Chain], now: i64, within: Duration) -> (f64, f64) {
    let (began, mut rounds) = (Instant::now(), 0u32);
    let (mut reading, mut judging) = (0.0, 0.0);
    while rounds == 0 || began.elapsed() < within {
        let start = processor_time();
        let certs: Vec<Vec<Cert>> =
            chains.iter().map(|chain| chain.ders.iter().map(|der| Cert::parse(der).expect("a certificate")).collect()).collect();
        let read = processor_time();
        for (chain, certs) in chains.iter().zip(&certs) {
            let verdict = judge(certs, &chain.anchors, HOST, now);
            assert!(verdict.is_trusted(), "{:?}", verdict.problems);
        }
        (reading, judging) = (reading + read - start, judging + processor_time() - read);
        rounds += 1;
    }
    let judged = f64::from(rounds) * chains.len() as f64;
    (reading / judged, judging / judged)
}

/// Seconds that this process has run on a processor: other work on the machine does not count. Linux; elsewhere the clock.
fn processor_time() -> f64 {
    let run = std::fs::read_to_string("/proc/self/schedstat").ok().and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_nanos() as f64);
    run.unwrap_or_else(clock) / 1e9
}

fn known() -> Vec<Anchor> {
    webpki_roots::TLS_SERVER_ROOTS.iter().map(Anchor::from).collect()
}

/// Chains below one root and one upper CA; every one has an issuing CA and a leaf of its own.
fn chains(ca: &'static SignatureAlgorithm, leaf: &'static SignatureAlgorithm) -> Vec<Chain> {
    let made = |name: &str, algorithm| (ca_params(name), KeyPair::generate_for(algorithm).expect("a key"));
    let (root_params, root_key) = made("Bench Root", ca);
    let root = root_params.self_signed(&root_key).expect("a root");
    let anchors: Vec<Anchor> = known().into_iter().chain([Anchor::from_root(root.der()).expect("a root")]).collect();
    let root = Issuer::new(root_params, root_key);
    let (upper_params, upper_key) = made("Bench Upper CA", ca);
    let upper_der = upper_params.signed_by(&upper_key, &root).expect("a CA").der().to_vec();
    let upper = Issuer::new(upper_params, upper_key);
    // RSA keys take long to make: the issuing CAs share one, their certificates differ.
    let (_, ca_key) = made("", ca);
    (0..CHAINS)
        .map(|number| {
            let params = ca_params(&format!("Bench CA {number}"));
            let ca_der = params.signed_by(&ca_key, &upper).expect("a CA").der().to_vec();
            let key = KeyPair::generate_for(leaf).expect("a key");
            let leaf = leaf_params().signed_by(&key, &Issuer::from_params(&params, &ca_key)).expect("a leaf").der().to_vec();
            Chain { ders: vec![leaf, ca_der, upper_der.clone()], anchors: anchors.clone() }
        })
        .collect()
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "sstp-diag bench");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params.crl_distribution_points = vec![rcgen::CrlDistributionPoint { uris: vec!["http://crl.example.com/ca.crl".into()] }];
    params
}

fn leaf_params() -> CertificateParams {
    let mut params = CertificateParams::new(vec![HOST.to_string(), "sstp.example.com".into()]).expect("names");
    params.distinguished_name.push(DnType::CommonName, HOST);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.crl_distribution_points = vec![rcgen::CrlDistributionPoint { uris: vec!["http://crl.example.com/leaf.crl".into()] }];
    params
}
