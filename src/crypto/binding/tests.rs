use super::*;
use crate::base::{hex, unhex};
use crate::crypto::{mppe, mschapv2, mschapv2::rfc2759};

const SHA256_HLAK: &str = "2A1BB40D55AB0F5EF32F06F2B3CC73C4 8FD3FAC41D7A1315A19228D9024CA164";
const SHA256_CONNECTED: &str = "
    10 01 00 70 00 04 00 01 00 03 00 68 00 00 00 02 41 2B 48 9A EB D7 EC C7 D0 89 66 F2 6B E7 CD 72
    B2 31 A0 E9 21 0D 7C 91 B3 08 86 2B 03 44 C4 35 79 93 EF 31 4C 49 3D AC E9 F0 2D 60 E7 E6 1C 84
    B6 69 0A AF E9 D7 AE EA 92 CB BE 8A D5 99 42 2D 52 A6 8E FD 8C FF BF 52 77 0B 8F 0F E8 EC 73 71
    65 83 AF 6D 61 1E B6 D1 79 B3 B2 08 40 98 54 49";
const SHA1_HLAK: &str = "4B3128F43925D9006EEFB1C4E86515A1 D88E56BAB3CA2BDF0373B7F5A8A13B19";
const SHA1_CONNECTED: &str = "
    10 01 00 70 00 04 00 01 00 03 00 68 00 00 00 01 0F 1A 2D 58 D4 A3 E3 00 0F AD 3C E4 90 6E 07 B7
    07 AA 9E 44 1C CE AC 5C BD 7B 2C C1 C9 D8 6C DF 58 26 B6 29 BD A5 9B 8E 6F D8 DC D2 62 2F D3 4C
    53 48 05 A5 00 00 00 00 00 00 00 00 00 00 00 00 69 91 5D D5 83 D8 06 2F EF 16 F6 1D B2 F0 32 90
    EC 27 CB 6C 00 00 00 00 00 00 00 00 00 00 00 00";

fn bytes(text: &str) -> Vec<u8> {
    unhex(text).unwrap()
}

fn published() -> [(HashProtocol, [u8; 32], Vec<u8>); 2] {
    [
        (HashProtocol::Sha256, hlak_of(&bytes(SHA256_HLAK)), bytes(SHA256_CONNECTED)),
        (HashProtocol::Sha1, hlak_of(&bytes(SHA1_HLAK)), bytes(SHA1_CONNECTED)),
    ]
}

/// The packet with this MAC, zeros after it.
fn with_mac(packet: &[u8], mac: &[u8]) -> Vec<u8> {
    [&packet[..MAC_AT], mac, &vec![0; CONNECTED_LEN - MAC_AT - mac.len()]].concat()
}

#[test]
fn the_two_examples_of_ms_sstp_4_7() {
    for (hash, hlak, packet) in published() {
        assert_eq!(compound_mac(hash, &hlak, &packet).unwrap(), packet[MAC_AT..MAC_AT + hash.hash_len()]);
        assert_eq!(verify(hash, &hlak, &packet), Ok(true));
        assert_eq!(explain_mismatch(hash, &hlak, &packet), None);
        let mut spoilt = packet.clone();
        spoilt[20] ^= 1;
        assert_eq!(verify(hash, &hlak, &spoilt), Ok(false));
        assert_eq!(explain_mismatch(hash, &hlak, &spoilt), None);
    }
    let [(_, sha256, _), (_, sha1, _)] = published();
    assert_eq!(hex(&cmk(HashProtocol::Sha256, &sha256)), "ecf59ac9fe155cf0a9e7d66adc1b363c1ad7ba91a9217f0cec2a534298828df6");
    assert_eq!(hex(&cmk(HashProtocol::Sha1, &sha1)), "a98b862a38cc7e224b42cd128586acb22f0bd1e9");
}

#[test]
fn bytes_after_a_sha_1_mac_are_ignored() {
    let [_, (hash, hlak, mut packet)] = published();
    packet[111] = 1;
    assert_eq!(verify(hash, &hlak, &packet), Ok(true));
    packet[99] ^= 1;
    assert_eq!(verify(hash, &hlak, &packet), Ok(false));
}

#[test]
fn a_packet_of_another_length_is_refused_with_the_length() {
    let [(hash, hlak, packet), _] = published();
    let error = compound_mac(hash, &hlak, &packet[..111]).unwrap_err();
    assert_eq!((error.need, error.have), (112, 111));
    assert!(verify(hash, &hlak, &[]).is_err());
    assert_eq!(explain_mismatch(hash, &hlak, &packet[1..]), None);
}

#[test]
fn the_end_to_end_vectors_d1_to_d4() {
    let hash_hash = mschapv2::hash_nt_password_hash(&mschapv2::nt_password_hash(rfc2759::PASSWORD));
    let response =
        mschapv2::generate_nt_response(&rfc2759::AUTHENTICATOR_CHALLENGE, &rfc2759::PEER_CHALLENGE, rfc2759::USER, rfc2759::PASSWORD);
    let user = mppe::hlak(&hash_hash, &response);
    let none = hlak_of(&[]);
    let rows = [
        (HashProtocol::Sha256, user, D1_CMK, D1_MAC),
        (HashProtocol::Sha1, user, D2_CMK, D2_MAC),
        (HashProtocol::Sha256, none, D3_CMK, D3_MAC),
        (HashProtocol::Sha1, none, D4_CMK, D4_MAC),
    ];
    for (hash, hlak, key, mac) in rows {
        assert_eq!(cmk(hash, &hlak), bytes(key));
        assert_eq!(compound_mac(hash, &hlak, &stand_in_packet(hash)).unwrap(), bytes(mac));
    }
}

/// Nonce 00..1f and the hash of the stand-in certificate; the MAC field is filled with ones, which must not matter.
fn stand_in_packet(hash: HashProtocol) -> Vec<u8> {
    let mut packet = bytes("10010070 00040001 00030068 000000");
    packet.push(hash.value());
    packet.extend(0..32);
    packet.extend(cert_hash(hash, b"sstp-diag stand-in certificate"));
    packet.resize(MAC_AT, 0);
    packet.resize(CONNECTED_LEN, 0xff);
    packet
}

const D1_CMK: &str = "150707E682B16F4CA9430560C562894AFD10050DB4182D35C3E9E06284445271";
const D1_MAC: &str = "5E7712DEA9B1E9BBE2845C93F01F6AD71C03003DE90E31CD50EB10B0882F439B";
const D2_CMK: &str = "3AFBFF0BA79DD9743BD09949FA99F9D0C92D3698";
const D2_MAC: &str = "1B8027281FA9A6BC23333D42A3E8FBBD77F95717";
const D3_CMK: &str = "D342EB00477D6A37E1A184FB0168CB3EA3B6645FA0F227904D20EEF5CB8F9327";
const D3_MAC: &str = "E1B934D203D08ADB9700D8293198E706C3B562A3720F57CA97B8D52DFF66057D";
const D4_CMK: &str = "AE571EDE1E11EFB7BB85B8B4F07E15F0E086761A";
const D4_MAC: &str = "C73CE225F4D7C9274861B990D657984825BA7D73";

#[test]
fn the_stand_in_certificate_hashes_as_published() {
    let der = b"sstp-diag stand-in certificate";
    assert_eq!(hex(&cert_hash(HashProtocol::Sha1, der)), "7a35a00e50fcff86c601f09f5f017113e7ab67cd");
    assert_eq!(hex(&cert_hash(HashProtocol::Sha256, der)), "0436885ce21819f2bb8cbd1cfdf54017d5a73ba267e266264883cf394e782a17");
}

/// The wrong-answer table: a word of the explanation, first 16 bytes with SHA-256, 20 bytes with SHA-1.
const WRONG_ANSWERS: &[(&str, &str, &str)] = &[
    ("big-endian", "6F427735056C5909043D7584494D1E97", "412E051193CE57B269C4CFF6956173A90F2EC82D"),
    ("one byte instead of two", "53F278D5A1BEFB1FBEB4372A58DE3528", "649BE66CCCD31DCD40CBA5CEFDFD70FC7869F1CC"),
    ("length is missing", "DB4F95A0A115C6D85937280BA506B312", "DD9BBF923CBE4D6899DBF17705EB5CC94B20E4E7"),
    ("counter byte is missing", "CE2DB7054612D7A32A1433F1D8212EAC", "F16834A5E27794A64C6B309FB629471E6BC6636A"),
    ("starts at 0", "2E42612414E7A5B21652E95DB679647B", "961AAA584C0C18CB67D7687A12C55AF86FD525B9"),
    ("trailing zero byte", "6029A0EDEC343F59B1634CE7CE4B2A90", "F6B83C198AB96246D30E70DC44D5A960767EFD1D"),
    ("swapped", "CCE9C18AD2972E28DCDFF8CD70248D8F", "2CEF8F3500F337EE5DF6E1C6917EA7C766631E91"),
    ("HLAK itself", "F87B9C011D210BBFD01D33E2D5507D28", "89CDD27E77FF43B8E3EF7EA1E8F80E64608953F5"),
    ("all-zero HLAK", "37350A9168E4697495F2F535721AF42B", "9A111C756B84D95002C9372556C181E0E5360DA7"),
    ("only the attribute", "A136CB2EA568FEA40FA39964A5B6F639", "7CE50E7312F10FBA82B0F0B4D83CC2B0F200D1FC"),
    ("before the MAC field", "07C30952C50BB859E07F4D7ADE05130D", "6BB632BAC6CA0202A46A09A81F076D49D38CDCF8"),
    ("already held", "8E861561F364DE9B52616917F9231A5A", "691B7C75FB776E45122E86FAA66F23784F6AF6F0"),
];

#[test]
fn every_wrong_answer_is_produced_and_named() {
    for (word, sha256, sha1) in WRONG_ANSWERS {
        for ((hash, hlak, packet), published) in published().into_iter().zip([sha256, sha1]) {
            let (says, make) = MISTAKES.iter().find(|(says, _)| says.contains(word)).unwrap();
            let mac = make(hash, &hlak, &Connected::of(&packet).unwrap());
            assert!(mac.starts_with(&bytes(published)), "{word} with {hash:?}: {}", hex(&mac));
            assert_eq!(explain_mismatch(hash, &hlak, &with_mac(&packet, &mac)), Some(*says));
        }
    }
}

#[test]
fn the_other_hash_and_the_empty_mac_field_are_named() {
    let [(hash, hlak, packet), _] = published();
    let says = explain_mismatch(hash, &hlak, &with_mac(&packet, &[])).unwrap();
    assert!(says.contains("left zero"));
    let sha1 = compound_mac(HashProtocol::Sha1, &hlak, &packet).unwrap();
    assert!(explain_mismatch(hash, &hlak, &with_mac(&packet, &sha1)).unwrap().contains("other hash"));
}

#[test]
fn the_stronger_hash_of_the_mask_is_taken() {
    let rows = [(0, None), (1, Some(HashProtocol::Sha1)), (2, Some(HashProtocol::Sha256)), (3, Some(HashProtocol::Sha256)), (0xfc, None)];
    for (mask, hash) in rows {
        assert_eq!(HashProtocol::from_mask(mask), hash);
    }
    assert_eq!(HashProtocol::from_value(3), None);
    assert_eq!(HashProtocol::from_value(1), Some(HashProtocol::Sha1));
    assert_eq!((HashProtocol::Sha1.hash_len(), HashProtocol::Sha256.hash_len()), (20, 32));
}
