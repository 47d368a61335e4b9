//! Interface only.
use crate::cause::Judged;
use crate::labels::Labels;
use crate::moment::Moment;
use crate::notification::Notification;
use crate::outcome::Late;
use crate::plan::Plan;
use crate::runbook::Runbook;
use crate::spec::Module;
use crate::target::{Target, TargetId, TargetSet};
use crate::view::CheckAnswer;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One thing to ask, once, until when.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Comes back with the outcome.
    pub id: AttemptId,
    /// The probe's name.
    pub probe: Arc<str>,
    /// Whom to ask.
    pub target: Arc<Target>,
    /// How to ask; it holds the timeout and the patience.
    pub module: Arc<Module>,
    /// When it was due ([`Moment::up`]): what has passed since is the schedule's lag.
    pub due: Duration,
}
/// Names an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub u64);

/// What happens to the engine.
#[derive(Clone, Debug)]
pub enum Event {
    /// Nothing but time has passed.
    Woken,
    /// Other drop-ins are in force.
    Plan(Arc<Plan>),
    /// Other runbook pages are there (they give steps their titles).
    Runbook(Arc<Runbook>),
    /// Discovery knows these targets now.
    Targets(TargetSet),
    /// An attempt has its verdict. `reading_on`: the prober still waits for a late answer, and a `Late` will follow.
    Outcome { attempt: AttemptId, judged: Box<Judged>, reading_on: bool },
    /// What came after the verdict.
    Late { attempt: AttemptId, late: Late },
    /// A follow-up check has its answer (`alert`, `check`, and the labels of the scope it was for).
    Checked { alert: Arc<str>, check: Arc<str>, labels: Labels, answer: Box<CheckAnswer> },
    /// Prometheus has answered, or (`None`) could not.
    Answered { alert: Arc<str>, query: Arc<str>, labels: Labels, value: Option<f64> },
    /// Alerts that others fire now: all of them, each with `alertname`.
    Others(Vec<Labels>),
}

/// What the engine wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Ask.
    Probe(Attempt),
    /// Tell.
    Notify(Notification),
}

/// Everything, as it stands now, for those who look.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub targets: Vec<TargetStatus>,
    pub alerts: Vec<AlertStatus>,
    pub counters: Counters,
}
/// One target as it stands.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    pub id: TargetId,
    pub probe: Arc<str>,
    pub target: Arc<Target>,
    pub module: Arc<Module>,
    /// The latest outcome and its verdict; none before the first.
    pub judged: Option<Arc<Judged>>,
    /// The late answer to it.
    pub late: Option<Late>,
    /// Since when the verdict is what it is.
    pub since: Option<SystemTime>,
    /// When it is asked next.
    pub next_in: Duration,
}
/// States of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    Pending,
    Firing,
    /* firing, and held back by another */ Inhibited,
}
/// One alert that is not inactive.
#[derive(Clone, Debug)]
pub struct AlertStatus {
    pub state: AlertState,
    pub notification: Notification,
    /// since when it is pending
    pub active_at: SystemTime,
    pub target: TargetId,
    pub step: Option<crate::runbook::Step>,
    /// by which alert it is held back
    pub inhibited_by: Option<Arc<str>>,
}
/// Counts since the start.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Ticks that were skipped by probe.
    pub missed: BTreeMap<Arc<str>, u64>,
    /// Rows chosen by alert and step (the anchor or the page).
    pub steps: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// Conditions and templates that failed at night, by alert.
    pub expression_errors: BTreeMap<Arc<str>, u64>,
}
/// The engine.
#[derive(Debug)]
pub struct Engine(());
/// How the engine is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    pub seed: u64,
    pub concurrency: usize,
    pub base_url: url::Url,
    pub spread: Spread,
}
/// Whether first attempts are spread over the interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    ByHash,
    Together,
}
impl Engine {
    /// New.
    pub fn new(_settings: Settings, _now: Moment) -> Self {
        unimplemented!()
    }
    /// Takes in what happened.
    pub fn handle(&mut self, _now: Moment, _event: Event) -> Vec<Effect> {
        unimplemented!()
    }
    /// When it wants to be woken at the latest (by [`Moment::up`]).
    pub fn next_wakeup(&self) -> Option<Duration> {
        unimplemented!()
    }
    /// A picture.
    pub fn snapshot(&self, _now: Moment) -> Snapshot {
        unimplemented!()
    }
}
