//! The steps of a call that experiments need: HTTP, the Call Connect exchange, LCP, echoes. Nobody logs in.

use crate::base::{Layer, Micros};
use crate::live::clock::Clock;
use crate::transcript::trial::Ending;
use crate::wire::control::{self, Packet};
use crate::wire::http::{Head, Parsed};
use crate::wire::ncp::MAGIC;
use crate::wire::ppp::{Body, Frame};
use crate::wire::sstp::{self, Attribute, Framer, Header, Message, MessageType};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// One end of a call.
pub(super) struct Walk<S> {
    stream: S,
    framer: Framer,
    clock: Clock,
    patience: Duration,
    /// Frames that came and were not asked for yet.
    frames: VecDeque<Frame>,
    acked: bool,
    next_id: u8,
    /// Length of echoes of which some are still under way, and nobody waits for them.
    given_up: Option<usize>,
    /// Something came since the last echo went out.
    spoken: bool,
    /// Messages that went out.
    said: u64,
    magic: [u8; 4],
}

/// What echoes brought.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Carried {
    /// Bytes of PPP that came back.
    pub bytes: u64,
    /// Time from the first that was sent to the last that came.
    pub within: Micros,
    /// The longest time between two that came.
    pub gap: Micros,
    /// The shortest time in which [`RUN`] of them came in a row.
    pub run: Option<Micros>,
    /// Requests that were answered.
    pub answers: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Walk<S> {
    pub fn new(stream: S, clock: Clock, patience: Duration) -> Walk<S> {
        Walk {
            stream,
            framer: Framer::default(),
            clock,
            patience,
            frames: VecDeque::new(),
            acked: false,
            next_id: 1,
            given_up: None,
            spoken: false,
            said: 0,
            magic: [0x73, 0x64, 0x69, 0x61],
        }
    }

    /// Sends a request as it stands and reads the head of the answer, and what came right behind it.
    pub async fn ask(&mut self, request: &[u8]) -> Result<(Head, Vec<u8>, Micros), Ending> {
        timeout(self.patience, self.answer_to(request)).await.unwrap_or(Err(Ending::Silence))
    }

    async fn answer_to(&mut self, request: &[u8]) -> Result<(Head, Vec<u8>, Micros), Ending> {
        let began = self.clock.now();
        self.write(request).await?;
        let mut got = Vec::new();
        loop {
            match Head::parse_response(Layer::Http, &got) {
                Ok(Parsed::Whole(head, len)) => {
                    let first = self.clock.now() - began;
                    let rest = got.split_off(len);
                    self.framer.push(&rest);
                    return Ok((head, rest, first));
                }
                Ok(Parsed::Partial) => {}
                Err(error) => return Err(Ending::Broken(error.to_string())),
            }
            got.extend(self.read().await?);
        }
    }

    /// More of a body as far as it comes soon.
    pub async fn body(&mut self, mut have: Vec<u8>) -> Vec<u8> {
        if have.is_empty() {
            have.extend(timeout(SOON, self.read()).await.ok().and_then(Result::ok).unwrap_or_default());
        }
        have
    }

    /// Call Connect Request and its Ack. `split`: the request goes in two TLS records.
    pub async fn connect(&mut self, split: bool) -> Result<(), Ending> {
        let request = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(sstp::ENCAPSULATED_PPP)).emit();
        let half = if split { request.len() / 2 } else { request.len() };
        let (one, two) = request.split_at(half);
        self.write(one).await?;
        if !two.is_empty() {
            self.write(two).await?;
        }
        let within = self.patience;
        let acked = async {
            while !self.acked {
                self.more().await?;
            }
            Ok(())
        };
        timeout(within, acked).await.unwrap_or(Err(Ending::Silence))
    }

    /// LCP to its Opened state: whatever the server asks for is taken. RFC 1661 4.1.
    pub async fn lcp(&mut self) -> Result<(), Ending> {
        timeout(self.patience, self.negotiated()).await.unwrap_or(Err(Ending::Silence))
    }

    async fn negotiated(&mut self) -> Result<(), Ending> {
        let ours = [control::Opt::new(MAGIC, self.magic)];
        self.send(Packet::with_options(control::CONFIGURE_REQUEST, 1, &ours)).await?;
        let (mut taken, mut given) = (false, false);
        while !(taken && given) {
            let frame = self.frame().await?;
            let Body::Lcp(packet) = frame.body else { continue };
            match packet.code {
                control::CONFIGURE_REQUEST => {
                    self.send(Packet { code: control::CONFIGURE_ACK, ..packet }).await?;
                    given = true;
                }
                control::CONFIGURE_ACK => taken = true,
                control::CONFIGURE_NAK | control::CONFIGURE_REJECT => {
                    self.magic = [0; 4];
                    self.send(Packet::with_options(control::CONFIGURE_REQUEST, 2, &[])).await?;
                }
                control::TERMINATE_REQUEST => return Err(Ending::by_server("ended LCP")),
                _ => {}
            }
        }
        Ok(())
    }

    /// Echoes of so many bytes of PPP each, `count` of them, `window` under way at a time; what came back, and how it ended if not well.
    pub async fn echoes(&mut self, size: usize, count: u64, window: u64) -> (Carried, Option<Ending>) {
        self.echoes_for(size, count, window, Duration::MAX).await
    }

    /// The same, and when so much time has passed the next answer is the last that is waited for: a server may take a tick for each.
    pub async fn echoes_for(&mut self, size: usize, count: u64, window: u64, most: Duration) -> (Carried, Option<Ending>) {
        let began = self.clock.now();
        let (mut carried, mut sent, mut back) = (Carried::default(), 0, 0);
        let mut latest = VecDeque::with_capacity(RUN);
        while back < count {
            while sent < count && sent - back < window {
                if let Err(ending) = self.echo(size).await {
                    return (carried, Some(ending));
                }
                sent += 1;
            }
            let left = most.saturating_sub((self.clock.now() - began).duration());
            let asked = self.clock.now();
            // An answer is waited for, and not whatever else the server says meanwhile.
            let (replied, over) = match timeout(left.min(self.patience), self.reply(size)).await {
                Ok(replied) => (replied, false),
                Err(_) => (timeout(self.patience.saturating_sub(left), self.reply(size)).await.unwrap_or(Err(Ending::Silence)), true),
            };
            let waited = (self.clock.now() - asked).duration();
            match replied {
                Ok(len) => {
                    let within = self.clock.now() - began;
                    let gap = (within - carried.within).max(carried.gap);
                    let first = if latest.len() < RUN { None } else { latest.pop_front() };
                    let run = first.map(|first| within - first).into_iter().chain(carried.run).min();
                    latest.push_back(within);
                    carried = Carried { bytes: carried.bytes + len as u64, within, gap, run, answers: back + 1 };
                    back += 1;
                    if over {
                        self.given_up = Some(size).filter(|_| sent > back);
                        return (carried, None);
                    }
                }
                // The others came at once: this one was lost before the server's own timer ended the call.
                Err(ending) if back > 0 && ending.is_servers_word() && waited >= lost_after(carried.gap.duration()) => {
                    return (carried, Some(Ending::Silence));
                }
                Err(ending) => return (carried, Some(ending)),
            }
        }
        (carried, None)
    }

    /// The server says something, and answers no echo.
    pub fn is_ignored(&self) -> bool {
        self.spoken
    }

    /// Messages that went out.
    pub fn said(&self) -> u64 {
        self.said
    }

    /// Answers to this request, `window` under way at a time, until so many bytes came or so much time has passed; what came, and how it
    /// ended if not well.
    pub async fn pages(&mut self, request: &[u8], most: u64, window: u64, time: Duration) -> (Carried, Option<Ending>) {
        self.pages_of(request, (most, u64::MAX), window, time).await
    }

    /// The same, until so many bytes came or so many of requests were answered.
    pub async fn pages_of(&mut self, request: &[u8], most: (u64, u64), window: u64, time: Duration) -> (Carried, Option<Ending>) {
        let (most, most_up) = (most.0, most.1 / request.len().max(1) as u64);
        let began = self.clock.now();
        let (mut carried, mut sent, mut back) = (Carried::default(), 0, 0);
        let mut got = Vec::new();
        while carried.bytes < most && back <= most_up && (self.clock.now() - began).duration() < time {
            while sent - back < window {
                if let Err(ending) = self.write(request).await {
                    return (carried, Some(ending));
                }
                sent += 1;
            }
            match self.read().await {
                Ok(bytes) => {
                    carried = Carried { bytes: carried.bytes + bytes.len() as u64, within: self.clock.now() - began, ..carried };
                    got.extend(bytes);
                }
                Err(ending) => return (carried, Some(ending)),
            }
            loop {
                match answer(&got) {
                    Ok(Some(len)) => {
                        got.drain(..len.min(got.len()));
                        back += 1;
                        carried.answers = back;
                    }
                    Ok(None) if got.len() <= MOST_ANSWER => break,
                    Ok(None) => return (carried, Some(Ending::Broken("an answer longer than a page".into()))),
                    Err(ending) => return (carried, Some(ending)),
                }
            }
        }
        (carried, None)
    }

    /// Waits so long, or until the call ends; how it ended then.
    pub async fn quiet(&mut self, time: Duration) -> Option<Ending> {
        let until = self.clock.instant(self.clock.now() + time);
        loop {
            match tokio::time::timeout_at(until, self.read_ever()).await {
                Err(_) => return None,
                Ok(Err(ending)) => return Some(ending),
                Ok(Ok(bytes)) => {
                    self.framer.push(&bytes);
                    if let Err(ending) = self.sort().await {
                        return Some(ending);
                    }
                }
            }
        }
    }

    /// Says goodbye, without waiting for an answer.
    pub async fn leave(mut self) {
        let bye = Message::bare(MessageType::CallDisconnect).emit();
        let _ = self.write(&bye).await;
        let _ = timeout(SOON, self.stream.shutdown()).await;
    }

    async fn echo(&mut self, size: usize) -> Result<(), Ending> {
        self.next_id = self.next_id.wrapping_add(1);
        self.spoken = false;
        let mut data = self.magic.to_vec();
        // RFC 1661 5.8: the header is 4 bytes, the magic number 4.
        data.resize(size.saturating_sub(4).max(4), 0x2e);
        self.send(Packet::new(control::ECHO_REQUEST, self.next_id, data)).await
    }

    /// The length of the next answer to an echo of that length; late ones to an earlier series are passed over.
    async fn reply(&mut self, size: usize) -> Result<usize, Ending> {
        loop {
            if let Body::Lcp(packet) = self.frame().await?.body
                && packet.code == control::ECHO_REPLY
            {
                let len = packet.data.len() + 4;
                if len == size || self.given_up != Some(len) {
                    return Ok(len);
                }
            }
        }
    }

    async fn frame(&mut self) -> Result<Frame, Ending> {
        loop {
            match self.frames.pop_front() {
                Some(frame) => return Ok(frame),
                None => self.more().await?,
            }
        }
    }

    /// Reads once and sorts what came.
    async fn more(&mut self) -> Result<(), Ending> {
        self.sort().await?;
        if self.acked && !self.frames.is_empty() {
            return Ok(());
        }
        let bytes = self.read().await?;
        self.spoken = true;
        self.framer.push(&bytes);
        self.sort().await
    }

    async fn sort(&mut self) -> Result<(), Ending> {
        let mut answers = Vec::new();
        loop {
            let packet = match self.framer.next_packet() {
                Ok(Some(packet)) => packet.to_vec(),
                Ok(None) => break,
                Err(_) => return Err(Ending::Broken(shown(self.framer.rest()))),
            };
            let Some(header) = Header::parse(&packet) else { break };
            if !header.control {
                let frame = Frame::parse(packet.get(sstp::HEADER_LEN..).unwrap_or_default());
                if let Some(frame) = frame.ok().filter(|_| self.frames.len() < MOST_FRAMES) {
                    answers.extend(self.own_business(&frame));
                    self.frames.push_back(frame);
                }
                continue;
            }
            match Message::parse(&packet).map(|message| message.kind) {
                Ok(MessageType::CallConnectAck) => self.acked = true,
                Ok(MessageType::EchoRequest) => answers.push(Message::bare(MessageType::EchoResponse).emit()),
                Ok(kind @ (MessageType::CallAbort | MessageType::CallDisconnect | MessageType::CallConnectNak)) => {
                    return Err(Ending::by_server(&format!("sent {}", kind.name())));
                }
                _ => {}
            }
        }
        for answer in answers {
            self.write(&answer).await?;
        }
        Ok(())
    }

    /// The answer to an echo of the server's.
    fn own_business(&self, frame: &Frame) -> Option<Vec<u8>> {
        let Body::Lcp(packet) = &frame.body else { return None };
        let data = [&self.magic, packet.data.get(4..).unwrap_or_default()].concat();
        let reply = Frame::lcp(Packet::new(control::ECHO_REPLY, packet.id, data)).emit();
        (packet.code == control::ECHO_REQUEST).then(|| sstp::emit_data(&reply))
    }

    async fn send(&mut self, packet: Packet) -> Result<(), Ending> {
        let bytes = sstp::emit_data(&Frame::lcp(packet).emit());
        self.write(&bytes).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        let all = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.patience, all).await {
            Err(_) => Err(Ending::Silence),
            Ok(Err(error)) => Err(ended(&error)),
            Ok(Ok(())) => {
                self.said += 1;
                Ok(())
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<u8>, Ending> {
        timeout(self.patience, self.read_ever()).await.unwrap_or(Err(Ending::Silence))
    }

    async fn read_ever(&mut self) -> Result<Vec<u8>, Ending> {
        let mut chunk = vec![0; 16 * 1024];
        match self.stream.read(&mut chunk).await {
            Ok(0) => Err(Ending::Closed),
            Ok(n) => {
                chunk.truncate(n);
                Ok(chunk)
            }
            Err(error) => Err(ended(&error)),
        }
    }
}

/// An answer that comes so late, or not before the server ends the call, is lost where the slowest one took that long.
pub(super) fn lost_after(slowest: Duration) -> Duration {
    LOST.max(slowest * MUCH_LONGER)
}

/// Length of the whole answer at the front of these bytes. Only bodies with a length are read: others have no end that is worth a wait.
fn answer(bytes: &[u8]) -> Result<Option<usize>, Ending> {
    match Head::parse_response(Layer::Http, bytes) {
        Ok(Parsed::Whole(head, len)) => {
            let body = head.header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
            let body =
                body.filter(|body| *body <= MOST_ANSWER).ok_or(Ending::Broken("an answer without a length, or a long one".into()))?;
            Ok(Some(len + body).filter(|whole| *whole <= bytes.len()))
        }
        Ok(Parsed::Partial) => Ok(None),
        Err(error) => Err(Ending::Broken(error.to_string())),
    }
}

fn ended(error: &io::Error) -> Ending {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => Ending::Reset,
        io::ErrorKind::UnexpectedEof => Ending::Closed,
        _ => Ending::Broken(error.to_string()),
    }
}

/// Bytes that are no SSTP, as text.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..bytes.len().min(16)).unwrap_or_default()).escape_debug().to_string()
}

/// Ours: what does not come so soon is not waited for.
const SOON: Duration = Duration::from_millis(200);
/// Ours: bytes of an answer that is still a page.
const MOST_ANSWER: usize = 1 << 20;
/// Ours: three windows of echoes: what a lost packet held back comes in one, and two more go at the pace of the way.
const RUN: usize = 24;
/// Ours: an answer is not lost in less time.
const LOST: Duration = Duration::from_secs(1);
/// Ours: so many times as long as the slowest answer before it.
const MUCH_LONGER: u32 = 4;
/// Ours: more frames are not kept.
const MOST_FRAMES: usize = 1024;
