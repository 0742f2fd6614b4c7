//! What is not to be compared: `message` or `message:field`, with `*` for any characters.

/// One pattern of `--ignore`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Of the name of a message.
    pub message: String,
    /// Of the name of a field; `None`: the whole message is passed over.
    pub field: Option<String>,
}

impl Pattern {
    /// Reads `sstp.echo-*` or `http.response:date`.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let (message, field) = match text.trim().split_once(':') {
            Some((message, field)) => (message, Some(field)),
            None => (text.trim(), None),
        };
        let named = |part: &str| !part.is_empty() && part.len() <= LONGEST && part.chars().all(|c| c.is_ascii_graphic());
        if named(message) && field.is_none_or(named) {
            return Ok(Pattern { message: message.into(), field: field.map(str::to_string) });
        }
        Err(format!("{text:?} is neither a message such as sstp.echo-* nor a field such as http.response:date"))
    }

    /// Whether it passes over the whole message.
    pub fn takes(&self, message: &str) -> bool {
        self.field.is_none() && glob(&self.message, message)
    }

    /// Whether it passes over this field.
    pub fn takes_field(&self, message: &str, field: &str) -> bool {
        self.field.as_ref().is_some_and(|pattern| glob(&self.message, message) && glob(pattern, field))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.field.iter().try_for_each(|field| write!(f, ":{field}"))
    }
}

/// `*` stands for any characters, none included. The effort grows with the product of the lengths and no faster.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(byte) if text.get(t) == Some(byte) => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, at)) => {
                    star = Some((after, at + 1));
                    (p, t) = (after, at + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// Ours: no message and no field has a longer name.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fits) in [
            ("sstp.echo-*", "sstp.echo-request", true),
            ("sstp.echo-*", "sstp.call-abort", false),
            ("*", "", true),
            ("*ip*dns", "ipcp.primary-dns", true),
            ("*.configure-*", "lcp.configure-ack", true),
            ("lcp", "lcp.configure-ack", false),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
        assert!(!glob(&"*a".repeat(90), &"a".repeat(89)), "and ends at once");
    }

    #[test]
    fn a_message_and_a_field_are_told_apart() {
        let field = Pattern::parse("http.response:date").expect("a field");
        assert!(field.takes_field("http.response", "date") && !field.takes("http.response"));
        assert!(Pattern::parse("sstp.echo-*").expect("a message").takes("sstp.echo-request"));
        assert_eq!(field.to_string(), "http.response:date");
        for wrong in ["", ":", "a:", "a b", "a\u{1b}"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
