//! A case against the lab in memory: two machines on a pretend wire, a minute in a millisecond.

use super::case::Case;
use super::tester::Tester;
use super::verdict::{self, Grade, Verdict};
use crate::base::{Layer, Micros, Secret};
use crate::jobs::lab;
use crate::proto::plan::{CertHashes, ClientConfig, Credentials, Method, Mind, Plan, Timers};
use crate::proto::{Session, pair};
use crate::transcript::Event;
use std::time::Duration;

/// What a case of the server suite came to against a lab with these faults.
pub fn server(case: &Case, faults: &[&str]) -> (Verdict, Vec<Event>) {
    let mut wanted: Vec<&str> = case.base.lab.into_iter().collect();
    wanted.extend(faults);
    let (mut events, mut case) = (Vec::new(), case.clone());
    for round in 0..case.base.times {
        case = case.next(&events);
        let Some(plan) = lab::rehearsal(&wanted, CERT, u64::from(round) + 1) else {
            return (Verdict::new(Grade::Broken, format!("no such fault, or not above TLS: {wanted:?}")), events);
        };
        let (user, password) = lab::USERS[0];
        let credentials = Credentials { user: user.into(), password: Secret::new(password.into()) };
        let client = client(&case, "vpn.lab.example", CERT, Some(credentials));
        let plan_of = Plan { mind: Mind::Client(client), edits: case.parsed(), toxics: Vec::new(), seed: 1000 + u64::from(round) };
        let tester = Tester::new(case.clone(), Session::new(plan_of, Micros::ZERO), Micros::ZERO);
        let server = Box::new(Session::new(plan, Micros::ZERO));
        let limit = case.base.within + LONGEST_CLIMB;
        events.extend(pair::run_machines(Box::new(tester), server, limit, &mut |_, _, _| {}).client);
    }
    (verdict::judge(&case, &events), events)
}

/// The honest client that plays our end of a case.
pub fn client(case: &Case, host: &str, cert: CertHashes, credentials: Option<Credentials>) -> ClientConfig {
    let methods = case.base.methods.map_or_else(|| Method::ALL.iter().map(|row| row.0).collect(), <[Method]>::to_vec);
    ClientConfig {
        credentials,
        methods,
        until: case.base.until,
        // The case has a deadline of its own; until then our end never gives up.
        timers: Timers { layer: PATIENCE, ..Timers::default() },
        pings: 1,
        binding_hash: case.base.hash,
        binding_key: case.base.key,
        ..ClientConfig::new(host, cert)
    }
}

/// Whether a case can be rehearsed at all: TLS is not on the pretend wire.
pub fn is_above_tls(case: &Case) -> bool {
    Layer::from_name(case.layer()).is_some_and(|layer| layer > Layer::Cert)
}

const CERT: CertHashes = CertHashes { sha1: [0x11; 20], sha256: [0x22; 32] };
/// Ours: a climb to the stimulus takes no longer.
const LONGEST_CLIMB: Duration = Duration::from_secs(60);
/// Ours: longer than any case.
const PATIENCE: Duration = Duration::from_secs(600);
