//! What is wrong with a capture, and where.

use std::fmt;

/// One place of damage. Reading went on behind it where that was possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// Number of the last packet before it, 0 where there was none.
    pub packet: u64,
    /// Where in the file, bytes from its start; in the unpacked bytes where it is compressed.
    pub offset: u64,
    /// What it is.
    pub harm: Harm,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: behind packet {}, at byte {}: {}", self.file, self.packet, self.offset, self.harm)
    }
}

/// What is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harm {
    /// The file ends inside a record or block, which needs so many bytes more.
    Truncated {
        /// Bytes.
        missing: u64,
    },
    /// No record or block can begin here; so many bytes were passed over until the next one that makes sense.
    Skipped {
        /// What is wrong with it.
        why: &'static str,
        /// Bytes.
        bytes: u64,
    },
    /// No record or block can begin here, nor anywhere behind it.
    Lost {
        /// What is wrong with it.
        why: &'static str,
        /// Bytes.
        bytes: u64,
    },
    /// A packet of an interface that the section does not describe; its link layer and clock are unknown.
    UnknownInterface(u32),
    /// A block with sound ends and unsound contents; it was passed over.
    BadBlock(&'static str),
    /// The file holds nothing.
    Empty,
    /// Reading or unpacking failed, with the reason.
    Unreadable(String),
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Harm::Truncated { missing } => {
                write!(f, "the file ends inside a packet, {missing} bytes are missing; it was cut, or is still being written")
            }
            Harm::Skipped { why, bytes } => write!(f, "{why}; {bytes} bytes were passed over up to the next packet that makes sense"),
            Harm::Lost { why, bytes } => write!(f, "{why}; no packet that makes sense in the last {bytes} bytes"),
            Harm::UnknownInterface(id) => write!(f, "a packet of interface {id}, which the file does not describe"),
            Harm::BadBlock(what) => write!(f, "{what}; it was passed over"),
            Harm::Empty => write!(f, "the file is empty"),
            Harm::Unreadable(why) => write!(f, "reading failed: {why}"),
        }
    }
}

/// Why there is nothing to read at all.
#[derive(Debug)]
pub enum CaptureError {
    /// It cannot be opened, or not be read even at its beginning.
    Unreadable {
        /// The file.
        name: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It holds no byte.
    Empty {
        /// The file.
        name: String,
    },
    /// It is something else.
    NotACapture {
        /// The file.
        name: String,
        /// What it looks like.
        looks: String,
        /// What to do.
        instead: &'static str,
    },
    /// No source was given.
    NothingToRead,
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaptureError::Unreadable { name, source } => write!(f, "{name}: cannot be read: {source}"),
            CaptureError::Empty { name } => write!(f, "{name}: is empty; a pcap or pcapng capture was expected"),
            CaptureError::NotACapture { name, looks, instead } => write!(f, "{name}: looks like {looks}; {instead}"),
            CaptureError::NothingToRead => write!(f, "no capture was named; give a pcap or pcapng file, or - for standard input"),
        }
    }
}

impl std::error::Error for CaptureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CaptureError::Unreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}
