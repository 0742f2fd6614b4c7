//! A course over sockets: dials the server and plays the client's side.

use super::course::Course;
use super::moment::{Moment, Present};
use super::outcome::Outcome;
use super::player::{Login, Manner, Player, Shared};
use crate::base::Side;
use crate::jobs::probe::climb::{self, below};
use crate::jobs::probe::{Beside, ProbeConfig};
use crate::live::clock::Clock;
use crate::live::tls::Signature;
use crate::live::{Notes, drive};
use crate::proto::plan::{CertHashes, Method};
use crate::transcript::{Event, Sink, What};
use std::sync::{Arc, PoisonError};
use tokio::sync::watch;

/// What to play against whom.
#[derive(Clone)]
pub struct ReplayConfig {
    /// Target, login, trust, proxy and names.
    pub probe: ProbeConfig,
    /// The client's side.
    pub course: Arc<Course>,
    /// How it is played.
    pub manner: Manner,
    /// What was recorded is sent as it was.
    pub verbatim: bool,
    /// This method is gone through with by our own end of EAP; the course is one [`Course::without_login`].
    pub login: Option<Method>,
}

/// What came of one session.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// What was said and heard; `None`: no connection was made.
    pub outcome: Option<Outcome>,
    /// Why there was no connection.
    pub no_connection: Option<String>,
}

/// Plays one session. Events go to `sink` as they happen.
pub async fn once(config: &ReplayConfig, seed: u64, clock: &Clock, sink: &mut dyn Sink, stop: &mut watch::Receiver<bool>) -> Played {
    let mut heard = Heard { sink, down: None };
    let (mut beside, mut way) = (Beside::default(), None);
    let base = {
        let mut notes = Notes::new(clock, &mut heard);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => None,
            base = below(&config.probe, &mut notes, &mut beside, &mut way) => base,
        }
    };
    let Some(base) = base else {
        let why = heard.down.unwrap_or_else(|| "interrupted".into());
        return Played { outcome: None, no_connection: Some(why) };
    };
    if shows_password(&config.course) && !(base.trusted && base.secure.signature == Signature::Good) {
        base.secure.close().await;
        let why = "PAP would show the password to a server whose certificate is not trusted; --ca names its root".to_string();
        return Played { outcome: None, no_connection: Some(why) };
    }
    let present = Present {
        host: climb::host_header(&config.probe.target),
        date: String::new(),
        leaf: Some(CertHashes::of(base.secure.leaf())),
        credentials: config.probe.credentials.clone(),
        seed,
    };
    let moment = Moment::new(Side::Client, present, config.course.leaf, config.verbatim);
    let shared = Shared::default();
    let login = login(config.login, &config.probe, clock, seed);
    let player = Player::new(config.course.clone(), config.manner.clone(), moment, shared.clone(), clock.now()).with_login(login);
    drive::run(base.secure.stream, player, Side::Client, clock, heard.sink, stop).await;
    let outcome = shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Played { outcome: Some(outcome), no_connection: None }
}

/// Our own end of EAP for this method; without one, or without anybody to log in, none.
pub fn login(method: Option<Method>, probe: &ProbeConfig, clock: &Clock, seed: u64) -> Option<Login> {
    let (method, credentials) = method.zip(probe.credentials.clone())?;
    Some(Login::new(method, credentials, climb::eap(probe, clock), seed))
}

/// PAP carries the password in the clear, for whoever ended TLS to read.
fn shows_password(course: &Course) -> bool {
    course.ours.iter().any(|turn| turn.said.name == "pap.authenticate-request")
}

/// Passes events on and remembers where a layer failed.
struct Heard<'a> {
    sink: &'a mut dyn Sink,
    down: Option<String>,
}

impl Sink for Heard<'_> {
    fn event(&mut self, event: &Event) {
        if let What::Down(reason) = &event.what {
            self.down.get_or_insert(format!("{}: {reason}", event.layer.title()));
        }
        self.sink.event(event);
    }
}
