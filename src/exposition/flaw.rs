//! What is wrong with an exposition, and where. The words are for people; what follows from a flaw
//! is decided by `cause`.

use std::fmt;

/// The first thing in an exposition that Prometheus would not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw {
    /// The line, counted from 1 by the line feeds before it.
    pub line: u64,
    /// The byte within the line, counted from 1. One past the last byte where something is missing there.
    pub column: u64,
    /// What is wrong at that place.
    pub kind: FlawKind,
}

/// Everything that can be wrong with an exposition: its grammar, or a limit it goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlawKind {
    /// The line begins with a byte that can begin nothing.
    LineStart,
    /// The line begins with a UTF-8 byte order mark.
    ByteOrderMark,
    /// A carriage return where the line should end; lines end with a line feed alone.
    CarriageReturn,
    /// An empty line, which OpenMetrics does not allow.
    BlankLine,
    /// A comment, of which OpenMetrics allows only HELP, TYPE, UNIT and EOF.
    Comment,
    /// HELP, TYPE or UNIT without a metric name.
    MetadataName,
    /// HELP, TYPE or UNIT whose name is not followed by one space and a text.
    MetadataText,
    /// A HELP text that is not UTF-8.
    HelpUtf8,
    /// A TYPE that the format does not have.
    TypeUnknown,
    /// A UNIT that the metric's name does not end with.
    UnitSuffix,
    /// A sample without a metric name.
    MetricNameMissing,
    /// A sample with two metric names.
    MetricNameTwice,
    /// A metric name that is not UTF-8.
    MetricNameUtf8,
    /// Something else where a label name or the closing brace should be.
    LabelName,
    /// A label name that is empty or not UTF-8.
    LabelNameInvalid,
    /// Two labels of one name on a sample.
    LabelTwice,
    /// A label name without an equals sign.
    LabelEquals,
    /// A label's equals sign without a quoted value.
    LabelValue,
    /// A label value whose closing quote is missing.
    LabelValueOpen,
    /// A label value that is not UTF-8.
    LabelValueUtf8,
    /// A label that neither a comma nor the closing brace follows, as OpenMetrics demands.
    LabelComma,
    /// A quoted name whose closing quote is missing.
    NameOpen,
    /// A sample without a value.
    ValueMissing,
    /// A value that is not a number.
    ValueInvalid,
    /// A number that a 64-bit float cannot hold.
    ValueRange,
    /// A timestamp that is not one: whole milliseconds in the text format, seconds in OpenMetrics.
    TimestampInvalid,
    /// A timestamp beyond what its type holds.
    TimestampRange,
    /// Something after a sample that does not belong there.
    SampleEnd,
    /// Something after a sample that begins like an exemplar and is none.
    Exemplar,
    /// OpenMetrics without `# EOF` at its end.
    EofMissing,
    /// OpenMetrics that goes on after `# EOF`.
    EofNotLast,
    /// More samples than [`Limits::samples_max`](super::Limits::samples_max).
    SampleLimit,
    /// More labels on a sample than [`Limits::labels_max`](super::Limits::labels_max).
    LabelLimit,
    /// A label name longer than [`Limits::label_name_bytes_max`](super::Limits::label_name_bytes_max).
    LabelNameLimit,
    /// A label value or metric name longer than
    /// [`Limits::label_value_bytes_max`](super::Limits::label_value_bytes_max).
    LabelValueLimit,
    /// A line longer than [`Limits::line_bytes_max`](super::Limits::line_bytes_max).
    LineLimit,
}

/// Which of the limits a flaw went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// The number of samples in the exposition.
    Samples,
    /// The number or the length of labels on one sample.
    Labels,
    /// The length of one line, whatever it holds.
    Line,
}

impl FlawKind {
    /// The limit that was gone over; `None` where Prometheus could not read the exposition at all.
    pub fn limit(self) -> Option<Limit> {
        self.row().0
    }

    /// What is wrong, in words that follow a colon.
    pub fn words(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (Option<Limit>, &'static str) {
        match self {
            Self::LineStart => (None, "a line begins with neither a metric name, a brace nor a comment"),
            Self::ByteOrderMark => (None, "a line begins with a byte order mark"),
            Self::CarriageReturn => (None, "a carriage return stands before the end of the line"),
            Self::BlankLine => (None, "OpenMetrics has no blank lines"),
            Self::Comment => (None, "OpenMetrics has no comments but HELP, TYPE, UNIT and EOF"),
            Self::MetadataName => (None, "HELP, TYPE or UNIT names no metric"),
            Self::MetadataText => {
                (None, "the name in HELP, TYPE or UNIT is not followed by a space and a text")
            }
            Self::HelpUtf8 => (None, "a help text is not UTF-8"),
            Self::TypeUnknown => (None, "the format has no such metric type"),
            Self::UnitSuffix => (None, "the metric's name does not end with its unit"),
            Self::MetricNameMissing => (None, "a sample has no metric name"),
            Self::MetricNameTwice => (None, "a sample has two metric names"),
            Self::MetricNameUtf8 => (None, "a metric name is not UTF-8"),
            Self::LabelName => (None, "a label name or a closing brace is missing"),
            Self::LabelNameInvalid => (None, "a label name is empty or not UTF-8"),
            Self::LabelTwice => (None, "a label stands twice on one sample"),
            Self::LabelEquals => (None, "a label name is not followed by an equals sign"),
            Self::LabelValue => (None, "a label has no quoted value"),
            Self::LabelValueOpen => (None, "a label value is not closed"),
            Self::LabelValueUtf8 => (None, "a label value is not UTF-8"),
            Self::LabelComma => (None, "a comma or a closing brace is missing after a label"),
            Self::NameOpen => (None, "a quoted name is not closed"),
            Self::ValueMissing => (None, "a sample has no value"),
            Self::ValueInvalid => (None, "a value is not a number"),
            Self::ValueRange => (None, "a value is too large for a 64-bit float"),
            Self::TimestampInvalid => (None, "a timestamp is not a number"),
            Self::TimestampRange => (None, "a timestamp is out of range"),
            Self::SampleEnd => (None, "a sample is followed by something else on its line"),
            Self::Exemplar => (None, "an exemplar does not begin with a hash, a space and a brace"),
            Self::EofMissing => (None, "the end is missing: `# EOF`"),
            Self::EofNotLast => (None, "something stands after `# EOF`"),
            Self::SampleLimit => (Some(Limit::Samples), "there are more samples than the limit allows"),
            Self::LabelLimit => (Some(Limit::Labels), "a sample has more labels than the limit allows"),
            Self::LabelNameLimit => (Some(Limit::Labels), "a label name is longer than the limit allows"),
            Self::LabelValueLimit => (Some(Limit::Labels), "a label value is longer than the limit allows"),
            Self::LineLimit => (Some(Limit::Line), "a line is longer than the limit allows"),
        }
    }
}

impl fmt::Display for FlawKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for Flaw {}
