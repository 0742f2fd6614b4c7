//! `--artifacts`: what is kept of every run of a case.

use super::case::Case;
use crate::jobs::pcap::{PcapFile, owner_only};
use crate::live::LiveError;
use crate::live::wiretap::Ear;
use crate::transcript::{Event, Head, Transcript};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The evidence of one run, in the making.
pub(super) struct Evidence(Option<Kept>);

struct Kept {
    /// Folder and name, without an ending.
    stem: PathBuf,
    pcap: Arc<PcapFile>,
    ear: Ear,
}

impl Evidence {
    /// Of a case's `number`th run; without a folder nothing is kept.
    pub fn begin(folder: Option<&Path>, case: &Case, number: u32) -> Result<Evidence, LiveError> {
        let Some(folder) = folder else { return Ok(Evidence(None)) };
        let stem = folder.join(file_name(case, number));
        let about = format!("The traffic of conformance case {}; the TLS keys are in it.", case.id);
        let pcap = Arc::new(PcapFile::create(&with(&stem, "pcapng"), &about)?);
        let ear = Ear::new(pcap.clone());
        Ok(Evidence(Some(Kept { stem, pcap, ear })))
    }

    /// Who is to hear what goes through the sockets, if anybody.
    pub fn ear(&self) -> Option<Ear> {
        self.0.as_ref().map(|kept| kept.ear.clone())
    }

    /// Writes the transcript, and what a program said.
    pub fn keep(self, head: Head, events: &[Event], said: &str) -> io::Result<()> {
        let Some(Kept { stem, pcap, .. }) = self.0 else { return Ok(()) };
        let mut transcript = Transcript { head, events: events.to_vec() };
        transcript.scrub();
        let mut text = Vec::new();
        transcript.write_jsonl(&mut text)?;
        owner_only(&with(&stem, "jsonl"))?.write_all(&text)?;
        if !said.is_empty() {
            owner_only(&with(&stem, "log"))?.write_all(said.as_bytes())?;
        }
        pcap.finish()
    }
}

/// The name of the evidence of a case's `number`th run, without its ending.
fn file_name(case: &Case, number: u32) -> String {
    let again = if number > 1 { format!(".{number}") } else { String::new() };
    case.id.replace('/', "_") + &again
}

/// Ids have dots in them, so that an ending is added and never replaced.
fn with(stem: &Path, ending: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_os_string();
    name.push(".");
    name.push(ending);
    name.into()
}
