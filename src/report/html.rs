//! The report as one HTML page that needs nothing else: no script, no font, no picture, nothing fetched. For mail, for a ticket, for print.

use super::model::{LayerReport, Report, Style};
use super::text::{evidence, harmless, rfc3339_ms};
use super::{TOOL, VERSION, matrix, scan, sentence, table, trust};
use crate::diag::{Finding, Severity};
use crate::transcript::State;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::io::{self, Write};

/// Writes the report.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let target = harmless(&report.transcript.head.target.authority());
    write!(out, "{}", opening(&format!("{TOOL}: {target}")))?;
    write!(out, "{}", article(report, &Place::default(), &html! { h1 { (target) } }, &html! {})?)?;
    write!(out, "{}", closing())
}

/// A page up to where its articles begin.
pub(super) fn opening(title: &str) -> String {
    let head = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // What a peer said can fetch nothing and run nothing, even if it got past the escaping.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="generator" content=(format!("{TOOL} {VERSION}"));
                title { (title) }
                style { (PreEscaped(LOOKS)) }
            }
        }
    };
    let head = head.into_string();
    format!("{}<body>\n", head.strip_suffix("</html>").unwrap_or(&head))
}

/// The end of a page.
pub(super) fn closing() -> String {
    let foot =
        html! { footer class="quiet" { "Written by " (TOOL) " " (VERSION) ". " code { (TOOL) " explain ID" } " says more of a finding." } };
    format!("{}\n</body></html>\n", foot.into_string())
}

/// Where an article stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The anchor of the article; nothing where it is the only one.
    pub anchor: String,
    /// Where the connection comes from, behind when it was.
    pub says: String,
}

/// The class of a verdict and its symbol; where nobody knows it is neither good nor bad.
pub(super) fn mark(report: &Report) -> (&'static str, &'static str) {
    let verdict = report.verdict();
    if sentence::is_open(report) { ("open", "?") } else { (verdict.name(), table::mark(verdict).0) }
}

/// One connection, with its heading and what else is known of it.
pub(super) fn article(report: &Report, place: &Place, heading: &Markup, beneath: &Markup) -> io::Result<String> {
    let of = |severity| report.judgement.findings.iter().filter(move |row| row.severity == severity && row.because_of.is_none());
    let titled = [("What is wrong", Severity::Fail), ("Warnings", Severity::Warn), ("Notes", Severity::Note)];
    let ((class, symbol), head) = (mark(report), &report.transcript.head);
    let asides =
        [plain(report, trust::render)?, plain(report, matrix::render)?, plain(report, table::beside)?, plain(report, scan::render)?];
    let markup = html! {
        article id=[Some(&place.anchor).filter(|anchor| !anchor.is_empty())] {
            (heading)
            p class={ "verdict " (class) } { (symbol) " " (sentence::verdict(report)) }
            p class="quiet" { "Began " (rfc3339_ms(head.began_unix_ms)) ", took " (report.facts.ended) (place.says) }
            @for (title, severity) in titled.into_iter().filter(|row| of(row.1).next().is_some()) {
                h2 { (title) }
                @for row in of(severity) { (finding(report, place, row)) }
            }
            h2 { "Layers" }
            (ladder(report))
            @for aside in asides.iter().filter(|text| !text.is_empty()) { pre { (aside) } }
            (beneath)
            (learned(report))
            (not_judged(report))
            @if let Some(gate) = &report.gate {
                h2 { "Gate" }
                p { @for line in gate.lines() { (harmless(&line)) br; } }
            }
        }
    };
    Ok(markup.into_string() + "\n")
}

/// What the table shows of it, as text.
fn plain(report: &Report, render: fn(&Report, &mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let mut text = Vec::new();
    render(&report.clone().styled(Style { width: COLUMNS, ..Style::default() }), &mut text)?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_string())
}

fn finding(report: &Report, place: &Place, row: &Finding) -> Markup {
    let check = row.check;
    let kind = if row.cause { "The cause: " } else { "" };
    html! {
        section class={ "finding " (row.severity.name()) } id={ (place.anchor) (check.id) } {
            h3 { (kind) (check.title) " " span class="quiet" { (check.id) } }
            @if row.severity == Severity::Fail {
                dl { @for (label, value) in table::told_in_full(report, row, row.cause) { dt { (label) } dd { (ticked(&value)) } } }
            } @else {
                p { (evidence(&harmless(&row.evidence.says))) }
                dl {
                    @if row.severity == Severity::Warn && !check.fix.admin.is_empty() { dt { "Admin" } dd { (ticked(check.fix.admin)) } }
                    @for says in table::logged(report, check.id) { dt { "Log" } dd { (says) } }
                    @if let Some(says) = table::excused(row) { dt { "Gate" } dd { "it " (says) } }
                }
            }
        }
    }
}

/// What stands between backticks as code.
fn ticked(text: &str) -> Markup {
    if text.matches('`').count() % 2 == 1 {
        return html! { (text) };
    }
    let parts = text.split('`').enumerate();
    html! { @for (n, part) in parts { @if n % 2 == 1 { code { (part) } } @else { (part) } } }
}

fn ladder(report: &Report) -> Markup {
    let row = |layer: &LayerReport| {
        let (symbol, word) = table::mark(layer.standing);
        html! {
            tr {
                td { (layer.layer.title()) }
                td class={ "state " (layer.standing.name()) } { (symbol) " " (word) }
                td class="number" { @if let Some(took) = layer.took { (took) } }
                td { (table::learned_cell(layer, usize::MAX)) }
            }
        }
    };
    let tried = report.layers.iter().filter(|row| !table::is_before_a_tap(report, row));
    html! {
        table {
            thead { tr { th { "Layer" } th { "State" } th { "Time" } th { "Learned" } } }
            tbody { @for layer in tried { (row(layer)) } }
        }
    }
}

/// Everything learned, layer by layer, folded away.
fn learned(report: &Report) -> Markup {
    let known = |row: &&LayerReport| !row.learned.is_empty();
    let fields = |row: &LayerReport| {
        html! {
            h3 { (row.layer.title()) }
            dl { @for (name, value) in &row.learned { dt { (name) } dd { (value) } } }
        }
    };
    let rows: Vec<_> = report.layers.iter().filter(known).map(fields).collect();
    html! { @if !rows.is_empty() { details { summary { "Everything that was learned" } @for row in &rows { (row) } } } }
}

fn not_judged(report: &Report) -> Markup {
    let rows = table::not_judged(report);
    html! {
        @if !rows.is_empty() && report.facts.layers.iter().any(|row| row.state == State::Up) {
            details { summary { "Not judged" } ul { @for (layer, checks, why) in &rows { li { (layer) ": " (checks) " (" (why) ")" } } } }
        }
    }
}

/// How the page looks.
const LOOKS: &str = include_str!("html.css");
/// Ours: columns of what stands there as text.
const COLUMNS: usize = 100;

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::{good, rendered, wrong_password};

    /// Every tag is closed in its turn, nothing runs and nothing is fetched.
    pub(in crate::report) fn is_whole(page: &str) {
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">") && page.trim_end().ends_with("</body></html>"), "{page}");
        let mut open: Vec<&str> = Vec::new();
        for tag in page.split('<').skip(2) {
            let (tag, _) = tag.split_once('>').expect("a tag ends");
            let name = tag.split([' ', '/']).find(|word| !word.is_empty()).expect("a tag has a name");
            assert!(!["script", "img", "link", "iframe", "object", "svg", "form"].contains(&name), "{tag}");
            assert!(name != "a" || tag == "/a" || tag.starts_with("a href=\"#"), "{tag}");
            assert!(!tag.contains(" on"), "{tag}");
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if ["meta", "br"].contains(&name) => {}
                None => open.push(name),
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }

    #[test]
    fn what_a_peer_says_is_text_and_no_markup() {
        let evil = b"E=691 R=1 M=<script>alert(1)</script>\" onload=\"x";
        let mut story = wrong_password(evil);
        story.0.head.target.host = "</title><img src=x onerror=alert(1)>".into();
        let page = rendered("html", &story.report());
        is_whole(&page);
        assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("&lt;/title&gt;&lt;img src=x"), "{page}");
    }

    #[test]
    fn the_cause_stands_above_the_layers_with_what_to_do() {
        let page = rendered("html", &wrong_password(b"E=691").report());
        is_whole(&page);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text:?} in {page}"));
        let order =
            ["class=\"verdict fail\"", "id=\"AUTH-MSCHAP-691\"", "<dt>Admin</dt>", "<h2>Layers</h2>", "Everything that was learned"];
        let places: Vec<_> = order.iter().map(|text| at(text)).collect();
        assert!(places.is_sorted(), "{places:?}");
        let sound = rendered("html", &good().report());
        is_whole(&sound);
        assert!(sound.contains("class=\"verdict ok\"") && !sound.contains("What is wrong"), "{sound}");
    }
}
