//! Who finds the port of a case and speaks another protocol than SSTP.

use crate::base::{Layer, Side};
use crate::transcript::{Event, Sink, What};
use std::time::Duration;
use tokio::sync::Notify;

/// What was asked for on a connection whose request has nothing of SSTP's: neither its method nor its path, however they are spelt.
pub(super) fn asked_for(events: &[Event]) -> Option<String> {
    let first = events.iter().find(|event| event.by == Some(Side::Client) && event.layer == Layer::Http)?;
    let asked = match &first.what {
        What::Http(head) => head.start.clone(),
        What::Undecoded(_) => String::from_utf8_lossy(&first.raw).into_owned(),
        _ => return None,
    };
    let spelt = asked.to_ascii_lowercase();
    let is_ours = MARKS.iter().any(|mark| spelt.contains(mark));
    (!is_ours).then(|| asked.chars().filter(|c| !c.is_control()).take(SHOWN).collect())
}

/// A sink that says when such a request has come.
pub(super) struct Watched<'a> {
    /// Where the events go.
    pub sink: &'a mut dyn Sink,
    /// Told once.
    pub came: &'a Notify,
}

impl Sink for Watched<'_> {
    fn event(&mut self, event: &Event) {
        if asked_for(std::slice::from_ref(event)).is_some() {
            self.came.notify_one();
        }
        self.sink.event(event);
    }
}

/// Waits for such a request, and for the answer to it to go out; nothing else comes of the connection.
pub(super) async fn is_through(came: &Notify) {
    came.notified().await;
    tokio::time::sleep(ANSWERED).await;
}

/// MS-SSTP 3.2.4.1: what the method and the path of the request have of their own.
const MARKS: [&str; 2] = ["sstp", "sra_"];
/// Ours: the answer to another request has so long to go out.
const ANSWERED: Duration = Duration::from_millis(300);
/// Ours: characters shown of another request.
const SHOWN: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Bytes, Micros, WireError};
    use crate::wire::http;

    fn of(request: &[u8]) -> Option<String> {
        let what = match http::Head::parse_request(Layer::Http, request) {
            Ok(http::Parsed::Whole(head, _)) => What::Http(head),
            Ok(http::Parsed::Partial) => return None,
            Err(error) => What::Undecoded(WireError { layer: Layer::Http, ..error }),
        };
        asked_for(&[Event { at: Micros::ZERO, by: Some(Side::Client), layer: Layer::Http, what, raw: Bytes(request.to_vec()) }])
    }

    #[test]
    fn a_client_that_errs_in_one_of_the_two_is_no_stray() {
        let path = http::PATH;
        assert_eq!(of(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").as_deref(), Some("GET / HTTP/1.1"));
        assert_eq!(of(b"\x16\x03\x01 hello\r\n\r\n").as_deref(), Some(" hello"));
        for line in [format!("POST {path} HTTP/1.1"), "sstp_duplex_post / HTTP/1.1".into(), "GET /SRA_{0}/ HTTP/1.0".into()] {
            assert_eq!(of(format!("{line}\r\nHost: a\r\n\r\n").as_bytes()), None, "{line}");
        }
        assert_eq!(asked_for(&[]), None);
    }
}
