//! What kind of log it is, by its beginning.

/// A kind of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogFormat {
    /// Windows events as XML: `wevtutil qe LOG /f:xml`, or Event Viewer.
    WindowsXml,
    /// Windows events as CSV: Event Viewer, or `Get-WinEvent | Export-Csv`.
    WindowsCsv,
    /// Windows events as text: `wevtutil qe LOG /f:text`, `Get-WinEvent | Format-List`, or copied from Event Viewer.
    WindowsText,
    /// sstp-client of Linux, with pppd.
    Sstpc,
    /// SoftEther VPN Server: server_log and security_log.
    SoftEther,
    /// accel-ppp.
    AccelPpp,
    /// Any other lines of text.
    Plain,
}

impl LogFormat {
    /// All of them.
    pub const ALL: [LogFormat; 7] = [
        LogFormat::WindowsXml,
        LogFormat::WindowsCsv,
        LogFormat::WindowsText,
        LogFormat::Sstpc,
        LogFormat::SoftEther,
        LogFormat::AccelPpp,
        LogFormat::Plain,
    ];

    /// The name in arguments and JSON.
    pub fn name(self) -> &'static str {
        match self {
            LogFormat::WindowsXml => "windows-xml",
            LogFormat::WindowsCsv => "windows-csv",
            LogFormat::WindowsText => "windows-text",
            LogFormat::Sstpc => "sstpc",
            LogFormat::SoftEther => "softether",
            LogFormat::AccelPpp => "accel-ppp",
            LogFormat::Plain => "plain",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<LogFormat> {
        LogFormat::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// The format of a log that begins with `head`.
pub fn format(head: &str) -> LogFormat {
    let has = |marks: &[&str]| marks.iter().any(|mark| head.contains(mark));
    if is_xml(head) {
        LogFormat::WindowsXml
    } else if is_csv(head) {
        LogFormat::WindowsCsv
    } else if is_text(head) {
        LogFormat::WindowsText
    } else if has(&["sstpc[", "sstpc:", "sstp-client", "**Error: ", "pppd["]) {
        LogFormat::Sstpc
    } else if has(&["[HUB \"", "onnection \"CID-", "PPP Session [", "On the TCP Listener (Port"]) {
        LogFormat::SoftEther
    } else if has(&[
        "accel-ppp",
        "accel-sstp",
        "[SSTP SSTP_MSG",
        "<--> sstp(",
        "]: error: : sstp",
        "]:  info: ppp",
        "]:  info: sstp",
        "]:  warn: ppp",
    ]) {
        LogFormat::AccelPpp
    } else {
        LogFormat::Plain
    }
}

/// The format of a pasted text that holds a Windows event.
pub fn pasted_event(text: &str) -> Option<LogFormat> {
    if is_xml(text) && text.contains("EventID") {
        return Some(LogFormat::WindowsXml);
    }
    is_text(text).then_some(LogFormat::WindowsText)
}

fn is_xml(head: &str) -> bool {
    ["<Event ", "<Event>", "<Events>", "<Event\n", "<Event\r"].iter().any(|mark| head.contains(mark))
}

/// A heading, quoted or not, with the columns that every export has; or five columns of which the fourth is a number.
fn is_csv(head: &str) -> bool {
    // JSON has commas too.
    if head.trim_start().starts_with(['{', '[']) {
        return false;
    }
    let mut lines = head.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("#TYPE"));
    let Some(first) = lines.next() else { return false };
    let lower = first.to_lowercase();
    let separated = |line: &str| [',', ';', '\t'].iter().any(|separator| line.matches(*separator).count() >= 3);
    let named = (lower.contains("event id") || lower.contains("eventid")) && lower.contains("source")
        || lower.contains("providername") && lower.contains("\"id\"")
        || lower.contains("providername,") && lower.contains("id,")
        || super::csv::has(&lower, &["timecreated", "id", "message"]);
    let mut local =
        || lines.next().is_some_and(|row| row.split([',', ';', '\t']).nth(3).is_some_and(|id| id.trim_matches('"').parse::<u32>().is_ok()));
    separated(first) && (named || first.split([',', ';', '\t']).count() == 5 && local())
}

/// Keys and values, the id of an event among them.
fn is_text(head: &str) -> bool {
    let key = |name: &str| head.lines().any(|line| super::keyed::key(line).is_some_and(|(key, _)| key == name));
    let source = ["source", "quelle", "providername"].into_iter().any(key);
    let id = ["event id", "ereignis-id", "id"].into_iter().any(key);
    source && id
}
