//! The alerts that are not inactive, and the clocks that run in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::condition::Failed;
use crate::labels::Labels;
use crate::rule::Rule;
use crate::target::TargetId;

use super::diagnosis::Diagnosis;
use super::ledger::Key;

/// All alerts that are not inactive, by name and target.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    live: BTreeMap<Key, Alarm>,
    timers: BTreeSet<(Duration, Key)>,
}

/// One alert of one target that is not inactive.
#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) rule: Rule,
    pub(super) labels: Labels,
    /// What of the labels could not be filled in.
    pub(super) unfilled: Vec<Failed>,
    pub(super) diagnosis: Diagnosis,
    /// The step that was counted last.
    counted: Option<Arc<str>>,
    timer: Option<Duration>,
}

impl Alarm {
    /// An alert that begins with this diagnosis.
    pub(super) fn new(labels: Labels, unfilled: Vec<Failed>, diagnosis: Diagnosis) -> Self {
        Self { rule: Rule::default(), labels, unfilled, diagnosis, counted: None, timer: None }
    }

    /// An alert that goes on where it stood before a restart.
    pub(super) fn recalled(rule: Rule, labels: Labels, diagnosis: Diagnosis) -> Self {
        Self { rule, ..Self::new(labels, Vec::new(), diagnosis) }
    }

    /// The name of the step, where it was not chosen before.
    pub(super) fn new_step(&mut self) -> Option<Arc<str>> {
        let step = self.diagnosis.step_name().filter(|it| self.counted.as_ref() != Some(it))?;
        self.counted = Some(Arc::clone(&step));
        Some(step)
    }
}

impl Alarms {
    pub(super) fn insert(&mut self, key: Key, alarm: Alarm) {
        self.live.insert(key, alarm);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Alarm> {
        self.set_timer(key, None);
        self.live.remove(key)
    }

    /// Wakes it at that time ([`crate::moment::Moment::up`]), and at no other.
    pub(super) fn set_timer(&mut self, key: &Key, at: Option<Duration>) {
        let Some(alarm) = self.live.get_mut(key).filter(|it| it.timer != at) else { return };
        if let Some(before) = std::mem::replace(&mut alarm.timer, at) {
            self.timers.remove(&(before, key.clone()));
        }
        self.timers.extend(at.map(|it| (it, key.clone())));
    }

    /// The next one whose time has come; its timer is off then.
    pub(super) fn pop_ripe(&mut self, now: Duration) -> Option<Key> {
        let (_, key) = self.timers.first().filter(|(at, _)| *at <= now)?;
        let key = key.clone();
        self.set_timer(&key, None);
        Some(key)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut Alarm> {
        self.live.get_mut(key)
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Alarm> {
        self.live.get(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Alarm)> {
        self.live.iter()
    }

    /// Those of one alert.
    pub(super) fn of(&self, alert: &Arc<str>) -> impl Iterator<Item = &Key> {
        let end = |target| Key { alert: Arc::clone(alert), target: TargetId(target) };
        self.live.range(end(0)..=end(u64::MAX)).map(|(key, _)| key)
    }

    pub(super) fn next_wakeup(&self) -> Option<Duration> {
        self.timers.first().map(|(at, _)| *at)
    }
}
