//! A verifier that says yes to everything and writes down what it saw.

use super::signature::{self, Signature};
use crate::base::Bytes;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one handshake showed.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub certs: Vec<Bytes>,
    pub ocsp: Bytes,
    pub signature: Signature,
    /// Its scheme.
    pub signed_with: Option<u16>,
    pub client_cert_requested: bool,
}

/// The record of one handshake under way.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Record>);

impl Recorder {
    /// The record so far; an empty one stays behind.
    pub fn take(&self) -> Record {
        std::mem::take(&mut *self.record())
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge_signature(&self, message: &[u8], leaf: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> HandshakeSignatureValid {
        let mut record = self.record();
        record.signature = signature::judge(leaf, signed.scheme, message, signed.signature());
        record.signed_with = Some(signed.scheme.into());
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut record = self.record();
        record.certs = std::iter::once(leaf).chain(others).map(|cert| Bytes::from(cert.as_ref())).collect();
        record.ocsp = Bytes::from(ocsp);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.judge_signature(message, leaf, signed))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.judge_signature(message, leaf, signed))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        OFFERED.to_vec()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(&self, _roots: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        self.record().client_cert_requested = true;
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// What rustls would offer, then what odd servers need: RSA-PSS keys (RFC 8446 4.2.3), Ed448 and SHA-1.
const OFFERED: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
    SignatureScheme::ECDSA_SHA1_Legacy,
    SignatureScheme::RSA_PKCS1_SHA1,
];
