//! Answers to SSTP_DUPLEX_POST that open no call.

use crate::base::Layer::Http;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::proto::plan::Toxic;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault(
        "http.404",
        Http,
        "the URI is not there",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 404 Not Found\r\nServer: Microsoft-HTTPAPI/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-404",
    ),
    fault(
        "http.401",
        Http,
        "a login stands in front of SSTP",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-401-403",
    ),
    fault(
        "http.403",
        Http,
        "access is forbidden",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 403 Forbidden\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-401-403",
    ),
    fault(
        "http.405",
        Http,
        "the method is not allowed",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-METHOD-REFUSED",
    ),
    fault(
        "http.501",
        Http,
        "the method is not known",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#]),
        "HTTP-METHOD-REFUSED",
    ),
    fault(
        "http.301",
        Http,
        "everything is moved elsewhere",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 301 Moved Permanently\r\nLocation: https://www.lab.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-REDIRECT",
    ),
    fault(
        "http.302",
        Http,
        "everybody is sent to a portal",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 302 Found\r\nLocation: https://portal.lab.example/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-REDIRECT",
    ),
    fault(
        "http.400",
        Http,
        "an HTTP proxy cannot take the length of 2^64-1",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-400-CONTENT-LENGTH",
    ),
    fault(
        "http.413",
        Http,
        "the length is over the limit of an HTTP proxy",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 413 Request Entity Too Large\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-400-CONTENT-LENGTH",
    ),
    fault(
        "http.406-waf",
        Http,
        "a web application firewall blocks the request",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 406 Not Acceptable\r\nServer: Mod_Security\r\nContent-Length: 47\r\nConnection: close\r\n\r\nRequest blocked by mod_security. Incident 4711.""#,
        ]),
        "HTTP-WAF-BLOCK",
    ),
    fault(
        "http.502",
        Http,
        "the balancer has no back end that speaks with it",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#]),
        "HTTP-OFFLOAD-CONFIG",
    ),
    fault(
        "http.503",
        Http,
        "the balancer has no back end",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#]),
        "HTTP-OFFLOAD-CONFIG",
    ),
    fault(
        "http.504",
        Http,
        "the back end does not answer the balancer",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#]),
        "HTTP-OFFLOAD-CONFIG",
    ),
    fault(
        "http.chunked",
        Http,
        "a proxy has rewritten the answer to chunks",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nTransfer-Encoding: chunked\r\n\r\n""#]),
        "HTTP-CHUNKED-REWRITE",
    ),
    fault(
        "http.200-web-page",
        Http,
        "an ordinary web server answers",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 200 OK\r\nServer: Apache\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<p>It works</p>""#,
        ]),
        "HTTP-200-NOT-SSTP",
    ),
    fault(
        "http.version-10",
        Http,
        "the answer is HTTP/1.0",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.0 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n""#]),
        "HTTP-VERSION-NOT-11",
    ),
    fault(
        "http.garbage",
        Http,
        "what answers in TLS speaks no HTTP",
        Makes::Edits(&[r#"http.response#1 instead "220 mail.lab.example ESMTP\r\n""#]),
        "HTTP-NOT-HTTP",
    ),
    fault(
        "http.half-head",
        Http,
        "the answer stops within its head",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 200 OK\r\nContent-Le""#]),
        "HTTP-NO-RESPONSE",
    ),
    fault(
        "http.header-case",
        Http,
        "a proxy has made the header names lower case",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\nserver: sstp-diag-lab\r\n\r\n""#,
        ]),
        "HTTP-HEADER-CASE",
    ),
    fault("http.endless-headers", Http, "the head of the answer never ends", Makes::Edits(ENDLESS), "HTTP-ENDLESS-HEAD"),
    fault("http.no-response", Http, "nothing answers the request", Makes::Edits(&["http.response#* drop"]), "HTTP-NO-RESPONSE"),
    fault(
        "http.silent-close",
        Http,
        "the connection is closed in answer to the request",
        Makes::ToxicsAboveTls(&[Toxic::CutAfter(0)]),
        "HTTP-SILENT-CLOSE",
    ),
    fault(
        "http.503-http-sys",
        Http,
        "HTTP.sys answers for an SSTP service that is not there",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 503 Service Unavailable\r\nServer: Microsoft-HTTPAPI/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-SERVICE-INIT",
    ),
    fault(
        "http.500",
        Http,
        "the server has an error of its own",
        Makes::Edits(&[
            r#"http.response#1 instead "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n""#,
        ]),
        "HTTP-SERVER-ERROR",
    ),
    fault(
        "http.204",
        Http,
        "the answer is a success that opens no stream",
        Makes::Edits(&[r#"http.response#1 instead "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n""#]),
        "HTTP-UNEXPECTED-STATUS",
    ),
];

const ENDLESS: &[&str] = &[
    r#"http.response#1 instead "X-Filler: one more line of a head that does not want to come to its end\r\n""#,
    r#"http.response#1 before "HTTP/1.1 200 OK\r\n""#,
    "http.response#1 repeat 2000",
];
