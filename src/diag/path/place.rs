//! Where on the way it is cut, from the walk with limited time to live.

use super::{Culprit, View};
use crate::transcript::trial::{Ending, Feeler, Hop};
use std::fmt;
use std::net::IpAddr;

/// The box is at the hop `last`, at `first`, or between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// As far as this nothing was cut; 0: this machine.
    pub last: u8,
    /// The first hop at which it was; nothing: routers behind `last` may only be silent.
    pub first: Option<u8>,
    /// The router at `last`, if it said who it is.
    pub near: Option<IpAddr>,
    /// The router at `first`.
    pub far: Option<IpAddr>,
    /// Not even the first router saw it, which saw the like of it to another port; or it was answered before that.
    pub own: bool,
    /// At `first` is the server itself.
    pub server: bool,
}

impl Place {
    /// Within the first two hops it is the local network's; what never left this machine is the machine's.
    pub fn culprit(&self) -> Culprit {
        match self.last {
            0 if self.own => Culprit::Endpoint,
            0 | 1 => Culprit::LocalNetwork,
            _ => Culprit::Way,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |hop: u8, router: Option<IpAddr>| match (hop, router) {
            (0, _) => "this machine".to_string(),
            (hop, Some(router)) => format!("hop {hop} ({router})"),
            (hop, None) => format!("hop {hop}"),
        };
        let near = shown(self.last, self.near);
        match self.first {
            None => write!(f, "{near} or behind it"),
            Some(first) if first <= self.last.saturating_add(1) => write!(f, "{near} or {}", shown(first, self.far)),
            Some(first) => write!(f, "{near}, {}, or between them", shown(first, self.far)),
        }?;
        if self.server { f.write_str(", which is the server itself") } else { Ok(()) }
    }
}

/// Where it is, when the walk tells.
pub fn place(view: &View<'_>) -> Option<Place> {
    let hops = &view.trail.hops;
    if let Some(round) = rounds(hops) {
        let (near, far) = (round.routers.first().copied(), round.routers.get(1).copied());
        return Some(Place { last: round.from, first: round.from.checked_add(1), near, far, own: false, server: false });
    }
    let of = |feeler: Feeler, ttl: u8| hops.iter().find(|hop| hop.sent == feeler && hop.ttl == ttl);
    // Resets that do not come from as far as the server's segments are not its own.
    let foreign = !super::packets::nearer_resets(view).is_empty();
    let hellos = hops.iter().any(|hop| hop.sent == Feeler::Named);
    // What ends connections on which nothing is said does it wherever a hello ends.
    if hellos && super::unasked::ended(view) {
        return None;
    }
    let (last, first) = if hellos { cut_hello(hops, foreign)? } else { cut_syn(hops)? };
    let router = |ttl: u8| {
        [Feeler::Syn, Feeler::SynOtherPort, Feeler::Nameless, Feeler::Named].into_iter().find_map(|feeler| of(feeler, ttl)?.router)
    };
    // What is refused where others run out of hops at a router was refused before it.
    let beside = of(Feeler::SynOtherPort, 1).is_some_and(expired);
    let here = |hop: &Hop| !spoken(hop) || beside && hop.ttl == 1 && hop.ending != Ending::Answered;
    let own = last == 0 && hops.iter().all(|hop| hop.sent != Feeler::Syn || hop.router.is_none() && here(hop));
    // Where what is not cut arrives is the server.
    let arrives = |hop: &&Hop| if hellos { hop.sent == Feeler::Syn } else { hop.sent == Feeler::SynOtherPort };
    let server = hops.iter().filter(arrives).find(|hop| spoken(hop)).map(|hop| hop.ttl);
    Some(Place { last, first, near: router(last), far: first.and_then(router), own, server: first.is_some() && first == server })
}

/// A circle in which routers send a packet round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// The hop at which it begins.
    from: u8,
    /// The routers in it.
    routers: Vec<IpAddr>,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routers = self.routers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        write!(f, "from hop {} on packets go round between {routers}", self.from)
    }
}

/// Routers that were met three times or more, with others between.
pub(super) fn rounds(hops: &[Hop]) -> Option<Round> {
    let met: Vec<(u8, IpAddr)> = hops.iter().filter(|hop| hop.sent == Feeler::Syn).filter_map(|hop| Some((hop.ttl, hop.router?))).collect();
    let again = |router: IpAddr| {
        let at: Vec<u8> = met.iter().filter(|row| row.1 == router).map(|row| row.0).collect();
        at.len() >= TIMES_ROUND && at.windows(2).all(|pair| matches!(pair, [one, next] if *next > one.saturating_add(1)))
    };
    let mut routers: Vec<IpAddr> = Vec::new();
    for (_, router) in met.iter().filter(|row| again(row.1)) {
        if !routers.contains(router) {
            routers.push(*router);
        }
    }
    let from = met.iter().find(|row| routers.contains(&row.1))?.0;
    (routers.len() >= 2).then_some(Round { from, routers })
}

/// Ours: a router that is met so often is in a circle; one that is met twice may stand on two of several ways.
const TIMES_ROUND: usize = 3;

/// It was spoken to the hello: by the server, or in its name.
fn speaks(hop: &Hop) -> bool {
    matches!(hop.ending, Ending::Reset | Ending::Closed | Ending::Alert(_) | Ending::NotTls)
}

/// Somebody answered a SYN: the server, or a box in its name.
fn spoken(hop: &Hop) -> bool {
    matches!(hop.ending, Ending::Answered | Ending::Refused | Ending::Reset)
}

/// A router there let it expire.
fn expired(hop: &Hop) -> bool {
    hop.router.is_some()
}

/// The last hop up to which the hello with the name went, and the first at which something else went on without it, or it was answered;
/// `foreign`: whoever answers it is not the server.
fn cut_hello(hops: &[Hop], foreign: bool) -> Option<(u8, Option<u8>)> {
    let of = |feeler: Feeler, ttl: u8| hops.iter().find(|hop| hop.sent == feeler && hop.ttl == ttl);
    let goes_on = |ttl: u8| {
        let others = [Feeler::Syn, Feeler::Nameless].into_iter().filter_map(|feeler| of(feeler, ttl));
        others.into_iter().any(|hop| expired(hop) || hop.ending == Ending::Answered)
    };
    let named = || hops.iter().filter(|hop| hop.sent == Feeler::Named);
    if let Some(first) = named().find(|hop| speaks(hop)) {
        // The server itself speaks only where a SYN reaches it.
        let server = of(Feeler::Syn, first.ttl).is_some_and(|syn| matches!(syn.ending, Ending::Answered | Ending::Refused));
        let nameless_too = of(Feeler::Nameless, first.ttl).is_some_and(speaks);
        return (!server || !nameless_too || foreign).then(|| (first.ttl.saturating_sub(1), Some(first.ttl)));
    }
    let deepest = named().filter(|hop| expired(hop)).map(|hop| hop.ttl).max().unwrap_or(0);
    let first = named().filter(|hop| hop.ttl > deepest && goes_on(hop.ttl)).map(|hop| hop.ttl).min()?;
    // Where no router was ever heard the whole way is in question, and that is no place.
    (deepest > 0 || first == 1).then_some((deepest, Some(first)))
}

/// The last hop up to which a SYN went, where nothing said that it reached anybody behind, and the first at which one to another port
/// went on without it.
fn cut_syn(hops: &[Hop]) -> Option<(u8, Option<u8>)> {
    let of = |feeler: Feeler| hops.iter().filter(move |hop| hop.sent == feeler);
    match of(Feeler::Syn).find(|hop| spoken(hop)) {
        Some(hop) if hop.ending == Ending::Answered => None,
        Some(hop) => Some((hop.ttl.saturating_sub(1), Some(hop.ttl))),
        None => {
            let last = of(Feeler::Syn).filter(|hop| expired(hop)).map(|hop| hop.ttl).max();
            let last = last.or_else(|| of(Feeler::SynOtherPort).any(|hop| hop.ttl == 1 && expired(hop)).then_some(0))?;
            let goes_on = of(Feeler::SynOtherPort).filter(|hop| hop.ttl > last && (expired(hop) || spoken(hop)));
            Some((last, goes_on.map(|hop| hop.ttl).min()))
        }
    }
}

/// Findings that are about something on the way; where it is belongs to them.
pub(super) const PLACED: [&str; 10] = [
    "TCP-FILTERED",
    "IP-FILTER",
    "TCP-ICMP-REJECT",
    "TCP-RST-INJECTED",
    "TCP-RST-BY-BOX",
    "TLS-SNI-FILTER",
    "TLS-DPI-BLOCK",
    "TLS-FINGERPRINT-FILTER",
    "TLS-PLAIN-ANSWER",
    "DPI-RESIDUAL-BLOCK",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::trial::Trail;

    fn walk(rows: &[(u8, Feeler, Ending, Option<u8>)]) -> Option<Place> {
        let hop = |(ttl, sent, ending, router): &(u8, Feeler, Ending, Option<u8>)| Hop {
            ttl: *ttl,
            sent: *sent,
            ending: ending.clone(),
            router: router.map(|last| IpAddr::from([10, 0, 0, last])),
        };
        let trail = Trail { hops: rows.iter().map(hop).collect(), ..Trail::default() };
        place(&View::of(&trail))
    }

    #[test]
    fn a_hello_that_vanishes_behind_a_router_is_held_against_what_goes_further() {
        use Ending::*;
        use Feeler::*;
        let found = walk(&[
            (1, Syn, Unreachable, Some(1)),
            (1, Named, Silence, Some(1)),
            (1, Nameless, Silence, Some(1)),
            (2, Syn, Unreachable, Some(2)),
            (2, Named, Silence, None),
            (2, Nameless, Silence, Some(2)),
            (3, Syn, Answered, None),
            (3, Named, Silence, None),
        ]);
        let found = found.expect("a place");
        assert_eq!(found.to_string(), "hop 1 (10.0.0.1) or hop 2 (10.0.0.2)");
        assert_eq!(found.culprit(), Culprit::LocalNetwork);
    }

    #[test]
    fn one_lost_time_exceeded_moves_nothing_and_a_server_that_cuts_is_no_place() {
        use Ending::*;
        use Feeler::*;
        let lost = walk(&[
            (1, Syn, Unreachable, Some(1)),
            (1, Named, Silence, None),
            (2, Syn, Unreachable, Some(2)),
            (2, Named, Silence, Some(2)),
            (3, Syn, Unreachable, None),
            (3, Named, Silence, None),
        ]);
        assert_eq!(lost, None, "nothing goes further than the hello");
        let silent_router = walk(&[
            (1, Syn, Unreachable, Some(1)),
            (1, Named, Silence, Some(1)),
            (2, Syn, Unreachable, None),
            (2, Named, Silence, None),
            (3, Syn, Unreachable, Some(3)),
            (3, Named, Silence, None),
        ]);
        assert_eq!(silent_router.expect("a place").to_string(), "hop 1 (10.0.0.1), hop 3 (10.0.0.3), or between them");
        let unheard = walk(&[(1, Syn, Unreachable, None), (1, Named, Silence, None), (2, Syn, Answered, None), (2, Named, Silence, None)]);
        assert_eq!(unheard, None, "without raw sockets silence is no place");
        let server = walk(&[
            (1, Syn, Unreachable, Some(1)),
            (1, Named, Silence, Some(1)),
            (2, Syn, Answered, None),
            (2, Named, Reset, None),
            (2, Nameless, Reset, None),
        ]);
        assert_eq!(server, None, "the server resets every hello itself");
    }

    #[test]
    fn a_reset_that_comes_before_a_syn_arrives_is_a_boxs() {
        use Ending::*;
        use Feeler::*;
        let found = walk(&[
            (1, Syn, Unreachable, Some(1)),
            (1, Named, Silence, Some(1)),
            (2, Syn, Unreachable, Some(2)),
            (2, Named, Silence, Some(2)),
            (3, Syn, Unreachable, Some(3)),
            (3, Named, Reset, None),
            (3, Nameless, Reset, None),
        ]);
        assert_eq!(found.map(|place| (place.last, place.near.is_some(), place.far.is_some())), Some((2, true, true)));
        let dropped =
            walk(&[(1, Syn, Unreachable, Some(1)), (2, Syn, Unreachable, Some(2)), (3, Syn, Silence, None), (4, Syn, Silence, None)]);
        assert_eq!(dropped.expect("a place").to_string(), "hop 2 (10.0.0.2) or behind it");
        assert_eq!(walk(&[(1, Syn, Silence, None), (2, Syn, Silence, None)]), None, "routers that say nothing tell nothing");
        let beside = walk(&[
            (1, Syn, Unreachable, Some(1)),
            (1, SynOtherPort, Unreachable, Some(1)),
            (2, Syn, Silence, None),
            (2, SynOtherPort, Unreachable, Some(2)),
            (3, Syn, Silence, None),
            (3, SynOtherPort, Refused, None),
        ]);
        assert_eq!(beside.expect("a place").to_string(), "hop 1 (10.0.0.1) or hop 2 (10.0.0.2)");
    }

    #[test]
    fn packets_that_go_round_are_told_and_where() {
        use Ending::*;
        use Feeler::*;
        let round: Vec<_> = (1..=8).map(|ttl| (ttl, Syn, Unreachable, Some(if ttl == 1 { 1 } else { 2 + ttl % 2 }))).collect();
        assert_eq!(walk(&round).expect("a place").to_string(), "hop 2 (10.0.0.2) or hop 3 (10.0.0.3)");
        let hops: Vec<Hop> = (1..=3)
            .map(|ttl| Hop { ttl, sent: Syn, ending: Unreachable, router: Some(IpAddr::from([10, 0, 0, if ttl == 2 { 9 } else { 1 }])) })
            .collect();
        assert_eq!(rounds(&hops), None, "twice may be two ways");
    }

    #[test]
    fn what_never_reaches_the_first_router_is_held_up_here() {
        use Ending::*;
        use Feeler::*;
        for ending in [Silence, Unreachable] {
            let found = walk(&[
                (1, Syn, ending.clone(), None),
                (1, SynOtherPort, Unreachable, Some(1)),
                (2, Syn, ending.clone(), None),
                (2, SynOtherPort, Unreachable, Some(2)),
            ]);
            let found = found.expect("a place");
            assert_eq!((found.to_string().as_str(), found.culprit()), ("this machine or hop 1 (10.0.0.1)", Culprit::Endpoint));
        }
        let mute = walk(&[
            (1, Syn, Silence, None),
            (1, SynOtherPort, Silence, None),
            (2, Syn, Silence, None),
            (2, SynOtherPort, Unreachable, Some(2)),
        ]);
        assert_eq!(mute, None, "a first router that says nothing tells nothing");
    }
}
