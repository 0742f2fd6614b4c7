//! TLS alerts, OpenSSL verify results and OpenSSL errors: what a handshake says on the wire and what Linux clients print.

use super::Basis::Inferred;
use super::Family::{OpenSsl, OpenSslError, TlsAlert};
use super::{Code, row};

/// Catalogue 2.12. In TLS 1.3 an alert after ServerHello is encrypted.
#[rustfmt::skip]
pub(super) const TLS_ALERTS: &[Code] = &[
    row(TlsAlert, 0, "close_notify", "End of the connection in order; sent by either side", "Orderly end; look for the reason in the layer above", Inferred, &[]),
    row(TlsAlert, 10, "unexpected_message", "A message came out of turn; sent by either side", "Middlebox or non-TLS peer", Inferred, &[]),
    row(TlsAlert, 20, "bad_record_mac", "A record failed its integrity check; sent by either side", "Corruption or interference", Inferred, &[]),
    row(TlsAlert, 21, "decryption_failed", "A record could not be decrypted; sent by either side", "Corruption (old versions)", Inferred, &[]),
    row(TlsAlert, 22, "record_overflow", "A record is too long; sent by either side", "Corruption or a non-TLS peer", Inferred, &[]),
    row(TlsAlert, 30, "decompression_failure", "Data could not be decompressed; sent by either side", "Old stacks only", Inferred, &[]),
    row(TlsAlert, 40, "handshake_failure", "No acceptable set of parameters; usually sent by the server", "No shared suite, or client certificate missing", Inferred, &["TLS-NO-COMMON-CIPHER", "TLS-CLIENT-CERT-REQUESTED"]),
    row(TlsAlert, 41, "no_certificate", "No certificate to offer; usually sent by the client", "SSL 3 only", Inferred, &[]),
    row(TlsAlert, 42, "bad_certificate", "The certificate is damaged or failed a check; usually sent by the client", "Certificate malformed or failed a check", Inferred, &["CERT-CLIENT-SAYS-BAD", "CERT-NAME-MISMATCH", "CERT-UNTRUSTED-ROOT", "AUTH-EAP-USERCERT-INVALID"]),
    row(TlsAlert, 43, "unsupported_certificate", "The certificate is of an unsupported type; usually sent by the client", "Key type or usage", Inferred, &["CERT-CLIENT-SAYS-BAD", "CERT-EKU-MISSING", "TLS-CERT-KEY-TYPE", "AUTH-EAP-USERCERT-INVALID"]),
    row(TlsAlert, 44, "certificate_revoked", "The certificate is revoked; usually sent by the client", "Server certificate revoked; inside EAP the user certificate", Inferred, &["CERT-REVOKED", "AUTH-EAP-USERCERT-REVOKED"]),
    row(TlsAlert, 45, "certificate_expired", "The certificate is outside its validity period; usually sent by the client", "Server certificate expired; inside EAP the user certificate", Inferred, &["CERT-EXPIRED", "AUTH-EAP-USERCERT-EXPIRED"]),
    row(TlsAlert, 46, "certificate_unknown", "The certificate is not acceptable, for an unnamed reason; usually sent by the client", "Trust problem without detail", Inferred, &["CERT-UNTRUSTED-ROOT", "CERT-CLIENT-SAYS-BAD", "AUTH-EAP-USERCERT-INVALID"]),
    row(TlsAlert, 47, "illegal_parameter", "A field of the handshake has an illegal value; sent by either side", "Interop defect", Inferred, &[]),
    row(TlsAlert, 48, "unknown_ca", "The issuing CA is not known or not trusted; usually sent by the client", "Root of the server certificate missing on the client", Inferred, &["CERT-UNTRUSTED-ROOT"]),
    row(TlsAlert, 49, "access_denied", "The peer is valid but access is refused; usually sent by the server", "Policy after certificate check", Inferred, &["TLS-CLIENT-CERT-REQUESTED", "AUTH-EAP-CERT-NO-ACCOUNT"]),
    row(TlsAlert, 50, "decode_error", "A message could not be decoded; sent by either side", "Interop defect", Inferred, &[]),
    row(TlsAlert, 51, "decrypt_error", "A cryptographic step of the handshake failed; sent by either side", "Signature or key mismatch", Inferred, &[]),
    row(TlsAlert, 70, "protocol_version", "The protocol version is not supported; usually sent by the server", "One side offers only versions that the other has turned off", Inferred, &["TLS-SERVER-TOO-OLD", "TLS-CLIENT-TOO-OLD"]),
    row(TlsAlert, 71, "insufficient_security", "The server wants stronger suites than the client offers; usually sent by the server", "Suites too weak", Inferred, &[]),
    row(TlsAlert, 80, "internal_error", "A fault inside the sender; usually sent by the server", "Key unusable, back end fault", Inferred, &[]),
    row(TlsAlert, 86, "inappropriate_fallback", "A retry at a lower version was refused; usually sent by the server", "Client retried at a lower version", Inferred, &[]),
    row(TlsAlert, 90, "user_canceled", "The handshake was cancelled; sent by either side", "Local abort", Inferred, &[]),
    row(TlsAlert, 100, "no_renegotiation", "Renegotiation is refused; sent by either side", "Client-certificate request by renegotiation", Inferred, &[]),
    row(TlsAlert, 109, "missing_extension", "A needed extension is missing; usually sent by the server", "Client lacks a needed extension", Inferred, &[]),
    row(TlsAlert, 110, "unsupported_extension", "An extension came that was not asked for; usually sent by the client", "Interop defect", Inferred, &[]),
    row(TlsAlert, 112, "unrecognized_name", "The server name (SNI) is not known; usually sent by the server", "Dialled name is not the one the front end serves", Inferred, &["TLS-SNI-ALERT"]),
    row(TlsAlert, 113, "bad_certificate_status_response", "The stapled OCSP response is bad; usually sent by the client", "Bad stapled OCSP", Inferred, &[]),
    row(TlsAlert, 115, "unknown_psk_identity", "The key for resumption is not known; usually sent by the server", "Resumption state lost (balancer)", Inferred, &[]),
    row(TlsAlert, 116, "certificate_required", "A client certificate is required; usually sent by the server", "Front end demands a TLS client certificate", Inferred, &["TLS-CLIENT-CERT-REQUESTED"]),
    row(TlsAlert, 120, "no_application_protocol", "No common ALPN protocol; usually sent by the server", "Front end insists on HTTP/2", Inferred, &["TLS-ALPN-H2"]),
];

/// Catalogue 2.15.
#[rustfmt::skip]
pub(super) const OPENSSL: &[Code] = &[
    row(OpenSsl, 2, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT", "An issuer further up was not found", "Intermediate not served, or root missing on the client", Inferred, &["CERT-MISSING-INTERMEDIATE", "CERT-UNTRUSTED-ROOT"]),
    row(OpenSsl, 3, "X509_V_ERR_UNABLE_TO_GET_CRL", "A CRL could not be obtained", "CDP not reachable, or no CRL given to the client", Inferred, &["CERT-CRL-UNREACHABLE"]),
    row(OpenSsl, 7, "X509_V_ERR_CERT_SIGNATURE_FAILURE", "A signature in the chain is wrong", "Certificates of different renewals put together, or forged", Inferred, &["CERT-BAD-SIGNATURE"]),
    row(OpenSsl, 8, "X509_V_ERR_CRL_SIGNATURE_FAILURE", "The signature of the CRL is wrong", "Another CA's list, or a page of a captive portal", Inferred, &["CERT-CRL-WRONG"]),
    row(OpenSsl, 9, "X509_V_ERR_CERT_NOT_YET_VALID", "The certificate is not yet valid", "notBefore in the future, or clock wrong", Inferred, &["CERT-NOT-YET-VALID"]),
    row(OpenSsl, 10, "X509_V_ERR_CERT_HAS_EXPIRED", "The certificate has expired", "notAfter past, or clock wrong", Inferred, &["CERT-EXPIRED"]),
    row(OpenSsl, 11, "X509_V_ERR_CRL_NOT_YET_VALID", "The CRL is not yet valid", "Clock of the client or of the CA", Inferred, &["CERT-CLIENT-CLOCK", "CERT-CRL-WRONG"]),
    row(OpenSsl, 12, "X509_V_ERR_CRL_HAS_EXPIRED", "The CRL has expired", "nextUpdate past on the CDP", Inferred, &["CERT-CRL-EXPIRED"]),
    row(OpenSsl, 18, "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT", "The leaf certificate is self-signed", "Self-signed server certificate", Inferred, &["CERT-SELF-SIGNED"]),
    row(OpenSsl, 19, "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN", "The chain ends in a self-signed root that is not trusted", "Root missing on the client", Inferred, &["CERT-UNTRUSTED-ROOT"]),
    row(OpenSsl, 20, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "An issuer certificate was not found locally", "Intermediate not served, or trust store not set on Linux", Inferred, &["CERT-MISSING-INTERMEDIATE", "CERT-LINUX-TRUSTSTORE"]),
    row(OpenSsl, 21, "X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE", "The signature of the only certificate served cannot be checked", "Intermediate not served", Inferred, &["CERT-MISSING-INTERMEDIATE"]),
    row(OpenSsl, 22, "X509_V_ERR_CERT_CHAIN_TOO_LONG", "The chain is longer than the client goes along", "Certificates that do not belong together, or a depth set too low", Inferred, &["CERT-CONSTRAINTS"]),
    row(OpenSsl, 23, "X509_V_ERR_CERT_REVOKED", "The certificate is revoked", "CA revoked it", Inferred, &["CERT-REVOKED"]),
    row(OpenSsl, 24, "X509_V_ERR_NO_ISSUER_PUBLIC_KEY", "An issuer has no key; before OpenSSL 3 this number meant an invalid CA certificate", "The issuer is no CA", Inferred, &["CERT-CONSTRAINTS"]),
    row(OpenSsl, 25, "X509_V_ERR_PATH_LENGTH_EXCEEDED", "There are more CAs below one than it allows", "pathLenConstraint of a CA or of the root", Inferred, &["CERT-CONSTRAINTS"]),
    row(OpenSsl, 26, "X509_V_ERR_INVALID_PURPOSE", "The certificate has the wrong purpose", "EKU without Server Authentication", Inferred, &["CERT-EKU-MISSING"]),
    row(OpenSsl, 27, "X509_V_ERR_CERT_UNTRUSTED", "The root is not trusted for this purpose", "Trust settings of the store", Inferred, &["CERT-UNTRUSTED-ROOT"]),
    row(OpenSsl, 28, "X509_V_ERR_CERT_REJECTED", "The root is marked as rejected for this purpose", "Trust settings of the store", Inferred, &["CERT-UNTRUSTED-ROOT"]),
    row(OpenSsl, 32, "X509_V_ERR_KEYUSAGE_NO_CERTSIGN", "An issuer may not sign certificates", "Key usage of a CA", Inferred, &["CERT-CONSTRAINTS"]),
    row(OpenSsl, 34, "X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION", "A certificate has a critical extension that the client does not know", "Private CA extension", Inferred, &["CERT-CRITICAL-UNKNOWN"]),
    row(OpenSsl, 47, "X509_V_ERR_PERMITTED_VIOLATION", "A name is not among those that a CA may issue for", "Name constraints of a CA or of the root", Inferred, &["CERT-NAME-CONSTRAINTS"]),
    row(OpenSsl, 48, "X509_V_ERR_EXCLUDED_VIOLATION", "A name is among those that a CA must not issue for", "Name constraints of a CA or of the root", Inferred, &["CERT-NAME-CONSTRAINTS"]),
    row(OpenSsl, 62, "X509_V_ERR_HOSTNAME_MISMATCH", "The host name does not match the certificate", "Dialled name not in SAN", Inferred, &["CERT-NAME-MISMATCH"]),
    row(OpenSsl, 64, "X509_V_ERR_IP_ADDRESS_MISMATCH", "The IP address does not match the certificate", "Dialled by address, certificate has names only", Inferred, &["DNS-CONNECT-BY-IP"]),
    row(OpenSsl, 66, "X509_V_ERR_EE_KEY_TOO_SMALL", "The key of the leaf certificate is too small", "RSA key below the limit of the client", Inferred, &["CERT-WEAK-KEY"]),
    row(OpenSsl, 67, "X509_V_ERR_CA_KEY_TOO_SMALL", "The key of a CA certificate is too small", "RSA key of a CA below the limit of the client", Inferred, &["CERT-WEAK-KEY"]),
    row(OpenSsl, 68, "X509_V_ERR_CA_MD_TOO_WEAK", "The digest of a CA signature is too weak", "SHA-1 or MD5 signature in the chain", Inferred, &["CERT-SHA1"]),
    row(OpenSsl, 79, "X509_V_ERR_INVALID_CA", "An issuer is no CA certificate", "Leaf used as a CA, or basic constraints missing", Inferred, &["CERT-CONSTRAINTS"]),
];

/// Not in the catalogue: reasons of ERR_LIB_SSL as `openssl errstr` prints them. Alerts are among the reasons too.
#[rustfmt::skip]
pub(super) const OPENSSL_ERRORS: &[Code] = &[
    row(OpenSslError, 0x0A000086, "SSL_R_CERTIFICATE_VERIFY_FAILED", "The certificate of the server does not verify; the verify result tells why", "Root not trusted, intermediate not served, expired, or wrong name", Inferred, &["CERT-UNTRUSTED-ROOT", "CERT-MISSING-INTERMEDIATE", "CERT-EXPIRED", "CERT-NAME-MISMATCH"]),
    row(OpenSslError, 0x0A00009B, "SSL_R_HTTPS_PROXY_REQUEST", "A CONNECT request came where TLS was expected", "The port is used as a proxy and is none", Inferred, &["PROXY-NOT-HTTP"]),
    row(OpenSslError, 0x0A00009C, "SSL_R_HTTP_REQUEST", "A plain HTTP request came where TLS was expected", "The other side does not speak TLS on this port", Inferred, &["TLS-PLAINTEXT-PORT"]),
    row(OpenSslError, 0x0A0000BF, "SSL_R_NO_PROTOCOLS_AVAILABLE", "No TLS version is left to offer", "Policy of the local side turns every version off", Inferred, &["TLS-CLIENT-TOO-OLD"]),
    row(OpenSslError, 0x0A0000C1, "SSL_R_NO_SHARED_CIPHER", "There is no cipher suite in common", "Suites turned off on one side, or a certificate that none of them can use", Inferred, &["TLS-NO-COMMON-CIPHER"]),
    row(OpenSslError, 0x0A0000C6, "SSL_R_PACKET_LENGTH_TOO_LONG", "What came is no TLS record", "The port speaks another protocol", Inferred, &["TLS-NOT-TLS", "TLS-PLAINTEXT-PORT"]),
    row(OpenSslError, 0x0A0000C7, "SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE", "The client sent no certificate though one is required", "Front end demands a TLS client certificate", Inferred, &["TLS-CLIENT-CERT-REQUESTED"]),
    row(OpenSslError, 0x0A000102, "SSL_R_UNSUPPORTED_PROTOCOL", "The TLS version of the other side is not supported here", "One side offers only versions that the other has turned off", Inferred, &["TLS-SERVER-TOO-OLD", "TLS-CLIENT-TOO-OLD"]),
    row(OpenSslError, 0x0A00010B, "SSL_R_WRONG_VERSION_NUMBER", "The answer is not TLS", "The port speaks plain HTTP or another protocol, or a proxy answers", Inferred, &["TLS-PLAINTEXT-PORT", "TLS-NOT-TLS"]),
    row(OpenSslError, 0x0A000126, "SSL_R_UNEXPECTED_EOF_WHILE_READING", "The peer closed the connection without ending TLS", "No certificate bound, service stopped, or a middlebox cuts the connection", Inferred, &["TLS-RESET-IN-HANDSHAKE", "HTTP-SILENT-CLOSE"]),
    row(OpenSslError, 0x0A000152, "SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "The server does not know secure renegotiation", "Old TLS stack of the server", Inferred, &["TLS-SERVER-TOO-OLD"]),
    row(OpenSslError, 0x0A000172, "SSL_R_WRONG_SIGNATURE_TYPE", "The server signs with an algorithm that is not allowed here", "SHA-1 or MD5 signatures of an old server", Inferred, &["CERT-SHA1", "TLS-SERVER-TOO-OLD"]),
    row(OpenSslError, 0x0A00018A, "SSL_R_DH_KEY_TOO_SMALL", "The Diffie-Hellman group of the server is too small", "Old DH parameters on the server", Inferred, &["TLS-WEAK-DH", "TLS-WEAK-DH-OR-KEY"]),
    row(OpenSslError, 0x0A00018C, "SSL_R_VERSION_TOO_LOW", "The TLS version is below the lowest allowed here", "Server speaks old versions only", Inferred, &["TLS-SERVER-TOO-OLD"]),
    row(OpenSslError, 0x0A00018D, "SSL_R_CA_KEY_TOO_SMALL", "The key of a CA certificate is too small", "RSA key of a CA below the limit of the client", Inferred, &["CERT-WEAK-KEY"]),
    row(OpenSslError, 0x0A00018E, "SSL_R_CA_MD_TOO_WEAK", "The digest of a CA signature is too weak", "SHA-1 or MD5 signature in the chain", Inferred, &["CERT-SHA1"]),
    row(OpenSslError, 0x0A00018F, "SSL_R_EE_KEY_TOO_SMALL", "The key of the leaf certificate is too small", "RSA key below the limit of the client", Inferred, &["CERT-WEAK-KEY"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::Alert;

    #[test]
    fn alerts_are_called_here_as_they_are_on_the_wire() {
        for code in TLS_ALERTS {
            let number = u8::try_from(code.number).expect("an alert is a byte");
            assert_eq!(Alert::name(number), code.name);
        }
    }
}
