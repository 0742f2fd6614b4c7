//! The server's stand on every authentication method, asked on a connection for each.

use serde::{Deserialize, Serialize};

/// What the server thinks of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// It asks for it of itself.
    Offered,
    /// It takes it when it is asked for.
    Accepted,
    /// It does not take it.
    Refused,
    /// It gave no answer from which that follows.
    Unknown,
    /// It was not asked: nothing would have come of it.
    NotAsked,
}

impl Stand {
    /// `offered`, `accepted`, `refused`, `unknown` or `not-asked`.
    pub fn name(self) -> &'static str {
        match self {
            Stand::Offered => "offered",
            Stand::Accepted => "accepted",
            Stand::Refused => "refused",
            Stand::Unknown => "unknown",
            Stand::NotAsked => "not-asked",
        }
    }

    /// A client with the method gets through to the login.
    pub fn is_taken(self) -> bool {
        matches!(self, Stand::Offered | Stand::Accepted)
    }
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixRow {
    /// The method's name in arguments, such as `eap-tls`.
    pub method: String,
    /// The server's stand.
    pub stand: Stand,
    /// What it did, in words.
    pub says: String,
}
