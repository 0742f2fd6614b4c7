//! What was played as a watcher of both ends tells it: where the call came up, and where it stopped.

use crate::base::{Layer, Micros};
use crate::proto::plan::{CertHashes, Credentials};
use crate::proto::watch::{Watch, WatchConfig, Watcher};
use crate::transcript::{Event, What};

/// The events of a run, with those of the messages as a watcher tells them. A player says only what passed.
pub fn seen(events: &[Event], credentials: Option<&Credentials>) -> Vec<Event> {
    let config = WatchConfig { packets: true, credentials: credentials.cloned(), ..WatchConfig::default() };
    let (mut watch, mut all) = (Watch::new(config).at_most(usize::MAX), All(Vec::new()));
    for event in events {
        match (&event.what, event.by) {
            (What::Chain { certs, aside: false, .. }, _) => {
                certs.first().iter().for_each(|leaf| watch.certificate(CertHashes::of(leaf)));
                all.0.push(event.clone());
            }
            (What::Closed(how), Some(by)) => watch.closed(event.at, by, *how, &mut all),
            (What::Http(_) | What::Sstp(_) | What::Ppp(_) | What::Undecoded(_), Some(by)) if event.layer >= Layer::Http => {
                watch.bytes(event.at, by, &event.raw.0, &mut all);
            }
            _ => all.0.push(event.clone()),
        }
    }
    if watch.is_sstp() {
        watch.end(events.last().map_or(Micros::ZERO, |event| event.at), &mut all);
    }
    all.0
}

struct All(Vec<Event>);

impl Watcher for All {
    fn event(&mut self, event: Event) {
        self.0.push(event);
    }
}
