//! A target's outcome in the words of conditions.

use std::sync::Arc;
use std::time::Duration;

use crate::cause::{Cause, Judged, Verdict};
use crate::labels::Labels;
use crate::outcome::{End, Late, TlsFacts, notes, sum};
use crate::spec::Module;
use crate::target::Target;
use crate::view::Reading;

use super::Entry;

/// The reading of a target that nobody has asked yet.
pub(super) fn of_nobody(target: &Target) -> Reading {
    Reading {
        labels: target.labels.public(),
        address: Arc::clone(&target.address),
        unknown: true,
        ..Reading::default()
    }
}

/// Writes down anew what the entry's outcome and late answer say.
pub(super) fn tell(entry: &mut Entry) {
    let Some(judged) = &entry.judged else { return };
    let labels = entry.reading.labels.clone();
    let reading = reading_of(&entry.target, labels, &entry.module, judged, entry.late);
    entry.reading = Reading { since: entry.since, ..reading };
}

/// What was seen of a target with these public labels, in the words of conditions.
pub fn reading_of(
    target: &Target,
    labels: Labels,
    module: &Module,
    judged: &Judged,
    late: Option<Late>,
) -> Reading {
    let outcome = &judged.outcome;
    let timeout = module.timeout;
    let http = outcome.http.as_ref();
    let samples = outcome.exposition.as_ref().and_then(|it| it.as_ref().ok()).map(|it| it.samples);
    let series = outcome.series.as_ref().and_then(|it| it.as_deref().ok());
    let (answered_after, silent_for) = afterwards(judged, late);
    Reading {
        labels,
        address: Arc::clone(&target.address),
        failing: matches!(judged.verdict, Verdict::Failure(..)),
        unknown: matches!(judged.verdict, Verdict::Unknown(_)),
        cause: judged.verdict.cause_name(),
        phase: judged.verdict.phase_name(),
        status: http.map_or(0, |it| it.status),
        duration: outcome.duration.min(timeout),
        timeout,
        answered_after,
        silent_for,
        body_bytes: http.map_or(0, |it| it.body_bytes),
        body: http.map_or_else(Arc::default, |it| it.body_start.as_str().into()),
        samples: samples.unwrap_or(0),
        peer: outcome.peer.map_or_else(Arc::default, |it| it.to_string().into()),
        value: series.and_then(sum),
        notes: series.map(notes).unwrap_or_default(),
        certificate_not_after: outcome.tls.as_ref().and_then(TlsFacts::earliest_not_after),
        tls: outcome.tls.as_ref().filter(|it| !it.chain.is_empty()).map(|it| Arc::new(it.clone())),
        since: None,
        joined: Arc::default(),
    }
}

/// How long a late answer took, and how long it was waited for in vain. An answer that was complete
/// before the prober stopped, and yet too late, is as good as one that it read on for.
fn afterwards(judged: &Judged, late: Option<Late>) -> (Option<Duration>, Option<Duration>) {
    match late {
        Some(Late::Answered { after, .. }) => (Some(after), None),
        Some(Late::Silent { waited }) => (None, Some(waited)),
        Some(Late::Failed { .. } | Late::Unknown(_)) => (None, None),
        None => {
            let too_late = matches!(judged.verdict, Verdict::Failure(Cause::DeadlineExceeded, _));
            let complete = too_late && judged.outcome.end == End::Reply;
            (complete.then_some(judged.outcome.duration), None)
        }
    }
}
