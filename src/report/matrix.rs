//! The server's stand on every authentication method, and what a Windows profile would have to be set to for each.

use super::document::quiet;
use super::model::Report;
use super::table::{bold, grid, lines, wrapped};
use super::text::harmless;
use crate::transcript::{MatrixRow, Stand};
use crate::wire::ncp::AuthMethod;
use serde_json::{Value, json};
use std::io::{self, Write};

/// How Windows is set to a method.
struct Windows {
    /// The method's name in arguments.
    method: &'static str,
    /// Its name for a person.
    title: &'static str,
    /// What to choose in the dialogue, page Security; empty: Windows has no such method for a VPN.
    dialogue: &'static str,
    /// What to say to PowerShell.
    powershell: &'static str,
}

/// The words are those of the dialogue in English and of the cmdlet Add-VpnConnection.
const WINDOWS: [Windows; 7] = [
    Windows {
        method: "mschapv2",
        title: "MS-CHAPv2",
        dialogue: "Allow these protocols: Microsoft CHAP Version 2 (MS-CHAP v2)",
        powershell: "-AuthenticationMethod MSChapv2",
    },
    Windows {
        method: "eap-mschapv2",
        title: "EAP-MSCHAPv2",
        dialogue: "Use EAP: Microsoft: Secured password (EAP-MSCHAP v2)",
        powershell: "-AuthenticationMethod Eap",
    },
    Windows {
        method: "peap",
        title: "PEAP",
        dialogue: "Use EAP: Microsoft: Protected EAP (PEAP)",
        powershell: "-AuthenticationMethod Eap -EapConfigXmlStream (New-EapConfiguration -Peap).EapConfigXmlStream",
    },
    Windows {
        method: "eap-tls",
        title: "EAP-TLS",
        dialogue: "Use EAP: Microsoft: Smart Card or other certificate",
        powershell: "-AuthenticationMethod Eap -EapConfigXmlStream (New-EapConfiguration -Tls).EapConfigXmlStream",
    },
    Windows {
        method: "chap-md5",
        title: "CHAP-MD5",
        dialogue: "Allow these protocols: Challenge Handshake Authentication Protocol (CHAP)",
        powershell: "-AuthenticationMethod Chap",
    },
    Windows { method: EAP_MD5, title: "EAP-MD5", dialogue: "", powershell: "" },
    Windows {
        method: "pap",
        title: "PAP",
        dialogue: "Allow these protocols: Unencrypted password (PAP)",
        powershell: "-AuthenticationMethod Pap",
    },
];

fn windows_of(method: &str) -> Option<&'static Windows> {
    WINDOWS.iter().find(|windows| windows.method == method)
}

/// The matrix for a person; nothing where it was not asked for.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (rows, style) = (&report.facts.matrix, &report.style);
    if rows.is_empty() {
        return Ok(());
    }
    let width = style.width.max(LEAST);
    let mut asked = grid(&[2, TITLE, STAND, width - 2 - TITLE - STAND]);
    for MatrixRow { method, stand, says } in rows.iter().map(|seen| &seen.it) {
        let title = windows_of(method).map_or(method.as_str(), |windows| windows.title);
        asked.add_row(["", title, stand.name(), harmless(says).as_str()]);
    }
    let mut profile = grid(&[2, TITLE, width - 2 - TITLE]);
    let usable = rows.iter().filter(|seen| seen.it.stand.is_taken()).filter_map(|seen| windows_of(&seen.it.method));
    let settings: Vec<&Windows> = usable.filter(|windows| !windows.dialogue.is_empty()).collect();
    for windows in &settings {
        profile.add_row(["", windows.title, windows.dialogue]);
        profile.add_row(["", "", windows.powershell]);
    }
    writeln!(out, "{}", bold("Authentication methods", style.colour))?;
    lines(&asked).try_for_each(|line| writeln!(out, "{line}"))?;
    if settings.is_empty() {
        return writeln!(
            out,
            "\n{}\n",
            wrapped(&format!("No setting of a Windows profile is known to get through{}.", why_none(report)), width)
        );
    }
    writeln!(out, "\n{}", bold("A Windows profile gets through with", style.colour))?;
    lines(&profile).try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(out)
}

/// Where it is known, why no setting of Windows gets through.
fn why_none(report: &Report) -> &'static str {
    let facts = &report.facts;
    let heard = facts.matrix.iter().any(|seen| !matches!(seen.it.stand, Stand::Unknown | Stand::NotAsked));
    let md5 = facts.matrix.iter().any(|seen| seen.it.method == EAP_MD5 && seen.it.stand.is_taken());
    match facts.methods.iter().any(|seen| seen.it == (AuthMethod::MsChapV1, true)) {
        _ if !heard => ", since the server tells nothing of its methods",
        _ if md5 => ": the server takes EAP-MD5, which Windows has no longer had for a VPN since Vista, and nothing else",
        true => ": the server asks for MS-CHAPv1, which Windows has no longer had since Vista",
        false => "",
    }
}

/// The matrix for a program; nothing where it was not asked for.
pub(super) fn json(report: &Report) -> Option<Value> {
    let rows: Vec<Value> = report.facts.matrix.iter().map(|seen| row(&seen.it)).collect();
    (!rows.is_empty()).then(|| rows.into())
}

/// One row.
pub(super) fn row(row: &MatrixRow) -> Value {
    let set = windows_of(&row.method).filter(|windows| !windows.dialogue.is_empty());
    json!({
        "method": row.method,
        "state": row.stand.name(),
        "says": quiet(&harmless(&row.says)),
        "windows_dialogue": set.map(|windows| windows.dialogue),
        "windows_powershell": set.map(|windows| windows.powershell),
    })
}

/// The method's name in arguments; Windows has no setting for it.
const EAP_MD5: &str = "eap-md5";
/// Columns of a method's title.
const TITLE: usize = 14;
/// Columns of the server's stand.
const STAND: usize = 10;
/// Ours: with fewer columns the table is cut by the terminal.
const LEAST: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::plan::Method;

    #[test]
    fn every_method_has_its_row() {
        let methods: Vec<&str> = Method::ALL.iter().map(|row| row.1).collect();
        assert_eq!(WINDOWS.map(|windows| windows.method).to_vec(), methods);
    }
}
