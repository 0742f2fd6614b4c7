//! A tunnel through a SOCKS5 proxy. RFC 1928, RFC 1929.

use super::{Asking, Said, Trouble, broken, host_and_port};
use crate::base::WireError;
use crate::live::wiretap::Wired;
use crate::transcript::proxy::{Greeting, Step};
use crate::transcript::{How, Reason};
use crate::wire::socks::{self, Place, Read};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Asks for the tunnel; hands back what came behind the last answer.
pub(super) async fn exchange<H: FnMut(Said)>(tcp: &mut Wired, asking: &Asking<'_>, heard: &mut H) -> Result<Vec<u8>, Trouble> {
    let mut talk = Talk { tcp, got: Vec::new() };
    let credentials = asking.proxy.credentials.as_ref();
    let offered: &[u8] = if credentials.is_some() { &[socks::NO_LOGIN, socks::PASSWORD] } else { &[socks::NO_LOGIN] };
    heard(Said::Request { with_credentials: false });
    let method = talk.ask(&socks::greeting(offered), socks::read_choice).await?;
    heard(Said::Step(Step::Socks { to: Greeting::Methods, code: method }));
    match (method, credentials) {
        (socks::NO_LOGIN, _) => {}
        (socks::PASSWORD, Some(credentials)) => {
            let Some(login) = socks::login(&credentials.user, credentials.password.expose()) else {
                return Err(Trouble::of(Reason::Ours("SOCKS5 carries a user and a password of 1 to 255 bytes each".into())));
            };
            let status = talk.ask(&login, socks::read_verdict).await?;
            heard(Said::Step(Step::Socks { to: Greeting::Login, code: status }));
            if status != 0 {
                return Err(Trouble::refused("the SOCKS proxy does not take user and password"));
            }
        }
        _ => return Err(Trouble::refused("the SOCKS proxy takes none of the logins that we can give")),
    }
    let (host, port) = host_and_port(asking.target, HTTPS).unwrap_or_else(|| (asking.target.into(), HTTPS));
    let Some(connect) = Place::of(&host, port).connect() else {
        return Err(Trouble::of(Reason::Ours("SOCKS5 carries a name of 1 to 255 bytes".into())));
    };
    let (code, _) = talk.ask(&connect, socks::read_reply).await?;
    heard(Said::Step(Step::Socks { to: Greeting::Connect, code }));
    match code {
        0 => Ok(talk.got),
        _ => Err(Trouble::refused(&format!("SOCKS reply {code}, {}", socks::means(code)))),
    }
}

struct Talk<'a> {
    tcp: &'a mut Wired,
    got: Vec<u8>,
}

impl Talk<'_> {
    async fn ask<T>(&mut self, bytes: &[u8], read: fn(&[u8]) -> Read<T>) -> Result<T, Trouble> {
        self.tcp.write_all(bytes).await.map_err(|_| Trouble::closed(How::Reset))?;
        let mut chunk = [0; 512];
        loop {
            match read(&self.got) {
                Ok(Some((it, len))) => {
                    self.got.drain(..len);
                    return Ok(it);
                }
                Ok(None) => {}
                Err(error) => return Err(self.undecoded(error)),
            }
            match self.tcp.read(&mut chunk).await {
                Ok(0) => return Err(Trouble::closed(How::Fin).with(&self.got)),
                Err(error) => return Err(broken(&error).with(&self.got)),
                Ok(n) => self.got.extend(&chunk[..n]),
            }
        }
    }

    fn undecoded(&self, error: WireError) -> Trouble {
        Trouble { undecoded: Some(error.clone()), ..Trouble::of(Reason::Violated(error.what)) }.with(&self.got)
    }
}

/// RFC 9110 4.2.2.
const HTTPS: u16 = 443;
