//! What the docs show is what the program prints.

use std::path::Path;
use std::process::Command;

/// Pages whose examples are real, and the folder in which their commands run.
const PAGES: [(&str, &str); 2] = [("docs/explain.md", "fixtures/logs"), ("docs/decode.md", "")];

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
