//! What a probe finds on a lab fault, held against what `diagnose` finds in the capture that the probe wrote of it.

use crate::lab::{block_on, each, heard, judged, soon, timers};
use crate::scratch::Scratch;
use serde_json::Value;
use sstp_diag::jobs::lab::Fault;
use sstp_diag::jobs::pcap::PcapFile;
use sstp_diag::live::wiretap::Ear;
use sstp_diag::proto::plan::Timers;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Why the two may differ.
struct Why {
    /// Ids of faults.
    faults: &'static [&'static str],
    /// What the capture shows in place of the probe's cause; empty: no failing finding.
    told: &'static str,
    /// Why it cannot show more.
    because: &'static str,
}

const ALLOWED: &[Why] = &[
    Why { faults: &["dns.no-address", "dns.nxdomain"], told: "", because: "a name is resolved by the system, and nothing is dialled" },
    Why { faults: &["tcp.no-route", "tcp.not-dialable"], told: "", because: "no packet leaves the machine" },
    Why { faults: &["proxy.unreachable"], told: "TCP-REFUSED", because: "nothing was said that shows that a proxy was dialled" },
    Why {
        faults: &["proxy.basic-login"],
        told: "PROXY-AUTH-REQUIRED",
        because: "the login comes on a new connection, and that of the 407 is one by itself in the capture",
    },
    Why {
        faults: &["proxy.socks-login-missing", "proxy.socks-refused", "proxy.socks-wrong-password"],
        told: "",
        because: "SOCKS is not read in captures (docs/limits.md)",
    },
    Why {
        faults: &["proxy.port-filter", "proxy.sstpversion-filter"],
        told: "PROXY-CONNECT-DENIED",
        because: "what the refusal depends on was asked on further connections; each is one by itself in the capture",
    },
    Why {
        faults: &["tcp.accept-then-reset"],
        told: "TCP-RESET-ON-CONNECT",
        because: "the reset comes before the hello is sent, so that the capture shows a bare connection",
    },
    Why {
        faults: &["tcp.large-segments-lost"],
        told: "TLS-CLIENT-LEFT",
        because: "the capture is of our sockets: segments lost on the way, and sent again by the kernel, do not pass there",
    },
    Why {
        faults: &[
            "tls.anonymous",
            "tls.dead-suites",
            "tls.null-suites",
            "tls.old-suites",
            "tls.rare-group",
            "tls.rare-suites",
            "tls.short-prime",
        ],
        told: "TLS-NO-COMMON-CIPHER",
        because: "the probe asks further with hellos of its own; each is a connection by itself in the capture",
    },
    Why {
        faults: &["tls.proxy-line", "tls.shuns-tls13"],
        told: "TCP-ACCEPT-NO-DATA",
        because: "the hello that was answered is one of the probe's own, and a connection by itself in the capture",
    },
    Why {
        faults: &[
            "cert.crl-expired",
            "cert.crl-foreign",
            "cert.crl-forged",
            "cert.crl-gone",
            "cert.crl-portal",
            "cert.crl-refused",
            "cert.crl-silent",
            "cert.ocsp-gone",
            "cert.ocsp-other",
            "cert.ocsp-stale",
            "cert.ocsp-stranger",
            "cert.ocsp-try-later",
            "cert.ocsp-unappointed",
            "cert.ocsp-unknown",
            "cert.revoked-intermediate",
            "cert.revoked-leaf",
            "cert.revoked-ocsp",
        ],
        told: "",
        because: "revocation is not looked up for captures (docs/limits.md)",
    },
    Why {
        faults: &[
            "auth.eap-alert",
            "auth.eap-client-expired",
            "auth.eap-client-purpose",
            "auth.eap-client-revoked",
            "auth.eap-client-unknown-ca",
            "auth.eap-client-unmapped",
            "auth.peap-inner-method",
            "auth.peap-no-number",
        ],
        told: "AUTH-EAP-FAILURE",
        because: "what is inside EAP-TLS and PEAP is encrypted once more",
    },
    Why {
        faults: &[
            "auth.eap-fragment-missing",
            "auth.eap-server-expired",
            "auth.eap-server-name",
            "auth.eap-server-purpose",
            "auth.eap-server-untrusted",
            "auth.eap-tls-server-untrusted",
            "auth.peap-cryptobinding-wrong",
            "auth.peap-impostor",
            "auth.peap-no-dialin",
            "auth.peap-wrong-password",
        ],
        told: "AUTH-CLIENT-LEFT",
        because: "the client leaves over what it read inside EAP, which is encrypted once more",
    },
    Why {
        faults: &["auth.eap-md5-only"],
        told: "",
        because: "the probe asks for the other methods on further calls; each is a connection by itself in the capture",
    },
    Why { faults: &["auth.impostor"], told: "BIND-CLIENT-LEFT", because: "only who has the password can check the server's proof" },
];

/// What both said of a fault: the cause of the probe, and the failing findings of the recorded call, the cause first.
struct Both {
    probe: String,
    diagnose: Vec<String>,
}

#[test]
fn the_capture_of_a_probe_is_judged_as_the_probe_was() {
    let folder = Rc::new(Scratch::new("recorded"));
    let within = folder.clone();
    let runs = block_on(each(soon().collect(), async move |fault: &Fault| both(&within, fault).await));
    let mut wrongs = Vec::new();
    for (fault, Both { probe, diagnose }) in runs {
        let allowed = ALLOWED.iter().find(|why| why.faults.contains(&fault.id));
        let expected = allowed.map_or(probe.as_str(), |why| why.told);
        let right = if expected.is_empty() { diagnose.is_empty() } else { diagnose == [expected] };
        if !right || allowed.is_some_and(|why| why.told == probe || why.because.is_empty()) {
            wrongs.push(format!("{}: the probe says {probe}, its capture {diagnose:?}", fault.id));
        }
    }
    wrongs.sort();
    assert!(wrongs.is_empty(), "{}:\n{}", wrongs.len(), wrongs.join("\n"));
}

async fn both(folder: &Scratch, fault: &Fault) -> Both {
    let (pcap, ca) = (folder.path(&format!("{}.pcapng", fault.id)), folder.path(&format!("{}.der", fault.id)));
    let file = Arc::new(PcapFile::create(Path::new(&pcap), "a test").expect("a temporary file"));
    // A tap takes a client that waited for five seconds for one that waited in vain.
    let timers = Timers { layer: Duration::from_millis(5_500), restart: Duration::from_secs(2), ..timers() };
    let (transcript, roots) = heard(vec![fault.id.to_string()], true, timers, Ear::new(file.clone())).await;
    file.finish().expect("room for a capture");
    fs::write(&ca, roots.concat()).expect("room for a certificate");
    let probe = judged(&transcript).cause().map(|cause| cause.check.id.to_string()).unwrap_or_default();
    let diagnose = tokio::task::spawn_blocking(move || diagnosed(&pcap, &ca)).await.expect("it comes back");
    Both { probe, diagnose }
}

/// The failing findings of the call: of the SSTP session, else of the first connection where something failed.
fn diagnosed(pcap: &str, ca: &str) -> Vec<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    program.args(["diagnose", "-o", "json", "--trust", "mozilla", pcap]);
    if fs::metadata(ca).is_ok_and(|file| file.len() > 0) {
        program.args(["--ca", ca]);
    }
    let output = program.output().expect("the program runs");
    let report = serde_json::from_slice(&output.stdout);
    let report: Value = report.unwrap_or_else(|error| panic!("{pcap}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
    let sessions = report["sessions"].as_array().cloned().unwrap_or_default();
    let failing = |session: &Value| -> Vec<String> {
        let findings = session["findings"].as_array().into_iter().flatten();
        let failing = findings.filter(|it| it["severity"] == "fail" && it["because_of"].is_null());
        failing.filter_map(|it| it["id"].as_str().map(str::to_string)).collect()
    };
    let call = sessions.iter().find(|it| it["kind"] == "sstp").map(failing);
    call.or_else(|| sessions.iter().map(failing).find(|ids| !ids.is_empty())).unwrap_or_default()
}
