//! A conformance case: one requirement, one stimulus, one expectation.

use super::expect::Expect;
use crate::base::{Layer, Side, SpecRef};
use crate::crypto::binding::HashProtocol;
use crate::live::knock::Abort;
use crate::live::tls::Settings;
use crate::proto::edit::Edit;
use crate::proto::plan::{BindingKey, Method, ServerConfig};
use crate::proto::quirk::Quirk;
use crate::transcript::Event;
use crate::wire::tls::ClientHello;
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

/// How binding a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The specification says MUST.
    Must,
    /// The specification says it in plain words, in a figure, or it follows from the formats.
    Derived,
    /// SHOULD.
    Should,
    /// MAY: recorded, never a failure.
    May,
    /// Not in MS-SSTP: good practice.
    Interop,
}

impl Level {
    /// Every level and its name.
    pub const ALL: [(Level, &'static str); 5] =
        [(Level::Must, "MUST"), (Level::Derived, "MUST*"), (Level::Should, "SHOULD"), (Level::May, "MAY"), (Level::Interop, "INTEROP")];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        Level::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// What the name stands for, and what becomes of a case that does not meet it.
    pub fn means(self) -> &'static str {
        match self {
            Level::Must => "the specification says MUST; what does not meet it fails",
            Level::Derived => {
                "no MUST in capitals: the specification says so in plain words or a figure, or it follows from the formats; \
                 what does not meet it fails"
            }
            Level::Should => "the specification says SHOULD; what does not meet it is lenient, and counts with --strict",
            Level::May => "the specification leaves it open; what is done otherwise is told and never counts",
            Level::Interop => "not in MS-SSTP: good practice that other ends rely on; what does not meet it is told and never counts",
        }
    }

    /// The level of that name, in any case; `must*` is `derived` too.
    pub fn from_name(name: &str) -> Option<Level> {
        let name = name.to_ascii_uppercase();
        Level::ALL.iter().find(|row| row.1 == name || name == "DERIVED" && row.0 == Level::Derived).map(|row| row.0)
    }

    /// What is not met is a failure, not only an observation.
    pub fn binds(self) -> bool {
        matches!(self, Level::Must | Level::Derived)
    }
}

/// What our client does below SSTP in place of the handshake of an honest call.
#[derive(Clone, Copy, Debug)]
pub enum Below {
    /// The handshake is asked for otherwise, and the call goes on above it.
    Asks(fn(&mut Settings)),
    /// A ClientHello of our own; the connection ends with its answer.
    Hello(fn(&mut ClientHello)),
    /// These bytes; the connection ends with their answer.
    Says(&'static [u8]),
    /// The handshake is broken off so on every connection but the last, which is honest.
    Aborts(Abort),
}

/// What another call does while the one that is judged stands.
#[derive(Clone, Copy, Debug)]
pub struct Meanwhile {
    /// In words.
    pub says: &'static str,
    /// How far it climbs.
    pub until: Layer,
    /// What is done to its messages.
    pub edits: &'static [&'static str],
    /// The key that it binds with.
    pub key: BindingKey,
}

/// A row of a case table; see [`Case`] for the columns.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    id: &'static str,
    title: &'static str,
    why: &'static str,
    spec: SpecRef,
    level: Level,
    covers: &'static [&'static str],
    edits: &'static [&'static str],
    proved_by: &'static str,
    base: Base,
}

/// What a row and a generated case have in common.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    /// Which end is tested.
    pub tests: Side,
    /// How far our honest end climbs; then it sends Call Disconnect, which a row may put something else in place of. A server
    /// of ours stays in the call when this is [`Layer::Data`] or above.
    pub until: Layer,
    /// Methods of authentication our end uses, or offers in this order; `None`: all that it knows.
    pub methods: Option<&'static [Method]>,
    /// The hash for crypto binding; `None`: the best offered.
    pub hash: Option<HashProtocol>,
    /// The key for crypto binding.
    pub key: BindingKey,
    /// What must be seen.
    pub expect: Expect,
    /// What is a refusal, only not as specified.
    pub otherwise: Option<Expect>,
    /// Without this the peer lacks a feature, and the case says nothing about it.
    pub only_if: Option<(Expect, &'static str)>,
    /// Without this after the stimulus there is nothing to judge: the peer failed in something that another case is about.
    pub needs: Option<(Expect, &'static str)>,
    /// How long after the stimulus the peer is watched at most.
    pub within: Duration,
    /// The case waits for a timer of more than 30 s.
    pub slow: bool,
    /// So many connections, one after the other, looked at together.
    pub times: u32,
    /// On the last connection our end sends what it sent under that name on the first one.
    pub replays: Option<&'static str>,
    /// Server cases: the oddity that the sound lab needs for the case to say anything. Client cases: the lab fault that our end
    /// shows below SSTP, such as a certificate.
    pub lab: Option<&'static str>,
    /// Server cases: what our end does below SSTP, and in words.
    pub below: Option<(Below, &'static str)>,
    /// Server cases: in what our client is no honest one.
    pub quirks: &'static [Quirk],
    /// Server cases: what another call does while the one that is judged stands.
    pub meanwhile: Option<Meanwhile>,
    /// Client cases: what is special about the policy of our server.
    pub policy: fn(&mut ServerConfig),
    /// Client cases: whoever runs the client makes it hang up once the call is up.
    pub hangs_up: bool,
    /// The client, ours or the one under test, logs in with this domain in front of the user name.
    pub domain: Option<&'static str>,
}

/// A conformance case.
#[derive(Clone, Debug)]
pub struct Case {
    /// `layer/section/what`; never renamed.
    pub id: Cow<'static, str>,
    /// What is required.
    pub title: Cow<'static, str>,
    /// Why it matters.
    pub why: Cow<'static, str>,
    /// Where it is required.
    pub spec: SpecRef,
    /// How binding it is.
    pub level: Level,
    /// Ids of the requirements in `fixtures/conformance/requirements.tsv` that it covers.
    pub covers: Vec<&'static str>,
    /// The stimulus first, then what keeps our end from spoiling the view.
    pub edits: Vec<Cow<'static, str>>,
    /// The fault of the lab, or the mutant of the built-in client, that the case must fail against.
    pub proved_by: &'static str,
    /// The rest.
    pub base: Base,
}

impl Base {
    /// Nothing special: climb to `until` and watch.
    pub const fn new(tests: Side, until: Layer) -> Base {
        Base {
            tests,
            until,
            methods: None,
            hash: None,
            key: BindingKey::Right,
            expect: Expect::Nothing,
            otherwise: None,
            only_if: None,
            needs: None,
            within: Duration::from_secs(8),
            slow: false,
            times: 1,
            replays: None,
            lab: None,
            below: None,
            quirks: &[],
            meanwhile: None,
            policy: |_| {},
            hangs_up: false,
            domain: None,
        }
    }
}

impl Row {
    /// A row about `tests` that climbs no further than TLS allows; the builders below fill in the rest.
    pub const fn new(tests: Side, level: Level, id: &'static str, spec: SpecRef, covers: &'static [&'static str]) -> Row {
        Row { id, title: "", why: "", spec, level, covers, edits: &[], proved_by: "", base: Base::new(tests, Layer::Sstp) }
    }

    /// What is required, in a few words.
    pub const fn says(mut self, title: &'static str) -> Row {
        self.title = title;
        self
    }

    /// Why it matters.
    pub const fn why(mut self, why: &'static str) -> Row {
        self.why = why;
        self
    }

    /// How far our end climbs.
    pub const fn at(mut self, until: Layer) -> Row {
        self.base.until = until;
        self
    }

    /// The stimulus and what supports it.
    pub const fn edits(mut self, edits: &'static [&'static str]) -> Row {
        self.edits = edits;
        self
    }

    /// What must be seen.
    pub const fn expects(mut self, expect: Expect) -> Row {
        self.base.expect = expect;
        self
    }

    /// What is a refusal, only not as specified.
    pub const fn or(mut self, otherwise: Expect) -> Row {
        self.base.otherwise = Some(otherwise);
        self
    }

    /// Without this the peer lacks the feature.
    pub const fn only_if(mut self, expect: Expect, lacks: &'static str) -> Row {
        self.base.only_if = Some((expect, lacks));
        self
    }

    /// Methods of authentication to use.
    pub const fn methods(mut self, methods: &'static [Method]) -> Row {
        self.base.methods = Some(methods);
        self
    }

    /// Hash and key for crypto binding.
    pub const fn binds_with(mut self, hash: Option<HashProtocol>, key: BindingKey) -> Row {
        (self.base.hash, self.base.key) = (hash, key);
        self
    }

    /// How long the peer is watched after the stimulus, in seconds.
    pub const fn within(mut self, seconds: u64) -> Row {
        self.base.within = Duration::from_secs(seconds);
        self.base.slow = seconds > SLOW;
        self
    }

    /// So many connections.
    pub const fn times(mut self, times: u32) -> Row {
        self.base.times = times;
        self
    }

    /// On the last connection our end sends what it sent under that name on the first one.
    pub const fn replays(mut self, name: &'static str) -> Row {
        self.base.replays = Some(name);
        self
    }

    /// The oddity that the sound lab needs.
    pub const fn lab(mut self, oddity: &'static str) -> Row {
        self.base.lab = Some(oddity);
        self
    }

    /// What our end does below SSTP, and in words.
    pub const fn below(mut self, below: Below, says: &'static str) -> Row {
        self.base.below = Some((below, says));
        self
    }

    /// In what our client is no honest one.
    pub const fn quirks(mut self, quirks: &'static [Quirk]) -> Row {
        self.base.quirks = quirks;
        self
    }

    /// What another call does while the one that is judged stands.
    pub const fn meanwhile(mut self, other: Meanwhile) -> Row {
        self.base.meanwhile = Some(other);
        self
    }

    /// What is special about the policy of our server.
    pub const fn with(mut self, policy: fn(&mut ServerConfig)) -> Row {
        self.base.policy = policy;
        self
    }

    /// The client is made to hang up.
    pub const fn hung_up(mut self) -> Row {
        self.base.hangs_up = true;
        self
    }

    /// The user name has a domain.
    pub const fn domain(mut self, domain: &'static str) -> Row {
        self.base.domain = Some(domain);
        self
    }

    /// What there is to judge, and what is said where it is missing.
    pub const fn judges(mut self, what: Expect, missing: &'static str) -> Row {
        self.base.needs = Some((what, missing));
        self
    }

    /// The fault that it must fail against.
    pub const fn proved(mut self, fault: &'static str) -> Row {
        self.proved_by = fault;
        self
    }
}

impl From<&Row> for Case {
    fn from(row: &Row) -> Case {
        Case {
            id: row.id.into(),
            title: row.title.into(),
            why: row.why.into(),
            spec: row.spec,
            level: row.level,
            covers: row.covers.to_vec(),
            edits: row.edits.iter().map(|line| (*line).into()).collect(),
            proved_by: row.proved_by,
            base: row.base,
        }
    }
}

impl Case {
    /// The section of the id: what stands between its slashes.
    pub fn section(&self) -> &str {
        self.id.split('/').nth(1).unwrap_or_default()
    }

    /// The layer of the id.
    pub fn layer(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// The stimulus is that our end does not send something.
    pub fn withholds(&self) -> bool {
        self.edits.first().is_some_and(|line| line.ends_with(" drop"))
    }

    /// A server can only be tested so far with a valid account.
    pub fn needs_account(&self) -> bool {
        self.base.tests == Side::Server && self.base.until > Layer::Lcp
    }

    /// A server can only be tested so with an account that has a certificate.
    pub fn needs_certificate(&self) -> bool {
        self.base.tests == Side::Server && matches!(self.base.methods, Some([Method::EapTls]))
    }

    /// The case with the target's name where the rows have the lab's.
    pub fn aimed_at(&self, host: &str) -> Case {
        self.with_edits(|line| line.replace(LAB_HOST, host))
    }

    /// The case with the address that was reached where the rows have [`ADDRESS`].
    pub fn at_address(&self, address: IpAddr) -> Case {
        let literal = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        self.with_edits(|line| line.replace(ADDRESS, &literal))
    }

    fn with_edits(&self, change: impl Fn(&str) -> String) -> Case {
        Case { edits: self.edits.iter().map(|line| change(line).into()).collect(), ..self.clone() }
    }

    /// The case of the other call that goes on beside this one.
    pub fn beside(&self) -> Option<Case> {
        let other = self.base.meanwhile?;
        let base = Base { key: other.key, within: ASIDE, expect: Expect::Nothing, ..Base::new(self.base.tests, other.until) };
        Some(Case { edits: other.edits.iter().map(|line| (*line).into()).collect(), base, ..self.clone() })
    }

    /// The case as its next connection carries it out, after those that these events tell of.
    pub fn next(&self, before: &[Event]) -> Case {
        let sent = |event: &&Event| {
            event.by == Some(self.base.tests.other()) && super::expect::name(event).as_deref() == self.base.replays && self.edits.is_empty()
        };
        let Some((name, event)) = self.base.replays.zip(before.iter().find(sent)) else { return self.clone() };
        Case { edits: vec![format!("{name}#1 instead {}", crate::base::hex(&event.raw)).into()], ..self.clone() }
    }

    /// The name that a client under test is to log in with, for the account of that name.
    pub fn login_name(&self, account: &str) -> String {
        self.base.domain.map_or_else(|| account.to_string(), |domain| format!("{domain}\\{account}"))
    }

    /// The edits as they are carried out; a line that is no edit is left out, and a test finds it.
    pub fn parsed(&self) -> Vec<Edit> {
        self.edits.iter().filter_map(|line| Edit::parse(line).ok()).collect()
    }
}

/// Ours: the other call is watched no longer.
const ASIDE: Duration = Duration::from_secs(2);
/// The server's address in the rows' HTTP requests.
pub const ADDRESS: &str = "192.0.2.77";
/// The host in the rows' HTTP requests.
const LAB_HOST: &str = "vpn.lab.example";
/// Ours: a case that watches longer than this many seconds is slow.
const SLOW: u64 = 30;
