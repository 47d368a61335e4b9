//! `prober: grpc`: the standard health check, one call over an HTTP/2 connection of its own.

mod message;

use std::net::Ipv6Addr;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, TE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use url::Url;

use crate::dial::{AGENT, Answered, Dialer, Part, Request, Trail, Trouble, Turns, base64, of_http};
use crate::outcome::{FaultKind, GrpcFacts, OwnSide};
use crate::spec::{GrpcSpec, Module, ProxySpec, TlsSpec};
use crate::target::Target;

/// Asks the health service of `target` and notes what it says.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &GrpcSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let url = url(&target.address, spec.tls.is_some()).ok_or(FaultKind::NoSuchName)?;
    let (plain, direct) = (TlsSpec::default(), ProxySpec::default());
    let request = Request {
        url: &url,
        method: Method::POST,
        headers: headers(module, spec)?,
        body: framed(&message::request(&spec.service)),
        tls: spec.tls.as_ref().unwrap_or(&plain),
        dial: &spec.dial,
        turns: Turns::One,
        proxy: &direct,
        connect_timeout: module.connect_timeout,
        http2: true,
    };
    let mut answered = dialer.request_by_http2(request, trail).await?;
    let (status, head) = (answered.response.status(), answered.response.headers().clone());
    let (body, trailers) =
        if speaks_grpc(&head) { read(&mut answered, trail).await? } else { (Bytes::new(), HeaderMap::new()) };
    answered.farewell.say();
    let facts = judge_call(status, &head, &trailers, &body)?;
    trail.note(|seen| seen.grpc = Some(facts));
    Ok(())
}

/// What the call came to. The code stands behind the body; where there is nothing else to say, it
/// stands in the head.
fn judge_call(
    http: StatusCode,
    head: &HeaderMap,
    trailers: &HeaderMap,
    body: &[u8],
) -> Result<GrpcFacts, FaultKind> {
    let said = [trailers, head].into_iter().find_map(|it| Some((it, it.get(STATUS)?)));
    let Some((headers, status)) = said else {
        let kind = head.get(CONTENT_TYPE).map_or("no content type".into(), |it| text(it.as_bytes()));
        let message = match (http, speaks_grpc(head)) {
            (StatusCode::OK, true) => "the answer ended without a status".to_owned(),
            _ => format!("HTTP {}, {kind}", http.as_u16()),
        };
        return Ok(GrpcFacts { status: of_http_status(http, speaks_grpc(head)), message, serving: None });
    };
    let status = status.to_str().ok().and_then(|it| it.parse().ok()).unwrap_or(UNKNOWN);
    let message = headers.get(MESSAGE).map(|it| unescape(it.as_bytes())).unwrap_or_default();
    let serving = match status {
        0 => Some(message::serving(unframed(body)?).ok_or(FaultKind::DecodeFailed)?),
        _ => None,
    };
    Ok(GrpcFacts { status, message, serving })
}

/// The code that stands for an answer without one, as the protocol's own table has it.
fn of_http_status(status: StatusCode, is_grpc: bool) -> u32 {
    match status.as_u16() {
        200 if is_grpc => INTERNAL,
        400 => INTERNAL,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => UNKNOWN,
    }
}

fn speaks_grpc(head: &HeaderMap) -> bool {
    let kind = head.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    kind.strip_prefix(GRPC.as_bytes()).is_some_and(|it| matches!(it.first(), None | Some(b'+' | b';')))
}

/// The body up to its end, and what stands behind it.
async fn read(answered: &mut Answered, trail: &Trail) -> Result<(Bytes, HeaderMap), Trouble> {
    let (mut body, mut trailers) = (BytesMut::new(), HeaderMap::new());
    while let Some(frame) = answered.response.frame().await {
        let frame = frame.map_err(|error| of_http(&error, Part::Body, trail.broken()))?;
        match frame.into_data() {
            Ok(data) => body.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
        if body.len() > ANSWER_BYTES_MAX {
            return Err(FaultKind::BodyTooLarge.into());
        }
    }
    Ok((body.freeze(), trailers))
}

fn headers(module: &Module, spec: &GrpcSpec) -> Result<HeaderMap, OwnSide> {
    let mut headers = HeaderMap::new();
    for (name, value) in &spec.metadata {
        let value = if name.as_str().ends_with("-bin") {
            HeaderValue::try_from(base64(value.as_bytes())).map_err(|_| OwnSide::Internal)?
        } else {
            value.clone()
        };
        headers.append(name.clone(), value);
    }
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    // The server is told when we stop to wait. The number has eight digits at the most.
    let milliseconds = module.timeout.as_millis().clamp(1, 99_999_999);
    let timeout = HeaderValue::try_from(format!("{milliseconds}m")).map_err(|_| OwnSide::Internal)?;
    headers.insert(TIMEOUT, timeout);
    Ok(headers)
}

/// A message as it stands in a body: not compressed, and how long it is.
fn framed(message: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    body.put_u8(0);
    body.put_u32(u32::try_from(message.len()).expect("a service's name is short"));
    body.extend_from_slice(message);
    body.freeze()
}

/// The one message of a body.
fn unframed(body: &[u8]) -> Result<&[u8], FaultKind> {
    let (prefix, message) = body.split_at_checked(PREFIX_BYTES).ok_or(FaultKind::BodyTruncated)?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    match (prefix[0], length) {
        (0, _) if length == message.len() => Ok(message),
        (0, _) if length > message.len() => Err(FaultKind::BodyTruncated),
        // Compressed, which was not asked for; or more than one.
        _ => Err(FaultKind::DecodeFailed),
    }
}

/// The method's URL. A target may have a scheme, which says nothing here, and need not have a port.
fn url(address: &str, is_tls: bool) -> Option<Url> {
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = bare.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // An IPv6 address may stand there without brackets, and has no port then.
    let bare = authority.parse::<Ipv6Addr>().ok().map(|it| format!("[{it}]"));
    let authority = bare.as_deref().unwrap_or(authority);
    let (scheme, port) = if is_tls { ("https", 443) } else { ("http", 80) };
    let has_port = authority.rsplit_once(':').is_some_and(|(host, port)| {
        !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()) && !host.is_empty()
    });
    let place = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
    Url::parse(&format!("{scheme}://{place}{METHOD}")).ok().filter(Url::has_host)
}

/// Takes back the percent signs of a message.
fn unescape(message: &[u8]) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(message.len()), message);
    while let Some((first, others)) = rest.split_first() {
        let hex = (*first == b'%').then(|| others.get(..2)).flatten();
        let code = hex.and_then(|it| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &others[2..] } else { others };
    }
    text(&bytes)
}

/// As much of a text as is kept as evidence.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(MESSAGE_CHARS_MAX).collect()
}

const METHOD: &str = "/grpc.health.v1.Health/Check";
const GRPC: &str = "application/grpc";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Codes of gRPC that an answer without one gets.
const UNKNOWN: u32 = 2;
const INTERNAL: u32 = 13;

/// One byte that says whether it is compressed, and four of its length.
const PREFIX_BYTES: usize = 5;

/// The longest answer that is read; a good one has seven bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

const MESSAGE_CHARS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_have_a_scheme_and_need_not_have_a_port() {
        let table = [
            ("a", false, Some("http://a/grpc.health.v1.Health/Check")),
            ("a", true, Some("https://a/grpc.health.v1.Health/Check")),
            ("a:50051", false, Some("http://a:50051/grpc.health.v1.Health/Check")),
            ("http://a:80/x", true, Some("https://a:80/grpc.health.v1.Health/Check")),
            ("[::1]", false, Some("http://[::1]/grpc.health.v1.Health/Check")),
            ("::1", true, Some("https://[::1]/grpc.health.v1.Health/Check")),
            ("HTTPS://[::1]:5?x", false, Some("http://[::1]:5/grpc.health.v1.Health/Check")),
            (":5", false, None),
            ("", false, None),
            ("a:70000", false, None),
        ];
        for (address, is_tls, expected) in table {
            assert_eq!(url(address, is_tls).as_ref().map(Url::as_str), expected, "{address}");
        }
    }

    #[test]
    fn a_message_is_unescaped_and_what_is_no_escape_stays() {
        assert_eq!(unescape(b"a%20b%c3%a4%zz%4"), "a b\u{e4}%zz%4");
    }
}
