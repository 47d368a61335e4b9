use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::Request;
use tokio::sync::{Notify, oneshot};

use super::*;
use crate::engine::Snapshot;
use crate::outcome::{End, Fault, FaultKind, Outcome, Phase};
use crate::serve::sample::{
    answer as good, http_module, metrics_module, refused as closed, tcp_module, unknown,
};
use crate::serve::tests::{ask, front, send};
use crate::serve::{Gate, Prefix, serve};

/// How many attempts there can be at once.
pub(in crate::serve) const AT_ONCE: usize = 4;

fn ways() -> Arc<Ways> {
    let modules = [("http_2xx", http_module()), ("scrape", metrics_module()), ("tcp", tcp_module())];
    let way = |(name, module): (&str, Module)| {
        let module = Arc::new(Module { name: name.into(), ..module });
        (name.into(), Way { module, untimed: false, shown: "prober: it\n".into() })
    };
    let modules = modules.into_iter().map(way).collect();
    Arc::new(Ways { modules, shown: "# f\nmodules: {}\n".into(), ..Ways::default() })
}

fn probing(settings: ProbingSettings, asker: Asker) -> Probing {
    Probing::new(settings, watch::channel(ways()).1, asker)
}

/// A `/probe` behind which everybody refuses.
pub(in crate::serve) fn nobody() -> Probing {
    seeing(|_| closed())
}

/// A `/probe` behind which every target is seen so.
fn seeing(see: impl Fn(&Target) -> Outcome + Send + Sync + 'static) -> Probing {
    let see = Arc::new(see);
    let asker = Asker::new(move |module, target| {
        let see = Arc::clone(&see);
        async move { Judged::new(&module, see(&target)) }
    });
    probing(ProbingSettings { history_limit: 2, at_once_max: AT_ONCE, ..ProbingSettings::default() }, asker)
}

fn behind(probing: Probing) -> Front {
    let (mut front, _ready) = front(Snapshot::default(), None);
    front.probing = probing;
    front
}

async fn status(front: &Front, path: &str) -> (u16, String) {
    let (status, _, text) = ask(front.clone(), "GET", path).await;
    (status.as_u16(), text)
}

#[tokio::test]
async fn a_question_is_answered_with_metrics_whatever_came_of_it() {
    let front = behind(seeing(|target| match &*target.address {
        "good" => good(200),
        "ours" => unknown(),
        _ => closed(),
    }));
    for (target, success, cause) in
        [("good", "1", None), ("closed", "0", Some("connect_refused")), ("ours", "0", Some("local_fd"))]
    {
        let path = format!("/probe?target={target}");
        let (status, headers, text) = ask(front.clone(), "GET", &path).await;
        assert_eq!(
            (status.as_u16(), &headers["content-type"]),
            (200, &metrics::CONTENT_TYPE.parse().unwrap())
        );
        assert!(text.contains(&format!("\nprobe_success {success}\n")), "{text}");
        let told = cause.map(|it| format!("probe_cause_info{{cause=\"{it}\""));
        assert!(told.is_none_or(|it| text.contains(&it)), "{text}");
    }
    assert_eq!(ask(front.clone(), "POST", "/probe?target=good").await.0, 200);
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_told_in_the_exporters_order() {
    let front = behind(nobody());
    let with = |path: &str, timeout: &str| {
        let request = Request::get(path).header("X-Prometheus-Scrape-Timeout-Seconds", timeout);
        send(front.clone(), request.body(Body::empty()).unwrap())
    };
    let (status, headers, text) = with("/probe?module=x%22y", "nonsense").await;
    assert_eq!((status.as_u16(), &*text), (400, "Unknown module \"x\\\"y\"\n"));
    assert!(headers["content-type"] == PLAIN && headers["x-content-type-options"] == "nosniff");
    let (status, _, text) = with("/probe", "nonsense").await;
    assert!(status == 500 && text.starts_with("Failed to parse timeout from Prometheus header: "), "{text}");
    assert_eq!(with("/probe?target=a", "NaN").await.0, 400);
    let (status, _, text) = with("/probe?hostname=%0a", "5").await;
    assert_eq!((status.as_u16(), &*text), (400, "Target parameter is missing\n"));
    let (_, page) = self::status(&front, "/metrics").await;
    assert!(page.contains("\nblackbox_module_unknown_total 1\n"), "{page}");
}

#[tokio::test]
async fn the_document_is_told_to_who_wants_it_and_kept_for_later() {
    let front = behind(nobody());
    let (status, headers, document) =
        ask(front.clone(), "GET", "/probe?target=http://u:S1@a/&debug=true").await;
    assert_eq!((status.as_u16(), &headers["content-type"]), (200, &PLAIN.parse().unwrap()));
    assert!(
        document.contains("cause=connect_refused") && document.contains("http://u:xxxxx@a/"),
        "{document}"
    );
    assert!(
        document.ends_with("Module configuration:\nprober: it\n") && !document.contains("S1"),
        "{document}"
    );
    assert_eq!(self::status(&front, "/logs?id=0").await, (200, document.clone()));
    assert_eq!(self::status(&front, "/logs?target=http://u:S1@a/&module=http_2xx").await, (200, document));
    for (path, status) in [
        ("/logs", 400),
        ("/logs?id=0&target=a", 400),
        ("/logs?module=http_2xx", 400),
        ("/logs?id=first", 400),
        ("/logs?id=1", 404),
        ("/logs?target=a", 404),
        ("/logs?target=http://u:S1@a/&module=tcp", 404),
        ("/probes", 200),
    ] {
        let (seen, text) = self::status(&front, path).await;
        assert_eq!(seen, status, "{path} {text}");
        assert!(!text.contains("S1"), "{path} {text}");
    }
    assert_eq!(self::status(&front, "/config").await, (200, "# f\nmodules: {}\n".to_owned()));
}

#[tokio::test]
async fn what_policy_forbids_is_no_answer_about_the_target() {
    let denied = |phase| {
        let end = End::Fault(Fault { phase, kind: FaultKind::TargetDenied });
        Outcome::bare(std::time::SystemTime::now(), Duration::ZERO, end)
    };
    let front = behind(seeing(move |_| denied(Phase::Connect)));
    let (code, text) = status(&front, "/probe?target=localhost").await;
    assert!(code == 403 && text.starts_with("target_denied: ") && text.contains("--probe.allow"), "{text}");
    let (code, text) = status(&front, "/probe?target=localhost&debug=true").await;
    assert!(code == 200 && text.contains("cause=target_denied"), "{text}");
}

#[tokio::test]
async fn before_the_modules_are_read_none_of_them_is_unknown() {
    let (mut front, make_ready) = front(Snapshot::default(), None);
    let asker = Asker::new(|module, _| async move { Judged::new(&module, closed()) });
    front.probing = Probing::new(ProbingSettings::default(), watch::channel(Arc::default()).1, asker);
    let (status, headers, _) = ask(front.clone(), "GET", "/probe?target=a").await;
    assert_eq!((status.as_u16(), &headers["retry-after"]), (503, &"1".parse().unwrap()));
    make_ready.send_replace(true);
    assert_eq!(ask(front, "GET", "/probe?target=a").await.0, 400);
}

#[tokio::test]
async fn a_question_that_another_probe_sent_is_refused() {
    let request = Request::get("/probe?target=a").header(ASKED_FOR_OTHERS, "1");
    assert_eq!(send(behind(nobody()), request.body(Body::empty()).unwrap()).await.0, 508);
}

/// Counts how many attempts are under way.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn beyond_what_can_be_asked_at_once_whoever_asks_is_told_to_come_back() {
    let (begun, under_way) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (is_begun, count) = (Arc::clone(&begun), Arc::clone(&under_way));
    let asker = Asker::new(move |module, _| {
        count.fetch_add(1, Ordering::SeqCst);
        let (guard, is_begun) = (UnderWay(Arc::clone(&count)), Arc::clone(&is_begun));
        async move {
            is_begun.notify_one();
            std::future::pending::<()>().await;
            drop(guard);
            Judged::new(&module, closed())
        }
    });
    let front = behind(probing(ProbingSettings { at_once_max: 1, ..ProbingSettings::default() }, asker));
    let first = tokio::spawn(ask(front.clone(), "GET", "/probe?target=a"));
    begun.notified().await;
    let (status, headers, _) = ask(front.clone(), "GET", "/probe?target=b").await;
    assert_eq!((status.as_u16(), &headers["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(under_way.load(Ordering::SeqCst), 1);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(under_way.load(Ordering::SeqCst), 0, "who goes away ends the attempt");
    assert_eq!(front.probing.places.available_permits(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_the_attempt() {
    use tokio::io::AsyncWriteExt as _;
    let (ended, end) = oneshot::channel::<()>();
    let (ended, begun) = (std::sync::Mutex::new(Some(ended)), Arc::new(Notify::new()));
    let is_begun = Arc::clone(&begun);
    let asker = Asker::new(move |module, _| {
        let (ended, is_begun) = (ended.lock().unwrap().take(), Arc::clone(&is_begun));
        async move {
            is_begun.notify_one();
            std::future::pending::<()>().await;
            drop(ended);
            Judged::new(&module, closed())
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let front = behind(probing(ProbingSettings::default(), asker));
    let (gate, prefix) = (Gate::open(), Prefix::default());
    let server = tokio::spawn(serve(listener, front, gate, prefix, std::future::pending()));
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /probe?target=a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    begun.notified().await;
    drop(client);
    assert!(end.await.is_err(), "the attempt was dropped");
    server.abort();
}
