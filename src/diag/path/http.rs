//! What is done to the request and the response. Whoever does it has the server's certificate, or has put its own in its place.

use super::{Culprit, Found, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::trial::{Arm, Ending, Trial};
use crate::wire::http::CONTENT_LENGTH;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "HTTP-200-CATCHALL",
        title: "A web server answers everything, and is no SSTP server",
        mechanism: "200 to every request",
        evidence: "200 without the length of SSTP, to SSTP, to GET and to a method that nobody knows; no Call Connect Ack",
        fix: "The server's owner: does the name lead to the VPN gateway? A web server stands in its place.",
        explains: &["HTTP-HEAD-REWRITTEN"],
        look: catch_all,
        ..HTTP
    },
    Row {
        id: "HTTP-WAF-BLOCK",
        title: "A web firewall refuses the request",
        mechanism: "a block page",
        evidence: "403, 406 or 451 to every request, GET for the path of SSTP among them, or to that path whatever the method and to no other one",
        fix: "The web firewall's owner: allow the path of SSTP and the method SSTP_DUPLEX_POST on this host; give them the page's reference number.",
        explains: &["HTTP-METHOD-REFUSED", "HTTP-400-CONTENT-LENGTH", "HTTP-URI-REWRITTEN"],
        look: blocked,
        ..HTTP
    },
    Row {
        id: "HTTP-LOGIN-WANTED",
        title: "A front wants a login of HTTP, or leads elsewhere",
        mechanism: "a front wants a login of HTTP, which SSTP has not",
        evidence: "401 or a redirect to every request, or to the path of SSTP whatever the method and to no other one",
        fix: "The owner of the front: let the path of SSTP pass without a login; SSTP logs in within PPP.",
        explains: &["HTTP-METHOD-REFUSED", "HTTP-400-CONTENT-LENGTH", "HTTP-URI-REWRITTEN"],
        look: login_wanted,
        ..HTTP
    },
    Row {
        id: "HTTP-METHOD-REFUSED",
        title: "The method of SSTP is refused",
        mechanism: "only usual methods pass",
        evidence: "SSTP_DUPLEX_POST is refused whatever the length and the path, GET and POST are not",
        fix: "The owner of the web firewall or reverse proxy: allow SSTP_DUPLEX_POST on this host, or pass the port through at TCP.",
        most: Level::Probable,
        raise: "a witness at the server: does the request arrive?",
        explains: &["HTTP-400-CONTENT-LENGTH"],
        look: method_refused,
        ..HTTP
    },
    Row {
        id: "HTTP-NO-SSTP",
        title: "The server does not answer SSTP",
        mechanism: "a web server answers GET, and is silent or hangs up where SSTP is asked for",
        evidence: "no request of SSTP and none with a method that nobody knows is answered, GET is, or nothing at all is; from nowhere SSTP is known to work",
        most: Level::Probable,
        raise: "a look from elsewhere with --reference; a witness at the server: does the request arrive?",
        fix: "The server's owner: is SSTP switched on at this port, and is this the VPN gateway? If it is: what stands in front swallows SSTP_DUPLEX_POST.",
        explains: &["HTTP-METHOD-REFUSED", "PATH-CONNECTION-LIMIT"],
        look: no_sstp,
        ..HTTP
    },
    Row {
        id: "HTTP-400-CONTENT-LENGTH",
        title: "The length of 64 bits is refused",
        mechanism: "a web server or proxy cannot read Content-Length 18446744073709551615",
        evidence: "400, 411 or 413 to every request with that length, whatever the method, and to none without it; or any other refusal, a cut or silence, where shorter lengths get 200",
        fix: "The owner of the reverse proxy: it cannot carry SSTP as a web proxy; pass the port through at TCP.",
        look: length_refused,
        ..HTTP
    },
    Row {
        id: "HTTP-REFUSED",
        title: "The request of SSTP is refused",
        mechanism: "whoever answers HTTP says no",
        evidence: "SSTP_DUPLEX_POST to the path of SSTP is answered with the same status every time, and it is not 200; no other rule explains the status",
        raise: "a look from elsewhere with --reference, a witness at the server: does the request arrive?",
        fix: "The owner of the server or of what stands in front of it: its log says why this request gets this status.",
        look: refused,
        ..HTTP
    },
    Row {
        id: "HTTP-REQUEST-BUFFERED",
        title: "Something waits for the end of the request",
        mechanism: "the request is stored before it is passed on, and that of SSTP has no end",
        evidence: "silence to every request with a body, answers to those without, every time",
        raise: "a wait of more than 60 s, and a witness at the server",
        fix: "The owner of the proxy: switch request buffering off for this host, or pass the port through at TCP.",
        most: Level::Probable,
        look: request_buffered,
        ..HTTP
    },
    Row {
        id: "HTTP-RESPONSE-BUFFERED",
        title: "Something waits for the end of the response",
        mechanism: "the response is stored before it is passed on, and that of SSTP has no end",
        evidence: "silence to SSTP even without a body, answers to other requests, every time",
        raise: "a witness at the server sees the request arrive at once",
        fix: "The owner of the proxy: switch response buffering off for this host, or pass the port through at TCP.",
        most: Level::Probable,
        look: response_buffered,
        ..HTTP
    },
    Row {
        id: "HTTP-CHUNKED-REWRITE",
        title: "The stream is cut into chunks",
        mechanism: "a proxy sends the response with Transfer-Encoding chunked",
        evidence: "200 with Transfer-Encoding chunked; behind it comes a length in hexadecimal",
        fix: "The owner of the proxy: pass the port through at TCP; SSTP knows no chunks.",
        explains: &["HTTP-HEAD-REWRITTEN"],
        look: chunked,
        ..HTTP
    },
    Row {
        id: "HTTP-URI-REWRITTEN",
        title: "The path is changed on the way",
        mechanism: "the braces of the path are escaped",
        evidence: "the path gets the answer that its escaped form gets, and works from elsewhere",
        raise: "a witness at the server sees what arrives",
        most: Level::Probable,
        fix: "The owner of the reverse proxy: switch the rewriting of paths off for this host, or pass the port through at TCP.",
        look: path_changed,
        ..HTTP
    },
    Row {
        id: "HTTP-HEAD-REWRITTEN",
        severity: Severity::Warn,
        title: "The head of the response is changed",
        mechanism: "a proxy changes version or length of the response",
        evidence: "200 and a Call Connect Ack, but HTTP/1.0 or no length of 64 bits",
        fix: "The owner of the reverse proxy: leave the response as it is; strict clients refuse it.",
        look: head_changed,
        ..HTTP
    },
    Row {
        id: "HTTP-HEADER-CASE",
        severity: Severity::Note,
        title: "A web proxy stands in front of the server",
        mechanism: "header names come in lower case",
        evidence: "a response of HTTP/1.1 with lower-case header names",
        fix: "The server's owner: does the server know the hash of the proxy's certificate? Crypto binding needs it.",
        look: lower_case,
        ..HTTP
    },
];

const HTTP: Row = Row { layer: Layer::Http, culprit: Culprit::Server, raise: "nothing; the answers show it", ..Row::ROW };

/// Trials that got an HTTP answer were run often enough to count.
fn often(view: &View<'_>, arm: Arm) -> Level {
    if view.trials(arm).count() >= 3 { Level::Confirmed } else { Level::Suspected }
}

/// What SSTP is answered with, where it is not what SSTP wants.
fn refusal(view: &View<'_>) -> Option<u16> {
    view.status(Arm::Sstp).filter(|status| *status != 200 && view.open(Arm::Sstp))
}

fn banner(view: &View<'_>) -> String {
    let head = view.answer(Arm::Sstp).and_then(|trial| trial.saw.head.as_ref());
    head.and_then(|head| head.header("via").or(head.header("server"))).map_or(String::new(), |word| format!(" by {word:?}"))
}

fn is_sstp(trial: &Trial) -> bool {
    trial.saw.head.as_ref().is_some_and(|head| head.header("content-length") == Some(CONTENT_LENGTH))
}

fn catch_all(view: &View<'_>) -> Option<Hit> {
    let all = [Arm::Sstp, Arm::Get, Arm::OddMethod].into_iter().all(|arm| view.status(arm) == Some(200));
    let none = !view.trials(Arm::Sstp).any(is_sstp) && view.tally(Arm::Call).passed == 0;
    (all && none).then(|| Hit::new(Level::Confirmed, format!("200{} to SSTP, to GET / and to a method that nobody knows", banner(view))))
}

fn blocked(view: &View<'_>) -> Option<Hit> {
    let status = refusal(view).filter(|status| matches!(status, 403 | 406 | 451))?;
    let what = regardless(view, status)?;
    let text = view.trials(Arm::Sstp).find_map(|trial| trial.saw.body.clone()).unwrap_or_default();
    Some(Hit::new(often(view, Arm::Sstp), format!("{status}{} {what}: {:?}", banner(view), text.chars().take(80).collect::<String>())))
}

/// What gets this status whatever else the request says: everything, or all that is for the path of SSTP.
fn regardless(view: &View<'_>, status: u16) -> Option<&'static str> {
    let same = |arm: Arm| view.status(arm) == Some(status);
    // Servers say 403 to GET / by themselves; GET for the path of SSTP tells a filter of methods.
    if [Arm::Get, Arm::GetPath, Arm::OddMethod, Arm::OtherPath].into_iter().all(same) {
        return Some("to every request");
    }
    let path = same(Arm::GetPath) && same(Arm::PostMax) && !same(Arm::OtherPath);
    path.then_some("to everything for the path of SSTP")
}

fn login_wanted(view: &View<'_>) -> Option<Hit> {
    let status = refusal(view).filter(|status| matches!(status, 301 | 302 | 303 | 307 | 308 | 401))?;
    let what = regardless(view, status)?;
    let head = view.answer(Arm::Sstp)?.saw.head.as_ref()?;
    let shown = |name: &str, label: &str| {
        let value = head.header(name).map(|value| value.chars().take(SHOWN).collect::<String>());
        value.map_or(String::new(), |value| format!(", {label} {value}"))
    };
    let says = format!("{status}{} {what}", banner(view));
    if status == 401 {
        return Some(Hit::new(often(view, Arm::Sstp), says + &shown("www-authenticate", "WWW-Authenticate")));
    }
    let to = head.header("location").unwrap_or_default().to_ascii_lowercase();
    let login = LOGINS.iter().any(|part| to.contains(part));
    let mechanism = if login { "requests are led to a login page, as single sign-on does" } else { "requests are led to another address" };
    let hit = Hit::new(often(view, Arm::Sstp), says + &shown("location", "Location"));
    Some(hit.in_words(
        mechanism,
        "The owner of the front: let the path of SSTP pass without a redirect; its clients follow none, and log in within PPP.",
    ))
}

fn method_refused(view: &View<'_>) -> Option<Hit> {
    let Some(status) = refusal(view).filter(|status| matches!(status, 400 | 403 | 405 | 501)) else { return method_cut(view) };
    let same = |arm: Arm| view.status(arm) == Some(status);
    let by_method = [Arm::MethodAlone, Arm::LengthZero, Arm::OtherPath].into_iter().all(same);
    // A server may say the same to GET / by itself.
    let usual = [Arm::Get, Arm::GetPath].into_iter().find(|arm| view.open(*arm) && !same(*arm)).filter(|_| by_method)?;
    let level = match view.works_elsewhere(Layer::Http) {
        true => often(view, Arm::Sstp),
        false => Level::Suspected,
    };
    let gets = view.status(usual).unwrap_or_default();
    let hit = Hit::new(level, format!("{status}{} to SSTP_DUPLEX_POST whatever length and path; GET gets {gets}", banner(view)));
    Some(if level == Level::Suspected { hit.or_else("a server without SSTP") } else { hit })
}

/// Nothing but what a web server knows is answered.
fn no_sstp(view: &View<'_>) -> Option<Hit> {
    let mute = [Arm::Sstp, Arm::MethodAlone, Arm::OddMethod].into_iter().all(|arm| view.cut(arm));
    if !mute || view.works_elsewhere(Layer::Http) {
        return None;
    }
    let Some(usual) = [Arm::Get, Arm::GetPath].into_iter().find(|arm| view.tally(*arm).passed > 0) else {
        let nothing = [Arm::Get, Arm::GetPath].into_iter().all(|arm| view.silent(arm)) && view.open(Arm::Tls);
        let says = format!("TLS comes up, and {} requests of SSTP were not answered, GET neither", view.of_all(Arm::Sstp));
        return nothing.then(|| Hit::new(Level::Suspected, says).or_else("a box that lets handshakes pass and nothing behind them"));
    };
    // A server that serves one at a time leaves GET waiting behind what it never answers.
    let level = view.contrast(usual, Arm::Sstp).level(3).unwrap_or(Level::Suspected);
    let how = view.ending(Arm::Sstp).map(Ending::word).unwrap_or_default();
    let says = format!(
        "{} requests of SSTP ended in {how}, and so did those with a method that nobody knows; GET gets {}{}",
        view.of_all(Arm::Sstp),
        view.status(usual).unwrap_or_default(),
        view.answer(usual).and_then(|trial| trial.saw.head.as_ref()?.header("server")).map_or(String::new(), |by| format!(" by {by:?}")),
    );
    Some(Hit::new(level, says).or_else("a filter that lets usual methods alone pass"))
}

/// Whoever opened TLS, or the server: where nobody vouches for the certificate, what is said in HTTP is either's.
pub(super) fn doubt(view: &View<'_>, findings: &mut [Found]) {
    let Some(cert) = view.unvouched() else { return };
    let own = |found: &&mut Found| found.layer() == Layer::Http && found.culprit() == Culprit::Server && found.severity() > Severity::Note;
    for found in findings.iter_mut().filter(own) {
        found.hit.says +=
            &format!("; the certificate, issued by {:?}, does not verify: whoever opened TLS says so, or the server", cert.issuer);
        found.hit.level = found.hit.level.min(Level::Probable);
        let or_else = if view.proxied() { "the server, if the certificate is its own" } else { "somebody on the way who opens TLS" };
        (found.hit.or_else, found.hit.culprit) = (Some(or_else), view.proxied().then_some(Culprit::Proxy));
        found.hit.raise = Some("the SHA-256 of the server's certificate with --pin, a look from elsewhere with --reference".into());
    }
}

/// Every request with the method is cut, or met with silence, whatever the rest of it says; others are not.
fn method_cut(view: &View<'_>) -> Option<Hit> {
    let cut = [Arm::Sstp, Arm::MethodAlone, Arm::LengthZero, Arm::OtherPath].into_iter().all(|arm| view.cut(arm));
    let level = view.contrast(Arm::Get, Arm::Sstp).level(3).filter(|_| cut && view.open(Arm::Get) && !view.cut(Arm::GetPath))?;
    let level = if view.works_elsewhere(Layer::Http) { level } else { Level::Suspected };
    let how = view.ending(Arm::Sstp).map(Ending::word).unwrap_or_default();
    let says =
        format!("{} requests with SSTP_DUPLEX_POST ended in {how}, whatever length and path; GET is answered", view.of_all(Arm::Sstp));
    let hit = Hit::new(level, says);
    Some(if level == Level::Suspected { hit.or_else("a server without SSTP") } else { hit })
}

/// A status that says no, where no other row knows why.
fn refused(view: &View<'_>) -> Option<Hit> {
    let status = refusal(view)?;
    let others: [fn(&View<'_>) -> Option<Hit>; 6] = [catch_all, blocked, login_wanted, method_refused, length_refused, path_changed];
    if others.iter().any(|look| look(view).is_some()) {
        return None;
    }
    let text = view.trials(Arm::Sstp).find_map(|trial| trial.saw.body.clone()).unwrap_or_default();
    let text = text.lines().next().unwrap_or_default().chars().take(80).collect::<String>();
    let page = if text.is_empty() { String::new() } else { format!(": {text:?}") };
    let get = view.status(Arm::Get).map_or(String::new(), |status| format!("; GET / gets {status}"));
    let elsewhere = view.works_elsewhere(Layer::Http);
    let hit = Hit::new(often(view, Arm::Sstp), format!("{status}{} to every request of SSTP{page}{get}", banner(view)));
    let hit = match STATUSES.iter().find(|row| row.0.contains(&status)) {
        Some((_, mechanism, fix)) => hit.in_words(mechanism, fix),
        None => hit,
    };
    // A pause, and a gateway behind a front that is down, are nobody's who has no SSTP.
    if elsewhere || [TOO_MANY, UNAVAILABLE].contains(&status) {
        return Some(hit);
    }
    // From here a path that is not served and one that was rewritten look alike.
    let rewritten = status == NOT_FOUND && view.status(Arm::Escaped) == Some(status);
    let (level, or_else) = match status {
        NOT_FOUND if rewritten => (hit.level.min(Level::Probable), "an SSTP server behind a front that escapes the braces of the path"),
        NOT_FOUND => (hit.level.min(Level::Probable), "a server without SSTP"),
        _ => (hit.level, "a server without SSTP"),
    };
    let beside = if rewritten { "; the path with its braces escaped gets the same" } else { "" };
    Some(Hit { level, says: hit.says + beside, ..hit }.or_else(or_else))
}

/// RFC 6585 4.
const TOO_MANY: u16 = 429;
/// RFC 9110 15.6.4.
const UNAVAILABLE: u16 = 503;

/// What a status says of why, and who has to change what.
const STATUSES: &[(std::ops::RangeInclusive<u16>, &str, &str)] = &[
    (
        100..=199,
        "an interim response comes before the real one, and SSTP clients take it for the answer",
        "The owner of the front: send no interim responses (100, 103) to SSTP_DUPLEX_POST, or pass the port through at TCP.",
    ),
    (
        401..=401,
        "a front wants a login of HTTP, which SSTP has not",
        "The owner of the front: let the path of SSTP pass without a login; SSTP logs in within PPP.",
    ),
    (
        404..=404,
        "no SSTP server serves this path, or the path is rewritten on the way to it",
        "The server's owner: is SSTP switched on? The owner of the front: pass the path on as it is, braces and all, or the port at TCP.",
    ),
    (
        426..=426,
        "a front wants another protocol than HTTP/1.1",
        "The owner of the front: let it take HTTP/1.1 without an upgrade on this host.",
    ),
    (
        429..=429,
        "a front counts requests, and this client has had its share",
        "The owner of the front: raise the limit for this path, or exempt this client; wait before trying again.",
    ),
    (
        502..=504,
        "a front answers, and what should stand behind it does not",
        "The owner of the front: is the VPN gateway behind it up, and does the front reach it?",
    ),
    (
        500..=500,
        "whoever answers stumbles over the request",
        "The owner of the server or its front: its error log has the reason; fronts that cannot take a Content-Length of 64 bits have to pass the port through at TCP.",
    ),
];

fn length_refused(view: &View<'_>) -> Option<Hit> {
    let Some(status) = refusal(view) else { return length_cut(view) };
    let of_length = |status: u16| matches!(status, 400 | 411 | 413);
    let bad = |arm: Arm| view.status(arm).is_some_and(|one| one == status || of_length(one) && of_length(status));
    let with = bad(Arm::PostMax) && bad(Arm::OtherPath);
    let without = !bad(Arm::MethodAlone) && !bad(Arm::LengthZero) && !bad(Arm::Get);
    // Other statuses have other reasons, unless nothing but the length differs from what passes.
    let known = of_length(status) || shorter_pass(view);
    (with && without && known).then(|| {
        Hit::new(
            often(view, Arm::Sstp),
            format!("{status}{} to every request with the length of 64 bits, and to none without it", banner(view)),
        )
    })
}

/// Requests of SSTP with shorter lengths are answered as SSTP wants.
fn shorter_pass(view: &View<'_>) -> bool {
    [Arm::LengthZero, Arm::LengthShort].into_iter().all(|arm| view.open(arm) && view.status(arm) == Some(200))
}

/// Every request with the length is cut, or met with silence, whatever its method; with shorter ones SSTP is answered.
fn length_cut(view: &View<'_>) -> Option<Hit> {
    let with = [Arm::Sstp, Arm::PostMax, Arm::OtherPath].into_iter().all(|arm| view.cut(arm));
    let level = view.contrast(Arm::LengthZero, Arm::Sstp).level(3).filter(|_| with && shorter_pass(view))?;
    let how = view.ending(Arm::Sstp).map(Ending::word).unwrap_or_default();
    let hit = Hit::new(
        level,
        format!("{} requests with the length of 64 bits ended in {how}, whatever the method; shorter ones get 200", view.of_all(Arm::Sstp)),
    );
    Some(hit.raised_by("a witness at the server: does the request arrive?"))
}

fn request_buffered(view: &View<'_>) -> Option<Hit> {
    let waits = view.silent(Arm::Sstp) && view.silent(Arm::LengthShort);
    let answers = view.open(Arm::LengthZero) && view.open(Arm::Get);
    let level = view.contrast(Arm::LengthZero, Arm::Sstp).level(3).filter(|_| waits && answers)?;
    Some(Hit::new(
        level,
        format!(
            "{} requests were not answered within {:.0} s; with an empty body they are, at once",
            view.of_all(Arm::Sstp),
            patience(view)
        ),
    ))
}

fn response_buffered(view: &View<'_>) -> Option<Hit> {
    let waits = view.silent(Arm::Sstp) && view.silent(Arm::LengthZero);
    let level = view.contrast(Arm::Get, Arm::Sstp).level(3).filter(|_| waits && view.open(Arm::Get))?;
    let level = if view.works_elsewhere(Layer::Http) { level } else { Level::Suspected };
    Some(Hit::new(
        level,
        format!("{} requests were not answered within {:.0} s, with an empty body neither; GET is", view.of_all(Arm::Sstp), patience(view)),
    ))
}

fn patience(view: &View<'_>) -> f64 {
    view.trail.head.patience.duration().as_secs_f64().max(1.0)
}

fn chunked(view: &View<'_>) -> Option<Hit> {
    let framed = |trial: &&Trial| {
        let head = trial.saw.head.as_ref().filter(|head| head.status == Some(200));
        head.and_then(|head| head.header("transfer-encoding")).is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    };
    let count = view.trials(Arm::Sstp).filter(framed).count();
    (count > 0 && count == view.trials(Arm::Sstp).count())
        .then(|| Hit::new(Level::Confirmed, format!("200 with Transfer-Encoding chunked, {count} times")))
}

fn path_changed(view: &View<'_>) -> Option<Hit> {
    let status = refusal(view).filter(|status| matches!(status, 400 | 404))?;
    let same = |arm: Arm| view.status(arm) == Some(status);
    let like_escaped = same(Arm::Escaped) && same(Arm::LengthZero);
    // A server without SSTP says the same to both forms.
    (like_escaped && view.works_elsewhere(Layer::Http) && !length_like(view)).then(|| {
        let says = format!("{status}{} to the path of SSTP and to its escaped form alike; from elsewhere the path works", banner(view));
        Hit::new(Level::Probable, says)
    })
}

/// It goes by the length.
fn length_like(view: &View<'_>) -> bool {
    length_refused(view).is_some()
}

fn head_changed(view: &View<'_>) -> Option<Hit> {
    let trial = view.trials(Arm::Sstp).find(|trial| trial.saw.status() == Some(200) && view.tally(Arm::Call).passed > 0)?;
    let head = trial.saw.head.as_ref()?;
    let old = head.minor == 0;
    let no_length = head.header("content-length") != Some(CONTENT_LENGTH) && head.header("transfer-encoding").is_none();
    let what = match (old, no_length) {
        (true, _) => "HTTP/1.0",
        (_, true) => "no length of 64 bits",
        _ => return None,
    };
    Some(Hit::new(
        if view.works_elsewhere(Layer::Http) { Level::Confirmed } else { Level::Probable },
        format!("the response says {what}: {:?}", head.start),
    ))
}

fn lower_case(view: &View<'_>) -> Option<Hit> {
    let head = view.answer(Arm::Sstp)?.saw.head.as_ref()?;
    let small = !head.headers.is_empty() && head.headers.iter().all(|row| row.0 == row.0.to_ascii_lowercase());
    small.then(|| Hit::new(Level::Confirmed, "every header name of the response is in lower case"))
}

/// RFC 9110 15.5.5.
const NOT_FOUND: u16 = 404;
/// Ours: so much of a header is told.
const SHOWN: usize = 120;
/// Ours: parts of addresses of login pages.
const LOGINS: &[&str] = &["login", "logon", "signin", "sign-in", "sso", "saml", "oauth", "openid", "auth", "adfs"];
