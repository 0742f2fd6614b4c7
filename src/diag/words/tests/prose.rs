//! Numbers in prose, certificates as Python speaks of them, and words that are like nothing known.

use super::*;

#[test]
fn a_bare_number_in_prose_is_no_code() {
    for text in ["I ate 691 apples in 2024", "call 0800 809 809 now", "we moved 868 boxes to floor 12", "on port 443 since 10060 seconds"] {
        assert_eq!(named(text), Vec::<String>::new(), "{text}");
        assert!(read(text, &[]).notes.iter().any(|note| note.contains("--log FILE")), "{text}");
    }
    for text in
        ["691", " 691 ", "my dialer says error 691 again", "the vpn 691 thing", "pppd said E=691 today", "es kam dann immer (691) am Ende"]
    {
        assert!(named(text).iter().any(|row| row.contains("ERROR_AUTHENTICATION_FAILURE")), "{text}: {:?}", named(text));
    }
}

#[test]
fn the_reason_of_a_failed_verification_comes_first_as_python_writes_it() {
    let rows = [
        ("Hostname mismatch, certificate is not valid for 'vpn.example.test'.", "X509_V_ERR_HOSTNAME_MISMATCH"),
        ("IP address mismatch, certificate is not valid for '192.0.2.1'.", "X509_V_ERR_IP_ADDRESS_MISMATCH"),
        ("certificate has expired", "X509_V_ERR_CERT_HAS_EXPIRED"),
        ("certificate is not yet valid", "X509_V_ERR_CERT_NOT_YET_VALID"),
        ("self-signed certificate", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"),
        ("self signed certificate", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"),
        ("self-signed certificate in certificate chain", "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN"),
        ("unable to get local issuer certificate", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        ("Missing Authority Key Identifier", "X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER"),
        ("Basic Constraints of CA cert not marked critical", "X509_V_ERR_CA_BCONS_NOT_CRITICAL"),
        ("certificate revoked", "X509_V_ERR_CERT_REVOKED"),
    ];
    for (reason, name) in rows {
        for text in [
            format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason} (_ssl.c:1007)"),
            format!(
                "requests.exceptions.SSLError: SSLCertVerificationError(1, \"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason}\")"
            ),
        ] {
            assert_eq!(named(&text).first(), Some(&format!("OpenSSL verify {name}")), "{text}: {:?}", named(&text));
            assert_eq!(lost(&text), [], "{text}");
        }
    }
    let alone = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1007)";
    assert_eq!(named(alone).first().map(String::as_str), Some("OpenSSL error SSL_R_CERTIFICATE_VERIFY_FAILED"));
}

#[test]
fn ike_and_the_smart_card_are_told_of() {
    let rows = [
        ("error 13801", "Win32 ERROR_IPSEC_IKE_AUTH_FAIL"),
        ("The error code returned on failure is 13806.", "Win32 ERROR_IPSEC_IKE_NO_CERT"),
        ("0x40420110", "EAP host EAP_I_USER_ACCOUNT_OTHER_ERROR"),
        ("0x80090352", "Schannel SEC_E_ISSUING_CA_UNTRUSTED"),
        ("verify error:num=92", "OpenSSL verify X509_V_ERR_CA_CERT_MISSING_KEY_USAGE"),
    ];
    for (text, row) in rows {
        assert_eq!(named(text), [row], "{text}");
    }
    let ike = codes::ras(787).expect("a row");
    assert_eq!(ike.checks, codes::ras(789).expect("a row").checks);
}

#[test]
fn what_is_like_nothing_has_its_nearest_all_the_same() {
    for text in ["xyzzy", "99999", "error 13999", "0x80079999", "event 99"] {
        let unknown = lost(text);
        assert!(named(text).is_empty() && unknown.first().is_some_and(|unknown| !unknown.near.is_empty()), "{text}: {unknown:?}");
    }
    let error = lost("error 13999");
    assert!(error.first().is_some_and(|unknown| unknown.near.iter().any(|near| near.starts_with("13868"))), "{error:?}");
}
