//! A folder that goes with its test.

use std::fs;
use std::path::PathBuf;

/// The folder.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new one of that name.
    pub fn new(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("sstp-diag-scratch-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        Scratch(folder)
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
