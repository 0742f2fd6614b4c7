//! One event as XML: a scanner for the few elements that count, tolerant of everything else. It follows no entity but the
//! five of XML and character references, so nothing in a file can make it grow.

use super::event::WinEvent;

/// The event in `text`; nothing without an id.
pub fn event(text: &str) -> Option<WinEvent> {
    let mut event = WinEvent::default();
    let (mut id, mut element) = (None, "");
    for piece in text.split('<').skip(1) {
        let (tag, content) = piece.split_once('>').unwrap_or((piece, ""));
        let (tag_name, attributes) = tag.split_once(|c: char| c.is_whitespace()).unwrap_or((tag, ""));
        // A prefix such as `e:` says nothing here.
        element = tag_name.trim_end_matches('/').rsplit(':').next().unwrap_or(element);
        match element {
            "Provider" => event.provider = attribute(attributes, "Name").unwrap_or(event.provider),
            "TimeCreated" => event.at = attribute(attributes, "SystemTime").or(event.at),
            "EventID" => id = content.trim().parse().ok().or(id),
            "Data" if !tag_name.starts_with('/') => {
                let name = attribute(attributes, "Name").unwrap_or_default();
                event.datum(&name, &unescaped(content));
            }
            "Message" => event.message = unescaped(content),
            // Events with data of their own name every value by its element.
            other if !tag_name.starts_with('/') && !content.trim().is_empty() && !SYSTEM.contains(&other) => {
                event.datum(other, &unescaped(content))
            }
            _ => {}
        }
    }
    event.id = id?;
    Some(event)
}

/// The value of an attribute, in either kind of quotation marks.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let mark = after.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        let (value, next) = after.get(1..)?.split_once(mark)?;
        if key.trim() == name {
            return Some(unescaped(value));
        }
        rest = next;
    }
    None
}

/// Text with its references resolved.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let reference = after.split_once(';').and_then(|(name, next)| Some((referred(name)?, next)));
        rest = match reference {
            Some((c, next)) => {
                plain.push(c);
                next
            }
            None => {
                plain.push('&');
                after
            }
        };
    }
    plain.push_str(rest);
    plain
}

fn referred(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = number.strip_prefix(['x', 'X']).map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
            char::from_u32(code)
        }
    }
}

/// Elements of the head of an event, whose values are no data.
const SYSTEM: &[&str] = &[
    "Version",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "EventRecordID",
    "Channel",
    "Computer",
    "Security",
    "Correlation",
    "Execution",
    "Keyword",
    "Culture",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_that_count_are_read() {
        let read = event(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='RasClient'/>\
             <EventID Qualifiers='0'>20227</EventID><TimeCreated SystemTime='2024-03-01T09:15:22.000Z'/><EventRecordID>12</EventRecordID></System>\
             <EventData><Data>CORP\\alice</Data><Data Name=\"A&amp;B\">&lt;691&gt; &#x41;&#66; &bad; &</Data></EventData></Event>",
        )
        .expect("an event");
        assert_eq!((read.provider.as_str(), read.id, read.at.as_deref()), ("RasClient", 20227, Some("2024-03-01T09:15:22.000Z")));
        assert_eq!(read.data, [("".into(), "CORP\\alice".into()), ("A&B".to_string(), "<691> AB &bad; &".to_string())]);
        assert!(event("<Event><System/></Event>").is_none());
        assert!(event("<<<>>><EventID>").is_none());
    }
}
