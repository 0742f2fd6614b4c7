//! What stands now in place of what was recorded.

use crate::base::Side;
use crate::wire::ppp::Protocol;
use std::collections::HashMap;

/// What kind of value it is; equal bytes of two kinds are two values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The nonce of Call Connect Ack.
    Nonce,
    /// The identifier of a request of this side in this protocol.
    Identifier(Side, Protocol),
    /// MS-CHAPv2-ID of EAP.
    MsId,
    /// The option of this name in requests of this side.
    Option(Side, Protocol, String),
}

/// Recorded values and those that stand in their place; the latest counts.
#[derive(Clone, Debug, Default)]
pub struct Values(HashMap<Class, HashMap<Vec<u8>, Vec<u8>>>);

impl Values {
    /// `live` stands in place of `recorded` from now on.
    pub fn learn(&mut self, class: Class, recorded: &[u8], live: &[u8]) {
        self.0.entry(class).or_default().insert(recorded.to_vec(), live.to_vec());
    }

    /// What stands in place of `recorded`.
    pub fn now(&self, class: &Class, recorded: &[u8]) -> Option<&[u8]> {
        self.0.get(class)?.get(recorded).map(Vec::as_slice)
    }
}
