//! `prober: http`: one request, its redirects, and what its body and headers hold.

use std::ops::ControlFlow;

use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::body::{self, Coding, Sink};
use super::follow::{Errand, follow};
use crate::dial::{AGENT, Dialer, Trail, Trouble, body as request_body};
use crate::outcome::{HeaderMatch, JsonMatch, Phase};
use crate::spec::{Compression, HeaderRule, HttpSpec, Module};
use crate::target::Target;

/// Asks `target` over HTTP and notes what the answer showed.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &HttpSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let errand = Errand {
        client: &spec.client,
        connect_timeout: module.connect_timeout,
        url: target.url(""),
        method: spec.method.clone(),
        headers: headers(spec.compression),
        body: spec.body.as_ref().map(request_body).transpose()?.unwrap_or_default(),
    };
    let mut answered = follow(dialer, errand, trail).await?;
    let header_matches = spec.header_rules.iter().map(|it| look(it, answered.response.headers())).collect();
    trail.note_http(|facts| facts.header_matches = header_matches);
    let coding = if has_body(&spec.method, answered.response.status()) {
        coding(spec.compression)
    } else {
        Coding::Plain
    };
    let mut page =
        Page { wanted: !spec.body_rules.is_empty() || !spec.json_rules.is_empty(), bytes: Vec::new() };
    body::read(&mut answered, coding, spec.client.body_bytes_max, &mut page, trail).await?;
    answered.farewell.say();
    trail.enter(Phase::Check);
    let body_matches = spec.body_rules.iter().map(|it| it.regex.is_match(&page.bytes)).collect();
    let json_matches = JsonMatch::of(&spec.json_rules, &page.bytes);
    trail.note_http(|facts| (facts.body_matches, facts.json_matches) = (body_matches, json_matches));
    Ok(())
}

fn headers(compression: Compression) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(AGENT))]);
    let accepted = match compression {
        Compression::Untouched => None,
        Compression::Identity => Some("identity"),
        Compression::Gzip => Some("gzip"),
        Compression::Brotli => Some("br"),
        Compression::Deflate => Some("deflate"),
    };
    headers.extend(accepted.map(|it| (ACCEPT_ENCODING, HeaderValue::from_static(it))));
    headers
}

/// Whatever the answer says of itself: it was asked for in that encoding, and is read so.
fn coding(compression: Compression) -> Coding {
    match compression {
        Compression::Untouched | Compression::Identity => Coding::Plain,
        Compression::Gzip => Coding::Gzip,
        Compression::Brotli => Coding::Brotli,
        Compression::Deflate => Coding::Deflate,
    }
}

fn has_body(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn look(rule: &HeaderRule, headers: &HeaderMap) -> HeaderMatch {
    let mut values = headers.get_all(&rule.header).iter().peekable();
    if values.peek().is_none() {
        return HeaderMatch::Missing;
    }
    if values.any(|it| rule.regex.is_match(&String::from_utf8_lossy(it.as_bytes()))) {
        HeaderMatch::Found
    } else {
        HeaderMatch::NotFound
    }
}

/// Keeps the body where there are rules for it.
struct Page {
    wanted: bool,
    bytes: Vec<u8>,
}

impl Sink for Page {
    fn take(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        if self.wanted {
            self.bytes.extend_from_slice(bytes);
        }
        ControlFlow::Continue(())
    }
}
