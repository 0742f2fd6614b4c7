//! Built-in clients that break one rule each, so that a case can be seen to fail: by what they do ([`Quirk`]) where that is what
//! real clients do, and else by edits of their messages.

use crate::crypto::binding::HashProtocol;
use crate::proto::edit::Edit;
use crate::proto::plan::{BindingKey, ClientConfig, Timers};
use crate::proto::quirk::Quirk;
use std::time::Duration;

/// A client that breaks a rule.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// `client.what-is-wrong`; never renamed.
    pub id: &'static str,
    /// What is wrong, for a person.
    pub title: &'static str,
    /// By what it does.
    pub quirks: &'static [Quirk],
    /// By edits of its messages.
    pub edits: &'static [&'static str],
    /// By its policy.
    pub policy: fn(&mut ClientConfig),
}

impl Mutant {
    /// The edits as they are carried out; a line that is no edit is left out, and a test finds it.
    pub fn parsed(&self) -> Vec<Edit> {
        self.edits.iter().filter_map(|line| Edit::parse(line).ok()).collect()
    }
}

/// The mutant of that id.
pub fn find(id: &str) -> Option<&'static Mutant> {
    MUTANTS.iter().find(|mutant| mutant.id == id)
}

const fn quirk(id: &'static str, title: &'static str, quirks: &'static [Quirk]) -> Mutant {
    Mutant { id, title, quirks, edits: &[], policy: |_| {} }
}

const fn edits(id: &'static str, title: &'static str, edits: &'static [&'static str]) -> Mutant {
    Mutant { id, title, quirks: &[], edits, policy: |_| {} }
}

const fn policy(id: &'static str, title: &'static str, policy: fn(&mut ClientConfig)) -> Mutant {
    Mutant { id, title, quirks: &[], edits: &[], policy }
}

const EVERYTHING: &[Quirk] = &[Quirk::TakesMissteps, Quirk::TakesMalformed, Quirk::TakesAnyAck, Quirk::KeepsOpen];

/// Every mutant.
pub const MUTANTS: &[Mutant] = &[
    // What it takes although it is wrong.
    quirk("client.takes-missteps", "messages out of turn and of unknown types are passed over", &[Quirk::TakesMissteps]),
    quirk("client.takes-malformed", "control messages that cannot be read are passed over", &[Quirk::TakesMalformed]),
    quirk("client.takes-any-ack", "any Call Connect Ack will do", &[Quirk::TakesAnyAck]),
    Mutant {
        edits: &["sstp.call-abort#* drop", "sstp.call-disconnect#* drop", "sstp.call-disconnect-ack#* drop"],
        ..quirk("client.takes-everything", "what is wrong is passed over, and nothing ends the call", EVERYTHING)
    },
    Mutant {
        edits: &["sstp.call-abort#* drop", "sstp.call-disconnect#* drop"],
        ..quirk("client.ignores", "what should end the call does not", &[Quirk::KeepsOpen, Quirk::TakesAnyProof])
    },
    quirk("client.keeps-open", "the connection is never closed", &[Quirk::KeepsOpen]),
    quirk("client.takes-any-status", "whatever answers the request, the call goes on", &[Quirk::TakesAnyStatus]),
    quirk("client.takes-any-proof", "a Success is believed whatever proof it brings", &[Quirk::TakesAnyProof]),
    quirk("client.takes-stale", "answers to older requests count", &[Quirk::TakesStale]),
    quirk("client.acks-all", "whatever LCP asks for is acknowledged", &[Quirk::AcksAll]),
    quirk("client.answers-when-over", "messages are answered although the call is over", &[Quirk::AnswersWhenOver]),
    quirk("client.retries-for-ever", "a Nak is answered by another request for ever", &[Quirk::RetriesForEver]),
    // What it minds although it is right.
    quirk("client.minds-reserved", "a message with a reserved bit set ends the call", &[Quirk::MindsReserved]),
    Mutant {
        edits: &["sstp.call-abort#* drop"],
        ..quirk("client.minds-reserved-silently", "a message with a reserved bit set ends the call without a word", &[Quirk::MindsReserved])
    },
    quirk("client.minds-http", "an answer unlike that of most servers is refused", &[Quirk::MindsHttp]),
    quirk("client.minds-hash-bits", "a hash bitmask with unknown bits ends the call", &[Quirk::MindsHashBits]),
    quirk("client.minds-early-ppp", "PPP that comes too early ends the call", &[Quirk::MindsEarlyPpp]),
    quirk("client.minds-echoes", "an Echo Response that nobody asked for ends the call", &[Quirk::MindsEchoes]),
    quirk("client.aborts-on-ppp", "a PPP frame that cannot be read ends the call", &[Quirk::AbortsOnPpp]),
    quirk("client.one-read", "a read is taken for whole packets", &[Quirk::OneRead]),
    quirk("client.one-packet", "of a read only the first packet is looked at", &[Quirk::OnePacket]),
    quirk("client.takes-first-answer", "an interim answer is taken for the answer", &[Quirk::TakesFirstAnswer]),
    // What it does, or does not.
    quirk("client.hears-nothing", "what comes does not restart the hello timer", &[Quirk::HearsNothing]),
    quirk("client.leaves-ppp", "PPP is not ended before the call is", &[Quirk::LeavesPpp]),
    quirk("client.proves-once", "a challenge in a call that stands is not answered", &[Quirk::ProvesOnce]),
    quirk("client.deaf", "Configure-Naks and -Rejects change nothing", &[Quirk::Deaf]),
    quirk("client.hashes-domain", "the domain is hashed with the user name", &[Quirk::HashesDomain]),
    quirk("client.one-challenge", "every peer challenge is the same", &[Quirk::OneChallenge]),
    quirk("client.answers-anew", "an EAP request that comes again is answered anew", &[Quirk::AnswersAnew]),
    quirk("client.large-packets", "packets are larger than the MRU", &[Quirk::LargePackets]),
    quirk("client.binds-early", "Call Connected does not wait for the Success", &[Quirk::BindsEarly]),
    quirk("client.one-timer", "a Nak does not restart the negotiation timer", &[Quirk::OneTimer]),
    quirk("client.hangs-without-login", "without a login nothing happens any more", &[Quirk::HangsWithoutLogin]),
    quirk("client.insists-on-ipv6", "IPv6CP is asked for although it was rejected", &[Quirk::InsistsOnIpv6]),
    policy("client.no-retry", "the first Nak ends the call", |client| client.timers.max_failure = 0),
    policy("client.zero-key", "the compound MAC is under a key of zeros", |client| client.binding_key = BindingKey::Zero),
    policy("client.swapped-key", "the halves of the key are swapped", |client| client.binding_key = BindingKey::Swapped),
    policy("client.sha1", "SHA-1 is used always", |client| client.binding_hash = Some(HashProtocol::Sha1)),
    policy("client.sha256-always", "SHA-256 is used always", |client| client.binding_hash = Some(HashProtocol::Sha256)),
    policy("client.leaves-soon", "the call is left after 2 s", |client| client.stays = Some(Duration::from_secs(2))),
    policy("client.no-timers", "no timer runs", |client| {
        client.timers = Timers { layer: NEVER, layers: Vec::new(), hello: NEVER, max_configure: u32::MAX, ..Timers::default() };
    }),
    // Requests.
    edits("client.get", "the method is GET", &["http.request#1 splice 0..16 \"GET\""]),
    edits("client.root", "the URI is /", &["http.request#1 splice 17..61 \"/\""]),
    edits("client.query", "the URI has a query of another name", &["http.request#1 splice 61..61 \"?session=1\""]),
    edits("client.http-1.0", "the version is HTTP/1.0", &["http.request#1 splice 62..70 \"HTTP/1.0\""]),
    edits(
        "client.bare",
        "the request has no headers",
        &[r#"http.request#1 instead "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nX: 1\r\n\r\n""#],
    ),
    edits(
        "client.cookie",
        "the request has a cookie and a broken id",
        &[
            r#"http.request#1 instead "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: vpn.lab.example\r\nContent-Length: 18446744073709551615\r\nSSTPCORRELATIONID: {1}\r\nCookie: a=b\r\n\r\n""#,
        ],
    ),
    edits(
        "client.fixed-id",
        "every attempt has the same id",
        &[
            r#"http.request#1 instead "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: vpn.lab.example\r\nContent-Length: 18446744073709551615\r\nSSTPCORRELATIONID: {0F1A2D58-D4A3-E300-0FAD-3CE4906E07B7}\r\n\r\n""#,
        ],
    ),
    edits(
        "client.eager",
        "Call Connect Request follows the request unasked",
        &["http.request#1 splice 9999..9999 10 01 00 0e 00 01 00 01 00 01 00 06 00 01"],
    ),
    edits("client.nak-deaf", "a Nak is not answered", &["sstp.call-connect-request#2 drop", "sstp.call-abort#* drop"]),
    edits("client.two-requests", "Call Connect Request comes twice", &["sstp.call-connect-request#1 repeat 2"]),
    edits("client.other-retry", "the second request asks for something else", &["sstp.call-connect-request#2 set reserved=1"]),
    // The form of what it sends.
    edits("client.reserved", "reserved bits are set", &["lcp.configure-request#* set reserved=1"]),
    edits("client.late-version", "a packet has another version", &["ipcp.configure-ack#1 set version=0x11"]),
    edits("client.r-bits", "an R bit is set", &["lcp.configure-request#* set r=1"]),
    edits("client.c-bit", "a data packet has the C bit", &["ipcp.configure-ack#1 before 10 01 00 10 ff 03 80 21 01 77 00 08 00 00 00 00"]),
    edits("client.length", "a packet is longer than it says", &["ipcp.configure-ack#1 set length=8"]),
    edits("client.count", "Call Connected announces two attributes", &["sstp.call-connected#1 set num-attributes=2"]),
    edits(
        "client.attribute-reserved",
        "an attribute has a reserved byte set",
        &["sstp.call-connect-request#1 set encapsulated-protocol.reserved=1"],
    ),
    edits("client.protocol", "another protocol is encapsulated", &["sstp.call-connect-request#1 set encapsulated-protocol.protocol-id=2"]),
    edits(
        "client.two-frames",
        "a data packet holds two frames",
        &["lcp.configure-ack#1 splice 9999..9999 ff 03 c0 21 09 01 00 08 00 00 00 00", "lcp.configure-ack#1 set length=39"],
    ),
    edits(
        "client.fcs",
        "frames end with a check sequence",
        &["lcp.configure-ack#1 splice 9999..9999 12 34", "lcp.configure-ack#1 set length=29"],
    ),
    edits(
        "client.lcp-early",
        "LCP comes before the Ack",
        &["sstp.call-connect-request#1 before 10 00 00 10 ff 03 c0 21 01 01 00 08 01 04 05 78"],
    ),
    edits("client.early-data", "an IP packet comes before Call Connected", &["lcp.configure-ack#1 before 10 00 00 0a ff 03 00 21 45 00"]),
    edits(
        "client.early-ipv4",
        "an IP packet comes before IPCP is open",
        &["ipcp.configure-request#1 before 10 00 00 0a ff 03 00 21 45 00"],
    ),
    edits("client.early-ncp", "IPCP comes before the login", &["lcp.configure-ack#1 before 10 00 00 0c ff 03 80 21 01 01 00 04"]),
    // LCP.
    edits("client.no-lcp", "LCP is not spoken", &["lcp.*#* drop"]),
    edits("client.lcp-mute", "no Configure-Request is sent", &["lcp.configure-request#* drop"]),
    edits(
        "client.lcp-once",
        "Configure-Request is sent once",
        &["lcp.configure-request#2 drop", "lcp.configure-request#3 drop", "lcp.configure-request#4 drop"],
    ),
    edits(
        "client.lcp-first-only",
        "an open link is not negotiated anew",
        &["lcp.configure-request#2 drop", "lcp.configure-request#3 drop", "lcp.configure-ack#2 drop"],
    ),
    edits(
        "client.no-lcp-replies",
        "no Configure-Request is answered",
        &["lcp.configure-ack#* drop", "lcp.configure-nak#* drop", "lcp.configure-reject#* drop"],
    ),
    edits("client.lcp-ack-altered", "Configure-Ack lacks an option", &["lcp.configure-ack#* drop mru"]),
    edits(
        "client.acks-first",
        "the first packet is acknowledged, whatever it is",
        &["lcp.configure-ack#1 set identifier=1", "lcp.configure-request#2 before 10 00 00 0c ff 03 c0 21 02 01 00 04"],
    ),
    edits(
        "client.lcp-compressed",
        "LCP comes without FF 03",
        &[r#"lcp.configure-request#1 splice 4..6 """#, "lcp.configure-request#1 set length=20"],
    ),
    edits("client.lcp-large-mru", "an MRU of 65535 is asked for", &["lcp.configure-request#* set mru=0xffff"]),
    edits("client.no-code-reject", "unknown codes are ignored", &["lcp.code-reject#* drop", "ipcp.code-reject#* drop"]),
    edits("client.code-reject-empty", "Code-Reject quotes nothing", &["lcp.code-reject#* instead 10 00 00 0c ff 03 c0 21 07 01 00 04"]),
    edits("client.no-protocol-reject", "unknown protocols are ignored", &["lcp.protocol-reject#* drop"]),
    edits(
        "client.rejects-discard",
        "Discard-Request is rejected",
        &["lcp.echo-reply#* before 10 00 00 14 ff 03 c0 21 07 01 00 0c 0b 23 00 08 00 00 00 00"],
    ),
    edits("client.no-lcp-echo", "LCP Echo-Request is not answered", &["lcp.echo-reply#* drop"]),
    edits("client.lcp-echo-magic", "Echo-Reply has a foreign magic number", &["lcp.echo-reply#* splice 12..16 de ad be ef"]),
    edits("client.no-terminate-ack", "Terminate-Request is not acknowledged", &["lcp.terminate-ack#* drop"]),
    // The login.
    edits("client.response-id", "the response has another identifier", &["chap.response#* set identifier=0x99"]),
    edits("client.response-reserved", "the reserved bytes of the response are set", &["chap.response#* set reserved8=1"]),
    edits("client.wrong-response", "the response is wrong", &["chap.response#* flip nt-response.0"]),
    edits("client.pap-once", "the request of PAP is not repeated", &["pap.authenticate-request#2 drop", "pap.authenticate-request#3 drop"]),
    edits("client.eap-id", "the response has another identifier", &["eap.response-mschapv2#* set identifier=0x99"]),
    edits("client.no-eap-notification", "a notification is not answered", &["eap.response-notification#* drop"]),
    edits("client.no-eap-nak", "what is not wanted is not answered", &["eap.response-nak#* drop"]),
    edits("client.eap-once", "a request that comes again is not answered", &["eap.response-identity#2 drop"]),
    // Crypto binding.
    edits("client.no-connected", "no Call Connected is sent", &["sstp.call-connected#* drop"]),
    edits("client.two-connected", "Call Connected comes twice", &["sstp.call-connected#1 repeat 2"]),
    edits("client.connected-nonce", "the nonce does not come back", &["sstp.call-connected-unsealed#1 flip crypto-binding.nonce.0"]),
    edits(
        "client.connected-cert",
        "the hash is of another certificate",
        &["sstp.call-connected-unsealed#1 flip crypto-binding.cert-hash.0"],
    ),
    edits(
        "client.connected-reserved",
        "Reserved1 of Call Connected is set",
        &["sstp.call-connected-unsealed#1 set crypto-binding.reserved1=1"],
    ),
    edits("client.connected-mac", "the compound MAC is wrong", &["sstp.call-connected#1 flip crypto-binding.compound-mac.0"]),
    edits("client.connected-hash", "the hash protocol is 3", &["sstp.call-connected-unsealed#1 set crypto-binding.hash-protocol=3"]),
    edits(
        "client.connected-long",
        "Call Connected has an attribute more",
        &[
            "sstp.call-connected#1 splice 112..112 00 7f 00 06 00 01",
            "sstp.call-connected#1 set length=118",
            "sstp.call-connected#1 set num-attributes=2",
        ],
    ),
    edits("client.padding", "the padding of SHA-1 is not zero", &["sstp.call-connected-unsealed#1 splice 68..69 ff"]),
    // Addresses.
    edits("client.ipcp-ack-altered", "Configure-Ack of IPCP lacks its option", &["ipcp.configure-ack#* drop ip-address"]),
    edits(
        "client.no-ipcp-replies",
        "no Configure-Request of IPCP is answered",
        &["ipcp.configure-ack#* drop", "ipcp.configure-nak#* drop", "ipcp.configure-reject#* drop"],
    ),
    edits("client.ipcp-first-only", "IPCP is not negotiated anew", &["ipcp.configure-ack#2 drop", "ipcp.configure-ack#3 drop"]),
    edits("client.no-ipcp-terminate-ack", "IPCP Terminate-Request is not acknowledged", &["ipcp.terminate-ack#* drop"]),
    edits(
        "client.no-ipv6cp-nak",
        "a bad interface identifier is not refused",
        &["ipv6cp.configure-nak#* drop", "ipv6cp.configure-reject#* drop"],
    ),
    edits("client.v6-silent", "IPv6CP is neither spoken nor rejected", &["ipv6cp.*#* drop", "lcp.protocol-reject#* drop"]),
    // Echoes and the end.
    edits("client.no-echo", "an Echo Request is not answered", &["sstp.echo-response#* drop"]),
    edits("client.two-echoes", "every Echo Response comes twice", &["sstp.echo-response#* repeat 2"]),
    edits(
        "client.echo-layout",
        "an Echo Response has four bytes more",
        &["sstp.echo-response#* instead 10 01 00 0c 00 09 00 01 00 7f 00 04"],
    ),
    edits("client.no-abort", "Call Abort is never sent", &["sstp.call-abort#* drop"]),
    edits("client.aborts-thrice", "every Abort comes three times", &["sstp.call-abort#* repeat 3"]),
    edits("client.bare-abort", "an Abort has no status", &["sstp.call-abort#* instead 10 01 00 08 00 05 00 00"]),
    edits("client.abort-status", "an Abort has a status that is not defined", &["sstp.call-abort#* set status-info.status=42"]),
    edits(
        "client.abort-twice-info",
        "an Abort has two Status Infos",
        &["sstp.call-abort#* instead 10 01 00 20 00 05 00 02 00 02 00 0c 00 00 00 02 00 00 00 07 00 02 00 0c 00 00 00 02 00 00 00 07"],
    ),
    edits("client.no-disconnect-ack", "Call Disconnect is not acknowledged", &["sstp.call-disconnect-ack#* drop"]),
    edits("client.no-disconnect", "Call Disconnect is never sent", &["sstp.call-disconnect#* drop"]),
    edits("client.disconnect-status", "a Disconnect has a status", &["sstp.call-disconnect#* set status-info.status=5"]),
];

/// Ours: longer than any case.
const NEVER: Duration = Duration::from_secs(1_000_000);
