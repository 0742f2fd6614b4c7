//! The certificate that a server shows, as a client must judge it. MS-SSTP 2.1, 3.2.4.1; RFC 5280. What our end shows is a
//! fault of the lab: such a case needs a real TLS connection, and is proved over sockets.

use super::looks;
use super::{derived, must, rfc, should};
use crate::base::Layer::Sstp;
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::Expect;

/// TLS refused, or closed behind it: in any case no SSTP.
const NO_SSTP: Expect = Expect::Is("no Call Connect Request", |view| {
    let request = looks::all(view, view.peer, "sstp.call-connect-request").next();
    looks::must(request.is_none(), || "sstp.call-connect-request came".into())
});
const TRUST: &str = "Whoever sits in between has no other certificate.";

pub(super) const ROWS: &[Row] = &[
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

/// In place of a mutant: TLS is not on the pretend wire.
pub(super) const OVER_SOCKETS: &str = "over sockets";
