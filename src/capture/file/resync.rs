//! What to do where a file stops making sense.

use super::Step;
use super::damage::Harm;
use super::window::Window;

/// Passes over bytes up to the first place behind this one that the search takes for the beginning of something. The search
/// is given the bytes at hand, and whether they are the last; it says how many begin nothing, and whether something does
/// behind them. Where it says that nothing was found and bytes are left, it is called again with more.
pub(super) fn resync(window: &mut Window, why: &'static str, search: impl Fn(&[u8], bool) -> (usize, bool)) -> Step {
    let offset = window.offset();
    window.pass(1);
    loop {
        let (dismissed, found) = search(window.bytes(), window.ended());
        window.pass(dismissed);
        let bytes = window.offset() - offset;
        if found {
            return Step::Harmed { harm: Harm::Skipped { why, bytes }, offset, packet: false };
        }
        if !window.more() && window.bytes().is_empty() {
            return Step::Harmed { harm: Harm::Lost { why, bytes }, offset, packet: false };
        }
    }
}

/// The source ends inside a record of that size, or where one would begin.
pub(super) fn cut(window: &mut Window, size: usize) -> Step {
    let (offset, have) = (window.offset(), window.bytes().len());
    window.pass(have);
    if let Some(why) = window.take_failure() {
        return Step::Harmed { harm: Harm::Unreadable(why), offset, packet: false };
    }
    if have == 0 {
        return Step::End;
    }
    Step::Harmed { harm: Harm::Truncated { missing: size.saturating_sub(have) as u64 }, offset, packet: false }
}
