//! The lab's EAP server and the certificate of the client that it knows.

use super::pki::Authority;
use crate::base::Secret;
use crate::crypto::chain::Anchor;
use crate::live::clock::Clock;
use crate::proto::auth::{Cryptobinding, EapClient, EapServer, Identity};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::CertificateError;
use std::io;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// The name on the EAP server's certificate.
pub const NAME: &str = "radius.lab.example";

/// What is right or wrong with a certificate within EAP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EapCert {
    /// Nothing is wrong.
    #[default]
    Clean,
    /// It ended 30 days ago.
    Expired,
    /// It bears another name.
    OtherName,
    /// Its root is nobody's.
    StrangeRoot,
    /// It is for the other end.
    WrongPurpose,
    /// It is right, and so long that it takes several EAP packets.
    Long,
}

/// How the EAP server is set up.
#[derive(Clone, Debug, Default)]
pub struct EapSetup {
    /// Its certificate.
    pub server: EapCert,
    /// The client's certificate.
    pub client: EapCert,
    /// It refuses every client certificate for this.
    pub refuses: Option<CertificateError>,
    /// Bytes of TLS in one packet, where it is not the usual.
    pub fragment: Option<usize>,
    /// The version of PEAP.
    pub peap_version: u8,
    /// PEAP cryptobinding.
    pub cryptobinding: Cryptobinding,
    /// The type asked for inside PEAP in place of EAP-MSCHAPv2.
    pub inner_type: Option<u8>,
    /// A wrong password inside PEAP is refused without a number.
    pub keeps_silent: bool,
    /// No account belongs to the client certificate.
    pub knows_nobody: bool,
    /// It acknowledges fragments without the octet of flags.
    pub bare_acks: bool,
    /// Further roots that vouch for clients, DER.
    pub client_roots: Vec<Vec<u8>>,
}

/// Both ends of EAP with certificates under one root, for a call in memory; `None`: they cannot be made.
pub fn ends() -> Option<(EapServer, EapClient)> {
    let clock = Clock::start();
    let authority = Authority::new(clock.unix_ms(), NOWHERE).ok()?;
    let (server, identity) = make(&EapSetup::default(), &authority).ok()?;
    let root = Anchor::from_root(&authority.root_der()).ok()?;
    let client = EapClient {
        identity: Some(identity),
        trust: Some(Arc::new(vec![("lab".to_string(), vec![root])])),
        server_name: Some(NAME.into()),
        now_unix: clock.unix_ms().div_euclid(1000),
        ..EapClient::default()
    };
    Some((server, client))
}

/// The EAP server, and what its client proves itself with.
pub(super) fn make(setup: &EapSetup, authority: &Authority) -> io::Result<(EapServer, Identity)> {
    let server = certificate(authority, setup.server, NAME, ExtendedKeyUsagePurpose::ServerAuth).map_err(io::Error::other)?;
    let client = certificate(authority, setup.client, CLIENT, ExtendedKeyUsagePurpose::ClientAuth).map_err(io::Error::other)?;
    let time = Arc::new(Clock::start());
    let roots = [&[authority.root_der()][..], &setup.client_roots].concat();
    let mut made = EapServer::new(&server, &roots, setup.refuses.clone(), time).map_err(io::Error::other)?;
    made.fragment = setup.fragment.unwrap_or(made.fragment);
    (made.peap_version, made.cryptobinding) = (setup.peap_version, setup.cryptobinding);
    (made.inner_type, made.knows_certificate) = (setup.inner_type, !setup.knows_nobody);
    (made.says_why, made.bare_acks) = (!setup.keeps_silent, setup.bare_acks);
    Ok((made, client))
}

fn certificate(authority: &Authority, kind: EapCert, name: &str, usage: ExtendedKeyUsagePurpose) -> Result<Identity, rcgen::Error> {
    let now = authority.now();
    let name = if kind == EapCert::OtherName { OTHER } else { name };
    let further = (1..=if kind == EapCert::Long { FURTHER_NAMES } else { 0 }).map(|n| format!("device-{n:04}.{name}"));
    let mut params = CertificateParams::new(std::iter::once(name.to_string()).chain(further).collect::<Vec<_>>())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![match (kind, usage) {
        (EapCert::WrongPurpose, ExtendedKeyUsagePurpose::ServerAuth) => ExtendedKeyUsagePurpose::ClientAuth,
        (EapCert::WrongPurpose, _) => ExtendedKeyUsagePurpose::ServerAuth,
        (_, usage) => usage,
    }];
    (params.not_before, params.not_after) = validity(kind, now);
    match kind {
        EapCert::StrangeRoot => strange(params),
        _ => authority.sign(params),
    }
}

/// Under a root that nobody has heard of.
fn strange(params: CertificateParams) -> Result<Identity, rcgen::Error> {
    let mut root = CertificateParams::default();
    root.distinguished_name = rcgen::DistinguishedName::new();
    root.distinguished_name.push(DnType::CommonName, "a root of somebody else");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let cert = params.signed_by(&key, &Issuer::new(root, KeyPair::generate()?))?;
    Ok(Identity { chain: vec![cert.der().to_vec()], key: Secret::new(key.serialize_der()) })
}

fn validity(kind: EapCert, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
    match kind {
        EapCert::Expired => (now - Duration::days(120), now - Duration::days(30)),
        _ => (now - Duration::days(1), now + Duration::days(89)),
    }
}

/// Ours: with so many names more a certificate has some 2,500 bytes.
const FURTHER_NAMES: u32 = 70;
const CLIENT: &str = "alice.lab.example";
/// Nobody asks for a revocation list in memory.
const NOWHERE: &str = "http://127.0.0.1:1";
const OTHER: &str = "mail.lab.example";
