//! The runtime for one job, and Ctrl-C, SIGTERM or a terminal that is closed: once to leave in order, twice to leave at once.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// It came through.
    Through(T),
    /// The user wanted to stop, and it left in order.
    Interrupted(T),
    /// The user wanted to stop at once.
    Abandoned,
}

/// Runs a job on this thread. What it is given becomes true when the user wants to stop.
pub fn run<T, F: Future<Output = T>>(job: impl FnOnce(watch::Receiver<bool>) -> F) -> io::Result<Ended<T>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(until_interrupted(job));
    // A resolver's thread may still be waiting; nobody waits for it.
    runtime.shutdown_background();
    Ok(ended)
}

async fn until_interrupted<T, F: Future<Output = T>>(job: impl FnOnce(watch::Receiver<bool>) -> F) -> Ended<T> {
    let (stop, stopped) = watch::channel(false);
    let mut interrupts = Interrupts::new();
    let mut job = pin!(job(stopped));
    tokio::select! {
        biased;
        result = &mut job => return Ended::Through(result),
        () = interrupts.next() => {}
    }
    let _ = stop.send(true);
    tokio::select! {
        biased;
        result = &mut job => Ended::Interrupted(result),
        () = interrupts.next() => Ended::Abandoned,
    }
}

/// The user's wishes to stop: Ctrl-C, SIGTERM, and SIGHUP when the terminal is closed. They count from the moment this is made.
pub struct Interrupts {
    signals: Vec<Signal>,
}

impl Interrupts {
    /// Listens; must be made within a runtime. A signal that cannot be listened to does what it always did.
    pub fn new() -> Interrupts {
        let hangup = Some(SignalKind::hangup()).filter(|_| hangup_counts());
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()].into_iter().chain(hangup);
        Interrupts { signals: kinds.filter_map(|kind| signal(kind).ok()).collect() }
    }

    /// Ends at the next of them.
    pub async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.signals.iter_mut().any(|signal| matches!(signal.poll_recv(context), Poll::Ready(Some(()))));
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Under `nohup` a hang-up is ignored, and listening to it would end that. Where the system does not tell, nothing is changed.
fn hangup_counts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    // proc(5): signal 1 is the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 0)
}

impl Default for Interrupts {
    fn default() -> Self {
        Interrupts::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_comes_through() {
        assert_eq!(run(|_stop| async { 7 }).expect("a runtime"), Ended::Through(7));
    }
}
