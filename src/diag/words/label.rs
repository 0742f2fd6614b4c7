//! The words in front of a number that say which family it belongs to.

use crate::diag::codes::{Code, Family};

/// Which rows a number may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Any of these families; none: any family.
    families: &'static [Family],
    /// The rows whose name begins with one of these, as events of a source do.
    named: &'static [&'static str],
    /// The more special label of several in front of one number wins.
    rank: u8,
}

impl Label {
    /// The row may be meant.
    pub fn allows(&self, code: &Code) -> bool {
        let starts = |name: &&str| code.name.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        self.families.contains(&code.family) || self.named.iter().any(starts)
    }

    /// The more special of two.
    pub fn or(self, other: Option<Label>) -> Label {
        other.filter(|other| other.rank > self.rank).unwrap_or(self)
    }

    /// What it allows, in words.
    pub fn says(&self) -> String {
        let families = self.families.iter().map(|family| family.name());
        let mut words: Vec<&str> = families.chain(self.named.iter().map(|name| name.trim_end())).collect();
        words.dedup();
        words.join(" or ")
    }
}

/// The label that a word is, if it is one. `before_equals`: an equals sign follows the word.
pub fn of(word: &str, before_equals: bool) -> Option<Label> {
    let word = word.to_lowercase();
    if word == "e" {
        return before_equals.then_some(Label { families: &[Family::MsChap], named: &[], rank: 3 });
    }
    let row = LABELS.iter().find(|row| row.0.contains(&word.as_str()))?;
    Some(Label { families: row.1, named: row.2, rank: row.3 })
}

/// The word may stand between a label and its number, and says nothing by itself.
pub fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word.to_lowercase().as_str())
}

/// Words, families, beginnings of names, rank. Words for "error" in the languages of Windows are understood too.
type Row = (&'static [&'static str], &'static [Family], &'static [&'static str], u8);

const ERRORS: &[Family] = &[Family::Ras, Family::Win32, Family::Winsock, Family::WinHttp];

#[rustfmt::skip]
const LABELS: &[Row] = &[
    (&["error", "err", "errors", "fehler", "erreur", "errore", "erro", "fout", "fel", "fejl", "feil", "virhe", "błąd", "chyba", "hiba", "hata", "ошибка", "помилка", "エラー", "错误", "錯誤", "오류", "code", "codes", "fehlercode", "ursachencode", "código", "codice", "код", "error-code", "exit-code", "errorcode", "códigos"], ERRORS, &[], 1),
    (&["ras", "rasdial", "vpn", "raserror"], &[Family::Ras], &[], 2),
    (&["win32", "windows", "system", "winerror"], &[Family::Win32, Family::Winsock, Family::WinHttp], &[], 2),
    (&["winsock", "wsa", "socket"], &[Family::Winsock], &[], 2),
    (&["winhttp", "wininet"], &[Family::WinHttp], &[], 2),
    (&["http"], &[Family::HttpStatus], &[], 3),
    (&["alert", "alertdesc"], &[Family::TlsAlert], &[], 3),
    (&["verify", "x509", "openssl"], &[Family::OpenSsl], &[], 3),
    (&["status", "status-code", "statuscode"], &[Family::SstpStatus, Family::HttpStatus], &[], 2),
    (&["sstp"], &[Family::SstpStatus], &["RasSstp "], 3),
    (&["mschap", "ms-chap", "mschapv2", "ms-chapv2", "chap"], &[Family::MsChap], &[], 3),
    (&["reason", "reasoncode", "reason-code", "grund"], &[Family::NpsReason], &[], 2),
    (&["nps", "ias", "radius"], &[Family::NpsReason], &["NPS "], 3),
    (&["event", "eventid", "event-id", "events", "ereignis", "ereignis-id", "événement", "evento", "событие"], &[Family::Event], &[], 2),
    (&["rassstp", "microsoft-windows-rassstp"], &[], &["RasSstp "], 4),
    // Who reads such an event aloud gives its source and the error in it as often as its id.
    (&["rasclient", "microsoft-windows-rasclient"], &[Family::Ras], &["RasClient "], 4),
    (&["remoteaccess"], &[Family::Ras], &["RemoteAccess "], 4),
    (&["schannel"], &[], &["Schannel "], 4),
    (&["security"], &[], &["Security "], 4),
];

const FILLERS: &[&str] = &[
    "is",
    "was",
    "of",
    "the",
    "on",
    "a",
    "no",
    "nr",
    "num",
    "number",
    "id",
    "value",
    "failure",
    "fail",
    "failed",
    "return",
    "returned",
    "reason",
    "generated",
    "received",
    "following",
    "fatal",
    "handshake",
    "tls",
    "protocol",
    "defined",
    "with",
    "1.0",
    "1.1",
    "attribute",
    "layer",
    "info",
    "termination",
    "nummer",
    "ist",
    "lautet",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::codes;

    #[test]
    fn the_more_special_label_wins() {
        let error = of("Error", false).expect("a label");
        let verify = of("verify", false).expect("a label");
        assert_eq!(error.or(Some(verify)), verify);
        assert_eq!(verify.or(Some(error)), verify);
        assert_eq!(of("E", false), None);
        assert!(of("E", true).is_some() && of("EventID", false).is_some());
    }

    #[test]
    fn a_source_allows_its_events_only() {
        let source = of("RasSstp", false).expect("a label");
        let allowed: Vec<_> = codes::by_number(6).filter(|code| source.allows(code)).map(|code| code.name).collect();
        assert_eq!(allowed, ["RasSstp event 6"]);
        assert_eq!(of("nps", false).expect("a label").says(), "NPS reason or NPS");
    }
}
