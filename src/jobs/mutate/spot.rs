//! Where a recorded call can be spoilt: every message of one side, and the state that the call is in there.

use crate::base::{Field, Side};
use crate::jobs::replay::player::is_replaced;
use crate::jobs::replay::{Course, Lane, Said, Script};
use crate::wire::layout;
use crate::wire::ppp;

/// States to spoil in, in the order of a call.
pub const PLACES: [&str; 11] = [
    "before-http",
    "after-200",
    "after-ack",
    "lcp",
    "before-login",
    "in-login",
    "after-login",
    "after-connected",
    "ipcp",
    "connected",
    "disconnecting",
];

/// One message of the side that spoils.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Who sends it.
    pub by: Side,
    /// `layer.message`.
    pub name: String,
    /// Which of that name.
    pub nth: u32,
    /// As recorded.
    pub raw: Vec<u8>,
    /// The state that the call is in before it.
    pub place: &'static str,
    /// The messages of the same side before it, as `name#nth`.
    pub before: Vec<String>,
    /// Whoever plays makes it when it is due: what was recorded is only like it.
    pub live: bool,
}

impl Spot {
    /// As edits name it.
    pub fn target(&self) -> String {
        format!("{}#{}", self.name, self.nth)
    }

    /// Its fields.
    pub fn fields(&self) -> Vec<Field> {
        if self.is("http.") { Vec::new() } else { layout::fields(&self.raw) }
    }

    /// Whether the name begins so.
    pub fn is(&self, prefix: &str) -> bool {
        self.name.starts_with(prefix)
    }

    /// It carries TLS inside EAP: how long it is, is drawn by its ends.
    pub fn has_tls(&self) -> bool {
        self.place == "in-login"
    }

    /// The name of a place in its bytes, the same in every call.
    pub fn place_at(&self, at: usize) -> String {
        let len = self.raw.len();
        match () {
            () if !self.has_tls() || at < LIKE_ANY => at.to_string(),
            () if at == len / 2 => "middle".into(),
            () => format!("end-{}", len.saturating_sub(at)),
        }
    }

    /// A packet of a PPP control protocol with options.
    pub fn negotiates(&self) -> bool {
        ["lcp.", "ipcp.", "ipv6cp.", "ccp."].iter().any(|prefix| self.is(prefix))
    }

    /// A message of a login.
    pub fn logs_in(&self) -> bool {
        ["chap.", "pap.", "eap."].iter().any(|prefix| self.is(prefix))
    }
}

/// The spots of a script, in order: the messages of that side.
pub fn spots(script: &Script, by: Side) -> Vec<Spot> {
    on(&Course::of(script, by), false)
}

/// The spots of a course, in order. `unread`: what cannot be read is one too.
pub fn on(course: &Course, unread: bool) -> Vec<Spot> {
    let (by, mut spots): (_, Vec<Spot>) = (course.side, Vec::new());
    let turns: Vec<_> = course.ours.iter().filter(|turn| unread || turn.said.lane != Lane::Bytes).take(MOST_SPOTS).collect();
    let logs_in = course.is_tunnelled();
    let last_lcp = turns.iter().rposition(|turn| turn.said.name.starts_with("lcp."));
    for (at, turn) in turns.iter().enumerate() {
        let said = &turn.said;
        let nth = spots.iter().filter(|spot| spot.name == said.name).count() + 1;
        let place = match by {
            Side::Client => place(said, Some(at) == last_lcp, spots.iter().any(|spot| spot.name == "sstp.call-connected")),
            Side::Server => place_of_server(said, Some(at) == last_lcp),
        };
        let before = spots.iter().map(Spot::target).collect();
        let (name, raw) = (said.name.clone(), said.raw.clone());
        let live = by == Side::Server || logs_in && is_replaced(said);
        spots.push(Spot { by, name, nth: u32::try_from(nth).unwrap_or(1), raw, place, before, live });
    }
    spots
}

fn place(said: &Said, last_lcp: bool, connected: bool) -> &'static str {
    match said.name.as_str() {
        "http.request" => "before-http",
        "sstp.call-connect-request" => "after-200",
        "sstp.call-connected" => "after-login",
        name if name.starts_with("lcp.") && last_lcp => "lcp",
        name if name.starts_with("lcp.") => "after-ack",
        _ if said.is_tunnelled() => "in-login",
        _ if matches!(said.lane, Lane::Auth) => "before-login",
        name if name.starts_with("ip") && matches!(said.lane, Lane::Asks(ppp::IPCP) | Lane::Answers(ppp::IPCP)) => "ipcp",
        _ if connected => "connected",
        _ => "after-login",
    }
}

/// A server learns of Call Connected only when it comes; what it says behind the login and before its Echo Request is `ipcp`.
fn place_of_server(said: &Said, last_lcp: bool) -> &'static str {
    match said.name.as_str() {
        "http.response" => "before-http",
        "sstp.call-connect-ack" | "sstp.call-connect-nak" => "after-200",
        name if name.starts_with("lcp.") && last_lcp => "lcp",
        name if name.starts_with("lcp.") => "after-ack",
        _ if said.is_tunnelled() => "in-login",
        _ if matches!(said.lane, Lane::Auth) => "before-login",
        name if name.starts_with("sstp.") => "connected",
        _ => "ipcp",
    }
}

/// One spot for every state: what is put in before it comes in that state. `true`: behind it.
pub fn anchors(spots: &[Spot]) -> Vec<(&'static str, &Spot, bool)> {
    let first = |place: &str| spots.iter().find(|spot| spot.place == place);
    let last = |place: &str| spots.iter().rfind(|spot| spot.place == place);
    let named = |name: &str| spots.iter().find(|spot| spot.name == name);
    let by = spots.first().map_or(Side::Client, |spot| spot.by);
    // However many there are now, a handshake has a second one.
    let under_way = spots.iter().filter(|spot| spot.place == "in-login").take(2).last();
    let login = spots.iter().rfind(|spot| spot.logs_in());
    let rows = match by {
        Side::Client => [
            ("before-http", first("before-http"), false),
            ("after-200", first("after-200"), false),
            ("after-ack", first("after-ack"), false),
            ("lcp", last("lcp"), false),
            ("before-login", last("before-login"), false),
            ("in-login", under_way, false),
            ("after-login", named("sstp.call-connected"), false),
            ("after-connected", named("sstp.call-connected"), true),
            ("ipcp", last("ipcp"), false),
            ("connected", named("sstp.call-disconnect").or(last("connected")), false),
            ("disconnecting", named("sstp.call-disconnect"), true),
        ],
        Side::Server => [
            ("before-http", first("before-http"), false),
            ("after-200", first("after-200"), false),
            ("after-ack", first("after-ack"), false),
            ("lcp", last("lcp"), false),
            ("before-login", first("before-login"), false),
            ("in-login", under_way, false),
            ("after-login", login, true),
            ("ipcp", last("ipcp"), false),
            ("after-connected", named("sstp.echo-request"), false),
            ("connected", named("sstp.call-disconnect").or(last("connected")), false),
            ("disconnecting", named("sstp.call-disconnect"), true),
        ],
    };
    rows.into_iter().filter_map(|(place, spot, behind)| Some((place, spot?, behind))).collect()
}

/// Ours: in so many bytes from its beginning a message has its headers.
const LIKE_ANY: usize = 16;
/// Ours: a longer recording is spoilt in its first part only.
const MOST_SPOTS: usize = 64;
