//! What is unusual and harmless.

use crate::base::Layer;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::pki::PkiKind;
use crate::jobs::lab::pki::papers::{Crl, Ocsp, Papers};
use crate::jobs::lab::proxy;
use crate::proto::plan::Toxic;
use std::time::Duration;

pub(in crate::jobs::lab) const ODDITIES: &[Fault] = &[
    fault("tcp.byte-at-a-time", Layer::Tcp, "the server writes one byte at a time", Makes::Toxics(&[Toxic::Slice(1)]), ""),
    fault("tcp.slow", Layer::Tcp, "every write of the server is 20 ms late", Makes::Toxics(&[Toxic::Delay(Duration::from_millis(20))]), ""),
    fault("proxy.open", Layer::Proxy, "a proxy lets everybody pass", Makes::Proxy(proxy::open), ""),
    fault("cert.wrong-order", Layer::Cert, "the chain is sent as leaf, root, intermediate", Makes::Pki(PkiKind::WrongOrder), ""),
    fault("cert.extra", Layer::Cert, "a certificate of somebody else goes with the chain", Makes::Pki(PkiKind::ExtraCertificate), ""),
    fault("cert.no-eku", Layer::Cert, "the leaf names no purpose, which allows all", Makes::Pki(PkiKind::NoEku), ""),
    fault("cert.any-purpose", Layer::Cert, "the only purpose of the leaf is any", Makes::Pki(PkiKind::AnyEku), ""),
    fault("cert.staple", Layer::Cert, "an OCSP answer comes with the handshake", STAPLED, ""),
    fault("cert.ocsp-delegated", Layer::Cert, "a responder that the CA appointed signs the OCSP answer", DELEGATED, ""),
    fault("cert.crl-moved", Layer::Cert, "the revocation list is found behind a redirect", MOVED, ""),
    fault("sstp.ack-in-two", Layer::Sstp, "Call Connect Ack comes in two pieces", Makes::Edits(&["sstp.call-connect-ack#1 split 5"]), ""),
    fault("sstp.reserved-bits", Layer::Sstp, "reserved bits are set", Makes::Edits(&["sstp.call-connect-ack#1 set reserved=0x7f"]), ""),
    fault("sstp.only-sha256", Layer::Sstp, "the server offers SHA-256 alone", Makes::Server(|server| server.hash_mask = 2), ""),
    fault(
        "lcp.request-twice",
        Layer::Lcp,
        "the first Configure-Request comes twice",
        Makes::Edits(&["lcp.configure-request#1 repeat 2"]),
        "",
    ),
    fault(
        "auth.retry-allowed",
        Layer::Auth,
        "who did not prove himself may try again (R=1)",
        Makes::Server(|server| server.retry_allowed = true),
        "",
    ),
    fault("ncp.no-wins", Layer::Ncp, "the server has no WINS servers to give", Makes::Server(|server| server.nbns.clear()), ""),
];

const STAPLED: Makes = Makes::Papers(Papers { staple: Some(Ocsp::Good), must_staple: true, ..Papers::CLEAN });
const DELEGATED: Makes = Makes::Papers(Papers { crl: None, ocsp: Some(Ocsp::Delegated), ..Papers::CLEAN });
const MOVED: Makes = Makes::Papers(Papers { crl: Some(Crl::Moved), ..Papers::CLEAN });
