//! What is written: where the run stands, and a folder of findings.

use super::super::args::MutateArgs;
use super::super::exit::Trouble;
use super::super::pcap;
use crate::base::Side;
use crate::jobs::mutate::hunt::Target;
use crate::jobs::mutate::run::{Remote, Stand};
use crate::jobs::mutate::{Hunt, Patience};
use crate::jobs::probe::ProbeConfig;
use crate::jobs::replay::{Course, Script};
use crate::live::clock::Clock;
use crate::proto::edit::Edit;
use crate::report::mutate::Page;
use serde::{Deserialize, Serialize};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use tokio::sync::watch::Receiver;

/// Where a run stands, as it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    seed: u64,
    listed: u64,
    cars: u64,
    findings: Vec<String>,
}

/// The progress line and the file of `--resume`.
pub struct Progress {
    path: Option<PathBuf>,
    state: State,
    shown: bool,
    drawn: u64,
}

impl Progress {
    /// Reads where an earlier run stands, if there is one.
    pub fn open(args: &MutateArgs) -> Result<Progress, Trouble> {
        let path = args.pace.resume.clone();
        let state = match path.as_deref().filter(|path| path.exists()) {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| Trouble::file("read", path, &error))?;
                let state: State = serde_json::from_str(&text)
                    .map_err(|error| Trouble::Ours(format!("{} does not say where a run stands: {error}", path.display())))?;
                if state.seed != args.what.seed {
                    let says = format!("{} is of a run with --seed {}, this one has {}", path.display(), state.seed, args.what.seed);
                    return Err(Trouble::Usage(says));
                }
                state
            }
            None => State { seed: args.what.seed, ..State::default() },
        };
        Ok(Progress { path, state, shown: std::io::stderr().is_terminal(), drawn: 0 })
    }

    /// What is through already.
    pub fn stand(&self) -> Stand {
        Stand { listed: self.state.listed, cars: self.state.cars, ..Stand::default() }
    }

    /// One more is through.
    pub fn tell(&mut self, hunt: &Hunt, stand: &Stand) {
        (self.state.listed, self.state.cars) = (stand.listed, stand.cars);
        let tenth = stand.took.0 / 100_000;
        if !self.shown || tenth == self.drawn {
            return;
        }
        self.drawn = tenth;
        let counts = hunt.counts();
        let rate = counts.cases as f64 / (stand.took.0.max(1) as f64 / 1e6);
        let (cases, states, found) = (counts.cases, counts.places.len(), hunt.found());
        let _ = write!(std::io::stderr(), "\r{cases} variants, {rate:.0}/s, {states} states, {found} findings ");
        self.state.findings = hunt.findings().iter().map(|finding| finding.id.clone()).collect();
        if tenth.is_multiple_of(50) {
            let _ = self.write();
        }
    }

    /// The run is over.
    pub fn end(&mut self, stand: &Stand) -> Result<(), Trouble> {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:78}\r", "");
        }
        (self.state.listed, self.state.cars) = (stand.listed, stand.cars);
        self.write()
    }

    fn write(&self) -> Result<(), Trouble> {
        let Some(path) = &self.path else { return Ok(()) };
        let text = serde_json::to_string_pretty(&self.state).map_err(std::io::Error::other)?;
        std::fs::write(path, text + "\n").map_err(|error| Trouble::file("write", path, &error))
    }
}

/// Sends every finding once more and writes it down: a capture with its keys, and a script. `record` sends edits and writes a capture.
pub async fn findings(
    args: &MutateArgs,
    script: &Script,
    hunt: &Hunt,
    page: &mut Page,
    record: &mut impl AsyncFnMut(&[Edit], &Path) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let Some(folder) = &args.watch.corpus else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| Trouble::file("create", folder, &error))?;
    for (finding, row) in hunt.findings().iter().zip(&mut page.findings) {
        let base = folder.join(file_name(&finding.id));
        let text = Script { edits: finding.edits.clone(), ..script.clone() }.text();
        let (path, capture) = (base.with_extension("txt"), base.with_extension("pcapng"));
        std::fs::write(&path, text).map_err(|error| Trouble::file("write", &path, &error))?;
        row.files.push(path.display().to_string());
        if page.dead || page.interrupted {
            continue;
        }
        record(&finding.edits, &capture).await?;
        row.files.push(capture.display().to_string());
    }
    Ok(())
}

/// Sends these edits to a server once and writes a capture of it.
pub async fn record(config: &ProbeConfig, script: &Script, edits: &[Edit], path: &Path, stop: &Receiver<bool>) -> Result<(), Trouble> {
    let pcap = pcap::open(Some(path), "a spoilt call")?;
    let config = super::heard(config, pcap::ear(pcap.as_ref()));
    let remote = Remote::new(config, Course::of(script, Side::Client), Clock::start(), stop.clone(), Patience::REAL);
    let _ = remote.ride(edits).await;
    pcap::finish(pcap, Some(path));
    Ok(())
}

/// The id as a name of a file.
fn file_name(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=') { c } else { '_' };
    id.chars().map(plain).take(120).collect()
}
