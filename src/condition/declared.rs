//! The part of the walk that knows what the alert declares: its scopes, checks, queries and facts, and
//! what was probably meant where a name is none of them.

use std::ops::Range;

use cel::common::ast::{CallExpr, Expr, IdedExpr};

use super::check::{Walk, literal_text, scope_of};
use super::kind::Kind;
use super::root::ROOTS;
use super::vocabulary::{CERTIFICATE, READING, field};

use super::{Mention, Place, Subject, nearest};
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
        let sees_target = self.place.sees(Kind::Target) && self.wrong_subject(Kind::Target).is_none();
        if (field(READING, name).is_some() || field(CERTIFICATE, name).is_some()) && sees_target {
            return format!("write target.{name}");
        }
        let is_seen = |kind| self.place.sees(kind) && self.wrong_subject(kind).is_none();
        let seen = ROOTS.iter().filter(|it| is_seen(it.kind)).map(|it| it.name);
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

    /// What is wrong with a word that speaks of one target in an alert of a group, or the other way.
    pub(super) fn wrong_subject(&self, kind: Kind) -> Option<(String, String)> {
        match (&self.known.subject, self.place) {
            (_, Place::Scope | Place::Member | Place::Label | Place::Text) => None,
            (Subject::Group(_), Place::Alert | Place::Check) => OF_ONE_TARGET.contains(&kind).then(|| {
                let message = "an alert with `group_by` is about no single target".to_owned();
                (message, "ask its members: targets.exists(it, it.failing), or count with a scope".to_owned())
            }),
            (Subject::Target, Place::Alert | Place::Check) => (kind == Kind::Targets).then(|| {
                let message = "only an alert with `group_by` has `targets`".to_owned();
                (message, "say `target`; those around it are scope.<name>.targets".to_owned())
            }),
        }
    }

    /// The name of a probe whose targets are asked for.
    pub(super) fn members_of(&mut self, node: &IdedExpr, call: &CallExpr) {
        let refusal = match self.place {
            Place::Alert | Place::Check => self.wrong_subject(Kind::Targets),
            Place::Scope | Place::Member | Place::Label | Place::Text => {
                let (message, help) = self.place.refusal("members");
                Some((message, help.to_owned()))
            }
        };
        if let Some((message, help)) = refusal {
            self.mistake(self.places.callee(node), message, Some(help));
        }
        let Some(name) = call.args.first() else { return };
        let span = self.places.extent(name);
        match literal_text(name) {
            Some(text) => self.needs.probes.push(Mention { name: text.to_owned(), span }),
            None => self.mistake(span, "a probe's name is written out: 'scrape'", None),
        }
    }

    /// The reading of a partner; its name must be that of a join.
    pub(super) fn partner(&mut self, name: &str, span: Range<usize>) -> Kind {
        self.declared(&self.known.joins, "join", "join", name, span);
        Kind::Target
    }

    /// A label. All that the members of a group have in common is what they are grouped by.
    pub(super) fn label(&mut self, operand: &IdedExpr, name: &str, span: Range<usize>) -> Kind {
        let Subject::Group(by) = &self.known.subject else { return Kind::Text };
        let is_own = matches!(&operand.expr, Expr::Ident(it) if it == "labels");
        if is_own
            && self.place != Place::Scope
            && self.place != Place::Member
            && !by.iter().any(|it| it == name)
        {
            let help = match nearest(name, by.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if by.is_empty() => "`group_by` names no label, so the group has none".to_owned(),
                None => {
                    format!("`group_by` names: {}; its members have more: it.labels.{name}", by.join(", "))
                }
            };
            self.mistake(span, format!("the group has no label `{name}`"), Some(help));
        }
        Kind::Text
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

/// Words that speak of one target: its reading, and what stands in its body.
const OF_ONE_TARGET: [Kind; 4] = [Kind::Target, Kind::Text, Kind::Texts, Kind::Fields];
