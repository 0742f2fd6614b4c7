//! Events as text: `Key: value`, a line each, the message last.

use super::event::WinEvent;

/// The event in `text`; nothing without an id.
pub fn event(text: &str) -> Option<WinEvent> {
    let mut event = WinEvent::default();
    let (mut id, mut in_message) = (None, false);
    for line in text.lines() {
        let entry = key(line);
        let known = entry.as_ref().map(|(key, value)| (key.as_str(), *value));
        match known {
            Some(("source" | "quelle" | "providername" | "provider name", value)) if event.provider.is_empty() => {
                event.provider = value.to_string()
            }
            Some(("event id" | "ereignis-id" | "id", value)) if id.is_none() => id = value.parse().ok(),
            Some(("date" | "datum" | "timecreated", value)) if event.at.is_none() => event.at = Some(value.to_string()),
            Some(("description" | "beschreibung" | "message", value)) if !in_message => {
                in_message = true;
                event.message = value.to_string();
            }
            _ if in_message => {
                event.message.push('\n');
                event.message.push_str(line.trim());
            }
            _ => {}
        }
    }
    event.id = id?;
    Some(event)
}

/// Key in small letters, and value, of a line such as `Event ID: 20227` or `Id      : 20227`.
pub fn key(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim();
    (!key.is_empty() && key.len() < 40).then(|| (key.to_lowercase(), value.trim()))
}

/// The key by which a line may begin a record; when it comes again, a new record has begun.
pub fn start(line: &str) -> Option<String> {
    if line.trim_start().starts_with("Event[") {
        return Some("event[".to_string());
    }
    key(line).map(|entry| entry.0).filter(|key| STARTS.contains(&key.as_str()))
}

/// The first keys of the known forms: Event Viewer and `wevtutil`, `Format-List`, `Format-List *`.
const STARTS: &[&str] = &["log name", "protokollname", "timecreated", "message", "providername"];
