//! `text_rules`: steps that are chosen by a text.

use std::sync::Arc;

use super::alert::{page, templates};
use super::desk::Desk;
use super::field::Fields;
use super::key::{ROW, TEXT_ROW, TEXT_RULE};
use super::raw::Node;
use super::row::{Ground, rows, told};
use super::word::Word;
use crate::condition::{Condition, Known, Place};
use crate::plan::{Alert, Row, TextRule};
use crate::template::{Reach, Template};

/// A rule, and where its name stands.
#[derive(Debug)]
pub(super) struct TextDraft {
    pub(super) name: Word,
    pub(super) rule: Arc<TextRule>,
}

/// None where it has no name; why is on the desk.
pub(super) fn read(node: &Node, desk: &mut Desk) -> Option<TextDraft> {
    let fields = Fields::of(node, &TEXT_RULE, desk);
    let name = fields.required_word("name", desk);
    let runbook = fields.get("runbook").and_then(|it| page(it, desk));
    let known = Known::default();
    let ground = |section| Ground {
        of: "the rule",
        section,
        place: Place::Text,
        known: &known,
        runbook: runbook.as_ref(),
        has_runbook: fields.get("runbook").is_some(),
    };
    let labels = templates(&fields, "labels", &known, Reach::Text, desk);
    let annotations = templates(&fields, "annotations", &known, Reach::Text, desk);
    let before = rows(&fields, "before", &ground(&ROW), desk, |row, _, _| row);
    fields.required("steps", desk);
    let text_row = |row, fields: &Fields<'_>, desk: &mut Desk| told(row, fields, &known, Reach::Text, desk);
    let steps = rows(&fields, "steps", &ground(&TEXT_ROW), desk, text_row);
    let escalate = rows(&fields, "escalate", &ground(&TEXT_ROW), desk, text_row);
    let name = name?;
    let rule = TextRule { name: Arc::clone(&name.text), labels, annotations, before, steps, escalate };
    Some(TextDraft { name, rule: Arc::new(rule) })
}

/// An alert goes on with the rows of a rule where its own end; its text is its target's body. What the
/// rule names in a text are annotations of the alert: they change with the body, and a label must not.
pub(super) fn extend(alert: &mut Alert, rule: &TextRule) {
    alert.text_rule = Some(Arc::clone(&rule.name));
    alert.before.extend(rule.before.iter().map(for_alert));
    alert.steps.extend(rule.steps.iter().map(for_alert));
    alert.escalate.extend(rule.escalate.iter().map(for_alert));
    let named = rule.labels.iter().chain(&rule.annotations);
    alert.found.extend(named.map(|(name, it)| (Arc::clone(name), template_again(it))));
}

fn for_alert(row: &Row) -> Row {
    Row {
        when: row.when.as_ref().map(again),
        page: row.page.clone(),
        anchor: row.anchor.clone(),
        also: row.also.clone(),
        call: row.call.as_ref().map(template_again),
        note: row.note.clone(),
    }
}

fn again(condition: &Condition) -> Condition {
    let compiled = Condition::compile(condition.source(), &Known::default());
    let compiled = compiled.expect("an alert can say all that a rule over texts can");
    match condition.written() {
        Some(written) => compiled.written_at(written.place.clone()),
        None => compiled,
    }
}

fn template_again(template: &Template) -> Template {
    let compiled = Template::compile(template.source(), &Known::default(), Reach::Everything);
    compiled.expect("an alert can say all that a rule over texts can")
}
