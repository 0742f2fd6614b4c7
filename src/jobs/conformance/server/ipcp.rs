//! Addresses. RFC 1332, RFC 1877, RFC 5072.

use super::rfc;
use crate::base::Layer::{Binding, Data, Ncp};
use crate::jobs::conformance::case::{Level, Row};
use crate::jobs::conformance::expect::Expect;

const ACK: Expect = Expect::Sends("ipcp.configure-ack");
const NAK: Expect = Expect::Sends("ipcp.configure-nak");
const REJECT: Expect = Expect::Sends("ipcp.configure-reject");
const V6_ACK: Expect = Expect::Sends("ipv6cp.configure-ack");
const V6_NAK: Expect = Expect::Sends("ipv6cp.configure-nak");
const V6_REJECT: Expect = Expect::Sends("ipv6cp.configure-reject");
const V6: (Expect, &str) = (Expect::Never("lcp.protocol-reject"), "the server does not speak IPv6CP");

pub(super) const ROWS: &[Row] = &[
    rfc(Level::Derived, "ncp/2/ipcp-opens", 1332, "2", &["S-244"])
        .at(Ncp)
        .says("after the login IPCP opens")
        .expects(Expect::Up(Ncp))
        .why("Without an address there is no traffic.")
        .proved("ncp.mutant-silent"),
    rfc(Level::Must, "ncp/3.3/address-is-given", 1332, "3.3", &["S-245"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 12 ff 03 80 21 01 71 00 0a 03 06 00 00 00 00",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .says("address 0.0.0.0 is naked with an address")
        .expects(Expect::Is("a Nak with an address that is not zero", |view| {
            let nak = view.named("ipcp.configure-nak").next().ok_or("no Configure-Nak")?;
            let address = nak.raw.get(14..18).unwrap_or_default();
            if nak.raw.get(12) == Some(&3) && address != [0; 4] { Ok(()) } else { Err(crate::base::hex(&nak.raw)) }
        }))
        .why("The client has no other way to learn it.")
        .proved("ncp.mutant-no-nak"),
    rfc(Level::Must, "ncp/3.3/offered-address-is-acked", 1332, "3.3", &["S-246"])
        .at(Ncp)
        .says("the address that the server offers is acknowledged")
        .expects(Expect::Sends("ipcp.configure-ack"))
        .why("IPCP does not open otherwise.")
        .proved("ncp.mutant-no-ack"),
    rfc(Level::Derived, "ncp/3.3/foreign-address", 1332, "3.3", &["S-247"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 12 ff 03 80 21 01 72 00 0a 03 06 cb 00 71 07",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .says("an address of the client's own choice is naked")
        .expects(NAK)
        .why("It may belong to somebody else.")
        .proved("ncp.mutant-no-nak"),
    rfc(Level::Should, "ncp/3.3/no-address", 1332, "3.3", &["S-248"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 0c ff 03 80 21 01 73 00 04",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .says("a request without an address is answered")
        .expects(Expect::Any(&[ACK, NAK]))
        .why("Silence costs 3 s each time.")
        .proved("ncp.mutant-silent"),
    rfc(Level::Should, "ncp/1.1/dns", 1877, "1.1", &["S-249"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 18 ff 03 80 21 01 74 00 10 81 06 00 00 00 00 83 06 00 00 00 00",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .says("DNS servers of zero are naked or rejected, never acknowledged")
        .expects(Expect::Any(&[NAK, REJECT]))
        .why("0.0.0.0 is no DNS server.")
        .proved("ncp.mutant-no-nak"),
    rfc(Level::Must, "ncp/5.4/unknown-option", 1661, "5.4", &["S-250"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 10 ff 03 80 21 01 75 00 08 90 04 00 01",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .says("an unknown IPCP option is rejected")
        .expects(REJECT)
        .why("The client learns what to leave out.")
        .proved("ncp.mutant-no-reject"),
    rfc(Level::Must, "ncp/2/unknown-code", 1332, "2", &["S-251"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 10 ff 03 80 21 09 76 00 08 00 00 00 00",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .says("an IPCP code above 7 is answered by Code-Reject")
        .expects(Expect::Sends("ipcp.code-reject"))
        .why("RFC 1332 2.")
        .proved("ncp.mutant-no-code-reject"),
    rfc(Level::Must, "ncp/3.6/terminate", 1661, "3.6", &["S-259"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 80 21 05 77 00 04"])
        .says("IPCP Terminate-Request is acknowledged")
        .expects(Expect::Sends("ipcp.terminate-ack"))
        .why("The client waits for it.")
        .proved("ncp.mutant-no-terminate-ack"),
    rfc(Level::Must, "ncp/5.7/ccp", 1661, "5.7", &["S-257"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 12 ff 03 80 fd 01 78 00 0a 12 06 00 00 00 01",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .says("CCP is negotiated or rejected")
        .expects(Expect::Any(&[Expect::Sends("lcp.protocol-reject"), Expect::Sends("ccp.*")]))
        .why("Windows asks for it.")
        .proved("lcp.mutant-no-protocol-reject"),
    rfc(Level::Must, "ncp/4.1/identifier-zero", 5072, "4.1", &["S-254"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 16 ff 03 80 57 01 79 00 0e 01 0a 00 00 00 00 00 00 00 00", "ipv6cp.*#* drop"])
        .only_if(V6.0, V6.1)
        .says("an interface identifier of zero is naked or rejected")
        .expects(Expect::Any(&[V6_NAK, V6_REJECT]))
        .why("Two hosts must not share one.")
        .proved("ncp.mutant-v6-silent"),
    rfc(Level::Must, "ncp/4.1/identifier-of-its-own", 5072, "4.1", &["S-253"])
        .at(Data)
        .edits(&["ipv6cp.configure-request#1 copy interface-identifier"])
        .only_if(Expect::Sends("ipv6cp.configure-request"), "the server does not begin IPv6CP")
        .says("a request with the interface identifier of the server is naked")
        .expects(V6_NAK)
        .or(V6_REJECT)
        .why("Two hosts must not share one.")
        .proved("ncp.mutant-v6-no-nak"),
    rfc(Level::Must, "ncp/4.1/identifier-distinct", 5072, "4.1", &["S-255"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 16 ff 03 80 57 01 7a 00 0e 01 0a 11 22 33 44 55 66 77 88", "ipv6cp.*#* drop"])
        .only_if(V6.0, V6.1)
        .says("an interface identifier that is free is acknowledged, or another one assigned")
        .expects(Expect::Any(&[V6_ACK, V6_NAK]))
        .why("RFC 5072 4.1.")
        .proved("ncp.mutant-v6-silent"),
    rfc(Level::Must, "ncp/5.7/v6-is-answered", 1661, "5.7", &["S-256"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 16 ff 03 80 57 01 7b 00 0e 01 0a 11 22 33 44 55 66 77 88", "ipv6cp.*#* drop"])
        .says("IPv6CP is spoken or rejected, never ignored")
        .expects(Expect::Any(&[Expect::Sends("lcp.protocol-reject"), V6_ACK, V6_NAK, V6_REJECT]))
        .why("Silence costs a client 30 s.")
        .proved("ncp.mutant-v6-silent"),
    rfc(Level::Must, "ncp/5.7/rejected-protocol-stops", 1661, "5.7", &["S-258"])
        .at(Binding)
        .within(5)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 c0 21 08 7c 00 08 80 57 01 01"])
        .says("a protocol that we reject is not spoken any more")
        .expects(Expect::Never("ipv6cp.configure-request"))
        .why("RFC 1661 5.7.")
        .proved("ncp.mutant-v6-nags"),
    rfc(Level::Must, "ncp/5.4/unknown-v6-option", 1661, "5.4", &["S-255"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 10 ff 03 80 57 01 7d 00 08 90 04 00 01", "ipv6cp.*#* drop"])
        .only_if(V6.0, V6.1)
        .says("an unknown IPv6CP option is rejected")
        .expects(V6_REJECT)
        .why("The client learns what to leave out.")
        .proved("ncp.mutant-v6-silent"),
    rfc(Level::Must, "ncp/5.2/ipcp-ack-is-a-copy", 1661, "5.2", &["S-246"])
        .at(Ncp)
        .edits(&[
            "ipcp.configure-request#1 instead 10 00 00 0c ff 03 80 21 01 7e 00 04",
            "ipcp.configure-request#2 drop",
            "ipcp.configure-request#3 drop",
            "ipcp.configure-ack#* drop",
        ])
        .only_if(ACK, "the server does not take a request without an address")
        .says("IPCP Configure-Ack repeats the identifier")
        .expects(Expect::Is("02 7e 00 04", |view| {
            let ack = view.named("ipcp.configure-ack").next().ok_or("no Configure-Ack")?;
            if ack.raw.get(8..10) == Some(&[2, 0x7e]) { Ok(()) } else { Err(crate::base::hex(&ack.raw)) }
        }))
        .why("The client compares it.")
        .proved("ncp.mutant-ack-id"),
];
