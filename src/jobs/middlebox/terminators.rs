//! Boxes that end TLS: interception on the way, and reverse proxies in front of the server, which have its certificate.

use super::{Kind, Makes, Paper, kind};
use crate::live::middlebox::{HttpRule, Rule};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "inspects",
        "opens TLS with a certificate of its own and passes everything on",
        Makes::Ends(Paper::Foreign, |_| vec![Rule::Inspects(&[])]),
        &["TLS-INSPECTION-STREAMING"],
    ),
    kind(
        "inspects-strictly",
        "opens TLS with a certificate of its own and refuses lengths of 64 bits",
        Makes::Ends(Paper::Foreign, |_| vec![Rule::Inspects(&[HttpRule::Lengths(LENGTH_REQUIRED)])]),
        &["BIND-TLS-INSPECTION"],
    ),
    kind(
        "inspects-and-stores",
        "opens TLS with a certificate of its own and waits for the end of the request",
        Makes::Ends(Paper::Foreign, |_| vec![Rule::Inspects(&[HttpRule::BuffersRequest])]),
        &["BIND-TLS-INSPECTION"],
    ),
    kind(
        "other-certificate",
        "opens TLS with a certificate that is its own issuer",
        Makes::Ends(Paper::SelfSigned, |_| vec![Rule::Inspects(&[])]),
        &["TLS-INSPECTION-STREAMING"],
    ),
    kind(
        "terminates",
        "opens TLS with another certificate that is trusted; only crypto binding tells",
        Makes::Ends(Paper::Trusted, |_| vec![Rule::Inspects(&[])]),
        &["BIND-TLS-INSPECTION"],
    ),
    kind(
        "front-harmless",
        "a reverse proxy with the server's certificate that writes header names small",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::LowerCase])]),
        &[],
    ),
    kind(
        "front-too-many",
        "a reverse proxy that asks for a pause behind twelve requests in a second",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::TooMany(12, TOO_MANY)])]),
        &[],
    ),
    kind(
        "front-quota",
        "a reverse proxy that wants none for ten minutes behind twelve requests",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::TooMany(12, QUOTA)])]),
        &["PATH-REQUEST-LIMIT"],
    ),
    kind(
        "front-reorders",
        "a reverse proxy that puts the headers of requests into another order",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Reorders])]),
        &[],
    ),
    kind(
        "front-length",
        "a reverse proxy that refuses lengths of 64 bits",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Lengths(BAD_REQUEST)])]),
        &["HTTP-400-CONTENT-LENGTH"],
    ),
    kind(
        "front-length-closed",
        "a reverse proxy that hangs up on lengths of 64 bits",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Lengths("")])]),
        &["HTTP-400-CONTENT-LENGTH"],
    ),
    kind(
        "front-length-silent",
        "a reverse proxy that never answers lengths of 64 bits",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::LosesLengths])]),
        &["HTTP-400-CONTENT-LENGTH"],
    ),
    kind(
        "front-length-501",
        "a reverse proxy that says 501 to lengths of 64 bits",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Lengths(NOT_IMPLEMENTED)])]),
        &["HTTP-400-CONTENT-LENGTH"],
    ),
    kind(
        "front-buffers-request",
        "a reverse proxy that waits for the end of the request",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::BuffersRequest])]),
        &["HTTP-REQUEST-BUFFERED"],
    ),
    kind(
        "front-buffers-response",
        "a reverse proxy that waits for the end of the response",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::BuffersResponse])]),
        &["HTTP-RESPONSE-BUFFERED"],
    ),
    kind(
        "front-chunks",
        "a reverse proxy that sends the response in chunks",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Chunks])]),
        &["HTTP-CHUNKED-REWRITE"],
    ),
    kind(
        "front-escapes",
        "a reverse proxy that escapes the braces of the path",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Escapes])]),
        &["HTTP-URI-REWRITTEN"],
    ),
    kind(
        "front-methods-405",
        "a reverse proxy that knows GET, HEAD and POST, and says 405",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Methods(&["GET", "HEAD", "POST"], NOT_ALLOWED)])]),
        &["HTTP-METHOD-REFUSED"],
    ),
    kind(
        "front-methods-501",
        "a reverse proxy that knows the usual methods, and says 501",
        Makes::Ends(Paper::Same, |_| {
            vec![Rule::Inspects(&[HttpRule::Methods(&["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"], NOT_IMPLEMENTED)])]
        }),
        &["HTTP-METHOD-REFUSED"],
    ),
    kind(
        "front-methods-closed",
        "a reverse proxy that knows GET, HEAD and POST, and hangs up on others",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Methods(&["GET", "HEAD", "POST"], "")])]),
        &["HTTP-METHOD-REFUSED"],
    ),
    kind(
        "front-down",
        "a reverse proxy whose gateway for SSTP is down",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Targets("/sra_", UNAVAILABLE)])]),
        &["HTTP-REFUSED"],
    ),
    kind(
        "front-swallows",
        "a reverse proxy that passes on the head of a request and nothing behind it",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Swallows])]),
        &["PATH-UNEXPLAINED"],
    ),
    kind(
        "front-late",
        "a reverse proxy that takes its time, and hurts nobody",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Late(3000)])]),
        &[],
    ),
    kind(
        "front-path",
        "a web firewall that forbids the path of SSTP",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Targets("/sra_", BLOCKED)])]),
        &["HTTP-WAF-BLOCK"],
    ),
    kind(
        "front-blocks",
        "a web firewall that forbids everything",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Answers(BLOCKED)])]),
        &["HTTP-WAF-BLOCK"],
    ),
    kind(
        "front-sso",
        "a front that leads everything to a login page",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Answers(SIGN_ON)])]),
        &["HTTP-LOGIN-WANTED"],
    ),
    kind(
        "front-login",
        "a front that wants a login of HTTP",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Answers(UNAUTHORIZED)])]),
        &["HTTP-LOGIN-WANTED"],
    ),
    kind(
        "front-catch-all",
        "a web server that says 200 to everything",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Answers(WELCOME)])]),
        &["HTTP-200-CATCHALL"],
    ),
    kind(
        "front-http10",
        "a reverse proxy that answers with HTTP/1.0",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::SaysHttp10])]),
        &["HTTP-HEAD-REWRITTEN"],
    ),
    kind(
        "front-strips-length",
        "a reverse proxy that takes the length from the response",
        Makes::Ends(Paper::Same, |_| vec![Rule::Inspects(&[HttpRule::Strips("Content-Length")])]),
        &["HTTP-HEAD-REWRITTEN"],
    ),
];

const LENGTH_REQUIRED: &str = "HTTP/1.1 411 Length Required\r\nVia: 1.1 lab-firewall\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BAD_REQUEST: &str = "HTTP/1.1 400 Bad Request\r\nServer: lab-front\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NOT_ALLOWED: &str =
    "HTTP/1.1 405 Method Not Allowed\r\nServer: lab-front\r\nAllow: GET, HEAD, POST\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NOT_IMPLEMENTED: &str = "HTTP/1.1 501 Not Implemented\r\nServer: lab-front\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\nServer: lab-front\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BLOCKED: &str = "HTTP/1.1 403 Forbidden\r\nServer: lab-waf\r\nContent-Type: text/html\r\nContent-Length: 55\r\nConnection: close\r\n\r\n\
    <html><body>Request blocked. Reference #4711</body>....";
const WELCOME: &str = "HTTP/1.1 200 OK\r\nServer: lab-front\r\nContent-Type: text/html\r\nContent-Length: 34\r\nConnection: close\r\n\r\n\
    <html><body>Welcome!</body></html>";
/// RFC 6585 4.
const QUOTA: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// RFC 6585 4.
const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const SIGN_ON: &str =
    "HTTP/1.1 302 Found\r\nServer: lab-front\r\nLocation: https://sso.lab.example/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const UNAUTHORIZED: &str = "HTTP/1.1 401 Unauthorized\r\nServer: lab-front\r\nWWW-Authenticate: Basic realm=\"lab\"\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";
