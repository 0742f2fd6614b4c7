//! CONNECT to an HTTP proxy, and the login there. MS-SSTP 4.5, RFC 9110 9.3.6 and 11.

use super::{Asking, HeardHead, Said, Trouble, broken, chance};
use crate::base::{Bytes, Layer, WireError};
use crate::live::dial::connect_quietly;
use crate::live::wiretap::Wired;
use crate::proto::proxy_login::{Course, GaveUp, Next};
use crate::transcript::proxy::{Header, Step};
use crate::transcript::{How, Reason};
use crate::wire::http::{Head, Parsed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// Asks until the tunnel is there or refused; hands back what came behind the head.
pub(super) async fn exchange<H: FnMut(Said)>(tcp: &mut Wired, asking: &Asking<'_>, heard: &mut H) -> Result<Vec<u8>, Trouble> {
    let mut course = Course::new(asking.proxy.credentials.as_ref());
    let mut line = Zeroizing::new(String::new());
    for _ in 0..MOST_ROUNDS {
        heard(Said::Request { with_credentials: !line.is_empty() });
        tcp.write_all(&request(asking, &line)).await.map_err(|_| Trouble::closed(How::Reset))?;
        let (head, raw, ahead) = read_head(tcp).await?;
        heard(Said::Reply(HeardHead { head: head.clone(), raw }));
        match head.status {
            Some(200..300) => return Ok(ahead),
            Some(407) => {}
            _ => return Err(Trouble::refused(&head.start)),
        }
        match course.challenged(&head, "CONNECT", asking.target, chance().ok_or_else(no_chance)?) {
            Next::GiveUp(why) => return Err(gave_up(why, &head, heard)),
            Next::Again { scheme, line: next, here } => {
                heard(Said::Step(Step::Shown { scheme: scheme.name().into() }));
                line = next;
                ready(tcp, &head, ahead, here, asking).await?;
            }
        }
    }
    Err(Trouble::of(Reason::Violated(format!("the login at the proxy does not end after {MOST_ROUNDS} requests"))))
}

fn no_chance() -> Trouble {
    Trouble::of(Reason::Ours("the system gives no random numbers".into()))
}

fn gave_up<H: FnMut(Said)>(why: GaveUp, head: &Head, heard: &mut H) -> Trouble {
    let says = match why {
        GaveUp::NoCredentials | GaveUp::Refused(_) => return Trouble::refused(&head.start),
        GaveUp::NoScheme => "it offers no scheme that we can do: Basic, Digest, NTLM".to_string(),
        GaveUp::Malformed(says) => says,
    };
    heard(Said::Step(Step::NotShown { says }));
    Trouble::refused(&head.start)
}

/// Sees to a connection on which the next request can be sent: this one, or a new one to the same address.
async fn ready(tcp: &mut Wired, head: &Head, ahead: Vec<u8>, here: bool, asking: &Asking<'_>) -> Result<(), Trouble> {
    if let Some(length) = kept_open(head)
        && skip(tcp, length, ahead.len()).await
    {
        return Ok(());
    }
    if here {
        let says = "the proxy closes the connection in the middle of NTLM, which is bound to it";
        return Err(Trouble::of(Reason::Violated(says.into())));
    }
    let to = tcp.socket().peer_addr().map_err(|_| Trouble::closed(How::Fin))?;
    *tcp = connect_quietly(to, asking.within, &tcp.ear()).await.map_err(|error| Trouble::of(Reason::Refused(error.to_string())))?;
    Ok(())
}

/// The length of the body, where another request may follow it on the same connection. RFC 9112 9.3.
fn kept_open(head: &Head) -> Option<usize> {
    let says = |word: &str| {
        let lists = head.all("connection").chain(head.all("proxy-connection"));
        lists.flat_map(|list| list.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    let open = if head.minor == 0 { says("keep-alive") } else { !says("close") };
    let length = head.header("content-length").and_then(|length| length.trim().parse().ok());
    length.filter(|length| open && *length <= MOST_BODY && head.header("transfer-encoding").is_none())
}

/// Reads the body away; false when the proxy closes meanwhile.
async fn skip(tcp: &mut Wired, length: usize, mut got: usize) -> bool {
    let mut chunk = [0; 2048];
    while got < length {
        let most = chunk.len().min(length - got);
        match tcp.read(chunk.get_mut(..most).unwrap_or_default()).await {
            Ok(n) if n > 0 => got += n,
            _ => return false,
        }
    }
    got == length
}

async fn read_head(tcp: &mut Wired) -> Result<(Head, Bytes, Vec<u8>), Trouble> {
    let mut got = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        match tcp.read(&mut chunk).await {
            Ok(0) => return Err(Trouble::closed(How::Fin).with(&got)),
            Err(error) => return Err(broken(&error).with(&got)),
            Ok(n) => got.extend(&chunk[..n]),
        }
        match Head::parse_response(Layer::Proxy, &got) {
            Ok(Parsed::Whole(head, len)) => return Ok((head, Bytes::from(&got[..len]), got.split_off(len))),
            Ok(Parsed::Partial) => {}
            Err(error) => return Err(undecoded(error, &got)),
        }
    }
}

fn undecoded(error: WireError, got: &[u8]) -> Trouble {
    Trouble { undecoded: Some(error.clone()), ..Trouble::of(Reason::Violated(error.what)) }.with(got)
}

/// MS-SSTP 4.5: CONNECT with `SSTPVERSION: 1.0`.
fn request(asking: &Asking<'_>, login: &str) -> Zeroizing<Vec<u8>> {
    let target = asking.target;
    let header = match asking.header {
        Header::Sstp => "SSTPVERSION: 1.0\r\n",
        Header::None => "",
        Header::Other => "X-UNRELATED: 1.0\r\n",
    };
    let mut text = Zeroizing::new(format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{header}User-Agent: sstp-diag/{}\r\n",
        env!("CARGO_PKG_VERSION")
    ));
    text.push_str(login);
    *text += "\r\n";
    Zeroizing::new(text.as_bytes().to_vec())
}

/// Ours: so many requests for one tunnel; NTLM takes three.
const MOST_ROUNDS: usize = 6;
/// Ours: a longer page behind a 407 is not read; a new connection is made instead.
const MOST_BODY: usize = 64 * 1024;
