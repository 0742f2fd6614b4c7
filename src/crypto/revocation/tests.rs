use super::*;
use crate::base::hex;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope,
    DnType, IsCa, Issuer, KeyIdMethod, KeyPair, RevocationReason, RevokedCertParams, SerialNumber,
};
use time::{Duration, OffsetDateTime};

/// 2026-06-01 00:00 UTC.
const NOW: i64 = 1_780_272_000;
const DAY: i64 = 86_400;

struct Ca {
    params: CertificateParams,
    key: KeyPair,
    anchor: Anchor,
}

fn at(days: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap() + Duration::days(days)
}

fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let anchor = Anchor::from_root(params.self_signed(&key).unwrap().der()).unwrap();
    Ca { params, key, anchor }
}

fn leaf(by: &Ca) -> Cert {
    let params = CertificateParams::new(vec!["vpn.example.com".into()]).unwrap();
    let made = params.signed_by(&KeyPair::generate().unwrap(), &Issuer::from_params(&by.params, &by.key)).unwrap();
    Cert::parse(made.der()).unwrap()
}

fn list(by: &Ca, days: (i64, i64), revoked: &[(&Cert, RevocationReason)], scope: Option<CrlScope>) -> Vec<u8> {
    let entry = |(cert, reason): &(&Cert, RevocationReason)| RevokedCertParams {
        serial_number: SerialNumber::from(crate::base::unhex(&cert.serial).unwrap()),
        revocation_time: at(-3),
        reason_code: Some(*reason),
        invalidity_date: None,
    };
    let point = CrlDistributionPoint { uris: vec!["http://crl.example.com/a.crl".into()] };
    let params = CertificateRevocationListParams {
        this_update: at(days.0),
        next_update: at(days.1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: scope.map(|scope| CrlIssuingDistributionPoint { distribution_point: point, scope: Some(scope) }),
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&Issuer::from_params(&by.params, &by.key)).unwrap().der().to_vec()
}

#[test]
fn a_list_says_whether_its_issuer_took_the_certificate_back() {
    let ca = ca("CA");
    let (one, other) = (leaf(&ca), leaf(&ca));
    let standing = |bytes: &[u8]| by_list(bytes, &one, &ca.anchor, NOW);
    assert_eq!(standing(&list(&ca, (-1, 6), &[], None)), Standing::Good { until: Some(NOW + 6 * DAY) });
    assert_eq!(
        standing(&list(&ca, (-1, 6), &[(&other, RevocationReason::Superseded)], None)),
        Standing::Good { until: Some(NOW + 6 * DAY) }
    );
    let revoked = standing(&list(&ca, (-1, 6), &[(&other, RevocationReason::Superseded), (&one, RevocationReason::KeyCompromise)], None));
    assert_eq!(revoked, Standing::Revoked { at: NOW - 3 * DAY, reason: Some("keyCompromise".into()) });
    assert_eq!(revoked.to_string(), "revoked 2026-05-29 00:00 UTC (keyCompromise)");
    let back = list(&ca, (-1, 6), &[(&one, RevocationReason::RemoveFromCrl)], None);
    assert!(matches!(standing(&back), Standing::Good { .. }));
    assert_eq!(standing(&list(&ca, (-9, -2), &[], None)), Standing::Stale { ended: NOW - 2 * DAY });
    // What was revoked once stays revoked, however old the list is.
    assert!(matches!(standing(&list(&ca, (-9, -2), &[(&one, RevocationReason::Superseded)], None)), Standing::Revoked { .. }));
    assert_eq!(standing(&list(&ca, (1, 6), &[], None)), Standing::Early { begins: NOW + DAY });
    assert!(matches!(standing(b"<html>"), Standing::Unreadable(_)));
}

#[test]
fn a_list_of_somebody_else_or_for_others_does_not_count() {
    let (ca, namesake, other) = (ca("CA"), ca("CA"), ca("Other"));
    let leaf = leaf(&ca);
    let why = |bytes: &[u8]| match by_list(bytes, &leaf, &ca.anchor, NOW) {
        Standing::Void(why) => why,
        standing => panic!("{standing:?}"),
    };
    assert_eq!(why(&list(&other, (-1, 6), &[], None)), "it is the list of CN=Other, not of CA");
    assert_eq!(why(&list(&namesake, (-1, 6), &[], None)), "the key of CA did not make its signature");
    assert_eq!(why(&list(&ca, (-1, 6), &[], Some(CrlScope::CaCertsOnly))), "it is about certificates of CAs only");
    assert!(by_list(&list(&ca, (-1, 6), &[], Some(CrlScope::UserCertsOnly)), &leaf, &ca.anchor, NOW).decides());
}

/// Made with openssl 3.0: a responder that is the CA itself; 1001 is revoked, 1002 is good.
#[test]
fn answers_of_openssl_are_judged_with_the_key_of_their_ca() {
    let ca = Anchor::from_root(include_bytes!("fixtures/ca.der")).unwrap();
    let cert = |serial: &str| Cert { serial: serial.into(), ..Cert::parse(include_bytes!("fixtures/ca.der")).unwrap() };
    let (good, revoked) = (include_bytes!("../../wire/fixtures/good.ocsp"), include_bytes!("../../wire/fixtures/revoked.ocsp"));
    let made = 1_795_656_300;
    assert!(matches!(by_answer(good, &cert("1002"), &ca, made), Standing::Good { until: Some(_) }));
    assert!(matches!(by_answer(good, &cert("1002"), &ca, made + 30 * DAY), Standing::Stale { .. }));
    assert!(matches!(by_answer(good, &cert("1002"), &ca, made - DAY), Standing::Early { .. }));
    let standing = by_answer(revoked, &cert("1001"), &ca, made);
    assert!(matches!(&standing, Standing::Revoked { reason: Some(reason), .. } if reason == "superseded"), "{standing:?}");
    assert_eq!(by_answer(good, &cert("1001"), &ca, made), Standing::Void("it is about another certificate".into()));
    let stranger = Anchor { spki_der: self::ca("Test CA").anchor.spki_der, ..ca.clone() };
    assert_eq!(by_answer(good, &cert("1002"), &stranger, made), Standing::Void("it is about another certificate".into()));
    let mut spoilt = good.to_vec();
    let at = spoilt.windows(4).position(|bytes| bytes == [0x02, 0x02, 0x10, 0x02]).unwrap();
    spoilt[at + 3] = 0x03;
    assert_eq!(by_answer(&spoilt, &cert("1003"), &ca, made), Standing::Void("the key of Test CA did not make its signature".into()));
    assert_eq!(by_answer(&[0x30, 3, 10, 1, 6], &cert("1"), &ca, made), Standing::Failed("unauthorized".into()));
    assert!(matches!(by_answer(b"<html>", &cert("1"), &ca, made), Standing::Unreadable(_)));
}

#[test]
fn the_question_names_the_certificate_by_its_issuer() {
    let ca = Anchor::from_root(include_bytes!("fixtures/ca.der")).unwrap();
    let cert = Cert { serial: "1001".into(), ..Cert::parse(include_bytes!("fixtures/ca.der")).unwrap() };
    assert_eq!(hex(&question(&cert, &ca)), hex(include_bytes!("../../wire/fixtures/question.ocsp")));
}
