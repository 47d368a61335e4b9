//! What came out, held against what was expected; a miss is told side by side.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::engine::{AlertState, AlertStatus};
use crate::runbook::PageRef;

use super::written::{Expect, OWN_ALERTS, WrittenAlert, labels};

/// At one time, in one state: what was expected, and what was there instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Miss {
    /// When, from the case's beginning.
    pub at: Duration,
    /// `firing`, `pending` or `advice`.
    pub state: &'static str,
    /// A line for each thing that was expected.
    pub expected: Vec<String>,
    /// A line for each thing that was there.
    pub got: Vec<String>,
}

/// Two columns: expected, got.
impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "at {}, {}:", humantime::format_duration(self.at), self.state)?;
        let width = self.expected.iter().map(|it| it.chars().count()).chain([EXPECTED.len()]).max();
        let width = width.expect("there is always the heading");
        writeln!(f, "  {EXPECTED:width$} | got")?;
        for at in 0..self.expected.len().max(self.got.len()) {
            let left = self.expected.get(at).map_or("", String::as_str);
            let right = self.got.get(at).map_or("", String::as_str);
            writeln!(f, "{}", format!("  {left:width$} | {right}").trim_end())?;
        }
        Ok(())
    }
}

pub(super) fn compare(expect: &Expect, alerts: &[AlertStatus]) -> Vec<Miss> {
    let miss = |wanted: &[WrittenAlert], name: &'static str, state: AlertState| {
        let there = alerts.iter().filter(|it| it.state == state);
        let there: Vec<_> = there.filter(|it| matters(it.notification.name(), wanted)).collect();
        let matched = there.len() == wanted.len() && pairs_up(wanted, &there);
        (!matched).then(|| Miss {
            at: expect.at,
            state: name,
            expected: or_nothing(wanted.iter().flat_map(told_wanted).collect()),
            got: or_nothing(there.iter().flat_map(|it| told(it, wanted)).collect()),
        })
    };
    let firing = miss(&expect.firing, "firing", AlertState::Firing);
    let pending = expect.pending.as_ref().and_then(|it| miss(it, "pending", AlertState::Pending));
    firing.into_iter().chain(pending).collect()
}

fn or_nothing(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["nothing".to_owned()] } else { lines }
}

/// Alerts about the prober itself are looked at only where they are named.
fn matters(name: &str, wanted: &[WrittenAlert]) -> bool {
    !OWN_ALERTS.contains(&name) || wanted.iter().any(|it| it.alert.text == name)
}

/// Whether each wanted alert has one of its own that is as wanted (augmenting paths: which of two
/// vague wishes takes which alert must not matter).
fn pairs_up(wanted: &[WrittenAlert], there: &[&AlertStatus]) -> bool {
    fn place(
        at: usize,
        wanted: &[WrittenAlert],
        there: &[&AlertStatus],
        taken: &mut [Option<usize>],
        tried: &mut [bool],
    ) -> bool {
        for other in 0..there.len() {
            if tried[other] || !is_as_wanted(&wanted[at], there[other]) {
                continue;
            }
            tried[other] = true;
            if taken[other].is_none_or(|before| place(before, wanted, there, taken, tried)) {
                taken[other] = Some(at);
                return true;
            }
        }
        false
    }
    let mut taken = vec![None; there.len()];
    (0..wanted.len()).all(|at| place(at, wanted, there, &mut taken, &mut vec![false; there.len()]))
}

fn is_as_wanted(wanted: &WrittenAlert, there: &AlertStatus) -> bool {
    let notification = &there.notification;
    let wanted_labels = labels(&wanted.labels);
    notification.name() == wanted.alert.text
        && notification.labels.has_all(wanted_labels.iter())
        && wanted.annotations.iter().all(|(name, value)| annotation(there, name) == value)
        && wanted.page.as_ref().is_none_or(|page| page_of(there) == normal(page))
        && wanted.step.as_ref().is_none_or(|step| step_of(there) == step)
}

fn annotation<'a>(there: &'a AlertStatus, name: &str) -> &'a str {
    there.notification.annotations.get(name).map_or("", String::as_str)
}

fn page_of(there: &AlertStatus) -> String {
    there.step.as_ref().map(|it| normal(&it.page.to_string())).unwrap_or_default()
}

fn step_of(there: &AlertStatus) -> &str {
    there.step.as_ref().and_then(|it| it.anchor.as_deref()).unwrap_or_default()
}

/// A page's name the way the runbook has it; as written where it is none.
pub(super) fn normal(page: &str) -> String {
    PageRef::parse(page).map_or_else(|_| page.to_owned(), |it| it.to_string())
}

fn told_wanted(wanted: &WrittenAlert) -> Vec<String> {
    let mut lines = vec![wanted.alert.text.clone()];
    lines.extend(wanted.labels.iter().map(|(name, value)| format!("  {name}: {value}")));
    lines.extend(wanted.page.iter().map(|it| format!("  page: {it}")));
    lines.extend(wanted.step.iter().map(|it| format!("  step: {it}")));
    lines.extend(wanted.annotations.iter().map(|(name, value)| format!("  {name}: {value}")));
    lines
}

/// An alert in the words of the wishes: the labels and annotations that any of them names.
fn told(there: &AlertStatus, wanted: &[WrittenAlert]) -> Vec<String> {
    let notification = &there.notification;
    let mut lines = vec![notification.name().to_owned()];
    let named = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it.labels.contains_key(name));
    let labels = notification.labels.iter().filter(|(name, _)| *name != "alertname" && named(name));
    lines.extend(labels.map(|(name, value)| format!("  {name}: {value}")));
    lines.push(format!("  page: {}", page_of(there)));
    lines.push(format!("  step: {}", step_of(there)));
    let asked: BTreeSet<_> = wanted.iter().flat_map(|it| it.annotations.keys()).collect();
    lines.extend(asked.into_iter().map(|name| format!("  {name}: {}", annotation(there, name))));
    lines
}

const EXPECTED: &str = "expected";
