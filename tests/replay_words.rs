//! What `replay` tells: values whole, why a file is no recording, what an edit or a pattern did not find, and what is not compared.

use crate::captures::folder;
use crate::replay::sstp_diag;
use crate::scratch::Scratch;
use serde_json::Value;

fn call() -> String {
    folder().join("softether-ok-tls12.pcapng").display().to_string()
}

fn json(args: &[&str]) -> (Option<i32>, Value) {
    let (code, stdout, stderr) = sstp_diag(&[args, &["-o", "json"]].concat());
    (code, serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}")))
}

#[test]
fn every_value_that_is_made_anew_is_shown_whole() {
    let call = call();
    let args = ["replay", call.as_str(), "--lab", "--seed", "1", "--explain"];
    let (code, document) = json(&args);
    assert_eq!(code, Some(0), "{document:#}");
    let rows: Vec<&Value> =
        document["ends"].as_array().into_iter().flatten().flat_map(|end| end["substituted"].as_array()).flatten().collect();
    let sent = |field: &str| rows.iter().find(|row| row["field"] == field).and_then(|row| row["sent"].as_str()).expect(field);
    // 32 bytes each, and what proves the password stays hidden.
    let nonce = sent("sstp.call-connected crypto-binding.nonce");
    assert!(nonce.len() == 64 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()), "{nonce}");
    assert_eq!(sent("sstp.call-connected crypto-binding.compound-mac").len(), 64);
    let proof = sent("chap.response nt-response");
    assert!(proof.len() >= 24 && proof.bytes().all(|byte| byte == b'*'), "{proof}");
    for width in ["60", "80", "300"] {
        let (_, text, _) = sstp_diag(&[&args[..], &["--width", width]].concat());
        let wide = text.lines().find(|line| line.chars().count() > width.parse().expect("a number"));
        assert_eq!(wide, None, "{text}");
        let flat: String = text.split_whitespace().collect();
        // The lab has another port and another certificate at every start.
        let anew = ["http.host", "binding.cert-hash", "binding.compound-mac"];
        let sent = |row: &Value| row["sent"].as_str().filter(|_| !anew.iter().any(|rule| row["rule"] == *rule)).map(String::from);
        for value in rows.iter().flat_map(|row| [row["recorded"].as_str().map(String::from), sent(row)]).flatten() {
            assert!(!value.contains('…') && flat.contains(&value.split_whitespace().collect::<String>()), "{width}: {value}\n{text}");
        }
    }
}

#[test]
fn what_is_no_recording_is_told_what_would_be_one() {
    let scratch = Scratch::new("replay-files");
    let file = scratch.path("file");
    let rows: [(&[u8], &str); 6] = [
        (b"", "it is empty"),
        (b"\x00\x9c\xff\x12\x80\x07\x01\xfe\x00\x00", "it looks like nothing known, it begins with 009cff1280"),
        (b"a list of things to do\n", "it looks like text"),
        (b"sstp-diag script 2\n1.0 client x#1 00\n", "a script of version 2, and this program reads version 1"),
        (b"\xef\xbb\xbfsstp-diag script 1x\n", "a script of version 1x, and this program reads version 1"),
        (b"PK\x03\x04 and so on, as archives do", "a zip archive"),
    ];
    for (bytes, found) in rows {
        std::fs::write(&file, bytes).expect("written");
        for args in [&["replay", file.as_str(), "--lab"][..], &["mutate", file.as_str(), "--lab"]] {
            let (code, stdout, stderr) = sstp_diag(args);
            assert_eq!((code, stdout.as_str()), (Some(3), ""), "{stderr}");
            assert!(stderr.contains(found), "{found}: {stderr}");
            let wanted = ["a capture (pcap or pcapng", "a saved transcript (.jsonl", "a script (its first line is sstp-diag script 1)"];
            let told = found.contains("version") || wanted.iter().all(|wanted| stderr.contains(wanted));
            assert!(told, "{found}: {stderr}");
        }
    }
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_taken() {
    let (scratch, call) = (Scratch::new("replay-bom"), call());
    let (script, saved, marked) = (scratch.path("call.txt"), scratch.path("call.jsonl"), scratch.path("marked"));
    assert_eq!(sstp_diag(&["replay", &call, "--export-script", &script]).0, Some(0));
    assert_eq!(sstp_diag(&["decode", &call, "--save", &saved]).0, Some(0));
    for path in [&script, &saved] {
        let text = std::fs::read_to_string(path).expect("written").replace('\n', "\r\n");
        std::fs::write(&marked, format!("\u{feff}{text}")).expect("written");
        let (code, stdout, stderr) = sstp_diag(&["replay", &marked, "--lab"]);
        assert!(code == Some(0) && stdout.contains("Equal") && stderr.is_empty(), "{path}: {stdout}{stderr}");
    }
}

#[test]
fn a_bad_line_of_a_transcript_has_one_number() {
    let (scratch, call) = (Scratch::new("replay-line"), call());
    let saved = scratch.path("call.jsonl");
    assert_eq!(sstp_diag(&["decode", &call, "--save", &saved]).0, Some(0));
    let text = std::fs::read_to_string(&saved).expect("written");
    let cut = |(n, line): (usize, &str)| if n == 6 { format!("{}\n", &line[..9]) } else { format!("{line}\n") };
    std::fs::write(&saved, text.lines().enumerate().map(cut).collect::<String>()).expect("written");
    let (_, _, stderr) = sstp_diag(&["replay", &saved, "--lab"]);
    assert!(stderr.contains("line 7: ") && stderr.contains("column 9"), "{stderr}");
    assert_eq!(stderr.matches("line ").count(), 1, "{stderr}");
}

#[test]
fn an_edit_that_is_not_applied_is_told_why() {
    let call = call();
    let rows = [
        ("sstp.call-connected set crypto-binding.nonce=hex:00", "crypto-binding.nonce has 32 bytes, and 1 is given"),
        ("sstp.call-connected set crypto-binding.nonce=5", "crypto-binding.nonce has 32 bytes, and wants them as hex:..."),
        ("sstp.call-connected flip crypto-binding.nonce.256", "crypto-binding.nonce has 256 bits, counted from 0"),
        ("sstp.call-connected set crypto-binding.nonsense=5", "it has no field crypto-binding.nonsense"),
        ("lcp.configure-ack#1 drop nonsense", "it has no field nonsense"),
        ("lcp.configure-ack#9 drop", "the client sends no such message"),
        ("sstp.call-connect-ack set version=1", "the client sends no such message"),
    ];
    for (edit, why) in rows {
        let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--edit", edit]);
        let flat = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == Some(3) && flat.contains(&format!("Not applied {edit} {why}")), "{edit}: {stdout}");
    }
    // What was moved was edited.
    let early = "ipcp.configure-request#2 early ipcp.configure-request#1";
    let (_, document) = json(&["replay", &call, "--lab", "--edit", early, "--edit", "lcp.configure-ack#1 early ipcp.configure-ack#1"]);
    let end = &document["ends"][0];
    assert_eq!((&end["edited"][0], &end["not_applied"][0]["why"]), (&early.into(), &"ipcp.configure-ack#1 does not come before it".into()));
    // What stands behind the first divergence was not reached.
    let edits = ["--edit", "sstp.call-connect-request set encapsulated-protocol.protocol-id=2", "--edit", "chap.response#1 drop"];
    let (code, document) = json(&[&["replay", &call, "--lab"][..], &edits].concat());
    let row = &document["ends"][0]["not_applied"][0];
    assert_eq!((code, row["edit"].as_str()), (Some(1), Some("chap.response#1 drop")), "{document:#}");
    assert_eq!(row["why"], "the run ended before this message", "{document:#}");
}

#[test]
fn a_pattern_that_meets_nothing_is_said() {
    let call = call();
    let run = |patterns: &[&str]| {
        let flags: Vec<&str> = patterns.iter().flat_map(|pattern| ["--ignore", pattern]).collect();
        json(&[&["replay", &call, "--lab"][..], &flags].concat())
    };
    // http.request is ours, and nobody compares it.
    let (code, document) = run(&["nonsense", "ipcp.*:nofield", "http.request", "http.response:server", "lcp.configure-*"]);
    assert_eq!(code, Some(0), "{document:#}");
    assert_eq!(document["ignores_nothing"], serde_json::json!(["nonsense", "ipcp.*:nofield", "http.request"]), "{document:#}");
    let (_, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--ignore", "nonsense"]);
    assert!(stdout.contains("Ignores nothing: no such message or field was recorded or came\n  nonsense\n"), "{stdout}");
    // A message that only comes now is ignored too, and with --both one end is enough.
    let other = ["replay", &call, "--lab", "--fault", "sstp.nak", "--until", "sstp", "--ignore", "sstp.call-connect-nak"];
    assert_eq!(json(&other).1["ignores_nothing"], serde_json::json!([]));
    let both = ["replay", &call, "--both", "--ignore", "http.request", "--ignore", "http.response:server"];
    assert_eq!(json(&both).1["ignores_nothing"], serde_json::json!([]));
}

#[test]
fn a_fault_below_http_is_said_to_be_not_compared() {
    let call = call();
    let run = |fault: &str| json(&["replay", &call, "--lab", "--fault", fault, "--until", "sstp"]).1;
    let says = run("cert.expired")["not_compared"].to_string();
    assert!(says.contains("cert.expired") && says.contains("below HTTP"), "{says}");
    assert_eq!(run("ncp.no-dns")["not_compared"], serde_json::json!([]));
    let (code, stdout, _) = sstp_diag(&["replay", &call, "--lab", "--fault", "cert.expired"]);
    let flat = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(code == Some(0) && flat.contains("Not compared: cert.expired lies below HTTP"), "{stdout}");
}

/// A retransmission comes because nobody has answered in time; whatever else comes again is no part of the recording.
#[test]
fn what_comes_again_though_it_was_answered_is_a_divergence() {
    let call = call();
    let rows = [
        ("lcp.request-flood", "lcp.configure-request#1", "lcp.configure-request came again"),
        ("auth.challenge-flood", "chap.challenge#1", "chap.challenge came again"),
        ("sstp.mutant-two-acks", "sstp.call-connect-ack#1", "sstp.call-connect-ack came again"),
        ("teardown.mutant-two-acks", "sstp.call-disconnect-ack#1", "sstp.call-disconnect-ack came again"),
    ];
    for (fault, place, says) in rows {
        let (code, page) = json(&["replay", &call, "--lab", "--fault", fault]);
        let first = &page["ends"][0]["divergences"][0];
        assert_eq!((code, first["kind"].as_str(), first["place"].as_str()), (Some(1), Some("again"), Some(place)), "{fault}: {first:#}");
        assert!(first["says"].as_str().is_some_and(|words| words.starts_with(says)), "{fault}: {first:#}");
        let (_, text, _) = sstp_diag(&["replay", &call, "--lab", "--fault", fault, "-v", "--width", "120"]);
        let name = says.split(' ').next().unwrap_or_default();
        let extra = text.lines().filter(|line| line.trim_start().starts_with(&format!("> <- {name}"))).count();
        assert!((1..=16).contains(&extra), "{fault}: {extra} in {text}");
    }
}

#[test]
fn a_narrow_report_is_as_wide_as_it_was_told() {
    let (code, text, _) = sstp_diag(&["replay", &call(), "--lab", "--fault", "sstp.nak", "--width", "40"]);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert_eq!((code, widest.is_some_and(|widest| widest <= 40)), (Some(1), true), "{text}");
}

#[test]
fn connections_without_sstp_are_counted() {
    let plain = crate::captures::folder().join("plain-curl-post.pcapng").display().to_string();
    let (code, _, stderr) = sstp_diag(&["replay", &plain, "--lab"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("there is no SSTP in it (1 connection, which is no SSTP)"), "{stderr}");
}
