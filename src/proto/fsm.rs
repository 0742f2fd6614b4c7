//! The option negotiation automaton of RFC 1661 section 4, as its table.

use crate::base::{Layer, Micros};
use crate::wire::control::{self, Opt, Packet};
use std::time::Duration;

/// States in the order of RFC 1661 section 4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// 0: the lower layer is down, and nobody asked to open.
    Initial,
    /// 1: asked to open, the lower layer is down.
    Starting,
    /// 2: the lower layer is up, and nobody asked to open.
    Closed,
    /// 3: ended, waits for the peer to begin again.
    Stopped,
    /// 4: Terminate-Request sent because of Close.
    Closing,
    /// 5: Terminate-Request or -Ack sent while open was wanted.
    Stopping,
    /// 6: Configure-Request sent.
    ReqSent,
    /// 7: Configure-Request sent, Ack received.
    AckRcvd,
    /// 8: Configure-Request and Ack sent, none received.
    AckSent,
    /// 9: Acks sent and received.
    Opened,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// This-Layer-Up.
    Tlu,
    /// This-Layer-Down.
    Tld,
    /// This-Layer-Finished.
    Tlf,
    /// Initialize-Restart-Count.
    Irc,
    /// Zero-Restart-Count.
    Zrc,
    /// Send-Configure-Request.
    Scr,
    /// Send-Configure-Ack.
    Sca,
    /// Send-Configure-Nak or -Reject.
    Scn,
    /// Send-Terminate-Request.
    Str,
    /// Send-Terminate-Ack.
    Sta,
    /// Send-Code-Reject.
    Scj,
    /// Send-Echo-Reply.
    Ser,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Up,
    Open,
    Close,
    ToPlus,
    ToMinus,
    RcrPlus,
    RcrMinus,
    Rca,
    Rcn,
    Rtr,
    Rta,
    Ruc,
    RxjMinus,
    Rxr,
}

use Act::*;
use State::*;

type Cell = (&'static [Act], State);

/// RFC 1661 section 4.1: what to do and where to go. `None` where the table has no entry or nothing is to be done.
fn cell(event: Event, state: State) -> Option<Cell> {
    let cell: Cell = match (event, state) {
        (Event::Up, Initial) => (&[], Closed),
        (Event::Up, Starting) => (&[Irc, Scr], ReqSent),
        (Event::Open, Initial) => (&[], Starting),
        (Event::Open, Closed) => (&[Irc, Scr], ReqSent),
        (Event::Close, Initial | Starting) => (&[], Initial),
        (Event::Close, Stopped | Closed) => (&[], Closed),
        (Event::Close, Stopping) => (&[], Closing),
        (Event::Close, ReqSent | AckRcvd | AckSent) => (&[Irc, Str], Closing),
        (Event::Close, Opened) => (&[Tld, Irc, Str], Closing),
        (Event::ToPlus, Closing | Stopping) => (&[Str], state),
        (Event::ToPlus, ReqSent | AckRcvd) => (&[Scr], ReqSent),
        (Event::ToPlus, AckSent) => (&[Scr], AckSent),
        (Event::ToMinus, Closing) => (&[Tlf], Closed),
        (Event::ToMinus, Stopping | ReqSent | AckRcvd | AckSent) => (&[Tlf], Stopped),
        (Event::RcrPlus | Event::RcrMinus, Closed) => (&[Sta], Closed),
        (Event::RcrPlus, Stopped) => (&[Irc, Scr, Sca], AckSent),
        (Event::RcrPlus, ReqSent | AckSent) => (&[Sca], AckSent),
        (Event::RcrPlus, AckRcvd) => (&[Sca, Tlu], Opened),
        (Event::RcrPlus, Opened) => (&[Tld, Scr, Sca], AckSent),
        (Event::RcrMinus, Stopped) => (&[Irc, Scr, Scn], ReqSent),
        (Event::RcrMinus, ReqSent | AckSent) => (&[Scn], ReqSent),
        (Event::RcrMinus, AckRcvd) => (&[Scn], AckRcvd),
        (Event::RcrMinus, Opened) => (&[Tld, Scr, Scn], ReqSent),
        (Event::Rca | Event::Rcn, Closed | Stopped) => (&[Sta], state),
        (Event::Rca, ReqSent) => (&[Irc], AckRcvd),
        (Event::Rca | Event::Rcn, AckRcvd) => (&[Scr], ReqSent),
        (Event::Rca, AckSent) => (&[Irc, Tlu], Opened),
        (Event::Rca | Event::Rcn, Opened) => (&[Tld, Scr], ReqSent),
        (Event::Rcn, ReqSent) => (&[Irc, Scr], ReqSent),
        (Event::Rcn, AckSent) => (&[Irc, Scr], AckSent),
        (Event::Rtr, Closed | Stopped | Closing | Stopping) => (&[Sta], state),
        (Event::Rtr, ReqSent | AckRcvd | AckSent) => (&[Sta], ReqSent),
        (Event::Rtr, Opened) => (&[Tld, Zrc, Sta], Stopping),
        (Event::Rta, Closing) => (&[Tlf], Closed),
        (Event::Rta, Stopping) => (&[Tlf], Stopped),
        (Event::Rta, AckRcvd) => (&[], ReqSent),
        (Event::Rta, Opened) => (&[Tld, Scr], ReqSent),
        (Event::Ruc, _) if state != Initial && state != Starting => (&[Scj], state),
        (Event::RxjMinus, Closed | Closing) => (&[Tlf], Closed),
        (Event::RxjMinus, Stopped | Stopping | ReqSent | AckRcvd | AckSent) => (&[Tlf], Stopped),
        (Event::RxjMinus, Opened) => (&[Tld, Irc, Str], Stopping),
        (Event::Rxr, Opened) => (&[Ser], Opened),
        _ => return None,
    };
    Some(cell)
}

/// What to answer to a Configure-Request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All options are fine.
    Ack,
    /// These options, with values that would be fine.
    Nak(Vec<Opt>),
    /// These options are not known or not negotiable.
    Reject(Vec<Opt>),
    /// Say nothing.
    Silence,
}

/// The part that differs between LCP, IPCP and IPv6CP, and between the two ends.
pub trait Negotiator {
    /// The options to ask for now.
    fn request(&mut self) -> Vec<Opt>;
    /// Judges the peer's options.
    fn judge(&mut self, options: &[Opt]) -> Answer;
    /// The peer would rather have these values.
    fn naked(&mut self, options: &[Opt]);
    /// The peer will not hear of these options.
    fn rejected(&mut self, options: &[Opt]);
    /// The data of an Echo-Reply (LCP: our magic number). `None`: the protocol has no echo.
    fn echo(&mut self) -> Option<[u8; 4]> {
        None
    }
}

/// What the automaton wants done or said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this packet.
    Send(Packet),
    /// The layer is open.
    Up,
    /// The layer is no longer open.
    Down,
    /// The layer has ended.
    Finished,
}

/// The automaton of one control protocol at one end.
#[derive(Clone, Debug)]
pub struct Automaton<N> {
    /// What differs.
    pub policy: N,
    layer: Layer,
    state: State,
    /// Identifier of our last Configure-Request or Terminate-Request.
    id: u8,
    counter: u32,
    due: Option<Micros>,
    restart: Duration,
    max_configure: u32,
    max_terminate: u32,
    asked: Vec<Opt>,
    /// Configure-Naks received.
    pub naks_received: u32,
    /// Configure-Requests received.
    pub requests_received: u32,
    /// Replies to older requests count too; an honest end is not so.
    pub takes_stale: bool,
    /// Configure-Naks and -Rejects change nothing; an honest end is not so.
    pub deaf: bool,
    /// Every Configure-Ack is taken, whatever it acknowledges; an honest end is not so.
    pub takes_any_ack: bool,
}

impl<N: Negotiator> Automaton<N> {
    /// An automaton in the state Initial.
    pub fn new(layer: Layer, policy: N, restart: Duration, max_configure: u32) -> Self {
        Automaton {
            policy,
            layer,
            state: Initial,
            id: 0,
            counter: 0,
            due: None,
            restart,
            max_configure,
            max_terminate: 2, // RFC 1661 4.6
            asked: Vec::new(),
            naks_received: 0,
            requests_received: 0,
            takes_stale: false,
            deaf: false,
            takes_any_ack: false,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// When the restart timer runs out.
    pub fn due(&self) -> Option<Micros> {
        self.due
    }

    /// The options of our last Configure-Request.
    pub fn asked(&self) -> &[Opt] {
        &self.asked
    }

    /// The lower layer is up and this one may open.
    pub fn start(&mut self, now: Micros) -> Vec<Step> {
        let mut steps = self.event(now, Event::Open, None);
        steps.extend(self.event(now, Event::Up, None));
        steps
    }

    /// The peer does not speak this protocol (Protocol-Reject), RFC 1661 section 5.7.
    pub fn refused(&mut self, now: Micros) -> Vec<Step> {
        self.event(now, Event::RxjMinus, None)
    }

    /// Closes in order.
    pub fn close(&mut self, now: Micros) -> Vec<Step> {
        self.event(now, Event::Close, None)
    }

    /// The clock says `now`.
    pub fn tick(&mut self, now: Micros) -> Vec<Step> {
        if self.due.is_none_or(|due| now < due) {
            return Vec::new();
        }
        let event = if self.counter > 0 { Event::ToPlus } else { Event::ToMinus };
        self.event(now, event, None)
    }

    /// An echo of that id to send, where the layer is opened. RFC 1661 5.8.
    pub fn ask_echo(&mut self, id: u8) -> Option<Packet> {
        let magic = self.policy.echo().filter(|_| self.state == State::Opened)?;
        Some(Packet::new(control::ECHO_REQUEST, id, magic))
    }

    /// A packet of this protocol came.
    pub fn receive(&mut self, now: Micros, packet: &Packet) -> Vec<Step> {
        match packet.code {
            control::CONFIGURE_REQUEST => self.configure_request(now, packet),
            control::CONFIGURE_ACK | control::CONFIGURE_NAK | control::CONFIGURE_REJECT => self.configure_reply(now, packet),
            control::TERMINATE_REQUEST => self.event(now, Event::Rtr, Some(packet)),
            control::TERMINATE_ACK => self.event(now, Event::Rta, Some(packet)),
            // RFC 1661 5.6, 5.7: a Code-Reject of a code that we need ends the protocol; we send no other.
            control::CODE_REJECT => self.event(now, Event::RxjMinus, Some(packet)),
            control::ECHO_REQUEST if self.layer == Layer::Lcp => self.event(now, Event::Rxr, Some(packet)),
            control::PROTOCOL_REJECT | control::ECHO_REPLY | control::DISCARD_REQUEST | 12 | 13 if self.layer == Layer::Lcp => Vec::new(),
            _ => self.event(now, Event::Ruc, Some(packet)),
        }
    }

    fn configure_request(&mut self, now: Micros, packet: &Packet) -> Vec<Step> {
        self.requests_received = self.requests_received.saturating_add(1);
        // RFC 1661 6: a packet whose options cannot be walked is silently discarded.
        let Ok(options) = packet.options(self.layer) else { return Vec::new() };
        if !matches!(self.state, Stopped | ReqSent | AckRcvd | AckSent | Opened) {
            return self.event(now, Event::RcrPlus, Some(packet));
        }
        let (event, reply) = match self.policy.judge(&options) {
            Answer::Ack => (Event::RcrPlus, Packet::new(control::CONFIGURE_ACK, packet.id, packet.data.0.clone())),
            Answer::Nak(options) => (Event::RcrMinus, Packet::with_options(control::CONFIGURE_NAK, packet.id, &options)),
            Answer::Reject(options) => (Event::RcrMinus, Packet::with_options(control::CONFIGURE_REJECT, packet.id, &options)),
            Answer::Silence => return Vec::new(),
        };
        self.event(now, event, Some(&reply))
    }

    fn configure_reply(&mut self, now: Micros, packet: &Packet) -> Vec<Step> {
        // RFC 1661 5.2 to 5.4: the identifier must be that of the last request, and an Ack repeats its options.
        let any = self.takes_any_ack && packet.code == control::CONFIGURE_ACK;
        if packet.id != self.id && !self.takes_stale && !any && matches!(self.state, ReqSent | AckSent | AckRcvd) {
            return Vec::new();
        }
        let Ok(options) = packet.options(self.layer) else { return Vec::new() };
        match packet.code {
            control::CONFIGURE_ACK if any || options == self.asked => self.event(now, Event::Rca, Some(packet)),
            control::CONFIGURE_ACK => Vec::new(),
            code => {
                if self.deaf {
                    return Vec::new();
                }
                if code == control::CONFIGURE_NAK {
                    self.naks_received = self.naks_received.saturating_add(1);
                    self.policy.naked(&options);
                } else {
                    self.policy.rejected(&options);
                }
                self.event(now, Event::Rcn, Some(packet))
            }
        }
    }

    fn event(&mut self, now: Micros, event: Event, packet: Option<&Packet>) -> Vec<Step> {
        let Some((acts, next)) = cell(event, self.state) else { return Vec::new() };
        self.state = next;
        let mut steps = Vec::new();
        for act in acts {
            self.act(now, *act, packet, &mut steps);
        }
        if matches!(self.state, Initial | Starting | Closed | Stopped | Opened) {
            self.due = None;
        }
        steps
    }

    fn act(&mut self, now: Micros, act: Act, packet: Option<&Packet>, steps: &mut Vec<Step>) {
        match act {
            Tlu => steps.push(Step::Up),
            Tld => steps.push(Step::Down),
            Tlf => steps.push(Step::Finished),
            Irc => self.counter = if matches!(self.state, Closing | Stopping) { self.max_terminate } else { self.max_configure },
            Zrc => {
                self.counter = 0;
                self.due = Some(now + self.restart);
            }
            Scr => {
                self.asked = self.policy.request();
                // RFC 1661 5.1: a new identifier is due when the options change or a reply came.
                self.id = self.id.wrapping_add(1);
                self.arm(now);
                steps.push(Step::Send(Packet::with_options(control::CONFIGURE_REQUEST, self.id, &self.asked)));
            }
            Sca | Scn => steps.extend(packet.cloned().map(Step::Send)),
            Str => {
                self.id = self.id.wrapping_add(1);
                self.arm(now);
                steps.push(Step::Send(Packet::new(control::TERMINATE_REQUEST, self.id, [])));
            }
            Sta => steps.push(Step::Send(Packet::new(control::TERMINATE_ACK, packet.map_or(0, |packet| packet.id), []))),
            Scj => {
                self.id = self.id.wrapping_add(1);
                steps.extend(packet.map(|packet| Step::Send(Packet::new(control::CODE_REJECT, self.id, packet.emit()))));
            }
            Ser => {
                if let (Some(packet), Some(magic)) = (packet, self.policy.echo()) {
                    let data = magic.iter().chain(packet.data.iter().skip(4)).copied().collect::<Vec<u8>>();
                    steps.push(Step::Send(Packet::new(control::ECHO_REPLY, packet.id, data)));
                }
            }
        }
    }

    fn arm(&mut self, now: Micros) {
        self.counter = self.counter.saturating_sub(1);
        self.due = Some(now + self.restart);
    }
}

#[cfg(test)]
mod tests;
