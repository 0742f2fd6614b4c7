//! A lab with a box in front of it: the server, a control server, what the network's resolver says, plain HTTP.

use super::{Chosen, Lie, Makes, Paper};
use crate::base::{Layer, Secret, hex};
use crate::jobs::lab::pki::papers::Papers;
use crate::jobs::lab::pki::{Authority, NAME, PkiKind};
use crate::jobs::lab::{Lab, LabConfig, OwnChain};
use crate::live::LiveError;
use crate::live::clock::Clock;
use crate::live::listen::{Identity, Listener};
use crate::live::middlebox::names::{NameServer, Names};
use crate::live::middlebox::{self, Rule, Scheme};
use crate::live::wiretap::Ear;
use crate::transcript::trial::Reference;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The name of the control server.
pub const CONTROL: &str = "control.lab.example";

/// Everything, while it runs; dropping it stops it.
pub struct Street {
    /// The server, which can be reached past the box as well.
    pub lab: Lab,
    /// Where the target is met.
    pub target: SocketAddr,
    /// Where the control server is met.
    pub control: SocketAddr,
    /// Where plain HTTP is met.
    pub plain: SocketAddr,
    /// The forward proxy.
    pub proxy: Option<String>,
    /// The network's resolver, and another one.
    pub resolvers: [SocketAddr; 2],
    _servers: [NameServer; 2],
    sha256: [u8; 32],
    boxes: Vec<Listener>,
}

impl Street {
    /// Builds it. Needs a tokio runtime.
    pub async fn build(chosen: Chosen, config: LabConfig) -> Result<Street, LiveError> {
        Street::build_at(chosen, config, ANY).await
    }

    /// Builds it with the box, or the forward proxy where it is one, at that address; the server behind it is where `config` says.
    pub async fn build_at(chosen: Chosen, config: LabConfig, met: SocketAddr) -> Result<Street, LiveError> {
        let authority = Authority::new(Clock::start().unix_ms(), NOWHERE).map_err(no_certificate)?.named(&[CONTROL.to_string()]);
        let chain = authority.chain(PkiKind::Clean, Papers { crl: None, ..Papers::CLEAN }).map_err(no_certificate)?;
        let own = OwnChain {
            certs: chain.identity.chain.clone(),
            key: Secret::new(chain.identity.key.expose().clone()),
            root: Some(authority.root_der()),
            pages: Vec::new(),
        };
        let lab = Lab::start(LabConfig { own: Some(own), page: true, ..config }).await?;
        let server = lab.addresses().first().copied().ok_or_else(|| cannot("no address"))?;
        let mut builder = Builder { authority: &authority, servers: &chain.identity, server, met, boxes: Vec::new() };
        let met = builder.boxes_of(chosen).await?;
        let boxes = builder.boxes;
        let honest =
            Names { known: vec![(NAME.into(), vec![met.target.ip()]), (CONTROL.into(), vec![met.control.ip()])], ..Names::default() };
        let first = NameServer::open(lied(chosen, honest.clone())).await?;
        let second =
            NameServer::open(if matches!(chosen.kind.makes, Makes::Names(Lie::DeadFirst)) { lied(chosen, honest) } else { honest }).await?;
        let resolvers = [first.address(), second.address()];
        let Met { target, control, plain, proxy } = met;
        Ok(Street { lab, target, control, plain, proxy, resolvers, _servers: [first, second], sha256: chain.hashes.sha256, boxes })
    }

    /// What is known of the server by a look past the box.
    pub fn reference(&self) -> Reference {
        Reference {
            source: "the lab, looked at past the box".into(),
            sha256: Some(hex(&self.sha256)),
            addresses: vec![self.target.ip()],
            reached: Some(Layer::Data),
            ..Reference::default()
        }
    }

    /// Everything ends in order.
    pub async fn stop(self) {
        for listener in self.boxes {
            listener.stop().await;
        }
        self.lab.stop().await;
    }
}

/// Where things are met.
struct Met {
    target: SocketAddr,
    control: SocketAddr,
    plain: SocketAddr,
    proxy: Option<String>,
}

struct Builder<'a> {
    authority: &'a Authority,
    servers: &'a Identity,
    server: SocketAddr,
    /// Where the first that clients meet is.
    met: SocketAddr,
    boxes: Vec<Listener>,
}

impl Builder<'_> {
    async fn boxes_of(&mut self, chosen: Chosen) -> Result<Met, LiveError> {
        let value = chosen.value;
        let first = if matches!(chosen.kind.makes, Makes::Proxy(_) | Makes::ProxyWith(..)) { ANY } else { self.met };
        let (target, control) = match chosen.kind.makes {
            Makes::Rules(rules) => (self.passes_at(first, rules(value), None).await?, self.passes(rules(value), None).await?),
            Makes::RulesForTarget(rules) => (self.passes_at(first, rules(value), None).await?, self.passes(Vec::new(), None).await?),
            Makes::Ends(paper, rules) => {
                // A front of the server is not in front of others.
                let control = if matches!(paper, Paper::Same | Paper::Trusted) { Vec::new() } else { rules(value) };
                (self.passes_at(first, rules(value), Some(paper)).await?, self.passes(control, Some(paper)).await?)
            }
            Makes::Portal(paper, rules, _) => {
                (self.passes_at(first, rules(value), Some(paper)).await?, self.passes(rules(value), Some(paper)).await?)
            }
            Makes::Proxy(_) | Makes::ProxyWith(..) | Makes::Names(_) => {
                (self.passes_at(first, Vec::new(), None).await?, self.passes(Vec::new(), None).await?)
            }
        };
        let plain = match chosen.kind.makes {
            Makes::Portal(_, _, plain) => self.passes(plain(value), None).await?,
            _ => self.passes(vec![Rule::Refuses], None).await?,
        };
        let proxy = match chosen.kind.makes {
            Makes::Proxy(policy) => Some(self.proxy(policy, target)?),
            Makes::ProxyWith(policy, rules) => {
                let behind = self.passes(rules(value), Some(Paper::Foreign)).await?;
                Some(self.proxy(policy, behind)?)
            }
            _ => None,
        };
        Ok(Met { target, control, plain, proxy })
    }

    async fn passes(&mut self, rules: Vec<Rule>, paper: Option<Paper>) -> Result<SocketAddr, LiveError> {
        self.passes_at(ANY, rules, paper).await
    }

    async fn passes_at(&mut self, at: SocketAddr, rules: Vec<Rule>, paper: Option<Paper>) -> Result<SocketAddr, LiveError> {
        let who = paper.map(|paper| paper.identity(self.authority, self.servers)).transpose().map_err(no_certificate)?;
        let listener = middlebox::open(at, Scheme { upstream: self.server, rules, name: NAME.into(), who }).await?;
        let address = listener.address();
        self.boxes.push(listener);
        Ok(address)
    }

    fn proxy(&mut self, policy: crate::live::listen::ProxyPolicy, upstream: SocketAddr) -> Result<String, LiveError> {
        let listener = Listener::proxy(self.met, policy, upstream, Ear::default())?;
        let url = format!("http://{}", listener.address());
        self.boxes.push(listener);
        Ok(url)
    }
}

/// What the resolver of the network says.
fn lied(chosen: Chosen, honest: Names) -> Names {
    let Makes::Names(lie) = chosen.kind.makes else { return honest };
    match lie {
        Lie::Elsewhere => Names { known: vec![(NAME.into(), vec![ELSEWHERE])], ..Names::default() },
        Lie::DeadFirst => {
            let mut known = honest.known;
            known.iter_mut().filter(|row| row.0 == NAME).for_each(|row| row.1.insert(0, ELSEWHERE));
            Names { known, ..honest }
        }
        Lie::NoSuchName => Names::default(),
        Lie::Rewrites => Names { others: Some(ELSEWHERE), ..honest },
        Lie::Fails(trouble) => Names { trouble: Some(trouble), ..honest },
        Lie::Everything => Names { others: Some(ELSEWHERE), ..Names::default() },
    }
}

fn no_certificate(error: rcgen::Error) -> LiveError {
    LiveError { doing: "make a certificate for", to: NAME.into(), source: io::Error::other(error) }
}

fn cannot(why: &'static str) -> LiveError {
    LiveError { doing: "start", to: "the lab".into(), source: io::Error::other(why) }
}

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// All of 127/8 is loopback, RFC 1122 3.2.1.3; nothing of the lab is there.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 9, 9, 9));
/// Nothing is looked up about these certificates.
const NOWHERE: &str = "http://127.0.0.1:9";
