//! All that a condition or a template may name: each word with its kind, its meaning, and the way
//! to its value. What is not a row here cannot be written, and what is one can be read.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cel::ExecutionError;
use cel::common::types::{CelBool, CelDouble, CelDuration, CelInt, CelList, CelString, CelTimestamp};
use cel::common::value::Val;
use chrono::{DateTime, TimeDelta};

use super::Needs;
use super::function::FUNCTIONS;
use super::kind::Kind;
use super::world::Part;
use crate::view::{CheckAnswer, Hop, Reading, Tally};

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

/// A name that stands at the beginning of a path.
pub(super) struct Root {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    /// Notes that it is needed; what is needed by name is noted where the name stands.
    pub(super) note: fn(&mut Needs),
}

/// A name after a dot.
pub(super) struct Field<T> {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    pub(super) read: fn(&T) -> Seen,
}

/// A value for CEL, or why there is none.
pub(super) type Seen = Result<Box<dyn Val>, ExecutionError>;

/// The field of that name.
pub(super) fn field<'a, T>(of: &'a [Field<T>], name: &str) -> Option<&'a Field<T>> {
    of.iter().find(|it| it.name == name)
}

pub(super) const ROOTS: &[Root] = &[
    Root {
        name: "target",
        kind: Kind::Target,
        meaning: "the target's latest reading",
        note: |it| it.target = true,
    },
    Root { name: "labels", kind: Kind::Labels, meaning: "the target's labels", note: |it| it.labels = true },
    Root { name: "scope", kind: Kind::Scopes, meaning: "how the targets around it fare", note: |_| () },
    Root { name: "checks", kind: Kind::Checks, meaning: "what the follow-up checks saw", note: |_| () },
    Root { name: "queries", kind: Kind::Queries, meaning: "what Prometheus answered", note: |_| () },
    Root { name: "alert", kind: Kind::Alert, meaning: "the alert itself", note: |it| it.firing_for = true },
    Root {
        name: "now",
        kind: Kind::Timestamp,
        meaning: "the hour of the judgement",
        note: |it| it.now = true,
    },
];

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
];

/// What a check has beyond what a target has.
pub(super) const CHECK: &[Field<CheckAnswer>] = &[Field {
    name: "hops",
    kind: Kind::Hops,
    meaning: "the hops of a path, the nearest first",
    read: |it| Ok(list(it.hops.iter().cloned().map(Part::Hop))),
}];

pub(super) const HOP: &[Field<Hop>] = &[
    Field {
        name: "address",
        kind: Kind::Text,
        meaning: "its address; '' where nobody answers",
        read: |it| text(&it.address),
    },
    Field {
        name: "loss",
        kind: Kind::Double,
        meaning: "percent of the packets that were not answered",
        read: |it| number(it.loss),
    },
    Field { name: "sent", kind: Kind::Int, meaning: "packets sent", read: |it| count(it.sent) },
    Field {
        name: "last",
        kind: Kind::Double,
        meaning: "the last round trip, in milliseconds",
        read: |it| number(it.last),
    },
    Field {
        name: "average",
        kind: Kind::Double,
        meaning: "the mean round trip, in milliseconds",
        read: |it| number(it.average),
    },
    Field {
        name: "best",
        kind: Kind::Double,
        meaning: "the shortest round trip, in milliseconds",
        read: |it| number(it.best),
    },
    Field {
        name: "worst",
        kind: Kind::Double,
        meaning: "the longest round trip, in milliseconds",
        read: |it| number(it.worst),
    },
    Field {
        name: "deviation",
        kind: Kind::Double,
        meaning: "the standard deviation of the round trips, in milliseconds",
        read: |it| number(it.deviation),
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
        read: |it| Ok(list(it.targets.iter().cloned().map(Part::Target))),
    },
];

/// What stands after `alert.`
pub(super) const ALERT: &[Field<Duration>] = &[Field {
    name: "firing_for",
    kind: Kind::Duration,
    meaning: "how long it has been firing; 0s while it is not",
    read: |it| span(*it),
}];

/// The error of what has no answer: no mistake, and nothing for the log. To CEL it is a missing
/// key, so that `has` can ask for it.
pub(super) fn no_answer(why: &str) -> ExecutionError {
    ExecutionError::no_such_key(&format!("{NO_ANSWER}{why}"))
}

/// Why there is no answer, if that is what the error says.
pub(super) fn unanswered(error: &ExecutionError) -> Option<&str> {
    match error {
        ExecutionError::NoSuchKey(key) => key.strip_prefix(NO_ANSWER),
        _ => None,
    }
}

const NO_ANSWER: &str = "no answer: ";

pub(super) fn truth(it: bool) -> Seen {
    Ok(Box::new(CelBool::from(it)))
}

pub(super) fn count(it: u64) -> Seen {
    Ok(Box::new(CelInt::from(i64::try_from(it).unwrap_or(i64::MAX))))
}

pub(super) fn number(it: f64) -> Seen {
    Ok(Box::new(CelDouble::from(it)))
}

pub(super) fn text(it: &str) -> Seen {
    Ok(Box::new(CelString::from(it.to_owned())))
}

/// A duration; CEL's longest is 292 years.
pub(super) fn span(it: Duration) -> Seen {
    let nanos = i64::try_from(it.as_nanos()).unwrap_or(i64::MAX);
    Ok(Box::new(CelDuration::from(TimeDelta::nanoseconds(nanos))))
}

/// A point in time, held between the years 1 and 9999, which are CEL's.
pub(super) fn hour(it: SystemTime) -> Seen {
    let seconds = match it.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |it| -it - 1),
    };
    let nanos = match it.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.subsec_nanos(),
        Err(_) => 0,
    };
    let within = DateTime::from_timestamp(seconds.clamp(YEAR_1, YEAR_9999), nanos);
    let utc = within.expect("the years 1 to 9999 are chrono's too");
    Ok(Box::new(CelTimestamp::from(utc.fixed_offset())))
}

const YEAR_1: i64 = -62_135_596_800;
const YEAR_9999: i64 = 253_402_300_799;

fn list(parts: impl Iterator<Item = Part>) -> Box<dyn Val> {
    let parts: Vec<Box<dyn Val>> = parts.map(|it| Box::new(it) as Box<dyn Val>).collect();
    Box::new(CelList::from(parts))
}

/// The rows of a kind's fields, each with the path that leads there.
fn fields_of(kind: Kind, path: &str) -> Vec<Entry> {
    match kind {
        Kind::Target => rows(READING, path),
        Kind::Check => [rows(READING, path), rows(CHECK, path)].concat(),
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
