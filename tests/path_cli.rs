//! `path` as its users meet it: arguments, exit codes, what is printed. Wants no network but loopback.

use crate::scratch::Scratch;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn sstp_diag(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "SSTP_DIAG_PASSWORD"] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sstp_diag(args).output().expect("the program runs");
    (status.code(), String::from_utf8(stdout).expect("UTF-8"), String::from_utf8(stderr).expect("UTF-8"))
}

/// A lab in a process of its own, and the arguments by which it is reached.
struct Lab {
    process: Child,
    args: Vec<String>,
}

impl Lab {
    fn start(args: &[&str]) -> Lab {
        let mut process = sstp_diag(&[&["lab"], args].concat()).stdout(Stdio::piped()).spawn().expect("it runs");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
        let line = lines.find(|line| line.trim_start().starts_with("sstp-diag probe ")).expect("the line");
        let args = line.split_whitespace().skip(2).map(|word| word.trim_matches('\'').to_string()).collect();
        Lab { process, args }
    }

    /// `path` to it, with more arguments; the JSON report.
    fn path(&self, more: &[&str]) -> (Option<i32>, Value, String) {
        let own: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let (code, stdout, stderr) = run(&[&["path"], &own[..], &["-o", "json"], more].concat());
        (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}")), stderr)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

fn has(report: &Value, id: &str) -> bool {
    report["findings"].as_array().is_some_and(|all| all.iter().any(|found| found["id"] == id))
}

#[test]
fn a_refused_port_is_told_with_what_its_neighbours_do() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let open = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let neighbour = open.local_addr().expect("an address").port().to_string();
    let target = format!("127.0.0.1:{closed}");
    let (code, stdout, stderr) = run(&["path", &target, "--port", &neighbour]);
    assert_eq!(code, Some(1), "{stdout}");
    let page = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["(TCP-REFUSED)", "answered with RST", &format!("port {neighbour} connects: the host is there"), "confidence medium"] {
        assert!(page.contains(part), "{part:?} is not in\n{stdout}");
    }
    assert!(stderr.starts_with("sstp-diag: At most ") && stderr.contains("nothing goes to anybody but the server"), "{stderr}");
    let (_, alone, _) = run(&["path", &target, "--port", &closed.to_string()]);
    assert!(alone.contains("confidence   low"), "nothing beside it connects:\n{alone}");
}

#[test]
fn a_port_that_speaks_plain_http_is_no_filter() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                use std::io::{Read, Write};
                let (mut stream, mut some) = (stream, [0; 2048]);
                if matches!(stream.read(&mut some), Ok(1..)) {
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                }
            });
        }
    });
    let (code, stdout, _) = run(&["path", &target, "--server-name", "vpn.example.test", "--width", "120"]);
    assert_eq!(code, Some(1), "{stdout}");
    for part in ["(TLS-PLAINTEXT-PORT)", "server side", "HTTP/1.1 400 Bad Request", "confidence   medium"] {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
    assert!(!stdout.contains("TLS-DPI-BLOCK"), "{stdout}");
}

#[test]
fn a_middlebox_is_the_labs_and_nothing_else() {
    for target in [vec!["--middlebox", "clean"], vec!["vpn.example.test", "--middlebox", "clean"]] {
        let (code, stdout, stderr) = run(&[&["path"], &target[..]].concat());
        let told = stderr.contains("--lab") || stderr.contains("cannot be used with");
        assert!(code == Some(2) && told, "{target:?}: {code:?} {stdout}{stderr}");
    }
}

#[test]
fn a_lab_listens_where_it_was_told_to_and_the_box_is_there() {
    for (kind, finding) in [("sni-reset", "TLS-SNI-FILTER"), ("proxy-denies-all", "PROXY-CONNECT-DENIED")] {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let lab = Lab::start(&["--middlebox", kind, "--listen", &format!("127.0.0.1:{port}")]);
        let (_, report, stderr) = lab.path(&["--bulk", "20K"]);
        assert_eq!(report["verdict"]["finding"], finding, "{stderr}");
        let met = if kind == "sni-reset" { report["head"]["target"]["port"].to_string() } else { report["head"]["proxy"].to_string() };
        assert!(met.contains(&port.to_string()), "{kind}: {met} and not {port}");
    }
}

#[test]
fn on_loopback_nobody_is_spared_by_pauses_whatever_the_name_is() {
    let bound = |more: &[&str]| {
        let (code, stdout, stderr) = run(&[&["path"], more, &["--dry-run", "--no-proxy"]].concat());
        assert_eq!(code, Some(0), "{stderr}");
        stdout.lines().next().expect("the bound").to_string()
    };
    let quick = " in 120 s, 12 at a time";
    for more in [
        &["127.0.0.1"][..],
        &["localhost"],
        &["[::1]:8443"],
        &["vpn.example.test", "--resolve", "vpn.example.test:127.0.0.1,[::1]"],
        &["vpn.example.test", "--connect", "127.0.0.1:8443"],
    ] {
        assert!(bound(more).contains(quick), "{more:?}: {}", bound(more));
    }
    for more in [&["vpn.example.test"][..], &["192.0.2.7"], &["vpn.example.test", "--resolve", "vpn.example.test:192.0.2.7,127.0.0.1"]] {
        assert!(bound(more).contains(" in 300 s, 12 at a time"), "{more:?}: {}", bound(more));
    }
}

#[test]
fn ctrl_c_ends_with_130_and_a_verdict_of_what_was_gathered() {
    let began = Instant::now();
    let mut child = sstp_diag(&["path", "--lab", "--middlebox", "tls-drop", "--patience", "3", "-v"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut first = String::new();
    BufReader::new(child.stderr.as_mut().expect("piped")).read_line(&mut first).expect("the bound comes first");
    std::thread::sleep(Duration::from_millis(1500));
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    let output = child.wait_with_output().expect("it ends");
    let page = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(130), "{page}");
    assert!(page.contains(", interrupted") && page.contains("tcp.server") && page.contains("Verdict"), "{page}");
    assert!(began.elapsed() < Duration::from_secs(20), "it did not end at once");
}

#[test]
fn a_server_is_shown_as_others_see_it() {
    let (code, stdout, stderr) = run(&["path", "--lab", "--visibility", "--width", "100"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    for part in
        ["Visibility: recognisable by sizes", "(VIS-PROBEABLE)", "(VIS-SIZE-SIGNATURE)", "odd-requests", "another path: 404", "source: "]
    {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
    let (_, json, _) = run(&["path", "--lab", "--visibility", "--gentle", "-o", "json"]);
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let rows = report["visibility"]["rows"].as_array().expect("techniques");
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).expect("a technique");
    assert_eq!((row("active-probe")["score"].as_u64(), row("record-sizes")["score"].as_u64()), (Some(100), Some(80)), "{json}");
    assert_eq!(row("odd-requests")["sight"]["seen"], "unknown", "--gentle asks nothing else");
    assert!(rows.iter().all(|row| row["source"].as_str().is_some_and(|source| !source.is_empty())));
    let (code, ..) = run(&["path", "127.0.0.1:9", "--visibility"]);
    assert_eq!(code, Some(3), "nothing could be looked at");
}

#[test]
fn a_witness_on_a_server_is_asked_by_whoever_knows_the_token() {
    let folder = Scratch::new("path-witness");
    let token = folder.path("token");
    fs::write(&token, "a token for this test\n").expect("a file");
    let named = format!("@{token}");
    let lab = Lab::start(&["--witness", &named]);
    let (code, report, _) = lab.path(&["--witness", &named]);
    let told: Vec<&str> =
        report["witness"]["compared"]["findings"].as_array().expect("a comparison").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!((code, told), (Some(0), vec!["WITNESS-CLEAN"]), "{:#}", report["witness"]);
    let (_, report, _) = lab.path(&["--witness", "another token that is long"]);
    assert!(report["witness"]["told_nothing"].as_str().is_some_and(|why| why.contains("no witness answers")), "{}", report["witness"]);
    let (code, _, stderr) = run(&["path", "vpn.example.test", "--witness"]);
    assert!(code == Some(2) && stderr.contains("a token is missing"), "{stderr}");
}

#[test]
fn a_rehearsal_has_a_witness_too() {
    let (code, stdout, _) = run(&["path", "--lab", "--middlebox", "inspects", "--witness", "--width", "100"]);
    assert_eq!(code, Some(1), "{stdout}");
    for part in ["The witness", "WITNESS-TLS-OPENED", "(TLS-INSPECTION-STREAMING)", "the server serves"] {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
}

#[test]
fn proxies_are_found_by_script_and_logged_in_to() {
    for (fault, scheme) in [("proxy.basic-login", "Basic"), ("proxy.digest", "Digest"), ("proxy.ntlm", "NTLM")] {
        let lab = Lab::start(&["--fault", fault]);
        let (code, report, _) = lab.path(&[]);
        assert!(code == Some(0) && has(&report, "PROXY-AUTH-WINDOWS"), "{fault}: {code:?} {:#}", report["findings"]);
        let says = report["findings"][0]["evidence"].as_str().expect("evidence");
        assert!(says.contains(&format!("it offers {scheme}")) && says.contains(&format!("with the login by {scheme}")), "{says}");
        assert!(report["findings"][0]["fix"].as_str().is_some_and(|fix| fix.contains("event 23")));
    }
    let folder = Scratch::new("path-proxy-password");
    let wrong = folder.path("wrong");
    fs::write(&wrong, "not the password\n").expect("a file");
    let mut lab = Lab::start(&["--fault", "proxy.digest"]);
    let at = lab.args.iter().position(|word| word == "--proxy-password-file").expect("a login");
    lab.args[at + 1] = wrong;
    let (code, report, _) = lab.path(&[]);
    assert_eq!((code, &report["verdict"]["finding"]), (Some(1), &Value::from("PROXY-AUTH-SCHEME")), "{:#}", report["findings"]);
}

#[test]
fn a_socks_proxy_is_asked_in_its_own_words() {
    let lab = Lab::start(&["--fault", "proxy.socks"]);
    let (code, report, _) = lab.path(&[]);
    assert_eq!((code, &report["verdict"]["finding"]), (Some(0), &Value::Null), "{:#}", report["findings"]);
    let lab = Lab::start(&["--fault", "proxy.socks-refused"]);
    let (code, report, _) = lab.path(&[]);
    assert_eq!((code, &report["verdict"]["finding"]), (Some(1), &Value::from("PROXY-CONNECT-DENIED")), "{:#}", report["findings"]);
    let words = report["findings"].to_string();
    assert!(words.contains("requests to the SOCKS proxy got reply 2: not allowed by the rules") && !words.contains("403"), "{words}");
    let lab = Lab::start(&["--fault", "proxy.socks-login-missing"]);
    let (code, report, _) = lab.path(&[]);
    assert_eq!((code, &report["verdict"]["finding"]), (Some(1), &Value::from("PROXY-AUTH-REQUIRED")), "{:#}", report["findings"]);
}

#[test]
fn a_script_names_the_proxy_and_is_told() {
    let folder = Scratch::new("path-pac");
    let lab = Lab::start(&["--middlebox", "proxy-open"]);
    let at = lab.args.iter().position(|word| word == "--proxy").expect("a proxy");
    let place = lab.args[at + 1].trim_start_matches("http://").to_string();
    let script = folder.path("office.pac");
    fs::write(&script, format!("function FindProxyForURL(url, host) {{ return 'PROXY {place}; DIRECT'; }}")).expect("a file");
    let (code, stdout, stderr) = run(&[&["path"], &without_proxy(&lab)[..], &["--pac", &script, "--width", "120"]].concat());
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("through         the proxy {place}")) && stdout.contains("proxy script"), "{stdout}");
    assert!(stderr.contains("the proxy that it names"), "{stderr}");
}

#[test]
fn a_report_of_probe_and_a_pin_are_held_against_what_is_seen() {
    let folder = Scratch::new("path-reference");
    let lab = Lab::start(&[]);
    let home = folder.path("home.json");
    let own: Vec<&str> = lab.args.iter().map(String::as_str).collect();
    let (code, stdout, _) = run(&[&["probe"], &own[..], &["-o", &format!("json={home}"), "-o", "table"]].concat());
    assert_eq!(code, Some(0), "{stdout}");
    let (code, report, _) = lab.path(&["--reference", &home]);
    let reference = &report["head"]["reference"];
    assert_eq!((code, reference["reached"].as_str(), reference["sha256"].as_str().map(str::len)), (Some(0), Some("teardown"), Some(64)));
    assert!(!has(&report, "CERT-VANTAGE-DIFF"));
    let (code, report, _) = lab.path(&["--pin", &"AB:".repeat(31).chars().chain("AB".chars()).collect::<String>()]);
    assert!(code == Some(1) && report["verdict"]["finding"] == "BIND-TLS-INSPECTION", "{:#}", report["findings"]);
    let found = report["findings"].as_array().and_then(|all| all.iter().find(|found| found["id"] == "BIND-TLS-INSPECTION"));
    assert_eq!(found.map(|found| &found["confidence"]), Some(&Value::from("medium")), "one end alone, and no login that binds");
    let pin = reference["sha256"].as_str().expect("a hash").to_string();
    let (code, report, _) = lab.path(&["--pin", &pin]);
    assert!(code == Some(0) && !has(&report, "CERT-VANTAGE-DIFF") && !has(&report, "BIND-TLS-INSPECTION"), "{:#}", report["findings"]);
    let (code, _, stderr) = run(&["path", "x", "--pin", "abc"]);
    assert!(code == Some(2) && stderr.contains("64 hexadecimal digits"), "{stderr}");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_passed_over() {
    let mut lab = Lab::start(&[]);
    let at = lab.args.iter().position(|word| word == "--ca").expect("the lab's CA");
    lab.args.drain(at..at + 2);
    let (_, report, _) = lab.path(&["--bulk", "20K"]);
    let first = &report["findings"][0];
    assert_eq!((&first["id"], &first["confidence"]), (&Value::from("NET-NO-INTERFERENCE-SEEN"), &Value::from("low")), "{first:#}");
    assert!(first["evidence"].as_str().is_some_and(|says| says.contains("does not verify")), "{first:#}");
    assert!(first["evidence"].as_str().is_some_and(|says| says.contains("the login was withheld")), "{first:#}");
}

/// `path` against a lab, its arguments without the proxy's.
fn without_proxy(lab: &Lab) -> Vec<&str> {
    let at = lab.args.iter().position(|word| word == "--proxy");
    let own = |n: usize| at.is_none_or(|at| n != at && n != at + 1);
    lab.args.iter().enumerate().filter(|(n, _)| own(*n)).map(|(_, word)| word.as_str()).collect()
}

#[test]
fn a_report_in_json_is_what_the_schema_says() {
    let schema: Value = serde_json::from_str(include_str!("../docs/path.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for more in [&[][..], &["--middlebox", "sni-page", "--witness"], &["--middlebox", "proxy-digest"], &["--middlebox", "dns-garbage"]] {
        let (_, stdout, stderr) = run(&[&["path", "--lab", "-o", "json", "--rounds", "2", "--bulk", "20K"], more].concat());
        let mut report: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        let errors: Vec<_> = validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(errors, Vec::<String>::new(), "{more:?}");
        report["findings"][0]["alien"] = true.into();
        assert!(!validator.is_valid(&report), "the schema lets nothing slip in");
    }
}

#[test]
fn a_script_that_fails_is_a_finding_and_the_calls_go_straight_to_the_server() {
    let folder = Scratch::new("path-pac-fails");
    let lab = Lab::start(&[]);
    let script = |name: &str, text: &str| {
        let path = folder.path(name);
        fs::write(&path, text).expect("a file");
        path
    };
    let endless = script("endless.pac", "function FindProxyForURL(url, host) { while (true) {} }");
    let switch = script("switch.pac", "function FindProxyForURL(url, host) { switch (host) { default: return 'DIRECT'; } }");
    let gone = "http://127.0.0.1:9/proxy.pac".to_string();
    for (pac, part) in [(&endless, "line 1"), (&switch, "\"switch\" is not understood"), (&gone, "http://127.0.0.1:9/proxy.pac: ")] {
        let (code, report, _) = lab.path(&["--gentle", "--bulk", "20K", "--pac", pac]);
        let found = report["findings"].as_array().and_then(|all| all.iter().find(|found| found["id"] == "PROXY-PAC-FAIL"));
        let found = found.unwrap_or_else(|| panic!("{pac}: {:#}", report["findings"]));
        assert!(found["evidence"].as_str().is_some_and(|says| says.contains(part)), "{found:#}");
        assert_eq!((code, &found["severity"], &found["culprit"]), (Some(0), &"warn".into(), &"endpoint".into()), "{found:#}");
        assert_eq!(report["verdict"]["called"], true);
    }
}

#[test]
fn a_reference_of_another_server_and_a_control_that_is_none_are_refused() {
    let folder = Scratch::new("path-other-reference");
    let home = folder.path("home.json");
    let report = r#"{"layers":[],"reached":"teardown","target":{"host":"other.example.test","port":443},"certificates":[{"sha256":"ab"}]}"#;
    fs::write(&home, report).expect("a file");
    let (code, _, stderr) = run(&["path", "vpn.example.test", "--reference", &home, "--dry-run", "--no-proxy"]);
    assert!(code == Some(2) && stderr.contains("other.example.test") && stderr.contains("vpn.example.test"), "{code:?} {stderr}");
    let (code, _, stderr) = run(&["path", "other.example.test:8443", "--reference", &home, "--dry-run", "--no-proxy"]);
    assert!(code == Some(0) && stderr.contains("was seen at port 443"), "{code:?} {stderr}");
    let (code, _, stderr) = run(&["path", "vpn.example.test", "--control", "VPN.example.test:443", "--dry-run", "--no-proxy"]);
    assert!(code == Some(2) && stderr.contains("--control is the target itself"), "{code:?} {stderr}");
    let (code, _, stderr) = run(&["path", "vpn.example.test", "--port", "0", "--dry-run", "--no-proxy"]);
    assert!(code == Some(2) && stderr.contains("--port"), "{code:?} {stderr}");
}

#[test]
fn what_is_no_proxy_and_names_without_an_address_are_told() {
    let lab = Lab::start(&[]);
    let port = lab.args.iter().find_map(|word| word.rsplit_once(':')?.1.parse::<u16>().ok()).expect("the lab's port");
    for (proxy, finding) in [
        (format!("http://127.0.0.1:{port}"), "PROXY-NO-PROXY"),
        (format!("socks5://127.0.0.1:{port}"), "PROXY-NO-PROXY"),
        ("http://proxy.invalid:3128".to_string(), "PROXY-UNREACHABLE"),
    ] {
        let (code, report, _) = lab.path(&["--gentle", "--rounds", "2", "--patience", "1", "--proxy", &proxy]);
        assert_eq!((code, &report["verdict"]["finding"]), (Some(1), &Value::from(finding)), "{proxy}: {:#}", report["findings"]);
    }
    let (code, report, _) = lab.path(&["--gentle", "--bulk", "20K", "--control", "control.invalid"]);
    let trials = report["trials"].as_array().expect("trials");
    let control = trials.iter().find(|trial| trial["arm"] == "tcp-control").expect("the control is not passed over");
    assert_eq!((code, &control["ending"]), (Some(0), &Value::from("no-such-name")), "{:#}", report["findings"]);
    assert!(has(&report, "NET-CONTROL-DEAD"), "{:#}", report["findings"]);
}

#[test]
fn what_became_of_a_login_is_said_and_a_witness_that_is_silent_too() {
    let folder = Scratch::new("path-wrong-password");
    let wrong = folder.path("wrong");
    fs::write(&wrong, "not the password\n").expect("a file");
    let mut lab = Lab::start(&[]);
    let at = lab.args.iter().position(|word| word == "--password-file").expect("a login");
    let right = std::mem::replace(&mut lab.args[at + 1], wrong);
    let (_, report, _) = lab.path(&["--gentle", "--bulk", "20K"]);
    let first = &report["findings"][0];
    assert!(first["evidence"].as_str().is_some_and(|says| says.contains("; the login failed: ")), "{first:#}");
    assert!(first["raise"].as_str().is_some_and(|raise| !raise.contains("--user")), "{first:#}");
    lab.args[at + 1] = right;
    let (code, report, _) = lab.path(&["--gentle", "--bulk", "20K", "--witness", "a token that nobody here knows"]);
    assert_eq!((code, &report["verdict"]["finding"]), (Some(3), &Value::from("WITNESS-TOLD-NOTHING")), "{:#}", report["findings"]);
}

#[test]
fn explain_knows_every_finding_of_the_report() {
    let (code, stdout, _) = run(&["explain", "TLS-SNI-FILTER"]);
    assert_eq!(code, Some(0), "{stdout}");
    let page = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["Hellos with the server's name are cut", "The firewall's owner: allow this name", "sstp-diag path HOST"] {
        assert!(page.contains(part), "{part:?} is not in\n{stdout}");
    }
    for row in sstp_diag::diag::path::all() {
        let (code, stdout, _) = run(&["explain", row.id]);
        assert!(code == Some(0) && stdout.contains(row.id), "{}: {stdout}", row.id);
    }
}

#[test]
fn what_the_lab_has_of_its_own_cannot_be_named_beside_it() {
    let none: &[&str] = &["--pac", "/dev/null"];
    for option in [none, &["--proxy", "http://127.0.0.1:3128"], &["--wpad"], &["--control", "nosuch.invalid"], &["--resolver", "127.0.0.1"]]
    {
        let (code, stdout, stderr) = run(&[&["path", "--lab"], option].concat());
        assert!(code == Some(2) && stdout.is_empty() && stderr.contains(option[0]), "{option:?}: {code:?} {stderr}");
    }
    let (code, planned, _) = run(&["path", "--lab", "--dry-run"]);
    let (_, _, bound) = run(&["path", "--lab", "--bulk", "20K"]);
    let first = planned.lines().next().unwrap_or_default();
    assert!(code == Some(0) && first.contains("control server") && bound.contains(first), "{first}\n{bound}");
}
