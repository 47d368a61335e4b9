//! What a conversation over TCP, or over a local socket, showed.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a conversation showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// How many lines of the module's conversation were gone through.
    pub exchanges: usize,
    /// The last line that was read; of bytes, what they say as text.
    pub last_line: String,
    /// What was expected and did not come, though the other side said all that it had to say.
    pub missed: Option<Missed>,
    /// Labels of what matched, by name; of several with one name the last.
    pub labels: BTreeMap<String, String>,
}

/// What was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// A line that matches.
    Line,
    /// Certain bytes.
    Bytes,
}
