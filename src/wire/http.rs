//! The HTTP/1.1 heads of SSTP and of CONNECT. MS-SSTP 3.2.4.1, 4.1, 4.5; RFC 9112.

use crate::base::{Layer, Limit, WireError};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// MS-SSTP 3.2.4.1: the method.
pub const METHOD: &str = "SSTP_DUPLEX_POST";
/// MS-SSTP 3.2.4.1: the path, lower-case `b` in `458b`, braces and final slash included.
pub const PATH: &str = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/";
/// MS-SSTP 3.2.4.1: 2^64-1, the length of both endless bodies.
pub const CONTENT_LENGTH: &str = "18446744073709551615";
/// Ours: a head longer than this is refused, in bytes. Servers commonly allow 8 to 16 KiB.
pub const MAX_HEAD: usize = 16 * 1024;
/// Ours: more header lines than this are refused.
pub const MAX_HEADERS: usize = 100;

/// The head of a request or response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The start line as it came, without its line end.
    pub start: String,
    /// Status, in a response.
    pub status: Option<u16>,
    /// Minor version: 1 for HTTP/1.1.
    pub minor: u8,
    /// Name and value of every header line, in their order.
    pub headers: Vec<(String, String)>,
}

/// What a buffer holds so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The blank line has not come yet.
    Partial,
    /// A whole head and its length in bytes.
    Whole(Head, usize),
}

impl Head {
    /// The first header of that name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|row| row.0.eq_ignore_ascii_case(name)).map(|row| row.1.as_str())
    }

    /// The moment that this header names, in seconds since 1970-01-01 UTC. RFC 9110 5.6.7: an HTTP date has the form of
    /// RFC 5322 with the zone GMT.
    pub fn date(&self, name: &str) -> Option<i64> {
        let date = time::OffsetDateTime::parse(self.header(name)?.trim(), &time::format_description::well_known::Rfc2822).ok()?;
        Some(date.unix_timestamp())
    }

    /// How long `Retry-After` wants nothing to be asked: seconds, or a date, which is counted from the server's own `Date`,
    /// and without one from `now` (seconds since 1970-01-01 UTC). RFC 9110 10.2.3.
    pub fn retry_after(&self, now: i64) -> Option<Duration> {
        let text = self.header("retry-after")?;
        let seconds = text.trim().parse().ok().or_else(|| {
            let until = self.date("retry-after")?;
            Some(until.saturating_sub(self.date("date").unwrap_or(now)).try_into().unwrap_or(0))
        })?;
        Some(Duration::from_secs(seconds))
    }

    /// All headers of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |row| row.0.eq_ignore_ascii_case(name)).map(|row| row.1.as_str())
    }

    /// Method, target and version of a request's start line.
    pub fn request_line(&self) -> Option<(&str, &str, &str)> {
        let mut parts = self.start.split(' ');
        let line = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(line)
    }

    /// Reads the head of a response, with whatever bytes in its reason phrase: a client ignores it, RFC 9112 4.
    pub fn parse_response(layer: Layer, bytes: &[u8]) -> Result<Parsed, WireError> {
        match Head::parse_strictly(layer, bytes) {
            Err(error) => match with_a_clean_reason(bytes) {
                Some(clean) => Head::parse_strictly(layer, &clean),
                None => Err(error),
            },
            result => result,
        }
    }

    fn parse_strictly(layer: Layer, bytes: &[u8]) -> Result<Parsed, WireError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => {
                let start = start_line(bytes);
                let (status, minor) = (response.code, response.version.unwrap_or(0));
                Ok(Parsed::Whole(Head { start, status, minor, headers: owned(response.headers) }, len))
            }
            Ok(httparse::Status::Partial) => partial(layer, bytes),
            Err(error) => Err(refused(layer, bytes, "HTTP response head", error)),
        }
    }

    /// Reads the head of a request.
    pub fn parse_request(layer: Layer, bytes: &[u8]) -> Result<Parsed, WireError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => {
                let minor = request.version.unwrap_or(0);
                Ok(Parsed::Whole(Head { start: start_line(bytes), status: None, minor, headers: owned(request.headers) }, len))
            }
            Ok(httparse::Status::Partial) => partial(layer, bytes),
            Err(error) => Err(refused(layer, bytes, "HTTP request head", error)),
        }
    }

    /// The bytes of the head, blank line included.
    pub fn emit(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        text.into_bytes()
    }

    /// The request that opens an SSTP call. MS-SSTP 3.2.4.1.
    pub fn sstp_request(host: &str, correlation_id: &str) -> Head {
        let header = |name: &str, value: &str| (name.to_string(), value.to_string());
        Head {
            start: format!("{METHOD} {PATH} HTTP/1.1"),
            status: None,
            minor: 1,
            headers: vec![header("Host", host), header("Content-Length", CONTENT_LENGTH), header("SSTPCORRELATIONID", correlation_id)],
        }
    }

    /// A response with a reason phrase and headers.
    pub fn response(status: u16, reason: &str, headers: &[(&str, &str)]) -> Head {
        let headers = headers.iter().map(|row| (row.0.to_string(), row.1.to_string())).collect();
        Head { start: format!("HTTP/1.1 {status} {reason}"), status: Some(status), minor: 1, headers }
    }
}

/// The same bytes with a question mark for every control character in the reason phrase; nothing where there is none.
fn with_a_clean_reason(bytes: &[u8]) -> Option<Vec<u8>> {
    // `HTTP/1.1 403 `, RFC 9112 4.
    const BEFORE_REASON: usize = 13;
    let begins = bytes.starts_with(b"HTTP/1.") && bytes.len() >= BEFORE_REASON;
    let end = bytes.iter().take(MAX_HEAD).position(|byte| *byte == b'\n').filter(|_| begins)?;
    let mut clean = bytes.to_vec();
    let end = if bytes.get(..end)?.ends_with(b"\r") { end - 1 } else { end };
    let controls = clean.get_mut(BEFORE_REASON..end)?.iter_mut().filter(|byte| byte.is_ascii_control());
    let mended = controls.map(|byte| *byte = b'?').count();
    (mended > 0).then_some(clean)
}

fn start_line(bytes: &[u8]) -> String {
    // RFC 9112 2.2: empty lines before the start line are passed over, as httparse did.
    let line = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).find(|line| !line.is_empty());
    String::from_utf8_lossy(line.unwrap_or_default()).into_owned()
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    headers.iter().map(|header| (header.name.to_string(), String::from_utf8_lossy(header.value).into_owned())).collect()
}

fn partial(layer: Layer, bytes: &[u8]) -> Result<Parsed, WireError> {
    if bytes.len() < MAX_HEAD {
        return Ok(Parsed::Partial);
    }
    Err(WireError {
        layer,
        what: "HTTP head without an end".into(),
        at: MAX_HEAD,
        need: MAX_HEAD,
        have: bytes.len(),
        limit: Limit::Ours(MAX_HEAD),
    })
}

fn refused(layer: Layer, bytes: &[u8], what: &str, error: httparse::Error) -> WireError {
    let shown: String =
        String::from_utf8_lossy(bytes.get(..bytes.len().min(16)).unwrap_or_default()).chars().filter(|c| !c.is_control()).collect();
    let what = format!("{what} ({error}) beginning with {shown:?}");
    WireError { layer, what, at: 0, need: 0, have: 0, limit: Limit::Spec("RFC 9112".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_the_one_of_the_specification() {
        let head = Head::sstp_request("vpn.example.test", "{0F1A2D58-D4A3-E300-0FAD-3CE4906E07B7}");
        let bytes = head.emit();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: vpn.example.test\r\n"));
        assert_eq!(Head::parse_request(Layer::Http, &bytes), Ok(Parsed::Whole(head, bytes.len())));
    }

    #[test]
    fn a_response_is_whole_only_after_the_blank_line_and_bodies_stay_behind() {
        let bytes = b"HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\nServer: x\r\n\r\n\x10\x01";
        let Ok(Parsed::Whole(head, len)) = Head::parse_response(Layer::Http, bytes) else { panic!("whole") };
        assert_eq!((head.status, head.minor, head.header("content-length"), len), (Some(200), 1, Some(CONTENT_LENGTH), bytes.len() - 2));
        assert_eq!(Head::parse_response(Layer::Http, &bytes[..40]), Ok(Parsed::Partial));
    }

    /// RFC 9112 4: a client ignores the reason phrase.
    #[test]
    fn the_reason_phrase_may_be_anything() {
        let bytes = b"HTTP/1.1 403 For\x01bid\x07den\r\nContent-Length: 0\r\n\r\nrest";
        let Ok(Parsed::Whole(head, len)) = Head::parse_response(Layer::Http, bytes) else { panic!("whole") };
        assert_eq!((head.status, head.header("content-length"), len), (Some(403), Some("0"), bytes.len() - 4));
        assert!(head.start.starts_with("HTTP/1.1 403 For"), "{}", head.start);
        assert_eq!(Head::parse_response(Layer::Http, &bytes[..30]), Ok(Parsed::Partial));
        assert!(Head::parse_response(Layer::Http, b"HTTP/1.1 4\x013 Forbidden\r\n\r\n").is_err());
    }

    #[test]
    fn a_pause_is_told_in_seconds_or_as_a_date_of_the_servers_clock() {
        let now = 1_445_412_470;
        type Row = (&'static [(&'static str, &'static str)], Option<u64>);
        let rows: [Row; 7] = [
            (&[("Retry-After", " 7 ")], Some(7)),
            (&[("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")], Some(10)),
            (&[("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"), ("Date", "Wed, 21 Oct 2015 07:27:20 GMT")], Some(40)),
            (&[("Retry-After", "Wed, 21 Oct 2015 07:20:00 GMT")], Some(0)),
            (&[("Retry-After", "soon")], None),
            (&[("Retry-After", "-1")], None),
            (&[], None),
        ];
        for (headers, seconds) in rows {
            let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            let head = Head { start: "HTTP/1.1 429 Too Many Requests".into(), status: Some(429), minor: 1, headers };
            assert_eq!(head.retry_after(now), seconds.map(Duration::from_secs), "{:?}", head.headers);
        }
    }

    #[test]
    fn an_endless_head_and_a_non_http_answer_are_errors() {
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(MAX_HEAD));
        assert_eq!(Head::parse_response(Layer::Http, endless.as_bytes()).expect_err("bounded").limit, Limit::Ours(MAX_HEAD));
        let error = Head::parse_response(Layer::Http, b"SSH-2.0-OpenSSH_9.2\r\n").expect_err("not HTTP");
        assert!(error.what.contains("SSH-2.0"), "{}", error.what);
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(MAX_HEADERS + 1));
        assert!(Head::parse_response(Layer::Http, many.as_bytes()).is_err());
    }
}
