//! A question to Prometheus and the series of its answers.
//!
//! A probe that asks has one entry for the question itself, which is what the schedule knows, and one
//! for each series that was answered, by its label set. A series that is there is in trouble, as with
//! an alerting rule of Prometheus; one that is not answered any more resolves. A series without labels
//! is the question's own reading. While Prometheus does not answer, nothing moves.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cause::{Cause, Judged, Verdict};
use crate::labels::Labels;
use crate::moment::Moment;
use crate::outcome::{Outcome, Phase, Series, folded};
use crate::plan::Probe;
use crate::rule::Finding;
use crate::schedule::Pace;
use crate::spec::{Prober, QuerySpec};
use crate::target::{Target, TargetId};

use super::Engine;
use super::ledger::Key;

impl Engine {
    /// Lets the probe ask its question. The series that were answered stay until the next answer.
    pub(super) fn place_question(&mut self, now: Moment, probe: &Probe, spec: &QuerySpec) {
        let name = &probe.name;
        let question = question(name);
        let before = self.members.remove(name).unwrap_or_default();
        let mut members = BTreeSet::from([question]);
        for it in before.into_iter().filter(|it| *it != question) {
            let entry = self.world.board.entry(it).filter(|entry| entry.is_series());
            if let Some(target) = entry.map(|entry| Arc::clone(&entry.target)) {
                self.world.board.set(it, name, target, Arc::clone(&probe.module));
                members.insert(it);
            } else {
                self.remove(now, it);
            }
        }
        self.members.insert(Arc::clone(name), members);
        let target = Target { address: Arc::clone(&spec.promql), labels: Labels::default() };
        self.world.board.set(question, name, Arc::new(target), Arc::clone(&probe.module));
        let longest = probe.module.patience.max(probe.module.timeout);
        let pace = Pace { probe: Arc::clone(name), interval: probe.interval, longest };
        self.schedule.set(now.up, question, pace);
        self.stir_probe(now, name);
    }

    /// What the answer to a question, or its absence, means for each series.
    pub(super) fn judge_series(
        &mut self,
        now: Moment,
        question: TargetId,
        judged: &Arc<Judged>,
        reading_on: bool,
    ) {
        let Some(entry) = self.world.board.entry(question) else { return };
        let Prober::Query(spec) = &entry.module.prober else { return };
        let (probe, module) = (Arc::clone(&entry.probe), Arc::clone(&entry.module));
        let before = self.members.get(&probe).cloned().unwrap_or_default();
        let series = match (judged.verdict, &judged.outcome.series) {
            (Verdict::Unknown(_), _) => {
                for it in before {
                    self.judge_one(now, it, Arc::clone(judged), reading_on);
                }
                return;
            }
            (Verdict::Success | Verdict::Failure(..), Some(Ok(series))) => folded(series, spec.by.as_deref()),
            (Verdict::Success | Verdict::Failure(..), Some(Err(_)) | None) => folded(&[], None),
        };
        let own = match series.get(&Labels::default()) {
            Some(own) => Arc::new(found(&judged.outcome, own)),
            None if series.is_empty() => Arc::clone(judged),
            None => Arc::new(nothing(&judged.outcome)),
        };
        let mut members = BTreeSet::from([question]);
        for (labels, those) in series.iter().filter(|(labels, _)| !labels.is_empty()) {
            let target = Target { address: labels.to_string().into(), labels: labels.clone() };
            let id = target.id(&probe);
            self.world.board.set(id, &probe, Arc::new(target), Arc::clone(&module));
            members.insert(id);
            self.judge_one(now, id, Arc::new(found(&judged.outcome, those)), false);
        }
        self.judge_one(now, question, own, reading_on);
        let nothing = Arc::new(nothing(&judged.outcome));
        for it in before.difference(&members).copied().collect::<Vec<_>>() {
            if self.let_go(now, it, &nothing) {
                self.remove(now, it);
            } else {
                members.insert(it);
            }
        }
        self.members.insert(Arc::clone(&probe), members);
        self.let_go_recalled_series(now, &probe);
    }

    /// A series is not answered any more. Whether no alert holds on to it, as one does that keeps
    /// firing for a while.
    fn let_go(&mut self, now: Moment, series: TargetId, nothing: &Arc<Judged>) -> bool {
        let stir = self.world.board.judge(series, Arc::clone(nothing), false, now.wall);
        self.stirred(now, series, &stir);
        let Some(entry) = self.world.board.entry(series) else { return true };
        let mut is_free = true;
        for watch in self.watches_of(&entry.probe).iter() {
            let key = Key { alert: Arc::clone(watch.name()), target: series };
            if self.alarms.get(&key).is_some() {
                self.go_on(now, watch, &key, Finding::Absent);
                is_free &= self.alarms.get(&key).is_none();
            }
        }
        is_free
    }

    /// Whom the schedule asks about that target: itself, or the question that it is an answer to.
    pub(super) fn asked_about(&self, target: TargetId) -> TargetId {
        let entry = self.world.board.entry(target).filter(|it| it.is_series());
        entry.map_or(target, |it| question(&it.probe))
    }
}

/// The question of a probe. It stays the same when the probe comes to ask something else.
fn question(probe: &str) -> TargetId {
    Target { address: "".into(), labels: Labels::default() }.id(probe)
}

/// A series that is there.
fn found(outcome: &Outcome, those: &[Series]) -> Judged {
    let outcome = Outcome { series: Some(Ok(those.into())), ..outcome.clone() };
    Judged { verdict: Verdict::Failure(Cause::QueryMatched, Phase::Check), outcome }
}

/// A series that is not there.
fn nothing(outcome: &Outcome) -> Judged {
    let outcome = Outcome { series: Some(Ok([].into())), ..outcome.clone() };
    Judged { verdict: Verdict::Success, outcome }
}
