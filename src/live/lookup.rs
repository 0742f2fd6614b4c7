//! What a Windows client looks up about the certificates before the tunnel is there: missing issuers, revocation lists and
//! OCSP answers. Only on request, over plain HTTP, beside the call.

use super::dns::Family;
use super::fetch::{Wanted, Way, fetch};
use super::notes::Notes;
use super::trust::Trust;
use crate::base::{Bytes, Layer, Micros, Side};
use crate::crypto::chain::{self, Anchor};
use crate::crypto::revocation::{self, Standing};
use crate::transcript::{Issuer, Means, Revocation, What};
use crate::wire::cert::{self, Cert};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

/// What is to be looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Issuers that the server did not send.
    pub issuers: bool,
    /// Whether certificates are revoked.
    pub revocation: bool,
    /// What the server shows without SNI.
    pub nameless: bool,
}

/// About whom, and how.
#[derive(Clone, Debug)]
pub struct About {
    /// The certificates as sent, DER.
    pub certs: Vec<Bytes>,
    /// The name that was dialled.
    pub name: String,
    /// The roots.
    pub trust: Arc<Trust>,
    /// How to get there.
    pub way: Way,
    /// The present time, seconds since 1970-01-01 UTC.
    pub unix: i64,
    /// How long one fetch may take.
    pub within: Duration,
}

/// Fetches under way.
#[derive(Debug, Default)]
pub struct Lookups {
    found: Option<UnboundedReceiver<What>>,
    task: JoinSet<()>,
    patience: Duration,
}

impl Lookups {
    /// Begins to look up what is wished for.
    pub fn start(&mut self, wish: Wish, mut about: About) {
        if !wish.issuers && !wish.revocation {
            return;
        }
        // Which family the call is to use says nothing about these.
        about.way.resolver.family = Family::Any;
        self.patience = about.within * 2 + Duration::from_secs(1);
        let (tell, found) = mpsc::unbounded_channel();
        self.found = Some(found);
        self.task.spawn(async move { look_up(wish, &about, &tell).await });
    }

    /// Notes what was found, waiting for what is still under way; at once only what is there when `wait` is false.
    pub async fn note(&mut self, wait: bool, notes: &mut Notes<'_>) {
        let Some(mut found) = self.found.take() else { return };
        let patience = if wait { self.patience } else { Duration::ZERO };
        let until = tokio::time::Instant::now() + patience;
        while let Ok(Some(what)) = tokio::time::timeout_at(until, found.recv()).await {
            notes.note(None, Layer::Cert, what);
        }
        self.task.abort_all();
    }
}

/// Notes what the OCSP answer of the handshake says of the leaf; nothing without the leaf's issuer.
pub fn note_staple(answer: &[u8], about: &About, notes: &mut Notes<'_>) {
    if let Some(look) = stapled(answer, &about.certs, &about.trust, &about.name, about.unix) {
        notes.note(Some(Side::Server), Layer::Cert, What::Revocation(Box::new(look)));
    }
}

/// What the OCSP answer of a handshake says of the leaf at a moment (seconds since 1970-01-01 UTC); nothing without the leaf's
/// issuer.
pub fn stapled(answer: &[u8], certs: &[Bytes], trust: &Trust, name: &str, unix: i64) -> Option<Revocation> {
    let certs: Vec<Cert> = certs.iter().flat_map(|der| Cert::parse(der)).collect();
    let subject = subjects(&certs, trust, name, unix).into_iter().find(|subject| subject.place == 0)?;
    let standing = revocation::by_answer(answer, &subject.cert, &subject.issuer, unix);
    Some(Revocation { means: Means::Staple, url: None, took: Micros::ZERO, standing, ..subject.look() })
}

async fn look_up(wish: Wish, about: &About, tell: &UnboundedSender<What>) {
    let mut certs: Vec<Cert> = about.certs.iter().flat_map(|der| Cert::parse(der)).collect();
    fetch_issuers(&mut certs, about, tell).await;
    if wish.revocation {
        ask_all(&certs, about, tell).await;
    }
}

/// Fetches issuers, one above the other, until the chain ends at a trusted root or nothing more is to be had. The time is shared by all of
/// them, and of each that was asked for it is told what came of it.
async fn fetch_issuers(certs: &mut Vec<Cert>, about: &About, tell: &UnboundedSender<What>) {
    let mut began = None;
    for _ in 0..MOST_ISSUERS {
        let (verdict, _) = about.trust.best(certs, &about.name, about.unix);
        let last = verdict.path.last().and_then(|index| certs.get(*index)).filter(|_| verdict.anchor.is_none());
        let Some(last) = last.filter(|last| !last.self_issued()).cloned() else { return };
        // Certificates that issued each other in a circle: there is nothing more to fetch.
        if certs.iter().any(|cert| chain::issued_by(&last, &Anchor::of(cert))) {
            return;
        }
        let mut fetched = None;
        for url in http_only(&last.ca_issuers_urls).take(MOST_URLS) {
            let left = about.within.saturating_sub(began.get_or_insert_with(Instant::now).elapsed());
            if left.is_zero() {
                return;
            }
            let (look, issuer) = fetch_issuer(&last, url, about, left).await;
            fetched = issuer;
            certs.extend(fetched.clone());
            let (verdict, _) = about.trust.best(certs, &about.name, about.unix);
            let _ = tell.send(What::Issuer(Box::new(Issuer { root: verdict.anchor, ..look })));
            if fetched.is_some() {
                break;
            }
        }
        if fetched.is_none() {
            return;
        }
    }
}

async fn fetch_issuer(below: &Cert, url: &str, about: &About, within: Duration) -> (Issuer, Option<Cert>) {
    let began = Instant::now();
    let wanted = Wanted { url: url.into(), post: None, most: MOST_ISSUER };
    let got = fetch(&wanted, &about.way, within).await;
    let fits = |der: &Bytes| Cert::parse(der).ok().filter(|cert| chain::issued_by(below, &Anchor::of(cert)));
    let found = got.and_then(|bytes| {
        let certs = cert::certificates(&bytes);
        let nothing = || match certs.len() {
            0 => "what came is no certificate".to_string(),
            _ => "what came is another certificate than its issuer's".to_string(),
        };
        certs.iter().find_map(fits).ok_or_else(nothing)
    });
    let took = Micros::from(began.elapsed());
    let (issuer, failure) = match found {
        Ok(cert) => (Some(cert), None),
        Err(says) => (None, Some(says)),
    };
    let cert = issuer.as_ref().map(|cert| cert.der.clone());
    (Issuer { of: below.title().into(), url: url.into(), took, cert, failure, root: None }, issuer)
}

/// A certificate whose revocation can be judged.
struct Subject {
    cert: Cert,
    /// Its index in the chain as sent.
    index: usize,
    /// Its place in the path, 0 for the leaf.
    place: usize,
    issuer: Anchor,
}

impl Subject {
    fn look(&self) -> Revocation {
        let (title, serial) = (self.cert.title().to_string(), self.cert.serial.clone());
        let standing = Standing::Unknown;
        Revocation { cert: self.index, title, serial, means: Means::Crl, url: None, took: Micros::ZERO, standing }
    }
}

/// Every certificate of the path but the root, with its issuer.
fn subjects(certs: &[Cert], trust: &Trust, name: &str, unix: i64) -> Vec<Subject> {
    let (verdict, anchors) = trust.best(certs, name, unix);
    let subject = |(place, index): (usize, &usize)| {
        let cert = certs.get(*index).filter(|cert| !cert.self_issued())?.clone();
        let issuer = chain::issuer(certs, &verdict.path, place, anchors)?;
        Some(Subject { cert, index: *index, place, issuer })
    };
    verdict.path.iter().enumerate().filter_map(subject).collect()
}

/// All lists and responders at once.
async fn ask_all(certs: &[Cert], about: &About, tell: &UnboundedSender<What>) {
    let mut under_way = JoinSet::new();
    for subject in subjects(certs, &about.trust, &about.name, about.unix).into_iter().take(MOST_SUBJECTS).map(Arc::new) {
        let lists = http_only(&subject.cert.crl_urls).take(MOST_URLS).map(|url| (Means::Crl, url.to_string()));
        let responders = http_only(&subject.cert.ocsp_urls).take(MOST_URLS).map(|url| (Means::Ocsp, url.to_string()));
        if let Some(url) = only_by_https(&subject.cert) {
            let standing = Standing::Unreachable("only http:// is fetched, by Windows too unless it is set otherwise (unverified)".into());
            let _ = tell.send(What::Revocation(Box::new(Revocation { url: Some(url.into()), standing, ..subject.look() })));
        }
        for (means, url) in responders.chain(lists) {
            let (subject, about) = (subject.clone(), about.clone());
            under_way.spawn(async move { ask(&subject, means, url, &about).await });
        }
    }
    while let Some(joined) = under_way.join_next().await {
        if let Ok(look) = joined {
            let _ = tell.send(What::Revocation(Box::new(look)));
        }
    }
}

async fn ask(subject: &Subject, means: Means, url: String, about: &About) -> Revocation {
    let began = Instant::now();
    let (post, most) = match means {
        Means::Crl => (None, MOST_LIST),
        Means::Ocsp | Means::Staple => (Some((OCSP_REQUEST, revocation::question(&subject.cert, &subject.issuer))), MOST_ANSWER),
    };
    let got = fetch(&Wanted { url: url.clone(), post, most }, &about.way, about.within).await;
    let took = Micros::from(began.elapsed());
    let standing = match (got, means) {
        (Err(says), _) => Standing::Unreachable(says),
        (Ok(bytes), Means::Crl) => revocation::by_list(&bytes, &subject.cert, &subject.issuer, about.unix),
        (Ok(bytes), _) => revocation::by_answer(&bytes, &subject.cert, &subject.issuer, about.unix),
    };
    Revocation { means, url: Some(url), took, standing, ..subject.look() }
}

/// The first address of a certificate that names addresses to check its revocation at, but none that is fetched. Those of LDAP alone have a rule of
/// their own.
fn only_by_https(cert: &Cert) -> Option<&str> {
    let all = || cert.crl_urls.iter().chain(&cert.ocsp_urls);
    let fetched = http_only(&cert.crl_urls).chain(http_only(&cert.ocsp_urls)).next();
    let https = |url: &&String| url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    all().find(https).map(String::as_str).filter(|_| fetched.is_none())
}

fn http_only(urls: &[String]) -> impl Iterator<Item = &str> {
    urls.iter().map(String::as_str).filter(|url| url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")))
}

/// RFC 6960 A.1.
const OCSP_REQUEST: &str = "application/ocsp-request";
/// Ours: so many issuers above each other are fetched.
const MOST_ISSUERS: usize = 4;
/// Ours: so many addresses of a kind are tried for one certificate.
const MOST_URLS: usize = 3;
/// Ours: the revocation of so many certificates is looked up.
const MOST_SUBJECTS: usize = 6;
/// Ours: the longest revocation list, bytes. Lists of 10 MB are in use.
const MOST_LIST: usize = 32 << 20;
/// Ours: the longest OCSP answer, bytes.
const MOST_ANSWER: usize = 64 << 10;
/// Ours: the longest answer with certificates in it, bytes.
const MOST_ISSUER: usize = 256 << 10;

#[cfg(test)]
mod tests;
