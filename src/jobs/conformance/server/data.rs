//! Traffic before and after the network is up. MS-SSTP 3.3.5.2.3, 3.3.7; RFC 1332.

use super::{derived, must, should};
use crate::base::Layer::{Auth, Data, Ncp};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::Expect;

const PING: &str = "sstp.call-disconnect#1 instead 10 00 00 24 ff 03 00 21 45 00 00 1c 00 01 00 00 40 01 f6 ba c0 00 02 0a c0 00 02 01 08 00 f7 fd 00 01 00 01";
const PING_FOR_IPCP: &str = "ipcp.configure-request#1 instead 10 00 00 24 ff 03 00 21 45 00 00 1c 00 01 00 00 40 01 f6 ba c0 00 02 0a c0 00 02 01 08 00 f7 fd 00 01 00 01";

pub(super) const ROWS: &[Row] = &[
    should("data/3.3.5.2.3/carries-traffic", "3.3.5.2.3", &["S-263"])
        .at(Data)
        .says("traffic flows once the call is connected and IPCP is open")
        .expects(Expect::Sends("ipv4.packet"))
        .why("That is what the tunnel is for.")
        .proved("teardown.dead-tunnel"),
    must("data/3.3.7.2/none-before-connected", "3.3.7.2", &["S-261", "S-260"])
        .at(Auth)
        .within(5)
        .edits(&[PING])
        .says("packets before Call Connected are not fatal")
        .expects(Expect::All(&[Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .why("Nobody has proved yet that the tunnel is whole.")
        .proved("sstp.mutant-aborts-soon"),
    must("data/2/none-before-ipcp", "3.3.7.2", &["S-252"])
        .at(Ncp)
        .within(5)
        .edits(&[PING_FOR_IPCP, "ipcp.configure-request#2 drop", "ipcp.configure-request#3 drop", "ipcp.configure-ack#* drop"])
        .says("packets before IPCP is open are not fatal")
        .expects(Expect::All(&[Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .why("RFC 1332 2.")
        .proved("sstp.mutant-aborts-soon"),
    must("auth/3.3.7.1/ppp-before-connected", "3.3.7.1", &["S-262"])
        .at(Auth)
        .says("authentication works before Call Connected")
        .expects(Expect::Up(Auth))
        .why("Call Connected needs its keys.")
        .proved("auth.mutant-no-accounts"),
    derived("data/3.1.5.2/short-ip", "3.1.5.2", &["S-268"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0a ff 03 00 21 45 00 10 01 00 08 00 08 00 00"])
        .says("a broken IP packet does not end the call")
        .expects(Expect::All(&[Expect::Sends("sstp.echo-response"), Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .why("What is inside is not SSTP's business.")
        .proved("teardown.echo-lost"),
    derived("data/3.1.5.2/spoofed-source", "3.1.5.2", &["S-268"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 24 ff 03 00 21 45 00 00 1c 00 01 00 00 40 01 ab 11 cb 00 71 07 c0 00 02 01 08 00 f7 fd 00 01 00 01 10 01 00 08 00 08 00 00"])
        .says("a packet from another address does not end the call")
        .expects(Expect::All(&[Expect::Sends("sstp.echo-response"), Expect::Never("sstp.call-abort"), Expect::Never("closed")]))
        .why("Policy drops packets, not calls.")
        .proved("teardown.echo-lost"),
];
