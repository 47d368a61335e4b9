//! Rows of step tables: when they hold, and where they point.

use std::ops::Range;

use super::alert::{condition, template};
use super::desk::Desk;
use super::field::Fields;
use super::key::Section;
use super::raw::{Node, Value};
use super::word;
use crate::condition::{Known, Place};
use crate::plan::Row;
use crate::runbook::{Link, PageRef, PageRefError};
use crate::template::Reach;

/// What rows stand on.
pub(super) struct Ground<'a> {
    /// Whose they are: `the alert`.
    pub(super) of: &'static str,
    /// The keys that a row may have.
    pub(super) section: &'static Section,
    /// What their conditions may say.
    pub(super) place: Place,
    /// The names that the alert around them declares.
    pub(super) known: &'a Known,
    /// The page of their steps, where it could be read.
    pub(super) runbook: Option<&'a PageRef>,
    /// Whether any page is named.
    pub(super) has_runbook: bool,
}

/// The rows under a key; `rest` reads what they have besides.
pub(super) fn rows<'n, T>(
    fields: &Fields<'n>,
    key: &str,
    ground: &Ground<'_>,
    desk: &mut Desk,
    rest: impl Fn(Row, &Fields<'n>, &mut Desk) -> T,
) -> Vec<T> {
    let mut rows = Vec::new();
    let mut always: Option<Range<usize>> = None;
    let mut earlier: Vec<(&str, Range<usize>)> = Vec::new();
    for node in fields.list(key, desk) {
        let row = Fields::of(node, ground.section, desk);
        if let Some(always) = always.as_ref().filter(|_| key != "before") {
            let line = desk.place(always).line();
            let help = format!("the row in line {line} always holds: put it last");
            desk.warning(&row.span, "this row is never chosen", help);
        }
        let said = row.get("when").map(spoken);
        if matches!(said, None | Some("true")) {
            always.get_or_insert_with(|| row.span.clone());
        } else if let Some(said) = said.filter(|it| !it.is_empty() && key != "before" && always.is_none()) {
            match earlier.iter().find(|(other, _)| *other == said) {
                None => earlier.push((said, row.span.clone())),
                Some((_, first)) => {
                    let line = desk.place(first).line();
                    let help = format!("the row in line {line} asks the same and stands before it");
                    desk.warning(&row.span, "this row is never chosen", help);
                }
            }
        }
        let when = row.get("when").map(|it| condition(it, ground.place, ground.known, desk));
        let link = link(&row, ground, desk);
        // A row without its condition would always hold.
        let when = match when {
            None => None,
            Some(None) => continue,
            Some(when) => when,
        };
        let also = also(&row, desk);
        let Some(link) = link else { continue };
        let found =
            Row { when, page: link.page, anchor: link.anchor.map(Into::into), also, call: None, note: None };
        rows.push(rest(found, &row, desk));
    }
    rows
}

/// What a condition says, as it is written; empty where it is no text.
fn spoken(node: &Node) -> &str {
    match &node.value {
        Value::Scalar(it) => it.text.trim(),
        Value::Null | Value::List(_) | Value::Map(_) => "",
    }
}

/// The row with what is said to the person who goes there.
pub(super) fn told(row: Row, fields: &Fields<'_>, known: &Known, reach: Reach, desk: &mut Desk) -> Row {
    let call = fields.get("call").and_then(|it| template(it, known, reach, desk));
    let note = fields.text("note", desk).map(|it| it.trim().into());
    Row { call, note, ..row }
}

fn also(row: &Fields<'_>, desk: &mut Desk) -> Vec<Link> {
    let mut pages = Vec::new();
    for node in row.list("also", desk) {
        let link = word::text(node, desk).map(Link::parse);
        pages.extend(link.and_then(|it| named(node, it, desk)));
    }
    pages
}

fn link(row: &Fields<'_>, ground: &Ground<'_>, desk: &mut Desk) -> Option<Link> {
    let (node, parsed) = match (row.get("page"), row.get("step")) {
        (None, None) => {
            desk.error(&row.span, "this row points nowhere", POINTS);
            return None;
        }
        (Some(_), Some(step)) => {
            let span = row.key_span("step").unwrap_or(&step.span);
            desk.error(
                span,
                "a row points to a `page` or to a `step`",
                "write `page: /path.html#anchor` for both",
            );
            return None;
        }
        (Some(page), None) => (page, Link::parse(word::text(page, desk)?)),
        (None, Some(step)) => {
            let anchor = word::text(step, desk)?;
            if !ground.has_runbook {
                let span = row.key_span("step").unwrap_or(&step.span);
                let help =
                    format!("write `runbook:` and the page's path in {}, or `page:` in the row", ground.of);
                desk.error(
                    span,
                    format!("{} has no `runbook` that this step could stand on", ground.of),
                    help,
                );
            }
            (step, Link::on(ground.runbook?, anchor))
        }
    };
    named(node, parsed, desk)
}

/// The place in a runbook that a node names; whether it is there is proved later.
fn named(node: &Node, parsed: Result<Link, PageRefError>, desk: &mut Desk) -> Option<Link> {
    match parsed {
        Ok(link) => {
            desk.names_page(&node.span, link.page.clone(), link.anchor.as_deref());
            Some(link)
        }
        Err(why) => {
            desk.error(&node.span, format!("this names no place in a runbook: {why}"), POINTS);
            None
        }
    }
}

const POINTS: &str = "write `page:` with a path, or `step:` with an anchor of the `runbook` page";
