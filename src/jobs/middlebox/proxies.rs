//! Forward proxies.

use super::{Kind, Makes, Unit, counted, kind, millis};
use crate::jobs::lab::pki::NAME;
use crate::jobs::lab::proxy::{self, open};
use crate::live::listen::ProxyAnswer;
use crate::live::middlebox::{Act, HttpRule, Rule};
use crate::wire::http::Head;

pub(super) const KINDS: &[Kind] = &[
    kind("proxy-open", "lets everybody pass", Makes::Proxy(open), &[]),
    kind("proxy-basic", "wants a login, Basic", Makes::Proxy(proxy::basic), &["PROXY-AUTH-REQUIRED"]),
    kind("proxy-digest", "wants a login, Digest", Makes::Proxy(digest), &["PROXY-AUTH-SCHEME"]),
    kind("proxy-ntlm", "wants a login, NTLM and nothing else", Makes::Proxy(ntlm), &["PROXY-AUTH-SCHEME"]),
    kind("proxy-negotiate", "wants a login of Windows' own schemes", Makes::Proxy(proxy::negotiate), &["PROXY-AUTH-SCHEME"]),
    kind("proxy-denies-host", "denies this server", Makes::Proxy(denies_host), &["PROXY-CONNECT-DENIED"]),
    kind("proxy-denies-all", "denies CONNECT", Makes::Proxy(proxy::forbidden), &["PROXY-CONNECT-DENIED"]),
    kind(
        "proxy-too-many",
        "asks for a pause, whatever is asked",
        Makes::Proxy(|_| ProxyAnswer::Reply(TOO_MANY)),
        &["PROXY-CONNECT-DENIED"],
    ),
    kind(
        "proxy-quota",
        "lets forty requests pass, and wants none for ten minutes then",
        Makes::Proxy(|_| ProxyAnswer::TunnelFor(40, QUOTA)),
        &["PATH-REQUEST-LIMIT"],
    ),
    kind("proxy-port", "allows CONNECT to port 443 only", Makes::Proxy(port_443), &["PROXY-PORT-NOT-ALLOWED"]),
    kind("proxy-sstpversion", "denies who says SSTPVERSION", Makes::Proxy(sstp_version), &["PROXY-SSTPVERSION-FILTER"]),
    kind("proxy-headers", "denies who says a header that it does not know", Makes::Proxy(odd_headers), &["PROXY-HEADER-FILTER"]),
    kind("proxy-upstream", "cannot reach the server", Makes::Proxy(upstream), &["PROXY-UPSTREAM-FAIL"]),
    kind("proxy-silent", "does not answer CONNECT", Makes::Proxy(proxy::silent), &["PROXY-NO-RESPONSE"]),
    kind("proxy-hangs-up", "hangs up on CONNECT", Makes::Proxy(|_| ProxyAnswer::Close), &["PROXY-NO-PROXY"]),
    kind("proxy-is-ssh", "is no proxy but an SSH server", Makes::Proxy(|_| ProxyAnswer::Reply("SSH-2.0-lab\r\n")), &["PROXY-NO-PROXY"]),
    kind(
        "proxy-hollow",
        "says 200 to CONNECT and then hangs up",
        Makes::ProxyWith(open, |_| vec![Rule::Meets(Act::Close)]),
        &["TLS-DPI-BLOCK"],
    ),
    kind("proxy-one-line", "wants a login, its schemes in one line", Makes::Proxy(one_line), &["PROXY-AUTH-REQUIRED"]),
    kind("proxy-portal", "leads everybody to a login page", Makes::Proxy(proxy::portal), &["PROXY-CAPTIVE-PORTAL"]),
    kind(
        "proxy-page",
        "says 200 to CONNECT, with a page in place of the tunnel",
        Makes::Proxy(|_| ProxyAnswer::Reply(PAGE)),
        &["PROXY-CAPTIVE-PORTAL"],
    ),
    kind(
        "proxy-inspects",
        "opens TLS with a certificate of its own",
        Makes::ProxyWith(open, |_| vec![Rule::Inspects(&[HttpRule::Lengths(LENGTH_REQUIRED)])]),
        &["BIND-TLS-INSPECTION"],
    ),
    counted(
        "proxy-idle",
        "closes quiet tunnels",
        Makes::ProxyWith(open, |ms| vec![Rule::Idle(millis(ms), Act::Close)]),
        (20_000, Unit::Millis),
        &["TEAR-IDLE-MIDDLEBOX"],
    ),
];

fn digest(head: &Head) -> ProxyAnswer {
    let shown = head.header("Proxy-Authorization").is_some_and(|value| value.starts_with("Digest "));
    if shown { open(head) } else { ProxyAnswer::Reply(WANTS_DIGEST) }
}

fn ntlm(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply(WANTS_NTLM)
}

fn one_line(_: &Head) -> ProxyAnswer {
    ProxyAnswer::Reply(WANTS_ANY)
}

fn denies_host(head: &Head) -> ProxyAnswer {
    let target = head.request_line().map_or("", |line| line.1);
    if target.starts_with(NAME) { ProxyAnswer::Reply(DENIED) } else { open(head) }
}

fn port_443(head: &Head) -> ProxyAnswer {
    let target = head.request_line().map_or("", |line| line.1);
    if target.ends_with(":443") { open(head) } else { ProxyAnswer::Reply(DENIED) }
}

fn sstp_version(head: &Head) -> ProxyAnswer {
    if head.header("SSTPVERSION").is_some() { ProxyAnswer::Reply(DENIED) } else { open(head) }
}

fn odd_headers(head: &Head) -> ProxyAnswer {
    let known = |name: &str| ["host", "proxy-connection", "user-agent", "proxy-authorization", "content-length"].contains(&name);
    let odd = head.headers.iter().any(|row| !known(&row.0.to_ascii_lowercase()));
    if odd { ProxyAnswer::Reply(DENIED) } else { open(head) }
}

fn upstream(head: &Head) -> ProxyAnswer {
    let target = head.request_line().map_or("", |line| line.1);
    if target.starts_with(NAME) { proxy::unavailable(head) } else { open(head) }
}

const WANTS_DIGEST: &str = "HTTP/1.1 407 Proxy Authentication Required\r\n\
    Proxy-Authenticate: Digest realm=\"lab\", nonce=\"c2FtcGxl\", qop=\"auth\", algorithm=MD5\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
const WANTS_NTLM: &str =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const WANTS_ANY: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate, NTLM, Basic realm=\"a, b\"\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nVia: 1.1 lab-proxy\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 32\r\nConnection: close\r\n\r\n\
    <html><body>Guest network</body>";
const LENGTH_REQUIRED: &str = "HTTP/1.1 411 Length Required\r\nVia: 1.1 lab-proxy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// RFC 6585 4.
const QUOTA: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// RFC 6585 4.
const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
