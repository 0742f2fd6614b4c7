//! Logs from files and standard input.

use super::exit::Trouble;
use super::sniff;
use crate::diag::log::{Log, Reader};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a log; `-` is standard input.
pub fn read(path: &Path, mut reader: Reader) -> Result<Log, Trouble> {
    let trouble = |error| Trouble::file("read", path, &error);
    let mut input: Box<dyn Read> =
        if path.as_os_str() == STDIN { Box::new(io::stdin().lock()) } else { Box::new(File::open(path).map_err(trouble)?) };
    let mut piece = vec![0; PIECE];
    let mut first = true;
    loop {
        let length = match input.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(trouble(error)),
        };
        let bytes = piece.get(..length).unwrap_or_default();
        if let Some(advice) = sniff::not_text(bytes).filter(|_| first) {
            return Err(Trouble::Usage(format!("{} is {advice}", path.display())));
        }
        first = false;
        reader.feed(bytes);
    }
    Ok(reader.finish())
}

/// What stands for standard input.
const STDIN: &str = "-";
/// Ours: what is read at once.
const PIECE: usize = 64 * 1024;
