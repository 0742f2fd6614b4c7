//! The ladder while it is being climbed: which rows have come to stand since the last event.

use super::model::{LayerReport, Standing, row, standing_of};
use crate::base::Layer;
use crate::transcript::{Event, Facts, Head, Transcript, What};

/// Follows a call and tells which layers are to be shown now.
#[derive(Clone, Debug)]
pub struct Progress {
    so_far: Transcript,
    shown: Vec<LayerReport>,
}

impl Progress {
    /// A call that has not begun.
    pub fn new(head: Head) -> Progress {
        Progress { so_far: Transcript { head, events: Vec::new() }, shown: Vec::new() }
    }

    /// Takes an event in; gives the rows that stand now and did not before: a layer that came up or went down, and
    /// those before it that are not tried.
    pub fn event(&mut self, event: &Event) -> Vec<LayerReport> {
        self.note(event);
        if !matches!(event.what, What::Up | What::Down(_)) {
            return Vec::new();
        }
        let facts = Facts::of(&self.so_far);
        let mut rows = Vec::new();
        for entry in &facts.layers {
            let standing = standing_of(&facts, entry, &[]);
            let known = match standing {
                Standing::NotReached | Standing::NotSeen => false,
                Standing::NotTried => entry.layer < event.layer,
                Standing::Ok | Standing::Warn | Standing::Fail | Standing::Interrupted => true,
            };
            if known && self.is_new(entry.layer, standing) {
                rows.push(row(&self.so_far, &facts, entry, standing, false));
            }
        }
        self.shown.extend(rows.iter().cloned());
        rows
    }

    /// Takes an event in without asking what is to be shown.
    pub fn note(&mut self, event: &Event) {
        self.so_far.events.push(event.clone());
    }

    /// What was shown, and all that happened.
    pub fn finish(self) -> (Vec<LayerReport>, Transcript) {
        (self.shown, self.so_far)
    }

    fn is_new(&self, layer: Layer, standing: Standing) -> bool {
        let last = self.shown.iter().rev().find(|shown| shown.layer == layer);
        last.is_none_or(|shown| shown.standing != standing)
    }
}
