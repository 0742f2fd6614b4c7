//! The matrix: every lab fault over loopback is found by the check it names, as the one cause where it fails; the clean
//! lab and the harmless oddities draw nothing above a note.

use sstp_diag::base::{Layer, Secret};
use sstp_diag::diag::{self, Judgement, Need, Severity, judge};
use sstp_diag::jobs::lab::{Fault, Lab, LabConfig, Makes, USERS, fault, pki};
use sstp_diag::jobs::probe::{self, ProbeConfig};
use sstp_diag::live::clock::Clock;
use sstp_diag::live::dns::Override;
use sstp_diag::live::keylog::KeyLogs;
use sstp_diag::live::lookup::Wish;
use sstp_diag::live::proxy::find::{Pac, Source};
use sstp_diag::live::proxy::{ProxyConfig, ProxyCredentials};
use sstp_diag::live::trust::{Store, Trust};
use sstp_diag::live::wiretap::Ear;
use sstp_diag::proto::edit::Edit;
use sstp_diag::proto::pair;
use sstp_diag::proto::plan::{Account, CertHashes, ClientConfig, Credentials, Method, Mind, Plan, ServerConfig, Timers};
use sstp_diag::transcript::{Asked, Facts, Head, Target, Transcript};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Spec timers, shortened: the faults that wait for one of them are to be waited for, not for minutes.
pub fn timers() -> Timers {
    Timers {
        layer: Duration::from_secs(2),
        layers: vec![(Layer::Data, Duration::from_secs(6)), (Layer::Cert, Duration::from_secs(6))],
        restart: Duration::from_millis(500),
        ..Timers::default()
    }
}

async fn run(faults: Vec<String>, credentials: bool) -> Transcript {
    heard(faults, credentials, timers(), Ear::default()).await.0
}

/// Faults that a probe with these timers can see; the others need more patience, and virtual time has it.
pub fn soon() -> impl Iterator<Item = &'static Fault> {
    fault::all().filter(|fault| fault.holds() < timers().layer)
}

/// A probe of the lab while `ear` listens, and the roots that it trusted.
pub async fn heard(faults: Vec<String>, credentials: bool, timers: Timers, ear: Ear) -> (Transcript, Vec<Vec<u8>>) {
    met(faults, credentials, None, timers, ear).await
}

/// A probe of the lab that climbs no further and looks nothing up: what the plain command line shows.
pub async fn up_to(until: Layer, faults: Vec<String>, credentials: bool) -> Transcript {
    let plain = Asked { until, ..Asked::default() };
    probed(faults, credentials, None, timers(), Ear::default(), (plain, Wish::default())).await.0
}

/// The same with these methods, where not all may be taken.
async fn met(faults: Vec<String>, credentials: bool, methods: Option<Vec<Method>>, timers: Timers, ear: Ear) -> (Transcript, Vec<Vec<u8>>) {
    // Also where no fault is there to be seen by it: looking things up must draw no finding of its own.
    let wish = Wish { issuers: true, revocation: true, nameless: true };
    probed(faults, credentials, methods, timers, ear, (Asked::default(), wish)).await
}

/// The same up to the layer that is asked for, looking up what is wished for.
async fn probed(
    faults: Vec<String>,
    credentials: bool,
    methods: Option<Vec<Method>>,
    timers: Timers,
    ear: Ear,
    (asked, wish): (Asked, Wish),
) -> (Transcript, Vec<Vec<u8>>) {
    let lab = Lab::start(LabConfig { faults, timers: timers.clone(), ..LabConfig::default() }).await.expect("the lab starts");
    let dial = lab.dial().clone();
    let target = Target { host: dial.host.clone(), port: dial.port, server_name: dial.server_name.clone(), ..Target::default() };
    let mut config = ProbeConfig::new(target);
    let pair = dial.user.clone().zip(dial.password.clone()).filter(|_| credentials);
    config.credentials = pair.map(|(user, password)| Credentials { user, password });
    let with_certificate = dial.with_certificate || methods.as_ref().is_some_and(|methods| methods.contains(&Method::EapTls));
    config.methods = methods;
    config.eap.identity = dial.certificate.clone().filter(|_| with_certificate);
    config.eap.server_name = dial.eap_server_name.clone();
    config.trust = Arc::new(Trust::of(Store::Mozilla, "lab", &dial.ca_der));
    config.eap.trust = Some(Arc::new(Trust::of(Store::Mozilla, "lab", &dial.eap_ca_der)));
    (config.asked, config.wish) = (asked, wish);
    config.proxy = dial.proxy.as_deref().map(|proxy| ProxyConfig::parse(proxy).expect("the lab's own proxy"));
    if let (Some(proxy), Some((user, password))) = (&mut config.proxy, dial.proxy_login.clone()) {
        proxy.credentials = Some(ProxyCredentials { user, password });
    }
    config.pac = dial.pac.clone().map(|(name, text)| Pac { source: Source::Text(name, text), credentials: None });
    let over = dial.resolve.iter().map(|(host, addresses)| Override { host: host.clone(), addresses: addresses.clone() });
    config.resolver.overrides = over.collect();
    config.timers = timers;
    config.total = Duration::from_secs(40);
    (config.keylog, config.ear) = (Arc::new(KeyLogs::default().heard_by(ear.clone())), ear);
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let transcript = probe::run(&config, &Clock::start(), &mut Vec::new(), stopped).await;
    lab.stop().await;
    (transcript, dial.ca_der)
}

pub fn judged(transcript: &Transcript) -> Judgement {
    judge(&Facts::of(transcript), diag::all())
}

/// Faults that a warning or a note tells of, beside the cause that it is about.
const BESIDE: &[(&str, &str)] = &[
    ("auth.domain", "AUTH-MSCHAP-691"),
    ("auth.refused-late", "AUTH-MSCHAP-691"),
    ("auth.umlaut", "AUTH-MSCHAP-691"),
    ("cert.issuer-gone", "CERT-MISSING-INTERMEDIATE"),
    ("cert.issuer-other", "CERT-MISSING-INTERMEDIATE"),
    ("sstp.unknown-type", "SSTP-UNEXPECTED-MESSAGE"),
    ("tls.short-prime", "TLS-LEGACY-CIPHER"),
];

/// What is wrong with the judgement on a fault; empty when it is right.
fn wrong(fault: &Fault, judgement: &Judgement) -> Option<String> {
    let listing: Vec<String> = judgement
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Note)
        .map(|finding| format!("{} {}: {}", finding.severity.name(), finding.check.id, finding.evidence.says))
        .collect();
    let failing: Vec<&str> =
        judgement.findings.iter().filter(|f| f.severity == Severity::Fail && f.because_of.is_none()).map(|f| f.check.id).collect();
    let found = judgement.findings.iter().any(|finding| finding.check.id == fault.found_by);
    // What stops this program and no Windows only warns.
    let spared =
        judgement.findings.iter().any(|f| f.check.id == fault.found_by && f.check.spares.is_some() && f.severity == Severity::Warn);
    let right = match diag::by_id(fault.found_by).map(|check| check.severity) {
        Some(Severity::Fail) if !spared => {
            judgement.cause().is_some_and(|cause| cause.check.id == fault.found_by) && failing == [fault.found_by]
        }
        // A warning or note stands by itself, or beside the one cause that is named for it.
        Some(_) => found && failing == BESIDE.iter().filter(|row| row.0 == fault.id).map(|row| row.1).collect::<Vec<_>>(),
        None => false,
    };
    (!right).then(|| format!("{}: {} expected, got\n      {}", fault.id, fault.found_by, listing.join("\n      ")))
}

/// So many labs and probes run side by side; most of a run is waiting.
const AT_ONCE: usize = 24;

async fn all_of(faults: Vec<&'static Fault>) -> Vec<(&'static Fault, Transcript)> {
    each(faults, async |fault: &Fault| run(vec![fault.id.to_string()], true).await).await
}

/// Does it with every fault, several at a time.
pub async fn each<T: 'static>(faults: Vec<&'static Fault>, doing: impl AsyncFn(&Fault) -> T + Clone + 'static) -> Vec<(&'static Fault, T)> {
    let mut waiting = faults.into_iter();
    let mut running = tokio::task::JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(fault) = waiting.next()
        {
            let doing = doing.clone();
            running.spawn_local(async move { (fault, doing(fault).await) });
        }
        match running.join_next().await {
            Some(result) => done.push(result.expect("no run panics")),
            None => return done,
        }
    }
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let result = tokio::task::LocalSet::new().block_on(&runtime, work);
    runtime.shutdown_background();
    result
}

#[test]
fn every_fault_is_found_by_its_check_and_by_no_other_failing_one() {
    let runs = block_on(all_of(soon().collect()));
    assert!(runs.len() >= 130, "{} faults", runs.len());
    let wrongs: Vec<String> = runs.iter().filter_map(|(fault, transcript)| wrong(fault, &judged(transcript))).collect();
    assert!(wrongs.is_empty(), "{} of {} faults:\n{}", wrongs.len(), runs.len(), wrongs.join("\n"));
}

#[test]
fn the_clean_lab_and_the_oddities_draw_nothing_above_a_note() {
    let mut runs = vec![("clean", block_on(run(Vec::new(), true))), ("clean, no password", block_on(run(Vec::new(), false)))];
    runs.extend(block_on(all_of(fault::oddities().collect())).into_iter().map(|(fault, transcript)| (fault.id, transcript)));
    for (name, transcript) in runs {
        let loud: BTreeSet<String> = judged(&transcript)
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Note)
            .map(|finding| format!("{}: {}", finding.check.id, finding.evidence.says))
            .collect();
        assert!(loud.is_empty(), "{name}: {loud:?}");
        let facts = Facts::of(&transcript);
        assert!(facts.stop.is_none(), "{name}: {:?}", facts.stop);
    }
}

#[test]
fn the_certificate_of_another_address_is_judged_like_that_of_the_call() {
    for (fault, word) in [
        ("cert.v6-self-signed", "is signed with its own key and is not trusted here"),
        ("cert.v6-wrong-name", "is for mail.lab.example, not for vpn.lab.example"),
        ("cert.v6-expired", "ended "),
        ("cert.v4-v6-differ", "it is trusted too"),
    ] {
        let judgement = judged(&block_on(run(vec![fault.to_string()], true)));
        let finding = judgement.findings.iter().find(|finding| finding.check.id == "CERT-V4-V6-DIFFER").expect(fault);
        assert!(finding.evidence.says.contains(word), "{fault}: {}", finding.evidence.says);
        assert_eq!(finding.evidence.says.matches("it is trusted too").count(), usize::from(fault == "cert.v4-v6-differ"), "{fault}");
    }
}

#[test]
fn a_certificate_of_the_server_says_nothing_of_the_one_within_eap() {
    for method in [Method::Peap, Method::EapTls] {
        let runs = block_on(each(fault::all().filter(|fault| fault.layer == Layer::Cert).collect(), async move |fault: &Fault| {
            met(vec![fault.id.to_string()], true, Some(vec![method]), timers(), Ear::default()).await.0
        }));
        assert!(runs.len() >= 60, "{} faults", runs.len());
        let wrongs: Vec<String> = runs.iter().filter_map(|(fault, transcript)| wrong(fault, &judged(transcript))).collect();
        assert!(wrongs.is_empty(), "{method:?}, {} of {} faults:\n{}", wrongs.len(), runs.len(), wrongs.join("\n"));
    }
}

#[test]
fn revocation_is_looked_up_through_the_proxy_of_the_call() {
    let transcript = block_on(run(vec!["cert.revoked-leaf".into(), "proxy.open".into()], true));
    let facts = Facts::of(&transcript);
    assert!(facts.proxy_reply.is_some() && !facts.revocation.is_empty(), "{:?}", facts.revocation);
    assert_eq!(judged(&transcript).cause().map(|cause| cause.check.id), Some("CERT-REVOKED"));
}

/// Faults whose cause lies on a higher layer than the stop, and why.
const ABOVE_THE_STOP: &[(&str, &str)] = &[(
    "cert.none-sent",
    "the handshake ends for want of a certificate, and what a certificate lacks is a matter of the certificate layer",
)];

#[test]
fn a_cause_is_not_above_the_layer_where_the_call_stopped() {
    let mut wrongs = Vec::new();
    for (fault, transcript) in block_on(all_of(soon().collect())) {
        let (facts, judgement) = (Facts::of(&transcript), judged(&transcript));
        let Some(cause) = judgement.cause() else { continue };
        // A failing finding may be about what this client passed over; then nothing stopped.
        let Some(stop) = &facts.stop else { continue };
        let listed = ABOVE_THE_STOP.iter().any(|row| row.0 == fault.id);
        // A proxy stands between this machine and the server: that it cannot be found or reached shows lower down.
        let proxy = cause.check.layer == Layer::Proxy && stop.layer < Layer::Proxy;
        if (cause.check.layer > stop.layer && !proxy) != listed {
            wrongs.push(format!("{}: {} is of {}, the call stopped at {}", fault.id, cause.check.id, cause.check.layer, stop.layer));
        }
        let lower = cause.check.layer < stop.layer;
        if lower && cause.check.id.ends_with("-FAILED") {
            wrongs.push(format!("{}: {} is a fallback below the stop at {}", fault.id, cause.check.id, stop.layer));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Faults that one call does not show, and why.
const TAKES_FURTHER_CALLS: &[(&str, &str)] =
    &[("auth.eap-md5-only", "that the server takes no other method is learned by asking for each on a call of its own")];

/// A fault that is all above TLS, and that one call shows, as a server's plan.
fn in_memory(fault: &Fault) -> Option<Plan> {
    if TAKES_FURTHER_CALLS.iter().any(|row| row.0 == fault.id) {
        return None;
    }
    let cert = CertHashes { sha1: [1; 20], sha256: [2; 32] };
    let account = |(name, password): (&str, &str)| Account { name: name.into(), password: Secret::new(password.into()), error: None };
    let accounts = USERS.map(account).to_vec();
    let mut config = ServerConfig { cert, accounts, timers: timers(), ..ServerConfig::default() };
    let mut edits = Vec::new();
    for part in fault.makes.parts() {
        match part {
            Makes::Server(change) => change(&mut config),
            Makes::Edits(lines) => edits.extend(lines.iter().map(|line| Edit::parse(line).expect("an edit"))),
            _ => return None,
        }
    }
    Some(Plan { mind: Mind::Server(config), edits, toxics: Vec::new(), seed: 2 })
}

/// What the client finds on a fault that is all above TLS, in memory and virtual time: it has the patience of a real one.
fn judged_in_memory(fault: &Fault) -> Option<Judgement> {
    judged_up_to(Layer::Teardown, fault, true)
}

/// The same where the client climbs no further, or does not log in.
pub fn judged_up_to(until: Layer, fault: &Fault, credentials: bool) -> Option<Judgement> {
    let (user, password) = USERS[0];
    let mut config = ClientConfig::new(pki::NAME, CertHashes { sha1: [1; 20], sha256: [2; 32] });
    config.until = until;
    config.credentials = credentials.then(|| Credentials { user: user.into(), password: Secret::new(password.into()) });
    config.methods = Method::ALL.iter().map(|row| row.0).filter(|method| *method != Method::EapTls).collect();
    config.timers = timers();
    config.timers.layers.push((Layer::Auth, timers().layer + fault.holds()));
    let client = Plan { mind: Mind::Client(config), edits: Vec::new(), toxics: Vec::new(), seed: 1 };
    let run = pair::run(client, in_memory(fault)?, Duration::from_secs(600));
    let asked = Asked { until, credentials, user: credentials.then(|| user.into()), ..Asked::default() };
    let transcript = Transcript { head: Head { asked, began_unix_ms: 1_790_000_000_000, ..Head::default() }, events: run.client };
    Some(judged(&transcript))
}

#[test]
fn what_is_wrong_above_tls_is_found_in_memory_too() {
    let judgements: Vec<_> = fault::all().filter_map(|fault| Some((fault, judged_in_memory(fault)?))).collect();
    let wrongs: Vec<String> = judgements.iter().filter_map(|(fault, judgement)| wrong(fault, judgement)).collect();
    assert!(judgements.len() >= 60, "{} faults are all above TLS", judgements.len());
    assert!(wrongs.is_empty(), "{} of {} faults:\n{}", wrongs.len(), judgements.len(), wrongs.join("\n"));
    let slow: BTreeSet<&str> = fault::all().map(|fault| fault.id).filter(|id| soon().all(|fault| fault.id != *id)).collect();
    assert!(slow.iter().all(|id| judgements.iter().any(|(fault, _)| fault.id == *id)), "seen nowhere: {slow:?}");
}

#[test]
fn the_silence_of_a_server_whose_radius_does_not_answer_is_measured() {
    for (id, silence) in [("auth.radius-5s", "5.00 s"), ("auth.radius-10s", "10.00 s"), ("auth.radius-30s", "30.00 s")] {
        let judgement = judged_in_memory(fault::find(id).expect("a fault")).expect("above TLS");
        let says = &judgement.cause().expect("a cause").evidence.says;
        assert!(says.starts_with(silence) && says.contains("of silence after"), "{id}: {says}");
    }
}

#[test]
fn whoever_runs_a_fault_by_hand_waits_longer_than_it_holds_anything_back() {
    for fault in fault::all().filter(|fault| !fault.holds().is_zero()) {
        let usual = if fault.layer == Layer::Auth { USUAL_AUTH } else { Timers::default().of(fault.layer) };
        assert!(fault.holds() + Duration::from_secs(2) < usual, "{}: {:?} held, {usual:?} waited", fault.id, fault.holds());
    }
}

/// `--layer-timeout auth`, unless it is given.
const USUAL_AUTH: Duration = Duration::from_secs(40);

/// Checks that no lab fault meets, and why; each is proved by a story beside the checks (`src/diag/tests/`).
pub const NOT_IN_THE_LAB: &[(&str, &str)] = &[
    ("TLS-SIGNATURE-SHA1", "our library signs no handshake with SHA-1; `tests/interop/odd.rs` has a server that does"),
    ("PROBE-TIME-UP", "it takes a probe with less time than the call needs, and this matrix gives it enough"),
    ("DNS-SERVFAIL", "names are resolved by the system's resolver, which the lab does not stand in for"),
    ("DNS-TIMEOUT", "names are resolved by the system's resolver, which the lab does not stand in for"),
    ("DNS-FAILED", "it takes words of the system's resolver that no row of ours knows"),
    ("DNS-SPLIT-HORIZON", "the lab stays on loopback, and a private address would send packets into the network it runs in"),
    ("TCP-RESET-ON-CONNECT", "it takes a reset between the SYN-ACK and the client's first look at its socket, which is a race"),
    ("TLS-ALPN-H2", "our client offers no ALPN; it takes the capture of a client that does"),
    ("TLS-OLD-VERSION-ACCEPTED", "it takes `--scan` and a server with several versions"),
    ("TLS-WEAK-CIPHER-ACCEPTED", "it takes `--scan` and a server with several suites"),
    ("TLS-NO-SECURE-RENEGOTIATION", "it takes `--scan`, and rustls knows secure renegotiation"),
    ("TLS-COMPRESSION", "it takes `--scan`, and no TLS library of today compresses"),
    ("TLS-SCAN-PARTIAL", "it takes `--scan` and a server that counts connections; `src/live/hello_scan/tests.rs` plays one"),
    ("CERT-KEY-NOT-PROVED", "rustls signs the handshake with the key that belongs to the certificate"),
    ("CERT-TRUST-DIFFERS", "a store would have to accept what the lab's root does not, which takes a certificate of a public CA"),
    ("CERT-NOT-TRUSTED", "it takes two trust sources that refuse the chain for reasons of their own"),
    ("HTTP-LENGTH-UNUSUAL", "our client ends the call there; it takes the capture of a client that goes on"),
    ("BIND-NONCE", "our client returns the nonce that it got; it takes the capture of a client that does not"),
    ("BIND-HASH-PROTOCOL", "our client takes a hash that was offered; it takes the capture of a client that does not"),
    ("TEAR-NO-CLOSE-NOTIFY", "the lab's TLS library takes leave with close_notify whenever it closes"),
];

/// Where the stories are: file and text.
pub const STORIES: [(&str, &str); 8] = [
    ("lower.rs", include_str!("../src/diag/tests/lower.rs")),
    ("stories.rs", include_str!("../src/diag/tests/stories.rs")),
    ("tap_across.rs", include_str!("../src/diag/tests/tap_across.rs")),
    ("tap_compared.rs", include_str!("../src/diag/tests/tap_compared.rs")),
    ("tap_lower.rs", include_str!("../src/diag/tests/tap_lower.rs")),
    ("tap_upper.rs", include_str!("../src/diag/tests/tap_upper.rs")),
    ("tls_scan.rs", include_str!("../src/diag/tests/tls_scan.rs")),
    ("upper.rs", include_str!("../src/diag/tests/upper.rs")),
];

/// Checks of which a probe, which is one of the two ends, never sees anything.
fn only_a_tap_sees() -> impl Iterator<Item = &'static str> {
    diag::all().filter(|check| check.needs == Need::Tap).map(|check| check.id)
}

#[test]
fn what_the_lab_cannot_show_is_told_in_a_story() {
    let listed = NOT_IN_THE_LAB.iter().copied().chain(only_a_tap_sees().map(|id| (id, "only a tap sees it")));
    for (id, why) in listed {
        assert!(diag::by_id(id).is_some(), "{id} is no check");
        assert!(STORIES.iter().any(|(_, source)| source.contains(&format!("\"{id}\""))), "{id} has no story ({why})");
    }
    assert!(only_a_tap_sees().count() >= 30);
}

#[test]
fn every_check_is_hit_by_a_fault_or_stands_here_with_a_reason() {
    let runs = block_on(all_of(soon().chain(fault::oddities()).collect()));
    let in_memory = fault::all().filter(|fault| fault.holds() >= timers().layer).filter_map(judged_in_memory);
    let mut hit: BTreeSet<&str> = in_memory.flat_map(|judgement| judgement.findings).map(|finding| finding.check.id).collect();
    for (_, transcript) in &runs {
        hit.extend(judged(transcript).findings.iter().map(|finding| finding.check.id));
    }
    let listed: BTreeSet<&str> = NOT_IN_THE_LAB.iter().map(|row| row.0).chain(only_a_tap_sees()).collect();
    let never: Vec<&str> = diag::all().map(|check| check.id).filter(|id| !hit.contains(id) && !listed.contains(id)).collect();
    assert!(never.is_empty(), "hit by no fault: {never:?}");
    let stale: Vec<&&str> = listed.iter().filter(|id| hit.contains(*id)).collect();
    assert!(stale.is_empty(), "hit after all: {stale:?}");
}
