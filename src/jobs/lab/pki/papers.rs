//! What goes with the lab's certificates: revocation lists, OCSP answers, the issuer for download. Sound or spoilt.

use super::{Ca, ca_params};
use crate::crypto::chain::Anchor;
use crate::crypto::revocation;
use crate::live::listen::{Page, PageAnswer};
use crate::wire::cert::Cert;
use crate::wire::crl::Revoked;
use crate::wire::der::{SEQUENCE_OCTET, emit};
use crate::wire::ocsp::{self, Single, Status};
use rcgen::{
    CertificateRevocationListParams, CustomExtension, ExtendedKeyUsagePurpose, Issuer, KeyIdMethod, KeyPair, RevocationReason,
    RevokedCertParams, SerialNumber, SigningKey,
};
use std::time::Duration as Pause;
use time::{Duration, OffsetDateTime};

/// What is right or wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Papers {
    /// The revocation list of the leaf's issuer; nothing: the leaf names none.
    pub crl: Option<Crl>,
    /// The responder; nothing: the leaf names none.
    pub ocsp: Option<Ocsp>,
    /// The answer in the handshake.
    pub staple: Option<Ocsp>,
    /// The leaf demands an answer in the handshake. RFC 7633.
    pub must_staple: bool,
    /// Where the leaf says that its issuer is; nothing: it does not say.
    pub issuer: Option<IssuerPage>,
}

impl Papers {
    /// Nothing is wrong, and there is only a list.
    pub const CLEAN: Papers = Papers { crl: Some(Crl::Good), ocsp: None, staple: None, must_staple: false, issuer: None };
}

/// A revocation list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crl {
    /// Nothing is on it.
    Good,
    /// The leaf is on it.
    Leaf,
    /// The intermediate is on that of the root.
    Intermediate,
    /// Its next issue was due a week ago.
    Expired,
    /// It is that of another CA.
    Foreign,
    /// It bears the right name and another key's signature.
    Forged,
    /// It is a page of HTML.
    Garbage,
    /// 404.
    Gone,
    /// Nobody listens there.
    Refused,
    /// The server says nothing.
    Silent,
    /// It takes so many seconds.
    Late(u64),
    /// It is found behind a redirect.
    Moved,
}

/// An OCSP answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ocsp {
    /// Good.
    Good,
    /// Good, by a responder that the CA appointed.
    Delegated,
    /// Revoked.
    Revoked,
    /// The responder does not know the leaf.
    Unknown,
    /// Good, until a week ago.
    Stale,
    /// About another certificate.
    Other,
    /// Signed by somebody whom the CA did not appoint.
    Stranger,
    /// Signed by a certificate of the CA's that is not for this.
    Unappointed,
    /// `tryLater`.
    TryLater,
    /// A page of HTML.
    Garbage,
    /// 404.
    Gone,
}

/// An issuer for download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerPage {
    /// The intermediate, DER.
    Der,
    /// The intermediate in PKCS #7.
    Pkcs7,
    /// Another certificate.
    Other,
    /// 404.
    Gone,
}

/// Where the pages are.
pub(super) struct Place<'a> {
    /// `http://127.0.0.1:port`.
    pub base: &'a str,
    pub papers: Papers,
}

impl Place<'_> {
    /// The address of the leaf's revocation list.
    pub fn crl(&self) -> Option<String> {
        self.papers.crl.map(|crl| match crl {
            Crl::Refused => format!("http://127.0.0.1:1{LEAF_CRL}"),
            Crl::Moved => format!("{}{MOVED_CRL}", self.base),
            _ => format!("{}{LEAF_CRL}", self.base),
        })
    }

    /// The address of the intermediate's revocation list.
    pub fn ca_crl(&self) -> String {
        format!("{}{CA_CRL}", self.base)
    }

    /// The leaf's extensions that rcgen has no field for.
    pub fn extensions(&self) -> Vec<CustomExtension> {
        let access = |oid: &[u8], path: &str| {
            let place = emit(URI_OCTET, format!("{}{path}", self.base).as_bytes());
            emit(SEQUENCE_OCTET, &[emit(OID_OCTET, oid), place].concat())
        };
        let responder = self.papers.ocsp.map(|_| access(ID_AD_OCSP, OCSP));
        let issuer = self.papers.issuer.map(|_| access(ID_AD_CA_ISSUERS, ISSUER));
        let places: Vec<Vec<u8>> = responder.into_iter().chain(issuer).collect();
        let access = (!places.is_empty()).then(|| emit(SEQUENCE_OCTET, &places.concat()));
        let access = access.map(|der| CustomExtension::from_oid_content(AUTHORITY_INFO_ACCESS, der));
        let staple = self.papers.must_staple.then(|| CustomExtension::from_oid_content(TLS_FEATURE, STATUS_REQUEST.to_vec()));
        access.into_iter().chain(staple).collect()
    }
}

/// Who signs, and whom it is about.
pub(super) struct Signers<'a> {
    pub root: &'a Ca,
    pub intermediate: &'a Ca,
    pub leaf: &'a [u8],
    pub now: OffsetDateTime,
}

impl Signers<'_> {
    /// Every page.
    pub fn pages(&self, papers: Papers) -> Result<Vec<Page>, rcgen::Error> {
        let page = |path: &str, answer| Page { path: path.into(), answer };
        let revoked = if papers.crl == Some(Crl::Intermediate) { Some(self.intermediate.cert.der().as_ref()) } else { None };
        let mut pages = vec![page(CA_CRL, PageAnswer::Body(self.list(&self.root.issuer, revoked, FRESH)?))];
        if let Some(crl) = papers.crl {
            pages.push(page(LEAF_CRL, self.crl(crl)?));
            pages.push(page(MOVED_CRL, PageAnswer::Elsewhere(LEAF_CRL)));
        }
        if let Some(ocsp) = papers.ocsp {
            let answer = if ocsp == Ocsp::Gone { PageAnswer::Gone } else { PageAnswer::Body(self.ocsp(ocsp)?) };
            pages.push(page(OCSP, answer));
        }
        if let Some(issuer) = papers.issuer {
            pages.push(page(ISSUER, self.issuer(issuer)));
        }
        Ok(pages)
    }

    fn crl(&self, crl: Crl) -> Result<PageAnswer, rcgen::Error> {
        let good = || self.list(&self.intermediate.issuer, None, FRESH);
        Ok(match crl {
            Crl::Good | Crl::Intermediate | Crl::Refused | Crl::Moved => PageAnswer::Body(good()?),
            Crl::Leaf => PageAnswer::Body(self.list(&self.intermediate.issuer, Some(self.leaf), FRESH)?),
            Crl::Expired => PageAnswer::Body(self.list(&self.intermediate.issuer, None, STALE)?),
            Crl::Foreign => PageAnswer::Body(self.list(&self.root.issuer, None, FRESH)?),
            Crl::Forged => {
                let issuer = Issuer::new(ca_params(super::INTERMEDIATE, self.now), KeyPair::generate()?);
                PageAnswer::Body(self.list(&issuer, None, FRESH)?)
            }
            Crl::Garbage => PageAnswer::Body(HTML.to_vec()),
            Crl::Gone => PageAnswer::Gone,
            Crl::Silent => PageAnswer::Silent,
            Crl::Late(seconds) => PageAnswer::Late(Pause::from_secs(seconds), good()?),
        })
    }

    fn list(&self, issuer: &Issuer<'_, KeyPair>, revoked: Option<&[u8]>, days: (i64, i64)) -> Result<Vec<u8>, rcgen::Error> {
        let entry = |der: &[u8]| RevokedCertParams {
            serial_number: SerialNumber::from(serial(der)),
            revocation_time: self.now - Duration::days(3),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: self.now + Duration::days(days.0),
            next_update: self.now + Duration::days(days.1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.into_iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(issuer)?.der().to_vec())
    }

    /// An OCSP answer about the leaf.
    pub fn ocsp(&self, kind: Ocsp) -> Result<Vec<u8>, rcgen::Error> {
        match kind {
            Ocsp::TryLater => return Ok(ocsp::failure(TRY_LATER)),
            Ocsp::Garbage | Ocsp::Gone => return Ok(HTML.to_vec()),
            _ => {}
        }
        let appointed = |purpose| {
            let mut params = ca_params("sstp-diag lab OCSP responder", self.now);
            params.is_ca = rcgen::IsCa::ExplicitNoCa;
            params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![purpose];
            super::issue(self.intermediate, params)
        };
        let responder = match kind {
            Ocsp::Delegated => Some(appointed(ExtendedKeyUsagePurpose::OcspSigning)?),
            Ocsp::Unappointed => Some(appointed(ExtendedKeyUsagePurpose::ClientAuth)?),
            Ocsp::Stranger => Some(super::self_signed(ca_params("somebody else's OCSP responder", self.now))?),
            _ => None,
        };
        self.signed(kind, responder.as_ref())
    }

    fn signed(&self, kind: Ocsp, responder: Option<&Ca>) -> Result<Vec<u8>, rcgen::Error> {
        let (days, now) = (if kind == Ocsp::Stale { STALE } else { FRESH }, self.now.unix_timestamp());
        let status = match kind {
            Ocsp::Revoked => Status::Revoked(Revoked { at: now - 3 * DAY, reason: Some("keyCompromise") }),
            Ocsp::Unknown => Status::Unknown,
            _ => Status::Good,
        };
        // Certificates that were just made can be read.
        let of = |der: &[u8]| Cert::parse(der).map_err(|_| rcgen::Error::CouldNotParseCertificate);
        let (leaf, intermediate) = (of(self.leaf)?, of(self.intermediate.cert.der())?);
        let about = if kind == Ocsp::Other { Cert { serial: "7777".into(), ..leaf } } else { leaf };
        let id = revocation::id(&about, &Anchor::of(&intermediate));
        let single = Single { id, status, this_update: now + days.0 * DAY, next_update: Some(now + days.1 * DAY) };
        let data = ocsp::response_data(&single.id.key_hash, now + days.0 * DAY, std::slice::from_ref(&single));
        let signature = responder.unwrap_or(self.intermediate).issuer.key().sign(&data)?;
        let certs: Vec<Vec<u8>> = responder.iter().map(|ca| ca.cert.der().to_vec()).collect();
        Ok(ocsp::response(&data, &emit(SEQUENCE_OCTET, &emit(OID_OCTET, &super::ECDSA_SHA256)), &signature, &certs))
    }

    fn issuer(&self, kind: IssuerPage) -> PageAnswer {
        let der = self.intermediate.cert.der().as_ref();
        match kind {
            IssuerPage::Der => PageAnswer::Body(der.to_vec()),
            IssuerPage::Pkcs7 => PageAnswer::Body(pkcs7(der)),
            IssuerPage::Other => PageAnswer::Body(self.root.cert.der().to_vec()),
            IssuerPage::Gone => PageAnswer::Gone,
        }
    }
}

/// SignedData without signers around one certificate. RFC 5652 5.1.
fn pkcs7(der: &[u8]) -> Vec<u8> {
    let content = emit(SEQUENCE_OCTET, &emit(OID_OCTET, DATA));
    let (version, nothing) = (emit(0x02, &[1]), emit(0x31, &[]));
    let signed = emit(SEQUENCE_OCTET, &[version, nothing.clone(), content, emit(0xa0, der), nothing].concat());
    emit(SEQUENCE_OCTET, &[emit(OID_OCTET, SIGNED_DATA), emit(0xa0, &signed)].concat())
}

/// The serial number of a certificate as bytes; one that cannot be read has none.
fn serial(der: &[u8]) -> Vec<u8> {
    Cert::parse(der).ok().and_then(|cert| crate::base::unhex(&cert.serial)).unwrap_or_default()
}

const LEAF_CRL: &str = "/leaf.crl";
const CA_CRL: &str = "/ca.crl";
const MOVED_CRL: &str = "/moved.crl";
const OCSP: &str = "/ocsp";
const ISSUER: &str = "/issuer.p7c";
const HTML: &[u8] = b"<!DOCTYPE html><title>Welcome to the captive portal</title>";
/// Days from now of a list or answer that holds: issued yesterday, the next one is due in six days.
const FRESH: (i64, i64) = (-1, 6);
/// One whose next issue was due a week ago.
const STALE: (i64, i64) = (-14, -7);
/// Seconds of a day.
const DAY: i64 = 86_400;
/// RFC 6960 4.2.1.
const TRY_LATER: u8 = 3;
/// X.690 8.19.
const OID_OCTET: u8 = 0x06;
/// RFC 5280 4.2.1.6: uniformResourceIdentifier of GeneralName.
const URI_OCTET: u8 = 0x86;
/// RFC 5280 4.2.2.1: 1.3.6.1.5.5.7.48.1.
const ID_AD_OCSP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];
/// RFC 5280 4.2.2.1: 1.3.6.1.5.5.7.48.2.
const ID_AD_CA_ISSUERS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
/// RFC 5280 4.2.2.1.
const AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
/// RFC 7633 6.
const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
/// RFC 7633 4.1: a SEQUENCE of status_request (5).
const STATUS_REQUEST: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x05];
/// RFC 5652 4: 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// RFC 5652 5.1: 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
