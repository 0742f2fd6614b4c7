//! The roots to trust: a store, and the files of `--ca`.

use super::args::{RootArgs, Roots};
use super::exit::Trouble;
use crate::live::trust::{Store, Trust};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

/// What the arguments trust.
pub fn roots(args: &RootArgs) -> Result<Trust, Trouble> {
    of(store(args.trust), &args.ca)
}

/// A store, and the files of `--ca` before it.
pub fn of(store: Store, ca: &[PathBuf]) -> Result<Trust, Trouble> {
    match ca {
        [] => Ok(Trust::open(store, None)?),
        [one] => Ok(Trust::open(store, Some(one))?),
        several => {
            let mut ders = Vec::new();
            for path in several {
                ders.extend(read(path)?);
            }
            let names: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            Ok(Trust::of(store, names.join(", "), &ders))
        }
    }
}

/// The store of that argument.
pub fn store(roots: Roots) -> Store {
    match roots {
        Roots::System => Store::System,
        Roots::Mozilla => Store::Mozilla,
    }
}

/// The certificates of a file: PEM, else one in DER.
fn read(path: &Path) -> Result<Vec<Vec<u8>>, Trouble> {
    let bytes = std::fs::read(path).map_err(|error| Trouble::file("read the CA file", path, &error))?;
    let pem: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).map(|der| der.to_vec()).collect();
    Ok(if pem.is_empty() { vec![bytes] } else { pem })
}
