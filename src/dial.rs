//! Interface only.
use crate::spec::HttpClient;
use bytes::Bytes;
use std::time::Duration;
/// Finds addresses, makes connections, speaks TLS. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dialer(());
/// An answer to a call of our own (not a probe).
#[derive(Debug)]
pub struct Answer {
    pub status: http::StatusCode,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}
/// Why a call of our own failed, in words for the log.
#[derive(Debug)]
pub struct CallFailed(pub String);
impl Dialer {
    /// Makes one HTTP request of our own: to an Alertmanager, a Prometheus, a webhook. No redirect is followed; the answer's body is read up to `client.body_bytes_max`.
    pub async fn call(
        &self,
        _client: &HttpClient,
        _method: http::Method,
        _url: &url::Url,
        _headers: http::HeaderMap,
        _body: Bytes,
        _timeout: Duration,
    ) -> Result<Answer, CallFailed> {
        unimplemented!()
    }
}
