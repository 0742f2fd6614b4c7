use super::*;
use std::io::Write;

const RANDOM: [u8; 32] = [0xab; 32];

fn line(label: &str, random: u8, len: usize) -> String {
    format!("{label} {} {}\n", format!("{random:02x}").repeat(32), "5c".repeat(len))
}

#[test]
fn every_label_of_use_is_read_and_the_others_are_passed_over() {
    let mut keys = Keys::new();
    let text = [
        "# a comment\r\n\r\n".to_string(),
        line("CLIENT_RANDOM", 0xab, 48),
        line("CLIENT_EARLY_TRAFFIC_SECRET", 0xab, 32),
        line("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 0xab, 48),
        line("SERVER_HANDSHAKE_TRAFFIC_SECRET", 0xab, 48).replace('\n', "\r\n"),
        line("CLIENT_TRAFFIC_SECRET_0", 0xab, 48).to_uppercase(),
        line("SERVER_TRAFFIC_SECRET_0", 0xab, 48),
        line("EXPORTER_SECRET", 0xab, 48),
        format!("RSA 0102030405060708 {}", "77".repeat(48)),
    ];
    keys.blob(format!("\u{feff}{}", text.concat()).as_bytes());
    assert_eq!((keys.bad(), keys.len(), keys.generation()), (&[][..], 1, 7));
    for label in [Label::Master, Label::ClientHandshake, Label::ServerHandshake, Label::ClientTraffic, Label::ServerTraffic] {
        assert_eq!(keys.find(&RANDOM, label).expect("there").to_vec(), vec![0x5c; 48], "{label:?}");
    }
    assert_eq!(keys.find(&RANDOM, Label::ClientEarly).map(|secret| secret.len()), Some(32));
    assert_eq!(keys.find(&[0; 32], Label::Master), None);
    assert_eq!(keys.premaster(&[1, 2, 3, 4, 5, 6, 7, 8, 9]).map(|secret| secret.to_vec()), Some(vec![0x77; 48]));
    // The same again is nothing new; another value takes the place of the first.
    keys.blob(text.concat().as_bytes());
    assert_eq!(keys.generation(), 7);
    keys.blob(line("CLIENT_RANDOM", 0xab, 48).replace("5c", "5d").as_bytes());
    assert_eq!((keys.generation(), keys.find(&RANDOM, Label::Master).map(|secret| secret[0])), (8, Some(0x5d)));
}

#[test]
fn bad_lines_are_counted_and_told_by_number_without_what_stands_in_them() {
    let mut keys = Keys::new();
    let text = [
        line("CLIENT_RANDOM", 1, 48),
        "CLIENT_RANDOM 00 5c\n".into(),
        line("CLIENT_RANDOM", 2, 47),
        "two words\n".into(),
        "MZ\u{0}\u{1} b c\n".into(),
        line("CLIENT_RANDOM", 3, 48).replace("5c", "5g"),
    ];
    keys.blob(text.concat().as_bytes());
    let told: Vec<(u64, &str)> = keys.bad().iter().map(|bad| (bad.line, bad.why)).collect();
    assert_eq!(
        told,
        [
            (2, "a client random has 64 hexadecimal digits"),
            (3, "the secret has not the length that its label asks for"),
            (4, "a line has three words: label, client random, secret"),
            (5, "a label has capital letters, digits and underscores"),
            (6, "a secret is an even number of hexadecimal digits"),
        ]
    );
    assert_eq!((keys.len(), keys.bad_lines(), keys.bad()[0].source.as_str()), (1, 5, "embedded key log"));
    keys.blob(&b"x\n".repeat(100));
    assert_eq!((keys.bad().len(), keys.bad_lines()), (Keys::MAX_BAD, 105));
    assert!(!format!("{keys:?}").contains("5c5c"));
}

#[test]
fn a_file_may_grow_and_each_line_is_read_once() {
    let path = std::env::temp_dir().join(format!("sstp-diag-growing-{}", std::process::id()));
    std::fs::write(&path, line("CLIENT_RANDOM", 1, 48)).expect("written");
    let mut keys = Keys::new();
    keys.file(&path).expect("readable");
    assert_eq!((keys.len(), keys.poll()), (1, false));
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("there");
    let next = line("CLIENT_RANDOM", 2, 48);
    // Half a line is none yet; a whole one counts before its end is written.
    file.write_all(&next.as_bytes()[..100]).expect("written");
    assert!(!keys.poll());
    file.write_all(&next.as_bytes()[100..next.len() - 1]).expect("written");
    assert!(keys.poll());
    file.write_all(b"\nnonsense\n").expect("written");
    assert!(!keys.poll());
    assert_eq!((keys.len(), keys.bad_lines(), keys.bad()[0].line), (2, 1, 3));
    // It is begun anew.
    std::fs::write(&path, line("CLIENT_RANDOM", 3, 48)).expect("written");
    assert!(keys.poll());
    assert_eq!(keys.len(), 3);
    std::fs::remove_file(&path).expect("there");
    assert!(!keys.poll());
    assert!(keys.file(&path).is_err_and(|error| error.to_string().starts_with("cannot read ")));
}

#[test]
fn two_thousand_connections_cost_little_and_the_oldest_go_first() {
    let mut keys = Keys::new();
    for n in 0u32..120_000 {
        let mut random = [0; 32];
        random[..4].copy_from_slice(&n.to_be_bytes());
        for label in [Label::ClientHandshake, Label::ServerHandshake, Label::ClientTraffic, Label::ServerTraffic] {
            keys.put(random, label, &[n as u8; 48]);
        }
        if n == 2000 {
            assert!(keys.bytes < 800_000, "{}", keys.bytes);
        }
    }
    assert!(keys.bytes <= Keys::MAX_BYTES && keys.forgotten() > 0);
    assert_eq!((keys.len() as u64 + keys.forgotten(), keys.order.len()), (120_000, keys.len()));
    assert_eq!(keys.find(&[0; 32], Label::ClientTraffic), None);
    let mut last = [0; 32];
    last[..4].copy_from_slice(&119_999u32.to_be_bytes());
    assert!(keys.find(&last, Label::ServerTraffic).is_some());
}

#[test]
fn keys_that_are_no_rsa_keys_are_refused_with_a_reason() {
    let refused = |bytes: &[u8]| Keys::new().rsa(bytes).expect_err("refused").to_string();
    assert!(refused(b"hello").starts_with("no private key"));
    assert!(refused(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n").contains("encrypted"));
    assert!(refused(&[0x30, 1, 0]).contains("no RSA key"));
}

#[test]
fn a_file_without_any_secret_is_no_key_log() {
    let path = std::env::temp_dir().join(format!("sstp-diag-no-key-log-{}", std::process::id()));
    let secret = line("CLIENT_RANDOM", 7, 48);
    let rows: [(&[u8], bool); 7] = [
        (b"", false),
        (b"# comments only\n", false),
        (b"SOME_NEW_LABEL 00 00\n", false),
        (b"# Read me\nThis is prose.\n", true),
        (b"\x0a\x0d\x0d\x0a binary without an end", true),
        (secret.as_bytes(), false),
        (&[secret.as_bytes(), b"and a bad line\n"].concat(), false),
    ];
    for (text, expected) in rows {
        std::fs::write(&path, text).expect("written");
        let mut keys = Keys::new();
        keys.file(&path).expect("opened");
        assert_eq!(keys.no_key_logs().count(), usize::from(expected), "{}", String::from_utf8_lossy(text));
    }
    // What had no secret at first may grow one.
    std::fs::write(&path, "half a li").expect("written");
    let mut keys = Keys::new();
    keys.file(&path).expect("opened");
    assert_eq!(keys.no_key_logs().count(), 1);
    std::fs::OpenOptions::new().append(true).open(&path).expect("there").write_all(format!("ne\n{secret}").as_bytes()).expect("written");
    assert!(keys.poll());
    assert_eq!(keys.no_key_logs().count(), 0);
    std::fs::remove_file(&path).expect("there");
}
