//! `prober: metrics`: asks as a Prometheus scrape asks, and has the exposition judged while it
//! streams by. Like Prometheus it reads the body of a 200 alone.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::body::{self, Coding, Sink};
use super::follow::{Errand, follow};
use crate::dial::{AGENT, Dialer, Trail, Trouble};
use crate::exposition::{ContentType, Flaw, Format, Limits, Scan, Summary, format_of};
use crate::outcome::{OwnSide, Phase};
use crate::spec::{MetricsSpec, Module, ScrapeProtocol};
use crate::target::Target;

/// Asks `target` for its metrics and notes what stood there.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &MetricsSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let errand = Errand {
        client: &spec.client,
        connect_timeout: module.connect_timeout,
        url: target.url("/metrics"),
        method: Method::GET,
        headers: headers(module.timeout)?,
        body: Bytes::new(),
    };
    let mut answered = follow(dialer, errand, trail).await?;
    if answered.response.status() != StatusCode::OK {
        answered.farewell.say();
        return Ok(());
    }
    let headers = answered.response.headers();
    let text = |name| headers.get(name).and_then(|it: &HeaderValue| it.to_str().ok());
    let coding = if text(CONTENT_ENCODING) == Some("gzip") { Coding::Gzip } else { Coding::Plain };
    let mut reader = Reader::new(format(text(CONTENT_TYPE), spec.fallback_scrape_protocol), spec);
    body::read(&mut answered, coding, spec.client.body_bytes_max, &mut reader, trail).await?;
    answered.farewell.say();
    trail.enter(Phase::Check);
    let exposition = reader.finish();
    trail.note(|seen| seen.exposition = exposition);
    Ok(())
}

fn headers(timeout: Duration) -> Result<HeaderMap, OwnSide> {
    let seconds = timeout.as_secs_f64().to_string();
    let seconds = HeaderValue::try_from(seconds).map_err(|_| OwnSide::Internal)?;
    Ok(HeaderMap::from_iter([
        (USER_AGENT, HeaderValue::from_static(AGENT)),
        (ACCEPT, HeaderValue::from_static(ACCEPTED)),
        (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        (HeaderName::from_static("x-prometheus-scrape-timeout-seconds"), seconds),
    ]))
}

/// The format of a body of that type, as Prometheus takes it; none where it would refuse.
fn format(content_type: Option<&str>, fallback: Option<ScrapeProtocol>) -> Option<Format> {
    match format_of(content_type) {
        ContentType::Known(format) => Some(format),
        ContentType::Protobuf => None,
        ContentType::Blank | ContentType::Unsupported => fallback.map(|it| match it {
            ScrapeProtocol::Text => Format::Text,
            ScrapeProtocol::OpenMetrics => Format::OpenMetrics,
        }),
    }
}

/// Judges the body as it comes. One whose type is refused may be empty, and is then good.
enum Reader {
    Scanning(Box<Scan>),
    Flawed(Flaw),
    Empty,
    Refused,
}

impl Reader {
    fn new(format: Option<Format>, spec: &MetricsSpec) -> Self {
        let limits =
            Limits { samples_max: spec.sample_limit, labels_max: spec.label_limit, ..Limits::default() };
        format.map_or(Self::Empty, |it| Self::Scanning(Box::new(Scan::new(it, limits))))
    }

    fn finish(self) -> Option<Result<Summary, Flaw>> {
        match self {
            Self::Scanning(scan) => Some(scan.finish()),
            Self::Flawed(flaw) => Some(Err(flaw)),
            Self::Empty => Some(Ok(Summary::default())),
            Self::Refused => None,
        }
    }
}

impl Sink for Reader {
    fn take(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        match self {
            Self::Scanning(scan) => match scan.push(bytes) {
                Ok(()) => return ControlFlow::Continue(()),
                Err(flaw) => *self = Self::Flawed(flaw),
            },
            Self::Empty => *self = Self::Refused,
            Self::Flawed(_) | Self::Refused => {}
        }
        ControlFlow::Break(())
    }
}

/// What Prometheus 3 accepts where nothing is configured.
const ACCEPTED: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,\
    text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
