//! One SSTP call in memory: two sessions, TLS between them, and a wire that writes down every byte. Time is a variable.

use super::GenerateError;
use super::tls::Tls;
use crate::base::{Layer, Micros, Secret, Side};
use crate::capture::wire::{Shape, Wire};
use crate::capture::write::Packets;
use crate::jobs::lab::USERS;
use crate::jobs::lab::pki::NAME;
use crate::proto::Rng;
use crate::proto::plan::{Account, ClientConfig, Credentials, Method, Mind, Plan, ServerConfig};
use crate::proto::{Input, Output, Session};
use crate::transcript::{How, What};
use crate::wire::sstp;
use rustls::Connection;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// Who calls whom, when, and how the bytes are cut.
pub(super) struct Setting {
    pub client: SocketAddr,
    pub server: SocketAddr,
    /// Microseconds since 1970-01-01 UTC.
    pub began: i64,
    pub seed: u64,
    pub shape: Shape,
    /// Plaintext bytes of a TLS record at most.
    pub record: usize,
}

/// How many SSTP packets were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Calls.
    pub calls: u64,
    /// Control packets. MS-SSTP 2.2.2.
    pub control: u64,
    /// Data packets. MS-SSTP 2.2.3.
    pub data: u64,
}

impl Sent {
    fn note(&mut self, mut packets: &[u8]) {
        while let Some(header) = sstp::Header::parse(packets) {
            *(if header.control { &mut self.control } else { &mut self.data }) += 1;
            let len = packets.get(2..4).map_or(0, |len| usize::from(len[0] & 0x0f) << 8 | usize::from(len[1]));
            packets = packets.get(len.max(sstp::HEADER_LEN)..).unwrap_or_default();
        }
    }
}

/// Where to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The client has an address.
    Network,
    /// Both have closed.
    End,
}

/// The call.
pub(super) struct Call<'a> {
    tls: &'a Tls,
    client: End,
    server: End,
    wire: Wire,
    rng: Rng,
    began: i64,
    now: Micros,
    record: usize,
    pub sent: Sent,
    cipher: Vec<u8>,
    plain: Vec<u8>,
}

struct End {
    session: Session,
    tls: Connection,
    due: Micros,
    done: bool,
    network: bool,
    /// The HTTP head is out; what follows is SSTP.
    spoke: bool,
}

impl<'a> Call<'a> {
    /// A call whose TCP connection has just been made.
    pub fn open(tls: &'a Tls, setting: &Setting, out: &mut dyn Packets) -> Result<Call<'a>, GenerateError> {
        let (client, server) = tls.connect()?;
        let end = |tls, mind| End {
            session: Session::new(Plan { mind, edits: Vec::new(), toxics: Vec::new(), seed: setting.seed }, Micros::ZERO),
            tls,
            due: Micros::ZERO,
            done: false,
            network: false,
            spoke: false,
        };
        let mut call = Call {
            tls,
            client: end(client, Mind::Client(client_config(tls))),
            server: end(server, Mind::Server(server_config(tls))),
            wire: Wire::new(setting.client, setting.server, setting.seed as u32, setting.shape),
            rng: Rng::new(setting.seed),
            began: setting.began,
            now: Micros::ZERO,
            record: setting.record.max(1),
            sent: Sent { calls: 1, ..Sent::default() },
            cipher: Vec::new(),
            plain: Vec::new(),
        };
        call.wire.syn(call.at(), out)?;
        call.passes();
        call.wire.accepted(call.at(), out)?;
        Ok(call)
    }

    /// Lets both ends talk.
    pub fn run(&mut self, until: Until, out: &mut dyn Packets) -> Result<(), GenerateError> {
        loop {
            let moved = self.pump(Side::Client, until, out)? | self.pump(Side::Server, until, out)?;
            if until == Until::Network && self.client.network || self.client.done && self.server.done {
                return Ok(());
            }
            if moved {
                continue;
            }
            let due = self.client.due.min(self.server.due);
            if due > LIMIT {
                return Err(GenerateError::Stuck);
            }
            self.now = self.now.max(due);
            for end in [&mut self.client, &mut self.server] {
                if end.due <= self.now && !end.done {
                    end.session.handle(self.now, Input::Tick);
                    end.due = Micros::MAX;
                }
            }
        }
    }

    /// Hands plaintext to TLS, in records of at most the size that was asked for.
    pub fn write(&mut self, from: Side, plain: &[u8]) -> Result<(), GenerateError> {
        let record = self.record;
        let tls = &mut self.end(from).tls;
        plain.chunks(record).try_for_each(|piece| tls.writer().write_all(piece))?;
        Ok(())
    }

    /// Bulk data: what is written so far goes over the wire and nobody reads it.
    pub fn send_past_the_sessions(&mut self, from: Side, out: &mut dyn Packets) -> Result<(), GenerateError> {
        self.carry(from, out).map(drop)
    }

    /// Both ends change their keys. RFC 8446 4.6.3.
    pub fn update_keys(&mut self, out: &mut dyn Packets) -> Result<(), GenerateError> {
        for side in [Side::Client, Side::Server] {
            self.end(side).tls.refresh_traffic_keys()?;
            self.carry(side, out)?;
        }
        Ok(())
    }

    /// The present time, microseconds since 1970-01-01 UTC.
    pub fn at(&self) -> i64 {
        self.began.saturating_add_unsigned(self.now.0)
    }

    /// Time goes by.
    pub fn pause(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// So long takes a message to the other end and what is done there.
    fn passes(&mut self) {
        let time = Duration::from_micros(150 + self.rng.next_u64() % 700);
        self.pause(time);
    }

    fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Carries out what one end wants now; says whether anything moved.
    fn pump(&mut self, side: Side, until: Until, out: &mut dyn Packets) -> Result<bool, GenerateError> {
        let mut moved = self.flush(side, out)?;
        while !self.end(side).tls.is_handshaking() && !self.end(side).done {
            match self.end(side).session.poll() {
                Output::Send(bytes) => {
                    if std::mem::replace(&mut self.end(side).spoke, true) {
                        self.sent.note(&bytes);
                    }
                    self.write(side, &bytes)?;
                    self.flush(side, out)?;
                }
                Output::Event(event) => {
                    self.end(side).network |= event.layer == Layer::Ncp && event.what == What::Up;
                    if until == Until::Network && self.end(side).network {
                        return Ok(true);
                    }
                }
                Output::Close => {
                    self.end(side).tls.send_close_notify();
                    self.flush(side, out)?;
                    self.wire.end(self.at(), side, false, out)?;
                }
                Output::Wait(due) => {
                    self.end(side).due = due;
                    return Ok(moved);
                }
                Output::Done => self.end(side).done = true,
            }
            moved = true;
        }
        Ok(moved)
    }

    /// Carries what one end has to say, and lets the session of the other read it.
    fn flush(&mut self, from: Side, out: &mut dyn Packets) -> Result<bool, GenerateError> {
        let Some(closed) = self.carry(from, out)? else { return Ok(false) };
        let (now, plain) = (self.now, std::mem::take(&mut self.plain));
        let session = &mut self.end(from.other()).session;
        if !plain.is_empty() {
            session.handle(now, Input::Bytes { from, bytes: &plain });
        }
        if closed {
            session.handle(now, Input::Closed { from, how: How::CloseNotify });
        }
        self.plain = plain;
        Ok(true)
    }

    /// Moves records from one end to the other, over the wire; the plaintext is in `plain` then. `None`: there were none.
    /// Otherwise whether they said that no more will come.
    fn carry(&mut self, from: Side, out: &mut dyn Packets) -> Result<Option<bool>, GenerateError> {
        self.cipher.clear();
        self.plain.clear();
        let (me, peer) = match from {
            Side::Client => (&mut self.client.tls, &mut self.server.tls),
            Side::Server => (&mut self.server.tls, &mut self.client.tls),
        };
        while me.wants_write() {
            me.write_tls(&mut self.cipher)?;
        }
        if self.cipher.is_empty() {
            return Ok(None);
        }
        let keys = self.tls.new_keys();
        if !keys.is_empty() {
            out.secrets(keys.as_bytes())?;
        }
        let at = self.began.saturating_add_unsigned(self.now.0);
        self.wire.bytes(at, from, &self.cipher, out)?;
        let (mut records, mut closed) = (self.cipher.as_slice(), false);
        while !records.is_empty() {
            peer.read_tls(&mut records)?;
            let state = peer.process_new_packets()?;
            let had = self.plain.len();
            self.plain.resize(had + state.plaintext_bytes_to_read(), 0);
            peer.reader().read_exact(self.plain.get_mut(had..).unwrap_or_default())?;
            closed |= state.peer_has_closed();
        }
        self.passes();
        Ok(Some(closed))
    }
}

fn client_config(tls: &Tls) -> ClientConfig {
    let (user, password) = USERS[0];
    ClientConfig {
        credentials: Some(Credentials { user: user.into(), password: Secret::new(password.into()) }),
        methods: vec![Method::MsChapV2],
        ..ClientConfig::new(NAME, tls.hashes)
    }
}

fn server_config(tls: &Tls) -> ServerConfig {
    let account = |(name, password): (&str, &str)| Account { name: name.into(), password: Secret::new(password.into()), error: None };
    ServerConfig { cert: tls.hashes, accounts: USERS.map(account).to_vec(), ..ServerConfig::default() }
}

/// Ours: a call takes no longer, in pretend time.
const LIMIT: Micros = Micros(3_600_000_000_000);
