//! Why no check looks for a cause.

/// The reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It lies on the user's machine and leaves no mark on the wire, or one that everything leaves.
    OnThePc,
    /// It lies in the accounts, the registry, the logs or the load of the server; the wire shows one answer for all of it.
    OnTheServer,
    /// One place does not show it: it takes another network, another client or another moment.
    Elsewhere,
    /// It takes an experiment that a call does not make.
    Experiment,
    /// The wire shows it as another finding, which is made.
    As(&'static str),
    /// Checks of other ids look for it, each for a part.
    By(&'static [&'static str]),
    /// It shows in what this program does not read, or not follow.
    NotRead(&'static str),
}

impl Why {
    /// In a sentence.
    pub fn says(self) -> String {
        match self {
            Why::OnThePc => "It lies on the user's machine, and the wire does not show it.".into(),
            Why::OnTheServer => "It lies inside the server, which answers in the same way for other reasons too.".into(),
            Why::Elsewhere => "One place does not show it: it takes another network, another client or another moment.".into(),
            Why::Experiment => "It takes an experiment that a call does not make.".into(),
            Why::As(id) => format!("The wire shows it as {id}, and nothing tells the two apart."),
            Why::By(ids) => format!("It is found, as {}.", ids.join(", ")),
            Why::NotRead(what) => format!("It would show in {what}."),
        }
    }
}

/// Why no check looks for that cause.
pub fn of(id: &str) -> Option<Why> {
    WHY.iter().find(|row| row.1.contains(&id)).map(|row| row.0)
}

/// The reason, and the causes that have it.
#[rustfmt::skip]
pub(super) const WHY: &[(Why, &[&str])] = &[
    (Why::OnThePc, &[
        "PROXY-CONTEXT-MISMATCH", "TLS-SCHANNEL-PATCH-REGRESSION", "TLS-SCHANNEL-CREDENTIAL", "CERT-WRONG-STORE",
        "CERT-LINUX-TRUSTSTORE", "CERT-TRUST-OVERRIDE", "CERT-DISTRUSTED", "SSTP-CLIENT-SERVICE", "SSTP-COOKIE", "LCP-NO-PPP-DEVICE",
        "LCP-PLUGIN-VERSION", "AUTH-EAPTLS-NO-CERT", "AUTH-EAP-NAMECASE-853", "AUTH-EAP-PROMPT", "AUTH-CRED-GUARD", "IPCP-WAN-MINIPORT",
        "DATA-CLASSFUL-ROUTE", "DATA-SMB-KERBEROS", "TEAR-SLEEP", "TEAR-LOGOFF-SWITCH", "CERT-AZURE-ROLLOVER",
    ]),
    (Why::OnTheServer, &[
        "TCP-PORT-CONFLICT", "TCP-LISTENER-MISSING", "CERT-SERVER-MISSING", "CERT-HTTPSYS-DIFFERS", "CERT-RENEWED-NOT-ACTIVE", "HTTP-NO-FREE-PORTS",
        "HTTP-URLACL", "AUTH-LOCKED-OUT", "AUTH-POLICY-812", "AUTH-691-TLS10-OFF", "AUTH-NPS-DIALIN-DENIED", "AUTH-ACCEPT-BUT-FAIL",
        "AUTH-AZURE-ROOT", "BIND-REG-SHA256-INVALID", "BIND-REG-SHA1-INVALID", "BIND-HASH-READ-FAIL", "DATA-SERVER-CPU", "DATA-AZURE-LIMIT",
    ]),
    (Why::Elsewhere, &[
        "DNS-WRONG-ADDRESS", "TCP-HAIRPIN", "TCP-SOURCE-NOT-ALLOWED", "TCP-NAT-TABLE-FULL", "CERT-CRL-BLOCKED-CLIENTSIDE", "TLS-DPI-BLOCK",
        "HTTP-HEALTHCHECK-FALSE-OK", "AUTH-WIN10-1803-SOFTETHER",
    ]),
    (Why::Experiment, &[
        "DNS-CAPTIVE-HIJACK", "TCP-WRONG-PORT", "PROXY-CONNECT-NO-HOST",
        "DATA-MTU", "DATA-LARGE-FRAME-BUG",
    ]),
    (Why::By(&["TLS-WEAK-DH", "CERT-WEAK-KEY", "CERT-KEY-BLOCKED"]), &["TLS-WEAK-DH-OR-KEY"]),
    (Why::By(&["TLS-CLIENTS-LEFT-OUT", "TLS-WINDOWS-SHARES-NOTHING"]), &["TLS-13-SUPPORT-GAP"]),
    (Why::As("TEAR-LIFETIME-CAP"), &["TEAR-SESSION-LIMIT", "TEAR-10MIN"]),
    (Why::As("TEAR-REMOTE"), &["TEAR-IDLE-POLICY"]),
    (Why::As("TEAR-CLIENT-ECHO-LOST"), &["TEAR-60S-IDLE-ANDROID"]),
    (Why::As("BIND-CMAC-INVALID"), &["BIND-EAPTLS-KEY-LENGTH"]),
    (Why::As("AUTH-EAP-FAILURE"), &[
        "AUTH-EAP-USERCERT-INVALID", "AUTH-EAP-USERCERT-EXPIRED", "AUTH-EAP-USERCERT-REVOKED", "AUTH-EAP-SERVERCERT",
        "AUTH-EAP-SERVERROOT-MISSING", "AUTH-EAPTLS-13", "AUTH-PEAP-CRYPTOBINDING",
    ]),
    (Why::NotRead("a packet that says to be longer than 4095 bytes, and its length has 12 bits"), &["SSTP-FRAME-TOO-LONG"]),
    (Why::NotRead("UDP and PPTP beside the call, and captures are read for TCP to the server only"), &["SSTP-TUNNEL-TYPE-AUTO"]),
    (Why::NotRead("what is inside the packets in the tunnel, which are counted and not followed"), &["DATA-DEFAULT-GATEWAY", "DATA-DNS-SUFFIX"]),
];
