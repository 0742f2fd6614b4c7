//! The report for people: the verdict and its cause first, then the ladder, then the findings.

use super::model::{LayerReport, Report, Standing};
use super::text::{cut, harmless, list};
use super::{scan, sentence, text};
use crate::base::Layer;
use crate::diag::gate::Ruling;
use crate::diag::join::{Role, Told};
use crate::diag::{Finding, Severity};
use crate::transcript::What;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use std::io::{self, Write};

/// Writes the report.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let style = &report.style;
    let verdict = paint(&wrapped(&sentence::verdict(report), style.width), tone(report.verdict()), style.colour);
    let rows: Vec<_> = report.unseen_rows().filter(|row| !is_before_a_tap(report, row)).collect();
    let seen_before = !style.shown.is_empty();
    let ladder = ladder_rows(&rows, style.width, style.colour, !seen_before);
    // Rows that were shown while they happened stand above already; what is left of the ladder goes on right there.
    let parts = if seen_before { [ladder + "\n", verdict + "\n\n"] } else { [verdict + "\n\n", ladder + "\n"] };
    write!(out, "{}", parts.concat())?;
    super::trust::render(report, out)?;
    super::matrix::render(report, out)?;
    findings(report, out)?;
    scan::render(report, out)?;
    if style.verbose {
        everything(report, out)?;
    }
    gate(report, out)
}

/// What a client does before it dials is nothing that a tap could try.
pub(super) fn is_before_a_tap(report: &Report, row: &LayerReport) -> bool {
    report.facts.tapped() && row.standing == Standing::NotTried
}

/// The verdict and the findings, without the ladder.
pub(super) fn judgement(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let style = &report.style;
    let verdict = paint(&wrapped(&sentence::verdict(report), style.width), tone(report.verdict()), style.colour);
    writeln!(out, "{verdict}\n")?;
    super::trust::render(report, out)?;
    findings(report, out)
}

/// What the gate made of it, where there is one.
fn gate(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(gate) = &report.gate else { return Ok(()) };
    for (n, line) in gate.lines().iter().enumerate() {
        let text = text::hanging(&harmless(line), report.style.width, 4);
        let tone = if gate.passed { GREEN } else { RED };
        writeln!(out, "{}", if n == 0 { paint(&text, tone, report.style.colour) } else { text })?;
    }
    writeln!(out)
}

/// A heading.
pub(super) fn bold(text: &str, colour: bool) -> String {
    paint(text, BOLD, colour)
}

/// A line about an event, in the tone of what happened.
pub(super) fn toned(text: &str, what: &What, colour: bool) -> String {
    let tone = match what {
        What::Up => GREEN,
        What::Down(_) | What::Undecoded(_) | What::Unsecured { .. } | What::Proof { holds: false, .. } => RED,
        What::Misstep { .. } | What::Violation { .. } | What::Gap { .. } | What::Opaque { .. } | What::Alert { .. } => YELLOW,
        _ => "",
    };
    paint(text, tone, colour)
}

/// Rows of the ladder, a heading above them when wanted.
pub fn ladder_rows(layers: &[&LayerReport], width: usize, colour: bool, heading: bool) -> String {
    if width < LAYER + STATE + LEAST_ROOM {
        return narrow_rows(layers, width, colour, heading);
    }
    let room = width - LAYER - STATE;
    let mut table = grid(&[LAYER, STATE, room]);
    if heading {
        table.add_row(["Layer", "State     Time", "Learned"]);
    }
    for layer in layers {
        table.add_row([layer.layer.title().to_string(), state_cell(layer), learned_cell(layer, room)]);
    }
    lines(&table).map(|line| paint_state(line, colour) + "\n").collect()
}

/// Rows of the ladder where there is no room for three columns: what was learned stands on lines of its own.
fn narrow_rows(layers: &[&LayerReport], width: usize, colour: bool, heading: bool) -> String {
    let mut text = if heading { format!("{:LAYER$}State     Time\n", "Layer") } else { String::new() };
    for layer in layers {
        let line = format!("{:LAYER$}{}", layer.layer.title(), state_cell(layer));
        text += &(paint_state(line, colour) + "\n");
        let learned = text::peer(&learned_cell(layer, usize::MAX));
        if !learned.is_empty() {
            text += &(text::hanging(&format!("  {learned}"), width, 2) + "\n");
        }
    }
    text
}

fn state_cell(layer: &LayerReport) -> String {
    let (symbol, word) = mark(layer.standing);
    match (layer.standing, layer.took) {
        (Standing::Ok | Standing::Warn | Standing::Fail, Some(took)) => format!("{symbol} {word:<5}{:>9}", took.to_string()),
        _ => format!("{symbol} {word}"),
    }
}

pub(super) fn learned_cell(layer: &LayerReport, room: usize) -> String {
    match (&layer.reason, layer.standing) {
        (_, Standing::NotReached | Standing::NotSeen | Standing::NotTried) => String::new(),
        (_, Standing::Interrupted) => cut(&layer.short, room),
        (Some(reason), _) => reason_cell(&layer.short, reason),
        (None, _) => cut(&layer.short, room),
    }
}

/// Why a layer is down, after what was known about it, unless that says the same.
fn reason_cell(short: &str, reason: &str) -> String {
    let (short, reason) = (&text::peer(short), &text::peer(reason));
    let first = short.split(',').next().unwrap_or_default();
    if first.is_empty() || reason.contains(first) { reason.clone() } else { format!("{short}: {reason}") }
}

/// Symbol and word of a state.
pub(super) fn mark(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Ok => ("✓", "ok"),
        Standing::Warn => ("!", "warn"),
        Standing::Fail => ("✗", "fail"),
        Standing::Interrupted => ("~", "interrupted"),
        Standing::NotReached => ("·", "not reached"),
        Standing::NotSeen => ("·", "not seen"),
        Standing::NotTried => ("-", "not tried"),
    }
}

fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let of = |severity| report.judgement.findings.iter().filter(move |finding| finding.severity == severity);
    for finding in of(Severity::Fail).filter(|finding| finding.because_of.is_none()) {
        in_full(report, finding, out)?;
    }
    let (warnings, notes): (Vec<_>, Vec<_>) = (free(of(Severity::Warn)), free(of(Severity::Note)));
    for (title, rows) in [("Warnings", warnings), ("Notes", notes)] {
        if rows.is_empty() {
            continue;
        }
        writeln!(out, "{title}")?;
        for finding in rows {
            brief(report, finding, out)?;
        }
        writeln!(out)?;
    }
    beside(report, out)
}

/// Findings that are no consequence of another one; consequences stand beneath their cause.
fn free<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<&'a Finding> {
    findings.filter(|finding| finding.because_of.is_none()).collect()
}

fn in_full(report: &Report, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (style, check) = (&report.style, finding.check);
    let kind = if finding.cause { "Cause" } else { "Also" };
    let title = wrapped(&format!("{kind}: {} - {}", check.id, check.title), style.width);
    writeln!(out, "{}", paint(&title, RED, style.colour))?;
    let mut table = grid(&[LABEL, style.width.saturating_sub(LABEL).max(20)]);
    for (label, value) in told_in_full(report, finding, finding.cause || style.verbose) {
        table.add_row([format!("  {label}"), value]);
    }
    for line in lines(&table) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

/// What there is to say about a failing finding, label by label; for each product when `on_products`.
pub(super) fn told_in_full(report: &Report, finding: &Finding, on_products: bool) -> Vec<(&'static str, String)> {
    let check = finding.check;
    let remedies = if on_products { report.remedies(finding) } else { Vec::new() };
    let consequences = report.judgement.findings.iter().filter(|other| other.because_of == Some(check.id));
    let above = [
        ("Meaning", check.means.to_string()),
        ("Evidence", text::evidence(&harmless(&finding.evidence.says))),
        ("Windows", sentence::codes(report, finding).join("\n")),
        ("Admin", check.fix.admin.to_string()),
    ];
    let beneath = [
        ("User", check.fix.user.to_string()),
        ("Log", logged(report, check.id).join("\n")),
        ("Spec", list(check.spec)),
        ("Gate", excused(finding).unwrap_or_default()),
        ("Hence", consequences.map(|other| format!("{} - {}", other.check.id, other.check.title)).collect::<Vec<_>>().join("\n")),
    ];
    let remedies = remedies.into_iter().map(|(product, says)| (product.name(), says.to_string()));
    above.into_iter().chain(remedies).chain(beneath).filter(|row| !row.1.is_empty()).collect()
}

/// What logs say about a finding.
pub(super) fn logged(report: &Report, id: &str) -> Vec<String> {
    let by = |told: &Told| match (&told.role, told.line.checks.first()) {
        (Role::Adds(_), Some(cause)) => format!("says more ({cause}): {}", sentence::told(told)),
        _ => format!("confirmed by {}", sentence::told(told)),
    };
    report.told_of(id).map(by).collect()
}

/// Lines of logs that are about no finding: contradictions, and what stands beside.
pub(super) fn beside(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let rest: Vec<_> = report.told.iter().filter(|told| told.role.finding().is_none()).collect();
    let (against, beside): (Vec<&Told>, Vec<&Told>) = rest.into_iter().partition(|told| matches!(told.role, Role::Contradicts(_)));
    let width = report.style.width;
    if !against.is_empty() {
        writeln!(out, "{}", paint("The log contradicts", YELLOW, report.style.colour))?;
    }
    for told in &against {
        let Role::Contradicts(why) = &told.role else { continue };
        writeln!(out, "{}", text::hanging(&format!("  {}", sentence::told(told)), width, 4))?;
        writeln!(out, "{}", text::hanging(&format!("    but {why}"), width, 4))?;
    }
    if !beside.is_empty() {
        writeln!(out, "Also in the log")?;
    }
    let shown = if report.style.verbose { beside.len() } else { BESIDE };
    for told in beside.iter().take(shown) {
        writeln!(out, "{}", text::hanging(&format!("  {}", sentence::told(told)), width, 4))?;
    }
    if beside.len() > shown {
        writeln!(out, "  and {} (-v shows them)", text::count(beside.len() - shown, "more line", "more lines"))?;
    }
    if against.is_empty() && beside.is_empty() { Ok(()) } else { writeln!(out) }
}

/// That a finding counts or does not, where that differs from what its severity says.
pub(super) fn excused(finding: &Finding) -> Option<String> {
    let differs = finding.ruling != Ruling::plain(finding.severity);
    differs.then(|| sentence::ruling(&finding.ruling))
}

/// A warning or a note: id, what was seen, and what to do.
fn brief(report: &Report, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let mut table = grid(&[2, report.style.width.saturating_sub(2).max(20)]);
    let check = finding.check;
    table.add_row([String::new(), format!("{} - {}: {}", check.id, check.title, text::evidence(&harmless(&finding.evidence.says)))]);
    if finding.severity == Severity::Warn && !check.fix.admin.is_empty() {
        table.add_row([String::new(), format!("-> {}", check.fix.admin)]);
    }
    for says in logged(report, check.id) {
        table.add_row([String::new(), format!("({says})")]);
    }
    if let Some(says) = excused(finding) {
        table.add_row([String::new(), format!("(it {says})")]);
    }
    for line in lines(&table) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Everything learned, layer by layer, and what was not judged.
fn everything(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let width = report.style.width;
    for layer in report.layers.iter().filter(|layer| !layer.learned.is_empty()) {
        writeln!(out, "{}", paint(layer.layer.title(), BOLD, report.style.colour))?;
        for (name, value) in &layer.learned {
            writeln!(out, "{}", text::hanging(&format!("  {name}: {value}"), width, 4))?;
        }
        writeln!(out)?;
    }
    if !report.judgement.blind.is_empty() {
        writeln!(out, "{}", paint("Not judged", BOLD, report.style.colour))?;
        for (layer, checks, why) in not_judged(report) {
            writeln!(out, "{}", cut(&format!("  {layer}: {checks} ({why})"), width))?;
        }
        writeln!(out)?;
    }
    let head = &report.transcript.head;
    let began = text::rfc3339_ms(head.began_unix_ms);
    let seed = if report.facts.tapped() { String::new() } else { format!(", seed {}", head.seed) };
    writeln!(out, "{}", text::hanging(&format!("Began {began}, took {}{seed}", report.facts.ended), width, 2))
}

/// The checks that could not look, a row a layer: how many, and why. JSON has their ids.
pub(super) fn not_judged(report: &Report) -> Vec<(&'static str, String, String)> {
    let layer_of = |id| crate::diag::by_id(id).map(|check| check.layer);
    let mut layers: Vec<_> = report.judgement.blind.iter().map(|row| layer_of(row.0)).collect();
    layers.sort_unstable();
    layers.dedup();
    let row = |layer: Option<Layer>| {
        let rows: Vec<_> = report.judgement.blind.iter().filter(|row| layer_of(row.0) == layer).collect();
        let mut reasons: Vec<_> = rows.iter().map(|row| row.1.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        (layer.map_or("Others", Layer::title), text::count(rows.len(), "check", "checks"), harmless(&list(reasons)))
    };
    layers.into_iter().map(row).collect()
}

/// A table without lines whose columns have these widths.
pub(super) fn grid(widths: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(widths.iter().sum::<usize>()).unwrap_or(u16::MAX));
    let fixed = |width: &usize| ColumnConstraint::Absolute(Width::Fixed(u16::try_from(*width).unwrap_or(u16::MAX)));
    table.add_row(widths.iter().map(|_| ""));
    table.set_constraints(widths.iter().map(fixed));
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, u16::from(index + 1 < widths.len())));
    }
    table
}

/// The lines of a table without the empty row that `grid` put there to make the columns.
pub(super) fn lines(table: &Table) -> impl Iterator<Item = String> {
    let text = table.to_string();
    text.lines().skip(1).map(|line| line.trim_end().to_string()).collect::<Vec<_>>().into_iter()
}

/// `text` in lines of at most `width` columns.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut table = grid(&[width]);
    table.add_row([text]);
    lines(&table).collect::<Vec<_>>().join("\n")
}

/// Colours the state of a ladder row, which stands at a fixed column.
fn paint_state(line: String, colour: bool) -> String {
    let states = [Standing::Ok, Standing::Warn, Standing::Fail, Standing::Interrupted];
    for standing in states.into_iter().filter(|_| colour) {
        let (symbol, word) = mark(standing);
        let state = format!("{symbol} {word}");
        if let Some((at, _)) = line.char_indices().nth(LAYER)
            && let Some(rest) = line.get(at..).and_then(|rest| rest.strip_prefix(&state))
        {
            return format!("{}{}{rest}", line.get(..at).unwrap_or_default(), paint(&state, tone(standing), true));
        }
    }
    line
}

fn tone(standing: Standing) -> &'static str {
    match standing {
        Standing::Ok => GREEN,
        Standing::Warn | Standing::Interrupted => YELLOW,
        Standing::Fail => RED,
        Standing::NotReached | Standing::NotSeen | Standing::NotTried => "",
    }
}

/// `text` in that tone of ECMA-48.
pub(super) fn paint(text: &str, tone: &str, colour: bool) -> String {
    if colour && !tone.is_empty() { format!("\x1b[{tone}m{text}\x1b[0m") } else { text.to_string() }
}

/// Columns of the layer's title and the space behind it.
const LAYER: usize = 16;
/// Columns of state and time and the space behind them.
const STATE: usize = 18;
/// Ours: with fewer columns for what was learned, it stands beneath.
const LEAST_ROOM: usize = 26;
/// Ours: more lines of a log that are about no finding only distract.
const BESIDE: usize = 6;
/// Columns of a label beneath a finding.
const LABEL: usize = 12;
/// ECMA-48 8.3.117: bold.
pub(super) const BOLD: &str = "1";
/// ECMA-48 8.3.117: bold red.
pub(super) const RED: &str = "1;31";
/// ECMA-48 8.3.117: green.
pub(super) const GREEN: &str = "32";
/// ECMA-48 8.3.117: yellow.
pub(super) const YELLOW: &str = "33";
