//! Chains put right.

use super::*;

fn put_right(served: &[&Made], fetched: &[&Made], root: &Made) -> (Vec<String>, Option<String>, Vec<String>) {
    let certs = |made: &[&Made]| made.iter().map(|made| made.cert.clone()).collect::<Vec<_>>();
    let mended = mended(&certs(served), &certs(fetched), &[anchor(root)], NOW).unwrap();
    (mended.certs.iter().map(|cert| cert.title().to_string()).collect(), mended.root, mended.changes)
}

#[test]
fn the_leaf_comes_first_then_each_issuer_and_the_root_stays_at_home() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    let (leaf, stranger) = (leaf(&ca, |_| {}), make(ca_params("Stranger"), None));
    let right = vec![HOST.to_string(), "Intermediate".to_string()];
    let complete = Some("Root".to_string());
    assert_eq!(put_right(&[&leaf, &ca], &[], &root), (right.clone(), complete.clone(), vec![]));
    let rows: [(&[&Made], &[&Made], &[&str]); 6] = [
        (&[&leaf], &[&ca], &["Intermediate was missing and is added"]),
        (&[&leaf, &ca, &root], &[], &["the root Root is left out, clients have it"]),
        (
            &[&leaf, &root, &ca],
            &[],
            &["the root Root is left out, clients have it", "the order is changed: each certificate is followed by its issuer"],
        ),
        (&[&ca, &leaf], &[], &["the order is changed: each certificate is followed by its issuer"]),
        (&[&leaf, &ca, &ca], &[], &["a certificate was sent twice and is sent once"]),
        (&[&leaf, &stranger, &ca], &[], &["Stranger is left out, it has no part in the chain"]),
    ];
    for (served, fetched, changes) in rows {
        let changes: Vec<String> = changes.iter().map(|change| change.to_string()).collect();
        assert_eq!(put_right(served, fetched, &root), (right.clone(), complete.clone(), changes));
    }
}

#[test]
fn what_cannot_be_completed_says_so_and_a_lone_leaf_stays() {
    let root = root("Root");
    let ca = intermediate(&root, |_| {});
    assert_eq!(put_right(&[&leaf(&ca, |_| {})], &[], &root), (vec![HOST.into()], None, vec![]));
    let alone = make(leaf_params(), None);
    assert_eq!(put_right(&[&alone], &[], &root), (vec![HOST.into()], None, vec![]));
    assert_eq!(mended(&[], &[], &[], NOW), None);
}
