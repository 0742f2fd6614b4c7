//! Our EAP-TLS and PEAP against others: the client's end against FreeRADIUS, the server's end against eapol_test of
//! wpa_supplicant. SSTP has no part in it; RADIUS carries the packets. Keys are compared, which proves every derivation.

use crate::radius_wire::*;
use sstp_diag::base::Secret;
use sstp_diag::crypto::chain::Anchor;
use sstp_diag::proto::Rng;
use sstp_diag::proto::auth::{Authenticator, Decision, EapClient, EapServer, Identity, Now, Outcome, Peer, Versions};
use sstp_diag::proto::plan::{Account, Credentials, Method, ServerConfig};
use sstp_diag::transcript::{Inner, Reason};
use sstp_diag::wire::eap;
use sstp_diag::wire::ncp::AuthMethod;
use sstp_diag::wire::ppp::{self, Body, Frame};
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PASSWORD: &str = "Passw0rd!";
const SERVER_NAME: &str = "radius.example.test";

/// A folder with certificates; it goes when the test is over.
struct Folder {
    path: PathBuf,
    root: Vec<u8>,
    server: Identity,
    client: Identity,
    expired: Identity,
}

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("sstp-diag-radius-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "EAP test root");
        let key = rcgen::KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a root");
        let issuer = rcgen::Issuer::new(params, key);
        let issue = |name: &str, usage, until| {
            let mut params = rcgen::CertificateParams::new(vec![name.to_string()]).expect("a name");
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            params.extended_key_usages = vec![usage];
            params.not_after = rcgen::date_time_ymd(until, 1, 1);
            let key = rcgen::KeyPair::generate().expect("a key");
            let cert = params.signed_by(&key, &issuer).expect("a certificate");
            fs::write(path.join(format!("{name}.{until}.pem")), cert.pem()).expect("written");
            fs::write(path.join(format!("{name}.{until}.key")), key.serialize_pem()).expect("written");
            Identity { chain: vec![cert.der().to_vec()], key: Secret::new(key.serialize_der()) }
        };
        use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
        let (server, client) = (issue(SERVER_NAME, ServerAuth, 2090), issue("alice", ClientAuth, 2090));
        let expired = issue("alice", ClientAuth, 2020);
        fs::write(path.join("root.pem"), root.pem()).expect("written");
        Folder { server, client, expired, root: root.der().to_vec(), path }
    }

    fn file(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("loopback").port()
}

/// FreeRADIUS with a configuration of its own, on loopback only.
fn freeradius(folder: &Folder, fragment: u32) -> (Running, u16) {
    let port = free_port();
    let config = CONFIG
        .replace("@DIR@", &folder.path.display().to_string())
        .replace("@PORT@", &port.to_string())
        .replace("@FRAGMENT@", &fragment.to_string())
        .replace("@WHY@", if folder.path.join("says-why").exists() { "yes" } else { "no" })
        .replace("@NAME@", SERVER_NAME)
        .replace("@PASSWORD@", PASSWORD);
    fs::write(folder.path.join("radiusd.conf"), config).expect("written");
    let log = fs::File::create(folder.path.join("log")).expect("a log");
    let mut command = Command::new("/usr/sbin/freeradius");
    command.arg("-d").arg(&folder.path).args(["-f", "-x", "-l", "stdout"]).stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
    let mut running = Running(command.spawn().expect("freeradius is installed; tests/run.sh installs it"));
    let patience = Instant::now() + Duration::from_secs(20);
    while !said(&folder.path, "Ready to process requests") {
        assert!(running.0.try_wait().expect("a child").is_none() && Instant::now() < patience, "{}", tail(&folder.path));
        std::thread::sleep(Duration::from_millis(50));
    }
    (running, port)
}

fn said(folder: &Path, words: &str) -> bool {
    fs::read_to_string(folder.join("log")).is_ok_and(|log| log.contains(words))
}

fn tail(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// A login that FreeRADIUS sees as one through a VPN server.
struct Login {
    method: Method,
    config: EapClient,
    password: &'static str,
}

struct Ended {
    outcome: Outcome,
    key: Option<Vec<u8>>,
    seen: Vec<Inner>,
    rounds: usize,
}

impl Login {
    fn new(folder: &Folder, method: Method) -> Login {
        let trust = vec![("test".to_string(), vec![Anchor::from_root(&folder.root).expect("a root")])];
        let config = EapClient {
            identity: Some(folder.client.clone()),
            trust: Some(Arc::new(trust)),
            server_name: Some(SERVER_NAME.into()),
            now_unix: 1_793_491_200,
            ..EapClient::default()
        };
        Login { method, config, password: PASSWORD }
    }

    fn run(self, port: u16) -> Ended {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        socket.connect(("127.0.0.1", port)).expect("loopback");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a time");
        let credentials = Credentials { user: "alice".into(), password: Secret::new(self.password.into()) };
        let mut peer = Peer::new(AuthMethod::Eap, vec![self.method], credentials, self.config);
        let mut rng = Rng::new(5);
        let mut ended = Ended { outcome: Outcome::Pending, key: None, seen: Vec::new(), rounds: 0 };
        let mut state: Option<Vec<u8>> = None;
        let mut eap = eap::Packet::request(0, eap::IDENTITY, []).emit();
        loop {
            let frame = Frame { protocol: ppp::EAP, body: Body::Eap(eap::Packet::parse(&eap).expect("EAP")) };
            let (frames, outcome) = peer.receive(&frame, &mut rng);
            ended.seen.extend(peer.take_seen().into_iter().map(|row| row.1));
            if outcome != Outcome::Pending {
                ended.outcome = outcome;
                return ended;
            }
            let Some(Body::Eap(answer)) = frames.into_iter().next().map(|frame| frame.body) else { return ended };
            ended.rounds += 1;
            let mut request = Packet { code: ACCESS_REQUEST, id: ended.rounds as u8, authenticator: rng.bytes(), attributes: Vec::new() };
            request.attributes.push((USER_NAME, b"alice".to_vec()));
            request.add_eap(&answer.emit());
            request.attributes.extend(state.take().map(|state| (STATE, state)));
            socket.send(&request.request()).expect("sent");
            let mut bytes = [0; 4096];
            let len = socket.recv(&mut bytes).expect("FreeRADIUS answers");
            let response = Packet::parse(&bytes[..len]);
            assert!(matches!(response.code, ACCESS_ACCEPT | ACCESS_REJECT | ACCESS_CHALLENGE));
            state = response.first(STATE).map(<[u8]>::to_vec);
            ended.key = response.receive_key(&request.authenticator).or(ended.key);
            eap = response.eap();
        }
    }
}

/// FreeRADIUS 3.2 ends a handshake that fails with EAP Failure and no alert.
fn refused_without_a_word(ended: &Ended) {
    assert_eq!(ended.outcome, Outcome::Failed(Reason::Refused("EAP Failure".into())));
    assert!(ended.seen.contains(&Inner::ClientCertificate { sent: 1 }));
    assert!(!ended.seen.iter().any(|inner| matches!(inner, Inner::Alert { .. })), "{:?}", ended.seen);
}

fn version(seen: &[Inner]) -> Option<String> {
    seen.iter().find_map(|inner| if let Inner::Agreed { version, .. } = inner { Some(version.clone()) } else { None })
}

#[test]
fn our_client_logs_in_at_freeradius_and_has_the_same_keys() {
    let folder = Folder::new("client");
    for fragment in [1024, 200] {
        let (_running, port) = freeradius(&folder, fragment);
        for method in [Method::EapTls, Method::Peap] {
            for (versions, name) in [(Versions::Tls12, "TLS 1.2"), (Versions::Tls13, "TLS 1.3"), (Versions::Both, "TLS 1.3")] {
                for size in [1398, 150] {
                    let mut login = Login::new(&folder, method);
                    (login.config.versions, login.config.fragment) = (versions, size);
                    let ended = login.run(port);
                    let Outcome::Success { hlak } = ended.outcome else {
                        panic!("{method:?} {name}: {:?}\n{}", ended.outcome, tail(&folder.path))
                    };
                    assert_eq!(ended.key.as_deref(), Some(&hlak[..]), "{method:?} {name}");
                    assert_eq!(version(&ended.seen).as_deref(), Some(name));
                    assert!(ended.rounds < 60, "{}", ended.rounds);
                }
            }
        }
    }
}

#[test]
fn what_freeradius_refuses_is_told_apart() {
    let folder = Folder::new("refused");
    let (_running, port) = freeradius(&folder, 1024);
    let wrong = |port| {
        let mut wrong = Login::new(&folder, Method::Peap);
        wrong.password = "letmein";
        wrong.run(port).outcome
    };
    assert_eq!(wrong(port), Outcome::Failed(Reason::Refused("EAP Failure (the server says failure inside PEAP)".into())));
    fs::write(folder.path.join("says-why"), "").expect("written");
    let (_other, talkative) = freeradius(&folder, 1024);
    let outcome = wrong(talkative);
    assert!(matches!(&outcome, Outcome::Failed(Reason::Refused(says)) if says.starts_with("E=691")), "{outcome:?}");
    for versions in [Versions::Tls12, Versions::Tls13] {
        let mut expired = Login::new(&folder, Method::EapTls);
        (expired.config.identity, expired.config.versions) = (Some(folder.expired.clone()), versions);
        let ended = expired.run(port);
        refused_without_a_word(&ended);
        let mut strange = Login::new(&folder, Method::EapTls);
        strange.config.identity = Some(Folder::new("strange").client.clone());
        strange.config.versions = versions;
        refused_without_a_word(&strange.run(port));
    }
    let mut name = Login::new(&folder, Method::Peap);
    name.config.server_name = Some("other.example.test".into());
    assert!(matches!(name.run(port).outcome, Outcome::Failed(Reason::Untrusted(_))));
}

/// A RADIUS server around our authenticator, for one login; what it decided.
fn serve(socket: UdpSocket, config: ServerConfig) -> Option<Decision> {
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
    let mut server = Authenticator::new(config, AuthMethod::Eap, &mut Rng::new(3));
    let mut bytes = [0; 4096];
    let mut first = true;
    let mut answered: Option<(u8, Vec<u8>)> = None;
    loop {
        let Ok((len, from)) = socket.recv_from(&mut bytes) else { return None };
        let request = Packet::parse(&bytes[..len]);
        if let Some((_, again)) = answered.as_ref().filter(|row| row.0 == request.id) {
            socket.send_to(again, from).expect("sent");
            continue;
        }
        let mut packet = eap::Packet::parse(&request.eap()).expect("EAP");
        if std::mem::take(&mut first) {
            // eapol_test asks for the identity itself; our authenticator has to think that it did.
            let asked = server.start();
            let Some(Body::Eap(asked)) = asked.into_iter().next().map(|frame| frame.body) else { return None };
            packet.id = asked.id;
        }
        let frame = Frame { protocol: ppp::EAP, body: Body::Eap(packet) };
        let (frames, decision) = server.receive(&frame);
        let code = match decision {
            Decision::Pending => ACCESS_CHALLENGE,
            Decision::Accepted(_) => ACCESS_ACCEPT,
            Decision::Refused => ACCESS_REJECT,
        };
        let mut response = Packet { code, id: request.id, authenticator: [0; 16], attributes: vec![(STATE, vec![1])] };
        for frame in frames {
            if let Body::Eap(packet) = frame.body {
                response.add_eap(&packet.emit());
            }
        }
        if let Decision::Accepted(hlak) = &decision {
            response.add_keys(hlak, &request.authenticator);
        }
        let bytes = response.response(&request.authenticator);
        socket.send_to(&bytes, from).expect("sent");
        answered = Some((request.id, bytes));
        if decision != Decision::Pending {
            return Some(decision);
        }
    }
}

/// One run of eapol_test against our server: what it printed, and what we decided.
fn eapol_test(folder: &Folder, network: &str, server: ServerConfig) -> (String, Option<Decision>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    let port = socket.local_addr().expect("an address").port();
    let file = folder.path.join(format!("eapol-{port}.conf"));
    fs::write(
        &file,
        format!("network={{\n  key_mgmt=WPA-EAP\n  identity=\"alice\"\n  ca_cert=\"{}\"\n{network}\n}}\n", folder.file("root.pem")),
    )
    .expect("written");
    let serving = std::thread::spawn(move || serve(socket, server));
    let mut command = Command::new("/usr/bin/eapol_test");
    command.arg("-c").arg(&file).args(["-a", "127.0.0.1", "-p", &port.to_string(), "-s", "testing123", "-t", "15"]);
    let output = command.stdin(Stdio::null()).output().expect("eapol_test is installed; tests/run.sh installs it");
    (String::from_utf8_lossy(&output.stdout).into_owned(), serving.join().expect("the server does not panic"))
}

fn server(folder: &Folder, method: Method) -> ServerConfig {
    let eap = EapServer::new(&folder.server, std::slice::from_ref(&folder.root), None, std::sync::Arc::new(Now(1_793_491_200)))
        .expect("a server");
    let account = Account { name: "alice".into(), password: Secret::new(PASSWORD.into()), error: None };
    ServerConfig { methods: vec![method], accounts: vec![account], eap: Some(eap), ..ServerConfig::default() }
}

#[test]
fn wpa_supplicant_logs_in_at_our_server_and_has_the_same_keys() {
    let folder = Folder::new("server");
    let tls =
        format!("  eap=TLS\n  client_cert=\"{}\"\n  private_key=\"{}\"", folder.file("alice.2090.pem"), folder.file("alice.2090.key"));
    let peap = format!("  eap=PEAP\n  password=\"{PASSWORD}\"\n  phase2=\"auth=MSCHAPV2\"");
    let bound = "crypto_binding=2";
    for (method, network) in [(Method::EapTls, &tls), (Method::Peap, &peap)] {
        for (version, phase1) in [("TLSv1.2", "tls_disable_tlsv1_3=1"), ("TLSv1.3", "tls_disable_tlsv1_3=0")] {
            for fragment in [1398, 200] {
                let mut config = server(&folder, method);
                config.eap.as_mut().expect("set").fragment = fragment;
                let binding = if method == Method::Peap { bound } else { "" };
                let network = format!("{network}\n  fragment_size={fragment}\n  phase1=\"{phase1} {binding}\"");
                let (printed, decision) = eapol_test(&folder, &network, config);
                let last: Vec<&str> = printed.lines().rev().take(40).collect();
                assert!(matches!(decision, Some(Decision::Accepted(_))), "{method:?} {version}: {decision:?}\n{last:#?}");
                assert!(printed.contains("MPPE keys OK: 1  mismatch: 0"), "{method:?} {version} {fragment}\n{last:#?}");
                assert!(printed.contains(&format!("Using TLS version {version}")) || printed.contains(version), "{version}\n{last:#?}");
            }
        }
    }
}

#[test]
fn wpa_supplicant_with_a_wrong_password_or_certificate_is_not_let_in() {
    let folder = Folder::new("not-in");
    let peap = "  eap=PEAP\n  password=\"letmein\"\n  phase2=\"auth=MSCHAPV2\"";
    let (printed, decision) = eapol_test(&folder, peap, server(&folder, Method::Peap));
    assert_eq!((decision, printed.contains("FAILURE")), (Some(Decision::Refused), true));
    let tls =
        format!("  eap=TLS\n  client_cert=\"{}\"\n  private_key=\"{}\"", folder.file("alice.2020.pem"), folder.file("alice.2020.key"));
    let (printed, decision) = eapol_test(&folder, &tls, server(&folder, Method::EapTls));
    assert_eq!((decision, printed.contains("certificate expired")), (Some(Decision::Refused), true), "{printed}");
}

const CONFIG: &str = r#"
prefix = /usr
name = sstp-diag-test
libdir = /usr/lib/freeradius
raddbdir = @DIR@
run_dir = @DIR@
logdir = @DIR@
db_dir = @DIR@
pidfile = @DIR@/pid
certdir = @DIR@
max_request_time = 30
cleanup_delay = 5
max_requests = 1024
hostname_lookups = no
security { allow_core_dumps = no
  max_attributes = 200
  reject_delay = 0
  status_server = no }
thread pool { start_servers = 1
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 4 }
client localhost { ipaddr = 127.0.0.1
  secret = testing123
  require_message_authenticator = yes }
modules {
  mschap { use_mppe = yes }
  eap {
    default_eap_type = peap
    timer_expire = 60
    tls-config tls-common {
      private_key_file = @DIR@/@NAME@.2090.key
      certificate_file = @DIR@/@NAME@.2090.pem
      ca_file = @DIR@/root.pem
      fragment_size = @FRAGMENT@
      tls_min_version = "1.2"
      tls_max_version = "1.3"
      cipher_list = "DEFAULT"
      ecdh_curve = ""
    }
    tls { tls = tls-common }
    peap { tls = tls-common
      default_eap_type = mschapv2
      copy_request_to_tunnel = no
      use_tunneled_reply = no
      virtual_server = inner }
    mschapv2 { send_error = @WHY@ }
  }
}
server default {
  listen { type = auth
    ipaddr = 127.0.0.1
    port = @PORT@ }
  authorize {
    eap
  }
  authenticate {
    eap
  }
}
server inner {
  authorize {
    update control { Cleartext-Password := "@PASSWORD@" }
    mschap
    eap
  }
  authenticate {
    Auth-Type MS-CHAP {
      mschap
    }
    eap
  }
}
"#;
