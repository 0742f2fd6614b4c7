use super::*;

/// What a text names, in short: `family number`, an id, a layer.
fn named(text: &str) -> Vec<String> {
    let short = |meaning: &Meaning| match meaning {
        Meaning::Codes(rows) => rows.iter().map(|row| format!("{} {}", row.family.name(), row.name)).collect::<Vec<_>>().join(" | "),
        Meaning::Cause(cause) => cause.id().to_string(),
        Meaning::Layer(layer) => layer.name().to_string(),
    };
    read(text).subjects.iter().map(|subject| short(&subject.meaning)).collect()
}

fn lost(text: &str) -> Vec<Unknown> {
    read(text).unknown
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
        "error: 0x800B0101",
    ] {
        assert_eq!(named(text), [expired], "{text}");
    }
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
    ] {
        assert_eq!(named(text), [ras], "{text}");
    }
    assert_eq!(named("E=691"), ["MS-CHAPv2 ERROR_AUTHENTICATION_FAILURE"]);
    assert_eq!(
        named("E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=Authentication failed").first().map(String::as_str),
        Some("MS-CHAPv2 ERROR_AUTHENTICATION_FAILURE")
    );
}

#[test]
fn a_label_chooses_the_family() {
    let rows = [
        ("event 20227", "Windows event RasClient event 20227"),
        ("EventID 20227", "Windows event RasClient event 20227"),
        ("Event ID: 20227", "Windows event RasClient event 20227"),
        ("RasClient 20227", "Windows event RasClient event 20227"),
        ("RasSstp 6", "Windows event RasSstp event 6"),
        ("RasSstp event 6", "Windows event RasSstp event 6"),
        ("NPS 16", "NPS reason NPS reason 16"),
        ("NPS reason 16", "NPS reason NPS reason 16"),
        ("Reason Code: 16", "NPS reason NPS reason 16"),
        ("NPS 6273", "Windows event NPS event 6273"),
        ("alert 48", "TLS alert unknown_ca"),
        ("SSL alert number 48", "TLS alert unknown_ca"),
        ("TLS alert 48", "TLS alert unknown_ca"),
        ("sslv3 alert handshake failure", "TLS alert handshake_failure"),
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
    assert_eq!(named("16"), ["Windows event RasSstp event 16 | NPS reason NPS reason 16"]);
    assert_eq!(
        named("10"),
        [
            "TLS alert unexpected_message | Windows event RasSstp event 10 | OpenSSL verify X509_V_ERR_CERT_HAS_EXPIRED | SSTP status ATTRIB_STATUS_REQUIRED_ATTRIBUTE_MISSING"
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
    assert!(ras.first().is_some_and(|unknown| unknown.near.first().is_some_and(|near| near.starts_with("877"))), "{ras:?}");
    let sentence = lost("everything is broken today");
    assert_eq!((sentence.len(), named("everything is broken today").len()), (1, 0));
    let nearly = lost("the remote connection was denied because of the user name or password");
    assert!(nearly.first().is_some_and(|unknown| unknown.near.iter().any(|near| near.starts_with("691"))), "{nearly:?}");
    assert_eq!(named("CERT-EXPIRED CERT-EXPIERD"), ["CERT-EXPIRED"]);
    assert_eq!(lost("CERT-EXPIRED CERT-EXPIERD").len(), 1);
    assert_eq!(lost("").len(), 0);
}

#[test]
fn the_part_of_the_text_is_quoted() {
    let quoted: Vec<String> =
        read("the error code returned on failure is 691, they say").subjects.into_iter().map(|subject| subject.quoted).collect();
    assert_eq!(quoted, ["error code returned on failure is 691"]);
}
