//! Which alerts fire, ours and those of others, and which of them hold others back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::labels::Labels;
use crate::plan::{Inhibitor, Plan};

/// The label sets that fire now.
#[derive(Debug, Default)]
pub(super) struct Firing {
    own: BTreeMap<Arc<str>, BTreeSet<Labels>>,
    others: BTreeMap<Arc<str>, BTreeSet<Labels>>,
    /// By alert, the lists of labels under which some alert of the plan asks for it.
    asked: BTreeMap<Arc<str>, Vec<Vec<Arc<str>>>>,
    /// How many fire of an alert, by what they have under one of those lists. So a thousand firing
    /// alerts find out at once whether one of a thousand others holds them back.
    counts: HashMap<(Arc<str>, usize, Labels), u64>,
    flipped: bool,
}

impl Firing {
    /// Other alerts hold others back from now on.
    pub(super) fn set_plan(&mut self, plan: &Plan) {
        self.asked.clear();
        self.counts.clear();
        for Inhibitor { alert, equal } in plan.alerts.iter().flat_map(|it| &it.inhibited_by) {
            let lists = self.asked.entry(Arc::clone(alert)).or_default();
            if !lists.contains(equal) {
                lists.push(equal.clone());
            }
        }
        let all: Vec<_> =
            [&self.own, &self.others].into_iter().flat_map(BTreeMap::values).flatten().cloned().collect();
        for labels in &all {
            self.count(labels, Count::More);
        }
        self.flipped = true;
    }

    /// One of ours fires.
    pub(super) fn begin(&mut self, labels: &Labels) {
        let sets = self.own.entry(labels.get("alertname").into()).or_default();
        if sets.insert(labels.clone()) {
            self.count(labels, Count::More);
        }
    }

    /// One of ours fires no more.
    pub(super) fn end(&mut self, labels: &Labels) {
        let name = labels.get("alertname");
        let Some(sets) = self.own.get_mut(name) else { return };
        if sets.remove(labels) {
            if sets.is_empty() {
                self.own.remove(name);
            }
            self.count(labels, Count::Fewer);
        }
    }

    /// All that others fire now.
    pub(super) fn set_others(&mut self, firing: Vec<Labels>) {
        let before: Vec<_> = std::mem::take(&mut self.others).into_values().flatten().collect();
        for labels in &before {
            self.count(labels, Count::Fewer);
        }
        for labels in firing {
            let sets = self.others.entry(labels.get("alertname").into()).or_default();
            if sets.insert(labels.clone()) {
                self.count(&labels, Count::More);
            }
        }
    }

    /// Whether, since it was asked last, it has changed who might be held back.
    pub(super) fn take_flipped(&mut self) -> bool {
        std::mem::take(&mut self.flipped)
    }

    /// Whether an alert of that name fires whose labels have all of these.
    pub(super) fn has(&self, alert: &str, labels: &Labels) -> bool {
        let sets = [&self.own, &self.others].into_iter().filter_map(|it| it.get(alert));
        sets.flatten().any(|it| it.has_all(labels.iter()))
    }

    /// The first of `inhibitors` that fires and is equal to `labels` where it must be.
    pub(super) fn holder(&self, labels: &Labels, inhibitors: &[Inhibitor]) -> Option<Arc<str>> {
        let holds = |it: &&Inhibitor| {
            let lists = self.asked.get(&it.alert).into_iter().flatten();
            lists.enumerate().filter(|(_, list)| **list == it.equal).any(|(at, list)| {
                self.counts.contains_key(&(Arc::clone(&it.alert), at, projected(labels, list)))
            })
        };
        inhibitors.iter().find(holds).map(|it| Arc::clone(&it.alert))
    }

    fn count(&mut self, labels: &Labels, count: Count) {
        let Some((alert, lists)) = self.asked.get_key_value(labels.get("alertname")) else { return };
        for (at, list) in lists.iter().enumerate() {
            let key = (Arc::clone(alert), at, projected(labels, list));
            let before = self.counts.get(&key).copied().unwrap_or(0);
            let now = match count {
                Count::More => before + 1,
                Count::Fewer => before.checked_sub(1).expect("what ends was counted when it began"),
            };
            self.flipped |= (before == 0) != (now == 0);
            if now == 0 {
                self.counts.remove(&key);
            } else {
                self.counts.insert(key, now);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Count {
    More,
    Fewer,
}

/// What the labels have under those names. Two that both lack one are equal in it.
fn projected(labels: &Labels, names: &[Arc<str>]) -> Labels {
    names.iter().map(|name| (&**name, labels.get(name))).collect()
}
