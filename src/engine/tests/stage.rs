//! The engine on a stage: a clock that is set by hand, and targets that do what they are told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cause::judge;
use crate::condition::{Condition, Known, Place};
use crate::exposition::{Format, Limits, Scan};
use crate::outcome::{Fault, FaultKind, HttpFacts, Phase};
use crate::plan::{Alert, Row, Scope, Vantage};
use crate::runbook::PageRef;
use crate::spec::{HttpClient, MetricsSpec, Prober};
use crate::template::{Reach, Template};

use super::super::*;
use crate::outcome::{End, Outcome, OwnSide};

/// What attempts see of a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sight {
    Fine,
    Refused,
    Status(u16),
    /// Nothing complete at the timeout, and complete after that many milliseconds.
    Late(u64),
    Silent,
    NoDescriptors,
    /// The prober never comes back.
    Lost,
}

pub(super) struct Stage {
    pub(super) engine: Engine,
    pub(super) start: Moment,
    pub(super) up: Duration,
    /// How far the wall clock was set forward.
    pub(super) leap: Duration,
    /// By address.
    pub(super) sights: BTreeMap<String, Sight>,
    /// Targets that are not on the stage yet: first they are told what to do.
    waiting: Vec<Arc<Target>>,
    coming: BTreeMap<(Duration, u64), Event>,
    pub(super) told: Vec<(u64, Notification)>,
    pub(super) asked: Vec<(Duration, Attempt)>,
    /// What was ordered, and at which second. Whoever asked for nothing else answers nothing.
    pub(super) checks: Vec<(u64, CheckOrder)>,
    pub(super) queries: Vec<(u64, QueryOrder)>,
    /// What outlives the process.
    pub(super) kept: BTreeMap<(Arc<str>, TargetId), Remembered>,
}

pub(super) const INTERVAL: u64 = 30;

impl Stage {
    pub(super) fn new(alerts: Vec<Alert>, targets: Vec<Arc<Target>>) -> Self {
        let start = Moment::start(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let mut it = Self {
            engine: Engine::new(settings(), start),
            start,
            up: Duration::ZERO,
            leap: Duration::ZERO,
            sights: BTreeMap::new(),
            waiting: targets,
            coming: BTreeMap::new(),
            told: Vec::new(),
            asked: Vec::new(),
            checks: Vec::new(),
            queries: Vec::new(),
            kept: BTreeMap::new(),
        };
        it.turn(Event::Plan(Arc::new(plan(alerts))));
        it
    }

    pub(super) fn now(&self) -> Moment {
        Moment { up: self.up, wall: self.start.wall + self.up + self.leap }
    }

    pub(super) fn see(&mut self, address: &str, sight: Sight) {
        self.sights.insert(address.to_owned(), sight);
    }

    pub(super) fn plan(&mut self, alerts: Vec<Alert>) {
        self.tell(Event::Plan(Arc::new(plan(alerts))));
    }

    pub(super) fn targets(&mut self, targets: Vec<Arc<Target>>) {
        self.tell(Event::Targets(TargetSet { probe: "p".into(), targets }));
    }

    /// The process is killed; another one begins `later` with what was kept, these alerts, and targets
    /// that discovery has not found yet.
    pub(super) fn restart(&mut self, later: Duration, alerts: Vec<Alert>) {
        let last_alive = self.now().wall;
        self.start = Moment::start(last_alive + later);
        (self.up, self.leap) = (Duration::ZERO, Duration::ZERO);
        self.coming.clear();
        self.engine = Engine::new(settings(), self.start);
        let remembered = self.kept.values().cloned().collect();
        self.turn(Event::Recall { remembered, last_alive });
        self.turn(Event::Plan(Arc::new(plan(alerts))));
    }

    /// Lets time pass up to and with that second.
    pub(super) fn until(&mut self, secs: u64) {
        let until = Duration::from_secs(secs);
        self.tell(Event::Woken);
        loop {
            let event = self.coming.keys().next().map(|(at, _)| *at);
            let wakeup = self.engine.next_wakeup().map(|it| it.max(self.up));
            let Some(next) = event.into_iter().chain(wakeup).min().filter(|it| *it <= until) else { break };
            self.up = next.max(self.up);
            let event = (event == Some(next)).then(|| self.coming.pop_first().unwrap().1);
            self.tell(event.unwrap_or(Event::Woken));
        }
        self.up = until;
        self.tell(Event::Woken);
    }

    pub(super) fn tell(&mut self, event: Event) {
        let targets = std::mem::take(&mut self.waiting);
        if !targets.is_empty() {
            self.turn(Event::Targets(TargetSet { probe: "p".into(), targets }));
        }
        self.turn(event);
    }

    fn turn(&mut self, event: Event) {
        let now = self.now();
        for effect in self.engine.handle(now, event) {
            match effect {
                Effect::Remember(Record::Keep(it)) => {
                    self.kept.insert((Arc::clone(&it.alert), it.target), *it);
                }
                Effect::Remember(Record::Forget { alert, target }) => {
                    self.kept.remove(&(alert, target)).expect("only what is kept can be forgotten");
                }
                Effect::Notify(it) => self.told.push((self.up.as_secs(), it)),
                Effect::Probe(attempt) => self.witness(attempt),
                Effect::Check(order) => self.checks.push((self.up.as_secs(), order)),
                Effect::Ask(order) => self.queries.push((self.up.as_secs(), order)),
            }
        }
    }

    fn witness(&mut self, attempt: Attempt) {
        let sight = self.sights.get(&*attempt.target.address).copied().unwrap_or(Sight::Fine);
        let (outcome, late) = witnessed(sight, self.now().wall);
        let judged = Judged { verdict: judge(&attempt.module, &outcome), outcome };
        let (verdict_at, id) = (self.up + judged.outcome.duration, attempt.id);
        self.asked.push((self.up, attempt));
        if sight == Sight::Lost {
            return;
        }
        if let Some((after, late)) = late {
            self.coming.insert((self.up + after, 2 * id.0 + 1), Event::Late { attempt: id, late });
        }
        let event = Event::Outcome { attempt: id, judged: Box::new(judged), reading_on: late.is_some() };
        self.coming.insert((verdict_at, 2 * id.0), event);
    }

    /// What was told since it was asked last, in few words: second, `+` or `-`, instance.
    pub(super) fn news(&mut self) -> Vec<String> {
        let word = |(secs, it): (u64, Notification)| {
            let sign = if it.ends_at.is_some() { '-' } else { '+' };
            format!("{secs} {sign}{} {}", it.name(), it.labels.get("instance"))
        };
        std::mem::take(&mut self.told).into_iter().map(word).collect()
    }

    pub(super) fn last(&self) -> &Notification {
        &self.told.last().expect("something was told").1
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.engine.snapshot(self.now())
    }

    /// State, name and instance of what is not inactive.
    pub(super) fn states(&self) -> Vec<String> {
        let alerts = self.snapshot().alerts;
        let word = |it: &AlertStatus| {
            format!("{:?} {} {}", it.state, it.notification.name(), it.notification.labels.get("instance"))
        };
        alerts.iter().map(word).collect()
    }
}

fn settings() -> Settings {
    let base_url = Url::parse("https://runbooks.example/docs").unwrap();
    Settings { seed: 0, concurrency: 1000, base_url, spread: Spread::Together }
}

pub(super) fn witnessed(sight: Sight, at: SystemTime) -> (Outcome, Option<(Duration, Late)>) {
    let secs = Duration::from_secs;
    let fault = |phase, kind| End::Fault(Fault { phase, kind });
    let bare = |millis, end| Outcome::bare(at, Duration::from_millis(millis), end);
    let timed_out = || {
        let mut outcome = bare(10_000, fault(Phase::Processing, FaultKind::TimedOut));
        outcome.phases.add(Phase::Connect, Duration::from_millis(2));
        outcome.phases.add(Phase::Processing, Duration::from_millis(9_998));
        outcome
    };
    match sight {
        Sight::Fine => (reply(bare(120, End::Reply), 200), None),
        Sight::Status(status) => (reply(bare(120, End::Reply), status), None),
        Sight::Refused => (bare(1, fault(Phase::Connect, FaultKind::Refused)), None),
        Sight::Late(millis) => {
            let after = Duration::from_millis(millis);
            (timed_out(), Some((after, Late::Answered { after, status: Some(200), body_bytes: 48_213 })))
        }
        Sight::Silent => (timed_out(), Some((secs(30), Late::Silent { waited: secs(30) }))),
        Sight::NoDescriptors | Sight::Lost => (bare(0, End::Unknown(OwnSide::Fd)), None),
    }
}

fn reply(mut outcome: Outcome, status: u16) -> Outcome {
    outcome.peer = Some(SocketAddr::from(([10, 0, 0, 1], 9100)));
    outcome.phases.add(Phase::Connect, Duration::from_millis(20));
    outcome.phases.add(Phase::Processing, Duration::from_millis(100));
    outcome.http = Some(HttpFacts { status, body_bytes: 4, ..HttpFacts::default() });
    let mut scan = Scan::new(Format::Text, Limits::default());
    let read = scan.push(b"a 1\n").and_then(|()| scan.finish());
    outcome.exposition = Some(read);
    outcome
}

pub(super) fn plan(alerts: Vec<Alert>) -> Plan {
    let interval = Duration::from_secs(INTERVAL);
    let probe = Probe { name: "p".into(), module: module(), interval };
    Plan {
        probes: vec![Arc::new(probe)],
        alerts: alerts.into_iter().map(Arc::new).collect(),
        modules: [("tcp_path".into(), module())].into(),
        ..Plan::default()
    }
}

pub(super) fn module() -> Arc<Module> {
    let client = HttpClient { http2: false, ..HttpClient::default() };
    let metrics = MetricsSpec { client, fallback_scrape_protocol: None, sample_limit: 1000, label_limit: 64 };
    Arc::new(Module {
        name: "m".into(),
        timeout: Duration::from_secs(10),
        patience: Duration::from_secs(30),
        connect_timeout: None,
        prober: Prober::Metrics(metrics),
    })
}

/// What every alert of these tests declares.
fn known() -> Known {
    Known {
        scopes: vec!["carrier".into(), "fleet".into()],
        checks: vec!["path".into()],
        queries: vec!["scraped".into()],
        distinct: vec![("carrier".into(), "service".into())],
        ..Known::default()
    }
}

pub(super) fn condition(source: &str) -> Condition {
    Condition::compile_at(Place::Alert, source, &known()).unwrap_or_else(|it| panic!("{source}: {it:?}"))
}

pub(super) fn text(source: &str) -> Template {
    Template::compile(source, &known(), Reach::Everything).unwrap()
}

/// An alert that watches whether targets fail, with `for: 1m` and one step.
pub(super) fn alert(name: &str) -> Alert {
    let scope = |name: &str, by: &[&str]| Scope {
        name: name.into(),
        probe: None,
        by: by.iter().map(|it| (*it).into()).collect(),
        distinct: vec!["service".into()],
        failing_when: None,
    };
    let check = crate::plan::Check {
        name: "path".into(),
        module: "tcp_path".into(),
        per: Some("carrier".into()),
        via: Vantage::Here,
        when: None,
    };
    Alert {
        name: name.into(),
        probe: "p".into(),
        group: None,
        ignore_when: None,
        when: condition("target.failing"),
        hold: Duration::from_mins(1),
        keep_firing_for: Duration::ZERO,
        labels: vec![("severity".into(), text("critical"))],
        annotations: Vec::new(),
        scopes: vec![scope("carrier", &["carrier_name"]), scope("fleet", &[])],
        checks: vec![check],
        queries: vec![crate::plan::Query { name: "scraped".into(), promql: text("up") }],
        inhibited_by: Vec::new(),
        runbook: Some(page("scrape.html")),
        before: Vec::new(),
        steps: vec![row(None, Some("anything-else"))],
        escalate: Vec::new(),
        found: Vec::new(),
        text_rule: None,
    }
}

pub(super) fn page(name: &str) -> PageRef {
    PageRef::parse(name).unwrap()
}

pub(super) fn row(when: Option<&str>, anchor: Option<&str>) -> Row {
    Row {
        when: when.map(condition),
        page: page("scrape.html"),
        anchor: anchor.map(Arc::from),
        also: Vec::new(),
        call: None,
        note: None,
    }
}

pub(super) fn target(address: &str, labels: &[(&str, &str)]) -> Arc<Target> {
    Arc::new(Target::new(address, &labels.iter().copied().collect()))
}
