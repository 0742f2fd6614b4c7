use super::*;
use crate::base::{Secret, Side};
use crate::crypto::binding::{self, HashProtocol};
use crate::proto::auth::tests::ends;
use crate::proto::edit::Edit;
use crate::proto::plan::{Account, CertHashes, Mind, Plan, ServerConfig};
use crate::proto::{Input, Machine, Output, Session, pair};
use crate::transcript::{Event, How, What};
use crate::wire::http;
use crate::wire::sstp::{self, Attribute, ENCAPSULATED_PPP, Framer, Message, MessageType};
use std::time::Duration;

const CERT: CertHashes = CertHashes { sha1: [1; 20], sha256: [2; 32] };

/// A client that carries frames only, as sstpc does, with our pppd behind it.
struct Carrier {
    link: Option<Pppd>,
    settings: Settings,
    head: Option<Vec<u8>>,
    framer: Framer,
    nonce: Vec<u8>,
    now: Micros,
    closed: bool,
    out: VecDeque<Output>,
    said: Vec<Say>,
}

impl Carrier {
    fn new(method: Method, password: &str) -> Carrier {
        let credentials = Credentials { user: "alice".into(), password: Secret::new(password.into()) };
        let settings = Settings { credentials, methods: vec![method], eap: ends().0, timers: Timers::default(), seed: 5 };
        let request = http::Head::sstp_request("vpn.lab.example", "{00000000-0000-0000-0000-000000000000}");
        let connect = Message::with(MessageType::CallConnectRequest, Attribute::EncapsulatedProtocol(ENCAPSULATED_PPP));
        Carrier {
            link: None,
            settings,
            head: Some(Vec::new()),
            framer: Framer::default(),
            nonce: Vec::new(),
            now: Micros::ZERO,
            closed: false,
            out: VecDeque::from([Output::Send(request.emit()), Output::Send(connect.emit())]),
            said: Vec::new(),
        }
    }

    fn packet(&mut self, packet: &[u8]) {
        if let Ok(message) = Message::parse(packet).map(|message| message.attributes).as_deref() {
            if let [Attribute::CryptoBindingRequest { nonce, .. }] = message {
                self.nonce = nonce.0.clone();
                self.link = Some(Pppd::new(self.settings.clone(), self.now));
            }
        } else if let Some(link) = &mut self.link {
            link.receive(self.now, &packet[sstp::HEADER_LEN..]);
        }
    }

    fn connected(&self, hlak: &[u8; 32]) -> Vec<u8> {
        let (nonce, cert_hash) = (self.nonce.clone().into(), CERT.sha256.to_vec().into());
        let attribute = Attribute::CryptoBinding { hash_protocol: 2, nonce, cert_hash, compound_mac: Vec::new().into() };
        let draft = Message::with(MessageType::CallConnected, attribute).emit();
        let mac = binding::compound_mac(HashProtocol::Sha256, hlak, &draft).expect("a draft");
        binding::sealed(draft, &mac)
    }
}

impl Machine for Carrier {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.now = now;
        match input {
            Input::Bytes { bytes, .. } => match self.head.take() {
                Some(mut head) => {
                    head.extend_from_slice(bytes);
                    match http::Head::parse_response(Layer::Http, &head) {
                        Ok(http::Parsed::Whole(_, len)) => self.framer.push(&head[len..]),
                        _ => self.head = Some(head),
                    }
                }
                None => self.framer.push(bytes),
            },
            Input::Closed { .. } => self.closed = true,
            Input::Tick => self.link.iter_mut().for_each(|link| link.tick(now)),
            Input::Leave => {}
        }
        while let Ok(Some(packet)) = self.framer.next_packet().map(|packet| packet.map(<[u8]>::to_vec)) {
            self.packet(&packet);
        }
    }

    fn poll(&mut self) -> Output {
        while let Some(say) = self.link.as_mut().and_then(Pppd::poll) {
            match &say {
                Say::Send(frame) => self.out.push_back(Output::Send(sstp::emit_data(frame))),
                Say::Keys(hlak) => self.out.push_back(Output::Send(self.connected(hlak.expose()))),
                Say::Ended(_) => self.closed = true,
                Say::Up(_) => {}
            }
            self.said.push(say);
        }
        match self.out.pop_front() {
            Some(output) => output,
            None if self.closed => Output::Done,
            None => Output::Wait(self.link.as_ref().and_then(Pppd::due).unwrap_or(Micros::MAX)),
        }
    }
}

/// What a server saw of a carrier, and what the link said.
fn call(method: Method, password: &str, edits: &[&str]) -> (Vec<Event>, Vec<Say>) {
    let account = Account { name: "alice".into(), password: Secret::new("Passw0rd!".into()), error: None };
    let server = ServerConfig { accounts: vec![account], cert: CERT, eap: Some(ends().1), ..ServerConfig::default() };
    let edits = edits.iter().map(|line| Edit::parse(line).expect("an edit")).collect();
    let server = Session::new(Plan { mind: Mind::Server(server), edits, toxics: Vec::new(), seed: 2 }, Micros::ZERO);
    let said = std::rc::Rc::new(std::cell::RefCell::new(Carrier::new(method, password)));
    let run = pair::run_machines(Box::new(Shared(said.clone())), Box::new(server), Duration::from_secs(50), &mut |_, _, _| {});
    let said = std::mem::take(&mut said.borrow_mut().said);
    (run.server, said)
}

/// The carrier, looked at after the run.
struct Shared(std::rc::Rc<std::cell::RefCell<Carrier>>);

impl Machine for Shared {
    fn handle(&mut self, now: Micros, input: Input<'_>) {
        self.0.borrow_mut().handle(now, input);
    }

    fn poll(&mut self) -> Output {
        self.0.borrow_mut().poll()
    }
}

fn up(events: &[Event], layer: Layer) -> bool {
    events.iter().any(|event| event.layer == layer && event.what == What::Up)
}

#[test]
fn every_method_brings_up_a_call_that_is_bound() {
    for (method, _) in Method::ALL {
        let (events, said) = call(method, "Passw0rd!", &[]);
        assert!(up(&events, Layer::Binding) && up(&events, Layer::Ncp), "{method:?}: {said:?}");
        assert!(said.contains(&Say::Up(Ipv4Addr::new(192, 0, 2, 10))), "{method:?}");
        let place = |wanted: fn(&Say) -> bool| said.iter().position(wanted).expect("said");
        let ipcp = place(|say| matches!(say, Say::Send(frame) if frame[2..4] == [0x80, 0x21]));
        assert!(place(|say| matches!(say, Say::Keys(_))) < ipcp, "{method:?}: the keys come before IPCP");
    }
}

#[test]
fn a_wrong_password_ends_the_link_in_order() {
    let (events, said) = call(Method::MsChapV2, "nope", &[]);
    assert!(!up(&events, Layer::Auth));
    let terminate = |event: &Event| matches!(&event.what, What::Ppp(frame) if event.by == Some(Side::Client) && frame.name() == "lcp.terminate-request");
    assert!(events.iter().any(terminate), "{said:?}");
}

#[test]
fn a_server_that_ends_the_link_is_acknowledged_and_the_link_says_why() {
    let credentials = Credentials { user: "alice".into(), password: Secret::new("x".into()) };
    let settings = Settings { credentials, methods: vec![Method::Pap], eap: EapClient::default(), timers: Timers::default(), seed: 5 };
    let mut link = Pppd::new(settings, Micros::ZERO);
    assert!(matches!(link.poll(), Some(Say::Send(_))));
    let terminate = Frame::lcp(control::Packet::new(control::TERMINATE_REQUEST, 9, b"enough".to_vec())).emit();
    link.receive(Micros(1), &terminate);
    let ack = Frame::lcp(control::Packet::new(control::TERMINATE_ACK, 9, [])).emit();
    assert_eq!(link.poll(), Some(Say::Send(ack)));
    for _ in 0..20 {
        if let Some(due) = link.due() {
            link.tick(due);
        }
    }
    let said: Vec<Say> = std::iter::from_fn(|| link.poll()).collect();
    assert!(matches!(said.last(), Some(Say::Ended(Reason::Refused(says))) if says.contains("enough")), "{said:?}");
}

#[test]
fn lost_packets_are_sent_again_and_what_is_unknown_is_rejected() {
    let edits = ["lcp.configure-request#1 drop", "lcp.configure-ack#1 drop", "ipcp.configure-ack#1 drop"];
    let (events, said) = call(Method::MsChapV2, "Passw0rd!", &edits);
    assert!(up(&events, Layer::Ncp), "{said:?}");
    let ccp = "ipcp.configure-request#1 before 10 00 00 0c ff 03 80 fd 01 01 00 04";
    let (events, said) = call(Method::MsChapV2, "Passw0rd!", &[ccp]);
    assert!(up(&events, Layer::Ncp));
    let reject = |say: &Say| matches!(say, Say::Send(frame) if frame.get(4) == Some(&8) && frame.get(8..10) == Some(&[0x80, 0xfd]));
    assert!(said.iter().any(reject), "{said:?}");
    assert!(!events.iter().any(|event| event.what == What::Closed(How::Ours)), "and the call goes on");
}
