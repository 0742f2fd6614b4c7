//! Whose roots the certificates of captures are judged by.

use super::args::{JudgedArgs, Roots, TapRoots};
use super::exit::Trouble;
use super::trust;
use crate::jobs::weigh::Scales;

/// What the arguments trust.
pub fn scales(args: &JudgedArgs) -> Result<Scales, Trouble> {
    if args.trust.contains(&TapRoots::None) {
        return match args.ca.is_empty() && args.trust.iter().all(|roots| *roots == TapRoots::None) {
            true => Ok(Scales::new(None, false)),
            false if args.ca.is_empty() => Err(Trouble::Usage("--trust none judges no certificate, so that no store goes with it".into())),
            false => Err(Trouble::Usage("--ca trusts a root, and --trust none judges no certificate".into())),
        };
    }
    let named = !args.trust.is_empty() || !args.ca.is_empty();
    let store = |roots: &TapRoots| match roots {
        TapRoots::System => Some(Roots::System),
        TapRoots::Mozilla => Some(Roots::Mozilla),
        TapRoots::None => None,
    };
    let stores: Vec<Roots> = args.trust.iter().filter_map(store).collect();
    Ok(Scales::new(Some(trust::of(&trust::stores(&stores), &args.ca)?), named))
}
