//! What a client has to dial to meet a lab with its faults, also those that lie outside the server.

use crate::base::Secret;
use crate::live::lookup::Wish;
use std::net::IpAddr;

/// What a client dials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Addresses to take for a name in place of what the resolver says; none at all means that the name has no address.
    pub resolve: Vec<(String, Vec<IpAddr>)>,
    /// `http://host:port` of a forward proxy.
    pub proxy: Option<String>,
    /// Roots to trust, DER.
    pub ca_der: Vec<Vec<u8>>,
    /// What has to be looked up for the fault to be seen.
    pub wish: Wish,
    /// User name.
    pub user: Option<String>,
    /// Password.
    pub password: Option<Secret<String>>,
    /// Name for SNI, Host and the certificate when it is not `host`.
    pub server_name: Option<String>,
}

impl Dial {
    /// `host:port`, an IPv6 address in brackets.
    pub fn target(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}
