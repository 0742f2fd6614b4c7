//! Who is tested, and how the client is brought to connect.

use super::{By, Stand};
use crate::base::Side;
use crate::crypto::chain::Anchor;
use crate::jobs::conformance::case::Case;
use crate::jobs::conformance::client::mutants::Mutant;
use crate::jobs::conformance::rehearse;
use crate::jobs::probe::climb::{self, below, host_header};
use crate::jobs::probe::{Beside, ProbeConfig};
use crate::live::child::{Launch, Program, Said};
use crate::live::clock::Clock;
use crate::live::trust::{Store, Trust};
use crate::live::{LiveError, Notes, dns, drive, pty};
use crate::proto::Session;
use crate::proto::auth::EapClient;
use crate::proto::plan::{CertHashes, Credentials, Method, Mind, Timers};
use crate::proto::pppd::{Pppd, Settings};
use crate::transcript::{Event, Target};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Who is tested.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A command line for the shell, run once for every connection. `{host}`, `{port}`, `{ca}`, `{user}`, `{password}`,
    /// `{password_file}` and `{case}` stand for what they say.
    Exec(String),
    /// sstp-client, with us in place of pppd.
    Sstpc {
        /// The program.
        program: String,
    },
    /// The client within this program, with a mutation or without.
    BuiltIn(Option<&'static Mutant>),
    /// Somebody who brings a client here by hand.
    Hand(By),
}

impl Subject {
    /// Its name in reports.
    pub fn name(&self) -> &str {
        match self {
            Subject::Exec(command) => command,
            Subject::Sstpc { program } => program,
            Subject::BuiltIn(None) => "the built-in client",
            Subject::BuiltIn(Some(mutant)) => mutant.id,
            Subject::Hand(_) => "a client brought by hand",
        }
    }

    /// Makes the client connect to `port`. Needs a tokio `LocalSet`.
    pub(super) fn start(&self, stand: &Stand, case: &Case, port: u16, clock: &Clock) -> Result<Running, LiveError> {
        match self {
            Subject::Exec(command) => {
                let args = ["sh".to_string(), "-c".into(), filled(command, stand, case, port)];
                let program = Program::start(Launch { args: args.to_vec(), env: environment(stand, case, port), stdin: None })?;
                Ok(Running::of(Some(program), JoinSet::new()))
            }
            Subject::Sstpc { program } => sstpc(program, stand, case, port, clock),
            Subject::BuiltIn(mutant) => {
                let (halt, halted) = watch::channel(false);
                let mut tasks = JoinSet::new();
                tasks.spawn_local(built_in(config(stand, case, port), case.clone(), *mutant, *clock, halted));
                let mut running = Running::of(None, tasks);
                running.halt = halt;
                Ok(running)
            }
            Subject::Hand(_) => Ok(Running::of(None, JoinSet::new())),
        }
    }
}

/// A client that was started. Dropping it ends it.
pub(super) struct Running {
    program: Option<Program>,
    tasks: JoinSet<()>,
    /// Makes the client within this program hang up.
    halt: watch::Sender<bool>,
    /// A file that the client makes and leaves behind.
    left: Option<PathBuf>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(left) = &self.left {
            // It is not there when the client did not come so far.
            let _ = std::fs::remove_file(left);
        }
    }
}

impl Running {
    fn of(program: Option<Program>, tasks: JoinSet<()>) -> Running {
        Running { program, tasks, halt: watch::channel(false).0, left: None }
    }

    /// Waits until a program has ended by itself; for ever where there is none.
    pub async fn ended(&mut self) -> i32 {
        match &mut self.program {
            Some(program) => program.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Ends it; the exit code when it had ended by itself.
    pub async fn end(&mut self) -> Option<i32> {
        let code = match &mut self.program {
            // What ended with the connection is given a moment to say how.
            Some(program) => match tokio::time::timeout(LAST_WORDS, program.ended()).await {
                Ok(code) => Some(code),
                Err(_) => {
                    program.end(GRACE).await;
                    None
                }
            },
            None => None,
        };
        self.tasks.shutdown().await;
        code
    }

    /// Asks it to hang up.
    pub fn hang_up(&self) {
        self.program.iter().for_each(Program::ask);
        let _ = self.halt.send(true);
    }

    /// The last of what it said.
    pub fn said(&self) -> String {
        self.program.as_ref().map(|program| program.said().text()).unwrap_or_default()
    }
}

/// The command with every `{name}` in it filled in, quoted for the shell where it must be.
fn filled(command: &str, stand: &Stand, case: &Case, port: u16) -> String {
    let mut text = command.to_string();
    for (name, value) in values(stand, case, port) {
        text = text.replace(&format!("{{{name}}}"), &quoted(&value));
    }
    // Last, so that a password with braces stays as it is.
    text.replace("{password}", &quoted(stand.config.credentials.password.expose()))
}

/// Names in braces that nothing is filled in for: most likely misspelt. What belongs to the shell, such as `${HOME}`, is none of them.
pub fn unknown_names(command: &str) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    let mut parts = command.split('{');
    let mut before = parts.next().unwrap_or_default();
    for part in parts {
        let named = part.split_once('}').map(|pair| pair.0).filter(|_| !before.ends_with('$'));
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if let Some(name) = named.filter(is_name).filter(|name| !NAMES.contains(name) && !unknown.iter().any(|other| other == name)) {
            unknown.push(name.to_string());
        }
        before = part;
    }
    unknown
}

fn values(stand: &Stand, case: &Case, port: u16) -> [(&'static str, String); 6] {
    [
        ("host", stand.config.host.clone()),
        ("port", port.to_string()),
        ("ca", stand.ca().display().to_string()),
        ("user", case.login_name(&stand.config.credentials.user)),
        ("password_file", stand.password().display().to_string()),
        ("case", case.id.to_string()),
    ]
}

/// The same for programs that would rather read their environment.
fn environment(stand: &Stand, case: &Case, port: u16) -> Vec<(String, String)> {
    values(stand, case, port).into_iter().map(|(name, value)| (format!("SSTP_{}", name.to_uppercase()), value)).collect()
}

/// POSIX shell 2.2.2: within single quotes everything is itself but a single quote.
pub(super) fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%_+=:,./-".contains(c);
    if !value.is_empty() && value.chars().all(plain) { value.to_string() } else { format!("'{}'", value.replace('\'', "'\\''")) }
}

/// sstp-client without pppd: PPP is on its standard input, and it takes the keys on a socket whose name we choose.
fn sstpc(program: &str, stand: &Stand, case: &Case, port: u16, clock: &Clock) -> Result<Running, LiveError> {
    let name = format!("sstp-diag-{}-{port}", std::process::id());
    let socket = Path::new(SSTPC_SOCKETS).join(format!("sstpc-{name}"));
    let (line, stdin) = pty::line(&socket)?;
    let target = format!("{}:{port}", stand.config.host);
    let ca = stand.ca().display().to_string();
    let args = [program, "--nolaunchpppd", "--ipparam", &name, "--log-level", "4", "--log-stderr", "--ca-cert", &ca, &target];
    let program = Program::start(Launch { args: args.map(str::to_string).to_vec(), env: Vec::new(), stdin: Some(stdin) })?;
    let settings = Settings {
        credentials: credentials(stand, case),
        methods: stand.config.login.map_or(METHODS.to_vec(), |method| vec![method]),
        eap: EapClient { now_unix: clock.unix_ms().div_euclid(1000), ..eap(stand) },
        timers: Timers::default(),
        seed: clock.now().0,
    };
    let mut tasks = JoinSet::new();
    tasks.spawn_local(pppd(line, program.said(), settings, *clock));
    let mut running = Running::of(Some(program), tasks);
    running.left = Some(socket);
    Ok(running)
}

/// pppd begins when sstp-client would have started it.
async fn pppd(line: pty::Line, said: Said, settings: Settings, clock: Clock) {
    if said.hears(SSTPC_STARTS_PPPD).await {
        line.play(Pppd::new(settings, clock.now()), &clock).await;
    }
}

/// Who the client is in this case.
fn credentials(stand: &Stand, case: &Case) -> Credentials {
    let Credentials { user, password } = &stand.config.credentials;
    Credentials { user: case.login_name(user), password: password.clone() }
}

/// How the client within this program reaches the stand.
fn config(stand: &Stand, case: &Case, port: u16) -> ProbeConfig {
    let host = stand.config.host.clone();
    let addresses = vec![stand.config.at.ip()];
    let mut config = ProbeConfig::new(Target { host: host.clone(), port, ..Target::default() });
    config.resolver.overrides.push(dns::Override { host, addresses });
    config.trust = Arc::new(Trust::of(Store::Mozilla, "stand", &[stand.stage.root_der()]));
    config.credentials = Some(credentials(stand, case));
    if let Some(method) = stand.config.login {
        (config.methods, config.eap) = (Some(vec![method]), eap(stand));
    }
    config
}

/// What our own end of EAP needs at this stand.
fn eap(stand: &Stand) -> EapClient {
    let roots = Anchor::from_root(&stand.stage.root_der()).into_iter().collect::<Vec<_>>();
    EapClient {
        identity: Some(stand.stage.certificate().clone()),
        trust: Some(Arc::new(vec![("stand".to_string(), roots)])),
        ..EapClient::default()
    }
}

/// The client within this program. Unlike a probe it goes nowhere with a certificate that it does not trust.
pub(super) async fn built_in(
    config: ProbeConfig,
    case: Case,
    mutant: Option<&'static Mutant>,
    clock: Clock,
    mut halted: watch::Receiver<bool>,
) {
    let mut events: Vec<Event> = Vec::new();
    let base = below(&config, &mut Notes::new(&clock, &mut events), &mut Beside::default(), &mut None).await;
    let Some(base) = base else { return };
    let mut plan = rehearse::tested_client(&case, mutant, clock.now().0);
    if !base.trusted {
        return base.secure.close().await;
    }
    if let Mind::Client(client) = &mut plan.mind {
        client.host = host_header(&config.target);
        client.cert = CertHashes::of(base.secure.leaf());
        client.credentials = config.credentials.clone();
        if let Some(methods) = &config.methods {
            (client.methods, client.eap) = (methods.clone(), climb::eap(&config, &clock));
        }
    }
    drive::run(base.secure.stream, Session::new(plan, clock.now()), Side::Client, &clock, &mut events, &mut halted).await;
}

/// What a command has filled in.
pub const NAMES: [&str; 7] = ["host", "port", "ca", "user", "password_file", "password", "case"];
/// Methods that our PPP uses in pppd's place, best first; those with TLS inside need a second trust store.
const METHODS: [Method; 5] = [Method::MsChapV2, Method::EapMsChapV2, Method::ChapMd5, Method::EapMd5, Method::Pap];
/// sstp-client: where it makes its sockets.
const SSTPC_SOCKETS: &str = "/run/sstpc";
/// sstp-client: what it says at log level 4 when it would start pppd.
const SSTPC_STARTS_PPPD: &str = "Started PPP Link Negotiation";
/// Ours: a client has so long to end in order when it is told to.
const GRACE: Duration = Duration::from_secs(2);
/// Ours: a client whose connection has ended has so long to end by itself.
const LAST_WORDS: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_misspelt_in_a_command_is_told_from_what_is_the_shells() {
        assert_eq!(unknown_names("client {host} {prot} -u {user} {prot}"), ["prot"]);
        let shells = "f() { x; }; client ${home} {host}:{port} {a,b} {} {1..3} '{password}' {Case}";
        assert_eq!(unknown_names(shells), [""; 0]);
        assert_eq!(unknown_names("host}"), [""; 0]);
    }
}
