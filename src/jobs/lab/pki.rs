//! The lab's certificates: root, intermediate, leaf, sound or spoilt, made in memory at start.

pub mod fixed;
pub mod papers;

use crate::base::{Secret, base64};
use crate::live::listen::{Identity, Page};
use crate::proto::auth::Identity as EapIdentity;
use crate::proto::plan::CertHashes;
use aws_lc_rs::digest;
use papers::{Papers, Place, Signers};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CrlDistributionPoint, CustomExtension, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use time::{Duration, OffsetDateTime};

/// The name on the lab's certificate.
pub const NAME: &str = "vpn.lab.example";

/// What is right or wrong with a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PkiKind {
    /// Nothing is wrong.
    #[default]
    Clean,
    /// The leaf ended 30 days ago.
    ExpiredLeaf,
    /// The leaf begins in 30 days.
    NotYetValid,
    /// The leaf ends before it begins.
    DatesReversed,
    /// The leaf is a CA.
    LeafIsCa,
    /// The leaf is of the year 2049.
    Of2049,
    /// The intermediate ended 30 days ago.
    ExpiredIntermediate,
    /// The leaf bears another name.
    WrongName,
    /// The name stands only in the subject, there is no SAN.
    CnOnly,
    /// The leaf bears DNS names and no address.
    DnsOnly,
    /// `*.example`, one label too few for the lab's name.
    WildcardDepth,
    /// The leaf is its own issuer.
    SelfSigned,
    /// The leaf alone is sent.
    MissingIntermediate,
    /// The only purpose is clientAuth.
    ClientAuthOnly,
    /// There is no extended key usage, which allows every purpose.
    NoEku,
    /// The only purpose is anyExtendedKeyUsage.
    AnyEku,
    /// Leaf, root, intermediate.
    WrongOrder,
    /// Intermediate, leaf.
    CaFirst,
    /// A certificate of another PKI goes with the chain.
    ExtraCertificate,
    /// The intermediate is no CA.
    NonCaIntermediate,
    /// An intermediate more than the one above it allows.
    PathTooLong,
    /// The intermediate may only issue for another domain.
    NameConstrained,
    /// The intermediate demands a certificate policy, and the leaf has none.
    PolicyDemanded,
    /// Neither CRL nor OCSP is named.
    NoRevocation,
    /// The CRL is only in a directory of the domain.
    LdapCrl,
    /// No certificate is sent at all.
    NoneSent,
    /// The key usage of the leaf is no DER.
    Damaged,
    /// A bit of the signature on the leaf is turned.
    Forged,
    /// The leaf names a signature algorithm that nobody has defined.
    OddSignature,
    /// The key of the leaf may only sign CRLs.
    WrongKeyUsage,
    /// The leaf ends in 5 days.
    EndsIn5Days,
    /// The leaf ends in 20 days.
    EndsIn20Days,
    /// The leaf is valid for three years.
    ThreeYears,
    /// The leaf has an RSA key.
    RsaLeaf,
    /// The leaf has an Ed25519 key.
    Ed25519Leaf,
    /// The leaf has a critical extension that nobody knows.
    UnknownCritical,
}

impl PkiKind {
    /// All kinds.
    pub const ALL: [PkiKind; 36] = [
        PkiKind::Clean,
        PkiKind::ExpiredLeaf,
        PkiKind::NotYetValid,
        PkiKind::DatesReversed,
        PkiKind::LeafIsCa,
        PkiKind::Of2049,
        PkiKind::ExpiredIntermediate,
        PkiKind::WrongName,
        PkiKind::CnOnly,
        PkiKind::DnsOnly,
        PkiKind::WildcardDepth,
        PkiKind::SelfSigned,
        PkiKind::MissingIntermediate,
        PkiKind::ClientAuthOnly,
        PkiKind::NoEku,
        PkiKind::AnyEku,
        PkiKind::WrongOrder,
        PkiKind::CaFirst,
        PkiKind::ExtraCertificate,
        PkiKind::NonCaIntermediate,
        PkiKind::PathTooLong,
        PkiKind::NameConstrained,
        PkiKind::PolicyDemanded,
        PkiKind::NoRevocation,
        PkiKind::LdapCrl,
        PkiKind::NoneSent,
        PkiKind::Damaged,
        PkiKind::Forged,
        PkiKind::OddSignature,
        PkiKind::WrongKeyUsage,
        PkiKind::EndsIn5Days,
        PkiKind::EndsIn20Days,
        PkiKind::ThreeYears,
        PkiKind::RsaLeaf,
        PkiKind::Ed25519Leaf,
        PkiKind::UnknownCritical,
    ];

    /// Nothing is wrong with the names on the leaf.
    fn bears_the_names(self) -> bool {
        !matches!(self, PkiKind::WrongName | PkiKind::CnOnly | PkiKind::WildcardDepth)
    }
}

/// A chain as a server sends it.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Certificates and the leaf's key.
    pub identity: Identity,
    /// Hashes of the leaf, for crypto binding.
    pub hashes: CertHashes,
    /// What the certificates point to.
    pub pages: Vec<Page>,
}

impl From<&super::OwnChain> for Chain {
    fn from(own: &super::OwnChain) -> Chain {
        let hashes = own.certs.first().map_or_else(CertHashes::default, |leaf| hashes(leaf));
        let key = Secret::new(own.key.expose().clone());
        Chain { identity: Identity { chain: own.certs.clone(), key, ocsp: None }, hashes, pages: own.pages.clone() }
    }
}

/// The root of the lab, under which chains of every kind are issued.
pub struct Authority {
    root: Ca,
    now: OffsetDateTime,
    /// Where lists and answers are served: `http://127.0.0.1:port`.
    base: String,
    /// More names for leaves that bear the lab's own.
    names: Vec<SanType>,
}

/// A CA certificate and what signs in its name.
struct Ca {
    cert: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A fresh root. `now_unix_ms` is the present time, `base` where lists and answers will be served (`http://host:port`).
    pub fn new(now_unix_ms: i64, base: impl Into<String>) -> Result<Authority, rcgen::Error> {
        let now = OffsetDateTime::from_unix_timestamp(now_unix_ms / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Ok(Authority { root: self_signed(ca_params("sstp-diag lab root", now))?, now, base: base.into(), names: Vec::new() })
    }

    /// The same with these names and addresses on its leaves as well; what is neither is left out.
    pub fn named(mut self, names: &[String]) -> Authority {
        let name = |text: &String| match text.parse::<IpAddr>() {
            Ok(address) => Some(SanType::IpAddress(address)),
            Err(_) => text.as_str().try_into().ok().map(SanType::DnsName),
        };
        self.names = names.iter().filter_map(name).collect();
        self
    }

    /// The root, DER.
    pub fn root_der(&self) -> Vec<u8> {
        self.root.cert.der().to_vec()
    }

    /// The root, PEM.
    pub fn root_pem(&self) -> String {
        self.root.cert.pem()
    }

    /// A chain of that kind, with these papers.
    pub fn chain(&self, kind: PkiKind, papers: Papers) -> Result<Chain, rcgen::Error> {
        let place = Place { base: &self.base, papers };
        let intermediate = issue(&self.root, intermediate_params(kind, self.now, &place))?;
        let below = match kind {
            PkiKind::PathTooLong => Some(issue(&intermediate, second_params(self.now, &place))?),
            _ => None,
        };
        let key = match kind {
            PkiKind::RsaLeaf => KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?,
            PkiKind::Ed25519Leaf => KeyPair::generate_for(&rcgen::PKCS_ED25519)?,
            _ => KeyPair::generate()?,
        };
        let mut params = leaf_params(kind, self.now, &place);
        if kind.bears_the_names() {
            params.subject_alt_names.extend(self.names.iter().cloned());
        }
        let leaf = match kind {
            PkiKind::SelfSigned => params.self_signed(&key)?,
            _ => params.signed_by(&key, &below.as_ref().unwrap_or(&intermediate).issuer)?,
        };
        let between = below.iter().chain([&intermediate]).map(|ca| ca.cert.der().to_vec()).collect();
        let leaf = spoilt(kind, leaf.der().to_vec());
        let signers = Signers { root: &self.root, intermediate: below.as_ref().unwrap_or(&intermediate), leaf: &leaf, now: self.now };
        // A CA that may not sign lists has none.
        let pages = if kind == PkiKind::NonCaIntermediate { Vec::new() } else { signers.pages(papers)? };
        let ocsp = papers.staple.map(|staple| signers.ocsp(staple)).transpose()?;
        let hashes = hashes(&leaf);
        let chain = self.in_order(kind, leaf, between)?;
        Ok(Chain { identity: Identity { chain, key: Secret::new(key.serialize_der()), ocsp }, hashes, pages })
    }

    /// The present time.
    pub(super) fn now(&self) -> OffsetDateTime {
        self.now
    }

    /// A certificate of any kind under the root, with a fresh key.
    pub(super) fn sign(&self, params: CertificateParams) -> Result<EapIdentity, rcgen::Error> {
        let key = KeyPair::generate()?;
        let cert = params.signed_by(&key, &self.root.issuer)?;
        Ok(EapIdentity { chain: vec![cert.der().to_vec()], key: Secret::new(key.serialize_der()) })
    }

    fn in_order(&self, kind: PkiKind, leaf: Vec<u8>, between: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, rcgen::Error> {
        let mut chain = vec![leaf];
        match kind {
            PkiKind::NoneSent => chain.clear(),
            PkiKind::SelfSigned | PkiKind::MissingIntermediate => {}
            PkiKind::WrongOrder => {
                chain.push(self.root_der());
                chain.extend(between);
            }
            PkiKind::CaFirst => {
                chain.extend(between);
                chain.reverse();
            }
            PkiKind::ExtraCertificate => {
                let stranger = ca_params("a certificate of somebody else", self.now).self_signed(&KeyPair::generate()?)?;
                chain.extend(between);
                chain.push(stranger.der().to_vec());
            }
            _ => chain.extend(between),
        }
        Ok(chain)
    }
}

fn issue(above: &Ca, params: CertificateParams) -> Result<Ca, rcgen::Error> {
    let key = KeyPair::generate()?;
    let cert = params.signed_by(&key, &above.issuer)?;
    Ok(Ca { cert, issuer: Issuer::new(params, key) })
}

fn self_signed(params: CertificateParams) -> Result<Ca, rcgen::Error> {
    let key = KeyPair::generate()?;
    let cert = params.self_signed(&key)?;
    Ok(Ca { cert, issuer: Issuer::new(params, key) })
}

/// The leaf with what no CA would make.
fn spoilt(kind: PkiKind, mut der: Vec<u8>) -> Vec<u8> {
    match kind {
        // RFC 5280 4.1: the signature comes last.
        PkiKind::Forged => der.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1),
        PkiKind::OddSignature => {
            while let Some(at) = der.windows(ECDSA_SHA256.len()).position(|window| window == ECDSA_SHA256) {
                der.splice(at..at + ECDSA_SHA256.len(), ECDSA_UNDEFINED);
            }
        }
        _ => {}
    }
    der
}

/// A certificate as PEM. RFC 7468 5.
pub(super) fn pem(der: &[u8]) -> String {
    let coded = base64(der);
    let lines: Vec<&str> = coded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// The hashes of a certificate that crypto binding uses. MS-SSTP 2.2.7.
fn hashes(der: &[u8]) -> CertHashes {
    let mut hashes = CertHashes::default();
    hashes.sha1.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref());
    hashes.sha256.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
    hashes
}

fn ca_params(name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "sstp-diag lab");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (now - Duration::days(365), now + Duration::days(36500));
    params
}

fn intermediate_params(kind: PkiKind, now: OffsetDateTime, place: &Place<'_>) -> CertificateParams {
    let mut params = ca_params(INTERMEDIATE, now);
    params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![place.ca_crl()] }];
    match kind {
        PkiKind::ExpiredIntermediate => params.not_after = now - Duration::days(30),
        PkiKind::NonCaIntermediate => {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }
        PkiKind::PathTooLong => params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)),
        PkiKind::NameConstrained => {
            let permitted_subtrees = vec![GeneralSubtree::DnsName("another.example".into())];
            params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        }
        PkiKind::PolicyDemanded => {
            let mut demand = CustomExtension::from_oid_content(POLICY_CONSTRAINTS, EXPLICIT_POLICY.to_vec());
            demand.set_criticality(true);
            params.custom_extensions = vec![CustomExtension::from_oid_content(POLICIES, ONE_POLICY.to_vec()), demand];
        }
        PkiKind::NoRevocation => params.crl_distribution_points.clear(),
        _ => {}
    }
    params
}

/// A CA below the intermediate, which has its list at no address.
fn second_params(now: OffsetDateTime, _: &Place<'_>) -> CertificateParams {
    ca_params("sstp-diag lab second intermediate", now)
}

fn leaf_params(kind: PkiKind, now: OffsetDateTime, place: &Place<'_>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, if kind == PkiKind::WrongName { OTHER_NAME } else { NAME });
    params.key_usages = match kind {
        PkiKind::Damaged => Vec::new(),
        PkiKind::WrongKeyUsage => vec![KeyUsagePurpose::CrlSign],
        _ => vec![KeyUsagePurpose::DigitalSignature],
    };
    params.use_authority_key_identifier_extension = true;
    params.is_ca = if kind == PkiKind::LeafIsCa { IsCa::Ca(BasicConstraints::Constrained(0)) } else { IsCa::ExplicitNoCa };
    params.subject_alt_names = names(kind);
    if kind == PkiKind::Damaged {
        params.custom_extensions = vec![CustomExtension::from_oid_content(KEY_USAGE, vec![0xff])];
    }
    params.extended_key_usages = match kind {
        PkiKind::ClientAuthOnly => vec![ExtendedKeyUsagePurpose::ClientAuth],
        PkiKind::NoEku => Vec::new(),
        PkiKind::AnyEku => vec![ExtendedKeyUsagePurpose::Any],
        _ => vec![ExtendedKeyUsagePurpose::ServerAuth],
    };
    params.crl_distribution_points = match kind {
        PkiKind::NoRevocation => Vec::new(),
        PkiKind::LdapCrl => vec![CrlDistributionPoint { uris: vec![LDAP_CRL.into()] }],
        _ => place.crl().map(|url| CrlDistributionPoint { uris: vec![url] }).into_iter().collect(),
    };
    if kind == PkiKind::UnknownCritical {
        let mut unknown = CustomExtension::from_oid_content(NOBODYS, vec![5, 0]);
        unknown.set_criticality(true);
        params.custom_extensions.push(unknown);
    }
    params.custom_extensions.extend(place.extensions());
    (params.not_before, params.not_after) = validity(kind, now);
    params
}

/// Baseline Requirements 6.3.2: 397 days at most; ours lasts 90.
fn validity(kind: PkiKind, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
    match kind {
        PkiKind::ExpiredLeaf => (now - Duration::days(120), now - Duration::days(30)),
        PkiKind::NotYetValid => (now + Duration::days(30), now + Duration::days(120)),
        PkiKind::DatesReversed => (now + Duration::days(30), now - Duration::days(30)),
        PkiKind::Of2049 => (rcgen::date_time_ymd(2049, 1, 1), rcgen::date_time_ymd(2049, 12, 31)),
        PkiKind::EndsIn5Days => (now - Duration::days(85), now + Duration::days(5)),
        PkiKind::EndsIn20Days => (now - Duration::days(340), now + Duration::days(20)),
        PkiKind::ThreeYears => (now - Duration::days(1), now + Duration::days(3 * 365)),
        _ => (now - Duration::days(1), now + Duration::days(89)),
    }
}

fn names(kind: PkiKind) -> Vec<SanType> {
    let dns = |name: &str| name.try_into().map(SanType::DnsName);
    let (names, addresses): (&[&str], bool) = match kind {
        PkiKind::WrongName => (&[OTHER_NAME], false),
        PkiKind::CnOnly => (&[], false),
        PkiKind::WildcardDepth => (&["*.example"], false),
        PkiKind::DnsOnly => (&[NAME, "localhost"], false),
        _ => (&[NAME, "localhost"], true),
    };
    let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].into_iter().filter(|_| addresses);
    // Every name above is ASCII, so none is lost here.
    names.iter().filter_map(|name| dns(name).ok()).chain(addresses.map(SanType::IpAddress)).collect()
}

const INTERMEDIATE: &str = "sstp-diag lab intermediate";
const OTHER_NAME: &str = "mail.lab.example";
/// RFC 5280 4.2.1.3.
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
/// RFC 5612: the enterprise number for examples.
const NOBODYS: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 1];
/// RFC 5758 3.2: ecdsa-with-SHA256 in DER.
const ECDSA_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// A number behind those of RFC 5758 3.2 that nobody has given away, in DER.
const ECDSA_UNDEFINED: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x7f];
/// RFC 5280 4.2.1.4, 4.2.1.11: the OIDs, a policy of the example enterprise, and requireExplicitPolicy 0.
const POLICIES: &[u64] = &[2, 5, 29, 32];
const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
const ONE_POLICY: [u8; 14] = [0x30, 12, 0x30, 10, 6, 8, 0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59];
const EXPLICIT_POLICY: [u8; 5] = [0x30, 3, 0x80, 1, 0];
const LDAP_CRL: &str = "ldap:///CN=lab,CN=CDP,CN=Public%20Key%20Services,DC=lab,DC=example?certificateRevocationList";

#[cfg(test)]
mod tests;
