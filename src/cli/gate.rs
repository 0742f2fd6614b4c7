//! The gate that the arguments ask for: profile, waivers and former report are read before anything is done.

use super::args::GateArgs;
use super::exit::Trouble;
use super::sniff;
use crate::diag::gate::{Baseline, Day, Flaw, Gate, PROFILES, Profile, Rules, finding_ids, waivers};
use crate::diag::log::decoded;
use crate::live::clock::Clock;
use crate::report::text::list;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The gate; nothing where none is asked for.
pub fn of(args: &GateArgs) -> Result<Option<Gate>, Trouble> {
    let mut rules = Rules { fail_on: args.fail_on.clone(), today: Day::of_unix_ms(Clock::start().began_unix_ms()), ..Rules::default() };
    rules.profile = args.profile.as_deref().map(profile).transpose()?;
    for path in &args.waivers {
        rules.waivers.extend(waivers(&shown(path), &text(path, "read the waivers in", SMALL)?, finding_ids()).map_err(usage)?);
    }
    if let Some(path) = &args.baseline {
        rules.baseline = Some(Baseline::read(&shown(path), &text(path, "read the baseline in", LARGE)?).map_err(usage)?);
    }
    Ok((!rules.is_empty()).then(|| Gate::new(rules)))
}

/// A profile by its name, or by its file.
fn profile(named: &str) -> Result<Profile, Trouble> {
    let built_in = PROFILES.iter().find(|row| row.0 == named);
    if let Some((name, text)) = built_in {
        return Profile::read(name, text, finding_ids()).map_err(usage);
    }
    let path = Path::new(named);
    if !path.exists() {
        let names = list(PROFILES.iter().map(|row| row.0));
        return Err(Trouble::Usage(format!("{named:?} is neither a profile ({names}) nor a file that is there")));
    }
    Profile::read(&shown(path), &text(path, "read the profile in", SMALL)?, finding_ids()).map_err(usage)
}

/// The text of a file in whatever encoding: PowerShell writes UTF-16.
fn text(path: &Path, doing: &str, most: u64) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| Trouble::file(doing, path, &error))?;
    if bytes.len() as u64 > most {
        return Err(Trouble::Usage(format!("{} is longer than {most} bytes; is it the right file?", path.display())));
    }
    match sniff::not_text(&bytes) {
        Some(advice) => Err(Trouble::Usage(format!("cannot {doing} {}: it is {advice}", path.display()))),
        None => Ok(decoded(&bytes)),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn usage(flaw: Flaw) -> Trouble {
    Trouble::Usage(flaw.to_string())
}

/// Ours: people do not write longer files by hand.
const SMALL: u64 = 1 << 20;
/// Ours: a report of many calls with all their messages, in bytes.
const LARGE: u64 = 256 << 20;
