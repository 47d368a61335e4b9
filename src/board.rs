//! The latest reading of each target, and how the groups of targets fare.
//!
//! Each scope of each alert has a tally for every group of targets of its probe (the alert's own, or
//! the one that the scope names): those whose labels named in `by` are equal. The tallies are kept as readings come in, O(scopes) for each; none
//! is counted from the beginning while attempts run. A target that lacks one of the `by` labels belongs
//! to no group: where its scope is asked for, it is counted alone.
//!
//! What follows from a reading or a tally is left to others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use crate::cause::{Judged, Verdict};
use crate::condition::Failed;
use crate::labels::Labels;
use crate::outcome::Late;
use crate::plan::Plan;
use crate::spec::Module;
use crate::target::{Target, TargetId};
use crate::view::{Reading, Tally};

mod group;
mod reading;

pub(crate) use group::ignores;
use group::{Scopes, Seat};
pub use reading::reading_of;

/// All that is remembered of the targets.
#[derive(Debug, Default)]
pub struct Board {
    entries: BTreeMap<TargetId, Entry>,
    /// By probe, the scopes of all its alerts.
    probes: HashMap<Arc<str>, Scopes>,
}

/// What is remembered of one target.
#[derive(Debug)]
pub struct Entry {
    /// Its probe's name.
    pub probe: Arc<str>,
    /// The target itself.
    pub target: Arc<Target>,
    /// How it is asked.
    pub module: Arc<Module>,
    /// The latest outcome and its verdict; none before the first.
    pub judged: Option<Arc<Judged>>,
    /// What came after that verdict. While the prober still reads on and the verdict is the same, what
    /// came after the verdict before stands here, so that a step that asks for it does not flicker.
    pub late: Option<Late>,
    /// Since when the verdict is of its kind (success, failure, unknown).
    pub since: Option<SystemTime>,
    /// The reading in the words of conditions.
    pub reading: Reading,
    /// Its place in each scope of its probe.
    seats: Vec<Seat>,
}

impl Entry {
    /// A question to Prometheus, and no target of its own: it counts in no scope.
    pub fn is_question(&self) -> bool {
        self.module.prober.asks_for_series() && self.target.labels.is_empty()
    }

    /// A series of an answer to such a question.
    pub fn is_series(&self) -> bool {
        self.module.prober.asks_for_series() && !self.target.labels.is_empty()
    }

    /// Prometheus has answered, and this was not in the answer. There is nothing to hold a condition
    /// against.
    pub fn is_unanswered(&self) -> bool {
        let verdict = self.judged.as_ref().map(|it| it.verdict);
        self.module.prober.asks_for_series() && verdict == Some(Verdict::Success)
    }

    fn seats(&self, scopes: &Scopes) -> Vec<Seat> {
        if self.is_question() { scopes.seats_apart() } else { scopes.seats(&self.reading.labels) }
    }
}

/// What a new reading did to the tallies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stir {
    /// Whether any tally has changed.
    pub changed: bool,
    /// The alerts whose `failing_when` could not be evaluated; there the target counts as not failing.
    pub failed: Vec<(Arc<str>, Failed)>,
}

impl Board {
    /// Other scopes are to be counted. The readings stay; every tally is counted anew.
    pub fn set_plan(&mut self, plan: &Plan) -> Stir {
        let scopes = plan.probes.iter().map(|it| (Arc::clone(&it.name), Scopes::new(plan, &it.name)));
        self.probes = scopes.collect();
        let mut stir = Stir::default();
        for (id, entry) in &mut self.entries {
            let Some(scopes) = self.probes.get_mut(&entry.probe) else { continue };
            entry.seats = entry.seats(scopes);
            scopes.enter(*id, entry, &mut stir);
        }
        stir
    }

    /// Takes a target in, or another description of one that is there (its reading stays).
    pub fn set(&mut self, id: TargetId, probe: &Arc<str>, target: Arc<Target>, module: Arc<Module>) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.target = target;
            entry.module = module;
            return;
        }
        let scopes = self.probes.entry(Arc::clone(probe)).or_default();
        let reading = reading::of_nobody(&target);
        let probe = Arc::clone(probe);
        let seats = Vec::new();
        let mut entry =
            Entry { probe, target, module, judged: None, late: None, since: None, reading, seats };
        entry.seats = entry.seats(scopes);
        scopes.enter(id, &mut entry, &mut Stir::default());
        self.entries.insert(id, entry);
    }

    /// Forgets a target.
    pub fn remove(&mut self, id: TargetId) {
        let Some(mut entry) = self.entries.remove(&id) else { return };
        if let Some(scopes) = self.probes.get_mut(&entry.probe) {
            scopes.leave(id, &mut entry);
        }
    }

    /// A verdict has come at `now`. Of a target that is not there nothing is kept.
    pub fn judge(&mut self, id: TargetId, judged: Arc<Judged>, reading_on: bool, now: SystemTime) -> Stir {
        let Some(entry) = self.entries.get_mut(&id) else { return Stir::default() };
        let before = entry.judged.as_ref().map(|it| it.verdict);
        if before.map(Verdict::name) != Some(judged.verdict.name()) {
            entry.since = Some(now);
        }
        if !reading_on || before != Some(judged.verdict) {
            entry.late = None;
        }
        entry.judged = Some(judged);
        self.retell(id)
    }

    /// What came after the verdict: it amends the reading and leaves the verdict.
    pub fn amend(&mut self, id: TargetId, late: Late) -> Stir {
        let Some(entry) = self.entries.get_mut(&id) else { return Stir::default() };
        entry.late = Some(late);
        self.retell(id)
    }

    /// What is remembered of a target.
    pub fn entry(&self, id: TargetId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// All targets, in the order of their ids.
    pub fn entries(&self) -> impl Iterator<Item = (TargetId, &Entry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// How the group fares that the target belongs to, in that scope of that alert; `with_targets`
    /// asks for the readings too. None where there is no such scope or target.
    pub fn tally(&self, id: TargetId, alert: &str, scope: &str, with_targets: bool) -> Option<Tally> {
        let entry = self.entries.get(&id)?;
        let own = self.probes.get(&entry.probe).and_then(|it| it.tally(entry, alert, scope));
        let (is_own, labels) = (own.is_some(), &entry.reading.labels);
        let found = own.or_else(|| self.probes.values().find_map(|it| it.tally_by(labels, alert, scope)));
        let (mut tally, members) = found?;
        if with_targets {
            let reading = |id: &TargetId| self.entries.get(id).map(|it| it.reading.clone());
            tally.targets = match members {
                Some(members) => members.iter().filter_map(reading).collect(),
                None if is_own => vec![entry.reading.clone()],
                None => Vec::new(),
            };
            tally.targets.sort_by(|a, b| a.labels.cmp(&b.labels));
        }
        Some(tally)
    }

    /// The labels that the target's group has in common in that scope of that alert; none where it
    /// belongs to no group.
    pub fn group(&self, id: TargetId, alert: &str, scope: &str) -> Option<Labels> {
        let entry = self.entries.get(&id)?;
        let own = self.probes.get(&entry.probe)?;
        if own.counts(alert, scope) {
            return own.group(entry, alert, scope);
        }
        self.probes.values().find_map(|it| it.group_by(&entry.reading.labels, alert, scope))
    }

    /// Writes the reading anew, and counts the target as it now stands.
    fn retell(&mut self, id: TargetId) -> Stir {
        let mut stir = Stir::default();
        let entry = self.entries.get_mut(&id).expect("only what is there is told anew");
        reading::tell(entry);
        if let Some(scopes) = self.probes.get_mut(&entry.probe) {
            scopes.recount(entry, &mut stir);
        }
        stir
    }
}

#[cfg(test)]
mod tests;
