//! The folder of inputs of `--self`. Where it is the corpus of the fuzz targets (`fuzz/README.md`), inputs come from the folders of
//! the targets and go there, each as its target takes it.

use super::super::exit::Trouble;
use super::super::output::complain;
use crate::jobs::mutate::inward::Inward;
use crate::jobs::mutate::spoil::FRAME;
use crate::jobs::mutate::variant::fnv;
use crate::wire::sstp::{self, HEADER_LEN};
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What showed something new: a message, or several behind one another that a session was fed.
enum Input<'a> {
    Message(&'a [u8]),
    Stream(&'a [u8]),
}

/// A fuzz target: how it takes an input of ours, in several ways or in none, and what one of its inputs is to us.
struct Target {
    name: &'static str,
    takes: fn(&Input<'_>) -> Vec<Vec<u8>>,
    gives: fn(Vec<u8>) -> Option<Vec<u8>>,
}

/// `fuzz/fuzz_targets`, a row each.
const TARGETS: [Target; 4] = [
    Target { name: "wire", takes: as_packet, gives: of_packet },
    Target { name: "http", takes: as_head, gives: Some },
    Target { name: "session", takes: as_session, gives: of_session },
    // Whole captures, which are no messages.
    Target { name: "capture", takes: |_| Vec::new(), gives: |_| None },
];

/// Every parser is given the input as it is: a frame of PPP has no header of SSTP.
fn as_packet(input: &Input<'_>) -> Vec<Vec<u8>> {
    match input {
        Input::Message(bytes @ [sstp::VERSION, flags, ..]) => match bytes.get(HEADER_LEN..) {
            Some(frame) if flags & CONTROL == 0 && frame.starts_with(&FRAME) => vec![frame.to_vec()],
            _ => vec![bytes.to_vec()],
        },
        _ => Vec::new(),
    }
}

fn of_packet(bytes: Vec<u8>) -> Option<Vec<u8>> {
    Some(if bytes.starts_with(&FRAME) { sstp::emit_data(&bytes) } else { bytes })
}

fn as_head(input: &Input<'_>) -> Vec<Vec<u8>> {
    match input {
        Input::Message(bytes) if bytes.first() != Some(&sstp::VERSION) => vec![bytes.to_vec()],
        _ => Vec::new(),
    }
}

/// The first byte says which end is fed, behind an honest opening; the second how large the pieces are.
fn as_session(input: &Input<'_>) -> Vec<Vec<u8>> {
    match input {
        Input::Stream(bytes) => [0, 1].map(|end| [&[end, u8::MAX], *bytes].concat()).to_vec(),
        Input::Message(_) => Vec::new(),
    }
}

fn of_session(bytes: Vec<u8>) -> Option<Vec<u8>> {
    bytes.get(2..).map(<[u8]>::to_vec)
}

fn named(folder: &Path) -> Option<&'static Target> {
    let name = folder.file_name()?.to_str()?;
    TARGETS.iter().find(|target| target.name == name)
}

/// The folder has folders of fuzz targets, or is the one in which `cargo fuzz` makes them.
fn is_of_fuzz_targets(folder: &Path) -> bool {
    let beside = folder.parent().is_some_and(|parent| parent.join("fuzz_targets").is_dir());
    beside || TARGETS.iter().any(|target| folder.join(target.name).is_dir())
}

/// Inputs that showed something new go to the folder, under a name that their bytes give them.
pub fn write(folder: &Path, parts: &[Inward]) -> Result<(), Trouble> {
    let messages = parts.iter().flat_map(|part| &part.kept).map(|bytes| Input::Message(bytes));
    let streams = parts.iter().flat_map(|part| &part.kept_streams).map(|bytes| Input::Stream(bytes));
    let (one, all) = (named(folder), is_of_fuzz_targets(folder));
    for input in messages.chain(streams) {
        match one {
            Some(target) => (target.takes)(&input).iter().try_for_each(|bytes| keep(folder, bytes))?,
            None if all => {
                for target in &TARGETS {
                    let folder = folder.join(target.name);
                    for bytes in (target.takes)(&input) {
                        make(&folder)?;
                        keep(&folder, &bytes)?;
                    }
                }
            }
            None => match input {
                Input::Message(bytes) | Input::Stream(bytes) => keep(folder, bytes)?,
            },
        }
    }
    Ok(())
}

fn make(folder: &Path) -> Result<(), Trouble> {
    std::fs::create_dir_all(folder).map_err(|error| Trouble::file("create", folder, &error))
}

/// An input of no bytes is none.
fn keep(folder: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    if bytes.is_empty() {
        return Ok(());
    }
    let path = folder.join(format!("kept-{:016x}", fnv(bytes.iter().copied())));
    std::fs::write(&path, bytes).map_err(|error| Trouble::file("write", &path, &error))
}

/// The files of a folder and of those in it.
pub fn read(folder: &Path) -> Result<Vec<Vec<u8>>, Trouble> {
    let (mut seeds, mut seen, mut folders) = (Vec::new(), HashSet::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let trouble = |error| Trouble::file("read", &folder, &error);
        let gives = named(&folder).map_or(Some as fn(Vec<u8>) -> Option<Vec<u8>>, |target| target.gives);
        let entries = std::fs::read_dir(&folder).map_err(trouble)?.collect::<Result<Vec<_>, _>>().map_err(trouble)?;
        let mut paths: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
        // A folder lists its files in no order.
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.extend((folders.len() < MOST_FOLDERS).then_some(path));
                continue;
            }
            if !path.is_file() || seeds.len() >= MOST_SEEDS {
                continue;
            }
            match first_bytes(&path) {
                Ok(bytes) => {
                    let seed = gives(bytes).filter(|bytes| !bytes.is_empty());
                    seeds.extend(seed.filter(|bytes| seen.insert(fnv(bytes.iter().copied()))));
                }
                Err(error) => complain(&format!("cannot read {}: {error}", path.display())),
            }
        }
    }
    Ok(seeds)
}

fn first_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// MS-SSTP 2.2.1: the C bit, in the second byte.
const CONTROL: u8 = 1;
/// Ours: folders within a corpus.
const MOST_FOLDERS: usize = 100;
/// Ours: seeds that are kept in memory.
const MOST_SEEDS: usize = 100_000;
/// Ours: bytes of one seed; an HTTP head has no more.
const MOST_BYTES: u64 = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a target is given comes back from it as what it was.
    #[test]
    fn every_input_goes_to_its_targets_and_back() {
        let frame = b"\x10\x00\x00\x0c\xff\x03\xc0\x21\x09\x00\x00\x04".as_slice();
        let rows: [(Input<'_>, &str, usize, &[u8]); 5] = [
            (Input::Message(b"\x10\x01\x00\x08\x00\x08\x00\x00"), "wire", 1, b"\x10\x01"),
            (Input::Message(frame), "wire", 1, b"\xff\x03\xc0\x21"),
            // A header that lies, with no frame behind it, stays as it is.
            (Input::Message(b"\x10\x00\x00"), "wire", 1, b"\x10\x00\x00"),
            (Input::Message(b"SSTP_DUPLEX_POST / HTTP/1.1\r\n\r\n"), "http", 1, b"SSTP"),
            (Input::Stream(frame), "session", 2, b"\x00\xff\x10"),
        ];
        for (input, name, times, begins) in rows {
            let (Input::Message(bytes) | Input::Stream(bytes)) = &input;
            for target in &TARGETS {
                let taken = (target.takes)(&input);
                assert_eq!(taken.len(), if target.name == name { times } else { 0 }, "{name} {}", target.name);
                assert!(taken.first().is_none_or(|first| first.starts_with(begins)), "{name}: {taken:x?}");
                assert!(taken.into_iter().all(|taken| (target.gives)(taken).as_deref() == Some(*bytes)), "{name}");
            }
        }
    }

    /// The rows are the targets that there are.
    #[test]
    fn every_fuzz_target_has_a_row() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
        let files = std::fs::read_dir(folder).expect("there").map(|entry| entry.expect("a file").path());
        let mut names: Vec<_> = files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_string())).collect();
        names.sort();
        let mut rows = TARGETS.map(|target| target.name.to_string());
        rows.sort();
        assert_eq!(names, rows);
    }
}
