//! Carries out attempts, each in a task of its own, and brings back what they saw. A mistake in one
//! ends that one alone.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio::task::{self, JoinSet};

use crate::cause::Judged;
use crate::dial::Dialer;
use crate::engine::{Attempt, AttemptId, Event};
use crate::serve::OwnMetrics;

/// The attempts that are under way. Dropping it calls all of them off.
#[derive(Debug)]
pub(super) struct Crew {
    dialer: Dialer,
    own: OwnMetrics,
    report: mpsc::UnboundedSender<Event>,
    under_way: JoinSet<()>,
    attempts: HashMap<task::Id, AttemptId>,
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

    /// Sends one out.
    pub(super) fn start(&mut self, attempt: Attempt) {
        let id = attempt.id;
        let carried_out = carry_out(self.dialer.clone(), self.own.clone(), attempt, self.report.clone());
        let task = self.under_way.spawn(carried_out);
        self.attempts.insert(task.id(), id);
    }

    /// Waits for the next attempt that was lost by a mistake of ours. May be dropped while waiting.
    pub(super) async fn lost(&mut self) -> AttemptId {
        loop {
            match self.under_way.join_next_with_id().await {
                Some(Ok((task, ()))) => {
                    self.attempts.remove(&task);
                }
                Some(Err(error)) => {
                    if let Some(lost) = self.attempts.remove(&error.id()) {
                        return lost;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }
}

async fn carry_out(dialer: Dialer, own: OwnMetrics, attempt: Attempt, report: mpsc::UnboundedSender<Event>) {
    let Attempt { id, probe, target, module, .. } = attempt;
    let (outcome, rest) = crate::probe::ask(&dialer, &module, &target).await;
    let judged = Box::new(Judged::new(&module, outcome));
    own.attempt(&probe, &judged);
    let _stopping = report.send(Event::Outcome { attempt: id, judged, reading_on: rest.is_some() });
    if let Some(rest) = rest {
        let late = rest.finish().await;
        let _stopping = report.send(Event::Late { attempt: id, late });
    }
}
