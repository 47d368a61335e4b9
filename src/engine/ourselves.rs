//! The alerts about ourselves that are about no target. Each is a row of [`OwnAlert`]; what they say comes
//! from whoever knows: the `app` (files, the watchdog), `isolation`, and the links of the plan, which are
//! looked for here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::labels::{FNV_OFFSET, Labels, fnv1a};
use crate::moment::Moment;
use crate::plan::{Plan, Row};
use crate::rule::{Finding, Terms, Transition};
use crate::runbook::{PageRef, Proof, Runbook, Unproved};
use crate::target::TargetId;

use super::Engine;
use super::alarms::Alarm;
use super::diagnosis::Diagnosis;
use super::isolation::PROBER_ISOLATED;
use super::ledger::Key;

/// An alert about the prober itself. `ProbeStale` is about a target, and none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAlert {
    /// It fires while all is well: who does not hear it any more must look after the prober.
    Watchdog,
    /// Nobody can be reached, and the controls neither.
    ProberIsolated,
    /// A drop-in has errors.
    ProbeFileInvalid,
    /// A step points to a place that is not on its page.
    RunbookAnchorMissing,
    /// What must outlive the process is not on the disk.
    ProberStateNotSaved,
}

/// What one of them says of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFinding {
    /// What it is about, without `alertname`: it names the incident.
    pub labels: Labels,
    /// One line.
    pub summary: String,
    /// The evidence, and what to do, in lines.
    pub description: String,
}

/// The name of the alert that fires while all is well.
pub const WATCHDOG: &str = "Watchdog";

impl OwnAlert {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Watchdog,
        Self::ProberIsolated,
        Self::ProbeFileInvalid,
        Self::RunbookAnchorMissing,
        Self::ProberStateNotSaved,
    ];

    /// `alertname`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Watchdog => WATCHDOG,
            Self::ProberIsolated => PROBER_ISOLATED,
            Self::ProbeFileInvalid => "ProbeFileInvalid",
            Self::RunbookAnchorMissing => "RunbookAnchorMissing",
            Self::ProberStateNotSaved => "ProberStateNotSaved",
        }
    }

    /// How long it must be so. A file may be seen while it is being written, and a disk be full for a moment.
    pub fn hold(self) -> Duration {
        match self {
            Self::Watchdog | Self::ProberIsolated => Duration::ZERO,
            Self::ProbeFileInvalid | Self::ProberStateNotSaved => Duration::from_secs(30),
            Self::RunbookAnchorMissing => Duration::from_secs(10),
        }
    }

    fn terms(self) -> Terms {
        Terms { hold: self.hold(), keep_firing_for: Duration::ZERO }
    }

    /// The one of which that is an alert.
    pub(super) fn of(key: &Key) -> Option<Self> {
        Self::ALL.into_iter().find(|it| *it.name() == *key.alert)
    }
}

/// A page, and a place on it.
type Spot = (PageRef, Option<Arc<str>>);

/// Where the steps of the plan point, and which pages were there at some time.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// By page and place, the alerts and rules that name it.
    named: BTreeMap<Spot, BTreeSet<Arc<str>>>,
    seen: BTreeSet<PageRef>,
}

impl Links {
    pub(super) fn set_plan(&mut self, plan: &Plan) {
        self.named.clear();
        for alert in &plan.alerts {
            if let Some(page) = &alert.runbook {
                self.name(&alert.name, page, None);
            }
            alert.before.iter().chain(&alert.steps).for_each(|row| self.name_row(&alert.name, row));
        }
        for rule in &plan.text_rules {
            let rows = rule.steps.iter().chain(&rule.escalate);
            rule.before.iter().chain(rows).for_each(|row| self.name_row(&rule.name, row));
        }
    }

    fn name_row(&mut self, who: &Arc<str>, row: &Row) {
        self.name(who, &row.page, row.anchor.clone());
        for also in &row.also {
            self.name(who, &also.page, also.anchor.as_deref().map(Arc::from));
        }
    }

    fn name(&mut self, who: &Arc<str>, page: &PageRef, anchor: Option<Arc<str>>) {
        self.named.entry((page.clone(), anchor)).or_default().insert(Arc::clone(who));
    }

    /// What is missing now: places on pages that are there, and pages that were.
    fn missing(&mut self, runbook: &Runbook) -> Vec<OwnFinding> {
        let mut missing = Vec::new();
        for ((page, anchor), who) in &self.named {
            let (what, help) = match runbook.prove(page, anchor.as_deref()) {
                Proof::Found { .. } => {
                    self.seen.insert(page.clone());
                    continue;
                }
                Proof::NoSuchAnchor { nearest } => {
                    self.seen.insert(page.clone());
                    let near = nearest.map(|it| format!("; it has #{it}")).unwrap_or_default();
                    let anchor = anchor.as_deref().unwrap_or_default();
                    (
                        format!("the page {page} has no place #{anchor}{near}"),
                        "people are led to the head of the page",
                    )
                }
                Proof::NoSuchPage { .. } | Proof::Unproved(Unproved::NotInFolder)
                    if self.seen.contains(page) =>
                {
                    (format!("the page {page} is gone"), "people are led to nothing")
                }
                Proof::NoSuchPage { .. } | Proof::Unproved(_) => continue,
            };
            let who: Vec<_> = who.iter().map(|it| &**it).collect();
            let names =
                [("page", page.to_string()), ("anchor", anchor.as_deref().unwrap_or_default().into())];
            missing.push(OwnFinding {
                labels: names.iter().map(|(name, value)| (*name, value.as_str())).collect(),
                summary: format!("{what}, and steps point there"),
                description: format!(
                    "{what}\nsteps of {} point there; {help}\n\
                     put it back, or change the steps: `fingerpost check` shows each place in the drop-ins",
                    who.join(", ")
                ),
            });
        }
        missing
    }
}

impl Engine {
    /// What holds now of one of our own alerts: all of it. What is not named any more is over.
    pub(super) fn tell_of_ourselves(&mut self, now: Moment, alert: OwnAlert, found: Vec<OwnFinding>) {
        let found: BTreeMap<_, _> = found.into_iter().map(|it| (key_of(alert, &it.labels), it)).collect();
        let live: Vec<_> = self.alarms.of(&alert.name().into()).cloned().collect();
        // Of what was so before a restart, only the watchdog is sure from its first word on; of the others
        // it is known when all files have been read.
        let is_sure = |key: &Key| alert == OwnAlert::Watchdog || !self.memory.is_recalled(key);
        let gone: Vec<_> = live.into_iter().filter(|it| !found.contains_key(it) && is_sure(it)).collect();
        for key in gone {
            self.memory.release(&key);
            self.end_ours(now, &key);
        }
        for (key, OwnFinding { labels, summary, description }) in found {
            let diagnosis = Diagnosis::of_ourselves(summary, description);
            if let Some(alarm) = self.alarms.get_mut(&key) {
                alarm.diagnosis = diagnosis;
            } else {
                let labels = labels.with([("alertname", alert.name())]);
                self.alarms.insert(key.clone(), Alarm::new(labels, Vec::new(), diagnosis));
            }
            self.go_on_with_ours(now, &key, alert);
        }
    }

    /// It is so now: it fires, once it has been so for long enough.
    pub(super) fn go_on_with_ours(&mut self, now: Moment, key: &Key, alert: OwnAlert) {
        let Some(alarm) = self.alarms.get_mut(key) else { return };
        self.memory.release(key);
        self.memory.touch(key);
        alarm.rule.find(now, Finding::Present);
        let fired = alarm.rule.ripen(now, alert.terms());
        let timer = alarm.rule.due(alert.terms()).filter(|it| *it > now.up);
        if fired == Some(Transition::Fired) {
            let starts_at = alarm.rule.starts_at().expect("what has fired has a start");
            self.world.ledger.claim(&alarm.labels, key.clone(), starts_at);
            self.stir_askers(now);
        }
        self.alarms.set_timer(key, timer);
    }

    pub(super) fn end_ours(&mut self, now: Moment, key: &Key) {
        let Some(mut alarm) = self.alarms.remove(key) else { return };
        self.memory.touch(key);
        match alarm.rule.end(now) {
            Some(Transition::Resolved { ends_at, .. }) => {
                self.world.ledger.release(&alarm.labels, key, ends_at, None);
                self.stir_askers(now);
            }
            Some(Transition::Began | Transition::Fired | Transition::Dropped) | None => {}
        }
    }

    /// Looks for every place that the plan names.
    pub(super) fn look_for_links(&mut self, now: Moment) {
        let missing = self.links.missing(&self.world.runbook);
        self.tell_of_ourselves(now, OwnAlert::RunbookAnchorMissing, missing);
    }
}

/// Named as an alert of a target is: by a number that stays while its labels do.
fn key_of(alert: OwnAlert, labels: &Labels) -> Key {
    let hash = labels.iter().fold(FNV_OFFSET, |hash, (name, value)| fnv1a(fnv1a(hash, name), value));
    Key { alert: alert.name().into(), target: TargetId(hash) }
}
