//! The families that speak of alerts and of the schedule.

use super::{EngineRow, number, state_name};
use crate::serve::family::{Family, Kind};

pub(in crate::serve) const OF_ENGINE: &[EngineRow] = &[
    EngineRow {
        family: Family {
            name: "fingerpost_alerts",
            kind: Kind::Gauge,
            labels: &["alertname", "state"],
            help: "Alerts that are pending, firing, or firing and held back by another (inhibited).",
        },
        samples: |snapshot, _| {
            let mut counts = std::collections::BTreeMap::new();
            for it in &snapshot.alerts {
                *counts.entry(vec![it.notification.name(), state_name(it.state)]).or_insert(0.0) += 1.0;
            }
            counts
        },
    },
    EngineRow {
        family: Family {
            name: "fingerpost_steps_total",
            kind: Kind::Counter,
            labels: &["alertname", "step"],
            help: "How often a row of an alert's step table was chosen, by its anchor or its page.",
        },
        samples: |snapshot, _| {
            let steps = snapshot.counters.steps.iter();
            steps.map(|((alert, step), count)| (vec![&**alert, &**step], number(*count))).collect()
        },
    },
    EngineRow {
        family: Family {
            name: "fingerpost_expression_errors_total",
            kind: Kind::Counter,
            labels: &["alertname"],
            help: "Conditions and templates that could not be evaluated and counted as not holding.",
        },
        samples: |snapshot, _| {
            let errors = snapshot.counters.expression_errors.iter();
            errors.map(|(alert, count)| (vec![&**alert], number(*count))).collect()
        },
    },
    EngineRow {
        family: Family {
            name: "fingerpost_missed_attempts_total",
            kind: Kind::Counter,
            labels: &["probe"],
            help: "Attempts that were skipped because the one before was still under way.",
        },
        samples: |snapshot, _| {
            let missed = snapshot.counters.missed.iter();
            missed.map(|(probe, count)| (vec![&**probe], number(*count))).collect()
        },
    },
    EngineRow {
        family: Family {
            name: "fingerpost_duplicate_targets",
            kind: Kind::Gauge,
            labels: &[],
            help: "Targets without probe_ series, because another one of the probe has the same labels.",
        },
        samples: |_, doubles| [(Vec::new(), number(doubles))].into(),
    },
];
