use super::*;
use x509_parser::prelude::*;

const NOW: i64 = 1_790_000_000_000;

fn sent(authority: &Authority, kind: PkiKind) -> Vec<Vec<u8>> {
    authority.chain(kind, Papers::CLEAN).expect("rcgen makes it").identity.chain
}

fn parse(der: &[u8]) -> X509Certificate<'_> {
    parse_x509_certificate(der).expect("a certificate").1
}

#[test]
fn every_kind_of_chain_can_be_made_and_read() {
    let authority = Authority::new(NOW, "http://127.0.0.1:1").expect("a root");
    for kind in PkiKind::ALL {
        let chain = authority.chain(kind, Papers::CLEAN).expect("rcgen makes it");
        chain.identity.chain.iter().for_each(|der| drop(parse(der)));
        let first = chain.identity.chain.first().map(|leaf| hashes(leaf));
        assert!(kind == PkiKind::CaFirst || first.is_none_or(|first| first == chain.hashes), "the leaf goes first: {kind:?}");
    }
}

#[test]
fn the_clean_chain_links_to_the_root_and_its_leaf_is_fit_for_windows() {
    let authority = Authority::new(NOW, "http://127.0.0.1:1").expect("a root");
    let root = authority.root_der();
    let chain = sent(&authority, PkiKind::Clean);
    assert_eq!(chain.len(), 2);
    let (leaf, intermediate, root) = (parse(&chain[0]), parse(&chain[1]), parse(&root));
    assert!(leaf.verify_signature(Some(intermediate.public_key())).is_ok());
    assert!(intermediate.verify_signature(Some(root.public_key())).is_ok());
    let days = (leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp()) / 86_400;
    assert!(days <= 397, "{days}");
    let eku = leaf.extended_key_usage().expect("readable").expect("there is one").value;
    assert!(eku.server_auth && !eku.client_auth);
    let names = leaf.subject_alternative_name().expect("readable").expect("there is one").value;
    assert_eq!(names.general_names.len(), 4);
}

#[test]
fn each_spoilt_chain_is_spoilt_in_its_way() {
    let authority = Authority::new(NOW, "http://127.0.0.1:1").expect("a root");
    let now = NOW / 1000;
    let ends = |kind, at: usize| parse(&sent(&authority, kind)[at]).validity().not_after.timestamp();
    assert!(ends(PkiKind::ExpiredLeaf, 0) < now && ends(PkiKind::ExpiredIntermediate, 1) < now);
    assert!(parse(&sent(&authority, PkiKind::NotYetValid)[0]).validity().not_before.timestamp() > now);
    assert!(parse(&sent(&authority, PkiKind::CnOnly)[0]).subject_alternative_name().expect("readable").is_none());
    let own = sent(&authority, PkiKind::SelfSigned);
    assert_eq!((own.len(), parse(&own[0]).verify_signature(None).is_ok()), (1, true));
    assert_eq!((sent(&authority, PkiKind::MissingIntermediate).len(), sent(&authority, PkiKind::NoneSent).len()), (1, 0));
    for kind in [PkiKind::Forged, PkiKind::OddSignature] {
        let chain = sent(&authority, kind);
        assert!(parse(&chain[0]).verify_signature(Some(parse(&chain[1]).public_key())).is_err(), "{kind:?}");
    }
    assert_eq!(sent(&authority, PkiKind::ExtraCertificate).len(), 3);
    assert_eq!(sent(&authority, PkiKind::WrongOrder)[1], authority.root_der());
    assert!(!parse(&sent(&authority, PkiKind::NonCaIntermediate)[1]).is_ca());
    assert!(parse(&sent(&authority, PkiKind::PathTooLong)[1]).is_ca());
    assert!(parse(&sent(&authority, PkiKind::NameConstrained)[1]).name_constraints().expect("readable").is_some());
}
