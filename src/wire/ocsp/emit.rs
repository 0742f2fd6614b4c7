//! The answer of a responder as bytes: what the lab serves. RFC 6960 4.2.1.

use super::{BASIC_OID, Single, Status};
use crate::wire::crl::{Revoked, reason_code};
use crate::wire::der::{BIT_STRING, ENUMERATED, GENERALIZED_TIME, OCTET_STRING, OID, SEQUENCE_OCTET, emit};
use time::OffsetDateTime;

/// ResponseData by a responder whose key has that SHA-1 hash: what is to be signed.
pub fn response_data(key_hash: &[u8], produced_at: i64, singles: &[Single]) -> Vec<u8> {
    let responder = emit(context(2), &emit(OCTET_STRING as u8, key_hash));
    let singles: Vec<u8> = singles.iter().flat_map(single).collect();
    emit(SEQUENCE_OCTET, &[responder, time(produced_at), emit(SEQUENCE_OCTET, &singles)].concat())
}

/// A whole answer around signed data; `algorithm` is the AlgorithmIdentifier, DER.
pub fn response(data: &[u8], algorithm: &[u8], signature: &[u8], certs: &[Vec<u8>]) -> Vec<u8> {
    let signature = emit(BIT_STRING as u8, &[&[0], signature].concat());
    let certs = match certs {
        [] => Vec::new(),
        certs => emit(context(0), &emit(SEQUENCE_OCTET, &certs.concat())),
    };
    let basic = emit(SEQUENCE_OCTET, &[data, algorithm, &signature, &certs].concat());
    let typed = emit(SEQUENCE_OCTET, &[emit(OID as u8, BASIC_OID), emit(OCTET_STRING as u8, &basic)].concat());
    emit(SEQUENCE_OCTET, &[emit(ENUMERATED as u8, &[super::SUCCESSFUL]), emit(context(0), &typed)].concat())
}

/// An answer that is an error.
pub fn failure(number: u8) -> Vec<u8> {
    emit(SEQUENCE_OCTET, &emit(ENUMERATED as u8, &[number]))
}

fn single(single: &Single) -> Vec<u8> {
    let status = match &single.status {
        Status::Good => emit(0x80, &[]),
        Status::Unknown => emit(0x82, &[]),
        Status::Revoked(revoked) => emit(context(1), &revocation(revoked)),
    };
    let next = single.next_update.map_or(Vec::new(), |next| emit(context(0), &time(next)));
    emit(SEQUENCE_OCTET, &[single.id.emit(), status, time(single.this_update), next].concat())
}

fn revocation(revoked: &Revoked) -> Vec<u8> {
    let code = revoked.reason.and_then(reason_code);
    let reason = code.map_or(Vec::new(), |code| emit(context(0), &emit(ENUMERATED as u8, &[code])));
    [time(revoked.at), reason].concat()
}

/// The identifier octet of a constructed element of the context. X.690 8.1.2.
fn context(tag: u8) -> u8 {
    0xa0 | tag
}

/// RFC 5280 4.1.2.5.2; a moment outside the years that can be written is put at 1970.
fn time(unix: i64) -> Vec<u8> {
    let at = OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    emit(GENERALIZED_TIME as u8, format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z").as_bytes())
}
