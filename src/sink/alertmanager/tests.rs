use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use prometheus::{IntCounterVec, Opts};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::labels::Labels;
use crate::notification::Notification;

/// An Alertmanager on loopback that does what the script says, and then what a strict one does.
#[derive(Clone)]
struct Fake {
    script: Arc<Mutex<VecDeque<Line>>>,
    heard: mpsc::UnboundedSender<Value>,
}

#[derive(Clone, Copy)]
enum Line {
    Status(u16),
    RetryAfterNothing,
    Hang,
}

async fn alerts(State(fake): State<Fake>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(uri.path(), "/prefix/api/v2/alerts");
    assert_eq!(headers["content-type"], "application/json");
    let line = fake.script.lock().unwrap().pop_front();
    match line {
        Some(Line::Status(status)) => return StatusCode::from_u16(status).unwrap().into_response(),
        Some(Line::RetryAfterNothing) => {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response();
        }
        Some(Line::Hang) => return std::future::pending().await,
        None => {}
    }
    let alerts: Vec<Value> = serde_json::from_slice(&body).unwrap();
    let long = |it: &Value| it["labels"]["alertname"].as_str().unwrap().starts_with("Long");
    if alerts.len() > 1 && alerts.iter().any(long) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let (bad, good): (Vec<_>, Vec<_>) = alerts.into_iter().partition(|it| it["labels"]["bad"] == "yes");
    for it in good {
        let _ = fake.heard.send(it);
    }
    if bad.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST }.into_response()
}

/// A worker, and the Alertmanager that it tells.
struct Pair {
    news: mpsc::UnboundedSender<News>,
    heard: mpsc::UnboundedReceiver<Value>,
    counts: Counts,
    worker: JoinHandle<()>,
}

impl Pair {
    async fn new(script: &[Line]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/prefix/", listener.local_addr().unwrap()).parse().unwrap();
        let (heard_in, heard) = mpsc::unbounded_channel();
        let fake = Fake { script: Arc::new(Mutex::new(script.iter().copied().collect())), heard: heard_in };
        let router = Router::new().fallback(alerts).with_state(fake);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

        let family = IntCounterVec::new(Opts::new("n", "n"), &["sink", "result"]).unwrap();
        let counts = Counts::new(&family, "fake");
        let (news, inbox) = mpsc::unbounded_channel();
        let mut manners = Manners::new(Duration::from_mins(1), Labels::default(), None);
        manners.pause_min = Duration::from_millis(2);
        let worker = Worker::new("fake".into(), manners, counts.clone(), Arc::new(|_| {}));
        let url = alerts_url(&url);
        let post = move |body| post(url.clone(), body);
        let worker = tokio::spawn(worker.work(post, inbox, FLUSH_WITHIN));
        Self { news, heard, counts, worker }
    }

    fn fires(&self, name: &str, bad: &str) {
        let labels = [("alertname", name), ("bad", bad)].into_iter().collect();
        let starts_at = SystemTime::now();
        let it = Notification { labels, annotations: [].into(), starts_at, ends_at: None };
        self.news.send(News::Told(it)).unwrap();
    }

    async fn hear(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        while names.len() < count {
            let it = self.heard.recv().await.unwrap();
            names.push(it["labels"]["alertname"].as_str().unwrap().to_owned());
        }
        names.sort();
        names
    }

    async fn stop(self) -> Counts {
        drop(self.news);
        self.worker.await.unwrap();
        self.counts
    }
}

/// One request as the dialer makes it, without its timing and its limits.
async fn post(url: Url, body: Bytes) -> Result<Answer, CallFailed> {
    let failed = |it: hyper::Error| CallFailed(it.to_string());
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let stream = TcpStream::connect(&host).await.map_err(|it| CallFailed(it.to_string()))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let request = http::Request::post(url.path())
        .header("host", host)
        .header("content-type", "application/json")
        .body(Full::new(body))
        .unwrap();
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok((head, body.collect().await?.to_bytes()))
    };
    let (head, body) = tokio::select! {
        biased;
        answer = exchange => answer.map_err(failed)?,
        end = connection => return Err(CallFailed(format!("{end:?}"))),
    };
    Ok(Answer { status: head.status, headers: head.headers, body })
}

#[tokio::test]
async fn an_alert_arrives_under_the_path_of_the_url() {
    let mut it = Pair::new(&[]).await;
    it.fires("A", "");
    assert_eq!(it.hear(1).await, ["A"]);
    assert_eq!(it.stop().await.delivered.get(), 1);
}

#[tokio::test]
async fn a_refused_alert_keeps_no_other_from_being_heard() {
    // While the first batch fails, the others gather.
    let mut it = Pair::new(&[Line::Status(500)]).await;
    for (name, bad) in [("A", ""), ("B", "yes"), ("C", "")] {
        it.fires(name, bad);
    }
    let mut names = Vec::new();
    while !(names.contains(&"A".to_owned()) && names.contains(&"C".to_owned())) {
        names.extend(it.hear(1).await);
    }
    assert!(!names.contains(&"B".to_owned()));
    let counts = it.stop().await;
    assert_eq!((counts.rejected.get(), counts.delivered.get()), (1, 2));
}

#[tokio::test]
async fn a_batch_that_is_too_long_arrives_in_parts() {
    let mut it = Pair::new(&[Line::Status(500)]).await;
    for name in ["Long1", "Long2", "Long3", "Long4", "Long5"] {
        it.fires(name, "");
    }
    assert_eq!(it.hear(5).await, ["Long1", "Long2", "Long3", "Long4", "Long5"]);
    assert_eq!(it.stop().await.rejected.get(), 0);
}

#[tokio::test]
async fn nothing_is_lost_while_the_other_side_is_in_trouble() {
    use Line::{RetryAfterNothing, Status};
    let script = [Status(500), Status(503), Status(302), Status(401), Status(404), RetryAfterNothing];
    let mut it = Pair::new(&script).await;
    it.fires("A", "");
    assert_eq!(it.hear(1).await, ["A"]);
    let counts = it.stop().await;
    assert_eq!((counts.failed.get(), counts.delivered.get(), counts.rejected.get()), (6, 1, 0));
}

#[tokio::test]
async fn one_that_hangs_delays_neither_another_nor_the_end() {
    let hung = Pair::new(&[Line::Hang]).await;
    let mut well = Pair::new(&[]).await;
    for name in ["A", "B", "C"] {
        hung.fires(name, "");
        well.fires(name, "");
    }
    assert_eq!(well.hear(3).await, ["A", "B", "C"]);
    assert_eq!(well.stop().await.delivered.get(), 3);
    assert_eq!(hung.stop().await.delivered.get(), 0);
}

#[tokio::test]
async fn at_the_end_what_is_unheard_is_said_and_nothing_is_resolved() {
    let it = Pair::new(&[Line::Status(500), Line::Status(500)]).await;
    it.fires("A", "");
    it.fires("B", "");
    let Pair { news, mut heard, worker, .. } = it;
    drop(news);
    worker.await.unwrap();
    let mut said = Vec::new();
    while let Ok(it) = heard.try_recv() {
        said.push(it);
    }
    assert_eq!(said.len(), 2);
    let now = humantime::format_rfc3339_nanos(SystemTime::now()).to_string();
    assert!(said.iter().all(|it| it["endsAt"].as_str().unwrap() > now.as_str()));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 30);
    let read = |text: &'static str| {
        retry_after(&[(header::RETRY_AFTER, HeaderValue::from_static(text))].into_iter().collect(), now)
    };
    assert_eq!(read("120"), Some(Duration::from_mins(2)));
    assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(read("soon"), None);
}

#[test]
fn what_is_wrong_with_us_or_the_way_is_not_held_against_an_alert() {
    let of = |status: u16| {
        let status = StatusCode::from_u16(status).unwrap();
        reception_of(&Answer { status, headers: HeaderMap::new(), body: Bytes::new() }, SystemTime::now())
    };
    for status in [301, 302, 307, 401, 403, 404, 405, 407, 408, 429, 500, 502, 503, 504] {
        assert_eq!(of(status), Reception::Failed, "{status}");
    }
    for status in [400, 422] {
        assert_eq!(of(status), Reception::Refused, "{status}");
    }
    assert_eq!(of(413), Reception::TooLong);
    assert_eq!(of(200), Reception::Taken);
}

const FLUSH_WITHIN: Duration = Duration::from_millis(500);
