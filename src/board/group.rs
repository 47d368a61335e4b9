//! The tallies of the scopes, kept up as targets come, go and change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::condition::Failed;
use crate::labels::Labels;
use crate::plan::{Alert, Plan, Scope};
use crate::target::TargetId;
use crate::view::{CheckAnswer, Reading, Tally, View};

use super::{Entry, Stir};

/// The scopes, of whichever alert, that count the targets of one probe.
#[derive(Debug, Default)]
pub(super) struct Scopes(Vec<Counted>);

/// One scope of one alert, with its groups.
#[derive(Debug)]
struct Counted {
    alert: Arc<Alert>,
    /// Which of the alert's scopes.
    at: usize,
    groups: HashMap<Labels, Group>,
}

/// A target's place in a scope: its group, and how it counts there.
#[derive(Debug)]
pub(super) struct Seat {
    /// None where it lacks a label of the scope: then it is counted alone.
    group: Option<Labels>,
    standing: Standing,
}

/// How a target counts in a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody can tell, or nobody has asked yet.
    #[default]
    Unknown,
    /// It does not fail, or not in the way that the scope counts.
    Fine,
    /// It fails, for that cause.
    Failing(&'static str),
    /// It is left out on purpose.
    Ignored,
}

/// Targets that are counted together.
#[derive(Debug, Default)]
struct Group {
    members: BTreeSet<TargetId>,
    unknown: u64,
    ignored: u64,
    failing: u64,
    causes: BTreeMap<&'static str, u64>,
    /// For each of the scope's `distinct` labels, how many failing targets have which value.
    distinct: Vec<BTreeMap<Box<str>, u64>>,
}

impl Scopes {
    pub(super) fn new(plan: &Plan, probe: &str) -> Self {
        let scopes = plan.alerts.iter().flat_map(|alert| {
            let here = alert.scopes.iter().enumerate().filter(|(_, it)| **alert.counts(it) == *probe);
            here.map(move |(at, _)| (alert, at))
        });
        let counted = |(alert, at)| Counted { alert: Arc::clone(alert), at, groups: HashMap::new() };
        Self(scopes.map(counted).collect())
    }

    /// Where a target with these labels belongs. It counts nowhere before it enters.
    pub(super) fn seats(&self, labels: &Labels) -> Vec<Seat> {
        let seat = |it: &Counted| Seat { group: it.group_of(labels), standing: Standing::Unknown };
        self.0.iter().map(seat).collect()
    }

    /// The seats of one who belongs to no group.
    pub(super) fn seats_apart(&self) -> Vec<Seat> {
        let seat = |_: &Counted| Seat { group: None, standing: Standing::Unknown };
        self.0.iter().map(seat).collect()
    }

    /// Counts a new member as it stands.
    pub(super) fn enter(&mut self, id: TargetId, entry: &mut Entry, stir: &mut Stir) {
        for (counted, seat) in self.0.iter_mut().zip(&mut entry.seats) {
            let Some(key) = &seat.group else { continue };
            let distinct = counted.alert.scopes[counted.at].distinct.len();
            let group = counted
                .groups
                .entry(key.clone())
                .or_insert_with(|| Group { distinct: vec![BTreeMap::new(); distinct], ..Group::default() });
            group.members.insert(id);
            group.unknown += 1;
            seat.standing = Standing::Unknown;
            stir.changed = true;
        }
        self.recount(entry, stir);
    }

    /// Takes a member out; a group that nobody is in is forgotten.
    pub(super) fn leave(&mut self, id: TargetId, entry: &mut Entry) {
        for (counted, seat) in self.0.iter_mut().zip(&mut entry.seats) {
            counted.stand(seat, &entry.reading.labels, Standing::Unknown);
            let Some(key) = &seat.group else { continue };
            let group = counted.groups.get_mut(key).expect("a seat is in a group that is there");
            group.unknown -= 1;
            group.members.remove(&id);
            if group.members.is_empty() {
                counted.groups.remove(key);
            }
        }
    }

    /// Counts a member as it stands now.
    pub(super) fn recount(&mut self, entry: &mut Entry, stir: &mut Stir) {
        for (counted, seat) in self.0.iter_mut().zip(&mut entry.seats) {
            let standing = counted.standing(&entry.reading).unwrap_or_else(|failed| {
                if !failed.no_answer {
                    stir.failed.push((Arc::clone(&counted.alert.name), failed));
                }
                Standing::Fine
            });
            stir.changed |= counted.stand(seat, &entry.reading.labels, standing);
        }
    }

    /// The tally of the group that the target is in, and its members; alone where it is in none.
    pub(super) fn tally<'a>(
        &'a self,
        entry: &Entry,
        alert: &str,
        scope: &str,
    ) -> Option<(Tally, Option<&'a BTreeSet<TargetId>>)> {
        let (counted, seat) = self.find(entry, alert, scope)?;
        let labels = &counted.scope().distinct;
        let Some(key) = &seat.group else {
            let mut alone = Group { distinct: vec![BTreeMap::new(); labels.len()], ..Group::default() };
            alone.unknown = 1;
            alone.stand(&entry.reading.labels, labels, Standing::Unknown, seat.standing);
            return Some((alone.tally(1, labels), None));
        };
        let group = counted.groups.get(key).expect("a seat is in a group that is there");
        Some((group.tally(group.members.len() as u64, labels), Some(&group.members)))
    }

    /// The same of the group that a target of another probe is looked up in by its labels. A group
    /// that nobody is in has nobody to count.
    pub(super) fn tally_by(
        &self,
        labels: &Labels,
        alert: &str,
        scope: &str,
    ) -> Option<(Tally, Option<&BTreeSet<TargetId>>)> {
        let counted = self.named(alert, scope)?;
        let group = counted.group_of(labels).and_then(|key| counted.groups.get(&key));
        let Some(group) = group else {
            let none =
                Group { distinct: vec![BTreeMap::new(); counted.scope().distinct.len()], ..Group::default() };
            return Some((none.tally(0, &counted.scope().distinct), None));
        };
        Some((group.tally(group.members.len() as u64, &counted.scope().distinct), Some(&group.members)))
    }

    /// What a target of another probe has in common with the group that it is looked up in.
    pub(super) fn group_by(&self, labels: &Labels, alert: &str, scope: &str) -> Option<Labels> {
        self.named(alert, scope)?.group_of(labels)
    }

    /// Whether that scope counts the targets of this probe.
    pub(super) fn counts(&self, alert: &str, scope: &str) -> bool {
        self.named(alert, scope).is_some()
    }

    fn named(&self, alert: &str, scope: &str) -> Option<&Counted> {
        self.0.iter().find(|it| *it.alert.name == *alert && *it.scope().name == *scope)
    }

    pub(super) fn group(&self, entry: &Entry, alert: &str, scope: &str) -> Option<Labels> {
        self.find(entry, alert, scope)?.1.group.clone()
    }

    fn find<'a, 'b>(&'a self, entry: &'b Entry, alert: &str, scope: &str) -> Option<(&'a Counted, &'b Seat)> {
        let named = |(it, _): &(&Counted, &Seat)| *it.alert.name == *alert && *it.scope().name == *scope;
        self.0.iter().zip(&entry.seats).find(named)
    }
}

impl Counted {
    fn scope(&self) -> &Scope {
        &self.alert.scopes[self.at]
    }

    /// The labels that a target has in common with its group; none where it lacks one of them.
    fn group_of(&self, labels: &Labels) -> Option<Labels> {
        let by = &self.scope().by;
        let has_all = by.iter().all(|name| labels.contains(name));
        has_all.then(|| by.iter().map(|name| (&**name, labels.get(name))).collect())
    }

    fn standing(&self, reading: &Reading) -> Result<Standing, Failed> {
        if ignores(&self.alert, reading)? {
            return Ok(Standing::Ignored);
        }
        if reading.unknown {
            return Ok(Standing::Unknown);
        }
        let counts = match &self.scope().failing_when {
            Some(condition) if reading.failing => condition.holds(&Alone(reading))?,
            Some(_) | None => reading.failing,
        };
        Ok(if counts { Standing::Failing(reading.cause) } else { Standing::Fine })
    }

    /// Lets the target count otherwise. Whether that changed the tally of a group.
    fn stand(&mut self, seat: &mut Seat, labels: &Labels, standing: Standing) -> bool {
        let before = std::mem::replace(&mut seat.standing, standing);
        let Some(key) = seat.group.as_ref().filter(|_| before != standing) else { return false };
        let group = self.groups.get_mut(key).expect("a seat is in a group that is there");
        group.stand(labels, &self.alert.scopes[self.at].distinct, before, standing);
        true
    }
}

impl Group {
    fn stand(&mut self, labels: &Labels, distinct: &[Arc<str>], before: Standing, now: Standing) {
        match before {
            Standing::Unknown => self.unknown -= 1,
            Standing::Ignored => self.ignored -= 1,
            Standing::Fine => {}
            Standing::Failing(cause) => {
                self.failing -= 1;
                take(&mut self.causes, &cause);
                for (name, values) in distinct.iter().zip(&mut self.distinct) {
                    take(values, labels.get(name));
                }
            }
        }
        match now {
            Standing::Unknown => self.unknown += 1,
            Standing::Ignored => self.ignored += 1,
            Standing::Fine => {}
            Standing::Failing(cause) => {
                self.failing += 1;
                *self.causes.entry(cause).or_default() += 1;
                let values = distinct.iter().map(|name| labels.get(name)).zip(&mut self.distinct);
                for (value, values) in values.filter(|(value, _)| !value.is_empty()) {
                    *values.entry(value.into()).or_default() += 1;
                }
            }
        }
    }

    fn tally(&self, watched: u64, distinct: &[Arc<str>]) -> Tally {
        let values = distinct.iter().cloned().zip(self.distinct.iter().map(|it| it.len() as u64));
        Tally {
            watched,
            failing: self.failing,
            unknown: self.unknown,
            ignored: self.ignored,
            causes: self.causes.clone(),
            distinct: values.collect(),
            targets: Vec::new(),
        }
    }
}

/// Whether the alert's `ignore_when` leaves the target out.
///
/// # Errors
/// The condition could not be evaluated.
pub(crate) fn ignores(alert: &Alert, reading: &Reading) -> Result<bool, Failed> {
    alert.ignore_when.as_ref().map_or(Ok(false), |it| it.holds(&Alone(reading)))
}

/// One less of `key`; at none, the key goes too.
fn take<K, Q>(counts: &mut BTreeMap<K, u64>, key: &Q)
where
    K: std::borrow::Borrow<Q> + Ord,
    Q: Ord + ?Sized,
{
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// What `failing_when` sees: the reading, and nothing around it.
struct Alone<'a>(&'a Reading);

impl View for Alone<'_> {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn labels(&self) -> Labels {
        self.0.labels.clone()
    }

    fn target(&self) -> Reading {
        self.0.clone()
    }

    fn scope(&self, _name: &str, _with_targets: bool) -> Option<Tally> {
        None
    }

    fn check(&self, _name: &str) -> Option<CheckAnswer> {
        None
    }

    fn query(&self, _name: &str) -> Option<f64> {
        None
    }

    fn firing_for(&self) -> Duration {
        Duration::ZERO
    }

    fn firing(&self, _alert: &str, _labels: &Labels) -> bool {
        false
    }
}
