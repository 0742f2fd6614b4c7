//! `path --visibility`: how recognisable a server is, and to whom.

use super::args::PathArgs;
use super::exit::{Exit, Trouble};
use super::output::{complain, looks, print};
use super::path::{Written, rehearsal};
use crate::base::Layer;
use crate::diag::visibility::{self, Grade, Visibility};
use crate::jobs::exposure::{self as job, Exposure};
use crate::jobs::path::PathConfig;
use crate::live::clock::Clock;
use crate::live::runtime::{self, Ended};
use crate::report::text::{harmless, rfc3339_ms};
use crate::report::visibility::render;
use crate::transcript::Facts;
use crate::transcript::facts::State;
use serde_json::json;
use std::io::Write;
use tokio::sync::watch::Receiver;

/// Calls, looks, and says what is there to be seen. It is no fault to be recognisable: the exit code says only whether it could be looked at.
pub fn run(args: &PathArgs, config: PathConfig, files: &mut [Written]) -> Result<Exit, Trouble> {
    if args.pace.dry_run {
        print(format!("{}\n", bound(&config)).as_bytes())?;
        return Ok(Exit::Works);
    }
    complain(&bound(&config));
    let ended = runtime::run(|stop| looked(args, config, stop))?;
    let (exposure, interrupted) = match ended {
        Ended::Through(exposure) => (exposure?, false),
        Ended::Interrupted(exposure) => (exposure?, true),
        Ended::Abandoned => return Ok(Exit::Interrupted),
    };
    let facts = Facts::of(&exposure.call);
    let packets = exposure.packets.as_ref().map(Facts::of);
    let connected = facts.layers.iter().any(|entry| entry.layer == Layer::Tcp && entry.state == State::Up);
    let visibility = visibility::of_service(&facts, packets.as_ref(), &exposure.answers);
    let width = looks(super::args::Colour::Never, args.width, args.verbose).width;
    let text = |as_json: bool| if as_json { as_object(&exposure, &visibility) } else { page(&exposure, &visibility, width) };
    let on_stdout = args.output.iter().find(|output| output.file.is_none()).is_some_and(|output| output.json);
    print(text(on_stdout).as_bytes())?;
    for (as_json, path, file) in files {
        let written = file.write_all(text(*as_json).as_bytes()).and_then(|()| file.flush());
        written.map_err(|error| Trouble::file("write", path, &error))?;
    }
    Ok(match () {
        () if interrupted => Exit::Interrupted,
        // Without a connection, or TLS on it, nothing was looked at.
        () if packets.is_none() || !connected || visibility.grade == Grade::Unseen => Exit::CouldNotRun,
        () => Exit::Works,
    })
}

fn bound(config: &PathConfig) -> String {
    let asked = if config.gentle { 0 } else { REQUESTS };
    format!("At most {} connections: a call, and {asked} requests such as a prober makes; all of it goes to the server.", CALL + asked)
}

async fn looked(args: &PathArgs, mut config: PathConfig, stop: Receiver<bool>) -> Result<Exposure, Trouble> {
    let street = match args.lab {
        true => Some(rehearsal(args, &mut config).await?),
        false => None,
    };
    let exposure = job::run(config, Clock::start(), stop).await?;
    if let Some(street) = street {
        street.stop().await;
    }
    Ok(exposure)
}

fn page(exposure: &Exposure, visibility: &Visibility, width: usize) -> String {
    let head = &exposure.call.head;
    let mut page = format!("{}  {}\n", harmless(&head.target.authority()), rfc3339_ms(head.began_unix_ms)).into_bytes();
    // Memory takes everything.
    let _ = render(visibility, width, &mut page);
    String::from_utf8_lossy(&page).into_owned()
}

fn as_object(exposure: &Exposure, visibility: &Visibility) -> String {
    let head = &exposure.call.head;
    let object = json!({
        "report": "visibility",
        "version": crate::report::VERSION,
        "target": head.target,
        "began_unix_ms": head.began_unix_ms,
        "visibility": visibility,
        "answers": exposure.answers,
    });
    format!("{object:#}\n")
}

/// The call dials two families at most, and learns why TLS failed where it does.
const CALL: usize = 12;
/// Requests beside it.
const REQUESTS: usize = 7;
