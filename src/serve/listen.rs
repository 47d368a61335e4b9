//! Connections to the server, and the limits that they have.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Takes connections until `stop` comes, then waits a moment for those that are being answered.
pub(super) async fn accept(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stopping, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, place) = tokio::select! {
            () = &mut stop => break,
            next = next(&listener, &places) => next,
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(answer(stream, router.clone(), stopped.clone(), place));
    }
    drop(listener);
    stopping.send_replace(());
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        debug!("connections were cut at the end");
    }
}

/// The next connection, once there is a place for it; until then it waits in the kernel.
async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("the places are never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                warn!(%error, "a connection could not be taken");
                sleep(AFTER_ERROR).await;
            }
        }
    }
}

async fn answer(
    stream: TcpStream,
    router: Router,
    mut stopped: watch::Receiver<()>,
    _place: OwnedSemaphorePermit,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .max_header_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let end = tokio::select! {
        end = timeout(CONNECTION_WITHIN, connection.as_mut()) => end,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await
        }
    };
    match end {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "a connection ended badly"),
        Err(_) => debug!("a connection was held for too long"),
    }
}

const CONNECTIONS_MAX: usize = 256;
/// From the connection's beginning, or the last answer, to the end of a request's header.
const HEADER_WITHIN: Duration = Duration::from_secs(5);
const HEADER_BYTES_MAX: usize = 64 << 10;
/// A connection is closed after that time, whatever it does: else who never reads keeps his place.
const CONNECTION_WITHIN: Duration = Duration::from_mins(2);
/// For answers under way when we stop.
const GRACE: Duration = Duration::from_secs(2);
/// Without descriptors, accepting fails at once: this keeps it from spinning.
const AFTER_ERROR: Duration = Duration::from_millis(100);
