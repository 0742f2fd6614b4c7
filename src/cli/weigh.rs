//! Whose roots the certificates of captures are judged by.

use super::args::{JudgedArgs, TapRoots};
use super::exit::Trouble;
use super::trust;
use crate::jobs::weigh::Scales;
use crate::live::trust::Store;

/// What the arguments trust.
pub fn scales(args: &JudgedArgs) -> Result<Scales, Trouble> {
    let store = match args.trust {
        Some(TapRoots::None) if args.ca.is_empty() => return Ok(Scales::new(None, false)),
        Some(TapRoots::None) => return Err(Trouble::Usage("--ca trusts a root, and --trust none judges no certificate".into())),
        Some(TapRoots::Mozilla) => Store::Mozilla,
        Some(TapRoots::System) | None => Store::System,
    };
    let named = args.trust.is_some() || !args.ca.is_empty();
    Ok(Scales::new(Some(trust::of(store, &args.ca)?), named))
}
