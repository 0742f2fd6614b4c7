//! What can be wrong with one certificate of an otherwise good chain.

use super::*;

#[test]
fn dates_are_judged_on_the_certificate_they_stand_on() {
    let verdict = found_on_leaf(|leaf| leaf.not_after = at(-3));
    assert_eq!((found(&verdict), verdict.problems[0].says.as_str()), (vec![(Rule::Expired, 0)], "ended 2026-05-29, 3 days ago"));
    let verdict = found_on_leaf(|leaf| leaf.not_before = at(1));
    assert_eq!((found(&verdict), verdict.problems[0].says.as_str()), (vec![(Rule::NotYetValid, 0)], "begins 2026-06-02, in 1 day"));
    let verdict = found_on_leaf(|leaf| leaf.not_after = at(5) - Duration::hours(1));
    assert_eq!((found(&verdict), verdict.problems[0].says.as_str()), (vec![(Rule::ExpiresSoon, 0)], "ends 2026-06-05, in 4 days"));
    assert!(verdict.is_trusted());
    // Within a day the minute counts.
    let says = |edit: fn(&mut CertificateParams)| found_on_leaf(edit).problems[0].says.clone();
    assert_eq!(says(|leaf| leaf.not_after = at(0) - Duration::minutes(90)), "ended 2026-05-31 22:30 UTC, 1 hour ago");
    assert_eq!(says(|leaf| leaf.not_before = at(0) + Duration::minutes(150)), "begins 2026-06-01 02:30 UTC, in 2 hours");
    assert_eq!(found(&found_on_intermediate(|ca| ca.not_after = at(-1))), [(Rule::Expired, 1)]);
    let last_second = found_on_leaf(|leaf| leaf.not_after = at(0));
    assert_eq!(
        (found(&last_second), last_second.problems[0].says.as_str()),
        (vec![(Rule::ExpiresSoon, 0)], "ends 2026-06-01 00:00 UTC, in less than an hour")
    );
    // A certificate for six days is not about to end on its second day.
    assert_eq!(found(&found_on_leaf(|leaf| (leaf.not_before, leaf.not_after) = (at(-2), at(4)))), []);
}

#[test]
fn the_expired_root_that_was_sent_is_the_one_to_blame() {
    let mut params = ca_params("Root");
    params.not_after = at(-10);
    let root = make(params, None);
    let verdict = judged(&[&leaf(&root, |_| {}), &root], &[&root]);
    assert_eq!(found(&verdict), [(Rule::Expired, 1)]);
}

#[test]
fn names_that_do_not_fit() {
    let names = |names: &'static [&'static str]| move |leaf: &mut CertificateParams| leaf.subject_alt_names = alternative(names);
    let verdict = found_on_leaf(names(&["www.example.com", "192.0.2.7"]));
    assert_eq!(found(&verdict), [(Rule::NameMismatch, 0)]);
    assert_eq!(
        verdict.problems[0].says,
        "is for www.example.com, 192.0.2.7, not for vpn.example.com (its common name counts only where no alternative name is)"
    );
    assert_eq!(found(&found_on_leaf(names(&["*.com"]))), [(Rule::WildcardDepth, 0)]);
    let verdict = found_on_leaf(names(&[]));
    assert_eq!((found(&verdict), verdict.is_trusted()), (vec![(Rule::CnOnly, 0)], true));
    let unicode = found_on_leaf(|leaf| {
        leaf.subject_alt_names.clear();
        leaf.distinguished_name.push(DnType::CommonName, "vpn.bücher.example");
    });
    assert_eq!(found(&unicode), [(Rule::NameMismatch, 0)], "it is another name");
    let root = root("Root");
    let unicode = leaf(&root, |leaf| {
        leaf.subject_alt_names.clear();
        leaf.distinguished_name.push(DnType::CommonName, "bücher.example");
    });
    let verdict = judge(&[unicode.cert], &[anchor(&root)], "xn--bcher-kva.example", NOW);
    assert_eq!(found(&verdict), [(Rule::IdnNotEncoded, 0)]);
    assert_eq!(verdict.problems[0].says, "is for bücher.example, in Unicode, where DNS and clients have xn--bcher-kva.example");
    let verdict = judge(&[leaf(&root, |_| {}).cert], &[anchor(&root)], "192.0.2.7", NOW);
    assert_eq!(found(&verdict), [(Rule::IpNotInSan, 0)]);
    assert_eq!(verdict.problems[0].says, "is for vpn.example.com, not for the address 192.0.2.7");
}

fn alternative(names: &[&str]) -> Vec<SanType> {
    CertificateParams::new(names.iter().map(|name| name.to_string()).collect::<Vec<_>>()).unwrap().subject_alt_names
}

#[test]
fn usages_that_do_not_fit() {
    let verdict = found_on_leaf(|leaf| leaf.extended_key_usages = vec![Eku::ClientAuth, Eku::Other(vec![1, 2, 3])]);
    assert_eq!(found(&verdict), [(Rule::EkuMissing, 0)]);
    assert_eq!(verdict.problems[0].says, "may be used for client authentication, 1.2.3, not for server authentication");
    let verdict = found_on_leaf(|leaf| leaf.extended_key_usages.clear());
    assert_eq!((found(&verdict), verdict.is_trusted()), (vec![(Rule::EkuAbsent, 0)], true));
    assert_eq!(found(&found_on_leaf(|leaf| leaf.extended_key_usages = vec![Eku::Any])), []);
    assert_eq!(found(&found_on_intermediate(|ca| ca.extended_key_usages = vec![Eku::ClientAuth])), [(Rule::EkuMissing, 1)]);
    assert_eq!(found(&found_on_leaf(|leaf| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment])), [(Rule::KeyUsage, 0)]);
    assert_eq!(found(&found_on_leaf(|leaf| leaf.key_usages.clear())), []);
    let verdict = found_on_intermediate(|ca| ca.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    assert_eq!(found(&verdict), [(Rule::KeyUsage, 1)]);
    assert_eq!(verdict.problems[0].says, "has a key for digitalSignature, but would need keyCertSign");
}

#[test]
fn issuers_that_may_not_issue() {
    assert_eq!(found(&found_on_intermediate(|ca| ca.is_ca = IsCa::NoCa)), [(Rule::BasicConstraints, 1)]);
    assert_eq!(found(&found_on_intermediate(|ca| ca.is_ca = IsCa::ExplicitNoCa)), [(Rule::BasicConstraints, 1)]);
    assert_eq!(found(&found_on_intermediate(|ca| ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)))), []);
    let root = root("Root");
    let upper = intermediate(&root, |ca| {
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.distinguished_name.push(DnType::CommonName, "Upper");
    });
    let lower = intermediate(&upper, |_| {});
    let verdict = judged(&[&leaf(&lower, |_| {}), &lower, &upper], &[&root]);
    assert_eq!(found(&verdict), [(Rule::PathLength, 2)]);
    assert_eq!(verdict.problems[0].says, "allows 0 CA certificates below it, there are 1");
}

#[test]
fn names_that_a_ca_above_does_not_allow() {
    let constrained = |permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>| {
        let constraints = NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded };
        found(&found_on_intermediate(|ca| ca.name_constraints = Some(constraints)))
    };
    let dns = |name: &str| vec![GeneralSubtree::DnsName(name.into())];
    assert_eq!(constrained(dns("example.com"), vec![]), []);
    assert_eq!(constrained(dns(".example.com"), vec![]), []);
    assert_eq!(constrained(dns("ample.com"), vec![]), [(Rule::NameConstraints, 0)]);
    assert_eq!(constrained(vec![], dns("example.com")), [(Rule::NameConstraints, 0)]);
    assert_eq!(constrained(vec![], dns("example.org")), []);
    // A constraint on addresses says nothing about host names.
    assert_eq!(constrained(vec![GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([192, 0, 2, 0], 24))], vec![]), []);
    let mut subject = rcgen::DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Example");
    assert_eq!(constrained(vec![GeneralSubtree::DirectoryName(subject)], vec![]), [(Rule::NameConstraints, 0)]);
}

#[test]
fn addresses_that_a_ca_above_does_not_allow() {
    let root = root("Root");
    let subnet = GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([192, 0, 2, 0], 24));
    let constraints = NameConstraints { permitted_subtrees: vec![subnet], excluded_subtrees: vec![] };
    let ca = intermediate(&root, |ca| ca.name_constraints = Some(constraints));
    for (address, expected) in [("192.0.2.200", vec![]), ("198.51.100.1", vec![(Rule::NameConstraints, 0)])] {
        let leaf = leaf(&ca, |leaf| leaf.subject_alt_names = alternative(&[HOST, address]));
        assert_eq!(found(&judged(&[&leaf, &ca], &[&root])), expected);
    }
}

#[test]
fn critical_extensions_that_nobody_knows() {
    let extension = |critical: bool| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(critical);
        extension
    };
    let verdict = found_on_leaf(|leaf| leaf.custom_extensions = vec![extension(true)]);
    assert_eq!((found(&verdict), verdict.is_trusted()), (vec![(Rule::UnknownCritical, 0)], false));
    assert_eq!(verdict.problems[0].says, "has critical extensions that clients do not know: 1.2.3.4");
    assert_eq!(found(&found_on_leaf(|leaf| leaf.custom_extensions = vec![extension(false)])), []);
}

#[test]
fn an_extension_that_cannot_be_read_matters_where_trust_hangs_on_it() {
    let spoilt = |oid: &'static [u64]| {
        move |leaf: &mut CertificateParams| leaf.custom_extensions = vec![CustomExtension::from_oid_content(oid, vec![0xff])]
    };
    assert_eq!(found(&found_on_leaf(spoilt(&[2, 5, 29, 19]))), [(Rule::Unparsable, 0)]);
    assert_eq!(found(&found_on_leaf(spoilt(&[1, 3, 6, 1, 5, 5, 7, 1, 1]))), []);
}

#[test]
fn lifetimes_and_revocation_addresses() {
    assert_eq!(found(&found_on_leaf(|leaf| leaf.not_before = at(-800))), [(Rule::ValidityTooLong, 0)]);
    let verdict = found_on_leaf(|leaf| leaf.crl_distribution_points.clear());
    assert_eq!((found(&verdict), verdict.is_trusted()), (vec![(Rule::NoRevocationInfo, 0)], true));
    assert_eq!(found(&found_on_intermediate(|ca| ca.crl_distribution_points.clear())), [(Rule::NoRevocationInfo, 1)]);
    let verdict = found_on_leaf(|leaf| leaf.crl_distribution_points = crl("ldap:///CN=ca,DC=corp"));
    assert_eq!((found(&verdict), verdict.is_trusted()), (vec![(Rule::CrlLdapOnly, 0)], false));
    let short_lived = |leaf: &mut CertificateParams| {
        (leaf.not_before, leaf.not_after) = (at(-2), at(4));
        leaf.crl_distribution_points.clear();
    };
    assert_eq!(found(&found_on_leaf(short_lived)), []);
}

#[test]
fn what_breaks_trust_comes_first_and_each_thing_once() {
    let verdict = found_on_leaf(|leaf| {
        leaf.crl_distribution_points.clear();
        leaf.extended_key_usages = vec![Eku::ClientAuth];
        leaf.subject_alt_names = alternative(&["www.example.com"]);
        leaf.not_after = at(-1);
    });
    assert_eq!(found(&verdict), [(Rule::Expired, 0), (Rule::EkuMissing, 0), (Rule::NameMismatch, 0), (Rule::NoRevocationInfo, 0)]);
}
