//! Where a password comes from: a file, an environment variable, or a prompt without echo; never an argument.

use super::args::LoginArgs;
use super::exit::Trouble;
use super::proxy::not_empty;
use crate::base::Secret;
use crate::proto::plan::Credentials;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use zeroize::Zeroize;

/// The environment variable that is looked at unasked.
pub const VARIABLE: &str = "SSTP_DIAG_PASSWORD";
/// The environment variable with the password for the proxy.
pub const PROXY_VARIABLE: &str = "SSTP_DIAG_PROXY_PASSWORD";

/// User and password, when a user is given.
pub fn credentials(login: &LoginArgs) -> Result<Option<Credentials>, Trouble> {
    let Some(user) = login.user.clone() else { return Ok(None) };
    if user.is_empty() {
        return Err(Trouble::Usage("--user is empty".into()));
    }
    let password = match (&login.password_file, &login.password_env) {
        (Some(file), _) => first_line(file)?,
        (None, Some(name)) => variable(name).ok_or_else(|| Trouble::Usage(format!("the environment variable {name} is not set")))?,
        (None, None) => match variable(VARIABLE) {
            Some(password) => password,
            None => asked(&user, "--password-file, or the environment variable SSTP_DIAG_PASSWORD,")?,
        },
    };
    Ok(Some(Credentials { user, password }))
}

/// The proxy's password, when one is given apart from the URL, or must be (`missing`).
pub fn of_proxy(file: Option<&Path>, user: &str, missing: bool) -> Result<Option<Secret<String>>, Trouble> {
    match (file, variable(PROXY_VARIABLE).and_then(not_empty)) {
        (Some(file), _) => first_line(file).map(Some),
        (None, Some(password)) => Ok(Some(password)),
        (None, None) if missing => {
            let who = format!("{user} at the proxy");
            asked(&who, "--proxy-password-file, or the environment variable SSTP_DIAG_PROXY_PASSWORD,").map(Some)
        }
        (None, None) => Ok(None),
    }
}

fn variable(name: &str) -> Option<Secret<String>> {
    std::env::var(name).ok().map(Secret::new)
}

fn asked(who: &str, instead: &str) -> Result<Secret<String>, Trouble> {
    if !io::stdin().is_terminal() {
        return Err(Trouble::Usage(format!("a password for {who} is needed: {instead} gives it where there is no terminal to ask on")));
    }
    let password = rpassword::prompt_password(format!("Password of {who}: "));
    password.map(Secret::new).map_err(|error| Trouble::Ours(format!("cannot read the password: {error}")))
}

/// The first line of a file without its end; `-` is standard input.
fn first_line(path: &Path) -> Result<Secret<String>, Trouble> {
    let trouble = |error: &io::Error| Trouble::file("read the password file", path, error);
    let mut line = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_until(b'\n', &mut line)
    } else {
        std::fs::File::open(path).and_then(|file| io::BufReader::new(file).read_until(b'\n', &mut line))
    };
    read.map_err(|error| trouble(&error))?;
    let end = line.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    line.truncate(end);
    String::from_utf8(line).map(Secret::new).map_err(|error| {
        error.into_bytes().zeroize();
        Trouble::Usage(format!("the password in {} is not UTF-8", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_the_file_is_the_password() {
        let path = std::env::temp_dir().join(format!("sstp-diag-password-{}", std::process::id()));
        for (content, password) in [("pass word \r\nmore\n", "pass word "), ("x", "x"), ("", "")] {
            std::fs::write(&path, content).expect("a temporary file");
            assert_eq!(first_line(&path).expect("readable").expose(), password);
        }
        std::fs::write(&path, [0xff, b'\n']).expect("a temporary file");
        assert_eq!(first_line(&path).expect_err("not UTF-8").exit(), super::super::Exit::Usage);
        std::fs::remove_file(&path).expect("it was there");
        assert_eq!(first_line(&path).expect_err("gone").exit(), super::super::Exit::CouldNotRun);
    }
}
