//! What is said of an alert: the step where a person must act, and all of the annotations.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cause::{Cause, Verdict};
use crate::condition::Failed;
use crate::labels::Labels;
use crate::notification::Notification;
use crate::outcome::Late;
use crate::plan::{Alert, Row};
use crate::runbook::{Runbook, Step};
use crate::template::Template;
use crate::view::Reading;

use super::groups::Muster;
use super::member;
use super::outlook::{Outlook, Subject};
use super::watch::{Watch, fill};

/// What is said of an alert, as of the latest reading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Diagnosis {
    pub(super) meaning: Meaning,
    /// The first row that holds; the alert's page where none does.
    pub(super) step: Option<Step>,
    pub(super) annotations: BTreeMap<Arc<str>, String>,
    /// What could not be evaluated or filled in.
    pub(super) failures: Vec<Failed>,
}

/// What of a diagnosis is worth another message to the person on call: the cause, the phase, the
/// status, what came after the deadline (of a group: these of each member that is told), the step, whom
/// it says to call and what to know, and the pages ahead of it. Durations, sizes, tallies
/// and texts of the drop-in's own change with every reading; they are fresh in the snapshot, and go
/// out with the next change of one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    gist: Gist,
    step: Option<String>,
    before: Vec<String>,
    call: String,
    note: String,
}

/// What a person is told who goes there; `""` where there is nothing to tell.
#[derive(Debug, Default)]
struct Words {
    /// Whom to call, by the row that was chosen.
    call: String,
    /// What to know before going there.
    note: String,
    /// Whom to call when that does not help; where the row names nobody, the section that says so.
    escalate: String,
    escalate_url: String,
    /// What was found in the body, by name; none is empty.
    found: Vec<(Arc<str>, String)>,
}

impl Words {
    fn of(
        alert: &Alert,
        row: Option<&Row>,
        view: &Outlook<'_>,
        runbook: &Runbook,
        failures: &mut Vec<Failed>,
    ) -> Self {
        let mut said = |it: &Template| fill(it, view, failures).trim().to_owned();
        let call = row.and_then(|it| it.call.as_ref()).map(&mut said).unwrap_or_default();
        let note = row.and_then(|it| it.note.as_deref()).unwrap_or_default().to_owned();
        let found = alert.found.iter().map(|(name, it)| (Arc::clone(name), said(it)));
        let found = found.filter(|(_, value)| !value.is_empty()).collect();
        let Some(row) = alert.escalate.iter().find(|it| holds(it, view, failures)) else {
            return Self { call, note, found, ..Self::default() };
        };
        let whom = row.call.as_ref().map(|it| fill(it, view, failures).trim().to_owned());
        let whom = whom.filter(|it| !it.is_empty());
        let escalate = whom.unwrap_or_else(|| runbook.step(&row.page, row.anchor.as_deref()).title);
        let escalate_url = runbook.url(&row.page, row.anchor.as_deref());
        Self { call, note, escalate, escalate_url, found }
    }
}

/// How its subject fares, in a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Gist {
    /// Of a group: what all members that fail have in common, or `""`.
    cause: &'static str,
    phase: &'static str,
    status: u16,
    late: Option<Afterwards>,
    /// Of a group: who is told, and the cause and the status of each and of its partners.
    members: Vec<(Labels, Vec<(&'static str, u16)>)>,
}

impl Gist {
    fn of(view: &Outlook<'_>) -> Self {
        let (muster, grouping) = match (view.subject, view.alert.and_then(|it| it.group.as_ref())) {
            (Subject::Target(_, entry), _) => {
                let Reading { cause, phase, status, .. } = entry.reading;
                let late = entry.late.map(afterwards);
                return Self { cause, phase, status, late, members: Vec::new() };
            }
            (Subject::Group(muster, _), grouping) => (muster, grouping),
        };
        let told = grouping.map(|it| member::in_order(it, muster, view.now.wall, &mut Vec::new()));
        let of_each = |it: &&Reading| {
            let all = std::iter::once(*it).chain(it.joined.values());
            (it.labels.clone(), all.map(|it| (it.cause, it.status)).collect())
        };
        Self {
            cause: common(muster, |it| it.cause),
            phase: common(muster, |it| it.phase),
            status: 0,
            late: None,
            members: told.iter().flatten().map(of_each).collect(),
        }
    }
}

/// What is the same of all members that fail; else nothing.
fn common(muster: &Muster, word: impl Fn(&Reading) -> &'static str) -> &'static str {
    let mut words = muster.readings.iter().filter(|it| it.failing).map(word);
    let first = words.next().unwrap_or_default();
    if words.all(|it| it == first) { first } else { "" }
}

/// What came after the deadline, without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Afterwards {
    Answered(Option<u16>),
    Silent,
    Failed(Cause),
    Unknown,
}

impl Diagnosis {
    /// Looks at everything and chooses. `failures` are those of the alert's labels.
    pub(super) fn of(
        watch: &Watch,
        view: &Outlook<'_>,
        runbook: &Runbook,
        mut failures: Vec<Failed>,
    ) -> Self {
        let mut annotations = BTreeMap::new();
        let (mut step, mut before, mut also) = (None, Vec::new(), Vec::new());
        let (mut words, mut read) = (Words::default(), &[][..]);
        if let Some(alert) = watch.alert() {
            let own = alert.annotations.iter();
            annotations.extend(own.map(|(name, it)| (Arc::clone(name), fill(it, view, &mut failures))));
            before = ahead(alert, view, runbook, &mut failures);
            let at = alert.steps.iter().position(|row| holds(row, view, &mut failures));
            let row = at.map(|at| &alert.steps[at]);
            read = &alert.steps[..at.map_or(alert.steps.len(), |at| at + 1)];
            step = step_of(alert, row, runbook);
            also = row.map(|it| beside(it, runbook)).unwrap_or_default();
            words = Words::of(alert, row, view, runbook, &mut failures);
        }
        let url = step.as_ref().map(|it| runbook.url(&it.page, it.anchor.as_deref()));
        let gist = Gist::of(view);
        let mut set = |name: &str, value: String| {
            if !value.is_empty() {
                annotations.insert(name.into(), value);
            }
        };
        set("cause", gist.cause.to_owned());
        set("phase", gist.phase.to_owned());
        set("runbook_before", before.join("\n"));
        set("runbook_also", also.join("\n"));
        if let (Some(step), Some(url)) = (&step, &url) {
            set("runbook_url", url.clone());
            set("runbook", url.clone());
            set("runbook_step", step.title.clone());
        }
        set("call", words.call.clone());
        set("note", words.note.clone());
        set("escalate", words.escalate);
        set("runbook_escalate", words.escalate_url);
        let evidence = view.evidence(read, &mut failures).text();
        let wrong = failures.iter().filter(|it| !it.no_answer).map(|it| it.message.as_str());
        set("runbook_error", wrong.collect::<Vec<_>>().join("\n"));
        annotations.entry("summary".into()).or_insert_with(|| summary(watch, view));
        annotations.entry("description".into()).or_insert(evidence);
        for (name, value) in words.found {
            annotations.entry(name).or_insert(value);
        }
        annotations.values_mut().for_each(cut);
        let meaning = Meaning { gist, step: url, before, call: words.call, note: words.note };
        Self { meaning, step, annotations, failures }
    }

    /// What is said of the prober itself. It means the same while it lasts, whatever its numbers are.
    pub(super) fn of_ourselves(summary: String, description: String) -> Self {
        let meaning = Meaning::default();
        let mut annotations =
            BTreeMap::from([("summary".into(), summary), ("description".into(), description)]);
        annotations.values_mut().for_each(cut);
        Self { meaning, step: None, annotations, failures: Vec::new() }
    }

    /// What people heard before a restart, until there is something to judge by.
    pub(super) fn recalled(told: Option<&Notification>) -> Self {
        let meaning = Meaning::default();
        let annotations = told.map(|it| it.annotations.clone()).unwrap_or_default();
        Self { meaning, step: None, annotations, failures: Vec::new() }
    }

    /// The step's name in counts: its anchor, or its page where it has none.
    pub(super) fn step_name(&self) -> Option<Arc<str>> {
        let step = self.step.as_ref()?;
        Some(step.anchor.as_deref().map_or_else(|| step.page.to_string().into(), Arc::from))
    }
}

/// Where the row that was chosen points; without one the alert's page alone.
fn step_of(alert: &Alert, row: Option<&Row>, runbook: &Runbook) -> Option<Step> {
    match row {
        Some(row) => Some(runbook.step(&row.page, row.anchor.as_deref())),
        None => alert.runbook.as_ref().map(|page| runbook.step(page, None)),
    }
}

/// The further pages that are named with a row.
fn beside(row: &Row, runbook: &Runbook) -> Vec<String> {
    row.also.iter().map(|it| runbook.url(&it.page, it.anchor.as_deref())).collect()
}

/// The pages that are named ahead of the step: every row that holds.
fn ahead(alert: &Alert, view: &Outlook<'_>, runbook: &Runbook, failures: &mut Vec<Failed>) -> Vec<String> {
    let rows = alert.before.iter().filter(|row| holds(row, view, failures));
    rows.map(|row| runbook.url(&row.page, row.anchor.as_deref())).collect()
}

/// A row whose condition cannot be evaluated, or hangs on what has no answer, does not hold: the alert
/// goes out with the next one.
fn holds(row: &Row, view: &Outlook<'_>, failures: &mut Vec<Failed>) -> bool {
    let Some(condition) = &row.when else { return true };
    condition.holds(view).unwrap_or_else(|failed| {
        failures.push(failed);
        false
    })
}

/// Where the drop-in says nothing.
fn summary(watch: &Watch, view: &Outlook<'_>) -> String {
    let (entry, labels) = match view.subject {
        Subject::Target(_, entry) => (entry, &entry.reading.labels),
        Subject::Group(muster, _) => {
            let whose: Vec<_> = muster.labels.iter().map(|(_, value)| value).collect();
            let tally = member::tally(muster);
            let whose = if whose.is_empty() { "all targets".to_owned() } else { whose.join(", ") };
            return format!("{whose}: {}, {} of {} failing", watch.name(), tally.failing, tally.watched);
        }
    };
    let instance = match labels.get("instance") {
        "" => &*entry.target.address,
        instance => instance,
    };
    match (watch, entry.judged.as_ref().map(|it| it.verdict)) {
        (Watch::Stale(_), _) => {
            format!("for more than 3 intervals we cannot tell how {instance} of {} fares", entry.probe)
        }
        (Watch::Planned(_), Some(Verdict::Failure(cause, _))) => {
            format!("{instance}: {}", cause.doc().meaning)
        }
        (Watch::Planned(alert), Some(Verdict::Success | Verdict::Unknown(_)) | None) => {
            format!("{instance}: {}", alert.name)
        }
    }
}

fn afterwards(late: Late) -> Afterwards {
    match late {
        Late::Answered { status, .. } => Afterwards::Answered(status),
        Late::Silent { .. } => Afterwards::Silent,
        Late::Failed { fault, .. } => Afterwards::Failed(crate::cause::of_fault(fault)),
        Late::Unknown(_) => Afterwards::Unknown,
    }
}

/// Takes off what is too long, and says so with an ellipsis.
fn cut(text: &mut String) {
    if text.len() > ANNOTATION_BYTES_MAX {
        text.truncate(text.floor_char_boundary(ANNOTATION_BYTES_MAX - ELLIPSIS.len()));
        text.push_str(ELLIPSIS);
    }
}

/// The longest annotation, in bytes.
const ANNOTATION_BYTES_MAX: usize = 4096;
const ELLIPSIS: &str = "…";
