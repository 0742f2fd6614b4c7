//! The TLS handshake.

use super::check::{Check, Evidence, Fix, Look, Need, Severity, Windows};
use super::clients::{answers_a_client, spared, windows_in_words};
use super::look::{alert, closed, stop_at, timed_out, unnamed};
use super::tap_tcp;
use super::tls_odd::chose_oddly;
use crate::base::{Layer, Side, SpecRef};
use crate::transcript::facts::{Facts, Seen, Stop};
use crate::transcript::{How, Reason, ScanAnswer, TlsFailure};
use crate::wire::tls::suite::Suite;
use std::net::IpAddr;

pub(super) const TLS: &[Check] = &[
    Check {
        id: "TLS-PLAINTEXT-PORT",
        layer: Layer::Tls,
        title: "The port speaks plain HTTP instead of TLS",
        means: "TLS is switched off at the server, or the load balancer that should do TLS is missing.",
        fix: Fix { admin: "Enable TLS on the SSTP server, or put the TLS terminator in front of it.", user: "" },
        windows: &[Windows::Hresult(0x8009_0326)],
        verified: true,
        spec: &[SpecRef::sstp("2.1")],
        needs: Need::Began(Layer::Tls),
        look: Look::One(plain_http),
        ..Check::ROW
    },
    Check {
        id: "TLS-NOT-TLS",
        layer: Layer::Tls,
        title: "The port speaks something other than TLS",
        means: "The first bytes of the answer are no TLS record: another service listens here.",
        fix: Fix {
            admin: "Check which program owns the port, and where the port is forwarded to.",
            user: "Check name and port in the profile.",
        },
        spec: &[SpecRef::sstp("2.1")],
        needs: Need::Began(Layer::Tls),
        look: Look::One(not_tls),
        ..Check::ROW
    },
    Check {
        id: "TLS-SERVER-TOO-OLD",
        layer: Layer::Tls,
        title: "The server speaks only TLS 1.0 or 1.1",
        means: "Current clients no longer speak these versions, Windows 11 24H2 among them; the evidence says which Windows would go on.",
        fix: Fix {
            admin: "Enable TLS 1.2 or newer on the server or on the device in front of it.",
            user: "Nothing; do not switch TLS 1.0 on again.",
        },
        windows: &[Windows::Hresult(0x8009_0331), Windows::Hresult(0x8009_0326)],
        spec: &[SpecRef::rfc(8996, "4")],
        needs: Need::Began(Layer::Tls),
        spares: Some(spared),
        look: Look::One(old_versions_only),
        ..Check::ROW
    },
    Check {
        id: "TLS-SNI-REQUIRED",
        layer: Layer::Tls,
        title: "The server wants a name, and none was sent",
        means: "An address was dialled, so the handshake carried no name (SNI). This front end sorts by name and refuses such calls.",
        fix: Fix {
            admin: "Give the front end a default route for calls without a name.",
            user: "Put the server's DNS name into the profile instead of an address.",
        },
        verified: true,
        spec: &[SpecRef::rfc(6066, "3")],
        needs: Need::Began(Layer::Tls),
        look: Look::One(no_name_sent),
        ..Check::ROW
    },
    Check {
        id: "TLS-SNI-ALERT",
        layer: Layer::Tls,
        title: "The server does not know the name it was called by",
        means: "It refuses the server name in the handshake (SNI); some servers accept exactly one name.",
        fix: Fix {
            admin: "Correct the configured host name (accel-ppp: host-name), or accept every name.",
            user: "Use the published server name in the profile.",
        },
        windows: &[Windows::Hresult(0x8009_0326)],
        verified: true,
        spec: &[SpecRef::rfc(6066, "3")],
        needs: Need::Began(Layer::Tls),
        look: Look::One(name_unrecognized),
        ..Check::ROW
    },
    Check {
        id: "TLS-CLIENT-CERT-REQUESTED",
        layer: Layer::Tls,
        title: "The server demands a client certificate",
        means: "The SSTP client of Windows shows none in the TLS handshake, so the call ends there.",
        fix: Fix { admin: "Switch client certificate negotiation off for the SSTP listener.", user: "" },
        verified: true,
        spec: &[SpecRef::sstp("2.1"), SpecRef::rfc(8446, "4.3.2")],
        needs: Need::Began(Layer::Tls),
        explains: &["HTTP-SILENT-CLOSE", "HTTP-UNEXPECTED-STATUS", "HTTP-CLIENT-LEFT"],
        look: Look::One(client_certificate_demanded),
        ..Check::ROW
    },
    Check {
        id: "TLS-LEGACY-CIPHER",
        layer: Layer::Tls,
        title: "The server accepts only outdated cipher suites",
        means: "It speaks TLS 1.2 or newer, but only with suites that this program and many clients leave out (CBC, RSA key exchange, DHE, \
                RC4). Windows still offers some of them; the evidence says which Windows would go on.",
        fix: Fix { admin: "Offer ECDHE suites with AES-GCM that fit the key of the certificate.", user: "" },
        spec: &[SpecRef::rfc(9325, "4.2")],
        needs: Need::Began(Layer::Tls),
        spares: Some(spared),
        look: Look::One(old_suites_only),
        ..Check::ROW
    },
    Check {
        id: "TLS-NO-COMMON-CIPHER",
        layer: Layer::Tls,
        title: "Client and server share no cipher suite",
        means: "The server accepts none of the offered suites, or its suites do not fit the key of its certificate.",
        fix: Fix { admin: "Offer ECDHE suites for the key type of the certificate.", user: "Install the operating system's updates." },
        windows: &[Windows::Hresult(0x8009_0326), Windows::Hresult(0x8009_0331)],
        verified: true,
        spec: &[SpecRef::rfc(8446, "4.1.1")],
        needs: Need::Began(Layer::Tls),
        spares: Some(spared),
        look: Look::One(no_common_suite),
        ..Check::ROW
    },
    Check {
        id: "TLS-13-INTOLERANT",
        layer: Layer::Tls,
        title: "Hellos that name TLS 1.3 are dropped",
        means: "A hello without TLS 1.3 is answered, one that names it is met with a close, a reset or silence: a server, balancer or firewall that \
                does not know the newer hello. Clients of TLS 1.2 (Windows 10) get through, Windows 11 and Server 2022 do not.",
        fix: Fix {
            admin: "Update the firmware of whatever ends TLS or looks into it, or take it out of the way; RFC 8446 wants unknown versions passed over.",
            user: "Try another network; if it is the same there, report it.",
        },
        windows: &[Windows::Hresult(0x8007_2746)],
        spec: &[SpecRef::rfc(8446, "4.2.1")],
        needs: Need::Began(Layer::Tls),
        explains: &["TLS-RESET-IN-HANDSHAKE", "TCP-ACCEPT-NO-DATA", "TCP-PMTU-BLACKHOLE", "TLS-WINDOWS-SHARES-NOTHING"],
        look: Look::One(shuns_tls13),
        ..Check::ROW
    },
    Check {
        id: "TLS-RESET-IN-HANDSHAKE",
        layer: Layer::Tls,
        title: "The connection ends in the middle of the TLS handshake",
        means: "Often no certificate is bound to the port, or its private key cannot be used; a filter on the way may do the same.",
        fix: Fix {
            admin: "Check the binding with `netsh http show sslcert`, rebind the certificate in the RRAS console, restart the service.",
            user: "Try another network; if it is the same there, report it.",
        },
        windows: &[Windows::Hresult(0x8007_2746)],
        spec: &[SpecRef::rfc(8446, "4")],
        needs: Need::Began(Layer::Tls),
        look: Look::One(ended_in_handshake),
        ..Check::ROW
    },
    Check {
        id: "TCP-ACCEPT-NO-DATA",
        layer: Layer::Tls,
        title: "The port takes connections but never answers",
        means: "Something accepts TCP and stays silent: a load balancer without a healthy server behind it, or a hung service.",
        fix: Fix { admin: "Mend the pool behind the balancer; let it check the SSTP URI and not only the port.", user: "Try again later." },
        windows: &[Windows::Hresult(0x8007_2746), Windows::Ras(809)],
        needs: Need::Began(Layer::Tls),
        look: Look::One(nothing_came),
        ..Check::ROW
    },
    Check {
        id: "TCP-PMTU-BLACKHOLE",
        layer: Layer::Tls,
        title: "The TLS handshake does not finish in time",
        means: "The answer began, but the whole handshake never ends. Where bytes stop coming half-way, large packets are probably lost on the \
                way; where they go on coming, the server or the way to it is too slow.",
        fix: Fix {
            admin: "Where bytes stop coming, clamp the MSS at the edge; let ICMP \"too big\" (ICMP 3/4, ICMPv6 2) through.",
            user: "Lower the MTU of the network interface, or use another network.",
        },
        windows: &[Windows::Hresult(0x8007_2EE2), Windows::Ras(809)],
        spec: &[SpecRef::rfc(2923, "2.1")],
        needs: Need::Began(Layer::Tls),
        look: Look::One(stalled_half_way),
        ..Check::ROW
    },
    Check {
        id: "TLS-ALPN-H2",
        layer: Layer::Tls,
        title: "The server chose HTTP/2",
        means: "SSTP needs HTTP/1.1; over HTTP/2 its request is not understood.",
        fix: Fix { admin: "Switch HTTP/2 off for this virtual host.", user: "" },
        windows: &[Windows::Event(2), Windows::Event(4)],
        verified: true,
        spec: &[SpecRef::sstp("3.2.4.1"), SpecRef::rfc(7301, "3.2")],
        needs: Need::Began(Layer::Tls),
        explains: &["HTTP-SILENT-CLOSE", "HTTP-NOT-HTTP", "HTTP-NO-RESPONSE", "HTTP-UNEXPECTED-STATUS"],
        look: Look::One(http_2_chosen),
        ..Check::ROW
    },
    Check {
        id: "TLS-CLIENT-CERT-ASKED",
        layer: Layer::Tls,
        severity: Severity::Note,
        title: "The server asks for a client certificate but does not insist",
        means: "It goes on without one, as SSTP clients need it.",
        fix: Fix { admin: "Nothing needs to be done; SSTP never uses it.", user: "" },
        spec: &[SpecRef::rfc(8446, "4.3.2")],
        needs: Need::Began(Layer::Tls),
        look: Look::One(client_certificate_optional),
        ..Check::ROW
    },
    Check {
        id: "TLS-HANDSHAKE-FAILED",
        layer: Layer::Tls,
        title: "The TLS handshake failed",
        means: "The server refused the handshake or broke its rules, in a way that fits no other check.",
        fix: Fix {
            admin: "Look for the failed handshake in the server's log (Windows: Schannel events).",
            user: "Install the operating system's updates, then report it.",
        },
        spec: &[SpecRef::rfc(8446, "6.2")],
        needs: Need::Began(Layer::Tls),
        whole: true,
        look: Look::One(failed_otherwise),
        ..Check::ROW
    },
];

fn plain_http(facts: &Facts) -> Option<Evidence> {
    failed(facts, |failure| failure == TlsFailure::PlainHttp)
        .or_else(|| failed(facts, |failure| failure == TlsFailure::NotTls).filter(web_page))
}

fn not_tls(facts: &Facts) -> Option<Evidence> {
    failed(facts, |failure| failure == TlsFailure::NotTls).filter(|evidence| !web_page(evidence))
}

/// A web server that takes the ClientHello for an old request answers with a page and no status line. RFC 1945 6.
fn web_page(evidence: &Evidence) -> bool {
    let says = evidence.says.to_ascii_lowercase();
    says.contains("<!doctype html") || says.contains("<html")
}

/// No hello above TLS 1.1 was accepted, and an older one was, or the server says that the version is the matter.
fn old_versions_only(facts: &Facts) -> Option<Evidence> {
    let old = accepted(facts).filter(|(_, version, _)| *version < TLS_12).max_by_key(|(_, version, _)| *version);
    match (newest(facts), old) {
        (Some(_), _) => None,
        (None, Some((event, version, cipher))) => {
            let evidence = failed(facts, may_be_the_version)?.and(&format!(
                "a hello of an old client got {} with {}",
                name(version),
                Suite::name_of(cipher)
            ));
            let evidence = evidence.and(&windows_in_words(facts));
            Some(Evidence { events: evidence.events.into_iter().chain([event]).collect(), ..evidence })
        }
        (None, None) => failed(facts, |failure| failure == TlsFailure::Alert(PROTOCOL_VERSION)),
    }
}

fn no_name_sent(facts: &Facts) -> Option<Evidence> {
    failed(facts, |failure| failure == TlsFailure::Alert(UNRECOGNIZED_NAME)).filter(|_| dialled_by_address(facts))
}

fn name_unrecognized(facts: &Facts) -> Option<Evidence> {
    if no_name_sent(facts).is_some() {
        return None;
    }
    Some(
        failed(facts, |failure| failure == TlsFailure::Alert(UNRECOGNIZED_NAME))?
            .and(&format!("the name sent was {}", facts.target.name())),
    )
}

/// TLS 1.3 servers say so only when the client believes the handshake to be through. RFC 8446 4.4.2.4.
fn client_certificate_demanded(facts: &Facts) -> Option<Evidence> {
    let at_once = || failed(facts, |failure| failure == TlsFailure::Alert(CERTIFICATE_REQUIRED)).or_else(|| refused_for_want_of_one(facts));
    let late = || {
        let secured = facts.secured.as_ref().filter(|seen| seen.it.client_cert_requested)?;
        let theirs = |seen: &&Seen<u8>| seen.by != Some(Side::Client);
        let seen = facts
            .alerts
            .iter()
            .filter(theirs)
            .find(|seen| [CERTIFICATE_REQUIRED, HANDSHAKE_FAILURE, BAD_CERTIFICATE].contains(&seen.it))?;
        stop_at(facts, Layer::Http).or_else(|| stop_at(facts, Layer::Tls))?;
        Evidence::of([secured.event, seen.event], format!("it asked for a certificate, got none, and sent alert {}", alert(seen.it)))
    };
    at_once().or_else(late)
}

/// Up to TLS 1.2 the alert does not name it: the server showed its own certificate, asked for ours, and refused. RFC 5246
/// 7.4.6.
fn refused_for_want_of_one(facts: &Facts) -> Option<Evidence> {
    let asked = facts.scans.iter().find(|seen| matches!(seen.it.1, ScanAnswer::Accepted { asks_for_certificate: true, .. }))?;
    let refusals = [HANDSHAKE_FAILURE, BAD_CERTIFICATE].map(TlsFailure::Alert);
    let evidence = failed(facts, |failure| refusals.contains(&failure)).filter(|_| !facts.chain.is_empty())?;
    let events = evidence.events.iter().copied().chain([asked.event]).collect();
    Some(Evidence { events, ..evidence.and("it showed its own certificate and asked for one of ours") })
}

fn old_suites_only(facts: &Facts) -> Option<Evidence> {
    if chose_oddly(facts) {
        return None;
    }
    let (event, version, cipher) = newest(facts).filter(|row| !USUAL.contains(&row.2))?;
    let suite = Suite::name_of(cipher);
    let evidence = failed(facts, no_suite)?.and(&format!("a hello with old suites got {} with {suite}", name(version)));
    let evidence = evidence.and(&windows_in_words(facts));
    Some(Evidence { events: evidence.events.into_iter().chain([event]).collect(), ..evidence })
}

/// A ServerHello names a suite that both have: what ended the handshake then is another matter.
fn no_common_suite(facts: &Facts) -> Option<Evidence> {
    let has_one = facts.server_hellos.iter().any(|seen| !seen.it.retry);
    if has_one || chose_oddly(facts) || refused_for_want_of_one(facts).is_some() {
        return None;
    }
    let evidence = failed(facts, no_suite)?;
    let windows = windows_in_words(facts);
    match newest(facts) {
        None => accepted(facts).next().is_none().then(|| if answers_a_client(facts) { evidence.and(&windows) } else { evidence }),
        Some((event, version, cipher)) if USUAL.contains(&cipher) => {
            let wide =
                format!("a hello that offers every group and signature scheme got {} with {}", name(version), Suite::name_of(cipher));
            let events = evidence.events.iter().copied().chain([event]).collect();
            Some(Evidence { events, ..evidence.and(&wide).and(&windows) })
        }
        Some(_) => None,
    }
}

/// A hello without TLS 1.3 is answered in the best way there is, and ours, which names it, not at all.
fn shuns_tls13(facts: &Facts) -> Option<Evidence> {
    let (event, version, cipher) = newest(facts).filter(|row| row.1 == TLS_12 && USUAL.contains(&row.2))?;
    let unanswered = facts.unsecured_bytes == 0 && facts.server_hellos.is_empty();
    let evidence = failed(facts, |failure| matches!(failure, TlsFailure::Reset | TlsFailure::Closed | TlsFailure::TimedOut));
    let says = format!("a hello that does not name TLS 1.3 got {} with {}", name(version), Suite::name_of(cipher));
    let evidence = evidence.filter(|_| unanswered)?.and(&says).and(&windows_in_words(facts));
    Some(Evidence { events: evidence.events.into_iter().chain([event]).collect(), ..evidence })
}

fn ended_in_handshake(facts: &Facts) -> Option<Evidence> {
    let ended = failed(facts, |failure| matches!(failure, TlsFailure::Reset | TlsFailure::Closed))?;
    (old_versions_only(facts).is_none() && nothing_came(facts).is_none()).then_some(ended)
}

/// Silence, or an end in good order, before the first byte of an answer.
fn nothing_came(facts: &Facts) -> Option<Evidence> {
    let quiet = !begun(facts) && accepted(facts).next().is_none();
    failed(facts, |failure| matches!(failure, TlsFailure::TimedOut | TlsFailure::Closed)).filter(|_| quiet)
}

fn stalled_half_way(facts: &Facts) -> Option<Evidence> {
    if facts.tapped() {
        return large_segments_lost(facts);
    }
    let evidence = failed(facts, |failure| failure == TlsFailure::TimedOut).filter(|_| old_versions_only(facts).is_none())?;
    let answered = newest(facts).map(|(_, version, _)| format!("a hello on a connection of its own was answered with {}", name(version)));
    let came = format!("{} bytes of the answer had come", facts.unsecured_bytes);
    (begun(facts) || answered.is_some()).then(|| evidence.and(&came).and(&answered.unwrap_or_default()))
}

/// A tap sees what is lost, and does not have to guess it from silence.
fn large_segments_lost(facts: &Facts) -> Option<Evidence> {
    tap_tcp::black_hole(facts).filter(|_| !facts.reached(Layer::Tls)).or_else(|| {
        let evidence = failed(facts, |failure| failure == TlsFailure::TimedOut).filter(|_| begun(facts))?;
        let came = facts.flow.as_ref().map_or(0, |seen| seen.it.from_server.bytes);
        Some(evidence.and(&format!("{came} bytes of the answer had come")))
    })
}

/// RFC 6066 3: an address is not sent as a server name.
fn dialled_by_address(facts: &Facts) -> bool {
    facts.target.name().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// The answer to the ClientHello had begun.
fn begun(facts: &Facts) -> bool {
    let tapped = facts.flow.as_ref().is_some_and(|seen| seen.it.from_server.bytes > 0);
    !facts.chain.is_empty() || facts.unsecured_bytes > 0 || !facts.server_hellos.is_empty() || tapped
}

fn http_2_chosen(facts: &Facts) -> Option<Evidence> {
    let seen = facts.secured.as_ref()?;
    let alpn = seen.it.alpn.as_deref().filter(|alpn| *alpn == "h2")?;
    Some(Evidence::at(seen.event, format!("ALPN chose {alpn}")))
}

fn client_certificate_optional(facts: &Facts) -> Option<Evidence> {
    let seen = facts.secured.as_ref().filter(|seen| seen.it.client_cert_requested && client_certificate_demanded(facts).is_none())?;
    Some(Evidence::at(seen.event, "a CertificateRequest came, and the handshake went through without a certificate"))
}

fn failed_otherwise(facts: &Facts) -> Option<Evidence> {
    let fallback = unnamed(facts, Layer::Tls, "TLS-HANDSHAKE-FAILED")?;
    Some(failed(facts, |_| true).unwrap_or(fallback))
}

/// The handshake failed with a failure of that kind.
pub(super) fn failed(facts: &Facts, kind: impl Fn(TlsFailure) -> bool) -> Option<Evidence> {
    let stop = stop_at(facts, Layer::Tls)?;
    let theirs = facts.unsecured.clone().filter(|seen| seen.by != Some(Side::Client));
    let seen = theirs.or_else(|| tapped_failure(facts, stop)).filter(|seen| kind(seen.it.0))?;
    let says = match seen.it.0 {
        TlsFailure::Alert(description) => format!("the server sent alert {}", alert(description)),
        TlsFailure::TimedOut => stop.reason.to_string(),
        TlsFailure::Reset | TlsFailure::Closed => closed(facts, Layer::Tls).map_or_else(|| seen.it.1.clone(), |(_, how)| ending(how)),
        _ => seen.it.1.clone(),
    };
    let ended = matches!(seen.it.0, TlsFailure::Reset | TlsFailure::Closed | TlsFailure::Alert(_));
    let hint = if ended && dialled_by_address(facts) { "no server name (SNI) was sent, because an address was dialled" } else { "" };
    Some(Evidence::of([seen.event, stop.event], says)?.and(hint))
}

/// What a tap saw of a handshake that failed, where nobody put it into words: the server's alert, its end, or its silence.
fn tapped_failure(facts: &Facts, stop: &Stop) -> Option<Seen<(TlsFailure, String)>> {
    if !facts.tapped() {
        return None;
    }
    let of =
        |event: usize, failure: TlsFailure| Seen { event, at: stop.at, by: Some(Side::Server), it: (failure, stop.reason.to_string()) };
    if let Some(alert) = facts.alerts.iter().find(|seen| seen.by == Some(Side::Server) && seen.event <= stop.event) {
        return Some(of(alert.event, TlsFailure::Alert(alert.it)));
    }
    match stop.reason {
        Reason::Closed(How::Reset) => Some(of(stop.event, TlsFailure::Reset)),
        Reason::Closed(_) => Some(of(stop.event, TlsFailure::Closed)),
        _ => timed_out(facts, Layer::Tls).map(|stop| of(stop.event, TlsFailure::TimedOut)),
    }
}

fn ending(how: How) -> String {
    format!("{how} before the handshake was through")
}

/// Alerts that name another matter, and answers that are no TLS, are not about the version.
fn may_be_the_version(failure: TlsFailure) -> bool {
    let other = [TlsFailure::Alert(UNRECOGNIZED_NAME), TlsFailure::Alert(CERTIFICATE_REQUIRED), TlsFailure::PlainHttp, TlsFailure::NotTls];
    !other.contains(&failure)
}

fn no_suite(failure: TlsFailure) -> bool {
    matches!(failure, TlsFailure::Alert(HANDSHAKE_FAILURE | INSUFFICIENT_SECURITY) | TlsFailure::Unsupported)
}

/// Event, version and suite of every hand-made hello that was accepted.
pub(super) fn accepted(facts: &Facts) -> impl Iterator<Item = (usize, u16, u16)> {
    facts.scans.iter().filter_map(|seen| match seen.it.1 {
        ScanAnswer::Accepted { version, cipher, .. } => Some((seen.event, version, cipher)),
        _ => None,
    })
}

/// The newest of them that is at least TLS 1.2.
fn newest(facts: &Facts) -> Option<(usize, u16, u16)> {
    accepted(facts).filter(|(_, version, _)| *version >= TLS_12).max_by_key(|(_, version, _)| *version)
}

pub(super) fn name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".into(),
        0x0301..=0x0304 => format!("TLS 1.{}", version - 0x0301),
        other => format!("version 0x{other:04X}"),
    }
}

/// What our TLS library, and every current client, offers. RFC 9325 4.2, RFC 8446 B.4.
const USUAL: [u16; 9] = [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x1301, 0x1302, 0x1303];
/// RFC 5246 A.1: the version number of TLS 1.2.
const TLS_12: u16 = 0x0303;
/// RFC 8446 6.2: alert descriptions.
const HANDSHAKE_FAILURE: u8 = 40;
const BAD_CERTIFICATE: u8 = 42;
const PROTOCOL_VERSION: u8 = 70;
const INSUFFICIENT_SECURITY: u8 = 71;
const UNRECOGNIZED_NAME: u8 = 112;
const CERTIFICATE_REQUIRED: u8 = 116;
