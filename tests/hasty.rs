//! A server on a loaded machine: what it sends leaves one message at a time, and what it still wanted to say is forgotten
//! when the client takes leave. A case that passes the quick lab must pass this one too.

use sstp_diag::base::{Micros, Secret};
use sstp_diag::jobs::conformance::verdict::{self, Verdict};
use sstp_diag::jobs::conformance::{Case, Grade, Tester, rehearse, server};
use sstp_diag::jobs::lab;
use sstp_diag::proto::plan::{CertHashes, Credentials, Mind, Plan};
use sstp_diag::proto::{Input, Machine, Output, Session, pair};
use sstp_diag::transcript::Event;
use std::collections::VecDeque;
use std::time::Duration;

struct Hasty {
    inner: Session,
    waiting: VecDeque<Output>,
    free_at: Micros,
    now: Micros,
}

impl Machine for Hasty {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.now = now;
        if let Input::Bytes { bytes, .. } = input
            && bytes.windows(6).any(|at| at[0] == 0x10 && at[1] == 1 && at[4] == 0 && at[5] == 6)
        {
            // The answer to the farewell is the next thing that is said.
            self.drain();
            self.waiting.retain(|output| !matches!(output, Output::Send(_)));
        }
        self.inner.handle(now, input);
    }

    fn poll(&mut self) -> Output {
        let due = self.drain();
        match self.waiting.front() {
            Some(Output::Send(_) | Output::Close) if self.now < self.free_at => Output::Wait(self.free_at.min(due)),
            Some(Output::Send(_)) => {
                self.free_at = self.now + PAUSE;
                self.waiting.pop_front().expect("a front")
            }
            Some(_) => self.waiting.pop_front().expect("a front"),
            None => Output::Wait(due),
        }
    }
}

impl Hasty {
    fn drain(&mut self) -> Micros {
        loop {
            match self.inner.poll() {
                Output::Wait(due) => return due,
                Output::Done if self.waiting.back() == Some(&Output::Done) => return Micros::MAX,
                Output::Done => {
                    self.waiting.push_back(Output::Done);
                    return Micros::MAX;
                }
                output => self.waiting.push_back(output),
            }
        }
    }
}

fn run(case: &Case) -> (Verdict, Vec<Event>) {
    let wanted: Vec<&str> = case.base.lab.into_iter().collect();
    let (mut events, mut case) = (Vec::new(), case.clone());
    for round in 0..case.base.times {
        case = case.next(&events);
        let mut plan = lab::rehearsal(&wanted, CERT, u64::from(round) + 1).expect("the clean lab");
        if let Mind::Server(server) = &mut plan.mind {
            server.date = Some("Sun, 06 Nov 1994 08:49:37 GMT".into());
        }
        let (user, password) = lab::USERS[0];
        let credentials = Credentials { user: user.into(), password: Secret::new(password.into()) };
        let client = rehearse::client(&case, "vpn.lab.example", CERT, Some(credentials));
        let plan_of = Plan { mind: Mind::Client(client), edits: case.parsed(), toxics: Vec::new(), seed: 1000 };
        let tester = Tester::new(case.clone(), Session::new(plan_of, Micros::ZERO), Micros::ZERO);
        let inner = Session::new(plan, Micros::ZERO);
        let server = Hasty { inner, waiting: VecDeque::new(), free_at: Micros::ZERO, now: Micros::ZERO };
        let limit = case.base.within + Duration::from_secs(60);
        events.extend(pair::run_machines(Box::new(tester), Box::new(server), limit, &mut |_, _, _| {}).client);
    }
    (verdict::judge(&case, &events), events)
}

#[test]
fn a_slow_server_passes_as_well() {
    let mut wrong = Vec::new();
    for case in server::all().into_iter().filter(rehearse::can_be_rehearsed) {
        let (verdict, events) = run(&case);
        if verdict.grade != Grade::Pass {
            let seen: Vec<String> = events.iter().rev().take(8).rev().map(|e| format!("    {:?} {:?} {:?}", e.at, e.by, e.what)).collect();
            wrong.push(format!("{}: {} {}\n{}", case.id, verdict.grade.name(), verdict.actual, seen.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

const CERT: CertHashes = CertHashes { sha1: [0x11; 20], sha256: [0x22; 32] };
/// SoftEther looks after a call every 300 ms; fifty echoes have 10 s.
const PAUSE: Duration = Duration::from_millis(150);
