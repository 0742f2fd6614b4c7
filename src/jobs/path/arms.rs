//! How each arm is carried out.

use super::crew::{Brought, Crew, Ground};
use super::many;
use super::transfers;
use super::unasked;
use super::walk::Walk;
use crate::base::Layer;
use crate::jobs::probe::{self, climb};
use crate::live::dns;
use crate::live::proxy::{Kind, ProxyConfig};
use crate::live::resolvers::{self, Said};
use crate::live::route::Route;
use crate::live::shots::{self, Knobs, Manner, Missed, Shape, Whom};
use crate::live::tap::Tap;
use crate::transcript::facts::State;
use crate::transcript::trial::{Arm, Ending, Saw};
use crate::transcript::{Asked, DnsFailure, Facts, How, Reason};
use crate::wire::http::{CONTENT_LENGTH, Head, METHOD, PATH};
use std::net::{IpAddr, SocketAddr};
use tokio_rustls::client::TlsStream;

/// Carries out one trial.
pub(super) async fn perform(crew: &Crew, arm: Arm, value: Option<u64>) -> Brought {
    let ground = crew.ground();
    match arm {
        Arm::DnsSystem | Arm::DnsResolver | Arm::DnsRandom => names(crew, arm, value).await,
        Arm::Tcp | Arm::TcpOtherFamily | Arm::TcpOtherPort | Arm::TcpControl => tcp(crew, &ground, arm, value).await,
        Arm::Connect | Arm::ConnectPlain | Arm::ConnectOddHeader | Arm::ConnectControl | Arm::ConnectOtherPort | Arm::ConnectLogin => {
            connect(crew, &ground, arm, value).await
        }
        Arm::InARow => many::in_a_row(crew, &ground).await,
        Arm::PlainHttp => plain(crew, &ground).await,
        Arm::Tls | Arm::TlsShort | Arm::TlsControl | Arm::TlsElsewhere | Arm::TlsOtherAddress => tls(crew, &ground, arm, value).await,
        Arm::Together => many::together(crew, &ground).await,
        Arm::NoHello => unasked::silent(crew, &ground).await,
        _ if arm.layer() == Layer::Tls => hello(crew, &ground, arm, value).await,
        _ if arm.layer() == Layer::Http => http(crew, &ground, arm).await,
        Arm::Call | Arm::CallSplit => call(crew, &ground, arm).await,
        // It is run by itself: what plays the client stays on one thread.
        Arm::Login => nowhere(),
        Arm::Echo | Arm::EchoShortSegments => transfers::sizes(crew, &ground, arm).await,
        Arm::EchoMany => transfers::many(crew, &ground).await,
        Arm::BulkPlain => transfers::pages(crew, &ground).await,
        Arm::BulkUp => transfers::uploads(crew, &ground).await,
        // They are run by the search for the length.
        Arm::TlsSegment | Arm::EchoSegment => nowhere(),
        _ => transfers::bulk(crew, &ground, arm).await,
    }
}

pub(super) fn nowhere() -> Brought {
    Brought { reached: None, ending: Ending::Ours("there is no way to try it".into()), saw: Saw::default() }
}

impl From<Missed> for Brought {
    fn from(missed: Missed) -> Brought {
        Brought { reached: missed.reached, ending: missed.ending, saw: missed.saw }
    }
}

async fn names(crew: &Crew, arm: Arm, value: Option<u64>) -> Brought {
    let config = &crew.config;
    let nobody = format!("sstp-diag-{:08x}.invalid", config.probe.seed as u32);
    let (name, resolver) = match arm {
        Arm::DnsResolver => (config.probe.target.host.as_str(), value.and_then(|place| config.resolvers.get(place as usize)).copied()),
        Arm::DnsRandom => (nobody.as_str(), config.system_resolver),
        _ => (config.probe.target.host.as_str(), config.system_resolver),
    };
    let asked = async |at| said(resolvers::ask(at, name, config.probe.seed as u16, crew.patience()).await);
    let (ending, addresses) = match resolver {
        Some(at) => asked(at).await,
        None => match dns::look_up(name, &dns::Resolver::default(), crew.patience()).await {
            Ok(addresses) => (Ending::Answered, addresses),
            // The system's library tells no more; its first resolver does.
            Err(says) if says.contains("in time") || dns::classify(&says) == DnsFailure::TryAgain => match resolvers::of_system().first() {
                Some(at) => match asked(*at).await {
                    (Ending::Answered, _) => (Ending::Broken(says), Vec::new()),
                    told => told,
                },
                None => (Ending::Silence, Vec::new()),
            },
            Err(_) => (Ending::NoSuchName, Vec::new()),
        },
    };
    let reached = (ending == Ending::Answered).then_some(Layer::Dns);
    Brought { reached, ending, saw: Saw { addresses, resolver: resolver.map(|at| at.to_string()), ..Saw::default() } }
}

/// What a resolver said, in the words of a trial.
fn said(said: Said) -> (Ending, Vec<IpAddr>) {
    match said {
        Said::Addresses(addresses) => (Ending::Answered, addresses),
        Said::Nothing(NO_ERROR | NXDOMAIN) => (Ending::NoSuchName, Vec::new()),
        Said::Nothing(code) => (Ending::by_server(&format!("answered with {}", resolvers::code(code))), Vec::new()),
        Said::Garbage => (Ending::by_server("answered with something that is no answer of DNS"), Vec::new()),
        Said::Closed => (Ending::Refused, Vec::new()),
        Said::Silence => (Ending::Silence, Vec::new()),
        Said::Ours(says) => (Ending::Ours(says), Vec::new()),
    }
}

async fn tcp(crew: &Crew, ground: &Ground, arm: Arm, value: Option<u64>) -> Brought {
    let route = if arm == Arm::TcpControl { &ground.control } else { &ground.route };
    let to = match arm {
        Arm::TcpOtherFamily => ground.other_family,
        Arm::TcpOtherPort => ground.route.as_ref().zip(value).map(|(route, port)| SocketAddr::new(route.to.ip(), port as u16)),
        _ => route.as_ref().map(|route| route.to),
    };
    let Some(to) = to else { return nowhere() };
    match shots::tcp(to, Knobs::default(), &crew.config.probe.ear, crew.patience()).await {
        Ok((_, connect)) => {
            let saw = Saw { to: Some(to), connect: Some(connect), ..Saw::default() };
            Brought { reached: Some(Layer::Tcp), ending: Ending::Answered, saw }
        }
        Err(missed) => missed.into(),
    }
}

async fn connect(crew: &Crew, ground: &Ground, arm: Arm, value: Option<u64>) -> Brought {
    let (config, Some(Route { to, proxy: Some((proxy, target)), .. })) = (&crew.config, &ground.route) else { return nowhere() };
    let host = target.rsplit_once(':').map_or(target.as_str(), |pair| pair.0);
    let target = match arm {
        Arm::ConnectControl => config.control.as_ref().map_or(target.clone(), |(host, port)| format!("{host}:{port}")),
        Arm::ConnectOtherPort => format!("{host}:{}", value.unwrap_or(443)),
        _ => target.clone(),
    };
    let headers: &[(&str, &str)] = match arm {
        Arm::ConnectPlain => &[],
        Arm::ConnectOddHeader => &[("XYZPVERSION", "1.0")],
        // MS-SSTP 4.5.
        _ => &[("SSTPVERSION", "1.0")],
    };
    let bare = ProxyConfig { credentials: None, ..proxy.clone() };
    Brought::new(match (arm, proxy.kind) {
        (Arm::ConnectLogin, _) => shots::through_proxy(*to, proxy, &target, crew.patience()).await,
        (_, Kind::Socks5) => shots::through_proxy(*to, &bare, &target, crew.patience()).await,
        _ => shots::ask_proxy(*to, &target, headers, crew.patience()).await,
    })
}

async fn plain(crew: &Crew, ground: &Ground) -> Brought {
    let config = &crew.config;
    let usual = ground.route.as_ref().map(|route| SocketAddr::new(route.to.ip(), 80));
    let Some(to) = config.plain_at.or(usual).filter(|_| config.probe.proxy.is_none()) else { return nowhere() };
    let (stream, connect) = match shots::tcp(to, Knobs::default(), &config.probe.ear, crew.patience()).await {
        Ok(made) => made,
        Err(missed) => return missed.into(),
    };
    let saw = Saw { to: Some(to), connect: Some(connect), ..Saw::default() };
    let mut walk = Walk::new(stream, crew.clock, crew.patience());
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", config.probe.target.name());
    answered(&mut walk, request.as_bytes(), saw, Layer::Tcp).await
}

pub(super) fn whom(crew: &Crew, control: bool) -> Whom {
    let config = &crew.config;
    let name = match (&config.control, control) {
        (Some((host, _)), true) => host.clone(),
        _ => config.probe.target.name().to_string(),
    };
    Whom { name, trust: config.probe.trust.clone(), unix: crew.clock.unix_ms().div_euclid(1000) }
}

async fn tls(crew: &Crew, ground: &Ground, arm: Arm, value: Option<u64>) -> Brought {
    let others = if arm == Arm::TlsOtherAddress { &ground.further } else { &ground.elsewhere };
    let other = others.get(value.unwrap_or(0) as usize);
    let elsewhere = ground.route.as_ref().zip(other).map(|(route, to)| Route { to: *to, ..route.clone() });
    let route = match arm {
        Arm::TlsControl => &ground.control,
        Arm::TlsElsewhere | Arm::TlsOtherAddress => &elsewhere,
        _ => &ground.route,
    };
    let Some(route) = route else { return nowhere() };
    let knobs = Knobs { segment: (arm == Arm::TlsShort).then_some(transfers::SHORT), port: None };
    match shots::secure(route, &whom(crew, arm == Arm::TlsControl), knobs, crew.patience()).await {
        Ok((secure, saw)) => {
            secure.close().await;
            Brought { reached: Some(Layer::Tls), ending: Ending::Answered, saw }
        }
        Err(missed) => (*missed).into(),
    }
}

async fn hello(crew: &Crew, ground: &Ground, arm: Arm, value: Option<u64>) -> Brought {
    let route = if arm == Arm::HelloToControl { &ground.control } else { &ground.route };
    let Some(route) = route else { return nowhere() };
    let real = crew.config.probe.target.name().trim_end_matches('.');
    let other_case: String =
        real.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    let other = crew.config.control.as_ref().map_or(OTHER_NAME, |control| control.0.as_str());
    let name = match arm {
        Arm::HelloNameless => None,
        Arm::HelloOtherName => Some(other),
        Arm::HelloOtherCase => Some(other_case.as_str()),
        _ => Some(real),
    };
    let shape = match arm {
        Arm::Hello12 => Shape::Tls12,
        Arm::Hello13 => Shape::Tls13,
        Arm::HelloAlpn => Shape::Alpn,
        Arm::HelloWindows => Shape::Windows,
        Arm::HelloBrowser => Shape::Browser,
        Arm::HelloPadded => Shape::Padded,
        _ => Shape::Plain,
    };
    let port = value.filter(|_| arm == Arm::HelloFromPort).and_then(|port| u16::try_from(port).ok());
    let manner = Manner { split: arm == Arm::HelloSplit, port };
    let bytes = shots::hello_bytes(shape, name, random(crew));
    let mut brought = Brought::new(shots::hello(route, &bytes, manner, crew.patience()).await);
    if matches!(arm, Arm::HelloWindows | Arm::HelloBrowser | Arm::HelloPadded) {
        brought.saw.value = Some(bytes.len() as u64);
    }
    brought
}

/// TLS to the server, and what was seen of it.
pub(super) async fn stream(crew: &Crew, ground: &Ground, segment: Option<u32>) -> Result<(Walk<TlsStream<Tap>>, Saw), Brought> {
    let Some(route) = &ground.route else { return Err(nowhere()) };
    let knobs = Knobs { segment, port: None };
    let (secure, saw) = shots::secure(route, &whom(crew, false), knobs, crew.patience()).await.map_err(|missed| Brought::from(*missed))?;
    Ok((Walk::new(secure.stream, crew.clock, crew.patience()), saw))
}

/// The text of a request.
pub(super) fn request(crew: &Crew, arm: Arm) -> Vec<u8> {
    let host = climb::host_header(&crew.config.probe.target);
    let full = Head::sstp_request(&host, &correlation(crew));
    let with = |start: &str, length: Option<&str>| {
        let headers = full.headers.iter().filter(|row| row.0 != "Content-Length").cloned();
        let mut headers: Vec<(String, String)> = headers.collect();
        headers.extend(length.map(|length| ("Content-Length".to_string(), length.to_string())));
        Head { start: format!("{start} HTTP/1.1"), headers, ..full.clone() }
    };
    let sstp = format!("{METHOD} {PATH}");
    let head = match arm {
        Arm::Get => with("GET /", None),
        Arm::GetPath => with(&format!("GET {PATH}"), None),
        // No line is longer than servers take.
        Arm::BulkUp => {
            let mut head = with("GET /sstp-diag", None);
            head.headers.extend((0..PADS).map(|nth| (format!("X-Pad-{nth}"), ".".repeat(PAD))));
            head
        }
        Arm::LengthShort => with(&sstp, Some("1000000")),
        Arm::LengthZero => with(&sstp, Some("0")),
        Arm::LengthNone => with(&sstp, None),
        Arm::Chunked => {
            let mut head = with(&sstp, None);
            head.headers.push(("Transfer-Encoding".into(), "chunked".into()));
            head
        }
        Arm::PostMax => with(&format!("POST {PATH}"), Some(CONTENT_LENGTH)),
        Arm::OddMethod => with(&format!("{ODD_METHOD} /"), None),
        Arm::MethodAlone => with(&format!("{METHOD} /"), Some("0")),
        Arm::OtherPath => with(&format!("{METHOD} /sstp-diag"), Some(CONTENT_LENGTH)),
        Arm::Escaped => with(&format!("{METHOD} {}", PATH.replace('{', "%7B").replace('}', "%7D")), Some(CONTENT_LENGTH)),
        _ => full,
    };
    head.emit()
}

async fn http(crew: &Crew, ground: &Ground, arm: Arm) -> Brought {
    match stream(crew, ground, None).await {
        Ok((mut walk, saw)) => answered(&mut walk, &request(crew, arm), saw, Layer::Tls).await,
        Err(brought) => brought,
    }
}

async fn answered<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    walk: &mut Walk<S>,
    request: &[u8],
    mut saw: Saw,
    below: Layer,
) -> Brought {
    match walk.ask(request).await {
        Ok((head, rest, first)) => {
            let body = if head.status == Some(200) && head.header("content-length") == Some(CONTENT_LENGTH) {
                rest
            } else {
                walk.body(rest).await
            };
            let shown = body.get(..body.len().min(BODY)).unwrap_or_default();
            saw.body = (!shown.is_empty()).then(|| String::from_utf8_lossy(shown).into_owned());
            (saw.head, saw.first) = (Some(head), Some(first));
            Brought { reached: Some(Layer::Http), ending: Ending::Answered, saw }
        }
        Err(ending) => Brought { reached: Some(below), ending, saw },
    }
}

/// A call up to LCP; `split`: with other record sizes at its beginning; `segment`: in TCP segments of so many bytes at most.
pub(super) async fn opened(
    crew: &Crew,
    ground: &Ground,
    split: bool,
    segment: Option<u32>,
) -> Result<(Walk<TlsStream<Tap>>, Saw), Brought> {
    let (mut walk, mut saw) = stream(crew, ground, segment).await?;
    let failed = |reached, ending, saw: Saw, said| Brought { reached: Some(reached), ending, saw: Saw { said: Some(said), ..saw } };
    match walk.ask(&request(crew, Arm::Sstp)).await {
        Ok((head, _, first)) => {
            let status = head.status;
            (saw.head, saw.first) = (Some(head), Some(first));
            if status != Some(200) {
                return Err(failed(Layer::Tls, Ending::by_server(&format!("answered with {}", status.unwrap_or(0))), saw, walk.said()));
            }
        }
        Err(ending) => return Err(failed(Layer::Tls, ending, saw, walk.said())),
    }
    if let Err(ending) = walk.connect(split).await {
        return Err(failed(Layer::Http, ending, saw, walk.said()));
    }
    match walk.lcp().await {
        Ok(()) => Ok((walk, saw)),
        Err(ending) => Err(failed(Layer::Sstp, ending, saw, walk.said())),
    }
}

async fn call(crew: &Crew, ground: &Ground, arm: Arm) -> Brought {
    match opened(crew, ground, arm == Arm::CallSplit, None).await {
        Ok((walk, saw)) => {
            walk.leave().await;
            Brought { reached: Some(Layer::Lcp), ending: Ending::Answered, saw }
        }
        // The Ack is what was asked for; a server that is slow with LCP is another matter.
        Err(brought) if brought.reached == Some(Layer::Sstp) && brought.ending == Ending::Silence => {
            Brought { ending: Ending::Answered, ..brought }
        }
        Err(brought) => brought,
    }
}

/// A call with a login, up to the network layer. No echo of SSTP is asked for behind it: SoftEther answers none.
pub(super) async fn login(crew: &Crew) -> Brought {
    let mut config = crew.config.probe.clone();
    config.asked = Asked { until: Layer::Ncp, ..config.asked };
    (config.scan, config.matrix, config.pings) = (None, None, 0);
    config.timers.layer = config.timers.layer.min(crew.patience() * 2);
    config.total = config.total.min(crew.patience() * 6);
    let (_keep, stop) = tokio::sync::watch::channel(false);
    let transcript = probe::run(&config, &crew.clock, &mut Vec::new(), stop).await;
    let facts = Facts::of(&transcript);
    let reached = facts.layers.iter().filter(|entry| entry.state == State::Up).map(|entry| entry.layer).max();
    let says = facts.stop.as_ref().map(|stop| format!("{}: {:?}", stop.layer, stop.reason));
    let ending = match facts.stop.as_ref().map(|stop| (stop.layer, &stop.reason)) {
        Some((_, Reason::TimedOut { .. })) => Ending::Silence,
        Some((_, Reason::Closed(How::Reset))) => Ending::Reset,
        Some((_, Reason::Closed(_))) => Ending::Closed,
        Some((_, Reason::TimeUp { .. } | Reason::Ours(_))) => Ending::Ours("the login did not come to its end".into()),
        // What a server says about addresses is no matter of the way.
        _ if reached >= Some(Layer::Binding) => Ending::Answered,
        Some((layer, reason)) => Ending::by_server(&format!("or we ended it at {layer}: {reason}")),
        None => Ending::Ours("the login was not tried".into()),
    };
    Brought { reached, ending, saw: Saw { says, ..Saw::default() } }
}

/// Random of a hello, another one each time.
pub(super) fn random(crew: &Crew) -> [u8; 32] {
    let mut bytes = [0; 32];
    let state = crew.config.probe.seed ^ crew.clock.now().0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for (place, chunk) in bytes.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&state.rotate_left(place as u32 * 13).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_be_bytes());
    }
    bytes
}

/// An id whose last part says who asks: a server's owner can tell these calls from an attack.
fn correlation(crew: &Crew) -> String {
    let low = crew.clock.now().0 as u32;
    format!("{{{low:08X}-{:04X}-4000-8000-737374706469}}", crew.config.probe.seed as u16)
}

/// RFC 1035 4.1.1.
const NO_ERROR: u8 = 0;
/// RFC 1035 4.1.1.
const NXDOMAIN: u8 = 3;
/// RFC 2606 3: a name that anybody may use for examples.
const OTHER_NAME: &str = "www.example.com";
/// As long as SSTP_DUPLEX_POST.
const ODD_METHOD: &str = "QQTQ_QUQLEX_QOST";
/// Ours: lines that make a request longer than its answer.
const PADS: usize = 2;
/// Ours: bytes of each.
const PAD: usize = 900;
/// Ours: bytes of a body that are kept.
const BODY: usize = 400;
