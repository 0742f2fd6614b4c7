//! What a failed handshake was: by the server's first bytes, the end of the stream, and the TLS library's words.

use crate::base::{Bytes, hex};
use crate::live::tap::Seen;
use crate::transcript::{How, TlsFailure};
use std::io;

/// A handshake that did not come through.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which kind of no.
    pub failure: TlsFailure,
    /// The library's words, or the peer's first bytes.
    pub says: String,
    /// The first bytes that came.
    pub first: Vec<u8>,
    /// How the stream ended, if it did.
    pub end: Option<How>,
    /// The certificates, if they came before the failure.
    pub certs: Vec<Bytes>,
}

impl Failure {
    /// From the error (`None`: time ran out), what the tap saw and what the verifier recorded.
    pub(super) fn new(error: Option<io::Error>, seen: &Seen, certs: Vec<Bytes>) -> Failure {
        let (first, end) = (seen.first(), seen.end());
        let failure = classify(error.as_ref(), &first, end);
        let says = match (failure, error) {
            (TlsFailure::PlainHttp | TlsFailure::NotTls, _) => format!("the server began with {}", shown(&first)),
            (TlsFailure::Closed, _) if first.is_empty() => "the server closed without an answer to the ClientHello".into(),
            (_, Some(error)) => error.to_string(),
            (_, None) if first.is_empty() => "no answer to the ClientHello".into(),
            (_, None) => "the handshake was begun but not ended".into(),
        };
        Failure { failure, says, first, end, certs }
    }

    /// How the stream ended.
    pub fn how(&self) -> How {
        self.end.unwrap_or(if self.failure == TlsFailure::Reset { How::Reset } else { How::Fin })
    }
}

/// Which kind of no it was; no error means that time ran out.
pub fn classify(error: Option<&io::Error>, first: &[u8], end: Option<How>) -> TlsFailure {
    let library = error.and_then(|error| error.get_ref()).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match library {
        Some(rustls::Error::AlertReceived(alert)) => return TlsFailure::Alert(u8::from(*alert)),
        Some(rustls::Error::PeerIncompatible(_)) => return TlsFailure::Unsupported,
        Some(rustls::Error::NoCertificatesPresented) => return TlsFailure::NoCertificate,
        _ => {}
    }
    if first.len() >= HTTP.len() && first.starts_with(HTTP) {
        return TlsFailure::PlainHttp;
    }
    if !first.is_empty() && !begins_like_tls(first) {
        return TlsFailure::NotTls;
    }
    match (library, error, end) {
        (Some(_), ..) => TlsFailure::Other,
        (None, None, _) => TlsFailure::TimedOut,
        (None, Some(_), Some(How::Reset)) => TlsFailure::Reset,
        (None, Some(error), _) => match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => TlsFailure::Reset,
            io::ErrorKind::UnexpectedEof => TlsFailure::Closed,
            _ => TlsFailure::Other,
        },
    }
}

/// RFC 8446 5.1: content type 20 to 24, then a version of 3.x.
fn begins_like_tls(first: &[u8]) -> bool {
    matches!(first.first(), Some(20..=24)) && matches!(first.get(1), None | Some(3))
}

/// The first bytes as text if they are text, else as hexadecimal.
fn shown(first: &[u8]) -> String {
    let short = first.get(..first.len().min(SHOWN)).unwrap_or_default();
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~');
    match short.iter().all(is_text) {
        true => format!("{:?}", String::from_utf8_lossy(short)),
        false => hex(short),
    }
}

/// What an HTTP response begins with.
const HTTP: &[u8] = b"HTTP/";
/// Ours: so many first bytes are put into words.
const SHOWN: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    fn library(error: rustls::Error) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }

    #[test]
    fn the_first_bytes_the_end_and_the_words_tell_the_kind() {
        let invalid = library(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType));
        let eof = io::Error::from(io::ErrorKind::UnexpectedEof);
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(classify(Some(&invalid), b"HTTP/1.1 400 Bad Request", None), TlsFailure::PlainHttp);
        assert_eq!(classify(Some(&invalid), b"SSH-2.0-OpenSSH", None), TlsFailure::NotTls);
        assert_eq!(classify(Some(&invalid), &[22, 3, 1, 0, 1, 99], None), TlsFailure::Other);
        assert_eq!(classify(Some(&eof), b"220 mail", Some(How::Fin)), TlsFailure::NotTls);
        assert_eq!(classify(Some(&eof), b"", Some(How::Fin)), TlsFailure::Closed);
        assert_eq!(classify(Some(&eof), &[22], Some(How::Fin)), TlsFailure::Closed);
        assert_eq!(classify(Some(&reset), b"", Some(How::Reset)), TlsFailure::Reset);
        assert_eq!(classify(None, b"", None), TlsFailure::TimedOut);
        assert_eq!(classify(None, b"220 mail", None), TlsFailure::NotTls, "a server that speaks first and then waits");
        let alert = library(rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion));
        assert_eq!(classify(Some(&alert), &[21, 3, 3, 0, 2, 2, 70], None), TlsFailure::Alert(70));
        let old = library(rustls::Error::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13));
        assert_eq!(classify(Some(&old), &[22, 3, 1], None), TlsFailure::Unsupported);
        let bare = library(rustls::Error::NoCertificatesPresented);
        assert_eq!(classify(Some(&bare), &[22, 3, 3], None), TlsFailure::NoCertificate);
    }

    #[test]
    fn first_bytes_are_put_into_words_as_text_or_as_hexadecimal() {
        assert_eq!(shown(b"SSH-2.0\r\n"), "\"SSH-2.0\\r\\n\"");
        assert_eq!(shown(&[0, 1, 0xff]), "0001ff");
    }
}
