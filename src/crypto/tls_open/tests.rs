use super::*;
use crate::base::unhex;
use crate::wire::tls::TLS12;
use crate::wire::tls::record::{HANDSHAKE, MAX_BODY};
use zeroize::Zeroizing;

fn bytes(text: &str) -> Vec<u8> {
    unhex(text).expect("hexadecimal")
}

/// RFC 8448 3: the client's Finished and its first application data, and the alert that ends the connection.
#[test]
fn records_of_rfc_8448_open() {
    let suite = Suite::of(0x1301).expect("AES-128-GCM");
    let secret = bytes("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    let mut opener = Opener::tls13(suite, &secret).expect("known");
    let record =
        bytes("1703030035 75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546");
    let mut out = vec![0; MAX_BODY];
    let header = Header::parse(&record).expect("a record").expect("whole");
    let opened = opener.open(header, &record[5..], &mut out).expect("opens");
    assert_eq!(opened, Opened { kind: HANDSHAKE, len: 36 });
    assert_eq!(out[..36], bytes("14000020 a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61"));
    assert_eq!(opener.seq(), 1);
    assert_eq!(opener.open(header, &record[5..], &mut out), None, "under the next number it is another record");
    opener.set_seq(0);
    assert!(opener.open(header, &record[5..], &mut out).is_some());
    let secret = bytes("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    let mut opener = Opener::tls13(suite, &secret).expect("known");
    let record = bytes(
        "1703030043 a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63a\
         eebb21694915e4",
    );
    let header = Header::parse(&record).expect("a record").expect("whole");
    let opened = opener.open(header, &record[5..], &mut out).expect("opens");
    assert_eq!((opened, &out[..50]), (Opened { kind: APPLICATION_DATA, len: 50 }, &(0..50).collect::<Vec<u8>>()[..]));
}

fn keys(mac: usize, key: usize, iv: usize) -> Keys {
    Keys { mac: Zeroizing::new(vec![1; mac]), key: Zeroizing::new(vec![2; key]), iv: Zeroizing::new(vec![3; iv]) }
}

/// What is too short, has an odd length, or was changed does not open, whatever the suite, and nothing panics.
#[test]
fn no_body_of_any_length_opens_or_panics() {
    let mut out = vec![0; MAX_BODY];
    for number in [0x1301, 0x1303, 0x1304, 0x1305] {
        let mut opener = Opener::tls13(Suite::of(number).expect("named"), &[5; 48]).expect("known");
        for len in 0..80 {
            let header = Header { kind: APPLICATION_DATA, version: TLS12, len };
            assert_eq!(opener.open(header, &vec![9; len], &mut out), None);
        }
    }
    for number in [0xc02f, 0xcca8, 0xc0ac, 0xc0ae, 0x002f, 0x003d, 0xc028, 0x000a, 0x0009, 0x0005, 0x0004, 0x0001, 0x0002] {
        let suite = Suite::of(number).expect("named");
        let keys = keys(suite.mac.len(), suite.cipher.key_len(), suite.cipher.fixed_iv_len());
        for (version, etm) in [(TLS10, false), (TLS12, false), (TLS12, true)] {
            let Some(mut opener) = Opener::tls12(version, suite, &keys, etm) else {
                assert!(suite.cipher.tag_len().is_some() && version == TLS10, "{}", suite.name);
                continue;
            };
            for len in 0..100 {
                let header = Header { kind: APPLICATION_DATA, version, len };
                assert_eq!(opener.open(header, &vec![9; len], &mut out), None, "{} {len}", suite.name);
                opener.pass_over(&vec![9; len]);
            }
            assert_eq!(opener.seq(), 100);
        }
    }
}

#[test]
fn what_this_program_does_not_open_is_said_at_once() {
    let camellia = Suite::of(0x0041).expect("named");
    assert!(Opener::tls12(TLS12, camellia, &keys(20, 16, 16), false).is_none());
    assert!(Opener::tls12(0x0300, Suite::of(0x002f).expect("named"), &keys(20, 16, 16), false).is_none(), "SSL 3.0");
    assert!(Opener::tls12(TLS12, Suite::of(0xc02f).expect("named"), &keys(0, 5, 4), false).is_none(), "a key of another length");
}
