//! The rows: unique, well formed, resolvable, each check hit somewhere, and the printed pages up to date.

use sstp_diag::diag::{self, codes, unseen};
use sstp_diag::jobs::lab::fault;
use sstp_diag::proto::plan::Method;
use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

fn unique<'a>(ids: impl Iterator<Item = &'a str>) {
    let mut seen = HashSet::new();
    let twice: Vec<&str> = ids.filter(|id| !seen.insert(*id)).collect();
    assert!(twice.is_empty(), "twice: {twice:?}");
}

#[test]
fn ids_are_unique_and_have_their_form() {
    unique(diag::all().map(|check| check.id));
    unique(fault::all().chain(fault::oddities()).chain(fault::mutants()).map(|fault| fault.id));
    unique(Method::ALL.iter().map(|row| row.1));
    for check in diag::all() {
        let capitals = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        assert!(check.id.contains('-') && check.id.split('-').all(capitals), "{}", check.id);
        assert!(check.title.len() <= 80 && !check.title.ends_with('.'), "{}: {}", check.id, check.title);
        assert!(check.means.ends_with('.') && !(check.fix.admin.is_empty() && check.fix.user.is_empty()), "{}", check.id);
        let sentence = |text: &str| text.is_empty() || text.ends_with('.');
        assert!(sentence(check.fix.admin) && sentence(check.fix.user), "{}", check.id);
    }
    for fault in fault::all() {
        let (layer, what) = fault.id.split_once('.').expect("layer.what");
        assert_eq!(layer, fault.layer.name(), "{}", fault.id);
        assert!(what.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", fault.id);
    }
}

#[test]
fn there_are_as_many_rows_as_promised_and_every_name_in_them_resolves() {
    assert!(diag::all().count() >= 60 && fault::all().count() >= 40);
    for fault in fault::all() {
        assert!(diag::by_id(fault.found_by).is_some(), "{} is found by {}, which is no check", fault.id, fault.found_by);
    }
    for check in diag::all() {
        for code in check.windows {
            assert!(code.code().is_some(), "{}: {code:?} is not in the code table", check.id);
        }
        for other in check.explains {
            assert!(diag::by_id(other).is_some(), "{} explains {other}, which is no check", check.id);
        }
    }
}

/// The page in docs is the one printed; with UPDATE it becomes so.
fn kept(what: &str, printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{what}.md"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, printed).expect("docs can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == printed, "docs/{what}.md is not what the rows say: UPDATE=1 cargo test --test all catalogue");
}

#[test]
fn the_printed_pages_are_up_to_date() {
    for what in ["checks", "faults", "codes", "cases"] {
        let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(["catalogue", what, "-o", "markdown"]).output().expect("it runs");
        let printed = String::from_utf8(run.stdout).expect("text");
        kept(what, &printed);
    }
}

/// What proves a check: the faults that it has to find as the one cause, and the files whose stories name it.
fn proofs(id: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let faults = fault::all().filter(|fault| fault.found_by == id).map(|fault| fault.id);
    let named = format!("\"{id}\"");
    let stories = crate::lab::STORIES.iter().filter(|(_, text)| text.contains(&named)).map(|(file, _)| *file);
    (faults.collect(), stories.collect())
}

#[test]
fn the_page_of_proofs_is_up_to_date_and_no_check_is_without_one() {
    let mut page = String::from(
        "# What proves each check\n\nPrinted by `UPDATE=1 cargo test --test all catalogue`. A fault of the lab is run over loopback: its check \
         has to be the one cause where it fails,\nand nothing else may fail beside it (`tests/lab.rs`). A story is a call written down by hand, held as \
         strictly (`src/diag/tests`).\nA check without a fault of its own is met by faults of others beside their cause.\n\n\
         | check | severity | faults | stories |\n|---|---|---|---|\n",
    );
    let mut bare = Vec::new();
    for check in diag::all() {
        let (faults, stories) = proofs(check.id);
        if faults.is_empty() && stories.is_empty() {
            bare.push(check.id);
        }
        page += &format!("| {} | {} | {} | {} |\n", check.id, check.severity.name(), faults.join(", "), stories.join(", "));
    }
    assert!(bare.is_empty(), "neither a fault nor a story is for {bare:?}");
    kept("precision", &page);
}

/// The rows of the failure catalogue that no check sees, by the reason.
fn unseen_list() -> String {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for row in unseen::all() {
        let why = row.why().map(unseen::Why::says).expect("tests of diag hold it");
        match reasons.iter_mut().find(|reason| reason.0 == why) {
            Some(reason) => reason.1.push(row.id),
            None => reasons.push((why, vec![row.id])),
        }
    }
    let lines = reasons.iter().map(|(why, ids)| format!("- {why} {}.\n", ids.join(", ")));
    format!("{UNSEEN}\n\n{}", lines.collect::<String>())
}

#[test]
fn the_limits_list_every_row_of_the_failure_catalogue_that_no_check_sees() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md");
    let kept = std::fs::read_to_string(&path).expect("the page");
    let (above, _) = kept.split_once(UNSEEN).expect("the section, which is the last");
    let page = format!("{above}{}", unseen_list());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs can be written");
    } else {
        assert!(kept == page, "docs/limits.md lists other rows: UPDATE=1 cargo test --test all catalogue");
    }
}

/// The heading of that list in `docs/limits.md`.
const UNSEEN: &str = "## Rows of the failure catalogue that no check looks for";

#[test]
fn libraries_that_stay_out_are_out() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["tree", "--locked", "--prefix", "none", "--edges", "normal,build", "--manifest-path", manifest];
    let run = Command::new(cargo).args(args).output().expect("cargo runs");
    let tree = String::from_utf8_lossy(&run.stdout);
    assert!(tree.lines().any(|line| line.starts_with("rustls ")), "cargo tree lists the libraries");
    for name in ["ring ", "openssl-sys ", "rsa "] {
        assert!(!tree.lines().any(|line| line.starts_with(name)), "{name}is built in");
    }
}

#[test]
fn every_dependency_is_explained() {
    let manifest = include_str!("../Cargo.toml");
    let docs = include_str!("../docs/dependencies.md");
    let section = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("dependencies");
    for name in section.lines().filter_map(|line| line.split_once(" =")).map(|pair| pair.0.trim()) {
        assert!(docs.contains(name), "{name} is not in docs/dependencies.md");
    }
}

#[test]
fn a_code_is_found_in_every_dress() {
    assert_eq!(codes::by_number(0x800B_0101).next().map(|code| code.name), Some("CERT_E_EXPIRED"));
    assert_eq!(codes::ras(691).map(|code| code.name), Some("ERROR_AUTHENTICATION_FAILURE"));
}

/// The rows of the failure catalogue: id and layer.
fn catalogue() -> Vec<(&'static str, &'static str)> {
    let rows = include_str!("../fixtures/known/catalogue.txt").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| line.split_once(' ').map(|(id, rest)| (id, rest.split(' ').next().unwrap_or_default()))).collect()
}

#[test]
fn every_row_of_the_failure_catalogue_is_a_check_or_stands_in_the_list_of_what_none_sees() {
    let rows = catalogue();
    assert_eq!(rows.len(), 206);
    unique(rows.iter().map(|row| row.0));
    for (id, layer) in &rows {
        let places = (diag::by_id(id).is_some(), unseen::by_id(id).is_some());
        assert!(places.0 != places.1, "{id} ({layer}) is a check: {}, and listed as seen by none: {}", places.0, places.1);
    }
    for row in unseen::all() {
        assert!(rows.iter().any(|known| known.0 == row.id), "{} is no row of the catalogue", row.id);
    }
    let checks = rows.iter().filter(|row| diag::by_id(row.0).is_some()).count();
    assert!(checks >= 127, "{checks} of {} rows have a check", rows.len());
}
