//! Where a password comes from: a file, an environment variable, or a prompt without echo; never an argument.

use super::args::{AccountArgs, LoginArgs};
use super::eap;
use super::exit::Trouble;
use super::prompt;
use super::proxy::not_empty;
use crate::base::{Secret, unhex};
use crate::proto::auth::Identity;
use crate::proto::plan::Credentials;
use crate::proto::plan::Method;
use crate::report::text::harmless;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

/// The environment variable that is looked at unasked.
pub const VARIABLE: &str = "SSTP_DIAG_PASSWORD";
/// The environment variable with the password for the proxy.
pub const PROXY_VARIABLE: &str = "SSTP_DIAG_PROXY_PASSWORD";

/// User and password, when a user is given.
pub fn credentials(login: &LoginArgs, certificate: Option<&Identity>) -> Result<Option<Credentials>, Trouble> {
    if login.auth_matrix {
        return Ok(None);
    }
    if let Some(identity) = certificate.filter(|_| !wants_password(login)) {
        return Ok(Some(by_certificate(login, identity)?));
    }
    let Some(Credentials { user, password }) = given(&login.account)? else {
        return Ok(None);
    };
    let long = |text: &str| text.len() > PAP_LONGEST;
    if login.auth.contains(&Method::Pap) && (long(&user) || long(password.expose())) {
        return Err(Trouble::Usage(format!("PAP carries a user and a password of at most {PAP_LONGEST} bytes each")));
    }
    Ok(Some(Credentials { user, password }))
}

/// A method that was asked for by name takes a password.
fn wants_password(login: &LoginArgs) -> bool {
    login.account.password_file.is_some()
        || login.account.password_env.is_some()
        || login.auth.iter().any(|method| *method != Method::EapTls)
}

/// A name and no password.
fn by_certificate(login: &LoginArgs, identity: &Identity) -> Result<Credentials, Trouble> {
    let user = login.account.user.clone().or_else(|| eap::name_of(identity)).filter(|user| !user.is_empty());
    let user = user.ok_or_else(|| Trouble::Usage("the certificate of --cert names nobody; give the name with --user".into()))?;
    Ok(Credentials { user, password: Secret::new(String::new()) })
}

/// User and password, from where the arguments say.
pub fn given(account: &AccountArgs) -> Result<Option<Credentials>, Trouble> {
    let Some(user) = account.user.clone() else { return Ok(None) };
    if user.is_empty() {
        return Err(Trouble::Usage("--user is empty".into()));
    }
    let password = match (account.password_file.as_deref(), &account.password_env) {
        (Some(file), _) => first_line(file)?,
        (None, Some(name)) => variable(name).ok_or_else(|| Trouble::Usage(format!("the environment variable {name} is not set")))?,
        (None, None) => match variable(VARIABLE) {
            Some(password) => password,
            None => asked(&user, "--password-file, or the environment variable SSTP_DIAG_PASSWORD,")?,
        },
    };
    Ok(Some(Credentials { user, password: filled(password, "the password is empty")? }))
}

/// The NT hash in the first line of a file.
pub fn nt_hash(file: &Path) -> Result<Secret<[u8; 16]>, Trouble> {
    let line = first_line(file)?;
    let bytes = unhex(line.expose().trim()).map(Secret::new);
    let hash: Option<[u8; 16]> = bytes.as_ref().and_then(|bytes| bytes.expose().as_slice().try_into().ok());
    hash.map(Secret::new).ok_or_else(|| Trouble::Usage(format!("{} does not hold an NT hash, 32 hexadecimal digits", file.display())))
}

/// The password, unless it is empty: a server counts an empty one as a wrong one.
fn filled(password: Secret<String>, says: &str) -> Result<Secret<String>, Trouble> {
    match not_empty(password) {
        Some(password) => Ok(password),
        None => Err(Trouble::Usage(format!("{says}; an empty password is not sent, because it counts towards a lockout of the account"))),
    }
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
    filled(prompt::ask(&format!("Password of {}: ", harmless(who)))?, "the password is empty")
}

/// The first line of a file without its end and without a byte order mark; `-` is standard input.
pub fn first_line(path: &Path) -> Result<Secret<String>, Trouble> {
    let line = secret_line(path, "password")?;
    filled(line, &format!("the first line of the password file {} is empty", path.display()))
}

/// The same of a file that holds a secret of that kind, which may be empty.
pub fn secret_line(path: &Path, kind: &str) -> Result<Secret<String>, Trouble> {
    let read = if path == Path::new("-") {
        line_of(io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(|file| line_of(io::BufReader::new(file)))
    };
    let line = read
        .map_err(|error| Trouble::file(if kind == "password" { "read the password file" } else { "read the token file" }, path, &error))?;
    if line.expose().len() > LONGEST {
        return Err(Trouble::Ours(format!("cannot use the {kind} file {}: its first line is longer than {LONGEST} bytes", path.display())));
    }
    let text = line.expose().strip_prefix(BYTE_ORDER_MARK).unwrap_or(line.expose());
    let end = text.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    let text = std::str::from_utf8(text.get(..end).unwrap_or_default())
        .map_err(|_| Trouble::Usage(format!("the {kind} in {} is not UTF-8", path.display())))?;
    Ok(Secret::new(text.to_string()))
}

/// A line, and no more than a byte beyond what a password may have.
fn line_of(file: impl BufRead) -> io::Result<Secret<Vec<u8>>> {
    let mut line = Vec::with_capacity(LONGEST + 1);
    let read = file.take(LONGEST as u64 + 1).read_until(b'\n', &mut line);
    let line = Secret::new(line);
    read.map(|_| line)
}

/// Ours: a longer line is no password but the wrong file.
const LONGEST: usize = 4096;
/// RFC 1334 2.2.1: Peer-ID and password have a length of one byte.
const PAP_LONGEST: usize = 255;
/// RFC 3629 6: what some editors write at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_the_file_is_the_password() {
        let path = std::env::temp_dir().join(format!("sstp-diag-password-{}", std::process::id()));
        for (content, password) in [("pass word \r\nmore\n", "pass word "), ("x", "x"), ("\u{feff}y\n", "y")] {
            std::fs::write(&path, content).expect("a temporary file");
            assert_eq!(first_line(&path).expect("readable").expose(), password);
        }
        for empty in ["", "\n", "\u{feff}\r\n", "\nsecond"] {
            std::fs::write(&path, empty).expect("a temporary file");
            assert_eq!(first_line(&path).expect_err("empty").exit(), super::super::Exit::Usage);
        }
        std::fs::write(&path, "x".repeat(LONGEST + 1)).expect("a temporary file");
        assert_eq!(first_line(&path).expect_err("too long").exit(), super::super::Exit::CouldNotRun);
        std::fs::write(&path, [0xff, b'\n']).expect("a temporary file");
        assert_eq!(first_line(&path).expect_err("not UTF-8").exit(), super::super::Exit::Usage);
        std::fs::remove_file(&path).expect("it was there");
        assert_eq!(first_line(&path).expect_err("gone").exit(), super::super::Exit::CouldNotRun);
    }
}
