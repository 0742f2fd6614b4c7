//! The rows: unique, well formed, resolvable, each check hit somewhere, and the printed pages up to date.

use sstp_diag::diag::{self, codes};
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
    unique(fault::all().chain(fault::oddities()).map(|fault| fault.id));
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

#[test]
fn the_printed_pages_are_up_to_date() {
    for what in ["checks", "faults", "codes"] {
        let run = Command::new(env!("CARGO_BIN_EXE_sstp-diag")).args(["catalogue", what, "-o", "markdown"]).output().expect("it runs");
        let printed = String::from_utf8(run.stdout).expect("text");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{what}.md"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &printed).expect("docs can be written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == printed, "docs/{what}.md is not what the rows say: UPDATE=1 cargo test --test all catalogue");
    }
}

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
