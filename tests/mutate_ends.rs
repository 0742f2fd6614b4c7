//! What `mutate` makes of ends that no variant has caused: a death from outside, calls that hang at their beginning, a client that
//! hangs up by itself, and a budget of time that is over.

use crate::mutate::{mutate, page};
use sstp_diag::base::Side;
use sstp_diag::jobs::mutate::hunt::{NOBODY, Target};
use sstp_diag::jobs::mutate::{Arena, Hunt, Ride, World, arena, variant};
use sstp_diag::proto::edit::Edit;
use std::cell::Cell;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

/// A sound lab in memory, to which something happens from outside.
struct Outside {
    arena: Arena,
    /// Calls that were made.
    calls: Cell<u64>,
    dead: Cell<bool>,
    /// The call in which it is killed.
    killed_in: u64,
    /// Every so many calls one hangs after its first answers.
    hangs: u64,
}

impl Outside {
    fn new(killed_in: u64, hangs: u64) -> Outside {
        let script = arena::lab_script().expect("an honest call");
        let arena = Arena::new(&script, &[], 1).expect("the lab");
        Outside { arena, calls: Cell::new(0), dead: Cell::new(false), killed_in, hangs }
    }

    fn hunt(&self, select: &str, most: usize) -> Hunt {
        let hunt = Hunt::new(2, Duration::from_millis(700));
        ready(hunt.learn(self));
        let script = arena::lab_script().expect("an honest call");
        let variants = variant::all(&script, Side::Client, 1);
        for variant in variants.iter().filter(|one| !one.slow && one.id.starts_with(select)).take(most) {
            ready(hunt.examine(self, variant));
        }
        hunt
    }
}

fn ready<T>(work: impl Future<Output = T>) {
    let mut work = std::pin::pin!(work);
    assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

impl Target for Outside {
    async fn ride(&self, edits: &[Edit]) -> Ride {
        let nth = self.calls.replace(self.calls.get() + 1);
        self.dead.set(self.dead.get() || nth == self.killed_in);
        if self.dead.get() {
            return Ride { no_connection: Some("TCP: refused".into()), ..Ride::default() };
        }
        let mut ride = self.arena.ride(edits, (1, nth));
        if self.hangs > 0 && nth % self.hangs == self.hangs - 1 {
            ride.passed.truncate(3);
            ride.edited.clear();
            ride.closed = None;
        }
        ride
    }

    fn world(&self) -> Arc<World> {
        self.arena.world()
    }

    fn memory(&self) -> Option<u64> {
        None
    }

    async fn restart(&self) -> bool {
        self.dead.set(false);
        true
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

#[test]
fn a_death_from_outside_is_pinned_on_no_variant() {
    let hunt = Outside::new(12, 0).hunt("reserved/", 40);
    let findings = hunt.findings();
    let told: Vec<_> = findings.iter().map(|found| (found.id.as_str(), found.reaction.as_str(), found.edits.len())).collect();
    assert!(told.len() == 1 && told[0].0 == NOBODY && told[0].2 == 0, "{told:?}");
    assert!(told[0].1.contains("does not end it when it is sent alone") || told[0].1.contains("no variant was under way"), "{told:?}");
    assert!(!hunt.counts().dead && hunt.counts().cases == 40, "{:?}", hunt.counts());
}

#[test]
fn a_variant_whose_call_hangs_at_its_beginning_is_sent_again() {
    let hunt = Outside::new(u64::MAX, 3).hunt("out-of-turn/connected/", 12);
    let counts = hunt.counts();
    assert!(counts.cases == 12 && counts.unreached == 0 && counts.hung >= 3, "{counts:?}");
    assert_eq!(hunt.found(), 0, "{:?}", hunt.findings());
}

/// The client of a probe hangs up as soon as it has seen what it wants.
#[test]
fn a_client_that_hangs_up_by_itself_has_left_nothing_undone() {
    let probe = format!(
        "{} probe {{host}}:{{port}} --ca {{ca}} --user {{user}} --password-file {{password_file}} >/dev/null",
        env!("CARGO_BIN_EXE_sstp-diag")
    );
    let rows = [
        "identifier/ipcp/echo-",
        "lcp-length/connected/says-",
        "echo/connected/thirty",
        "status/sstp.call-disconnect#1/",
        "race/sstp.call-disconnect#1/",
    ];
    let select: Vec<&str> = rows.iter().flat_map(|row| ["--select", row]).collect();
    let (code, page) = page(&[&["--listen", "127.0.0.1:0", "--exec", &probe], &select[..]].concat());
    assert!(code == Some(0) && page["findings"].as_array().is_some_and(Vec::is_empty), "{page:#}");
    assert!(page["left"].as_u64().is_some_and(|left| left > 0), "{page:#}");
}

/// Calls that hang and findings that are looked into keep no run beyond its time.
#[test]
fn a_budget_of_time_is_a_bound() {
    let began = Instant::now();
    let (code, page) = page(&["--lab", "--bug", "version-taken", "--select", "type/", "--budget", "6s"]);
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}: {page:#}", began.elapsed());
    assert!(matches!(code, Some(0 | 1)) && page["dead"] == false && page["interrupted"] == false, "{page:#}");
}

#[test]
fn a_defect_that_was_shown_often_enough_is_not_waited_for_each_time() {
    let (code, page) = page(&["--lab", "--in-session", "--bug", "code-unanswered", "--budget", "3000"]);
    let (cases, spared) = (page["cases"].as_u64().unwrap_or_default(), page["spared"].as_u64().unwrap_or_default());
    assert!(code == Some(1) && cases + spared == 3_000 && spared > 100, "{page:#}");
    assert!(page["connections"].as_u64().is_some_and(|connections| connections < 600), "{page:#}");
    let id = page["findings"][0]["id"].as_str().expect("a finding").to_string();
    let (code, again) = self::page(&["--lab", "--bug", "code-unanswered", "--only", &id]);
    assert_eq!((code, &again["findings"][0]["says"]), (Some(1), &page["findings"][0]["says"]), "{again:#}");
}

/// The true name of it is what was passed over, and not the answer to what stood behind.
#[test]
fn a_call_abort_that_is_passed_over_is_named() {
    use sstp_diag::base::Micros;
    use sstp_diag::jobs::mutate::referee::Passed;
    use sstp_diag::wire::sstp::{Attribute, Message, MessageType};
    let bare = |kind| Message::bare(kind).emit();
    let request = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(1)).emit();
    let ack =
        Message::with(MessageType::CallConnectAck, Attribute::CryptoBindingRequest { hash_mask: 3, nonce: vec![1; 32].into() }).emit();
    let opens = b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n";
    let said = [
        (Side::Client, opens.to_vec()),
        (Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n".to_vec()),
        (Side::Client, request),
        (Side::Server, ack),
        (Side::Client, bare(MessageType::CallAbort)),
        (Side::Client, bare(MessageType::CallDisconnect)),
        (Side::Server, bare(MessageType::CallDisconnectAck)),
    ];
    let passed = said.into_iter().enumerate().map(|(at, (by, bytes))| Passed { at: Micros(at as u64 * 1_000), by, bytes }).collect();
    let verdict =
        Ride { passed, over: Micros(7_000), ..Ride::default() }.verdict(&World { patience: Duration::from_secs(10), ..World::default() });
    assert_eq!(verdict.faults.first().map(|fault| fault.says.as_str()), Some("Call Abort is passed over"), "{:?}", verdict.faults);
}

#[test]
fn the_help_has_the_exit_codes() {
    assert!(mutate(&["--help"]).1.contains("Exit codes: 0 nothing is wrong"));
}
