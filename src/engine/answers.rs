//! What follow-up checks saw and what Prometheus answered.

use std::collections::HashMap;
use std::sync::Arc;

use crate::labels::Labels;
use crate::view::CheckAnswer;

/// The latest answers by alert, name, and the labels of those that they are for.
#[derive(Debug, Default)]
pub(super) struct Answers {
    checks: HashMap<Arc<str>, Named<CheckAnswer>>,
    queries: HashMap<Arc<str>, Named<f64>>,
}

type Named<T> = HashMap<Arc<str>, HashMap<Labels, T>>;

impl Answers {
    pub(super) fn checked(&mut self, alert: Arc<str>, check: Arc<str>, labels: Labels, answer: CheckAnswer) {
        self.checks.entry(alert).or_default().entry(check).or_default().insert(labels, answer);
    }

    /// `None`: there is no answer any more.
    pub(super) fn answered(&mut self, alert: Arc<str>, query: Arc<str>, labels: Labels, value: Option<f64>) {
        let values = self.queries.entry(alert).or_default().entry(query).or_default();
        match value {
            Some(value) => values.insert(labels, value),
            None => values.remove(&labels),
        };
    }

    /// Forgets what was answered for alerts that are no more.
    pub(super) fn retain(&mut self, stays: impl Fn(&str) -> bool) {
        self.checks.retain(|alert, _| stays(alert));
        self.queries.retain(|alert, _| stays(alert));
    }

    /// The answer for exactly `labels`, else the one that is for everybody (no labels).
    pub(super) fn check(&self, alert: &str, check: &str, labels: &Labels) -> Option<&CheckAnswer> {
        find(&self.checks, alert, check, labels)
    }

    /// The value for exactly `labels`, else the one that is for everybody (no labels).
    pub(super) fn query(&self, alert: &str, query: &str, labels: &Labels) -> Option<f64> {
        find(&self.queries, alert, query, labels).copied()
    }
}

fn find<'a, T>(
    all: &'a HashMap<Arc<str>, Named<T>>,
    alert: &str,
    name: &str,
    labels: &Labels,
) -> Option<&'a T> {
    let answers = all.get(alert)?.get(name)?;
    answers.get(labels).or_else(|| answers.get(&Labels::default()))
}
