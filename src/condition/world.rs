//! The view as CEL's values: only the parts that an expression mentions are asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cel::common::traits::Indexer;
use cel::common::types::{CelBool, CelString, Type};
use cel::common::value::{CowVal, Val};
use cel::{Context, ExecutionError};
use regex::Regex;

use super::firing::{FIRING, FIRING_PREFIX, Firing, Naming};
use super::grammar::ENV;
use super::value::{Seen, count, hour, list, no_answer, number, text, texts, truth};
use super::vocabulary::{self, ALERT, CERTIFICATE, CHECK, HOP, MEMBER, READING, TALLY, field};
use super::{Fact, Needs};
use crate::labels::Labels;
use crate::text::{Field, Text};
use crate::view::{CheckAnswer, Hop, Reading, Tally, View};

/// What an expression sees of the view.
pub(super) fn context<'v>(
    needs: &Needs,
    patterns: &[Arc<Regex>],
    facts: &[Fact],
    view: &'v dyn View,
) -> Result<Context<'v, 'v>, ExecutionError> {
    let mut context = Context::with_env(Arc::clone(&ENV));
    let mut bind = |name: String, value: Box<dyn Val + 'v>| context.add_variable_as_val(name, value);
    if needs.target {
        bind("target".to_owned(), Box::new(Part::Target(view.target())));
    }
    if needs.labels {
        bind("labels".to_owned(), Box::new(Part::Labels(view.labels())));
    }
    if !needs.scopes.is_empty() {
        let scope = |it: &super::ScopeNeed| {
            (it.name.clone(), view.scope(&it.name, it.targets).map(|tally| Part::Tally(Arc::new(tally))))
        };
        bind("scope".to_owned(), Part::named("scope", needs.scopes.iter().map(scope)));
    }
    if !needs.checks.is_empty() {
        let check = |it: &String| (it.clone(), view.check(it).map(|seen| Part::Check(Arc::new(seen))));
        bind("checks".to_owned(), Part::named("check", needs.checks.iter().map(check)));
    }
    if !needs.queries.is_empty() {
        // Prometheus says NaN where it divided nothing by nothing: no answer to compare with.
        let query =
            |it: &String| (it.clone(), view.query(it).filter(|answer| !answer.is_nan()).map(Part::Number));
        bind("queries".to_owned(), Part::named("query", needs.queries.iter().map(query)));
    }
    if !facts.is_empty() {
        let mut seen = Vec::with_capacity(facts.len());
        for fact in facts {
            let holds = match fact.condition.holds(view) {
                Ok(holds) => Some(Part::Truth(holds)),
                Err(it) if it.no_answer => None,
                Err(it) => return Err(ExecutionError::function_error(&fact.name, it.message)),
            };
            seen.push((fact.name.clone(), holds));
        }
        bind("facts".to_owned(), Part::named("fact", seen.into_iter()));
    }
    if needs.firing_for {
        bind("alert".to_owned(), Box::new(Part::Alert(view.firing_for())));
    }
    if needs.now {
        bind("now".to_owned(), hour(view.now())?);
    }
    if !needs.alerts.is_empty() {
        bind(FIRING.to_owned(), Box::new(Firing { view, by: Naming::Name }));
    }
    if needs.text {
        let it = view.text();
        bind("text".to_owned(), text(it.as_str())?);
        if needs.entries {
            bind("entries".to_owned(), texts(it.entries()));
        }
        bind("fields".to_owned(), Box::new(Part::Fields(it)));
    }
    if needs.alert_prefixes {
        bind(FIRING_PREFIX.to_owned(), Box::new(Firing { view, by: Naming::Prefix }));
    }
    if needs.members {
        bind("targets".to_owned(), list(view.members().into_iter().map(Part::Target))?);
    }
    if !needs.probes.is_empty() {
        let of = |it: &super::Mention| (it.name.clone(), view.members_of(&it.name));
        bind(MEMBERS.to_owned(), Box::new(Part::Lists(Arc::new(needs.probes.iter().map(of).collect()))));
    }
    for (index, pattern) in patterns.iter().enumerate() {
        bind(pattern_name(index), Box::new(Part::Pattern(Arc::clone(pattern))));
    }
    Ok(context)
}

/// The variable behind `members(probe)`, which is indexed by it.
pub(super) const MEMBERS: &str = "@members";

/// The variable behind `matches` with the literal regex of that index; the text is its index.
pub(super) fn pattern_name(index: usize) -> String {
    format!("@pattern{index}")
}

/// A part of the view: something with fields.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Target(Reading),
    Labels(Labels),
    Joined(Arc<BTreeMap<Arc<str>, Reading>>),
    Lists(Arc<BTreeMap<String, Vec<Reading>>>),
    Tally(Arc<Tally>),
    Causes(Arc<Tally>),
    Distinct(Arc<Tally>),
    Check(Arc<CheckAnswer>),
    Hop(Hop),
    Alert(Duration),
    Fields(Arc<Text>),
    Number(f64),
    Truth(bool),
    /// Shared, not cloned: a clone of a regex begins without the memory that its searches need.
    Pattern(Arc<Regex>),
    Named(Arc<Answers>),
}

/// What answers there are, by name, and what each is an answer of.
#[derive(Debug)]
pub(super) struct Answers {
    of: &'static str,
    parts: BTreeMap<String, Option<Part>>,
}

impl Part {
    fn named(of: &'static str, parts: impl Iterator<Item = (String, Option<Self>)>) -> Box<dyn Val> {
        Box::new(Self::Named(Arc::new(Answers { of, parts: parts.collect() })))
    }

    /// What stands behind a dot, or between brackets.
    fn at(&self, name: &str) -> Seen {
        match self {
            Self::Target(it) if field(MEMBER, name).is_some() => read(MEMBER, it, name),
            Self::Target(it) => of_reading(it, name),
            Self::Check(it) if field(CHECK, name).is_some() => read(CHECK, it, name),
            Self::Check(it) => of_reading(&it.reading, name),
            Self::Hop(it) => read(HOP, it, name),
            Self::Tally(it) => read(TALLY, it, name),
            Self::Alert(it) => read(ALERT, it, name),
            Self::Labels(it) => text(it.get(name)),
            Self::Fields(it) => text(Field::from_name(name).map_or("", |field| it.fields().get(field))),
            Self::Lists(it) => list(it.get(name).into_iter().flatten().cloned().map(Self::Target)),
            Self::Joined(it) => match it.get(name) {
                Some(partner) => Ok(Box::new(Self::Target(partner.clone()))),
                None => Err(no_answer(&format!("the target has no partner `{name}`"))),
            },
            Self::Causes(it) => count(it.causes.get(name).copied().unwrap_or(0)),
            Self::Distinct(it) => count(it.distinct.get(name).copied().unwrap_or(0)),
            Self::Pattern(it) => Ok(Box::new(CelBool::from(it.is_match(name)))),
            Self::Number(_) | Self::Truth(_) => Err(ExecutionError::no_such_key(name)),
            Self::Named(it) => match it.parts.get(name) {
                Some(Some(Self::Number(it))) => number(*it),
                Some(Some(Self::Truth(it))) => truth(*it),
                Some(Some(part)) => Ok(Box::new(part.clone())),
                Some(None) => Err(no_answer(&format!("the {} `{name}` has no answer", it.of))),
                None => Err(ExecutionError::no_such_key(name)),
            },
        }
    }
}

fn of_reading(it: &Reading, name: &str) -> Seen {
    let fields = if field(CERTIFICATE, name).is_some() { CERTIFICATE } else { READING };
    read(fields, it, name)
}

fn read<T>(fields: &[vocabulary::Field<T>], of: &T, name: &str) -> Seen {
    field(fields, name).map_or_else(|| Err(ExecutionError::no_such_key(name)), |it| (it.read)(of))
}

impl Val for Part {
    fn get_type(&self) -> &Type {
        <Self as Val>::cel_type()
    }

    fn cel_type() -> &'static Type {
        &PART
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }
}

static PART: Type = Type::new_unspecified_type("part");

impl Indexer for Part {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = index.downcast_ref::<CelString>().ok_or_else(|| no_text(index))?;
        self.at(name.inner()).map(CowVal::Owned)
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

pub(super) fn no_text(value: &dyn Val) -> ExecutionError {
    ExecutionError::UnexpectedType { got: value.get_type().name().to_owned(), want: "string".to_owned() }
}
