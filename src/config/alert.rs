//! `alerts`: when they fire, what they say, where they point.

use std::sync::Arc;
use std::time::Duration;

use super::complaint::{listed, nearest};
use super::desk::Desk;
use super::field::Fields;
use super::group::{self, GroupDraft};
use super::key::{ALERT, CHECK, INHIBITOR, ROW, SCOPE, STEP};
use super::raw::{Entry, Node};
use super::row::{Ground, rows, told};
use super::word::{self, Bounds, MONTH, Word};
use crate::condition::{Condition, Fact, Known, Mention, Place};
use crate::plan::{Alert, Check, Inhibitor, Query, Scope, Vantage};
use crate::runbook::PageRef;
use crate::template::{Reach, Template};

/// An alert whose names of other things are not looked up yet.
#[derive(Debug)]
pub(super) struct AlertDraft {
    pub(super) name: Word,
    pub(super) probe: Word,
    /// The check's name, and the module that it names.
    pub(super) check_modules: Vec<(Arc<str>, Word)>,
    pub(super) inhibitors: Vec<Word>,
    /// The rules over texts that its target's body is held against.
    pub(super) text_rules: Option<Word>,
    /// The probes that scopes name.
    pub(super) scope_probes: Vec<Word>,
    /// The probes of its joins.
    pub(super) joined: Vec<Word>,
    /// None where something in it is wrong.
    pub(super) alert: Option<Alert>,
}

/// None where it has no name or no probe; why is on the desk.
pub(super) fn read(node: &Node, desk: &mut Desk) -> Option<AlertDraft> {
    let fields = Fields::of(node, &ALERT, desk);
    let name = name(&fields, desk);
    let probe = fields.required_word("probe", desk);
    let mut known = known(&fields, desk);
    let mut group = group::read(&fields, &mut known, desk);
    let ignore_when = group::ignore_when(&fields, desk);
    known.facts = facts(&fields, &known, desk);
    let when = fields.required("when", desk).and_then(|it| condition(it, Place::Alert, &known, desk));
    let hold = fields.duration("for", &HOLD, desk).unwrap_or_default();
    let keep_firing_for = fields.duration("keep_firing_for", &HOLD, desk).unwrap_or_default();
    let labels = labels(&fields, &known, desk);
    let annotations = templates(&fields, "annotations", &known, Reach::Everything, desk);
    let mut scope_probes = Vec::new();
    let scopes = fields.map("scopes", desk).iter();
    let scopes = scopes.filter_map(|it| scope(it, &mut scope_probes, desk)).collect();
    let (checks, check_modules) = checks(&fields, &known, desk);
    let queries = queries(&fields, &known, desk);
    let (inhibited_by, inhibitors) = inhibitors(&fields, desk);
    let runbook = fields.get("runbook").and_then(|it| page(it, desk));
    let ground = |section| Ground {
        of: "the alert",
        section,
        place: Place::Alert,
        known: &known,
        runbook: runbook.as_ref(),
        has_runbook: fields.get("runbook").is_some(),
    };
    let before = rows(&fields, "before", &ground(&ROW), desk, |row, _, _| row);
    let steps = rows(&fields, "steps", &ground(&STEP), desk, |row, fields, desk| {
        told(row, fields, &known, Reach::Everything, desk)
    });
    let text_rules = fields.word("text_rules", desk);
    group.ask(desk.take_asked());
    let GroupDraft { grouping, probes: joined } = group;
    let (name, probe) = (name?, probe?);
    if steps.is_empty() && fields.list("steps", desk).is_empty() && text_rules.is_none() {
        let title = format!("the alert `{}` points nowhere", name.text);
        desk.warning(
            fields.key_span("steps").unwrap_or(&name.span),
            title,
            "write `steps:`; a last row without `when` is the way for all other cases",
        );
    }
    let alert = when.map(|when| Alert {
        name: Arc::clone(&name.text),
        probe: Arc::clone(&probe.text),
        group: grouping,
        ignore_when,
        when,
        hold,
        keep_firing_for,
        labels,
        annotations,
        scopes,
        checks,
        queries,
        inhibited_by,
        runbook,
        before,
        steps,
        escalate: Vec::new(),
        found: Vec::new(),
        text_rule: None,
    });
    Some(AlertDraft { name, probe, check_modules, inhibitors, text_rules, scope_probes, joined, alert })
}

fn name(fields: &Fields<'_>, desk: &mut Desk) -> Option<Word> {
    let name = fields.required_word("alert", desk)?;
    if name.text.contains("{{") {
        let help = "give it a fixed name; what differs between targets is a label";
        desk.error(&name.span, "the name of an alert is no template", help);
    } else if !name.text.bytes().all(is_of_a_word) {
        let near: String = name
            .text
            .chars()
            .map(|it| if it.is_ascii() && is_of_a_word(it as u8) { it } else { '_' })
            .collect();
        let help = format!("letters, digits, `_`, `-` and `:` make a name: `{near}` would be one");
        desk.error(
            &name.span,
            format!("the name of an alert is one word, and `{}` is none", name.text),
            help,
        );
    }
    if OWN_ALERTS.contains(&&*name.text) {
        let title = format!("`{}` is an alert about the prober itself", name.text);
        desk.error(&name.span, title, "take another name; it is there without a drop-in");
    }
    Some(name)
}

/// Whether a name of an alert may hold that byte.
fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':')
}

/// The names that conditions of this alert can say.
fn known(fields: &Fields<'_>, desk: &mut Desk) -> Known {
    let mut known = Known::default();
    let names = |key: &str, desk: &mut Desk| -> Vec<String> {
        let mut names = Vec::new();
        for entry in fields.get(key).map_or(&[][..], |it| word::map(it, desk)) {
            if word::check_identifier(&entry.key, &entry.key_span, desk) {
                names.push(entry.key.to_string());
            }
        }
        names
    };
    known.scopes = names("scopes", desk);
    known.checks = names("checks", desk);
    known.queries = names("queries", desk);
    // Reading them a second time would complain of them a second time: the scope itself does.
    let mut quiet = Desk::new(Arc::from(""), Arc::from(""));
    for entry in fields.map("scopes", &mut quiet) {
        let labels = Fields::of(&entry.node, &SCOPE, &mut quiet).labels("distinct", &mut quiet);
        known.distinct.extend(labels.iter().map(|label| (entry.key.to_string(), label.to_string())));
    }
    known
}

/// Named conditions, each compiled without the others. In the place of a wrong one stands one that
/// is not, so that the rows that ask it are not blamed.
fn facts(fields: &Fields<'_>, known: &Known, desk: &mut Desk) -> Vec<Fact> {
    let mut facts = Vec::new();
    for entry in fields.map("facts", desk) {
        word::check_identifier(&entry.key, &entry.key_span, desk);
        let found = condition(&entry.node, Place::Alert, known, desk);
        let stand_in = || Condition::compile("true", known).expect("`true` is a condition");
        let condition = Arc::new(found.unwrap_or_else(stand_in));
        facts.push(Fact { name: entry.key.to_string(), condition });
    }
    facts
}

pub(super) fn condition(node: &Node, place: Place, known: &Known, desk: &mut Desk) -> Option<Condition> {
    let source = word::text(node, desk)?;
    let compiled = Condition::compile_at(place, source, known);
    let condition = compiled.map_err(|mistakes| desk.mistakes(node, mistakes)).ok()?;
    let condition = condition.written_at(desk.place(&node.span).to_string());
    mention(node, condition.needs().alerts.iter(), desk);
    for it in &condition.needs().probes {
        let span = desk.inside(node, &it.span);
        desk.asks(Word { text: it.name.as_str().into(), span });
    }
    Some(condition)
}

/// Alerts that an expression asks about are looked up when all files are read.
fn mention<'a>(node: &Node, alerts: impl Iterator<Item = &'a Mention>, desk: &mut Desk) {
    for it in alerts {
        let span = desk.inside(node, &it.span);
        desk.mentions(Word { text: it.name.as_str().into(), span });
    }
}

pub(super) fn template(node: &Node, known: &Known, reach: Reach, desk: &mut Desk) -> Option<Template> {
    let source = if node.is_null() { "" } else { word::text(node, desk)? };
    let compiled = Template::compile(source, known, reach);
    let template = compiled.map_err(|mistakes| desk.mistakes(node, mistakes)).ok()?;
    let template = template.written_at(desk.place(&node.span).to_string());
    mention(node, template.alerts().collect::<Vec<_>>().iter(), desk);
    for it in template.needs().flat_map(|it| &it.probes) {
        desk.asks(Word { text: it.name.as_str().into(), span: node.span.clone() });
    }
    Some(template)
}

fn labels(fields: &Fields<'_>, known: &Known, desk: &mut Desk) -> Vec<(Arc<str>, Template)> {
    for entry in fields.get("labels").map_or(&[][..], |it| word::map(it, desk)) {
        if &*entry.key == "alertname" {
            desk.error(
                &entry.key_span,
                "`alertname` is no label to set",
                "the name behind `alert:` is the alert's name",
            );
        } else if entry.key.starts_with("__") {
            let help = "take the underscores away: such labels are left out of alerts";
            desk.error(&entry.key_span, format!("`{}` would be a label that nobody sees", entry.key), help);
        }
    }
    templates(fields, "labels", known, Reach::LabelsOnly, desk)
}

pub(super) fn templates(
    fields: &Fields<'_>,
    key: &str,
    known: &Known,
    reach: Reach,
    desk: &mut Desk,
) -> Vec<(Arc<str>, Template)> {
    let mut found = Vec::new();
    for entry in fields.map(key, desk) {
        let sound = word::check_label_name(&entry.key, &entry.key_span, desk);
        let template = template(&entry.node, known, reach, desk);
        found.extend(template.filter(|_| sound).map(|it| (Arc::clone(&entry.key), it)));
    }
    found
}

fn scope(entry: &Entry, probes: &mut Vec<Word>, desk: &mut Desk) -> Option<Scope> {
    let fields = Fields::of(&entry.node, &SCOPE, desk);
    let probe = fields.word("probe", desk);
    probes.extend(probe.clone());
    let failing_when = fields.get("failing_when");
    let condition = failing_when.and_then(|it| condition(it, Place::Scope, &Known::default(), desk));
    let scope = Scope {
        name: Arc::clone(&entry.key),
        probe: probe.map(|it| it.text),
        by: fields.labels("by", desk),
        distinct: fields.labels("distinct", desk),
        failing_when: condition,
    };
    // Without its condition it would count others than are meant.
    (failing_when.is_some() == scope.failing_when.is_some()).then_some(scope)
}

fn checks(fields: &Fields<'_>, known: &Known, desk: &mut Desk) -> (Vec<Check>, Vec<(Arc<str>, Word)>) {
    let (mut checks, mut modules) = (Vec::new(), Vec::new());
    for entry in fields.map("checks", desk) {
        let check = Fields::of(&entry.node, &CHECK, desk);
        let per = check.word("per", desk);
        if let Some(per) = per.as_ref().filter(|it| !known.scopes.iter().any(|scope| **scope == *it.text)) {
            let scopes = known.scopes.iter().map(String::as_str);
            let help = match nearest(&per.text, scopes.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.scopes.is_empty() => format!("add `scopes: {{ {}: {{ by: […] }} }}`", per.text),
                None => format!("the alert's scopes are {}", listed(scopes)),
            };
            desk.error(&per.span, format!("the alert has no scope `{}`", per.text), help);
        }
        let via = match check.get("via") {
            None => Vantage::Here,
            Some(node) if word::is_empty(node) => Vantage::Unnamed,
            Some(node) => word::url(node, desk).map_or(Vantage::Unnamed, Vantage::At),
        };
        let when = check.get("when").and_then(|it| condition(it, Place::Check, known, desk));
        let Some(module) = check.required_word("module", desk) else { continue };
        let (name, per) = (Arc::clone(&entry.key), per.map(|it| it.text));
        checks.push(Check { name, module: Arc::clone(&module.text), per, via, when });
        modules.push((Arc::clone(&entry.key), module));
    }
    (checks, modules)
}

fn queries(fields: &Fields<'_>, known: &Known, desk: &mut Desk) -> Vec<Query> {
    let mut found = Vec::new();
    for entry in fields.map("queries", desk) {
        if entry.node.is_null() {
            let title = format!("the query `{}` asks nothing", entry.key);
            desk.error(&entry.key_span, title, "write PromQL behind it, between quotes");
            continue;
        }
        let promql = template(&entry.node, known, Reach::LabelsOnly, desk);
        found.extend(promql.map(|promql| Query { name: Arc::clone(&entry.key), promql }));
    }
    found
}

fn inhibitors(fields: &Fields<'_>, desk: &mut Desk) -> (Vec<Inhibitor>, Vec<Word>) {
    let (mut inhibitors, mut words) = (Vec::new(), Vec::new());
    for node in fields.list("inhibited_by", desk) {
        let entry = Fields::of(node, &INHIBITOR, desk);
        let equal = entry.labels("equal", desk);
        let Some(word) = entry.required_word("alert", desk) else { continue };
        inhibitors.push(Inhibitor { alert: Arc::clone(&word.text), equal });
        words.push(word);
    }
    (inhibitors, words)
}

pub(super) fn page(node: &Node, desk: &mut Desk) -> Option<PageRef> {
    let written = word::text(node, desk)?;
    match PageRef::parse(written) {
        Ok(page) => {
            desk.names_page(&node.span, page.clone(), None);
            Some(page)
        }
        Err(why) => {
            let help =
                "write its path on the runbook site, as `/armada/page.html`; anchors stand behind `step:`";
            desk.error(&node.span, format!("this names no page: {why}"), help);
            None
        }
    }
}

/// Alerts that are there without a drop-in; others may be held back by them.
pub(super) const OWN_ALERTS: [&str; 6] = [
    "Watchdog",
    "ProberIsolated",
    "ProbeStale",
    "ProbeFileInvalid",
    "RunbookAnchorMissing",
    "ProberStateNotSaved",
];
const HOLD: Bounds = Bounds::new(Duration::from_millis(1), MONTH).or_zero();
