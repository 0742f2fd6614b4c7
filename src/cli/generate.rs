//! `generate`: captures for tests and benchmarks.

use super::args::{CutArgs, GenerateArgs, Made, ToArgs};
use super::exit::{Exit, Trouble};
use super::output::print;
use crate::capture::wire::Shape;
use crate::capture::write::{Packets, Pcapng};
use crate::jobs::generate::{Bulk, GenerateError, Plain, Sent, Sessions, Suite, spoil};
use crate::live::clock::Clock;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;

/// Makes a capture and tells what is in it.
pub fn run(args: &GenerateArgs) -> Result<Exit, Trouble> {
    let to = to(&args.what);
    if let Some(list) = to.list() {
        print(list.as_bytes())?;
        return Ok(Exit::Works);
    }
    let how = to.how().map_err(Trouble::Usage)?;
    check(&args.what)?;
    let clock = Clock::start();
    let cannot = |error: io::Error| Trouble::file("write", &to.output, &error);
    let file = BufWriter::with_capacity(BUFFER, create(&to.output).map_err(cannot)?);
    let file = Pcapng::new(file, how.link, "Made in memory, not captured: pretend addresses, pretend time.").map_err(cannot)?;
    let keys = to.keylog.as_ref().map(|path| create(path).map_err(|error| Trouble::file("write", path, &error))).transpose()?;
    let mut out = how.in_front_of(Aside { file, keys: keys.map(BufWriter::new), packets: 0, bytes: 0 }, to.seed);
    let says = make(&args.what, &mut out)?;
    let mut aside = out.finish().map_err(cannot)?;
    aside.keys.as_mut().map_or(Ok(()), Write::flush).map_err(cannot)?;
    aside.file.finish().map_err(cannot)?;
    let seconds = clock.now().millis() / 1000.0;
    let (packets, megabytes) = (aside.packets, aside.bytes as f64 / 1e6);
    let rate = megabytes / seconds;
    let line = format!("{}: {says}; {packets} packets, {megabytes:.1} MB, {seconds:.2} s, {rate:.0} MB/s\n", to.output.display());
    print(line.as_bytes())?;
    Ok(Exit::Works)
}

fn to(what: &Made) -> &ToArgs {
    match what {
        Made::Sessions { to, .. }
        | Made::SplitEveryByte { to }
        | Made::Bulk { to, .. }
        | Made::Plain { to, .. }
        | Made::Spoil { to, .. } => to,
    }
}

fn check(what: &Made) -> Result<(), Trouble> {
    match what {
        Made::Sessions { cut, .. } | Made::Bulk { cut, .. } if cut.key_update > 0 && !cut.suite.updates_keys() => {
            Err(Trouble::Usage("--key-update needs a suite of TLS 1.3".into()))
        }
        _ => Ok(()),
    }
}

fn make(what: &Made, out: &mut dyn Packets) -> Result<String, Trouble> {
    let made = match what {
        Made::Sessions { count, cut, to } => {
            let record = cut.record.map_or(MOST_RECORD, usize::from);
            let key_update = cut.key_update > 0;
            Sessions { count: *count, suite: cut.suite, shape: shape(cut), record, key_update, seed: to.seed }.write(out).map(counts)
        }
        Made::SplitEveryByte { to } => {
            let shape = Shape { segment: 1, ..Shape::ETHERNET };
            Sessions { count: 1, suite: Suite::USUAL, shape, record: 1, key_update: false, seed: to.seed }.write(out).map(counts)
        }
        Made::Bulk { packets, size, bytes, coalesce, cut, to } => {
            let size = usize::from(*size);
            let packets = bytes.map_or(*packets, |bytes| Bulk::packets_for(bytes, size));
            let record = cut.record.map_or(MOST_RECORD, usize::from);
            let (shape, key_update) = (shape(cut), cut.key_update);
            Bulk { packets, size, suite: cut.suite, shape, coalesce: *coalesce, record, key_update, seed: to.seed }.write(out).map(counts)
        }
        Made::Plain { bytes, offload, to } => {
            let shape = if *offload { Shape::LARGEST } else { Shape::ETHERNET };
            Plain { bytes: *bytes, shape, seed: to.seed }.write(out).map(|flows| format!("{flows} connections without SSTP"))
        }
        Made::Spoil { input, .. } => {
            let file = File::open(input).map_err(|error| Trouble::file("read", input, &error))?;
            spoil::packets(file, out).map(|()| format!("from {}", input.display())).map_err(GenerateError::Io)
        }
    };
    made.map_err(|error| Trouble::Ours(format!("cannot make the capture: {error}")))
}

fn counts(sent: Sent) -> String {
    let Sent { calls, control, data } = sent;
    format!("{calls} calls, {control} control packets, {data} data packets")
}

fn shape(cut: &CutArgs) -> Shape {
    match cut.segment {
        _ if cut.offload => Shape::LARGEST,
        Some(segment) => Shape { segment: usize::from(segment), ..Shape::ETHERNET },
        None => Shape::ETHERNET,
    }
}

/// Both files hold keys.
fn create(path: &std::path::Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Counts, and keeps the keys out of the capture where they have a file of their own.
struct Aside {
    file: Pcapng<BufWriter<File>>,
    keys: Option<BufWriter<File>>,
    packets: u64,
    bytes: u64,
}

impl Packets for Aside {
    fn cut_packet(&mut self, at: i64, ip: &[u8], len: usize) -> io::Result<()> {
        self.packets += 1;
        self.bytes += ip.len() as u64;
        self.file.cut_packet(at, ip, len)
    }

    fn secrets(&mut self, lines: &[u8]) -> io::Result<()> {
        match &mut self.keys {
            Some(keys) => keys.write_all(lines),
            None => self.file.secrets(lines),
        }
    }
}

/// Ours: bytes written at a time.
const BUFFER: usize = 1024 * 1024;
/// RFC 8446 5.1.
const MOST_RECORD: usize = 16 * 1024;
