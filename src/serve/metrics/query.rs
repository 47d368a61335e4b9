//! Families of what Prometheus was asked.

use super::reading::{TargetRow, gauge};
use crate::outcome::sum;

pub(super) const ROWS: &[TargetRow] = &[TargetRow {
    family: gauge("probe_query_value", &[], "What Prometheus answered: the value of the series."),
    samples: |it, out| {
        if let Some(value) = it.answered().and_then(sum) {
            out.put(&[], value);
        }
    },
}];
