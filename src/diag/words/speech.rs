//! In which language a text is, as far as that can be told by a few words: only English sentences are known.

/// The language of the words, in lower case, when it is not English.
pub fn foreign(words: &[String]) -> Option<&'static str> {
    let hits = |telling: &[&str]| words.iter().take(LOOKED_AT).filter(|word| telling.contains(&word.as_str())).count();
    let english = hits(ENGLISH);
    let best = LANGUAGES.iter().map(|row| (hits(row.1), row.0)).max_by_key(|row| row.0);
    let by_words = best.filter(|row| row.0 >= ENOUGH && row.0 > english).map(|row| row.1);
    by_words.or_else(|| by_letters(words))
}

/// Letters that no other of these languages has.
fn by_letters(words: &[String]) -> Option<&'static str> {
    let letters = || words.iter().take(LOOKED_AT).flat_map(|word| word.chars());
    let any = |from: char, to: char| letters().filter(|c| (from..=to).contains(c)).count() >= ENOUGH;
    let tests = [
        (any('\u{3040}', '\u{30FF}'), "Japanese"),
        (any('\u{AC00}', '\u{D7A3}'), "Korean"),
        (any('\u{4E00}', '\u{9FFF}'), "Chinese"),
        (any('\u{0400}', '\u{04FF}'), "Russian or a relative of it"),
        (any('\u{0590}', '\u{05FF}'), "Hebrew"),
        (any('\u{0600}', '\u{06FF}'), "Arabic"),
        (any('\u{0370}', '\u{03FF}'), "Greek"),
    ];
    tests.into_iter().find(|test| test.0).map(|test| test.1)
}

const ENGLISH: &[&str] = &["the", "is", "was", "and", "not", "of", "to", "with", "connection", "error", "failed", "be", "could"];

/// Languages of Windows, with words that are frequent in its error messages and rare in those of the others.
#[rustfmt::skip]
const LANGUAGES: &[(&str, &[&str])] = &[
    ("German", &["der", "die", "das", "und", "nicht", "wurde", "werden", "konnte", "kann", "ist", "eine", "mit", "verbindung", "remoteverbindung", "netzwerkverbindung", "vpn-verbindung", "kennwort", "benutzername", "zertifikat", "fehler"]),
    ("French", &["le", "les", "des", "est", "été", "pas", "une", "du", "connexion", "distance", "distant", "impossible", "serveur", "erreur", "refusée", "mot", "utilisateur", "certificat", "établir"]),
    ("Spanish", &["el", "los", "del", "se", "ha", "pudo", "puede", "una", "por", "conexión", "servidor", "remoto", "remota", "contraseña", "usuario", "certificado", "establecer", "denegó"]),
    ("Italian", &["il", "di", "della", "stata", "è", "non", "una", "connessione", "impossibile", "errore", "utente", "certificato", "stabilire"]),
    ("Portuguese", &["não", "foi", "uma", "do", "da", "conexão", "ligação", "servidor", "erro", "senha", "usuário", "estabelecer"]),
    ("Dutch", &["de", "het", "een", "niet", "kan", "kon", "verbinding", "wachtwoord", "gebruikersnaam", "fout", "worden", "externe"]),
    ("Polish", &["nie", "jest", "połączenie", "połączenia", "zdalne", "błąd", "serwer", "hasło", "użytkownika", "można", "zostało"]),
];

/// Ours: so many words tell.
const ENOUGH: usize = 2;
/// Ours: the beginning of a text is in the language of the rest.
const LOOKED_AT: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_of_windows_are_told_apart() {
        let rows = [
            ("Die Remoteverbindung wurde verweigert", Some("German")),
            ("La connexion à distance n'a pas été établie", Some("French")),
            ("No se pudo establecer la conexión con el servidor", Some("Spanish")),
            ("Connessione non riuscita, impossibile contattare il server", Some("Italian")),
            ("A conexão não foi concluída", Some("Portuguese")),
            ("Kan geen verbinding maken met het netwerk", Some("Dutch")),
            ("Połączenie zdalne nie zostało nawiązane", Some("Polish")),
            ("Удаленное подключение не установлено", Some("Russian or a relative of it")),
            ("リモート接続は拒否されました", Some("Japanese")),
            ("The remote connection was denied and the die is cast", None),
            ("everything is broken", None),
            ("691", None),
        ];
        for (text, language) in rows {
            let words: Vec<String> = super::super::token::words(text).iter().map(|word| word.text.to_lowercase()).collect();
            assert_eq!(foreign(&words), language, "{text}");
        }
    }
}
