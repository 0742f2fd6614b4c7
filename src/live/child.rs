//! A program that is started for a while, and ended with everything that it started itself.

use super::LiveError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What to start.
#[derive(Debug, Default)]
pub struct Launch {
    /// The program and its arguments.
    pub args: Vec<String>,
    /// More of the environment.
    pub env: Vec<(String, String)>,
    /// Its standard input; nothing where there is none.
    pub stdin: Option<OwnedFd>,
}

/// A running program in a process group of its own. Dropping it kills the group.
#[derive(Debug)]
pub struct Program {
    child: Child,
    group: Option<Pid>,
    said: Said,
    hearing: JoinSet<()>,
    /// How it ended, once it did: its exit code, or 128 and the signal, as a shell says it.
    code: Option<i32>,
}

/// What a program has said so far, both streams together.
#[derive(Clone, Debug)]
pub struct Said(watch::Receiver<Vec<u8>>);

impl Said {
    /// The last of it, [`KEPT`] bytes at most.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }

    /// Waits until it says this; `false` when it can say nothing any more.
    pub async fn hears(&self, text: &str) -> bool {
        let mut said = self.0.clone();
        said.wait_for(|said| said.windows(text.len().max(1)).any(|part| part == text.as_bytes())).await.is_ok()
    }
}

impl Program {
    /// Starts it; needs a tokio runtime.
    pub fn start(launch: Launch) -> Result<Program, LiveError> {
        let (name, rest) = launch.args.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
        let mut command = Command::new(name);
        let stdin = launch.stdin.map_or_else(Stdio::null, Stdio::from);
        command.args(rest).envs(launch.env).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).kill_on_drop(true).spawn().map_err(|source| LiveError {
            doing: "start",
            to: name.to_string(),
            source,
        })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (say, said) = watch::channel(Vec::new());
        let say = Arc::new(say);
        let mut hearing = JoinSet::new();
        child.stdout.take().map(|pipe| hearing.spawn(hear(pipe, say.clone())));
        child.stderr.take().map(|pipe| hearing.spawn(hear(pipe, say)));
        Ok(Program { child, group, said: Said(said), hearing, code: None })
    }

    /// Waits until it ends by itself.
    pub async fn ended(&mut self) -> i32 {
        if let Some(code) = self.code {
            return code;
        }
        let code = self.child.wait().await.map_or(NO_CODE, code);
        self.code = Some(code);
        // What it started and left behind goes with it.
        self.signal(Signal::KILL);
        self.group = None;
        let hearing = &mut self.hearing;
        let _ = tokio::time::timeout(LAST_WORDS, async { while hearing.join_next().await.is_some() {} }).await;
        code
    }

    /// Asks it to end, and kills it when it does not within `grace`.
    pub async fn end(&mut self, grace: Duration) -> i32 {
        self.signal(Signal::TERM);
        if let Ok(code) = tokio::time::timeout(grace, self.ended()).await {
            return code;
        }
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// What it has said so far, and will say.
    pub fn said(&self) -> Said {
        self.said.clone()
    }

    /// Asks it to end, and goes on.
    pub fn ask(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        // A group that is gone needs no signal.
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| SIGNALLED + signal)).unwrap_or(NO_CODE)
}

async fn hear(mut pipe: impl AsyncRead + Unpin, say: Arc<watch::Sender<Vec<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = pipe.read(&mut buffer).await {
        say.send_modify(|said| {
            said.extend_from_slice(buffer.get(..n).unwrap_or_default());
            let over = said.len().saturating_sub(KEPT);
            said.drain(..over);
        });
    }
}

/// Ours: bytes kept of what a program says.
pub const KEPT: usize = 64 * 1024;
/// Ours: what a program that has ended said last is read for so long; somebody outside its group may hold the pipe.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What a shell adds to the number of the signal that ended a program. POSIX shell 2.8.2 wants more than 128.
const SIGNALLED: i32 = 128;
/// Ours: nobody knows how it ended.
const NO_CODE: i32 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Program {
        let args = ["sh", "-c", line].map(str::to_string).to_vec();
        Program::start(Launch { args, env: vec![("CASE".into(), "a/b".into())], stdin: None }).expect("there is a shell")
    }

    #[tokio::test]
    async fn what_it_says_and_how_it_ends_is_known() {
        let mut program = shell("echo \"case $CASE\"; echo loud >&2; exit 89");
        assert_eq!(program.ended().await, 89);
        assert!(program.said().hears("case a/b").await && program.said().hears("loud").await);
        assert!(!program.said().hears("never").await);
        assert_eq!(shell("no-such-program-anywhere").ended().await, 127);
        assert_eq!(shell("kill -9 $$").ended().await, 128 + 9);
        let absent = Program::start(Launch { args: vec!["/no/such/program".into()], ..Launch::default() });
        assert!(absent.expect_err("absent").to_string().contains("/no/such/program"));
    }

    #[tokio::test]
    async fn its_whole_group_ends_with_it_even_when_it_will_not() {
        let mut program = shell("trap '' TERM; sleep 1000 & echo pid $!; wait; while :; do sleep 1000; done");
        assert!(program.said().hears("pid ").await && program.said().hears("\n").await);
        let said = program.said().text();
        let child: i32 = said.trim().trim_start_matches("pid ").parse().expect("a number");
        assert_eq!(program.end(Duration::from_millis(50)).await, 128 + 9);
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        // The kernel ends it when it next runs; nobody says when that was.
        while !gone() {
            tokio::task::yield_now().await;
        }
    }
}
