//! Whose certificate comes back.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Shown};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "TLS-INSPECTION-STREAMING",
        title: "Somebody opens the TLS connection and passes SSTP on",
        mechanism: "TLS ends on the way, with a certificate of somebody else",
        evidence: "a certificate that is not the server's, from the same issuer as the control's or other than the one known from elsewhere; the call goes on all the same",
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
        evidence: "a certificate that is not the server's: from the same stranger as the control's, other than the one known from elsewhere, or one that crypto binding refuses",
        raise: "a look from elsewhere with --reference, a control server with --control, a login for crypto binding",
        fix: "The firewall's or proxy's owner: exempt this host from TLS inspection. Enter no password until then. If it is the server's own front: give the server the hash of the front's certificate.",
        explains: &[
            "HTTP-400-CONTENT-LENGTH",
            "HTTP-REQUEST-BUFFERED",
            "HTTP-RESPONSE-BUFFERED",
            "HTTP-METHOD-REFUSED",
            "HTTP-WAF-BLOCK",
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

/// The certificate is a stranger's: why that is so, and how sure.
fn stranger(view: &View<'_>) -> Option<(Level, String)> {
    let cert = shown(view, Arm::Tls)?;
    if cert.trusted {
        return None;
    }
    let known = view.reference().and_then(|reference| reference.sha256.as_deref());
    let differs = known.is_some_and(|known| known != cert.sha256);
    let same_issuer = shown(view, Arm::TlsControl).is_some_and(|control| control.issuer == cert.issuer && !control.trusted);
    let level = match (differs, same_issuer) {
        (true, true) => Level::Confirmed,
        (false, false) => return None,
        (false, true) if known.is_some() => return None,
        _ => Level::Probable,
    };
    let mut says = format!("the certificate is issued by {:?}, which nobody here trusts", cert.issuer);
    if differs {
        says += "; from elsewhere it is another one";
    }
    if same_issuer {
        says += "; the control server's comes from the same issuer";
    }
    Some((level, says))
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
    let (level, says) = stranger(view).filter(|_| view.tally(Arm::Call).passed > 0)?;
    Some(Hit::new(level, format!("{says}; the Call Connect Request is answered all the same")).of(whose(view)))
}

fn inspected(view: &View<'_>) -> Option<Hit> {
    if let Some((level, says)) = stranger(view) {
        return Some(Hit::new(level, says).of(whose(view)));
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
