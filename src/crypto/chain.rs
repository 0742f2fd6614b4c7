//! Placeholder of types until the real one is merged.
use serde::{Deserialize, Serialize};
/// v
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainVerdict {
    /// p
    pub path: Vec<usize>,
    /// a
    pub anchor: Option<String>,
}
