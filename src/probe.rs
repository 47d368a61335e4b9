//! Asks one target once, as its module says, and reports what was seen. Whether that is good is
//! left to `cause`; when to ask, to the schedule.
//!
//! One absolute deadline ends it, whatever it is doing then; and everything that it reads has a
//! bound. An attempt that is dropped is over: its connection is closed, and none of its tasks goes on.

mod body;
mod brotli;
mod follow;
mod grpc;
mod http;
mod metrics;
mod path;
mod query;
mod talk;
mod tcp;
mod websocket;
mod tls;
mod unix;

use std::fmt;
use std::pin::Pin;

use tokio::time::{Instant, timeout_at};

use crate::dial::{Dialer, Trail};
use crate::outcome::{End, Late, Outcome};
use crate::spec::{Module, Prober};
use crate::target::Target;

/// Asks `target` as `module` says. What was seen is there after the module's timeout at the latest.
///
/// Where the timeout came first and the module has more patience, the exchange is not given up: it
/// goes on within [`ReadingOn::finish`].
pub async fn ask<'a>(
    dialer: &'a Dialer,
    module: &'a Module,
    target: &'a Target,
) -> (Outcome, Option<ReadingOn<'a>>) {
    let trail = Trail::begin();
    let mut exchange: Exchange<'a> = Box::pin(converse(dialer, module, target, trail.clone()));
    if let Ok(end) = timeout_at(trail.begun() + module.timeout, &mut exchange).await {
        return (trail.outcome(end), None);
    }
    let outcome = trail.cut_off();
    let until = trail.begun() + module.patience;
    let is_patient = module.patience > module.timeout;
    (outcome, is_patient.then_some(ReadingOn { exchange, trail, until }))
}

/// An exchange whose verdict is given, and whose answer may still come.
#[must_use = "the exchange ends when this is dropped"]
pub struct ReadingOn<'a> {
    exchange: Exchange<'a>,
    trail: Trail,
    until: Instant,
}

impl fmt::Debug for ReadingOn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadingOn").field("until", &self.until).finish_non_exhaustive()
    }
}

impl ReadingOn<'_> {
    /// What still came until the module's patience was over, measured from the beginning.
    pub async fn finish(mut self) -> Late {
        let Ok(end) = timeout_at(self.until, &mut self.exchange).await else {
            return Late::Silent { waited: self.trail.cut_off().duration };
        };
        let outcome = self.trail.outcome(end);
        match outcome.end {
            End::Reply => Late::Answered {
                after: outcome.duration,
                status: outcome.http.as_ref().map(|it| it.status),
                body_bytes: outcome.http.as_ref().map_or(0, |it| it.body_bytes),
            },
            End::Fault(fault) => Late::Failed { after: outcome.duration, fault },
            End::Unknown(own) => Late::Unknown(own),
        }
    }
}

type Exchange<'a> = Pin<Box<dyn Future<Output = End> + Send + 'a>>;

async fn converse(dialer: &Dialer, module: &Module, target: &Target, trail: Trail) -> End {
    let result = match &module.prober {
        Prober::Http(spec) => http::ask(dialer, module, spec, target, &trail).await,
        Prober::Metrics(spec) => metrics::ask(dialer, module, spec, target, &trail).await,
        Prober::Tcp(spec) => tcp::ask(dialer, module, spec, target, &trail).await,
        Prober::Grpc(spec) => grpc::ask(dialer, module, spec, target, &trail).await,
        Prober::WebSocket(spec) => websocket::ask(dialer, module, spec, target, &trail).await,
        Prober::Tls(spec) => tls::ask(dialer, module, spec, target, &trail).await,
        Prober::Unix(spec) => unix::ask(dialer, module, spec, target, &trail).await,
        Prober::Path(spec) => path::ask(dialer, module, spec, target, &trail).await,
        Prober::Query(spec) => query::ask(dialer, module, spec, &trail).await,
    };
    match result {
        Ok(()) => End::Reply,
        Err(trouble) => trail.end(trouble),
    }
}

#[cfg(test)]
mod lab;
#[cfg(test)]
mod tests;
