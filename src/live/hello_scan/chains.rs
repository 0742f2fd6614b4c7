//! What a server accepts, found by offering much and taking away what it picks, until it refuses.

use super::ask::Heard;
use super::desk::Desk;
use crate::transcript::ScanAnswer;
use crate::transcript::scan::{Order, Suite};
use crate::wire::tls::hello::EMPTY_RENEGOTIATION_INFO;
use crate::wire::tls::suite::{self, Kx};
use crate::wire::tls::{ClientHello, TLS13, Until};

/// Things accepted, in the order in which the server picked them, and whether it refused the rest by word.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub found: Vec<T>,
    /// The chain came to its end.
    pub whole: bool,
    /// It ended without a word of TLS.
    pub odd: bool,
}

/// Every suite that the server accepts in the one version of `wide`; `first` is the answer to `wide` itself.
pub(super) async fn suites(desk: &Desk, wide: &ClientHello, first: Heard) -> Found<Suite> {
    let version = wide.versions.first().copied().unwrap_or_default();
    let all: Vec<u16> = wide.suites.iter().copied().filter(|suite| *suite != EMPTY_RENEGOTIATION_INFO).collect();
    let mut lists = vec![all];
    let mut first = Some(first);
    let mut found = Found { found: Vec::new(), whole: true, odd: false };
    while let Some(mut list) = lists.pop() {
        let heard = match first.take() {
            Some(heard) => Some(heard),
            None => desk.ask(&with_suites(wide, &list), Until::Done).await,
        };
        let Some(heard) = heard else {
            found.whole = false;
            break;
        };
        match heard.accepted().filter(|(chosen, suite)| *chosen == version && list.contains(suite)) {
            Some((_, cipher)) => {
                found.found.push(Suite { cipher, group: group(&heard), bits: heard.exchange.bits });
                list.retain(|suite| *suite != cipher);
                lists.extend((!list.is_empty()).then_some(list));
            }
            // Some servers take a long list for an attack: shorter ones show whether that was it.
            None if list.len() > LONG && found.found.is_empty() && may_be_the_length(&heard.answer) => {
                lists.extend(list.chunks(LONG).rev().map(<[u16]>::to_vec))
            }
            None => found.odd |= heard.is_odd(),
        }
    }
    found
}

/// Silence takes long enough once, and a version that the server does not speak is no matter of length.
fn may_be_the_length(answer: &ScanAnswer) -> bool {
    !matches!(answer, ScanAnswer::Silence | ScanAnswer::Alert(PROTOCOL_VERSION))
}

/// Whose order decides: the same suites offered the other way round.
pub(super) async fn order(desk: &Desk, wide: &ClientHello, suites: &[Suite]) -> Order {
    let (Some(first), Some(last)) = (suites.first(), suites.last()) else { return Order::Unknown };
    if suites.len() < 2 {
        return Order::Unknown;
    }
    let reversed: Vec<u16> = suites.iter().rev().map(|suite| suite.cipher).collect();
    let heard = desk.ask(&with_suites(wide, &reversed), Until::Hello).await;
    match heard.and_then(|heard| heard.accepted()) {
        Some((_, picked)) if picked == first.cipher => Order::Server,
        Some((_, picked)) if picked == last.cipher => Order::Client,
        _ => Order::Unknown,
    }
}

/// Every group that the server accepts with those suites. Up to TLS 1.2 the curve of an EC certificate has to be among those offered
/// (RFC 8422 5.1): where a group is struck off and nothing is accepted any more, it stays at the end of the list.
pub(super) async fn groups(desk: &Desk, wide: &ClientHello, suites: &[u16]) -> Found<u16> {
    let hello = with_suites(wide, suites);
    let mut found = Found { found: Vec::new(), whole: true, odd: false };
    let (mut left, mut stays) = (hello.groups.clone(), None);
    while !left.is_empty() {
        let groups = left.iter().copied().chain(stays).collect();
        let Some(heard) = desk.ask(&ClientHello { groups, ..hello.clone() }, Until::Done).await else {
            found.whole = false;
            break;
        };
        found.odd |= heard.is_odd();
        match group(&heard) {
            None if stays.is_none() && !found.found.is_empty() => stays = found.found.last().copied(),
            Some(picked) if !found.found.contains(&picked) => {
                found.found.push(picked);
                // A server that takes a group nobody offered does not look at the list.
                if !left.contains(&picked) {
                    break;
                }
                left.retain(|group| *group != picked);
            }
            _ => break,
        }
    }
    found
}

/// Those of the suites whose key exchange takes a group from the list.
pub(super) fn over_groups(version: u16, suites: &[Suite]) -> Vec<u16> {
    let curves = |cipher: &u16| version >= TLS13 || suite::Suite::of(*cipher).is_some_and(|row| row.kx == Kx::Ecdhe);
    suites.iter().map(|suite| suite.cipher).filter(curves).collect()
}

pub(super) fn with_suites(wide: &ClientHello, suites: &[u16]) -> ClientHello {
    let renegotiation = if wide.versions.contains(&TLS13) { &[][..] } else { &[EMPTY_RENEGOTIATION_INFO] };
    ClientHello { suites: [suites, renegotiation].concat(), ..wide.clone() }
}

/// The group chosen, or asked for.
fn group(heard: &Heard) -> Option<u16> {
    heard.choice.as_ref().and_then(|choice| choice.group).or(heard.exchange.group)
}

/// RFC 8446 6.2.
const PROTOCOL_VERSION: u8 = 70;
/// Ours: a longer list of suites is cut when a server refuses it.
const LONG: usize = 48;
