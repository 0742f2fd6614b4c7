//! TLS over memory: configurations of both ends, made once, and the keys as they become known.

use super::GenerateError;
use crate::base::hex;
use crate::jobs::lab::pki::papers::Papers;
use crate::jobs::lab::pki::{Authority, NAME, PkiKind};
use crate::proto::plan::CertHashes;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CipherSuite, ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Version and cipher of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name on the command line.
    pub name: &'static str,
    tls13: bool,
    suite: CipherSuite,
}

/// All that can be asked for, the usual one first.
pub const SUITES: [Suite; 6] = [
    Suite { name: "tls13-aes128", tls13: true, suite: CipherSuite::TLS13_AES_128_GCM_SHA256 },
    Suite { name: "tls13-aes256", tls13: true, suite: CipherSuite::TLS13_AES_256_GCM_SHA384 },
    Suite { name: "tls13-chacha20", tls13: true, suite: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 },
    Suite { name: "tls12-aes128", tls13: false, suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 },
    Suite { name: "tls12-aes256", tls13: false, suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 },
    Suite { name: "tls12-chacha20", tls13: false, suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 },
];

impl Suite {
    /// TLS 1.3 with AES-128-GCM.
    pub const USUAL: Suite = SUITES[0];

    /// The suite of that name.
    pub fn named(name: &str) -> Option<Suite> {
        SUITES.into_iter().find(|suite| suite.name == name)
    }

    /// Its keys can be changed on the way. RFC 8446 4.6.3.
    pub fn updates_keys(self) -> bool {
        self.tls13
    }
}

/// Both ends.
pub(super) struct Tls {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    /// Hashes of the server's leaf.
    pub hashes: CertHashes,
    keys: Arc<Keys>,
}

impl Tls {
    /// A server with a fresh certificate, and a client that trusts it. Whichever end knows the keys first logs them:
    /// in TLS 1.3 the server (RFC 8446 7.1), in TLS 1.2 the client (RFC 5246 8.1).
    pub fn new(suite: Suite, began_unix_s: u64) -> Result<Tls, GenerateError> {
        let authority = Authority::new(began_unix_s as i64 * 1000, NOWHERE)?;
        let chain = authority.chain(PkiKind::Clean, Papers::CLEAN)?;
        let mut provider = aws_lc_rs::default_provider();
        provider.cipher_suites.retain(|row| row.suite() == suite.suite);
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
        let provider = Arc::new(provider);
        let keys = Arc::new(Keys::default());
        let certs = chain.identity.chain.iter().cloned().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.identity.key.expose().clone()));
        let mut server = server(&provider, suite, began_unix_s)?.with_no_client_auth().with_single_cert(certs, key)?;
        server.send_tls13_tickets = 0;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.root_der()))?;
        let mut client = client(&provider, suite, began_unix_s)?.with_root_certificates(roots).with_no_client_auth();
        client.resumption = rustls::client::Resumption::disabled();
        match suite.tls13 {
            true => server.key_log = keys.clone(),
            false => client.key_log = keys.clone(),
        }
        Ok(Tls { client: Arc::new(client), server: Arc::new(server), hashes: chain.hashes, keys })
    }

    /// The client's and the server's end of a new connection.
    pub fn connect(&self) -> Result<(Connection, Connection), GenerateError> {
        let name = ServerName::try_from(NAME).map_err(|_| rustls::Error::General("the lab's name is no name".into()))?;
        let mut client = ClientConnection::new(self.client.clone(), name)?;
        let mut server = ServerConnection::new(self.server.clone())?;
        client.set_buffer_limit(None);
        server.set_buffer_limit(None);
        Ok((client.into(), server.into()))
    }

    /// The lines of the key log since the last time.
    pub fn new_keys(&self) -> zeroize::Zeroizing<String> {
        zeroize::Zeroizing::new(std::mem::take(&mut *self.keys.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

type Wants<End> = rustls::ConfigBuilder<End, rustls::WantsVerifier>;

fn server(provider: &Arc<CryptoProvider>, suite: Suite, began_unix_s: u64) -> Result<Wants<ServerConfig>, rustls::Error> {
    ServerConfig::builder_with_details(provider.clone(), Arc::new(Then(began_unix_s))).with_protocol_versions(versions(suite))
}

fn client(provider: &Arc<CryptoProvider>, suite: Suite, began_unix_s: u64) -> Result<Wants<ClientConfig>, rustls::Error> {
    ClientConfig::builder_with_details(provider.clone(), Arc::new(Then(began_unix_s))).with_protocol_versions(versions(suite))
}

fn versions(suite: Suite) -> &'static [&'static rustls::SupportedProtocolVersion] {
    static NEW: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    static OLD: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    if suite.tls13 { &NEW } else { &OLD }
}

/// The pretend time at which certificates are judged.
#[derive(Debug)]
struct Then(u64);

impl TimeProvider for Then {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

#[derive(Default)]
struct Keys(Mutex<String>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl rustls::KeyLog for Keys {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = zeroize::Zeroizing::new(format!("{label} {} {}\n", hex(client_random), hex(secret)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += &line;
    }
}

/// Revocation lists of a made capture are served nowhere.
const NOWHERE: &str = "http://127.0.0.1:1";
