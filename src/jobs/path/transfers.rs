//! What carries bytes through a call that stands, and through TLS beside it: echoes of several lengths, series of them, pages.

use super::arms::{nowhere, opened, request, stream, whom};
use super::crew::{Brought, Crew, Ground};
use super::walk::{self, Carried, Walk};
use crate::base::{Layer, Micros};
use crate::live::shots::{self, Knobs};
use crate::transcript::trial::{Arm, BULK_ECHO, ECHO_SIZES, Ending, Saw};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// Echoes of rising length on one call; the value is the longest that came back.
pub(super) async fn sizes(crew: &Crew, ground: &Ground, arm: Arm) -> Brought {
    let (mut walk, mut saw) = match opened(crew, ground, false, (arm == Arm::EchoShortSegments).then_some(SHORT)).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    saw.value = Some(0);
    let mut slowest = Duration::ZERO;
    for size in ECHO_SIZES {
        let asked = crew.clock.now();
        let (carried, ending) = walk.echoes(size, 1, 1).await;
        let took = (crew.clock.now() - asked).duration();
        let ending = match ending {
            None if carried.bytes > 0 => {
                slowest = slowest.max(took);
                saw.value = Some(size as u64);
                continue;
            }
            Some(Ending::Silence) if saw.value == Some(0) && walk.is_ignored() => Ending::ignores_echoes(),
            // The others came at once: this one was lost before the server's own timer ended the call.
            Some(ending) if ending.is_servers_word() && saw.value > Some(0) && took >= walk::lost_after(slowest) => Ending::Silence,
            ending => ending.unwrap_or(Ending::Silence),
        };
        saw.said = Some(walk.said());
        return Brought { reached: Some(Layer::Lcp), ending, saw };
    }
    walk.leave().await;
    Brought { reached: Some(Layer::Lcp), ending: Ending::Answered, saw }
}

pub(super) async fn bulk(crew: &Crew, ground: &Ground, arm: Arm) -> Brought {
    let (mut walk, mut saw) = match opened(crew, ground, arm == Arm::BulkSplit, None).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    // How fast answers come that carry next to nothing: a server may give one at each of its ticks.
    let (short, ended) = walk.echoes_for(SHORT_ECHO, SHORT_ECHOES, WINDOW, crew.config.bulk_time / 4).await;
    if let Some(ending) = ended {
        (saw.bytes, saw.within, saw.said) = (Some(short.bytes), Some(short.within), Some(walk.said()));
        let ending = if short.bytes == 0 && ending == Ending::Silence && walk.is_ignored() { Ending::ignores_echoes() } else { ending };
        return Brought { reached: Some(Layer::Lcp), ending, saw };
    }
    if short.bytes < SHORT_ECHOES * SHORT_ECHO as u64 {
        walk.leave().await;
        let ending = Ending::Ours("the server takes its time for each echo, whatever its length: no measure of speed".into());
        return Brought { reached: Some(Layer::Lcp), ending, saw };
    }
    if in_ticks(&mut walk, &short, &saw).await {
        walk.leave().await;
        let ending = Ending::Ours("the server answers echoes at its ticks, whatever their length: no measure of speed".into());
        return Brought { reached: Some(Layer::Lcp), ending, saw };
    }
    saw.beat = Some(Micros(short.within.0 / SHORT_ECHOES));
    let (carried, ending) = walk.echoes_for(BULK_ECHO, crew.config.bulk / BULK_ECHO as u64 + 1, WINDOW, crew.config.bulk_time).await;
    (saw.bytes, saw.within, saw.gap, saw.run) = (Some(carried.bytes), Some(carried.within), Some(carried.gap), carried.run);
    if ending.is_none() {
        saw.half = half(crew, &mut walk).await;
        walk.leave().await;
    } else {
        // Where it stopped is told by all that went before.
        (saw.bytes, saw.said) = (Some(short.bytes + carried.bytes), Some(walk.said()));
    }
    Brought { reached: Some(Layer::Lcp), ending: ending.unwrap_or(Ending::Answered), saw }
}

/// The server answers at ticks of its own: of a few single echoes, each asked right behind an answer, some are waited for half as long at
/// least as the longest pause between two answers was before (which a busy machine lengthens), and much longer than anything else takes
/// here. A packet that was lost is not lost so often, and a tick that comes at once is followed by one that does not.
async fn in_ticks<S: AsyncRead + AsyncWrite + Unpin>(walk: &mut Walk<S>, short: &Carried, saw: &Saw) -> bool {
    let round_trip = saw.connect.max(saw.first).unwrap_or_default().duration();
    let long = TICK.max(round_trip * 4).max(short.gap.duration() / 2);
    let mut ticks = 0;
    for _ in 0..SINGLES {
        let (one, ended) = walk.echoes(SHORT_ECHO, 1, 1).await;
        if ended.is_some() {
            return false;
        }
        ticks += u32::from(one.within.duration() >= long);
        if ticks == TICKS {
            return true;
        }
    }
    false
}

/// Time of one echo of half the length: a line takes half as long for it, a server that answers at its ticks as long.
async fn half<S: AsyncRead + AsyncWrite + Unpin>(crew: &Crew, walk: &mut Walk<S>) -> Option<Micros> {
    // Behind the answer to this one nothing of the long series is under way any more.
    let (short, ended) = walk.echoes(SHORT_ECHO, 1, 1).await;
    if short.bytes == 0 || ended.is_some() {
        return None;
    }
    let size = BULK_ECHO / 2;
    let (halves, ended) = walk.echoes_for(size, SHORT_ECHOES, WINDOW, crew.config.bulk_time / 4).await;
    let count = halves.bytes / size as u64;
    (count >= WINDOW && ended.is_none()).then(|| Micros(halves.within.0 / count))
}

/// As many bytes as the echoes of rising length have, in short ones.
pub(super) async fn many(crew: &Crew, ground: &Ground) -> Brought {
    let (mut walk, mut saw) = match opened(crew, ground, false, None).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    let (carried, ending) = walk.echoes_for(MANY_SIZE, MANY, MANY_AT_ONCE, crew.config.bulk_time).await;
    (saw.bytes, saw.within) = (Some(carried.bytes), Some(carried.within));
    let ending = match ending {
        Some(Ending::Silence) if carried.bytes == 0 && walk.is_ignored() => Ending::ignores_echoes(),
        Some(ending) => ending,
        None if carried.bytes < MANY * MANY_SIZE as u64 => {
            Ending::Ours("the server takes its time for each echo, whatever its length".into())
        }
        None => Ending::Answered,
    };
    match ending {
        Ending::Answered => walk.leave().await,
        _ => saw.said = Some(walk.said()),
    }
    Brought { reached: Some(Layer::Lcp), ending, saw }
}

/// The page at `/` again and again in one TLS connection, several asked for at a time: bytes that are no tunnel's.
pub(super) async fn pages(crew: &Crew, ground: &Ground) -> Brought {
    let (mut walk, mut saw) = match stream(crew, ground, None).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    let (carried, ending) = walk.pages(&request(crew, Arm::Get), crew.config.bulk, WINDOW, crew.config.bulk_time).await;
    (saw.bytes, saw.within) = (Some(carried.bytes), Some(carried.within));
    // A server that ends the connection behind an answer or two is no measure.
    let ending = match ending {
        Some(ending) if carried.bytes < ENOUGH => {
            Ending::Ours(format!("the server gives no more pages in one connection: {}", ending.word()))
        }
        Some(ending) => ending,
        None => Ending::Answered,
    };
    Brought { reached: Some(Layer::Http), ending, saw }
}

/// Requests that are longer than their answers: bytes that go up, and are no tunnel's. Counted are those that were answered.
pub(super) async fn uploads(crew: &Crew, ground: &Ground) -> Brought {
    let (mut walk, mut saw) = match stream(crew, ground, None).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    let request = request(crew, Arm::BulkUp);
    let most = crew.config.bulk / PART;
    let (carried, ending) = walk.pages_of(&request, (u64::MAX, most), WINDOW, crew.config.bulk_time / 2).await;
    let bytes = carried.answers * request.len() as u64;
    (saw.bytes, saw.within) = (Some(bytes), Some(carried.within));
    let ending = match ending {
        Some(ending) if bytes < ENOUGH => {
            Ending::Ours(format!("the server takes no more long requests in one connection: {}", ending.word()))
        }
        None if bytes < ENOUGH / 2 => Ending::Ours("the server took too few long requests".into()),
        Some(ending) => ending,
        None => Ending::Answered,
    };
    Brought { reached: Some(Layer::Http), ending, saw }
}

/// The same as without, in TCP segments of that many bytes at most.
pub(super) async fn in_segments(crew: &Crew, arm: Arm, length: u32) -> Brought {
    let ground = crew.ground();
    let Some(route) = &ground.route else { return nowhere() };
    if arm == Arm::TlsSegment {
        let knobs = Knobs { segment: Some(length), port: None };
        return match shots::secure(route, &whom(crew, false), knobs, crew.patience()).await {
            Ok((secure, saw)) => {
                secure.close().await;
                Brought { reached: Some(Layer::Tls), ending: Ending::Answered, saw }
            }
            Err(missed) => (*missed).into(),
        };
    }
    let (mut walk, saw) = match opened(crew, &ground, false, Some(length)).await {
        Ok(made) => made,
        Err(brought) => return brought,
    };
    let longest = ECHO_SIZES.into_iter().max().unwrap_or_default();
    let ending = match walk.echoes(longest, 1, 1).await {
        (_, None) => Ending::Answered,
        (_, Some(ending)) => ending,
    };
    if ending == Ending::Answered {
        walk.leave().await;
    }
    Brought { reached: Some(Layer::Lcp), ending, saw }
}

/// RFC 9293 3.7.1: the default send MSS of IPv4, which every path carries.
pub(super) const SHORT: u32 = 536;
/// Ours: a pause that is this long may be a tick of the server's.
const TICK: Duration = Duration::from_millis(150);
/// Ours: so many single echoes are asked for.
const SINGLES: u32 = 4;
/// Ours: and it is a tick if so many of them had to wait.
const TICKS: u32 = 2;
/// RFC 1661 5.8: an echo of this length has a magic number and little else.
const SHORT_ECHO: usize = 16;
/// Ours: so many short echoes tell how fast a server answers.
const SHORT_ECHOES: u64 = 16;
/// Ours: bytes of pages from which a rate may be told.
const ENOUGH: u64 = 16 * 1024;
/// Ours: long requests carry a part of the bytes that pages do, and up.
const PART: u64 = 4;
/// Ours: echoes, or pages, under way at a time.
const WINDOW: u64 = 8;
/// Ours: length of many short echoes, in bytes.
const MANY_SIZE: usize = 128;
/// Ours: so many of them have more bytes, on the wire too, than all of [`ECHO_SIZES`].
const MANY: u64 = 64;
/// Ours: so many of them fit in one short packet.
const MANY_AT_ONCE: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::clock::Clock;
    use crate::wire::control::{self, Packet};
    use crate::wire::ppp::{Body, Frame};
    use crate::wire::sstp::{self, Framer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    /// The far end: it answers all the echoes that came in one piece after such a pause.
    async fn far_end(mut stream: DuplexStream, pause: fn(usize) -> u64) {
        let (mut framer, mut bytes) = (Framer::default(), [0; 4096]);
        for piece in 0.. {
            let Ok(length @ 1..) = stream.read(&mut bytes).await else { return };
            tokio::time::sleep(Duration::from_millis(pause(piece))).await;
            framer.push(&bytes[..length]);
            while let Ok(Some(packet)) = framer.next_packet() {
                let Body::Lcp(asked) = Frame::parse(&packet[sstp::HEADER_LEN..]).expect("a frame").body else { continue };
                let reply = Frame::lcp(Packet { code: control::ECHO_REPLY, ..asked });
                stream.write_all(&sstp::emit_data(&reply.emit())).await.expect("it is read");
            }
        }
    }

    async fn ticks(pause: fn(usize) -> u64, round_trip: u64) -> bool {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let far = tokio::spawn(far_end(theirs, pause));
        let mut walk = Walk::new(ours, Clock::start(), Duration::from_secs(3));
        let (short, ended) = walk.echoes(SHORT_ECHO, SHORT_ECHOES, WINDOW).await;
        assert!(ended.is_none() && short.answers == SHORT_ECHOES);
        let saw = Saw { first: Some(Micros(round_trip * 1000)), ..Saw::default() };
        let told = in_ticks(&mut walk, &short, &saw).await;
        far.abort();
        told
    }

    #[tokio::test]
    async fn a_server_that_answers_at_its_ticks_is_no_measure_of_speed() {
        assert!(ticks(|_| 200, 2).await);
        assert!(!ticks(|_| 0, 2).await, "it answers at once");
        assert!(!ticks(|piece| if piece == 1 { 300 } else { 0 }, 2).await, "a packet was lost, once");
        assert!(!ticks(|_| 200, 180).await, "the way is as long");
    }
}
