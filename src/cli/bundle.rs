//! `--fix-chain`: the certificates as the server should send them, in a file or on standard output.

use super::exit::Trouble;
use super::output::print;
use crate::base::base64;
use crate::crypto::chain::{Mended, mended};
use crate::jobs::probe::ProbeConfig;
use crate::report::Format;
use crate::report::text::harmless;
use crate::transcript::Facts;
use crate::wire::cert::Cert;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where to, and what goes there.
pub struct Bundle {
    /// Nothing: standard output.
    file: Option<(PathBuf, File)>,
    name: String,
    pem: String,
    says: String,
}

impl Bundle {
    /// Opens the file; `-` is standard output, where the certificates stand behind a table and beside nothing else. RFC 7468 2: who reads
    /// them passes over what stands before.
    pub fn open(path: &Path, on_stdout: &'static Format) -> Result<Bundle, Trouble> {
        let to_stdout = path == Path::new(STDOUT);
        if to_stdout && on_stdout.name != TABLE {
            let name = on_stdout.name;
            return Err(Trouble::Usage(format!("standard output cannot hold both {name} and the certificates; use -o {name}=FILE")));
        }
        let create = || File::create(path).map_err(|error| Trouble::file("write", path, &error));
        let file = if to_stdout { None } else { Some((path.to_path_buf(), create()?)) };
        let name = if to_stdout { "standard output".to_string() } else { path.display().to_string() };
        Ok(Bundle { file, says: format!("{name}: nothing is written, no certificate was seen"), name, pem: String::new() })
    }

    /// Puts the chain right.
    pub fn fill(&mut self, facts: &Facts, config: &ProbeConfig) {
        let fetched: Vec<Cert> = facts.issuers.iter().filter_map(|seen| Cert::parse(seen.it.cert.as_ref()?).ok()).collect();
        let all: Vec<Cert> = facts.chain.iter().chain(&fetched).cloned().collect();
        let (_, anchors) = config.trust.best(&all, config.target.name(), facts.began);
        let Some(mended) = mended(&facts.chain, &fetched, anchors, facts.began) else { return };
        self.pem = mended.certs.iter().map(pem).collect();
        self.says = format!("{}: {}", self.name, summary(&mended));
    }

    /// Writes it.
    pub fn write(&mut self) -> Result<(), Trouble> {
        match &mut self.file {
            Some((path, file)) => file.write_all(self.pem.as_bytes()).map_err(|error| Trouble::file("write", path, &error)),
            None => print(self.pem.as_bytes()),
        }
    }

    /// What was written, in a sentence.
    pub fn says(&self) -> &str {
        &self.says
    }
}

fn summary(mended: &Mended) -> String {
    let count = mended.certs.len();
    let certificates = if count == 1 { "1 certificate".to_string() } else { format!("{count} certificates") };
    let end = match &mended.root {
        Some(root) => format!("complete up to {root}"),
        None => "not complete: it leads to no trusted root, see the findings".into(),
    };
    let changes = if mended.changes.is_empty() { "as the server sends it".into() } else { mended.changes.join("; ") };
    harmless(&format!("{certificates}, {end}; {changes}"))
}

/// RFC 7468 5, with the subject before it, as openssl does.
fn pem(cert: &Cert) -> String {
    let coded = base64(&cert.der);
    let lines: Vec<&str> = coded.as_bytes().chunks(LINE).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let subject = harmless(&cert.subject);
    format!("# {subject}\n-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// What names standard output in place of a file.
const STDOUT: &str = "-";
/// The format that is for people to read.
const TABLE: &str = "table";
/// RFC 7468 2: characters of a line.
const LINE: usize = 64;
