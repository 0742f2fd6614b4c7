//! The rules of the house that the compiler does not check: floors, clocks, printing, size.

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the bottom up; a file may use its own and those below. `wire` and `crypto` share one, so do `jobs` and `diag`.
const FLOORS: [(&str, u8); 11] = [
    ("base", 0),
    ("wire", 1),
    ("crypto", 1),
    ("transcript", 2),
    ("proto", 3),
    ("live", 4),
    ("capture", 4),
    ("jobs", 5),
    ("diag", 5),
    ("report", 6),
    ("cli", 7),
];

/// Pairs on one floor, or across floors, that must not see each other.
const STRANGERS: [(&str, &str); 10] = [
    ("jobs", "diag"),
    ("diag", "jobs"),
    ("diag", "live"),
    ("diag", "capture"),
    ("report", "live"),
    ("report", "capture"),
    ("report", "jobs"),
    ("live", "capture"),
    ("capture", "live"),
    ("crypto", "proto"),
];

/// No source file is longer than this, tests included.
const MAX_LINES: usize = 600;

struct Source {
    path: PathBuf,
    floor: String,
    /// Lines before the inline test module, with their numbers.
    code: Vec<(usize, String)>,
    lines: usize,
    test: bool,
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    walk(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    assert!(files.len() > 40, "the walk found the sources");
    files.into_iter().map(source).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            walk(&entry, files);
        } else if entry.extension().is_some_and(|ext| ext == "rs") {
            files.push(entry);
        }
    }
}

fn source(path: PathBuf) -> Source {
    let text = fs::read_to_string(&path).expect("a readable file");
    let relative = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("under src").to_path_buf();
    let floor = relative.iter().next().expect("a name").to_string_lossy().trim_end_matches(".rs").to_string();
    let test = relative.file_name().is_some_and(|name| name == "tests.rs") || relative.iter().any(|part| part == "tests");
    let lines = text.lines().count();
    let inline = |line: &str| line.starts_with("#[cfg(test)]");
    let code = text.lines().enumerate().take_while(|(_, line)| !inline(line)).map(|(n, line)| (n + 1, line.to_string()));
    Source { code: code.filter(|(_, line)| !line.trim_start().starts_with("//")).collect(), path: relative, floor, lines, test }
}

fn level(floor: &str) -> Option<u8> {
    FLOORS.iter().find(|row| row.0 == floor).map(|row| row.1)
}

/// Every place where a rule is broken.
fn offences(broken: impl Fn(&Source, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.test) {
        for (number, line) in source.code.iter().filter(|(_, line)| broken(source, line)) {
            found.push(format!("{}:{number}: {}", source.path.display(), line.trim()));
        }
    }
    found
}

fn crate_paths(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
}

#[test]
fn no_file_looks_up_or_at_a_stranger() {
    let found = offences(|source, line| {
        let Some(own) = level(&source.floor) else { return false };
        crate_paths(line).any(|other| {
            let above = level(other).is_some_and(|level| level > own);
            above || STRANGERS.contains(&(source.floor.as_str(), other))
        })
    });
    assert!(found.is_empty(), "floors:\n{}", found.join("\n"));
}

#[test]
fn clock_sockets_and_tokio_stay_in_live() {
    let words = [
        "Instant::now",
        "SystemTime::now",
        "std::net::Tcp",
        "std::net::Udp",
        "TcpStream::",
        "TcpListener::",
        "UdpSocket::",
        "tokio::net",
        "to_socket_addrs",
        "lookup_host",
    ];
    let found = offences(|source, line| source.floor != "live" && words.iter().any(|word| line.contains(word)));
    assert!(found.is_empty(), "outside live:\n{}", found.join("\n"));
    let runtime = offences(|source, line| !matches!(source.floor.as_str(), "live" | "jobs" | "cli") && line.contains("tokio"));
    assert!(runtime.is_empty(), "tokio outside live, jobs and cli:\n{}", runtime.join("\n"));
}

#[test]
fn only_cli_prints_and_exits() {
    let words = ["println!", "eprintln!", "print!(", "eprint!(", "process::exit", "dbg!("];
    let found = offences(|source, line| !matches!(source.floor.as_str(), "cli" | "main") && words.iter().any(|word| line.contains(word)));
    assert!(found.is_empty(), "printing outside cli:\n{}", found.join("\n"));
}

#[test]
fn nothing_outside_tests_unwraps() {
    let words = [".unwrap()", "todo!(", "unimplemented!(", "panic!(", "unreachable!("];
    let found = offences(|_, line| words.iter().any(|word| line.contains(word)));
    assert!(found.is_empty(), "may panic:\n{}", found.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> =
        sources().iter().filter(|s| s.lines > MAX_LINES).map(|s| format!("{}: {} lines", s.path.display(), s.lines)).collect();
    assert!(long.is_empty(), "over {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn every_floor_is_known() {
    let unknown: Vec<String> = sources()
        .iter()
        .filter(|source| level(&source.floor).is_none() && !matches!(source.floor.as_str(), "lib" | "main"))
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(unknown.is_empty(), "no floor: {unknown:?}");
}

/// What git keeps at the top level; a file that a command left there by accident is none of it.
const TOP: [&str; 16] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "captures",
    "clippy.toml",
    "docs",
    "fixtures",
    "fuzz",
    "rustfmt.toml",
    "src",
    "tests",
];

#[test]
fn nothing_lies_about_at_the_top() {
    let root = env!("CARGO_MANIFEST_DIR");
    let git = std::process::Command::new("git").args(["-c", "safe.directory=*", "ls-files", "-z"]).current_dir(root).output();
    let listed = git.map(|git| String::from_utf8_lossy(&git.stdout).into_owned()).unwrap_or_default();
    let mut tops: Vec<String> = listed.split('\0').filter_map(|path| path.split('/').next()).map(String::from).collect();
    tops.retain(|top| !top.is_empty());
    if tops.is_empty() {
        // Unpacked without git: what lies there, but for what cargo makes.
        let lies = fs::read_dir(root).expect("readable").map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        tops = lies.filter(|top| top != "target" && top != ".git").collect();
    }
    tops.dedup();
    assert!(tops.iter().any(|top| top == "src"), "the sources are listed: {tops:?}");
    let astray: Vec<&String> = tops.iter().filter(|top| !TOP.contains(&top.as_str())).collect();
    assert!(astray.is_empty(), "not of the top level: {astray:?}");
}
