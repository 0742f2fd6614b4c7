//! The report as JSON.

use super::PathReport;
use crate::diag::path::{Found, by_id};
use serde_json::{Value, json};

/// One object.
pub fn json(report: &PathReport) -> Value {
    let verdict = &report.verdict;
    let cause = verdict.cause();
    json!({
        "report": "path",
        "version": report.trail.head.version,
        "head": report.trail.head,
        "interrupted": report.trail.interrupted,
        "time_up": report.trail.time_up,
        "took_ms": report.trail.took.millis(),
        "verdict": {
            "finding": cause.map(|found| found.row.id),
            "culprit": verdict.culprit().name(),
            "layer": cause.map(Found::layer),
            "mechanism": cause.map(Found::mechanism),
            "confidence": cause.map(|found| found.hit.level.name()),
            "reached": verdict.reached,
            "called": verdict.called,
            "place": verdict.place.map(|place| json!({"last": place.last, "first": place.first, "near": place.near, "far": place.far, "says": place.to_string()})),
            "undecided": verdict.undecided,
        },
        "findings": verdict.findings.iter().map(finding).collect::<Vec<_>>(),
        "experiments": report.tried.iter().map(|tried| json!({
            "id": tried.id,
            "varies": tried.varies,
            "control": tried.control,
            "treatments": tried.treatments,
            "rounds": if tried.many { 8 } else { 3 },
            "patterns": tried.means.iter().map(|(pattern, id)| json!({
                "pattern": pattern,
                "finding": id,
                "confidence": by_id(id).map(|row| row.most.name()),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "trials": report.trail.trials,
        "resets": report.trail.resets,
        "hops": report.trail.hops,
        "witness": report.trail.witness.as_ref().map(|sides| match &sides.theirs {
            Ok(_) => json!({ "compared": verdict.witness }),
            Err(why) => json!({ "told_nothing": why }),
        }),
    })
}

fn finding(found: &Found) -> Value {
    json!({
        "id": found.row.id,
        "severity": found.severity().name(),
        "layer": found.layer(),
        "title": found.row.title,
        "culprit": found.culprit().name(),
        "mechanism": found.mechanism(),
        "confidence": found.hit.level.name(),
        "most": found.row.most.name(),
        "evidence": found.hit.says,
        "not_excluded": found.hit.or_else,
        "raise": found.raise(),
        "fix": found.fix(),
        "because_of": found.because_of,
    })
}
