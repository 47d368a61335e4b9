//! Interface only; the parser replaces this file.
/// What an exposition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub samples: u64,
}
/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub line: u64,
    pub column: u64,
    pub kind: FlawKind,
}
/// Kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlawKind {
    Syntax,
    SampleLimit,
    LabelLimit,
}
