//! An HTTP request with its redirects. Credentials, cookies and the client's certificate stay with
//! the host, port and scheme they were meant for; once a redirect has led elsewhere they are not
//! sent again, even if another leads back.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, LAST_MODIFIED, LOCATION, SET_COOKIE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use url::Url;

use crate::config::without_secrets;
use crate::dial::{
    Answered, Dialer, Request, Trail, Trouble, Turns, authorization as of_auth, headers as all_headers,
};
use crate::outcome::{FaultKind, HttpFacts, OwnSide};
use crate::spec::{Auth, HttpClient, TlsSpec};

/// What is asked for, before any redirect.
pub(super) struct Errand<'a> {
    /// How requests are made.
    pub client: &'a HttpClient,
    /// Bounds connecting alone.
    pub connect_timeout: Option<Duration>,
    /// Where to, perhaps with credentials.
    pub url: String,
    /// The method.
    pub method: Method,
    /// The prober's own headers; those of the client win.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
}

/// Makes the request, follows where that is wanted, and notes what each answer showed.
pub(super) async fn follow(dialer: &Dialer, errand: Errand<'_>, trail: &Trail) -> Result<Answered, Trouble> {
    let client = errand.client;
    let mut hop = Hop::first(errand)?;
    let mut dialer = dialer.clone();
    loop {
        let tls = hop.tls(&client.tls);
        let own = if hop.is_abroad { None } else { dialer.authorization(client, trail).await? };
        let headers = hop.headers(client, own)?;
        let request = Request {
            url: &hop.url,
            method: hop.method.clone(),
            headers,
            body: hop.body.clone(),
            tls: &tls,
            dial: &client.dial,
            turns: Turns::One,
            proxy: &client.proxy,
            connect_timeout: hop.connect_timeout,
            http2: client.http2,
        };
        let answered = dialer.request(request, trail).await.map_err(|trouble| hop.denied(trouble))?;
        trail.note(|seen| seen.http = Some(hop.facts(&answered)));
        if answered.response.status() == StatusCode::UNAUTHORIZED && !hop.is_abroad {
            dialer.refused(client).await;
        }
        let Some(location) = lead(&answered) else { return Ok(answered) };
        if !client.follow_redirects {
            // It was met, and is counted as the exporter does.
            trail.note_http(|facts| facts.redirects = 1);
            return Ok(answered);
        }
        if hop.redirects == 0 {
            trail.note(|seen| dialer = dialer.beyond(seen.peer));
        }
        hop.redirects += 1;
        trail.note_http(|facts| facts.redirects = hop.redirects);
        if hop.redirects > REDIRECTS_MAX {
            return Err(FaultKind::RedirectLimit.into());
        }
        hop.take_cookies(answered.response.headers());
        hop.go(answered.response.status(), &location)?;
        answered.farewell.say();
    }
}

/// Where the answer leads, if it does. A 3xx that names no place, or an empty one, is an answer like
/// others.
fn lead(answered: &Answered) -> Option<HeaderValue> {
    match answered.response.status() {
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::SEE_OTHER
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => {
            answered.response.headers().get(LOCATION).filter(|it| !it.is_empty()).cloned()
        }
        _ => None,
    }
}

/// The request as it stands after some redirects.
struct Hop {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    connect_timeout: Option<Duration>,
    /// Credentials that stood in the first URL.
    url_auth: Option<Auth>,
    /// What this host has us say to it. Every other host is another matter.
    cookies: Vec<(String, String)>,
    redirects: u32,
    /// Whether a redirect has led to another host, port or scheme.
    is_abroad: bool,
}

impl Hop {
    fn first(errand: Errand<'_>) -> Result<Self, Trouble> {
        let mut url = Url::parse(&errand.url).map_err(|_| FaultKind::NoSuchName)?;
        let url_auth = Auth::of_url(&url);
        strip_credentials(&mut url);
        Ok(Self {
            url,
            method: errand.method,
            headers: errand.headers,
            body: errand.body,
            connect_timeout: errand.connect_timeout,
            url_auth,
            cookies: Vec::new(),
            redirects: 0,
            is_abroad: false,
        })
    }

    /// What policy forbids is the target's fault where a redirect led there.
    fn denied(&self, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Theirs(FaultKind::TargetDenied) if self.redirects > 0 => {
                FaultKind::RedirectDenied.into()
            }
            Trouble::Theirs(_) | Trouble::Ours(_) => trouble,
        }
    }

    /// What is sent along; `authorization` is what the client itself asks for.
    fn headers(&self, client: &HttpClient, authorization: Option<HeaderValue>) -> Result<HeaderMap, OwnSide> {
        let mut headers = self.headers.clone();
        let mut own = all_headers(client)?;
        if self.is_abroad {
            let kept = own.iter().filter(|(name, value)| !is_personal(name, value));
            own = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        } else {
            let of_url = || self.url_auth.as_ref().map(of_auth).transpose();
            let value = authorization.map_or_else(of_url, |it| Ok(Some(it)))?;
            own.extend(value.map(|it| (AUTHORIZATION, it)));
        }
        headers.extend(own);
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let ours = headers.get(COOKIE).and_then(|it| it.to_str().ok()).map(ToOwned::to_owned);
            let all: Vec<String> = ours.into_iter().chain(pairs).collect();
            if let Ok(value) = HeaderValue::try_from(all.join("; ")) {
                headers.insert(COOKIE, value);
            }
        }
        Ok(headers)
    }

    fn tls(&self, spec: &TlsSpec) -> TlsSpec {
        let mut tls = spec.clone();
        if self.is_abroad {
            (tls.identity, tls.server_name) = (None, None);
        }
        tls
    }

    fn take_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|it| it.split(';').next()?.split_once('='));
            let Some((name, value)) = pair else { continue };
            let (name, value) = (name.trim(), value.trim());
            self.cookies.retain(|(old, _)| old != name);
            let is_small = name.len() + value.len() <= COOKIE_BYTES_MAX;
            if is_small && !name.is_empty() && self.cookies.len() < COOKIES_MAX {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn go(&mut self, status: StatusCode, location: &HeaderValue) -> Result<(), Trouble> {
        let place = std::str::from_utf8(location.as_bytes()).ok().and_then(|it| self.url.join(it).ok());
        let mut url = place.ok_or(FaultKind::RedirectDenied)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(FaultKind::RedirectDenied.into());
        }
        strip_credentials(&mut url);
        if url.origin() != self.url.origin() {
            self.is_abroad = true;
            self.cookies.clear();
        }
        self.url = url;
        let keeps_method = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if !keeps_method && !matches!(self.method, Method::GET | Method::HEAD) {
            self.method = Method::GET;
        }
        if !keeps_method {
            self.body = Bytes::new();
        }
        Ok(())
    }

    fn facts(&self, answered: &Answered) -> HttpFacts {
        let (status, headers) = (answered.response.status(), answered.response.headers());
        let text = |name| headers.get(name).map(|it: &HeaderValue| String::from_utf8_lossy(it.as_bytes()));
        HttpFacts {
            status: status.as_u16(),
            version: version_name(answered.response.version()),
            redirects: self.redirects,
            ssl: self.url.scheme() == "https",
            // A redirect may bear a token, and what was seen is told to people.
            url: without_secrets(self.url.as_str()).unwrap_or_else(|| self.url.to_string()),
            content_length: match status {
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Some(0),
                _ => text(CONTENT_LENGTH).and_then(|it| it.parse().ok()),
            },
            content_type: text(CONTENT_TYPE).map(Cow::into_owned),
            last_modified: text(LAST_MODIFIED).and_then(|it| httpdate::parse_http_date(&it).ok()),
            ..HttpFacts::default()
        }
    }
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// What is not shown to others: what names the first host, what the drop-in calls secret, and what
/// looks like a secret by its name.
fn is_personal(name: &HeaderName, value: &HeaderValue) -> bool {
    let is_suspect = SUSPECT_WORDS.iter().any(|word| name.as_str().contains(word));
    name == HOST || value.is_sensitive() || is_suspect
}

fn strip_credentials(url: &mut Url) {
    // Only a URL that cannot have them refuses.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// Redirects that are followed; the next one is a fault.
const REDIRECTS_MAX: u32 = 10;

/// What is kept for a host between two redirects.
const COOKIES_MAX: usize = 32;
const COOKIE_BYTES_MAX: usize = 4 << 10;

/// Parts of the names of headers that carry credentials, in lower case.
const SUSPECT_WORDS: [&str; 7] = ["auth", "cookie", "key", "pass", "secret", "session", "token"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_personal_by_its_name_its_mark_or_its_host() {
        let value = HeaderValue::from_static("v");
        let mut marked = value.clone();
        marked.set_sensitive(true);
        let name = |it| HeaderName::from_static(it);
        assert!(is_personal(&name("x-api-key"), &value));
        assert!(is_personal(&name("host"), &value));
        assert!(is_personal(&name("x-plain"), &marked));
        assert!(!is_personal(&name("accept-language"), &value));
    }
}
