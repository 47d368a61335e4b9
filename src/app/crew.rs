//! Carries out attempts, each in a task of its own, and brings back what they saw. A mistake in one
//! ends that one alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tracing::error;

use crate::cause::{Judged, Verdict};
use crate::dial::Dialer;
use crate::engine::{Attempt, AttemptId, Event};
use crate::outcome::{End, Outcome, OwnSide};
use crate::serve::OwnMetrics;

/// The attempts that are under way. Dropping it calls all of them off.
#[derive(Debug)]
pub(super) struct Crew {
    dialer: Dialer,
    own: OwnMetrics,
    report: mpsc::UnboundedSender<Event>,
    under_way: JoinSet<()>,
    attempts: HashMap<task::Id, (AttemptId, Arc<str>)>,
}

impl Crew {
    /// Nobody is under way yet. What comes back goes to `report`; the engine bounds how many
    /// attempts there are, and so how much can wait there.
    pub(super) fn new(dialer: Dialer, own: OwnMetrics, report: mpsc::UnboundedSender<Event>) -> Self {
        Self { dialer, own, report, under_way: JoinSet::new(), attempts: HashMap::new() }
    }

    /// Attempts begin with this dialer from now on.
    pub(super) fn dial_with(&mut self, dialer: Dialer) {
        self.dialer = dialer;
    }

    /// Sends one out; `up` is now.
    pub(super) fn start(&mut self, attempt: Attempt, up: Duration) {
        let (id, probe) = (attempt.id, Arc::clone(&attempt.probe));
        // Until when it may begin.
        let latest = Instant::now() + (attempt.due + attempt.late_after.min(LATE_MAX)).saturating_sub(up);
        let (dialer, own, report) = (self.dialer.clone(), self.own.clone(), self.report.clone());
        self.send_out(id, probe, carry_out(dialer, own, attempt, latest, report));
    }

    fn send_out(&mut self, id: AttemptId, probe: Arc<str>, work: impl Future<Output = ()> + Send + 'static) {
        let task = self.under_way.spawn(work);
        self.attempts.insert(task.id(), (id, probe));
    }

    /// Waits for the next attempt that was lost by a mistake of ours, and brings what is said of it: nothing
    /// about the target. May be dropped while waiting.
    pub(super) async fn lost(&mut self) -> Event {
        loop {
            match self.under_way.join_next_with_id().await {
                Some(Ok((task, ()))) => {
                    self.attempts.remove(&task);
                }
                Some(Err(error)) => {
                    if let Some((lost, probe)) = self.attempts.remove(&error.id()) {
                        error!(probe = &*probe, attempt = lost.0, "an attempt was lost by a mistake of ours");
                        let judged = ours(OwnSide::Internal);
                        self.own.attempt(&probe, &judged);
                        let judged = Box::new(judged);
                        return Event::Outcome { attempt: lost, judged, reading_on: false };
                    }
                }
                None => std::future::pending().await,
            }
        }
    }
}

async fn carry_out(
    dialer: Dialer,
    own: OwnMetrics,
    attempt: Attempt,
    latest: Instant,
    report: mpsc::UnboundedSender<Event>,
) {
    let Attempt { id, probe, target, module, .. } = attempt;
    // Whoever begins so late has no time for it either: asking would only take it from others.
    if Instant::now() > latest {
        let judged = Box::new(ours(OwnSide::Overrun));
        own.attempt(&probe, &judged);
        let _stopping = report.send(Event::Outcome { attempt: id, judged, reading_on: false });
        return;
    }
    let (outcome, rest) = crate::probe::ask(&dialer, &module, &target).await;
    let judged = Box::new(Judged::new(&module, outcome));
    own.attempt(&probe, &judged);
    let _stopping = report.send(Event::Outcome { attempt: id, judged, reading_on: rest.is_some() });
    if let Some(rest) = rest {
        let late = rest.finish().await;
        let _stopping = report.send(Event::Late { attempt: id, late });
    }
}

/// What is said of an attempt that has seen nothing, because of us.
fn ours(own: OwnSide) -> Judged {
    let outcome = Outcome::bare(SystemTime::now(), Duration::ZERO, End::Unknown(own));
    Judged { verdict: Verdict::Unknown(own), outcome }
}

/// Where no interval is known, an attempt may begin this late.
const LATE_MAX: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use crate::labels::Labels;
    use crate::spec::{DialSpec, Module, Prober, TcpSpec, TlsSpec};
    use crate::target::Target;

    use super::*;

    fn crew() -> (Crew, OwnMetrics, mpsc::UnboundedReceiver<Event>) {
        let (report, reports) = mpsc::unbounded_channel();
        let own = OwnMetrics::new("1");
        (Crew::new(Dialer::asking(&[]), own.clone(), report), own, reports)
    }

    fn verdict(event: &Event) -> (AttemptId, Verdict) {
        match event {
            Event::Outcome { attempt, judged, reading_on: false } => (*attempt, judged.verdict),
            other => panic!("{other:?}"),
        }
    }

    /// Nobody listens at port 1 of loopback.
    fn attempt(id: u64, due: Duration) -> Attempt {
        let (dial, starttls) = (DialSpec::default(), TlsSpec::default());
        let prober = Prober::Tcp(TcpSpec { dial, tls: None, starttls, query_response: Vec::new() });
        let timeout = Duration::from_mins(1);
        let module =
            Module { name: "m".into(), timeout, patience: timeout, connect_timeout: None, prober }.into();
        let target = Target::new("127.0.0.1:1", &Labels::default()).into();
        let late_after = Duration::from_secs(30);
        Attempt { id: AttemptId(id), probe: "p".into(), target, module, due, late_after }
    }

    #[tokio::test]
    async fn a_mistake_of_ours_ends_one_attempt_is_counted_and_says_nothing_about_its_target() {
        let (mut crew, own, mut reports) = crew();
        crew.send_out(AttemptId(7), "p".into(), async { panic!("a mistake, for a test") });
        crew.start(attempt(8, Duration::ZERO), Duration::ZERO);
        let (lost, heard) = tokio::join!(crew.lost(), reports.recv());
        assert_eq!(verdict(&lost), (AttemptId(7), Verdict::Unknown(OwnSide::Internal)));
        let (other, seen) = verdict(&heard.unwrap());
        assert_eq!((other, seen.cause_name()), (AttemptId(8), "connect_refused"));
        let counted = own.written();
        assert!(counted.contains(r#"{cause="internal",probe="p",verdict="unknown"} 1"#), "{counted}");
    }

    #[tokio::test]
    async fn an_attempt_that_begins_an_interval_late_does_not_ask() {
        let (mut crew, _, mut reports) = crew();
        let due = Duration::from_secs(100);
        for (id, late) in [(1, 29), (2, 31)] {
            crew.start(attempt(id, due), due + Duration::from_secs(late));
            let (_, verdict) = verdict(&reports.recv().await.unwrap());
            assert_eq!(
                verdict == Verdict::Unknown(OwnSide::Overrun),
                late > 30,
                "{late} s late: {verdict:?}"
            );
        }
    }
}
