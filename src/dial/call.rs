//! Calls of our own: to an Alertmanager, a Prometheus, a webhook. Not probes: nothing is measured,
//! and a failure is told in words.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use url::Url;

use super::fault::{Part, Trouble, of_http};
use super::request::Request;
use super::secret::authorization;
use super::{Dialer, Trail};
use crate::cause::{Cause, of_fault};
use crate::outcome::{End, FaultKind};
use crate::spec::HttpClient;

/// An answer to a call of our own.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why a call of our own failed, in words for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CallFailed(pub String);

impl Dialer {
    /// Makes one HTTP request of our own, with the headers and credentials of `client` and the
    /// `headers` on top. No redirect is followed.
    ///
    /// # Errors
    ///
    /// When there is no whole answer within `timeout`, or its body is longer than
    /// `client.body_bytes_max`. An answer of any status is an answer.
    pub async fn call(
        &self,
        client: &HttpClient,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        limit: Duration,
    ) -> Result<Answer, CallFailed> {
        let trail = Trail::begin();
        match timeout(limit, self.converse(client, method, url, headers, body, &trail)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(trouble)) => Err(CallFailed(told(trail.end(trouble)))),
            Err(_) => Err(CallFailed(told(trail.end(FaultKind::TimedOut)))),
        }
    }

    async fn converse(
        &self,
        client: &HttpClient,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        trail: &Trail,
    ) -> Result<Answer, Trouble> {
        let mut all = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(super::AGENT))]);
        all.extend(client.headers.clone());
        if let Some(auth) = &client.auth {
            all.insert(AUTHORIZATION, authorization(auth)?);
        }
        all.extend(headers);
        let request = Request {
            url,
            method,
            headers: all,
            body,
            tls: &client.tls,
            dial: &client.dial,
            connect_timeout: None,
            http2: client.http2,
        };
        let mut answered = self.request(request, trail).await?;
        let mut body = BytesMut::new();
        while let Some(frame) = answered.response.frame().await {
            let frame = frame.map_err(|error| of_http(&error, Part::Body, trail.broken()))?;
            body.extend_from_slice(frame.data_ref().map_or(&[][..], |it| it));
            if u64::try_from(body.len()).is_ok_and(|it| it > client.body_bytes_max) {
                return Err(FaultKind::BodyTooLarge.into());
            }
        }
        answered.farewell.say();
        let (head, _) = answered.response.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: body.freeze() })
    }
}

fn told(end: End) -> String {
    let (cause, phase) = match end {
        End::Fault(fault) => (of_fault(fault), Some(fault.phase)),
        End::Unknown(own) => (Cause::from(own), None),
        End::Reply => unreachable!("trouble is no reply"),
    };
    let place = fmt::from_fn(|f| phase.map_or(Ok(()), |it| write!(f, ", {}", it.name())));
    format!("{} ({}{place})", cause.doc().meaning, cause.name())
}
