//! Certificates of boxes that end TLS.

use super::streets::CONTROL;
use crate::base::Secret;
use crate::jobs::lab::pki::papers::Papers;
use crate::jobs::lab::pki::{Authority, NAME, PkiKind};
use crate::live::listen::Identity;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Whose certificate a box shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// Issued by a CA of the box.
    Foreign,
    /// Its own issuer.
    SelfSigned,
    /// Another one for the name, from the same CA.
    Trusted,
    /// The server's, with its key.
    Same,
}

impl Paper {
    /// The certificate and its key.
    pub(super) fn identity(self, authority: &Authority, servers: &Identity) -> Result<Identity, rcgen::Error> {
        match self {
            Paper::Same => Ok(servers.clone()),
            Paper::Trusted => Ok(authority.chain(PkiKind::Clean, Papers::CLEAN)?.identity),
            Paper::SelfSigned => {
                let key = KeyPair::generate()?;
                let leaf = leaf("self-signed")?.self_signed(&key)?;
                Ok(Identity { chain: vec![leaf.der().to_vec()], key: Secret::new(key.serialize_der()), ocsp: None })
            }
            Paper::Foreign => foreign(),
        }
    }
}

/// What a firewall shows that opens TLS: a leaf for the name, made on the spot, under a CA of its own.
fn foreign() -> Result<Identity, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Lab Firewall");
    params.distinguished_name.push(DnType::CommonName, "Lab Firewall inspection CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let ca_key = KeyPair::generate()?;
    let ca = params.self_signed(&ca_key)?;
    let issuer = Issuer::new(params, ca_key);
    let key = KeyPair::generate()?;
    let leaf = leaf(NAME)?.signed_by(&key, &issuer)?;
    let chain = vec![leaf.der().to_vec(), ca.der().to_vec()];
    Ok(Identity { chain, key: Secret::new(key.serialize_der()), ocsp: None })
}

fn leaf(common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec![NAME.to_string(), CONTROL.to_string()])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}
