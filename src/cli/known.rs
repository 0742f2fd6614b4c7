//! Certificates that were read already: the sessions of one capture show the same few again and again.

use crate::base::WireError;
use crate::wire::cert::Cert;
use std::collections::VecDeque;

/// The certificates read last.
#[derive(Default)]
pub struct Known {
    recent: VecDeque<Cert>,
}

impl Known {
    /// Reads a certificate, or remembers it.
    pub fn parse(&mut self, der: &[u8]) -> Result<Cert, WireError> {
        if let Some(known) = self.recent.iter().find(|known| known.der[..] == *der) {
            return Ok(known.clone());
        }
        let cert = Cert::parse(der)?;
        self.recent.truncate(REMEMBERED - 1);
        self.recent.push_front(cert.clone());
        Ok(cert)
    }
}

/// Ours: so many certificates are remembered.
const REMEMBERED: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn der(name: &str) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec![name.into()]).expect("a name");
        params.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn what_is_remembered_reads_as_it_did_and_is_bounded() {
        let ders: Vec<_> = (0..REMEMBERED + 3).map(|n| der(&format!("n{n}.example.test"))).collect();
        let mut known = Known::default();
        for _ in 0..2 {
            for der in &ders {
                assert_eq!(known.parse(der), Cert::parse(der));
                assert_eq!(known.parse(der), Cert::parse(der));
            }
        }
        assert_eq!(known.recent.len(), REMEMBERED);
        assert!(known.parse(&ders[0][..40]).is_err());
    }
}
