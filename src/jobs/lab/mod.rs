//! A complete SSTP server on loopback, sound or with faults, and what to dial to meet it.

mod blueprint;
pub mod clash;
mod dial;
pub mod eap;
pub mod fault;
mod faults;
pub mod pki;
pub mod proxy;
mod stage;

pub use dial::Dial;
pub use fault::{Fault, Makes};
pub use stage::{Scene, Stage};

use crate::base::Secret;
use crate::live::LiveError;
use crate::live::clock::Clock;
use crate::live::listen::{Listener, Page, Pages};
use crate::live::lookup::Wish;
use crate::live::wiretap::Ear;
use crate::live::witness::Witness;
use crate::proto::auth::EapServer;
use crate::proto::bug::Bug;
use crate::proto::plan::{CertHashes, Method, Plan, ServerConfig, Timers};
use crate::transcript::Transcript;
use blueprint::Blueprint;
use pki::{Authority, Chain};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// What lab is wanted.
#[derive(Clone, Debug)]
pub struct LabConfig {
    /// TCP port; 0 takes any.
    pub port: u16,
    /// Ids of faults and oddities, combined in this order.
    pub faults: Vec<String>,
    /// Defects inside the server.
    pub bugs: Vec<Bug>,
    /// Authentication methods of the server, the one offered first in front; `None`: all.
    pub methods: Option<Vec<Method>>,
    /// The server, where it is made like another one; `None`: the lab's own.
    pub server: Option<ServerConfig>,
    /// Certificates in place of those that the lab makes.
    pub own: Option<OwnChain>,
    /// Timers of the server.
    pub timers: Timers,
    /// Every random choice of the server comes from it.
    pub seed: u64,
    /// Who hears what is said on the connections that are accepted.
    pub ear: Ear,
    /// Gives back what arrived; it then is who hears.
    pub witness: Option<Witness>,
    /// It has a page at `/` too, as most servers do.
    pub page: bool,
    /// The address to listen on in place of loopback.
    pub at: Option<IpAddr>,
}

impl Default for LabConfig {
    fn default() -> Self {
        LabConfig {
            port: 0,
            faults: Vec::new(),
            bugs: Vec::new(),
            methods: None,
            server: None,
            own: None,
            timers: Timers::default(),
            seed: 1,
            ear: Ear::default(),
            witness: None,
            page: false,
            at: None,
        }
    }
}

/// Certificates from elsewhere.
#[derive(Clone, Debug)]
pub struct OwnChain {
    /// What is sent, DER, in that order.
    pub certs: Vec<Vec<u8>>,
    /// The private key, PKCS #8.
    pub key: Secret<Vec<u8>>,
    /// What the client trusts, DER; nothing: not even the lab's own root.
    pub root: Option<Vec<u8>>,
    /// What is served at the lab's web server.
    pub pages: Vec<Page>,
}

/// The lab while it runs; dropping it stops it.
#[derive(Debug)]
pub struct Lab {
    listeners: Vec<Listener>,
    proxy: Option<Listener>,
    /// Where revocation lists, OCSP answers and issuers are handed out.
    web: Listener,
    ca_pem: String,
    eap_ca_pem: String,
    dial: Dial,
}

/// The files that a probe line names.
#[derive(Clone, Copy, Debug)]
pub struct LineFiles<'a> {
    /// The root of the server.
    pub ca: &'a Path,
    /// The root of the EAP server, where it is another one.
    pub eap_ca: &'a Path,
    /// The password.
    pub password: &'a Path,
    /// The client certificate with its key.
    pub certificate: &'a Path,
}

impl Lab {
    /// Starts a lab on 127.0.0.1, and on ::1 where there is one. Needs a tokio runtime.
    pub async fn start(mut config: LabConfig) -> Result<Lab, LiveError> {
        if let Some(witness) = &config.witness {
            config.ear = Ear::new(witness.tape());
        }
        let blueprint = Blueprint::of(&config)?;
        config.own = config.own.or_else(|| blueprint.fixed.map(OwnChain::from));
        let pages = Pages::default();
        let web = Listener::web(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), pages.clone())?;
        let base = format!("http://{}", web.address());
        let authority = Authority::new(Clock::start().unix_ms(), base).map_err(no_certificate)?;
        let (eap, certificate) =
            blueprint.eap(&authority).map_err(|source| LiveError { doing: "make the EAP server", to: eap::NAME.into(), source })?;
        let listeners = listeners(&blueprint, &authority, &eap, &config, &pages).await?;
        let proxy = blueprint.proxy(listeners.first().map(Listener::address), &config).transpose()?;
        let mut dial = dial(&listeners, &authority);
        if let Some(own) = &config.own {
            dial.ca_der = own.root.iter().cloned().collect();
        }
        dial.proxy = proxy.as_ref().map(|proxy| format!("{}://{}", blueprint.proxy_scheme(), proxy.address()));
        dial.certificate = Some(certificate);
        dial.with_certificate = config.methods.as_deref() == Some(&[Method::EapTls]);
        blueprint.adjust(&mut dial);
        let ca_pem = config.own.as_ref().and_then(|own| own.root.as_deref()).map_or_else(|| authority.root_pem(), pki::pem);
        Ok(Lab { listeners, proxy, web, ca_pem, eap_ca_pem: authority.root_pem(), dial })
    }

    /// Where the server listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(Listener::address).collect()
    }

    /// Where the forward proxy listens, if there is one.
    pub fn proxy_address(&self) -> Option<SocketAddr> {
        self.proxy.as_ref().map(Listener::address)
    }

    /// The root to trust, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The root to trust for the EAP server, PEM.
    pub fn eap_ca_pem(&self) -> &str {
        &self.eap_ca_pem
    }

    /// What to dial from within this program.
    pub fn dial(&self) -> &Dial {
        &self.dial
    }

    /// What to type elsewhere, given the files.
    pub fn probe_line(&self, files: LineFiles<'_>) -> String {
        let LineFiles { ca, eap_ca, password, certificate } = files;
        let Dial { host, port, .. } = &self.dial;
        let host = if host == pki::NAME { "localhost" } else { host };
        let mut line = format!("sstp-diag probe {host}:{port}");
        if !self.dial.ca_der.is_empty() {
            line += &format!(" --ca {}", ca.display());
        }
        if self.dial.eap_ca_der != self.dial.ca_der {
            line += &format!(" --eap-ca {}", eap_ca.display());
        }
        if self.dial.wish.revocation {
            line += " --revocation";
        }
        if self.dial.wish.nameless {
            line += " --compare-sni";
        }
        if let Some(user) = &self.dial.user {
            line += &format!(" --user {user} --password-file {}", password.display());
        }
        if self.dial.with_certificate {
            line += &format!(" --cert {}", certificate.display());
        }
        if let Some(proxy) = &self.dial.proxy {
            line += &format!(" --proxy {proxy}");
        }
        if let Some((user, _)) = &self.dial.proxy_login {
            line += &format!(" --proxy-user '{user}' --proxy-password-file {}", password.display());
        }
        if let Some(name) = &self.dial.server_name {
            line += &format!(" --server-name {name}");
        }
        line
    }

    /// What happened on the latest connections to each address.
    pub fn transcripts(&self) -> Vec<Transcript> {
        self.listeners.iter().flat_map(Listener::transcripts).collect()
    }

    /// Sessions leave in order, then everything is closed.
    pub async fn stop(self) {
        for listener in self.listeners.into_iter().chain(self.proxy).chain([self.web]) {
            listener.stop().await;
        }
    }
}

/// The server of a lab with these faults for a run in memory, under this certificate; `None` when there is no such fault, or
/// when it does not lie in the server above TLS.
pub fn rehearsal(faults: &[&str], cert: CertHashes, seed: u64) -> Option<Plan> {
    let config = LabConfig { faults: faults.iter().map(ToString::to_string).collect(), seed, ..LabConfig::default() };
    Blueprint::of(&config).ok()?.rehearsal(cert, &config, false)
}

/// The same for the second call of the lab: where a fault comes by turns it is the first that has it.
pub fn rehearsal_of_second(faults: &[&str], cert: CertHashes, seed: u64) -> Option<Plan> {
    let config = LabConfig { faults: faults.iter().map(ToString::to_string).collect(), seed, ..LabConfig::default() };
    Blueprint::of(&config).ok()?.rehearsal(cert, &config, true)
}

/// The server of a lab with these defects for a run in memory, under this certificate. Clones of the plan share what the
/// connections of one server share.
pub fn defective(bugs: &[Bug], cert: CertHashes, seed: u64) -> Option<Plan> {
    let config = LabConfig { bugs: bugs.to_vec(), seed, ..LabConfig::default() };
    Blueprint::of(&config).ok()?.rehearsal(cert, &config, false)
}

async fn listeners(
    blueprint: &Blueprint,
    authority: &Authority,
    eap: &EapServer,
    config: &LabConfig,
    pages: &Pages,
) -> Result<Vec<Listener>, LiveError> {
    let chain = match &config.own {
        Some(own) => Chain::from(own),
        None => authority.chain(blueprint.pki, blueprint.papers()).map_err(no_certificate)?,
    };
    let other = blueprint.pki_v6.map(|kind| authority.chain(kind, blueprint.papers())).transpose().map_err(no_certificate)?;
    let made = |kind| authority.chain(kind, blueprint.papers());
    let nameless = blueprint.pki_without_sni.map(made).transpose().map_err(no_certificate)?;
    let nameless = nameless.as_ref();
    let _ = pages.set(chain.pages.clone());
    let chains = (&chain, other.as_ref().unwrap_or(&chain));
    if let Some(at) = config.at {
        let at = SocketAddr::new(at, config.port);
        return Ok(vec![Listener::open(blueprint.door(at, (chains.0, nameless), authority, eap, config)).await?]);
    }
    for _ in 0..PORT_TRIES {
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let v4 = Listener::open(blueprint.door(v4, (chains.0, nameless), authority, eap, config)).await?;
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, v4.address().port()));
        match Listener::open(blueprint.door(v6, (chains.1, nameless), authority, eap, config)).await {
            Ok(v6) => return Ok(vec![v4, v6]),
            // Somebody has the port on ::1 only: another one then, for `localhost` may mean either address.
            Err(error) if error.source.kind() == io::ErrorKind::AddrInUse && config.port == 0 => {}
            Err(error) if error.source.kind() == io::ErrorKind::AddrInUse || blueprint.needs_v6() => return Err(error),
            // A machine without IPv6 is no reason to have no lab.
            Err(_) => return Ok(vec![v4]),
        }
    }
    Err(LiveError { doing: "find a port free on", to: "127.0.0.1 and ::1".into(), source: io::ErrorKind::AddrInUse.into() })
}

fn dial(listeners: &[Listener], authority: &Authority) -> Dial {
    let addresses: Vec<IpAddr> = listeners.iter().map(|listener| listener.address().ip()).collect();
    let (user, password) = USERS[0];
    Dial {
        host: pki::NAME.into(),
        port: listeners.first().map_or(0, |listener| listener.address().port()),
        resolve: vec![(pki::NAME.into(), addresses)],
        proxy: None,
        proxy_login: None,
        pac: None,
        ca_der: vec![authority.root_der()],
        eap_ca_der: vec![authority.root_der()],
        wish: Wish::default(),
        user: Some(user.into()),
        password: Some(Secret::new(password.into())),
        certificate: None,
        with_certificate: false,
        eap_server_name: Some(eap::NAME.into()),
        server_name: None,
    }
}

fn no_certificate(error: rcgen::Error) -> LiveError {
    LiveError { doing: "make a certificate for", to: pki::NAME.into(), source: io::Error::other(error) }
}

/// User name and password of the lab's accounts; the first is the one that is dialled with.
pub const USERS: [(&str, &str); 2] = [("alice", "Passw0rd!"), ("bob", "secret-bob")];
/// Ours: ports tried until one is free on both loopback addresses.
const PORT_TRIES: usize = 8;

#[cfg(test)]
mod tests;
