//! What EAP methods with TLS need from the command line: a client certificate and its key, roots, names.

use super::args::{EapTlsVersion, LoginArgs};
use super::exit::Trouble;
use crate::base::Secret;
use crate::base::{base64, unbase64};
use crate::live::trust::Trust;
use crate::proto::auth::{self, EapClient, Identity, Roots, Versions};
use crate::wire::cert::{Cert, private_key_title};
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroize;

/// Everything that the arguments say; the time is not known here.
pub fn client(login: &LoginArgs) -> Result<EapClient, Trouble> {
    let roots = login.eap_ca.as_deref().map(Trust::file_only).transpose()?;
    Ok(EapClient {
        identity: login.cert.as_deref().map(|cert| identity(cert, login.key.as_deref())).transpose()?,
        anonymous: login.anonymous_identity.clone(),
        trust: roots.map(|roots| Arc::new(roots) as Arc<dyn Roots>),
        server_name: login.eap_server_name.clone(),
        versions: match login.eap_tls_version {
            None => Versions::Both,
            Some(EapTlsVersion::Tls12) => Versions::Tls12,
            Some(EapTlsVersion::Tls13) => Versions::Tls13,
        },
        ..EapClient::default()
    })
}

/// The name to give in EAP-TLS when there is no `--user`: what the certificate calls its owner.
pub fn name_of(identity: &Identity) -> Option<String> {
    let leaf = Cert::parse(identity.chain.first()?).ok()?;
    leaf.common_name.or_else(|| leaf.dns_names.first().cloned()).filter(|name| !name.is_empty())
}

/// A certificate and its key as one PEM file.
pub fn pem(identity: &Identity) -> Secret<String> {
    let section = |label: &str, der: &[u8]| format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", lines(der));
    let certs: String = identity.chain.iter().map(|der| section("CERTIFICATE", der)).collect();
    Secret::new(certs + &section("PRIVATE KEY", identity.key.expose()))
}

/// RFC 7468 2: Base64 in lines of 64 characters.
fn lines(der: &[u8]) -> String {
    let digits = base64(der);
    digits.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect()
}

/// The certificate in a file and its key.
pub fn identity(cert: &Path, key: Option<&Path>) -> Result<Identity, Trouble> {
    let bytes = read("--cert", cert)?;
    let chain = certificates("--cert", cert, bytes.expose())?;
    let key_file = key.unwrap_or(cert);
    let key = match key {
        Some(path) => private_key(path, read("--key", path)?.expose())?,
        None => private_key(cert, bytes.expose())?,
    };
    let identity = Identity { chain, key };
    auth::usable(&identity).map_err(|error| {
        let says = match error {
            rustls::Error::InconsistentKeys(_) => {
                format!("the key in {} does not belong to the certificate in {}", key_file.display(), cert.display())
            }
            other => match private_key_title(identity.key.expose()) {
                Some(kind) => not_taken(key_file, &kind),
                None => format!("the key in {} cannot be used: {other}", key_file.display()),
            },
        };
        Trouble::Usage(says)
    })?;
    Ok(identity)
}

/// That TLS here does not sign with such a key, and with which it does.
fn not_taken(file: &Path, kind: &str) -> String {
    format!("--key: {} holds a key of the kind {kind}, which is not taken here; what is taken: {TAKEN}", file.display())
}

/// The certificates in a file of roots, DER.
pub fn roots(path: &Path) -> Result<Vec<Vec<u8>>, Trouble> {
    certificates("--eap-ca", path, read("--eap-ca", path)?.expose())
}

fn certificates(option: &str, path: &Path, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Trouble> {
    let wrong = |says: &str| Trouble::Usage(format!("{option}: {} {says}", path.display()));
    let pem: Vec<_> = CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok).map(|der| der.to_vec()).collect();
    let chain = match is_pem(bytes) {
        true => pem,
        false => vec![bytes.to_vec()],
    };
    match chain.first().map(|leaf| Cert::parse(leaf)) {
        None if has(bytes, SectionKind::Csr) => Err(wrong("holds a request for a certificate, not the certificate")),
        None => Err(wrong("holds no certificate")),
        Some(Ok(_)) => Ok(chain),
        Some(Err(_)) if is_pkcs12(bytes) => Err(wrong(PKCS12)),
        Some(Err(error)) if is_pem(bytes) => Err(wrong(&format!("holds a certificate that cannot be read: {error}"))),
        Some(Err(_)) => Err(wrong("is neither PEM nor a certificate in DER")),
    }
}

fn private_key(path: &Path, bytes: &[u8]) -> Result<Secret<Vec<u8>>, Trouble> {
    let wrong = |says: &str| Trouble::Usage(format!("--key: {} {says}", path.display()));
    let text = String::from_utf8_lossy(bytes);
    // RFC 5958 (PKCS#8) and RFC 1421 4.6.1.1 say in the file that a key is encrypted.
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(wrong("is encrypted; write one that is not: openssl pkey -in FILE -out NEW, and delete it afterwards"));
    }
    if let Ok(key) = PrivateKeyDer::from_pem_slice(bytes) {
        return Ok(Secret::new(key.secret_der().to_vec()));
    }
    if is_pkcs12(bytes) {
        return Err(wrong(PKCS12));
    }
    match is_pem(bytes) {
        true if text.contains("BEGIN CERTIFICATE-") => Err(wrong("holds a certificate and no key; name the key's file with --key")),
        true if text.contains("OPENSSH PRIVATE KEY") => {
            Err(wrong("holds a key of OpenSSH; convert a copy: ssh-keygen -p -m PKCS8 -f COPY"))
        }
        true if text.contains("BEGIN DSA PRIVATE KEY") => {
            let der = pem_body(&text, "DSA PRIVATE KEY").unwrap_or_default();
            Err(Trouble::Usage(not_taken(path, private_key_title(der.expose()).as_deref().unwrap_or("DSA"))))
        }
        true if text.contains("PUBLIC KEY") => Err(wrong("holds a public key; the private one is needed")),
        true => Err(wrong("holds no private key")),
        false => match PrivateKeyDer::try_from(bytes) {
            Ok(key) => Ok(Secret::new(key.secret_der().to_vec())),
            Err(_) => Err(wrong("is neither PEM nor a private key in DER")),
        },
    }
}

/// The bytes of a section that the PEM library has no name for. RFC 7468 3.
fn pem_body(text: &str, label: &str) -> Option<Secret<Vec<u8>>> {
    let body = text.split_once(&format!("-----BEGIN {label}-----"))?.1.split_once("-----END")?.0;
    let digits = Secret::new(body.split_whitespace().collect::<String>());
    unbase64(digits.expose()).map(Secret::new)
}

fn read(option: &str, path: &Path) -> Result<Secret<Vec<u8>>, Trouble> {
    let doing = if option == "--key" { "read the key" } else { "read the certificate" };
    let mut bytes = Vec::with_capacity(LONGEST + 1);
    let result = std::fs::File::open(path).and_then(|file| file.take(LONGEST as u64 + 1).read_to_end(&mut bytes));
    if let Err(error) = result {
        bytes.zeroize();
        return Err(Trouble::file(doing, path, &error));
    }
    let bytes = Secret::new(bytes);
    match bytes.expose().len() {
        0 => Err(Trouble::Usage(format!("{option}: {} is empty", path.display()))),
        len if len > LONGEST => {
            Err(Trouble::Usage(format!("{option}: {} is longer than {LONGEST} bytes and no such file", path.display())))
        }
        _ => Ok(bytes),
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(PEM.len()).any(|window| window == PEM)
}

fn has(bytes: &[u8], kind: SectionKind) -> bool {
    <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).filter_map(Result::ok).any(|section| section.0 == kind)
}

/// RFC 7292 4: a SEQUENCE that begins with version 3.
fn is_pkcs12(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30) && bytes.get(..8).is_some_and(|head| head.windows(3).any(|window| window == [2, 1, 3]))
}

/// RFC 7468 2.
const PEM: &[u8] = b"-----BEGIN ";
/// Ours: certificates and keys are far shorter.
const LONGEST: usize = 256 * 1024;
/// The kinds of keys that rustls with aws-lc-rs signs with; RSA up to 8192 bits.
const TAKEN: &str = "RSA of 2048 bits or more, EC P-256, P-384 or P-521, or Ed25519";
const PKCS12: &str = "is a PKCS#12 file; take both out of it: openssl pkcs12 -in FILE -nodes -out NEW.pem, and name NEW.pem";

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Folder {
            let path = std::env::temp_dir().join(format!("sstp-diag-eap-{}-{:?}", std::process::id(), std::thread::current().id()));
            std::fs::create_dir_all(&path).expect("a folder");
            Folder(path)
        }

        fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, content).expect("written");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["alice.example.test".to_string()]).expect("rcgen makes it");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn says(cert: &Path, key: Option<&Path>) -> String {
        match identity(cert, key).expect_err("wrong") {
            Trouble::Usage(says) | Trouble::Ours(says) => says,
            Trouble::Interrupted => String::new(),
        }
    }

    #[test]
    fn a_certificate_and_its_key_are_read_from_two_files_or_one() {
        let (folder, (cert, key)) = (Folder::new(), pair());
        let (cert_file, key_file) = (folder.file("cert.pem", &cert), folder.file("key.pem", &key));
        let both = folder.file("both.pem", format!("{key}{cert}"));
        let one = identity(&cert_file, Some(&key_file)).expect("they fit");
        assert_eq!(one, identity(&both, None).expect("they fit"));
        let der = folder.file("cert.der", &one.chain[0]);
        let key_der = folder.file("key.der", one.key.expose());
        assert_eq!(identity(&der, Some(&key_der)).expect("they fit"), one);
        assert!(!format!("{one:?}").contains(&key[60..80]), "a key is not printed");
    }

    #[test]
    fn a_wrong_file_is_named_with_what_it_is() {
        let (folder, (cert, key), other) = (Folder::new(), pair(), pair());
        let cert_file = folder.file("cert.pem", &cert);
        let key_file = folder.file("key.pem", &key);
        for (content, word) in [
            (cert.as_str(), "no key"),
            ("", "is empty"),
            ("hello", "neither PEM nor"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n", "is encrypted"),
            ("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "is encrypted"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "OpenSSH"),
            ("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "public key"),
            (other.1.as_str(), "does not belong to the certificate"),
        ] {
            let file = folder.file("wrong", content);
            let says = says(&cert_file, Some(&file));
            assert!(says.contains(word), "{word}: {says}");
        }
        assert!(says(&key_file, Some(&key_file)).contains("holds no certificate"));
        let pfx = folder.file("user.pfx", [0x30, 0x82, 0x09, 0x00, 0x02, 0x01, 0x03, 0x30]);
        assert!(says(&pfx, None).contains("PKCS#12") && says(&cert_file, Some(&pfx)).contains("PKCS#12"));
        assert!(says(&folder.0.join("none"), None).contains("cannot read the certificate"));
        assert!(says(&folder.0, None).contains("cannot read the certificate"));
    }

    #[test]
    fn a_key_of_a_kind_that_is_not_taken_is_named_with_those_that_are() {
        let (folder, (cert, _)) = (Folder::new(), pair());
        let cert_file = folder.file("cert.pem", &cert);
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keys");
        for (name, kind) in [
            ("ed448.pem", "Ed448"),
            ("x25519.pem", "X25519"),
            ("rsa-768.pem", "RSA 768"),
            ("rsa-768-pkcs1.pem", "RSA 768"),
            ("ec-secp256k1.pem", "EC secp256k1"),
            ("ec-secp256k1-sec1.pem", "EC secp256k1"),
            ("dsa-1024.pem", "DSA 1024"),
            ("dsa-1024-traditional.pem", "DSA 1024"),
        ] {
            let file = keys.join(name);
            let says = says(&cert_file, Some(&file));
            assert!(says.contains(&format!("holds a key of the kind {kind}, ")), "{name}: {says}");
            assert!(says.contains("RSA of 2048 bits or more, EC P-256, P-384 or P-521, or Ed25519"), "{name}: {says}");
        }
        let odd = folder.file("odd", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n");
        assert!(says(&cert_file, Some(&odd)).contains("cannot be used"));
    }

    #[test]
    fn what_the_lab_writes_can_be_read() {
        let (folder, (cert, key)) = (Folder::new(), pair());
        let one = identity(&folder.file("both.pem", format!("{key}{cert}")), None).expect("they fit");
        assert_eq!(identity(&folder.file("again.pem", pem(&one).expose()), None).expect("they fit"), one);
    }

    #[test]
    fn the_certificate_names_its_owner() {
        let (folder, (cert, key)) = (Folder::new(), pair());
        let both = folder.file("both.pem", format!("{key}{cert}"));
        let identity = identity(&both, None).expect("they fit");
        assert_eq!(name_of(&identity).as_deref(), Some("rcgen self signed cert"));
    }
}
