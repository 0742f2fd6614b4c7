//! Passing a connection on, byte by byte, under the rules about bytes, records and time.

use super::cut::{Cutter, Sizes};
use super::{Act, Rule, perform, write};
use crate::base::Side;
use crate::live::toxic::Resettable;
use crate::live::wiretap::Wired;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Passes everything on until both ends are done or a rule ends it.
pub(super) async fn run(client: Wired, server: TcpStream, ahead: Vec<u8>, rules: &[Rule]) {
    let now = Instant::now();
    let mut relay = Relay { client, server, rules, flow: Flow::new(rules), began: now, last: now, open: [true, true] };
    let act = match ahead.is_empty() || relay.pass(Side::Client, &ahead).await {
        true => relay.all().await,
        false => relay.flow.act.take(),
    };
    if let Some(act) = act {
        let Relay { client, server, .. } = relay;
        // The server is left in the dark, as it is behind most boxes.
        perform(act, client, b"-").await;
        drop(server);
    }
}

struct Relay<'a> {
    client: Wired,
    server: TcpStream,
    rules: &'a [Rule],
    flow: Flow,
    began: Instant,
    last: Instant,
    /// The client may still say something, the server too.
    open: [bool; 2],
}

impl Relay<'_> {
    /// To the end; what is to be done then, if a rule says so.
    async fn all(&mut self) -> Option<Act> {
        let (mut from_client, mut from_server) = (vec![0; CHUNK], vec![0; CHUNK]);
        while self.open != [false, false] {
            let (due, act) = self.due();
            let (side, read) = tokio::select! {
                read = self.client.read(&mut from_client), if self.open[0] => (Side::Client, read),
                read = self.server.read(&mut from_server), if self.open[1] => (Side::Server, read),
                () = tokio::time::sleep_until(due) => return act,
            };
            match read {
                Ok(0) => self.ended(side).await,
                Ok(n) => {
                    let buffer = if side == Side::Client { &from_client } else { &from_server };
                    let bytes = buffer.get(..n).unwrap_or_default().to_vec();
                    if !self.pass(side, &bytes).await {
                        return self.flow.act.take();
                    }
                }
                Err(_) => {
                    // A reset at one end is one at the other.
                    self.client.reset_on_drop();
                    let _ = self.server.set_zero_linger();
                    return None;
                }
            }
        }
        None
    }

    /// Hands bytes over; false when it is over.
    async fn pass(&mut self, from: Side, bytes: &[u8]) -> bool {
        self.last = Instant::now();
        let segment = segment(self.client.socket()).unwrap_or(bytes.len());
        self.flow.look(from, bytes, segment, self.rules);
        if self.flow.act.is_some() {
            return false;
        }
        if self.flow.lost.get(usize::from(from == Side::Server)) == Some(&true) {
            return true;
        }
        if let Some(hold) = self.flow.hold(from, bytes.len(), self.rules) {
            tokio::time::sleep(hold).await;
        }
        match from {
            Side::Client => write(&mut self.server, bytes).await,
            Side::Server => write(&mut self.client, bytes).await,
        }
    }

    async fn ended(&mut self, side: Side) {
        match side {
            Side::Client => {
                self.open[0] = false;
                let _ = self.server.shutdown().await;
            }
            Side::Server => {
                self.open[1] = false;
                let _ = self.client.shutdown().await;
            }
        }
    }

    /// When time alone ends it, and how.
    fn due(&self) -> (Instant, Option<Act>) {
        let times = self.rules.iter().filter_map(|rule| match rule {
            Rule::Idle(time, act) => Some((self.last + *time, *act)),
            Rule::Lifetime(time, act) => Some((self.began + *time, *act)),
            _ => None,
        });
        let first = times.min_by_key(|row| row.0);
        first.map_or((Instant::now() + FAR, None), |(at, act)| (at, Some(act)))
    }
}

/// What a box knows of a connection.
struct Flow {
    cutters: [Cutter; 2],
    sizes: Sizes,
    sstp: bool,
    carried: [u64; 2],
    /// Encrypted records of each side.
    records: [u64; 2],
    /// Nothing that this side says arrives any more.
    lost: [bool; 2],
    chunks: u64,
    /// When each direction is free again, where there is a rate.
    free: [Option<Instant>; 2],
    act: Option<Act>,
}

impl Flow {
    fn new(_: &[Rule]) -> Flow {
        Flow {
            cutters: Default::default(),
            sizes: Sizes::default(),
            sstp: false,
            carried: [0, 0],
            records: [0, 0],
            lost: [false, false],
            chunks: 0,
            free: [None, None],
            act: None,
        }
    }

    /// Looks at bytes before they are passed on; `segment`: bytes that one packet holds.
    fn look(&mut self, from: Side, bytes: &[u8], segment: usize, rules: &[Rule]) {
        let place = usize::from(from == Side::Server);
        let records = self.cutters.get_mut(place).map(|cutter| cutter.push(bytes)).unwrap_or_default();
        let mut login = false;
        for len in &records {
            self.sstp |= self.sizes.push(from, *len);
            login |= from == Side::Client && self.sizes.is_login(*len);
        }
        if let Some(said) = self.records.get_mut(place) {
            *said += records.len() as u64;
        }
        let said = self.records;
        if let Some(carried) = self.carried.get_mut(place) {
            *carried += bytes.len() as u64;
        }
        let carried = self.carried;
        let loses = |rule: &Rule| match rule {
            Rule::PacketsOverFrom(side, most) => *side == from && bytes.len().min(segment) > *most,
            Rule::LosesFrom(side, most) => *side == from && carried.get(place).is_some_and(|carried| carried > most),
            Rule::LosesRecordsFrom(side, most) => *side == from && said.get(place).is_some_and(|said| said > most),
            _ => false,
        };
        if let Some(lost) = self.lost.get_mut(place) {
            *lost |= rules.iter().any(loses);
        }
        self.act = rules.iter().find_map(|rule| match rule {
            Rule::RecordsOver(most, act) if records.iter().any(|len| len > most) => Some(*act),
            Rule::RecordsBetween(least, most, act) if records.iter().any(|len| len > least && len <= most) => Some(*act),
            Rule::PacketsOver(most) if bytes.len().min(segment) > *most => Some(Act::Silence),
            Rule::SstpLogin(act) if login => Some(*act),
            Rule::RecordsFrom(side, most, act) if said.get(usize::from(*side == Side::Server)).is_some_and(|said| said > most) => {
                Some(*act)
            }
            Rule::SstpSizes(act) if self.sstp => Some(*act),
            Rule::BytesFrom(Side::Client, most, act) if carried[0] > *most => Some(*act),
            Rule::BytesFrom(Side::Server, most, act) if carried[1] > *most => Some(*act),
            _ => None,
        });
    }

    /// It carries about as much up as down, as tunnels do, and neither pages nor uploads.
    fn both_ways(&self) -> bool {
        let [up, down] = self.carried;
        up > BOTH_WAYS && up * 2 > down && down * 2 > up
    }

    /// How long these bytes are held back. Each direction has a rate of its own, as shapers have one on each of their ports.
    fn hold(&mut self, from: Side, len: usize, rules: &[Rule]) -> Option<Duration> {
        self.chunks += 1;
        let now = Instant::now();
        let slowest = rules.iter().filter_map(|rule| match rule {
            Rule::Rate(rate) => Some(*rate),
            Rule::RateOfSstp(rate) if self.sstp => Some(*rate),
            Rule::RateOfTunnels(rate) if self.both_ways() => Some(*rate),
            _ => None,
        });
        let mut shaped = Duration::ZERO;
        if let (Some(rate), Some(free)) = (slowest.min(), self.free.get_mut(usize::from(from == Side::Server))) {
            // What was not used for a while is not saved up.
            let start = free.unwrap_or(now).max(now.checked_sub(SAVED).unwrap_or(now));
            let due = start + at_rate(len, rate);
            *free = Some(due);
            shaped = due.saturating_duration_since(now);
        }
        let spread = self.chunks.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let holds = rules.iter().map(|rule| match rule {
            Rule::Delay(time) => *time,
            Rule::Loss(nth, time) if spread.is_multiple_of(u64::from((*nth).max(1))) => *time,
            _ => Duration::ZERO,
        });
        Some(holds.sum::<Duration>() + shaped).filter(|hold| !hold.is_zero())
    }
}

fn at_rate(len: usize, rate: u64) -> Duration {
    Duration::from_secs_f64(len as f64 / rate.max(1) as f64)
}

/// Bytes that one segment of this connection holds at most.
fn segment(stream: &TcpStream) -> io::Result<usize> {
    socket2::SockRef::from(stream).tcp_mss().map(|size| size as usize)
}

/// Ours: a direction that waited for the other one does not wait again.
const SAVED: Duration = Duration::from_millis(50);
/// Ours: bytes up from which a connection may be called a tunnel.
const BOTH_WAYS: u64 = 6_000;
/// Ours: bytes read at a time.
const CHUNK: usize = 16 * 1024;
/// Ours: without a rule about time nothing is due for a day.
const FAR: Duration = Duration::from_secs(86_400);
