//! Events as rows of a CSV table, as Event Viewer and PowerShell write them.

use super::event::WinEvent;
use crate::diag::codes::{self, Family};

/// The columns of a table, known from its heading.
#[derive(Default)]
pub struct Table {
    columns: Option<Columns>,
}

struct Columns {
    separator: char,
    at: usize,
    /// Where the source is; nothing where PowerShell was told to leave it out.
    source: Option<usize>,
    id: usize,
    /// Where the message is; Event Viewer writes it behind the last column that the heading names.
    message: usize,
}

impl Table {
    /// The event of a row; nothing for the heading and for what is no event.
    pub fn event(&mut self, row: &str) -> Option<WinEvent> {
        let row = row.trim_end_matches(['\r', '\n']);
        if row.starts_with("#TYPE") {
            return None;
        }
        let Some(columns) = &self.columns else {
            self.columns = Some(Columns::of(row));
            return None;
        };
        let fields = fields(row, columns.separator);
        let field = |at: usize| fields.get(at).map(|field| field.trim().to_string()).unwrap_or_default();
        let id = field(columns.id).parse().ok()?;
        let at = Some(field(columns.at)).filter(|at| !at.is_empty());
        let provider = columns.source.map_or_else(|| of_id(id), field);
        Some(WinEvent { provider, id, at, data: Vec::new(), message: field(columns.message) })
    }
}

impl Columns {
    fn of(heading: &str) -> Columns {
        let separator = [',', ';', '\t'].into_iter().max_by_key(|separator| heading.matches(*separator).count()).unwrap_or(',');
        let names: Vec<String> = fields(heading, separator).iter().map(|name| name.trim().to_lowercase()).collect();
        let column = |known: &[&str], usual: usize| names.iter().position(|name| known.contains(&name.as_str())).unwrap_or(usual);
        // The usual places are those of Event Viewer, whose heading is in the language of Windows.
        Columns {
            separator,
            at: column(&["date and time", "timecreated", "timegenerated", "datum und uhrzeit"], 1),
            source: (!has(&heading.to_lowercase(), &["timecreated", "id", "message"]) || has(&heading.to_lowercase(), &["providername"]))
                .then(|| column(&["source", "providername", "quelle"], 2)),
            id: column(&["event id", "eventid", "id", "ereignis-id"], 3),
            message: column(&["message", "description"], names.len()),
        }
    }
}

/// The heading, in small letters, has all of these columns.
pub fn has(heading: &str, columns: &[&str]) -> bool {
    let names: Vec<&str> = heading.split([',', ';', '\t']).map(|name| name.trim().trim_matches('"')).collect();
    columns.iter().all(|column| names.contains(column))
}

/// The source that alone writes events of that id; nothing where several do, or none that counts.
fn of_id(id: u32) -> String {
    let sources = codes::by_number(id).filter(|code| code.family == Family::Event).filter_map(|code| code.name.split_once(" event "));
    let mut sources: Vec<&str> = sources.map(|pair| pair.0).collect();
    sources.dedup();
    match sources.as_slice() {
        [source] => (*source).to_string(),
        _ => String::new(),
    }
}

/// The fields of a row. RFC 4180 2: a field may stand in quotation marks, and a doubled one within is one.
fn fields(row: &str, separator: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '"' && quoted && chars.peek() == Some(&'"') {
            chars.next();
            fields.last_mut().into_iter().for_each(|field| field.push('"'));
        } else if c == '"' {
            quoted = !quoted;
        } else if c == separator && !quoted {
            fields.push(String::new());
        } else {
            fields.last_mut().into_iter().for_each(|field| field.push(c));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_hold_everything() {
        assert_eq!(fields("a,\"b, \"\"c\"\"\nd\",,e", ','), ["a", "b, \"c\"\nd", "", "e"]);
        assert_eq!(fields("\"open", ','), ["open"]);
    }
}
