//! An expression that was looked at from all sides: what conditions and the holes of templates
//! are made of.

use std::sync::Arc;

use cel::common::ast::IdedExpr;
use cel::common::types::CelBool;
use cel::{ExecutionError, Value};
use regex::Regex;

use super::check::{Checked, check};
use super::constant;
use super::grammar::parse;
use super::kind::Kind;
use super::lower::lower;
use super::quick::Quick;
use super::sample::Sample;
use super::value::unanswered;
use super::world::context;
use super::{Fact, Failed, Known, Mistake, Needs, Place};
use crate::view::View;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    tree: IdedExpr,
    patterns: Vec<Arc<Regex>>,
    needs: Needs,
    facts: Vec<Fact>,
    quick: Option<Quick>,
}

impl Expression {
    /// An expression that gives true or false.
    ///
    /// # Errors
    /// Every mistake that is in it.
    pub(crate) fn truth(source: &str, known: &Known, place: Place) -> Result<Self, Vec<Mistake>> {
        Self::compile(source, known, place, |kind| {
            let told = format!("this gives {}, and true or false is wanted", kind.name());
            (!Kind::Bool.takes(kind)).then_some((told, "compare it with something: ==, !=, <, >"))
        })
    }

    /// An expression that gives something to read.
    ///
    /// # Errors
    /// Every mistake that is in it.
    pub(crate) fn text(source: &str, known: &Known, place: Place) -> Result<Self, Vec<Mistake>> {
        Self::compile(source, known, place, |kind| {
            let told = format!("{} cannot be written out", kind.name());
            let help = if kind.is_list() { "join texts: .join(', ')" } else { "name what is meant of it" };
            (!kind.is_written_out()).then_some((told, help))
        })
    }

    fn compile(
        source: &str,
        known: &Known,
        place: Place,
        refuse: impl Fn(Kind) -> Option<(String, &'static str)>,
    ) -> Result<Self, Vec<Mistake>> {
        let (mut tree, places) = parse(source).map_err(|it| vec![it])?;
        let Checked { kind, needs, facts } = check(&tree, &places, known, place)?;
        let whole = places.extent(&tree);
        if let Some((message, help)) = refuse(kind) {
            return Err(vec![Mistake::new(whole, message, Some(help))]);
        }
        let failures = constant::failures(&tree, &places);
        if !failures.is_empty() {
            return Err(failures);
        }
        let quick = Quick::of(&tree);
        let patterns = lower(&mut tree);
        let compiled = Self { tree, patterns, needs, facts, quick };
        match compiled.trial(kind) {
            None => Ok(compiled),
            Some(message) => Err(vec![Mistake::new(whole, message, None)]),
        }
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, view: &dyn View) -> Result<bool, Failed> {
        if let Some(quick) = &self.quick {
            return Ok(quick.holds(view));
        }
        let context = context(&self.needs, &self.patterns, &self.facts, view).map_err(|it| failed(&it))?;
        let seen = Value::resolve_val(&self.tree, &context).map_err(|it| failed(&it))?;
        seen.downcast_ref::<CelBool>().map(|it| *it.inner()).ok_or_else(|| Failed {
            message: format!("this gave {}, and true or false is wanted", seen.get_type().name()),
            no_answer: false,
            written: None,
        })
    }

    /// What it gives.
    pub(crate) fn value(&self, view: &dyn View) -> Result<Value, Failed> {
        let context = context(&self.needs, &self.patterns, &self.facts, view).map_err(|it| failed(&it))?;
        Value::resolve(&self.tree, &context).map_err(|it| failed(&it))
    }

    /// The named conditions that it asks.
    pub(crate) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    pub(crate) fn needs(&self) -> &Needs {
        &self.needs
    }

    /// What no walk found and yet can never work: the first words for it.
    fn trial(&self, kind: Kind) -> Option<String> {
        Sample::all().iter().find_map(|sample| {
            let context = context(&self.needs, &self.patterns, &self.facts, sample).ok()?;
            match Value::resolve_val(&self.tree, &context) {
                Ok(seen) if kind == Kind::Bool && seen.downcast_ref::<CelBool>().is_none() => {
                    Some(format!("this gives {}, and true or false is wanted", seen.get_type().name()))
                }
                Ok(_) => None,
                Err(error) => is_for_good(&error).then(|| failed(&error).message),
            }
        })
    }
}

/// Whether an error comes from the expression itself, and not from what happened to be seen.
fn is_for_good(error: &ExecutionError) -> bool {
    matches!(
        error,
        ExecutionError::NoSuchOverload(_)
            | ExecutionError::UndeclaredReference(_)
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::ValuesNotComparable(..)
            | ExecutionError::UnexpectedType { .. }
            | ExecutionError::UnsupportedKeyType(_)
            | ExecutionError::UnsupportedTargetType { .. }
            | ExecutionError::NotSupportedAsMethod { .. }
            | ExecutionError::InvalidArgumentCount { .. }
            | ExecutionError::MissingArgumentOrTarget
            | ExecutionError::UnsupportedIndex(..)
            | ExecutionError::DuplicateKey(_)
    )
}

fn failed(error: &ExecutionError) -> Failed {
    match unanswered(error) {
        Some(why) => Failed { message: why.to_owned(), no_answer: true, written: None },
        None => Failed { message: error.to_string(), no_answer: false, written: None },
    }
}
