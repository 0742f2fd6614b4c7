mod order;

use super::*;
use crate::diag::cause::Cause;
use proptest::prelude::*;

/// The log of that name under `fixtures/logs`, as its program writes it.
fn kept(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs").join(name);
    std::fs::read(path).expect("a log")
}

/// Event ids or sources, with the outcome, of every line.
fn told(log: &Log) -> Vec<String> {
    let short = |line: &LogLine| match line.event {
        Some(id) => format!("{} {id} {}", line.source, line.outcome.name()),
        None => format!("{} {}: {}", line.source, line.outcome.name(), line.says),
    };
    log.lines.iter().map(short).collect()
}

fn causes(log: &Log) -> Vec<&'static str> {
    log.causes.iter().map(|cause| cause.id).collect()
}

#[test]
fn each_kind_of_log_is_known_by_itself_and_names_its_cause() {
    let rows = [
        ("windows-wevtutil.xml", LogFormat::WindowsXml, Some("CERT-EXPIRED")),
        ("windows-event-viewer.xml", LogFormat::WindowsXml, Some("AUTH-LOCKED-OUT")),
        ("windows-event-viewer.csv", LogFormat::WindowsCsv, Some("TCP-FILTERED")),
        ("windows-powershell.csv", LogFormat::WindowsCsv, Some("AUTH-POLICY-812")),
        ("windows-german.csv", LogFormat::WindowsCsv, Some("AUTH-MSCHAP-691")),
        ("windows-wevtutil.txt", LogFormat::WindowsText, Some("TEAR-ECHO-LOST")),
        ("windows-format-list.txt", LogFormat::WindowsText, Some("BIND-CERTHASH-LB")),
        ("sstpc-works.log", LogFormat::Sstpc, None),
        ("sstpc-bad-password.log", LogFormat::Sstpc, Some("AUTH-MSCHAP-691")),
        ("sstpc-expired.log", LogFormat::Sstpc, Some("CERT-EXPIRED")),
        ("sstpc-ended-by-server.log", LogFormat::Sstpc, Some("TEAR-REMOTE")),
        ("softether-server.log", LogFormat::SoftEther, Some("AUTH-MSCHAP-691")),
        ("softether-hang-up.log", LogFormat::SoftEther, None),
        ("softether-wrong-password.log", LogFormat::SoftEther, Some("AUTH-MSCHAP-691")),
        ("accel-ppp.log", LogFormat::AccelPpp, Some("BIND-CMAC-INVALID")),
    ];
    for (name, format, cause) in rows {
        let log = read(&kept(name), None);
        assert_eq!(log.format, format, "{name}");
        assert_eq!(causes(&log).first().copied(), cause, "{name}: {:#?}", told(&log));
        assert_eq!(log.failures > 0, cause.is_some(), "{name}: {:#?}", told(&log));
        assert_eq!((log.cut, log.dropped), (0, 0), "{name}");
        let forced = read(&kept(name), Some(format));
        assert_eq!(forced, log, "{name}");
    }
}

#[test]
fn a_haggle_over_the_login_that_comes_to_nothing_is_named() {
    let line = |says: &str| format!("Mar  1 09:15:22 host pppd[101]: {says}\n");
    let log = |lines: &[&str]| read(lines.iter().map(|says| line(says)).collect::<String>().as_bytes(), Some(LogFormat::Sstpc));
    let (wants, nak) = ("rcvd [LCP ConfReq id=0x1 <auth eap> <magic 0x2>]", "sent [LCP ConfNak id=0x1 <auth chap MS-v2>]");
    let ends = ["rcvd [LCP TermReq id=0x3]", "LCP terminated by peer", "Connection terminated."];
    let in_vain = log(&[&[wants, nak, wants, nak][..], &ends].concat());
    assert_eq!(causes(&in_vain).first(), Some(&"LCP-AUTH-NO-COMMON"), "{:?}", told(&in_vain));
    let told_of = in_vain.lines.iter().find(|line| line.checks == ["LCP-AUTH-NO-COMMON"]).expect("a line");
    assert_eq!((told_of.line, told_of.quoted.contains("ConfNak"), in_vain.failures), (4, true, 2));
    let refused = log(&[&[wants, "sent [LCP ConfRej id=0x1 <auth eap>]"][..], &ends].concat());
    assert_eq!(causes(&refused).first(), Some(&"LCP-AUTH-NO-COMMON"));
    let as_server = log(&[
        "sent [LCP ConfReq id=0x1 <auth pap>]",
        "rcvd [LCP ConfNak id=0x1 <auth chap MS-v2>]",
        "rcvd [LCP TermReq id=0x2]",
        "Connection terminated.",
    ]);
    assert_eq!(causes(&as_server).first(), Some(&"LCP-AUTH-NO-COMMON"));
    // A Nak is how the ends come to agree; what is agreed on later is no failure.
    let agreed =
        log(&[&[wants, nak, "rcvd [LCP ConfReq id=0x2 <auth chap MS-v2>]", "sent [LCP ConfAck id=0x2 <auth chap MS-v2>]"][..], &ends]
            .concat());
    assert!(!causes(&agreed).contains(&"LCP-AUTH-NO-COMMON"), "{:?}", causes(&agreed));
    let other = log(&[&["sent [LCP ConfNak id=0x1 <mru 1400>]"][..], &ends].concat());
    assert!(!causes(&other).contains(&"LCP-AUTH-NO-COMMON"), "a Nak of something else");
    let open = log(&[wants, nak]);
    assert_eq!(causes(&open), [""; 0], "the log ends before anything was settled");
    let insisted = log(&[wants, nak, wants, nak, wants, nak]);
    assert_eq!(causes(&insisted), ["LCP-AUTH-NO-COMMON"]);
}

#[test]
fn events_of_other_programs_are_passed_over() {
    let log = read(&kept("windows-wevtutil.xml"), None);
    assert_eq!(told(&log), ["RasClient 20221 note", "RasClient 20222 note", "RasSstp 1 failure", "RasClient 20227 failure"]);
    assert_eq!((log.records, log.failures, log.successes), (5, 2, 0));
    let last = log.lines.last().expect("a line");
    assert_eq!((last.line, last.at.as_deref()), (4, Some("2024-03-01T08:15:21.6000000Z")));
    assert_eq!(
        last.says,
        "The dial failed, with an error number: 0x800B0101 (-2146762495) CERT_E_EXPIRED (Outside validity period, by the local clock)"
    );
}

#[test]
fn the_oldest_event_comes_first_and_the_most_telling_code_too() {
    let log = read(&kept("windows-event-viewer.xml"), None);
    assert_eq!(
        told(&log),
        [
            "RemoteAccess 20250 success",
            "RemoteAccess 20274 success",
            "Security 4625 failure",
            "NPS 6273 failure",
            "RemoteAccess 20271 failure"
        ]
    );
    let logon = log.lines.get(2).expect("a line");
    assert_eq!(
        logon.codes.iter().map(|code| code.name).collect::<Vec<_>>(),
        ["STATUS_ACCOUNT_LOCKED_OUT", "STATUS_LOGON_FAILURE", "Security event 4625"]
    );
    let denied = log.lines.get(3).expect("a line");
    assert_eq!(denied.checks.first(), Some(&"AUTH-LOCKED-OUT"));
}

#[test]
fn the_message_of_a_row_goes_over_several_lines() {
    let log = read(&kept("windows-event-viewer.csv"), None);
    assert_eq!(log.records, 5);
    // The newest stands first in the file, with dates as a user of the United States sees them.
    assert_eq!(told(&log), ["RasClient 20221 note", "RasClient 20222 note", "RasClient 20227 failure"]);
    assert_eq!(log.lines.iter().map(|line| line.line).collect::<Vec<_>>(), [8, 3, 2]);
    assert_eq!(log.lines.last().and_then(|line| line.at.as_deref()), Some("3/1/2024 9:15:22 AM"));
}

#[test]
fn the_end_of_a_call_is_a_failure_unless_the_user_wanted_it() {
    let text = String::from_utf8(kept("windows-wevtutil.txt")).expect("text");
    assert_eq!(told(&read(text.as_bytes(), None)), ["RasClient 20225 success", "RasClient 20226 failure"]);
    let wanted = text.replace("termination is 829", "termination is 631");
    assert_eq!(told(&read(wanted.as_bytes(), None)), ["RasClient 20225 success", "RasClient 20226 note"]);
}

#[test]
fn the_code_of_a_failed_dial_is_read_in_any_language() {
    let row = "Nivå;Datum och tid;Källa;Händelse-ID;Kategori\nFel;2024-03-01 09:15:22;RasClient;20227;Ingen;\"CoId={1-2}: anslutningen Kontor 7 misslyckades. Returkoden: -2146762495.\"\n";
    let log = read(row.as_bytes(), None);
    assert_eq!((log.format, causes(&log).first().copied()), (LogFormat::WindowsCsv, Some("CERT-EXPIRED")));
}

#[test]
fn what_a_linux_client_says_is_told_in_words() {
    let log = read(&kept("sstpc-bad-password.log"), None);
    let failing: Vec<_> =
        log.lines.iter().filter(|line| line.outcome == Outcome::Failure).map(|line| (line.source, line.says.as_str())).collect();
    assert_eq!(
        failing,
        [
            ("log", "A line with a code of the family MS-CHAPv2: 691 ERROR_AUTHENTICATION_FAILURE (Authentication failed)"),
            ("pppd", "MS-CHAPv2 failed"),
            ("pppd", "The server refuses name or password"),
            ("pppd", "The server ended PPP"),
            ("sstpc", "pppd ended; its own log tells why"),
        ]
    );
    assert_eq!(log.lines.last().map(|line| line.times), Some(2));
    let expired = read(&kept("sstpc-expired.log"), None);
    let codes: Vec<_> = expired.lines.iter().flat_map(|line| &line.codes).map(|code| code.name).collect();
    assert_eq!(codes, ["X509_V_ERR_CERT_HAS_EXPIRED"]);
}

#[test]
fn the_address_of_a_link_is_a_success_with_one_space_or_two() {
    for says in ["local IP address 10.0.0.5", "local  IP address 10.0.0.5"] {
        let log = read(format!("Mar  1 09:15:22 host pppd[101]: {says}\n").as_bytes(), Some(LogFormat::Sstpc));
        assert_eq!((log.successes, log.failures), (1, 0), "{says}");
    }
}

#[test]
fn a_table_without_sources_goes_by_the_ids() {
    let rows = "\"TimeCreated\",\"Id\",\"LevelDisplayName\",\"Message\"\n\"3/1/2024 9:15:22 AM\",\"20227\",\"Error\",\"CoId={1}: The user alice dialed a connection named Office which has failed. The error code returned on failure is 691.\"\n";
    for text in [rows.to_string(), rows.replace('"', "").replace("Office which", "Office, which"), format!("#TYPE Selected.Event\n{rows}")]
    {
        let log = read(text.as_bytes(), None);
        assert_eq!((log.format, told(&log)), (LogFormat::WindowsCsv, vec!["RasClient 20227 failure".to_string()]), "{text}");
    }
    assert_eq!(causes(&read(rows.as_bytes(), None)).first(), Some(&"AUTH-MSCHAP-691"));
}

#[test]
fn an_event_that_is_cut_off_is_told_of() {
    let whole = kept("windows-wevtutil.xml");
    let text = String::from_utf8(whole.clone()).expect("text");
    let end = text.rfind("</EventData>").expect("data");
    assert_eq!((read(&whole, None).cut, read(&text.as_bytes()[..end], None).cut), (0, 1));
}

#[test]
fn the_logs_of_real_peers_are_read() {
    let log = |text: &str| read(text.as_bytes(), None);
    let refused = log(
        "Nov 22 18:23:32 sstpc[32540]: Proxy asked for credentials, none provided \n**Error: Proxy asked for credentials, none provided, (-1)\n",
    );
    assert_eq!((refused.format, causes(&refused)), (LogFormat::Sstpc, vec!["PROXY-AUTH-REQUIRED"]));
    let dropped = log("Nov 22 18:23:05 sstpc[31253]: Connection was aborted, Unknown Status Attribute \n");
    assert_eq!(causes(&dropped).first(), Some(&"SSTP-ABORT-NO-STATUS"));
    let accel = log("Jul 23 09:21:18 host accel-pppd: ppp0:bob: sstp: invalid SHA256 Cert Hash\n");
    assert_eq!((accel.format, causes(&accel).first().copied()), (LogFormat::AccelPpp, Some("BIND-CERTHASH-LB")));
}

/// What sstpc 1.0.18 and pppd 2.4.9 wrote on Debian 12 when that was the matter.
#[test]
fn the_words_of_sstpc_and_pppd_point_to_their_cause() {
    let gave_up = &["sstpc[7]: Connected to localhost", "sstpc[7]: The event loop terminated unsuccessfully"];
    let rows: [(&[&str], &str); 8] = [
        (
            &["sstpc[7]: Connection failed (101)", "sstpc[7]: Could not connect to the server, Network is unreachable (101)"],
            "TCP-ICMP-REJECT",
        ),
        (&["sstpc[7]: Connection failed (113)", "sstpc[7]: Could not connect to the server, No route to host (113)"], "TCP-ICMP-REJECT"),
        (&["sstpc[7]: Connection failed (110)", "sstpc[7]: Could not connect to the server, Connection timed out (110)"], "TCP-FILTERED"),
        (&["sstpc[7]: Could not connect to the server, Connection timed out (110)"], "TCP-FILTERED"),
        (gave_up, "LCP-NO-PPP-DEVICE"),
        (
            &[
                "sstpc[7]: Sending Connect-Request Message",
                "sstpc[7]:     STATUS INFO(2): 12",
                "sstpc[7]: Connection was aborted, Value of attribute is incorrect",
            ],
            "BIND-REFUSED",
        ),
        (
            &["pppd[8]: EAP: unknown authentication type 25; Naking", "pppd[8]: EAP: peer reports authentication failure"],
            "AUTH-EAP-METHOD-MISMATCH",
        ),
        (&["pppd[8]: EAP: unknown authentication type 25; Naking", "pppd[8]: EAP authentication failed"], "AUTH-EAP-METHOD-MISMATCH"),
    ];
    for (lines, cause) in rows {
        let text: String = lines.iter().map(|line| format!("Nov 27 07:23:07 host {line} \n")).collect();
        let log = read(text.as_bytes(), None);
        assert_eq!((log.format, causes(&log).first().copied()), (LogFormat::Sstpc, Some(cause)), "{text}{:#?}", told(&log));
        assert!(log.lines.iter().all(|line| ["sstpc", "pppd"].contains(&line.source)), "{:#?}", told(&log));
        assert!(!told(&log).iter().any(|line| line.contains("UNRECOGNIZED_ATTRIBUTE")), "{:#?}", told(&log));
    }
}

#[test]
fn the_encoding_does_not_matter() {
    let utf8 = kept("windows-wevtutil.xml");
    let text = String::from_utf8(utf8.clone()).expect("text");
    let big: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    assert_eq!(read(&big, None), read(&utf8, None));
}

#[test]
fn a_log_comes_in_pieces() {
    for name in ["windows-event-viewer.xml", "windows-event-viewer.csv", "windows-format-list.txt", "softether-server.log"] {
        let whole = kept(name);
        for piece in [1, 7, 4096] {
            let mut reader = Reader::new(None);
            whole.chunks(piece).for_each(|piece| reader.feed(piece));
            assert_eq!(reader.finish(), read(&whole, None), "{name} in pieces of {piece}");
        }
    }
}

#[test]
fn other_text_is_searched_for_codes_and_not_quoted() {
    let log = read(b"user alice, password hunter2: error 691\nnothing here\n2024-05-05 10:00:00 RasSstp event 6 was seen\n", None);
    assert_eq!(log.format, LogFormat::Plain);
    assert_eq!((log.lines.len(), log.failures), (2, 1));
    assert!(!format!("{log:?}").contains("hunter2"));
}

#[test]
fn a_log_of_any_size_takes_bounded_memory() {
    let mut reader = Reader::new(None);
    let line = "Mar  1 08:22:33 sstpc[4711]: Connection was aborted, Unknown Status Attribute\nMar  1 08:22:34 sstpc[4711]: Connection Established\n";
    let lot = line.repeat(100);
    (0..60).for_each(|_| reader.feed(lot.as_bytes()));
    reader.feed("x".repeat(3 * RECORD_MAX).as_bytes());
    let log = reader.finish();
    assert_eq!(
        (log.lines.len(), log.dropped, log.failures, log.successes, log.cut),
        (LINES_MAX, 12_000 - LINES_MAX as u64, 6_000, 6_000, 1)
    );
    assert_eq!(log.causes.first().map(|cause| (cause.id, cause.lines, cause.first)), Some(("SSTP-ABORT-NO-STATUS", 6_000, 1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_in_any_format(bytes in prop::collection::vec(any::<u8>(), 0..2000), format in 0..LogFormat::ALL.len()) {
        read(&bytes, None);
        let log = read(&bytes, LogFormat::ALL.get(format).copied());
        prop_assert!(log.lines.iter().flat_map(|line| &line.checks).all(|id| Cause::by_id(id).is_some()));
    }

    #[test]
    fn a_spoilt_log_is_read(name in prop::sample::select(vec!["windows-event-viewer.xml", "windows-event-viewer.csv", "windows-wevtutil.txt", "accel-ppp.log"]),
                            spoilt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let mut bytes = kept(name);
        for (at, byte) in spoilt {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read(&bytes, None);
    }
}
