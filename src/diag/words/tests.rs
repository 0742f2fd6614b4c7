mod abroad;
mod prose;

use super::*;
use crate::diag::codes::{self, Family};

/// What a text names, in short: `family number`, an id, a layer.
fn named(text: &str) -> Vec<String> {
    let short = |meaning: &Meaning| match meaning {
        Meaning::Codes(rows) => rows.iter().map(|row| format!("{} {}", row.family.name(), row.name)).collect::<Vec<_>>().join(" | "),
        Meaning::Cause(cause) => cause.id().to_string(),
        Meaning::Layer(layer) => layer.name().to_string(),
        Meaning::Chap(message) => format!("MS-CHAPv2 message {}", message.fields().iter().map(|field| field.0).collect::<String>()),
        Meaning::Fault(fault) => fault.id.to_string(),
    };
    read(text, &[]).subjects.iter().map(|subject| short(&subject.meaning)).collect()
}

fn lost(text: &str) -> Vec<Unknown> {
    read(text, &[]).unknown
}

#[test]
fn a_code_is_known_in_every_dress() {
    let expired = "CryptoAPI CERT_E_EXPIRED";
    for text in [
        "0x800B0101",
        "0X800b0101",
        "800B0101",
        "800b0101",
        "-2146762495",
        "2148204801",
        "CERT_E_EXPIRED",
        "cert_e_expired",
        "(0x800B0101).",
        "0x800B0101L",
        "\u{2212}2146762495",
        "\u{2011}2146762495",
        "2146762495",
        "error: 0x800B0101",
        "0xFFFFFFFF800B0101",
        "ffffffff800b0101",
        "18446744071562789121",
        "&H800B0101",
    ] {
        assert_eq!(named(text), [expired], "{text}");
    }
    assert_eq!(named("HTTP-404"), ["HTTP-404"]);
    assert_eq!(named("HTTP 404").len(), 1);
    assert_ne!(named("HTTP 404"), ["HTTP-404"]);
    let eight_decimals = "Schannel SEC_E_ILLEGAL_MESSAGE";
    assert_eq!(named("80090326"), [eight_decimals]);
    let both = "RAS ERROR_AUTHENTICATION_FAILURE | MS-CHAPv2 ERROR_AUTHENTICATION_FAILURE";
    for text in ["691", "ERROR_AUTHENTICATION_FAILURE", "0x2B3", "0x000002b3"] {
        assert_eq!(named(text), [both], "{text}");
    }
    let ras = "RAS ERROR_AUTHENTICATION_FAILURE";
    for text in [
        "RAS 691",
        "error 691",
        "Error 691:",
        "Fehler 691",
        "Ошибка 691",
        "VPN error 691",
        "rasdial error 691",
        "0x800702B3",
        "-2147024205",
        "error code 691",
        "Error691",
        "error-691",
        "error \u{ff16}\u{ff19}\u{ff11}",
    ] {
        assert_eq!(named(text), [ras], "{text}");
    }
    assert_eq!(named("E=691"), ["MS-CHAPv2 ERROR_AUTHENTICATION_FAILURE"]);
    let message = "E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=Authentication failed for error 809";
    assert_eq!(named(message), ["MS-CHAPv2 message ERCVM"]);
    assert_eq!(named("E=691 R=1 C=\u{2026} V=3 M=\u{2026}"), ["MS-CHAPv2 message ERCVM"]);
    assert_eq!(named("E=648 R=0 V=3\nlater error 809"), ["MS-CHAPv2 message ERV", "RAS ERROR_VPN_TIMEOUT"]);
    assert_eq!(named("pppd: \"E=691 R=0\" and error 809"), ["MS-CHAPv2 message ER", "RAS ERROR_VPN_TIMEOUT"]);
}

#[test]
fn a_label_chooses_the_family() {
    let rows = [
        ("event 20227", "Windows event RasClient event 20227"),
        ("EventID 20227", "Windows event RasClient event 20227"),
        ("Event ID: 20227", "Windows event RasClient event 20227"),
        ("RasClient 20227", "Windows event RasClient event 20227"),
        ("RasSstp 6", "Windows event RasSstp event 6"),
        ("RasSstp: 6", "Windows event RasSstp event 6"),
        ("RasClient: 20227", "Windows event RasClient event 20227"),
        ("RasClient: 691", "RAS ERROR_AUTHENTICATION_FAILURE"),
        ("RasClient (691)", "RAS ERROR_AUTHENTICATION_FAILURE"),
        ("RasClient: -2146762487", "CryptoAPI CERT_E_UNTRUSTEDROOT"),
        ("RasClient: 0x80092013", "CryptoAPI CRYPT_E_REVOCATION_OFFLINE"),
        ("Microsoft-Windows-RasClient: 691", "RAS ERROR_AUTHENTICATION_FAILURE"),
        ("Source: RasClient, 691", "RAS ERROR_AUTHENTICATION_FAILURE"),
        ("RemoteAccess: 691", "RAS ERROR_AUTHENTICATION_FAILURE"),
        ("RemoteAccess: 20255", "Windows event RemoteAccess event 20255"),
        ("RasSstp event 6", "Windows event RasSstp event 6"),
        ("NPS 16", "NPS reason NPS reason 16"),
        ("NPS reason 16", "NPS reason NPS reason 16"),
        ("Reason Code: 16", "NPS reason NPS reason 16"),
        ("NPS 6273", "Windows event NPS event 6273"),
        ("alert 48", "TLS alert unknown_ca"),
        ("SSL alert number 48", "TLS alert unknown_ca"),
        ("TLS alert 48", "TLS alert unknown_ca"),
        ("sslv3 alert handshake failure", "TLS alert handshake_failure"),
        ("tls alert unknown ca", "TLS alert unknown_ca"),
        ("TLS fatal alert: unknown CA", "TLS alert unknown_ca"),
        ("unknown ca", "TLS alert unknown_ca"),
        ("Decrypt error", "TLS alert decrypt_error"),
        ("access denied", "Win32 ERROR_ACCESS_DENIED | TLS alert access_denied"),
        ("tls access denied", "TLS alert access_denied"),
        ("tls decrypt error", "TLS alert decrypt_error"),
        ("status 4", "SSTP status ATTRIB_STATUS_VALUE_NOT_SUPPORTED"),
        ("SSTP status 4", "SSTP status ATTRIB_STATUS_VALUE_NOT_SUPPORTED"),
        ("status=0x04", "SSTP status ATTRIB_STATUS_VALUE_NOT_SUPPORTED"),
        ("HTTP 404", "HTTP status HTTP_E_STATUS_NOT_FOUND"),
        ("HTTP/1.1 404", "HTTP status HTTP_E_STATUS_NOT_FOUND"),
        ("status code 503", "HTTP status HTTP_E_STATUS_SERVICE_UNAVAIL"),
        ("verify 10", "OpenSSL verify X509_V_ERR_CERT_HAS_EXPIRED"),
        ("verify error:num=20", "OpenSSL verify X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        ("Verify return code: 19", "OpenSSL verify X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN"),
        ("socket error 10054", "Winsock WSAECONNRESET"),
        ("WSAETIMEDOUT", "Winsock WSAETIMEDOUT"),
        ("0xC000006A", "NTSTATUS STATUS_WRONG_PASSWORD"),
        ("-1073741718", "NTSTATUS STATUS_WRONG_PASSWORD"),
        ("windows error 5", "Win32 ERROR_ACCESS_DENIED"),
        ("HRESULT 0x80070005", "Win32 ERROR_ACCESS_DENIED"),
    ];
    for (text, row) in rows {
        assert_eq!(named(text), [row], "{text}");
    }
}

#[test]
fn the_number_of_an_eap_type_is_no_event() {
    for (text, says) in [("eap 13", "EAP-TLS"), ("EAP type 25", "PEAP"), ("eap-type 26", "EAP-MSCHAPv2"), ("eap 200", "no EAP type")] {
        let read = read(text, &[]);
        assert!(read.subjects.is_empty(), "{text}: {:?}", named(text));
        assert!(read.unknown.first().is_some_and(|unknown| unknown.says.contains(says)), "{text}: {:?}", read.unknown);
    }
}

#[test]
fn ids_and_layers_are_known_in_any_capitals() {
    assert_eq!(named("cert-expired"), ["CERT-EXPIRED"]);
    assert_eq!(named("Auth-Locked-Out,"), ["AUTH-LOCKED-OUT"]);
    for (text, layer) in
        [("tls", "tls"), ("SSTP", "sstp"), ("ipcp", "ncp"), ("Certificate", "cert"), ("crypto binding", "binding"), ("IPCP/IPv6CP", "ncp")]
    {
        assert_eq!(named(text), [layer], "{text}");
    }
    assert_eq!(named("CERT-EXPIRED tls 691 0x80092013").len(), 4);
}

#[test]
fn sentences_of_windows_are_known() {
    let ras = "RAS ERROR_AUTHENTICATION_FAILURE";
    for text in [
        "The remote connection was denied because the user name and password combination you provided is not recognized, or the selected authentication protocol is not permitted on the remote access server.",
        "Remote Access error 691 - The remote connection was denied because the user name and password combination you provided is not recognized",
        "CoId={64C727FF-623D-4738-AD8F-0123456789AB}: The user CORP\\alice dialed a connection named Office VPN which has failed. The error code returned on failure is 691.",
    ] {
        assert!(named(text).contains(&ras.to_string()), "{text}: {:?}", named(text));
        assert_eq!(lost(text), [], "{text}");
    }
    let text = "CoId={64C727FF-623D-4738-AD8F-0123456789AB}: The user alice dialed a connection named Office VPN 2 which has failed. The error code returned on failure is -2146762495.";
    assert_eq!(named(text), ["CryptoAPI CERT_E_EXPIRED"]);
    let text =
        "Error 800: The remote connection was not made because the attempted VPN tunnels failed. The VPN server might be unreachable.";
    assert_eq!(named(text).first().map(String::as_str), Some("RAS ERROR_AUTOMATIC_VPN_FAILED"));
    let text = "A certificate chain processed, but terminated in a root certificate which is not trusted by the trust provider.";
    assert_eq!(named(text), ["CryptoAPI CERT_E_UNTRUSTEDROOT"]);
    let text = "verify error:num=19:self-signed certificate in certificate chain";
    assert!(named(text).iter().all(|row| row == "OpenSSL verify X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN"), "{:?}", named(text));
    let text = "CoId=x: The user alice dialed a connection named VPN which has terminated. The reason code returned on termination is 631.";
    assert_eq!(named(text), ["RAS ERROR_USER_DISCONNECTION"]);
}

#[test]
fn all_codes_of_a_text_are_found_and_its_other_numbers_are_not() {
    let text = "At 9 o'clock on port 443 my 2 laptops got error 809, later Error 0x80092013 and once RasSstp event 6 after 30 seconds.";
    assert_eq!(named(text), ["RAS ERROR_VPN_TIMEOUT", "CryptoAPI CRYPT_E_REVOCATION_OFFLINE", "Windows event RasSstp event 6"]);
    assert_eq!(lost(text), []);
}

#[test]
fn an_ambiguous_number_lists_every_family() {
    assert_eq!(
        named("16"),
        ["Windows event RasSstp event 16 | NPS reason NPS reason 16 | OpenSSL verify X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD"]
    );
    assert_eq!(
        named("10"),
        [
            "TLS alert unexpected_message | Windows event RasSstp event 10 | NPS reason NPS reason 10 | OpenSSL verify X509_V_ERR_CERT_HAS_EXPIRED | SSTP status ATTRIB_STATUS_REQUIRED_ATTRIBUTE_MISSING"
        ]
    );
    assert_eq!(named("720"), ["RAS ERROR_PPP_NO_PROTOCOLS_CONFIGURED"]);
}

#[test]
fn what_is_not_known_names_its_neighbours() {
    assert_eq!(lost("CERT-EXPIERD").first().and_then(|unknown| unknown.near.first().cloned()).as_deref(), Some("CERT-EXPIRED"));
    let word = lost("0x800B0199");
    assert_eq!(
        word.first().map(|unknown| unknown.says.as_str()),
        Some("an HRESULT of trust and certificate chain policy that is not in the table")
    );
    let win32 = lost("0x80071234");
    assert!(win32.first().is_some_and(|unknown| unknown.says.contains("4660")), "{win32:?}");
    let alert = lost("alert 49152");
    assert!(alert.first().is_some_and(|unknown| unknown.says == "no number of TLS alert"), "{alert:?}");
    let ras = lost("RAS 880");
    assert!(ras.first().is_some_and(|unknown| unknown.near.first().is_some_and(|near| near.starts_with("878"))), "{ras:?}");
    let sentence = lost("everything is broken today");
    assert_eq!((sentence.len(), named("everything is broken today").len()), (1, 0));
    let hex = lost("0x691");
    assert!(hex.first().is_some_and(|unknown| unknown.near == ["691 ERROR_AUTHENTICATION_FAILURE"]), "{hex:?}");
    assert!(lost("sstp/2.2.1/reserved-bits").first().is_some_and(|unknown| unknown.says.contains("conformance show")));
    assert!(read("my vpn is broken", &[]).notes.iter().any(|note| note.contains("--log FILE")));
    assert_eq!(lost("CALL_ABORT status 4, REG_BINARY").len(), 0);
    let nearly = lost("the remote connection was denied because of the user name or password");
    assert!(nearly.first().is_some_and(|unknown| unknown.near.iter().any(|near| near.starts_with("691"))), "{nearly:?}");
    assert_eq!(named("CERT-EXPIRED CERT-EXPIERD"), ["CERT-EXPIRED"]);
    assert_eq!(lost("CERT-EXPIRED CERT-EXPIERD").len(), 1);
    assert_eq!(lost("").len(), 0);
}

#[test]
fn the_part_of_the_text_is_quoted() {
    let quoted: Vec<String> =
        read("the error code returned on failure is 691, they say", &[]).subjects.into_iter().map(|subject| subject.quoted).collect();
    assert_eq!(quoted, ["error code returned on failure is 691"]);
}

/// What stands around an error sentence where people copy it from. {S}: the sentence.
const SURROUNDINGS: &[&str] = &[
    "{S}",
    "Can't connect to Office VPN\n{S}.",
    "Office VPN\r\n\r\n{S}.\r\n\r\n[Close]",
    "\u{201c}{S}\u{201d}",
    "The dialer says: '{S}', since this morning at 9, on 3 laptops behind port 443, and nobody knows why.",
    "Connecting to Office...\r\nVerifying username and password...\r\n\r\n{S}.\r\n\r\nFor more help on this error:\r\n\tType 'hh netcfg.chm'",
    "rasdial : {S}\nAt line:1 char:1\n+ rasdial Office alice *\n+ ~~~~~~~~~~~~~~\n    + CategoryInfo          : NotSpecified: (:String) [], RemoteException\n    + FullyQualifiedErrorId : NativeCommandError",
    "Get-VpnConnection : {S}. : Cim:MSFT_VpnConnection\nAt C:\\Users\\alice\\vpn.ps1:12 char:5",
    "CoId={5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F}: {S}",
    "curl: (35) schannel: {S}",
    "* OpenSSL: {S}\n* Closing connection 0",
    "Nov 26 10:00:01 host NetworkManager[812]: <warn>  [1700000000.1234] vpn-connection[0x55d0c0ffee00,0123]: {S}",
    "Mar  1 08:22:33 host sstpc[4711]: {S}, (-1)",
    "2024-03-01 09:15:22.123 {S}",
];

fn same(a: &Meaning, b: &Meaning) -> bool {
    match (a, b) {
        (Meaning::Codes(a), Meaning::Codes(b)) => b.iter().all(|row| a.contains(row)),
        (Meaning::Cause(a), Meaning::Cause(b)) => a.id() == b.id(),
        _ => false,
    }
}

#[test]
fn every_sentence_is_known_wherever_it_was_copied_from() {
    let mut wrong = Vec::new();
    for (sentence, name) in sentence::all() {
        let meaning = sentence::meaning(name).expect("a meaning");
        let capital = sentence.chars().take(1).flat_map(char::to_uppercase).chain(sentence.chars().skip(1)).collect::<String>();
        for (dress, many) in [(sentence.to_string(), 99), (capital, 2), (sentence.to_uppercase(), 1), (sentence.replace(' ', "\r\n"), 2)] {
            for around in SURROUNDINGS.iter().take(many) {
                let text = around.replace("{S}", &dress);
                let Explained { subjects, unknown, .. } = read(&text, &[]);
                if !subjects.iter().any(|subject| same(&subject.meaning, &meaning)) || !unknown.is_empty() {
                    wrong.push((text, name, unknown));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts, the first: {:#?}", wrong.len(), wrong.first());
}

#[test]
fn every_code_is_known_however_it_is_quoted() {
    let mut wrong = Vec::new();
    for code in codes::all() {
        let mut texts = vec![format!("{} is what the log says, whatever that may mean.", code.name)];
        let number = code.number;
        let label = match code.family {
            Family::Ras => "Remote Access error",
            Family::Win32 => "System error",
            Family::Winsock => "Socket error",
            Family::WinHttp => "WinHTTP error",
            Family::HttpStatus => "HTTP/1.1",
            Family::TlsAlert => "TLS fatal alert code",
            Family::NpsReason => "NPS Reason Code:",
            Family::OpenSsl => "verify error:num=",
            Family::SstpStatus => "SSTP status",
            Family::Event => code.name.rsplit_once(' ').map_or("", |name| name.0),
            _ => "",
        };
        if code.family.is_plain() && !label.is_empty() {
            texts.push(format!("It was on my 2nd laptop: {label} {number} - and then it hung up."));
        }
        if code.family == Family::MsChap {
            texts.push(format!("pppd[7]: MS-CHAP authentication failed: E={number} Some words"));
        }
        if let Some(word) = code.hresult().filter(|word| word >> 31 == 1) {
            let signed = word.cast_signed();
            texts.extend([
                format!("CoId={{5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F}}: The user CORP\\alice dialed a connection named Office which has failed. The error code returned on failure is {signed}."),
                format!("Exception calling \"Dial\" with \"0\" argument(s): \"Exception from HRESULT: 0x{word:08x}\""),
                format!("curl: (35) schannel: something failed: 0x{word:X} - whatever"),
                format!("hr=0x{word:08X}"),
                format!("{word:08X}"),
                format!("\u{2212}{}", signed.unsigned_abs()),
            ]);
        }
        if code.family == Family::OpenSslError {
            texts.push(format!("140000000000000:error:{number:08X}:SSL routines::some words:../ssl/file.c:1584:"));
            texts.push(format!("{:08X}", 0x1416_F000 | number & 0xFFF));
        }
        for text in texts {
            let Explained { subjects, unknown, .. } = read(&text, &[]);
            // Two families with a name or a word of their own in common are one subject.
            let there = |subject: &Subject| match &subject.meaning {
                Meaning::Codes(rows) => rows.contains(&code),
                Meaning::Cause(_) | Meaning::Layer(_) | Meaning::Chap(_) | Meaning::Fault(_) => false,
            };
            if !subjects.iter().any(there) || !unknown.is_empty() {
                wrong.push((text, code.shown(), unknown));
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts, the first: {:#?}", wrong.len(), wrong.iter().take(5).collect::<Vec<_>>());
}

#[test]
fn sentences_that_left_words_over_are_whole() {
    let rows = [
        ("The connection was terminated by the remote computer before it could be completed.", "RAS ERROR_DISCONNECTION"),
        ("The account is not permitted to log on at this time of day.", "RAS ERROR_RESTRICTED_LOGON_HOURS"),
        ("The account does not have permission to dial in.", "RAS ERROR_NO_DIALIN_PERMISSION"),
        ("The modem (or other connecting device) has reported an error.", "RAS ERROR_FROM_DEVICE"),
        (
            "The remote computer did not respond. To make sure that the server can be reached, ping the remote computer.",
            "RAS ERROR_NO_ANSWER",
        ),
        ("There was an error changing the password on the domain.  The password might have been too short", "RAS ERROR_CHANGING_PASSWORD"),
        (
            "A connection to the remote access server was not made because the remote access server did not respond.",
            "RAS ERROR_PPP_NO_RESPONSE",
        ),
        (
            "A certificate could not be found.  Connections that use the L2TP protocol over IPSec require the installation",
            "RAS ERROR_NO_CERTIFICATE",
        ),
        ("The connection attempt failed because of failure to encrypt data.", "RAS ERROR_FAILED_TO_ENCRYPT"),
        ("The VPN connection between your computer and the VPN server could not be completed.", "RAS ERROR_VPN_GRE_BLOCKED"),
        (
            "type required for authentication of the remote access connection is not installed on your computer.",
            "RAS ERROR_EAP_METHOD_NOT_INSTALLED",
        ),
        (
            "because a certificate that validates the server certificate was not found in the Trusted Root",
            "RAS ERROR_EAP_SERVER_ROOT_CERT_NOT_FOUND",
        ),
        ("This operation returned because the timeout period expired.", "Win32 ERROR_TIMEOUT"),
        ("The network connection was aborted by the local system.", "Win32 ERROR_CONNECTION_ABORTED"),
        ("The certificate's CN name does not match the passed value.", "CryptoAPI CERT_E_CN_NO_MATCH"),
        ("The certificate\u{2019}s CN name does not match the passed value.", "CryptoAPI CERT_E_CN_NO_MATCH"),
        ("A certificate chain could not be built to a trusted root authority.", "CryptoAPI CERT_E_CHAINING"),
        ("The connection to the remote access server was terminated because of a security check failure.", "Windows event RasSstp event 6"),
        ("tlsv1 alert unknown ca", "TLS alert unknown_ca"),
        ("error:0A000418:SSL routines::tlsv1 alert unknown ca", "TLS alert unknown_ca"),
        ("hr=0x80092013", "CryptoAPI CRYPT_E_REVOCATION_OFFLINE"),
        ("error:0A000086:SSL routines::certificate verify failed", "OpenSSL error SSL_R_CERTIFICATE_VERIFY_FAILED"),
        ("Security event 4625", "Windows event Security event 4625"),
        (
            "Remote RADIUS (Network Policy) server did not process the authentication request. Please ensure that the Remote RADIUS server machine name is right",
            "NPS reason NPS reason 112",
        ),
        ("Authentication was not successful because an unknown user name or incorrect password was used.", "NPS reason NPS reason 16"),
    ];
    for (text, row) in rows {
        let named = named(text);
        assert!(!named.is_empty() && named.iter().all(|it| it == row), "{text}: {named:?}");
        assert_eq!(lost(text), [], "{text}");
    }
}

#[test]
fn reason_48_bears_the_words_of_microsoft() {
    let row = codes::by_number(48).find(|row| row.family == Family::NpsReason).expect("a row");
    assert_eq!(row.means, "The connection request did not match any configured network policy");
    assert_eq!(named("The connection request did not match any configured network policy."), ["NPS reason NPS reason 48"]);
}

#[test]
fn slips_of_the_pen_are_forgiven_and_nothing_else_is() {
    for text in [
        "The remote conection was denied becuase the user name and pasword combination you provided is not recognised",
        "the remote computer did not repond in a timly maner",
        "certficate is not within its validty period",
    ] {
        assert_eq!((read(text, &[]).subjects.len(), lost(text).len()), (1, 0), "{text}");
    }
    assert_eq!(named("the weather is not within its usual mood"), Vec::<String>::new());
}

#[test]
fn in_another_language_the_number_is_found_and_the_sentence_owned_up_to() {
    let rows = [
        ("Fehler 691: Die Remoteverbindung wurde verweigert, weil die angegebene Kombination nicht erkannt wurde.", "German", 691),
        ("Die Netzwerkverbindung zwischen Ihrem Computer und dem VPN-Server konnte nicht hergestellt werden (809).", "German", 809),
        ("Erreur 868 : La connexion \u{e0} distance n'a pas \u{e9}t\u{e9} \u{e9}tablie", "French", 868),
        ("Error 720: No se pudo establecer la conexi\u{f3}n con el equipo remoto.", "Spanish", 720),
        ("Ошибка 619: Не удается подключиться к удаленному компьютеру", "Russian", 619),
    ];
    for (text, language, number) in rows {
        let explained = read(text, &[]);
        let first = explained.subjects.first().map(|subject| subject.meaning.clone());
        assert!(matches!(first, Some(Meaning::Codes(rows)) if rows.iter().any(|row| row.number == number)), "{text}");
        assert!(
            explained.unknown.is_empty() && explained.notes.iter().any(|note| note.contains(language)),
            "{text}: {:?}",
            explained.notes
        );
    }
    let nothing = read("Die Remoteverbindung wurde nicht hergestellt, der Server ist nicht erreichbar.", &[]);
    assert!(nothing.subjects.is_empty());
    assert!(nothing.unknown.first().is_some_and(|unknown| unknown.says.contains("German") && unknown.says.contains("20227")));
}

#[test]
fn the_commonest_sentences_are_known_in_other_languages_and_what_is_unverified_says_so() {
    let printed = [
        (
            "Die Remoteverbindung wurde verweigert, weil die angegebene Kombination aus Benutzername und Kennwort nicht erkannt wird oder das \
             ausgewählte Authentifizierungsprotokoll nicht für den RAS-Server zulässig ist.",
            "ERROR_AUTHENTICATION_FAILURE",
        ),
        ("Die Sperrfunktion konnte die Sperrung nicht überprüfen, da der Sperrserver offline war.", "CRYPT_E_REVOCATION_OFFLINE"),
        (
            "Eine Zertifikatkette wurde zwar verarbeitet, endete jedoch mit einem Stammzertifikat, das beim Vertrauensanbieter nicht als vertrauenswürdig gilt.",
            "CERT_E_UNTRUSTEDROOT",
        ),
        (
            "Une chaîne de certificats a été traitée mais s’est terminée par un certificat racine qui n’est pas approuvé par le fournisseur d’approbation.",
            "CERT_E_UNTRUSTEDROOT",
        ),
        ("Une connexion existante a dû être fermée par l'hôte distant", "WSAECONNRESET"),
        ("No se puede establecer una conexión ya que el equipo de destino denegó expresamente dicha conexión.", "WSAECONNREFUSED"),
        ("Connessione in corso interrotta forzatamente dall'host remoto.", "WSAECONNRESET"),
    ];
    let translated = [
        (
            "Die Netzwerkverbindung zwischen dem Computer und dem VPN-Server konnte nicht hergestellt werden, weil der Remoteserver nicht antwortet.",
            "ERROR_VPN_TIMEOUT",
        ),
        (
            "Die Remoteverbindung wurde nicht hergestellt, da der Name des RAS-Servers nicht aufgelöst wurde.",
            "ERROR_DNSNAME_NOT_RESOLVABLE",
        ),
        (
            "La connexion réseau entre votre ordinateur et le serveur VPN n’a pas pu être établie car le serveur distant ne répond pas.",
            "ERROR_VPN_TIMEOUT",
        ),
        (
            "Una catena di certificati è stata elaborata ma terminata in un certificato radice non attendibile dal provider di attendibilità.",
            "CERT_E_UNTRUSTEDROOT",
        ),
    ];
    let rows = printed.iter().map(|row| (row, false)).chain(translated.iter().map(|row| (row, true)));
    for ((text, name), doubtful) in rows {
        let explained = read(text, &[]);
        let names: Vec<String> = named(text);
        assert!(!names.is_empty() && names.iter().all(|it| it.ends_with(name)), "{text}: {names:?}");
        assert!(explained.unknown.is_empty(), "{text}");
        assert_eq!(explained.notes.iter().any(|note| note.contains("unverified")), doubtful, "{text}: {:?}", explained.notes);
    }
}

#[test]
fn a_fault_of_the_lab_is_known_by_its_id_and_its_neighbours() {
    let fault = LabFault { id: "cert.expired", layer: Layer::Cert, title: "it has expired", kind: "fault", found_by: "CERT-EXPIRED" };
    let explained = read("what does cert.expired do?", &[fault]);
    assert!(matches!(explained.subjects.first().map(|subject| &subject.meaning), Some(Meaning::Fault(found)) if *found == fault));
    let near = read("cert.expird", &[fault]).unknown;
    assert_eq!(near.first().map(|unknown| unknown.near.clone()), Some(vec!["cert.expired".to_string()]));
    assert_eq!(read("HTTP.sys says error 5 at vpn.example.com", &[fault]).unknown, []);
}
