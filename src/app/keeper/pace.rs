//! What a plan is changed in before it is in force: questions that nobody can be asked, and the times of a
//! demonstration.

use std::sync::Arc;

use tracing::warn;

use crate::app::Pace;
use crate::plan::{Alert, Plan};

/// With nobody to ask, a question would be unknown for ever: such probes go, and the queries of alerts,
/// so that no alert says of each that it has no answer. The plan has just been made, so nobody
/// shares it.
pub(super) fn leave_questions_out(plan: &mut Arc<Plan>) {
    let Some(plan) = Arc::get_mut(plan) else { return };
    for alert in plan.alerts.iter_mut().filter_map(Arc::get_mut) {
        alert.queries.clear();
    }
    let before = plan.probes.len();
    plan.probes.retain(|it| !it.module.prober.asks_for_series());
    let left_out = before - plan.probes.len();
    if left_out > 0 {
        let alerts = std::mem::take(&mut plan.alerts);
        let has_probe = |alert: &Arc<Alert>| plan.probes.iter().any(|it| it.name == alert.probe);
        plan.alerts = alerts.into_iter().filter(has_probe).collect();
        let help = "give `prometheus` in the settings, or --prometheus.url";
        warn!(probes = left_out, help, "no Prometheus is named: the probes that ask one are left out");
    }
}

/// Shortens times where that is asked for. The plan has just been made, so nobody shares it.
pub(super) fn quicken(plan: &mut Arc<Plan>, pace: Pace) {
    let Some(plan) = Arc::get_mut(plan) else { return };
    for probe in &mut plan.probes {
        Arc::make_mut(probe).interval = pace.interval;
    }
    for alert in plan.alerts.iter_mut().filter_map(Arc::get_mut) {
        alert.hold = pace.hold;
    }
}
