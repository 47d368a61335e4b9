//! `fingerpost test`: scenario files are to drop-ins what `promtool test rules` is to rules. A case
//! says what attempts see and when, and what must be firing and pending then; it runs through the
//! real engine under a virtual clock, without a socket.
//!
//! `written` is the file as people write it, `world` is what the engine sees of it, `compare` holds
//! what came out against what was expected; `piece` does so for a text that somebody hands in.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::config::{Complaint, Config, Level};
use crate::engine::{AlertStatus, AttemptId, Effect, Engine, Event, Settings, Spread};
use crate::moment::Moment;
use crate::target::TargetSet;

mod compare;
mod piece;
mod nameserver;
mod read;
mod world;
mod written;

pub use compare::Miss;
pub use written::{Case, Suite};

/// How one case went.
#[derive(Debug)]
pub struct Ran {
    /// The case's name.
    pub name: String,
    /// What was not as expected, in the order of time. Empty: all was well.
    pub misses: Vec<Miss>,
}

/// Runs every case of a suite, each with an engine of its own.
///
/// # Errors
///
/// Everything that the cases speak of and that is not there, each with its place, as a person reads
/// them.
pub fn run(suite: &Suite, config: &Config, base_url: &Url) -> Result<Vec<Ran>, String> {
    let wrong = suite.check(config);
    if !wrong.is_empty() {
        return Err(told(&wrong));
    }
    suite.cases.iter().map(|case| run_case(suite, case, config, base_url)).collect()
}

/// Complaints as they are printed.
pub fn told(complaints: &[Complaint]) -> String {
    complaints.iter().map(Complaint::to_string).collect::<Vec<_>>().join("\n\n")
}

fn run_case(suite: &Suite, case: &Case, config: &Config, base_url: &Url) -> Result<Ran, String> {
    let mut stage = Stage::new(suite, case, config, base_url);
    let mut misses = Vec::new();
    let mut expected: Vec<_> = case.expect.iter().collect();
    expected.sort_by_key(|it| it.at);
    for expectation in expected {
        stage.play_until(expectation.at).map_err(|title| {
            let help = Some("make intervals longer, or expect it earlier".to_owned());
            told(&[Complaint { level: Level::Error, place: case.name.place.clone(), title, help }])
        })?;
        misses.extend(compare::compare(expectation, &stage.alerts()));
        misses.extend(piece::compare(case, expectation, &config.plan.text_rules, stage.hour()));
    }
    Ok(Ran { name: case.name().to_owned(), misses })
}

/// The engine on its stage: a clock that is set by hand, and attempts that see what the case says.
struct Stage<'a> {
    case: &'a Case,
    engine: Engine,
    start: Moment,
    now: Duration,
    /// What will come back, the earliest first.
    coming: BinaryHeap<Reverse<(Duration, u64)>>,
    events: BTreeMap<u64, Event>,
    /// The pauses that are still to come, the latest first: from when until when.
    pauses: Vec<(Duration, Duration)>,
}

impl<'a> Stage<'a> {
    fn new(suite: &Suite, case: &'a Case, config: &Config, base_url: &Url) -> Self {
        let start = Moment::start(SystemTime::UNIX_EPOCH + Duration::from_secs(THEN));
        let settings = Settings {
            seed: 0,
            concurrency: usize::MAX,
            base_url: base_url.clone(),
            spread: Spread::Together,
        };
        let engine = Engine::new(settings, start);
        let mut stage = Self {
            case,
            engine,
            start,
            now: Duration::ZERO,
            coming: BinaryHeap::new(),
            events: BTreeMap::new(),
            pauses: case.pauses.iter().map(|it| (it.at, it.at.saturating_add(it.lasts))).collect(),
        };
        stage.pauses.sort_unstable_by_key(|it| Reverse(*it));
        stage.tell(Event::Plan(Arc::clone(&config.plan)));
        stage.tell(Event::Others(case.others()));
        for probe in &config.plan.probes {
            let targets = suite.targets_of(&probe.name);
            stage.tell(Event::Targets(TargetSet { probe: Arc::clone(&probe.name), targets }));
        }
        stage
    }

    /// Lets time pass up to and with `until`: at each instant what comes back is taken in before
    /// the engine is woken.
    fn play_until(&mut self, until: Duration) -> Result<(), String> {
        for _ in 0..TURNS_MAX {
            let next_event = self.coming.peek().map(|Reverse((at, _))| *at);
            let next_wakeup = self.engine.next_wakeup().map(|it| it.max(self.now));
            let next = next_event.into_iter().chain(next_wakeup).min().unwrap_or(until).min(until);
            if let Some((begin, end)) = self.pauses.pop_if(|(begin, _)| *begin <= next) {
                self.stand_still(begin, end);
                continue;
            }
            match (next_event, next_wakeup) {
                (Some(at), wakeup) if at <= until && wakeup.is_none_or(|it| at <= it) => {
                    let Reverse((_, number)) = self.coming.pop().expect("an event was there to look at");
                    let event = self.events.remove(&number).expect("every number has its event");
                    self.now = at.max(self.now);
                    self.tell(event);
                }
                (_, Some(at)) if at <= until => {
                    self.now = at;
                    self.tell(Event::Woken);
                }
                _ => {
                    self.now = until.max(self.now);
                    self.tell(Event::Woken);
                    return Ok(());
                }
            }
        }
        Err(format!(
            "more than {TURNS_MAX} things happen before {}: is an interval too short?",
            humantime::format_duration(until)
        ))
    }

    /// Nothing is done or heard up to `end`. What is expected meanwhile is looked at then.
    fn stand_still(&mut self, begin: Duration, end: Duration) {
        let stood = end.saturating_sub(begin.max(self.now));
        self.now = self.now.max(end);
        self.tell(Event::Paused { stood, lasted: stood });
    }

    fn tell(&mut self, event: Event) {
        let now = self.start.after(self.now);
        for effect in self.engine.handle(now, event) {
            match effect {
                Effect::Probe(attempt) => {
                    let see = self.case.seen_by(&attempt.probe, &attempt.target, self.now);
                    let witnessed = world::witness(see, &attempt.module, now);
                    self.return_later(attempt.id, witnessed);
                }
                Effect::Check(order) => {
                    let answer = world::checked(self.case, &order, now);
                    let took = answer.as_ref().map_or(Duration::ZERO, |it| it.reading.duration);
                    let (topic, answer) = (order.topic, answer.map(Box::new));
                    self.push(self.now + took, Event::Checked { topic, answer });
                }
                Effect::Ask(order) => {
                    let value = world::answered(self.case, &order);
                    self.push(self.now, Event::Answered { promql: order.promql, value });
                }
                Effect::Remember(_) | Effect::Notify(_) => {}
            }
        }
    }

    fn return_later(&mut self, attempt: AttemptId, witnessed: world::Witnessed) {
        let world::Witnessed { judged, late } = witnessed;
        let verdict_at = self.now + judged.outcome.duration;
        let reading_on = late.is_some();
        self.push(verdict_at, Event::Outcome { attempt, judged: Box::new(judged), reading_on });
        if let Some((after, late)) = late {
            self.push(self.now + after, Event::Late { attempt, late });
        }
    }

    fn push(&mut self, at: Duration, event: Event) {
        let number = self.events.last_key_value().map_or(0, |(last, _)| last + 1);
        self.events.insert(number, event);
        self.coming.push(Reverse((at, number)));
    }

    fn hour(&self) -> SystemTime {
        self.start.after(self.now).wall
    }

    fn alerts(&self) -> Vec<AlertStatus> {
        self.engine.snapshot(self.start.after(self.now)).alerts
    }
}

/// The wall clock when a case begins: 2026-01-01T00:00:00Z.
const THEN: u64 = 1_767_225_600;
/// The most that may happen between two expectations.
const TURNS_MAX: u32 = 5_000_000;

#[cfg(test)]
mod tests;
