//! What a cause means, and which rows of the drop-ins name it.

use std::fmt::Write as _;

use serde_json::json;

use crate::cause::{CAUSES, CauseDoc};
use crate::condition::Condition;
use crate::plan::{Plan, Row};
use crate::runbook::Runbook;

use super::super::Format;

/// The cause of that name.
///
/// # Errors
/// There is none: what to say, with the name that may have been meant.
pub(super) fn find(name: &str) -> Result<&'static CauseDoc, String> {
    if let Some(doc) = CAUSES.iter().find(|it| it.name == name) {
        return Ok(doc);
    }
    let distance = |it: &&CauseDoc| strsim::osa_distance(&name.to_lowercase(), it.name);
    let nearest = CAUSES.iter().min_by_key(distance).expect("there are causes");
    let name: String = name.chars().take(NAME_CHARS_MAX).filter(|it| !it.is_control()).collect();
    Err(format!("there is no cause `{name}`; did you mean `{}`?", nearest.name))
}

/// The list of all causes.
pub(super) fn all(format: Format) -> String {
    match format {
        Format::Text => {
            let width = CAUSES.iter().map(|it| it.name.len()).max().unwrap_or(0);
            let mut told = String::new();
            for it in CAUSES {
                let _infallible = writeln!(told, "{:width$}  {}", it.name, it.meaning);
            }
            told
        }
        Format::Json => pretty(&CAUSES.iter().map(value).collect()),
    }
}

/// What the cause means, and the rows that name it.
pub(super) fn told(doc: &CauseDoc, plan: &Plan, runbook: &Runbook, format: Format) -> String {
    let named = rows(doc.name, plan, runbook);
    match format {
        Format::Text => {
            let mut told =
                format!("{}: {}\nphase: {}\nhint: {}\n", doc.name, doc.meaning, doc.phase.name(), doc.hint);
            if named.is_empty() {
                told.push_str("\nno row of the drop-ins names it: rows for all other causes apply\n");
            }
            for it in &named {
                let _infallible =
                    write!(told, "\n{} ({})\n  when {}\n  {}\n", it.alert, it.place, it.when, it.url);
            }
            told
        }
        Format::Json => {
            let rows: serde_json::Value = named
                .iter()
                .map(|it| json!({ "alert": it.alert, "place": it.place, "when": it.when, "url": it.url }))
                .collect();
            let mut value = value(doc);
            value["rows"] = rows;
            pretty(&value)
        }
    }
}

/// A condition of a drop-in that names a cause.
struct Named<'a> {
    alert: &'a str,
    /// The key under which it stands.
    place: &'static str,
    when: String,
    url: String,
}

fn rows<'a>(cause: &str, plan: &'a Plan, runbook: &Runbook) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    for alert in &plan.alerts {
        let mut note = |place: &'static str, when: &Condition, url: String| {
            if when.names(cause) {
                let when = when.source().split_whitespace().collect::<Vec<_>>().join(" ");
                found.push(Named { alert: &alert.name, place, when, url });
            }
        };
        let of_row = |it: &Row| runbook.url(&it.page, it.anchor.as_deref());
        let page = alert.runbook.as_ref().map(|it| runbook.url(it, None)).unwrap_or_default();
        note("when", &alert.when, page);
        for (place, rows) in [("before", &alert.before), ("steps", &alert.steps)] {
            for row in rows {
                if let Some(when) = &row.when {
                    note(place, when, of_row(row));
                }
            }
        }
    }
    found
}

fn value(doc: &CauseDoc) -> serde_json::Value {
    json!({ "cause": doc.name, "phase": doc.phase.name(), "meaning": doc.meaning, "hint": doc.hint })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}")
}

const NAME_CHARS_MAX: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_cause_is_told_with_the_nearest_one() {
        assert_eq!(find("connect_refused").map(|it| it.name), Ok("connect_refused"));
        let told = find("Conect_refused").unwrap_err();
        assert!(told.ends_with("did you mean `connect_refused`?"), "{told}");
    }

    #[test]
    fn every_cause_is_listed_and_explained() {
        let all = all(Format::Text);
        for doc in CAUSES {
            assert!(all.contains(doc.name) && all.contains(doc.meaning));
            let told = told(doc, &Plan::default(), &Runbook::default(), Format::Text);
            assert!(told.contains(doc.meaning) && told.contains(doc.hint) && told.contains("no row"));
        }
    }
}
