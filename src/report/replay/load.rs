//! Many sessions: how many went as recorded, and how long they took.

use crate::base::Micros;
use crate::report::text::{count, grouped, harmless};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What many sessions came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Load {
    /// Sessions that went as recorded.
    pub equal: u64,
    /// The others.
    pub reasons: Vec<Reason>,
    /// How long all took.
    pub took: Micros,
    /// The user stopped it.
    pub interrupted: bool,
    /// How long every session took that had a connection, sorted.
    #[serde(skip)]
    pub latencies: Vec<Micros>,
}

/// Why sessions did not go as recorded.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Reason {
    /// In words.
    pub says: String,
    /// How many.
    pub count: u64,
}

impl Load {
    /// Sessions that are over.
    pub fn done(&self) -> u64 {
        self.equal + self.reasons.iter().map(|reason| reason.count).sum::<u64>()
    }

    /// Sessions in a second.
    pub fn rate(&self) -> f64 {
        self.done() as f64 / (self.took.0.max(1) as f64 / 1e6)
    }

    /// The latency that so many hundredths of the sessions keep below.
    pub fn percentile(&self, percent: f64) -> Micros {
        let last = self.latencies.len().saturating_sub(1);
        let place = (percent / 100.0 * last as f64).round() as usize;
        self.latencies.get(place.min(last)).copied().unwrap_or_default()
    }

    /// For people.
    pub fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut text = format!(
            "{} in {}, {:.1} a second: {} as recorded, {} not\n",
            count(self.done(), "session", "sessions"),
            self.took,
            self.rate(),
            grouped(self.equal),
            grouped(self.done() - self.equal)
        );
        for reason in &self.reasons {
            // A String takes everything.
            let _ = writeln!(text, "  {:>8}  {}", grouped(reason.count), harmless(&reason.says));
        }
        if !self.latencies.is_empty() {
            let named = PERCENTILES.map(|percent| format!("{percent} % {}", self.percentile(percent)));
            let _ = writeln!(text, "\nTime of a session: {}", named.join(", "));
            self.bars(&mut text);
        }
        out.write_all(text.as_bytes())
    }

    /// One document.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let bins: Vec<_> = self.bins().into_iter().map(|(to, count)| serde_json::json!({ "below_us": to, "count": count })).collect();
        let percentiles: serde_json::Map<_, _> =
            PERCENTILES.iter().map(|percent| (format!("p{percent}_us"), self.percentile(*percent).0.into())).collect();
        let document = serde_json::json!({
            "tool": crate::report::TOOL, "version": crate::report::VERSION, "report": "replay-load",
            "sessions": self.done(), "equal": self.equal, "reasons": self.reasons, "took_us": self.took.0, "per_second": self.rate(),
            "interrupted": self.interrupted, "latency": percentiles, "histogram": bins,
        });
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)
    }

    /// Latencies by powers of two of a millisecond: upper bound in microseconds, sessions.
    fn bins(&self) -> Vec<(u64, u64)> {
        let mut bins: Vec<(u64, u64)> = Vec::new();
        let mut bound = LOWEST;
        let mut left = self.latencies.as_slice();
        while !left.is_empty() {
            let below = left.partition_point(|latency| latency.0 < bound);
            if below > 0 || !bins.is_empty() {
                bins.push((bound, below as u64));
            }
            left = left.get(below..).unwrap_or_default();
            bound = bound.saturating_mul(2);
            if bound == u64::MAX {
                break;
            }
        }
        bins
    }

    fn bars(&self, text: &mut String) {
        let bins = self.bins();
        let most = bins.iter().map(|bin| bin.1).max().unwrap_or(1).max(1);
        for (below, sessions) in bins {
            let bar = "#".repeat((sessions * BAR).div_ceil(most) as usize);
            let line = format!("  < {:>10}  {:>8}  {bar}", Micros(below).to_string(), grouped(sessions));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
}

/// Ours: the percentiles that are named.
const PERCENTILES: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 100.0];
/// Ours: the lowest bound of the histogram, 0.25 ms.
const LOWEST: u64 = 250;
/// Ours: columns of the longest bar.
const BAR: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histogram_counts_every_session_once() {
        let latencies: Vec<Micros> = (1..=1000).map(|n| Micros(n * 10)).collect();
        let reasons = vec![Reason { says: "no sstp.call-connect-ack".into(), count: 1 }];
        let load = Load { equal: 1000, reasons, took: Micros(2_000_000), interrupted: false, latencies };
        assert_eq!(load.bins().iter().map(|bin| bin.1).sum::<u64>(), 1000);
        assert_eq!(load.bins()[0], (250, 24));
        assert_eq!((load.percentile(50.0), load.percentile(100.0)), (Micros(5010), Micros(10_000)));
        let mut out = Vec::new();
        load.table(&mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert!(text.starts_with("1001 sessions in 2.00 s, 500.5 a second: 1000 as recorded, 1 not\n"), "{text}");
        assert_eq!(Load::default().percentile(99.0), Micros::ZERO);
        assert_eq!(Load { latencies: vec![Micros::MAX], ..Load::default() }.bins().len(), 0);
    }
}
