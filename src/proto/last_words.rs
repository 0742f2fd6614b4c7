//! A server that says so much and then nothing more, as one does whose path to the client was cut.

use std::collections::BTreeMap;

/// What is still to be said before the silence. Where there never was anything, silence does not fall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords {
    /// How many messages of each name.
    left: BTreeMap<String, u32>,
    any: bool,
}

impl LastWords {
    /// So many messages of these names.
    pub fn of(names: impl IntoIterator<Item = String>) -> LastWords {
        let mut left = BTreeMap::new();
        names.into_iter().for_each(|name| *left.entry(name).or_default() += 1);
        LastWords { any: !left.is_empty(), left }
    }

    /// A message of that name is said.
    pub fn say(&mut self, name: &str) {
        let Some(left) = self.left.get_mut(name) else { return };
        *left -= 1;
        if *left == 0 {
            self.left.remove(name);
        }
    }

    /// All of it was said.
    pub fn are_said(&self) -> bool {
        self.any && self.left.is_empty()
    }

    /// Silence never falls.
    pub fn are_none(&self) -> bool {
        !self.any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_falls_when_the_last_of_them_is_said_and_never_without_any() {
        let mut words = LastWords::of(["a", "b", "a"].map(String::from));
        for (name, said) in [("a", false), ("c", false), ("b", false), ("b", false), ("a", true), ("a", true)] {
            words.say(name);
            assert_eq!(words.are_said(), said, "{name}");
        }
        let mut none = LastWords::default();
        none.say("a");
        assert!(!none.are_said() && none.are_none() && !words.are_none());
    }
}
