//! What a scan of a TLS server brings: versions, suites, groups, and what clients of known kinds would get.

use super::ScanAnswer;
use super::facts::Seen;
use crate::base::Micros;
use serde::{Deserialize, Serialize};

/// One version of TLS, asked for by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Such as 0x0303.
    pub version: u16,
    /// The answer to a hello that offers everything.
    pub answer: ScanAnswer,
    /// The suites accepted, in the order in which the server chose them.
    pub suites: Vec<Suite>,
    /// Whose order that is.
    pub order: Order,
    /// Named groups accepted, in the order in which the server chose them; empty where none was asked for.
    pub groups: Vec<u16>,
    /// Every suite and group was asked for and answered.
    pub whole: bool,
}

impl Version {
    /// The server speaks it.
    pub fn accepted(&self) -> bool {
        matches!(self.answer, ScanAnswer::Accepted { version, .. } if version == self.version)
    }
}

/// One suite accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// IANA number.
    pub cipher: u16,
    /// Key exchange group that came with it.
    pub group: Option<u16>,
    /// Length in bits of the prime of Diffie-Hellman, or of the short RSA key of an export suite.
    pub bits: Option<u16>,
}

/// Who decides which of several common suites is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The server takes its own favourite.
    Server,
    /// The server takes the client's favourite.
    Client,
    /// There was nothing to choose between, or no answer.
    #[default]
    Unknown,
}

/// What else ServerHellos tell; nothing where no answer told it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// RFC 5746.
    pub secure_renegotiation: Option<bool>,
    /// RFC 7627.
    pub extended_master_secret: Option<bool>,
    /// RFC 7366; a server agrees only with a CBC suite.
    pub encrypt_then_mac: Option<bool>,
    /// RFC 5077.
    pub session_tickets: Option<bool>,
    /// RFC 3749; it was offered.
    pub compression: Option<bool>,
    /// RFC 7507: a hello that pretends to be a second try was refused as such.
    pub fallback_refused: Option<bool>,
    /// What ALPN chose of `h2` and `http/1.1`: `none` when the server left it out.
    pub alpn: Option<String>,
    /// The server asks for a client certificate.
    pub asks_for_certificate: Option<bool>,
}

/// A hello like that of a known client, and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posed {
    /// Its id in the table of clients.
    pub client: String,
    /// The answer.
    pub answer: ScanAnswer,
}

/// What a scan took, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Connections tried.
    pub connections: u32,
    /// How long it took.
    pub took: Micros,
    /// Why it is not whole; nothing when it is.
    pub cut: Option<String>,
}

/// A scan as facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// Versions, oldest first.
    pub versions: Vec<Seen<Version>>,
    /// What else ServerHellos told.
    pub traits: Option<Seen<Traits>>,
    /// Clients and their answers.
    pub posed: Vec<Seen<Posed>>,
    /// How it ended.
    pub effort: Option<Seen<Effort>>,
}

impl Survey {
    /// There was a scan.
    pub fn was_made(&self) -> bool {
        self.effort.is_some() || !self.versions.is_empty()
    }

    /// The scan came to its end and the server answered all the while.
    pub fn whole(&self) -> bool {
        self.effort.as_ref().is_some_and(|seen| seen.it.cut.is_none())
    }
}
