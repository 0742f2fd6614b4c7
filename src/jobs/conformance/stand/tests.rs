use super::*;
use crate::jobs::conformance::client;
use std::net::{IpAddr, Ipv4Addr};
use tokio::task::LocalSet;

fn config(subject: Subject) -> StandConfig {
    let credentials = Credentials { user: "alice".into(), password: Secret::new("it's {port}".into()) };
    let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    StandConfig { at, host: "localhost".into(), credentials, hold: Duration::ZERO, subject, login: None, client_roots: Vec::new() }
}

/// Runs a case against a subject.
async fn attempt(subject: Subject, id: &str) -> Tried {
    let cases = client::all();
    let place = cases.iter().position(|case| case.id == id).expect("a case");
    let stand = Stand::set(config(subject), &cases).expect("a stand");
    let tried = stand.attempt(&cases[place], Some(place), &Clock::start(), Ear::default(), &Pulse::new(Clock::start())).await;
    stand.strike().await;
    tried
}

const ACK: &str = "sstp/3.2.5.3.2/ack";

#[tokio::test]
async fn the_built_in_client_comes_and_its_mutant_fails() {
    let run = async {
        let right = attempt(Subject::BuiltIn(None), ACK).await;
        assert_eq!(right.verdict, Verdict::new(Grade::Pass, ""));
        let mutant = client::mutants::find("client.takes-missteps");
        let wrong = attempt(Subject::BuiltIn(mutant), "sstp/3.2.5.3.2/second-ack").await;
        assert_eq!(wrong.verdict.grade, Grade::Fail, "{:?}", wrong.verdict);
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn a_command_is_run_and_speaks_through_its_exit_code() {
    let run = async {
        let tried = attempt(Subject::Exec("echo cannot do {case} at {host}:{port} as {user}; exit 89".into()), ACK).await;
        assert_eq!(tried.verdict.grade, Grade::Unsupported);
        assert!(tried.verdict.actual.contains(&format!("cannot do {ACK} at localhost:")), "{}", tried.verdict.actual);
        let tried = attempt(Subject::Exec("no-such-client-anywhere".into()), ACK).await;
        assert_eq!(tried.verdict.grade, Grade::Unsupported, "{:?}", tried.verdict);
        let tried = attempt(Subject::Exec("echo sorry >&2; exit 3".into()), ACK).await;
        assert_eq!((tried.verdict.grade, tried.came), (Grade::Inconclusive, false));
        assert!(tried.verdict.actual.contains("exit code 3") && tried.verdict.actual.contains("sorry"), "{}", tried.verdict.actual);
        let says = "echo '{host}' {password}; test {password} = \"$(cat {password_file})\" && echo the same; env | grep ^SSTP_ | sort; grep -c BEGIN {ca}; exit 89";
        let tried = attempt(Subject::Exec(says.into()), ACK).await;
        assert!(!tried.said.contains("it's {port}"), "a password is in no report: {}", tried.said);
        for part in ["********\nthe same\n", "SSTP_CASE=sstp/3.2.5.3.2/ack", "SSTP_USER=alice", "\n1\n"] {
            assert!(tried.said.contains(part), "{part:?} in {}", tried.said);
        }
        assert!(!tried.said.contains("SSTP_PASSWORD="), "{}", tried.said);
    };
    LocalSet::new().run_until(run).await;
}

/// Brings the built-in client to a stand for people, as `host` with `user`.
async fn bring(stand: &Stand, dialling: &Dialling) {
    let mut probe = crate::jobs::probe::ProbeConfig::new(Target { host: dialling.host.clone(), port: dialling.port, ..Target::default() });
    probe.resolver.overrides =
        vec![crate::live::dns::Override { host: dialling.host.clone(), addresses: vec![Ipv4Addr::LOCALHOST.into()] }];
    let trust = crate::live::trust::Trust::of(crate::live::trust::Store::Mozilla, "stand", &[stand.stage.root_der()]);
    probe.trust = std::sync::Arc::new(trust);
    probe.credentials = Some(Credentials { user: dialling.user.clone(), password: stand.config.credentials.password.clone() });
    subject::built_in(probe, client::all().swap_remove(0), None, Clock::start(), watch::channel(false).1).await;
}

#[tokio::test]
async fn callers_brought_by_hand_find_their_case_by_name() {
    let run = async {
        let cases = client::all();
        let place = cases.iter().position(|case| case.id == ACK).expect("a case");
        for (by, calls) in [(By::Sni, 1), (By::User, 2)] {
            let stand = Stand::set(config(Subject::Hand(by)), &cases).expect("a stand");
            let (dialling, clock) = (stand.dial(place), Clock::start());
            let come = async {
                for _ in 0..calls {
                    bring(&stand, &dialling).await;
                }
                std::future::pending::<()>().await;
            };
            let pulse = Pulse::new(clock);
            tokio::select! {
                tried = stand.attempt(&cases[place], Some(place), &clock, Ear::default(), &pulse) => {
                    assert_eq!(tried.verdict, Verdict::new(Grade::Pass, ""), "{by:?} {dialling:?}");
                }
                () = come => {}
            }
            assert_ne!(dialling.port, 0);
        }
    };
    LocalSet::new().run_until(run).await;
}

#[test]
fn what_is_put_into_a_command_is_quoted() {
    assert_eq!(["a/b-1.2", "it's", "", "$x"].map(subject::quoted), ["a/b-1.2", "'it'\\''s'", "''", "'$x'"]);
}
