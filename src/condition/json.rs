//! Conditions on a JSON body, as a module file of the exporter has them: the same grammar, another
//! world. What is in the body nobody knows before it is there, so only names and functions are looked
//! at, and patterns that stand there as they are.

use std::ops::Range;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr};
use regex::Regex;

use super::check::literal_text;
use super::grammar::{Places, parse};
use super::{Mistake, nearest};
use crate::spec::JsonCondition;

/// Looks at a condition on a JSON document, which it calls `body`.
///
/// # Errors
/// Every mistake that is in it.
pub fn over_json(source: &str) -> Result<JsonCondition, Vec<Mistake>> {
    let (tree, places) = parse(source).map_err(|mut it| {
        it.help = it.help.or_else(|| Some(EXAMPLE.to_owned()));
        vec![it]
    })?;
    let mut walk = Walk { places: &places, variables: Vec::new(), mistakes: Vec::new() };
    walk.look(&tree);
    let mut mistakes = walk.mistakes;
    if mistakes.is_empty() {
        return Ok(JsonCondition::new(tree));
    }
    mistakes.sort_by_key(|it| (it.span.start, it.span.end));
    mistakes.dedup();
    Err(mistakes)
}

struct Walk<'a> {
    places: &'a Places<'a>,
    /// The variables of the loops around.
    variables: Vec<String>,
    mistakes: Vec<Mistake>,
}

impl Walk<'_> {
    fn mistake(&mut self, span: Range<usize>, message: String, help: String) {
        self.mistakes.push(Mistake { span, message, help: Some(help) });
    }

    fn look(&mut self, node: &IdedExpr) {
        match &node.expr {
            Expr::Ident(name) => self.name(node, name),
            Expr::Select(select) => self.look(&select.operand),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => list.elements.iter().for_each(|it| self.look(it)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(it) = &entry.expr {
                        self.look(&it.key);
                        self.look(&it.value);
                    }
                }
            }
            Expr::Comprehension(it) => {
                self.look(&it.iter_range);
                let known = self.variables.len();
                self.variables.extend([it.iter_var.clone(), it.accu_var.clone()]);
                self.look(&it.accu_init);
                self.look(&it.loop_cond);
                self.look(&it.loop_step);
                self.look(&it.result);
                self.variables.truncate(known);
            }
            Expr::Struct(it) => {
                let help = "a map is written {'name': 'value'}".to_owned();
                self.mistake(self.places.extent(node), format!("there is no type `{}`", it.type_name), help);
            }
            Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn name(&mut self, node: &IdedExpr, name: &str) {
        let is_known = name == JsonCondition::BODY || TYPES.contains(&name);
        if !is_known && !self.variables.iter().any(|it| it == name) {
            let help = format!("the document is called `body`: {EXAMPLE}");
            self.mistake(self.places.extent(node), format!("there is no `{name}`"), help);
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) {
        let name = call.func_name.as_str();
        let is_operator = !name.starts_with(|it: char| it.is_ascii_alphabetic());
        if !is_operator && !FUNCTIONS.contains(&name) {
            let help = match nearest(name, FUNCTIONS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", FUNCTIONS.join(", ")),
            };
            self.mistake(self.places.callee(node), format!("there is no function `{name}`"), help);
        }
        for part in call.target.as_deref().into_iter().chain(&call.args) {
            self.look(part);
        }
        let pattern = call.args.last().filter(|_| name == "matches");
        if let Some((part, text)) = pattern.and_then(|it| Some((it, literal_text(it)?)))
            && Regex::new(text).is_err()
        {
            let help = "patterns are those of Go and Rust: no look-around, no back-references".to_owned();
            self.mistake(self.places.extent(part), "the pattern cannot be read".to_owned(), help);
        }
    }
}

const EXAMPLE: &str = "conditions look like `body.status == 'up' && body.replicas.all(it, it.ready)`";

/// Names of types, which a condition may compare with `type(…)`.
const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// What CEL's own library has for a JSON document.
const FUNCTIONS: [&str; 25] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(source: &str) -> Vec<(String, String)> {
        let told = over_json(source).map(|_| ()).unwrap_err();
        told.into_iter().map(|it| (source[it.span].to_owned(), it.message)).collect()
    }

    #[test]
    fn names_functions_and_patterns_are_looked_at_behind_every_corner() {
        let table = [
            ("true || status == 'up'", "status"),
            ("body.all(it, it.ok && its.ok)", "its"),
            ("body.x.matchs('a')", "matchs"),
            ("false && body.x.matches('a(')", "'a('"),
            ("body.x == Y{a: 1}", "Y{a: 1}"),
        ];
        for (source, place) in table {
            let told = mistakes(source);
            assert_eq!(told.iter().map(|(at, _)| &**at).collect::<Vec<_>>(), [place], "{source}");
        }
        let told = mistakes("a && b.map(it, c)");
        assert_eq!(told.iter().map(|(at, _)| &**at).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn what_the_exporter_takes_is_taken() {
        for source in [
            "body.foo == 'bar'",
            "has(body.a) && body['b c'] in [1, 2.0, dyn('x')]",
            "size(body.items.filter(it, it.n >= 2)) > 0 ? body.x != null : type(body.y) == string",
            "body.items.map(it, it.n).exists_one(n, n == 1)",
            "timestamp(body.at) > timestamp('2026-01-01T00:00:00Z') && body.name.matches('^[a-z]+$')",
        ] {
            assert!(over_json(source).is_ok(), "{source}");
        }
    }
}
