//! Looking at a trail: tallies of arms, and contrasts between them.

use super::Level;
use crate::base::{Layer, Micros};
use crate::diag::witness::{self, Comparison};
use crate::transcript::trial::{Arm, Ending, Reference, Shown, Trail, Trial};

/// A trail, looked at.
pub struct View<'a> {
    /// The trail.
    pub trail: &'a Trail,
    witness: Option<Comparison>,
}

/// How the trials of an arm went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What was asked for came.
    pub passed: usize,
    /// It did not.
    pub failed: usize,
}

/// What becomes of LCP echoes in calls that stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Echoes {
    /// They are answered, or end as anything else does.
    Answered,
    /// None is ever answered, and the server says other things.
    Ignored,
    /// Now this, now that.
    Lost,
}

/// Trials of two arms in the same rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contrast {
    /// Rounds in which the control came through and the treatment did not.
    pub for_it: usize,
    /// Rounds in which it was the other way round.
    pub against: usize,
    /// Rounds in which both ended alike.
    pub alike: usize,
}

impl Contrast {
    /// How sure a difference is that was seen so often; nothing when it was not seen, or not always.
    pub fn level(self, needed: usize) -> Option<Level> {
        match self {
            Contrast { for_it: 0, .. } => None,
            Contrast { for_it, against, alike } if against > 0 || alike > for_it => None,
            Contrast { for_it: 1, .. } => Some(Level::Suspected),
            Contrast { for_it, alike, .. } if for_it < needed.saturating_sub(alike.min(1)) => Some(Level::Suspected),
            Contrast { .. } => Some(Level::Probable),
        }
    }
}

impl<'a> View<'a> {
    /// Looks at a trail.
    pub fn of(trail: &'a Trail) -> View<'a> {
        let told = trail.witness.as_ref().and_then(|sides| Some((&sides.ours, sides.theirs.as_ref().ok()?)));
        View { trail, witness: told.map(|(ours, theirs)| witness::judge(ours, theirs)) }
    }

    /// What both ends saw, where a witness told.
    pub fn witness(&self) -> Option<&Comparison> {
        self.witness.as_ref()
    }

    /// The same, for whoever goes on without the view.
    pub(super) fn into_witness(self) -> Option<Comparison> {
        self.witness
    }

    /// The trials of an arm; those that we could not run, and those of the search for lasting blocks, are left out.
    pub fn trials(&self, arm: Arm) -> impl Iterator<Item = &'a Trial> {
        let ours = |trial: &&Trial| !matches!(trial.ending, Ending::Ours(_));
        self.trail.trials.iter().filter(move |trial| trial.arm == arm && trial.round < SEARCHES).filter(ours)
    }

    /// How they went.
    pub fn tally(&self, arm: Arm) -> Tally {
        let mut tally = Tally::default();
        for trial in self.trials(arm) {
            if trial.passed() { tally.passed += 1 } else { tally.failed += 1 }
        }
        tally
    }

    /// It was tried and always came through.
    pub fn open(&self, arm: Arm) -> bool {
        let tally = self.tally(arm);
        tally.passed > 0 && tally.failed == 0
    }

    /// It was tried and never came through.
    pub fn shut(&self, arm: Arm) -> bool {
        let tally = self.tally(arm);
        tally.failed > 0 && tally.passed == 0
    }

    /// It never came through, and nobody said why.
    pub fn cut(&self, arm: Arm) -> bool {
        self.shut(arm) && self.trials(arm).all(|trial| trial.ending.is_wordless() || trial.ending == Ending::NotTls)
    }

    /// Most trials of the arm had a connection of TCP.
    pub fn connected(&self, arm: Arm) -> bool {
        let made = self.trials(arm).filter(|trial| trial.reached.is_some()).count();
        made * 2 > self.trials(arm).count()
    }

    /// It never came through, and nothing came at all.
    pub fn silent(&self, arm: Arm) -> bool {
        self.shut(arm) && self.trials(arm).all(|trial| trial.ending == Ending::Silence)
    }

    /// It came through now and then.
    pub fn mixed(&self, arm: Arm) -> bool {
        let tally = self.tally(arm);
        tally.passed > 0 && tally.failed > 0
    }

    /// Control and treatment, round by round.
    pub fn contrast(&self, control: Arm, treatment: Arm) -> Contrast {
        self.contrast_by(control, Trial::passed, treatment, Trial::passed)
    }

    /// The same with other ideas of what is sound.
    pub fn contrast_by(&self, control: Arm, fine: impl Fn(&Trial) -> bool, treatment: Arm, sound: impl Fn(&Trial) -> bool) -> Contrast {
        let mut contrast = Contrast::default();
        for trial in self.trials(treatment) {
            let Some(beside) = self.trials(control).find(|other| other.round == trial.round) else { continue };
            match (fine(beside), sound(trial)) {
                (true, false) => contrast.for_it += 1,
                (false, true) => contrast.against += 1,
                _ => contrast.alike += 1,
            }
        }
        contrast
    }

    /// The commonest ending of the trials that failed.
    pub fn ending(&self, arm: Arm) -> Option<&'a Ending> {
        let failed: Vec<&Ending> = self.trials(arm).map(|trial| &trial.ending).filter(|ending| **ending != Ending::Answered).collect();
        failed.iter().copied().max_by_key(|ending| failed.iter().filter(|other| *other == ending).count())
    }

    /// The status that every HTTP answer of the arm had.
    pub fn status(&self, arm: Arm) -> Option<u16> {
        let mut statuses = self.trials(arm).filter_map(|trial| trial.saw.status());
        let first = statuses.next()?;
        statuses.all(|status| status == first).then_some(first)
    }

    /// An answer of the arm.
    pub fn answer(&self, arm: Arm) -> Option<&'a Trial> {
        self.trials(arm).find(|trial| trial.saw.head.is_some())
    }

    /// Whole handshakes come through in short segments only.
    pub fn works_only_short(&self) -> bool {
        self.silent(Arm::Tls) && self.open(Arm::TlsShort)
    }

    /// A hello that leaves the choice was answered with TLS 1.3.
    pub fn speaks_13(&self) -> bool {
        let free = [Arm::HelloNamed, Arm::HelloWindows, Arm::HelloBrowser, Arm::HelloAlpn];
        free.into_iter().flat_map(|arm| self.trials(arm)).any(|trial| trial.saw.version == Some(TLS_13))
    }

    /// What is known from elsewhere.
    pub fn reference(&self) -> Option<&'a Reference> {
        self.trail.head.reference.as_ref()
    }

    /// From elsewhere the server works up to that layer.
    pub fn works_elsewhere(&self, layer: Layer) -> bool {
        self.reference().is_some_and(|reference| reference.reached >= Some(layer))
    }

    /// There is a control server.
    pub fn has_control(&self) -> bool {
        self.trail.head.control.is_some()
    }

    /// The call goes through a forward proxy.
    pub fn proxied(&self) -> bool {
        self.trail.head.proxy.is_some()
    }

    /// Bytes in a second of every trial of the arm that measured.
    pub fn rates(&self, arm: Arm) -> Vec<f64> {
        let seconds = |within: Micros| within.duration().as_secs_f64().max(1e-6);
        self.trials(arm)
            .filter(|trial| trial.passed())
            .filter_map(|trial| Some(trial.saw.bytes? as f64 / seconds(trial.saw.within?)))
            .collect()
    }

    /// `3 of 3`.
    pub fn of_all(&self, arm: Arm) -> String {
        let tally = self.tally(arm);
        format!("{} of {}", tally.failed, tally.failed + tally.passed)
    }

    /// The highest layer that a call reached.
    pub fn reached(&self) -> Option<Layer> {
        self.trail.trials.iter().filter(|trial| !about_others(trial.arm)).filter_map(|trial| trial.reached).max()
    }

    /// What became of echoes in calls that stood.
    pub(super) fn echoes(&self) -> Echoes {
        let asked = [Arm::Echo, Arm::EchoShortSegments, Arm::EchoMany, Arm::Bulk, Arm::BulkSplit];
        let all: Vec<&Trial> = self.trail.trials.iter().filter(|trial| asked.contains(&trial.arm)).collect();
        let ignored = |trial: &&&Trial| trial.ending == Ending::ignores_echoes() && trial.saw.bytes.or(trial.saw.value).unwrap_or(0) == 0;
        match all.iter().filter(ignored).count() {
            0 => Echoes::Answered,
            count if count == all.len() => Echoes::Ignored,
            _ => Echoes::Lost,
        }
    }

    /// More than the opening of a call was carried by other means than echoes.
    fn carried(&self) -> bool {
        [Arm::Login, Arm::BulkPlain, Arm::BulkUp].into_iter().any(|arm| self.tally(arm).passed > 0)
    }

    /// Why nothing can be said, where nothing was found.
    pub(super) fn undecided(&self) -> Option<String> {
        let called = self.trials(Arm::Call).any(Trial::passed);
        if called && !self.trail.interrupted {
            let unheard = self.echoes() == Echoes::Ignored && !self.carried();
            return unheard.then(|| {
                "the call came up, and nothing that was said behind it was answered: the server answers no LCP echoes, or something loses what is said there; a login (--user) tells"
                    .into()
            });
        }
        if called {
            let after = self.trail.took.duration().as_secs_f64();
            let how = if self.trail.time_up { "the time was over" } else { "it was stopped" };
            return Some(format!("{how} after {after:.0} s, before everything was tried; what was tried until then came through"));
        }
        Some(match self.reached() {
            None => {
                "the server was not reached, and there is neither a control server nor a look from elsewhere to tell whose fault that is"
                    .into()
            }
            Some(layer) if self.trail.time_up => {
                format!("the time of {:.0} s was over; {layer} was reached", self.trail.took.duration().as_secs_f64())
            }
            Some(layer) if self.trail.interrupted => format!("it was interrupted; {layer} was reached"),
            Some(layer) => format!(
                "the call came as far as {layer}, and nothing tells whether the way or the server is to blame; `sstp-diag probe` says what stops it"
            ),
        })
    }

    /// What was tried where nothing was found.
    pub(super) fn all_clear(&self) -> String {
        let passed = self.trail.trials.iter().filter(|trial| trial.passed()).count();
        let clean = self.witness().is_some_and(Comparison::is_clean);
        let witness = if clean { "; the witness received every byte as it was sent, and so did we" } else { "" };
        let reached = self.reached().unwrap_or(Layer::Dns);
        let stranger = self.unvouched().map_or(String::new(), |cert| {
            let why = cert.fails.as_ref().map_or(String::new(), |why| format!(" ({why})"));
            format!("; but the certificate, issued by {:?}, does not verify{why}: the server's own, or somebody opens TLS", cert.issuer)
        });
        let echoes = match self.echoes() {
            Echoes::Ignored => "; the server answers no LCP echoes, so that lengths, numbers of bytes and speed were not tried",
            _ => "",
        };
        let (all, login, idle) = (self.trail.trials.len(), self.login(), self.idle());
        format!("{passed} of {all} trials came through, up to {reached}{witness}{stranger}{echoes}{login}{idle}")
    }

    /// What the search for idle timers could not see, or rests on nothing.
    fn idle(&self) -> String {
        let control = self.trials(Arm::Busy).last().filter(|_| self.tally(Arm::Busy).passed == 0);
        if let Some(busy) = control.filter(|_| self.trials(Arm::Idle).next().is_some()) {
            let how = busy.ending.word();
            return format!(
                "; the busy call beside the quiet ones ended in {how}, so that what is said of idle timers rests on no control"
            );
        }
        self.without_login().into()
    }

    /// The same, for want of a login.
    fn without_login(&self) -> &'static str {
        if self.trail.head.max_idle.is_none() || self.trials(Arm::Login).any(Trial::passed) {
            return "";
        }
        match self.trials(Arm::Idle).any(Trial::passed) {
            true => "; without a login (--user) the server speaks now and then, and no idle timer longer than its pauses shows",
            false => "; idle timers were not looked for: without a login (--user) no call could be held open",
        }
    }

    /// The parts of what would make a finding surer that were not given already; nothing where none was.
    pub(super) fn left_of(&self, raise: &str) -> Option<String> {
        let head = &self.trail.head;
        let given: [(bool, &[&str]); 4] = [
            (head.control.is_some(), &["control server with --control", "--control for"]),
            (head.reference.is_some(), &["--reference"]),
            (head.logs_in, &["a login"]),
            (self.trail.witness.is_some(), &["witness"]),
        ];
        // A control that does not work is none.
        let another = ["known to work", "the proxy allows"];
        let has = |part: &str| {
            let words = given.iter().filter(|row| row.0).flat_map(|row| row.1);
            words.clone().any(|word| part.contains(word)) && !another.iter().any(|word| part.contains(word))
        };
        let parts: Vec<&str> = raise.split(", ").flat_map(|part| part.split("; ")).collect();
        let left: Vec<&str> =
            parts.iter().copied().filter(|part| !has(part)).map(|part| part.strip_prefix("and ").unwrap_or(part)).collect();
        match left.len() {
            all if all == parts.len() => None,
            0 => Some("captures of both ends of the way, beside each other".into()),
            _ => Some(left.join(", ")),
        }
    }

    /// What would make it surer that nothing is wrong; what was given already is not asked for.
    pub(super) fn surer(&self) -> String {
        let head = &self.trail.head;
        let certificates = match (head.control.is_some(), head.reference.is_some()) {
            (false, false) => Some("--control and --reference for certificates"),
            (false, true) => Some("--control for certificates"),
            (true, false) => Some("--reference for certificates"),
            (true, true) => None,
        };
        let idle = head.max_idle.is_none().then_some("--max-idle for idle timers");
        let binding = (!head.logs_in).then_some("--user for crypto binding");
        let all = head.gentle.then_some("a run without --gentle");
        let parts: Vec<&str> = idle.into_iter().chain(binding).chain(certificates).chain(all).collect();
        if parts.is_empty() { "the same at another time of day, and from elsewhere".into() } else { parts.join(", ") }
    }

    /// What became of the login that was asked for, where it did not come through.
    fn login(&self) -> String {
        let tried = self.trials(Arm::Login).last();
        match tried.filter(|_| !self.trials(Arm::Login).any(Trial::passed)) {
            Some(trial) => format!("; the login failed: {}", trial.saw.says.clone().unwrap_or_else(|| trial.ending.word())),
            None if tried.is_some() || !self.trail.head.logs_in => String::new(),
            None if self.untrusted() => "; the login was withheld: the certificate does not verify".into(),
            None => "; the login was not tried".into(),
        }
    }

    /// The target showed no certificate that verifies.
    fn untrusted(&self) -> bool {
        !self.trials(Arm::Tls).any(|trial| trial.saw.cert.as_ref().is_some_and(|cert| cert.trusted))
    }

    /// The target's certificate, where it does not verify and nobody said that it is the server's.
    pub(super) fn unvouched(&self) -> Option<&'a Shown> {
        let cert = self.trials(Arm::Tls).find_map(|trial| trial.saw.cert.as_ref()).filter(|cert| !cert.trusted)?;
        let known = self.reference().and_then(|reference| reference.sha256.as_deref());
        let by_witness = self.witness().is_some_and(Comparison::is_clean);
        (known != Some(cert.sha256.as_str()) && !by_witness).then_some(cert)
    }
}

/// RFC 8446 4.2.1.
const TLS_13: u16 = 0x0304;

/// The arm says nothing about the target's own way.
pub(super) fn about_others(arm: Arm) -> bool {
    matches!(
        arm,
        Arm::TcpControl
            | Arm::TlsControl
            | Arm::HelloToControl
            | Arm::ConnectControl
            | Arm::PlainHttp
            | Arm::TcpOtherPort
            | Arm::TlsElsewhere
            | Arm::TlsOtherAddress
    )
}

/// Rounds of the search for lasting blocks have numbers from here on.
pub(super) const SEARCHES: u16 = 1000;
