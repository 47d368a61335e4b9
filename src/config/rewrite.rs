//! `relabel_configs`, as Prometheus checks them.

use std::ops::Range;

use regex::Regex;

use super::complaint::{listed, nearest};
use super::desk::Desk;
use super::field::Fields;
use super::key::RELABEL;
use super::raw::Node;
use super::word;
use crate::labels::is_label_name;
use crate::relabel::{Action, Rule};

/// The rules under that key; one that is wrong is left out, and why is on the desk.
pub(super) fn read(fields: &Fields<'_>, key: &str, desk: &mut Desk) -> Vec<Rule> {
    fields.list(key, desk).iter().filter_map(|it| rule(it, desk)).collect()
}

fn rule(node: &Node, desk: &mut Desk) -> Option<Rule> {
    let fields = Fields::of(node, &RELABEL, desk);
    let word = kind(&fields, desk);
    let source_labels = fields.labels("source_labels", desk).iter().map(ToString::to_string).collect();
    let separator = fields.text("separator", desk).unwrap_or(";").to_owned();
    let regex = match fields.get("regex") {
        None => anchored("(.*)").ok(),
        // The pattern as it is written first, so that its mistakes have their place.
        Some(node) => word::regex(node, desk).and_then(|it| {
            let found = anchored(it.as_str());
            found.map_err(|error| word::complain_of_regex(node, it.as_str(), &error, desk)).ok()
        }),
    };
    let action = action(word?, &fields, desk);
    Some(Rule { source_labels, separator, regex: regex?, action: action? })
}

fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("^(?s:{pattern})$"))
}

fn kind(fields: &Fields<'_>, desk: &mut Desk) -> Option<&'static str> {
    let Some(node) = fields.get("action") else { return Some("replace") };
    let written = word::text(node, desk)?;
    let found = ACTIONS.into_iter().find(|it| it.eq_ignore_ascii_case(written));
    if found.is_none() {
        let help = match nearest(written, ACTIONS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the actions are {}", listed(ACTIONS)),
        };
        desk.error(&node.span, format!("`{written}` is no action"), help);
    }
    found
}

fn action(kind: &'static str, fields: &Fields<'_>, desk: &mut Desk) -> Option<Action> {
    let replacement = fields.text("replacement", desk).unwrap_or("$1").to_owned();
    Some(match kind {
        "replace" => Action::Replace { target_label: target(kind, true, fields, desk)?, replacement },
        "lowercase" => Action::Lowercase(target(kind, false, fields, desk)?),
        "uppercase" => Action::Uppercase(target(kind, false, fields, desk)?),
        "keepequal" => Action::KeepEqual(target(kind, false, fields, desk)?),
        "dropequal" => Action::DropEqual(target(kind, false, fields, desk)?),
        "hashmod" => {
            let modulus =
                fields.required("modulus", desk).and_then(|it| word::number(it, &(1..=u64::MAX), desk));
            Action::HashMod { target_label: target(kind, false, fields, desk)?, modulus: modulus? }
        }
        "keep" => Action::Keep,
        "drop" => Action::Drop,
        "labelmap" => Action::LabelMap { replacement },
        "labeldrop" => Action::LabelDrop,
        _ => Action::LabelKeep,
    })
}

/// The label that is set; `filled` where it may say `$1`.
fn target(kind: &str, filled: bool, fields: &Fields<'_>, desk: &mut Desk) -> Option<String> {
    let Some(node) = fields.get("target_label") else {
        let span: Range<usize> = fields.get("action").map_or(&fields.span, |it| &it.span).clone();
        let title = format!("the action `{kind}` needs `target_label`");
        desk.error(&span, title, "write `target_label:` and the label that is meant");
        return None;
    };
    let name = word::text(node, desk)?;
    let without_groups = name.replace("${", "").replace(['$', '}'], "");
    if filled && name.contains('$') && is_label_name(&format!("_{without_groups}")) {
        return Some(name.to_owned());
    }
    word::check_label_name(name, &node.span, desk).then(|| name.to_owned())
}

const ACTIONS: [&str; 11] = [
    "replace",
    "keep",
    "drop",
    "keepequal",
    "dropequal",
    "hashmod",
    "labelmap",
    "labeldrop",
    "labelkeep",
    "lowercase",
    "uppercase",
];
