//! The order of things: an expression that gives each of them its rank.

use std::cmp::Ordering;

use cel::Value;

use super::{Expression, Failed, Known, Mistake, Place};
use crate::view::View;

/// An expression by whose value members are put in order.
#[derive(Debug)]
pub struct Order(Expression);

impl Order {
    /// Compiles an expression that sees one member.
    ///
    /// # Errors
    /// Every mistake that is in it.
    pub fn compile(source: &str, known: &Known) -> Result<Self, Vec<Mistake>> {
        Expression::text(source, known, Place::Member).map(Self)
    }

    /// Where the member stands.
    ///
    /// # Errors
    /// As [`super::Condition::holds`].
    pub fn rank(&self, view: &dyn View) -> Result<Rank, Failed> {
        self.0.value(view).map(Rank::of)
    }
}

/// A place in an order: the lesser stands first. `false` is less than `true`; what has no value stands last.
#[derive(Clone, Debug)]
pub enum Rank {
    /// A number, a truth, or a time in seconds.
    Number(f64),
    /// A text.
    Text(String),
    /// No value.
    Last,
}

impl Rank {
    fn of(value: Value) -> Self {
        match value {
            Value::Bool(it) => Self::Number(f64::from(u8::from(it))),
            Value::Float(it) => Self::Number(it),
            #[expect(clippy::cast_precision_loss, reason = "counts and statuses are far below 2^52")]
            Value::Int(it) => Self::Number(it as f64),
            #[expect(clippy::cast_precision_loss, reason = "counts and statuses are far below 2^52")]
            Value::UInt(it) => Self::Number(it as f64),
            Value::Duration(it) => Self::Number(it.as_seconds_f64()),
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
            Value::Timestamp(it) => Self::Number(it.timestamp() as f64),
            Value::String(it) => Self::Text(it.to_string()),
            _ => Self::Last,
        }
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Last, Self::Last) => Ordering::Equal,
            (Self::Number(_), Self::Text(_) | Self::Last) | (Self::Text(_), Self::Last) => Ordering::Less,
            (Self::Text(_) | Self::Last, Self::Number(_)) | (Self::Last, Self::Text(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank {}
