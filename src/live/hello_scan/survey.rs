//! A whole survey of a TLS server: versions, suites and whose order counts, groups, traits, and what known clients get.

use super::ask::Heard;
use super::chains::{self, Found};
use super::desk::Desk;
use super::{CLIENT_PLACES, VERSIONS, sni};
use crate::base::{Layer, Micros, Side};
use crate::live::notes::Notes;
use crate::live::route::Route;
use crate::transcript::scan::{Effort, Posed, Traits, Version};
use crate::transcript::{ScanAnswer, What};
use crate::wire::tls::clients::CLIENTS;
use crate::wire::tls::hello::FALLBACK;
use crate::wire::tls::mark::random;
use crate::wire::tls::suite::Suite;
use crate::wire::tls::{ClientHello, SSL30, TLS12, TLS13, Until};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How hard a survey may press a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub at_once: usize,
    /// How long all of it may take.
    pub all: Duration,
}

impl Default for Limits {
    /// Ours: eight at once, as a browser would; ten seconds.
    fn default() -> Limits {
        Limits { at_once: 8, all: Duration::from_secs(10) }
    }
}

/// Surveys the server and notes what was found: versions oldest first, then traits, clients and the effort.
pub async fn survey(route: &Route, server_name: &str, seed: u64, each: Duration, limits: Limits, notes: &mut Notes<'_>) {
    let began = Instant::now();
    let desk = Arc::new(Desk::new(route.clone(), limits.at_once, each.min(EACH), limits.all));
    let asker = Asker { desk: desk.clone(), sni: sni(server_name), seed };
    let mut versions = asker.versions().await;
    let best = versions.iter().rev().find(|row| row.found.accepted()).map(|row| row.found.version);
    let old = versions.iter().rev().find(|row| row.found.accepted() && row.found.version <= TLS12).map(|row| row.found.version);
    let mut traits = Traits::default();
    let mut posed = Vec::new();
    if let Some(best) = best {
        let accepted: Vec<(u16, Vec<u16>)> = versions.iter().filter(|row| row.found.accepted()).map(Row::suites).collect();
        let grouped = [old, (best >= TLS13).then_some(best)];
        let groups;
        (traits, posed, groups) = tokio::join!(asker.traits(&versions, &accepted), asker.clients(), asker.groups(&versions, &grouped));
        for (version, groups) in groups {
            versions.iter_mut().filter(|row| row.found.version == version).for_each(|row| row.take(&groups));
        }
    }
    let cut = asker.cut(&versions, best, limits.all).await;
    for mut row in versions {
        row.found.whole &= cut.is_none() || !row.odd;
        notes.note(Some(Side::Server), Layer::Tls, What::VersionScanned(Box::new(row.found)));
    }
    if best.is_some() {
        notes.note(Some(Side::Server), Layer::Tls, What::Traits(Box::new(traits)));
    }
    for posed in posed {
        notes.note(Some(Side::Server), Layer::Tls, What::Posed(Box::new(posed)));
    }
    let effort = Effort { connections: desk.connections(), took: Micros::from(began.elapsed()), cut };
    notes.note(None, Layer::Tls, What::ScanEnded(effort));
}

/// A version in the making.
struct Row {
    found: Version,
    odd: bool,
    traits: Traits,
}

impl Row {
    fn take(&mut self, groups: &Found<u16>) {
        self.found.groups.clone_from(&groups.found);
        self.found.whole &= groups.whole;
        self.odd |= groups.odd;
    }

    fn suites(&self) -> (u16, Vec<u16>) {
        (self.found.version, self.found.suites.iter().map(|suite| suite.cipher).collect())
    }
}

#[derive(Clone)]
struct Asker {
    desk: Arc<Desk>,
    sni: Option<String>,
    seed: u64,
}

impl Asker {
    fn wide(&self, version: u16) -> ClientHello {
        let asks = version > SSL30;
        ClientHello { asks, ..ClientHello::wide(version, random(self.seed, version.into()), self.sni.clone()) }
    }

    /// All versions side by side, oldest first.
    async fn versions(&self) -> Vec<Row> {
        let mut under_way = JoinSet::new();
        for version in VERSIONS {
            let asker = self.clone();
            under_way.spawn(async move { asker.version(version).await });
        }
        let mut rows: Vec<Row> = under_way.join_all().await;
        rows.sort_by_key(|row| row.found.version);
        rows
    }

    async fn version(&self, version: u16) -> Row {
        let wide = self.wide(version);
        let refused = |answer| Version { version, answer, suites: Vec::new(), order: Default::default(), groups: Vec::new(), whole: true };
        let Some(first) = self.desk.ask_widely(wide.clone(), Until::Done).await else {
            return Row { found: Version { whole: false, ..refused(ScanAnswer::Silence) }, odd: true, traits: Traits::default() };
        };
        let (answer, traits) = (first.answer.clone(), told(&first));
        let Found { found: suites, whole, odd } = chains::suites(&self.desk, &wide, first).await;
        // A server that refuses the long list of everything may still take a shorter one.
        let shorter = suites.first().map(|suite| ScanAnswer::Accepted {
            version,
            cipher: suite.cipher,
            group: suite.group,
            bits: suite.bits,
            asks_for_certificate: false,
        });
        let answer = if matches!(answer, ScanAnswer::Accepted { .. }) { answer } else { shorter.unwrap_or(answer) };
        let order = chains::order(&self.desk, &wide, &suites).await;
        Row { found: Version { suites, order, whole, ..refused(answer) }, odd, traits }
    }

    /// Groups of the newest version up to TLS 1.2, and of TLS 1.3.
    async fn groups(&self, rows: &[Row], versions: &[Option<u16>]) -> Vec<(u16, Found<u16>)> {
        let mut under_way = JoinSet::new();
        for row in rows.iter().filter(|row| versions.contains(&Some(row.found.version))) {
            let (asker, version) = (self.clone(), row.found.version);
            let suites = chains::over_groups(version, &row.found.suites);
            if !suites.is_empty() {
                under_way.spawn(async move { (version, chains::groups(&asker.desk, &asker.wide(version), &suites).await) });
            }
        }
        under_way.join_all().await
    }

    /// What ServerHellos tell beside version and suite.
    async fn traits(&self, rows: &[Row], accepted: &[(u16, Vec<u16>)]) -> Traits {
        let newest = |at_most: u16| rows.iter().rev().find(|row| row.found.accepted() && row.found.version <= at_most);
        let mut traits = newest(TLS12).or_else(|| newest(TLS13)).map(|row| row.traits.clone()).unwrap_or_default();
        let old = accepted.iter().rfind(|row| row.0 <= TLS12);
        let second = accepted.iter().rev().nth(1).filter(|row| row.0 <= TLS12 && row.0 > SSL30);
        let ((alpn, compression, encrypt_then_mac), fallback) =
            tokio::join!(self.offers(old.or(accepted.last())), async { self.fallback(second?).await });
        (traits.alpn, traits.compression, traits.fallback_refused) = (alpn, compression, fallback);
        traits.encrypt_then_mac = encrypt_then_mac;
        traits
    }

    /// ALPN, compression and encrypt-then-MAC, offered together; the last has a meaning only with CBC.
    async fn offers(&self, to: Option<&(u16, Vec<u16>)>) -> (Option<String>, Option<bool>, Option<bool>) {
        let Some((version, suites)) = to.filter(|row| row.0 > SSL30) else { return (None, None, None) };
        let cbc: Vec<u16> =
            suites.iter().copied().filter(|suite| Suite::of(*suite).is_some_and(|row| row.cipher.block_len().is_some())).collect();
        let mut hello = chains::with_suites(&self.wide(*version), if cbc.is_empty() { suites } else { &cbc });
        hello.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if *version < TLS13 {
            hello.compressions = vec![DEFLATE, 0];
        }
        let Some(heard) = self.desk.ask_widely(hello, Until::Done).await else { return (None, None, None) };
        let Some(choice) = heard.choice.as_ref() else { return (None, None, None) };
        let seen = *version < TLS13 || heard.certs.is_some();
        let alpn = heard.alpn.as_ref().map_or("none".to_string(), |name| String::from_utf8_lossy(name).into_owned());
        let compression = (*version < TLS13).then_some(choice.compression != 0);
        (seen.then_some(alpn), compression, (!cbc.is_empty()).then_some(choice.encrypt_then_mac))
    }

    /// A second try with an older version, as a client makes it that was refused. RFC 7507 4.
    async fn fallback(&self, second: &(u16, Vec<u16>)) -> Option<bool> {
        let mut hello = chains::with_suites(&self.wide(second.0), &second.1);
        hello.suites.push(FALLBACK);
        match self.desk.ask(&hello, Until::Hello).await?.answer {
            ScanAnswer::Alert(INAPPROPRIATE_FALLBACK) => Some(true),
            ScanAnswer::Accepted { .. } => Some(false),
            _ => None,
        }
    }

    /// The hellos of all known clients side by side.
    async fn clients(&self) -> Vec<Posed> {
        let mut under_way = JoinSet::new();
        for (place, client) in CLIENTS.iter().enumerate() {
            let asker = self.clone();
            under_way.spawn(async move {
                let hello = client.hello(random(asker.seed, CLIENT_PLACES + place), asker.sni.clone());
                let heard = asker.desk.ask(&hello, Until::Done).await?;
                Some((place, Posed { client: client.id.to_string(), answer: heard.answer }))
            });
        }
        let mut posed: Vec<(usize, Posed)> = under_way.join_all().await.into_iter().flatten().collect();
        posed.sort_by_key(|row| row.0);
        posed.into_iter().map(|row| row.1).collect()
    }

    /// Why the survey is not whole. Where some hellos were met without a word of TLS, one that was taken before is sent again:
    /// when it is not taken any more, the server has had enough.
    async fn cut(&self, rows: &[Row], best: Option<u16>, all: Duration) -> Option<String> {
        let heard_tls = rows.iter().any(|row| matches!(row.found.answer, ScanAnswer::Accepted { .. } | ScanAnswer::Alert(_)));
        if self.desk.was_late() {
            return Some(format!("the time for it was up ({})", Micros::from(all)));
        }
        if !heard_tls {
            return Some("no hello was answered with TLS".into());
        }
        if !self.desk.was_odd() {
            return None;
        }
        let Some(version) = best else { return Some("some hellos were met with no word of TLS, and none was taken".into()) };
        let again = self.desk.ask(&self.wide(version), Until::Hello).await;
        if again.is_some_and(|heard| heard.accepted().is_some()) {
            return None;
        }
        Some(format!("the server stopped answering within {} connections", self.desk.connections()))
    }
}

/// What a ServerHello tells by itself.
fn told(heard: &Heard) -> Traits {
    let mut traits = Traits { asks_for_certificate: heard.asks_for_certificate, ..Traits::default() };
    if let Some(choice) = heard.choice.as_ref().filter(|choice| choice.version < TLS13) {
        traits.secure_renegotiation = Some(choice.renegotiates_securely());
        traits.extended_master_secret = Some(choice.extended_master_secret);
        traits.session_tickets = Some(choice.gives_tickets());
    }
    traits
}

/// Ours: one hello waits no longer for its answer.
const EACH: Duration = Duration::from_secs(3);
/// RFC 3749 2.
const DEFLATE: u8 = 1;
/// RFC 7507 3.
const INAPPROPRIATE_FALLBACK: u8 = 86;
