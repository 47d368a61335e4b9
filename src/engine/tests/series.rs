//! A question to Prometheus on the stage: each attempt is answered at once.

use crate::cause::judge;
use crate::outcome::{End, Outcome, Series};
use crate::plan::Probe;
use crate::spec::{OnEmpty, Prober, QuerySpec};

use super::stage::{alert, condition, text};
use super::*;

/// What Prometheus answers.
type Said = Result<Vec<(&'static str, &'static str, f64)>, &'static str>;

struct Asking {
    engine: Engine,
    start: Moment,
    up: Duration,
    told: Vec<Notification>,
    asked: Vec<Attempt>,
}

impl Asking {
    fn new(spec: &QuerySpec, alert: Alert) -> Self {
        let start = Moment::start(SystemTime::UNIX_EPOCH + secs(1_700_000_000));
        let base_url = Url::parse("https://runbooks.example/docs").unwrap();
        let settings = Settings { seed: 0, concurrency: 1000, base_url, spread: Spread::Together };
        let (engine, up) = (Engine::new(settings, start), Duration::ZERO);
        let mut it = Self { engine, start, up, told: Vec::new(), asked: Vec::new() };
        it.plan(spec, alert);
        it
    }

    fn plan(&mut self, spec: &QuerySpec, alert: Alert) {
        let (timeout, prober) = (secs(10), Prober::Query(spec.clone()));
        let module = Module { name: "m".into(), timeout, patience: timeout, connect_timeout: None, prober };
        let probe = Probe { name: "p".into(), module: Arc::new(module), interval: secs(INTERVAL) };
        let plan = Plan { probes: vec![Arc::new(probe)], alerts: vec![Arc::new(alert)], ..Plan::default() };
        self.handle(Event::Plan(Arc::new(plan)));
    }

    fn handle(&mut self, event: Event) {
        for effect in self.engine.handle(self.start.after(self.up), event) {
            match effect {
                Effect::Notify(it) => self.told.push(it),
                Effect::Probe(attempt) => self.asked.push(attempt),
                Effect::Check(_) | Effect::Ask(_) | Effect::Remember(_) => {}
            }
        }
    }

    /// Lets an interval pass, with this as its answer; how many were asked.
    fn answer(&mut self, said: &Said) -> usize {
        self.handle(Event::Woken);
        let asked = std::mem::take(&mut self.asked);
        for attempt in &asked {
            let outcome = outcome(said, self.start.after(self.up));
            let judged = Box::new(Judged { verdict: judge(&attempt.module, &outcome), outcome });
            self.handle(Event::Outcome { attempt: attempt.id, judged, reading_on: false });
        }
        self.up += secs(INTERVAL);
        asked.len()
    }

    /// What was told since it was asked last: `+` or `-`, the worker.
    fn news(&mut self) -> Vec<String> {
        let word = |it: Notification| {
            let sign = if it.ends_at.is_some() { '-' } else { '+' };
            format!("{sign}{} {}", it.name(), it.labels.get("worker"))
        };
        std::mem::take(&mut self.told).into_iter().map(word).collect()
    }

    fn snapshot(&self) -> Snapshot {
        self.engine.snapshot(self.start.after(self.up))
    }

    /// Each target with its verdict.
    fn targets(&self) -> Vec<String> {
        let word = |it: &TargetStatus| {
            format!("{} {}", it.target.address, it.judged.as_ref().map_or("", |it| it.verdict.name()))
        };
        self.snapshot().targets.iter().map(word).collect()
    }
}

fn outcome(said: &Said, now: Moment) -> Outcome {
    let mut outcome = Outcome::bare(now.wall, Duration::ZERO, End::Reply);
    outcome.series = Some(match said {
        Ok(all) => {
            let series = |(worker, reason, value): &(&str, &str, f64)| Series {
                labels: [("worker", *worker), ("reason", *reason)].into_iter().collect(),
                value: *value,
            };
            Ok(all.iter().map(series).collect())
        }
        Err(why) => {
            outcome.end = End::Unknown(OwnSide::Query);
            Err((*why).to_owned())
        }
    });
    outcome
}

fn spec() -> QuerySpec {
    let by = Some(vec!["worker".into()]);
    QuerySpec { promql: "sum by (worker, reason) (x) > 3".into(), by, on_empty: OnEmpty::Healthy }
}

fn at_once(name: &str) -> Alert {
    Alert { hold: Duration::ZERO, ..alert(name) }
}

#[test]
fn each_series_is_in_trouble_while_it_is_answered_and_resolves_when_it_is_not() {
    let mut it = Asking::new(&spec(), at_once("A"));
    it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w2", "etcd", 5.0)]));
    assert_eq!(it.news(), ["+A w1", "+A w2"]);
    it.answer(&Ok(vec![("w2", "etcd", 5.0)]));
    assert_eq!(it.news(), ["-A w1"]);
    assert_eq!(it.targets(), ["sum by (worker, reason) (x) > 3 success", "{worker=\"w2\"} failure"]);
    it.answer(&Ok(vec![]));
    assert_eq!(it.news(), ["-A w2"]);
    assert_eq!(it.targets().len(), 1);
}

#[test]
fn however_many_series_there_are_it_is_asked_once_in_an_interval() {
    let mut it = Asking::new(&spec(), at_once("A"));
    for _ in 0..3 {
        assert_eq!(it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w2", "etcd", 5.0)])), 1);
    }
}

#[test]
fn series_that_agree_in_who_they_are_about_are_one_alert_with_the_sum_and_every_reason() {
    let summed = Alert {
        when: condition("target.value > 5.0"),
        annotations: vec![("reason".into(), text("{{ target.notes.reason }}: {{ target.value }}"))],
        ..at_once("A")
    };
    let mut it = Asking::new(&spec(), summed);
    it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w1", "dns", 2.0), ("w2", "etcd", 5.0)]));
    let fired = it.told[0].clone();
    assert_eq!(it.news(), ["+A w1"]);
    assert_eq!(fired.annotations["reason"], "dns, etcd: 6");
    assert_eq!(fired.annotations["cause"], "query_matched");
    let told = &fired.annotations["description"];
    assert!(
        told.contains("{reason=\"etcd\", worker=\"w1\"} 4\n{reason=\"dns\", worker=\"w1\"} 2\n"),
        "{told}"
    );
    assert!(told.contains("asked: sum by (worker, reason) (x) > 3"), "{told}");
}

#[test]
fn while_prometheus_does_not_answer_nothing_moves_and_that_is_told_once() {
    let mut it = Asking::new(&spec(), at_once("A"));
    it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w2", "etcd", 5.0)]));
    it.news();
    for _ in 0..5 {
        it.answer(&Err("bad_data: parse error"));
    }
    assert_eq!(it.news(), ["+ProbeStale "]);
    assert!(it.targets().iter().all(|it| it.ends_with("unknown")), "{:?}", it.targets());
    let stale = it.snapshot().alerts.into_iter().find(|it| it.notification.name() == "ProbeStale").unwrap();
    assert!(stale.notification.annotations["description"].contains("Prometheus: bad_data: parse error"));
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    let mut news = it.news();
    news.sort();
    assert_eq!(news, ["-A w2", "-ProbeStale "]);
}

#[test]
fn an_alert_that_pends_waits_while_prometheus_does_not_answer() {
    let mut it = Asking::new(&spec(), alert("A"));
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    for _ in 0..3 {
        it.answer(&Err("away"));
    }
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    assert_eq!(it.news(), Vec::<String>::new());
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    assert_eq!(it.news(), ["+A w1"]);
}

#[test]
fn nobody_is_woken_while_the_question_is_just_being_asked_again() {
    let mut it = Asking::new(&spec(), alert("A"));
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    it.handle(Event::Woken);
    assert_eq!(it.news(), Vec::<String>::new());
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    assert_eq!(it.news(), ["+A w1"]);
}

#[test]
fn a_series_that_is_gone_keeps_firing_for_as_long_as_its_alert_says_and_then_ends() {
    let kept = Alert { keep_firing_for: secs(45), when: condition("target.value > 1.0"), ..at_once("A") };
    let mut it = Asking::new(&spec(), kept);
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    it.answer(&Ok(vec![]));
    it.answer(&Ok(vec![]));
    assert_eq!(it.news(), ["+A w1"]);
    it.answer(&Ok(vec![]));
    assert_eq!((it.news(), it.targets().len()), (vec!["-A w1".to_owned()], 1));
}

#[test]
fn a_series_without_labels_is_the_reading_of_the_question_itself() {
    let fleet = QuerySpec { by: Some(Vec::new()), ..spec() };
    let mut it = Asking::new(&fleet, Alert { when: condition("target.value > 8.0"), ..at_once("A") });
    it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w2", "etcd", 5.0)]));
    assert_eq!((it.news(), it.targets().len()), (vec!["+A ".to_owned()], 1));
    it.answer(&Ok(vec![]));
    assert_eq!(it.news(), ["-A "]);
}

#[test]
fn an_empty_answer_is_what_the_module_says_it_is() {
    let on = |on_empty| Asking::new(&QuerySpec { on_empty, ..spec() }, at_once("A"));
    let mut it = on(OnEmpty::Failing);
    it.answer(&Ok(vec![]));
    assert_eq!(it.told[0].annotations["cause"], "query_empty");
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    assert_eq!(it.news(), ["+A ", "-A ", "+A w1"]);

    let mut it = on(OnEmpty::Unknown);
    it.answer(&Ok(vec![("w1", "etcd", 4.0)]));
    it.answer(&Ok(vec![]));
    assert_eq!(it.news(), ["+A w1"]);
}

#[test]
fn another_question_of_the_same_probe_keeps_the_alerts_of_the_series_that_both_find() {
    let mut it = Asking::new(&spec(), at_once("A"));
    it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w2", "etcd", 4.0)]));
    it.news();
    it.plan(&QuerySpec { promql: "other".into(), ..spec() }, at_once("A"));
    it.answer(&Ok(vec![("w2", "etcd", 4.0)]));
    assert_eq!(it.news(), ["-A w1"]);
    assert_eq!(it.targets(), ["other success", "{worker=\"w2\"} failure"]);
}

#[test]
fn the_question_counts_in_no_scope() {
    let mut it = Asking::new(&spec(), Alert { when: condition("scope.fleet.watched == 2"), ..at_once("A") });
    it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w2", "etcd", 4.0)]));
    it.answer(&Ok(vec![("w1", "etcd", 4.0), ("w2", "etcd", 4.0)]));
    assert_eq!(it.news(), ["+A w2", "+A w1"]);
}
