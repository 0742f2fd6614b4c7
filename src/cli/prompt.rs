//! The question for a password: no echo before the prompt shows, and echo again however the question ends.

use super::exit::Trouble;
use crate::base::Secret;
use crate::live::runtime;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use tokio::sync::oneshot;

/// Asks on the terminal. Ctrl-C, SIGTERM and SIGHUP end the question.
pub fn ask(question: &str) -> Result<Secret<String>, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(answer(question)).map_err(|error| Trouble::Ours(format!("cannot read the password: {error}")))?;
    // The thread that reads may still be waiting for a line; nobody waits for it.
    runtime.shutdown_background();
    answer.ok_or(Trouble::Interrupted)
}

/// The line that was typed; nothing when the user wants to stop.
async fn answer(question: &str) -> io::Result<Option<Secret<String>>> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    // Signals are listened to before the echo goes, so that none of them ends the program without it.
    let mut interrupts = runtime::Interrupts::new();
    let silent = Silent::new(terminal.try_clone()?)?;
    write!(terminal, "{question}")?;
    terminal.flush()?;
    let (tell, told) = oneshot::channel();
    let reader = terminal.try_clone()?;
    std::thread::spawn(move || tell.send(line(reader)));
    let typed = tokio::select! {
        biased;
        () = interrupts.next() => None,
        typed = told => Some(typed.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))),
    };
    drop(silent);
    if typed.is_none() {
        writeln!(terminal)?;
    }
    typed.transpose()
}

/// One line without its end.
fn line(terminal: File) -> io::Result<Secret<String>> {
    let mut typed = Vec::with_capacity(LONGEST);
    BufReader::new(terminal).take(LONGEST as u64).read_until(b'\n', &mut typed)?;
    let typed = Secret::new(typed);
    let end = typed.expose().iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    let read = std::str::from_utf8(&typed.expose()[..end]).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok(Secret::new(read.to_string()))
}

/// A terminal without echo, until this is dropped.
struct Silent {
    terminal: File,
    before: Termios,
}

impl Silent {
    fn new(terminal: File) -> io::Result<Silent> {
        let before = tcgetattr(&terminal)?;
        let mut after = before.clone();
        after.local_modes.remove(LocalModes::ECHO);
        // The end of the line shows still, so that what follows begins on a line of its own.
        after.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(&terminal, OptionalActions::Flush, &after)?;
        Ok(Silent { terminal, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Ours: the longest line that a terminal hands over anyway.
const LONGEST: usize = 4096;
