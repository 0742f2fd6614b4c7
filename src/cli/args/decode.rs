//! Arguments of `decode` and `diagnose`.

use super::explain::log_format;
use super::gate::GateArgs;
use super::parts::AccountArgs;
use super::probe::ShownArgs;
use super::values::{self, Numbers};
use crate::capture::read::ServerFilter;
use crate::diag::log::{LogFormat, offset};
use crate::report::sessions::filter::Term;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `decode`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct DecodeArgs {
    /// Captures (pcap or pcapng, also gzip or zstd; several are the files of one ring buffer), saved transcripts (.jsonl), or - for a capture on standard input
    // Asked for later: the complaint has an example in it.
    #[arg(value_name = "CAPTURE")]
    pub input: Vec<PathBuf>,

    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub proof: ProofArgs,
    #[command(flatten)]
    pub judged: JudgedArgs,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub files: FileArgs,
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// Arguments of `diagnose`.
#[derive(Args)]
#[command(after_help = DIAGNOSE_EXAMPLES)]
pub struct DiagnoseArgs {
    /// Captures and saved transcripts (.jsonl), each judged by itself, or - for a capture on standard input
    #[arg(value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// The captures are the files of one ring buffer and make one capture
    #[arg(long)]
    pub ring: bool,

    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub proof: ProofArgs,
    #[command(flatten)]
    pub judged: JudgedArgs,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// What opens TLS.
#[derive(Args)]
#[command(next_help_heading = "Keys")]
pub struct KeyArgs {
    /// Open TLS with the keys in FILE, an NSS key log (repeatable); the file may still be growing [default: SSLKEYLOGFILE]
    #[arg(long, value_name = "FILE")]
    pub keylog: Vec<PathBuf>,
    /// Open TLS with RSA key exchange with the server's private key in FILE, PEM or DER (repeatable)
    #[arg(long, value_name = "FILE")]
    pub rsa_key: Vec<PathBuf>,
}

/// What proves the authentication and the crypto binding off line.
#[derive(Args)]
#[command(next_help_heading = "Proof")]
#[command(mut_arg("user", |arg| arg.help("Verify the responses and the compound MAC for USER, whose password is given")))]
pub struct ProofArgs {
    #[command(flatten)]
    pub account: AccountArgs,
    /// Read the NT hash of the password, 32 hexadecimal digits, from the first line of FILE
    #[arg(long, value_name = "FILE", conflicts_with_all = ["password_file", "password_env"])]
    pub nt_hash_file: Option<PathBuf>,
}

/// What is judged, and by whose roots.
#[derive(Args)]
#[command(next_help_heading = "Judgement")]
pub struct JudgedArgs {
    /// Connections to HOST[:PORT] are SSTP, whatever they look like (repeatable)
    #[arg(long, value_name = "HOST[:PORT]", value_parser = values::server)]
    pub server: Vec<ServerFilter>,
    /// Trust the certificates in FILE too, PEM or DER (repeatable)
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// Trust these roots; of several (repeatable, or with commas; those of --ca count as one more) each gives its verdict [default: the
    /// system's, where the client did not go on by itself]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub trust: Vec<TapRoots>,
    /// Look only at these sessions: 3, 3-7, 3- or several with commas (repeatable)
    #[arg(long, value_name = "N", value_parser = values::numbers)]
    pub session: Vec<Numbers>,
}

/// Logs of the same time.
#[derive(Args)]
#[command(next_help_heading = "Logs")]
pub struct LogArgs {
    /// Put the lines of this log with the calls and findings they belong to (repeatable): a Windows event export, the log of sstpc, SoftEther or accel-ppp
    #[arg(long, value_name = "FILE")]
    pub log: Vec<PathBuf>,
    /// Take the logs for windows-xml, windows-csv, windows-text, sstpc, softether, accel-ppp or plain [default: found out]
    #[arg(long, value_name = "FORMAT", requires = "log", value_parser = log_format)]
    pub log_format: Option<LogFormat>,
    /// The clock of logs that name no time zone: +01:00 [default: found out from lines that name the client, else UTC]
    #[arg(long, value_name = "OFFSET", requires = "log", allow_hyphen_values = true, value_parser = zone)]
    pub log_zone: Option<i64>,
}

fn zone(text: &str) -> Result<i64, String> {
    offset(text).ok_or_else(|| format!("{text:?} is not an offset from UTC such as +01:00 or -0430"))
}

/// Which view.
#[derive(Args)]
#[command(next_help_heading = "View")]
#[group(id = "shape", multiple = false)]
pub struct ShapeArgs {
    /// One line a message
    #[arg(long)]
    pub listing: bool,
    /// Every message with its bytes and the names of its fields
    #[arg(long)]
    pub hex: bool,
    /// Two lifelines and the messages between them
    #[arg(long)]
    pub ladder: bool,
    /// How recognisable each session is to others: what can be seen, by whom, how much it proves
    #[arg(long)]
    pub visibility: bool,
}

/// What is shown of every session.
#[derive(Args)]
#[command(next_help_heading = "View")]
pub struct ViewArgs {
    #[command(flatten)]
    pub shape: ShapeArgs,
    /// Show the packets inside the tunnel too
    #[arg(long)]
    pub packets: bool,
    /// Show only messages that fit, and connections that have one: layer=lcp, side=server, type=lcp.configure-*, addr=10.0.0.1, or with != (repeatable, all must fit)
    #[arg(long, value_name = "EXPR", value_parser = Term::parse)]
    pub filter: Vec<Term>,
    /// Show and save passwords, responses and the like as they came
    #[arg(long)]
    pub with_secrets: bool,
}

/// What is written besides.
#[derive(Args)]
#[command(next_help_heading = "Files")]
pub struct FileArgs {
    /// Write the IP packets inside the tunnels to FILE, a pcapng
    #[arg(long, value_name = "FILE")]
    pub export_inner: Option<PathBuf>,
    /// Write the transcripts to FILE, JSON lines, without secrets
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// A store of roots, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TapRoots {
    /// Those of the operating system
    System,
    /// Mozilla's, compiled in
    Mozilla,
    /// Do not judge certificates
    None,
}

/// Shown beneath `decode --help`.
const EXAMPLES: &str = "\
Examples:
  sstp-diag decode call.pcapng --keylog keys.txt             what happened, and why
  sstp-diag decode call.pcapng --listing --session 2         one line a message
  sstp-diag decode call.pcapng --hex --filter layer=sstp     bytes and fields
  sstp-diag decode call.pcapng --save call.jsonl             keep it without secrets
  sstp-diag decode call.pcapng --log server.log              lines of a log beside it
  tcpdump -i eth0 -U -w - tcp port 443 | sstp-diag decode - --listing

Exit codes: 0 no failing finding, 1 a failing finding, 2 usage, 3 a file could
not be read, 4 a file is damaged (what stands before is shown), 130 interrupted.";

/// Shown beneath `diagnose --help`.
const DIAGNOSE_EXAMPLES: &str = "\
Examples:
  sstp-diag diagnose captures/*.pcapng                       one judgement a session
  sstp-diag diagnose call.jsonl -o junit=report.xml          from a saved transcript
  sstp-diag diagnose call.pcapng --log events.xml --log server.log
  sstp-diag diagnose call.pcapng --waivers known.toml        what may pass, until when

Exit codes: 0 no failing finding, 1 a failing finding, 2 usage, 3 a file could
not be read, 4 a file is damaged (what stands before is judged), 130 interrupted.";
