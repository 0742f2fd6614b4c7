//! The login at a forward proxy: which of the offered schemes is used, and what is shown. RFC 9110 11, RFC 7616, RFC 7617, MS-NLMP.

use crate::base::{Secret, base64, hex, unbase64};
use crate::crypto::http_digest::{Algorithm, Asked};
use crate::crypto::ntlm;
use crate::wire::challenge::Challenge;
use crate::wire::http::Head;
use crate::wire::ntlm::{self as message, Authenticate};
use zeroize::Zeroizing;

/// Who we are to the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyCredentials {
    /// User name; `DOMAIN\user` for NTLM.
    pub user: String,
    /// Password.
    pub password: Secret<String>,
}

/// A scheme that we can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 7617: the password in the clear.
    Basic,
    /// RFC 7616.
    Digest(Algorithm),
    /// MS-NLMP, version 2.
    Ntlm,
}

impl Scheme {
    /// Its name, the hash of Digest with it.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Basic => "Basic",
            Scheme::Digest(Algorithm::Md5) => "Digest MD5",
            Scheme::Digest(Algorithm::Md5Sess) => "Digest MD5-sess",
            Scheme::Digest(Algorithm::Sha256) => "Digest SHA-256",
            Scheme::Digest(Algorithm::Sha256Sess) => "Digest SHA-256-sess",
            Scheme::Ntlm => "NTLM",
        }
    }
}

/// What to do after a 407.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask again with this header line, its line end included.
    Again {
        /// The scheme.
        scheme: Scheme,
        /// `Proxy-Authorization: ...`
        line: Zeroizing<String>,
        /// It must be the connection of the 407. NTLM is bound to it.
        here: bool,
    },
    /// There is nothing more to be said.
    GiveUp(GaveUp),
}

/// Why there is nothing more to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// We have no credentials.
    NoCredentials,
    /// It offers no scheme that we can do.
    NoScheme,
    /// What we showed was not taken.
    Refused(Scheme),
    /// Its challenge cannot be answered, and why.
    Malformed(String),
}

/// What the answer depends on besides the challenge.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    /// Random bytes: the client's nonce or challenge.
    pub random: [u8; 16],
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_ms: i64,
}

/// The course of one login.
#[derive(Debug)]
pub struct Course<'a> {
    credentials: Option<&'a ProxyCredentials>,
    stage: Stage,
    rounds: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    Shown(Scheme),
    /// NTLM's first message was sent.
    Opened,
}

impl<'a> Course<'a> {
    /// Nothing is shown before the proxy says how it wants it: Basic would give the password away to whoever listens.
    pub fn new(credentials: Option<&'a ProxyCredentials>) -> Course<'a> {
        Course { credentials, stage: Stage::Fresh, rounds: 0 }
    }

    /// The scheme that was shown last.
    pub fn scheme(&self) -> Option<Scheme> {
        match self.stage {
            Stage::Fresh => None,
            Stage::Shown(scheme) => Some(scheme),
            Stage::Opened => Some(Scheme::Ntlm),
        }
    }

    /// What to do after this 407 to a request of `method` and `uri`.
    pub fn challenged(&mut self, head: &Head, method: &str, uri: &str, chance: Chance) -> Next {
        let offered = Challenge::of_proxy(head);
        let Some(credentials) = self.credentials else { return Next::GiveUp(GaveUp::NoCredentials) };
        self.rounds += 1;
        match self.stage {
            Stage::Opened => self.answered(credentials, &offered, chance),
            // RFC 7616 3.3: with stale=true the password was right and only the nonce is too old.
            Stage::Shown(Scheme::Digest(_)) if self.rounds <= MOST_ROUNDS && stale(&offered) => {
                self.begin(credentials, &offered, method, uri, chance)
            }
            Stage::Shown(scheme) => Next::GiveUp(GaveUp::Refused(scheme)),
            Stage::Fresh => self.begin(credentials, &offered, method, uri, chance),
        }
    }

    /// The strongest scheme that both ends can do.
    fn begin(&mut self, credentials: &ProxyCredentials, offered: &[Challenge], method: &str, uri: &str, chance: Chance) -> Next {
        let digests = offered.iter().filter(|one| one.is("Digest")).filter_map(|one| Some((one, algorithm(one)?)));
        if let Some((challenge, algorithm)) = digests.max_by_key(|row| row.1.strong()) {
            return self.digest(credentials, challenge, algorithm, (method, uri), chance);
        }
        if offered.iter().any(|one| one.is("NTLM")) {
            self.stage = Stage::Opened;
            return Next::Again { scheme: Scheme::Ntlm, line: line("NTLM", &base64(&message::negotiate())), here: false };
        }
        if offered.iter().any(|one| one.is("Basic")) {
            self.stage = Stage::Shown(Scheme::Basic);
            let pair = Zeroizing::new(format!("{}:{}", credentials.user, credentials.password.expose()));
            let shown = Zeroizing::new(base64(pair.as_bytes()));
            return Next::Again { scheme: Scheme::Basic, line: line("Basic", &shown), here: false };
        }
        Next::GiveUp(GaveUp::NoScheme)
    }

    fn digest(
        &mut self,
        credentials: &ProxyCredentials,
        challenge: &Challenge,
        algorithm: Algorithm,
        (method, uri): (&str, &str),
        chance: Chance,
    ) -> Next {
        let (Some(realm), Some(nonce)) = (challenge.param("realm"), challenge.param("nonce")) else {
            return Next::GiveUp(GaveUp::Malformed("its Digest challenge has no realm or no nonce".into()));
        };
        let qop = challenge.param("qop").map(|list| list.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")));
        if qop == Some(false) {
            return Next::GiveUp(GaveUp::Malformed(format!("its Digest challenge allows no qop=auth but {:?}", challenge.param("qop"))));
        }
        let cnonce = hex(&chance.random);
        let user = credentials.user.as_str();
        let auth = qop.map(|_| (cnonce.as_str(), 1));
        let response = Asked { algorithm, user, realm, nonce, auth, method, uri }.response(credentials.password.expose());
        let mut shown = format!(
            "username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\", algorithm={}",
            quoted(user),
            quoted(realm),
            quoted(nonce),
            algorithm.name()
        );
        if let Some(opaque) = challenge.param("opaque") {
            shown += &format!(", opaque=\"{}\"", quoted(opaque));
        }
        if qop.is_some() {
            shown += &format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\"");
        }
        let scheme = Scheme::Digest(algorithm);
        self.stage = Stage::Shown(scheme);
        Next::Again { scheme, line: line("Digest", &shown), here: false }
    }

    /// NTLM's third message, in answer to the second.
    fn answered(&mut self, credentials: &ProxyCredentials, offered: &[Challenge], chance: Chance) -> Next {
        let token = offered.iter().find(|one| one.is("NTLM")).and_then(|one| one.token68.as_deref());
        let Some(token) = token else { return Next::GiveUp(GaveUp::Malformed("it does not go on with NTLM".into())) };
        let read = unbase64(token).ok_or_else(|| "no Base64".to_string());
        let asked = match read.and_then(|bytes| message::Challenge::parse(&bytes).map_err(|error| error.to_string())) {
            Ok(asked) => asked,
            Err(says) => return Next::GiveUp(GaveUp::Malformed(format!("its NTLM challenge cannot be read: {says}"))),
        };
        let (domain, user) = credentials.user.split_once('\\').unwrap_or(("", &credentials.user));
        let key = ntlm::ntowf_v2(user, domain, credentials.password.expose());
        let [a, b, c, d, e, f, g, h, ..] = chance.random;
        let response = ntlm::respond(&key, asked.challenge, [a, b, c, d, e, f, g, h], filetime(chance.unix_ms), &asked.target_info);
        let said = Authenticate { lm: response.lm.to_vec(), nt: response.nt, domain: domain.into(), user: user.into() };
        self.stage = Stage::Shown(Scheme::Ntlm);
        Next::Again { scheme: Scheme::Ntlm, line: line("NTLM", &base64(&said.emit(asked.flags))), here: true }
    }
}

/// The hash of a Digest challenge; nothing when we do not know it.
fn algorithm(challenge: &Challenge) -> Option<Algorithm> {
    challenge.param("algorithm").map_or(Some(Algorithm::Md5), Algorithm::from_name)
}

fn stale(offered: &[Challenge]) -> bool {
    offered.iter().any(|one| one.is("Digest") && one.param("stale").is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

fn line(scheme: &str, shown: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("Proxy-Authorization: {scheme} {shown}\r\n"))
}

/// RFC 9110 5.6.4; line ends cannot stand in a header.
fn quoted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).flat_map(|c| ['\\', c].into_iter().skip(usize::from(!"\"\\".contains(c)))).collect()
}

/// 100 ns since 1601. MS-DTYP 2.3.3.
fn filetime(unix_ms: i64) -> u64 {
    u64::try_from(unix_ms).unwrap_or(0).saturating_add(11_644_473_600_000).saturating_mul(10_000)
}

/// Ours: so many times a nonce may be stale.
const MOST_ROUNDS: u8 = 3;

#[cfg(test)]
mod tests;
