//! How a cause is tested with this program: command lines, ready to be copied. Words in capitals are for the reader to fill in.

use crate::base::Layer;
use crate::diag::cause::Cause;
use crate::diag::check::Need;

/// One command line, and what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    /// The command line.
    pub line: &'static str,
    /// What it tells.
    pub tells: &'static str,
}

/// The command lines for a cause, the most telling first.
pub fn of_cause(cause: Cause) -> Vec<How> {
    let special: Vec<How> = SPECIAL.iter().filter(|row| row.0.contains(&cause.id())).map(|row| How { line: row.1, tells: row.2 }).collect();
    let tapped = matches!(cause, Cause::Check(check) if check.needs == Need::Tap);
    let usual = match cause {
        Cause::Check(_) if tapped => None,
        Cause::Check(_) => Some("runs this check"),
        Cause::Way(_) => return special.into_iter().chain([EXPERIMENTS]).collect(),
        Cause::Unseen(_) => Some("cannot see this cause itself, but rules the other causes on this layer in or out"),
    };
    let shows = SHOWS_LATER.iter().find(|row| row.0 == cause.id()).map_or(cause.layer(), |row| row.1);
    let usual = usual.filter(|_| special.is_empty()).map(|tells| How { line: up_to(shows), tells });
    tapped.then_some(ON_A_CAPTURE).into_iter().chain(special).chain(usual).collect()
}

/// The command line that shows a fault of the lab. What falls silent in the midst of a login would be waited for as long as for a second
/// factor.
pub fn of_fault(id: &str) -> String {
    let waits = if SILENT.contains(&id) { " --layer-timeout auth=5" } else { "" };
    format!("sstp-diag probe --lab --fault {id}{waits}")
}

/// The command line that climbs to a layer.
pub fn of_layer(layer: Layer) -> How {
    How { line: up_to(layer), tells: "climbs to this layer and shows what was learned on the way" }
}

fn up_to(layer: Layer) -> &'static str {
    match layer {
        Layer::Dns => "sstp-diag probe HOST --until dns -v",
        Layer::Tcp => "sstp-diag probe HOST --until tcp",
        Layer::Proxy => "sstp-diag probe HOST --proxy http://PROXY:3128 --until proxy",
        Layer::Tls => "sstp-diag probe HOST --until tls -v",
        Layer::Cert => "sstp-diag probe HOST --until cert -v",
        Layer::Http => "sstp-diag probe HOST --until http -v",
        Layer::Sstp => "sstp-diag probe HOST --until sstp -v",
        Layer::Lcp => "sstp-diag probe HOST --until lcp -v",
        Layer::Auth => "sstp-diag probe HOST --user USER --until auth",
        Layer::Binding => "sstp-diag probe HOST --user USER --until binding -v",
        Layer::Ncp => "sstp-diag probe HOST --user USER --until ncp -v",
        Layer::Data => "sstp-diag probe HOST --user USER --until data",
        Layer::Teardown => "sstp-diag probe HOST --user USER",
    }
}

/// Findings that a climb to their own layer does not show, and the layer that does.
const SHOWS_LATER: [(&str, Layer); 4] = [
    // The server's clock stands in its HTTP answer.
    ("CERT-CLIENT-CLOCK", Layer::Http),
    // The server's timer runs until Call Connected. MS-SSTP 3.3.2.1.
    ("SSTP-NEGOTIATION-TIMEOUT", Layer::Binding),
    // Whatever comes in place of an answer, up to an address.
    ("SSTP-FLOOD", Layer::Ncp),
    // A protocol is rejected when it is first spoken.
    ("LCP-PROTOCOL-REJECT", Layer::Auth),
];

/// For what `path` finds.
const EXPERIMENTS: How = How { line: "sstp-diag path HOST", tells: "runs the experiments that tell" };

/// For checks that only a tap can make.
const ON_A_CAPTURE: How =
    How { line: "sstp-diag diagnose CAPTURE.pcapng --keylog KEYS", tells: "runs this check on a capture of the call" };

/// Faults that show after a silence within the login.
const SILENT: [&str; 1] = ["auth.eap-stalled"];

/// Ids, command line, what it tells.
#[rustfmt::skip]
const SPECIAL: &[(&[&str], &str, &str)] = &[
    (&["DNS-AAAA-DEAD", "CERT-V4-V6-DIFFER"], "sstp-diag probe HOST --until cert -v -6", "the server over IPv6"),
    (&["DNS-AAAA-DEAD", "CERT-V4-V6-DIFFER"], "sstp-diag probe HOST --until cert -v -4", "the server over IPv4, to compare"),
    (&["DNS-MULTI-A-PARTIAL", "HTTP-HEALTHCHECK-FALSE-OK"], "sstp-diag probe HOST --connect ADDRESS --until http", "one node behind the name; run it for every address"),
    (&["DNS-WRONG-ADDRESS", "DNS-SPLIT-HORIZON", "TCP-HAIRPIN"], "sstp-diag probe HOST --until cert -v", "the addresses that this network's resolver gives, and the certificate there"),
    (&["DNS-WRONG-ADDRESS", "DNS-SPLIT-HORIZON", "TCP-HAIRPIN"], "sstp-diag probe HOST --connect ADDRESS --until cert -v", "the address that it ought to be, to compare"),
    (&["DNS-CONNECT-BY-IP", "CERT-NAME-MISMATCH", "CERT-WILDCARD-DEPTH", "TLS-SNI-DEFAULT-CERT"], "sstp-diag probe HOST --until cert -v --compare-sni", "the names in the certificate that this name gets"),
    (&["DNS-CONNECT-BY-IP", "CERT-NAME-MISMATCH", "CERT-WILDCARD-DEPTH", "TLS-SNI-DEFAULT-CERT"], "sstp-diag probe HOST --server-name NAME --until cert", "whether another name fits"),
    (&["TCP-WRONG-PORT"], "sstp-diag probe HOST:443 --until http", "whether SSTP is on the usual port"),
    (&["TCP-WRONG-PORT"], "sstp-diag probe HOST:PORT --until http", "whether it is on the configured one"),
    (&["PROXY-CONTEXT-MISMATCH", "PROXY-PAC-FAIL", "PROXY-SSTPVERSION-FILTER", "PROXY-CONNECT-NO-HOST"], "sstp-diag probe HOST --no-proxy --until tls", "the way without a proxy"),
    (&["PROXY-CONTEXT-MISMATCH", "PROXY-PAC-FAIL", "PROXY-SSTPVERSION-FILTER", "PROXY-CONNECT-NO-HOST"], "sstp-diag probe HOST --proxy http://PROXY:3128 --until tls", "the way through it"),
    (&["CERT-UNTRUSTED-ROOT", "CERT-MISSING-INTERMEDIATE", "CERT-WRONG-STORE", "CERT-LINUX-TRUSTSTORE", "CERT-TRUST-OVERRIDE"], "sstp-diag probe HOST --until cert -v", "the chain with the roots of this machine"),
    (&["CERT-UNTRUSTED-ROOT", "CERT-MISSING-INTERMEDIATE", "CERT-WRONG-STORE", "CERT-LINUX-TRUSTSTORE", "CERT-TRUST-OVERRIDE"], "sstp-diag probe HOST --until cert --trust mozilla", "the same with public roots"),
    (&["CERT-UNTRUSTED-ROOT", "CERT-SELF-SIGNED", "CERT-WRONG-STORE"], "sstp-diag probe HOST --until cert --ca ROOT.pem", "the same with your own root"),
    (&["CERT-CRL-UNREACHABLE", "CERT-CRL-EXPIRED", "CERT-CRL-WRONG", "CERT-CRL-BLOCKED-CLIENTSIDE", "CERT-OCSP-DOWN", "CERT-REVOCATION-PARTLY", "CERT-REVOCATION-SLOW", "CERT-REVOKED", "CERT-STAPLE-BAD"], "sstp-diag probe HOST --until cert --revocation", "fetches every revocation list and asks every OCSP responder of the chain, without the tunnel"),
    (&["CERT-MISSING-INTERMEDIATE", "CERT-AIA-UNREACHABLE", "CERT-CA-FIRST", "CERT-WRONG-ORDER", "CERT-EXTRA"], "sstp-diag probe HOST --until cert --fix-chain chain.pem", "writes the certificates as the server should send them"),
    (&["CERT-HTTPSYS-DIFFERS", "CERT-RENEWED-NOT-ACTIVE", "BIND-OFFLOAD-RENEWED", "BIND-CERTHASH-LB"], "sstp-diag probe HOST --until cert -v", "prints the SHA-1 and SHA-256 of the certificate as clients see it; compare with the server's"),
    (&["BIND-TLS-INSPECTION"], "sstp-diag probe HOST --until cert -v", "run it on this network and on another one; the SHA-256 of the certificate must be the same"),
    (&["BIND-CERTHASH-LB"], "sstp-diag probe HOST --connect ADDRESS --until cert -v", "the certificate of one node behind the balancer"),
    (&["SSTP-TUNNEL-TYPE-AUTO"], "sstp-diag probe HOST --user USER", "dials SSTP alone and names the real fault"),
    (&["AUTH-MSCHAP-691", "AUTH-USERNAME-FORMAT", "AUTH-LOCKED-OUT", "AUTH-NON-ASCII"], "sstp-diag probe HOST --user USER --auth mschapv2 --until auth", "logs in with MS-CHAPv2 only; mind the lockout counter"),
    (&["AUTH-USERNAME-FORMAT"], "sstp-diag probe HOST --user 'DOMAIN\\USER' --until auth", "the same with the other form of the name"),
    (&["AUTH-PAP-ONLY-WORKS"], "sstp-diag probe HOST --until lcp -v", "lists the methods the server offers, without a password"),
    (&["AUTH-PAP-ONLY-WORKS"], "sstp-diag probe HOST --user USER --auth pap --until auth", "whether PAP is accepted"),
    (&["AUTH-POLICY-812", "AUTH-EAP-METHOD-MISMATCH", "LCP-AUTH-NO-COMMON", "LCP-EAP-ONLY", "LCP-AUTH-NAK-LOOP"], "sstp-diag probe HOST --until lcp -v", "lists the methods the server offers, without a password"),
    (&["AUTH-EAP-METHOD-MISMATCH", "AUTH-EAP-MD5-ONLY"], "sstp-diag probe HOST --auth-matrix", "asks for every method, without a password"),
    (&["AUTH-RADIUS-TIMEOUT", "AUTH-MFA-TIMEOUT"], "sstp-diag probe HOST --user USER --until auth --layer-timeout auth=90 --timeout 120", "waits long enough to tell silence from refusal"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::cause;

    #[test]
    fn what_falls_silent_is_not_waited_for() {
        assert_eq!(of_fault("auth.eap-stalled"), "sstp-diag probe --lab --fault auth.eap-stalled --layer-timeout auth=5");
        assert_eq!(of_fault("cert.expired"), "sstp-diag probe --lab --fault cert.expired");
    }

    #[test]
    fn special_lines_are_for_causes_that_exist() {
        for id in SPECIAL.iter().flat_map(|row| row.0) {
            assert!(Cause::by_id(id).is_some(), "{id}");
        }
        assert!(SHOWS_LATER.iter().all(|(id, layer)| Cause::by_id(id).is_some_and(|cause| cause.layer() < *layer)));
        assert!(cause::all().all(|cause| !of_cause(cause).is_empty()));
    }
}
