//! The record layer's header, and messages that stand at its side: alerts. RFC 8446 5.1 and 6, RFC 5246 6.2 and 7.2.

use crate::base::{Layer, Limit, Reader, WireError};

/// Content types. RFC 8446 5.1, RFC 6520 3 for heartbeat.
pub const CHANGE_CIPHER_SPEC: u8 = 20;
/// An alert.
pub const ALERT: u8 = 21;
/// Handshake messages.
pub const HANDSHAKE: u8 = 22;
/// Application data; in TLS 1.3 everything that is encrypted.
pub const APPLICATION_DATA: u8 = 23;
/// RFC 6520.
pub const HEARTBEAT: u8 = 24;
/// Length of a record's header in bytes. RFC 5246 6.2.1.
pub const HEADER_LEN: usize = 5;
/// Longest body of a record in bytes. RFC 5246 6.2.3: 2^14 + 2048.
pub const MAX_BODY: usize = (1 << 14) + 2048;

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Content type.
    pub kind: u8,
    /// Version; TLS 1.3 says 0x0303.
    pub version: u16,
    /// Length of the body in bytes.
    pub len: usize,
}

impl Header {
    /// The header at the start of `bytes`; nothing when more bytes are needed. RFC 8446 5.1.
    pub fn parse(bytes: &[u8]) -> Result<Option<Header>, WireError> {
        let fail = |what: &str, need: usize, have: usize, limit: &str| {
            Err(Reader::new(Layer::Tls, bytes).error(what, need, have, Limit::Spec(limit.into())))
        };
        match bytes {
            [kind, ..] if !(CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(kind) => fail("record type", 22, (*kind).into(), "RFC 8446 5.1"),
            [_, major, ..] if *major != 3 => fail("record version", 3, (*major).into(), "RFC 8446 5.1"),
            [kind, major, minor, high, low, ..] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                if len > MAX_BODY {
                    return fail("record", MAX_BODY, len, "RFC 5246 6.2.3");
                }
                Ok(Some(Header { kind: *kind, version: u16::from_be_bytes([*major, *minor]), len }))
            }
            _ => Ok(None),
        }
    }

    /// The header as it lies on the wire.
    pub fn emit(self) -> [u8; HEADER_LEN] {
        let [major, minor] = self.version.to_be_bytes();
        let [high, low] = (self.len as u16).to_be_bytes();
        [self.kind, major, minor, high, low]
    }
}

/// An alert record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// 1 warning, 2 fatal.
    pub level: u8,
    /// Alert number, RFC 8446 6.
    pub description: u8,
}

impl Alert {
    /// From the plaintext of a record.
    pub fn parse(body: &[u8]) -> Result<Alert, WireError> {
        let mut reader = Reader::new(Layer::Tls, body);
        Ok(Alert { level: reader.u8("alert level")?, description: reader.u8("alert description")? })
    }

    /// It ends the connection. RFC 8446 6: in TLS 1.3 the level does not count.
    pub fn is_fatal(self, version: u16) -> bool {
        let harmless = matches!(self.description, CLOSE_NOTIFY | USER_CANCELED);
        self.level != WARNING || version >= super::TLS13 && !harmless
    }

    /// The specification's name of an alert, or its number.
    pub fn name(description: u8) -> String {
        let row = NAMES.iter().find(|(number, _)| *number == description);
        row.map_or_else(|| format!("number {description}"), |(_, name)| (*name).to_string())
    }
}

/// RFC 5246 7.2, the level of a warning.
const WARNING: u8 = 1;
/// The alert that ends a stream in good order. RFC 8446 6.1.
pub const CLOSE_NOTIFY: u8 = 0;
/// RFC 8446 6.1.
const USER_CANCELED: u8 = 90;
/// RFC 8446 6, RFC 5246 7.2, IANA.
const NAMES: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];
