//! `path` to real servers and through real boxes: nginx, Apache, haproxy and squid in front of SoftEther, and of the lab.

use crate::investigated::{Line, PROGRAM, Said, all_right, kept, said};
use crate::rig::rig;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The lab at the rig's port for it, which holds crypto binding against its certificate; SoftEther does not.
struct Lab {
    lab: Child,
    /// The files with its password and with its root.
    password: String,
    root: String,
}

impl Lab {
    fn start() -> Lab {
        let root = format!("{}/sstp-diag-lab-{}.pem", std::env::temp_dir().display(), std::process::id());
        let mut lab = Command::new(PROGRAM);
        lab.args(["lab", "--listen", &rig().at("LAB"), "--ca-out", &root]);
        let mut lab = lab.stdout(Stdio::piped()).spawn().expect("the lab");
        let mut password = None;
        for line in BufReader::new(lab.stdout.take().expect("piped")).lines().map_while(Result::ok) {
            password = line.strip_prefix("Password    in ").map(str::to_string).or(password);
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        Lab { lab, password: password.expect("the lab says where its password is"), root }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.lab.kill();
        let _ = self.lab.wait();
        let _ = fs::remove_file(&self.root);
    }
}

/// `path` to a peer of the rig, as alice, held against a look at SoftEther itself.
fn to(peer: &str, more: &[&str]) -> Said {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let home = std::env::temp_dir().join(format!("sstp-diag-home-{}-{run}.json", std::process::id()));
    let mut probe = Command::new(PROGRAM);
    // As it would be without what stands in front of it: the same address, and behind it SoftEther.
    probe.args(["probe", &rig().at(peer), "--connect", &rig().at("SOFTETHER"), "--no-proxy", "--ca", rig().get("CA"), "-o"]);
    probe.arg(format!("json={}", home.display()));
    probe.output().expect("it runs");
    let mut path = Command::new(PROGRAM);
    path.args(["path", &rig().at(peer), "--ca", rig().get("CA"), "--user", "alice", "--password-file", rig().get("PASSWORD")]);
    path.args(["--bulk", "64K", "--reference"]).arg(&home).args(more);
    let said = said(path);
    let _ = fs::remove_file(&home);
    said
}

/// `path` to the lab through that peer, as its own user, with this root.
fn to_lab(lab: &Lab, peer: &str, root: &str, more: &[&str]) -> Said {
    let mut path = Command::new(PROGRAM);
    path.args(["path", &rig().at(peer), "--ca", root, "--user", "alice", "--password-file", &lab.password, "--bulk", "64K"]);
    path.args(more);
    said(path)
}

/// Peer, more arguments, what it has to be called, what the box is.
type Row<'a> = (&'a str, Vec<&'a str>, &'static [&'static str], &'static str);

#[test]
fn real_peers_are_named_right() {
    let proxy = |peer: &str| format!("http://{}", rig().at(peer));
    let [open, basic, digest, ntlm, no_sstp, bump] =
        ["SQUID_OPEN", "SQUID_BASIC", "SQUID_DIGEST", "SQUID_NTLM", "SQUID_NO_SSTP", "SQUID_BUMP"].map(proxy);
    let bare = || vec!["--no-proxy"];
    let rows: [Row<'_>; 16] = [
        ("SOFTETHER", bare(), &["none"], "SoftEther itself"),
        ("NGINX_PROXY", bare(), &["HTTP-400-CONTENT-LENGTH"], "nginx as reverse proxy: the 64-bit length refused"),
        ("APACHE_PROXY", bare(), &["HTTP-400-CONTENT-LENGTH"], "Apache as reverse proxy: the 64-bit length refused"),
        ("HAPROXY_HTTP", bare(), &["none"], "haproxy in HTTP mode, harmless"),
        ("HAPROXY_PASS", bare(), &["none"], "haproxy in TCP mode, harmless"),
        ("HAPROXY_ESCAPES", bare(), &["HTTP-URI-REWRITTEN"], "haproxy that rewrites the braces of the URI"),
        ("HAPROXY_METHODS", bare(), &["HTTP-METHOD-REFUSED"], "haproxy with a method filter"),
        ("HAPROXY_ANSWERS_200", bare(), &["HTTP-200-CATCHALL"], "haproxy that says 200 to everything"),
        (
            "NGINX_STATIC",
            bare(),
            &["HTTP-WAF-BLOCK", "HTTP-METHOD-REFUSED", "HTTP-400-CONTENT-LENGTH"],
            "nginx with a web site and no SSTP",
        ),
        ("SOFTETHER", vec!["--proxy", &open], &["none"], "squid, open"),
        ("SOFTETHER", vec!["--proxy", &basic], &["PROXY-AUTH-REQUIRED"], "squid, 407 Basic"),
        ("SOFTETHER", vec!["--proxy", &digest], &["PROXY-AUTH-SCHEME"], "squid, 407 Digest"),
        ("SOFTETHER", vec!["--proxy", &ntlm], &["PROXY-AUTH-SCHEME"], "squid, 407 NTLM only"),
        ("SOFTETHER", vec!["--proxy", &no_sstp], &["PROXY-SSTPVERSION-FILTER"], "squid that refuses SSTPVERSION"),
        ("SQUID_REFUSES", vec!["--proxy", &open], &["PROXY-PORT-NOT-ALLOWED", "PROXY-CONNECT-DENIED"], "squid, CONNECT denied"),
        ("SOFTETHER", vec!["--proxy", &bump], &["BIND-TLS-INSPECTION"], "squid with ssl-bump"),
    ];
    let (lab, idle, pin) = (Lab::start(), proxy("SQUID_IDLE"), pin());
    let mut lines: Vec<Line> = thread::scope(|scope| {
        let running: Vec<_> = rows.iter().map(|(peer, more, must, box_)| (scope.spawn(move || to(peer, more)), *must, *box_)).collect();
        let terminated = scope.spawn(|| to_lab(&lab, "HAPROXY_OTHER_CERT_LAB", rig().get("CA"), &["--no-proxy"]));
        // With its own root, so that the run logs in: a lab that waits for a login repeats its Configure-Request every 3 s.
        let forgotten = scope.spawn(|| to_lab(&lab, "LAB", &lab.root, &["--proxy", &idle, "--max-idle", "6"]));
        let pinned = scope.spawn(|| {
            let mut path = Command::new(PROGRAM);
            path.args(["path", &rig().at("HAPROXY_OTHER_CERT"), "--ca", rig().get("CA"), "--bulk", "64K", "--no-proxy", "--pin", &pin]);
            said(path)
        });
        let own: [(_, &'static [&'static str], _); 3] = [
            (
                pinned,
                &["BIND-TLS-INSPECTION"],
                "haproxy ends TLS in front of SoftEther with another certificate that is trusted: --pin tells",
            ),
            (
                terminated,
                &["BIND-TLS-INSPECTION"],
                "haproxy ends TLS in front of the lab with another certificate that is trusted: crypto binding tells",
            ),
            (forgotten, &["TEAR-IDLE-MIDDLEBOX"], "squid that forgets tunnels after 3 s"),
        ];
        let line = |(run, must, scenario): (thread::ScopedJoinHandle<'_, Said>, &'static [&'static str], &str)| Line {
            scenario: scenario.to_string(),
            must,
            said: run.join().expect("no run panics"),
        };
        running.into_iter().chain(own).map(line).collect()
    });
    // So many at once are much for a small machine: what came out otherwise is investigated once more, by itself.
    for ((peer, more, ..), line) in rows.iter().zip(&mut lines) {
        if !line.is_right() {
            println!("once more, alone: {} ({})", line.scenario, line.said.finding());
            line.said = to(peer, more);
        }
    }
    all_right(&lines);
    kept("peers", &lines);
}

#[test]
fn a_transparent_end_of_tls_in_front_of_softether_shows_by_its_certificate() {
    // SoftEther does not hold the hash in Call Connected against its certificate, so that only the look from elsewhere tells.
    let said = to("HAPROXY_OTHER_CERT", &["--no-proxy"]);
    assert_eq!(said.finding(), "CERT-VANTAGE-DIFF", "{}", said.story);
    assert!(!said.has("BIND-TLS-INSPECTION"), "{}", said.story);
}

/// SHA-256 of SoftEther's own certificate, as its owner would read it.
fn pin() -> String {
    let leaf =
        format!("openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 -outform der | sha256sum", rig().at("SOFTETHER"));
    let run = Command::new("bash").args(["-c", &leaf]).output().expect("openssl");
    String::from_utf8_lossy(&run.stdout).split_whitespace().next().expect("a hash").into()
}
