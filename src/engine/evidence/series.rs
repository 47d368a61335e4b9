//! What was asked of Prometheus, and what it answered.

use crate::cause::Judged;
use crate::outcome::Series;
use crate::spec::{Module, Prober};

/// Each series of the answer, the weightiest first.
pub(super) fn answer(judged: &Judged) -> Vec<String> {
    match &judged.outcome.series {
        None => Vec::new(),
        Some(Err(why)) => vec![format!("Prometheus: {why}")],
        Some(Ok(series)) if series.is_empty() => vec!["no series is answered".to_owned()],
        Some(Ok(series)) => told(series),
    }
}

/// What was asked. It can be long: it comes last.
pub(super) fn question(module: &Module) -> Option<String> {
    match &module.prober {
        Prober::Query(spec) => {
            Some(format!("asked: {}", spec.promql.split_whitespace().collect::<Vec<_>>().join(" ")))
        }
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_) => None,
    }
}

fn told(series: &[Series]) -> Vec<String> {
    let mut series: Vec<_> = series.iter().collect();
    series.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.labels.cmp(&b.labels)));
    let more = series.len().saturating_sub(SERIES_TOLD_MAX);
    let first = series.iter().take(SERIES_TOLD_MAX);
    let mut lines: Vec<_> = first.map(|it| format!("{} {}", it.labels, it.value)).collect();
    lines.extend((more > 0).then(|| format!("and {more} more series")));
    lines
}

/// How many series are told.
const SERIES_TOLD_MAX: usize = 10;
