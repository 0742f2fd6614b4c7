//! What only a tap can see, as stories: the call, the proofs, the tunnel in use, and who hung up.

use super::super::Severity;
use super::super::story::{Story, leaf};
use super::tap_lower::{Row, shown, told};
use crate::base::{Layer, Limit, Micros, Side, WireError};
use crate::transcript::tap::Proof;
use crate::transcript::{How, Reason, What};
use crate::wire::control::{self, Opt};
use crate::wire::ncp::{self, AuthMethod};
use crate::wire::sstp::{Attribute, Message, MessageType};
use crate::wire::{chap, eap, http, ppp};

#[test]
fn every_story_is_found_by_its_check_and_by_no_louder_one() {
    told(STORIES);
}

const STORIES: &[Row] = &[
    ("SSTP-CLIENT-DESYNC", || {
        let error =
            WireError { layer: Layer::Sstp, what: "version".into(), at: 0, need: 16, have: 0x47, limit: Limit::Spec("2.2.1".into()) };
        let story = Story::captured_tls().called().note(Some(Side::Client), Layer::Sstp, What::Undecoded(error));
        story.closed(Layer::Sstp, How::Fin).flow(|_| ())
    }),
    ("SSTP-CLIENT-OUT-OF-TURN", || {
        let what = What::Misstep { message: "echo-request".into(), state: "ServerConnectRequestPending".into(), allowed: Vec::new() };
        Story::captured_clean().note(Some(Side::Client), Layer::Sstp, what)
    }),
    ("SSTP-RULE-BROKEN-SERVER", || Story::captured_clean().violation(Side::Server, "MS-SSTP 2.2.10", "the Ack has two attributes")),
    ("SSTP-RULE-BROKEN-CLIENT", || Story::captured_clean().violation(Side::Client, "MS-SSTP 2.2.7", "the hash is padded with 0xFF")),
    ("SSTP-RESERVED-BITS", || Story::captured_clean().violation(Side::Server, "MS-SSTP 2.2.1", "the reserved bits are 0x3")),
    ("PPP-RULE-BROKEN", || Story::captured_clean().violation(Side::Server, "RFC 1661 5.1", "the identifier did not change")),
    ("LCP-CLIENT-NAK-LOOP", || {
        let magic = [Opt::new(ncp::MAGIC, [1; 4])];
        let story = Story::captured_call().began(Layer::Lcp).lcp(Side::Server, control::CONFIGURE_REQUEST, &magic);
        let story = (0..5).fold(story, |story, _| story.lcp(Side::Client, control::CONFIGURE_NAK, &magic));
        story.left(Layer::Lcp).flow(|_| ())
    }),
    ("AUTH-PASSWORD-DIFFERS", || Story::captured_call().bound(49).proof(Proof::Response, false).unseen(Layer::Binding)),
    ("AUTH-SERVER-PROOF-IGNORED", || Story::captured_clean().proof(Proof::AuthenticatorResponse, false)),
    ("AUTH-EAPTLS-NO-CERT", || {
        let story = Story::captured_call().lcp_up(AuthMethod::Eap).began(Layer::Auth);
        let story = story.eap(Side::Server, eap::Packet::request(1, eap::IDENTITY, *b""));
        let story = story.eap(Side::Client, eap::Packet::response(1, eap::IDENTITY, *b"alice"));
        let story = story.eap(Side::Server, eap::Packet::request(2, eap::TLS, [eap::Tunnel::START]));
        story.left(Layer::Auth).flow(|_| ())
    }),
    ("AUTH-CHAP-MD5-USED", || Story::captured_call().lcp_up(AuthMethod::ChapMd5).responded(16).unseen(Layer::Auth)),
    ("AUTH-MSCHAP-EXPOSED", || {
        let story = Story::captured().requested().up(Layer::Http).began(Layer::Sstp).ack(3);
        story.lcp_up(AuthMethod::MsChapV2).responded(49).unseen(Layer::Auth)
    }),
    ("BIND-TLS-INSPECTION", || {
        let story = Story::captured_call().bound(49).proof(Proof::CertHash, false);
        let story = story.sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4));
        story.down(Layer::Binding, Reason::Refused("Call Abort".into())).hung_up(Side::Server, How::Fin).flow(|_| ())
    }),
    ("BIND-NOT-VERIFIED", || {
        let story = Story::captured_call().bound(49).proof(Proof::Nonce, false).ncp_up();
        story.leaves(Side::Client, MessageType::CallDisconnect).flow(|_| ())
    }),
    ("BIND-OUT-OF-ORDER", || {
        let binding = Attribute::CryptoBinding {
            hash_protocol: 2,
            nonce: vec![7; 32].into(),
            cert_hash: vec![1; 32].into(),
            compound_mac: vec![2; 32].into(),
        };
        let story = Story::captured_call().lcp_up(AuthMethod::MsChapV2).responded(49);
        let story = story.sstp(Side::Client, Message::with(MessageType::CallConnected, binding));
        story.chap(Side::Server, chap::Body::Success { message: b"S=0 M=ok".to_vec().into() }).up(Layer::Auth).unseen(Layer::Binding)
    }),
    ("DATA-SERVER-ROUTE-LOOP", || {
        let story = Story::captured_tunnel().wait(30_000_000).unseen(Layer::Data);
        story.in_vain(Side::Server, 59, 28_000_000)
    }),
    ("PROXY-IDLE-CUTOFF", || {
        let reply = http::Head::response(200, "Connection established", &[]);
        let story = Story::captured().connect(false, false).note(None, Layer::Proxy, What::ProxyReply(reply)).up(Layer::Proxy);
        let story = story.hellos(0x0304, 0x1301).secured(|_| ()).called().ack(3).bound(49).ncp_up().began(Layer::Data).up(Layer::Data);
        let quiet = story.now();
        let story = story.wait(50_000_000).closed(Layer::Data, How::Fin);
        story.wait(10_000_000).reset(Side::Server, 54, |flow| {
            (flow.from_client.last_data, flow.from_server.last_data) = (Some(quiet), Some(quiet));
        })
    }),
    ("TEAR-IDLE-MIDDLEBOX", || {
        let story = Story::captured_tunnel();
        let quiet = story.now();
        let story = story.wait(350_000_000).closed(Layer::Data, How::Reset);
        story.reset(Side::Server, 249, |flow| flow.from_server.last_data = Some(quiet))
    }),
    ("TEAR-60-90S-MIKROTIK", || {
        let answer = http::Head::response(200, "OK", &[("Content-Length", http::CONTENT_LENGTH), ("Server", "MikroTik-SSTP")]);
        let story = Story::captured_tls().requested().note(Some(Side::Server), Layer::Http, What::Http(answer)).up(Layer::Http);
        let story = story.began(Layer::Sstp).ack(3).bound(49).ncp_up().began(Layer::Data).up(Layer::Data).wait(66_000_000);
        // The client's leave is what the row is about; that it came without a word is another view of it.
        story.hung_up(Side::Client, How::Fin).flow(|_| ())
    }),
    ("TEAR-CLIENT-ECHO-LOST", || {
        let story = (0..6).fold(Story::captured_tunnel(), |story, _| story.wait(3_300_000).echo(Side::Server, false));
        let story = story.leaves(Side::Server, MessageType::CallAbort).down(Layer::Data, Reason::Refused("Call Abort".into()));
        story.wait(1_000_000).hung_up(Side::Server, How::Fin).flow(|_| ())
    }),
    ("TEAR-HELLO-EXPIRED", || {
        let story = Story::captured_tunnel().wait(60_000_000).sstp(Side::Server, Message::bare(MessageType::EchoRequest));
        let story = story.wait(60_000_000).leaves(Side::Server, MessageType::CallAbort);
        story.down(Layer::Data, Reason::Refused("Call Abort".into())).hung_up(Side::Server, How::Fin).flow(|_| ())
    }),
    ("DATA-SERVER-SILENT", || {
        let story = Story::captured_tunnel();
        let quiet = story.now();
        story.wait(200_000_000).unseen(Layer::Data).flow(|flow| flow.from_server.last_data = Some(quiet))
    }),
    ("DATA-CLIENT-SILENT", || {
        let story = Story::captured_tunnel();
        let quiet = story.now();
        story.wait(200_000_000).unseen(Layer::Data).flow(|flow| flow.from_client.last_data = Some(quiet))
    }),
    ("DATA-TCP-OVER-TCP", || {
        let story = Story::captured_tunnel().traffic(Side::Server, 5000, 40).unseen(Layer::Data);
        story.flow(|flow| (flow.from_server.segments, flow.from_server.retransmissions) = (6000, 80))
    }),
    ("LCP-ECHO-LOST", || {
        let echo = |story: Story| story.lcp_data(Side::Server, 9, &[0; 4]);
        echo(echo(echo(Story::captured_tunnel()))).unseen(Layer::Data).flow(|_| ())
    }),
    ("DATA-KEEPALIVE-ONLY", || Story::captured_tunnel().wait(200_000_000).echo(Side::Client, true).unseen(Layer::Data).flow(|_| ())),
    ("TEAR-CLIENT-CUT", || Story::captured_tunnel().left(Layer::Data).flow(|_| ())),
    ("TEAR-CLIENT-ABORT", || {
        let story = Story::captured_tunnel().leaves(Side::Client, MessageType::CallAbort).leaves(Side::Server, MessageType::CallAbort);
        story.left(Layer::Data).flow(|_| ())
    }),
    ("TEAR-CLIENT-NO-ACK", || {
        let story = Story::captured_tunnel().lcp_data(Side::Client, control::TERMINATE_REQUEST, b"");
        let story = story.leaves(Side::Server, MessageType::CallDisconnect).hung_up(Side::Client, How::Fin);
        story.flow(|_| ())
    }),
    ("TEAR-ABORT-NO-FLUSH", || {
        let story = Story::captured_tunnel().leaves(Side::Client, MessageType::CallDisconnect);
        let story = story.leaves(Side::Server, MessageType::CallDisconnect);
        story.reset(Side::Server, 54, |_| ())
    }),
    ("TEAR-WHO-LEFT", || Story::captured_tunnel().leaves(Side::Client, MessageType::CallDisconnect).flow(|_| ())),
];

#[test]
fn a_right_response_that_is_refused_is_no_mistyped_password() {
    let no = |holds: bool| {
        let failure = chap::Body::Failure { message: b"E=691 R=0 V=3".to_vec().into() };
        let story = Story::captured_call().lcp_up(AuthMethod::MsChapV2).responded(49).proof(Proof::Response, holds);
        story.chap(Side::Server, failure).down(Layer::Auth, Reason::Refused("E=691".into())).flow(|_| ())
    };
    no(true).fails_with("AUTH-MSCHAP-691");
    let ids = |story: &Story| shown(story).into_iter().map(|row| row.0).collect::<Vec<_>>();
    assert!(ids(&no(true)).contains(&"AUTH-RESPONSE-RIGHT") && !ids(&no(true)).contains(&"AUTH-PASSWORD-DIFFERS"));
    assert!(ids(&no(false)).contains(&"AUTH-PASSWORD-DIFFERS") && !ids(&no(false)).contains(&"AUTH-RESPONSE-RIGHT"));
}

/// Who goes on with a wrong MAC warns; who refuses it has the keys as its one cause.
#[test]
fn a_wrong_compound_mac_is_told_apart_from_a_wrong_certificate() {
    let sent = || Story::captured_call().bound(49).proof(Proof::Response, true).proof(Proof::CertHash, true);
    let refused = |story: Story| {
        let story = story.sstp(Side::Server, Message::status(MessageType::CallAbort, 3, 4));
        story.down(Layer::Binding, Reason::Refused("Call Abort".into())).hung_up(Side::Server, How::Fin).flow(|_| ())
    };
    assert!(refused(sent().proof(Proof::CompoundMac, false)).fails_with("BIND-CMAC-INVALID").contains("CompoundMac is wrong"));
    assert!(refused(sent().proof(Proof::CompoundMac, true)).fails_with("BIND-REFUSED").contains("right by the capture"));
    let went_on = sent().proof(Proof::CompoundMac, false).ncp_up().leaves(Side::Client, MessageType::CallDisconnect).flow(|_| ());
    assert_eq!(went_on.ids(Severity::Fail), [""; 0]);
    assert_eq!(went_on.ids(Severity::Warn), ["BIND-NOT-VERIFIED", "BIND-MAC-WRONG"]);
    // Another password than the client's takes nothing away: what then speaks against the MAC needs no password.
    let other = Story::captured_call().bound(49).proof(Proof::Response, false).proof(Proof::CompoundMac, false).ncp_up();
    assert_eq!(other.ids(Severity::Warn), ["BIND-NOT-VERIFIED", "BIND-MAC-WRONG"]);
}

#[test]
fn a_server_that_takes_a_hash_it_did_not_offer_does_not_fail_the_client() {
    let story = Story::captured_tls().called().ack(1).bound(49).ncp_up().leaves(Side::Client, MessageType::CallDisconnect).flow(|_| ());
    assert_eq!(story.ids(Severity::Fail), [""; 0]);
    let says = shown(&story).into_iter().find(|row| row.0 == "BIND-NOT-VERIFIED").expect("it is said").1;
    assert!(says.contains("the hash protocol is wrong"), "{says}");
}

#[test]
fn the_servers_proof_fails_the_login_only_where_the_client_minds() {
    let story = Story::captured_call().lcp_up(AuthMethod::MsChapV2).responded(49).proof(Proof::AuthenticatorResponse, false);
    story.left(Layer::Auth).flow(|_| ()).fails_with("AUTH-SERVER-PROOF-BAD");
}

/// Stories of real captures: who left first decides.
#[test]
fn who_left_first_decides_whose_matter_it_is() {
    let kick = Story::captured_tunnel().leaves(Side::Server, MessageType::CallDisconnect);
    let kick = kick.leaves(Side::Client, MessageType::CallDisconnect).hung_up(Side::Server, How::Fin).flow(|_| ());
    assert!(kick.fails_with("TEAR-REMOTE").starts_with("Call Disconnect from the server"));
    let cut = Story::captured_tunnel().closed(Layer::Data, How::Fin).flow(|_| ());
    assert!(cut.fails_with("TEAR-REMOTE").contains("the server closed the connection (FIN without close_notify)"));
    let terminated = Story::captured_tunnel().lcp_data(Side::Client, control::TERMINATE_REQUEST, b"");
    let terminated = terminated.leaves(Side::Server, MessageType::CallDisconnect).leaves(Side::Client, MessageType::CallDisconnectAck);
    let terminated = terminated.hung_up(Side::Server, How::Fin).left(Layer::Data).flow(|_| ());
    assert_eq!(terminated.ids(Severity::Fail), [""; 0]);
    assert!(shown(&terminated).iter().any(|row| row.0 == "TEAR-WHO-LEFT" && row.1.starts_with("LCP Terminate-Request from the client")));
}

#[test]
fn echoes_of_the_server_are_not_held_against_it() {
    let story = Story::captured_tunnel().echo(Side::Server, false).echo(Side::Client, true).unseen(Layer::Data).flow(|_| ());
    assert!(!shown(&story).iter().any(|row| row.0 == "TEAR-ECHO-LOST"));
    let quirk = Story::captured_tunnel().echo(Side::Client, false).echo(Side::Server, true).unseen(Layer::Data).flow(|_| ());
    assert_eq!(quirk.ids(Severity::Warn), ["TEAR-ECHO-LOST"]);
}

/// A pause of no round length is no sign of a timer.
#[test]
fn only_a_round_pause_points_to_a_timer() {
    let after = |pause: u64| {
        let story = Story::captured_tunnel();
        let quiet = story.now();
        let story = story.wait(pause).closed(Layer::Data, How::Reset);
        story.reset(Side::Server, 54, |flow| (flow.from_client.last_data, flow.from_server.last_data) = (Some(quiet), Some(quiet)))
    };
    for seconds in [60, 120, 240, 350, 3600] {
        assert!(after(seconds * 1_000_000).fails_with("TEAR-IDLE-MIDDLEBOX").contains(&format!("about {seconds} s")));
    }
    after(87_000_000).fails_with("TEAR-REMOTE");
}

#[test]
fn a_captured_pool_without_addresses_is_still_named() {
    let asks = [Opt::new(ncp::IP_ADDRESS, [0; 4])];
    let story = Story::captured_call().bound(49).up(Layer::Binding).began(Layer::Ncp);
    let story = story.ncp(Side::Client, ppp::IPCP, control::CONFIGURE_REQUEST, &asks).wait(10_000_000);
    let says = story.left(Layer::Ncp).flow(|_| ()).fails_with("IPCP-NO-ADDRESS");
    assert!(says.contains("0.0.0.0"), "{says}");
}

/// A client that leaves a millisecond after it asked has not waited for an address: nothing is held against the pool.
#[test]
fn a_captured_client_that_leaves_at_once_says_nothing_of_the_pool() {
    let asks = [Opt::new(ncp::IP_ADDRESS, [0; 4])];
    let story = Story::captured_call().bound(49).up(Layer::Binding).began(Layer::Ncp);
    let story = story.ncp(Side::Client, ppp::IPCP, control::CONFIGURE_REQUEST, &asks).wait(1_000);
    story.left(Layer::Ncp).flow(|_| ()).fails_with("IPCP-CLIENT-LEFT");
}

/// Who dials by address is told so only where the client says that it did.
#[test]
fn a_tap_does_not_guess_the_name_that_was_dialled() {
    use crate::crypto::chain::Rule;
    let by_address = |host: &str| {
        let request = http::Head::sstp_request(host, "{}");
        let story = Story::captured().target("192.0.2.1", 443).hellos(0x0303, 0xc02f).chain(&[leaf("gw.example.test", 10, 300)]);
        let story = story.secured(|_| ()).trust("system", &[Rule::IpNotInSan]);
        story.note(Some(Side::Client), Layer::Http, What::Http(request)).unseen(Layer::Http).flow(|_| ())
    };
    assert_eq!(by_address("vpn.example.test").ids(Severity::Fail), [""; 0]);
    assert_eq!(by_address("192.0.2.1").ids(Severity::Fail), ["DNS-CONNECT-BY-IP"]);
}

#[test]
fn a_lost_path_explains_all_that_follows_from_it() {
    let story = Story::captured_tunnel().wait(40_000_000).echo(Side::Client, false);
    let story = story.down(Layer::Data, Reason::TimedOut { waiting_for: "anything".into(), after: Micros(40_000_000) });
    let story = story.in_vain(Side::Client, 59, 25_000_000);
    assert!(story.fails_with("TCP-PATH-LOST").contains("nothing came from the server for the last 25.00 s"));
    let dead = shown(&story).into_iter().find(|row| row.0 == "TEAR-ECHO-LOST");
    assert!(dead.is_some());
}
