//! The engine: all of the judgement as one value. What happens goes in as an [`Event`], what is to be
//! done comes out as [`Effect`]s, and nothing else is read or moved: time is an argument, and there is
//! no clock, no socket, no lock inside. So an hour of alerting runs in a millisecond.
//!
//! `turn` is the order in which things are looked at, `change` what other drop-ins and targets do; `watch` are the alerts, `alarms` those that are
//! not inactive, `groups` the groups that some of them fire for (`member` tells those), `series` the
//! answers to questions, `outlook` is what their conditions see, `inquiry` what they want to know
//! beyond that and `answers` what came of it, `diagnosis` what is said of them (its longest part is
//! the `evidence`), `mishap` which expressions fail, `isolation` asks whether it is us, `ourselves` are the
//! alerts about that and the like, and `ledger` is what people have been told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::board::Board;
use crate::cause::Judged;
use crate::labels::Labels;
use crate::moment::Moment;
use crate::notification::Notification;
use crate::outcome::Late;
use crate::plan::{Plan, Probe};
use crate::runbook::Runbook;
use crate::schedule::Schedule;
use crate::spec::Module;
use crate::target::{Target, TargetId, TargetSet};
use crate::view::CheckAnswer;

mod alarms;
mod answers;
mod change;
mod diagnosis;
mod evidence;
mod firing;
mod groups;
mod inquiry;
mod isolation;
mod ledger;
mod member;
mod memory;
mod mishap;
mod ourselves;
mod outlook;
mod series;
mod snapshot;
mod standstill;
mod turn;
mod watch;

pub use crate::schedule::{AttemptId, Spread};
pub use inquiry::{CheckOrder, CheckTopic, QueryOrder};
pub use isolation::PROBER_ISOLATED;
pub use memory::{Record, Remembered};
pub use mishap::{Mishap, MishapNews};
pub use ourselves::{OwnAlert, OwnFinding, WATCHDOG};
pub use snapshot::{AlertState, AlertStatus, Counters, Snapshot, TargetStatus};
pub use watch::PROBE_STALE;

use alarms::Alarms;
use answers::Answers;
use groups::{Doubt, Groups, Muster};
use inquiry::Inquiries;
use isolation::Isolation;
use ledger::Ledger;
use memory::Memory;
use mishap::Mishaps;
use ourselves::Links;
use outlook::Subject;
use watch::Watch;

/// How the engine is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Decides about the phases of the targets; the same seed gives the same phases.
    pub seed: u64,
    /// The most attempts that are under way at once, those that only read on among them; at least 1.
    pub concurrency: usize,
    /// Where the runbook pages stand, until [`Event::Runbook`] brings others.
    pub base_url: Url,
    /// Whether first attempts are spread over the interval.
    pub spread: Spread,
}

/// What happens to the engine.
#[derive(Clone, Debug)]
pub enum Event {
    /// Nothing but time has passed.
    Woken,
    /// What was kept when the process before ended; it comes ahead of everything else, if at all.
    Recall {
        /// Every alert that was pending or fired.
        remembered: Vec<Remembered>,
        /// When that process is known to have still run.
        last_alive: SystemTime,
    },
    /// Every drop-in and every file of targets has been read and is good: what is recalled and was not
    /// found again is gone.
    Settled,
    /// Nothing moved here up to now: we were stopped, or the machine slept. To be told before anything
    /// else is.
    Paused {
        /// How far [`Moment::up`] went on meanwhile.
        stood: Duration,
        /// How long it was; more than `stood` where the machine slept.
        lasted: Duration,
    },
    /// Other drop-ins are in force. What stays the same (a target of a probe, an alert by its name)
    /// keeps its reading, its clocks and its phase.
    Plan(Arc<Plan>),
    /// Other runbook pages are there (they give steps their titles).
    Runbook(Arc<Runbook>),
    /// Discovery knows these targets now. It may come before the plan that has the probe.
    Targets(TargetSet),
    /// An attempt has its verdict.
    Outcome {
        /// Which one; one that is not under way any more is passed over.
        attempt: AttemptId,
        /// What was seen, and what it means.
        judged: Box<Judged>,
        /// The prober still waits for a late answer, and a `Late` will follow.
        reading_on: bool,
    },
    /// What came after the verdict. The attempt is over.
    Late {
        /// Which one.
        attempt: AttemptId,
        /// What came.
        late: Late,
    },
    /// A follow-up check that was ordered is over.
    Checked {
        /// Which one; one that is not under way is passed over.
        topic: CheckTopic,
        /// What it saw. Without an answer the one before stays for a while.
        answer: Option<Box<CheckAnswer>>,
    },
    /// A question to Prometheus that was ordered is over.
    Answered {
        /// Which one; one that is not under way is passed over.
        promql: Arc<str>,
        /// The answer; not a number where there is none to give. `None`: Prometheus could not be
        /// asked, and the answer before stays for a while.
        value: Option<f64>,
    },
    /// All that holds now of one of the alerts about ourselves. What is not named any more is over.
    Ourselves {
        /// Which one.
        alert: OwnAlert,
        /// What it is about; nothing: it does not fire.
        found: Vec<OwnFinding>,
    },
    /// Alerts that others fire now: all of them, each with `alertname`.
    Others(Vec<Labels>),
}

/// What the engine wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Ask.
    Probe(Attempt),
    /// Look closer. An [`Event::Checked`] must follow, whatever happens.
    Check(CheckOrder),
    /// Ask Prometheus. An [`Event::Answered`] must follow, whatever happens.
    Ask(QueryOrder),
    /// Keep, where it outlives the process, before anything that follows is told.
    Remember(Record),
    /// Tell.
    Notify(Notification),
}

/// One thing to ask, once, until when.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Comes back with the outcome.
    pub id: AttemptId,
    /// The probe's name.
    pub probe: Arc<str>,
    /// Whom to ask.
    pub target: Arc<Target>,
    /// How to ask; it holds the timeout and the patience.
    pub module: Arc<Module>,
    /// When it was due ([`Moment::up`]): what has passed since is the schedule's lag.
    pub due: Duration,
    /// How long after `due` it may begin; later than that it is an overrun of ours.
    pub late_after: Duration,
}

/// The engine. It has one owner, who tells it what happens.
#[derive(Debug)]
pub struct Engine {
    schedule: Schedule,
    world: World,
    alarms: Alarms,
    counters: Counters,
    mishaps: Mishaps,
    /// By probe, its targets as discovery knows them, wherever the plan stands.
    found: BTreeMap<Arc<str>, TargetSet>,
    /// By probe of the plan, the targets that are asked.
    members: BTreeMap<Arc<str>, BTreeSet<TargetId>>,
    probes: HashMap<Arc<str>, Arc<Probe>>,
    /// The ways to ask, for checks.
    modules: BTreeMap<Arc<str>, Arc<Module>>,
    /// By probe, the alerts that watch over its targets.
    watches: HashMap<Arc<str>, Arc<[Watch]>>,
    /// By name, those of the plan that are controls.
    controls: BTreeSet<Arc<str>>,
    isolation: Isolation,
    memory: Memory,
    links: Links,
    /// The probes whose alerts are to be looked at again, and when.
    sweeps: BTreeMap<Arc<str>, Duration>,
}

/// What conditions can see.
#[derive(Debug)]
struct World {
    board: Board,
    groups: Groups,
    answers: Answers,
    inquiries: Inquiries,
    ledger: Ledger,
    runbook: Arc<Runbook>,
}

impl World {
    /// Whom an alert is about; `muster` is the group as it stands, of an alert that has any.
    fn subject<'a>(
        &'a self,
        watch: &Watch,
        target: TargetId,
        muster: Option<&'a Muster>,
    ) -> Option<Subject<'a>> {
        match watch.of_groups() {
            Some(_) => muster.map(|it| Subject::Group(it, Doubt::AsItIs)),
            None => self.board.entry(target).map(|it| Subject::Target(target, it)),
        }
    }
}

impl Engine {
    /// An engine without a plan, that begins `now`.
    pub fn new(settings: Settings, now: Moment) -> Self {
        let Settings { seed, concurrency, base_url, spread } = settings;
        Self {
            schedule: Schedule::new(seed, spread, concurrency, now.up),
            world: World {
                board: Board::default(),
                groups: Groups::default(),
                answers: Answers::default(),
                inquiries: Inquiries::default(),
                ledger: Ledger::default(),
                runbook: Arc::new(Runbook::without_folder(base_url)),
            },
            alarms: Alarms::default(),
            counters: Counters::default(),
            mishaps: Mishaps::default(),
            found: BTreeMap::new(),
            members: BTreeMap::new(),
            probes: HashMap::new(),
            modules: BTreeMap::new(),
            watches: HashMap::new(),
            controls: BTreeSet::new(),
            isolation: Isolation::default(),
            memory: Memory::default(),
            links: Links::default(),
            sweeps: BTreeMap::new(),
        }
    }

    /// Takes in what happened, and everything that is due `now`. Attempts come first, in the order in
    /// which they came due; then what else is to be asked; then what must be kept; then what people must
    /// hear, an end before a beginning.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        self.take_in(now, event);
        self.give_up_lost(now);
        let attempts = self.start_due(now);
        self.give_up_waiting(now);
        self.run_timers(now);
        self.sweep(now);
        self.look_at_groups(now);
        self.ask_ourselves(now);
        let asked = self.ask_around(now);
        let news = self.news(now);
        let records = self.records(now).into_iter().map(Effect::Remember);
        let told = records.chain(news.into_iter().map(Effect::Notify));
        attempts.map(Effect::Probe).chain(asked).chain(told).collect()
    }

    /// When it wants to be woken at the latest (by [`Moment::up`]); a time that is past means: now.
    /// None while there is nothing to wait for.
    pub fn next_wakeup(&self) -> Option<Duration> {
        let sweep = self.sweeps.values().min().copied();
        let asked = self.world.inquiries.next_wakeup();
        let group = self.world.groups.next_wakeup();
        let isolation = self.isolation.next_wakeup();
        let all = [self.schedule.next_wakeup(), self.alarms.next_wakeup(), sweep, asked, group, isolation];
        all.into_iter().flatten().min()
    }

    /// How long the one that waits longest has been due: more than a moment only where all places are
    /// taken, or where nobody woke us.
    pub fn lag(&self, now: Moment) -> Duration {
        self.schedule.lag(now.up)
    }

    /// Which expressions have begun to fail, or do so no more, since this was asked last.
    pub fn take_mishaps(&mut self, now: Moment) -> Vec<MishapNews> {
        self.mishaps.take(now.up)
    }

    /// A picture of everything.
    pub fn snapshot(&self, now: Moment) -> Snapshot {
        let target = |(id, entry): (TargetId, &crate::board::Entry)| TargetStatus {
            id,
            probe: Arc::clone(&entry.probe),
            target: Arc::clone(&entry.target),
            module: Arc::clone(&entry.module),
            judged: entry.judged.clone(),
            late: entry.late,
            since: entry.since,
            next_in: self.schedule.next_in(now.up, self.asked_about(id)),
        };
        let mut targets: Vec<_> = self.world.board.entries().map(target).collect();
        targets.sort_by(|a, b| (&a.probe, &a.target.address, a.id).cmp(&(&b.probe, &b.target.address, b.id)));
        let alerts = self.alarms.iter().map(|(key, alarm)| self.status(key, alarm)).collect();
        let counters = Counters { missed: self.schedule.missed().clone(), ..self.counters.clone() };
        Snapshot { targets, alerts, counters }
    }

    fn status(&self, key: &ledger::Key, alarm: &alarms::Alarm) -> AlertStatus {
        let fires = alarm.rule.starts_at().is_some();
        let incident = self.world.ledger.incident(&alarm.labels).filter(|_| fires);
        let inhibited_by = incident.and_then(|it| it.held_by.clone());
        let active_at = alarm.rule.active_at().expect("an alarm that is kept is not inactive");
        let state = match (fires, &inhibited_by) {
            (false, _) => AlertState::Pending,
            (true, None) => AlertState::Firing,
            (true, Some(_)) => AlertState::Inhibited,
        };
        let notification = Notification {
            labels: alarm.labels.clone(),
            annotations: alarm.diagnosis.annotations.clone(),
            starts_at: incident.map_or(active_at, |it| it.starts_at),
            ends_at: None,
        };
        let step = alarm.diagnosis.step.clone();
        AlertStatus { state, notification, active_at, target: key.target, step, inhibited_by }
    }
}

#[cfg(test)]
mod tests;
