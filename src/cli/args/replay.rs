//! Arguments of `replay`.

use super::decode::KeyArgs;
use super::parts::{AccountArgs, LookArgs, RootArgs};
use super::probe::WayArgs;
use super::values;
use crate::jobs::replay::{Pattern, Timing};
use crate::proto::edit::Edit;
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `replay`.
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("ca", |arg| arg.help(CA)))]
pub struct ReplayArgs {
    /// A capture (pcap or pcapng, also gzip or zstd), a saved transcript (.jsonl), or a script of --export-script; - for standard input
    #[arg(value_name = "FILE")]
    pub input: Option<PathBuf>,
    #[command(flatten)]
    pub peer: PeerArgs,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub login: UserArgs,
    #[command(flatten)]
    pub eap: EapArgs,
    #[command(flatten)]
    pub how: HowArgs,
    #[command(flatten)]
    pub load: LoadArgs,
    #[command(flatten)]
    pub way: WayArgs,
    #[command(flatten, next_help_heading = "Certificate")]
    pub roots: RootArgs,
    #[command(flatten)]
    pub result: ResultArgs,
}

/// Against whom.
#[derive(Args)]
#[command(next_help_heading = "Against whom")]
#[group(id = "peer", multiple = false)]
pub struct PeerArgs {
    /// Play the client's side to this server: host, host:port, [v6]:port, v6 or https://host:port/
    #[arg(long, value_name = "TARGET")]
    pub to: Option<String>,
    /// Play the server's side to clients that connect here
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Play one side against the other in memory
    #[arg(long)]
    pub both: bool,
    /// Play the client's side to the lab, configured like the recorded server
    #[arg(long)]
    pub lab: bool,
}

/// Which part of the recording.
#[derive(Args)]
#[command(next_help_heading = "What is played")]
pub struct PartArgs {
    /// Play this connection of the file, by its number in `decode` [default: the first that said anything]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub session: Option<u64>,
    /// Compare from this message (lcp.configure-request#2) or layer on; what comes before is played at once, to get there
    #[arg(long, value_name = "MESSAGE|LAYER")]
    pub from: Option<String>,
    /// End with this message or layer
    #[arg(long, value_name = "MESSAGE|LAYER")]
    pub until: Option<String>,
    /// Change what is sent by this line of the edit language, docs/edits.md (repeatable)
    #[arg(long, value_name = "LINE", value_parser = edit)]
    pub edit: Vec<Edit>,
    /// Do not compare this message (sstp.echo-*) or field (http.response:server) (repeatable)
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::parse)]
    pub ignore: Vec<Pattern>,
    /// With this fault of the lab (repeatable; see `lab --list`)
    #[arg(long, value_name = "ID")]
    pub fault: Vec<String>,
}

/// Who logs in.
#[derive(Args)]
#[command(next_help_heading = "Login")]
pub struct UserArgs {
    #[command(flatten)]
    pub account: AccountArgs,
}

/// A login with TLS inside EAP.
#[derive(Args)]
#[command(next_help_heading = "Login")]
pub struct EapArgs {
    /// The certificate of a recorded EAP-TLS login, PEM or DER, its chain behind it
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// The key of --cert, not encrypted [default: in the same file]
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Trust the roots in FILE for the EAP server, and no others [default: those for the SSTP server]; with --listen, for the certificates of clients
    #[arg(long, value_name = "FILE")]
    pub eap_ca: Option<PathBuf>,
}

/// How it is played.
#[derive(Args)]
#[command(next_help_heading = "How it is played")]
pub struct HowArgs {
    /// Send the next message asap, at the original pace, x10 (ten times as fast), or step by step with Enter
    #[arg(long, value_name = "TIMING", value_parser = Timing::parse, default_value = "asap")]
    pub timing: Timing,
    /// Send the bytes that were recorded, and make nothing anew
    #[arg(long)]
    pub verbatim: bool,
    /// Wait so many seconds for a message of the peer, beyond the time that it took in the recording [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub patience: Option<Duration>,
    /// Draw every random value above TLS from N
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// With --listen, hold every write back for MS milliseconds; sstp-client hangs without 25 [default: 0]
    #[arg(long, value_name = "MS", requires = "listen", value_parser = clap::value_parser!(u64).range(0..=1000))]
    pub hold: Option<u64>,
    /// With --listen, show the certificate in FILE, PEM, its chain behind it [default: one is made]
    #[arg(long, value_name = "FILE", requires_all = ["listen", "server_key"])]
    pub server_cert: Option<PathBuf>,
    /// With --listen, the key of --server-cert, not encrypted
    #[arg(long, value_name = "FILE", requires = "server_cert")]
    pub server_key: Option<PathBuf>,
    /// With --listen, write the root of the certificate that is made to FILE, PEM
    #[arg(long, value_name = "FILE", requires = "listen", conflicts_with = "server_cert")]
    pub ca_out: Option<PathBuf>,
}

/// How often.
#[derive(Args)]
#[command(next_help_heading = "Load")]
pub struct LoadArgs {
    /// Play it N times, and tell how long the sessions took
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub count: u64,
    /// Begin N sessions in a second at most
    #[arg(long, value_name = "N", value_parser = rate, conflicts_with_all = ["listen", "both"])]
    pub rate: Option<f64>,
    /// Play N sessions at a time [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), conflicts_with_all = ["listen", "both"])]
    pub concurrency: Option<u16>,
    /// Confirm that whoever runs HOST, which is not this machine, wants many sessions
    #[arg(long, value_name = "HOST")]
    pub i_am_authorised: Option<String>,
}

/// What is shown and written.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct ResultArgs {
    /// List every field that is made anew; without a peer, that is all
    #[arg(long)]
    pub explain: bool,
    /// Write the recording to FILE (- for standard output) as a script that can be edited and played
    #[arg(long, value_name = "FILE")]
    pub export_script: Option<PathBuf>,
    /// Leave the secrets of the recording in that script; they are made anew when it is played
    #[arg(long, requires = "export_script")]
    pub with_secrets: bool,
    /// Write the report as table or json
    #[arg(short, long = "output", value_name = "FORMAT", value_enum, default_value_t = Form::Table)]
    pub output: Form,
    /// Write what happened now to FILE, JSON lines without secrets, for `decode` and `replay`; not with --count
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    pub save: Option<PathBuf>,
    /// Write our own traffic to FILE as a pcapng with the TLS session keys in it
    #[arg(long, value_name = "FILE", conflicts_with = "both")]
    pub pcap: Option<PathBuf>,
    /// Show both runs whole
    #[arg(short, long)]
    pub verbose: bool,
    #[command(flatten)]
    pub look: LookArgs,
}

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    Table,
    /// One document
    Json,
}

fn edit(line: &str) -> Result<Edit, String> {
    Edit::parse(line).map_err(|error| error.to_string())
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.001..=100_000.0).contains(number));
    number.ok_or_else(|| format!("{text:?} is not a number from 0.001 to 100000"))
}

const CA: &str =
    "Trust the certificates in FILE too, PEM or DER (repeatable); a recorded PAP login is only played to a server that is trusted";

const EXAMPLES: &str = "\
Examples:
  sstp-diag replay call.pcapng --to HOST --user u --password-file pw   does it still answer as it did?
  sstp-diag replay call.pcapng --lab                   against the lab, configured like the recorded server
  sstp-diag replay call.jsonl --listen 127.0.0.1:4443  the server's side, for a client under test
  sstp-diag replay call.pcapng --both                  one side against the other, without a network
  sstp-diag replay call.pcapng --explain               what is made anew, and from what
  sstp-diag replay call.pcapng --export-script call.txt    edit it, and play it: replay call.txt --to HOST
  sstp-diag replay call.pcapng --to HOST --until sstp --timing original
  sstp-diag replay call.txt --lab --count 1000 --concurrency 16

Exit codes: 0 everything came as recorded, 1 it differs, 2 usage,
3 could not be run (no connection, nothing to play), 130 interrupted.";
