//! Interface only.
use crate::view::View;
use std::ops::Range;
/// A condition.
#[derive(Debug)]
pub struct Condition(());
/// What is wrong with a condition's or template's text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub span: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}
/// Names that the alert around a condition declares.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub scopes: Vec<String>,
    pub checks: Vec<String>,
    pub queries: Vec<String>,
    pub distinct: Vec<(String, String)>,
}
/// A condition that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub message: String,
}
impl Condition {
    /// Compiles.
    pub fn compile(_source: &str, _known: &Known) -> Result<Self, Vec<Mistake>> {
        unimplemented!()
    }
    /// Whether it holds.
    pub fn holds(&self, _view: &dyn View) -> Result<bool, Failed> {
        unimplemented!()
    }
    /// As written.
    pub fn source(&self) -> &str {
        unimplemented!()
    }
}
