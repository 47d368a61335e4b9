//! Calls of our own: to an Alertmanager, a Prometheus, a webhook. Not probes: nothing is measured,
//! and a failure is told in words.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::fault::{Part, Trouble, of_http};
use super::request::{Request, Turns};
use super::secret;
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
        let until = Instant::now() + limit;
        let trail = Trail::begin();
        let own = match timeout_at(until, self.authorization(client, &trail)).await {
            Ok(Ok(own)) => own,
            Ok(Err(own)) => return Err(CallFailed(told(&trail.end(own)))),
            Err(_) => return Err(CallFailed(told(&trail.cut_off().end))),
        };
        let mut all = HeaderMap::from_iter(own.map(|it| (AUTHORIZATION, it)));
        all.extend(headers);
        let left = until.saturating_duration_since(Instant::now());
        let answer = self.call_bare(client, method, url, all, body, left).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.refused(client).await;
        }
        Ok(answer)
    }

    /// Likewise, with no credentials but those that stand in `headers`.
    pub(super) async fn call_bare(
        &self,
        client: &HttpClient,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        limit: Duration,
    ) -> Result<Answer, CallFailed> {
        let trail = Trail::begin();
        let exchange = async {
            let mut all = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(super::AGENT))]);
            all.extend(secret::headers(client)?);
            all.extend(headers);
            let request = Request {
                url,
                method,
                headers: all,
                body,
                tls: &client.tls,
                dial: &client.dial,
                turns: Turns::Every,
                proxy: &client.proxy,
                connect_timeout: Some(limit.mul_f64(CONNECT_SHARE)),
                http2: client.http2,
            };
            self.converse(request, client.body_bytes_max, &trail).await
        };
        match timeout(limit, exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(trouble)) => Err(CallFailed(told(&trail.end(trouble)))),
            Err(_) => Err(CallFailed(told(&trail.end(FaultKind::TimedOut)))),
        }
    }

    async fn converse(
        &self,
        request: Request<'_>,
        body_bytes_max: u64,
        trail: &Trail,
    ) -> Result<Answer, Trouble> {
        let mut answered = self.request(request, trail).await?;
        let mut body = BytesMut::new();
        while let Some(frame) = answered.response.frame().await {
            let frame = frame.map_err(|error| of_http(&error, Part::Body, trail.broken()))?;
            body.extend_from_slice(frame.data_ref().map_or(&[][..], |it| it));
            if u64::try_from(body.len()).is_ok_and(|it| it > body_bytes_max) {
                return Err(FaultKind::BodyTooLarge.into());
            }
        }
        answered.farewell.say();
        let (head, _) = answered.response.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: body.freeze() })
    }
}

/// How much of a call's time may be spent on finding an address that answers.
const CONNECT_SHARE: f64 = 0.7;

fn told(end: &End) -> String {
    let (cause, phase) = match end {
        End::Fault(fault) => (of_fault(*fault), Some(fault.phase)),
        End::Unknown(own) => (Cause::from(*own), None),
        End::Reply => unreachable!("trouble is no reply"),
    };
    let place = fmt::from_fn(|f| phase.map_or(Ok(()), |it| write!(f, ", {}", it.name())));
    format!("{} ({}{place})", cause.doc().meaning, cause.name())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;
    use crate::spec::{Auth, Secret};

    fn client() -> HttpClient {
        HttpClient { body_bytes_max: 16, ..HttpClient::default() }
    }

    /// A server that takes one request and answers so; it hands back what it was asked.
    async fn server(answer: &'static str) -> (Url, JoinSet<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api?x=1", listener.local_addr().unwrap()).parse().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = String::new();
            while !asked.ends_with("[]") {
                let mut byte = [0];
                if stream.read(&mut byte).await.unwrap() == 0 {
                    break;
                }
                asked.push(char::from(byte[0]));
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.read(&mut [0]).await;
            asked
        });
        (url, tasks)
    }

    async fn post(client: &HttpClient, url: &Url, limit: Duration) -> Result<Answer, CallFailed> {
        let dialer = Dialer::asking(&[]);
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("x/y"))]);
        dialer.call(client, Method::POST, url, headers, Bytes::from_static(b"[]"), limit).await
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_call_carries_its_headers_credentials_and_body() {
        let (url, mut tasks) = server("HTTP/1.1 400 Bad\r\nContent-Length: 4\r\n\r\nbad!").await;
        let credentials = Secret::Inline("sesame".into());
        let auth = Some(Auth::Authorization { scheme: "Bearer".into(), credentials });
        let answer = post(&HttpClient { auth, ..client() }, &url, LONG).await.unwrap();
        assert_eq!((answer.status.as_u16(), &*answer.body), (400, &b"bad!"[..]));
        let asked = tasks.join_next().await.unwrap().unwrap();
        assert!(asked.starts_with("POST /api?x=1 HTTP/1.1\r\n"), "{asked}");
        assert!(
            asked.contains("authorization: Bearer sesame\r\n") && asked.contains("content-type: x/y\r\n")
        );
    }

    #[tokio::test]
    async fn a_call_to_localhost_finds_the_family_that_listens() {
        let (mut url, _tasks) = server("HTTP/1.1 204 No Content\r\n\r\n").await;
        // The server listens on IPv4 alone, and IPv6 has the first turn.
        url.set_host(Some("localhost")).unwrap();
        assert_eq!(post(&client(), &url, LONG).await.unwrap().status, StatusCode::NO_CONTENT);
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let (url, _tasks) = server("HTTP/1.1 302 On\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(post(&client(), &url, LONG).await.unwrap().status, StatusCode::FOUND);
    }

    #[tokio::test]
    async fn a_failure_is_told_in_words() {
        let (url, _tasks) = server("HTTP/1.1 200 OK\r\n\r\nmore than sixteen bytes").await;
        let failed = post(&client(), &url, LONG).await.unwrap_err().to_string();
        assert_eq!(failed, "the body is longer than is read (body_too_large, transfer)");

        let (url, _tasks) = server("").await;
        let failed = post(&client(), &url, Duration::from_millis(100)).await.unwrap_err().to_string();
        assert_eq!(failed, "no complete answer within the timeout (deadline_exceeded, processing)");

        let auth = Some(Auth::Basic {
            username: Secret::Inline("u".into()),
            password: Some(Secret::File("/nowhere/password".into())),
        });
        let failed = post(&HttpClient { auth, ..client() }, &url, LONG).await.unwrap_err().to_string();
        assert_eq!(failed, "a secret, a certificate or a token of ours was not to be had (local_secret)");
    }
}
