use super::*;
use crate::base::{Layer, Secret};
use crate::proto::auth::tests::ends;
use crate::proto::bug;
use crate::proto::edit::Edit;
use crate::proto::plan::{Account, CertHashes, ClientConfig, Credentials, Method, Mind, ServerConfig};
use crate::transcript::{Asked, Facts, Head, Transcript, What};

fn client(user: Option<(&str, &str)>, methods: &[Method]) -> Plan {
    let mut config = ClientConfig::new("vpn.lab.example", CertHashes { sha1: [1; 20], sha256: [2; 32] });
    config.credentials = user.map(|(user, password)| Credentials { user: user.into(), password: Secret::new(password.into()) });
    config.methods = methods.to_vec();
    config.eap = ends().0;
    Plan { mind: Mind::Client(config), edits: Vec::new(), toxics: Vec::new(), seed: 1 }
}

fn server(change: impl Fn(&mut ServerConfig), edits: &[&str]) -> Plan {
    let account = Account { name: "alice".into(), password: Secret::new("Passw0rd!".into()), error: None };
    let cert = CertHashes { sha1: [1; 20], sha256: [2; 32] };
    let mut config = ServerConfig { accounts: vec![account], cert, ..ServerConfig::default() };
    change(&mut config);
    let edits = edits.iter().map(|line| Edit::parse(line).expect("an edit")).collect();
    Plan { mind: Mind::Server(config), edits, toxics: Vec::new(), seed: 2 }
}

fn facts(run: &Run, credentials: bool) -> Facts {
    let asked = Asked { credentials, ..Asked::default() };
    Facts::of(&Transcript { head: Head { asked, ..Head::default() }, events: run.client.clone() })
}

fn call(user: Option<(&str, &str)>, methods: &[Method], change: impl Fn(&mut ServerConfig), edits: &[&str]) -> Facts {
    let run = run(client(user, methods), server(change, edits), Duration::from_secs(300));
    assert!(run.ended, "both ends come to an end");
    facts(&run, user.is_some())
}

const ALICE: Option<(&str, &str)> = Some(("alice", "Passw0rd!"));

#[test]
fn every_method_climbs_to_teardown_with_either_hash() {
    for (method, _) in Method::ALL {
        for mask in [1, 2, 3] {
            let with_eap = |server: &mut ServerConfig| (server.hash_mask, server.eap) = (mask, Some(ends().1));
            let facts = call(ALICE, &[method], with_eap, &[]);
            assert_eq!(facts.stop, None, "{method:?} {mask}");
            assert!(facts.reached(Layer::Teardown) && facts.reached(Layer::Binding), "{method:?} {mask}");
            assert_eq!(facts.given.address.map(|a| a.to_string()).as_deref(), Some("192.0.2.10"));
            assert_eq!((facts.given.dns.len(), facts.given.nbns.len()), (2, 1));
            assert!(facts.pings[0].it.is_some() && facts.echoes[0].it.is_some());
        }
    }
}

#[test]
fn a_domain_in_front_of_the_name_plays_no_part_in_the_proof() {
    let facts = call(Some(("LAB\\alice", "Passw0rd!")), &[Method::MsChapV2], |_| {}, &[]);
    assert!(facts.reached(Layer::Teardown));
}

#[test]
fn without_a_password_the_methods_are_learned_and_the_call_is_left_in_order() {
    let facts = call(None, &[], |server| server.methods = vec![Method::EapMsChapV2, Method::MsChapV2, Method::Pap], &[]);
    let accepted: Vec<String> = facts.methods.iter().filter(|seen| seen.it.1).map(|seen| seen.it.0.to_string()).collect();
    assert_eq!(accepted, ["EAP", "MS-CHAPv2", "PAP"]);
    assert_eq!(facts.methods.len(), 5);
    assert!(facts.stop.is_none() && facts.reached(Layer::Lcp) && facts.reached(Layer::Teardown));
}

#[test]
fn the_first_failing_layer_is_the_one_that_was_spoilt() {
    let wrong = Some(("alice", "nope"));
    let keys = |server: &mut ServerConfig| server.has_keys = false;
    let cert = |server: &mut ServerConfig| server.cert.sha256 = [9; 32];
    type Row<'a> = (Layer, Option<(&'a str, &'a str)>, &'a dyn Fn(&mut ServerConfig), &'a [&'a str]);
    let rows: [Row<'_>; 14] = [
        (Layer::Http, ALICE, &|_| {}, &["http.response#1 splice 9..12 \"503\""]),
        (Layer::Http, ALICE, &|_| {}, &["http.response#1 drop"]),
        (Layer::Sstp, ALICE, &|_| {}, &["sstp.call-connect-ack#1 set version=0x20"]),
        (Layer::Sstp, ALICE, &|_| {}, &["sstp.call-connect-ack#1 drop"]),
        (Layer::Sstp, ALICE, &|_| {}, &["sstp.call-connect-ack#1 repeat 2"]),
        (Layer::Lcp, ALICE, &|_| {}, &["lcp.*#* drop"]),
        (Layer::Lcp, ALICE, &|_| {}, &["lcp.configure-request#1 repeat 5000"]),
        (Layer::Auth, wrong, &|_| {}, &[]),
        (Layer::Auth, ALICE, &|server| server.knows_password = false, &[]),
        (Layer::Auth, ALICE, &|_| {}, &["chap.success#* drop"]),
        (Layer::Binding, ALICE, &keys, &[]),
        (Layer::Binding, ALICE, &cert, &[]),
        (Layer::Ncp, ALICE, &|server| server.client_address = None, &[]),
        (Layer::Ncp, ALICE, &|server| server.address = None, &[]),
    ];
    for (layer, user, change, edits) in rows {
        let facts = call(user, &[Method::MsChapV2], change, edits);
        assert_eq!(facts.stop.as_ref().map(|stop| stop.layer), Some(layer), "{edits:?} {:?}", facts.stop);
    }
    let facts = call(ALICE, &[Method::MsChapV2], |_| {}, &["sstp.call-disconnect-ack#* drop"]);
    assert_eq!(facts.stop.map(|stop| stop.layer), Some(Layer::Teardown));
}

#[test]
fn an_unanswered_echo_or_ping_is_told_but_does_not_stop_the_call() {
    let facts = call(ALICE, &[Method::MsChapV2], |_| {}, &["sstp.echo-response#* drop"]);
    assert!(facts.stop.is_none() && facts.echoes[0].it.is_none() && facts.pings[0].it.is_some());
    let facts = call(ALICE, &[Method::MsChapV2], |server| server.answers_ping = false, &[]);
    assert!(facts.stop.is_none() && facts.pings.iter().map(|seen| seen.it.is_some()).eq([false; 3]));
    let facts = call(ALICE, &[Method::MsChapV2], |_| {}, &["ipv4.packet#1 drop"]);
    assert!(facts.stop.is_none() && facts.pings.iter().map(|seen| seen.it.is_some()).eq([false, true]));
    let facts = call(ALICE, &[Method::MsChapV2], |server| server.ipv6 = false, &[]);
    assert!(facts.stop.is_none() && facts.reached(Layer::Data));
}

#[test]
fn a_short_time_for_the_data_layer_does_not_declare_a_live_tunnel_dead() {
    let mut plan = client(ALICE, &[Method::MsChapV2]);
    if let Mind::Client(config) = &mut plan.mind {
        config.timers.layers = vec![(Layer::Data, Duration::from_millis(500))];
    }
    let run = run(plan, server(|_| {}, &["sstp.echo-response#* drop"]), Duration::from_secs(300));
    let facts = facts(&run, true);
    assert!(facts.stop.is_none() && facts.reached(Layer::Teardown), "{:?}", facts.stop);
    assert!(facts.pings[0].it.is_some() && facts.echoes[0].it.is_none());
}

#[test]
fn a_flood_does_not_fill_the_memory() {
    let run = run(client(ALICE, &[Method::MsChapV2]), server(|_| {}, &["lcp.configure-request#1 repeat 90000"]), Duration::from_secs(300));
    assert!(run.ended && run.client.len() < 2_100, "{}", run.client.len());
}

#[test]
fn the_same_seed_gives_the_same_transcript() {
    let once = || run(client(ALICE, &[Method::MsChapV2]), server(|_| {}, &[]), Duration::from_secs(60)).client;
    assert_eq!(once(), once());
    assert!(once().iter().any(|event| matches!(event.what, What::Ping { .. })));
}

#[test]
fn an_honest_call_does_not_meet_the_seeded_defects() {
    for row in bug::ROWS {
        let facts = call(ALICE, &[Method::MsChapV2], |server| server.bugs = bug::Bugs::of(&[row.bug]), &[]);
        assert_eq!(facts.stop, None, "{}", row.id);
        assert!(facts.reached(Layer::Teardown) && facts.reached(Layer::Binding) && facts.pings[0].it.is_some(), "{}", row.id);
    }
}

#[test]
fn a_stay_with_echoes_of_lcp_outlives_a_server_that_answers_none_of_sstp() {
    let stop = |hello: u64, echoes: Option<Duration>| {
        let mut client = client(ALICE, &[Method::MsChapV2]);
        let Mind::Client(config) = &mut client.mind else { unreachable!("it is a client's") };
        (config.stays, config.echoes, config.pings) = (Some(Duration::from_secs(12)), echoes, 0);
        config.timers.hello = Duration::from_millis(hello);
        let run = run(client, server(|_| {}, &["sstp.echo-response#* drop"]), Duration::from_secs(60));
        facts(&run, true).stop
    };
    assert_eq!(stop(5_000, Some(Duration::from_millis(500))), None);
    assert!(stop(800, None).is_some(), "nothing comes, and the call is given up");
}
