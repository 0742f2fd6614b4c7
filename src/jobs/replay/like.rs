//! A server of the lab that is configured like the one in a recording: what it offers, asks for, refuses and says.

mod ways;

use super::compare;
use super::message::{self, Lane, Said};
use super::proof::proof_range;
use super::script::{Script, Step};
use crate::base::{Layer, Secret, Side};
use crate::crypto::binding::{self, HashProtocol};
use crate::proto::last_words::LastWords;
use crate::proto::plan::{Account, Credentials, Method, ServerConfig, ServerStyle};
use crate::wire::chap::MsChapFailure;
use crate::wire::control::{self, Opt, Packet};
use crate::wire::eap::NAK;
use crate::wire::ncp::{AUTH_PROTOCOL, AuthMethod, IP_ADDRESS, PRIMARY_DNS, PRIMARY_NBNS, SECONDARY_DNS, SECONDARY_NBNS};
use crate::wire::ppp::{self, Body, Frame, Protocol};
use crate::wire::sstp::{Attribute, Message};
use crate::wire::{chap, pap};

/// The server, with one account: whoever logs in.
pub fn server(script: &Script, credentials: &Credentials) -> ServerConfig {
    let own = ServerConfig::default();
    let ack = call_message(script, Side::Server, "sstp.call-connect-ack");
    let mask = ack.iter().flat_map(|ack| &ack.attributes).find_map(|attribute| match attribute {
        Attribute::CryptoBindingRequest { hash_mask, .. } => Some(*hash_mask),
        _ => None,
    });
    let given = |kinds: [u8; 2]| kinds.iter().filter(|kind| may_give(script, **kind)).count();
    let mut config = ServerConfig {
        hash_mask: mask.unwrap_or(own.hash_mask),
        methods: methods(script),
        accounts: vec![account(script, credentials)],
        address: own.address.filter(|_| speaks(script, ppp::IPCP)),
        client_address: own.client_address.filter(|_| may_give(script, IP_ADDRESS)),
        dns: own.dns.iter().copied().take(given([PRIMARY_DNS, SECONDARY_DNS])).collect(),
        nbns: own.nbns.iter().copied().take(given([PRIMARY_NBNS, SECONDARY_NBNS])).collect(),
        ipv6: speaks(script, ppp::IPV6CP),
        answers_ping: script.says(Side::Server).any(|said| said.echo().is_some_and(|echo| !echo.request)),
        style: Some(Box::new(style(script))),
        ..own
    };
    heed_binding(script, &mut config);
    config
}

/// The same server, which never falls silent: one that others are spoilt for.
pub fn lasting(script: &Script, credentials: &Credentials) -> ServerConfig {
    let mut config = server(script, credentials);
    if let Some(style) = &mut config.style {
        style.last_words = LastWords::default();
    }
    config
}

/// The name by which the recorded client logged in.
pub fn user(script: &Script) -> Option<String> {
    script.says(Side::Client).find_map(|said| {
        let name = match said.frame()?.body {
            Body::Pap(pap::Packet { body: pap::Body::AuthenticateRequest { peer_id, .. }, .. }) => peer_id,
            Body::Chap(chap::Packet { body: chap::Body::Response { name, .. }, .. }) => name,
            Body::Eap(packet) if packet.code == 2 && packet.kind == Some(crate::wire::eap::IDENTITY) => packet.data,
            _ => return None,
        };
        String::from_utf8(name.0).ok().filter(|name| !name.is_empty())
    })
}

fn account(script: &Script, credentials: &Credentials) -> Account {
    let bare = crate::crypto::mschapv2::user_without_domain(&credentials.user);
    let name = bare.split_once('@').map_or(bare, |pair| pair.0).to_string();
    let password = Secret::new(credentials.password.expose().clone());
    Account { name, password, error: failure(script).map(|text| MsChapFailure::parse(text.as_bytes()).error.unwrap_or(691)) }
}

/// Which methods the server asked for, in that order; within EAP those that it began.
fn methods(script: &Script) -> Vec<Method> {
    let mut methods = Vec::new();
    for (_, options) in configures(script, Side::Server, ppp::LCP, control::CONFIGURE_REQUEST) {
        let asked = options.iter().find(|option| option.kind == AUTH_PROTOCOL);
        let Some(asked) = asked.and_then(|option| AuthMethod::from_option(&option.value)) else { continue };
        let asked = match asked {
            AuthMethod::MsChapV2 => vec![Method::MsChapV2],
            AuthMethod::ChapMd5 => vec![Method::ChapMd5],
            AuthMethod::Pap => vec![Method::Pap],
            AuthMethod::Eap => begun(script).into_iter().map(|row| row.0).collect(),
            _ => continue,
        };
        for method in asked {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    methods
}

/// The method within EAP that the login was made with: the first one that the client did not refuse.
pub fn eap_method(script: &Script) -> Method {
    let begun = begun(script);
    let taken = begun.iter().find(|(_, refused)| !refused);
    taken.or(begun.first()).map_or(Method::EapMsChapV2, |row| row.0)
}

/// The methods that were begun within EAP, and whether the client refused them with a Nak; EAP-MSCHAPv2 where none was.
/// RFC 3748 5.3.1.
fn begun(script: &Script) -> Vec<(Method, bool)> {
    let mut begun: Vec<(Method, bool)> = Vec::new();
    for step in &script.steps {
        let Some(Frame { body: Body::Eap(packet), .. }) = step.said().and_then(Said::frame) else { continue };
        let Some(kind) = packet.kind else { continue };
        match (packet.code, kind) {
            (2, NAK) => {
                if let Some(last) = begun.last_mut() {
                    last.1 = true;
                }
            }
            (1, _) => {
                let method = Method::ALL.iter().map(|row| row.0).find(|method| method.eap_type() == Some(kind));
                begun.extend(method.filter(|method| begun.iter().all(|row| row.0 != *method)).map(|method| (method, false)));
            }
            _ => {}
        }
    }
    if begun.is_empty() { vec![(Method::EapMsChapV2, false)] } else { begun }
}

fn style(script: &Script) -> ServerStyle {
    let head = script.says(Side::Server).find_map(|said| message::head(&said.raw, Side::Server));
    let named = |name: &str| script.says(Side::Server).find(|said| said.name == name);
    let asked = configures(script, Side::Server, ppp::LCP, control::CONFIGURE_REQUEST).next();
    let rejected = configures(script, Side::Server, ppp::LCP, control::CONFIGURE_REJECT).flat_map(|row| row.1);
    let success =
        script.says(Side::Server).filter_map(compare::result_text).find_map(|text| Some(text.get(proof_range(&text)?.end..)?.to_vec()));
    let status = head.as_ref().and_then(|head| Some((head.status?, head.start.splitn(3, ' ').nth(2).unwrap_or_default().to_string())));
    let disconnect = named("sstp.call-disconnect").or_else(|| named("sstp.call-abort"));
    let challenge = named("chap.challenge").and_then(Said::frame);
    let challenger = challenge.and_then(|frame| match frame.body {
        Body::Chap(chap::Packet { body: chap::Body::Challenge { name, .. }, .. }) => String::from_utf8(name.0).ok(),
        _ => None,
    });
    let naked = configures(script, Side::Server, ppp::LCP, control::CONFIGURE_NAK).flat_map(|row| row.1);
    let result = named("pap.authenticate-ack").or_else(|| named("pap.authenticate-nak"));
    let terminate_ack = named("lcp.terminate-ack").and_then(Said::control);
    ServerStyle {
        headers: head.map(|head| head.headers).unwrap_or_default(),
        refuses: status.filter(|status| status.0 != 200),
        lcp_asks: asked
            .map(|row| row.1)
            .unwrap_or_default()
            .into_iter()
            .filter(|option| option.kind != AUTH_PROTOCOL)
            .map(|option| (option.kind, option.value.0))
            .collect(),
        lcp_rejects: rejected.map(|option| option.kind).collect(),
        lcp_naks: naked.map(|option| (option.kind, option.value.0)).collect(),
        walks_methods: walks(script),
        challenger: challenger.unwrap_or_default(),
        bare_results: result.is_some_and(|said| said.raw.len() == BARE_RESULT),
        success: success.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default(),
        failure: failure(script),
        passes_over_protocols: passes_over_protocols(script),
        terminates: named("lcp.terminate-request").is_some(),
        repeats_termination: terminate_ack.is_some_and(|(_, packet)| !packet.data.is_empty()),
        bare_disconnect: disconnect.is_some_and(|said| Message::parse(&said.raw).is_ok_and(|message| message.attributes.is_empty())),
        closes_on_crossing: ways::closes_on_crossing(script),
        refuses_addresses: ways::refuses_addresses(script),
        last_words: ways::last_words(script),
        ends_after: ends_after(script),
        aborts: named("sstp.call-abort").is_some(),
    }
}

/// The client asked in a protocol in which the server never said anything, nor did it reject one.
fn passes_over_protocols(script: &Script) -> bool {
    let rejects = script.says(Side::Server).any(|said| said.name == "lcp.protocol-reject");
    let asked = |said: &Said| matches!(said.lane, Lane::Asks(protocol) if !speaks(script, protocol));
    !rejects && script.says(Side::Client).any(asked)
}

/// The server answered a Nak with a method that the client had not asked for.
fn walks(script: &Script) -> bool {
    let method = |options: &[Opt]| options.iter().find(|option| option.kind == AUTH_PROTOCOL).map(|option| option.value.clone());
    let wished = configures(script, Side::Client, ppp::LCP, control::CONFIGURE_NAK).find_map(|row| method(&row.1));
    let offered: Vec<_> = configures(script, Side::Server, ppp::LCP, control::CONFIGURE_REQUEST).filter_map(|row| method(&row.1)).collect();
    wished.is_some_and(|wished| offered.get(1).is_some_and(|second| *second != wished))
}

/// How long after Call Connected the server ended the call, where nothing of the client made it do so.
fn ends_after(script: &Script) -> Option<std::time::Duration> {
    let place = |by: Side, names: &[&str]| {
        script.steps.iter().position(|step| step.said().is_some_and(|said| said.by == by && names.contains(&said.name.as_str())))
    };
    let connected = place(Side::Client, &["sstp.call-connected"])?;
    let end = place(Side::Server, &["sstp.call-disconnect", "sstp.call-abort"])?;
    let cause = place(Side::Client, &["sstp.call-disconnect", "sstp.call-abort", "lcp.terminate-request"]);
    let at = |place: usize| script.steps.get(place).map(Step::at);
    cause.is_none_or(|cause| cause > end).then(|| at(end).zip(at(connected)).map(|(end, connected)| (end - connected).duration()))?
}

/// A server that took a wrong binding did not look; one that took the zero key after a login with keys has none.
fn heed_binding(script: &Script, config: &mut ServerConfig) {
    let Some(said) = script.says(Side::Client).find(|said| said.name == "sstp.call-connected") else { return };
    let Some(Attribute::CryptoBinding { hash_protocol, nonce, .. }) =
        Message::parse(&said.raw).ok().and_then(|message| message.attributes.into_iter().next())
    else {
        config.check_binding = false;
        return;
    };
    let hash = HashProtocol::from_value(hash_protocol).filter(|hash| hash.value() & config.hash_mask != 0);
    let asked = call_message(script, Side::Server, "sstp.call-connect-ack").into_iter().flat_map(|ack| ack.attributes);
    let nonce_holds =
        asked.into_iter().any(|attribute| matches!(attribute, Attribute::CryptoBindingRequest { nonce: asked, .. } if asked == nonce));
    let refused = script.says(Side::Server).any(|said| said.name == "sstp.call-abort")
        && !script.says(Side::Server).any(|said| said.what().is_some_and(|what| what.0 == Layer::Ncp));
    match hash {
        Some(hash) if nonce_holds || refused => {
            config.has_keys = !binding::verify(hash, &[0; 32], &said.raw).unwrap_or(false);
        }
        _ => config.check_binding = refused,
    }
}

fn failure(script: &Script) -> Option<String> {
    let failures = script.says(Side::Server).filter(|said| said.name == "chap.failure" || said.name == "eap.request-mschapv2");
    let texts = failures.filter_map(compare::result_text).map(|text| String::from_utf8_lossy(&text).into_owned());
    texts.into_iter().find(|text| text.starts_with("E="))
}

/// The server gives this option, or the recording ends before it tells.
fn may_give(script: &Script, kind: u8) -> bool {
    let says = |code: u8| configures(script, Side::Server, ppp::IPCP, code);
    let rejects = says(control::CONFIGURE_REJECT).any(|row| row.1.iter().any(|option| option.kind == kind));
    let is_told = says(control::CONFIGURE_ACK).chain(says(control::CONFIGURE_NAK)).next().is_some();
    gives(script, kind) || !is_told && !rejects
}

/// An option of the client that the server filled in or agreed to.
fn gives(script: &Script, kind: u8) -> bool {
    let ack = configures(script, Side::Server, ppp::IPCP, control::CONFIGURE_ACK);
    let nak = configures(script, Side::Server, ppp::IPCP, control::CONFIGURE_NAK);
    ack.chain(nak).any(|(_, options)| options.iter().any(|option| option.kind == kind))
}

fn speaks(script: &Script, protocol: Protocol) -> bool {
    script.says(Side::Server).any(|said| said.control().is_some_and(|control| control.0 == protocol))
}

fn call_message(script: &Script, by: Side, name: &str) -> Option<Message> {
    script.says(by).find(|said| said.name == name).and_then(|said| Message::parse(&said.raw).ok())
}

/// The Configure packets of that code, with their options.
fn configures(script: &Script, by: Side, protocol: Protocol, code: u8) -> impl Iterator<Item = (Packet, Vec<Opt>)> + '_ {
    let packets = script.says(by).filter_map(Said::control).filter(move |(of, packet)| *of == protocol && packet.code == code);
    packets.filter_map(|(protocol, packet)| packet.options(ppp::layer_of(protocol)).ok().map(|options| (packet, options)))
}

/// SSTP header, FF 03, protocol, and a PPP header with nothing behind it, bytes.
const BARE_RESULT: usize = 12;
