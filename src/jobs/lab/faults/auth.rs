//! Users who are not let in.

use crate::base::Layer::Auth;
use crate::base::Secret;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::proto::plan::{Method, ServerConfig};

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("auth.wrong-password", Auth, "the password is wrong", WRONG_PASSWORD, "AUTH-MSCHAP-691"),
    fault("auth.unknown-user", Auth, "there is no such user", Makes::Dial(|dial| dial.user = Some("mallory".into())), "AUTH-MSCHAP-691"),
    fault(
        "auth.refused",
        Auth,
        "a right password is refused (E=691), as when locked out",
        Makes::Server(|server| refuse(server, 691)),
        "AUTH-MSCHAP-691",
    ),
    fault(
        "auth.refused-in-eap",
        Auth,
        "a right password is refused within EAP",
        Makes::Many(&[Makes::Server(|server| refuse(server, 691)), EAP_MSCHAPV2]),
        "AUTH-MSCHAP-691",
    ),
    fault(
        "auth.logon-hours",
        Auth,
        "the account may not log on at this hour",
        Makes::Server(|server| refuse(server, 646)),
        "AUTH-MSCHAP-646",
    ),
    fault("auth.disabled", Auth, "the account is disabled", Makes::Server(|server| refuse(server, 647)), "AUTH-MSCHAP-647"),
    fault("auth.password-expired", Auth, "the password has expired", Makes::Server(|server| refuse(server, 648)), "AUTH-MSCHAP-648"),
    fault("auth.no-dialin", Auth, "the account may not dial in", Makes::Server(|server| refuse(server, 649)), "AUTH-MSCHAP-649"),
    fault("auth.account-expired", Auth, "the account has expired", Makes::Server(|server| refuse(server, 708)), "AUTH-ACCOUNT-EXPIRED"),
    fault(
        "auth.password-change",
        Auth,
        "the change of the password failed",
        Makes::Server(|server| refuse(server, 709)),
        "AUTH-MSCHAP-709",
    ),
    fault(
        "auth.radius-silent",
        Auth,
        "nothing follows the answer to the challenge",
        Makes::Edits(&["chap.success#* drop", "chap.failure#* drop"]),
        "AUTH-RADIUS-TIMEOUT",
    ),
    fault(
        "auth.radius-silent-in-eap",
        Auth,
        "nothing follows the identity",
        Makes::Many(&[EAP_MSCHAPV2, Makes::Edits(&["eap.request-mschapv2#* drop", "eap.failure#* drop"])]),
        "AUTH-RADIUS-TIMEOUT",
    ),
    gives_up("auth.radius-5s", "the link is ended 5 s after the answer to the challenge", &["chap.success#1 hold 5s", TERMINATE]),
    gives_up("auth.radius-10s", "the link is ended 10 s after the answer to the challenge", &["chap.success#1 hold 10s", TERMINATE]),
    gives_up("auth.radius-30s", "the link is ended 30 s after the answer to the challenge", &["chap.success#1 hold 30s", TERMINATE]),
    fault(
        "auth.refused-late",
        Auth,
        "the refusal comes after 6 s, as when the first RADIUS server does not answer",
        Makes::Many(&[Makes::Server(|server| refuse(server, 691)), Makes::Edits(&["chap.failure#* hold 6s"])]),
        "AUTH-REFUSED-LATE",
    ),
    fault(
        "auth.second-factor-missed",
        Auth,
        "the refusal comes after 35 s, as when nobody confirms the second factor",
        Makes::Many(&[Makes::Server(|server| refuse(server, 691)), Makes::Edits(&["chap.failure#* hold 35s"])]),
        "AUTH-MFA-TIMEOUT",
    ),
    fault(
        "auth.second-factor-slow",
        Auth,
        "the yes comes after 12 s, as when the second factor is confirmed late",
        Makes::Edits(&["chap.success#1 hold 12s"]),
        "AUTH-SLOW",
    ),
    fault("auth.no-challenge", Auth, "no challenge comes", Makes::Edits(&["chap.challenge#* drop"]), "AUTH-SILENT"),
    fault(
        "auth.impostor",
        Auth,
        "the server does not know the password",
        Makes::Server(|server| server.knows_password = false),
        "AUTH-SERVER-PROOF-BAD",
    ),
    fault(
        "auth.no-proof",
        Auth,
        "Success comes without S=",
        Makes::Edits(&[r#"chap.success#1 splice 12..14 "X=""#]),
        "AUTH-SERVER-PROOF-BAD",
    ),
    fault("auth.pap-only", Auth, "the server takes only PAP", Makes::Server(|server| server.methods = vec![Method::Pap]), "AUTH-PAP-USED"),
    fault(
        "auth.eap-md5-only",
        Auth,
        "the server takes only MD5 within EAP, which no Windows has",
        Makes::Server(|server| server.methods = vec![Method::EapMd5]),
        "AUTH-EAP-MD5-ONLY",
    ),
    fault(
        "auth.eap-md5-first",
        Auth,
        "the server asks for MD5 within EAP first, and takes another method when asked",
        Makes::Server(|server| server.methods = vec![Method::EapMd5, Method::EapMsChapV2]),
        "AUTH-EAP-MD5-USED",
    ),
    // Type 13 is EAP-TLS, RFC 5216.
    fault(
        "auth.eap-tls-only",
        Auth,
        "the server wants EAP-TLS and nothing else",
        Makes::Many(&[EAP_MSCHAPV2, Makes::Edits(&["eap.request-mschapv2#* set type=13"])]),
        "AUTH-EAP-METHOD-MISMATCH",
    ),
    // As SoftEther does: it answers the Nak with a Protocol-Reject of EAP.
    fault(
        "auth.eap-tls-rejected",
        Auth,
        "the server wants EAP-TLS and rejects EAP when another method is proposed",
        Makes::Many(&[
            EAP_MSCHAPV2,
            Makes::Edits(&["eap.request-mschapv2#1 set type=13", "eap.failure#1 instead 10 00 00 0e ff 03 c0 21 08 11 00 06 c2 27"]),
        ]),
        "AUTH-EAP-METHOD-MISMATCH",
    ),
    fault(
        "auth.eap-tls-disconnected",
        Auth,
        "the server wants EAP-TLS and disconnects without EAP Failure when another method is proposed",
        Makes::Many(&[EAP_MSCHAPV2, Makes::Edits(&["eap.request-mschapv2#1 set type=13", "eap.failure#* drop"])]),
        "AUTH-EAP-METHOD-MISMATCH",
    ),
    fault("auth.challenge-flood", Auth, "the server sends 5000 challenges", Makes::Edits(&["chap.challenge#1 repeat 5000"]), "SSTP-FLOOD"),
    fault(
        "auth.no-number",
        Auth,
        "the failure of MS-CHAPv2 carries no number",
        Makes::Many(&[WRONG_PASSWORD, Makes::Edits(&[r#"chap.failure#* splice 12..14 "X=""#])]),
        "AUTH-CHAP-FAILURE",
    ),
    fault(
        "auth.no-policy",
        Auth,
        "EAP Failure comes right after the identity, as where no policy fits",
        Makes::Many(&[EAP_MSCHAPV2, Makes::Edits(&["eap.request-mschapv2#1 instead 10 00 00 0c ff 03 c2 27 04 01 00 04"])]),
        "AUTH-NPS-NO-POLICY",
    ),
    fault(
        "auth.other-code",
        Auth,
        "a right password is refused with a code of no row (E=718)",
        Makes::Server(|server| refuse(server, 718)),
        "AUTH-MSCHAP-OTHER",
    ),
    fault(
        "auth.wrong-password-chap",
        Auth,
        "the password is wrong, and the server takes CHAP with MD5",
        Makes::Many(&[Makes::Server(|server| server.methods = vec![Method::ChapMd5]), WRONG_PASSWORD]),
        "AUTH-CHAP-FAILURE",
    ),
    fault(
        "auth.wrong-password-pap",
        Auth,
        "the password is wrong, and the server takes PAP",
        Makes::Many(&[Makes::Server(|server| server.methods = vec![Method::Pap]), WRONG_PASSWORD]),
        "AUTH-PAP-NAK",
    ),
    fault(
        "auth.wrong-password-eap",
        Auth,
        "the password is wrong, and the server takes MD5 within EAP",
        Makes::Many(&[Makes::Server(|server| server.methods = vec![Method::EapMd5]), WRONG_PASSWORD]),
        "AUTH-EAP-FAILURE",
    ),
    fault(
        "auth.domain",
        Auth,
        "the name has a domain and is not known",
        Makes::Dial(|dial| dial.user = Some("LAB\\mallory".into())),
        "AUTH-USERNAME-FORMAT",
    ),
    fault(
        "auth.umlaut",
        Auth,
        "the name has a letter outside ASCII and is not known",
        Makes::Dial(|dial| dial.user = Some("müller".into())),
        "AUTH-NON-ASCII",
    ),
    fault("auth.none", Auth, "the server lets everybody in", Makes::Server(|server| server.methods.clear()), "AUTH-NOT-DEMANDED"),
    fault(
        "auth.disconnected",
        Auth,
        "the server disconnects in place of a challenge",
        Makes::Edits(&["chap.challenge#1 instead 10 01 00 14 00 06 00 01 00 02 00 0c 00 00 00 00 00 00 00 00"]),
        "AUTH-FAILED",
    ),
];

/// The server is silent, as while it tries its RADIUS server, and then ends the link.
const fn gives_up(id: &'static str, title: &'static str, edits: &'static [&'static str]) -> Fault {
    fault(id, Auth, title, Makes::Edits(edits), "AUTH-RADIUS-TIMEOUT")
}

/// An LCP Terminate-Request in place of the yes. RFC 1661 5.5.
const TERMINATE: &str = "chap.success#1 instead 10 00 00 0c ff 03 c0 21 05 09 00 04";
const WRONG_PASSWORD: Makes = Makes::Dial(|dial| dial.password = Some(Secret::new("letmein".into())));
const EAP_MSCHAPV2: Makes = Makes::Server(|server| server.methods = vec![Method::EapMsChapV2]);

/// Every account has the right password and is refused all the same.
fn refuse(server: &mut ServerConfig, error: u32) {
    for account in &mut server.accounts {
        account.error = Some(error);
    }
}
