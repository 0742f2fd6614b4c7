//! TOML files that people write: what is wrong is said with its line, and with what would be right.

use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file, or the name of what is built in.
    pub file: String,
    /// The line, from 1; none where the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub says: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.file, self.says),
            None => write!(f, "{}: {}", self.file, self.says),
        }
    }
}

/// A file, open before its reader.
#[derive(Clone, Copy)]
pub struct Paper<'a> {
    /// Its name, for complaints.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A table of it.
pub type Table<'a> = DeTable<'a>;
/// A value of it.
pub type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Paper<'a> {
    /// The table that the whole file is.
    pub fn table(self) -> Result<Table<'a>, Flaw> {
        let table = DeTable::parse(self.text).map(Spanned::into_inner);
        table.map_err(|error| self.flaw(error.span(), format!("it is not TOML: {}", error.message())))
    }

    /// A flaw at that place.
    pub fn flaw(self, span: Option<Range<usize>>, says: impl Into<String>) -> Flaw {
        Flaw { file: self.file.to_string(), line: span.map(|span| self.line(span.start)), says: says.into() }
    }

    /// The line of a place.
    pub fn line(self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }

    /// Complains about the first name in the table that is none of those known.
    pub fn only(self, table: &Table<'a>, known: &[&str]) -> Result<(), Flaw> {
        let odd = table.keys().find(|key| !known.contains(&key.get_ref().as_ref()));
        let says = |key: &Spanned<DeString<'a>>| format!("{:?} is not known here; there are {}", key.get_ref(), known.join(", "));
        odd.map_or(Ok(()), |key| Err(self.flaw(Some(key.span()), says(key))))
    }

    /// A value that has to be text.
    pub fn string(self, value: &'a Value<'a>, what: &str) -> Result<&'a str, Flaw> {
        let says = || format!("{what} must be text between quotation marks, not {}", kind(value.get_ref()));
        value.get_ref().as_str().ok_or_else(|| self.flaw(Some(value.span()), says()))
    }

    /// A value that may be one text or several.
    pub fn strings(self, value: &'a Value<'a>, what: &str) -> Result<Vec<(&'a str, Range<usize>)>, Flaw> {
        match value.get_ref().as_array() {
            Some(array) => array.iter().map(|item| Ok((self.string(item, what)?, item.span()))).collect(),
            None => Ok(vec![(self.string(value, what)?, value.span())]),
        }
    }
}

/// What a value is, in words.
pub fn kind(value: &DeValue) -> &'static str {
    match value.type_str() {
        "array" => "a list",
        "boolean" => "true or false",
        "datetime" => "a date",
        "float" | "integer" => "a number",
        "string" => "text",
        _ => "a table",
    }
}
