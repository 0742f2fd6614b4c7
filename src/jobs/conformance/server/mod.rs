//! What a server is tested for, a file for each topic and one for the families that are made from the formats.

mod auth;
mod binding;
mod certs;
mod connect;
mod data;
mod echo;
mod fields;
mod framing;
mod http;
mod ipcp;
mod lcp;
mod lcp_family;
mod sent;
mod shapes;
mod splits;
mod states;
mod teardown;
mod timers;
mod tls;
mod together;

use super::case::{Case, Level, Row};
use super::expect::Expect;
use crate::base::{Side, SpecRef};
use crate::transcript::What;

const TABLES: [&[Row]; 15] = [
    tls::ROWS,
    certs::ROWS,
    http::ROWS,
    framing::ROWS,
    sent::ROWS,
    connect::ROWS,
    binding::ROWS,
    echo::ROWS,
    timers::ROWS,
    lcp::ROWS,
    auth::ROWS,
    ipcp::ROWS,
    data::ROWS,
    teardown::ROWS,
    together::ROWS,
];

/// Every case, in the order of the topics; the families stand behind the rows.
pub fn all() -> Vec<Case> {
    let rows = TABLES.into_iter().flatten().map(Case::from);
    rows.chain(states::cases())
        .chain(fields::cases())
        .chain(shapes::cases())
        .chain(splits::cases())
        .chain(lcp_family::cases())
        .chain(data::cases())
        .collect()
}

const fn must(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Server, Level::Must, id, SpecRef::sstp(section), covers)
}

const fn derived(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Server, Level::Derived, id, SpecRef::sstp(section), covers)
}

const fn should(id: &'static str, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Server, Level::Should, id, SpecRef::sstp(section), covers)
}

const fn rfc(level: Level, id: &'static str, number: u16, section: &'static str, covers: &'static [&'static str]) -> Row {
    Row::new(Side::Server, level, id, SpecRef::rfc(number, section), covers)
}

/// The request is accepted.
const ACKED: Expect = Expect::Sends("sstp.call-connect-ack");
/// Refused somehow.
const REFUSED: Expect = Expect::Any(&[
    Expect::Sends("sstp.call-abort"),
    Expect::Sends("sstp.call-connect-nak"),
    Expect::Sends("sstp.call-disconnect"),
    Expect::Sends("closed"),
]);
/// The call lives: an LCP Echo-Request, which every server has to answer, is. RFC 1661 5.8.
const ALIVE: Expect = Expect::All(&[Expect::Sends("lcp.echo-reply"), Expect::Never("sstp.call-abort"), Expect::Never("closed")]);
/// A plain Echo Request, ahead of the one that the case is about; and our end stays for both answers.
const PLAIN_ECHO_FIRST: [&str; 2] = ["sstp.echo-request#1 before 10 01 00 08 00 08 00 00", "sstp.call-disconnect#* drop"];
const ANSWERS_ECHOES: (Expect, &str) = (Expect::Sends("sstp.echo-response"), "the server answers no Echo Request at all");
/// Ended somehow.
const ENDED: Expect = Expect::Any(&[Expect::Sends("sstp.call-abort"), Expect::Sends("sstp.call-disconnect"), Expect::Sends("closed")]);
/// MS-SSTP 2.2.8: a message that the state does not allow. Status 5 is meant; the transition rules name none, so that 7 will do.
const ABORT_5: Expect = Expect::Any(&[Expect::Status("sstp.call-abort", None, &[5, 7]), BARE]);
/// MS-SSTP 2.2.8: a format or type that is not known.
const ABORT_7: Expect = Expect::Any(&[Expect::Status("sstp.call-abort", None, &[7]), BARE]);
/// MS-SSTP 2.2.13: a status SHOULD be there, so that none is as good as the right one; another case looks for it.
const BARE: Expect = Expect::Is("sstp.call-abort without a status", |view| {
    let bare = view.named("sstp.call-abort").any(|event| matches!(&event.what, What::Sstp(message) if message.attributes.is_empty()));
    if bare { Ok(()) } else { Err("no bare sstp.call-abort".to_string()) }
});
/// Call Abort, whatever its status.
const ABORTED: Expect = Expect::Sends("sstp.call-abort");
/// Too short for its own header, or an attribute that cannot be: ended, with status 7 or by closing. MS-SSTP 3.1.5.1, 3.3.5.2.1.
const CUT_SHORT: Expect = Expect::Any(&[ABORT_7, Expect::Sends("closed")]);
/// A request whose attributes are not as many as it says: Abort 7, or a Nak. MS-SSTP 3.3.5.2.1.
const MISCOUNTED: Expect =
    Expect::All(&[Expect::Any(&[ABORT_7, Expect::Sends("sstp.call-connect-nak")]), Expect::Never("sstp.call-connect-ack")]);
/// A request with an attribute that is shorter than itself or runs past the end: ended, or a Nak with status 3. MS-SSTP 3.3.5.2.1.
const MALFORMED: Expect = Expect::All(&[
    Expect::Any(&[ABORT_7, Expect::Status("sstp.call-connect-nak", None, &[3]), Expect::Sends("closed")]),
    Expect::Never("sstp.call-connect-ack"),
]);
/// A request with an attribute of another message: a Nak, or Abort. MS-SSTP 2.2.4, 3.3.5.2.2.
const NOT_ACCEPTED: Expect = Expect::All(&[
    Expect::Any(&[Expect::Sends("sstp.call-connect-nak"), Expect::Sends("sstp.call-abort")]),
    Expect::Never("sstp.call-connect-ack"),
]);
/// The stream cannot be delineated any more: closed, and no message.
const DROPPED: Expect = Expect::All(&[Expect::Sends("closed"), Expect::Never("sstp.*")]);
const ENDED_ALONE: Expect = Expect::Any(&[Expect::Sends("closed"), Expect::Sends("sstp.call-abort")]);
/// Crypto binding refused. MS-SSTP 3.3.5.2.3.
const ABORT_BINDING: Expect = Expect::Status("sstp.call-abort", Some(3), &[4]);
/// Call Connected with attributes that cannot be. MS-SSTP 3.3.5.2.3.
const ABORT_CONNECTED: Expect = Expect::Status("sstp.call-abort", Some(2), &[9]);
/// The call goes on: LCP.
const GOES_ON: Expect = Expect::Up(crate::base::Layer::Lcp);
/// The call goes on: crypto binding is taken.
const BOUND: Expect = Expect::Up(crate::base::Layer::Binding);
