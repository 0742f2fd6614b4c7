//! What codes, log lines and sentences point to: a check, or a cause that no check sees.

use super::check::{Check, Fix, Severity, Windows};
use super::codes::{Code, Family};
use super::path;
use super::product::Product;
use super::remedy;
use super::unseen::{self, Unseen};
use crate::base::{Layer, SpecRef};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A cause, by whichever table it stands in.
#[derive(Clone, Copy)]
pub enum Cause {
    /// A check looks for it.
    Check(&'static Check),
    /// It is only told.
    Unseen(&'static Unseen),
    /// `path` looks for it.
    Way(&'static path::Row),
}

impl Cause {
    /// The cause of that id, in any mix of capitals.
    pub fn by_id(id: &str) -> Option<Cause> {
        let exact =
            super::by_id(id).map(Cause::Check).or_else(|| unseen::by_id(id).map(Cause::Unseen)).or_else(|| path::by_id(id).map(Cause::Way));
        exact.or_else(|| all().find(|cause| cause.id().eq_ignore_ascii_case(id)))
    }

    /// The id of the failure catalogue.
    pub fn id(self) -> &'static str {
        match self {
            Cause::Check(check) => check.id,
            Cause::Unseen(row) => row.id,
            Cause::Way(row) => row.id,
        }
    }

    /// Its layer.
    pub fn layer(self) -> Layer {
        match self {
            Cause::Check(check) => check.layer,
            Cause::Unseen(row) => row.layer,
            Cause::Way(row) => row.layer,
        }
    }

    /// One line.
    pub fn title(self) -> &'static str {
        match self {
            Cause::Check(check) => check.title,
            Cause::Unseen(row) => row.title,
            Cause::Way(row) => row.title,
        }
    }

    /// What it means.
    pub fn means(self) -> &'static str {
        match self {
            Cause::Check(check) => check.means,
            Cause::Unseen(row) => row.means,
            Cause::Way(row) => row.mechanism,
        }
    }

    /// How to mend it.
    pub fn fix(self) -> Fix {
        match self {
            Cause::Check(check) => check.fix,
            Cause::Unseen(row) => row.fix,
            Cause::Way(row) => Fix { admin: row.fix, user: HAND_ON },
        }
    }

    /// What is to be done on each product that has a way of its own.
    pub fn remedies(self) -> impl Iterator<Item = (Product, &'static str)> {
        remedy::of(self.id())
    }

    /// How to tell it where no check does; nothing for a check, which is run instead.
    pub fn tell(self) -> Option<&'static str> {
        match self {
            Cause::Check(_) => None,
            Cause::Unseen(row) => Some(row.tell),
            Cause::Way(row) => Some(row.evidence),
        }
    }

    /// How bad a check finds it.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Cause::Check(check) => Some(check.severity),
            Cause::Unseen(_) => None,
            Cause::Way(row) => Some(row.severity),
        }
    }

    /// What Windows shows for it, as far as a check says so.
    pub fn windows(self) -> &'static [Windows] {
        match self {
            Cause::Check(check) => check.windows,
            Cause::Unseen(_) | Cause::Way(_) => &[],
        }
    }

    /// Where the rule stands.
    pub fn spec(self) -> &'static [SpecRef] {
        match self {
            Cause::Check(check) => check.spec,
            Cause::Unseen(_) | Cause::Way(_) => &[],
        }
    }

    /// A source or a measurement stands behind the row.
    pub fn verified(self) -> bool {
        match self {
            Cause::Check(check) => check.verified,
            Cause::Unseen(row) => row.verified,
            Cause::Way(_) => true,
        }
    }
}

/// Every cause, checks first. A finding of `path` that a check makes too is the check's.
pub fn all() -> impl Iterator<Item = Cause> {
    let told = super::all().map(Cause::Check).chain(unseen::all().map(Cause::Unseen));
    let known = |id: &str| super::by_id(id).is_some() || unseen::by_id(id).is_some();
    told.chain(path::all().filter(move |row| !known(row.id)).map(Cause::Way))
}

/// What a user can do about what is on the way.
const HAND_ON: &str = "Run `sstp-diag path` and hand its report to whoever it names.";

/// The causes of a code, likeliest first: those its row names, then the failing checks for which Windows shows it.
pub fn of_code(code: &Code) -> Vec<Cause> {
    let mut causes: Vec<Cause> = code.checks.iter().filter_map(|id| Cause::by_id(id)).collect();
    for check in SHOWN_FOR.get(&(code.family, code.number)).into_iter().flatten() {
        if causes.iter().all(|cause| cause.id() != check.id) {
            causes.push(Cause::Check(check));
        }
    }
    causes
}

/// Failing checks by the code that Windows shows for them; those of which it is the likeliest code come first.
static SHOWN_FOR: LazyLock<HashMap<(Family, u32), Vec<&'static Check>>> = LazyLock::new(|| {
    let mut shown: HashMap<_, Vec<(bool, &'static Check)>> = HashMap::new();
    for check in super::all().filter(|check| check.severity == Severity::Fail) {
        for (at, code) in check.windows.iter().filter_map(|windows| windows.code()).enumerate() {
            shown.entry((code.family, code.number)).or_default().push((at > 0, check));
        }
    }
    let sorted = |mut checks: Vec<(bool, &'static Check)>| {
        checks.sort_by_key(|row| row.0);
        checks.into_iter().map(|row| row.1).collect()
    };
    shown.into_iter().map(|(code, checks)| (code, sorted(checks))).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::codes;

    #[test]
    fn every_code_points_to_causes_that_exist() {
        for code in codes::all() {
            for id in code.checks {
                assert!(Cause::by_id(id).is_some_and(|cause| cause.id() == *id), "{} points to {id}", code.shown());
            }
        }
    }

    #[test]
    fn every_finding_of_path_is_a_cause_and_those_of_checks_are_the_checks() {
        for row in path::all() {
            let cause = Cause::by_id(row.id).expect(row.id);
            assert_eq!(cause.id(), row.id);
            let told: Vec<Cause> = all().filter(|cause| cause.id() == row.id).collect();
            assert!(told.len() == 1 || !told.iter().any(|cause| matches!(cause, Cause::Way(_))), "{}", row.id);
            assert!(!cause.means().is_empty() && [cause.fix().admin, cause.fix().user] != ["", ""], "{}", row.id);
        }
        assert!(matches!(Cause::by_id("tls-sni-filter"), Some(Cause::Way(_))));
        assert!(matches!(Cause::by_id("DNS-NXDOMAIN"), Some(Cause::Check(_))));
    }

    #[test]
    fn causes_named_by_the_row_come_before_those_that_only_show_the_code() {
        let code = codes::by_name("CERT_E_EXPIRED").expect("a row");
        let ids: Vec<_> = of_code(code).into_iter().map(Cause::id).collect();
        assert_eq!(ids.get(..3), Some(&["CERT-EXPIRED", "CERT-NOT-YET-VALID", "CERT-CLIENT-CLOCK"][..]));
        assert!(Cause::by_id("auth-locked-out").is_some_and(|cause| cause.tell().is_some()));
    }
}
