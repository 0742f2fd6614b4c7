//! The head of a transcript: who, when, and what was asked.

use crate::base::Layer;
use serde::{Deserialize, Serialize};

/// The server as the user named it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Name or address as given.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The name used for SNI, Host and the certificate when it is not `host`.
    pub server_name: Option<String>,
    /// Where the connection went instead of what `host` resolves to.
    pub connect: Option<String>,
}

impl Target {
    /// The name that the certificate must bear.
    pub fn name(&self) -> &str {
        self.server_name.as_deref().unwrap_or(&self.host)
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

/// What the user asked for; what was not asked for is "not tried".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The last layer to climb to.
    pub until: Layer,
    /// There were a user name and a password.
    pub credentials: bool,
    /// The user name as given, if any.
    pub user: Option<String>,
    /// The call went through a proxy; `host:port` of it.
    pub proxy: Option<String>,
    /// Stop where Windows would stop.
    pub strict: bool,
    /// Trust sources that were each to give a verdict; none: they were asked in turn until one trusted the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

impl Default for Asked {
    fn default() -> Self {
        Asked { until: Layer::Teardown, credentials: false, user: None, proxy: None, strict: false, sources: Vec::new() }
    }
}

/// Who looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// One end of the call: ourselves.
    #[default]
    Live,
    /// A tap between the ends; a watcher of both directions.
    Capture {
        /// Number of the connection in the capture, from 1.
        connection: u64,
        /// Number of its first packet, from 1.
        first_packet: u64,
    },
}

/// Who, when, what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of the program that wrote the transcript.
    pub version: String,
    /// When it began, milliseconds since 1970-01-01 UTC.
    pub began_unix_ms: i64,
    /// The server.
    pub target: Target,
    /// What was asked.
    pub asked: Asked,
    /// Seed of every random choice.
    pub seed: u64,
    /// Who looked.
    #[serde(default)]
    pub source: Source,
    /// Passwords, responses and the like are in it as they came; otherwise they were scrubbed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_secrets: bool,
}
