//! Standard input, which may be silent for long: it is not waited for past the moment at which the reading is to end.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Standard input.
pub struct Standard {
    input: File,
    halt: Arc<AtomicBool>,
}

impl Standard {
    /// Standard input, which ends when `halt` becomes true.
    pub fn open(halt: Arc<AtomicBool>) -> io::Result<Standard> {
        Ok(Standard { input: std::io::stdin().as_fd().try_clone_to_owned()?.into(), halt })
    }
}

impl Read for Standard {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.halt.load(Ordering::Relaxed) {
            let mut asked = [PollFd::new(&self.input, PollFlags::IN)];
            match poll(&mut asked, Some(&PATIENCE)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return self.input.read(into),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(0)
    }
}

/// Ours: how long a silent input is waited for at a time.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
