use super::*;

/// Plays a row of the table, or of one made up here: version, suite, ALPN offered, records.
fn observed(version: u16, suite: u16, alpn: &[&str], records: &str) -> Observer {
    let mut observer = Observer::default();
    observer.client_hello(&tap::ClientHello { alpn: alpn.iter().map(|name| (*name).to_string()).collect(), ..tap::ClientHello::default() });
    observer.hello(&tap::ServerHello { version, suite, ..tap::ServerHello::default() });
    for (n, token) in records.split_whitespace().enumerate() {
        let from = if token.starts_with('C') { Side::Client } else { Side::Server };
        let (kind, digits) = if token[1..].starts_with('!') { (ALERT, &token[2..]) } else { (APPLICATION_DATA, &token[1..]) };
        observer.record(Micros(n as u64 * 10_000), from, kind, digits.parse().expect("a length"));
    }
    observer
}

fn verdict(version: u16, suite: u16, records: &str) -> Inference {
    observed(version, suite, &[], records).verdict().expect("there was TLS")
}

/// What each capture must be taken for without its keys: answer, confidence, stage.
const EXPECTED: &[(&str, Answer, Confidence, Option<Layer>)] = &[
    ("bad-password", Answer::Yes, Confidence::Medium, Some(Layer::Auth)),
    ("direct-lcpterm", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("direct-no-keys", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("direct-ok", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("direct-pppd-eof", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("direct-proxy-auth", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("direct-proxy", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("direct-wrong-name", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("end-abort", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("end-drop", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("end-lcpterm", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("expired-cert-tls12", Answer::Unsure, Confidence::Low, Some(Layer::Tls)),
    ("haproxy-http", Answer::Yes, Confidence::High, Some(Layer::Ncp)),
    ("haproxy-pass", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("http-404", Answer::Unsure, Confidence::Low, Some(Layer::Http)),
    ("nginx-proxy", Answer::Unsure, Confidence::Low, Some(Layer::Http)),
    ("nginx-static", Answer::Unsure, Confidence::Low, Some(Layer::Http)),
    ("no-address", Answer::Yes, Confidence::High, Some(Layer::Ncp)),
    ("no-echo-reply", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("ok-sha1-binding", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("ok-tls12-rsakex", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("ok-tls12", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("ok-tls13", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("pap", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("path-lost", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("plain-curl-h1-big", Answer::No, Confidence::High, None),
    ("plain-curl-post", Answer::No, Confidence::Medium, None),
    ("plain-python-keepalive", Answer::No, Confidence::High, None),
    ("plain-s_client-idle", Answer::Unsure, Confidence::Low, Some(Layer::Tls)),
    ("proxy-auth", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("proxy-open", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("selfsigned-cert", Answer::Unsure, Confidence::Low, Some(Layer::Tls)),
    ("server-kick", Answer::Yes, Confidence::High, Some(Layer::Data)),
    ("shape-split", Answer::Yes, Confidence::Medium, Some(Layer::Data)),
    ("wrong-name-refused", Answer::Unsure, Confidence::Low, Some(Layer::Tls)),
];

#[test]
fn every_capture_is_taken_for_what_it_is_and_its_stage() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in include_str!("../../../fixtures/records/captures.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (name, version, suite, alpn, records) = (word(), word(), word(), word(), word());
        let number = |text| u16::from_str_radix(text, 16).expect("hexadecimal");
        let alpn: Vec<&str> = alpn.split(',').filter(|name| *name != "-").collect();
        let it = observed(number(version), number(suite), &alpn, records).verdict().expect("there was TLS");
        let (_, answer, confidence, stage) = EXPECTED.iter().find(|row| row.0 == name).expect("expected");
        if (it.is_sstp, it.confidence, it.stage) != (*answer, *confidence, *stage) {
            wrong.push(format!("{name}: {it:?}"));
        }
        assert!(!it.because.is_empty());
        rows += 1;
    }
    assert!(rows >= EXPECTED.len() && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Measured on other suites than those of the captures.
#[test]
fn measured_calls_of_other_suites_are_found() {
    let chacha = "C211 S141 C30 S64 C45 S32 S41 C32 C32 S32 C32 S32 C38 S28 C128 S24 C46 S34";
    let it = verdict(TLS12, 0xcca8, chacha);
    assert_eq!((it.is_sstp, it.confidence, it.stage), (Answer::Yes, Confidence::High, Some(Layer::Ncp)));
    let sha256 = "C256 S176 C64 S112 C80 S96 C80 C80 S80 C80 S80 C80 S64 C176 S64 C80 S80";
    let it = verdict(TLS12, 0xc027, sha256);
    assert_eq!((it.is_sstp, it.confidence), (Answer::Yes, Confidence::Medium));
    let sha384 = "C272 S192 C80 S128 C96 S112 C96 C96 S96 C96 S96 C96 S80 C192 S80 C96 S96";
    assert_eq!(verdict(TLS12, 0xc028, sha384).is_sstp, Answer::Yes);
    // Without Call Connected CBC proves nothing.
    let it = verdict(TLS12, 0xc028, "C272 S192 C80 S128 C96 S112");
    assert_eq!((it.is_sstp, it.confidence, it.stage), (Answer::Unsure, Confidence::Low, Some(Layer::Lcp)));
    // sstpc without pppd: the call was accepted, and nothing followed.
    let it = verdict(TLS13, 0x1302, "S23 S1752 S281 S69 C69 S74 S74 C195 S142 C31 S65");
    assert_eq!((it.is_sstp, it.confidence, it.stage), (Answer::Yes, Confidence::Medium, Some(Layer::Sstp)));
}

#[test]
fn tls_1_0_may_split_every_message() {
    // AES-128-CBC with SHA-1: first bytes in records of 32, the messages 195, 125, 14, 48, and small talk behind it.
    let len = |plain: usize| 16 * (plain - 1 + 21).div_ceil(16);
    let mut records = String::new();
    for (side, plain) in
        [('C', 195), ('S', 125), ('C', 14), ('S', 48), ('C', 29), ('S', 17), ('C', 16), ('S', 16), ('C', 16), ('S', 16), ('C', 67)]
    {
        records += &format!("{side}32 {side}{} ", len(plain));
    }
    records += &format!("C32 C{} S32 S{}", len(112), len(18));
    let mut observer = Observer::default();
    observer.hello(&tap::ServerHello { version: 0x0301, suite: 0x002f, ..tap::ServerHello::default() });
    for (n, token) in records.split_whitespace().enumerate() {
        let from = if token.starts_with('C') { Side::Client } else { Side::Server };
        // The two records of a message come at once.
        observer.record(Micros((n as u64 / 2) * 20_000), from, APPLICATION_DATA, token[1..].parse().expect("a length"));
    }
    let it = observer.verdict().expect("there was TLS");
    assert_eq!((it.is_sstp, it.confidence), (Answer::Yes, Confidence::Medium), "{:?}", it.because);
}

#[test]
fn a_binding_that_is_refused_is_told_from_one_that_holds() {
    let before = "S23 S1752 S281 S69 C69 C212 S142 C31 S65 C39 S83 C33 S33 C34 S34 C34 S48 C84 S71 C129";
    assert_eq!(verdict(TLS13, 0x1302, &format!("{before} S37")).stage, Some(Layer::Binding));
    assert_eq!(verdict(TLS13, 0x1302, &format!("{before} S37 C37 S19")).stage, Some(Layer::Binding));
    assert_eq!(verdict(TLS13, 0x1302, &format!("{before} C47 S25 S35 C35")).stage, Some(Layer::Ncp));
}

#[test]
fn what_cannot_be_told_is_not_told() {
    let mut late = Observer::default();
    late.record(Micros(0), Side::Client, APPLICATION_DATA, 31);
    let it = late.verdict().expect("there was TLS");
    assert_eq!((it.is_sstp, it.stage), (Answer::Unsure, None));
    assert_eq!(verdict(TLS12, 0x0041, "C219 S149 C38 S72").is_sstp, Answer::Unsure, "Camellia");
    assert_eq!(Observer::default().verdict(), None);
    let mut hole = observed(TLS12, 0xc030, &[], "C219 S149");
    hole.gap(Side::Client);
    hole.record(Micros(9), Side::Server, APPLICATION_DATA, 72);
    hole.record(Micros(9), Side::Client, APPLICATION_DATA, 46);
    assert_eq!(hole.verdict().map(|it| it.is_sstp), Some(Answer::Unsure));
    let h2 = observed(TLS13, 0x1301, &["h2", "http/1.1"], "S23 S900 C53 C212 S142 C31 S65");
    assert_eq!(h2.verdict().map(|it| it.is_sstp), Some(Answer::No));
}

/// Traffic with small messages of fixed or chance sizes, in every mode: never SSTP.
#[test]
fn chatter_is_not_taken_for_a_call() {
    let mut state = 1u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for (version, suite, overhead) in [(TLS13, 0x1301, 17), (TLS12, 0xc02f, 24), (TLS12, 0xc027, 0)] {
        let mut yes = 0;
        for _ in 0..2000 {
            let record = |plain: u64| if overhead > 0 { plain + overhead } else { 16 + 16 * (plain + 33).div_ceil(16) };
            let mut records = if version == TLS13 { "S900 C53 ".to_string() } else { String::new() };
            records += &format!("C{} S{} ", record(171 + next(300)), record(90 + next(300)));
            for _ in 0..40 {
                records += &format!("C{} S{} ", record(8 + next(57)), record(8 + next(57)));
            }
            yes += u32::from(verdict(version, suite, &records).is_sstp == Answer::Yes);
        }
        assert!(yes <= 6, "{suite:04x}: {yes} of 2000 flows, where three in ten thousand are due to chance");
    }
}

#[test]
fn memory_is_bounded() {
    let mut observer = observed(TLS12, 0xc030, &[], "C219 S149 C38 S72 C136 S42 S42");
    for n in 0..100_000u64 {
        observer.record(Micros(n), Side::Server, APPLICATION_DATA, 1432);
        observer.record(Micros(n), Side::Client, APPLICATION_DATA, 72);
    }
    assert!(observer.records.len() <= KEPT && observer.records.capacity() + observer.runs.capacity() <= 4 * KEPT);
    let it = observer.verdict().expect("there was TLS");
    assert_eq!((it.is_sstp, it.stage, it.records), (Answer::Yes, Some(Layer::Data), 200_007));
}

/// docs/detector.md: what the evaluation showed.
#[test]
fn a_response_without_any_banner_is_one_and_cbc_takes_nothing_put_together() {
    // The lab's answer has a status line and a length only, 80 bytes.
    let lab = "C53 C211 S97 C31 S65 S44 C39 C44 S39 S46 C84 S81 S35 S39 C129 C59 C35 C39 C39 S35 S39";
    assert_eq!(verdict(TLS13, 0x1301, lab).is_sstp, Answer::Yes);
    // CBC with SHA-256: 48 and 22 bytes in one record, as small frames of a WebSocket may be.
    let chat = "C256 S176 C64 S128 C80 S80 C80 C80 S80 C80 S64 C176 S64 C80 S80";
    assert_eq!(verdict(TLS12, 0xc027, chat).is_sstp, Answer::Unsure);
    assert_eq!(verdict(TLS12, 0xc027, &chat.replace("S128", "S112")).is_sstp, Answer::Yes);
}

#[test]
fn tickets_before_the_response_are_not_taken_for_it() {
    // TLS 1.3 with AES-256-GCM, as SoftEther speaks: the certificate's flight, Finished of the client, the request, two tickets, the response.
    let records = "S1200 C53 C211 S74 S74 S146 C31 S65 S40 C40 S40 C50";
    let told = verdict(TLS13, 0x1302, records);
    assert_eq!(told.is_sstp, Answer::Yes);
    assert!(told.because.iter().any(|because| because == "a response of 129 bytes"), "{:?}", told.because);
}
