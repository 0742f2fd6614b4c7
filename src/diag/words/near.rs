//! What was probably meant by a word or a number that names nothing.

use crate::base::Layer;
use crate::diag::cause;
use crate::diag::codes::{self, Code};

/// Ids and names like `word`, nearest first.
pub fn words(word: &str) -> Vec<String> {
    among(word, names())
}

/// The ids and names that need fewest edits to become `word`, however many: for a word that is like none of them.
pub fn nearest(word: &str) -> Vec<String> {
    let asked: Vec<char> = word.chars().take(LONGEST + 1).flat_map(char::to_uppercase).collect();
    if asked.len() < 2 || asked.len() > LONGEST {
        return Vec::new();
    }
    let mut near: Vec<(usize, &str)> = names()
        .filter_map(|name| {
            let letters: Vec<char> = name.chars().flat_map(char::to_uppercase).collect();
            Some((edits(&asked, &letters, asked.len().max(letters.len()))?, name))
        })
        .collect();
    near.sort();
    near.dedup_by_key(|row| row.1);
    near.into_iter().take(SHOWN).map(|row| row.1.to_string()).collect()
}

/// All ids and names.
fn names() -> impl Iterator<Item = &'static str> {
    cause::all().map(cause::Cause::id).chain(codes::all().map(|code| code.name)).chain(Layer::ALL.map(Layer::name))
}

/// A word that was meant to be the other one: a letter wrong, lost, doubled or swapped; two in a long one.
pub fn is_slip(word: &str, meant: &str) -> bool {
    let allowed = match meant.chars().count() {
        0..=3 => return false,
        4..=7 => 1,
        _ => 2,
    };
    let letters = |word: &str| word.chars().take(LONGEST).collect::<Vec<_>>();
    edits(&letters(word), &letters(meant), allowed).is_some_and(|edits| edits <= allowed)
}

/// Those of `names` that are like `word`, nearest first.
pub fn among<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let asked: Vec<char> = word.chars().take(LONGEST + 1).flat_map(char::to_uppercase).collect();
    if asked.len() < 2 || asked.len() > LONGEST {
        return Vec::new();
    }
    let mut near: Vec<(usize, &str)> = names.filter_map(|name| Some((likeness(&asked, name)?, name))).collect();
    near.sort();
    near.dedup_by_key(|row| row.1);
    near.into_iter().take(SHOWN).map(|row| row.1.to_string()).collect()
}

/// Codes with numbers near `number`, of rows that `allowed` lets through: those within reach of a slip, else the nearest.
pub fn numbers(number: u32, allowed: impl Fn(&Code) -> bool) -> Vec<String> {
    let of = |code: &'static Code| code.hresult().filter(|_| number >> 28 > 0).unwrap_or(code.number);
    let mut near: Vec<(u32, &'static Code)> =
        codes::all().filter(|code| allowed(code)).map(|code| (of(code).abs_diff(number), code)).collect();
    near.sort_by_key(|row| (row.0, row.1.number));
    let farthest = if number > 0xFFFF { FARTHEST_WORD } else { FARTHEST };
    let close = near.iter().filter(|row| row.0 <= farthest).count();
    near.into_iter().take(if close > 0 { close.min(SHOWN) } else { FAR_SHOWN }).map(|row| row.1.shown()).collect()
}

/// How many edits away a name is; nothing when it is too far to have been meant. One begins with the other: close.
fn likeness(asked: &[char], name: &str) -> Option<usize> {
    let name: Vec<char> = name.chars().flat_map(char::to_uppercase).collect();
    let limit = (asked.len() / 3).max(1);
    let begins = asked.len() >= 4 && name.starts_with(asked);
    let holds = asked.len() >= 6 && name.windows(asked.len()).any(|part| part == asked);
    if begins || holds {
        return Some(if begins { 1 } else { limit });
    }
    let whole = edits(asked, &name, limit).filter(|edits| *edits <= limit);
    // A slip in one word of a name of several: `expird`.
    let part = |part: &[char]| asked.len() >= 5 && edits(asked, part, 1).is_some_and(|edits| edits <= 1);
    let parts = || name.split(|c| "-_.".contains(*c)).any(part).then_some(limit);
    whole.or_else(parts)
}

/// The number of inserted, lost, changed and swapped characters between two words; nothing beyond `limit`.
fn edits(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied()
}

/// Ours: no id or name is longer, so a longer word is none of them.
const LONGEST: usize = 64;
/// Ours: more guesses than these help nobody.
const SHOWN: usize = 5;
/// Ours: of numbers that are no slip so many.
const FAR_SHOWN: usize = 3;
/// Ours: a number farther away was not a slip.
const FARTHEST: u32 = 64;
/// Ours: of an HRESULT two digits may be wrong.
const FARTHEST_WORD: u32 = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found() {
        assert_eq!(words("CERT-EXPIERD").first().map(String::as_str), Some("CERT-EXPIRED"));
        assert_eq!(words("cert_e_expird").first().map(String::as_str), Some("CERT_E_EXPIRED"));
        assert!(words("CERT-CRL").iter().any(|id| id == "CERT-CRL-UNREACHABLE"));
        assert!(words("expird").iter().any(|id| id == "CERT-EXPIRED"), "{:?}", words("expird"));
        assert_eq!(words("zzzzqqqq"), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(10_000)), Vec::<String>::new());
    }

    #[test]
    fn edits_count_swaps_once() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(edits(&letters("EXPIERD"), &letters("EXPIRED"), 3), Some(1));
        assert_eq!(edits(&letters("KITTEN"), &letters("SITTING"), 4), Some(3));
        assert_eq!(edits(&letters("A"), &letters("ABCDEF"), 2), None);
    }

    #[test]
    fn numbers_nearby_are_found() {
        assert_eq!(numbers(0x800B_0115, |_| true).first().map(String::as_str), Some("0x800B0114 (-2146762476) CERT_E_INVALID_NAME"));
        let far = numbers(99_999, |code| code.family.is_plain());
        assert_eq!(far.first().map(String::as_str), Some("Schannel event 36888"), "{far:?}");
        assert_eq!(numbers(99_999, |_| false), Vec::<String>::new());
    }

    #[test]
    fn the_nearest_name_is_told_of_a_word_that_is_like_none() {
        let near = nearest("xyzzy");
        assert!(!near.is_empty() && near.iter().all(|name| name.len() < 12), "{near:?}");
        assert_eq!(nearest("sstq").first().map(String::as_str), Some("sstp"));
        assert_eq!((nearest(""), nearest(&"x".repeat(10_000))), (Vec::new(), Vec::new()));
    }
}
