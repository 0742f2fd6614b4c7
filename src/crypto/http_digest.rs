//! The arithmetic of HTTP Digest authentication, RFC 7616 3.4.

use crate::base::hex;
use aws_lc_rs::digest::{SHA256, digest};
use md5::{Digest, Md5};

/// The hash, and whether the session form is used. RFC 7616 3.3 and 3.4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `MD5`, also meant where none is named.
    Md5,
    /// `MD5-sess`
    Md5Sess,
    /// `SHA-256`
    Sha256,
    /// `SHA-256-sess`
    Sha256Sess,
}

impl Algorithm {
    /// By its name in a challenge.
    pub fn from_name(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name))
    }

    /// Its name in a challenge.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Md5Sess => "MD5-sess",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha256Sess => "SHA-256-sess",
        }
    }

    /// Its hash is SHA-256.
    pub fn strong(self) -> bool {
        matches!(self, Algorithm::Sha256 | Algorithm::Sha256Sess)
    }

    const ALL: [Algorithm; 4] = [Algorithm::Md5, Algorithm::Md5Sess, Algorithm::Sha256, Algorithm::Sha256Sess];

    /// `H()` of RFC 7616 3.4, lower-case hexadecimal.
    pub fn hash(self, text: &str) -> String {
        match self.strong() {
            true => hex(digest(&SHA256, text.as_bytes()).as_ref()),
            false => hex(&Md5::digest(text)),
        }
    }
}

/// What goes into a response besides the password.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The hash.
    pub algorithm: Algorithm,
    /// User name.
    pub user: &'a str,
    /// Realm of the challenge.
    pub realm: &'a str,
    /// Nonce of the challenge.
    pub nonce: &'a str,
    /// The client's nonce and how often the server's was used, where `qop=auth` was offered; RFC 2069's form without.
    pub auth: Option<(&'a str, u32)>,
    /// Method of the request.
    pub method: &'a str,
    /// What stands in its request line.
    pub uri: &'a str,
}

impl Asked<'_> {
    /// The value of `response`. RFC 7616 3.4.1.
    pub fn response(&self, password: &str) -> String {
        let h = |text: &str| self.algorithm.hash(text);
        let Asked { user, realm, nonce, method, uri, .. } = self;
        let plain = zeroize::Zeroizing::new(format!("{user}:{realm}:{password}"));
        let mut secret = zeroize::Zeroizing::new(h(&plain));
        if let (Algorithm::Md5Sess | Algorithm::Sha256Sess, Some((cnonce, _))) = (self.algorithm, self.auth) {
            secret = zeroize::Zeroizing::new(h(&format!("{}:{nonce}:{cnonce}", *secret)));
        }
        let request = h(&format!("{method}:{uri}"));
        let all = zeroize::Zeroizing::new(match self.auth {
            Some((cnonce, count)) => format!("{}:{nonce}:{count:08x}:{cnonce}:auth:{request}", *secret),
            None => format!("{}:{nonce}:{request}", *secret),
        });
        h(&all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mufasa(algorithm: Algorithm) -> Asked<'static> {
        Asked {
            algorithm,
            user: "Mufasa",
            realm: "http-auth@example.org",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            auth: Some(("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1)),
            method: "GET",
            uri: "/dir/index.html",
        }
    }

    #[test]
    fn the_examples_of_rfc_7616_3_9_1() {
        assert_eq!(mufasa(Algorithm::Md5).response("Circle of Life"), "8ca523f5e9506fed4657c9700eebdbec");
        let sha = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert_eq!(mufasa(Algorithm::Sha256).response("Circle of Life"), sha);
        assert_ne!(mufasa(Algorithm::Sha256Sess).response("Circle of Life"), sha);
    }

    #[test]
    fn the_old_form_is_that_of_rfc_2069_as_corrected() {
        let asked = Asked {
            algorithm: Algorithm::Md5,
            user: "Mufasa",
            realm: "testrealm@host.com",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            auth: None,
            method: "GET",
            uri: "/dir/index.html",
        };
        assert_eq!(asked.response("Circle Of Life"), "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(Algorithm::from_name("sha-256-SESS"), Some(Algorithm::Sha256Sess));
        assert_eq!(Algorithm::from_name("SHA-512-256"), None);
    }
}
