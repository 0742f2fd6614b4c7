//! Mutants of TLS.

use crate::base::Layer::Tls;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::pki::NAME;
use crate::live::listen::{Also, Script};

pub(in crate::jobs::lab) const MUTANTS: &[Fault] = &[
    fault("tls.mutant-in-clear", Tls, "a request in the clear is answered like one in TLS", Makes::Also(Also::Words(b"SSTP_", OK)), ""),
    fault("tls.mutant-anonymous", Tls, "suites without a certificate are taken", Makes::Also(Also::Script(Script::ANONYMOUS)), ""),
    fault("tls.mutant-null", Tls, "suites without encryption are taken", Makes::Also(Also::Script(Script::NULL)), ""),
    fault("tls.mutant-ssl-2", Tls, "SSL 2.0 is taken", Makes::Also(Also::Words(&[0x80, 0x2e, 1, 0, 2], SSL2_HELLO)), ""),
    fault("tls.mutant-ssl-3", Tls, "SSL 3.0 is taken", Makes::Also(Also::Script(Script::SSL)), ""),
    fault("tls.mutant-tls-1-0", Tls, "TLS 1.0 is taken", Makes::Also(Also::Script(Script::OLD)), ""),
    fault("tls.mutant-tls-1-1", Tls, "TLS 1.1 is taken", Makes::Also(Also::Script(Script::OLDER)), ""),
    fault(
        "tls.mutant-insecure-renegotiation",
        Tls,
        "renegotiation_info is not answered",
        Makes::Also(Also::Script(Script::OLD_SUITES)),
        "",
    ),
    fault("tls.mutant-compression", Tls, "TLS is compressed", Makes::Also(Also::Script(Script::DEFLATE)), ""),
    fault("tls.mutant-h2", Tls, "ALPN has h2 alone", Makes::Also(Also::Alpn("h2")), ""),
    fault("tls.mutant-needs-sni", Tls, "a client without SNI is refused", Makes::Sni(NAME), ""),
    fault("tls.mutant-grudge", Tls, "after a broken handshake the next connection is closed", Makes::Also(Also::BearsGrudges), ""),
];

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n";
/// SERVER-HELLO of SSL 2.0 without a certificate: type, session id hit, certificate type, version, lengths of certificate, ciphers
/// and connection id, one cipher, the id.
const SSL2_HELLO: &[u8] =
    &[0x80, 0x1e, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 16, 7, 0, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
