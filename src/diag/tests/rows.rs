//! What must hold of every row.

use super::super::story::Story;
use super::super::{Check, Severity, all, by_id};
use crate::transcript::DnsFailure;
use std::collections::HashSet;

const PREFIXES: [&str; 19] = [
    "DNS", "TCP", "PROXY", "TLS", "CERT", "HTTP", "SSTP", "LCP", "AUTH", "BIND", "IPCP", "IPV6CP", "CCP", "DATA", "TEAR", "PPP", "PROBE",
    "CAP", "VIS",
];

#[test]
fn ids_are_unique_and_name_their_layer() {
    let mut ids = HashSet::new();
    for check in all() {
        let (prefix, words) = check.id.split_once('-').expect("an id has a layer and words");
        assert!(PREFIXES.contains(&prefix), "{}", check.id);
        assert!(words.split('-').all(|word| !word.is_empty()), "{}", check.id);
        assert!(check.id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'), "{}", check.id);
        assert!(ids.insert(check.id), "twice: {}", check.id);
    }
    assert!(ids.len() >= 75, "{} checks", ids.len());
}

#[test]
fn a_row_says_something_in_every_column() {
    for check in all() {
        for text in [check.title, check.means] {
            assert!(!text.is_empty() && text.trim() == text && !text.contains("  "), "{}", check.id);
        }
        assert!(!check.title.ends_with('.') && check.means.ends_with('.'), "{}", check.id);
        assert!(!check.fix.admin.is_empty() || !check.fix.user.is_empty(), "{}", check.id);
        assert!(!check.windows.is_empty() || !check.spec.is_empty() || check.severity != Severity::Fail, "{} has no source", check.id);
    }
}

#[test]
fn windows_codes_are_in_the_code_table() {
    for check in all() {
        assert!(check.windows.iter().all(|windows| windows.code().is_some()), "{}: {:?}", check.id, check.windows);
    }
}

#[test]
fn explanations_name_other_checks_and_never_turn_in_a_circle() {
    // Checks are taken away whose explanations all lead to checks taken away before; a circle never is.
    let mut open: Vec<&Check> = all().collect();
    let mut ended: HashSet<&str> = HashSet::new();
    for check in all() {
        assert!(check.explains.iter().all(|id| by_id(id).is_some()), "{} explains what is no check", check.id);
    }
    loop {
        let before = open.len();
        open.retain(|check| {
            let ends = check.explains.iter().all(|id| *id == check.id || ended.contains(id));
            if ends {
                ended.insert(check.id);
            }
            !ends
        });
        if open.len() == before {
            break;
        }
    }
    assert!(open.is_empty(), "explain themselves through others: {:?}", open.iter().map(|check| check.id).collect::<Vec<_>>());
}

#[test]
fn rows_stand_in_the_order_of_the_layers() {
    assert!(all().map(|check| check.layer).collect::<Vec<_>>().is_sorted());
}

#[test]
fn what_was_not_reached_is_not_judged() {
    let judgement = Story::new().unresolved(DnsFailure::NxDomain).judged();
    let why = judgement.blind.iter().find(|row| row.0 == "AUTH-MSCHAP-691").map(|row| row.1.as_str());
    assert_eq!(why, Some("auth was not reached"));
    assert!(judgement.blind.iter().any(|row| row == &("CERT-EXPIRED", "no certificate was seen".into())));
}
