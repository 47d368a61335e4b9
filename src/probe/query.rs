//! `prober: query`: one question to the Prometheus of the settings. It is not the target, so
//! whatever goes wrong on the way to it is no fault of a target.

use std::sync::Arc;

use crate::config::Endpoint;
use crate::dial::{Dialer, Trail, Trouble};
use crate::outcome::{OwnSide, Phase, Series};
use crate::prometheus::{Prometheus, Sample};
use crate::spec::{HttpClient, Module, QuerySpec};

/// Asks, and notes the series of the answer.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &QuerySpec,
    trail: &Trail,
) -> Result<(), Trouble> {
    trail.enter(Phase::Processing);
    let answered = match dialer.prometheus() {
        Some(endpoint) => {
            let prometheus = Prometheus::new(within(endpoint, module), dialer.for_ourselves());
            let samples = prometheus.samples(&spec.promql).await;
            samples.map_err(|it| it.to_string()).and_then(series)
        }
        None => Err(NOBODY.to_owned()),
    };
    trail.enter(Phase::Check);
    let failed = answered.is_err();
    trail.note(|seen| seen.series = Some(answered));
    if failed { Err(OwnSide::Query.into()) } else { Ok(()) }
}

/// The endpoint, with no more time than the module has and no less to read than series need.
fn within(endpoint: &Endpoint, module: &Module) -> Endpoint {
    let client = HttpClient { body_bytes_max: BODY_BYTES_MAX, ..endpoint.client.clone() };
    Endpoint { url: endpoint.url.clone(), client, timeout: endpoint.timeout.min(module.timeout) }
}

/// All of them, without the names of their metrics. A part would let alerts of the others end.
fn series(samples: Vec<Sample>) -> Result<Arc<[Series]>, String> {
    if samples.len() > SERIES_MAX {
        return Err(format!("{} series are more than the {SERIES_MAX} that are read", samples.len()));
    }
    let nameless = |Sample { labels, value }| Series { labels: labels.with([("__name__", "")]), value };
    Ok(samples.into_iter().map(nameless).collect())
}

const NOBODY: &str = "there is no Prometheus to ask: give `prometheus` in the settings, or --prometheus.url";
/// The longest answer that is read, in bytes.
const BODY_BYTES_MAX: u64 = 16 << 20;
/// The most series of one answer.
const SERIES_MAX: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;

    #[test]
    fn more_series_than_are_read_are_an_error_and_not_a_part_of_the_answer() {
        let samples = |count| vec![Sample { labels: Labels::default(), value: 1.0 }; count];
        assert_eq!(series(samples(SERIES_MAX)).unwrap().len(), SERIES_MAX);
        assert!(series(samples(SERIES_MAX + 1)).is_err());
    }
}
