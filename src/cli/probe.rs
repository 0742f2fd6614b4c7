//! `probe`: from the arguments to the report.

use super::args::{LayerTime, ProbeArgs, Roots, Target as Named};
use super::exit::{Exit, Trouble};
use super::output::{Outputs, complain};
use super::screen::Screen;
use super::{lab, password, proxy};
use crate::base::Micros;
use crate::diag;
use crate::jobs::probe::{self, ProbeConfig};
use crate::live::clock::Clock;
use crate::live::dns::{Family, Resolver};
use crate::live::keylog::KeyLogs;
use crate::live::runtime::{self, Ended};
use crate::live::trust::{Store, Trust};
use crate::proto::plan::Timers;
use crate::report::Report;
use crate::transcript::{Asked, Facts, Head, Target, Transcript};
use std::sync::Arc;

/// Probes and reports.
pub fn run(args: ProbeArgs) -> Result<Exit, Trouble> {
    let mut outputs = Outputs::open(&args.shown)?;
    let (transcript, shown, interrupted) = if args.lab.lab {
        lab::probed(&args, &outputs)?
    } else {
        let config = config(&args)?;
        let clock = Clock::start();
        let mut screen = Screen::new(&outputs, head(&config, &clock));
        let ended = runtime::run(|stop| async { probe::run(&config, &clock, &mut screen, stop).await })?;
        told(ended, screen)
    };
    outputs.style.shown = shown;
    let report = judged(transcript);
    let exit = exit(&report, interrupted);
    outputs.write(&report)?;
    if interrupted {
        complain("interrupted; this is what is known");
    }
    Ok(exit)
}
