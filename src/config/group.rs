//! `group_by`, `join` and `members`: an alert that fires once for a group of targets, and
//! `ignore_when`, which leaves targets out.

use std::sync::Arc;

use super::alert::{condition, template};
use super::complaint::listed;
use super::desk::Desk;
use super::field::Fields;
use super::key::{JOIN, MEMBERS, SCOPE};
use super::word::{self, Word};
use crate::condition::{Condition, Known, Order, Place, Subject};
use crate::plan::{Grouping, Join, Members};
use crate::template::{Reach, Template};

/// What an alert says of its group.
#[derive(Debug, Default)]
pub(super) struct GroupDraft {
    /// None where it fires for each target.
    pub(super) grouping: Option<Grouping>,
    /// The probes that its members have partners of.
    pub(super) probes: Vec<Word>,
}

/// Reads what is said of a group, and tells the conditions of the alert whom they are about.
pub(super) fn read(fields: &Fields<'_>, known: &mut Known, desk: &mut Desk) -> GroupDraft {
    let Some(_) = fields.get("group_by") else {
        for name in ["join", "members"] {
            if let Some(span) = fields.key_span(name) {
                let title = format!("`{name}` is for an alert that fires for groups");
                desk.error(span, title, "write `group_by:` and the labels that make a group");
            }
        }
        return GroupDraft::default();
    };
    let by = fields.labels("group_by", desk);
    known.subject = Subject::Group(by.iter().map(ToString::to_string).collect());
    let (joins, probes) = joins(fields, known, desk);
    let grouping = Grouping { by, joins, others: Vec::new(), members: members(fields, known, desk) };
    refuse_foreign_scopes(fields, &grouping.by, desk);
    if let Some(span) = fields.key_span("checks") {
        let help = "put them into an alert of the same probe without `group_by`";
        desk.error(span, "a check asks about one target, and this alert is about groups", help);
    }
    if let Some(span) = fields.key_span("text_rules") {
        let help = "put them into an alert of the same probe without `group_by`";
        desk.error(
            span,
            "rules over texts read the body of one target, and this alert is about groups",
            help,
        );
    }
    GroupDraft { grouping: Some(grouping), probes }
}

impl GroupDraft {
    /// Its conditions ask for the targets of these probes.
    pub(super) fn ask(&mut self, probes: Vec<Word>) {
        let Some(grouping) = &mut self.grouping else { return };
        for probe in probes {
            if grouping.others.iter().all(|it| it.probe != probe.text) {
                // No join has such a name: it is no word.
                let name = format!("members({})", probe.text).into();
                let link = Join { name, probe: Arc::clone(&probe.text), on: grouping.by.clone() };
                grouping.others.push(link);
            }
            self.probes.push(probe);
        }
    }
}

/// Which targets do not count.
pub(super) fn ignore_when(fields: &Fields<'_>, desk: &mut Desk) -> Option<Condition> {
    condition(fields.get("ignore_when")?, Place::Scope, &Known::default(), desk)
}

fn joins(fields: &Fields<'_>, known: &mut Known, desk: &mut Desk) -> (Vec<Join>, Vec<Word>) {
    let (mut joins, mut probes) = (Vec::new(), Vec::new());
    for entry in fields.map("join", desk) {
        if !word::check_identifier(&entry.key, &entry.key_span, desk) {
            continue;
        }
        known.joins.push(entry.key.to_string());
        let join = Fields::of(&entry.node, &JOIN, desk);
        let on = join.required("on", desk).map(|_| join.labels("on", desk));
        let (Some(probe), Some(on)) = (join.required_word("probe", desk), on) else { continue };
        joins.push(Join { name: Arc::clone(&entry.key), probe: Arc::clone(&probe.text), on });
        probes.push(probe);
    }
    (joins, probes)
}

fn members(fields: &Fields<'_>, known: &Known, desk: &mut Desk) -> Members {
    // Of one member is seen what every target has, and its partners.
    let known = Known { joins: known.joins.clone(), ..Known::default() };
    let show = Template::compile(SHOW, &known, Reach::Member).expect("the line of a member is a template");
    let mut members = Members { order_by: Vec::new(), show, first: FIRST };
    let Some(node) = fields.get("members") else { return members };
    let fields = Fields::of(node, &MEMBERS, desk);
    for node in fields.list("order_by", desk) {
        let Some(source) = word::text(node, desk) else { continue };
        let order = Order::compile(source, &known).map_err(|mistakes| desk.mistakes(node, mistakes));
        members.order_by.extend(order);
    }
    if let Some(show) = fields.get("show").and_then(|it| template(it, &known, Reach::Member, desk)) {
        members.show = show;
    }
    let first = fields.get("first").and_then(|it| word::number(it, &(1..=FIRST_MAX), desk));
    members.first = first.and_then(|it| usize::try_from(it).ok()).unwrap_or(FIRST);
    members
}

/// A scope of an alert of groups holds whole groups: else nobody could say whose tally is meant.
fn refuse_foreign_scopes(fields: &Fields<'_>, by: &[Arc<str>], desk: &mut Desk) {
    // The scope itself complains of what is no label.
    let mut quiet = Desk::new(Arc::from(""), Arc::from(""));
    for entry in fields.map("scopes", &mut quiet) {
        let scope = Fields::of(&entry.node, &SCOPE, &mut quiet);
        for node in scope.list("by", &mut quiet) {
            let Some(label) = word::label_name(node, &mut quiet).filter(|it| !by.contains(it)) else {
                continue;
            };
            let help = if by.is_empty() {
                "leave `by` out, so that it counts all targets of the probe".to_owned()
            } else {
                format!(
                    "count by {} or a part of it, or add `{label}` to `group_by`",
                    listed(by.iter().map(|it| &**it))
                )
            };
            desk.error(&node.span, format!("the members of a group may differ in `{label}`"), help);
        }
    }
}

/// A line of evidence where the drop-in asks for none.
const SHOW: &str = "{{ target.instance }}: {{ target.unknown ? 'we cannot tell' : target.failing ? target.cause : 'answers' }}\
     {{ target.status > 0 ? ', status ' + string(target.status) : '' }}";
/// How many members are told.
const FIRST: usize = 10;
const FIRST_MAX: u64 = 100;
