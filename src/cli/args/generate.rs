//! Arguments of `generate`.

use super::values;
use crate::jobs::generate::spoil::{self, How};
use crate::jobs::generate::{SUITES, Suite};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `generate`.
#[derive(Args)]
pub struct GenerateArgs {
    /// What to make.
    #[command(subcommand)]
    pub what: Made,
}

/// What can be made.
#[derive(Subcommand)]
pub enum Made {
    /// Short complete calls, each with a handshake and keys of its own
    Sessions {
        /// How many
        #[arg(long, default_value_t = 2000)]
        count: u64,
        #[command(flatten)]
        cut: CutArgs,
        #[command(flatten)]
        to: ToArgs,
    },
    /// One call, cut into TLS records and TCP segments of one byte each
    SplitEveryByte {
        #[command(flatten)]
        to: ToArgs,
    },
    /// One call with a lot of traffic in it
    Bulk {
        /// Network packets inside the tunnel
        #[arg(long, default_value_t = 60_000)]
        packets: u64,
        /// Bytes of each
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(40..=4087))]
        size: u16,
        /// As many packets as it takes for so many bytes (K, M, G: powers of 1000)
        #[arg(long, value_parser = values::bytes, conflicts_with = "packets")]
        bytes: Option<u64>,
        /// Pack the packets into records of 16 KiB
        #[arg(long)]
        coalesce: bool,
        #[command(flatten)]
        cut: CutArgs,
        #[command(flatten)]
        to: ToArgs,
    },
    /// Traffic with no SSTP in it
    Plain {
        /// Payload bytes (K, M, G: powers of 1000)
        #[arg(long, value_parser = values::bytes, default_value = "100M")]
        bytes: u64,
        /// Segments of up to 64 KiB, as where the network card cuts
        #[arg(long)]
        offload: bool,
        #[command(flatten)]
        to: ToArgs,
    },
    /// A capture that there is, spoilt
    Spoil {
        /// The capture, pcapng
        input: PathBuf,
        #[command(flatten)]
        to: ToArgs,
    },
}

/// How the bytes are cut.
#[derive(Args)]
pub struct CutArgs {
    /// Version and cipher: tls13-aes128, tls13-aes256, tls13-chacha20, tls12-aes128, tls12-aes256, tls12-chacha20
    #[arg(long, value_parser = suite, default_value = Suite::USUAL.name)]
    pub suite: Suite,
    /// Segments of up to 64 KiB, as where the network card cuts
    #[arg(long)]
    pub offload: bool,
    /// Bytes of a TCP segment at most [default: 1448]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "offload")]
    pub segment: Option<u16>,
    /// Plaintext bytes of a TLS record at most [default: 16384]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=16_384))]
    pub record: Option<u16>,
    /// TLS 1.3: both ends change their keys every so many packets of bulk, or once in a session
    #[arg(long, value_name = "PACKETS", default_value_t = 0)]
    pub key_update: u64,
}

/// Where it goes, and what is done to it on the way.
#[derive(Args)]
pub struct ToArgs {
    /// The pcapng to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Write the TLS keys to FILE and not into the capture
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
    /// Spoil it so, or choose the link layer (repeatable, done in this order); `help` lists what there is
    #[arg(long, value_name = "NAME[=N]")]
    pub how: Vec<String>,
    /// Draw every random choice above TLS from N
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

impl ToArgs {
    /// What is to be done to it.
    pub fn how(&self) -> Result<How, String> {
        How::parse(&self.how)
    }

    /// The list of what can be done, if that was asked for.
    pub fn list(&self) -> Option<String> {
        self.how.iter().any(|name| name == "help").then(spoil::list)
    }
}

fn suite(text: &str) -> Result<Suite, String> {
    let names = || SUITES.map(|suite| suite.name).join(", ");
    Suite::named(text).ok_or_else(|| format!("{text:?} is no suite; there are {}", names()))
}
