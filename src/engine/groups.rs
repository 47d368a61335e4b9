//! The groups that alerts with `group_by` fire for, the partners of their members, and when a group is
//! looked at again.
//!
//! **When a group is looked at.** [`SETTLE`] after a reading of any of its members or their partners, and
//! as long again for each further thousand of members: so what comes in together is judged together, and
//! what a group costs is bounded, however large it is.
//!
//! **Of whom we cannot tell.** Nothing hangs on a member that is unknown: the condition is asked twice,
//! once as if all of these answered (with 200) and once as if all of them failed (in silence). Where that
//! makes a difference nobody can tell, and the alert stands still; and so it does where every member is
//! unknown. A condition that asks for one certain failure, say a 404, hangs on neither.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::board::{Board, ignores};
use crate::cause::Cause;
use crate::condition::Failed;
use crate::labels::{FNV_OFFSET, Labels, fnv1a};
use crate::outcome::Phase;
use crate::plan::{Alert, Join, Plan};
use crate::target::TargetId;
use crate::view::Reading;

use super::ledger::Key;
use super::turn::SETTLE;

/// All groups of all alerts that have any.
#[derive(Debug, Default)]
pub(super) struct Groups {
    alerts: Vec<Arc<Alert>>,
    all: BTreeMap<Key, Group>,
    /// By alert and link, the targets of the other probe by the labels that both have equal.
    partners: HashMap<LinkName, HashMap<Labels, BTreeSet<TargetId>>>,
    /// The groups that are to be looked at, and when.
    due: BTreeMap<Key, Duration>,
}

/// An alert, and a link of it.
type LinkName = (Arc<str>, Arc<str>);

/// Targets of one probe that an alert fires for together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) probe: Arc<str>,
    labels: Labels,
    members: BTreeSet<TargetId>,
}

/// A group as it stands at one moment.
#[derive(Debug)]
pub(super) struct Muster {
    /// What its members have in common.
    pub(super) labels: Labels,
    /// One of its members: whatever scope an alert of groups counts in, all of them are in it.
    pub(super) any: TargetId,
    /// Their readings, in the order of their labels, each with those of its partners; without those that
    /// are left out on purpose.
    pub(super) readings: Vec<Reading>,
    /// By probe, the readings of its targets that have the labels of the group.
    pub(super) others: BTreeMap<Arc<str>, Vec<Reading>>,
    /// How many are left out on purpose.
    pub(super) ignored: usize,
    /// Whom `ignore_when` could not be asked about.
    pub(super) failures: Vec<Failed>,
}

impl Groups {
    /// Other alerts have groups now. All that are on the board find their places anew.
    pub(super) fn set_plan(&mut self, plan: &Plan, board: &Board) {
        self.alerts = plan.alerts.iter().filter(|it| it.group.is_some()).cloned().collect();
        self.all.clear();
        self.partners.clear();
        self.due.clear();
        for (id, entry) in board.entries() {
            self.enter(id, &entry.probe, &entry.reading.labels, None);
        }
    }

    /// A target is there. Its groups are looked at soon after `now`, where that is told.
    pub(super) fn enter(&mut self, id: TargetId, probe: &Arc<str>, labels: &Labels, now: Option<Duration>) {
        for alert in &self.alerts {
            let Some(grouping) = &alert.group else { continue };
            if alert.probe == *probe {
                let common = grouping.labels_of(labels);
                let key = key_of(alert, &common);
                let group = self.all.entry(key).or_insert_with(|| Group {
                    probe: Arc::clone(probe),
                    labels: common,
                    members: BTreeSet::new(),
                });
                group.members.insert(id);
            }
            for join in grouping.links().filter(|it| it.probe == *probe) {
                let partners = self.partners.entry(name_of(alert, join)).or_default();
                partners.entry(on(join, labels)).or_default().insert(id);
            }
        }
        if let Some(now) = now {
            self.stir(now, probe, labels);
        }
    }

    /// A target is gone. What is given back are the groups that nobody is in any more.
    pub(super) fn leave(&mut self, id: TargetId, probe: &str, labels: &Labels, now: Duration) -> Vec<Key> {
        self.stir(now, probe, labels);
        let mut emptied = Vec::new();
        for alert in &self.alerts {
            let Some(grouping) = &alert.group else { continue };
            let key = key_of(alert, &grouping.labels_of(labels));
            if *alert.probe == *probe
                && let Some(group) = self.all.get_mut(&key)
            {
                group.members.remove(&id);
                if group.members.is_empty() {
                    self.all.remove(&key);
                    self.due.remove(&key);
                    emptied.push(key);
                }
            }
            for join in grouping.links().filter(|it| *it.probe == *probe) {
                let Some(partners) = self.partners.get_mut(&name_of(alert, join)) else { continue };
                let labels = on(join, labels);
                if let Some(ids) = partners.get_mut(&labels) {
                    ids.remove(&id);
                    if ids.is_empty() {
                        partners.remove(&labels);
                    }
                }
            }
        }
        emptied
    }

    /// A target of that probe with these labels has a reading: its groups are looked at soon.
    pub(super) fn stir(&mut self, now: Duration, probe: &str, labels: &Labels) {
        let at = |group: &Group| {
            let thousands = u32::try_from(group.members.len() / MEMBERS_PER_SETTLE).unwrap_or(u32::MAX);
            now.saturating_add(SETTLE.saturating_mul(thousands.saturating_add(1)))
        };
        for alert in &self.alerts {
            let Some(grouping) = &alert.group else { continue };
            if *alert.probe == *probe {
                let key = key_of(alert, &grouping.labels_of(labels));
                if let Some(group) = self.all.get(&key) {
                    self.due.entry(key).or_insert(at(group));
                }
            }
            for join in grouping.links().filter(|it| *it.probe == *probe) {
                // Of what a group has in common, the join may hold a part equal.
                let shared: Vec<_> = grouping.by.iter().filter(|it| join.on.contains(it)).collect();
                let equal = |it: &Group| shared.iter().all(|name| it.labels.get(name) == labels.get(name));
                let whose = self.all.iter().filter(|(key, it)| key.alert == alert.name && equal(it));
                for (key, group) in whose {
                    self.due.entry(key.clone()).or_insert(at(group));
                }
            }
        }
    }

    /// The groups whose time has come.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Key> {
        let ripe: Vec<_> = self.due.iter().filter(|(_, at)| **at <= now).map(|(it, _)| it.clone()).collect();
        for key in &ripe {
            self.due.remove(key);
        }
        ripe
    }

    pub(super) fn next_wakeup(&self) -> Option<Duration> {
        self.due.values().min().copied()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Group> {
        self.all.get(key)
    }

    /// The group as it stands now; none where nobody is in it.
    pub(super) fn muster(&self, key: &Key, alert: &Alert, board: &Board) -> Option<Muster> {
        let (group, grouping) = (self.all.get(key)?, alert.group.as_ref()?);
        let mut muster = Muster {
            labels: group.labels.clone(),
            any: *group.members.first()?,
            readings: Vec::with_capacity(group.members.len()),
            others: BTreeMap::new(),
            ignored: 0,
            failures: Vec::new(),
        };
        for entry in group.members.iter().filter_map(|it| board.entry(*it)) {
            let is_ignored = ignores(alert, &entry.reading).unwrap_or_else(|failed| {
                muster.failures.push(failed);
                false
            });
            if is_ignored {
                muster.ignored += 1;
                continue;
            }
            let partner = |join: &Join| {
                (Arc::clone(&join.name), self.partner(alert, join, &entry.reading.labels, board))
            };
            let joined = Arc::new(grouping.joins.iter().map(partner).collect());
            muster.readings.push(Reading { joined, ..entry.reading.clone() });
        }
        muster.readings.sort_by(|a, b| a.labels.cmp(&b.labels));
        for link in &grouping.others {
            let ids = self.linked(alert, link, &group.labels);
            let entries = ids.filter_map(|it| board.entry(*it));
            let mut readings: Vec<_> = entries.map(|it| it.reading.clone()).collect();
            readings.sort_by(|a, b| a.labels.cmp(&b.labels));
            muster.others.insert(Arc::clone(&link.probe), readings);
        }
        Some(muster)
    }

    /// Where a link leads from one with these labels.
    fn linked(&self, alert: &Alert, link: &Join, labels: &Labels) -> impl Iterator<Item = &TargetId> {
        let named = self.partners.get(&name_of(alert, link));
        named.and_then(|it| it.get(&on(link, labels))).into_iter().flatten()
    }

    /// The partner of a member with these labels; of several the one that fares worst. Of one that is not
    /// there we cannot tell how it fares.
    fn partner(&self, alert: &Alert, join: &Join, labels: &Labels, board: &Board) -> Reading {
        let readings =
            self.linked(alert, join, labels).filter_map(|it| board.entry(*it)).map(|it| &it.reading);
        let worst = readings.min_by_key(|it| (!it.failing, !it.unknown, Arc::clone(&it.address)));
        worst.cloned().unwrap_or_else(|| Reading { unknown: true, ..Reading::default() })
    }
}

impl Muster {
    /// Whether of none of the members anything is known.
    pub(super) fn is_all_unknown(&self) -> bool {
        self.readings.iter().all(|it| it.unknown)
    }

    /// Whether anything is unknown of any member, or of any partner.
    pub(super) fn is_in_doubt(&self) -> bool {
        let own = self.readings.iter().any(|it| it.unknown || it.joined.values().any(|it| it.unknown));
        own || self.others.values().flatten().any(|it| it.unknown)
    }
}

/// How those of whom we cannot tell are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// As they are: unknown.
    AsItIs,
    /// As if they answered.
    Answering,
    /// As if they failed.
    Failing,
}

impl Doubt {
    /// A reading, taken so: one that is unknown says then what it is taken for.
    pub(super) fn take(self, reading: &Reading) -> Reading {
        let joined = match self {
            Self::AsItIs => return reading.clone(),
            Self::Answering | Self::Failing => {
                reading.joined.iter().map(|(name, it)| (Arc::clone(name), self.take(it)))
            }
        };
        let taken = Reading { joined: Arc::new(joined.collect()), ..reading.clone() };
        match self {
            Self::Answering if reading.unknown => {
                Reading { unknown: false, failing: false, cause: "", phase: "", status: 200, ..taken }
            }
            Self::Failing if reading.unknown => {
                let (cause, phase) = (Cause::DeadlineExceeded.name(), Phase::Connect.name());
                Reading { unknown: false, failing: true, cause, phase, status: 0, ..taken }
            }
            Self::AsItIs | Self::Answering | Self::Failing => taken,
        }
    }
}

/// An alert of a group is named as one of a target is: by a number that stays while its labels do.
fn key_of(alert: &Alert, labels: &Labels) -> Key {
    let hash = labels
        .iter()
        .fold(fnv1a(FNV_OFFSET, &alert.name), |hash, (name, value)| fnv1a(fnv1a(hash, name), value));
    Key { alert: Arc::clone(&alert.name), target: TargetId(hash) }
}

fn name_of(alert: &Alert, join: &Join) -> LinkName {
    (Arc::clone(&alert.name), Arc::clone(&join.name))
}

fn on(join: &Join, labels: &Labels) -> Labels {
    join.on.iter().map(|name| (&**name, labels.get(name))).collect()
}

/// How many members are judged without making the next look wait longer.
const MEMBERS_PER_SETTLE: usize = 1000;
