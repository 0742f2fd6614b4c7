//! The judgement on certificates within EAP, while the handshake runs: a client that does not trust the server must not go on,
//! for what guards the password is this certificate.

use super::settings::{EapClient, Identity, Roots};
use super::tls::{chain, key, provider};
use crate::base::Bytes;
use crate::crypto::chain::{self, Anchor, ChainVerdict, Rule};
use crate::transcript::Inner;
use crate::wire::cert::Cert;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a handshake showed.
#[derive(Debug, Default)]
pub(super) struct Sight(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    inner: Vec<Inner>,
    refused: Option<String>,
}

impl Sight {
    pub fn take(&self) -> Vec<Inner> {
        std::mem::take(&mut self.seen().inner)
    }

    pub fn refused(&self) -> Option<String> {
        self.seen().refused.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The client's judgement on the EAP server, and its own certificate.
#[derive(Debug)]
pub(super) struct Judge {
    trust: Option<Arc<dyn Roots>>,
    name: Option<String>,
    now_unix: i64,
    identity: Option<Arc<CertifiedKey>>,
    sight: Arc<Sight>,
}

impl Judge {
    pub fn new(config: &EapClient, sight: Arc<Sight>) -> Result<Judge, Error> {
        let certified = |identity: &Identity| CertifiedKey::from_der(chain(identity), key(identity)?, &provider());
        Ok(Judge {
            trust: config.trust.clone(),
            name: config.server_name.clone(),
            now_unix: config.now_unix,
            identity: config.identity.as_ref().map(certified).transpose()?.map(Arc::new),
            sight,
        })
    }

    fn verdict(&self, certs: &[Cert], anchors: &[Anchor]) -> ChainVerdict {
        let mut verdict = chain::judge(certs, anchors, self.name.as_deref().unwrap_or_default(), self.now_unix);
        // Before the tunnel is up a client cannot ask for revocation, and without a name in the profile it asks for none.
        verdict.problems.retain(|problem| !REVOCATION.contains(&problem.rule) && (self.name.is_some() || !NAMES.contains(&problem.rule)));
        verdict
    }

    /// The first source that trusts the chain decides; else the one whose root it reaches tells what is wrong.
    fn weigh(&self, ders: Vec<Bytes>) -> Result<(), CertificateError> {
        let readable = ders.first().is_some_and(|leaf| Cert::parse(leaf).is_ok());
        let certs: Vec<Cert> = ders.iter().filter_map(|der| Cert::parse(der).ok()).collect();
        let mut seen = self.sight.seen();
        seen.inner.push(Inner::Chain { certs: ders });
        if !readable {
            seen.refused = Some("the EAP server's certificate cannot be read".into());
            return Err(CertificateError::BadEncoding);
        }
        let mut worst: Option<(bool, Rule, String)> = None;
        let mut trusted = false;
        let mut ask = |source: &str, anchors: &[Anchor]| {
            let verdict = self.verdict(&certs, anchors);
            let reaches = verdict.anchor.is_some();
            let broken = verdict.in_the_way().map(|it| (it.rule, it.says.clone()));
            seen.inner.push(Inner::Trust { source: source.into(), name: self.name.clone(), verdict });
            trusted = broken.is_none();
            if let Some((rule, says)) = broken.filter(|_| worst.as_ref().is_none_or(|(known, ..)| reaches && !known)) {
                worst = Some((reaches, rule, says));
            }
            trusted
        };
        if let Some(roots) = &self.trust {
            roots.each(&mut ask);
        }
        if trusted {
            return Ok(());
        }
        let (_, rule, says) = worst.unwrap_or((false, Rule::UntrustedRoot, "cannot be trusted: no roots were given".into()));
        seen.refused = Some(format!("the EAP server's certificate {says}"));
        Err(error(rule))
    }
}

/// What our refusal looks like on the wire: rustls makes the alert from it. RFC 8446 6.2.
fn error(rule: Rule) -> CertificateError {
    match rule {
        Rule::Expired => CertificateError::Expired,
        Rule::NotYetValid => CertificateError::NotValidYet,
        Rule::NameMismatch | Rule::WildcardDepth | Rule::IpNotInSan => CertificateError::NotValidForName,
        Rule::SelfSigned | Rule::UntrustedRoot | Rule::MissingIntermediate => CertificateError::UnknownIssuer,
        Rule::EkuMissing | Rule::KeyUsage => CertificateError::InvalidPurpose,
        Rule::BadSignature => CertificateError::BadSignature,
        _ => CertificateError::ApplicationVerificationFailure,
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ders = std::iter::once(leaf).chain(others).map(|cert| Bytes::from(cert.as_ref())).collect();
        self.weigh(ders).map(|()| ServerCertVerified::assertion()).map_err(Error::InvalidCertificate)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, leaf, signed, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, leaf, signed, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Judge {
    fn resolve(&self, _roots: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let sent = self.identity.as_ref().map_or(0, |identity| identity.cert.len());
        self.sight.seen().inner.push(Inner::ClientCertificate { sent });
        self.identity.clone()
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

/// The server's judgement on client certificates: webpki's, or always the refusal that the lab was asked for.
pub(super) fn doorkeeper(webpki: Arc<dyn ClientCertVerifier>, refuses: Option<CertificateError>) -> Arc<dyn ClientCertVerifier> {
    match refuses {
        None => webpki,
        Some(error) => Arc::new(Refuser { webpki, error }),
    }
}

#[derive(Debug)]
struct Refuser {
    webpki: Arc<dyn ClientCertVerifier>,
    error: CertificateError,
}

impl ClientCertVerifier for Refuser {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Err(Error::InvalidCertificate(self.error.clone()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Rules about the name.
const NAMES: [Rule; 4] = [Rule::NameMismatch, Rule::WildcardDepth, Rule::CnOnly, Rule::IpNotInSan];
/// Rules about revocation.
const REVOCATION: [Rule; 2] = [Rule::NoRevocationInfo, Rule::CrlLdapOnly];
