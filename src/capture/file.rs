//! Capture files: pcap and pcapng, plain or compressed, from files or from standard input.
//!
//! ```text
//! Source ──▶ unpack (gzip, zstd) ──▶ window (one buffer) ──▶ pcap | pcapng ──▶ Item, which borrows the buffer
//! ```

mod damage;
mod pcap;
mod pcapng;
mod resync;
mod sniff;
mod standard;
mod unpack;
mod window;

pub use damage::{CaptureError, Damage, Harm};
pub use sniff::WANTED;

use standard::{Ear, Standard};
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use window::Window;

/// Where a capture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, or a pipe that has a name.
    Path(PathBuf),
    /// Standard input, which may still be written.
    Stdin,
}

impl Source {
    /// It gives its bytes once only, and perhaps not yet.
    pub fn is_pipe(&self) -> bool {
        match self {
            Source::Stdin => true,
            Source::Path(path) => path.metadata().is_ok_and(|about| about.file_type().is_fifo()),
        }
    }

    /// The name that messages use.
    pub fn name(&self) -> String {
        match self {
            Source::Path(path) => path.display().to_string(),
            Source::Stdin => String::from("standard input"),
        }
    }
}

/// What a capture holds.
#[derive(Debug)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// TLS secrets in the NSS key log format, as a Decryption Secrets Block holds them. draft-ietf-opsawg-pcapng 4.7.
    Secrets(&'a [u8]),
    /// Standard input is silent, for how long so far by our clock.
    Silent(Duration),
}

/// A packet as it was captured; it borrows from the reader's buffer.
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    /// Number in the capture, from 1; over all files where there are several.
    pub number: u64,
    /// When, microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// LINKTYPE, as the registry of link-layer header types numbers them.
    pub link: u32,
    /// The bytes that were captured.
    pub data: &'a [u8],
    /// How many bytes it had before the snap length cut it.
    pub original_len: u32,
}

impl std::fmt::Debug for Packet<'_> {
    // The data may hold a password in the clear.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packet {} at {} link {} of {} bytes ({})", self.number, self.at, self.link, self.original_len, self.data.len())
    }
}

/// What was read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files begun.
    pub files: u64,
    /// Packets, with those that could not be handed out.
    pub packets: u64,
    /// Captured bytes of the packets handed out.
    pub bytes: u64,
    /// Blocks of TLS secrets.
    pub secrets: u64,
    /// Places of damage, with those beyond [`Reader::MAX_DAMAGES`].
    pub damages: u64,
}

/// Reads one capture, which may lie in several files.
pub struct Reader {
    waiting: std::vec::IntoIter<Source>,
    current: Option<Open>,
    damages: Vec<Damage>,
    counts: Counts,
    halt: Arc<AtomicBool>,
}

/// A file that is being read.
struct Open {
    name: String,
    window: Window,
    format: Format,
    /// Standard input may fall silent.
    ear: Option<Ear>,
}

/// The two formats there are.
enum Format {
    Pcap(pcap::Pcap),
    Pcapng(pcapng::Pcapng),
}

/// What one step in a file comes to. Ranges are of the window, good until it reads on.
enum Step {
    Packet {
        at: i64,
        link: u32,
        data: Range<usize>,
        original_len: u32,
    },
    Secrets(Range<usize>),
    /// Standard input is silent, for how long so far.
    Silent(Duration),
    /// Something that is of no interest here.
    Passed,
    /// Damage at an offset of the unpacked file; `packet` where a packet was lost that has a number.
    Harmed {
        harm: Harm,
        offset: u64,
        packet: bool,
    },
    End,
}

impl Reader {
    /// Ours: more places of damage than this are counted and not kept.
    pub const MAX_DAMAGES: usize = 64;

    /// Opens a capture. Several files are read as one, in the order of their first packets; the first is opened at once, so
    /// that what is no capture is an error here and not damage later.
    pub fn open(sources: Vec<Source>) -> Result<Reader, CaptureError> {
        Reader::open_until(sources, Arc::default())
    }

    /// The same; standard input ends when `halt` becomes true, even where nothing comes.
    pub fn open_until(sources: Vec<Source>, halt: Arc<AtomicBool>) -> Result<Reader, CaptureError> {
        let mut reader = Reader { halt, ..Reader::empty(in_order(sources)?) };
        while reader.current.is_none() {
            let Some(source) = reader.waiting.next() else { return Err(CaptureError::NothingToRead) };
            match begin(&source, &reader.halt) {
                Err(CaptureError::Empty { name }) if !reader.waiting.as_slice().is_empty() => reader.note(name, Harm::Empty, 0),
                begun => reader.take(begun?),
            }
        }
        Ok(reader)
    }

    /// Reads a capture from anything that gives bytes; the name is for messages.
    pub fn from_read(name: &str, source: Box<dyn Read>) -> Result<Reader, CaptureError> {
        let mut reader = Reader::empty(Vec::new());
        reader.take(begin_read(name.to_string(), source)?);
        Ok(reader)
    }

    fn empty(sources: Vec<Source>) -> Reader {
        Reader { waiting: sources.into_iter(), current: None, damages: Vec::new(), counts: Counts::default(), halt: Arc::default() }
    }

    fn take(&mut self, open: Open) {
        self.counts.files += 1;
        self.current = Some(open);
    }

    /// The next thing in the capture, `None` at its end. Waits only where the source has nothing to give.
    #[allow(clippy::should_implement_trait, reason = "it lends from the reader's buffer, which Iterator cannot say")]
    pub fn next(&mut self) -> Option<Item<'_>> {
        let step = self.advance()?;
        let window = &self.current.as_ref()?.window;
        Some(match step {
            Step::Packet { at, link, data, original_len } => {
                let data = window.lent(data);
                self.counts.packets += 1;
                self.counts.bytes += data.len() as u64;
                Item::Packet(Packet { number: self.counts.packets, at, link, data, original_len })
            }
            Step::Secrets(text) => {
                self.counts.secrets += 1;
                Item::Secrets(window.lent(text))
            }
            Step::Silent(silence) => Item::Silent(silence),
            Step::Passed | Step::Harmed { .. } | Step::End => return None,
        })
    }

    /// Places of damage so far, at most [`Reader::MAX_DAMAGES`].
    pub fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// What was read so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Goes on to the next packet or secrets, through the files.
    fn advance(&mut self) -> Option<Step> {
        loop {
            let Some(open) = self.current.as_mut() else {
                self.next_file()?;
                continue;
            };
            if open.window.bytes().is_empty()
                && !open.window.ended()
                && let Some(silence) = open.ear.as_mut().and_then(Ear::silence)
            {
                return Some(Step::Silent(silence));
            }
            let step = match &mut open.format {
                Format::Pcap(pcap) => pcap.step(&mut open.window),
                Format::Pcapng(pcapng) => pcapng.step(&mut open.window),
            };
            match step {
                Step::Packet { .. } | Step::Secrets(_) => {
                    if let Some(ear) = &mut open.ear {
                        ear.hears();
                    }
                    return Some(step);
                }
                Step::Silent(_) => return Some(step),
                Step::Passed => {}
                Step::Harmed { harm, offset, packet } => {
                    let name = open.name.clone();
                    self.counts.packets += u64::from(packet);
                    self.note(name, harm, offset);
                }
                Step::End => self.current = None,
            }
        }
    }

    fn next_file(&mut self) -> Option<()> {
        let source = self.waiting.next()?;
        match begin(&source, &self.halt) {
            Ok(open) => self.take(open),
            // It was a capture, or empty, when the order was found out; a ring buffer has gone on since.
            Err(CaptureError::Empty { name }) => self.note(name, Harm::Empty, 0),
            Err(error) => self.note(source.name(), Harm::Unreadable(error.to_string()), 0),
        }
        Some(())
    }

    fn note(&mut self, file: String, harm: Harm, offset: u64) {
        self.counts.damages += 1;
        if self.damages.len() < Self::MAX_DAMAGES {
            self.damages.push(Damage { file, packet: self.counts.packets, offset, harm });
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("counts", &self.counts).field("damages", &self.damages).finish_non_exhaustive()
    }
}

fn begin(source: &Source, halt: &Arc<AtomicBool>) -> Result<Open, CaptureError> {
    let name = source.name();
    let unreadable = |source| CaptureError::Unreadable { name: name.clone(), source };
    let pipe = match source {
        Source::Stdin => Some(Standard::open(halt.clone())),
        Source::Path(path) if source.is_pipe() => Some(Standard::pipe(path, halt.clone())),
        Source::Path(_) => None,
    };
    let (read, ear): (Box<dyn Read>, _) = match (pipe, source) {
        (Some(pipe), _) => {
            let pipe = pipe.map_err(unreadable)?;
            let ear = pipe.ear().ok();
            (Box::new(pipe), ear)
        }
        (None, Source::Path(path)) => (Box::new(File::open(path).map_err(unreadable)?), None),
        (None, Source::Stdin) => return Err(CaptureError::NothingToRead),
    };
    let open = begin_read(name, read)?;
    Ok(Open { ear, ..open })
}

fn begin_read(name: String, source: Box<dyn Read>) -> Result<Open, CaptureError> {
    match unpack::unpack(source) {
        Ok(unpacked) => {
            let mut window = Window::new(unpacked);
            let format = sniff::format(&name, &mut window)?;
            Ok(Open { name, window, format, ear: None })
        }
        Err(source) => Err(CaptureError::Unreadable { name, source }),
    }
}

/// Files of a ring buffer by the time of their first packets. A pipe can be read once only, so that with one among them
/// the order is as given.
fn in_order(sources: Vec<Source>) -> Result<Vec<Source>, CaptureError> {
    let plain = |source: &Source| matches!(source, Source::Path(path) if path.is_file());
    if sources.len() < 2 || !sources.iter().all(plain) {
        return Ok(sources);
    }
    let mut timed = Vec::with_capacity(sources.len());
    for source in sources {
        let first = match begin(&source, &Arc::default()) {
            Ok(open) => first_time(open),
            // The newest file of a ring buffer may hold nothing yet.
            Err(CaptureError::Empty { .. }) => None,
            Err(error) => return Err(error),
        };
        timed.push((first.unwrap_or(i64::MAX), source));
    }
    timed.sort_by_key(|(first, _)| *first);
    Ok(timed.into_iter().map(|(_, source)| source).collect())
}

fn first_time(open: Open) -> Option<i64> {
    let mut reader = Reader::empty(Vec::new());
    reader.take(open);
    loop {
        if let Item::Packet(packet) = reader.next()? {
            return Some(packet.at);
        }
    }
}

#[cfg(test)]
mod tests;
