//! Trials in plain words: what was sent, and where it stopped. Whoever owns a firewall knows bytes, packets and seconds, and none of the
//! names of our experiments.

use super::View;
use crate::base::Layer;
use crate::transcript::trial::{Arm, Ending, Trial};

/// What an arm sends, in words that stand alone.
pub(super) fn sent(arm: Arm) -> String {
    let what = arm.sends();
    match (arm, arm.layer()) {
        (Arm::BulkSplit, _) => format!("{} {}", Arm::Bulk.sends(), what.trim_start_matches("the same ")),
        (Arm::EchoMany, _) => format!("many short LCP echoes, {}", what.replace(" in short LCP echoes", " in all")),
        (Arm::Call | Arm::CallSplit, _) => format!("the {what}"),
        (_, Layer::Tls) if !["a ", "several"].iter().any(|start| what.starts_with(start)) => format!("a TLS ClientHello ({what})"),
        (_, Layer::Http) if what.starts_with("with") => format!("the request of SSTP ({what})"),
        _ => what.to_string(),
    }
}

/// `4000 bytes`, or `3000 to 4000 bytes`.
pub(super) fn amount(all: impl IntoIterator<Item = u64>, unit: &str) -> Option<String> {
    let all: Vec<u64> = all.into_iter().collect();
    let (least, most) = (*all.iter().min()?, *all.iter().max()?);
    let unit = if most == 1 { unit.to_string() } else { format!("{unit}s") };
    Some(if least == most { format!("{most} {unit}") } else { format!("{least} to {most} {unit}") })
}

/// `1 transfer`, `3 transfers`.
pub(super) fn count(number: usize, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// Where trials that failed stopped: what was carried until then, and when it was.
pub(super) fn stopped(failed: &[&Trial]) -> String {
    let of = |get: fn(&Trial) -> Option<u64>| failed.iter().filter_map(|trial| get(trial)).collect::<Vec<u64>>();
    let mut parts: Vec<String> = Vec::new();
    let echoes = failed.iter().any(|trial| matches!(trial.arm, Arm::Echo | Arm::EchoShortSegments));
    let longest = if echoes { of(|trial| trial.saw.value) } else { Vec::new() };
    match (longest.iter().max(), amount(longest.iter().copied(), "byte")) {
        (Some(0), _) => parts.push("at the first echo".into()),
        (Some(most), _) if longest.contains(&0) => parts.push(format!("behind echoes of up to {most} bytes")),
        (_, Some(longest)) => parts.push(format!("behind echoes of {longest}")),
        _ => {}
    }
    let bytes = of(|trial| trial.saw.bytes);
    if let Some(bytes) = amount(bytes.iter().copied(), "byte").filter(|_| bytes.iter().any(|bytes| *bytes > 0)) {
        parts.push(format!("behind {bytes}"));
    }
    if let Some(said) = amount(of(|trial| trial.saw.said), "message") {
        parts.push(format!("when the client had said {said} in TLS"));
    }
    let seconds: Vec<f64> = failed.iter().map(|trial| trial.took.duration().as_secs_f64()).filter(|took| *took > 0.0).collect();
    let (least, most) = (seconds.iter().copied().fold(f64::INFINITY, f64::min), seconds.iter().copied().fold(0.0, f64::max));
    let span = if most - least < 0.1 { format!("{most:.1} s") } else { format!("{least:.1} to {most:.1} s") };
    if !seconds.is_empty() {
        let silent = failed.iter().all(|trial| trial.ending == Ending::Silence);
        parts.push(if silent { format!("given up after {span}") } else { format!("after {span}") });
    }
    parts.iter().map(|part| format!(", {part}")).collect()
}

/// Pages that stopped at the same place of a connection, every time: bytes of the first and the last of them, and how many there were.
pub(super) struct Pages {
    /// The fewest bytes.
    pub first: u64,
    /// The most.
    pub last: u64,
    /// So often.
    pub times: usize,
    /// Nothing came any more. A server that gives no more pages closes or resets.
    pub silent: bool,
}

impl Pages {
    /// In words.
    pub fn says(&self) -> String {
        if self.last == 0 {
            return format!("; of pages that were asked for one behind the other on one connection none came, {} times", self.times);
        }
        let bytes = amount([self.first, self.last], "byte").unwrap_or_default();
        format!("; pages over TLS stopped behind {bytes}, {} times", self.times)
    }
}

/// Where pages that are fetched over and over stop, where that is the same number of bytes every time.
pub(super) fn pages(view: &View<'_>) -> Option<Pages> {
    let pages: Vec<&Trial> = view.trail.trials.iter().filter(|trial| trial.arm == Arm::BulkPlain).collect();
    let bytes: Vec<u64> = pages.iter().filter(|trial| !trial.passed()).filter_map(|trial| trial.saw.bytes).collect();
    let (first, last) = (*bytes.iter().min()?, *bytes.iter().max()?);
    let silent = |trial: &&Trial| match &trial.ending {
        Ending::Ours(says) => says.ends_with(&Ending::Silence.word()),
        ending => *ending == Ending::Silence,
    };
    // Where a page does not come even once it says nothing of what comes behind it.
    let comes = last > 0 || view.open(Arm::Get);
    let all = bytes.len() >= 3 && bytes.len() == pages.len() && last - first <= ONE_RECORD && comes;
    all.then(|| Pages { first, last, times: bytes.len(), silent: pages.iter().all(silent) })
}

/// Connections that are reset only when they carried much, where nothing that carries little is: in words.
pub(super) fn resets_behind_bytes(view: &View<'_>) -> Option<String> {
    let reset = |trial: &&Trial| match &trial.ending {
        Ending::Ours(says) => says.ends_with(&Ending::Reset.word()) && trial.saw.bytes.is_some(),
        ending => *ending == Ending::Reset,
    };
    let all: Vec<&Trial> = view.trail.trials.iter().filter(reset).collect();
    let kinds: [(&[Arm], &str); 4] = [
        (&[Arm::BulkPlain], "pages over TLS"),
        (&[Arm::BulkUp], "long requests"),
        (&[Arm::Bulk, Arm::BulkSplit], "long echoes"),
        (&[Arm::EchoMany], "short echoes"),
    ];
    let carries = |trial: &Trial| kinds.iter().any(|kind| kind.0.contains(&trial.arm)) && trial.saw.bytes > Some(0);
    if all.len() < 3 || !all.iter().all(|trial| carries(trial)) || view.tally(Arm::Echo).passed == 0 {
        return None;
    }
    let told = kinds.iter().filter_map(|(arms, what)| {
        let bytes = all.iter().filter(|trial| arms.contains(&trial.arm)).filter_map(|trial| trial.saw.bytes);
        Some(format!("{what} behind {}", amount(bytes, "byte")?))
    });
    Some(told.collect::<Vec<_>>().join(", "))
}

/// Ours: pages stop behind the same number of bytes if they differ by no more than a record.
const ONE_RECORD: u64 = 1_500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_person_writes_them() {
        assert_eq!(amount([32, 32], "byte").as_deref(), Some("32 bytes"));
        assert_eq!(amount([1], "message").as_deref(), Some("1 message"));
        assert_eq!(amount([4, 2, 3], "message").as_deref(), Some("2 to 4 messages"));
        assert_eq!(amount([], "byte"), None);
        assert_eq!((count(1, "transfer"), count(2, "transfer")), ("1 transfer".into(), "2 transfers".into()));
    }

    #[test]
    fn what_an_arm_sends_stands_alone_in_a_sentence() {
        for arm in Arm::all() {
            let words = sent(arm);
            assert!(!["with", "without", "in ", "as ", "from ", "TLS 1", "padded"].iter().any(|start| words.starts_with(start)), "{words}");
        }
    }
}
