use super::*;
use crate::diag::codes::Family;

fn names(text: &str) -> Vec<&'static str> {
    let rows = |meaning: &Meaning| match meaning {
        Meaning::Codes(rows) => rows.iter().map(|row| row.name).collect(),
        Meaning::Cause(cause) => vec![cause.id()],
        Meaning::Layer(layer) => vec![layer.name()],
        Meaning::Chap(_) => vec!["message"],
        Meaning::Fault(fault) => vec![fault.id],
    };
    explain(text, &[]).subjects.iter().flat_map(|subject| rows(&subject.meaning)).collect()
}

#[test]
fn a_pasted_event_is_explained_by_its_codes() {
    let xml = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='RasClient'/><EventID Qualifiers='0'>20227</EventID>\
        <TimeCreated SystemTime='2024-03-01T09:15:22.0000000Z'/></System><EventData><Data>{64C727FF-623D-4738-AD8F-0123456789AB}</Data>\
        <Data>CORP\\alice</Data><Data>Office VPN</Data><Data>-2146762495</Data></EventData></Event>";
    assert_eq!(names(xml), ["CERT_E_EXPIRED", "RasClient event 20227"]);
    let copied = "Log Name:      Application\r\nSource:        RasClient\r\nDate:          01.03.2024 09:15:22\r\nEvent ID:      20227\r\n\
        Level:         Error\r\nDescription:\r\nCoId={64C727FF-623D-4738-AD8F-0123456789AB}: The user alice dialed a connection named VPN which has failed. \
        The error code returned on failure is 809.\r\n";
    assert_eq!(names(copied), ["ERROR_VPN_TIMEOUT", "RasClient event 20227"]);
}

#[test]
fn what_is_said_twice_is_explained_once() {
    assert_eq!(names("0x800B0101 -2146762495 CERT_E_EXPIRED tls TLS"), ["CERT_E_EXPIRED", "tls"]);
    // Both families of the number stand in the first subject; the second adds nothing.
    assert_eq!(explain("691 E=691", &[]).subjects.len(), 1);
    let first = explain("E=691 691", &[]).subjects;
    assert!(
        matches!(first.get(1).map(|subject| &subject.meaning), Some(Meaning::Codes(rows)) if rows.iter().all(|row| row.family == Family::Ras))
    );
}

#[test]
fn long_text_is_read_to_its_limit() {
    let text = format!("error 691 {}error 809", "ü ".repeat(MAX_TEXT / 2));
    assert_eq!(names(&text), ["ERROR_AUTHENTICATION_FAILURE"]);
    assert!(explain(&text, &[]).notes.iter().any(|note| note.contains("256 KiB")));
    assert!(explain("error 691", &[]).notes.is_empty());
}

#[test]
fn a_line_that_only_its_program_writes_is_explained_by_its_causes() {
    assert_eq!(names("pppd[12]: EAP: timeout waiting for request from peer"), ["AUTH-RADIUS-TIMEOUT"]);
    assert!(names("Mar  1 08:22:33 sstpc[1]: Connection was aborted, Unknown Status Attribute").contains(&"SSTP-ABORT-NO-STATUS"));
}
