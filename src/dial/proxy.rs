//! The way through a proxy: which one, and how it is asked to let us through.

use std::sync::Arc;

use http::header::PROXY_AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use super::connection::Wire;
use super::fault::{Trouble, of_io};
use super::secret::{authorization, reveal};
use crate::outcome::{FaultKind, OwnSide};
use crate::spec::{Exceptions, Proxy, ProxySpec, Way};

/// The proxies that the environment names.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
}

impl Environment {
    /// Reads what `variable` gives: in capital letters first, then in small ones. What names no proxy
    /// that can be spoken to is passed over.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either = |name: &str| {
            let given = |it: String| Some(it).filter(|it| !it.is_empty());
            variable(name).and_then(given).or_else(|| variable(&name.to_lowercase()).and_then(given))
        };
        let except = Exceptions::read(&either("NO_PROXY").unwrap_or_default());
        let proxy = |name| {
            let text: String = either(name)?;
            let text = if text.contains("://") { text } else { format!("http://{text}") };
            Some(Arc::new(Proxy::at(&Url::parse(&text).ok()?, except.clone()).ok()?))
        };
        Self { http: proxy("HTTP_PROXY"), https: proxy("HTTPS_PROXY") }
    }

    /// The proxy for a request to that place, where it takes one.
    pub(super) fn choose<'a>(
        &'a self,
        spec: &'a ProxySpec,
        url: &Url,
        host: &str,
        port: u16,
    ) -> Option<&'a Proxy> {
        let proxy = match &spec.way {
            Way::Direct => None,
            Way::Proxy(proxy) => Some(proxy),
            Way::Environment if url.scheme() == "https" => self.https.as_deref(),
            Way::Environment => self.http.as_deref(),
        };
        proxy.filter(|it| !it.except.cover(host, port))
    }
}

/// What a proxy wants to see of us, where it wants anything.
pub(super) fn credentials(proxy: &Proxy) -> Result<Option<(HeaderName, HeaderValue)>, OwnSide> {
    let value = proxy.auth.as_ref().map(authorization).transpose()?;
    Ok(value.map(|it| (PROXY_AUTHORIZATION, it)))
}

/// Asks for a way to `place` (`host:port`), and has it when this is over.
pub(super) async fn pass(
    wire: &mut Wire,
    place: &str,
    proxy: &Proxy,
    spec: &ProxySpec,
) -> Result<(), Trouble> {
    let mut request =
        format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {}\r\n", super::AGENT).into_bytes();
    let mut headers: Vec<_> = credentials(proxy)?.into_iter().collect();
    for (name, secret) in &spec.connect_headers {
        headers.push((name.clone(), HeaderValue::try_from(reveal(secret)?).map_err(|_| OwnSide::Secret)?));
    }
    for (name, value) in headers {
        request.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    request.extend_from_slice(b"\r\n");
    wire.write_all(&request).await.map_err(|error| of_io(&error))?;
    wire.flush().await.map_err(|error| of_io(&error))?;
    let mut head = Vec::new();
    // Byte by byte: what comes behind the head is not the proxy's, and not ours to read here.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err(FaultKind::HeaderLimit.into());
        }
        let byte = wire.read_u8().await.map_err(|error| of_io(&error))?;
        head.push(byte);
    }
    let line = head.split(|it| *it == b'\r').next().unwrap_or_default();
    let mut words = line.split(|it| *it == b' ');
    match (words.next(), words.next()) {
        (Some(b"HTTP/1.1" | b"HTTP/1.0"), Some([b'2', _, _])) => Ok(()),
        (Some(b"HTTP/1.1" | b"HTTP/1.0"), Some(_)) => Err(FaultKind::ProxyRefused.into()),
        _ => Err(FaultKind::HttpProtocol.into()),
    }
}

/// The longest head of a proxy's answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_a_proxy_for_each_scheme_and_its_exceptions() {
        let environment = Environment::read(|name| {
            let value = match name {
                "HTTP_PROXY" => "plain:3128",
                "https_proxy" => "http://secure:3129",
                "no_proxy" => "near.example",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let spec = ProxySpec { way: Way::Environment, ..ProxySpec::default() };
        let chosen = |url: &str| {
            let url: Url = url.parse().unwrap();
            let host = url.host_str().unwrap().to_owned();
            environment.choose(&spec, &url, &host, 1).map(|it| (it.host.to_string(), it.port))
        };
        assert_eq!(chosen("http://far.example"), Some(("plain".to_owned(), 3128)));
        assert_eq!(chosen("https://far.example"), Some(("secure".to_owned(), 3129)));
        assert_eq!(chosen("https://near.example"), None);
        assert_eq!(chosen("http://localhost"), None);
        let direct = ProxySpec::default();
        assert!(environment.choose(&direct, &"http://a".parse().unwrap(), "a", 80).is_none());
    }
}
