//! The daemon's own web server: what people and Prometheus see of it. It shows a snapshot and changes
//! nothing, but for a reload where `--web.enable-lifecycle` allows it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::engine::Snapshot;

pub mod family;
pub mod metrics;
pub mod own;
pub mod probing;

mod api;
mod gate;
mod history;
mod listen;
mod page;
mod record;

pub use gate::Gate;
pub use own::{OwnMetrics, QueryResult};
pub use probing::{Asker, Probing, ProbingSettings, Way, Ways};

/// A question for a picture of the engine. Whoever owns the engine answers it.
pub type SnapshotRequest = oneshot::Sender<Arc<Snapshot>>;

/// A wish to read the drop-ins again. The answer is a complaint, or nothing where all are good.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

/// What the server needs of the rest of the program. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Front {
    /// Where a snapshot is asked for.
    pub ask: mpsc::Sender<SnapshotRequest>,
    /// The daemon's own metrics.
    pub own: OwnMetrics,
    /// Whether the first plan and the first targets are in.
    pub ready: watch::Receiver<bool>,
    /// Where a reload is asked for; none: the lifecycle API is off.
    pub reload: Option<mpsc::Sender<ReloadRequest>>,
    /// What `/probe` needs.
    pub probing: Probing,
}

impl Front {
    async fn snapshot(&self) -> Result<Arc<Snapshot>, Unavailable> {
        let (answer, question) = oneshot::channel();
        self.ask.send(answer).await.map_err(|_| Unavailable)?;
        question.await.map_err(|_| Unavailable)
    }
}

/// What stands before every path: `--web.route-prefix`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// Of a path, with or without slashes around it; none where it is no plain path.
    pub fn of(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '/' | '-' | '_' | '.' | '~');
        let is_sound = path.chars().all(is_plain) && !path.contains("//");
        is_sound.then(|| Self(if path.is_empty() { String::new() } else { format!("/{path}") }))
    }

    /// Paths outside of it that lead to the status page.
    fn led_from(&self) -> Vec<String> {
        if self.0.is_empty() { Vec::new() } else { vec!["/".to_owned(), self.0.clone()] }
    }
}

/// Answers on `listener` until `stop` comes; then for a moment what is being answered already.
pub async fn serve(
    listener: TcpListener,
    front: Front,
    gate: Gate,
    prefix: Prefix,
    stop: impl Future<Output = ()>,
) {
    let probes_max = front.probing.at_once_max();
    listen::accept(listener, router(front, &prefix), gate, probes_max, stop).await;
}

fn router(front: Front, prefix: &Prefix) -> Router {
    let reload =
        if front.reload.is_some() { post(reload).put(reload) } else { post(no_reload).put(no_reload) };
    let at = |path: &str| format!("{}{path}", prefix.0);
    let router = Router::new()
        .route(&at("/"), get(status_page))
        .route(&at("/style.css"), get(style))
        .route(&at("/metrics"), get(all_metrics))
        .route(&at("/api/v1/targets"), get(targets))
        .route(&at("/api/v1/alerts"), get(alerts))
        .route(&at("/config"), get(record::config))
        .route(&at("/logs"), get(record::logs))
        .route(&at("/probes"), get(record::history))
        .route(&at("/-/healthy"), get("Fingerpost is Healthy.\n"))
        .route(&at("/-/ready"), get(ready))
        .route(&at("/-/reload"), only_post_or_put(reload))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
        // It has the timeout of its question.
        .route(&at("/probe"), any(probing::probe));
    prefix
        .led_from()
        .into_iter()
        .fold(router, |router, path| {
            let home = (StatusCode::FOUND, [(header::LOCATION, at("/"))]);
            router.route(&path, get(async move || home))
        })
        .with_state(front)
        .layer(map_response(guarded))
        .layer(CompressionLayer::new())
}

/// Rules for browsers: nothing but our own style sheet is fetched, nothing is guessed, framed or kept.
async fn guarded(mut response: Response) -> Response {
    let rules = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in rules {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn status_page(State(front): State<Front>) -> Result<Response, Unavailable> {
    let snapshot = front.snapshot().await?;
    let now = SystemTime::now();
    written("text/html; charset=utf-8", move || page::render(&snapshot, now)).await
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/style.css"))
}

async fn all_metrics(State(front): State<Front>) -> Result<Response, Unavailable> {
    let snapshot = front.snapshot().await?;
    written(metrics::CONTENT_TYPE, move || metrics::render(&snapshot, &front.own)).await
}

async fn targets(State(front): State<Front>) -> Result<Response, Unavailable> {
    let snapshot = front.snapshot().await?;
    written(JSON, move || api::targets(&snapshot)).await
}

async fn alerts(State(front): State<Front>) -> Result<Response, Unavailable> {
    let snapshot = front.snapshot().await?;
    written(JSON, move || api::alerts(&snapshot)).await
}

async fn ready(State(front): State<Front>) -> (StatusCode, &'static str) {
    if *front.ready.borrow() {
        (StatusCode::OK, "Fingerpost is Ready.\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n")
    }
}

async fn reload(State(front): State<Front>, headers: HeaderMap) -> Response {
    if comes_from_another_site(&headers) {
        return (StatusCode::FORBIDDEN, "not from another site\n").into_response();
    }
    let Some(wishes) = front.reload else { return no_reload().await.into_response() };
    let (answer, outcome) = oneshot::channel();
    if wishes.send(answer).await.is_err() {
        return Unavailable.into_response();
    }
    match outcome.await {
        Ok(Ok(())) => StatusCode::OK.into_response(),
        Ok(Err(complaint)) => {
            let text = format!("failed to reload config: {complaint}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
        Err(_) => Unavailable.into_response(),
    }
}

/// Whether a browser says that a page of somebody else sent it here.
fn comes_from_another_site(headers: &HeaderMap) -> bool {
    headers.get(SEC_FETCH_SITE).is_some_and(|it| it != "same-origin" && it != "none")
}

async fn no_reload() -> (StatusCode, &'static str) {
    (StatusCode::FORBIDDEN, "Lifecycle API is not enabled.\n")
}

fn only_post_or_put(route: MethodRouter<Front>) -> MethodRouter<Front> {
    route.fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "Only POST or PUT requests allowed\n"))
}

/// An answer that is long to write: beside the threads that others wait for.
async fn written(
    content_type: &'static str,
    write: impl FnOnce() -> String + Send + 'static,
) -> Result<Response, Unavailable> {
    let body = tokio::task::spawn_blocking(write).await.map_err(|_| Unavailable)?;
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

/// The engine does not answer: it has not begun, or it has ended.
#[derive(Debug)]
struct Unavailable;

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n").into_response()
    }
}

/// An answer that is not begun after that time will not come.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const JSON: &str = "application/json";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
