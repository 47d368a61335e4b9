//! What must outlive the process. Every change of an alert that is pending or fires leaves the engine as
//! a [`Record`], ahead of what people hear of it; whoever keeps the records hands them back at the next
//! start, and the alerts go on where they stood.
//!
//! **After a start** an alert that is recalled fires on, under its start and its last words, until what
//! it hangs on has been asked again: the target, or for what counts or joins others every target of the
//! probes concerned. Only then may it end; and whose target or drop-in is gone ends once all files have
//! been read ([`super::Event::Settled`]). So a start fires nothing anew, and ends nothing in haste.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::labels::Labels;
use crate::moment::Moment;
use crate::notification::Notification;
use crate::rule::{Finding, Rule, Stage, Transition};
use crate::target::TargetId;

use super::alarms::Alarm;
use super::diagnosis::Diagnosis;
use super::ledger::{Key, Removed};
use super::ourselves::OwnAlert;
use super::watch::Watch;
use super::{Engine, World};

/// An alert that is pending or fires, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The alert's name.
    pub alert: Arc<str>,
    /// The target or the group.
    pub target: TargetId,
    /// The alert's identity.
    pub labels: Labels,
    /// Where it stands.
    pub stage: Stage,
    /// What people heard of it last; none before they did, and where another alert speaks for it.
    pub told: Option<Notification>,
}

/// A change of what must be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// It is so now.
    Keep(Box<Remembered>),
    /// It is neither pending nor firing any more.
    Forget {
        /// The alert's name.
        alert: Arc<str>,
        /// The target or the group.
        target: TargetId,
    },
}

/// What is kept, and whom that may have changed for.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: BTreeMap<Key, Remembered>,
    touched: BTreeSet<Key>,
    /// Alerts of the process before, until they are judged anew.
    recalled: BTreeSet<Key>,
    /// By probe, who was not asked since the start; counted while anything is recalled.
    unasked: BTreeMap<Arc<str>, BTreeSet<TargetId>>,
    /// When the clocks were looked at last.
    looked: Option<Moment>,
}

impl Memory {
    /// What is kept of this alert may have changed.
    pub(super) fn touch(&mut self, key: &Key) {
        self.touched.insert(key.clone());
    }

    /// Whether the alert was not judged anew since the start.
    pub(super) fn is_recalled(&self, key: &Key) -> bool {
        self.recalled.contains(key)
    }

    /// The alert is judged by what is seen from now on.
    pub(super) fn release(&mut self, key: &Key) {
        if self.recalled.remove(key) && self.recalled.is_empty() {
            self.unasked.clear();
        }
    }

    /// A target that has to be asked before those who count it may end.
    pub(super) fn expect(&mut self, probe: &Arc<str>, target: TargetId) {
        if !self.recalled.is_empty() {
            self.unasked.entry(Arc::clone(probe)).or_default().insert(target);
        }
    }

    /// It has been asked, or is gone.
    pub(super) fn met(&mut self, probe: &str, target: TargetId) {
        if let Some(unasked) = self.unasked.get_mut(probe) {
            unasked.remove(&target);
            if unasked.is_empty() {
                self.unasked.remove(probe);
            }
        }
    }

    /// Whether the wall clock was set since this was asked last, or the machine has slept: what is kept of
    /// the clocks that run is in its terms, and would make a restart count time that never passed.
    fn has_leapt(&mut self, now: Moment) -> bool {
        let Some(before) = self.looked.replace(now) else { return false };
        let expected = before.after(now.up.saturating_sub(before.up)).wall;
        let apart = now.wall.duration_since(expected).unwrap_or_else(|earlier| earlier.duration());
        apart > LEAP
    }

    fn waits_for(&self, watch: &Watch) -> bool {
        self.unasked.keys().any(|probe| watch.hangs_on(probe))
    }
}

/// What an alert has to do with the process before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recollection {
    /// Nothing, or no more.
    None,
    /// It is recalled, and its target was not asked since the start.
    Unasked,
    /// It is recalled, and others that it hangs on were not asked since the start.
    Early,
    /// It is recalled, and is judged by what is seen now.
    Ready,
}

impl Recollection {
    /// What may be made of a finding: that a target was not asked is none, and no end before all were.
    pub(super) fn allows(self, finding: Finding) -> Finding {
        match (self, finding) {
            (Self::Unasked, _) | (Self::Early, Finding::Absent) => Finding::Unknown,
            (Self::None | Self::Early | Self::Ready, _) => finding,
        }
    }
}

impl Engine {
    /// Lets the alerts of the process before go on.
    pub(super) fn recall(&mut self, now: Moment, remembered: Vec<Remembered>, last_alive: SystemTime) {
        for it in remembered {
            let Remembered { alert, target, labels, stage, told } = it.clone();
            let key = Key { alert, target };
            let rule = Rule::recalled(&stage, last_alive, now);
            let starts_at = rule.starts_at();
            let diagnosis = Diagnosis::recalled(told.as_ref());
            if let Some(starts_at) = starts_at {
                let World { ledger, .. } = &mut self.world;
                ledger.recall(
                    &labels,
                    key.clone(),
                    starts_at,
                    told.map(|it| (diagnosis.meaning.clone(), it)),
                );
            }
            self.alarms.insert(key.clone(), Alarm::recalled(rule, labels, diagnosis));
            self.memory.kept.insert(key.clone(), it);
            // The time without us is on its clock now; a further restart must not count from the old start.
            self.memory.touch(&key);
            self.memory.recalled.insert(key);
        }
    }

    /// Every file has been read. Where all of them were good, what is recalled and has neither target
    /// nor drop-in any more is over.
    pub(super) fn settle_recalled(&mut self, now: Moment) {
        let gone: Vec<_> =
            self.memory.recalled.iter().filter(|key| self.watch(key).is_none()).cloned().collect();
        for key in gone {
            match OwnAlert::of(&key) {
                None => {}
                // Whether all is well is found out later.
                Some(OwnAlert::Watchdog) => continue,
                Some(
                    OwnAlert::ProberIsolated
                    | OwnAlert::ProbeFileInvalid
                    | OwnAlert::RunbookAnchorMissing
                    | OwnAlert::ProberStateNotSaved,
                ) => {
                    self.memory.release(&key);
                    self.end_ours(now, &key);
                    continue;
                }
            }
            let planned = self.watches.values().flat_map(|it| it.iter()).find(|it| *it.name() == key.alert);
            let why = match planned {
                None => Removed::Alert,
                // The next answer of Prometheus says whether it is still in trouble.
                Some(watch) if self.asks_for_series(watch) => continue,
                Some(_) => Removed::Target,
            };
            self.memory.release(&key);
            self.end(now, &key, why);
        }
    }

    /// A question was answered: what is recalled of its series and did not come back is over.
    pub(super) fn let_go_recalled_series(&mut self, now: Moment, probe: &str) {
        let watches = self.watches_of(probe);
        let of_probe = |key: &Key| watches.iter().any(|it| *it.name() == key.alert);
        let is_gone = |key: &&Key| of_probe(key) && self.watch(key).is_none();
        let gone: Vec<_> = self.memory.recalled.iter().filter(is_gone).cloned().collect();
        for key in gone {
            self.memory.release(&key);
            self.memory.touch(&key);
            let Some(mut alarm) = self.alarms.remove(&key) else { continue };
            if let Some(Transition::Resolved { ends_at, .. }) = alarm.rule.end(now) {
                self.world.ledger.release(&alarm.labels, &key, ends_at, None);
            }
        }
    }

    /// What an alert that is looked at has to do with the process before.
    pub(super) fn recollection(&self, watch: &Watch, key: &Key) -> Recollection {
        let is_unasked = || self.world.board.entry(key.target).is_some_and(|it| it.judged.is_none());
        if !self.memory.is_recalled(key) {
            Recollection::None
        } else if is_unasked() {
            Recollection::Unasked
        } else if watch.hangs_on_others() && self.memory.waits_for(watch) {
            Recollection::Early
        } else {
            Recollection::Ready
        }
    }

    /// What has changed of what must be kept.
    pub(super) fn records(&mut self, now: Moment) -> Vec<Record> {
        if self.memory.has_leapt(now) {
            self.alarms.iter().for_each(|(key, _)| self.memory.touch(key));
        }
        let told = self.world.ledger.take_changed();
        let touched = std::mem::take(&mut self.memory.touched);
        let keys: BTreeSet<_> = touched.into_iter().chain(told).collect();
        keys.into_iter().filter_map(|key| self.record(now, key)).collect()
    }

    fn record(&mut self, now: Moment, key: Key) -> Option<Record> {
        let stands = self.alarms.get(&key).and_then(|alarm| {
            let incident = self.world.ledger.incident(&alarm.labels).filter(|it| it.is_spoken_for_by(&key));
            Some(Remembered {
                alert: Arc::clone(&key.alert),
                target: key.target,
                labels: alarm.labels.clone(),
                stage: alarm.rule.stage(now)?,
                told: incident.and_then(|it| it.told_last()).cloned(),
            })
        });
        match stands {
            Some(it) if self.memory.kept.get(&key) == Some(&it) => None,
            Some(it) => {
                self.memory.kept.insert(key, it.clone());
                Some(Record::Keep(Box::new(it)))
            }
            None => {
                self.memory.release(&key);
                self.memory.kept.remove(&key)?;
                Some(Record::Forget { alert: key.alert, target: key.target })
            }
        }
    }

    fn asks_for_series(&self, watch: &Watch) -> bool {
        let mut probes = self.probes.values();
        probes.any(|it| it.module.prober.asks_for_series() && watch.is_about(&it.name))
    }
}

/// Clocks that part by less than this between two looks are only being slowed or hurried.
const LEAP: Duration = Duration::from_secs(1);
