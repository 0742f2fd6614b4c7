//! Certificates as they are handed out at an address: DER, PEM, or PKCS #7 without signers. RFC 5280 4.2.2.1, RFC 2585 4.

use crate::base::Bytes;
use crate::wire::der::{Elements, INTEGER, OID, SEQUENCE, SET};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Every certificate in the bytes, at most [`MOST`]; none where they are something else.
pub fn certificates(bytes: &[u8]) -> Vec<Bytes> {
    let found = pem(bytes).or_else(|| one(bytes)).or_else(|| signed_data(bytes));
    found.unwrap_or_default().into_iter().take(MOST).collect()
}

fn pem(bytes: &[u8]) -> Option<Vec<Bytes>> {
    let found: Vec<Bytes> = CertificateDer::pem_slice_iter(bytes).flatten().map(|der| Bytes::from(der.as_ref())).collect();
    (!found.is_empty()).then_some(found)
}

fn one(bytes: &[u8]) -> Option<Vec<Bytes>> {
    let (rest, _) = X509Certificate::from_der(bytes).ok()?;
    Some(vec![Bytes::from(bytes.get(..bytes.len() - rest.len())?)])
}

/// SignedData with certificates only. RFC 2315 9.1, RFC 5652 5.1.
fn signed_data(bytes: &[u8]) -> Option<Vec<Bytes>> {
    let mut info = Elements(bytes).of(SEQUENCE)?.inside();
    info.of(OID).filter(|oid| oid.content == SIGNED_DATA)?;
    let mut signed = info.optional(0)?.inside().of(SEQUENCE)?.inside();
    signed.of(INTEGER)?;
    signed.of(SET)?;
    signed.of(SEQUENCE)?;
    let certificates = signed.optional(0)?;
    Some(certificates.inside().filter(|element| element.tag == SEQUENCE).map(|element| Bytes::from(element.raw)).collect())
}

/// RFC 2315 14: 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// Ours: so many certificates of one answer are looked at.
const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with openssl 3.0: a self-signed certificate, and `openssl crl2pkcs7 -nocrl` of it, twice.
    const FULL: &[u8] = include_bytes!("fixtures/full.der");
    const P7C: &[u8] = include_bytes!("fixtures/two.p7c");

    #[test]
    fn every_form_of_handing_out_is_read() {
        assert_eq!(certificates(FULL), [Bytes::from(FULL)]);
        assert_eq!(certificates(P7C), [Bytes::from(FULL), Bytes::from(FULL)]);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", crate::base::base64(FULL));
        assert_eq!(certificates(pem.as_bytes()), [Bytes::from(FULL)]);
        assert_eq!(certificates(b"<html>404</html>"), []);
        for end in 0..P7C.len() {
            let _ = certificates(&P7C[..end]);
        }
    }
}
