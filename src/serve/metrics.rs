//! `/metrics`, in the text format 0.0.4, written from a snapshot straight into one string.
//!
//! A target has its own labels, `instance` among them, and `probe`. Where a target has a label that
//! the family needs for itself, the target's is called `exported_…`, as Prometheus does it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use super::family::Family;
use super::own::OwnMetrics;
use crate::engine::{AlertState, Snapshot, TargetStatus};
use crate::labels::{escape, is_label_name};

mod conversation;
mod dns;
mod alone;
mod engine;
mod grpc;
mod http;
mod icmp;
mod query;
mod reading;
mod target;
mod tls;
mod websocket;

pub(super) use alone::render as render_alone;
pub(super) use engine::OF_ENGINE;
use reading::{Reading, TargetRow};

/// The families of targets, in the order of the page: one table for each kind of fact.
const OF_TARGETS: [&[TargetRow]; 9] = [
    target::ROWS,
    query::ROWS,
    http::ROWS,
    conversation::ROWS,
    grpc::ROWS,
    websocket::ROWS,
    tls::ROWS,
    dns::ROWS,
    icmp::ROWS,
];

pub(super) fn of_targets() -> impl Iterator<Item = &'static TargetRow> {
    OF_TARGETS.into_iter().flatten()
}

/// The `Content-Type` of what [`render`] writes.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes the whole page.
pub fn render(snapshot: &Snapshot, own: &OwnMetrics) -> String {
    let (series, doubles) = series_of(&snapshot.targets);
    let bytes: usize = series.iter().map(|it| SAMPLES * (it.labels.len() + SAMPLE_BYTES)).sum();
    let mut sheet = Sheet { text: String::with_capacity(bytes + OTHER_BYTES) };
    for row in of_targets() {
        sheet.begin(&row.family);
        for it in &series {
            (row.samples)(
                &Reading::of(it.status),
                &mut Samples { sheet: &mut sheet, family: &row.family, series: Some(it) },
            );
        }
    }
    for row in OF_ENGINE {
        sheet.begin(&row.family);
        for (values, value) in (row.samples)(snapshot, doubles) {
            debug_assert_eq!(row.family.labels.len(), values.len());
            sheet.sample(&row.family, "", row.family.labels.iter().zip(&values), value);
        }
    }
    own.render(&mut sheet.text);
    sheet.text
}

/// A family of the engine, and how its samples are found in the snapshot (and in the number of
/// targets that were left out): the values of its labels, and its own.
pub(super) struct EngineRow {
    pub(super) family: Family,
    samples: fn(&Snapshot, u64) -> BTreeMap<Vec<&str>, f64>,
}

/// A target with its labels as they stand between the braces.
struct Series<'a> {
    status: &'a TargetStatus,
    labels: String,
}

/// The targets that have something to show. Where two of a probe have the same labels, only the
/// first is shown, because Prometheus would take neither; how many were left out comes second.
fn series_of(targets: &[TargetStatus]) -> (Vec<Series<'_>>, u64) {
    let mut known = HashSet::with_capacity(targets.len());
    let mut series = Vec::with_capacity(targets.len());
    let mut doubles = 0;
    for status in targets {
        let labels = labels_of(status, &[]);
        if known.insert(labels.clone()) {
            series.push(Series { status, labels });
        } else {
            doubles += 1;
        }
    }
    (series, doubles)
}

/// The target's labels and `probe`, with the names that the family `needs` kept free.
fn labels_of(status: &TargetStatus, needs: &[&str]) -> String {
    let labels = &status.target.labels;
    let mut text = String::with_capacity(LABELS_BYTES);
    for (name, value) in labels.iter().filter(|(name, _)| !name.starts_with("__") && is_label_name(name)) {
        let is_ours = |name: &str| name == "probe" || needs.contains(&name);
        let mut name = Cow::Borrowed(name);
        if is_ours(&name) {
            while is_ours(&name) || labels.contains(&name) {
                name = format!("exported_{name}").into();
            }
        }
        push_label(&mut text, &name, value);
    }
    let own = if needs.contains(&"probe") { "exported_probe" } else { "probe" };
    push_label(&mut text, own, &status.probe);
    text
}

fn push_label(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push(',');
    }
    text.push_str(name);
    text.push_str("=\"");
    text.push_str(&escape(value));
    text.push('"');
}

/// Where the samples of one target and one family go.
struct Samples<'a, 's> {
    sheet: &'a mut Sheet,
    family: &'static Family,
    /// Whose labels they bear; none: nobody's, the page is about one target.
    series: Option<&'a Series<'s>>,
}

impl Samples<'_, '_> {
    /// Writes a sample; `values` are those of the family's labels, in their order.
    fn put(&mut self, values: &[&str], value: f64) {
        debug_assert_eq!(self.family.labels.len(), values.len());
        self.sample(self.family.labels, values, value);
    }

    /// Writes a sample with labels that the module names.
    fn put_named(&mut self, labels: &[(&str, &str)], value: f64) {
        let (names, values): (Vec<_>, Vec<_>) = labels.iter().copied().unzip();
        self.sample(&names, &values, value);
    }

    fn sample(&mut self, names: &[&str], values: &[&str], value: f64) {
        let Some(series) = self.series else {
            return self.sheet.sample(self.family, "", names.iter().zip(values), value);
        };
        let labels = &series.status.target.labels;
        if names.iter().any(|it| *it == "probe" || labels.contains(it)) {
            let renamed = labels_of(series.status, names);
            self.sheet.sample(self.family, &renamed, names.iter().zip(values), value);
        } else {
            self.sheet.sample(self.family, &series.labels, names.iter().zip(values), value);
        }
    }
}

/// The page as far as it is written.
struct Sheet {
    text: String,
}

impl Sheet {
    fn begin(&mut self, family: &Family) {
        let Family { name, kind, help, .. } = family;
        let kind = kind.name();
        write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n").expect("a string takes all text");
    }

    fn sample<'a>(
        &mut self,
        family: &Family,
        labels: &str,
        own: impl ExactSizeIterator<Item = (&'a &'a str, &'a &'a str)>,
        value: f64,
    ) {
        self.text.push_str(family.name);
        if !labels.is_empty() || own.len() > 0 {
            self.text.push('{');
            self.text.push_str(labels);
            for (at, (name, value)) in own.enumerate() {
                if at > 0 || !labels.is_empty() {
                    self.text.push(',');
                }
                self.text.push_str(name);
                self.text.push_str("=\"");
                self.text.push_str(&escape(value));
                self.text.push('"');
            }
            self.text.push('}');
        }
        writeln!(self.text, " {value}").expect("a string takes all text");
    }
}

/// The state's name in metrics and in the API.
pub(super) fn state_name(state: AlertState) -> &'static str {
    match state {
        AlertState::Pending => "pending",
        AlertState::Firing => "firing",
        AlertState::Inhibited => "inhibited",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sample is a float; counts and bytes are far below 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}

/// Samples of one target, roughly, and bytes of one beside its labels.
const SAMPLES: usize = 25;
const SAMPLE_BYTES: usize = 50;
const LABELS_BYTES: usize = 160;
const OTHER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
