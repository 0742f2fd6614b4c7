//! A case against the lab, or against the built-in client, in memory: two machines on a pretend wire, a minute in a millisecond.

use super::case::{Case, Level, Row};
use super::client::mutants::Mutant;
use super::tester::Tester;
use super::verdict::{self, Grade, Verdict};
use crate::base::{Layer, Micros, Secret, Side, SpecRef};
use crate::jobs::lab;
use crate::proto::auth::EapServer;
use crate::proto::plan::{Account, CertHashes, ClientConfig, Credentials, Method, Mind, Plan, ServerConfig, Timers};
use crate::proto::{Input, Machine, Output, Session, pair};
use crate::transcript::Event;
use std::time::Duration;

/// What a case of the server suite came to against a lab with these faults, an honest call having come before it.
pub fn server(case: &Case, faults: &[&str]) -> (Verdict, Vec<Event>) {
    against(case, faults, lab::rehearsal_of_second, Some(alice()))
}

/// The same for somebody who has no account.
pub fn server_to_a_stranger(case: &Case, faults: &[&str]) -> (Verdict, Vec<Event>) {
    against(case, faults, lab::rehearsal_of_second, None)
}

/// What the honest call before a case comes to.
pub fn first_call(case: &Case, faults: &[&str]) -> Verdict {
    against(case, faults, lab::rehearsal, Some(alice())).0
}

fn against(
    case: &Case,
    faults: &[&str],
    made: fn(&[&str], CertHashes, u64) -> Option<Plan>,
    account: Option<Credentials>,
) -> (Verdict, Vec<Event>) {
    let mut wanted: Vec<&str> = case.base.lab.into_iter().collect();
    wanted.extend(faults);
    let (mut events, mut case) = (Vec::new(), case.clone());
    let Some(mut server) = made(&wanted, CERT, 0) else {
        return (Verdict::new(Grade::Broken, format!("no such fault, or not above TLS: {wanted:?}")), events);
    };
    if let Mind::Server(config) = &mut server.mind {
        config.date = Some(DATE.into());
    }
    for round in 0..case.base.times {
        case = case.next(&events);
        server.seed = u64::from(round) + 1;
        let client = client(&case, HOST, CERT, account.clone());
        let plan_of = Plan { mind: Mind::Client(client), edits: case.parsed(), toxics: Vec::new(), seed: 1000 + u64::from(round) };
        let tester = Tester::new(case.clone(), Session::new(plan_of, Micros::ZERO), Micros::ZERO);
        let lab = Box::new(Session::new(server.clone(), Micros::ZERO));
        let limit = case.base.within + LONGEST_CLIMB;
        events.extend(pair::run_machines(Box::new(tester), lab, limit, &mut |_, _, _| {}).client);
    }
    (verdict::judge(&case, &events), events)
}

/// The honest client that plays our end of a case.
pub fn client(case: &Case, host: &str, cert: CertHashes, credentials: Option<Credentials>) -> ClientConfig {
    let methods = case.base.methods.map_or_else(|| Method::ALL.iter().map(|row| row.0).collect(), <[Method]>::to_vec);
    // A name that has a domain keeps it.
    let named = |user: String| if user.contains(['\\', '@']) { user } else { case.login_name(&user) };
    let credentials = credentials.map(|pair| Credentials { user: named(pair.user), ..pair });
    ClientConfig {
        credentials,
        methods,
        // Who asks about all of them in turn agrees to another one than the case is about.
        learn: Vec::new(),
        until: case.base.until,
        // The case has a deadline of its own; until then our end never gives up.
        timers: Timers { layer: PATIENCE, ..Timers::default() },
        pings: 1,
        binding_hash: case.base.hash,
        binding_key: case.base.key,
        quirks: case.base.quirks.to_vec(),
        ..ClientConfig::new(host, cert)
    }
}

/// What a case of the client suite came to against the built-in client, with this mutation of it.
pub fn client_case(case: &Case, mutant: Option<&Mutant>) -> (Verdict, Vec<Event>) {
    let mut events = Vec::new();
    for round in 0..case.base.times {
        let eap = None;
        let tester = caller_of(case, Shown { cert: CERT, accounts: accounts(), eap }, 1000 + u64::from(round), Micros::ZERO);
        let plan = tested_client(case, mutant, 1 + u64::from(round));
        let client = Session::new(plan, Micros::ZERO);
        let hangs_up = case.base.hangs_up.then_some(Micros::ZERO + HANGS_UP_AFTER);
        let client = Box::new(Handled { client, hangs_up });
        let limit = case.base.within + LONGEST_CLIMB;
        events.extend(pair::run_machines(client, Box::new(tester), limit, &mut |_, _, _| {}).server);
    }
    (verdict::judge(case, &events), events)
}

/// What our server shows to a client under test.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Hashes of the leaf certificate that this connection shows, for crypto binding.
    pub cert: CertHashes,
    /// The accounts that the client may use.
    pub accounts: Vec<Account>,
    /// EAP-TLS and PEAP, where our end can do them.
    pub eap: Option<EapServer>,
}

/// Our end of a client case on a connection that is through with TLS: an honest server with the edits of the case. Drive it
/// as a machine of [`crate::base::Side::Server`], keep the events that it puts out, and hold them against the case with
/// [`verdict::judge`]. A case of several connections ([`super::case::Base::times`]) takes a tester for each, and one verdict
/// over the events of all.
pub fn caller_of(case: &Case, shown: Shown, seed: u64, now: Micros) -> Tester {
    Tester::new(case.clone(), Session::new(server_plan(case, shown, seed), now), now)
}

/// The plan of the honest server that plays our end of a client case.
pub fn server_plan(case: &Case, shown: Shown, seed: u64) -> Plan {
    let mut server = ServerConfig { cert: shown.cert, accounts: shown.accounts, eap: shown.eap, ..ServerConfig::default() };
    if let Some(methods) = case.base.methods {
        server.methods = methods.to_vec();
    }
    // The case has a deadline of its own; until then our end never gives up, and asks for nothing unless the case wants it.
    server.timers = Timers { negotiation: PATIENCE, hello: PATIENCE, max_configure: u32::MAX, ..Timers::default() };
    server.nak_limit = u32::MAX;
    server.lets_leave = true;
    server.leaves_at = Some(case.base.until.max(Layer::Sstp)).filter(|until| *until < Layer::Data);
    (case.base.policy)(&mut server);
    Plan { mind: Mind::Server(server), edits: case.parsed(), toxics: Vec::new(), seed }
}

/// The built-in client as the client suite tests it: in no hurry, with the timers of MS-SSTP, and with a mutation.
pub fn tested_client(case: &Case, mutant: Option<&Mutant>, seed: u64) -> Plan {
    let negotiation = [Layer::Http, Layer::Sstp, Layer::Lcp, Layer::Auth].map(|layer| (layer, NEGOTIATION)).to_vec();
    let mut client = ClientConfig {
        credentials: Some(Credentials { user: case.login_name(&alice().user), ..alice() }),
        timers: Timers { layer: PATIENCE, layers: negotiation, ..Timers::default() },
        pings: 1,
        stays: Some(PATIENCE),
        ..ClientConfig::new(HOST, CERT)
    };
    client.methods = [Method::MsChapV2, Method::EapMsChapV2, Method::ChapMd5, Method::EapMd5, Method::Pap].to_vec();
    if let Some(mutant) = mutant {
        (mutant.policy)(&mut client);
        client.quirks.extend(mutant.quirks);
    }
    let edits = mutant.map(Mutant::parsed).unwrap_or_default();
    Plan { mind: Mind::Client(client), edits, toxics: Vec::new(), seed }
}

/// The same client without a case.
pub fn stays(mutant: Option<&Mutant>, seed: u64) -> Plan {
    const ROW: Row = Row::new(Side::Client, Level::Must, "sstp/0/stays", SpecRef::sstp("3.2"), &[]);
    tested_client(&Case::from(&ROW), mutant, seed)
}

/// A client in the hands of somebody who hangs up.
struct Handled {
    client: Session,
    hangs_up: Option<Micros>,
}

impl Machine for Handled {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.client.handle(now, input);
        if self.hangs_up.take_if(|due| *due <= now).is_some() {
            self.client.handle(now, Input::Leave);
        }
    }

    fn poll(&mut self) -> Output {
        match (self.client.poll(), self.hangs_up) {
            (Output::Wait(due), Some(hangs_up)) => Output::Wait(due.min(hangs_up)),
            (output, _) => output,
        }
    }
}

fn alice() -> Credentials {
    let (user, password) = lab::USERS[0];
    Credentials { user: user.into(), password: Secret::new(password.into()) }
}

fn accounts() -> Vec<Account> {
    let account = |(name, password): (&str, &str)| Account { name: name.into(), password: Secret::new(password.into()), error: None };
    lab::USERS.map(account).to_vec()
}

/// Whether a case can be rehearsed at all: TLS and certificates are not on the pretend wire, and it has but one call.
pub fn can_be_rehearsed(case: &Case) -> bool {
    case.base.meanwhile.is_none() && !case.needs_certificate() && Layer::from_name(case.layer()).is_some_and(|layer| layer > Layer::Cert)
}

/// RFC 9110 5.6.7.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const HOST: &str = "vpn.lab.example";
const CERT: CertHashes = CertHashes { sha1: [0x11; 20], sha256: [0x22; 32] };
/// Ours: a climb to the stimulus takes no longer.
const LONGEST_CLIMB: Duration = Duration::from_secs(60);
/// Ours: longer than any case.
const PATIENCE: Duration = Duration::from_secs(600);
/// MS-SSTP 3.2.2.1: the negotiation timer of a client.
const NEGOTIATION: Duration = Duration::from_secs(60);
/// Ours: when whoever runs the client hangs up, counted from the start of the connection.
pub const HANGS_UP_AFTER: Duration = Duration::from_secs(3);
