//! What is told of a text: where it points, what was found in it, how the service endpoints stand.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;

use crate::advice::{Advice, counsel};
use crate::plan::{Row, TextRow, TextRule};
use crate::runbook::Runbook;
use crate::text::{MagicBox, TEXT_BYTES_MAX, Text};

/// All that is told of one text.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    way: Option<Way>,
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

/// Where to go.
#[derive(Debug, Serialize)]
struct Way {
    rule: String,
    title: String,
    url: String,
    before: Vec<String>,
    also: Vec<String>,
    note: Option<String>,
    call: Option<String>,
    escalate: Option<Escalation>,
}

/// Where to turn when that does not help.
#[derive(Debug, Serialize)]
struct Escalation {
    title: String,
    url: String,
    call: Option<String>,
}

/// A region's service endpoints, in the order in which to look at them.
#[derive(Debug, Serialize)]
struct Region {
    #[serde(rename = "region")]
    name: String,
    #[serde(flatten)]
    way: Option<Way>,
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
    pub(super) fn new(text: &Arc<Text>, rules: &[Arc<TextRule>], runbook: &Runbook, now: SystemTime) -> Self {
        let counsel = counsel(rules, text, now);
        let endpoints = text.endpoints();
        let region = |name: &str| Region {
            name: name.to_owned(),
            way: counsel.regions.iter().find(|(it, _)| it == name).map(|(_, it)| Way::new(it, runbook)),
            zones: endpoints.of(name).into_iter().map(Zone::new).collect(),
        };
        let regions = endpoints.regions().into_iter().map(region).collect();
        let in_order: Vec<_> =
            text.fields().iter().map(|(field, value)| (field.name(), clean(value))).collect();
        let flaw = |it: &crate::text::Flaw| clean(&format!("line {}: {}", it.line, it.message));
        Self {
            way: counsel.whole.as_ref().map(|it| Way::new(it, runbook)),
            fields: in_order.iter().cloned().collect(),
            in_order,
            regions,
            flaws: endpoints.flaws.iter().map(flaw).collect(),
            cut: text.is_cut(),
            failures: counsel.failures.into_iter().map(|it| it.message).collect(),
        }
    }

    /// Whether any rule knew the text.
    pub(super) fn points(&self) -> bool {
        self.way.is_some() || self.regions.iter().any(|it| it.way.is_some())
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(way) = &self.way {
            write!(f, "{way}")?;
        } else if !self.points() {
            writeln!(f, "no rule of the drop-ins knows this text")?;
        }
        if !self.in_order.is_empty() {
            writeln!(f)?;
        }
        for (name, value) in &self.in_order {
            writeln!(f, "{name}: {value}")?;
        }
        for region in &self.regions {
            write!(f, "\n{region}")?;
        }
        for flaw in &self.flaws {
            writeln!(f, "\n{flaw}")?;
        }
        if self.cut {
            writeln!(f, "\nthe text is longer: only its first {} MiB were read", TEXT_BYTES_MAX >> 20)?;
        }
        Ok(())
    }
}

impl Way {
    fn new(advice: &Advice<'_>, runbook: &Runbook) -> Self {
        let url = |it: &Row| runbook.url(&it.page, it.anchor.as_deref());
        let title = |it: &TextRow| runbook.step(&it.row.page, it.row.anchor.as_deref()).title;
        let step = advice.step;
        let rows = advice.before.iter().copied().chain([&step.row]);
        let further = rows.flat_map(|it| &it.also);
        Self {
            rule: advice.rule.name.to_string(),
            title: title(step),
            url: url(&step.row),
            before: advice.before.iter().map(|it| url(it)).collect(),
            also: further.map(|it| runbook.url(&it.page, it.anchor.as_deref())).collect(),
            note: step.note.as_deref().map(str::to_owned),
            call: advice.call.as_deref().map(clean),
            escalate: advice.escalate.as_ref().map(|(row, call)| Escalation {
                title: title(row),
                url: url(&row.row),
                call: call.as_deref().map(clean),
            }),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for before in &self.before {
            writeln!(f, "first: {before}")?;
        }
        writeln!(f, "{}\n{}", self.title, self.url)?;
        for also in &self.also {
            writeln!(f, "also: {also}")?;
        }
        if let Some(note) = &self.note {
            writeln!(f, "note: {note}")?;
        }
        if let Some(call) = &self.call {
            writeln!(f, "call: {call}")?;
        }
        if let Some(it) = &self.escalate {
            writeln!(f, "if that does not help: {}\n{}", it.title, it.url)?;
            if let Some(call) = &it.call {
                writeln!(f, "call: {call}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", clean(&self.name))?;
        if let Some(way) = &self.way {
            write!(f, "{way}")?;
        }
        let width =
            |of: fn(&Zone) -> &str| self.zones.iter().map(|it| of(it).chars().count()).max().unwrap_or(0);
        let (zone, id) = (width(|it| &it.name), width(|it| &it.magic_box));
        let (upstream, front) = (width(|it| &it.upstream), width(|it| &it.front));
        for it in &self.zones {
            writeln!(
                f,
                "{:zone$}  {:>4}  {:id$}  front {:front$}  upstream {:upstream$}  {}",
                it.name, it.state, it.magic_box, it.front, it.upstream, it.readiness
            )?;
        }
        Ok(())
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

/// A terminal obeys control characters, and the text is not ours.
fn clean(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

#[cfg(test)]
mod tests;
