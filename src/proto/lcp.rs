//! What both ends want of the link. RFC 1661 section 6.

use super::fsm::{Answer, Negotiator};
use super::plan::{Method, ServerStyle};
use crate::wire::control::Opt;
use crate::wire::ncp::{ACCM, AUTH_PROTOCOL, AuthMethod, MAGIC, MRU};

/// MS-SSTP 2.2.3: the largest PPP frame that fits, 4091 bytes; both Windows ends offer it as MRU.
pub const SSTP_MRU: u16 = 4091;
/// RFC 1661 6.1: the MRU of who does not ask for another, bytes.
pub const DEFAULT_MRU: u16 = 1500;
/// Ours: how often a server repeats its demand, or a client its wish, before it gives up.
const MAX_AUTH_NAKS: u32 = 10;

/// Options that we ask for, less those the peer rejected.
#[derive(Debug)]
struct Wanted(Vec<Opt>);

impl Wanted {
    fn naked(&mut self, options: &[Opt]) {
        for option in &mut self.0 {
            if let Some(better) = options.iter().find(|other| other.kind == option.kind && !other.value.is_empty()) {
                option.value = better.value.clone();
            }
        }
    }

    fn rejected(&mut self, options: &[Opt]) {
        self.0.retain(|option| !options.iter().any(|other| other.kind == option.kind));
    }
}

/// What the client came to about authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Not yet.
    Open,
    /// This method.
    Method(AuthMethod),
    /// The server asks for none.
    None,
    /// We would not do what the server insists on.
    Unwilling(AuthMethod),
}

/// The client's end of LCP.
#[derive(Debug)]
pub struct ClientLcp {
    wanted: Wanted,
    magic: [u8; 4],
    /// Methods we would use, best first; empty when we only learn.
    willing: Vec<AuthMethod>,
    /// Methods still to be asked for.
    to_ask: Vec<AuthMethod>,
    learning: bool,
    asked: Option<AuthMethod>,
    /// A method that the server had demanded before was asked for again.
    went_back: bool,
    /// What the server demanded last, and how often we have asked again because it demanded something new.
    demanded: Option<AuthMethod>,
    asked_again: u32,
    /// What was learned so far: method, accepted.
    pub learned: Vec<(AuthMethod, bool)>,
    /// What was agreed.
    pub agreement: Agreement,
    /// The peer's request bears our own magic number.
    pub looped_back: bool,
    /// Whatever the server asks for is fine; an honest client is not so.
    pub acks_all: bool,
}

impl ClientLcp {
    /// A client that wants one of `methods`.
    pub fn willing(methods: &[Method], magic: [u8; 4]) -> ClientLcp {
        let mut willing: Vec<AuthMethod> = Vec::new();
        for method in methods.iter().map(|method| method.lcp()) {
            if !willing.contains(&method) {
                willing.push(method);
            }
        }
        ClientLcp { to_ask: willing.clone(), willing, ..ClientLcp::learning(&[], magic) }.with_learning(false)
    }

    /// A client that asks about `candidates` one after the other.
    pub fn learning(candidates: &[AuthMethod], magic: [u8; 4]) -> ClientLcp {
        let wanted = Wanted(vec![Opt::new(MRU, SSTP_MRU.to_be_bytes()), Opt::new(MAGIC, magic)]);
        ClientLcp {
            wanted,
            magic,
            willing: Vec::new(),
            to_ask: candidates.to_vec(),
            learning: true,
            asked: None,
            went_back: false,
            demanded: None,
            asked_again: 0,
            learned: Vec::new(),
            agreement: Agreement::Open,
            looped_back: false,
            acks_all: false,
        }
    }

    /// The same, with this MRU of its own.
    pub fn receiving(mut self, mru: u16) -> ClientLcp {
        self.wanted.naked(&[Opt::new(MRU, mru.to_be_bytes())]);
        self
    }

    fn with_learning(mut self, learning: bool) -> ClientLcp {
        self.learning = learning;
        self
    }

    /// The server ended the link rather than agree to what was asked for last.
    pub fn ended(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.learn(asked, false);
        }
    }

    fn learn(&mut self, method: AuthMethod, accepted: bool) {
        self.to_ask.retain(|other| *other != method);
        let known = self.learned.iter().any(|row| row.0 == method && (row.1 || !accepted));
        if !known {
            self.learned.push((method, accepted));
        }
    }

    /// What to say to the server's demand for `demanded`.
    fn authentication(&mut self, demanded: AuthMethod) -> Answer {
        let repeated = self.demanded.replace(demanded) == Some(demanded);
        let asked = self.asked.take().filter(|asked| *asked != demanded);
        // A server that answers with a third method walks through a list of its own and may still come to ours.
        if let Some(asked) = asked.filter(|_| self.learning || repeated) {
            self.learn(asked, false);
        }
        self.learn(demanded, true);
        if !self.learning && self.willing.first() == Some(&demanded) {
            return self.agree(demanded);
        }
        if !self.to_ask.is_empty() {
            let next = self.to_ask.remove(0);
            self.asked = Some(next);
            return Answer::Nak(vec![Opt::new(AUTH_PROTOCOL, next.option_value())]);
        }
        // What the server agreed to on the way may be better than what it demands now: back to that, once.
        if let Some(better) = self.better_than(demanded).filter(|_| !self.went_back) {
            self.went_back = true;
            return Answer::Nak(vec![Opt::new(AUTH_PROTOCOL, better.option_value())]);
        }
        if self.learning || self.willing.contains(&demanded) {
            return self.agree(demanded);
        }
        if let (false, Some(wish)) = (repeated, self.willing.first().filter(|_| self.asked_again < MAX_AUTH_NAKS)) {
            self.asked_again += 1;
            self.asked = Some(*wish);
            return Answer::Nak(vec![Opt::new(AUTH_PROTOCOL, wish.option_value())]);
        }
        self.agreement = Agreement::Unwilling(demanded);
        Answer::Silence
    }

    /// The best method that we would use and the server has demanded before, when we like it better than `demanded`.
    fn better_than(&self, demanded: AuthMethod) -> Option<AuthMethod> {
        let takes = |method: &&AuthMethod| self.learned.contains(&(**method, true));
        self.willing.iter().take_while(|method| **method != demanded).find(takes).copied()
    }

    fn agree(&mut self, method: AuthMethod) -> Answer {
        self.agreement = Agreement::Method(method);
        Answer::Ack
    }
}

impl Negotiator for ClientLcp {
    fn request(&mut self) -> Vec<Opt> {
        self.wanted.0.clone()
    }

    fn judge(&mut self, options: &[Opt]) -> Answer {
        self.looped_back |= options.iter().any(|option| option.kind == MAGIC && option.value.0 == self.magic);
        if self.acks_all {
            self.agreement = options
                .iter()
                .find(|option| option.kind == AUTH_PROTOCOL)
                .map_or(Agreement::None, |option| AuthMethod::from_option(&option.value).map_or(Agreement::None, Agreement::Method));
            return Answer::Ack;
        }
        let known =
            |option: &Opt| matches!((option.kind, option.value.len()), (MRU, 2) | (ACCM, 4) | (AUTH_PROTOCOL, _) | (MAGIC, 4) | (7 | 8, 0));
        let rejected: Vec<Opt> = options.iter().filter(|option| !known(option)).cloned().collect();
        if !rejected.is_empty() {
            return Answer::Reject(rejected);
        }
        // RFC 1661 6.4: zero is not a magic number.
        if options.iter().any(|option| option.kind == MAGIC && option.value.0 == [0; 4]) {
            return Answer::Nak(vec![Opt::new(MAGIC, self.magic.map(|byte| !byte))]);
        }
        let Some(option) = options.iter().find(|option| option.kind == AUTH_PROTOCOL) else {
            self.agreement = Agreement::None;
            return Answer::Ack;
        };
        match AuthMethod::from_option(&option.value) {
            Some(method) => self.authentication(method),
            None => Answer::Reject(vec![option.clone()]),
        }
    }

    fn naked(&mut self, options: &[Opt]) {
        self.wanted.naked(options);
    }

    fn rejected(&mut self, options: &[Opt]) {
        self.wanted.rejected(options);
    }

    fn echo(&mut self) -> Option<[u8; 4]> {
        Some(self.magic)
    }
}

/// The server's end of LCP.
#[derive(Debug)]
pub struct ServerLcp {
    wanted: Wanted,
    magic: [u8; 4],
    methods: Vec<AuthMethod>,
    offered: usize,
    naked: u32,
    /// Options of the client that are rejected, values that are insisted on, and whether a Nak leads to the next method and not to the one asked for.
    rejects: Vec<u8>,
    naks: Vec<Opt>,
    walks: bool,
    /// The only MRU that is taken.
    mru: Option<u16>,
    /// The client will not do any of our methods.
    pub no_common: bool,
    /// The MRU that the client asked for last.
    pub peer_mru: u16,
}

impl ServerLcp {
    /// A server that offers `methods` in this order.
    pub fn new(methods: &[Method], magic: [u8; 4]) -> ServerLcp {
        let mut auth: Vec<AuthMethod> = methods.iter().map(|method| method.lcp()).collect();
        auth.dedup();
        let wanted = Wanted(vec![Opt::new(MRU, SSTP_MRU.to_be_bytes()), Opt::new(MAGIC, magic)]);
        ServerLcp {
            wanted,
            magic,
            methods: auth,
            offered: 0,
            naked: 0,
            rejects: Vec::new(),
            naks: Vec::new(),
            walks: false,
            mru: None,
            no_common: false,
            peer_mru: DEFAULT_MRU,
        }
    }

    /// The same, with this MRU of its own.
    pub fn receiving(mut self, mru: u16) -> ServerLcp {
        self.wanted.naked(&[Opt::new(MRU, mru.to_be_bytes())]);
        self
    }

    /// The same, which will not hear of these options, and of no other MRU than this.
    pub fn refusing(self, rejects: &[u8], mru: Option<u16>) -> ServerLcp {
        ServerLcp { rejects: rejects.to_vec(), mru, ..self }
    }

    /// The same server in the manner of another one.
    pub fn styled(mut self, style: &ServerStyle) -> ServerLcp {
        let asks = style.lcp_asks.iter().map(|(kind, value)| match *kind {
            MAGIC => Opt::new(MAGIC, self.magic),
            kind => Opt::new(kind, value.clone()),
        });
        self.wanted = Wanted(asks.collect());
        self.naks = style.lcp_naks.iter().map(|(kind, value)| Opt::new(*kind, value.clone())).collect();
        (self.rejects, self.walks) = (style.lcp_rejects.clone(), style.walks_methods);
        self
    }

    /// The method being demanded.
    pub fn method(&self) -> Option<AuthMethod> {
        self.methods.get(self.offered).copied()
    }
}

impl Negotiator for ServerLcp {
    fn request(&mut self) -> Vec<Opt> {
        let auth = self.method().map(|method| Opt::new(AUTH_PROTOCOL, method.option_value()));
        self.wanted.0.iter().cloned().chain(auth).collect()
    }

    fn judge(&mut self, options: &[Opt]) -> Answer {
        let known = |option: &Opt| matches!((option.kind, option.value.len()), (MRU, 2) | (2, 4) | (MAGIC, 4));
        let takes = |option: &Opt| known(option) && !self.rejects.contains(&option.kind);
        let rejected: Vec<Opt> = options.iter().filter(|option| !takes(option)).cloned().collect();
        if !rejected.is_empty() {
            return Answer::Reject(rejected);
        }
        let mru = self.mru.filter(|mru| options.iter().any(|option| option.kind == MRU && option.u16() != Some(*mru)));
        if let Some(mru) = mru {
            return Answer::Nak(vec![Opt::new(MRU, mru.to_be_bytes())]);
        }
        let insists = |option: &Opt| self.naks.iter().find(|own| own.kind == option.kind && own.value != option.value).cloned();
        let better: Vec<Opt> = options.iter().filter_map(insists).collect();
        if !better.is_empty() {
            return Answer::Nak(better);
        }
        // RFC 1661 6.4: zero is no magic number, and our own is a sign of a loop.
        match options.iter().find(|option| option.kind == MAGIC && (option.value.0 == self.magic || option.value.0 == [0; 4])) {
            Some(_) => Answer::Nak(vec![Opt::new(MAGIC, self.magic.map(|byte| !byte))]),
            None => {
                self.peer_mru = options.iter().find(|option| option.kind == MRU).and_then(Opt::u16).unwrap_or(DEFAULT_MRU);
                Answer::Ack
            }
        }
    }

    fn naked(&mut self, options: &[Opt]) {
        self.wanted.naked(options);
        let Some(option) = options.iter().find(|option| option.kind == AUTH_PROTOCOL) else { return };
        self.naked += 1;
        let suggested = AuthMethod::from_option(&option.value).and_then(|method| self.methods.iter().position(|other| *other == method));
        match suggested {
            Some(_) if self.walks => self.offered = (self.offered + 1).min(self.methods.len().saturating_sub(1)),
            Some(index) => self.offered = index,
            None => self.no_common |= self.naked > MAX_AUTH_NAKS,
        }
    }

    fn rejected(&mut self, options: &[Opt]) {
        self.no_common |= options.iter().any(|option| option.kind == AUTH_PROTOCOL);
        self.wanted.rejected(options);
    }

    fn echo(&mut self) -> Option<[u8; 4]> {
        Some(self.magic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(method: AuthMethod) -> Vec<Opt> {
        vec![Opt::new(AUTH_PROTOCOL, method.option_value())]
    }

    fn nak(method: AuthMethod) -> Answer {
        Answer::Nak(demand(method))
    }

    #[test]
    fn a_client_with_a_password_naks_its_way_to_the_best_method() {
        let mut client = ClientLcp::willing(&[Method::MsChapV2, Method::EapMsChapV2], [1; 4]);
        assert_eq!(client.judge(&demand(AuthMethod::Eap)), nak(AuthMethod::MsChapV2));
        assert_eq!(client.judge(&demand(AuthMethod::MsChapV2)), Answer::Ack);
        assert_eq!(client.agreement, Agreement::Method(AuthMethod::MsChapV2));
        let mut client = ClientLcp::willing(&[Method::MsChapV2, Method::EapMsChapV2], [1; 4]);
        client.judge(&demand(AuthMethod::Eap));
        assert_eq!(client.judge(&demand(AuthMethod::Eap)), Answer::Ack, "the server insists on what we can do as well");
        let mut client = ClientLcp::willing(&[Method::MsChapV2, Method::EapMsChapV2, Method::Pap], [1; 4]);
        assert_eq!(client.judge(&demand(AuthMethod::Eap)), nak(AuthMethod::MsChapV2));
        assert_eq!(client.judge(&demand(AuthMethod::Eap)), nak(AuthMethod::Pap));
        assert_eq!(client.judge(&demand(AuthMethod::Pap)), nak(AuthMethod::Eap), "back to what hides the password");
        assert_eq!(client.judge(&demand(AuthMethod::Eap)), Answer::Ack);
        let mut client = ClientLcp::willing(&[Method::MsChapV2], [1; 4]);
        client.judge(&demand(AuthMethod::Pap));
        client.judge(&demand(AuthMethod::Pap));
        assert_eq!(client.agreement, Agreement::Unwilling(AuthMethod::Pap));
    }

    #[test]
    fn a_server_that_walks_through_a_list_of_its_own_is_waited_for() {
        let mut client = ClientLcp::willing(&[Method::Pap], [1; 4]);
        assert_eq!(client.judge(&demand(AuthMethod::Eap)), nak(AuthMethod::Pap));
        assert_eq!(client.judge(&demand(AuthMethod::MsChapV2)), nak(AuthMethod::Pap));
        assert_eq!(client.judge(&demand(AuthMethod::Pap)), Answer::Ack);
        assert_eq!(client.learned.iter().filter(|row| !row.1).count(), 0);
    }

    #[test]
    fn a_client_without_one_learns_every_method() {
        let mut client = ClientLcp::learning(&AuthMethod::CANDIDATES, [1; 4]);
        let server = [AuthMethod::Eap, AuthMethod::MsChapV2, AuthMethod::Pap];
        let mut demanded = AuthMethod::Eap;
        while let Answer::Nak(options) = client.judge(&demand(demanded)) {
            let wish = AuthMethod::from_option(&options[0].value).expect("well formed");
            if server.contains(&wish) {
                demanded = wish;
            }
        }
        let accepted: Vec<_> = client.learned.iter().filter(|row| row.1).map(|row| row.0).collect();
        assert_eq!(accepted, server);
        assert_eq!(client.learned.len(), 5);
    }

    #[test]
    fn our_own_magic_number_coming_back_is_a_loop() {
        let mut client = ClientLcp::learning(&[], [9; 4]);
        client.judge(&[Opt::new(MAGIC, [9; 4])]);
        assert!(client.looped_back);
    }
}
