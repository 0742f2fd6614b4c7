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

/// A name in SNI, for a person.
fn named(name: &Option<String>) -> String {
    name.as_ref().map_or("no name".into(), |name| format!("{name:?}"))
}

/// The id of the row for a clean path.
pub(super) const CLEAN: &str = "WITNESS-CLEAN";
/// The id of the row about the server's own resets.
pub(super) const SERVER: &str = "WITNESS-SERVER-RESET";
/// The id of the row about times, which change no byte.
pub(super) const LATE: &str = "WITNESS-RECORDS-LATE";

/// The most telling first.
pub const FINDINGS: &[Finding] = &[
    Finding {
        id: "WITNESS-TLS-OPENED",
        title: "TLS is ended by somebody on the way",
        remedy: "Ask the owner of the inspecting device to except the VPN host. Until then credentials go through it in the clear.",
        look: |it| {
            let certificate = it.other_certificate.iter().map(|(ours, theirs)| format!("we were shown {ours}, the server serves {theirs}"));
            let hello = it.pairs.iter().filter(|pair| pair.other_hello);
            let hello = hello.map(|pair| {
                let (sent, got) = (pair.ja4.0.as_deref().unwrap_or("none"), pair.ja4.1.as_deref().unwrap_or("none"));
                let what = match () {
                    () if sent != got => format!("JA4 sent {sent}, received {got}"),
                    () if pair.sni.0 != pair.sni.1 => format!("{} was sent, {} arrived", named(&pair.sni.0), named(&pair.sni.1)),
                    () => "of the same kind, and its random is not the one that was sent: whoever ends TLS said a hello of its own".into(),
                };
                format!("{}: the ClientHello that arrived is another one ({what})", pair.name)
            });
            certificate.chain(hello).collect()
        },
    },
    Finding {
        id: "WITNESS-NOT-ARRIVED",
        title: "Nothing of a connection arrived at the server",
        remedy: "Ask the owner of the network between: something there took the connection, and answered, held or dropped it.",
        look: |it| it.not_arrived.iter().map(|(name, says)| format!("{name}: {says}")).collect(),
    },
    Finding {
        id: "WITNESS-RESET-FORGED",
        title: "A reset arrived that the other end did not send",
        remedy: "Ask the owner of the network between: a device on the path ends connections in the name of the other end.",
        look: |it| {
            // Where somebody ends TLS these are two connections, and each has an end of its own.
            let forged = it.pairs.iter().filter(|pair| !pair.other_hello);
            let forged = forged.flat_map(|pair| pair.forged_reset.iter().map(move |way| (pair, way)));
            forged.map(|(pair, way)| format!("{}: {}", pair.name, way.name())).collect()
        },
    },
    Finding {
        id: "WITNESS-CLOSE-FORGED",
        title: "A connection was closed in the name of an end that did not close it",
        remedy: "Ask the owner of the network between: a device on the path closes connections in the name of the other end.",
        look: |it| {
            let forged = it.pairs.iter().filter(|pair| !pair.other_hello);
            let forged = forged.flat_map(|pair| pair.forged_close.iter().map(move |way| (pair, way)));
            forged.map(|(pair, way)| format!("{}: {}", pair.name, way.name())).collect()
        },
    },
    Finding {
        id: SERVER,
        title: "The server itself reset the connection",
        remedy: "Ask the server's owner: nobody on the way did it.",
        look: |it| {
            it.pairs.iter().filter(|pair| pair.server_reset).map(|pair| format!("{}: the server sent the reset", pair.name)).collect()
        },
    },
    Finding {
        id: "WITNESS-REQUEST-SWALLOWED",
        title: "The request of SSTP does not arrive at the server",
        remedy: "Ask the owner of the proxy or web firewall in front of the server: it answers in the server's name; let it pass TLS through.",
        look: |it| it.swallowed.iter().cloned().collect(),
    },
    Finding {
        id: "WITNESS-REQUEST-HELD",
        title: "Requests are held back until they are whole",
        remedy: "Ask the owner of the proxy in front of the server to switch request buffering off, or to pass TLS through.",
        look: |it| held(it, Way::Up),
    },
    Finding {
        id: "WITNESS-ANSWER-HELD",
        title: "Answers are held back until they are whole",
        remedy: "Ask the owner of the proxy in front of the server to switch response buffering off, or to pass TLS through.",
        look: |it| held(it, Way::Down),
    },
    Finding {
        id: "WITNESS-SNI-CHANGED",
        title: "The server name in the ClientHello was changed on the way",
        remedy: "Ask the owner of the device that rewrites TLS handshakes; no handshake can come through so.",
        look: |it| {
            let changed = it.pairs.iter().filter(|pair| pair.sni.0 != pair.sni.1 && !pair.other_hello && pair.ja4.1.is_some());
            changed.map(|pair| format!("{}: {} was sent, {} arrived", pair.name, named(&pair.sni.0), named(&pair.sni.1))).collect()
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
        id: LATE,
        title: "Some records were under way much longer than others",
        remedy: "Nothing is lost: a bad line, a queue, or a device that holds records back; look at it beside a second run.",
        look: |it| {
            let late = it.pairs.iter().filter_map(|pair| Some((&pair.name, pair.slowest.filter(|(.., by)| *by > LONG)?)));
            late.map(|(name, (way, number, by))| {
                format!("{name}: record {number} {} took {} ms longer than the quickest", way.name(), by / 1000)
            })
            .collect()
        },
    },
    Finding {
        id: CLEAN,
        title: "Every byte of these connections arrived as it was sent, both ways",
        remedy: "Nothing on this path changed, lost or injected anything while this was measured; that is no proof for other times.",
        look: |it| {
            let same = |change: &Change| matches!(change, Change::Same { .. });
            let clean = it.pairs.iter().all(|pair| same(&pair.up) && same(&pair.down) && pair.forged_reset.is_empty() && !pair.other_hello);
            let clean = clean && it.held.is_empty() && it.swallowed.is_none() && it.pairs.iter().all(|pair| pair.forged_close.is_empty());
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
        .map(|(name, (way, change))| format!("{name}: {}{}", change.says(way), records(comparison, name.as_str(), way)))
        .collect()
}

fn held(comparison: &Comparison, wanted: Way) -> Vec<String> {
    comparison.held.iter().filter(|row| row.0 == wanted).map(|row| row.1.clone()).collect()
}

/// How many TLS records were sent and arrived, where that is not the same.
fn records(comparison: &Comparison, name: &str, way: Way) -> String {
    let pair = comparison.pairs.iter().find(|pair| pair.name == name);
    let counts = pair.map(|pair| if way == Way::Up { pair.records_up } else { pair.records_down });
    counts.filter(|(sent, got)| sent != got).map_or(String::new(), |(sent, got)| format!("; {got} of {sent} TLS records arrived"))
}

/// Ours: a record that is late by more than that, in microseconds, is told; lost segments come again sooner, RFC 6298 2.
const LONG: u64 = 1_500_000;
