//! Our decoding of every capture against tshark's: each SSTP and PPP message, field by field, where tshark is right.
//! Where it is not is in `fixtures/known/tshark.toml`, a line and a reason each.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use sstp_diag::base::{Side, hex};
use sstp_diag::capture::read::{Connection, Kind, Listener, Options, Source, read};
use sstp_diag::transcript::What;
use sstp_diag::wire::ppp::{self, Body};
use sstp_diag::wire::sstp::Attribute;
use sstp_diag::wire::{chap, control, pap};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// JSON that keeps members in their order, repeated ones too, as tshark writes them.
#[derive(Clone, Debug)]
enum Json {
    Text(String),
    List(Vec<Json>),
    Members(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tshark's JSON")
            }
            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.to_string()))
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Text(String::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Json::Members(members))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Json {
    fn members(&self) -> &[(String, Json)] {
        if let Json::Members(members) = self { members } else { &[] }
    }

    fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().find(|member| member.0 == name).map(|member| &member.1)
    }

    /// One thing or a list of things.
    fn each(&self) -> Vec<&Json> {
        if let Json::List(list) = self { list.iter().collect() } else { vec![self] }
    }

    fn text(&self) -> &str {
        if let Json::Text(text) = self { text } else { "" }
    }

    fn number(&self) -> u64 {
        let text = self.text();
        text.strip_prefix("0x").map_or_else(|| text.parse(), |hex| u64::from_str_radix(hex, 16)).unwrap_or(u64::MAX)
    }

    /// Values of that name anywhere beneath, in order.
    fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Json>) {
        for (key, value) in self.members() {
            if key == name {
                found.extend(value.each());
            }
            value.each().into_iter().for_each(|value| value.all(name, found));
        }
    }

    fn numbers(&self, name: &str) -> Vec<u64> {
        let mut found = Vec::new();
        self.all(name, &mut found);
        found.into_iter().map(Json::number).collect()
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.all(name, &mut found);
        found.into_iter().map(|json| json.text().replace(':', "")).collect()
    }
}

/// Source and destination port of one direction.
type Way = (u16, u16);
/// Messages of each direction, a line each; SSTP packets and PPP packets apart, since tshark lists them apart.
type Reading = BTreeMap<(Way, &'static str), Vec<String>>;

fn theirs(path: &Path) -> Reading {
    let protocols = "tcp sstp lcp pap chap eap ipcp ipv6cp ccp";
    let run = Command::new("tshark")
        .args(["-r", &path.to_string_lossy(), "-Y", "sstp", "-T", "json", "--no-duplicate-keys", "-J", protocols])
        .output()
        .unwrap_or_else(|error| panic!("tshark does not run ({error}); tests/run.sh installs it"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let frames: Json = serde_json::from_slice(&run.stdout).expect("tshark writes JSON");
    let mut reading = Reading::new();
    for frame in frames.each() {
        let Some(layers) = frame.get("_source").and_then(|source| source.get("layers")) else { continue };
        let port = |name| layers.numbers(name).first().copied().unwrap_or_default() as u16;
        let way = (port("tcp.srcport"), port("tcp.dstport"));
        let mut push = |list, line| reading.entry((way, list)).or_default().push(line);
        for (name, value) in layers.members() {
            for one in value.each() {
                match name.as_str() {
                    "sstp" => push("sstp", sstp_line(one)),
                    "lcp" | "ipcp" | "ipv6cp" | "ccp" => push(list_of(name), control_line(name, one)),
                    "chap" => push("chap", chap_line(one)),
                    "pap" => push("pap", pap_line(one)),
                    _ => {}
                }
            }
        }
    }
    reading
}

fn list_of(name: &str) -> &'static str {
    ["lcp", "ipcp", "ipv6cp", "ccp"].into_iter().find(|known| *known == name).unwrap_or("other")
}

fn sstp_line(json: &Json) -> String {
    let one = |name| json.numbers(name).first().copied().unwrap_or_default();
    let mut line = format!("version {}.{} length {}", one("sstp.majorversion"), one("sstp.minorversion"), one("sstp.length"));
    if one("sstp.iscontrol") == 0 {
        return line + " data";
    }
    line += &format!(" type {} count {}", one("sstp.messagetype"), one("sstp.numattrib"));
    for (name, attribute) in json.members().iter().filter(|member| member.0.starts_with("Attribute ")) {
        let _ = name;
        let one = |name| attribute.numbers(name).first().copied().unwrap_or_default();
        line += &format!(" [{} {}", one("sstp.attribid"), one("sstp.attriblength"));
        match one("sstp.attribid") {
            1 => line += &format!(" protocol {}", one("sstp.encapsulatedprotocol")),
            2 => line += &format!(" about {} status {}", attribute.numbers("sstp.attribid")[1], one("sstp.status")),
            3 => {
                line += &format!(
                    " hash {} {} {}",
                    one("sstp.hash"),
                    attribute.texts("sstp.nonce").concat(),
                    attribute.texts("sstp.cert_hash").concat()
                )
            }
            4 => line += &format!(" hash {} {}", one("sstp.hash"), attribute.texts("sstp.nonce").concat()),
            _ => {}
        }
        line += "]";
    }
    line
}

/// Code, identifier, length and the bytes of every option.
fn control_line(name: &str, json: &Json) -> String {
    let one = |name| json.numbers(name).first().copied().unwrap_or_default();
    let mut line = format!("{name} code {} id {} length {}", one("ppp.code"), one("ppp.identifier"), one("ppp.length"));
    for (_, options) in json.members().iter().filter(|member| member.0.starts_with("Options")) {
        for (name, value) in options.members().iter().filter(|member| !member.0.ends_with("_tree")) {
            if name.contains(".opt.") {
                value.each().into_iter().for_each(|bytes| line += &format!(" {}", bytes.text().replace(':', "")));
            }
        }
    }
    for data in ["lcp.magic_number", "lcp.data"] {
        json.texts(data).iter().for_each(|text| line += &format!(" {}", text.trim_start_matches("0x")));
    }
    line
}

fn chap_line(json: &Json) -> String {
    let one = |name| json.numbers(name).first().copied().unwrap_or_default();
    let text = |name| json.texts(name).concat();
    format!(
        "chap code {} id {} length {} {} {} {}",
        one("chap.code"),
        one("chap.identifier"),
        one("chap.length"),
        text("chap.value"),
        text("chap.name"),
        text("chap.message")
    )
}

fn pap_line(json: &Json) -> String {
    let one = |name| json.numbers(name).first().copied().unwrap_or_default();
    let text = |name| json.texts(name).concat();
    format!(
        "pap code {} id {} length {} {} {}",
        one("pap.code"),
        one("pap.identifier"),
        one("pap.length"),
        text("pap.peer_id"),
        text("pap.password")
    )
}

#[derive(Default)]
struct Kept(Vec<Connection>);

impl Listener for Kept {
    fn over(&mut self, connection: Connection) {
        self.0.push(connection);
    }
}

fn ours(path: &Path) -> Reading {
    let mut kept = Kept::default();
    let mut options = Options { sources: vec![Source::Path(path.to_path_buf())], ..Options::default() };
    options.watch.packets = true;
    read(&options, &mut kept).expect("a capture");
    let mut reading = Reading::new();
    for connection in kept.0.iter().filter(|connection| connection.kind == Kind::Sstp) {
        let (client, server) = (connection.seen.client.port(), connection.seen.server.port());
        for event in &connection.transcript.events {
            let way = if event.by == Some(Side::Client) { (client, server) } else { (server, client) };
            let mut push = |list, line| reading.entry((way, list)).or_default().push(line);
            match &event.what {
                What::Sstp(message) => push("sstp", our_sstp(&event.raw, message)),
                What::Ppp(frame) => {
                    push("sstp", format!("version 1.0 length {} data", event.raw.len()));
                    match &frame.body {
                        Body::Lcp(packet) | Body::Ipcp(packet) | Body::Ipv6cp(packet) | Body::Ccp(packet) => {
                            let name = ppp::protocol_name(frame.protocol);
                            push(list_of(name), our_control(name, packet));
                        }
                        Body::Chap(packet) => push("chap", our_chap(packet)),
                        Body::Pap(packet) => push("pap", our_pap(&event.raw, packet)),
                        Body::Eap(_) | Body::Other(_) => {}
                    }
                }
                _ => {}
            }
        }
    }
    reading
}

fn our_sstp(raw: &[u8], message: &sstp_diag::wire::sstp::Message) -> String {
    let mut line = format!("version 1.0 length {} type {} count {}", raw.len(), message.kind.number(), message.attributes.len());
    let mut at = 8;
    for attribute in &message.attributes {
        let length = usize::from(u16::from_be_bytes([raw[at + 2], raw[at + 3]]) & 0x0fff);
        line += &format!(" [{} {length}", attribute.id());
        match attribute {
            Attribute::EncapsulatedProtocol(protocol) => line += &format!(" protocol {protocol}"),
            Attribute::StatusInfo { about, status, .. } => line += &format!(" about {about} status {status}"),
            Attribute::CryptoBinding { hash_protocol, nonce, cert_hash, .. } => {
                line += &format!(" hash {hash_protocol} {} {}", hex(nonce), hex(cert_hash));
            }
            Attribute::CryptoBindingRequest { hash_mask, nonce } => line += &format!(" hash {hash_mask} {}", hex(nonce)),
            Attribute::Other { .. } => {}
        }
        line += "]";
        at += length;
    }
    line
}

fn our_control(name: &str, packet: &control::Packet) -> String {
    let mut line = format!("{name} code {} id {} length {}", packet.code, packet.id, packet.data.len() + 4);
    if packet.has_options() {
        for option in packet.options(ppp::layer_of(ppp::LCP)).expect("options that can be walked") {
            line += &format!(" {:02x}{:02x}{}", option.kind, option.value.len() + 2, hex(&option.value));
        }
    } else if name == "lcp" && matches!(packet.code, 9 | 10) {
        line += &format!(" {} {}", hex(&packet.data[..4]), hex(&packet.data[4..]));
    }
    line.trim_end().to_string()
}

fn our_chap(packet: &chap::Packet) -> String {
    let bytes = packet.emit();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(':', "");
    let (value, name, message) = match &packet.body {
        chap::Body::Challenge { value, name } | chap::Body::Response { value, name } => (hex(value), text(name), String::new()),
        chap::Body::Success { message } | chap::Body::Failure { message } => (String::new(), String::new(), text(message)),
        other => panic!("{other:?} is in no capture"),
    };
    format!("chap code {} id {} length {} {value} {name} {message}", bytes[0], packet.id, bytes.len())
}

/// Code and length as they lie in the bytes: an Ack without a message has no byte for its length either.
fn our_pap(raw: &[u8], packet: &pap::Packet) -> String {
    let (_, information) = ppp::Frame::split(&raw[4..]).expect("it was read");
    let (peer, password) = match &packet.body {
        pap::Body::AuthenticateRequest { peer_id, password } => {
            (String::from_utf8_lossy(peer_id).into_owned(), String::from_utf8_lossy(password).into_owned())
        }
        _ => Default::default(),
    };
    let length = u16::from_be_bytes([information[2], information[3]]);
    format!("pap code {} id {} length {length} {peer} {password}", information[0], packet.id)
}

/// What tshark gets wrong: captures, each with a reason.
fn known() -> Vec<(&'static str, &'static str)> {
    let lines = include_str!("../../fixtures/known/tshark.toml").lines();
    lines.filter_map(|line| line.strip_prefix('"')?.trim_end_matches('"').split_once("\" = \"")).collect()
}

#[test]
fn every_message_of_every_capture_is_read_as_tshark_reads_it() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder).expect("captures").map(|entry| entry.expect("an entry").path()).collect();
    names.retain(|path| path.extension().is_some_and(|ext| ext == "pcapng"));
    names.sort();
    let (mut messages, mut wrong, mut excused) = (0, Vec::new(), Vec::new());
    for path in names {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let (theirs, ours) = (theirs(&path), ours(&path));
        if let Some((_, reason)) = known().into_iter().find(|row| row.0 == name) {
            assert!(theirs != ours, "{name}: tshark agrees after all, so the line in fixtures/known/tshark.toml is stale ({reason})");
            excused.push(name);
            continue;
        }
        messages += theirs.values().map(Vec::len).sum::<usize>();
        for key in theirs.keys().chain(ours.keys()).collect::<std::collections::BTreeSet<_>>() {
            let empty = Vec::new();
            let (theirs, ours) = (theirs.get(key).unwrap_or(&empty), ours.get(key).unwrap_or(&empty));
            if theirs != ours {
                let at = theirs.iter().zip(ours).position(|pair| pair.0 != pair.1).unwrap_or(theirs.len().min(ours.len()));
                wrong.push(format!(
                    "{name} {key:?}: {} of theirs, {} of ours, first at {at}\n  {:?}\n  {:?}",
                    theirs.len(),
                    ours.len(),
                    theirs.get(at),
                    ours.get(at)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(messages >= 1_469 && excused.len() == known().len(), "{messages} messages compared, {excused:?} excused");
}
