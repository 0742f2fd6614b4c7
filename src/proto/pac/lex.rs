//! Text to tokens.

use super::PacError;
use std::iter::Peekable;
use std::str::CharIndices;

/// A token and the line where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub line: usize,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Name(String),
    Text(String),
    Number(f64),
    /// Punctuation and operators.
    Sign(&'static str),
    End,
}

/// All tokens, `End` the last of them.
pub fn tokens(text: &str) -> Result<Vec<Token>, PacError> {
    let mut lexer = Lexer { text, chars: text.char_indices().peekable(), line: 1 };
    let mut all = Vec::new();
    loop {
        lexer.skip()?;
        let line = lexer.line;
        let kind = lexer.next(all.last())?;
        let end = kind == Kind::End;
        all.push(Token { line, kind });
        if end {
            return Ok(all);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: usize,
}

impl Lexer<'_> {
    fn fail<T>(&self, says: impl Into<String>) -> Result<T, PacError> {
        Err(PacError { line: self.line, says: says.into() })
    }

    fn rest(&mut self) -> &str {
        let at = self.chars.peek().map_or(self.text.len(), |next| next.0);
        self.text.get(at..).unwrap_or_default()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.chars.next()?.1;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    /// White space and comments.
    fn skip(&mut self) -> Result<(), PacError> {
        loop {
            let rest = self.rest();
            if rest.starts_with("//") || rest.starts_with("<!--") {
                while self.bump().is_some_and(|c| c != '\n') {}
            } else if rest.starts_with("/*") {
                let Some(len) = rest.find("*/") else { return self.fail("a comment without an end") };
                let chars = rest.get(..len + 2).map_or(0, |comment| comment.chars().count());
                for _ in 0..chars {
                    self.bump();
                }
            } else if rest.starts_with(char::is_whitespace) {
                self.bump();
            } else {
                return Ok(());
            }
        }
    }

    fn next(&mut self, before: Option<&Token>) -> Result<Kind, PacError> {
        let Some(&(_, c)) = self.chars.peek() else { return Ok(Kind::End) };
        if c.is_alphabetic() || c == '_' || c == '$' {
            return Ok(Kind::Name(self.while_(|c| c.is_alphanumeric() || c == '_' || c == '$')));
        }
        if c.is_ascii_digit() {
            let digits = self.while_(|c| c.is_ascii_alphanumeric() || c == '.');
            let hexadecimal = digits.strip_prefix("0x").or(digits.strip_prefix("0X"));
            let number = hexadecimal.map_or_else(|| digits.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok().map(f64::from));
            return number.map_or_else(|| self.fail(format!("{digits:?} is no number")), |number| Ok(Kind::Number(number)));
        }
        if c == '"' || c == '\'' {
            self.bump();
            return self.quoted(c).map(Kind::Text);
        }
        let rest = self.rest();
        // Behind an operator, a slash begins a regular expression.
        let value_before = before.is_some_and(|token| match &token.kind {
            Kind::Sign(sign) => [")", "]"].contains(sign),
            Kind::Name(name) => name != "return",
            _ => true,
        });
        if c == '/' && !value_before {
            return self.fail("a regular expression, which is outside the subset that is evaluated; shExpMatch is inside");
        }
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).copied();
        match sign {
            Some(sign) => {
                for _ in sign.chars() {
                    self.bump();
                }
                Ok(Kind::Sign(sign))
            }
            None => self.fail(format!("{c:?} is outside the subset that is evaluated")),
        }
    }

    fn while_(&mut self, part: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(&(_, c)) = self.chars.peek().filter(|next| part(next.1)) {
            text.push(c);
            self.chars.next();
        }
        text
    }

    fn quoted(&mut self, quote: char) -> Result<String, PacError> {
        let mut text = String::new();
        loop {
            match self.bump() {
                Some(c) if c == quote => return Ok(text),
                None | Some('\n') => return self.fail("a text without an end"),
                Some('\\') => match self.bump() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('\n') => {}
                    Some(c) if !c.is_alphanumeric() => text.push(c),
                    _ => return self.fail("an escape that is outside the subset that is evaluated"),
                },
                Some(c) => text.push(c),
            }
        }
    }
}

/// The longest first.
const SIGNS: &[&str] = &[
    "===", "!==", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "+=", "-=", "(", ")", "{", "}", "[", "]", ";", ",", "<", ">", "+", "-",
    "*", "/", "%", "!", "?", ":", "=", ".",
];
