//! The experiments, one row each.

use super::PathConfig;
use crate::base::Layer;
use crate::transcript::trial::Arm;

/// One experiment.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// Never renamed.
    pub id: &'static str,
    /// The layer that it is about.
    pub layer: Layer,
    /// The one thing that changes.
    pub varies: &'static str,
    /// What everything else is held against.
    pub control: Arm,
    /// What differs from it in that one thing.
    pub treatments: &'static [Arm],
    /// Eight pairs are needed before a difference means something; otherwise three.
    pub many: bool,
    /// More than an ordinary client does.
    pub active: bool,
    /// What the patterns mean: pattern, finding.
    pub means: &'static [(&'static str, &'static str)],
}

impl Experiment {
    /// Rounds at most.
    pub(super) fn rounds(&self, config: &PathConfig) -> u16 {
        if self.many { config.rounds.max(MANY) } else { config.rounds }
    }

    /// Its arms, the control in front.
    pub fn arms(&self) -> impl Iterator<Item = Arm> {
        std::iter::once(self.control).chain(self.treatments.iter().copied())
    }

    /// The arms that are run: of an active experiment a gentle investigation runs what every client does.
    pub(super) fn run(&self, config: &PathConfig) -> impl Iterator<Item = Arm> {
        let all = !(self.active && config.gentle);
        self.arms().filter(move |arm| all || matches!(arm, Arm::Tcp | Arm::HelloNamed | Arm::Sstp | Arm::Call))
    }

    /// Connections at most.
    pub(super) fn most(&self, config: &PathConfig) -> usize {
        match self.id {
            // Searched by themselves, and not in rounds.
            "time.idle" => return config.max_idle.map_or(0, |_| super::idle::MOST),
            "data.mtu" => return 0,
            "tls.address" => return super::addresses::MOST,
            "tls.unasked" => return super::unasked::MOST,
            "sstp.login" => return config.probe.credentials.as_ref().map_or(0, |_| LOGINS),
            _ => {}
        }
        let several = |arm: Arm| if super::many::is_crowd(arm) { super::many::TOGETHER } else { 1 };
        let of = |arm: Arm| super::stage::values(arm, config).len() * several(arm);
        self.run(config).map(of).sum::<usize>() * usize::from(self.rounds(config))
    }
}

/// Every experiment, from the lowest layer to the highest.
pub const ALL: &[Experiment] = &[
    Experiment {
        id: "dns.resolvers",
        varies: "who is asked for the name",
        control: Arm::DnsSystem,
        treatments: &[Arm::DnsResolver],
        means: &[
            ("resolvers differ, and the certificate is right at one address only", "DNS-TAMPERED"),
            ("one gives private addresses, another public ones or none", "DNS-PRIVATE-ADDRESS"),
        ],
        ..ROW
    },
    Experiment {
        id: "dns.nobody",
        varies: "whether the name exists",
        control: Arm::DnsSystem,
        treatments: &[Arm::DnsRandom],
        means: &[("a name that nobody has gets the same address", "DNS-CAPTIVE-HIJACK")],
        ..ROW
    },
    Experiment {
        id: "tcp.server",
        layer: Layer::Tcp,
        varies: "which server is called",
        control: Arm::TcpControl,
        treatments: &[Arm::Tcp],
        means: &[
            ("the control connects, SYNs to the target vanish", "TCP-FILTERED"),
            ("neither connects", "NET-NO-WAY-OUT"),
            ("the target refuses, and works from elsewhere", "TCP-REFUSED-HERE"),
            ("the target refuses", "TCP-REFUSED"),
        ],
        ..ROW
    },
    Experiment {
        id: "tcp.family",
        layer: Layer::Tcp,
        varies: "IPv4 or IPv6",
        control: Arm::Tcp,
        treatments: &[Arm::TcpOtherFamily],
        means: &[("only one family connects", "TCP-ONE-FAMILY-BROKEN")],
        ..ROW
    },
    Experiment {
        id: "tcp.port",
        layer: Layer::Tcp,
        varies: "the port",
        control: Arm::Tcp,
        treatments: &[Arm::TcpOtherPort],
        means: &[("no port of the address answers, the control does", "IP-FILTER"), ("others do", "TCP-FILTERED")],
        ..ROW
    },
    Experiment {
        id: "tcp.rate",
        layer: Layer::Tcp,
        varies: "how fast one connection follows the other",
        control: Arm::Tcp,
        treatments: &[Arm::InARow],
        active: true,
        means: &[("a dozen in a row are not made, one at a time is", "PATH-CONNECTION-RATE")],
        ..ROW
    },
    Experiment {
        id: "http.clear",
        layer: Layer::Tcp,
        varies: "TLS or plain HTTP",
        control: Arm::Tcp,
        treatments: &[Arm::PlainHttp],
        means: &[("a page or a way to one that is not the server's", "PROXY-CAPTIVE-PORTAL")],
        ..ROW
    },
    Experiment {
        id: "proxy.policy",
        layer: Layer::Proxy,
        varies: "what the proxy is asked for, and in which words",
        control: Arm::ConnectPlain,
        treatments: &[Arm::Connect, Arm::ConnectOddHeader, Arm::ConnectControl, Arm::ConnectOtherPort, Arm::ConnectLogin],
        means: &[
            ("407", "PROXY-AUTH-REQUIRED"),
            ("407 without Basic", "PROXY-AUTH-SCHEME"),
            ("407, and a login helps", "PROXY-AUTH-WINDOWS"),
            ("only the target is refused", "PROXY-CONNECT-DENIED"),
            ("another port is allowed", "PROXY-PORT-NOT-ALLOWED"),
            ("only with SSTPVERSION it is refused", "PROXY-SSTPVERSION-FILTER"),
        ],
        ..ROW
    },
    Experiment {
        id: "tls.server",
        layer: Layer::Tls,
        varies: "which server is called",
        control: Arm::TlsControl,
        treatments: &[Arm::Tls],
        means: &[("the same stranger issues both certificates, or one private CA those of two zones", "BIND-TLS-INSPECTION")],
        ..ROW
    },
    Experiment {
        id: "tls.resolver",
        layer: Layer::Tls,
        varies: "whose address is called",
        control: Arm::Tls,
        treatments: &[Arm::TlsElsewhere],
        means: &[("the certificate is right at the other address", "DNS-TAMPERED")],
        ..ROW
    },
    Experiment {
        id: "tls.address",
        layer: Layer::Tls,
        varies: "which address of the name is called, where the first one is dead",
        control: Arm::Tcp,
        treatments: &[Arm::TlsOtherAddress, Arm::TlsElsewhere],
        means: &[("a further address of the same answer works", "TCP-ADDRESS-DEAD"), ("another resolver's address works", "DNS-TAMPERED")],
        ..ROW
    },
    Experiment {
        id: "tls.segments",
        layer: Layer::Tls,
        varies: "the length of TCP segments",
        control: Arm::Tls,
        treatments: &[Arm::TlsShort],
        means: &[("only short segments come through", "TCP-PMTU-BLACKHOLE")],
        ..ROW
    },
    Experiment {
        id: "tls.unasked",
        layer: Layer::Tls,
        varies: "whether anything is said, where every hello is cut",
        control: Arm::HelloNamed,
        treatments: &[Arm::NoHello],
        means: &[
            ("connections end as well on which nothing is said", "TCP-ENDED-UNASKED"),
            ("and no more when there were none for a while", "PATH-CONNECTION-RATE"),
        ],
        ..ROW
    },
    Experiment {
        id: "tls.name",
        layer: Layer::Tls,
        varies: "the name in the ClientHello",
        control: Arm::HelloNamed,
        treatments: &[Arm::HelloNameless, Arm::HelloOtherName, Arm::HelloOtherCase, Arm::HelloToControl],
        active: true,
        means: &[
            ("only the name is cut", "TLS-SNI-FILTER"),
            ("only hellos without a name are cut", "TLS-SNI-REQUIRED"),
            ("every hello is cut", "TLS-DPI-BLOCK"),
            ("after one cut everything is cut for a while", "DPI-RESIDUAL-BLOCK"),
        ],
        ..ROW
    },
    Experiment {
        id: "tls.shape",
        layer: Layer::Tls,
        varies: "what the ClientHello offers",
        control: Arm::HelloNamed,
        treatments: &[Arm::Hello12, Arm::Hello13, Arm::HelloAlpn, Arm::HelloWindows, Arm::HelloBrowser, Arm::HelloPadded],
        many: true,
        means: &[
            ("one client is cut, another is not", "TLS-FINGERPRINT-FILTER"),
            ("the padded hello is cut, too: it goes by the length", "TLS-FINGERPRINT-FILTER"),
            ("it goes by the version", "TLS-VERSION-FILTER"),
            ("it goes by ALPN", "TLS-ALPN-FILTER"),
            ("the server wants HTTP/2", "TLS-ALPN-H2"),
        ],
        ..ROW
    },
    Experiment {
        id: "tls.split",
        layer: Layer::Tls,
        varies: "one segment or two",
        control: Arm::HelloNamed,
        treatments: &[Arm::HelloSplit],
        active: true,
        means: &[("only the hello in two segments is cut", "TLS-SPLIT-HELLO-CUT")],
        ..ROW
    },
    Experiment {
        id: "tls.port",
        layer: Layer::Tls,
        varies: "our own port",
        control: Arm::HelloNamed,
        treatments: &[Arm::HelloFromPort],
        means: &[("some ports always fail, others never", "PATH-ECMP-INCONSISTENT"), ("no order in it", "PATH-ERRATIC")],
        ..ROW
    },
    Experiment {
        id: "tls.together",
        layer: Layer::Tls,
        varies: "connections at the same time",
        control: Arm::Tls,
        treatments: &[Arm::Together],
        active: true,
        means: &[("several at a time fail, one does not", "PATH-CONNECTION-LIMIT")],
        ..ROW
    },
    Experiment {
        id: "http.method",
        layer: Layer::Http,
        varies: "the method",
        control: Arm::Sstp,
        treatments: &[Arm::Get, Arm::OddMethod, Arm::MethodAlone, Arm::PostMax],
        active: true,
        means: &[
            ("the method alone is refused", "HTTP-METHOD-REFUSED"),
            ("every method gets the same page", "HTTP-WAF-BLOCK"),
            ("every method is asked for a login, or led to another page", "HTTP-LOGIN-WANTED"),
            ("200 to everything", "HTTP-200-CATCHALL"),
        ],
        ..ROW
    },
    Experiment {
        id: "http.length",
        layer: Layer::Http,
        varies: "Content-Length, and with it the end of the body",
        control: Arm::Sstp,
        treatments: &[Arm::LengthShort, Arm::LengthZero, Arm::LengthNone, Arm::Chunked],
        active: true,
        means: &[
            ("only the length of 64 bits is refused, cut or met with silence", "HTTP-400-CONTENT-LENGTH"),
            ("silence unless the body is empty", "HTTP-REQUEST-BUFFERED"),
            ("silence although the body is empty", "HTTP-RESPONSE-BUFFERED"),
        ],
        ..ROW
    },
    Experiment {
        id: "http.path",
        layer: Layer::Http,
        varies: "the path",
        control: Arm::Sstp,
        treatments: &[Arm::OtherPath, Arm::Escaped, Arm::GetPath],
        active: true,
        means: &[
            ("the path and its escaped form get the same 404, and from elsewhere the path works", "HTTP-URI-REWRITTEN"),
            ("they do, and nothing is known from elsewhere", "HTTP-REFUSED"),
            ("the path alone is refused", "HTTP-WAF-BLOCK"),
        ],
        ..ROW
    },
    Experiment {
        id: "sstp.sizes",
        layer: Layer::Sstp,
        varies: "the lengths of the first TLS records",
        control: Arm::CallSplit,
        treatments: &[Arm::Call],
        many: true,
        active: true,
        means: &[("only with the lengths of SSTP it is cut", "DPI-SSTP-SIZE-FILTER")],
    },
    Experiment {
        id: "sstp.login",
        layer: Layer::Sstp,
        varies: "crypto binding",
        control: Arm::Call,
        treatments: &[Arm::Login],
        means: &[("the login works and the binding does not", "BIND-TLS-INSPECTION")],
        ..ROW
    },
    Experiment {
        id: "data.size",
        layer: Layer::Data,
        varies: "the length of packets, and of segments",
        control: Arm::EchoShortSegments,
        treatments: &[Arm::Echo, Arm::EchoMany],
        means: &[
            ("long packets pass in short segments only", "TCP-PMTU-BLACKHOLE"),
            ("long packets do not pass at all, as many bytes in short ones do", "DATA-RECORD-SIZE-FILTER"),
            ("short ones stop as well behind as many bytes", "DATA-BYTE-CAP"),
        ],
        ..ROW
    },
    Experiment {
        id: "data.bulk",
        layer: Layer::Data,
        varies: "whether the flow looks like SSTP",
        control: Arm::BulkPlain,
        treatments: &[Arm::BulkUp, Arm::BulkSplit, Arm::Bulk],
        many: true,
        active: true,
        means: &[
            ("all stop behind the same number of bytes", "DATA-BYTE-CAP"),
            ("only what looks like SSTP is slow, or only the tunnel, and neither pages nor long requests", "DATA-THROTTLED"),
            ("all are slow and steady", "DATA-RATE-LIMITED"),
        ],
    },
    Experiment {
        id: "data.mtu",
        layer: Layer::Data,
        varies: "the length of packets that may not be fragmented, from 576 bytes to 1500",
        control: Arm::TlsShort,
        treatments: &[Arm::TlsSegment, Arm::EchoSegment],
        means: &[("packets up to one length come through, longer ones do not", "TCP-PMTU-BLACKHOLE")],
        ..ROW
    },
    Experiment {
        id: "time.idle",
        layer: Layer::Data,
        varies: "how long nothing is said",
        control: Arm::Busy,
        treatments: &[Arm::Idle],
        means: &[("only quiet calls end, all at the same time", "TEAR-IDLE-MIDDLEBOX"), ("busy ones too", "TEAR-LIFETIME-CAP")],
        ..ROW
    },
];

const ROW: Experiment =
    Experiment { id: "", layer: Layer::Dns, varies: "", control: Arm::DnsSystem, treatments: &[], many: false, active: false, means: &[] };

/// Ours: pairs after which chance alone explains a difference in one of 256 runs.
const MANY: u16 = 8;

/// Two at most, and each may dial both families and make a call more.
const LOGINS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_opened_at_once_is_said() {
        let probe = crate::jobs::probe::ProbeConfig::new(crate::transcript::Target { host: "h".into(), port: 443, ..Default::default() });
        let config = PathConfig::new(probe);
        assert_eq!(config.most_at_once(), super::super::many::TOGETHER, "a dozen are held together");
        assert_eq!(PathConfig { gentle: true, ..config }.most_at_once(), 2);
    }

    #[test]
    fn every_experiment_is_whole_and_every_arm_is_in_one() {
        let ids: HashSet<&str> = ALL.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), ALL.len());
        assert!(ALL.iter().all(|row| !row.treatments.is_empty() && !row.means.is_empty() && !row.varies.is_empty()));
        let used: HashSet<Arm> = ALL.iter().flat_map(Experiment::arms).collect();
        let unused: Vec<Arm> = Arm::all().filter(|arm| !used.contains(arm)).collect();
        assert!(unused.is_empty(), "{unused:?}");
    }
}
