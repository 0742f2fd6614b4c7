//! Error sentences: the words by which Windows, OpenSSL and NPS messages are known, and the codes behind them.

use super::near;
use crate::diag::codes::{self, Code};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Sentences in a text of lower-case words: first word, last word, rows. Longer sentences win over shorter ones in them.
pub fn find(words: &[String]) -> Vec<(usize, usize, Vec<&'static Code>)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(rest) = words.get(from..).filter(|rest| !rest.is_empty()) {
        let begun = rest.first().and_then(|word| BY_FIRST_WORD.get(word.as_str()));
        let sentence = begun.into_iter().flatten().filter(|row| starts(rest, &row.0)).max_by_key(|row| row.0.len());
        let (length, meaning) = match sentence {
            Some((parts, name)) => (parts.len(), codes::by_name(name).into_iter().collect()),
            None => alert(rest).unwrap_or_default(),
        };
        if !meaning.is_empty() {
            found.push((from, from + length - 1, meaning));
        }
        from += length.max(1);
    }
    found
}

/// Words of a sentence, and the name of its code.
type Sentence = (Vec<&'static str>, &'static str);

static BY_FIRST_WORD: LazyLock<HashMap<&'static str, Vec<Sentence>>> = LazyLock::new(|| {
    let mut rows: HashMap<&str, Vec<Sentence>> = HashMap::new();
    for (sentence, name) in SENTENCES {
        let parts: Vec<&str> = sentence.split(' ').collect();
        rows.entry(parts.first().copied().unwrap_or_default()).or_default().push((parts, name));
    }
    rows
});

/// Codes of the sentences that share most words with these, best first.
pub fn near(words: &[String]) -> Vec<String> {
    let telling = |word: &&str| word.len() > 3;
    let shared = |sentence: &str| {
        let parts: Vec<&str> = sentence.split(' ').filter(telling).collect();
        let hits = parts.iter().filter(|part| words.iter().any(|word| word == *part)).count();
        (hits >= 3 && hits * 2 >= parts.len()).then_some(hits)
    };
    let mut near: Vec<(usize, &str)> = SENTENCES.iter().filter_map(|row| Some((shared(row.0)?, row.1))).collect();
    near.sort_by_key(|row| std::cmp::Reverse(row.0));
    near.dedup_by_key(|row| row.1);
    let named: Vec<String> = near.into_iter().take(5).filter_map(|row| codes::by_name(row.1)).map(Code::shown).collect();
    if named.is_empty() {
        words.iter().filter(|word| word.len() > 5).take(20).flat_map(|word| near::words(word)).take(5).collect()
    } else {
        named
    }
}

/// `alert handshake failure`, as OpenSSL writes alerts: the longest name that the words behind `alert` make.
fn alert(words: &[String]) -> Option<(usize, Vec<&'static Code>)> {
    if words.first()? != "alert" {
        return None;
    }
    (1..=4).rev().find_map(|length| {
        let name = words.get(1..=length)?.join("_");
        let row = codes::all().find(|code| code.family == codes::Family::TlsAlert && code.name == name)?;
        Some((length + 1, vec![row]))
    })
}

fn starts(words: &[String], parts: &[&str]) -> bool {
    words.len() >= parts.len() && words.iter().zip(parts).all(|(word, part)| word == part)
}

/// Words that stand in a row in the message (lower case, punctuation dropped), and the name of the code.
#[rustfmt::skip]
const SENTENCES: &[(&str, &str)] = &[
    // RAS, as the dial dialog, rasdial and events 20227, 20255 and 20271 word it.
    ("the port was disconnected", "ERROR_PORT_DISCONNECTED"),
    ("so the port used for this connection was closed", "ERROR_PORT_DISCONNECTED"),
    ("terminated by the remote computer before it could be completed", "ERROR_DISCONNECTION"),
    ("the connection was closed by the remote computer", "ERROR_REMOTE_DISCONNECTION"),
    ("is already in use or is not configured properly", "ERROR_PORT_NOT_AVAILABLE"),
    ("not permitted to log on at this time of day", "ERROR_RESTRICTED_LOGON_HOURS"),
    ("the account is disabled", "ERROR_ACCT_DISABLED"),
    ("the password for this account has expired", "ERROR_PASSWD_EXPIRED"),
    ("the password has expired", "ERROR_PASSWD_EXPIRED"),
    ("does not have permission to dial in", "ERROR_NO_DIALIN_PERMISSION"),
    ("does not have remote access permission", "ERROR_NO_DIALIN_PERMISSION"),
    ("user name and password combination you provided is not recognized", "ERROR_AUTHENTICATION_FAILURE"),
    ("the remote connection was denied because the user name and password", "ERROR_AUTHENTICATION_FAILURE"),
    ("the username and or password was invalid on the domain", "ERROR_AUTHENTICATION_FAILURE"),
    ("username password combination is invalid", "ERROR_AUTHENTICATION_FAILURE"),
    ("the account has expired", "ERROR_ACCT_EXPIRED"),
    ("there was an error changing the password", "ERROR_CHANGING_PASSWORD"),
    ("could not be loaded or the service could not be started", "ERROR_RASMAN_CANNOT_INITIALIZE"),
    ("no ip addresses are available in the static pool", "ERROR_NO_IP_ADDRESSES"),
    ("the remote computer did not respond in a timely manner", "ERROR_PPP_TIMEOUT"),
    ("might need to change the network settings for this connection", "ERROR_PPP_NO_PROTOCOLS_CONFIGURED"),
    ("no ppp control protocols configured", "ERROR_PPP_NO_PROTOCOLS_CONFIGURED"),
    ("the remote computer is not responding", "ERROR_PPP_NO_RESPONSE"),
    ("could not agree on ppp control protocols", "ERROR_PPP_NOT_CONVERGING"),
    ("might need to adjust the protocols on this computer", "ERROR_PPP_CP_REJECTED"),
    ("ppp link control protocol was terminated", "ERROR_PPP_LCP_TERMINATED"),
    ("the requested address was rejected by the server", "ERROR_PPP_REQUIRED_ADDRESS_REJECTED"),
    ("terminated the control protocol", "ERROR_PPP_NCP_TERMINATED"),
    ("loopback was detected", "ERROR_PPP_LOOPBACK_DETECTED"),
    ("the server did not assign an address", "ERROR_PPP_NO_ADDRESS_ASSIGNED"),
    ("local computer does not support the required data encryption type", "ERROR_NO_LOCAL_ENCRYPTION"),
    ("remote computer does not support the required data encryption type", "ERROR_NO_REMOTE_ENCRYPTION"),
    ("remote server requires data encryption", "ERROR_REMOTE_REQUIRES_ENCRYPTION"),
    ("it was not possible to verify the identity of the server", "ERROR_UNABLE_TO_AUTHENTICATE_SERVER"),
    ("the security layer encountered a processing error", "ERROR_OAKLEY_GENERAL_PROCESSING"),
    ("could not be found that can be used with this extensible authentication protocol", "ERROR_NO_EAPTLS_CERTIFICATE"),
    ("because the attempted vpn tunnels failed", "ERROR_AUTOMATIC_VPN_FAILED"),
    ("unable to establish the vpn connection", "ERROR_AUTOMATIC_VPN_FAILED"),
    ("generic routing encapsulation", "ERROR_VPN_GRE_BLOCKED"),
    ("between your computer and the vpn server was interrupted", "ERROR_VPN_DISCONNECT"),
    ("could not be established because the remote server refused the connection", "ERROR_VPN_REFUSED"),
    ("could not be established because the remote server is not responding", "ERROR_VPN_TIMEOUT"),
    ("because of a policy configured on your ras vpn server", "ERROR_SERVER_POLICY"),
    ("disconnected due to idle timeout", "ERROR_IDLE_TIMEOUT"),
    ("disconnected due to link failure", "ERROR_LINK_FAILURE"),
    ("the name of the remote access server did not resolve", "ERROR_DNSNAME_NOT_RESOLVABLE"),
    // System, socket and web messages.
    ("access is denied", "ERROR_ACCESS_DENIED"),
    ("the specified network name is no longer available", "ERROR_NETNAME_DELETED"),
    ("the remote computer refused the network connection", "ERROR_CONNECTION_REFUSED"),
    ("the user name or password is incorrect", "ERROR_LOGON_FAILURE"),
    ("the referenced account is currently locked out", "ERROR_ACCOUNT_LOCKED_OUT"),
    ("an existing connection was forcibly closed by the remote host", "WSAECONNRESET"),
    ("connected party did not properly respond after a period of time", "WSAETIMEDOUT"),
    ("the target machine actively refused it", "WSAECONNREFUSED"),
    ("operation was attempted to an unreachable network", "WSAENETUNREACH"),
    ("operation was attempted to an unreachable host", "WSAEHOSTUNREACH"),
    ("no such host is known", "WSAHOST_NOT_FOUND"),
    ("the server name or address could not be resolved", "ERROR_WINHTTP_NAME_NOT_RESOLVED"),
    ("a connection with the server could not be established", "ERROR_WINHTTP_CANNOT_CONNECT"),
    ("a security error occurred", "ERROR_WINHTTP_SECURE_FAILURE"),
    // Schannel, CryptoAPI, chain policy.
    ("the message received was unexpected or badly formatted", "SEC_E_ILLEGAL_MESSAGE"),
    ("chain was issued by an authority that is not trusted", "SEC_E_UNTRUSTED_ROOT"),
    ("the received certificate has expired", "SEC_E_CERT_EXPIRED"),
    ("the target principal name is incorrect", "SEC_E_WRONG_PRINCIPAL"),
    ("do not possess a common algorithm", "SEC_E_ALGORITHM_MISMATCH"),
    ("the revocation server was offline", "CRYPT_E_REVOCATION_OFFLINE"),
    ("was unable to check revocation for the certificate", "CRYPT_E_NO_REVOCATION_CHECK"),
    ("the certificate is revoked", "CRYPT_E_REVOKED"),
    ("certificate is not within its validity period", "CERT_E_EXPIRED"),
    ("terminated in a root certificate which is not trusted by the trust provider", "CERT_E_UNTRUSTEDROOT"),
    ("chain could not be built to a trusted root authority", "CERT_E_CHAINING"),
    ("explicitly revoked by its issuer", "CERT_E_REVOKED"),
    ("cn name does not match the passed value", "CERT_E_CN_NO_MATCH"),
    ("the certificate is not valid for the requested usage", "CERT_E_WRONG_USAGE"),
    // NPS event 6273.
    ("authentication failed due to a user credentials mismatch", "NPS reason 16"),
    ("the specified user account is disabled", "NPS reason 34"),
    ("the user account is locked", "NPS reason 36"),
    ("the connection request did not match any configured network policy", "NPS reason 48"),
    ("did not match any configured connection request policy", "NPS reason 49"),
    ("network access permission setting in the dial-in properties", "NPS reason 65"),
    ("authentication method that is not enabled on the matching network policy", "NPS reason 66"),
    // OpenSSL.
    ("unable to get certificate crl", "X509_V_ERR_UNABLE_TO_GET_CRL"),
    ("certificate is not yet valid", "X509_V_ERR_CERT_NOT_YET_VALID"),
    ("certificate has expired", "X509_V_ERR_CERT_HAS_EXPIRED"),
    ("crl has expired", "X509_V_ERR_CRL_HAS_EXPIRED"),
    ("self-signed certificate", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"),
    ("self signed certificate", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"),
    ("self-signed certificate in certificate chain", "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN"),
    ("self signed certificate in certificate chain", "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN"),
    ("unable to get local issuer certificate", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
    ("unable to verify the first certificate", "X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    ("certificate revoked", "X509_V_ERR_CERT_REVOKED"),
    ("unsupported certificate purpose", "X509_V_ERR_INVALID_PURPOSE"),
    ("unsuitable certificate purpose", "X509_V_ERR_INVALID_PURPOSE"),
    ("hostname mismatch", "X509_V_ERR_HOSTNAME_MISMATCH"),
    ("ip address mismatch", "X509_V_ERR_IP_ADDRESS_MISMATCH"),
    ("ee certificate key too weak", "X509_V_ERR_EE_KEY_TOO_SMALL"),
    ("ca certificate key too weak", "X509_V_ERR_CA_KEY_TOO_SMALL"),
    ("ca signature digest algorithm too weak", "X509_V_ERR_CA_MD_TOO_WEAK"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_in_its_form_and_names_a_code() {
        for (sentence, name) in SENTENCES {
            assert!(codes::by_name(name).is_some(), "{name}");
            let words: Vec<String> = sentence.split(' ').map(str::to_string).collect();
            assert!(super::super::dress::words(sentence).iter().map(|word| word.text).eq(sentence.split(' ')), "{sentence}");
            assert_eq!(find(&words).first().map(|found| found.1), Some(words.len() - 1), "{sentence}");
        }
    }
}
