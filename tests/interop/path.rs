//! `path` across real middleboxes: networks made of namespaces with nftables and tc between them, and nginx, haproxy and squid.

use crate::rig::rig;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sstp-diag");

/// What a run said.
struct Said {
    report: Value,
    story: String,
}

impl Said {
    fn finding(&self) -> &str {
        self.report["verdict"]["finding"].as_str().unwrap_or("none")
    }

    fn confidence(&self) -> &str {
        self.report["verdict"]["confidence"].as_str().unwrap_or("none")
    }

    fn has(&self, id: &str) -> bool {
        self.report["findings"].as_array().into_iter().flatten().any(|found| found["id"] == id)
    }
}

fn said(mut command: Command) -> Said {
    let run = command.args(["-o", "json"]).output().expect("it runs");
    let out = String::from_utf8_lossy(&run.stdout);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&run.stderr)));
    let findings = serde_json::to_string_pretty(&report["findings"]).expect("data");
    let trials = report["trials"].as_array().into_iter().flatten();
    let trials: Vec<String> = trials.map(|trial| format!("{} {} {}", trial["round"], trial["arm"], trial["ending"])).collect();
    let story = format!("{}\n{findings}\n{}\n{}\n{}", report["verdict"], report["resets"], report["hops"], trials.join("\n"));
    Said { report, story }
}

fn bash(script: &str) {
    let run = Command::new("bash").args(["-euc", script]).output().expect("bash");
    assert!(run.status.success(), "{script}\n{}", String::from_utf8_lossy(&run.stderr));
}

/// Client, router and server, each in a network of its own; everything goes when it is dropped.
struct Net {
    id: String,
    lab: Child,
    folder: PathBuf,
}

impl Net {
    /// `number` tells networks of one run apart; `spoils` are commands that run in the router.
    fn new(number: usize, spoils: &[&str]) -> Net {
        let id = format!("{}x{number}", std::process::id());
        let folder = std::env::temp_dir().join(format!("sstp-diag-net-{id}"));
        fs::create_dir_all(&folder).expect("a folder");
        bash(&MADE.replace("ID", &id));
        for command in spoils {
            bash(&format!("ip netns exec m{id} {}", command.replace("ID", &id)));
        }
        let mut lab = Command::new("ip");
        lab.args(["netns", "exec", &format!("s{id}"), PROGRAM, "lab", "--listen", "127.0.0.1:8443", "--ca-out"])
            .arg(folder.join("root.pem"));
        let mut lab = lab.stdout(Stdio::piped()).spawn().expect("the lab");
        let mut lines = BufReader::new(lab.stdout.take().expect("piped")).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.starts_with("Ctrl-C"))), "the lab is up");
        let net = Net { id, lab, folder };
        let mut probe = net.within("s");
        probe.args(["probe", "127.0.0.1:8443", "--server-name", "vpn.lab.example", "--ca"]).arg(net.folder.join("root.pem"));
        probe.arg("-o").arg(format!("json={}", net.folder.join("home.json").display()));
        probe.output().expect("a look from the server's own machine");
        net
    }

    fn within(&self, side: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{side}{}", self.id), PROGRAM]);
        command
    }

    fn investigated(&self, more: &[&str]) -> Said {
        let mut path = self.within("c");
        path.args(["path", "10.77.2.2", "--server-name", "vpn.lab.example", "--control", "10.77.2.3", "--no-proxy"]);
        path.args(["--patience", "3", "--pace", "0.02", "--ca"]).arg(self.folder.join("root.pem"));
        path.arg("--reference").arg(self.folder.join("home.json")).args(more);
        said(path)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = self.lab.kill();
        let _ = self.lab.wait();
        let id = &self.id;
        let _ = Command::new("bash").args(["-c", &format!("for side in c m s; do ip netns del $side{id}; done")]).output();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Three networks. The server's addresses lead to the lab, which listens on loopback only.
const MADE: &str = "
for side in c m s; do ip netns add ${side}ID; ip -n ${side}ID link set lo up; done
ip link add veth0 netns cID type veth peer name left netns mID
ip link add veth0 netns sID type veth peer name right netns mID
ip -n cID addr add 10.77.1.2/24 dev veth0
ip -n mID addr add 10.77.1.1/24 dev left
ip -n mID addr add 10.77.2.1/24 dev right
ip -n sID addr add 10.77.2.2/24 dev veth0
ip -n sID addr add 10.77.2.3/24 dev veth0
ip -n cID link set veth0 up; ip -n sID link set veth0 up; ip -n mID link set left up; ip -n mID link set right up
ip -n cID route add default via 10.77.1.1
ip -n sID route add default via 10.77.2.1
ip netns exec mID sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
ip netns exec sID sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet'
ip netns exec sID nft 'table ip t { chain p { type nat hook prerouting priority -100; ip daddr { 10.77.2.2, 10.77.2.3 } tcp dport 443 dnat to 127.0.0.1:8443; }; }'
ip netns exec mID nft 'table ip t { chain f { type filter hook forward priority 0; }; chain o { type filter hook output priority 0; }; }'
";

/// A name, what a router does, what `path` may call it, and more arguments.
type Spoilt = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const SPOILT: &[Spoilt] = &[
    ("clean", &[], &["none"], &[]),
    ("syn dropped", &["nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 tcp flags syn drop"], &["TCP-FILTERED", "IP-FILTER"], &[]),
    ("address dropped", &["nft add rule ip t f ip daddr 10.77.2.2 drop"], &["IP-FILTER"], &[]),
    (
        "rejected with ICMP",
        &["nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 reject with icmp type admin-prohibited"],
        &["TCP-ICMP-REJECT"],
        &[],
    ),
    (
        // The first byte behind 12 bytes of TCP options is that of a handshake record.
        "reset behind the hello, with another time to live",
        &[
            "nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 @th,256,8 0x16 reject with tcp reset",
            "nft add rule ip t o tcp flags rst ip ttl set 200",
        ],
        &["TCP-RST-BY-BOX"],
        &[],
    ),
    (
        "packets over 1200 bytes vanish",
        &["ip link set left mtu 1200", "nft add rule ip t o icmp type destination-unreachable drop"],
        &["TCP-PMTU-BLACKHOLE"],
        &[],
    ),
    ("one packet in 20 lost", &["nft 'add rule ip t f numgen random mod 100 < 5 drop'"], &["none"], &[]),
    (
        "shaped",
        &[
            "tc qdisc add dev left root tbf rate 800kbit burst 4k latency 400ms",
            "tc qdisc add dev right root tbf rate 800kbit burst 4k latency 400ms",
        ],
        &["DATA-RATE-LIMITED"],
        &["--bulk", "96K"],
    ),
    (
        "frozen behind 40 kB",
        &["sh -c 'echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct'", "nft 'add rule ip t f ct reply bytes > 40000 drop'"],
        &["DATA-BYTE-CAP"],
        &["--bulk", "96K"],
    ),
];

#[test]
fn networks_are_named_right() {
    let wrong: Vec<String> = thread::scope(|scope| {
        let each = |(number, (name, spoils, may, more)): (usize, &'static Spoilt)| {
            scope.spawn(move || {
                let said = Net::new(number, spoils).investigated(more);
                let right = may.contains(&said.finding()) && (said.finding() == "none" || said.confidence() != "low");
                (!right).then(|| format!("{name}: {may:?} expected, got {} ({})\n{}", said.finding(), said.confidence(), said.story))
            })
        };
        let running: Vec<_> = SPOILT.iter().enumerate().map(each).collect();
        running.into_iter().filter_map(|one| one.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), SPOILT.len(), wrong.join("\n"));
}

/// `path` to a peer of the rig, as alice, held against a look at SoftEther itself.
fn to(peer: &str, more: &[&str]) -> Said {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let home = std::env::temp_dir().join(format!("sstp-diag-home-{}-{run}.json", std::process::id()));
    let mut probe = Command::new(PROGRAM);
    probe.args(["probe", &rig().at("SOFTETHER"), "--no-proxy", "--ca", rig().get("CA"), "-o"]).arg(format!("json={}", home.display()));
    probe.output().expect("it runs");
    let mut path = Command::new(PROGRAM);
    path.args(["path", &rig().at(peer), "--ca", rig().get("CA"), "--user", "alice", "--password-file", rig().get("PASSWORD")]);
    path.args(["--bulk", "64K", "--reference"]).arg(&home).args(more);
    let said = said(path);
    let _ = fs::remove_file(&home);
    said
}

#[test]
fn real_peers_are_named_right() {
    let proxy = |peer: &str| format!("http://{}", rig().at(peer));
    let (open, basic) = (proxy("SQUID_OPEN"), proxy("SQUID_BASIC"));
    let rows: [(&str, Vec<&str>, &[&str]); 8] = [
        ("SOFTETHER", vec!["--no-proxy"], &["none"]),
        ("NGINX_PROXY", vec!["--no-proxy"], &["HTTP-400-CONTENT-LENGTH"]),
        ("HAPROXY_HTTP", vec!["--no-proxy"], &["none", "CERT-VANTAGE-DIFF"]),
        ("HAPROXY_PASS", vec!["--no-proxy"], &["none"]),
        ("HAPROXY_METHODS", vec!["--no-proxy"], &["HTTP-METHOD-REFUSED"]),
        ("HAPROXY_ANSWERS_200", vec!["--no-proxy"], &["HTTP-200-CATCHALL"]),
        ("SOFTETHER", vec!["--proxy", &open], &["none"]),
        ("SOFTETHER", vec!["--proxy", &basic], &["PROXY-AUTH-REQUIRED"]),
    ];
    let wrong: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = rows
            .iter()
            .map(|(peer, more, may)| {
                scope.spawn(move || {
                    let said = to(peer, more);
                    (!may.contains(&said.finding()))
                        .then(|| format!("{peer} {more:?}: {may:?} expected, got {}\n{}", said.finding(), said.story))
                })
            })
            .collect();
        running.into_iter().filter_map(|one| one.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn a_transparent_end_of_tls_in_front_of_softether_shows_by_its_certificate() {
    // SoftEther does not hold the hash in Call Connected against its certificate, so that only the look from elsewhere tells.
    let said = to("HAPROXY_OTHER_CERT", &["--no-proxy"]);
    assert_eq!(said.finding(), "CERT-VANTAGE-DIFF", "{}", said.story);
    assert!(!said.has("BIND-TLS-INSPECTION"), "{}", said.story);
}
