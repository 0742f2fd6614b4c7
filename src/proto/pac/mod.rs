//! Proxy auto-config scripts: the subset of JavaScript that they are written in, evaluated without I/O and within bounds.
//!
//! The language is described in `docs/proxies.md`. A script that leaves the subset is an error with its line, never a guess. Names
//! are resolved by the caller: a script that needs one stops, and runs again when the answer is known.

mod builtins;
mod eval;
mod lex;
mod parse;
mod tree;
mod value;

use std::collections::HashMap;
use std::net::Ipv4Addr;

/// A script that was read.
#[derive(Debug)]
pub struct Script {
    body: Vec<tree::Stmt>,
}

/// Why a script gives no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacError {
    /// Line of the script, from 1.
    pub line: usize,
    /// What is wrong there.
    pub says: String,
}

impl std::fmt::Display for PacError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.says)
    }
}

impl std::error::Error for PacError {}

/// What a script can ask about.
#[derive(Clone, Debug)]
pub struct World {
    /// Names that were looked up, and their first IPv4 address.
    pub names: HashMap<String, Option<Ipv4Addr>>,
    /// Our own address.
    pub ours: Ipv4Addr,
    /// Seconds since 1970-01-01 UTC; scripts are told UTC for local time.
    pub now_unix: i64,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer of `FindProxyForURL`, in its order of preference.
    Choices(Vec<Choice>),
    /// This name must be looked up first.
    NeedsName(String),
    /// There is no answer.
    Failed(PacError),
}

/// One way that a script names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Straight to the server.
    Direct,
    /// An HTTP proxy, `host:port`.
    Http(String),
    /// A SOCKS5 proxy, `host:port`.
    Socks5(String),
    /// Something that we do not speak, as it stands there: HTTPS, SOCKS4.
    Other(String),
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Choice::Direct => f.write_str("DIRECT"),
            Choice::Http(place) => write!(f, "PROXY {place}"),
            Choice::Socks5(place) => write!(f, "SOCKS5 {place}"),
            Choice::Other(text) => f.write_str(text),
        }
    }
}

impl Script {
    /// Reads a script of at most [`MOST_BYTES`].
    pub fn parse(text: &str) -> Result<Script, PacError> {
        if text.len() > MOST_BYTES {
            return Err(PacError { line: 1, says: format!("the script has {} bytes; {MOST_BYTES} are read at most", text.len()) });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('<') {
            return Err(PacError { line: 1, says: "this is a web page and no script".into() });
        }
        Ok(Script { body: parse::program(lex::tokens(text)?)? })
    }

    /// Asks the script about a URL and its host.
    pub fn find(&self, url: &str, host: &str, world: &World) -> Outcome {
        match eval::call(&self.body, "FindProxyForURL", &[url, host], world) {
            Ok(answer) => choices(&answer).map_or_else(|says| Outcome::Failed(PacError { line: 0, says }), Outcome::Choices),
            Err(eval::Stop::Name(name)) => Outcome::NeedsName(name),
            Err(eval::Stop::Error(error)) => Outcome::Failed(error),
        }
    }
}

/// Reads `PROXY a:80; SOCKS b:1080; DIRECT`.
fn choices(answer: &str) -> Result<Vec<Choice>, String> {
    let mut all = Vec::new();
    for part in answer.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (kind, place) = part.split_once(char::is_whitespace).map_or((part, ""), |(kind, place)| (kind, place.trim()));
        all.push(match (kind.to_ascii_uppercase().as_str(), place) {
            ("DIRECT", _) => Choice::Direct,
            (_, "") => return Err(format!("its answer {answer:?} names no host after {kind:?}")),
            ("PROXY" | "HTTP", place) => Choice::Http(place.into()),
            ("SOCKS" | "SOCKS5", place) => Choice::Socks5(place.into()),
            ("HTTPS" | "SOCKS4", _) => Choice::Other(part.into()),
            _ => return Err(format!("its answer {answer:?} is none: PROXY, SOCKS or DIRECT was expected")),
        });
    }
    // An empty answer means a direct connection, as no answer does.
    Ok(if all.is_empty() { vec![Choice::Direct] } else { all })
}

/// Ours: a longer script is refused.
pub const MOST_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests;
