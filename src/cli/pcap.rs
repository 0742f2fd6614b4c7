//! `--pcap`: our own traffic as a capture.

use super::exit::Trouble;
use super::output::complain;
use crate::jobs::pcap::PcapFile;
use crate::live::wiretap::Ear;
use std::path::Path;
use std::sync::Arc;

/// Makes the file, if one is asked for.
pub fn open(path: Option<&Path>, about: &str) -> Result<Option<Arc<PcapFile>>, Trouble> {
    let about = format!("The traffic of {about}, made up from what went through its sockets; the TLS keys are in it.");
    Ok(path.map(|path| PcapFile::create(path, &about)).transpose()?.map(Arc::new))
}

/// What hears of everything and writes it there.
pub fn ear(pcap: Option<&Arc<PcapFile>>) -> Ear {
    pcap.map_or_else(Ear::default, |pcap| Ear::new(pcap.clone()))
}

/// Writes the rest. Trouble is told, and changes nothing about what was found out.
pub fn finish(pcap: Option<Arc<PcapFile>>, path: Option<&Path>) {
    if let (Some(Err(error)), Some(path)) = (pcap.map(|pcap| pcap.finish()), path) {
        complain(&format!("cannot write the capture {}: {error}; it ends there", path.display()));
    }
}
