//! What a forward proxy does.

use super::{Culprit, Hit, Level, Row, View};
use crate::base::Layer;
use crate::diag::check::Severity;
use crate::transcript::proxy::Greeting;
use crate::transcript::trial::{Arm, Ending, Trial};
use crate::wire::challenge::Challenge;
use crate::wire::socks;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "PROXY-PAC-FAIL",
        severity: Severity::Warn,
        culprit: Culprit::Endpoint,
        title: "The proxy script gives no answer",
        mechanism: "the script that names the proxy cannot be fetched, fails, or names nothing that is spoken here",
        evidence: "the script was asked for and named no way; the calls went straight to the server",
        fix: "The script's owner: mend it, see its line. This machine's owner: check the script's address, or give the proxy with --proxy.",
        raise: "nothing; the script shows it",
        look: script_fails,
        ..PROXY
    },
    Row {
        id: "PROXY-AUTH-REQUIRED",
        title: "The proxy wants a login",
        mechanism: "CONNECT is answered with 407",
        evidence: "every CONNECT is answered with 407, Basic among its schemes",
        fix: "The proxy's owner: let this host and port pass without a login; the SSTP client of Windows cannot log in to proxies (event 23).",
        look: login_wanted,
        ..PROXY
    },
    Row {
        id: "PROXY-AUTH-SCHEME",
        title: "The proxy wants a login that SSTP clients cannot give",
        mechanism: "CONNECT is answered with 407 without Basic",
        evidence: "every CONNECT is answered with 407, and the schemes are Digest, NTLM, Negotiate or unknown",
        fix: "The proxy's owner: let this host and port pass without a login; no SSTP client knows these schemes, and that of Windows none (event 23).",
        explains: &["PROXY-AUTH-REQUIRED"],
        look: scheme_unknown,
        ..PROXY
    },
    Row {
        id: "PROXY-AUTH-WINDOWS",
        severity: Severity::Warn,
        title: "The proxy lets in who logs in, and Windows cannot",
        mechanism: "CONNECT is answered with 407, and passes with a login",
        evidence: "CONNECT without a login is answered with 407, the one with the login that was given passes",
        fix: "The proxy's owner: let this host and port pass without a login; the SSTP client of Windows cannot log in to proxies (event 23).",
        look: login_helps,
        ..PROXY
    },
    Row {
        id: "PROXY-PORT-NOT-ALLOWED",
        title: "The proxy does not allow the port",
        mechanism: "CONNECT is allowed to port 443 only",
        evidence: "CONNECT to the server's port is refused and to port 443 of the same host it is not",
        fix: "The server's owner: listen on port 443. The proxy's owner: or allow the port.",
        explains: &["PROXY-CONNECT-DENIED"],
        look: port_refused,
        ..PROXY
    },
    Row {
        id: "PROXY-SSTPVERSION-FILTER",
        title: "The proxy refuses SSTP by its header",
        mechanism: "CONNECT with SSTPVERSION is refused",
        evidence: "CONNECT passes without the header and with another unknown one, and is refused with it",
        fix: "The proxy's owner: this is a rule against SSTP; ask for an exception for this host.",
        explains: &["PROXY-CONNECT-DENIED"],
        look: by_header,
        ..PROXY
    },
    Row {
        id: "PROXY-HEADER-FILTER",
        title: "The proxy refuses headers that it does not know",
        mechanism: "CONNECT with an unknown header is refused, SSTPVERSION or any other",
        evidence: "CONNECT passes without the header, and is refused with it and with another unknown one",
        fix: "The proxy's owner: this is no rule against SSTP, but its clients send SSTPVERSION with CONNECT; let that header pass.",
        explains: &["PROXY-CONNECT-DENIED"],
        look: by_any_header,
        ..PROXY
    },
    Row {
        id: "PROXY-CONNECT-DENIED",
        title: "The proxy denies the server",
        mechanism: "CONNECT to this host is forbidden",
        evidence: "every CONNECT to the host is refused; the one to the control server is not, or all are",
        raise: "a control server with --control that the proxy allows",
        fix: "The proxy's owner: allow CONNECT to this host and port.",
        look: denied,
        ..PROXY
    },
    Row {
        id: "PROXY-UPSTREAM-FAIL",
        title: "The proxy cannot reach the server",
        mechanism: "CONNECT is answered with a status from 500 on",
        evidence: "every CONNECT to the host ends so",
        raise: "a control server with --control",
        fix: PROXY_WAY_OUT,
        look: upstream,
        ..PROXY
    },
    Row {
        id: "PROXY-NO-RESPONSE",
        title: "The proxy does not answer CONNECT",
        mechanism: "TCP to the proxy works and CONNECT is met with silence",
        evidence: "every CONNECT is met with silence, or with a refusal after a long wait",
        most: Level::Probable,
        fix: "The proxy's owner: is it a proxy, does it know CONNECT, can it reach the server?",
        look: no_response,
        ..PROXY
    },
    Row {
        id: "PROXY-NO-PROXY",
        title: "What answers at the proxy's address is no proxy for this",
        culprit: Culprit::Endpoint,
        mechanism: "TCP to the proxy works, and CONNECT is cut, or answered with something that is no HTTP",
        evidence: "every CONNECT, with and without SSTPVERSION, is cut without a word or answered in another protocol",
        most: Level::Probable,
        raise: "a look at the proxy's log",
        fix: "This machine's owner: check address and port of the proxy. The proxy's owner: is CONNECT allowed on this port?",
        look: no_proxy,
        ..PROXY
    },
    Row {
        id: "PROXY-UNREACHABLE",
        title: "The proxy cannot be reached",
        culprit: Culprit::Endpoint,
        mechanism: "there is no connection to the address that is configured as proxy",
        evidence: "every connection to the proxy fails",
        fix: "This machine's owner: check the proxy setting; the proxy is not there.",
        explains: &["TCP-FILTERED", "NET-NO-WAY-OUT"],
        look: unreachable,
        ..PROXY
    },
];

const PROXY: Row = Row { layer: Layer::Proxy, culprit: Culprit::Proxy, raise: "nothing; the proxy says it itself", ..Row::ROW };

/// The statuses of an arm's refusals are all one of these.
fn refused_with(view: &View<'_>, arm: Arm, statuses: &[u16]) -> bool {
    view.shut(arm) && view.trials(arm).all(|trial| trial.saw.status().is_some_and(|status| statuses.contains(&status)))
}

fn schemes(view: &View<'_>) -> Option<Vec<String>> {
    let wants = |trial: &&Trial| trial.saw.status() == Some(407);
    let trial = view.trials(Arm::Connect).find(wants)?;
    let head = trial.saw.head.as_ref()?;
    Some(Challenge::of_proxy(head).into_iter().map(|challenge| challenge.scheme).collect())
}

fn login_wanted(view: &View<'_>) -> Option<Hit> {
    if view.open(Arm::ConnectLogin) {
        return None;
    }
    if let Some(hit) = socks_login(view) {
        let refused = view.shut(Arm::ConnectLogin)
            && view.trials(Arm::ConnectLogin).all(|trial| matches!(trial.saw.socks, Some((Greeting::Login, 1..))));
        return Some(match refused {
            true => Hit { says: hit.says + "; the login that was given is refused", ..hit }.in_words(
                "the SOCKS proxy takes no method without a login, and does not take this login",
                "This machine's owner: check user and password for the proxy. The SSTP client of Windows goes through no SOCKS proxy at all.",
            ),
            false => hit,
        });
    }
    let schemes = schemes(view).filter(|_| refused_with(view, Arm::Connect, &[407]))?;
    let says = format!("{} CONNECTs were answered with 407; it offers {}", view.of_all(Arm::Connect), named(&schemes));
    Some(or_wrong(view, Hit::new(Level::Confirmed, says)))
}

/// The same, and that the login is wrong which was given, where it was shown and refused.
fn or_wrong(view: &View<'_>, hit: Hit) -> Hit {
    let was_shown = |trial: &Trial| {
        trial.saw.says.as_deref().is_none_or(|says| ["Basic", "Digest", "NTLM"].iter().any(|scheme| says.starts_with(scheme)))
    };
    if !refused_with(view, Arm::ConnectLogin, &[407]) || !view.trials(Arm::ConnectLogin).all(was_shown) {
        return hit;
    }
    Hit { says: format!("the login that was given is refused; {}", hit.says), ..hit }.in_words(
        "the proxy wants a login, and does not take the one that was given",
        "This machine's owner: check user and password for the proxy. The proxy's owner: or let this host and port pass without a login; the SSTP client of Windows cannot log in to proxies (event 23).",
    )
}

/// A SOCKS proxy that takes nobody without a login. RFC 1928 3.
fn socks_login(view: &View<'_>) -> Option<Hit> {
    let wanted =
        view.shut(Arm::Connect) && view.trials(Arm::Connect).all(|trial| trial.saw.status() == Some(407) && trial.saw.head.is_none());
    wanted.then(|| {
        let hit = Hit::new(Level::Confirmed, format!("{} times the SOCKS proxy took none without a login", view.of_all(Arm::Connect)));
        hit.in_words(SOCKS_LOGIN.0, SOCKS_LOGIN.1)
    })
}

/// What a SOCKS proxy replied to every request for the server. RFC 1928 6.
fn socks_reply(view: &View<'_>) -> Option<String> {
    let trial = view.trials(Arm::Connect).find(|trial| trial.saw.socks.is_some())?;
    match trial.saw.socks? {
        (Greeting::Connect, code) => Some(format!("reply {code}: {}", socks::means(code))),
        _ => None,
    }
}

/// Every reply says that the proxy does not know this command or this kind of address. RFC 1928 6.
fn does_not_know(view: &View<'_>) -> bool {
    let unknown = |trial: &Trial| matches!(trial.saw.socks, Some((Greeting::Connect, 7..)));
    view.shut(Arm::Connect) && view.trials(Arm::Connect).all(unknown)
}

fn login_helps(view: &View<'_>) -> Option<Hit> {
    let wanted = refused_with(view, Arm::Connect, &[407]) && view.open(Arm::ConnectLogin);
    if wanted && socks_login(view).is_some() {
        let says = format!("{} times the SOCKS proxy took none without a login; with the login it passes", view.of_all(Arm::Connect));
        return Some(Hit::new(Level::Confirmed, says).in_words(SOCKS_LOGIN.0, SOCKS_LOGIN.1));
    }
    let offers = schemes(view).map_or(String::new(), |schemes| format!("; it offers {}", named(&schemes)));
    let by =
        view.trials(Arm::ConnectLogin).find_map(|trial| trial.saw.says.clone()).map_or(String::new(), |scheme| format!(" by {scheme}"));
    wanted.then(|| {
        Hit::new(
            Level::Confirmed,
            format!("{} CONNECTs were answered with 407{offers}; with the login{by} it passes", view.of_all(Arm::Connect)),
        )
    })
}

fn scheme_unknown(view: &View<'_>) -> Option<Hit> {
    let schemes = schemes(view).filter(|_| refused_with(view, Arm::Connect, &[407]))?;
    if view.open(Arm::ConnectLogin) {
        return None;
    }
    let basic = schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    (!basic).then(|| or_wrong(view, Hit::new(Level::Confirmed, format!("407, and it offers {}", named(&schemes)))))
}

fn named(schemes: &[String]) -> String {
    if schemes.is_empty() { "no scheme".into() } else { schemes.join(", ") }
}

fn port_refused(view: &View<'_>) -> Option<Hit> {
    // SOCKS knows no headers.
    let plain = view.trials(Arm::ConnectPlain).next().is_none() || refused_with(view, Arm::ConnectPlain, DENIALS);
    let refused = refused_with(view, Arm::Connect, DENIALS) && plain;
    let port = view.trail.head.target.port;
    // The port may be allowed and nobody be there: then the proxy says that it could not connect.
    let allowed = |trial: &Trial| trial.passed() || trial.saw.status().is_some_and(|status| (502..=504).contains(&status));
    let others = view.trials(Arm::ConnectOtherPort);
    (refused && others.count() > 0 && view.trials(Arm::ConnectOtherPort).all(allowed))
        .then(|| Hit::new(Level::Confirmed, format!("CONNECT to port {port} is refused, to port 443 it is not")))
}

fn script_fails(view: &View<'_>) -> Option<Hit> {
    let (from, says) = view.trail.head.script_failed.as_ref()?;
    Some(Hit::new(Level::Confirmed, format!("{from}: {says}; the calls went straight to the server")))
}

fn by_any_header(view: &View<'_>) -> Option<Hit> {
    let level = view.contrast(Arm::ConnectPlain, Arm::Connect).level(3).filter(|_| view.shut(Arm::ConnectOddHeader))?;
    let alike = view.ending(Arm::ConnectOddHeader) == view.ending(Arm::Connect);
    let level = if alike && level == Level::Probable { Level::Confirmed } else { level };
    let says = format!(
        "{} CONNECTs with SSTPVERSION were refused, and {} with another unknown header; without one they pass",
        view.of_all(Arm::Connect),
        view.of_all(Arm::ConnectOddHeader)
    );
    Some(Hit::new(level, says))
}

fn by_header(view: &View<'_>) -> Option<Hit> {
    if view.shut(Arm::ConnectOddHeader) {
        return None;
    }
    let level = view.contrast(Arm::ConnectPlain, Arm::Connect).level(3)?;
    let odd = view.open(Arm::ConnectOddHeader);
    let level = if odd && level == Level::Probable { Level::Confirmed } else { level };
    let other = if odd { ", and so does one with another unknown header" } else { "" };
    Some(Hit::new(level, format!("{} CONNECTs with SSTPVERSION were refused; without it they pass{other}", view.of_all(Arm::Connect))))
}

fn denied(view: &View<'_>) -> Option<Hit> {
    if !refused_with(view, Arm::Connect, DENIALS) && !does_not_know(view) || view.open(Arm::ConnectPlain) {
        return None;
    }
    let status = view.status(Arm::Connect).unwrap_or_default();
    let own_word = view
        .answer(Arm::Connect)
        .and_then(|trial| trial.saw.head.as_ref())
        .and_then(|head| head.header("x-squid-error").or(head.header("via")));
    let by = own_word.map_or(String::new(), |word| format!(" ({word})"));
    let control = match (view.open(Arm::ConnectControl), view.shut(Arm::ConnectControl)) {
        (true, _) => "; the control server is allowed",
        (_, true) => "; so is the control server",
        _ => "",
    };
    if let Some(reply) = socks_reply(view) {
        let says = format!("{} requests to the SOCKS proxy got {reply}{control}", view.of_all(Arm::Connect));
        if does_not_know(view) {
            return Some(Hit::new(Level::Confirmed, says).in_words(
                "the SOCKS proxy does not know this kind of request",
                "The proxy's owner: let it take CONNECT to a host by its name. This machine's owner: is this the right proxy?",
            ));
        }
        return Some(Hit::new(Level::Confirmed, says).in_words(
            "the rules of the SOCKS proxy do not allow the server",
            "The proxy's owner: allow this host and port in the rules of the SOCKS proxy.",
        ));
    }
    if status == TOO_MANY {
        let head = view.answer(Arm::Connect).and_then(|trial| trial.saw.head.as_ref());
        let after = head.and_then(|head| head.header("retry-after")).map_or(String::new(), |after| format!(", Retry-After {after}"));
        let says = format!("{} CONNECTs were refused with {status}{after}{by}{control}", view.of_all(Arm::Connect));
        return Some(Hit::new(Level::Confirmed, says).in_words(
            "the proxy has a limit for requests, and this client has had its share",
            "The proxy's owner: raise the limit, or exempt this host. Whoever dials: wait before trying again.",
        ));
    }
    let says = format!("{} CONNECTs were refused with {status}{by}{control}", view.of_all(Arm::Connect));
    // Web servers say so to whatever they do not know, and CONNECT they do not know.
    let web = own_word.is_none() && [400, 404, 405].contains(&status) && !view.open(Arm::ConnectControl);
    Some(if web { Hit::new(Level::Probable, says).or_else("a web server, which is no proxy") } else { Hit::new(Level::Confirmed, says) })
}

/// The proxy says 200 to CONNECT and gives a page where the tunnel should begin. RFC 9110 9.3.6: such an answer has no content.
pub(super) fn page_for_a_tunnel(view: &View<'_>) -> Option<Hit> {
    if !view.proxied() || view.tally(Arm::Tls).passed > 0 {
        return None;
    }
    let content = |trial: &&Trial| {
        let head = trial.saw.head.as_ref().filter(|head| head.status == Some(200));
        let text =
            head.and_then(|head| head.header("content-type")).is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("text/"));
        let long = head.and_then(|head| head.header("content-length")?.trim().parse::<u64>().ok()).is_some_and(|length| length > 0);
        trial.passed() && head.is_some() && (trial.saw.body.as_ref().is_some_and(|body| !body.trim().is_empty()) || text && long)
    };
    let asked: Vec<&Trial> = [Arm::Connect, Arm::ConnectPlain].into_iter().flat_map(|arm| view.trials(arm)).collect();
    let first = asked.first().filter(|_| asked.iter().all(content))?;
    let text = first.saw.body.clone().unwrap_or_default();
    let text: String = text.lines().next().unwrap_or_default().chars().take(SHOWN).collect();
    let page = if text.is_empty() { String::new() } else { format!(", {text:?}") };
    let says = format!("{} of {} CONNECTs got 200 and a page{page}, before a word was said to the server", asked.len(), asked.len());
    Some(Hit::new(Level::Confirmed, says).of(Culprit::Proxy).or_else("a web server, or a proxy that does not know CONNECT").in_words(
        "the proxy gives a page of its own where the tunnel to the server should begin",
        "This machine's user: open a browser through this proxy, and log in if the page wants that. The proxy's owner: let CONNECT to this host and port make a tunnel. This machine's owner: is this the right proxy?",
    ))
}

fn upstream(view: &View<'_>) -> Option<Hit> {
    let fails = refused_with(view, Arm::Connect, FAILURES) && !does_not_know(view);
    let control = if view.open(Arm::ConnectControl) { "; it reaches the control server" } else { "" };
    if let Some(reply) = socks_reply(view).filter(|_| fails) {
        let says = format!("{} requests to the SOCKS proxy got {reply}{control}", view.of_all(Arm::Connect));
        let hit = Hit::new(Level::Confirmed, says).in_words("the SOCKS proxy could not connect to the server", PROXY_WAY_OUT);
        let general = view.trials(Arm::Connect).all(|trial| matches!(trial.saw.socks, Some((Greeting::Connect, GENERAL_FAILURE))));
        return Some(if general { hit.or_else("rules of the proxy: this reply gives no reason") } else { hit });
    }
    fails.then(|| {
        Hit::new(
            Level::Confirmed,
            format!("{} CONNECTs ended with {}{control}", view.of_all(Arm::Connect), view.status(Arm::Connect).unwrap_or_default()),
        )
    })
}

fn no_response(view: &View<'_>) -> Option<Hit> {
    let all: Vec<&Trial> = view.trials(Arm::Connect).collect();
    let silent = all.iter().filter(|trial| trial.ending == Ending::Silence).count();
    let reached = all.iter().all(|trial| trial.reached.is_some());
    if !view.shut(Arm::Connect) || !reached || view.open(Arm::ConnectPlain) || silent * 2 <= all.len() {
        return None;
    }
    let says = format!("{silent} of {} CONNECTs were not answered", all.len());
    let late: Vec<u16> = all.iter().filter_map(|trial| trial.saw.status()).collect();
    if late.len() + silent < all.len() {
        return None;
    }
    let Some(status) = late.first() else { return Some(Hit::new(Level::Probable, says)) };
    Some(Hit::new(Level::Probable, format!("{says}; one that was waited for longer was refused with {status}")).in_words(
        "the proxy answers CONNECT late, and refuses then, as one does that waits for names in vain",
        "The proxy's owner: does its DNS work, and may it reach the server?",
    ))
}

fn no_proxy(view: &View<'_>) -> Option<Hit> {
    let babble = |trial: &Trial| matches!(trial.ending, Ending::Reset | Ending::Closed | Ending::NotTls | Ending::Broken(_));
    let babbles = |arm: Arm| view.trials(arm).all(|trial| babble(trial) && trial.saw.status().is_none() && trial.reached.is_some());
    let all = view.shut(Arm::Connect) && [Arm::Connect, Arm::ConnectPlain, Arm::ConnectOddHeader].into_iter().all(babbles);
    let how = view.ending(Arm::Connect).map_or(String::new(), |ending| match ending {
        Ending::Broken(says) => format!("{says:?}"),
        ending => ending.word(),
    });
    all.then(|| Hit::new(Level::Probable, format!("{} CONNECTs ended in {how}", view.of_all(Arm::Connect))))
}

fn unreachable(view: &View<'_>) -> Option<Hit> {
    let nameless = view.trials(Arm::Tcp).find(|trial| trial.ending == Ending::NoSuchName && view.proxied());
    if let Some(trial) = nameless {
        let says = trial.saw.says.clone().unwrap_or_default();
        return Some(Hit::new(Level::Probable, says).in_words(
            "the name of the proxy has no address",
            "This machine's owner: check the proxy's name, and the resolver that should know it.",
        ));
    }
    (view.proxied() && view.shut(Arm::Tcp)).then(|| {
        let how = view.ending(Arm::Tcp).map(Ending::word).unwrap_or_default();
        Hit::new(
            if view.tally(Arm::Tcp).failed >= 2 { Level::Confirmed } else { Level::Probable },
            format!("{} connections to the proxy failed: {how}", view.of_all(Arm::Tcp)),
        )
    })
}

const PROXY_WAY_OUT: &str = "The proxy's owner: check its DNS and its way out to this host.";
/// Mechanism and remedy where a SOCKS proxy wants a login.
const SOCKS_LOGIN: (&str, &str) = (
    "the SOCKS proxy takes no method without a login",
    "The proxy's owner: let this host and port pass without a login. The SSTP client of Windows goes through no SOCKS proxy at all.",
);
/// What proxies say to what they do not allow.
const DENIALS: &[u16] = &[400, 401, 402, 403, 404, 405, 406, 409, 410, 421, 423, 429, 451];
/// RFC 6585 4.
const TOO_MANY: u16 = 429;
/// What they say where they fail themselves.
const FAILURES: &[u16] = &[500, 501, 502, 503, 504, 520, 521, 522, 523];
/// Ours: characters of a page that are shown.
const SHOWN: usize = 80;
/// RFC 1928 6.
const GENERAL_FAILURE: u8 = 1;
