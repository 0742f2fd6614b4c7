//! `mutate` with recordings that log in with TLS inside EAP: our own end makes the login, and what is before it, in it and behind it
//! is spoilt. In memory, with every defect of such a login: `src/jobs/mutate/tests.rs`.

use crate::mutate::{mutate, page};
use crate::replay::sstp_diag;
use crate::replay_ways::lab_of;
use crate::scratch::Scratch;
use serde_json::Value;

/// A saved call with the lab that logs in so.
fn recorded(scratch: &Scratch, method: &str) -> String {
    let saved = scratch.path(&format!("{method}.jsonl"));
    assert_eq!(sstp_diag(&["probe", "--lab", "--auth", method, "--save", &saved]).0, Some(0));
    saved
}

fn states(page: &Value) -> Vec<&str> {
    page["states"].as_array().expect("states").iter().filter_map(|row| row[0].as_str()).collect()
}

#[test]
fn a_recording_with_tls_inside_eap_is_spoilt_and_a_sound_lab_is_quiet() {
    let scratch = Scratch::new("mutate-login");
    for (method, message) in [("eap-tls", "eap.response-tls"), ("peap", "eap.response-peap")] {
        let saved = recorded(&scratch, method);
        let (code, sound) = page(&[&saved, "--lab", "--budget", "150"]);
        assert_eq!((code, sound["cases"].as_u64(), sound["findings"].as_array().map(Vec::len)), (Some(0), Some(150), Some(0)), "{sound:#}");
        for state in ["before-http", "after-ack", "before-login", "in-login", "after-login", "ipcp", "connected"] {
            assert!(states(&sound).contains(&state), "{method} {state}: {sound:#}");
        }
        let (code, session) = page(&[&saved, "--lab", "--in-session", "--budget", "3000"]);
        let few = session["connections"].as_u64().is_some_and(|connections| connections < 5);
        assert!(code == Some(0) && few && session["cases"] == 3_000, "{session:#}");
        // In the login: types, lengths, flags, identifiers, truncation, fragments, duplicates, drops, others in its place.
        let (_, list, _) = mutate(&[&saved, "--lab", "--dry-run", "--slow"]);
        for row in ["type", "length", "boundary", "cut", "repeat", "drop", "split", "havoc", "eap-body", "eap-tls", "early"] {
            assert!(list.lines().any(|line| line.starts_with(&format!("{row}/{message}#2/"))), "{method} {row}");
        }
    }
}

#[test]
fn defects_in_the_login_and_behind_it_are_found_and_the_command_repeats_them() {
    let scratch = Scratch::new("mutate-login-finds");
    let rows = [
        ("eap-tls", "eap-empty-welcomed", "eap-tls/eap.response-tls#1/", "accepted", "in-login"),
        ("eap-tls", "eap-identifier-unchecked", "boundary/eap.response-tls#1/", "accepted", "in-login"),
        ("eap-tls", "short-attribute-ends", "cut/sstp.call-disconnect#1/", "wrong-reaction", "connected"),
        ("peap", "eap-empty-welcomed", "eap-tls/eap.response-peap#2/empty", "accepted", "in-login"),
        ("peap", "eap-length-kills", "eap-tls/eap.response-peap#2/length-65537", "died", "in-login"),
        ("peap", "protocol-ends", "ppp/connected/unknown-", "wrong-reaction", "connected"),
    ];
    for (method, bug, select, kind, state) in rows {
        let saved = recorded(&scratch, method);
        let (code, page) = page(&[&saved, "--lab", "--bug", bug, "--select", select, "--concurrency", "1"]);
        let finding = &page["findings"][0];
        let found = (code, finding["kind"].as_str(), finding["state"].as_str());
        assert_eq!(found, (Some(1), Some(kind), Some(state)), "{method} {bug}: {page:#}");
        let command = finding["command"].as_str().expect("a command");
        let words: Vec<&str> = command.strip_prefix("sstp-diag mutate ").expect("it is ours").split(' ').collect();
        let (code, again) = self::page(&words.iter().map(|word| word.trim_matches('\'')).collect::<Vec<_>>());
        assert_eq!((code, &again["findings"][0]["says"]), (Some(1), &finding["says"]), "{command}");
    }
}

/// In this process its messages are seeds, and its calls go through the login.
#[test]
fn our_own_code_is_given_such_a_recording() {
    let scratch = Scratch::new("mutate-login-self");
    let (code, page) = page(&[&recorded(&scratch, "peap"), "--self", "--budget", "6000"]);
    assert_eq!((code, page["panics"].as_array().map(Vec::len)), (Some(0), Some(0)), "{page:#}");
    assert!(page["rows"]["eap-tls"]["messages"].as_u64().is_some_and(|messages| messages > 0), "{page:#}");
}

/// What a login takes is asked for before anything is sent, and a login that fails is told before anything is spoilt.
#[test]
fn who_cannot_log_in_is_told_so() {
    let scratch = Scratch::new("mutate-login-lacks");
    let (tls, peap) = (recorded(&scratch, "eap-tls"), recorded(&scratch, "peap"));
    let wrong = scratch.path("wrong");
    std::fs::write(&wrong, "not it\n").expect("written");
    for (saved, lacks) in [(&tls, "--cert and --key"), (&peap, "--user and --password-file")] {
        let (code, out, err) = mutate(&[saved, "--to", "127.0.0.1:1", "--budget", "1"]);
        assert!(code == Some(2) && out.is_empty() && err.contains(lacks), "{code:?} {out}{err}");
    }
    let (lab, target, files) = lab_of(&["peap"]);
    let (root, password) = (files[0].as_str(), files[1].as_str());
    let to = |password: &str, more: &[&str]| {
        mutate(&[&[peap.as_str(), "--to", &target, "--user", "alice", "--password-file", password, "--budget", "1"], more].concat())
    };
    for (password, trust, says) in [(wrong.as_str(), &["--ca", root][..], "691"), (password, &[], "no trusted root")] {
        let (code, out, err) = to(password, trust);
        assert!(code == Some(3) && out.is_empty() && err.contains("does not go through: the login inside EAP"), "{code:?} {out}{err}");
        assert!(err.contains(says), "{says}: {err}");
    }
    assert_eq!(to(password, &["--ca", root]).0, Some(0));
    drop(lab);
    let (_lab, target, files) = lab_of(&["eap-tls"]);
    let (root, certificate) = (files[0].as_str(), files[2].as_str());
    let (code, page) =
        page(&[&tls, "--to", &target, "--ca", root, "--cert", certificate, "--select", "eap-tls/", "--select", "ppp/in-login/"]);
    assert!(code == Some(0) && page["cases"].as_u64().is_some_and(|cases| cases > 100) && page["unreached"] == 0, "{page:#}");
}

/// Where the recording ends before the login is through, there is no call to spoil; that is said before anything is sent.
#[test]
fn a_recording_that_is_cut_within_the_login_is_told() {
    let scratch = Scratch::new("mutate-login-cut");
    let (whole, cut) = (std::fs::read_to_string(recorded(&scratch, "eap-tls")).expect("saved"), scratch.path("cut.jsonl"));
    let lines: Vec<&str> = whole.lines().collect();
    let at = lines.iter().position(|line| line.contains(r#""by":"client""#) && line.contains(r#""kind":13"#)).expect("a response");
    std::fs::write(&cut, lines[..=at].join("\n") + "\n").expect("written");
    let (code, out, err) = mutate(&[&cut, "--lab", "--budget", "10"]);
    assert!(code == Some(3) && out.is_empty() && err.contains("its last message is eap.response-tls"), "{code:?} {out}{err}");
    assert_eq!(mutate(&[&cut, "--dry-run"]).0, Some(0));
}

/// The server's end of such a login is our own too, and clients are sent it spoilt.
#[test]
fn clients_are_sent_a_spoilt_login_with_tls_inside_eap() {
    let scratch = Scratch::new("mutate-login-clients");
    for (method, message) in [("eap-tls", "eap.request-tls"), ("peap", "eap.request-peap")] {
        let saved = recorded(&scratch, method);
        let select = ["--select", "eap-tls/", "--select", "eap-body/", "--select", "ppp/in-login/"];
        let (code, page) = page(&[&[saved.as_str(), "--listen", "127.0.0.1:0", "--built-in"], &select[..]].concat());
        assert!(code == Some(0) && page["cases"].as_u64().is_some_and(|cases| cases > 100), "{page:#}");
        assert!(page["unreached"].as_u64().is_some_and(|unreached| unreached < 5), "{page:#}");
        assert!(states(&page).contains(&"in-login"), "{message}: {page:#}");
    }
}

/// Without a recording an honest call is made that logs in so: as the lab knows it, or with the server that is dialled.
#[test]
fn an_honest_call_may_log_in_with_tls_inside_eap() {
    for method in ["eap-tls", "peap"] {
        let (code, page) = page(&["--lab", "--auth", method, "--select", "cut/eap.response", "--select", "eap-tls/", "--budget", "60"]);
        assert!(code == Some(0) && page["cases"] == 60 && page["unreached"] == 0, "{page:#}");
    }
    let (lab, target, files) = lab_of(&["eap-tls"]);
    let to = ["--lab-session", "--to", &target, "--ca", &files[0], "--budget", "20"];
    let (code, page) = page(&[&to[..], &["--auth", "eap-tls", "--cert", &files[2]]].concat());
    assert!(code == Some(0) && page["cases"] == 20, "{page:#}");
    assert_eq!(mutate(&[&to[..], &["--auth", "eap-tls"]].concat()).0, Some(2), "there is no certificate");
    assert_eq!(mutate(&to).0, Some(3), "the lab takes nothing else");
    drop(lab);
}
