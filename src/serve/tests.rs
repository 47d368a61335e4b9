use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::sample::*;
use super::*;
use crate::engine::AlertState;
use crate::outcome::Late;

/// A front over that snapshot, and the end from which it is made ready.
pub(super) fn front(
    snapshot: Snapshot,
    reload: Option<mpsc::Sender<ReloadRequest>>,
) -> (Front, watch::Sender<bool>) {
    let (ask, mut asked) = mpsc::channel::<SnapshotRequest>(4);
    let snapshot = Arc::new(snapshot);
    tokio::spawn(async move {
        while let Some(question) = asked.recv().await {
            let _ = question.send(Arc::clone(&snapshot));
        }
    });
    let (make_ready, ready) = watch::channel(false);
    let probing = probing::tests::nobody();
    (Front { ask, own: OwnMetrics::new("0"), ready, reload, probing }, make_ready)
}

pub(super) async fn ask(front: Front, method: &str, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    send(front, request).await
}

pub(super) async fn send(front: Front, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let service = hyper_util::service::TowerToHyperService::new(router(front, &Prefix::default()));
    let (head, body) = hyper::service::Service::call(&service, request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn it_is_healthy_at_once_and_ready_when_it_is_told() {
    let (front, make_ready) = front(Snapshot::default(), None);
    assert_eq!(ask(front.clone(), "GET", "/-/healthy").await.0, 200);
    assert_eq!(ask(front.clone(), "GET", "/-/ready").await.0, 503);
    make_ready.send_replace(true);
    assert_eq!(ask(front.clone(), "GET", "/-/ready").await.0, 200);
    assert_eq!(ask(front, "GET", "/nowhere").await.0, 404);
}

#[tokio::test]
async fn without_an_engine_there_is_no_page_but_no_panic_either() {
    let (mut front, _ready) = front(Snapshot::default(), None);
    front.ask = mpsc::channel(1).0;
    for path in ["/", "/metrics", "/api/v1/targets", "/api/v1/alerts"] {
        assert_eq!(ask(front.clone(), "GET", path).await.0, 503, "{path}");
    }
}

#[tokio::test]
async fn a_reload_needs_leave_and_the_right_method() {
    let (front, _ready) = front(Snapshot::default(), None);
    let (status, _, text) = ask(front.clone(), "POST", "/-/reload").await;
    assert_eq!((status.as_u16(), text.trim()), (403, "Lifecycle API is not enabled."));
    let (status, _, text) = ask(front, "GET", "/-/reload").await;
    assert_eq!((status.as_u16(), text.trim()), (405, "Only POST or PUT requests allowed"));
}

#[tokio::test]
async fn a_reload_answers_with_its_outcome() {
    let (wish, mut wishes) = mpsc::channel::<ReloadRequest>(1);
    let (front, _ready) = front(Snapshot::default(), Some(wish));
    tokio::spawn(async move {
        for outcome in [Ok(()), Err("10-scrape.yaml: 3 complaints".to_owned())] {
            wishes.recv().await.unwrap().send(outcome).unwrap();
        }
    });
    assert_eq!(ask(front.clone(), "POST", "/-/reload").await.0, 200);
    let (status, _, text) = ask(front.clone(), "PUT", "/-/reload").await;
    assert_eq!(status, 500);
    assert!(text.contains("10-scrape.yaml: 3 complaints"));
    let from_afar = Request::post("/-/reload").header("sec-fetch-site", "cross-site");
    assert_eq!(send(front, from_afar.body(Body::empty()).unwrap()).await.0, 403);
}

#[tokio::test]
async fn targets_are_told_as_prometheus_tells_them() {
    let mut slow = target(metrics_module(), &[("job", "x"), ("__scheme__", "https")], Some(answer(404)));
    slow.late =
        Some(Late::Answered { after: Duration::from_millis(14_200), status: Some(200), body_bytes: 1 });
    let targets = vec![slow, target(http_module(), &[], None)];
    let (front, _ready) = front(Snapshot { targets, ..Snapshot::default() }, None);
    let (status, headers, text) = ask(front, "GET", "/api/v1/targets").await;
    assert_eq!((status.as_u16(), &headers["content-type"]), (200, &HeaderValue::from_static(JSON)));
    let answer = json(&text);
    assert_eq!(answer["status"], "success");
    let one = &answer["data"]["activeTargets"][0];
    assert_eq!(one["labels"], serde_json::json!({"instance": "a:1", "job": "x"}));
    assert_eq!(
        (&one["health"], &one["cause"], &one["phase"]),
        (&"failure".into(), &"http_status".into(), &"processing".into())
    );
    assert_eq!(one["lastDuration"], 2.5);
    assert_eq!(one["phases"], serde_json::json!({"resolve": 0.5, "processing": 2.0}));
    assert_eq!(one["status"], 404);
    assert_eq!(one["lateness"], serde_json::json!({"answered": {"after": 14.2, "status": 200}}));
    let other = &answer["data"]["activeTargets"][1];
    assert_eq!((&other["health"], &other["lastProbe"]), (&"pending".into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn a_series_is_told_with_what_prometheus_answered() {
    let targets = vec![target(query_module(), &[("worker", "w1")], Some(answered(4.0)))];
    let (front, _ready) = front(Snapshot { targets, ..Snapshot::default() }, None);
    let (_, _, text) = ask(front, "GET", "/api/v1/targets").await;
    let one = &json(&text)["data"]["activeTargets"][0];
    assert_eq!((&one["cause"], &one["value"]), (&"query_matched".into(), &4.0.into()));
}

#[tokio::test]
async fn alerts_are_told_with_the_step_to_go_to() {
    let url = "https://pages/armada/page.html#http-404-actions";
    let annotations = [("runbook_url", url), ("runbook_step", "HTTP 404")];
    let alerts =
        vec![alert(AlertState::Firing, "A", &annotations), alert(AlertState::Pending, "B", &annotations)];
    let (front, _ready) = front(Snapshot { alerts, ..Snapshot::default() }, None);
    let answer = json(&ask(front, "GET", "/api/v1/alerts").await.2);
    let one = &answer["data"]["alerts"][0];
    assert_eq!(one["state"], "firing");
    assert_eq!(one["activeAt"], "1970-01-12T13:46:40.000Z");
    assert_eq!(one["startsAt"], "1970-01-12T13:47:40.000Z");
    let step = serde_json::json!({
        "title": "HTTP 404", "url": url, "page": "/armada/page.html", "anchor": "http-404-actions"
    });
    assert_eq!(one["runbook"], step);
    assert_eq!(answer["data"]["alerts"][1]["startsAt"], serde_json::Value::Null);
}

#[tokio::test]
async fn the_page_leads_to_the_step_and_is_guarded() {
    let url = "https://pages/armada/page.html#http-404-actions";
    let annotations = [("runbook_url", url), ("runbook_step", "HTTP 404"), ("summary", "it is failing")];
    let alerts = vec![alert(AlertState::Firing, "A", &annotations)];
    let targets = vec![target(http_module(), &[], Some(refused()))];
    let (front, _ready) = front(Snapshot { targets, alerts, ..Snapshot::default() }, None);
    let (status, headers, text) = ask(front.clone(), "GET", "/").await;
    assert_eq!(status, 200);
    assert!(text.contains(&format!(r#"<a href="{url}" title="HTTP 404">HTTP 404</a>"#)), "{text}");
    assert!(text.contains("it is failing") && text.contains("connect_refused"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert_eq!(ask(front, "GET", "/style.css").await.1["content-type"], "text/css; charset=utf-8");
}

#[tokio::test]
async fn nothing_that_is_shown_becomes_markup_or_script() {
    let evil = "\"><script>alert(1)</script>'";
    let annotations = [
        ("runbook_url", "javascript:alert(1)"),
        ("runbook_before", "javascript:alert(2) https://pages/first.html"),
        ("runbook_step", evil),
        ("summary", evil),
        ("description", evil),
        ("call", evil),
        ("note", "ask <first>"),
    ];
    let alerts = vec![alert(AlertState::Firing, evil, &annotations)];
    let targets = vec![target(http_module(), &[("job", evil), ("instance", evil)], Some(answer(200)))];
    let (front, _ready) = front(Snapshot { targets, alerts, ..Snapshot::default() }, None);
    let text = ask(front, "GET", "/").await.2;
    assert!(!text.contains("<script") && !text.contains("href=\"javascript"), "{text}");
    assert!(text.contains(r#"<a href="https://pages/first.html">"#));
    assert_eq!(text.matches("&#60;script&#62;").count(), 7, "{text}");
    assert!(text.contains("<p class=\"words\">Note: ask &#60;first&#62;</p>"), "{text}");
}

/// A server on loopback; it stops when the sender is dropped.
async fn served() -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let targets = vec![target(http_module(), &[], Some(answer(200)))];
    let (front, make_ready) = front(Snapshot { targets, ..Snapshot::default() }, None);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let _ready = make_ready;
        serve(listener, front, Gate::open(), Prefix::default(), async { drop(stopped.await) }).await;
    });
    (address, stop, server)
}

async fn answer_to(stream: &mut TcpStream, request: &str) -> Vec<u8> {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn metrics_come_over_the_wire_and_compressed_to_who_asks_for_it() {
    let (address, _stop, _server) = served().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let plain = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let text = String::from_utf8(answer_to(&mut stream, plain).await).unwrap();
    assert!(text.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{text}");
    assert!(text.contains("probe_success{"));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let zipped = "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
    let bytes = answer_to(&mut stream, zipped).await;
    assert!(String::from_utf8_lossy(&bytes).contains("content-encoding: gzip\r\n"));
}

#[tokio::test]
async fn a_header_without_end_is_refused() {
    let (address, _stop, _server) = served().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(80 << 10));
    let mut answer = [0; 12];
    let (mut read, mut write) = stream.split();
    let (_, told) = tokio::join!(write.write_all(long.as_bytes()), read.read_exact(&mut answer));
    told.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
}

#[tokio::test]
async fn a_connection_too_many_waits_until_there_is_a_place() {
    let (address, _stop, _server) = served().await;
    let request = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut answer = [0; 12];
    let mut held = Vec::new();
    for _ in 0..256 + probing::tests::AT_ONCE {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        held.push(stream);
    }
    let mut late = TcpStream::connect(address).await.unwrap();
    late.write_all(request).await.unwrap();
    for stream in &mut held {
        stream.write_all(request).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
    }
    assert!(late.try_read(&mut answer).is_err_and(|it| it.kind() == std::io::ErrorKind::WouldBlock));
    drop(held);
    late.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn it_ends_when_it_is_told_to_although_somebody_holds_a_connection() {
    let (address, stop, server) = served().await;
    let mut held = TcpStream::connect(address).await.unwrap();
    held.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    held.read_exact(&mut first).await.unwrap();
    drop(stop);
    server.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
