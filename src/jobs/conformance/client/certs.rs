//! TLS: what a client offers, and the certificate that a server shows as a client must judge it. MS-SSTP 2.1, 3.2.4.1; RFC 5280.
//! What our end shows is a fault of the lab. Such a case needs a real TLS connection, and is proved over sockets.

use super::looks;
use super::{REQUEST, derived, must, rfc, should};
use crate::base::Layer::Sstp;
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::{Expect, View, shown};
use crate::transcript::{What, tap};
use crate::wire::tls::TLS12;
use std::net::IpAddr;

/// TLS refused, or closed behind it: in any case no SSTP.
const NO_SSTP: Expect = Expect::Is("no Call Connect Request", |view| {
    let request = looks::all(view, view.peer, "sstp.call-connect-request").next();
    looks::must(request.is_none(), || "sstp.call-connect-request came".into())
});
const TRUST: &str = "Whoever sits in between has no other certificate.";

pub(super) const ROWS: &[Row] = &[
    derived("tls/2.1/begins-with-tls", "2.1", &["C-001"])
        .at(Sstp)
        .says("a connection begins with a ClientHello")
        .expects(Expect::Is("a ClientHello", |view| hello(view).map(drop)))
        .why("Nothing of SSTP may be seen in clear.")
        .proved(OVER_SOCKETS),
    rfc(Level::Interop, "tls/3/no-old-versions", 8996, "3", &["C-010"])
        .at(Sstp)
        .says("no version of TLS below 1.2 is offered")
        .expects(Expect::Is("TLS 1.2 and later", |view| {
            let old: Vec<u16> = hello(view)?.versions.iter().copied().filter(|version| *version < TLS12).collect();
            looks::must(old.is_empty(), || format!("versions {old:04x?}"))
        }))
        .why("The older ones are broken.")
        .proved(OVER_SOCKETS),
    rfc(Level::Interop, "tls/3/server-name", 6066, "3", &["C-011"])
        .at(Sstp)
        .says("SNI has the name that is dialled, and no address")
        .expects(Expect::Is("a name, or nothing for an address", |view| {
            let sni = hello(view)?.sni.as_deref();
            looks::must(sni.is_none_or(|name| name.parse::<IpAddr>().is_err()) && sni != Some(""), || format!("the name {}", shown(sni)))
        }))
        .why("A server with several certificates chooses by it.")
        .proved(OVER_SOCKETS),
    rfc(Level::Interop, "tls/3.1/alpn", 7301, "3.1", &["C-012"])
        .at(Sstp)
        .says("ALPN is not there, or has http/1.1")
        .expects(Expect::Is("no ALPN, or http/1.1 in it", |view| {
            let alpn = &hello(view)?.alpn;
            looks::must(alpn.is_empty() || alpn.iter().any(|name| name == "http/1.1"), || format!("ALPN {}", alpn.join(", ")))
        }))
        .why("A front end that agrees to h2 speaks no SSTP.")
        .proved(OVER_SOCKETS),
    derived("cert/3.2.4.1/any-purpose", "3.2.4.1", &["C-004"])
        .at(Sstp)
        .lab("cert.any-purpose")
        .says("a certificate for any purpose is taken")
        .expects(REQUEST)
        .why("Any purpose is this one, too.")
        .proved(OVER_SOCKETS),
    must("cert/2.1/self-signed", "2.1", &["C-002", "C-016"])
        .at(Sstp)
        .lab("cert.self-signed")
        .says("a certificate that vouches for itself is refused")
        .expects(NO_SSTP)
        .why(TRUST)
        .proved(OVER_SOCKETS),
    must("cert/3.2.4.1/client-auth-only", "3.2.4.1", &["C-003"])
        .at(Sstp)
        .lab("cert.no-server-auth")
        .says("a certificate for clients only is refused")
        .expects(NO_SSTP)
        .why("Any user of the company has one.")
        .proved(OVER_SOCKETS),
    should("cert/3.2.4.1/another-name", "3.2.4.1", &["C-006"])
        .at(Sstp)
        .lab("cert.wrong-name")
        .says("a certificate for another name is refused")
        .expects(NO_SSTP)
        .why(TRUST)
        .proved(OVER_SOCKETS),
    should("cert/3.2.4.1/wildcard-one-label-short", "3.2.4.1", &["C-006"])
        .at(Sstp)
        .lab("cert.wildcard-depth")
        .says("a wildcard stands for one label and no more")
        .expects(NO_SSTP)
        .why(TRUST)
        .proved(OVER_SOCKETS),
    rfc(Level::Derived, "cert/6.1.3/expired", 5280, "6.1.3", &["C-008"])
        .at(Sstp)
        .lab("cert.expired")
        .says("a certificate that has ended is refused")
        .expects(NO_SSTP)
        .why("Nobody answers for its key any more.")
        .proved(OVER_SOCKETS),
    rfc(Level::Derived, "cert/6.1.3/not-yet-valid", 5280, "6.1.3", &["C-008"])
        .at(Sstp)
        .lab("cert.not-yet-valid")
        .says("a certificate that has not begun is refused")
        .expects(NO_SSTP)
        .why("Nobody answers for its key yet.")
        .proved(OVER_SOCKETS),
    rfc(Level::Derived, "cert/6.1/forged", 5280, "6.1", &["C-009"])
        .at(Sstp)
        .lab("cert.forged")
        .says("a certificate that its issuer did not sign is refused")
        .expects(NO_SSTP)
        .why(TRUST)
        .proved(OVER_SOCKETS),
    derived("cert/6.1/missing-intermediate", "2.1", &["C-009"])
        .at(Sstp)
        .lab("cert.missing-intermediate")
        .says("a certificate whose chain does not reach a root is refused")
        .expects(NO_SSTP)
        .why(TRUST)
        .proved(OVER_SOCKETS),
];

fn hello<'a>(view: &View<'a>) -> Result<&'a tap::ClientHello, String> {
    let hello = view.events.iter().find_map(|event| if let What::ClientHello(hello) = &event.what { Some(hello.as_ref()) } else { None });
    hello.ok_or_else(|| "no ClientHello was seen".to_string())
}

/// In place of a mutant: TLS is not on the pretend wire.
pub const OVER_SOCKETS: &str = "over sockets";
