use super::*;

struct Fixed {
    options: Vec<Opt>,
    answer: Answer,
}

impl Negotiator for Fixed {
    fn request(&mut self) -> Vec<Opt> {
        self.options.clone()
    }
    fn judge(&mut self, _: &[Opt]) -> Answer {
        self.answer.clone()
    }
    fn naked(&mut self, options: &[Opt]) {
        self.options = options.to_vec();
    }
    fn rejected(&mut self, options: &[Opt]) {
        self.options.retain(|option| !options.iter().any(|other| other.kind == option.kind));
    }
    fn echo(&mut self) -> Option<[u8; 4]> {
        Some([1, 2, 3, 4])
    }
}

fn automaton() -> Automaton<Fixed> {
    let policy = Fixed { options: vec![Opt::new(1, [0x0f, 0xfb]), Opt::new(5, [1, 2, 3, 4])], answer: Answer::Ack };
    Automaton::new(Layer::Lcp, policy, Duration::from_secs(3), 10)
}

fn sent(steps: &[Step]) -> Vec<(u8, u8)> {
    let packet = |step: &Step| if let Step::Send(packet) = step { Some((packet.code, packet.id)) } else { None };
    steps.iter().filter_map(packet).collect()
}

#[test]
fn both_orders_of_request_and_ack_open_it() {
    for peer_first in [true, false] {
        let mut a = automaton();
        assert_eq!(sent(&a.start(Micros::ZERO)), [(1, 1)]);
        let request = Packet::with_options(1, 9, &[]);
        let ack = Packet::with_options(2, 1, a.asked());
        let (first, second) = if peer_first { (&request, &ack) } else { (&ack, &request) };
        assert!(!a.receive(Micros::ZERO, first).contains(&Step::Up));
        assert!(a.receive(Micros::ZERO, second).contains(&Step::Up));
        assert_eq!((a.state(), a.due()), (Opened, None));
    }
}

#[test]
fn a_stale_or_altered_ack_is_discarded() {
    let mut a = automaton();
    a.start(Micros::ZERO);
    let asked = a.asked().to_vec();
    assert!(a.receive(Micros::ZERO, &Packet::with_options(2, 7, &asked)).is_empty());
    assert!(a.receive(Micros::ZERO, &Packet::with_options(2, 1, &asked[..1])).is_empty());
    assert_eq!(a.state(), ReqSent);
}

#[test]
fn a_nak_and_a_reject_change_the_next_request() {
    let mut a = automaton();
    a.start(Micros::ZERO);
    let steps = a.receive(Micros::ZERO, &Packet::with_options(4, 1, &[Opt::new(5, [1, 2, 3, 4])]));
    assert_eq!(sent(&steps), [(1, 2)]);
    assert_eq!(a.asked().len(), 1);
    a.receive(Micros::ZERO, &Packet::with_options(3, 2, &[Opt::new(1, [5, 220])]));
    assert_eq!(a.asked(), [Opt::new(1, [5, 220])]);
    assert_eq!(a.naks_received, 1);
}

#[test]
fn ten_unanswered_requests_end_it() {
    let mut a = automaton();
    let mut requests = sent(&a.start(Micros::ZERO)).len();
    let mut now = Micros::ZERO;
    loop {
        now = now + Duration::from_secs(3);
        let steps = a.tick(now);
        if steps == [Step::Finished] {
            break;
        }
        requests += sent(&steps).len();
    }
    assert_eq!((requests, a.state()), (10, Stopped));
}

#[test]
fn terminate_and_echo_and_unknown_codes_are_answered() {
    let mut a = automaton();
    a.start(Micros::ZERO);
    let asked = a.asked().to_vec();
    a.receive(Micros::ZERO, &Packet::with_options(2, 1, &asked));
    a.receive(Micros::ZERO, &Packet::with_options(1, 1, &[]));
    let reply = a.receive(Micros::ZERO, &Packet::new(9, 5, [0, 0, 0, 0, 7]));
    assert_eq!(reply, [Step::Send(Packet::new(10, 5, [1, 2, 3, 4, 7]))]);
    assert_eq!(sent(&a.receive(Micros::ZERO, &Packet::new(99, 5, []))), [(7, 2)]);
    let end = a.receive(Micros::ZERO, &Packet::new(5, 8, []));
    assert_eq!((end.first(), sent(&end)), (Some(&Step::Down), vec![(6, 8)]));
}
