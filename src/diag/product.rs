//! Which product answers, as far as its words tell. The table of traits is that of the protocol notes, section 8.

use super::check::Evidence;
use crate::base::Side;
use crate::transcript::facts::{Facts, Seen};
use crate::wire::http::Head;
use crate::wire::ppp::Body;
use crate::wire::{control, ncp};

/// A server that remedies are told for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Routing and Remote Access of Windows Server.
    Rras,
    /// SoftEther VPN Server.
    SoftEther,
    /// MikroTik RouterOS.
    RouterOs,
    /// accel-ppp.
    AccelPpp,
}

impl Product {
    /// All of them.
    pub const ALL: [Product; 4] = [Product::Rras, Product::SoftEther, Product::RouterOs, Product::AccelPpp];

    /// `RRAS`, `SoftEther`, `RouterOS` or `accel-ppp`.
    pub fn name(self) -> &'static str {
        match self {
            Product::Rras => "RRAS",
            Product::SoftEther => "SoftEther",
            Product::RouterOs => "RouterOS",
            Product::AccelPpp => "accel-ppp",
        }
    }
}

/// The product, and by what it is known. The HTTP banner of RRAS is worn by others too, so it alone proves nothing.
pub fn of(facts: &Facts) -> Option<(Product, Evidence)> {
    softether(facts).or_else(|| router_os(facts)).or_else(|| rras(facts)).or_else(|| accel_ppp(facts))
}

fn softether(facts: &Facts) -> Option<(Product, Evidence)> {
    let says = |seen: &&Seen<_>| contains(&raw(seen), b"Aho Baka Manuke") || contains(&raw(seen), b"SoftEther VPN");
    let seen = facts.ppp.iter().filter(|seen| seen.by == Some(Side::Server)).find(says);
    let told = seen.map(|seen| Evidence::at(seen.event, "its LCP Echo-Request or its EAP greeting is that of SoftEther"));
    told.map(|evidence| (Product::SoftEther, evidence)).or_else(|| asks_for_login_only(facts))
}

/// SoftEther asks for nothing but the login, without MRU and without magic number, behind the banner of HTTP.sys.
fn asks_for_login_only(facts: &Facts) -> Option<(Product, Evidence)> {
    let banner = accepted(facts).filter(|head| head.it.header("Server") == Some(HTTP_SYS))?;
    let kinds = first_options(facts)?;
    (kinds.1 == [ncp::AUTH_PROTOCOL]).then(|| {
        let says = "banner of HTTP.sys, and an LCP Configure-Request with nothing but the login";
        (Product::SoftEther, Evidence { says: says.into(), events: vec![banner.event, kinds.0] })
    })
}

fn router_os(facts: &Facts) -> Option<(Product, Evidence)> {
    let seen = facts.responses.iter().find(|seen| seen.it.header("Server").is_some_and(|name| name.contains("MikroTik")))?;
    Some((Product::RouterOs, Evidence::at(seen.event, "its HTTP banner names MikroTik")))
}

/// Windows asks for an endpoint discriminator or a multilink MRRU.
fn rras(facts: &Facts) -> Option<(Product, Evidence)> {
    let banner = accepted(facts).filter(|head| head.it.header("Server") == Some(HTTP_SYS))?;
    let (event, kinds) = first_options(facts)?;
    let windows = kinds.iter().any(|kind| [MRRU, ENDPOINT_DISCRIMINATOR].contains(kind));
    let says = "banner of HTTP.sys, and multilink options in its LCP Configure-Request";
    windows.then(|| (Product::Rras, Evidence { says: says.into(), events: vec![banner.event, event] }))
}

/// No banner, and Connection: keep-alive in an answer that accepts.
fn accel_ppp(facts: &Facts) -> Option<(Product, Evidence)> {
    let seen = accepted(facts).filter(|seen| seen.it.header("Server").is_none() && seen.it.header("Date").is_some())?;
    let kept = seen.it.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("keep-alive"));
    kept.then(|| (Product::AccelPpp, Evidence::at(seen.event, "no HTTP banner, and Connection: keep-alive")))
}

fn accepted(facts: &Facts) -> Option<&Seen<Head>> {
    facts.responses.iter().find(|seen| seen.it.status == Some(200))
}

/// The options of the server's first LCP Configure-Request.
fn first_options(facts: &Facts) -> Option<(usize, Vec<u8>)> {
    let is_request = |body: &Body| matches!(body, Body::Lcp(packet) if packet.code == control::CONFIGURE_REQUEST);
    let seen = facts.ppp.iter().find(|seen| seen.by == Some(Side::Server) && is_request(&seen.it.body))?;
    Some((seen.event, super::look::options(&seen.it).iter().map(|opt| opt.kind).collect()))
}

fn raw(seen: &Seen<crate::wire::ppp::Frame>) -> Vec<u8> {
    match &seen.it.body {
        Body::Lcp(packet) if packet.code == control::ECHO_REQUEST => packet.data.0.clone(),
        Body::Eap(packet) => packet.data.0.clone(),
        _ => Vec::new(),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// RFC 1990 5.1.1: Multilink MRRU.
const MRRU: u8 = 17;
/// RFC 1990 5.1.3: Endpoint Discriminator.
const ENDPOINT_DISCRIMINATOR: u8 = 19;
/// The Server header of HTTP.sys.
const HTTP_SYS: &str = "Microsoft-HTTPAPI/2.0";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Layer;
    use crate::diag::story::Story;
    use crate::wire::control::Opt;
    use crate::wire::ncp::AuthMethod;

    fn story(headers: &[(&str, &str)], options: &[Opt]) -> Story {
        let story = Story::new().tls().requested().answered(200, headers).up(Layer::Http);
        story.lcp(Side::Server, control::CONFIGURE_REQUEST, options)
    }

    #[test]
    fn the_banner_alone_tells_nothing_and_what_stands_beside_it_does() {
        let login = || Opt::new(ncp::AUTH_PROTOCOL, AuthMethod::MsChapV2.option_value());
        let name = |headers: &[(&str, &str)], options: &[Opt]| of(&story(headers, options).facts()).map(|it| it.0.name());
        let http_sys = [("Server", HTTP_SYS)];
        assert_eq!(name(&http_sys, &[login()]), Some("SoftEther"));
        assert_eq!(name(&http_sys, &[login(), Opt::new(ncp::MAGIC, [1; 4])]), None);
        assert_eq!(name(&http_sys, &[login(), Opt::new(MRRU, [6, 78])]), Some("RRAS"));
        assert_eq!(name(&[("Server", "MikroTik-SSTP")], &[login()]), Some("RouterOS"));
        assert_eq!(name(&[("Date", "x"), ("Connection", "keep-alive")], &[login()]), Some("accel-ppp"));
        assert_eq!(name(&[("Date", "x"), ("Server", "nginx"), ("Connection", "keep-alive")], &[login()]), None);
    }
}
