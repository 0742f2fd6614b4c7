//! By what a line can be told to belong to a call: its time, the addresses, users and correlation ids in it.

use std::net::IpAddr;
use time::{Date, Month, Time};

/// When a line was written, as far as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Milliseconds since 1970-01-01 UTC.
    Utc(i64),
    /// The same on a clock whose zone is not told.
    Local(i64),
    /// Month, day and milliseconds since midnight; neither year nor zone.
    NoYear(u8, u8, i64),
}

impl Stamp {
    /// Reads the time of a log line. Dates whose day and month cannot be told apart are nothing.
    pub fn parse(text: &str) -> Option<Stamp> {
        let text = text.trim();
        iso(text).or_else(|| syslog(text)).or_else(|| written(text))
    }

    /// The moment, milliseconds since 1970-01-01 UTC, on a clock that is `zone` minutes before UTC, near to `near`.
    pub fn unix_ms(self, zone: i64, near: i64) -> i64 {
        match self {
            Stamp::Utc(ms) => ms,
            Stamp::Local(ms) => ms - zone * MINUTE,
            Stamp::NoYear(month, day, ms) => {
                let year = time::OffsetDateTime::from_unix_timestamp(near.div_euclid(1000)).map_or(1970, time::OffsetDateTime::year);
                let moments = (year - 1..=year + 1).filter_map(|year| midnight(year, month, day)).map(|day| day + ms - zone * MINUTE);
                moments.min_by_key(|moment| moment.abs_diff(near)).unwrap_or(i64::MIN)
            }
        }
    }

    /// The zone is not told.
    pub fn is_floating(self) -> bool {
        !matches!(self, Stamp::Utc(_))
    }
}

/// What a line names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// When it was written.
    pub stamp: Option<Stamp>,
    /// Addresses, with their port where one stands behind a colon.
    pub ends: Vec<(IpAddr, Option<u16>)>,
    /// Users, without domain, in small letters.
    pub users: Vec<String>,
    /// GUIDs, in capitals, without braces.
    pub guids: Vec<String>,
}

impl Marks {
    /// What stands in a record; `at` is its time as the log writes it.
    pub fn of(text: &str, at: Option<&str>) -> Marks {
        let mut marks = Marks { stamp: at.and_then(Stamp::parse), ..Marks::default() };
        for word in text.split(|c: char| c.is_whitespace() || "\"'<>()[],;=".contains(c)).filter(|word| word.len() >= LEAST) {
            marks.word(word);
        }
        for marker in USERS {
            let mut rest = text;
            while let Some(at) = find(rest, marker) {
                rest = rest.get(at + marker.len()..).unwrap_or_default();
                let name = rest.split(|c: char| c.is_whitespace() || "\"'<>,;:".contains(c)).next().unwrap_or_default();
                marks.user(name.trim_end_matches('.'));
            }
        }
        marks
    }

    fn word(&mut self, word: &str) {
        if let Some(guid) = guid(word) {
            add(&mut self.guids, [guid]);
        } else if let Some(end) = end(word) {
            add(&mut self.ends, [end]);
        } else if let Some((interface, user)) = word.split_once(':').filter(|_| word.starts_with("ppp"))
            && interface.len() > 3
            && interface.bytes().skip(3).all(|byte| byte.is_ascii_digit())
        {
            // accel-ppp writes `ppp0:alice:`, and the id of a session where there is no user yet.
            self.user(user.trim_end_matches(':'));
        } else if word.contains('\\') && !word.contains(":\\") {
            self.user(word.trim_end_matches(['.', ':']));
        }
    }

    fn user(&mut self, name: &str) {
        let name = plain_user(name);
        if !name.is_empty() && name.len() <= LONGEST {
            add(&mut self.users, [name]);
        }
    }
}

/// A user's name without domain, in small letters: `EXAMPLE\Alice` and `alice@example.test` are `alice`.
pub fn plain_user(name: &str) -> String {
    let name = name.rsplit_once('\\').map_or(name, |pair| pair.1);
    name.split('@').next().unwrap_or(name).to_lowercase()
}

fn add<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for item in more {
        if list.len() < MOST && !list.contains(&item) {
            list.push(item);
        }
    }
}

/// `needle`, which is in small letters of ASCII, wherever capitals stand.
fn find(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|part| part.eq_ignore_ascii_case(needle.as_bytes()))
}

fn guid(word: &str) -> Option<String> {
    let word = word.rsplit_once('{').map_or(word, |pair| pair.1);
    let word = word.split('}').next().unwrap_or_default();
    let parts: Vec<&str> = word.split('-').collect();
    let hex = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (hex && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])).then(|| word.to_ascii_uppercase())
}

/// `192.0.2.1`, `192.0.2.1:50123`, `2001:db8::1`; what is no end of a call is nothing.
fn end(word: &str) -> Option<(IpAddr, Option<u16>)> {
    let word = word.trim_matches(|c: char| matches!(c, '.' | ':'));
    let bare = word.parse::<IpAddr>().ok().filter(|address| address.is_ipv4() || word.len() > SHORTEST_V6);
    let found = bare.map(|address| (address, None)).or_else(|| {
        let (address, port) = word.rsplit_once(':')?;
        let address: IpAddr = address.parse().ok().filter(IpAddr::is_ipv4)?;
        Some((address, Some(port.parse().ok()?)))
    });
    found.filter(|(address, _)| !address.is_unspecified())
}

/// `2024-03-01T09:15:22.123Z`, with a space, without a zone, with an offset.
fn iso(text: &str) -> Option<Stamp> {
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(rest.len());
    let ms = midnight(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)? + clock(rest.get(..end)?)?;
    match rest.get(end..).map(str::trim).unwrap_or_default() {
        "Z" | "UTC" => Some(Stamp::Utc(ms)),
        zone if zone.starts_with(['+', '-']) => Some(Stamp::Utc(ms - offset(zone)? * MINUTE)),
        _ => Some(Stamp::Local(ms)),
    }
}

/// `+01:00` or `-0430`, in minutes before UTC.
pub fn offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.strip_prefix(['+', '-'])?.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = (digits.get(..2)?.parse::<i64>().ok()?, digits.get(2..).filter(|rest| !rest.is_empty()).unwrap_or("0"));
    let minutes = minutes.parse::<i64>().ok()?;
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// `Mar  1 09:15:22`.
fn syslog(text: &str) -> Option<Stamp> {
    let mut words = text.split_whitespace();
    let month = MONTHS.iter().position(|name| text.starts_with(name)).and_then(|at| u8::try_from(at + 1).ok())?;
    let day = words.nth(1)?.parse().ok().filter(|day| (1..=31).contains(day))?;
    Some(Stamp::NoYear(month, day, clock(words.next()?)?))
}

/// `01.03.2024 09:15:22` as in German, `3/1/2024 9:15:22 AM` as in American English, `25/03/2024 09:15:22` as elsewhere.
fn written(text: &str) -> Option<Stamp> {
    let mut words = text.split_whitespace();
    let (date, time) = (words.next()?.trim_end_matches(','), clock(words.next()?)?);
    let half = words.next();
    let numbers = |at: char| date.split(at).map(|part| part.parse::<i32>().ok()).collect::<Option<Vec<_>>>().filter(|n| n.len() == 3);
    if let Some([day, month, year]) = numbers('.').as_deref() {
        return Some(Stamp::Local(midnight(*year, u8::try_from(*month).ok()?, u8::try_from(*day).ok()?)? + time));
    }
    let (numbers, half) = (numbers('/')?, half.filter(|half| matches!(*half, "AM" | "PM")));
    let [first, second, year] = numbers.as_slice() else { return None };
    let (month, day) = match half {
        _ if *first > LAST_MONTH => (second, first),
        // AM and PM are written with the month first, in America; without them only a day beyond 12 tells.
        None if *second <= LAST_MONTH => return None,
        _ => (first, second),
    };
    let noon = time / (12 * HOUR) * (12 * HOUR);
    let time = half.map_or(time, |half| time - noon + if half == "PM" { 12 * HOUR } else { 0 });
    Some(Stamp::Local(midnight(*year, u8::try_from(*month).ok()?, u8::try_from(*day).ok()?)? + time))
}

/// `9:15:22.123`, in milliseconds.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.trim_end_matches(':').splitn(3, ':');
    let (hour, minute, second) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next().unwrap_or("0"));
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let ms: String = fraction.chars().chain("000".chars()).take(3).collect();
    let time = Time::from_hms_milli(hour, minute, second.parse().ok()?, ms.parse().ok()?).ok()?;
    i64::try_from((time - Time::MIDNIGHT).whole_milliseconds()).ok()
}

fn midnight(year: i32, month: u8, day: u8) -> Option<i64> {
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    Some(date.midnight().assume_utc().unix_timestamp() * 1000)
}

/// What stands in front of a user's name. SoftEther; the events of RasClient in English and German; NPS and logons as XML.
const USERS: [&str; 9] = [
    "user name is \"",
    "as user \"",
    "has been provided was \"",
    "}: the user ",
    "}: der benutzer ",
    "subjectusername'>",
    "targetusername'>",
    "subjectusername\">",
    "targetusername\">",
];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// December.
const LAST_MONTH: i32 = 12;
/// Milliseconds.
const MINUTE: i64 = 60_000;
/// Milliseconds.
const HOUR: i64 = 60 * MINUTE;
/// Ours: no line names more of them that matter.
const MOST: usize = 16;
/// Ours: no user's name is longer, in bytes.
const LONGEST: usize = 256;
/// Ours: no address or GUID is shorter, in bytes.
const LEAST: usize = 4;
/// Ours: what looks like a shorter address (`::1` aside, `a::`) is none.
const SHORTEST_V6: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 1_709_251_200_000;
    const DAY_MS: i64 = 24 * HOUR;

    #[test]
    fn times_are_read_as_logs_write_them() {
        let at = DAY + 9 * HOUR + 15 * MINUTE + 22_000;
        assert_eq!(Stamp::parse("2024-03-01T09:15:22.123Z"), Some(Stamp::Utc(at + 123)));
        assert_eq!(Stamp::parse("2024-03-01T09:15:22.1234567+01:00"), Some(Stamp::Utc(at + 123 - HOUR)));
        assert_eq!(Stamp::parse("2024-03-01 09:15:22.5"), Some(Stamp::Local(at + 500)));
        assert_eq!(Stamp::parse("01.03.2024 09:15:22"), Some(Stamp::Local(at)));
        assert_eq!(Stamp::parse("3/1/2024 9:15:22 AM"), Some(Stamp::Local(at)));
        assert_eq!(Stamp::parse("3/1/2024 9:15:22 PM"), Some(Stamp::Local(at + 12 * HOUR)));
        assert_eq!(Stamp::parse("3/1/2024 12:00:00 AM"), Some(Stamp::Local(DAY)));
        let later = Some(Stamp::Local(at + 24 * DAY_MS));
        assert_eq!(Stamp::parse("25/03/2024 09:15:22"), later, "no month is 25");
        assert_eq!(Stamp::parse("25/3/2024 9:15:22"), later);
        assert_eq!(Stamp::parse("25/03/2024, 09:15:22"), later);
        assert_eq!(Stamp::parse("25/03/2024 9:15:22 AM"), later);
        assert_eq!(Stamp::parse("3/25/2024 09:15:22"), later);
        assert_eq!(Stamp::parse("25/25/2024 09:15:22"), None);
        assert_eq!(Stamp::parse("Mar  1 09:15:22"), Some(Stamp::NoYear(3, 1, at - DAY)));
        for wrong in ["1/3/2024 9:15:22", "2024-02-30 09:15:22", "soon", "", "2024-03-01", "Mar 1", "2024-03-01 25:00:00"] {
            assert_eq!(Stamp::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_year_is_the_nearest_and_the_zone_is_taken_off() {
        let new_year = Stamp::NoYear(12, 31, 23 * HOUR);
        let january = midnight(2024, 1, 1).expect("a day") + HOUR;
        assert_eq!(new_year.unix_ms(0, january), january - 2 * HOUR);
        assert_eq!(Stamp::Local(DAY).unix_ms(60, 0), DAY - HOUR);
        assert_eq!((offset("+01:00"), offset("-0430"), offset("+15:00"), offset("01:00")), (Some(60), Some(-270), None, None));
    }

    #[test]
    fn lines_of_every_log_name_their_call() {
        let accel =
            Marks::of("[2024-03-01 10:00:00.913]:  info: ppp0:alice: alice: authentication succeeded", Some("2024-03-01 10:00:00.913"));
        assert_eq!((accel.users.as_slice(), accel.stamp.is_some()), (&["alice".to_string()][..], true));
        let accel = Marks::of("info: sstp: new connection from 192.0.2.20:3054", None);
        assert_eq!(accel.ends, [("192.0.2.20".parse().expect("an address"), Some(3054))]);
        let softether = Marks::of("Connection \"CID-2\" (IP address: 192.0.2.10, Version: 5.01) ... the user name is \"alice\".", None);
        assert_eq!((softether.ends.len(), softether.users.as_slice()), (1, &["alice".to_string()][..]));
        let windows = Marks::of("CoId={5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F}: The user EXAMPLE\\Alice dialed a connection", None);
        assert_eq!(windows.guids, ["5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F"]);
        assert_eq!(windows.users, ["alice"]);
        let xml = Marks::of("<Data Name='SubjectUserName'>bob</Data><Data>2001:db8::7</Data><Data>C:\\Windows</Data>", None);
        assert_eq!((xml.users.as_slice(), xml.ends.len()), (&["bob".to_string()][..], 1));
    }
}
