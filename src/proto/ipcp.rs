//! Addresses: IPCP (RFC 1332, RFC 1877) and IPv6CP (RFC 5072) at both ends.

use super::fsm::{Answer, Negotiator};
use crate::wire::control::Opt;
use crate::wire::ncp::{INTERFACE_ID, IP_ADDRESS, PRIMARY_DNS, PRIMARY_NBNS, SECONDARY_DNS, SECONDARY_NBNS};
use std::net::Ipv4Addr;

/// The client's end of IPCP: asks for an address and name servers with 0.0.0.0.
#[derive(Debug)]
pub struct ClientIpcp {
    wanted: Vec<Opt>,
    /// The server's own address, once it said it.
    pub gateway: Option<Ipv4Addr>,
}

impl Default for ClientIpcp {
    fn default() -> Self {
        let kinds = [IP_ADDRESS, PRIMARY_DNS, SECONDARY_DNS, PRIMARY_NBNS, SECONDARY_NBNS];
        ClientIpcp { wanted: kinds.map(|kind| Opt::new(kind, [0; 4])).to_vec(), gateway: None }
    }
}

impl ClientIpcp {
    /// The address as it stands.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.wanted.iter().find(|option| option.kind == IP_ADDRESS)?.ipv4().filter(|address| !address.is_unspecified())
    }

    /// The server rejected the address option itself.
    pub fn address_rejected(&self) -> bool {
        !self.wanted.iter().any(|option| option.kind == IP_ADDRESS)
    }
}

impl Negotiator for ClientIpcp {
    fn request(&mut self) -> Vec<Opt> {
        self.wanted.clone()
    }

    fn judge(&mut self, options: &[Opt]) -> Answer {
        let rejected: Vec<Opt> = options.iter().filter(|option| option.kind != IP_ADDRESS || option.ipv4().is_none()).cloned().collect();
        if !rejected.is_empty() {
            return Answer::Reject(rejected);
        }
        self.gateway = options.iter().find_map(Opt::ipv4).filter(|address| !address.is_unspecified());
        Answer::Ack
    }

    fn naked(&mut self, options: &[Opt]) {
        for option in &mut self.wanted {
            if let Some(better) = options.iter().find(|other| other.kind == option.kind && other.ipv4().is_some()) {
                option.value = better.value.clone();
            }
        }
    }

    fn rejected(&mut self, options: &[Opt]) {
        self.wanted.retain(|option| !options.iter().any(|other| other.kind == option.kind));
    }
}

/// The server's end of IPCP.
#[derive(Debug)]
pub struct ServerIpcp {
    own: Ipv4Addr,
    give: Option<Ipv4Addr>,
    servers: Vec<(u8, Ipv4Addr)>,
    own_rejected: bool,
}

impl ServerIpcp {
    /// A server at `own` that gives `give` and these name servers.
    pub fn new(own: Ipv4Addr, give: Option<Ipv4Addr>, dns: &[Ipv4Addr], nbns: &[Ipv4Addr]) -> ServerIpcp {
        let dns = [PRIMARY_DNS, SECONDARY_DNS].into_iter().zip(dns.iter().copied());
        let nbns = [PRIMARY_NBNS, SECONDARY_NBNS].into_iter().zip(nbns.iter().copied());
        ServerIpcp { own, give, servers: dns.chain(nbns).collect(), own_rejected: false }
    }

    fn right(&self, kind: u8) -> Option<Ipv4Addr> {
        match kind {
            IP_ADDRESS => self.give,
            _ => self.servers.iter().find(|row| row.0 == kind).map(|row| row.1),
        }
    }
}

impl Negotiator for ServerIpcp {
    fn request(&mut self) -> Vec<Opt> {
        if self.own_rejected { Vec::new() } else { vec![Opt::new(IP_ADDRESS, self.own.octets())] }
    }

    fn judge(&mut self, options: &[Opt]) -> Answer {
        if self.give.is_none() {
            return Answer::Silence;
        }
        let rejected: Vec<Opt> = options.iter().filter(|option| self.right(option.kind).is_none()).cloned().collect();
        if !rejected.is_empty() {
            return Answer::Reject(rejected);
        }
        let wrong = options.iter().filter(|option| option.ipv4() != self.right(option.kind));
        let better: Vec<Opt> = wrong.filter_map(|option| Some(Opt::new(option.kind, self.right(option.kind)?.octets()))).collect();
        if better.is_empty() { Answer::Ack } else { Answer::Nak(better) }
    }

    fn naked(&mut self, _: &[Opt]) {}

    fn rejected(&mut self, _: &[Opt]) {
        self.own_rejected = true;
    }
}

/// Either end of IPv6CP: one interface identifier each.
#[derive(Debug)]
pub struct Ipv6cp {
    id: [u8; 8],
    refused: bool,
}

impl Ipv6cp {
    /// An end with this identifier; the universal bit is cleared as RFC 5072 section 4.1 wants for one made locally.
    pub fn new(mut id: [u8; 8]) -> Ipv6cp {
        id[0] &= !0x02;
        Ipv6cp { id, refused: false }
    }
}

impl Negotiator for Ipv6cp {
    fn request(&mut self) -> Vec<Opt> {
        if self.refused { Vec::new() } else { vec![Opt::new(INTERFACE_ID, self.id)] }
    }

    fn judge(&mut self, options: &[Opt]) -> Answer {
        let rejected: Vec<Opt> = options.iter().filter(|option| option.kind != INTERFACE_ID || option.value.len() != 8).cloned().collect();
        if !rejected.is_empty() {
            return Answer::Reject(rejected);
        }
        let clash = options.iter().any(|option| option.value.0 == self.id || option.value.iter().all(|byte| *byte == 0));
        if clash { Answer::Nak(vec![Opt::new(INTERFACE_ID, self.id.map(|byte| byte ^ 0x40))]) } else { Answer::Ack }
    }

    fn naked(&mut self, options: &[Opt]) {
        if let Some(id) = options.iter().find_map(|option| <[u8; 8]>::try_from(option.value.0.as_slice()).ok()) {
            self.id = id;
        }
    }

    fn rejected(&mut self, _: &[Opt]) {
        self.refused = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_address_in_two_rounds() {
        let (mut client, mut server) = (
            ClientIpcp::default(),
            ServerIpcp::new(Ipv4Addr::new(10, 0, 0, 1), Some(Ipv4Addr::new(10, 0, 0, 2)), &[Ipv4Addr::new(10, 0, 0, 53)], &[]),
        );
        let Answer::Reject(rejected) = server.judge(&client.request()) else { panic!("no second DNS, no WINS") };
        assert_eq!(rejected.iter().map(|option| option.kind).collect::<Vec<_>>(), [SECONDARY_DNS, PRIMARY_NBNS, SECONDARY_NBNS]);
        client.rejected(&rejected);
        let Answer::Nak(better) = server.judge(&client.request()) else { panic!("an address is given") };
        client.naked(&better);
        assert_eq!(server.judge(&client.request()), Answer::Ack);
        assert_eq!(client.address(), Some(Ipv4Addr::new(10, 0, 0, 2)));
        assert_eq!(client.judge(&server.request()), Answer::Ack);
        assert_eq!(client.gateway, Some(Ipv4Addr::new(10, 0, 0, 1)));
    }

    #[test]
    fn equal_identifiers_are_naked() {
        let (mut a, mut b) = (Ipv6cp::new([4; 8]), Ipv6cp::new([4; 8]));
        let Answer::Nak(better) = a.judge(&b.request()) else { panic!("a clash") };
        b.naked(&better);
        assert_eq!(a.judge(&b.request()), Answer::Ack);
    }
}
