//! Secrets and certificates of ours, read when they are used, so that a changed file counts at once.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::outcome::OwnSide;
use crate::spec::{Auth, Body, HttpClient, Pem, Secret};

/// The value of `Authorization`.
pub(crate) fn authorization(auth: &Auth) -> Result<HeaderValue, OwnSide> {
    let words = match auth {
        Auth::Basic { username, password } => {
            let username = reveal(username)?;
            let password = password.as_ref().map(reveal).transpose()?.unwrap_or_default();
            format!("Basic {}", base64(format!("{username}:{password}").as_bytes()))
        }
        Auth::Authorization { scheme, credentials } => format!("{scheme} {}", reveal(credentials)?),
    };
    let mut value = HeaderValue::try_from(words).map_err(|_| OwnSide::Secret)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Every header that `client` sends along, but for `Authorization`.
pub(crate) fn headers(client: &HttpClient) -> Result<HeaderMap, OwnSide> {
    let mut headers = client.headers.clone();
    for (name, secret) in &client.header_files {
        let mut value = HeaderValue::try_from(reveal(secret)?).map_err(|_| OwnSide::Secret)?;
        value.set_sensitive(true);
        headers.append(name.clone(), value);
    }
    Ok(headers)
}

/// The body of a request, of a length that can be held.
pub(crate) fn body(body: &Body) -> Result<Bytes, OwnSide> {
    match body {
        Body::Inline(text) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Body::File(path) => {
            let file = fs::File::open(path).map_err(|_| OwnSide::Secret)?;
            let mut bytes = Vec::new();
            file.take(BODY_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|_| OwnSide::Secret)?;
            if bytes.len() as u64 > BODY_BYTES_MAX { Err(OwnSide::Secret) } else { Ok(bytes.into()) }
        }
    }
}

/// The roots in `pem`. One that cannot be read is passed over, but there must be one.
pub(crate) fn roots(pem: &Pem) -> Result<RootCertStore, OwnSide> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates(pem)?);
    if store.is_empty() { Err(OwnSide::Secret) } else { Ok(store) }
}

/// Our own certificate with its chain, and its key.
pub(crate) fn identity(
    chain: &Pem,
    key: &Secret,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), OwnSide> {
    let chain = certificates(chain)?;
    let key = PrivateKeyDer::from_pem_slice(reveal(key)?.as_bytes()).map_err(|_| OwnSide::Secret)?;
    if chain.is_empty() { Err(OwnSide::Secret) } else { Ok((chain, key)) }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, OwnSide> {
    let text = match pem {
        Pem::Inline(text) => text.clone(),
        Pem::File(path) => read(path)?,
    };
    CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<_, _>>().map_err(|_| OwnSide::Secret)
}

/// What a secret says, now.
pub(crate) fn reveal(secret: &Secret) -> Result<String, OwnSide> {
    match secret {
        Secret::Inline(value) => Ok(value.clone()),
        Secret::File(path) => read(path).map(|it| it.trim().to_owned()),
    }
}

fn read(path: &Path) -> Result<String, OwnSide> {
    fs::read_to_string(path).map_err(|_| OwnSide::Secret)
}

/// As RFC 4648 has it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = ALPHABET[bits >> (18 - 6 * place) & 63];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// The longest body that is sent, in bytes.
const BODY_BYTES_MAX: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let table = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
            ("\u{ff}\u{fb}", "w7/Duw=="),
        ];
        for (plain, text) in table {
            assert_eq!(base64(plain.as_bytes()), text);
        }
    }

    #[test]
    fn a_secret_file_is_read_at_each_use_and_trimmed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let auth = Auth::Authorization { scheme: "Bearer".into(), credentials: Secret::File(path.clone()) };
        assert_eq!(authorization(&auth), Err(OwnSide::Secret));
        fs::write(&path, " one\n").unwrap();
        assert_eq!(authorization(&auth).unwrap(), "Bearer one");
        fs::write(&path, "two\n").unwrap();
        assert_eq!(authorization(&auth).unwrap(), "Bearer two");
    }

    #[test]
    fn a_password_may_be_missing_and_a_credential_cannot_break_the_line() {
        let auth = Auth::Basic { username: Secret::Inline("u".into()), password: None };
        assert_eq!(authorization(&auth).unwrap(), "Basic dTo=");
        let credentials = Secret::Inline("a\r\nX-Evil: 1".into());
        let auth = Auth::Authorization { scheme: "Bearer".into(), credentials };
        assert_eq!(authorization(&auth), Err(OwnSide::Secret));
    }
}
