//! The challenges of a 401 or 407: which logins are offered, and with which parameters. RFC 9110 11.3 and 11.6.1.

use super::http::Head;

/// One way to log in that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, as it was written.
    pub scheme: String,
    /// What stands behind it in one piece, as NTLM and Negotiate do it.
    pub token68: Option<String>,
    /// Its parameters, names in lower case, without quotes.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// Every challenge in the `Proxy-Authenticate` headers of `head`, in their order; what fits no grammar is left out.
    pub fn of_proxy(head: &Head) -> Vec<Challenge> {
        head.all("proxy-authenticate").flat_map(Challenge::parse).collect()
    }

    /// Reads one header value, in which several challenges may stand.
    pub fn parse(value: &str) -> Vec<Challenge> {
        let mut all: Vec<Challenge> = Vec::new();
        for element in elements(value) {
            match (begun(element), all.last_mut()) {
                (Some((scheme, rest)), _) => {
                    let mut challenge = Challenge { scheme: scheme.into(), token68: None, params: Vec::new() };
                    match rest {
                        "" => {}
                        rest if is_token68(rest) => challenge.token68 = Some(rest.into()),
                        rest => challenge.params.extend(param(rest)),
                    }
                    all.push(challenge);
                }
                (None, Some(last)) => last.params.extend(param(element)),
                (None, None) => {}
            }
            if all.len() >= MOST {
                break;
            }
        }
        all
    }

    /// The scheme is this one, in whichever case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The value of a parameter, its name in lower case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|row| row.0 == name).map(|row| row.1.as_str())
    }
}

/// The pieces between commas that stand outside quotes.
fn elements(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(move |c: char| {
            let after_backslash = escaped;
            escaped = quoted && c == '\\' && !escaped;
            quoted ^= c == '"' && !after_backslash;
            c == ',' && !quoted
        })
        .map(str::trim)
        .filter(|element| !element.is_empty())
}

/// Scheme and rest of an element that begins a challenge; nothing for one that goes on with parameters.
fn begun(element: &str) -> Option<(&str, &str)> {
    let end = element.find(|c: char| !is_token(c)).unwrap_or(element.len());
    let (scheme, rest) = element.split_at(end);
    let begins = rest.is_empty() || rest.starts_with([' ', '\t']) && !rest.trim_start().starts_with('=');
    (begins && !scheme.is_empty()).then(|| (scheme, rest.trim()))
}

fn param(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim();
    let value = match value.strip_prefix('"') {
        Some(quoted) => unescaped(quoted.strip_suffix('"').unwrap_or(quoted)),
        None => value.to_string(),
    };
    let name = name.trim();
    (!name.is_empty() && name.chars().all(is_token)).then(|| (name.to_ascii_lowercase(), value))
}

/// RFC 9110 5.6.4.
fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c))
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// Ours: so many challenges in one header are looked at.
const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_challenges_in_one_line_are_told_apart() {
        let all =
            Challenge::parse(r#"Negotiate, NTLM, Digest realm="a, \"b\"", nonce=abc, qop="auth,auth-int", stale=TRUE, Basic realm="x""#);
        let schemes: Vec<&str> = all.iter().map(|one| one.scheme.as_str()).collect();
        assert_eq!(schemes, ["Negotiate", "NTLM", "Digest", "Basic"]);
        assert_eq!(all[2].param("realm"), Some(r#"a, "b""#));
        assert_eq!((all[2].param("qop"), all[2].param("stale")), (Some("auth,auth-int"), Some("TRUE")));
        assert_eq!(all[3].params, [("realm".to_string(), "x".to_string())]);
        assert!(all[3].is("basic"));
    }

    #[test]
    fn a_token_behind_the_scheme_is_no_parameter() {
        let all = Challenge::parse("NTLM TlRMTVNTUAACAAAA==");
        assert_eq!((all[0].token68.as_deref(), all[0].params.len()), (Some("TlRMTVNTUAACAAAA=="), 0));
        assert_eq!(Challenge::parse("Basic realm = \"with spaces\"")[0].param("realm"), Some("with spaces"));
    }

    #[test]
    fn nonsense_is_left_out_and_bounded() {
        for text in ["", ",,,", "=", "\"", "realm=\"x\"", "=a, b=c", "\u{0}\u{1}", "é"] {
            assert!(Challenge::parse(text).iter().all(|one| !one.scheme.is_empty()), "{text}");
        }
        assert_eq!(Challenge::parse(&"A,".repeat(1000)).len(), MOST);
    }
}
