//! Which alerts fire, ours and those of others, and which of them hold others back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use crate::labels::Labels;
use crate::plan::Inhibitor;

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
    /// These are all that may hold an alert back from now on.
    pub(super) fn set_asked<'a>(&mut self, inhibitors: impl IntoIterator<Item = &'a Inhibitor>) {
        self.asked.clear();
        self.counts.clear();
        for Inhibitor { alert, equal } in inhibitors {
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

    /// Whether an alert fires whose name begins so.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        let begins = |all: &BTreeMap<Arc<str>, BTreeSet<Labels>>| {
            let from = all.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
            from.take_while(|(name, _)| name.starts_with(prefix)).any(|(_, sets)| !sets.is_empty())
        };
        begins(&self.own) || begins(&self.others)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inhibitor(alert: &str, equal: &[&str]) -> Inhibitor {
        Inhibitor { alert: alert.into(), equal: equal.iter().map(|it| (*it).into()).collect() }
    }

    fn labels((alert, carrier, region): (usize, usize, usize)) -> Labels {
        let pairs = [("alertname", ["P", "Q"][alert]), ("carrier", ["", "c1", "c2"][carrier])];
        pairs.into_iter().chain([("region", ["", "r1", "r2"][region])]).collect()
    }

    fn some_labels() -> impl Strategy<Value = Labels> {
        (0usize..2, 0usize..3, 0usize..3).prop_map(labels)
    }

    proptest! {
        #[test]
        fn who_is_held_back_is_what_a_look_at_every_firing_alert_says(
            steps in prop::collection::vec((any::<bool>(), some_labels()), 0..30),
            others in prop::collection::vec(some_labels(), 0..5),
            asked in prop::collection::vec((0usize..2, 0usize..4), 1..4),
            child in some_labels(),
        ) {
            let lists: [&[&str]; 4] = [&[], &["carrier"], &["region"], &["carrier", "region"]];
            let inhibitors: Vec<_> =
                asked.iter().map(|(alert, list)| inhibitor(["P", "Q"][*alert], lists[*list])).collect();
            let mut it = Firing::default();
            it.set_asked(&inhibitors);
            let mut own = BTreeSet::new();
            for (begins, labels) in &steps {
                if *begins {
                    it.begin(labels);
                    own.insert(labels.clone());
                } else {
                    it.end(labels);
                    own.remove(labels);
                }
            }
            it.set_others(steps.iter().map(|(_, labels)| labels.clone()).collect());
            it.set_others(others.clone());
            let fires: Vec<_> = own.iter().chain(&others).collect();
            for one in &inhibitors {
                let holds = |it: &&&Labels| {
                    it.get("alertname") == &*one.alert
                        && one.equal.iter().all(|name| it.get(name) == child.get(name))
                };
                let expected = fires.iter().find(holds).is_some();
                prop_assert_eq!(it.holder(&child, std::slice::from_ref(one)).is_some(), expected);
            }
            for labels in &own {
                it.end(labels);
            }
            it.set_others(Vec::new());
            prop_assert!(it.counts.is_empty());
        }
    }
}
