//! What a file is, by its first bytes.

use super::Format;
use super::damage::CaptureError;
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::window::Window;

/// A row: how a file begins, what it is, what to do with it.
type Look = (&'static [u8], &'static str, &'static str);

/// Files that are taken for captures, or that captures come in.
const LOOKS: [Look; 12] = [
    (b"snoop\0\0\0", "a Solaris snoop capture", "convert it with editcap -F pcapng"),
    (b"GMBU", "a Microsoft Network Monitor capture", "convert it with editcap -F pcapng"),
    (b"RTSS", "a Microsoft Network Monitor 1 capture", "convert it with editcap -F pcapng"),
    (b"btsnoop\0", "a Bluetooth capture", "a capture of IP packets is needed"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it first; gzip and zstd are read as they are"),
    (b"BZh", "a bzip2 file", "unpack it first; gzip and zstd are read as they are"),
    (b"\x04\x22\x4d\x18", "an lz4 file", "unpack it first; gzip and zstd are read as they are"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"\x1f\x8b", "a gzip file in a gzip file", "unpack it once"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file in a compressed file", "unpack it once"),
    (b"\xff\xfe", "text in UTF-16", WANTED),
];

/// What to do with a file of which nothing more is known.
pub const WANTED: &str = "a pcap or pcapng capture was expected, such as tcpdump -w or Wireshark writes";
const WINDOWS_TRACE: &str = "convert it with pktmon etl2pcap or etl2pcapng";

pub(super) fn format(name: &str, window: &mut Window) -> Result<Format, CaptureError> {
    let name = name.to_string();
    window.need(16);
    if let Some(why) = window.take_failure() {
        return Err(CaptureError::Unreadable { name, source: std::io::Error::other(why) });
    }
    let bytes = window.bytes();
    if bytes.is_empty() {
        return Err(CaptureError::Empty { name });
    }
    if pcapng::begins(bytes) {
        return match Pcapng::new(bytes) {
            Ok(pcapng) => Ok(Format::Pcapng(pcapng)),
            Err(looks) => Err(CaptureError::NotACapture { name, looks, instead: WANTED }),
        };
    }
    if !pcap::begins(bytes) {
        return Err(other(name, bytes.get(..512).unwrap_or(bytes)));
    }
    window.need(pcap::HEADER_LEN);
    match Pcap::new(window.bytes()) {
        Ok(pcap) => {
            window.pass(pcap::HEADER_LEN);
            Ok(Format::Pcap(pcap))
        }
        Err(looks) => Err(CaptureError::NotACapture { name, looks, instead: WANTED }),
    }
}

fn other(name: String, bytes: &[u8]) -> CaptureError {
    let row = LOOKS.iter().find(|row| bytes.starts_with(row.0));
    let (looks, instead) = match row {
        Some((_, looks, instead)) => (looks.to_string(), *instead),
        None if name.to_ascii_lowercase().ends_with(".etl") => (String::from("a Windows trace (ETL)"), WINDOWS_TRACE),
        None if text(bytes) => (String::from("text"), WANTED),
        None => (format!("nothing known, it begins with {}", crate::base::hex(bytes.get(..8).unwrap_or(bytes))), WANTED),
    };
    CaptureError::NotACapture { name, looks, instead }
}

/// Printable from the first byte to the last, as far as it was read.
fn text(bytes: &[u8]) -> bool {
    let front = match std::str::from_utf8(bytes) {
        Ok(all) => all,
        // A character may be cut where reading stopped.
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
        }
        Err(_) => return false,
    };
    !front.is_empty() && front.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{feff}'))
}
