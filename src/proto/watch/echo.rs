//! SSTP Echo Requests and their answers, in both directions. MS-SSTP 3.1.2.3: an Echo Request has no number, so that the
//! answers are taken in order.

use super::notes::Pen;
use crate::base::{Layer, Micros, Side};
use crate::transcript::What;
use std::collections::VecDeque;

/// Requests of both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Echoes {
    open: [VecDeque<Micros>; 2],
    told: [u32; 2],
    asked: [bool; 2],
}

impl Echoes {
    pub fn request(&mut self, pen: &mut Pen<'_>, by: Side) {
        self.asked[by as usize] = true;
        let open = &mut self.open[by as usize];
        open.push_back(pen.at);
        if open.len() > MAX_OPEN {
            open.pop_front();
            self.tell(pen, by, None);
        }
    }

    /// Sees an answer; says whether it answers anything.
    pub fn response(&mut self, pen: &mut Pen<'_>, by: Side) -> bool {
        let Some(asked) = self.open[by.other() as usize].pop_front() else { return false };
        self.tell(pen, by.other(), Some(pen.at - asked));
        true
    }

    /// One side asked at least once.
    pub fn asked(&self, side: Side) -> bool {
        self.asked[side as usize]
    }

    /// Tells of requests that have had no answer for long enough.
    pub fn settle(&mut self, pen: &mut Pen<'_>) {
        for side in [Side::Client, Side::Server] {
            for asked in std::mem::take(&mut self.open[side as usize]) {
                if pen.at - asked >= PATIENCE {
                    self.tell(pen, side, None);
                }
            }
        }
    }

    fn tell(&mut self, pen: &mut Pen<'_>, by: Side, rtt: Option<Micros>) {
        let told = &mut self.told[by as usize];
        *told += 1;
        if *told <= MAX_TOLD {
            pen.note(Some(by), Layer::Data, What::Echo { rtt });
        }
    }
}

/// Ours: as many requests of one side are waited for at once.
const MAX_OPEN: usize = 16;
/// Ours: as many requests of one side are told with their outcome.
const MAX_TOLD: u32 = 24;
/// Ours: as in the client, how long an answer may take.
const PATIENCE: Micros = Micros(2_000_000);
