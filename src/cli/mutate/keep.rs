//! What is written: where the run stands, and a folder of findings.

use super::super::args::MutateArgs;
use super::super::exit::Trouble;
use super::super::pcap;
use super::super::replay::export;
use super::page;
use crate::jobs::mutate::hunt::{HONEST, NOBODY, Target as _};
use crate::jobs::mutate::run::{Remote, Stand};
use crate::jobs::mutate::variant::fnv;
use crate::jobs::mutate::{Hunt, Kind, Patience, Variant, fault, hunt};
use crate::jobs::probe::ProbeConfig;
use crate::jobs::replay::Script;
use crate::live::clock::Clock;
use crate::proto::edit::Edit;
use crate::report::mutate::{Finding, Page, rate};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch::{self, Receiver};

/// Where a run stands, as it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Against whom.
    against: String,
    /// The list of variants, by what their ids come to.
    list: String,
    seed: u64,
    listed: u64,
    cars: u64,
    findings: Vec<Finding>,
}

/// The progress line and the file of `--resume`.
pub struct Progress {
    path: Option<PathBuf>,
    state: State,
    to: Option<page::To>,
    before: u64,
    /// What the run before has found.
    earlier: Vec<Finding>,
    shown: bool,
    drawn: u64,
    written: u64,
}

impl Progress {
    /// Reads where an earlier run stands, if there is one. `to`: the server, where it is dialled.
    pub fn open(args: &MutateArgs, against: &str, to: Option<page::To>, variants: &[Variant]) -> Result<Progress, Trouble> {
        let path = args.pace.resume.clone();
        let ids = variants.iter().flat_map(|variant| variant.id.bytes().chain([0]));
        let list = format!("{} variants, {:016x}", variants.len(), fnv(ids));
        let fresh = State { against: against.into(), list, seed: args.what.seed, ..State::default() };
        let state = match path.as_deref().filter(|path| path.exists()) {
            Some(path) => earlier(path, &fresh, variants.len())?,
            None => fresh,
        };
        let progress = Progress {
            path,
            before: state.listed + state.cars,
            earlier: state.findings.clone(),
            state,
            to,
            shown: std::io::stderr().is_terminal(),
            drawn: 0,
            written: 0,
        };
        // What cannot be written is better known before the run than behind it.
        progress.write()?;
        Ok(progress)
    }

    /// Against whom.
    pub fn against(&self) -> &str {
        &self.state.against
    }

    /// The seed of everything random.
    pub fn seed(&self) -> u64 {
        self.state.seed
    }

    /// Variants that the run before has sent.
    pub fn before(&self) -> u64 {
        self.before
    }

    /// What is through already.
    pub fn stand(&self) -> Stand {
        Stand { listed: self.state.listed, cars: self.state.cars, ..Stand::default() }
    }

    /// What the run before has found and what this one has; what both have, once.
    pub fn findings(&self, hunt: &Hunt) -> Vec<Finding> {
        let mut all = self.earlier.clone();
        for found in hunt.findings() {
            let row = page::row(self.state.seed, self.to.as_ref(), &found);
            match all.iter_mut().find(|other| other.kind == row.kind && fault::plain(&other.says) == fault::plain(&row.says)) {
                Some(other) => other.also += row.also + u64::from(other.id != row.id),
                None => all.push(row),
            }
        }
        all
    }

    /// One more is through.
    pub fn tell(&mut self, hunt: &Hunt, stand: &Stand) {
        (self.state.listed, self.state.cars) = (stand.listed, stand.cars);
        let tenth = stand.took.0 / 100_000;
        if self.path.is_some() && tenth / 50 != self.written {
            self.written = tenth / 50;
            self.state.findings = self.findings(hunt);
            let _ = self.write();
        }
        if !self.shown || tenth == self.drawn {
            return;
        }
        self.drawn = tenth;
        let counts = hunt.counts();
        let rate = rate(counts.cases, stand.took.duration().as_secs_f64());
        let (cases, states, found) = (counts.cases, counts.places.len(), hunt.found());
        let _ = write!(std::io::stderr(), "\r{cases} variants, {rate}/s, {states} states, {found} findings ");
    }

    /// The run is over, and this is what was found.
    pub fn end(&mut self, stand: &Stand, findings: &[Finding]) -> Result<(), Trouble> {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:78}\r", "");
        }
        (self.state.listed, self.state.cars) = (stand.listed, stand.cars);
        self.state.findings = findings.to_vec();
        self.write()
    }

    fn write(&self) -> Result<(), Trouble> {
        let Some(path) = &self.path else { return Ok(()) };
        let text = serde_json::to_string_pretty(&self.state).map_err(std::io::Error::other)?;
        std::fs::write(path, text + "\n").map_err(|error| Trouble::file("write", path, &error))
    }
}

/// The state in a file, if it is of a run like `fresh`, which is about to begin.
fn earlier(path: &Path, fresh: &State, variants: usize) -> Result<State, Trouble> {
    let text = std::fs::read_to_string(path).map_err(|error| Trouble::file("read", path, &error))?;
    let state: State = serde_json::from_str(&text)
        .map_err(|error| Trouble::Ours(format!("{} does not say where a run stands: {error}", path.display())))?;
    let other = |what: &str, then: &str, now: &str| {
        Err(Trouble::Usage(format!("{} is of a run {what} {then}, this one has {now}; name another file", path.display())))
    };
    match () {
        () if state.seed != fresh.seed => other("with --seed", &state.seed.to_string(), &fresh.seed.to_string()),
        () if state.against != fresh.against => other("against", &state.against, &fresh.against),
        () if state.list != fresh.list => other("with other variants:", &state.list, &fresh.list),
        () if state.listed > variants as u64 => {
            Err(Trouble::Ours(format!("{} says that {} of {variants} variants are through", path.display(), state.listed)))
        }
        () => Ok(state),
    }
}

/// Makes the folder of `--corpus`: where that cannot be, it is said before anything is sent.
pub fn folder(args: &MutateArgs) -> Result<(), Trouble> {
    let Some(folder) = &args.watch.corpus else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| Trouble::file("create", folder, &error))
}

/// Sends a variant once more and writes a capture of it; what it is given becomes true when that has to stop.
pub trait Records: AsyncFnMut(&[Edit], &Path, &Receiver<bool>) -> Result<(), Trouble> {}
impl<F: AsyncFnMut(&[Edit], &Path, &Receiver<bool>) -> Result<(), Trouble>> Records for F {}

/// Writes every finding down: a script, and a capture with its keys, for which `record` sends it once more. After Ctrl-C as many
/// captures are made as a while suffices for.
pub async fn findings(
    args: &MutateArgs,
    script: &Script,
    hunt: &Hunt,
    page: &mut Page,
    record: &mut impl Records,
    stop: &Receiver<bool>,
) -> Result<(), Trouble> {
    let Some(folder) = &args.watch.corpus else { return Ok(()) };
    let mut written = scripts(folder, args.peer.to.len() > 1, script, hunt, page)?;
    if page.dead {
        return Ok(());
    }
    // Behind what ends the target nothing could be recorded any more.
    written.sort_by_key(|one| one.finding.fault.kind == Kind::Died);
    let (_goes_on, never) = watch::channel(false);
    let (under_way, mut interrupted) = (RefCell::new(None), stop.clone());
    let captures = async {
        for Written { finding, row, base } in &written {
            let path = base.with_extension("pcapng");
            *under_way.borrow_mut() = Some(path.clone());
            record(&finding.edits, &path, &never).await?;
            *under_way.borrow_mut() = None;
            if let Some(row) = page.findings.get_mut(*row) {
                row.files.push(path.display().to_string());
            }
        }
        Ok(())
    };
    let late = async {
        let _ = interrupted.wait_for(|stop| *stop).await;
        tokio::time::sleep(LATE).await;
    };
    tokio::select! {
        biased;
        result = captures => return result,
        () = late => {}
    }
    // Half of a capture is none.
    if let Some(path) = under_way.take() {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// A finding whose script is written.
struct Written {
    finding: hunt::Finding,
    /// Its place in the page.
    row: usize,
    /// Where its files are, without their endings.
    base: PathBuf,
}

/// What the run before has found it has written. `several`: there are other targets, whose findings have the same ids.
fn scripts(folder: &Path, several: bool, script: &Script, hunt: &Hunt, page: &mut Page) -> Result<Vec<Written>, Trouble> {
    let (mut written, mut names) = (Vec::new(), HashSet::new());
    let target = if several { format!("{}-", file_name(&page.against)) } else { String::new() };
    for finding in hunt.findings().into_iter().filter(|finding| finding.id != NOBODY) {
        let Some(place) = page.findings.iter().position(|row| is(row, &finding)) else { continue };
        // What an honest call shows may be of several kinds.
        let id = if finding.id == HONEST { format!("{HONEST}-{}", finding.fault.kind.name()) } else { file_name(&finding.id) };
        let mut name = format!("{target}{id}");
        for nth in 2.. {
            if names.insert(name.clone()) {
                break;
            }
            name = format!("{target}{id}-{nth}");
        }
        let base = folder.join(name);
        let path = base.with_extension("txt");
        export(&Script { edits: finding.edits.clone(), ..script.clone() }, &path, false)?;
        if let Some(row) = page.findings.get_mut(place) {
            row.files.push(path.display().to_string());
        }
        written.push(Written { finding, row: place, base });
    }
    Ok(written)
}

/// Whether the row is about this finding.
fn is(row: &Finding, finding: &hunt::Finding) -> bool {
    row.id == finding.id && row.kind == finding.fault.kind.name() && fault::plain(&row.says) == fault::plain(&finding.fault.says)
}

/// Sends these edits to a server once and writes a capture of it.
pub async fn record(config: &ProbeConfig, script: &Script, edits: &[Edit], path: &Path, stop: &Receiver<bool>) -> Result<(), Trouble> {
    let pcap = pcap::open(Some(path), "a spoilt call")?;
    let config = super::heard(config, pcap::ear(pcap.as_ref()));
    let remote = Remote::new(config, script, Clock::start(), stop.clone(), Patience::REAL);
    let _ = remote.ride(edits).await;
    pcap::finish(pcap, Some(path));
    Ok(())
}

/// The id as a name of a file.
fn file_name(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=') { c } else { '_' };
    id.chars().map(plain).take(120).collect()
}

/// Ours: captures are made for so long after Ctrl-C.
const LATE: Duration = Duration::from_secs(10);
