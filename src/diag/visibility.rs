//! How recognisable a call, or a service, is to others: one row for each known technique, with its source. Stated as exposure: what
//! can be seen, by whom, and how much it proves. Nothing here says how to hide it.

mod looks;

use crate::base::Layer;
use crate::transcript::Facts;
use crate::transcript::facts::State;
use crate::transcript::trial::Trial;
use serde::Serialize;

/// How much it proves to whoever sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// It fits much else.
    Weak,
    /// It narrows things down.
    Medium,
    /// Little else looks like it.
    Strong,
    /// Nothing else looks like it.
    Conclusive,
}

impl Strength {
    /// Points out of 100. Ours: they order techniques, and are no probability.
    pub fn points(self) -> u8 {
        match self {
            Strength::Weak => 10,
            Strength::Medium => 35,
            Strength::Strong => 80,
            Strength::Conclusive => 100,
        }
    }

    /// `weak`, `medium`, `strong` or `conclusive`.
    pub fn name(self) -> &'static str {
        match self {
            Strength::Weak => "weak",
            Strength::Medium => "medium",
            Strength::Strong => "strong",
            Strength::Conclusive => "conclusive",
        }
    }
}

/// Who can use a technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observer {
    /// Whoever sees the packets, without any key.
    Passive,
    /// The forward proxy, and whoever is between it and the client.
    Proxy,
    /// A box that opens TLS, or whoever sees a leg without it.
    Inspecting,
    /// Anybody who can connect to the server.
    Prober,
}

impl Observer {
    /// In a few words.
    pub fn name(self) -> &'static str {
        match self {
            Observer::Passive => "on the path, without keys",
            Observer::Proxy => "at the proxy",
            Observer::Inspecting => "opening TLS",
            Observer::Prober => "anybody who connects",
        }
    }
}

/// One way to recognise SSTP.
pub struct Technique {
    /// Never renamed.
    pub id: &'static str,
    /// What is looked at.
    pub title: &'static str,
    /// Who can.
    pub observer: Observer,
    /// How much it proves.
    pub strength: Strength,
    /// Who describes or does it.
    pub source: &'static str,
    /// The finding of the catalogue of such findings that it makes; empty: none of them.
    pub finding: &'static str,
    look: fn(&Facts) -> Sight,
}

/// Whether something is there to be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "seen", content = "says")]
pub enum Sight {
    /// It is there.
    Yes(String),
    /// It is not.
    No(String),
    /// It cannot be told from this, and what would tell.
    Unknown(String),
}

impl Sight {
    /// The words.
    pub fn says(&self) -> &str {
        match self {
            Sight::Yes(says) | Sight::No(says) | Sight::Unknown(says) => says,
        }
    }

    /// `yes`, `no` or `?`.
    pub fn name(&self) -> &'static str {
        match self {
            Sight::Yes(_) => "yes",
            Sight::No(_) => "no",
            Sight::Unknown(_) => "?",
        }
    }
}

/// What one technique sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The technique.
    pub id: &'static str,
    /// What is looked at.
    pub title: &'static str,
    /// Who can.
    pub observer: Observer,
    /// How much it proves.
    pub strength: Strength,
    /// What is there.
    pub sight: Sight,
    /// Points out of 100; none where nothing is there.
    pub score: u8,
    /// Who describes or does it.
    pub source: &'static str,
    /// The finding that it makes where something is there; empty: none.
    pub finding: &'static str,
}

/// How recognisable it is in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Somebody on the way is told in the clear that this is SSTP.
    Named,
    /// Sizes and directions of records tell whoever sees the packets.
    RecognisableBySizes,
    /// To whoever only watches it is TLS; the server tells whoever asks.
    ConfirmedByAsking,
    /// TLS as far as is known here.
    GenericTls,
    /// No TLS came up: there was nothing to look at.
    Unseen,
}

impl Grade {
    /// In a sentence.
    pub fn says(self) -> &'static str {
        match self {
            Grade::Named => "named: somebody on the way can read that this is SSTP",
            Grade::RecognisableBySizes => "recognisable by sizes: whoever sees the packets can tell, without keys",
            Grade::ConfirmedByAsking => "confirmed by asking: the server tells whoever connects that it speaks SSTP",
            Grade::GenericTls => "generic TLS, as far as can be told from this",
            Grade::Unseen => "nothing can be told: no TLS came up",
        }
    }
}

/// What others can recognise of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Visibility {
    /// In all.
    pub grade: Grade,
    /// The highest score of one technique. Scores do not add up: techniques see the same thing.
    pub score: u8,
    /// Every technique.
    pub rows: Vec<Row>,
}

/// Looks with every technique at what a capture shows.
pub fn of(facts: &Facts) -> Visibility {
    weighed(|technique| (technique.look)(facts))
}

/// Looks at a server that was called: `call` is what the caller knows, `packets` what its packets show without keys, `answers` what
/// other requests brought.
pub fn of_service(call: &Facts, packets: Option<&Facts>, answers: &[Trial]) -> Visibility {
    let seen = weighed(|technique| match (technique.observer, packets) {
        _ if technique.id == ODD_REQUESTS => looks::odd_requests(answers),
        // Where TLS hides it from watchers it says so, and what whoever connects is shown.
        _ if technique.id == "certificate" => (technique.look)(call),
        (Observer::Passive, None) => Sight::Unknown("there was no connection to look at".into()),
        (Observer::Passive, Some(packets)) => (technique.look)(packets),
        _ => (technique.look)(call),
    });
    let up = call.layers.iter().any(|entry| entry.layer == Layer::Tls && entry.state == State::Up);
    let grade = if seen.grade == Grade::GenericTls && !up { Grade::Unseen } else { seen.grade };
    Visibility { grade, ..seen }
}

fn weighed(look: impl Fn(&Technique) -> Sight) -> Visibility {
    let row = |it: &Technique| {
        let sight = look(it);
        let seen = matches!(sight, Sight::Yes(_));
        let (score, finding) = if seen { (it.strength.points(), it.finding) } else { (0, "") };
        Row { id: it.id, title: it.title, observer: it.observer, strength: it.strength, sight, score, source: it.source, finding }
    };
    let rows: Vec<Row> = TECHNIQUES.iter().map(row).collect();
    let seen = |id: &str| rows.iter().any(|row| row.id == id && row.score > 0);
    let grade = match () {
        () if seen("connect-header") || seen("http-request") => Grade::Named,
        () if seen("record-sizes") => Grade::RecognisableBySizes,
        () if seen("active-probe") => Grade::ConfirmedByAsking,
        () => Grade::GenericTls,
    };
    let score = rows.iter().map(|row| row.score).max().unwrap_or(0);
    Visibility { grade, score, rows }
}

/// The technique that needs requests of its own.
const ODD_REQUESTS: &str = "odd-requests";

/// Every technique, the most certain first.
pub const TECHNIQUES: &[Technique] = &[
    Technique {
        id: "connect-header",
        title: "SSTPVERSION in the CONNECT to a proxy",
        observer: Observer::Proxy,
        strength: Strength::Conclusive,
        source: "MS-SSTP 4.5, which names it as the hook for blocking",
        finding: "VIS-CLEARTEXT-TELL",
        look: looks::connect_header,
    },
    Technique {
        id: "http-request",
        title: "method and path of the request, without TLS around them",
        observer: Observer::Inspecting,
        strength: Strength::Conclusive,
        source: "MS-SSTP 3.2.4.1; the dissector of Wireshark; a web-threat list",
        finding: "VIS-NO-TLS",
        look: looks::http_request,
    },
    Technique {
        id: "active-probe",
        title: "the server's answer to the fixed request, before any login",
        observer: Observer::Prober,
        strength: Strength::Conclusive,
        source: "nmap sstp-discover; Characterizing the VPN Ecosystem in the Wild (PAM 2023)",
        finding: "VIS-PROBEABLE",
        look: looks::active_probe,
    },
    Technique {
        id: "record-sizes",
        title: "sizes of the first records: request, response, 14, 48, later 112 bytes",
        observer: Observer::Passive,
        strength: Strength::Strong,
        source: "docs/detector.md; of the kind of OpenVPN is Open to VPN Fingerprinting (USENIX Security 2022)",
        finding: "VIS-SIZE-SIGNATURE",
        look: looks::record_sizes,
    },
    Technique {
        id: "echo-rhythm",
        title: "echoes of 8 bytes at a regular interval",
        observer: Observer::Passive,
        strength: Strength::Medium,
        source: "MS-SSTP 3.1.2.1; measured at SoftEther: one about every 3 s",
        finding: "",
        look: looks::echo_rhythm,
    },
    Technique {
        id: "banner",
        title: "reason phrase and headers of the answer name the product",
        observer: Observer::Prober,
        strength: Strength::Medium,
        source: "samples of nmap sstp-discover; source of accel-ppp",
        finding: "",
        look: looks::banner,
    },
    Technique {
        id: ODD_REQUESTS,
        title: "answers to another path, POST, GET and a method nobody knows",
        observer: Observer::Prober,
        strength: Strength::Medium,
        source: "measured at SoftEther 4.44; source of accel-ppp; samples of nmap sstp-discover",
        finding: "",
        look: looks::not_asked,
    },
    Technique {
        id: "certificate",
        title: "the certificate names a VPN, is self-signed, or lives long",
        observer: Observer::Passive,
        strength: Strength::Medium,
        source: "risks of nDPI: self-signed certificate, validity too long; up to TLS 1.2 it is sent in the clear",
        finding: "VIS-CERT-TELL",
        look: looks::certificate,
    },
    Technique {
        id: "client-hello",
        title: "the ClientHello is that of a known SSTP client",
        observer: Observer::Passive,
        strength: Strength::Medium,
        source: "JA3 of sstp-client with OpenSSL, measured; JA4 of SoftEther's client, published by FoxIO",
        finding: "",
        look: looks::client_hello,
    },
    Technique {
        id: "server-name",
        title: "the name in SNI tells of a VPN",
        observer: Observer::Passive,
        strength: Strength::Medium,
        source: "domain rules of nDPI for VPN brands and SoftEther's DDNS",
        finding: "",
        look: looks::server_name,
    },
    Technique {
        id: "no-alpn",
        title: "no ALPN in the ClientHello",
        observer: Observer::Passive,
        strength: Strength::Weak,
        source: "risk of nDPI: TLS (probably) not carrying HTTPS",
        finding: "",
        look: looks::no_alpn,
    },
    Technique {
        id: "no-server-name",
        title: "no SNI in the ClientHello",
        observer: Observer::Passive,
        strength: Strength::Weak,
        source: "risk of nDPI: missing SNI; RouterOS before 7.15, sstpc with an address",
        finding: "",
        look: looks::no_server_name,
    },
    Technique {
        id: "old-tls",
        title: "TLS older than 1.2",
        observer: Observer::Passive,
        strength: Strength::Weak,
        source: "risk of nDPI: obsolete TLS version; clients before Windows 8.1",
        finding: "",
        look: looks::old_tls,
    },
    Technique {
        id: "long-life",
        title: "a connection of more than a minute, with traffic both ways",
        observer: Observer::Passive,
        strength: Strength::Weak,
        source: "describes many other protocols too; never enough alone",
        finding: "",
        look: looks::long_life,
    },
];

#[cfg(test)]
mod tests;
