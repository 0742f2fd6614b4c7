//! Events as rows of a CSV table, as Event Viewer and PowerShell write them.

use super::event::WinEvent;

/// The columns of a table, known from its heading.
#[derive(Default)]
pub struct Table {
    columns: Option<Columns>,
}

struct Columns {
    separator: char,
    at: usize,
    source: usize,
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
        Some(WinEvent { provider: field(columns.source), id, at, data: Vec::new(), message: field(columns.message) })
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
            source: column(&["source", "providername", "quelle"], 2),
            id: column(&["event id", "eventid", "id", "ereignis-id"], 3),
            message: column(&["message", "description"], names.len()),
        }
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
