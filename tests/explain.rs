//! `explain` as its users meet it: arguments, standard input, files, exit codes.

use clap::Parser;
use sstp_diag::cli::Cli;
use sstp_diag::diag::cause;
use sstp_diag::diag::explain::{of_cause, of_layer};
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn explain(args: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    command.arg("explain").args(args).env_remove("NO_COLOR").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    // A run that does not read its input may have closed it already.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    (status.code(), String::from_utf8(stdout).expect("UTF-8"), String::from_utf8(stderr).expect("UTF-8"))
}

fn log(name: &str) -> String {
    format!("{}/fixtures/logs/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_is_known_ends_with_0_and_what_is_not_with_1() {
    let rows: &[(&[&str], i32, &str)] = &[
        (&["0x800B0101"], 0, "CERT_E_EXPIRED"),
        (&["-2146762495"], 0, "CERT_E_EXPIRED"),
        (&["error", "691"], 0, "691 ERROR_AUTHENTICATION_FAILURE"),
        (&["E=691"], 0, "MS-CHAPv2"),
        (&["The remote connection was denied because the user name and password combination you provided is not recognized"], 0, "691"),
        (&["event", "20227", "CERT-EXPIRED", "tls"], 0, "TLS (layer tls)"),
        (&["16"], 0, "stands in several families"),
        (&["CERT-EXPIERD"], 1, "CERT-EXPIRED"),
        (&["CERT-EXPIRED", "0x80071234"], 0, "4660"),
        (&["auth.wrong-password"], 0, "AUTH-MSCHAP-691"),
        (&["auth.wrong-pasword"], 1, "auth.wrong-password"),
        (&["E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=no"], 0, "another try is allowed"),
        (&["Fehler", "691:", "Die", "Remoteverbindung", "wurde", "nicht", "hergestellt"], 0, "German"),
        (&["everything is broken"], 1, "is not known"),
        (&["I ate 691 apples in 2024"], 1, "is not known"),
        (&["call 0800 809 809 now"], 1, "is not known"),
        (&["xyzzy"], 1, "Was one of these meant?"),
        (&["99999"], 1, "Schannel event 36888"),
        (&["error 13801"], 0, "SSTP-TUNNEL-TYPE-AUTO"),
        (&["-2146762495 (0x800B0101)"], 0, "CERT_E_EXPIRED"),
        (&["-2146762495 "], 0, "CERT_E_EXPIRED"),
        (&["80092013h"], 0, "CRYPT_E_REVOCATION_OFFLINE"),
        (&["NT_STATUS_LOGON_FAILURE"], 0, "STATUS_LOGON_FAILURE"),
        (&["TLS alert: handshake failure (40)"], 0, "40 handshake_failure"),
        (&["0x800B0199"], 1, "CERT_E_INVALID_NAME"),
        (&["NPS", "8"], 0, "does not exist"),
        (&["verify error:num=47:permitted subtree violation"], 0, "CERT-NAME-CONSTRAINTS"),
    ];
    for (args, code, says) in rows {
        let (status, out, err) = explain(args, b"");
        assert_eq!((status, err.as_str()), (Some(*code), ""), "{args:?}\n{out}");
        assert!(out.contains(says), "{args:?}\n{out}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let rows: &[(&[&str], &str)] = &[
        (&[], "<X>"),
        (&[""], "nothing to explain"),
        (&["-"], "nothing to explain"),
        (&["-", "-"], "once"),
        (&["691", "--log", "x"], "cannot be used with"),
        (&["691", "-o", "yaml"], "text, json, markdown"),
        (&["691", "--log-format", "sstpc"], "--log"),
        (&["--log", "x", "--log-format", "syslog"], "windows-xml"),
        (&["691", "--width", "10"], "40"),
    ];
    for (args, says) in rows {
        let (status, out, err) = explain(args, b"");
        assert_eq!((status, out.as_str()), (Some(2), ""), "{args:?}\n{err}");
        assert!(err.contains(says), "{args:?}\n{err}");
    }
}

#[test]
fn text_comes_on_standard_input() {
    let (status, out, _) =
        explain(&["-", "-o", "json"], b"Error 800: The remote connection was not made because the attempted VPN tunnels failed.");
    let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((status, value["subjects"][0]["codes"][0]["number"].as_u64()), (Some(0), Some(800)));
    let (status, out, _) = explain(&["-"], &std::fs::read(log("windows-event-viewer.xml")).expect("a log"));
    assert_eq!(status, Some(0));
    assert!(out.contains("STATUS_ACCOUNT_LOCKED_OUT") && out.contains("NPS reason 36"), "{out}");
}

#[test]
fn a_log_with_a_failure_ends_with_1_and_one_without_with_0() {
    let works = log("sstpc-works.log");
    let (status, out, err) = explain(&["--log", &works], b"");
    assert_eq!((status, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("No failure"), "{out}");
    let (status, out, _) = explain(&["--log", &works, "--log", &log("windows-event-viewer.csv")], b"");
    assert_eq!(status, Some(1));
    assert!(out.contains("TCP-FILTERED") && out.contains("read as windows-csv"), "{out}");
    let (status, out, _) = explain(&["--log", "-"], b"Mar  1 08:22:33 sstpc[1]: Connection was aborted, Unknown Status Attribute\n");
    assert_eq!(status, Some(1));
    assert!(out.contains("SSTP-ABORT-NO-STATUS"), "{out}");
    let (status, out, _) = explain(&["--log", "-"], b"nothing\nof interest\n");
    assert_eq!(status, Some(1));
    assert!(out.starts_with("Nothing in 2 records says anything about an SSTP call"), "{out}");
}

#[test]
fn failing_lines_are_counted_and_the_attempts_they_belong_to() {
    let run = |pid: u32| {
        format!(
            "Mar  1 08:22:33 sstpc[{pid}]: Started PPP Link Negotiation\nMar  1 08:22:34 pppd[{}]: MS-CHAP authentication failed: E=647 Account disabled\n\
             Mar  1 08:22:34 sstpc[{pid}]: Connection was aborted, reason unknown\n",
            pid + 1
        )
    };
    let (status, out, _) = explain(&["--log", "-", "-o", "json"], (run(10) + &run(20)).as_bytes());
    let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let log = &value["logs"][0];
    assert_eq!((status, log["failures"].as_u64(), log["attempts"].as_u64()), (Some(1), Some(4), Some(2)), "{out}");
    assert_eq!(log["causes"][0]["finding"]["id"].as_str(), Some("AUTH-MSCHAP-647"), "{out}");
    assert_eq!(log["lines"].as_array().and_then(|lines| lines.last()).and_then(|line| line["attempt"].as_u64()), Some(2));
    let (_, out, _) = explain(&["--log", "-", "-o", "json"], b"error 809\n");
    assert!(out.contains("\"attempts\": null"), "{out}");
}

#[test]
fn a_log_that_cannot_be_read_says_what_to_do() {
    let (status, _, err) = explain(&["--log", "/nonexistent/x.xml"], b"");
    assert_eq!(status, Some(3));
    assert!(err.contains("/nonexistent/x.xml"), "{err}");
    let (status, _, err) = explain(&["--log", "-"], b"ElfFile\0\0\0\0");
    assert_eq!(status, Some(2));
    assert!(err.contains("wevtutil"), "{err}");
}

#[test]
fn every_command_line_that_is_printed_is_understood() {
    let filled = |line: &str| {
        line.replace("HOST", "vpn.example.test")
            .replace("USER", "alice")
            .replace("PORT", "8443")
            .replace("PROXY", "proxy.example.test")
            .replace("ADDRESS", "192.0.2.1")
    };
    let lines = cause::all().flat_map(of_cause).chain(sstp_diag::base::Layer::ALL.map(of_layer)).map(|how| how.line);
    for line in lines {
        let words = filled(line).replace('\'', "");
        assert!(Cli::try_parse_from(words.split(' ')).is_ok(), "{line}");
    }
}

/// `tail -f LOG | sstp-diag explain --log -`: the log never ends.
#[test]
fn ctrl_c_ends_a_log_that_is_still_being_written() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sstp-diag"));
    let mut child =
        command.args(["explain", "--log", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = child.stdin.take().expect("piped");
    log.write_all(b"Nov 27 07:23:07 host sstpc[7]: Connection failed (111) \n").expect("it reads");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(child.try_wait().expect("a child").is_none(), "it waits for more");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupted.success());
    let output = child.wait_with_output().expect("it ends");
    let page = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), page.contains("TCP-REFUSED")), (Some(130), true), "{page}");
    drop(log);
}
