//! Texts with holes: `{{ … }}` holds an expression of the language of conditions, and nothing else
//! is special. A literal `{{` is written `{{ '{{' }}`.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use cel::Value;
use chrono::{SecondsFormat, TimeDelta};

use crate::condition::{Expression, Failed, Known, Mention, Mistake, Needs, Place, Written, marks};
use crate::view::View;

/// A text with holes that can be filled in.
#[derive(Debug)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
    written: Option<Arc<Written>>,
}

#[derive(Debug)]
enum Part {
    /// These bytes of the source, as they are.
    Text(Range<usize>),
    /// What the expression gives that begins at this byte of the source.
    Hole(usize, Box<Expression>),
}

/// What the holes of a template may speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// `labels` alone, so that the text never changes: for labels and queries.
    LabelsOnly,
    /// One member of a group: for the line that tells it.
    Member,
    /// All there is: for annotations.
    Everything,
    /// A text, its entries and its fields: for `text_rules`.
    Text,
}

impl Template {
    /// Compiles a text.
    ///
    /// # Errors
    /// Every mistake in every hole, each with its place in the whole text.
    pub fn compile(source: &str, known: &Known, reach: Reach) -> Result<Self, Vec<Mistake>> {
        let place = match reach {
            Reach::LabelsOnly => Place::Label,
            Reach::Member => Place::Member,
            Reach::Everything => Place::Alert,
            Reach::Text => Place::Text,
        };
        let mut parts = Vec::new();
        let mut mistakes = Vec::new();
        let mut at = 0;
        while let Some(open) = source[at..].find(OPEN).map(|it| at + it) {
            parts.push(Part::Text(at..open));
            let begin = open + OPEN.len();
            let Some(length) = hole_length(&source[begin..]) else {
                let help = "a hole ends with }}; for {{ itself write {{ '{{' }}";
                mistakes.push(Mistake::new(open..begin, "this hole has no end", Some(help)));
                at = source.len();
                break;
            };
            let hole = begin..begin + length;
            match Expression::text(&source[hole.clone()], known, place) {
                Ok(expression) => parts.push(Part::Hole(hole.start, Box::new(expression))),
                Err(all) => mistakes.extend(all.into_iter().map(|it| moved(it, hole.start))),
            }
            at = hole.end + CLOSE.len();
        }
        parts.push(Part::Text(at..source.len()));
        if mistakes.is_empty() {
            Ok(Self { source: source.to_owned(), parts, written: None })
        } else {
            Err(mistakes)
        }
    }

    /// Fills it in.
    ///
    /// # Errors
    /// The first hole that cannot be filled; [`Failed::no_answer`] where it hangs on something that
    /// is not there.
    pub fn render(&self, view: &dyn View) -> Result<String, Failed> {
        let mut text = String::with_capacity(self.source.len());
        for part in &self.parts {
            match part {
                Part::Text(range) => text.push_str(&self.source[range.clone()]),
                Part::Hole(_, expression) => text.push_str(&self.filled(expression, view)?),
            }
        }
        Ok(text)
    }

    fn filled(&self, expression: &Expression, view: &dyn View) -> Result<String, Failed> {
        expression.value(view).and_then(written).map_err(|it| it.of(self.written.as_ref()))
    }

    /// The same, which stands at that place of a file (`file:line:column`): its failures say so.
    #[must_use]
    pub fn written_at(self, place: String) -> Self {
        let written = Written { text: self.source.clone(), place };
        Self { written: Some(Arc::new(written)), ..self }
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What its holes need of a view, hole by hole.
    pub fn needs(&self) -> impl Iterator<Item = &Needs> {
        self.holes().map(|(_, expression)| expression.needs())
    }

    /// The other alerts that it mentions, each with its place in the whole text.
    pub fn alerts(&self) -> impl Iterator<Item = Mention> {
        self.holes().flat_map(|(start, expression)| {
            let moved = move |it: &Mention| Mention { name: it.name.clone(), span: shifted(&it.span, start) };
            expression.needs().alerts.iter().map(moved)
        })
    }

    fn holes(&self) -> impl Iterator<Item = (usize, &Expression)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Hole(start, expression) => Some((*start, &**expression)),
        })
    }
}

/// How many bytes stand before the end of the hole. Strings and maps may hold `}}` themselves.
fn hole_length(rest: &str) -> Option<usize> {
    let mut maps = 0_usize;
    for (at, it) in marks(rest) {
        match it {
            '{' => maps += 1,
            '}' if maps > 0 => maps -= 1,
            '}' if rest[at..].starts_with(CLOSE) => return Some(at),
            _ => {}
        }
    }
    None
}

fn moved(mistake: Mistake, by: usize) -> Mistake {
    Mistake { span: shifted(&mistake.span, by), ..mistake }
}

fn shifted(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

/// A value as a person reads it.
fn written(value: Value) -> Result<String, Failed> {
    match value {
        Value::String(it) => Ok(it.to_string()),
        Value::Int(it) => Ok(it.to_string()),
        Value::UInt(it) => Ok(it.to_string()),
        Value::Float(it) => Ok(it.to_string()),
        Value::Bool(it) => Ok(it.to_string()),
        Value::Duration(it) => Ok(written_duration(it)),
        Value::Timestamp(it) => Ok(it.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true)),
        other => Err(Failed {
            message: format!("{other:?} cannot be written out"),
            no_answer: false,
            written: None,
        }),
    }
}

/// `850ms`, `14.2s`, `1h 30m`. Cut off, never rounded up: what took 9.999 s did not take 10 s.
fn written_duration(it: TimeDelta) -> String {
    let sign = if it < TimeDelta::zero() { "-" } else { "" };
    let length = it.abs().to_std().unwrap_or(Duration::MAX);
    let told = if length.is_zero() {
        "0s".to_owned()
    } else if length < Duration::from_secs(1) {
        humantime::format_duration(first_unit(length)).to_string()
    } else if length < Duration::from_mins(1) {
        let hundredths = length.as_millis() / 10;
        let fraction = format!("{:02}", hundredths % 100);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{}{point}{fraction}s", hundredths / 100)
    } else {
        humantime::format_duration(Duration::from_secs(length.as_secs())).to_string()
    };
    format!("{sign}{told}")
}

/// What is less than a second, in its greatest unit alone.
fn first_unit(length: Duration) -> Duration {
    match length.subsec_nanos() {
        nanos if nanos >= 1_000_000 => Duration::from_millis((nanos / 1_000_000).into()),
        nanos if nanos >= 1_000 => Duration::from_micros((nanos / 1_000).into()),
        _ => length,
    }
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

mod promql;

#[cfg(test)]
mod tests;
