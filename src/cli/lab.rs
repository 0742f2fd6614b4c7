//! `lab`, and the lab behind `probe --lab`.

use super::args::{CatalogueArgs, LabArgs, ProbeArgs, Roots, Shape, WayArgs, What};
use super::exit::{Exit, Trouble};
use super::output::print;
use super::{catalogue, eap, pcap, proxy, sense, trust};
use crate::base::Secret;
use crate::jobs::lab::clash::{self, Clash};
use crate::jobs::lab::{Dial, Lab, LabConfig, LineFiles, fault, pki};
use crate::jobs::middlebox::{self, Street};
use crate::jobs::probe::ProbeConfig;
use crate::live::dns::Override;
use crate::live::proxy::ProxyCredentials;
use crate::live::proxy::find::{Pac, Source};
use crate::live::runtime::{self, Ended};
use crate::live::trust::Trust;
use crate::live::wiretap::Ear;
use crate::live::witness::{SHORTEST, Token, Witness};
use crate::proto::bug::{self, Bug};
use crate::proto::plan::{Credentials, Method};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch::Receiver;

/// Runs the lab until Ctrl-C, or lists what it can do wrong.
pub fn run(args: &LabArgs) -> Result<Exit, Trouble> {
    if args.list {
        let exit = catalogue::run(&CatalogueArgs { what: What::Faults, output: Shape::Table })?;
        print(beside().as_bytes())?;
        return Ok(exit);
    }
    if args.list_bugs {
        print(bug_list().as_bytes())?;
        return Ok(Exit::Works);
    }
    if args.list_middleboxes {
        print(middleboxes().as_bytes())?;
        return Ok(Exit::Works);
    }
    known(&args.fault)?;
    let bugs = bugs(&args.bug)?;
    let port = port(args)?;
    let pcap = pcap::open(args.pcap.as_deref(), "a lab")?;
    let ended = runtime::run(|stop| serve(args, port, &bugs, pcap::ear(pcap.as_ref()), stop))?;
    pcap::finish(pcap, args.pcap.as_deref());
    match ended {
        Ended::Through(result) | Ended::Interrupted(result) => result.map(|()| Exit::Works),
        Ended::Abandoned => Ok(Exit::Interrupted),
    }
}

/// The boxes that can stand in front of it.
fn middleboxes() -> String {
    let number = |kind: &middlebox::Kind| kind.value.map_or(String::new(), |(value, unit)| format!(" [={value} {}]", unit.name()));
    middlebox::all().map(|kind| format!("{:24}{}{}\n", kind.id, kind.title, number(kind))).collect()
}

/// What the lab can do beside the faults that the checks are for.
fn beside() -> String {
    let rows = |title: &str, faults: &mut dyn Iterator<Item = &'static fault::Fault>| {
        let lines: String = faults.map(|fault| format!("{:34}{:10}{}\n", fault.id, fault.layer.name(), fault.title)).collect();
        format!("\n{title}\n{lines}")
    };
    rows("Oddities, which are unusual and harmless:", &mut fault::oddities())
        + &rows("Mutants, each of which breaks one rule, for `conformance server --lab --fault ID`:", &mut fault::mutants())
}

/// Starts the lab that `probe --lab` asks for, and turns the probe towards it.
pub async fn start(args: &ProbeArgs, config: &mut ProbeConfig) -> Result<Lab, Trouble> {
    known(&args.lab.fault)?;
    let wanted = LabConfig { methods: None, faults: args.lab.fault.clone(), seed: config.seed, ..LabConfig::default() };
    let lab = Lab::start(wanted).await?;
    let roots = args.trust.roots.without_files();
    dial(config, lab.dial(), &args.way, roots)?;
    Ok(lab)
}

/// What the user gave stands; the rest is what the lab says. `roots`: trust the lab too, beside these stores.
pub fn dial(config: &mut ProbeConfig, dial: &Dial, way: &WayArgs, roots: Option<&[Roots]>) -> Result<(), Trouble> {
    (config.target.host, config.target.port) = (dial.host.clone(), dial.port);
    config.target.connect = sense::connect(way, dial.port);
    config.target.server_name = config.target.server_name.take().or_else(|| dial.server_name.clone());
    let overrides = dial.resolve.iter().map(|(host, addresses)| Override { host: host.clone(), addresses: addresses.clone() });
    config.resolver.overrides.extend(overrides);
    if let Some(roots) = roots {
        let stores = trust::stores(roots);
        let lab = Trust::of(stores.first().copied().unwrap_or_default(), "lab", &dial.ca_der);
        config.trust = Arc::new(trust::beside(lab, &stores, false));
        // The EAP server has a chain of its own, under a root that a fault of the other chain leaves alone.
        let eap = || Trust::of(stores.first().copied().unwrap_or_default(), "lab", &dial.eap_ca_der);
        config.eap.trust.get_or_insert_with(|| Arc::new(trust::beside(eap(), &stores, false)));
    }
    config.wish.revocation |= dial.wish.revocation;
    config.wish.nameless |= dial.wish.nameless;
    if let Some(url) = &dial.proxy {
        let mut proxy = proxy::from_argument(url).map_err(Trouble::Ours)?;
        proxy.credentials = dial.proxy_login.clone().map(|(user, password)| ProxyCredentials { user, password });
        config.proxy = Some(proxy);
    }
    if let Some((name, text)) = &dial.pac {
        config.pac = Some(Pac { source: Source::Text(name.clone(), text.clone()), credentials: None });
    }
    config.eap.server_name = config.eap.server_name.take().or_else(|| dial.eap_server_name.clone());
    let wants = dial.with_certificate || config.methods.as_ref().is_some_and(|methods| methods.contains(&Method::EapTls));
    if config.eap.identity.is_none() && wants {
        config.eap.identity = dial.certificate.clone();
    }
    if config.credentials.is_none() && config.matrix.is_none() {
        let pair = dial.user.clone().zip(dial.password.clone());
        config.credentials = pair.map(|(user, password)| Credentials { user, password });
    }
    Ok(())
}

/// These are faults, and no two of them set the same thing.
pub fn known(faults: &[String]) -> Result<(), Trouble> {
    if let Some(id) = faults.iter().find(|id| fault::find(id).is_none()) {
        return Err(Trouble::Usage(format!("{id:?} is not a fault; `sstp-diag lab --list` lists them")));
    }
    match clash::find(faults) {
        Some(Clash { one, other, what }) => Err(Trouble::Usage(format!("{one} and {other} set the same ({what}): one at a time"))),
        None => Ok(()),
    }
}

/// The defects of those ids.
pub fn bugs(ids: &[String]) -> Result<Vec<Bug>, Trouble> {
    let unknown = |id: &String| Trouble::Usage(format!("{id:?} is not a seeded defect; `sstp-diag lab --list-bugs` lists them"));
    ids.iter().map(|id| Bug::from_id(id).ok_or_else(|| unknown(id))).collect()
}

fn bug_list() -> String {
    bug::ROWS.iter().chain(bug::LOGINS).map(|row| format!("{:26}{:22}{}\n", row.id, row.breaks.to_string(), row.title)).collect()
}

fn port(args: &LabArgs) -> Result<u16, Trouble> {
    match args.listen {
        None => Ok(0),
        Some(at) if at.ip().is_loopback() || args.witness.is_some() => Ok(at.port()),
        Some(at) => Err(Trouble::Usage(format!("the lab listens on loopback only (127.0.0.1 and ::1), not on {}", at.ip()))),
    }
}

/// The token of a witness, or the file that holds it.
pub fn token(text: &str) -> Result<Token, Trouble> {
    let secret = match text.strip_prefix('@') {
        Some(file) => super::password::secret_line(Path::new(file), "token")?,
        None => Secret::new(text.to_string()),
    };
    Token::new(secret).ok_or_else(|| Trouble::Usage(format!("the token of a witness has at least {SHORTEST} characters")))
}

async fn serve(args: &LabArgs, port: u16, bugs: &[Bug], ear: Ear, mut stop: Receiver<bool>) -> Result<(), Trouble> {
    let methods = (!args.auth.is_empty()).then(|| args.auth.clone());
    let witness = args.witness.as_deref().map(token).transpose()?.map(|token| Witness::new(token, &[]));
    let at = args.listen.map(|at| at.ip()).filter(|ip| !ip.is_loopback());
    let (faults, bugs) = (args.fault.clone(), bugs.to_vec());
    let seed = args.seed.map_or_else(super::probe::random, Ok)?;
    let config = LabConfig { page: true, witness, at, port, faults, bugs, methods, seed, ear, ..LabConfig::default() };
    if let Some(chosen) = args.middlebox {
        // Clients are to meet the box; the server behind it takes any port.
        let met = args.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let street = Street::build_at(chosen, LabConfig { port: 0, ..config }, met).await?;
        let files = Files::write(args, &street.lab)?;
        print(street_greeting(&street, &files).as_bytes())?;
        let _ = stop.wait_for(|stop| *stop).await;
        street.stop().await;
        return Ok(());
    }
    let lab = Lab::start(config).await?;
    let files = Files::write(args, &lab)?;
    print(greeting(&lab, &files).as_bytes())?;
    // The sender lives as long as this job, so the wait ends with Ctrl-C only.
    let _ = stop.wait_for(|stop| *stop).await;
    lab.stop().await;
    Ok(())
}

fn greeting(lab: &Lab, files: &Files) -> String {
    let addresses: Vec<_> = lab.addresses().iter().map(ToString::to_string).collect();
    let proxy = lab.proxy_address().map_or(String::new(), |at| format!("Proxy       http://{at}\n"));
    format!(
        "Listening   {}\n{proxy}Root        {}\nPassword    in {}\nCertificate {}, with its key, for --cert\n\nProbe it:\n  {}\n\nCtrl-C ends it.\n",
        addresses.join(", "),
        files.ca.display(),
        files.password.display(),
        files.certificate.display(),
        lab.probe_line(files.line())
    )
}

/// The same, for a lab behind a middlebox.
fn street_greeting(street: &Street, files: &Files) -> String {
    let proxy = street.proxy.as_ref().map_or(String::new(), |url| format!(" --proxy {url}"));
    let through = street.proxy.as_ref().map_or(String::new(), |url| format!("Proxy       {url}\n"));
    let past: Vec<String> = street.lab.addresses().iter().map(ToString::to_string).collect();
    let [resolver, _] = street.resolvers;
    let line = street.lab.probe_line(files.line());
    let behind = format!("localhost:{}", street.lab.dial().port);
    format!(
        "Listening   {}, behind the middlebox\nPast it     {}\n{through}Control     {}\nPlain HTTP  {}\nResolver    {resolver}\nRoot        {}\n\nProbe it:\n  {}{proxy} --server-name {} -4\n\nCtrl-C ends it.\n",
        street.target,
        past.join(", "),
        street.control,
        street.plain,
        files.ca.display(),
        line.replacen(&behind, &format!("localhost:{}", street.target.port()), 1),
        pki::NAME,
    )
}

/// The files that the probe line needs; the folder goes when the lab does.
struct Files {
    folder: PathBuf,
    ca: PathBuf,
    eap_ca: PathBuf,
    password: PathBuf,
    certificate: PathBuf,
}

impl Files {
    fn write(args: &LabArgs, lab: &Lab) -> Result<Files, Trouble> {
        // A new folder of our own: what stands in its place already is never a target.
        let folder = new_folder()?;
        let ca = args.ca_out.clone().unwrap_or_else(|| folder.join("root.pem"));
        let (eap_ca, password, certificate) = (folder.join("eap-root.pem"), folder.join("password"), folder.join("client.pem"));
        let files = Files { password, certificate, ca, eap_ca, folder };
        let password = lab.dial().password.as_ref().map_or("", |password| password.expose());
        for (path, pem) in [(&files.ca, lab.ca_pem()), (&files.eap_ca, lab.eap_ca_pem())] {
            fs::write(path, pem).map_err(|error| Trouble::file("write", path, &error))?;
        }
        save(&files.password, &format!("{password}\n"))?;
        let pem = lab.dial().certificate.as_ref().map(eap::pem).unwrap_or_default();
        save(&files.certificate, pem.expose())?;
        Ok(files)
    }

    fn line(&self) -> LineFiles<'_> {
        LineFiles { ca: &self.ca, eap_ca: &self.eap_ca, password: &self.password, certificate: &self.certificate }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A lab that was killed leaves its folder behind, and numbers of processes come again.
fn new_folder() -> Result<PathBuf, Trouble> {
    let name = |nth: u32| match nth {
        0 => format!("sstp-diag-lab-{}", std::process::id()),
        nth => format!("sstp-diag-lab-{}-{nth}", std::process::id()),
    };
    let mut nth = 0;
    loop {
        let folder = std::env::temp_dir().join(name(nth));
        match fs::DirBuilder::new().mode(FOLDER_MODE).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && nth < MOST_FOLDERS => nth += 1,
            Err(error) => return Err(Trouble::file("create", &folder, &error)),
        }
    }
}

/// Writes a file that is new and that nobody else may read.
fn save(path: &Path, text: &str) -> Result<(), Trouble> {
    let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| Trouble::file("write", path, &error))
}

/// Ours: folders of others that stand in the way are passed over so often.
const MOST_FOLDERS: u32 = 64;
/// The folder is for its owner only.
const FOLDER_MODE: u32 = 0o700;
/// So is the file with the password.
const FILE_MODE: u32 = 0o600;
