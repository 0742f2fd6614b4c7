//! One line of a key log. NSS key log format.

use super::Label;
use zeroize::Zeroizing;

/// What a line says.
pub(super) enum Line {
    /// Nothing that is of use here: a comment, an exporter secret.
    Nothing,
    /// A secret of the connection with that client random.
    Secret { random: [u8; 32], label: Label, secret: Zeroizing<Vec<u8>> },
    /// The premaster secret whose encrypted form begins so.
    Rsa { encrypted: [u8; 8], premaster: Zeroizing<Vec<u8>> },
}

impl Line {
    pub(super) fn parse(text: &[u8]) -> Result<Line, &'static str> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            return Ok(Line::Nothing);
        }
        let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (Some(label), Some(name), Some(secret), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err("a line has three words: label, client random, secret");
        };
        if label == b"RSA" {
            let encrypted = fixed(name).ok_or("behind RSA come 16 hexadecimal digits")?;
            return Ok(Line::Rsa { encrypted, premaster: sized(secret, &[48])? });
        }
        let Some((_, label, lens)) = LABELS.iter().find(|row| row.0 == label) else {
            let is_label = label.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
            return if is_label { Ok(Line::Nothing) } else { Err("a label has capital letters, digits and underscores") };
        };
        let random = fixed(name).ok_or("a client random has 64 hexadecimal digits")?;
        Ok(Line::Secret { random, label: *label, secret: sized(secret, lens)? })
    }
}

fn fixed<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    decoded(digits)?.as_slice().try_into().ok()
}

fn sized(digits: &[u8], lens: &[usize]) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let secret = decoded(digits).ok_or("a secret is an even number of hexadecimal digits")?;
    if lens.contains(&secret.len()) { Ok(secret) } else { Err("the secret has not the length that its label asks for") }
}

fn decoded(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        bytes.push(value(*high)? << 4 | value(*low)?);
    }
    Some(bytes)
}

/// Labels of use, and how long in bytes the secret may be: the hash's length in TLS 1.3. A premaster secret of
/// Diffie-Hellman is as long as the group.
const LABELS: &[(&[u8], Label, &[usize])] = &[
    (b"CLIENT_RANDOM", Label::Master, &[48]),
    (b"CLIENT_EARLY_TRAFFIC_SECRET", Label::ClientEarly, &[32, 48]),
    (b"CLIENT_HANDSHAKE_TRAFFIC_SECRET", Label::ClientHandshake, &[32, 48]),
    (b"SERVER_HANDSHAKE_TRAFFIC_SECRET", Label::ServerHandshake, &[32, 48]),
    (b"CLIENT_TRAFFIC_SECRET_0", Label::ClientTraffic, &[32, 48]),
    (b"SERVER_TRAFFIC_SECRET_0", Label::ServerTraffic, &[32, 48]),
    (b"PMS_CLIENT_RANDOM", Label::Premaster, &[32, 48, 56, 64, 66, 128]),
];
/// What some editors put in front of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
