//! accel-ppp 1.12; the phrases stand in its SSTP controller and in its PPP layers.

use super::{Phrase, fail, good, note};
use crate::base::Layer;

const ACCEL: &str = "accel-ppp";

/// Longer phrases before those that are part of them.
#[rustfmt::skip]
pub(super) const ACCEL_PPP: &[Phrase] = &[
    fail(ACCEL, &["sstp: invalid nonce"], "The nonce in Call Connected is not the one the server sent", &["BIND-NONCE", "BIND-OUT-OF-ORDER"]),
    fail(ACCEL, &["sstp: invalid sha256 cert hash"], "The client saw another certificate than the one the server is set to", &["BIND-CERTHASH-LB", "BIND-TLS-INSPECTION", "BIND-OFFLOAD-RENEWED"]),
    fail(ACCEL, &["sstp: invalid sha1 cert hash"], "The client saw another certificate than the one the server is set to", &["BIND-CERTHASH-LB", "BIND-TLS-INSPECTION", "BIND-OFFLOAD-RENEWED"]),
    fail(ACCEL, &["sstp: invalid hash protocol"], "The client uses a hash that the server did not offer", &["BIND-HASH-PROTOCOL"]),
    fail(ACCEL, &["sstp: invalid compound mac"], "The compound MAC does not verify: keys of the login differ, or the key order", &["BIND-CMAC-INVALID", "BIND-RADIUS-NO-MPPE", "BIND-EAPTLS-KEY-LENGTH"]),
    note(ACCEL, &["sstp_msg_call_connected is out of order"], "Call Connected came before the login was through; the server waits with the check"),
    fail(ACCEL, &["sstp: negotiation timeout"], "The call did not come up in time", &["SSTP-NEGOTIATION-TIMEOUT", "AUTH-RADIUS-TIMEOUT"]),
    fail(ACCEL, &["sstp: no echo reply"], "The client does not answer SSTP echoes", &["TEAR-ECHO-LOST", "TEAR-IDLE-MIDDLEBOX"]),
    fail(ACCEL, &["sstp invalid version"], "The client sends another SSTP version than 1.0", &["SSTP-VERSION"]),
    fail(ACCEL, &["sstp too long packet"], "A packet is longer than 4095 bytes", &["SSTP-FRAME-TOO-LONG"]),
    fail(ACCEL, &["sstp too short message"], "A control message is too short", &["SSTP-DESYNC"]),
    fail(ACCEL, &["sstp unknown packet type"], "Neither a control nor a data packet", &["SSTP-DESYNC"]),
    fail(ACCEL, &["sstp unknown message type"], "An unknown control message", &["SSTP-UNEXPECTED-MESSAGE"]),
    fail(ACCEL, &["ip is out of client-ip-range"], "The address of the client is not in client-ip-range", &["TCP-SOURCE-NOT-ALLOWED"]),
    fail(ACCEL, &["sstp: ssl-pemfile error"], "The certificate file of the server cannot be read", &["CERT-SERVER-MISSING"]),
    fail(ACCEL, &["sstp: ssl", "error"], "TLS failed", &["TLS-NO-COMMON-CIPHER"]),
    fail(ACCEL, &["sstp: bind"], "The port is taken by another program", &["TCP-PORT-CONFLICT"]),
    fail(ACCEL, &["sstp_msg_call_connect_nak"], "The connect request was refused", &["SSTP-NAK"]),
    note(ACCEL, &["sstp_msg_call_abort"], "A Call Abort was exchanged; the line before tells why"),
    fail(ACCEL, &["authentication failed"], "The login failed: name, password or RADIUS", &["AUTH-MSCHAP-691", "AUTH-LOCKED-OUT", "AUTH-RADIUS-TIMEOUT"]),
    fail(ACCEL, &["radius", "no response"], "RADIUS does not answer", &["AUTH-RADIUS-TIMEOUT"]),
    fail(ACCEL, &["radius: server", "not responding"], "RADIUS does not answer", &["AUTH-RADIUS-TIMEOUT"]),
    fail(ACCEL, &["auth: unexcepcted configure-nak"], "Client and server do not agree on a login method", &["LCP-AUTH-NAK-LOOP", "LCP-AUTH-NO-COMMON"]),
    fail(ACCEL, &["lcp: no echo reply"], "The client does not answer LCP echoes", &["LCP-ECHO-LOST"]),
    fail(ACCEL, &["no free address"], "The address pool is empty", &["IPCP-POOL-EXHAUSTED"]),
    fail(ACCEL, &["no ip address"], "There is no address for the client", &["IPCP-NO-ADDRESS", "IPCP-POOL-EXHAUSTED"]),
    fail(ACCEL, &["sstp: read: connection timed out"], "The client fell silent", &["TEAR-IDLE-MIDDLEBOX", "TEAR-ROAM"]),
    fail(ACCEL, &["sstp: read: connection reset"], "The client or a device on the way reset the connection", &["TCP-RST-INJECTED", "TEAR-ROAM"]),
    note(ACCEL, &["sstp: read:"], "The connection of a client ended"),
    note(ACCEL, &["sstp: ppp: read:"], "PPP ended below accel-ppp"),
    note(ACCEL, &["authentication succeeded"], "The login succeeded").shows(Layer::Auth),
    note(ACCEL, &["sstp: new connection from"], "A client connected over TCP").shows(Layer::Tcp),
    note(ACCEL, &["sstp: disconnect by peer"], "The client closed the connection"),
    note(ACCEL, &["recv [sstp sstp_msg_call_disconnect"], "The client hung up"),
    note(ACCEL, &["connect: ", "<--> sstp("], "The SSTP call is accepted, PPP begins").shows(Layer::Sstp),
    good(ACCEL, &["ipcp_layer_started"], "The client has its address"),
    good(ACCEL, &["ipv6cp_layer_started"], "The client has its IPv6 interface id"),
];
