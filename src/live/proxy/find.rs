//! Which proxy a PAC script names for a server, and where such scripts lie by convention (WPAD).

use super::{Kind, ProxyConfig, ProxyCredentials};
use crate::live::clock::Clock;
use crate::live::dns::{self, Family, Resolver};
use crate::live::fetch::{Wanted, Way, fetch};
use crate::live::wiretap::towards;
use crate::proto::pac::{Choice, MOST_BYTES, Outcome, Script, World};
use crate::transcript::proxy::Step;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where the script is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was read already; the name of the file, and the text.
    Text(String, String),
    /// To be fetched from there, `http://`.
    Url(String),
    /// At one of the places where WPAD looks, in the domains named.
    Wpad(Vec<String>),
}

/// A script to be asked, and who we are to the proxy that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pac {
    /// The script.
    pub source: Source,
    /// User and password for its proxy.
    pub credentials: Option<ProxyCredentials>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The proxy; nothing: straight to the server.
    pub proxy: Option<ProxyConfig>,
    /// What happened, to be noted.
    pub steps: Vec<Step>,
}

impl Pac {
    /// Asks the script for the way to `host` and `port`. A script that gives no answer is a step that says so, and no proxy.
    pub async fn ask(&self, host: &str, port: u16, resolver: &Resolver, within: Duration) -> Found {
        let mut steps = Vec::new();
        let answer = match tokio::time::timeout(within, self.answer(host, port, resolver, within, &mut steps)).await {
            Ok(answer) => answer,
            Err(_) => Err(("PAC".into(), format!("no answer within {} s", within.as_secs_f32()))),
        };
        let proxy = match answer {
            Ok((from, choices)) => {
                let all: Vec<String> = choices.iter().map(ToString::to_string).collect();
                let usable = choices.iter().find_map(|choice| self.usable(choice));
                let says = all.join("; ");
                match usable {
                    Some(proxy) => {
                        steps.push(Step::Sought { from, says, found: true });
                        proxy
                    }
                    None => {
                        let says = format!("{says}: nothing among them that is spoken here");
                        steps.push(Step::Sought { from, says, found: false });
                        None
                    }
                }
            }
            Err((from, says)) => {
                steps.push(Step::Sought { from, says, found: false });
                None
            }
        };
        Found { proxy, steps }
    }

    async fn answer(
        &self,
        host: &str,
        port: u16,
        resolver: &Resolver,
        within: Duration,
        steps: &mut Vec<Step>,
    ) -> Result<(String, Vec<Choice>), (String, String)> {
        let (from, text) = self.text(resolver, within, steps).await?;
        let fail = |says: String| (from.clone(), says);
        let script = Script::parse(&text).map_err(|error| fail(error.to_string()))?;
        let ours = match towards(SocketAddr::from(([192, 0, 2, 1], 9))).map(|address| address.ip()) {
            Ok(IpAddr::V4(address)) => address,
            _ => Ipv4Addr::LOCALHOST,
        };
        let mut world = World { names: HashMap::new(), ours, now_unix: Clock::start().unix_ms().div_euclid(1000) };
        let url = if port == HTTPS { format!("https://{host}/") } else { format!("https://{host}:{port}/") };
        let v4 = Resolver { family: Family::V4, ..resolver.clone() };
        for _ in 0..MOST_NAMES {
            match script.find(&url, host, &world) {
                Outcome::Choices(choices) => return Ok((from, choices)),
                Outcome::Failed(error) => return Err(fail(error.to_string())),
                Outcome::NeedsName(name) => {
                    let found = dns::look_up(&name, &v4, within / 4).await.unwrap_or_default();
                    let first = found.into_iter().find_map(|address| if let IpAddr::V4(address) = address { Some(address) } else { None });
                    world.names.insert(name, first);
                }
            }
        }
        Err(fail(format!("it asks for more than {MOST_NAMES} names")))
    }

    /// The script and where it is from.
    async fn text(&self, resolver: &Resolver, within: Duration, steps: &mut Vec<Step>) -> Result<(String, String), (String, String)> {
        let urls = match &self.source {
            Source::Text(from, text) => return Ok((from.clone(), text.clone())),
            Source::Url(url) => vec![url.clone()],
            Source::Wpad(domains) => domains.iter().flat_map(|domain| wpad(domain)).collect(),
        };
        let way = Way { resolver: resolver.clone(), proxy: None };
        let mut last = ("WPAD".to_string(), "no domain to look in: name one".to_string());
        for url in urls {
            let wanted = Wanted { url: url.clone(), post: None, most: MOST_BYTES };
            match fetch(&wanted, &way, within / 3).await {
                Ok(bytes) => return Ok((url, String::from_utf8_lossy(&bytes).into_owned())),
                Err(says) => {
                    let passed = std::mem::replace(&mut last, (url, says));
                    // All but the last are told here.
                    if passed.0 != "WPAD" {
                        steps.push(Step::Sought { from: passed.0, says: passed.1, found: false });
                    }
                }
            }
        }
        Err(last)
    }

    /// `Some(None)` is the direct way.
    fn usable(&self, choice: &Choice) -> Option<Option<ProxyConfig>> {
        let with = |kind, place: &str| {
            let scheme = if kind == Kind::Http { "http" } else { "socks5" };
            let proxy = ProxyConfig::parse(&format!("{scheme}://{place}")).ok()?;
            Some(Some(ProxyConfig { credentials: self.credentials.clone().or(proxy.credentials), ..proxy }))
        };
        match choice {
            Choice::Direct => Some(None),
            Choice::Http(place) => with(Kind::Http, place),
            Choice::Socks5(place) => with(Kind::Socks5, place),
            Choice::Other(_) => None,
        }
    }
}

/// Where WPAD looks for the script of a domain: the domain and those above it, but never a top-level domain, which is somebody else's.
pub fn wpad(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.trim_matches('.').split('.').filter(|label| !label.is_empty()).collect();
    let longest = labels.len();
    (0..longest.saturating_sub(1))
        .filter_map(|skip| labels.get(skip..))
        .map(|rest| format!("http://wpad.{}/wpad.dat", rest.join(".")))
        .collect()
}

/// The domains of `search` and `domain` lines in the text of a resolv.conf.
pub fn search_domains(resolv_conf: &str) -> Vec<String> {
    let mut all = Vec::new();
    for line in resolv_conf.lines() {
        let mut words = line.split_ascii_whitespace();
        if matches!(words.next(), Some("search" | "domain")) {
            all.extend(words.filter(|word| word.trim_matches('.').contains('.')).map(str::to_string));
        }
    }
    all.dedup();
    all.truncate(MOST_DOMAINS);
    all
}

/// RFC 9110 4.2.2.
const HTTPS: u16 = 443;
/// Ours: so many names a script may have looked up.
const MOST_NAMES: usize = 16;
/// Ours: so many domains are looked in.
const MOST_DOMAINS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::listen::{Listener, Page, PageAnswer, Pages};

    #[test]
    fn wpad_never_looks_in_a_top_level_domain() {
        assert_eq!(wpad("eu.corp.example."), ["http://wpad.eu.corp.example/wpad.dat", "http://wpad.corp.example/wpad.dat"]);
        assert!(wpad("example").is_empty() && wpad("").is_empty());
        assert_eq!(
            search_domains("# x\nsearch corp.example local\nnameserver 192.0.2.1\ndomain lab.example\n"),
            ["corp.example", "lab.example"]
        );
    }

    async fn asked(source: Source) -> Found {
        let pac = Pac { source, credentials: None };
        pac.ask("vpn.example.test", 8443, &Resolver::default(), Duration::from_secs(3)).await
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_script_names_the_proxy_of_a_server() {
        let text = "function FindProxyForURL(url, host) { return url == 'https://vpn.example.test:8443/' ? 'HTTPS x:1; SOCKS5 socks.test:9; DIRECT' : 'DIRECT' }";
        let found = asked(Source::Text("office.pac".into(), text.into())).await;
        assert_eq!(found.proxy.as_ref().map(|proxy| (proxy.kind, proxy.authority())), Some((Kind::Socks5, "socks.test:9".into())));
        assert!(matches!(&found.steps[..], [Step::Sought { from, found: true, .. }] if from == "office.pac"), "{:?}", found.steps);
        let found = asked(Source::Text("office.pac".into(), "function FindProxyForURL(u, h) { return 'HTTPS x:1' }".into())).await;
        assert!(found.proxy.is_none() && matches!(&found.steps[..], [Step::Sought { found: false, .. }]));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_script_is_fetched_and_what_goes_wrong_is_told() {
        let pages = Pages::default();
        let script =
            b"function FindProxyForURL(u, h) { return dnsResolve('localhost') == '127.0.0.1' ? 'PROXY p.test:1' : 'DIRECT' }".to_vec();
        let _ = pages.set(vec![Page { path: "/wpad.dat".into(), answer: PageAnswer::Body(script) }]);
        let web = Listener::web(SocketAddr::from(([127, 0, 0, 1], 0)), pages).expect("loopback");
        let found = asked(Source::Url(format!("http://{}/wpad.dat", web.address()))).await;
        assert_eq!(found.proxy.map(|proxy| proxy.authority()), Some("p.test:1".into()), "{:?}", found.steps);
        let found = asked(Source::Url(format!("http://{}/nothing", web.address()))).await;
        assert!(matches!(&found.steps[..], [Step::Sought { found: false, says, .. }] if says.contains("404")), "{:?}", found.steps);
        let found = asked(Source::Wpad(Vec::new())).await;
        assert!(matches!(&found.steps[..], [Step::Sought { found: false, .. }]));
        web.stop().await;
    }
}
