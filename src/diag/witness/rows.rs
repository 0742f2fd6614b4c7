//! What a comparison can show, one row each.

use super::{Change, Comparison, Told, Way};

/// One thing that a comparison can show.
pub struct Finding {
    /// Never renamed.
    pub id: &'static str,
    /// What it means.
    pub title: &'static str,
    /// Who can change it, and what.
    pub remedy: &'static str,
    look: fn(&Comparison) -> Vec<String>,
}

/// Every row that draws evidence; the clean one when none does.
pub(super) fn of(comparison: &Comparison) -> Vec<Told> {
    let told = |row: &Finding| {
        let evidence = (row.look)(comparison);
        let told = Told { id: row.id, title: row.title, remedy: row.remedy, evidence };
        (!told.evidence.is_empty()).then_some(told)
    };
    FINDINGS.iter().filter_map(told).collect()
}

/// The id of the row for a clean path.
pub(super) const CLEAN: &str = "WITNESS-CLEAN";

/// The most telling first.
pub const FINDINGS: &[Finding] = &[
    Finding {
        id: "WITNESS-TLS-OPENED",
        title: "TLS is ended by somebody on the way: the certificate that we were shown is not the one that the server serves",
        remedy: "Ask the owner of the inspecting device to except the VPN host. Until then credentials go through it in the clear.",
        look: |it| {
            let certificate = it.other_certificate.iter().map(|(ours, theirs)| format!("we were shown {ours}, the server serves {theirs}"));
            let hello = it.pairs.iter().filter(|pair| pair.other_hello);
            let hello = hello.map(|pair| {
                let (sent, got) = (pair.ja4.0.as_deref().unwrap_or("none"), pair.ja4.1.as_deref().unwrap_or("none"));
                format!("{}: the ClientHello that arrived is another one (JA4 sent {sent}, received {got})", pair.name)
            });
            certificate.chain(hello).collect()
        },
    },
    Finding {
        id: "WITNESS-NOT-ARRIVED",
        title: "Nothing of a connection arrived at the server",
        remedy: "Ask the owner of the network between: what answered here was not the server.",
        look: |it| it.not_arrived.iter().map(|(name, says)| format!("{name}: {says}")).collect(),
    },
    Finding {
        id: "WITNESS-RESET-FORGED",
        title: "A reset arrived that the other end did not send",
        remedy: "Ask the owner of the network between: a device on the path ends connections in the name of the other end.",
        look: |it| {
            let forged = it.pairs.iter().flat_map(|pair| pair.forged_reset.iter().map(move |way| (pair, way)));
            forged.map(|(pair, way)| format!("{}: {}", pair.name, way.name())).collect()
        },
    },
    Finding {
        id: "WITNESS-SNI-CHANGED",
        title: "The server name in the ClientHello was changed on the way",
        remedy: "Ask the owner of the device that rewrites TLS handshakes; no handshake can come through so.",
        look: |it| {
            let changed = it.pairs.iter().filter(|pair| pair.sni.0 != pair.sni.1 && !pair.other_hello && pair.ja4.1.is_some());
            changed.map(|pair| format!("{}: {:?} was sent, {:?} arrived", pair.name, pair.sni.0, pair.sni.1)).collect()
        },
    },
    Finding {
        id: "WITNESS-REQUEST-REWRITTEN",
        title: "The request inside TLS arrived otherwise than it was sent",
        remedy: "Ask the owner of the proxy in front of the server to pass TLS through, or to leave paths and headers as they are.",
        look: |it| it.rewritten.iter().map(|(name, says)| format!("{name}: {says}")).collect(),
    },
    Finding {
        id: "WITNESS-BYTES-CHANGED",
        title: "Bytes were changed on the way",
        remedy: "Ask the owner of the network between; TCP alone does not do that.",
        look: |it| told(it, |change| matches!(change, Change::Changed { .. } | Change::Later { .. })),
    },
    Finding {
        id: "WITNESS-BYTES-INJECTED",
        title: "Bytes arrived that nobody at the other end sent",
        remedy: "Ask the owner of the network between: a device on the path writes into connections.",
        look: |it| told(it, |change| matches!(change, Change::Injected { .. })),
    },
    Finding {
        id: "WITNESS-BYTES-LOST",
        title: "Bytes that were sent did not arrive",
        remedy: "Look at who ended the connection; where neither end did, a device on the path holds bytes back.",
        look: |it| told(it, |change| matches!(change, Change::Lost { .. })),
    },
    Finding {
        id: CLEAN,
        title: "Every byte of these connections arrived as it was sent, both ways",
        remedy: "Nothing on this path changed, lost or injected anything while this was measured; that is no proof for other times.",
        look: |it| {
            let same = |change: &Change| matches!(change, Change::Same { .. });
            let clean = it.pairs.iter().all(|pair| same(&pair.up) && same(&pair.down) && pair.forged_reset.is_empty() && !pair.other_hello);
            let nothing = it.pairs.is_empty() || !it.not_arrived.is_empty() || it.other_certificate.is_some() || !it.rewritten.is_empty();
            let lines = it.pairs.iter().map(|pair| format!("{}: {}; {}", pair.name, pair.up.says(Way::Up), pair.down.says(Way::Down)));
            if clean && !nothing { lines.collect() } else { Vec::new() }
        },
    },
];

/// The changes of that kind. Where TLS is opened on the way every byte differs, and that is told once.
fn told(comparison: &Comparison, wanted: fn(&Change) -> bool) -> Vec<String> {
    let both = |pair: &super::Pair| [(Way::Up, pair.up.clone()), (Way::Down, pair.down.clone())].map(|row| (pair.name.clone(), row));
    let pairs = comparison.pairs.iter().filter(|pair| !pair.other_hello);
    pairs
        .flat_map(both)
        .filter(|(_, (_, change))| wanted(change))
        .map(|(name, (way, change))| format!("{name}: {}", change.says(way)))
        .collect()
}
