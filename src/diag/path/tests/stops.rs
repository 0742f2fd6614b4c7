//! Connections that stop behind a number of packets, records or bytes: found in any case, told in numbers, and laid at the right door.

use super::server::reset;
use super::*;

/// A trial in a call that stood, or in TLS.
fn in_a_call(arm: Arm, round: u16, ending: Ending, saw: Saw) -> Trial {
    Trial { reached: Some(Layer::Lcp), took: Micros(5_000_000), ..trial(arm, round, ending, saw) }
}

fn bytes(bytes: u64) -> Saw {
    Saw { bytes: Some(bytes), ..Saw::default() }
}

fn ignored() -> Ending {
    Ending::ignores_echoes()
}

/// Three times the server gives no more pages, in this word, behind so many bytes.
fn pages(word: &str, saw: u64) -> Vec<Trial> {
    rounds(
        Arm::BulkPlain,
        Ending::Ours(format!("the server gives no more pages in one connection: {word}")),
        Some(Layer::Http),
        &bytes(saw),
    )
}

fn found(trials: Vec<Trial>) -> Found {
    judge(&trail(trials)).cause().expect("a cause").clone()
}

#[test]
fn what_is_lost_in_every_round_is_never_clean_however_it_ended() {
    // What `path` saw of a box that swallows what the client says behind six segments.
    let mut swallowed = Vec::new();
    for round in 1..=3 {
        for arm in [Arm::Echo, Arm::EchoMany, Arm::Bulk] {
            swallowed.push(in_a_call(arm, round, ignored(), Saw { bytes: Some(0), said: Some(5), ..Saw::default() }));
        }
        swallowed.push(Trial { reached: Some(Layer::Sstp), ..in_a_call(Arm::BulkSplit, round, Ending::Silence, Saw::default()) });
        let short = if round == 1 { Ending::Silence } else { ignored() };
        swallowed.push(in_a_call(Arm::EchoShortSegments, round, short, Saw::default()));
    }
    let verdict = judge(&trail([sound_up_to_the_call(), pages("silence", 6219), swallowed.clone()].concat()));
    let cause = verdict.cause().expect("it is not clean");
    assert_eq!((cause.row.id, cause.layer(), verdict.fails()), ("PATH-UNEXPLAINED", Layer::Lcp, true));
    for part in [
        "3 of 3 times LCP echoes ended in silence",
        "when the client had said 5 messages in TLS",
        "after 5.0 s",
        "behind 6219 bytes, 3 times",
    ] {
        assert!(cause.hit.says.contains(part), "{part}: {}", cause.hit.says);
    }
    // The same where calls themselves fail now and then, so that nothing beside it is sound.
    let mut shaky = sound_up_to_the_call();
    shaky.extend(
        [Arm::Call, Arm::CallSplit].map(|arm| Trial { reached: Some(Layer::Http), ..trial(arm, 4, Ending::Silence, Saw::default()) }),
    );
    let verdict = judge(&trail([shaky, swallowed].concat()));
    assert_eq!(verdict.cause().map(|cause| (cause.row.id, cause.hit.level)), Some(("PATH-UNEXPLAINED", Level::Suspected)));
    // A server that ends now this way, now that.
    let mixed = [(1, ignored()), (2, ignored()), (3, Ending::Silence)];
    let mixed = mixed
        .map(|(round, ending)| in_a_call(Arm::Echo, round, ending, Saw { value: Some(if round == 3 { 16 } else { 0 }), ..Saw::default() }));
    let says = found([sound_up_to_the_call(), mixed.to_vec()].concat()).hit.says;
    assert!(
        says.contains("3 of 3") && says.contains("behind echoes of up to 16 bytes") && says.contains("while the server said other things"),
        "{says}"
    );
}

#[test]
fn a_server_that_answers_no_echoes_is_not_blamed_and_not_called_clean_for_nothing() {
    let asked =
        |round| [Arm::Echo, Arm::EchoShortSegments, Arm::EchoMany, Arm::Bulk].map(|arm| in_a_call(arm, round, ignored(), Saw::default()));
    let all = [sound_up_to_the_call(), (1..=3).flat_map(asked).collect()].concat();
    let verdict = judge(&trail(all.clone()));
    assert!(verdict.cause().is_none() && verdict.undecided.is_some_and(|why| why.contains("LCP echoes")));
    // A login goes further than any echo.
    let verdict = judge(&trail([all, passing(Arm::Login)].concat()));
    let first = verdict.findings.first().expect("something is said");
    assert_eq!((verdict.has_cause, first.row.id), (false, "NET-NO-INTERFERENCE-SEEN"));
    assert!(first.hit.says.contains("answers no LCP echoes"), "{}", first.hit.says);
}

#[test]
fn something_that_breaks_it_always_fails() {
    let short = [passing(Arm::Echo), rounds(Arm::EchoShortSegments, Ending::Silence, Some(Layer::Lcp), &Saw::default())].concat();
    let verdict = judge(&trail([sound_up_to_the_call(), short].concat()));
    assert_eq!((verdict.cause().map(|cause| cause.row.id), verdict.fails()), (Some("PATH-UNEXPLAINED"), true));
}

#[test]
fn who_counts_packets_is_not_the_servers_front() {
    let shown = Saw { cert: Some(Shown { sha256: "aa".into(), trusted: true, ..Shown::default() }), ..Saw::default() };
    let base =
        [passing(Arm::Tcp), rounds(Arm::Tls, Ending::Answered, Some(Layer::Cert), &shown), passing(Arm::Sstp), passing(Arm::Get)].concat();
    let silent = rounds(Arm::Call, Ending::Silence, Some(Layer::Http), &Saw::default());
    let mute = rounds(Arm::Call, Ending::Answered, Some(Layer::Sstp), &Saw::default());
    for call in [silent, mute] {
        let told = |more: Vec<Trial>| {
            let cause = found([base.clone(), call.clone(), more].concat());
            assert_eq!(cause.row.id, "PATH-UNEXPLAINED");
            (cause.culprit(), cause.hit.level, cause.hit.or_else.is_some(), cause.hit.says)
        };
        // From here a front and a box look alike.
        assert_eq!(told(Vec::new()).0, Culprit::Server);
        assert_eq!(told(Vec::new()).1, Level::Suspected);
        // A handshake in short segments dies, too, and it has no HTTP in it.
        let (culprit, level, other, says) = told(rounds(Arm::TlsShort, Ending::Silence, Some(Layer::Tcp), &Saw::default()));
        assert_eq!((culprit, level, other), (Culprit::Way, Level::Suspected, true), "{says}");
        assert!(says.contains("a TLS handshake in short TCP segments 3 times got no answer"), "{says}");
        // Pages stop as well.
        let (culprit, _, _, says) = told(pages("silence", 4146));
        assert_eq!(culprit, Culprit::Way);
        assert!(says.contains("pages over TLS stopped behind 4146 bytes, 3 times"), "{says}");
        // They do not: whoever reads HTTP does it. And a server that closes behind a page tells nothing.
        assert_eq!(told(passing(Arm::BulkPlain)).0, Culprit::Server);
        assert_eq!(told(pages("closed", 4146)).1, Level::Suspected);
    }
}

#[test]
fn a_small_cap_is_told_by_pages_that_stop_at_one_number_of_bytes() {
    let at = |tunnel: [u64; 3], page: u64| {
        let mut trials = [sound_up_to_the_call(), passing(Arm::Echo), passing(Arm::EchoMany)].concat();
        for (round, carried) in (1..).zip(tunnel) {
            trials.push(in_a_call(Arm::Bulk, round, Ending::Silence, bytes(carried)));
            trials.push(in_a_call(Arm::BulkSplit, round, Ending::Silence, bytes(carried + 1000)));
            trials.push(in_a_call(Arm::BulkPlain, round, Ending::Silence, bytes(page)));
        }
        found(trials)
    };
    let cause = at([17_256, 22_256, 21_256], 26_949);
    assert_eq!((cause.row.id, cause.hit.level), ("DATA-BYTE-CAP", Level::Probable));
    assert_eq!(cause.hit.says, "6 transfers stopped behind 17256 to 23256 bytes; pages over TLS stopped behind 26949 bytes, 3 times");
    assert_eq!(at([17_256, 22_256, 21_256], 126_949).row.id, "PATH-UNEXPLAINED", "pages go much further");
}

#[test]
fn one_transfer_of_some_bytes_is_no_cap() {
    let mut trials = sound_up_to_the_call();
    for round in 1..=3 {
        trials.push(in_a_call(Arm::Echo, round, Ending::Silence, Saw { value: Some(512), ..Saw::default() }));
        trials.push(in_a_call(Arm::EchoShortSegments, round, Ending::Silence, Saw { value: Some(512), ..Saw::default() }));
        trials.push(in_a_call(Arm::EchoMany, round, Ending::Silence, bytes(512)));
    }
    trials.push(in_a_call(Arm::Bulk, 1, Ending::Silence, bytes(32)));
    let cause = found(trials.clone());
    assert_eq!(cause.row.id, "PATH-UNEXPLAINED", "{}", cause.hit.says);
    assert!(cause.hit.says.contains("behind echoes of 512 bytes"), "{}", cause.hit.says);
    // Long echoes are lost at once where the cap is met; the short ones before them count.
    trials.iter_mut().filter(|one| one.arm == Arm::EchoMany).for_each(|one| one.saw.bytes = Some(4096));
    trials.push(in_a_call(Arm::Bulk, 2, Ending::Silence, bytes(32)));
    let cause = found(trials);
    assert_eq!(cause.row.id, "DATA-BYTE-CAP");
    assert_eq!(cause.hit.says, "3 series of short echoes stopped behind 4096 bytes, and 2 transfers of long ones at the first of them");
}

#[test]
fn series_that_stop_behind_as_many_bytes_and_not_as_many_echoes_met_a_cap() {
    let cause = |longest: u64, short: u64| {
        let mut trials = sound_up_to_the_call();
        for round in 1..=3 {
            trials.push(in_a_call(Arm::Echo, round, Ending::Silence, Saw { value: Some(longest), ..Saw::default() }));
            trials.push(in_a_call(Arm::EchoMany, round, Ending::Silence, bytes(short)));
        }
        found(trials)
    };
    let cap = cause(1000, 2560);
    assert_eq!((cap.row.id, cap.hit.level), ("DATA-BYTE-CAP", Level::Probable));
    assert!(cap.hit.says.contains("behind 2560 bytes, and 3 of a few long ones between 2456 and 3656"), "{}", cap.hit.says);
    assert_eq!(cause(1000, 640).row.id, "PATH-UNEXPLAINED", "it goes by the number of echoes");
}

#[test]
fn resets_that_only_much_draws_say_so() {
    let mut trials = [sound_up_to_the_call(), passing(Arm::Echo)].concat();
    for round in 1..=3 {
        trials.push(in_a_call(Arm::Bulk, round, Ending::Reset, bytes(if round == 1 { 1256 } else { 7256 })));
        trials.push(in_a_call(Arm::BulkPlain, round, Ending::Reset, bytes(16_584)));
    }
    let forged = reset(60, false);
    let mut seen = Trail { resets: vec![forged; 3], ..trail(trials) };
    let told = |seen: &Trail| {
        let verdict = judge(seen);
        let cause = verdict.cause().expect("a cause");
        assert_eq!(cause.row.id, "TCP-RST-BY-BOX");
        (cause.hit.says.clone(), cause.fix())
    };
    let (says, fix) = told(&seen);
    assert!(
        says.contains("pages over TLS behind 16584 bytes, long echoes behind 1256 to 7256 bytes") && fix.contains("limit on the bytes"),
        "{says}"
    );
    // A call is reset as well: it does not go by bytes.
    seen.trials.push(trial(Arm::HelloWindows, 4, Ending::Reset, Saw::default()));
    assert!(!told(&seen).0.contains("bytes"));
}

#[test]
fn a_band_of_lengths_is_no_upper_limit() {
    let judged = |longer: bool| {
        let mut trials = [sound_up_to_the_call(), passing(Arm::EchoMany)].concat();
        for round in 1..=3 {
            trials.push(in_a_call(Arm::Echo, round, Ending::Silence, Saw { value: Some(128), ..Saw::default() }));
            trials.push(in_a_call(Arm::EchoShortSegments, round, Ending::Silence, Saw { value: Some(128), ..Saw::default() }));
        }
        if longer {
            trials.extend(passing(Arm::Bulk));
        }
        found(trials)
    };
    let cause = judged(true);
    assert_eq!((cause.row.id, cause.hit.level), ("DATA-LENGTH-BAND", Level::Probable));
    assert!(
        cause.hit.says.contains("those of 512 3 times did not") && cause.hit.says.contains("echoes of 1000 bytes come back"),
        "{}",
        cause.hit.says
    );
    assert_eq!(judged(false).row.id, "DATA-RECORD-SIZE-FILTER");
}

#[test]
fn a_page_in_place_of_a_tunnel_is_the_proxys() {
    let head = Head::response(200, "OK", &[("Content-Type", "text/html"), ("Content-Length", "29")]);
    let connect = |body: Option<&str>, head: &Head| {
        let saw = Saw { head: Some(head.clone()), body: body.map(Into::into), ..Saw::default() };
        rounds(Arm::Connect, Ending::Answered, Some(Layer::Tcp), &saw)
    };
    let page = Saw { body: Some("<html>Welcome to hotel</html>".into()), ..Saw::default() };
    let hellos = [Arm::Tls, Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::Hello12, Arm::HelloBrowser];
    let plain: Vec<Trial> = hellos.into_iter().flat_map(|arm| rounds(arm, Ending::NotTls, Some(Layer::Proxy), &page)).collect();
    let judged = |connect: Vec<Trial>| {
        let mut all = trail([passing(Arm::Tcp), connect, plain.clone()].concat());
        all.head.proxy = Some("proxy.test:3128".into());
        let verdict = judge(&all);
        (verdict.cause().map(|cause| cause.row.id), verdict.culprit())
    };
    let text = Some("<html>Welcome to hotel</html>");
    assert_eq!(judged(connect(text, &head)), (Some("PROXY-CAPTIVE-PORTAL"), Culprit::Proxy));
    assert_eq!(judged(connect(None, &head)), (Some("PROXY-CAPTIVE-PORTAL"), Culprit::Proxy), "the page came later");
    let tunnel = Head::response(200, "Connection established", &[]);
    assert_eq!(judged(connect(None, &tunnel)), (Some("TLS-PLAINTEXT-PORT"), Culprit::Server));
}
