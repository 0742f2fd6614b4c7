//! The layers of an SSTP call in the order of a dial, and the two ends of it.

use serde::{Deserialize, Serialize};

/// A layer of the call. The order is the order in which a client climbs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Name resolution.
    Dns,
    /// TCP connection to the server (or to the proxy in front of it).
    Tcp,
    /// HTTP CONNECT through a forward proxy, MS-SSTP 4.5.
    Proxy,
    /// TLS handshake.
    Tls,
    /// The server's certificate chain as a Windows client judges it.
    Cert,
    /// `SSTP_DUPLEX_POST` and its answer, MS-SSTP 3.2.4.1.
    Http,
    /// Call Connect Request and Ack, MS-SSTP 3.2.5.3.
    Sstp,
    /// PPP link negotiation, RFC 1661.
    Lcp,
    /// PPP authentication.
    Auth,
    /// Crypto binding, MS-SSTP 3.2.5.2.
    Binding,
    /// IPCP and IPv6CP, RFC 1332 and RFC 5072.
    Ncp,
    /// Traffic inside the tunnel.
    Data,
    /// Call Disconnect and its Ack, MS-SSTP 3.1.5.
    Teardown,
}

impl Layer {
    /// All layers, bottom to top.
    pub const ALL: [Layer; 13] = [
        Layer::Dns,
        Layer::Tcp,
        Layer::Proxy,
        Layer::Tls,
        Layer::Cert,
        Layer::Http,
        Layer::Sstp,
        Layer::Lcp,
        Layer::Auth,
        Layer::Binding,
        Layer::Ncp,
        Layer::Data,
        Layer::Teardown,
    ];

    /// The name used in ids, arguments and JSON; the same as in the failure catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Dns => "dns",
            Layer::Tcp => "tcp",
            Layer::Proxy => "proxy",
            Layer::Tls => "tls",
            Layer::Cert => "cert",
            Layer::Http => "http",
            Layer::Sstp => "sstp",
            Layer::Lcp => "lcp",
            Layer::Auth => "auth",
            Layer::Binding => "binding",
            Layer::Ncp => "ncp",
            Layer::Data => "data",
            Layer::Teardown => "teardown",
        }
    }

    /// The name shown to a person.
    pub fn title(self) -> &'static str {
        match self {
            Layer::Dns => "DNS",
            Layer::Tcp => "TCP",
            Layer::Proxy => "Proxy",
            Layer::Tls => "TLS",
            Layer::Cert => "Certificate",
            Layer::Http => "HTTP",
            Layer::Sstp => "SSTP",
            Layer::Lcp => "LCP",
            Layer::Auth => "Authentication",
            Layer::Binding => "Crypto binding",
            Layer::Ncp => "IPCP/IPv6CP",
            Layer::Data => "Data",
            Layer::Teardown => "Teardown",
        }
    }

    /// The layer of that name; `certificate`, `ipcp`, `ipv6cp` and `crypto-binding` are understood too.
    pub fn from_name(name: &str) -> Option<Layer> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "certificate" => Some(Layer::Cert),
            "ipcp" | "ipv6cp" => Some(Layer::Ncp),
            "crypto-binding" | "crypto binding" => Some(Layer::Binding),
            "authentication" => Some(Layer::Auth),
            other => Layer::ALL.into_iter().find(|layer| layer.name() == other),
        }
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One end of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The end that dials.
    Client,
    /// The end that answers.
    Server,
}

impl Side {
    /// The opposite end.
    pub fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    /// `client` or `server`.
    pub fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Server => "server",
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_is_found_by_its_name_and_the_order_is_the_dial() {
        for layer in Layer::ALL {
            assert_eq!(Layer::from_name(layer.name()), Some(layer));
        }
        assert!(Layer::ALL.is_sorted());
        assert_eq!(Layer::from_name("IPCP"), Some(Layer::Ncp));
        assert_eq!(Layer::from_name("physical"), None);
    }
}
