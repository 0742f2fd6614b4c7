//! One JSON document.

use super::Page;
use crate::report::{TOOL, VERSION};
use serde_json::json;
use std::io::{self, Write};

/// Writes it.
pub fn render(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let equal = page.ends.iter().all(|end| end.equal);
    let mut document = json!({ "tool": TOOL, "version": VERSION, "report": "replay", "equal": equal });
    if let (Some(all), serde_json::Value::Object(more)) = (document.as_object_mut(), serde_json::to_value(page)?) {
        all.extend(more);
    }
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
