//! A text file that may still grow, read line by line, each line once.

use super::KeyError;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A key log file and how far it was read.
pub(super) struct Growing {
    path: PathBuf,
    name: String,
    /// Where the first line begins that was not read to its end.
    at: u64,
    /// Lines read so far.
    lines: u64,
    /// The length that the file had when it was last read.
    seen: u64,
    /// Lines that gave a secret.
    pub(super) secrets: u64,
    /// Lines that cannot be read.
    pub(super) bad: u64,
}

impl Growing {
    /// A file that can be opened; nothing of it is read.
    pub(super) fn open(path: &Path) -> Result<Growing, KeyError> {
        File::open(path).map_err(|source| KeyError::Read { path: path.to_path_buf(), source })?;
        Ok(Growing { path: path.to_path_buf(), name: path.display().to_string(), at: 0, lines: 0, seen: 0, secrets: 0, bad: 0 })
    }

    /// It has bytes, none of them a secret, and some that are no line of a key log.
    pub(super) fn is_no_key_log(&self) -> bool {
        self.secrets == 0 && (self.bad > 0 || self.at < self.seen)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Hands out what is new: name of the file, line number, line. A last line without an end is handed out too, and
    /// again when it has grown.
    pub(super) fn read(&mut self, with: &mut dyn FnMut(&str, u64, &[u8])) {
        // A file that went away or cannot be read for the moment brings no keys; the missing keys are told where they miss.
        let Ok(len) = std::fs::metadata(&self.path).map(|data| data.len()) else { return };
        if len == self.seen {
            return;
        }
        if len < self.seen {
            (self.at, self.lines) = (0, 0);
        }
        self.seen = len;
        let _ = self.read_new(with);
    }

    fn read_new(&mut self, with: &mut dyn FnMut(&str, u64, &[u8])) -> std::io::Result<()> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.at))?;
        let mut chunk = Zeroizing::new(vec![0; CHUNK]);
        let mut text = Zeroizing::new(Vec::new());
        loop {
            let n = file.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            text.extend_from_slice(chunk.get(..n).unwrap_or_default());
            self.whole_lines(&mut text, with);
        }
        if !text.is_empty() {
            // Half a line may be a whole one without its end; one that is half written is no fault of the file.
            if super::Line::parse(&text).is_ok() {
                with(&self.name, self.lines + 1, &text);
            }
        }
        Ok(())
    }

    fn whole_lines(&mut self, text: &mut Vec<u8>, with: &mut dyn FnMut(&str, u64, &[u8])) {
        let mut done = 0;
        while let Some(len) = text.get(done..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
            self.lines += 1;
            with(&self.name, self.lines, text.get(done..done + len).unwrap_or_default());
            done += len + 1;
        }
        // What has no end in so many bytes is no key log; it is passed over without being kept.
        if text.len() - done > MAX_LINE {
            done = text.len();
        }
        text.drain(..done);
        self.at += done as u64;
    }
}

/// Ours: bytes read at once.
const CHUNK: usize = 64 * 1024;
/// Ours: longer lines are passed over, in bytes.
const MAX_LINE: usize = 64 * 1024;
