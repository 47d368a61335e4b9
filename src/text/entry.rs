//! Where one entry of a text ends and the next begins.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::operation::Operation;

/// Splits a text; `operations` are the messages in it, from the first to the last.
pub(super) fn split(text: &str, operations: &[Operation]) -> Vec<Range<usize>> {
    let mut entries: Vec<Range<usize>> = Vec::new();
    let mut operations = operations.iter().map(|it| it.span.clone()).peekable();
    let mut mode = Mode::Free;
    let mut start = 0;
    let mut above = "";
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        while operations.next_if(|it| it.end <= start).is_some() {}
        let message = operations.peek().filter(|it| it.start < end);
        let begins = match (message, mode) {
            (Some(message), _) => {
                mode = Mode::Free;
                message.start >= start
            }
            (None, _) if STAMPED_REST.is_match(line) => false,
            (None, _) if is_log_head(line) => {
                mode = Mode::Log;
                true
            }
            (None, _) if is_chat_head(line) => {
                mode = Mode::Chat;
                true
            }
            (None, Mode::Log) if line.trim().is_empty() => {
                mode = Mode::Free;
                false
            }
            // One object spread over lines ends, and the next begins.
            (None, Mode::Log) if line.trim_end() == "{" && closes(above) => {
                mode = Mode::Free;
                true
            }
            (None, Mode::Chat | Mode::Log) => false,
            (None, Mode::Free) => !continues(line),
        };
        match entries.last_mut() {
            Some(last) if !begins => last.end = end,
            Some(_) | None => entries.push(start..end),
        }
        start = end;
        above = line;
    }
    entries
}

/// What a line without a head belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// To nothing: it is an entry.
    Free,
    /// To the log entry above.
    Log,
    /// To the chat message above.
    Chat,
}

/// Whether a line begins as the entry of a log does.
pub(super) fn is_log_head(line: &str) -> bool {
    LOG_HEAD.is_match(line)
}

/// Whether a line is the name and the hour that stand over a chat message.
fn is_chat_head(line: &str) -> bool {
    line.len() <= CHAT_HEAD_BYTES_MAX && CHAT_HEAD.is_match(line)
}

/// Whether a line without a head is but the rest of the one above.
fn continues(line: &str) -> bool {
    let first = line.chars().next();
    line.trim().is_empty() || first.is_some_and(|it| it.is_whitespace() || matches!(it, ']' | '}' | ')'))
}

/// Whether a line closes an object that began at the margin.
fn closes(line: &str) -> bool {
    matches!(line.trim_end(), "}" | "},")
}

/// `kubectl logs --timestamps` puts the time before every line, to the nanosecond: of what is indented
/// behind it, or closes a bracket, it is no head.
static STAMPED_REST: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)^
        (?: \[ [\w./-]+ \] \x20 )?
        [0-9]{4}-[0-9]{2}-[0-9]{2} T [0-9]{2}:[0-9]{2}:[0-9]{2} \. [0-9]{9} (?: Z | [+-][0-9]{2}:[0-9]{2} )
        (?: \x20 [\s\]})] | \s* $ )";
    Regex::new(pattern).expect("the pattern of stamped lines is sound")
});

static LOG_HEAD: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?x)^
        (?: \[ [\w./-]+ \] \x20 )?
        (?:
            \{ \s* "
          | [IWEFD] [0-9]{4} \x20+ [0-9]{2}:[0-9]{2}:[0-9]{2}
          | \[? [0-9]{4} [-/] [0-9]{2} [-/] [0-9]{2} [T\x20] [0-9]{2}:[0-9]{2}
          | \[? [0-9]{2}:[0-9]{2}:[0-9]{2} \b
          | (?: Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec ) \x20 [\x20 0-9][0-9] \x20 [0-9]{2}:[0-9]{2}:[0-9]{2}
          | (?: time | ts | level ) = \S
        )"#;
    Regex::new(pattern).expect("the pattern of log heads is sound")
});

static CHAT_HEAD: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^\S.*\s\[?[0-9]{1,2}:[0-9]{2}(?:\x20?[AP]M)?\]?\s*$";
    Regex::new(pattern).expect("the pattern of chat heads is sound")
});

const CHAT_HEAD_BYTES_MAX: usize = 100;
