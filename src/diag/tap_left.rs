//! The client gave up: a tap sees on which layer, and what came last; why it did so is in the client's own log.

use super::check::{Check, Evidence, Fix, Look, Need, Windows};
use super::look::{ABORTED, alert, gave_up, stop_at};
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::Facts;

/// A row of this file: they differ in the layer and in what a client dislikes there.
macro_rules! left {
    ($id:literal, $layer:ident, $title:literal, $means:literal, $admin:literal, $user:literal, $spec:expr, $look:ident) => {
        Check {
            id: $id,
            layer: Layer::$layer,
            title: $title,
            means: $means,
            fix: Fix { admin: $admin, user: $user },
            spec: &[$spec],
            needs: Need::Tap,
            whole: true,
            explains: ABORTED,
            look: Look::One($look),
            ..Check::ROW
        }
    };
}

pub(super) const TAP_LEFT: &[Check] = &[
    left!(
        "TCP-CLIENT-LEFT",
        Tcp,
        "The client gave up while it connected",
        "It ended the TCP connection before it said anything: another address answered first, or the user or a program cancelled the dial.",
        "Nothing needs to be done if another connection of the same client goes on.",
        "Dial again.",
        SpecRef::rfc(9293, "3.5"),
        left_tcp
    ),
    left!(
        "PROXY-CLIENT-LEFT",
        Proxy,
        "The client gave up at the proxy",
        "It left after the proxy's answer or while it waited: it has no credentials for the proxy, or does not take the answer.",
        "Exempt the VPN server from the proxy, or allow CONNECT to it without login.",
        "Check the proxy setting; use a network without the proxy.",
        SpecRef::sstp("4.5"),
        left_proxy
    ),
    Check {
        id: "TLS-CLIENT-ALERT",
        layer: Layer::Tls,
        title: "The client refuses the TLS handshake",
        means: "It sent a fatal alert that is not about the certificate: the version or suite that the server chose is not allowed on the client, or \
                a message of the server is wrong.",
        fix: Fix {
            admin: "Offer TLS 1.2 or 1.3 with ECDHE and AES-GCM; old Windows (7, Server 2008 R2) may need TLS 1.2 switched on at the client.",
            user: "Install the operating system's updates.",
        },
        windows: &[Windows::Hresult(0x8009_0326), Windows::Hresult(0x8009_0331)],
        spec: &[SpecRef::rfc(8446, "6.2")],
        needs: Need::Tap,
        explains: &["TLS-CLIENT-LEFT", "TLS-HANDSHAKE-FAILED", "TLS-RESET-IN-HANDSHAKE", "TCP-ACCEPT-NO-DATA"],
        look: Look::One(client_alert),
        ..Check::ROW
    },
    left!(
        "TLS-CLIENT-LEFT",
        Tls,
        "The client gave up during the TLS handshake",
        "It closed the connection. Where the server's certificate had come, the client most likely refused it: name, dates, issuer or revocation.",
        "Check the certificate against the name that clients dial, its chain and its revocation addresses.",
        "Look for the reason in the client's log (Windows: RasClient and RasSstp events).",
        SpecRef::rfc(8446, "6.1"),
        left_tls
    ),
    left!(
        "HTTP-CLIENT-LEFT",
        Http,
        "The client gave up at the SSTP request",
        "TLS was done, then the client left before or after the answer to its request. Windows checks the certificate here, revocation included; \
         other clients dislike the answer.",
        "Check that the revocation addresses of the certificate can be reached from outside, and what the server answered.",
        "Look for the reason in the client's log (Windows: RasClient and RasSstp events).",
        SpecRef::sstp("3.2.4.1"),
        left_http
    ),
    left!(
        "SSTP-CLIENT-LEFT",
        Sstp,
        "The client gave up while it set up the call",
        "HTTP was done, then the client left before Call Connect Ack, or because of what was in it.",
        "Read the client's log; compare the Ack with MS-SSTP 2.2.10.",
        "Update the client.",
        SpecRef::sstp("3.2.5.3"),
        left_sstp
    ),
    left!(
        "LCP-CLIENT-LEFT",
        Lcp,
        "The client gave up during LCP",
        "Client and server did not come to terms about the link, or the client's PPP daemon could not start (no rights, no device, wrong options).",
        "Read the log of the client's PPP daemon; compare the authentication methods of both ends.",
        "Linux: check that pppd runs as root and that /dev/ppp exists.",
        SpecRef::rfc(1661, "4"),
        left_lcp
    ),
    left!(
        "AUTH-CLIENT-LEFT",
        Auth,
        "The client gave up during authentication",
        "The user cancelled, no password was at hand, or the client does not accept the method or the server's proof.",
        "Compare the authentication methods of server and profile.",
        "Dial again and type name and password.",
        SpecRef::rfc(1661, "3.5"),
        left_auth
    ),
    left!(
        "BIND-CLIENT-LEFT",
        Binding,
        "The client gave up at the crypto binding",
        "Login was done, then the client left around Call Connected: it has no keys for the binding, or none of the server's hashes is to its taste.",
        "Offer SHA-256 for the certificate hash; read the client's log.",
        "Linux: check that the sstp-pppd plugin is loaded, it hands over the keys.",
        SpecRef::sstp("3.2.5.2"),
        left_binding
    ),
    left!(
        "IPCP-CLIENT-LEFT",
        Ncp,
        "The client gave up while it asked for an address",
        "It did not get the address or the servers that it wants, or could not set up its network interface or routes.",
        "Compare the addresses that the client asks for with the pool; check the option that the server refuses.",
        "Remove a fixed address from the profile; read the client's log.",
        SpecRef::rfc(1332, "3"),
        left_ncp
    ),
];

fn left_tcp(facts: &Facts) -> Option<Evidence> {
    left(facts, Layer::Tcp, "TCP-CLIENT-LEFT")
}

fn left_proxy(facts: &Facts) -> Option<Evidence> {
    left(facts, Layer::Proxy, "PROXY-CLIENT-LEFT")
}

fn client_alert(facts: &Facts) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Tls)?;
    let about_other = |description: u8| !super::tap_cert::CERTIFICATE_ALERTS.contains(&description) && description != CLOSE_NOTIFY;
    let mut alerts = facts.alerts.iter().filter(|seen| seen.by == Some(Side::Client) && seen.event <= stop.event);
    let seen = alerts.find(|seen| about_other(seen.it))?;
    let chosen = facts
        .server_hellos
        .last()
        .map(|hello| format!("the server had chosen version 0x{:04X}, suite 0x{:04X}", hello.it.version, hello.it.suite));
    Some(Evidence::at(seen.event, format!("the client sent alert {}", alert(seen.it))).and(&chosen.unwrap_or_default()))
}

fn left_tls(facts: &Facts) -> Option<Evidence> {
    let evidence = left(facts, Layer::Tls, "TLS-CLIENT-LEFT")?;
    let certificate = facts.leaf().map(|leaf| format!("the certificate shown was {}", super::tap_cert::shown(leaf)));
    let hidden = || facts.server_hellos.last().map(|_| "the server's hello had come, so its certificate may be the reason".into());
    Some(evidence.and(&certificate.or_else(hidden).unwrap_or_default()))
}

fn left_http(facts: &Facts) -> Option<Evidence> {
    let evidence = left(facts, Layer::Http, "HTTP-CLIENT-LEFT")?;
    let asked = if facts.requests.is_empty() { "no request was sent" } else { "" };
    Some(evidence.and(asked))
}

fn left_sstp(facts: &Facts) -> Option<Evidence> {
    left(facts, Layer::Sstp, "SSTP-CLIENT-LEFT")
}

fn left_lcp(facts: &Facts) -> Option<Evidence> {
    left(facts, Layer::Lcp, "LCP-CLIENT-LEFT")
}

fn left_auth(facts: &Facts) -> Option<Evidence> {
    left(facts, Layer::Auth, "AUTH-CLIENT-LEFT")
}

fn left_binding(facts: &Facts) -> Option<Evidence> {
    left(facts, Layer::Binding, "BIND-CLIENT-LEFT")
}

fn left_ncp(facts: &Facts) -> Option<Evidence> {
    left(facts, Layer::Ncp, "IPCP-CLIENT-LEFT")
}

fn left(facts: &Facts, layer: Layer, own: &str) -> Option<Evidence> {
    let stop = gave_up(facts, layer, own)?;
    let last = super::look::words(facts, Side::Server).filter(|word| word.0 < stop.event).max();
    let since = last.map_or_else(
        || "the server had said nothing".to_string(),
        |(_, at)| format!("the server's last word came {} before", stop.at - at),
    );
    Some(Evidence::at(stop.event, stop.reason.to_string()).and(&since))
}

/// RFC 8446 6.1.
const CLOSE_NOTIFY: u8 = 0;
