//! What clap cannot see: arguments that are fine one by one and make no sense together.

use super::args::{ProbeArgs, Target, WayArgs};
use super::exit::Trouble;
use crate::base::Layer;
use crate::jobs::probe::ProbeConfig;
use crate::proto::plan::Method;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The target; with `--lab` the lab fills it in. Nothing is opened or written before this is through.
pub fn target(args: &ProbeArgs) -> Result<Target, Trouble> {
    twice(args)?;
    let until = args.extent.until;
    if args.login.auth_matrix && until < Layer::Auth {
        let says = format!("--auth-matrix asks for methods of authentication, and --until {} ends before it", until.name());
        return Err(Trouble::Usage(says));
    }
    if args.lab.lab {
        return Ok(Target { host: String::new(), port: 0 });
    }
    let Some(text) = &args.server.target else {
        return Err(Trouble::Usage("TARGET is missing; without a server at hand try `sstp-diag probe --lab`".into()));
    };
    let target = Target::parse(text).map_err(Trouble::Usage)?;
    login(args)?;
    if !args.login.auth.is_empty() && args.login.account.user.is_none() && args.login.cert.is_none() {
        return Err(Trouble::Usage("--auth needs --user: without a user there is no login".into()));
    }
    family(args, &target)?;
    Ok(target)
}

/// EAP-TLS without a certificate, or a name for a tunnel that there will not be.
fn login(args: &ProbeArgs) -> Result<(), Trouble> {
    let login = &args.login;
    let needless = |option: &str, needs: &str| Err(Trouble::Usage(format!("{option} is for {needs}, which --auth leaves out")));
    let named = |method: Method| login.auth.is_empty() && login.cert.is_none() || login.auth.contains(&method);
    match () {
        () if login.auth.contains(&Method::EapTls) && login.cert.is_none() && !args.lab.lab => {
            Err(Trouble::Usage("--auth eap-tls needs --cert, and --key where the key is in another file".into()))
        }
        () if login.cert.is_some() && !login.auth.is_empty() && !login.auth.contains(&Method::EapTls) => needless("--cert", "eap-tls"),
        () if login.anonymous_identity.is_some() && !named(Method::Peap) => needless("--anonymous-identity", "peap"),
        () => Ok(()),
    }
}

/// Where `--connect` leads; without a port of its own it takes that of the target.
pub fn connect(way: &WayArgs, port: u16) -> Option<String> {
    let place = way.connect.as_ref()?;
    let port = if place.port == 0 { port } else { place.port };
    Some(Target { host: place.host.clone(), port }.authority())
}

/// Whom calls reach, for the rails: a proxy, which bears them too and dials for itself, and what the target's name leads to.
pub fn leads_to(way: &WayArgs, config: &ProbeConfig) -> Vec<String> {
    let place = connect(way, config.target.port).and_then(|place| Target::parse(&place).ok()).map(|place| place.host);
    let resolved = config.resolver.overrides.iter().filter(|row| row.host.eq_ignore_ascii_case(&config.target.host));
    let addresses: Vec<String> = resolved.flat_map(|row| row.addresses.iter().map(ToString::to_string)).collect();
    let target = match place {
        Some(place) => vec![place],
        None if addresses.is_empty() || config.proxy.is_some() => vec![config.target.host.clone()],
        None => addresses,
    };
    config.proxy.iter().map(|proxy| proxy.host.clone()).chain(target).collect()
}

/// Whether it is this machine.
pub fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn family(args: &ProbeArgs, target: &Target) -> Result<(), Trouble> {
    let host = &args.way.connect.as_ref().unwrap_or(target).host;
    let wrong = match host.parse() {
        Ok(IpAddr::V4(_)) if args.way.v6 => "-6 (--ipv6) cannot reach it: it is an IPv4 address",
        Ok(IpAddr::V6(_)) if args.way.v4 => "-4 (--ipv4) cannot reach it: it is an IPv6 address",
        _ => return Ok(()),
    };
    Err(Trouble::Usage(format!("{host}: {wrong}")))
}

/// One file cannot hold two reports, nor a report and a capture.
fn twice(args: &ProbeArgs) -> Result<(), Trouble> {
    let reports = || args.shown.output.iter().filter_map(|output| output.file.as_deref()).chain(args.save.as_deref());
    let keylog = args.trust.keylog.as_deref().map(|path| ("--keylog", plain(path)));
    let pcap = args.pcap.as_deref().map(|path| ("--pcap", plain(path)));
    if let (Some((_, keylog)), Some((_, pcap))) = (&keylog, &pcap)
        && keylog == pcap
    {
        return Err(Trouble::Usage(format!("{} cannot be both key log and capture; the capture has the keys in it", pcap.display())));
    }
    for path in reports() {
        if let Some((option, _)) = keylog.iter().chain(&pcap).find(|row| row.1 == plain(path)) {
            return Err(Trouble::Usage(format!("{} is named by -o and by {option}; give each a file of its own", path.display())));
        }
    }
    written(reports(), &[])
}

/// Every file is written once, and none of them is read.
pub fn written<'a>(files: impl Iterator<Item = &'a Path>, read: &[PathBuf]) -> Result<(), Trouble> {
    let read: Vec<PathBuf> = read.iter().filter(|path| *path != Path::new("-")).map(|path| plain(path)).collect();
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in files {
        if path == Path::new("-") {
            return Err(Trouble::Usage(
                "- is no file to write into; name one, such as ./out.pcapng (standard output has the report)".into(),
            ));
        }
        let place = plain(path);
        // A terminal or /dev/null may be named as often as one likes.
        if place.starts_with("/dev") {
            continue;
        }
        if read.contains(&place) {
            return Err(Trouble::Usage(format!("{} is to be read and cannot be written into", path.display())));
        }
        if seen.contains(&place) {
            return Err(Trouble::Usage(format!("{} cannot hold two reports; give every -o a file of its own", path.display())));
        }
        seen.push(place);
    }
    Ok(())
}

/// A path as the file system knows it.
fn plain(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.into())
}
