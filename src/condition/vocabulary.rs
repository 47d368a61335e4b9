//! All that a condition or a template may name: each word with its kind, its meaning, and the way
//! to its value. What is not a row here cannot be written, and what is one can be read.

use std::sync::Arc;
use std::time::Duration;

use super::function::FUNCTIONS;
use super::kind::Kind;
use super::root::ROOTS;
use super::value::{Seen, count, hour, list, no_answer, number, span, text, truth};
use super::world::Part;
use crate::text::FIELDS;
use crate::view::{CheckAnswer, Reading, Tally};

mod certificate;
mod hop;

pub(super) use certificate::CERTIFICATE;
pub(super) use hop::HOP;

/// A row of the documentation: what can be written, what it gives, what that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it is written; `<…>` stands for a name of the drop-in's own.
    pub path: String,
    /// What it gives.
    pub kind: &'static str,
    /// What that means, with its unit.
    pub meaning: &'static str,
}

/// The whole vocabulary, in the order in which to read it.
pub fn vocabulary() -> Vec<Entry> {
    let mut rows = Vec::new();
    for root in ROOTS {
        if !root.kind.is_way() && root.kind != Kind::Target {
            rows.push(Entry { path: root.name.to_owned(), kind: root.kind.name(), meaning: root.meaning });
        }
        rows.extend(fields_of(root.kind, root.name));
    }
    rows.extend(FUNCTIONS.iter().map(|it| Entry {
        path: it.signature(),
        kind: it.gives.name(),
        meaning: it.meaning,
    }));
    rows
}

/// A name after a dot.
pub(super) struct Field<T> {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    pub(super) read: fn(&T) -> Seen,
}

/// The field of that name.
pub(super) fn field<'a, T>(of: &'a [Field<T>], name: &str) -> Option<&'a Field<T>> {
    of.iter().find(|it| it.name == name)
}

pub(super) const READING: &[Field<Reading>] = &[
    Field {
        name: "failing",
        kind: Kind::Bool,
        meaning: "whether the latest attempt failed",
        read: |it| truth(it.failing),
    },
    Field {
        name: "unknown",
        kind: Kind::Bool,
        meaning: "whether we cannot tell, by a fault of our own or because nobody asked yet",
        read: |it| truth(it.unknown),
    },
    Field {
        name: "cause",
        kind: Kind::Cause,
        meaning: "why it fails, a name of the list of causes; '' while it does not",
        read: |it| text(it.cause),
    },
    Field {
        name: "phase",
        kind: Kind::Phase,
        meaning: "where it failed: resolve, connect, tls, processing, transfer or check; '' while it does not",
        read: |it| text(it.phase),
    },
    Field {
        name: "status",
        kind: Kind::Int,
        meaning: "the HTTP status; 0 where none came",
        read: |it| count(it.status.into()),
    },
    Field {
        name: "duration",
        kind: Kind::Duration,
        meaning: "how long the attempt took, at most its timeout",
        read: |it| span(it.duration),
    },
    Field {
        name: "timeout",
        kind: Kind::Duration,
        meaning: "the timeout it had",
        read: |it| span(it.timeout),
    },
    Field {
        name: "answered_after",
        kind: Kind::Duration,
        meaning: "how long an answer took that came after the timeout; 0s where none did",
        read: |it| span(it.answered_after.unwrap_or_default()),
    },
    Field {
        name: "silent_for",
        kind: Kind::Duration,
        meaning: "how long an answer was waited for in vain; 0s where one came",
        read: |it| span(it.silent_for.unwrap_or_default()),
    },
    Field {
        name: "body",
        kind: Kind::Text,
        meaning: "the first bytes of the body",
        read: |it| text(&it.body),
    },
    Field {
        name: "body_bytes",
        kind: Kind::Int,
        meaning: "the bytes of the decoded body",
        read: |it| count(it.body_bytes),
    },
    Field {
        name: "samples",
        kind: Kind::Int,
        meaning: "the samples of its metrics",
        read: |it| count(it.samples),
    },
    Field {
        name: "value",
        kind: Kind::Double,
        meaning: "the value that Prometheus answered to a `query`; no answer where there is no number",
        read: |it| match it.value.filter(|value| !value.is_nan()) {
            Some(value) => number(value),
            None => Err(no_answer("Prometheus answered no number for it")),
        },
    },
    Field {
        name: "notes",
        kind: Kind::Labels,
        meaning: "what the series of a `query` bear beside its labels",
        read: |it| Ok(Box::new(Part::Labels(it.notes.clone()))),
    },
    Field {
        name: "address",
        kind: Kind::Text,
        meaning: "its address, as it was given",
        read: |it| text(&it.address),
    },
    Field {
        name: "instance",
        kind: Kind::Text,
        meaning: "its label `instance`; its address where it has none",
        read: |it| match it.labels.get("instance") {
            "" => text(&it.address),
            instance => text(instance),
        },
    },
    Field {
        name: "peer",
        kind: Kind::Text,
        meaning: "the address that was dialled, with its port; '' where none was",
        read: |it| text(&it.peer),
    },
    Field {
        name: "certificate_not_after",
        kind: Kind::Timestamp,
        meaning: "when the first certificate of its chain ends; no answer where it showed none",
        read: |it| match it.certificate_not_after {
            Some(end) => hour(end),
            None => Err(no_answer("the target showed no certificate")),
        },
    },
    Field {
        name: "labels",
        kind: Kind::Labels,
        meaning: "its labels",
        read: |it| Ok(Box::new(Part::Labels(it.labels.clone()))),
    },
    Field {
        name: "since",
        kind: Kind::Timestamp,
        meaning: "since when it succeeds, fails or is unknown; no answer before it was asked",
        read: |it| match it.since {
            Some(since) => hour(since),
            None => Err(no_answer("the target was not asked yet")),
        },
    },
];

/// What a member of a group has beyond that.
pub(super) const MEMBER: &[Field<Reading>] = &[Field {
    name: "joined",
    kind: Kind::Joined,
    meaning: "its partners among the targets of other probes",
    read: |it| Ok(Box::new(Part::Joined(Arc::clone(&it.joined)))),
}];

/// What a check has beyond what a target has.
pub(super) const CHECK: &[Field<CheckAnswer>] = &[
    Field {
        name: "hops",
        kind: Kind::Hops,
        meaning: "the hops of a path, the nearest first",
        read: |it| list(it.hops.iter().cloned().map(Part::Hop)),
    },
    Field {
        name: "length",
        kind: Kind::Int,
        meaning: "how many hops a path has",
        read: |it| count(it.length().into()),
    },
    Field {
        name: "loss_begins",
        kind: Kind::Int,
        meaning: "the number of the hop, from 1, where loss begins that no later hop undoes; 0 where the end loses nothing",
        read: |it| count(it.loss_begins().into()),
    },
    Field {
        name: "near",
        kind: Kind::Double,
        meaning: "the slowest mean round trip, in milliseconds, to the first two hops that answer before the end",
        read: |it| number(it.near()),
    },
    Field {
        name: "far",
        kind: Kind::Double,
        meaning: "the mean round trip to the end of the path, in milliseconds; 0.0 where it is silent",
        read: |it| number(it.far()),
    },
];

pub(super) const TALLY: &[Field<Arc<Tally>>] = &[
    Field { name: "watched", kind: Kind::Int, meaning: "how many there are", read: |it| count(it.watched) },
    Field { name: "failing", kind: Kind::Int, meaning: "how many fail", read: |it| count(it.failing) },
    Field {
        name: "unknown",
        kind: Kind::Int,
        meaning: "of how many we cannot tell",
        read: |it| count(it.unknown),
    },
    Field {
        name: "ignored",
        kind: Kind::Int,
        meaning: "how many are left out on purpose",
        read: |it| count(it.ignored),
    },
    Field {
        name: "share",
        kind: Kind::Double,
        meaning: "failing / (watched - unknown - ignored): 0.0 to 1.0",
        read: |it| number(it.share()),
    },
    Field {
        name: "causes",
        kind: Kind::Causes,
        meaning: "how many fail for that cause",
        read: |it| Ok(Box::new(Part::Causes(Arc::clone(it)))),
    },
    Field {
        name: "distinct",
        kind: Kind::Distinct,
        meaning: "how many values of that label the failing ones have",
        read: |it| Ok(Box::new(Part::Distinct(Arc::clone(it)))),
    },
    Field {
        name: "targets",
        kind: Kind::Targets,
        meaning: "their readings",
        read: |it| list(it.targets.iter().cloned().map(Part::Target)),
    },
];

/// What stands after `alert.`
pub(super) const ALERT: &[Field<Duration>] = &[Field {
    name: "firing_for",
    kind: Kind::Duration,
    meaning: "how long it has been firing; 0s while it is not",
    read: |it| span(*it),
}];

/// The rows of a kind's fields, each with the path that leads there.
fn fields_of(kind: Kind, path: &str) -> Vec<Entry> {
    match kind {
        Kind::Target => [rows(READING, path), rows(CERTIFICATE, path), rows(MEMBER, path)].concat(),
        Kind::Check => [rows(READING, path), rows(CERTIFICATE, path), rows(CHECK, path)].concat(),
        Kind::Hop => rows(HOP, path),
        Kind::Tally => rows(TALLY, path),
        Kind::Alert => rows(ALERT, path),
        Kind::Scopes => fields_of(Kind::Tally, &format!("{path}.<scope>")),
        Kind::Checks => fields_of(Kind::Check, &format!("{path}.<check>")),
        Kind::Hops => fields_of(Kind::Hop, &format!("{path}[0]")),
        Kind::Targets => vec![Entry {
            path: format!("{path}[0].<field>"),
            kind: Kind::Any.name(),
            meaning: "what `target` has, of each of them",
        }],
        Kind::Labels => one(path, "<label>", Kind::Text, "the label's value; '' where it is absent"),
        Kind::Causes => one(path, "<cause>", Kind::Int, "how many fail for that cause; 0 where none does"),
        Kind::Distinct => one(
            path,
            "<label>",
            Kind::Int,
            "how many values of it the failing ones have; `distinct` names it",
        ),
        Kind::Fields => FIELDS
            .iter()
            .map(|it| Entry {
                path: format!("{path}.{}", it.name),
                kind: Kind::Text.name(),
                meaning: it.meaning,
            })
            .collect(),
        Kind::Joined => one(
            path,
            "<join>.<field>",
            Kind::Any,
            "what its partner of that name shows, in an alert with `group_by`; unknown where it has none",
        ),
        Kind::Facts => one(path, "<fact>", Kind::Bool, "whether the condition of that name holds"),
        Kind::Queries => one(path, "<query>", Kind::Double, "the answer; no answer where there is none"),
        Kind::Any
        | Kind::Bool
        | Kind::Int
        | Kind::Double
        | Kind::Text
        | Kind::Cause
        | Kind::Phase
        | Kind::Duration
        | Kind::Timestamp
        | Kind::Null
        | Kind::List
        | Kind::Texts
        | Kind::Map => Vec::new(),
    }
}

fn rows<T>(fields: &[Field<T>], path: &str) -> Vec<Entry> {
    let row = |it: &Field<T>| {
        let path = format!("{path}.{}", it.name);
        let inner = fields_of(it.kind, &path);
        if it.kind.is_way() {
            return inner;
        }
        let own = Entry { path, kind: it.kind.name(), meaning: it.meaning };
        std::iter::once(own).chain(inner).collect()
    };
    fields.iter().flat_map(row).collect()
}

fn one(path: &str, name: &str, kind: Kind, meaning: &'static str) -> Vec<Entry> {
    vec![Entry { path: format!("{path}.{name}"), kind: kind.name(), meaning }]
}
