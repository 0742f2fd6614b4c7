//! What the built-in server can be told to do wrong inside, as real servers do: defects that an honest call hardly meets, so that
//! a mutation run or a conformance case can be seen to find them.

use crate::base::{Doc, SpecRef};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// One seeded defect of the server; [`ROWS`] says what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each has a title in ROWS, and docs/mutators.md prints them")]
pub enum Bug {
    AnyMethod,
    AnyPath,
    HeadWithoutEnd,
    HeadInOneRead,
    VersionTaken,
    LengthOffByOne,
    LengthUnmasked,
    LengthZeroHangs,
    ShortAttributeEnds,
    CountTaken,
    TrailingTaken,
    ReservedRefused,
    ReservedAttributeEnds,
    UnknownAttributeEnds,
    UnknownAttributeTaken,
    UnknownTypePassed,
    DuplicateTaken,
    MissingTaken,
    ProtocolTaken,
    NakLoopHangs,
    NakForEver,
    OneOfTwo,
    SplitLost,
    LargeEnds,
    LargestKills,
    EmptyEnds,
    SecondRequest,
    PppBeforeRequest,
    EchoEarly,
    ConnectedEarly,
    ConnectedAgain,
    MisstepsPassed,
    MisstepsSometimes,
    MacUnchecked,
    CertHashUnchecked,
    NonceUnchecked,
    HashUnchecked,
    BindingFormUnchecked,
    NonceReused,
    AbortIgnored,
    DisconnectIgnored,
    DisconnectStays,
    NegotiationRestarts,
    HelloNeverEnds,
    EchoLeaks,
    PppLengthLeaks,
    BadPppEnds,
    FrameLeak,
    OptionLoops,
    UnknownOptionSlow,
    CodeUnanswered,
    ProtocolEnds,
    TerminateIgnored,
    IdentifierCut,
    IdentifierReplays,
    NetworkBeforeLogin,
    ResponseIdUnchecked,
    ResponseCutTaken,
    UnusualRefused,
    OtherLengthSilent,
    BehindHeadLost,
    NakIsFinal,
    EarlyPppEnds,
    Md5Refused,
    FourthCallLost,
    CookieOpens,
    DataUnbound,
    OneEndsAll,
    LargeReplies,
    FullEnds,
    UnaskedEchoEnds,
    LcpAnswersEarly,
    DiscardRejected,
    PaddingRead,
    BadOptionEnds,
    EarlyDataEnds,
    StrangeIpEnds,
    BareFrameLost,
    OnlyEchoKeeps,
    SecondAskLost,
    AnyAckTaken,
    EapEmptyWelcomed,
    EapIdentifierUnchecked,
    EapLengthKills,
    EapFragmentsKept,
}

/// A defect as it is listed.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The switch.
    pub bug: Bug,
    /// The name in arguments; never renamed.
    pub id: &'static str,
    /// What the server does, for a person.
    pub title: &'static str,
    /// What it breaks.
    pub breaks: SpecRef,
}

const fn sstp(bug: Bug, id: &'static str, title: &'static str, section: &'static str) -> Row {
    Row { bug, id, title, breaks: SpecRef::sstp(section) }
}

const fn rfc(bug: Bug, id: &'static str, title: &'static str, number: u16, section: &'static str) -> Row {
    Row { bug, id, title, breaks: SpecRef { doc: Doc::Rfc(number), section } }
}

/// Every defect, from HTTP upwards.
pub const ROWS: &[Row] = &[
    sstp(Bug::AnyMethod, "http-any-method", "any HTTP method opens a call", "3.3.5.1"),
    sstp(Bug::AnyPath, "http-any-path", "any path opens a call", "3.3.5.1"),
    rfc(Bug::HeadWithoutEnd, "http-head-without-end", "an HTTP head is collected however long it grows", 9112, "3"),
    rfc(Bug::HeadInOneRead, "http-head-in-one-read", "an HTTP head that comes in two reads ends the connection", 9112, "2.2"),
    sstp(Bug::VersionTaken, "version-taken", "a packet of another version is read like one of version 1.0", "3.1.5.1"),
    sstp(Bug::LengthOffByOne, "length-off-by-one", "an attribute whose length is wrong by one is taken", "2.2.4"),
    sstp(Bug::LengthUnmasked, "length-unmasked", "the reserved bits count as part of the length, and the rest is waited for", "2.2.1"),
    sstp(Bug::LengthZeroHangs, "length-zero-hangs", "an attribute of length 0 makes it walk for ever", "2.2.4"),
    sstp(Bug::ShortAttributeEnds, "short-attribute-ends", "an attribute that is cut short ends the connection task", "2.2.4"),
    sstp(Bug::CountTaken, "count-taken", "fewer attributes than the message says are taken", "2.2.2"),
    sstp(Bug::TrailingTaken, "trailing-taken", "bytes behind the last attribute are passed over", "2.2.2"),
    sstp(Bug::ReservedRefused, "reserved-refused", "a reserved bit of the header is answered by Abort", "2.2.1"),
    sstp(Bug::ReservedAttributeEnds, "reserved-attribute-ends", "a reserved bit of an attribute ends the connection task", "2.2.4"),
    sstp(Bug::UnknownAttributeEnds, "unknown-attribute-ends", "an attribute of an unknown id ends the connection task", "3.3.5.2.2"),
    sstp(
        Bug::UnknownAttributeTaken,
        "unknown-attribute-taken",
        "an unknown attribute in a Call Connect Request is passed over",
        "3.3.5.2.2",
    ),
    sstp(Bug::UnknownTypePassed, "unknown-type-passed", "a message of an unknown type is passed over", "3.1.5.1"),
    sstp(Bug::DuplicateTaken, "duplicate-taken", "an attribute that comes twice is taken", "3.3.5.2.2"),
    sstp(Bug::MissingTaken, "missing-taken", "a Call Connect Request without its attribute is taken", "3.3.5.2.2"),
    sstp(Bug::ProtocolTaken, "protocol-taken", "any encapsulated protocol is taken", "3.3.5.2.2"),
    sstp(Bug::NakLoopHangs, "nak-loop-hangs", "the fourth bad Call Connect Request makes it fall silent", "3.3.5.2.2"),
    sstp(Bug::NakForEver, "nak-for-ever", "bad Call Connect Requests are answered by Nak without end", "3.3.5.2.2"),
    sstp(Bug::OneOfTwo, "one-of-two", "of two packets in one read the second is lost", "3.1.5.1"),
    sstp(Bug::SplitLost, "split-lost", "a packet that comes in two reads is lost", "3.1.5.1"),
    sstp(Bug::LargeEnds, "large-ends", "a packet of more than 1,500 bytes ends the connection task", "2.2.1"),
    sstp(
        Bug::LargestKills,
        "largest-kills",
        "after a packet of 4,095 bytes no call is served any more: TCP and TLS are taken, and the connection closed",
        "2.2.1",
    ),
    sstp(Bug::EmptyEnds, "empty-ends", "a data packet without a frame ends the connection task", "2.2.3"),
    sstp(Bug::SecondRequest, "second-request", "a second Call Connect Request is acknowledged", "3.3.5.2.2"),
    sstp(Bug::PppBeforeRequest, "ppp-before-request", "PPP is answered before Call Connect Request", "3.3.5.1"),
    sstp(Bug::EchoEarly, "echo-early", "an Echo Request is answered before Call Connected", "3.1.5.2"),
    sstp(Bug::ConnectedEarly, "connected-early", "Call Connected is taken before the login", "3.3.5.2.3"),
    sstp(Bug::ConnectedAgain, "connected-again", "a second Call Connected is passed over", "3.3.5.2.3"),
    sstp(Bug::MisstepsPassed, "missteps-passed", "messages out of turn are passed over", "3.3.5.2"),
    sstp(Bug::MisstepsSometimes, "missteps-sometimes", "every other message out of turn is passed over", "3.3.5.2"),
    sstp(Bug::MacUnchecked, "mac-unchecked", "the compound MAC is not checked", "3.3.5.2.3"),
    sstp(Bug::CertHashUnchecked, "cert-hash-unchecked", "the certificate hash is not checked", "3.3.5.2.3"),
    sstp(Bug::NonceUnchecked, "nonce-unchecked", "the nonce is not checked", "3.3.5.2.3"),
    sstp(Bug::HashUnchecked, "hash-unchecked", "a hash protocol that was not offered is taken", "3.3.5.2.3"),
    sstp(
        Bug::BindingFormUnchecked,
        "binding-form-unchecked",
        "a Call Connected without its attribute, or with another, is taken",
        "3.3.5.2.3",
    ),
    sstp(Bug::NonceReused, "nonce-reused", "every call has the same nonce", "2.2.6"),
    sstp(Bug::AbortIgnored, "abort-ignored", "Call Abort is passed over", "3.1.5.3"),
    sstp(Bug::DisconnectIgnored, "disconnect-ignored", "Call Disconnect is not acknowledged when it has no Status Info", "3.1.5.4"),
    sstp(Bug::DisconnectStays, "disconnect-stays", "after a Call Disconnect without Status Info the connection stays open", "3.1.2.2"),
    sstp(Bug::NegotiationRestarts, "negotiation-restarts", "every message restarts the negotiation timer", "3.3.2.1"),
    sstp(Bug::HelloNeverEnds, "hello-never-ends", "a silent client is asked for an echo for ever", "3.1.2.3"),
    sstp(Bug::EchoLeaks, "echo-leaks", "the answer to an Echo Request with data repeats bytes of an earlier packet", "2.2.15"),
    rfc(Bug::PppLengthLeaks, "ppp-length-leaks", "an LCP Echo-Request that says to be longer is filled up from memory", 1661, "5.8"),
    rfc(Bug::BadPppEnds, "bad-ppp-ends", "a PPP frame that cannot be read ends the connection task", 1661, "5"),
    rfc(Bug::FrameLeak, "frame-leak", "the memory of a frame of an unknown protocol is never given back", 1661, "5.7"),
    rfc(Bug::OptionLoops, "option-loops", "an LCP option of a wrong length is rejected over and over", 1661, "6"),
    rfc(Bug::UnknownOptionSlow, "unknown-option-slow", "an unknown LCP option makes it think for two seconds", 1661, "5.4"),
    rfc(Bug::CodeUnanswered, "code-unanswered", "an unknown LCP code is passed over", 1661, "5.6"),
    rfc(Bug::ProtocolEnds, "protocol-ends", "an unknown PPP protocol ends the connection task", 1661, "5.7"),
    rfc(Bug::TerminateIgnored, "terminate-ignored", "Terminate-Request is passed over", 1661, "5.5"),
    rfc(Bug::IdentifierCut, "identifier-cut", "the highest bit of an identifier is lost in the answer", 1661, "5.8"),
    rfc(Bug::IdentifierReplays, "identifier-replays", "a request with the identifier of the last gets the answer to that", 1661, "5.1"),
    rfc(Bug::NetworkBeforeLogin, "network-before-login", "IPCP is answered before the login", 1661, "3.5"),
    rfc(Bug::ResponseIdUnchecked, "response-id-unchecked", "a CHAP Response to another challenge is taken", 1994, "4.1"),
    rfc(Bug::ResponseCutTaken, "response-cut-taken", "of a CHAP Response only as much as came is compared", 2759, "4"),
];

/// Defects of a login with TLS inside EAP (EAP-TLS, PEAP): a mutation run finds them in a call that logs in so.
pub const LOGINS: &[Row] = &[
    rfc(
        Bug::EapEmptyWelcomed,
        "eap-empty-welcomed",
        "an empty response within EAP-TLS or PEAP ends the login with Success at any time",
        3748,
        "4.2",
    ),
    rfc(Bug::EapIdentifierUnchecked, "eap-identifier-unchecked", "an EAP Response to another request is taken", 3748, "4.1"),
    rfc(
        Bug::EapLengthKills,
        "eap-length-kills",
        "TLS within EAP that is announced with more than 64 KiB ends the whole server",
        5216,
        "2.1.5",
    ),
    rfc(Bug::EapFragmentsKept, "eap-fragments-kept", "the memory of fragments of TLS within EAP is never given back", 5216, "2.1.5"),
];

/// Rules that a server can break without any harm but to the clients that lean on them: each proves that a conformance case can
/// fail, as a mutant of `jobs::lab`. They are not among those that a mutation run must find.
pub const RULES: &[Row] = &[
    sstp(Bug::UnusualRefused, "unusual-refused", "a request that does not look like those of most clients is refused", "3.3.5.1"),
    sstp(Bug::OtherLengthSilent, "other-length-silent", "a request with another Content-Length is not answered", "3.3.5.1"),
    sstp(Bug::BehindHeadLost, "behind-head-lost", "what comes in one read with the request is lost", "3.1.7.2"),
    sstp(Bug::NakIsFinal, "nak-is-final", "after a Nak no request is good enough", "3.3.1.1.1"),
    sstp(Bug::EarlyPppEnds, "early-ppp-ends", "PPP before Call Connect Request ends the connection", "3.3.7.2"),
    sstp(Bug::FourthCallLost, "fourth-call-lost", "every fourth connection is closed", "3.3.5.2.5"),
    sstp(Bug::CookieOpens, "cookie-opens", "no login is asked for where the request has a cookie", "3.3.7.3"),
    sstp(Bug::DataUnbound, "data-unbound", "network packets pass before Call Connected", "3.3.7.2"),
    sstp(Bug::OneEndsAll, "one-ends-all", "a call that ends ends all others", "3.3.5.2.4"),
    sstp(Bug::FullEnds, "full-ends", "a packet of more than 1,400 bytes ends the connection", "2.2.1"),
    sstp(Bug::UnaskedEchoEnds, "unasked-echo-ends", "an Echo Response that nobody asked for ends the connection", "3.3.5.2.8"),
    sstp(Bug::EarlyDataEnds, "early-data-ends", "a network packet that comes too early ends the connection", "3.3.7.2"),
    sstp(Bug::StrangeIpEnds, "strange-ip-ends", "an IP packet that is cut short or from another address ends the connection", "3.1.5.2"),
    rfc(Bug::LcpAnswersEarly, "lcp-answers-early", "what may only come when LCP is open is answered before", 1661, "3.4"),
    sstp(Bug::OnlyEchoKeeps, "only-echo-keeps", "a call whose Echo Request is not answered ends, whatever else comes", "3.1.2.3"),
    sstp(Bug::SecondAskLost, "second-ask-lost", "of two requests or IP packets in one read the second is lost", "3.1.7.2"),
    rfc(Bug::AnyAckTaken, "any-ack-taken", "a Configure-Ack is taken that does not answer the last request", 1661, "5.2"),
    rfc(Bug::BareFrameLost, "bare-frame-lost", "a frame without FF 03 is lost", 1661, "6.6"),
    rfc(Bug::DiscardRejected, "discard-rejected", "a Discard-Request is answered by Code-Reject", 1661, "5.9"),
    rfc(Bug::PaddingRead, "padding-read", "bytes behind the length of an LCP packet are read like options", 1661, "5"),
    rfc(Bug::BadOptionEnds, "bad-option-ends", "an LCP option whose length cannot be ends the connection", 1661, "6"),
    rfc(Bug::LargeReplies, "large-replies", "the MRU of the client is not heeded", 1661, "6.1"),
    rfc(Bug::Md5Refused, "md5-refused", "no proof by MD5 is right", 1994, "2.1"),
];

impl Bug {
    /// How it is listed.
    pub fn row(self) -> Option<&'static Row> {
        ROWS.iter().chain(LOGINS).chain(RULES).find(|row| row.bug == self)
    }

    /// The defect of that id.
    pub fn from_id(id: &str) -> Option<Bug> {
        ROWS.iter().chain(LOGINS).find(|row| row.id == id).map(|row| row.bug)
    }
}

/// The defects of one server, and what its connections share. Clones share it too.
#[derive(Clone, Debug, Default)]
pub struct Bugs {
    on: Vec<Bug>,
    common: Arc<Common>,
}

#[derive(Debug, Default)]
struct Common {
    dead: AtomicBool,
    held: AtomicU64,
    turn: AtomicU32,
    ended: AtomicU32,
}

impl Bugs {
    /// A server with these defects.
    pub fn of(bugs: &[Bug]) -> Bugs {
        Bugs { on: bugs.to_vec(), common: Arc::default() }
    }

    /// It has none.
    pub fn is_empty(&self) -> bool {
        self.on.is_empty()
    }

    /// Whether it has this one.
    pub fn has(&self, bug: Bug) -> bool {
        self.on.contains(&bug)
    }

    /// Without this one.
    pub fn remove(&mut self, bug: Bug) {
        self.on.retain(|other| *other != bug);
    }

    /// Another one.
    pub fn add(&mut self, bug: Bug) {
        self.on.push(bug);
    }

    /// The whole server is dead: no connection is served any more.
    pub fn is_dead(&self) -> bool {
        self.common.dead.load(Ordering::Relaxed)
    }

    /// Somebody starts the server again.
    pub fn revive(&self) {
        self.common.dead.store(false, Ordering::Relaxed);
    }

    pub(super) fn kill(&self) {
        self.common.dead.store(true, Ordering::Relaxed);
    }

    /// Bytes that the server holds and will never give back.
    pub fn held(&self) -> u64 {
        self.common.held.load(Ordering::Relaxed)
    }

    /// Takes memory and keeps it for ever.
    pub(super) fn leak(&self, bytes: usize) {
        // What nobody looks at, an optimised build does not even take.
        std::mem::forget(std::hint::black_box(vec![1u8; bytes]));
        self.common.held.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// So many calls have ended.
    pub(super) fn ended(&self) -> u32 {
        self.common.ended.load(Ordering::Relaxed)
    }

    /// A call ends.
    pub(super) fn end_one(&self) {
        self.common.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// True every fourth time.
    pub(super) fn every_fourth_time(&self) -> bool {
        self.common.turn.fetch_add(1, Ordering::Relaxed) % 4 == 3
    }

    /// True every other time.
    pub(super) fn every_other_time(&self) -> bool {
        self.common.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_bug_has_one_row_with_an_id_of_its_own() {
        let all = || ROWS.iter().chain(LOGINS).chain(RULES);
        let ids: HashSet<_> = all().map(|row| row.id).collect();
        let bugs: HashSet<_> = all().map(|row| row.bug).collect();
        assert_eq!((ids.len(), bugs.len()), (all().count(), all().count()));
        assert!(ROWS.len() >= 30);
        for row in ROWS.iter().chain(LOGINS) {
            assert_eq!(Bug::from_id(row.id), Some(row.bug));
            assert!(row.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", row.id);
            assert!(!row.title.ends_with('.') && !row.title.is_empty(), "{}", row.id);
        }
    }

    #[test]
    fn what_one_connection_does_to_the_server_the_others_see() {
        let bugs = Bugs::of(&[Bug::LargestKills]);
        let other = bugs.clone();
        bugs.kill();
        bugs.leak(4096);
        assert!(other.is_dead() && other.held() == 4096 && other.has(Bug::LargestKills) && !other.has(Bug::NonceReused));
        other.revive();
        assert!(!bugs.is_dead());
    }
}
