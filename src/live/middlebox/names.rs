//! A resolver on loopback, honest or lying.

use crate::live::LiveError;
use crate::wire::dns::Question;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// What a resolver says.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names and their addresses.
    pub known: Vec<(String, Vec<IpAddr>)>,
    /// What every other name gets; nothing: it does not exist.
    pub others: Option<IpAddr>,
    /// It gives no answer to anything.
    pub trouble: Option<Trouble>,
}

/// How a resolver gives no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It says nothing.
    Silence,
    /// It sends bytes that are no DNS.
    Garbage,
    /// It answers with this code and nothing else.
    Code(u8),
}

impl Names {
    fn answer(&self, question: &Question) -> Vec<u8> {
        match self.trouble {
            Some(Trouble::Silence) => return Vec::new(),
            Some(Trouble::Garbage) => return vec![0xff; 30],
            Some(Trouble::Code(code)) => return question.answer(code, &[]),
            None => {}
        }
        let known = self.known.iter().find(|row| row.0.eq_ignore_ascii_case(&question.name)).map(|row| row.1.clone());
        match known.or(self.others.map(|address| vec![address])) {
            Some(addresses) => question.answer(0, &addresses),
            None => question.answer(NXDOMAIN, &[]),
        }
    }
}

/// A resolver that answers until it is dropped.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl NameServer {
    /// Opens one on a free port of 127.0.0.1. Needs a tokio runtime.
    pub async fn open(names: Names) -> Result<NameServer, LiveError> {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let cannot = |source| LiveError { doing: "open a resolver on", to: at.to_string(), source };
        let socket = UdpSocket::bind(at).await.map_err(cannot)?;
        let address = socket.local_addr().map_err(cannot)?;
        let task = tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok((n, from)) = socket.recv_from(&mut buffer).await {
                if let Ok(Some(question)) = Question::parse(buffer.get(..n).unwrap_or_default()) {
                    let answer = names.answer(&question);
                    if !answer.is_empty() {
                        let _ = socket.send_to(&answer, from).await;
                    }
                }
            }
        });
        Ok(NameServer { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// RFC 1035 4.1.1.
const NXDOMAIN: u8 = 3;
