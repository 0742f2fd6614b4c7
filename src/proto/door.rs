//! Door 1: the only place where outgoing messages are spoilt.

use super::edit::{Edit, Operation, Value};
use crate::base::{Field, Micros};
use crate::wire::layout;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

/// A piece of output that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    release: Micros,
    bytes: Vec<u8>,
    times: u32,
    /// It is the rest of a message of which the peer has to have read the beginning.
    rest: Option<Rest>,
}

/// How long the rest of a message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest {
    /// So many turns have to pass in time.
    turns: u32,
    /// So many more may be missed.
    missed: u32,
}

/// The door: counts messages by name, applies the edits that match, and queues what comes out in order.
#[derive(Clone, Debug, Default)]
pub struct Door {
    edits: Vec<Edit>,
    counts: HashMap<String, u32>,
    queue: VecDeque<Piece>,
    /// The peer's last message of every name that an edit copies from.
    heard: HashMap<String, Vec<u8>>,
}

/// What became of a message at the door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The bytes of the message as they go out; `None` when it was dropped.
    pub bytes: Option<Vec<u8>>,
    /// The lines of the edits that were applied.
    pub edits: Vec<String>,
    /// The connection is to be closed now.
    pub close: bool,
}

impl Door {
    /// A door with these edits.
    pub fn new(edits: Vec<Edit>) -> Door {
        Door { edits, ..Door::default() }
    }

    /// The peer sent this message; the name is asked for where it may be needed.
    pub fn hear(&mut self, name: impl FnOnce() -> String, bytes: &[u8]) {
        if !self.edits.iter().any(|edit| matches!(edit.operation, Operation::Copy(_))) {
            return;
        }
        let name = name();
        if self.edits.iter().any(|edit| matches!(edit.operation, Operation::Copy(_)) && edit.message == name) {
            self.heard.insert(name, bytes.to_vec());
        }
    }

    /// Puts a message of that name through the door.
    pub fn pass(&mut self, now: Micros, name: &str, bytes: Vec<u8>) -> Passed {
        let nth = if self.edits.is_empty() { 1 } else { self.count(name) };
        let matching: Vec<&Edit> = self.edits.iter().filter(|edit| edit.matches(name, nth)).collect();
        let mut work = Work { bytes: Some(bytes), release: now, ..Work::default() };
        let mut applied = Vec::new();
        for edit in matching {
            let done = match &edit.operation {
                Operation::Copy(field) => work.copy(field, self.heard.get(name)),
                operation => work.apply(operation),
            };
            if done {
                applied.push(edit.line.clone());
            }
        }
        let after = self.queue.back().map_or(now, |piece| piece.release);
        let release = work.release.max(after);
        let mut push = |release, bytes: Vec<u8>, times, rest| self.queue.push_back(Piece { release, bytes, times, rest });
        let cuts = work.bytes.as_ref().map_or_else(BTreeSet::new, |bytes| work.cuts(bytes.len()));
        work.before.into_iter().for_each(|bytes| push(release, bytes, 1, None));
        if let Some(bytes) = work.bytes.clone() {
            if let Some(first) = cuts.first() {
                push(release, bytes.get(..*first).unwrap_or_default().to_vec(), 1, None);
                let ends = cuts.iter().copied().skip(1).chain([bytes.len()]);
                for (from, to) in cuts.iter().zip(ends) {
                    let rest = Rest { turns: TURNS, missed: MOST_MISSED };
                    push(release + TURN, bytes.get(*from..to).unwrap_or_default().to_vec(), 1, Some(rest));
                }
            } else if work.shred {
                let apart = BETWEEN_BYTES.min(SHREDDED / u32::try_from(bytes.len()).unwrap_or(u32::MAX).max(1));
                for (nth, byte) in (0u32..).zip(bytes) {
                    push(release + apart * nth, vec![byte], 1, None);
                }
            } else {
                push(release, bytes, work.times, None);
            }
        }
        Passed { bytes: work.bytes, edits: applied, close: work.close }
    }

    /// Applies the edits of that name that change bytes to a message which is not finished yet, and says which they were.
    pub fn draft(&mut self, name: &str, bytes: Vec<u8>) -> (Vec<u8>, Vec<String>) {
        let nth = if self.edits.is_empty() { 1 } else { self.count(name) };
        let mut work = Work { bytes: Some(bytes.clone()), ..Work::default() };
        let matching: Vec<&Edit> = self.edits.iter().filter(|edit| edit.matches(name, nth)).collect();
        let applied = matching.into_iter().filter(|edit| work.apply(&edit.operation)).map(|edit| edit.line.clone()).collect();
        (work.bytes.unwrap_or(bytes), applied)
    }

    fn count(&mut self, name: &str) -> u32 {
        let count = self.counts.entry(name.to_string()).or_insert(0);
        *count += 1;
        *count
    }

    /// The next piece whose time has come; at `Micros::MAX` whatever waits. The rest of a split message counts its pause from the
    /// moment when the beginning left, and waits for several turns: a peer in the same process may be woken in the same turn as
    /// this end, and where a turn was missed by much, on a busy machine, the peer had no time to read either.
    pub fn ready(&mut self, now: Micros) -> Option<Vec<u8>> {
        let front = self.queue.front_mut().filter(|piece| piece.release <= now)?;
        if let Some(rest) = front.rest.as_mut().filter(|_| now < Micros::MAX) {
            let missed = (now - front.release).duration() > TURN && rest.missed > 0;
            if missed {
                rest.missed -= 1;
            } else {
                rest.turns = rest.turns.saturating_sub(1);
            }
            if missed || rest.turns > 0 {
                front.release = now + TURN;
                return None;
            }
        }
        if front.times > 1 {
            front.times -= 1;
            return Some(front.bytes.clone());
        }
        let piece = self.queue.pop_front()?;
        if let Some(rest) = self.queue.front_mut().filter(|next| next.rest.is_some() && now < Micros::MAX) {
            rest.release = rest.release.max(now + TURN);
        }
        Some(piece.bytes)
    }

    /// When the next piece is due.
    pub fn due(&self) -> Option<Micros> {
        self.queue.front().map(|piece| piece.release)
    }

    /// Forgets what is still held back.
    pub fn clear(&mut self) {
        self.queue.clear();
    }
}

#[derive(Default)]
struct Work {
    bytes: Option<Vec<u8>>,
    before: Vec<Vec<u8>>,
    times: u32,
    split: Vec<isize>,
    shred: bool,
    release: Micros,
    close: bool,
}

impl Work {
    /// Where a message of that length is cut, in order.
    fn cuts(&self, length: usize) -> BTreeSet<usize> {
        let place = |at: &isize| if *at < 0 { length.checked_sub(at.unsigned_abs()) } else { Some(at.unsigned_abs()) };
        let places = self.split.iter().filter(|_| !self.shred).filter_map(place);
        places.filter(|place| (1..length).contains(place)).collect()
    }

    /// Applies one operation; says whether it found what it names.
    fn apply(&mut self, operation: &Operation) -> bool {
        self.times = self.times.max(1);
        let Some(bytes) = &mut self.bytes else { return false };
        match operation {
            Operation::Set(field, value) => return set(bytes, field, value).is_ok(),
            Operation::Flip(field, bit) => return flip(bytes, field, *bit).is_ok(),
            Operation::Drop => self.bytes = None,
            Operation::Close => (self.bytes, self.close) = (None, true),
            Operation::DropPart(part) => return drop_part(bytes, part).is_ok(),
            Operation::Repeat(times) => self.times = *times,
            Operation::Before(bytes) => self.before.push(bytes.clone()),
            Operation::Hold(duration) => self.release = self.release + *duration,
            Operation::Splice(from, to, new) => {
                let (from, to) = ((*from).min(bytes.len()), (*to).min(bytes.len()));
                bytes.splice(from..to, new.iter().copied());
            }
            Operation::Split(at) => self.split.push(*at),
            Operation::Shred => self.shred = true,
            Operation::Instead(new) => *bytes = new.clone(),
            Operation::Copy(_) => return false,
            Operation::Early(..) => return false,
            Operation::Extra(operation) => {
                let mut copy = Work { bytes: Some(bytes.clone()), ..Work::default() };
                let applied = copy.apply(operation);
                let times = usize::try_from(copy.times).unwrap_or(1);
                let made = copy.bytes.filter(|_| applied).into_iter();
                self.before.extend(made.flat_map(|bytes| std::iter::repeat_n(bytes, times)));
                return applied;
            }
        }
        true
    }

    /// Gives a field the value that it has in `from`.
    fn copy(&mut self, name: &str, from: Option<&Vec<u8>>) -> bool {
        let (Some(bytes), Some(from)) = (&mut self.bytes, from) else { return false };
        let Some(field) = layout::fields(from).into_iter().find(|field| field.name == name) else { return false };
        let value = from.get(field.byte_range()).unwrap_or_default().to_vec();
        set(bytes, name, &Value::Bytes(value)).is_ok()
    }
}

/// Why an operation finds nothing to change in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The message has no field, attribute or option of this name.
    NoField(String),
    /// The field has so many bytes, and another number of them was given.
    Width(String, usize, usize),
    /// The field has so many bytes, more than a number can fill.
    Wide(String, usize),
    /// The field has so many bits, and none of that number.
    Bits(String, usize),
}

impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = |bytes: &usize| format!("{bytes} {}", if *bytes == 1 { "byte" } else { "bytes" });
        match self {
            Miss::NoField(name) => write!(f, "it has no field {name}"),
            Miss::Width(name, has, 1) => write!(f, "{name} has {}, and 1 is given", bytes(has)),
            Miss::Width(name, has, given) => write!(f, "{name} has {}, and {given} are given", bytes(has)),
            Miss::Wide(name, has) => write!(f, "{name} has {}, and wants them as hex:...", bytes(has)),
            Miss::Bits(name, bits) => write!(f, "{name} has {bits} bits, counted from 0"),
        }
    }
}

/// Why the operation changes nothing in these bytes of a message; nothing where it does, or where that does not lie in the message.
pub fn miss(raw: &[u8], operation: &Operation) -> Option<Miss> {
    match operation {
        Operation::Set(name, value) => set(&mut raw.to_vec(), name, value).err(),
        Operation::Flip(name, bit) => flip(&mut raw.to_vec(), name, *bit).err(),
        Operation::DropPart(name) => drop_part(&mut raw.to_vec(), name).err(),
        Operation::Copy(name) => field(raw, name).err(),
        Operation::Extra(operation) => miss(raw, operation),
        _ => None,
    }
}

fn field(bytes: &[u8], name: &str) -> Result<Field, Miss> {
    let found = layout::fields(bytes).into_iter().find(|field| field.name == name && field.byte_range().end <= bytes.len());
    found.ok_or_else(|| Miss::NoField(name.into()))
}

fn set(bytes: &mut Vec<u8>, name: &str, value: &Value) -> Result<(), Miss> {
    let field = field(bytes, name)?;
    let range = field.byte_range();
    match value {
        Value::Number(number) if field.bits <= 64 => field.write(bytes, *number),
        Value::Number(_) => return Err(Miss::Wide(name.into(), range.len())),
        Value::Bytes(new) if range.len() != new.len() => return Err(Miss::Width(name.into(), range.len(), new.len())),
        Value::Bytes(new) => drop(bytes.splice(range, new.iter().copied())),
    }
    Ok(())
}

fn flip(bytes: &mut [u8], name: &str, bit: usize) -> Result<(), Miss> {
    let field = field(bytes, name)?;
    let at = field.first_bit + bit;
    match bytes.get_mut(at / 8) {
        Some(byte) if bit < field.bits => *byte ^= 0x80 >> (at % 8),
        _ => return Err(Miss::Bits(name.into(), field.bits)),
    }
    Ok(())
}

/// Takes out an attribute or an option with its header and mends the lengths and the count around it.
fn drop_part(bytes: &mut Vec<u8>, name: &str) -> Result<(), Miss> {
    let fields = layout::fields(bytes);
    let prefix = format!("{name}.");
    let mut parts = fields.iter().filter(|field| field.name == name || field.name.starts_with(&prefix)).map(|field| field.byte_range());
    let first = parts.next().ok_or_else(|| Miss::NoField(name.into()))?;
    let end = parts.next_back().map_or(first.end, |last| last.end.max(first.end));
    let cut = end - first.start;
    bytes.drain(first.start..end);
    for field in &fields {
        let less = match field.name.as_str() {
            "length" | "packet-length" => cut as u64,
            "num-attributes" => 1,
            _ => continue,
        };
        let value = field.read(bytes).unwrap_or(0);
        field.write(bytes, value.saturating_sub(less));
    }
    Ok(())
}

/// Ours: so many turns apart the pieces of a message leave, so that the peer reads them one by one.
const TURNS: u32 = 3;
/// Ours: how long a turn is; one that ends later by as much again was missed.
const TURN: Duration = Duration::from_millis(4);
/// Ours: so many may be missed.
const MOST_MISSED: u32 = 12;
/// Ours: so far apart are single bytes, of which there may be many.
const BETWEEN_BYTES: Duration = Duration::from_millis(2);
/// Ours: a message cut into bytes takes no longer than this.
const SHREDDED: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sstp::{Attribute, Message, MessageType};
    use std::time::Duration;

    fn ack() -> Vec<u8> {
        Message::with(MessageType::CallConnectAck, Attribute::CryptoBindingRequest { hash_mask: 3, nonce: vec![7; 32].into() }).emit()
    }

    fn through(line: &str) -> (Vec<Vec<u8>>, Passed) {
        let mut door = Door::new(vec![Edit::parse(line).expect("an edit")]);
        let passed = door.pass(Micros::ZERO, "sstp.call-connect-ack", ack());
        (std::iter::from_fn(|| door.ready(Micros::MAX)).collect(), passed)
    }

    #[test]
    fn each_operation_does_what_it_says() {
        let only = |line: &str| through(line).0.remove(0);
        assert_eq!(only("sstp.call-connect-ack set version=0x20")[0], 0x20);
        assert_eq!(only("sstp.call-connect-ack set crypto-binding-request.hash-protocol-bitmask=0")[15], 0);
        assert_eq!(only("sstp.call-connect-ack flip crypto-binding-request.nonce.0")[16], 0x87);
        assert_eq!(only("sstp.call-connect-ack drop crypto-binding-request"), Message::bare(MessageType::CallConnectAck).emit());
        assert_eq!(only("sstp.call-connect-ack splice 0..1 99")[0], 0x99);
        assert_eq!(only("sstp.call-connect-ack instead \"HTTP\""), b"HTTP");
        let pair = through("sstp.call-connect-ack extra set version=0x20").0;
        assert_eq!((pair.len(), pair[0][0], pair[1][0]), (2, 0x20, 0x10));
        assert!(through("sstp.call-connect-ack drop").0.is_empty());
        assert_eq!(through("sstp.call-connect-ack repeat 3").0.len(), 3);
        assert_eq!(through("sstp.call-connect-ack split 5").0[0].len(), 5);
        assert_eq!(through("sstp.call-connect-ack split -5").0[1].len(), 5);
        assert_eq!(through("sstp.call-connect-ack shred").0.len(), 48);
        assert_eq!(through("sstp.call-connect-ack before 00 01").0[0], [0, 1]);
    }

    #[test]
    fn a_field_is_copied_from_what_the_peer_said() {
        let mut door = Door::new(vec![Edit::parse("sstp.call-connect-ack copy crypto-binding-request.nonce").expect("an edit")]);
        assert!(door.pass(Micros::ZERO, "sstp.call-connect-ack", ack()).edits.is_empty(), "nothing was heard yet");
        let mut other = ack();
        other[16..48].fill(9);
        let mut door = Door::new(vec![Edit::parse("sstp.call-connect-ack copy crypto-binding-request.nonce").expect("an edit")]);
        door.hear(|| "sstp.call-connect-ack".into(), &other);
        assert_eq!(door.pass(Micros::ZERO, "sstp.call-connect-ack", ack()).bytes, Some(other));
    }

    #[test]
    fn an_edit_that_names_nothing_is_not_said_to_be_applied() {
        assert!(through("sstp.call-connect-ack set no-such-field=1").1.edits.is_empty());
        assert!(through("sstp.call-connect-ack#2 drop").1.edits.is_empty());
        assert_eq!(through("sstp.call-connect-ack set version=1").1.edits.len(), 1);
    }

    #[test]
    fn what_does_not_fit_says_why() {
        let says = |line: &str| miss(&ack(), &Edit::parse(line).expect("an edit").operation).map(|miss| miss.to_string());
        let nonce = "crypto-binding-request.nonce";
        for (operation, why) in [
            (format!("set {nonce}=hex:0000"), Some(format!("{nonce} has 32 bytes, and 2 are given"))),
            (format!("set {nonce}=7"), Some(format!("{nonce} has 32 bytes, and wants them as hex:..."))),
            (format!("extra flip {nonce}.256"), Some(format!("{nonce} has 256 bits, counted from 0"))),
            ("set version=hex:0102".into(), Some("version has 1 byte, and 2 are given".into())),
            ("drop no-such-part".into(), Some("it has no field no-such-part".into())),
            ("drop".into(), None),
            (format!("flip {nonce}.255"), None),
        ] {
            assert_eq!(says(&format!("sstp.call-connect-ack {operation}")), why, "{operation}");
        }
    }

    #[test]
    fn what_follows_a_held_message_waits_behind_it() {
        let mut door = Door::new(vec![Edit::parse("a.x#1 hold 2s").expect("an edit")]);
        door.pass(Micros::ZERO, "a.x", vec![1]);
        door.pass(Micros::ZERO, "a.y", vec![2]);
        assert_eq!(door.ready(Micros(1_999_999)), None);
        let later = Micros::ZERO + Duration::from_secs(2);
        assert_eq!(door.due(), Some(later));
        assert_eq!((door.ready(later), door.ready(later)), (Some(vec![1]), Some(vec![2])));
    }

    /// On a busy machine the beginning leaves late, and the time of the rest is missed.
    #[test]
    fn the_pause_before_the_rest_counts_from_when_the_beginning_left() {
        let ms = |ms: u64| Micros::from(Duration::from_millis(ms));
        let mut door = Door::new(vec![Edit::parse("a.x split 1").expect("an edit")]);
        door.pass(Micros::ZERO, "a.x", vec![1, 2]);
        door.pass(Micros::ZERO, "a.y", vec![3]);
        assert_eq!((door.ready(ms(60)), door.ready(ms(60)), door.due()), (Some(vec![1]), None, Some(ms(64))));
        assert_eq!((door.ready(ms(64)), door.due()), (None, Some(ms(68))), "one turn of three");
        assert_eq!((door.ready(ms(90)), door.due()), (None, Some(ms(94))), "missed by 22 ms");
        assert_eq!((door.ready(ms(95)), door.due()), (None, Some(ms(99))), "two");
        assert_eq!((door.ready(ms(99)), door.ready(ms(99))), (Some(vec![2]), Some(vec![3])));
        // However busy it is, it leaves.
        let mut door = Door::new(vec![Edit::parse("a.x split 1").expect("an edit")]);
        door.pass(Micros::ZERO, "a.x", vec![1, 2]);
        let left = (0..100).position(|nth| door.ready(ms(1000 * (nth + 1))) == Some(vec![2]));
        assert_eq!(left, Some((MOST_MISSED + TURNS) as usize));
    }

    /// Two writes at once come as one read, and then nothing was cut.
    #[test]
    fn pieces_leave_one_after_the_other() {
        let split = "lcp.configure-request split ";
        for (line, pieces) in
            [(format!("{split}3"), 2), (format!("{split}3;{split}-3;{split}3"), 3), ("lcp.configure-request shred".into(), 20)]
        {
            let mut door = Door::new(line.split(';').map(|line| Edit::parse(line).unwrap()).collect());
            door.pass(Micros::ZERO, "lcp.configure-request", vec![7; 20]);
            door.pass(Micros::ZERO, "lcp.configure-ack", vec![8]);
            let (mut now, mut came) = (Micros::ZERO, Vec::new());
            while let Some(due) = door.due() {
                assert!(came.is_empty() || came.len() >= pieces || due > now, "{line}");
                now = now.max(due);
                came.extend(door.ready(now));
            }
            assert_eq!((came.len(), came.concat()), (pieces + 1, [vec![7; 20], vec![8]].concat()), "{line}");
            assert!(now.duration() >= TURN * TURNS && now.duration() <= SHREDDED, "{line}");
        }
    }
}
