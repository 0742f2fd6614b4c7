//! How a trial ended, in a word, and whose word it was.

use serde::{Deserialize, Serialize};

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// What was asked for came, or an answer to it.
    Answered,
    /// RST in answer to the SYN, or the proxy's no.
    Refused,
    /// ICMP said so, whatever it named as the reason, or there is no way there.
    Unreachable,
    /// Nothing came in time.
    Silence,
    /// RST.
    Reset,
    /// FIN, or close_notify.
    Closed,
    /// A TLS alert.
    Alert(u8),
    /// Something that is no TLS where TLS should be.
    NotTls,
    /// The name does not exist, or has no address.
    NoSuchName,
    /// Something that breaks the protocol.
    Broken(String),
    /// Our own side failed.
    Ours(String),
}

impl Ending {
    /// In a word.
    pub fn word(&self) -> String {
        match self {
            Ending::Answered => "answered".into(),
            Ending::Refused => "refused".into(),
            Ending::Unreachable => "unreachable".into(),
            Ending::Silence => "silence".into(),
            Ending::Reset => "reset".into(),
            Ending::Closed => "closed".into(),
            Ending::Alert(number) => format!("alert {number}"),
            Ending::NotTls => "not TLS".into(),
            Ending::NoSuchName => "no such name".into(),
            Ending::Broken(_) => "broken".into(),
            Ending::Ours(_) => "not run".into(),
        }
    }

    /// Nothing was said about why: what boxes on the way do, and servers seldom.
    pub fn is_wordless(&self) -> bool {
        matches!(self, Ending::Silence | Ending::Reset | Ending::Closed)
    }

    /// The server ended it in its own words.
    pub fn is_servers_word(&self) -> bool {
        match self {
            Ending::Alert(_) => true,
            Ending::Broken(says) => says.starts_with(SERVER),
            _ => false,
        }
    }

    /// The server says other things, and answers no echo: RFC 1661 5.8 wants an answer.
    pub fn ignores_echoes() -> Ending {
        Ending::by_server("answers no echoes")
    }

    /// The server ended it, and how.
    pub fn by_server(did: &str) -> Ending {
        Ending::Broken(format!("{SERVER}{did}"))
    }
}

/// How words about what the server itself did begin.
const SERVER: &str = "the server ";
