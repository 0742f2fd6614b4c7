use super::*;
use crate::base::{Layer, Reader};
use crate::wire::tls::{Offer, is_grease};

fn offer(shape: Shape, name: Option<&str>) -> Offer {
    let bytes = hello_bytes(shape, name, [7; 32]);
    assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
    Offer::parse(&mut Reader::new(Layer::Tls, &bytes[9..])).expect("our own hello")
}

#[test]
fn shapes_differ_in_what_they_are_for_and_in_nothing_else() {
    let plain = offer(Shape::Plain, Some("vpn.lab.example"));
    assert_eq!((plain.versions(), plain.alpn.len()), (vec![0x0304, 0x0303], 0));
    let alpn = offer(Shape::Alpn, Some("vpn.lab.example"));
    assert_eq!((alpn.suites == plain.suites, alpn.alpn), (true, vec![b"http/1.1".to_vec()]));
    assert_eq!(offer(Shape::Tls12, None).versions(), [0x0303]);
    assert_eq!(offer(Shape::Tls13, None).versions(), [0x0304]);
    assert_eq!(offer(Shape::Plain, Some("192.0.2.7")).server_name, None, "RFC 6066 3: no addresses");
    let browser = offer(Shape::Browser, Some("vpn.lab.example"));
    assert_eq!((browser.legacy_version, is_grease(browser.suites[0]), browser.alpn.len()), (0x0303, true, 2));
    assert_ne!(offer(Shape::Windows, None).suites, plain.suites);
}
