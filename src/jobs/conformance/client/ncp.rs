//! Addresses: IPCP and IPv6CP as a client has to speak them. RFC 1332, 1877, 5072.

use super::looks::{self, Seen};
use super::{NETWORK, rfc};
use crate::base::Layer::{Data, Ncp};
use crate::base::Side;
use crate::jobs::conformance::case::Level::{Interop, Must, Should};
use crate::jobs::conformance::case::Row;
use crate::jobs::conformance::expect::{Expect, View, shown};
use std::net::Ipv4Addr;

/// The client asks for one address after it was told another.
const FOLLOWS: Expect = Expect::Is("a request for the address of our Nak", |view| {
    let given = looks::all(view, Side::Server, "ipcp.configure-nak").filter_map(|pair| looks::packet(pair.1)).flat_map(looks::options);
    let given = given.filter(|option| option.kind == 3).last().and_then(|option| option.ipv4()).ok_or("our Nak never went out")?;
    let asked = looks::all(view, Side::Client, "ipcp.configure-request").last().and_then(|pair| looks::packet(pair.1)).map(looks::options);
    let asked = asked.unwrap_or_default().iter().find(|option| option.kind == 3).and_then(|option| option.ipv4());
    looks::must(asked == Some(given), || format!("{} in place of {given}", shown(asked)))
});
const SPEAKS_IPV6: (Expect, &str) = (Expect::Sends("ipv6cp.*"), "the client speaks no IPv6CP");

pub(super) const ROWS: &[Row] = &[
    rfc(Must, "ncp/3.3/address-of-the-nak", 1332, "3.3", &["C-158"])
        .at(Ncp)
        .says("the address of a Nak is asked for next")
        .expects(Expect::All(&[NETWORK, FOLLOWS]))
        .why("That is how addresses are given.")
        .proved("client.deaf"),
    rfc(Must, "ncp/3.3/other-address", 1332, "3.3", &["C-158"])
        .at(Ncp)
        .with(|server| server.client_address = Some(Ipv4Addr::new(100, 127, 255, 254)))
        .says("an address of carrier-grade NAT is as good as any")
        .expects(Expect::All(&[NETWORK, FOLLOWS]))
        .why("The server gives what it has.")
        .proved("client.deaf"),
    rfc(Must, "ncp/5.4/no-name-servers", 1877, "1", &["C-159"])
        .at(Ncp)
        .with(|server| (server.dns.clear(), server.nbns.clear()).1)
        .says("name servers that were rejected are left out afterwards")
        .expects(Expect::All(&[NETWORK, Expect::Is("a request without name servers", |view| without(view, &[129, 130, 131, 132]))]))
        .why("Otherwise the two never agree.")
        .proved("client.deaf"),
    rfc(Must, "ncp/5.4/one-name-server", 1877, "1", &["C-159"])
        .at(Ncp)
        .with(|server| (server.dns.truncate(1), server.nbns.clear()).1)
        .says("a second name server that was rejected is left out, the first stays")
        .expects(Expect::All(&[NETWORK, Expect::Is("a request without the rejected", |view| without(view, &[130, 131, 132]))]))
        .why("One is better than none.")
        .proved("client.deaf"),
    rfc(Must, "ncp/5.1/answers-our-request", 1332, "3.3", &["C-160"])
        .at(Ncp)
        .edits(&["ipcp.configure-request#1 split 5"])
        .says("the server's own address is acknowledged byte for byte")
        .expects(Expect::Is("an Ack equal to the request", |view| {
            let mut asked = looks::all(view, Side::Server, "ipcp.configure-request").filter_map(|pair| looks::went_out(pair.1));
            let ack = looks::packet(looks::first(view, "ipcp.configure-ack")?).ok_or("no packet")?;
            looks::must(asked.any(|asked| asked.id == ack.id && asked.data == ack.data), || crate::base::hex(&ack.data))
        }))
        .why("Without it IPCP never opens.")
        .proved("client.ipcp-ack-altered"),
    rfc(Must, "ncp/5.4/unknown-option-to-client", 1661, "5.4", &["C-160"])
        .at(Ncp)
        .edits(&["ipcp.configure-request#1 instead 10 00 00 16 ff 03 80 21 01 01 00 0e 03 06 c0 00 02 01 fe 04 00 01"])
        .says("an option that IPCP does not have is rejected, and only that")
        .expects(Expect::Is("a Reject of FE", |view| {
            let reject = looks::packet(looks::first(view, "ipcp.configure-reject")?).ok_or("no packet")?;
            looks::must(reject.data.0 == [0xfe, 4, 0, 1], || crate::base::hex(&reject.data))
        }))
        .why("What is not rejected is agreed on.")
        .proved("client.no-ipcp-replies"),
    rfc(Must, "ncp/5.2/stale-ack", 1661, "5.2", &["C-125"])
        .at(Data)
        .edits(&["ipcp.configure-ack#1 set identifier=0xe7"])
        .says("an Ack of IPCP with another identifier is discarded")
        .expects(Expect::Sends("ipcp.configure-request"))
        .why("It answers something else.")
        .proved("client.takes-stale"),
    rfc(Must, "ncp/5.7/ipv6cp-rejected", 1661, "5.7", &["C-161"])
        .at(Data)
        .with(|server| server.ipv6 = false)
        .within(6)
        .edits(&["lcp.protocol-reject#1 split 6"])
        .only_if(SPEAKS_IPV6.0, SPEAKS_IPV6.1)
        .says("Protocol-Reject of IPv6CP ends IPv6CP, and nothing else")
        .expects(Expect::All(&[
            Expect::Never("ipv6cp.configure-request"),
            Expect::Never("sstp.call-abort"),
            Expect::Never("lcp.terminate-request"),
        ]))
        .why("IPv4 works without it.")
        .proved("client.insists-on-ipv6"),
    rfc(Must, "ncp/5.7/ccp-rejected", 1661, "5.7", &["C-161"])
        .at(Ncp)
        .within(3)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0e ff 03 c0 21 08 41 00 06 80 fd 10 01 00 08 00 08 00 00"])
        .says("Protocol-Reject of compression does not end the call")
        .expects(Expect::All(&[Expect::Sends("sstp.echo-response"), Expect::Never("sstp.call-abort"), Expect::Never("ccp.*")]))
        .why("The call works without it.")
        .proved("client.no-echo"),
    rfc(Must, "ncp/4.1/zero-interface-identifier", 5072, "4.1", &["C-162"])
        .at(Ncp)
        .within(4)
        .edits(&["ipv6cp.configure-request#1 set interface-identifier=hex:0000000000000000"])
        .only_if(SPEAKS_IPV6.0, SPEAKS_IPV6.1)
        .says("an interface identifier of zero is Naked")
        .expects(Expect::Any(&[Expect::Sends("ipv6cp.configure-nak"), Expect::Sends("ipv6cp.configure-reject")]))
        .why("Two ends without an identifier have the same address.")
        .proved("client.no-ipv6cp-nak"),
    rfc(Must, "ncp/5.7/ipv6cp-is-answered", 1661, "5.7", &["C-163"])
        .at(Ncp)
        .edits(&["ipv6cp.configure-request#1 split 5"])
        .says("IPv6CP is negotiated or rejected")
        .expects(Expect::Any(&[Expect::Sends("lcp.protocol-reject"), Expect::Sends("ipv6cp.*")]))
        .why("The server would ask for ever.")
        .proved("client.v6-silent"),
    rfc(Should, "ncp/2/unknown-code-to-client", 1332, "2", &["C-164"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 80 21 09 55 00 04"])
        .says("a code that IPCP does not have draws Code-Reject")
        .expects(Expect::Sends("ipcp.code-reject"))
        .why("The server finds out what is not spoken.")
        .proved("client.no-code-reject"),
    rfc(Must, "ncp/5.5/terminate", 1661, "5.5", &["C-133"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 0c ff 03 80 21 05 31 00 04"])
        .says("Terminate-Request of IPCP is acknowledged")
        .expects(Expect::Sends("ipcp.terminate-ack"))
        .why("The server waits for it.")
        .proved("client.no-ipcp-terminate-ack"),
    rfc(Must, "ncp/4.3/renegotiates", 1661, "4.3", &["C-135", "C-160"])
        .at(Ncp)
        .edits(&["sstp.call-disconnect#1 instead 10 00 00 12 ff 03 80 21 01 77 00 0a 03 06 c0 00 02 01"])
        .says("a Configure-Request of IPCP in an open call is answered, and the client asks too")
        .expects(Expect::All(&[Expect::Sends("ipcp.configure-ack"), Expect::Sends("ipcp.configure-request")]))
        .why("A server negotiates anew what it has forgotten.")
        .proved("client.ipcp-first-only"),
    rfc(Must, "ncp/5/length-too-large", 1661, "5", &["C-134"])
        .at(Ncp)
        .edits(&["ipcp.configure-request#1 set packet-length=0x30"])
        .says("an IPCP packet whose length lies beyond its frame is discarded")
        .expects(Expect::Within("ipcp.configure-ack", 2000, 7000))
        .why("What is not there must not be read.")
        .proved("client.no-ipcp-replies"),
    rfc(Interop, "ncp/3.2/header-compression", 1332, "3.2", &["C-160"])
        .at(Ncp)
        .edits(&["ipcp.configure-request#1 instead 10 00 00 18 ff 03 80 21 01 01 00 10 02 06 00 2d 0f 01 03 06 c0 00 02 01"])
        .says("header compression is rejected, Naked or agreed on")
        .expects(Expect::Any(&[
            Expect::Sends("ipcp.configure-reject"),
            Expect::Sends("ipcp.configure-nak"),
            Expect::Sends("ipcp.configure-ack"),
        ]))
        .why("Servers of old ask for it.")
        .proved("client.no-ipcp-replies"),
];

/// The client's last request of IPCP has none of these options.
fn without(view: &View<'_>, kinds: &[u8]) -> Seen {
    let last = looks::all(view, Side::Client, "ipcp.configure-request").last().and_then(|pair| looks::packet(pair.1));
    let asked = looks::options(last.ok_or("no ipcp.configure-request")?);
    looks::must(asked.iter().all(|option| !kinds.contains(&option.kind)), || "they are asked for again".into())
}
