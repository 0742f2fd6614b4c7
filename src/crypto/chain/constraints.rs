//! Name constraints: which names the CAs above allow the leaf to bear. RFC 5280 4.2.1.10.

use crate::wire::cert::Cert;
use std::net::IpAddr;
use x509_parser::extensions::{GeneralName, GeneralSubtree, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The first name of the leaf that the CA does not allow, with the reason. Host names, addresses and the subject are
/// looked at; other kinds of names do not occur in servers' certificates.
pub(super) fn violation(leaf: &Cert, ca: &Cert) -> Option<String> {
    if !ca.constrains_names {
        return None;
    }
    let (_, certificate) = X509Certificate::from_der(&ca.der).ok()?;
    let constraints = certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::NameConstraints(constraints) => Some(constraints),
        _ => None,
    })?;
    let permitted = constraints.permitted_subtrees.as_deref().unwrap_or_default();
    let excluded = constraints.excluded_subtrees.as_deref().unwrap_or_default();
    names_of(leaf).iter().find_map(|name| name.refused(permitted, excluded))
}

/// A name that a constraint can be about.
enum Name<'a> {
    Dns(&'a str),
    Address(IpAddr),
    Subject(&'a Cert),
}

fn names_of(leaf: &Cert) -> Vec<Name<'_>> {
    let no_hosts = leaf.dns_names.is_empty() && leaf.ip_addresses.is_empty();
    // Windows and OpenSSL hold a common name that stands in for a missing subjectAltName to the same constraints.
    let stand_in = leaf.common_name.iter().filter(|_| no_hosts).map(|name| Name::Dns(name));
    let subject = (leaf.subject_der.len() > EMPTY_NAME_LEN).then_some(Name::Subject(leaf));
    let addresses = leaf.ip_addresses.iter().map(|address| Name::Address(*address));
    leaf.dns_names.iter().map(|name| Name::Dns(name)).chain(stand_in).chain(addresses).chain(subject).collect()
}

impl Name<'_> {
    fn refused(&self, permitted: &[GeneralSubtree<'_>], excluded: &[GeneralSubtree<'_>]) -> Option<String> {
        let answers =
            |subtrees: &[GeneralSubtree<'_>]| subtrees.iter().filter_map(|subtree| self.is_under(&subtree.base)).collect::<Vec<_>>();
        if answers(excluded).contains(&true) {
            return Some(format!("bears {self}, which a CA above it excludes"));
        }
        let permitted = answers(permitted);
        (!permitted.is_empty() && !permitted.contains(&true))
            .then(|| format!("bears {self}, which is not among the names its CA may issue for"))
    }

    /// Whether the name lies under the base; `None` when the base is about another kind of name.
    fn is_under(&self, base: &GeneralName<'_>) -> Option<bool> {
        match (self, base) {
            (Name::Dns(name), GeneralName::DNSName(base)) => Some(is_under_domain(name, base)),
            (Name::Address(address), GeneralName::IPAddress(subnet)) => is_in_subnet(*address, subnet),
            (Name::Subject(leaf), GeneralName::DirectoryName(base)) => {
                let (_, certificate) = X509Certificate::from_der(&leaf.der).ok()?;
                let subject: Vec<_> = certificate.subject().iter_rdn().collect();
                Some(subject.starts_with(&base.iter_rdn().collect::<Vec<_>>()))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Name::Dns(name) => write!(f, "the name {name}"),
            Name::Address(address) => write!(f, "the address {address}"),
            Name::Subject(leaf) => write!(f, "the subject {}", leaf.subject),
        }
    }
}

/// The name is the base or has further labels before it; an empty base covers all. A wildcard counts as a label.
fn is_under_domain(name: &str, base: &str) -> bool {
    let (name, base) = (name.trim_end_matches('.').to_ascii_lowercase(), base.trim_start_matches('.').to_ascii_lowercase());
    name.strip_suffix(&base).is_some_and(|rest| base.is_empty() || rest.is_empty() || rest.ends_with('.'))
}

/// `None` when the subnet is of the other family, or neither 8 nor 32 bytes of address and mask.
fn is_in_subnet(address: IpAddr, subnet: &[u8]) -> Option<bool> {
    let address = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (base, mask) = subnet.split_at_checked(address.len()).filter(|(base, mask)| base.len() == mask.len())?;
    Some(address.iter().zip(base).zip(mask).all(|((address, base), mask)| address & mask == base & mask))
}

/// X.690: the two bytes of an empty SEQUENCE.
const EMPTY_NAME_LEN: usize = 2;
