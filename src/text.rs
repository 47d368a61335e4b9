//! A piece of text that says what happened: a log, a chat message, a job's output, a body. Here it is
//! taken apart: into entries, the fields of a failed operation, the key-management provider, the
//! status of service endpoints. What any of it means is for a drop-in's `text_rules` to say.

use std::ops::Range;
use std::sync::Arc;

pub use endpoint::{EndpointStatus, Flaw, MagicBox, Upstream};
pub use field::{FIELDS, Field, FieldDoc, Fields};

use operation::Operation;

mod endpoint;
mod entry;
mod field;
mod kms;
mod operation;
mod plain;

/// A text and what was found in it.
#[derive(Clone, Debug, Default)]
pub struct Text {
    source: Arc<str>,
    /// Without gaps, from the first byte to the last.
    entries: Vec<Range<usize>>,
    fields: Fields,
    operations: Vec<Operation>,
    endpoints: EndpointStatus,
    is_cut: bool,
}

impl Text {
    /// Takes a text apart. What stands beyond [`TEXT_BYTES_MAX`] is left away, and [`Text::is_cut`]
    /// says so.
    pub fn new(source: &str) -> Self {
        Self::with(source, Fields::default())
    }

    /// The same of what the endpoint at that address answered: whose key management it is, the address
    /// tells, whatever the answer speaks of.
    pub fn answered(address: &str, body: &str) -> Self {
        let mut fields = Fields::default();
        kms::fill_endpoint(address, &mut fields);
        Self::with(body, fields)
    }

    /// `fields` are known already.
    fn with(source: &str, mut fields: Fields) -> Self {
        let end = source.floor_char_boundary(source.len().min(TEXT_BYTES_MAX));
        let is_cut = end < source.len();
        let source = &source[..end];
        let operations = operation::find(source);
        let endpoints = endpoint::find(source);
        operation::fill(source, &operations, &mut fields);
        kms::fill(source, &mut fields);
        endpoints.fill(&mut fields);
        let entries = entry::split(source, &operations);
        Self { source: source.into(), entries, fields, operations, endpoints, is_cut }
    }

    /// The same of what a person hands in: UTF-8, or UTF-16 with its mark in front. What is neither is
    /// replaced by `U+FFFD`; the colours of a terminal, characters without width, typographic quotes
    /// and blanks, and `&amp;` and its like become what they stand for.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let end = bytes.len().min(TEXT_BYTES_MAX);
        let text = Self::new(&plain::plain(&plain::decoded(&bytes[..end])));
        Self { is_cut: text.is_cut || end < bytes.len(), ..text }
    }

    /// The whole text, as far as it was taken.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Its entries, in their order, line ends included: one after the other they are the text again.
    ///
    /// An entry begins
    /// - with the head of a line of a log: a JSON object, klog's letter and date, a date or an hour
    ///   (RFC 3339, Go's `log`, syslog), `time=`, `ts=` or `level=`; `kubectl`'s `[pod/…]` may stand
    ///   before it; or with the name and the hour over a chat message. What follows without a head
    ///   belongs to it, up to an empty line (a chat message: up to the next head);
    /// - with the line in which a failed-operation message begins; it ends with that message, however
    ///   often it was wrapped;
    /// - elsewhere with each line, but for empty and indented ones and closing brackets.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|it| &self.source[it.clone()])
    }

    /// The fields that were found.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// What a `ServiceEndpointStatus` job printed.
    pub fn endpoints(&self) -> &EndpointStatus {
        &self.endpoints
    }

    /// Whether the text was longer than what was taken of it.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Each failed-operation message alone, with its own fields: the first `most` of them, in the order of
    /// the text. How many the text tells of in an hour is the same in each.
    pub fn operations(&self, most: usize) -> Vec<Self> {
        let alone = |it: &Operation| {
            let source: Arc<str> = self.source[it.span.clone()].into();
            let mut fields = Fields::default();
            it.fill(&mut fields);
            fields.put(Field::Failures, self.fields.get(Field::Failures));
            let whole = 0..source.len();
            Self { source, entries: vec![whole], fields, ..Self::default() }
        };
        self.operations.iter().take(most).map(alone).collect()
    }

    /// How many failed-operation messages there are.
    pub fn operations_count(&self) -> usize {
        self.operations.len()
    }

    /// The text of each region alone, where it tells of the service endpoints of several: a rule then
    /// judges one region at a time. Else none.
    pub fn regions(&self) -> Vec<Self> {
        let regions = self.endpoints.by_region();
        if regions.len() < 2 {
            return Vec::new();
        }
        let alone = |boxes: Vec<&MagicBox>| {
            let arrays: Vec<String> = boxes.iter().map(ToString::to_string).collect();
            Self::new(&arrays.join("\n"))
        };
        regions.into_values().map(alone).collect()
    }
}

/// The most that is taken of a text, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 << 20;

#[cfg(test)]
mod tests;
