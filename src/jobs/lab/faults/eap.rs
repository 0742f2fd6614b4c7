//! Logins with EAP-TLS and PEAP that go wrong.

use crate::base::Layer::Auth;
use crate::base::Secret;
use crate::jobs::lab::eap::EapCert;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::proto::auth::Cryptobinding;
use crate::proto::plan::Method;
use crate::wire::eap;
use rustls::CertificateError;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault(
        "auth.eap-server-expired",
        Auth,
        "the certificate of the EAP server has expired",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.server = EapCert::Expired)]),
        "AUTH-EAP-SERVERCERT",
    ),
    fault(
        "auth.eap-server-name",
        Auth,
        "the certificate of the EAP server bears another name",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.server = EapCert::OtherName)]),
        "AUTH-EAP-SERVERNAME",
    ),
    fault(
        "auth.eap-server-untrusted",
        Auth,
        "nobody trusts the root of the EAP server",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.server = EapCert::StrangeRoot)]),
        "AUTH-EAP-SERVERROOT-MISSING",
    ),
    fault(
        "auth.eap-tls-server-untrusted",
        Auth,
        "nobody trusts the root of the EAP server, and EAP-TLS is wanted",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| eap.server = EapCert::StrangeRoot)]),
        "AUTH-EAP-SERVERROOT-MISSING",
    ),
    fault(
        "auth.eap-server-purpose",
        Auth,
        "the certificate of the EAP server is for clients",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.server = EapCert::WrongPurpose)]),
        "AUTH-EAP-SERVERCERT",
    ),
    fault(
        "auth.eap-client-expired",
        Auth,
        "the client certificate has expired",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| eap.client = EapCert::Expired)]),
        "AUTH-EAP-USERCERT-EXPIRED",
    ),
    fault(
        "auth.eap-client-revoked",
        Auth,
        "the client certificate is revoked",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| eap.refuses = Some(CertificateError::Revoked))]),
        "AUTH-EAP-USERCERT-REVOKED",
    ),
    fault(
        "auth.eap-client-unknown-ca",
        Auth,
        "the EAP server does not trust the CA of the client certificate",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| eap.client = EapCert::StrangeRoot)]),
        "AUTH-EAP-USERCERT-INVALID",
    ),
    fault(
        "auth.eap-client-purpose",
        Auth,
        "the client certificate is for servers",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| eap.client = EapCert::WrongPurpose)]),
        "AUTH-EAP-USERCERT-INVALID",
    ),
    fault(
        "auth.eap-alert",
        Auth,
        "the EAP server ends the handshake with an alert that is not about trust",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| eap.refuses = Some(CertificateError::BadSignature))]),
        "AUTH-EAP-TLS-ALERT",
    ),
    fault(
        "auth.eap-nak-loop",
        Auth,
        "the server asks for EAP-TLS whatever the client answers",
        Makes::Many(&[
            Makes::Server(|server| (server.methods, server.heeds_nak) = (vec![Method::EapMsChapV2], false)),
            Makes::Edits(&["eap.request-mschapv2#* set type=13"]),
        ]),
        "AUTH-EAP-NAK-LOOP",
    ),
    fault(
        "auth.eap-any-name",
        Auth,
        "the client accepts any name on the EAP server's certificate",
        Makes::Many(&[PEAP, Makes::Dial(|dial| dial.eap_server_name = None)]),
        "AUTH-EAP-NAME-UNCHECKED",
    ),
    fault(
        "auth.eap-client-unmapped",
        Auth,
        "no account belongs to the client certificate",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| eap.knows_nobody = true)]),
        "AUTH-EAP-CERT-NO-ACCOUNT",
    ),
    fault(
        "auth.eap-stalled",
        Auth,
        "a fragment of the EAP server never comes, as when RADIUS loses long packets",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.fragment = Some(400)), Makes::Edits(&THIRD_NEVER)]),
        "AUTH-EAP-STALLED",
    ),
    fault(
        "auth.eap-fragment-missing",
        Auth,
        "a fragment is left out and the next one comes",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.fragment = Some(400)), Makes::Edits(&["eap.request-peap#2 set flags.more-fragments=0"])]),
        "AUTH-EAP-BROKEN",
    ),
    fault(
        "auth.eap-tls-ack-bare",
        Auth,
        "the EAP server acknowledges fragments without the octet of flags, as SoftEther does",
        Makes::Many(&[EAP_TLS, Makes::Eap(|eap| (eap.client, eap.bare_acks) = (EapCert::Long, true))]),
        "AUTH-EAP-ACK-NO-FLAGS",
    ),
    fault(
        "auth.peap-version",
        Auth,
        "the server goes on with PEAP version 1",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.peap_version = 1)]),
        "AUTH-PEAP-VERSION",
    ),
    fault(
        "auth.peap-cryptobinding-wrong",
        Auth,
        "the cryptobinding of the PEAP server is wrong",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.cryptobinding = Cryptobinding::Wrong)]),
        "AUTH-PEAP-CRYPTOBINDING",
    ),
    fault(
        "auth.peap-cryptobinding-missing",
        Auth,
        "the PEAP server sends no cryptobinding",
        Makes::Many(&[PEAP, Makes::Eap(|eap| eap.cryptobinding = Cryptobinding::Absent)]),
        "AUTH-PEAP-CRYPTOBINDING-ABSENT",
    ),
    fault(
        "auth.peap-inner-method",
        Auth,
        "the server asks for EAP-GTC inside PEAP",
        Makes::Many(&[PEAP, Makes::Eap(|setup| setup.inner_type = Some(eap::GTC))]),
        "AUTH-PEAP-INNER-METHOD",
    ),
    fault("auth.peap-wrong-password", Auth, "the password is wrong inside PEAP", Makes::Many(&[PEAP, WRONG_PASSWORD]), "AUTH-MSCHAP-691"),
    fault(
        "auth.peap-no-number",
        Auth,
        "the password is wrong inside PEAP, and the server says only that it failed",
        Makes::Many(&[PEAP, WRONG_PASSWORD, Makes::Eap(|eap| eap.keeps_silent = true)]),
        "AUTH-PEAP-REFUSED",
    ),
    fault(
        "auth.peap-no-dialin",
        Auth,
        "the account may not dial in, as is said inside PEAP",
        Makes::Many(&[PEAP, Makes::Server(|server| server.accounts.iter_mut().for_each(|account| account.error = Some(649)))]),
        "AUTH-MSCHAP-649",
    ),
    fault(
        "auth.peap-impostor",
        Auth,
        "the server inside PEAP does not know the password",
        Makes::Many(&[PEAP, Makes::Server(|server| server.knows_password = false)]),
        "AUTH-SERVER-PROOF-BAD",
    ),
];

const PEAP: Makes = Makes::Server(|server| server.methods = vec![Method::Peap]);
const EAP_TLS: Makes =
    Makes::Many(&[Makes::Server(|server| server.methods = vec![Method::EapTls]), Makes::Dial(|dial| dial.with_certificate = true)]);
const WRONG_PASSWORD: Makes = Makes::Dial(|dial| dial.password = Some(Secret::new("letmein".into())));

/// The third request, and whatever the server repeats of it, every 3 s, for longer than a client waits.
const THIRD_NEVER: [&str; 30] = [
    "eap.request-peap#3 drop",
    "eap.request-peap#4 drop",
    "eap.request-peap#5 drop",
    "eap.request-peap#6 drop",
    "eap.request-peap#7 drop",
    "eap.request-peap#8 drop",
    "eap.request-peap#9 drop",
    "eap.request-peap#10 drop",
    "eap.request-peap#11 drop",
    "eap.request-peap#12 drop",
    "eap.request-peap#13 drop",
    "eap.request-peap#14 drop",
    "eap.request-peap#15 drop",
    "eap.request-peap#16 drop",
    "eap.request-peap#17 drop",
    "eap.request-peap#18 drop",
    "eap.request-peap#19 drop",
    "eap.request-peap#20 drop",
    "eap.request-peap#21 drop",
    "eap.request-peap#22 drop",
    "eap.request-peap#23 drop",
    "eap.request-peap#24 drop",
    "eap.request-peap#25 drop",
    "eap.request-peap#26 drop",
    "eap.request-peap#27 drop",
    "eap.request-peap#28 drop",
    "eap.request-peap#29 drop",
    "eap.request-peap#30 drop",
    "eap.request-peap#31 drop",
    "eap.request-peap#32 drop",
];
