//! Standard input and named pipes, which may be silent for long: they are not waited for past the moment at which the reading is to end.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Standard input or a named pipe.
pub struct Standard {
    input: File,
    halt: Arc<AtomicBool>,
}

impl Standard {
    /// Standard input, which ends when `halt` becomes true.
    pub fn open(halt: Arc<AtomicBool>) -> io::Result<Standard> {
        Ok(Standard { input: std::io::stdin().as_fd().try_clone_to_owned()?.into(), halt })
    }

    /// A named pipe, whether or not somebody writes into it yet.
    pub fn pipe(path: &Path, halt: Arc<AtomicBool>) -> io::Result<Standard> {
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
        Ok(Standard { input: OpenOptions::new().read(true).custom_flags(flags).open(path)?, halt })
    }

    /// An ear at it.
    pub fn ear(&self) -> io::Result<Ear> {
        Ok(Ear { input: self.input.try_clone()?, silences: 0 })
    }
}

/// Looks whether there is something to read, without reading it.
pub struct Ear {
    input: File,
    /// How often it was found silent since something came.
    silences: usize,
}

impl Ear {
    /// Waits for something to come, and says for how long in all nothing came; `None` once something comes, it has ended, or there is no
    /// more to say of this silence.
    pub fn silence(&mut self) -> Option<Duration> {
        let (wait, so_far) = SILENCES.get(self.silences)?;
        let mut asked = [PollFd::new(&self.input, PollFlags::IN)];
        let silent = matches!(poll(&mut asked, Some(wait)), Ok(0));
        self.silences += usize::from(silent);
        silent.then_some(*so_far)
    }

    /// Something came.
    pub fn hears(&mut self) {
        self.silences = 0;
    }
}

impl Read for Standard {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.halt.load(Ordering::Relaxed) {
            let mut asked = [PollFd::new(&self.input, PollFlags::IN)];
            match poll(&mut asked, Some(&PATIENCE)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => match self.input.read(into) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read,
                },
                Err(error) => return Err(error.into()),
            }
        }
        Ok(0)
    }
}

/// Ours: how long is waited, and how long that is in all, each time that silence is told of.
const SILENCES: [(Timespec, Duration); 2] = [
    (Timespec { tv_sec: 0, tv_nsec: 300_000_000 }, Duration::from_millis(300)),
    (Timespec { tv_sec: 2, tv_nsec: 0 }, Duration::from_millis(2_300)),
];
/// Ours: how long a silent input is waited for at a time.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
