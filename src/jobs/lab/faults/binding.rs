//! Crypto binding that the server does not take.

use crate::base::Layer::Binding;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::proto::plan::Method;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault(
        "binding.other-certificate",
        Binding,
        "the server expects the hash of another certificate, as behind a balancer",
        Makes::Server(|server| (server.cert.sha1, server.cert.sha256) = ([0x5a; 20], [0x5a; 32])),
        "BIND-REFUSED",
    ),
    // The key of a login by CHAP-MD5 is known to be zero, so that only the hash is left to be wrong.
    fault(
        "binding.other-certificate-keyless",
        Binding,
        "the server expects the hash of another certificate after a login that yields no key",
        Makes::Server(|server| {
            (server.cert.sha1, server.cert.sha256) = ([0x5a; 20], [0x5a; 32]);
            server.methods = vec![Method::ChapMd5];
        }),
        "BIND-CERTHASH-LB",
    ),
    fault(
        "binding.no-mppe-keys",
        Binding,
        "RADIUS gave the server no MPPE keys",
        Makes::Server(|server| server.has_keys = false),
        "BIND-REFUSED",
    ),
    fault(
        "binding.nonce-altered",
        Binding,
        "the nonce that comes back is not the one that went out",
        Makes::Edits(&["sstp.call-connect-ack#1 flip crypto-binding-request.nonce.0"]),
        "BIND-REFUSED",
    ),
    fault(
        "binding.hash-protocol",
        Binding,
        "the server offers SHA-1 and takes only SHA-256",
        Makes::Many(&[
            Makes::Server(|server| server.hash_mask = 2),
            Makes::Edits(&["sstp.call-connect-ack#1 set crypto-binding-request.hash-protocol-bitmask=1"]),
        ]),
        "BIND-REFUSED",
    ),
    fault(
        "binding.closed",
        Binding,
        "the server closes without a word once Call Connected has come",
        Makes::Edits(&[
            "ipcp.configure-ack#1 close",
            "ipcp.configure-nak#1 close",
            "ipcp.configure-reject#1 close",
            "ipv6cp.configure-ack#1 close",
        ]),
        "BIND-CLOSED",
    ),
    fault(
        "binding.sha1-only",
        Binding,
        "the server offers SHA-1 alone for crypto binding",
        Makes::Server(|server| server.hash_mask = 1),
        "BIND-SHA1-ONLY",
    ),
    fault(
        "binding.no-mppe-keys-eap",
        Binding,
        "RADIUS gave the server no MPPE keys, and the login is EAP-MSCHAPv2",
        Makes::Server(|server| (server.has_keys, server.methods) = (false, vec![Method::EapMsChapV2])),
        "BIND-REFUSED",
    ),
    fault(
        "binding.silent",
        Binding,
        "nothing at all follows Call Connected",
        Makes::Edits(&["ipcp.*#* drop", "ipv6cp.*#* drop", "sstp.echo-response#* drop"]),
        "BIND-FAILED",
    ),
];
