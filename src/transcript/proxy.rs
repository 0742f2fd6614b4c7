//! What happens at a forward proxy besides CONNECT and its answer.

use serde::{Deserialize, Serialize};

/// One step on the way through a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A proxy was looked for in a PAC script.
    Sought {
        /// Where the script is from.
        from: String,
        /// The script's answer, or why there is none.
        says: String,
        /// There is an answer.
        found: bool,
    },
    /// Credentials were shown to an HTTP proxy.
    Shown {
        /// By this scheme, such as `Digest SHA-256`.
        scheme: String,
    },
    /// Credentials could not be shown.
    NotShown {
        /// Why.
        says: String,
    },
    /// A SOCKS proxy answered.
    Socks {
        /// What it answered to.
        to: Greeting,
        /// Its code: a method, a status or a reply. RFC 1928 3 and 6, RFC 1929 2.
        code: u8,
    },
    /// After a refusal something slightly different was asked for, on a connection of its own.
    Contrast(Contrast),
}

/// What a SOCKS proxy answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Greeting {
    /// The methods that were offered.
    Methods,
    /// User and password.
    Login,
    /// CONNECT.
    Connect,
}

/// CONNECT with one thing changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contrast {
    /// `host:port` that was asked for.
    pub target: String,
    /// Which header went with it.
    pub header: Header,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// The answer's first line, or why there is none.
    pub says: String,
}

impl Contrast {
    /// The tunnel was given.
    pub fn allowed(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// It was refused by rule, which is something else than a server that cannot be reached.
    pub fn forbidden(&self) -> bool {
        matches!(self.status, Some(403 | 405))
    }
}

/// The header that a CONNECT bears besides the usual ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// `SSTPVERSION: 1.0`, as MS-SSTP 4.5 wants it.
    Sstp,
    /// None.
    None,
    /// One of the same length that means nothing.
    Other,
}

impl Header {
    /// In a few words.
    pub fn means(self) -> &'static str {
        match self {
            Header::Sstp => "with SSTPVERSION",
            Header::None => "without SSTPVERSION",
            Header::Other => "with another unknown header",
        }
    }
}
