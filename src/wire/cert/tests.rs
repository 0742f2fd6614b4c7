use super::*;

/// Made with openssl 3.0: every extension that is read, a multi-valued step in the name, and an unknown critical one.
const FULL: &[u8] = include_bytes!("fixtures/full.der");
const HOST: &str = "vpn.example.com";

fn full() -> Cert {
    Cert::parse(FULL).unwrap()
}

/// A certificate with these alternative names and this common name; only the names matter.
fn named(alternative: &[&str], common_name: Option<&str>) -> Cert {
    let (dns, addresses) = alternative.iter().partition::<Vec<&str>, _>(|name| name.parse::<IpAddr>().is_err());
    Cert {
        dns_names: dns.iter().map(|name| name.to_string()).collect(),
        ip_addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        common_name: common_name.map(str::to_string),
        ..full()
    }
}

#[test]
fn everything_is_read_as_openssl_prints_it() {
    let cert = full();
    assert_eq!(cert.subject, "CN=vpn.example.com,OU=VPN+OU=Netz,O=Müller\\, Söhne \\+ Co,C=DE,DC=example");
    assert_eq!(cert.issuer, cert.subject);
    assert!(cert.self_issued());
    assert_eq!((cert.common_name.as_deref(), cert.title()), (Some(HOST), HOST));
    assert_eq!(cert.dns_names, [HOST, "*.vpn.example.com"]);
    assert_eq!(cert.ip_addresses, ["192.0.2.7".parse::<IpAddr>().unwrap(), "2001:db8::7".parse().unwrap()]);
    assert_eq!(cert.serial, "00a1b2c3");
    assert_eq!((cert.not_before, cert.not_after, cert.days()), (1_795_379_787, 1_803_155_787, 90));
    assert_eq!((cert.key.as_str(), cert.key_algorithm.as_str(), cert.key_bits), ("RSA 2048", "RSA", 2048));
    assert_eq!((cert.signature.as_str(), cert.version), ("sha256WithRSAEncryption", 3));
    assert_eq!((cert.is_ca, cert.path_len), (Some(false), None));
    assert_eq!(cert.key_usage.unwrap(), ["digitalSignature", "keyEncipherment"]);
    assert_eq!(cert.eku.unwrap(), ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.8.2.2"]);
    assert_eq!(cert.sha1, "fc09560b6a0e2a674ee2a97232b9e2473f6cbf4f");
    assert_eq!(cert.sha256, "3d1ee2fe3df3e0ed0ea96ac4d24a3e7fe9c06cfcdf8ed172d7e7d49b315e0783");
    assert_eq!((cert.aki, cert.ski.map(|id| id.len())), (None, Some(40)));
    assert_eq!(cert.crl_urls, ["http://crl.example.com/ca.crl", "ldap:///CN=ca?certificateRevocationList"]);
    assert_eq!(cert.ocsp_urls, ["http://ocsp.example.com"]);
    assert_eq!(cert.ca_issuers_urls, ["http://ca.example.com/ca.crt"]);
    assert!(cert.must_staple);
    assert_eq!(cert.critical_unknown, ["1.2.3.4"]);
    assert_eq!(cert.unreadable, [""; 0]);
}

#[test]
fn a_certificate_goes_through_json_and_back() {
    let json = serde_json::to_string(&full()).unwrap();
    assert_eq!(serde_json::from_str::<Cert>(&json).unwrap(), full());
}

#[test]
fn a_short_certificate_says_how_much_is_missing() {
    let error = Cert::parse(&FULL[..500]).unwrap_err();
    assert_eq!((error.layer, error.need, error.have, error.limit), (Layer::Cert, FULL.len(), 500, Limit::Input));
    let error = Cert::parse(&[0x30, 0x03, 0x02, 0x01, 0x05]).unwrap_err();
    assert_eq!((error.need, error.have, error.limit), (5, 5, Limit::Spec("RFC 5280 4.1".into())));
    assert_eq!(Cert::parse(&[]).unwrap_err().need, MIN_LEN);
}

#[test]
fn bytes_after_the_certificate_are_noted_and_hashed() {
    let cert = Cert::parse(&[FULL, &[0]].concat()).unwrap();
    assert_eq!(cert.unreadable, ["bytes after the certificate"]);
    assert_ne!(cert.sha256, full().sha256);
    assert_eq!(cert.der.len(), FULL.len() + 1);
}

#[test]
fn no_cut_and_no_flipped_byte_makes_the_reader_panic() {
    for end in 0..FULL.len() {
        assert!(Cert::parse(&FULL[..end]).is_err());
    }
    for at in 0..FULL.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut der = FULL.to_vec();
            der[at] ^= flip;
            let _ = Cert::parse(&der).map(|cert| (cert.matches_name(HOST), cert.days()));
        }
    }
}

#[test]
fn kinds_of_keys_are_named() {
    let algorithms = [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "EC P-256", 256, "ecdsa-with-SHA256"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "EC P-384", 384, "ecdsa-with-SHA384"),
        (&rcgen::PKCS_ECDSA_P521_SHA512, "EC P-521", 521, "ecdsa-with-SHA512"),
        (&rcgen::PKCS_ED25519, "Ed25519", 256, "Ed25519"),
        (&rcgen::PKCS_ML_DSA_44, "ML-DSA-44", 10_496, "ML-DSA-44"),
    ];
    for (algorithm, key, bits, signature) in algorithms {
        let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let cert = Cert::parse(rcgen::CertificateParams::default().self_signed(&pair).unwrap().der()).unwrap();
        assert_eq!((cert.key.as_str(), cert.key_bits, cert.signature.as_str()), (key, bits, signature));
        assert_eq!((cert.is_ca, cert.eku, cert.key_usage), (None, None, None));
    }
}

#[test]
fn names_are_matched_as_rfc_9525_says() {
    let rows: &[(&[&str], &str, NameMatch)] = &[
        (&["vpn.example.com"], HOST, NameMatch::Ok),
        (&["VPN.Example.COM."], "vpn.example.com.", NameMatch::Ok),
        (&["www.example.com", "*.example.com"], HOST, NameMatch::Ok),
        (&["www.example.com"], HOST, NameMatch::Mismatch),
        (&["pn.example.com"], HOST, NameMatch::Mismatch),
        (&["*.example.com"], "a.vpn.example.com", NameMatch::WildcardDepth),
        (&["*.example.com"], "example.com", NameMatch::WildcardDepth),
        (&["*.example.com"], "vpn.badexample.com", NameMatch::Mismatch),
        (&["*.example.com"], ".example.com", NameMatch::WildcardDepth),
        (&["v*.example.com"], HOST, NameMatch::Mismatch),
        (&["vpn.*.com"], HOST, NameMatch::Mismatch),
        (&["*"], "vpn", NameMatch::Mismatch),
        (&["*."], "vpn", NameMatch::Mismatch),
        (&["192.0.2.7"], "192.0.2.7", NameMatch::Ok),
        (&["2001:db8::7"], "[2001:DB8:0::7]", NameMatch::Ok),
        (&["192.0.2.7"], "192.0.2.8", NameMatch::IpNotInSan),
        (&["vpn.example.com"], "192.0.2.7", NameMatch::IpNotInSan),
        (&["192.0.2.7"], HOST, NameMatch::Mismatch),
        (&[], "", NameMatch::Mismatch),
    ];
    for (names, dialled, expected) in rows {
        assert_eq!(named(names, None).matches_name(dialled), *expected, "{names:?} against {dialled}");
    }
}

#[test]
fn the_common_name_counts_only_where_no_alternative_name_is_there() {
    assert_eq!(named(&[], Some(HOST)).matches_name(HOST), NameMatch::CnOnly);
    assert_eq!(named(&["www.example.com"], Some(HOST)).matches_name(HOST), NameMatch::Mismatch);
    assert_eq!(named(&[], Some("*.example.com")).matches_name(HOST), NameMatch::CnOnly);
    assert_eq!(named(&[], Some("*.example.com")).matches_name("a.b.example.com"), NameMatch::WildcardDepth);
    assert_eq!(named(&[], Some("192.0.2.7")).matches_name("192.0.2.7"), NameMatch::CnOnly);
    assert_eq!(named(&[], Some("Bücher.example")).matches_name("xn--bcher-kva.example"), NameMatch::IdnNotEncoded);
    assert_eq!(named(&["bücher.example"], None).matches_name("xn--bcher-kva.example"), NameMatch::IdnNotEncoded);
    assert_eq!(named(&["xn--bcher-kva.example"], Some("Bücher.example")).matches_name("xn--bcher-kva.example"), NameMatch::Ok);
    assert_eq!(named(&[], Some("My VPN")).matches_name(HOST), NameMatch::Mismatch);
}
