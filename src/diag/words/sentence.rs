//! Error sentences: the words by which messages of Windows, NPS, OpenSSL and Linux programs are known, and what is behind them.

mod abroad;
mod events;
mod everyday;
mod ras;
mod security;
mod system;
mod unix;

use super::{Meaning, near};
use crate::diag::cause::Cause;
use crate::diag::codes::{self, Code, Family};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Words that stand in a row in the message (lower case, punctuation dropped), and the name of the code or the id of the finding.
pub type Row = (&'static str, &'static str);

/// First word, last word, meaning.
pub type Found = (usize, usize, Meaning);

/// Sentences in a text of lower-case words. Of sentences that overlap the longest counts. In a `log` everyday words mean nothing.
pub fn find(words: &[String], log: bool) -> Vec<Found> {
    let mut all: Vec<Found> = (0..words.len()).flat_map(|from| at(words, from, log)).collect();
    all.sort_by_key(|found| std::cmp::Reverse(found.1 - found.0));
    let mut taken = vec![false; words.len()];
    all.retain(|found| {
        let place = taken.get_mut(found.0..=found.1).unwrap_or_default();
        let free = place.iter().all(|taken| !*taken);
        if free {
            place.fill(true);
        }
        free
    });
    all.sort_by_key(|found| found.0);
    all
}

/// The longest sentence that begins there.
fn at(words: &[String], from: usize, log: bool) -> Option<Found> {
    let rest = words.get(from..)?;
    let begun = BY_FIRST_WORD.get(rest.first()?.as_str()).into_iter().flatten();
    let sentence = begun.filter(|row| !(log && row.everyday) && starts(rest, &row.parts)).max_by_key(|row| row.parts.len());
    match sentence {
        Some(row) => Some((from, from + row.parts.len() - 1, meaning(row.name)?)),
        None => alert(rest).map(|(length, code)| (from, from + length - 1, Meaning::Codes(vec![code]))),
    }
}

/// Sentences with slips of the pen in them: every word is there, at most a few letters of it are wrong.
pub fn find_with_slips(words: &[String]) -> Vec<Found> {
    let words = words.get(..words.len().min(SLIPS_IN)).unwrap_or_default();
    let fits = |word: &String, part: &&str| word == part || near::is_slip(word, part);
    let fitting = |from: usize, row: &&Sentence| {
        let here = words.get(from..from + row.parts.len());
        row.parts.len() >= LEAST_WITH_SLIPS && here.is_some_and(|here| here.iter().zip(&row.parts).all(|(word, part)| fits(word, part)))
    };
    let mut found: Vec<Found> = Vec::new();
    for from in 0..words.len() {
        let best = BY_FIRST_WORD.values().flatten().filter(|row| fitting(from, row)).max_by_key(|row| row.parts.len());
        let free = found.last().is_none_or(|last| last.1 < from);
        found.extend(best.filter(|_| free).and_then(|row| Some((from, from + row.parts.len() - 1, meaning(row.name)?))));
    }
    found
}

/// A row, cut into its words.
struct Sentence {
    parts: Vec<&'static str>,
    name: &'static str,
    everyday: bool,
}

static BY_FIRST_WORD: LazyLock<HashMap<&'static str, Vec<Sentence>>> = LazyLock::new(|| {
    let mut rows: HashMap<&str, Vec<Sentence>> = HashMap::new();
    for (everyday, (words, name)) in rows_with_weight() {
        let parts: Vec<&str> = words.split(' ').collect();
        rows.entry(parts.first().copied().unwrap_or_default()).or_default().push(Sentence { parts, name, everyday });
    }
    rows
});

/// Every row; true: of everyday words.
fn rows_with_weight() -> impl Iterator<Item = (bool, Row)> {
    TABLES.into_iter().flatten().map(|row| (false, *row)).chain(everyday::EVERYDAY.iter().map(|row| (true, *row)))
}

/// Every row.
pub fn all() -> impl Iterator<Item = Row> {
    rows_with_weight().map(|row| row.1)
}

const TABLES: [&[Row]; 10] = [
    abroad::PRINTED,
    abroad::TRANSLATED,
    abroad::RENDERED,
    ras::RAS,
    system::SYSTEM,
    security::SECURITY,
    events::EVENTS,
    events::NPS,
    unix::UNIX,
    unix::BROWSERS,
];

/// Where a sentence in another language than English comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was met in what Windows printed.
    Printed,
    /// From a page of Microsoft in that language.
    Page,
    /// Ours, from the English sentence.
    Rendered,
}

/// Whether a sentence in another language than English is among the words, and from where it is known.
pub fn abroad(words: &[String]) -> Option<Source> {
    let within = |table: &[Row]| {
        let rows: Vec<Vec<&str>> = table.iter().map(|row| row.0.split(' ').collect()).collect();
        (0..words.len()).filter_map(|from| words.get(from..)).any(|rest| rows.iter().any(|parts| starts(rest, parts)))
    };
    let tables = [(abroad::PRINTED, Source::Printed), (abroad::TRANSLATED, Source::Page), (abroad::RENDERED, Source::Rendered)];
    tables.into_iter().find(|(table, _)| within(table)).map(|(_, source)| source)
}

/// What the name of a row stands for.
pub fn meaning(name: &str) -> Option<Meaning> {
    let code = codes::by_name(name).map(|code| Meaning::Codes(vec![code]));
    code.or_else(|| Cause::by_id(name).map(Meaning::Cause))
}

/// What the sentences mean that share most words with these, best first.
pub fn near(words: &[String]) -> Vec<String> {
    let telling = |word: &&str| word.len() > 3;
    let shared = |sentence: &str| {
        let parts: Vec<&str> = sentence.split(' ').filter(telling).collect();
        let hits = parts.iter().filter(|part| words.iter().any(|word| word == *part)).count();
        (hits >= 3 && hits * 2 >= parts.len()).then_some(hits)
    };
    let mut near: Vec<(usize, &str)> = all().filter_map(|row| Some((shared(row.0)?, row.1))).collect();
    near.sort_by_key(|row| std::cmp::Reverse(row.0));
    let mut names: Vec<String> = Vec::new();
    for (_, name) in near {
        let shown = codes::by_name(name).map_or_else(|| name.to_string(), Code::shown);
        if !names.contains(&shown) {
            names.push(shown);
        }
    }
    names.truncate(5);
    if names.is_empty() {
        names = words.iter().filter(|word| word.len() > 5).take(20).flat_map(|word| near::words(word)).take(5).collect();
    }
    names
}

/// `alert handshake failure`, as OpenSSL writes alerts: the longest name that the words behind `alert` make.
fn alert(words: &[String]) -> Option<(usize, &'static Code)> {
    if words.first()? != "alert" {
        return None;
    }
    (1..=4).rev().find_map(|length| {
        let name = words.get(1..=length)?.join("_");
        let row = codes::all().find(|code| code.family == Family::TlsAlert && code.name == name)?;
        Some((length + 1, row))
    })
}

fn starts(words: &[String], parts: &[&str]) -> bool {
    words.len() >= parts.len() && words.iter().zip(parts).all(|(word, part)| word == part)
}

/// Ours: a sentence of fewer words, with slips in it, may be any other sentence.
const LEAST_WITH_SLIPS: usize = 4;
/// Ours: a text with slips of the pen was typed by hand, and nobody types more words than these.
const SLIPS_IN: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_sentence_is_in_its_form_and_names_something() {
        let mut seen = HashSet::new();
        for (sentence, name) in all() {
            assert!(seen.insert(sentence), "twice: {sentence}");
            assert!(meaning(name).is_some(), "{name}");
            let words: Vec<String> = sentence.split(' ').map(str::to_string).collect();
            assert!(super::super::token::words(sentence).iter().map(|word| word.text).eq(sentence.split(' ')), "{sentence}");
            let found = find(&words, false);
            assert_eq!(found.iter().map(|found| (found.0, found.1)).collect::<Vec<_>>(), [(0, words.len() - 1)], "{sentence}");
        }
    }

    #[test]
    fn a_log_is_not_read_as_closely_as_a_question() {
        let words: Vec<String> = "the request was aborted".split(' ').map(str::to_string).collect();
        assert_eq!((find(&words, true).len(), find(&words, false).len()), (0, 1));
    }
}
