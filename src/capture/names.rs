//! Names of addresses, learned from the DNS answers in a capture.

use crate::wire::dns::Answer;
use rustc_hash::FxHashMap;
use std::net::IpAddr;

/// What names addresses were resolved from.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: FxHashMap<IpAddr, String>,
}

impl Names {
    /// Takes a UDP payload from port 53; what is no answer is passed over.
    pub fn learn(&mut self, message: &[u8]) {
        let Ok(Some(answer)) = Answer::parse(message) else { return };
        for address in answer.addresses {
            if self.names.len() < MAX_NAMES || self.names.contains_key(&address) {
                self.names.insert(address, answer.name.clone());
            }
        }
    }

    /// The name that the address was last resolved from.
    pub fn of(&self, address: IpAddr) -> Option<String> {
        self.names.get(&address).cloned()
    }
}

/// Ours: more addresses than that are not remembered.
const MAX_NAMES: usize = 4096;
