//! Operators and functions: whether they are called with what they take, and what they give.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, Value};
use regex::Regex;

use super::check::{Walk, literal_text};
use super::function::{FUNCTIONS, Function, MACROS};
use super::kind::Kind;
use super::{Mention, Place, nearest};
use crate::labels::is_label_name;

impl Walk<'_> {
    /// The kind of what a call gives.
    pub(super) fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Kind {
        let CallExpr { func_name, target: None, args } = call else {
            return self.function(node, call);
        };
        match (func_name.as_str(), args.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
                self.truth(left);
                self.truth(right);
                Kind::Bool
            }
            (operators::LOGICAL_NOT, [it]) => {
                self.truth(it);
                Kind::Bool
            }
            (operators::NOT_STRICTLY_FALSE, _) => Kind::Bool,
            (operators::CONDITIONAL, [condition, yes, no]) => {
                self.truth(condition);
                let (yes, no) = (self.value(yes), self.value(no));
                if yes == no { yes } else { Kind::Any }
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => self.equality(node, left, right),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => self.order(node, left, right),
            (operators::IN, [one, many]) => self.membership(node, one, many),
            (operators::INDEX, [of, index]) => self.index(node, of, index),
            (operators::NEGATE, [it]) => {
                let kind = self.value(it);
                if kind != Kind::Any && !kind.is_number() {
                    let message = format!("{} has no minus", kind.name());
                    self.mistake(self.places.extent(node), message, None);
                }
                kind
            }
            (
                operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO,
                [left, right],
            ) => self.arithmetic(node, func_name, left, right),
            _ => self.function(node, call),
        }
    }

    /// What stands here must be true or false.
    fn truth(&mut self, node: &IdedExpr) {
        let kind = self.value(node);
        if !Kind::Bool.takes(kind) {
            let message = format!("{} is neither true nor false", kind.name());
            let help = "compare it with something: ==, !=, <, >".to_owned();
            self.mistake(self.places.extent(node), message, Some(help));
        }
    }

    fn equality(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Kind {
        let kinds = (self.value(left), self.value(right));
        if kinds.0.compares_with(kinds.1) {
            self.refuse_unknown_word(kinds.0, right);
            self.refuse_unknown_word(kinds.1, left);
        } else {
            self.refuse_comparison(node, (left, kinds.0), (right, kinds.1));
        }
        Kind::Bool
    }

    fn order(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Kind {
        let kinds = (self.value(left), self.value(right));
        if !kinds.0.compares_with(kinds.1) {
            self.refuse_comparison(node, (left, kinds.0), (right, kinds.1));
        } else if let Some(kind) = [kinds.0, kinds.1].into_iter().find(|it| !it.is_ordered()) {
            let message = format!("{} is neither less nor more", kind.name());
            self.mistake(self.places.extent(node), message, None);
        }
        Kind::Bool
    }

    fn refuse_comparison(&mut self, node: &IdedExpr, left: (&IdedExpr, Kind), right: (&IdedExpr, Kind)) {
        let message = format!("this compares {} with {}", left.1.name(), right.1.name());
        let help = help_for_comparison(left.1, right).or_else(|| help_for_comparison(right.1, left));
        self.mistake(self.places.extent(node), message, help);
    }

    fn membership(&mut self, node: &IdedExpr, one: &IdedExpr, many: &IdedExpr) -> Kind {
        let kinds = (self.value(one), self.kind(many));
        let span = self.places.extent(node);
        match (&many.expr, kinds.1.element()) {
            (Expr::List(list), _) => {
                for element in &list.elements {
                    let kind = self.value(element);
                    if kinds.0.compares_with(kind) {
                        self.refuse_unknown_word(kinds.0, element);
                    } else {
                        let message =
                            format!("{} is looked for, and this is {}", kinds.0.name(), kind.name());
                        self.mistake(self.places.extent(element), message, None);
                    }
                }
            }
            (_, Some(element)) if element.compares_with(kinds.0) => {}
            (_, Some(element)) => {
                let message =
                    format!("{} is looked for in a list of which each is {}", kinds.0.name(), element.name());
                self.mistake(span, message, None);
            }
            (_, None) => {
                let help = if kinds.1 == Kind::Labels {
                    "has(labels.x) asks whether there is a label x"
                } else if kinds.1.is_text() {
                    "text.contains('…') looks into a text"
                } else {
                    "a list is written ['a', 'b']"
                };
                self.mistake(span, format!("{} is no list", kinds.1.name()), Some(help.to_owned()));
            }
        }
        Kind::Bool
    }

    fn index(&mut self, node: &IdedExpr, of: &IdedExpr, index: &IdedExpr) -> Kind {
        let kind = self.kind(of);
        let span = self.places.extent(index);
        if let Some(name) = literal_text(index) {
            return self.field(kind, of, name, span);
        }
        let given = self.value(index);
        if kind == Kind::Labels && given.is_text() {
            return Kind::Text;
        }
        let Some(element) = kind.element() else {
            let message = format!("{} has no places", kind.name());
            self.mistake(self.places.extent(node), message, Some("name the field itself".to_owned()));
            return Kind::Any;
        };
        if kind.is_list() && !Kind::Int.takes(given) {
            let message = format!("a list has numbers for its places, and this is {}", given.name());
            self.mistake(span, message, Some("the first is [0]".to_owned()));
            return Kind::Any;
        }
        element
    }

    fn arithmetic(&mut self, node: &IdedExpr, operator: &str, left: &IdedExpr, right: &IdedExpr) -> Kind {
        let kinds = (self.value(left), self.value(right));
        let result = match (operator, kinds) {
            (_, (Kind::Any, _) | (_, Kind::Any)) => Some(Kind::Any),
            (_, (Kind::Int, Kind::Int)) => Some(Kind::Int),
            (operators::MODULO, _) => None,
            (_, (Kind::Double, Kind::Double)) => Some(Kind::Double),
            (operators::ADD | operators::SUBSTRACT, (Kind::Timestamp, Kind::Duration)) => {
                Some(Kind::Timestamp)
            }
            (operators::ADD, (Kind::Duration, Kind::Timestamp)) => Some(Kind::Timestamp),
            (operators::ADD | operators::SUBSTRACT, (Kind::Duration, Kind::Duration))
            | (operators::SUBSTRACT, (Kind::Timestamp, Kind::Timestamp)) => Some(Kind::Duration),
            (operators::ADD, (one, other)) if one.is_text() && other.is_text() => Some(Kind::Text),
            (operators::ADD, (one, other)) if one.is_list() && other.is_list() => {
                Some(if one == other { one } else { Kind::List })
            }
            _ => None,
        };
        result.unwrap_or_else(|| {
            let sign = operator.trim_matches('_');
            let message = format!("{} {sign} {} cannot be reckoned", kinds.0.name(), kinds.1.name());
            let help = help_for_arithmetic(operator, kinds).map(str::to_owned);
            self.mistake(self.places.extent(node), message, help);
            Kind::Any
        })
    }

    fn function(&mut self, node: &IdedExpr, call: &CallExpr) -> Kind {
        let is_strings = call.target.as_ref().is_some_and(|it| it.expr == Expr::Ident("strings".to_owned()));
        let (name, target) = if is_strings {
            (format!("strings.{}", call.func_name), None)
        } else {
            (call.func_name.clone(), call.target.as_deref())
        };
        if let Some((_, example)) = MACROS.iter().find(|(it, _)| *it == name) {
            let span = self.places.callee(node);
            self.mistake(span, format!("`{name}` is not called so"), Some(format!("write {example}")));
            return Kind::Any;
        }
        let on = target.map(|it| self.value(it));
        let given: Vec<Kind> = call.args.iter().map(|it| self.value(it)).collect();
        let fitting: Vec<&Function> =
            FUNCTIONS.iter().filter(|it| it.name == name && it.on.is_some() == on.is_some()).collect();
        if fitting.is_empty() {
            self.refuse_function(node, &name, on.is_some());
            return Kind::Any;
        }
        let fits = |it: &&&Function| {
            it.takes.len() == given.len()
                && it.on.zip(on).is_none_or(|(wanted, it)| wanted.takes(it))
                && it.takes.iter().zip(&given).all(|(wanted, it)| wanted.takes(*it))
        };
        let Some(row) = fitting.iter().find(fits) else {
            let ways: Vec<String> = fitting.iter().map(|it| it.signature()).collect();
            let told: Vec<&str> = on.iter().chain(&given).map(|it| it.name()).collect();
            let message = match told.as_slice() {
                [] => format!("`{name}` is given nothing"),
                told => format!("`{name}` cannot be called with {}", told.join(", ")),
            };
            self.mistake(self.places.extent(node), message, Some(format!("it is {}", ways.join(" or "))));
            return Kind::Any;
        };
        self.look_into(node, &name, call);
        row.gives
    }

    fn refuse_function(&mut self, node: &IdedExpr, name: &str, on_value: bool) {
        let span = self.places.callee(node);
        if let Some(other) = FUNCTIONS.iter().find(|it| it.name == name) {
            let help = format!("write {}", other.signature());
            self.mistake(span, format!("`{name}` is not called so"), Some(help));
            return;
        }
        let alike = FUNCTIONS.iter().filter(|it| it.on.is_some() == on_value).map(|it| it.name);
        let all = alike.chain(MACROS.iter().map(|(it, _)| *it));
        let help = nearest(name, all).map(|near| format!("did you mean `{near}`?"));
        self.mistake(span, format!("there is no function `{name}`"), help);
    }

    /// What only a look at the arguments themselves can tell.
    fn look_into(&mut self, node: &IdedExpr, name: &str, call: &CallExpr) {
        match name {
            "firing" => self.firing(node, call),
            "members" => self.members_of(node, call),
            "firing_prefix" => {
                self.refuse_question(node, name);
                self.needs.alert_prefixes = true;
            }
            "matches" => {
                let Some((node, pattern)) = call.args.last().and_then(|it| Some((it, literal_text(it)?)))
                else {
                    return;
                };
                if let Err(error) = Regex::new(pattern) {
                    let told = error.to_string();
                    let why = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    let message = format!("this is no regular expression: {why}");
                    self.mistake(self.places.extent(node), message, None);
                }
            }
            "duration" => {
                self.literal(node, call, "duration", "hours, minutes and seconds: '1h30m', '90s', '200ms'");
            }
            "timestamp" => self.literal(node, call, "point in time", "write '2026-01-31T23:59:00Z'"),
            _ => {}
        }
    }

    /// A call with a text as it stands gives the same today as at night: it is made at once.
    fn literal(&mut self, node: &IdedExpr, call: &CallExpr, what: &str, help: &str) {
        let Some((argument, text)) = call.args.first().and_then(|it| Some((it, literal_text(it)?))) else {
            return;
        };
        let context = Context::with_env(std::sync::Arc::clone(&super::grammar::ENV));
        if Value::resolve(node, &context).is_err() {
            let message = format!("`{text}` is no {what}");
            self.mistake(self.places.extent(argument), message, Some(help.to_owned()));
        }
    }

    /// Where only one target is seen, nobody can ask about other alerts.
    fn refuse_question(&mut self, node: &IdedExpr, name: &str) {
        match self.place {
            Place::Alert | Place::Check => {}
            Place::Scope | Place::Member | Place::Label | Place::Text => {
                let (message, help) = self.place.refusal(name);
                self.mistake(self.places.callee(node), message, Some(help.to_owned()));
            }
        }
    }

    fn firing(&mut self, node: &IdedExpr, call: &CallExpr) {
        self.refuse_question(node, "firing");
        let Some(name) = call.args.first() else { return };
        let span = self.places.extent(name);
        match literal_text(name) {
            Some(text) => self.needs.alerts.push(Mention { name: text.to_owned(), span }),
            None => self.mistake(span, "an alert's name is written out: 'ProberIsolated'", None),
        }
        if let Some(labels) = call.args.get(1) {
            self.wanted_labels(labels);
        }
    }

    /// The labels that another alert must have: a map that is written out.
    fn wanted_labels(&mut self, node: &IdedExpr) {
        let Expr::Map(map) = &node.expr else {
            let help = Some("write {'region': labels.region}".to_owned());
            self.mistake(self.places.extent(node), "the labels are no map that is written out", help);
            return;
        };
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            if !literal_text(&entry.key).is_some_and(is_label_name) {
                let help = Some("write it in quotes: 'region'".to_owned());
                self.mistake(self.places.extent(&entry.key), "this is no label's name", help);
            }
            let value = self.value(&entry.value);
            if !value.is_text() {
                let message = format!("a label's value is a text, and this is {}", value.name());
                let help = Some("string(…) makes a text of it".to_owned());
                self.mistake(self.places.extent(&entry.value), message, help);
            }
        }
    }

    /// A text that is compared with a word of a closed list must be one of them.
    fn refuse_unknown_word(&mut self, kind: Kind, other: &IdedExpr) {
        let Some(text) = literal_text(other) else { return };
        let span = self.places.extent(other);
        if kind == Kind::Cause {
            self.refuse_unknown_cause(text, span);
        } else if kind == Kind::Phase {
            self.refuse_unknown_phase(text, span);
        }
    }
}

/// What to write instead of `other` where it is compared with a thing of that kind.
fn help_for_comparison(kind: Kind, other: (&IdedExpr, Kind)) -> Option<String> {
    let written = match &other.0.expr {
        Expr::Literal(LiteralValue::Int(it)) => Some(it.inner().to_string()),
        Expr::Literal(LiteralValue::Double(it)) => Some(it.inner().to_string()),
        Expr::Literal(LiteralValue::String(it)) => Some(it.inner().to_owned()),
        _ => None,
    };
    if kind == Kind::Duration && other.1.is_number() {
        return Some(format!("write duration('{}s')", written.unwrap_or_else(|| "10".to_owned())));
    }
    if kind == Kind::Duration && other.1 == Kind::Text {
        return Some(format!("write duration('{}')", written.unwrap_or_else(|| "10s".to_owned())));
    }
    if kind == Kind::Timestamp && other.1 == Kind::Text {
        let written = written.unwrap_or_else(|| "2026-01-31T23:59:00Z".to_owned());
        return Some(format!("write timestamp('{written}')"));
    }
    if kind == Kind::Timestamp && other.1 == Kind::Duration {
        return Some("take one point in time from the other: target.certificate_not_after - now".to_owned());
    }
    if kind.is_number() && other.1 == Kind::Text {
        return Some("number_at_end(…) and int(…) make a number of a text".to_owned());
    }
    if kind == Kind::Bool && other.1 == Kind::Text {
        return Some("true and false stand without quotes".to_owned());
    }
    None
}

fn help_for_arithmetic(operator: &str, kinds: (Kind, Kind)) -> Option<&'static str> {
    match kinds {
        (one, other) if one.is_number() && other.is_number() && operator != operators::MODULO => {
            Some("both must be of one sort: write 100.0 for 100, or double(…)")
        }
        (one, other) if operator == operators::ADD && (one.is_text() || other.is_text()) => {
            Some("string(…) makes a text of it")
        }
        (Kind::Duration, other) | (other, Kind::Duration) if other.is_number() => {
            Some("getSeconds() makes a number of a duration")
        }
        _ => None,
    }
}
