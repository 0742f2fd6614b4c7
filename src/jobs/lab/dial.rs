//! What a client has to dial to meet a lab with its faults, also those that lie outside the server.

use crate::base::Secret;
use crate::live::lookup::Wish;
use crate::proto::auth::Identity;
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
    /// `http://host:port` of a forward proxy, or the same with `socks5://`.
    pub proxy: Option<String>,
    /// User and password for it.
    pub proxy_login: Option<(String, Secret<String>)>,
    /// Name and text of a proxy script that is asked in place of a proxy.
    pub pac: Option<(String, String)>,
    /// Roots to trust, DER.
    pub ca_der: Vec<Vec<u8>>,
    /// Roots to trust for the EAP server, whose chain is another one, DER.
    pub eap_ca_der: Vec<Vec<u8>>,
    /// What has to be looked up for the fault to be seen.
    pub wish: Wish,
    /// User name.
    pub user: Option<String>,
    /// Password.
    pub password: Option<Secret<String>>,
    /// The client certificate that the lab's EAP server knows.
    pub certificate: Option<Identity>,
    /// The client is to use it.
    pub with_certificate: bool,
    /// The name on the EAP server's certificate.
    pub eap_server_name: Option<String>,
    /// Name for SNI, Host and the certificate when it is not `host`.
    pub server_name: Option<String>,
}

impl Dial {
    /// What nobody dials, for a look at what a fault changes of it: one root, and nobody who logs in.
    pub(super) fn nowhere() -> Dial {
        Dial {
            host: String::new(),
            port: 0,
            resolve: Vec::new(),
            proxy: None,
            proxy_login: None,
            pac: None,
            ca_der: vec![Vec::new()],
            eap_ca_der: Vec::new(),
            wish: Wish::default(),
            user: None,
            password: None,
            certificate: None,
            with_certificate: false,
            eap_server_name: None,
            server_name: None,
        }
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn target(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}
