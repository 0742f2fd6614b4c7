//! What a proxy lets pass: CONNECT with one thing changed at a time, each on a connection of its own. Nothing goes through a
//! tunnel that is given; it is closed at once.

use super::{Asking, Kind, ProxyConfig, Said, open};
use crate::live::dial::connect_quietly;
use crate::live::wiretap::Ear;
use crate::transcript::proxy::{Contrast, Greeting, Header, Step};
use std::net::SocketAddr;
use std::time::Duration;

/// Where the proxy is, and how long one answer may take.
#[derive(Clone, Debug)]
pub struct Policy<'a> {
    /// The proxy.
    pub proxy: &'a ProxyConfig,
    /// Its address.
    pub to: SocketAddr,
    /// For each answer.
    pub within: Duration,
    /// Who hears what is said.
    pub ear: Ear,
}

impl Policy<'_> {
    /// Asks for `target` (`host:port`) with this header.
    pub async fn ask(&self, target: &str, header: Header) -> Contrast {
        let mut contrast = Contrast { target: target.into(), header, status: None, says: String::new() };
        let mut tcp = match connect_quietly(self.to, self.within, &self.ear).await {
            Ok(tcp) => tcp,
            Err(error) => return Contrast { says: error.to_string(), ..contrast },
        };
        let asking = Asking { proxy: self.proxy, target, header, within: self.within };
        let result = open(&mut tcp, &asking, |said| match said {
            Said::Reply(reply) => (contrast.status, contrast.says) = (reply.head.status, reply.head.start),
            // A SOCKS code in the words of HTTP, so that one judgement serves both.
            Said::Step(Step::Socks { to: Greeting::Connect, code }) => contrast.status = Some(as_status(code)),
            _ => {}
        });
        match result.await {
            Ok(_) if contrast.says.is_empty() => contrast.says = "the tunnel is there".into(),
            Err(trouble) if contrast.says.is_empty() => contrast.says = trouble.reason.to_string(),
            _ => {}
        }
        contrast
    }

    /// After a refusal of `target`: is it the header that names SSTP, the port, or the host?
    pub async fn contrasts(&self, target: &str) -> Vec<Contrast> {
        let mut all = Vec::new();
        if self.proxy.kind == Kind::Http {
            let bare = self.ask(target, Header::None).await;
            let named = !bare.forbidden() && bare.status.is_some();
            all.push(bare);
            if named {
                all.push(self.ask(target, Header::Other).await);
                return all;
            }
        }
        let (host, port) = target.rsplit_once(':').unwrap_or((target, ""));
        if port != "443" {
            all.push(self.ask(&format!("{host}:443"), Header::Sstp).await);
        }
        all
    }
}

/// RFC 1928 6.
fn as_status(code: u8) -> u16 {
    match code {
        0 => 200,
        2 => 403,
        3..=6 => 503,
        _ => 500,
    }
}
