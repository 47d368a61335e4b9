//! The commonest conditions, answered without CEL: with a hundred thousand targets, most of what
//! is asked is `target.failing`.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::check::literal_text;
use crate::view::View;

/// A condition that needs no more than a look.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Quick {
    /// `true`, `false`.
    Always(bool),
    /// `target.failing`.
    Failing,
    /// `target.unknown`.
    Unknown,
    /// `target.cause == '…'`.
    Cause(Box<str>),
    /// `target.status == …`.
    Status(i64),
    /// `labels.… == '…'`.
    Label(Box<str>, Box<str>),
    /// `!…`, `… != …`.
    Not(Box<Self>),
    /// `… && …`.
    Both(Box<(Self, Self)>),
}

impl Quick {
    /// The quick way to a condition without mistakes, where there is one.
    pub(super) fn of(node: &IdedExpr) -> Option<Self> {
        match &node.expr {
            Expr::Literal(LiteralValue::Boolean(it)) => Some(Self::Always(*it.inner())),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_NOT, [it]) => Self::of(it).map(|it| Self::Not(Box::new(it))),
                (operators::LOGICAL_AND, [left, right]) => {
                    Some(Self::Both(Box::new((Self::of(left)?, Self::of(right)?))))
                }
                (operators::EQUALS, [left, right]) => Self::equality(left, right),
                (operators::NOT_EQUALS, [left, right]) => {
                    Self::equality(left, right).map(|it| Self::Not(Box::new(it)))
                }
                _ => None,
            },
            _ => match path(node)? {
                ("target", "failing") => Some(Self::Failing),
                ("target", "unknown") => Some(Self::Unknown),
                _ => None,
            },
        }
    }

    fn equality(left: &IdedExpr, right: &IdedExpr) -> Option<Self> {
        match (path(left)?, &right.expr) {
            (("target", "cause"), _) => Some(Self::Cause(literal_text(right)?.into())),
            (("target", "status"), Expr::Literal(LiteralValue::Int(it))) => Some(Self::Status(*it.inner())),
            (("labels", name), _) => Some(Self::Label(name.into(), literal_text(right)?.into())),
            _ => None,
        }
    }

    /// Whether it holds.
    pub(super) fn holds(&self, view: &dyn View) -> bool {
        match self {
            Self::Always(it) => *it,
            Self::Failing => view.target().failing,
            Self::Unknown => view.target().unknown,
            Self::Cause(cause) => view.target().cause == &**cause,
            Self::Status(status) => i64::from(view.target().status) == *status,
            Self::Label(name, value) => view.labels().get(name) == &**value,
            Self::Not(it) => !it.holds(view),
            Self::Both(both) => both.0.holds(view) && both.1.holds(view),
        }
    }
}

/// The two words of `word.word`.
fn path(node: &IdedExpr) -> Option<(&str, &str)> {
    match &node.expr {
        Expr::Select(it) if !it.test => match &it.operand.expr {
            Expr::Ident(root) => Some((root, &it.field)),
            _ => None,
        },
        _ => None,
    }
}
