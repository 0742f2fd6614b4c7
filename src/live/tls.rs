//! The TLS handshake by rustls with a verifier that records everything and never aborts.

mod failure;
mod signature;
mod verifier;

pub use failure::{Failure, classify};
pub use signature::Signature;

use super::drive;
use super::keylog::KeyLogs;
use super::notes::{Notes, timed_out};
use super::tap::Tap;
use crate::base::{Bytes, Layer, Side};
use crate::transcript::{Reason, Secured, TlsFailure, What};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a handshake needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's name; sent as SNI when it is a DNS name.
    pub server_name: String,
    /// Where session keys go.
    pub keylog: Arc<KeyLogs>,
    /// Protocols for ALPN; nothing leaves it out, as SSTP clients do. RFC 7301 3.1.
    pub alpn: Vec<Vec<u8>>,
}

/// A handshake that came through.
#[derive(Debug)]
pub struct Secure {
    /// The plaintext stream.
    pub stream: TlsStream<Tap>,
    /// What was agreed on.
    pub secured: Secured,
    /// The certificates as sent, DER, leaf first.
    pub certs: Vec<Bytes>,
    /// The OCSP answer that came with them; empty when none did. RFC 6066 8.
    pub ocsp: Bytes,
    /// Whether the server proved that it holds the leaf's key.
    pub signature: Signature,
}

impl Secure {
    /// The leaf's DER; empty when the server sent no certificate, which TLS does not allow.
    pub fn leaf(&self) -> &[u8] {
        self.certs.first().map(|cert| &cert[..]).unwrap_or_default()
    }

    /// The alert of a server that asked for a certificate and got none: with TLS 1.3 it comes when the handshake is through for us. Only
    /// such a server is waited for. RFC 8446 4.4.2.4.
    pub async fn refused_late(&mut self) -> Option<u8> {
        if !self.secured.client_cert_requested || self.secured.version != "TLS 1.3" {
            return None;
        }
        let mut byte = [0];
        let read = tokio::time::timeout(REFUSES_WITHIN, tokio::io::AsyncReadExt::read(&mut self.stream, &mut byte)).await;
        drive::alert(&read.ok()?.err()?)
    }

    /// close_notify and FIN, without waiting long for either.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(CLOSING, tokio::io::AsyncWriteExt::shutdown(&mut self.stream)).await;
    }
}

/// One handshake, noted on [`Layer::Tls`]; `from` is the server's address where it is known.
pub async fn secure(
    tap: Tap,
    settings: &Settings,
    from: Option<SocketAddr>,
    within: Duration,
    notes: &mut Notes<'_>,
) -> Result<Secure, TlsFailure> {
    notes.began(Layer::Tls);
    match handshake(tap, settings, within).await {
        Ok(secure) => {
            notes.note(Some(Side::Server), Layer::Tls, What::Secured(secure.secured.clone()));
            note_chain(&secure.certs, from, notes);
            notes.up(Layer::Tls);
            Ok(secure)
        }
        Err(failure) => {
            note_failure(&failure, from, within, notes);
            Err(failure.failure)
        }
    }
}

/// One handshake; nothing is noted.
pub async fn handshake(tap: Tap, settings: &Settings, within: Duration) -> Result<Secure, Box<Failure>> {
    let recorder = Arc::new(verifier::Recorder::default());
    let (name, sni) = server_name(&settings.server_name);
    let seen = tap.seen();
    let connector = TlsConnector::from(Arc::new(config(&recorder, settings)));
    let error = match tokio::time::timeout(within, connector.connect(name, tap)).await {
        Ok(Ok(stream)) => {
            let record = recorder.take();
            let secured = agreed(&stream, sni, &record);
            return Ok(Secure { stream, secured, certs: record.certs, ocsp: record.ocsp, signature: record.signature });
        }
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    Err(Box::new(Failure::new(error, &seen, recorder.take().certs)))
}

fn config(recorder: &Arc<verifier::Recorder>, settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the default provider has suites for TLS 1.2 and TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_client_cert_resolver(recorder.clone());
    config.resumption = rustls::client::Resumption::disabled();
    config.key_log = settings.keylog.clone();
    config.alpn_protocols = settings.alpn.clone();
    config
}

/// The name for rustls, and for the record when it goes out as SNI. RFC 6066 3: addresses are not sent, nor a final dot.
fn server_name(name: &str) -> (ServerName<'static>, Option<String>) {
    let name = name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    match ServerName::try_from(name.to_string()) {
        Ok(ServerName::DnsName(dns)) => {
            let sni = dns.as_ref().to_string();
            (ServerName::DnsName(dns), Some(sni))
        }
        Ok(other) => (other, None),
        Err(_) => (ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4]))), None),
    }
}

fn agreed(stream: &TlsStream<Tap>, sni: Option<String>, record: &verifier::Record) -> Secured {
    let tls = stream.get_ref().1;
    let version = match tls.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_string(),
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_string(),
        other => format!("{other:?}"),
    };
    let suite = tls.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
    Secured {
        version,
        cipher: suite.replacen("TLS13_", "TLS_", 1),
        group: tls.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
        alpn: tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        sni,
        client_cert_requested: record.client_cert_requested,
        ocsp_stapled: (!record.ocsp.is_empty()).then_some(record.ocsp.len()),
        staple: Bytes::default(),
        signed_with: record.signed_with,
    }
}

fn note_chain(certs: &[Bytes], from: Option<SocketAddr>, notes: &mut Notes<'_>) {
    let chain = What::Chain { from, certs: certs.to_vec(), aside: false };
    notes.note(Some(Side::Server), Layer::Tls, chain);
}

fn note_failure(failure: &Failure, from: Option<SocketAddr>, within: Duration, notes: &mut Notes<'_>) {
    if !failure.certs.is_empty() {
        note_chain(&failure.certs, from, notes);
    }
    if let TlsFailure::Alert(description) = failure.failure {
        notes.note(Some(Side::Server), Layer::Tls, What::Alert { description });
    }
    let what = What::Unsecured { failure: failure.failure, says: failure.says.clone() };
    notes.note_raw(Some(Side::Server), Layer::Tls, what, Bytes::from(&failure.first[..]));
    let says = failure.says.clone();
    let reason = match failure.failure {
        TlsFailure::Alert(_) => Reason::Refused(says),
        TlsFailure::PlainHttp | TlsFailure::NotTls | TlsFailure::NoCertificate | TlsFailure::Other => Reason::Violated(says),
        TlsFailure::Unsupported => Reason::Unwilling(says),
        TlsFailure::Reset | TlsFailure::Closed => Reason::Closed(failure.how()),
        TlsFailure::TimedOut => timed_out("end of the TLS handshake", within),
    };
    notes.down(Layer::Tls, reason);
}

/// Ours: close_notify and FIN may take so long to be written.
pub(super) const CLOSING: Duration = Duration::from_secs(1);
/// Ours: a server that insists on a certificate says so within this time.
const REFUSES_WITHIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
