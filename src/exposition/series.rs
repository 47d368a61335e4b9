//! The name and labels of one sample, and what Prometheus asks of them when it stores the sample.
//! An empty value is no label: every label of that name is dropped before anything is asked.

use std::cmp::Ordering;

use super::Limits;
use super::cursor::{Read, Span, Stop};
use super::flaw::FlawKind;

/// The spans of one sample; reused from sample to sample, so that none of them allocates.
#[derive(Debug, Default)]
pub(super) struct Series {
    metric: Option<Span>,
    labels: Vec<Label>,
    has_empty: bool,
}

#[derive(Debug, Clone, Copy)]
struct Label {
    name: Span,
    empty: bool,
}

impl Series {
    pub(super) fn clear(&mut self) {
        self.metric = None;
        self.labels.clear();
        self.has_empty = false;
    }

    pub(super) fn set_metric(&mut self, name: Span) {
        self.metric = Some(name);
    }

    pub(super) fn metric(&self) -> Option<Span> {
        self.metric
    }

    /// Adds a label whose value has been read.
    #[inline]
    pub(super) fn add(&mut self, name: Span, value: Span) {
        let empty = value.start == value.end;
        self.has_empty |= empty;
        self.labels.push(Label { name, empty });
    }

    /// Whether one more label would go over the limit.
    #[inline]
    pub(super) fn is_full(&self, limits: &Limits) -> bool {
        u32::try_from(self.labels.len()).is_ok_and(|count| count >= limits.labels_max)
    }

    /// What Prometheus asks once the whole line has been read.
    #[inline]
    pub(super) fn check(&mut self, bytes: &[u8]) -> Read<()> {
        let metric = self.metric.expect("a sample without a metric name was refused at its value");
        if metric.start == metric.end {
            return Err(flaw(metric, FlawKind::MetricNameMissing));
        }
        if !is_utf8(bytes, metric) {
            return Err(flaw(metric, FlawKind::MetricNameUtf8));
        }
        if self.has_empty {
            self.drop_empty(bytes)?;
        }
        for (index, label) in self.labels.iter().enumerate() {
            let name = label.name;
            if name.start == name.end || !is_utf8(bytes, name) {
                return Err(flaw(name, FlawKind::LabelNameInvalid));
            }
            if &bytes[name.start..name.end] == METRIC_LABEL {
                return Err(flaw(name, FlawKind::LabelTwice));
            }
            let before = &self.labels[..index.min(PAIRWISE_MAX)];
            if before.iter().any(|other| same(bytes, other.name, name)) {
                return Err(flaw(name, FlawKind::LabelTwice));
            }
        }
        if self.labels.len() > PAIRWISE_MAX { self.check_many(bytes) } else { Ok(()) }
    }

    /// Takes out every label whose name has an empty value somewhere on the sample.
    #[cold]
    fn drop_empty(&mut self, bytes: &[u8]) -> Read<()> {
        self.labels.sort_by(|a, b| order(bytes, a.name, b.name));
        let mut kept = 0;
        let mut from = 0;
        while from < self.labels.len() {
            let name = self.labels[from].name;
            let twins = self.labels[from..].iter().take_while(|it| same(bytes, it.name, name)).count();
            let group = from..from + twins;
            from = group.end;
            if self.labels[group.clone()].iter().any(|it| it.empty) {
                if &bytes[name.start..name.end] == METRIC_LABEL {
                    return Err(flaw(name, FlawKind::MetricNameMissing));
                }
                continue;
            }
            for index in group {
                self.labels[kept] = self.labels[index];
                kept += 1;
            }
        }
        self.labels.truncate(kept);
        self.labels.sort_by_key(|it| it.name.start);
        Ok(())
    }

    /// Finds twins among so many labels that comparing each with each would cost too much.
    #[cold]
    fn check_many(&mut self, bytes: &[u8]) -> Read<()> {
        self.labels.sort_by(|a, b| order(bytes, a.name, b.name).then(a.name.start.cmp(&b.name.start)));
        let twins = self.labels.windows(2).filter(|pair| same(bytes, pair[0].name, pair[1].name));
        match twins.map(|pair| pair[1].name).min_by_key(|name| name.start) {
            Some(name) => Err(flaw(name, FlawKind::LabelTwice)),
            None => Ok(()),
        }
    }
}

/// The length in bytes that a name or value has once its escapes are resolved.
pub(super) fn unescaped_bytes(bytes: &[u8], span: Span) -> usize {
    if span.escaped { unescaped(bytes, span).count() } else { span.end - span.start }
}

/// Whether these bytes are UTF-8.
#[inline]
pub(super) fn is_utf8(bytes: &[u8], span: Span) -> bool {
    !span.wide || std::str::from_utf8(&bytes[span.start..span.end]).is_ok()
}

fn flaw(name: Span, kind: FlawKind) -> Stop {
    Stop::Flaw { at: name.start, kind }
}

#[inline]
fn same(bytes: &[u8], a: Span, b: Span) -> bool {
    if a.escaped || b.escaped {
        return order(bytes, a, b) == Ordering::Equal;
    }
    a.end - a.start == b.end - b.start && bytes[a.start..a.end] == bytes[b.start..b.end]
}

fn order(bytes: &[u8], a: Span, b: Span) -> Ordering {
    unescaped(bytes, a).cmp(unescaped(bytes, b))
}

/// Resolves `\\`, `\"` and `\n`; any other backslash stands for itself, as in Prometheus.
fn unescaped(bytes: &[u8], span: Span) -> impl Iterator<Item = u8> + '_ {
    let mut rest = &bytes[span.start..span.end];
    std::iter::from_fn(move || {
        let (byte, after) = match rest {
            [b'\\', b'\\', after @ ..] => (b'\\', after),
            [b'\\', b'"', after @ ..] => (b'"', after),
            [b'\\', b'n', after @ ..] => (b'\n', after),
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        rest = after;
        Some(byte)
    })
}

/// The name under which the metric's own name is stored among the labels.
const METRIC_LABEL: &[u8] = b"__name__";
/// Up to so many labels each is compared with each.
const PAIRWISE_MAX: usize = 16;
