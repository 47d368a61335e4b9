//! What hangs on nothing that is seen, and fails: it fails every night, so it is told today.

use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, operators};
use cel::{Context, Value};

use super::Mistake;
use super::grammar::{ENV, Places};

/// The smallest parts that always fail, in the order in which they stand in the text.
pub(super) fn failures(tree: &IdedExpr, places: &Places<'_>) -> Vec<Mistake> {
    let mut trial = Trial { places, variables: Vec::new(), mistakes: Vec::new() };
    trial.look(tree);
    trial.mistakes.sort_by_key(|it| (it.span.start, it.span.end));
    trial.mistakes
}

struct Trial<'a> {
    places: &'a Places<'a>,
    /// The variables of the loops around, two for each.
    variables: Vec<String>,
    mistakes: Vec<Mistake>,
}

/// What a part hangs on.
#[derive(Default)]
struct Hangs {
    /// On what is seen, or on a part that always fails and was told.
    outside: bool,
    /// On loops around it, by their number.
    loops: Vec<usize>,
}

impl Hangs {
    fn is_constant(&self) -> bool {
        !self.outside && self.loops.is_empty()
    }

    fn take_in(&mut self, other: Self) {
        self.outside |= other.outside;
        self.loops.extend(other.loops);
    }
}

impl Trial<'_> {
    /// Looks at the parts first; what is constant and has none that fails is tried.
    fn look(&mut self, node: &IdedExpr) -> Hangs {
        let mut hangs = Hangs::default();
        match &node.expr {
            Expr::Literal(_) => return hangs,
            Expr::Unspecified | Expr::Struct(_) => hangs.outside = true,
            Expr::Ident(name) => match self.variables.iter().rposition(|it| it == name) {
                Some(at) => hangs.loops.push(at / 2),
                None => hangs.outside = true,
            },
            Expr::Select(it) => {
                hangs.take_in(self.look(&it.operand));
            }
            Expr::Call(call) => {
                let parts: Vec<Hangs> =
                    call.target.as_deref().into_iter().chain(&call.args).map(|it| self.look(it)).collect();
                let divides = matches!(call.func_name.as_str(), operators::DIVIDE | operators::MODULO);
                if let ([left, right], [_, divisor]) = (parts.as_slice(), call.args.as_slice())
                    && divides
                    && right.is_constant()
                    && !left.is_constant()
                    && matches!(value(divisor), Ok(Value::Int(0) | Value::UInt(0)))
                {
                    self.tell(divisor, "a division by zero");
                }
                for part in parts {
                    hangs.take_in(part);
                }
                hangs.outside |= ASKING.contains(&call.func_name.as_str());
            }
            Expr::List(list) => list.elements.iter().for_each(|it| hangs.take_in(self.look(it))),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(it) = &entry.expr {
                        hangs.take_in(self.look(&it.key));
                        hangs.take_in(self.look(&it.value));
                    }
                }
            }
            Expr::Comprehension(it) => {
                hangs.take_in(self.look(&it.iter_range));
                let own = self.variables.len() / 2;
                self.variables.extend([it.iter_var.clone(), it.accu_var.clone()]);
                for part in [&it.loop_step, &it.loop_cond, &it.result] {
                    hangs.take_in(self.look(part));
                }
                self.variables.truncate(own * 2);
                hangs.loops.retain(|it| *it != own);
            }
        }
        if hangs.is_constant()
            && let Err(why) = value(node)
        {
            self.tell(node, &why);
            hangs.outside = true;
        }
        hangs
    }

    fn tell(&mut self, node: &IdedExpr, why: &str) {
        let message = format!("this always fails: {}", why.to_lowercase());
        let help = "it hangs on nothing that is seen, so it would fail every night";
        self.mistakes.push(Mistake::new(self.places.extent(node), message, Some(help)));
    }
}

fn value(node: &IdedExpr) -> Result<Value, String> {
    let context = Context::with_env(Arc::clone(&ENV));
    Value::resolve(node, &context).map_err(|it| it.to_string())
}

/// Calls that ask the view.
const ASKING: [&str; 3] = ["firing", "firing_prefix", "members"];
