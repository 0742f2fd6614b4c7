//! What can be wrong in the lab, one row each.

use super::dial::Dial;
use super::eap::EapSetup;
use super::faults;
use super::pki::PkiKind;
use super::pki::fixed::Fixed;
use super::pki::papers::Papers;
use crate::base::Layer;
use crate::live::listen::{Also, Front, ProxyPolicy, SocksMode};
use crate::proto::edit::{Edit, Operation};
use crate::proto::plan::{ServerConfig, Toxic};
use std::time::Duration;

/// One thing that is wrong, and the check that must find it.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// `layer.what-is-wrong`; never renamed.
    pub id: &'static str,
    /// Where it is wrong.
    pub layer: Layer,
    /// What is wrong, for a person.
    pub title: &'static str,
    /// How it comes about.
    pub makes: Makes,
    /// The id of the check that must find it; empty for an oddity, which must not be found at fault.
    pub found_by: &'static str,
}

impl Fault {
    /// How long messages are held back in all: a client that waits for less sees silence instead.
    pub fn holds(&self) -> Duration {
        let parts = self.makes.parts();
        let lines = parts.iter().flat_map(|part| match part {
            Makes::Edits(lines) => *lines,
            _ => &[],
        });
        let held = |line: &&str| match Edit::parse(line).ok()?.operation {
            Operation::Hold(time) => Some(time),
            _ => None,
        };
        lines.filter_map(held).sum()
    }
}

/// How a fault comes about.
#[derive(Clone, Copy, Debug)]
pub enum Makes {
    /// By policy of the server.
    Server(fn(&mut ServerConfig)),
    /// By the set-up of its EAP methods with TLS.
    Eap(fn(&mut EapSetup)),
    /// By edits of its messages (door 1).
    Edits(&'static [&'static str]),
    /// By toxics that count from the first byte of the connection (door 2).
    Toxics(&'static [Toxic]),
    /// By toxics that count from the end of the TLS handshake.
    ToxicsAboveTls(&'static [Toxic]),
    /// By something else than an SSTP server at the address.
    Front(Front),
    /// By something else at the IPv6 address only.
    FrontV6(Front),
    /// By the certificates.
    Pki(PkiKind),
    /// By certificates made beforehand, under a root of their own.
    Fixed(&'static Fixed),
    /// By other certificates at the IPv6 address.
    PkiV6(PkiKind),
    /// By other certificates for clients that send no SNI.
    PkiWithoutSni(PkiKind),
    /// By what goes with the certificates: revocation lists, OCSP answers, the issuer for download.
    Papers(Papers),
    /// By a demand for a client certificate.
    ClientCertificate,
    /// By a wish for a client certificate, on which nothing depends.
    ClientCertificateWish,
    /// By what it does for clients that are not as they should be.
    Also(Also),
    /// By a demand for this SNI.
    Sni(&'static str),
    /// By a forward proxy in between.
    Proxy(ProxyPolicy),
    /// By a SOCKS5 proxy in between.
    Socks(SocksMode),
    /// By a forward proxy that is configured and not there.
    ProxyAbsent,
    /// By what the client dials.
    Dial(fn(&mut Dial)),
    /// By these in every second call, the second the first of them.
    ByTurns(&'static [Makes]),
    /// By several of these.
    Many(&'static [Makes]),
}

const TABLES: [&[Fault]; 14] = [
    faults::dns::FAULTS,
    faults::tcp::FAULTS,
    faults::proxy::FAULTS,
    faults::tls::FAULTS,
    faults::cert::FAULTS,
    faults::http::FAULTS,
    faults::sstp::FAULTS,
    faults::lcp::FAULTS,
    faults::auth::FAULTS,
    faults::eap::FAULTS,
    faults::binding::FAULTS,
    faults::ncp::FAULTS,
    faults::data::FAULTS,
    faults::teardown::FAULTS,
];

/// Every fault, in the order of the layers.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    TABLES.into_iter().flatten()
}

/// What is unusual and harmless: with any of these the call works and nothing above a note is found.
pub fn oddities() -> impl Iterator<Item = &'static Fault> {
    faults::oddities::ODDITIES.iter()
}

/// What breaks one rule that an honest call need not notice: each proves that a conformance case can fail.
pub fn mutants() -> impl Iterator<Item = &'static Fault> {
    faults::mutants::all()
}

/// The fault, oddity or mutant of that id.
pub fn find(id: &str) -> Option<&'static Fault> {
    all().chain(oddities()).chain(mutants()).find(|fault| fault.id == id)
}

/// A row.
pub(super) const fn fault(id: &'static str, layer: Layer, title: &'static str, makes: Makes, found_by: &'static str) -> Fault {
    Fault { id, layer, title, makes, found_by }
}

impl Makes {
    /// This, or the parts of it.
    pub fn parts(&self) -> Vec<&Makes> {
        match self {
            Makes::Many(parts) => parts.iter().flat_map(Makes::parts).collect(),
            one => vec![one],
        }
    }
}

impl Fault {
    /// Whether it lies, or lies too, in who logs in or in whom the client trusts. Who plays a recorded client cannot meet it.
    pub fn is_in_the_client(&self) -> bool {
        let plain = Dial::nowhere();
        let is = |part: &&Makes| match part {
            Makes::Dial(change) => {
                let mut dial = plain.clone();
                change(&mut dial);
                dial.user != plain.user || dial.password != plain.password || dial.ca_der != plain.ca_der
            }
            _ => false,
        };
        self.makes.parts().iter().any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Layer;
    use crate::wire::http::Head;
    use crate::wire::ppp::Frame;
    use crate::wire::sstp::{Header, Message};
    use std::collections::HashSet;

    fn edits() -> impl Iterator<Item = (&'static str, Edit)> {
        all().chain(oddities()).flat_map(|fault| {
            let lines = fault.makes.parts().into_iter().flat_map(|part| match part {
                Makes::Edits(lines) => lines.to_vec(),
                _ => Vec::new(),
            });
            lines.map(|line| (fault.id, Edit::parse(line).expect("an edit"))).collect::<Vec<_>>()
        })
    }

    #[test]
    fn ids_are_unique_and_begin_with_their_layer() {
        let mut seen = HashSet::new();
        for fault in all().chain(oddities()) {
            assert!(seen.insert(fault.id), "{}", fault.id);
            let what = fault.id.strip_prefix(fault.layer.name()).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
            assert!(!what.is_empty() && what.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", fault.id);
            assert!(!fault.title.is_empty() && !fault.title.ends_with('.'), "{}", fault.id);
        }
        assert!(all().count() >= 75, "{}", all().count());
        assert!(all().map(|fault| fault.layer).is_sorted());
        assert!(Layer::ALL.iter().all(|layer| all().any(|fault| fault.layer == *layer)));
    }

    #[test]
    fn found_by_is_spelled_like_a_check() {
        const PREFIXES: [&str; 15] =
            ["DNS", "TCP", "PROXY", "TLS", "CERT", "HTTP", "SSTP", "LCP", "AUTH", "BIND", "IPCP", "IPV6CP", "CCP", "DATA", "TEAR"];
        for fault in all() {
            let (prefix, rest) = fault.found_by.split_once('-').expect("LAYER-WHAT");
            assert!(PREFIXES.contains(&prefix), "{}", fault.found_by);
            assert!(rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'), "{}", fault.found_by);
        }
        assert!(oddities().all(|oddity| oddity.found_by.is_empty()));
    }

    #[test]
    fn every_edit_can_be_read_and_names_a_message_of_the_server() {
        for (id, edit) in edits() {
            let (layer, message) = edit.message.split_once('.').expect("layer.message");
            assert!(["http", "sstp", "lcp", "pap", "chap", "eap", "ipcp", "ipv6cp", "ipv4"].contains(&layer), "{id}: {}", edit.line);
            assert!(!message.is_empty() && !message.contains("response-"), "{id}: {}", edit.line);
        }
    }

    /// What is meant to be well formed is; what is meant to be nonsense has `garbage` or `half` in its id.
    #[test]
    fn messages_put_in_place_of_others_are_well_formed() {
        let meant = |id: &str| !["garbage", "half", "endless", "desync"].iter().any(|word| id.contains(word));
        for (id, edit) in edits().filter(|row| meant(row.0)) {
            let bytes = match edit.operation {
                Operation::Instead(bytes) | Operation::Before(bytes) => bytes,
                _ => continue,
            };
            if edit.message.starts_with("http.") {
                assert!(Head::parse_response(Layer::Http, &bytes).is_ok(), "{id}");
                continue;
            }
            let header = Header::parse(&bytes).expect("a header");
            assert_eq!((header.version, header.length), (0x10, bytes.len()), "{id}");
            match header.control {
                true => drop(Message::parse(&bytes).expect(id)),
                false => drop(Frame::parse(&bytes[4..]).expect(id)),
            }
        }
    }
}
