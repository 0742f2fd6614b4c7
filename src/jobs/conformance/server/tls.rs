//! TLS as a server must meet it, and handshakes that come to nothing. MS-SSTP 2.1, 3.1.7.2, 3.3.3.
//! TLS is not on the pretend wire: these cases are proved over sockets.

use super::{ACKED, derived, must, rfc};
use crate::base::Layer::Sstp;
use crate::jobs::conformance::case::{Below, Level, Row};
use crate::jobs::conformance::expect::{Expect, View, shown};
use crate::live::knock::Abort;
use crate::transcript::scan::Traits;
use crate::transcript::{ScanAnswer, What};
use crate::wire::tls::suite::{Kx, Suite};
use crate::wire::tls::{ClientHello, SSL30, TLS10, TLS11, TLS12};

const REQUEST_IN_CLEAR: &[u8] = b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n\
Host: vpn.lab.example\r\nContent-Length: 18446744073709551615\r\n\r\n";
/// CLIENT-HELLO of SSL 2.0 with its seven ciphers and a challenge of 16 bytes.
const SSL2_HELLO: &[u8] = &[
    0x80, 0x2e, 1, 0, 2, 0, 21, 0, 0, 0, 16, 7, 0, 0xc0, 5, 0, 0x80, 3, 0, 0x80, 1, 0, 0x80, 6, 0, 0x40, 4, 0, 0x80, 2, 0, 0x80, 1, 2, 3,
    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
const OLD: &str = "It is broken, and every client that matters has a newer one.";
const ABORTED: &str = "Scanners and clients that gave up do this all day.";
const REFUSED: Expect = Expect::Is("an alert, or the connection is closed", |view| match answer(view)? {
    ScanAnswer::Alert(_) | ScanAnswer::Closed(_) | ScanAnswer::NotTls => Ok(()),
    ScanAnswer::Accepted { version, cipher, .. } => Err(format!("{version:04x} with {}", Suite::name_of(*cipher))),
    ScanAnswer::Silence => Err("no answer".into()),
});

pub(super) const ROWS: &[Row] = &[
    derived("tls/2.1/request-in-clear", "2.1", &["S-001"])
        .below(Below::Says(REQUEST_IN_CLEAR), "the HTTP request of SSTP goes out without TLS")
        .says("SSTP is not served without TLS")
        .expects(Expect::Is("an error, or the connection is closed", |view| {
            match view.named("http.response").next().map(|event| &event.what) {
                Some(What::Http(head)) if head.status.is_some_and(|status| status < 400) => {
                    Err(format!("HTTP status {}", shown(head.status)))
                }
                Some(_) => Ok(()),
                None => view.after().next().map(drop).ok_or_else(|| "no answer, and the connection stays".into()),
            }
        }))
        .why("Everything in it would be in the clear.")
        .proved("tls.mutant-in-clear"),
    must("tls/3.3.3/certificate", "3.3.3", &["S-002"])
        .below(Below::Hello(anonymous_first), "a ClientHello offers suites without a certificate before all others")
        .says("the server shows a certificate, whatever is offered")
        .expects(Expect::Is("a certificate", |view| {
            let shown = view.events.iter().any(|event| matches!(&event.what, What::Chain { certs, .. } if !certs.is_empty()));
            if shown { Ok(()) } else { Err(format!("none; {}", seen(view))) }
        }))
        .why("Crypto binding needs it, and anybody could sit in between without it.")
        .proved("tls.mutant-anonymous"),
    rfc(Level::Interop, "tls/4.1/no-null-suites", 9325, "4.1", &["S-014"])
        .below(Below::Hello(|hello| only(hello, "NULL")), "a ClientHello offers suites without encryption and no others")
        .says("suites without encryption are refused")
        .expects(REFUSED)
        .why("They are TLS in name only.")
        .proved("tls.mutant-null"),
    rfc(Level::Interop, "tls/3/ssl-2", 6176, "3", &["S-014"])
        .below(Below::Says(SSL2_HELLO), "a CLIENT-HELLO of SSL 2.0")
        .says("SSL 2.0 is refused")
        .expects(Expect::Is("an alert, or the connection is closed", |view| {
            let hello = view.after().find(|event| matches!(event.what, What::Undecoded(_)) && event.raw.0.get(2) == Some(&4));
            if hello.is_some() {
                return Err("SERVER-HELLO".into());
            }
            view.after().next().map(drop).ok_or_else(|| "no answer, and the connection stays".into())
        }))
        .why(OLD)
        .proved("tls.mutant-ssl-2"),
    rfc(Level::Interop, "tls/3/ssl-3", 7568, "3", &["S-014"])
        .below(Below::Hello(|hello| old(hello, SSL30)), "a ClientHello offers SSL 3.0 alone")
        .says("SSL 3.0 is refused")
        .expects(REFUSED)
        .why(OLD)
        .proved("tls.mutant-ssl-3"),
    rfc(Level::Interop, "tls/4/tls-1-0", 8996, "4", &["S-014"])
        .below(Below::Hello(|hello| old(hello, TLS10)), "a ClientHello offers TLS 1.0 alone")
        .says("TLS 1.0 is refused")
        .expects(REFUSED)
        .why(OLD)
        .proved("tls.mutant-tls-1-0"),
    rfc(Level::Interop, "tls/5/tls-1-1", 8996, "5", &["S-014"])
        .below(Below::Hello(|hello| old(hello, TLS11)), "a ClientHello offers TLS 1.1 alone")
        .says("TLS 1.1 is refused")
        .expects(REFUSED)
        .why(OLD)
        .proved("tls.mutant-tls-1-1"),
    rfc(Level::Interop, "tls/3/no-server-name", 6066, "3", &["S-015"])
        .at(Sstp)
        .below(Below::Asks(|settings| settings.server_name = NAMELESS.into()), "the ClientHello has no SNI")
        .says("a client without SNI is served")
        .expects(ACKED)
        .why("Older clients send none, and none is sent for an address.")
        .proved("tls.mutant-needs-sni"),
    rfc(Level::Interop, "tls/3.2/no-h2", 7301, "3.2", &["S-016"])
        .below(Below::Hello(|hello| hello.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()]), "a ClientHello offers h2 and http/1.1")
        .says("ALPN is not answered, or with http/1.1")
        .expects(Expect::Is("no ALPN, or http/1.1", |view| {
            let chosen = traits(view).and_then(|traits| traits.alpn.clone());
            match (chosen, answer(view)?) {
                (None, ScanAnswer::Accepted { .. }) => Ok(()),
                (Some(chosen), _) if chosen == "http/1.1" => Ok(()),
                (chosen, _) => Err(chosen.unwrap_or_else(|| seen(view))),
            }
        }))
        .why("SSTP cannot be spoken in HTTP/2.")
        .proved("tls.mutant-h2"),
    rfc(Level::Interop, "tls/3.2/http-1-1", 7301, "3.2", &["S-016"])
        .at(Sstp)
        .below(Below::Asks(|settings| settings.alpn = vec![b"http/1.1".to_vec()]), "the ClientHello offers http/1.1 in ALPN")
        .says("a client that offers http/1.1 is served")
        .expects(ACKED)
        .why("It is what a client that sends ALPN at all has to offer.")
        .proved("tls.mutant-h2"),
    rfc(Level::Interop, "tls/3.6/renegotiation-info", 5746, "3.6", &["S-017"])
        .below(Below::Hello(|hello| old(hello, TLS12)), "a ClientHello offers TLS 1.2 with secure renegotiation")
        .says("where TLS 1.2 is spoken renegotiation is secure")
        .expects(Expect::Is("renegotiation_info, or no TLS 1.2", |view| {
            match traits(view).and_then(|traits| traits.secure_renegotiation) {
                Some(false) => Err("no renegotiation_info".into()),
                _ => answer(view).map(drop),
            }
        }))
        .why("Otherwise words can be put into a client's mouth.")
        .proved("tls.mutant-insecure-renegotiation"),
    rfc(Level::Interop, "tls/3.3/no-compression", 9325, "3.3", &["S-017"])
        .below(
            Below::Hello(|hello| {
                old(hello, TLS12);
                hello.compressions = vec![1, 0];
            }),
            "a ClientHello offers TLS 1.2 with DEFLATE",
        )
        .says("TLS is not compressed")
        .expects(Expect::Is("no compression, or no TLS 1.2", |view| match traits(view).and_then(|traits| traits.compression) {
            Some(true) => Err("DEFLATE".into()),
            _ => answer(view).map(drop),
        }))
        .why("The length of what is compressed tells what is in it.")
        .proved("tls.mutant-compression"),
    aborted("tls/3.1.7.2/closed-at-once", Abort::AtOnce, "a connection is closed before a byte is said"),
    aborted("tls/3.1.7.2/half-a-hello", Abort::HalfHello, "a connection is closed within the ClientHello"),
    aborted("tls/3.1.7.2/half-a-hello-reset", Abort::HalfHelloReset, "a connection is reset within the ClientHello"),
    aborted("tls/3.1.7.2/reset-when-answered", Abort::Answered, "a connection is reset when the ClientHello is answered"),
    aborted("tls/3.1.7.2/alert-when-answered", Abort::Alert, "a fatal alert follows the server's answer to the ClientHello"),
    aborted("tls/3.1.7.2/no-tls", Abort::Garbage, "a record that is no TLS comes in place of the ClientHello"),
];

const fn aborted(id: &'static str, how: Abort, says: &'static str) -> Row {
    derived(id, "3.1.7.2", &["S-013"])
        .at(Sstp)
        .times(4)
        .within(7)
        .below(Below::Aborts(how), says)
        .says("a handshake that is broken off does not harm the next call")
        .expects(ACKED)
        .why(ABORTED)
        .proved("tls.mutant-grudge")
}

/// RFC 6066 3: an address is not sent as SNI.
pub(super) const NAMELESS: &str = "0.0.0.0";

fn old(hello: &mut ClientHello, version: u16) {
    *hello = ClientHello::wide(version, hello.random, hello.server_name.clone());
}

fn only(hello: &mut ClientHello, part: &str) {
    old(hello, TLS12);
    hello.suites.retain(|suite| Suite::name_of(*suite).contains(part));
}

fn anonymous_first(hello: &mut ClientHello) {
    let anonymous = |suite: &u16| Suite::of(*suite).is_some_and(|suite| suite.kx == Kx::Anon);
    hello.suites.sort_by_key(|suite| !anonymous(suite));
}

fn answer<'a>(view: &View<'a>) -> Result<&'a ScanAnswer, String> {
    let scanned = view.events.iter().find_map(|event| if let What::Scanned { answer, .. } = &event.what { Some(answer) } else { None });
    match scanned {
        None | Some(ScanAnswer::Silence) => Err("no answer".into()),
        Some(answer) => Ok(answer),
    }
}

fn traits<'a>(view: &View<'a>) -> Option<&'a Traits> {
    view.events.iter().find_map(|event| if let What::Traits(traits) = &event.what { Some(traits.as_ref()) } else { None })
}

fn seen(view: &View<'_>) -> String {
    match answer(view) {
        Ok(ScanAnswer::Accepted { cipher, .. }) => Suite::name_of(*cipher),
        Ok(ScanAnswer::Alert(description)) => format!("alert {description}"),
        Ok(_) => "the connection was closed".into(),
        Err(says) => says,
    }
}
