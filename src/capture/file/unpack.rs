//! Compressed captures: gzip (RFC 1952) and Zstandard (RFC 8878), each with several members or frames.

use flate2::{Decompress, FlushDecompress, Status};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

/// RFC 1952 2.3.1: ID1, ID2, and deflate, the only method there is.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];
/// RFC 8878 3.1.1.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// RFC 8878 3.1.1.1.1.2: a decoder should take windows of 8 MB at least. Ours: no more, so that memory is bounded.
const MAX_WINDOW: u64 = 8 * 1024 * 1024;

/// RFC 1951 2: a window of 32 KiB.
const WINDOW_BITS: u8 = 15;

/// The bytes inside, whether or not they are compressed.
pub(super) fn unpack(mut source: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut front = Vec::with_capacity(4);
    while front.len() < 4 {
        let mut next = [0; 4];
        let room = next.get_mut(front.len()..).unwrap_or_default();
        match source.read(room) {
            Ok(0) => break,
            Ok(len) => front.extend_from_slice(room.get(..len).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let (gzip, zstd) = (front.starts_with(&GZIP), front == ZSTD || skippable(&front));
    let whole = Cursor::new(front).chain(source);
    Ok(match (gzip, zstd) {
        (true, _) => Box::new(Members::new(BufReader::new(whole))),
        (_, true) => Box::new(Frames::new(BufReader::new(whole))),
        _ => Box::new(whole),
    })
}

/// RFC 8878 3.1.2: magic numbers 0x184D2A50 to 0x184D2A5F.
fn skippable(front: &[u8]) -> bool {
    matches!(front, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

/// The members of a gzip file, one behind the other. Zeros behind the last one are padding, as gzip itself takes them. What was unpacked
/// before damage is given out.
struct Members<R> {
    source: R,
    member: Option<Decompress>,
    /// Why nothing can be read on.
    broken: Option<&'static str>,
}

impl<R: BufRead> Members<R> {
    fn new(source: R) -> Members<R> {
        Members { source, member: Some(Decompress::new_gzip(WINDOW_BITS)), broken: None }
    }

    /// Bytes that came of one step, and whether the member ends with them.
    fn step(&mut self, out: &mut [u8]) -> io::Result<(usize, bool)> {
        let Some(member) = &mut self.member else { return Ok((0, false)) };
        let front = self.source.fill_buf()?;
        let (ends, taken, given) = (front.is_empty(), member.total_in(), member.total_out());
        let status = member.decompress(front, out, FlushDecompress::None);
        let (taken, given) = ((member.total_in() - taken) as usize, (member.total_out() - given) as usize);
        self.source.consume(taken);
        match status {
            Ok(Status::StreamEnd) => return Ok((given, true)),
            Ok(_) if given > 0 || taken > 0 => {}
            Ok(_) if ends => self.broken = Some("the compressed data ends before its end"),
            Ok(_) | Err(_) => self.broken = Some("the compressed data is damaged"),
        }
        Ok((given, false))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.member.is_some() {
            if let Some(why) = self.broken {
                return Err(io::Error::new(ErrorKind::InvalidData, why));
            }
            let (given, over) = self.step(out)?;
            if over {
                self.member = if ends(&mut self.source)? { None } else { Some(Decompress::new_gzip(WINDOW_BITS)) };
            }
            if given > 0 {
                return Ok(given);
            }
        }
        Ok(0)
    }
}

/// Takes zeros; true when nothing stands behind them.
fn ends(source: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let front = source.fill_buf()?;
        let (len, zeros) = (front.len(), front.iter().take_while(|byte| **byte == 0).count());
        source.consume(zeros);
        if zeros < len || len == 0 {
            return Ok(len == 0);
        }
    }
}

/// The frames of a Zstandard file, one behind the other. The decoder at hand reads one frame. It gives out what lies
/// beyond the window, and the rest when the frame ends: packets of a stream that is still being compressed come late.
struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    inside: bool,
    /// Something was unpacked.
    began: bool,
    /// Why nothing can be read on.
    broken: Option<&'static str>,
}

impl<R: BufRead> Frames<R> {
    fn new(source: R) -> Frames<R> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Frames { source, decoder, inside: false, began: false, broken: None }
    }

    /// Begins the next frame, or passes one over that is not for us; false at the end.
    fn begin(&mut self) -> io::Result<bool> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        match self.decoder.init(&mut self.source) {
            Ok(()) => self.inside = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(true)
    }

    /// The next block. What was unpacked before a block that cannot be is given out all the same: the frame is ended there.
    fn block(&mut self) -> io::Result<()> {
        let one = || BlockDecodingStrategy::UptoBlocks(1);
        if self.decoder.decode_blocks(&mut self.source, one()).is_ok() {
            return Ok(());
        }
        let ends = self.source.fill_buf().is_ok_and(<[u8]>::is_empty);
        self.broken = Some(match ends {
            true if self.began => "the compressed data ends before its end",
            // RFC 8878 3.1.1.2.4: up to 128 KiB, which can be unpacked as a whole only.
            true => "the compressed data ends in its first block, of which nothing can be unpacked",
            false => "the compressed data is damaged",
        });
        self.decoder.decode_blocks(LAST_BLOCK, one()).map(|_| ()).map_err(|_| self.trouble())
    }

    /// The frame was given out whole: does it bear its checksum? RFC 8878 3.1.1.
    fn check(&mut self) {
        let (told, found) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        if self.broken.is_none() && told.is_some() && told != found {
            self.broken = Some("the unpacked data does not match its checksum");
        }
    }

    fn trouble(&self) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, self.broken.unwrap_or("the compressed data is damaged"))
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside && self.broken.is_some() {
                return Err(self.trouble());
            }
            if !self.inside && !self.begin()? {
                return Ok(0);
            }
            if !self.inside {
                continue;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.block()?;
            }
            let len = self.decoder.read(out)?;
            if len > 0 {
                self.began = true;
                return Ok(len);
            }
            self.check();
            self.inside = false;
        }
    }
}

/// RFC 8878 3.1.1.2: a raw block of no bytes that is the last, and room for a checksum.
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];
