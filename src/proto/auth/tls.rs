//! TLS without a socket: rustls fed with what EAP carries, at both ends. RFC 5216, RFC 9190, RFC 9427.

use super::judge::{Judge, Sight};
use super::settings::{EapClient, Identity, Versions};
use crate::transcript::Inner;
use crate::wire::eap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, ClientConnection, Connection, Error, ProtocolVersion, RootCertStore, ServerConfig};
use rustls::{ServerConnection, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

/// One end of the TLS connection within EAP.
#[derive(Debug)]
pub(super) struct Tls {
    connection: Connection,
    sight: Arc<Sight>,
}

/// What TLS yields at its end: the first half is the MSK of RFC 5216 2.3.
pub(super) type KeyMaterial = [u8; 128];

impl Tls {
    /// The client's end.
    pub fn client(config: &EapClient) -> Result<Tls, Error> {
        let sight = Arc::new(Sight::default());
        let judge = Arc::new(Judge::new(config, sight.clone())?);
        let versions: &[&SupportedProtocolVersion] = match config.versions {
            Versions::Both => rustls::ALL_VERSIONS,
            Versions::Tls12 => &[&rustls::version::TLS12],
            Versions::Tls13 => &[&rustls::version::TLS13],
        };
        let mut tls = ClientConfig::builder_with_details(provider(), Arc::new(Now(config.now_unix)))
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(judge.clone())
            .with_client_cert_resolver(judge);
        tls.resumption = rustls::client::Resumption::disabled();
        tls.enable_sni = false;
        // Not sent: there is no name to dial within EAP.
        let name = ServerName::IpAddress(rustls::pki_types::IpAddr::V4(rustls::pki_types::Ipv4Addr::from([0; 4])));
        Ok(Tls { connection: ClientConnection::new(Arc::new(tls), name)?.into(), sight })
    }

    /// The server's end.
    pub fn server(config: Arc<ServerConfig>) -> Result<Tls, Error> {
        Ok(Tls { connection: ServerConnection::new(config)?.into(), sight: Arc::default() })
    }

    /// TLS bytes came; what was in them for the layer above.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut plain = Vec::new();
        while !bytes.is_empty() {
            // Reading from a slice cannot fail; what rustls has no room for it says as an error of its own.
            if self.connection.read_tls(&mut bytes).map_err(|error| Error::General(error.to_string()))? == 0 {
                break;
            }
            let state = self.connection.process_new_packets()?;
            let mut chunk = vec![0; state.plaintext_bytes_to_read()];
            let _ = self.connection.reader().read_exact(&mut chunk);
            plain.extend(chunk);
        }
        Ok(plain)
    }

    /// Plaintext for the other end.
    pub fn write(&mut self, plain: &[u8]) {
        let _ = self.connection.writer().write_all(plain);
    }

    /// TLS bytes for the other end.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.connection.wants_write() {
            // Writing to a vector cannot fail.
            if self.connection.write_tls(&mut bytes).unwrap_or(0) == 0 {
                break;
            }
        }
        bytes
    }

    /// The handshake is not through yet.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// TLS 1.3 was agreed on.
    pub fn is_tls13(&self) -> bool {
        self.connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
    }

    /// What both ends derive from the handshake: RFC 5216 2.3 for TLS 1.2, RFC 9190 2.3 and RFC 9427 2.1 for TLS 1.3.
    pub fn key_material(&self, kind: u8) -> Result<KeyMaterial, Error> {
        match self.is_tls13() {
            true => self.connection.export_keying_material([0; 128], EXPORTER_LABEL, Some(&[kind])),
            false => self.connection.export_keying_material([0; 128], PRF_LABEL, None),
        }
    }

    /// What was agreed on.
    pub fn agreed(&self) -> Inner {
        let version = if self.is_tls13() { "TLS 1.3" } else { "TLS 1.2" };
        let suite = self.connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
        Inner::Agreed { version: version.into(), cipher: suite.replacen("TLS13_", "TLS_", 1) }
    }

    /// What the handshake showed since last asked.
    pub fn sight(&self) -> Vec<Inner> {
        self.sight.take()
    }

    /// Why our judgement refused the server.
    pub fn refused(&self) -> Option<String> {
        self.sight.refused()
    }
}

/// The server's configuration; with roots it demands a client certificate.
pub(super) fn server_config(
    identity: &Identity,
    clients: Option<(RootCertStore, Option<CertificateError>)>,
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ServerConfig>, Error> {
    let builder = ServerConfig::builder_with_details(provider(), time).with_protocol_versions(rustls::ALL_VERSIONS)?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some((roots, refuses)) => {
            let webpki = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
            let webpki = webpki.map_err(|error| Error::General(error.to_string()))?;
            builder.with_client_cert_verifier(super::judge::doorkeeper(webpki, refuses))
        }
    };
    let mut config = builder.with_single_cert(chain(identity), key(identity)?)?;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

pub(super) fn chain(identity: &Identity) -> Vec<CertificateDer<'static>> {
    identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect()
}

pub(super) fn key(identity: &Identity) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::try_from(identity.key.expose().clone()).map_err(|says| Error::General(says.to_string()))
}

/// Whether this chain and key fit each other and can be used; says why not.
pub fn usable(identity: &Identity) -> Result<(), Error> {
    rustls::sign::CertifiedKey::from_der(chain(identity), key(identity)?, &provider()).map(|_| ())
}

/// A present that stands still, seconds since 1970-01-01 UTC: no clock is read on this floor.
#[derive(Debug)]
pub struct Now(pub i64);

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.max(0).unsigned_abs())))
    }
}

/// RFC 5216 2.3.
const PRF_LABEL: &[u8] = b"client EAP encryption";
/// RFC 9190 2.3; the context is the type number of the method.
const EXPORTER_LABEL: &[u8] = b"EXPORTER_EAP_TLS_Key_Material";
/// RFC 9190 2.5: what a server says when it has nothing more to say.
pub(super) const COMMITMENT: [u8; 1] = [0];
/// Methods with TLS that are spoken here.
pub(super) const SPOKEN: [u8; 2] = [eap::TLS, eap::PEAP];
