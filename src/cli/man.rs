//! `man`: the manual page, made from the arguments. `docs/sstp-diag.1` is its output; a test compares them.

use super::args::{Cli, EXAMPLES};
use super::exit::{Exit, Trouble};
use super::output::print;
use clap::CommandFactory;
use clap_mangen::Man;
use std::io;

/// Prints the page.
pub fn run() -> Result<Exit, Trouble> {
    print(page()?.as_bytes())?;
    Ok(Exit::Works)
}

fn page() -> io::Result<String> {
    let command = Cli::command().after_help(None::<&str>);
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        text += &section(sub)?;
    }
    text += ENVIRONMENT;
    text += EXIT_STATUS;
    text += &examples();
    Ok(format!("{PREAMBLE}{}", text.replace(PREAMBLE, "")))
}

/// One subcommand: its line as a heading, what it does, its options.
fn section(sub: &clap::Command) -> io::Result<String> {
    let name = sub.get_name().to_string();
    let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page = Vec::new();
    let man = Man::new(sub.clone().bin_name(format!("sstp-diag {name}")).after_help(None::<&str>).disable_help_flag(true));
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let body = String::from_utf8_lossy(&page).replace(".SH SYNOPSIS\n", ".PP\n").replace(".SH OPTIONS\n", "").replace(".SH ", ".SS ");
    let body: String = body.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    Ok(format!(".SH {}\n{about}.\n{body}", name.to_uppercase()))
}

fn examples() -> String {
    let lines = EXAMPLES.lines().skip(1).take_while(|line| !line.is_empty());
    let lines: Vec<_> = lines.map(|line| line.trim_start().replace('\\', "\\\\").replace('-', "\\-")).collect();
    format!(".SH EXAMPLES\n.nf\n{}\n.fi\n", lines.join("\n"))
}

/// What roff puts in front of every part; once is enough.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

const ENVIRONMENT: &str = r".SH ENVIRONMENT
.TP
SSTP_DIAG_PASSWORD
The password for \-\-user, unless \-\-password\-file or \-\-password\-env says otherwise.
.TP
SSTP_DIAG_PROXY_PASSWORD
The password of the user in the proxy's URL.
.TP
HTTPS_PROXY, https_proxy, ALL_PROXY, all_proxy, NO_PROXY, no_proxy
The proxy to go through, and the servers that are reached without it.
.TP
SSLKEYLOGFILE
A file to which \fBprobe\fR writes the TLS session keys, and from which \fBdecode\fR and \fBdiagnose\fR read them when there is
no \-\-keylog.
.TP
NO_COLOR
Set and not empty: no colours.
";

const EXIT_STATUS: &str = r".SH EXIT STATUS
.TP
0
All that was asked for works.
.TP
1
There is a finding of severity fail.
.TP
2
The arguments make no sense.
.TP
3
It could not be run: the trouble is on our side.
.TP
4
A capture or a saved transcript is damaged; what could be read of it was shown, and no failing finding stands in it.
.TP
130
It was interrupted; what is known was printed.
";
