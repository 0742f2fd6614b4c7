//! Two sessions on one pretend wire, time as a variable: everything above TLS in milliseconds.

use super::plan::Plan;
use super::session::{Input, Machine, Output, Session};
use crate::base::{Micros, Side};
use crate::transcript::{Event, How};
use std::time::Duration;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Run {
    /// Events as the client's session told them.
    pub client: Vec<Event>,
    /// Events as the server's session told them.
    pub server: Vec<Event>,
    /// Both sessions ended before the time was up.
    pub ended: bool,
}

/// What passes on the pretend wire.
#[derive(Clone, Copy, Debug)]
pub enum Passing<'a> {
    /// One write.
    Bytes(&'a [u8]),
    /// The end of the connection.
    Closed(How),
}

/// Runs two plans against each other until both have ended or `limit` of pretend time is over. The wire is instant; a
/// write arrives whole.
pub fn run(client: Plan, server: Plan, limit: Duration) -> Run {
    run_tapped(client, server, limit, &mut |_, _, _| {})
}

/// The same, with a tap that hears of everything on the wire.
pub fn run_tapped(client: Plan, server: Plan, limit: Duration, tap: &mut dyn FnMut(Micros, Side, Passing<'_>)) -> Run {
    let session = |plan| Box::new(Session::new(plan, Micros::ZERO));
    run_machines(session(client), session(server), limit, tap)
}

/// The same for any two machines.
pub fn run_machines(
    client: Box<dyn Machine>,
    server: Box<dyn Machine>,
    limit: Duration,
    tap: &mut dyn FnMut(Micros, Side, Passing<'_>),
) -> Run {
    let mut now = Micros::ZERO;
    let limit = Micros::ZERO + limit;
    let mut ends = [End::new(client, Side::Client), End::new(server, Side::Server)];
    let mut run = Run::default();
    loop {
        let [client, server] = &mut ends;
        let moved = client.pump(now, &mut run.client, server, tap) | server.pump(now, &mut run.server, client, tap);
        if moved {
            continue;
        }
        if client.done && server.done {
            run.ended = true;
            return run;
        }
        let due = client.due.min(server.due);
        if due > limit {
            return run;
        }
        now = due.max(now);
        for end in &mut ends {
            if end.due <= now && !end.done {
                end.session.handle(now, Input::Tick);
                end.due = Micros::MAX;
            }
        }
    }
}

struct End {
    session: Box<dyn Machine>,
    side: Side,
    due: Micros,
    done: bool,
}

impl End {
    fn new(session: Box<dyn Machine>, side: Side) -> End {
        End { session, side, due: Micros::ZERO, done: false }
    }

    /// Carries out what the session wants now; says whether anything moved.
    fn pump(&mut self, now: Micros, events: &mut Vec<Event>, other: &mut End, tap: &mut dyn FnMut(Micros, Side, Passing<'_>)) -> bool {
        let mut moved = false;
        while !self.done {
            match self.session.poll() {
                Output::Send(bytes) => {
                    tap(now, self.side, Passing::Bytes(&bytes));
                    other.session.handle(now, Input::Bytes { from: self.side, bytes: &bytes });
                }
                Output::Event(event) => events.push(*event),
                Output::Close => {
                    tap(now, self.side, Passing::Closed(How::CloseNotify));
                    other.session.handle(now, Input::Closed { from: self.side, how: How::CloseNotify });
                }
                Output::Wait(due) => {
                    self.due = due;
                    break;
                }
                Output::Done => (self.done, self.due) = (true, Micros::MAX),
            }
            moved = true;
        }
        moved
    }
}

#[cfg(test)]
mod tests;
