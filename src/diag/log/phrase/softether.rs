//! SoftEther VPN Server 4 and 5; the phrases stand in its table of English messages.

use super::{Phrase, fail, good, note};
use crate::base::Layer;

const SE: &str = "SoftEther";

/// Longer phrases before those that are part of them.
#[rustfmt::skip]
pub(super) const SOFTETHER: &[Phrase] = &[
    fail(SE, &["user authentication failed. the user name"], "The login failed: name or password, or the user does not exist", &["AUTH-MSCHAP-691", "AUTH-USERNAME-FORMAT"]),
    fail(SE, &["\"ms-chap v2\"", "user authentication failed"], "MS-CHAPv2 failed", &["AUTH-MSCHAP-691", "AUTH-USERNAME-FORMAT"]),
    fail(SE, &["\"pap\"", "user authentication failed"], "PAP failed", &["AUTH-PAP-NAK"]),
    fail(SE, &["denied to accept both the \"pap\""], "The client accepts neither PAP nor MS-CHAPv2", &["LCP-AUTH-NO-COMMON"]),
    fail(SE, &["denied to accept the authentication protocol \"pap\""], "The client refuses PAP, and the server has nothing else for this user", &["AUTH-PAP-ONLY-WORKS", "LCP-AUTH-NO-COMMON"]),
    fail(SE, &["radius authentication", "no radius authentication settings"], "The user is set to RADIUS, and no RADIUS server is configured", &["AUTH-RADIUS-TIMEOUT"]),
    fail(SE, &["does not support radius authentication"], "This edition has no RADIUS login, so the user is refused", &["AUTH-POLICY-812"]),
    fail(SE, &["hasn't been implemented on the open-source version"], "This build has no such login, so the user is refused", &["AUTH-POLICY-812"]),
    fail(SE, &["access has beens refused to user", "security policy"], "The security policy refuses the user", &["AUTH-NPS-NO-POLICY"]),
    fail(SE, &["access has been refused to user", "expiration date"], "The account has expired", &["AUTH-ACCOUNT-EXPIRED"]),
    fail(SE, &["virtual hub", "does not exist"], "The hub in the user name does not exist", &["AUTH-USERNAME-FORMAT"]),
    fail(SE, &["maximum number of", "sessions", "has been reached"], "No more sessions are permitted", &["HTTP-NO-FREE-PORTS"]),
    fail(SE, &["client connection licenses"], "No licence is left for the session", &["HTTP-NO-FREE-PORTS"]),
    fail(SE, &["acquiring an ip address from the dhcp server failed"], "No address for the client: the hub has no DHCP server", &["IPCP-NO-ADDRESS"]),
    fail(SE, &["acquiring the networking information from the dhcp server failed"], "No network settings for the client: the hub has no DHCP server", &["IPCP-NO-ADDRESS"]),
    fail(SE, &["ip address of the vpn client hasn't been determined"], "The client sends before it has an address", &["IPCP-NO-ADDRESS"]),
    // It stands behind every call, also one that the client ended in order.
    note(SE, &["a ppp protocol error occurred"], "PPP ended, or failed"),
    fail(SE, &["a timeout on the ppp data transmitting"], "The client fell silent", &["TEAR-IDLE-MIDDLEBOX", "TEAR-ROAM", "TEAR-SLEEP"]),
    fail(SE, &["a timeout on the ppp control transmitting"], "The client does not answer PPP", &["LCP-NO-RESPONSE"]),
    fail(SE, &["disconnected by the administrator"], "The administrator ended the session", &["TEAR-REMOTE"]),
    fail(SE, &["unable to set port to listen status"], "The port is taken by another program", &["TCP-PORT-CONFLICT"]),
    fail(SE, &["a dos attack on the tcp listener"], "The server takes the connections of this address for an attack and drops them", &["TCP-SOURCE-NOT-ALLOWED"]),
    // The login has a line of its own, and 3 is how every connection ends whose client hangs up.
    note(SE, &["terminated by the cause", "user authentication failed"], "The connection ended, since the login failed"),
    note(SE, &["terminated by the cause", "(code 3)"], "The connection ended"),
    note(SE, &["terminated by the cause", "the vpn session has been deleted"], "The session ended: the client left, or the administrator ended it"),
    note(SE, &["terminated by the cause", "(code 0)"], "The connection ended in order"),
    note(SE, &["terminated by the cause", "(code 5)"], "Something that speaks no VPN protocol connected: a port scan, a health check, a browser"),
    fail(SE, &["connection", "terminated by the cause"], "The connection ended with an error", &["TEAR-REMOTE"]).reason("terminated by the cause"),
    note(SE, &["upper-layer protocol", "has been disconnected"], "SSTP ended below PPP"),
    note(SE, &["disconnected by the vpn client's disconnecting request"], "The client hung up"),
    note(SE, &["has connected."], "A client connected over TCP").shows(Layer::Tcp),
    note(SE, &["ssl communication for connection", "has been started"], "TLS is up").shows(Layer::Tls),
    note(SE, &["a new ppp session (upper protocol: sstp) is started"], "The SSTP call is accepted, PPP begins").shows(Layer::Sstp),
    note(SE, &["successfully authenticated as user"], "The login succeeded").shows(Layer::Auth),
    good(SE, &["the new session", "has been created"], "The session is up").shows(Layer::Auth),
    good(SE, &["an ip address is assigned. ip address of client"], "The client has its address"),
    note(SE, &["the session has been terminated"], "The session ended"),
    note(SE, &["the ppp session is disconnected"], "PPP ended"),
];
