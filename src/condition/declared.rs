//! The part of the walk that knows what the alert declares: its scopes, checks, queries and facts, and
//! what was probably meant where a name is none of them.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr};

use super::check::{Walk, scope_of};
use super::kind::Kind;
use super::root::ROOTS;
use super::vocabulary::{READING, field};
use super::{Place, nearest};
use crate::cause::CAUSES;
use crate::outcome::Phase;

impl Walk<'_> {
    pub(super) fn help_for_name(&self, name: &str) -> String {
        if CAUSES.iter().any(|it| it.name == name) || Phase::from_name(name).is_some() {
            return format!("a text stands in quotes: '{name}'");
        }
        if self.known.scopes.iter().any(|it| it == name) {
            return format!("write scope.{name}");
        }
        if self.known.checks.iter().any(|it| it == name) {
            return format!("write checks.{name}");
        }
        if self.known.queries.iter().any(|it| it == name) {
            return format!("write queries.{name}");
        }
        if self.known.facts.iter().any(|it| it.name == name) {
            return format!("write facts.{name}");
        }
        if field(READING, name).is_some() && self.place.sees(Kind::Target) {
            return format!("write target.{name}");
        }
        let seen = ROOTS.iter().filter(|it| self.place.sees(it.kind)).map(|it| it.name);
        let all: Vec<&str> = seen.chain(self.variables.iter().map(|(it, _)| it.as_str())).collect();
        match nearest(name, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", all.join(", ")),
        }
    }

    pub(super) fn distinct(&mut self, operand: &IdedExpr, label: &str, span: Range<usize>) -> Kind {
        let scope = match &operand.expr {
            Expr::Select(it) => scope_of(&it.operand).unwrap_or_default(),
            _ => "",
        };
        let counted = &self.known.distinct;
        let is_counted = counted.iter().any(|(of, it)| of == scope && it == label);
        if !is_counted && self.known.scopes.iter().any(|it| it == scope) {
            let here: Vec<&str> =
                counted.iter().filter(|(of, _)| of == scope).map(|(_, it)| it.as_str()).collect();
            let help = match nearest(label, here.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("add it to the scope: distinct: [{}]", [&here[..], &[label]].concat().join(", "))
                }
            };
            self.mistake(span, format!("the scope `{scope}` does not count the label `{label}`"), Some(help));
        }
        Kind::Int
    }

    /// What a fact needs, whoever asks it needs too.
    pub(super) fn fact(&mut self, name: &str, span: Range<usize>) -> Kind {
        let Some(fact) = self.known.facts.iter().find(|it| it.name == name) else {
            let all: Vec<String> = self.known.facts.iter().map(|it| it.name.clone()).collect();
            self.declared(&all, "fact", "facts", name, span);
            return Kind::Bool;
        };
        let needs = fact.condition.needs();
        if self.place == Place::Check && !needs.checks.is_empty() {
            let help = "no check waits for another: ask for `target` or `scope`".to_owned();
            self.mistake(span, format!("`facts.{name}` asks a check"), Some(help));
        } else if !self.facts.iter().any(|it| it.name == name) {
            self.needs.take_in(needs, &span);
            self.facts.push(fact.clone());
        }
        Kind::Bool
    }

    pub(super) fn declared(&mut self, all: &[String], one: &str, many: &str, name: &str, span: Range<usize>) {
        if all.iter().any(|it| it == name) {
            return;
        }
        let help = match nearest(name, all.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if all.is_empty() => format!("declare it under `{many}:` of the alert"),
            None => format!("the alert declares: {}", all.join(", ")),
        };
        self.mistake(span, format!("the alert declares no {one} `{name}`"), Some(help));
    }
}
