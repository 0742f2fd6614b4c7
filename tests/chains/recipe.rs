//! How a chain is made: a root, a CA, a leaf, each with its parameters, and what of them is sent.

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SignatureAlgorithm,
};
use sstp_diag::base::Secret;
use sstp_diag::jobs::lab::OwnChain;
use time::{Duration, OffsetDateTime};

/// The name that is dialled unless a row says otherwise.
pub const HOST: &str = "vpn.lab.example";

/// Everything that a row can change.
pub struct Recipe {
    pub root: CertificateParams,
    /// A CA between the root and the one that issues the leaf.
    pub upper: Option<CertificateParams>,
    pub ca: CertificateParams,
    pub leaf: CertificateParams,
    /// Kinds of keys: CA, leaf.
    pub keys: (&'static SignatureAlgorithm, &'static SignatureAlgorithm),
    /// What is sent, in that order.
    pub sends: Vec<Part>,
    /// The client trusts this; nothing: no private root at all.
    pub trusts: Option<Part>,
    /// Who issues the leaf.
    pub leaf_by: Part,
    /// Bytes replaced in the leaf after it was signed.
    pub splice: Option<(Vec<u8>, Vec<u8>)>,
    pub dialled: &'static str,
}

/// A certificate that the recipe makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Root,
    /// The root's name and key in a certificate that has ended.
    OldRoot,
    /// Another root with the name of the first.
    Namesake,
    Upper,
    Ca,
    /// The CA's name and key under another root that nobody trusts.
    Cross,
    /// A CA with the name of the first, and another key.
    CaAgain,
    Leaf,
    /// A certificate of somebody else.
    Stranger,
    /// No certificate at all.
    Garbage,
}

struct Made {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

impl Made {
    fn of(params: CertificateParams, algorithm: &'static SignatureAlgorithm, by: Option<&Made>) -> Made {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let cert = match by {
            Some(by) => params.signed_by(&key, &Issuer::from_params(&by.params, &by.key)),
            None => params.self_signed(&key),
        };
        let der = cert.expect("rcgen makes it").der().to_vec();
        Made { params, key, der }
    }
}

impl Recipe {
    /// A good chain: leaf and CA are sent, the root is trusted.
    pub fn new() -> Recipe {
        let p256 = &rcgen::PKCS_ECDSA_P256_SHA256;
        Recipe {
            root: ca_params("Root"),
            upper: None,
            ca: ca_params("CA"),
            leaf: leaf_params(),
            keys: (p256, p256),
            sends: vec![Part::Leaf, Part::Ca],
            trusts: Some(Part::Root),
            leaf_by: Part::Ca,
            splice: None,
            dialled: HOST,
        }
    }

    /// Makes it.
    pub fn chain(self) -> OwnChain {
        let p256 = &rcgen::PKCS_ECDSA_P256_SHA256;
        let root = Made::of(self.root.clone(), p256, None);
        let upper = self.upper.clone().map(|params| Made::of(params, p256, Some(&root)));
        let ca = Made::of(self.ca.clone(), self.keys.0, Some(upper.as_ref().unwrap_or(&root)));
        let leaf = match self.leaf_by {
            Part::Leaf => Made::of(self.leaf.clone(), self.keys.1, None),
            Part::Root => Made::of(self.leaf.clone(), self.keys.1, Some(&root)),
            _ => Made::of(self.leaf.clone(), self.keys.1, Some(&ca)),
        };
        let part = |part: Part| match part {
            Part::Root => root.der.clone(),
            Part::OldRoot => {
                let mut params = self.root.clone();
                params.not_after = days(-1);
                params.self_signed(&root.key).expect("rcgen makes it").der().to_vec()
            }
            Part::Namesake => Made::of(self.root.clone(), p256, None).der,
            Part::Upper => upper.as_ref().expect("the recipe has one").der.clone(),
            Part::Ca => ca.der.clone(),
            Part::Cross => {
                let other = Made::of(ca_params("Unknown Root"), p256, None);
                let cross = ca.params.signed_by(&ca.key, &Issuer::from_params(&other.params, &other.key));
                cross.expect("rcgen makes it").der().to_vec()
            }
            Part::CaAgain => Made::of(self.ca.clone(), p256, Some(&root)).der,
            Part::Leaf => spliced(leaf.der.clone(), &self.splice),
            Part::Stranger => Made::of(ca_params("Stranger"), p256, None).der,
            Part::Garbage => vec![0x30, 0x03, 0x02, 0x01, 0x01],
        };
        let certs = self.sends.iter().map(|sent| part(*sent)).collect();
        let root = self.trusts.map(part);
        OwnChain { certs, key: Secret::new(leaf.key.serialize_der()), root, pages: Vec::new() }
    }
}

fn spliced(mut der: Vec<u8>, splice: &Option<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    let Some((from, to)) = splice else { return der };
    let mut start = 0;
    while let Some(at) = der[start..].windows(from.len()).position(|window| window == from) {
        der.splice(start + at..start + at + from.len(), to.iter().copied());
        start += at + to.len();
    }
    assert!(start > 0, "there is something to replace");
    der
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.crl_distribution_points = crl("http://crl.lab.example/ca.crl");
    params.use_authority_key_identifier_extension = true;
    params
}

/// A CA that is valid from a year ago for twenty years.
pub fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (days(-365), days(7300));
    params
}

fn leaf_params() -> CertificateParams {
    let mut params = params(HOST);
    params.subject_alt_names = names(&[HOST]);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (days(-1), days(89));
    params
}

/// So many days from now.
pub fn days(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}

/// Subject alternative names: addresses become iPAddress, the rest dNSName.
pub fn names(names: &[&str]) -> Vec<SanType> {
    CertificateParams::new(names.iter().map(|name| name.to_string()).collect::<Vec<_>>()).expect("names").subject_alt_names
}

/// One distribution point.
pub fn crl(uri: &str) -> Vec<CrlDistributionPoint> {
    vec![CrlDistributionPoint { uris: vec![uri.into()] }]
}

/// An extension with that content.
pub fn extension(oid: &[u64], content: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}
