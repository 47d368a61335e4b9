//! What follow-up checks saw and what Prometheus answered, for as long as it is worth anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::view::CheckAnswer;

use super::inquiry::CheckTopic;

/// The latest answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    checks: HashMap<CheckTopic, Kept<CheckAnswer>>,
    queries: HashMap<Arc<str>, Kept<f64>>,
}

#[derive(Debug)]
struct Kept<T> {
    answer: T,
    until: Duration,
}

/// For how many intervals an answer holds while no other comes.
const INTERVALS: u32 = 3;

impl Answers {
    pub(super) fn checked(
        &mut self,
        now: Duration,
        topic: CheckTopic,
        answer: CheckAnswer,
        interval: Duration,
    ) {
        self.checks.insert(topic, Kept { answer, until: end(now, interval) });
    }

    /// Whether it is another answer than before.
    pub(super) fn answered(
        &mut self,
        now: Duration,
        promql: Arc<str>,
        value: f64,
        interval: Duration,
    ) -> bool {
        let before = self.queries.insert(promql, Kept { answer: value, until: end(now, interval) });
        before.is_none_or(|it| it.until <= now || it.answer.to_bits() != value.to_bits())
    }

    /// Nobody wants to know it any more.
    pub(super) fn forget_check(&mut self, topic: &CheckTopic) {
        self.checks.remove(topic);
    }

    /// Nobody wants to know it any more.
    pub(super) fn forget_query(&mut self, promql: &str) {
        self.queries.remove(promql);
    }

    pub(super) fn check(&self, now: Duration, topic: &CheckTopic) -> Option<&CheckAnswer> {
        self.checks.get(topic).filter(|it| it.until > now).map(|it| &it.answer)
    }

    /// Prometheus may have had no number to give: that is no answer either.
    pub(super) fn query(&self, now: Duration, promql: &str) -> Option<f64> {
        let kept = self.queries.get(promql).filter(|it| it.until > now)?;
        Some(kept.answer).filter(|it| !it.is_nan())
    }
}

fn end(now: Duration, interval: Duration) -> Duration {
    now.saturating_add(interval.saturating_mul(INTERVALS))
}
