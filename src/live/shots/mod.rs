//! One connection each, for experiments: nothing is noted, what was seen is handed back.

#![allow(clippy::result_large_err, reason = "a trial that failed is handed on once, a few times in a second")]

mod connect;
mod far;
mod hello;
mod queue;
mod shape;

pub use connect::{Knobs, Opened, ask_proxy, no_way, open, tcp, through_proxy};
pub use far::{hello_so_far, syn_so_far};
pub use hello::{Manner, hello};
pub use shape::{Shape, hello_bytes};

use crate::base::Micros;
use crate::live::keylog::KeyLogs;
use crate::live::route::Route;
use crate::live::tls::{self, Settings};
use crate::live::trust::Trust;
use crate::transcript::trial::{Ending, Saw, Shown};
use crate::transcript::{How, TlsFailure};
use crate::wire::cert::Cert;
use std::sync::Arc;
use std::time::Duration;

/// A shot that missed: the ending, and what was seen until then.
#[derive(Clone, Debug)]
pub struct Missed {
    /// The highest layer that worked.
    pub reached: Option<crate::base::Layer>,
    /// How it ended.
    pub ending: Ending,
    /// What was seen.
    pub saw: Saw,
}

/// Whom a handshake is with.
#[derive(Clone, Debug)]
pub struct Whom {
    /// The name for SNI and certificate.
    pub name: String,
    /// The roots to trust.
    pub trust: Arc<Trust>,
    /// The present time, seconds since 1970-01-01 UTC.
    pub unix: i64,
}

/// A whole handshake by the TLS library, whatever the certificate; the stream and what was seen of it.
pub async fn secure(route: &Route, whom: &Whom, knobs: Knobs, within: Duration) -> Result<(tls::Secure, Saw), Box<Missed>> {
    let Opened { tap, connect } = open(route, knobs, within).await.map_err(Box::new)?;
    let mut saw = Saw { to: Some(route.to), connect: Some(connect), ..Saw::default() };
    let began = std::time::Instant::now();
    let settings =
        Settings { server_name: whom.name.clone(), keylog: Arc::new(KeyLogs::default().heard_by(route.ear.clone())), alpn: Vec::new() };
    let result = tls::handshake(tap, &settings, within).await;
    saw.first = Some(Micros::from(began.elapsed()));
    let certs = match &result {
        Ok(secure) => &secure.certs,
        Err(failure) => &failure.certs,
    };
    let cert = certs.first().and_then(|der| Cert::parse(der).ok());
    saw.cert = cert.map(|cert| {
        let fails = whom.trust.judged(certs, &whom.name, whom.unix).1;
        let public = whom.trust.is_public(certs, &whom.name, whom.unix);
        Shown { trusted: fails.is_none(), fails, public, sha256: cert.sha256, subject: cert.subject, issuer: cert.issuer }
    });
    match result {
        Ok(secure) => {
            saw.version = Some(if secure.secured.version == "TLS 1.3" { 0x0304 } else { 0x0303 });
            saw.alpn = secure.secured.alpn.clone();
            Ok((secure, saw))
        }
        Err(failure) => {
            saw.says = Some(failure.says.clone());
            let ending = match failure.failure {
                TlsFailure::Alert(number) => Ending::Alert(number),
                TlsFailure::Reset => Ending::Reset,
                TlsFailure::Closed => match failure.how() {
                    How::Reset => Ending::Reset,
                    _ => Ending::Closed,
                },
                TlsFailure::TimedOut => Ending::Silence,
                TlsFailure::PlainHttp | TlsFailure::NotTls => Ending::NotTls,
                TlsFailure::Unsupported | TlsFailure::NoCertificate | TlsFailure::Other => Ending::Broken(failure.says.clone()),
            };
            let reached = Some(if route.proxy.is_some() { crate::base::Layer::Proxy } else { crate::base::Layer::Tcp });
            if ending == Ending::NotTls {
                saw.body = Some(String::from_utf8_lossy(&failure.first).into_owned());
            }
            Err(Box::new(Missed { reached, ending, saw }))
        }
    }
}

#[cfg(test)]
mod tests;
