//! How an HTTP request is made, whoever makes it.

use std::fmt;
use std::path::PathBuf;

use http::{HeaderMap, HeaderName};
use url::Url;

use super::{DialSpec, OAuth2, ProxySpec, TlsSpec};

/// How an HTTP request is made, whatever is made of its answer.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// Sent with each request; `Host` among them names another host than the URL does.
    pub headers: HeaderMap,
    /// Further headers, whose values stand in files.
    pub header_files: Vec<(HeaderName, Secret)>,
    /// Who we say we are.
    pub auth: Option<Auth>,
    /// Who gives us a token to say it with, instead of `auth`.
    pub oauth2: Option<Box<OAuth2>>,
    /// Which certificates are taken, and which one we show.
    pub tls: TlsSpec,
    /// Whether a 3xx leads on (10 hops at the most) or is the answer.
    pub follow_redirects: bool,
    /// Whether HTTP/2 is offered by ALPN.
    pub http2: bool,
    /// Whether requests go through a proxy.
    pub proxy: ProxySpec,
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
    /// The longest decoded body that is read, in bytes.
    pub body_bytes_max: u64,
}

/// Nothing is sent along, redirects are followed, and a body of up to 1 MiB is read.
impl Default for HttpClient {
    fn default() -> Self {
        Self {
            headers: HeaderMap::new(),
            header_files: Vec::new(),
            auth: None,
            oauth2: None,
            tls: TlsSpec::default(),
            follow_redirects: true,
            http2: true,
            proxy: ProxySpec::default(),
            dial: DialSpec::default(),
            body_bytes_max: 1 << 20,
        }
    }
}

/// Credentials of a request. They never cross to another host, port or scheme on a redirect.
#[derive(Clone, Debug)]
pub enum Auth {
    /// `Authorization: Basic`.
    Basic {
        /// The user's name.
        username: Secret,
        /// The password; none is sent as an empty one.
        password: Option<Secret>,
    },
    /// `Authorization: <scheme> <credentials>`, as `Bearer`.
    Authorization {
        /// The word before the credentials.
        scheme: String,
        /// The credentials.
        credentials: Secret,
    },
}

impl Auth {
    /// The credentials that stand in a URL, where any do.
    pub fn of_url(url: &Url) -> Option<Self> {
        let has_any = !url.username().is_empty() || url.password().is_some();
        has_any.then(|| Self::Basic {
            username: Secret::Inline(unescape(url.username())),
            password: url.password().map(|it| Secret::Inline(unescape(it))),
        })
    }
}

/// Takes back the percent signs that a URL needs.
fn unescape(text: &str) -> String {
    let with_pluses_kept = text.replace('+', "%2B");
    url::form_urlencoded::parse(with_pluses_kept.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

/// A secret: given in the file, or read from a file of its own at each use. It shows itself to
/// nobody.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The value itself.
    Inline(String),
    /// A file whose content, less white space at its ends, is the value.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("<secret>"),
            Self::File(path) => write!(f, "<secret in {}>", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_are_unescaped_once() {
        assert_eq!(unescape("a%40b+c%2Bd"), "a@b+c+d");
        assert_eq!(unescape("x%26y%3Dz"), "x&y=z");
    }
}
