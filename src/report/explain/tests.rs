use super::*;
use crate::base::Layer;
use crate::diag::explain::explain;
use crate::diag::log;
use crate::report::Style;
use insta::assert_snapshot;

const WRONG_PASSWORD: LabFault =
    LabFault { id: "auth.wrong-password", layer: Layer::Auth, title: "the password is wrong", kind: "fault", found_by: "AUTH-MSCHAP-691" };

fn faults(id: &str) -> Vec<&'static str> {
    if id == "CERT-EXPIRED" { vec!["cert.expired"] } else { Vec::new() }
}

fn shown(text: &str, format: &str, width: usize, colour: bool) -> String {
    let explained = explain(text, &[WRONG_PASSWORD]);
    let style = Style { width, colour, ..Style::default() };
    let mut out = Vec::new();
    let format = EXPLAIN_FORMATS.iter().find(|row| row.name == format).expect("a format");
    (format.render)(&Explanation { explained: &explained, faults: &faults, style }, &mut out).expect("memory takes it");
    String::from_utf8(out).expect("UTF-8")
}

fn logged(name: &str, format: &str, verbose: bool) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs").join(name);
    let log = log::read(&std::fs::read(path).expect("a log"), None);
    let style = Style { verbose, ..Style::default() };
    let explained = Explained::default();
    let mut out = Vec::new();
    let format = EXPLAIN_FORMATS.iter().find(|row| row.name == format).expect("a format");
    (format.logs)(&[LogReport { file: name.to_string(), log }], &Explanation { explained: &explained, faults: &faults, style }, &mut out)
        .expect("memory takes it");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_code_with_its_causes() {
    assert_snapshot!(shown("-2146762495", "text", 80, false));
}

#[test]
fn an_ambiguous_number() {
    assert_snapshot!(shown("16", "text", 80, false));
}

#[test]
fn a_finding_a_cause_that_no_check_sees_and_a_layer() {
    assert_snapshot!(shown("CERT-EXPIRED AUTH-LOCKED-OUT binding", "text", 80, false));
}

#[test]
fn a_failure_message_and_a_fault() {
    let message = "E=691 R=1 C=0123456789ABCDEF0123456789ABCDEF V=3 M=Access \x1b[31mdenied";
    assert_snapshot!(shown(&format!("rcvd [CHAP Failure id=0x1 \"{message}\"]"), "text", 80, false));
    assert_snapshot!(shown("auth.wrong-password", "text", 80, false));
    assert_snapshot!(shown(&format!("auth.wrong-password {message}"), "markdown", 80, false));
    let value: serde_json::Value = serde_json::from_str(&shown(message, "json", 80, false)).expect("JSON");
    assert_eq!(value["subjects"][0]["kind"], "mschap-failure");
    assert!(value["subjects"][0]["fields"]["R"].as_str().is_some_and(|says| says.starts_with("1: another try")), "{value}");
    assert_eq!(value["subjects"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_not_known() {
    assert_snapshot!(shown("CERT-EXPIERD 0x800B0199 alert 150", "text", 80, false));
}

#[test]
fn a_code_in_markdown() {
    assert_snapshot!(shown("E=691", "markdown", 80, false));
}

#[test]
fn logs_of_windows_and_of_linux() {
    assert_snapshot!(logged("windows-event-viewer.xml", "text", false));
    assert_snapshot!(logged("sstpc-bad-password.log", "text", true));
    assert_snapshot!(logged("sstpc-works.log", "text", false));
    assert_snapshot!(logged("accel-ppp.log", "markdown", false));
}

#[test]
fn json_has_everything() {
    let value: serde_json::Value =
        serde_json::from_str(&shown("691 CERT-EXPIRED tls nonsense NON_SENSE", "json", 80, false)).expect("JSON");
    assert_eq!(value["schema"], "sstp-diag/explain/1");
    let kinds: Vec<_> =
        value["subjects"].as_array().expect("a list").iter().map(|subject| subject["kind"].as_str().expect("a kind").to_string()).collect();
    assert_eq!(kinds, ["code", "finding", "layer"]);
    assert_eq!(value["unknown"][0]["quoted"], "NON_SENSE");
    let code = &value["subjects"][0]["codes"][0];
    assert_eq!(
        (code["name"].as_str(), code["signed"].as_i64(), code["verified"].as_bool()),
        (Some("ERROR_AUTHENTICATION_FAILURE"), Some(-2147024205), Some(true))
    );
    assert_eq!(code["causes"][0]["id"], "AUTH-MSCHAP-691");
    assert!(code["causes"][0]["check_with"][0]["command"].as_str().is_some_and(|line| line.starts_with("sstp-diag ")));
    let log: serde_json::Value = serde_json::from_str(&logged("windows-wevtutil.xml", "json", false)).expect("JSON");
    assert_eq!(
        (log["logs"][0]["failures"].as_u64(), log["logs"][0]["causes"][0]["finding"]["id"].as_str()),
        (Some(2), Some("CERT-EXPIRED"))
    );
    assert_eq!(log["logs"][0]["lines"][3]["codes"][0]["name"], "CERT_E_EXPIRED");
}

#[test]
fn no_line_is_wider_than_asked_for_but_for_what_can_be_copied() {
    for width in [40, 80, 120] {
        let text = shown("0x800B0101 16 AUTH-LOCKED-OUT cert CERT-EXPIERD", "text", width, false);
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > width).collect();
        assert!(wide.is_empty(), "{width}: {wide:?}");
    }
}

#[test]
fn colour_adds_nothing_but_colour_and_text_cannot_disturb_a_terminal() {
    let text = "0x800B0101 CERT-EXPIERD";
    let coloured = shown(text, "text", 80, true);
    assert!(coloured.contains("\x1b[1m"));
    let plain: String = ["\x1b[1m", "\x1b[1;31m", "\x1b[33m", "\x1b[0m"].iter().fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(plain, shown(text, "text", 80, false));
    for format in EXPLAIN_FORMATS {
        let shown = shown("\x1b[2Jfoo\u{202e} bar 0x8009FFFF", format.name, 80, false);
        assert!(!shown.contains(['\x1b', '\u{202e}']), "{}", format.name);
    }
}
