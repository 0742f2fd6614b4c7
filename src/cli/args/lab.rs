//! Arguments of `lab`.

use super::values;
use crate::jobs::middlebox::Chosen;
use crate::proto::plan::Method;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `lab`.
#[derive(Args)]
pub struct LabArgs {
    /// Listen on ADDR:PORT [default: 127.0.0.1 and a free port]; with --middlebox the middlebox does, and the lab behind it on a free port
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Record what arrives, and give it back to whoever knows TOKEN, 16 characters or more, or @FILE with it in its first line; then --listen may name any address
    #[arg(long, value_name = "TOKEN|@FILE", conflicts_with_all = ["list", "pcap"])]
    pub witness: Option<String>,
    /// Behave with the fault ID (repeatable)
    #[arg(long, value_name = "ID")]
    pub fault: Vec<String>,
    /// Have the seeded defect ID inside the server, one that `mutate` must find (repeatable)
    #[arg(long, value_name = "ID")]
    pub bug: Vec<String>,
    /// List the seeded defects and end
    #[arg(long)]
    pub list_bugs: bool,
    /// Take METHOD only; repeat it, the one offered first in front [default: all, mschapv2 first]
    #[arg(long, value_name = "METHOD", value_parser = values::method)]
    pub auth: Vec<Method>,
    /// Draw every random value above TLS from N [default: other ones at every start]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// List the faults and end
    #[arg(long)]
    pub list: bool,
    /// Put a middlebox in front of it: KIND or KIND=NUMBER
    #[arg(long, value_name = "KIND[=N]", value_parser = Chosen::parse)]
    pub middlebox: Option<Chosen>,
    /// List the middleboxes and end
    #[arg(long)]
    pub list_middleboxes: bool,
    /// Write the lab's root certificate to FILE, PEM [default: a file in the temporary directory]
    #[arg(long, value_name = "FILE")]
    pub ca_out: Option<PathBuf>,
    /// Write the server's traffic to FILE as a pcapng with the TLS session keys in it, for Wireshark
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub pcap: Option<PathBuf>,
}
