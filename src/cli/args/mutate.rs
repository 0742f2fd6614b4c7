//! Arguments of `mutate`.

use super::decode::KeyArgs;
use super::parts::{LookArgs, RootArgs};
use super::probe::WayArgs;
use super::replay::{EapArgs, Form, UserArgs};
use super::values;
use crate::proto::plan::Method;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `mutate`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct MutateArgs {
    /// A recorded call to spoil: a capture, a saved transcript (.jsonl), or a script of `replay --export-script`
    #[arg(value_name = "FILE", conflicts_with = "lab_session")]
    pub input: Option<PathBuf>,
    /// Spoil an honest call as the lab knows it, MS-CHAPv2 or what --auth says, in place of a recorded one; with a lab, a client or our own code that is the default
    #[arg(long)]
    pub lab_session: bool,
    #[command(flatten)]
    pub peer: MarkArgs,
    #[command(flatten)]
    pub client: GuestArgs,
    #[command(flatten)]
    pub what: VariantArgs,
    #[command(flatten)]
    pub pace: PaceArgs,
    #[command(flatten)]
    pub watch: WatchArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub login: UserArgs,
    /// How --lab-session logs in, and what a lab wants then: mschapv2, eap-mschapv2, peap, eap-tls, chap-md5, eap-md5 or pap [default: mschapv2;
    /// with --to as the server wants it, but for peap and eap-tls]
    #[arg(long, value_name = "METHOD", value_parser = values::method, conflicts_with_all = ["input", "listen", "own"], help_heading = "Login")]
    pub auth: Option<Method>,
    #[command(flatten)]
    pub eap: EapArgs,
    #[command(flatten)]
    pub way: WayArgs,
    #[command(flatten, next_help_heading = "Certificate")]
    pub roots: RootArgs,
    /// Write the report as table or json
    #[arg(short, long = "output", value_name = "FORMAT", value_enum, default_value_t = Form::Table, help_heading = "Output")]
    pub output: Form,
    #[command(flatten, next_help_heading = "Output")]
    pub look: LookArgs,
}

/// Against whom.
#[derive(Args)]
#[command(next_help_heading = "Against whom")]
pub struct MarkArgs {
    /// Send the variants to this server: host, host:port, [v6]:port; several are compared with each other (repeatable)
    #[arg(long, value_name = "TARGET", conflicts_with_all = ["lab", "own"])]
    pub to: Vec<String>,
    /// Send them to a lab on this machine
    #[arg(long, conflicts_with = "own")]
    pub lab: bool,
    /// With this seeded defect of the lab (repeatable; see `lab --list-bugs`)
    #[arg(long, value_name = "ID", requires = "lab", conflicts_with_all = ["to", "own"])]
    pub bug: Vec<String>,
    /// Give what the same mutators make to our own parsers and sessions, in this process
    #[arg(long = "self", id = "own")]
    pub own: bool,
    /// Confirm that whoever runs HOST, which is not this machine, wants to be sent spoilt calls (repeatable)
    #[arg(long, value_name = "HOST")]
    pub i_am_authorised: Vec<String>,
}

/// Clients that come to us.
#[derive(Args)]
#[command(next_help_heading = "Clients")]
pub struct GuestArgs {
    /// Wait at ADDR for clients and send them spoilt variants of what a server says; without --exec, --exec-sstpc or
    /// --built-in somebody brings a client by hand, which connects again for every variant
    #[arg(long, value_name = "ADDR:PORT", conflicts_with_all = ["to", "lab", "own"])]
    pub listen: Option<SocketAddr>,
    /// Launch CMD with the shell for every variant; in it {host}, {port}, {ca}, {user}, {password_file} and {password} are filled in
    #[arg(long, value_name = "CMD", requires = "listen", conflicts_with_all = ["exec_sstpc", "built_in"])]
    pub exec: Option<String>,
    /// Launch sstpc (sstp-client) for every variant and play pppd for it; needs root
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = "sstpc", requires = "listen", conflicts_with = "built_in")]
    pub exec_sstpc: Option<String>,
    /// The client within this program
    #[arg(long, requires = "listen")]
    pub built_in: bool,
    /// With this defect (see `conformance client --fault`)
    #[arg(long, value_name = "ID", requires = "built_in")]
    pub fault: Option<String>,
    /// The name that clients dial; it stands on the certificate [default: localhost on loopback, else the address]
    #[arg(long, value_name = "NAME", requires = "listen", value_parser = values::server_name)]
    pub host: Option<String>,
    /// Write the root of the certificate to FILE, PEM
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub ca_out: Option<PathBuf>,
}

/// What is sent.
#[derive(Args)]
#[command(next_help_heading = "What is sent")]
pub struct VariantArgs {
    /// Draw everything random from N: the same variants in the same order
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Send this variant only
    #[arg(long, value_name = "ID")]
    pub only: Option<String>,
    /// Variants whose id begins so (repeatable)
    #[arg(long, value_name = "PREFIX", conflicts_with = "only")]
    pub select: Vec<String>,
    /// Variants that wait for timers too
    #[arg(long)]
    pub slow: bool,
    /// Nothing but random variants that leave the call up, one behind the other in one session
    #[arg(long, conflicts_with_all = ["only", "select"])]
    pub in_session: bool,
    /// Print the variants and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How much, and how fast.
#[derive(Args)]
#[command(next_help_heading = "Pace")]
pub struct PaceArgs {
    /// Send so many variants (5000), or for so long (60s, 10m) [default: every variant once]
    #[arg(long, value_name = "N|TIME", value_parser = budget)]
    pub budget: Option<Budget>,
    /// Hold N connections at a time [default: 64 to this machine, 4 clients that are started, 1 to another, 1 when memory is watched]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: Option<u16>,
    /// Begin N connections in a second at most [default: 20 where the target is not this machine]
    #[arg(long, value_name = "N", value_parser = super::replay::rate)]
    pub rate: Option<f64>,
    /// Write to FILE where the run stands, and go on from there when it is there already
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
}

/// What is watched and kept.
#[derive(Args)]
#[command(next_help_heading = "Findings")]
pub struct WatchArgs {
    /// Look at everything that is wrong N times more
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub confirm: u32,
    /// Write every finding to the folder DIR: a capture with its keys, and a script for `replay`; with --self, read seeds from it and write new ones
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// When the target has died, run COMMAND with sh and go on; what it leaves running must be in a session of its own
    #[arg(long, value_name = "COMMAND")]
    pub restart_cmd: Option<String>,
    /// Watch the memory of process N of this machine
    #[arg(long, value_name = "N")]
    pub pid: Option<u32>,
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// So many variants.
    Cases(u64),
    /// For so long.
    Time(Duration),
}

fn budget(text: &str) -> Result<Budget, String> {
    let wrong = || format!("{text:?} is neither a number of variants (5000) nor a time (90s, 10m, 2h)");
    match text.parse::<u64>() {
        Ok(0) => return Err("nothing would be sent; --dry-run lists the variants".into()),
        Ok(cases) => return Ok(Budget::Cases(cases)),
        Err(_) => {}
    }
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err(wrong()),
    };
    let number = number.parse::<u64>().ok().filter(|number| (1..=100_000).contains(number)).ok_or_else(wrong)?;
    Ok(Budget::Time(Duration::from_secs(number * seconds)))
}

const EXAMPLES: &str = "\
Examples:
  sstp-diag mutate --lab                                every variant once, against the sound lab
  sstp-diag mutate --lab --bug nonce-unchecked          is the defect found?
  sstp-diag mutate call.pcapng --to 127.0.0.1:443 --user u --password-file pw --corpus found
  sstp-diag mutate call.pcapng --to 127.0.0.1:443 --cert a.pem --key a.key      a recorded EAP-TLS login
  sstp-diag mutate --lab --auth peap                    TLS inside EAP, with the lab
  sstp-diag mutate --lab-session --to 127.0.0.1:443 --only out-of-turn/after-ack/echo-request
  sstp-diag mutate --lab-session --to 127.0.0.1:443 --to 127.0.0.1:5443 --budget 500
  sstp-diag mutate --listen 127.0.0.1:0 --exec 'CLIENT {host}:{port} --ca {ca}'    a client of yours
  sstp-diag mutate --listen 127.0.0.1:0 --exec-sstpc --budget 10m      sstp-client, without pppd
  sstp-diag mutate --listen 0.0.0.0:4443 --ca-out root.pem             one that somebody brings by hand
  sstp-diag mutate --self --budget 1000000

Exit codes: 0 nothing is wrong, 1 a finding, 2 usage, 3 could not be run (no honest call goes through,
a file cannot be read or written, or says nothing that makes sense), 130 interrupted.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_number_or_a_time() {
        assert_eq!(budget("5000"), Ok(Budget::Cases(5_000)));
        assert_eq!(budget("90s"), Ok(Budget::Time(Duration::from_secs(90))));
        assert_eq!(budget("2h"), Ok(Budget::Time(Duration::from_secs(7_200))));
        for wrong in ["", "0", "00", "s", "5x", "-1", "0s", "1.5m"] {
            assert!(budget(wrong).is_err(), "{wrong}");
        }
    }
}
