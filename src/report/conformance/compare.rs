//! Several runs side by side: implementations against cases.

use super::Suite;
use std::fmt::Write;

/// The matrix as Markdown; cases in which all agree are left out unless `all`.
pub fn matrix(suites: &[Suite], all: bool) -> String {
    let mut ids: Vec<&str> = Vec::new();
    for row in suites.iter().flat_map(|suite| &suite.cases) {
        if !ids.contains(&row.id.as_str()) {
            ids.push(&row.id);
        }
    }
    let heads: Vec<String> = suites.iter().map(|suite| suite.target.replace('|', "\\|")).collect();
    let mut text = format!("| case | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(suites.len()));
    let mut same = 0;
    for id in ids {
        let verdicts: Vec<&str> = suites.iter().map(|suite| verdict(suite, id)).collect();
        let agree = verdicts.windows(2).all(|pair| pair.first() == pair.last());
        same += usize::from(agree);
        if all || !agree {
            let _ = writeln!(text, "| {id} | {} |", verdicts.join(" | "));
        }
    }
    let _ = writeln!(text, "\nThe same verdict from all: {same} cases.");
    for suite in suites {
        let _ = writeln!(text, "{}: {}.", suite.target, suite.counts());
    }
    text
}

fn verdict<'a>(suite: &'a Suite, id: &str) -> &'a str {
    suite.cases.iter().find(|row| row.id == id).map_or("-", |row| row.verdict.as_str())
}
