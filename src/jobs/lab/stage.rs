//! What the lab shows below SSTP, for somebody who plays the server above it: certificates under one root, sound or spoilt.

use super::blueprint::Blueprint;
use super::eap::{self, EapSetup};
use super::pki::Authority;
use super::{LabConfig, no_certificate};
use crate::live::LiveError;
use crate::live::clock::Clock;
use crate::live::listen::{Door, Listener, Pages};
use crate::live::wiretap::Ear;
use crate::proto::auth::{EapServer, Identity};
use crate::proto::plan::CertHashes;
use std::net::{Ipv4Addr, SocketAddr};

/// The root, what it serves, and the EAP server.
pub struct Stage {
    authority: Authority,
    /// Revocation lists of the sound chain; it only has to be there as long as its certificates are handed out.
    web: Listener,
    pages: Pages,
    eap: EapServer,
    certificate: Identity,
}

/// What callers meet at one address.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Below SSTP; its plan plays no part but for its toxics.
    pub door: Door,
    /// Hashes of the leaf that is shown there.
    pub cert: CertHashes,
}

impl Stage {
    /// Sets the stage; `names` and addresses stand on the certificates beside those of the lab, and `client_roots` (DER) vouch for
    /// clients beside its own root. Needs a tokio runtime.
    pub fn set(names: &[String], client_roots: &[Vec<u8>]) -> Result<Stage, LiveError> {
        let pages = Pages::default();
        let web = Listener::web(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), pages.clone())?;
        let authority = Authority::new(Clock::start().unix_ms(), format!("http://{}", web.address())).map_err(no_certificate)?.named(names);
        let made = eap::make(&EapSetup { client_roots: client_roots.to_vec(), ..EapSetup::default() }, &authority);
        let (eap, certificate) = made.map_err(|source| LiveError { doing: "make the EAP server", to: eap::NAME.into(), source })?;
        Ok(Stage { authority, web, pages, eap, certificate })
    }

    /// The root to trust, PEM.
    pub fn root_pem(&self) -> String {
        self.authority.root_pem()
    }

    /// The root to trust, DER.
    pub fn root_der(&self) -> Vec<u8> {
        self.authority.root_der()
    }

    /// EAP-TLS and PEAP of the server.
    pub fn eap(&self) -> &EapServer {
        &self.eap
    }

    /// What a client of ours proves itself with in EAP-TLS.
    pub fn certificate(&self) -> &Identity {
        &self.certificate
    }

    /// What is met at an address: a sound server, or one with this fault.
    pub fn scene(&self, fault: Option<&str>, ear: Ear) -> Result<Scene, LiveError> {
        let config = LabConfig { faults: fault.into_iter().map(str::to_string).collect(), ear, ..LabConfig::default() };
        let blueprint = Blueprint::of(&config)?;
        let made = |kind| self.authority.chain(kind, blueprint.papers()).map_err(no_certificate);
        let chain = made(blueprint.pki)?;
        let nameless = blueprint.pki_without_sni.map(made).transpose()?;
        if fault.is_none() {
            let _ = self.pages.set(chain.pages.clone());
        }
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let door = blueprint.door(nowhere, (&chain, nameless.as_ref()), &self.authority, &self.eap, &config);
        Ok(Scene { door, cert: chain.hashes })
    }

    /// Nothing is served any more.
    pub async fn strike(self) {
        self.web.stop().await;
    }
}
