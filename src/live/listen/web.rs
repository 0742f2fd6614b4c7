//! A small web server for what certificates point to: revocation lists, OCSP answers, issuers.

use super::front::{drain, say_and_close};
use super::{Kept, Serve};
use crate::base::Layer;
use crate::live::wiretap::Wired;
use crate::wire::http::{Head, Parsed};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;

/// What is served at one path.
#[derive(Clone, Debug)]
pub struct Page {
    /// The path, such as `/leaf.crl`.
    pub path: String,
    /// What a request for it gets, whatever its method.
    pub answer: PageAnswer,
}

/// What a request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageAnswer {
    /// 200 and these bytes.
    Body(Vec<u8>),
    /// The same after a pause.
    Late(Duration, Vec<u8>),
    /// 302 to another path.
    Elsewhere(&'static str),
    /// 404.
    Gone,
    /// Nothing.
    Silent,
}

/// The pages, to be filled in when the address is known; until then every path is 404.
pub type Pages = Arc<OnceLock<Vec<Page>>>;

#[derive(Debug)]
pub(super) struct Service {
    pub pages: Pages,
}

impl Serve for Service {
    async fn serve(self: Arc<Self>, mut stream: Wired, _: SocketAddr, _: Kept, _: watch::Receiver<bool>) {
        let Ok(Some(path)) = tokio::time::timeout(REQUEST_TIME, request(&mut stream)).await else { return };
        let pages = self.pages.get().map(Vec::as_slice).unwrap_or_default();
        match pages.iter().find(|page| page.path == path).map_or(&PageAnswer::Gone, |page| &page.answer) {
            PageAnswer::Body(body) => say_and_close(&mut stream, &ok(body)).await,
            PageAnswer::Late(pause, body) => {
                tokio::time::sleep(*pause).await;
                say_and_close(&mut stream, &ok(body)).await;
            }
            PageAnswer::Elsewhere(path) => {
                let head = Head::response(302, "Found", &[("Location", path), ("Content-Length", "0"), ("Connection", "close")]);
                say_and_close(&mut stream, &head.emit()).await;
            }
            PageAnswer::Gone => say_and_close(&mut stream, NOT_FOUND).await,
            PageAnswer::Silent => drain(&mut stream).await,
        }
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let mut bytes = Head::response(200, "OK", &[("Content-Length", &length), ("Connection", "close")]).emit();
    bytes.extend(body);
    bytes
}

/// The path that is asked for; the body of the request is read by whoever drains the stream.
async fn request(stream: &mut Wired) -> Option<String> {
    let mut got = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        let n = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        got.extend(chunk.get(..n).unwrap_or_default());
        match Head::parse_request(Layer::Cert, &got) {
            Ok(Parsed::Whole(head, _)) => return head.request_line().map(|line| line.1.to_string()),
            Ok(Parsed::Partial) => {}
            Err(_) => return None,
        }
    }
}

/// Ours: a request has so long to come.
const REQUEST_TIME: Duration = Duration::from_secs(10);
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
