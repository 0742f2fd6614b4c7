//! Whose certificate comes back.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Shown};
use std::net::IpAddr;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "TLS-INSPECTION-STREAMING",
        title: "Somebody opens the TLS connection and passes SSTP on",
        mechanism: "TLS ends on the way, with a certificate of somebody else",
        evidence: "a certificate that is not the server's: one that nobody trusts and is another one than elsewhere, or from the control's issuer; one under a private root, of another issuer than elsewhere, or from that of a control in another zone; or that of a product that opens TLS; the call goes on all the same",
        raise: "a look from elsewhere with --reference, and a control server with --control",
        fix: "The firewall's or proxy's owner: exempt this host from TLS inspection; crypto binding breaks the call. Enter no password until then.",
        explains: &["BIND-TLS-INSPECTION", "CERT-VANTAGE-DIFF", "HTTP-HEADER-CASE"],
        look: inspected_and_works,
        ..CERT
    },
    Row {
        id: "BIND-TLS-INSPECTION",
        title: "Somebody opens the TLS connection",
        mechanism: "TLS ends on the way, with a certificate of somebody else",
        evidence: "a certificate that is not the server's: one that nobody trusts and is another one than elsewhere, or from the control's issuer; one under a private root, of another issuer than elsewhere, or from that of a control in another zone; that of a product that opens TLS; or one that crypto binding refuses",
        raise: "a look from elsewhere with --reference, a control server with --control, a login for crypto binding",
        fix: "The firewall's or proxy's owner: exempt this host from TLS inspection. Enter no password until then. If it is the server's own front: give the server the hash of the front's certificate.",
        explains: &[
            "HTTP-400-CONTENT-LENGTH",
            "HTTP-REQUEST-BUFFERED",
            "HTTP-RESPONSE-BUFFERED",
            "HTTP-METHOD-REFUSED",
            "HTTP-WAF-BLOCK",
            "HTTP-LOGIN-WANTED",
            "CERT-VANTAGE-DIFF",
            "HTTP-HEADER-CASE",
            "HTTP-CHUNKED-REWRITE",
            "HTTP-URI-REWRITTEN",
        ],
        look: inspected,
        ..CERT
    },
    Row {
        id: "CERT-VANTAGE-DIFF",
        severity: Severity::Warn,
        culprit: Culprit::Server,
        title: "The certificate is another one than elsewhere",
        mechanism: "two certificates for one name",
        evidence: "the certificate verifies and is not the one known from elsewhere",
        most: Level::Suspected,
        raise: "a login: crypto binding tells whether the server knows this certificate",
        fix: "The server's owner: are these two both yours? Compare the hashes before anybody trusts them.",
        look: other_certificate,
        ..CERT
    },
];

const CERT: Row = Row { layer: Layer::Cert, ..Row::ROW };

/// The certificate that the handshakes with the target showed.
fn shown<'a>(view: &View<'a>, arm: Arm) -> Option<&'a Shown> {
    view.trials(arm).find_map(|trial| trial.saw.cert.as_ref())
}

/// The certificate is a stranger's: why that is so, how sure, and whose business it is.
fn stranger(view: &View<'_>) -> Option<Hit> {
    let cert = shown(view, Arm::Tls)?;
    let reference = view.reference();
    let known = reference.and_then(|reference| reference.sha256.as_deref());
    if known == Some(cert.sha256.as_str()) {
        return None;
    }
    // Where it verifies, another certificate of the same CA is the server's new one, and one of a public CA was given to its owner.
    let other_ca =
        || !cert.public && reference.and_then(|reference| reference.issuer.as_deref()).is_some_and(|issuer| issuer != cert.issuer);
    let differs = known.is_some() && (!cert.trusted || other_ca());
    let for_both = |control: &Shown| control.issuer == cert.issuer && control.trusted == cert.trusted && !(control.public || cert.public);
    let same_issuer = shown(view, Arm::TlsControl).is_some_and(for_both) && (!cert.trusted || unrelated(view));
    let product = product(view, cert);
    let signs = usize::from(differs) + usize::from(same_issuer) + usize::from(product.is_some());
    let level = match signs {
        0 => return None,
        1 => Level::Probable,
        _ => Level::Confirmed,
    };
    let trust = if cert.trusted { "a root that is trusted here and is no public one" } else { "which nobody here trusts" };
    let mut says = format!("the certificate is issued by {:?}, {trust}", cert.issuer);
    if differs {
        says += "; from elsewhere it is another one";
    }
    if same_issuer {
        says += "; the control server's comes from the same issuer";
    }
    if let Some(product) = product {
        says += &format!("; {product}");
    }
    // Whoever put the root here opens TLS, and that is no far-away network.
    let whose = if cert.trusted && !view.proxied() { Culprit::LocalNetwork } else { whose(view) };
    let hit = Hit::new(level, says).of(whose);
    Some(if level == Level::Probable && !differs { hit.or_else("a CA of the server's own owner") } else { hit })
}

/// Two names of which nobody has both: other zones. Addresses tell nothing.
fn unrelated(view: &View<'_>) -> bool {
    let head = &view.trail.head;
    let zone = |host: &str| {
        let labels = host.trim_end_matches('.').rsplit('.').take(2).map(str::to_ascii_lowercase).collect::<Vec<_>>();
        host.parse::<IpAddr>().is_err().then_some(labels)
    };
    let control = head.control.as_deref().and_then(|control| zone(control.rsplit_once(':').map_or(control, |pair| pair.0)));
    zone(head.target.name()).zip(control).is_some_and(|(target, control)| target != control)
}

/// What opens TLS for a living, by the name of the issuer; or a proxy that speaks within TLS of a stranger's.
fn product(view: &View<'_>, cert: &Shown) -> Option<String> {
    let issuer = cert.issuer.to_ascii_lowercase();
    if let Some(name) = PRODUCTS.iter().find(|name| issuer.contains(**name)).filter(|_| !cert.public) {
        return Some(format!("that name ({name}) is one of products that open TLS"));
    }
    let heads = [Arm::Sstp, Arm::Get].into_iter().flat_map(|arm| view.trials(arm)).filter_map(|trial| trial.saw.head.as_ref());
    let words = heads.flat_map(|head| head.header("via").into_iter().chain(head.header("server")));
    let mut named = words.filter(|word| PROXIES.iter().any(|name| word.to_ascii_lowercase().contains(name)));
    let within = named.next().filter(|_| view.proxied() && !cert.trusted)?;
    Some(format!("within TLS {within:?} answers, a product of forward proxies"))
}

/// The login worked and the server did not take the certificate's hash.
fn binding_refused(view: &View<'_>) -> bool {
    // By a word of its own: a box that cuts behind the login says nothing.
    view.shut(Arm::Login) && view.trials(Arm::Login).all(|trial| trial.reached == Some(Layer::Auth) && !trial.ending.is_wordless())
}

/// Whose business a stranger's certificate is.
pub(super) fn whose(view: &View<'_>) -> Culprit {
    if view.proxied() { Culprit::Proxy } else { Culprit::Way }
}

fn inspected_and_works(view: &View<'_>) -> Option<Hit> {
    let hit = stranger(view).filter(|_| view.tally(Arm::Call).passed > 0)?;
    Some(Hit { says: hit.says + "; the Call Connect Request is answered all the same", ..hit })
}

fn inspected(view: &View<'_>) -> Option<Hit> {
    if let Some(stranger) = stranger(view) {
        return Some(stranger);
    }
    if let Some(pinned) = other_than_pinned(view) {
        return Some(pinned.of(whose(view)));
    }
    let cert = shown(view, Arm::Tls).filter(|_| binding_refused(view))?;
    let known = view.reference().and_then(|reference| reference.sha256.as_deref());
    let differs = known.is_some_and(|known| known != cert.sha256);
    let says = format!(
        "the login works and crypto binding does not: the server knows another certificate than this one{}",
        if differs { "; from elsewhere it is another one too" } else { "" }
    );
    Some(
        Hit::new(if differs { Level::Confirmed } else { Level::Probable }, says)
            .of(whose(view))
            .or_else("a front of the server whose certificate it was not given"),
    )
}

/// The server's owner says which certificate is the server's, and this is another one; a server that does not look at crypto binding
/// lets nothing else tell.
fn other_than_pinned(view: &View<'_>) -> Option<Hit> {
    let cert = shown(view, Arm::Tls)?;
    let known = view.reference().filter(|reference| reference.pinned)?.sha256.as_deref().filter(|known| *known != cert.sha256)?;
    let refused = binding_refused(view);
    let all = view.trials(Arm::Tls).all(|trial| trial.saw.cert.as_ref().is_none_or(|other| other.sha256 == cert.sha256));
    all.then(|| {
        let binding = if refused { "; the login works and crypto binding does not" } else { "" };
        let says = format!("SHA-256 {} here, and the server's own is {} as its owner says{binding}", brief(&cert.sha256), brief(known));
        let level = if refused { Level::Confirmed } else { Level::Probable };
        Hit::new(level, says).or_else("a new certificate of the server, which its owner did not name")
    })
}

fn other_certificate(view: &View<'_>) -> Option<Hit> {
    let cert = shown(view, Arm::Tls).filter(|cert| cert.trusted)?;
    let known = view.reference()?.sha256.as_deref().filter(|known| *known != cert.sha256)?;
    Some(
        Hit::new(Level::Suspected, format!("SHA-256 {} here, {} elsewhere", brief(&cert.sha256), brief(known)))
            .or_else("a new certificate, or several nodes with one each"),
    )
}

fn brief(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}

/// Ours: parts of the names of issuers by which firewalls, proxies and virus scanners show certificates that they make on the spot.
const PRODUCTS: &[&str] = &[
    "mitmproxy",
    "squid",
    "zscaler",
    "netskope",
    "fortinet",
    "fortigate",
    "blue coat",
    "bluecoat",
    "forcepoint",
    "websense",
    "mcafee web",
    "skyhigh",
    "ironport",
    "cisco umbrella",
    "palo alto",
    "check point",
    "sophos",
    "barracuda",
    "sonicwall",
    "watchguard",
    "untangle",
    "portswigger",
    "charles proxy",
    "fiddler",
    "kaspersky",
    "bitdefender",
    "eset ssl",
    "avast",
    "adguard",
];
/// Ours: parts of Via and Server of forward proxies.
const PROXIES: &[&str] = &["squid", "zscaler", "bluecoat", "blue coat", "mcafee web", "websense", "forcepoint", "ironport", "swg"];
