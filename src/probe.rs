//! Asks one target once, as its module says, and reports what was seen. Whether that is good is
//! left to `cause`; when to ask, to the schedule.
//!
//! One absolute deadline ends it, whatever it is doing then; and everything that it reads has a
//! bound. An attempt that is dropped is over: its connection is closed, and none of its tasks goes on.

mod body;
mod dns;
mod error_queue;
mod brotli;
mod follow;
mod grpc;
mod http;
mod icmp;
mod inflate;
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
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::dial::{Dialer, Trail, Vigil};
use crate::outcome::{End, Fault, FaultKind, Late, Outcome, OwnSide};
use crate::spec::{Module, Prober};
use crate::target::Target;

/// Asks `target` as `module` says. What was seen is there after the module's timeout at the latest, and
/// for as long again as we ourselves stood still meanwhile: nobody is blamed for time that we have lost.
///
/// Where the timeout came first and the module has more patience, the exchange is not given up: it
/// goes on within [`ReadingOn::finish`].
pub async fn ask<'a>(
    dialer: &'a Dialer,
    module: &'a Module,
    target: &'a Target,
) -> (Outcome, Option<ReadingOn<'a>>) {
    let trail = Trail::begin();
    let mut awake = Awake::begin(dialer);
    let mut exchange: Exchange<'a> = Box::pin(converse(dialer, module, target, trail.clone()));
    let deadline = trail.begun() + module.timeout;
    let mut until = deadline;
    loop {
        if let Ok(end) = timeout_at(until, &mut exchange).await {
            return (awake.attest(module, trail.outcome(end)), None);
        }
        awake.woken_late(until);
        let lost = awake.lost();
        if deadline + lost <= until || lost >= module.timeout {
            break;
        }
        until = deadline + lost;
    }
    let outcome = awake.attest(module, trail.cut_off());
    let until = trail.begun() + module.patience;
    let is_open = match outcome.end {
        End::Reply | End::Fault(_) => module.patience > module.timeout,
        End::Unknown(_) => false,
    };
    (outcome, is_open.then_some(ReadingOn { exchange, trail, until, awake }))
}

/// An exchange whose verdict is given, and whose answer may still come.
#[must_use = "the exchange ends when this is dropped"]
pub struct ReadingOn<'a> {
    exchange: Exchange<'a>,
    trail: Trail,
    until: Instant,
    awake: Awake,
}

impl fmt::Debug for ReadingOn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadingOn").field("until", &self.until).finish_non_exhaustive()
    }
}

impl ReadingOn<'_> {
    /// What still came until the module's patience was over, measured from the beginning.
    pub async fn finish(mut self) -> Late {
        let answer = timeout_at(self.until + self.awake.lost(), &mut self.exchange).await;
        if self.awake.was_paused() {
            return Late::Unknown(OwnSide::Paused);
        }
        let Ok(end) = answer else {
            let waited = self.trail.cut_off().duration;
            let starved = is_half_lost(self.awake.lost(), waited);
            return if starved { Late::Unknown(OwnSide::Overrun) } else { Late::Silent { waited } };
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

/// Whether we were there ourselves while an attempt was under way.
#[derive(Debug)]
struct Awake {
    vigil: Vigil,
    /// What the attempt's own timer was late.
    late: Duration,
}

impl Awake {
    fn begin(dialer: &Dialer) -> Self {
        Self { vigil: dialer.pulse().watch(), late: Duration::ZERO }
    }

    /// The timer that was set for `due` has woken us only now.
    fn woken_late(&mut self, due: Instant) {
        let late = Instant::now().saturating_duration_since(due);
        if late > LATE_LEAST {
            self.late += late;
        }
    }

    /// For how long we did not look.
    fn lost(&self) -> Duration {
        self.vigil.stalled().max(self.late)
    }

    fn was_paused(&self) -> bool {
        self.vigil.pauses() > 0
    }

    /// The outcome, if we were there to see it; else that we were not.
    fn attest(&self, module: &Module, outcome: Outcome) -> Outcome {
        let lost = self.lost();
        let missed = match outcome.end {
            // The measuring itself has hung on our timers.
            End::Reply if outcome.path.is_some() => is_half_lost(lost, outcome.duration),
            // It came after the deadline, and might have been in time had we looked.
            End::Reply => {
                outcome.duration > module.timeout && outcome.duration.saturating_sub(lost) <= module.timeout
            }
            End::Fault(Fault { kind: FaultKind::TimedOut, .. }) => is_half_lost(lost, outcome.duration),
            End::Fault(_) | End::Unknown(_) => false,
        };
        let end = match outcome.end {
            End::Reply | End::Fault(_) if self.was_paused() => End::Unknown(OwnSide::Paused),
            End::Reply | End::Fault(_) if missed => End::Unknown(OwnSide::Overrun),
            end => end,
        };
        Outcome { end, ..outcome }
    }
}

/// Whether we stood still for at least half of that time: then what did not come says nothing.
fn is_half_lost(lost: Duration, time: Duration) -> bool {
    !lost.is_zero() && lost.saturating_mul(2) >= time
}

/// A timer that is later than this was kept from running.
const LATE_LEAST: Duration = Duration::from_millis(20);

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
        Prober::Dns(spec) => dns::ask(dialer, module, spec, target, &trail).await,
        Prober::Icmp(spec) => icmp::ask(dialer, spec, target, &trail).await,
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
