//! Policies of the lab's forward proxy.

use super::USERS;
use crate::base::base64;
use crate::crypto::http_digest::{Algorithm, Asked};
use crate::crypto::ntlm as ntlm_keys;
use crate::live::listen::ProxyAnswer;
use crate::wire::challenge::Challenge;
use crate::wire::http::Head;
use crate::wire::ntlm;

/// Only CONNECT, and that with a Host header, RFC 9112 3.2; and what is fetched over plain HTTP, by its whole address.
fn connect(head: &Head) -> Option<ProxyAnswer> {
    match head.request_line() {
        Some(("CONNECT", _, _)) if head.header("Host").is_some() => None,
        Some(("CONNECT", _, _)) => Some(ProxyAnswer::Reply("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),
        Some(("GET" | "POST", target, _)) if target.starts_with("http://") => None,
        _ => Some(ProxyAnswer::Reply("HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\nContent-Length: 0\r\n\r\n")),
    }
}

/// Everybody may pass.
pub fn open(head: &Head) -> ProxyAnswer {
    connect(head).unwrap_or(ProxyAnswer::Tunnel)
}

/// Who shows Basic credentials, whichever, may pass.
pub fn basic(head: &Head) -> ProxyAnswer {
    let shown = head.header("Proxy-Authorization").is_some_and(|value| value.starts_with("Basic "));
    connect(head).unwrap_or(if shown { ProxyAnswer::Tunnel } else { ProxyAnswer::Reply(WANTS_BASIC) })
}

/// Who answers a Digest challenge rightly may pass; the first nonce that anybody gets is an old one.
pub fn digest(head: &Head) -> ProxyAnswer {
    match connect(head).or_else(|| digest_shown(head)) {
        Some(answer) => answer,
        None => ProxyAnswer::Again(wants_digest(OLD_NONCE, false)),
    }
}

fn digest_shown(head: &Head) -> Option<ProxyAnswer> {
    let shown = Challenge::parse(head.header("proxy-authorization")?).into_iter().find(|one| one.is("Digest"))?;
    let (method, uri, _) = head.request_line()?;
    let (nonce, cnonce) = (shown.param("nonce")?, shown.param("cnonce")?);
    let (user, password) = USERS[0];
    let algorithm = Algorithm::Sha256;
    let asked = Asked { algorithm, user, realm: "lab", nonce, auth: Some((cnonce, 1)), method, uri };
    let right = shown.param("response") == Some(asked.response(password).as_str()) && shown.param("username") == Some(user);
    Some(match (right, nonce == NONCE) {
        (true, true) => ProxyAnswer::Tunnel,
        (true, false) => ProxyAnswer::Again(wants_digest(NONCE, true)),
        (false, _) => ProxyAnswer::Again(wants_digest(NONCE, false)),
    })
}

fn wants_digest(nonce: &str, stale: bool) -> String {
    let challenge = format!("realm=\"lab\", nonce=\"{nonce}\", qop=\"auth\", stale={stale}");
    format!(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Digest {challenge}, algorithm=SHA-256\r\n\
         Proxy-Authenticate: Digest {challenge}, algorithm=MD5\r\nContent-Length: 5\r\n\r\nlogin"
    )
}

/// Who goes through NTLM on one connection may have a tunnel; what is fetched over plain HTTP needs no login.
pub fn ntlm(head: &Head) -> ProxyAnswer {
    if head.request_line().is_some_and(|line| line.0 != "CONNECT") {
        return open(head);
    }
    let again = |token: &str| {
        ProxyAnswer::Again(format!(
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM{token}\r\nContent-Length: 0\r\n\r\n"
        ))
    };
    let shown = ntlm::shown(head).unwrap_or_default();
    match (connect(head), ntlm::number(&shown)) {
        (Some(refusal), _) => refusal,
        (None, Some(1)) => {
            let flags = ntlm::OFFERED | ntlm::TARGET_INFO;
            let asked = ntlm::Challenge { challenge: NTLM_CHALLENGE, flags, target_name: "LAB".into(), target_info: vec![0; 4] };
            again(&format!(" {}", base64(&asked.emit())))
        }
        (None, Some(3)) if ntlm_right(&shown) => ProxyAnswer::TunnelAfter,
        (None, _) => again(""),
    }
}

fn ntlm_right(shown: &[u8]) -> bool {
    let Ok(said) = ntlm::Authenticate::parse(shown) else { return false };
    let (user, password) = USERS[0];
    said.user == user && ntlm_keys::verify(&ntlm_keys::ntowf_v2(user, &said.domain, password), NTLM_CHALLENGE, &said.nt)
}

/// It knows SSTP by its header and does not let it pass.
pub fn sstp_filter(head: &Head) -> ProxyAnswer {
    let refused = head.header("SSTPVERSION").map(|_| ProxyAnswer::Reply(FORBIDDEN));
    connect(head).or(refused).unwrap_or(ProxyAnswer::Tunnel)
}

/// Only port 443 may be reached.
pub fn port_443(head: &Head) -> ProxyAnswer {
    let allowed = head.request_line().is_some_and(|line| line.1.ends_with(":443"));
    connect(head).unwrap_or(if allowed { ProxyAnswer::Tunnel } else { ProxyAnswer::Reply(FORBIDDEN) })
}

/// It ends a tunnel through which nothing goes for a second.
pub fn impatient(head: &Head) -> ProxyAnswer {
    connect(head).unwrap_or(ProxyAnswer::TunnelUntilIdle(std::time::Duration::from_secs(1)))
}

/// Only Windows' own schemes.
pub fn negotiate(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply(WANTS_NEGOTIATE)
}

/// 407 without saying how.
pub fn no_challenge(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// The host is not allowed.
pub fn forbidden(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply(FORBIDDEN)
}

/// The host cannot be reached from the proxy.
pub fn bad_gateway(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply("HTTP/1.1 502 Bad Gateway\r\nVia: 1.1 lab-proxy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// The proxy has no way out at present.
pub fn unavailable(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply(
        "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    )
}

/// The host did not answer the proxy.
pub fn gateway_timeout(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// CONNECT is a bad request.
pub fn bad_request(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// A portal wants a login first.
pub fn portal(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply("HTTP/1.1 302 Found\r\nLocation: http://portal.lab.example/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// Something that speaks no HTTP.
pub fn garbage(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply("\u{5}\u{1}\u{0}not http\r\n\r\n")
}

/// It says nothing.
pub fn silent(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Silent
}

/// It closes.
pub fn close(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Close
}

/// Ours.
const OLD_NONCE: &str = "an-old-nonce";
/// Ours.
const NONCE: &str = "the-nonce-of-the-day";
/// Ours: the same for everybody, so that a run can be repeated.
const NTLM_CHALLENGE: [u8; 8] = *b"lab-8byt";
const WANTS_BASIC: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"lab\"\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
const WANTS_NEGOTIATE: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n\
    Proxy-Authenticate: NTLM\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nVia: 1.1 lab-proxy\r\nContent-Type: text/html\r\nContent-Length: 47\r\n\
    Connection: close\r\n\r\n<html><body>Category: VPN, blocked</body></html>";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Layer;
    use crate::wire::http::Parsed;

    fn head(text: &str) -> Head {
        let Ok(Parsed::Whole(head, _)) = Head::parse_request(Layer::Proxy, text.as_bytes()) else { panic!("whole") };
        head
    }

    #[test]
    fn basic_lets_pass_who_shows_credentials() {
        let plain = "CONNECT vpn.lab.example:443 HTTP/1.1\r\nHost: vpn.lab.example:443\r\n";
        assert_eq!(basic(&head(&format!("{plain}\r\n"))), ProxyAnswer::Reply(WANTS_BASIC));
        assert_eq!(basic(&head(&format!("{plain}Proxy-Authorization: Basic YTpi\r\n\r\n"))), ProxyAnswer::Tunnel);
        assert!(matches!(open(&head("CONNECT a:1 HTTP/1.1\r\n\r\n")), ProxyAnswer::Reply(_)), "no Host");
    }
}
