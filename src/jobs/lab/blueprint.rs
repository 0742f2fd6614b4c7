//! The faults that were asked for, put together.

use super::eap::{self, EapSetup};
use super::fault::{self, Makes};
use super::pki::fixed::Fixed;
use super::pki::papers::Papers;
use super::pki::{Authority, Chain, PkiKind};
use super::{Dial, LabConfig, USERS};
use crate::base::Secret;
use crate::live::LiveError;
use crate::live::listen::{Also, ClientCa, Door, Front, Listener, ProxyPolicy, SocksMode};
use crate::proto::auth::{EapServer, Identity};
use crate::proto::bug::Bugs;
use crate::proto::edit::Edit;
use crate::proto::plan::{Account, CertHashes, Mind, Plan, ServerConfig, Toxic};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// What every second call has besides.
#[derive(Debug, Default)]
struct Turns {
    server: Vec<fn(&mut ServerConfig)>,
    edits: Vec<Edit>,
}

/// All that the faults ask of the parts of a lab.
#[derive(Debug, Default)]
pub(super) struct Blueprint {
    server: Vec<fn(&mut ServerConfig)>,
    /// What comes about in every second call.
    by_turns: Turns,
    eap: EapSetup,
    edits: Vec<Edit>,
    toxics: Vec<Toxic>,
    toxics_above_tls: Vec<Toxic>,
    front: Option<Front>,
    front_v6: Option<Front>,
    pub pki: PkiKind,
    pub fixed: Option<&'static Fixed>,
    pub pki_v6: Option<PkiKind>,
    pub pki_without_sni: Option<PkiKind>,
    papers: Option<Papers>,
    /// A client certificate is asked for; whether the server insists.
    client_certificate: Option<bool>,
    also: Option<Also>,
    sni: Option<&'static str>,
    proxy: Option<Between>,
    dial: Vec<fn(&mut Dial)>,
}

impl Turns {
    fn take(&mut self, part: &Makes) -> io::Result<()> {
        match *part {
            Makes::Server(change) => self.server.push(change),
            Makes::Edits(lines) => {
                for line in lines {
                    self.edits.push(Edit::parse(line).map_err(io::Error::other)?);
                }
            }
            _ => return Err(io::Error::other("only policy and edits can come by turns")),
        }
        Ok(())
    }

    /// The plan of the calls that have it, where anything comes by turns.
    fn of(&self, plan: &Plan) -> Option<Plan> {
        let mut plan = plan.clone();
        plan.edits.extend(self.edits.iter().cloned());
        if let Mind::Server(server) = &mut plan.mind {
            self.server.iter().for_each(|change| change(server));
        }
        (!self.server.is_empty() || !self.edits.is_empty()).then_some(plan)
    }
}

impl Blueprint {
    /// The faults of those ids together; an unknown id is an error.
    pub fn of(config: &LabConfig) -> Result<Blueprint, LiveError> {
        let mut blueprint = Blueprint::default();
        for id in &config.faults {
            let unknown = || LiveError { doing: "find the fault", to: id.clone(), source: io::ErrorKind::NotFound.into() };
            for part in fault::find(id).ok_or_else(unknown)?.makes.parts() {
                blueprint.take(part).map_err(|source| LiveError { doing: "make the fault", to: id.clone(), source })?;
            }
        }
        Ok(blueprint)
    }

    fn take(&mut self, part: &Makes) -> io::Result<()> {
        match *part {
            Makes::Server(change) => self.server.push(change),
            Makes::Eap(change) => change(&mut self.eap),
            Makes::Edits(lines) => {
                for line in lines {
                    self.edits.push(Edit::parse(line).map_err(io::Error::other)?);
                }
            }
            Makes::Toxics(toxics) => self.toxics.extend_from_slice(toxics),
            Makes::ToxicsAboveTls(toxics) => self.toxics_above_tls.extend_from_slice(toxics),
            Makes::Front(front) => self.front = Some(front),
            Makes::FrontV6(front) => self.front_v6 = Some(front),
            Makes::Pki(kind) => self.pki = kind,
            Makes::Fixed(fixed) => self.fixed = Some(fixed),
            Makes::PkiV6(kind) => self.pki_v6 = Some(kind),
            Makes::PkiWithoutSni(kind) => self.pki_without_sni = Some(kind),
            Makes::Papers(papers) => self.papers = Some(papers),
            Makes::ClientCertificate => self.client_certificate = Some(true),
            Makes::ClientCertificateWish => self.client_certificate = Some(false),
            Makes::Also(also) => self.also = Some(also),
            Makes::Sni(name) => self.sni = Some(name),
            Makes::Proxy(policy) => self.proxy = Some(Between::Http(policy)),
            Makes::Socks(mode) => self.proxy = Some(Between::Socks(mode)),
            Makes::ProxyAbsent => self.proxy = Some(Between::Nobody),
            Makes::Dial(change) => self.dial.push(change),
            Makes::ByTurns(parts) => parts.iter().try_for_each(|part| self.by_turns.take(part))?,
            Makes::Many(parts) => parts.iter().try_for_each(|part| self.take(part))?,
        }
        Ok(())
    }

    /// What goes with the certificates.
    pub fn papers(&self) -> Papers {
        self.papers.unwrap_or(Papers::CLEAN)
    }

    /// A fault lives at the IPv6 address.
    pub fn needs_v6(&self) -> bool {
        self.pki_v6.is_some() || self.front_v6.is_some()
    }

    /// The EAP server, and the certificate that its client proves itself with.
    pub fn eap(&self, authority: &Authority) -> io::Result<(EapServer, Identity)> {
        eap::make(&self.eap, authority)
    }

    /// The plan of the server alone for its first call, or for its second, where all that was asked for lies above TLS.
    pub fn rehearsal(&self, cert: CertHashes, config: &LabConfig, second: bool) -> Option<Plan> {
        let lower = !self.toxics.is_empty() || !self.toxics_above_tls.is_empty() || self.front.is_some() || self.front_v6.is_some();
        let around =
            self.sni.is_some() || self.also.is_some() || self.proxy.is_some() || !self.dial.is_empty() || self.client_certificate.is_some();
        (!lower && !around).then(|| {
            let plan = self.plan(cert, None, config);
            self.by_turns.of(&plan).filter(|_| second).unwrap_or(plan)
        })
    }

    fn plan(&self, cert: CertHashes, eap: Option<&EapServer>, config: &LabConfig) -> Plan {
        let mut server = config.server.clone().unwrap_or_default();
        (server.cert, server.timers) = (cert, config.timers.clone());
        if server.accounts.is_empty() {
            server.accounts = accounts();
        }
        if let Some(methods) = &config.methods {
            server.methods = methods.clone();
        }
        self.server.iter().for_each(|change| change(&mut server));
        server.eap = eap.cloned();
        if !config.bugs.is_empty() {
            server.bugs = Bugs::of(&config.bugs);
        }
        Plan { mind: Mind::Server(server), edits: self.edits.clone(), toxics: self.toxics.clone(), seed: config.seed }
    }

    /// One address of the server.
    pub fn door(
        &self,
        at: SocketAddr,
        chains: (&Chain, Option<&Chain>),
        authority: &Authority,
        eap: &EapServer,
        config: &LabConfig,
    ) -> Door {
        let (chain, nameless) = chains;
        let plan = self.plan(chain.hashes, Some(eap), config);
        let front = self.front_v6.filter(|_| at.is_ipv6()).or(self.front).unwrap_or(Front::Tls);
        Door {
            at,
            front,
            identity: chain.identity.clone(),
            client_ca: self.client_certificate.map(|insists| ClientCa { root: authority.root_der(), insists }),
            identity_without_sni: nameless.map(|chain| chain.identity.clone()),
            also: self.also,
            sni_required: self.sni.map(str::to_string),
            every_second: self.by_turns.of(&plan),
            plan,
            maker: None,
            toxics_above_tls: self.toxics_above_tls.clone(),
            ear: config.ear.clone(),
            page: config.page,
            witness: config
                .witness
                .as_ref()
                .map(|witness| witness.serving(chain.identity.chain.first().map(Vec::as_slice).unwrap_or_default())),
        }
    }

    /// The forward proxy, if one is asked for.
    pub fn proxy(&self, upstream: Option<SocketAddr>, config: &LabConfig) -> Option<Result<Listener, LiveError>> {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Some(match (self.proxy?, upstream) {
            (Between::Http(policy), Some(upstream)) => Listener::proxy(at, policy, upstream, config.ear.clone()),
            (Between::Socks(mode), Some(upstream)) => Listener::socks(at, mode, upstream, config.ear.clone()),
            _ => Listener::nobody(at),
        })
    }

    /// The scheme of the proxy's URL.
    pub fn proxy_scheme(&self) -> &'static str {
        if matches!(self.proxy, Some(Between::Socks(_))) { "socks5" } else { "http" }
    }

    /// Changes what is dialled for faults that lie outside the server.
    pub fn adjust(&self, dial: &mut Dial) {
        self.dial.iter().for_each(|change| change(dial));
    }
}

/// What stands between client and server.
#[derive(Clone, Copy, Debug)]
enum Between {
    Http(ProxyPolicy),
    Socks(SocksMode),
    Nobody,
}

pub(super) fn accounts() -> Vec<Account> {
    let account = |(name, password): (&str, &str)| Account { name: name.into(), password: Secret::new(password.into()), error: None };
    USERS.map(account).to_vec()
}
