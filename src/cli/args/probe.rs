//! Arguments of `probe`.

use super::gate::GateArgs;
use super::parts::{AccountArgs, LookArgs, RootArgs, TargetArgs};
use super::target::Target;
use super::values::{self, LayerTime, OutputTo};
use crate::base::Layer;
use crate::live::dns::Override;
use crate::proto::plan::Method;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `probe`.
#[derive(Args)]
#[command(after_help = super::EXAMPLES)]
pub struct ProbeArgs {
    #[command(flatten)]
    pub server: TargetArgs,

    #[command(flatten)]
    pub login: LoginArgs,
    #[command(flatten)]
    pub way: WayArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub extent: ExtentArgs,
    #[command(flatten)]
    pub scan: ScanArgs,
    #[command(flatten)]
    pub lab: ProbeLabArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub shown: ShownArgs,
    /// Write our own traffic to FILE as a pcapng with the TLS session keys in it, for Wireshark and `decode`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub pcap: Option<PathBuf>,
    /// Write the transcript to FILE, JSON lines without secrets, for `decode` and `diagnose`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub save: Option<PathBuf>,
}

/// Who we are.
#[derive(Args)]
#[command(next_help_heading = "Login")]
#[command(mut_arg("user", |arg| arg.help("Log in as USER: user, DOMAIN\\user or user@domain; without it the server's methods are learned")))]
pub struct LoginArgs {
    #[command(flatten)]
    pub account: AccountArgs,
    /// Use METHOD only; repeat it, best first: mschapv2, eap-mschapv2, peap, eap-tls, chap-md5, eap-md5, pap
    #[arg(long, value_name = "METHOD", value_parser = values::method)]
    pub auth: Vec<Method>,
    /// Prove it with the client certificate in FILE (PEM or DER, its chain behind it): EAP-TLS
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// The key of --cert, not encrypted [default: in the same file]
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Give NAME outside the tunnel of PEAP in place of the user's
    #[arg(long, value_name = "NAME")]
    pub anonymous_identity: Option<String>,
    /// Trust only the certificates in FILE for the EAP server [default: as for the SSTP server]
    #[arg(long, value_name = "FILE")]
    pub eap_ca: Option<PathBuf>,
    /// The EAP server's certificate must bear NAME [default: any name]
    #[arg(long, value_name = "NAME", value_parser = values::server_name)]
    pub eap_server_name: Option<String>,
    /// Offer only this TLS version within EAP
    #[arg(long, value_name = "VERSION", value_enum)]
    pub eap_tls_version: Option<EapTlsVersion>,
    /// Do not log in: ask which methods the server takes, one connection for each, and tell what Windows must be set to
    #[arg(long, conflicts_with_all = ["password_file", "password_env", "auth", "cert"])]
    pub auth_matrix: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EapTlsVersion {
    /// TLS 1.2
    #[value(name = "1.2")]
    Tls12,
    /// TLS 1.3
    #[value(name = "1.3")]
    Tls13,
}

/// Which way to the server.
#[derive(Args)]
#[command(next_help_heading = "Way to the server")]
pub struct WayArgs {
    /// Go through a proxy: http://[user@]host:port or socks5://[user@]host:port; HTTPS_PROXY, ALL_PROXY and NO_PROXY are understood too
    #[arg(long, value_name = "URL", conflicts_with_all = ["no_proxy", "pac", "wpad"])]
    pub proxy: Option<String>,
    /// Ask the proxy script in FILE, or at an http:// URL, which proxy to go through
    #[arg(long, value_name = "FILE|URL", conflicts_with_all = ["no_proxy", "wpad"])]
    pub pac: Option<String>,
    /// Look for a proxy script at http://wpad.DOMAIN/wpad.dat and above, as browsers do [default domain: those of resolv.conf]
    #[arg(long, value_name = "DOMAIN", num_args = 0..=1, default_missing_value = "", conflicts_with = "no_proxy")]
    pub wpad: Option<String>,
    /// Log in at the proxy as USER, DOMAIN\user for NTLM: Digest, NTLM or Basic, as it asks for
    #[arg(long, value_name = "USER", conflicts_with = "no_proxy")]
    pub proxy_user: Option<String>,
    /// Read the proxy's password from the first line of FILE [else SSTP_DIAG_PROXY_PASSWORD is taken]
    #[arg(long, value_name = "FILE")]
    pub proxy_password_file: Option<PathBuf>,
    /// Go straight to the server whatever HTTPS_PROXY says
    #[arg(long)]
    pub no_proxy: bool,
    /// Connect to ADDR[:PORT] instead of what the target resolves to: one node behind a balancer
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = Target::place)]
    pub connect: Option<Target>,
    /// Use NAME for SNI, for the Host header and for the certificate
    #[arg(long, value_name = "NAME", value_parser = values::server_name)]
    pub server_name: Option<String>,
    /// Take these addresses for HOST without asking the resolver (repeatable)
    #[arg(long, value_name = "HOST:ADDR[,ADDR]", value_parser = values::resolve)]
    pub resolve: Vec<Override>,
    /// Use IPv4 only
    #[arg(short = '4', long = "ipv4", conflicts_with = "v6")]
    pub v4: bool,
    /// Use IPv6 only
    #[arg(short = '6', long = "ipv6")]
    pub v6: bool,
}

/// Whom to trust.
#[derive(Args)]
#[command(next_help_heading = "Certificate")]
pub struct TrustArgs {
    #[command(flatten)]
    pub roots: RootArgs,
    /// Look up whether certificates are revoked, as Windows does before the tunnel is there: fetches the http:// CRL and
    /// OCSP addresses in the certificates, and missing issuers as with --aia
    #[arg(long)]
    pub revocation: bool,
    /// Fetch issuers that the server does not send from the http:// addresses in the certificates
    #[arg(long)]
    pub aia: bool,
    /// Write the certificates to FILE (- is standard output, behind the table) as the server should send them, PEM:
    /// leaf first, no root; fetches as --aia does
    #[arg(long, value_name = "FILE")]
    pub fix_chain: Option<PathBuf>,
    /// Shake hands once more without SNI, and compare the certificates
    #[arg(long)]
    pub compare_sni: bool,
    /// Stop where Windows would stop: at a certificate that does not verify
    #[arg(long)]
    pub strict: bool,
    /// Write the TLS session keys to FILE, for Wireshark; SSLKEYLOGFILE is understood too
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
}

/// How far, and how long.
#[derive(Args)]
#[command(next_help_heading = "Extent")]
pub struct ExtentArgs {
    /// Climb to LAYER and no further: dns, tcp, proxy, tls, cert, http, sstp, lcp, auth, binding, ncp, data, teardown
    #[arg(long, value_name = "LAYER", value_parser = values::layer, default_value = "teardown")]
    pub until: Layer,
    /// Stop after so many seconds in all [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub timeout: Option<Duration>,
    /// Give every layer so many seconds, or one of them (repeatable) [default: 10, auth 40]
    #[arg(long, value_name = "SECONDS|LAYER=SECONDS", value_parser = values::layer_time)]
    pub layer_timeout: Vec<LayerTime>,
    /// Draw every random value above TLS from N, so that a run can be repeated
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// A survey of the server's TLS.
#[derive(Args)]
#[command(next_help_heading = "TLS scan")]
pub struct ScanArgs {
    /// When the call is over, list the server's TLS versions, suites and groups, and what Windows and Linux clients would get
    #[arg(long)]
    pub scan: bool,
    /// Make at most N connections at once while scanning; 1 is the most polite [default: 8]
    #[arg(long, value_name = "N", requires = "scan", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub scan_parallel: Option<u16>,
    /// Stop scanning after so many seconds; what was found until then is shown [default: 10]
    #[arg(long, value_name = "SECONDS", requires = "scan", value_parser = values::seconds)]
    pub scan_timeout: Option<Duration>,
}

/// A server of our own.
#[derive(Args)]
#[command(next_help_heading = "Lab")]
pub struct ProbeLabArgs {
    /// Start the lab in this process and probe it
    #[arg(long)]
    pub lab: bool,
    /// With the fault ID (repeatable; see `lab --list`)
    #[arg(long, value_name = "ID", requires = "lab", conflicts_with = "target")]
    pub fault: Vec<String>,
}

/// What is shown.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct ShownArgs {
    /// Write the report as table, json, ndjson, junit or html, to standard output or into FILE (repeatable)
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]", value_parser = values::output)]
    pub output: Vec<OutputTo>,
    /// Show everything that was learned
    #[arg(short, long)]
    pub verbose: bool,
    #[command(flatten)]
    pub look: LookArgs,
}
