//! Servers and fronts that refuse, lines that are slow, and what is counted: not everything is somebody's on the way.

use super::*;
use crate::transcript::trial::{Feeler, Hop, ResetSeen};

fn of(arm: Arm, ending: &Ending) -> Vec<Trial> {
    let reached = if *ending == Ending::Answered { arm.layer() } else { Layer::Tcp };
    rounds(arm, ending.clone(), Some(reached), &Saw::default())
}

const HELLOS: [Arm; 8] =
    [Arm::Tls, Arm::TlsShort, Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::Hello12, Arm::HelloWindows, Arm::HelloBrowser];

/// TCP works, every hello ends so, and the control server speaks TLS.
fn refused(ending: &Ending) -> Vec<Trial> {
    let hellos = HELLOS.into_iter().flat_map(|arm| of(arm, ending));
    [passing(Arm::Tcp), passing(Arm::TlsControl), passing(Arm::HelloToControl)].concat().into_iter().chain(hellos).collect()
}

pub(super) fn reset(ttl: u8, with_icmp: bool) -> ResetSeen {
    ResetSeen {
        from: ([10, 4, 3, 2], 443).into(),
        ttl,
        ip_id: 0,
        window: 0,
        ack: true,
        peer_ttl: Some(62),
        peer_ids: Vec::new(),
        peer_window: None,
        data_after: false,
        with_icmp,
    }
}

fn hop(ttl: u8, sent: Feeler, ending: Ending, router: Option<u8>) -> Hop {
    Hop { ttl, sent, ending, router: router.map(|last| [10, 4, last, 1].into()) }
}

fn on_443(trials: Vec<Trial>) -> Trail {
    let mut all = trail(trials);
    all.head.target.port = 443;
    all
}

fn told(trail: &Trail) -> (&'static str, Level, Culprit) {
    let verdict = judge(trail);
    let cause = verdict.cause().expect("a cause");
    (cause.row.id, cause.hit.level, verdict.culprit())
}

#[test]
fn a_server_that_ends_connections_before_a_hello_forges_nothing() {
    let mut all = on_443([refused(&Ending::Reset), of(Arm::NoHello, &Ending::Reset)].concat());
    // What the walk would have said: the reset comes while the hello runs out of hops.
    all.resets = vec![reset(62, true), reset(62, false), reset(62, false)];
    all.ttls = vec![(443, 62)];
    all.hops = vec![
        hop(1, Feeler::Syn, Ending::Unreachable, Some(1)),
        hop(1, Feeler::Named, Ending::Reset, Some(1)),
        hop(1, Feeler::Nameless, Ending::Reset, Some(1)),
    ];
    assert_eq!(told(&all), ("TCP-ENDED-UNASKED", Level::Probable, Culprit::Server));
    let verdict = judge(&all);
    assert!(verdict.place.is_none() && verdict.findings.iter().all(|found| !found.row.id.starts_with("TCP-RST")));
    let says = verdict.cause().map(|cause| cause.hit.says.clone()).unwrap_or_default();
    assert!(says.contains("3 of 3 connections on which nothing was said ended in reset") && says.contains("time to live"), "{says}");
    let other = verdict.cause().and_then(|cause| cause.hit.or_else).unwrap_or_default();
    assert!(other.contains("limit on new connections") && other.contains("--pace 5"), "{other}");
    // A connection on which nothing is said lives: the reset was drawn by the hello.
    let mut drawn = all.clone();
    drawn.trials.retain(|trial| trial.arm != Arm::NoHello);
    drawn.trials.extend(passing(Arm::NoHello));
    assert_eq!(told(&drawn), ("TCP-RST-INJECTED", Level::Confirmed, Culprit::LocalNetwork));
    // Resets from nearer than the SYN-ACK are not the server's.
    let mut nearer = all.clone();
    nearer.resets = vec![reset(63, false); 3];
    assert_eq!(told(&nearer).0, "TCP-RST-BY-BOX");
    let mut known = on_443([refused(&Ending::Closed), of(Arm::NoHello, &Ending::Closed)].concat());
    known.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    assert_eq!(told(&known), ("TCP-ENDED-UNASKED", Level::Probable, Culprit::Way), "from elsewhere it works");
}

#[test]
fn who_counts_new_connections_takes_one_again_behind_a_pause() {
    let at = |arm, round, ending: Ending, at: u64| Trial { at: Micros(at), round, ..of(arm, &ending).remove(0) };
    let mut all = on_443([refused(&Ending::Reset), of(Arm::NoHello, &Ending::Reset)].concat());
    all.trials.push(at(Arm::NoHello, 2001, Ending::Answered, 31_000_000));
    all.trials.push(at(Arm::HelloNamed, 2001, Ending::Reset, 32_000_000));
    assert_eq!(told(&all).0, "TCP-ENDED-UNASKED");
    all.trials.pop();
    all.trials.push(at(Arm::HelloNamed, 2001, Ending::Answered, 32_000_000));
    assert_eq!(told(&all), ("PATH-CONNECTION-RATE", Level::Probable, Culprit::Server));
    let verdict = judge(&all);
    assert!(verdict.fails() && verdict.cause().is_some_and(|cause| cause.hit.says.contains("31 s without connections")));
}

#[test]
fn a_server_that_refuses_every_hello_is_as_likely_as_a_firewall() {
    for ending in [Ending::Reset, Ending::Closed] {
        let all = on_443(refused(&ending));
        assert_eq!(told(&all), ("TLS-DPI-BLOCK", Level::Suspected, Culprit::Server), "{ending:?}");
        let verdict = judge(&all);
        let cause = verdict.cause().expect("a cause");
        assert!(cause.hit.or_else.is_some_and(|other| other.contains("firewall")) && cause.fix().contains("server's owner"));
        // From as far away as the SYN-ACKs.
        let far = Trail { resets: vec![reset(62, false); 3], ttls: vec![(443, 62)], ..all.clone() };
        assert_eq!(told(&far), ("TLS-DPI-BLOCK", Level::Probable, Culprit::Server));
    }
    // Silence is what a filter makes.
    let silent = on_443(refused(&Ending::Silence));
    assert_eq!(told(&silent), ("TLS-DPI-BLOCK", Level::Suspected, Culprit::Way));
    let walked = |last: u8, named: fn(u8) -> Option<u8>| {
        let mut all = silent.clone();
        for ttl in 1..=3 {
            let there = ttl == 3;
            all.hops.push(hop(ttl, Feeler::Syn, if there { Ending::Answered } else { Ending::Unreachable }, (!there).then_some(ttl)));
            all.hops.push(hop(ttl, Feeler::Named, Ending::Silence, named(ttl)));
        }
        let verdict = judge(&all);
        assert_eq!(verdict.place.map(|place| place.last), Some(last));
        (told(&all), verdict.place.expect("a place").to_string())
    };
    let (found, place) = walked(2, |ttl| (ttl < 3).then_some(ttl));
    assert_eq!(found, ("TLS-DPI-BLOCK", Level::Probable, Culprit::Server), "{place}");
    assert!(place.ends_with("hop 3, which is the server itself"), "{place}");
    let (found, place) = walked(1, |ttl| (ttl < 2).then_some(ttl));
    assert_eq!(found, ("TLS-DPI-BLOCK", Level::Probable, Culprit::LocalNetwork), "{place}");
    let mut known = on_443(refused(&Ending::Reset));
    known.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    assert_eq!(told(&known), ("TLS-DPI-BLOCK", Level::Probable, Culprit::Way));
}

#[test]
fn a_name_that_passes_to_the_control_server_is_refused_by_the_servers_front() {
    let cut = [Arm::Tls, Arm::HelloNamed, Arm::HelloOtherCase].into_iter().flat_map(|arm| of(arm, &Ending::Closed));
    let open = [Arm::Tcp, Arm::TlsControl, Arm::HelloNameless, Arm::HelloOtherName].into_iter().flat_map(passing);
    let both: Vec<Trial> = cut.chain(open).collect();
    let mut all = on_443([both.clone(), passing(Arm::HelloToControl)].concat());
    assert_eq!(told(&all), ("TLS-SNI-FILTER", Level::Probable, Culprit::Server));
    let verdict = judge(&all);
    let cause = verdict.cause().expect("a cause");
    assert!(!cause.raise().contains("--control") && cause.hit.says.contains("to the control server's address the name passes"));
    all.head.reference = Some(Reference { reached: Some(Layer::Data), ..Reference::default() });
    assert_eq!(told(&all), ("TLS-SNI-FILTER", Level::Probable, Culprit::Way));
    let everywhere = on_443([both.clone(), of(Arm::HelloToControl, &Ending::Closed)].concat());
    assert_eq!(told(&everywhere), ("TLS-SNI-FILTER", Level::Confirmed, Culprit::Way));
    let alone = judge(&on_443(both));
    assert!(alone.cause().is_some_and(|cause| cause.raise().contains("--control")));
}

#[test]
fn an_alert_to_every_hello_is_the_servers_word() {
    for (number, name) in [(112, "unrecognized_name"), (40, "handshake_failure"), (80, "internal_error")] {
        let all = on_443(refused(&Ending::Alert(number)));
        assert_eq!(told(&all), ("TLS-ALERTED", Level::Probable, Culprit::Server));
        let verdict = judge(&all);
        assert!(verdict.fails() && verdict.undecided.is_none());
        assert!(verdict.cause().is_some_and(|cause| cause.hit.says.contains(name)), "{name}");
    }
    // Where another name passes it goes by the name.
    let mut named = refused(&Ending::Alert(112));
    named.retain(|trial| trial.arm != Arm::HelloOtherName);
    named.extend(passing(Arm::HelloOtherName));
    assert_eq!(told(&on_443(named)).0, "TLS-SNI-ALERTED");
}

#[test]
fn dropped_syns_may_be_dropped_by_the_servers_own_firewall() {
    let silent = [rounds(Arm::Tcp, Ending::Silence, None, &Saw::default()), passing(Arm::TcpControl)].concat();
    let verdict = judge(&on_443(silent));
    let cause = verdict.cause().expect("a cause");
    assert_eq!((cause.row.id, cause.hit.level), ("TCP-FILTERED", Level::Probable));
    assert!(cause.hit.or_else.is_some_and(|other| other.contains("server's own firewall")));
}

#[test]
fn a_syn_that_is_refused_before_the_first_router_is_refused_by_this_machine() {
    let mut all = on_443([rounds(Arm::Tcp, Ending::Refused, None, &Saw::default()), passing(Arm::TcpControl)].concat());
    let beside = |ttl| hop(ttl, Feeler::SynOtherPort, Ending::Unreachable, Some(ttl));
    all.hops = vec![hop(1, Feeler::Syn, Ending::Refused, None), beside(1)];
    all.resets = vec![ResetSeen { peer_ttl: None, ..reset(64, false) }; 4];
    assert_eq!(told(&all), ("TCP-RST-BY-BOX", Level::Probable, Culprit::Endpoint));
    let verdict = judge(&all);
    let cause = verdict.cause().expect("a cause");
    assert!(cause.fix().contains("own firewall") && cause.hit.or_else.is_some());
    assert_eq!(verdict.place.map(|place| place.culprit()), Some(Culprit::Endpoint));
    // The first router itself.
    all.hops = vec![hop(1, Feeler::Syn, Ending::Unreachable, Some(1)), beside(1), hop(2, Feeler::Syn, Ending::Refused, None), beside(2)];
    assert_eq!(told(&all), ("TCP-RST-BY-BOX", Level::Confirmed, Culprit::LocalNetwork));
}

#[test]
fn a_reset_behind_a_number_of_bytes_takes_along_what_was_not_read_yet() {
    let stopped = |arm, round, ending, bytes| Trial {
        reached: Some(Layer::Lcp),
        ..trial(arm, round, ending, Saw { bytes: Some(bytes), ..Saw::default() })
    };
    let judged = |bytes: [u64; 6], pages: [u64; 3]| {
        let mut trials = [sound_up_to_the_call(), passing(Arm::Echo), passing(Arm::EchoMany)].concat();
        for (round, (one, two)) in (1..).zip(bytes.iter().zip(bytes.iter().skip(3))).take(3) {
            trials.push(stopped(Arm::Bulk, round, Ending::Reset, *one));
            trials.push(stopped(Arm::BulkSplit, round, Ending::Closed, *two));
        }
        for (round, bytes) in (1..).zip(pages) {
            trials.push(stopped(
                Arm::BulkPlain,
                round,
                Ending::Ours("the server gives no more pages in one connection: reset".into()),
                bytes,
            ));
        }
        let verdict = judge(&trail(trials));
        verdict.cause().map(|cause| (cause.row.id, cause.hit.level, cause.hit.says.contains("pages over TLS stopped")))
    };
    let near = [13_256, 14_256, 11_256, 10_256, 10_256, 10_256];
    assert_eq!(judged(near, [14_511; 3]), Some(("DATA-BYTE-CAP", Level::Probable, true)));
    assert_eq!(judged(near, [900_000, 20_000, 500_000]), Some(("DATA-BYTE-CAP", Level::Probable, false)));
    let far = [13_256, 34_256, 61_256, 10_256, 20_256, 50_256];
    assert_eq!(judged(far, [14_511, 60_000, 33_000]).map(|told| told.0), Some("PATH-UNEXPLAINED"), "at random");
}

#[test]
fn a_crowd_that_is_cut_every_time_is_never_clean() {
    // Of single ones one met what was still open.
    let mut trials = [sound_up_to_the_call(), of(Arm::Together, &Ending::Reset)].concat();
    trials.push(Trial { reached: Some(Layer::Tcp), ..trial(Arm::Tls, 4, Ending::Reset, Saw::default()) });
    assert_eq!(judge(&trail(trials.clone())).cause().map(|cause| cause.row.id), Some("PATH-CONNECTION-LIMIT"));
    for round in 5..=6 {
        trials.push(Trial { reached: Some(Layer::Tcp), ..trial(Arm::HelloNamed, round, Ending::Silence, Saw::default()) });
    }
    let verdict = judge(&trail(trials));
    assert_eq!(verdict.cause().map(|cause| cause.row.id), Some("PATH-UNEXPLAINED"));
    assert!(verdict.cause().is_some_and(|cause| cause.hit.says.contains("several TLS handshakes at the same time")));
}

#[test]
fn answers_that_are_lost_by_their_length_are_no_fingerprint() {
    let mut trials = passing(Arm::Tcp);
    for round in 1..=8 {
        let silent = [Arm::Tls, Arm::TlsShort, Arm::Hello12, Arm::HelloBrowser];
        trials.extend(silent.map(|arm| Trial { reached: Some(Layer::Tcp), ..trial(arm, round, Ending::Silence, Saw::default()) }));
        let open = [Arm::HelloNamed, Arm::Hello13, Arm::HelloAlpn, Arm::HelloWindows, Arm::HelloPadded];
        trials.extend(open.map(|arm| trial(arm, round, Ending::Answered, Saw::default())));
    }
    assert_eq!(told(&trail(trials.clone())), ("DATA-RECORD-SIZE-FILTER", Level::Probable, Culprit::Way));
    let verdict = judge(&trail(trials));
    assert!(verdict.findings.iter().all(|found| found.row.id != "TLS-FINGERPRINT-FILTER"));
    assert_eq!(verdict.cause().map(Found::layer), Some(Layer::Tls));
}

/// Eight rounds of transfers, in kB/s: the tunnel, pages down, long requests up; and a half echo in parts of a whole one's time.
fn slow(tunnel: u64, down: u64, up: Option<u64>, half: Option<f64>) -> Trail {
    let mut all = transfers(tunnel, tunnel, Some(down));
    let pace = 1_000_000 / tunnel;
    for one in all.trials.iter_mut().filter(|one| matches!(one.arm, Arm::Bulk | Arm::BulkSplit)) {
        one.saw.half = half.map(|part| Micros((pace as f64 * part) as u64));
    }
    let saw = |up: u64| Saw { bytes: Some(60_000), within: Some(Micros(60_000_000 / up)), ..Saw::default() };
    all.trials.extend(up.into_iter().flat_map(|up| (1..=8).map(move |round| trial(Arm::BulkUp, round, Ending::Answered, saw(up)))));
    all
}

#[test]
fn a_tunnel_is_held_against_what_goes_the_same_ways() {
    let found = |trail: &Trail| judge(trail).cause().map(|cause| (cause.row.id, cause.hit.level));
    // The way up is slow for everything.
    let (id, level) = found(&slow(15, 400, Some(16), None)).expect("a cause");
    assert_eq!((id, level), ("DATA-RATE-LIMITED", Level::Probable));
    assert!(!judge(&slow(15, 400, Some(16), None)).fails());
    // Both directions share one line.
    assert_eq!(found(&slow(14, 30, Some(30), None)).map(|found| found.0), Some("DATA-RATE-LIMITED"));
    // Nothing else is slow.
    assert_eq!(found(&slow(60, 20_000, Some(9_000), None)), Some(("DATA-THROTTLED", Level::Probable)));
    // Nothing tells how fast bytes go up: a guess, and no word of SSTP.
    let guess = judge(&slow(15, 400, None, None));
    let cause = guess.cause().expect("a cause");
    assert_eq!((cause.row.id, cause.hit.level), ("DATA-THROTTLED", Level::Suspected));
    assert!(!format!("{} {}", cause.mechanism(), cause.fix()).contains("SSTP"));
    // Half as fast as pages is what one shared line makes of it.
    assert_eq!(found(&slow(50, 100, None, None)).map(|found| found.0), Some("DATA-RATE-LIMITED"));
}

#[test]
fn a_pace_of_ticks_is_told_from_a_rate_by_echoes_of_half_the_length() {
    let found = |tunnel: u64, half: Option<f64>| judge(&slow(tunnel, 20_000, Some(9_000), half)).cause().map(|cause| cause.row.id);
    for tunnel in [19, 25, 30, 39] {
        assert_eq!(found(tunnel, Some(0.53)), Some("DATA-THROTTLED"), "{tunnel} kB/s");
        assert_eq!(found(tunnel, Some(1.0)), None, "a server that answers one echo at each of its ticks");
        assert_eq!(found(tunnel, None), None, "{tunnel} kB/s may be a pace of ticks");
    }
    // Between two lost packets others come fast.
    let mut lossy = slow(30, 20_000, Some(9_000), Some(0.53));
    let run = |lossy: &mut Trail, micros| {
        lossy.trials.iter_mut().filter(|one| one.arm == Arm::Bulk).for_each(|one| one.saw.run = Some(Micros(micros)))
    };
    run(&mut lossy, 700_000);
    assert_eq!(judge(&lossy).cause().map(|cause| cause.row.id), Some("DATA-THROTTLED"));
    run(&mut lossy, 20_000);
    assert_eq!(judge(&lossy).cause().map(|cause| cause.row.id), None);
}

#[test]
fn what_is_done_above_tls_with_the_server_is_its_fronts() {
    let shown = |trusted: bool| {
        let saw = Saw { cert: Some(Shown { sha256: "aa".into(), trusted, ..Shown::default() }), ..Saw::default() };
        rounds(Arm::Tls, Ending::Answered, Some(Layer::Cert), &saw)
    };
    let culprit = |tls: Vec<Trial>, call: &[Trial], change: &dyn Fn(&mut Trail)| {
        let mut all = on_443([passing(Arm::Tcp), tls, passing(Arm::Sstp), call.to_vec()].concat());
        change(&mut all);
        let verdict = judge(&all);
        let cause = verdict.cause().expect("a cause");
        assert_eq!(cause.row.id, "PATH-UNEXPLAINED");
        assert_ne!(cause.fix(), cause.row.fix, "who has to look is said");
        verdict.culprit()
    };
    let unchanged: &dyn Fn(&mut Trail) = &|_| ();
    let swallowed = rounds(Arm::Call, Ending::Silence, Some(Layer::Http), &Saw::default());
    let mute = rounds(Arm::Call, Ending::Answered, Some(Layer::Sstp), &Saw::default());
    for call in [&swallowed, &mute] {
        assert_eq!(culprit(shown(true), call, unchanged), Culprit::Server);
        let named: &dyn Fn(&mut Trail) = &|all| all.head.reference = Some(Reference { sha256: Some("aa".into()), ..Reference::default() });
        assert_eq!(culprit(shown(false), call, named), Culprit::Server, "the reference has it");
        assert_eq!(culprit(shown(true), call, &|all| all.head.proxy = Some("proxy.test:3128".into())), Culprit::Proxy);
    }
    // Whose certificate it is is not known; and who counts records resets.
    let stays = |tls: Vec<Trial>, call: Vec<Trial>| {
        let verdict = judge(&on_443([passing(Arm::Tcp), tls, passing(Arm::Sstp), call].concat()));
        (verdict.cause().map(|cause| cause.row.id), verdict.culprit())
    };
    assert_eq!(stays(shown(false), swallowed), (Some("PATH-UNEXPLAINED"), Culprit::Way));
    let cut = rounds(Arm::Call, Ending::Reset, Some(Layer::Http), &Saw::default());
    assert_eq!(stays(shown(true), cut), (Some("PATH-UNEXPLAINED"), Culprit::Way));
}

#[test]
fn who_ends_connections_that_were_made_counts_them_at_the_server() {
    // Some hellos came through before.
    let mut all = on_443([refused(&Ending::Reset), of(Arm::NoHello, &Ending::Reset)].concat());
    all.trials.extend(of(Arm::HelloAlpn, &Ending::Answered));
    assert_eq!(told(&all), ("PATH-CONNECTION-RATE", Level::Suspected, Culprit::Server));
    let mechanism = |trail: &Trail| judge(trail).cause().map(|cause| cause.mechanism()).unwrap_or_default();
    assert!(mechanism(&all).contains("ends connections beyond so many"), "{}", mechanism(&all));
    // A dozen in a row are made and ended, single ones are not.
    let row = |ending: Ending| on_443([sound_up_to_the_call(), of(Arm::InARow, &ending)].concat());
    assert_eq!(told(&row(Ending::Reset)).2, Culprit::Server);
    assert!(!mechanism(&row(Ending::Reset)).contains("SYN"));
    assert_eq!((told(&row(Ending::Silence)).2, mechanism(&row(Ending::Silence)).contains("SYN")), (Culprit::Way, true));
    let crowd = |ending: Ending| on_443([sound_up_to_the_call(), of(Arm::Together, &ending)].concat());
    assert_eq!(told(&crowd(Ending::Reset)), ("PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Server));
    assert_eq!(told(&crowd(Ending::Silence)), ("PATH-CONNECTION-LIMIT", Level::Probable, Culprit::Way));
    let nearer = Trail { resets: vec![reset(63, false)], ..crowd(Ending::Reset) };
    assert_eq!(told(&nearer).2, Culprit::Way, "a reset from elsewhere");
}

#[test]
fn what_is_ended_now_and_then_as_soon_as_it_is_made_is_the_servers() {
    let mixed = |reached: Option<Layer>, ending: &Ending| {
        let arms = [Arm::HelloNamed, Arm::HelloNameless, Arm::HelloOtherName, Arm::HelloSplit, Arm::HelloAlpn];
        let row = |arm, round| match round % 2 {
            0 => Trial { reached, ..trial(arm, round, ending.clone(), Saw::default()) },
            _ => trial(arm, round, Ending::Answered, Saw::default()),
        };
        on_443(passing(Arm::Tcp).into_iter().chain(arms.into_iter().flat_map(|arm| (1..=4).map(move |round| row(arm, round)))).collect())
    };
    let unsaid = mixed(None, &Ending::Reset);
    assert_eq!(told(&unsaid), ("PATH-ERRATIC", Level::Suspected, Culprit::Server));
    assert!(judge(&unsaid).cause().is_some_and(|cause| cause.mechanism().contains("limit on connections")));
    // Behind the hello it may be anybody, unless it comes from as far as the server.
    let said = mixed(Some(Layer::Tcp), &Ending::Reset);
    assert_eq!(told(&said), ("PATH-ERRATIC", Level::Probable, Culprit::Way));
    let far = Trail { resets: vec![reset(62, false); 3], ttls: vec![(443, 62)], ..said };
    assert_eq!(told(&far), ("PATH-ERRATIC", Level::Suspected, Culprit::Server));
    let nearer = Trail { resets: vec![reset(63, false)], ..unsaid };
    assert_eq!(told(&nearer).2, Culprit::Way);
    assert_eq!(told(&mixed(Some(Layer::Tcp), &Ending::Silence)).2, Culprit::Way);
}
