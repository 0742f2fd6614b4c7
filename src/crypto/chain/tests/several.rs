//! Issuers of the same name and key, renewed or constrained, and those that issued each other.

use super::*;

/// Another certificate with the name and the key of this one, with this change, by whoever is given, or by itself.
fn again(of: &Made, by: Option<&Made>, edit: impl FnOnce(&mut CertificateParams)) -> Cert {
    let mut params = of.params.clone();
    edit(&mut params);
    let der = match by {
        Some(ca) => params.signed_by(&of.key, &Issuer::from_params(&ca.params, &ca.key)),
        None => params.self_signed(&of.key),
    };
    Cert::parse(der.unwrap().der()).unwrap()
}

fn corp_only(params: &mut CertificateParams) {
    let permitted_subtrees = vec![GeneralSubtree::DnsName("corp.example".into())];
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
}

fn anchors(roots: &[&Cert]) -> Vec<Anchor> {
    roots.iter().map(|root| Anchor::from_root(&root.der).unwrap()).collect()
}

fn judge_all(chain: &[&Cert], roots: &[&Cert]) -> ChainVerdict {
    let chain: Vec<Cert> = chain.iter().map(|cert| (*cert).clone()).collect();
    judge(&chain, &anchors(roots), HOST, NOW)
}

#[test]
fn the_old_certificate_of_a_root_that_was_renewed_with_its_key_is_surplus_and_harms_nobody() {
    let root = root("Root");
    let old = again(&root, None, |old| old.not_after = at(-10));
    let ca = intermediate(&root, |_| {});
    let leaf = leaf(&ca, |_| {});
    for roots in [&[&root.cert][..], &[&old, &root.cert], &[&root.cert, &old]] {
        let verdict = judge_all(&[&leaf.cert, &ca.cert, &old], roots);
        assert_eq!((verdict.path.as_slice(), verdict.anchor.as_deref()), (&[0, 1][..], Some("Root")));
        assert_eq!(found(&verdict), [(Rule::ExtraCertificate, 2)], "{} roots", roots.len());
        assert_eq!(verdict.problems[0].says, "is an old certificate of the trusted root Root and has expired; clients have a newer one");
    }
    // Where only the old one is trusted, it is what the chain ends at.
    assert_eq!(found(&judge_all(&[&leaf.cert, &ca.cert, &old], &[&old])), [(Rule::Expired, 2)]);
    // A root whose dates nobody knows, as in Mozilla's list, vouches all the same.
    let nameless = Anchor { cert: None, ..anchors(&[&root.cert]).remove(0) };
    let verdict = judge(&[leaf.cert.clone(), ca.cert.clone(), old.clone()], &[nameless], HOST, NOW);
    assert_eq!((verdict.is_trusted(), found(&verdict)), (true, vec![(Rule::ExtraCertificate, 2)]));
    // One that is valid as well is as good as the trusted one.
    let young = again(&root, None, |young| young.not_after = at(2000));
    assert_eq!(judge_all(&[&leaf.cert, &ca.cert, &young], &[&root.cert]).problems, []);
}

#[test]
fn of_two_issuers_with_the_same_name_and_key_the_one_that_may_issue_is_taken() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    let leaf = leaf(&ca, |_| {});
    let bound = again(&ca, Some(&root), corp_only);
    let for_clients = again(&ca, Some(&root), |ca| ca.extended_key_usages = vec![Eku::ClientAuth]);
    for worse in [&bound, &for_clients] {
        assert!(!judge_all(&[&leaf.cert, worse], &[&root.cert]).is_trusted());
        for chain in [[&leaf.cert, worse, &ca.cert], [&leaf.cert, &ca.cert, worse]] {
            let verdict = judge_all(&chain, &[&root.cert]);
            assert!(verdict.is_trusted(), "{:?}", verdict.problems);
        }
    }
    let narrow = again(&root, None, corp_only);
    assert_eq!(found(&judge_all(&[&leaf.cert, &ca.cert], &[&narrow])), [(Rule::NameConstraints, 0)]);
    for roots in [[&narrow, &root.cert], [&root.cert, &narrow]] {
        assert_eq!(judge_all(&[&leaf.cert, &ca.cert], &roots).problems, []);
    }
    // The trusted root may not issue for the name; the same key under another trusted root may.
    let other = self::root("Other");
    let cross = again(&root, Some(&other), |_| {});
    let verdict = judge_all(&[&leaf.cert, &ca.cert, &cross], &[&narrow, &other.cert]);
    assert_eq!((verdict.problems.as_slice(), verdict.anchor.as_deref()), (&[][..], Some("Other")));
}

#[test]
fn issuers_that_issued_each_other_lead_to_no_root_and_are_not_said_to_be_missing() {
    let (a, b) = (root("A"), root("B"));
    let (a_by_b, b_by_a) = (again(&a, Some(&b), |_| {}), again(&b, Some(&a), |_| {}));
    let leaf = leaf(&a, |_| {});
    let known = root("Known");
    let verdict = judge_all(&[&leaf.cert, &a_by_b, &b_by_a], &[&known.cert]);
    assert_eq!(found(&verdict), [(Rule::UntrustedRoot, 2)]);
    assert_eq!(verdict.problems[0].says, "was issued by CN=A, which it issued in turn: the two lead round in a circle and to no root");
    assert_eq!(verdict.path, [0, 1, 2]);
}
