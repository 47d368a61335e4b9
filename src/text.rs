//! A piece of text that says what happened: a log, a chat message, a job's output, a body. Here it is
//! taken apart: into entries, the fields of a failed operation, the key-management provider, the
//! status of service endpoints. What any of it means is for a drop-in's `text_rules` to say.

use std::ops::Range;
use std::sync::Arc;

pub use endpoint::{EndpointStatus, Flaw, MagicBox, Upstream};
pub use field::{FIELDS, Field, FieldDoc, Fields};

mod endpoint;
mod entry;
mod field;
mod kms;
mod operation;

/// A text and what was found in it.
#[derive(Clone, Debug, Default)]
pub struct Text {
    source: Arc<str>,
    /// Without gaps, from the first byte to the last.
    entries: Vec<Range<usize>>,
    fields: Fields,
    endpoints: EndpointStatus,
    is_cut: bool,
}

impl Text {
    /// Takes a text apart. What stands beyond [`TEXT_BYTES_MAX`] is left away, and [`Text::is_cut`]
    /// says so.
    pub fn new(source: &str) -> Self {
        let end = source.floor_char_boundary(source.len().min(TEXT_BYTES_MAX));
        let is_cut = end < source.len();
        let source = &source[..end];
        let operations = operation::find(source);
        let endpoints = endpoint::find(source);
        let mut fields = Fields::default();
        operation::fill(source, &operations, &mut fields);
        kms::fill(source, &mut fields);
        endpoints.fill(&mut fields);
        let entries = entry::split(source, &operations);
        Self { source: source.into(), entries, fields, endpoints, is_cut }
    }

    /// The same of bytes; what is no UTF-8 among them is replaced by `U+FFFD`.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let end = bytes.len().min(TEXT_BYTES_MAX);
        let text = Self::new(&String::from_utf8_lossy(&bytes[..end]));
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

    /// The text of each region alone, where it tells of the service endpoints of several: a rule then
    /// judges one region at a time. Else none.
    pub fn regions(&self) -> Vec<Self> {
        let regions = self.endpoints.regions();
        if regions.len() < 2 {
            return Vec::new();
        }
        let alone = |region: &&str| {
            let boxes = self.endpoints.of(region);
            let arrays: Vec<&str> = boxes.iter().map(|it| &self.source[it.span.clone()]).collect();
            Self::new(&arrays.join("\n"))
        };
        regions.iter().map(alone).collect()
    }
}

/// The most that is taken of a text, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 << 20;

#[cfg(test)]
mod tests;
