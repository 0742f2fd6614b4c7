//! Several runs side by side: implementations against cases.

use super::Suite;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The matrix as Markdown, a column for every run under the name given to it and its target; cases in which all agree are left out unless
/// `all`.
pub fn matrix(named: &[(String, Suite)], all: bool) -> String {
    let suites = || named.iter().map(|pair| &pair.1);
    let mut ids: Vec<&str> = Vec::new();
    for row in suites().flat_map(|suite| &suite.cases) {
        if !ids.contains(&row.id.as_str()) {
            ids.push(&row.id);
        }
    }
    let heads: Vec<String> = named.iter().map(|(name, suite)| format!("{name}: {}", suite.target).replace('|', "\\|")).collect();
    let mut text = format!("| case | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(named.len()));
    let mut same = 0;
    for id in ids {
        let verdicts: Vec<&str> = suites().map(|suite| verdict(suite, id)).collect();
        let agree = verdicts.windows(2).all(|pair| pair.first() == pair.last());
        same += usize::from(agree);
        if all || !agree {
            let _ = writeln!(text, "| {id} | {} |", verdicts.join(" | "));
        }
    }
    let _ = writeln!(text, "\nThe same verdict from all: {same} cases.");
    for (name, suite) in named {
        let _ = writeln!(text, "{name}: the {} {}, {}.", suite.tests, suite.target, suite.counts());
    }
    text
}

/// The runs have not all the same verdicts.
pub fn differ(named: &[(String, Suite)]) -> bool {
    let verdicts = |suite: &Suite| suite.cases.iter().map(|row| (row.id.clone(), row.verdict.clone())).collect::<BTreeMap<_, _>>();
    named.windows(2).any(|pair| matches!(pair, [one, other] if verdicts(&one.1) != verdicts(&other.1)))
}

fn verdict<'a>(suite: &'a Suite, id: &str) -> &'a str {
    suite.cases.iter().find(|row| row.id == id).map_or("-", |row| row.verdict.as_str())
}
