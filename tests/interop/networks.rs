//! `path` across networks made of namespaces: client, two routers with nftables and tc, server. Wants root; without it the tests fail.

use crate::investigated::{Line, PROGRAM, Said, all_right, kept, said};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

fn bash(script: &str) {
    let run = Command::new("bash").args(["-euc", script]).output().expect("bash");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "networks of namespaces need root, iproute2 and nftables; this failed:\n{script}\n{errors}");
}

/// What runs until its network goes, and the lines by which it said that it does.
fn started(mut command: Command, ready: &str) -> (Child, Vec<String>) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok) {
        said.push(line);
        if said.last().is_some_and(|line| line.starts_with(ready)) {
            return (child, said);
        }
    }
    let ended = child.wait();
    panic!("{command:?} is not up: {said:?}, {ended:?}");
}

/// Client, two routers and server, each in a network of its own; everything goes when it is dropped.
struct Net {
    id: String,
    running: Vec<Child>,
    folder: PathBuf,
    /// Where the lab's password is.
    password: String,
}

impl Net {
    /// `number` tells networks of one run apart; `spoils` are commands that run in the first router, behind `2:` in the second.
    fn new(number: usize, spoils: &[&str]) -> Net {
        let id = format!("{}x{number}", std::process::id());
        let folder = std::env::temp_dir().join(format!("sstp-diag-net-{id}"));
        fs::create_dir_all(&folder).expect("a folder");
        let mut net = Net { id, running: Vec::new(), folder, password: String::new() };
        bash(&MADE.replace("ID", &net.id));
        for spoil in spoils {
            let (side, command) = spoil.strip_prefix("2:").map_or(("m", *spoil), |command| ("n", command));
            net.spoil(side, command);
        }
        let mut lab = net.within("s");
        lab.args(["lab", "--listen", "127.0.0.1:8443", "--ca-out"]).arg(net.folder.join("root.pem"));
        let (lab, lines) = started(lab, "Ctrl-C");
        net.running.push(lab);
        net.password = lines.iter().find_map(|line| line.strip_prefix("Password    in ")).expect("the lab says where it is").into();
        let mut probe = net.within("s");
        // The server under the port at which clients dial it.
        probe.args(["probe", "vpn.lab.example:443", "--connect", "127.0.0.1:8443", "--ca"]).arg(net.folder.join("root.pem"));
        probe.arg("-o").arg(format!("json={}", net.folder.join("home.json").display()));
        probe.output().expect("a look from the server's own machine");
        net
    }

    /// `sni VERDICT`: what has the server's name in it; `inject ARGUMENTS`: forged resets; else a command.
    fn spoil(&mut self, side: &str, command: &str) {
        let place = format!("{side}{}", self.id);
        match command.split_once(' ') {
            Some(("sni", verdict)) => {
                let file = self.folder.join("sni.nft");
                fs::write(&file, by_name(verdict)).expect("a file");
                bash(&format!("ip netns exec {place} nft -f {}", file.display()));
            }
            Some(("inject", arguments)) => {
                let mut inject = Command::new("ip");
                inject.args(["netns", "exec", &place, "python3", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/inject.py")]);
                inject.args(arguments.split(' '));
                self.running.push(started(inject, "listening").0);
            }
            _ => bash(&format!("ip netns exec {place} {command}")),
        }
    }

    fn within(&self, side: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{side}{}", self.id), PROGRAM]);
        command
    }

    fn investigated(&self, more: &[&str]) -> Said {
        self.investigated_by(self.within("c"), more)
    }

    /// The same without CAP_NET_RAW.
    fn investigated_bare(&self) -> Said {
        let mut path = Command::new("ip");
        path.args(["netns", "exec", &format!("c{}", self.id), "setpriv", "--inh-caps=-net_raw", "--bounding-set=-net_raw", PROGRAM]);
        self.investigated_by(path, &[])
    }

    fn investigated_by(&self, mut path: Command, more: &[&str]) -> Said {
        path.args(["path", "10.77.2.2", "--server-name", "vpn.lab.example", "--control", "10.77.2.3", "--no-proxy"]);
        path.args(["--patience", "3", "--pace", "0.02", "--ca"]).arg(self.folder.join("root.pem"));
        path.arg("--reference").arg(self.folder.join("home.json")).args(more);
        if more.contains(&"--user") {
            path.arg("--password-file").arg(&self.password);
        }
        said(path)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
        let id = &self.id;
        let _ = Command::new("bash").args(["-c", &format!("for side in c m n s; do ip netns del $side{id}; done")]).output();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A table that does this to every packet to port 443 with the server's name in it, wherever it stands.
fn by_name(verdict: &str) -> String {
    let name: String = "vpn.lab.example".bytes().map(|byte| format!("{byte:02x}")).collect();
    let at = |offset: usize| format!("@ih,{},120 0x{name} {verdict}\n", offset * 8);
    // Behind record, handshake, version and random comes the first place at which a name can stand.
    let rules: String = (50..1400).map(at).collect();
    format!("table ip sni {{ chain named {{ {rules} }}\nchain f {{ type filter hook forward priority 1; tcp dport 443 jump named; }}\n}}\n")
}

/// Four networks. The server's addresses lead to the lab, which listens on loopback only.
const MADE: &str = "
for side in c m n s; do ip netns add ${side}ID; ip -n ${side}ID link set lo up; done
ip link add veth0 netns cID type veth peer name left netns mID
ip link add right netns mID type veth peer name left netns nID
ip link add veth0 netns sID type veth peer name right netns nID
ip -n cID addr add 10.77.1.2/24 dev veth0
ip -n mID addr add 10.77.1.1/24 dev left
ip -n mID addr add 10.77.3.1/24 dev right
ip -n nID addr add 10.77.3.2/24 dev left
ip -n nID addr add 10.77.2.1/24 dev right
ip -n sID addr add 10.77.2.2/24 dev veth0
ip -n sID addr add 10.77.2.3/24 dev veth0
for side in c s; do ip -n ${side}ID link set veth0 up; done
for side in m n; do
  ip -n ${side}ID link set left up; ip -n ${side}ID link set right up
  ip netns exec ${side}ID sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  ip netns exec ${side}ID nft 'table ip t { chain f { type filter hook forward priority 0; }; chain o { type filter hook output priority 0; }; }'
done
ip -n cID route add default via 10.77.1.1
ip -n mID route add default via 10.77.3.2
ip -n nID route add 10.77.1.0/24 via 10.77.3.1
ip -n sID route add default via 10.77.2.1
ip netns exec sID sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet'
ip netns exec sID nft 'table ip t { chain p { type nat hook prerouting priority -100; ip daddr { 10.77.2.2, 10.77.2.3 } tcp dport 443 dnat to 127.0.0.1:8443; }; }'
";

/// One network, and what has to be said of it.
#[derive(Clone, Copy)]
struct Spoilt {
    name: &'static str,
    spoils: &'static [&'static str],
    must: &'static [&'static str],
    more: &'static [&'static str],
    /// The last hop up to which nothing is cut.
    last_hop: Option<u64>,
    /// What the evidence names.
    says: &'static str,
}

const CLEAN: Spoilt = Spoilt { name: "nothing is spoilt", spoils: &[], must: &["none"], more: &[], last_hop: None, says: "" };
const LOSSY: Spoilt =
    Spoilt { name: "one packet in 20 is lost, both ways", spoils: &["nft 'add rule ip t f numgen random mod 100 < 5 drop'"], ..CLEAN };

const SPOILT: &[Spoilt] = &[
    CLEAN,
    LOSSY,
    Spoilt {
        name: "the second router drops SYNs to the server's port",
        spoils: &["2:nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 tcp flags syn drop"],
        must: &["TCP-FILTERED"],
        last_hop: Some(2),
        says: "hop 2 (10.77.3.2) or hop 3",
        ..CLEAN
    },
    Spoilt {
        name: "the first router drops everything to the server's address",
        spoils: &["nft add rule ip t f ip daddr 10.77.2.2 drop"],
        must: &["IP-FILTER"],
        last_hop: Some(1),
        says: "hop 1 (10.77.1.1)",
        ..CLEAN
    },
    Spoilt {
        name: "the second router rejects with ICMP",
        spoils: &["2:nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 reject with icmp type admin-prohibited"],
        must: &["TCP-ICMP-REJECT"],
        last_hop: Some(2),
        says: "10.77.3.2 says so",
        ..CLEAN
    },
    Spoilt {
        name: "the second router rejects with ICMP's port unreachable, which looks like RST to programs",
        spoils: &["2:nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 reject with icmp type port-unreachable"],
        must: &["TCP-ICMP-REJECT"],
        last_hop: Some(2),
        says: "ICMP says that the port is unreachable; 10.77.3.2 says so",
        ..CLEAN
    },
    Spoilt {
        name: "the first router answers SYNs to the server's port with RST",
        spoils: &["nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 reject with tcp reset"],
        must: &["TCP-RST-BY-BOX"],
        last_hop: Some(1),
        says: "those to another port of the server go further",
        ..CLEAN
    },
    Spoilt {
        name: "the first router drops new connections over 3 in a second",
        spoils: &["nft add rule ip t f ct state new limit rate over 3/second burst 5 packets drop"],
        must: &["PATH-CONNECTION-RATE"],
        more: &["--timeout", "240"],
        says: "one right behind the other",
        ..CLEAN
    },
    Spoilt {
        name: "the first router answers SYNs with RST while more than 4 connections are open",
        spoils: &[
            "nft 'add set ip t many { type ipv4_addr; size 16; flags dynamic; }'",
            "nft 'add rule ip t f tcp dport 443 ct state new add @many { ip saddr ct count over 4 } reject with tcp reset'",
        ],
        must: &["PATH-CONNECTION-LIMIT"],
        says: "one at a time works",
        ..CLEAN
    },
    Spoilt {
        // The first byte behind the TCP header is that of a handshake record.
        name: "the first router resets behind every hello, with another time to live",
        spoils: &[
            "nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 @ih,0,8 0x16 reject with tcp reset",
            "nft add rule ip t o tcp flags rst ip ttl set 200",
        ],
        must: &["TCP-RST-BY-BOX"],
        last_hop: Some(1),
        says: "hop 1 (10.77.1.1) or hop 2 (10.77.3.2)",
        ..CLEAN
    },
    Spoilt {
        // What is left of a router's 64 behind one other is one more than of the server's.
        name: "the second router resets behind every hello, a hop nearer than the server",
        spoils: &["2:nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 @ih,0,8 0x16 reject with tcp reset"],
        must: &["TCP-RST-BY-BOX"],
        last_hop: Some(2),
        says: "time to live 63, the server's packets 62",
        ..CLEAN
    },
    Spoilt {
        name: "the second router resets hellos with the server's name",
        spoils: &["2:sni reject with tcp reset"],
        must: &["TLS-SNI-FILTER"],
        last_hop: Some(2),
        says: "hop 2 (10.77.3.2)",
        ..CLEAN
    },
    Spoilt {
        name: "the second router drops hellos with the server's name",
        spoils: &["2:sni drop"],
        must: &["TLS-SNI-FILTER"],
        last_hop: Some(2),
        says: "hop 2 (10.77.3.2)",
        ..CLEAN
    },
    Spoilt {
        name: "the first router drops every hello to the server",
        spoils: &["nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 @ih,0,8 0x16 drop"],
        must: &["TLS-DPI-BLOCK"],
        last_hop: Some(1),
        says: "hop 1 (10.77.1.1) or hop 2 (10.77.3.2)",
        ..CLEAN
    },
    Spoilt {
        name: "a box that hears copies forges resets, with another time to live",
        spoils: &["inject left 200 -1"],
        must: &["TCP-RST-INJECTED"],
        says: "time to live",
        ..CLEAN
    },
    Spoilt {
        // 62 is what is left of the server's 64 behind two routers.
        name: "a box that hears copies forges resets, with the server's time to live and an IP-ID of its own",
        spoils: &["inject left 62 7"],
        must: &["TCP-RST-INJECTED"],
        says: "IP-ID 7",
        ..CLEAN
    },
    Spoilt {
        name: "packets over 1200 bytes vanish, and nobody says so",
        spoils: &["ip link set left mtu 1200", "nft add rule ip t o icmp type destination-unreachable drop"],
        must: &["TCP-PMTU-BLACKHOLE"],
        says: "the path carries 1200",
        ..CLEAN
    },
    Spoilt {
        name: "the client's packets over 1200 bytes vanish, and nobody says so; the server's pass",
        spoils: &["nft 'add rule ip t f iifname left ip length > 1200 drop'"],
        must: &["TCP-PMTU-BLACKHOLE"],
        says: "the path carries 1200",
        ..CLEAN
    },
    Spoilt {
        name: "the client's packets over 800 bytes vanish, and nobody says so; the server's pass",
        spoils: &["nft 'add rule ip t f iifname left ip length > 800 drop'"],
        must: &["TCP-PMTU-BLACKHOLE"],
        says: "the path carries 800",
        ..CLEAN
    },
    Spoilt { name: "packets over 1200 bytes are told to be too long", spoils: &["ip link set left mtu 1200"], ..CLEAN },
    Spoilt {
        name: "the line is shaped to 800 kbit/s",
        spoils: &[
            "tc qdisc add dev left root tbf rate 800kbit burst 4k latency 400ms",
            "tc qdisc add dev right root tbf rate 800kbit burst 4k latency 400ms",
        ],
        must: &["DATA-RATE-LIMITED"],
        more: &["--bulk", "96K"],
        says: "pages over TLS",
        ..CLEAN
    },
    Spoilt {
        name: "the line is shaped to 512 kbit/s, and what its short queue does not hold is lost",
        spoils: &[
            "tc qdisc add dev left root tbf rate 512kbit burst 4k latency 50ms",
            "tc qdisc add dev right root tbf rate 512kbit burst 4k latency 50ms",
        ],
        must: &["DATA-RATE-LIMITED"],
        more: &["--bulk", "96K"],
        says: "kB/s at most",
        ..CLEAN
    },
    Spoilt {
        name: "connections that send and receive more than 20 kB share 400 kbit/s",
        spoils: &[
            "sh -c 'for d in left right; do tc qdisc add dev $d root handle 1: htb default 10 r2q 1000; \
             tc class add dev $d parent 1: classid 1:10 htb rate 1gbit; tc class add dev $d parent 1: classid 1:20 htb rate 400kbit burst 4k; done'",
            "sh -c 'echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct'",
            "nft 'add rule ip t f ct original bytes > 20000 ct reply bytes > 20000 meta priority set 1:20'",
        ],
        must: &["DATA-THROTTLED"],
        more: &["--bulk", "96K"],
        says: "pages over TLS from the same server",
        ..CLEAN
    },
    Spoilt {
        name: "connections are frozen behind 40 kB",
        spoils: &["sh -c 'echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct'", "nft 'add rule ip t f ct reply bytes > 40000 drop'"],
        must: &["DATA-BYTE-CAP"],
        more: &["--bulk", "96K"],
        ..CLEAN
    },
    Spoilt {
        // A Call Connected is 112 bytes long, 129 in a record of TLS 1.3.
        name: "records as long as the one that ends a login are lost",
        spoils: &["nft add rule ip t f tcp dport 443 @ih,0,40 0x1703030081 drop"],
        must: &["PATH-UNEXPLAINED"],
        more: &["--user", "alice"],
        says: "times a login ended in silence",
        ..CLEAN
    },
    Spoilt {
        name: "a firewall forgets connections on which nothing is said for 20 s",
        spoils: &[
            "sh -c 'echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose'",
            "sh -c 'echo 20 > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established'",
            "nft 'add rule ip t f ct state invalid drop'",
        ],
        must: &["TEAR-IDLE-MIDDLEBOX"],
        // Without a login the lab asks for one every 3 s, so that the call is not quiet.
        more: &["--max-idle", "24", "--timeout", "200", "--user", "alice"],
        says: "quiet calls were gone between",
        ..CLEAN
    },
];

/// All of them side by side: most of a run is waiting.
fn investigated(spoilt: &[Spoilt], first: usize) -> Vec<Said> {
    thread::scope(|scope| {
        let each = |(number, spoilt): (usize, &Spoilt)| {
            let spoilt = *spoilt;
            scope.spawn(move || Net::new(first + number, spoilt.spoils).investigated(spoilt.more))
        };
        let running: Vec<_> = spoilt.iter().enumerate().map(each).collect();
        running.into_iter().map(|one| one.join().expect("no run panics")).collect()
    })
}

#[test]
fn networks_are_named_right_and_the_hop_with_them() {
    let only = std::env::var("PATH_ONLY").ok();
    let wanted: Vec<Spoilt> = SPOILT.iter().filter(|row| only.as_ref().is_none_or(|only| row.name.contains(only))).copied().collect();
    let runs = investigated(&wanted, 0);
    let line = |(row, said): (&Spoilt, Said)| Line { scenario: row.name.into(), must: row.must, said };
    let mut lines: Vec<Line> = wanted.iter().zip(runs).map(line).collect();
    // So many networks at once are much for a small machine: what came out otherwise is investigated once more, by itself.
    for (number, (row, line)) in wanted.iter().zip(&mut lines).enumerate() {
        let hop = row.last_hop.is_none() || line.said.last_hop() == row.last_hop;
        if !line.is_right() || !hop || !line.said.evidence().contains(row.says) {
            println!("once more, alone: {} ({})", row.name, line.said.finding());
            line.said = investigated(&[*row], 300 + number).remove(0);
        }
    }
    all_right(&lines);
    for (row, line) in wanted.iter().zip(&lines) {
        let said = &line.said;
        assert!(said.evidence().contains(row.says), "{}: {:?} lacks {:?}\n{}", row.name, said.evidence(), row.says, said.story);
        if row.last_hop.is_some() {
            assert_eq!(said.last_hop(), row.last_hop, "{}: the hop\n{}", row.name, said.story);
        }
    }
    if only.is_none() {
        kept("networks", &lines);
    }
}

#[test]
fn clean_and_lossy_networks_draw_nothing_again_and_again() {
    let (clean, lossy) = (4, 8);
    let networks: Vec<Spoilt> = [vec![CLEAN; clean], vec![LOSSY; lossy]].concat();
    for (spoilt, said) in networks.iter().zip(investigated(&networks, 100)) {
        assert!(said.is_clear(), "{}: {} was found\n{}", spoilt.name, said.finding(), said.story);
    }
}

#[test]
fn without_the_right_to_raw_sockets_resets_are_placed_and_what_is_unseen_is_said() {
    let (resets, drops) = thread::scope(|scope| {
        let of = |number, spoil| scope.spawn(move || Net::new(number, &[spoil]).investigated_bare());
        let resets = of(200, "nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 @ih,0,8 0x16 reject with tcp reset");
        let drops = of(201, "2:nft add rule ip t f ip daddr 10.77.2.2 tcp dport 443 @ih,0,8 0x16 drop");
        (resets.join().expect("no panic"), drops.join().expect("no panic"))
    });
    for said in [&resets, &drops] {
        let unseen = said.report["head"]["no_raw"].as_str().unwrap_or_default();
        assert!(unseen.contains("CAP_NET_RAW"), "{unseen:?}\n{}", said.story);
        assert_eq!(said.report["resets"].as_array().map(Vec::len), Some(0), "{}", said.story);
    }
    assert_eq!(resets.last_hop(), Some(1), "resets need no raw socket to be placed\n{}", resets.story);
    assert!(resets.report["verdict"]["place"]["near"].is_null(), "{}", resets.story);
    assert_eq!((drops.finding(), drops.last_hop()), ("TLS-DPI-BLOCK", None), "{}", drops.story);
}
