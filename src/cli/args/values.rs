//! Values that arguments share: times, layers, methods, overrides, outputs.

use super::target::{LONGEST_NAME, Target, in_ascii};
use crate::base::Layer;
use crate::capture::read::ServerFilter;
use crate::live::dns::Override;
use crate::proto::plan::Method;
use crate::report::{self, FORMATS, Format};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A report in a format, to standard output or into a file.
#[derive(Clone)]
pub struct OutputTo {
    /// The format.
    pub format: &'static Format,
    /// `None`: standard output.
    pub file: Option<PathBuf>,
}

/// Reads `FORMAT` or `FORMAT=FILE`; the file `-` is standard output.
pub fn output(text: &str) -> Result<OutputTo, String> {
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
    let names = || report::text::list(FORMATS.iter().map(|format| format.name));
    let format = report::format(name).ok_or_else(|| format!("{name:?} is not a format; there are {}", names()))?;
    match file {
        Some("") => Err("a file name is missing after the equals sign".into()),
        Some("-") | None => Ok(OutputTo { format, file: None }),
        Some(path) => Ok(OutputTo { format, file: Some(path.into()) }),
    }
}

/// Numbers of sessions, from and to, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers(pub Vec<(u64, u64)>);

impl Numbers {
    /// The number is among them.
    pub fn has(&self, number: u64) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&number))
    }
}

/// Reads `3`, `3-7`, `3-` or several of them with commas between.
pub fn numbers(text: &str) -> Result<Numbers, String> {
    let number = |text: &str| text.trim().parse().ok().filter(|number: &u64| *number > 0);
    let range = |part: &str| match part.split_once('-') {
        None => number(part).map(|number| (number, number)),
        Some((from, "")) => number(from).map(|from| (from, u64::MAX)),
        Some((from, to)) => number(from).zip(number(to)).filter(|(from, to)| from <= to),
    };
    let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
    ranges.map(Numbers).ok_or_else(|| format!("{text:?} is not a list of numbers from 1 on, such as 3, 3-7 or 3-"))
}

/// Reads `HOST` or `HOST:PORT`; without a port any fits.
pub fn server(text: &str) -> Result<ServerFilter, String> {
    let place = Target::place(text)?;
    Ok(ServerFilter { host: place.host, port: Some(place.port).filter(|port| *port != 0) })
}

/// How long: for one layer, or for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerTime {
    /// `None`: for each that is not named.
    pub layer: Option<Layer>,
    /// How long.
    pub time: Duration,
}

/// Reads `SECONDS` or `LAYER=SECONDS`.
pub fn layer_time(text: &str) -> Result<LayerTime, String> {
    match text.split_once('=') {
        Some((name, time)) => Ok(LayerTime { layer: Some(layer(name)?), time: seconds(time)? }),
        None => Ok(LayerTime { layer: None, time: seconds(text)? }),
    }
}

/// Reads a positive number of seconds, fractions allowed.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let number: Option<f64> = text.parse().ok().filter(|number: &f64| (LEAST..=MOST).contains(number));
    number.map(Duration::from_secs_f64).ok_or_else(|| format!("{text:?} is not a number of seconds from {LEAST} to {MOST}"))
}

/// Reads a number of bytes, with K, M or G for powers of 1000.
pub fn bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (text.get(..at), 1_000),
        Some((at, 'm' | 'M')) => (text.get(..at), 1_000_000),
        Some((at, 'g' | 'G')) => (text.get(..at), 1_000_000_000),
        _ => (Some(text), 1),
    };
    let number = digits.and_then(|digits| digits.parse::<u64>().ok()).and_then(|number| number.checked_mul(unit));
    number.filter(|number| *number > 0).ok_or_else(|| format!("{text:?} is not a number of bytes such as 100M"))
}

/// Reads the name of a layer.
pub fn layer(text: &str) -> Result<Layer, String> {
    let names = || report::text::list(Layer::ALL.map(Layer::name));
    Layer::from_name(text).ok_or_else(|| format!("{text:?} is not a layer; there are {}", names()))
}

/// Reads the name of an authentication method.
pub fn method(text: &str) -> Result<Method, String> {
    let names = || report::text::list(Method::ALL.iter().map(|row| row.1));
    Method::from_name(&text.to_ascii_lowercase()).ok_or_else(|| format!("{text:?} is not a method; there are {}", names()))
}

/// Reads a name for SNI: a DNS name or an address.
pub fn server_name(text: &str) -> Result<String, String> {
    let text = in_ascii(text)?;
    let letters = |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let labels = text.strip_suffix('.').unwrap_or(&text).split('.').all(|label| (1..=63).contains(&label.len()) && letters(label));
    if text.parse::<IpAddr>().is_ok() || labels && text.len() <= LONGEST_NAME {
        return Ok(text);
    }
    Err("it is neither a DNS name (letters, digits, hyphens and dots, at most 253 characters) nor an address".into())
}

/// Reads `HOST:ADDR[,ADDR]`.
pub fn resolve(text: &str) -> Result<Override, String> {
    let mut to = Override::parse(text).ok_or_else(|| format!("{text:?} is not HOST:ADDR[,ADDR]"))?;
    to.host = in_ascii(&to.host)?;
    Ok(to)
}

/// Ours: a shorter time cannot be kept, in seconds.
const LEAST: f64 = 0.001;
/// Ours: a day, in seconds.
const MOST: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_positive_and_bounded() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "", "5s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(layer_time("tls=2"), Ok(LayerTime { layer: Some(Layer::Tls), time: Duration::from_secs(2) }));
        assert!(layer_time("tsl=2").expect_err("no such layer").contains("dns, tcp"));
    }

    #[test]
    fn numbers_are_single_or_ranges() {
        let read = |text| numbers(text).map(|numbers| numbers.0);
        assert_eq!(read("3"), Ok(vec![(3, 3)]));
        assert_eq!(read("1,4-6,9-"), Ok(vec![(1, 1), (4, 6), (9, u64::MAX)]));
        assert!(numbers("4-6").is_ok_and(|numbers| numbers.has(5) && !numbers.has(7)));
        for wrong in ["", "0", "x", "3-1", "-3", "1,,2", "1-2-3"] {
            assert!(numbers(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_are_counted_in_powers_of_1000() {
        assert_eq!((bytes("7"), bytes("100M"), bytes("5g")), (Ok(7), Ok(100_000_000), Ok(5_000_000_000)));
        for wrong in ["", "0", "M", "1T", "-1", "99999999999G", "1.5M"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_server_is_a_host_with_or_without_a_port() {
        assert_eq!(server("vpn.example.test"), Ok(ServerFilter { host: "vpn.example.test".into(), port: None }));
        assert_eq!(server("[2001:db8::1]:444"), Ok(ServerFilter { host: "2001:db8::1".into(), port: Some(444) }));
        assert!(server("vpn:x").is_err());
    }

    #[test]
    fn an_output_is_a_format_and_maybe_a_file() {
        let read = |text| output(text).map(|output| (output.format.name, output.file));
        assert_eq!(read("json"), Ok(("json", None)));
        assert_eq!(read("junit=a=b.xml"), Ok(("junit", Some("a=b.xml".into()))));
        assert_eq!(read("json=-"), Ok(("json", None)));
        assert!(read("xml").expect_err("no such format").contains("table, json, ndjson, junit"));
        assert!(read("json=").is_err());
    }
}
