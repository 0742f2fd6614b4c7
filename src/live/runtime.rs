//! The runtime for one job, and Ctrl-C: once to leave in order, twice to leave at once.

use std::future::Future;
use std::io;
use std::pin::pin;
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
    let mut job = pin!(job(stopped));
    tokio::select! {
        biased;
        result = &mut job => return Ended::Through(result),
        () = interrupt() => {}
    }
    let _ = stop.send(true);
    tokio::select! {
        biased;
        result = &mut job => Ended::Interrupted(result),
        () = interrupt() => Ended::Abandoned,
    }
}

/// Ends at the next Ctrl-C; never, where there is none to be had.
async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
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
