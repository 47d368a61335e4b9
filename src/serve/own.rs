//! What the daemon says of itself: counts over time that no snapshot holds.

use std::time::{Duration, SystemTime};

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use super::family::{Family, Kind};
use crate::cause::{Judged, Verdict};

/// The daemon's own metrics. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct OwnMetrics {
    /// By `sink` and `result`: what became of notifications.
    pub notifications: IntCounterVec,
    queries: IntCounterVec,
    attempts: IntCounterVec,
    attempt_duration: HistogramVec,
    schedule_lag: Histogram,
    pauses: IntCounter,
    paused_seconds: Counter,
    reload_successful: IntGauge,
    reload_success_timestamp: Gauge,
    file_valid: IntGaugeVec,
    targets_left_out: IntGaugeVec,
    state_saved: IntGauge,
    state_errors: IntCounter,
    module_unknown: IntCounter,
    exporter_reload_successful: IntGauge,
    exporter_reload_success_timestamp: Gauge,
    registry: Registry,
}

impl OwnMetrics {
    /// All of them at zero, for a program of that version.
    pub fn new(version: &str) -> Self {
        let registry = Registry::new();
        let queries = register(&registry, IntCounterVec::new(opts(&QUERIES), QUERIES.labels));
        for result in QueryResult::ALL {
            queries.with_label_values(&[result.name()]).reset();
        }
        let build_info = register(&registry, IntGaugeVec::new(opts(&BUILD_INFO), BUILD_INFO.labels));
        build_info.with_label_values(&[version]).set(1);
        add(&registry, ProcessCollector::for_self());
        Self {
            notifications: register(
                &registry,
                IntCounterVec::new(opts(&NOTIFICATIONS), NOTIFICATIONS.labels),
            ),
            queries,
            attempts: register(&registry, IntCounterVec::new(opts(&ATTEMPTS), ATTEMPTS.labels)),
            attempt_duration: register(
                &registry,
                HistogramVec::new(histogram_opts(&ATTEMPT_DURATION, DURATIONS), ATTEMPT_DURATION.labels),
            ),
            schedule_lag: register(&registry, Histogram::with_opts(histogram_opts(&SCHEDULE_LAG, LAGS))),
            pauses: register(&registry, IntCounter::with_opts(opts(&PAUSES))),
            paused_seconds: register(&registry, Counter::with_opts(opts(&PAUSED_SECONDS))),
            reload_successful: register(&registry, IntGauge::with_opts(opts(&RELOAD_SUCCESSFUL))),
            reload_success_timestamp: register(&registry, Gauge::with_opts(opts(&RELOAD_SUCCESS_TIMESTAMP))),
            file_valid: register(&registry, IntGaugeVec::new(opts(&FILE_VALID), FILE_VALID.labels)),
            targets_left_out: register(&registry, IntGaugeVec::new(opts(&LEFT_OUT), LEFT_OUT.labels)),
            state_saved: register(&registry, IntGauge::with_opts(opts(&STATE_SAVED))),
            state_errors: register(&registry, IntCounter::with_opts(opts(&STATE_ERRORS))),
            module_unknown: register(&registry, IntCounter::with_opts(opts(&MODULE_UNKNOWN))),
            exporter_reload_successful: register(
                &registry,
                IntGauge::with_opts(opts(&EXPORTER_RELOAD_SUCCESSFUL)),
            ),
            exporter_reload_success_timestamp: register(
                &registry,
                Gauge::with_opts(opts(&EXPORTER_RELOAD_SUCCESS_TIMESTAMP)),
            ),
            registry,
        }
    }

    /// Counts an attempt that has its verdict.
    pub fn attempt(&self, probe: &str, judged: &Judged) {
        let verdict = judged.verdict;
        self.attempts.with_label_values(&[probe, verdict.name(), verdict.cause_name()]).inc();
        match verdict {
            Verdict::Success | Verdict::Failure(..) => {
                let duration = judged.outcome.duration.as_secs_f64();
                self.attempt_duration.with_label_values(&[probe]).observe(duration);
            }
            Verdict::Unknown(_) => {}
        }
    }

    /// Counts a question to Prometheus that is over.
    pub fn query(&self, result: QueryResult) {
        self.queries.with_label_values(&[result.name()]).inc();
    }

    /// Notes that an attempt began so long after it was due.
    pub fn attempt_started(&self, lag: Duration) {
        self.schedule_lag.observe(lag.as_secs_f64());
    }

    /// Counts a pause of that length, in which we stood still.
    pub fn paused(&self, lasted: Duration) {
        self.pauses.inc();
        self.paused_seconds.inc_by(lasted.as_secs_f64());
    }

    /// Counts a question to `/probe` for a module that there is not.
    pub(super) fn module_unknown(&self) {
        self.module_unknown.inc();
    }

    /// Notes that all drop-ins were read and are in force.
    pub fn reloaded(&self, at: SystemTime) {
        self.reload_successful.set(1);
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.reload_success_timestamp.set(since.as_secs_f64());
        self.exporter_reload_successful.set(1);
        self.exporter_reload_success_timestamp.set(since.as_secs_f64());
    }

    /// Notes that something could not be read, or was not good.
    pub fn reload_failed(&self) {
        self.reload_successful.set(0);
        self.exporter_reload_successful.set(0);
    }

    /// Says of each drop-in, by the file's name, whether it is good; those not named are forgotten.
    pub fn files<'a>(&self, files: impl IntoIterator<Item = (&'a str, bool)>) {
        self.file_valid.reset();
        for (file, valid) in files {
            self.file_valid.with_label_values(&[file]).set(valid.into());
        }
    }

    /// All of them as text.
    #[cfg(test)]
    pub(crate) fn written(&self) -> String {
        let mut text = String::new();
        self.render(&mut text);
        text
    }

    /// Says by probe how many targets are left out because they cannot be asked; probes that are not
    /// named are forgotten.
    pub fn targets_left_out<'a>(&self, probes: impl IntoIterator<Item = (&'a str, usize)>) {
        self.targets_left_out.reset();
        for (probe, count) in probes {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.targets_left_out.with_label_values(&[probe]).set(count);
        }
    }

    /// Notes whether what must outlive the process is on the disk.
    pub fn state_saved(&self, saved: bool) {
        self.state_saved.set(saved.into());
        if !saved {
            self.state_errors.inc();
        }
    }

    /// Writes them in the text format.
    pub(super) fn render(&self, text: &mut String) {
        TextEncoder::new()
            .encode_utf8(&self.registry.gather(), text)
            .expect("metrics that were registered can be written");
    }
}

/// What came of a question to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryResult {
    /// A number.
    Answered,
    /// No series, or not a number.
    Empty,
    /// No answer in time, an error, or warnings.
    Failed,
}

impl QueryResult {
    const ALL: [Self; 3] = [Self::Answered, Self::Empty, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Empty => "empty",
            Self::Failed => "failed",
        }
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let collector = made.expect("the family's name and labels are well-formed");
    add(registry, collector.clone());
    collector
}

fn add(registry: &Registry, collector: impl Collector + 'static) {
    registry.register(Box::new(collector)).expect("no family is registered twice");
}

fn opts(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

fn histogram_opts(family: &Family, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(family.name, family.help).buckets(buckets.to_vec())
}

const ATTEMPTS: Family = Family {
    name: "fingerpost_attempts_total",
    kind: Kind::Counter,
    labels: &["probe", "verdict", "cause"],
    help: "Attempts that have their verdict, by verdict and cause.",
};
const ATTEMPT_DURATION: Family = Family {
    name: "fingerpost_attempt_duration_seconds",
    kind: Kind::Histogram,
    labels: &["probe"],
    help: "How long attempts took up to their verdict, those left out of which we cannot tell.",
};
const SCHEDULE_LAG: Family = Family {
    name: "fingerpost_schedule_lag_seconds",
    kind: Kind::Histogram,
    labels: &[],
    help: "How long after they were due attempts began.",
};
const PAUSES: Family = Family {
    name: "fingerpost_pauses_total",
    kind: Kind::Counter,
    labels: &[],
    help: "How often the process stood still for more than a second: stopped, frozen, or asleep with its machine.",
};
const PAUSED_SECONDS: Family = Family {
    name: "fingerpost_paused_seconds_total",
    kind: Kind::Counter,
    labels: &[],
    help: "How long the process stood still in these pauses.",
};
const NOTIFICATIONS: Family = Family {
    name: "fingerpost_notifications_total",
    kind: Kind::Counter,
    labels: &["sink", "result"],
    help: "Alerts sent to each sink (Alertmanagers by their place in the settings): delivered, failed (and tried again), rejected, expired.",
};
const QUERIES: Family = Family {
    name: "fingerpost_queries_total",
    kind: Kind::Counter,
    labels: &["result"],
    help: "Questions of alerts to Prometheus: answered, empty (no series, or not a number), failed.",
};
const RELOAD_SUCCESSFUL: Family = Family {
    name: "fingerpost_config_last_reload_successful",
    kind: Kind::Gauge,
    labels: &[],
    help: "Whether the drop-ins were all good when they were read last.",
};
const RELOAD_SUCCESS_TIMESTAMP: Family = Family {
    name: "fingerpost_config_last_reload_success_timestamp_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "When the drop-ins were last read and all good, as unix time.",
};
const FILE_VALID: Family = Family {
    name: "fingerpost_config_file_valid",
    kind: Kind::Gauge,
    labels: &["file"],
    help: "Whether a drop-in is good; of one that is not, the last good version goes on.",
};
const LEFT_OUT: Family = Family {
    name: "fingerpost_targets_left_out",
    kind: Kind::Gauge,
    labels: &["probe"],
    help: "Targets that discovery names and whose address cannot be asked; the log says which, and why.",
};
// Names of the exporter's own that dashboards and rules ask for.
const MODULE_UNKNOWN: Family = Family {
    name: "blackbox_module_unknown_total",
    kind: Kind::Counter,
    labels: &[],
    help: "Questions to /probe for a module that there is not.",
};
const EXPORTER_RELOAD_SUCCESSFUL: Family = Family {
    name: "blackbox_exporter_config_last_reload_successful",
    kind: Kind::Gauge,
    labels: &[],
    help: "The same as fingerpost_config_last_reload_successful, for rules written for the exporter.",
};
const EXPORTER_RELOAD_SUCCESS_TIMESTAMP: Family = Family {
    name: "blackbox_exporter_config_last_reload_success_timestamp_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "The same as fingerpost_config_last_reload_success_timestamp_seconds, for rules written for the exporter.",
};
const STATE_SAVED: Family = Family {
    name: "fingerpost_state_saved",
    kind: Kind::Gauge,
    labels: &[],
    help: "Whether what must outlive the process is on the disk; while it is not, alerts live in memory alone.",
};
const STATE_ERRORS: Family = Family {
    name: "fingerpost_state_errors_total",
    kind: Kind::Counter,
    labels: &[],
    help: "How often the disk did not take what must outlive the process.",
};
const BUILD_INFO: Family = Family {
    name: "fingerpost_build_info",
    kind: Kind::Gauge,
    labels: &["version"],
    help: "1, with the program's version.",
};

/// All families of this file.
pub(super) const FAMILIES: &[Family] = &[
    ATTEMPTS,
    ATTEMPT_DURATION,
    SCHEDULE_LAG,
    PAUSES,
    PAUSED_SECONDS,
    NOTIFICATIONS,
    QUERIES,
    RELOAD_SUCCESSFUL,
    RELOAD_SUCCESS_TIMESTAMP,
    FILE_VALID,
    LEFT_OUT,
    STATE_SAVED,
    STATE_ERRORS,
    MODULE_UNKNOWN,
    EXPORTER_RELOAD_SUCCESSFUL,
    EXPORTER_RELOAD_SUCCESS_TIMESTAMP,
    BUILD_INFO,
];

/// Close together around 10 s, Prometheus's scrape timeout.
const DURATIONS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 7.5, 9.0, 9.9, 10.0, 10.1, 12.5, 15.0, 30.0];
const LAGS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
