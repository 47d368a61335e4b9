//! Everything as it stands at one moment, for those who look: pages, metrics, scenes. It holds no
//! handle to live state; what it shares is never changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cause::Judged;
use crate::notification::Notification;
use crate::outcome::Late;
use crate::runbook::Step;
use crate::spec::Module;
use crate::target::{Target, TargetId};

/// Everything, as it stands now.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Every target of every probe, by probe and address.
    pub targets: Vec<TargetStatus>,
    /// Every alert that is not inactive, by name and target.
    pub alerts: Vec<AlertStatus>,
    /// Counts since the start.
    pub counters: Counters,
}

/// One target as it stands.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    /// Who it is.
    pub id: TargetId,
    /// The probe's name.
    pub probe: Arc<str>,
    /// Its address and all of its labels.
    pub target: Arc<Target>,
    /// How it is asked.
    pub module: Arc<Module>,
    /// The latest outcome and its verdict; none before the first.
    pub judged: Option<Arc<Judged>>,
    /// The late answer. While the prober still reads on and the verdict is the same as before, it is
    /// the one to the attempt before.
    pub late: Option<Late>,
    /// Since when the verdict is of its kind (success, failure, unknown).
    pub since: Option<SystemTime>,
    /// How long it is until it is asked next; zero while it waits for a place.
    pub next_in: Duration,
}

impl TargetStatus {
    /// It is a series of the answer to a question, and not asked for itself.
    pub fn is_series(&self) -> bool {
        self.module.prober.asks_for_series() && !self.target.labels.is_empty()
    }
}

/// States of an alert that is not inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Its condition holds, and not yet for long enough.
    Pending,
    /// It fires.
    Firing,
    /// It fires, and is held back while another alert does.
    Inhibited,
}

/// One alert that is not inactive.
#[derive(Clone, Debug)]
pub struct AlertStatus {
    /// Its state.
    pub state: AlertState,
    /// All that a person reads, as of the target's latest reading: fresher than what was sent where
    /// nothing of weight has changed. While it is pending, `starts_at` is `active_at`.
    pub notification: Notification,
    /// Since when it is pending, or was before it fired.
    pub active_at: SystemTime,
    /// Whom it is about.
    pub target: TargetId,
    /// The step that was chosen; none where the alert names no page.
    pub step: Option<Step>,
    /// The alert that holds it back.
    pub inhibited_by: Option<Arc<str>>,
}

/// Counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Ticks that were skipped, by probe.
    pub missed: BTreeMap<Arc<str>, u64>,
    /// How often a firing alert chose a row, by alert and step (the anchor, or the page where there
    /// is none). The default row is among them; choosing the same again does not count.
    pub steps: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// Conditions and templates that could not be evaluated, by alert.
    pub expression_errors: BTreeMap<Arc<str>, u64>,
    /// Alerts that fired with exactly the labels of another that fires already, by alert: they are
    /// shown, and the other one speaks for both.
    pub duplicates: BTreeMap<Arc<str>, u64>,
}
