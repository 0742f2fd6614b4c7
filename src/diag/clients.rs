//! What a client of a known kind gets from a server, by the answer to its hello.

use super::look;
use crate::transcript::ScanAnswer;
use crate::transcript::scan::Posed;
use crate::wire::tls::clients::Client;

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake goes on.
    Shares {
        /// Version chosen.
        version: u16,
        /// Suite chosen, IANA number.
        cipher: u16,
        /// Key exchange group.
        group: Option<u16>,
        /// Length in bits of the prime of Diffie-Hellman.
        bits: Option<u16>,
    },
    /// It ends, and why.
    Nothing(String),
    /// The server's answer tells nothing: silence, or a connection that was closed.
    Untold(&'static str),
}

/// The client behind an answer, and what it gets.
pub fn outcome(posed: &Posed) -> Option<(&'static Client, Outcome)> {
    let client = Client::of(&posed.client)?;
    let outcome = match posed.answer {
        ScanAnswer::Accepted { bits: Some(bits), .. } if bits < client.least_dh_bits => {
            Outcome::Nothing(format!("the prime has {bits} bits, and it wants {}", client.least_dh_bits))
        }
        ScanAnswer::Accepted { version, .. } if !client.versions.contains(&version) => {
            Outcome::Nothing(format!("the server answers with {}", super::tls::name(version)))
        }
        ScanAnswer::Accepted { version, cipher, group, bits, .. } => Outcome::Shares { version, cipher, group, bits },
        ScanAnswer::Alert(number) => Outcome::Nothing(format!("alert {}", look::alert(number))),
        ScanAnswer::NotTls => Outcome::Untold("no TLS came back"),
        ScanAnswer::Closed(_) => Outcome::Untold("the connection was closed"),
        ScanAnswer::Silence => Outcome::Untold("no answer"),
    };
    Some((client, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(client: &str, answer: ScanAnswer) -> Outcome {
        outcome(&Posed { client: client.into(), answer }).expect("a known client").1
    }

    #[test]
    fn a_short_prime_or_an_old_version_is_as_good_as_a_refusal() {
        let dhe =
            |bits| ScanAnswer::Accepted { version: 0x0303, cipher: 0x009e, group: None, bits: Some(bits), asks_for_certificate: false };
        assert!(matches!(of("windows-10-1607", dhe(1024)), Outcome::Shares { .. }));
        assert_eq!(of("windows-10-1607", dhe(512)), Outcome::Nothing("the prime has 512 bits, and it wants 1024".into()));
        assert!(matches!(of("openssl-3-default", dhe(1024)), Outcome::Nothing(_)));
        let old = ScanAnswer::Accepted { version: 0x0301, cipher: 0x002f, group: None, bits: None, asks_for_certificate: false };
        assert_eq!(of("windows-11-24h2", old), Outcome::Nothing("the server answers with TLS 1.0".into()));
        assert_eq!(of("windows-7", ScanAnswer::Alert(70)), Outcome::Nothing("alert 70 protocol_version".into()));
        assert_eq!(outcome(&Posed { client: "none".into(), answer: ScanAnswer::Silence }), None);
    }
}
