//! One turn of the engine: what happened is taken in, then everything that is due is looked at.
//!
//! **When an alert is looked at.** At each reading of its target, and at each late answer; when one of
//! its clocks runs out; when the plan changes. Its condition and its steps may also hang on scopes,
//! checks, queries and other alerts. When one of those changes, the alerts of that probe that are
//! pending or firing are looked at again within [`SETTLE`], all at once, as long as no alert has more
//! than [`SWEEP_MAX`] of them; beyond that each waits for its target's own next reading, at most an
//! interval later. So the cost for each reading is bounded, however many targets fail together.

use std::sync::Arc;
use std::time::Duration;

use crate::board::{Entry, Stir};
use crate::cause::{Judged, Verdict};
use crate::condition::Failed;
use crate::moment::Moment;
use crate::notification::Notification;
use crate::outcome::{End, Late, Outcome, OwnSide};
use crate::rule::{Finding, Transition};
use crate::schedule::{AttemptId, Due};
use crate::target::TargetId;

use super::alarms::Alarm;
use super::diagnosis::Diagnosis;
use super::isolation::PROBER_ISOLATED;
use super::ledger::{Claim, Key};
use super::memory::Recollection;
use super::ourselves::OwnAlert;
use super::outlook::Outlook;
use super::watch::Watch;
use super::{Attempt, Engine, Event};

/// How long after a change of a scope, a check, a query or another alert the others are looked at.
pub(super) const SETTLE: Duration = Duration::from_secs(1);
/// The most alerts of one name that are looked at together.
const SWEEP_MAX: usize = 500;

impl Engine {
    pub(super) fn take_in(&mut self, now: Moment, event: Event) {
        match event {
            Event::Woken => {}
            Event::Recall { remembered, last_alive } => self.recall(now, remembered, last_alive),
            Event::Settled => self.settle_recalled(now),
            Event::Plan(plan) => self.set_plan(now, &plan),
            Event::Runbook(runbook) => {
                self.world.runbook = runbook;
                self.stir_all(now);
                self.look_for_links(now);
            }
            Event::Targets(set) => {
                let probe = Arc::clone(&set.probe);
                self.found.insert(Arc::clone(&probe), set);
                if let Some(probe) = self.probes.get(&probe).cloned() {
                    self.place(now, &probe);
                }
            }
            Event::Paused { stood, lasted } => self.stand_still(now, stood, lasted),
            Event::Outcome { attempt, judged, reading_on } => {
                let judged = if self.schedule.was_paused(attempt) {
                    Box::new(ours(now, OwnSide::Paused))
                } else {
                    judged
                };
                let target = if reading_on {
                    self.schedule.judged(attempt)
                } else {
                    let ended = self.schedule.ended(now.up, attempt);
                    ended.filter(|(_, judged)| !judged).map(|(target, _)| target)
                };
                if let Some(target) = target {
                    self.judge(now, target, Arc::from(judged), reading_on);
                }
            }
            Event::Late { attempt, late } => self.take_late(now, attempt, late),
            Event::Checked { topic, answer } => {
                let Some(back) = self.world.inquiries.checks.came_back(&topic) else { return };
                if let Some(answer) = answer {
                    self.world.answers.checked(now.up, topic, *answer, back.interval);
                }
                back.alerts.iter().for_each(|it| self.stir_alert(now, it));
            }
            Event::Answered { promql, value } => {
                let Some(back) = self.world.inquiries.queries.came_back(&promql) else { return };
                let is_new =
                    value.is_none_or(|it| self.world.answers.answered(now.up, promql, it, back.interval));
                back.alerts.iter().filter(|_| is_new).for_each(|it| self.stir_alert(now, it));
            }
            Event::Ourselves { alert, found } => self.tell_of_ourselves(now, alert, found),
            Event::Others(firing) => {
                self.world.ledger.firing.set_others(firing);
                self.stir_all(now);
            }
        }
    }

    fn take_late(&mut self, now: Moment, attempt: AttemptId, late: Late) {
        let late = if self.schedule.was_paused(attempt) { Late::Unknown(OwnSide::Paused) } else { late };
        match self.schedule.ended(now.up, attempt) {
            None => {}
            Some((target, true)) => {
                let stir = self.world.board.amend(target, late);
                self.stirred(now, target, &stir);
                self.look_at_all(now, target);
            }
            Some((target, false)) => self.judge(now, target, mistake(now), false),
        }
    }

    /// An attempt whose prober never came back has failed on our side.
    pub(super) fn give_up_lost(&mut self, now: Moment) {
        for lost in self.schedule.lost(now.up) {
            if !lost.judged {
                self.judge(now, lost.target, mistake(now), false);
            }
        }
    }

    pub(super) fn start_due(&mut self, now: Moment) -> impl Iterator<Item = Attempt> + use<> {
        let attempt = |due: Due| {
            let entry = self.world.board.entry(due.target).expect("who is scheduled is on the board");
            Attempt {
                id: due.attempt,
                probe: Arc::clone(&entry.probe),
                target: Arc::clone(&entry.target),
                module: Arc::clone(&entry.module),
                due: due.tick,
                late_after: self.probes.get(&entry.probe).map_or(Duration::MAX, |it| it.interval),
            }
        };
        self.schedule.due(now.up).into_iter().map(attempt).collect::<Vec<_>>().into_iter()
    }

    /// Looks at the alerts whose clock has run out.
    pub(super) fn run_timers(&mut self, now: Moment) {
        while let Some(key) = self.alarms.pop_ripe(now.up) {
            if let Some(alert) = OwnAlert::of(&key) {
                self.go_on_with_ours(now, &key, alert);
            } else if let Some(watch) = self.watch(&key) {
                self.look(now, &watch, key.target);
            }
        }
    }

    /// Looks again at the alerts of the probes where something has changed.
    pub(super) fn sweep(&mut self, now: Moment) {
        let ripe: Vec<_> =
            self.sweeps.iter().filter(|(_, at)| **at <= now.up).map(|(it, _)| Arc::clone(it)).collect();
        for probe in ripe {
            self.sweeps.remove(&probe);
            for watch in self.watches_of(&probe).iter() {
                let live: Vec<_> =
                    self.alarms.of(watch.name()).take(SWEEP_MAX + 1).map(|it| it.target).collect();
                if live.len() <= SWEEP_MAX {
                    for target in live {
                        self.look(now, watch, target);
                    }
                }
            }
        }
    }

    /// What people must hear after this turn.
    pub(super) fn news(&mut self, now: Moment) -> Vec<Notification> {
        let Self { world, alarms, watches, isolation, probes, memory, .. } = self;
        let watch = |name: &str| watches.values().flat_map(|it| it.iter()).find(|it| **it.name() == *name);
        let inhibitors = |name: &str| watch(name).map_or(&[][..], Watch::inhibitors);
        let diagnosis =
            |key: &Key| &alarms.get(key).expect("who speaks for an incident is an alarm").diagnosis;
        let waits = |key: &Key| {
            let probe = watch(&key.alert).and_then(Watch::alert).and_then(|it| probes.get(&it.probe));
            probe.is_some_and(|it| isolation.holds(now.up, key.target, it))
        };
        let isolated = Arc::from(PROBER_ISOLATED);
        let hold = |key: &Key| (isolation.is_closed() && waits(key)).then(|| Arc::clone(&isolated));
        // What is recalled was told before; what was held back then stays so until it is judged anew.
        let is_open = |key: &Key| !memory.is_recalled(key);
        world.ledger.settle(is_open, inhibitors, diagnosis, hold)
    }

    pub(super) fn judge(&mut self, now: Moment, target: TargetId, judged: Arc<Judged>, reading_on: bool) {
        if self.world.board.entry(target).is_some_and(Entry::is_question) {
            self.judge_series(now, target, &judged, reading_on);
        } else {
            self.isolation.heed(now, target, &judged);
            self.judge_one(now, target, judged, reading_on);
        }
    }

    pub(super) fn judge_one(&mut self, now: Moment, target: TargetId, judged: Arc<Judged>, reading_on: bool) {
        let stir = self.world.board.judge(target, judged, reading_on, now.wall);
        if let Some(entry) = self.world.board.entry(target) {
            self.memory.met(&entry.probe, target);
        }
        self.stirred(now, target, &stir);
        self.look_at_all(now, target);
    }

    fn look_at_all(&mut self, now: Moment, target: TargetId) {
        let Some(entry) = self.world.board.entry(target) else { return };
        let watches = self.watches_of(&entry.probe);
        self.world.groups.stir(now.up, &entry.probe, &entry.reading.labels);
        for watch in watches.iter().filter(|it| it.of_groups().is_none()) {
            self.look(now, watch, target);
        }
    }

    /// Looks at the groups that have had a reading.
    pub(super) fn look_at_groups(&mut self, now: Moment) {
        for key in self.world.groups.take_due(now.up) {
            if let Some(watch) = self.watch(&key) {
                self.look(now, &watch, key.target);
            }
        }
    }

    /// Looks at one alert of one target or group, lets it go on from there, and notes what it wants to know.
    pub(super) fn look(&mut self, now: Moment, watch: &Watch, target: TargetId) {
        self.look_at(now, watch, target);
        self.inquire(now, watch, target);
    }

    fn look_at(&mut self, now: Moment, watch: &Watch, target: TargetId) {
        let key = Key { alert: Arc::clone(watch.name()), target };
        let muster = watch.of_groups().and_then(|it| self.world.groups.muster(&key, it, &self.world.board));
        let Some(subject) = self.world.subject(watch, target, muster.as_ref()) else { return };
        let recollection = self.recollection(watch, &key);
        let live = self.alarms.get_mut(&key);
        let firing_for = live.as_ref().map_or(Duration::ZERO, |it| it.rule.firing_for(now));
        let view = Outlook { world: &self.world, now, subject, alert: watch.alert(), firing_for };
        let (finding, failed) = match watch.finding(&view) {
            Ok(finding) => (recollection.allows(finding), None),
            Err(failed) => (Finding::Unknown, Some(failed)),
        };
        if finding != Finding::Unknown {
            self.memory.release(&key);
        }
        let left_out = muster.iter().flat_map(|it| it.failures.iter().cloned());
        let mut failures: Vec<_> = failed.into_iter().chain(left_out).collect();
        match (live, finding) {
            (None, Finding::Absent | Finding::Unknown) => return self.count_errors(now, watch, &failures),
            (None, Finding::Present) => {
                let (labels, unfilled) = watch.labels(&view);
                let diagnosis = Diagnosis::of(watch, &view, &self.world.runbook, unfilled.clone());
                failures.extend(diagnosis.failures.iter().cloned());
                self.alarms.insert(key.clone(), Alarm::new(labels, unfilled, diagnosis));
            }
            (Some(alarm), Finding::Present) => {
                alarm.diagnosis = Diagnosis::of(watch, &view, &self.world.runbook, alarm.unfilled.clone());
                failures.extend(alarm.diagnosis.failures.iter().skip(alarm.unfilled.len()).cloned());
            }
            (Some(_), Finding::Absent | Finding::Unknown) => {}
        }
        self.count_errors(now, watch, &failures);
        if recollection == Recollection::Ready && finding == Finding::Present {
            self.relabel(now, watch, &key);
        }
        self.go_on(now, watch, &key, finding);
    }

    /// Moves the alert's rule, and does what follows.
    pub(super) fn go_on(&mut self, now: Moment, watch: &Watch, key: &Key, finding: Finding) {
        // Nobody is woken by a reading that is just being replaced.
        let asks = self.schedule.asks(self.asked_about(key.target));
        let alarm = self.alarms.get_mut(key).expect("it was looked at a moment ago");
        let ran = alarm.rule.clock_runs();
        let found = alarm.rule.find(now, finding);
        let ripe = if asks { None } else { alarm.rule.ripen(now, watch.terms()) };
        let transition = ripe.or(found);
        if transition.is_some() || alarm.rule.clock_runs() != ran {
            self.memory.touch(key);
        }
        match transition {
            Some(Transition::Fired) => {
                let starts_at = alarm.rule.starts_at().expect("what has fired has a start");
                if self.world.ledger.claim(&alarm.labels, key.clone(), starts_at) == Claim::Duplicate {
                    *self.counters.duplicates.entry(Arc::clone(&key.alert)).or_default() += 1;
                }
                self.stir_askers(now);
            }
            Some(Transition::Dropped) => {
                self.alarms.remove(key);
                return;
            }
            Some(Transition::Resolved { ends_at, .. }) => {
                self.world.ledger.release(&alarm.labels, key, ends_at, None);
                self.alarms.remove(key);
                self.stir_askers(now);
                return;
            }
            Some(Transition::Began) | None => {}
        }
        let alarm = self.alarms.get_mut(key).expect("it goes on");
        if alarm.rule.starts_at().is_some() {
            self.world.ledger.touch(&alarm.labels);
            if let Some(step) = alarm.new_step() {
                *self.counters.steps.entry((Arc::clone(&key.alert), step)).or_default() += 1;
            }
        }
        // A clock that has run out already waits for the verdict of the attempt under way.
        let timer = alarm.rule.due(watch.terms()).filter(|it| *it > now.up);
        self.alarms.set_timer(key, timer);
    }

    pub(super) fn stirred(&mut self, now: Moment, target: TargetId, stir: &Stir) {
        self.count_failures(now, &stir.failed);
        if stir.changed
            && let Some(entry) = self.world.board.entry(target)
        {
            let probe = Arc::clone(&entry.probe);
            self.stir_counters(now, &probe);
        }
    }

    /// Lets the live alerts of the probe be looked at again, and those of others that count its
    /// targets in a scope.
    pub(super) fn stir_counters(&mut self, now: Moment, probe: &Arc<str>) {
        let counts = |it: &Arc<[Watch]>| it.iter().any(|watch| watch.counts(probe));
        let others = self.watches.iter().filter(|(name, it)| *name != probe && counts(it));
        let others: Vec<_> = others.map(|(name, _)| Arc::clone(name)).collect();
        for it in others.iter().chain([probe]) {
            self.stir_probe(now, it);
        }
    }

    /// Lets the live alerts of the probe be looked at again.
    pub(super) fn stir_probe(&mut self, now: Moment, probe: &Arc<str>) {
        let watches = self.watches_of(probe);
        let is_live = watches.iter().any(|it| self.alarms.of(it.name()).next().is_some());
        if is_live && !self.sweeps.contains_key(probe) {
            self.sweeps.insert(Arc::clone(probe), now.up.saturating_add(SETTLE));
        }
    }

    fn stir_alert(&mut self, now: Moment, alert: &str) {
        let probe = self.watches.iter().find(|(_, it)| it.iter().any(|it| **it.name() == *alert));
        if let Some(probe) = probe.map(|(it, _)| Arc::clone(it)) {
            self.stir_probe(now, &probe);
        }
    }

    pub(super) fn stir_all(&mut self, now: Moment) {
        let probes: Vec<_> = self.watches.keys().cloned().collect();
        for probe in &probes {
            self.stir_probe(now, probe);
        }
    }

    /// An alert has begun or ended to fire, and other alerts may ask about it.
    pub(super) fn stir_askers(&mut self, now: Moment) {
        let asks = |it: &Arc<[Watch]>| it.iter().any(Watch::asks_about_others);
        let probes: Vec<_> =
            self.watches.iter().filter(|(_, it)| asks(it)).map(|(it, _)| Arc::clone(it)).collect();
        for probe in &probes {
            self.stir_probe(now, probe);
        }
    }

    /// The alert that the key names, while its target or its group is there.
    pub(super) fn watch(&self, key: &Key) -> Option<Watch> {
        let group = self.world.groups.get(key);
        let probe = match group {
            Some(group) => &group.probe,
            None => &self.world.board.entry(key.target)?.probe,
        };
        let named = |it: &&Watch| *it.name() == key.alert && it.of_groups().is_some() == group.is_some();
        self.watches.get(probe)?.iter().find(named).cloned()
    }

    pub(super) fn watches_of(&self, probe: &str) -> Arc<[Watch]> {
        self.watches.get(probe).cloned().unwrap_or_default()
    }

    pub(super) fn count_failures(&mut self, now: Moment, failed: &[(Arc<str>, Failed)]) {
        let longest = self.probes.values().map(|it| it.interval).max().unwrap_or_default();
        for (alert, failed) in failed {
            *self.counters.expression_errors.entry(Arc::clone(alert)).or_default() += 1;
            self.mishaps.note(now.up, alert, failed, longest.saturating_mul(3));
        }
    }

    /// What has no answer yet is no error.
    pub(super) fn count_errors(&mut self, now: Moment, watch: &Watch, failures: &[Failed]) {
        let errors = failures.iter().filter(|it| !it.no_answer);
        let errors: Vec<_> = errors.map(|it| (Arc::clone(watch.name()), it.clone())).collect();
        if !errors.is_empty() {
            self.count_failures(now, &errors);
        }
    }
}

/// The verdict on an attempt that never came back: the mistake is ours.
fn mistake(now: Moment) -> Arc<Judged> {
    Arc::new(ours(now, OwnSide::Internal))
}

/// The verdict on what went wrong on our side.
pub(super) fn ours(now: Moment, own: OwnSide) -> Judged {
    let outcome = Outcome::bare(now.wall, Duration::ZERO, End::Unknown(own));
    Judged { verdict: Verdict::Unknown(own), outcome }
}
