//! The judgement on the certificates of a captured connection, at the time of the capture.

use crate::base::{Bytes, Layer, Micros, Side};
use crate::crypto::chain::{ChainVerdict, Rule};
use crate::live::lookup;
use crate::live::trust::{Trust, refusal};
use crate::transcript::tap::Answer;
use crate::transcript::{CLIENT, Event, REFUSER, Reason, Transcript, What};

/// Whose roots count.
pub struct Scales {
    /// `None`: certificates are not judged.
    trust: Option<Trust>,
    /// The roots were named: they count even against a client that went on.
    named: bool,
    /// The last judgement: one server's sessions follow each other.
    last: Option<Judged>,
}

struct Judged {
    certs: Vec<Bytes>,
    name: String,
    unix: i64,
    verdicts: Vec<(String, ChainVerdict)>,
    refused: Option<String>,
}

impl Scales {
    /// Judges by these roots, or not at all. `named`: somebody chose them, so that they count whatever the client made of the chain.
    pub fn new(trust: Option<Trust>, named: bool) -> Scales {
        Scales { trust, named, last: None }
    }

    /// Judges the chain and writes the verdict down behind it, as a probe does.
    pub fn weigh(&mut self, transcript: &mut Transcript) {
        let Some(trust) = &self.trust else { return };
        let events = &transcript.events;
        let chain = events.iter().position(|event| matches!(event.what, What::Chain { aside: false, .. }));
        let judged = events.iter().any(|event| matches!(event.what, What::Trust { .. }));
        let Some((at, event)) = chain.filter(|_| !judged).and_then(|at| Some((at, events.get(at)?))) else { return };
        let What::Chain { certs, .. } = &event.what else { return };
        let other = |event: &Event| matches!(&event.what, What::Inferred(inference) if inference.is_sstp == Answer::No);
        if !self.named && (events.iter().any(other) || is_left_open(events)) {
            return;
        }
        let unix = transcript.head.began_unix_ms.div_euclid(1000) + i64::try_from(event.at.0 / 1_000_000).unwrap_or(0);
        let name = transcript.head.target.name();
        let same = |last: &Judged| last.certs == *certs && last.name == name && last.unix.abs_diff(unix) < SAME_TIME;
        if !self.last.as_ref().is_some_and(same) {
            let (verdicts, refused) = trust.judged(certs, name, unix);
            self.last = Some(Judged { certs: certs.clone(), name: name.to_string(), unix, verdicts, refused });
        }
        transcript.head.asked.sources = trust.compared();
        let last = self.last.as_ref().map(|last| (last.verdicts.clone(), last.refused.clone()));
        let (mut verdicts, mut refused) = last.unwrap_or_default();
        if !self.named && refused.is_some() {
            let view = view(events);
            let clients = verdicts.first().zip(view).map(|((_, verdict), view)| (view.to_string(), seen_by(view, verdict.clone())));
            let of_the_client = clients.as_ref().and_then(|(_, verdict)| refusal(verdict));
            refused = of_the_client.or(refused).filter(|_| view != Some(CLIENT));
            verdicts = clients.into_iter().chain(verdicts).collect();
        }
        let settled = events.iter().any(|event| event.layer == Layer::Cert && matches!(event.what, What::Up | What::Down(_)));
        let mut new = written(event.at, verdicts, refused.filter(|_| !settled), settled);
        let staple = events.iter().find_map(|event| match &event.what {
            What::Secured(secured) if !secured.staple.is_empty() => Some(secured.staple.clone()),
            _ => None,
        });
        if let Some(look) = staple.and_then(|staple| lookup::stapled(&staple, certs, trust, name, unix)) {
            new.push(Event::new(event.at, Some(Side::Server), Layer::Cert, What::Revocation(Box::new(look))));
        }
        transcript.events.splice(at + 1..at + 1, new);
    }
}

/// What the client made of the certificate was not seen: it neither went on nor left, or it left long after.
fn is_left_open(events: &[Event]) -> bool {
    let chain = events.iter().find(|event| matches!(event.what, What::Chain { aside: false, .. }));
    let Some(chain) = chain.filter(|_| !went_on(events)) else { return false };
    let leaves = |event: &Event| match &event.what {
        What::Closed(_) | What::Alert { .. } => event.by == Some(Side::Client),
        What::Down(reason) => matches!(event.layer, Layer::Tls | Layer::Cert) && !matches!(reason, Reason::Unseen(_)),
        _ => false,
    };
    !events.iter().any(|event| leaves(event) && event.at >= chain.at && event.at - chain.at <= DECIDES)
}

fn written(at: Micros, verdicts: Vec<(String, ChainVerdict)>, refused: Option<String>, settled: bool) -> Vec<Event> {
    let event = |what| Event::new(at, None, Layer::Cert, what);
    let verdicts = verdicts.into_iter().map(|(source, verdict)| event(What::Trust { source, verdict }));
    let end = match refused {
        Some(says) => What::Down(Reason::Untrusted(says)),
        None => What::Up,
    };
    let end = (!settled).then(|| event(end));
    std::iter::once(event(What::Began)).chain(verdicts).chain(end).collect()
}

/// The client used the connection after it had seen the certificate: application data was sent, whether it can be read or not.
fn went_on(events: &[Event]) -> bool {
    events.iter().any(|event| match &event.what {
        What::Http(_) | What::Sstp(_) | What::Ppp(_) => event.by == Some(Side::Client) && event.layer >= Layer::Http,
        What::Inferred(inference) => inference.stage >= Some(Layer::Http) || inference.records > 0,
        _ => false,
    })
}

/// What the client showed of its own judgement: that it went on, or that it complained of something else than the issuer. It has roots that
/// we do not have, so that where the chain ends is not for us to doubt then.
fn view(events: &[Event]) -> Option<&'static str> {
    if went_on(events) {
        return Some(CLIENT);
    }
    let names_the_matter = |event: &Event| match event.what {
        What::Alert { description } => event.by == Some(Side::Client) && NOT_THE_ISSUER.contains(&description),
        _ => false,
    };
    events.iter().any(names_the_matter).then_some(REFUSER)
}

/// The verdict by the client's roots. One that went on does not look at the name, or dialled another than the capture shows. One
/// that refused may have done so over the end of the chain, where nothing else is wrong.
fn seen_by(view: &str, verdict: ChainVerdict) -> ChainVerdict {
    let is_end = |rule| matches!(rule, Rule::SelfSigned | Rule::UntrustedRoot | Rule::MissingIntermediate);
    let is_name = |rule| matches!(rule, Rule::NameMismatch | Rule::WildcardDepth | Rule::IdnNotEncoded | Rule::IpNotInSan);
    let mut of_the_client = verdict.clone();
    of_the_client.problems.retain(|problem| !is_end(problem.rule) && (view != CLIENT || !is_name(problem.rule)));
    if view == REFUSER && of_the_client.is_trusted() { verdict } else { of_the_client }
}

/// RFC 8446 6.2: bad_certificate, certificate_revoked, certificate_expired.
const NOT_THE_ISSUER: [u8; 3] = [42, 44, 45];
/// Ours: a client that refuses a certificate leaves within this time; no SSTP client asks a person.
const DECIDES: Micros = Micros(3_000_000);
/// Ours: within so many seconds a chain is not judged again.
const SAME_TIME: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{self, Severity};
    use crate::live::trust::Store;
    use crate::transcript::Facts;
    use crate::transcript::tap::{Confidence, Inference};
    use crate::transcript::{Head, How, Target};
    use crate::wire::http;

    #[test]
    fn records_that_nobody_can_read_show_that_the_client_went_on() {
        let weighed = |records| {
            let mut transcript = seen(false);
            transcript.events.pop();
            let inference = Inference { is_sstp: Answer::Unsure, confidence: Confidence::Low, stage: None, because: Vec::new(), records };
            transcript.events.push(Event::new(Micros(9), None, Layer::Tls, What::Inferred(Box::new(inference))));
            Scales::new(Some(Trust::default()), false).weigh(&mut transcript);
            transcript.events.iter().any(|event| event.what == What::Up)
        };
        assert_eq!((weighed(0), weighed(1)), (false, true));
    }

    fn seen(request: bool) -> Transcript {
        let after = match request {
            true => (Layer::Http, What::Http(http::Head::sstp_request("vpn.example.test", "{0}"))),
            false => (Layer::Tcp, What::Closed(How::Fin)),
        };
        captured(|_| (), after)
    }

    /// A chain of one certificate that signed itself, and what the client did then.
    fn captured(edit: impl FnOnce(&mut rcgen::CertificateParams), (layer, what): (Layer, What)) -> Transcript {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec!["vpn.example.test".into()]).expect("a name");
        params.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
        edit(&mut params);
        let certs = vec![params.self_signed(&key).expect("a certificate").der().to_vec().into()];
        let mut events = vec![Event::new(Micros(5), Some(Side::Server), Layer::Cert, What::Chain { from: None, certs, aside: false })];
        events.push(Event::new(Micros(9), Some(Side::Client), layer, what));
        let target = Target { host: "vpn.example.test".into(), port: 443, ..Target::default() };
        let source = crate::transcript::Source::Capture { connection: 1, first_packet: 1 };
        Transcript { head: Head { began_unix_ms: 1_700_000_000_000, target, source, ..Head::default() }, events }
    }

    /// Failing findings and warnings about the certificate, no roots being named.
    fn told(mut transcript: Transcript) -> (Vec<&'static str>, Vec<&'static str>) {
        Scales::new(Some(Trust::of(Store::Mozilla, "test", &[])), false).weigh(&mut transcript);
        let judgement = diag::judge(&Facts::of(&transcript), diag::all());
        let of = |severity| {
            let found = judgement.findings.iter().filter(move |it| it.severity == severity && it.check.layer == Layer::Cert);
            found.map(|it| it.check.id).collect()
        };
        (of(Severity::Fail), of(Severity::Warn))
    }

    #[test]
    fn what_the_client_accepted_is_a_warning_and_names_what_windows_would_refuse() {
        let went_on = || (Layer::Http, What::Http(http::Head::sstp_request("vpn.example.test", "{0}")));
        assert_eq!(told(captured(|_| (), went_on())), (vec![], vec![]));
        let expired = captured(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1), went_on());
        assert_eq!(told(expired), (vec![], vec!["CERT-EXPIRED"]));
        let other_name = vec![rcgen::SanType::DnsName("other.example.test".try_into().expect("ASCII"))];
        let named = captured(|params| params.subject_alt_names = other_name, went_on());
        assert_eq!(told(named), (vec![], vec!["CERT-NAME-NOT-CHECKED"]));
    }

    #[test]
    fn a_client_that_complained_of_something_else_knows_the_issuer() {
        let expired = |description| {
            let edit = |params: &mut rcgen::CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
            told(captured(edit, (Layer::Tls, What::Alert { description }))).0
        };
        assert_eq!(expired(45), ["CERT-EXPIRED"]);
        assert_eq!(expired(48), ["CERT-SELF-SIGNED", "CERT-EXPIRED"], "in the order of Windows' policy");
        assert_eq!(told(captured(|_| (), (Layer::Tls, What::Alert { description: 42 }))).0, ["CERT-SELF-SIGNED"], "nothing else is wrong");
    }

    fn weighed(named: bool, request: bool) -> (Vec<String>, bool) {
        let mut transcript = seen(request);
        Scales::new(Some(Trust::of(Store::Mozilla, "test", &[])), named).weigh(&mut transcript);
        let again = transcript.clone();
        Scales::new(Some(Trust::default()), named).weigh(&mut transcript);
        assert_eq!(transcript, again, "what is judged already is not judged again");
        let sources = transcript.events.iter().filter_map(|event| match &event.what {
            What::Trust { source, .. } => Some(source.clone()),
            _ => None,
        });
        (sources.collect(), transcript.events.iter().any(|event| event.what == What::Up))
    }

    #[test]
    fn a_client_that_went_on_knows_its_roots_unless_ours_were_named() {
        assert_eq!(weighed(false, true), (vec![CLIENT.to_string(), "test".into(), "mozilla".into()], true));
        assert_eq!(weighed(false, false), (vec!["test".into(), "mozilla".into()], false));
        assert_eq!(weighed(true, true), (vec!["test".into(), "mozilla".into()], false));
    }

    #[test]
    fn where_the_client_neither_went_on_nor_left_at_once_nothing_is_judged() {
        let judged = |left: Option<u64>, named| {
            let mut transcript = seen(false);
            transcript.events.pop();
            transcript.events.extend(left.map(|at| Event::new(Micros(at), Some(Side::Client), Layer::Tcp, What::Closed(How::Fin))));
            Scales::new(Some(Trust::default()), named).weigh(&mut transcript);
            transcript.events.iter().any(|event| event.layer == Layer::Cert && event.what == What::Began)
        };
        assert_eq!([judged(None, false), judged(Some(500_000), false), judged(Some(7_000_000), false)], [false, true, false]);
        assert!(judged(None, true), "the roots were named");
    }

    #[test]
    fn nothing_is_judged_without_roots() {
        let mut transcript = seen(true);
        let before = transcript.clone();
        Scales::new(None, false).weigh(&mut transcript);
        assert_eq!(transcript, before);
    }
}
