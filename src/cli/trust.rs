//! The roots to trust: a store, and the files of `--ca`.

use super::args::{RootArgs, Roots};
use super::exit::Trouble;
use crate::live::trust::{Store, Trust};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

/// What the arguments trust.
pub fn roots(args: &RootArgs) -> Result<Trust, Trouble> {
    of(&stores(&args.trust), &args.ca)
}

/// Stores, and the files of `--ca` before them. Where several sources were named, each gives its verdict.
pub fn of(stores: &[Store], ca: &[PathBuf]) -> Result<Trust, Trouble> {
    let trust = files(stores.first().copied().unwrap_or_default(), ca)?;
    Ok(beside(trust, stores, !ca.is_empty()))
}

/// Trust in the first store, with the others that were named beside it; `files`: files were named too.
pub fn beside(trust: Trust, stores: &[Store], files: bool) -> Trust {
    let named = stores.iter().fold(trust, |trust, store| trust.and(*store));
    if usize::from(files) + stores.len() > 1 && !stores.is_empty() { named.side_by_side() } else { named }
}

fn files(store: Store, ca: &[PathBuf]) -> Result<Trust, Trouble> {
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

/// The stores of those arguments, each once.
pub fn stores(roots: &[Roots]) -> Vec<Store> {
    let mut stores = Vec::new();
    for roots in roots {
        let store = match roots {
            Roots::System => Store::System,
            Roots::Mozilla => Store::Mozilla,
        };
        if !stores.contains(&store) {
            stores.push(store);
        }
    }
    stores
}

/// The certificates of a file: PEM, else one in DER.
fn read(path: &Path) -> Result<Vec<Vec<u8>>, Trouble> {
    let bytes = std::fs::read(path).map_err(|error| Trouble::file("read the CA file", path, &error))?;
    let pem: Vec<_> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).map(|der| der.to_vec()).collect();
    Ok(if pem.is_empty() { vec![bytes] } else { pem })
}
