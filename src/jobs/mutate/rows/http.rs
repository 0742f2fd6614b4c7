//! Mutators of the HTTP request.

use super::{Change, Mutator, one, row};
use crate::jobs::mutate::spot::Spot;
use crate::proto::Rng;
use crate::wire::http::{CONTENT_LENGTH, METHOD, PATH};

pub(super) const ROWS: &[Mutator] = &[
    row("http-line", "HTTP heads", "another method, path or version", line),
    row("http-headers", "HTTP heads", "header lines that are missing, twice, long, or many", headers),
    row("http-size", "HTTP heads", "heads that are too long, or never end", size),
    row("http-not", "HTTP heads", "something else than HTTP", other),
];

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\"").replace('\r', "\\r").replace('\n', "\\n").replace('\0', "\\0"))
}

fn instead(name: &str, text: &str) -> Change {
    one(name, format!("instead {}", quoted(text)))
}

fn head(start: &str, headers: &str) -> String {
    format!("{start}\r\nHost: vpn.example.test\r\nContent-Length: {CONTENT_LENGTH}\r\n{headers}\r\n")
}

fn line(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "http.request" {
        return Vec::new();
    }
    let rows = [
        ("get", format!("GET {PATH} HTTP/1.1")),
        ("post", format!("POST {PATH} HTTP/1.1")),
        ("lower-case", format!("sstp_duplex_post {PATH} HTTP/1.1")),
        ("long-method", format!("{METHOD}X {PATH} HTTP/1.1")),
        ("root", format!("{METHOD} / HTTP/1.1")),
        ("no-slash", format!("{METHOD} {} HTTP/1.1", PATH.trim_end_matches('/'))),
        ("upper-path", format!("{METHOD} {} HTTP/1.1", PATH.to_ascii_uppercase())),
        ("dots", format!("{METHOD} /x/..{PATH} HTTP/1.1")),
        ("absolute", format!("{METHOD} https://vpn.example.test{PATH} HTTP/1.1")),
        ("query", format!("{METHOD} {PATH}?tenantid=a HTTP/1.1")),
        ("version-10", format!("{METHOD} {PATH} HTTP/1.0")),
        ("version-20", format!("{METHOD} {PATH} HTTP/2.0")),
        ("version-09", format!("{METHOD} {PATH}")),
        ("version-19", format!("{METHOD} {PATH} HTTP/1.9")),
    ];
    rows.iter().map(|(name, start)| instead(name, &head(start, ""))).collect()
}

fn headers(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "http.request" {
        return Vec::new();
    }
    let start = format!("{METHOD} {PATH} HTTP/1.1");
    let length = |value: &str| format!("{start}\r\nHost: a\r\nContent-Length: {value}\r\n\r\n");
    let mut changes = vec![
        instead("no-host", &format!("{start}\r\nContent-Length: {CONTENT_LENGTH}\r\n\r\n")),
        instead("two-hosts", &head(&start, "Host: other\r\n")),
        instead("no-length", &format!("{start}\r\nHost: a\r\n\r\n")),
        instead("chunked", &head(&start, "Transfer-Encoding: chunked\r\n")),
        instead("no-colon", &head(&start, "nonsense\r\n")),
        instead("folded", &head(&start, "X: a\r\n b\r\n")),
        instead("nul", &head(&start, "X: a\0b\r\n")),
        instead("space-before-colon", &head(&start, "X : a\r\n")),
        instead("bare-lf", &format!("{start}\nHost: a\nContent-Length: {CONTENT_LENGTH}\n\n")),
        instead("ninety-lines", &head(&start, &"X: a\r\n".repeat(90))),
        instead("two-hundred-lines", &head(&start, &"X: a\r\n".repeat(200))),
    ];
    let lengths = ["0", "-1", "1", "18446744073709551614", "18446744073709551616", "9223372036854775807", "x", ""];
    changes.extend(lengths.iter().map(|value| instead(&format!("length={value}"), &length(value))));
    changes
}

fn size(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "http.request" {
        return Vec::new();
    }
    let start = format!("{METHOD} {PATH} HTTP/1.1");
    let long = |n: usize| format!("{METHOD} {PATH}?{} HTTP/1.1", "a".repeat(n));
    vec![
        instead("query-of-4000", &head(&long(4_000), "")),
        instead("query-of-60000", &head(&long(60_000), "")),
        instead("value-of-60000", &head(&start, &format!("X: {}\r\n", "a".repeat(60_000)))),
        instead("no-end-of-line", &"A".repeat(70_000)),
        instead("no-end-of-head", &format!("{start}\r\nHost: a\r\n{}", "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(2_000))),
        instead("no-end-of-name", &format!("{start}\r\nHost: a\r\n{}", "A".repeat(70_000))),
    ]
}

fn other(spot: &Spot, _: &mut Rng) -> Vec<Change> {
    if spot.name != "http.request" {
        return Vec::new();
    }
    let hello = "1603010200010001fc0303".to_string() + &"00".repeat(64);
    vec![
        instead("ssh", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        instead("blank-lines", "\r\n\r\n\r\n\r\n"),
        one("tls", format!("instead {hello}")),
        one("sstp", format!("instead {}", crate::base::hex(&super::message(1, &[super::PROTOCOL])))),
        one("zeros", format!("instead {}", "00".repeat(512))),
        one("ones", format!("instead {}", "ff".repeat(512))),
        one("high-bytes", "splice 4..5 ff"),
    ]
}
