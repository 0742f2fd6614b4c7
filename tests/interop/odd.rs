//! `openssl s_server` in odd configurations, one row each: the right finding, and the chain where it can be seen.

use crate::rig::{Probe, Run};
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// One server.
struct Row {
    name: &'static str,
    /// Which certificate it has; see [`keys`].
    key: &'static str,
    /// Arguments of s_server.
    serves: &'static str,
    /// Arguments of the probe.
    asked: &'static str,
    /// The cause.
    cause: &'static str,
    /// Words of its evidence.
    says: &'static str,
    /// The chain is in the report.
    chain: bool,
}

/// Rows that stop this program and no Windows: their cause warns, and the exit code is 3.
const SPARED: &[&str] = &["RSA key exchange only", "CBC only"];

const CERT: &str = "--until cert";
const DHE_1024: &str = "-tls1_2 -cipher DHE:@SECLEVEL=0 -dhparam dh1024.pem";
const SCAN: &str = "--until cert --scan";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { name: "TLS 1.0 only", key: "rsa", serves: "-tls1 -cipher ALL:@SECLEVEL=0", asked: CERT, cause: "TLS-SERVER-TOO-OLD", says: "TLS 1.0", chain: true },
    Row { name: "TLS 1.1 only", key: "rsa", serves: "-tls1_1 -cipher ALL:@SECLEVEL=0", asked: CERT, cause: "TLS-SERVER-TOO-OLD", says: "TLS 1.1", chain: true },
    Row { name: "RSA key exchange only", key: "rsa", serves: "-tls1_2 -cipher kRSA", asked: CERT, cause: "TLS-LEGACY-CIPHER", says: "TLS_RSA_WITH_AES_256_GCM_SHA384", chain: true },
    Row { name: "CBC only", key: "rsa", serves: "-tls1_2 -cipher ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA", asked: CERT, cause: "TLS-LEGACY-CIPHER", says: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", chain: true },
    Row { name: "DHE with 1024 bits only", key: "rsa", serves: DHE_1024, asked: CERT, cause: "TLS-LEGACY-CIPHER", says: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", chain: true },
    Row { name: "FFDHE in TLS 1.3 only", key: "rsa", serves: "-tls1_3 -groups ffdhe2048", asked: CERT, cause: "TLS-RARE-GROUP", says: "FFDHE2048", chain: false },
    Row { name: "X448 only", key: "rsa", serves: "-tls1_3 -groups X448", asked: CERT, cause: "TLS-RARE-GROUP", says: "X448", chain: false },
    Row { name: "P-521 only, TLS 1.3", key: "rsa", serves: "-tls1_3 -groups P-521", asked: CERT, cause: "TLS-RARE-GROUP", says: "secp521r1", chain: true },
    Row { name: "P-521 only, TLS 1.2", key: "rsa", serves: "-tls1_2 -groups P-521 -cipher ECDHE", asked: CERT, cause: "TLS-RARE-GROUP", says: "secp521r1", chain: true },
    Row { name: "Ed25519 certificate", key: "ed25519", serves: "", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "Ed25519", chain: true },
    Row { name: "Ed448 certificate, TLS 1.3", key: "ed448", serves: "-tls1_3", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "Ed448", chain: true },
    Row { name: "Ed448 certificate, TLS 1.2", key: "ed448", serves: "-tls1_2", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "Ed448", chain: true },
    Row { name: "P-521 certificate, TLS 1.2", key: "p521", serves: "-tls1_2", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "P-521", chain: true },
    Row { name: "secp256k1 certificate, TLS 1.2", key: "k256", serves: "-tls1_2", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "secp256k1", chain: true },
    Row { name: "RSASSA-PSS certificate, TLS 1.2", key: "pss", serves: "-tls1_2", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "RSA-PSS", chain: true },
    Row { name: "RSASSA-PSS certificate, TLS 1.3", key: "pss", serves: "-tls1_3", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "RSA-PSS", chain: true },
    Row { name: "DSA certificate, TLS 1.2", key: "dsa", serves: "-tls1_2 -cipher ALL:@SECLEVEL=0", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "DSA 1024", chain: true },
    Row { name: "P-224 certificate, TLS 1.2", key: "p224", serves: "-tls1_2 -cipher ALL:@SECLEVEL=0", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "P-224", chain: true },
    Row { name: "brainpool certificate, TLS 1.2", key: "brainpool", serves: "-tls1_2", asked: CERT, cause: "TLS-CERT-KEY-TYPE", says: "brainpoolP256r1", chain: true },
    Row { name: "chain signed with SHA-224", key: "sha224", serves: "-cipher ALL:@SECLEVEL=0", asked: CERT, cause: "CERT-SIGNATURE-UNKNOWN", says: "sha224WithRSAEncryption", chain: true },
    Row { name: "chain signed with SHA-3", key: "sha3", serves: "", asked: CERT, cause: "CERT-SIGNATURE-UNKNOWN", says: "sha3-256WithRSAEncryption", chain: true },
    Row { name: "RSA of 512 bits", key: "rsa512", serves: "-cipher ALL:@SECLEVEL=0", asked: CERT, cause: "CERT-KEY-BLOCKED", says: "RSA 512", chain: true },
    Row { name: "RSA of 1024 bits", key: "rsa1024", serves: "-cipher ALL:@SECLEVEL=0", asked: CERT, cause: "CERT-WEAK-KEY", says: "1024", chain: true },
    Row { name: "chain signed with SHA-1", key: "sha1", serves: "-cipher ALL:@SECLEVEL=0", asked: CERT, cause: "CERT-SHA1", says: "sha1", chain: true },
    Row { name: "handshake signed with SHA-1", key: "rsa", serves: "-tls1_2 -cipher ALL:@SECLEVEL=0 -sigalgs RSA+SHA1", asked: CERT, cause: "TLS-SIGNATURE-SHA1", says: "rsa_pkcs1_sha1", chain: true },
    Row { name: "client certificate demanded, TLS 1.2", key: "rsa", serves: "-tls1_2 -Verify 1", asked: CERT, cause: "TLS-CLIENT-CERT-REQUESTED", says: "asked for one", chain: true },
    Row { name: "client certificate demanded, TLS 1.3", key: "rsa", serves: "-tls1_3 -Verify 1", asked: CERT, cause: "TLS-CLIENT-CERT-REQUESTED", says: "116", chain: true },
    Row { name: "another name", key: "rsa", serves: "-servername other.test -servername_fatal -cert2 rsa.crt -key2 rsa.key", asked: CERT, cause: "TLS-SNI-ALERT", says: "unrecognized_name", chain: false },
    Row { name: "CCM in TLS 1.3 only", key: "rsa", serves: "-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256", asked: CERT, cause: "TLS-RARE-CIPHER", says: "TLS_AES_128_CCM_SHA256", chain: true },
    Row { name: "Camellia only", key: "rsa", serves: "-tls1_2 -cipher CAMELLIA", asked: CERT, cause: "TLS-RARE-CIPHER", says: "CAMELLIA", chain: true },
    Row { name: "NULL only", key: "rsa", serves: "-tls1_2 -cipher eNULL:@SECLEVEL=0", asked: CERT, cause: "TLS-NO-ENCRYPTION", says: "TLS_RSA_WITH_NULL", chain: true },
    Row { name: "anonymous only", key: "", serves: "-tls1_2 -cipher aNULL:@SECLEVEL=0 -nocert", asked: CERT, cause: "TLS-ANONYMOUS-ONLY", says: "anon", chain: false },
    Row { name: "ChaCha20 only, TLS 1.2", key: "rsa", serves: "-tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305", asked: SCAN, cause: "TLS-WINDOWS-SHARES-NOTHING", says: "Windows 10 22H2", chain: true },
    Row { name: "ChaCha20 only, TLS 1.3", key: "rsa", serves: "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", asked: SCAN, cause: "TLS-WINDOWS-SHARES-NOTHING", says: "Windows 11 24H2", chain: true },
];

#[test]
fn odd_servers_are_told_apart() {
    let (mut wrongs, mut at_work) = (Vec::new(), Vec::new());
    for row in ROWS {
        at_work.push(std::thread::spawn(move || wrong(row)));
        if at_work.len() >= AT_ONCE {
            wrongs.extend(at_work.remove(0).join().expect("no row panics"));
        }
    }
    wrongs.extend(at_work.into_iter().filter_map(|row| row.join().expect("no row panics")));
    assert!(wrongs.is_empty(), "{} of {} rows:\n{}", wrongs.len(), ROWS.len(), wrongs.join("\n\n"));
}

/// What is wrong with the report on a row.
fn wrong(row: &Row) -> Option<String> {
    let server = Server::start(row.key, row.serves);
    let run = server.probe(row.asked);
    // What only warns is no cause; then nothing may fail.
    let warning = || run.report.findings.iter().find(|finding| finding.id == row.cause);
    let failing = run.report.findings.iter().find(|finding| finding.severity == "fail").or_else(warning);
    let (id, says) = failing.map_or(("none", ""), |finding| (finding.id.as_str(), finding.evidence.says.as_str()));
    let chain = !run.report.certificates.is_empty();
    let severity = failing.map_or("", |finding| finding.severity.as_str());
    let spared = SPARED.contains(&row.name);
    let fitting = spared == (run.code == 3) && (!spared || severity == "warn");
    let failing_at_once = run.report.findings.iter().filter(|it| it.severity == "fail").count();
    let right = id == row.cause && says.contains(row.says) && chain == row.chain && fitting && failing_at_once <= 1;
    (!right).then(|| format!("{}: {} expected, got {id} ({says}), chain {chain}\n{}", row.name, row.cause, run.story))
}

#[test]
fn the_chain_behind_an_old_version_is_judged_too() {
    let run = Server::start("rsa", "-tls1 -cipher ALL:@SECLEVEL=0").probe_as("127.0.0.1", CERT);
    let failing: Vec<&str> = run.report.findings.iter().filter(|it| it.severity == "fail").map(|it| it.id.as_str()).collect();
    assert_eq!(failing, ["TLS-SERVER-TOO-OLD", "DNS-CONNECT-BY-IP"], "{}", run.story);
}

#[test]
fn a_signature_that_windows_does_not_know_is_named_behind_an_old_version_too() {
    let run = Server::start("sha3", "-tls1 -cipher ALL:@SECLEVEL=0").probe(CERT);
    let failing: Vec<&str> = run.report.findings.iter().filter(|it| it.severity == "fail").map(|it| it.id.as_str()).collect();
    assert_eq!(failing, ["TLS-SERVER-TOO-OLD", "CERT-SIGNATURE-UNKNOWN"], "{}", run.story);
}

#[test]
fn a_short_prime_is_warned_of() {
    let run = Server::start("rsa", DHE_1024).probe(SCAN);
    let prime = run.report.findings.iter().find(|finding| finding.id == "TLS-WEAK-DH").expect("a finding");
    assert!(prime.evidence.says.contains("1024 bits"), "{}", run.story);
    // Windows 10 1607 takes DHE with 1024 bits, OpenSSL on Debian does not.
    let client = |id: &str| run.report.tls_scan["clients"].as_array().expect("clients").iter().find(|row| row["id"] == id).cloned();
    assert_eq!(client("windows-10-1607").expect("asked")["chosen"]["suite"], "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384");
    assert_eq!(client("openssl-3-default").expect("asked")["why"], "the prime has 1024 bits, and it wants 2048");
}

#[test]
fn a_scan_lists_what_the_server_was_given_and_whose_order_counts() {
    let suites = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:AES256-SHA";
    for (more, order) in [("-serverpref", "server"), ("", "client")] {
        let run = Server::start("rsa", &format!("-tls1_2 -cipher {suites} -groups P-256:P-384 {more}")).probe(SCAN);
        let scan = &run.report.tls_scan;
        assert_eq!((&scan["whole"], &scan["cut"]), (&true.into(), &serde_json::Value::Null), "{}", run.story);
        let twelve = scan["versions"].as_array().expect("versions").iter().find(|row| row["version"] == "TLS 1.2").expect("asked");
        let names: Vec<&str> = twelve["suites"].as_array().expect("suites").iter().filter_map(|row| row["name"].as_str()).collect();
        let mut expected =
            ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_256_CBC_SHA"];
        if order == "client" {
            expected.swap(0, 1);
        }
        assert_eq!((names, &twelve["order"]), (expected.to_vec(), &order.into()), "{}", run.story);
        assert_eq!(twelve["groups"], serde_json::json!(["secp256r1", "secp384r1"]), "{}", run.story);
        let others = scan["versions"].as_array().expect("versions").iter().filter(|row| row["accepted"] == true).count();
        assert_eq!(others, 1, "{}", run.story);
    }
}

/// A running s_server; dropped, it is killed.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Somebody else may take a port that was free a moment ago: then s_server ends, and another port is tried.
    fn start(key: &str, serves: &str) -> Server {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let mut server = Server::spawned(key, serves);
            while server.is_running() {
                assert!(Instant::now() < until, "openssl s_server {serves} did not come up");
                std::thread::sleep(Duration::from_millis(20));
                let connects = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_ok();
                if connects && server.is_running() {
                    return server;
                }
            }
            assert!(Instant::now() < until, "openssl s_server {serves} ended at once, at every port");
        }
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    fn spawned(key: &str, serves: &str) -> Server {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a free port").port();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-quiet", "-www", "-accept", &format!("127.0.0.1:{port}")]).current_dir(keys());
        if !key.is_empty() {
            command.args(["-cert", &format!("{key}.crt"), "-key", &format!("{key}.key"), "-cert_chain", "root.crt"]);
        }
        if serves.contains("SECLEVEL=0") {
            // Keys and primes are weighed before the list of suites is read.
            command.env("OPENSSL_CONF", "weak.cnf");
        }
        command.args(serves.split_whitespace());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("openssl runs");
        Server { child, port }
    }

    /// By the name that the certificates bear.
    fn probe(&self, asked: &str) -> Run {
        self.probe_as("localhost", asked)
    }

    fn probe_as(&self, host: &str, asked: &str) -> Run {
        let root = keys().join("root.crt");
        let mut probe = Probe::to(&format!("{host}:{}", self.port)).without_ca().arg("--ca", &root.display().to_string()).flag("-4");
        for word in asked.split_whitespace() {
            probe = probe.flag(word);
        }
        probe.run()
    }
}

/// A root and a leaf of every kind, made once by openssl: NAME.crt and NAME.key.
fn keys() -> &'static Path {
    static KEYS: OnceLock<PathBuf> = OnceLock::new();
    KEYS.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("odd");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("a directory for keys");
        let made = Command::new("sh").arg("-euc").arg(MAKE_KEYS).current_dir(&directory).output().expect("sh runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        directory
    })
}

/// Everything is signed with SHA-256 by one root, except `sha1`, `sha224` and `sha3`.
const MAKE_KEYS: &str = r#"
printf '[req]\ndistinguished_name=dn\n[dn]\n' >req.cnf
printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost\n' >leaf.ext
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' >root.ext
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out root.key
openssl req -config req.cnf -new -key root.key -subj /CN=odd-root -out root.csr
openssl x509 -req -in root.csr -signkey root.key -days 3650 -sha256 -extfile root.ext -out root.crt
leaf() {
  openssl req -config req.cnf -new -key "$1.key" -subj /CN=localhost -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA root.crt -CAkey root.key -set_serial "0x$2" -days 300 "-$3" -extfile leaf.ext -out "$1.crt"
}
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key; leaf rsa 11 sha256
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa1024.key; leaf rsa1024 12 sha256
openssl genpkey -quiet -algorithm ed25519 -out ed25519.key; leaf ed25519 13 sha256
openssl genpkey -quiet -algorithm ed448 -out ed448.key; leaf ed448 14 sha256
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out rsa512.key; leaf rsa512 19 sha256
cp rsa.key sha1.key; leaf sha1 15 sha1
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521.key; leaf p521 16 sha256
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out k256.key; leaf k256 17 sha256
openssl genpkey -quiet -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.key; leaf pss 18 sha256
openssl dsaparam -out dsa.par 1024; openssl gendsa -out dsa.key dsa.par; leaf dsa 1a sha256
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-224 -out p224.key; leaf p224 1b sha256
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1 -out brainpool.key; leaf brainpool 1c sha256
cp rsa.key sha224.key; leaf sha224 1d sha224
cp rsa.key sha3.key; leaf sha3 1e sha3-256
printf 'openssl_conf=c\n[c]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nCipherString=DEFAULT@SECLEVEL=0\n' >weak.cnf
# RFC 2409 6.2: the second Oakley group.
prime=FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD
prime=${prime}EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6
prime=${prime}F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF
printf 'asn1=SEQUENCE:dh\n[dh]\np=INTEGER:0x%s\ng=INTEGER:2\n' $prime >dh.cnf
openssl asn1parse -genconf dh.cnf -noout -out dh1024.der
openssl dhparam -inform DER -in dh1024.der -out dh1024.pem
"#;

/// So many servers and probes at once.
const AT_ONCE: usize = 4;
