//! Internationalised names: from the form that DNS and certificates carry to the one that people read. RFC 3492, RFC 5890.

/// The name with every `xn--` label decoded; labels that cannot be decoded stay. RFC 5890 2.3.2.1.
pub(super) fn readable(name: &str) -> String {
    let label = |label: &str| {
        let coded = label.get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX)).and_then(|_| label.get(PREFIX.len()..));
        coded.and_then(decode).unwrap_or_else(|| label.to_string())
    };
    name.split('.').map(label).collect::<Vec<_>>().join(".")
}

/// One label without its prefix. RFC 3492 6.2.
fn decode(coded: &str) -> Option<String> {
    let (basic, digits) = coded.rsplit_once('-').unwrap_or(("", coded));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut at, mut bias) = (INITIAL_N, 0u32, INITIAL_BIAS);
    let mut digits = digits.bytes().peekable();
    while digits.peek().is_some() {
        let before = at;
        let (mut weight, mut step) = (1u32, BASE);
        loop {
            let digit = value(digits.next()?)?;
            at = at.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            step += BASE;
        }
        let length = u32::try_from(output.len()).ok()?.checked_add(1)?;
        bias = adapted(at - before, length, before == 0);
        code = code.checked_add(at / length)?;
        at %= length;
        output.insert(usize::try_from(at).ok()?, char::from_u32(code)?);
        at += 1;
    }
    Some(output.into_iter().collect())
}

/// RFC 3492 5: letters are 0 to 25, digits 26 to 35.
fn value(digit: u8) -> Option<u32> {
    match digit {
        b'a'..=b'z' => Some(u32::from(digit - b'a')),
        b'A'..=b'Z' => Some(u32::from(digit - b'A')),
        b'0'..=b'9' => Some(u32::from(digit - b'0') + 26),
        _ => None,
    }
}

/// RFC 3492 6.1.
fn adapted(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / length;
    let mut step = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        step += BASE;
    }
    step + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

/// RFC 5890 2.3.1.
const PREFIX: &str = "xn--";
/// RFC 3492 5.
const BASE: u32 = 36;
/// RFC 3492 5.
const T_MIN: u32 = 1;
/// RFC 3492 5.
const T_MAX: u32 = 26;
/// RFC 3492 5.
const SKEW: u32 = 38;
/// RFC 3492 5.
const DAMP: u32 = 700;
/// RFC 3492 5.
const INITIAL_BIAS: u32 = 72;
/// RFC 3492 5.
const INITIAL_N: u32 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_what_is_no_code_stays() {
        let rows = [
            ("xn--bcher-kva.example", "bücher.example"),
            ("vpn.XN--MNCHEN-3YA.de", "vpn.MüNCHEN.de"),
            ("xn--fiqs8s", "中国"),
            ("xn--80ak6aa92e.com", "аррӏе.com"),
            ("vpn.example", "vpn.example"),
            ("xn--", ""),
            ("xn--99999999999.x", "xn--99999999999.x"),
            ("xn--ü-1", "xn--ü-1"),
        ];
        for (coded, readable_form) in rows {
            assert_eq!(readable(coded), readable_form, "{coded}");
        }
    }
}
