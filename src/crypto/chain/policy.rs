//! Certificate policies: whether one of them holds through the whole chain where a CA demands that. RFC 5280 6.1, for a client that wants no
//! policy of its own, which is every SSTP client.

use super::{Problem, Rule, path};
use crate::wire::cert::Cert;
use std::collections::{BTreeMap, BTreeSet};
use x509_parser::extensions::ParsedExtension as Ext;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What is wrong with the policies of a path, leaf first; a root at its end, where it was sent, does not count. RFC 5280 6.1.
pub(super) fn violation(chain: &[Cert], path: &[usize]) -> Option<Problem> {
    let mut certs: Vec<(usize, &Cert)> = path.iter().filter_map(|index| Some((*index, chain.get(*index)?))).collect();
    // Without such an extension nothing is ever demanded. RFC 5280 6.1.2 (d).
    certs.iter().any(|row| row.1.constrains_policies).then_some(())?;
    if certs.last().is_some_and(|row| path::is_self_signed(row.1)) {
        certs.pop();
    }
    certs.reverse();
    let mut state = State::new(certs.len());
    for (place, (index, cert)) in certs.iter().enumerate() {
        let last = place + 1 == certs.len();
        let (_, parsed) = X509Certificate::from_der(&cert.der).ok()?;
        let policies = Policies::of(&parsed);
        let problem = |says: String| Some(Problem { rule: Rule::PolicyConstraints, cert: Some(*index), says });
        state.take(&policies, !last && cert.self_issued());
        if state.explicit == 0 && state.valid.is_none() {
            return problem(state.says(&policies));
        }
        if last {
            let demands = policies.require_explicit == Some(0);
            let missing = (demands || state.explicit <= 1) && state.valid.is_none();
            return if missing { problem(state.says(&policies)) } else { None };
        }
        if policies.maps_any() {
            return problem("maps any policy to another, which nobody may".into());
        }
        state.prepare(&policies, cert);
    }
    None
}

/// The policy extensions of a certificate. RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14.
#[derive(Default)]
struct Policies {
    asserted: Option<BTreeSet<String>>,
    mappings: Vec<(String, String)>,
    require_explicit: Option<u32>,
    inhibit_mapping: Option<u32>,
    inhibit_any: Option<u32>,
}

impl Policies {
    fn of(cert: &X509Certificate<'_>) -> Policies {
        let mut policies = Policies::default();
        for extension in cert.extensions() {
            match extension.parsed_extension() {
                Ext::CertificatePolicies(asserted) => {
                    policies.asserted = Some(asserted.iter().map(|policy| policy.policy_id.to_id_string()).collect());
                }
                Ext::PolicyMappings(mappings) => {
                    let pair = |row: &x509_parser::extensions::PolicyMapping<'_>| {
                        (row.issuer_domain_policy.to_id_string(), row.subject_domain_policy.to_id_string())
                    };
                    policies.mappings = mappings.mappings.iter().map(pair).collect();
                }
                Ext::PolicyConstraints(constraints) => {
                    (policies.require_explicit, policies.inhibit_mapping) =
                        (constraints.require_explicit_policy, constraints.inhibit_policy_mapping);
                }
                Ext::InhibitAnyPolicy(inhibit) => policies.inhibit_any = Some(inhibit.skip_certs),
                _ => {}
            }
        }
        policies
    }

    /// RFC 5280 6.1.4 (a).
    fn maps_any(&self) -> bool {
        self.mappings.iter().any(|(from, to)| from == ANY || to == ANY)
    }
}

/// The policies that hold so far, each with those that may stand for it in the next certificate: the lowest row of the valid_policy_tree.
type Valid = BTreeMap<String, BTreeSet<String>>;

/// RFC 5280 6.1.2: the state variables that are about policies. The counters are of certificates.
struct State {
    /// `None`: none holds.
    valid: Option<Valid>,
    explicit: usize,
    mapping: usize,
    any: usize,
    /// Who demands a policy.
    demanded_by: Option<String>,
}

impl State {
    /// At the trusted root everything holds. RFC 5280 6.1.2.
    fn new(length: usize) -> State {
        let valid = Some(BTreeMap::from([(ANY.to_string(), BTreeSet::from([ANY.to_string()]))]));
        State { valid, explicit: length + 1, mapping: length + 1, any: length + 1, demanded_by: None }
    }

    /// RFC 5280 6.1.3 (d) and (e). `passes`: a certificate of a CA for itself, which may always assert any policy.
    fn take(&mut self, policies: &Policies, passes: bool) {
        let above = self.valid.take().filter(|valid| !valid.is_empty());
        let (Some(above), Some(asserted)) = (above, &policies.asserted) else { return };
        let open = above.contains_key(ANY);
        let expected = |policy: &String| above.values().any(|allowed| allowed.contains(policy));
        let own = |policy: &String| (policy.clone(), BTreeSet::from([policy.clone()]));
        let mut valid: Valid = asserted.iter().filter(|policy| *policy != ANY && (open || expected(policy))).map(own).collect();
        if asserted.contains(ANY) && (self.any > 0 || passes) {
            for policy in above.values().flatten() {
                valid.entry(policy.clone()).or_insert_with(|| BTreeSet::from([policy.clone()]));
            }
        }
        self.valid = Some(valid).filter(|valid| !valid.is_empty());
    }

    /// RFC 5280 6.1.4 (b), (h), (i), (j).
    fn prepare(&mut self, policies: &Policies, cert: &Cert) {
        self.map(&policies.mappings);
        if !cert.self_issued() {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        let least = |counter: &mut usize, limit: Option<u32>| {
            let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
            *counter = (*counter).min(limit);
        };
        if policies.require_explicit.is_some() && self.demanded_by.is_none() {
            self.demanded_by = Some(cert.title().to_string());
        }
        least(&mut self.explicit, policies.require_explicit);
        least(&mut self.mapping, policies.inhibit_mapping);
        least(&mut self.any, policies.inhibit_any);
    }

    /// RFC 5280 6.1.4 (b).
    fn map(&mut self, mappings: &[(String, String)]) {
        let Some(valid) = &mut self.valid else { return };
        let mut by_source: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in mappings {
            by_source.entry(from).or_default().insert(to.clone());
        }
        for (from, to) in by_source {
            if self.mapping == 0 {
                valid.remove(from);
            } else if valid.contains_key(from) || valid.contains_key(ANY) {
                valid.insert(from.clone(), to);
            }
        }
    }

    fn says(&self, policies: &Policies) -> String {
        let by = self.demanded_by.as_deref().map_or("which it demands itself".into(), |by| format!("which the CA {by} above it demands"));
        match &policies.asserted {
            None => format!("names no certificate policy, {by}"),
            Some(_) => format!("names no certificate policy that holds through the whole chain, {by}"),
        }
    }
}

/// RFC 5280 4.2.1.4: anyPolicy.
const ANY: &str = "2.5.29.32.0";

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair};

    /// What stands in one certificate, as DER: OID of the extension and content.
    type Extensions = &'static [(&'static [u64], &'static [u8])];

    /// A path of certificates with these extensions, the root first and the leaf last; what is wrong below the root.
    fn judged(rows: &[Extensions]) -> Option<(usize, String)> {
        let mut chain: Vec<Cert> = Vec::new();
        let mut issuer: Option<Issuer<'static, KeyPair>> = None;
        for (n, extensions) in rows.iter().enumerate() {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, format!("C{n}"));
            params.is_ca = if n + 1 < rows.len() { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
            params.custom_extensions = extensions.iter().map(|row| CustomExtension::from_oid_content(row.0, row.1.to_vec())).collect();
            let key = KeyPair::generate().expect("a key");
            let cert = match &issuer {
                Some(issuer) => params.signed_by(&key, issuer),
                None => params.self_signed(&key),
            };
            chain.insert(0, Cert::parse(cert.expect("a certificate").der()).expect("readable"));
            issuer = Some(Issuer::new(params, key));
        }
        let path: Vec<usize> = (0..chain.len()).collect();
        violation(&chain, &path).map(|problem| (problem.cert.expect("of a certificate"), problem.says))
    }

    const POLICIES: &[u64] = &[2, 5, 29, 32];
    const MAPPINGS: &[u64] = &[2, 5, 29, 33];
    const CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
    const INHIBIT_ANY: &[u64] = &[2, 5, 29, 54];
    /// 1.2.3.4, 1.2.3.5, anyPolicy as certificatePolicies.
    const A: (&[u64], &[u8]) = (POLICIES, &[0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 4]);
    const B: (&[u64], &[u8]) = (POLICIES, &[0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 5]);
    const ANY_POLICY: (&[u64], &[u8]) = (POLICIES, &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0]);
    /// 1.2.3.4 to 1.2.3.5; anyPolicy to 1.2.3.5.
    const A_TO_B: (&[u64], &[u8]) = (MAPPINGS, &[0x30, 12, 0x30, 10, 6, 3, 0x2a, 3, 4, 6, 3, 0x2a, 3, 5]);
    const ANY_TO_B: (&[u64], &[u8]) = (MAPPINGS, &[0x30, 13, 0x30, 11, 6, 4, 0x55, 0x1d, 0x20, 0, 6, 3, 0x2a, 3, 5]);
    /// requireExplicitPolicy 0, 1; inhibitPolicyMapping 0 with requireExplicitPolicy 0; inhibitAnyPolicy 0.
    const DEMANDS: (&[u64], &[u8]) = (CONSTRAINTS, &[0x30, 3, 0x80, 1, 0]);
    const DEMANDS_BELOW_ONE: (&[u64], &[u8]) = (CONSTRAINTS, &[0x30, 3, 0x80, 1, 1]);
    const FORBIDS_MAPPING: (&[u64], &[u8]) = (CONSTRAINTS, &[0x30, 6, 0x80, 1, 0, 0x81, 1, 0]);
    const FORBIDS_ANY: (&[u64], &[u8]) = (INHIBIT_ANY, &[2, 1, 0]);

    #[test]
    fn a_policy_has_to_hold_through_the_chain_only_where_a_ca_demands_it() {
        assert_eq!(judged(&[&[], &[A], &[B]]), None, "nobody demands any");
        assert_eq!(judged(&[&[], &[], &[]]), None);
        assert_eq!(judged(&[&[], &[A, DEMANDS], &[A]]), None);
        assert_eq!(judged(&[&[], &[ANY_POLICY, DEMANDS], &[B]]), None);
        let (at, says) = judged(&[&[], &[A, DEMANDS], &[]]).expect("the leaf names none");
        assert_eq!((at, says.as_str()), (0, "names no certificate policy, which the CA C1 above it demands"));
        let (at, says) = judged(&[&[], &[A, DEMANDS], &[B]]).expect("the leaf names another");
        assert_eq!(
            (at, says.as_str()),
            (0, "names no certificate policy that holds through the whole chain, which the CA C1 above it demands")
        );
        assert_eq!(judged(&[&[], &[DEMANDS], &[A]]).map(|row| row.0), Some(0), "the CA names none itself");
        assert_eq!(judged(&[&[], &[A], &[DEMANDS]]).map(|row| row.1), Some("names no certificate policy, which it demands itself".into()));
    }

    #[test]
    fn demands_begin_so_many_certificates_below_and_the_root_makes_none() {
        assert_eq!(judged(&[&[], &[A, DEMANDS_BELOW_ONE], &[A], &[A]]), None);
        assert_eq!(judged(&[&[], &[DEMANDS_BELOW_ONE], &[A], &[A]]).map(|row| row.0), Some(0), "the leaf lies below one");
        assert_eq!(judged(&[&[], &[A, DEMANDS], &[], &[A]]).map(|row| row.0), Some(1), "the CA in the middle breaks it");
        assert_eq!(judged(&[&[DEMANDS], &[], &[]]), None, "what the root itself says does not count");
    }

    #[test]
    fn mappings_and_any_policy_hold_unless_they_are_forbidden() {
        assert_eq!(judged(&[&[], &[A, DEMANDS], &[A, A_TO_B], &[B]]), None);
        assert_eq!(judged(&[&[], &[A, DEMANDS], &[A, A_TO_B], &[A]]).map(|row| row.0), Some(0), "A was mapped away");
        assert_eq!(judged(&[&[], &[A, FORBIDS_MAPPING], &[A, A_TO_B], &[B]]).map(|row| row.0), Some(0));
        assert_eq!(judged(&[&[], &[A, DEMANDS], &[ANY_POLICY], &[A]]), None);
        assert_eq!(judged(&[&[], &[A, DEMANDS, FORBIDS_ANY], &[ANY_POLICY], &[A]]).map(|row| row.0), Some(1));
        let (at, says) = judged(&[&[], &[A, DEMANDS], &[A, ANY_TO_B], &[B]]).expect("nobody may map any policy");
        assert_eq!((at, says.as_str()), (1, "maps any policy to another, which nobody may"));
    }
}
