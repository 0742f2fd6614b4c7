//! The recording, from whatever file it is in.

use super::super::args::{AccountArgs, KeyArgs, ReplayArgs};
use super::super::decode;
use super::super::exit::Trouble;
use super::super::output::complain;
use crate::base::Side;
use crate::capture::file::{self, CaptureError};
use crate::capture::read::{self, Connection, Kind, Listener, Options, Source, read as read_capture};
use crate::jobs::replay::{FIRST_LINE, FIRST_WORDS, MARK, NotPlayable, Said, Script};
use crate::report::text::count;
use crate::transcript::{Transcript, scrub};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Reads the part that was asked for.
pub fn script(args: &ReplayArgs) -> Result<Script, Trouble> {
    let Some(path) = &args.input else {
        return Err(Trouble::Usage("FILE is missing; for example `sstp-diag replay call.pcapng --to HOST`".into()));
    };
    let mut script = read(path, args.part.session, &args.keys)?;
    let wrong = |error: NotPlayable| Trouble::Usage(error.to_string());
    // The end first: a beginning after it would be nothing.
    args.part.until.as_deref().map(|until| script.until(until)).transpose().map_err(wrong)?;
    args.part.from.as_deref().map(|from| script.since(from)).transpose().map_err(wrong)?;
    script.edits.extend(args.part.edit.iter().cloned());
    script.ignore.extend(args.part.ignore.iter().cloned());
    if args.how.verbatim && is_scrubbed(&script) {
        return Err(Trouble::Usage(
            "the recording was saved without its secrets, so --verbatim would send asterisks; save it with `decode --with-secrets --save`"
                .into(),
        ));
    }
    Ok(script)
}

/// What is played, for a person: a script need not say what it comes from.
pub fn name(script: &Script, input: Option<&Path>) -> String {
    match input {
        Some(path) if script.from.is_empty() => named(path),
        _ => script.from.clone(),
    }
}

fn named(path: &Path) -> String {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    match name.as_str() {
        "-" => "standard input".into(),
        name => name.chars().filter(|c| !c.is_control()).collect(),
    }
}

/// Standard input can be read for one thing only.
pub fn one_reader(input: Option<&Path>, account: &AccountArgs) -> Result<(), Trouble> {
    let stdin = |path: Option<&Path>| path == Some(Path::new("-"));
    match stdin(input) && stdin(account.password_file.as_deref()) {
        true => Err(Trouble::Usage("FILE and --password-file are both standard input (-), which can be read for one thing only".into())),
        false => Ok(()),
    }
}

/// Reads a connection of a file: the one of that number, or the first that said anything.
pub fn read(path: &Path, session: Option<u64>, keys: &KeyArgs) -> Result<Script, Trouble> {
    if path == Path::new("-") {
        return from_stdin(session, keys);
    }
    let name = named(path);
    Ok(match beginning(path)? {
        Looks::Script => of_text(path)?,
        Looks::Transcripts => recorded(transcripts(path)?, &name, session)?,
        Looks::Capture => recorded(captured(path, keys)?, &name, session)?,
    })
}

/// Standard input may be any of them: it is kept in a file of our own until it was read.
fn from_stdin(session: Option<u64>, keys: &KeyArgs) -> Result<Script, Trouble> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = std::env::temp_dir().join(format!("sstp-diag-stdin-{}", std::process::id()));
    let trouble = |error| Trouble::file("keep standard input in", &path, &error);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(trouble)?;
    let copied = std::io::copy(&mut std::io::stdin().lock(), &mut file).map_err(trouble);
    let script = copied.and_then(|_| read(&path, session, keys));
    let _ = std::fs::remove_file(&path);
    let unnamed = |text: String| text.replace(&path.display().to_string(), "standard input").replace(&stem(&path), "standard input");
    match script {
        Ok(script) => Ok(Script { from: unnamed(script.from), ..script }),
        Err(Trouble::Ours(says)) => Err(Trouble::Ours(unnamed(says))),
        Err(Trouble::Usage(says)) => Err(Trouble::Usage(unnamed(says))),
        Err(other) => Err(other),
    }
}

fn stem(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A secret field with nothing but asterisks in it.
fn is_scrubbed(script: &Script) -> bool {
    let masked = |said: &Said| {
        let secrets = crate::wire::layout::secrets(&said.raw);
        secrets.iter().any(|field| {
            said.raw.get(field.byte_range()).is_some_and(|bytes| bytes.len() > 3 && bytes.iter().all(|byte| *byte == scrub::MASK))
        })
    };
    script.says(Side::Client).any(masked)
}

enum Looks {
    Script,
    Transcripts,
    Capture,
}

fn beginning(path: &Path) -> Result<Looks, Trouble> {
    let trouble = |error| Trouble::file("read", path, &error);
    let file = File::open(path).map_err(trouble)?;
    if path.is_dir() {
        return Err(Trouble::Ours(format!("cannot read {}: it is a directory", path.display())));
    }
    let mut first = Vec::new();
    file.take((MARK.len() + FIRST_WORDS.len()) as u64).read_to_end(&mut first).map_err(trouble)?;
    let text = first.strip_prefix(MARK.as_bytes()).unwrap_or(&first);
    Ok(match text.first() {
        _ if text.starts_with(FIRST_WORDS.as_bytes()) => Looks::Script,
        Some(b'{') => Looks::Transcripts,
        _ => Looks::Capture,
    })
}

fn of_text(path: &Path) -> Result<Script, Trouble> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
    read.map_err(|error| Trouble::file("read", path, &error))?;
    if text.len() as u64 > LONGEST {
        return Err(Trouble::Ours(format!("cannot read {}: a script has {LONGEST} bytes at most", path.display())));
    }
    Script::parse(&text).map_err(|error| Trouble::Ours(format!("cannot read {}: {error}", path.display())))
}

/// What was read, and where the file is damaged.
#[derive(Default)]
struct Recorded {
    sessions: Vec<(u64, Transcript)>,
    /// Connections that are no SSTP.
    others: u64,
    damage: Option<String>,
}

fn recorded(all: Recorded, name: &str, session: Option<u64>) -> Result<Script, Trouble> {
    let mut script = chosen(&all, name, session)?;
    if script.cut.is_none() && !script.ends() {
        script.cut = all.damage;
    }
    Ok(script)
}

fn transcripts(path: &Path) -> Result<Recorded, Trouble> {
    let file = File::open(path).map_err(|error| Trouble::file("read", path, &error))?;
    let mut all = Vec::new();
    let result = Transcript::read_each_jsonl(&mut BufReader::new(file), &mut |transcript| all.push((all.len() as u64 + 1, transcript)));
    if let Err(error) = result {
        if all.is_empty() {
            return Err(Trouble::file("read", path, &error));
        }
        complain(&format!("{}: {error}; what stands before is played", path.display()));
        return Ok(Recorded { sessions: all, others: 0, damage: Some("the file is damaged".into()) });
    }
    Ok(Recorded { sessions: all, ..Recorded::default() })
}

#[derive(Default)]
struct Kept(Vec<(u64, Transcript)>);

impl Listener for Kept {
    fn over(&mut self, connection: Connection) {
        if connection.kind != Kind::Other {
            self.0.push((connection.seen.number, connection.transcript));
        }
    }
}

fn captured(path: &Path, keys: &KeyArgs) -> Result<Recorded, Trouble> {
    let options = Options { sources: vec![Source::Path(path.into())], ..decode::keys(keys)? };
    let mut kept = Kept::default();
    let summary = read_capture(&options, &mut kept).map_err(|error| Trouble::Ours(no_recording(&error)))?;
    let harm = summary.damages.first().map(|damage| format!("the file is damaged behind packet {}", damage.packet));
    for damage in summary.damages {
        complain(&format!("{} is damaged behind packet {}: {}", damage.file, damage.packet, damage.says));
    }
    Ok(Recorded { sessions: kept.0, others: summary.other, damage: harm })
}

/// What was found in place of a capture, and what can be played.
fn no_recording(error: &read::CaptureError) -> String {
    let read::CaptureError::File(error) = error else { return error.to_string() };
    let wanted = format!(
        "what can be played is a capture (pcap or pcapng, also gzip or zstd), a saved transcript (.jsonl of --save) or a script (its first line is {FIRST_LINE})"
    );
    match error {
        CaptureError::Empty { name } => format!("cannot play {name}: it is empty; {wanted}"),
        CaptureError::NotACapture { name, looks, instead } if *instead == file::WANTED => {
            format!("cannot play {name}: it looks like {looks}; {wanted}")
        }
        CaptureError::NotACapture { name, looks, instead } => format!("cannot play {name}: it looks like {looks}; {instead}; {wanted}"),
        other => other.to_string(),
    }
}

/// The connection that was asked for, or the first that said anything.
fn chosen(recorded: &Recorded, name: &str, session: Option<u64>) -> Result<Script, Trouble> {
    let all = &recorded.sessions;
    let read = |number: &u64, transcript: &Transcript| Script::of(transcript, &format!("{name}, session {number}"));
    if let Some(wanted) = session {
        let Some((number, transcript)) = all.iter().find(|row| row.0 == wanted) else {
            return Err(Trouble::Usage(format!("{name} has no SSTP session {wanted}; `sstp-diag decode` numbers them")));
        };
        return read(number, transcript).map_err(|error| Trouble::Ours(format!("session {wanted} of {name}: {error}")));
    }
    let (mut first, mut why) = (None, None);
    let mut playable = 0;
    for (number, transcript) in all {
        match read(number, transcript) {
            Ok(script) => {
                playable += 1;
                first.get_or_insert(script);
            }
            Err(error) => drop(why.get_or_insert(error)),
        }
    }
    if playable > 1 {
        complain(&format!(
            "{name} has {}; the first is played, --session chooses another",
            count(playable, "playable session", "playable sessions")
        ));
    }
    let nothing = || match why {
        Some(error) => format!("{name}: {error}"),
        None => {
            let others = count(recorded.others, "connection, which is no SSTP", "connections, none of them SSTP");
            format!("{name}: there is no SSTP in it ({others})")
        }
    };
    first.ok_or_else(|| Trouble::Ours(nothing()))
}

/// Ours: a script of 20,000 messages is not longer, bytes.
const LONGEST: u64 = 64 << 20;
