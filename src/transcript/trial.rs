//! What experiments on the way to a server saw. A trial is one connection, or one question, that differs from its control in one
//! thing; a trail is all of them.

mod ending;
mod packets;

use super::Target;
use super::proxy::Greeting;
use super::witness::Sides;
use crate::base::{Layer, Micros};
use crate::wire::http::Head;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

pub use ending::Ending;
pub use packets::{Feeler, Hop, ResetSeen};

/// What a trial sends. The control of an experiment is an arm like the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// The target's name, asked of the system.
    DnsSystem,
    /// The same, asked of one resolver by itself.
    DnsResolver,
    /// A name that nobody has, asked of the system or of a resolver.
    DnsRandom,
    /// A connection to the target.
    Tcp,
    /// Another to its other family.
    TcpOtherFamily,
    /// To another port of the target.
    TcpOtherPort,
    /// To the control server.
    TcpControl,
    /// Several connections one right behind the other, none held.
    InARow,
    /// Several whole handshakes, all held until the last one is through.
    Together,
    /// CONNECT as an SSTP client says it.
    Connect,
    /// CONNECT without `SSTPVERSION`.
    ConnectPlain,
    /// CONNECT with another header that nobody knows.
    ConnectOddHeader,
    /// CONNECT to the control server.
    ConnectControl,
    /// CONNECT to another port of the target.
    ConnectOtherPort,
    /// CONNECT with credentials.
    ConnectLogin,
    /// A whole handshake by the TLS library, with the target's name.
    Tls,
    /// The same over a connection of short segments.
    TlsShort,
    /// A whole handshake with the control server.
    TlsControl,
    /// A hand-made ClientHello with the target's name.
    HelloNamed,
    /// The same without a name.
    HelloNameless,
    /// The same with another name.
    HelloOtherName,
    /// The same with the target's name in the other case.
    HelloOtherCase,
    /// The same with the target's name, to the control server.
    HelloToControl,
    /// The same in two segments.
    HelloSplit,
    /// The same with TLS 1.2 only.
    Hello12,
    /// The same with TLS 1.3 only.
    Hello13,
    /// The same with ALPN http/1.1.
    HelloAlpn,
    /// The hello of Windows.
    HelloWindows,
    /// A hello like a browser's.
    HelloBrowser,
    /// The hand-made hello, padded to the length of a browser's.
    HelloPadded,
    /// The same from a port of ours that is chosen on purpose.
    HelloFromPort,
    /// A connection on which nothing is said.
    NoHello,
    /// A whole handshake at the address that another resolver gave.
    TlsElsewhere,
    /// A whole handshake at a further address of the same answer.
    TlsOtherAddress,
    /// Plain HTTP to port 80.
    PlainHttp,
    /// `GET /` in TLS.
    Get,
    /// The whole request of SSTP.
    Sstp,
    /// The same with a length of a million.
    LengthShort,
    /// The same with length 0.
    LengthZero,
    /// The same without a length.
    LengthNone,
    /// The same in chunks.
    Chunked,
    /// POST with the length of SSTP.
    PostMax,
    /// A method that nobody knows, as long as that of SSTP, and no body.
    OddMethod,
    /// The method of SSTP, no body.
    MethodAlone,
    /// The method and length of SSTP for another path.
    OtherPath,
    /// The request of SSTP with its braces escaped.
    Escaped,
    /// The path of SSTP with GET.
    GetPath,
    /// A call up to the Call Connect Ack.
    Call,
    /// The same with the Call Connect Request in two TLS records.
    CallSplit,
    /// A call with a login.
    Login,
    /// LCP echoes of this many bytes.
    Echo,
    /// The same over a connection of short segments.
    EchoShortSegments,
    /// As many bytes in many short LCP echoes.
    EchoMany,
    /// Many long LCP echoes.
    Bulk,
    /// The same in a call whose opening had other record sizes.
    BulkSplit,
    /// The server's page over and over in one TLS connection.
    BulkPlain,
    /// Requests that are longer than their answers, over and over in one TLS connection.
    BulkUp,
    /// A handshake in TCP segments of a chosen length.
    TlsSegment,
    /// A long LCP echo in TCP segments of a chosen length.
    EchoSegment,
    /// A call that says nothing for so long, and is asked then.
    Idle,
    /// A call that says something all the time.
    Busy,
}

/// Arm, id, the layer that it tries, and what it sends.
const ARMS: &[(Arm, &str, Layer, &str)] = &[
    (Arm::DnsSystem, "dns-system", Layer::Dns, "the name, to the system's resolver"),
    (Arm::DnsResolver, "dns-resolver", Layer::Dns, "the name, to one resolver"),
    (Arm::DnsRandom, "dns-random", Layer::Dns, "a name that nobody has"),
    (Arm::Tcp, "tcp", Layer::Tcp, "a SYN to the target"),
    (Arm::TcpOtherFamily, "tcp-other-family", Layer::Tcp, "a SYN to the target's other IP family"),
    (Arm::TcpOtherPort, "tcp-other-port", Layer::Tcp, "a SYN to another port of the target"),
    (Arm::TcpControl, "tcp-control", Layer::Tcp, "a SYN to the control server"),
    (Arm::InARow, "in-a-row", Layer::Tcp, "a dozen SYNs one right behind the other"),
    (Arm::Together, "together", Layer::Tls, "several TLS handshakes at the same time"),
    (Arm::Connect, "connect", Layer::Proxy, "CONNECT with SSTPVERSION"),
    (Arm::ConnectPlain, "connect-plain", Layer::Proxy, "CONNECT without SSTPVERSION"),
    (Arm::ConnectOddHeader, "connect-odd-header", Layer::Proxy, "CONNECT with another unknown header"),
    (Arm::ConnectControl, "connect-control", Layer::Proxy, "CONNECT to the control server"),
    (Arm::ConnectOtherPort, "connect-other-port", Layer::Proxy, "CONNECT to another port"),
    (Arm::ConnectLogin, "connect-login", Layer::Proxy, "CONNECT with credentials"),
    (Arm::Tls, "tls", Layer::Tls, "a whole TLS handshake"),
    (Arm::TlsShort, "tls-short", Layer::Tls, "a TLS handshake in short TCP segments"),
    (Arm::TlsControl, "tls-control", Layer::Tls, "a TLS handshake with the control server"),
    (Arm::HelloNamed, "hello-named", Layer::Tls, "a hand-made ClientHello with the name"),
    (Arm::HelloNameless, "hello-nameless", Layer::Tls, "without SNI"),
    (Arm::HelloOtherName, "hello-other-name", Layer::Tls, "with another name"),
    (Arm::HelloOtherCase, "hello-other-case", Layer::Tls, "with the name in the other case"),
    (Arm::HelloToControl, "hello-to-control", Layer::Tls, "with the name, to the control server"),
    (Arm::HelloSplit, "hello-split", Layer::Tls, "in two segments"),
    (Arm::Hello12, "hello-tls12", Layer::Tls, "TLS 1.2 only"),
    (Arm::Hello13, "hello-tls13", Layer::Tls, "TLS 1.3 only"),
    (Arm::HelloAlpn, "hello-alpn", Layer::Tls, "with ALPN http/1.1"),
    (Arm::HelloWindows, "hello-windows", Layer::Tls, "as Windows says it"),
    (Arm::HelloBrowser, "hello-browser", Layer::Tls, "as browsers say it"),
    (Arm::HelloPadded, "hello-padded", Layer::Tls, "padded to a browser's length"),
    (Arm::HelloFromPort, "hello-from-port", Layer::Tls, "from a port chosen on purpose"),
    (Arm::NoHello, "no-hello", Layer::Tls, "nothing at all"),
    (Arm::TlsElsewhere, "tls-elsewhere", Layer::Tls, "at another resolver's address"),
    (Arm::TlsOtherAddress, "tls-other-address", Layer::Tls, "at a further address of the name"),
    (Arm::PlainHttp, "plain-http", Layer::Http, "GET / in the clear, port 80"),
    (Arm::Get, "get", Layer::Http, "GET /"),
    (Arm::Sstp, "sstp", Layer::Http, "the request of SSTP"),
    (Arm::LengthShort, "length-short", Layer::Http, "with Content-Length 1000000"),
    (Arm::LengthZero, "length-zero", Layer::Http, "with Content-Length 0"),
    (Arm::LengthNone, "length-none", Layer::Http, "without Content-Length"),
    (Arm::Chunked, "chunked", Layer::Http, "with a chunked body"),
    (Arm::PostMax, "post-max", Layer::Http, "POST with the length of SSTP"),
    (Arm::OddMethod, "odd-method", Layer::Http, "a method that nobody knows"),
    (Arm::MethodAlone, "method-alone", Layer::Http, "the method of SSTP for /, no body"),
    (Arm::OtherPath, "other-path", Layer::Http, "method and length of SSTP, another path"),
    (Arm::Escaped, "escaped", Layer::Http, "with the braces escaped"),
    (Arm::GetPath, "get-path", Layer::Http, "GET for the path of SSTP"),
    (Arm::Call, "call", Layer::Sstp, "Call Connect Request behind the 200"),
    (Arm::CallSplit, "call-split", Layer::Sstp, "Call Connect Request in two records"),
    (Arm::Login, "login", Layer::Binding, "a login"),
    (Arm::Echo, "echo", Layer::Lcp, "LCP echoes"),
    (Arm::EchoShortSegments, "echo-short-segments", Layer::Lcp, "LCP echoes in short TCP segments"),
    (Arm::EchoMany, "echo-many", Layer::Lcp, "as many bytes in short LCP echoes"),
    (Arm::Bulk, "bulk", Layer::Data, "many long LCP echoes"),
    (Arm::BulkSplit, "bulk-split", Layer::Data, "the same behind an opening of other sizes"),
    (Arm::BulkPlain, "bulk-plain", Layer::Data, "GET / over and over in TLS"),
    (Arm::BulkUp, "bulk-up", Layer::Data, "long requests over and over in TLS"),
    (Arm::TlsSegment, "tls-segment", Layer::Data, "a TLS handshake in TCP segments of chosen lengths"),
    (Arm::EchoSegment, "echo-segment", Layer::Data, "a long LCP echo in TCP segments of chosen lengths"),
    (Arm::Idle, "idle", Layer::Data, "silence, then an LCP echo"),
    (Arm::Busy, "busy", Layer::Data, "an LCP echo now and then"),
];

impl Arm {
    /// Every arm, from the lowest layer to the highest.
    pub fn all() -> impl Iterator<Item = Arm> {
        ARMS.iter().map(|row| row.0)
    }

    /// Its name in reports; never changed.
    pub fn id(self) -> &'static str {
        self.row().map_or("", |row| row.1)
    }

    /// The layer that it tries.
    pub fn layer(self) -> Layer {
        self.row().map_or(Layer::Dns, |row| row.2)
    }

    /// What it sends, for a person.
    pub fn sends(self) -> &'static str {
        self.row().map_or("", |row| row.3)
    }

    fn row(self) -> Option<&'static (Arm, &'static str, Layer, &'static str)> {
        ARMS.iter().find(|row| row.0 == self)
    }
}

/// A certificate that was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// SHA-256 of the leaf, hexadecimal.
    pub sha256: String,
    /// Subject of the leaf.
    pub subject: String,
    /// Issuer of the leaf.
    pub issuer: String,
    /// It verifies for the target's name.
    pub trusted: bool,
    /// Why it does not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
    /// It leads to a root of Mozilla's store, which no box on the way can issue by.
    #[serde(default)]
    pub public: bool,
}

/// What a trial saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saw {
    /// Where it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<SocketAddr>,
    /// Our own port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What was varied: a port, a size in bytes, a time in milliseconds, a number of connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<u64>,
    /// Time of the TCP connection, without any proxy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<Micros>,
    /// From the question to the first byte of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Micros>,
    /// The resolver that was asked; nothing: the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
    /// The addresses that a resolver gave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<Shown>,
    /// Version of TLS, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u16>,
    /// Protocol chosen by ALPN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// The head of an HTTP answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// What a SOCKS proxy said last: to the greeting, to the login, to CONNECT; and its code. RFC 1928 3 and 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socks: Option<(Greeting, u8)>,
    /// The first bytes behind it, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Bytes that came through in the direction that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Messages that the client had said in TLS when it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<u64>,
    /// In so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Micros>,
    /// Time that one short answer takes in a series of short ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beat: Option<Micros>,
    /// Time that one answer of half the length takes, in a series of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half: Option<Micros>,
    /// The shortest time in which so many answers of a series came as are three windows of questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Micros>,
    /// An ICMP error ended the attempt to connect; nothing: this system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp: Option<bool>,
    /// The longest time between two answers of a series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Micros>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

impl Saw {
    /// Status of the HTTP answer; what a SOCKS proxy said in the words of HTTP.
    pub fn status(&self) -> Option<u16> {
        let socks = || {
            self.socks.map(|said| match said {
                (Greeting::Methods, _) | (Greeting::Login, 1..) => 407,
                (Greeting::Connect, 2) => 403,
                (Greeting::Connect, 3..=6) => 503,
                (Greeting::Connect, 1 | 7..) => 500,
                _ => 200,
            })
        };
        self.head.as_ref().and_then(|head| head.status).or_else(socks)
    }
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What was sent.
    pub arm: Arm,
    /// Trials of one round are run beside each other.
    pub round: u16,
    /// When it began.
    pub at: Micros,
    /// How long it took.
    pub took: Micros,
    /// The highest layer that worked; nothing: none did.
    pub reached: Option<Layer>,
    /// How it ended.
    pub ending: Ending,
    /// What it saw.
    pub saw: Saw,
}

impl Trial {
    /// What was asked for came.
    pub fn passed(&self) -> bool {
        self.ending == Ending::Answered
    }
}

/// The round of trials that were waited for longer than others, after all others of their kind had met with silence.
pub const PATIENT: u16 = 900;
/// Lengths of LCP echoes in bytes, in the order in which they are tried; an MRU of 1500 is the default, RFC 1661 6.1.
pub const ECHO_SIZES: [usize; 8] = [16, 128, 512, 800, 1000, 1200, 1350, 1450];
/// Ours: bytes of an echo of the bulk experiments.
pub const BULK_ECHO: usize = 1000;
/// Rounds of trials with nothing else open, behind several at the same time that failed, have numbers from here on.
pub const ALONE: u16 = 3000;

/// What is known of the target from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Where that was read, for a person.
    pub source: String,
    /// When it was seen, in milliseconds since 1970 UTC.
    pub at_unix_ms: Option<i64>,
    /// SHA-256 of the leaf, hexadecimal.
    pub sha256: Option<String>,
    /// The server's owner says so, and means the server's own certificate.
    #[serde(default)]
    pub pinned: bool,
    /// Issuer of the leaf.
    pub issuer: Option<String>,
    /// Addresses of the name.
    pub addresses: Vec<IpAddr>,
    /// The highest layer that worked.
    pub reached: Option<Layer>,
    /// It was seen from this very network, earlier.
    pub same_network: bool,
}

/// What an investigation was about and how it was set up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrailHead {
    /// Version of this program.
    pub version: String,
    /// Its start in milliseconds since 1970 UTC.
    pub began_unix_ms: i64,
    /// The server.
    pub target: Target,
    /// `host:port` of the control server.
    pub control: Option<String>,
    /// `host:port` of the forward proxy.
    pub proxy: Option<String>,
    /// What proxy scripts that were asked said: where from, and what.
    #[serde(default)]
    pub scripts: Vec<(String, String)>,
    /// The proxy script that gave no answer, and why; the calls went straight to the server.
    #[serde(default)]
    pub script_failed: Option<(String, String)>,
    /// A login was asked for.
    #[serde(default)]
    pub logs_in: bool,
    /// Our own addresses towards the server.
    #[serde(default)]
    pub ours: Vec<IpAddr>,
    /// What is known from elsewhere.
    pub reference: Option<Reference>,
    /// A trial without an answer is given up after so long.
    pub patience: Micros,
    /// Rounds of a contrast at most.
    pub rounds: u16,
    /// Why resets were not looked at; nothing: they were.
    pub no_raw: Option<String>,
    /// Idle connections were tried up to so long.
    pub max_idle: Option<Micros>,
    /// Nothing was tried that an ordinary client does not do.
    #[serde(default)]
    pub gentle: bool,
    /// The in-process middlebox, in a rehearsal.
    pub middlebox: Option<String>,
}

/// All that was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// About what.
    pub head: TrailHead,
    /// The trials, in the order of their beginning.
    pub trials: Vec<Trial>,
    /// Resets that a raw socket saw.
    pub resets: Vec<ResetSeen>,
    /// Time to live of what came from the server without RST, by its port; each once.
    #[serde(default)]
    pub ttls: Vec<(u16, u8)>,
    /// The walk with limited time to live.
    pub hops: Vec<Hop>,
    /// Who said by ICMP that the server cannot or may not be reached.
    #[serde(default)]
    pub rejecters: Vec<IpAddr>,
    /// What a witness at the server and we saw of the same connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Sides>,
    /// Somebody wanted no more requests for so long, which is longer than there was time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_away: Option<Micros>,
    /// The user or the time bound ended it early.
    pub interrupted: bool,
    /// It was the time bound.
    #[serde(default)]
    pub time_up: bool,
    /// It took so long.
    pub took: Micros,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_arm_has_one_row_and_reads_back_by_its_id() {
        let ids: HashSet<&str> = Arm::all().map(Arm::id).collect();
        assert_eq!(ids.len(), ARMS.len());
        for arm in Arm::all() {
            assert!(!arm.sends().is_empty() && !arm.id().is_empty());
        }
        let trial = Trial {
            arm: Arm::Bulk,
            round: 1,
            at: Micros(1),
            took: Micros(2),
            reached: Some(Layer::Lcp),
            ending: Ending::Alert(40),
            saw: Saw { bytes: Some(7), ..Saw::default() },
        };
        let text = serde_json::to_string(&trial).expect("it is data");
        assert_eq!(serde_json::from_str::<Trial>(&text).expect("it reads back"), trial);
        assert!(!text.contains("null,\"saw\""), "{text}");
    }
}
