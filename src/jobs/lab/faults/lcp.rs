//! Links that do not come up.

use crate::base::Layer::Lcp;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::proto::plan::Method;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("lcp.silent", Lcp, "the server sends no LCP at all", Makes::Edits(&["lcp.*#* drop"]), "LCP-NO-RESPONSE"),
    fault(
        "lcp.no-answer",
        Lcp,
        "the server asks and does not answer",
        Makes::Edits(&["lcp.configure-ack#* drop", "lcp.configure-nak#* drop", "lcp.configure-reject#* drop"]),
        "LCP-NO-ACK",
    ),
    fault(
        "lcp.loopback",
        Lcp,
        "every PPP frame comes back as it was sent",
        Makes::Server(|server| server.echoes_ppp = true),
        "LCP-LOOPBACK",
    ),
    // C223 80, RFC 2433.
    fault(
        "lcp.only-mschapv1",
        Lcp,
        "the server insists on MS-CHAPv1",
        Makes::Many(&[
            Makes::Server(|server| server.methods = vec![Method::ChapMd5]),
            Makes::Edits(&["lcp.configure-request#* set authentication-protocol=hex:c22380"]),
        ]),
        "LCP-AUTH-NO-COMMON",
    ),
    fault("lcp.nak-loop", Lcp, "the server NAKs everything for ever", Makes::Edits(&["lcp.configure-ack#* set code=3"]), "LCP-NAK-LOOP"),
    fault(
        "lcp.request-flood",
        Lcp,
        "the server sends 5000 Configure-Requests",
        Makes::Edits(&["lcp.configure-request#1 repeat 5000"]),
        "LCP-REQUEST-FLOOD",
    ),
    fault(
        "lcp.mru-reject",
        Lcp,
        "the server rejects MRU and magic number",
        Makes::Edits(&["lcp.configure-ack#1 set code=4"]),
        "LCP-MRU-REJECT",
    ),
    fault(
        "lcp.protocol-reject",
        Lcp,
        "the server rejects the protocol that it asked for, CHAP",
        Makes::Edits(&["chap.success#* instead 10 00 00 0e ff 03 c0 21 08 11 00 06 c2 23"]),
        "LCP-PROTOCOL-REJECT",
    ),
    // Failure catalogue 3.5: 4 bytes, 00 3C CD 74, RAS number; here 812.
    fault(
        "lcp.terminated-by-policy",
        Lcp,
        "the server ends the link and says RAS 812 the way Windows does",
        Makes::Edits(&["lcp.configure-request#1 instead 10 00 00 18 ff 03 c0 21 05 10 00 10 12 34 56 78 00 3c cd 74 00 00 03 2c"]),
        "LCP-TERMINATED-BY-PEER",
    ),
    fault(
        "lcp.terminated-by-licence",
        Lcp,
        "the server ends the link after authentication with a text: Licence exceeded",
        Makes::Edits(&["chap.success#1 instead 10 00 00 1c ff 03 c0 21 05 10 00 14 4c 69 63 65 6e 63 65 20 65 78 63 65 65 64 65 64"]),
        "AUTH-TERMINATED",
    ),
    fault(
        "lcp.no-request",
        Lcp,
        "the server answers and asks for nothing itself",
        Makes::Edits(&["lcp.configure-request#* drop"]),
        "LCP-NO-REQUEST",
    ),
    fault(
        "lcp.half-ack",
        Lcp,
        "the length in every Configure-Ack is longer than its frame",
        Makes::Edits(&["lcp.configure-ack#* set packet-length=200"]),
        "LCP-MALFORMED",
    ),
    fault(
        "lcp.half-everything",
        Lcp,
        "the length in every LCP packet is longer than its frame",
        Makes::Edits(&["lcp.*#* set packet-length=200"]),
        "LCP-MALFORMED",
    ),
    // Option 1 with the length 0, RFC 1661 6: it cannot be stepped over.
    fault(
        "lcp.option-length",
        Lcp,
        "an option of every Configure-Request has the length 0",
        Makes::Edits(&["lcp.configure-request#* instead 10 00 00 10 ff 03 c0 21 01 01 00 08 01 00 00 00"]),
        "LCP-MALFORMED",
    ),
    // Configure-Nak with option 3, C223 81.
    fault(
        "lcp.method-nak-loop",
        Lcp,
        "the server NAKs again and again with a method that was not in the request",
        Makes::Edits(&["lcp.configure-ack#* instead 10 00 00 11 ff 03 c0 21 03 01 00 09 03 05 c2 23 81", "lcp.configure-ack#* repeat 5"]),
        "LCP-AUTH-NAK-LOOP",
    ),
    fault(
        "lcp.disconnected",
        Lcp,
        "the server disconnects while the link is negotiated",
        Makes::Edits(&["lcp.configure-request#1 instead 10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"]),
        "LCP-FAILED",
    ),
    fault(
        "lcp.closed",
        Lcp,
        "the server closes while the link is negotiated",
        Makes::Edits(&["lcp.configure-request#1 close"]),
        "LCP-FAILED",
    ),
];
