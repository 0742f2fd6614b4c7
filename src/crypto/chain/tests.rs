use super::*;
use rcgen::{BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DnType, ExtendedKeyUsagePurpose as Eku, IsCa};
use rcgen::{CidrSubnet, GeneralSubtree, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType};
use time::{Duration, OffsetDateTime};

mod defects;
mod ends;
mod mending;
mod several;

const HOST: &str = "vpn.example.com";
/// 2026-06-01 00:00 UTC.
const NOW: i64 = 1_780_272_000;

/// A certificate, with what is needed to issue others from it.
struct Made {
    params: CertificateParams,
    key: KeyPair,
    cert: Cert,
}

fn make(params: CertificateParams, by: Option<&Made>) -> Made {
    let key = KeyPair::generate().unwrap();
    let der = match by {
        Some(ca) => params.signed_by(&key, &Issuer::from_params(&ca.params, &ca.key)).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    Made { cert: Cert::parse(der.der()).unwrap(), params, key }
}

fn at(days_from_now: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap() + Duration::days(days_from_now)
}

fn params(name: &str, from: i64, to: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (at(from), at(to));
    params.crl_distribution_points = crl("http://crl.example.com/ca.crl");
    params.use_authority_key_identifier_extension = true;
    params
}

fn crl(uri: &str) -> Vec<CrlDistributionPoint> {
    vec![CrlDistributionPoint { uris: vec![uri.into()] }]
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name, -1000, 3000);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn root(name: &str) -> Made {
    make(ca_params(name), None)
}

fn intermediate(by: &Made, edit: impl FnOnce(&mut CertificateParams)) -> Made {
    let mut params = ca_params("Intermediate");
    edit(&mut params);
    make(params, Some(by))
}

fn leaf_params() -> CertificateParams {
    let mut params = params(HOST, -30, 60);
    params.subject_alt_names = vec![SanType::DnsName(HOST.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![Eku::ServerAuth];
    params
}

fn leaf(by: &Made, edit: impl FnOnce(&mut CertificateParams)) -> Made {
    let mut params = leaf_params();
    edit(&mut params);
    make(params, Some(by))
}

fn anchor(root: &Made) -> Anchor {
    Anchor::from_root(&root.cert.der).unwrap()
}

fn judged(chain: &[&Made], roots: &[&Made]) -> ChainVerdict {
    let chain: Vec<Cert> = chain.iter().map(|made| made.cert.clone()).collect();
    let anchors: Vec<Anchor> = roots.iter().map(|root| anchor(root)).collect();
    judge(&chain, &anchors, HOST, NOW)
}

/// Rule and certificate of every problem.
fn found(verdict: &ChainVerdict) -> Vec<(Rule, usize)> {
    verdict.problems.iter().map(|problem| (problem.rule, problem.cert.unwrap_or(usize::MAX))).collect()
}

/// What is found on a leaf made with this change below a trusted root.
fn found_on_leaf(edit: impl FnOnce(&mut CertificateParams)) -> ChainVerdict {
    let root = root("Root");
    judged(&[&leaf(&root, edit)], &[&root])
}

/// What is found with an intermediate made with this change between a good leaf and a trusted root.
fn found_on_intermediate(edit: impl FnOnce(&mut CertificateParams)) -> ChainVerdict {
    let root = root("Root");
    let ca = intermediate(&root, edit);
    judged(&[&leaf(&ca, |_| {}), &ca], &[&root])
}

#[test]
fn a_good_chain_has_no_problem_with_or_without_its_root() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    let leaf = leaf(&ca, |_| {});
    let verdict = judged(&[&leaf, &ca], &[&root]);
    assert_eq!(verdict, ChainVerdict { path: vec![0, 1], anchor: Some("Root".into()), problems: vec![] });
    assert!(verdict.is_trusted());
    let verdict = judged(&[&leaf, &ca, &root], &[&root]);
    assert_eq!(verdict, ChainVerdict { path: vec![0, 1, 2], anchor: Some("Root".into()), problems: vec![] });
}

#[test]
fn an_anchor_of_webpki_is_the_same_as_the_root_it_came_from() {
    let root = root("Root");
    let mut store = rustls::RootCertStore::empty();
    store.add(root.cert.der.to_vec().into()).unwrap();
    assert_eq!(Anchor::from(&store.roots[0]), anchor(&root));
    let known: Vec<Anchor> = webpki_roots::TLS_SERVER_ROOTS.iter().map(Anchor::from).collect();
    assert!(known.iter().any(|anchor| anchor.title == "ISRG Root X1"));
    assert!(
        known
            .iter()
            .all(|anchor| x509_parser::x509::SubjectPublicKeyInfo::from_der(&anchor.spki_der).is_ok_and(|(rest, _)| rest.is_empty()))
    );
}

#[test]
fn no_certificate_at_all() {
    let verdict = judge(&[], &[], HOST, NOW);
    assert_eq!(verdict.problems.iter().map(|problem| (problem.rule, problem.cert)).collect::<Vec<_>>(), [(Rule::Empty, None)]);
    assert!(!verdict.is_trusted());
}

#[test]
fn a_verdict_goes_through_json_and_rules_are_kebab_case() {
    let verdict = found_on_leaf(|leaf| leaf.extended_key_usages = vec![Eku::ClientAuth]);
    let json = serde_json::to_string(&verdict).unwrap();
    assert!(json.contains(r#""rule":"eku-missing","cert":0"#));
    assert_eq!(serde_json::from_str::<ChainVerdict>(&json).unwrap(), verdict);
    assert_eq!(serde_json::to_string(&Rule::CrlLdapOnly).unwrap(), r#""crl-ldap-only""#);
}
