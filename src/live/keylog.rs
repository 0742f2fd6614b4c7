//! TLS session keys in the NSS key log format, for Wireshark and for our own `decode`.

use super::LiveError;
use super::wiretap::Ear;
use crate::base::hex;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Files that every key is appended to, and who hears of it beside them. With neither nothing is logged.
#[derive(Debug, Default)]
pub struct KeyLogs {
    files: Vec<Mutex<File>>,
    ear: Ear,
}

impl KeyLogs {
    /// Opens the file of `--keylog` and the one that `SSLKEYLOGFILE` names, made readable for the owner only.
    pub fn open(asked: Option<&Path>, environment: Option<&OsStr>) -> Result<KeyLogs, LiveError> {
        let environment = environment.filter(|path| !path.is_empty()).map(Path::new).filter(|path| Some(*path) != asked);
        let files = asked.into_iter().chain(environment).map(append).collect::<Result<_, _>>()?;
        Ok(KeyLogs { files, ear: Ear::default() })
    }

    /// Whoever has this ear hears of every key too.
    pub fn heard_by(self, ear: Ear) -> KeyLogs {
        KeyLogs { ear, ..self }
    }

    /// Nothing is logged.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.ear.listens()
    }
}

fn append(path: &Path) -> Result<Mutex<File>, LiveError> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
    options.open(path).map(Mutex::new).map_err(|error| LiveError::file("open the key log", path, error))
}

impl rustls::KeyLog for KeyLogs {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        self.ear.log(label, client_random, secret);
        let line = zeroize::Zeroizing::new(format!("{label} {} {}\n", hex(client_random), hex(secret)));
        for file in &self.files {
            // A full disk must not end the call; the missing keys show when the capture is read.
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
    }

    fn will_log(&self, _label: &str) -> bool {
        !self.is_empty()
    }
}

/// Read and write for the owner.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::KeyLog;

    #[test]
    fn keys_are_appended_in_the_nss_format_and_only_the_owner_may_read_them() {
        let path = std::env::temp_dir().join(format!("sstp-diag-keylog-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        for _ in 0..2 {
            let logs = KeyLogs::open(Some(&path), Some(path.as_os_str())).expect("a file in the temporary directory");
            logs.log("CLIENT_RANDOM", &[1, 2], &[0xab]);
        }
        let text = std::fs::read_to_string(&path).expect("written");
        assert_eq!(text, "CLIENT_RANDOM 0102 ab\nCLIENT_RANDOM 0102 ab\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, OWNER_ONLY);
        }
        let _ = std::fs::remove_file(&path);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_our_own_trouble() {
        let error = KeyLogs::open(Some(Path::new("/nonexistent/keys")), None).expect_err("no such directory");
        assert!(error.to_string().starts_with("cannot open the key log /nonexistent/keys: "), "{error}");
    }
}
