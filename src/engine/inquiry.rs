//! What is asked beyond the probes' own attempts: follow-up checks, and questions to Prometheus.
//!
//! A *topic* has one answer for everybody who wants to know it: a check of a scope's group, or a
//! PromQL text. It comes up at once when somebody first wants to know, and again once an interval for
//! as long as somebody does. It is never under way twice, and no more than [`Rounds::places`] of a kind
//! are under way at once; what finds no place waits in the order in which it came due.
//!
//! Who carries it out, and how, is left to others; whoever does always reports back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::condition::Failed;
use crate::labels::Labels;
use crate::moment::Moment;
use crate::plan::{Alert, Check, Vantage};
use crate::spec::Module;
use crate::target::{Target, TargetId};

use super::groups::Muster;
use super::ledger::Key;
use super::outlook::Outlook;
use super::watch::Watch;
use super::{Effect, Engine};

/// A follow-up check to carry out, once. Its answer is an [`super::Event::Checked`].
#[derive(Clone, Debug)]
pub struct CheckOrder {
    /// Comes back with the answer.
    pub topic: CheckTopic,
    /// Whom to ask: of a group, the failing target with the first address.
    pub target: Arc<Target>,
    /// How to ask.
    pub module: Arc<Module>,
    /// Who asks.
    pub via: Vantage,
}

/// Names what one check finds out: for which alert, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckTopic {
    /// The alert's name.
    pub alert: Arc<str>,
    /// The check's name.
    pub check: Arc<str>,
    /// What those have in common that it is for: the `by` labels of the check's scope, or without a
    /// scope (or in no group of it) all public labels of the target.
    pub labels: Labels,
}

/// A question to Prometheus, once. Its answer is an [`super::Event::Answered`].
#[derive(Clone, Debug)]
pub struct QueryOrder {
    /// The question; it comes back with the answer.
    pub promql: Arc<str>,
    /// The queries that ask it, each with its alert before it.
    pub asked_by: BTreeSet<(Arc<str>, Arc<str>)>,
}

/// Everything that somebody wants to know.
#[derive(Debug)]
pub(super) struct Inquiries {
    pub(super) checks: Rounds<CheckTopic>,
    pub(super) queries: Rounds<Arc<str>>,
}

impl Default for Inquiries {
    fn default() -> Self {
        Self { checks: Rounds::new(CHECKS_MAX), queries: Rounds::new(QUERIES_MAX) }
    }
}

impl Inquiries {
    pub(super) fn next_wakeup(&self) -> Option<Duration> {
        [self.checks.next_wakeup(), self.queries.next_wakeup()].into_iter().flatten().min()
    }
}

/// An alert of a target that wants to know, under the name that it has for the answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asker {
    pub(super) key: Key,
    pub(super) name: Arc<str>,
}

/// The topics of one kind.
#[derive(Debug)]
pub(super) struct Rounds<T> {
    topics: BTreeMap<T, Topic>,
    /// Those that are not under way.
    due: BTreeSet<(Duration, T)>,
    under_way: usize,
    places: usize,
}

#[derive(Debug, Default)]
struct Topic {
    askers: BTreeSet<Asker>,
    /// While it is under way: when it was sent, and how long after that it may be sent again.
    sent: Option<(Duration, Duration)>,
}

/// What has come back.
pub(super) struct Back {
    /// From one answer to the next.
    pub(super) interval: Duration,
    /// The alerts that wanted to know.
    pub(super) alerts: BTreeSet<Arc<str>>,
}

impl<T: Ord + Clone> Rounds<T> {
    fn new(places: usize) -> Self {
        Self { topics: BTreeMap::new(), due: BTreeSet::new(), under_way: 0, places }
    }

    /// Whether somebody has wanted to know that.
    pub(super) fn has(&self, topic: &T) -> bool {
        self.topics.contains_key(topic)
    }

    /// Somebody wants to know: at once, where it is new.
    fn want(&mut self, now: Duration, topic: T, asker: Asker) {
        let known = self.topics.entry(topic.clone()).or_insert_with(|| {
            self.due.insert((now, topic));
            Topic::default()
        });
        known.askers.insert(asker);
    }

    /// The next one that is due and has a place, with those who wanted to know when it was looked at
    /// last. It is forgotten, unless it is [`Rounds::sent`].
    fn take_due(&mut self, now: Duration) -> Option<(T, BTreeSet<Asker>)> {
        if self.under_way >= self.places || self.due.first().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        let (_, topic) = self.due.pop_first()?;
        let known = self.topics.remove(&topic).expect("what is due is known");
        Some((topic, known.askers))
    }

    /// It is under way.
    fn sent(&mut self, now: Duration, topic: T, askers: BTreeSet<Asker>, interval: Duration) {
        self.under_way += 1;
        self.topics.insert(topic, Topic { askers, sent: Some((now, interval)) });
    }

    /// It is under way no more. None where it was not.
    pub(super) fn came_back(&mut self, topic: &T) -> Option<Back> {
        let known = self.topics.get_mut(topic)?;
        let (sent, interval) = known.sent.take()?;
        self.under_way -= 1;
        self.due.insert((sent.saturating_add(interval), topic.clone()));
        Some(Back { interval, alerts: known.askers.iter().map(|it| Arc::clone(&it.key.alert)).collect() })
    }

    /// While no place is free, what comes back wakes us.
    fn next_wakeup(&self) -> Option<Duration> {
        self.due.first().filter(|_| self.under_way < self.places).map(|(at, _)| *at)
    }
}

impl Engine {
    /// Notes what an alert of a target wants to know, after it was looked at.
    pub(super) fn inquire(&mut self, now: Moment, watch: &Watch, target: TargetId) {
        let Some(alert) = watch.alert().filter(|it| !it.checks.is_empty() || !it.queries.is_empty()) else {
            return;
        };
        let key = Key { alert: Arc::clone(&alert.name), target };
        let muster = watch.of_groups().and_then(|it| self.world.groups.muster(&key, it, &self.world.board));
        let Some(view) = self.outlook(now, watch, &key, muster.as_ref()) else { return };
        let is_live = self.alarms.get(&key).is_some();
        let (mut checks, mut queries, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for check in alert.checks.iter().filter(|_| is_live) {
            if is_worth(check, &view, &mut failures) {
                checks.push((view.topic(alert, check), Arc::clone(&check.name)));
            }
        }
        for query in alert.queries.iter().filter(|it| is_live || starts(alert, &it.name)) {
            match query.promql.render_promql(&view) {
                Ok(promql) => queries.push((Arc::from(promql), Arc::clone(&query.name))),
                Err(failed) => failures.push(failed),
            }
        }
        let Inquiries { checks: check_rounds, queries: query_rounds } = &mut self.world.inquiries;
        for (topic, name) in checks {
            check_rounds.want(now.up, topic, Asker { key: key.clone(), name });
        }
        for (promql, name) in queries {
            query_rounds.want(now.up, promql, Asker { key: key.clone(), name });
        }
        self.count_errors(now, watch, &failures);
    }

    /// What is to be asked now.
    pub(super) fn ask_around(&mut self, now: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some((topic, askers)) = self.world.inquiries.checks.take_due(now.up) {
            match self.check_order(now, &topic, askers) {
                Some((order, askers, interval)) => {
                    self.world.inquiries.checks.sent(now.up, topic, askers, interval);
                    effects.push(Effect::Check(order));
                }
                None => self.world.answers.forget_check(&topic),
            }
        }
        while let Some((promql, askers)) = self.world.inquiries.queries.take_due(now.up) {
            match self.query_order(&promql, askers) {
                Some((order, askers, interval)) => {
                    self.world.inquiries.queries.sent(now.up, promql, askers, interval);
                    effects.push(Effect::Ask(order));
                }
                None => self.world.answers.forget_query(&promql),
            }
        }
        effects
    }

    /// None where nobody wants to know any more.
    fn check_order(
        &self,
        now: Moment,
        topic: &CheckTopic,
        mut askers: BTreeSet<Asker>,
    ) -> Option<(CheckOrder, BTreeSet<Asker>, Duration)> {
        let alert = self.planned(askers.first()?)?;
        let check = alert.checks.iter().find(|it| it.name == topic.check)?;
        let module = self.modules.get(&check.module)?;
        // No alert of groups has checks: each asks one target.
        let watch = Watch::Planned(Arc::clone(&alert));
        askers.retain(|it| {
            let view = self.alarms.get(&it.key).and_then(|_| self.outlook(now, &watch, &it.key, None));
            view.is_some_and(|view| view.topic(&alert, check) == *topic)
        });
        let seen = |it: &Asker| {
            let view = self.outlook(now, &watch, &it.key, None)?;
            Some((view, view.entry()?))
        };
        let mut views: Vec<_> = askers.iter().filter_map(seen).collect();
        views.sort_by_key(|(view, entry)| {
            (!entry.reading.failing, Arc::clone(&entry.target.address), view.target())
        });
        let (_, chosen) = views.into_iter().find(|(it, _)| is_worth(check, it, &mut Vec::new()))?;
        let target = Arc::clone(&chosen.target);
        let interval = self.probes.get(&chosen.probe)?.interval;
        let (module, via) = (Arc::clone(module), check.via.clone());
        Some((CheckOrder { topic: topic.clone(), target, module, via }, askers, interval))
    }

    /// None where nobody wants to know any more.
    fn query_order(
        &self,
        promql: &Arc<str>,
        mut askers: BTreeSet<Asker>,
    ) -> Option<(QueryOrder, BTreeSet<Asker>, Duration)> {
        askers.retain(|it| {
            let alert = self.planned(it);
            alert.is_some_and(|alert| {
                let has_it = alert.queries.iter().any(|query| query.name == it.name);
                has_it && (self.alarms.get(&it.key).is_some() || starts(&alert, &it.name))
            })
        });
        let probe = |it: &Asker| self.probes.get(&self.planned(it)?.probe);
        let interval = askers.iter().filter_map(probe).map(|it| it.interval).min()?;
        let asked_by = askers.iter().map(|it| (Arc::clone(&it.key.alert), Arc::clone(&it.name)));
        let order = QueryOrder { promql: Arc::clone(promql), asked_by: asked_by.collect() };
        Some((order, askers, interval))
    }

    /// The drop-in's alert that asks, while it and its target are there.
    fn planned(&self, asker: &Asker) -> Option<Arc<Alert>> {
        match self.watch(&asker.key)? {
            Watch::Planned(alert) => Some(alert),
            Watch::Stale(_) => None,
        }
    }

    /// `muster` is the group as it stands, of an alert that has any.
    fn outlook<'a>(
        &'a self,
        now: Moment,
        watch: &'a Watch,
        key: &Key,
        muster: Option<&'a Muster>,
    ) -> Option<Outlook<'a>> {
        let subject = self.world.subject(watch, key.target, muster)?;
        let live = self.alarms.get(key);
        let firing_for = live.map_or(Duration::ZERO, |it| it.rule.firing_for(now));
        Some(Outlook { world: &self.world, now, subject, alert: watch.alert(), firing_for })
    }
}

/// Whether the query is asked for a target that is well too: without its answer nobody could tell
/// whether the alert begins.
fn starts(alert: &Alert, query: &str) -> bool {
    alert.when.needs().queries.iter().any(|it| it == query)
}

fn is_worth(check: &Check, view: &Outlook<'_>, failures: &mut Vec<Failed>) -> bool {
    let Some(when) = &check.when else { return true };
    when.holds(view).unwrap_or_else(|failed| {
        failures.push(failed);
        false
    })
}

/// The most checks that are under way at once.
pub(super) const CHECKS_MAX: usize = 32;
/// The most questions to Prometheus that are under way at once; it answers 20 itself.
const QUERIES_MAX: usize = 16;
