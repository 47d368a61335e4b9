//! The view as CEL's values: only the parts that an expression mentions are asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cel::common::traits::Indexer;
use cel::common::types::{CelBool, CelList, CelMap, CelMapKey, CelString, Type};
use cel::common::value::{CowVal, Val};
use cel::{Context, ExecutionError};
use regex::Regex;

use super::grammar::ENV;
use super::value::{Seen, count, hour, no_answer, number, text, texts, truth};
use super::vocabulary::{self, ALERT, CHECK, HOP, READING, TALLY, field};
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
        bind(FIRING.to_owned(), Box::new(Firing(view)));
    }
    if needs.text {
        let it = view.text();
        bind("text".to_owned(), text(it.as_str())?);
        if needs.entries {
            bind("entries".to_owned(), texts(it.entries()));
        }
        bind("fields".to_owned(), Box::new(Part::Fields(it)));
    }
    for (index, pattern) in patterns.iter().enumerate() {
        bind(pattern_name(index), Box::new(Part::Pattern(Arc::clone(pattern))));
    }
    Ok(context)
}

/// The variable behind `firing(name, labels)`, which is indexed by both.
pub(super) const FIRING: &str = "@firing";

/// The variable behind `matches` with the literal regex of that index; the text is its index.
pub(super) fn pattern_name(index: usize) -> String {
    format!("@pattern{index}")
}

/// A part of the view: something with fields.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Target(Reading),
    Labels(Labels),
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
            Self::Target(it) => read(READING, it, name),
            Self::Check(it) => read(CHECK, it, name).or_else(|_| read(READING, &it.reading, name)),
            Self::Hop(it) => read(HOP, it, name),
            Self::Tally(it) => read(TALLY, it, name),
            Self::Alert(it) => read(ALERT, it, name),
            Self::Labels(it) => text(it.get(name)),
            Self::Fields(it) => text(Field::from_name(name).map_or("", |field| it.fields().get(field))),
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

/// The question whether an alert fires.
struct Firing<'v>(&'v dyn View);

impl fmt::Debug for Firing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Firing")
    }
}

impl Val for Firing<'_> {
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

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(Self(self.0))
    }
}

impl Indexer for Firing<'_> {
    /// The index is a list: the alert's name, and a map of labels where there is one.
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let parts = index.downcast_ref::<CelList>().ok_or_else(|| no_text(index))?.inner();
        let name = parts.first().and_then(|it| it.downcast_ref::<CelString>());
        let name = name.ok_or_else(|| no_text(index))?;
        let labels = match parts.get(1) {
            Some(map) => labels_of(&**map)?,
            None => Labels::default(),
        };
        Ok(CowVal::owned(CelBool::from(self.0.firing(name.inner(), &labels))))
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

fn labels_of(map: &dyn Val) -> Result<Labels, ExecutionError> {
    let map = map.downcast_ref::<CelMap>().ok_or_else(|| no_text(map))?;
    let mut labels = Vec::new();
    for (name, value) in map.inner() {
        let CelMapKey::String(name) = name else {
            return Err(ExecutionError::function_error("firing", "the names of labels are texts"));
        };
        let value = value.downcast_ref::<CelString>().ok_or_else(|| no_text(&**value))?;
        labels.push((name.inner(), value.inner()));
    }
    Ok(labels.into_iter().collect())
}

fn no_text(value: &dyn Val) -> ExecutionError {
    ExecutionError::UnexpectedType { got: value.get_type().name().to_owned(), want: "string".to_owned() }
}
