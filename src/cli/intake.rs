//! Reads what the arguments name, captures and saved transcripts, on a thread of its own, until it is through or Ctrl-C.

use super::desk::Desk;
use super::exit::{Exit, Trouble};
use super::output::complain;
use crate::capture::read::{self, Options, Source};
use crate::live::runtime::{self, Ended};
use crate::report::sessions::{Damage, Unread};
use crate::transcript::Transcript;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;
use tokio::sync::watch::Receiver;

/// What is to be read, in order: transcripts by themselves, captures together or one by one.
pub struct Intake {
    parts: Vec<Part>,
    options: Options,
    /// Those of several files that cannot be read; the others are.
    missing: Vec<Unread>,
}

enum Part {
    Saved(PathBuf),
    Captures(Vec<Source>),
}

impl Part {
    /// The files in it.
    fn names(&self) -> Vec<String> {
        match self {
            Part::Saved(path) => vec![path.display().to_string()],
            Part::Captures(sources) => sources.iter().map(name).collect(),
        }
    }
}

impl Intake {
    /// Looks at every file once, so that what is missing shows before the work and not after it.
    pub fn of(input: &[PathBuf], together: bool, options: Options) -> Result<Intake, Trouble> {
        let (mut parts, mut captures, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for path in input {
            match looked_at(path) {
                Ok(Look::Saved) => parts.push(Part::Saved(path.clone())),
                Ok(Look::Capture(source)) if together => captures.push(source),
                Ok(Look::Capture(source)) => parts.push(Part::Captures(vec![source])),
                Err(error) if !together && input.len() > 1 => {
                    complain(&error.to_string());
                    missing.push(Unread { file: path.display().to_string(), says: error.to_string() });
                }
                Err(error) => return Err(error),
            }
        }
        if !captures.is_empty() {
            parts.push(Part::Captures(captures));
        }
        Ok(Intake { parts, options, missing })
    }

    /// A capture may still be being written.
    pub fn is_endless(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Captures(sources) if sources.iter().any(Source::is_pipe)))
    }

    /// Reads everything into the desk and lets it finish.
    pub fn run(self, mut desk: Desk) -> Result<Exit, Trouble> {
        if self.is_endless() {
            desk.endless();
        }
        let watch = &self.options.watch;
        desk.proves(match (&watch.credentials, &watch.nt_hash) {
            (Some(credentials), _) => Some(credentials.user.clone()),
            (None, Some(_)) => Some(String::new()),
            (None, None) => None,
        });
        let halt = desk.halt();
        match runtime::run(|stop| watched(self, desk, halt, stop))? {
            Ended::Through(exit) => exit,
            Ended::Interrupted(exit) => {
                complain("interrupted; this is what is known");
                exit.map(|_| Exit::Interrupted)
            }
            Ended::Abandoned => {
                complain("interrupted; what was under way is not shown");
                Ok(Exit::Interrupted)
            }
        }
    }

    fn read(&self, mut desk: Desk, halt: &Arc<AtomicBool>) -> Result<Exit, Trouble> {
        let several = self.parts.len() > 1 || !self.missing.is_empty();
        let mut trouble = (!self.missing.is_empty()).then_some(Exit::CouldNotRun);
        self.missing.iter().for_each(|unread| desk.unread(unread.clone()));
        for part in &self.parts {
            if halt.load(Ordering::Relaxed) {
                break;
            }
            let result = match part {
                Part::Saved(path) => saved(path, several, &mut desk),
                Part::Captures(sources) => {
                    sources.iter().for_each(|source| desk.file(&name(source), several));
                    let options = Options { sources: sources.clone(), halt: halt.clone(), ..self.options.clone() };
                    read::read(&options, &mut desk).map(|summary| desk.captured(summary)).map_err(|error| Trouble::Ours(error.to_string()))
                }
            };
            match result {
                Err(error) if several => {
                    complain(&error.to_string());
                    part.names().into_iter().for_each(|file| desk.unread(Unread { file, says: error.to_string() }));
                    trouble = Some(Exit::CouldNotRun);
                }
                other => other?,
            }
        }
        let exit = desk.finish(halt.load(Ordering::Relaxed))?;
        Ok(trouble.filter(|_| !matches!(exit, Exit::Fails | Exit::Interrupted)).unwrap_or(exit))
    }
}

/// Reads on a thread, since a file blocks; Ctrl-C lets it end at the next packet.
async fn watched(intake: Intake, desk: Desk, halt: Arc<AtomicBool>, mut stop: Receiver<bool>) -> Result<Exit, Trouble> {
    let (done, mut result) = oneshot::channel();
    let told = halt.clone();
    let thread = std::thread::Builder::new().name("reader".into()).stack_size(STACK);
    thread.spawn(move || {
        // Nobody waits for the result of a job that was abandoned.
        let _ = done.send(intake.read(desk, &told));
    })?;
    let lost = |_| Trouble::Ours("the reader ended without a result".into());
    tokio::select! {
        biased;
        result = &mut result => return result.map_err(lost)?,
        _ = stop.wait_for(|stop| *stop) => halt.store(true, Ordering::Relaxed),
    }
    result.await.map_err(lost)?
}

fn saved(path: &Path, several: bool, desk: &mut Desk) -> Result<(), Trouble> {
    let name = path.display().to_string();
    desk.file(&name, several);
    let file = File::open(path).map_err(|error| Trouble::file("read", path, &error))?;
    match Transcript::read_each_jsonl(&mut BufReader::new(file), &mut |transcript| desk.saved(transcript)) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let says = error.to_string();
            let (place, says) = says.split_once(": ").unwrap_or(("", &says));
            desk.damaged(Damage { file: name, place: place.to_string(), says: says.to_string() });
            Ok(())
        }
        result => result.map_err(|error| Trouble::file("read", path, &error)),
    }
}

fn name(source: &Source) -> String {
    match source {
        Source::Path(path) => path.display().to_string(),
        Source::Stdin => "standard input".into(),
    }
}

enum Look {
    Saved,
    Capture(Source),
}

/// A saved transcript is JSON; anything else is for the reader of captures to judge.
fn looked_at(path: &Path) -> Result<Look, Trouble> {
    if path == Path::new("-") {
        return Ok(Look::Capture(Source::Stdin));
    }
    if path.is_dir() {
        return Err(Trouble::Ours(format!("cannot read {}: it is a directory; name the files in it", path.display())));
    }
    let trouble = |error| Trouble::file("read", path, &error);
    // What is no plain file (a pipe) gives its bytes once only, to whoever opens it first.
    if !path.metadata().map_err(trouble)?.is_file() {
        return Ok(Look::Capture(Source::Path(path.into())));
    }
    let file = File::open(path).map_err(trouble)?;
    let mut first = [0; 1];
    let read = (&file).read(&mut first).map_err(trouble)?;
    Ok(if read == 1 && first == *b"{" { Look::Saved } else { Look::Capture(Source::Path(path.into())) })
}

/// As large as that of a program's own thread on Linux, bytes.
const STACK: usize = 8 << 20;
