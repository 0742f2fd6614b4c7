//! Where a remedy differs from product to product: a sentence or a command for each that has its own.

use super::product::Product::{self, AccelPpp, RouterOs, Rras, SoftEther};

/// What is to be done about a finding on each product.
pub fn of(id: &str) -> impl Iterator<Item = (Product, &'static str)> {
    REMEDIES.iter().filter(move |row| row.0.contains(&id)).flat_map(|row| row.1.iter().copied())
}

type Row = (&'static [&'static str], &'static [(Product, &'static str)]);

/// What is to be done on each of the four, in the words of their own settings and commands. None was tried on the product.
#[rustfmt::skip]
pub(super) const REMEDIES: &[Row] = &[
    (&["TCP-REFUSED", "TCP-LISTENER-MISSING", "TCP-WRONG-PORT", "TCP-PORT-CONFLICT"], &[
        (Rras, "`sc query SstpSvc` and `netsh http show servicestate` show service and listener; the port is ListenerPort under SstpSvc\\Parameters."),
        (SoftEther, "`vpncmd ... ListenerList`, then `ListenerCreate 443`; `SstpEnable yes` turns SSTP on."),
        (RouterOs, "`/interface sstp-server server print`; `set enabled=yes port=443`, and an input rule for that port in `/ip firewall filter`."),
        (AccelPpp, "The module sstp under [modules], and port= under [sstp]; another program on the port shows in its log as a failed bind."),
    ]),
    (&["TCP-PROXYPROTO-MISMATCH"], &[
        (AccelPpp, "accept=ssl in place of accept=ssl,proxy under [sstp], or send-proxy in the balancer."),
    ]),
    (&["TCP-SOURCE-NOT-ALLOWED"], &[
        (SoftEther, "`AcList` of the hub, and the limit for attacks on the listener."),
        (RouterOs, "The input chain of `/ip firewall filter`, and address lists in it."),
        (AccelPpp, "Add the range under [client-ip-range]."),
    ]),
    (&["TLS-SERVER-TOO-OLD", "TLS-OLD-VERSION", "TLS-LEGACY-CIPHER", "TLS-NO-COMMON-CIPHER", "TLS-WEAK-CIPHER", "TLS-NO-FORWARD-SECRECY"], &[
        (Rras, "The SCHANNEL keys of the registry (Protocols), and the order of suites in Group Policy; restart the machine."),
        (SoftEther, "`ServerCipherSet`, or a current build; Tls_Disable1_0 and Tls_Disable1_1 in the configuration."),
        (RouterOs, "`/interface sstp-server server set tls-version=only-1.2 pfs=yes`."),
        (AccelPpp, "ssl-protocol= and ssl-ciphers= under [sstp]."),
    ]),
    (&["TLS-SNI-ALERT", "HTTP-404", "HTTP-HOST-MISMATCH"], &[
        (Rras, "`netsh http show urlacl` has to list the sra_ address; restart RemoteAccess."),
        (SoftEther, "`SstpEnable yes`; the name does not matter to it."),
        (RouterOs, "`/interface sstp-server server set enabled=yes`; a web proxy on the same port has to move."),
        (AccelPpp, "host-name= under [sstp] has to be the name that clients dial, or be left out."),
    ]),
    (&["TLS-RESET-IN-HANDSHAKE", "CERT-SERVER-MISSING", "CERT-NONE-SENT"], &[
        (Rras, "`netsh http show sslcert`; choose the certificate again on the page Security of the RRAS console."),
        (SoftEther, "`ServerCertGet`, or `ServerCertRegenerate` and `ServerCertSet`."),
        (RouterOs, "`/interface sstp-server server set certificate=...`; the certificate has to have its key (flag K)."),
        (AccelPpp, "ssl-pemfile= and ssl-keyfile= under [sstp] have to be readable."),
    ]),
    (&["CERT-EXPIRED", "CERT-EXPIRES-SOON", "CERT-EXPIRES-30-DAYS", "CERT-NOT-YET-VALID", "CERT-NAME-MISMATCH", "CERT-SELF-SIGNED", "CERT-UNTRUSTED-ROOT", "CERT-EKU-MISSING", "CERT-REVOKED", "CERT-CN-ONLY", "CERT-WILDCARD-DEPTH", "CERT-SHA1", "CERT-SIGNATURE-UNKNOWN", "CERT-WEAK-KEY", "CERT-RENEWED-NOT-ACTIVE"], &[
        (Rras, "Import it into the store of the machine, then `Set-RemoteAccess -SslCertificate` or the page Security of the console; restart RemoteAccess."),
        (SoftEther, "`ServerCertSet /LOADCERT:... /LOADKEY:...`."),
        (RouterOs, "`/certificate import`, then `/interface sstp-server server set certificate=...`."),
        (AccelPpp, "Replace the file that ssl-pemfile= names, with the key, and reload."),
    ]),
    (&["CERT-MISSING-INTERMEDIATE", "CERT-WRONG-ORDER"], &[
        (Rras, "Import the intermediate into Intermediate Certification Authorities of the machine; restart RemoteAccess."),
        (SoftEther, "Put the intermediates into the folder chain_certs beside the program."),
        (RouterOs, "`/certificate import` the intermediate too."),
        (AccelPpp, "Append the intermediates, leaf first, to the file of ssl-pemfile=."),
    ]),
    (&["LCP-AUTH-NO-COMMON", "LCP-EAP-ONLY", "LCP-AUTH-NAK-LOOP", "AUTH-NOT-DEMANDED", "AUTH-PAP-USED", "AUTH-WEAK-OFFERED", "AUTH-CHAP-MD5-USED", "AUTH-PAP-ONLY-WORKS", "AUTH-EAP-METHOD-MISMATCH", "AUTH-EAP-MD5-ONLY", "AUTH-EAP-MD5-USED"], &[
        (Rras, "Authentication Methods on the page Security of the console, and the methods of the network policy in NPS."),
        (SoftEther, "It offers what the user's authentication allows: a password kept by SoftEther, or an NT domain or RADIUS, allows MS-CHAPv2."),
        (RouterOs, "`/interface sstp-server server set authentication=mschap2`."),
        (AccelPpp, "auth_mschap_v2 under [modules]; any-login=0 and noauth=0 under [auth]."),
    ]),
    (&["AUTH-MSCHAP-691", "AUTH-CHAP-FAILURE", "AUTH-PAP-NAK", "AUTH-EAP-FAILURE", "AUTH-LOCKED-OUT", "AUTH-MSCHAP-647", "AUTH-MSCHAP-648", "AUTH-ACCOUNT-EXPIRED", "AUTH-USERNAME-FORMAT"], &[
        (Rras, "NPS event 6273 has the reason code: `sstp-diag explain 'NPS CODE'`, with that number for CODE, tells what it means."),
        (SoftEther, "`UserGet` and `UserPasswordSet` in the hub; another hub is named user@hub."),
        (RouterOs, "`/ppp secret print` and `/log print where topics~\"ppp\"`; with RADIUS `/radius monitor`."),
        (AccelPpp, "chap-secrets, or the log of RADIUS; level=4 under [log] shows what was exchanged."),
    ]),
    (&["AUTH-RADIUS-TIMEOUT", "AUTH-MFA-TIMEOUT", "AUTH-SILENT"], &[
        (Rras, "The time-out of the RADIUS server in the RRAS console: 60 s or more where a person has to agree."),
        (SoftEther, "`RadiusServerSet /RETRY_INTERVAL:...` of the hub."),
        (RouterOs, "`/radius set timeout=...`; the default is 300 ms."),
        (AccelPpp, "timeout= and max-try= under [radius]."),
    ]),
    (&["BIND-REFUSED", "BIND-CERTHASH-LB", "BIND-OFFLOAD-RENEWED", "BIND-TLS-INSPECTION"], &[
        (Rras, "Set SHA256CertificateHash (and SHA1CertificateHash) under SstpSvc\\Parameters to the certificate that clients see; restart SstpSvc."),
        (RouterOs, "The certificate that clients see has to be that of the sstp-server, or TLS has to end on the router itself."),
        (AccelPpp, "ssl-pemfile= names the certificate that clients see even where TLS ends elsewhere."),
    ]),
    (&["BIND-CMAC-INVALID", "BIND-RADIUS-NO-MPPE", "BIND-HLAK-ZERO-EAPMSCHAP"], &[
        (Rras, "NPS returns the keys by itself; another RADIUS server has to send MS-MPPE-Send-Key and MS-MPPE-Recv-Key."),
        (RouterOs, "The RADIUS server has to send MS-MPPE-Send-Key and MS-MPPE-Recv-Key; local secrets need nothing."),
        (AccelPpp, "The RADIUS server has to send the MPPE keys; update accel-ppp where it mixed up their order."),
    ]),
    (&["BIND-SHA1-ONLY", "BIND-HASH-PROTOCOL"], &[
        (AccelPpp, "cert-hash-proto=sha1,sha256 under [sstp]."),
    ]),
    (&["BIND-NOT-VERIFIED"], &[
        (SoftEther, "It never checks the binding, and has no setting for it."),
    ]),
    (&["IPCP-NO-ADDRESS", "IPCP-POOL-EXHAUSTED"], &[
        (Rras, "IPv4 on the page of the server's properties: DHCP, or a static pool that is large enough."),
        (SoftEther, "`SecureNatEnable` and `DhcpEnable` of the hub, or a DHCP server behind a bridge."),
        (RouterOs, "remote-address= of the profile has to name an `/ip pool` with free addresses."),
        (AccelPpp, "The ranges under [ip-pool], or Framed-IP-Address from RADIUS."),
    ]),
    (&["IPCP-PROTOCOL-REJECTED", "IPV6CP-REJECTED", "LCP-PROTOCOL-REJECT"], &[
        (Rras, "Enable IPv4 (or IPv6) forwarding in the properties of the server."),
        (AccelPpp, "ipv4= and ipv6= under [ppp]: allow, prefer or require."),
    ]),
    (&["IPCP-DNS-NOT-OFFERED"], &[
        (Rras, "It hands out the DNS servers of the interface chosen under Adapter on the page IPv4."),
        (SoftEther, "`DhcpSet /DNS:...` of the hub."),
        (RouterOs, "dns-server= of the profile."),
        (AccelPpp, "dns1= and dns2= under [dns]."),
    ]),
    (&["TEAR-ECHO-LOST", "TEAR-IDLE-MIDDLEBOX", "PROXY-IDLE-CUTOFF", "LCP-ECHO-LOST", "TEAR-HELLO-EXPIRED"], &[
        (Rras, "Its hello interval of 60 s is fixed: raise the timers of what stands in front."),
        (SoftEther, "It sends echoes every few seconds, never answers any, and gives up after 20 s; nothing is to be set."),
        (RouterOs, "`/interface sstp-server server set keepalive-timeout=30`."),
        (AccelPpp, "lcp-echo-interval= and lcp-echo-failure= under [ppp]."),
    ]),
    (&["TEAR-DUPLICATE-SESSION"], &[
        (SoftEther, "The security policy of the user: MultiLogins."),
        (RouterOs, "only-one= of the profile."),
        (AccelPpp, "single-session= under [common]."),
    ]),
    (&["TEAR-LIFETIME-CAP", "TEAR-SESSION-LIMIT", "TEAR-IDLE-POLICY"], &[
        (Rras, "Constraints of the network policy: session timeout and idle timeout."),
        (SoftEther, "The security policy of the user: AutoDisconnect."),
        (RouterOs, "session-timeout= and idle-timeout= of the profile."),
        (AccelPpp, "Session-Timeout and Idle-Timeout from RADIUS."),
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::cause::Cause;
    use std::collections::HashSet;

    /// What stands under several findings gives no code that belongs to one of them.
    #[test]
    fn no_remedy_names_a_reason_of_nps_that_means_another_finding() {
        let reasons = crate::diag::codes::all().filter(|code| code.family == crate::diag::codes::Family::NpsReason);
        for code in reasons {
            let named = |says: &str| says.contains(&format!("NPS {}'", code.number));
            let rows = REMEDIES.iter().filter(|(_, remedies)| remedies.iter().any(|row| named(row.1)));
            for id in rows.flat_map(|row| row.0) {
                assert!(code.checks.contains(id), "NPS {} is not {id}", code.number);
            }
        }
    }

    #[test]
    fn a_remedy_is_for_a_cause_that_exists_and_stands_once() {
        let mut seen = HashSet::new();
        for (ids, remedies) in REMEDIES {
            for id in *ids {
                assert!(Cause::by_id(id).is_some(), "{id} is no cause");
                assert!(seen.insert(id), "{id} stands twice");
            }
            assert!(!remedies.is_empty() && remedies.is_sorted_by_key(|row| row.0), "{ids:?}");
            for (product, says) in *remedies {
                assert!(says.ends_with('.') && !says.contains("  "), "{}: {says}", product.name());
            }
        }
        assert_eq!(of("CERT-EXPIRED").map(|row| row.0).collect::<Vec<_>>(), Product::ALL);
    }
}
