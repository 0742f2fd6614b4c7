//! One resolver asked by itself, over UDP, and which resolvers this machine uses.

use crate::wire::dns::{Answer, Question};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// What a resolver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// These addresses.
    Addresses(Vec<IpAddr>),
    /// A response code other than 0, or no address.
    Nothing(u8),
    /// Something that is no answer to the question.
    Garbage,
    /// ICMP: nobody listens there.
    Closed,
    /// Nothing in time.
    Silence,
    /// The question could not be put.
    Ours(String),
}

/// Asks a resolver for the IPv4 and IPv6 addresses of a name, twice if need be.
pub async fn ask(resolver: SocketAddr, name: &str, id: u16, within: Duration) -> Said {
    let (v4, v6) = tokio::join!(one(resolver, name, id, false, within), one(resolver, name, id.wrapping_add(1), true, within));
    // What came that is no answer tells more than that nothing else came.
    let (v4, v6) = match (v4, v6) {
        (Ok(Heard::Garbage), Ok(Heard::Garbage | Heard::Nothing)) | (Ok(Heard::Nothing), Ok(Heard::Garbage)) => return Said::Garbage,
        (Ok(Heard::Closed), Ok(Heard::Closed)) => return Said::Closed,
        (v4, v6) => (v4.map(Heard::answer), v6.map(Heard::answer)),
    };
    match (v4, v6) {
        (Ok(Some(four)), six) => {
            let (code, mut all) = (four.rcode, four.addresses);
            let lost = matches!(six, Ok(None));
            if let Ok(Some(six)) = six {
                all.extend(six.addresses);
            }
            match all.is_empty() {
                false => Said::Addresses(all),
                // An answer that was lost may have had the address; that there is no such name is said of both kinds. RFC 8020.
                true if lost && code != NXDOMAIN => Said::Silence,
                true => Said::Nothing(code),
            }
        }
        (_, Ok(Some(six))) if !six.addresses.is_empty() => Said::Addresses(six.addresses),
        (Ok(None), Ok(Some(six))) if six.rcode != NXDOMAIN => Said::Silence,
        (_, Ok(Some(six))) => Said::Nothing(six.rcode),
        (Err(error), _) => Said::Ours(error.to_string()),
        (Ok(None), _) => Said::Silence,
    }
}

/// What one question brought.
enum Heard {
    Answer(Answer),
    Garbage,
    Closed,
    Nothing,
}

impl Heard {
    fn answer(self) -> Option<Answer> {
        match self {
            Heard::Answer(answer) => Some(answer),
            _ => None,
        }
    }
}

/// The name of a response code. RFC 1035 4.1.1.
pub fn code(code: u8) -> String {
    match CODES.iter().find(|row| row.0 == code) {
        Some((_, name)) => (*name).to_string(),
        None => format!("code {code}"),
    }
}

async fn one(resolver: SocketAddr, name: &str, id: u16, v6: bool, within: Duration) -> io::Result<Heard> {
    let any = if resolver.is_ipv4() { SocketAddr::from(([0; 4], 0)) } else { SocketAddr::from(([0u16; 8], 0)) };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(resolver).await?;
    let question = Question { id, name: name.trim_end_matches('.').to_string(), v6 };
    let (mut garbage, mut closed) = (false, false);
    for _ in 0..TRIES {
        // A port that is closed shows as an error of the next call: nobody answers there.
        if let Err(error) = socket.send(&question.emit()).await {
            closed |= error.kind() == io::ErrorKind::ConnectionRefused;
            continue;
        }
        match timeout(within / TRIES, answer(&socket, &question, &mut garbage)).await {
            Ok(Ok(answer)) => return Ok(Heard::Answer(answer)),
            Ok(Err(error)) => closed |= error.kind() == io::ErrorKind::ConnectionRefused,
            Err(_) => {}
        }
    }
    Ok(match (garbage, closed) {
        (true, _) => Heard::Garbage,
        (_, true) => Heard::Closed,
        _ => Heard::Nothing,
    })
}

/// The first answer to the question; what does not fit it is passed over, and that it came is noted.
async fn answer(socket: &UdpSocket, question: &Question, garbage: &mut bool) -> io::Result<Answer> {
    let mut buffer = [0; 4096];
    loop {
        let n = socket.recv(&mut buffer).await?;
        let message = buffer.get(..n).unwrap_or_default();
        let same_id = message.first_chunk::<2>().is_some_and(|id| u16::from_be_bytes(*id) == question.id);
        if let Ok(Some(answer)) = Answer::parse(message)
            && same_id
            && answer.name.eq_ignore_ascii_case(&question.name)
        {
            return Ok(answer);
        }
        *garbage = true;
    }
}

/// The resolvers that the text of a resolv.conf names. resolv.conf(5).
pub fn listed(resolv_conf: &str) -> Vec<SocketAddr> {
    let lines = resolv_conf.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let address = |rest: &str| rest.trim().split(['%', ' ', '\t']).next()?.parse::<IpAddr>().ok();
    lines.filter(|rest| rest.starts_with([' ', '\t'])).filter_map(address).map(|address| SocketAddr::new(address, DNS)).collect()
}

/// The resolvers of this machine.
pub fn of_system() -> Vec<SocketAddr> {
    std::fs::read_to_string("/etc/resolv.conf").map(|text| listed(&text)).unwrap_or_default()
}

/// RFC 1035 4.1.1.
const NXDOMAIN: u8 = 3;
/// RFC 1035 4.2.
const DNS: u16 = 53;
/// RFC 1035 4.1.1, RFC 2136 2.2.
const CODES: &[(u8, &str)] =
    &[(0, "NOERROR"), (1, "FORMERR"), (2, "SERVFAIL"), (NXDOMAIN, "NXDOMAIN"), (4, "NOTIMP"), (5, "REFUSED"), (9, "NOTAUTH")];
/// Ours: a question is put so often.
const TRIES: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::middlebox::names::{NameServer, Names, Trouble};

    #[test]
    fn resolv_conf_is_read_as_the_manual_says() {
        let text = "# nameserver 192.0.2.9\nsearch lab.example\nnameserver 192.0.2.1\n nameserver\tfe80::1%eth0\nnameservers 192.0.2.3\n";
        let expected: Vec<SocketAddr> = vec!["192.0.2.1:53".parse().expect("v4"), "[fe80::1]:53".parse().expect("v6")];
        assert_eq!(listed(text), expected);
    }

    /// A resolver of which only the answers about IPv6 arrive, and they say that there is no such address.
    async fn only_six() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
        let at = socket.local_addr().expect("bound");
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((n, from)) = socket.recv_from(&mut buffer).await {
                if let Ok(Some(question)) = Question::parse(&buffer[..n])
                    && question.v6
                {
                    let _ = socket.send_to(&question.answer(0, &[]), from).await;
                }
            }
        });
        at
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_resolver_is_asked_and_silence_is_told_from_no() {
        let address: IpAddr = "192.0.2.7".parse().expect("v4");
        let server =
            NameServer::open(Names { known: vec![("vpn.lab.example".into(), vec![address])], ..Names::default() }).await.expect("loopback");
        let within = Duration::from_secs(2);
        assert_eq!(ask(server.address(), "VPN.lab.example", 7, within).await, Said::Addresses(vec![address]));
        assert_eq!(ask(server.address(), "other.lab.example", 7, within).await, Said::Nothing(3));
        let half = only_six().await;
        assert_eq!(ask(half, "vpn.lab.example", 7, Duration::from_millis(200)).await, Said::Silence, "the other half was lost");
        let at = server.address();
        drop(server);
        tokio::task::yield_now().await;
        assert_eq!(ask(at, "vpn.lab.example", 7, Duration::from_millis(100)).await, Said::Closed);
        for (trouble, told) in [(Trouble::Code(2), Said::Nothing(2)), (Trouble::Garbage, Said::Garbage), (Trouble::Silence, Said::Silence)]
        {
            let server = NameServer::open(Names { trouble: Some(trouble), ..Names::default() }).await.expect("loopback");
            assert_eq!(ask(server.address(), "vpn.lab.example", 7, Duration::from_millis(200)).await, told, "{trouble:?}");
        }
        assert_eq!((code(2), code(5), code(77)), ("SERVFAIL".into(), "REFUSED".into(), "code 77".into()));
    }
}
