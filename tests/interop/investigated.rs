//! What a run of `path` said, and the part of docs/path.md in which it is kept.

use serde_json::Value;
use std::fmt::Write;
use std::process::Command;
use std::sync::Mutex;

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_sstp-diag");

/// What a run said.
pub struct Said {
    pub report: Value,
    pub story: String,
}

impl Said {
    pub fn finding(&self) -> &str {
        self.report["verdict"]["finding"].as_str().unwrap_or("none")
    }

    pub fn confidence(&self) -> &str {
        self.report["verdict"]["confidence"].as_str().unwrap_or("none")
    }

    pub fn culprit(&self) -> &str {
        self.report["verdict"]["culprit"].as_str().unwrap_or("none")
    }

    /// What the verdict rests on.
    pub fn evidence(&self) -> &str {
        self.report["findings"][0]["evidence"].as_str().unwrap_or_default()
    }

    /// The last hop up to which nothing was cut.
    pub fn last_hop(&self) -> Option<u64> {
        self.report["verdict"]["place"]["last"].as_u64()
    }

    pub fn has(&self, id: &str) -> bool {
        self.report["findings"].as_array().into_iter().flatten().any(|found| found["id"] == id)
    }

    /// Nothing above a note was found, and something could be said.
    pub fn is_clear(&self) -> bool {
        let loud = |found: &Value| found["severity"] != "note";
        !self.report["findings"].as_array().into_iter().flatten().any(loud) && self.report["verdict"]["undecided"].is_null()
    }
}

/// Runs it to its end.
pub fn said(mut command: Command) -> Said {
    let run = command.args(["-o", "json"]).output().expect("it runs");
    let out = String::from_utf8_lossy(&run.stdout);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&run.stderr)));
    let findings = serde_json::to_string_pretty(&report["findings"]).expect("data");
    let trials = report["trials"].as_array().into_iter().flatten();
    let trials: Vec<String> = trials
        .map(|trial| format!("{} {} {} {} {}", trial["round"], trial["arm"], trial["saw"]["value"], trial["ending"], trial["took"]))
        .collect();
    let story = format!("{}\n{findings}\n{}\n{}\n{}", report["verdict"], report["resets"], report["hops"], trials.join("\n"));
    Said { report, story }
}

/// One line of the table in docs/path.md.
pub struct Line {
    pub scenario: String,
    /// What it has to be called; `none`: nothing.
    pub must: &'static [&'static str],
    pub said: Said,
}

impl Line {
    /// It was called what it has to be called, surely enough.
    pub fn is_right(&self) -> bool {
        let clear = self.said.finding() == "none" && self.said.is_clear();
        self.must.contains(&self.said.finding()) && (clear || self.said.finding() != "none" && self.said.confidence() != "low")
    }
}

/// One page, and tests that run beside each other.
static PAGE: Mutex<()> = Mutex::new(());

/// Holds these lines against the part of docs/path.md of that name, or writes it when UPDATE is set.
pub fn kept(name: &str, lines: &[Line]) {
    let _page = PAGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/path.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (start, end) = (format!("<!-- {name} -->\n"), "<!-- end -->");
    let from = page.find(&start).unwrap_or_else(|| panic!("docs/path.md has no part {name}")) + start.len();
    let to = from + page[from..].find(end).expect("its end");
    let mut table = String::from("| scenario | has to be called | was called | confidence | culprit |\n|---|---|---|---|---|\n");
    for line in lines {
        let said = &line.said;
        let (must, finding) = (line.must.join(" or ").replace("none", "nothing"), said.finding().replace("none", "nothing"));
        let confidence = if finding == "nothing" { "" } else { said.confidence() };
        let _ = writeln!(table, "| {} | {must} | {finding} | {confidence} | {} |", line.scenario, said.culprit());
    }
    let right = lines.iter().filter(|line| line.is_right()).count();
    let _ = writeln!(table, "\n{right} of {} on the diagonal.", lines.len());
    println!("{table}");
    // How many rounds it took, and with them medium or high, may differ; so may the hop at which a forger is heard first.
    // Where one of several names is right, which one it was may differ too.
    let named = |line: &str| {
        let columns = if line.contains(" or ") { 2 } else { 3 };
        line.split(" | ").take(columns).collect::<Vec<_>>().join(" | ")
    };
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, [&page[..from], "\n", &table, "\n", &page[to..]].concat()).expect("docs can be written");
    } else {
        let kept: Vec<String> = page[from..to].lines().map(named).collect();
        let missing: Vec<String> = table.lines().map(named).filter(|line| !kept.contains(line)).collect();
        assert!(missing.is_empty(), "not in docs/path.md; UPDATE=1 cargo test --test interop path writes it:\n{}", missing.join("\n"));
    }
}

/// The right ones, or why not.
pub fn all_right(lines: &[Line]) {
    let wrong: Vec<String> = lines
        .iter()
        .filter(|line| !line.is_right())
        .map(|line| {
            let said = &line.said;
            format!("{}: {:?} expected, got {} ({})\n{}", line.scenario, line.must, said.finding(), said.confidence(), said.story)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
}
