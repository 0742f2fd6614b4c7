//! Policies of the lab's forward proxy.

use crate::live::listen::ProxyAnswer;
use crate::wire::http::Head;

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
