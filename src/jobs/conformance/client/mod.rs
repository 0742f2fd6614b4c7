//! What a client is tested for: an honest server of ours, spoilt by the edits of a case, walks it through the call. A file for
//! each topic and one for each family that is made from the formats.

mod auth;
mod binding;
mod certs;
mod data;
mod fields;
mod formats;
mod framing;
mod http;
mod lcp;
mod looks;
pub mod mutants;
mod ncp;
mod setup;
mod shapes;
mod splits;
mod states;
mod teardown;
mod timers;

pub use certs::OVER_SOCKETS;

use super::case::{Case, Level, Row};
use super::expect::Expect;
use crate::base::{Side, SpecRef};
use crate::transcript::What;

const TABLES: [&[Row]; 12] = [
    certs::ROWS,
    http::ROWS,
    formats::ROWS,
    framing::ROWS,
    setup::ROWS,
    lcp::ROWS,
    auth::ROWS,
    binding::ROWS,
    ncp::ROWS,
    data::ROWS,
    timers::ROWS,
    teardown::ROWS,
];

/// Every client case, in the order of the topics; the families stand behind the rows. A case is put before a client by
/// [`super::rehearse::caller_of`], which plays our end of it, and judged by [`super::verdict::judge`].
pub fn all() -> Vec<Case> {
    let rows = TABLES.into_iter().flatten().map(Case::from);
    let topics = http::cases().into_iter().chain(binding::cases()).chain(auth::cases()).chain(lcp::cases()).chain(framing::cases());
    rows.chain(topics).chain(states::cases()).chain(fields::cases()).chain(shapes::cases()).chain(splits::cases()).collect()
}

const fn must(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Client, Level::Must, id, SpecRef::sstp(section), covers)
}

const fn derived(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Client, Level::Derived, id, SpecRef::sstp(section), covers)
}

const fn should(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Client, Level::Should, id, SpecRef::sstp(section), covers)
}

const fn interop(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Client, Level::Interop, id, SpecRef::sstp(section), covers)
}

const fn rfc(level: Level, id: &'static str, number: u16, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Client, level, id, SpecRef::rfc(number, section), covers)
}

/// Ended somehow.
const ENDED: Expect = Expect::Any(&[Expect::Sends("sstp.call-abort"), Expect::Sends("sstp.call-disconnect"), Expect::Sends("closed")]);
/// Ended, and Call Connected never came.
const LEFT_UNBOUND: Expect = Expect::All(&[ENDED, Expect::Never("sstp.call-connected")]);
/// Call Abort, whatever its status.
const ABORT: Expect = Expect::Sends("sstp.call-abort");
/// MS-SSTP 2.2.8: a message that the state does not allow.
const ABORT_5: Expect = Expect::Any(&[Expect::Status("sstp.call-abort", None, &[5]), BARE]);
/// MS-SSTP 2.2.8: a format or type that is not known.
const ABORT_7: Expect = Expect::Any(&[Expect::Status("sstp.call-abort", None, &[7]), BARE]);
/// MS-SSTP 2.2.13: a status SHOULD be there, so that none is as good as the right one; another case looks for it.
const BARE: Expect = Expect::Is("sstp.call-abort without a status", |view| {
    let bare = view.named("sstp.call-abort").any(|event| matches!(&event.what, What::Sstp(message) if message.attributes.is_empty()));
    if bare { Ok(()) } else { Err("no bare sstp.call-abort".to_string()) }
});
/// The stream cannot be cut any more: closed without a word, or Abort 7. MS-SSTP 3.1.5.1, 2.2.8.
const LOST: Expect = Expect::Any(&[Expect::Sends("closed"), ABORT_7]);
/// The stream cannot be cut any more, since a length is none: closed, and no message. MS-SSTP 3.1.5.1.
const DROPPED: Expect = Expect::All(&[Expect::Sends("closed"), Expect::Never("sstp.*")]);
/// Too short for its own header: Abort 7, or closed. MS-SSTP 3.1.5.1, 3.2.5.3.1.
const CUT_SHORT: Expect = LOST;
/// The call goes on: LCP.
const GOES_ON: Expect = Expect::Any(&[Expect::Sends("lcp.configure-request"), Expect::Sends("lcp.configure-ack")]);
/// The call goes on: LCP comes up.
const LINKED: Expect = Expect::Up(crate::base::Layer::Lcp);
/// The call goes on: the login succeeds.
const LOGGED_IN: Expect = Expect::Up(crate::base::Layer::Auth);
/// The call goes on: crypto binding is right.
const BOUND: Expect = Expect::Up(crate::base::Layer::Binding);
/// The call goes on: addresses are agreed on.
const NETWORK: Expect = Expect::Up(crate::base::Layer::Ncp);
/// Call Connect Request.
const REQUEST: Expect = Expect::Sends("sstp.call-connect-request");
/// The client hangs up, and is asked to by whoever runs it.
const HANGS_UP: (Expect, &str) = (Expect::Sends("sstp.call-disconnect"), "the client was not made to hang up");
/// A harmless edit late in the call, for cases that only watch.
const WATCHED: &[&str] = &["ipcp.configure-ack#1 split 4"];
