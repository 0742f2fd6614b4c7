//! The signs of a call among the records of a connection.

use super::Record;
use super::sizes::Plain;
use crate::base::{Layer, Side};

/// Figures of the records behind the first ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    records: [u64; 2],
    echoes: u64,
    /// Records as long as an inner ACK, by side.
    acks: [u64; 2],
    /// The longest records of a side, and how many were so long.
    longest: [(u32, u64); 2],
    /// A side ended its stream, or sent another alert.
    pub(super) alert: bool,
}

impl Tail {
    pub(super) fn record(&mut self, from: Side, plain: Plain) {
        let place = usize::from(from == Side::Server);
        let add = |counts: &mut [u64; 2], one: bool| counts.iter_mut().skip(place).take(1).for_each(|count| *count += u64::from(one));
        add(&mut self.records, true);
        add(&mut self.acks, INNER_ACKS.iter().any(|len| plain.has(*len)));
        self.echoes += u64::from(plain.has(ECHO));
        if let Some((len, count)) = self.longest.get_mut(place) {
            if plain.high > *len {
                (*len, *count) = (plain.high, 1);
            } else if plain.high == *len {
                *count += 1;
            }
        }
    }

    /// Many records of one side are the longest there are, and the other side acknowledges.
    fn bulk(&self) -> bool {
        let [client, server] = self.longest;
        let [client_acks, server_acks] = self.acks;
        let flows = |longest: (u32, u64), acks: u64| longest.0 >= FULL_PACKET && longest.1 >= 8 && acks >= 8;
        flows(client, server_acks) || flows(server, client_acks)
    }

    fn both_ways(&self) -> bool {
        self.records.iter().all(|count| *count > 0)
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Signs {
    /// Request, response, Call Connect Request, Call Connect Ack.
    pub(super) accepted: bool,
    /// The Call Connect Ack came in one record with what follows it.
    pub(super) coalesced: bool,
    /// One request, one answer, no more.
    pub(super) refused: bool,
    pub(super) small_talk: bool,
    /// Call Connected.
    pub(super) binding: bool,
    pub(super) echoes: u64,
    pub(super) bulk: bool,
    pub(super) stage: Layer,
    pub(super) words: Vec<String>,
}

impl Signs {
    /// Nothing when the client did not begin with a request that may be that of a call.
    pub(super) fn of(records: &[Record], tail: &Tail) -> Option<Signs> {
        let starts = records.iter().enumerate().filter(|(_, record)| record.from == Side::Client).take(FIRST_CLIENT_RECORDS);
        let mut best: Option<Signs> = None;
        for (start, record) in starts {
            let Some(behind) = records.get(start + 1..) else { continue };
            let is_first = !records.iter().take(start).any(|earlier| earlier.from == Side::Client);
            let signs = Signs::from_request(record.plain, behind, is_first, tail);
            best = match (signs, best) {
                (Some(signs), _) if signs.accepted => return Some(signs),
                (signs, best) => best.or(signs),
            };
        }
        best
    }

    fn from_request(request: Plain, behind: &[Record], is_first: bool, tail: &Tail) -> Option<Signs> {
        if !request.meets(OLD_REQUEST, REQUEST.1) {
            return None;
        }
        let mut signs = Signs {
            accepted: false,
            coalesced: false,
            refused: false,
            small_talk: false,
            binding: false,
            echoes: 0,
            bulk: false,
            stage: Layer::Http,
            words: vec![format!("a request of {} bytes", shown(request))],
        };
        // Nothing more may come from the client until the server speaks.
        let next = behind.iter().position(|record| record.from == Side::Client);
        let answers = behind.get(..next.unwrap_or(behind.len())).unwrap_or_default();
        // Session tickets of TLS 1.3 come before it, and may be as long.
        let response = answers.iter().rev().find(|record| record.plain.meets(RESPONSE.0, RESPONSE.1));
        if next.is_none() {
            let bytes: u32 = answers.iter().map(|record| record.plain.low).sum();
            signs.refused = is_first && bytes <= MAX_REFUSAL && !tail.both_ways();
            signs.words.push(if answers.is_empty() { "no answer".into() } else { format!("an answer of {bytes} bytes, and no more") });
            return Some(signs);
        }
        let (Some(next), Some(response)) = (next, response) else { return Some(signs) };
        signs.words.push(format!("a response of {} bytes", shown(response.plain)));
        let later = behind.get(next..).unwrap_or_default();
        if request.meets(REQUEST.0, REQUEST.1) {
            signs.call(later, tail);
        }
        Some(signs)
    }

    /// What follows the response, from the client's next record.
    fn call(&mut self, later: &[Record], tail: &Tail) {
        let Some((first, rest)) = later.split_first() else { return };
        let Some(place) = rest.iter().position(|record| record.from == Side::Server) else { return };
        let (Some(ack), Some(behind)) = (rest.get(place), rest.get(place + 1..)) else { return };
        let together = ack.plain.meets(ACK + LCP.0, ACK + LCP.1);
        if !first.plain.has(CONNECT_REQUEST) || !(ack.plain.has(ACK) || together) {
            return;
        }
        self.accepted = true;
        self.coalesced = !ack.plain.has(ACK);
        self.words.push("14 bytes of the client (Call Connect Request)".into());
        self.words.push(
            if self.coalesced {
                "48 bytes of the server and more (Call Connect Ack, LCP)"
            } else {
                "48 bytes of the server (Call Connect Ack)"
            }
            .into(),
        );
        // Records of the client between the two belong to what follows.
        let talk: Vec<&Record> = rest.get(..place).unwrap_or_default().iter().chain(behind).collect();
        let small = talk.iter().take(10).filter(|record| record.plain.low <= SMALL);
        let sides = |side| talk.iter().take(10).any(|record| record.from == side);
        self.small_talk = small.count() >= 6 && sides(Side::Client) && sides(Side::Server);
        if self.small_talk {
            self.words.push("then small messages both ways (LCP, authentication)".into());
        }
        let connected = talk.iter().position(|record| record.from == Side::Client && begins_with(record.plain, CONNECTED));
        self.binding = connected.is_some();
        self.echoes = tail.echoes + talk.iter().filter(|record| record.plain.has(ECHO)).count() as u64;
        self.bulk = tail.bulk();
        self.reach(&talk, connected, tail);
    }

    /// How far it got.
    fn reach(&mut self, talk: &[&Record], connected: Option<usize>, tail: &Tail) {
        let Some(connected) = connected else {
            self.stage = match talk.len() {
                0 => Layer::Sstp,
                1..LCP_RECORDS => Layer::Lcp,
                _ => Layer::Auth,
            };
            return self.words.push(format!("no 112 bytes of the client (Call Connected) in {} records behind it", talk.len()));
        };
        self.words.push("112 bytes of the client (Call Connected)".into());
        let behind = talk.get(connected + 1..).unwrap_or_default();
        let is_end = |record: &&&Record| record.plain.has(ABORT) || record.plain.has(ECHO);
        let answers: Vec<&&Record> = behind.iter().filter(|record| record.from == Side::Server).collect();
        if answers.len() <= 1 && answers.iter().all(is_end) && !tail.both_ways() {
            self.stage = Layer::Binding;
            return self.words.push("then the server ended the call".into());
        }
        let carries = |side| behind.iter().any(|record| record.from == side && record.plain.low >= DATA);
        self.stage = if self.bulk || carries(Side::Client) && carries(Side::Server) { Layer::Data } else { Layer::Ncp };
        self.words.push(if self.stage == Layer::Data { "then packets both ways" } else { "then small messages (IPCP)" }.into());
        if self.bulk {
            self.words.push("full packets one way and acknowledgements the other".into());
        }
    }
}

/// Call Connect Request and Call Connect Ack next to each other, whatever was before.
pub(super) fn has_bare_pair(records: &[Record]) -> bool {
    records.windows(2).any(|pair| match pair {
        [client, server] => {
            client.from == Side::Client && server.from == Side::Server && client.plain.has(CONNECT_REQUEST) && server.plain.has(ACK)
        }
        _ => false,
    })
}

/// Call Connected alone, or, where sizes are exact, with LCP or IPCP messages in the same record or run.
fn begins_with(plain: Plain, message: u32) -> bool {
    plain.has(message) || plain.low == plain.high && plain.meets(message + LCP.0, message + LCP.1)
}

fn shown(plain: Plain) -> String {
    if plain.low == plain.high { plain.low.to_string() } else { format!("{} to {}", plain.low, plain.high) }
}

/// HTTP request, bytes: 170 and the host's name, tenant and cookie. MS-SSTP 3.2.4.1; measured.
const REQUEST: (u32, u32) = (171, 520);
/// A request with another URI may be shorter; enough for a refusal, bytes. Measured.
const OLD_REQUEST: u32 = 130;
/// HTTP response, bytes: a status line without a reason and the Content-Length are 54 of them (MS-SSTP 3.3.5.2.1). Measured: 80 to 125;
/// proxies add fields.
const RESPONSE: (u32, u32) = (54, 400);
/// Call Connect Request, bytes. MS-SSTP 2.2.9.
const CONNECT_REQUEST: u32 = 14;
/// Call Connect Ack, bytes. MS-SSTP 2.2.10.
const ACK: u32 = 48;
/// Call Connected, bytes. MS-SSTP 2.2.11.
const CONNECTED: u32 = 112;
/// Call Abort with a status, bytes. MS-SSTP 2.2.13.
const ABORT: u32 = 20;
/// SSTP echoes, and ends without attributes, bytes. MS-SSTP 2.2.4.
const ECHO: u32 = 8;
/// A first LCP or IPCP message in the same record, bytes. Measured.
const LCP: (u32, u32) = (16, 45);
/// Ours: LCP takes fewer records than that, authentication follows.
const LCP_RECORDS: usize = 6;
/// Ours: messages of the negotiation are this short, bytes.
const SMALL: u32 = 64;
/// Ours: what is longer behind Call Connected is a packet, bytes.
const DATA: u32 = 60;
/// Inner ACKs without and with time stamps, with their PPP and SSTP headers, bytes.
const INNER_ACKS: [u32; 2] = [48, 60];
/// Ours: a full packet inside the tunnel is at least so long, bytes.
const FULL_PACKET: u32 = 1200;
/// Ours: a refusal by HTTP is no longer than that, bytes.
const MAX_REFUSAL: u32 = 5000;
/// Ours: a request is looked for in so many first records of the client: certificates may come before it.
const FIRST_CLIENT_RECORDS: usize = 6;
