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

#[test]
fn a_browsers_hello_has_its_length_and_its_key_shares_and_windows_its_extensions() {
    let name = Some("vpn.lab.example");
    let browser = offer(Shape::Browser, name);
    assert!(is_grease(browser.extensions[0]) && is_grease(*browser.extensions.last().expect("some")));
    assert_eq!(browser.groups[1], 0x11ec, "X25519MLKEM768 is wanted most");
    for kind in [5, 18, 27, 51, 65281, 0x44cd, 0xfe0d] {
        assert!(browser.extensions.contains(&kind), "{kind}");
    }
    assert!(!browser.extensions.contains(&22), "encrypt_then_mac is OpenSSL's");
    let bytes = hello_bytes(Shape::Browser, name, [7; 32]);
    assert!((1700..1900).contains(&bytes.len()), "{} bytes", bytes.len());
    assert_eq!(hello_bytes(Shape::Padded, name, [7; 32]).len(), bytes.len());
    assert_eq!(offer(Shape::Padded, name).suites, offer(Shape::Plain, name).suites);
    // The key of ML-KEM-768 in its share: FIPS 203 7.2, every number is below q.
    let at = bytes.windows(4).position(|four| four == [0x11, 0xec, 0x04, 0xc0]).expect("a share of 1216 bytes") + 4;
    let numbers = bytes[at..at + 1152].chunks(3).flat_map(|three| {
        let (one, two) = (u16::from(three[0]) | u16::from(three[1] & 15) << 8, u16::from(three[1] >> 4) | u16::from(three[2]) << 4);
        [one, two]
    });
    assert!(numbers.clone().count() == 768 && numbers.clone().all(|number| number < 3329) && numbers.max() > Some(3000));
    let windows = offer(Shape::Windows, name);
    assert_eq!(windows.extensions, [0, 5, 10, 11, 13, 35, 23, 43, 45, 51, 65281]);
    assert!(windows.alpn.is_empty() && !windows.suites.contains(&0x00ff) && windows.versions()[0] == 0x0304);
    assert_eq!(offer(Shape::Windows, None).extensions[0], 5);
}

#[tokio::test]
async fn a_server_of_today_takes_every_shape_as_it_is() {
    let lab = crate::jobs::lab::Lab::start(crate::jobs::lab::LabConfig::default()).await.expect("it starts");
    let to = *lab.addresses().first().expect("an address");
    let route = crate::live::route::Route { to, proxy: None, ear: Default::default() };
    for shape in [Shape::Plain, Shape::Padded, Shape::Tls13, Shape::Tls12, Shape::Alpn, Shape::Windows, Shape::Browser] {
        let bytes = hello_bytes(shape, Some("vpn.lab.example"), [9; 32]);
        let (_, ending, saw) = hello(&route, &bytes, Manner::default(), Duration::from_secs(10)).await;
        assert_eq!((ending, saw.says), (Ending::Answered, None), "{shape:?} has the server ask for another hello");
    }
    lab.stop().await;
}
