//! How recognisable a server is that can be called: one call whose packets are looked at as an observer without keys has them, and a few
//! requests such as a prober makes. Nothing is judged here.

use super::path::{self, PathConfig};
use super::pcap::Keyless;
use super::probe;
use crate::base::{Layer, Secret};
use crate::capture::read::Kind;
use crate::live::clock::Clock;
use crate::live::wiretap::Ear;
use crate::proto::plan::Credentials;
use crate::transcript::Transcript;
use crate::transcript::trial::Trial;
use std::sync::Arc;
use tokio::sync::watch;

/// What was seen.
#[derive(Debug)]
pub struct Exposure {
    /// The call, as we who made it know it.
    pub call: Transcript,
    /// The same, as its packets show it to whoever has no key; nothing: there was no connection.
    pub packets: Option<Transcript>,
    /// What requests of several kinds were answered with.
    pub answers: Vec<Trial>,
}

/// Calls once, as far as LCP, or through to data where somebody logs in, and asks a few questions unless `gentle`.
pub async fn run(config: PathConfig, clock: Clock, stop: watch::Receiver<bool>) -> std::io::Result<Exposure> {
    let keyless = Arc::new(Keyless::new()?);
    let mut dialled = config.probe.clone();
    dialled.ear = Ear::new(keyless.clone());
    (dialled.matrix, dialled.scan) = (None, None);
    if dialled.credentials.is_none() {
        // Nobody logs in, and no method is learned on further connections.
        dialled.credentials = Some(Credentials { user: "visibility".into(), password: Secret::default() });
        dialled.asked.until = Layer::Lcp;
    }
    let call = probe::run(&dialled, &clock, &mut Vec::new(), stop.clone()).await;
    let packets = keyless.connections().into_iter().max_by_key(|one| (rank(one.kind), one.transcript.events.len()));
    let answers = if config.gentle { Vec::new() } else { path::answers(config, clock, stop).await };
    Ok(Exposure { call, packets: packets.map(|one| one.transcript), answers })
}

/// The call itself in front of connections that came to nothing.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Sstp | Kind::LikelySstp => 2,
        Kind::Attempt => 1,
        Kind::Other => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::lab::{Lab, LabConfig};
    use crate::jobs::probe::ProbeConfig;
    use crate::live::dns::Override;
    use crate::transcript::{Facts, Target};

    #[tokio::test(flavor = "current_thread")]
    async fn the_packets_show_sizes_and_the_call_what_was_said() {
        let lab = Lab::start(LabConfig::default()).await.expect("the lab starts");
        let at = lab.addresses()[0];
        let target = Target { host: "vpn.lab.example".into(), port: at.port(), ..Target::default() };
        let mut probe = ProbeConfig::new(target);
        probe.resolver.overrides = vec![Override { host: "vpn.lab.example".into(), addresses: vec![at.ip()] }];
        let dial = lab.dial();
        probe.credentials = dial.user.clone().zip(dial.password.clone()).map(|(user, password)| Credentials { user, password });
        let (_stop, stopped) = watch::channel(false);
        let seen = run(PathConfig::new(probe).hurried(), Clock::start(), stopped).await.expect("room in memory");
        lab.stop().await;
        let (call, packets) = (Facts::of(&seen.call), Facts::of(&seen.packets.expect("a connection")));
        assert!(call.inference.is_none() && packets.responses.is_empty() && !packets.client_hellos.is_empty());
        assert!(packets.inference.is_some(), "no sizes were looked at");
        let statuses: Vec<_> = seen.answers.iter().filter_map(|trial| Some((trial.arm.id(), trial.saw.status()?))).collect();
        assert!(statuses.contains(&("sstp", 200)) && statuses.contains(&("other-path", 404)) && statuses.len() == 7, "{statuses:?}");
    }
}
