//! What binds a session to its moment, one row each: a value of such a field is made anew when it is sent, and not held against
//! the recording when it comes from the peer.

use super::pattern::glob;
use crate::base::SpecRef;

/// A field that is bound to its moment.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// `layer.what`.
    pub id: &'static str,
    /// The messages that have it, with `*`.
    pub message: &'static str,
    /// The field in them, with `*`: a name of `wire::layout`, or of a header line in small letters.
    pub field: &'static str,
    /// What becomes of it.
    pub kind: Kind,
    /// What it is made from, for a person.
    pub made: &'static str,
    /// Where the field is specified.
    pub spec: SpecRef,
}

/// What becomes of a bound field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name of the server that is dialled.
    Host,
    /// Random digits in the form of those recorded.
    Correlation,
    /// The time.
    Date,
    /// The server's nonce: taken from its Call Connect Ack.
    Nonce,
    /// The hash of the certificate that the server shows now.
    CertHash,
    /// Made under the key that the login left.
    CompoundMac,
    /// That of the request which is answered.
    Identifier,
    /// A value that one end proposes in a Configure packet and both repeat.
    Option,
    /// The first four bytes are a magic number.
    EchoMagic,
    /// Options that the peer asked for, where they are repeated as a whole.
    Acknowledged,
    /// A packet that is quoted.
    Quoted,
    /// What proof is asked with.
    Challenge,
    /// The proof.
    Response,
    /// The server's proof, or its new challenge, within a text.
    ResultText,
    /// The name of who logs in.
    Name,
    /// The password.
    Password,
    /// The addresses inside the tunnel, and what is computed over them.
    Packet,
}

const fn row(id: &'static str, message: &'static str, field: &'static str, kind: Kind, made: &'static str, spec: SpecRef) -> Bound {
    Bound { id, message, field, kind, made, spec }
}

/// Every bound field; the first row that fits counts.
pub const ROWS: &[Bound] = &[
    row("http.host", "http.request", "host", Kind::Host, "the target's name and port", SpecRef::rfc(9110, "7.2")),
    row(
        "http.correlation-id",
        "http.request",
        "sstpcorrelationid",
        Kind::Correlation,
        "random digits in the form of those recorded",
        SpecRef::sstp("3.2.4.1"),
    ),
    row("http.date", "http.response", "date", Kind::Date, "the time of the answer", SpecRef::rfc(9110, "6.6.1")),
    row(
        "binding.server-nonce",
        "sstp.call-connect-ack",
        "crypto-binding-request.nonce",
        Kind::Nonce,
        "random bytes",
        SpecRef::sstp("2.2.6"),
    ),
    row(
        "binding.nonce",
        "sstp.call-connected",
        "crypto-binding.nonce",
        Kind::Nonce,
        "the nonce of the server's Call Connect Ack",
        SpecRef::sstp("2.2.7"),
    ),
    row(
        "binding.cert-hash",
        "sstp.call-connected",
        "crypto-binding.cert-hash",
        Kind::CertHash,
        "the hash of the certificate that the server shows now",
        SpecRef::sstp("2.2.7"),
    ),
    row(
        "binding.compound-mac",
        "sstp.call-connected",
        "crypto-binding.compound-mac",
        Kind::CompoundMac,
        "the compound MAC under the key that the login leaves",
        SpecRef::sstp("3.2.5.2.3"),
    ),
    row("ppp.identifier", "*", "identifier", Kind::Identifier, "the identifier of the request that is answered", SpecRef::rfc(1661, "5")),
    row(
        "eap.ms-chapv2-id",
        "eap.*",
        "ms-chapv2-id",
        Kind::Identifier,
        "the identifier of the challenge that is answered",
        SpecRef::rfc(2759, "4"),
    ),
    row(
        "lcp.magic-number",
        "lcp.configure-*",
        "magic-number*",
        Kind::Option,
        "a random number; the peer's where its own is repeated",
        SpecRef::rfc(1661, "6.4"),
    ),
    row("lcp.echo-magic", "lcp.echo-*", "data", Kind::EchoMagic, "the magic number of who sends it", SpecRef::rfc(1661, "5.8")),
    row("ipcp.ip-address", "ipcp.configure-*", "ip-address*", Kind::Option, "the address that the peer gives", SpecRef::rfc(1332, "3.3")),
    row("ipcp.dns", "ipcp.configure-*", "*-dns*", Kind::Option, "the name server that the peer gives", SpecRef::rfc(1877, "1.1")),
    row("ipcp.nbns", "ipcp.configure-*", "*-nbns*", Kind::Option, "the name server that the peer gives", SpecRef::rfc(1877, "1.2")),
    row(
        "ipv6cp.interface-identifier",
        "ipv6cp.configure-*",
        "interface-identifier*",
        Kind::Option,
        "the identifier that the peer proposes",
        SpecRef::rfc(5072, "4.1"),
    ),
    row(
        "ppp.acknowledged",
        "*.configure-ack",
        "*",
        Kind::Acknowledged,
        "the options of the request that is acknowledged",
        SpecRef::rfc(1661, "5.2"),
    ),
    row("ppp.quoted", "*.protocol-reject", "rejected-information", Kind::Quoted, "the packet that is refused", SpecRef::rfc(1661, "5.7")),
    row("ppp.quoted-code", "*.code-reject", "data", Kind::Quoted, "the packet that is refused", SpecRef::rfc(1661, "5.6")),
    row("chap.challenge", "chap.challenge", "value", Kind::Challenge, "random bytes", SpecRef::rfc(1994, "4.1")),
    row(
        "chap.response",
        "chap.response",
        "value",
        Kind::Response,
        "MD5 over identifier, password and challenge",
        SpecRef::rfc(1994, "4.1"),
    ),
    row("chap.peer-challenge", "chap.response", "peer-challenge", Kind::Response, "random bytes", SpecRef::rfc(2759, "4")),
    row(
        "chap.nt-response",
        "chap.response",
        "nt-response",
        Kind::Response,
        "from both challenges, user and password",
        SpecRef::rfc(2759, "8.1"),
    ),
    row("chap.name", "chap.response", "name", Kind::Name, "the user of --user", SpecRef::rfc(1994, "4.1")),
    row("chap.proof", "chap.success", "data", Kind::ResultText, "S= from both challenges, user and password", SpecRef::rfc(2759, "8.7")),
    row("chap.new-challenge", "chap.failure", "data", Kind::ResultText, "C= is random", SpecRef::rfc(2759, "6")),
    row("eap.identity", "eap.response-identity", "data", Kind::Name, "the user of --user", SpecRef::rfc(3748, "5.1")),
    row("eap.challenge", "eap.request-*", "value", Kind::Challenge, "random bytes", SpecRef::rfc(3748, "5.4")),
    row(
        "eap.response",
        "eap.response-*",
        "value",
        Kind::Response,
        "MD5 over identifier, password and challenge",
        SpecRef::rfc(3748, "5.4"),
    ),
    row("eap.peer-challenge", "eap.response-*", "peer-challenge", Kind::Response, "random bytes", SpecRef::rfc(2759, "4")),
    row(
        "eap.nt-response",
        "eap.response-*",
        "nt-response",
        Kind::Response,
        "from both challenges, user and password",
        SpecRef::rfc(2759, "8.1"),
    ),
    row("eap.name", "eap.response-*", "name", Kind::Name, "the user of --user", SpecRef::rfc(2759, "4")),
    row(
        "eap.proof",
        "eap.request-mschapv2",
        "data",
        Kind::ResultText,
        "S= from both challenges, user and password",
        SpecRef::rfc(2759, "8.7"),
    ),
    row("pap.peer-id", "pap.authenticate-request", "peer-id", Kind::Name, "the user of --user", SpecRef::rfc(1334, "2.2.1")),
    row("pap.password", "pap.authenticate-request", "password", Kind::Password, "the password given", SpecRef::rfc(1334, "2.2.1")),
    row(
        "ipv4.addresses",
        "ipv4.packet",
        "*",
        Kind::Packet,
        "the addresses given now, and the checksums over them",
        SpecRef::rfc(1332, "3.3"),
    ),
];

/// The row of a field.
pub fn of(message: &str, field: &str) -> Option<&'static Bound> {
    // What an option is and how long it is says nothing about the moment.
    if field.ends_with(".type") || field.ends_with(".length") {
        return None;
    }
    ROWS.iter().find(|row| glob(row.message, message) && glob(row.field, field))
}

/// What the peer says when the time has come and not because something was said to it; neither awaited nor compared, and
/// answered where the recording answers it.
pub const BY_THE_CLOCK: [(&str, &str); 4] = [
    ("sstp.echo-request", "keep-alive of SSTP, MS-SSTP 3.1.2.3"),
    ("lcp.echo-request", "keep-alive of PPP, RFC 1661 5.8"),
    ("lcp.discard-request", "a test of the line, RFC 1661 5.9"),
    ("ipv4.packet", "traffic inside the tunnel that is no answer to a ping"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_the_rows_find_their_fields() {
        let mut seen = HashSet::new();
        assert!(ROWS.iter().all(|row| seen.insert(row.id) && row.id.contains('.') && !row.made.ends_with('.')));
        for (message, field, id) in [
            ("lcp.configure-ack", "magic-number", "lcp.magic-number"),
            ("ipcp.configure-nak", "secondary-dns#2", "ipcp.dns"),
            ("eap.response-mschapv2", "identifier", "ppp.identifier"),
            ("eap.response-md5", "value", "eap.response"),
            ("chap.failure", "data", "chap.new-challenge"),
            ("lcp.protocol-reject", "rejected-information", "ppp.quoted"),
        ] {
            assert_eq!(of(message, field).map(|row| row.id), Some(id), "{message} {field}");
        }
        assert!(of("lcp.configure-request", "mru").is_none() && of("sstp.call-connected", "version").is_none());
    }
}
