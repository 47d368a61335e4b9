//! The alerts that watch over the targets of a probe: those of the drop-ins, and our own.

use std::sync::Arc;
use std::time::Duration;

use crate::board::ignores;
use crate::condition::{Condition, Failed};
use crate::labels::Labels;
use crate::plan::{Alert, Grouping, Inhibitor, Plan, Probe};
use crate::rule::{Finding, Terms};
use crate::template::Template;
use crate::view::View;

use super::groups::Doubt;
use super::outlook::{Outlook, Subject};

/// An alert as the engine carries it out.
#[derive(Clone, Debug)]
pub(super) enum Watch {
    /// One of a drop-in.
    Planned(Arc<Alert>),
    /// Our own `ProbeStale`: for more than three intervals we could not tell how the target fares.
    Stale(Stale),
}

/// What there is to know of a `ProbeStale`.
#[derive(Clone, Debug)]
pub(super) struct Stale {
    pub(super) name: Arc<str>,
    pub(super) probe: Arc<Probe>,
}

/// The name of the alert about a target of which we cannot tell. A drop-in's alert of that name takes
/// its place.
pub const PROBE_STALE: &str = "ProbeStale";

impl Watch {
    /// All that watch over the targets of a probe.
    pub(super) fn all_of(plan: &Plan, probe: &Arc<Probe>) -> Vec<Self> {
        let stale = Self::Stale(Stale { name: PROBE_STALE.into(), probe: Arc::clone(probe) });
        let is_free = plan.alerts.iter().all(|it| &*it.name != PROBE_STALE);
        let planned = plan.alerts_of(&probe.name).map(|it| Self::Planned(Arc::clone(it)));
        planned.chain(is_free.then_some(stale)).collect()
    }

    pub(super) fn name(&self) -> &Arc<str> {
        match self {
            Self::Planned(alert) => &alert.name,
            Self::Stale(stale) => &stale.name,
        }
    }

    /// The drop-in's alert; none for our own.
    pub(super) fn alert(&self) -> Option<&Alert> {
        match self {
            Self::Planned(alert) => Some(alert),
            Self::Stale(_) => None,
        }
    }

    /// The drop-in's alert, where it fires for groups.
    pub(super) fn of_groups(&self) -> Option<&Alert> {
        self.alert().filter(|it| it.group.is_some())
    }

    pub(super) fn terms(&self) -> Terms {
        match self {
            Self::Planned(alert) => Terms { hold: alert.hold, keep_firing_for: alert.keep_firing_for },
            Self::Stale(stale) => Terms {
                hold: stale.probe.interval.saturating_mul(STALE_INTERVALS),
                keep_firing_for: Duration::ZERO,
            },
        }
    }

    pub(super) fn inhibitors(&self) -> &[Inhibitor] {
        match self {
            Self::Planned(alert) => &alert.inhibited_by,
            Self::Stale(_) => &[],
        }
    }

    /// Whether one of its scopes counts the targets of that probe.
    pub(super) fn counts(&self, probe: &str) -> bool {
        self.alert().is_some_and(|alert| alert.scopes.iter().any(|it| **alert.counts(it) == *probe))
    }

    /// Whether it watches over the targets of that probe.
    pub(super) fn is_about(&self, probe: &str) -> bool {
        match self {
            Self::Planned(alert) => *alert.probe == *probe,
            Self::Stale(stale) => *stale.probe.name == *probe,
        }
    }

    /// Whether it may begin or end because of another target than its own.
    pub(super) fn hangs_on_others(&self) -> bool {
        self.alert().is_some_and(|it| it.group.is_some() || !it.when.needs().scopes.is_empty())
    }

    /// Whether that probe's targets are among those others.
    pub(super) fn hangs_on(&self, probe: &str) -> bool {
        let mut links = self.alert().and_then(|it| it.group.as_ref()).into_iter().flat_map(Grouping::links);
        self.is_about(probe) || self.counts(probe) || links.any(|it| *it.probe == *probe)
    }

    /// Whether anything that it says hangs on other alerts.
    pub(super) fn asks_about_others(&self) -> bool {
        let Some(alert) = self.alert() else { return false };
        let rows = alert.before.iter().chain(&alert.steps).filter_map(|it| it.when.as_ref());
        let conditions = rows.chain([&alert.when]).map(Condition::needs);
        let calls = alert.steps.iter().filter_map(|it| it.call.as_ref());
        let texts = alert.annotations.iter().map(|(_, it)| it).chain(calls).flat_map(Template::needs);
        conditions.chain(texts).any(|it| !it.alerts.is_empty() || it.alert_prefixes)
    }

    /// What the latest reading says.
    ///
    /// # Errors
    /// The condition could not be evaluated. Then nobody can tell: that starts no alert, and it ends
    /// none that somebody may be working on.
    pub(super) fn finding(&self, view: &Outlook<'_>) -> Result<Finding, Failed> {
        match (self, view.subject) {
            (Self::Planned(alert), Subject::Target(_, entry)) => {
                if ignores(alert, &entry.reading)? {
                    return Ok(Finding::Absent);
                }
                if entry.reading.unknown {
                    return Ok(Finding::Unknown);
                }
                if entry.is_unanswered() {
                    return Ok(Finding::Absent);
                }
                alert.when.holds(view).map(found)
            }
            (Self::Planned(alert), Subject::Group(muster, _)) => {
                if muster.readings.is_empty() {
                    return Ok(Finding::Absent);
                }
                if muster.is_all_unknown() {
                    return Ok(Finding::Unknown);
                }
                if !muster.is_in_doubt() {
                    return alert.when.holds(view).map(found);
                }
                let taken = |doubt| Outlook { subject: Subject::Group(muster, doubt), ..*view };
                let answering = alert.when.holds(&taken(Doubt::Answering))?;
                let failing = alert.when.holds(&taken(Doubt::Failing))?;
                Ok(if answering == failing { found(failing) } else { Finding::Unknown })
            }
            // Whether Prometheus answers is told once, of the question.
            (Self::Stale(_), subject) => Ok(found(match subject {
                Subject::Target(_, entry) => entry.reading.unknown && !entry.is_series(),
                Subject::Group(..) => false,
            })),
        }
    }

    /// The alert's identity: the target's labels, the drop-in's on top, and its name. A label that
    /// cannot be filled in says so instead: it hangs on labels alone, so it stays the same.
    pub(super) fn labels(&self, view: &Outlook<'_>) -> (Labels, Vec<Failed>) {
        let public = view.labels();
        let mut failures = Vec::new();
        let own: Vec<(Arc<str>, String)> = match self {
            Self::Planned(alert) => {
                let filled =
                    |(name, it): &(Arc<str>, Template)| (Arc::clone(name), fill(it, view, &mut failures));
                alert.labels.iter().map(filled).collect()
            }
            Self::Stale(stale) => vec![("probe".into(), stale.probe.name.to_string())],
        };
        let own = own.iter().map(|(name, value)| (&**name, value.as_str()));
        (public.with(own.chain([("alertname", &**self.name())])), failures)
    }
}

fn found(present: bool) -> Finding {
    if present { Finding::Present } else { Finding::Absent }
}

/// The text, or where it fails the raw text and what is wrong with it.
pub(super) fn fill(template: &Template, view: &Outlook<'_>, failures: &mut Vec<Failed>) -> String {
    template.render(view).unwrap_or_else(|failed| {
        let text = format!("{} <error: {}>", template.source(), failed.message);
        failures.push(failed);
        text
    })
}

const STALE_INTERVALS: u32 = 3;
