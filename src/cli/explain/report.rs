//! What is told of a text: where it points, what was found in it, how the service endpoints stand.
//! `to_json` is read by programs: keys are added to it, none is renamed or taken away, and each is
//! always there (`null`, `""`, `[]` or `{}` where there is nothing to say).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;

use crate::advice::{self, Advice, Piece, counsel, named};
use crate::condition::Failed;
use crate::plan::{Alert, Plan, Row, TextRule};
use crate::runbook::Runbook;
use crate::text::{MagicBox, Text};

mod told;

/// All that is told of one text.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Where the text as a whole points.
    #[serde(flatten)]
    way: Way,
    /// What the rule names in it.
    #[serde(flatten)]
    named: Named,
    /// Each failed-operation message, in the order of the text.
    operations: Vec<Failure>,
    /// How many of them there are; no more than [`OPERATIONS_MAX`] are told.
    operations_total: usize,
    /// All fields by the names that conditions have for them.
    fields: BTreeMap<&'static str, String>,
    /// The same in the order of their table.
    #[serde(skip)]
    in_order: Vec<(&'static str, String)>,
    regions: Vec<Region>,
    /// Lines of the text that could not be read, and why.
    flaws: Vec<String>,
    /// The text was longer than what was taken of it.
    cut: bool,
    #[serde(skip)]
    failures: Vec<String>,
}

/// Where to go. Without a rule all of it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Way {
    /// The rule that knew the text.
    rule: Option<String>,
    /// The first alert that holds its target's body against that rule.
    alert: Option<String>,
    /// The page: a path of the runbook's site, or a URL.
    page: Option<String>,
    /// The anchor on it.
    step: Option<String>,
    /// The step's heading.
    title: Option<String>,
    /// Page and anchor, as a link.
    runbook_url: Option<String>,
    /// Links to what is to be read ahead.
    before: Vec<String>,
    /// Links to what is named with the step.
    also: Vec<String>,
    /// What to know before going there.
    note: Option<String>,
    /// Whom to call.
    call: Option<String>,
    escalate: Option<Escalation>,
}

/// Where to turn when that does not help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Escalation {
    page: String,
    step: Option<String>,
    title: String,
    runbook_url: String,
    call: Option<String>,
}

/// What a rule names in a text, by the drop-in's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Named {
    #[serde(serialize_with = "as_map")]
    labels: Vec<(Arc<str>, String)>,
    #[serde(serialize_with = "as_map")]
    annotations: Vec<(Arc<str>, String)>,
}

/// One failed-operation message.
#[derive(Debug, Serialize)]
struct Failure {
    #[serde(flatten)]
    named: Named,
    /// Where to turn with this one.
    escalate: Option<Escalation>,
}

/// A region's service endpoints, in the order in which to look at them.
#[derive(Debug, Serialize)]
struct Region {
    #[serde(rename = "region")]
    name: String,
    #[serde(flatten)]
    way: Way,
    #[serde(flatten)]
    named: Named,
    zones: Vec<Zone>,
}

/// A row of a region's table.
#[derive(Debug, Serialize)]
struct Zone {
    #[serde(rename = "zone")]
    name: String,
    state: String,
    magic_box: String,
    readiness: String,
    upstream: String,
    front: String,
}

impl Report {
    /// Looks for the advice of the whole text; where it tells of the endpoints of several regions,
    /// for that of each region instead.
    pub(super) fn new(text: &Arc<Text>, plan: &Plan, runbook: &Runbook, now: SystemTime) -> Self {
        let counsel = counsel(&plan.text_rules, text, now);
        let mut desk = Desk { plan, runbook, now, failures: counsel.failures };
        let endpoints = text.endpoints();
        let (way, named) = desk.tell(counsel.whole.as_ref());
        let (operations, operations_total) = desk.operations(text, &way);
        let mut regions = Vec::new();
        for (name, boxes) in endpoints.by_region() {
            let advice = counsel.regions.iter().find(|(it, _)| it == name).map(|(_, it)| it);
            let (way, named) = desk.tell(advice);
            let zones = boxes.into_iter().map(Zone::new).collect();
            regions.push(Region { name: clean(name), way, named, zones });
        }
        let in_order: Vec<_> =
            text.fields().iter().map(|(field, value)| (field.name(), clean(value))).collect();
        let flaw = |it: &crate::text::Flaw| clean(&format!("line {}: {}", it.line, it.message));
        Self {
            way,
            named,
            operations,
            operations_total,
            fields: in_order.iter().cloned().collect(),
            in_order,
            regions,
            flaws: endpoints.flaws.iter().map(flaw).collect(),
            cut: text.is_cut(),
            failures: desk.failures.into_iter().map(|it| it.message).collect(),
        }
    }

    /// Whether any rule knew the text.
    pub(super) fn points(&self) -> bool {
        self.way.points() || self.regions.iter().any(|it| it.way.points())
    }

    /// Conditions and templates that could not be evaluated.
    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// For a program.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is texts, lists and maps")
    }
}

/// What a report is made with.
struct Desk<'a> {
    plan: &'a Plan,
    runbook: &'a Runbook,
    now: SystemTime,
    failures: Vec<Failed>,
}

impl<'a> Desk<'a> {
    /// Where a text points, and what is named in it.
    fn tell(&mut self, advice: Option<&Advice<'_>>) -> (Way, Named) {
        let Some(advice) = advice else { return <_>::default() };
        (Way::new(advice, self.plan, self.runbook), self.named(advice.rule, &advice.piece))
    }

    /// Each failed operation, in the words of the rule that knew the text, and how many there are.
    fn operations(&mut self, text: &Text, way: &Way) -> (Vec<Failure>, usize) {
        let rule = |it: &&'a Arc<TextRule>| Some(&*it.name) == way.rule.as_deref();
        let Some(rule) = self.plan.text_rules.iter().find(rule) else { return (Vec::new(), 0) };
        let mut told = Vec::new();
        for message in text.operations(OPERATIONS_MAX) {
            let piece = self.piece(&Arc::new(message));
            let named = self.named(rule, &piece);
            let escalate = advice::escalation(rule, &piece, &mut self.failures);
            told.push(Failure { named, escalate: escalate.map(|it| Escalation::new(&it, self.runbook)) });
        }
        (told, text.operations_count())
    }

    fn piece(&self, text: &Arc<Text>) -> Piece {
        Piece { text: Arc::clone(text), now: self.now }
    }

    fn named(&mut self, rule: &TextRule, piece: &Piece) -> Named {
        let advice::Named { mut labels, mut annotations } = named(rule, piece, &mut self.failures);
        for (_, value) in labels.iter_mut().chain(&mut annotations) {
            *value = clean(value);
        }
        Named { labels, annotations }
    }
}

impl Way {
    fn new(advice: &Advice<'_>, plan: &Plan, runbook: &Runbook) -> Self {
        let url = |it: &Row| runbook.url(&it.page, it.anchor.as_deref());
        let step = advice.step;
        let rows = advice.before.iter().copied().chain([step]);
        let further = rows.flat_map(|it| &it.also);
        let takes_it_in = |it: &&Arc<Alert>| it.text_rule.as_ref() == Some(&advice.rule.name);
        Self {
            rule: Some(advice.rule.name.to_string()),
            alert: plan.alerts.iter().find(takes_it_in).map(|it| it.name.to_string()),
            page: Some(step.page.to_string()),
            step: step.anchor.as_deref().map(str::to_owned),
            title: Some(runbook.step(&step.page, step.anchor.as_deref()).title),
            runbook_url: Some(url(step)),
            before: advice.before.iter().map(|it| url(it)).collect(),
            also: further.map(|it| runbook.url(&it.page, it.anchor.as_deref())).collect(),
            note: step.note.as_deref().map(str::to_owned),
            call: advice.call.as_deref().map(clean),
            escalate: advice.escalate.as_ref().map(|it| Escalation::new(it, runbook)),
        }
    }

    /// Whether it leads anywhere.
    fn points(&self) -> bool {
        self.rule.is_some()
    }
}

impl Escalation {
    fn new((row, call): &advice::Escalation<'_>, runbook: &Runbook) -> Self {
        let anchor = row.anchor.as_deref();
        Self {
            page: row.page.to_string(),
            step: anchor.map(str::to_owned),
            title: runbook.step(&row.page, anchor).title,
            runbook_url: runbook.url(&row.page, anchor),
            call: call.as_deref().map(clean),
        }
    }
}

impl Named {
    fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty()
    }
}

impl Zone {
    fn new(it: &MagicBox) -> Self {
        Self {
            name: clean(&it.zone),
            state: it.state(),
            magic_box: clean(&it.id),
            readiness: clean(&it.readiness),
            upstream: it.address.to_string(),
            front: format!("{}/{}", it.front, it.prefix),
        }
    }
}

/// In the order of the drop-in.
fn as_map<S: serde::Serializer>(pairs: &[(Arc<str>, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (&**name, value)))
}

/// A terminal obeys control characters, and the text is not ours.
fn clean(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

/// The most failed operations that are told.
const OPERATIONS_MAX: usize = 1000;

#[cfg(test)]
mod tests;
