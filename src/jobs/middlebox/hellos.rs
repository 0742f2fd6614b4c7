//! Boxes that look at the ClientHello.

use super::{Kind, Makes, Unit, counted, kind, millis};
use crate::live::middlebox::{Act, Hello, Rule};
use crate::wire::tls::{Offer, TLS13};

pub(super) const KINDS: &[Kind] = &[
    kind("sni-reset", "resets hellos with the server's name", Makes::Rules(|_| on(named, Act::Reset)), &["TLS-SNI-FILTER"]),
    kind("sni-drop", "drops connections whose hello has the server's name", Makes::Rules(|_| on(named, Act::Silence)), &["TLS-SNI-FILTER"]),
    kind("sni-close", "closes connections whose hello has the server's name", Makes::Rules(|_| on(named, Act::Close)), &["TLS-SNI-FILTER"]),
    kind(
        "sni-alert",
        "answers hellos with the server's name with an alert in the server's name",
        Makes::Rules(|_| on(named, Act::Alert(HANDSHAKE_FAILURE))),
        &["TLS-SNI-ALERTED"],
    ),
    kind(
        "sni-first-segment",
        "resets hellos with the server's name that come in one segment",
        Makes::Rules(|_| vec![Rule::Hello(Hello { on: named, reassembles: false, act: Act::Reset })]),
        &["TLS-SNI-FILTER"],
    ),
    kind(
        "sni-by-letter",
        "resets hellos with the server's name, spelled exactly so",
        Makes::Rules(|_| on(|hello, name| hello.server_name.as_deref() == Some(name), Act::Reset)),
        &["TLS-SNI-FILTER"],
    ),
    kind(
        "sni-page",
        "answers hellos with the server's name with a block page in the clear",
        Makes::Rules(|_| on(named, Act::Says(BLOCKED))),
        &["TLS-SNI-FILTER", "TLS-PLAIN-ANSWER"],
    ),
    counted(
        "sni-residual",
        "resets hellos with the server's name, then drops everything for a while",
        Makes::Rules(|ms| [on(named, Act::Reset), vec![Rule::Residual(millis(ms))]].concat()),
        (2_000, Unit::Millis),
        &["DPI-RESIDUAL-BLOCK"],
    ),
    kind(
        "sni-required",
        "drops connections whose hello names nobody",
        Makes::Rules(|_| on(|hello, _| hello.server_name.is_none(), Act::Silence)),
        &["TLS-SNI-REQUIRED"],
    ),
    kind("tls-reset", "resets every hello", Makes::Rules(|_| on(|_, _| true, Act::Reset)), &["TLS-DPI-BLOCK"]),
    kind("tls-drop", "drops every connection with a hello", Makes::Rules(|_| on(|_, _| true, Act::Silence)), &["TLS-DPI-BLOCK"]),
    kind(
        "front-closes-name",
        "a front of the server that closes connections whose hello has its name",
        Makes::RulesForTarget(|_| on(named, Act::Close)),
        &["TLS-SNI-FILTER"],
    ),
    kind(
        "front-closes",
        "a front of the server that closes connections at every hello",
        Makes::RulesForTarget(|_| on(|_, _| true, Act::Close)),
        &["TLS-DPI-BLOCK"],
    ),
    kind(
        "front-alerts",
        "a front of the server that knows no name and says so to every hello",
        Makes::RulesForTarget(|_| on(|_, _| true, Act::Alert(UNRECOGNIZED_NAME))),
        &["TLS-ALERTED"],
    ),
    kind(
        "browsers-only",
        "resets hellos that are not like a browser's",
        Makes::Rules(|_| on(|hello, _| hello.alpn.len() < 2, Act::Reset)),
        &["TLS-FINGERPRINT-FILTER"],
    ),
    kind(
        "windows-hello",
        "resets hellos like that of Windows",
        Makes::Rules(|_| on(|hello, _| hello.suites.contains(&DHE_AES_256_GCM), Act::Reset)),
        &["TLS-FINGERPRINT-FILTER"],
    ),
    kind(
        "tls13-drop",
        "drops hellos that offer TLS 1.3",
        Makes::Rules(|_| on(|hello, _| hello.versions().contains(&TLS13), Act::Silence)),
        &["TLS-VERSION-FILTER"],
    ),
    kind(
        "tls12-reset",
        "resets hellos that offer no TLS 1.3",
        Makes::Rules(|_| on(|hello, _| !hello.versions().contains(&TLS13), Act::Reset)),
        &["TLS-VERSION-FILTER"],
    ),
    kind(
        "alpn-required",
        "resets hellos without ALPN",
        Makes::Rules(|_| on(|hello, _| hello.alpn.is_empty(), Act::Reset)),
        &["TLS-ALPN-FILTER"],
    ),
    kind(
        "alpn-h2-only",
        "a front end that wants HTTP/2",
        Makes::Rules(|_| on(|hello, _| !hello.alpn.contains(&b"h2".to_vec()), Act::Alert(NO_APPLICATION_PROTOCOL))),
        &["TLS-ALPN-H2"],
    ),
    counted(
        "long-hello",
        "resets hellos of more bytes than that, as post-quantum ones are",
        Makes::Rules(|most| vec![Rule::HelloOver(most as usize, Act::Reset)]),
        (1400, Unit::Bytes),
        &["TLS-FINGERPRINT-FILTER"],
    ),
    kind(
        "split-hello",
        "resets hellos that come in more than one segment",
        Makes::Rules(|_| vec![Rule::SplitHello(Act::Reset)]),
        &["TLS-SPLIT-HELLO-CUT"],
    ),
];

fn named(hello: &Offer, name: &str) -> bool {
    hello.server_name.as_deref().is_some_and(|sent| sent.eq_ignore_ascii_case(name))
}

fn on(on: fn(&Offer, &str) -> bool, act: Act) -> Vec<Rule> {
    vec![Rule::Hello(Hello { on, reassembles: true, act })]
}

/// TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, RFC 5288 3: Windows offers it, libraries of today do not.
const DHE_AES_256_GCM: u16 = 0x009f;
/// RFC 8446 6.
const HANDSHAKE_FAILURE: u8 = 40;
/// RFC 6066 3.
const UNRECOGNIZED_NAME: u8 = 112;
/// RFC 7301 3.2.
const NO_APPLICATION_PROTOCOL: u8 = 120;
const BLOCKED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 54\r\nConnection: close\r\n\r\n\
    <html><body>Blocked by Lab Firewall, ref 4711</body>..";
