//! What a conversation over TCP showed.

use serde::Serialize;

/// What a conversation over TCP showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// How many lines of the module's conversation were gone through.
    pub exchanges: usize,
    /// The last line that was read.
    pub last_line: String,
    /// Whether it ended because what was read did not match.
    pub mismatch: bool,
}
