//! Handshakes that do not come through.

use crate::base::Layer::Tls;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::pki::{NAME, PkiKind};
use crate::live::listen::{Front, Script};

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("tls.plain-http", Tls, "the port speaks plain HTTP", Makes::Front(Front::PlainHttp), "TLS-PLAINTEXT-PORT"),
    fault("tls.another-protocol", Tls, "the port speaks another protocol", Makes::Front(Front::Garbage), "TLS-NOT-TLS"),
    fault("tls.too-old", Tls, "the server stopped at TLS 1.0", Makes::Front(Front::Script(Script::OLD)), "TLS-SERVER-TOO-OLD"),
    // RFC 8446 6.2: handshake_failure.
    fault("tls.no-common-cipher", Tls, "there is no cipher suite in common", Makes::Front(Front::Alert(40)), "TLS-NO-COMMON-CIPHER"),
    fault("tls.wrong-sni", Tls, "the server answers only to another name", Makes::Sni("other.lab.example"), "TLS-SNI-ALERT"),
    fault(
        "tls.sni-required",
        Tls,
        "the server wants SNI and the profile dials an address",
        Makes::Many(&[Makes::Sni(NAME), Makes::Dial(|dial| dial.host = "127.0.0.1".into())]),
        "TLS-SNI-REQUIRED",
    ),
    fault("tls.client-certificate", Tls, "the server demands a client certificate", Makes::ClientCertificate, "TLS-CLIENT-CERT-REQUESTED"),
    fault(
        "tls.reset",
        Tls,
        "the connection is reset after the ClientHello",
        Makes::Front(Front::ResetAfterHello),
        "TLS-RESET-IN-HANDSHAKE",
    ),
    fault("tls.close", Tls, "the connection is closed after the ClientHello", Makes::Front(Front::CloseAfterHello), "TCP-ACCEPT-NO-DATA"),
    fault(
        "tls.proxy-line",
        Tls,
        "the server hangs up on whoever does not begin with a line of the PROXY protocol",
        Makes::Front(Front::WantsProxyLine),
        "TCP-PROXYPROTO-MISMATCH",
    ),
    fault(
        "tls.old-suites",
        Tls,
        "the server speaks TLS 1.2 with outdated cipher suites only",
        Makes::Front(Front::Script(Script::OLD_SUITES)),
        "TLS-LEGACY-CIPHER",
    ),
    fault(
        "tls.dead-suites",
        Tls,
        "the server speaks TLS 1.2 with RC4 alone",
        Makes::Front(Front::Script(Script::DEAD_SUITES)),
        "TLS-LEGACY-CIPHER",
    ),
    fault(
        "tls.null-suites",
        Tls,
        "the server has only suites without encryption",
        Makes::Front(Front::Script(Script::NULL)),
        "TLS-NO-ENCRYPTION",
    ),
    fault(
        "tls.anonymous",
        Tls,
        "the server has only suites without a certificate",
        Makes::Front(Front::Script(Script::ANONYMOUS)),
        "TLS-ANONYMOUS-ONLY",
    ),
    fault(
        "tls.rare-suites",
        Tls,
        "the server has only suites that nearly nobody offers",
        Makes::Front(Front::Script(Script::RARE_SUITES)),
        "TLS-RARE-CIPHER",
    ),
    fault(
        "tls.rare-group",
        Tls,
        "the server wants P-521 for the key exchange",
        Makes::Front(Front::Script(Script::RARE_GROUP)),
        "TLS-RARE-GROUP",
    ),
    fault(
        "tls.short-prime",
        Tls,
        "the server has Diffie-Hellman with 1024 bits alone",
        Makes::Many(&[Makes::Front(Front::Script(Script::SHORT_PRIME)), Makes::Pki(PkiKind::RsaLeaf)]),
        "TLS-WEAK-DH",
    ),
    fault(
        "tls.shuns-tls13",
        Tls,
        "hellos that name TLS 1.3 are dropped, others are answered with TLS 1.2",
        Makes::Front(Front::Script(Script::SHUNS_13)),
        "TLS-13-INTOLERANT",
    ),
    fault(
        "tls.ed25519-key",
        Tls,
        "the certificate has an Ed25519 key, which no Windows takes",
        Makes::Pki(PkiKind::Ed25519Leaf),
        "TLS-CERT-KEY-TYPE",
    ),
    // RFC 8446 6.2: internal_error.
    fault("tls.internal-error", Tls, "the server has an error of its own", Makes::Front(Front::Alert(80)), "TLS-HANDSHAKE-FAILED"),
    fault(
        "tls.client-certificate-asked",
        Tls,
        "the server asks for a client certificate and goes on without one",
        Makes::ClientCertificateWish,
        "TLS-CLIENT-CERT-ASKED",
    ),
];
