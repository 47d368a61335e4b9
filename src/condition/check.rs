//! The walk through the whole tree, so that nothing hides behind an `&&`: every name, field and
//! kind is looked at, every mistake is found at once, and what the expression needs is noted.

use std::ops::Range;

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::grammar::Places;
use super::kind::Kind;
use super::root::ROOTS;
use super::vocabulary::{ALERT, CERTIFICATE, CHECK, Field, HOP, MEMBER, READING, TALLY};
use super::{Fact, Known, Mistake, Needs, Place, nearest};
use crate::cause::CAUSES;
use crate::outcome::Phase;
use crate::text::FIELDS;

/// What is known of an expression once it was walked through.
pub(super) struct Checked {
    /// What it gives.
    pub(super) kind: Kind,
    /// What it needs of the view.
    pub(super) needs: Needs,
    /// The named conditions that it asks.
    pub(super) facts: Vec<Fact>,
}

/// Walks through a tree.
///
/// # Errors
/// All mistakes, in the order in which they stand in the text.
pub(super) fn check(
    tree: &IdedExpr,
    places: &Places<'_>,
    known: &Known,
    place: Place,
) -> Result<Checked, Vec<Mistake>> {
    let mut walk = Walk {
        places,
        known,
        place,
        needs: Needs::default(),
        facts: Vec::new(),
        mistakes: Vec::new(),
        variables: Vec::new(),
        target_loops: 0,
    };
    let kind = walk.value(tree);
    if walk.mistakes.is_empty() {
        return Ok(Checked { kind, needs: walk.needs, facts: walk.facts });
    }
    walk.mistakes.sort_by_key(|it| (it.span.start, it.span.end));
    walk.mistakes.dedup();
    Err(walk.mistakes)
}

/// The state of the walk.
pub(super) struct Walk<'a> {
    pub(super) places: &'a Places<'a>,
    pub(super) known: &'a Known,
    pub(super) place: Place,
    pub(super) needs: Needs,
    pub(super) facts: Vec<Fact>,
    mistakes: Vec<Mistake>,
    /// The variables of the loops around.
    pub(super) variables: Vec<(String, Kind)>,
    /// How many of these loops go over targets.
    target_loops: usize,
}

impl Walk<'_> {
    /// Notes a mistake.
    pub(super) fn mistake(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.mistakes.push(Mistake { span, message: message.into(), help });
    }

    /// The kind of what stands where a value is wanted.
    pub(super) fn value(&mut self, node: &IdedExpr) -> Kind {
        let kind = self.kind(node);
        if !kind.is_way() {
            return kind;
        }
        let written = &self.places.source()[self.places.extent(node)];
        let help = if kind == Kind::Tally {
            format!("name one of its fields: {}", names(TALLY))
        } else {
            "name one of its fields".to_owned()
        };
        self.mistake(
            self.places.extent(node),
            format!("`{written}` is {}, and no value by itself", kind.name()),
            Some(help),
        );
        Kind::Any
    }

    /// The kind of what a node gives.
    pub(super) fn kind(&mut self, node: &IdedExpr) -> Kind {
        match &node.expr {
            Expr::Literal(literal) => kind_of_literal(literal),
            Expr::Ident(name) => self.name(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => {
                let kinds: Vec<Kind> = list.elements.iter().map(|it| self.value(it)).collect();
                match kinds.split_first() {
                    Some((first, rest)) if rest.iter().all(|it| it.listed() == first.listed()) => {
                        first.listed()
                    }
                    Some(_) | None => Kind::List,
                }
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(it) = &entry.expr {
                        self.value(&it.key);
                        self.value(&it.value);
                    }
                }
                Kind::Map
            }
            Expr::Comprehension(it) => self.comprehension(node, it),
            Expr::Struct(it) => {
                let help = Some("a map is written {'name': 'value'}".to_owned());
                let message = format!("there is no type `{}`", it.type_name);
                self.mistake(self.places.extent(node), message, help);
                Kind::Any
            }
            Expr::Unspecified => Kind::Any,
        }
    }

    fn name(&mut self, node: &IdedExpr, name: &str) -> Kind {
        if let Some((_, kind)) = self.variables.iter().rev().find(|(it, _)| it == name) {
            return *kind;
        }
        let span = self.places.extent(node);
        let Some(root) = ROOTS.iter().find(|it| it.name == name) else {
            let help = self.help_for_name(name);
            self.mistake(span, format!("there is no `{name}`"), Some(help));
            return Kind::Any;
        };
        if !self.place.sees(root.kind) {
            let (message, help) = self.place.refusal(root.name);
            self.mistake(span, message, Some(help.to_owned()));
            return Kind::Any;
        }
        if let Some((message, help)) = self.wrong_subject(root.kind) {
            self.mistake(span, message, Some(help));
            return Kind::Any;
        }
        (root.note)(&mut self.needs);
        root.kind
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Kind {
        let of = self.kind(&select.operand);
        let span = self.places.field(node);
        let kind = self.field(of, &select.operand, &select.field, span);
        if select.test { Kind::Bool } else { kind }
    }

    /// The kind of a field; `of` is the kind of what it is a field of.
    pub(super) fn field(&mut self, of: Kind, operand: &IdedExpr, name: &str, span: Range<usize>) -> Kind {
        match of {
            Kind::Any | Kind::Map => Kind::Any,
            Kind::Labels => self.label(operand, name, span),
            Kind::Target => {
                self.field_of(&[&kinds(READING), &kinds(CERTIFICATE), &kinds(MEMBER)], of, name, span)
            }
            Kind::Joined => self.partner(name, span),
            Kind::Check => {
                self.field_of(&[&kinds(READING), &kinds(CERTIFICATE), &kinds(CHECK)], of, name, span)
            }
            Kind::Hop => self.field_of(&[&kinds(HOP)], of, name, span),
            Kind::Alert => self.field_of(&[&kinds(ALERT)], of, name, span),
            Kind::Tally => {
                if name == "targets" {
                    let scope = scope_of(operand);
                    let asked = self.needs.scopes.iter_mut().find(|it| Some(&*it.name) == scope);
                    if let Some(asked) = asked {
                        asked.targets = true;
                    }
                }
                self.field_of(&[&kinds(TALLY)], of, name, span)
            }
            Kind::Causes => {
                self.refuse_unknown_cause(name, span);
                Kind::Int
            }
            Kind::Distinct => self.distinct(operand, name, span),
            Kind::Scopes => {
                self.declared(&self.known.scopes, "scope", "scopes", name, span);
                if !self.needs.scopes.iter().any(|it| it.name == name) {
                    self.needs.scopes.push(super::ScopeNeed { name: name.to_owned(), targets: false });
                }
                Kind::Tally
            }
            Kind::Checks => {
                self.declared(&self.known.checks, "check", "checks", name, span);
                note(&mut self.needs.checks, name);
                Kind::Check
            }
            Kind::Facts => self.fact(name, span),
            Kind::Fields => {
                let all: Vec<(&'static str, Kind)> = FIELDS.iter().map(|it| (it.name, Kind::Text)).collect();
                self.field_of(&[&all], of, name, span)
            }
            Kind::Queries => {
                self.declared(&self.known.queries, "query", "queries", name, span);
                note(&mut self.needs.queries, name);
                Kind::Double
            }
            Kind::Bool
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
            | Kind::Targets
            | Kind::Hops => {
                let help = of
                    .element()
                    .map(|_| "ask for one of them: [0], or for each: .exists(it, it.…)".to_owned());
                self.mistake(span, format!("{} has no field `{name}`", of.name()), help);
                Kind::Any
            }
        }
    }

    fn field_of(
        &mut self,
        fields: &[&[(&'static str, Kind)]],
        of: Kind,
        name: &str,
        span: Range<usize>,
    ) -> Kind {
        let fields: Vec<(&str, Kind)> = fields.concat();
        if let Some((_, kind)) = fields.iter().find(|(it, _)| *it == name) {
            return *kind;
        }
        let all: Vec<&str> = fields.iter().map(|(it, _)| *it).collect();
        let help = match nearest(name, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has: {}", all.join(", ")),
        };
        self.mistake(span, format!("{} has no field `{name}`", of.name()), Some(help));
        Kind::Any
    }

    /// A name that stands for a cause must be one.
    pub(super) fn refuse_unknown_cause(&mut self, name: &str, span: Range<usize>) {
        if !name.is_empty() && !CAUSES.iter().any(|it| it.name == name) {
            let help = match nearest(name, CAUSES.iter().map(|it| it.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`fingerpost explain` lists the causes".to_owned(),
            };
            self.mistake(span, format!("there is no cause `{name}`"), Some(help));
        }
    }

    /// A name that stands for a phase must be one.
    pub(super) fn refuse_unknown_phase(&mut self, name: &str, span: Range<usize>) {
        if !name.is_empty() && Phase::from_name(name).is_none() {
            let help = format!("there are: {}", Phase::ALL.map(Phase::name).join(", "));
            self.mistake(span, format!("there is no phase `{name}`"), Some(help));
        }
    }

    /// A loop: `exists`, `all`, `exists_one`, `map`, `filter`.
    fn comprehension(&mut self, node: &IdedExpr, it: &ComprehensionExpr) -> Kind {
        let over = self.value(&it.iter_range);
        let element = over.element().unwrap_or_else(|| {
            let span = self.places.extent(&it.iter_range);
            let help =
                Some("a loop goes over a list: `scope.<name>.targets`, `checks.<name>.hops`".to_owned());
            self.mistake(span, format!("{} is no list", over.name()), help);
            Kind::Any
        });
        let callee = self.places.callee(node);
        let variable = &it.iter_var;
        if ROOTS.iter().any(|root| root.name == variable)
            || self.variables.iter().any(|(name, _)| name == variable)
        {
            let help = Some("give the loop's variable another name".to_owned());
            self.mistake(callee.clone(), format!("`{variable}` means something else already"), help);
        }
        let is_target_loop = over == Kind::Targets;
        if is_target_loop && self.target_loops > 0 {
            let help = Some(
                "a fleet of n targets would be looked at n times n times: count with a scope, or `join` two probes"
                    .to_owned(),
            );
            self.mistake(callee.clone(), "a loop over targets inside a loop over targets", help);
        }
        self.target_loops += usize::from(is_target_loop);
        self.variables.push((variable.clone(), element));
        self.variables.push((it.accu_var.clone(), Kind::Any));
        self.value(&it.loop_step);
        self.variables.truncate(self.variables.len() - 2);
        self.target_loops -= usize::from(is_target_loop);
        match &self.places.source()[callee] {
            "all" | "exists" | "exists_one" | "existsOne" => Kind::Bool,
            "filter" => over,
            _ => Kind::List,
        }
    }
}

fn kind_of_literal(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::Bool,
        LiteralValue::Double(_) => Kind::Double,
        LiteralValue::Int(_) => Kind::Int,
        LiteralValue::Null => Kind::Null,
        LiteralValue::String(_) => Kind::Text,
        LiteralValue::Bytes(_) | LiteralValue::UInt(_) => Kind::Any,
    }
}

/// The name of the scope, where a node says `scope.<name>`.
pub(super) fn scope_of(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Select(it) => Some(&it.field),
        Expr::Call(it) => it.args.get(1).and_then(literal_text),
        _ => None,
    }
}

/// The text of a node that is a text as it stands.
pub(super) fn literal_text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn note(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|it| it == name) {
        names.push(name.to_owned());
    }
}

fn kinds<T>(fields: &[Field<T>]) -> Vec<(&'static str, Kind)> {
    fields.iter().map(|it| (it.name, it.kind)).collect()
}

fn names<T>(fields: &[Field<T>]) -> String {
    let all: Vec<&str> = fields.iter().map(|it| it.name).collect();
    all.join(", ")
}
