//! What another address of the name showed.

use crate::crypto::chain::ChainVerdict;
use crate::wire::cert::Cert;
use std::net::SocketAddr;

/// The certificate at an address other than that of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLeaf {
    /// Where it was shown.
    pub from: SocketAddr,
    /// SHA-256 over the DER of the leaf, hexadecimal.
    pub sha256: String,
    /// The chain as sent, the leaf first; what cannot be read is left out.
    pub chain: Vec<Cert>,
    /// Judgements on the chain, one for each trust source that was asked; none where it is that of the call.
    pub verdicts: Vec<(String, ChainVerdict)>,
}

impl OtherLeaf {
    /// What that address sent; nothing where the leaf cannot be read.
    pub(super) fn of<E>(from: SocketAddr, parsed: Vec<Result<Cert, E>>) -> Option<OtherLeaf> {
        let sha256 = parsed.first()?.as_ref().ok()?.sha256.clone();
        Some(OtherLeaf { from, sha256, chain: parsed.into_iter().flatten().collect(), verdicts: Vec::new() })
    }
}
