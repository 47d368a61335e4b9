//! `prober: query`.

use std::sync::Arc;

/// `query:`. It is asked as an alerting rule of Prometheus is: what it answers is in trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuerySpec {
    /// The question.
    pub promql: Arc<str>,
    /// The labels that say who a series is about: those that have them in common are one reading,
    /// with the sum of their values, and what else they bear is told of it. None: each series is a
    /// reading of its own.
    pub by: Option<Vec<Arc<str>>>,
    /// What an answer without any series says.
    pub on_empty: OnEmpty,
}

/// What an answer without any series says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnEmpty {
    /// Nothing is in trouble.
    #[default]
    Healthy,
    /// What is asked for should be there: the probe itself fails.
    Failing,
    /// We cannot tell: what was in trouble stays so.
    Unknown,
}
