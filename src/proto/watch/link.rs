//! Option negotiation as an onlooker sees it: LCP, IPCP, IPv6CP and CCP. RFC 1661 section 4.

use super::notes::Pen;
use crate::base::{Layer, Side};
use crate::wire::control::{self, Opt, Packet};
use crate::wire::ncp::{AUTH_PROTOCOL, AuthMethod, MAGIC, MRU};
use crate::wire::ppp::{self, Protocol};

/// One protocol's negotiation in both directions.
#[derive(Clone, Debug, Default)]
pub(super) struct Negotiation {
    ends: [End; 2],
}

/// What one end asked for.
#[derive(Clone, Debug, Default)]
struct End {
    request: Option<Packet>,
    acked: bool,
    requests: u32,
    /// Naks of its requests.
    naks: u32,
    /// Identifiers of all its requests, a bit each.
    ids: [u64; 4],
}

impl Negotiation {
    /// Both requests were acknowledged.
    pub fn is_open(&self) -> bool {
        self.ends.iter().all(|end| end.acked)
    }

    /// The other end acknowledged what this one asked for last.
    pub fn is_acked(&self, side: Side) -> bool {
        self.ends[side as usize].acked
    }

    /// Requests that one end sent.
    pub fn requests(&self, side: Side) -> u32 {
        self.ends[side as usize].requests
    }

    /// Naks of what one end asked for.
    pub fn naks(&self, side: Side) -> u32 {
        self.ends[side as usize].naks
    }

    /// The options that one end asked for last.
    pub fn wants(&self, side: Side, layer: Layer) -> Vec<Opt> {
        self.ends[side as usize].request.as_ref().and_then(|packet| packet.options(layer).ok()).unwrap_or_default()
    }

    /// Sees a packet. Rules between two packets are only judged where nothing is missing between them.
    pub fn observe(&mut self, pen: &mut Pen<'_>, by: Side, protocol: Protocol, packet: &Packet, whole: bool) {
        match packet.code {
            control::CONFIGURE_REQUEST => self.request(by, packet),
            control::CONFIGURE_ACK | control::CONFIGURE_NAK | control::CONFIGURE_REJECT => {
                if whole {
                    self.judge(pen, by, protocol, packet);
                }
                self.answer(by, packet);
            }
            _ => {}
        }
    }

    fn request(&mut self, by: Side, packet: &Packet) {
        let end = &mut self.ends[by as usize];
        end.requests = end.requests.saturating_add(1);
        end.ids[usize::from(packet.id >> 6)] |= 1 << (packet.id & 63);
        if end.request.as_ref() != Some(packet) {
            end.acked = false;
            end.request = Some(packet.clone());
        }
    }

    fn answer(&mut self, by: Side, packet: &Packet) {
        let end = &mut self.ends[by.other() as usize];
        let to_the_last = end.request.as_ref().is_some_and(|request| request.id == packet.id);
        match packet.code {
            control::CONFIGURE_ACK => end.acked |= to_the_last,
            _ => end.naks = end.naks.saturating_add(1),
        }
    }

    fn judge(&self, pen: &mut Pen<'_>, by: Side, protocol: Protocol, packet: &Packet) {
        let (layer, name) = (ppp::layer_of(protocol), ppp::protocol_name(protocol));
        let asked = &self.ends[by.other() as usize];
        let code = control::code_name(packet.code);
        if asked.ids[usize::from(packet.id >> 6)] >> (packet.id & 63) & 1 == 0 {
            let (rule, kind) = match packet.code {
                control::CONFIGURE_ACK => ("RFC 1661 5.2", "identifier of an ack"),
                control::CONFIGURE_NAK => ("RFC 1661 5.3", "identifier of a nak"),
                _ => ("RFC 1661 5.4", "identifier of a reject"),
            };
            return pen.violation(by, layer, rule, kind, || format!("{name} {code} with id {} answers no request", packet.id));
        }
        let Some(request) = asked.request.as_ref().filter(|request| request.id == packet.id) else { return };
        if packet.code == control::CONFIGURE_ACK && packet.data != request.data {
            let says =
                || format!("{name} configure-ack does not repeat the options of the request: {:?} for {:?}", packet.data, request.data);
            pen.violation(by, layer, "RFC 1661 5.2", "options of an ack", says);
        }
        if packet.code == control::CONFIGURE_REJECT {
            let (Ok(rejected), Ok(wanted)) = (packet.options(layer), request.options(layer)) else { return };
            if let Some(other) = rejected.iter().find(|option| !wanted.contains(option)) {
                let says = || format!("{name} configure-reject names option {} as it was not asked for", other.kind);
                pen.violation(by, layer, "RFC 1661 5.4", "options of a reject", says);
            }
        }
    }
}

/// What LCP alone knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Lcp {
    pub negotiation: Negotiation,
    /// The method that the client proposed last in a Nak.
    proposed: Option<AuthMethod>,
    demanded: Option<AuthMethod>,
    learned: Vec<(AuthMethod, bool)>,
    /// The client refused what the server demanded last.
    objected: bool,
    looped_back: bool,
}

impl Lcp {
    /// Sees an LCP packet; what it shows about the server's stand on authentication methods.
    pub fn observe(&mut self, pen: &mut Pen<'_>, by: Side, packet: &Packet, whole: bool) -> Vec<(AuthMethod, bool)> {
        self.negotiation.observe(pen, by, ppp::LCP, packet, whole);
        let fresh = self.learned.len();
        match (by, packet.code) {
            (_, control::CONFIGURE_REQUEST) => self.request(pen, by, packet),
            (Side::Client, control::CONFIGURE_NAK | control::CONFIGURE_REJECT) => {
                let options = packet.options(Layer::Lcp).unwrap_or_default();
                if let Some(option) = options.iter().find(|option| option.kind == AUTH_PROTOCOL) {
                    self.objected = true;
                    self.proposed = AuthMethod::from_option(&option.value).filter(|_| packet.code == control::CONFIGURE_NAK);
                }
            }
            (Side::Client, control::CONFIGURE_ACK) => self.objected = false,
            (Side::Server, control::TERMINATE_REQUEST) => {
                if let Some(asked) = self.proposed.take() {
                    self.learn(asked, false);
                }
            }
            _ => {}
        }
        self.learned.get(fresh..).unwrap_or_default().to_vec()
    }

    fn request(&mut self, pen: &mut Pen<'_>, by: Side, packet: &Packet) {
        let options = packet.options(Layer::Lcp).unwrap_or_default();
        self.magic(pen, by, &options);
        if by == Side::Client {
            return;
        }
        let method = options.iter().find(|option| option.kind == AUTH_PROTOCOL).and_then(|option| AuthMethod::from_option(&option.value));
        self.demanded = method;
        if let Some(method) = method {
            if let Some(asked) = self.proposed.take().filter(|asked| *asked != method) {
                self.learn(asked, false);
            }
            self.learn(method, true);
        }
    }

    fn learn(&mut self, method: AuthMethod, accepted: bool) {
        let known = self.learned.iter().any(|row| row.0 == method && (row.1 || !accepted));
        if !known && self.learned.len() < MAX_METHODS {
            self.learned.push((method, accepted));
        }
    }

    /// RFC 1661 6.4: two ends with one magic number are one end that hears itself.
    fn magic(&mut self, pen: &mut Pen<'_>, by: Side, options: &[Opt]) {
        let magic_in = |options: &[Opt]| options.iter().find(|option| option.kind == MAGIC).and_then(Opt::u32);
        match magic_in(options) {
            Some(0) => pen.violation(by, Layer::Lcp, "RFC 1661 6.4", "zero magic", || "the magic number is zero".into()),
            Some(magic) if magic_in(&self.negotiation.wants(by.other(), Layer::Lcp)) == Some(magic) => {
                self.looped_back |= by == Side::Server;
                let says = || format!("both ends use the magic number 0x{magic:08x}");
                pen.violation(by, Layer::Lcp, "RFC 1661 6.4", "same magic", says);
            }
            _ => {}
        }
    }

    /// The server's request bears the client's magic number.
    pub fn is_looped_back(&self) -> bool {
        self.looped_back
    }

    /// The method that the server demands and the client refuses.
    pub fn refused_demand(&self) -> Option<AuthMethod> {
        self.demanded.filter(|_| self.objected)
    }

    /// The method that both agreed on; `None`: none is asked for.
    pub fn agreed(&self) -> Option<AuthMethod> {
        self.demanded
    }

    /// The largest information field that `side` may send. RFC 1661 6.1: what the other end asked for and got, else 1500.
    pub fn largest(&self, side: Side) -> usize {
        let wants = self.negotiation.wants(side.other(), Layer::Lcp);
        wants.iter().find(|option| option.kind == MRU).and_then(Opt::u16).map_or(DEFAULT_MRU, usize::from)
    }
}

/// RFC 1661 6.1: bytes of information that everyone takes where nothing else is agreed on.
const DEFAULT_MRU: usize = 1500;
/// Ours: more methods than this are not told.
const MAX_METHODS: usize = 16;
