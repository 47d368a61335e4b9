//! Small changes to the tree before it is evaluated: a literal regex is compiled once, `firing`
//! asks the view, and `has(labels.x)` and `has(fields.x)` mean that it is not empty.

use std::sync::Arc;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};
use regex::Regex;

use super::check::literal_text;
use super::firing::{FIRING, FIRING_PREFIX};
use super::world::{MEMBERS, pattern_name};

/// Changes a tree that has no mistakes, and gives the regexes that it now refers to.
pub(super) fn lower(tree: &mut IdedExpr) -> Vec<Arc<Regex>> {
    let mut patterns = Vec::new();
    lower_node(tree, &mut patterns);
    patterns
}

fn lower_node(node: &mut IdedExpr, patterns: &mut Vec<Arc<Regex>>) {
    match &mut node.expr {
        Expr::Call(call) => {
            for part in call.target.as_deref_mut().into_iter().chain(&mut call.args) {
                lower_node(part, patterns);
            }
            if let Some(changed) = lower_call(call, patterns) {
                node.expr = changed;
            }
        }
        Expr::Comprehension(it) => {
            lower_node(&mut it.iter_range, patterns);
            lower_node(&mut it.loop_step, patterns);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(|it| lower_node(it, patterns)),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(it) = &mut entry.expr {
                    lower_node(&mut it.key, patterns);
                    lower_node(&mut it.value, patterns);
                }
            }
        }
        Expr::Select(select) => {
            lower_node(&mut select.operand, patterns);
            if select.test && is_never_absent(&select.operand) {
                select.test = false;
                let empty = Expr::Literal(LiteralValue::String("".into()));
                node.expr = binary(operators::NOT_EQUALS, std::mem::take(&mut node.expr), empty);
            }
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
    }
}

fn lower_call(call: &mut CallExpr, patterns: &mut Vec<Arc<Regex>>) -> Option<Expr> {
    match call.func_name.as_str() {
        "firing" => {
            let arguments = Expr::List(ListExpr::new(std::mem::take(&mut call.args)));
            Some(binary(operators::INDEX, Expr::Ident(FIRING.to_owned()), arguments))
        }
        "members" => {
            let probe = std::mem::take(call.args.first_mut()?);
            Some(binary(operators::INDEX, Expr::Ident(MEMBERS.to_owned()), probe.expr))
        }
        "firing_prefix" => {
            let prefix = std::mem::take(call.args.first_mut()?);
            Some(binary(operators::INDEX, Expr::Ident(FIRING_PREFIX.to_owned()), prefix.expr))
        }
        "matches" => {
            let pattern = Regex::new(literal_text(call.args.last()?)?).ok()?;
            let text = match call.target.take() {
                Some(text) => *text,
                None => std::mem::take(call.args.first_mut()?),
            };
            let name = pattern_name(patterns.len());
            patterns.push(Arc::new(pattern));
            Some(binary(operators::INDEX, Expr::Ident(name), text.expr))
        }
        _ => None,
    }
}

/// Whether a node has every field, the absent ones as `''`.
fn is_never_absent(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Ident(name) => name == "labels" || name == "fields",
        Expr::Select(it) => it.field == "labels",
        _ => false,
    }
}

fn binary(operator: &str, left: Expr, right: Expr) -> Expr {
    let node = |expr| IdedExpr { id: 0, expr };
    Expr::Call(CallExpr { func_name: operator.to_owned(), target: None, args: vec![node(left), node(right)] })
}
