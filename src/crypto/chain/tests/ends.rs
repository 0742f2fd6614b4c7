//! Where the chain ends, in what order it was sent, and who signed what.

use super::*;
use crate::crypto::chain::signature::Signature;

#[test]
fn a_self_signed_leaf_is_refused_unless_it_is_the_trusted_root_itself() {
    let leaf = make(leaf_params(), None);
    assert_eq!(found(&judged(&[&leaf], &[])), [(Rule::SelfSigned, 0)]);
    let verdict = judged(&[&leaf], &[&leaf]);
    assert_eq!((verdict.problems, verdict.anchor), (vec![], Some(HOST.to_string())));
}

#[test]
fn an_unknown_root_is_named_where_it_was_sent_or_where_its_name_stands() {
    let (root, known) = (root("Private Root"), root("Known Root"));
    let ca = intermediate(&root, |_| {});
    let leaf = leaf(&ca, |_| {});
    assert_eq!(found(&judged(&[&leaf, &ca, &root], &[&known])), [(Rule::UntrustedRoot, 2)]);
    let verdict = judged(&[&leaf, &ca], &[&known]);
    assert_eq!(found(&verdict), [(Rule::UntrustedRoot, 1)]);
    assert!(verdict.problems[0].says.starts_with("was issued by CN=Private Root, which is no trusted root here"));
}

#[test]
fn a_lone_leaf_misses_its_intermediate() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    let verdict = judged(&[&leaf(&ca, |_| {})], &[&root]);
    assert_eq!(found(&verdict), [(Rule::MissingIntermediate, 0)]);
    assert!(verdict.problems[0].says.starts_with("was issued by CN=Intermediate, which was not sent"));
}

#[test]
fn what_is_said_of_fetching_an_issuer_fits_its_addresses() {
    let says = |urls: &[&str]| {
        let root = root("Root");
        let ca = intermediate(&root, |_| {});
        let mut leaf = leaf(&ca, |_| {});
        leaf.cert.ca_issuers_urls = urls.iter().map(ToString::to_string).collect();
        judged(&[&leaf], &[&root]).problems[0].says.clone()
    };
    let (ldap, http) = ("ldap:///CN=CA,CN=AIA,DC=corp?cACertificate", "http://ca.example.test/ca.crt");
    for urls in [&[http][..], &[ldap, http], &["HTTP://ca.example.test/ca.crt", ldap]] {
        let says = says(urls);
        assert!(says.to_lowercase().contains(&format!("it can be fetched from {http}")) && !says.contains("ldap"), "{urls:?}: {says}");
    }
    let only_ldap = says(&[ldap]);
    assert!(!only_ldap.contains("can be fetched") && only_ldap.contains("only in a directory (ldap:///CN=CA"), "{only_ldap}");
    let https = says(&["https://ca.example.test/ca.crt"]);
    assert!(!https.contains("can be fetched from") && https.contains("only http:// is fetched"), "{https}");
    assert!(says(&[]).contains("does not say where to fetch it"));
}

#[test]
fn an_unrelated_intermediate_is_missing_and_extra() {
    let root = root("Root");
    let (ca, other) = (intermediate(&root, |_| {}), make(ca_params("Other"), Some(&root)));
    let verdict = judged(&[&leaf(&ca, |_| {}), &other], &[&root]);
    assert_eq!(found(&verdict), [(Rule::MissingIntermediate, 0), (Rule::ExtraCertificate, 1)]);
}

#[test]
fn a_ca_made_anew_under_its_old_name_did_not_sign() {
    let (old, new) = (root("Root"), root("Root"));
    let leaf = leaf(&old, |_| {});
    assert_eq!(found(&judged(&[&leaf, &new], &[&new])), [(Rule::BadSignature, 0)]);
    // The leaf names the key of the old root, so that it is told which root is wanting.
    assert_eq!(found(&judged(&[&leaf], &[&new])), [(Rule::UntrustedRoot, 0)]);
    assert_eq!(found(&judged(&[&leaf, &new], &[])), [(Rule::BadSignature, 0), (Rule::UntrustedRoot, 1)]);
    // What Windows names first comes first, whichever certificate it is wrong with.
    let mut expired = leaf_params();
    expired.not_after = at(-3);
    let expired = make(expired, Some(&old));
    assert_eq!(found(&judged(&[&expired, &old], &[])), [(Rule::UntrustedRoot, 1), (Rule::Expired, 0)]);
    // A private root under the name of a trusted one is still a root that is not trusted.
    assert_eq!(found(&judged(&[&leaf, &old], &[&new])), [(Rule::UntrustedRoot, 1)]);
}

#[test]
fn a_changed_byte_breaks_the_signature_on_its_own_edge_only() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    let leaf = leaf(&ca, |_| {});
    let mut der = leaf.cert.der.to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    let verdict = judge(&[Cert::parse(&der).unwrap(), ca.cert.clone()], &[anchor(&root)], HOST, NOW);
    assert_eq!((found(&verdict), verdict.anchor.as_deref()), (vec![(Rule::BadSignature, 0)], Some("Root")));
}

#[test]
fn a_leaf_that_bears_the_name_of_its_ca_is_not_self_signed() {
    let ca = root(HOST);
    let leaf = leaf(&ca, |_| {});
    assert!(leaf.cert.self_issued());
    assert_eq!(judged(&[&leaf], &[&ca]).problems, []);
    assert_eq!(found(&judged(&[&leaf, &ca], &[])), [(Rule::UntrustedRoot, 1)]);
}

#[test]
fn order_duplicates_and_strangers_are_noticed_and_break_nothing() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    let leaf = leaf(&ca, |_| {});
    let verdict = judged(&[&leaf, &root, &ca], &[&root]);
    assert_eq!((found(&verdict), &verdict.path), (vec![(Rule::WrongOrder, 1)], &vec![0, 2, 1]));
    assert!(verdict.is_trusted());
    let stranger = make(ca_params("Stranger"), None);
    let verdict = judged(&[&leaf, &stranger, &ca, &ca, &leaf], &[&root]);
    assert_eq!(found(&verdict), [(Rule::ExtraCertificate, 1), (Rule::Duplicate, 3), (Rule::Duplicate, 4)]);
    assert_eq!(verdict.problems[1].says, "is the same as certificate 3");
    assert!(verdict.is_trusted());
}

#[test]
fn a_chain_sent_upside_down_says_which_certificate_has_to_be_first() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    let verdict = judged(&[&ca, &leaf(&ca, |_| {})], &[&root]);
    let order = verdict.problem(Rule::WrongOrder).unwrap();
    assert_eq!(
        (order.cert, order.says.as_str()),
        (Some(0), "stands first but issued certificate 2; the server's own certificate has to be first")
    );
    assert!(verdict.problem(Rule::ExtraCertificate).is_none());
    assert!(verdict.problem(Rule::NameMismatch).is_some());
}

#[test]
fn of_two_cross_signed_intermediates_the_one_that_leads_to_trust_is_taken() {
    let (known, unknown) = (root("Known"), root("Unknown"));
    let mine = intermediate(&unknown, |_| {});
    let cross = mine.params.signed_by(&mine.key, &Issuer::from_params(&known.params, &known.key)).unwrap();
    let chain = [leaf(&mine, |_| {}).cert, mine.cert.clone(), unknown.cert.clone(), Cert::parse(cross.der()).unwrap()];
    let verdict = judge(&chain, &[anchor(&known)], HOST, NOW);
    assert_eq!(verdict, ChainVerdict { path: vec![0, 3], anchor: Some("Known".into()), problems: vec![] });
}

#[test]
fn an_upper_intermediate_of_a_known_house_is_missing_and_its_root_is_not_unknown() {
    let house = |name: &str, by: Option<&Made>| {
        let mut params = ca_params(name);
        params.distinguished_name.push(DnType::OrganizationName, "Example Trust");
        make(params, by)
    };
    let root = house("Example Root", None);
    let upper = house("Example Upper CA", Some(&root));
    let lower = house("Example Lower CA", Some(&upper));
    let served = [leaf(&lower, |_| {}), lower];
    let verdict = judge(&served.iter().map(|made| made.cert.clone()).collect::<Vec<_>>(), &[anchor(&root)], HOST, NOW);
    assert_eq!(found(&verdict), [(Rule::MissingIntermediate, 1)]);
    let says = &verdict.problems[0].says;
    assert!(says.contains("a root of the same organisation is trusted (Example Root)"), "{says}");
    // Of another house, it may just as well be the root of a private CA.
    let stranger = self::root("Stranger");
    let verdict = judge(&served.iter().map(|made| made.cert.clone()).collect::<Vec<_>>(), &[anchor(&stranger)], HOST, NOW);
    assert_eq!(found(&verdict), [(Rule::UntrustedRoot, 1)]);
}

#[test]
fn a_chain_made_to_have_very_many_paths_comes_to_an_end() {
    let first = root("Same");
    let others: Vec<Made> = (0..40).map(|_| make(ca_params("Same"), Some(&first))).collect();
    let chain: Vec<&Made> = others.iter().collect();
    assert!(!judged(&chain, &[]).is_trusted());
}

/// Made with openssl: an RSA 1024 root of version 1, and leaves that it signed with several hashes.
#[test]
fn old_signatures_are_checked_as_far_as_the_library_goes() {
    let root = Cert::parse(include_bytes!("../fixtures/old-root-v1.der")).unwrap();
    let anchors = [Anchor::from_root(&root.der).unwrap()];
    let rows: [(&[u8], &str, Signature); 4] = [
        (include_bytes!("../fixtures/old-leaf-sha1.der"), "sha1WithRSAEncryption", Signature::Good),
        (include_bytes!("../fixtures/old-leaf-md5.der"), "md5WithRSAEncryption", Signature::Unchecked),
        (include_bytes!("../fixtures/old-leaf-sha256.der"), "sha256WithRSAEncryption", Signature::Good),
        (include_bytes!("../fixtures/old-leaf-sha384.der"), "sha384WithRSAEncryption", Signature::Good),
    ];
    for (der, name, signature) in rows {
        let leaf = Cert::parse(der).unwrap();
        assert_eq!((leaf.signature.as_str(), signature::check(&leaf, &root.spki_der)), (name, signature));
        let chain = [leaf, root.clone()];
        let verdict = judge(&chain, &anchors, HOST, chain[0].not_before + 1);
        let weak = name.starts_with("sha1") || name.starts_with("md5");
        assert_eq!(verdict.problem(Rule::WeakSignature).map(|problem| problem.cert), weak.then_some(Some(0)));
        assert_eq!(verdict.problems.iter().filter(|problem| problem.rule == Rule::WeakKey).count(), 2);
        // What cannot be checked is no fault of the server's, and no proof either: a name alone proves nothing.
        assert_eq!(verdict.problem(Rule::UncheckedSignature).is_some(), signature == Signature::Unchecked, "{name}");
        assert_eq!((verdict.is_trusted(), verdict.is_proven()), (true, signature == Signature::Good), "{:?}", verdict.problems);
    }
    let mut spoilt = include_bytes!("../fixtures/old-leaf-sha1.der").to_vec();
    let last = spoilt.len() - 1;
    spoilt[last] ^= 1;
    assert_eq!(signature::check(&Cert::parse(&spoilt).unwrap(), &root.spki_der), Signature::Bad);
}

/// Made with openssl: `req -x509 -sigopt rsa_padding_mode:pss` with other salts, masks and hashes, and SHA-224.
#[test]
fn rsa_is_checked_with_any_salt_mask_and_hash() {
    let rows: [&[u8]; 6] = [
        include_bytes!("../fixtures/pss-salt0.der"),
        include_bytes!("../fixtures/pss-max-salt.der"),
        include_bytes!("../fixtures/pss-mgf-sha1.der"),
        include_bytes!("../fixtures/pss-sha224.der"),
        include_bytes!("../fixtures/pss-sha1.der"),
        include_bytes!("../fixtures/rsa-sha224.der"),
    ];
    for der in rows {
        let cert = Cert::parse(der).unwrap();
        assert_eq!(signature::check(&cert, &cert.spki_der), Signature::Good, "{}: {}", cert.title(), cert.signature);
        // The last byte is of the signature; the name is signed.
        let at = |needle: &[u8]| der.windows(needle.len()).position(|window| window == needle).unwrap();
        for spoilt in [der.len() - 1, at(b"fixtures")] {
            let mut spoilt_der = der.to_vec();
            spoilt_der[spoilt] ^= 1;
            assert_eq!(signature::check(&Cert::parse(&spoilt_der).unwrap(), &cert.spki_der), Signature::Bad, "{}", cert.title());
        }
    }
    let koblitz = Cert::parse(include_bytes!("../fixtures/ec-secp256k1.der")).unwrap();
    assert_eq!(signature::check(&koblitz, &koblitz.spki_der), Signature::Good);
    let short = Cert::parse(include_bytes!("../fixtures/ec-sha224.der")).unwrap();
    assert_eq!(signature::check(&short, &short.spki_der), Signature::Unchecked);
}

#[test]
fn further_signature_algorithms() {
    let root = Cert::parse(include_bytes!("../fixtures/pss-root.der")).unwrap();
    let short_salt = Cert::parse(include_bytes!("../fixtures/pss-leaf-salt20.der")).unwrap();
    let salt = Cert::parse(include_bytes!("../fixtures/pss-leaf-salt32.der")).unwrap();
    assert_eq!(salt.signature, "rsassaPss-sha256");
    assert_eq!(signature::check(&salt, &root.spki_der), Signature::Good);
    assert_eq!(signature::check(&short_salt, &root.spki_der), Signature::Good);
    let ec = Cert::parse(include_bytes!("../fixtures/ec-sha1.der")).unwrap();
    assert_eq!((ec.signature.as_str(), signature::check(&ec, &ec.spki_der)), ("ecdsa-with-SHA1", Signature::Good));
    for algorithm in [&rcgen::PKCS_ECDSA_P521_SHA512, &rcgen::PKCS_ECDSA_P521_SHA256, &rcgen::PKCS_ED25519, &rcgen::PKCS_ML_DSA_65] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let cert = Cert::parse(leaf_params().self_signed(&pair).unwrap().der()).unwrap();
        assert_eq!(signature::check(&cert, &cert.spki_der), Signature::Good, "{}", cert.signature);
        assert_ne!(signature::check(&cert, &root.spki_der), Signature::Good);
    }
}
