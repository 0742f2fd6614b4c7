//! Logs from files and standard input.

use super::exit::Trouble;
use super::output::complain;
use super::sniff;
use crate::diag::log::{Log, Reader};
use crate::live::runtime::{self, Ended};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;

/// The logs as far as they were read, each with its file, and whether the user stopped the reading.
pub struct Logs {
    /// File and log.
    pub read: Vec<(PathBuf, Log)>,
    /// Ctrl-C or SIGTERM came.
    pub interrupted: bool,
}

/// Reads logs until they end or the user wants to stop; `-` is standard input, which may be that of a program that goes on writing.
pub fn read(paths: &[PathBuf], reader: impl Fn() -> Reader) -> Result<Logs, Trouble> {
    let (all, interrupted) = match runtime::run(|stop| each(paths, reader, stop))? {
        Ended::Through(all) => (all, false),
        Ended::Interrupted(all) => (all, true),
        Ended::Abandoned => (Ok(Vec::new()), true),
    };
    if interrupted {
        complain("interrupted; this is what is known");
    }
    Ok(Logs { read: all?, interrupted })
}

async fn each(paths: &[PathBuf], reader: impl Fn() -> Reader, mut stop: watch::Receiver<bool>) -> Result<Vec<(PathBuf, Log)>, Trouble> {
    let mut read = Vec::new();
    for path in paths {
        if *stop.borrow() {
            break;
        }
        read.push((path.clone(), one(path, reader(), &mut stop).await?));
    }
    Ok(read)
}

/// A file blocks, so that it is read on a thread. Who wants to stop does not wait for it.
async fn one(path: &Path, mut reader: Reader, stop: &mut watch::Receiver<bool>) -> Result<Log, Trouble> {
    let (pieces, mut read) = mpsc::channel(PIECES);
    let file = path.to_path_buf();
    thread::Builder::new().name("log".into()).spawn(move || {
        if let Err(trouble) = pour(&file, &pieces) {
            // Nobody waits for a log that was given up.
            let _ = pieces.blocking_send(Err(trouble));
        }
    })?;
    while let Some(piece) = next(&mut read, stop).await {
        reader.feed(&piece?);
    }
    Ok(reader.finish())
}

async fn next(read: &mut Receiver<Result<Vec<u8>, Trouble>>, stop: &mut watch::Receiver<bool>) -> Option<Result<Vec<u8>, Trouble>> {
    tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => None,
        piece = read.recv() => piece,
    }
}

/// The bytes of a file, piece by piece, until nobody takes them any more.
fn pour(path: &Path, pieces: &Sender<Result<Vec<u8>, Trouble>>) -> Result<(), Trouble> {
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
        if pieces.blocking_send(Ok(bytes.to_vec())).is_err() {
            break;
        }
    }
    Ok(())
}

/// What stands for standard input.
const STDIN: &str = "-";
/// Ours: so many pieces wait for their turn.
const PIECES: usize = 4;
/// Ours: what is read at once.
const PIECE: usize = 64 * 1024;
