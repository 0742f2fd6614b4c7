use super::*;

fn files() -> LineFiles<'static> {
    LineFiles { ca: Path::new("ca.pem"), eap_ca: Path::new("eap.pem"), password: Path::new("pw"), certificate: Path::new("client.pem") }
}

fn with(faults: &[&str]) -> LabConfig {
    LabConfig { faults: faults.iter().map(|id| id.to_string()).collect(), ..LabConfig::default() }
}

#[tokio::test]
async fn every_fault_can_be_started_and_stopped() {
    for fault in fault::all().chain(fault::oddities()) {
        let lab = Lab::start(with(&[fault.id])).await.expect(fault.id);
        let line = lab.probe_line(files());
        assert!(line.starts_with("sstp-diag probe "), "{line}");
        assert_ne!(lab.dial().port, 0, "{}", fault.id);
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_clean_lab_says_what_to_type_and_what_to_dial() {
    let lab = Lab::start(LabConfig::default()).await.expect("loopback");
    let port = lab.addresses()[0].port();
    assert_eq!(lab.probe_line(files()), format!("sstp-diag probe localhost:{port} --ca ca.pem --user alice --password-file pw"));
    assert!(lab.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    let dial = lab.dial();
    assert_eq!((dial.target(), dial.proxy.clone()), (format!("vpn.lab.example:{port}"), None));
    assert_eq!(dial.resolve[0].1[0], IpAddr::V4(Ipv4Addr::LOCALHOST));
    lab.stop().await;
}

#[tokio::test]
async fn faults_combine_and_an_unknown_one_is_an_error() {
    let lab = Lab::start(with(&["cert.expired", "proxy.auth-required", "auth.wrong-password"])).await.expect("loopback");
    assert!(lab.dial().proxy.is_some() && lab.proxy_address().is_some());
    assert_ne!(lab.dial().password, Some(Secret::new("Passw0rd!".to_string())));
    let error = Lab::start(with(&["tls.no-such-thing"])).await.expect_err("unknown");
    assert_eq!((error.doing, error.to.as_str()), ("find the fault", "tls.no-such-thing"));
}
