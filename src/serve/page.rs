//! `/`: what fires and where to go, then every target. Everything that is shown was escaped by the
//! template, and a link is made only of what begins as a web address.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use askama::Template;

use super::metrics::state_name;
use crate::cause::Verdict;
use crate::engine::{AlertState, AlertStatus, Snapshot, TargetStatus, WATCHDOG};

/// The page as it stands at `now`.
pub(super) fn render(snapshot: &Snapshot, now: SystemTime) -> String {
    StatusPage::new(snapshot, now).render().expect("a page of strings and numbers can be written")
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage<'a> {
    firing: usize,
    failing: usize,
    alerts: Vec<AlertCard<'a>>,
    alerts_left_out: usize,
    probes: Vec<ProbeTable<'a>>,
    now: String,
    version: &'static str,
}

struct AlertCard<'a> {
    anchor: String,
    name: &'a str,
    state: &'static str,
    labels: String,
    since: String,
    since_at: String,
    cause: &'a str,
    phase: &'a str,
    summary: &'a str,
    description: &'a str,
    inhibited_by: Option<&'a str>,
    before: Vec<&'a str>,
    step: Option<StepLink<'a>>,
    /// What is said to the person who goes there: what it is, and the words.
    words: Vec<(&'static str, &'a str)>,
}

struct StepLink<'a> {
    title: &'a str,
    /// `""` where it is no web address: then there is no link.
    href: &'a str,
    text: &'a str,
}

struct ProbeTable<'a> {
    name: &'a str,
    module: &'a str,
    watched: usize,
    failing: usize,
    unknown: usize,
    rows: Vec<TargetLine<'a>>,
    left_out: usize,
}

struct TargetLine<'a> {
    instance: &'a str,
    labels: String,
    verdict: &'static str,
    cause: &'static str,
    phase: &'static str,
    since: String,
    duration: String,
}

impl<'a> StatusPage<'a> {
    fn new(snapshot: &'a Snapshot, now: SystemTime) -> Self {
        // The alert that says that all is well calls nobody.
        let troubles = snapshot.alerts.iter().filter(|it| it.notification.name() != WATCHDOG);
        let mut alerts: Vec<_> = troubles.collect();
        // What has been so for longest stands first, as it is most likely the beginning of it all.
        alerts.sort_by_key(|it| (place(it.state), it.active_at, &it.notification.labels));
        let mut probes: BTreeMap<&str, Vec<&TargetStatus>> = BTreeMap::new();
        for it in &snapshot.targets {
            probes.entry(&it.probe).or_default().push(it);
        }
        let probes: Vec<_> =
            probes.into_iter().map(|(name, targets)| ProbeTable::new(name, targets, now)).collect();
        Self {
            firing: alerts.iter().filter(|it| it.state == AlertState::Firing).count(),
            failing: probes.iter().map(|it| it.failing).sum(),
            alerts_left_out: alerts.len().saturating_sub(ROWS_MAX),
            alerts: alerts.into_iter().take(ROWS_MAX).map(|it| AlertCard::new(it, now)).collect(),
            probes,
            now: humantime::format_rfc3339_seconds(now).to_string(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

impl<'a> AlertCard<'a> {
    fn new(it: &'a AlertStatus, now: SystemTime) -> Self {
        let annotation = |name: &str| it.notification.annotations.get(name).map_or("", String::as_str);
        let since = match it.state {
            AlertState::Pending => it.active_at,
            AlertState::Firing | AlertState::Inhibited => it.notification.starts_at,
        };
        let url = annotation("runbook_url");
        let title = it.step.as_ref().map_or(annotation("runbook_step"), |it| &it.title);
        let text = if title.is_empty() { url } else { title };
        Self {
            anchor: it.notification.anchor(),
            name: it.notification.name(),
            state: state_name(it.state),
            labels: it.notification.labels.with([("alertname", "")]).to_string(),
            since: ago(since, now),
            since_at: humantime::format_rfc3339_seconds(since).to_string(),
            cause: annotation("cause"),
            phase: annotation("phase"),
            summary: annotation("summary"),
            description: annotation("description"),
            inhibited_by: it.inhibited_by.as_deref(),
            before: annotation("runbook_before").split_whitespace().filter(|it| is_web_address(it)).collect(),
            words: WORDS
                .iter()
                .map(|(name, said)| (*said, annotation(name)))
                .filter(|(_, it)| !it.is_empty())
                .collect(),
            step: (!text.is_empty()).then(|| StepLink {
                title,
                href: if is_web_address(url) { url } else { "" },
                text,
            }),
        }
    }
}

impl<'a> ProbeTable<'a> {
    fn new(name: &'a str, mut targets: Vec<&'a TargetStatus>, now: SystemTime) -> Self {
        let is = |wanted: &str, it: &&TargetStatus| verdict_name(it) == wanted;
        let (failing, unknown) = (
            targets.iter().filter(|it| is("failure", it)).count(),
            targets.iter().filter(|it| is("unknown", it)).count(),
        );
        targets.sort_by_key(|it| (concern(it), &it.target.labels));
        Self {
            name,
            module: targets.first().map_or("", |it| &it.module.name),
            watched: targets.len(),
            failing,
            unknown,
            left_out: targets.len().saturating_sub(ROWS_MAX),
            rows: targets.into_iter().take(ROWS_MAX).map(|it| TargetLine::new(it, now)).collect(),
        }
    }
}

impl<'a> TargetLine<'a> {
    fn new(it: &'a TargetStatus, now: SystemTime) -> Self {
        let verdict = it.judged.as_ref().map(|it| it.verdict);
        let instance = it.target.labels.get("instance");
        Self {
            instance: if instance.is_empty() { &it.target.address } else { instance },
            labels: it.target.labels.public().with([("instance", "")]).to_string(),
            verdict: verdict_name(it),
            cause: verdict.map_or("", Verdict::cause_name),
            phase: verdict.map_or("", Verdict::phase_name),
            since: it.since.map(|since| ago(since, now)).unwrap_or_default(),
            duration: it
                .judged
                .as_ref()
                .map(|it| format!("{:.3} s", it.outcome.duration.as_secs_f64()))
                .unwrap_or_default(),
        }
    }
}

fn verdict_name(it: &TargetStatus) -> &'static str {
    it.judged.as_ref().map_or("pending", |it| it.verdict.name())
}

/// What needs a person stands first.
fn concern(it: &TargetStatus) -> u8 {
    match it.judged.as_ref().map(|it| it.verdict) {
        Some(Verdict::Failure(..)) => 0,
        Some(Verdict::Unknown(_)) => 1,
        None => 2,
        Some(Verdict::Success) => 3,
    }
}

fn place(state: AlertState) -> u8 {
    match state {
        AlertState::Firing => 0,
        AlertState::Pending => 1,
        AlertState::Inhibited => 2,
    }
}

/// Whether a browser may be led there. Annotations are templates: they could hold `javascript:`.
fn is_web_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// How long ago that was, in whole seconds, with the two largest units: `2h 3m`.
fn ago(then: SystemTime, now: SystemTime) -> String {
    let passed = now.duration_since(then).unwrap_or_default();
    let text = humantime::format_duration(Duration::from_secs(passed.as_secs())).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Annotations that stand below the step, and what they are called there.
const WORDS: [(&str, &str); 3] = [("note", "Note"), ("call", "Call"), ("escalate", "If that does not help")];

/// Rows of one table; the API has them all.
const ROWS_MAX: usize = 500;
