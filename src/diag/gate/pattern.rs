//! Patterns for ids and hosts: `*` is any number of characters, `?` is one.

use crate::diag::words::among;

/// A pattern, and how exact it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern for ids, which has to fit one at least of those known.
    pub fn of_ids<'a>(text: &str, known: impl Iterator<Item = &'a str> + Clone) -> Result<Pattern, String> {
        let pattern = Pattern::of(text);
        if known.clone().any(|id| pattern.fits(id)) {
            return Ok(pattern);
        }
        let near = among(text, known);
        let hint = near.first().map_or_else(|| "`sstp-diag catalogue checks` lists them".into(), |near| format!("did you mean {near}?"));
        let what = if pattern.is_exact() { "is not the id of a finding" } else { "fits the id of no finding" };
        Err(format!("{text:?} {what}; {hint}"))
    }

    /// Any pattern.
    pub fn of(text: &str) -> Pattern {
        Pattern(text.to_string())
    }

    /// No wildcard is in it.
    pub fn is_exact(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// How many characters it fixes: of two that fit, the one with more is meant.
    pub fn weight(&self) -> usize {
        self.0.chars().filter(|c| !matches!(c, '*' | '?')).count() + if self.is_exact() { EXACT } else { 0 }
    }

    /// The text is what the pattern describes, capitals aside.
    pub fn fits(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where the last `*` stands, and how much of the text it has taken so far.
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match (pattern.get(p), text.get(t)) {
                (Some(b'*'), _) => {
                    star = Some((p, t));
                    p += 1;
                }
                (Some(want), Some(have)) if *want == b'?' || want.eq_ignore_ascii_case(have) => (p, t) = (p + 1, t + 1),
                _ => {
                    let Some((at, taken)) = star else { return false };
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
            }
        }
        pattern.iter().skip(p).all(|rest| *rest == b'*')
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Ours: a name outweighs every pattern.
const EXACT: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_take_any_number_and_question_marks_one() {
        let fits = |pattern: &str, text: &str| Pattern::of(pattern).fits(text);
        assert!(fits("CERT-*", "CERT-EXPIRED") && fits("cert-*", "CERT-EXPIRED") && fits("*", "") && fits("*-SOON", "CERT-EXPIRES-SOON"));
        assert!(fits("A*B*C", "AXXBYYBZZC") && fits("AUTH-MSCHAP-6??", "AUTH-MSCHAP-691"));
        assert!(!fits("CERT-*", "TLS-X") && !fits("A*B*C", "AXXBYY") && !fits("AUTH-?", "AUTH-") && !fits("CERT", "CERT-X"));
        let hostile = format!("{}b", "*a".repeat(200));
        assert!(!fits(&hostile, &"a".repeat(5_000)), "no pattern takes for ever");
    }

    #[test]
    fn a_pattern_that_fits_nothing_is_refused_with_the_nearest_id() {
        let known = ["CERT-EXPIRED", "TLS-OLD-VERSION"].into_iter();
        assert_eq!(
            Pattern::of_ids("CERT-EXPIERD", known.clone()).unwrap_err(),
            "\"CERT-EXPIERD\" is not the id of a finding; did you mean CERT-EXPIRED?"
        );
        assert!(Pattern::of_ids("CRT-*", known.clone()).is_err_and(|says| says.contains("fits the id of no finding")));
        let weights = ["CERT-*", "CERT-EXP*", "CERT-EXPIRED"].map(|text| Pattern::of_ids(text, known.clone()).expect("it fits").weight());
        assert!(weights.is_sorted());
    }
}
