//! The program as its users meet it: arguments, exit codes, streams. Wants no network but loopback.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};

fn sstp_diag(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    for name in ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSTP_DIAG_PASSWORD", "SSTP_DIAG_PROXY_PASSWORD", "SSLKEYLOGFILE"] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sstp_diag(args).output().expect("the program runs");
    (status.code(), String::from_utf8(stdout).expect("UTF-8"), String::from_utf8(stderr).expect("UTF-8"))
}

fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("sstp-diag-test-{}-{name}", std::process::id()))
}

/// A port on loopback at which nobody listens.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn arguments_that_make_no_sense_end_with_2_and_say_why() {
    let rows: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["probe"], "TARGET"),
        (&["conformance", "server", "127.0.0.1:9", "--fault", "cert.expired"], "--fault"),
        (&["conformance", "client", "--exec", "true", "--fault", "client.one-read"], "--fault"),
        (&["replay", "x.txt", "--to", "127.0.0.1:9", "--fault", "cert.expired"], "--fault"),
        (&["mutate", "--to", "127.0.0.1:9", "--bug", "split-lost"], "--bug"),
        (&["path", "127.0.0.1:9", "--middlebox", "clean"], "--middlebox"),
        (&["probe"], "probe --lab"),
        (&["probe", "x", "--server-name", "a b"], "DNS name"),
        (&["probe", "x", "--server-name", ""], "--server-name"),
        (&["probe", "x", "--server-name", "a\r\nHost: b"], "DNS name"),
        (&["probe", "b\u{fffd}cher.example"], "xn--"),
        (&["probe", "x", "--connect", "b\u{fffd}cher.example"], "xn--"),
        (&["probe", "x", "--resolve", "b\u{fffd}cher.example:127.0.0.1"], "xn--"),
        (&["probe", "x", "--auth", "pap"], "--user"),
        (&["probe", "x", "-o", "json=/nonexistent/x", "-o", "junit=/nonexistent/x"], "two reports"),
        (&["probe", "x", "-o", "json=/nonexistent/x", "--pcap", "/nonexistent/x"], "--pcap"),
        (&["probe", "x", "--keylog", "/nonexistent/x", "--pcap", "/nonexistent/x"], "key log and capture"),
        (&["generate", "sessions", "-o", "/nonexistent/x", "--how", "reoder"], "reorder, overlap"),
        (&["generate", "bulk", "-o", "/nonexistent/x", "--suite", "tls12-aes128", "--key-update", "9"], "TLS 1.3"),
        (&["probe", "192.0.2.1", "-6"], "IPv4 address"),
        (&["probe", "[2001:db8::1]:444", "-4"], "IPv6 address"),
        (&["probe", "x", "--connect", "2001:db8::1", "-4"], "IPv6 address"),
        (&["probe", "http://vpn.example.test"], "https://"),
        (&["probe", "vpn.example.test:0"], "not a port"),
        (&["probe", "https://alice:s3cret@vpn.example.test/"], "--user"),
        (&["probe", "vpn.example.test", "--lab"], "cannot be used with"),
        (&["probe", "vpn.example.test", "--fault", "cert.expired"], "cannot be used with"),
        (&["probe", "--lab", "--fault", "cert.nonsense"], "lab --list"),
        (&["probe", "x", "--auth", "kerberos"], "mschapv2, eap-mschapv2"),
        (&["probe", "x", "--until", "physical"], "dns, tcp"),
        (&["probe", "x", "--timeout", "0"], "number of seconds"),
        (&["probe", "x", "--layer-timeout", "tsl=1"], "not a layer"),
        (&["probe", "x", "--resolve", "x"], "HOST:ADDR"),
        (&["probe", "x", "--connect", "y:port"], "not a port"),
        (&["probe", "x", "-4", "-6"], "cannot be used with"),
        (&["probe", "x", "-o", "xml"], "table, json, ndjson, junit"),
        (&["probe", "x", "-o", "json", "-o", "junit"], "both json and junit"),
        (&["probe", "x", "--proxy", "http://alice:s3cret@proxy:3128"], "--proxy-password-file"),
        (&["probe", "x", "--proxy-password-file", "/dev/null"], "needs a proxy with a user"),
        (&["probe", "x", "--no-proxy", "--proxy-user", "alice"], "cannot be used with"),
        (&["probe", "x", "--pac", "http://p/", "--wpad"], "cannot be used with"),
        (&["lab", "--witness", "too short"], "at least 16 characters"),
        (&["probe", "x", "--password-file", "/dev/null"], "--user"),
        (&["probe", "x", "--user", "alice"], "SSTP_DIAG_PASSWORD"),
        (&["probe", "x", "--user", "alice", "--password-env", "SSTP_DIAG_NOT_SET"], "not set"),
        (&["probe", "x", "--user", "alice", "--password-file", "/dev/null"], "lockout"),
        (&["probe", "x", "--user", "alice", "--password-file", "-"], "lockout"),
        (&["probe", "x", "--width", "5"], "--width"),
        (&["probe", "x", "--user", "alice", "--auth", "eap-tls"], "--cert"),
        (&["probe", "x", "--key", "/dev/null"], "--cert"),
        (&["probe", "x", "--cert", "/dev/null"], "is empty"),
        (&["probe", "x", "--cert", "Cargo.toml"], "neither PEM nor a certificate"),
        (&["probe", "x", "--cert", "Cargo.toml", "--auth", "mschapv2"], "--cert is for eap-tls"),
        (&["probe", "x", "--user", "alice", "--auth", "mschapv2", "--anonymous-identity", "nobody"], "for peap"),
        (&["probe", "x", "--auth-matrix", "--auth", "pap"], "cannot be used with"),
        (&["probe", "--lab", "--auth-matrix", "--until", "cert"], "--until cert ends before it"),
        (&["probe", "x", "--eap-tls-version", "1.1"], "1.2, 1.3"),
        (&["probe", "x", "--eap-server-name", "a b"], "DNS name"),
        (&["lab", "--auth", "kerberos"], "mschapv2, eap-mschapv2"),
        (&["lab", "--listen", "192.0.2.1:443"], "loopback only"),
        (&["lab", "--fault", "cert.nonsense"], "lab --list"),
        (&["catalogue", "sins"], "checks, faults, codes"),
    ];
    for (args, says) in rows {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args:?}: {stderr}");
        assert!(stderr.contains(says), "{args:?}: {stderr}");
        assert!(!stderr.contains("s3cret"), "{stderr}");
    }
}

#[test]
fn there_is_no_way_to_put_a_password_into_the_arguments() {
    let (code, _, stderr) = run(&["probe", "x", "--user", "alice", "--password", "s3cret"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("unexpected argument '--password'"), "{stderr}");
    let (_, help, _) = run(&["probe", "--help"]);
    assert!(help.contains("--password-file") && help.contains("--password-env") && !help.contains("--password "), "{help}");
}

#[test]
fn trouble_on_our_side_ends_with_3() {
    let rows: &[&[&str]] = &[
        &["probe", "x", "-o", "json=/nonexistent/report.json"],
        &["probe", "x", "--ca", "/nonexistent/ca.pem"],
        &["probe", "x", "--ca", "/nonexistent/a.pem", "--ca", "/nonexistent/b.pem"],
        &["probe", "x", "--keylog", "/nonexistent/keys"],
        &["probe", "x", "--pcap", "/nonexistent/x.pcapng"],
        &["lab", "--pcap", "/nonexistent/x.pcapng"],
        &["generate", "sessions", "-o", "/nonexistent/x.pcapng"],
        &["probe", "x", "--user", "alice", "--password-file", "/nonexistent/password"],
    ];
    for args in rows {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{args:?}: {stderr}");
        assert!(stderr.starts_with("sstp-diag: cannot ") && stderr.contains("/nonexistent/"), "{args:?}: {stderr}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    assert_eq!(run(&["--version"]), (Some(0), format!("sstp-diag {}\n", env!("CARGO_PKG_VERSION")), String::new()));
    for args in [&["--help"][..], &["probe", "--help"], &["lab", "--help"], &["catalogue", "--help"]] {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(stdout.contains("Usage: sstp-diag"));
    }
}

#[test]
fn the_sound_lab_is_a_green_ladder_and_ends_with_0() {
    let (code, stdout, stderr) = run(&["probe", "--lab"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.starts_with("Works"), "{stdout}");
    assert!(stdout.lines().all(|line| line.chars().count() <= 80) && !stdout.contains('\x1b'), "{stdout}");
    assert_eq!(stdout.lines().filter(|line| line.contains("✓ ok")).count(), 12, "all but the proxy: {stdout}");
}

#[test]
fn what_stops_this_program_and_no_windows_ends_with_3() {
    let one_line = |out: &str| out.split_whitespace().collect::<Vec<_>>().join(" ");
    let (code, out, _) = run(&["probe", "--lab", "--fault", "tls.old-suites", "--until", "cert"]);
    assert_eq!(code, Some(3), "{out}");
    assert!(one_line(&out).contains("(TLS-LEGACY-CIPHER), which stops this program and no current Windows."), "{out}");
    assert!(one_line(&out).contains("10 22H2, 11 21H2, 11 24H2, Server 2025 would go on, with TLS 1.2"), "{out}");
    let (code, out, _) = run(&["probe", "--lab", "--fault", "tls.dead-suites", "--until", "cert"]);
    assert!(code == Some(1) && out.contains("Fails at the TLS handshake: "), "{out}");
    assert!(one_line(&out).contains("11 24H2, Server 2025 would not: alert 40 handshake_failure"), "{out}");
    // What is wrong behind it would stop Windows all the same.
    let (code, out, _) = run(&["probe", "--lab", "--fault", "tls.old-suites", "--fault", "cert.expired", "--until", "cert"]);
    assert!(code == Some(1) && out.contains("A Windows client fails at the certificate: ") && out.contains("(CERT-EXPIRED)"), "{out}");
}

#[test]
fn a_chain_put_right_is_written_as_pem_and_told_beside_the_report() {
    let path = scratch("chain.pem");
    let file = path.to_str().expect("UTF-8");
    let (code, out, err) = run(&["probe", "--lab", "--fault", "cert.issuer-fetched", "--until", "cert", "--fix-chain", file]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("CERT-MISSING-INTERMEDIATE") && err.contains("intermediate was missing and is added"), "{out}{err}");
    let text = fs::read_to_string(&path).expect("written");
    assert_eq!(text.matches("-----BEGIN CERTIFICATE-----\n").count(), 2, "{text}");
    assert!(text.starts_with("# CN=vpn.lab.example\n") && text.lines().all(|line| line.len() <= 64), "{text}");
    let _ = fs::remove_file(path);
    let folder = scratch("chain-to-stdout");
    fs::create_dir_all(&folder).expect("a folder");
    let here = |args: &[&str]| {
        let all = [&["probe", "--lab", "--fault", "cert.issuer-fetched", "--until", "cert", "--fix-chain", "-"], args].concat();
        let output = sstp_diag(&all).current_dir(&folder).output().expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (code, out, err) = here(&[]);
    let (table, pem) = out.split_once("# CN=vpn.lab.example\n").expect("the chain stands behind the table");
    assert!(code == Some(1) && table.contains("CERT-MISSING-INTERMEDIATE") && pem.ends_with("-----END CERTIFICATE-----\n"), "{out}");
    assert!(err.contains("standard output: 2 certificates, complete up to "), "{err}");
    let (code, out, err) = here(&["-o", "json"]);
    assert!(code == Some(2) && out.is_empty() && err.contains("standard output cannot hold both json and the certificates"), "{err}");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "no file of that name");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn several_trust_sources_give_a_verdict_each_and_one_cause() {
    let sources = |report: &str| {
        let report: serde_json::Value = serde_json::from_str(report).expect("JSON");
        let session = report.get("sessions").map_or(&report, |sessions| &sessions[0]).clone();
        let rows = session["trust"].as_array().expect("verdicts").clone();
        let failing = session["findings"].as_array().expect("findings").iter();
        let failing: Vec<String> =
            failing.filter(|row| row["severity"] == "fail").map(|row| row["id"].as_str().expect("an id").into()).collect();
        let told =
            |row: &serde_json::Value| format!("{} {}", row["source"].as_str().expect("a name"), row["rule"].as_str().unwrap_or("good"));
        (rows.iter().map(told).collect::<Vec<_>>(), failing)
    };
    let lab = ["probe", "--lab", "--until", "cert", "--trust", "system,mozilla"];
    let pcap = scratch("trust.pcapng");
    let capture = pcap.to_str().expect("UTF-8");
    let (code, table, _) = run(&lab);
    assert!(code == Some(0) && table.contains("Certificate judged by\n  lab       good"), "{table}");
    assert_eq!(table.lines().filter(|line| line.contains(" untrusted-root ")).count(), 2, "{table}");
    let (_, json, _) = run(&[&lab[..], &["-o", "json"]].concat());
    let each = ["lab good", "system untrusted-root", "mozilla untrusted-root"].map(String::from).to_vec();
    assert_eq!(sources(&json), (each, vec![]));
    let (code, json, _) = run(&[&lab[..], &["--fault", "cert.expired", "-o", "json"]].concat());
    let each = ["lab expired", "system untrusted-root", "mozilla untrusted-root"].map(String::from).to_vec();
    assert_eq!((code, sources(&json)), (Some(1), (each, vec!["CERT-EXPIRED".to_string()])));
    let (_, json, _) = run(&["probe", "--lab", "--until", "cert", "-o", "json"]);
    assert_eq!(sources(&json), (vec!["lab good".to_string()], vec![]), "in turn, until one trusts");
    assert_eq!(run(&["probe", "--lab", "--pcap", capture]).0, Some(0));
    let judged = ["diagnose", capture, "--trust", "system", "--trust", "mozilla"];
    let (_, json, _) = run(&[&judged[..], &["-o", "json"]].concat());
    assert_eq!(sources(&json).0, ["system untrusted-root", "mozilla untrusted-root"], "{json}");
    assert_eq!(sources(&json).1, ["CERT-UNTRUSTED-ROOT"]);
    let (_, text, _) = run(&judged);
    assert!(text.contains("Certificate judged by\n  system    untrusted-root"), "{text}");
    let (code, _, errors) = run(&["diagnose", capture, "--trust", "none,mozilla"]);
    assert!(code == Some(2) && errors.contains("--trust none judges no certificate"), "{errors}");
    let _ = fs::remove_file(pcap);
}

#[test]
fn a_closed_port_ends_with_1_and_several_reports_are_written_at_once() {
    let target = format!("127.0.0.1:{}", closed_port());
    let (json, junit) = (scratch("report.json"), scratch("report.xml"));
    let outputs = [format!("json={}", json.display()), format!("junit={}", junit.display())];
    let (code, stdout, _) = run(&["probe", &target, "-o", &outputs[0], "-o", &outputs[1]]);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("TCP             ✗ fail"), "the table is on standard output still: {stdout}");
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&json).expect("written")).expect("JSON");
    assert_eq!((&report["schema"], &report["stopped_at"]), (&"sstp-diag/report/1".into(), &"tcp".into()));
    assert!(fs::read_to_string(&junit).expect("written").starts_with("<?xml"));
    for path in [json, junit] {
        fs::remove_file(path).expect("it was there");
    }
}

#[test]
fn the_report_of_the_lab_is_what_the_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../docs/report.schema.json")).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for args in [&["probe", "--lab", "-o", "json"][..], &["probe", "--lab", "-o", "json", "--fault", "cert.expired"]] {
        let (_, stdout, _) = run(args);
        let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
        let errors: Vec<_> = validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert_eq!(errors, Vec::<String>::new(), "{args:?}");
    }
}

#[test]
fn lines_of_json_come_as_things_happen() {
    let (code, stdout, _) = run(&["probe", "--lab", "-o", "ndjson"]);
    let lines: Vec<serde_json::Value> = stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let types: Vec<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!((code, types.first(), types.last()), (Some(0), Some(&"head"), Some(&"summary")));
    let layers: Vec<_> = lines.iter().filter(|line| line["type"] == "layer").filter_map(|line| line["layer"].as_str()).collect();
    assert_eq!((layers.len(), layers[0], layers[12]), (13, "dns", "teardown"), "each layer once");
}

#[test]
fn the_first_ctrl_c_leaves_in_order_and_tells_what_is_known() {
    let mut child = sstp_diag(&["probe", "--lab", "--fault", "lcp.silent", "-o", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
    assert!(lines.any(|line| line.contains(r#""layer":"sstp""#)), "it gets as far as SSTP");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupted.success());
    assert!(lines.any(|line| line.contains(r#""layer":"lcp""#) && line.contains(r#""state":"interrupted""#)), "it was stopped there");
    let summary = lines.find(|line| line.contains(r#""type":"summary""#)).expect("the report comes");
    assert!(summary.contains(r#""verdict":"interrupted""#), "{summary}");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let mut stderr = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("UTF-8");
    assert_eq!(stderr, "sstp-diag: interrupted; this is what is known\n");
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let mut child = sstp_diag(&["catalogue", "codes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn the_lab_prints_a_probe_line_that_works() {
    let mut lab = sstp_diag(&["lab"]).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(lab.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
    let line = lines.find(|line| line.trim_start().starts_with("sstp-diag probe ")).expect("the line");
    let args: Vec<&str> = line.split_whitespace().skip(1).collect();
    let (code, stdout, stderr) = run(&args);
    let _ = Command::new("kill").args(["-INT", &lab.id().to_string()]).status().expect("kill runs");
    assert_eq!(code, Some(0), "{line}\n{stdout}{stderr}");
    assert_eq!(lab.wait().expect("it ends").code(), Some(0));
    let password = args.windows(2).find(|two| two[0] == "--password-file").map(|two| two[1]).expect("a password file");
    assert!(!fs::exists(password).expect("to be asked"), "the lab's files are gone with it");
}

#[test]
fn the_probe_line_of_a_lab_names_the_roots_of_the_eap_server_where_they_are_others() {
    for (fault, roots) in
        [("cert.sha1", &["--ca", "--eap-ca"][..]), ("cert.untrusted-root", &["--eap-ca"]), ("auth.wrong-password", &["--ca"])]
    {
        let mut lab = sstp_diag(&["lab", "--fault", fault]).stdout(Stdio::piped()).spawn().expect("it runs");
        let mut lines = BufReader::new(lab.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
        let line = lines.find(|line| line.trim_start().starts_with("sstp-diag probe ")).expect("the line");
        let named: Vec<&str> = line.split_whitespace().filter(|word| ["--ca", "--eap-ca"].contains(word)).collect();
        let args: Vec<&str> = line.split_whitespace().skip(1).chain(["--auth", "peap"]).collect();
        let (_, stdout, stderr) = run(&args);
        let _ = Command::new("kill").args(["-INT", &lab.id().to_string()]).status().expect("kill runs");
        assert_eq!(lab.wait().expect("it ends").code(), Some(0));
        assert_eq!(named, roots, "{line}");
        assert!(!stdout.contains("AUTH-EAP-SERVERROOT-MISSING"), "{line}\n{stdout}{stderr}");
    }
}

#[test]
fn two_faults_that_set_the_same_are_refused_by_name() {
    for (one, other) in [
        ("http.403", "http.404"),
        ("cert.expired", "cert.wrong-name"),
        ("cert.sha1", "cert.expired"),
        ("cert.revoked-leaf", "cert.revoked-ocsp"),
        ("proxy.auth-required", "proxy.unreachable"),
        ("auth.unknown-user", "auth.umlaut"),
    ] {
        for args in [&["probe", "--lab"][..], &["lab"]] {
            let (code, stdout, stderr) = run(&[args, &["--fault", one, "--fault", other]].concat());
            let both = stderr.contains(one) && stderr.contains(other) && stderr.contains("set the same");
            assert_eq!((code, stdout.as_str(), both), (Some(2), "", true), "{args:?} {one} {other}: {stderr}");
        }
    }
    let (code, _, stderr) =
        run(&["probe", "--lab", "--fault", "cert.expired", "--fault", "auth.wrong-password", "--fault", "cert.expired"]);
    assert_eq!((code, stderr.contains("set the same")), (Some(1), false), "{stderr}");
}

#[test]
fn the_files_of_the_lab_are_for_their_owner_only_and_go_when_it_is_ended() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    for signal in ["-TERM", "-HUP"] {
        let mut lab = sstp_diag(&["lab"]).stdout(Stdio::piped()).spawn().expect("it runs");
        let folder = folder_of(&mut lab);
        assert_eq!((mode(&folder), mode(&folder.join("password"))), (0o700, 0o600));
        let _ = Command::new("kill").args([signal, &lab.id().to_string()]).status().expect("kill runs");
        assert_eq!(lab.wait().expect("it ends").code(), Some(0), "{signal}");
        assert!(!fs::exists(folder).expect("to be asked"), "{signal}");
    }
}

/// `nohup` has the hang-up ignored, and so it stays.
#[test]
fn a_lab_under_nohup_outlives_its_terminal() {
    let program = env!("CARGO_BIN_EXE_sstp-diag");
    let mut lab = Command::new("nohup").args([program, "lab"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it runs");
    let folder = folder_of(&mut lab);
    let kill = |signal: &str| Command::new("kill").args([signal, &lab.id().to_string()]).status().expect("kill runs");
    kill("-HUP");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let lives = fs::exists(&folder).expect("to be asked");
    kill("-INT");
    assert_eq!((lives, lab.wait().expect("it ends").code()), (true, Some(0)));
}

/// The folder that a lab has made for its files.
fn folder_of(lab: &mut std::process::Child) -> std::path::PathBuf {
    let mut lines = BufReader::new(lab.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
    let line = lines.find(|line| line.starts_with("Password")).expect("the line");
    let password = std::path::Path::new(line.split_whitespace().last().expect("a path"));
    password.parent().expect("a folder").to_path_buf()
}

#[test]
fn nothing_is_wider_than_the_width() {
    for width in [40, 59, 60, 80, 100] {
        for fault in [&[][..], &["--fault", "auth.wrong-password"], &["--fault", "http.403"], &["--fault", "cert.expired"]] {
            let number = width.to_string();
            let args = [&["probe", "--lab", "-v", "--width", &number], fault].concat();
            let (_, stdout, _) = run(&args);
            let wide: Vec<_> = stdout.lines().filter(|line| line.chars().count() > width).collect();
            assert!(wide.is_empty() && !stdout.is_empty(), "{args:?}: {wide:?}");
        }
    }
}

#[test]
fn a_password_comes_from_a_file_or_the_environment() {
    let mut command = sstp_diag(&["probe", "--lab", "--user", "alice", "--password-file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    child.stdin.take().expect("piped").write_all(b"Passw0rd!\n").expect("it reads");
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(0));
    let output = sstp_diag(&["probe", "--lab", "--user", "alice"]).env("SSTP_DIAG_PASSWORD", "wrong").output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_place_to_connect_to_takes_the_port_of_the_target() {
    let connect = |place: &str| {
        let (_, stdout, _) = run(&["probe", "x:8443", "--connect", place, "--server-name", "192.0.2.9", "--until", "dns", "-o", "json"]);
        let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
        report["target"]["connect"].as_str().map(str::to_string)
    };
    assert_eq!(connect("127.0.0.1").as_deref(), Some("127.0.0.1:8443"));
    assert_eq!(connect("::1").as_deref(), Some("[::1]:8443"));
    assert_eq!(connect("127.0.0.1:444").as_deref(), Some("127.0.0.1:444"));
}

#[test]
fn a_name_or_a_password_that_pap_cannot_carry_is_refused() {
    let (name, most) = ("a".repeat(256), "b".repeat(255));
    let probe = |user: &str, password: &str| {
        let mut command = sstp_diag(&["probe", "x", "--user", user, "--auth", "pap"]);
        let output =
            command.args(["--until", "dns", "--resolve", "x:127.0.0.1"]).env("SSTP_DIAG_PASSWORD", password).output().expect("it runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    assert_eq!(probe(&most, &most).0, Some(0));
    for (user, password) in [(&name, &most), (&most, &name)] {
        let (code, stderr) = probe(user, password);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains("255 bytes"), "{stderr}");
    }
}

/// Python's pty module is the terminal.
#[test]
fn the_prompt_gives_the_echo_back_when_it_is_interrupted() {
    let script = include_str!("prompt.py");
    let python = Command::new("python3").args(["-c", script, env!("CARGO_BIN_EXE_sstp-diag")]).output();
    let output = python.expect("python3 stands in for a person at a terminal; tests/run.sh installs it");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_proxy_from_the_environment_is_used_unless_told_otherwise() {
    let proxy = format!("http://127.0.0.1:{}", closed_port());
    let probe = |args: &[&str], no_proxy: &str| {
        let mut command = sstp_diag(&["probe", "192.0.2.1", "--until", "dns", "-o", "json"]);
        let output = command.args(args).env("HTTPS_PROXY", &proxy).env("NO_PROXY", no_proxy).output().expect("it runs");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["layers"][2]["learned"][0]["value"].as_str().map(str::to_string)
    };
    assert_eq!(probe(&[], ""), Some(proxy.replace("http://", "")));
    assert_eq!(probe(&["--no-proxy"], ""), None);
    assert_eq!(probe(&[], "192.0.2.0/24"), None);
}

#[test]
fn catalogues_have_the_id_first_and_json_on_request() {
    for what in ["checks", "faults", "codes"] {
        let (code, table, _) = run(&["catalogue", what]);
        let (_, json, _) = run(&["catalogue", what, "-o", "json"]);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&json).expect("an array");
        assert_eq!((code, table.lines().count()), (Some(0), rows.len()), "{what}");
        for (line, row) in table.lines().zip(&rows) {
            assert!(line.starts_with(row["id"].as_str().expect("an id")), "{line}");
        }
    }
    let (list, faults) = (run(&["lab", "--list"]).1, run(&["catalogue", "faults"]).1);
    assert!(list.starts_with(&faults) && list.contains("\nMutants, ") && list.contains("\nbinding.mutant-unchecked "), "{list}");
}

#[test]
fn a_code_is_found_by_every_number_that_windows_shows() {
    let (_, table, _) = run(&["catalogue", "codes"]);
    let (_, page, _) = run(&["catalogue", "codes", "-o", "markdown"]);
    let rows = [
        ("0x800704C9", "ERROR_CONNECTION_REFUSED"),
        ("-2147023671", "ERROR_CONNECTION_REFUSED"),
        ("-2146762495", "CERT_E_EXPIRED"),
        ("0x800B0101", "CERT_E_EXPIRED"),
        ("0x800702B3", "ERROR_AUTHENTICATION_FAILURE"),
    ];
    for (number, name) in rows {
        for text in [&table, &page] {
            assert!(text.lines().any(|line| line.contains(number) && line.contains(name)), "{number} {name}");
        }
    }
}

#[test]
fn the_manual_page_is_up_to_date() {
    let (code, page, _) = run(&["man"]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sstp-diag.1");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, &page).expect("docs is writable");
    }
    assert_eq!(code, Some(0));
    assert_eq!(fs::read_to_string(path).expect("it is there"), page, "UPDATE=1 writes it anew");
}

#[test]
fn every_option_is_in_the_manual() {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md")).expect("it is there");
    for command in ["probe", "decode", "diagnose", "explain", "lab", "replay", "path", "mutate", "catalogue"] {
        let (_, help, _) = run(&[command, "--help"]);
        let options = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
        for option in options.map(|word| word.trim_end_matches([',', ';', '.', ')', '`'])) {
            assert!(manual.contains(&format!("`{option}")), "{command} {option}");
        }
    }
}

/// With TLS 1.3 the refusal comes when the handshake is through for the client: it is waited for where nothing else would be read.
#[test]
fn a_server_that_demands_a_client_certificate_is_found_out_without_a_request() {
    let asked = |fault| run(&["probe", "--lab", "--fault", fault, "--until", "cert"]);
    let (code, out, _) = asked("tls.client-certificate");
    assert!(code == Some(1) && out.contains("TLS-CLIENT-CERT-REQUESTED"), "{out}");
    let (code, out, _) = asked("tls.client-certificate-asked");
    assert!(code == Some(0) && out.contains("TLS-CLIENT-CERT-ASKED"), "{out}");
}

/// UTS 46: DNS, SNI and certificates have A-labels.
#[test]
fn a_name_is_given_as_people_write_it() {
    let target = "B\u{fc}cher.example:9";
    let (_, stdout, stderr) = run(&[
        "probe",
        target,
        "--resolve",
        "b\u{fc}cher.example:127.0.0.1",
        "--server-name",
        "b\u{fc}cher.example",
        "--until",
        "tcp",
        "-o",
        "json",
        "--no-proxy",
    ]);
    assert!(stdout.contains("\"xn--bcher-kva.example\"") && stdout.contains("127.0.0.1"), "{stdout}{stderr}");
}
