//! Connections to the server, and the limits that they have.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::gate::Gate;
use super::probing::TIMEOUT_MAX;

/// Takes connections until `stop` comes, then waits a moment for those that are being answered.
/// `probes_max` of them may wait for a `/probe`, besides all others.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    gate: Gate,
    probes_max: usize,
    stop: impl Future<Output = ()>,
) {
    let mut hall = Hall::new(CONNECTIONS_MAX + probes_max);
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, client) = tokio::select! {
            () = &mut stop => break,
            next = next(&listener) => next,
        };
        while connections.try_join_next().is_some() {}
        let Some(entrance) = hall.entrance(client) else {
            debug!(%client, "a client has too many connections on which it has said nothing");
            continue;
        };
        connections.spawn(receive(stream, entrance, router.clone(), gate.clone(), stopped.clone()));
    }
    drop(listener);
    stopping.send_replace(());
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        debug!("connections were cut at the end");
    }
}

/// The next connection, and whose it is.
async fn next(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip().to_canonical()),
            Err(error) => {
                warn!(%error, "a connection could not be taken");
                sleep(AFTER_ERROR).await;
            }
        }
    }
}

/// Who may be inside, and who waits to come in. Whoever opens many connections and says nothing on
/// them waits for himself alone.
struct Hall {
    places: Arc<Semaphore>,
    /// Of each client, for connections on which it has not asked yet.
    silent: HashMap<IpAddr, Arc<Semaphore>>,
    waiting: Arc<Semaphore>,
}

/// What a connection needs to come in.
struct Entrance {
    places: Arc<Semaphore>,
    silent: Arc<Semaphore>,
    /// None where it need not wait.
    waiting: Option<OwnedSemaphorePermit>,
}

impl Hall {
    fn new(places: usize) -> Self {
        let (places, waiting) = (Arc::new(Semaphore::new(places)), Arc::new(Semaphore::new(WAITING_MAX)));
        Self { places, silent: HashMap::new(), waiting }
    }

    /// None where too many wait already.
    fn entrance(&mut self, client: IpAddr) -> Option<Entrance> {
        if self.silent.len() >= CLIENTS_KNOWN_MAX {
            self.silent
                .retain(|_, it| Arc::strong_count(it) > 1 || it.available_permits() < SILENT_OF_ONE_MAX);
        }
        let of_client =
            self.silent.entry(client).or_insert_with(|| Arc::new(Semaphore::new(SILENT_OF_ONE_MAX)));
        let (places, silent) = (Arc::clone(&self.places), Arc::clone(of_client));
        let waiting = if silent.available_permits() > 0 {
            None
        } else {
            Some(Arc::clone(&self.waiting).try_acquire_owned().ok()?)
        };
        Some(Entrance { places, silent, waiting })
    }
}

impl Entrance {
    /// Waits to come in; none where nobody made room in time.
    async fn pass(self) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let silent = timeout(HEADER_WITHIN, self.silent.acquire_owned()).await.ok()?.ok()?;
        drop(self.waiting);
        let place = timeout(PLACE_WITHIN, self.places.acquire_owned()).await.ok()?.ok()?;
        Some((silent, place))
    }
}

/// What a connection is answered with.
#[derive(Clone)]
struct Visit {
    router: Router,
    gate: Gate,
    /// Given back with the first request.
    silent: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

async fn receive(
    stream: TcpStream,
    entrance: Entrance,
    router: Router,
    gate: Gate,
    stopped: watch::Receiver<()>,
) {
    let Some((silent, _place)) = entrance.pass().await else { return };
    let visit = Visit { router, gate, silent: Arc::new(Mutex::new(Some(silent))) };
    let rules = visit.gate.rules().await;
    let Some(reception) = &rules.reception else {
        return over_http1(stream, visit, stopped).await;
    };
    match timeout(HEADER_WITHIN, reception.take_in(stream)).await {
        Ok(Ok((stream, true))) => over_http2(stream, visit, stopped).await,
        Ok(Ok((stream, false))) => over_http1(stream, visit, stopped).await,
        Ok(Err(error)) => debug!(%error, "a handshake failed"),
        Err(_) => debug!("a handshake took too long"),
    }
}

async fn over_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    visit: Visit,
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(move |request| reply(visit.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .max_header_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let end = tokio::select! {
        end = connection.as_mut() => Some(end),
        () = sleep(CONNECTION_WITHIN) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER_WITHIN, connection).await.ok()
        }
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.ok()
        }
    };
    tell(end);
}

async fn over_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    visit: Visit,
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(move |request| reply(visit.clone(), request));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEADER_BYTES_MAX).expect("the limit of a head is small"))
        .max_concurrent_streams(STREAMS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let end = tokio::select! {
        end = connection.as_mut() => Some(end),
        () = sleep(CONNECTION_WITHIN) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER_WITHIN, connection).await.ok()
        }
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.ok()
        }
    };
    tell(end);
}

fn tell(end: Option<hyper::Result<()>>) {
    match end {
        Some(Ok(())) => {}
        Some(Err(error)) => debug!(%error, "a connection ended badly"),
        None => debug!("a connection was held for too long"),
    }
}

/// Answers one request, where the gate lets it in.
async fn reply(visit: Visit, request: Request<Incoming>) -> Result<Response, Infallible> {
    visit.silent.lock().expect("nobody panics while giving it back").take();
    let rules = visit.gate.rules().await;
    let mut response = match rules.admit(request.headers()).await {
        Ok(()) => TowerToHyperService::new(visit.router).call(request).await?,
        Err(refusal) => refusal,
    };
    rules.dress(&mut response);
    Ok(response)
}

/// One for each connection that nobody waits on for a `/probe`.
const CONNECTIONS_MAX: usize = 256;
/// Connections of one client on which it has not asked yet. Others of it wait, as long as a head may
/// take, and of all clients no more than these.
const SILENT_OF_ONE_MAX: usize = 32;
const WAITING_MAX: usize = 1024;
/// Clients that are remembered before those are forgotten who have gone.
const CLIENTS_KNOWN_MAX: usize = 1024;
/// How long a connection waits for its place.
const PLACE_WITHIN: Duration = Duration::from_secs(30);
/// From the connection's beginning, or the last answer, to the end of a request's header; and for the
/// handshake of TLS.
const HEADER_WITHIN: Duration = Duration::from_secs(5);
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Requests at once on one connection of HTTP/2.
const STREAMS_MAX: u32 = 32;
/// After that time a connection takes no further request: else who never reads keeps his place.
const CONNECTION_WITHIN: Duration = Duration::from_mins(2);
/// For the answer that is under way then.
const LAST_ANSWER_WITHIN: Duration = TIMEOUT_MAX.saturating_add(Duration::from_secs(5));
/// For answers under way when we stop.
const GRACE: Duration = Duration::from_secs(2);
/// Without descriptors, accepting fails at once: this keeps it from spinning.
const AFTER_ERROR: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
