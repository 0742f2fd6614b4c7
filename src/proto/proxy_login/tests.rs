use super::*;
use crate::wire::ntlm::OFFERED;

fn alice() -> ProxyCredentials {
    ProxyCredentials { user: "CORP\\alice".into(), password: Secret::new("p\"w".into()) }
}

fn refusal(challenges: &[&str]) -> Head {
    let headers: Vec<(&str, &str)> = challenges.iter().map(|value| ("Proxy-Authenticate", *value)).collect();
    Head::response(407, "Proxy Authentication Required", &headers)
}

fn ask<'a>(course: &mut Course<'_>, challenges: impl AsRef<[&'a str]>) -> Next {
    course.challenged(&refusal(challenges.as_ref()), "CONNECT", "vpn.example.test:443", Chance { random: [0x11; 16], unix_ms: 0 })
}

fn shown(next: &Next) -> (Scheme, String, bool) {
    let Next::Again { scheme, line, here } = next else { panic!("{next:?}") };
    (*scheme, line.to_string(), *here)
}

#[test]
fn the_strongest_scheme_that_both_can_do_is_taken() {
    let me = alice();
    let all = ["Basic realm=\"x\"", "NTLM", "Negotiate", "Digest realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=MD5"];
    assert_eq!(shown(&ask(&mut Course::new(Some(&me)), all)).0, Scheme::Digest(Algorithm::Md5));
    let both = [
        all[3],
        "Digest realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
        "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256",
    ];
    assert_eq!(shown(&ask(&mut Course::new(Some(&me)), both)).0, Scheme::Digest(Algorithm::Sha256));
    assert_eq!(shown(&ask(&mut Course::new(Some(&me)), &all[..2])).0, Scheme::Ntlm);
    let (scheme, line, here) = shown(&ask(&mut Course::new(Some(&me)), &all[..1]));
    assert_eq!((scheme, line.as_str(), here), (Scheme::Basic, "Proxy-Authorization: Basic Q09SUFxhbGljZTpwInc=\r\n", false));
    assert_eq!(ask(&mut Course::new(Some(&me)), ["Negotiate"]), Next::GiveUp(GaveUp::NoScheme));
    assert_eq!(ask(&mut Course::new(None), all), Next::GiveUp(GaveUp::NoCredentials));
}

#[test]
fn digest_answers_in_full_and_once_more_when_the_nonce_is_stale() {
    let me = alice();
    let mut course = Course::new(Some(&me));
    let old = "Digest realm=\"a \\\"b\\\"\", nonce=\"one\", opaque=\"o\", qop=\"auth-int,auth\"";
    let (_, line, _) = shown(&ask(&mut course, [old]));
    for part in [
        "username=\"CORP\\\\alice\"",
        "realm=\"a \\\"b\\\"\"",
        "nonce=\"one\"",
        "uri=\"vpn.example.test:443\"",
        "opaque=\"o\"",
        "nc=00000001",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let asked = Asked {
        algorithm: Algorithm::Md5,
        user: &me.user,
        realm: "a \"b\"",
        nonce: "one",
        auth: Some((&"11".repeat(16), 1)),
        method: "CONNECT",
        uri: "vpn.example.test:443",
    };
    assert!(line.contains(&format!("response=\"{}\"", asked.response("p\"w"))), "{line}");
    let (_, line, _) = shown(&ask(&mut course, ["Digest realm=\"a\", nonce=\"two\", stale=TRUE, qop=auth"]));
    assert!(line.contains("nonce=\"two\""), "{line}");
    let refused = Next::GiveUp(GaveUp::Refused(Scheme::Digest(Algorithm::Md5)));
    assert_eq!(ask(&mut course, ["Digest realm=\"a\", nonce=\"three\", stale=false, qop=auth"]), refused);
    let mut endless = Course::new(Some(&me));
    let rounds = (0..20).take_while(|_| matches!(ask(&mut endless, ["Digest realm=\"a\", nonce=\"x\", stale=true"]), Next::Again { .. }));
    assert_eq!(rounds.count(), usize::from(MOST_ROUNDS));
}

#[test]
fn ntlm_takes_three_messages_and_stays_on_its_connection() {
    let me = alice();
    let mut course = Course::new(Some(&me));
    let (_, line, here) = shown(&ask(&mut course, ["Negotiate", "NTLM"]));
    assert!(line.starts_with("Proxy-Authorization: NTLM TlRMTVNTUAABAAAA") && !here, "{line}");
    let challenge = message::Challenge { challenge: [9; 8], flags: OFFERED, target_name: "CORP".into(), target_info: vec![0; 4] };
    let (_, line, here) = shown(&ask(&mut course, [format!("NTLM {}", base64(&challenge.emit())).as_str()]));
    let token = line.trim_end().rsplit(' ').next().and_then(unbase64).expect("Base64");
    let said = Authenticate::parse(&token).expect("the third message");
    assert_eq!((said.user.as_str(), said.domain.as_str(), here), ("alice", "CORP", true));
    assert!(ntlm::verify(&ntlm::ntowf_v2("alice", "CORP", "p\"w"), [9; 8], &said.nt));
    assert_eq!(ask(&mut course, ["NTLM"]), Next::GiveUp(GaveUp::Refused(Scheme::Ntlm)));
}

#[test]
fn a_challenge_that_cannot_be_answered_is_told() {
    let me = alice();
    for bad in ["Digest nonce=\"x\"", "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\""] {
        assert!(matches!(ask(&mut Course::new(Some(&me)), [bad]), Next::GiveUp(GaveUp::Malformed(_))), "{bad}");
    }
    for bad in ["NTLM", "NTLM !!!", "NTLM TlRMTVNTUAACAAAA", "Basic realm=\"x\""] {
        let mut course = Course::new(Some(&me));
        ask(&mut course, ["NTLM"]);
        assert!(matches!(ask(&mut course, [bad]), Next::GiveUp(GaveUp::Malformed(_))), "{bad}");
    }
    assert!(!format!("{:?}", Course::new(Some(&me))).contains("p\\\"w"));
}
