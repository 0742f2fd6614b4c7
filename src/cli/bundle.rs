//! `--fix-chain`: the certificates as the server should send them, in a file.

use super::exit::Trouble;
use crate::base::base64;
use crate::crypto::chain::{Mended, mended};
use crate::jobs::probe::ProbeConfig;
use crate::report::text::harmless;
use crate::transcript::Facts;
use crate::wire::cert::Cert;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file, and what went into it.
pub struct Bundle {
    path: PathBuf,
    file: File,
    says: String,
}

impl Bundle {
    /// Opens the file.
    pub fn open(path: &Path) -> Result<Bundle, Trouble> {
        let file = File::create(path).map_err(|error| Trouble::file("write", path, &error))?;
        Ok(Bundle { path: path.to_path_buf(), file, says: format!("{}: nothing is written, no certificate was seen", path.display()) })
    }

    /// Writes the chain put right.
    pub fn write(&mut self, facts: &Facts, config: &ProbeConfig) -> Result<(), Trouble> {
        let fetched: Vec<Cert> = facts.issuers.iter().filter_map(|seen| Cert::parse(seen.it.cert.as_ref()?).ok()).collect();
        let all: Vec<Cert> = facts.chain.iter().chain(&fetched).cloned().collect();
        let (_, anchors) = config.trust.best(&all, config.target.name(), facts.began);
        let Some(mended) = mended(&facts.chain, &fetched, anchors, facts.began) else { return Ok(()) };
        let text: String = mended.certs.iter().map(pem).collect();
        self.file.write_all(text.as_bytes()).map_err(|error| Trouble::file("write", &self.path, &error))?;
        self.says = format!("{}: {}", self.path.display(), summary(&mended));
        Ok(())
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

/// RFC 7468 2: characters of a line.
const LINE: usize = 64;
