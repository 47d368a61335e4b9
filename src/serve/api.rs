//! `/api/v1/targets` and `/api/v1/alerts`: the snapshot as JSON, in the shapes of Prometheus's API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::metrics::state_name;
use crate::cause::{Cause, Verdict, of_fault};
use crate::engine::{AlertState, AlertStatus, Snapshot, TargetStatus};
use crate::labels::Labels;
use crate::outcome::{Late, Outcome, TlsFacts, sum};

/// All targets, as `{"status":"success","data":{"activeTargets":[…]}}`. Durations are in seconds,
/// times in RFC 3339.
pub(super) fn targets(snapshot: &Snapshot) -> String {
    success(&ActiveTargets { active_targets: snapshot.targets.iter().map(TargetView::new).collect() })
}

/// All alerts that are not inactive, as `{"status":"success","data":{"alerts":[…]}}`.
pub(super) fn alerts(snapshot: &Snapshot) -> String {
    success(&Alerts { alerts: snapshot.alerts.iter().map(AlertView::new).collect() })
}

fn success<T: Serialize>(data: &T) -> String {
    serde_json::to_string(&Envelope { status: "success", data }).expect("views have string keys only")
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    status: &'static str,
    data: &'a T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActiveTargets<'a> {
    active_targets: Vec<TargetView<'a>>,
}

#[derive(Serialize)]
struct Alerts<'a> {
    alerts: Vec<AlertView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetView<'a> {
    id: String,
    probe: &'a str,
    module: &'a str,
    address: &'a str,
    labels: Labels,
    /// `success`, `failure`, `unknown`, or `pending` before the first attempt.
    health: &'static str,
    cause: &'static str,
    phase: &'static str,
    since: Option<String>,
    next_probe_in: f64,
    timeout: f64,
    #[serde(flatten)]
    last: Option<AttemptView>,
    lateness: Option<LateView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptView {
    last_probe: String,
    last_duration: f64,
    phases: BTreeMap<&'static str, f64>,
    peer: Option<String>,
    status: Option<u16>,
    body_bytes: Option<u64>,
    /// What Prometheus answered to a question; of several series their sum.
    value: Option<f64>,
    certificate_not_after: Option<String>,
}

/// What came after the verdict.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum LateView {
    Answered { after: f64, status: Option<u16> },
    Silent { waited: f64 },
    Failed { after: f64, cause: &'static str, phase: &'static str },
    Unknown { cause: &'static str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertView<'a> {
    labels: &'a Labels,
    annotations: &'a BTreeMap<Arc<str>, String>,
    state: &'static str,
    active_at: String,
    /// Since when it fires; none while it is pending.
    starts_at: Option<String>,
    target: String,
    inhibited_by: Option<&'a str>,
    runbook: Option<StepView<'a>>,
}

#[derive(Serialize)]
struct StepView<'a> {
    title: &'a str,
    url: &'a str,
    /// The page as drop-ins name it.
    page: String,
    anchor: Option<&'a str>,
}

impl<'a> TargetView<'a> {
    fn new(it: &'a TargetStatus) -> Self {
        let verdict = it.judged.as_ref().map(|it| it.verdict);
        Self {
            id: it.id.to_string(),
            probe: &it.probe,
            module: &it.module.name,
            address: &it.target.address,
            labels: it.target.labels.public(),
            health: verdict.map_or("pending", Verdict::name),
            cause: verdict.map_or("", Verdict::cause_name),
            phase: verdict.map_or("", Verdict::phase_name),
            since: it.since.map(rfc3339),
            next_probe_in: it.next_in.as_secs_f64(),
            timeout: it.module.timeout.as_secs_f64(),
            last: it.judged.as_ref().map(|it| AttemptView::new(&it.outcome)),
            lateness: it.late.as_ref().map(LateView::new),
        }
    }
}

impl AttemptView {
    fn new(it: &Outcome) -> Self {
        let reached = it.phases.iter().filter(|(_, time)| *time > Duration::ZERO);
        Self {
            last_probe: rfc3339(it.at),
            last_duration: it.duration.as_secs_f64(),
            phases: reached.map(|(phase, time)| (phase.name(), time.as_secs_f64())).collect(),
            peer: it.peer.map(|it| it.to_string()),
            status: it.http.as_ref().map(|it| it.status),
            body_bytes: it.http.as_ref().map(|it| it.body_bytes),
            value: it.series.as_ref().and_then(|it| sum(it.as_deref().ok()?)),
            certificate_not_after: it.tls.as_ref().and_then(TlsFacts::earliest_not_after).map(rfc3339),
        }
    }
}

impl LateView {
    fn new(it: &Late) -> Self {
        match it {
            Late::Answered { after, status, .. } => {
                Self::Answered { after: after.as_secs_f64(), status: *status }
            }
            Late::Silent { waited } => Self::Silent { waited: waited.as_secs_f64() },
            Late::Failed { after, fault } => Self::Failed {
                after: after.as_secs_f64(),
                cause: of_fault(*fault).name(),
                phase: fault.phase.name(),
            },
            Late::Unknown(own) => Self::Unknown { cause: Cause::from(*own).name() },
        }
    }
}

impl<'a> AlertView<'a> {
    fn new(it: &'a AlertStatus) -> Self {
        let url = it.notification.annotations.get("runbook_url").map_or("", String::as_str);
        let starts_at = match it.state {
            AlertState::Pending => None,
            AlertState::Firing | AlertState::Inhibited => Some(rfc3339(it.notification.starts_at)),
        };
        Self {
            labels: &it.notification.labels,
            annotations: &it.notification.annotations,
            state: state_name(it.state),
            active_at: rfc3339(it.active_at),
            starts_at,
            target: it.target.to_string(),
            inhibited_by: it.inhibited_by.as_deref(),
            runbook: it.step.as_ref().map(|step| StepView {
                title: &step.title,
                url,
                page: step.page.to_string(),
                anchor: step.anchor.as_deref(),
            }),
        }
    }
}

fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
