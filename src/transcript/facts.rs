//! Facts folded from a transcript: flat, optional, what the checks look at.

use super::{
    Asked, ConnectFailure, DnsFailure, How, Inner, Issuer, Leave, MatrixRow, Opaqueness, OtherLeaf, Reason, Revocation, ScanAnswer,
    Secured, Source, Target, TlsFailure, Transcript, What, proxy, scan, tap,
};
use crate::base::{Layer, Micros, Side, WireError};
use crate::crypto::chain::ChainVerdict;
use crate::wire::cert::Cert;
use crate::wire::ncp::AuthMethod;
use crate::wire::{http, ppp, sstp};
use std::net::{IpAddr, SocketAddr};

/// A thing seen: which event, when, by whom, and the thing itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen<T> {
    /// Index of the event in the transcript.
    pub event: usize,
    /// When.
    pub at: Micros,
    /// Who did it.
    pub by: Option<Side>,
    /// The thing.
    pub it: T,
}

/// Where a layer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It came up.
    Up,
    /// It failed or went down.
    Down,
    /// It was asked for, but a layer below stopped the call.
    NotReached,
    /// It was not asked for.
    NotTried,
}

/// One layer of the call.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerFacts {
    /// Which.
    pub layer: Layer,
    /// Where it stands.
    pub state: State,
    /// When work on it began.
    pub began: Option<Micros>,
    /// How long it took to come up or to fail.
    pub took: Option<Micros>,
    /// Why it is down.
    pub reason: Option<Reason>,
    /// The event that says so.
    pub event: Option<usize>,
    /// When it was.
    pub at: Option<Micros>,
}

/// Where the call stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The first layer that failed, certificate verdicts left aside.
    pub layer: Layer,
    /// Why.
    pub reason: Reason,
    /// The event that says so.
    pub event: usize,
    /// When it was.
    pub at: Micros,
}

/// CONNECT as a client sent it to a proxy. MS-SSTP 4.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// `host:port` of the proxy.
    pub proxy: String,
    /// `host:port` asked for.
    pub target: String,
    /// Basic credentials went with it.
    pub with_credentials: bool,
    /// It bore the header SSTPVERSION.
    pub says_sstp: bool,
}

/// One attempt at a TCP connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Peer.
    pub to: SocketAddr,
    /// How long it took.
    pub took: Micros,
    /// Which kind of no; `None`: it was made.
    pub failure: Option<ConnectFailure>,
}

/// What the tunnel was given. RFC 1332, RFC 1877, RFC 5072.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The server's address inside the tunnel.
    pub gateway: Option<IpAddr>,
    /// DNS servers.
    pub dns: Vec<IpAddr>,
    /// WINS servers.
    pub nbns: Vec<IpAddr>,
    /// IPv6 interface identifier of the client.
    pub interface_id: Option<String>,
}

/// Reads a certificate.
pub type Parse<'a> = &'a mut dyn FnMut(&[u8]) -> Result<Cert, WireError>;

/// Ours: what is missing so long before a call ends, may say why it does, microseconds.
const DECISIVE: Micros = Micros(10_000_000);

/// Facts of one connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// When it began, seconds since 1970-01-01 UTC.
    pub began: i64,
    /// The server.
    pub target: Target,
    /// What was asked.
    pub asked: Asked,
    /// Every layer in order.
    pub layers: Vec<LayerFacts>,
    /// Where the call stopped; `None`: all that was asked for works.
    pub stop: Option<Stop>,
    /// Names resolved.
    pub resolved: Vec<Seen<(String, Vec<IpAddr>)>>,
    /// A name that gave no address.
    pub unresolved: Option<Seen<(String, DnsFailure)>>,
    /// Attempts at TCP connections.
    pub attempts: Vec<Seen<Attempt>>,
    /// The address the call went on with.
    pub chosen: Option<SocketAddr>,
    /// The last CONNECT.
    pub proxy_request: Option<Seen<Connect>>,
    /// The proxy's answer.
    pub proxy_reply: Option<Seen<http::Head>>,
    /// The first time that it asked for credentials.
    pub proxy_challenge: Option<Seen<http::Head>>,
    /// What else happened at it.
    pub proxy_steps: Vec<Seen<proxy::Step>>,
    /// The TLS handshake.
    pub secured: Option<Seen<Secured>>,
    /// Why there was none.
    pub unsecured: Option<Seen<(TlsFailure, String)>>,
    /// Bytes that the server had sent when the handshake failed, as far as they were kept.
    pub unsecured_bytes: usize,
    /// Hand-made ClientHellos and their answers.
    pub scans: Vec<Seen<(u16, ScanAnswer)>>,
    /// What a hello behind a line of the PROXY protocol was answered with.
    pub behind_line: Option<Seen<ScanAnswer>>,
    /// What `--scan` brought.
    pub survey: scan::Survey,
    /// TLS alerts.
    pub alerts: Vec<Seen<u8>>,
    /// The server's chain on the connection of the call (or, when TLS failed, as a hand-made hello saw it).
    pub chain: Vec<Cert>,
    /// The event of the chain.
    pub chain_event: Option<usize>,
    /// Certificates that could not be read: index in the chain and why.
    pub bad_certs: Vec<(usize, String)>,
    /// What every other address looked at showed.
    pub other_leaves: Vec<Seen<OtherLeaf>>,
    /// Judgements on the chain, one for each trust source.
    pub trust: Vec<Seen<(String, ChainVerdict)>>,
    /// A handshake without SNI: the leaf, if one came and can be read, and why it failed, if it did.
    pub nameless: Option<Seen<(Option<Cert>, Option<String>)>>,
    /// Issuers fetched because the server did not send them.
    pub issuers: Vec<Seen<Issuer>>,
    /// Looks at whether certificates are revoked.
    pub revocation: Vec<Seen<Revocation>>,
    /// Request heads.
    pub requests: Vec<Seen<http::Head>>,
    /// Response heads.
    pub responses: Vec<Seen<http::Head>>,
    /// SSTP control messages.
    pub sstp: Vec<Seen<sstp::Message>>,
    /// PPP frames that are not bulk data.
    pub ppp: Vec<Seen<ppp::Frame>>,
    /// The server's stand on authentication methods, learned by asking.
    pub methods: Vec<Seen<(AuthMethod, bool)>>,
    /// The server's stand on every method, learned on connections of their own.
    pub matrix: Vec<Seen<MatrixRow>>,
    /// Seen inside an EAP method that carries TLS.
    pub inner: Vec<Seen<Inner>>,
    /// Messages out of turn: message, state, what was allowed.
    pub missteps: Vec<Seen<(String, String, Vec<String>)>>,
    /// Bytes that could not be read, with the layer.
    pub undecoded: Vec<Seen<WireError>>,
    /// Pings through the tunnel.
    pub pings: Vec<Seen<Option<Micros>>>,
    /// SSTP echoes and their answers, by who asked; nobody is named where we did.
    pub echoes: Vec<Seen<Option<Micros>>>,
    /// Messages left out to keep memory bounded.
    pub omitted: u64,
    /// How the connection ended, and who ended it.
    pub closed: Option<Seen<How>>,
    /// What the tunnel was given.
    pub given: Given,
    /// When the last event was.
    pub ended: Micros,
    /// Who looked.
    pub source: Source,
    /// Every end of the connection that was seen, by whom and how.
    pub closes: Vec<Seen<How>>,
    /// Every leave-taking in its order.
    pub leaves: Vec<Leave>,
    /// What a tap saw of TCP.
    pub flow: Option<Seen<tap::Flow>>,
    /// ClientHellos, seen by a tap.
    pub client_hellos: Vec<Seen<tap::ClientHello>>,
    /// ServerHellos, seen by a tap.
    pub server_hellos: Vec<Seen<tap::ServerHello>>,
    /// Bulk traffic, one entry a side.
    pub traffic: Vec<Seen<tap::Traffic>>,
    /// What was checked offline: what, whether it holds, in words.
    pub proofs: Vec<Seen<(tap::Proof, bool, String)>>,
    /// What record sizes tell without keys.
    pub inference: Option<Seen<tap::Inference>>,
    /// Rules broken: the rule's place and what was seen.
    pub violations: Vec<Seen<(String, String)>>,
    /// Bytes that nobody could look into.
    pub opaque: Vec<Seen<(u64, Opaqueness)>>,
    /// Bytes missing from a capture.
    pub gaps: Vec<Seen<u64>>,
}

impl Facts {
    /// Folds a transcript.
    pub fn of(transcript: &Transcript) -> Facts {
        Facts::with(transcript, &mut Cert::parse)
    }

    /// Folds a transcript; certificates are read by `parse`, which may know them already.
    pub fn with(transcript: &Transcript, parse: Parse<'_>) -> Facts {
        let mut facts = Facts {
            began: transcript.head.began_unix_ms.div_euclid(1000),
            target: transcript.head.target.clone(),
            source: transcript.head.source.clone(),
            asked: transcript.head.asked.clone(),
            layers: Layer::ALL.map(LayerFacts::fresh).to_vec(),
            ..Facts::default()
        };
        for (event, it) in transcript.events.iter().enumerate() {
            facts.ended = facts.ended.max(it.at);
            facts.ladder(event, it.at, it.layer, &it.what);
            facts.fold(event, it.at, it.by, &it.what);
            facts.leaves.extend(Leave::of(event, it.at, it.by, &it.what));
            match &it.what {
                What::Chain { from, certs, aside } => {
                    let parsed = certs.iter().map(|der| parse(der)).collect();
                    facts.fold_chain(event, it.at, it.by, *from, parsed, *aside);
                }
                What::Unsecured { .. } => facts.unsecured_bytes = it.raw.len(),
                What::ProxyRequest { proxy, target, with_credentials, says_sstp } => {
                    let (proxy, target) = (proxy.clone(), target.clone());
                    let connect = Connect { proxy, target, with_credentials: *with_credentials, says_sstp: *says_sstp };
                    facts.proxy_request = Some(Seen { event, at: it.at, by: it.by, it: connect });
                }
                _ => {}
            }
        }
        facts.settle();
        facts
    }

    fn ladder(&mut self, event: usize, at: Micros, layer: Layer, what: &What) {
        let Some(entry) = self.layers.iter_mut().find(|entry| entry.layer == layer) else { return };
        match what {
            What::Began => entry.began = entry.began.or(Some(at)),
            What::Up if entry.event.is_none() => {
                (entry.state, entry.event, entry.at) = (State::Up, Some(event), Some(at));
                entry.took = Some(at - entry.began.unwrap_or(at));
            }
            What::Down(reason) if entry.reason.is_none() => {
                (entry.state, entry.event, entry.reason) = (State::Down, Some(event), Some(reason.clone()));
                entry.at = Some(at);
                entry.took = Some(at - entry.began.unwrap_or(at));
            }
            _ => {}
        }
    }

    fn fold(&mut self, event: usize, at: Micros, by: Option<Side>, what: &What) {
        macro_rules! seen {
            ($it:expr) => {
                Seen { event, at, by, it: $it }
            };
        }
        match what {
            What::Resolved { name, addresses } => self.resolved.push(seen!((name.clone(), addresses.clone()))),
            What::Unresolved { name, failure, .. } => self.unresolved = Some(seen!((name.clone(), *failure))),
            What::Connected { to, took, .. } => self.attempts.push(seen!(Attempt { to: *to, took: *took, failure: None })),
            What::NotConnected { to, took, failure, .. } => {
                self.attempts.push(seen!(Attempt { to: *to, took: *took, failure: Some(*failure) }));
            }
            What::Chosen { to } => self.chosen = Some(*to),
            What::ProxyReply(head) => {
                if head.status == Some(407) {
                    self.proxy_challenge.get_or_insert(seen!(head.clone()));
                }
                self.proxy_reply = Some(seen!(head.clone()));
            }
            What::Proxy(step) => self.proxy_steps.push(seen!((**step).clone())),
            What::Secured(secured) => self.secured = Some(seen!(secured.clone())),
            What::Unsecured { failure, says } => self.unsecured = Some(seen!((*failure, says.clone()))),
            What::Scanned { offered, answer } => self.scans.push(seen!((*offered, answer.clone()))),
            What::ScannedBehindLine { answer } => self.behind_line = Some(seen!(answer.clone())),
            What::VersionScanned(it) => self.survey.versions.push(seen!((**it).clone())),
            What::Traits(it) => self.survey.traits = Some(seen!((**it).clone())),
            What::Posed(it) => {
                // Windows is asked about when the handshake failed, and again in a survey.
                self.survey.posed.retain(|earlier| earlier.it.client != it.client);
                self.survey.posed.push(seen!((**it).clone()));
            }
            What::ScanEnded(it) => self.survey.effort = Some(seen!(it.clone())),
            What::Alert { description } => self.alerts.push(seen!(*description)),
            What::Trust { source, verdict } => self.trust.push(seen!((source.clone(), verdict.clone()))),
            What::OtherTrust { from, source, verdict } => {
                let there = self.other_leaves.iter_mut().filter(|seen| seen.it.from == *from);
                there.for_each(|seen| seen.it.verdicts.push((source.clone(), verdict.clone())));
            }
            What::Nameless(look) => {
                let leaf = look.certs.first().and_then(|der| Cert::parse(der).ok());
                self.nameless = Some(seen!((leaf, look.failure.clone())));
            }
            What::Issuer(issuer) => self.issuers.push(seen!((**issuer).clone())),
            What::Revocation(look) => self.revocation.push(seen!((**look).clone())),
            What::Http(head) if head.status.is_some() => self.responses.push(seen!(head.clone())),
            What::Http(head) => self.requests.push(seen!(head.clone())),
            What::Sstp(message) => self.sstp.push(seen!(message.clone())),
            What::Ppp(frame) => {
                self.fold_given(by, frame);
                self.ppp.push(seen!(frame.clone()));
            }
            What::Method { method, accepted } => {
                // A server that walks through a list of its own may come to a method that it passed over when asked for it.
                self.methods.retain(|earlier| earlier.it != (*method, false) || !accepted);
                self.methods.push(seen!((*method, *accepted)));
            }
            What::Matrix(row) => self.matrix.push(seen!((**row).clone())),
            What::Inner(inner) => self.inner.push(seen!((**inner).clone())),
            What::Misstep { message, state, allowed } => self.missteps.push(seen!((message.clone(), state.clone(), allowed.clone()))),
            What::Undecoded(error) => self.undecoded.push(seen!(error.clone())),
            What::Ping { rtt, .. } => self.pings.push(seen!(*rtt)),
            What::Echo { rtt } => self.echoes.push(seen!(*rtt)),
            What::Omitted { count } => self.omitted += count,
            What::Closed(how) => {
                self.closes.push(seen!(*how));
                self.closed.get_or_insert(seen!(*how));
            }
            What::Flow(flow) => self.flow = Some(seen!((**flow).clone())),
            What::ClientHello(hello) => self.client_hellos.push(seen!((**hello).clone())),
            What::ServerHello(hello) => self.server_hellos.push(seen!((**hello).clone())),
            What::Traffic(traffic) => self.traffic.push(seen!((**traffic).clone())),
            What::Proof { of, holds, says } => self.proofs.push(seen!((*of, *holds, says.clone()))),
            What::Inferred(inference) => self.inference = Some(seen!((**inference).clone())),
            What::Violation { rule, says } => self.violations.push(seen!((rule.clone(), says.clone()))),
            What::Opaque { bytes, because } => self.opaque.push(seen!((*bytes, *because))),
            What::Gap { bytes } => self.gaps.push(seen!(*bytes)),
            _ => {}
        }
    }

    /// The capture has lost bytes that may be what a finding misses: any before the call carries data, those of the last seconds from
    /// then on.
    pub fn is_holed(&self) -> bool {
        let up = self.layer(Layer::Data).filter(|entry| entry.state == State::Up).and_then(|entry| entry.at);
        // What is missing of a handshake that came through is of no consequence above it.
        let through = |gap: &Seen<u64>| self.secured.as_ref().is_some_and(|secured| gap.event < secured.event);
        let counts = |gap: &Seen<u64>| up.is_none_or(|up| gap.at <= up) || self.ended - gap.at <= DECISIVE;
        self.gaps.iter().any(|gap| gap.by.is_some() && counts(gap) && !through(gap))
    }

    /// A tap saw it: both ends are strangers.
    pub fn tapped(&self) -> bool {
        matches!(self.source, Source::Capture { .. })
    }

    fn fold_chain(
        &mut self,
        event: usize,
        at: Micros,
        by: Option<Side>,
        from: Option<SocketAddr>,
        parsed: Vec<Result<Cert, WireError>>,
        aside: bool,
    ) {
        if aside {
            self.other_leaves.extend(from.and_then(|from| OtherLeaf::of(from, parsed.clone())).map(|it| Seen { event, at, by, it }));
            if self.secured.is_some() || !self.chain.is_empty() || self.unsecured.is_none() {
                return;
            }
        }
        self.chain_event = Some(event);
        self.bad_certs = parsed.iter().enumerate().filter_map(|(i, cert)| Some((i, cert.as_ref().err()?.to_string()))).collect();
        self.chain = parsed.into_iter().flatten().collect();
    }

    /// Addresses agreed on: what stands in a Configure-Ack.
    fn fold_given(&mut self, by: Option<Side>, frame: &ppp::Frame) {
        use crate::wire::{control, ncp};
        let (ppp::Body::Ipcp(packet) | ppp::Body::Ipv6cp(packet)) = &frame.body else { return };
        if packet.code != control::CONFIGURE_ACK {
            return;
        }
        for option in packet.options(Layer::Ncp).unwrap_or_default() {
            let address = option.ipv4().map(IpAddr::V4).filter(|address| !address.is_unspecified());
            match (frame.protocol, option.kind, by) {
                (ppp::IPCP, ncp::IP_ADDRESS, Some(Side::Server)) => self.given.address = address,
                (ppp::IPCP, ncp::IP_ADDRESS, Some(Side::Client)) => self.given.gateway = address,
                (ppp::IPCP, ncp::PRIMARY_DNS | ncp::SECONDARY_DNS, Some(Side::Server)) => self.given.dns.extend(address),
                (ppp::IPCP, ncp::PRIMARY_NBNS | ncp::SECONDARY_NBNS, Some(Side::Server)) => self.given.nbns.extend(address),
                (ppp::IPV6CP, ncp::INTERFACE_ID, Some(Side::Server)) => self.given.interface_id = Some(crate::base::hex(&option.value)),
                _ => {}
            }
        }
    }

    /// Says of every layer that has neither come up nor failed whether it was asked for at all.
    fn settle(&mut self) {
        let stop = self.layers.iter().find(|entry| entry.state == State::Down && entry.layer != Layer::Cert);
        self.stop =
            stop.and_then(|entry| Some(Stop { layer: entry.layer, reason: entry.reason.clone()?, event: entry.event?, at: entry.at? }));
        let asked = self.asked.clone();
        for entry in &mut self.layers {
            let needs_credentials = (Layer::Auth..=Layer::Data).contains(&entry.layer);
            let not_asked = entry.layer > asked.until && entry.layer != Layer::Teardown
                || entry.layer == Layer::Teardown && asked.until < Layer::Http
                || entry.layer == Layer::Proxy && asked.proxy.is_none()
                || needs_credentials && !asked.credentials;
            if entry.state == State::NotReached && not_asked {
                entry.state = State::NotTried;
            }
        }
    }

    /// The entry of one layer.
    pub fn layer(&self, layer: Layer) -> Option<&LayerFacts> {
        self.layers.iter().find(|entry| entry.layer == layer)
    }

    /// The layer came up.
    pub fn reached(&self, layer: Layer) -> bool {
        self.layer(layer).is_some_and(|entry| entry.state == State::Up)
    }

    /// Why the call stopped, if it stopped at `layer`.
    pub fn stopped_at(&self, layer: Layer) -> Option<&Stop> {
        self.stop.as_ref().filter(|stop| stop.layer == layer)
    }

    /// SSTP messages of one kind from one side.
    pub fn messages(&self, by: Side, kind: sstp::MessageType) -> impl Iterator<Item = &Seen<sstp::Message>> {
        self.sstp.iter().filter(move |seen| seen.by == Some(by) && seen.it.kind == kind)
    }

    /// PPP frames of one name (such as `lcp.configure-nak`) from one side.
    pub fn frames<'a>(&'a self, by: Side, name: &'a str) -> impl Iterator<Item = &'a Seen<ppp::Frame>> {
        let named = ppp::Named::of(name);
        self.ppp.iter().filter(move |seen| seen.by == Some(by) && named.is_some_and(|named| named.names(&seen.it)))
    }

    /// The leaf certificate.
    pub fn leaf(&self) -> Option<&Cert> {
        self.chain.first()
    }
}

impl LayerFacts {
    fn fresh(layer: Layer) -> LayerFacts {
        LayerFacts { layer, state: State::NotReached, began: None, took: None, reason: None, event: None, at: None }
    }
}
