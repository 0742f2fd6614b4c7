//! What the docs show is what the program prints, and what they tell to type is understood.

use crate::scratch::Scratch;
use clap::error::ErrorKind;
use clap::{Arg, Command as Clap, CommandFactory, Parser};
use sstp_diag::cli::Cli;
use std::path::Path;
use std::process::Command;

/// Pages whose examples are real, and the folder in which their commands run.
const PAGES: [(&str, &str); 3] = [("docs/explain.md", "fixtures/logs"), ("docs/decode.md", ""), ("docs/replay.md", "")];

/// The page with every example printed anew: the lines behind `    $ sstp-diag ...` as far as they are indented.
fn printed(kept: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_sstp-diag")).parent().expect("a folder");
    let path =
        std::env::join_paths(std::iter::once(program.into()).chain(std::env::split_paths(&std::env::var_os("PATH").expect("a path"))));
    let path = path.expect("plain names");
    let (mut page, mut in_output) = (String::new(), false);
    for line in kept.lines() {
        let output = line.is_empty() || line.starts_with("    ");
        if let Some(command) = line.strip_prefix("    $ ").filter(|command| command.starts_with("sstp-diag ")) {
            let run = Command::new("bash").args(["-c", command]).current_dir(folder).env("PATH", &path).output().expect("bash is there");
            let text = String::from_utf8(run.stdout).expect("UTF-8");
            let text = text.lines().map(|line| if line.is_empty() { "\n".to_string() } else { format!("    {line}\n") });
            page += &format!("{line}\n{}\n", text.collect::<String>());
        } else if !(in_output && output) {
            page += &format!("{line}\n");
        }
        in_output = line.starts_with("    $ sstp-diag ") || in_output && output;
    }
    page
}

#[test]
fn the_examples_in_the_docs_are_real() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, folder) in PAGES {
        let kept = std::fs::read_to_string(root.join(name)).expect("it is there");
        let page = printed(&kept, &root.join(folder));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(root.join(name), &page).expect("docs is writable");
        }
        assert!(page.matches("    $ sstp-diag ").count() >= 5, "{name}: the examples are found");
        assert!(kept == page, "{name} does not show what the program prints: UPDATE=1 writes it anew");
    }
}

/// An example: a command, the lines of its output and its exit code. A line `...` stands for any lines.
struct Example<'a> {
    command: &'a str,
    shown: Vec<&'a str>,
    code: Option<i32>,
}

/// The indented blocks of a page, without their indent.
fn blocks(page: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    for line in page.lines() {
        match line.strip_prefix("    ") {
            Some(line) => blocks.last_mut().expect("one at least").push(line),
            None if line.is_empty() => blocks.last_mut().expect("one at least").push(""),
            None => blocks.push(Vec::new()),
        }
    }
    blocks.retain(|block| block.iter().any(|line| !line.is_empty()));
    blocks
}

fn examples(page: &str) -> Vec<Example<'_>> {
    let mut examples: Vec<Example> = Vec::new();
    for block in blocks(page) {
        let mut inside = false;
        for line in block {
            if let Some(command) = line.strip_prefix("$ ") {
                examples.push(Example { command, shown: Vec::new(), code: None });
                inside = true;
            } else if let Some(example) = examples.last_mut().filter(|_| inside) {
                match line.strip_prefix("exit ") {
                    Some(code) => example.code = code.parse().ok(),
                    None => example.shown.push(line),
                }
            }
        }
    }
    examples
}

/// The lines are those shown; blank lines do not count.
fn fits(shown: &[&str], lines: &[&str]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((&"...", rest)) => (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..])),
        Some((first, rest)) => lines.split_first().is_some_and(|(line, lines)| line == first && fits(rest, lines)),
    }
}

/// Waivers on the page hold for years, so that they hold when this is run.
fn for_years(text: &str) -> String {
    text.replace("2026-12-31", "2126-12-31")
}

#[test]
fn the_page_about_gates_is_real() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = for_years(&std::fs::read_to_string(root.join("docs/gating.md")).expect("it is there"));
    let folder = Scratch::new("docs-gating");
    for name in ["server.log", "events.xml"] {
        std::fs::copy(root.join("fixtures/gating").join(name), folder.path(name)).expect("a fixture");
    }
    let capture = "softether-bad-password.pcapng";
    std::fs::copy(root.join("captures").join(capture), folder.path(capture)).expect("a capture");
    let block = |holds: &str| {
        let block = blocks(&page).into_iter().find(|block| block.iter().any(|line| line.starts_with(holds)));
        let text: Vec<&str> =
            block.unwrap_or_default().into_iter().skip_while(|line| line.is_empty()).take_while(|line| !line.starts_with("$ ")).collect();
        text.join("\n")
    };
    std::fs::write(folder.path("waivers.toml"), block("[[waiver]]")).expect("it can be written");
    std::fs::write(folder.path("typo.toml"), block("[[waiver]]").replacen("reason", "reson", 1)).expect("so can this");
    std::fs::write(folder.path("gateway.toml"), block("fail-on =")).expect("and this");
    let program = Path::new(env!("CARGO_BIN_EXE_sstp-diag")).parent().expect("a folder");
    let found = examples(&page);
    assert!(found.len() >= 7, "the examples are found: {}", found.len());
    for example in found {
        let path =
            std::env::join_paths(std::iter::once(program.into()).chain(std::env::split_paths(&std::env::var_os("PATH").expect("a path"))));
        let mut bash = Command::new("bash");
        bash.args(["-c", example.command]).current_dir(folder.path("")).env("PATH", path.expect("plain names"));
        let run = bash.output().expect("bash is there");
        let out = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        let full = |line: &&str| !line.trim().is_empty();
        let lines: Vec<&str> = out.lines().map(str::trim_end).filter(full).collect();
        let shown: Vec<&str> = example.shown.iter().copied().filter(full).collect();
        assert!(fits(&shown, &lines), "{}\n--- the page\n{}\n--- the program\n{out}", example.command, shown.join("\n"));
        assert!(example.code.is_none_or(|code| run.status.code() == Some(code)), "{}: {:?}", example.command, run.status);
    }
}

/// The command lines of a page: of a page's blocks and of the code within its sentences, without what a shell does with them.
fn commands(page: &str) -> Vec<String> {
    let page = page.replace("\\\n", " ");
    let fenced = page.split("```").skip(1).step_by(2).flat_map(str::lines);
    let indented = page.lines().filter(|line| line.starts_with("    ") || line.starts_with('|'));
    let inline = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let mut commands: Vec<String> = Vec::new();
    for text in fenced.chain(indented).chain(inline) {
        for (at, _) in text.match_indices("sstp-diag ") {
            // A path that ends so is no call: tools/sstp-diag.
            let begins = text[..at].chars().next_back().is_none_or(|c| c == ' ' || c == '(');
            let rest = &text[at..];
            let shell = [" | ", " > ", " >> ", " 2>", " && ", "; ", ", ", "   ", " #", "|", ")"];
            let end = shell.iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
            let mut words = rest[..end].split_whitespace().skip(1);
            let subcommand = words.next().is_some_and(|word| SUBCOMMANDS.contains(&word));
            // The lab signs its certificates "sstp-diag lab root".
            let certificate = rest.starts_with("sstp-diag lab ") && words.next().is_some_and(|word| !word.starts_with(['-', '[']));
            if begins && subcommand && !certificate {
                commands.push(rest[..end].trim().to_string());
            }
        }
    }
    commands.sort();
    commands.dedup();
    commands
}

const SUBCOMMANDS: [&str; 12] =
    ["mutate", "path", "probe", "decode", "diagnose", "explain", "lab", "conformance", "catalogue", "generate", "replay", "man"];

/// The words of a command line as a shell makes them: quotation marks of both kinds.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match quote {
            Some(mark) if c == mark => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c == ' ' => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_command_line_of_the_docs_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("a file").path());
    let pages = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).chain([root.join("README.md")]);
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("text");
        for command in commands(&text) {
            count += 1;
            let words: Vec<String> = split(&command).into_iter().filter(|word| word != "[options]" && word != "...").collect();
            if words.iter().any(|word| word == "WHAT") {
                continue;
            }
            // A sentence may name a command without all that it needs.
            let right = [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
            let short = [ErrorKind::MissingSubcommand, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];
            match Cli::try_parse_from(&words) {
                // "probe --pcap" in a sentence names an option without its value.
                Err(error) if error.to_string().contains("a value is required for") => {}
                Err(error) if !right.contains(&error.kind()) && !short.contains(&error.kind()) => {
                    wrong.push(format!("{}: {command}\n  {}", page.display(), error.to_string().lines().next().unwrap_or_default()));
                }
                _ => {}
            }
        }
    }
    assert!(count >= 60, "the command lines are found: {count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is shown as a row stands in the source, so that it compiles and is run.
#[test]
fn the_rows_shown_to_contributors_are_rows() {
    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                all.extend(std::fs::read_to_string(&path).expect("text").split_whitespace());
            }
        }
    }
    let mut source = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
    let page = include_str!("../docs/contributing.md");
    let shown: Vec<&str> = page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(shown.len() >= 3);
    for row in shown {
        assert!(source.contains(&row.split_whitespace().collect::<String>()), "no such row:\n{row}");
    }
}

/// The part of the page about one subcommand.
fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {name}\n")).unwrap_or_else(|| panic!("{name} has a section"));
    rest.split("\n## ").next().unwrap_or_default()
}

/// The options of a subcommand and of those in it.
fn options(command: &Clap) -> Vec<&Arg> {
    let own = command.get_arguments().filter(|arg| arg.get_long().is_some() && !arg.is_hide_set());
    own.chain(command.get_subcommands().filter(|sub| !sub.is_hide_set()).flat_map(options)).collect()
}

/// An option stands in the part about its subcommand, by its long name or in short; one that means the same for `probe` or `decode` may
/// stand there, where the part says so.
#[test]
fn every_option_of_every_subcommand_stands_in_its_part_of_the_page() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md")).expect("it is there");
    let cli = Cli::command();
    let says = |part: &str, arg: &Arg| {
        let follows = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        let has = |name: String| part.match_indices(&name).any(|(at, _)| follows(&part[at + name.len()..]));
        has(format!("`--{}", arg.get_long().expect("chosen so"))) || arg.get_short().is_some_and(|short| has(format!("`-{short}")))
    };
    let (mut missing, mut count) = (Vec::new(), 0);
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        let part = section(&page, command.get_name());
        let lenders: Vec<_> =
            ["probe", "decode"].iter().filter(|name| ["of", "for"].iter().any(|word| part.contains(&format!("{word} `{name}`")))).collect();
        let lent = |arg: &Arg| {
            lenders.iter().any(|name| {
                let lender = cli.find_subcommand(name).expect("it is there");
                let same = |other: &&Arg| {
                    other.get_long() == arg.get_long()
                        && other.get_help().map(ToString::to_string) == arg.get_help().map(ToString::to_string)
                };
                options(lender).iter().any(same) && says(section(&page, name), arg)
            })
        };
        let found = options(command);
        count += found.len();
        let wrong = found.into_iter().filter(|arg| !says(part, arg) && !lent(arg));
        missing.extend(wrong.map(|arg| format!("{} --{}", command.get_name(), arg.get_long().unwrap_or_default())));
    }
    assert!(count > 250, "{count}");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
