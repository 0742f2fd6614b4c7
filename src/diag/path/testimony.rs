//! What a witness at the server adds: it saw the same connections from the other end. It raises what the contrasts only suggest, and where
//! they suggest nothing it speaks for itself.

use super::{Culprit, Found, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::diag::witness::Told;
use crate::transcript::trial::Arm;

/// Makes findings surer that the witness bears out, and lets what it saw follow from them.
pub(super) fn weigh(view: &View<'_>, findings: &mut [Found]) {
    let Some(comparison) = view.witness() else { return };
    let mut spoken_for: Vec<(&'static str, &'static str)> = Vec::new();
    for found in findings.iter_mut() {
        let Some(support) = SUPPORT.iter().find(|row| row.findings.contains(&found.row.id)) else { continue };
        let told: Vec<&Told> = support.by.iter().filter_map(|id| comparison.finding(id)).collect();
        let Some(first) = told.first() else { continue };
        found.hit.level = found.hit.level.max(support.level);
        found.hit.or_else = None;
        found.hit.says += &format!("; the witness: {}", first.evidence.first().map_or(first.title, String::as_str));
        spoken_for.extend(told.iter().map(|told| (told.id, found.row.id)));
    }
    for found in findings.iter_mut() {
        found.because_of = found.because_of.or(spoken_for.iter().find(|(by, _)| *by == found.row.id).map(|pair| pair.1));
    }
}

/// How sure a finding may get when a witness bears it out; nothing: a witness has no say in it.
pub fn with_witness(id: &str) -> Option<Level> {
    SUPPORT.iter().find(|row| row.findings.contains(&id)).map(|row| row.level)
}

/// Findings that these of a witness bear out, and how sure they are then.
struct Support {
    findings: &'static [&'static str],
    by: &'static [&'static str],
    level: Level,
}

const NOT_THERE: &[&str] = &["WITNESS-RESET-FORGED", "WITNESS-CLOSE-FORGED", "WITNESS-NOT-ARRIVED", "WITNESS-BYTES-LOST"];

const SUPPORT: &[Support] = &[
    Support { findings: &["BIND-TLS-INSPECTION", "TLS-INSPECTION-STREAMING"], by: &["WITNESS-TLS-OPENED"], level: Level::Confirmed },
    Support {
        findings: &["TLS-SNI-FILTER", "TLS-DPI-BLOCK", "TLS-PLAIN-ANSWER", "DPI-RESIDUAL-BLOCK", "TLS-ALPN-FILTER", "TLS-VERSION-FILTER"],
        by: NOT_THERE,
        level: Level::Confirmed,
    },
    Support {
        // A refusal may be the server's own, of which whoever listens there hears nothing.
        findings: &["IP-FILTER", "TCP-FILTERED"],
        by: &["WITNESS-NOT-ARRIVED"],
        level: Level::Confirmed,
    },
    Support {
        findings: &["DATA-BYTE-CAP", "DATA-RECORD-SIZE-FILTER", "TCP-PMTU-BLACKHOLE", "TCP-RST-BY-BOX", "TCP-RST-INJECTED"],
        by: &["WITNESS-RESET-FORGED", "WITNESS-CLOSE-FORGED", "WITNESS-BYTES-LOST", "WITNESS-NOT-ARRIVED"],
        level: Level::Confirmed,
    },
    // Statistics stay statistics: a witness shows the cut, and not what drew it.
    Support {
        findings: &["DPI-SSTP-SIZE-FILTER", "TLS-FINGERPRINT-FILTER", "PATH-ECMP-INCONSISTENT"],
        by: NOT_THERE,
        level: Level::Probable,
    },
    Support {
        findings: &["HTTP-METHOD-REFUSED", "HTTP-400-CONTENT-LENGTH", "HTTP-WAF-BLOCK", "HTTP-200-CATCHALL"],
        by: &["WITNESS-REQUEST-SWALLOWED"],
        level: Level::Confirmed,
    },
    Support {
        findings: &["HTTP-REQUEST-BUFFERED"],
        by: &["WITNESS-REQUEST-HELD", "WITNESS-REQUEST-SWALLOWED", "WITNESS-NOT-ARRIVED"],
        level: Level::Confirmed,
    },
    Support { findings: &["HTTP-RESPONSE-BUFFERED"], by: &["WITNESS-ANSWER-HELD"], level: Level::Confirmed },
    Support { findings: &["HTTP-URI-REWRITTEN", "HTTP-HEADER-CASE"], by: &["WITNESS-REQUEST-REWRITTEN"], level: Level::Confirmed },
];

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "WITNESS-TLS-OPENED",
        title: "The witness: TLS is ended by somebody on the way",
        mechanism: "another ClientHello arrives than we send, or another certificate is served",
        evidence: "the witness's ClientHello or certificate is not the one seen here",
        fix: "The owner of the inspecting device, or of the server's front: exempt this host, or pass TLS through. Enter no password until then.",
        severity: Severity::Warn,
        explains: &[
            "WITNESS-NOT-ARRIVED",
            "WITNESS-REQUEST-REWRITTEN",
            "WITNESS-RESET-FORGED",
            "WITNESS-CLOSE-FORGED",
            "HTTP-HEADER-CASE",
            "CERT-VANTAGE-DIFF",
        ],
        look: |view| {
            // The server's own front has its certificate; whoever shows another is a stranger.
            let own = view.witness()?.other_certificate.is_none();
            let told = of(view, "WITNESS-TLS-OPENED")?;
            Some(if own { told.of(Culprit::Server) } else { told.of(super::cert::whose(view)).as_bad_as(Severity::Fail) })
        },
        ..TOLD
    },
    Row {
        id: "WITNESS-RESET-FORGED",
        layer: Layer::Tcp,
        title: "The witness: a reset arrived that the other end did not send",
        mechanism: "somebody on the way ends connections in the name of an end",
        evidence: "one end received a reset, the other did not send it",
        fix: "The operator of the network: a device on the path resets connections to this server.",
        explains: &["WITNESS-BYTES-LOST"],
        look: |view| of(view, "WITNESS-RESET-FORGED"),
        ..TOLD
    },
    Row {
        id: "WITNESS-CLOSE-FORGED",
        layer: Layer::Tcp,
        title: "The witness: a connection was closed by neither end",
        mechanism: "somebody on the way closes connections in the name of an end",
        evidence: "one end was told that the other closed, and the other did not",
        fix: "The operator of the network: a device on the path closes connections to this server.",
        explains: &["WITNESS-BYTES-LOST"],
        look: |view| of(view, "WITNESS-CLOSE-FORGED"),
        ..TOLD
    },
    Row {
        id: "WITNESS-NOT-ARRIVED",
        layer: Layer::Tcp,
        title: "The witness: connections do not arrive at the server",
        mechanism: "somebody on the way drops connections, holds back what is said on them, or answers them",
        evidence: "we made connections of which the server knows nothing",
        fix: "The operator of the network: something between here and the server took these connections, and answered, held or dropped them.",
        look: |view| of(view, "WITNESS-NOT-ARRIVED"),
        ..TOLD
    },
    Row {
        id: "WITNESS-REQUEST-SWALLOWED",
        title: "The witness: the request of SSTP does not arrive",
        mechanism: "somebody on the way keeps the request, or answers it",
        evidence: "the request was sent, others arrive, and the server was not asked",
        fix: "The owner of the proxy or web firewall: pass TLS through, or let SSTP_DUPLEX_POST pass on this host.",
        look: |view| of(view, "WITNESS-REQUEST-SWALLOWED").map(|hit| hit.of(front(view))),
        ..TOLD
    },
    Row {
        id: "WITNESS-REQUEST-REWRITTEN",
        severity: Severity::Warn,
        title: "The witness: requests arrive otherwise than they are sent",
        mechanism: "somebody on the way rewrites path, headers or body",
        evidence: "lines that were sent and did not arrive, or arrived and were not sent",
        fix: "The owner of the proxy in front of the server: pass TLS through, or leave paths and headers as they are.",
        look: |view| of(view, "WITNESS-REQUEST-REWRITTEN").map(|hit| hit.of(front(view))),
        ..TOLD
    },
    Row {
        id: "WITNESS-REQUEST-HELD",
        title: "The witness: requests are held back until they are whole",
        mechanism: "somebody on the way stores requests; that of SSTP has no end",
        evidence: "the halves of a body are said apart and arrive together",
        fix: "The owner of the proxy: switch request buffering off for this host, or pass TLS through.",
        look: |view| of(view, "WITNESS-REQUEST-HELD").map(|hit| hit.of(front(view))),
        ..TOLD
    },
    Row {
        id: "WITNESS-ANSWER-HELD",
        title: "The witness: answers are held back until they are whole",
        mechanism: "somebody on the way stores answers; that of SSTP has no end",
        evidence: "the halves of an answer are said apart and arrive together",
        fix: "The owner of the proxy: switch response buffering off for this host, or pass TLS through.",
        look: |view| of(view, "WITNESS-ANSWER-HELD").map(|hit| hit.of(front(view))),
        ..TOLD
    },
    Row {
        id: "WITNESS-SNI-CHANGED",
        title: "The witness: the server name in the ClientHello was changed",
        mechanism: "somebody on the way rewrites TLS handshakes",
        evidence: "one name was sent, another arrived",
        fix: "The owner of the device that rewrites handshakes: none can come through so.",
        explains: &["WITNESS-BYTES-CHANGED", "TLS-DPI-BLOCK"],
        look: |view| of(view, "WITNESS-SNI-CHANGED"),
        ..TOLD
    },
    Row {
        id: "WITNESS-BYTES-CHANGED",
        layer: Layer::Tcp,
        title: "The witness: bytes were changed on the way",
        mechanism: "somebody on the way writes into connections",
        evidence: "bytes of a connection differ between its ends",
        fix: "The operator of the network: a device on the path changes connections.",
        look: |view| of(view, "WITNESS-BYTES-CHANGED"),
        ..TOLD
    },
    Row {
        id: "WITNESS-BYTES-INJECTED",
        layer: Layer::Tcp,
        title: "The witness: bytes arrived that nobody sent",
        mechanism: "somebody on the way writes into connections",
        evidence: "one end received bytes that the other did not send",
        fix: "The operator of the network: a device on the path writes into connections.",
        look: |view| of(view, "WITNESS-BYTES-INJECTED"),
        ..TOLD
    },
    Row {
        id: "WITNESS-BYTES-LOST",
        layer: Layer::Tcp,
        title: "The witness: bytes that were sent did not arrive",
        mechanism: "a connection stops carrying bytes, and neither end says so",
        evidence: "one end sent bytes that the other did not receive",
        fix: "The operator of the network: a device on the path holds bytes back; the report has their place.",
        look: |view| of(view, "WITNESS-BYTES-LOST"),
        ..TOLD
    },
    Row {
        id: "WITNESS-SERVER-RESET",
        layer: Layer::Tcp,
        severity: Severity::Warn,
        culprit: Culprit::Server,
        title: "The witness: the server itself resets connections",
        mechanism: "the reset that arrives here was sent by the server",
        evidence: "both ends know of the same reset from the server",
        fix: "The server's owner: nobody on the way does it; look there.",
        look: |view| of(view, "WITNESS-SERVER-RESET"),
        ..TOLD
    },
    Row {
        id: "WITNESS-TOLD-NOTHING",
        severity: Severity::Warn,
        culprit: Culprit::Endpoint,
        title: "The witness told nothing",
        mechanism: "no witness with this token answers, so that nothing is compared",
        evidence: "the witness was asked for its record and gave none",
        fix: "This machine's owner: compare the token with that of `lab --witness`. Does a witness run behind what was asked: the server, or what --witness-at names?",
        look: |view| {
            let why = view.trail.witness.as_ref()?.theirs.as_ref().err()?;
            let hit = Hit::new(Level::Confirmed, why.clone());
            // Where no call came through the witness is silent for the same reason.
            Some(if view.tally(Arm::Call).passed > 0 { hit } else { hit.as_bad_as(Severity::Note) })
        },
        ..TOLD
    },
    Row {
        id: "WITNESS-RECORDS-LATE",
        layer: Layer::Data,
        severity: Severity::Note,
        title: "The witness: some records were under way much longer than others",
        mechanism: "a queue, a bad line, or a device that holds records back",
        evidence: "a record took 1.5 s longer than the quickest one of its connection",
        most: Level::Probable,
        raise: "a second run",
        fix: "Nobody has to change anything for this alone; look at it beside a second run.",
        look: |view| of(view, "WITNESS-RECORDS-LATE"),
        ..TOLD
    },
];

const TOLD: Row = Row { layer: Layer::Tls, raise: "nothing; both ends saw it", ..Row::ROW };

/// What the witness's finding of that id rests on.
fn of(view: &View<'_>, id: &str) -> Option<Hit> {
    let told = view.witness()?.finding(id)?;
    let more = told.evidence.len().saturating_sub(SHOWN);
    let shown = told.evidence.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    Some(Hit::new(Level::Confirmed, if more == 0 { shown } else { format!("{shown}; and {more} more") }))
}

/// Whoever reads HTTP with the server's certificate is the server's front.
fn front(view: &View<'_>) -> Culprit {
    let stranger = view.witness().is_some_and(|comparison| comparison.other_certificate.is_some());
    if stranger { super::cert::whose(view) } else { Culprit::Server }
}

/// Ours: so many lines of evidence are told; the comparison has all.
const SHOWN: usize = 2;
