//! sstp-client 1.0.18 and pppd 2.4.9; the phrases stand in the programs.

use super::{Family, Outcome, Phrase, fail, good, note};
use crate::base::Layer;

const SSTP: &str = "sstpc";
const PPP: &str = "pppd";

/// Longer phrases before those that are part of them.
#[rustfmt::skip]
pub(super) const SSTPC: &[Phrase] = &[
    fail(SSTP, &["could not resolve host"], "The server name could not be resolved", &["DNS-NXDOMAIN", "DNS-TIMEOUT"]),
    fail(SSTP, &["could not lookup host"], "The server name could not be resolved", &["DNS-NXDOMAIN", "DNS-TIMEOUT"]),
    fail(SSTP, &["unrecoverable socket error, 111"], "The TCP connection was refused", &["TCP-REFUSED"]),
    fail(SSTP, &["unrecoverable socket error, 110"], "The TCP connection timed out", &["TCP-FILTERED"]),
    fail(SSTP, &["unrecoverable socket error, 113"], "There is no route to the server", &["TCP-ICMP-REJECT"]),
    fail(SSTP, &["unrecoverable socket error, 101"], "There is no route to the network of the server", &["TCP-ICMP-REJECT"]),
    fail(SSTP, &["unrecoverable socket error, 104"], "The server reset the connection", &["TLS-RESET-IN-HANDSHAKE", "TCP-RST-INJECTED"]),
    fail(SSTP, &["unrecoverable socket error"], "The socket failed", &["TCP-FILTERED", "TCP-REFUSED"]),
    fail(SSTP, &["could not connect to proxy server"], "The proxy does not answer", &["PROXY-UNREACHABLE"]),
    fail(SSTP, &["proxy asked for credentials"], "The proxy wants a user name and a password", &["PROXY-AUTH-REQUIRED"]),
    fail(SSTP, &["could not parse the proxy url"], "The proxy address given to sstpc is malformed", &["PROXY-UNREACHABLE"]),
    note(SSTP, &["via proxy server"], "The proxy let the connection through"),
    Phrase { source: SSTP, has: &["ssl certificate verification failed"], outcome: Outcome::Failure, says: "The certificate of the server does not verify", checks: &["CERT-UNTRUSTED-ROOT", "CERT-LINUX-TRUSTSTORE"], number: Some(Family::OpenSsl), shows: None },
    fail(SSTP, &["verification of server certificate failed"], "The certificate of the server does not verify; the line before tells why", &["CERT-UNTRUSTED-ROOT", "CERT-LINUX-TRUSTSTORE", "CERT-NAME-MISMATCH"]),
    note(SSTP, &["certificated failed verification, ignoring"], "The certificate does not verify, and sstpc was told to go on"),
    fail(SSTP, &["unrecoverable ssl error"], "TLS failed; sstpc shows a close and a slow server alike", &["TLS-RESET-IN-HANDSHAKE", "HTTP-SILENT-CLOSE", "TEAR-REMOTE"]),
    fail(SSTP, &["could not create ssl session"], "TLS could not be started", &["TLS-NO-COMMON-CIPHER"]),
    fail(SSTP, &["expected http code 200"], "The server answered the request with another status than 200; sstpc does not say which", &["HTTP-404", "HTTP-401-403", "HTTP-400-CONTENT-LENGTH"]),
    fail(SSTP, &["received invalid content length"], "The answer is not that of an SSTP server", &["HTTP-200-NOT-SSTP", "HTTP-VERSION-NOT-11"]),
    fail(SSTP, &["could not parse the http headers"], "The answer to the request is not HTTP", &["HTTP-200-NOT-SSTP", "TLS-ALPN-H2"]),
    fail(SSTP, &["http handshake with server failed"], "The server did not accept the HTTP request; the line before tells why", &["HTTP-404", "HTTP-NO-RESPONSE"]),
    fail(SSTP, &["could not perform http handshake"], "The HTTP request could not be sent", &["HTTP-NO-RESPONSE"]),
    fail(SSTP, &["failed to obtain the mppe keys"], "pppd gave no keys for the crypto binding", &["LCP-PLUGIN-VERSION", "BIND-EAPTLS-KEY-LENGTH"]),
    note(SSTP, &["no mppe-send-key present"], "Login without keys (PAP, CHAP-MD5): the crypto binding is made with zeros"),
    fail(SSTP, &["connection was aborted, invalid status attribute"], "The server ended the call, and the reason could not be read", &["SSTP-ABORT-NO-STATUS"]),
    fail(SSTP, &["connection was aborted, unknown status attribute"], "The server ended the call without a status", &["SSTP-ABORT-NO-STATUS", "TEAR-REMOTE"]),
    fail(SSTP, &["connection was aborted"], "The server ended the call", &["SSTP-ABORT-STATUS7", "TEAR-REMOTE"]),
    note(SSTP, &["could not parse attributes"], "A message of the server has no attributes, or damaged ones"),
    note(SSTP, &["type(5): abort"], "A Call Abort was exchanged"),
    fail(SSTP, &["type(3): connect nak"], "The server refused the connect request", &["SSTP-NAK"]),
    note(SSTP, &["type(2): connect ack"], "The server accepted the call").shows(Layer::Sstp),
    note(SSTP, &["type(6): disconnect"], "A Call Disconnect was exchanged"),
    fail(SSTP, &["negotiation with server failed"], "The SSTP negotiation failed", &["SSTP-NO-ACK", "SSTP-NAK"]),
    fail(SSTP, &["could not start ppp daemon"], "pppd could not be started", &["LCP-NO-PPP-DEVICE"]),
    fail(SSTP, &["failed to receive ip-up notify"], "pppd did not report the link as up", &["LCP-PLUGIN-VERSION"]),
    fail(SSTP, &["pppd terminated"], "pppd ended; its own log tells why", &["LCP-NO-PPP-DEVICE", "LCP-PLUGIN-VERSION", "LCP-TERMINATED-BY-PEER"]),
    fail(SSTP, &["event loop terminated unsuccessfully"], "sstpc gave up", &["SSTP-NO-ACK"]),
    note(SSTP, &["started ppp link negotiation"], "The call is up, PPP begins").shows(Layer::Sstp),
    good(SSTP, &["connection established"], "The call is up"),
    note(SSTP, &["terminating on"], "sstpc was told to end"),
    note(SSTP, &["session was established for"], "The call ended"),
    fail(SSTP, &["**error: "], "sstpc ended with an error", &[]),
];

#[rustfmt::skip]
pub(super) const PPPD: &[Phrase] = &[
    fail(PPP, &["chap authentication failed due to protocol-reject"], "The server refuses CHAP", &["LCP-AUTH-NO-COMMON"]),
    fail(PPP, &["ms-chap authentication failed"], "MS-CHAPv2 failed", &["AUTH-MSCHAP-691"]),
    fail(PPP, &["mutual authentication failed"], "The server does not prove that it knows the password", &["AUTH-SERVER-PROOF-BAD"]),
    fail(PPP, &["chap authentication timed out"], "The server fell silent during the login", &["AUTH-RADIUS-TIMEOUT", "AUTH-MFA-TIMEOUT"]),
    fail(PPP, &["chap authentication failed"], "The server refuses name or password", &["AUTH-MSCHAP-691", "AUTH-LOCKED-OUT"]),
    fail(PPP, &["pap authentication failed"], "The server refuses name or password", &["AUTH-PAP-NAK", "AUTH-LOCKED-OUT"]),
    fail(PPP, &["peer reports authentication failure"], "EAP failed", &["AUTH-MSCHAP-691", "AUTH-POLICY-812"]),
    fail(PPP, &["eap: timeout waiting for request"], "The server fell silent during EAP", &["AUTH-RADIUS-TIMEOUT"]),
    fail(PPP, &["failed to authenticate ourselves to peer"], "The login failed", &["AUTH-MSCHAP-691"]),
    fail(PPP, &["no chap secret found for authenticating us"], "pppd has no password for this user", &["AUTH-MSCHAP-691"]),
    fail(PPP, &["remote system is required to authenticate itself"], "pppd wants the server to log in: its option noauth is missing", &["LCP-AUTH-NO-COMMON"]),
    fail(PPP, &["lcp: timeout sending config-requests"], "The server does not answer LCP", &["LCP-NO-RESPONSE"]),
    fail(PPP, &["ipcp: timeout sending config-requests"], "The server does not answer IPCP", &["IPCP-NO-ADDRESS"]),
    fail(PPP, &["lcp terminated by peer"], "The server ended PPP", &["LCP-TERMINATED-BY-PEER"]),
    fail(PPP, &["serial line is looped back"], "The frames of pppd come back to it", &["LCP-LOOPBACK"]),
    fail(PPP, &["no response to", "echo-requests"], "LCP echoes stay unanswered", &["LCP-ECHO-LOST", "TEAR-IDLE-MIDDLEBOX"]),
    fail(PPP, &["mppe required but peer"], "pppd demands MPPE, which SSTP does not need", &["CCP-MPPE-MISMATCH"]),
    fail(PPP, &["mppe required, but"], "pppd demands MPPE, which this login cannot give", &["CCP-MPPE-MISMATCH"]),
    fail(PPP, &["plugin", "is for pppd version"], "The plugin was built for another pppd", &["LCP-PLUGIN-VERSION"]),
    fail(PPP, &["/dev/ppp"], "The kernel has no PPP device", &["LCP-NO-PPP-DEVICE"]),
    fail(PPP, &["could not determine remote ip address"], "The server gave no address of its own", &["IPCP-NO-ADDRESS"]),
    note(PPP, &["chap authentication succeeded"], "The login succeeded").shows(Layer::Auth),
    note(PPP, &["pap authentication succeeded"], "The login succeeded").shows(Layer::Auth),
    good(PPP, &["local  ip address"], "The link has its address"),
    note(PPP, &["modem hangup"], "The link below pppd went away"),
    note(PPP, &["connection terminated"], "PPP ended"),
];
