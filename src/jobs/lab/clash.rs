//! Faults that set the same thing: of two such the last would win and the other never show.

use super::blueprint::accounts;
use super::dial::Dial;
use super::eap::EapSetup;
use super::fault::{self, Fault, Makes};
use crate::proto::edit::{Edit, Operation};
use crate::proto::plan::ServerConfig;
use std::fmt::Debug;

/// Two faults that cannot both be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The one that was named first.
    pub one: &'static str,
    /// The one that would win.
    pub other: &'static str,
    /// What both set.
    pub what: &'static str,
}

/// The first two of these faults that set the same thing to different ends; unknown ids are passed over.
pub fn find(ids: &[String]) -> Option<Clash> {
    let faults: Vec<&'static Fault> = ids.iter().filter_map(|id| fault::find(id)).collect();
    let pairs = faults.iter().enumerate().flat_map(|(place, one)| faults.iter().skip(place + 1).map(move |other| (*one, *other)));
    let clash = |(one, other): (&'static Fault, &'static Fault)| {
        let what = between(&one.makes, &other.makes)?;
        Some(Clash { one: one.id, other: other.id, what })
    };
    pairs.filter(|(one, other)| one.id != other.id).find_map(clash)
}

fn between(one: &Makes, other: &Makes) -> Option<&'static str> {
    one.parts().into_iter().find_map(|one| other.parts().into_iter().find_map(|other| of_parts(one, other)))
}

/// What two parts both set, if it is the same thing.
fn of_parts(one: &Makes, other: &Makes) -> Option<&'static str> {
    use Makes::{
        Also, ClientCertificate, ClientCertificateWish, Eap, Edits, Fixed, Front, FrontV6, Papers, Pki, PkiV6, PkiWithoutSni, Proxy,
        ProxyAbsent, Server, Sni, Socks,
    };
    let differ = |differ: bool, what| differ.then_some(what);
    match (one, other) {
        (Server(one), Server(other)) => differ(
            order_counts(&ServerConfig { accounts: accounts(), ..ServerConfig::default() }, *one, *other, shown),
            "the server's policy",
        ),
        (Eap(one), Eap(other)) => differ(order_counts(&EapSetup::default(), *one, *other, shown), "the EAP server"),
        (Makes::Dial(one), Makes::Dial(other)) => {
            differ(order_counts(&Dial::nowhere(), *one, *other, Dial::clone), "what the client dials")
        }
        (Edits(one), Edits(other)) => {
            let same = one.iter().any(|one| other.iter().any(|other| *one != *other && of_edits(one, other)));
            differ(same, "a message of the server")
        }
        (Pki(one), Pki(other)) => differ(one != other, "the server's chain"),
        (Fixed(one), Fixed(other)) => differ(!std::ptr::eq(*one, *other), "the server's chain"),
        (Pki(_), Fixed(_)) | (Fixed(_), Pki(_)) => Some("the server's chain"),
        (Fixed(_), Papers(_)) | (Papers(_), Fixed(_)) => Some("what the server's chain points to"),
        (Papers(one), Papers(other)) => differ(one != other, "what the server's chain points to"),
        (PkiV6(one), PkiV6(other)) => differ(one != other, "the chain at the IPv6 address"),
        (PkiWithoutSni(one), PkiWithoutSni(other)) => differ(one != other, "the chain without SNI"),
        (Front(one), Front(other)) => differ(one != other, "what answers at the address"),
        (FrontV6(one), FrontV6(other)) => differ(one != other, "what answers at the IPv6 address"),
        (ClientCertificate, ClientCertificateWish) | (ClientCertificateWish, ClientCertificate) => {
            Some("the demand for a client certificate")
        }
        (Also(_), Also(_)) => Some("what the server does for odd clients"),
        (Sni(one), Sni(other)) => differ(one != other, "the SNI that is demanded"),
        (Proxy(_) | Socks(_) | ProxyAbsent, Proxy(_) | Socks(_) | ProxyAbsent) => Some("the proxy"),
        _ => None,
    }
}

/// Whether it makes a difference which of two changes comes first: then one of them undoes the other.
fn order_counts<T: Clone, S: PartialEq>(plain: &T, one: fn(&mut T), other: fn(&mut T), seen: fn(&T) -> S) -> bool {
    let after = |first: fn(&mut T), second: fn(&mut T)| {
        let mut value = plain.clone();
        first(&mut value);
        second(&mut value);
        seen(&value)
    };
    after(one, other) != after(other, one)
}

fn shown<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

/// Two edits that put something in the place of the same message, or the same field of it.
fn of_edits(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (Edit::parse(one), Edit::parse(other)) else { return false };
    let meet = one.message == other.message && (one.nth == other.nth || one.nth.is_none() || other.nth.is_none());
    let whole = |edit: &Edit| matches!(edit.operation, Operation::Instead(_) | Operation::Drop | Operation::Close);
    let field = match (&one.operation, &other.operation) {
        (Operation::Set(one, _), Operation::Set(other, _)) => one == other,
        _ => false,
    };
    meet && (whole(&one) && whole(&other) || field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clash(one: &str, other: &str) -> Option<&'static str> {
        find(&[one.to_string(), other.to_string()]).map(|clash| clash.what)
    }

    #[test]
    fn faults_of_a_kind_clash_and_those_that_leave_each_other_alone_do_not() {
        let rows = [
            ("http.403", "http.404", Some("a message of the server")),
            ("cert.expired", "cert.wrong-name", Some("the server's chain")),
            ("cert.sha1", "cert.expired", Some("the server's chain")),
            ("cert.sha1", "cert.ca-sha1", Some("the server's chain")),
            ("cert.sha1", "cert.revoked-leaf", Some("what the server's chain points to")),
            ("cert.revoked-leaf", "cert.crl-gone", Some("what the server's chain points to")),
            ("auth.unknown-user", "auth.umlaut", Some("what the client dials")),
            ("auth.wrong-password", "auth.unknown-user", None),
            ("cert.expired", "http.403", None),
            ("cert.expired", "cert.revoked-leaf", None),
            ("cert.v4-v6-differ", "cert.expired", None),
            ("cert.expired", "cert.expired", None),
            ("cert.expired", "cert.no-such-fault", None),
        ];
        for (one, other, what) in rows {
            assert_eq!((clash(one, other), clash(other, one)), (what, what), "{one} {other}");
        }
        let three = ["cert.expired", "http.403", "http.404"].map(String::from);
        assert_eq!(find(&three).map(|clash| (clash.one, clash.other)), Some(("http.403", "http.404")));
    }

    #[test]
    fn every_single_fault_is_at_peace_with_itself() {
        for fault in fault::all().chain(fault::oddities()).chain(fault::mutants()) {
            assert_eq!(find(&[fault.id.to_string(), fault.id.to_string()]), None, "{}", fault.id);
        }
    }
}
